package checks.example_test

import data.checks.example as check
import rego.v1

user(name, shell) := {
	"name": name,
	"uid": 1000,
	"gid": 1000,
	"comment": "",
	"home": "/",
	"shell": shell,
	"is_system": false,
	"is_login_capable": true,
	"groups": [name],
}

with_users(users) := with_facts({"schema": "host/1", "gaps": [], "accounts": {"users": users}})

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {"approved_shells": ["/bin/bash"]},
}

test_pass_approved_shell if {
	check.result.verdict == "pass" with input as with_users([user("alice", "/bin/bash"), user("bob", "/bin/bash")])
}

test_fail_other_shell if {
	result := check.result with input as with_users([user("alice", "/bin/bash"), user("bob", "/bin/zsh")])
	result.verdict == "fail"
	result.subjects == {"bob"}
}

test_unknown_missing_data if {
	every facts in [{}, null, [], "facts", 7, {"accounts": {}}, {"accounts": null}] {
		check.result.verdict == "unknown" with input as with_facts(facts)
	}
}

test_unknown_no_list if {
	every users in [null, [], {}, "alice", 0, true, [null]] {
		check.result.verdict == "unknown" with input as with_users(users)
	}
}

test_unknown_partial_list if {
	every incomplete in [{}, {"name": "bob"}, {"shell": "/bin/bash"}, {"name": "bob", "shell": 7}] {
		check.result.verdict == "unknown" with input as with_users([user("alice", "/bin/bash"), incomplete])
	}
}

# A known-bad document that every version must fail.
test_canary_unapproved_shell if {
	check.result.verdict == "fail" with input as with_users([user("mallory", "/tmp/shell")])
}
