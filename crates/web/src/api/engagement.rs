//! Examinations: planned, their scope changed and approved, described, asserted, signed, closed. Only people do this, with
//! the session of a browser: no token may be given it.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::routing::{get, post, put};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tickmark_app::engagement::{self, Changed, Version};
use tickmark_app::{Cx, Error, View};
use tickmark_core::control::ControlId;
use tickmark_core::control::commitment::CommitmentKey;
use tickmark_core::engagement::{
    Assertion as CoreAssertion, Assumed as CoreAssumed, Description, Document, EngagementKey,
    Objective as CoreObjective, Paper, Part, Passage as CorePassage, Scope as CoreScope, Step,
    Subservice as CoreSubservice, Time, UserEntityControl,
};
use tickmark_core::identity::Resource::Description as Engagements;
use tickmark_core::identity::Verb::{Approve, Create, Read, Update};

use super::BASE;
use super::answer::{Answered, answer, answer_of};
use super::asking::{asking, number, plain};
use super::call::{Call, Done, Taken, done, write};
use super::meanwhile::stale;
use super::operation::{Operation, Writing};
use super::words::{AS_OF, Nothing, Reason, as_of, parsed, read};
use crate::WebState;
use crate::error::Refusal;
use crate::visit::Asked;

const REPORTS: [&str; 3] = ["soc1", "soc2", "soc3"];
const METHODS: [&str; 2] = ["carve_out", "inclusive"];
const EXPECTED: [&str; 2] = ["control", "responsibility"];
const STEPS: [&str; 2] = ["review", "approve"];
const PARTS: [&str; 13] = [
    "services",
    "transactions",
    "commitments",
    "infrastructure",
    "software",
    "people",
    "procedures",
    "data",
    "environment",
    "incidents",
    "user_entities",
    "subservices",
    "changes",
];

pub(super) static LOOKS: &[Operation] = &[
    Operation::list::<Engagement>(
        "listEngagements",
        ("/engagements", "/engagements"),
        "Examinations, newest first",
        Engagements,
        || get(list),
    ),
    Operation::one::<Engagement>(
        "getEngagement",
        ("/engagements/{key}", "/engagements/1"),
        "One examination; its tag is the version",
        Engagements,
        || get(one),
    ),
    Operation::list::<EngagementVersion>(
        "listEngagementVersions",
        ("/engagements/{key}/versions", "/engagements/1/versions"),
        "Every version of an examination, oldest first",
        Engagements,
        || get(versions),
    )
    .filtered(AS_OF),
];

pub(super) static WRITES: &[Writing] = &[
    Writing::post::<NewEngagement, Engagement>(
        "planEngagement",
        ("/engagements", "/engagements"),
        "Plans an examination",
        (Engagements, Create),
        || post(plan),
    )
    .created()
    .for_people(),
    Writing::put::<NewEngagement, Engagement>(
        "changeEngagementScope",
        ("/engagements/{key}/scope", "/engagements/1/scope"),
        "Writes the scope anew; what was approved holds until this is",
        (Engagements, Update),
        || put(change),
    )
    .versioned()
    .for_people(),
    Writing::post::<Nothing, Engagement>(
        "approveEngagementScope",
        ("/engagements/{key}/approval", "/engagements/1/approval"),
        "Approves the scope that somebody else wrote",
        (Engagements, Approve),
        || post(approve),
    )
    .versioned()
    .for_people(),
    Writing::put::<DescriptionText, Engagement>(
        "describeSystem",
        ("/engagements/{key}/description", "/engagements/1/description"),
        "Writes the description of the system, whole",
        (Engagements, Update),
        || put(describe),
    )
    .versioned()
    .for_people(),
    Writing::put::<AssertionText, Engagement>(
        "writeAssertion",
        ("/engagements/{key}/assertion", "/engagements/1/assertion"),
        "Writes management's assertion",
        (Engagements, Update),
        || put(assert),
    )
    .versioned()
    .for_people(),
    Writing::post::<Signature, Engagement>(
        "signDocument",
        ("/engagements/{key}/{paper}/signatures", "/engagements/1/description/signatures"),
        "Reviews or approves the description or the assertion as it stands; each step by another person",
        (Engagements, Read),
        || post(sign),
    )
    .versioned()
    .for_people(),
    Writing::post::<Reason, Engagement>(
        "closeEngagement",
        ("/engagements/{key}/closure", "/engagements/1/closure"),
        "Ends an examination, or gives it up",
        (Engagements, Update),
        || post(close),
    )
    .versioned()
    .for_people(),
];

