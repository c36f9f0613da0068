//! Tests of a control: listed as they are and as they were, proposed, changed, ended, approved by somebody else.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tickmark_app::control::test::{self, Decided, TestVersion};
use tickmark_app::{Error, observation};
use tickmark_core::Digest;
use tickmark_core::control::{
    ControlId, TestAttribute, TestChange as CoreChange, TestContent as CoreContent, TestKind,
    TestProposal as CoreProposal, TestRecord,
};
use tickmark_core::identity::Resource::Test;
use tickmark_core::identity::Verb::{Approve, Create, Delete, Update};

use super::BASE;
use super::answer::{Answered, answer};
use super::asking::{asking, control_id};
use super::call::{Call, Done, Taken, done, no_tag, write};
use super::looking::Looking;
use super::meanwhile::stale;
use super::operation::{Operation, Writing};
use super::words::{Reason, read, word};
use crate::WebState;
use crate::design::segment;
use crate::error::Refusal;
use crate::route::{get, post, put};
use crate::visit::Asked;

const KINDS: [&str; 3] = ["configuration", "occurrence", "population"];
const WINDOWS: [&str; 7] =
    ["daily", "weekly", "semi_monthly", "monthly", "quarterly", "semi_annual", "annual"];

pub(super) static LOOKS: &[Operation] = &[
    Operation::list::<ControlTest>(
        "listControlTests",
        ("/controls/{id}/tests", "/controls/IAM-01/tests"),
        "The tests of a control, also those that ended",
        Test,
        || get(list),
    )
    .filtered(&[("as_of", "As they stood at this moment (RFC 3339)")])
    .narrowed(),
    Operation::one::<ControlTest>(
        "getControlTest",
        ("/controls/{id}/tests/{test}", "/controls/IAM-01/tests/occurrence"),
        "One test of a control; its tag is the version",
        Test,
        || get(one),
    )
    .narrowed(),
    Operation::list::<ControlTestVersion>(
        "listControlTestVersions",
        ("/controls/{id}/tests/{test}/versions", "/controls/IAM-01/tests/occurrence/versions"),
        "Every version of a test that people decided about, oldest first",
        Test,
        || get(versions),
    )
    .narrowed(),
];

pub(super) static WRITES: &[Writing] = &[
    Writing::post::<NewTest, ControlTest>(
        "proposeControlTest",
        ("/controls/{id}/tests", "/controls/IAM-01/tests"),
        "Proposes a test of a control; it tests nothing until somebody else approves it",
        (Test, Create),
        || post(propose),
    )
    .created(),
    Writing::put::<NewTest, ControlTest>(
        "changeControlTest",
        ("/controls/{id}/tests/{test}", "/controls/IAM-01/tests/occurrence"),
        "Proposes a change of a test; what holds stays so until somebody else approves",
        (Test, Update),
        || put(change),
    )
    .versioned(),
    Writing::post::<Reason, ControlTest>(
        "endControlTest",
        ("/controls/{id}/tests/{test}/ending", "/controls/IAM-01/tests/occurrence/ending"),
        "Proposes that a test ends; it holds until somebody else approves",
        (Test, Delete),
        || post(end),
    )
    .versioned(),
    Writing::post::<TestApproval, ControlTest>(
        "approveControlTest",
        ("/controls/{id}/tests/{test}/approval", "/controls/IAM-01/tests/occurrence/approval"),
        "Approves what waits about a test",
        (Test, Approve),
        || post(approve),
    )
    .versioned()
    .for_people(),
    Writing::post::<Reason, ControlTest>(
        "declineControlTest",
        ("/controls/{id}/tests/{test}/refusal", "/controls/IAM-01/tests/occurrence/refusal"),
        "Declines what waits about a test, or takes back what one proposed oneself",
        (Test, Update),
        || post(decline),
    )
    .versioned(),
];

/// A question asked about each item of a population.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Attribute {
    /// Short name, e.g. `approved`.
    #[schemars(length(min = 1, max = 500))]
    id: String,
    /// What must hold.
    #[schemars(length(min = 1, max = 500))]
    asserts: String,
    /// What counts as a deviation; written before testing.
    #[schemars(length(min = 1, max = 500))]
    deviation: String,
}

/// What a test asks.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct TestContent {
    /// By a check over targets, in each window it is due, or over the items of a population.
    #[schemars(extend("enum" = KINDS))]
    kind: String,
    /// The check of a configuration test.
    #[serde(default)]
    #[schemars(length(max = 200))]
    check: String,
    /// The attribute of the control that it covers; needed for a configuration test.
    #[serde(default)]
    #[schemars(length(max = 500))]
    attribute: String,
    /// How often it is due, of an occurrence test.
    #[serde(default)]
    #[schemars(extend("enum" = WINDOWS.map(Some).into_iter().chain([None]).collect::<Vec<_>>()))]
    window: Option<String>,
    /// Days after the window within which it is on time, of an occurrence test.
    #[serde(default)]
    #[schemars(range(min = 0, max = 366))]
    grace_days: u32,
    /// Whether a daily control is due on weekends as well.
    #[serde(default)]
    every_day: bool,
    /// What produces an item, of a population test.
    #[serde(default)]
    #[schemars(length(max = 500))]
    trigger: String,
    /// What is asked about each item, of a population test.
    #[serde(default)]
    #[schemars(length(max = 20))]
    attributes: Vec<Attribute>,
}

