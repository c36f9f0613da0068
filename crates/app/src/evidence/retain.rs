//! How long content is kept, what keeps it from being deleted, and how it goes.
//!
//! Content goes in one of two ways: *erased*, because somebody has a right to that, and *pruned*, because its time is
//! over. Both delete data key, salt, provenance and stored bytes, and record an entry that says so; the entries that
//! commit to the content, and their proofs, stay. A legal hold prevents both.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::json;
use tickmark_core::evidence::keep_until;
use tickmark_core::id::{ActorId, ItemKey, TargetKey};
use tickmark_core::identity::{Atom, Resource, Verb};
use tickmark_core::{Digest, Timestamp};
use tickmark_ledger::commitment::{self, RECORD_DOMAIN, Salt};
use tickmark_ledger::leaf::LeafKind;

use super::sql::Aging;
use super::{Artifact, ArtifactKey, Content, Removal, RemovalCause, find, sql};
use crate::context::{Cx, View};
use crate::identity::audit::{self, Event, Name};
use crate::{Action, Actor, App, Error, Result, ledger};

/// Class of what runs read.
pub(super) const EVIDENCE_CLASS: &str = "evidence";
/// Class of documents made here or handed in.
pub(super) const DOCUMENT_CLASS: &str = "document";
/// Classes with the days they are kept unless set otherwise: seven years, as long as firms keep their working papers
/// at least, and ten.
const CLASSES: [(&str, u32); 2] = [(DOCUMENT_CLASS, 3653), (EVIDENCE_CLASS, 2557)];
/// Most days that can be set: a hundred years.
const MAX_KEEP_DAYS: u32 = 36_525;
/// Most characters of a basis or a reason.
const MAX_TEXT_CHARS: usize = 2000;
/// Artifacts in one entry: each takes about 200 of its 16,384 bytes.
const PER_ENTRY: usize = 60;
/// Most holds in one answer.
const MAX_HOLDS: u32 = 1000;
/// Rows read at a time.
const PAGE: u32 = 1000;
/// Most artifacts that one pruning deletes; the rest waits for the next.
const MAX_PRUNED: usize = 100_000;

/// What is to be erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Erasure {
    /// One artifact. Others with equal content stay.
    Artifact(ArtifactKey),
    /// Every artifact with these stored bytes, and so every one with this content.
    Stored(Digest),
}

/// What was erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erased {
    /// The artifacts.
    pub artifacts: Vec<ArtifactKey>,
    /// Artifacts that still hold equal content.
    pub still_held: Vec<ArtifactKey>,
}

/// A legal hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Its number, from 1.
    pub key: i64,
    /// What it covers.
    pub scope: HoldScope,
    /// Why, in words.
    pub reason: String,
    /// Who placed it.
    pub placed_by: ActorId,
    /// When.
    pub placed_at: Timestamp,
    /// Who released it.
    pub released_by: Option<ActorId>,
    /// When; none while it is in force.
    pub released_at: Option<Timestamp>,
}

/// What a legal hold covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoldScope {
    /// Every artifact, also those to come.
    All,
    /// Every artifact of a target, also those to come.
    Target(TargetKey),
    /// One artifact.
    Artifact(ArtifactKey),
    /// The files of an item, of all its versions.
    Item(ItemKey),
}

/// Who says how long a class is kept.
pub const KEEPING: Atom = Atom::new(Resource::Organization, Verb::Update);
/// Who places and releases legal holds.
pub const HOLDING: Atom = Atom::new(Resource::Evidence, Verb::Approve);

/// Legal holds in force, with the files of the items that they are on.
struct Held {
    holds: Vec<Hold>,
    files: BTreeMap<ItemKey, BTreeSet<ArtifactKey>>,
}

impl Held {
    async fn now(view: &mut View<'_>) -> Result<Self> {
        let mut holds = holds(view).await?;
        holds.retain(Hold::is_in_force);
        let mut files = BTreeMap::new();
        for hold in &holds {
            if let HoldScope::Item(item) = hold.scope {
                files.insert(item, super::item::all_artifacts(view, item).await?);
            }
        }
        Ok(Self { holds, files })
    }

