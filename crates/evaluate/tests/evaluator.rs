//! Evaluation: no answer without proof, and always an answer.

mod common;

use std::sync::LazyLock;

use common::{MANIFEST, REGO, source};
use proptest::prelude::*;
use serde_json::{Value, json};
use tickmark_core::Timestamp;
use tickmark_core::observation::{Outcome, ReasonClass, TargetRef, Verdict};
use tickmark_evaluate::{Check, Evaluator, Library, LibraryError, Limits, PreparedFacts, explain};

const NOW: i64 = 1_800_000_000;

fn target() -> TargetRef {
    TargetRef { kind: "host".into(), external_id: "h1".into(), name: "web1".into() }
}

fn check(rego: &str) -> Check {
    Check::load(source("acct-one-two", MANIFEST, rego)).expect("a valid check")
}

fn evaluate(check: &Check, facts: &Value) -> Outcome {
    let facts = PreparedFacts::new(facts);
    Evaluator::default().evaluate(check, &target(), &facts, Timestamp::from_seconds(NOW))
}

fn with_users(users: Value) -> Value {
    json!({"schema": "host/1", "gaps": [], "accounts": {"users": users}})
}

fn with_gaps(paths: &[(&str, &str)]) -> Value {
    let gaps: Vec<Value> = paths
        .iter()
        .map(|(path, reason)| json!({"path": path, "reason": reason, "detail": "tried"}))
        .collect();
    let mut facts = with_users(json!([{"name": "root", "uid": 0}]));
    facts["gaps"] = json!(gaps);
    facts
}

/// A check whose result is `result` as soon as there are users, and unknown without.
fn answering(result: &str) -> Check {
    answering_with(result, MANIFEST)
}

fn answering_with(result: &str, manifest: &str) -> Check {
    let rego = format!(
        "package checks.acct_one_two\n\nimport rego.v1\n\nseen if count(input.facts.accounts.users) > 0\n\n\
         result := {result} if seen\n\nresult := {{\"verdict\": \"unknown\"}} if not seen\n"
    );
    Check::load(source("acct-one-two", manifest, &rego)).expect("a valid check")
}

#[test]
fn the_three_ways() {
    let check = check(REGO);
    let pass = evaluate(&check, &with_users(json!([{"name": "root", "uid": 0}])));
    assert_eq!((pass.verdict, pass.reason, pass.message.as_str()), (Verdict::Pass, None, "A."));
    let fail = evaluate(&check, &with_users(json!([{"name": "b", "uid": 0}, {"name": "a", "uid": 0}])));
    assert_eq!(
        (fail.verdict, fail.subjects.as_slice()),
        (Verdict::Fail, &["a".to_owned(), "b".to_owned()][..])
    );
    let unknown = evaluate(&check, &with_users(json!([{"name": "root"}])));
    assert_eq!((unknown.verdict, unknown.reason), (Verdict::Unknown, Some(ReasonClass::NotCollected)));
}

#[test]
fn nothing_and_nonsense_are_unknown() {
    let check = check(REGO);
    for (facts, reason) in [
        (json!({}), ReasonClass::ParseError),
        (json!(null), ReasonClass::ParseError),
        (json!([]), ReasonClass::ParseError),
        (json!("host/1"), ReasonClass::ParseError),
        (json!({"schema": 1}), ReasonClass::ParseError),
        (
            json!({"schema": "host/2", "accounts": {"users": [{"name": "root", "uid": 0}]}}),
            ReasonClass::Unsupported,
        ),
        (json!({"schema": "host/1"}), ReasonClass::NotCollected),
        (json!({"schema": "host/1", "gaps": 7}), ReasonClass::ParseError),
        (with_users(json!(null)), ReasonClass::NotCollected),
        (with_users(json!([])), ReasonClass::NotCollected),
        (with_users(json!({"root": {"name": "root", "uid": 0}})), ReasonClass::NotCollected),
    ] {
        let outcome = evaluate(&check, &facts);
        assert_eq!((outcome.verdict, outcome.reason), (Verdict::Unknown, Some(reason)), "{facts}");
        assert!(!outcome.message.is_empty(), "{facts}");
    }
    let message = evaluate(&check, &json!({"schema": "host/1"})).message;
    assert_eq!(message, "the facts lack accounts.users");
}

