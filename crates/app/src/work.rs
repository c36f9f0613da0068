//! What one person has to do: what is due of their controls, what came back to them, what waits for their decision, what
//! an examination asks of them, what will not be good much longer.

mod decision;

use std::collections::BTreeMap;

use tickmark_core::Timestamp;
use tickmark_core::control::{Control, ControlId, TestRecord};
use tickmark_core::evidence::freshness::{Freshness, freshness};
use tickmark_core::evidence::item::{Item, State};
use tickmark_core::id::ItemKey;
use tickmark_core::identity::{Atom, Resource, Verb};
use tickmark_core::observation::CheckDraft;
use tickmark_core::observation::waiver::Waiver;
use tickmark_core::program::performance::WindowState;
use tickmark_core::program::segregation::ConflictException;
use tickmark_core::time::DAY_US;

use crate::Result;
use crate::comment::{self, Comment};
use crate::context::View;
use crate::control;
use crate::engagement::fieldwork::waiting::{self, Waiting};
use crate::evidence::item;
use crate::observation::{waiver, workshop};
use crate::program::access_review::{self, WaitingReview};
use crate::program::performance::{self, Due};
use crate::program::segregation;
use crate::register::{self, Kind, Query};

pub use decision::{Decision, OwnFinding};

/// Days ahead that a window is shown before it is late.
pub const AHEAD_DAYS: i64 = 31;
/// Days back that a missed window is asked for. It stays missed on its control.
pub const BACK_DAYS: i64 = 92;
/// Days ahead that the end of a waiver is announced.
pub const WAIVER_DAYS: i64 = 30;
/// Most controls of one person that are looked at.
const OWN_CONTROLS: u32 = 20_000;

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
    /// Items that wait for their decision, the longest first; of many the first ones.
    pub waiting: Vec<Item>,
    /// How many items wait for their decision.
    pub waiting_count: usize,
    /// What else waits for their decision, the longest first.
    pub approvals: Vec<Decision>,
    /// Open findings that they correct, by when they are due.
    pub findings: Vec<OwnFinding>,
    /// Evidence of their controls that is not good much longer.
    pub aging: Vec<Aging>,
    /// Waivers that end soon and that they asked for or decide about.
    pub waivers: Vec<Waiver>,
    /// Comments that name them and that they have not said they saw.
    pub mentions: Vec<Comment>,
    /// What of examinations waits for them.
    pub fieldwork: Waiting,
    /// What of tests of controls and of checks waits for their decision.
    pub decisions: Decisions,
    /// Reviews of access with items that wait for their answer, by when they are due.
    pub access_reviews: Vec<WaitingReview>,
    /// Exceptions to conflicts of duties that wait for their decision, the longest first.
    pub conflict_exceptions: Vec<ConflictException>,
    /// Items that they have begun and not handed in. Not counted: nobody waits for them.
    pub drafts: Vec<Item>,
}

/// What of tests of controls and of checks waits for somebody's decision: what others proposed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decisions {
    /// Tests of controls, by control.
    pub tests: Vec<TestRecord>,
    /// Drafts of checks, the longest first.
    pub checks: Vec<CheckDraft>,
}

impl Decisions {
    /// Returns how many wait.
    #[must_use]
    pub fn count(&self) -> usize {
        self.tests.len() + self.checks.len()
    }
}

/// Returns what of tests of controls and of checks waits for the actor's decision.
///
/// # Errors
/// As [`of`].
pub async fn decisions(view: &mut View<'_>) -> Result<Decisions> {
    Ok(Decisions { tests: control::test::waiting(view).await?, checks: workshop::waiting(view).await? })
}

impl Work {
    /// Returns how many things wait for them.
    #[must_use]
    pub fn count(&self) -> usize {
        self.missed.len()
            + self.due.len()
            + self.returned.len()
            + self.waiting_count
            + self.approvals.len()
            + self.findings.len()
            + self.aging.len()
            + self.waivers.len()
            + self.mentions.len()
            + self.fieldwork.count()
            + self.decisions.count()
            + self.access_reviews.len()
            + self.conflict_exceptions.len()
    }
}