/// Why something is in a scope, or left out of it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Because {
    /// A category or criterion.
    #[schemars(length(min = 1, max = 60))]
    id: String,
    #[schemars(length(min = 1, max = 4_000))]
    reason: String,
}

/// An objective of a SOC 1.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Objective {
    #[schemars(length(min = 1, max = 200))]
    id: String,
    #[schemars(length(min = 1, max = 4_000))]
    statement: String,
    /// Assertions of financial reporting that it serves.
    #[serde(default)]
    #[schemars(length(max = 20), inner(length(min = 1, max = 60)))]
    assertions: Vec<String>,
    /// Controls that meet it.
    #[serde(default)]
    #[schemars(length(max = 200), inner(length(min = 1, max = 40)))]
    controls: Vec<String>,
}

/// A type of control that is assumed at a subservice organization.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Assumed {
    #[schemars(length(min = 1, max = 4_000))]
    text: String,
    /// Criteria that need it.
    #[serde(default)]
    #[schemars(length(max = 200), inner(length(min = 1, max = 40)))]
    criteria: Vec<String>,
}

/// A subservice organization.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Subservice {
    #[schemars(length(min = 1, max = 200))]
    name: String,
    /// What it does.
    #[schemars(length(min = 1, max = 4_000))]
    service: String,
    #[schemars(extend("enum" = METHODS))]
    method: String,
    /// Why own controls do not suffice without it.
    #[schemars(length(min = 1, max = 4_000))]
    why: String,
    /// Types of controls that are assumed there.
    #[serde(default)]
    #[schemars(length(max = 100))]
    assumed: Vec<Assumed>,
    /// Own controls that watch over it.
    #[serde(default)]
    #[schemars(length(max = 200), inner(length(min = 1, max = 40)))]
    monitoring: Vec<String>,
    /// Whether its management asserts for its controls.
    #[serde(default)]
    gives_assertion: bool,
}

/// What customers have to do.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Expected {
    #[schemars(extend("enum" = EXPECTED))]
    kind: String,
    #[schemars(length(min = 1, max = 4_000))]
    text: String,
    /// Criteria that need it.
    #[serde(default)]
    #[schemars(length(max = 200), inner(length(min = 1, max = 40)))]
    criteria: Vec<String>,
    /// Number of the commitment that needs it.
    #[serde(default)]
    #[schemars(range(min = 1))]
    commitment: Option<i64>,
    /// Why customers must do it.
    #[serde(default)]
    #[schemars(length(max = 4_000))]
    why: String,
}

