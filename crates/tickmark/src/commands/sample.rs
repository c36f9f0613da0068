//! `tickmark sample`: how many units, which ones, and what they say. Needs no data folder.

mod draw;
mod repeat;

pub(super) use draw::rule;

use clap::{Args, Subcommand};
use serde_json::json;
use tickmark_core::catalog::{Catalog, Frequency, SamplingPreset};
use tickmark_core::program::sampling::{
    CountPlan, Evaluation, Method, Model, NextStep, PRACTICAL_SAMPLE, Parameters, Plan, PresetSize, Rate,
    RiskLevel, Tested, preset_size,
};

use super::catalog;
use crate::cli::Common;
use crate::failure::{Failure, Outcome};
use crate::output::{Output, Tone};

/// What the help teaches by.
pub(crate) const EXAMPLES: &str = "\
Examples:
  tickmark sample size --risk 5% --tolerable 5% --expected 1%        93 units, 1 deviation is acceptable
  tickmark sample size --risk 5% --tolerable 5% --population 250     51(0): 250 can be used up
  tickmark sample upper-limit --size 25 --deviations 0 --risk 10%    what a clean sample of 25 says
  tickmark sample evaluate --size 93 --deviations 3 --risk 5% --tolerable 5% --acceptable 1
  tickmark sample preset                                             sizes by frequency: judgment
  tickmark sample preset --frequency quarterly
  tickmark sample preset --frequency per-occurrence --occurrences 180
  tickmark sample evaluate --size 25 --deviations 1 --judgment --extend-to 40
  tickmark sample draw deployments.csv --key id --size 25 --seed \"dice 4-6-1-3, 2 April\"
  tickmark sample draw deployments.csv --key id --risk 5% --tolerable 5% --json > draw.json
  tickmark sample repeat draw.json deployments.csv                   the same picks, or what differs

docs/sampling.md has the formulas, their sources, and how to draw again with ordinary tools.";

const DRAW_EXAMPLES: &str = "\
Examples:
  tickmark sample draw deployments.csv --key id --size 25 --seed \"dice 4-6-1-3, 2 April\"
  tickmark sample draw deployments.csv --key id --frequency daily --extend-to 40 --by \"Ada Byron\"
  tickmark sample draw leavers.csv --key id --method stratified --stratum site --stratum-size Berlin=4 --stratum-size Oslo=2
  tickmark sample draw tickets.csv --key number --method systematic --size 20 --delimiter ;
  tickmark sample draw grants.csv --key id --method targeted --pick G-7 --pick G-19 \\
      --reason \"administrators of production\" --by \"Ada Byron\"

The seed is agreed after the list is final, by people who cannot change the list; without --seed random bytes of the
operating system are used, and shown. Keys are trimmed and brought to Unicode NFC; none may come twice.";

/// `tickmark sample`
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Sample size with the deviations it accepts, as 93(1).
    Size(Size),
    /// Upper limit of the rate of deviations, rounded up to a tenth of a percent.
    UpperLimit(UpperLimit),
    /// What a tested sample says. Ends with status 1 if it does not support reliance.
    Evaluate(Evaluate),
    /// Sizes by frequency of the control: judgment, not statistics.
    Preset(Preset),
    /// Select from a CSV, with everything needed to select again.
    #[command(after_help = DRAW_EXAMPLES)]
    Draw(Box<draw::DrawFrom>),
    /// Draw again from the record of a draw, and compare.
    Repeat(repeat::Repeat),
}

/// `tickmark sample size`
#[derive(Debug, Args)]
pub(crate) struct Size {
    /// Risk of relying on a control that deviates more than is tolerable, e.g. `5%`: 100% less the confidence.
    #[arg(long, value_name = "PERCENT")]
    risk: Rate,
    /// Rate of deviations that is tolerable.
    #[arg(long, value_name = "PERCENT")]
    tolerable: Rate,
    /// Rate of deviations that is expected.
    #[arg(long, value_name = "PERCENT", default_value = "0%")]
    expected: Rate,
    /// Items of the population; without it the population counts as large.
    #[arg(long, value_name = "COUNT")]
    population: Option<u64>,
}