impl From<&CoreContent> for TestContent {
    fn from(content: &CoreContent) -> Self {
        let mut of = Self {
            kind: content.kind.word().to_owned(),
            check: String::new(),
            attribute: content.attribute.clone(),
            window: None,
            grace_days: 0,
            every_day: false,
            trigger: String::new(),
            attributes: Vec::new(),
        };
        match &content.kind {
            TestKind::Configuration { check } => of.check.clone_from(check),
            TestKind::Occurrence { window, grace_days, every_day } => {
                of.window = Some(window.word().to_owned());
                (of.grace_days, of.every_day) = (*grace_days, *every_day);
            }
            TestKind::Population { trigger, attributes } => {
                of.trigger.clone_from(trigger);
                let one = |one: &TestAttribute| Attribute {
                    id: one.id.clone(),
                    asserts: one.asserts.clone(),
                    deviation: one.deviation.clone(),
                };
                of.attributes = attributes.iter().map(one).collect();
            }
        }
        of
    }
}

impl TestContent {
    fn read(&self) -> Result<CoreContent, Error> {
        let kind = match self.kind.as_str() {
            "configuration" => TestKind::Configuration { check: self.check.clone() },
            "occurrence" => TestKind::Occurrence {
                window: read("window", self.window.as_deref().unwrap_or_default())?,
                grace_days: self.grace_days,
                every_day: self.every_day,
            },
            "population" => TestKind::Population {
                trigger: self.trigger.clone(),
                attributes: self
                    .attributes
                    .iter()
                    .map(|one| TestAttribute {
                        id: one.id.clone(),
                        asserts: one.asserts.clone(),
                        deviation: one.deviation.clone(),
                    })
                    .collect(),
            },
            other => return Err(Error::invalid(format!("there is no kind of test {other:?}"))),
        };
        Ok(CoreContent { kind, attribute: self.attribute.clone() })
    }
}

/// A test as it is proposed.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewTest {
    content: TestContent,
    /// Why.
    #[schemars(length(min = 1, max = 4_000))]
    reason: String,
}

/// An approval.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct TestApproval {
    /// Why the only member of an organization approves what they proposed themselves; empty otherwise.
    #[serde(default)]
    #[schemars(length(max = 1_000))]
    alone: String,
}

/// What waits for a decision.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct TestProposal {
    /// Whether the test is to end.
    ends: bool,
    /// What it is to be; null where it is to end.
    content: Option<TestContent>,
    by: String,
    at: String,
    reason: String,
}

impl From<&CoreProposal> for TestProposal {
    fn from(proposal: &CoreProposal) -> Self {
        let content = match &proposal.change {
            CoreChange::Set(content) => Some(content.into()),
            CoreChange::End => None,
        };
        Self {
            ends: content.is_none(),
            content,
            by: proposal.by.to_string(),
            at: proposal.at.to_string(),
            reason: proposal.reason.clone(),
        }
    }
}

/// The last decision.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct TestDecision {
    /// `approved`, `declined` or `ended`.
    outcome: String,
    /// Who had proposed it.
    author: String,
    by: String,
    at: String,
    reason: String,
    /// Why it was declined, or why the author decided alone.
    note: String,
}

/// A test of a control.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct ControlTest {
    control: String,
    /// Its name inside the control: the check, `occurrence`, or `population.1`.
    id: String,
    /// `library` or `own`.
    origin: String,
    /// Where it stands, in words.
    state: String,
    /// As what it holds; null if it does not.
    content: Option<TestContent>,
    proposed: Option<TestProposal>,
    decided: Option<TestDecision>,
    /// Whether its author approved it alone.
    is_alone: bool,
    /// Its version, as `ETag` and `If-Match` have it.
    version: String,
}

impl ControlTest {
    fn of(test: &TestRecord) -> Result<Self, Error> {
        let decided = test.decided.as_ref().map(|one| TestDecision {
            outcome: word(one.outcome),
            author: one.author.to_string(),
            by: one.by.to_string(),
            at: one.at.to_string(),
            reason: one.reason.clone(),
            note: one.note.clone(),
        });
        Ok(Self {
            control: test.control.to_string(),
            id: test.id.clone(),
            origin: word(test.origin),
            state: test.state().word().to_owned(),
            content: test.held.as_ref().map(Into::into),
            proposed: test.proposed.as_ref().map(Into::into),
            decided,
            is_alone: test.is_alone(),
            version: test::state_of(test)?.to_string(),
        })
    }
}

/// A test as it stood from a moment on.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct ControlTestVersion {
    since: String,
    /// Until when; null for what is now.
    until: Option<String>,
    test: ControlTest,
}

impl ControlTestVersion {
    fn of(version: &TestVersion) -> Result<Self, Error> {
        Ok(Self {
            since: version.held.from.to_string(),
            until: version.held.to.map(|to| to.to_string()),
            test: ControlTest::of(&version.record)?,
        })
    }
}

