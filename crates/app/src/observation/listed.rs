//! Targets page by page, each with what checks say about it now; and what tells that nothing new was seen.

use std::collections::BTreeMap;

use tickmark_core::id::{CheckKey, RunKey, TargetKey};
use tickmark_core::observation::{Counts, Verdict};
use tickmark_core::time::HOUR_US;
use tickmark_core::{Digest, Timestamp};

use super::{RunState, Target, sql};
use crate::Result;
use crate::context::View;
use crate::register::{self, Kind, Page, Query};

/// How a target stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TargetNow {
    /// What checks say about it.
    pub counts: Counts,
    /// The last look that reached it.
    pub last_seen: Option<Timestamp>,
    /// Facts that hold.
    pub facts: Option<Digest>,
}

/// Returns a page of targets, by name unless another order is asked for, with how many there are, as far as the actor may
/// see them.
///
/// # Errors
/// If the database refuses, or holds what we never wrote; so for all functions here.
pub async fn target_page(view: &mut View<'_>, query: &Query) -> Result<(Vec<Target>, Page)> {
    let page = register::page(view, Kind::Target, query).await?;
    let keys: Vec<TargetKey> = page.ids.iter().filter_map(|id| id.parse().ok()).map(TargetKey).collect();
    let mut found = targets_of(view, &keys).await?;
    found.sort_by_key(|target| keys.iter().position(|key| *key == target.key));
    Ok((found, page))
}

/// Returns some targets, by key. Those that are not there are left out.
///
/// # Errors
/// As [`target_page`].
pub async fn targets_of(view: &mut View<'_>, keys: &[TargetKey]) -> Result<Vec<Target>> {
    let organization = view.organization();
    sql::targets_of(view.connection(), organization, keys).await
}

/// Returns how some targets stand now: what was said too long ago counts as unknown.
///
/// # Errors
/// As [`target_page`].
pub async fn targets_now(view: &mut View<'_>, keys: &[TargetKey]) -> Result<BTreeMap<TargetKey, TargetNow>> {
    let (organization, now) = (view.organization(), view.now);
    let facts = sql::facts_of(view.connection(), organization, keys).await?;
    let said = sql::open_at(view.connection(), organization, keys).await?;
    if said.is_empty() {
        return Ok(BTreeMap::new());
    }
    let limits: BTreeMap<CheckKey, i64> = sql::current_checks(view.connection(), organization)
        .await?
        .into_iter()
        .map(|check| (check.key, i64::from(check.definition.stale_after_hours) * HOUR_US))
        .collect();
    let looks = sql::last_looks(view.connection(), organization).await?;
    let mut found: BTreeMap<TargetKey, TargetNow> = BTreeMap::new();
    for (check, target, verdict) in said {
        let (Some(limit), Some((last_look, _))) = (limits.get(&check), looks.get(&check)) else { continue };
        let one = found.entry(target).or_default();
        let is_stale = last_look.plus_micros(*limit) <= now;
        one.counts.count(if is_stale { Verdict::Unknown } else { verdict });
        one.facts = facts.get(&target).copied();
        if one.facts.is_some() {
            one.last_seen = one.last_seen.max(Some(*last_look));
        }
    }
    Ok(found)
}

/// What was seen last: as long as it is the same, checks say the same, but for what time alone changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    run: Option<(RunKey, RunState)>,
    check: CheckKey,
}

/// Returns what was seen last.
///
/// # Errors
/// As [`target_page`].
pub async fn seen(view: &mut View<'_>) -> Result<Seen> {
    let organization = view.organization();
    let run = sql::runs(view.connection(), organization, 1).await?.pop().map(|run| (run.key, run.state));
    Ok(Seen { run, check: sql::newest_check(view.connection(), organization).await? })
}
