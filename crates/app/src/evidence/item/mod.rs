//! Items of evidence as people hand them in, for controls: what they are, what is said about them, the way they go.
//!
//! An item is a record over artifacts. Whoever hands one in says where it comes from and what it is about; somebody else
//! accepts it. Nothing is changed in place: what is said and the files are versions, and the item's own row says where it
//! stands. Each change is one event of the audit trail, whose entry commits to the version. Owns the tables
//! `evidence_item*` of migration `0026_evidence_item.sql`.

mod answer;
mod files;
mod lists;
mod past;
mod sql;
mod staged;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use tickmark_core::control::{Control, ControlId};
use tickmark_core::evidence::item::{
    self, Description, FileFacts, Found, Item, ItemError, ItemFile, MAX_CONTROLS, MAX_FILES, Quality, State,
    Step, Version,
};
use tickmark_core::evidence::media::Format;
use tickmark_core::id::{ActorId, EvidenceKey, ItemKey};
use tickmark_core::identity::{Atom, Object, Resource, Verb, separation};
use tickmark_core::time::DAY_US;
use tickmark_core::{Digest, Span, Timestamp, canonical};
use tickmark_ledger::bundle::Record;
use tickmark_ledger::commitment::{self, RECORD_DOMAIN, Salt};

use super::retain::{DOCUMENT_CLASS, EVIDENCE_CLASS};
use super::{ArtifactKey, Content};
use crate::context::{Cx, View};
use crate::control;
use crate::identity;
use crate::identity::audit::{self, Event, Name};
use crate::{ActorKind, Error, Result};

pub use files::{Purpose, UPLOAD, Upload, UploadLimits, digests, read_file};
pub use staged::{STAGED_US, Secret, stage, staged, unstage};

pub(crate) use answer::{give_back_with, hand_in_with};
pub use lists::{OPEN, as_fresh, before, list, of_control, own_open, page, waiting_for};
pub(crate) use lists::{all_artifacts, best_accepted, everything, in_state, keys_of_control, several};

use files::{recognize, store};

/// Classes of retention that an item may be kept in, the usual one first.
pub const RETENTION: [&str; 2] = [EVIDENCE_CLASS, DOCUMENT_CLASS];
/// Most items in one answer.
pub const MAX_ITEMS: u32 = 20_000;
/// Most bytes of the value that makes one form make one item.
const ONCE_CHARS: usize = 100;
/// Days back that an item may be about without being looked at twice.
const PERIOD_DAYS: i64 = 366;

/// A new item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewItem {
    /// A random value made with the form.
    pub once: String,
    /// What is said about it.
    pub description: Description,
    /// How long it is kept: one of [`RETENTION`].
    pub retention: String,
    /// The controls that it serves.
    pub controls: BTreeSet<ControlId>,
    /// Its files.
    pub files: Vec<Upload>,
}

/// A new version of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewVersion {
    /// What is said about it.
    pub description: Description,
    /// Files of the version before that stay, by their number there.
    pub keep: BTreeSet<i64>,
    /// Files that are new.
    pub files: Vec<Upload>,
    /// Why; may be empty while the item is a draft.
    pub reason: String,
}

/// Something that happened to an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happening {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: ActorId,
    /// What: `opened`, the word of a step, `linked` or `unlinked`.
    pub event: String,
    /// The version that it was about.
    pub version: i64,
    /// The control, for links; empty else.
    pub about: String,
    /// What a person wrote; may be empty.
    pub note: String,
}

/// One item with everything that belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whole {
    /// The item as it is now.
    pub item: Item,
    /// All versions, oldest first.
    pub versions: Vec<Version>,
    /// What happened, oldest first.
    pub history: Vec<Happening>,
    /// What is looked at before it is handed in.
    pub quality: Vec<(Quality, Found)>,
    /// What the actor may do with it.
    pub may: May,
}

/// What an actor may do with an item, as it stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct May {
    /// Make a new version, link and unlink, withdraw.
    pub change: bool,
    /// Accept or return it.
    pub decide: bool,
    /// Accept it but for that they worked on it themselves.
    pub is_own: bool,
    /// Take files away.
    pub export: bool,
}