/// What an examination is about.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Scope {
    /// Which report it ends in.
    #[schemars(extend("enum" = REPORTS))]
    report: String,
    /// The day of a Type 1; null for a period.
    #[serde(default)]
    #[schemars(extend("format" = "date"))]
    as_of: Option<String>,
    /// First day of the period; null for one day.
    #[serde(default)]
    #[schemars(extend("format" = "date"))]
    from: Option<String>,
    /// Last day of the period.
    #[serde(default)]
    #[schemars(extend("format" = "date"))]
    to: Option<String>,
    /// Name of the system.
    #[schemars(length(min = 1, max = 200))]
    system: String,
    /// Services that it provides.
    #[serde(default)]
    #[schemars(length(max = 200), inner(length(min = 1, max = 200)))]
    services: Vec<String>,
    /// What belongs to it, in words.
    #[serde(default)]
    #[schemars(length(max = 4_000))]
    boundary: String,
    /// What does not.
    #[serde(default)]
    #[schemars(length(max = 200), inner(length(min = 1, max = 200)))]
    outside: Vec<String>,
    /// The firm that examines.
    #[serde(default)]
    #[schemars(length(max = 200))]
    firm: String,
    /// Categories, each with why it is in.
    #[serde(default)]
    #[schemars(length(max = 20))]
    categories: Vec<Because>,
    /// Categories that were considered and left out, each with why.
    #[serde(default)]
    #[schemars(length(max = 20))]
    omissions: Vec<Because>,
    /// Criteria that are taken out, each with why.
    #[serde(default)]
    #[schemars(length(max = 200))]
    exclusions: Vec<Because>,
    #[serde(default)]
    #[schemars(length(max = 200))]
    objectives: Vec<Objective>,
    /// Numbers of commitments.
    #[serde(default)]
    #[schemars(length(max = 200), inner(range(min = 1)))]
    commitments: Vec<i64>,
    #[serde(default)]
    #[schemars(length(max = 100))]
    subservices: Vec<Subservice>,
    #[serde(default)]
    #[schemars(length(max = 200))]
    user_entities: Vec<Expected>,
}

fn reasons(of: &BTreeMap<String, String>) -> Vec<Because> {
    of.iter().map(|(id, reason)| Because { id: id.clone(), reason: reason.clone() }).collect()
}

fn by_id(of: &[Because]) -> BTreeMap<String, String> {
    of.iter().map(|one| (one.id.clone(), one.reason.clone())).collect()
}

fn texts<T: ToString>(of: impl IntoIterator<Item = T>) -> Vec<String> {
    of.into_iter().map(|one| one.to_string()).collect()
}

fn controls<C: FromIterator<ControlId>>(ids: &[String]) -> Result<C, Error> {
    ids.iter().map(|id| parsed::<ControlId>("control", id)).collect()
}

impl From<&CoreScope> for Scope {
    fn from(scope: &CoreScope) -> Self {
        let (as_of, from, to) = match scope.time {
            Time::AsOf { date } => (Some(date.to_string()), None, None),
            Time::Period { from, to } => (None, Some(from.to_string()), Some(to.to_string())),
        };
        let objective = |one: &CoreObjective| Objective {
            id: one.id.clone(),
            statement: one.statement.clone(),
            assertions: texts(&one.assertions),
            controls: texts(&one.controls),
        };
        let assumed = |one: &CoreAssumed| Assumed { text: one.text.clone(), criteria: texts(&one.criteria) };
        let subservice = |one: &CoreSubservice| Subservice {
            name: one.name.clone(),
            service: one.service.clone(),
            method: one.method.word().to_owned(),
            why: one.why.clone(),
            assumed: one.assumed.iter().map(assumed).collect(),
            monitoring: texts(&one.monitoring),
            gives_assertion: one.gives_assertion,
        };
        let expected = |one: &UserEntityControl| Expected {
            kind: one.kind.word().to_owned(),
            text: one.text.clone(),
            criteria: texts(&one.criteria),
            commitment: one.commitment.map(|key| key.0),
            why: one.why.clone(),
        };
        Self {
            report: scope.kind.word().to_owned(),
            as_of,
            from,
            to,
            system: scope.system.clone(),
            services: scope.services.clone(),
            boundary: scope.boundary.clone(),
            outside: scope.outside.clone(),
            firm: scope.firm.clone(),
            categories: reasons(&scope.categories),
            omissions: reasons(&scope.omissions),
            exclusions: reasons(&scope.exclusions),
            objectives: scope.objectives.iter().map(objective).collect(),
            commitments: scope.commitments.iter().map(|key| key.0).collect(),
            subservices: scope.subservices.iter().map(subservice).collect(),
            user_entities: scope.user_entities.iter().map(expected).collect(),
        }
    }
}