/// Returns what the actor has to do.
///
/// # Errors
/// If the database refuses, or holds what we never wrote.
pub async fn of(view: &mut View<'_>) -> Result<Work> {
    let now = view.now;
    let own = own_controls(view).await?;
    let mut work = Work::default();
    if !own.is_empty() {
        let (from, to) = (now.plus_micros(-BACK_DAYS * DAY_US), now.plus_micros(AHEAD_DAYS * DAY_US));
        for due in performance::due_of(view, &own, from, to).await? {
            match due.state {
                WindowState::Missed => work.missed.push(due),
                WindowState::NotYetDue if due.window.from <= now => work.due.push(due),
                WindowState::NotYetDue | WindowState::Done | WindowState::Late => {}
            }
        }
        let ids: Vec<ControlId> = own.iter().map(|control| control.id.clone()).collect();
        work.aging = aging(&item::best_accepted(view, &ids).await?, &own, now);
    }
    for one in item::own_open(view).await? {
        if one.state == State::Returned { work.returned.push(one) } else { work.drafts.push(one) }
    }
    let (waiting, count) = item::waiting_for(view).await?;
    (work.waiting, work.waiting_count) = (waiting, usize::try_from(count).unwrap_or(usize::MAX));
    work.approvals = decision::decisions(view).await?;
    work.findings = decision::own_findings(view).await?;
    work.waivers = waivers(view).await?;
    work.mentions = comment::mentions(view).await?;
    work.fieldwork = waiting::of(view).await?;
    work.decisions = decisions(view).await?;
    work.access_reviews = access_review::waiting(view).await?;
    work.conflict_exceptions = segregation::waiting(view).await?;
    Ok(work)
}

/// Returns how many things wait for the actor.
///
/// # Errors
/// As [`of`].
pub async fn count(view: &mut View<'_>) -> Result<usize> {
    Ok(of(view).await?.count())
}

/// Returns the controls that the actor answers for or performs.
async fn own_controls(view: &mut View<'_>) -> Result<Vec<Control>> {
    let actor = view.actor.id;
    let query = Query { rows: OWN_CONTROLS, ..Query::of("person", &actor.to_string()) };
    let ids = register::ids(view, Kind::Control, &query).await?;
    let ids: Vec<ControlId> = ids.iter().filter_map(|id| id.parse().ok()).collect();
    let mut own = control::several(view, &ids).await?;
    own.retain(|control| control.owner == Some(actor) || control.operator == Some(actor));
    own.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(own)
}

/// Keeps of the best that was accepted for each control what is not fresh.
fn aging(best: &BTreeMap<ControlId, Item>, own: &[Control], now: Timestamp) -> Vec<Aging> {
    let mut aging = Vec::new();
    for control in own {
        let Some(item) = best.get(&control.id) else { continue };
        let freshness = freshness(item.covered_to(), control.frequency, now);
        if matches!(freshness, Freshness::Stale { .. } | Freshness::Expiring { .. }) {
            aging.push(Aging {
                control: control.id.clone(),
                title: control.text.current().title.clone(),
                item: item.key,
                item_title: item.version.description.title.clone(),
                freshness,
            });
        }
    }
    aging.sort_by(|a, b| (a.freshness, &a.control).cmp(&(b.freshness, &b.control)));
    aging
}

async fn waivers(view: &mut View<'_>) -> Result<Vec<Waiver>> {
    let (now, actor) = (view.now, view.actor.id);
    let decides = view.may(Atom::new(Resource::Exception, Verb::Approve));
    let mut soon = waiver::ending(view, now.plus_micros(WAIVER_DAYS * DAY_US)).await?;
    soon.retain(|waiver| decides || waiver.requested_by == actor || waiver.approved_by == actor);
    soon.sort_by_key(|waiver| (waiver.expires_at, waiver.id));
    Ok(soon)
}
