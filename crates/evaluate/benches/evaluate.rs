//! Budgets of checks: documents per second with 14 rules, in one check and in four, and with 14 checks, the ratio to
//! plain Rust, and loading.
//!
//! The budget is 50,000 documents a second with 14 rules that compare settings, in one program: the figure that engines
//! were compared by. Four checks of the shape of real ones (a list with every element judged, or settings compared)
//! have as many rules and build four results. The document is new each time and about 1 KB, as after a look at a host.
//! The budget is that of what is shipped: `cargo bench --profile dist -p tickmark-evaluate`.
//!
//! Numbers are printed; the process fails only when a result is wrong, because a busy machine proves nothing about speed.

use std::hint::black_box;
use std::time::Duration;

use serde_json::{Value, json};
use tickmark_core::Timestamp;
use tickmark_core::observation::{TargetRef, Verdict};
use tickmark_evaluate::{Check, CheckSource, Evaluator, Library, Origin, PreparedFacts};

const CHECKS: usize = 14;
/// Few enough to stay in the cache, as a document does that was just made, and none is used twice in a row.
const DOCUMENTS: u64 = 50;
/// One check of five rules and three of three.
const CHECKS_WITH_14_RULES: std::ops::Range<usize> = 1..5;
const TARGET_DOCUMENTS_PER_SECOND: f64 = 50_000.0;
const TARGET_LOAD_MS: f64 = 50.0;
const TARGET_LOAD_CHECKS: usize = 200;

fn main() {
    let checks: Vec<Check> =
        (0..CHECKS).map(|number| Check::load(source(number)).expect("a valid check")).collect();
    let target = TargetRef { kind: "host".into(), external_id: "h1".into(), name: "web1".into() };
    let now = Timestamp::from_seconds(1_800_000_000);
    println!("document: {} bytes", document(0).to_string().len());

    // Documents are made before: that is the collector's work. Each is used once in a while, none twice in a row.
    let documents: Vec<Value> = (0..DOCUMENTS).map(document).collect();
    let mut next = documents.iter().cycle();
    let mut evaluator = Evaluator::default();
    let mut evaluated = |checks: &[Check]| {
        per_second(|| {
            let facts = PreparedFacts::new(next.next().expect("a cycle"));
            for check in checks {
                let outcome = evaluator.evaluate(check, &target, &facts, now);
                assert_eq!(outcome.verdict, Verdict::Pass, "{}", outcome.message);
                black_box(outcome);
            }
        })
    };
    let one = evaluated(&[Check::load(fourteen_rules()).expect("a valid check")]);
    println!(
        "14 rules in 1 check: {one:.0} documents/s (budget {TARGET_DOCUMENTS_PER_SECOND:.0}, ratio {:.2})",
        one / TARGET_DOCUMENTS_PER_SECOND
    );
    let rules = evaluated(&checks[CHECKS_WITH_14_RULES]);
    println!("14 rules in 4 checks: {rules:.0} documents/s");
    let whole = evaluated(&checks);
    println!(
        "14 checks of 52 rules: {whole:.0} documents/s, {:.2} µs a verdict",
        1e6 / whole / CHECKS as f64
    );
    let preparing = per_second(|| drop(black_box(PreparedFacts::new(next.next().expect("a cycle")))));
    println!("making a document ready: {:.2} µs", 1e6 / preparing);

    let native = per_second(|| {
        let facts = next.next().expect("a cycle");
        for rule in 0..CHECKS {
            assert!(black_box(native_rule(black_box(facts), rule)));
        }
    });
    println!("14 checks in plain Rust: {native:.0} documents/s, {:.1} times as fast", native / whole);

    let started = processor_time();
    let library = Library::builtin().expect("valid checks");
    let load = milliseconds(processor_time() - started);
    println!("load of {} built-in checks: {load:.1} ms (budget {TARGET_LOAD_MS:.0} ms)", library.len());
    let started = processor_time();
    let facts = PreparedFacts::new(&document(0));
    let mut evaluator = Evaluator::default();
    library.checks().for_each(|check| drop(black_box(evaluator.evaluate(check, &target, &facts, now))));
    println!("each of them asked for the first time: {:.1} ms", milliseconds(processor_time() - started));
    let started = processor_time();
    let many = Library::load((0..TARGET_LOAD_CHECKS).map(source).collect()).expect("valid checks");
    let load = milliseconds(processor_time() - started);
    println!("load of {} checks: {load:.1} ms (budget {TARGET_LOAD_MS:.0} ms)", many.len());
}

