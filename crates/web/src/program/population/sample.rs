//! Samples: drawing one, what is in it with what was found, the one extension, replacements, and what follows.

use std::pin::Pin;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use tickmark_app::control;
use tickmark_app::program::population;
use tickmark_app::program::sampling::{self, NewSample, SampleView};
use tickmark_app::{Actor, App};
use tickmark_core::catalog::{Catalog, Frequency};
use tickmark_core::id::PopulationKey;
use tickmark_core::program::population::{ItemOutcome, MAX_TEXT_CHARS, Population, Reading};
use tickmark_core::program::sampling::{
    Absence, Evaluation, Method, NextStep, Parameters, Rate, RiskLevel, SampleEvent, Seed, SizeRule, Sizing,
};

use super::{BRING_IN, SET_UP, href, key, lines, may, wrong};
use crate::WebState;
use crate::control::Names;
use crate::design::badge::badge;
use crate::design::form::{Faults, Field, Kind, field, form, hidden, send};
use crate::design::frame::{Page, Place};
use crate::design::icon::Mark;
use crate::design::table::plain;
use crate::design::{block, digest, moment};
use crate::error::Refusal;
use crate::form::Sent;
use crate::identity::go;
use crate::visit::Asked;

const FIELDS: [&str; 12] = [
    "method",
    "by",
    "size",
    "risk",
    "tolerable",
    "expected",
    "level",
    "seed",
    "picks",
    "reason",
    "extension",
    "again",
];
const LEVELS: [(&str, &str); 3] = [("low", "Low risk"), ("default", "Default"), ("high", "High risk")];

struct Known {
    one: Population,
    reading: Option<Reading>,
    frequency: Frequency,
    /// How many samples there are.
    drawn: usize,
}

async fn known(state: &WebState, asked: &Asked, key: PopulationKey) -> Result<Known, Refusal> {
    let (app, actor) = asked.member(state)?;
    let known = app
        .read(actor, async |view| {
            let one = population::find(view, key).await?;
            let frequency = control::find(view, &one.definition.control).await?.frequency;
            let reading = population::reading_of(view, key).await?;
            let drawn = sampling::list(view, key).await?.len();
            Ok(Known { one, reading, frequency, drawn })
        })
        .await?;
    Ok(known)
}

pub(super) async fn new_page(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let known = known(&state, &asked, key(&at)?).await?;
    let sent =
        Sent::of(vec![("by".to_owned(), "level".to_owned()), ("level".to_owned(), "default".to_owned())]);
    asked.frame(&state, &form_page(&known, &asked.token, &sent, &Faults::default())).await
}

fn form_page(known: &Known, token: &str, sent: &Sent, faults: &Faults) -> Page {
    let path = href(known.one.key);
    let text = |name: &str| sent.text(name);
    let has_parts = known.reading.as_ref().is_some_and(|reading| !reading.strata.is_empty());
    let methods: Vec<(String, String)> = Method::ALL
        .into_iter()
        .filter(|method| has_parts || *method != Method::Stratified)
        .map(|method| {
            let by = if method.is_judgment() { " (by judgment, no statistics)" } else { "" };
            (method.word().to_owned(), format!("{}{by}", method.word()))
        })
        .collect();
    let ways: Vec<(String, String)> = [
        ("level", "From the preset for the frequency of the control"),
        ("rates", "Computed from rates"),
        ("size", "A number"),
    ]
    .map(|(value, words)| (value.to_owned(), words.to_owned()))
    .to_vec();
    let levels: Vec<(String, String)> =
        LEVELS.map(|(value, words)| (value.to_owned(), words.to_owned())).to_vec();
    let some = |name: &'static str, label: &str, hint: &str| {
        field(&Field {
            name,
            label,
            hint,
            value: &text(name),
            optional: true,
            fault: faults.of(name),
            max: 1_000,
            ..Field::default()
        })
    };
    let area = |name: &'static str, label: &str, hint: &str| {
        field(&Field {
            name,
            label,
            hint,
            kind: Kind::Area(3),
            value: &text(name),
            optional: true,
            fault: faults.of(name),
            max: MAX_TEXT_CHARS,
            ..Field::default()
        })
    };
    let body = html! {
        @if known.one.frozen.is_none() {
            div.empty { h3 { "It is not frozen" } p { "Nothing is selected before the list is frozen." } p { a.button href=(path) { "The population" } } }
        } @else {
            div.narrow { (form(&format!("{path}/samples/new"), token, &html! {
                (faults.summary())
                (field(&Field { name: "method", label: "Method", kind: Kind::Select(&methods), value: &text("method"), fault: faults.of("method"), hint: "Random selection is repeatable by anybody from seed and list. First and last items are no method.", ..Field::default() }))
                (field(&Field { name: "by", label: "How many", kind: Kind::Select(&ways), value: &text("by"), fault: faults.of("by"), ..Field::default() }))
                div.fields {
                    (field(&Field { name: "level", label: &format!("Preset ({})", known.frequency.plain()), kind: Kind::Select(&levels), value: &text("level"), fault: faults.of("level"), ..Field::default() }))
                    (some("size", "Number", ""))
                    (some("risk", "Risk of over-reliance", "As 10%."))
                    (some("tolerable", "Tolerable rate", "As 5%."))
                    (some("expected", "Expected rate", "None when left out."))
                }
                (some("seed", "Seed", "A text agreed after the list was frozen; random bytes when left out."))
                (some("extension", "Extension planned, to", "The size after one extension, written down before anything is tested."))
                (area("picks", "Items chosen by judgment, one a line", "For haphazard, block and targeted only."))
                (area("reason", "Why these", "For a choice by judgment."))
                @if known.drawn > 0 || faults.of("again").is_some() { (area("again", "Why it is drawn again", "Another person draws again, and the earlier sample stays in sight.")) }
                (send("Draw the sample", &path))
            })) }
        }
    };
    let mut page = Page::new(Place::Populations, "Draw a sample", body);
    page.lead = html! { (known.one.definition.title) ", " (known.one.items) " items. Whoever owns the control does not select." };
    page.crumbs =
        vec![("Populations".into(), "/populations".into()), (format!("Population {}", known.one.key), path)];
    page
}

