//! `tickmark sample draw`: a selection from a CSV, said so that anybody can make it again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::{Deserialize, Serialize};
use tickmark_app::program::population::{KeyColumns, KeyList, MAX_LIST_BYTES, read_keys};
use tickmark_core::catalog::Frequency;
use tickmark_core::program::sampling::{
    Draw, Frame, Method, Parameters, Pick, Rate, RiskLevel, Sample, Seed, SizeRule, Sizing, allocate,
};
use tickmark_core::{Digest, Timestamp};

use crate::cli::Common;
use crate::clock;
use crate::commands::catalog;
use crate::failure::{Failure, Outcome};
use crate::output::{Output, Tone};

/// Format of the record.
pub(super) const FORMAT: &str = "tickmark-draw/1";
/// Problems that one error message names.
const SHOWN_PROBLEMS: usize = 20;

/// `tickmark sample draw`
#[derive(Debug, Args)]
pub(crate) struct DrawFrom {
    /// The population as CSV with a heading, one row for each item.
    pub(super) file: PathBuf,
    /// Column with the key of each item.
    #[arg(long, value_name = "COLUMN")]
    key: String,
    /// Units to select.
    #[arg(long, value_name = "COUNT", conflicts_with_all = ["risk", "frequency"])]
    size: Option<u64>,
    /// Compute the size: risk of over-reliance.
    #[arg(long, value_name = "PERCENT", requires = "tolerable", conflicts_with_all = ["frequency", "extend_to"])]
    risk: Option<Rate>,
    /// Compute the size: rate of deviations that is tolerable.
    #[arg(long, value_name = "PERCENT", requires = "risk")]
    tolerable: Option<Rate>,
    /// Compute the size: rate of deviations that is expected.
    #[arg(long, value_name = "PERCENT", requires = "risk")]
    expected: Option<Rate>,
    /// Take the size of the preset for this frequency; the items are the occurrences.
    #[arg(long)]
    frequency: Option<Frequency>,
    /// Level of the preset.
    #[arg(long, default_value = "default", value_parser = super::level, requires = "frequency")]
    level: RiskLevel,
    /// Text agreed after the list was final, or random bytes as hex:...; random bytes when left out.
    #[arg(long, value_name = "TEXT")]
    seed: Option<Seed>,
    /// random, systematic, stratified, haphazard, block or targeted.
    #[arg(long, default_value = "random")]
    method: Method,
    /// Column that says to which part of the population an item belongs.
    #[arg(long, value_name = "COLUMN")]
    stratum: Option<String>,
    /// Units of one stratum, as NAME=COUNT; may be given again. In proportion to their items when left out.
    #[arg(long, value_name = "NAME=COUNT", requires = "stratum", conflicts_with_all = ["size", "risk", "frequency"])]
    stratum_size: Vec<String>,
    /// An item that a person chose, for haphazard, block and targeted; may be given again.
    #[arg(long, value_name = "KEY")]
    pick: Vec<String>,
    /// Why these were chosen.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Size to which the sample may be extended once, written down before testing.
    #[arg(long, value_name = "COUNT")]
    extend_to: Option<u64>,
    /// Items of the reserve that are shown; as many as are selected when left out.
    #[arg(long, value_name = "COUNT")]
    reserve: Option<usize>,
    /// Who selects: a person's name.
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// Who owns the control, and so must not choose.
    #[arg(long, value_name = "NAME", requires = "by")]
    owner: Option<String>,
    /// What stands between columns.
    #[arg(long, value_name = "CHARACTER", default_value = ",", value_parser = delimiter)]
    delimiter: u8,
}

/// The record of a draw, as `--json` writes it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) format: String,
    pub(super) program: String,
    pub(super) file: FileRecord,
    pub(super) population: PopulationRecord,
    pub(super) method: Method,
    pub(super) rule: String,
    #[serde(default)]
    pub(super) seed: Option<Seed>,
    #[serde(default)]
    pub(super) start: Option<u64>,
    #[serde(default)]
    pub(super) strata: Vec<tickmark_core::program::sampling::StratumSize>,
    #[serde(default)]
    pub(super) reason: Option<String>,
    pub(super) size: u64,
    pub(super) size_rule: SizeRule,
    #[serde(default)]
    pub(super) planned_extension: Option<u64>,
    pub(super) picks: Vec<PickRecord>,
    pub(super) reserve: Vec<PickRecord>,
    /// How many the whole reserve has.
    pub(super) reserve_items: u64,
    pub(super) drawn_at: Timestamp,
    #[serde(default)]
    pub(super) drawn_by: Option<String>,
}

/// The file that was selected from.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct FileRecord {
    pub(super) name: String,
    pub(super) sha256: String,
    pub(super) key_column: String,
    #[serde(default)]
    pub(super) stratum_column: Option<String>,
    pub(super) delimiter: char,
}

