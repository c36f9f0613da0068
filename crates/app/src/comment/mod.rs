//! Comments on records, and what happened to a record: one order of both.
//!
//! Whoever may see a record may comment on it, and only its author changes or removes a comment; versions stay. A text is no
//! part of the log: its entry holds a salted commitment. A member whom a comment names by `@` finds it in their work, as far
//! as they may see the record. Owns the tables of migrations `0040_comment.sql` and `0067_comment_about.sql`.

mod about;
mod mention;
mod sql;

use std::collections::BTreeSet;

use serde_json::json;
use tickmark_core::id::ActorId;
use tickmark_core::{Digest, Timestamp};
use tickmark_ledger::bundle::Record;
use tickmark_ledger::commitment::{self, RECORD_DOMAIN, Salt};

use crate::context::{Cx, View};
use crate::identity::Access;
use crate::identity::audit::{self, Event, Name, Row};
use crate::program::performance;
use crate::register::Kind;
use crate::{Error, Result};

pub use about::About;
use about::{see, sees};
pub use mention::mentions_in;
use mention::named;

/// Most characters of a comment.
pub const TEXT_CHARS: usize = 4_000;
/// Most comments and events that are shown with a record.
pub const FEED_LIMIT: u32 = 500;
/// Most mentions of one person that are looked at.
const UNSEEN_MAX: u32 = 200;
/// Most characters of what names a page.
const ONCE_MAX: usize = 64;

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