/// `tickmark sample upper-limit`
#[derive(Debug, Args)]
pub(crate) struct UpperLimit {
    #[command(flatten)]
    found: Found,
    /// Risk of over-reliance, e.g. `10%`.
    #[arg(long, value_name = "PERCENT")]
    risk: Rate,
}

/// What testing found.
#[derive(Debug, Args)]
struct Found {
    /// Units tested.
    #[arg(long, value_name = "COUNT")]
    size: u64,
    /// Units that deviate.
    #[arg(long, value_name = "COUNT")]
    deviations: u64,
    /// Items of the population; without it the population counts as large.
    #[arg(long, value_name = "COUNT")]
    population: Option<u64>,
}

/// `tickmark sample evaluate`
#[derive(Debug, Args)]
pub(crate) struct Evaluate {
    #[command(flatten)]
    found: Found,
    /// Risk of over-reliance.
    #[arg(long, value_name = "PERCENT", required_unless_present = "judgment")]
    risk: Option<Rate>,
    /// Rate of deviations that is tolerable.
    #[arg(long, value_name = "PERCENT", required_unless_present = "judgment")]
    tolerable: Option<Rate>,
    /// Deviations that were planned to be acceptable.
    #[arg(long, value_name = "COUNT")]
    acceptable: Option<u64>,
    /// How the units were selected.
    #[arg(long, default_value = "random")]
    method: Method,
    /// The size is judgment, such as a preset: judge by count, without a confidence level.
    #[arg(long, conflicts_with_all = ["risk", "tolerable", "acceptable", "population"])]
    judgment: bool,
    /// Size to which one extension was planned before testing.
    #[arg(long, value_name = "COUNT", requires = "judgment")]
    extend_to: Option<u64>,
    /// Deviations in the units that the extension added.
    #[arg(long, value_name = "COUNT", requires = "extend_to")]
    more_deviations: Option<u64>,
}

/// `tickmark sample preset`
#[derive(Debug, Args)]
pub(crate) struct Preset {
    /// How often the control is performed, e.g. `quarterly`, `daily`, `per-occurrence`; the whole table when left out.
    #[arg(long)]
    frequency: Option<Frequency>,
    /// How much rests on the control.
    #[arg(long, default_value = "default", value_parser = level)]
    level: RiskLevel,
    /// Occurrences in the period; for an automated control the number of scenarios.
    #[arg(long, value_name = "COUNT", requires = "frequency")]
    occurrences: Option<u64>,
}

/// Runs `tickmark sample`.
pub(crate) fn run(command: &Command, common: &Common, output: &Output) -> Outcome {
    match command {
        Command::Size(options) => size(options, output),
        Command::UpperLimit(options) => upper_limit(options, output),
        Command::Evaluate(options) => evaluate(options, output),
        Command::Preset(options) => preset(options, common, output),
        Command::Draw(options) => draw::run(options, common, output),
        Command::Repeat(options) => repeat::run(options, output),
    }
}

/// Reads a level of the presets.
pub(super) fn level(word: &str) -> Result<RiskLevel, String> {
    match word.trim().to_ascii_lowercase().as_str() {
        "low" => Ok(RiskLevel::Low),
        "default" => Ok(RiskLevel::Default),
        "high" => Ok(RiskLevel::High),
        _ => Err("there are low, default and high".to_owned()),
    }
}

fn size(options: &Size, output: &Output) -> Outcome {
    let parameters =
        Parameters::new(options.risk, options.tolerable, options.expected).map_err(Failure::input)?;
    let plan = match options.population {
        Some(population) => parameters.finite_population(population),
        None => parameters.large_population(),
    }
    .map_err(Failure::input)?;
    let is_practical = plan.size <= PRACTICAL_SAMPLE || plan.acceptable.is_none();
    output.answer(
        &json!({"parameters": parameters, "plan": plan, "is_practical": is_practical}),
        |output| {
            output.line(plan_text(&plan));
        },
    )?;
    if !output.json {
        output.note(model_text(&plan));
        if !is_practical {
            output.note(format!(
                "more than {PRACTICAL_SAMPLE} units: too large to be practical; the expected rate is near the tolerable one"
            ));
        }
    }
    Ok(())
}

