//! Comments on records, and what happened to a record: one order of both.
//!
//! Whoever may see a record may comment on it, and only its author changes or removes a comment; versions stay. A text is no
//! part of the log: its entry holds a salted commitment. A member whom a comment names by `@` finds it in their work, as far
//! as they may see the record. Owns the tables of migrations `0040_comment.sql` and `0067_comment_about.sql`.

mod sql;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use tickmark_core::control::ControlId;
use tickmark_core::control::commitment::CommitmentKey;
use tickmark_core::engagement::EngagementKey;
use tickmark_core::id::{ActorId, ItemKey, RunKey, SystemId, TargetKey, WaiverKey};
use tickmark_core::identity::{Atom, Object, Resource, Role, Standing, Verb};
use tickmark_core::words::segment;
use tickmark_core::{Digest, Timestamp};
use tickmark_ledger::bundle::Record;
use tickmark_ledger::commitment::{self, RECORD_DOMAIN, Salt};

use crate::context::{Cx, View};
use crate::control::{self, commitment as promises, edit};
use crate::engagement;
use crate::engagement::fieldwork::request as asked;
use crate::evidence::item;
use crate::identity::audit::{self, Event, Name, Row};
use crate::identity::people::{self, Member};
use crate::identity::{self, Access};
use crate::observation::{self, waiver};
use crate::program::performance;
use crate::register::Kind;
use crate::{Error, Result};

/// Most characters of a comment.
pub const TEXT_CHARS: usize = 4_000;
/// Most comments and events that are shown with a record.
pub const FEED_LIMIT: u32 = 500;
/// Most people whom one comment names.
const MENTIONS_MAX: usize = 20;
/// Most mentions of one person that are looked at.
const UNSEEN_MAX: u32 = 200;
/// Most characters of what names a page.
const ONCE_MAX: usize = 64;

/// What a comment is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum About {
    /// A control.
    Control(ControlId),
    /// A commitment.
    Commitment(CommitmentKey),
    /// An item of evidence.
    Item(ItemKey),
    /// A finding, by its reference.
    Finding(String),
    /// How a control is performed.
    Occurrence(ControlId),
    /// A request for a waiver.
    Request(i64),
    /// A waiver that was granted.
    Waiver(WaiverKey),
    /// A check, over all its versions.
    Check(String),
    /// A target.
    Target(TargetKey),
    /// A look at targets.
    Run(RunKey),
    /// A system.
    System(SystemId),
    /// An engagement: what management says about it among themselves. Auditors have their own notes.
    Engagement(EngagementKey),
    /// What an auditor asks for: both parties read what is said about it.
    EvidenceRequest(EngagementKey, i64),
}

