//! `tickmark population`: lists of everything a trigger produced.

mod list;
mod sample;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;
use tickmark_app::program::population::{self, List};
use tickmark_app::{Actor, App, control};
use tickmark_core::Timestamp;
use tickmark_core::control::{ControlId, TestAttribute};
use tickmark_core::id::PopulationKey;
use tickmark_core::program::population::{Definition, Ipe, Population};
use tickmark_core::time::DAY_US;
use tickmark_core::zone::Zone;

use super::assess::person;
use super::{end_of, evidence_file, moment, readable_list};
use crate::cli::Common;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::wiring;

/// What the help teaches by.
pub(crate) const EXAMPLES: &str = "\
Examples:
  tickmark population define CHG-02 --title \"Deployments\" --from 2026-01-01 --to 2026-06-30 \\
      --attribute \"approved: approved before deployment: no approval\"
  tickmark population import CHG-02 deployments.csv --source pipeline \\
      --query \"all deployments\" --run-by \"Ada Byron\" --rows 214
  tickmark population import CHG-02 changes.xlsx --mapping pipeline --source pipeline \\
      --query \"all deployments\" --run-by \"Ada Byron\" --rows 214 --time-zone Europe/Berlin
  tickmark population mapping pipeline --key \"Change\" --occurred-at \"Deployed\" --stratum \"Service\"
  tickmark population register IAM-07 performances
  tickmark population check CHG-02 sequence
  tickmark population check CHG-02 reconciliation --source \"ticket system\" --keys tickets.txt
  tickmark population freeze CHG-02
  tickmark population results CHG-02 results.csv --by \"Ada Byron\"
  tickmark population freeze INC-02 --zero none.txt --by \"Ada Byron\"
  tickmark population sample CHG-02 --size 25 --extend-to 40 --by \"Sam Okafor\"
  tickmark population sample CHG-02 --risk 5% --tolerable 5% --seed \"dice 4-6-1-3\" --by \"Sam Okafor\"
  tickmark population replace CHG-02 DEP-7 --as void --reason \"rolled back before it ran\" --by \"Sam Okafor\"
  tickmark population extend CHG-02 --reason \"one approver was ill\" --by \"Sam Okafor\"
  tickmark population samples CHG-02
  tickmark population list

A list is CSV, XLSX (its first sheet) or JSON, with the columns key,occurred_at, one for each attribute with met, not
met or not tested, and, if wanted, note,stratum,amount; a mapping names other columns:
  key,occurred_at,approved,note
  DEP-1,2026-01-03T10:00:00Z,met,";

/// `tickmark population`
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Say what a list will be about and what is asked of each item, before there is one.
    Define {
        /// Control id, e.g. `CHG-02`.
        control: String,
        /// Title.
        #[arg(long)]
        title: String,
        /// What produces an item; as the control says when left out.
        #[arg(long)]
        trigger: Option<String>,
        /// First day covered.
        #[arg(long, value_name = "DAY")]
        from: String,
        /// Last day covered.
        #[arg(long, value_name = "DAY")]
        to: String,
        /// Time zone of these days.
        #[arg(long, value_name = "ZONE", default_value = "UTC")]
        time_zone: Zone,
        /// What is asked, as `name: what must hold: what counts as a deviation`; may be given again.
        #[arg(long, value_name = "TEXT", required = true)]
        attribute: Vec<String>,
    },
    /// Import the list as CSV, XLSX or JSON. All rows or none.
    Import(PopulationImport),
    /// Build the list from a register of Tickmark, with the record of what was read.
    Register(list::RegisterOf),
    /// Save which column of a list is what, show what is saved, or take it away.
    Mapping(list::NewMapping),
    /// Check whether the list is complete or accurate.
    Check(Box<list::NewCheck>),
    /// Record what testing found, from CSV: key, one column per attribute, note.
    Results(list::Results),
    /// Freeze the list: from here on its items do not change.
    Freeze {
        /// Control id.
        control: String,
        /// Number of the population, if the control has several that are open.
        #[arg(long, value_name = "NUMBER")]
        population: Option<i64>,
        /// File that shows that nothing happened, for a list without items.
        #[arg(long, value_name = "FILE", requires = "by")]
        zero: Option<PathBuf>,
        /// Who confirms that nothing happened: a person's name.
        #[arg(long)]
        by: Option<String>,
    },
    /// Draw a sample of a frozen population: repeatable, logged, by somebody who does not own the control.
    Sample(Box<sample::Draw>),
    /// List samples with what was found; one control's with their units.
    Samples {
        /// Only those of this control.
        control: Option<String>,
    },
    /// Extend a sample to its planned size after an isolated deviation. Once.
    Extend(sample::Extend),
    /// Replace a unit that never happened, or to which the control does not apply.
    Replace(sample::Replace),
    /// List populations with their deviations.
    List {
        /// Only those of this control.
        control: Option<String>,
    },
}

