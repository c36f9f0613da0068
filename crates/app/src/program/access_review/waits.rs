//! Whose answer items of open reviews wait for, kept beside the items: everybody's pages ask for it, and a review has up to
//! a hundred thousand of them.

use std::collections::BTreeSet;

use tickmark_core::Timestamp;
use tickmark_core::program::access_review::{Entry, ReviewKey, State, Wait};

use super::{DECIDE, Whole, everything, sql};
use crate::Result;
use crate::context::{Cx, View};

/// Reviews that wait for somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingReview {
    /// The review.
    pub key: ReviewKey,
    /// Its title.
    pub title: String,
    /// When decisions are due.
    pub due_at: Timestamp,
    /// Items that wait for their answer.
    pub items: usize,
    /// How much of the time is over, in percent.
    pub time_over: u8,
}

/// Returns reviews in which items wait for the actor's answer, by when they are due.
///
/// # Errors
/// If the database fails.
pub async fn waiting(view: &mut View<'_>) -> Result<Vec<WaitingReview>> {
    if !view.may(DECIDE) {
        return Ok(Vec::new());
    }
    let (organization, by, now) = (view.organization(), view.actor.id, view.now);
    let mut found = Vec::new();
    for (key, items) in sql::waits_for(view.connection(), organization, by, now).await? {
        let Some((review, _)) = sql::review(view.connection(), organization, key).await? else { continue };
        found.push(WaitingReview {
            key,
            items,
            title: review.scope.title.clone(),
            due_at: review.scope.due_at,
            time_over: review.time_over(now).unwrap_or(0),
        });
    }
    found.sort_by_key(|one| (one.due_at, one.key));
    Ok(found)
}

/// Writes down anew for whom a review waits as a whole: when it opens, and when deciding has ended.
pub(super) async fn write(cx: &mut Cx<'_>, whole: &Whole) -> Result<()> {
    let (organization, now, key) = (cx.organization(), cx.now, whole.review.key);
    sql::forget_waits(cx.connection(), organization, key).await?;
    if whole.review.state == State::Open {
        sql::add_waits(cx.connection(), organization, key, &of(whole, None, now)).await?;
    }
    Ok(())
}

/// Writes down anew what the newest entries of an open review changed: `from` is the first of them.
pub(super) async fn follow(cx: &mut Cx<'_>, whole: &Whole, from: u64) -> Result<()> {
    if whole.review.state != State::Open {
        return Ok(());
    }
    let mut items = BTreeSet::new();
    for recorded in whole.entries.iter().filter(|recorded| recorded.number >= from) {
        match &recorded.entry {
            Entry::Decided(decided) => items.extend([decided.item]),
            Entry::Reassigned { item, .. } => items.extend([*item]),
            // Whatever waits for one of them waits for the other as well.
            Entry::Delegated(_) => return write(cx, whole).await,
            Entry::Ticketed { .. } | Entry::LookedBack { .. } => {}
        }
    }
    let (organization, now, key) = (cx.organization(), cx.now, whole.review.key);
    let named: Vec<u64> = items.iter().copied().collect();
    sql::forget_waits_of(cx.connection(), organization, key, &named).await?;
    sql::add_waits(cx.connection(), organization, key, &of(whole, Some(&items), now)).await
}

/// Returns for whom items wait: some of them, or all.
fn of(whole: &Whole, only: Option<&BTreeSet<u64>>, now: Timestamp) -> Vec<Wait> {
    let standing = whole.standing();
    let wanted = standing.items.iter().filter(|one| only.is_none_or(|only| only.contains(&one.item.number)));
    wanted.flat_map(|one| standing.waits_of(one, now)).collect()
}

/// Writes it down anew for all open reviews, from the reviews themselves.
pub(crate) async fn rebuild(cx: &mut Cx<'_>) -> Result<()> {
    let organization = cx.organization();
    sql::forget_all_waits(cx.connection(), organization).await?;
    for review in everything(cx).await?.into_iter().filter(|review| review.state == State::Open) {
        let items = sql::items(cx.connection(), organization, review.key).await?;
        let entries = sql::entries(cx.connection(), organization, review.key).await?;
        let whole = Whole { review, version: 0, items, entries, removals: Vec::new() };
        write(cx, &whole).await?;
    }
    Ok(())
}

/// Returns how SQLite would look for what waits for the actor, for tests.
///
/// # Errors
/// If the database fails.
#[cfg(feature = "testing")]
pub async fn plan_of_waiting(view: &mut View<'_>) -> Result<Vec<String>> {
    let (organization, by) = (view.organization(), view.actor.id);
    sql::plan_of_waits(view.connection(), organization, by).await
}
