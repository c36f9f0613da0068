package checks.acct_password_min_length_test

import data.checks.acct_password_min_length as check
import rego.v1

good := {"password_min_length": 14, "second_factors": [], "services": ["login", "sshd"]}

with_pam(settings) := with_facts({"schema": "host/1", "gaps": [], "pam": settings})

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {"minimum": 14, "minimum_with_second_factor": 8},
}

second_factor(service, is_required) := {"service": service, "module": "pam_google_authenticator", "is_required": is_required}

test_pass_long_enough if {
	every length in [14, 15, 64] {
		check.result.verdict == "pass" with input as with_pam({"password_min_length": length, "second_factors": [], "services": ["login"]})
	}
}

test_pass_shorter_with_a_second_factor_everywhere if {
	check.result.verdict == "pass" with input as with_pam({
		"password_min_length": 8,
		"second_factors": [second_factor("login", true), second_factor("sshd", true)],
		"services": ["login", "sshd"],
	})
}

test_fail_too_short if {
	result := check.result with input as with_pam(object.union(good, {"password_min_length": 6}))
	result.verdict == "fail"
	result.message == "passwords of 6 characters are accepted, the policy asks for 14"
}

test_fail_second_factor_on_one_service_only if {
	check.result.verdict == "fail" with input as with_pam({
		"password_min_length": 8,
		"second_factors": [second_factor("login", true), second_factor("sshd", false)],
		"services": ["login", "sshd"],
	})
}

test_unknown_missing_data if {
	every facts in [{}, null, [], "facts", 7, {"pam": null}, {"pam": []}, {"pam": "none"}, {"pam": {}}] {
		check.result.verdict == "unknown" with input as with_facts(facts)
	}
}

test_unknown_length_that_is_none if {
	every length in [null, "14", "", true, [14], {}] {
		check.result.verdict == "unknown" with input as with_pam(object.union(object.remove(good, ["password_min_length"]), {"password_min_length": length}))
	}
}

test_canary_one_character if {
	check.result.verdict == "fail" with input as with_pam(object.union(good, {"password_min_length": 1}))
}
