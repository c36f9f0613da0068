//! Samples of frozen populations: drawn, extended once, units replaced; each of them by a person who answers for it.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tickmark_app::engagement::{KeptPreset, preset_for};
use tickmark_app::program::population;
use tickmark_app::program::sampling::{self, NewSample as Wanted, OwnVersion, SampleView};
use tickmark_app::{Error, View};
use tickmark_core::identity::Resource::Control;
use tickmark_core::identity::Verb::{Create, Update};
use tickmark_core::program::sampling::{
    Absence, Happened, Method, OwnSizes, Parameters, Rate, RiskLevel, RollForward, SampleEvent, Sizing,
};

use super::BASE;
use super::answer::Answered;
use super::asking::{control_id, number};
use super::call::{Call, Done, Taken, done, write};
use super::looking::Looking;
use super::operation::{Operation, Writing};
use super::population::{Item, population as population_key};
use super::words::{Reason, parsed, read, word};
use crate::WebState;
use crate::design::segment;
use crate::error::Refusal;
use crate::route::{get, post};
use crate::visit::Asked;

const METHODS: [&str; 6] = ["random", "systematic", "stratified", "haphazard", "block", "targeted"];
const LEVELS: [&str; 3] = ["low", "default", "high"];
const ABSENCES: [&str; 3] = ["void", "not_applicable", "no_evidence"];

pub(super) static LOOKS: &[Operation] = &[
    Operation::list::<Sample>(
        "listSamples",
        ("/populations/{key}/samples", "/populations/1/samples"),
        "Samples of a population, oldest first, each drawn again to see that it is what was kept",
        Control,
        || get(list),
    ),
    Operation::list::<SampleSizes>(
        "listSampleSizes",
        ("/controls/{id}/sample-sizes", "/controls/IAM-01/sample-sizes"),
        "Sizes that a control has instead of those of the preset, oldest first",
        Control,
        || get(list_sizes),
    ),
    Operation::one::<Sample>(
        "getSample",
        ("/populations/{key}/samples/{number}", "/populations/1/samples/1"),
        "One sample with its units and what became of it",
        Control,
        || get(one),
    ),
];

pub(super) static WRITES: &[Writing] = &[
    Writing::post::<NewSample, Sample>(
        "drawSample",
        ("/populations/{key}/samples", "/populations/1/samples"),
        "Draws a sample; not for whoever owns the control, and drawing again needs another person and a reason",
        (Control, Create),
        || post(draw),
    )
    .created()
    .for_people(),
    Writing::post::<NewSizes, SampleSizes>(
        "setSampleSizes",
        ("/controls/{id}/sample-sizes", "/controls/IAM-01/sample-sizes"),
        "Gives a control sizes of its own instead of those of the preset, with a reason, or those of the preset again",
        (Control, Update),
        || post(set_sizes),
    )
    .created(),
    Writing::post::<Reason, Sample>(
        "extendSample",
        ("/populations/{key}/samples/{number}/extension", "/populations/1/samples/1/extension"),
        "Extends a sample to its planned size, once, after a deviation that is believed to be isolated",
        (Control, Create),
        || post(extend),
    )
    .for_people(),
    Writing::post::<NewReplacement, Sample>(
        "replaceUnit",
        ("/populations/{key}/samples/{number}/replacements", "/populations/1/samples/1/replacements"),
        "Replaces a unit that never happened, or to which the control does not apply, by the next of the reserve",
        (Control, Create),
        || post(replace),
    )
    .for_people(),
];

/// How many units are wanted: one of the three.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Size {
    /// So many.
    #[serde(default)]
    #[schemars(range(min = 1, max = 10_000))]
    units: Option<u64>,
    /// As many as show a rate of deviations.
    #[serde(default)]
    attributes: Option<Rates>,
    /// As many as the preset has for the frequency of the control, by judgment.
    #[serde(default)]
    #[schemars(extend("enum" = LEVELS))]
    preset: Option<String>,
}

/// What a sample is to show, in percent, e.g. `10%`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Rates {
    /// Risk of over-reliance.
    #[schemars(length(min = 2, max = 10))]
    risk: String,
    /// Rate of deviations that is tolerable.
    #[schemars(length(min = 2, max = 10))]
    tolerable: String,
    /// Rate that is expected; none when left out.
    #[serde(default)]
    #[schemars(length(min = 2, max = 10))]
    expected: Option<String>,
}

/// A sample that is wanted.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewSample {
    size: Size,
    #[schemars(extend("enum" = METHODS))]
    method: String,
    /// Agreed after the population was frozen; random bytes when left out.
    #[serde(default)]
    #[schemars(length(min = 1, max = 200))]
    seed: Option<String>,
    /// Keys of items that a person chose, for methods by judgment.
    #[serde(default)]
    #[schemars(length(max = 10_000), inner(length(min = 1, max = 200)))]
    picks: Vec<String>,
    /// Why they were chosen.
    #[serde(default)]
    #[schemars(length(max = 4_000))]
    reason: String,
    /// Size to which it may be extended once.
    #[serde(default)]
    #[schemars(range(min = 1, max = 10_000))]
    planned_extension: Option<u64>,
    /// Why it is drawn again; for every draw after the first.
    #[serde(default)]
    #[schemars(length(max = 4_000))]
    again: String,
}

