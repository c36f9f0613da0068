//! Lists of access: who holds which right in one system at one moment, handed in whole or not at all.
//!
//! A list ties out to its source or says that it does not; it does not change, and a later list is another one. Reviews of
//! access and the search for conflicts of duties read them. Owns the tables of migrations `0075_access.sql` and
//! `0080_access_place.sql`.

mod own;
mod sql;

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use serde_json::json;
use tickmark_core::Timestamp;
use tickmark_core::id::{EvidenceKey, SystemId};
use tickmark_core::identity::{Atom, Resource, Verb};
use tickmark_core::program::access::{
    self, AccessList, Columns, Exclusion, Holding, ListKey, Place, fold, tie_out,
};
use tickmark_core::program::access_review::Sighting;
use tickmark_core::program::population::Ipe;

use super::population::{List, ListProblem, MAX_PROBLEMS, summary};
use crate::context::{Cx, View};
use crate::identity::audit::{self, Event, Name};
use crate::{Error, Result, evidence, identity};

pub use own::{OWN_SYSTEM, hand_in_own};

const READ: Atom = Atom::new(Resource::IdentityWarehouse, Verb::Read);
const EXPORT: Atom = Atom::new(Resource::IdentityWarehouse, Verb::Export);
const CREATE: Atom = Atom::new(Resource::IdentityWarehouse, Verb::Create);
/// Whoever sets reviews up hands their lists in.
const SET_UP: Atom = Atom::new(Resource::AccessReview, Verb::Create);
/// Most lists in one answer.
pub const MAX_LISTS: u32 = 10_000;

/// A list as it is handed in.
#[derive(Clone, Debug)]
pub struct NewList {
    /// The system, as the organization calls it.
    pub system: String,
    /// Where the list came from.
    pub ipe: Ipe,
    /// Which column is what.
    pub columns: Columns,
    /// Accounts, as the source counts them.
    pub accounts_in_source: u64,
    /// Accounts that it leaves out.
    pub exclusions: Vec<Exclusion>,
    /// The file, as `List::open` of populations read its cells.
    pub list: List,
}

/// Understands the rows of a list.
///
/// # Errors
/// Every problem up to [`MAX_PROBLEMS`], with line and column.
pub fn read(
    list: &List,
    columns: &Columns,
    ipe: &Ipe,
) -> std::result::Result<Vec<(u64, Holding)>, Vec<ListProblem>> {
    let whole = |what: String| vec![ListProblem { line: 1, column: String::new(), what }];
    let zone = ipe.zone().map_err(|error| whole(error.to_string()))?;
    let at = |line: u64| {
        move |one: access::ColumnProblem| ListProblem { line, column: one.column, what: one.what }
    };
    let reader = columns
        .reader(list.heading(), zone)
        .map_err(|wrong| wrong.into_iter().map(at(1)).collect::<Vec<_>>())?;
    let (mut rows, mut problems) = (Vec::with_capacity(list.rows()), Vec::new());
    for (line, cells) in list.cells() {
        match reader.read(&cells) {
            Ok(holding) => rows.push((line, holding)),
            Err(wrong) => problems.extend(wrong.into_iter().map(at(line))),
        }
        if problems.len() >= MAX_PROBLEMS {
            break;
        }
    }
    if problems.is_empty() { Ok(rows) } else { Err(problems) }
}

/// Keeps a list.
///
/// # Errors
/// `Forbidden`; `Invalid` with every row that cannot be read, or with what is missing about where it came from. Nothing is
/// kept then. A list that does not tie out is kept, and says so.
pub async fn hand_in(cx: &mut Cx<'_>, new: NewList) -> Result<AccessList> {
    let atom = if cx.may(CREATE) { CREATE } else { SET_UP };
    cx.permit_whole(atom)?;
    let (organization, now, by) = (cx.organization(), cx.now, cx.actor.id);
    let system = access::name("system", &new.system).map_err(Error::invalid)?;
    if let Some(what) = new.ipe.lacks() {
        return Err(Error::invalid(format!("the list of {system} comes with its {what}")));
    }
    new.ipe.check_texts().map_err(Error::invalid)?;
    if new.ipe.run_at > now {
        return Err(Error::invalid("the list was taken in the future"));
    }
    let rows = read(&new.list, &new.columns, &new.ipe)
        .map_err(|problems| Error::invalid(summary(new.list.name(), &problems)))?;
    let (tie_out, keys) =
        tie_out(&rows, &new.exclusions, new.accounts_in_source, new.ipe.row_count).map_err(Error::invalid)?;
    let list = &new.list;
    let kept = evidence::keep_document(cx, list.name(), list.media_type(), list.bytes()).await?;
    let record = AccessList {
        key: sql::next_key(cx.connection(), organization).await?,
        system,
        ipe: new.ipe,
        format: list.format(),
        columns: new.columns,
        exclusions: new.exclusions,
        tie_out,
        keys,
        file: EvidenceKey(kept.key.0),
        by,
        at: now,
    };
    sql::add(cx.connection(), organization, &record, rows.into_iter().map(|(_, holding)| holding)).await?;
    let after = json!({
        "list": record.key, "artifact": record.file, "run_at": record.ipe.run_at, "rows": tie_out.rows,
        "accounts": tie_out.listed, "excluded": tie_out.excluded, "ties_out": tie_out.agrees(), "keys": keys,
    });
    let event = Event::done(Name::AccessListed, "access_list", record.key);
    audit::record(cx, Event { after: Some(after), ..event }).await?;
    Ok(record)
}

