//! What completes an examination: subsequent events, the representation letter, the report as it was received, bridge
//! letters. Only people do this, with the session of a browser.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tickmark_app::engagement::{self, Completed as Changed, CompletionVersion as Version, Receiving};
use tickmark_app::{Cx, Error, View};
use tickmark_core::Digest;
use tickmark_core::engagement::completion::{
    Bridge as CoreBridge, BridgeItem, BridgeLetter, Decided, EventKind, Fact as CoreFact, Follows, Learned,
    Letter as CoreLetter, SubsequentEvent, Told,
};
use tickmark_core::engagement::{Document, EngagementKey, Step};
use tickmark_core::identity::Resource::Description as Engagements;
use tickmark_core::identity::Verb::{Approve, Read, Update};

use super::BASE;
use super::answer::{Answered, answer_of};
use super::asking::{number, plain};
use super::call::{Call, Done, Taken, done, write};
use super::meanwhile::stale;
use super::operation::{Operation, Writing};
use super::words::{parsed, read};
use crate::WebState;
use crate::error::Refusal;
use crate::route::{get, post, put};
use crate::visit::Asked;

const KINDS: [&str; 7] = ["incident", "change", "ownership", "vendor", "fraud", "legal", "other"];
const DECIDED: [&str; 5] = ["undecided", "described", "other_information", "told_auditor", "no_effect"];
const FOLLOWS: [&str; 4] = ["undecided", "revised", "readers_told", "stands"];
const STEPS: [&str; 2] = ["review", "approve"];

pub(super) static LOOKS: &[Operation] = &[Operation::one::<Completion>(
    "getCompletion",
    ("/engagements/{key}/completion", "/engagements/1/completion"),
    "What completes an examination; its tag is the version, 0 before there is anything",
    Engagements,
    || get(one),
)];

pub(super) static WRITES: &[Writing] = &[
    Writing::put::<ReportDate, Completion>(
        "dateReport",
        ("/engagements/{key}/completion/report-date", "/engagements/1/completion/report-date"),
        "Says which date the report will have",
        (Engagements, Update),
        || put(date),
    )
    .versioned()
    .for_people(),
    Writing::post::<Event, Completion>(
        "tellSubsequentEvent",
        ("/engagements/{key}/completion/events", "/engagements/1/completion/events"),
        "Enters a subsequent event, or writes the one with this number anew",
        (Engagements, Update),
        || post(tell),
    )
    .versioned()
    .for_people(),
    Writing::post::<Fact, Completion>(
        "learnFact",
        ("/engagements/{key}/completion/facts", "/engagements/1/completion/facts"),
        "Enters a fact that became known after the date of the report, or writes the one with this number anew",
        (Engagements, Update),
        || post(learn),
    )
    .versioned()
    .for_people(),
    Writing::post::<Until, Completion>(
        "confirmSubsequentEvents",
        ("/engagements/{key}/completion/confirmation", "/engagements/1/completion/confirmation"),
        "States for management that the register of events is whole up to a day",
        (Engagements, Approve),
        || post(confirm),
    )
    .versioned()
    .for_people(),
    Writing::put::<Letter, Completion>(
        "writeRepresentation",
        ("/engagements/{key}/completion/representation", "/engagements/1/completion/representation"),
        "Writes the representation letter",
        (Engagements, Update),
        || put(represent),
    )
    .versioned()
    .for_people(),
    Writing::post::<Signature, Completion>(
        "signRepresentation",
        (
            "/engagements/{key}/completion/representation/signatures",
            "/engagements/1/completion/representation/signatures",
        ),
        "Reviews or signs the representation letter as it stands; each step by another person",
        (Engagements, Read),
        || post(sign_representation),
    )
    .versioned()
    .for_people(),
    Writing::post::<Report, Completion>(
        "receiveReport",
        ("/engagements/{key}/completion/report", "/engagements/1/completion/report"),
        "Records the report that the auditor gave to management, by its date and digest",
        (Engagements, Update),
        || post(receive),
    )
    .versioned()
    .for_people(),
    Writing::post::<NewBridge, Completion>(
        "writeBridgeLetter",
        ("/engagements/{key}/completion/bridges", "/engagements/1/completion/bridges"),
        "Writes a bridge letter, or the one with this number anew; what the registers hold is put into it",
        (Engagements, Update),
        || post(bridge),
    )
    .versioned()
    .for_people(),
    Writing::post::<Signature, Completion>(
        "signBridgeLetter",
        (
            "/engagements/{key}/completion/bridges/{number}/signatures",
            "/engagements/1/completion/bridges/1/signatures",
        ),
        "Reviews or signs a bridge letter as it stands; each step by another person",
        (Engagements, Read),
        || post(sign_bridge),
    )
    .versioned()
    .for_people(),
];

