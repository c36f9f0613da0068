package checks.acct_leaver_removed_test

import data.checks.acct_leaver_removed as check
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
	"params": {"leavers": ["bob 2027-01-01", "carol 2027-01-20"], "list_as_of": "2027-01-10", "list_maximum_days": 35, "removal_hours": 24},
	"now": now,
}

# Now is 2027-01-15, 08:00.
alice := user("alice", 1000, {"password_state": "set"})

with_list(document, changes) := object.union(document, {"params": changes})

test_pass_leaver_is_gone if {
	check.result.verdict == "pass" with input as with_users([alice, user("daemon", 1, {"is_login_capable": false, "password_state": "disabled"}), alice])
}

test_pass_leaver_is_disabled if {
	check.result.verdict == "pass" with input as with_users([alice, user("bob", 1001, {"password_state": "locked"}), alice])
	check.result.verdict == "pass" with input as with_users([alice, user("bob", 1001, {"password_state": "set", "expires_at": now - day}), alice])
}

test_pass_last_day_to_come if {
	check.result.verdict == "pass" with input as with_users([alice, user("carol", 1002, {"password_state": "set"})])
}

test_pass_nobody_left if {
	check.result.verdict == "pass" with input as with_list(with_users([alice]), {"leavers": []})
}

# The last day, 24 hours, and not a second more.
test_pass_within_the_limit if {
	result := check.result with input as with_list(with_users([user("bob", 1001, {"password_state": "set"})]), {"leavers": ["bob 2027-01-14"]})
	result.verdict == "pass"
	result.valid_until == 1800057600
}

test_fail_leaver_with_a_password if {
	result := check.result with input as with_users([alice, user("bob", 1001, {"password_state": "set"})])
	result.verdict == "fail"
	result.subjects == {"bob"}
	result.message == "accounts of leavers that can still be used: bob"
}

# A lock on the password does not stop a key.
test_fail_leaver_with_a_key if {
	check.result.verdict == "fail" with input as with_keys([user("bob", 1001, {"password_state": "locked"})], [key("bob")])
}

# An old list is enough to accuse, and not enough to acquit.
test_fail_old_list if {
	check.result.verdict == "fail" with input as with_list(with_users([user("bob", 1001, {"password_state": "set"})]), {"list_as_of": ""})
}

test_unknown_nobody_said_who_left if {
	result := check.result with input as with_list(with_users([alice]), {"leavers": [], "list_as_of": ""})
	result.verdict == "unknown"
	result.message == "set the parameters leavers and list_as_of: nobody has said who left"
}

test_unknown_list_too_old if {
	result := check.result with input as with_list(with_users([alice]), {"list_as_of": "2026-12-01"})
	result.verdict == "unknown"
	result.message == "the list of leavers is too old, or list_as_of is not a day"
}

test_unknown_entry_not_understood if {
	every entry in ["", "dave", "dave soon", "dave 2027-02-30", "dave 2027-13-01", "dave 01.01.2027"] {
		result := check.result with input as with_list(with_users([alice]), {"leavers": [entry]})
		result.verdict == "unknown"
		result.message == "an entry of the parameter leavers is not an account, a space and a day"
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
	every more in [{}, {"password_state": null}, {"password_state": "off"}, {"password_state": "set", "is_login_capable": null}, {"name": 7}] {
		check.result.verdict == "unknown" with input as with_users([alice, user("dave", 1001, more)])
	}
}

test_unknown_keys_not_seen if {
	every keys in [null, {}, "none", 0, [null], [{}]] {
		check.result.verdict == "unknown" with input as with_keys([alice], keys)
	}
}

test_canary_left_last_year if {
	check.result.verdict == "fail" with input as with_list(with_users([user("mallory", 1001, {"password_state": "set"})]), {"leavers": ["mallory 2026-01-31"]})
}
