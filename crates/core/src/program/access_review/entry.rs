//! What happens to items, as entries that are only added, and what stands after them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Flag, Item, MAX_TEXT_CHARS, Review, Seat, SeatRole, State, Unanswered, only_each_other};
use crate::Timestamp;
use crate::id::ActorId;
use crate::identity::separation::{self, Conflict};
use crate::program::access::Answer;
use crate::time::DAY_US;
use crate::words::readable;

/// Longest time of an exception in days.
const MAX_EXCEPTION_DAYS: i64 = 366;

/// What is decided about an item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "decision", rename_all = "snake_case", deny_unknown_fields)]
pub enum Decision {
    /// The right stays.
    Keep,
    /// It is replaced by a smaller one.
    Reduce {
        /// By which.
        to: String,
    },
    /// It goes.
    Revoke,
    /// The reviewer is the wrong person. It is no answer.
    NotMine,
    /// It stays until then, against the rule.
    Exception {
        /// First moment at which it does not.
        until: Timestamp,
    },
}

impl Decision {
    /// Returns the word used in storage and addresses.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Reduce { .. } => "reduce",
            Self::Revoke => "revoke",
            Self::NotMine => "not_mine",
            Self::Exception { .. } => "exception",
        }
    }

    /// Returns what people call it.
    #[must_use]
    pub fn title(&self) -> &'static str {
        match self {
            Self::Keep => "Keep",
            Self::Reduce { .. } => "Reduce",
            Self::Revoke => "Revoke",
            Self::NotMine => "Not mine",
            Self::Exception { .. } => "Exception",
        }
    }
}

/// A decision with what there is to say of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    /// The item.
    pub item: u64,
    /// As what it was decided.
    pub seat: SeatRole,
    /// What was decided.
    #[serde(flatten)]
    pub decision: Decision,
    /// Why.
    pub why: String,
    /// Whether many were decided at once.
    pub is_bulk: bool,
    /// For whom, where a delegate decided.
    pub on_behalf_of: Option<ActorId>,
}

impl Entry {
    /// Returns the item that it is about; none where it is about no single one.
    #[must_use]
    pub fn item(&self) -> Option<u64> {
        match self {
            Self::Decided(decided) => Some(decided.item),
            Self::Reassigned { item, .. } | Self::Ticketed { item, .. } | Self::LookedBack { item, .. } => {
                Some(*item)
            }
            Self::Delegated(_) => None,
        }
    }
}

/// Somebody decides for somebody else, for a time and in writing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delegation {
    /// For whom.
    pub from: ActorId,
    /// Who.
    pub to: ActorId,
    /// First moment at which they do not any more.
    pub until: Timestamp,
    /// Why.
    pub note: String,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub enum Entry {
    /// Somebody decided.
    Decided(Decided),
    /// Somebody else decides.
    Reassigned {
        /// The item.
        item: u64,
        /// As what.
        seat: SeatRole,
        /// Who was to decide.
        from: ActorId,
        /// Who is now.
        to: ActorId,
        /// Why.
        note: String,
    },
    /// Somebody decides for somebody else.
    Delegated(Delegation),
    /// The removal has a ticket. It proves nothing.
    Ticketed {
        /// The item.
        item: u64,
        /// The ticket.
        ticket: String,
    },
    /// Whether the right was used while it should not have been there.
    LookedBack {
        /// The item.
        item: u64,
        /// Whether it was.
        used: Answer,
        /// Where somebody looked, and what they saw.
        note: String,
    },
}

/// An entry with who made it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// Number in its review, from 1.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: ActorId,
    /// What.
    pub entry: Entry,
}

/// A decision with who made it and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// Who.
    pub by: ActorId,
    /// When.
    pub at: Timestamp,
    /// What.
    pub decided: Decided,
}

/// Who decides about an item as what, and what they decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeatStanding {
    /// Who, as what.
    pub seat: Seat,
    /// The newest decision.
    pub made: Option<Made>,
}

