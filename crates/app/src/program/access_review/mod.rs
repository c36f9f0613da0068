//! Reviews of access: what they are about, their snapshot, who decides what, removals and the end.
//!
//! A review is kept whole in versions, its items once, and what happens to them as entries that are only added. Whoever
//! decides needs `access_decision.approve` on their own items and is never whom an item is about. Owns the tables of
//! migrations `0077_access_review.sql` and `0092_access_review_wait.sql`.

mod act;
mod drift;
mod pack;
mod run;
mod sql;
mod waits;

use std::collections::{BTreeMap, BTreeSet};

use tickmark_core::Timestamp;
use tickmark_core::id::ActorId;
use tickmark_core::identity::matrix::cell;
use tickmark_core::identity::{Atom, Object, Resource, Verb};
use tickmark_core::program::access::fold;
use tickmark_core::program::access_review::{
    Deviation, Due, Entry, Item, Outcome, People, Quality, Recorded, Removal, Review, ReviewKey, Rights,
    Standing, State, deviations, due, not_looked_back, quality, removals, standing,
};

use super::access;
use crate::context::View;
use crate::identity::people;
use crate::{ActorKind, Error, Result, identity};

pub use act::{Answer, DecideMany, decide, decide_many, delegate, look_back, reassign, ticket};
pub use drift::{Later, later};
pub use pack::{PACK_COLUMNS, take_archive, take_pack};
pub(crate) use pack::{archive, sheet as pack_sheet};
pub use run::{change, confirm, draft, freeze, open, sign, step};
#[cfg(feature = "testing")]
pub use waits::plan_of_waiting;
pub(crate) use waits::rebuild as rebuild_waits;
pub use waits::{WaitingReview, waiting};

const READ: Atom = Atom::new(Resource::AccessReview, Verb::Read);
const CREATE: Atom = Atom::new(Resource::AccessReview, Verb::Create);
const UPDATE: Atom = Atom::new(Resource::AccessReview, Verb::Update);
const SIGN: Atom = Atom::new(Resource::AccessReview, Verb::Approve);
const DECIDE: Atom = Atom::new(Resource::AccessDecision, Verb::Approve);
/// Most reviews in one answer.
pub const MAX_REVIEWS: u32 = 10_000;
/// Most items of one review.
pub const MAX_ITEMS: u64 = 100_000;

/// A review with everything that belongs to it.
#[derive(Clone, Debug)]
pub struct Whole {
    /// The review as it is now.
    pub review: Review,
    /// Number of its newest version, for changes made from it.
    pub version: u32,
    /// Its items.
    pub items: Vec<Item>,
    /// What happened to them, oldest first.
    pub entries: Vec<Recorded>,
    /// What has to go, and how far that has come.
    pub removals: Vec<Removal>,
}

impl Whole {
    /// Returns what stands.
    #[must_use]
    pub fn standing(&self) -> Standing<'_> {
        standing(&self.items, &self.entries)
    }

    /// Returns how each reviewer decided.
    #[must_use]
    pub fn quality(&self) -> BTreeMap<ActorId, Quality> {
        quality(&self.review, &self.standing(), &self.entries)
    }

    /// Returns what was not as it should be: as found when it was signed, and what came back since.
    #[must_use]
    pub fn deviations(&self) -> Vec<Deviation> {
        deviations(&self.review, &self.standing(), &self.removals)
    }

    /// Returns the items that have to go and of which nobody looked whether they were used.
    #[must_use]
    pub fn not_looked_back(&self) -> Vec<u64> {
        not_looked_back(&self.standing(), &self.removals)
    }

    /// Returns what of it is about some systems, and how many items are about others; none if it is about others only.
    pub(crate) fn within(mut self, is_within: impl Fn(&str) -> bool) -> Option<(Self, u64)> {
        let before = self.items.len();
        self.review.scope.systems.retain(|system| is_within(&system.name));
        if self.review.scope.systems.is_empty() {
            return None;
        }
        self.items.retain(|item| is_within(&item.system));
        let numbers: BTreeSet<u64> = self.items.iter().map(|item| item.number).collect();
        let seats = self.items.iter().flat_map(|item| &item.seats);
        let mut deciders: BTreeSet<ActorId> = seats.map(|seat| seat.reviewer).collect();
        self.entries.retain(|recorded| match &recorded.entry {
            Entry::Decided(decided) => numbers.contains(&decided.item),
            Entry::Reassigned { item, to, .. } => {
                let is_within = numbers.contains(item);
                deciders.extend(is_within.then_some(*to));
                is_within
            }
            Entry::Ticketed { item, .. } | Entry::LookedBack { item, .. } => numbers.contains(item),
            Entry::Delegated(_) => true,
        });
        let is_of = |recorded: &Recorded| match &recorded.entry {
            Entry::Delegated(delegation) => deciders.contains(&delegation.from),
            _ => true,
        };
        self.entries.retain(is_of);
        self.removals.retain(|removal| numbers.contains(&removal.item));
        if let Some(snapshot) = &mut self.review.snapshot {
            snapshot.lists.retain(|list| is_within(&list.system));
        }
        if let Some(signed) = &mut self.review.signed {
            let part = |one: &Deviation| one.within(|item| numbers.contains(&item));
            signed.deviations = signed.deviations.iter().filter_map(part).collect();
        }
        let hidden = before - self.items.len();
        Some((self, hidden as u64))
    }

    /// Returns the removal of an item.
    #[must_use]
    pub fn removal(&self, item: u64) -> Option<&Removal> {
        self.removals.iter().find(|removal| removal.item == item)
    }

    /// Counts items by what follows for them.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<Outcome, usize> {
        let mut counts = BTreeMap::new();
        for one in &self.standing().items {
            *counts.entry(one.outcome()).or_default() += 1;
        }
        counts
    }
}