/// The population: its keys, whatever their order.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct PopulationRecord {
    pub(super) items: u64,
    /// SHA-256 of the keys sorted bytewise and joined with line feeds.
    pub(super) sha256: String,
}

/// One selected unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PickRecord {
    pub(super) number: u64,
    pub(super) key: String,
    pub(super) line: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) stratum: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) hmac_sha256: Option<String>,
}

fn delimiter(text: &str) -> Result<u8, String> {
    match text {
        "tab" | "\\t" => Ok(b'\t'),
        _ if text.len() == 1 && !matches!(text, "\"" | "\r" | "\n" | "\0") => Ok(text.as_bytes()[0]),
        _ => Err("a single character is needed, such as ; or tab".to_owned()),
    }
}

/// Reads the list and checks it. Returns its digest too.
pub(super) fn read_list(
    file: &Path,
    key: &str,
    stratum: Option<&str>,
    delimiter: u8,
) -> Outcome<(Frame, KeyList, Digest)> {
    let name = file.display();
    let cannot = |why: &dyn std::fmt::Display| Failure::input(format!("{name} cannot be read: {why}"));
    let size = std::fs::metadata(file).map_err(|error| cannot(&error))?.len();
    if size > MAX_LIST_BYTES as u64 {
        return Err(cannot(&format!("it has {size} bytes, more than {MAX_LIST_BYTES}")));
    }
    let bytes = std::fs::read(file).map_err(|error| cannot(&error))?;
    let list = read_keys(&KeyColumns { key, stratum, delimiter }, &bytes).map_err(|problems| {
        let shown: Vec<String> =
            problems.iter().take(SHOWN_PROBLEMS).map(|one| format!("\n  {one}")).collect();
        let more = problems.len().saturating_sub(SHOWN_PROBLEMS);
        let rest = if more > 0 { format!("\n  and {more} more") } else { String::new() };
        Failure::input(format!("{name}: nothing was selected{}{rest}", shown.concat()))
    })?;
    let frame = Frame::new(list.units.clone()).map_err(Failure::input)?;
    Ok((frame, list, Digest::of(&bytes)))
}

/// Runs `tickmark sample draw`.
pub(super) fn run(options: &DrawFrom, common: &Common, output: &Output) -> Outcome {
    check_options(options)?;
    let (frame, list, digest) =
        read_list(&options.file, &options.key, options.stratum.as_deref(), options.delimiter)?;
    let (size, size_rule) = size(options, frame.size(), common)?;
    let draw = select(options, &frame, size)?;
    let sample = Sample::new(draw, options.extend_to).map_err(Failure::input)?;
    let record = record(options, &sample, &list, digest, size_rule);
    output.answer(&record, |output| say(&record, options, output))?;
    Ok(())
}

fn check_options(options: &DrawFrom) -> Outcome {
    let method = options.method;
    let refuse = |text: String| Err(Failure::input(text));
    if method.is_judgment() {
        if options.pick.is_empty() {
            return refuse(format!("a {method} selection is made by a person: name the items with --pick"));
        }
        if options.by.is_none() || options.reason.is_none() {
            return refuse(format!(
                "a {method} selection is judgment: say who chose with --by and why with --reason"
            ));
        }
        if options.seed.is_some() {
            return refuse(format!("a {method} selection has no seed"));
        }
    } else if !options.pick.is_empty() {
        return refuse(format!(
            "a {method} selection is made by seed; items are named for haphazard, block and targeted ones"
        ));
    }
    if (method == Method::Stratified) != options.stratum.is_some() {
        return refuse("a stratified selection needs --stratum COLUMN, and only it has one".to_owned());
    }
    let same = |a: &str, b: &str| a.trim().to_lowercase() == b.trim().to_lowercase();
    if let (Some(by), Some(owner)) = (&options.by, &options.owner)
        && same(by, owner)
    {
        return refuse(format!("{by} owns the control and does not select its sample"));
    }
    Ok(())
}

/// Returns the size with the rule it comes from.
fn size(options: &DrawFrom, items: u64, common: &Common) -> Outcome<(u64, SizeRule)> {
    let resolve = |sizing: Sizing<'_>| sizing.resolve(items).map_err(Failure::input);
    if let Some(size) = options.size {
        return resolve(Sizing::Given(size));
    }
    if let (Some(risk), Some(tolerable)) = (options.risk, options.tolerable) {
        let expected = options.expected.unwrap_or(Rate::ZERO);
        let parameters = Parameters::new(risk, tolerable, expected).map_err(Failure::input)?;
        return resolve(Sizing::Attributes(parameters));
    }
    if let Some(frequency) = options.frequency {
        let catalog = catalog::load(&common.data)?;
        let preset = super::preset_of(&catalog)?;
        return resolve(Sizing::Preset {
            preset,
            catalog: catalog.digest,
            frequency,
            level: options.level,
            own: None,
        });
    }
    if !options.stratum_size.is_empty() {
        return Ok((0, SizeRule::GivenByStratum));
    }
    if options.method.is_judgment() {
        return resolve(Sizing::Given(options.pick.len() as u64));
    }
    Err(Failure::input(
        "how many? give --size, or --risk and --tolerable, or --frequency, or --stratum-size for each stratum",
    ))
}