impl SeatStanding {
    /// Returns the answer; saying that it is not theirs is none.
    #[must_use]
    pub fn answer(&self) -> Option<&Made> {
        self.made.as_ref().filter(|made| made.decided.decision != Decision::NotMine)
    }
}

/// What follows for an item from the decisions about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Somebody has not answered.
    Undecided,
    /// It stays.
    Keep,
    /// It stays for a time.
    Exception,
    /// It is replaced by a smaller one.
    Reduce,
    /// It goes.
    Revoke,
}

impl Outcome {
    /// Returns the word used in addresses and answers.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Undecided => "undecided",
            Self::Keep => "keep",
            Self::Exception => "exception",
            Self::Reduce => "reduce",
            Self::Revoke => "revoke",
        }
    }

    /// Returns what people call it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Undecided => "No answer",
            Self::Keep => "Keep",
            Self::Exception => "Exception",
            Self::Reduce => "Reduce",
            Self::Revoke => "Revoke",
        }
    }

    /// Tells whether the right has to be gone from later lists.
    #[must_use]
    pub fn is_removal(self) -> bool {
        matches!(self, Self::Reduce | Self::Revoke)
    }
}

/// An item with what stands about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemStanding<'a> {
    /// The item.
    pub item: &'a Item,
    /// Who decides, and what.
    pub seats: Vec<SeatStanding>,
    /// The newest ticket of its removal.
    pub ticket: Option<String>,
    /// The newest look back: whether it was used, and what was seen.
    pub looked_back: Option<(Answer, String)>,
}

impl ItemStanding<'_> {
    /// Returns what follows: the strictest of the answers once everybody has one.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        let of = |seat: &SeatStanding| match seat.answer().map(|made| &made.decided.decision) {
            None | Some(Decision::NotMine) => Outcome::Undecided,
            Some(Decision::Keep) => Outcome::Keep,
            Some(Decision::Exception { .. }) => Outcome::Exception,
            Some(Decision::Reduce { .. }) => Outcome::Reduce,
            Some(Decision::Revoke) => Outcome::Revoke,
        };
        let outcomes: Vec<Outcome> = self.seats.iter().map(of).collect();
        if outcomes.contains(&Outcome::Undecided) {
            return Outcome::Undecided;
        }
        outcomes.into_iter().max().unwrap_or(Outcome::Undecided)
    }

    /// Returns what becomes of it when deciding has ended: without an answer, what the scope says.
    #[must_use]
    pub fn final_outcome(&self, unanswered: Unanswered) -> Outcome {
        match (self.outcome(), unanswered) {
            (Outcome::Undecided, Unanswered::Revoke) => Outcome::Revoke,
            (outcome, _) => outcome,
        }
    }

    /// Returns the last moment at which somebody answered.
    #[must_use]
    pub fn answered_at(&self) -> Option<Timestamp> {
        self.seats.iter().filter_map(|seat| seat.answer().map(|made| made.at)).max()
    }
}

/// Somebody for whose answer an item waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wait {
    /// The item.
    pub item: u64,
    /// As what they decide.
    pub seat: SeatRole,
    /// Who.
    pub who: ActorId,
    /// First moment at which it does not wait for them any more: for whoever decides in somebody's place.
    pub until: Option<Timestamp>,
}

/// All items with what stands about them, in the order of their numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing<'a> {
    /// The items.
    pub items: Vec<ItemStanding<'a>>,
    /// Who decides for whom, oldest first, each with when it was said.
    pub delegations: Vec<(Timestamp, &'a Delegation)>,
}

