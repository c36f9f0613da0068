package checks.ssh_forwarding_restricted_test

import data.checks.ssh_forwarding_restricted as check
import rego.v1

# The settings of a server that is as asserted; tests change one thing.
good := {
	"installed": true,
	"x11_forwarding": false,
	"agent_forwarding": false,
	"tcp_forwarding": "no",
	"match_weakenings": [],
}

with_sshd(changes) := with_facts({"schema": "host/1", "gaps": [], "sshd": object.union(good, changes)})

without(field) := with_facts({"schema": "host/1", "gaps": [], "sshd": object.remove(good, [field])})

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {"approved": []},
}

test_pass_all_off if {
	check.result.verdict == "pass" with input as with_sshd({})
}

test_pass_approved_jump_host if {
	approved := object.union(with_sshd({"tcp_forwarding": "local"}), {"params": {"approved": ["tcp"]}})
	check.result.verdict == "pass" with input as approved
}

test_fail_each_kind if {
	every setting, value in {"x11_forwarding": true, "agent_forwarding": true, "tcp_forwarding": "yes"} {
		check.result.verdict == "fail" with input as with_sshd({setting: value})
	}
}

test_fail_names_the_kinds if {
	result := check.result with input as with_sshd({"x11_forwarding": true, "tcp_forwarding": "yes"})
	result.subjects == {"x11", "tcp"}
}

test_fail_half_open_tcp if {
	every value in ["local", "remote", "NO", "", "n\u043e"] {
		check.result.verdict == "fail" with input as with_sshd({"tcp_forwarding": value})
	}
}

test_fail_approval_of_another_kind if {
	approved := object.union(with_sshd({"agent_forwarding": true}), {"params": {"approved": ["tcp"]}})
	check.result.verdict == "fail" with input as approved
}

test_canary_everything_forwarded if {
	check.result.verdict == "fail" with input as with_sshd({"x11_forwarding": true, "agent_forwarding": true, "tcp_forwarding": "yes"})
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
	every field in ["x11_forwarding", "agent_forwarding", "tcp_forwarding", "match_weakenings"] {
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
	every weaker in [null, "root", {}, {"keyword": "allowtcpforwarding"}, {"keyword": 7, "match_value": "yes", "criteria": "all"}] {
		check.result.verdict == "unknown" with input as with_sshd({"match_weakenings": [weaker]})
	}
}

test_fail_opened_by_match_block if {
	result := check.result with input as with_sshd({"match_weakenings": [{
		"criteria": "address 10.0.0.0/8",
		"keyword": "allowtcpforwarding",
		"global_value": "no",
		"match_value": "yes",
	}]})
	result.verdict == "fail"
	result.subjects == {"tcp for address 10.0.0.0/8"}
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