/// Lists reviews as they are now, newest first.
///
/// # Errors
/// `Forbidden` for whoever may not see reviews.
pub async fn list(view: &mut View<'_>) -> Result<Vec<Review>> {
    view.permit_whole(READ)?;
    everything(view).await
}

/// Lists reviews as they are now, newest first, whoever asks.
pub(crate) async fn everything(view: &mut View<'_>) -> Result<Vec<Review>> {
    let organization = view.organization();
    sql::reviews(view.connection(), organization, MAX_REVIEWS).await
}

/// Finds a review as it is now, whoever asks.
pub(crate) async fn look_up(view: &mut View<'_>, key: ReviewKey) -> Result<Option<Review>> {
    let organization = view.organization();
    Ok(sql::review(view.connection(), organization, key).await?.map(|(review, _)| review))
}

/// Returns a review as it is now, without its items.
///
/// # Errors
/// As [`whole`].
pub async fn find(view: &mut View<'_>, key: ReviewKey) -> Result<Review> {
    Ok(current(view, key).await?.0)
}

/// Returns a review as it is now, without its items, with the number of its newest version, for changes made from it.
///
/// # Errors
/// As [`whole`].
pub async fn current(view: &mut View<'_>, key: ReviewKey) -> Result<(Review, u32)> {
    view.permit_whole(READ)?;
    let organization = view.organization();
    let found = sql::review(view.connection(), organization, key).await?;
    found.ok_or_else(|| Error::not_found("review of access", key))
}

/// A review as it stood from a moment on.
#[derive(Clone, Debug)]
pub struct ReviewVersion {
    /// Number, from 1.
    pub number: i64,
    /// From when.
    pub since: Timestamp,
    /// Who took the step.
    pub by: ActorId,
    /// The review.
    pub record: Review,
}

/// Returns every version of a review, oldest first.
///
/// # Errors
/// As [`whole`].
pub async fn versions(view: &mut View<'_>, key: ReviewKey) -> Result<Vec<ReviewVersion>> {
    view.permit_whole(READ)?;
    let organization = view.organization();
    let versions = sql::versions(view.connection(), organization, key).await?;
    if versions.is_empty() {
        return Err(Error::not_found("review of access", key));
    }
    Ok(versions)
}

/// Returns a review with everything that belongs to it.
///
/// # Errors
/// `Forbidden`; `NotFound`.
pub async fn whole(view: &mut View<'_>, key: ReviewKey) -> Result<Whole> {
    view.permit_whole(READ)?;
    load(view, key).await
}

/// What of a review is somebody's to decide.
#[derive(Clone, Debug)]
pub struct Own {
    /// The review with its items and entries.
    pub whole: Whole,
    /// Numbers of the items that they decide about, or decided about.
    pub items: BTreeSet<u64>,
}

