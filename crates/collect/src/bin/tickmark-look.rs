//! Looks at this host once and prints the facts document: what the collector sees, and what it may not.
//!
//! `tickmark-look [--light] [--root FOLDER] [--previous FILE] [--artifacts FOLDER]`

use std::path::PathBuf;
use std::process::ExitCode;

use tickmark_collect::host::{HostSettings, collect};
use tickmark_core::observation::Collected;

/// What was asked for.
#[derive(Default)]
struct Arguments {
    settings: HostSettings,
    previous: Option<PathBuf>,
    artifacts: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments = match arguments(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(message) => {
            eprintln!(
                "{message}\nusage: tickmark-look [--light] [--root FOLDER] [--previous FILE] [--artifacts FOLDER]"
            );
            return ExitCode::from(2);
        }
    };
    match look(&arguments) {
        Ok(collected) => {
            println!("{:#}", collected.facts);
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn arguments(mut words: impl Iterator<Item = String>) -> Result<Arguments, String> {
    let mut found = Arguments::default();
    while let Some(word) = words.next() {
        let mut value = || words.next().map(PathBuf::from).ok_or_else(|| format!("{word} needs a value"));
        match word.as_str() {
            "--light" => {
                found.settings.simulate_upgrades = false;
                found.settings.walk_files = false;
            }
            "--root" => found.settings.root = value()?,
            "--previous" => found.previous = Some(value()?),
            "--artifacts" => found.artifacts = Some(value()?),
            _ => return Err(format!("unknown argument {word}")),
        }
    }
    Ok(found)
}

fn look(arguments: &Arguments) -> Result<Collected, String> {
    let previous = match &arguments.previous {
        Some(path) => {
            let bytes = std::fs::read(path)
                .map_err(|error| format!("{} could not be read: {error}", path.display()))?;
            let facts = serde_json::from_slice(&bytes)
                .map_err(|error| format!("{} is not JSON: {error}", path.display()))?;
            Some(facts)
        }
        None => None,
    };
    #[expect(
        clippy::disallowed_methods,
        reason = "a program of its own: here the clock comes from the system"
    )]
    let clock = || jiff::Timestamp::now().into();
    let collected = collect(&arguments.settings, &clock, previous.as_ref(), &mut |_| {});
    if let Some(folder) = &arguments.artifacts {
        for artifact in &collected.artifacts {
            let path = folder.join(&artifact.name);
            std::fs::write(&path, &artifact.bytes)
                .map_err(|error| format!("{} could not be written: {error}", path.display()))?;
        }
    }
    Ok(collected)
}