impl About {
    /// The kind as the audit trail has it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Control(_) => "control",
            Self::Commitment(_) => "commitment",
            Self::Item(_) => "evidence",
            Self::Finding(_) => "finding",
            Self::Occurrence(_) => "occurrence",
            Self::Request(_) => "waiver_request",
            Self::Waiver(_) => "waiver",
            Self::Check(_) => "check",
            Self::Target(_) => "target",
            Self::Run(_) => "run",
            Self::System(_) => "system",
            Self::Engagement(_) => "engagement",
            Self::EvidenceRequest(..) => "request",
        }
    }

    /// The id as the audit trail has it.
    #[must_use]
    pub fn id(&self) -> String {
        match self {
            Self::Control(id) | Self::Occurrence(id) => id.to_string(),
            Self::Commitment(key) => key.to_string(),
            Self::Item(key) => key.to_string(),
            Self::Finding(text) | Self::Check(text) => text.clone(),
            Self::Request(key) => key.to_string(),
            Self::Waiver(key) => key.to_string(),
            Self::Target(key) => key.to_string(),
            Self::Run(key) => key.to_string(),
            Self::System(id) => id.to_string(),
            Self::Engagement(key) => key.to_string(),
            Self::EvidenceRequest(key, number) => asked::id(*key, *number),
        }
    }

    /// Returns where the record is in the pages.
    #[must_use]
    pub fn path(&self) -> String {
        match self {
            Self::Control(id) => format!("/controls/{}", segment(id.as_str())),
            Self::Occurrence(id) => format!("/controls/{}/occurrences", segment(id.as_str())),
            Self::Commitment(key) => format!("/commitments/{}", key.0),
            Self::Item(key) => format!("/evidence/items/{key}"),
            Self::Finding(reference) => format!("/findings/{}", segment(reference)),
            Self::Request(key) => format!("/waivers/requests/{key}"),
            Self::Waiver(key) => format!("/waivers/{key}"),
            Self::Check(id) => format!("/checks/{}", segment(id)),
            Self::Target(key) => format!("/targets/{key}"),
            Self::Run(key) => format!("/runs/{key}"),
            Self::System(id) => format!("/systems/{id}"),
            Self::Engagement(key) => format!("/engagements/{}", key.0),
            Self::EvidenceRequest(key, number) => format!("/engagements/{}/requests/{number}", key.0),
        }
    }

    /// Returns what people call the record.
    #[must_use]
    pub fn title(&self) -> String {
        match self {
            Self::Control(id) => format!("Control {id}"),
            Self::Occurrence(id) => format!("Occurrences of {id}"),
            Self::Commitment(key) => format!("Commitment {key}"),
            Self::Item(key) => format!("Evidence {key}"),
            Self::Finding(reference) => format!("Finding {reference}"),
            Self::Request(key) => format!("Waiver request {key}"),
            Self::Waiver(key) => format!("Waiver {key}"),
            Self::Check(id) => format!("Check {id}"),
            Self::Target(key) => format!("Target {key}"),
            Self::Run(key) => format!("Run {key}"),
            Self::System(_) => "System".to_owned(),
            Self::Engagement(key) => format!("Engagement {key}"),
            Self::EvidenceRequest(key, number) => format!("Request {}", asked::id(*key, *number)),
        }
    }

    /// Reads kind and id.
    #[must_use]
    pub fn of(kind: &str, id: &str) -> Option<Self> {
        Some(match kind {
            "control" => Self::Control(id.parse().ok()?),
            "commitment" => Self::Commitment(CommitmentKey(id.trim_start_matches("SC-").parse().ok()?)),
            "evidence" => Self::Item(ItemKey(id.parse().ok()?)),
            "finding" => Self::Finding(Some(id).filter(|id| !id.is_empty() && id.len() <= 200)?.to_owned()),
            "occurrence" => Self::Occurrence(id.parse().ok()?),
            "waiver_request" => Self::Request(id.parse().ok()?),
            "waiver" => Self::Waiver(WaiverKey(id.parse().ok()?)),
            "check" => Self::Check(Some(id).filter(|id| !id.is_empty() && id.len() <= 200)?.to_owned()),
            "target" => Self::Target(TargetKey(id.parse().ok()?)),
            "run" => Self::Run(RunKey(id.parse().ok()?)),
            "system" => Self::System(id.parse().ok()?),
            "engagement" => Self::Engagement(engagement_key(id)?),
            "request" => {
                let (key, number) = asked::parse(id)?;
                Self::EvidenceRequest(key, number)
            }
            _ => return None,
        })
    }

    /// Tells whether people of an audit firm speak about such records too.
    fn is_shared(&self) -> bool {
        matches!(self, Self::EvidenceRequest(..))
    }
}

fn engagement_key(text: &str) -> Option<EngagementKey> {
    text.strip_prefix("E-")?.parse().ok().map(EngagementKey)
}

/// A version of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// What it says.
    pub body: String,
    /// When it was written.
    pub at: Timestamp,
}

/// What somebody said about a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// Number in the organization, from 1.
    pub key: i64,
    /// What it is about.
    pub about: About,
    /// Who said it.
    pub by: ActorId,
    /// When it was first said.
    pub at: Timestamp,
    number: i64,
    /// All versions, oldest first; none when they were erased.
    pub texts: Vec<Text>,
    /// When its author removed it. The versions stay for whoever may see the record.
    pub removed_at: Option<Timestamp>,
}

impl Comment {
    /// Returns the number of the newest version, from 1.
    #[must_use]
    pub fn version(&self) -> i64 {
        self.number
    }

    /// Returns what it says now; none when it was removed or erased.
    #[must_use]
    pub fn now(&self) -> Option<&Text> {
        self.texts.last().filter(|_| self.removed_at.is_none())
    }
}

/// Something on the feed of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Somebody said something.
    Said(Comment),
    /// Something happened.
    Happened(Row),
}

impl Step {
    /// When.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Said(comment) => comment.at,
            Self::Happened(row) => row.at,
        }
    }

    /// Who.
    #[must_use]
    pub fn by(&self) -> ActorId {
        match self {
            Self::Said(comment) => comment.by,
            Self::Happened(row) => row.actor,
        }
    }
}

