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
    assert!(library.len() >= 45, "{} checks", library.len());
}