fn select(options: &DrawFrom, frame: &Frame, size: u64) -> Outcome<Draw> {
    let seed = || {
        options.seed.clone().unwrap_or_else(|| {
            let mut bytes = [0; 32];
            clock::random(&mut bytes);
            Seed::random(bytes)
        })
    };
    let draw = match options.method {
        Method::Random => frame.random(&seed(), size),
        Method::Systematic => frame.systematic(&seed(), size),
        Method::Stratified => {
            let strata = frame.strata();
            let sizes = match options.stratum_size.as_slice() {
                [] => allocate(&strata, size).map_err(Failure::input)?,
                given => stratum_sizes(given)?,
            };
            frame.stratified(&seed(), &sizes)
        }
        method => {
            if size != options.pick.len() as u64 {
                return Err(Failure::input(format!(
                    "{} items are chosen where {size} are wanted",
                    options.pick.len()
                )));
            }
            frame.chosen(method, &options.pick, options.reason.as_deref().unwrap_or_default())
        }
    };
    draw.map_err(|error| Failure::input(format!("{}: {error}", options.file.display())))
}

/// Reads `NAME=COUNT`; the name may hold an equals sign itself.
fn stratum_sizes(given: &[String]) -> Outcome<BTreeMap<&str, u64>> {
    let mut sizes = BTreeMap::new();
    for text in given {
        let (name, count) = text
            .rsplit_once('=')
            .and_then(|(name, count)| Some((name.trim(), count.trim().parse().ok()?)))
            .ok_or_else(|| Failure::input(format!("{text:?} is not of the form NAME=COUNT")))?;
        if sizes.insert(name, count).is_some() {
            return Err(Failure::input(format!("stratum {name:?} has two sizes")));
        }
    }
    Ok(sizes)
}

/// Says the rule in one sentence.
pub(in crate::commands) fn rule(method: Method) -> &'static str {
    match method {
        Method::Random => {
            "ascending HMAC-SHA-256(key = seed, message = item key), ties by key; the first are the sample, what follows is the reserve"
        }
        Method::Systematic => {
            "items sorted bytewise by key; start r = HMAC-SHA-256(key = seed, message = \"systematic-start\") mod N; zero-based positions floor((r + i*N)/n); reserve: the others by ascending HMAC-SHA-256(key = seed, message = item key)"
        }
        Method::Stratified => {
            "in each stratum ascending HMAC-SHA-256(key = seed, message = item key), ties by key; the first of each are the sample, what follows is its reserve"
        }
        Method::Haphazard => "chosen by a person without a pattern; not statistical",
        Method::Block => "neighbors in the list, chosen by a person; not statistical",
        Method::Targeted => "chosen by a person for value or risk; results are not projected",
    }
}

fn record(
    options: &DrawFrom,
    sample: &Sample,
    list: &KeyList,
    digest: Digest,
    size_rule: SizeRule,
) -> Record {
    let draw = &sample.draw;
    let shown = options.reserve.unwrap_or(draw.picks.len());
    // The extension must be seen, or it could not be made without this program.
    let extension = sample.planned_extension.map_or(0, |to| usize::try_from(to).unwrap_or(0));
    let shown = shown.max(extension.saturating_sub(draw.picks.len()));
    let name = options.file.file_name().unwrap_or(options.file.as_os_str()).to_string_lossy();
    Record {
        format: FORMAT.to_owned(),
        program: format!("tickmark {}", env!("CARGO_PKG_VERSION")),
        file: FileRecord {
            name: name.into_owned(),
            sha256: digest.hex(),
            key_column: options.key.clone(),
            stratum_column: options.stratum.clone(),
            delimiter: char::from(options.delimiter),
        },
        population: PopulationRecord { items: draw.items, sha256: draw.population.hex() },
        method: draw.method,
        rule: rule(draw.method).to_owned(),
        seed: draw.seed.clone(),
        start: draw.start,
        strata: draw.strata.clone(),
        reason: draw.reason.clone(),
        size: draw.picks.len() as u64,
        size_rule,
        planned_extension: sample.planned_extension,
        picks: pick_records(&draw.picks, list),
        reserve: pick_records(&draw.reserve[..shown.min(draw.reserve.len())], list),
        reserve_items: draw.reserve.len() as u64,
        drawn_at: clock::now(),
        drawn_by: options.by.clone(),
    }
}