impl Scope {
    fn read(&self) -> Result<CoreScope, Error> {
        let time = match (&self.as_of, &self.from, &self.to) {
            (Some(date), None, None) => Time::AsOf { date: parsed("as_of", date)? },
            (None, Some(from), Some(to)) => {
                Time::Period { from: parsed("from", from)?, to: parsed("to", to)? }
            }
            _ => return Err(Error::invalid("say as_of, or both from and to")),
        };
        let mut scope = CoreScope::of(read("report", &self.report)?, time, &self.system);
        scope.services.clone_from(&self.services);
        scope.boundary.clone_from(&self.boundary);
        scope.outside.clone_from(&self.outside);
        scope.firm.clone_from(&self.firm);
        scope.categories = by_id(&self.categories);
        scope.omissions = by_id(&self.omissions);
        scope.exclusions = by_id(&self.exclusions);
        scope.commitments = self.commitments.iter().copied().map(CommitmentKey).collect();
        for one in &self.objectives {
            scope.objectives.push(CoreObjective {
                id: one.id.clone(),
                statement: one.statement.clone(),
                assertions: one.assertions.iter().cloned().collect(),
                controls: controls(&one.controls)?,
            });
        }
        let assumed = |one: &Assumed| CoreAssumed {
            text: one.text.clone(),
            criteria: one.criteria.iter().cloned().collect(),
        };
        for one in &self.subservices {
            scope.subservices.push(CoreSubservice {
                name: one.name.clone(),
                service: one.service.clone(),
                method: read("method", &one.method)?,
                why: one.why.clone(),
                assumed: one.assumed.iter().map(assumed).collect(),
                monitoring: controls(&one.monitoring)?,
                gives_assertion: one.gives_assertion,
            });
        }
        for one in &self.user_entities {
            scope.user_entities.push(UserEntityControl {
                kind: read("kind", &one.kind)?,
                text: one.text.clone(),
                criteria: one.criteria.iter().cloned().collect(),
                commitment: one.commitment.map(CommitmentKey),
                why: one.why.clone(),
            });
        }
        Ok(scope)
    }
}

/// A scope, and why it is so.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewEngagement {
    scope: Scope,
    /// Why; for a change after the first approval, the note that goes with it.
    #[schemars(length(min = 1, max = 4_000))]
    reason: String,
}

/// What is said in one part of the description.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Passage {
    #[schemars(extend("enum" = PARTS))]
    part: String,
    #[serde(default)]
    #[schemars(length(max = 40_000))]
    text: String,
    /// There is nothing to tell, and management says so; for incidents and changes.
    #[serde(default)]
    none: bool,
}

/// The description of the system.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct DescriptionText {
    #[schemars(length(max = 13))]
    parts: Vec<Passage>,
}

impl From<&Description> for DescriptionText {
    fn from(description: &Description) -> Self {
        let passage = |(part, passage): (&Part, &CorePassage)| Passage {
            part: part.word().to_owned(),
            text: passage.text.clone(),
            none: passage.none,
        };
        Self { parts: description.parts.iter().map(passage).collect() }
    }
}

impl DescriptionText {
    fn read(&self) -> Result<Description, Error> {
        let mut parts = BTreeMap::new();
        for one in &self.parts {
            let passage = CorePassage { text: one.text.clone(), none: one.none };
            if parts.insert(read::<Part>("part", &one.part)?, passage).is_some() {
                return Err(Error::invalid(format!("the part {:?} is there twice", one.part)));
            }
        }
        Ok(Description { parts })
    }
}

/// Management's assertion.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct AssertionText {
    #[schemars(length(min = 1, max = 40_000))]
    text: String,
    /// Name of who signs.
    #[schemars(length(min = 1, max = 200))]
    signatory: String,
    /// Their title.
    #[schemars(length(min = 1, max = 200))]
    title: String,
}

