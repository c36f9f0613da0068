//! On the host the tests run on, whatever it is.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use tickmark_collect::host::HostSettings;
use tickmark_core::canonical;
use tickmark_core::observation::ReasonClass;

use super::{NOW, light, look, reason, write};

/// Others use the machine while tests run: a program may start or end between two looks.
const ATTEMPTS: usize = 6;

#[test]
fn an_unchanged_host_has_unchanged_facts() {
    let mut earlier = look(&light(), NOW, None);
    for _ in 0..ATTEMPTS {
        // A later clock must change nothing by itself.
        let later = look(&light(), NOW + 3_600, Some(&earlier.facts));
        let bytes = |facts| canonical::bytes(facts).expect("facts");
        if bytes(&earlier.facts) == bytes(&later.facts) {
            return;
        }
        earlier = later;
    }
    panic!("facts changed between each of {ATTEMPTS} looks");
}

#[test]
fn the_target_is_named_and_every_section_is_there() {
    let collected = look(&light(), NOW, None);
    assert_eq!(collected.target.kind, "host");
    assert!(collected.target.external_id.starts_with("sha256:"));
    assert!(!collected.target.name.is_empty());
    let properties = tickmark_core::observation::host::json_schema();
    let properties =
        properties["properties"].as_object().expect("schema").keys().cloned().collect::<Vec<_>>();
    for section in properties {
        // A section may be empty only when a gap says why.
        let is_empty = collected.facts[&section].as_object().is_some_and(serde_json::Map::is_empty);
        let explained = collected.gaps.iter().any(|gap| gap.path.starts_with(&section));
        assert!(collected.facts.get(&section).is_some(), "{section}");
        assert!(!is_empty || explained, "{section} is empty without a gap");
    }
    let bytes: usize = collected.artifacts.iter().map(|artifact| artifact.bytes.len()).sum();
    assert!(bytes < 2_000_000, "{bytes} bytes of artifacts");
    let mut names: Vec<_> = collected.artifacts.iter().map(|artifact| artifact.name.as_str()).collect();
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count, "names of artifacts are unique");
}

#[test]
fn what_is_switched_off_or_cut_is_a_gap_and_no_fact() {
    let collected = look(&light(), NOW, None);
    assert_eq!(reason(&collected, "updates.pending"), Some(ReasonClass::NotCollected));
    assert_eq!(reason(&collected, "files"), Some(ReasonClass::NotCollected));
    assert!(collected.facts["updates"].get("pending").is_none());
    assert!(collected.facts["files"].get("set_id").is_none());

    let cut = HostSettings {
        walk_files: true,
        walk_limit_files: 1,
        simulate_upgrades: false,
        ..HostSettings::default()
    };
    let collected = look(&cut, NOW, None);
    assert_eq!(collected.facts["files"]["complete"], false);
    assert_eq!(reason(&collected, "files.set_id"), Some(ReasonClass::Limit));

    let small = HostSettings { output_limit_bytes: 10, ..light() };
    let collected = look(&small, NOW, None);
    assert_eq!(reason(&collected, "accounts"), Some(ReasonClass::Limit));
    assert!(collected.facts["accounts"].get("users").is_none());

    let folder = tempfile::tempdir().expect("folder");
    let program = write(folder.path(), "lsblk", "#!/bin/sh\nwhile :; do :; done\n");
    std::fs::set_permissions(program, std::fs::Permissions::from_mode(0o755)).expect("mode");
    let hasty = HostSettings {
        command_timeout: Duration::from_millis(50),
        search_path: vec![folder.path().to_owned()],
        ..light()
    };
    let collected = look(&hasty, NOW, None);
    assert!(collected.facts["disks"].get("devices").is_none());
    assert_eq!(reason(&collected, "disks.devices"), Some(ReasonClass::Limit));
}

#[test]
fn progress_names_what_comes_next() {
    let mut heard = Vec::new();
    let clock = || tickmark_core::Timestamp::from_seconds(NOW);
    tickmark_collect::host::collect(&light(), &clock, None, &mut |step| heard.push(step.to_owned()));
    assert_eq!(heard.first().map(String::as_str), Some("processes and packages"));
    assert!(heard.len() >= 8);
}
