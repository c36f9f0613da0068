package checks.acct_lockout_configured_test

import data.checks.acct_lockout_configured as check
import rego.v1

good := {"lockout_enabled": true, "lockout_attempts": 5, "lockout_seconds": 900}

changed(changes) := with_pam(object.union(good, changes))

with_pam(settings) := with_facts({"schema": "host/1", "gaps": [], "pam": settings})

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {"maximum_attempts": 10, "minimum_seconds": 600},
}

test_pass_locks if {
	check.result.verdict == "pass" with input as with_pam(good)
	check.result.verdict == "pass" with input as changed({"lockout_attempts": 10, "lockout_seconds": 600})
}

test_pass_until_an_administrator_unlocks if {
	check.result.verdict == "pass" with input as changed({"lockout_seconds": 0})
}

test_fail_never_locks if {
	result := check.result with input as with_pam({"lockout_enabled": false})
	result.verdict == "fail"
	result.message == "failed logins never lock"
}

test_fail_too_many_attempts_or_too_short if {
	every changes in [{"lockout_attempts": 11}, {"lockout_attempts": 0}, {"lockout_attempts": -1}, {"lockout_seconds": 10}, {"lockout_seconds": -5}] {
		check.result.verdict == "fail" with input as changed(changes)
	}
}

test_unknown_missing_data if {
	every facts in [{}, null, [], "facts", 7, {"pam": null}, {"pam": []}, {"pam": "none"}, {"pam": {}}] {
		check.result.verdict == "unknown" with input as with_facts(facts)
	}
}

test_unknown_without_one_setting if {
	every field in object.keys(good) {
		check.result.verdict == "unknown" with input as with_pam(object.remove(good, [field]))
	}
}

test_unknown_wrong_types if {
	every field in object.keys(good) {
		every wrong in [null, {}, "5", "true", [5]] {
			check.result.verdict == "unknown" with input as with_pam(object.union(object.remove(good, [field]), {field: wrong}))
		}
	}
}

test_canary_endless_guessing if {
	check.result.verdict == "fail" with input as with_pam({"lockout_enabled": false})
}