/// Which date the report will have.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ReportDate {
    #[schemars(extend("format" = "date"))]
    day: String,
}

/// Up to which day the register is whole.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Until {
    #[schemars(extend("format" = "date"))]
    until: String,
}

/// Something that happened after the time of the examination and before the date of its report.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Event {
    /// Its number in the register; null for a new one.
    #[serde(default)]
    #[schemars(range(min = 1, max = 10_000))]
    number: Option<u32>,
    #[schemars(extend("format" = "date"))]
    day: String,
    #[schemars(extend("enum" = KINDS))]
    kind: String,
    #[schemars(length(min = 1, max = 4_000))]
    what: String,
    /// What it did to system and controls.
    #[schemars(length(min = 1, max = 4_000))]
    effect: String,
    /// What is decided about it.
    #[schemars(extend("enum" = DECIDED))]
    decided: String,
    /// Why.
    #[serde(default)]
    #[schemars(length(max = 4_000))]
    reason: String,
}

impl From<&SubsequentEvent> for Event {
    fn from(event: &SubsequentEvent) -> Self {
        let told = &event.told;
        Self {
            number: Some(event.number),
            day: told.day.to_string(),
            kind: told.kind.word().to_owned(),
            what: told.what.clone(),
            effect: told.effect.clone(),
            decided: told.decided.word().to_owned(),
            reason: told.reason.clone(),
        }
    }
}

impl Event {
    fn read(&self) -> Result<Told, Error> {
        Ok(Told {
            day: parsed("day", &self.day)?,
            kind: read::<EventKind>("kind", &self.kind)?,
            what: self.what.clone(),
            effect: self.effect.clone(),
            decided: read::<Decided>("decided", &self.decided)?,
            reason: self.reason.clone(),
        })
    }
}

/// Something that became known after the date of the report and could have changed it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Fact {
    /// Its number in the register; null for a new one.
    #[serde(default)]
    #[schemars(range(min = 1, max = 10_000))]
    number: Option<u32>,
    /// When it became known.
    #[schemars(extend("format" = "date"))]
    day: String,
    #[schemars(length(min = 1, max = 4_000))]
    what: String,
    /// What it means for the description or for controls in the time of the examination.
    #[schemars(length(min = 1, max = 4_000))]
    effect: String,
    /// When the auditor was told; null before.
    #[serde(default)]
    #[schemars(extend("format" = "date"))]
    told: Option<String>,
    /// What the auditor decided.
    #[schemars(extend("enum" = FOLLOWS))]
    follows: String,
    /// Why, or how readers are told.
    #[serde(default)]
    #[schemars(length(max = 4_000))]
    reason: String,
}

impl From<&CoreFact> for Fact {
    fn from(fact: &CoreFact) -> Self {
        let learned = &fact.learned;
        Self {
            number: Some(fact.number),
            day: learned.day.to_string(),
            what: learned.what.clone(),
            effect: learned.effect.clone(),
            told: learned.told.map(|day| day.to_string()),
            follows: learned.follows.word().to_owned(),
            reason: learned.reason.clone(),
        }
    }
}