#[test]
fn another_kind_of_target_is_unsupported() {
    let facts = PreparedFacts::new(&with_users(json!([{"name": "root", "uid": 0}])));
    let other = TargetRef { kind: "repository".into(), ..target() };
    let outcome = Evaluator::default().evaluate(&check(REGO), &other, &facts, Timestamp::from_seconds(NOW));
    assert_eq!(outcome.reason, Some(ReasonClass::Unsupported));
}

#[test]
fn a_gap_in_what_is_read_takes_a_pass_away_and_lends_its_reason() {
    let check = check(REGO);
    for path in ["", "accounts", "accounts.users", "accounts.users.uid", "accounts.users[root].shell"] {
        let outcome = evaluate(&check, &with_gaps(&[("sshd", "limit"), (path, "not_permitted")]));
        assert_eq!(
            (outcome.verdict, outcome.reason),
            (Verdict::Unknown, Some(ReasonClass::NotPermitted)),
            "{path}"
        );
        assert!(outcome.message.contains("not permitted to read it (tried)"), "{}", outcome.message);
    }
    for path in ["sshd", "accounts.groups", "accounts.users_extra"] {
        assert_eq!(evaluate(&check, &with_gaps(&[(path, "not_permitted")])).verdict, Verdict::Pass, "{path}");
    }
    // What was seen is enough for a failure.
    let mut failing = with_gaps(&[("accounts.users", "limit")]);
    failing["accounts"]["users"] = json!([{"name": "toor", "uid": 0}]);
    assert_eq!(evaluate(&check, &failing).verdict, Verdict::Fail);
    // Unknown for want of data: the gap says why.
    let mut missing = with_gaps(&[("accounts", "limit")]);
    missing["accounts"] = json!({});
    assert_eq!(evaluate(&check, &missing).reason, Some(ReasonClass::Limit));
}

#[test]
fn a_gap_is_excused_only_where_an_allowance_says_so() {
    let allowance =
        "allowances = [{ path = \"accounts.users.shell\", allow = [\"gap\"], reason = \"r\" }]\n[parameters]";
    let manifest = MANIFEST.replace("[parameters]", allowance);
    let check = Check::load(source("acct-one-two", &manifest, REGO)).expect("a valid check");
    assert_eq!(evaluate(&check, &with_gaps(&[("accounts.users.shell", "limit")])).verdict, Verdict::Pass);
    assert_eq!(evaluate(&check, &with_gaps(&[("accounts.users.uid", "limit")])).verdict, Verdict::Unknown);
    assert_eq!(evaluate(&check, &with_gaps(&[("accounts", "limit")])).verdict, Verdict::Unknown);
}

#[test]
fn a_gap_takes_not_applicable_away_too() {
    let check = answering(r#"{"verdict": "not_applicable", "reason": "not_present"}"#);
    let outcome = evaluate(&check, &with_gaps(&[]));
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::NotApplicable, Some(ReasonClass::NotPresent)));
    assert_eq!(evaluate(&check, &with_gaps(&[("accounts", "limit")])).reason, Some(ReasonClass::Limit));
}

