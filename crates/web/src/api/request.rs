//! What an auditor asks for in an examination, on management's side: read, entered, given to somebody, answered with
//! evidence. The auditor's side is their own pages.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tickmark_app::engagement::fieldwork::{Row, request};
use tickmark_app::{Cx, Error, View};
use tickmark_core::catalog::{RequestKind, RequestTiming};
use tickmark_core::engagement::EngagementKey;
use tickmark_core::engagement::fieldwork::{
    Answer as CoreAnswer, EvidenceRequest as Record, Request as CoreRequest,
};
use tickmark_core::id::{ItemKey, PopulationKey};
use tickmark_core::identity::Resource::EvidenceRequest as Requests;
use tickmark_core::identity::Verb::{Create, Update};

use super::BASE;
use super::answer::{Answered, answer};
use super::asking::{asking, number};
use super::call::{Call, Done, FILES_BYTES, Taken, bytes_of, done, unfit, write};
use super::fit::Misfit;
use super::looking::Looking;
use super::meanwhile::stale;
use super::operation::{Operation, Writing};
use super::words::{AS_OF, Nothing, as_of, parsed, person, read, word};
use crate::WebState;
use crate::engagement::cells;
use crate::error::Refusal;
use crate::route::{get, post, put};
use crate::visit::Asked;

const KINDS: [&str; 5] = ["document", "population", "sample", "configuration", "observation"];
const TIMINGS: [&str; 2] = ["as_of", "period"];

pub(super) static LOOKS: &[Operation] = &[
    Operation::list::<EvidenceRequest>(
        "listEvidenceRequests",
        ("/engagements/{key}/requests", "/engagements/1/requests"),
        "What an auditor asks for, by number",
        Requests,
        || get(list),
    )
    .filtered(&[("state", "Only in this state")])
    .narrowed(),
    Operation::one::<EvidenceRequest>(
        "getEvidenceRequest",
        ("/engagements/{key}/requests/{number}", "/engagements/1/requests/1"),
        "One request with its answer; its tag is the version",
        Requests,
        || get(one),
    )
    .narrowed(),
    Operation::list::<RequestVersion>(
        "listEvidenceRequestVersions",
        ("/engagements/{key}/requests/{number}/versions", "/engagements/1/requests/1/versions"),
        "Every version of a request, oldest first",
        Requests,
        || get(versions),
    )
    .filtered(AS_OF)
    .narrowed(),
];

pub(super) static WRITES: &[Writing] = &[
    Writing::post::<NewRequests, Added>(
        "addEvidenceRequests",
        ("/engagements/{key}/requests", "/engagements/1/requests"),
        "Enters what is asked for; what is there already with the same words and reference is left alone",
        (Requests, Create),
        || post(add),
    )
    .created()
    .for_people(),
    Writing::post::<NewList, Added>(
        "importEvidenceRequests",
        ("/engagements/{key}/request-lists", "/engagements/1/request-lists"),
        "Enters a firm's own list, CSV or XLSX, whole or not at all; what is wrong is named by line and column",
        (Requests, Create),
        || post(import),
    )
    .created()
    .for_people(),
    Writing::post::<Nothing, Added>(
        "addUsualRequests",
        ("/engagements/{key}/usual-requests", "/engagements/1/usual-requests"),
        "Enters the usual requests that concern the criteria in scope; those that are there are left alone",
        (Requests, Create),
        || post(add_usual),
    )
    .created()
    .for_people(),
    Writing::put::<Owner, EvidenceRequest>(
        "assignEvidenceRequest",
        ("/engagements/{key}/requests/{number}/owner", "/engagements/1/requests/1/owner"),
        "Says who of management sees to a request",
        (Requests, Update),
        || put(assign),
    )
    .versioned()
    .for_people(),
    Writing::put::<Answer, EvidenceRequest>(
        "answerEvidenceRequest",
        ("/engagements/{key}/requests/{number}/answer", "/engagements/1/requests/1/answer"),
        "Answers a request with evidence, populations or words",
        (Requests, Update),
        || put(submit),
    )
    .versioned()
    .for_people(),
];

/// What is asked for.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// In the words of whoever asks.
    #[schemars(length(min = 1, max = 4_000))]
    title: String,
    #[schemars(extend("enum" = KINDS))]
    kind: String,
    /// Which time it concerns.
    #[schemars(extend("enum" = TIMINGS))]
    timing: String,
    /// Criteria or objectives that it serves; none stands for all.
    #[serde(default)]
    #[schemars(length(max = 200), inner(length(min = 1, max = 60)))]
    criteria: Vec<String>,
    /// Controls that it is about.
    #[serde(default)]
    #[schemars(length(max = 200), inner(length(min = 1, max = 40)))]
    controls: Vec<String>,
    #[serde(default)]
    #[schemars(extend("format" = "date"))]
    due: Option<String>,
    /// The firm's own number.
    #[serde(default)]
    #[schemars(length(max = 200))]
    reference: String,
}

