package checks.acct_inactive_disabled_test

import data.checks.acct_inactive_disabled as check
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

day := 86400

now := 1800000000

key(name) := {
	"user": name,
	"file": sprintf("/home/%s/.ssh/authorized_keys", [name]),
	"fingerprint": "SHA256:x",
	"kind": "ed25519",
	"comment": "",
	"options": [],
	"from": [],
	"first_seen_at": now,
}

with_users(users) := with_keys(users, [])

with_keys(users, keys) := with_facts({
	"schema": "host/1",
	"gaps": [],
	"accounts": {"users": users},
	"authorized_keys": {"keys": keys, "files": [], "malformed_lines": []},
})

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {"maximum_days": 90, "exempt": ["root"]},
	"now": now,
}

used(name, days_ago) := user(name, 1000, {
	"password_state": "set",
	"has_logged_in": true,
	"last_login_at": now - (days_ago * day),
})

unused(name, days_ago) := user(name, 1001, {
	"password_state": "set",
	"has_logged_in": false,
	"password_changed_at": now - (days_ago * day),
})

test_pass_used_lately if {
	result := check.result with input as with_users([used("alice", 3), user("daemon", 1, {"is_login_capable": false, "password_state": "disabled"}), used("bob", 90)])
	result.verdict == "pass"
	result.valid_until == now + day
}

test_pass_new_and_never_used if {
	check.result.verdict == "pass" with input as with_users([used("alice", 3), unused("new", 10)])
}

test_pass_disabled if {
	check.result.verdict == "pass" with input as with_users([
		used("alice", 3),
		user("bob", 1001, {"password_state": "locked", "has_logged_in": true, "last_login_at": 0}),
		user("carol", 1002, {"password_state": "set", "expires_at": now - day, "has_logged_in": false}),
		used("dave", 3),
	])
}

test_pass_exempt if {
	check.result.verdict == "pass" with input as with_users([used("alice", 3), user("root", 0, {"password_state": "set", "has_logged_in": false}), used("bob", 3)])
}

test_fail_long_unused if {
	result := check.result with input as with_users([used("alice", 3), used("bob", 91)])
	result.verdict == "fail"
	result.subjects == {"bob"}
	result.message == "accounts in use without a login for 90 days: bob"
}

test_fail_never_used_and_old if {
	check.result.verdict == "fail" with input as with_users([used("alice", 3), unused("old", 400)])
}

# A lock on the password does not stop a key.
test_fail_locked_password_and_a_key if {
	bob := user("bob", 1001, {"password_state": "locked", "has_logged_in": true, "last_login_at": now - (400 * day)})
	check.result.verdict == "fail" with input as with_keys([used("alice", 3), bob], [key("bob")])
}

test_fail_expires_some_day if {
	bob := object.union(used("bob", 400), {"expires_at": now + day})
	check.result.verdict == "fail" with input as with_users([used("alice", 3), bob])
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

# Never used, and nobody knows since when it exists.
test_unknown_never_used_without_a_date if {
	check.result.verdict == "unknown" with input as with_users([used("alice", 3), user("bob", 1001, {"password_state": "set", "has_logged_in": false})])
}

test_unknown_logins_not_recorded if {
	every more in [{}, {"has_logged_in": null}, {"has_logged_in": true}, {"has_logged_in": "false"}, {"has_logged_in": true, "last_login_at": "0"}] {
		check.result.verdict == "unknown" with input as with_users([used("alice", 3), user("bob", 1001, object.union({"password_state": "set"}, more))])
	}
}

test_unknown_keys_not_seen if {
	every keys in [null, {}, "none", 0, [null], [{}]] {
		check.result.verdict == "unknown" with input as with_keys([used("alice", 3)], keys)
	}
}

test_canary_account_from_another_age if {
	check.result.verdict == "fail" with input as with_users([used("alice", 4000)])
}
