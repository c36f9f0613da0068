//! What one person has to do: what is due of their controls, what came back to them, what waits for their decision, what
//! will not be good much longer.

use std::collections::BTreeMap;

use tickmark_core::Timestamp;
use tickmark_core::control::{Control, ControlId};
use tickmark_core::evidence::freshness::{Freshness, freshness};
use tickmark_core::evidence::item::{Item, State};
use tickmark_core::id::ItemKey;
use tickmark_core::identity::{Atom, Resource, Verb};
use tickmark_core::observation::waiver::Waiver;
use tickmark_core::program::performance::WindowState;
use tickmark_core::time::DAY_US;

use crate::Result;
use crate::comment::{self, Comment};
use crate::context::View;
use crate::control;
use crate::evidence::item;
use crate::observation::waiver;
use crate::program::performance::{self, Due};

/// Days ahead that a window is shown before it is late.
pub const AHEAD_DAYS: i64 = 31;
/// Days back that a missed window is asked for. It stays missed on its control.
pub const BACK_DAYS: i64 = 92;
/// Days ahead that the end of a waiver is announced.
pub const WAIVER_DAYS: i64 = 30;

/// Evidence of a control that is outdated or soon will be: the best there is of what was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aging {
    /// The control.
    pub control: ControlId,
    /// Its title.
    pub title: String,
    /// The item.
    pub item: ItemKey,
    /// Its title.
    pub item_title: String,
    /// How fresh it is for this control.
    pub freshness: Freshness,
}

/// What somebody has to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// Windows of their controls that were missed, the oldest first.
    pub missed: Vec<Due>,
    /// Windows of their controls that have begun, by when they are due.
    pub due: Vec<Due>,
    /// Items that came back to them.
    pub returned: Vec<Item>,
    /// Items that wait for their decision, the longest first.
    pub waiting: Vec<Item>,
    /// Evidence of their controls that is not good much longer.
    pub aging: Vec<Aging>,
    /// Waivers that end soon and that they asked for or decide about.
    pub waivers: Vec<Waiver>,
    /// Comments that name them and that they have not said they saw.
    pub mentions: Vec<Comment>,
    /// Items that they have begun and not handed in. Not counted: nobody waits for them.
    pub drafts: Vec<Item>,
}

impl Work {
    /// Returns how many things wait for them.
    #[must_use]
    pub fn count(&self) -> usize {
        self.missed.len()
            + self.due.len()
            + self.returned.len()
            + self.waiting.len()
            + self.aging.len()
            + self.waivers.len()
            + self.mentions.len()
    }
}

/// Returns what the actor has to do.
///
/// # Errors
/// If the database refuses, or holds what we never wrote.
pub async fn of(view: &mut View<'_>) -> Result<Work> {
    let (now, actor) = (view.now, view.actor.id);
    let controls = control::controls(view).await?;
    let is_own = |control: &&Control| control.owner == Some(actor) || control.operator == Some(actor);
    let own: BTreeMap<ControlId, &Control> =
        controls.iter().filter(is_own).map(|control| (control.id.clone(), control)).collect();
    let mut work = Work::default();
    if !own.is_empty() {
        let (from, to) = (now.plus_micros(-BACK_DAYS * DAY_US), now.plus_micros(AHEAD_DAYS * DAY_US));
        for due in performance::own_due_between(view, from, to).await? {
            match due.state {
                WindowState::Missed => work.missed.push(due),
                WindowState::NotYetDue if due.window.from <= now => work.due.push(due),
                WindowState::NotYetDue | WindowState::Done | WindowState::Late => {}
            }
        }
        work.aging = aging(&item::accepted(view).await?, &own, now);
    }
    for one in item::own_open(view).await? {
        if one.state == State::Returned { work.returned.push(one) } else { work.drafts.push(one) }
    }
    work.waiting = item::waiting_for(view).await?;
    work.waivers = waivers(view).await?;
    work.mentions = comment::mentions(view).await?;
    Ok(work)
}

/// Returns how many things wait for the actor.
///
/// # Errors
/// As [`of`].
pub async fn count(view: &mut View<'_>) -> Result<usize> {
    Ok(of(view).await?.count())
}

/// Finds for each control the best of what was accepted, and keeps those that are not fresh.
fn aging(accepted: &[Item], own: &BTreeMap<ControlId, &Control>, now: Timestamp) -> Vec<Aging> {
    let mut best: BTreeMap<&ControlId, Aging> = BTreeMap::new();
    for item in accepted {
        for id in &item.controls {
            let Some((id, control)) = own.get_key_value(id) else { continue };
            if item.covered_to().is_none() {
                continue;
            }
            let found = Aging {
                control: id.clone(),
                title: control.text.current().title.clone(),
                item: item.key,
                item_title: item.version.description.title.clone(),
                freshness: freshness(item.covered_to(), control.frequency, now),
            };
            match best.get_mut(id) {
                Some(known) if known.freshness >= found.freshness => {}
                Some(known) => *known = found,
                None => {
                    best.insert(id, found);
                }
            }
        }
    }
    let mut aging: Vec<Aging> = best
        .into_values()
        .filter(|one| matches!(one.freshness, Freshness::Stale { .. } | Freshness::Expiring { .. }))
        .collect();
    aging.sort_by(|a, b| (a.freshness, &a.control).cmp(&(b.freshness, &b.control)));
    aging
}

async fn waivers(view: &mut View<'_>) -> Result<Vec<Waiver>> {
    let (now, actor) = (view.now, view.actor.id);
    let decides = view.may(Atom::new(Resource::Exception, Verb::Approve));
    let mut soon = waiver::in_force_at(view, now).await?;
    soon.retain(|waiver| {
        let is_theirs = decides || waiver.requested_by == actor || waiver.approved_by == actor;
        is_theirs && waiver.expires_at <= now.plus_micros(WAIVER_DAYS * DAY_US)
    });
    soon.sort_by_key(|waiver| (waiver.expires_at, waiver.id));
    Ok(soon)
}
