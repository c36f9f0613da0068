//! What follows over a period, now or as it was known at an earlier moment; how long tests may fail.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tickmark_app::conclusion::period::{self, ControlConclusion, Question, TestDetail};
use tickmark_app::control::tolerance::ToleranceVersion;
use tickmark_app::{Error, control};
use tickmark_core::conclusion::period::{
    Conclusion, Deviation, Part as CorePart, SampleResult, Share as CoreShare, Subject,
};
use tickmark_core::control::Tolerance as CoreTolerance;
use tickmark_core::identity::Resource::Control;
use tickmark_core::identity::Verb::Update;
use tickmark_core::time::DAY_US;
use tickmark_core::{Span, Timestamp};

use super::BASE;
use super::answer::{Answered, answer};
use super::asking::{Asking, asking, control_id};
use super::call::{Call, Taken, done, write};
use super::looking::Looking;
use super::operation::{Operation, Writing};
use super::words::word;
use crate::WebState;
use crate::conclusion::period::day_of;
use crate::design::segment;
use crate::error::Refusal;
use crate::route::{get, post};
use crate::visit::Asked;

/// Days back that are looked over when nothing else is asked for.
const BACK_DAYS: i64 = 365;
/// Most deviations that are told one by one.
const TOLD: usize = 1_000;

/// What narrows a period.
const PERIOD: &[(&str, &str)] = &[
    ("from", "First moment of the period (RFC 3339); a year before its end when left out"),
    ("to", "First moment after it (RFC 3339); the end of the day of looking when left out"),
    ("known_at", "Only what was recorded up to this moment counts (RFC 3339); now when left out"),
];

pub(super) static LOOKS: &[Operation] = &[
    Operation::list::<ControlConcluded>(
        "listConclusions",
        ("/conclusions", "/conclusions"),
        "What all tests of each control say over a period, by control",
        Control,
        || get(list),
    )
    .filtered(PERIOD),
    Operation::one::<ControlConcluded>(
        "getConclusion",
        ("/controls/{id}/conclusion", "/controls/IAM-01/conclusion"),
        "What all tests of one control say over a period",
        Control,
        || get(one),
    )
    .filtered(PERIOD),
    Operation::list::<ToleranceOf>(
        "listTolerances",
        ("/controls/{id}/tolerances", "/controls/IAM-01/tolerances"),
        "How long the tests of a control may fail before that is a deviation, with its history, oldest first for each check",
        Control,
        || get(tolerances),
    ),
];

pub(super) static WRITES: &[Writing] = &[Writing::post::<NewTolerance, ToleranceOf>(
    "setTolerance",
    ("/controls/{id}/tolerances", "/controls/IAM-01/tolerances"),
    "Says how long a check may fail from now on before that is a deviation of the control",
    (Control, Update),
    || post(set),
)
.created()];

/// How long a check may fail.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewTolerance {
    /// The check, which is a test of the control.
    #[schemars(length(min = 1, max = 80))]
    check: String,
    /// Whole hours; null when every failing stretch is a deviation.
    #[schemars(range(min = 1, max = 17_568))]
    hours: Option<u32>,
    /// Number of the version that was looked at; 0 when there was none.
    version: u32,
    /// Why: what the commitment or the policy gives.
    #[schemars(length(min = 1, max = 4_000))]
    reason: String,
}

impl Taken for NewTolerance {}

/// How long a check may fail, from a moment on.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct ToleranceOf {
    check: String,
    /// Number in the history of the test, from 1.
    version: u32,
    /// From when. What began to fail before is judged by the version before.
    since: String,
    /// Whole hours; null when every failing stretch is a deviation.
    hours: Option<u32>,
    reason: String,
    set_by: String,
}

impl ToleranceOf {
    fn of(check: &str, version: &ToleranceVersion) -> Self {
        Self {
            check: check.to_owned(),
            version: version.number,
            since: version.since.to_string(),
            hours: version.tolerance.map(CoreTolerance::hours),
            reason: version.reason.clone(),
            set_by: version.set_by.to_string(),
        }
    }
}

/// What all tests of a control say over a period.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct ControlConcluded {
    control: String,
    /// The worst that is known: `not_in_force`, `not_applicable`, `not_yet_due`, `operating`, `waived`, `unknown`, `late`,
    /// `missed` or `deviation`.
    state: String,
    from: String,
    to: String,
    /// The moment up to which records count, as it was asked for; null for now.
    known_at: Option<String>,
    tests: Vec<ConcludedTest>,
}

