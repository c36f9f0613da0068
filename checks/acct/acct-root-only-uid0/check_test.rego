package checks.acct_root_only_uid0_test

import data.checks.acct_root_only_uid0 as check
import rego.v1

# Helpers make a test read like a sentence: what is special about a document, and what follows.

root := user("root", 0)

user(name, uid) := {
	"name": name,
	"uid": uid,
	"gid": uid,
	"comment": "",
	"home": "/",
	"shell": "/bin/bash",
	"is_system": false,
	"is_login_capable": true,
	"groups": [name],
}

with_users(users) := document({"users": users, "malformed_lines": []})

document(accounts) := with_facts({"schema": "host/1", "gaps": [], "accounts": accounts})

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {"allowed_names": ["root"]},
}

test_pass_root_alone if {
	check.result.verdict == "pass" with input as with_users([root, user("alice", 1000), user("www-data", 33)])
}

test_pass_approved_second_name if {
	approved := object.union(with_users([root, user("toor", 0)]), {"params": {"allowed_names": ["root", "toor"]}})
	check.result.verdict == "pass" with input as approved
}

test_fail_second_name if {
	result := check.result with input as with_users([root, user("alice", 1000), user("toor", 0)])
	result.verdict == "fail"
	result.subjects == {"toor"}
	result.message == "user id 0 is also held by toor"
}

# What was seen is enough for a failure.
test_fail_although_another_entry_is_incomplete if {
	check.result.verdict == "fail" with input as with_users([root, {"name": "bob"}, user("toor", 0)])
}

test_fail_hostile_names if {
	every name in ["", "root ", "ROOT", "ro\not", "<script>", "%s%d", "\u202etoor", "../root"] {
		check.result.verdict == "fail" with input as with_users([root, user(name, 0)])
	}
}

test_unknown_missing_data if {
	every facts in [{}, null, [], "facts", 7, {"accounts": {}}, {"accounts": null}, {"accounts": []}] {
		check.result.verdict == "unknown" with input as with_facts(facts)
	}
}

test_unknown_no_list_of_accounts if {
	every users in [null, [], {}, "root", 0, true, [null], ["root"], [[root]], {"root": root}] {
		check.result.verdict == "unknown" with input as with_users(users)
	}
}

test_unknown_partial_list if {
	every incomplete in [{}, {"name": "bob"}, {"uid": 0}, {"name": "bob", "uid": null}, {"name": null, "uid": 0}] {
		check.result.verdict == "unknown" with input as with_users([root, incomplete])
	}
}

# "0" is not 0: a number that arrives as text proves nothing.
test_unknown_wrong_types if {
	every uid in ["0", "1000", true, [], {}, null] {
		check.result.verdict == "unknown" with input as with_users([root, user("bob", uid)])
	}
}

test_unknown_line_not_understood if {
	result := check.result with input as document({"users": [root], "malformed_lines": ["/etc/passwd:7"]})
	result.verdict == "unknown"
	result.message == "lines that are no account: /etc/passwd:7"
}

test_unknown_lines_not_checked if {
	every lines in [null, {}, "", 0] {
		check.result.verdict == "unknown" with input as document({"users": [root], "malformed_lines": lines})
	}
}

# The known-bad host that every version of this check must fail.
test_canary_backdoor_account if {
	check.result.verdict == "fail" with input as with_users([root, user("sync2", 0)])
}
