//! Lists of access, conflicts of duties and reviews of access as far as an auditor may see them: of the systems that the
//! examination is about, and inside its time. Each look is recorded before the first row is shown.
//!
//! Which systems of lists belong to an examination management says ([`crate::program::access::place`]). What belongs to
//! another one is not named here, and what it hides of conflicts is said to be hidden.

use std::collections::BTreeSet;

use serde_json::json;
use tickmark_core::engagement::{EngagementKey, Time};
use tickmark_core::identity::{Atom, Resource, Verb};
use tickmark_core::program::access::{AccessList, Holding, ListKey, fold};
use tickmark_core::program::access_review::{Review, ReviewKey, State};
use tickmark_core::program::segregation::ConflictException;
use tickmark_core::report::sheet::Sheet;
use tickmark_core::{Span, Timestamp};

use super::{field, span};
use crate::context::{Cx, View};
use crate::identity::audit::{self, Event, Name};
use crate::program::access_review::{self, Whole};
use crate::program::segregation::{self, Report, Scene};
use crate::program::{access, performance};
use crate::{Error, Result};

const LISTS: Atom = Atom::new(Resource::IdentityWarehouse, Verb::Read);
const REVIEWS: Atom = Atom::new(Resource::AccessReview, Verb::Read);
const TAKE: Atom = Atom::new(Resource::AccessReview, Verb::Export);

/// What of access an auditor may see.
struct Sight {
    /// Systems of lists by their folded names; none for all of them.
    systems: Option<BTreeSet<String>>,
    time: Time,
    span: Span,
    now: Timestamp,
}

impl Sight {
    fn has(&self, system: &str) -> bool {
        self.systems.as_ref().is_none_or(|systems| systems.contains(&fold(system)))
    }

    /// The last moment of the time that is over.
    fn last(&self) -> Timestamp {
        self.span.to.map_or(self.now, |to| to.plus_micros(-1).min(self.now))
    }

    fn has_list(&self, list: &AccessList) -> bool {
        self.has(&list.system) && !self.time.excludes(list.ipe.run_at)
    }
}

async fn sight(view: &mut View<'_>, key: EngagementKey, atom: Atom) -> Result<Sight> {
    let field = field(view, key).await?;
    view.permit_on(atom, &field.object)?;
    let scope = field.version.record.holds();
    let systems = access::within(view, &scope.systems).await?;
    Ok(Sight { systems, time: scope.time, span: span(scope), now: view.now })
}

/// Lists the lists of access that an auditor may see, newest first: those that were taken inside the time, those that its
/// reviews rest on, and, where one date is examined, the newest of each system on it.
///
/// # Errors
/// `Forbidden`; `NotFound`.
pub async fn lists(view: &mut View<'_>, key: EngagementKey) -> Result<Vec<AccessList>> {
    let sight = sight(view, key, LISTS).await?;
    let mut relied: BTreeSet<ListKey> = BTreeSet::new();
    let mut removing = Vec::new();
    for review in reviews_in(view, &sight).await? {
        let snapshot = review.snapshot.iter().flat_map(|snapshot| &snapshot.lists);
        relied.extend(snapshot.map(|list| list.list));
        if let Some(from) = review.decided_at {
            let to = review.signed.as_ref().map(|signed| signed.at);
            let systems = review.scope.systems.iter().map(|system| fold(&system.name));
            removing.push((systems.collect::<BTreeSet<String>>(), Span { from, to }));
        }
    }
    if !sight.time.is_period() {
        let on_the_date = access::newest(view, sight.last().plus_micros(1)).await?;
        relied.extend(on_the_date.into_iter().map(|list| list.key));
    }
    let mut all = access::everything(view).await?;
    all.retain(|list| {
        let shows_removals = || {
            let is_of = |(systems, time): &(BTreeSet<String>, Span)| {
                systems.contains(&fold(&list.system)) && time.contains(list.ipe.run_at)
            };
            removing.iter().any(is_of)
        };
        sight.has(&list.system) && (sight.has_list(list) || relied.contains(&list.key) || shows_removals())
    });
    Ok(all)
}

/// Finds a list of access that an auditor may see, with its rows. What the roster of employees says is left out.
///
/// # Errors
/// `Forbidden`; `NotFound`.
pub async fn list(
    view: &mut View<'_>,
    key: EngagementKey,
    list: ListKey,
) -> Result<(AccessList, Vec<Holding>)> {
    let found = lists(view, key).await?.into_iter().find(|one| one.key == list);
    let found = found.ok_or_else(|| Error::not_found("list of access", list))?;
    let rows = access::rows_of(view, list).await?;
    Ok((found, rows.into_iter().map(Holding::without_roster).collect()))
}

/// What looking for conflicts of duties found, as far as an auditor may see it.
#[derive(Clone, Debug)]
pub struct Seen {
    /// What was found; none before there was a matrix.
    pub report: Option<Report>,
    /// Exceptions that lay in the time, of whom the lists name.
    pub exceptions: Vec<ConflictException>,
    /// As of when.
    pub at: Timestamp,
    /// Whether systems of other examinations are left out.
    pub is_partial: bool,
}