/// The field that a word of a refusal stands for.
const ABOUT: [(&str, &str); 16] = [
    ("drawing again", "again"),
    ("an extension to", "extension"),
    ("needs a reason", "reason"),
    ("the reason has", "reason"),
    ("items of the list", "picks"),
    ("does not follow", "picks"),
    ("has no item ", "picks"),
    (" names ", "picks"),
    ("the seed", "seed"),
    ("expected rate", "expected"),
    ("tolerable", "tolerable"),
    ("no size for", "level"),
    ("how many occurrences", "by"),
    ("has no items", "method"),
    ("unit", "size"),
    ("strat", "method"),
];

/// How many, as the form says.
fn sizing<'a>(
    known: &Known,
    sent: &Sent,
    picks: usize,
    catalog: &'a Catalog,
    faults: &mut Faults,
) -> Option<Sizing<'a>> {
    if picks > 0 {
        return Some(Sizing::Given(picks as u64));
    }
    match sent.text("by").as_str() {
        "size" => match sent.text("size").parse() {
            Ok(size) => Some(Sizing::Given(size)),
            Err(_) => {
                faults.add("size", "say how many");
                None
            }
        },
        "rates" => {
            let mut rate = |name: &'static str| {
                let text = sent.text(name);
                if name == "expected" && text.is_empty() {
                    return Some(Rate::ZERO);
                }
                text.parse::<Rate>().map_err(|error| faults.add(name, error)).ok()
            };
            let (risk, tolerable, expected) = (rate("risk"), rate("tolerable"), rate("expected"));
            match Parameters::new(risk?, tolerable?, expected?) {
                Ok(parameters) => Some(Sizing::Attributes(parameters)),
                Err(error) => {
                    faults.add("risk", error);
                    None
                }
            }
        }
        _ => {
            let level = match sent.text("level").as_str() {
                "low" => RiskLevel::Low,
                "high" => RiskLevel::High,
                _ => RiskLevel::Default,
            };
            let Some(preset) = catalog.sampling_presets.first() else {
                faults.add("by", "the catalog has no preset of sample sizes");
                return None;
            };
            Some(Sizing::Preset {
                preset,
                catalog: catalog.digest,
                frequency: known.frequency,
                level,
                own: None,
            })
        }
    }
}

type Later<'a, T> = Pin<Box<dyn Future<Output = tickmark_app::Result<T>> + Send + 'a>>;

fn drawn<'a>(app: &'a App, actor: &'a Actor, new: NewSample<'a>) -> Later<'a, SampleView> {
    Box::pin(app.transact(actor, async move |cx| sampling::draw(cx, new).await))
}