    /// The first hold that covers an artifact.
    fn over(&self, artifact: ArtifactKey, target: Option<TargetKey>) -> Option<&Hold> {
        self.holds.iter().find(|hold| match hold.scope {
            HoldScope::All => true,
            HoldScope::Target(held) => target == Some(held),
            HoldScope::Artifact(held) => artifact == held,
            HoldScope::Item(item) => self.files.get(&item).is_some_and(|files| files.contains(&artifact)),
        })
    }
}

/// How long artifacts of a class are kept after another one took their place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RetentionClass {
    /// Its name.
    pub name: String,
    /// Days.
    pub keep_days: u32,
}

/// An artifact whose time is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prunable {
    /// The artifact.
    pub key: ArtifactKey,
    /// Its name.
    pub name: String,
    /// Its class.
    pub class: String,
    /// Size of its content.
    pub size: u64,
    /// Digest of its stored bytes.
    pub stored: Digest,
    /// Commitment to its content.
    pub commitment: Digest,
    /// When another one took its place.
    pub superseded_at: Timestamp,
    /// Until when it was to be kept.
    pub keep_until: Timestamp,
    /// The legal hold that keeps it nevertheless.
    pub hold: Option<i64>,
    is_plain: bool,
}

/// What was pruned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Pruned {
    /// Artifacts.
    pub artifacts: u64,
    /// Bytes of their content.
    pub bytes: u64,
    /// Artifacts whose time is over and that legal holds keep.
    pub held: u64,
}

impl Hold {
    /// Tells whether nobody released it.
    #[must_use]
    pub fn is_in_force(&self) -> bool {
        self.released_at.is_none()
    }
}

impl RetentionClass {
    /// Returns how long in words: years where the days are whole ones.
    #[must_use]
    pub fn words(&self) -> String {
        let quarters = i64::from(self.keep_days) * 4;
        let years = (quarters + 730) / 1461;
        let is_whole = years > 0 && (quarters - years * 1461).abs() < 4;
        match (is_whole, years, self.keep_days) {
            (true, 1, _) => "a year".to_owned(),
            (true, years, _) => format!("{years} years"),
            (false, _, 1) => "a day".to_owned(),
            (false, _, days) => format!("{days} days"),
        }
    }
}

/// Erases content for which somebody has a right to erasure; `basis` says which. Call [`App::remove_objects`] afterwards.
///
/// # Errors
/// `Forbidden` for programs; `NotFound`; `Conflict` if it is gone already or under a legal hold, then nothing is erased.
pub async fn erase(cx: &mut Cx<'_>, what: Erasure, basis: &str) -> Result<Erased> {
    cx.authorize(Action::Decide)?;
    cx.authorize(Action::Operate)?;
    let basis = text("basis", basis)?;
    let organization = cx.organization();
    let same = match what {
        Erasure::Artifact(key) => {
            let artifact = find(cx, key).await?;
            if let Content::Gone(Removal { cause, at, .. }) = artifact.content {
                return Err(Error::conflict(format!(
                    "artifact {} was {} at {at} already",
                    key.0,
                    cause.word()
                )));
            }
            sql::all_stored(cx.connection(), organization, artifact.stored).await?
        }
        Erasure::Stored(stored) => sql::all_stored(cx.connection(), organization, stored).await?,
    };
    let there = same.into_iter().filter(|artifact| !matches!(artifact.content, Content::Gone(_)));
    let (erased, others): (Vec<Artifact>, Vec<Artifact>) = there.partition(|artifact| match what {
        Erasure::Artifact(key) => artifact.key == key,
        Erasure::Stored(_) => true,
    });
    let Some(first) = erased.first() else {
        let name = match what {
            Erasure::Artifact(key) => key.0.to_string(),
            Erasure::Stored(stored) => stored.to_string(),
        };
        return Err(Error::not_found("artifact with content that is here:", name));
    };
    let holds = Held::now(cx).await?;
    for artifact in &erased {
        if let Some(hold) = holds.over(artifact.key, artifact.target) {
            return Err(held(artifact.key, hold));
        }
    }
    let object = (first.stored, first.content == Content::Plain);
    for some in erased.chunks(PER_ENTRY) {
        let salt = Salt(cx.app.random());
        let body = json!({
            "artifacts": some.iter().map(|a| described(a.key, a.commitment, a.stored)).collect::<Vec<_>>(),
            "basis": Digest(commitment::commit(&salt, RECORD_DOMAIN, basis.as_bytes()).0),
            "approver": cx.actor.id,
        });
        let leaf = cx.record(LeafKind::EraseTombstone, &body)?;
        let (now, keys) = (cx.now, keys(some));
        sql::forget(cx.connection(), organization, &keys, RemovalCause::Erased, leaf, now).await?;
        sql::insert_basis(cx.connection(), organization, leaf, basis, salt).await?;
    }
    sql::remove_later(cx.connection(), organization, &[object]).await?;
    Ok(Erased { artifacts: keys(&erased), still_held: keys(&others) })
}

