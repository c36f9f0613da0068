//! Lists of items: all that somebody may see, page by page; those of a control; what waits for somebody.

use std::collections::{BTreeMap, BTreeSet};

use tickmark_core::control::{ControlId, Frequency, common_system};
use tickmark_core::evidence::freshness::lead_days;
use tickmark_core::evidence::item::{Item, State};
use tickmark_core::id::ItemKey;
use tickmark_core::identity::{Object, Reach, separation};
use tickmark_core::time::DAY_US;

use super::super::ArtifactKey;
use super::{APPROVE, MAX_ITEMS, READ, controls_by_id, people, sql};
use crate::context::View;
use crate::identity::{self, Access};
use crate::register::{self, Kind, Page, Query, Want};
use crate::{ActorKind, Result};

/// Most items of one kind that are shown to somebody as open.
pub const OPEN: u32 = 200;
/// Items that are read at once while a page is filled.
const READ_AT_ONCE: u32 = 200;

/// Lists the items that the actor may see, newest first.
///
/// # Errors
/// `Forbidden` if the actor may see none at all.
pub async fn list(view: &mut View<'_>) -> Result<Vec<Item>> {
    let reach = view.permit(READ)?;
    let organization = view.organization();
    let items = sql::all(view.connection(), organization, MAX_ITEMS).await?;
    seen(view, reach, items).await
}

/// Lists at most `limit` of the items before a number that the actor may see, newest first, and the number before which the
/// next ones are; none if there are no more.
///
/// # Errors
/// As [`list`].
pub async fn before(
    view: &mut View<'_>,
    number: Option<ItemKey>,
    limit: usize,
) -> Result<(Vec<Item>, Option<ItemKey>)> {
    let reach = view.permit(READ)?;
    let organization = view.organization();
    let (mut found, mut from) = (Vec::new(), number.unwrap_or(ItemKey(i64::MAX)));
    // What may not be seen takes no place on the page.
    while found.len() <= limit {
        let keys = sql::keys_before(view.connection(), organization, from, READ_AT_ONCE).await?;
        let Some(last) = keys.last() else { break };
        from = *last;
        let mut items = several(view, &keys).await?;
        items.sort_by_key(|item| std::cmp::Reverse(item.key));
        found.extend(seen(view, reach.clone(), items).await?);
    }
    let is_more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().map(|item| item.key).filter(|_| is_more);
    Ok((found, next))
}

/// Lists at most so many of the newest items that serve a control, as far as the actor may see them, newest first; none for
/// whoever may see none at all.
///
/// # Errors
/// If the database fails.
pub async fn of_control(view: &mut View<'_>, control: &ControlId, limit: u32) -> Result<Vec<Item>> {
    if !view.may(READ) {
        return Ok(Vec::new());
    }
    let reach = view.permit(READ)?;
    let organization = view.organization();
    let keys = sql::keys_of_control(view.connection(), organization, control, limit).await?;
    let items = several(view, &keys).await?;
    seen(view, reach, items).await
}

/// Keeps those that are within reach.
async fn seen(view: &mut View<'_>, reach: Option<Reach>, items: Vec<Item>) -> Result<Vec<Item>> {
    let (Some(reach), Access::Member(member)) = (reach, &view.actor.access) else { return Ok(items) };
    if reach.is_whole(&member.subject) || items.is_empty() {
        return Ok(items);
    }
    let controls = controls_by_id(view).await?;
    let any = identity::object_of(view, BTreeSet::new()).await?;
    let mut kept = Vec::new();
    for item in items {
        let system = common_system(item.controls.iter().filter_map(|id| controls.get(id))).or(any.system);
        let object = Object { people: people(&item, &controls), system, ..any.clone() };
        if view.may_on(READ, &object) {
            kept.push(item);
        }
    }
    Ok(kept)
}

/// Returns at most [`OPEN`] items that the actor may decide about and had no part in, oldest first, and how many there are;
/// none for whoever may not decide.
///
/// # Errors
/// If the database fails.
pub async fn waiting_for(view: &mut View<'_>) -> Result<(Vec<Item>, u64)> {
    let object = identity::object_of(view, BTreeSet::new()).await?;
    if view.actor.kind != ActorKind::Person || !view.may_on(APPROVE, &object) {
        return Ok((Vec::new(), 0));
    }
    let actor = view.actor.id;
    let mut query = Query::of("state", State::Submitted.word());
    query.filters.push(("handler".to_owned(), Want::Not(actor.to_string())));
    query.sort = Some(("by:submitted".to_owned(), false));
    query.rows = OPEN;
    let page = register::page(view, Kind::Item, &query).await?;
    let mut items = several(view, &keys(&page.ids)).await?;
    items.retain(|item| separation::accept_evidence(&item.handlers, actor).is_ok());
    items.sort_by_key(|item| (item.submitted.map(|(_, at)| at), item.key));
    Ok((items, page.found))
}