/// What came of a change made from a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changed {
    /// It is done.
    Done(Box<Comment>),
    /// It was changed meanwhile, in another window; nothing is done.
    Stale(Box<Comment>),
}

/// Refuses whoever may not see a record. What may not be known of is not found.
async fn see(view: &mut View<'_>, about: &About) -> Result<()> {
    let exceptions = Atom::new(Resource::Exception, Verb::Read);
    if is_auditor(view) && !about.is_shared() {
        return Err(Error::not_found("record", about.id()));
    }
    match about {
        About::Control(id) => edit::see(view, id).await.map(|_| ()),
        About::Occurrence(id) => performance::control_of(view, id).await.map(|_| ()),
        About::Commitment(key) => promises::versions(view, *key).await.map(|_| ()),
        About::Item(key) => item::find(view, *key).await.map(|_| ()),
        // Findings are computed; whether there is one with this reference is known to the page only.
        About::Finding(_) => view.permit_whole(exceptions),
        About::Request(key) => waiver::request::request(view, *key).await.map(|_| ()),
        About::Waiver(key) => {
            view.permit_whole(exceptions)?;
            waiver::find(view, *key).await.map(|_| ())
        }
        About::Check(id) => {
            view.permit_whole(Atom::new(Resource::Test, Verb::Read))?;
            let known = observation::checks_in_force(view).await?.contains_key(id);
            if known || !observation::check_versions(view, id).await?.is_empty() {
                return Ok(());
            }
            Err(Error::not_found("check", id))
        }
        About::Target(key) => {
            view.permit_whole(Atom::new(Resource::TestResult, Verb::Read))?;
            observation::find_target(view, *key).await.map(|_| ())
        }
        About::Run(key) => {
            view.permit_whole(Atom::new(Resource::TestResult, Verb::Read))?;
            observation::find_run(view, *key).await.map(|_| ())
        }
        About::System(id) => identity::system::find(view, *id).await.map(|_| ()),
        About::Engagement(key) => engagement::find(view, *key).await.map(|_| ()),
        About::EvidenceRequest(key, number) => asked::find(view, *key, *number).await.map(|_| ()),
    }
}

fn is_auditor(view: &View<'_>) -> bool {
    matches!(&view.actor.access, Access::Member(member) if member.subject.roles.contains(&Role::Auditor))
}

/// Tells whether the actor may comment.
fn may_write(view: &View<'_>) -> bool {
    matches!(view.actor.access, Access::Member(_))
}

/// Returns what was said about a record and what happened to it, oldest first.
///
/// # Errors
/// `NotFound`, `Forbidden` as for the record itself.
pub async fn feed(view: &mut View<'_>, about: &About) -> Result<Vec<Step>> {
    see(view, about).await?;
    let organization = view.organization();
    let comments = sql::of(view.connection(), organization, about, FEED_LIMIT).await?;
    let mut objects = vec![(about.kind(), about.id())];
    if let About::Occurrence(id) = about {
        let done = performance::list(view, id).await?;
        objects.extend(done.iter().map(|one| ("performance", one.key.to_string())));
    }
    let mut steps: Vec<Step> = comments.into_iter().map(Step::Said).collect();
    for (kind, id) in objects {
        let rows = audit::of_object(view, kind, &id, FEED_LIMIT).await?;
        steps.extend(rows.into_iter().filter(|row| !row.event.starts_with("comment.")).map(Step::Happened));
    }
    steps.sort_by_key(Step::at);
    Ok(steps)
}

/// Says something about a record. Sent twice from one page it is said once.
///
/// # Errors
/// As [`feed`]; `Forbidden` if nobody is signed in; `Invalid` for a text that is empty or too long, or that names too many.
pub async fn write(cx: &mut Cx<'_>, once: &str, about: About, body: &str) -> Result<Comment> {
    see(cx, &about).await?;
    if !may_write(cx) {
        return Err(Error::Forbidden("only a member comments".to_owned()));
    }
    if once.is_empty() || once.len() > ONCE_MAX || !once.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(Error::invalid("the page it was written on has no name; load it again"));
    }
    let (organization, by, at) = (cx.organization(), cx.actor.id, cx.now);
    if let Some(key) = sql::by_once(cx.connection(), organization, once).await? {
        return find(cx, key).await;
    }
    let text = checked(body, at)?;
    let named = named(cx, &text.body).await?;
    let key = sql::next_key(cx.connection(), organization).await?;
    let comment = Comment { key, about, by, at, number: 1, texts: vec![text], removed_at: None };
    sql::add(cx.connection(), organization, &comment, once).await?;
    keep(cx, &comment, &named, Name::CommentWritten).await?;
    Ok(comment)
}