fn keys(artifacts: &[Artifact]) -> Vec<ArtifactKey> {
    artifacts.iter().map(|artifact| artifact.key).collect()
}

fn described(key: ArtifactKey, commitment: Digest, stored: Digest) -> serde_json::Value {
    json!({"artifact": key.0, "commitment": commitment, "stored": stored})
}

fn held(artifact: ArtifactKey, hold: &Hold) -> Error {
    Error::conflict(format!(
        "artifact {} is under legal hold {} since {}; nothing was deleted (`tickmark evidence release {}` ends the hold)",
        artifact.0, hold.key, hold.placed_at, hold.key
    ))
}

fn text<'a>(what: &str, text: &'a str) -> Result<&'a str> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > MAX_TEXT_CHARS {
        return Err(Error::invalid(format!("the {what} needs 1 to {MAX_TEXT_CHARS} characters")));
    }
    Ok(text)
}

/// Returns the days that each class is kept unless set otherwise.
pub(crate) fn usual_retention() -> BTreeMap<String, u64> {
    CLASSES.into_iter().map(|(class, days)| (class.to_owned(), u64::from(days))).collect()
}

/// Lists the classes with the days they are kept.
///
/// # Errors
/// If the database fails.
pub async fn retention_classes(view: &mut View<'_>) -> Result<Vec<RetentionClass>> {
    let organization = view.organization();
    let set = sql::retention(view.connection(), organization).await?;
    let days =
        |name: &str, default| set.get(name).and_then(|days| u32::try_from(*days).ok()).unwrap_or(default);
    let class = |(name, default): (&str, u32)| RetentionClass {
        name: name.to_owned(),
        keep_days: days(name, default),
    };
    Ok(CLASSES.into_iter().map(class).collect())
}

/// Sets how many days a class is kept.
///
/// # Errors
/// `Forbidden`, for programs too; `NotFound` for an unknown class; `Invalid` for days outside 1 to 36,525.
pub async fn set_retention(cx: &mut Cx<'_>, class: &str, keep_days: u32) -> Result<()> {
    cx.need_person()?;
    cx.permit_whole(KEEPING)?;
    let classes = retention_classes(cx).await?;
    let before = classes.iter().find(|one| one.name == class);
    let before = before.ok_or_else(|| Error::not_found("retention class", class))?.keep_days;
    if !(1..=MAX_KEEP_DAYS).contains(&keep_days) {
        return Err(Error::invalid(format!("{keep_days} days are not between 1 and {MAX_KEEP_DAYS}")));
    }
    let (organization, now) = (cx.organization(), cx.now);
    sql::set_retention(cx.connection(), organization, class, keep_days, now).await?;
    ledger::follow_policy(cx).await?;
    let event = Event {
        before: Some(json!({"keep_days": before})),
        after: Some(json!({"keep_days": keep_days})),
        ..Event::done(Name::RetentionSet, "retention_class", class)
    };
    audit::record(cx, event).await
}