/// `tickmark population import`
#[derive(Debug, Args)]
pub(crate) struct PopulationImport {
    /// Control id.
    pub(crate) control: String,
    /// The list.
    pub(crate) file: PathBuf,
    /// Number of the population, if the control has several that are open.
    #[arg(long, value_name = "NUMBER")]
    pub(crate) population: Option<i64>,
    /// System of record the list comes from.
    #[arg(long)]
    pub(crate) source: String,
    /// Report name, or the exact query.
    #[arg(long)]
    pub(crate) query: String,
    /// Parameters and filters.
    #[arg(long, default_value = "")]
    pub(crate) parameters: String,
    /// Name of a saved mapping that says which column is what.
    #[arg(long, value_name = "NAME")]
    pub(crate) mapping: Option<String>,
    /// Time zone of the list: days and times without an offset are read in it.
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    pub(crate) time_zone: Zone,
    /// Who ran it.
    #[arg(long, value_name = "NAME")]
    pub(crate) run_by: String,
    /// When it was run: a day or a moment; now when left out.
    #[arg(long, value_name = "WHEN")]
    pub(crate) run_at: Option<String>,
    /// Rows as the source counts them.
    #[arg(long, value_name = "COUNT")]
    pub(crate) rows: u64,
    /// A total that can be compared with the source.
    #[arg(long, default_value = "", value_name = "TOTAL")]
    pub(crate) control_total: String,
    /// How completeness was checked.
    #[arg(long, default_value = "")]
    pub(crate) completeness: String,
    /// How accuracy was checked.
    #[arg(long, default_value = "")]
    pub(crate) accuracy: String,
}

/// Runs `tickmark population`.
pub(crate) async fn run(command: &Command, common: &Common, output: &Output) -> Outcome {
    match command {
        Command::Define { control, title, trigger, from, to, time_zone, attribute } => {
            let definition = Definition {
                control: control.parse().map_err(Failure::input)?,
                title: title.clone(),
                trigger: trigger.clone().unwrap_or_default(),
                attributes: attribute.iter().map(|text| attribute_of(text)).collect::<Outcome<_>>()?,
                from: in_zone(moment(from)?, time_zone),
                to: in_zone(end_of(to)?, time_zone),
            };
            define(definition, common, output).await
        }
        Command::Import(options) => import(options, common, output).await,
        Command::Register(options) => list::register(options, common, output).await,
        Command::Mapping(options) => list::mapping(options, common, output).await,
        Command::Check(options) => list::check(options, common, output).await,
        Command::Results(options) => list::results(options, common, output).await,
        Command::Freeze { control, population, zero, by } => {
            let zero = zero.as_deref().map(evidence_file).transpose()?;
            let app = wiring::open(common).await?;
            let program = wiring::reader(&app).await?;
            let key = open_population(&app, &program, control, *population).await?;
            let actor = match by {
                Some(name) => person(&app, name).await?,
                None => program,
            };
            let frozen = app.transact(&actor, async |cx| population::freeze(cx, key, zero).await).await;
            app.sequence(&actor).await?;
            app.close().await;
            let frozen = frozen?;
            output.answer(&frozen, |output| {
                output.line(format!(
                    "population {key} is frozen: {} items, keys {}",
                    frozen.items, frozen.keys
                ));
            })?;
            Ok(())
        }
        Command::Sample(options) => sample::draw(options, common, output).await,
        Command::Samples { control } => sample::list(control.as_deref(), common, output).await,
        Command::Extend(options) => sample::extend(options, common, output).await,
        Command::Replace(options) => sample::replace(options, common, output).await,
        Command::List { control } => list(control.as_deref(), common, output).await,
    }
}

/// Returns the first moment of a day in a zone, given its first moment in UTC. A moment that is none stays as it is.
fn in_zone(at: Timestamp, zone: &Zone) -> Timestamp {
    if at.micros().rem_euclid(DAY_US) != 0 {
        return at;
    }
    zone.first_moment(Zone::utc().day(at)).unwrap_or(at)
}

/// Reads `name: what must hold: what counts as a deviation`.
fn attribute_of(text: &str) -> Outcome<TestAttribute> {
    let mut parts = text.splitn(3, ':').map(|part| part.trim().to_owned());
    match (parts.next(), parts.next(), parts.next()) {
        (Some(id), Some(asserts), Some(deviation)) => Ok(TestAttribute { id, asserts, deviation }),
        _ => Err(Failure::input(format!(
            "{text:?} is not of the form name: what must hold: what is a deviation"
        ))),
    }
}