impl Fact {
    fn read(&self) -> Result<Learned, Error> {
        Ok(Learned {
            day: parsed("day", &self.day)?,
            what: self.what.clone(),
            effect: self.effect.clone(),
            told: self.told.as_deref().map(|day| parsed("told", day)).transpose()?,
            follows: read::<Follows>("follows", &self.follows)?,
            reason: self.reason.clone(),
        })
    }
}

/// A letter by which management represents something to the auditor.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Letter {
    /// The audit firm that it goes to.
    #[schemars(length(min = 1, max = 200))]
    to: String,
    /// Paragraphs, apart by an empty line.
    #[schemars(length(min = 1, max = 40_000))]
    text: String,
    /// Who signs for management.
    #[schemars(length(min = 1, max = 200))]
    signatory: String,
    /// As what.
    #[schemars(length(min = 1, max = 200))]
    title: String,
}

impl From<&CoreLetter> for Letter {
    fn from(letter: &CoreLetter) -> Self {
        Self {
            to: letter.to.clone(),
            text: letter.text.clone(),
            signatory: letter.signatory.clone(),
            title: letter.title.clone(),
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

/// The auditor's report as management received it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Report {
    #[schemars(length(min = 1, max = 200))]
    firm: String,
    /// Its date.
    #[schemars(extend("format" = "date"))]
    day: String,
    /// Name of the file.
    #[schemars(length(min = 1, max = 255))]
    file: String,
    /// SHA-256 of the file in hexadecimal.
    #[schemars(length(min = 64, max = 80))]
    digest: String,
}

/// Something that the registers hold and that a bridge letter leaves out.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct LeftOut {
    /// What names it in its register.
    #[schemars(length(min = 1, max = 200))]
    reference: String,
    /// Why.
    #[schemars(length(min = 1, max = 4_000))]
    reason: String,
}

/// A letter for the time between two reports.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewBridge {
    /// Its number in the examination; null for a new one.
    #[serde(default)]
    #[schemars(range(min = 1, max = 1_000))]
    number: Option<u32>,
    /// Last day that it is about.
    #[schemars(extend("format" = "date"))]
    to: String,
    /// What the registers hold and it does not name, each with why; all others are named.
    #[serde(default)]
    #[schemars(length(max = 1_000))]
    left_out: Vec<LeftOut>,
    /// Further changes of the system or its controls.
    #[serde(default)]
    #[schemars(length(max = 4_000))]
    changes: String,
    /// Further incidents or failures.
    #[serde(default)]
    #[schemars(length(max = 4_000))]
    incidents: String,
    /// When the next period begins, or the next report is expected.
    #[serde(default)]
    #[schemars(length(max = 4_000))]
    next: String,
    #[schemars(length(min = 1, max = 200))]
    signatory: String,
    #[schemars(length(min = 1, max = 200))]
    title: String,
}

impl NewBridge {
    fn read(&self) -> Result<BridgeLetter, Error> {
        let to = parsed("to", &self.to)?;
        let item = |one: &LeftOut| BridgeItem {
            day: to,
            reference: one.reference.clone(),
            says: String::new(),
            is_incident: false,
            left_out: one.reason.clone(),
        };
        Ok(BridgeLetter {
            to,
            items: self.left_out.iter().map(item).collect(),
            changes: self.changes.clone(),
            incidents: self.incidents.clone(),
            next: self.next.clone(),
            signatory: self.signatory.clone(),
            title: self.title.clone(),
        })
    }
}

/// What the registers hold in the time of a bridge letter.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Held {
    day: String,
    reference: String,
    says: String,
    is_incident: bool,
    /// Why the letter does not name it; empty if it does.
    left_out: String,
}

/// A bridge letter.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Bridge {
    number: u32,
    /// Number of its text, from 1.
    version: u32,
    to: String,
    items: Vec<Held>,
    changes: String,
    incidents: String,
    next: String,
    signatory: String,
    title: String,
    is_signed: bool,
}

