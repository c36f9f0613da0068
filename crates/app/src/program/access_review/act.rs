//! What happens to items: decisions, delegations, reassignments, tickets, looking back.

use serde_json::json;
use tickmark_core::Timestamp;
use tickmark_core::id::ActorId;
use tickmark_core::program::access::Answer as Used;
use tickmark_core::program::access_review::{
    Decided, Decision, DecisionError, Delegation, Entry, MAX_TEXT_CHARS, Recorded, ReviewKey, SeatRole,
    check_decision, check_delegation, check_reassignment,
};

use super::{DECIDE, UPDATE, Whole, load, load_some, need_deciders, own_object, sql, waits};
use crate::context::Cx;
use crate::identity::audit::{self, Event, Name};
use crate::{Error, Result};

/// Most items that are decided at once.
const MAX_MANY: usize = 1_000;
/// Most characters of a ticket.
const MAX_TICKET_CHARS: usize = 200;

/// An answer to one item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The item.
    pub item: u64,
    /// What is decided.
    pub decision: Decision,
    /// Why; may be empty where no reason is needed.
    pub why: String,
}

/// An answer to many items of the lowest tier at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecideMany {
    /// The items.
    pub items: Vec<u64>,
    /// What is decided about each.
    pub decision: Decision,
    /// Why; may be empty.
    pub why: String,
}

/// Decides about an item.
///
/// # Errors
/// `Forbidden`, also for programs, for whoever it is about and for whom it is not to decide; `NotFound`; `Conflict` if the
/// review is not open; `Invalid` with what is missing.
pub async fn decide(cx: &mut Cx<'_>, key: ReviewKey, answer: Answer) -> Result<Decided> {
    may_decide(cx).await?;
    let whole = load_some(cx, key, &[answer.item]).await?;
    let asked = (answer.item, answer.decision, answer.why.as_str());
    let decided = checked(cx, key, &whole, asked, false)?;
    keep(cx, whole, vec![Entry::Decided(decided.clone())]).await?;
    Ok(decided)
}

/// Decides about many items at once, all or none. Each is marked as decided in bulk.
///
/// # Errors
/// As [`decide`]; `Invalid` if one of them is not of the lowest tier, or something calls for a look at it.
pub async fn decide_many(cx: &mut Cx<'_>, key: ReviewKey, many: DecideMany) -> Result<usize> {
    may_decide(cx).await?;
    let mut items = many.items;
    items.sort_unstable();
    items.dedup();
    if items.is_empty() || items.len() > MAX_MANY {
        return Err(Error::invalid(format!("choose at least one item, and at most {MAX_MANY}")));
    }
    let whole = load_some(cx, key, &items).await?;
    let mut entries = Vec::with_capacity(items.len());
    for item in items {
        let asked = (item, many.decision.clone(), many.why.as_str());
        entries.push(Entry::Decided(checked(cx, key, &whole, asked, true)?));
    }
    let count = entries.len();
    keep(cx, whole, entries).await?;
    Ok(count)
}

async fn begin(cx: &mut Cx<'_>, key: ReviewKey) -> Result<Whole> {
    may_decide(cx).await?;
    load(cx, key).await
}

async fn may_decide(cx: &mut Cx<'_>) -> Result<()> {
    cx.need_person()?;
    let object = own_object(cx).await?;
    cx.permit_on(DECIDE, &object)
}

fn checked(
    cx: &mut Cx<'_>,
    key: ReviewKey,
    whole: &Whole,
    asked: (u64, Decision, &str),
    is_bulk: bool,
) -> Result<Decided> {
    let by = (cx.actor.id, cx.now);
    check_decision(&whole.review, &whole.standing(), asked, is_bulk, by)
        .map_err(|error| refused(cx, key, error))
}

/// Lets somebody else decide in the actor's place, for a time.
///
/// # Errors
/// `Forbidden` for whoever decides nothing; `NotFound`; `Conflict` if the review is past deciding; `Invalid` without words or an
/// end.
pub async fn delegate(
    cx: &mut Cx<'_>,
    key: ReviewKey,
    to: ActorId,
    until: Timestamp,
    note: &str,
) -> Result<Delegation> {
    let whole = begin(cx, key).await?;
    need_deciders(cx, &[to].into()).await?;
    let (from, now) = (cx.actor.id, cx.now);
    if !whole.standing().items.iter().any(|one| one.seats.iter().any(|seat| seat.seat.reviewer == from)) {
        return Err(Error::Forbidden("nothing in this review is yours to decide".to_owned()));
    }
    let delegation = Delegation { from, to, until, note: note.to_owned() };
    let delegation =
        check_delegation(&whole.review, delegation, now).map_err(|error| refused(cx, key, error))?;
    keep(cx, whole, vec![Entry::Delegated(delegation.clone())]).await?;
    Ok(delegation)
}

/// Lets somebody else decide about an item that is not answered.
///
/// # Errors
/// `Forbidden`; `NotFound`; `Conflict` if it is answered or the review past deciding; `Invalid` without a note.
pub async fn reassign(
    cx: &mut Cx<'_>,
    key: ReviewKey,
    (item, seat, to): (u64, SeatRole, ActorId),
    note: &str,
) -> Result<()> {
    cx.permit_whole(UPDATE)?;
    let whole = load(cx, key).await?;
    need_deciders(cx, &[to].into()).await?;
    let entry = check_reassignment(&whole.review, &whole.standing(), (item, seat, to), note)
        .map_err(|error| refused(cx, key, error))?;
    keep(cx, whole, vec![entry]).await
}

