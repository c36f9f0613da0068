//! Populations: defined before testing, imported as a list with where it came from, frozen, and tested item by item.
//!
//! An import is all or nothing: every bad row is named with line and column, and nothing is applied. Once frozen the
//! items do not change; what testing finds about them is added. Owns the tables `*population*` of the migrations
//! `0014_period.sql` and `0034_population_list.sql`, apart from `population`, which belongs to runs.

mod check;
mod keys;
mod list;
mod mapping;
mod outcome;
mod register;
mod sql;
mod table;

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use serde_json::json;
use tickmark_core::Timestamp;
use tickmark_core::conclusion::period::{Found, Subject};
use tickmark_core::control::ControlId;
use tickmark_core::id::{EvidenceKey, PopulationKey};
use tickmark_core::identity::{Atom, Resource, Verb, separation};
use tickmark_core::program::population::{
    Amount, AttributeState, Definition, Frozen, Ipe, Item, ItemOutcome, ListFormat, Mapping, Population,
    PopulationError, Reading, need_checks, normal_key,
};
use tickmark_core::program::sampling::MAX_STRATA;
use tickmark_ledger::bundle::Record;
use tickmark_ledger::leaf::LeafKind;

use self::outcome::Outcomes;
use crate::context::{Cx, View};
use crate::identity::Access;
use crate::identity::audit::{self, Event, Name};
use crate::program::performance::EvidenceFile;
use crate::{Action, Error, Result, control, evidence};

pub use check::{check, checks, suggested};
pub use keys::{KeyColumns, KeyList, read_keys};
pub use list::{Listed, MAX_LIST_BYTES, MAX_PROBLEMS, read, summary};
pub use mapping::{Saved, forget_mapping, mapping, mappings, save_mapping};
pub use register::{Register, build};
pub use table::List;
pub use tickmark_core::program::population::ListProblem;

/// Most items whose results are added in one use case.
pub const MAX_RESULTS: usize = 100_000;

/// What testing found about one item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemResult {
    /// Key of the item.
    pub key: String,
    /// One for each attribute in order.
    pub states: Vec<AttributeState>,
    /// What there is to say; may be empty.
    pub note: String,
}

/// Says what a list will be about and what is asked of each item, before there is one.
///
/// # Errors
/// If the actor may not set up tests, there is no such control, or the definition is not usable.
pub async fn define(cx: &mut Cx<'_>, definition: Definition) -> Result<Population> {
    cx.authorize(Action::Administer)?;
    definition.check().map_err(Error::invalid)?;
    control::find(cx, &definition.control).await?;
    let (organization, now) = (cx.organization(), cx.now);
    let key = sql::next_key(cx.connection(), organization).await?;
    let (salt, commitment) = super::commit(cx.app, "a population", &definition)?;
    sql::add(cx.connection(), organization, key, &definition, salt, now).await?;
    cx.record(
        LeafKind::AuditEvent,
        &json!({
            "event": "population.defined", "population": key, "control": definition.control,
            "from": definition.from, "to": definition.to, "record": commitment,
        }),
    )?;
    Ok(Population { key, definition, defined_at: now, ipe: None, file: None, items: 0, frozen: None })
}

/// Imports the list of a population from CSV with the names of columns that are read without a mapping.
///
/// # Errors
/// As [`import_list`].
pub async fn import(
    cx: &mut Cx<'_>,
    key: PopulationKey,
    name: &str,
    bytes: Bytes,
    ipe: Ipe,
) -> Result<Population> {
    cx.authorize(Action::Observe)?;
    let list = List::of_csv(name, bytes).map_err(|problems| Error::invalid(summary(name, &problems)))?;
    import_list(cx, key, list, None, ipe).await
}

