//! Workpapers and notes of the audit firm, and what management answers to exceptions that were shared with it.
//! Reading, signing and sharing papers is as for all of them: [`super::signed`].

use std::collections::BTreeSet;

use serde_json::json;
use tickmark_core::catalog::Catalog;
use tickmark_core::control::{Control, ControlId};
use tickmark_core::engagement::EngagementKey;
use tickmark_core::engagement::fieldwork::{
    Cause, ManagementResponse, Note, Outcome, Party, Plan, Workpaper, ZeroShown,
};
use tickmark_core::id::PopulationKey;
use tickmark_core::identity::{Atom, Resource, Verb};
use tickmark_core::program::population::AttributeState;
use tickmark_core::time::DAY_US;

use super::signed::{Paper as _, find, held, id, need_auditor, save, shared, write};
use super::sql::Kind;
use super::{Row, controls_in_scope, digest, field, open_field, same, sql};
use crate::context::{Cx, View};
use crate::identity::audit::{self, Event, Name};
use crate::{Error, Result};

/// The permission to answer exceptions.
pub const ANSWERING: Atom = Atom::new(Resource::Exception, Verb::Update);

/// Lists the controls that papers can be about, by id.
///
/// # Errors
/// `Forbidden`; `NotFound`.
pub async fn controls(view: &mut View<'_>, key: EngagementKey, catalog: &Catalog) -> Result<Vec<Control>> {
    let field = field(view, key).await?;
    view.permit_on(Atom::new(Resource::Control, Verb::Read), &field.object)?;
    let scope = field.version.record.holds();
    Ok(controls_in_scope(view, scope, catalog).await?.into_values().collect())
}

/// Begins a paper about a control in scope. Another paper about the same control is another test of it.
///
/// # Errors
/// `Forbidden` for everybody but the firm; `NotFound`; `Invalid`; `Conflict` once the engagement is frozen, or for a
/// control that has a paper with the same procedure.
pub async fn begin(cx: &mut Cx<'_>, key: EngagementKey, plan: Plan, catalog: &Catalog) -> Result<i64> {
    let field = open_field(cx, key).await?;
    need_auditor(&field, cx, Verb::Create)?;
    let controls = controls_in_scope(cx, field.version.record.holds(), catalog).await?;
    if !controls.contains_key(&plan.control) {
        return Err(Error::invalid(format!("{} is not in the scope of this engagement", plan.control)));
    }
    let by = cx.actor.id;
    let held: Vec<Row<Workpaper>> = held(cx, key).await?;
    if let Some(same) = held.iter().find(|row| row.record.plan == plan) {
        // A form that is sent twice begins one paper.
        return Ok(same.record.number);
    }
    let number = held.iter().map(|row| row.record.number).max().unwrap_or(0) + 1;
    let record = Workpaper::begin(number, plan, by).map_err(Error::invalid)?;
    save(cx, key, None, record, Workpaper::WRITTEN).await?;
    Ok(number)
}

/// Plans a test anew, from version `from`; so for the other changes here.
///
/// # Errors
/// `Forbidden` for everybody but the firm; `NotFound`; `Invalid`; `Conflict` if it was changed meanwhile, or once the
/// engagement is frozen.
pub async fn replan(cx: &mut Cx<'_>, key: EngagementKey, number: i64, from: i64, plan: Plan) -> Result<()> {
    write(cx, (key, number, from), Workpaper::WRITTEN, |paper: &mut Workpaper, by, _| paper.replan(plan, by))
        .await
}

/// Adds items by hand.
///
/// # Errors
/// As [`replan`].
pub async fn name_items(
    cx: &mut Cx<'_>,
    key: EngagementKey,
    number: i64,
    from: i64,
    keys: &[String],
) -> Result<()> {
    write(cx, (key, number, from), Workpaper::WRITTEN, |paper: &mut Workpaper, by, _| {
        paper.name_items(keys, by)
    })
    .await
}

