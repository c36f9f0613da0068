//! Controls as people write them: read with their versions, written, changed, approved, retired, copied from the library;
//! and the four questions about each, answered by people.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::routing::{get, post, put};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tickmark_app::control::{self, ControlVersion, edit};
use tickmark_app::{Error, View, conclusion};
use tickmark_core::Digest;
use tickmark_core::catalog::StarterControl;
use tickmark_core::conclusion::readiness::{Answer, Decision, Question};
use tickmark_core::control::{Assigned, Content, Control as Record, ControlId, CriterionMapping, Level};
use tickmark_core::id::ActorId;
use tickmark_core::identity::Resource::{Catalog, Control, TestResult};
use tickmark_core::identity::Verb::{self, Approve, Create, Delete, Update};

use super::BASE;
use super::answer::{Answered, answer, answer_of};
use super::asking::{asking, control_id, plain};
use super::call::{Call, Done, Taken, done, no_tag, write};
use super::meanwhile::stale;
use super::operation::{Operation, Writing};
use super::words::{AS_OF, Reason, as_of, person, read, word};
use crate::WebState;
use crate::design::segment;
use crate::error::Refusal;
use crate::visit::Asked;

const KINDS: [&str; 3] = ["preventive", "detective", "corrective"];
const NATURES: [&str; 3] = ["manual", "automated", "it_dependent_manual"];
const FREQUENCIES: [&str; 10] = [
    "continuous",
    "many_times_a_day",
    "daily",
    "weekly",
    "semi_monthly",
    "monthly",
    "quarterly",
    "semi_annual",
    "annual",
    "per_occurrence",
];
const LEVELS: [&str; 5] = ["", "entity", "process", "application", "infrastructure"];
const QUESTIONS: [&str; 4] = ["designed", "implemented", "operating", "evidenced"];
const ANSWERS: [&str; 4] = ["yes", "partly", "no", "not_assessed"];

pub(super) static LOOKS: &[Operation] = &[
    Operation::one::<ControlRecord>(
        "getControlContent",
        ("/controls/{id}/content", "/controls/IAM-01/content"),
        "What people wrote about a control; its tag is the version",
        Control,
        || get(content),
    ),
    Operation::list::<ControlVersionRecord>(
        "listControlVersions",
        ("/controls/{id}/versions", "/controls/IAM-01/versions"),
        "Every version of a control, oldest first",
        Control,
        || get(versions),
    )
    .filtered(AS_OF),
    Operation::list::<QuestionAnswer>(
        "listAnswers",
        ("/controls/{id}/answers", "/controls/IAM-01/answers"),
        "Every answer to the four questions about a control, oldest first",
        Control,
        || get(answers),
    ),
    Operation::list::<Starter>(
        "listStarterControls",
        ("/starter-controls", "/starter-controls"),
        "The library of controls to start from",
        Catalog,
        || get(starters),
    ),
];

pub(super) static WRITES: &[Writing] = &[
    Writing::post::<NewControl, ControlRecord>(
        "writeControl",
        ("/controls", "/controls"),
        "Writes a control, as a draft",
        (Control, Create),
        || post(new),
    )
    .created(),
    Writing::post::<Chosen, Adopted>(
        "adoptControls",
        ("/starter-controls/adoption", "/starter-controls/adoption"),
        "Copies starter controls into the organization, as drafts; those that are here stay as they are",
        (Control, Create),
        || post(adopt),
    ),
    Writing::put::<ControlChange, ControlRecord>(
        "changeControl",
        ("/controls/{id}/content", "/controls/IAM-01/content"),
        "Changes a control; what is in force waits for somebody else's approval",
        (Control, Update),
        || put(change),
    )
    .versioned(),
    Writing::post::<ControlApproval, ControlRecord>(
        "approveControl",
        ("/controls/{id}/approval", "/controls/IAM-01/approval"),
        "Approves what waits: puts a draft in force under a named owner, or lets a change hold",
        (Control, Approve),
        || post(approve),
    )
    .versioned()
    .for_people(),
    Writing::post::<Reason, ControlRecord>(
        "declineControlChange",
        ("/controls/{id}/refusal", "/controls/IAM-01/refusal"),
        "Refuses a change that waits; what is in force stays so",
        (Control, Approve),
        || post(decline),
    )
    .versioned()
    .for_people(),
    Writing::post::<Reason, ControlRecord>(
        "retireControl",
        ("/controls/{id}/retirement", "/controls/IAM-01/retirement"),
        "Takes a control out of force, or sets a draft aside; it stays readable",
        (Control, Delete),
        || post(retire),
    )
    .versioned()
    .for_people(),
    Writing::post::<NewAnswer, QuestionAnswer>(
        "answerQuestion",
        ("/controls/{id}/answers", "/controls/IAM-01/answers"),
        "Answers one of the four questions about a control; the answer before is kept",
        (TestResult, Approve),
        || post(answer_question),
    )
    .created()
    .for_people(),
];

