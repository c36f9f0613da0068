//! The collector as a whole: on the running host, on scratch roots, with planted secrets, and without rights.

mod live;
mod schema;
mod scratch;
mod secrets;
mod unprivileged;

use std::path::{Path, PathBuf};

use serde_json::Value;
use tickmark_collect::host::{HostSettings, collect};
use tickmark_core::observation::{Collected, ReasonClass, host};
use tickmark_core::{Timestamp, time::SECOND_US};

/// A moment for tests: 24 November 2026.
const NOW: i64 = 1_795_531_500;

/// Looks once with a clock that stands still.
fn look(settings: &HostSettings, at: i64, previous: Option<&Value>) -> Collected {
    let clock = move || Timestamp::from_micros(at * SECOND_US);
    let collected = collect(settings, &clock, previous, &mut |_| {});
    assert_eq!(host::validate(&collected.facts), Ok(()));
    let listed = serde_json::to_value(&collected.gaps).expect("JSON");
    assert_eq!(collected.facts["gaps"], listed);
    collected
}

/// Settings without the heavy parts.
fn light() -> HostSettings {
    HostSettings { simulate_upgrades: false, walk_files: false, ..HostSettings::default() }
}

/// Settings for a folder that holds a copy of a system.
fn under(root: &Path) -> HostSettings {
    HostSettings { root: root.to_owned(), walk_files: true, ..HostSettings::default() }
}

/// Writes a file below `root`, folders included.
fn write(root: &Path, path: &str, text: &str) -> PathBuf {
    let place = root.join(path.trim_start_matches('/'));
    std::fs::create_dir_all(place.parent().expect("not the root")).expect("folder");
    std::fs::write(&place, text).expect("file");
    place
}

fn reason(collected: &Collected, path: &str) -> Option<ReasonClass> {
    collected.gaps.iter().find(|gap| gap.path == path).map(|gap| gap.reason)
}