impl<'a> Standing<'a> {
    /// Returns items without an answer.
    pub fn undecided(&self) -> impl Iterator<Item = &ItemStanding<'a>> {
        self.items.iter().filter(|one| one.outcome() == Outcome::Undecided)
    }

    /// Finds an item.
    #[must_use]
    pub fn item(&self, number: u64) -> Option<&ItemStanding<'a>> {
        let at = self.items.binary_search_by_key(&number, |one| one.item.number).ok()?;
        self.items.get(at)
    }

    /// Tells for whom somebody may decide at a moment, themselves included.
    #[must_use]
    pub fn acts_for(&self, who: ActorId, at: Timestamp) -> Vec<ActorId> {
        let given = self
            .delegations
            .iter()
            .filter(|(since, given)| given.to == who && *since <= at && at < given.until);
        let mut all: Vec<ActorId> = std::iter::once(who).chain(given.map(|(_, given)| given.from)).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Returns items that wait for somebody's answer, as what they decide.
    pub fn waiting_for(
        &self,
        who: ActorId,
        at: Timestamp,
    ) -> impl Iterator<Item = (&ItemStanding<'a>, SeatRole)> {
        let all = self.acts_for(who, at);
        self.items.iter().filter_map(move |one| {
            if one.item.holders.contains(&who) {
                return None;
            }
            let waits = |seat: &&SeatStanding| all.contains(&seat.seat.reviewer) && seat.made.is_none();
            one.seats.iter().find(waits).map(|seat| (one, seat.seat.role))
        })
    }

    /// Returns for whose answers an item waits: of each seat without one for whoever has it, and for those who decide in their
    /// place after `at`. Never for those whom it is about.
    #[must_use]
    pub fn waits_of(&self, one: &ItemStanding<'a>, at: Timestamp) -> Vec<Wait> {
        let mut waits: BTreeMap<(SeatRole, ActorId), Option<Timestamp>> = BTreeMap::new();
        for seat in one.seats.iter().filter(|seat| seat.made.is_none()) {
            let (role, reviewer) = (seat.seat.role, seat.seat.reviewer);
            waits.insert((role, reviewer), None);
            for (_, given) in self.delegations.iter().filter(|(_, given)| given.from == reviewer) {
                if given.until <= at {
                    continue;
                }
                // Who was let twice may until the later of both.
                let until = waits.entry((role, given.to)).or_insert(Some(given.until));
                *until = until.map(|known| known.max(given.until));
            }
        }
        let is_theirs = |((_, who), _): &((SeatRole, ActorId), _)| !one.item.holders.contains(who);
        let wait = |((seat, who), until)| Wait { item: one.item.number, seat, who, until };
        waits.into_iter().filter(is_theirs).map(wait).collect()
    }
}

/// Folds entries over items: the newest of each counts.
#[must_use]
pub fn standing<'a>(items: &'a [Item], entries: &'a [Recorded]) -> Standing<'a> {
    let mut all: BTreeMap<u64, ItemStanding<'a>> = items
        .iter()
        .map(|item| {
            let seats = item.seats.iter().map(|seat| SeatStanding { seat: *seat, made: None }).collect();
            (item.number, ItemStanding { item, seats, ticket: None, looked_back: None })
        })
        .collect();
    let mut delegations = Vec::new();
    for recorded in entries {
        match &recorded.entry {
            Entry::Decided(decided) => {
                let seats = all.get_mut(&decided.item).map(|one| &mut one.seats);
                for seat in seats.into_iter().flatten().filter(|seat| seat.seat.role == decided.seat) {
                    seat.made = Some(Made { by: recorded.by, at: recorded.at, decided: decided.clone() });
                }
            }
            Entry::Reassigned { item, seat: role, to, .. } => {
                let seats = all.get_mut(item).map(|one| &mut one.seats);
                for seat in seats.into_iter().flatten().filter(|seat| seat.seat.role == *role) {
                    seat.seat.reviewer = *to;
                    // Whoever said that it is not theirs has said so of themselves.
                    seat.made = None;
                }
            }
            Entry::Delegated(delegation) => delegations.push((recorded.at, delegation)),
            Entry::Ticketed { item, ticket } => {
                if let Some(one) = all.get_mut(item) {
                    one.ticket = Some(ticket.clone());
                }
            }
            Entry::LookedBack { item, used, note } => {
                if let Some(one) = all.get_mut(item) {
                    one.looked_back = Some((*used, note.clone()));
                }
            }
        }
    }
    Standing { items: all.into_values().collect(), delegations }
}