/// Imports the list of a population, with where it came from. Read it with [`read`] first to name every bad row.
///
/// # Errors
/// `Invalid` naming the first bad rows; `Conflict` if the population has its list; `NotFound` if there is none.
pub async fn import_list(
    cx: &mut Cx<'_>,
    key: PopulationKey,
    list: List,
    mapping: Option<Mapping>,
    ipe: Ipe,
) -> Result<Population> {
    cx.authorize(Action::Observe)?;
    let population = find(cx, key).await?;
    if population.frozen.is_some() {
        return Err(Error::conflict(PopulationError::Frozen(key)));
    }
    if population.file.is_some() {
        return Err(Error::conflict(PopulationError::HasItems(key)));
    }
    ipe.check(&population.definition.control).map_err(Error::invalid)?;
    let zone = ipe.zone().map_err(Error::invalid)?;
    let listed = read(&population.definition, &list, mapping.as_ref(), &zone)
        .map_err(|problems| Error::invalid(summary(&list.name, &problems)))?;
    let found = listed.len() as u64;
    if ipe.row_count != found {
        return Err(Error::invalid(PopulationError::RowCount { reported: ipe.row_count, found }));
    }
    let reading = reading(&list, mapping, &listed)?;
    let file = evidence::store_document(cx, &list.name, list.media_type, list.bytes).await?;
    let file = EvidenceKey(file.key.0);
    let (organization, now) = (cx.organization(), cx.now);
    let (salt, commitment) = super::commit(cx.app, "where a population came from", &ipe)?;
    sql::add_extract(cx.connection(), organization, key, file, &ipe, salt, now).await?;
    let (items, parts) = apart(listed);
    sql::add_items(cx.connection(), organization, key, &items, now).await?;
    sql::add_parts(cx.connection(), organization, key, &parts).await?;
    sql::set_outcomes(cx.connection(), organization, key, &Outcomes::of(&items)).await?;
    let mut read_as = None;
    if !reading.is_plain() {
        let (salt, commitment) = super::commit(cx.app, "how a population was read", &reading)?;
        sql::add_reading(cx.connection(), organization, key, &reading, salt).await?;
        read_as = Some(commitment);
    }
    cx.record(
        LeafKind::AuditEvent,
        &json!({
            "event": "population.imported", "population": key, "n": found, "artifact": file, "record": commitment,
            "reading": read_as,
        }),
    )?;
    Ok(Population { ipe: Some(ipe), file: Some(file), items: found, ..population })
}

/// Says how a list was read: its parts are counted and its amounts added.
fn reading(list: &List, mapping: Option<Mapping>, listed: &[Listed]) -> Result<Reading> {
    let mut strata: BTreeMap<String, u64> = BTreeMap::new();
    for stratum in listed.iter().filter_map(|one| one.stratum.as_ref()) {
        *strata.entry(stratum.clone()).or_default() += 1;
    }
    if strata.len() > MAX_STRATA {
        return Err(Error::invalid(format!(
            "{:?} was not imported, nothing was applied: it has {} parts, and a population has at most {MAX_STRATA}",
            list.name,
            strata.len()
        )));
    }
    let amounts: Vec<Amount> = listed.iter().filter_map(|one| one.amount).collect();
    let total = match amounts.as_slice() {
        [] => None,
        _ => Some(Amount::sum(amounts).ok_or_else(|| Error::invalid("the sum of the amounts is too large"))?),
    };
    Ok(Reading { format: list.format, mapping, strata, total })
}

/// Separates items from what only some of them have, which is named by their places.
fn apart(listed: Vec<Listed>) -> (Vec<Item>, Vec<sql::Part>) {
    let (mut items, mut parts) = (Vec::with_capacity(listed.len()), Vec::new());
    for (place, one) in (1..).zip(listed) {
        if one.stratum.is_some() || one.amount.is_some() {
            parts.push(sql::Part { place, stratum: one.stratum, amount: one.amount });
        }
        items.push(one.item);
    }
    (items, parts)
}

