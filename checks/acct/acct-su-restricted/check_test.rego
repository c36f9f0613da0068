package checks.acct_su_restricted_test

import data.checks.acct_su_restricted as check
import rego.v1

good := {"su_restricted": true, "su_group": "suusers"}

with_pam(settings) := with_facts({"schema": "host/1", "gaps": [], "pam": settings})

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {},
}

test_pass_limited if {
	check.result.verdict == "pass" with input as with_pam(good)
}

test_fail_open if {
	result := check.result with input as with_pam({"su_restricted": false})
	result.verdict == "fail"
	result.message == "everybody may use su"
}

test_unknown_missing_data if {
	every facts in [{}, null, [], "facts", 7, {"pam": null}, {"pam": []}, {"pam": "none"}, {"pam": {}}] {
		check.result.verdict == "unknown" with input as with_facts(facts)
	}
}

test_unknown_without_one_setting if {
	every field in ["su_restricted"] {
		check.result.verdict == "unknown" with input as with_pam(object.remove(good, [field]))
	}
}

test_unknown_wrong_types if {
	every field in ["su_restricted"] {
		every wrong in [null, {}, "true", 1, [true]] {
			check.result.verdict == "unknown" with input as with_pam(object.union(object.remove(good, [field]), {field: wrong}))
		}
	}
}

test_canary_open_su if {
	check.result.verdict == "fail" with input as with_pam({"su_restricted": false})
}
