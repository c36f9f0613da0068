//! Processor time and memory of one look at this host against the budget, without and with the heavy parts.
//!
//! Children count: their processor time is that of the look, their memory is theirs.

use std::fs;
use std::process::Command;

use tickmark_collect::host::{HostSettings, collect};

/// Budget without upgrade simulation and file walk: processor seconds and MiB.
const LIGHT: (f64, f64) = (0.5, 30.0);
/// Budget with them: processor seconds.
const FULL_SECONDS: f64 = 6.0;

fn main() {
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        Some("one-light") => {
            one(&HostSettings { simulate_upgrades: false, walk_files: false, ..HostSettings::default() })
        }
        Some("one-full") => one(&HostSettings::default()),
        // Each measurement in a process of its own, so that the peak of one is not that of the other.
        _ => {
            let light = measure("one-light");
            let full = measure("one-full");
            report("light: processor", light.0, LIGHT.0, "s");
            report("light: peak memory", light.1, LIGHT.1, "MiB");
            report("full: processor", full.0, FULL_SECONDS, "s");
            println!(
                "full: peak memory {:.1} MiB; artifacts {} bytes, facts {} bytes",
                full.1, full.2, full.3
            );
        }
    }
}

fn report(what: &str, value: f64, budget: f64, unit: &str) {
    let verdict = if value <= budget { "within" } else { "ABOVE" };
    println!(
        "{what} {value:.3} {unit} of {budget} {unit}: {:.0} %, {verdict} budget",
        value / budget * 100.0
    );
}

/// Looks once and prints what it took.
fn one(settings: &HostSettings) {
    #[expect(
        clippy::disallowed_methods,
        reason = "a program of its own: here the clock comes from the system"
    )]
    let clock = || jiff::Timestamp::now().into();
    let collected = collect(settings, &clock, None, &mut |_| {});
    let artifacts: usize = collected.artifacts.iter().map(|artifact| artifact.bytes.len()).sum();
    println!(
        "{} {} {artifacts} {}",
        processor_seconds(),
        peak_mebibytes(),
        collected.facts.to_string().len()
    );
}

fn measure(which: &str) -> (f64, f64, u64, u64) {
    let program = std::env::current_exe().expect("this program");
    let output = Command::new(program).arg(which).output().expect("started");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut words = text.split_whitespace();
    let mut next = || words.next().unwrap_or("0");
    let (seconds, memory) = (next().parse().unwrap_or(f64::NAN), next().parse().unwrap_or(f64::NAN));
    (seconds, memory, next().parse().unwrap_or(0), next().parse().unwrap_or(0))
}

/// User and system time of this process and its ended children; `/proc/self/stat` counts in hundredths.
fn processor_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
    let ticks: f64 = after_name.split(' ').skip(11).take(4).filter_map(|word| word.parse::<f64>().ok()).sum();
    ticks / 100.0
}

fn peak_mebibytes() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|word| word.parse::<f64>().ok()).unwrap_or(f64::NAN) / 1024.0
}
