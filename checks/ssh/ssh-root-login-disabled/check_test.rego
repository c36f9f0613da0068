package checks.ssh_root_login_disabled_test

import data.checks.ssh_root_login_disabled as check
import rego.v1

# The settings of a server that is as asserted; tests change one thing.
good := {
	"installed": true,
	"permit_root_login": "no",
	"match_weakenings": [],
}

with_sshd(changes) := with_facts({"schema": "host/1", "gaps": [], "sshd": object.union(good, changes)})

without(field) := with_facts({"schema": "host/1", "gaps": [], "sshd": object.remove(good, [field])})

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {"accepted": ["no"]},
}

test_pass_refused if {
	check.result.verdict == "pass" with input as with_sshd({})
}

test_fail_every_other_value if {
	every value in ["yes", "prohibit-password", "without-password", "forced-commands-only", "No", " no", "", "n\u043e"] {
		check.result.verdict == "fail" with input as with_sshd({"permit_root_login": value})
	}
}

test_fail_names_the_setting if {
	result := check.result with input as with_sshd({"permit_root_login": "prohibit-password"})
	result.subjects == {"permitrootlogin prohibit-password"}
	result.message == "root can log in over SSH: permitrootlogin prohibit-password"
}

test_pass_value_accepted_by_policy if {
	relaxed := object.union(with_sshd({"permit_root_login": "forced-commands-only"}), {"params": {"accepted": ["no", "forced-commands-only"]}})
	check.result.verdict == "pass" with input as relaxed
}

test_canary_open_to_root if {
	check.result.verdict == "fail" with input as with_sshd({"permit_root_login": "yes"})
}

test_not_applicable_no_server if {
	result := check.result with input as with_facts({"schema": "host/1", "gaps": [], "sshd": {"installed": false}})
	result.verdict == "not_applicable"
	result.reason == "not_present"
}

test_unknown_missing_data if {
	every facts in [{}, null, [], "facts", 7, {"sshd": null}, {"sshd": []}, {"sshd": "off"}, {"sshd": {}}, {"sshd": {"installed": true}}] {
		check.result.verdict == "unknown" with input as with_facts(facts)
	}
}

test_unknown_without_one_setting if {
	every field in object.keys(good) {
		check.result.verdict == "unknown" with input as without(field)
	}
}

test_unknown_wrong_types if {
	every field in ["permit_root_login", "match_weakenings"] {
		every wrong in [null, 7.5, {}, [null]] {
			check.result.verdict == "unknown" with input as with_sshd({field: wrong})
		}
	}
}

# "false" is not false: only a plain statement that there is no server makes the check not apply.
test_unknown_whether_installed if {
	every installed in [null, "false", 0, [], {}] {
		check.result.verdict == "unknown" with input as with_sshd({"installed": installed})
	}
}

# A Match block of which nobody knows what it does.
test_unknown_incomplete_match_block if {
	every weaker in [null, "root", {}, {"keyword": "permitrootlogin"}, {"keyword": 7, "match_value": "yes", "criteria": "all"}] {
		check.result.verdict == "unknown" with input as with_sshd({"match_weakenings": [weaker]})
	}
}

test_fail_opened_by_match_block if {
	result := check.result with input as with_sshd({"match_weakenings": [{
		"criteria": "address 10.0.0.0/8",
		"keyword": "permitrootlogin",
		"global_value": "no",
		"match_value": "yes",
	}]})
	result.verdict == "fail"
	result.subjects == {"permitrootlogin yes for address 10.0.0.0/8"}
}

# What another check looks after does not matter here.
test_pass_other_keyword_in_match_block if {
	check.result.verdict == "pass" with input as with_sshd({"match_weakenings": [{
		"criteria": "user backup",
		"keyword": "banner",
		"global_value": "/etc/issue.net",
		"match_value": "none",
	}]})
}