pub(super) async fn draw(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let key = key(&at)?;
    sent.only(&FIELDS)?;
    let (app, actor) = asked.member(&state)?;
    let catalog = state.source().catalog().ok_or(Refusal::NotFound)?;
    let known = known(&state, &asked, key).await?;
    let mut faults = Faults::default();
    let method: Method = sent.text("method").parse().map_err(|_| Refusal::Malformed)?;
    let picks = lines(&sent.text("picks"));
    let sizing = sizing(&known, &sent, picks.len(), catalog, &mut faults);
    let seed = match sent.text("seed") {
        text if text.is_empty() => None,
        text => text.parse::<Seed>().map_err(|error| faults.add("seed", error)).ok(),
    };
    let planned_extension = match sent.text("extension") {
        text if text.is_empty() => None,
        text => text.parse().map_err(|_| faults.add("extension", "say a number")).ok(),
    };
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    if let (true, Some(sizing)) = (faults.is_empty(), sizing) {
        let new = NewSample {
            population: key,
            sizing,
            method,
            seed,
            picks,
            reason: sent.text("reason"),
            planned_extension,
            again: sent.text("again"),
        };
        match drawn(app, actor, new).await {
            Ok(view) => return Ok(go(&format!("{}/samples/{}", href(key), view.drawn.number))),
            Err(error) => (status, faults) = wrong(error, &ABOUT)?,
        }
    }
    asked.frame_refused(&state, status, &form_page(&known, &asked.token, &sent, &faults)).await
}

struct Shown {
    one: Population,
    sample: SampleView,
    names: Names,
}

async fn shown(state: &WebState, asked: &Asked, key: PopulationKey, number: i64) -> Result<Shown, Refusal> {
    let (app, actor) = asked.member(state)?;
    let shown = app
        .read(actor, async |view| {
            Ok(Shown {
                one: population::find(view, key).await?,
                sample: sampling::find(view, key, number).await?,
                names: Names::for_looking(view).await?,
            })
        })
        .await?;
    Ok(shown)
}

pub(super) async fn page(
    State(state): State<WebState>,
    Path((at, no)): Path<(String, String)>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let number = no.parse().map_err(|_| Refusal::NotFound)?;
    let shown = shown(&state, &asked, key(&at)?, number).await?;
    asked.frame(&state, &sample_page(&shown, &asked, &Sent::default(), &Faults::default())).await
}

fn sample_page(shown: &Shown, asked: &Asked, sent: &Sent, faults: &Faults) -> Page {
    let (sample, population) = (&shown.sample, href(shown.one.key));
    let path = format!("{population}/samples/{}", sample.drawn.number);
    let heads: Vec<&str> = ["Unit", "Occurred", "Found", "Note"].to_vec();
    let rows = sample.units.iter().map(|item| {
        vec![
            html! { strong.mono { (item.key) } },
            moment::exact(item.occurred_at),
            match item.outcome() {
                ItemOutcome::Conforming => badge(Mark::Pass, "As designed"),
                ItemOutcome::NotTested => badge(Mark::NotYetDue, "Not tested"),
                ItemOutcome::Deviating => badge(Mark::Fail, "Deviation"),
            },
            html! { (item.note) },
        ]
    });
    let results = format!("{population}/results?sample={}", sample.drawn.number);
    let body = html! {
        (faults.summary())
        (block("follows", "What follows", &html! {}, &follows(sample, asked)))
        (block("how", "How it was drawn", &html! {}, &how(sample, &shown.names)))
        (block("units", "Units", &html! { @if may(asked, BRING_IN) { a href=(results) { "record results" } } }, &plain("Units", &heads, rows.collect())))
        @if may(asked, SET_UP) { (going_on(sample, &path, &asked.token, (sent, faults))) }
    };
    let mut page = Page::new(Place::Populations, &format!("Sample {}", sample.drawn.number), body);
    page.lead = html! { (shown.one.definition.title) };
    page.crumbs = vec![
        ("Populations".into(), "/populations".into()),
        (format!("Population {}", shown.one.key), population),
    ];
    page
}