async fn define(mut definition: Definition, common: &Common, output: &Output) -> Outcome {
    let app = wiring::open(common).await?;
    let program = wiring::reader(&app).await?;
    let defined = app
        .transact(&program, async |cx| {
            if definition.trigger.is_empty() {
                definition.trigger = control::find(cx, &definition.control).await?.population;
            }
            population::define(cx, definition).await
        })
        .await;
    app.sequence(&program).await?;
    app.close().await;
    let defined = defined?;
    output.answer(&defined, |output| {
        output.line(format!(
            "population {} of {}: {}",
            defined.key, defined.definition.control, defined.definition.title
        ));
    })?;
    let names: Vec<&str> =
        defined.definition.attributes.iter().map(|attribute| attribute.id.as_str()).collect();
    output.note(format!("the list has the columns key,occurred_at,{},note", names.join(",")));
    Ok(())
}

/// Finds the one population of a control that can still change.
async fn open_population(
    app: &App,
    actor: &Actor,
    control: &str,
    number: Option<i64>,
) -> Outcome<PopulationKey> {
    let control: ControlId = control.parse().map_err(Failure::input)?;
    let all = app.read(actor, async |view| population::list(view, &control).await).await?;
    let is_chosen = |population: &&Population| match number {
        Some(number) => population.key.0 == number,
        None => population.frozen.is_none(),
    };
    let chosen: Vec<PopulationKey> = all.iter().filter(is_chosen).map(|population| population.key).collect();
    match (chosen.as_slice(), number) {
        ([only], _) => Ok(*only),
        ([], Some(number)) => Err(Failure::input(format!("control {control} has no population {number}"))),
        ([], None) => Err(Failure::input(format!(
            "control {control} has no open population; `tickmark population define` makes one"
        ))),
        (several, _) => Err(Failure::input(format!(
            "control {control} has several open populations; name one with --population: {}",
            several.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        ))),
    }
}

async fn import(options: &PopulationImport, common: &Common, output: &Output) -> Outcome {
    let file = evidence_file(&options.file)?;
    let run_at = options.run_at.as_deref().map(moment).transpose()?;
    let app = wiring::open(common).await?;
    let program = wiring::reader(&app).await?;
    let key = open_population(&app, &program, &options.control, options.population).await?;
    let (definition, mapping) = app
        .read(&program, async |view| {
            let definition = population::find(view, key).await?.definition;
            let mapping = match &options.mapping {
                Some(name) => Some(population::mapping(view, name).await?.mapping),
                None => None,
            };
            Ok((definition, mapping))
        })
        .await?;
    let read = |list: &List| population::read(&definition, list, mapping.as_ref(), &options.time_zone);
    let list = readable_list(file, ("imported", "applied"), &app, output, read).await?;
    let imported = app
        .transact(&program, async |cx| {
            let ipe = Ipe {
                source: options.source.clone(),
                query: options.query.clone(),
                parameters: options.parameters.clone(),
                time_zone: options.time_zone.name().to_owned(),
                run_by: options.run_by.clone(),
                run_at: run_at.unwrap_or(cx.now),
                row_count: options.rows,
                control_total: options.control_total.clone(),
                completeness: options.completeness.clone(),
                accuracy: options.accuracy.clone(),
            };
            population::import_list(cx, key, list, mapping, ipe).await
        })
        .await;
    app.sequence(&program).await?;
    app.close().await;
    let imported = imported?;
    output.answer(&imported, |output| {
        output.line(format!("population {key} has {} items", imported.items));
    })?;
    output.note("next: tickmark population check, then freeze, then test");
    Ok(())
}

async fn list(control: Option<&str>, common: &Common, output: &Output) -> Outcome {
    let app = wiring::inspect(common).await?;
    let actor = wiring::reader(&app).await?;
    let read = app
        .read(&actor, async |view| {
            let mut rows = Vec::new();
            for population in population::all(view).await? {
                let deviations = population::deviations(view, population.key).await?.len();
                rows.push((population, deviations));
            }
            Ok(rows)
        })
        .await;
    app.close().await;
    let mut rows = read?;
    rows.retain(|(one, _)| control.is_none_or(|id| one.definition.control.as_str().eq_ignore_ascii_case(id)));
    let answer: Vec<_> =
        rows.iter().map(|(one, count)| json!({"population": one, "deviations": count})).collect();
    output.answer(&answer, |output| {
        if rows.is_empty() {
            output.line("no population is defined");
            return;
        }
        output.table(
            ["Population", "Control", "From", "To", "Items", "Deviations", "State", "Title"],
            rows.iter().map(|(one, deviations)| {
                [
                    one.key.to_string(),
                    one.definition.control.to_string(),
                    one.definition.from.date(),
                    one.definition.to.plus_micros(-1).date(),
                    one.items.to_string(),
                    deviations.to_string(),
                    if one.frozen.is_some() { "frozen" } else { "open" }.to_owned(),
                    one.definition.title.clone(),
                ]
            }),
        );
    })?;
    Ok(())
}