/// Freezes a list: from here on its items do not change. A list without items needs evidence of zero, and a person who
/// confirms it; one with items needs a check that it is complete, or the reason why there is none.
///
/// # Errors
/// `Invalid` for a list without items and evidence, or without a check, or with one that found unexplained differences; `Forbidden` for a program that confirms zero, and for every token.
pub async fn freeze(cx: &mut Cx<'_>, key: PopulationKey, zero: Option<EvidenceFile>) -> Result<Frozen> {
    cx.authorize(if zero.is_some() { Action::Decide } else { Action::Administer })?;
    if let Access::Member(_) = cx.actor.access {
        cx.need_person()?;
    }
    let population = find(cx, key).await?;
    let organization = cx.organization();
    // That nothing happened is shown by evidence of its own.
    if population.frozen.is_none() && zero.is_none() && population.items > 0 {
        let checks = checks(cx, key).await?;
        need_checks(key, &checks, population.ipe.as_ref()).map_err(Error::invalid)?;
    }
    let items = sql::items(cx.connection(), organization, key).await?;
    let keys = || items.iter().map(|item| item.key.as_str());
    // Decided before the file is kept: what is refused leaves nothing behind.
    let at = cx.now;
    let placeholder = zero.as_ref().map(|_| EvidenceKey(0));
    let mut frozen = population.freeze(keys(), placeholder, at).map_err(|error| match error {
        PopulationError::Frozen(_) => Error::conflict(error),
        error => Error::invalid(error),
    })?;
    if let Some(file) = zero {
        let kept = evidence::store_document(cx, &file.name, &file.media_type, file.bytes).await?;
        frozen.zero = Some(EvidenceKey(kept.key.0));
    }
    let (salt, commitment) = super::commit(cx.app, "a frozen population", &frozen)?;
    sql::add_freeze(cx.connection(), organization, key, &frozen, salt).await?;
    let reported = population.ipe.as_ref().map_or(frozen.items, |ipe| ipe.row_count);
    cx.record(
        LeafKind::PopulationDefine,
        &json!({
            "population": commitment, "n": frozen.items, "reported": reported,
            "enumeration": format!("trigger of control {}", population.definition.control),
            "trigger_population": key,
        }),
    )?;
    Ok(frozen)
}

/// Adds what testing found about items of a frozen list. What was found before is kept.
///
/// # Errors
/// `Conflict` before the list is frozen; `Forbidden` for the owner of the control; `Invalid` for items it does not have or
/// results that do not fit.
pub async fn record_results(cx: &mut Cx<'_>, key: PopulationKey, results: &[ItemResult]) -> Result<()> {
    cx.authorize(Action::Observe)?;
    let population = find(cx, key).await?;
    if population.frozen.is_none() {
        return Err(Error::conflict(format!("population {key} is not frozen; freeze it before testing")));
    }
    if let Access::Member(_) = cx.actor.access {
        let control = control::find(cx, &population.definition.control).await?;
        let owners = control.owner.into_iter().collect();
        if let Err(conflict) = separation::record_result(&owners, cx.actor.id) {
            cx.refuse_by_rule("population", key.to_string(), conflict.word());
            return Err(Error::Forbidden(conflict.to_string()));
        }
    }
    if results.len() > MAX_RESULTS {
        return Err(Error::invalid(format!("at most {MAX_RESULTS} results are added at once")));
    }
    let (organization, now) = (cx.organization(), cx.now);
    let places = sql::places(cx.connection(), organization, key).await?;
    let mut rows = Vec::with_capacity(results.len());
    let mut seen = BTreeSet::new();
    for result in results {
        let name = normal_key(&result.key).map_err(Error::invalid)?;
        let (place, occurred_at) = *places
            .get(&name)
            .ok_or_else(|| Error::invalid(format!("population {key} has no item {name:?}")))?;
        if !seen.insert(place) {
            return Err(Error::invalid(PopulationError::Twice(name)));
        }
        let item = Item { key: name, occurred_at, states: result.states.clone(), note: result.note.clone() };
        population.definition.check_item(&item).map_err(Error::invalid)?;
        rows.push((place, item));
    }
    rows.sort_by_key(|(place, _)| *place);
    let tested: Vec<_> = rows.iter().map(|(_, item)| item).collect();
    let (salt, commitment) = super::commit(cx.app, "results", &tested)?;
    let mut outcomes = outcomes(cx, key, None).await?;
    sql::add_results(cx.connection(), organization, key, &rows, now).await?;
    for (place, item) in &rows {
        if !outcomes.set(*place, item.outcome()) {
            return Err(Error::corrupt(format!("population {key}"), "it has more items than outcomes"));
        }
    }
    sql::set_outcomes(cx.connection(), organization, key, &outcomes).await?;
    sql::add_test(cx.connection(), organization, key, commitment, salt, now).await?;
    cx.record(
        LeafKind::AuditEvent,
        &json!({"event": "population.tested", "population": key, "n": rows.len(), "record": commitment}),
    )?;
    Ok(())
}