pub(super) fn pick_records(picks: &[Pick], list: &KeyList) -> Vec<PickRecord> {
    (1..)
        .zip(picks)
        .map(|(number, pick)| PickRecord {
            number,
            key: pick.key.clone(),
            line: list.lines[usize::try_from(pick.place - 1).expect("a place in the list")],
            stratum: pick.stratum.clone(),
            hmac_sha256: pick.mac.map(|mac| mac.hex()),
        })
        .collect()
}

fn say(record: &Record, options: &DrawFrom, output: &Output) {
    output.line(output.tone(
        Tone::Strong,
        format!("{} of {} items, {} selection", record.size, record.population.items, record.method),
    ));
    output.line(format!("  population  sha256 {}", record.population.sha256));
    output.line(format!("  file        {}, sha256 {}", record.file.name, record.file.sha256));
    if let Some(seed) = &record.seed {
        output.line(format!("  seed        {seed}"));
    }
    if let Some(start) = record.start {
        output.line(format!("  start       {start}"));
    }
    output.line(format!("  rule        {}", record.rule));
    let why = match &record.size_rule {
        SizeRule::Given | SizeRule::GivenByStratum => None,
        SizeRule::Attributes { parameters, plan } => Some(format!(
            "{} for {} risk, {} tolerable, {} expected",
            super::plan_text(plan),
            parameters.risk(),
            parameters.tolerable(),
            parameters.expected()
        )),
        SizeRule::Preset { size, .. } => Some(format!("{}; judgment, not statistics", size.rule)),
    };
    if let Some(why) = why {
        output.line(format!("  size        {why}"));
    }
    for stratum in &record.strata {
        output.line(format!("  stratum     {}: {} of {}", stratum.stratum, stratum.size, stratum.items));
    }
    if let Some(extended) = record.planned_extension {
        output.line(format!("  extension   once, to {extended}, from the reserve in order"));
    }
    if let Some(reason) = &record.reason {
        output.line(format!("  reason      {reason}"));
    }
    let by = record.drawn_by.as_ref().map(|name| format!(" by {name}")).unwrap_or_default();
    output.line(format!("  drawn       {}{by}", record.drawn_at));
    output.line("");
    table(&record.picks, "Pick", output);
    if !record.reserve.is_empty() {
        output.line("");
        table(&record.reserve, "Reserve", output);
        let more = record.reserve_items - record.reserve.len() as u64;
        if more > 0 {
            output.line(format!("and {more} more in reserve"));
        }
    }
    if record.seed.is_some() {
        output.line("");
        output.line(format!("again: {}", again(record, options)));
    }
}

fn table(picks: &[PickRecord], heading: &str, output: &Output) {
    let mac =
        |pick: &PickRecord| pick.hmac_sha256.as_ref().map(|mac| mac[..16].to_owned()).unwrap_or_default();
    if picks.iter().any(|pick| pick.stratum.is_some()) {
        output.table(
            [heading, "Key", "Line", "HMAC-SHA-256", "Stratum"],
            picks.iter().map(|pick| {
                let stratum = pick.stratum.clone().unwrap_or_default();
                [pick.number.to_string(), pick.key.clone(), pick.line.to_string(), mac(pick), stratum]
            }),
        );
        return;
    }
    output.table(
        [heading, "Key", "Line", "HMAC-SHA-256"],
        picks
            .iter()
            .map(|pick| [pick.number.to_string(), pick.key.clone(), pick.line.to_string(), mac(pick)]),
    );
}

/// Returns the command that draws again.
fn again(record: &Record, options: &DrawFrom) -> String {
    let mut words =
        vec!["tickmark sample draw".to_owned(), quoted(&options.file.to_string_lossy()), "--key".to_owned()];
    words.push(quoted(&record.file.key_column));
    if record.method != Method::Random {
        words.push(format!("--method {}", record.method));
    }
    if let Some(column) = &record.file.stratum_column {
        words.push(format!("--stratum {}", quoted(column)));
        for stratum in &record.strata {
            words
                .push(format!("--stratum-size {}", quoted(&format!("{}={}", stratum.stratum, stratum.size))));
        }
    } else {
        words.push(format!("--size {}", record.size));
    }
    if record.file.delimiter != ',' {
        words.push(format!("--delimiter {}", quoted(&record.file.delimiter.to_string())));
    }
    if let Some(seed) = &record.seed {
        words.push(format!("--seed {}", quoted(seed.text())));
    }
    words.join(" ")
}

/// Quotes a word for a shell.
fn quoted(word: &str) -> String {
    let is_plain =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/' | ':' | '=' | '@' | '+');
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}