impl From<&CoreRequest> for Wanted {
    fn from(request: &CoreRequest) -> Self {
        Self {
            title: request.title.clone(),
            kind: word(request.kind),
            timing: word(request.timing),
            criteria: request.criteria.iter().cloned().collect(),
            controls: request.controls.iter().map(ToString::to_string).collect(),
            due: request.due.map(|due| due.to_string()),
            reference: request.reference.clone(),
        }
    }
}

impl Wanted {
    fn read(&self) -> Result<CoreRequest, Error> {
        Ok(CoreRequest {
            title: self.title.clone(),
            kind: read::<RequestKind>("kind", &self.kind)?,
            timing: read::<RequestTiming>("timing", &self.timing)?,
            criteria: self.criteria.iter().cloned().collect(),
            controls: self.controls.iter().map(|id| parsed("control", id)).collect::<Result<_, _>>()?,
            due: self.due.as_deref().map(|due| parsed("due", due)).transpose()?,
            reference: self.reference.clone(),
        })
    }
}

/// What is asked for from now on.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewRequests {
    #[schemars(length(min = 1, max = 500))]
    requests: Vec<Wanted>,
}

/// A list as a file.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewList {
    /// Ends with `.csv` or `.xlsx`.
    #[schemars(length(min = 5, max = 200))]
    name: String,
    /// Its bytes, as Base64.
    #[schemars(length(min = 1))]
    content: String,
}

/// What came of it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Added {
    added: usize,
    /// Those that were there already.
    known: usize,
}

/// Who sees to it; null for nobody.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Owner {
    #[schemars(extend("format" = "uuid"))]
    owner: Option<String>,
}

/// What management answers with.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Answer {
    #[serde(default)]
    #[schemars(length(max = 4_000))]
    text: String,
    /// Keys of items of evidence.
    #[serde(default)]
    #[schemars(length(max = 200), inner(range(min = 1)))]
    items: Vec<i64>,
    /// Keys of populations.
    #[serde(default)]
    #[schemars(length(max = 200), inner(range(min = 1)))]
    populations: Vec<i64>,
}

/// A request with how far it has come.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct EvidenceRequest {
    engagement: i64,
    number: i64,
    request: Wanted,
    /// `management` or `auditor`.
    asked_by: String,
    /// `open`, `submitted`, `accepted`, `returned` or `not_applicable`.
    state: String,
    owner: Option<String>,
    answer: Answer,
    submitted_by: Option<String>,
    decided_by: Option<String>,
    /// What the auditor said last; may be empty.
    decision: String,
}

impl EvidenceRequest {
    fn of(engagement: EngagementKey, record: &Record) -> Self {
        Self {
            engagement: engagement.0,
            number: record.number,
            request: Wanted::from(&record.request),
            asked_by: word(record.asked_by),
            state: record.state.word().to_owned(),
            owner: record.owner.map(|who| who.to_string()),
            answer: Answer {
                text: record.answer.text.clone(),
                items: record.answer.items.iter().map(|key| key.0).collect(),
                populations: record.answer.populations.iter().map(|key| key.0).collect(),
            },
            submitted_by: record.submitted.map(|(who, _)| who.to_string()),
            decided_by: record.decided.map(|(who, _)| who.to_string()),
            decision: record.decision.clone(),
        }
    }
}

/// A request as it stood from a moment on.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct RequestVersion {
    /// Its number, from 1, as `ETag` and `If-Match` have it.
    version: i64,
    since: String,
    by: String,
    request: EvidenceRequest,
}

impl RequestVersion {
    fn of(engagement: EngagementKey, row: &Row<Record>) -> Self {
        Self {
            version: row.version,
            since: row.since.to_string(),
            by: row.by.to_string(),
            request: EvidenceRequest::of(engagement, &row.record),
        }
    }
}

impl Taken for NewRequests {}
impl Taken for NewList {
    const BYTES: usize = FILES_BYTES;
}
impl Taken for Owner {}
impl Taken for Answer {}

/// The examination and the number that an address names.
fn named(key: &str, at: &str) -> Result<(EngagementKey, i64), Refusal> {
    Ok((EngagementKey(number(key)?), number(at)?))
}

async fn list(Path(key): Path<String>, look: Looking) -> Answered {
    let key = EngagementKey(number(&key)?);
    look.list(
        async |view, asking| {
            let wanted = asking.filter("state");
            let mut rows = request::list(view, key).await?;
            rows.retain(|row| wanted.is_none_or(|state| row.record.state.word() == state));
            Ok(rows.iter().map(|row| EvidenceRequest::of(key, &row.record)).collect())
        },
        |item: &EvidenceRequest| item.number.to_string(),
    )
    .await
}

async fn one(Path((key, at)): Path<(String, String)>, look: Looking) -> Answered {
    let (key, at) = named(&key, &at)?;
    look.tagged(async |view| {
        let row = request::find(view, key, at).await?.row;
        Ok((EvidenceRequest::of(key, &row.record), row.version.to_string()))
    })
    .await
}