impl From<&CoreAssertion> for AssertionText {
    fn from(assertion: &CoreAssertion) -> Self {
        Self {
            text: assertion.text.clone(),
            signatory: assertion.signatory.clone(),
            title: assertion.title.clone(),
        }
    }
}

/// Which step is taken.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Signature {
    #[schemars(extend("enum" = STEPS))]
    step: String,
}

/// A document with where it stands.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Written{T}")]
struct Written<T> {
    /// Number of what was written last, from 1.
    version: u32,
    /// Who wrote it last.
    by: String,
    at: String,
    content: T,
}

impl<T> Written<T> {
    fn of<C>(document: &Document<C>, content: impl FnOnce(&C) -> T) -> Self {
        Self {
            version: document.version,
            by: document.by.to_string(),
            at: document.at.to_string(),
            content: content(&document.content),
        }
    }
}

/// An examination.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Engagement {
    /// Its number; pages call it `E-` and the number.
    key: i64,
    /// `planned`, `scoped`, `change_waits` or `closed`.
    state: String,
    /// The scope as last written.
    scope: Scope,
    /// The scope that was approved and holds; null while none was.
    approved: Option<Scope>,
    description: Option<Written<DescriptionText>>,
    assertion: Option<Written<AssertionText>>,
}

impl From<&Version> for Engagement {
    fn from(version: &Version) -> Self {
        let record = &version.record;
        Self {
            key: record.key.0,
            state: record.standing().word().to_owned(),
            scope: Scope::from(&record.scope),
            approved: record.approved().map(|approved| Scope::from(&approved.scope)),
            description: record
                .description
                .as_ref()
                .map(|document| Written::of(document, |content| DescriptionText::from(content))),
            assertion: record
                .assertion
                .as_ref()
                .map(|document| Written::of(document, |content| AssertionText::from(content))),
        }
    }
}

/// An examination as it stood from a moment on.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct EngagementVersion {
    /// Its number, from 1, as `ETag` and `If-Match` have it.
    version: i64,
    /// From when.
    since: String,
    engagement: Engagement,
}

impl From<&Version> for EngagementVersion {
    fn from(version: &Version) -> Self {
        Self { version: version.number, since: version.since.to_string(), engagement: version.into() }
    }
}

impl Taken for NewEngagement {}
impl Taken for DescriptionText {}
impl Taken for AssertionText {}
impl Taken for Signature {}

async fn list(State(state): State<WebState>, asked: Asked, uri: Uri, headers: HeaderMap) -> Answered {
    let (app, actor) = asked.member(&state)?;
    let asking = asking(&uri, "/engagements")?;
    let all = app.read(actor, async |view| engagement::list(view).await).await?;
    let items: Vec<Engagement> = all.iter().map(Into::into).collect();
    Ok(answer(&headers, &asking.page(items, |item| item.key.to_string())?))
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
    let key = EngagementKey(number(&key)?);
    let found = app.read(actor, async |view| engagement::find(view, key).await).await?;
    Ok(answer_of(&headers, &Engagement::from(&found), &found.number.to_string()))
}

async fn versions(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    uri: Uri,
    headers: HeaderMap,
) -> Answered {
    let (app, actor) = asked.member(&state)?;
    let key = EngagementKey(number(&key)?);
    let asking = asking(&uri, "/engagements/{key}/versions")?;
    let at = asking.moment("as_of")?;
    let mut all = app.read(actor, async |view| engagement::versions(view, key).await).await?;
    all.reverse();
    let items: Vec<EngagementVersion> =
        as_of(all, at, |version| version.since).iter().map(Into::into).collect();
    Ok(answer(&headers, &asking.page(items, |item| item.version.to_string())?))
}

