//! Populations from registers of this program: what people did for a control, who came and went, which texts of controls
//! changed. Each comes with the record of what exactly was read, as lists from elsewhere do.

use tickmark_core::Timestamp;
use tickmark_core::id::PopulationKey;
use tickmark_core::identity::{Atom, Resource, Verb};
use tickmark_core::program::performance::Performance;
use tickmark_core::program::population::{Definition, Ipe, MAX_ITEMS, Population};

use super::{List, find, import_list, summary};
use crate::context::{Cx, View};
use crate::identity::audit::{self, Filter, PAGE_LIMIT};
use crate::identity::people;
use crate::program::performance;
use crate::{Action, Error, Result, control};

/// A register that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Register {
    /// What was performed for the control of the population.
    Performances,
    /// Who became a member.
    Joiners,
    /// Whose membership ended.
    Leavers,
    /// Roles that were granted or taken away.
    RoleChanges,
    /// Texts of controls that came into being.
    ControlTexts,
}

/// What was read.
struct Found {
    rows: Vec<Row>,
    /// Entries of the register that were looked at.
    total: usize,
    query: String,
}

/// An entry of a register.
struct Row {
    key: String,
    at: Timestamp,
    note: String,
}

impl Register {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Performances, Self::Joiners, Self::Leavers, Self::RoleChanges, Self::ControlTexts];

    /// Returns its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Performances => "performances",
            Self::Joiners => "joiners",
            Self::Leavers => "leavers",
            Self::RoleChanges => "role-changes",
            Self::ControlTexts => "control-texts",
        }
    }

    /// Returns what people call it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Performances => "Performances of the control",
            Self::Joiners => "Members who joined",
            Self::Leavers => "Members who left",
            Self::RoleChanges => "Roles granted and revoked",
            Self::ControlTexts => "Texts of controls that were written",
        }
    }

    /// Returns the register of a word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|register| register.word() == word)
    }
}

/// Builds the list of a population from a register, with where it came from.
///
/// # Errors
/// As [`import_list`]; `Forbidden` for a register that the actor may not read.
pub async fn build(cx: &mut Cx<'_>, key: PopulationKey, register: Register) -> Result<Population> {
    cx.authorize(Action::Observe)?;
    let definition = find(cx, key).await?.definition;
    let found = match register {
        Register::Performances => performances(cx, &definition).await?,
        Register::Joiners => members(cx, &definition, true).await?,
        Register::Leavers => members(cx, &definition, false).await?,
        Register::RoleChanges => roles(cx, &definition).await?,
        Register::ControlTexts => texts(cx, &definition).await?,
    };
    if found.rows.len() > MAX_ITEMS {
        return Err(Error::invalid(format!("the register has more than {MAX_ITEMS} entries of this time")));
    }
    let inside = found.rows.len();
    let ipe = Ipe {
        source: "Tickmark".to_owned(),
        query: format!("{} and before {}", found.query, definition.to),
        parameters: format!("register = {}, control = {}", register.word(), definition.control),
        time_zone: "UTC".to_owned(),
        run_by: cx.actor.label.clone(),
        run_at: cx.now,
        row_count: inside as u64,
        control_total: String::new(),
        completeness: format!(
            "The register was read whole in one snapshot: {} entries, {inside} of them in this time, {} outside it.",
            found.total,
            found.total - inside
        ),
        accuracy: String::new(),
    };
    let rows: Vec<Vec<String>> =
        found.rows.into_iter().map(|row| vec![row.key, row.at.to_string(), row.note]).collect();
    let name = format!("population-{key}-{}.csv", register.word());
    let list = List::of_register(&name, &["key", "occurred_at", "note"], &rows)
        .map_err(|problems| Error::invalid(summary(&name, &problems)))?;
    import_list(cx, key, list, None, ipe).await
}

/// Keeps what is of the time of a population, oldest first.
fn within(definition: &Definition, mut rows: Vec<Row>, query: &str) -> Found {
    let total = rows.len();
    rows.retain(|row| definition.covers(row.at));
    rows.sort_by(|a, b| (a.at, &a.key).cmp(&(b.at, &b.key)));
    Found { rows, total, query: format!("{query} at or after {}", definition.from) }
}

async fn performances(view: &mut View<'_>, definition: &Definition) -> Result<Found> {
    let all = performance::list(view, &definition.control).await?;
    let row = |one: Performance| Row {
        key: format!("PERF-{}", one.key),
        at: one.performed_at,
        note: format!("window {}", one.window),
    };
    let query = format!("all performances of {} with a moment of performance", definition.control);
    Ok(within(definition, all.into_iter().map(row).collect(), &query))
}

/// Members by when they came or went. They are named by their ids, as names may be erased.
async fn members(view: &mut View<'_>, definition: &Definition, is_joining: bool) -> Result<Found> {
    // Half of a register is no population.
    view.permit_whole(Atom::new(Resource::Member, Verb::Read))?;
    let all = people::members(view).await?;
    let rows = all.into_iter().filter_map(|member| {
        let at = if is_joining { Some(member.valid.from) } else { member.valid.to };
        let roles: Vec<&str> = member.roles.iter().map(|role| role.word()).collect();
        Some(Row { key: format!("member {}", member.id), at: at?, note: roles.join(", ") })
    });
    let query =
        if is_joining { "all memberships that began" } else { "all memberships that ended or are to end" };
    Ok(within(definition, rows.collect(), query))
}

async fn roles(view: &mut View<'_>, definition: &Definition) -> Result<Found> {
    view.permit_whole(Atom::new(Resource::AuditTrail, Verb::Read))?;
    let mut rows = Vec::new();
    let mut before = None;
    loop {
        let filter = Filter {
            event: Some("role".to_owned()),
            from: Some(definition.from),
            to: Some(definition.to),
            before,
            ..Filter::default()
        };
        let page = audit::search(view, &filter, PAGE_LIMIT).await?;
        let Some(last) = page.last() else { break };
        before = Some(last.number);
        let changes = page.into_iter().filter(|row| row.event != "role.proposed");
        rows.extend(changes.map(|row| Row {
            key: format!("EVENT-{}", row.number),
            at: row.at,
            note: format!("{} of {} {}", row.event, row.object_kind, row.object),
        }));
        if rows.len() > MAX_ITEMS {
            break;
        }
    }
    Ok(within(definition, rows, "all events role.granted and role.revoked of the audit trail that happened"))
}

async fn texts(view: &mut View<'_>, definition: &Definition) -> Result<Found> {
    let mut rows = Vec::new();
    for control in control::controls(view).await? {
        rows.extend(control.text.versions().iter().map(|text| Row {
            key: format!("{} text {}", control.id, text.version),
            at: text.held.from,
            note: text.title.clone(),
        }));
    }
    Ok(within(definition, rows, "all versions of the texts of all controls that were written"))
}