/// Returns what of a review is for the actor to decide, themselves or for others.
///
/// # Errors
/// `Forbidden` for whoever decides nothing; `NotFound` if there is no such review, or nothing in it is theirs.
pub async fn own(view: &mut View<'_>, key: ReviewKey) -> Result<Own> {
    view.permit(DECIDE)?;
    let whole = load(view, key).await?;
    let (by, now) = (view.actor.id, view.now);
    let items = {
        let standing = whole.standing();
        let acts_for = standing.acts_for(by, now);
        let is_own = |one: &&tickmark_core::program::access_review::ItemStanding<'_>| {
            one.seats.iter().any(|seat| {
                acts_for.contains(&seat.seat.reviewer) || seat.made.as_ref().is_some_and(|made| made.by == by)
            })
        };
        standing.items.iter().filter(is_own).map(|one| one.item.number).collect::<BTreeSet<u64>>()
    };
    if items.is_empty() {
        return Err(Error::not_found("review of access", key));
    }
    Ok(Own { whole, items })
}

/// A review that is open, for whoever looks after it that it is done.
#[derive(Clone, Debug)]
pub(crate) struct Running {
    /// Its number.
    pub(crate) key: ReviewKey,
    /// Its title.
    pub(crate) title: String,
    /// When decisions are due.
    pub(crate) due_at: Timestamp,
    /// How much of the time is over, in percent.
    pub(crate) time_over: u8,
    /// Who began it.
    pub(crate) by: ActorId,
    /// Who answers for its systems.
    pub(crate) owners: BTreeSet<ActorId>,
    /// Items without an answer.
    pub(crate) unanswered: usize,
    /// Who has to answer.
    pub(crate) waits_for: BTreeSet<ActorId>,
}

/// Returns the open reviews in which an answer is missing, those that somebody began or all, whoever asks.
pub(crate) async fn running(view: &mut View<'_>, by: Option<ActorId>) -> Result<Vec<Running>> {
    let (organization, now) = (view.organization(), view.now);
    let mut all = everything(view).await?;
    all.retain(|one| one.state == State::Open && by.is_none_or(|by| one.made.0 == by));
    let mut found = Vec::new();
    for review in all {
        let items = sql::items(view.connection(), organization, review.key).await?;
        let entries = sql::entries(view.connection(), organization, review.key).await?;
        let all = standing(&items, &entries);
        let unanswered = all.undecided().count();
        if unanswered == 0 {
            continue;
        }
        let open = all.undecided().flat_map(|one| one.seats.iter().filter(|seat| seat.answer().is_none()));
        let waits_for = open.map(|seat| seat.seat.reviewer).collect();
        found.push(Running {
            key: review.key,
            title: review.scope.title.clone(),
            due_at: review.scope.due_at,
            time_over: review.time_over(now).unwrap_or(0),
            by: review.made.0,
            owners: review.scope.systems.iter().map(|system| system.owner).collect(),
            unanswered,
            waits_for,
        });
    }
    Ok(found)
}

/// How long ago the rights of a system were reviewed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reviewed {
    /// The system, as its newest list calls it.
    pub system: String,
    /// What of its rights.
    pub rights: Rights,
    /// Whether they were reviewed often enough.
    pub due: Due,
}

/// Returns for every system of which there is a list whether its rights were reviewed often enough, by system.
///
/// # Errors
/// `Forbidden` for whoever may not see reviews.
pub async fn reviewed(view: &mut View<'_>) -> Result<Vec<Reviewed>> {
    view.permit_whole(READ)?;
    let (reviews, now) = (everything(view).await?, view.now);
    let lists = access::newest(view, now.plus_micros(1)).await?;
    let of = |list: &tickmark_core::program::access::AccessList| {
        let is_it = |name: &str| fold(name) == fold(&list.system);
        Rights::ALL.map(|rights| Reviewed {
            system: list.system.clone(),
            rights,
            due: due(&reviews, is_it, rights, now),
        })
    };
    Ok(lists.iter().flat_map(of).collect())
}

/// Reads a review, its items, its entries and what lists show since.
pub(crate) async fn load(view: &mut View<'_>, key: ReviewKey) -> Result<Whole> {
    let (organization, now) = (view.organization(), view.now);
    let found = sql::review(view.connection(), organization, key).await?;
    let (review, version) = found.ok_or_else(|| Error::not_found("review of access", key))?;
    let items = sql::items(view.connection(), organization, key).await?;
    let entries = sql::entries(view.connection(), organization, key).await?;
    let removals = {
        let all = standing(&items, &entries);
        let mut keys: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        if review.decided_at.is_some() {
            for one in &all.items {
                if one.final_outcome(review.scope.unanswered).is_removal() {
                    keys.entry(&one.item.system).or_default().insert(one.item.holding.key());
                }
            }
        }
        let since = review.opened_at.unwrap_or(now);
        let mut sightings = Vec::new();
        for (system, keys) in &keys {
            sightings.extend(access::sightings(view, system, since, keys).await?);
        }
        removals(&review, &all, &sightings, now)
    };
    Ok(Whole { review, version, items, entries, removals })
}