/// What one test says.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct ConcludedTest {
    /// `configuration`, `occurrence` or `population`.
    kind: String,
    /// Check, rhythm or trigger.
    test: String,
    state: String,
    /// Targets, windows or items that were looked at or should have been.
    subjects: usize,
    /// Subjects that deviate.
    deviating: usize,
    /// Items of which not all attributes were looked at.
    not_tested: usize,
    /// Items that were not selected: the sample speaks for them.
    not_selected: usize,
    /// Stretches that could not be seen.
    unseen: usize,
    /// Failing stretches that lie within what is tolerated.
    tolerated: usize,
    /// How long the check may fail now, in hours; null when it may not.
    tolerance_hours: Option<u32>,
    /// The first thousand deviations, oldest first.
    deviations: Vec<ConcludedDeviation>,
    /// What samples of its populations say.
    samples: Vec<ConcludedSample>,
    /// Before, between and after fixes of findings about it; empty when nothing was fixed.
    parts: Vec<ConcludedPart>,
    /// First moment that was not tested any more; null when nothing was.
    tested_until: Option<String>,
    /// How much of what was tested lies in the last fourth of the period; null for what is looked at all the time.
    last_fourth: Option<ConcludedShare>,
    /// The same of the last month, for what is performed monthly or more often.
    last_month: Option<ConcludedShare>,
}

/// One subject for which the control did not operate.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct ConcludedDeviation {
    /// Key of the target, name of the window, or key of the item.
    subject: String,
    /// `failing`, `missed`, `late` or `attribute`.
    kind: String,
    last_seen_good: Option<String>,
    first_seen_bad: String,
    good_again: Option<String>,
    is_waived: bool,
    note: String,
}

/// What a sample says about its population.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct ConcludedSample {
    population: i64,
    number: i64,
    size: u64,
    items: u64,
    tested: u64,
    deviations: u64,
    /// Risk of over-reliance in basis points; null where the size is judgement.
    risk_bp: Option<u32>,
    /// Tolerable rate in basis points; null where the size is judgement.
    tolerable_bp: Option<u32>,
    /// Upper limit of the rate of deviations in basis points; null where the size is judgement or units are left to test.
    upper_limit_bp: Option<u64>,
    /// `supports`, `does_not_support`, `may_extend` or `not_tested`.
    says: String,
}

/// One test between two fixes, or between a fix and an end of the period.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct ConcludedPart {
    from: String,
    to: String,
    state: String,
    subjects: usize,
    deviating: usize,
    /// Instances that were looked at.
    instances: usize,
    /// Instances that are needed to say that the fix before it holds; null before the first.
    needed: Option<usize>,
}

/// How much of what was tested lies in a stretch at the end of the period.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct ConcludedShare {
    from: String,
    tested: usize,
    needed: usize,
}

impl From<&SampleResult> for ConcludedSample {
    fn from(one: &SampleResult) -> Self {
        Self {
            population: one.population.0,
            number: one.number,
            size: one.size,
            items: one.items,
            tested: one.tested,
            deviations: one.deviations,
            risk_bp: one.risk.map(|rate| rate.bp()),
            tolerable_bp: one.tolerable.map(|rate| rate.bp()),
            upper_limit_bp: one.upper_limit_bp,
            says: word(one.says),
        }
    }
}

impl From<&CorePart> for ConcludedPart {
    fn from(one: &CorePart) -> Self {
        Self {
            from: one.from.to_string(),
            to: one.to.to_string(),
            state: word(one.state),
            subjects: one.subjects,
            deviating: one.deviating,
            instances: one.instances,
            needed: one.needed,
        }
    }
}

impl From<CoreShare> for ConcludedShare {
    fn from(one: CoreShare) -> Self {
        Self { from: one.from.to_string(), tested: one.tested, needed: one.needed }
    }
}

impl ConcludedDeviation {
    fn of(one: &Deviation, now: Timestamp) -> Self {
        Self {
            subject: match &one.subject {
                Subject::Target(key) => key.to_string(),
                Subject::Window(name) => name.clone(),
                Subject::Item { key, .. } => key.clone(),
            },
            kind: one.kind.word().to_owned(),
            last_seen_good: one.last_seen_good.map(|at| at.to_string()),
            first_seen_bad: one.first_seen_bad.to_string(),
            good_again: one.good_again.map(|at| at.to_string()),
            is_waived: one.is_waived(now),
            note: one.note.clone(),
        }
    }
}