/// Writes one's own comment anew, from version `from`. The versions before stay.
///
/// # Errors
/// As [`write()`]; `NotFound` for one that is somebody else's or was removed.
pub async fn change(cx: &mut Cx<'_>, key: i64, from: i64, body: &str) -> Result<Changed> {
    let mut comment = own(cx, key).await?;
    if comment.number != from {
        return Ok(Changed::Stale(Box::new(comment)));
    }
    let text = checked(body, cx.now)?;
    if comment.texts.last().is_some_and(|last| last.body == text.body) {
        return Ok(Changed::Done(Box::new(comment)));
    }
    let named = named(cx, &text.body).await?;
    comment.number += 1;
    comment.texts.push(text);
    keep(cx, &comment, &named, Name::CommentChanged).await?;
    Ok(Changed::Done(Box::new(comment)))
}

/// Removes one's own comment: it is shown as removed, and nobody is told of it any more.
///
/// # Errors
/// As [`change`].
pub async fn remove(cx: &mut Cx<'_>, key: i64) -> Result<Comment> {
    let comment = own(cx, key).await?;
    let (organization, now) = (cx.organization(), cx.now);
    sql::remove(cx.connection(), organization, key, now).await?;
    sql::unmention(cx.connection(), organization, key).await?;
    cx.touch(Kind::Comment, register_id(&comment));
    let before = json!({"comment": key, "version": comment.number});
    let event = Event {
        before: Some(before),
        ..Event::done(Name::CommentRemoved, comment.about.kind(), comment.about.id())
    };
    audit::record(cx, event).await?;
    Ok(Comment { removed_at: Some(now), ..comment })
}

/// Says that the actor has seen a comment that names them.
///
/// # Errors
/// `NotFound` if none does.
pub async fn seen(cx: &mut Cx<'_>, key: i64) -> Result<()> {
    let (organization, actor, now) = (cx.organization(), cx.actor.id, cx.now);
    match sql::seen(cx.connection(), organization, key, actor, now).await? {
        0 => Err(Error::not_found("mention", key)),
        _ => Ok(()),
    }
}

/// Finds a comment.
///
/// # Errors
/// `NotFound` if there is none, or the record may not be known of.
pub async fn find(view: &mut View<'_>, key: i64) -> Result<Comment> {
    let organization = view.organization();
    let found = sql::find(view.connection(), organization, key).await?;
    let found = found.ok_or_else(|| Error::not_found("comment", key))?;
    see(view, &found.about).await?;
    Ok(found)
}

/// Finds one's own comment, to be changed.
///
/// # Errors
/// As [`find`]; `NotFound` for one that is somebody else's or was removed.
pub async fn own(view: &mut View<'_>, key: i64) -> Result<Comment> {
    let found = find(view, key).await?;
    if found.by == view.actor.id && found.removed_at.is_none() && may_write(view) {
        Ok(found)
    } else {
        Err(Error::not_found("comment", key))
    }
}

/// Returns comments that name the actor and that they have not seen, oldest first: those of records that they may see.
///
/// # Errors
/// If the database fails.
pub async fn mentions(view: &mut View<'_>) -> Result<Vec<Comment>> {
    let (organization, actor) = (view.organization(), view.actor.id);
    let keys = sql::unseen(view.connection(), organization, actor, UNSEEN_MAX).await?;
    let mut found = Vec::new();
    for key in keys {
        let Some(comment) = sql::find(view.connection(), organization, key).await? else { continue };
        if sees(view, &comment.about).await? {
            found.push(comment);
        }
    }
    Ok(found)
}

/// Returns what names a comment in the register: its number, and what it is about.
pub(crate) fn register_id(comment: &Comment) -> String {
    format!("{} {} {}", comment.key, comment.about.kind(), comment.about.id())
}

/// Reads what names a comment in the register: its number, and what it is about.
#[must_use]
pub fn of_register(id: &str) -> Option<(i64, About)> {
    let mut parts = id.splitn(3, ' ');
    let (key, kind, about) = (parts.next()?, parts.next()?, parts.next()?);
    Some((key.parse().ok()?, About::of(kind, about)?))
}

