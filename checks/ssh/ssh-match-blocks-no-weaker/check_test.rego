package checks.ssh_match_blocks_no_weaker_test

import data.checks.ssh_match_blocks_no_weaker as check
import rego.v1

# The settings of a server that is as asserted; tests change one thing.
good := {
	"installed": true,
	"match_blocks": [{"place": "/etc/ssh/sshd_config:120", "criteria": "group sftp", "keywords": ["chrootdirectory", "forcecommand"]}],
	"match_weakenings": [],
}

with_sshd(changes) := with_facts({"schema": "host/1", "gaps": [], "sshd": object.union(good, changes)})

without(field) := with_facts({"schema": "host/1", "gaps": [], "sshd": object.remove(good, [field])})

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {"approved_keywords": []},
}

weakening(criteria, keyword, outside, inside) := {
	"criteria": criteria,
	"keyword": keyword,
	"global_value": outside,
	"match_value": inside,
}

test_pass_block_that_narrows if {
	check.result.verdict == "pass" with input as with_sshd({})
}

test_pass_no_blocks if {
	result := check.result with input as with_sshd({"match_blocks": []})
	result.verdict == "pass"
	result.message == "Match blocks: 0, none weakens a setting"
}

test_pass_approved_keyword if {
	weaker := [weakening("group jump", "allowtcpforwarding", "no", "yes")]
	approved := object.union(with_sshd({"match_weakenings": weaker}), {"params": {"approved_keywords": ["allowtcpforwarding"]}})
	check.result.verdict == "pass" with input as approved
}

test_fail_password_for_an_address if {
	weaker := [weakening("address 10.0.0.0/8", "passwordauthentication", "no", "yes")]
	result := check.result with input as with_sshd({"match_weakenings": weaker})
	result.verdict == "fail"
	result.subjects == {"passwordauthentication yes for address 10.0.0.0/8"}
}

test_fail_hostile_words if {
	every word in ["", "%s%d", "<script>", "\u202exyz", "Match all"] {
		check.result.verdict == "fail" with input as with_sshd({"match_weakenings": [weakening(word, word, word, word)]})
	}
}

test_unknown_incomplete_entry if {
	every entry in [null, "root", {}, [], {"keyword": "x"}, weakening(null, "x", "no", "yes"), weakening("all", "x", "no", 7)] {
		check.result.verdict == "unknown" with input as with_sshd({"match_weakenings": [entry]})
	}
}

test_canary_root_for_everybody if {
	check.result.verdict == "fail" with input as with_sshd({"match_weakenings": [weakening("all", "permitrootlogin", "no", "yes")]})
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
	every field in ["match_blocks", "match_weakenings"] {
		every wrong in [null, 7.5, {}, "none"] {
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