const CREATE: Atom = Atom::new(Resource::Evidence, Verb::Create);
const SEE: Atom = Atom::new(Resource::Control, Verb::Read);
const READ: Atom = Atom::new(Resource::Evidence, Verb::Read);
const UPDATE: Atom = Atom::new(Resource::Evidence, Verb::Update);
const APPROVE: Atom = Atom::new(Resource::Evidence, Verb::Approve);
const EXPORT: Atom = Atom::new(Resource::Evidence, Verb::Export);

/// Who answers for a control and performs it.
pub(crate) fn of_control_people(control: &Control) -> BTreeSet<ActorId> {
    [control.owner, control.operator].into_iter().flatten().collect()
}

/// Lists the controls that the actor may see, to link items to, by id.
///
/// # Errors
/// If the database fails.
pub async fn linkable(view: &mut View<'_>) -> Result<Vec<Control>> {
    let any = identity::object_of(view, BTreeSet::new()).await?;
    let mut controls = control::controls(view).await?;
    controls.retain(|control| {
        let (people, system) = (of_control_people(control), control.system.or(any.system));
        view.may_on(SEE, &Object { people, system, ..any.clone() })
    });
    Ok(controls)
}

/// Finds a control to link an item to. One that the actor may not see is none.
async fn to_link(view: &mut View<'_>, id: &ControlId) -> Result<Control> {
    let control = control::find(view, id).await?;
    let object = control::object_serving(view, of_control_people(&control), [&control]).await?;
    if view.may_on(SEE, &object) { Ok(control) } else { Err(Error::not_found("control", id)) }
}

/// Whose an item is: of whoever worked on it, and of those who answer for its controls.
pub(crate) fn people(item: &Item, controls: &BTreeMap<ControlId, Control>) -> BTreeSet<ActorId> {
    let of_controls = item.controls.iter().filter_map(|id| controls.get(id)).flat_map(of_control_people);
    item.handlers.iter().copied().chain([item.made_by]).chain(of_controls).collect()
}

async fn controls_by_id(view: &mut View<'_>) -> Result<BTreeMap<ControlId, Control>> {
    Ok(control::controls(view).await?.into_iter().map(|control| (control.id.clone(), control)).collect())
}

/// Keeps files as a draft of an item. Sent twice with the same `once`, it is made once.
///
/// # Errors
/// `Forbidden`; `NotFound` for an unknown control; `Invalid` for what cannot be kept, naming the file. Nothing is kept then.
pub async fn open(cx: &mut Cx<'_>, new: NewItem) -> Result<Item> {
    let by = cx.actor.id;
    let (mut people, mut controls) = (BTreeSet::from([by]), Vec::with_capacity(new.controls.len()));
    for id in &new.controls {
        let control = to_link(cx, id).await?;
        people.extend(of_control_people(&control));
        controls.push(control);
    }
    let object = control::object_serving(cx, people, &controls).await?;
    cx.permit_on(CREATE, &object)?;
    if new.once.is_empty() || new.once.len() > ONCE_CHARS {
        return Err(Error::invalid("the form is damaged; load the page again"));
    }
    let organization = cx.organization();
    if let Some(key) = sql::by_once(cx.connection(), organization, &new.once).await? {
        let item = load(cx, key).await?;
        // Whoever else knows the value has made it up.
        return if item.made_by == by {
            Ok(item)
        } else {
            Err(Error::conflict("this form was sent by somebody else"))
        };
    }
    new.description.check().map_err(Error::invalid)?;
    if !RETENTION.contains(&new.retention.as_str()) {
        return Err(Error::invalid(format!("there is no retention class {:?}", new.retention)));
    }
    if new.controls.len() > MAX_CONTROLS {
        return Err(Error::invalid(ItemError::TooManyControls));
    }
    if new.files.is_empty() {
        return Err(Error::invalid(ItemError::NoFiles));
    }
    let recognized = recognize(&new.files)?;
    let key = sql::next_key(cx.connection(), organization).await?;
    let files = store(cx, key, &new.retention, new.files, recognized, 1).await?;
    let now = cx.now;
    let version = Version {
        item: key,
        number: 1,
        description: new.description,
        files,
        reason: String::new(),
        by,
        at: now,
    };
    let item = Item {
        key,
        state: State::Draft,
        revision: 1,
        version,
        controls: new.controls,
        retention: new.retention,
        made_by: by,
        made_at: now,
        submitted: None,
        decided: None,
        handlers: BTreeSet::from([by]),
    };
    sql::insert(cx.connection(), organization, &item, &new.once).await?;
    let commitment = add_version(cx, &item.version).await?;
    for control in &item.controls {
        sql::link(cx.connection(), organization, key, control, by, now).await?;
    }
    happened(cx, &item, "opened", "", "").await?;
    let after = json!({
        "item": key, "version": 1, "state": item.state, "artifacts": artifacts(&item.version),
        "controls": item.controls, "retention": item.retention, "record": commitment,
    });
    audit::record(cx, Event { after: Some(after), ..Event::done(Name::EvidenceUploaded, "evidence", key) })
        .await?;
    Ok(item)
}

