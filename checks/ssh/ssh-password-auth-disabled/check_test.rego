package checks.ssh_password_auth_disabled_test

import data.checks.ssh_password_auth_disabled as check
import rego.v1

# The settings of a server that is as asserted; tests change one thing.
good := {
	"installed": true,
	"password_authentication": false,
	"kbd_interactive_authentication": false,
	"authentication_methods": ["any"],
	"match_weakenings": [],
}

with_sshd(changes) := with_facts({"schema": "host/1", "gaps": [], "sshd": object.union(good, changes)})

without(field) := with_facts({"schema": "host/1", "gaps": [], "sshd": object.remove(good, [field])})

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {},
}

test_pass_keys_only if {
	check.result.verdict == "pass" with input as with_sshd({})
}

test_pass_password_is_second_of_two if {
	every ways in [["publickey,password"], ["publickey,keyboard-interactive:pam", "publickey,password"], ["publickey"]] {
		check.result.verdict == "pass" with input as with_sshd({
			"password_authentication": true,
			"kbd_interactive_authentication": true,
			"authentication_methods": ways,
		})
	}
}

test_pass_pam_asks_for_a_second_factor if {
	check.result.verdict == "pass" with input as with_pam(
		{"kbd_interactive_authentication": true},
		[{"service": "sshd", "module": "pam_google_authenticator", "is_required": true}],
	)
}

with_pam(changes, factors) := object.union(with_sshd(changes), {"facts": {"pam": {"second_factors": factors}}})

test_fail_password if {
	result := check.result with input as with_sshd({"password_authentication": true})
	result.verdict == "fail"
	result.subjects == {"passwordauthentication yes"}
}

# On many systems switching passwords off is not enough: the dialog asks for the same password.
test_fail_dialog_asks_for_the_same_password if {
	result := check.result with input as with_sshd({"kbd_interactive_authentication": true})
	result.subjects == {"kbdinteractiveauthentication yes"}
}

test_fail_factor_that_may_be_skipped if {
	check.result.verdict == "fail" with input as with_pam(
		{"kbd_interactive_authentication": true},
		[
			{"service": "sshd", "module": "pam_google_authenticator", "is_required": false},
			{"service": "sudo", "module": "pam_google_authenticator", "is_required": true},
		],
	)
}

# The factor is sure in the dialog only: what a plain password meets depends on the module and on UsePAM.
test_fail_password_beside_the_dialog if {
	result := check.result with input as with_pam(
		{"password_authentication": true, "kbd_interactive_authentication": true},
		[{"service": "sshd", "module": "pam_u2f", "is_required": true}],
	)
	result.subjects == {"passwordauthentication yes"}
}

test_fail_one_of_the_ways_is_a_password if {
	result := check.result with input as with_sshd({
		"password_authentication": true,
		"authentication_methods": ["publickey,password", "password"],
	})
	result.subjects == {"authenticationmethods password"}
}

test_unknown_no_way_listed if {
	every ways in [[], [7], [null]] {
		check.result.verdict == "unknown" with input as with_sshd({"authentication_methods": ways})
	}
}

test_canary_passwords_for_everybody if {
	check.result.verdict == "fail" with input as with_sshd({"password_authentication": true, "kbd_interactive_authentication": true})
}

test_not_applicable_no_server if {
	result := check.result with input as with_facts({"schema": "host/1", "gaps": [], "sshd": {"installed": false}})
	result.verdict == "not_applicable"
	result.reason == "not_present"
}

test_unknown_missing_data if {
	every facts in [{}, null, [], "facts", 7, {"sshd": null}, {"sshd": []}, {"sshd": "off"}, {"sshd": {}}, {"sshd": {"installed": true}}] {
		check.result.verdict == "unknown" with input as with_facts(facts)
	}
}

test_unknown_without_one_setting if {
	every field in object.keys(good) {
		check.result.verdict == "unknown" with input as without(field)
	}
}

test_unknown_wrong_types if {
	every field in ["password_authentication", "kbd_interactive_authentication", "authentication_methods", "match_weakenings"] {
		every wrong in [null, 7.5, {}, [null]] {
			check.result.verdict == "unknown" with input as with_sshd({field: wrong})
		}
	}
}

# "false" is not false: only a plain statement that there is no server makes the check not apply.
test_unknown_whether_installed if {
	every installed in [null, "false", 0, [], {}] {
		check.result.verdict == "unknown" with input as with_sshd({"installed": installed})
	}
}

# A Match block of which nobody knows what it does.
test_unknown_incomplete_match_block if {
	every weaker in [null, "root", {}, {"keyword": "passwordauthentication"}, {"keyword": 7, "match_value": "yes", "criteria": "all"}] {
		check.result.verdict == "unknown" with input as with_sshd({"match_weakenings": [weaker]})
	}
}

test_fail_opened_by_match_block if {
	result := check.result with input as with_sshd({"match_weakenings": [{
		"criteria": "address 10.0.0.0/8",
		"keyword": "passwordauthentication",
		"global_value": "no",
		"match_value": "yes",
	}]})
	result.verdict == "fail"
	result.subjects == {"passwordauthentication yes for address 10.0.0.0/8"}
}

# What another check looks after does not matter here.
test_pass_other_keyword_in_match_block if {
	check.result.verdict == "pass" with input as with_sshd({"match_weakenings": [{
		"criteria": "user backup",
		"keyword": "banner",
		"global_value": "/etc/issue.net",
		"match_value": "none",
	}]})
}
