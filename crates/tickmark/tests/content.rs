//! The content that ships inside the program fits together: checks, catalog, facts.

use std::collections::BTreeSet;

use tickmark_core::catalog::Catalog;
use tickmark_core::observation::host;
use tickmark_evaluate::{Library, run_tests};

fn library() -> Library {
    Library::builtin().unwrap_or_else(|errors| panic!("{errors:#?}"))
}

#[test]
fn every_built_in_check_keeps_its_promises_on_both_engines() {
    let validate = |facts: &serde_json::Value| host::validate(facts).map_err(|error| error.to_string());
    let failures: Vec<String> =
        library().checks().flat_map(|check| run_tests(check, Some(&validate)).failures()).collect();
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn checks_name_controls_and_criteria_of_the_catalog_and_paths_of_the_facts() {
    let catalog = Catalog::builtin();
    let schema = serde_json::to_value(host::json_schema()).expect("JSON");
    let sections: BTreeSet<&str> =
        schema["properties"].as_object().expect("properties").keys().map(String::as_str).collect();
    let mut problems = Vec::new();
    for check in library().checks() {
        let definition = check.definition();
        let id = &definition.id;
        if definition.controls.is_empty() {
            problems.push(format!("{id} is a test of no control"));
        }
        for control in &definition.controls {
            if catalog.control(control).is_none() {
                problems.push(format!("{id} names control {control}, which does not exist"));
            }
        }
        for criterion in &definition.criteria {
            if catalog.requirement(criterion).is_err() {
                problems.push(format!("{id} names criterion {criterion}, which does not exist"));
            }
        }
        for need in &definition.needs {
            let section = need.split(['.', '[']).next().expect("first part");
            if !sections.contains(section) {
                problems.push(format!("{id} needs {need}, which is no section of the facts"));
            }
        }
    }
    assert!(problems.is_empty(), "{problems:#?}");
}

#[test]
fn the_groups_of_host_checks_are_there() {
    let library = library();
    let groups: BTreeSet<&str> = library.checks().map(|check| check.group()).collect();
    let expected = ["acct", "ssh", "fw", "disk", "log", "time", "patch", "host", "bak", "wg"];
    assert!(expected.iter().all(|group| groups.contains(group)), "{groups:?}");
}

/// The groups whose checks ask a host.
const HOST_GROUPS: [&str; 10] = ["acct", "ssh", "fw", "wg", "disk", "log", "time", "patch", "host", "bak"];

/// Ids of the rows under a heading that begins so, up to the next one.
fn listed<'a>(document: &'a str, heading: &str) -> BTreeSet<&'a str> {
    let (_, rest) = document.split_once(heading).unwrap_or_else(|| panic!("no heading {heading:?}"));
    let lines = rest.lines().skip(1).take_while(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.strip_prefix("| `")?.split_once('`').map(|(id, _)| id)).collect()
}

#[test]
fn the_checks_of_hosts_are_those_of_the_list_but_for_the_ones_left_out_with_a_reason() {
    let (domain, own) =
        (include_str!("../../../docs/domain/checks.md"), include_str!("../../../docs/checks.md"));
    let left_out = listed(own, "\n## Rows of the list that are not built in");
    let every: BTreeSet<&str> =
        HOST_GROUPS.iter().flat_map(|group| listed(domain, &format!("\n#### {group} "))).collect();
    let library = library();
    let built: BTreeSet<&str> = library.checks().map(|check| check.definition().id.as_str()).collect();
    let expected: BTreeSet<&str> = every.difference(&left_out).copied().collect();
    assert_eq!(built, expected);
    assert!(left_out.is_subset(&every), "left out, and in no list: {:?}", left_out.difference(&every));
    assert_eq!((every.len(), built.len(), left_out.len()), (122, 108, 14));
}