/// Reads what deciding about some items of a review depends on: the review, these items, and what happened to them or lets
/// somebody decide for somebody else. What lists show since is left out.
async fn load_some(view: &mut View<'_>, key: ReviewKey, numbers: &[u64]) -> Result<Whole> {
    let organization = view.organization();
    let found = sql::review(view.connection(), organization, key).await?;
    let (review, version) = found.ok_or_else(|| Error::not_found("review of access", key))?;
    let items = sql::items_numbered(view.connection(), organization, key, numbers).await?;
    let mut entries = sql::entries_about(view.connection(), organization, key, numbers).await?;
    let numbers: BTreeSet<u64> = numbers.iter().copied().collect();
    entries.retain(|recorded| recorded.entry.item().is_none_or(|item| numbers.contains(&item)));
    Ok(Whole { review, version, items, entries, removals: Vec::new() })
}

/// Reads the number of a review as it stands in addresses.
#[must_use]
pub fn parse(text: &str) -> Option<ReviewKey> {
    text.strip_prefix("AR-").unwrap_or(text).parse().ok().filter(|key| *key > 0).map(ReviewKey)
}

/// A member who may decide about access.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decider {
    /// Who.
    pub actor: ActorId,
    /// Name for people.
    pub name: String,
}

/// Returns the members who may decide about access, by name.
///
/// # Errors
/// `Forbidden` for whoever may not see reviews.
pub async fn deciders(view: &mut View<'_>) -> Result<Vec<Decider>> {
    view.permit_whole(READ)?;
    let now = view.now;
    let mut all: Vec<Decider> = people::everybody(view)
        .await?
        .into_iter()
        .filter(|member| decides(member, now))
        .map(|member| Decider { actor: member.actor, name: member.name })
        .collect();
    all.sort_by(|a, b| (&a.name, a.actor).cmp(&(&b.name, b.actor)));
    Ok(all)
}

fn decides(member: &people::Member, now: Timestamp) -> bool {
    let is_here = member.standing == tickmark_core::identity::Standing::Active && member.valid.contains(now);
    is_here && member.roles.iter().any(|role| cell(*role, DECIDE.resource).scope(DECIDE.verb).is_some())
}

/// Returns the members that lists may name.
async fn known(view: &mut View<'_>) -> Result<People> {
    let now = view.now;
    let mut known = People::default();
    for member in people::everybody(view).await? {
        for name in [&member.email, &member.name] {
            known.names.insert(fold(name), member.actor);
        }
        if decides(&member, now) {
            known.deciders.insert(member.actor);
        }
    }
    // Whoever works on the machine itself has a name here and is no member.
    let members: BTreeSet<ActorId> = known.names.values().copied().collect();
    for (&who, label) in identity::labels(view).await?.iter() {
        if label.is_empty() || members.contains(&who) {
            continue;
        }
        if identity::actor(view, who).await?.kind == ActorKind::Person {
            known.names.entry(fold(label)).or_insert(who);
            known.deciders.insert(who);
        }
    }
    Ok(known)
}

/// Refuses people who are not here, or may decide nothing.
async fn need_deciders(view: &mut View<'_>, wanted: &BTreeSet<ActorId>) -> Result<()> {
    let now = view.now;
    let members = people::everybody(view).await?;
    for who in wanted {
        identity::need_known_person(view, Some(*who)).await?;
        let member = members.iter().find(|member| member.actor == *who);
        // Whoever works on the machine itself is no member.
        if member.is_some_and(|member| !decides(member, now)) {
            return Err(Error::invalid(
                "a reviewer has a role that decides about access; choose somebody else",
            ));
        }
    }
    Ok(())
}

/// An object that is the actor's own.
async fn own_object(view: &mut View<'_>) -> Result<Object> {
    let by = view.actor.id;
    identity::object_of(view, BTreeSet::from([by])).await
}
