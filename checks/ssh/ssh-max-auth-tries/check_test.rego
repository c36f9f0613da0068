package checks.ssh_max_auth_tries_test

import data.checks.ssh_max_auth_tries as check
import rego.v1

# The settings of a server that is as asserted; tests change one thing.
good := {
	"installed": true,
	"max_auth_tries": 4,
}

with_sshd(changes) := with_facts({"schema": "host/1", "gaps": [], "sshd": object.union(good, changes)})

without(field) := with_facts({"schema": "host/1", "gaps": [], "sshd": object.remove(good, [field])})

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {"maximum": 4},
}

test_pass_at_or_below_the_limit if {
	every tries in [0, 1, 3, 4] {
		check.result.verdict == "pass" with input as with_sshd({"max_auth_tries": tries})
	}
}

test_fail_above_the_limit if {
	every tries in [5, 6, 1000000, 9223372036854775807] {
		check.result.verdict == "fail" with input as with_sshd({"max_auth_tries": tries})
	}
}

test_fail_says_how_many if {
	result := check.result with input as with_sshd({"max_auth_tries": 6})
	result.message == "SSH allows 6 attempts per connection, more than 4"
	result.subjects == {"maxauthtries 6"}
}

# "3" is not 3, and a negative number means something that nobody meant.
test_unknown_strange_numbers if {
	every tries in ["3", "", true, [3], -1] {
		check.result.verdict == "unknown" with input as with_sshd({"max_auth_tries": tries})
	}
}

test_canary_many_attempts if {
	check.result.verdict == "fail" with input as with_sshd({"max_auth_tries": 100})
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
	every field in ["max_auth_tries"] {
		every wrong in [null, "4", {}, [null]] {
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
