package checks.acct_sudo_approved_group_test

import data.checks.acct_sudo_approved_group as check
import rego.v1

# A rule as the collector writes it; tests add what they are about.
rule(who, more) := object.union(
	{
		"file": "/etc/sudoers",
		"line": 7,
		"who": who,
		"hosts": ["ALL"],
		"run_as": ["ALL"],
		"commands": ["ALL"],
		"nopasswd": false,
		"all_commands": true,
		"as_root": true,
	},
	more,
)

with_rules(rules) := with_sudo({"installed": true, "rules": rules, "parse_errors": []})

with_sudo(sudo) := with_facts({"schema": "host/1", "gaps": [], "sudo": sudo})

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {"approved": ["root", "%sudo"]},
}

good_rule := rule(["%sudo"], {})

test_pass_approved_only if {
	check.result.verdict == "pass" with input as with_rules([rule(["root"], {}), good_rule, rule(["%sudo", "!guest"], {})])
}

test_fail_single_name if {
	result := check.result with input as with_rules([good_rule, rule(["bob"], {"file": "/etc/sudoers.d/90-bob", "line": 1})])
	result.verdict == "fail"
	result.subjects == {"bob (/etc/sudoers.d/90-bob:1)"}
}

test_fail_narrow_rules_count_too if {
	check.result.verdict == "fail" with input as with_rules([rule(["www-data"], {"commands": ["/usr/bin/systemctl restart app"], "all_commands": false})])
}

test_fail_look_alikes if {
	every who in ["ALL", "", "sudo", "%SUDO", "%sudo ", "#0", "%#27", "+admins", "%s\u0443do"] {
		check.result.verdict == "fail" with input as with_rules([good_rule, rule([who], {})])
	}
}

# What was seen is enough for a failure.
test_fail_although_lines_were_not_understood if {
	check.result.verdict == "fail" with input as with_sudo({"installed": true, "rules": [rule(["bob"], {})], "parse_errors": ["/etc/sudoers:9"]})
}

test_not_applicable_no_sudo if {
	result := check.result with input as with_sudo({"installed": false, "rules": [], "parse_errors": []})
	result.verdict == "not_applicable"
	result.reason == "not_present"
}

test_unknown_missing_data if {
	every facts in [{}, null, [], "facts", 7, {"sudo": null}, {"sudo": []}, {"sudo": "none"}, {"sudo": {}}, {"sudo": {"installed": true}}] {
		check.result.verdict == "unknown" with input as with_facts(facts)
	}
}

test_unknown_no_list_of_rules if {
	every rules in [null, [], {}, "ALL", 0, [null], ["ALL"], [{}]] {
		check.result.verdict == "unknown" with input as with_rules(rules)
	}
}

# What was not understood could be a rule.
test_unknown_lines_not_understood if {
	every errors in [["/etc/sudoers:9"], null, {}, "none"] {
		check.result.verdict == "unknown" with input as with_sudo({"installed": true, "rules": [good_rule], "parse_errors": errors})
	}
}

test_unknown_whether_installed if {
	every installed in [null, "false", 0] {
		check.result.verdict == "unknown" with input as with_sudo({"installed": installed, "rules": [good_rule], "parse_errors": []})
	}
}

test_unknown_partial_list if {
	every more in [{"who": null}, {"who": []}, {"who": "%sudo"}, {"who": [7]}, {"line": "7"}, {"file": null}] {
		check.result.verdict == "unknown" with input as with_rules([good_rule, rule(["%sudo"], more)])
	}
}

test_canary_everybody if {
	check.result.verdict == "fail" with input as with_rules([rule(["ALL"], {})])
}