/// A criterion that a control answers.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Mapping {
    /// Framework with its edition, e.g. `tsc-2017`.
    #[schemars(length(min = 1, max = 60))]
    framework: String,
    /// The criterion, e.g. `CC6.1`.
    #[schemars(length(min = 1, max = 40))]
    criterion: String,
    /// Whether the control is a key control for it.
    is_key: bool,
}

/// What a control says.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ControlContent {
    #[schemars(length(min = 1, max = 200))]
    title: String,
    /// Who does what, how often or on what trigger, using what, so that what.
    #[schemars(length(min = 1, max = 4_000))]
    statement: String,
    /// Area it is grouped under.
    #[schemars(length(min = 1, max = 200))]
    area: String,
    /// What it does about a risk.
    #[schemars(extend("enum" = KINDS))]
    kind: String,
    /// Who or what performs it.
    #[schemars(extend("enum" = NATURES))]
    nature: String,
    /// How often it is performed.
    #[schemars(extend("enum" = FREQUENCIES))]
    frequency: String,
    /// Where it sits; empty while nobody has said so.
    #[serde(default)]
    #[schemars(extend("enum" = LEVELS))]
    level: String,
    /// Role that answers for it, in words.
    #[serde(default)]
    #[schemars(length(max = 200))]
    owner_role: String,
    /// Evidence it leaves.
    #[serde(default)]
    #[schemars(length(max = 50), inner(length(min = 1, max = 200)))]
    evidence: Vec<String>,
    /// What would be sampled.
    #[serde(default)]
    #[schemars(length(max = 4_000))]
    population: String,
    /// Criteria it answers.
    #[serde(default)]
    #[schemars(length(max = 200))]
    criteria: Vec<Mapping>,
}

impl From<Content> for ControlContent {
    fn from(content: Content) -> Self {
        let mapping = |one: CriterionMapping| Mapping {
            framework: one.framework,
            criterion: one.criterion,
            is_key: one.is_key,
        };
        Self {
            title: content.title,
            statement: content.statement,
            area: content.area,
            kind: content.kind.word().to_owned(),
            nature: content.nature.word().to_owned(),
            frequency: content.frequency.word().to_owned(),
            level: content.level.map(word).unwrap_or_default(),
            owner_role: content.owner_role,
            evidence: content.evidence,
            population: content.population,
            criteria: content.criteria.into_iter().map(mapping).collect(),
        }
    }
}

impl ControlContent {
    fn read(&self) -> Result<Content, Error> {
        let level = match self.level.as_str() {
            "" => None,
            word => Some(read::<Level>("level", word)?),
        };
        let mapping = |one: &Mapping| CriterionMapping {
            framework: one.framework.clone(),
            criterion: one.criterion.clone(),
            is_key: one.is_key,
        };
        Ok(Content {
            title: self.title.clone(),
            statement: self.statement.clone(),
            area: self.area.clone(),
            kind: read("kind", &self.kind)?,
            nature: read("nature", &self.nature)?,
            frequency: read("frequency", &self.frequency)?,
            level,
            owner_role: self.owner_role.clone(),
            evidence: self.evidence.clone(),
            population: self.population.clone(),
            criteria: self.criteria.iter().map(mapping).collect(),
        })
    }
}

