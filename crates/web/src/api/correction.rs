//! What is done about findings: taken on, planned, extended, fixed, verified by somebody else.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tickmark_app::conclusion::remediation::{self, Version};
use tickmark_app::{Cx, Error, View};
use tickmark_core::conclusion::finding::{Finding, Plan as CorePlan, Source, Written};
use tickmark_core::id::ItemKey;
use tickmark_core::identity::Resource::Exception;
use tickmark_core::identity::Verb::{Approve, Create, Update};

use super::BASE;
use super::answer::{Answered, answer, answer_of};
use super::asking::{asking, plain};
use super::call::{Call, Done, Taken, done, write};
use super::looking::Looking;
use super::meanwhile::stale;
use super::operation::{Operation, Writing};
use super::words::{AS_OF, as_of, parsed, person, word};
use crate::WebState;
use crate::design::segment;
use crate::error::Refusal;
use crate::route::{get, post, put};
use crate::visit::Asked;

const SOURCES: [&str; 5] = ["penetration_test", "complaint", "internal_review", "audit", "incident"];
const SEVERITIES: [&str; 4] = ["low", "medium", "high", "critical"];

pub(super) static LOOKS: &[Operation] = &[
    Operation::list::<Correction>(
        "listCorrections",
        ("/corrections", "/corrections"),
        "Findings that somebody took on and that are not closed, by reference",
        Exception,
        || get(list),
    ),
    Operation::one::<Correction>(
        "getCorrection",
        ("/findings/{reference}/correction", "/findings/x/correction"),
        "What is done about a finding; its tag is the version",
        Exception,
        || get(one),
    ),
    Operation::list::<CorrectionVersion>(
        "listCorrectionVersions",
        ("/findings/{reference}/correction/versions", "/findings/x/correction/versions"),
        "Every step that was taken about a finding, oldest first",
        Exception,
        || get(versions),
    )
    .filtered(AS_OF),
];

pub(super) static WRITES: &[Writing] = &[
    Writing::post::<NewFinding, Correction>(
        "writeFinding",
        ("/findings", "/findings"),
        "Writes a finding down that no rule finds, with a plan to correct it",
        (Exception, Create),
        || post(new),
    )
    .created(),
    Writing::post::<Plan, Correction>(
        "takeFinding",
        ("/findings/{reference}/correction", "/findings/x/correction"),
        "Takes a finding on, with a plan",
        (Exception, Update),
        || post(take),
    )
    .created(),
    Writing::put::<Plan, Correction>(
        "planFinding",
        ("/findings/{reference}/correction", "/findings/x/correction"),
        "Changes owner, cause or plan of a finding that was taken on",
        (Exception, Update),
        || put(plan),
    )
    .versioned(),
    Writing::post::<Extension, Correction>(
        "extendFinding",
        ("/findings/{reference}/correction/extension", "/findings/x/correction/extension"),
        "Moves the day until when it is fixed to a later one, with a reason",
        (Exception, Update),
        || post(extend),
    )
    .versioned(),
    Writing::post::<Fix, Correction>(
        "fixFinding",
        ("/findings/{reference}/correction/fix", "/findings/x/correction/fix"),
        "Says that a finding is fixed; somebody else verifies it",
        (Exception, Update),
        || post(fix),
    )
    .versioned(),
    Writing::post::<Verification, Correction>(
        "verifyFinding",
        ("/findings/{reference}/correction/verification", "/findings/x/correction/verification"),
        "Says what somebody other than the fixer saw: that the fix holds, which closes it, or that it does not",
        (Exception, Approve),
        || post(verify),
    )
    .versioned()
    .for_people(),
];

/// What is done about a finding.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Plan {
    /// Who answers for the fix.
    #[schemars(extend("format" = "uuid"))]
    owner: String,
    /// Until which day. Once it is set, only an extension moves it.
    #[schemars(extend("format" = "date"))]
    due: String,
    /// Why it came about.
    #[serde(default)]
    #[schemars(length(max = 4_000))]
    cause: String,
    /// What will be done.
    #[schemars(length(min = 1, max = 4_000))]
    plan: String,
}

