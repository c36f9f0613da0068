//! Samples of frozen populations: `tickmark population sample`, `samples`, `extend`, `replace`.

use clap::Args;
use serde_json::json;
use tickmark_app::engagement::preset_for;
use tickmark_app::program::population;
use tickmark_app::program::sampling::{self, NewSample, SampleView};
use tickmark_app::{Actor, App};
use tickmark_core::control::ControlId;
use tickmark_core::id::PopulationKey;
use tickmark_core::program::population::{ItemOutcome, Population};
use tickmark_core::program::sampling::{
    Absence, Method, Parameters, Rate, RiskLevel, RollForward, Seed, Sizing,
};

use super::super::assess::person;
use super::super::{catalog, sample};
use crate::cli::Common;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::wiring;

/// `tickmark population sample`
#[derive(Debug, Args)]
pub(crate) struct Draw {
    /// Control id.
    control: String,
    /// Number of the population, if the control has several that are frozen.
    #[arg(long, value_name = "NUMBER")]
    population: Option<i64>,
    /// Who selects: a person's name. Not the owner of the control.
    #[arg(long, value_name = "NAME")]
    by: String,
    /// Units to select.
    #[arg(long, value_name = "COUNT", conflicts_with_all = ["risk", "level"])]
    size: Option<u64>,
    /// Compute the size: risk of over-reliance.
    #[arg(long, value_name = "PERCENT", requires = "tolerable", conflicts_with_all = ["level", "extend_to"])]
    risk: Option<Rate>,
    /// Compute the size: rate of deviations that is tolerable.
    #[arg(long, value_name = "PERCENT", requires = "risk")]
    tolerable: Option<Rate>,
    /// Compute the size: rate of deviations that is expected.
    #[arg(long, value_name = "PERCENT", requires = "risk")]
    expected: Option<Rate>,
    /// Take the size of the preset for the control's frequency, at this level: low, default or high.
    #[arg(long, value_parser = sample::level)]
    level: Option<RiskLevel>,
    /// Text agreed after the population was frozen, or random bytes as hex:...; random bytes when left out.
    #[arg(long, value_name = "TEXT")]
    seed: Option<Seed>,
    /// random, systematic, stratified, haphazard, block or targeted.
    #[arg(long, default_value = "random")]
    method: Method,
    /// An item that a person chose, for haphazard, block and targeted; may be given again.
    #[arg(long, value_name = "KEY", requires = "reason")]
    pick: Vec<String>,
    /// Why these were chosen.
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
    /// Size to which the sample may be extended once, written down before testing.
    #[arg(long, value_name = "COUNT")]
    extend_to: Option<u64>,
    /// Why it is drawn again, by another person than before.
    #[arg(long, value_name = "TEXT", default_value = "")]
    again: String,
}

/// Which sample.
#[derive(Debug, Args)]
pub(crate) struct Which {
    /// Control id.
    control: String,
    /// Number of the population, if the control has several that are frozen.
    #[arg(long, value_name = "NUMBER")]
    population: Option<i64>,
    /// Number of the sample, if the population has several.
    #[arg(long, value_name = "NUMBER")]
    sample: Option<i64>,
}

