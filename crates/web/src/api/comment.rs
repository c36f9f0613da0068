//! What people say about records, and what happened to a record: one order of both.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tickmark_app::comment::{self, About, Changed, Comment as Record, Step};
use tickmark_app::{ActorKind, Cx, Error};
use tickmark_core::identity::{Atom, Resource, Verb};

use super::BASE;
use super::answer::Answered;
use super::asking::number;
use super::call::{Call, Done, Taken, done, write};
use super::looking::Looking;
use super::meanwhile::stale;
use super::operation::{Operation, Writing};
use super::words::Nothing;
use crate::WebState;
use crate::error::Refusal;
use crate::route::{get, post, put};
use crate::visit::Asked;

const KINDS: [&str; 13] = [
    "control",
    "commitment",
    "evidence",
    "finding",
    "occurrence",
    "waiver_request",
    "waiver",
    "check",
    "target",
    "run",
    "system",
    "engagement",
    "request",
];

pub(super) static LOOKS: &[Operation] = &[
    Operation::list::<FeedStep>(
        "listFeed",
        ("/records/{kind}/{id}/feed", "/records/control/IAM-01/feed"),
        "What was said about a record and what happened to it, oldest first",
        Resource::Control,
        || get(feed),
    )
    .for_members(),
    Operation::one::<Comment>(
        "getComment",
        ("/comments/{key}", "/comments/1"),
        "One comment; its tag is the version",
        Resource::Control,
        || get(one),
    )
    .for_members(),
];

pub(super) static WRITES: &[Writing] = &[
    Writing::post::<NewComment, Comment>(
        "writeComment",
        ("/comments", "/comments"),
        "Says something about a record; names after @ are told",
        (Resource::Control, Verb::Read),
        || post(new),
    )
    .created()
    .for_members(),
    Writing::put::<CommentChange, Comment>(
        "changeComment",
        ("/comments/{key}", "/comments/1"),
        "Writes one's own comment anew; the versions before stay",
        (Resource::Control, Verb::Read),
        || put(change),
    )
    .versioned()
    .for_members(),
    Writing::post::<Nothing, Comment>(
        "removeComment",
        ("/comments/{key}/removal", "/comments/1/removal"),
        "Removes one's own comment; it is shown as removed",
        (Resource::Control, Verb::Read),
        || post(remove),
    )
    .versioned()
    .for_members(),
];

/// What a comment is about.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Subject {
    /// `occurrence` is how a control is performed, `request` what an auditor asks for.
    #[schemars(extend("enum" = KINDS))]
    kind: String,
    /// As addresses have it.
    #[schemars(length(min = 1, max = 200))]
    id: String,
}

/// Something to say.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewComment {
    about: Subject,
    #[schemars(length(min = 1, max = 4_000))]
    text: String,
}

/// Something to say instead.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct CommentChange {
    #[schemars(length(min = 1, max = 4_000))]
    text: String,
}

/// What somebody said.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Comment {
    key: i64,
    about: Subject,
    by: String,
    at: String,
    /// Number of the newest version, from 1.
    version: i64,
    /// What it says; null when it was removed or erased.
    text: Option<String>,
    is_removed: bool,
}

impl From<&Record> for Comment {
    fn from(comment: &Record) -> Self {
        Self {
            key: comment.key,
            about: Subject { kind: comment.about.kind().to_owned(), id: comment.about.id() },
            by: comment.by.to_string(),
            at: comment.at.to_string(),
            version: comment.version(),
            text: comment.now().map(|text| text.body.clone()),
            is_removed: comment.removed_at.is_some(),
        }
    }
}

/// A step on the feed of a record.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct FeedStep {
    /// Its place, from 1.
    number: usize,
    at: String,
    by: String,
    /// What happened, e.g. `control.approved`; `comment` if something was said.
    what: String,
    /// Number of the event of the audit trail; null for comments.
    event: Option<i64>,
    /// The comment; null for events.
    comment: Option<Comment>,
}

impl FeedStep {
    fn of((at, step): (usize, &Step)) -> Self {
        let (what, event, comment) = match step {
            Step::Said(comment) => ("comment".to_owned(), None, Some(comment.into())),
            Step::Happened(row) => (row.event.clone(), Some(row.number), None),
        };
        Self { number: at + 1, at: step.at().to_string(), by: step.by().to_string(), what, event, comment }
    }
}