impl Plan {
    fn read(&self) -> Result<CorePlan, Error> {
        Ok(CorePlan {
            owner: person("owner", Some(&self.owner))?,
            due: Some(parsed("due", &self.due)?),
            cause: self.cause.clone(),
            plan: self.plan.clone(),
        })
    }
}

/// A finding that no rule finds.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewFinding {
    #[schemars(length(min = 1, max = 200))]
    title: String,
    #[schemars(extend("enum" = SOURCES))]
    source: String,
    /// Where it is written: the report, the ticket, the letter.
    #[serde(default)]
    #[schemars(length(max = 4_000))]
    said: String,
    #[schemars(extend("format" = "date"))]
    found_on: String,
    #[schemars(extend("enum" = SEVERITIES))]
    severity: String,
    /// Id of the control that it concerns.
    #[serde(default)]
    #[schemars(length(min = 1, max = 40))]
    control: Option<String>,
    /// Ids of the criteria that it concerns.
    #[serde(default)]
    #[schemars(length(max = 100), inner(length(min = 1, max = 40)))]
    criteria: Vec<String>,
    /// What was found.
    #[schemars(length(min = 1, max = 4_000))]
    condition: String,
    /// Why it matters.
    #[serde(default)]
    #[schemars(length(max = 4_000))]
    effect: String,
    /// What to do.
    #[serde(default)]
    #[schemars(length(max = 4_000))]
    recommendation: String,
    plan: Plan,
}

impl NewFinding {
    fn read(&self) -> Result<Written, Error> {
        let severity = crate::design::badge::SEVERITIES.into_iter().find(|one| one.word() == self.severity);
        Ok(Written {
            title: self.title.clone(),
            source: Source::from_word(&self.source)
                .ok_or_else(|| Error::invalid("there is no such source"))?,
            said: self.said.clone(),
            found_on: parsed("found_on", &self.found_on)?,
            severity: severity.ok_or_else(|| Error::invalid("there is no such severity"))?,
            control: self.control.as_deref().map(|id| parsed("control", id)).transpose()?,
            criteria: self.criteria.clone(),
            condition: self.condition.clone(),
            effect: self.effect.clone(),
            recommendation: self.recommendation.clone(),
        })
    }
}

/// A later end.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Extension {
    /// The end from now on.
    #[schemars(extend("format" = "date"))]
    due: String,
    /// Why.
    #[schemars(length(min = 1, max = 4_000))]
    reason: String,
}

/// That a finding is fixed.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Fix {
    /// What was done.
    #[schemars(length(min = 1, max = 4_000))]
    note: String,
    /// Where it can be seen: a run, a ticket, a document. This, or evidence.
    #[serde(default)]
    #[schemars(length(max = 4_000))]
    shown_by: String,
    /// Numbers of items of evidence that show it.
    #[serde(default)]
    #[schemars(length(max = 50), inner(range(min = 1)))]
    evidence: Vec<i64>,
}

/// What somebody else saw.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Verification {
    /// Whether the fix holds.
    holds: bool,
    /// What was seen.
    #[schemars(length(min = 1, max = 4_000))]
    note: String,
}

/// What is done about a finding, as it stands.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Correction {
    /// What names the finding.
    reference: String,
    title: String,
    /// `open`, `fixed` or `closed`.
    state: String,
    owner: Option<String>,
    due: Option<String>,
    cause: String,
    plan: String,
    opened_at: String,
    /// Where it comes from, if somebody wrote it; null where rules found it.
    source: Option<String>,
    /// The fix that counts; null while there is none.
    fix: Option<FixOf>,
}

/// What was done.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct FixOf {
    by: String,
    at: String,
    note: String,
    shown_by: String,
    /// Numbers of items of evidence that show it.
    evidence: Vec<i64>,
}