/// Writes a plan as tables do.
fn plan_text(plan: &Plan) -> String {
    match plan.acceptable {
        Some(acceptable) => format!("{}({acceptable})", plan.size),
        None => format!("all {}", plan.size),
    }
}

fn model_text(plan: &Plan) -> String {
    match (plan.model, plan.acceptable) {
        (Model::LargePopulation, _) => "large population, binomial".to_owned(),
        (Model::FinitePopulation { population, reaching_tolerable }, Some(_)) => format!(
            "population of {population}, hypergeometric: {reaching_tolerable} deviations reach the tolerable rate"
        ),
        (Model::FinitePopulation { population, .. }, None) => {
            format!("no sample of a population of {population} can show it, so every item is tested")
        }
    }
}

fn upper_limit(options: &UpperLimit, output: &Output) -> Outcome {
    let found = &options.found;
    let tested = Tested::new(found.size, found.deviations, found.population).map_err(Failure::input)?;
    let limit = tested.upper_limit(options.risk).map_err(Failure::input)?;
    let answer = json!({
        "size": found.size, "deviations": found.deviations, "population": found.population,
        "risk_bp": options.risk, "upper_limit": limit, "upper_limit_bp": limit.bp(),
    });
    output.answer(&answer, |output| output.line(limit))?;
    Ok(())
}

fn evaluate(options: &Evaluate, output: &Output) -> Outcome {
    let found = &options.found;
    let (risk, tolerable) = match (options.risk, options.tolerable) {
        (Some(risk), Some(tolerable)) => (risk, tolerable),
        _ => return judge(options, output),
    };
    if options.method.is_judgment() {
        return Err(Failure::input(format!(
            "a {} selection is judgment: its results are not projected, so it has no upper limit; evaluate it with --judgment",
            options.method
        )));
    }
    let tested = Tested::new(found.size, found.deviations, found.population).map_err(Failure::input)?;
    let evaluation = tested.evaluate(risk, tolerable).map_err(Failure::input)?;
    let answer = json!({
        "evaluation": evaluation,
        "upper_limit_bp": evaluation.upper_limit.bp(),
        "sample_rate_bp": tested.sample_rate_bp(),
        "allowance_bp": evaluation.allowance_bp(),
        "projected_deviations": tested.projected_deviations(),
        "planned_acceptable": options.acceptable,
        "method": options.method,
    });
    output.answer(&answer, |output| say(&evaluation, options.acceptable, output))?;
    if evaluation.supports_reliance { Ok(()) } else { Err(Failure::No) }
}

fn say(evaluation: &Evaluation, acceptable: Option<u64>, output: &Output) {
    let tested = &evaluation.tested;
    let tenths = |bp: u64| format!("{}.{}%", bp / 100, bp % 100 / 10);
    if evaluation.supports_reliance {
        output.line(output.tone(Tone::Good, "the sample supports reliance"));
    } else {
        output.line(output.tone(Tone::Bad, "the sample does not support reliance"));
    }
    let rate = tenths((tested.sample_rate_bp() + 5) / 10 * 10);
    output.line(format!("  deviations   {} of {}, {rate}", tested.deviations(), tested.size()));
    output.line(format!(
        "  upper limit  {} at {} risk of over-reliance ({})",
        evaluation.upper_limit,
        evaluation.risk,
        match tested.population() {
            Some(population) => format!("population of {population}, hypergeometric"),
            None => "large population, binomial".to_owned(),
        }
    ));
    output.line(format!("  tolerable    {}", evaluation.tolerable));
    output.line(format!("  allowance    {} for sampling risk", tenths(evaluation.allowance_bp())));
    if let Some(projected) = tested.projected_deviations() {
        output.line(format!(
            "  projected    {projected} deviations in the population; the upper limit decides"
        ));
    }
    if let Some(acceptable) = acceptable {
        let word = if tested.deviations() > acceptable { "more than planned" } else { "as planned" };
        output.line(format!("  acceptable   {acceptable}, {word}"));
    }
    if !evaluation.supports_reliance {
        output.line("  next         nature and cause of each deviation; a statistical sample is not extended until it passes");
    }
}

