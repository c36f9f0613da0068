package checks.acct_session_timeout_test

import data.checks.acct_session_timeout as check
import rego.v1

good := {"shell_timeout_seconds": 600, "shell_timeout_readonly": true}

changed(changes) := with_session(object.union(good, changes))

with_session(settings) := with_facts({"schema": "host/1", "gaps": [], "session": settings})

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {"maximum_seconds": 900, "must_be_readonly": true},
}

test_pass_within_the_limit if {
	every seconds in [1, 600, 900] {
		check.result.verdict == "pass" with input as changed({"shell_timeout_seconds": seconds})
	}
}

test_pass_changeable_where_policy_allows if {
	check.result.verdict == "pass" with input as object.union(changed({"shell_timeout_readonly": false}), {"params": {"must_be_readonly": false}})
}

test_fail_never if {
	result := check.result with input as changed({"shell_timeout_seconds": 0, "shell_timeout_readonly": false})
	result.verdict == "fail"
	result.message == "idle shells never end"
}

test_fail_late_or_changeable if {
	every changes in [{"shell_timeout_seconds": 901}, {"shell_timeout_readonly": false}] {
		check.result.verdict == "fail" with input as changed(changes)
	}
}

test_unknown_missing_data if {
	every facts in [{}, null, [], "facts", 7, {"session": null}, {"session": []}, {"session": "none"}, {"session": {}}] {
		check.result.verdict == "unknown" with input as with_facts(facts)
	}
}

test_unknown_without_one_setting if {
	every field in object.keys(good) {
		check.result.verdict == "unknown" with input as with_session(object.remove(good, [field]))
	}
}

test_unknown_wrong_types if {
	every field in object.keys(good) {
		every wrong in [null, {}, "600", [600]] {
			check.result.verdict == "unknown" with input as with_session(object.union(object.remove(good, [field]), {field: wrong}))
		}
	}
}

test_canary_shell_for_ever if {
	check.result.verdict == "fail" with input as changed({"shell_timeout_seconds": 0})
}