impl Correction {
    fn of(reference: &str, record: &Finding) -> Self {
        Self {
            reference: reference.to_owned(),
            title: record.found.title.clone(),
            state: word(record.state()),
            owner: record.owner.map(|who| who.to_string()),
            due: record.due.as_ref().map(ToString::to_string),
            cause: record.found.cause.clone(),
            plan: record.plan.clone(),
            opened_at: record.opened.to_string(),
            source: record.found.origin.as_ref().map(|origin| origin.source.word().to_owned()),
            fix: record.fix().map(|fix| FixOf {
                by: fix.by.to_string(),
                at: fix.at.to_string(),
                note: fix.note.clone(),
                shown_by: fix.shown_by.clone(),
                evidence: fix.evidence.iter().map(|key| key.0).collect(),
            }),
        }
    }
}

/// What was done about a finding, from a moment on.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct CorrectionVersion {
    /// Its number, from 1, as `ETag` and `If-Match` have it. One that was closed is taken on anew from 1.
    version: i64,
    /// From when.
    since: String,
    by: String,
    /// `opened`, `planned`, `extended`, `fixed`, `closed` or `reopened`.
    step: String,
    correction: Correction,
}

impl CorrectionVersion {
    fn of(reference: &str, version: &Version) -> Self {
        Self {
            version: version.number,
            since: version.at.to_string(),
            by: version.by.to_string(),
            step: version.step.word().to_owned(),
            correction: Correction::of(reference, &version.record),
        }
    }
}

impl Taken for NewFinding {}
impl Taken for Plan {}
impl Taken for Extension {}
impl Taken for Fix {}
impl Taken for Verification {}

async fn list(look: Looking) -> Answered {
    look.list(
        async |view, _| {
            let open = remediation::open(view).await?;
            Ok(open.iter().map(|(reference, record)| Correction::of(reference, record)).collect())
        },
        |item: &Correction| item.reference.clone(),
    )
    .await
}

async fn one(
    State(state): State<WebState>,
    Path(reference): Path<String>,
    asked: Asked,
    uri: Uri,
    headers: HeaderMap,
) -> Answered {
    plain(&uri)?;
    let (app, actor) = asked.member(&state)?;
    let records = app.read(actor, async |view| remediation::records(view, &reference).await).await?;
    let newest = records.last().and_then(|versions| versions.last()).ok_or(Refusal::NotFound)?;
    Ok(answer_of(&headers, &Correction::of(&reference, &newest.record), &newest.number.to_string()))
}

async fn versions(
    State(state): State<WebState>,
    Path(reference): Path<String>,
    asked: Asked,
    uri: Uri,
    headers: HeaderMap,
) -> Answered {
    let (app, actor) = asked.member(&state)?;
    let asking = asking(&uri, "/findings/{reference}/correction/versions")?;
    let at = asking.moment("as_of")?;
    let records = app.read(actor, async |view| remediation::records(view, &reference).await).await?;
    if records.is_empty() {
        return Err(Refusal::NotFound);
    }
    let all: Vec<Version> = records.into_iter().flatten().collect();
    let items: Vec<CorrectionVersion> = as_of(all, at, |version| version.at)
        .iter()
        .map(|version| CorrectionVersion::of(&reference, version))
        .collect();
    Ok(answer(&headers, &asking.page(items, |item| format!("{} {}", item.since, item.version))?))
}

async fn new(State(state): State<WebState>, asked: Asked, call: Call<NewFinding>) -> Answered {
    let once = call.once(&state, &asked);
    let known = state.source().catalog();
    let unknown = call.body.criteria.iter().find(|id| !crate::conclusion::is_criterion(known, id));
    let unknown = unknown.cloned();
    write(&state, &asked, &call, async |cx| {
        if let Some(id) = &unknown {
            return Err(Error::invalid(format!("there is no criterion {id}")));
        }
        let made = remediation::write(cx, &once, call.body.read()?, call.body.plan.read()?).await?;
        now(cx, StatusCode::CREATED, &made.found.reference()).await
    })
    .await
}