/// What was found, and what follows from it.
fn follows(sample: &SampleView, asked: &Asked) -> Markup {
    let untested = sample.count(ItemOutcome::NotTested);
    let deviating = sample.count(ItemOutcome::Deviating);
    let rate = |name: &str| asked.query.get(name).and_then(|text| text.parse::<Rate>().ok());
    let wanted = match (rate("risk"), rate("tolerable")) {
        (Some(risk), Some(tolerable)) => {
            sample.tested().and_then(|tested| tested.evaluate(risk, tolerable).ok())
        }
        _ => None,
    };
    html! {
        p { (sample.units.len()) " units, " (sample.units.len() as u64 - untested) " tested, " (deviating) " with a deviation." }
        @if untested > 0 { p.muted { "Nothing follows before every unit is tested." } }
        @if let Some(evaluation) = wanted.or_else(|| sample.evaluation()) { (evaluated(&evaluation)) }
        @else if let Some(next) = sample.next_step() {
            p { strong { (stepped(next)) } }
            p.muted { "Judged by count: no confidence belongs beside a size that is judgment." }
        }
        @if sample.tested().is_some() {
            details.act {
                summary { "Compute an upper limit" }
                form method="get" {
                    div.fields {
                        (field(&Field { name: "risk", label: "Risk of over-reliance", value: asked.query.get("risk").unwrap_or("10%"), ..Field::default() }))
                        (field(&Field { name: "tolerable", label: "Tolerable rate", value: asked.query.get("tolerable").unwrap_or("10%"), ..Field::default() }))
                    }
                    p.row { button.button type="submit" { "Compute" } }
                }
            }
        }
    }
}

fn evaluated(evaluation: &Evaluation) -> Markup {
    let projected = evaluation.tested.projected_deviations();
    html! {
        p { strong { @if evaluation.supports_reliance { "The sample supports reliance." } @else { "The sample does not support reliance." } } }
        dl.facts {
            dt { "Deviations" } dd { (evaluation.tested.deviations()) " of " (evaluation.tested.size()) }
            dt { "Upper limit" } dd { (evaluation.upper_limit) " at " (evaluation.risk) " risk" }
            dt { "Tolerable" } dd { (evaluation.tolerable) }
            @if let Some(projected) = projected { dt { "Projected" } dd { (projected) " in the population; for information, the upper limit decides" } }
        }
    }
}

fn stepped(next: NextStep) -> String {
    match next {
        NextStep::Operated => "The control operated in what was looked at.".to_owned(),
        NextStep::StopOrExtend { add, to } => format!(
            "Conclude that the control did not operate, or, if there is reason to believe that the deviation is isolated, extend once by {add} to {to}."
        ),
        NextStep::DidNotOperate => "The control did not operate.".to_owned(),
    }
}

fn how(sample: &SampleView, names: &Names) -> Markup {
    let (drawn, draw) = (&sample.drawn, &sample.drawn.draw);
    let rule = match &drawn.size_rule {
        SizeRule::Given => "given as a number".to_owned(),
        SizeRule::GivenByStratum => "given for each part".to_owned(),
        SizeRule::Attributes { parameters, plan } => format!(
            "computed: {} units, at {} risk, {} tolerable, {} expected",
            plan.size,
            parameters.risk(),
            parameters.tolerable(),
            parameters.expected()
        ),
        SizeRule::Preset { preset, .. } => format!("from the preset {preset}, by judgment"),
    };
    html! {
        dl.facts {
            dt { "Drawn by" } dd { (names.of(drawn.drawn_by)) ", " (moment::exact(drawn.drawn_at)) }
            dt { "Method" } dd { (draw.method.word()) }
            dt { "Size" } dd { (draw.picks.len()) " of " (draw.items) ", " (rule) }
            @if let Some(seed) = &draw.seed { dt { "Seed" } dd { code { (seed) } } }
            @if let Some(start) = draw.start { dt { "Start" } dd { (start) } }
            @for one in &draw.strata { dt { "Part " (one.stratum) } dd { (one.size) " of " (one.items) } }
            @if let Some(reason) = &draw.reason { dt { "Why these" } dd.lines { (reason) } }
            @if let Some(again) = &drawn.again { dt { "Drawn again" } dd.lines { (again) } }
            @if let Some(to) = drawn.planned_extension { dt { "Planned" } dd { "one extension, to " (to) } }
            dt { "List" } dd { (digest::chip(&draw.population)) }
        }
        @if !sample.events.is_empty() {
            ol.feed {
                @for happened in &sample.events {
                    li {
                        span { strong { (names.of(happened.actor)) } " "
                            @match &happened.event {
                                SampleEvent::Extended { added, .. } => { "extended it by " (added.join(", ")) }
                                SampleEvent::Replaced(one) => { "replaced " (one.key) " by " (one.by) ": " (one.absence.title()) }
                            }
                        }
                        span.when { (moment::exact(happened.at)) }
                        blockquote.said { @match &happened.event { SampleEvent::Extended { reason, .. } => (reason), SampleEvent::Replaced(one) => (one.reason) } }
                    }
                }
            }
        }
    }
}

