package checks.acct_password_reuse_blocked_test

import data.checks.acct_password_reuse_blocked as check
import rego.v1

good := {"password_history": 5}

with_pam(settings) := with_facts({"schema": "host/1", "gaps": [], "pam": settings})

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {"minimum_remembered": 5},
}

test_pass_enough if {
	every value in [5, 6, 100] {
		check.result.verdict == "pass" with input as with_pam({"password_history": value})
	}
}

test_fail_too_little if {
	every value in [0, 4, -1] {
		check.result.verdict == "fail" with input as with_pam({"password_history": value})
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
		every wrong in [null, {}, "5", true, [5]] {
			check.result.verdict == "unknown" with input as with_pam(object.union(object.remove(good, [field]), {field: wrong}))
		}
	}
}

test_canary_no_memory if {
	check.result.verdict == "fail" with input as with_pam({"password_history": 0})
}
