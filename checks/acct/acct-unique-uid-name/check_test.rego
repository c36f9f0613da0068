package checks.acct_unique_uid_name_test

import data.checks.acct_unique_uid_name as check
import rego.v1

good := {
	"users": [{
		"name": "root",
		"uid": 0,
		"gid": 0,
		"comment": "",
		"home": "/root",
		"shell": "/bin/bash",
		"is_system": false,
		"is_login_capable": true,
		"groups": ["root"],
	}],
	"groups": [{"name": "root", "gid": 0, "members": ["root"]}],
	"duplicate_uids": [],
	"duplicate_user_names": [],
	"duplicate_gids": [],
	"duplicate_group_names": [],
	"malformed_lines": [],
}

changed(changes) := with_accounts(object.union(good, changes))

with_accounts(settings) := with_facts({"schema": "host/1", "gaps": [], "accounts": settings})

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {},
}

test_pass_all_unique if {
	check.result.verdict == "pass" with input as with_accounts(good)
}

test_fail_each_kind if {
	every field, values in {"duplicate_uids": [0], "duplicate_user_names": ["bob"], "duplicate_gids": [7], "duplicate_group_names": [""]} {
		check.result.verdict == "fail" with input as changed({field: values})
	}
}

test_fail_names_what_is_double if {
	result := check.result with input as changed({"duplicate_uids": [0, 1000], "duplicate_group_names": ["adm"]})
	result.subjects == {"user id 0", "user id 1000", "group name adm"}
}

# What was seen is enough for a failure.
test_fail_although_a_list_is_missing if {
	check.result.verdict == "fail" with input as with_accounts({"duplicate_uids": [0]})
}

test_unknown_line_not_understood if {
	result := check.result with input as changed({"malformed_lines": ["/etc/group:9"]})
	result.verdict == "unknown"
	result.message == "lines that are no account or group: /etc/group:9"
}

test_unknown_no_accounts if {
	check.result.verdict == "unknown" with input as changed({"users": []})
	check.result.verdict == "unknown" with input as changed({"groups": []})
}

test_unknown_missing_data if {
	every facts in [{}, null, [], "facts", 7, {"accounts": null}, {"accounts": []}, {"accounts": "none"}, {"accounts": {}}] {
		check.result.verdict == "unknown" with input as with_facts(facts)
	}
}

test_unknown_without_one_setting if {
	every field in object.keys(good) {
		check.result.verdict == "unknown" with input as with_accounts(object.remove(good, [field]))
	}
}

test_unknown_wrong_types if {
	every field in object.keys(good) {
		every wrong in [null, {}, "none", 0] {
			check.result.verdict == "unknown" with input as with_accounts(object.union(object.remove(good, [field]), {field: wrong}))
		}
	}
}

test_canary_two_accounts_with_one_number if {
	check.result.verdict == "fail" with input as changed({"duplicate_uids": [0]})
}
