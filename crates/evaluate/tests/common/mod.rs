//! A small valid check that tests change in one place.

use tickmark_evaluate::{CheckSource, Origin};

pub(crate) const MANIFEST: &str = r#"id = "acct-one-two"
title = "T"
asserts = "A."
rationale = "R"
target_kind = "host"
facts_schema = "host/1"
needs = ["accounts.users"]
severity = "high"
cadence_hours = 24
stale_after_hours = 72
criteria = ["CC6.1"]
remediation = "M"

[parameters]
limit = 3
names = ["root"]
rate = 0.5
strict = true
"#;

pub(crate) const REGO: &str = r#"package checks.acct_one_two

import rego.v1

users := input.facts.accounts.users

bad contains user.name if {
	some user in users
	is_string(user.name)
	user.uid == 0
	not user.name in input.params.names
}

judged contains index if {
	some index, user in users
	is_string(user.name)
	is_number(user.uid)
}

default verdict := "unknown"

verdict := "fail" if count(bad) > 0

verdict := "pass" if {
	is_array(users)
	count(users) > 0
	count(bad) == 0
	count(judged) == count(users)
}

result := {"verdict": verdict, "subjects": bad}
"#;

pub(crate) const TESTS: &str = r#"package checks.acct_one_two_test

import data.checks.acct_one_two as check
import rego.v1

with_users(users) := {
	"target": {"kind": "host", "external_id": "h", "name": "n"},
	"facts": {"schema": "host/1", "gaps": [], "accounts": {"users": users}},
	"params": {"names": ["root"], "limit": 3, "rate": 0.5, "strict": true},
}

test_pass_root if check.result.verdict == "pass" with input as with_users([{"name": "root", "uid": 0}])

test_fail_other if check.result.verdict == "fail" with input as with_users([{"name": "bob", "uid": 0}])

test_unknown_nothing if {
	every users in [null, [], {}, "x"] {
		check.result.verdict == "unknown" with input as with_users(users)
	}
}

test_canary_toor if check.result.verdict == "fail" with input as with_users([{"name": "toor", "uid": 0}])
"#;

/// Makes a folder in group `acct`, with tests whose package fits.
pub(crate) fn source(folder: &str, manifest: &str, rego: &str) -> CheckSource {
    CheckSource {
        group: "acct".into(),
        folder: folder.into(),
        toml: Some(manifest.into()),
        rego: Some(rego.into()),
        tests: Some(TESTS.replace("acct_one_two", &folder.replace('-', "_"))),
        origin: Origin::Builtin,
    }
}