/// Returns what opens the commitments to definitions, to where lists came from, to frozen lists, and to what testing found.
///
/// # Errors
/// As [`all`].
pub async fn records(view: &mut View<'_>) -> Result<Vec<Record>> {
    let organization = view.organization();
    let mut records = Vec::new();
    for salted in sql::salted(view.connection(), organization).await? {
        let population = salted.population;
        let what = format!("population {}", population.key);
        records.push(super::opening(&what, salted.defined, &population.definition)?);
        if let (Some(salt), Some(ipe)) = (salted.extracted, &population.ipe) {
            records.push(super::opening(&what, salt, ipe)?);
        }
        if let (Some(salt), Some(frozen)) = (salted.frozen, &population.frozen) {
            records.push(super::opening(&what, salt, frozen)?);
        }
    }
    for (key, reading, salt) in sql::readings(view.connection(), organization, None).await? {
        records.push(super::opening(&format!("how population {key} was read"), salt, &reading)?);
    }
    for (checked, salt) in sql::checks(view.connection(), organization, None).await? {
        let what = format!("check {} of population {}", checked.number, checked.population);
        records.push(super::opening(&what, salt, &checked)?);
    }
    for (key, at, salt) in sql::tests(view.connection(), organization).await? {
        let found = sql::results_of(view.connection(), organization, key, at).await?;
        records.push(super::opening(&format!("results of population {key}"), salt, &found)?);
    }
    Ok(records)
}

/// Lists all populations, oldest first.
///
/// # Errors
/// If the database refuses, or holds what we never wrote; so for the other queries here.
pub async fn all(view: &mut View<'_>) -> Result<Vec<Population>> {
    let organization = view.organization();
    sql::all(view.connection(), organization).await
}

/// Lists the populations of a control, oldest first.
///
/// # Errors
/// As [`all`].
pub async fn list(view: &mut View<'_>, control: &ControlId) -> Result<Vec<Population>> {
    Ok(all(view).await?.into_iter().filter(|p| p.definition.control == *control).collect())
}

/// Finds a population.
///
/// # Errors
/// `NotFound` if there is none with this key.
pub async fn find(view: &mut View<'_>, key: PopulationKey) -> Result<Population> {
    all(view)
        .await?
        .into_iter()
        .find(|population| population.key == key)
        .ok_or_else(|| Error::not_found("population", key))
}

/// Returns the items of a population with what was last found about each, in the order of the list.
///
/// # Errors
/// As [`all`].
pub async fn items(view: &mut View<'_>, key: PopulationKey) -> Result<Vec<Item>> {
    let organization = view.organization();
    sql::items(view.connection(), organization, key).await
}

/// Returns the part of the population to which items belong, by their places in the list, counted from 1.
///
/// # Errors
/// As [`all`].
pub async fn strata(view: &mut View<'_>, key: PopulationKey) -> Result<BTreeMap<i64, String>> {
    let organization = view.organization();
    let parts = sql::parts(view.connection(), organization, key, (0, i64::MAX)).await?;
    Ok(parts.into_iter().filter_map(|part| Some((part.place, part.stratum?))).collect())
}