/// Returns the processor time of this thread: a machine that is busy with other things does not change it much.
fn processor_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// Runs `work` for half a second of processor time after warming up and returns how often per second.
fn per_second(mut work: impl FnMut()) -> f64 {
    (0..200).for_each(|_| work());
    let started = processor_time();
    let mut count = 0_u32;
    loop {
        (0..50).for_each(|_| work());
        count += 50;
        let passed = processor_time() - started;
        if passed >= Duration::from_millis(500) {
            return f64::from(count) / passed.as_secs_f64();
        }
    }
}

fn document(number: u64) -> Value {
    let users: Vec<Value> = (0..8)
        .map(|user| {
            json!({"name": format!("user{user}"), "uid": 1000 + user, "shell": "/bin/bash", "is_system": false,
                   "home": format!("/home/user{user}")})
        })
        .collect();
    json!({"schema": "host/1", "gaps": [], "host": {"name": format!("host{number}")},
           "accounts": {"users": users}, "sshd": {"installed": true, "permit_root_login": "no"}})
}

/// Of three checks one goes through a list; the others compare settings, like the checks that are shipped.
fn source(number: usize) -> CheckSource {
    let rego = format!(
        r#"package checks.bench_rule_{number}

import rego.v1

users := input.facts.accounts.users

bad contains user.name if {{
	some user in users
	user.uid == {number}
}}

judged contains index if {{
	some index, user in users
	is_number(user.uid)
}}

default verdict := "unknown"

verdict := "fail" if count(bad) > 0

verdict := "pass" if {{
	count(bad) == 0
	count(users) > 0
	count(judged) == count(users)
}}

result := {{"verdict": verdict, "subjects": bad}}
"#
    );
    let light = format!(
        r#"package checks.bench_rule_{number}

import rego.v1

sshd := input.facts.sshd

default verdict := "unknown"

verdict := "fail" if sshd.permit_root_login == "yes"

verdict := "pass" if {{
	sshd.installed == true
	sshd.permit_root_login in {{"no", "prohibit-password", "rule{number}"}}
}}

result := {{"verdict": verdict, "observed": sshd.permit_root_login}}
"#
    );
    folder(
        number,
        if number.is_multiple_of(3) {
            rego
        } else {
            light.replace("\"observed\": sshd.permit_root_login", "\"expected\": \"no\"")
        },
    )
}

/// One check of 14 rules: twelve compare settings, one concludes, one answers.
fn fourteen_rules() -> CheckSource {
    let number = CHECKS;
    let rules: String = (0..12)
        .map(|rule| {
            format!("rule{rule} if {{\n\tinput.facts.sshd.installed == true\n\tinput.facts.sshd.permit_root_login != \"yes{rule}\"\n}}\n\n")
        })
        .collect();
    let all: String = (0..12).map(|rule| format!("\trule{rule}\n")).collect();
    let rego = format!(
        "package checks.bench_rule_{number}\n\nimport rego.v1\n\n{rules}default verdict := \"unknown\"\n\n\
         verdict := \"pass\" if {{\n{all}}}\n\nresult := {{\"verdict\": verdict}}\n"
    );
    folder(number, rego)
}

fn folder(number: usize, rego: String) -> CheckSource {
    let id = format!("bench-rule-{number}");
    CheckSource {
        group: "bench".into(),
        folder: id.clone(),
        toml: Some(format!(
            r#"id = "{id}"
title = "t"
asserts = "a"
rationale = "r"
target_kind = "host"
facts_schema = "host/1"
needs = ["accounts.users", "sshd"]
severity = "low"
cadence_hours = 1
stale_after_hours = 1
criteria = []
remediation = "m"
"#
        )),
        rego: Some(rego),
        tests: Some(format!("package checks.bench_rule_{number}_test\n")),
        origin: Origin::Own,
    }
}

fn native_rule(facts: &Value, rule: usize) -> bool {
    if rule.is_multiple_of(3) {
        let Some(users) = facts["accounts"]["users"].as_array() else { return false };
        !users.is_empty()
            && users.iter().all(|user| user["uid"].as_u64().is_some_and(|uid| uid != rule as u64))
    } else {
        facts["sshd"]["installed"] == true
            && matches!(facts["sshd"]["permit_root_login"].as_str(), Some("no" | "prohibit-password"))
    }
}