/// Looks for conflicts of duties as one would have at a moment of the time: its last one that is over, unless another is
/// asked for.
///
/// # Errors
/// `Forbidden`; `NotFound`; `Invalid` for a moment outside of the time.
pub async fn conflicts(view: &mut View<'_>, key: EngagementKey, at: Option<Timestamp>) -> Result<Seen> {
    let sight = sight(view, key, REVIEWS).await?;
    let at = at.unwrap_or_else(|| sight.last());
    if at > sight.last() || at < sight.span.from.min(sight.last()) {
        return Err(Error::invalid("choose a day of the time that is examined, and not one to come"));
    }
    let is_period = sight.time.is_period();
    let is_wanted =
        |list: &AccessList| if is_period { sight.has_list(list) } else { sight.has(&list.system) };
    let scene = Scene { at, is_wanted: &is_wanted, systems: sight.systems.as_ref() };
    let report = segregation::look_at(view, &scene).await?;
    let exceptions = match &report {
        Some(report) => segregation::exceptions_of(view, report, sight.span).await?,
        None => Vec::new(),
    };
    Ok(Seen { report, exceptions, at, is_partial: sight.systems.is_some() })
}

/// Lists the reviews of access that an auditor may see, newest first: those of which any lay inside the time, and those for a
/// window of it.
///
/// # Errors
/// `Forbidden`; `NotFound`.
pub async fn reviews(view: &mut View<'_>, key: EngagementKey) -> Result<Vec<Review>> {
    let sight = sight(view, key, REVIEWS).await?;
    reviews_in(view, &sight).await
}

async fn reviews_in(view: &mut View<'_>, sight: &Sight) -> Result<Vec<Review>> {
    let mut found = Vec::new();
    for mut review in access_review::everything(view).await? {
        review.scope.systems.retain(|system| sight.has(&system.name));
        if let Some(snapshot) = &mut review.snapshot {
            snapshot.lists.retain(|list| sight.has(&list.system));
        }
        let is_theirs = review.state >= State::Frozen && !review.scope.systems.is_empty();
        if is_theirs && (review.touches(sight.span) || is_for_the_time(view, &review, sight).await?) {
            found.push(review);
        }
    }
    Ok(found)
}

/// A review that was done too late is for its window all the same.
async fn is_for_the_time(view: &mut View<'_>, review: &Review, sight: &Sight) -> Result<bool> {
    let (Some(control), Some(window)) = (&review.scope.control, &review.scope.window) else {
        return Ok(false);
    };
    let Some(due) = performance::schedule_of(view, control).await? else { return Ok(false) };
    let Ok(window) = due.find(window) else { return Ok(false) };
    Ok(window.to > sight.span.from && sight.span.to.is_none_or(|to| window.from < to))
}

/// A review as far as an auditor may see it.
#[derive(Clone, Debug)]
pub struct SeenReview {
    /// What of it is about systems of the examination.
    pub whole: Whole,
    /// How many items are about others.
    pub hidden: u64,
}

/// Finds a review of access that an auditor may see.
///
/// # Errors
/// `Forbidden`; `NotFound`.
pub async fn review(view: &mut View<'_>, key: EngagementKey, review: ReviewKey) -> Result<SeenReview> {
    let sight = sight(view, key, REVIEWS).await?;
    let missing = || Error::not_found("review of access", review);
    if !reviews_in(view, &sight).await?.iter().any(|one| one.key == review) {
        return Err(missing());
    }
    let whole = access_review::load(view, review).await?;
    let (whole, hidden) = whole.within(|system| sight.has(system)).ok_or_else(missing)?;
    Ok(SeenReview { whole, hidden })
}

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Looking {
    /// A list with its rows.
    List(ListKey),
    /// Conflicts of duties as of a moment.
    Conflicts(Option<Timestamp>),
    /// A review.
    Review(ReviewKey),
}

/// Records that an auditor looks at something, before it is shown.
///
/// # Errors
/// As the look itself.
pub async fn looked_at(cx: &mut Cx<'_>, key: EngagementKey, what: Looking) -> Result<()> {
    let (kind, id, at) = match what {
        Looking::List(one) => {
            list(cx, key, one).await?;
            ("access_list", one.to_string(), None)
        }
        Looking::Conflicts(at) => {
            let seen = conflicts(cx, key, at).await?;
            let version = seen.report.map_or(0, |report| report.matrix.written.version);
            ("segregation_matrix", version.to_string(), Some(seen.at))
        }
        Looking::Review(one) => {
            review(cx, key, one).await?;
            ("access_review", one.to_string(), None)
        }
    };
    let after = json!({ "engagement": key, "as_of": at });
    audit::record(cx, Event { after: Some(after), ..Event::done(Name::EvidenceViewed, kind, id) }).await
}

/// The record of a review that is taken away.
#[derive(Clone, Debug)]
pub enum Pack {
    /// Its items as a list.
    Items(Sheet),
    /// Everything that it rests on, as an archive.
    Whole(Vec<u8>),
}

/// Makes the record of a review for an auditor who takes it away, `is_whole` with everything that it rests on. It is an event
/// of the trail.
///
/// # Errors
/// As [`review`]; `StepUp` if they must show again who they are.
pub async fn take_pack(
    cx: &mut Cx<'_>,
    key: EngagementKey,
    number: ReviewKey,
    is_whole: bool,
) -> Result<Pack> {
    let SeenReview { whole, hidden } = review(cx, key, number).await?;
    let field = field(cx, key).await?;
    cx.permit_on(TAKE, &field.object)?;
    let pack = if is_whole {
        Pack::Whole(access_review::archive(cx, &whole, hidden).await?)
    } else {
        Pack::Items(access_review::pack_sheet(cx, &whole).await?)
    };
    let after = json!({ "engagement": key, "items": whole.items.len(), "hidden": hidden });
    let event = Event::done(Name::EvidenceDownloaded, "access_review", number);
    audit::record(cx, Event { after: Some(after), ..event }).await?;
    Ok(pack)
}
