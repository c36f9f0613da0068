package checks.acct_home_permissions_test

import data.checks.acct_home_permissions as check
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

home(more) := {"home_state": object.union({"exists": true, "mode": "0750", "owner_uid": 1000, "is_writable_by_others": false, "writable_dotfiles": []}, more)}

alice := user("alice", 1000, home({}))

test_pass_closed if {
	check.result.verdict == "pass" with input as with_users([
		alice,
		user("root", 0, home({"owner_uid": 0})),
		user("daemon", 1, {"is_login_capable": false}),
		alice,
	])
}

test_pass_no_home if {
	check.result.verdict == "pass" with input as with_users([alice, user("nobody", 65534, {"home_state": {"exists": false}}), alice])
}

test_pass_shared_folder_of_root if {
	check.result.verdict == "pass" with input as with_users([
		alice,
		user("app", 1002, {"home_state": {"exists": true, "mode": "0755", "owner_uid": 0, "is_writable_by_others": false}}),
		alice,
	])
}

test_fail_each_way if {
	every more in [{"is_writable_by_others": true}, {"owner_uid": 1001}, {"writable_dotfiles": ["/home/bob/.bashrc"]}] {
		check.result.verdict == "fail" with input as with_users([alice, user("bob", 1000, home(more))])
	}
}

test_fail_names_account_and_file if {
	result := check.result with input as with_users([alice, user("bob", 1000, home({"writable_dotfiles": ["/home/bob/.profile"]}))])
	result.subjects == {"bob: others may write /home/bob/.profile"}
	result.observed == {"accounts": {"bob"}}
}

test_fail_although_another_entry_is_incomplete if {
	check.result.verdict == "fail" with input as with_users([{"name": "x"}, user("bob", 1000, home({"is_writable_by_others": true}))])
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

test_unknown_home_not_seen if {
	every more in [{}, {"home_state": null}, {"home_state": "closed"}, {"home_state": {}}, {"home_state": {"exists": true}}, {"home_state": {"exists": "false"}}, home({"is_writable_by_others": null}), home({"owner_uid": "1000"}), home({"writable_dotfiles": null})] {
		check.result.verdict == "unknown" with input as with_users([alice, user("bob", 1000, more)])
	}
}

test_canary_home_for_everybody if {
	check.result.verdict == "fail" with input as with_users([user("root", 0, home({"mode": "0777", "owner_uid": 0, "is_writable_by_others": true}))])
}