/// `tickmark population extend`
#[derive(Debug, Args)]
pub(crate) struct Extend {
    #[command(flatten)]
    which: Which,
    /// Who extends it: a person's name.
    #[arg(long, value_name = "NAME")]
    by: String,
    /// The reason to believe that the deviation is isolated.
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// `tickmark population replace`
#[derive(Debug, Args)]
pub(crate) struct Replace {
    #[command(flatten)]
    which: Which,
    /// Key of the unit.
    key: String,
    /// void: it never happened; not-applicable: the control does not apply to it; no-evidence: a deviation.
    #[arg(long = "as", value_name = "WHAT", value_parser = absence)]
    absence: Absence,
    /// Who replaces it: a person's name.
    #[arg(long, value_name = "NAME")]
    by: String,
    /// What is known about it.
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

fn absence(word: &str) -> Result<Absence, String> {
    match word.trim().to_ascii_lowercase().replace('_', "-").as_str() {
        "void" => Ok(Absence::Void),
        "not-applicable" => Ok(Absence::NotApplicable),
        "no-evidence" => Ok(Absence::NoEvidence),
        _ => Err("there are void, not-applicable and no-evidence".to_owned()),
    }
}

/// Draws a sample.
pub(super) async fn draw(options: &Draw, common: &Common, output: &Output) -> Outcome {
    let catalog = catalog::load(&common.data)?;
    let app = wiring::open(common).await?;
    let drawn = draw_in(options, &catalog, &app).await;
    let view = finish(app, drawn).await?;
    say(&view, output)?;
    if let Some(left) = view.drawn.roll_forward.as_ref().and_then(RollForward::says) {
        output.note(left);
    }
    output.note("next: test these items, then tickmark population samples");
    Ok(())
}

async fn draw_in(
    options: &Draw,
    catalog: &tickmark_core::catalog::Catalog,
    app: &App,
) -> Outcome<(Actor, SampleView)> {
    let program = wiring::reader(app).await?;
    let population = frozen(app, &program, &options.control, options.population).await?;
    let kept = match options.level {
        Some(_) if options.size.is_none() && options.risk.is_none() => {
            let span = (population.definition.from, population.definition.to);
            let kept = app.transact(&program, async |cx| preset_for(cx, span, catalog).await).await?;
            let id = &population.definition.control;
            let control =
                app.read(&program, async |view| tickmark_app::control::find(view, id).await).await?;
            Some((kept, control.frequency))
        }
        _ => None,
    };
    let sizing = match (options.size, options.risk, options.tolerable, options.level) {
        (Some(size), ..) => Sizing::Given(size),
        (_, Some(risk), Some(tolerable), _) => {
            let expected = options.expected.unwrap_or(Rate::ZERO);
            Sizing::Attributes(Parameters::new(risk, tolerable, expected).map_err(Failure::input)?)
        }
        (.., Some(level)) if kept.is_some() => {
            let (kept, frequency) = kept.as_ref().expect("just looked at");
            let (preset, catalog) = (&kept.preset, kept.catalog);
            Sizing::Preset { preset, catalog, frequency: *frequency, level, own: None }
        }
        _ if options.method.is_judgment() => Sizing::Given(options.pick.len() as u64),
        _ => return Err(Failure::input("how many? give --size, or --risk and --tolerable, or --level")),
    };
    let actor = person(app, &options.by).await?;
    let new = NewSample {
        population: population.key,
        sizing,
        method: options.method,
        seed: options.seed.clone(),
        picks: options.pick.clone(),
        reason: options.reason.clone(),
        planned_extension: options.extend_to,
        again: options.again.clone(),
    };
    let view = app.transact(&actor, async |cx| sampling::draw(cx, new.clone()).await).await?;
    Ok((actor, view))
}

/// Extends a sample.
pub(super) async fn extend(options: &Extend, common: &Common, output: &Output) -> Outcome {
    let app = wiring::open(common).await?;
    let done = async {
        let (population, number) = find(&app, &options.which).await?;
        let actor = person(&app, &options.by).await?;
        let reason = &options.reason;
        let view =
            app.transact(&actor, async |cx| sampling::extend(cx, population, number, reason).await).await?;
        Ok((actor, view))
    }
    .await;
    say(&finish(app, done).await?, output)
}

/// Replaces a unit.
pub(super) async fn replace(options: &Replace, common: &Common, output: &Output) -> Outcome {
    let app = wiring::open(common).await?;
    let done = async {
        let (population, number) = find(&app, &options.which).await?;
        let actor = person(&app, &options.by).await?;
        let (key, absence, reason) = (&options.key, options.absence, &options.reason);
        let view = app
            .transact(&actor, async |cx| {
                sampling::replace(cx, population, number, key, absence, reason).await
            })
            .await?;
        Ok((actor, view))
    }
    .await;
    say(&finish(app, done).await?, output)?;
    if options.absence == Absence::NotApplicable {
        output.note("the population had an item that does not belong to it: check its filter");
    }
    Ok(())
}

/// Lists samples with what was found in them.
pub(super) async fn list(control: Option<&str>, common: &Common, output: &Output) -> Outcome {
    let app = wiring::inspect(common).await?;
    let actor = wiring::reader(&app).await?;
    let read = app
        .read(&actor, async |view| {
            let mut rows = Vec::new();
            for population in population::all(view).await? {
                let id = population.definition.control.as_str();
                if control.is_none_or(|wanted| wanted.eq_ignore_ascii_case(id)) {
                    for sample in sampling::list(view, population.key).await? {
                        rows.push((population.clone(), sample));
                    }
                }
            }
            Ok(rows)
        })
        .await;
    app.close().await;
    let rows = read?;
    let answer: Vec<_> = rows.iter().map(|(_, sample)| answer(sample)).collect();
    output.answer(&answer, |output| {
        if rows.is_empty() {
            output
                .line("no sample is drawn; `tickmark population sample` draws one from a frozen population");
            return;
        }
        output.table(
            ["Control", "Population", "Sample", "Method", "Drawn", "Units", "Of", "Tested", "Deviations"],
            rows.iter().map(|(population, sample)| {
                let untested = sample.count(ItemOutcome::NotTested);
                let units = sample.units.len() as u64;
                [
                    population.definition.control.to_string(),
                    population.key.to_string(),
                    sample.drawn.number.to_string(),
                    sample.drawn.draw.method.to_string(),
                    sample.drawn.drawn_at.date(),
                    units.to_string(),
                    sample.drawn.draw.items.to_string(),
                    (units - untested).to_string(),
                    sample.count(ItemOutcome::Deviating).to_string(),
                ]
            }),
        );
        if control.is_some() {
            for (_, sample) in &rows {
                output.line("");
                units(sample, output);
            }
        }
    })?;
    Ok(())
}

/// Sequences what was done and closes.
async fn finish(app: App, done: Outcome<(Actor, SampleView)>) -> Outcome<SampleView> {
    match done {
        Ok((actor, view)) => {
            app.sequence(&actor).await?;
            app.close().await;
            Ok(view)
        }
        Err(failure) => {
            app.close().await;
            Err(failure)
        }
    }
}

/// Finds the one frozen population of a control.
pub(super) async fn frozen(
    app: &App,
    actor: &Actor,
    control: &str,
    number: Option<i64>,
) -> Outcome<Population> {
    let id: ControlId = control.parse().map_err(Failure::input)?;
    let mut all = app.read(actor, async |view| population::list(view, &id).await).await?;
    all.retain(|one| number.map_or(one.frozen.is_some(), |number| one.key.0 == number));
    match (all.pop(), all.is_empty(), number) {
        (Some(only), true, _) => Ok(only),
        (Some(last), false, _) => {
            let keys: Vec<String> = all.iter().chain([&last]).map(|one| one.key.to_string()).collect();
            Err(Failure::input(format!(
                "control {id} has several frozen populations; name one with --population: {}",
                keys.join(", ")
            )))
        }
        (None, _, Some(number)) => Err(Failure::input(format!("control {id} has no population {number}"))),
        (None, _, None) => Err(Failure::input(format!(
            "control {id} has no frozen population; `tickmark population freeze` makes one that can be sampled"
        ))),
    }
}

/// Finds the one sample that is meant.
async fn find(app: &App, which: &Which) -> Outcome<(PopulationKey, i64)> {
    let program = wiring::reader(app).await?;
    let key = frozen(app, &program, &which.control, which.population).await?.key;
    let all = app.read(&program, async |view| sampling::list(view, key).await).await?;
    let numbers: Vec<i64> = all.iter().map(|sample| sample.drawn.number).collect();
    match (which.sample, numbers.as_slice()) {
        (Some(number), _) if numbers.contains(&number) => Ok((key, number)),
        (Some(number), _) => Err(Failure::input(format!("population {key} has no sample {number}"))),
        (None, [only]) => Ok((key, *only)),
        (None, []) => Err(Failure::input(format!("population {key} has no sample"))),
        (None, _) => {
            Err(Failure::input(format!("population {key} has several samples; name one with --sample")))
        }
    }
}

fn answer(sample: &SampleView) -> serde_json::Value {
    json!({
        "sample": sample,
        "tested": sample.units.len() as u64 - sample.count(ItemOutcome::NotTested),
        "deviations": sample.count(ItemOutcome::Deviating),
        "evaluation": sample.evaluation(),
        "next": sample.next_step(),
    })
}

fn say(sample: &SampleView, output: &Output) -> Outcome {
    output.answer(&answer(sample), |output| {
        let drawn = &sample.drawn;
        let draw = &drawn.draw;
        output.line(format!(
            "sample {} of population {}: {} of {} items, {} selection",
            drawn.number,
            drawn.population,
            sample.units.len(),
            draw.items,
            draw.method
        ));
        output.line(format!("  population  sha256 {}", draw.population.hex()));
        if let Some(seed) = &draw.seed {
            output.line(format!("  seed        {seed}"));
        }
        output.line(format!("  rule        {}", sample::rule(draw.method)));
        if let Some(extended) = drawn.planned_extension {
            output.line(format!("  extension   once, to {extended}, from the reserve in order"));
        }
        output.line("");
        units(sample, output);
    })?;
    Ok(())
}

fn units(sample: &SampleView, output: &Output) {
    output.table(
        ["Unit", "Key", "Occurred", "Found"],
        (1..).zip(&sample.units).map(|(number, item): (u64, _)| {
            let found = match item.outcome() {
                ItemOutcome::Conforming => "as designed",
                ItemOutcome::NotTested => "not tested",
                ItemOutcome::Deviating => "deviation",
            };
            [number.to_string(), item.key.clone(), item.occurred_at.date(), found.to_owned()]
        }),
    );
    if let Some(evaluation) = sample.evaluation() {
        let word = if evaluation.supports_reliance { "supports" } else { "does not support" };
        output.line(format!(
            "upper limit {} at {} risk, tolerable {}: the sample {word} reliance",
            evaluation.upper_limit, evaluation.risk, evaluation.tolerable
        ));
    }
}
