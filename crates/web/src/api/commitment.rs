//! Service commitments and system requirements.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tickmark_app::control::commitment::{self, Version};
use tickmark_app::control::edit;
use tickmark_app::{Error, View};
use tickmark_core::control::commitment::{CommitmentKey, CommitmentKind, Promise};
use tickmark_core::id::ActorId;
use tickmark_core::identity::Resource::Control;
use tickmark_core::identity::Verb::{Approve, Create, Delete, Update};

use super::BASE;
use super::answer::{Answered, answer, answer_of};
use super::asking::{asking, number, plain};
use super::call::{Call, Done, Taken, done, write};
use super::looking::Looking;
use super::meanwhile::stale;
use super::operation::{Operation, Writing};
use super::words::{AS_OF, Nothing, Reason, parsed, person, read};
use crate::WebState;
use crate::error::Refusal;
use crate::route::{get, post, put};
use crate::visit::Asked;

const KINDS: [&str; 2] = ["commitment", "requirement"];

pub(super) static LOOKS: &[Operation] = &[
    Operation::list::<Commitment>(
        "listCommitments",
        ("/commitments", "/commitments"),
        "Commitments, by number",
        Control,
        || get(list),
    ),
    Operation::one::<Commitment>(
        "getCommitment",
        ("/commitments/{key}", "/commitments/1"),
        "One commitment; its tag is the version",
        Control,
        || get(one),
    ),
    Operation::list::<CommitmentVersion>(
        "listCommitmentVersions",
        ("/commitments/{key}/versions", "/commitments/1/versions"),
        "Every version of a commitment, oldest first",
        Control,
        || get(versions),
    )
    .filtered(AS_OF),
];

pub(super) static WRITES: &[Writing] = &[
    Writing::post::<NewCommitment, Commitment>(
        "writeCommitment",
        ("/commitments", "/commitments"),
        "Writes a commitment, as a draft",
        (Control, Create),
        || post(new),
    )
    .created(),
    Writing::put::<CommitmentChange, Commitment>(
        "changeCommitment",
        ("/commitments/{key}", "/commitments/1"),
        "Writes a commitment anew; it waits for somebody else's approval",
        (Control, Update),
        || put(change),
    )
    .versioned(),
    Writing::post::<Nothing, Commitment>(
        "approveCommitment",
        ("/commitments/{key}/approval", "/commitments/1/approval"),
        "Approves what somebody else wrote",
        (Control, Approve),
        || post(approve),
    )
    .versioned()
    .for_people(),
    Writing::post::<Reason, Commitment>(
        "retireCommitment",
        ("/commitments/{key}/retirement", "/commitments/1/retirement"),
        "Ends a commitment; it stays readable",
        (Control, Delete),
        || post(retire),
    )
    .versioned()
    .for_people(),
];

/// What is promised.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct CommitmentContent {
    #[schemars(extend("enum" = KINDS))]
    kind: String,
    #[schemars(length(min = 1, max = 200))]
    title: String,
    /// The promise or requirement.
    #[schemars(length(min = 1, max = 4_000))]
    statement: String,
    /// Where it was made: contract, terms, law.
    #[schemars(length(min = 1, max = 200))]
    source: String,
    /// Categories it belongs to, e.g. `availability`.
    #[serde(default)]
    #[schemars(length(max = 10), inner(length(min = 1, max = 60)))]
    categories: Vec<String>,
    /// Criteria by which it is measured.
    #[serde(default)]
    #[schemars(length(max = 200), inner(length(min = 1, max = 40)))]
    criteria: Vec<String>,
    /// Controls that keep it.
    #[serde(default)]
    #[schemars(length(max = 200), inner(length(min = 1, max = 40)))]
    controls: Vec<String>,
}

impl CommitmentContent {
    fn of(promise: &Promise) -> Self {
        Self {
            kind: promise.kind.word().to_owned(),
            title: promise.title.clone(),
            statement: promise.statement.clone(),
            source: promise.source.clone(),
            categories: promise.categories.iter().cloned().collect(),
            criteria: promise.criteria.iter().cloned().collect(),
            controls: promise.controls.iter().map(ToString::to_string).collect(),
        }
    }

    fn read(&self) -> Result<Promise, Error> {
        Ok(Promise {
            kind: read::<CommitmentKind>("kind", &self.kind)?,
            title: self.title.clone(),
            statement: self.statement.clone(),
            source: self.source.clone(),
            categories: self.categories.iter().cloned().collect(),
            criteria: self.criteria.iter().cloned().collect(),
            controls: self.controls.iter().map(|id| parsed("control", id)).collect::<Result<_, _>>()?,
        })
    }
}

/// A service commitment or system requirement.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Commitment {
    /// Its number; pages call it `SC-` and the number.
    key: i64,
    /// `draft`, `waits`, `in_force` or `retired`.
    state: String,
    /// Who answers for it; null for nobody.
    owner: Option<String>,
    /// What was written last.
    content: CommitmentContent,
    /// What was approved and holds; null where nothing does.
    in_force: Option<CommitmentContent>,
}

impl From<&Version> for Commitment {
    fn from(version: &Version) -> Self {
        let record = &version.record;
        Self {
            key: record.key.0,
            state: record.state().word().to_owned(),
            owner: record.owner.map(|who| who.to_string()),
            content: CommitmentContent::of(&record.promise),
            in_force: record.in_force().map(CommitmentContent::of),
        }
    }
}

/// A commitment as it stood from a moment on.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct CommitmentVersion {
    /// Its number, from 1, as `ETag` and `If-Match` have it.
    version: i64,
    /// From when.
    since: String,
    commitment: Commitment,
}