/// Makes a new version, which takes the place of the newest. What was submitted or accepted has to be submitted again.
///
/// # Errors
/// As [`open`]; `Conflict` if `revision` is not the present one, or the item is withdrawn; `Invalid` without a reason
/// where one is needed.
pub async fn revise(cx: &mut Cx<'_>, key: ItemKey, revision: i64, new: NewVersion) -> Result<Item> {
    let mut item = to_change(cx, key, revision).await?;
    let before = item.state;
    let reason = new.reason.trim().to_owned();
    item.state = item.step(Step::Revise, &reason).map_err(step_error)?;
    new.description.check().map_err(Error::invalid)?;
    let kept = item.version.files.iter().filter(|file| new.keep.contains(&file.seq));
    let mut files: Vec<ItemFile> = kept.cloned().collect();
    if files.len() != new.keep.len() {
        return Err(Error::conflict("a file that was to stay is not in the newest version"));
    }
    if files.is_empty() && new.files.is_empty() {
        return Err(Error::invalid(ItemError::NoFiles));
    }
    if files.len() + new.files.len() > MAX_FILES {
        return Err(Error::invalid(ItemError::TooManyFiles));
    }
    let recognized = recognize(&new.files)?;
    let number = item.version.number + 1;
    for (at, file) in files.iter_mut().enumerate() {
        file.seq = i64::try_from(at).unwrap_or(i64::MAX) + 1;
    }
    let first = i64::try_from(files.len()).unwrap_or(i64::MAX) + 1;
    let retention = item.retention.clone();
    files.extend(store(cx, key, &retention, new.files, recognized, first).await?);
    let (by, now) = (cx.actor.id, cx.now);
    item.version = Version {
        item: key,
        number,
        description: new.description,
        files,
        reason: reason.clone(),
        by,
        at: now,
    };
    item.handlers.insert(by);
    item.submitted = None;
    let commitment = add_version(cx, &item.version).await?;
    save(cx, &mut item).await?;
    happened(cx, &item, Step::Revise.word(), "", &reason).await?;
    let after = json!({
        "item": key, "version": number, "state": item.state, "artifacts": artifacts(&item.version), "record": commitment,
    });
    let event = Event {
        before: Some(json!({"version": number - 1, "state": before})),
        after: Some(after),
        why: Some(&reason),
        ..Event::done(Name::EvidenceSuperseded, "evidence", key)
    };
    audit::record(cx, event).await?;
    Ok(item)
}

