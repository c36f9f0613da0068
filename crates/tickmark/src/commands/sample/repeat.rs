//! `tickmark sample repeat`: a draw made again from its record and compared.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use tickmark_core::program::sampling::Method;

use super::draw::{FORMAT, PickRecord, Record, pick_records, read_list};
use crate::failure::{Failure, Outcome};
use crate::output::{Output, Tone};

/// Largest record that is read, in bytes.
const MAX_RECORD_BYTES: u64 = 512 << 20;

/// `tickmark sample repeat`
#[derive(Debug, Args)]
pub(crate) struct Repeat {
    /// The record, as `tickmark sample draw --json` writes it.
    record: PathBuf,
    /// The population as CSV.
    population: PathBuf,
}

/// Runs `tickmark sample repeat`.
pub(super) fn run(options: &Repeat, output: &Output) -> Outcome {
    let record = read(options)?;
    let file = &record.file;
    let delimiter = u8::try_from(file.delimiter)
        .map_err(|_| Failure::input(format!("the record names {:?} as delimiter", file.delimiter)))?;
    let (frame, list, digest) =
        read_list(&options.population, &file.key_column, file.stratum_column.as_deref(), delimiter)?;
    let mut differences = Vec::new();
    let mut compare = |what: &str, recorded: String, found: String| {
        if recorded != found {
            differences.push(format!("{what}: recorded {recorded}, found {found}"));
        }
    };
    compare("items of the population", record.population.items.to_string(), frame.size().to_string());
    compare("digest of the population", record.population.sha256.clone(), frame.digest().hex());
    let is_same_population = record.population.sha256 == frame.digest().hex();
    if is_same_population {
        let draw = match (&record.seed, record.method) {
            (Some(seed), Method::Random) => frame.random(seed, record.size),
            (Some(seed), Method::Systematic) => frame.systematic(seed, record.size),
            (Some(seed), Method::Stratified) => {
                let sizes: BTreeMap<&str, u64> =
                    record.strata.iter().map(|one| (one.stratum.as_str(), one.size)).collect();
                frame.stratified(seed, &sizes)
            }
            (Some(_), method) => return Err(Failure::input(format!("a {method} selection has no seed"))),
            (None, method) => {
                let keys: Vec<String> = record.picks.iter().map(|pick| pick.key.clone()).collect();
                frame.chosen(method, &keys, record.reason.as_deref().unwrap_or_default())
            }
        }
        .map_err(Failure::input)?;
        compare("start", format!("{:?}", record.start), format!("{:?}", draw.start));
        // Lines are those of the file that was drawn from; the list may have been sorted since.
        let keys = |picks: &[PickRecord]| -> Vec<String> {
            let mac = |pick: &PickRecord| pick.hmac_sha256.clone().unwrap_or_default();
            picks.iter().map(|pick| format!("{} {}", pick.key, mac(pick))).collect()
        };
        let found = keys(&pick_records(&draw.picks, &list));
        let recorded = keys(&record.picks);
        compare("number of picks", recorded.len().to_string(), found.len().to_string());
        for (number, (recorded, found)) in (1..).zip(recorded.iter().zip(&found)) {
            compare(&format!("pick {number}"), recorded.clone(), found.clone());
        }
        let reserve = keys(&pick_records(&draw.reserve, &list));
        for (number, recorded) in keys(&record.reserve).into_iter().enumerate() {
            let found = reserve.get(number).cloned().unwrap_or_else(|| "nothing".to_owned());
            compare(&format!("reserve {}", number + 1), recorded, found);
        }
    }
    let is_same_file = record.file.sha256 == digest.hex();
    let answer = json!({
        "same": differences.is_empty(), "same_file": is_same_file, "differences": differences, "size": record.size,
    });
    output.answer(&answer, |output| {
        for difference in &differences {
            output.line(output.tone(Tone::Bad, format!("✗ {difference}")));
        }
        if !is_same_population {
            output.line("the population is another one, so nothing was drawn");
        } else if differences.is_empty() {
            let what = match record.method.is_judgment() {
                true => {
                    "the population is the same and has all that was chosen; a choice cannot be made again"
                }
                false => "the same population, seed and rule select the same",
            };
            output.line(output.tone(Tone::Good, format!("✓ {what}: {} units", record.size)));
        }
    })?;
    if differences.is_empty() && !is_same_file && !output.json {
        output.note("the file is not byte for byte the one that was drawn from; its keys are the same");
    }
    if differences.is_empty() { Ok(()) } else { Err(Failure::No) }
}

fn read(options: &Repeat) -> Outcome<Record> {
    let name = options.record.display();
    let cannot = |why: &dyn std::fmt::Display| Failure::input(format!("{name} cannot be read: {why}"));
    let size = std::fs::metadata(&options.record).map_err(|error| cannot(&error))?.len();
    if size > MAX_RECORD_BYTES {
        return Err(cannot(&format!("it has {size} bytes, more than {MAX_RECORD_BYTES}")));
    }
    let bytes = std::fs::read(&options.record).map_err(|error| cannot(&error))?;
    let record: Record = serde_json::from_slice(&bytes).map_err(|error| cannot(&error))?;
    if record.format != FORMAT {
        return Err(cannot(&format!("its format is {:?}, not {FORMAT:?}", record.format)));
    }
    Ok(record)
}