impl From<&Version> for CommitmentVersion {
    fn from(version: &Version) -> Self {
        Self { version: version.number, since: version.since.to_string(), commitment: version.into() }
    }
}

/// A new commitment.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewCommitment {
    content: CommitmentContent,
    /// Who answers for it; null for nobody.
    #[serde(default)]
    #[schemars(extend("format" = "uuid"))]
    owner: Option<String>,
    /// Why it is written.
    #[schemars(length(min = 1, max = 4_000))]
    reason: String,
}

/// A change of a commitment.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct CommitmentChange {
    content: CommitmentContent,
    /// Who answers for it; null for nobody.
    #[schemars(extend("format" = "uuid"))]
    owner: Option<String>,
    /// Why.
    #[schemars(length(min = 1, max = 4_000))]
    reason: String,
}

impl Taken for NewCommitment {}
impl Taken for CommitmentChange {}

async fn list(State(state): State<WebState>, asked: Asked, uri: Uri, headers: HeaderMap) -> Answered {
    let (app, actor) = asked.member(&state)?;
    let asking = asking(&uri, "/commitments")?;
    let (after, most) = (asking.number()?.map(CommitmentKey), asking.one_more());
    let all = app.read(actor, async |view| commitment::after(view, after, most).await).await?;
    let items: Vec<Commitment> = all.iter().map(Into::into).collect();
    Ok(answer(&headers, &asking.cut(items, |item| item.key.to_string())))
}

async fn one(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    uri: Uri,
    headers: HeaderMap,
) -> Answered {
    plain(&uri)?;
    let (app, actor) = asked.member(&state)?;
    let key = CommitmentKey(number(&key)?);
    let versions = app.read(actor, async |view| commitment::versions(view, key).await).await?;
    let newest = versions.last().ok_or(Refusal::NotFound)?;
    Ok(answer_of(&headers, &Commitment::from(newest), &newest.number.to_string()))
}

async fn versions(Path(key): Path<String>, look: Looking) -> Answered {
    let key = CommitmentKey(number(&key)?);
    look.versions(
        async |view| commitment::versions(view, key).await,
        |version| version.since,
        |item: &CommitmentVersion| item.version.to_string(),
    )
    .await
}

async fn new(State(state): State<WebState>, asked: Asked, call: Call<NewCommitment>) -> Answered {
    let (catalog, once) = (state.source().catalog().ok_or(Refusal::NotFound)?, call.once(&state, &asked));
    write(&state, &asked, &call, async |cx| {
        let body = &call.body;
        let (promise, owner) = read_both(&body.content, body.owner.as_deref())?;
        let made = commitment::write(cx, &once, promise, owner, &body.reason, catalog).await?;
        now(cx, StatusCode::CREATED, made.key).await
    })
    .await
}

async fn change(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    call: Call<CommitmentChange>,
) -> Answered {
    let (key, from) = (CommitmentKey(number(&key)?), call.number()?);
    let catalog = state.source().catalog().ok_or(Refusal::NotFound)?;
    write(&state, &asked, &call, async |cx| {
        let body = &call.body;
        let (promise, owner) = read_both(&body.content, body.owner.as_deref())?;
        match commitment::change(cx, key, from, promise, owner, &body.reason, catalog).await? {
            commitment::Changed::Done(after) => now(cx, StatusCode::OK, after.key).await,
            commitment::Changed::Stale(_) => meanwhile(cx, key, from).await,
        }
    })
    .await
}

async fn approve(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    call: Call<Nothing>,
) -> Answered {
    let (key, from) = (CommitmentKey(number(&key)?), call.number()?);
    write(&state, &asked, &call, async |cx| match commitment::approve(cx, key, from).await? {
        commitment::Changed::Done(after) => now(cx, StatusCode::OK, after.key).await,
        commitment::Changed::Stale(_) => meanwhile(cx, key, from).await,
    })
    .await
}

async fn retire(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    call: Call<Reason>,
) -> Answered {
    let (key, from) = (CommitmentKey(number(&key)?), call.number()?);
    write(&state, &asked, &call, async |cx| {
        cx.permit_whole(edit::atom(Delete))?;
        let versions = commitment::versions(cx, key).await?;
        if versions.last().is_some_and(|newest| newest.number != from) {
            return meanwhile(cx, key, from).await;
        }
        let after = commitment::retire(cx, key, &call.body.reason).await?;
        now(cx, StatusCode::OK, after.key).await
    })
    .await
}

fn read_both(content: &CommitmentContent, owner: Option<&str>) -> Result<(Promise, Option<ActorId>), Error> {
    Ok((content.read()?, person("owner", owner)?))
}

/// What is answered when it is done: the newest version.
async fn now(view: &mut View<'_>, status: StatusCode, key: CommitmentKey) -> Result<Done, Error> {
    let versions = commitment::versions(view, key).await?;
    let newest = versions.last().ok_or_else(|| Error::not_found("commitment", key))?;
    let location = format!("{BASE}/commitments/{}", key.0);
    done(status, &Commitment::from(newest), &newest.number.to_string(), &location)
}

async fn meanwhile(view: &mut View<'_>, key: CommitmentKey, from: i64) -> Result<Done, Error> {
    let versions = commitment::versions(view, key).await?;
    let newest = versions.last().ok_or_else(|| Error::not_found("commitment", key))?;
    let seen = versions.iter().find(|version| version.number == from).map(Commitment::from);
    stale(&Commitment::from(newest), &newest.number.to_string(), seen.as_ref())
}