/// Lists all lists, newest first.
///
/// # Errors
/// `Forbidden` for whoever may not see accounts.
pub async fn lists(view: &mut View<'_>) -> Result<Vec<AccessList>> {
    view.permit_whole(READ)?;
    everything(view).await
}

/// Lists all lists, newest first, whoever asks.
pub(crate) async fn everything(view: &mut View<'_>) -> Result<Vec<AccessList>> {
    let organization = view.organization();
    sql::lists(view.connection(), organization, MAX_LISTS).await
}

/// Finds a list.
///
/// # Errors
/// `Forbidden`; `NotFound`.
pub async fn find(view: &mut View<'_>, key: ListKey) -> Result<AccessList> {
    view.permit_whole(READ)?;
    look_up(view, key).await
}

/// Finds a list, whoever asks.
pub(crate) async fn look_up(view: &mut View<'_>, key: ListKey) -> Result<AccessList> {
    let organization = view.organization();
    let found = sql::find(view.connection(), organization, key).await?;
    found.ok_or_else(|| Error::not_found("list of access", key))
}

/// Returns the rows of a list in their order.
///
/// # Errors
/// As [`find`].
pub async fn holdings(view: &mut View<'_>, key: ListKey) -> Result<Vec<Holding>> {
    find(view, key).await?;
    rows_of(view, key).await
}

/// Returns the rows of a list, whoever asks.
pub(crate) async fn rows_of(view: &mut View<'_>, key: ListKey) -> Result<Vec<Holding>> {
    let organization = view.organization();
    sql::holdings(view.connection(), organization, key).await
}

/// Returns the keys of the rights of a list, whoever asks.
pub(crate) async fn keys_of(view: &mut View<'_>, key: ListKey) -> Result<BTreeSet<String>> {
    let organization = view.organization();
    sql::keys(view.connection(), organization, key).await
}

/// Returns the newest list of each system that was taken before a moment, by system. Of two that were taken at the same
/// moment the one that was handed in last counts.
pub(crate) async fn newest(view: &mut View<'_>, before: Timestamp) -> Result<Vec<AccessList>> {
    let organization = view.organization();
    sql::newest(view.connection(), organization, before).await
}

/// Returns what lists that were taken after a moment show of some rights of a system, oldest first.
pub(crate) async fn sightings(
    view: &mut View<'_>,
    system: &str,
    after: Timestamp,
    keys: &BTreeSet<String>,
) -> Result<Vec<Sighting>> {
    let organization = view.organization();
    let mut found = Vec::new();
    for list in sql::after(view.connection(), organization, &fold(system), after).await? {
        let present = sql::present(view.connection(), organization, list.key, keys).await?;
        found.push(Sighting {
            list: list.key,
            system: list.system.clone(),
            run_at: list.ipe.run_at,
            is_complete: list.is_complete(),
            present,
        });
    }
    Ok(found)
}

/// Returns the newest list of a system that was taken after a moment.
pub(crate) async fn newest_after(
    view: &mut View<'_>,
    system: &str,
    after: Timestamp,
) -> Result<Option<AccessList>> {
    let organization = view.organization();
    sql::newest_after(view.connection(), organization, &fold(system), after).await
}

/// Returns those of some rights that a list has.
pub(crate) async fn present(
    view: &mut View<'_>,
    list: ListKey,
    keys: &BTreeSet<String>,
) -> Result<BTreeSet<String>> {
    let organization = view.organization();
    sql::present(view.connection(), organization, list, keys).await
}