/// Why a decision, a delegation or a reassignment is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecisionError {
    /// It is not open.
    #[error("the review is in the state {:?}; decisions are made while it is open", .0.title().to_lowercase())]
    State(State),
    /// No such item.
    #[error("the review has no item {0}")]
    NoItem(u64),
    /// Somebody else decides.
    #[error("item {0} is for somebody else to decide")]
    NotYours(u64),
    /// A rule of the separation of duties.
    #[error("item {0}: {1}")]
    Separation(u64, Conflict),
    /// A reason is needed.
    #[error("item {0}: say why; {1}")]
    NoReason(u64, &'static str),
    /// What it is reduced to.
    #[error("item {0}: say which smaller right takes its place")]
    NoSmaller(u64),
    /// An exception ends.
    #[error("item {0}: an exception ends after now and within {MAX_EXCEPTION_DAYS} days")]
    Until(u64),
    /// Only low tiers, and nothing odd.
    #[error(
        "item {0} is decided by itself: many at once only where the tier is low and nothing calls for a reason"
    )]
    NoBulk(u64),
    /// It is decided.
    #[error("item {0} is decided; it is reassigned only before that")]
    IsDecided(u64),
    /// Two people would decide about each other alone.
    #[error("item {0}: two people would be each other's only reviewers")]
    EachOther(u64),
    /// A delegation to oneself, without an end, or without words.
    #[error("{0}")]
    Delegation(&'static str),
    /// Too long.
    #[error("a text has at most {MAX_TEXT_CHARS} characters, none of them control")]
    Text,
}

/// Returns why keeping an item needs a reason; none where it does not.
#[must_use]
pub fn why_keep_needs_reason(item: &Item) -> Option<&'static str> {
    if item.holding.tier.is_privileged() {
        return Some("the right is privileged");
    }
    if item.flags.iter().copied().any(Flag::needs_reason) {
        return Some("something about it is odd");
    }
    None
}

/// Checks a decision that somebody makes, and returns it as it is kept.
///
/// # Errors
/// If the review is not open, the item is somebody else's to decide, is about the reviewer or handed out by them, or what
/// the decision needs is missing.
pub fn check_decision(
    review: &Review,
    standing: &Standing<'_>,
    (number, decision, why): (u64, Decision, &str),
    is_bulk: bool,
    (by, now): (ActorId, Timestamp),
) -> Result<Decided, DecisionError> {
    if review.state != State::Open {
        return Err(DecisionError::State(review.state));
    }
    let one = standing.item(number).ok_or(DecisionError::NoItem(number))?;
    let provisioners = review.system(&one.item.system).map(|system| &system.provisioners);
    let reviewed = one.item.reviewed(&provisioners.cloned().unwrap_or_default());
    // First of all, as it holds whoever was assigned: nobody decides about their own.
    separation::review(by, &reviewed).map_err(|conflict| DecisionError::Separation(number, conflict))?;
    let acts_for = standing.acts_for(by, now);
    let mut seats = one.seats.iter().filter(|seat| acts_for.contains(&seat.seat.reviewer));
    // An own seat before one that is held for somebody else, an unanswered one before an answered.
    let seat = seats
        .clone()
        .find(|seat| seat.seat.reviewer == by && seat.made.is_none())
        .or_else(|| seats.clone().find(|seat| seat.made.is_none()))
        .or_else(|| seats.clone().find(|seat| seat.seat.reviewer == by))
        .or_else(|| seats.next())
        .ok_or(DecisionError::NotYours(number))?;
    // Two people decide about what controls everything.
    let others = one.seats.iter().filter(|other| other.seat.role != seat.seat.role);
    if others.into_iter().any(|other| other.answer().is_some_and(|made| made.by == by)) {
        return Err(DecisionError::NotYours(number));
    }
    let why = readable(why, MAX_TEXT_CHARS).ok_or(DecisionError::Text)?;
    let odd = why_keep_needs_reason(one.item);
    if is_bulk && (!one.item.holding.tier.is_low() || odd.is_some()) {
        return Err(DecisionError::NoBulk(number));
    }
    let needs = match &decision {
        Decision::Keep => odd,
        Decision::Exception { until } => {
            if *until <= now || *until > now.plus_micros(MAX_EXCEPTION_DAYS * DAY_US) {
                return Err(DecisionError::Until(number));
            }
            Some("an exception has a reason")
        }
        Decision::Reduce { to } => {
            if crate::program::access::name("right", to).is_err() {
                return Err(DecisionError::NoSmaller(number));
            }
            None
        }
        Decision::NotMine => Some("whoever assigns it again wants to know whose it is"),
        Decision::Revoke => None,
    };
    if let (Some(what), true) = (needs, why.is_empty()) {
        return Err(DecisionError::NoReason(number, what));
    }
    let on_behalf_of = Some(seat.seat.reviewer).filter(|reviewer| *reviewer != by);
    Ok(Decided { item: number, seat: seat.seat.role, decision, why, is_bulk, on_behalf_of })
}

