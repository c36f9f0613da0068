package checks.acct_known_owner_test

import data.checks.acct_known_owner as check
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
	"params": {"owners": ["alice Alice Example", "bob Bob Example, contractor"]},
}

test_pass_known_people if {
	check.result.verdict == "pass" with input as with_users([user("alice", 1000, {}), user("root", 0, {}), user("www-data", 33, {"is_system": true, "is_login_capable": false}), user("bob", 1001, {})])
}

test_fail_stranger if {
	result := check.result with input as with_users([user("alice", 1000, {}), user("test", 1005, {})])
	result.verdict == "fail"
	result.subjects == {"test"}
}

test_fail_although_another_entry_is_incomplete if {
	check.result.verdict == "fail" with input as with_users([{"name": "x"}, user("test", 1005, {})])
}

test_fail_look_alikes if {
	every name in ["", "Alice", "alice ", "\u0430lice", "alice Alice Example", "%s"] {
		check.result.verdict == "fail" with input as with_users([user(name, 1000, {})])
	}
}

# A name without an owner behind it is no owner on record.
test_fail_entry_without_an_owner if {
	check.result.verdict == "fail" with input as object.union(with_users([user("carol", 1000, {})]), {"params": {"owners": ["carol", "alice Alice Example"]}})
}

test_not_applicable_no_people if {
	result := check.result with input as with_users([user("root", 0, {}), user("www-data", 33, {"is_system": true, "is_login_capable": false})])
	result.verdict == "not_applicable"
	result.reason == "not_present"
}

test_unknown_no_owners_on_record if {
	result := check.result with input as object.union(with_users([user("alice", 1000, {})]), {"params": {"owners": []}})
	result.verdict == "unknown"
	result.message == "set the parameter owners; accounts without an owner on record: alice"
	result.subjects == {"alice"}
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
	every more in [{"uid": null}, {"uid": "0"}, {"is_system": null}, {"is_system": "true"}, {"is_login_capable": null}, {"name": 7}] {
		check.result.verdict == "unknown" with input as with_users([user("alice", 1000, {}), user("bob", 1001, more)])
	}
}

test_canary_account_of_nobody if {
	check.result.verdict == "fail" with input as with_users([user("mallory", 1337, {})])
}
