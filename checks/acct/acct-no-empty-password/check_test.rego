package checks.acct_no_empty_password_test

import data.checks.acct_no_empty_password as check
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

with_users(users) := with_facts({"schema": "host/1", "gaps": [], "accounts": {"users": users}})

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {},
}

root := user("root", 0, {"password_state": "locked"})

test_pass_no_empty_field if {
	check.result.verdict == "pass" with input as with_users([
		root,
		user("daemon", 1, {"is_login_capable": false, "password_state": "disabled"}),
		user("alice", 1000, {"password_state": "set"}),
	])
}

# It cannot log in, so nobody is asked for anything.
test_pass_empty_field_without_a_shell if {
	check.result.verdict == "pass" with input as with_users([root, user("old", 1001, {"is_login_capable": false, "password_state": "empty"})])
}

test_fail_empty_field if {
	result := check.result with input as with_users([root, user("bob", 1001, {"password_state": "empty"})])
	result.verdict == "fail"
	result.subjects == {"bob"}
	result.message == "no password is asked for: bob"
}

test_fail_although_another_entry_is_incomplete if {
	check.result.verdict == "fail" with input as with_users([{"name": "x"}, user("bob", 1001, {"password_state": "empty"})])
}

test_fail_hostile_names if {
	every name in ["", "%s", "<script>", "\u202etoor", "a\nb"] {
		check.result.verdict == "fail" with input as with_users([root, user(name, 1001, {"password_state": "empty"})])
	}
}

test_unknown_missing_data if {
	every facts in [{}, null, [], "facts", 7, {"accounts": {}}, {"accounts": null}, {"accounts": []}, {"accounts": "none"}] {
		check.result.verdict == "unknown" with input as with_facts(facts)
	}
}

test_unknown_no_list_of_accounts if {
	every users in [null, [], {}, "root", 0, true, [null], ["root"], [[]], [{}]] {
		check.result.verdict == "unknown" with input as with_users(users)
	}
}

# Who may not read shadow sees accounts without a state.
test_unknown_state_not_seen if {
	every more in [{}, {"password_state": null}, {"password_state": "EMPTY"}, {"password_state": ""}, {"password_state": 0}] {
		check.result.verdict == "unknown" with input as with_users([root, user("bob", 1001, more)])
	}
}

test_canary_root_without_password if {
	check.result.verdict == "fail" with input as with_users([user("root", 0, {"password_state": "empty"})])
}
