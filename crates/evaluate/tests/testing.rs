//! The test runner must find what it promises to find: each case is a check or a test with one fault.

mod common;

use common::{MANIFEST, REGO, TESTS, source};
use serde_json::Value;
use tickmark_evaluate::{Check, TestKind, TestReport, run_tests, scaffold};

fn report(manifest: &str, rego: &str, tests: &str) -> TestReport {
    let mut source = source("acct-one-two", manifest, rego);
    source.tests = Some(tests.into());
    run_tests(&Check::load(source).expect("a check that loads"), None)
}

/// Expects that the report fails with a line that holds `words`.
fn found(report: &TestReport, words: &str) {
    assert!(!report.passed());
    let failures = report.failures();
    assert!(failures.iter().any(|line| line.contains(words)), "{words:?} not in {failures:#?}");
    assert!(failures.iter().all(|line| line.starts_with("acct-one-two: ")), "{failures:#?}");
}

#[test]
fn a_good_check_passes_and_is_damaged() {
    let report = report(MANIFEST, REGO, TESTS);
    assert!(report.passed(), "{:#?}", report.failures());
    assert!(report.damaged_documents > 20);
    let kinds: Vec<TestKind> = report.cases.iter().map(|case| case.kind).collect();
    assert_eq!(kinds, [TestKind::Canary, TestKind::Fail, TestKind::Pass, TestKind::Unknown]);
    assert_eq!(report.cases[3].evaluations, 4);
}

#[test]
fn required_kinds_and_names_are_asked_for() {
    found(
        &report(MANIFEST, REGO, &TESTS.replace("test_canary_", "test_fail_")),
        "no test named test_canary_",
    );
    found(
        &report(MANIFEST, REGO, &TESTS.replace("test_unknown_", "unknown_")),
        "no test named test_unknown_",
    );
    found(&report(MANIFEST, REGO, &TESTS.replace("test_fail_", "test_bad_")), "begins with none of");
}

#[test]
fn a_test_that_does_not_hold_is_found() {
    let tests = TESTS.replace("verdict == \"fail\" with", "verdict == \"pass\" with");
    found(&report(MANIFEST, REGO, &tests), "test_fail_other: is not true for the bytecode");
    // True by itself, but it shows something else than its name says.
    let tests = format!(
        "{TESTS}\n{}",
        "test_pass_wrong if check.result.verdict == \"fail\" with input as \
                        with_users([{\"name\": \"bob\", \"uid\": 0}])\n"
    );
    found(&report(MANIFEST, REGO, &tests), "test_pass_wrong: evaluates to fail in a test of pass");
    let tests = format!("{TESTS}\ntest_pass_idle if true\n");
    found(&report(MANIFEST, REGO, &tests), "test_pass_idle: never evaluates the result");
    let tests = TESTS.replace("import data.checks.acct_one_two as check\n", "");
    assert!(!report(MANIFEST, REGO, &tests).passed());
}

#[test]
fn a_result_that_breaks_the_format_is_found() {
    let rego = REGO.replace("\"subjects\": bad", "\"subject\": bad");
    // Loading finds it already: the result for nothing breaks the format too.
    assert!(Check::load(source("acct-one-two", MANIFEST, &rego)).is_err());
    let rego = REGO.replace("\"subjects\": bad", "\"subjects\": {0 | some _ in bad}");
    found(&report(MANIFEST, &rego, TESTS), "gave a number as subject");
}

#[test]
fn a_field_that_is_read_without_proof_is_found() {
    // Does not ask whether every account has a number.
    let rego = REGO.replace("\tis_number(user.uid)\n", "");
    found(&report(MANIFEST, &rego, TESTS), "still passes when accounts.users.uid is missing");
    // Asks whether it is there, not whether it is a number.
    let rego = REGO.replace("is_number(user.uid)", "not is_null(user.uid)");
    found(&report(MANIFEST, &rego, TESTS), "still passes when accounts.users.uid is \"wrong\"");
}

#[test]
fn an_empty_list_that_passes_is_found_unless_allowed() {
    let rego = REGO.replace("\tcount(users) > 0\n", "");
    found(&report(MANIFEST, &rego, TESTS), "evaluates to pass in a test of unknown");
    let tests = TESTS.replace("[null, [], {}, \"x\"]", "[null, {}, \"x\"]");
    found(&report(MANIFEST, &rego, &tests), "still passes when accounts.users is []");
    let allowance =
        "allowances = [{ path = \"accounts.users\", allow = [\"empty\"], reason = \"r\" }]\n[parameters]";
    let report = report(&MANIFEST.replace("[parameters]", allowance), &rego, &tests);
    assert!(report.passed(), "{:#?}", report.failures());
}

#[test]
fn facts_read_without_being_declared_are_found() {
    let rego =
        REGO.replace("\tcount(bad) == 0\n", "\tcount(bad) == 0\n\tinput.facts.sshd.installed == true\n");
    let tests = TESTS.replace("\"gaps\": [], ", "\"gaps\": [], \"sshd\": {\"installed\": true}, ");
    found(&report(MANIFEST, &rego, &tests), "it reads sshd, which no need declares");
    // Declared and not read: taking it away changes nothing.
    let manifest = MANIFEST.replace("[\"accounts.users\"]", "[\"accounts.users\", \"sshd.installed\"]");
    found(&report(&manifest, REGO, &tests), "still passes when sshd.installed is missing");
}

#[test]
fn facts_of_tests_conform_to_the_schema() {
    let mut source = source("acct-one-two", MANIFEST, REGO);
    source.tests = Some(TESTS.replace("\"gaps\": [], ", "\"gaps\": [], \"typo\": 1, "));
    let check = Check::load(source).expect("a check that loads");
    let validate = |facts: &Value| match facts.get("typo") {
        Some(_) => Err("unknown field typo".to_owned()),
        None => Ok(()),
    };
    let report = run_tests(&check, Some(&validate));
    found(&report, "test_pass_root: its facts do not conform to the schema: unknown field typo");
    found(&report, "test_canary_toor: its facts do not conform");
}

#[test]
fn a_disagreement_of_the_engines_is_found() {
    // The interpreter stops at the null element where the bytecode goes on and concludes.
    let rego = REGO.replace(
        "some user in users\n\tis_string(user.name)\n\tuser.uid == 0",
        "some user in users\n\tsome tag in user.tags\n\ttag == \"bad\"\n\tuser.uid == 0",
    );
    let tests = format!(
        "{TESTS}\n{}",
        "test_fail_tags if check.result.verdict == \"fail\" with input as \
        with_users([{\"name\": \"a\", \"uid\": 0, \"tags\": [\"bad\"]}, {\"name\": \"b\", \"uid\": 1, \"tags\": null}])\n"
    );
    let report = report(MANIFEST, &rego, &tests);
    assert!(!report.differences.is_empty(), "{:#?}", report.failures());
    found(&report, "interpreter nothing");
}

#[test]
fn the_scaffold_keeps_its_promises_from_the_first_minute() {
    let files = scaffold("acct-shell-approved", "Approved shells", "acct").expect("files");
    let text = |name: &str| files.iter().find(|file| file.path.ends_with(name)).map(|file| file.text.clone());
    let mut source = source("acct-shell-approved", "", "");
    source.toml = text("/check.toml");
    source.rego = text("/check.rego");
    source.tests = text("/check_test.rego");
    let validate =
        |facts: &Value| tickmark_core::observation::host::validate(facts).map_err(|error| error.to_string());
    let report = run_tests(&Check::load(source).expect("a valid check"), Some(&validate));
    assert!(report.passed(), "{:#?}", report.failures());
}