/// Hands an item in: from here on somebody else decides.
///
/// # Errors
/// As [`revise`]; `Invalid` if something is missing.
pub async fn submit(cx: &mut Cx<'_>, key: ItemKey, revision: i64) -> Result<Item> {
    let mut item = to_change(cx, key, revision).await?;
    let before = item.state;
    item.state = item.step(Step::Submit, "").map_err(step_error)?;
    let found = look_at(cx, &item).await?;
    if let Some(says) = found.iter().find_map(|(_, found)| match found {
        Found::Missing(says) => Some(*says),
        Found::Good | Found::Look(_) => None,
    }) {
        return Err(Error::invalid(ItemError::Incomplete(says)));
    }
    let (by, now) = (cx.actor.id, cx.now);
    item.submitted = Some((by, now));
    item.handlers.insert(by);
    save(cx, &mut item).await?;
    moved(cx, &item, before, Step::Submit, Name::EvidenceSubmitted, "").await?;
    Ok(item)
}

/// Accepts what was handed in, as it is. Not for whoever worked on it.
///
/// # Errors
/// `Forbidden` for programs, without the right, and for those who worked on it; `Conflict` as [`revise`].
pub async fn accept(cx: &mut Cx<'_>, key: ItemKey, revision: i64, note: &str) -> Result<Item> {
    let mut item = to_decide(cx, key, revision).await?;
    let before = item.state;
    let note = note.trim();
    item.state = item.step(Step::Accept, note).map_err(step_error)?;
    let verdict = separation::accept_evidence(&item.handlers, cx.actor.id);
    if let Err(conflict) = verdict {
        cx.refuse_by_rule("evidence", key.to_string(), conflict.word());
        return Err(Error::Forbidden(conflict.to_string()));
    }
    item.decided = Some((cx.actor.id, cx.now));
    save(cx, &mut item).await?;
    moved(cx, &item, before, Step::Accept, Name::EvidenceApproved, note).await?;
    Ok(item)
}

/// Sends an item back to whoever handed it in, with what to do.
///
/// # Errors
/// As [`accept`]; `Invalid` without a reason. Whoever worked on it may send it back to themselves.
pub async fn give_back(cx: &mut Cx<'_>, key: ItemKey, revision: i64, reason: &str) -> Result<Item> {
    let mut item = to_decide(cx, key, revision).await?;
    let before = item.state;
    let reason = reason.trim();
    item.state = item.step(Step::Return, reason).map_err(step_error)?;
    item.decided = Some((cx.actor.id, cx.now));
    save(cx, &mut item).await?;
    moved(cx, &item, before, Step::Return, Name::EvidenceRejected, reason).await?;
    Ok(item)
}

/// Takes an item back. It stays readable and counts for nothing.
///
/// # Errors
/// As [`revise`].
pub async fn withdraw(cx: &mut Cx<'_>, key: ItemKey, revision: i64, reason: &str) -> Result<Item> {
    let mut item = to_change(cx, key, revision).await?;
    let before = item.state;
    let reason = reason.trim();
    item.state = item.step(Step::Withdraw, reason).map_err(step_error)?;
    save(cx, &mut item).await?;
    moved(cx, &item, before, Step::Withdraw, Name::EvidenceWithdrawn, reason).await?;
    Ok(item)
}

/// Says that an item serves a control too.
///
/// # Errors
/// As [`revise`]; `NotFound` for an unknown control; `Conflict` if it does already.
pub async fn link(cx: &mut Cx<'_>, key: ItemKey, revision: i64, control: &ControlId) -> Result<Item> {
    let mut item = to_change(cx, key, revision).await?;
    to_link(cx, control).await?;
    if item.state == State::Withdrawn {
        return Err(Error::conflict("a withdrawn item serves no control"));
    }
    if item.controls.len() >= MAX_CONTROLS {
        return Err(Error::invalid(ItemError::TooManyControls));
    }
    if !item.controls.insert(control.clone()) {
        return Err(Error::conflict(format!("it serves {control} already")));
    }
    let (organization, by, now) = (cx.organization(), cx.actor.id, cx.now);
    sql::link(cx.connection(), organization, key, control, by, now).await?;
    linked(cx, &mut item, control, "linked", Name::EvidenceLinked).await?;
    Ok(item)
}