/// Lists artifacts whose time is over, also those that legal holds keep, in order of their keys.
///
/// An artifact that nothing took the place of is what is known now, however old it is, and never in this list.
///
/// # Errors
/// If the database fails.
pub async fn prunable(view: &mut View<'_>) -> Result<Vec<Prunable>> {
    let (organization, now) = (view.organization(), view.now);
    let days: BTreeMap<String, u32> =
        retention_classes(view).await?.into_iter().map(|class| (class.name, class.keep_days)).collect();
    let shortest = days.values().copied().min().unwrap_or(MAX_KEEP_DAYS);
    let before = keep_until(now, -i64::from(shortest));
    let holds = Held::now(view).await?;
    let (mut found, mut after) = (Vec::new(), ArtifactKey(0));
    while found.len() < MAX_PRUNED {
        let page = sql::aging(view.connection(), organization, after, before, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.key;
        for Aging { key, target, name, size, stored, commitment, class, is_plain, superseded_at } in page {
            // A class that this version does not know is kept as long as anything can be.
            let kept = days.get(&class).copied().unwrap_or(MAX_KEEP_DAYS);
            let keep_until = keep_until(superseded_at, i64::from(kept));
            if keep_until > now {
                continue;
            }
            let hold = holds.over(key, target).map(|hold| hold.key);
            found.push(Prunable {
                key,
                name,
                class,
                size,
                stored,
                commitment,
                superseded_at,
                keep_until,
                hold,
                is_plain,
            });
        }
    }
    found.truncate(MAX_PRUNED);
    Ok(found)
}

/// Deletes the content of artifacts whose time is over, except under legal hold. Call [`App::remove_objects`] afterwards.
///
/// # Errors
/// If the database fails.
pub async fn prune(cx: &mut Cx<'_>) -> Result<Pruned> {
    cx.authorize(Action::Operate)?;
    let (organization, now) = (cx.organization(), cx.now);
    let (kept, over): (Vec<Prunable>, Vec<Prunable>) =
        prunable(cx).await?.into_iter().partition(|artifact| artifact.hold.is_some());
    for some in over.chunks(PER_ENTRY) {
        let body = json!({
            "artifacts": some.iter().map(|a| described(a.key, a.commitment, a.stored)).collect::<Vec<_>>(),
        });
        let leaf = cx.record(LeafKind::RetentionPrune, &body)?;
        let keys: Vec<ArtifactKey> = some.iter().map(|artifact| artifact.key).collect();
        sql::forget(cx.connection(), organization, &keys, RemovalCause::Pruned, leaf, now).await?;
    }
    let objects: BTreeMap<Digest, bool> =
        over.iter().map(|artifact| (artifact.stored, artifact.is_plain)).collect();
    let objects: Vec<(Digest, bool)> = objects.into_iter().collect();
    sql::remove_later(cx.connection(), organization, &objects).await?;
    Ok(Pruned {
        artifacts: over.len() as u64,
        bytes: over.iter().map(|artifact| artifact.size).sum(),
        held: kept.len() as u64,
    })
}

/// Lists legal holds, those in force first.
///
/// # Errors
/// If the database fails.
pub async fn holds(view: &mut View<'_>) -> Result<Vec<Hold>> {
    let organization = view.organization();
    sql::holds(view.connection(), organization, MAX_HOLDS).await
}

/// Lists the legal holds in force that cover files of an item, for whoever sees all evidence: why something is held is not
/// for everybody who hands some in.
///
/// # Errors
/// If the database fails.
pub async fn holds_of_item(view: &mut View<'_>, item: ItemKey) -> Result<Vec<Hold>> {
    if !view.sees_whole(Atom::new(Resource::Evidence, Verb::Read)) {
        return Ok(Vec::new());
    }
    let files = super::item::all_artifacts(view, item).await?;
    let mut holds = holds(view).await?;
    holds.retain(|hold| {
        hold.is_in_force()
            && match hold.scope {
                HoldScope::All => true,
                HoldScope::Target(_) => false,
                HoldScope::Artifact(artifact) => files.contains(&artifact),
                HoldScope::Item(held) => held == item,
            }
    });
    Ok(holds)
}

/// Places a legal hold: what it covers is neither erased nor pruned until it is released.
///
/// # Errors
/// `Forbidden`, for programs too; `NotFound` for what is not there; `Invalid` without a reason.
pub async fn place_hold(cx: &mut Cx<'_>, scope: HoldScope, reason: &str) -> Result<Hold> {
    cx.need_person()?;
    cx.permit_whole(HOLDING)?;
    let reason = text("reason", reason)?.to_owned();
    let organization = cx.organization();
    match scope {
        HoldScope::Artifact(key) => drop(find(cx, key).await?),
        HoldScope::Target(target) => drop(crate::observation::find_target(cx, target).await?),
        HoldScope::Item(item) => drop(super::item::find(cx, item).await?),
        HoldScope::All => {}
    }
    if sql::holds(cx.connection(), organization, MAX_HOLDS).await?.iter().filter(|h| h.is_in_force()).count()
        >= MAX_HOLDS as usize
    {
        return Err(Error::conflict(format!("{MAX_HOLDS} legal holds are in force; release one first")));
    }
    let (placed_by, placed_at) = (cx.actor.id, cx.now);
    let mut hold = Hold { key: 0, scope, reason, placed_by, placed_at, released_by: None, released_at: None };
    sql::insert_hold(cx.connection(), organization, &mut hold).await?;
    let after = match scope {
        HoldScope::All => json!({"scope": "all"}),
        HoldScope::Target(target) => json!({"target": target.0}),
        HoldScope::Artifact(artifact) => json!({"artifact": artifact.0}),
        HoldScope::Item(item) => json!({"item": item.0}),
    };
    let event = Event {
        after: Some(after),
        why: audit::kept_why(&hold.reason),
        ..Event::done(Name::HoldPlaced, "legal_hold", hold.key)
    };
    audit::record(cx, event).await?;
    Ok(hold)
}

/// Releases a legal hold.
///
/// # Errors
/// `Forbidden`, for programs too; `NotFound` if none with this number is in force.
pub async fn release_hold(cx: &mut Cx<'_>, key: i64) -> Result<()> {
    cx.need_person()?;
    cx.permit_whole(HOLDING)?;
    let (organization, by, now) = (cx.organization(), cx.actor.id.to_string(), cx.now);
    if !sql::release_hold(cx.connection(), organization, key, &by, now).await? {
        return Err(Error::not_found("legal hold in force", key));
    }
    audit::record(cx, Event::done(Name::HoldReleased, "legal_hold", key)).await
}

impl App {
    /// Deletes stored bytes that erasure and pruning left without a name. Safe to call at any time, and again after a
    /// crash: what is to be deleted is a row until it is done.
    ///
    /// Returns how many objects were deleted.
    ///
    /// # Errors
    /// If disk or database refuse; what is not deleted then stays on the list.
    pub async fn remove_objects(&self, actor: &Actor) -> Result<u64> {
        let mut removed = 0;
        loop {
            // Inside the organization's turn, so that no writer brings the same content back in between.
            let (some, done) = self
                .transact(actor, async |cx| {
                    let organization = cx.organization();
                    let some = sql::to_remove(cx.connection(), organization, PAGE).await?;
                    let mut done = 0;
                    for (object, is_plain) in &some {
                        if !is_named(cx, *object, *is_plain).await? {
                            cx.app.blobs().delete(object.0).await?;
                            done += 1;
                        }
                        sql::removed(cx.connection(), organization, *object).await?;
                    }
                    Ok((some.len(), done))
                })
                .await?;
            removed += done;
            if some == 0 {
                return Ok(removed);
            }
        }
    }
}

/// Tells whether anything names a stored object. Plain objects are shared by content: an artifact can be the same bytes as
/// a document of facts or the model of an assessment.
async fn is_named(cx: &mut Cx<'_>, object: Digest, is_plain: bool) -> Result<bool> {
    cx.reach_all().await?;
    let is_named = sql::is_stored_for(cx.connection(), object).await?
        || is_plain
            && (crate::observation::names_object(cx, object).await?
                || crate::conclusion::names_object(cx, object).await?);
    cx.confine().await?;
    Ok(is_named)
}