#[test]
fn answers_that_break_a_rule_are_no_answers() {
    for (result, words) in [
        ("7", "a number as result"),
        ("[]", "a list as result"),
        ("null", "null as result"),
        ("{}", "without verdict"),
        (r#"{"verdict": "ok"}"#, "unknown verdict \"ok\""),
        (r#"{"verdict": "PASS"}"#, "unknown verdict"),
        (r#"{"verdict": true}"#, "a boolean as verdict"),
        (r#"{"verdict": "pass", "subject": "x"}"#, "keys other than"),
        (r#"{"verdict": "pass", 7: "x"}"#, "keys other than"),
        (r#"{"verdict": "pass", "subjects": ["x"]}"#, "passed and named subjects"),
        (r#"{"verdict": "pass", "reason": "stale"}"#, "reason class for pass"),
        (r#"{"verdict": "not_applicable"}"#, "without reason"),
        (r#"{"verdict": "not_applicable", "reason": "dunno"}"#, "unknown reason"),
        (r#"{"verdict": "fail", "message": 7}"#, "a number as message"),
        (r#"{"verdict": "fail", "subjects": "x"}"#, "a text as subjects"),
        (r#"{"verdict": "fail", "subjects": [7]}"#, "a number as subject"),
        (r#"{"verdict": "fail", "valid_until": 2000000000}"#, "does not declare depends_on_time"),
    ] {
        let outcome = evaluate(&answering(result), &with_users(json!([1])));
        assert_eq!(
            (outcome.verdict, outcome.reason),
            (Verdict::Unknown, Some(ReasonClass::ParseError)),
            "{result}"
        );
        assert!(outcome.message.contains(words), "{result}: {}", outcome.message);
        assert!(outcome.message.contains("acct-one-two"), "{result}: {}", outcome.message);
    }
}

#[test]
fn two_values_of_one_rule_are_no_answer() {
    let rego = "package checks.acct_one_two\n\nimport rego.v1\n\ndefault verdict := \"unknown\"\n\n\
                verdict := \"pass\" if count(input.facts.accounts.users) > 0\n\n\
                verdict := \"fail\" if count(input.facts.accounts.users) > 0\n\nresult := {\"verdict\": verdict}\n";
    let outcome = evaluate(&check(rego), &with_users(json!([1])));
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Unknown, Some(ReasonClass::ParseError)));
}

#[test]
fn time_is_seen_only_when_declared_and_a_pass_ends() {
    let timed = MANIFEST.replace("severity", "depends_on_time = true\nseverity");
    let outcome = |result: &str| evaluate(&answering_with(result, &timed), &with_users(json!([1])));
    let pass = outcome(r#"{"verdict": "pass", "observed": input.now, "valid_until": input.now + 60.9}"#);
    assert_eq!(pass.observed, json!(NOW));
    assert_eq!((pass.verdict, pass.valid_until), (Verdict::Pass, Some(Timestamp::from_seconds(NOW + 60))));
    assert!(outcome(r#"{"verdict": "pass"}"#).message.contains("without valid_until"));
    assert!(outcome(r#"{"verdict": "pass", "valid_until": input.now}"#).message.contains("already over"));
    assert!(
        outcome(r#"{"verdict": "pass", "valid_until": "soon"}"#).message.contains("a text as valid_until")
    );
    assert_eq!(outcome(r#"{"verdict": "fail"}"#).verdict, Verdict::Fail);

    let untimed = evaluate(
        &answering(r#"{"verdict": "fail", "observed": object.get(input, "now", "none")}"#),
        &with_users(json!([1])),
    );
    assert_eq!(untimed.observed, json!("none"));
}

#[test]
fn answers_are_bounded_and_hidden_characters_are_shown() {
    let users: Vec<Value> =
        (0..700).map(|number| json!({"name": format!("\u{202e}u{number}\n"), "uid": 0})).collect();
    let outcome = evaluate(&check(REGO), &with_users(json!(users)));
    assert_eq!((outcome.verdict, outcome.subjects.len()), (Verdict::Fail, 500));
    assert!(outcome.message.ends_with("(and 200 more)"), "{}", outcome.message);
    assert_eq!(outcome.subjects[0], "\\u{202e}u0\\u{a}");

    let huge = "x".repeat(50_000);
    let echo = answering(
        r#"{"verdict": "fail", "message": input.facts.accounts.users[0], "observed": input.facts}"#,
    );
    let outcome = evaluate(&echo, &with_users(json!([huge])));
    assert_eq!(outcome.message.chars().count(), 241);
    assert_eq!(outcome.observed, json!("too large or not JSON, not kept"));
}

#[test]
fn loops_end_at_the_instruction_limit_and_the_machine_stays_usable() {
    let slow = r#"package checks.acct_one_two

import rego.v1

users := input.facts.accounts.users

quadruples := count([1 | some a in users; some b in users; some c in users; some d in users; a != b; c != d])

default verdict := "unknown"

verdict := "fail" if quadruples > 0

result := {"verdict": verdict}
"#;
    let (slow, good) = (check(slow), check(REGO));
    let mut evaluator = Evaluator::default();
    let users: Vec<Value> = (0..100).map(|uid| json!({"name": format!("u{uid}"), "uid": uid + 1})).collect();
    let facts = PreparedFacts::new(&with_users(json!(users)));
    let now = Timestamp::from_seconds(NOW);
    let outcome = evaluator.evaluate(&slow, &target(), &facts, now);
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Unknown, Some(ReasonClass::Limit)));
    assert!(outcome.message.contains("acct-one-two reached a limit"), "{}", outcome.message);
    let small = PreparedFacts::new(&with_users(json!([{"name": "a"}, {"name": "b"}])));
    assert_eq!(evaluator.evaluate(&slow, &target(), &small, now).verdict, Verdict::Fail);
    assert_eq!(evaluator.evaluate(&good, &target(), &facts, now).verdict, Verdict::Pass);
}

#[test]
fn a_text_that_doubles_from_rule_to_rule_ends_at_the_memory_limit() {
    let doubled: String = (1..25).map(|n| format!("t{n} := concat(\"\", [t{0}, t{0}])\n\n", n - 1)).collect();
    let greedy = format!(
        "package checks.acct_one_two\n\nimport rego.v1\n\nt0 := input.facts.accounts.users[0].name\n\n{doubled}default \
         verdict := \"unknown\"\n\nverdict := \"pass\" if count(t24) > 0\n\nresult := {{\"verdict\": verdict}}\n"
    );
    let (greedy, good) = (check(&greedy), check(REGO));
    let mut evaluator = Evaluator::default();
    let now = Timestamp::from_seconds(NOW);
    let facts = PreparedFacts::new(&with_users(json!([{"name": "x".repeat(1_024), "uid": 1}])));
    let outcome = evaluator.evaluate(&greedy, &target(), &facts, now);
    assert_eq!((outcome.verdict, outcome.reason), (Verdict::Unknown, Some(ReasonClass::Limit)));
    assert!(outcome.message.to_lowercase().contains("memory"), "{}", outcome.message);
    let small = PreparedFacts::new(&with_users(json!([{"name": "", "uid": 1}])));
    assert_eq!(evaluator.evaluate(&greedy, &target(), &small, now).verdict, Verdict::Unknown);
    assert_eq!(evaluator.evaluate(&good, &target(), &facts, now).verdict, Verdict::Pass);
}

/// A check whose rules call each other `length` levels deep.
fn chain(length: usize) -> Result<Check, Vec<LibraryError>> {
    let links: String = (1..length).map(|n| format!("step{n} := step{}\n\n", n + 1)).collect();
    let rego = format!(
        "package checks.acct_one_two\n\nimport rego.v1\n\n{links}step{length} := count(input.facts.accounts.users)\n\n\
         default verdict := \"unknown\"\n\nverdict := \"pass\" if step1 > 0\n\nresult := {{\"verdict\": verdict}}\n"
    );
    Check::load(source("acct-one-two", MANIFEST, &rego))
}

#[test]
fn nesting_is_bounded_so_that_a_worker_keeps_its_stack() {
    // Two more levels are `result` and `verdict`.
    let deepest = chain(30).expect("a valid check");
    let worker = std::thread::Builder::new().stack_size(2 * 1024 * 1024);
    let verdict =
        worker.spawn(move || evaluate(&deepest, &with_users(json!([1]))).verdict).expect("a thread");
    assert_eq!(verdict.join().expect("no panic"), Verdict::Pass);
    for length in [31, 60, 190] {
        let errors = chain(length).expect_err("refused");
        assert!(errors[0].message.contains("nest"), "{errors:?}");
    }
    let loops: String = (0..40).map(|n| format!("\tsome a{n} in input.facts.accounts.users\n")).collect();
    let rego = REGO.replace("\tis_array(users)\n", &format!("{loops}\tis_array(users)\n"));
    assert!(Check::load(source("acct-one-two", MANIFEST, &rego)).is_err());
}

#[test]
fn a_tight_limit_is_a_limit() {
    let limits = Limits { base_instructions: 5, instructions_per_value: 0, ..Limits::default() };
    let facts = PreparedFacts::new(&with_users(json!([{"name": "root", "uid": 0}])));
    let outcome =
        Evaluator::new(limits).evaluate(&check(REGO), &target(), &facts, Timestamp::from_seconds(NOW));
    assert_eq!(outcome.reason, Some(ReasonClass::Limit));
}

#[test]
fn parameters_reach_the_logic() {
    let facts = with_users(json!([{"name": "root", "uid": 0}, {"name": "toor", "uid": 0}]));
    let check = check(REGO);
    assert_eq!(evaluate(&check, &facts).verdict, Verdict::Fail);
    let changed = check.with_parameters(&json!({"names": ["root", "toor"]})).expect("accepted");
    assert_eq!(evaluate(&changed, &facts).verdict, Verdict::Pass);
}

#[test]
fn the_why_view_shows_what_is_read() {
    let mut facts = with_gaps(&[("accounts.users.uid", "limit"), ("sshd", "limit")]);
    let check = check(REGO);
    let reads = explain(&check, &facts);
    assert_eq!(reads.len(), 1);
    assert_eq!(
        (reads[0].path.as_str(), &reads[0].value),
        ("accounts.users", &Some(json!([{"name": "root", "uid": 0}])))
    );
    assert_eq!(reads[0].gaps.len(), 1);
    facts["accounts"] = json!({});
    assert_eq!(explain(&check, &facts)[0].value, None);
    assert_eq!(explain(&check, &json!(7))[0].value, None);
}

/// Any JSON, with names that checks know among the keys.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        Just(json!(0)),
        Just(json!("root")),
        ".{0,12}".prop_map(Value::from),
    ];
    let key = prop_oneof![Just("users".to_owned()), Just("name".into()), Just("uid".into()), "[a-z_]{1,8}"];
    leaf.prop_recursive(5, 60, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(key.clone(), inner, 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn no_document_makes_a_check_panic_or_pass_on_garbage(garbage in any_json(), users in any_json()) {
        static LIBRARY: LazyLock<Library> = LazyLock::new(|| Library::default().with_own(Library::builtin_sources()).0);
        let library = &*LIBRARY;
        prop_assert!(library.get("acct-root-only-uid0").is_some());
        let documents = [
            garbage.clone(),
            json!({"schema": "host/1", "gaps": garbage, "accounts": users}),
            json!({"schema": "host/1", "gaps": [], "accounts": {"users": users}}),
        ];
        let mut evaluator = Evaluator::default();
        for document in &documents {
            let facts = PreparedFacts::new(document);
            for check in library.checks() {
                let outcome = evaluator.evaluate(check, &target(), &facts, Timestamp::from_seconds(NOW));
                prop_assert_ne!(outcome.verdict, Verdict::Pass, "{} on {}", check.id(), document);
                prop_assert_eq!(outcome.reason.is_some(), outcome.verdict != Verdict::Fail);
                prop_assert!(explain(check, document).len() == check.definition().needs.len());
            }
        }
    }
}