/// Checks that somebody lets somebody else decide for them.
///
/// # Errors
/// If it is to themselves, ends already or after the review is due by more than a month, or nothing is written about it.
pub fn check_delegation(
    review: &Review,
    delegation: Delegation,
    now: Timestamp,
) -> Result<Delegation, DecisionError> {
    if !matches!(review.state, State::Frozen | State::Open) {
        return Err(DecisionError::State(review.state));
    }
    let wrong = |what| Err(DecisionError::Delegation(what));
    if delegation.from == delegation.to {
        return wrong("nobody decides for themselves by delegation");
    }
    if delegation.until <= now || delegation.until > review.scope.due_at.plus_micros(31 * DAY_US) {
        return wrong("a delegation ends after now, and within a month of when decisions are due");
    }
    let note = readable(&delegation.note, MAX_TEXT_CHARS).ok_or(DecisionError::Text)?;
    if note.is_empty() {
        return wrong("a delegation is made in writing: say why");
    }
    Ok(Delegation { note, ..delegation })
}

/// Checks that somebody else decides about an item from now on.
///
/// # Errors
/// If the review is past deciding, the item is answered, or the other may not decide about it, or no note says why.
pub fn check_reassignment(
    review: &Review,
    standing: &Standing<'_>,
    (number, role, to): (u64, SeatRole, ActorId),
    note: &str,
) -> Result<Entry, DecisionError> {
    if !matches!(review.state, State::Frozen | State::Open) {
        return Err(DecisionError::State(review.state));
    }
    let one = standing.item(number).ok_or(DecisionError::NoItem(number))?;
    let seat = one.seats.iter().find(|seat| seat.seat.role == role).ok_or(DecisionError::NoItem(number))?;
    if seat.answer().is_some() {
        return Err(DecisionError::IsDecided(number));
    }
    let provisioners = review.system(&one.item.system).map(|system| system.provisioners.clone());
    let reviewed = one.item.reviewed(&provisioners.unwrap_or_default());
    separation::review(to, &reviewed).map_err(|conflict| DecisionError::Separation(number, conflict))?;
    if one.seats.iter().any(|other| other.seat.role != role && other.seat.reviewer == to) {
        return Err(DecisionError::NotYours(number));
    }
    let mut after = standing.clone();
    for one in after.items.iter_mut().filter(|one| one.item.number == number) {
        for seat in one.seats.iter_mut().filter(|seat| seat.seat.role == role) {
            seat.seat.reviewer = to;
        }
    }
    // Who is so already is let out of it, one by one.
    if only_each_other(&after).iter().any(|pair| !only_each_other(standing).contains(pair)) {
        return Err(DecisionError::EachOther(number));
    }
    let note = readable(note, MAX_TEXT_CHARS).ok_or(DecisionError::Text)?;
    if note.is_empty() {
        return Err(DecisionError::NoReason(number, "it is reassigned with a note"));
    }
    Ok(Entry::Reassigned { item: number, seat: role, from: seat.seat.reviewer, to, note })
}