impl Bridge {
    fn of(bridge: &CoreBridge, ground: Digest) -> Self {
        let letter = &bridge.document.content;
        let held = |one: &BridgeItem| Held {
            day: one.day.to_string(),
            reference: one.reference.clone(),
            says: one.says.clone(),
            is_incident: one.is_incident,
            left_out: one.left_out.clone(),
        };
        Self {
            number: bridge.number,
            version: bridge.document.version,
            to: letter.to.to_string(),
            items: letter.items.iter().map(held).collect(),
            changes: letter.changes.clone(),
            incidents: letter.incidents.clone(),
            next: letter.next.clone(),
            signatory: letter.signatory.clone(),
            title: letter.title.clone(),
            is_signed: bridge.document.approved(ground).is_some(),
        }
    }
}

/// The representation letter with where it stands.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Representation {
    /// Number of its text, from 1.
    version: u32,
    by: String,
    letter: Letter,
    is_signed: bool,
}

impl Representation {
    fn of(document: &Document<CoreLetter>, ground: Digest) -> Self {
        Self {
            version: document.version,
            by: document.by.to_string(),
            letter: Letter::from(&document.content),
            is_signed: document.approved(ground).is_some(),
        }
    }
}

/// What completes an examination.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Completion {
    engagement: i64,
    report_date: Option<String>,
    events: Vec<Event>,
    /// Up to which day management stated that the register of events is whole.
    confirmed_until: Option<String>,
    representation: Option<Representation>,
    received: Option<Report>,
    /// What became known after the date of the report.
    facts: Vec<Fact>,
    bridges: Vec<Bridge>,
}

impl Completion {
    /// What it says of a version, its letters being signed where they are for the scope that holds now.
    fn of(version: &Version, scope: Digest) -> Self {
        let record = &version.record;
        let (letter, bridge) = (record.letter_ground(scope), record.bridge_ground(scope));
        Self {
            engagement: record.engagement.0,
            report_date: record.report_date().map(|day| day.to_string()),
            events: record.events().iter().map(Into::into).collect(),
            confirmed_until: record.confirmed().map(|one| one.until.to_string()),
            representation: record.representation.as_ref().map(|one| Representation::of(one, letter)),
            received: record.received().map(|one| Report {
                firm: one.firm.clone(),
                day: one.day.to_string(),
                file: one.file.clone(),
                digest: one.digest.hex(),
            }),
            facts: record.facts().iter().map(Into::into).collect(),
            bridges: record.bridges().iter().map(|one| Bridge::of(one, bridge)).collect(),
        }
    }
}

impl Taken for ReportDate {}
impl Taken for Until {}
impl Taken for Event {}
impl Taken for Fact {}
impl Taken for Letter {}
impl Taken for Signature {}
impl Taken for Report {}
impl Taken for NewBridge {}

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
    let (shown, tag) = app.read(actor, async |view| shown(view, key).await).await?;
    Ok(answer_of(&headers, &shown, &tag))
}

async fn date(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    call: Call<ReportDate>,
) -> Answered {
    let day = call.body.day.clone();
    step(&state, &asked, &key, &call, async |cx, key, from| {
        engagement::date_report(cx, key, from, parsed("day", &day)?).await
    })
    .await
}

async fn tell(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    call: Call<Event>,
) -> Answered {
    let event = call.body.clone();
    step(&state, &asked, &key, &call, async |cx, key, from| {
        engagement::tell_event(cx, key, from, event.number, event.read()?).await
    })
    .await
}

async fn learn(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    call: Call<Fact>,
) -> Answered {
    let fact = call.body.clone();
    step(&state, &asked, &key, &call, async |cx, key, from| {
        engagement::learn_fact(cx, key, from, fact.number, fact.read()?).await
    })
    .await
}

