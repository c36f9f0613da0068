//! The way of a review: drafted, confirmed, frozen, opened, closed, verified, signed.

use std::collections::BTreeSet;

use serde_json::json;
use tickmark_core::canonical;
use tickmark_core::id::ActorId;
use tickmark_core::program::access::{Holding, ListKey, fold};
use tickmark_core::program::access_review::{
    self, Beside, Item, Review, ReviewKey, Roster, Scope, Snapshot, SnapshotList, State, Step,
};
use tickmark_core::program::segregation::{Looked, Seen, look};
use tickmark_ledger::leaf::LeafKind;

use super::{CREATE, MAX_ITEMS, SIGN, UPDATE, Whole, drift, known, load, need_deciders, pack, sql, waits};
use crate::context::Cx;
use crate::identity::audit::{self, Event, Name};
use crate::program::access;
use crate::program::performance::{self, EvidenceFile, NewPerformance};
use crate::program::segregation;
use crate::{Error, Result, control, evidence};

/// Begins a review.
///
/// # Errors
/// `Forbidden`; `NotFound` for an unknown control; `Invalid` for a scope that cannot be one, or a reviewer who decides
/// nothing.
pub async fn draft(cx: &mut Cx<'_>, scope: Scope) -> Result<Review> {
    cx.permit_whole(CREATE)?;
    check_scope(cx, &scope).await?;
    let (organization, now, by) = (cx.organization(), cx.now, cx.actor.id);
    let key = sql::next_key(cx.connection(), organization).await?;
    let review = Review::draft(key, scope, by, now).map_err(Error::invalid)?;
    keep(cx, &review, 1).await?;
    let after = about(&review);
    let event = Event::done(Name::ReviewDrafted, "access_review", key);
    audit::record(cx, Event { after: Some(after), ..event }).await?;
    Ok(review)
}

/// Changes what a draft is about.
///
/// # Errors
/// As [`draft`]; `Conflict` if its scope is confirmed, or somebody else changed it since `version`.
pub async fn change(cx: &mut Cx<'_>, key: ReviewKey, version: u32, scope: Scope) -> Result<Review> {
    cx.permit_whole(UPDATE)?;
    check_scope(cx, &scope).await?;
    let whole = at_version(cx, key, version).await?;
    let now = cx.now;
    let review = whole.review.change(scope, now).map_err(refusal)?;
    keep(cx, &review, version + 1).await?;
    let event = Event::done(Name::ReviewChanged, "access_review", key);
    audit::record(cx, Event { after: Some(about(&review)), ..event }).await?;
    Ok(review)
}

/// Confirms what a review is about.
///
/// # Errors
/// `Forbidden`; `NotFound`; `Conflict` if it is no draft.
pub async fn confirm(cx: &mut Cx<'_>, key: ReviewKey) -> Result<Review> {
    step(cx, key, Step::Confirm, "").await
}

/// Opens a review for decisions.
///
/// # Errors
/// `Forbidden`; `NotFound`; `Conflict` with what is not as it should be.
pub async fn open(cx: &mut Cx<'_>, key: ReviewKey) -> Result<Review> {
    step(cx, key, Step::Open, "").await
}