/// Returns the name and the bytes of a list as it was handed in, and records that it was taken.
///
/// # Errors
/// `Forbidden`; `NotFound`; `StepUp` if they must show again who they are.
pub async fn taken(cx: &mut Cx<'_>, key: ListKey) -> Result<evidence::Artifact> {
    cx.permit_whole(EXPORT)?;
    let list = look_up(cx, key).await?;
    let artifact = evidence::find(cx, evidence::ArtifactKey(list.file.0)).await?;
    audit::record(cx, Event::done(Name::AccessListTaken, "access_list", key)).await?;
    Ok(artifact)
}

/// Returns what was last said of each system of lists: which systems (boundaries) it belongs to, by its folded name.
///
/// # Errors
/// `Forbidden` for whoever may not see accounts.
pub async fn places(view: &mut View<'_>) -> Result<BTreeMap<String, Place>> {
    view.permit_whole(READ)?;
    all_places(view).await
}

/// The same, whoever asks.
pub(crate) async fn all_places(view: &mut View<'_>) -> Result<BTreeMap<String, Place>> {
    let organization = view.organization();
    let all = sql::places(view.connection(), organization).await?;
    Ok(all.into_iter().map(|(system, (_, place))| (system, place)).collect())
}

/// Returns what was last said of the system of a list, with the number of the version: 0 while nobody has said anything.
///
/// # Errors
/// As [`find`].
pub async fn placed(view: &mut View<'_>, key: ListKey) -> Result<(AccessList, i64, Option<Place>)> {
    let list = find(view, key).await?;
    let organization = view.organization();
    let held = sql::places(view.connection(), organization).await?.remove(&fold(&list.system));
    Ok(match held {
        Some((version, place)) => (list, version, Some(place)),
        None => (list, 0, None),
    })
}

/// Returns the systems of lists that belong to one of the systems of a scope, by their folded names; none stands for all of
/// them, whoever asks.
pub(crate) async fn within(
    view: &mut View<'_>,
    scope: &BTreeSet<SystemId>,
) -> Result<Option<BTreeSet<String>>> {
    let every: BTreeSet<SystemId> =
        identity::system::all(view).await?.into_iter().map(|system| system.id).collect();
    if Place::is_within(None, scope, &every) {
        return Ok(None);
    }
    let mut places = all_places(view).await?;
    places.retain(|_, place| Place::is_within(Some(place), scope, &every));
    Ok(Some(places.into_keys().collect()))
}

/// Says which systems (boundaries) a system of lists belongs to: auditors of a report on some of them see its lists.
///
/// # Errors
/// `Forbidden`, also for programs; `NotFound` if no list has this system; `Invalid` for a system that is not there.
pub async fn place(cx: &mut Cx<'_>, system: &str, systems: BTreeSet<SystemId>) -> Result<Place> {
    cx.need_person()?;
    cx.permit_whole(SET_UP)?;
    let (organization, now, by) = (cx.organization(), cx.now, cx.actor.id);
    let newest = newest(cx, Timestamp::from_micros(i64::MAX)).await?;
    let list = newest.into_iter().find(|list| fold(&list.system) == fold(system));
    let list = list.ok_or_else(|| Error::not_found("system of lists of access", system))?;
    let known = identity::systems(cx).await?;
    if let Some(unknown) = systems.iter().find(|id| known.iter().all(|one| one.id != **id)) {
        return Err(Error::invalid(format!("there is no system {unknown}, or it is retired")));
    }
    let mut held = sql::places(cx.connection(), organization).await?;
    let before = held.remove(&fold(&list.system));
    let place = Place { name: list.system, systems };
    if before.as_ref().is_some_and(|(_, before)| before.systems == place.systems) {
        return Ok(place);
    }
    let version = before.as_ref().map_or(0, |(version, _)| *version) + 1;
    sql::add_place(cx.connection(), organization, &place, version, (by, now)).await?;
    let event = Event {
        before: before.map(|(_, before)| json!({"systems": before.systems})),
        after: Some(json!({"version": version, "systems": place.systems})),
        ..Event::done(Name::AccessPlaced, "access_list", list.key)
    };
    audit::record(cx, event).await?;
    Ok(place)
}

/// Reads the number of a list as it stands in addresses.
#[must_use]
pub fn parse(text: &str) -> Option<ListKey> {
    text.strip_prefix("AL-").unwrap_or(text).parse().ok().filter(|key| *key > 0).map(ListKey)
}

/// Reads a list that was made here: bytes with the ending of their name.
///
/// # Errors
/// `Invalid` with what is wrong with its shape.
pub fn open(app: Option<&dyn crate::port::Renderer>, name: &str, bytes: Bytes) -> Result<List> {
    List::open(name, bytes, app).map_err(|problems| Error::invalid(summary(name, &problems)))
}
