//! Lists of populations: `tickmark population register`, `mapping`, `check`, `results`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::json;
use tickmark_app::program::population::{self, ItemResult, List, Register};
use tickmark_core::id::PopulationKey;
use tickmark_core::program::population::{
    Amount, AskedCheck, Aspect, AttributeState, DateOrder, Definition, Mapping, Traced,
};

use super::super::assess::person;
use super::super::evidence_file;
use super::open_population;
use crate::cli::Common;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::wiring;

/// `tickmark population register`
#[derive(Debug, Args)]
pub(crate) struct RegisterOf {
    /// Control id.
    control: String,
    /// performances, joiners, leavers, role-changes or control-texts.
    #[arg(value_parser = register_word)]
    register: Register,
    /// Number of the population, if the control has several that are open.
    #[arg(long, value_name = "NUMBER")]
    population: Option<i64>,
}

fn register_word(word: &str) -> Result<Register, String> {
    let words = Register::ALL.map(Register::word).join(", ");
    Register::of_word(word).ok_or_else(|| format!("there are {words}"))
}

/// `tickmark population mapping`
#[derive(Debug, Args)]
pub(crate) struct NewMapping {
    /// Its name; all that are saved are listed without one.
    name: Option<String>,
    /// Column of the key.
    #[arg(long, value_name = "COLUMN", requires_all = ["name", "occurred_at"])]
    key: Option<String>,
    /// Column of the moment.
    #[arg(long, value_name = "COLUMN", requires = "key")]
    occurred_at: Option<String>,
    /// Column of notes.
    #[arg(long, value_name = "COLUMN", requires = "key")]
    note: Option<String>,
    /// Column of the part of the population.
    #[arg(long, value_name = "COLUMN", requires = "key")]
    stratum: Option<String>,
    /// Column of amounts.
    #[arg(long, value_name = "COLUMN", requires = "key")]
    amount: Option<String>,
    /// Column of the results of an attribute, as `attribute=column`; may be given again.
    #[arg(long, value_name = "PAIR", requires = "key")]
    attribute: Vec<String>,
    /// How dates with figures only are read.
    #[arg(long, value_name = "ORDER", default_value = "iso")]
    dates: Dates,
    /// Take the mapping away.
    #[arg(long, requires = "name", conflicts_with = "key")]
    remove: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Dates {
    Iso,
    DayFirst,
    MonthFirst,
}

impl From<Dates> for DateOrder {
    fn from(dates: Dates) -> Self {
        match dates {
            Dates::Iso => Self::Iso,
            Dates::DayFirst => Self::DayFirst,
            Dates::MonthFirst => Self::MonthFirst,
        }
    }
}

/// `tickmark population check`
#[derive(Debug, Args)]
pub(crate) struct NewCheck {
    /// Control id.
    control: String,
    /// What is done.
    procedure: Kind,
    /// Number of the population, if the control has several that are open.
    #[arg(long, value_name = "NUMBER")]
    population: Option<i64>,
    /// Where what it is compared with comes from.
    #[arg(long, default_value = "", value_name = "TEXT")]
    source: String,
    /// source-count: rows there.
    #[arg(long, value_name = "COUNT")]
    counted: Option<u64>,
    /// control-total: the sum there.
    #[arg(long, value_name = "AMOUNT")]
    stated: Option<Amount>,
    /// sequence: the first key of the time.
    #[arg(long, value_name = "KEY")]
    first: Option<String>,
    /// sequence: the last key of the time.
    #[arg(long, value_name = "KEY")]
    last: Option<String>,
    /// reconciliation, trace-from-source: a file with keys, one a line.
    #[arg(long, value_name = "FILE")]
    keys: Option<PathBuf>,
    /// roll-forward: how many there were.
    #[arg(long, value_name = "COUNT")]
    opening: Option<u64>,
    /// roll-forward: how many were added.
    #[arg(long, value_name = "COUNT")]
    added: Option<u64>,
    /// roll-forward: how many were taken away.
    #[arg(long, value_name = "COUNT")]
    removed: Option<u64>,
    /// trace-to-source: a row that is as in the source; may be given again.
    #[arg(long, value_name = "KEY")]
    same: Vec<String>,
    /// trace-to-source: a row that is not, as `key: what is different`; may be given again.
    #[arg(long, value_name = "TEXT")]
    other: Vec<String>,
    /// described: it is about accuracy and not about completeness.
    #[arg(long)]
    accuracy: bool,
    /// described: it was not as it should be.
    #[arg(long)]
    differs: bool,
    /// explain: number of the check whose differences are explained.
    #[arg(long, value_name = "NUMBER")]
    check: Option<i64>,
    /// described, unchecked, explain: in words.
    #[arg(long, default_value = "", value_name = "TEXT")]
    text: String,
    /// Who checked: a person's name; the program when left out.
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    SourceCount,
    ControlTotal,
    Sequence,
    Reconciliation,
    RollForward,
    TraceToSource,
    TraceFromSource,
    Described,
    Unchecked,
    Explain,
}

/// `tickmark population results`
#[derive(Debug, Args)]
pub(crate) struct Results {
    /// Control id.
    control: String,
    /// CSV with a heading: key, one column for each attribute with met, not met or not tested, and note.
    file: PathBuf,
    /// Number of the population.
    #[arg(long, value_name = "NUMBER")]
    population: Option<i64>,
    /// Who tested: a person's name. Not the owner of the control.
    #[arg(long, value_name = "NAME")]
    by: String,
}

/// Builds a list from a register.
pub(super) async fn register(options: &RegisterOf, common: &Common, output: &Output) -> Outcome {
    let app = wiring::open(common).await?;
    let program = wiring::reader(&app).await?;
    let key = open_population(&app, &program, &options.control, options.population).await?;
    let built = app.transact(&program, async |cx| population::build(cx, key, options.register).await).await;
    app.sequence(&program).await?;
    app.close().await;
    let built = built?;
    output.answer(&built, |output| {
        output.line(format!("population {key} has {} items", built.items));
        if let Some(ipe) = &built.ipe {
            output.line(format!("  query  {}", ipe.query));
        }
    })?;
    Ok(())
}

/// Saves, lists or takes away mappings.
pub(super) async fn mapping(options: &NewMapping, common: &Common, output: &Output) -> Outcome {
    let app = wiring::open(common).await?;
    let program = wiring::reader(&app).await?;
    let done = async {
        if let (Some(name), Some(mapping)) = (&options.name, mapping_of(options)?) {
            app.transact(&program, async |cx| {
                let all = population::mappings(cx).await?;
                let held = all.iter().find(|saved| saved.name == *name).map(|saved| saved.version);
                population::save_mapping(cx, name, held, mapping.clone()).await
            })
            .await?;
        } else if let (Some(name), true) = (&options.name, options.remove) {
            app.transact(&program, async |cx| population::forget_mapping(cx, name).await).await?;
        }
        let all = app.read(&program, async |view| population::mappings(view).await).await?;
        Outcome::Ok(all)
    }
    .await;
    app.sequence(&program).await?;
    app.close().await;
    let mut all = done?;
    if let (Some(name), false) = (&options.name, options.remove) {
        all.retain(|saved| saved.name == *name);
    }
    let answer: Vec<_> = all
        .iter()
        .map(|saved| json!({"name": saved.name, "version": saved.version, "mapping": saved.mapping}))
        .collect();
    output.answer(&answer, |output| {
        if all.is_empty() {
            output.line("no mapping is saved");
            return;
        }
        output.table(
            ["Mapping", "Version", "Key", "Moment", "Part", "Amount", "Dates"],
            all.iter().map(|saved| {
                let some = |name: &Option<String>| name.clone().unwrap_or_default();
                let of = &saved.mapping;
                [
                    saved.name.clone(),
                    saved.version.to_string(),
                    of.key.clone(),
                    of.occurred_at.clone(),
                    some(&of.stratum),
                    some(&of.amount),
                    of.dates.word().to_owned(),
                ]
            }),
        );
    })?;
    Ok(())
}

/// The mapping that the options name; none where they only look.
fn mapping_of(options: &NewMapping) -> Outcome<Option<Mapping>> {
    let (Some(key), Some(occurred_at)) = (&options.key, &options.occurred_at) else { return Ok(None) };
    let mut attributes = BTreeMap::new();
    for pair in &options.attribute {
        let (attribute, column) = pair
            .split_once('=')
            .ok_or_else(|| Failure::input(format!("{pair:?} is not of the form attribute=column")))?;
        attributes.insert(attribute.trim().to_owned(), column.trim().to_owned());
    }
    Ok(Some(Mapping {
        key: key.clone(),
        occurred_at: occurred_at.clone(),
        note: options.note.clone(),
        stratum: options.stratum.clone(),
        amount: options.amount.clone(),
        attributes,
        dates: options.dates.into(),
    }))
}

/// Makes a check.
pub(super) async fn check(options: &NewCheck, common: &Common, output: &Output) -> Outcome {
    let asked = asked(options)?;
    let app = wiring::open(common).await?;
    let program = wiring::reader(&app).await?;
    let key = open_population(&app, &program, &options.control, options.population).await?;
    let actor = match &options.by {
        Some(name) => person(&app, name).await?,
        None => program,
    };
    let made = app.transact(&actor, async |cx| population::check(cx, key, asked.clone()).await).await;
    app.sequence(&actor).await?;
    app.close().await;
    let made = made?;
    output.answer(&made, |output| {
        let check = &made.check;
        output.line(format!("check {} of population {key}: {}", made.number, check.done.title()));
        output.line(format!("  {}", check.done));
        for difference in &check.differences {
            output.line(format!("  {difference}"));
        }
        let word =
            if check.agrees() { "it agrees".to_owned() } else { format!("{} differences", check.differing) };
        output.line(word);
    })?;
    if !made.check.agrees() {
        output.note(format!(
            "explain them before freezing: tickmark population check {} explain --check {} --text ...",
            options.control, made.number
        ));
    }
    Ok(())
}

fn asked(options: &NewCheck) -> Outcome<AskedCheck> {
    fn needed<T>(name: &str, value: Option<T>) -> Outcome<T> {
        value.ok_or_else(|| Failure::input(format!("this check needs --{name}")))
    }
    let (source, text) = (options.source.clone(), options.text.clone());
    let keys = || needed("keys", options.keys.as_deref()).and_then(keys_of);
    Ok(match options.procedure {
        Kind::SourceCount => AskedCheck::SourceCount { source, counted: needed("counted", options.counted)? },
        Kind::ControlTotal => AskedCheck::ControlTotal { source, stated: needed("stated", options.stated)? },
        Kind::Sequence => AskedCheck::Sequence { first: options.first.clone(), last: options.last.clone() },
        Kind::Reconciliation => AskedCheck::Reconciliation { source, keys: keys()? },
        Kind::RollForward => AskedCheck::RollForward {
            source,
            opening: needed("opening", options.opening)?,
            added: needed("added", options.added)?,
            removed: needed("removed", options.removed)?,
        },
        Kind::TraceToSource => {
            let same = options.same.iter().map(|key| (key.as_str(), true, ""));
            let other = options.other.iter().map(|text| {
                let (key, note) = text.split_once(':').unwrap_or((text.as_str(), ""));
                (key, false, note)
            });
            let traced = same.chain(other).map(|(key, agrees, note)| Traced {
                key: key.trim().to_owned(),
                agrees,
                note: note.trim().to_owned(),
            });
            AskedCheck::TraceToSource { source, traced: traced.collect() }
        }
        Kind::TraceFromSource => AskedCheck::TraceFromSource { source, keys: keys()? },
        Kind::Described => AskedCheck::Described {
            aspect: if options.accuracy { Aspect::Accuracy } else { Aspect::Completeness },
            what: text,
            agrees: !options.differs,
        },
        Kind::Unchecked => AskedCheck::Unchecked { reason: text },
        Kind::Explain => AskedCheck::Explained { check: needed("check", options.check)?, text },
    })
}

/// Reads keys, one a line.
fn keys_of(path: &Path) -> Outcome<Vec<String>> {
    let file = evidence_file(path)?;
    let text = std::str::from_utf8(&file.bytes)
        .map_err(|_| Failure::input(format!("{} is not UTF-8", path.display())))?;
    Ok(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect())
}

/// Records what testing found.
pub(super) async fn results(options: &Results, common: &Common, output: &Output) -> Outcome {
    let file = evidence_file(&options.file)?;
    let app = wiring::open(common).await?;
    let done = async {
        let program = wiring::reader(&app).await?;
        let found = super::sample::frozen(&app, &program, &options.control, options.population).await?;
        let list = List::of_csv(&file.name, file.bytes).map_err(|problems| refused(&file.name, &problems))?;
        let results = results_of(&found.definition, &list)?;
        let actor = person(&app, &options.by).await?;
        app.transact(&actor, async |cx| population::record_results(cx, found.key, &results).await).await?;
        app.sequence(&actor).await?;
        Outcome::<(PopulationKey, usize)>::Ok((found.key, results.len()))
    }
    .await;
    app.close().await;
    let (key, count) = done?;
    output.answer(&json!({"population": key, "recorded": count}), |output| {
        output.line(format!("{count} results of population {key} are recorded"));
    })?;
    Ok(())
}

fn refused(name: &str, problems: &[population::ListProblem]) -> Failure {
    Failure::input(population::summary(name, problems))
}

/// Reads results by the names of the columns.
fn results_of(definition: &Definition, list: &List) -> Outcome<Vec<ItemResult>> {
    let place = |wanted: &str| list.heading().iter().position(|name| name.eq_ignore_ascii_case(wanted));
    let needed = |name: &str| {
        place(name)
            .ok_or_else(|| Failure::input(format!("the heading of the results has no column {name:?}")))
    };
    let key = needed("key")?;
    let columns: Vec<usize> =
        definition.attributes.iter().map(|attribute| needed(&attribute.id)).collect::<Outcome<_>>()?;
    let note = place("note");
    let mut results = Vec::with_capacity(list.rows());
    for (line, cells) in list.cells() {
        let cell = |place: usize| cells.get(place).copied().unwrap_or_default();
        let mut states = Vec::with_capacity(columns.len());
        for column in &columns {
            let word = cell(*column);
            let state = AttributeState::read(word);
            states.push(state.ok_or_else(|| {
                Failure::input(format!(
                    "line {line}: {word:?} is none of met, not met, not tested; nothing was recorded"
                ))
            })?);
        }
        let note = note.map_or("", cell).trim().to_owned();
        results.push(ItemResult { key: cell(key).to_owned(), states, note });
    }
    Ok(results)
}