/// The people of a control, by their ids; null for nobody.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct People {
    /// Who answers for it.
    #[schemars(extend("format" = "uuid"))]
    owner: Option<String>,
    /// Who performs it, where that is somebody else.
    #[schemars(extend("format" = "uuid"))]
    operator: Option<String>,
    /// Who reviews it.
    #[schemars(extend("format" = "uuid"))]
    reviewer: Option<String>,
}

impl People {
    fn of(assigned: Assigned) -> Self {
        let id = |who: Option<ActorId>| who.map(|who| who.to_string());
        Self { owner: id(assigned.owner), operator: id(assigned.operator), reviewer: id(assigned.reviewer) }
    }

    fn read(&self) -> Result<Assigned, Error> {
        Ok(Assigned {
            owner: person("owner", self.owner.as_deref())?,
            operator: person("operator", self.operator.as_deref())?,
            reviewer: person("reviewer", self.reviewer.as_deref())?,
        })
    }
}

/// What people wrote about a control.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct ControlRecord {
    id: String,
    /// `draft`, `active` or `retired`.
    state: String,
    /// Whether something waits for somebody's approval: a draft as a whole, or a change of what is in force.
    waits: bool,
    /// What holds, or what the draft says.
    content: ControlContent,
    /// What would hold once the change that waits is approved; null where none does.
    proposed: Option<ControlContent>,
    people: People,
}

impl From<&Record> for ControlRecord {
    fn from(control: &Record) -> Self {
        Self {
            id: control.id.to_string(),
            state: control.state().word().to_owned(),
            waits: control.waits(),
            content: control.content().into(),
            proposed: control.proposed().map(|proposed| proposed.content.clone().into()),
            people: People::of(control.assigned()),
        }
    }
}

/// A control as it stood from a moment on.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct ControlVersionRecord {
    /// From when.
    since: String,
    /// Until when; null for what is now.
    until: Option<String>,
    /// Its version, as `ETag` and `If-Match` have it.
    version: String,
    control: ControlRecord,
}

impl ControlVersionRecord {
    fn of(version: &ControlVersion) -> Result<Self, Error> {
        Ok(Self {
            since: version.held.from.to_string(),
            until: version.held.to.map(|to| to.to_string()),
            version: control::state_of(&version.control)?.to_string(),
            control: ControlRecord::from(&version.control),
        })
    }
}

/// A new control.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewControl {
    /// Its id, e.g. `IAM-30`.
    #[schemars(length(min = 1, max = 40))]
    id: String,
    content: ControlContent,
    #[serde(default)]
    people: People,
    /// Why it is written.
    #[schemars(length(min = 1, max = 4_000))]
    reason: String,
}

/// A change of a control. What is in force stays so until somebody else approves; people change at once.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ControlChange {
    content: ControlContent,
    people: People,
    /// Why.
    #[schemars(length(min = 1, max = 4_000))]
    reason: String,
}

/// An approval.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ControlApproval {
    /// Who answers for it from now on; left out, whoever does already.
    #[serde(default)]
    #[schemars(extend("format" = "uuid"))]
    owner: Option<String>,
}

/// Which starter controls are copied.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Chosen {
    /// Their ids.
    #[schemars(length(min = 1, max = 500), inner(length(min = 1, max = 40)))]
    controls: Vec<String>,
}

/// What was copied.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Adopted {
    /// How many were not here yet.
    adopted: usize,
}

/// A control of the library.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Starter {
    id: String,
    title: String,
    area: String,
    /// What it says.
    statement: String,
    frequency: String,
}

impl From<&StarterControl> for Starter {
    fn from(starter: &StarterControl) -> Self {
        Self {
            id: starter.id.clone(),
            title: starter.title.clone(),
            area: starter.area.clone(),
            statement: starter.statement.clone(),
            frequency: starter.frequency.word().to_owned(),
        }
    }
}

/// An answer that somebody gives.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewAnswer {
    #[schemars(extend("enum" = QUESTIONS))]
    question: String,
    /// `not_assessed` takes an answer back.
    #[schemars(extend("enum" = ANSWERS))]
    answer: String,
    /// Why.
    #[schemars(length(min = 1, max = 4_000))]
    reason: String,
}

