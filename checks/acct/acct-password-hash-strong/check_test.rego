package checks.acct_password_hash_strong_test

import data.checks.acct_password_hash_strong as check
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
	"params": {"approved": ["yescrypt", "sha512"]},
}

hashed(name, scheme) := user(name, 1000, {"password_state": "set", "hash_scheme": scheme})

test_pass_strong_schemes if {
	check.result.verdict == "pass" with input as with_users([
		hashed("alice", "yescrypt"),
		user("daemon", 1, {"password_state": "disabled"}),
		hashed("bob", "sha512"),
	])
}

test_fail_weak_schemes if {
	every scheme in ["md5", "des", "sha1", "nt", "sha256"] {
		check.result.verdict == "fail" with input as with_users([hashed("alice", "yescrypt"), hashed("bob", scheme)])
	}
}

test_fail_weak_hash_behind_a_lock if {
	result := check.result with input as with_users([user("bob", 1000, {"password_state": "locked", "hash_scheme": "md5"})])
	result.verdict == "fail"
	result.subjects == {"bob (md5)"}
}

test_fail_although_another_entry_is_incomplete if {
	check.result.verdict == "fail" with input as with_users([{"name": "x"}, hashed("bob", "des")])
}

test_not_applicable_no_hash_at_all if {
	result := check.result with input as with_users([user("root", 0, {"password_state": "disabled"})])
	result.verdict == "not_applicable"
	result.reason == "not_present"
}

test_unknown_scheme_not_recognized if {
	result := check.result with input as with_users([hashed("alice", "yescrypt"), hashed("bob", "unknown")])
	result.verdict == "unknown"
	result.message == "the hash scheme is not recognized: bob"
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
	every more in [{}, {"password_state": "set"}, {"password_state": "set", "hash_scheme": null}, {"password_state": "set", "hash_scheme": 6}, {"hash_scheme": "yescrypt"}] {
		check.result.verdict == "unknown" with input as with_users([hashed("alice", "yescrypt"), user("bob", 1001, more)])
	}
}

test_canary_unsalted_des if {
	check.result.verdict == "fail" with input as with_users([user("root", 0, {"password_state": "set", "hash_scheme": "des"})])
}