impl ConcludedTest {
    fn of(one: &Conclusion, detail: &TestDetail, now: Timestamp) -> Self {
        Self {
            kind: one.kind.word().to_owned(),
            test: one.test.clone(),
            state: one.state(now).word().to_owned(),
            subjects: one.subject_count(),
            deviating: one.deviating(),
            not_tested: one.untested_items(),
            not_selected: one.unsampled_items(),
            unseen: one.unseen.len(),
            tolerated: one.tolerated.len(),
            tolerance_hours: detail.tolerance.map(CoreTolerance::hours),
            deviations: one
                .deviations
                .iter()
                .take(TOLD)
                .map(|one| ConcludedDeviation::of(one, now))
                .collect(),
            samples: one.samples.values().map(Into::into).collect(),
            parts: detail.parts.iter().map(Into::into).collect(),
            tested_until: detail.coverage.until.map(|at| at.to_string()),
            last_fourth: detail.coverage.last_fourth.map(Into::into),
            last_month: detail.coverage.last_month.map(Into::into),
        }
    }
}

impl ControlConcluded {
    fn of(one: &ControlConclusion, question: Question, now: Timestamp) -> Self {
        let (from, to) = (question.span.from, question.span.to.unwrap_or(now));
        let looked_at = question.known_at.unwrap_or(now);
        let tests = one.tests.iter().zip(&one.details);
        Self {
            control: one.control.to_string(),
            state: one.state.word().to_owned(),
            from: from.to_string(),
            to: to.to_string(),
            known_at: question.known_at.map(|at| at.to_string()),
            tests: tests.map(|(test, detail)| ConcludedTest::of(test, detail, looked_at)).collect(),
        }
    }
}

/// What is asked. Where no end is named it is that of the day of looking, so that an answer holds for the day.
fn question(asking: &Asking, now: Timestamp) -> Result<Question, Refusal> {
    let known_at = asking.moment("known_at")?;
    let end = day_of(known_at.unwrap_or(now)).plus_micros(DAY_US);
    let to = asking.moment("to")?.unwrap_or(end);
    let from = asking.moment("from")?.unwrap_or_else(|| to.plus_micros(-BACK_DAYS * DAY_US));
    Ok(Question { span: Span { from, to: Some(to) }, known_at })
}

async fn list(State(state): State<WebState>, asked: Asked, uri: Uri, headers: HeaderMap) -> Answered {
    let (app, actor) = asked.member(&state)?;
    let (asking, now) = (asking(&uri, "/conclusions")?, asked.visit.now);
    let question = question(&asking, now)?;
    let all = app.read(actor, async |view| period::conclude(view, question).await).await?;
    let items: Vec<ControlConcluded> =
        all.iter().map(|one| ControlConcluded::of(one, question, now)).collect();
    Ok(answer(&headers, &asking.page(items, |item| item.control.clone())?))
}

async fn one(
    State(state): State<WebState>,
    Path(code): Path<String>,
    asked: Asked,
    uri: Uri,
    headers: HeaderMap,
) -> Answered {
    let (app, actor) = asked.member(&state)?;
    let (code, now) = (control_id(&code)?, asked.visit.now);
    let question = question(&asking(&uri, "/controls/{id}/conclusion")?, now)?;
    let found = app.read(actor, async |view| period::conclude_one(view, &code, question).await).await?;
    Ok(answer(&headers, &ControlConcluded::of(&found, question, now)))
}

async fn tolerances(Path(code): Path<String>, look: Looking) -> Answered {
    let code = control_id(&code)?;
    let of = |(check, versions): (&String, &Vec<ToleranceVersion>)| -> Vec<ToleranceOf> {
        versions.iter().map(|version| ToleranceOf::of(check, version)).collect()
    };
    look.list(
        async |view, _| {
            control::find(view, &code).await?;
            Ok(control::tolerance::of_control(view, &code).await?.iter().flat_map(of).collect())
        },
        |item: &ToleranceOf| format!("{} {}", item.check, item.version),
    )
    .await
}

async fn set(
    State(state): State<WebState>,
    Path(code): Path<String>,
    asked: Asked,
    call: Call<NewTolerance>,
) -> Answered {
    let code = control_id(&code)?;
    write(&state, &asked, &call, async |cx| {
        let body = &call.body;
        let tolerance = body.hours.map(CoreTolerance::of_hours).transpose().map_err(Error::invalid)?;
        let made =
            control::set_tolerance(cx, &code, &body.check, body.version, tolerance, &body.reason).await?;
        let location = format!("{BASE}/controls/{}/tolerances", segment(code.as_str()));
        done(StatusCode::CREATED, &ToleranceOf::of(&body.check, &made), "", &location)
    })
    .await
}
