package checks.acct_privileged_mfa_test

import data.checks.acct_privileged_mfa as check
import rego.v1

factor(service, is_required) := {"service": service, "module": "pam_google_authenticator", "is_required": is_required}

services := ["login", "sshd", "su", "sudo"]

keys_only := {"installed": true, "authentication_methods": ["any"]}

dialog := {"installed": true, "authentication_methods": ["publickey,keyboard-interactive"]}

at_entry := [factor("login", true), factor("sshd", true)]

when_raising := [factor("su", true), factor("sudo", true)]

with_stacks(names, factors, sshd) := with_facts({
	"schema": "host/1",
	"gaps": [],
	"pam": {"services": names, "second_factors": factors},
	"sshd": sshd,
})

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {},
}

test_pass_when_rights_are_raised if {
	result := check.result with input as with_stacks(services, when_raising, keys_only)
	result.verdict == "pass"
	result.message == "a second factor is asked for when rights are raised"
}

test_pass_at_every_way_in if {
	check.result.verdict == "pass" with input as with_stacks(services, at_entry, dialog)
	check.result.verdict == "pass" with input as with_stacks(["login", "sudo"], [factor("login", true)], {"installed": false})
}

test_fail_no_second_factor if {
	result := check.result with input as with_stacks(services, [], keys_only)
	result.verdict == "fail"
	result.subjects == {"login", "sshd", "su", "sudo"}
}

# The module is there, and accounts without a factor walk past it.
test_fail_factor_that_may_be_skipped if {
	check.result.verdict == "fail" with input as with_stacks(services, [factor("su", true), factor("sudo", false)], keys_only)
}

# A key alone never meets PAM's question.
test_fail_key_goes_past_the_question if {
	result := check.result with input as with_stacks(services, at_entry, keys_only)
	result.verdict == "fail"
	result.subjects == {"sshd", "su", "sudo"}
	check.result.verdict == "fail" with input as with_stacks(services, at_entry, {"installed": true, "authentication_methods": ["publickey,keyboard-interactive", "publickey"]})
}

test_fail_su_is_left_open if {
	result := check.result with input as with_stacks(services, [factor("sudo", true)], keys_only)
	"su" in result.subjects
}

test_unknown_missing_data if {
	every facts in [{}, null, [], "facts", 7, {"pam": null, "sshd": null}, {"pam": [], "sshd": []}, {"pam": {}, "sshd": {}}, {"pam": {"services": services}, "sshd": keys_only}] {
		check.result.verdict == "unknown" with input as with_facts(facts)
	}
}

test_unknown_no_services if {
	every names in [null, [], {}, "sudo", [7], [null]] {
		check.result.verdict == "unknown" with input as with_stacks(names, [], keys_only)
	}
}

test_unknown_factors_not_seen if {
	every factors in [null, {}, "none", [null], [{}], [{"service": "sudo", "is_required": "false"}]] {
		check.result.verdict == "unknown" with input as with_stacks(services, factors, keys_only)
	}
}

test_unknown_ways_in_not_seen if {
	every sshd in [null, {}, {"installed": "no"}, {"installed": true}, {"installed": true, "authentication_methods": null}] {
		check.result.verdict == "unknown" with input as with_stacks(services, at_entry, sshd)
	}
}

test_canary_one_secret_to_root if {
	check.result.verdict == "fail" with input as with_stacks(services, [], keys_only)
}
