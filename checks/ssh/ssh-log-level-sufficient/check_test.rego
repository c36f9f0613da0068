package checks.ssh_log_level_sufficient_test

import data.checks.ssh_log_level_sufficient as check
import rego.v1

# The settings of a server that is as asserted; tests change one thing.
good := {
	"installed": true,
	"log_level": "VERBOSE",
}

with_sshd(changes) := with_facts({"schema": "host/1", "gaps": [], "sshd": object.union(good, changes)})

without(field) := with_facts({"schema": "host/1", "gaps": [], "sshd": object.remove(good, [field])})

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {"accepted": ["INFO", "VERBOSE"]},
}

test_pass_accepted_levels if {
	every level in ["INFO", "VERBOSE"] {
		check.result.verdict == "pass" with input as with_sshd({"log_level": level})
	}
}

test_fail_other_levels if {
	every level in ["QUIET", "FATAL", "ERROR", "DEBUG", "DEBUG3", "info", "", "INFO ", "%s"] {
		check.result.verdict == "fail" with input as with_sshd({"log_level": level})
	}
}

test_fail_names_the_level if {
	result := check.result with input as with_sshd({"log_level": "QUIET"})
	result.message == "SSH logs at level QUIET"
	result.subjects == {"loglevel QUIET"}
}

test_canary_silent_server if {
	check.result.verdict == "fail" with input as with_sshd({"log_level": "QUIET"})
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
	every field in ["log_level"] {
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