/// Tells whether the actor may see the record that a comment of the register is about.
pub(crate) async fn is_seen(view: &mut View<'_>, id: &str) -> Result<bool> {
    match of_register(id) {
        Some((_, about)) => sees(view, &about).await,
        None => Ok(false),
    }
}

/// Returns a comment, whoever asks.
pub(crate) async fn look_up(view: &mut View<'_>, key: i64) -> Result<Option<Comment>> {
    let organization = view.organization();
    sql::find(view.connection(), organization, key).await
}

/// Returns all comments, whoever asks.
pub(crate) async fn everything(view: &mut View<'_>) -> Result<Vec<Comment>> {
    let organization = view.organization();
    let mut all = Vec::new();
    for key in sql::keys(view.connection(), organization).await? {
        all.extend(sql::find(view.connection(), organization, key).await?);
    }
    Ok(all)
}

/// Tells whether the actor may see a record, without anybody being refused.
async fn sees(view: &mut View<'_>, about: &About) -> Result<bool> {
    let object = identity::object_of(view, BTreeSet::new()).await?;
    if is_auditor(view) && !about.is_shared() {
        return Ok(false);
    }
    Ok(match about {
        About::Control(id) => match control::look_up(view, id).await? {
            Some(control) => {
                let object = edit::object(view, &control).await?;
                view.may_on(edit::atom(Verb::Read), &object)
            }
            None => false,
        },
        About::Commitment(_) => view.may_on(edit::atom(Verb::Read), &object),
        About::Finding(_) | About::Request(_) | About::Waiver(_) => {
            view.may_on(Atom::new(Resource::Exception, Verb::Read), &object)
        }
        About::Check(_) => view.sees_whole(Atom::new(Resource::Test, Verb::Read)),
        About::Target(_) | About::Run(_) => view.sees_whole(Atom::new(Resource::TestResult, Verb::Read)),
        About::System(id) => {
            let object = Object { system: Some(*id), ..object };
            view.may_on(Atom::new(Resource::System, Verb::Read), &object)
        }
        About::Engagement(key) => {
            let object = Object { engagement: Some(*key), ..object };
            view.may_on(Atom::new(Resource::Description, Verb::Read), &object)
        }
        About::EvidenceRequest(key, number) => asked::is_seen(view, *key, *number).await?,
        About::Item(key) => item::is_seen(view, *key).await?,
        About::Occurrence(id) => match control::look_up(view, id).await? {
            Some(control) => {
                let people = item::of_control_people(&control);
                let object = control::object_serving(view, people, [&control]).await?;
                view.may_on(edit::atom(Verb::Read), &object)
            }
            None => false,
        },
    })
}

/// Returns what opens the commitments to comments, apart from those that were erased.
///
/// # Errors
/// If the database fails, or holds what we never wrote.
pub async fn records(view: &mut View<'_>) -> Result<Vec<Record>> {
    let organization = view.organization();
    sql::records(view.connection(), organization).await
}

fn checked(body: &str, at: Timestamp) -> Result<Text> {
    let body = body.trim().replace("\r\n", "\n");
    if body.is_empty() || body.chars().count() > TEXT_CHARS || body.contains('\0') {
        return Err(Error::invalid(format!("write 1 to {TEXT_CHARS} characters")));
    }
    Ok(Text { body, at })
}

async fn keep(cx: &mut Cx<'_>, comment: &Comment, named: &BTreeSet<ActorId>, name: Name) -> Result<()> {
    let organization = cx.organization();
    let Some(text) = comment.texts.last() else { return Ok(()) };
    let salt = Salt(cx.app.random());
    let commitment = Digest(commitment::commit(&salt, RECORD_DOMAIN, text.body.as_bytes()).0);
    sql::add_text(cx.connection(), organization, comment.key, comment.number, text, salt).await?;
    sql::mention(cx.connection(), organization, comment.key, named).await?;
    cx.touch(Kind::Comment, register_id(comment));
    let after = json!({
        "comment": comment.key, "version": comment.number, "mentions": named, "record": commitment,
    });
    let event = Event { after: Some(after), ..Event::done(name, comment.about.kind(), comment.about.id()) };
    audit::record(cx, event).await
}