/// Sizes of a control by how much rests on it.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SizeLevels {
    #[schemars(range(min = 1, max = 10_000))]
    low: u64,
    #[schemars(range(min = 1, max = 10_000))]
    usual: u64,
    #[schemars(range(min = 1, max = 10_000))]
    high: u64,
}

/// Sizes that a control gets.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewSizes {
    /// The sizes; null for those of the preset again.
    sizes: Option<SizeLevels>,
    /// Number of the version that was looked at; 0 when there was none.
    version: u32,
    /// Why they differ from the preset.
    #[schemars(length(min = 1, max = 4_000))]
    reason: String,
}

/// Sizes of a control, from a moment on.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct SampleSizes {
    /// Number in the history of the control, from 1.
    version: u32,
    since: String,
    /// The sizes; null when those of the preset hold.
    sizes: Option<SizeLevels>,
    reason: String,
    set_by: String,
}

impl From<&OwnVersion> for SampleSizes {
    fn from(one: &OwnVersion) -> Self {
        let levels = |(low, usual, high): (u64, u64, u64)| SizeLevels { low, usual, high };
        Self {
            version: one.number,
            since: one.since.to_string(),
            sizes: one.sizes.map(|sizes| levels(sizes.into())),
            reason: one.reason.clone(),
            set_by: one.set_by.to_string(),
        }
    }
}

/// A unit that is replaced.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewReplacement {
    /// Its key.
    #[schemars(length(min = 1, max = 200))]
    key: String,
    /// What there is not: `void` never happened; `no_evidence` is a deviation and is refused.
    #[schemars(extend("enum" = ABSENCES))]
    absence: String,
    #[schemars(length(min = 1, max = 4_000))]
    reason: String,
}

/// Something that happened to a sample.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct SampleChange {
    at: String,
    by: String,
    /// `extended` or `replaced`.
    event: String,
    /// Keys that came in.
    added: Vec<String>,
    /// Key of the unit that went; null for the extension.
    replaced: Option<String>,
    reason: String,
}

impl From<&Happened> for SampleChange {
    fn from(happened: &Happened) -> Self {
        let (event, added, replaced, reason) = match &happened.event {
            SampleEvent::Extended { reason, added } => ("extended", added.clone(), None, reason.clone()),
            SampleEvent::Replaced(one) => {
                ("replaced", vec![one.by.clone()], Some(one.key.clone()), one.reason.clone())
            }
        };
        Self {
            at: happened.at.to_string(),
            by: happened.actor.to_string(),
            event: event.to_owned(),
            added,
            replaced,
            reason,
        }
    }
}

/// A sample.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Sample {
    population: i64,
    /// Counted from 1 in its population.
    number: i64,
    drawn_at: String,
    drawn_by: String,
    method: String,
    /// What anybody draws it again with; null where a person chose.
    seed: Option<String>,
    /// SHA-256 of the keys of the population.
    keys: String,
    /// Where its size comes from: `given`, `given_by_stratum`, `attributes` or `preset`.
    size_rule: String,
    planned_extension: Option<u64>,
    /// Why it was drawn again; empty for the first.
    again: String,
    /// What is left to do for the end of the examined period; null if nothing is, or no period is open.
    roll_forward: Option<String>,
    /// What is tested now, without what was replaced.
    units: Vec<Item>,
    changes: Vec<SampleChange>,
}

impl From<&SampleView> for Sample {
    fn from(view: &SampleView) -> Self {
        let drawn = &view.drawn;
        let rule = serde_json::to_value(&drawn.size_rule).ok();
        let rule = rule.and_then(|rule| rule.get("rule")?.as_str().map(str::to_owned));
        Self {
            population: drawn.population.0,
            number: drawn.number,
            drawn_at: drawn.drawn_at.to_string(),
            drawn_by: drawn.drawn_by.to_string(),
            method: word(drawn.draw.method),
            seed: drawn.draw.seed.as_ref().map(ToString::to_string),
            keys: drawn.draw.population.to_string(),
            size_rule: rule.unwrap_or_default(),
            planned_extension: drawn.planned_extension,
            again: drawn.again.clone().unwrap_or_default(),
            roll_forward: drawn.roll_forward.as_ref().and_then(RollForward::says),
            units: view.units.iter().map(Into::into).collect(),
            changes: view.events.iter().map(Into::into).collect(),
        }
    }
}

impl Taken for NewSample {}
impl Taken for NewSizes {}
impl Taken for NewReplacement {}

async fn list(Path(key): Path<String>, look: Looking) -> Answered {
    let key = population_key(&key)?;
    look.list(
        async |view, _| Ok(sampling::list(view, key).await?.iter().map(Sample::from).collect()),
        |item: &Sample| item.number.to_string(),
    )
    .await
}

