package checks.acct_root_password_locked_test

import data.checks.acct_root_password_locked as check
import rego.v1

# An account as the collector writes it; tests add what they are about.
user(name, uid, more) := object.union(
	{
		"name": name,
		"uid": uid,
		"gid": uid,
		"comment": "",
		"home": sprintf("/home/%s", [name]),
		"shell": "/bin/bash",
		"is_system": false,
		"is_login_capable": true,
		"groups": [name],
	},
	more,
)

with_hosts_of(users, sudo) := with_facts({"schema": "host/1", "gaps": [], "accounts": {"users": users}, "sudo": sudo})

root(state) := user("root", 0, {"password_state": state})

in_use := {"installed": true, "full_privilege_users": ["alice"]}

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {},
}

test_pass_locked if {
	every state in ["locked", "disabled"] {
		check.result.verdict == "pass" with input as with_hosts_of([root(state)], in_use)
	}
}

test_pass_locked_without_sudo if {
	check.result.verdict == "pass" with input as with_hosts_of([root("locked")], {"installed": false})
}

test_fail_password_beside_sudo if {
	result := check.result with input as with_hosts_of([user("alice", 1000, {"password_state": "set"}), root("set")], in_use)
	result.verdict == "fail"
	result.subjects == {"root"}
	result.message == "root has a usable password although sudo is in use by alice"
}

test_fail_empty_password if {
	check.result.verdict == "fail" with input as with_hosts_of([root("empty")], in_use)
}

test_not_applicable_password_is_the_only_way if {
	result := check.result with input as with_hosts_of([root("set")], {"installed": false})
	result.verdict == "not_applicable"
	result.reason == "not_present"
}

test_unknown_nobody_has_rights_by_sudo if {
	check.result.verdict == "unknown" with input as with_hosts_of([root("set")], {"installed": true, "full_privilege_users": []})
}

test_unknown_missing_data if {
	every facts in [{}, null, [], "facts", 7, {"accounts": null, "sudo": null}, {"accounts": {"users": [root("locked")]}}, {"sudo": in_use}] {
		check.result.verdict == "unknown" with input as with_facts(facts)
	}
}

test_unknown_no_root_in_the_list if {
	every users in [null, [], {}, "root", [null], [user("alice", 1000, {"password_state": "locked"})], [user("root", 0, {})]] {
		check.result.verdict == "unknown" with input as with_hosts_of(users, in_use)
	}
}

test_unknown_two_roots_that_differ if {
	check.result.verdict == "unknown" with input as with_hosts_of([root("locked"), root("set")], in_use)
}

test_unknown_wrong_types if {
	every sudo in [null, [], "yes", {}, {"installed": "no"}, {"installed": true}, {"installed": true, "full_privilege_users": "alice"}] {
		check.result.verdict == "unknown" with input as with_hosts_of([root("set")], sudo)
	}
	every state in [null, "", "Locked", 0] {
		check.result.verdict == "unknown" with input as with_hosts_of([root(state)], in_use)
	}
}

test_canary_shared_root_password if {
	check.result.verdict == "fail" with input as with_hosts_of([root("set")], in_use)
}