/// Judges by count: no confidence level is shown or computed.
fn judge(options: &Evaluate, output: &Output) -> Outcome {
    let plan = CountPlan::new(options.found.size, options.extend_to).map_err(Failure::input)?;
    let next = plan.judge(options.found.deviations, options.more_deviations).map_err(Failure::input)?;
    let answer = json!({
        "plan": plan, "deviations": options.found.deviations, "more_deviations": options.more_deviations,
        "method": options.method, "conclusion": next,
    });
    output.answer(&answer, |output| match next {
        NextStep::Operated => {
            let looked = options.more_deviations.and(options.extend_to).unwrap_or(options.found.size);
            output.line(output.tone(Tone::Good, format!("the control operated in what was looked at: {looked} units")));
            if options.found.deviations > 0 {
                output.line("  the first deviations are disclosed with why they are isolated");
            }
            output.line("  judgment, not statistics: no confidence level follows");
        }
        NextStep::StopOrExtend { add, to } => {
            output.line(output.tone(Tone::Bad, "stop and conclude that the control did not operate"));
            output.line(format!(
                "  or, with reason to believe that it is isolated, extend once: {add} more, to {to}; none of them may deviate"
            ));
        }
        NextStep::DidNotOperate => {
            output.line(output.tone(Tone::Bad, "the control did not operate as designed"));
            output.line("  extending until it passes is not allowed");
        }
    })?;
    if next == NextStep::Operated { Ok(()) } else { Err(Failure::No) }
}

/// Returns the preset in force: the first of the catalog.
pub(super) fn preset_of(catalog: &Catalog) -> Outcome<&SamplingPreset> {
    catalog
        .sampling_presets
        .first()
        .ok_or_else(|| Failure::input("the catalog has no preset of sample sizes"))
}

fn preset(options: &Preset, common: &Common, output: &Output) -> Outcome {
    let catalog = catalog::load(&common.data)?;
    let preset = preset_of(&catalog)?;
    let Some(frequency) = options.frequency else {
        output.answer(preset, |output| {
            output.table(
                ["Frequency", "A year", "Low", "Default", "High", "Unit"],
                preset.frequencies.iter().map(|row| {
                    let yearly =
                        row.occurrences_per_year.map_or_else(|| "–".to_owned(), |count| count.to_string());
                    let name = row.frequency.plain().to_owned();
                    [
                        name,
                        yearly,
                        row.low.to_string(),
                        row.default.to_string(),
                        row.high.to_string(),
                        row.unit.clone(),
                    ]
                }),
            );
            output.line("");
            output.table(
                ["Per occurrence", "Low", "Default", "High"],
                preset.event_driven.iter().map(|band| {
                    let span = match band.to {
                        Some(to) if to == band.from => to.to_string(),
                        Some(to) => format!("{} to {to}", band.from),
                        None => format!("{} and more", band.from),
                    };
                    let size = |least: u32| match (band.share_bp, band.at_most) {
                        (Some(share), Some(most)) => format!("{least} to {most} ({}%)", share / 100),
                        _ => least.to_string(),
                    };
                    [span, size(band.low), size(band.default), size(band.high)]
                }),
            );
        })?;
        output.note("judgment, not statistics: no confidence level belongs beside these sizes");
        return Ok(());
    };
    let found: PresetSize =
        preset_size(preset, frequency, options.level, options.occurrences).map_err(Failure::input)?;
    let answer = json!({
        "frequency": frequency, "level": options.level, "occurrences": options.occurrences,
        "preset": preset.title, "catalog": catalog.digest, "size": found,
    });
    output.answer(&answer, |output| output.line(found.size))?;
    if !output.json {
        output.note(format!("{}: unit is the {}", found.rule, found.unit));
        if let Some(extended) = found.extended {
            output.note(format!("planned extension after an isolated deviation, once: to {extended}"));
        }
        output.note("judgment, not statistics: no confidence level belongs beside this size");
    }
    Ok(())
}