/// Says which ticket a removal has. It proves nothing.
///
/// # Errors
/// `Forbidden`; `NotFound` if the item has nothing to remove; `Invalid` for what is no ticket.
pub async fn ticket(cx: &mut Cx<'_>, key: ReviewKey, item: u64, ticket: &str) -> Result<()> {
    cx.permit_whole(UPDATE)?;
    let whole = load(cx, key).await?;
    whole.removal(item).ok_or_else(|| Error::not_found("removal of item", item))?;
    let ticket = tickmark_core::words::readable(ticket, MAX_TICKET_CHARS).filter(|text| !text.is_empty());
    let ticket =
        ticket.ok_or_else(|| Error::invalid(format!("a ticket has 1 to {MAX_TICKET_CHARS} characters")))?;
    keep(cx, whole, vec![Entry::Ticketed { item, ticket }]).await
}

/// Says whether a right was used while it should not have been there.
///
/// # Errors
/// `Forbidden`; `NotFound` if the item has nothing to remove; `Invalid` without where somebody looked and what they saw.
pub async fn look_back(cx: &mut Cx<'_>, key: ReviewKey, item: u64, used: Used, note: &str) -> Result<()> {
    cx.permit_whole(UPDATE)?;
    let whole = load(cx, key).await?;
    whole.removal(item).ok_or_else(|| Error::not_found("removal of item", item))?;
    let note = tickmark_core::words::readable(note, MAX_TEXT_CHARS).filter(|text| !text.is_empty());
    let note = note.ok_or_else(|| Error::invalid("say where somebody looked, and what they saw"))?;
    keep(cx, whole, vec![Entry::LookedBack { item, used, note }]).await
}

/// A rule that refuses a person is recorded as such.
fn refused(cx: &mut Cx<'_>, key: ReviewKey, error: DecisionError) -> Error {
    match &error {
        DecisionError::Separation(_, conflict) => {
            cx.refuse_by_rule("access_review", key.to_string(), conflict.word());
            Error::Forbidden(error.to_string())
        }
        DecisionError::NotYours(_) => Error::Forbidden(error.to_string()),
        DecisionError::NoItem(item) => Error::not_found("item of the review", item),
        DecisionError::State(_) | DecisionError::IsDecided(_) => Error::conflict(error),
        _ => Error::invalid(error),
    }
}

/// Adds entries. The trail has what was done in words and ids, and a commitment to each entry.
async fn keep(cx: &mut Cx<'_>, mut whole: Whole, entries: Vec<Entry>) -> Result<()> {
    let (organization, now, by) = (cx.organization(), cx.now, cx.actor.id);
    let review = whole.review.key;
    let mut rows = Vec::with_capacity(entries.len());
    let mut commitments = Vec::with_capacity(entries.len());
    // Not of what was loaded: that may be about some items only.
    let first = sql::last_entry(cx.connection(), organization, review).await? + 1;
    let name = entries.first().map(name_of).ok_or_else(|| Error::invalid("nothing to write down"))?;
    let words = entries.first().map(words_of).unwrap_or_default();
    for (number, entry) in (first..).zip(entries) {
        let recorded = Recorded { number, at: now, by, entry };
        let (salt, commitment) = crate::program::commit(cx.app, "an entry of a review", &recorded)?;
        rows.push((recorded, salt));
        commitments.push(commitment);
    }
    sql::add_entries(cx.connection(), organization, review, &rows).await?;
    whole.entries.extend(rows.iter().map(|(recorded, _)| recorded.clone()));
    waits::follow(cx, &whole, first).await?;
    // One event for one act, however many items it is about: their commitments are folded into one digest.
    let record = match commitments.as_slice() {
        [one] => *one,
        many => tickmark_core::canonical::digest(&many)
            .map_err(|error| Error::internal("writing entries of a review", error))?,
    };
    let mut after = json!({"review": review, "first": first, "entries": rows.len(), "record": record});
    if let (Some(after), Some(words)) = (after.as_object_mut(), words.as_object()) {
        after.extend(words.clone());
    }
    let event = Event::done(name, "access_review", review);
    audit::record(cx, Event { after: Some(after), ..event }).await
}

fn name_of(entry: &Entry) -> Name {
    match entry {
        Entry::Decided(_) => Name::ReviewDecided,
        Entry::Reassigned { .. } => Name::ReviewReassigned,
        Entry::Delegated(_) => Name::ReviewDelegated,
        Entry::Ticketed { .. } => Name::ReviewTicketed,
        Entry::LookedBack { .. } => Name::ReviewLookedBack,
    }
}

fn words_of(entry: &Entry) -> serde_json::Value {
    match entry {
        Entry::Decided(decided) => {
            json!({"item": decided.item, "decision": decided.decision.word(), "bulk": decided.is_bulk})
        }
        Entry::Reassigned { item, to, .. } => json!({"item": item, "to": to}),
        Entry::Delegated(delegation) => json!({"to": delegation.to, "until": delegation.until}),
        Entry::Ticketed { item, .. } => json!({"item": item}),
        Entry::LookedBack { item, used, .. } => json!({"item": item, "used": used}),
    }
}
