//! What changed between reviews, and since the snapshot of one: rights that were to go and are there, and what later lists
//! show. The first is looked for once, when a snapshot is frozen; the second of one right at a time.

use std::collections::{BTreeMap, BTreeSet};

use tickmark_core::Timestamp;
use tickmark_core::program::access::{Holding, ListKey, fold};
use tickmark_core::program::access_review::{Earlier, RemovalState, Review, SnapshotList};

use super::{Whole, load};
use crate::context::View;
use crate::program::access;
use crate::{Error, Result};

/// Reviews that are looked into at most: ten years of quarters.
const MOST_REVIEWS: usize = 40;

/// Returns the rights that were to go in the last review that decided about them and are there, by folded system and by their
/// keys. `reviews` are all, newest first; `lists` those of the snapshot with their systems.
pub(super) async fn were_to_go(
    view: &mut View<'_>,
    reviews: &[Review],
    lists: &[(&str, &[Holding])],
) -> Result<BTreeMap<String, BTreeMap<String, Earlier>>> {
    let mut open: BTreeMap<String, BTreeSet<String>> =
        lists.iter().map(|(system, rows)| (fold(system), rows.iter().map(Holding::key).collect())).collect();
    let mut found: BTreeMap<String, BTreeMap<String, Earlier>> = BTreeMap::new();
    for review in reviews.iter().filter(|review| review.decided_at.is_some()).take(MOST_REVIEWS) {
        open.retain(|_, keys| !keys.is_empty());
        let is_open = |list: &SnapshotList| open.contains_key(&fold(&list.system));
        if !review.snapshot.as_ref().is_some_and(|snapshot| snapshot.lists.iter().any(is_open)) {
            continue;
        }
        let whole = load(view, review.key).await?;
        let removals: BTreeMap<u64, _> = whole.removals.iter().map(|one| (one.item, one)).collect();
        for item in &whole.items {
            let (system, key) = (fold(&item.system), item.holding.key());
            // The newest decision about a right counts: what was kept since is no drift.
            let is_first = open.get_mut(&system).is_some_and(|keys| keys.remove(&key));
            let Some(removal) = removals.get(&item.number).filter(|_| is_first) else { continue };
            let was_gone =
                matches!(removal.state, RemovalState::Shown { .. } | RemovalState::Reappeared { .. });
            let (review, decided_at) = (review.key, removal.decided_at);
            let earlier = Earlier { review, item: item.number, decided_at, was_gone };
            found.entry(system).or_default().insert(key, earlier);
        }
    }
    Ok(found)
}

/// What the newest list of its system says of a right, where that is newer than the one of the snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Later {
    /// The list.
    pub list: ListKey,
    /// When it was taken.
    pub at: Timestamp,
    /// Whether the right is there.
    pub is_there: bool,
    /// Whether the list ties out: one that does not shows nothing to be gone.
    pub is_complete: bool,
}

/// Returns what the newest list says of an item of a review that somebody may see; none while there is no later list.
///
/// # Errors
/// `NotFound` if the review has no such item.
pub async fn later(view: &mut View<'_>, whole: &Whole, number: u64) -> Result<Option<Later>> {
    let item = whole.items.iter().find(|item| item.number == number);
    let item = item.ok_or_else(|| Error::not_found("item of the review", number))?;
    let lists = whole.review.snapshot.iter().flat_map(|snapshot| &snapshot.lists);
    let Some(list) = lists.into_iter().find(|list| list.list == item.list) else { return Ok(None) };
    let Some(newest) = access::newest_after(view, &item.system, list.run_at).await? else { return Ok(None) };
    let keys = BTreeSet::from([item.holding.key()]);
    let is_there = !access::present(view, newest.key, &keys).await?.is_empty();
    let (list, at, is_complete) = (newest.key, newest.ipe.run_at, newest.is_complete());
    Ok(Some(Later { list, at, is_there, is_complete }))
}
