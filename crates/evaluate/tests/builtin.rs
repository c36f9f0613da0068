//! The checks inside the program: all load, and the tests of each hold on both engines against the facts schema.

use serde_json::Value;
use tickmark_core::observation::host;
use tickmark_evaluate::{Library, run_tests};

#[test]
fn every_builtin_check_keeps_its_promises() {
    // The long way, as a user's checks are loaded; the program itself takes the short one.
    let library = Library::load(Library::builtin_sources()).unwrap_or_else(|errors| {
        panic!("{}", errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    });
    let versions =
        |library: &Library| library.checks().map(|check| check.definition().version).collect::<Vec<_>>();
    assert_eq!(versions(&library), versions(&Library::builtin().expect("the same checks")));
    assert!(library.get("acct-root-only-uid0").is_some());
    let validate = |facts: &Value| host::validate(facts).map_err(|error| error.to_string());
    let failures: Vec<String> =
        library.checks().flat_map(|check| run_tests(check, Some(&validate)).failures()).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