async fn versions(
    State(state): State<WebState>,
    Path((key, at)): Path<(String, String)>,
    asked: Asked,
    uri: Uri,
    headers: HeaderMap,
) -> Answered {
    let (app, actor) = asked.member(&state)?;
    let (key, at) = named(&key, &at)?;
    let asking = asking(&uri, "/engagements/{key}/requests/{number}/versions")?;
    let held = asking.moment("as_of")?;
    let found = app.read(actor, async |view| request::find(view, key, at).await).await?;
    let rows = as_of(found.versions, held, |row| row.since);
    let items: Vec<RequestVersion> = rows.iter().map(|row| RequestVersion::of(key, row)).collect();
    Ok(answer(&headers, &asking.page(items, |item| item.version.to_string())?))
}

async fn add(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    call: Call<NewRequests>,
) -> Answered {
    let key = EngagementKey(number(&key)?);
    write(&state, &asked, &call, async |cx| {
        let requests = call.body.requests.iter().map(Wanted::read).collect::<Result<_, _>>()?;
        said(key, &request::add(cx, key, requests).await?)
    })
    .await
}

async fn import(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    call: Call<NewList>,
) -> Answered {
    let key = EngagementKey(number(&key)?);
    let catalog = state.source().catalog().ok_or(Refusal::NotFound)?;
    let (name, bytes) = (&call.body.name, bytes_of("#/content", &call.body.content)?);
    let rows = cells(&state, name, &bytes)
        .map_err(|says| unfit(vec![Misfit { pointer: "#/content".to_owned(), says }]))?;
    write(&state, &asked, &call, async |cx| said(key, &request::import(cx, key, name, &rows, catalog).await?))
        .await
}

async fn add_usual(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    call: Call<Nothing>,
) -> Answered {
    let key = EngagementKey(number(&key)?);
    let catalog = state.source().catalog().ok_or(Refusal::NotFound)?;
    write(&state, &asked, &call, async |cx| said(key, &request::add_defaults(cx, key, catalog).await?)).await
}

fn said(key: EngagementKey, came: &request::Added) -> Result<Done, Error> {
    let added = Added { added: came.added, known: came.known };
    done(StatusCode::CREATED, &added, "", &format!("{BASE}/engagements/{}/requests", key.0))
}

async fn assign(
    State(state): State<WebState>,
    Path((key, at)): Path<(String, String)>,
    asked: Asked,
    call: Call<Owner>,
) -> Answered {
    let owner = call.body.owner.clone();
    step(&state, &asked, named(&key, &at)?, &call, async |cx, (key, at), from| {
        request::assign(cx, key, at, from, person("owner", owner.as_deref())?).await
    })
    .await
}

async fn submit(
    State(state): State<WebState>,
    Path((key, at)): Path<(String, String)>,
    asked: Asked,
    call: Call<Answer>,
) -> Answered {
    let body = call.body.clone();
    let catalog = state.source().catalog().ok_or(Refusal::NotFound)?;
    step(&state, &asked, named(&key, &at)?, &call, async |cx, (key, at), from| {
        let answer = CoreAnswer {
            text: body.text.clone(),
            items: body.items.iter().copied().map(ItemKey).collect(),
            populations: body.populations.iter().copied().map(PopulationKey).collect(),
        };
        request::submit(cx, key, at, from, answer, catalog).await
    })
    .await
}

/// Takes one step with a request, from the version that was looked at.
async fn step<B, F>(
    state: &WebState,
    asked: &Asked,
    (key, at): (EngagementKey, i64),
    call: &Call<B>,
    take: F,
) -> Answered
where
    F: AsyncFnOnce(&mut Cx<'_>, (EngagementKey, i64), i64) -> Result<(), Error>,
{
    let from = call.number()?;
    write(state, asked, call, async |cx| {
        if let Some(stale) = changed_since(cx, (key, at), from).await? {
            return Ok(stale);
        }
        take(cx, (key, at), from).await?;
        let after = request::find(cx, key, at).await?.row;
        let location = format!("{BASE}/engagements/{}/requests/{at}", key.0);
        done(StatusCode::OK, &EvidenceRequest::of(key, &after.record), &after.version.to_string(), &location)
    })
    .await
}

async fn changed_since(
    view: &mut View<'_>,
    (key, at): (EngagementKey, i64),
    from: i64,
) -> Result<Option<Done>, Error> {
    let whole = request::find(view, key, at).await?;
    if whole.row.version == from {
        return Ok(None);
    }
    let seen = whole.versions.iter().find(|row| row.version == from);
    let seen = seen.map(|row| EvidenceRequest::of(key, &row.record));
    let now = EvidenceRequest::of(key, &whole.row.record);
    stale(&now, &whole.row.version.to_string(), seen.as_ref()).map(Some)
}