/// Freezes the snapshot of a review: the newest list of each system in scope, their rights as items with what is odd about
/// each and who decides.
///
/// # Errors
/// `Forbidden`; `NotFound`; `Conflict` if its scope is not confirmed, a list is missing or does not tie out, or nothing is in
/// scope.
pub async fn freeze(cx: &mut Cx<'_>, key: ReviewKey) -> Result<Review> {
    cx.permit_whole(UPDATE)?;
    let whole = load(cx, key).await?;
    let (organization, now) = (cx.organization(), cx.now);
    if whole.review.state != State::Scoped {
        return Err(refusal(access_review::ReviewError::State(whole.review.state)));
    }
    let scope = &whole.review.scope;
    let people = known(cx).await?;
    let matrix = segregation::newest(cx).await?;
    // Both sides of a conflict may be in different systems, also in one that is not in scope.
    let snapshot = segregation::Snapshot::newest(cx).await?;
    let seen: Vec<Seen<'_>> = snapshot.seen();
    let sight = segregation::sight(cx, now).await?;
    let looked = matrix.as_ref().map(|matrix| look(&matrix.matrix, &seen, &sight)).unwrap_or_default();
    let (mut items, mut lists): (Vec<Item>, Vec<SnapshotList>) = (Vec::new(), Vec::new());
    let reviews = super::everything(cx).await?;
    let mut in_scope = Vec::with_capacity(scope.systems.len());
    for system in &scope.systems {
        let same = |name: &str| fold(name) == fold(&system.name);
        let Some((list, rows)) = snapshot.lists.iter().find(|(list, _)| same(&list.system)) else {
            return Err(refusal(access_review::ReviewError::NoList(system.name.clone())));
        };
        in_scope.push((system, list, rows));
    }
    // Of the lists of the snapshot alone, so that the same lists say the same again.
    let rows: Vec<(&str, &[Holding])> =
        in_scope.iter().map(|(system, _, rows)| (system.name.as_str(), rows.as_slice())).collect();
    let roster = Roster::of(&rows);
    let mut earlier = drift::were_to_go(cx, &reviews, &rows).await?;
    for (system, list, rows) in in_scope {
        let last = before(&reviews, &system.name);
        let before = match last {
            Some((_, list)) => Some(access::keys_of(cx, list).await?),
            None => None,
        };
        let earlier = earlier.remove(&fold(&system.name)).unwrap_or_default();
        // What was looked for is named as the list names its system; items name it as the scope does.
        let looked = renamed(&looked, &list.system, &system.name);
        let mut found = access_review::freeze(
            scope,
            &system.name,
            list.key,
            rows.clone(),
            &people,
            Beside {
                looked: &looked,
                before: before.as_ref(),
                roster: Some(&roster),
                earlier: Some(&earlier),
            },
            (items.len() as u64 + 1, now),
        );
        lists.push(SnapshotList {
            list: list.key,
            system: system.name.clone(),
            run_at: list.ipe.run_at,
            tie_out: list.tie_out,
            keys: list.keys,
            items: found.items.len() as u64,
            left: found.left,
            before: last,
        });
        items.append(&mut found.items);
    }
    if items.len() as u64 > MAX_ITEMS {
        return Err(Error::invalid(format!("a review has at most {MAX_ITEMS} items; take fewer systems")));
    }
    let digest =
        canonical::digest(&items).map_err(|error| Error::internal("writing items of a review", error))?;
    let snapshot = Snapshot {
        at: now,
        lists,
        items: items.len() as u64,
        digest,
        matrix: matrix.map(|matrix| matrix.written.version),
    };
    let review = whole.review.clone().freeze(snapshot).map_err(refusal)?;
    sql::add_items(cx.connection(), organization, key, &items).await?;
    keep(cx, &review, whole.version + 1).await?;
    let lists: Vec<_> = review.snapshot.iter().flat_map(|snapshot| &snapshot.lists).collect();
    let lists: Vec<_> = lists
        .into_iter()
        .map(|list| json!({"list": list.list, "keys": list.keys, "items": list.items, "left": list.left.len()}))
        .collect();
    let after = json!({"review": key, "items": items.len(), "digest": digest, "lists": lists});
    let event = Event::done(Name::ReviewFrozen, "access_review", key);
    audit::record(cx, Event { after: Some(after), ..event }).await?;
    Ok(review)
}

/// The newest review that was signed with a list of a system, and that list.
fn before(reviews: &[Review], system: &str) -> Option<(ReviewKey, ListKey)> {
    let is_it = |list: &&SnapshotList| fold(&list.system) == fold(system);
    let mut signed = reviews.iter().filter(|review| review.signed.is_some());
    signed.find_map(|review| {
        let list = review.snapshot.as_ref()?.lists.iter().find(is_it)?;
        Some((review.key, list.list))
    })
}

fn renamed(looked: &[Looked], from: &str, to: &str) -> Vec<Looked> {
    let mut looked = looked.to_vec();
    let through = looked.iter_mut().flat_map(|one| &mut one.held);
    for one in through.flat_map(|both| both.first.iter_mut().chain(&mut both.second)) {
        if one.system == from {
            to.clone_into(&mut one.system);
        }
    }
    looked
}

/// Takes a step that needs nothing but, at most, a note: confirm, open, close, begin removing, verify, open again, archive.
///
/// # Errors
/// `Forbidden`; `NotFound`; `Conflict` with what is not as it should be; `Invalid` for freezing and signing, which are use
/// cases of their own.
pub async fn step(cx: &mut Cx<'_>, key: ReviewKey, step: Step, note: &str) -> Result<Review> {
    cx.permit_whole(UPDATE)?;
    let whole = load(cx, key).await?;
    let now = cx.now;
    let review = whole.review.clone();
    let review = match step {
        Step::Confirm => review.confirm(),
        Step::Open => review.open(&whole.standing(), now),
        Step::Close => review.close(&whole.standing(), now),
        Step::Remediate => review.remediate(),
        Step::Verify => review.verify(&whole.removals, note, now),
        Step::Reopen => review.reopen(&whole.removals),
        Step::Archive => review.archive(),
        Step::Freeze | Step::Sign => return Err(Error::invalid("this step is taken by itself")),
    };
    let review = review.map_err(refusal)?;
    keep(cx, &review, whole.version + 1).await?;
    let after = json!({"review": key, "step": step, "state": review.state});
    let before = json!({"state": whole.review.state});
    if matches!(step, Step::Open | Step::Close) {
        waits::write(cx, &Whole { review: review.clone(), ..whole }).await?;
    }
    let why = review.verified.as_ref().filter(|_| step == Step::Verify).map(|(_, note)| note.clone());
    let event = Event::done(Name::ReviewStepped, "access_review", key);
    let why = why.as_deref().and_then(audit::kept_why);
    audit::record(cx, Event { before: Some(before), after: Some(after), why, ..event }).await?;
    Ok(review)
}

