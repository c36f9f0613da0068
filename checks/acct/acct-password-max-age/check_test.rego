package checks.acct_password_max_age_test

import data.checks.acct_password_max_age as check
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

with_users(users) := with_accounts({"users": users, "login_defs": {"pass_max_days": 365}})

with_accounts(accounts) := with_facts({"schema": "host/1", "gaps": [], "accounts": accounts})

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {"maximum_days": 365},
}

alice := user("alice", 1000, {"password_state": "set", "max_days": 90})

under_policy(days, document) := object.union(document, {"params": {"maximum_days": days}})

test_pass_expires if {
	check.result.verdict == "pass" with input as with_users([alice, user("daemon", 1, {"is_login_capable": false, "password_state": "disabled"}), user("bob", 1001, {"password_state": "set", "max_days": 365})])
}

test_fail_never_or_late if {
	every more in [{}, {"max_days": 366}, {"max_days": 99999}, {"max_days": 0}, {"max_days": -1}, {"max_days": "90"}] {
		result := check.result with input as with_users([alice, user("bob", 1001, object.union({"password_state": "set"}, more))])
		result.verdict == "fail"
		result.subjects == {"bob"}
	}
}

test_fail_new_accounts if {
	every login_defs in [{}, {"pass_max_days": 99999}] {
		result := check.result with input as with_accounts({"users": [alice], "login_defs": login_defs})
		result.subjects == {"new accounts (login.defs)"}
	}
}

test_not_applicable_policy_demands_no_expiry if {
	result := check.result with input as under_policy(-1, with_users([alice]))
	result.verdict == "not_applicable"
	result.reason == "not_present"
}

test_unknown_policy_not_stated if {
	result := check.result with input as under_policy(0, with_users([alice]))
	result.verdict == "unknown"
	result.message == "set the parameter maximum_days to what the policy demands, or to -1 if it demands no expiry"
}

test_unknown_missing_data if {
	every facts in [{}, null, [], "facts", 7, {"accounts": {}}, {"accounts": null}, {"accounts": []}] {
		check.result.verdict == "unknown" with input as with_facts(facts)
	}
}

test_unknown_no_list_of_accounts if {
	every users in [null, [], {}, "root", [null], [{}]] {
		check.result.verdict == "unknown" with input as with_users(users)
	}
}

test_unknown_partial_list if {
	every more in [{}, {"password_state": null}, {"password_state": "SET"}, {"max_days": 90}] {
		check.result.verdict == "unknown" with input as with_users([alice, user("bob", 1001, more)])
	}
}

test_unknown_login_defs_not_seen if {
	every login_defs in [null, "365", []] {
		check.result.verdict == "unknown" with input as with_accounts({"users": [alice], "login_defs": login_defs})
	}
}

test_canary_password_for_ever if {
	check.result.verdict == "fail" with input as with_users([user("root", 0, {"password_state": "set"})])
}