/// Keeps what testing found.
///
/// # Errors
/// As [`replan`].
pub async fn record(
    cx: &mut Cx<'_>,
    key: EngagementKey,
    number: i64,
    from: i64,
    results: &[(String, Vec<AttributeState>, String)],
) -> Result<()> {
    write(cx, (key, number, from), Workpaper::WRITTEN, |paper: &mut Workpaper, by, _| {
        paper.record(results, by)
    })
    .await
}

/// An exception as it is written.
#[derive(Clone, Debug)]
pub struct Excepting {
    /// Which one; none for a new one.
    pub number: Option<u32>,
    /// Items that deviate.
    pub items: BTreeSet<String>,
    /// What happened.
    pub nature: String,
    /// Why.
    pub cause: Cause,
    /// Cause and effect in words.
    pub effect: String,
}

/// Writes an exception.
///
/// # Errors
/// As [`replan`].
pub async fn except(
    cx: &mut Cx<'_>,
    key: EngagementKey,
    number: i64,
    from: i64,
    excepting: Excepting,
) -> Result<()> {
    let Excepting { number: which, items, nature, cause, effect } = excepting;
    write(cx, (key, number, from), Workpaper::WRITTEN, |paper: &mut Workpaper, by, _| {
        paper.except(which, items, &nature, (cause, &effect), by).map(|_| ())
    })
    .await
}

/// What follows from a test, as it is written.
#[derive(Clone, Debug)]
pub struct Concluding {
    /// In short.
    pub outcome: Outcome,
    /// In words.
    pub text: String,
    /// The frozen population without items that shows that there were no occurrences; only for that outcome.
    pub zero: Option<PopulationKey>,
}

/// Writes what follows from the test.
///
/// # Errors
/// As [`replan`]; `Invalid` for no occurrences without a frozen population that shows it over the whole period.
pub async fn conclude(
    cx: &mut Cx<'_>,
    key: EngagementKey,
    number: i64,
    from: i64,
    concluding: Concluding,
    catalog: &Catalog,
) -> Result<()> {
    let Concluding { outcome, text, zero } = concluding;
    let shown = match zero.filter(|_| outcome == Outcome::NoOccurrences) {
        Some(population) => Some(zero_shown(cx, key, number, population, catalog).await?),
        None => None,
    };
    write(cx, (key, number, from), Workpaper::WRITTEN, |paper: &mut Workpaper, by, _| {
        paper.conclude(outcome, &text, shown, by)
    })
    .await
}

/// Reads what a population that the auditor may see shows about the control of a paper.
async fn zero_shown(
    cx: &mut Cx<'_>,
    key: EngagementKey,
    number: i64,
    population: PopulationKey,
    catalog: &Catalog,
) -> Result<ZeroShown> {
    let field = open_field(cx, key).await?;
    need_auditor(&field, cx, Verb::Update)?;
    let (first, last) = field.version.record.holds().time.days();
    let control = find::<Workpaper>(cx, key, number).await?.record.plan.control;
    let seen = super::evidence::populations(cx, key, catalog).await?;
    let found = seen.into_iter().find(|one| one.key == population);
    let found = found.ok_or_else(|| Error::not_found("population", population))?;
    let period = (first.starts(), last.starts().plus_micros(DAY_US));
    ZeroShown::of(&found, &control, period).map_err(Error::invalid)
}

/// Lists the notes of the firm, newest first.
///
/// # Errors
/// `Forbidden` for everybody but the firm; `NotFound`.
pub async fn notes(view: &mut View<'_>, key: EngagementKey) -> Result<Vec<Row<Note>>> {
    let field = field(view, key).await?;
    need_auditor(&field, view, Verb::Read)?;
    let organization = view.organization();
    let mut notes: Vec<Row<Note>> = sql::papers(view.connection(), organization, key, Kind::Note).await?;
    notes.reverse();
    Ok(notes)
}