/// Says that an item does not serve a control any more.
///
/// # Errors
/// As [`revise`]; `NotFound` if it does not.
pub async fn unlink(cx: &mut Cx<'_>, key: ItemKey, revision: i64, control: &ControlId) -> Result<Item> {
    let mut item = to_change(cx, key, revision).await?;
    if !item.controls.remove(control) {
        return Err(Error::not_found("link to", control));
    }
    let (organization, by, now) = (cx.organization(), cx.actor.id, cx.now);
    sql::unlink(cx.connection(), organization, key, control, by, now).await?;
    linked(cx, &mut item, control, "unlinked", Name::EvidenceUnlinked).await?;
    Ok(item)
}

/// Finds an item.
///
/// # Errors
/// `NotFound` if there is none, `Forbidden` if the actor may not see it.
pub async fn find(view: &mut View<'_>, key: ItemKey) -> Result<Item> {
    let item = load(view, key).await?;
    let object = object_of(view, &item).await?;
    view.permit_on(READ, &object)?;
    Ok(item)
}

/// Tells whether the actor may see an item, without anybody being refused.
pub(crate) async fn is_seen(view: &mut View<'_>, key: ItemKey) -> Result<bool> {
    let organization = view.organization();
    let Some(item) = sql::find(view.connection(), organization, key).await? else { return Ok(false) };
    let object = object_of(view, &item).await?;
    Ok(view.may_on(READ, &object))
}

/// Finds an item with its versions, what happened to it, and what the actor may do.
///
/// # Errors
/// As [`find`].
pub async fn whole(view: &mut View<'_>, key: ItemKey) -> Result<Whole> {
    let item = load(view, key).await?;
    let object = object_of(view, &item).await?;
    view.permit_on(READ, &object)?;
    let organization = view.organization();
    let versions = sql::versions(view.connection(), organization, key).await?;
    let history = sql::history(view.connection(), organization, key).await?;
    let quality = look_at(view, &item).await?;
    let is_person = view.actor.kind == ActorKind::Person;
    let decide = is_person && view.may_on(APPROVE, &object);
    let is_own = separation::accept_evidence(&item.handlers, view.actor.id).is_err();
    let may = May {
        change: view.may_on(change_atom(view.actor.id, &item), &object),
        decide,
        is_own,
        export: view.may_on(EXPORT, &object),
    };
    Ok(Whole { item, versions, history, quality, may })
}

/// Returns what opens the commitments to versions, apart from those that were erased.
///
/// # Errors
/// If the database fails, or holds what we never wrote.
pub async fn records(view: &mut View<'_>) -> Result<Vec<Record>> {
    let organization = view.organization();
    let all = sql::salted_versions(view.connection(), organization).await?;
    all.iter()
        .map(|(version, salt)| {
            let text = text_of(version)?;
            Ok(Record { text, salt: *salt })
        })
        .collect()
}

/// Who may change an item: its author by the right to hand in, others by the right to change.
fn change_atom(actor: ActorId, item: &Item) -> Atom {
    if item.made_by == actor { CREATE } else { UPDATE }
}

async fn object_of(view: &mut View<'_>, item: &Item) -> Result<Object> {
    let mut controls = BTreeMap::new();
    for id in &item.controls {
        controls.insert(id.clone(), control::find(view, id).await?);
    }
    control::object_serving(view, people(item, &controls), controls.values()).await
}

async fn load(view: &mut View<'_>, key: ItemKey) -> Result<Item> {
    let organization = view.organization();
    sql::find(view.connection(), organization, key)
        .await?
        .ok_or_else(|| Error::not_found("evidence item", key))
}

async fn to_change(cx: &mut Cx<'_>, key: ItemKey, revision: i64) -> Result<Item> {
    let item = load(cx, key).await?;
    let object = object_of(cx, &item).await?;
    let atom = change_atom(cx.actor.id, &item);
    cx.permit_on(atom, &object)?;
    same(&item, revision)?;
    Ok(item)
}

