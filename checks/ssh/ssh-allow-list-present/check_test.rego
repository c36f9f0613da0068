package checks.ssh_allow_list_present_test

import data.checks.ssh_allow_list_present as check
import rego.v1

# The settings of a server that is as asserted; tests change one thing.
good := {
	"installed": true,
	"allow_users": [],
	"allow_groups": ["ssh-login"],
}

with_sshd(changes) := with_facts({"schema": "host/1", "gaps": [], "sshd": object.union(good, changes)})

without(field) := with_facts({"schema": "host/1", "gaps": [], "sshd": object.remove(good, [field])})

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {},
}

test_pass_list_of_groups if {
	result := check.result with input as with_sshd({})
	result.verdict == "pass"
	result.message == "SSH logins are limited to group ssh-login"
}

test_pass_list_of_users if {
	check.result.verdict == "pass" with input as with_sshd({"allow_users": ["alice", "deploy@10.0.0.*"], "allow_groups": []})
}

# Both lists count, so the narrow one limits.
test_pass_open_pattern_beside_a_narrow_list if {
	check.result.verdict == "pass" with input as with_sshd({"allow_users": ["*"], "allow_groups": ["ssh-login"]})
}

test_fail_no_list if {
	result := check.result with input as with_sshd({"allow_groups": []})
	result.verdict == "fail"
	result.subjects == {"no AllowUsers or AllowGroups"}
}

test_fail_list_that_lets_everybody_in if {
	every pattern in ["*", "*@*", "?*"] {
		check.result.verdict == "fail" with input as with_sshd({"allow_users": [pattern, "alice"], "allow_groups": []})
	}
}

test_unknown_names_that_are_none if {
	every name in [null, 7, "", {}, ["ssh-login"]] {
		check.result.verdict == "unknown" with input as with_sshd({"allow_groups": [name]})
	}
}

test_canary_everybody if {
	check.result.verdict == "fail" with input as with_sshd({"allow_groups": []})
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
	every field in ["allow_users", "allow_groups"] {
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