async fn confirm(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    call: Call<Until>,
) -> Answered {
    let until = call.body.until.clone();
    step(&state, &asked, &key, &call, async |cx, key, from| {
        engagement::confirm_events(cx, key, from, parsed("until", &until)?).await
    })
    .await
}

async fn represent(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    call: Call<Letter>,
) -> Answered {
    let body = call.body.clone();
    step(&state, &asked, &key, &call, async |cx, key, from| {
        let letter =
            CoreLetter { to: body.to, text: body.text, signatory: body.signatory, title: body.title };
        engagement::represent(cx, key, from, letter).await
    })
    .await
}

async fn sign_representation(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    call: Call<Signature>,
) -> Answered {
    let word = call.body.step.clone();
    step(&state, &asked, &key, &call, async |cx, key, from| {
        engagement::sign_representation(cx, key, from, read::<Step>("step", &word)?).await
    })
    .await
}

async fn receive(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    call: Call<Report>,
) -> Answered {
    let catalog = state.source().catalog().ok_or(Refusal::NotFound)?;
    let generator = state.assessing().map_or("Tickmark", |(_, generator)| generator);
    let body = call.body.clone();
    step(&state, &asked, &key, &call, async |cx, key, from| {
        let (day, digest) = (parsed("day", &body.day)?, parsed("digest", &body.digest)?);
        let receiving = Receiving { firm: body.firm, day, file: body.file, digest, bytes: None };
        engagement::receive_report(cx, key, from, receiving, (catalog, generator)).await
    })
    .await
}

async fn bridge(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    call: Call<NewBridge>,
) -> Answered {
    let catalog = state.source().catalog().ok_or(Refusal::NotFound)?;
    let body = call.body.clone();
    step(&state, &asked, &key, &call, async |cx, key, from| {
        engagement::write_bridge(cx, key, from, body.number, body.read()?, catalog).await
    })
    .await
}

async fn sign_bridge(
    State(state): State<WebState>,
    Path((key, at)): Path<(String, String)>,
    asked: Asked,
    call: Call<Signature>,
) -> Answered {
    let catalog = state.source().catalog().ok_or(Refusal::NotFound)?;
    let at: u32 = at.parse().map_err(|_| Refusal::NotFound)?;
    let word = call.body.step.clone();
    step(&state, &asked, &key, &call, async |cx, key, from| {
        engagement::sign_bridge(cx, key, from, at, read::<Step>("step", &word)?, catalog).await
    })
    .await
}

/// Takes one step, from the version that was looked at.
async fn step<B, F>(state: &WebState, asked: &Asked, key: &str, call: &Call<B>, take: F) -> Answered
where
    F: AsyncFnOnce(&mut Cx<'_>, EngagementKey, i64) -> Result<Changed, Error>,
{
    let (key, from) = (EngagementKey(number(key)?), call.number()?);
    write(state, asked, call, async |cx| match take(cx, key, from).await? {
        Changed::Done(_) => now(cx, key).await,
        Changed::Stale(_) => {
            let (now, tag) = shown(cx, key).await?;
            let scope = engagement::find(cx, key).await?.record.scope_digest();
            let seen = engagement::completion_at(cx, key, from).await?;
            let seen = seen.as_ref().map(|version| Completion::of(version, scope));
            stale(&now, &tag, seen.as_ref())
        }
    })
    .await
}

/// What is answered when it is done: the newest version.
async fn now(view: &mut View<'_>, key: EngagementKey) -> Result<Done, Error> {
    let (shown, tag) = shown(view, key).await?;
    done(StatusCode::OK, &shown, &tag, &format!("{BASE}/engagements/{}/completion", key.0))
}

/// The newest version with its tag.
async fn shown(view: &mut View<'_>, key: EngagementKey) -> Result<(Completion, String), Error> {
    let newest = engagement::completion(view, key).await?;
    let scope = engagement::find(view, key).await?.record.scope_digest();
    Ok((Completion::of(&newest, scope), newest.number.to_string()))
}