/// Signs a review off: with what it says about its completeness, and everything that was not as it should be. Where it is for
/// a control it becomes an occurrence of that control, dated now, with its record as evidence, so that what was late or only
/// partly done is cited there.
///
/// # Errors
/// `Forbidden`, also for programs; `StepUp`; `NotFound`; `Conflict` if it is not verified; `Invalid` without a statement, or if
/// the occurrence cannot be one.
pub async fn sign(cx: &mut Cx<'_>, key: ReviewKey, statement: &str) -> Result<Review> {
    cx.need_person()?;
    cx.permit_whole(SIGN)?;
    let whole = load(cx, key).await?;
    let (now, by) = (cx.now, cx.actor.id);
    let deviations = whole.deviations();
    let review = whole.review.clone().sign(by, statement, deviations.clone(), now).map_err(refusal)?;
    keep(cx, &review, whole.version + 1).await?;
    let signed = Whole { review: review.clone(), ..whole };
    let file = pack::text(cx, &signed).await?;
    let name = format!("{key}-record.csv");
    let bytes = bytes::Bytes::from(file);
    let artifact = match &review.scope.control {
        None => {
            let kept = evidence::keep_document(cx, &name, "text/csv; charset=utf-8", bytes).await?;
            vec![tickmark_core::id::EvidenceKey(kept.key.0)]
        }
        Some(control) => {
            let said: Vec<String> = deviations.iter().map(ToString::to_string).collect();
            let said = if said.is_empty() { "nothing late or missing".to_owned() } else { said.join("; ") };
            let note = format!("{key}, {}: {said}", review.scope.title);
            let file = EvidenceFile { name, media_type: "text/csv; charset=utf-8".to_owned(), bytes };
            let new = NewPerformance {
                control: control.clone(),
                window: review.scope.window.clone(),
                performed_at: now,
                performed_by: by,
                evidence: Vec::new(),
                files: vec![file],
                note,
            };
            performance::record(cx, new).await?.evidence
        }
    };
    let words: Vec<_> = deviations
        .iter()
        .map(|deviation| json!({"what": deviation.word(), "items": deviation.items().len()}))
        .collect();
    let after = json!({"review": key, "artifacts": artifact, "deviations": words});
    cx.record(
        LeafKind::Approval,
        &json!({"event": "access_review.signed", "review": key, "by": by, "artifacts": artifact}),
    )?;
    let event = Event::done(Name::ReviewSigned, "access_review", key);
    let why = audit::kept_why(statement.trim());
    audit::record(cx, Event { after: Some(after), why, ..event }).await?;
    Ok(review)
}

/// What the trail says of a review: words and ids.
fn about(review: &Review) -> serde_json::Value {
    let scope = &review.scope;
    json!({
        "review": review.key, "state": review.state, "systems": scope.systems.len(), "tiers": scope.tiers,
        "due_at": scope.due_at, "unanswered": scope.unanswered, "control": scope.control,
    })
}

async fn check_scope(cx: &mut Cx<'_>, scope: &Scope) -> Result<()> {
    let owners = scope.systems.iter().map(|system| system.owner);
    let deciders: BTreeSet<ActorId> = owners.chain([scope.stand_in, scope.second_stand_in]).collect();
    need_deciders(cx, &deciders).await?;
    for who in scope.systems.iter().flat_map(|system| &system.provisioners) {
        crate::identity::need_known_person(cx, Some(*who)).await?;
    }
    if let Some(id) = &scope.control {
        control::find(cx, id).await?;
        let due = performance::due_now(cx, id).await?;
        if let Some(window) = &scope.window {
            let due = due.ok_or_else(|| Error::invalid(format!("{id} has no windows")))?;
            due.find(window).map_err(Error::invalid)?;
        }
    }
    Ok(())
}

async fn at_version(cx: &mut Cx<'_>, key: ReviewKey, version: u32) -> Result<Whole> {
    let whole = load(cx, key).await?;
    if whole.version != version {
        return Err(Error::conflict("somebody else changed the review meanwhile; look at it again"));
    }
    Ok(whole)
}

async fn keep(cx: &mut Cx<'_>, review: &Review, version: u32) -> Result<()> {
    let (organization, now, by) = (cx.organization(), cx.now, cx.actor.id);
    sql::add_version(cx.connection(), organization, review, version, (by, now)).await
}

/// What does not fit how far a review has come is a conflict; what is missing or too long is invalid.
fn refusal(error: access_review::ReviewError) -> Error {
    use access_review::ReviewError as E;
    match error {
        E::Scope(_) | E::NoStatement | E::Text => Error::invalid(error),
        _ => Error::conflict(error),
    }
}