async fn take(
    State(state): State<WebState>,
    Path(reference): Path<String>,
    asked: Asked,
    call: Call<Plan>,
) -> Answered {
    let rows = state.source().findings().await?;
    let row = rows.iter().find(|row| row.reference == reference).ok_or(Refusal::NotFound)?;
    let found = crate::conclusion::proposed(row);
    write(&state, &asked, &call, async |cx| {
        remediation::take(cx, found, call.body.read()?).await?;
        now(cx, StatusCode::CREATED, &reference).await
    })
    .await
}

async fn plan(
    State(state): State<WebState>,
    Path(reference): Path<String>,
    asked: Asked,
    call: Call<Plan>,
) -> Answered {
    step(&state, &asked, &reference, &call, async |cx, from| {
        remediation::plan(cx, &reference, from, call.body.read()?).await
    })
    .await
}

async fn extend(
    State(state): State<WebState>,
    Path(reference): Path<String>,
    asked: Asked,
    call: Call<Extension>,
) -> Answered {
    step(&state, &asked, &reference, &call, async |cx, from| {
        let to = parsed("due", &call.body.due)?;
        remediation::extend(cx, &reference, from, to, &call.body.reason).await
    })
    .await
}

async fn fix(
    State(state): State<WebState>,
    Path(reference): Path<String>,
    asked: Asked,
    call: Call<Fix>,
) -> Answered {
    let body = &call.body;
    step(&state, &asked, &reference, &call, async |cx, from| {
        let fixed = remediation::Fixed {
            note: body.note.clone(),
            shown_by: body.shown_by.clone(),
            evidence: body.evidence.iter().copied().map(ItemKey).collect(),
        };
        remediation::fix(cx, &reference, from, &fixed).await
    })
    .await
}

async fn verify(
    State(state): State<WebState>,
    Path(reference): Path<String>,
    asked: Asked,
    call: Call<Verification>,
) -> Answered {
    let body = &call.body;
    step(&state, &asked, &reference, &call, async |cx, from| {
        remediation::verify(cx, &reference, from, body.holds, &body.note).await
    })
    .await
}

/// Takes one step about a finding, from the version that was looked at.
async fn step<B, F>(state: &WebState, asked: &Asked, reference: &str, call: &Call<B>, take: F) -> Answered
where
    F: AsyncFnOnce(&mut Cx<'_>, i64) -> Result<remediation::Done, Error>,
{
    let from = call.number()?;
    write(state, asked, call, async |cx| match take(cx, from).await? {
        remediation::Done::Done(_) => now(cx, StatusCode::OK, reference).await,
        remediation::Done::Stale => meanwhile(cx, reference, from).await,
    })
    .await
}

/// What is answered when it is done: the newest version.
async fn now(view: &mut View<'_>, status: StatusCode, reference: &str) -> Result<Done, Error> {
    let records = remediation::records(view, reference).await?;
    let newest = records.last().and_then(|versions| versions.last());
    let newest = newest.ok_or_else(|| Error::not_found("open finding", reference))?;
    let location = format!("{BASE}/findings/{}/correction", segment(reference));
    done(status, &Correction::of(reference, &newest.record), &newest.number.to_string(), &location)
}

async fn meanwhile(view: &mut View<'_>, reference: &str, from: i64) -> Result<Done, Error> {
    let records = remediation::records(view, reference).await?;
    let versions = records.last().ok_or_else(|| Error::not_found("open finding", reference))?;
    let newest = versions.last().ok_or_else(|| Error::not_found("open finding", reference))?;
    let seen = versions.iter().find(|version| version.number == from);
    let seen = seen.map(|version| Correction::of(reference, &version.record));
    stale(&Correction::of(reference, &newest.record), &newest.number.to_string(), seen.as_ref())
}