impl Taken for NewTest {}
impl Taken for TestApproval {}

async fn list(
    State(state): State<WebState>,
    Path(code): Path<String>,
    asked: Asked,
    uri: Uri,
    headers: HeaderMap,
) -> Answered {
    let (app, actor) = asked.member(&state)?;
    let code = control_id(&code)?;
    let asking = asking(&uri, "/controls/{id}/tests")?;
    let at = asking.moment("as_of")?;
    let all = app
        .read(actor, async |view| match at {
            Some(at) => test::at(view, &code, at).await,
            None => test::list(view, &code).await,
        })
        .await?;
    let items = all.iter().map(ControlTest::of).collect::<Result<Vec<_>, _>>()?;
    Ok(answer(&headers, &asking.page(items, |item| item.id.clone())?))
}

async fn one(Path((code, test)): Path<(String, String)>, look: Looking) -> Answered {
    let code = control_id(&code)?;
    look.tagged(async |view| {
        let found = ControlTest::of(&test::find_reached(view, &code, &test).await?)?;
        let version = found.version.clone();
        Ok((found, version))
    })
    .await
}

async fn versions(Path((code, test)): Path<(String, String)>, look: Looking) -> Answered {
    let code = control_id(&code)?;
    look.list(
        async |view, _| {
            test::find_reached(view, &code, &test).await?;
            let all = test::history(view, &code).await?;
            all.iter().filter(|version| version.record.id == test).map(ControlTestVersion::of).collect()
        },
        |item: &ControlTestVersion| item.since.clone(),
    )
    .await
}

async fn propose(
    State(state): State<WebState>,
    Path(code): Path<String>,
    asked: Asked,
    call: Call<NewTest>,
) -> Answered {
    let code = control_id(&code)?;
    write(&state, &asked, &call, async |cx| {
        let known = observation::known_checks(cx).await?;
        let content = call.body.content.read()?;
        let test = test::propose(cx, &code, content, &call.body.reason, &known).await?;
        test_done(StatusCode::CREATED, &test)
    })
    .await
}

async fn change(
    State(state): State<WebState>,
    Path((code, test)): Path<(String, String)>,
    asked: Asked,
    call: Call<NewTest>,
) -> Answered {
    let (code, from) = (control_id(&code)?, version(&call)?);
    write(&state, &asked, &call, async |cx| {
        let change = CoreChange::Set(call.body.content.read()?);
        let decided = test::change(cx, &code, &test, from, change, &call.body.reason).await?;
        answered(cx, &code, from, decided).await
    })
    .await
}

async fn end(
    State(state): State<WebState>,
    Path((code, test)): Path<(String, String)>,
    asked: Asked,
    call: Call<Reason>,
) -> Answered {
    let (code, from) = (control_id(&code)?, version(&call)?);
    write(&state, &asked, &call, async |cx| {
        let decided = test::change(cx, &code, &test, from, CoreChange::End, &call.body.reason).await?;
        answered(cx, &code, from, decided).await
    })
    .await
}

async fn approve(
    State(state): State<WebState>,
    Path((code, test)): Path<(String, String)>,
    asked: Asked,
    call: Call<TestApproval>,
) -> Answered {
    let (code, from) = (control_id(&code)?, version(&call)?);
    write(&state, &asked, &call, async |cx| {
        let decided = test::approve(cx, &code, &test, from, &call.body.alone).await?;
        answered(cx, &code, from, decided).await
    })
    .await
}

async fn decline(
    State(state): State<WebState>,
    Path((code, test)): Path<(String, String)>,
    asked: Asked,
    call: Call<Reason>,
) -> Answered {
    let (code, from) = (control_id(&code)?, version(&call)?);
    write(&state, &asked, &call, async |cx| {
        let decided = test::decline(cx, &code, &test, from, &call.body.reason).await?;
        answered(cx, &code, from, decided).await
    })
    .await
}

/// The version that was looked at.
fn version<B>(call: &Call<B>) -> Result<Digest, Refusal> {
    call.version()?.parse().map_err(|_| no_tag())
}

fn test_done(status: StatusCode, test: &TestRecord) -> Result<Done, Error> {
    let answered = ControlTest::of(test)?;
    let (control, id) = (segment(test.control.as_str()), segment(&test.id));
    done(status, &answered, &answered.version, &format!("{BASE}/controls/{control}/tests/{id}"))
}

/// What is answered: that it is done, or what was changed meanwhile.
async fn answered(
    view: &mut tickmark_app::View<'_>,
    code: &ControlId,
    from: Digest,
    decided: Decided,
) -> Result<Done, Error> {
    let current = match decided {
        Decided::Done(test) => return test_done(StatusCode::OK, &test),
        Decided::Stale(current) => ControlTest::of(&current)?,
    };
    let mut seen = None;
    for version in test::history(view, code).await? {
        if version.record.id == current.id && test::state_of(&version.record)? == from {
            seen = Some(ControlTest::of(&version.record)?);
        }
    }
    stale(&current, &current.version, seen.as_ref())
}