/// Returns stratum and amount of the items that [`items_after`] returns, by their places.
///
/// # Errors
/// As [`all`].
pub async fn parts_after(
    view: &mut View<'_>,
    key: PopulationKey,
    place: i64,
    limit: u32,
) -> Result<BTreeMap<i64, (Option<String>, Option<Amount>)>> {
    let organization = view.organization();
    let places = (place, place.saturating_add(i64::from(limit)));
    let parts = sql::parts(view.connection(), organization, key, places).await?;
    Ok(parts.into_iter().map(|part| (part.place, (part.stratum, part.amount))).collect())
}

/// Returns how the list of a population was read; none for one in the plain form, or without a list.
///
/// # Errors
/// As [`all`].
pub async fn reading_of(view: &mut View<'_>, key: PopulationKey) -> Result<Option<Reading>> {
    let organization = view.organization();
    Ok(sql::readings(view.connection(), organization, Some(key)).await?.pop().map(|(_, reading, _)| reading))
}

/// Returns at most so many items of a population after a place in its list, counted from 1, as [`items`] does.
///
/// # Errors
/// As [`all`].
pub async fn items_after(
    view: &mut View<'_>,
    key: PopulationKey,
    place: i64,
    limit: u32,
) -> Result<Vec<Item>> {
    let organization = view.organization();
    sql::items_after(view.connection(), organization, key, place, limit).await
}

/// Returns what was found about the items of a population. Only those that deviate are read one by one.
///
/// # Errors
/// As [`all`].
pub async fn found(view: &mut View<'_>, key: PopulationKey) -> Result<Found> {
    let outcomes = outcomes(view, key, None).await?;
    let (mut found, mut deviating) = (Found::default(), Vec::new());
    for (place, at, outcome) in outcomes.iter() {
        match outcome {
            ItemOutcome::Conforming => found.conforming.push(at),
            ItemOutcome::NotTested => found.not_tested.push(at),
            ItemOutcome::Deviating => deviating.push(place),
        }
    }
    found.deviating = items_at(view, key, &deviating, None).await?;
    Ok(found)
}

/// Returns what was found about each item, packed: now, or as it was known at a moment.
pub(crate) async fn outcomes(
    view: &mut View<'_>,
    key: PopulationKey,
    known_at: Option<Timestamp>,
) -> Result<Outcomes> {
    let organization = view.organization();
    if let Some(known_at) = known_at {
        let items = sql::items_known(view.connection(), organization, key, known_at).await?;
        return Ok(Outcomes::of(&items));
    }
    match sql::outcomes(view.connection(), organization, key).await? {
        Some(outcomes) => Ok(outcomes),
        None => Ok(Outcomes::of(&items(view, key).await?)),
    }
}

/// Returns the items at these places of a list, ascending, as [`outcomes`] does.
pub(crate) async fn items_at(
    view: &mut View<'_>,
    key: PopulationKey,
    places: &[i64],
    known_at: Option<Timestamp>,
) -> Result<Vec<Item>> {
    let organization = view.organization();
    sql::items_at(view.connection(), organization, key, places, known_at).await
}

/// Returns the items with an attribute that is not met, as subjects of deviations.
///
/// # Errors
/// As [`all`].
pub async fn deviations(view: &mut View<'_>, key: PopulationKey) -> Result<Vec<(Subject, Item)>> {
    let deviating = found(view, key).await?.deviating.into_iter();
    Ok(deviating.map(|item| (Subject::Item { population: key, key: item.key.clone() }, item)).collect())
}

/// Returns what the file of a list is called when it is taken out.
#[must_use]
pub fn file_name(key: PopulationKey, format: Option<ListFormat>) -> String {
    let ending = match format {
        Some(ListFormat::Xlsx) => "xlsx",
        Some(ListFormat::Json) => "json",
        Some(ListFormat::Csv | ListFormat::Register) | None => "csv",
    };
    format!("population-{key}.{ending}")
}

/// Records that the list of a population was taken out.
///
/// # Errors
/// `Forbidden` if the actor may not take evidence out.
pub async fn taken(cx: &mut Cx<'_>, key: PopulationKey) -> Result<()> {
    cx.permit_whole(Atom::new(Resource::Evidence, Verb::Export))?;
    audit::record(cx, Event::done(Name::EvidenceDownloaded, "population", key)).await
}