/// Writes a note.
///
/// # Errors
/// As [`notes`]; `Invalid` for one that says nothing; `Conflict` once the engagement is frozen.
pub async fn note(cx: &mut Cx<'_>, key: EngagementKey, about: &str, text: &str) -> Result<()> {
    let field = open_field(cx, key).await?;
    need_auditor(&field, cx, Verb::Create)?;
    let organization = cx.organization();
    let held: Vec<Row<Note>> = sql::papers(cx.connection(), organization, key, Kind::Note).await?;
    let number = held.iter().map(|row| row.record.number).max().unwrap_or(0) + 1;
    let record =
        Note { number, about: about.to_owned(), text: text.to_owned() }.checked().map_err(Error::invalid)?;
    let last = held.last().map(|row| &row.record);
    if last.is_some_and(|last| last.about == record.about && last.text == record.text) {
        return Ok(());
    }
    let row = Row { version: 1, since: cx.now, by: cx.actor.id, record };
    sql::add_paper(cx.connection(), organization, key, Kind::Note, number, &row).await?;
    let after = json!({"record": digest(&row.record)?});
    let event =
        Event { after: Some(after), ..Event::done(Name::NoteWritten, "note", format!("{key}/N-{number}")) };
    audit::record(cx, event).await
}

/// Lists what management says about exceptions: for both parties.
///
/// # Errors
/// `Forbidden`; `NotFound`.
pub async fn responses(view: &mut View<'_>, key: EngagementKey) -> Result<Vec<Row<ManagementResponse>>> {
    let field = field(view, key).await?;
    match field.party {
        Party::Auditor => need_auditor(&field, view, Verb::Read)?,
        Party::Management => view.permit_on(super::super::atom(Verb::Read), &field.object)?,
    }
    held_responses(view, key).await
}

/// Returns what management says, whoever asks.
pub(crate) async fn held_responses(
    view: &mut View<'_>,
    key: EngagementKey,
) -> Result<Vec<Row<ManagementResponse>>> {
    let organization = view.organization();
    sql::responses(view.connection(), organization, key).await
}

/// Answers an exception that was shared, from version `from` of the answer; 0 for the first.
///
/// # Errors
/// `Forbidden` for the firm and for whoever may not; `NotFound` for what is not shared; `Invalid`; `Conflict` if it was
/// changed meanwhile, or once the engagement is frozen.
pub async fn respond(
    cx: &mut Cx<'_>,
    key: EngagementKey,
    from: i64,
    response: ManagementResponse,
) -> Result<()> {
    let field = open_field(cx, key).await?;
    if field.party != Party::Management {
        cx.refuse_by_rule("engagement", key.to_string(), "other_party");
        return Err(Error::Forbidden("management answers for itself".into()));
    }
    cx.permit_on(ANSWERING, &field.object)?;
    let (begin, _) = field.version.record.holds().time.days();
    let response = response.checked(begin).map_err(Error::invalid)?;
    let shared: Vec<Row<Workpaper>> = shared(cx, key).await?;
    let is_there = shared.iter().any(|row| {
        row.record.number == response.workpaper
            && row.record.exceptions.iter().any(|one| one.number == response.exception)
    });
    if !is_there {
        return Err(Error::not_found("exception", response.exception));
    }
    let held = held_responses(cx, key).await?;
    let of = |row: &&Row<ManagementResponse>| {
        row.record.workpaper == response.workpaper && row.record.exception == response.exception
    };
    let before = held.iter().find(of).map_or(0, |row| row.version);
    same(before, from)?;
    let organization = cx.organization();
    let name = format!("{}.{}", id::<Workpaper>(key, response.workpaper), response.exception);
    let row = Row { version: before + 1, since: cx.now, by: cx.actor.id, record: response };
    sql::add_response(cx.connection(), organization, key, &row).await?;
    let after = json!({"version": row.version, "record": digest(&row.record)?});
    let event = Event { after: Some(after), ..Event::done(Name::ResponseWritten, "exception", name) };
    audit::record(cx, event).await
}

/// Returns the controls that have a paper.
#[must_use]
pub fn tested(rows: &[Row<Workpaper>]) -> BTreeSet<ControlId> {
    rows.iter().map(|row| row.record.plan.control.clone()).collect()
}