async fn to_decide(cx: &mut Cx<'_>, key: ItemKey, revision: i64) -> Result<Item> {
    cx.need_person()?;
    let item = load(cx, key).await?;
    let object = object_of(cx, &item).await?;
    cx.permit_on(APPROVE, &object)?;
    same(&item, revision)?;
    Ok(item)
}

fn same(item: &Item, revision: i64) -> Result<()> {
    if item.revision == revision {
        return Ok(());
    }
    Err(Error::conflict("somebody changed it meanwhile; look at it as it is now"))
}

/// A step that cannot be taken from here is a conflict; a missing reason is not.
fn step_error(error: ItemError) -> Error {
    match error {
        ItemError::Transition { .. } => Error::conflict(error),
        other => Error::invalid(other),
    }
}

async fn save(cx: &mut Cx<'_>, item: &mut Item) -> Result<()> {
    item.revision += 1;
    let organization = cx.organization();
    sql::update(cx.connection(), organization, item).await
}

async fn happened(cx: &mut Cx<'_>, item: &Item, event: &str, about: &str, note: &str) -> Result<()> {
    let (organization, by, at) = (cx.organization(), cx.actor.id, cx.now);
    let happening = Happening {
        at,
        by,
        event: event.to_owned(),
        version: item.version.number,
        about: about.to_owned(),
        note: note.to_owned(),
    };
    sql::add_event(cx.connection(), organization, item.key, &happening).await
}

async fn moved(cx: &mut Cx<'_>, item: &Item, before: State, step: Step, name: Name, why: &str) -> Result<()> {
    happened(cx, item, step.word(), "", why).await?;
    let organization = cx.organization();
    // What was decided about, so that a later reader knows which version it was.
    let record = sql::commitment(cx.connection(), organization, item.key, item.version.number).await?;
    let event = Event {
        before: Some(json!({"state": before})),
        after: Some(
            json!({"item": item.key, "version": item.version.number, "state": item.state, "record": record}),
        ),
        why: Some(why),
        ..Event::done(name, "evidence", item.key)
    };
    audit::record(cx, event).await
}

async fn linked(cx: &mut Cx<'_>, item: &mut Item, control: &ControlId, word: &str, name: Name) -> Result<()> {
    save(cx, item).await?;
    happened(cx, item, word, control.as_str(), "").await?;
    let after = json!({"item": item.key, "control": control});
    audit::record(cx, Event { after: Some(after), ..Event::done(name, "evidence", item.key) }).await
}

fn artifacts(version: &Version) -> Vec<EvidenceKey> {
    version.files.iter().map(|file| file.artifact).collect()
}

/// What the commitment to a version is about.
fn text_of(version: &Version) -> Result<String> {
    let failed =
        |error: &dyn std::fmt::Display| Error::corrupt("a version of an evidence item", error.to_string());
    let bytes = canonical::bytes(version).map_err(|error| failed(&error))?;
    String::from_utf8(bytes).map_err(|error| failed(&error))
}

async fn add_version(cx: &mut Cx<'_>, version: &Version) -> Result<Digest> {
    let salt = Salt(cx.app.random());
    let text = text_of(version)?;
    let commitment = Digest(commitment::commit(&salt, RECORD_DOMAIN, text.as_bytes()).0);
    let organization = cx.organization();
    sql::insert_version(cx.connection(), organization, version, salt, commitment).await?;
    Ok(commitment)
}

/// Looks at an item before it is handed in.
async fn look_at(view: &mut View<'_>, item: &Item) -> Result<Vec<(Quality, Found)>> {
    let mut files = Vec::with_capacity(item.version.files.len());
    for file in &item.version.files {
        let artifact = super::find(view, ArtifactKey(file.artifact.0)).await?;
        files.push(FileFacts {
            // Files are only taken when name and bytes agree.
            is_what_it_says: Format::by_media_type(&file.media_type).is_some(),
            is_here: !matches!(artifact.content, Content::Gone(_)),
        });
    }
    let now = view.now;
    let periods = [Span { from: now.plus_micros(-PERIOD_DAYS * DAY_US), to: None }];
    Ok(item::quality(&item.version.description, &files, item.controls.len(), &periods, now))
}