async fn list_sizes(Path(code): Path<String>, look: Looking) -> Answered {
    let code = control_id(&code)?;
    look.list(
        async |view, _| {
            tickmark_app::control::find(view, &code).await?;
            Ok(sampling::sizes_of(view, &code).await?.iter().map(SampleSizes::from).collect())
        },
        |item: &SampleSizes| item.version.to_string(),
    )
    .await
}

async fn set_sizes(
    State(state): State<WebState>,
    Path(code): Path<String>,
    asked: Asked,
    call: Call<NewSizes>,
) -> Answered {
    let code = control_id(&code)?;
    write(&state, &asked, &call, async |cx| {
        let body = &call.body;
        let sizes = body.sizes.map(|sizes| OwnSizes::new(sizes.low, sizes.usual, sizes.high)).transpose();
        let sizes = sizes.map_err(Error::invalid)?;
        let made = sampling::set_sizes(cx, &code, body.version, sizes, &body.reason).await?;
        let location = format!("{BASE}/controls/{}/sample-sizes", segment(code.as_str()));
        done(StatusCode::CREATED, &SampleSizes::from(&made), "", &location)
    })
    .await
}

async fn one(Path((key, at)): Path<(String, String)>, look: Looking) -> Answered {
    let (key, at) = (population_key(&key)?, number(&at)?);
    look.one(async |view| Ok(Sample::from(&sampling::find(view, key, at).await?))).await
}

async fn draw(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    call: Call<NewSample>,
) -> Answered {
    let key = population_key(&key)?;
    let catalog = state.source().catalog().ok_or(Refusal::NotFound)?;
    write(&state, &asked, &call, async |cx| {
        let body = &call.body;
        let found = population::find(cx, key).await?;
        let definition = &found.definition;
        // Only a draw by the preset makes an engagement keep one.
        let kept = match body.size.preset {
            Some(_) => Some(preset_for(cx, (definition.from, definition.to), catalog).await?),
            None => None,
        };
        let sizing = sizing(cx, &body.size, &definition.control, kept.as_ref()).await?;
        let wanted = Wanted {
            population: key,
            sizing,
            method: read::<Method>("method", &body.method)?,
            seed: body.seed.as_deref().map(|seed| parsed("seed", seed)).transpose()?,
            picks: body.picks.clone(),
            reason: body.reason.clone(),
            planned_extension: body.planned_extension,
            again: body.again.clone(),
        };
        sampled(StatusCode::CREATED, &sampling::draw(cx, wanted).await?)
    })
    .await
}

/// How many, as it was asked for.
async fn sizing<'a>(
    view: &mut View<'_>,
    size: &Size,
    control: &tickmark_core::control::ControlId,
    kept: Option<&'a KeptPreset>,
) -> Result<Sizing<'a>, Error> {
    match (size.units, &size.attributes, &size.preset) {
        (Some(units), None, None) => Ok(Sizing::Given(units)),
        (None, Some(rates), None) => {
            let rate = |name: &str, text: &str| parsed::<Rate>(name, text);
            let expected = rates.expected.as_deref().map(|text| rate("expected", text)).transpose()?;
            let parameters = Parameters::new(
                rate("risk", &rates.risk)?,
                rate("tolerable", &rates.tolerable)?,
                expected.unwrap_or(Rate::ZERO),
            );
            Ok(Sizing::Attributes(parameters.map_err(Error::invalid)?))
        }
        (None, None, Some(level)) => {
            let kept = kept.ok_or_else(|| Error::invalid("the catalog has no preset of sample sizes"))?;
            let frequency = tickmark_app::control::find(view, control).await?.frequency;
            let level = read::<RiskLevel>("preset", level)?;
            let (preset, catalog) = (&kept.preset, kept.catalog);
            Ok(Sizing::Preset { preset, catalog, frequency, level, own: None })
        }
        _ => Err(Error::invalid("say one of units, attributes and preset")),
    }
}

async fn extend(
    State(state): State<WebState>,
    Path((key, at)): Path<(String, String)>,
    asked: Asked,
    call: Call<Reason>,
) -> Answered {
    let (key, at) = (population_key(&key)?, number(&at)?);
    write(&state, &asked, &call, async |cx| {
        sampled(StatusCode::OK, &sampling::extend(cx, key, at, &call.body.reason).await?)
    })
    .await
}

async fn replace(
    State(state): State<WebState>,
    Path((key, at)): Path<(String, String)>,
    asked: Asked,
    call: Call<NewReplacement>,
) -> Answered {
    let (key, at) = (population_key(&key)?, number(&at)?);
    write(&state, &asked, &call, async |cx| {
        let body = &call.body;
        let absence = read::<Absence>("absence", &body.absence)?;
        sampled(StatusCode::OK, &sampling::replace(cx, key, at, &body.key, absence, &body.reason).await?)
    })
    .await
}

fn sampled(status: StatusCode, view: &SampleView) -> Result<Done, Error> {
    let drawn = &view.drawn;
    let location = format!("{BASE}/populations/{}/samples/{}", drawn.population.0, drawn.number);
    done(status, &Sample::from(view), "", &location)
}
