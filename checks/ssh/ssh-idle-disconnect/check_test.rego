package checks.ssh_idle_disconnect_test

import data.checks.ssh_idle_disconnect as check
import rego.v1

# The settings of a server that is as asserted; tests change one thing.
good := {
	"installed": true,
	"idle_limit_seconds": 600,
}

with_sshd(changes) := with_facts({"schema": "host/1", "gaps": [], "sshd": object.union(good, changes)})

without(field) := with_facts({"schema": "host/1", "gaps": [], "sshd": object.remove(good, [field])})

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {"maximum_seconds": 900},
}

test_pass_within_the_limit if {
	every seconds in [1, 600, 900] {
		check.result.verdict == "pass" with input as with_sshd({"idle_limit_seconds": seconds})
	}
}

test_fail_never if {
	result := check.result with input as with_sshd({"idle_limit_seconds": 0})
	result.verdict == "fail"
	result.message == "SSH: idle sessions are never closed"
}

test_fail_too_late if {
	every seconds in [901, 86400, 9223372036854775807] {
		check.result.verdict == "fail" with input as with_sshd({"idle_limit_seconds": seconds})
	}
}

test_unknown_strange_numbers if {
	every seconds in ["600", "", true, [600], -1] {
		check.result.verdict == "unknown" with input as with_sshd({"idle_limit_seconds": seconds})
	}
}

test_canary_sessions_for_ever if {
	check.result.verdict == "fail" with input as with_sshd({"idle_limit_seconds": 0})
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
	every field in ["idle_limit_seconds"] {
		every wrong in [null, "600", {}, [null]] {
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
