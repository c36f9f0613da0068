package checks.acct_service_no_shell_test

import data.checks.acct_service_no_shell as check
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
	"params": {"exempt": ["git"]},
}

service(name, is_login_capable) := user(name, 100, {"is_system": true, "is_login_capable": is_login_capable})

test_pass_no_shells if {
	check.result.verdict == "pass" with input as with_users([user("root", 0, {}), service("www-data", false), user("alice", 1000, {})])
}

test_pass_exempt if {
	check.result.verdict == "pass" with input as with_users([user("root", 0, {}), service("git", true)])
}

test_fail_service_with_a_shell if {
	result := check.result with input as with_users([user("root", 0, {}), service("postgres", true), service("www-data", false)])
	result.verdict == "fail"
	result.subjects == {"postgres"}
}

test_fail_although_another_entry_is_incomplete if {
	check.result.verdict == "fail" with input as with_users([{"name": "x"}, service("www-data", true)])
}

test_fail_look_alikes if {
	every name in ["", "Git", "git ", "g\u0456t", "%s"] {
		check.result.verdict == "fail" with input as with_users([user("root", 0, {}), service(name, true)])
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

test_unknown_partial_list if {
	every more in [{"is_system": null}, {"is_system": "false"}, {"is_login_capable": null}, {"is_login_capable": 0}, {"name": 7}] {
		check.result.verdict == "unknown" with input as with_users([user("root", 0, {}), user("bob", 1001, more)])
	}
}

test_canary_web_server_with_a_shell if {
	check.result.verdict == "fail" with input as with_users([service("www-data", true)])
}