/// Returns items that were sent back to the actor, or that the actor has begun and not handed in, at most [`OPEN`] of each,
/// oldest first.
///
/// # Errors
/// If the database fails.
pub async fn own_open(view: &mut View<'_>) -> Result<Vec<Item>> {
    let actor = view.actor.id;
    let mut found = Vec::new();
    for state in [State::Returned, State::Draft] {
        let query =
            Query { rows: OPEN, ..Query::of("handler", &actor.to_string()).and("state", state.word()) };
        let ids = register::ids(view, Kind::Item, &query).await?;
        found.extend(keys(&ids));
    }
    let mut items = several(view, &found).await?;
    items.sort_by_key(|item| (item.state == State::Draft, item.key));
    Ok(items)
}

/// The keys that the register has.
fn keys(ids: &[String]) -> Vec<ItemKey> {
    ids.iter().filter_map(|id| id.parse().ok()).map(ItemKey).collect()
}

/// Returns the items in a state, newest first.
pub(crate) async fn in_state(view: &mut View<'_>, state: State) -> Result<Vec<Item>> {
    let organization = view.organization();
    sql::in_state(view.connection(), organization, state, MAX_ITEMS).await
}

/// Returns for each of these controls the accepted item that covers most, whoever asks: what follows from it is for who owns
/// the control.
///
/// # Errors
/// If the database fails.
pub(crate) async fn best_accepted(
    view: &mut View<'_>,
    controls: &[ControlId],
) -> Result<BTreeMap<ControlId, Item>> {
    let named: Vec<String> = controls.iter().map(ToString::to_string).collect();
    let accepted = ("state", State::Accepted.word());
    let last = register::last_of_each(view, Kind::Item, ("control", &named), accepted, "by:covers").await?;
    let wanted: BTreeSet<ItemKey> =
        last.iter().filter_map(|(_, id, _)| id.parse().ok()).map(ItemKey).collect();
    let wanted: Vec<ItemKey> = wanted.into_iter().collect();
    let items: BTreeMap<ItemKey, Item> =
        several(view, &wanted).await?.into_iter().map(|item| (item.key, item)).collect();
    let of_control = last.into_iter().filter_map(|(control, id, _)| {
        let key = id.parse().map(ItemKey).ok()?;
        Some((control.parse().ok()?, items.get(&key)?.clone()))
    });
    Ok(of_control.collect())
}

/// Returns a page of the items that the actor may see, newest first unless another order is asked for, with how many there
/// are.
///
/// # Errors
/// `Forbidden` if the actor may see none at all.
pub async fn page(view: &mut View<'_>, query: &Query) -> Result<(Vec<Item>, Page)> {
    view.permit(READ)?;
    let page = register::page(view, Kind::Item, query).await?;
    let keys = keys(&page.ids);
    let mut items = several(view, &keys).await?;
    let place = |item: &Item| keys.iter().position(|key| *key == item.key);
    items.sort_by_key(place);
    Ok((items, page))
}

/// Returns what asks for items that are as fresh as a word says for one of their controls; none for an unknown word.
#[must_use]
pub fn as_fresh(view: &View<'_>, word: &str) -> Option<(String, Want)> {
    let now = view.now;
    let at = |days: i64| register::ordered(now.plus_micros(days * DAY_US).micros());
    let (first, last) = (register::ordered(i64::MIN), register::ordered(i64::MAX));
    let spans = Frequency::ALL.iter().map(|frequency| {
        let lead = lead_days(*frequency);
        let (low, high) = match word {
            "stale" => (first.clone(), at(0)),
            "expiring" => (at(0), at(lead)),
            _ => (at(lead), last.clone()),
        };
        (register::until_name(*frequency), low, high)
    });
    match word {
        "stale" | "expiring" | "fresh" => Some(("freshness".to_owned(), Want::Any(spans.collect()))),
        "by_occurrence" | "undated" => Some(("freshness".to_owned(), Want::Is(word.to_owned()))),
        _ => None,
    }
}

/// Returns these items, whoever asks.
pub(crate) async fn several(view: &mut View<'_>, keys: &[ItemKey]) -> Result<Vec<Item>> {
    let organization = view.organization();
    sql::several(view.connection(), organization, keys).await
}

/// Returns all items, whoever asks.
pub(crate) async fn everything(view: &mut View<'_>) -> Result<Vec<Item>> {
    let organization = view.organization();
    sql::all(view.connection(), organization, u32::MAX).await
}

/// Returns the files of all versions of an item, whoever asks.
pub(crate) async fn all_artifacts(view: &mut View<'_>, item: ItemKey) -> Result<BTreeSet<ArtifactKey>> {
    let organization = view.organization();
    sql::artifacts(view.connection(), organization, item).await
}

/// Returns the keys of the items of a control, whoever asks.
pub(crate) async fn keys_of_control(view: &mut View<'_>, control: &ControlId) -> Result<Vec<ItemKey>> {
    let organization = view.organization();
    sql::keys_of_control(view.connection(), organization, control, u32::MAX).await
}