/// The planned extension, and a unit that is replaced.
fn going_on(sample: &SampleView, path: &str, token: &str, (sent, faults): (&Sent, &Faults)) -> Markup {
    let is_extended = sample.events.iter().any(|one| matches!(one.event, SampleEvent::Extended { .. }));
    let deviates = sample.count(ItemOutcome::Deviating) > 0;
    let units: Vec<(String, String)> = sample
        .units
        .iter()
        .filter(|item| item.outcome() != ItemOutcome::Deviating)
        .map(|item| (item.key.clone(), item.key.clone()))
        .collect();
    let absences =
        [Absence::Void, Absence::NotApplicable].map(|one| (one.word().to_owned(), one.title().to_owned()));
    html! {
        @if let (Some(to), false, true) = (sample.drawn.planned_extension, is_extended, deviates) {
            details.act open[!sent.text("isolated").is_empty() || faults.of("isolated").is_some()] {
                summary { "Extend the sample to " (to) }
                form method="post" action={ (path) "/extend" } {
                    (hidden("form", token))
                    (field(&Field { name: "isolated", label: "Why the deviation is believed to be isolated", kind: Kind::Area(2), value: &sent.text("isolated"), fault: faults.of("isolated"), max: MAX_TEXT_CHARS, hint: "Once, as planned. A sample that is extended until it passes shows nothing.", ..Field::default() }))
                    p.row { button.button type="submit" { "Extend the sample" } }
                }
            }
        }
        @if sample.drawn.draw.seed.is_some() && !units.is_empty() {
            details.act open[!sent.text("replaced").is_empty()] {
                summary { "Replace a unit" }
                form method="post" action={ (path) "/replace" } {
                    (hidden("form", token))
                    (field(&Field { name: "replaced", label: "Unit", kind: Kind::Select(&units), value: &sent.text("replaced"), fault: faults.of("replaced"), ..Field::default() }))
                    (field(&Field { name: "absence", label: "What it is", kind: Kind::Select(&absences), value: &sent.text("absence"), hint: "What cannot be found, or has nothing that shows the control, is a deviation: record it as not met.", ..Field::default() }))
                    (field(&Field { name: "why", label: "How you know", kind: Kind::Area(2), value: &sent.text("why"), fault: faults.of("why"), max: MAX_TEXT_CHARS, ..Field::default() }))
                    p.row { button.button type="submit" { "Replace the unit" } }
                }
            }
        }
    }
}

pub(super) async fn act(
    State(state): State<WebState>,
    Path((at, no, act)): Path<(String, String, String)>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (key, number) = (key(&at)?, no.parse::<i64>().map_err(|_| Refusal::NotFound)?);
    let (app, actor) = asked.member(&state)?;
    let done = match act.as_str() {
        "extend" => {
            sent.only(&["isolated"])?;
            let reason = sent.text("isolated");
            app.transact(actor, async |cx| sampling::extend(cx, key, number, &reason).await).await
        }
        "replace" => {
            sent.only(&["replaced", "absence", "why"])?;
            let absence = match sent.text("absence").as_str() {
                word if word == Absence::Void.word() => Absence::Void,
                word if word == Absence::NotApplicable.word() => Absence::NotApplicable,
                _ => return Err(Refusal::Malformed),
            };
            let (unit, reason) = (sent.raw("replaced").to_owned(), sent.text("why"));
            app.transact(actor, async |cx| sampling::replace(cx, key, number, &unit, absence, &reason).await)
                .await
        }
        _ => return Err(Refusal::NotFound),
    };
    match done {
        Ok(_) => Ok(go(&format!("{}/samples/{number}", href(key)))),
        Err(error) => {
            let about: &[(&str, &'static str)] = match act.as_str() {
                "extend" => &[("reason", "isolated")],
                _ => &[("reason", "why"), ("is never replaced", "replaced")],
            };
            let (status, faults) = wrong(error, about)?;
            let shown = shown(&state, &asked, key, number).await?;
            asked.frame_refused(&state, status, &sample_page(&shown, &asked, &sent, &faults)).await
        }
    }
}