impl Taken for NewComment {}
impl Taken for CommentChange {}

async fn feed(Path((kind, id)): Path<(String, String)>, look: Looking) -> Answered {
    let about = About::of(&kind, &id).ok_or(Refusal::NotFound)?;
    look.list(
        async |view, _| Ok(comment::feed(view, &about).await?.iter().enumerate().map(FeedStep::of).collect()),
        |item: &FeedStep| item.number.to_string(),
    )
    .await
}

async fn one(Path(key): Path<String>, look: Looking) -> Answered {
    let key = number(&key)?;
    look.tagged(async |view| {
        let found = comment::find(view, key).await?;
        Ok((Comment::from(&found), tag(&found)))
    })
    .await
}

async fn new(State(state): State<WebState>, asked: Asked, call: Call<NewComment>) -> Answered {
    let once = call.once(&state, &asked);
    let body = &call.body;
    let about = About::of(&body.about.kind, &body.about.id).ok_or(Refusal::NotFound)?;
    write(&state, &asked, &call, async |cx| {
        may_say(cx, &about)?;
        comment_done(StatusCode::CREATED, &comment::write(cx, &once, about, &body.text).await?)
    })
    .await
}

async fn change(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    call: Call<CommentChange>,
) -> Answered {
    let (key, from) = (number(&key)?, call.number()?);
    write(&state, &asked, &call, async |cx| {
        let before = comment::own(cx, key).await?;
        may_say(cx, &before.about)?;
        match comment::change(cx, key, from, &call.body.text).await? {
            Changed::Done(after) => comment_done(StatusCode::OK, &after),
            Changed::Stale(current) => meanwhile(&current, from),
        }
    })
    .await
}

async fn remove(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    call: Call<Nothing>,
) -> Answered {
    let (key, from) = (number(&key)?, call.number()?);
    write(&state, &asked, &call, async |cx| {
        let before = comment::own(cx, key).await?;
        may_say(cx, &before.about)?;
        if before.version() != from {
            return meanwhile(&before, from);
        }
        comment_done(StatusCode::OK, &comment::remove(cx, key).await?)
    })
    .await
}

/// A person who may see a record may comment on it. A token that was only given to look changes nothing: it needs to be
/// given changes of what the comment is about.
fn may_say(cx: &mut Cx<'_>, about: &About) -> Result<(), Error> {
    if cx.actor.kind != ActorKind::Program {
        return Ok(());
    }
    let resource = match about {
        About::Control(_) | About::Commitment(_) | About::Occurrence(_) => Resource::Control,
        About::Item(_) => Resource::Evidence,
        About::Finding(_) | About::Request(_) | About::Waiver(_) => Resource::Exception,
        About::Check(_) => Resource::Test,
        // What was seen is nobody's to change; whoever may change controls may speak about it.
        About::Target(_) | About::Run(_) => Resource::Control,
        About::System(_) => Resource::System,
        About::Engagement(_) => Resource::Description,
        About::EvidenceRequest(..) => Resource::EvidenceRequest,
    };
    cx.permit(Atom::new(resource, Verb::Update)).map(|_| ())
}

fn comment_done(status: StatusCode, comment: &Record) -> Result<Done, Error> {
    done(status, &Comment::from(comment), &tag(comment), &format!("{BASE}/comments/{}", comment.key))
}

/// What is answered where it is not as it was in a version.
fn meanwhile(current: &Record, from: i64) -> Result<Done, Error> {
    let place = usize::try_from(from).ok().and_then(|from| from.checked_sub(1));
    let text = place.and_then(|place| current.texts.get(place));
    let seen = text.map(|text| Comment {
        version: from,
        text: Some(text.body.clone()),
        is_removed: false,
        ..Comment::from(current)
    });
    stale(&Comment::from(current), &tag(current), seen.as_ref())
}

/// Its version; that it was removed is another one.
fn tag(comment: &Record) -> String {
    match comment.removed_at {
        None => comment.version().to_string(),
        Some(_) => format!("{}-removed", comment.version()),
    }
}