async fn plan(State(state): State<WebState>, asked: Asked, call: Call<NewEngagement>) -> Answered {
    let once = call.once(&state, &asked);
    write(&state, &asked, &call, async |cx| {
        let body = &call.body;
        let made = engagement::plan(cx, &once, body.scope.read()?, &body.reason).await?;
        now(cx, StatusCode::CREATED, made.key).await
    })
    .await
}

async fn change(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    call: Call<NewEngagement>,
) -> Answered {
    let body = &call.body;
    step(&state, &asked, &key, &call, async |cx, key, from| {
        engagement::change(cx, key, from, body.scope.read()?, &body.reason).await
    })
    .await
}

async fn approve(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    call: Call<Nothing>,
) -> Answered {
    let catalog = state.source().catalog().ok_or(Refusal::NotFound)?;
    step(&state, &asked, &key, &call, async |cx, key, from| engagement::approve(cx, key, from, catalog).await)
        .await
}

async fn describe(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    call: Call<DescriptionText>,
) -> Answered {
    step(&state, &asked, &key, &call, async |cx, key, from| {
        engagement::describe(cx, key, from, call.body.read()?).await
    })
    .await
}

async fn assert(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    call: Call<AssertionText>,
) -> Answered {
    let body = &call.body;
    step(&state, &asked, &key, &call, async |cx, key, from| {
        let assertion = CoreAssertion {
            text: body.text.clone(),
            signatory: body.signatory.clone(),
            title: body.title.clone(),
        };
        engagement::assert(cx, key, from, assertion).await
    })
    .await
}

async fn sign(
    State(state): State<WebState>,
    Path((key, paper)): Path<(String, String)>,
    asked: Asked,
    call: Call<Signature>,
) -> Answered {
    let paper = Paper::from_word(&paper).ok_or(Refusal::NotFound)?;
    step(&state, &asked, &key, &call, async |cx, key, from| {
        engagement::sign(cx, key, from, paper, read::<Step>("step", &call.body.step)?).await
    })
    .await
}

async fn close(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    call: Call<Reason>,
) -> Answered {
    let (key, from) = (EngagementKey(number(&key)?), call.number()?);
    write(&state, &asked, &call, async |cx| {
        cx.permit_whole(engagement::atom(Update))?;
        if engagement::find(cx, key).await?.number != from {
            return meanwhile(cx, key, from).await;
        }
        engagement::close(cx, key, &call.body.reason).await?;
        now(cx, StatusCode::OK, key).await
    })
    .await
}

/// Takes one step with an examination, from the version that was looked at.
async fn step<B, F>(state: &WebState, asked: &Asked, key: &str, call: &Call<B>, take: F) -> Answered
where
    F: AsyncFnOnce(&mut Cx<'_>, EngagementKey, i64) -> Result<Changed, Error>,
{
    let (key, from) = (EngagementKey(number(key)?), call.number()?);
    write(state, asked, call, async |cx| match take(cx, key, from).await? {
        Changed::Done(after) => now(cx, StatusCode::OK, after.key).await,
        Changed::Stale(_) => meanwhile(cx, key, from).await,
    })
    .await
}

/// What is answered when it is done: the newest version.
async fn now(view: &mut View<'_>, status: StatusCode, key: EngagementKey) -> Result<Done, Error> {
    let newest = engagement::find(view, key).await?;
    let location = format!("{BASE}/engagements/{}", key.0);
    done(status, &Engagement::from(&newest), &newest.number.to_string(), &location)
}

async fn meanwhile(view: &mut View<'_>, key: EngagementKey, from: i64) -> Result<Done, Error> {
    let versions = engagement::versions(view, key).await?;
    let newest = versions.first().ok_or_else(|| Error::not_found("engagement", key))?;
    let seen = versions.iter().find(|version| version.number == from).map(Engagement::from);
    stale(&Engagement::from(newest), &newest.number.to_string(), seen.as_ref())
}