/// An answer that somebody gave.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct QuestionAnswer {
    question: String,
    answer: String,
    /// Who answered.
    by: String,
    at: String,
    reason: String,
}

impl From<&Decision> for QuestionAnswer {
    fn from(decision: &Decision) -> Self {
        Self {
            question: word(decision.question),
            answer: word(decision.answer),
            by: decision.by.to_string(),
            at: decision.at.to_string(),
            reason: decision.reason.clone(),
        }
    }
}

impl Taken for NewControl {}
impl Taken for ControlChange {}
impl Taken for ControlApproval {}
impl Taken for Chosen {}
impl Taken for NewAnswer {}

async fn content(
    State(state): State<WebState>,
    Path(code): Path<String>,
    asked: Asked,
    uri: Uri,
    headers: HeaderMap,
) -> Answered {
    plain(&uri)?;
    let (app, actor) = asked.member(&state)?;
    let code = control_id(&code)?;
    let found = app.read(actor, async |view| control::find(view, &code).await).await?;
    let version = control::state_of(&found)?.to_string();
    Ok(answer_of(&headers, &ControlRecord::from(&found), &version))
}

async fn versions(
    State(state): State<WebState>,
    Path(code): Path<String>,
    asked: Asked,
    uri: Uri,
    headers: HeaderMap,
) -> Answered {
    let (app, actor) = asked.member(&state)?;
    let code = control_id(&code)?;
    let asking = asking(&uri, "/controls/{id}/versions")?;
    let at = asking.moment("as_of")?;
    let all = app.read(actor, async |view| control::versions_of(view, &code).await).await?;
    let found = as_of(all, at, |version| version.held.from);
    let items = found.iter().map(ControlVersionRecord::of).collect::<Result<Vec<_>, _>>()?;
    Ok(answer(&headers, &asking.page(items, |item| item.since.clone())?))
}

async fn answers(
    State(state): State<WebState>,
    Path(code): Path<String>,
    asked: Asked,
    uri: Uri,
    headers: HeaderMap,
) -> Answered {
    let (app, actor) = asked.member(&state)?;
    let code = control_id(&code)?;
    let asking = asking(&uri, "/controls/{id}/answers")?;
    let all = app
        .read(actor, async |view| {
            control::find(view, &code).await?;
            conclusion::decisions(view, &code).await
        })
        .await?;
    let items: Vec<QuestionAnswer> = all.iter().map(Into::into).collect();
    Ok(answer(&headers, &asking.page(items, |item| format!("{} {}", item.at, item.question))?))
}

async fn starters(State(state): State<WebState>, uri: Uri, headers: HeaderMap) -> Answered {
    let catalog = state.source().catalog().ok_or(Refusal::NotFound)?;
    let asking = asking(&uri, "/starter-controls")?;
    let items: Vec<Starter> = catalog.controls.iter().map(Into::into).collect();
    Ok(answer(&headers, &asking.page(items, |item| item.id.clone())?))
}

async fn new(State(state): State<WebState>, asked: Asked, call: Call<NewControl>) -> Answered {
    let catalog = state.source().catalog().ok_or(Refusal::NotFound)?;
    write(&state, &asked, &call, async |cx| {
        let body = &call.body;
        let id = body.id.parse().map_err(Error::invalid)?;
        let (content, assigned) = (body.content.read()?, body.people.read()?);
        control_done(
            StatusCode::CREATED,
            &edit::write(cx, id, content, assigned, &body.reason, catalog).await?,
        )
    })
    .await
}

async fn adopt(State(state): State<WebState>, asked: Asked, call: Call<Chosen>) -> Answered {
    let catalog = state.source().catalog().ok_or(Refusal::NotFound)?;
    write(&state, &asked, &call, async |cx| {
        let chosen = call.body.controls.iter().cloned().collect();
        let adopted = edit::adopt(cx, catalog, &chosen).await?;
        done(StatusCode::OK, &Adopted { adopted }, "", "")
    })
    .await
}

