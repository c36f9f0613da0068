//! The checks inside the program: all load, and the tests of each hold on both engines against the facts schema.

use serde_json::Value;
use tickmark_core::observation::host;
use tickmark_evaluate::{Library, run_tests};

#[test]
fn every_builtin_check_keeps_its_promises() {
    let library = Library::builtin().unwrap_or_else(|errors| {
        panic!("{}", errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    });
    assert!(library.get("acct-root-only-uid0").is_some());
    let validate = |facts: &Value| host::validate(facts).map_err(|error| error.to_string());
    let failures: Vec<String> =
        library.checks().flat_map(|check| run_tests(check, Some(&validate)).failures()).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