/// Whom a text names: members after an `@`, by their name or address. Nobody names themselves.
async fn named(cx: &mut Cx<'_>, text: &str) -> Result<BTreeSet<ActorId>> {
    if !text.contains('@') {
        return Ok(BTreeSet::new());
    }
    let here: Vec<Member> = people::everybody(cx).await?;
    let here = here.iter().filter(|member| member.standing == Standing::Active);
    let names: BTreeMap<String, ActorId> = here
        .flat_map(|member| [&member.name, &member.email].map(|name| (name.to_lowercase(), member.actor)))
        .collect();
    let found: BTreeSet<ActorId> = mentions_in(text, &names)
        .into_iter()
        .map(|(_, actor)| actor)
        .filter(|one| *one != cx.actor.id)
        .collect();
    if found.len() > MENTIONS_MAX {
        return Err(Error::invalid(format!("a comment names at most {MENTIONS_MAX} people")));
    }
    Ok(found)
}

/// Finds the names after each `@`, the longest that fits, with where they stand in the text in bytes.
#[must_use]
pub fn mentions_in(text: &str, names: &BTreeMap<String, ActorId>) -> Vec<(std::ops::Range<usize>, ActorId)> {
    let mut found: Vec<(std::ops::Range<usize>, ActorId)> = Vec::new();
    for (at, _) in text.match_indices('@') {
        let is_inside = found.last().is_some_and(|(range, _)| range.contains(&at));
        let before = text[..at].chars().next_back();
        // The at sign of an address is none.
        if is_inside || before.is_some_and(char::is_alphanumeric) {
            continue;
        }
        let rest = &text[at + 1..];
        let best = names
            .iter()
            .filter_map(|(name, actor)| {
                let length = beginning(rest, name)?;
                let next = rest[length..].chars().next();
                (!next.is_some_and(char::is_alphanumeric)).then_some((length, *actor))
            })
            .max_by_key(|(length, _)| *length);
        if let Some((length, actor)) = best {
            found.push((at..at + 1 + length, actor));
        }
    }
    found
}

/// How many bytes of `text` are `name`, whatever the case; none if it does not begin so.
fn beginning(text: &str, name: &str) -> Option<usize> {
    let mut wanted = name.chars();
    let mut length = 0;
    for letter in text.chars() {
        if wanted.as_str().is_empty() {
            break;
        }
        for small in letter.to_lowercase() {
            if wanted.next() != Some(small) {
                return None;
            }
        }
        length += letter.len_utf8();
    }
    (wanted.as_str().is_empty() && length > 0).then_some(length)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn names_after_an_at_sign_are_mentions() {
        let id = |n: u128| ActorId(Uuid::from_u128(n));
        let names = BTreeMap::from([
            ("ada".to_owned(), id(1)),
            ("ada byron".to_owned(), id(2)),
            ("ada@example.com".to_owned(), id(1)),
            ("ülo".to_owned(), id(3)),
        ]);
        for (text, expected) in [
            ("@Ada please", vec![("@Ada", 1)]),
            ("(@ada byron, @Ada)", vec![("@ada byron", 2), ("@Ada", 1)]),
            ("@ada@example.com and @ÜLO.", vec![("@ada@example.com", 1), ("@ÜLO", 3)]),
            ("mail ada@ada or @adam, @", vec![]),
            ("@@ada", vec![("@ada", 1)]),
            ("@", vec![]),
        ] {
            let found: Vec<(&str, ActorId)> =
                mentions_in(text, &names).into_iter().map(|(range, actor)| (&text[range], actor)).collect();
            let expected: Vec<(&str, ActorId)> =
                expected.into_iter().map(|(part, n)| (part, id(n))).collect();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn what_a_comment_is_about_is_read_as_it_is_written() {
        for (kind, id) in [
            ("control", "IAM-01"),
            ("commitment", "SC-3"),
            ("evidence", "7"),
            ("finding", "test.a.b"),
            ("occurrence", "IAM-01"),
            ("waiver_request", "2"),
            ("waiver", "3"),
            ("check", "ssh-root-login-disabled"),
            ("target", "4"),
            ("run", "5"),
            ("system", "00000000-0000-7000-8000-000000000001"),
            ("engagement", "E-1"),
            ("request", "E-1/R-2"),
        ] {
            let about = About::of(kind, id).expect("known");
            assert_eq!((about.kind(), about.id().as_str()), (kind, id));
        }
        assert_eq!(About::of("member", "x"), None);
        assert_eq!(About::of("evidence", "x"), None);
    }
}