async fn change(
    State(state): State<WebState>,
    Path(code): Path<String>,
    asked: Asked,
    call: Call<ControlChange>,
) -> Answered {
    let (code, from) = (control_id(&code)?, version(&call)?);
    let catalog = state.source().catalog().ok_or(Refusal::NotFound)?;
    write(&state, &asked, &call, async |cx| {
        let body = &call.body;
        let (content, assigned) = (body.content.read()?, body.people.read()?);
        match edit::change(cx, &code, from, content, assigned, &body.reason, catalog).await? {
            edit::Changed::Done(after, _) => control_done(StatusCode::OK, &after),
            edit::Changed::Stale(current) => meanwhile(cx, &current, from).await,
        }
    })
    .await
}

async fn approve(
    State(state): State<WebState>,
    Path(code): Path<String>,
    asked: Asked,
    call: Call<ControlApproval>,
) -> Answered {
    let (code, from) = (control_id(&code)?, version(&call)?);
    write(&state, &asked, &call, async |cx| {
        let owner = person("owner", call.body.owner.as_deref())?;
        match edit::approve(cx, &code, from, owner).await? {
            edit::Changed::Done(after, _) => control_done(StatusCode::OK, &after),
            edit::Changed::Stale(current) => meanwhile(cx, &current, from).await,
        }
    })
    .await
}

async fn decline(
    State(state): State<WebState>,
    Path(code): Path<String>,
    asked: Asked,
    call: Call<Reason>,
) -> Answered {
    let (code, from) = (control_id(&code)?, version(&call)?);
    write(&state, &asked, &call, async |cx| {
        if let Some(stale) = changed_since(cx, &code, from, Approve).await? {
            return Ok(stale);
        }
        control_done(StatusCode::OK, &edit::decline(cx, &code, &call.body.reason).await?)
    })
    .await
}

async fn retire(
    State(state): State<WebState>,
    Path(code): Path<String>,
    asked: Asked,
    call: Call<Reason>,
) -> Answered {
    let (code, from) = (control_id(&code)?, version(&call)?);
    write(&state, &asked, &call, async |cx| {
        if let Some(stale) = changed_since(cx, &code, from, Delete).await? {
            return Ok(stale);
        }
        control_done(StatusCode::OK, &edit::retire(cx, &code, &call.body.reason).await?)
    })
    .await
}

async fn answer_question(
    State(state): State<WebState>,
    Path(code): Path<String>,
    asked: Asked,
    call: Call<NewAnswer>,
) -> Answered {
    let code = control_id(&code)?;
    write(&state, &asked, &call, async |cx| {
        let body = &call.body;
        let question: Question = read("question", &body.question)?;
        let answer: Answer = read("answer", &body.answer)?;
        let decision = conclusion::decide(cx, &code, question, answer, &body.reason).await?;
        let location = format!("{BASE}/controls/{}/answers", segment(code.as_str()));
        done(StatusCode::CREATED, &QuestionAnswer::from(&decision), "", &location)
    })
    .await
}

/// The version that was looked at.
fn version<B>(call: &Call<B>) -> Result<Digest, Refusal> {
    call.version()?.parse().map_err(|_| no_tag())
}

fn control_done(status: StatusCode, control: &Record) -> Result<Done, Error> {
    let location = format!("{BASE}/controls/{}/content", segment(control.id.as_str()));
    done(status, &ControlRecord::from(control), &control::state_of(control)?.to_string(), &location)
}

/// What is answered where a control is not as it was in a version, for whoever may do something with it.
async fn changed_since(
    view: &mut View<'_>,
    code: &ControlId,
    from: Digest,
    verb: Verb,
) -> Result<Option<Done>, Error> {
    let control = control::find(view, code).await?;
    let object = edit::object(view, &control).await?;
    view.permit_on(edit::atom(verb), &object)?;
    if control::state_of(&control)? == from {
        return Ok(None);
    }
    meanwhile(view, &control, from).await.map(Some)
}

async fn meanwhile(view: &mut View<'_>, current: &Record, from: Digest) -> Result<Done, Error> {
    let mut seen = None;
    for version in control::versions_of(view, &current.id).await? {
        if control::state_of(&version.control)? == from {
            seen = Some(ControlRecord::from(&version.control));
        }
    }
    stale(&ControlRecord::from(current), &control::state_of(current)?.to_string(), seen.as_ref())
}
