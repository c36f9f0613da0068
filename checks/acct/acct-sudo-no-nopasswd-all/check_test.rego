package checks.acct_sudo_no_nopasswd_all_test

import data.checks.acct_sudo_no_nopasswd_all as check
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
	"params": {"approved_automation": ["ansible"]},
}

good_rule := rule(["%sudo"], {})

open_rule(who) := rule([who], {"nopasswd": true})

test_pass_password_asked_for if {
	check.result.verdict == "pass" with input as with_rules([rule(["root"], {}), good_rule])
}

test_pass_single_command if {
	restart := rule(["deploy"], {"nopasswd": true, "all_commands": false, "commands": ["/usr/bin/systemctl restart app"]})
	check.result.verdict == "pass" with input as with_rules([good_rule, restart, good_rule])
}

test_pass_approved_automation if {
	check.result.verdict == "pass" with input as with_rules([good_rule, open_rule("ansible"), good_rule])
}

test_fail_everything_without_a_password if {
	result := check.result with input as with_rules([good_rule, open_rule("%sudo")])
	result.verdict == "fail"
	result.subjects == {"%sudo (/etc/sudoers:7)"}
}

test_fail_look_alikes if {
	every who in ["ALL", "", "Ansible", "%ansible", "ansible ", "#1000"] {
		check.result.verdict == "fail" with input as with_rules([good_rule, open_rule(who)])
	}
}

test_fail_although_another_entry_is_incomplete if {
	check.result.verdict == "fail" with input as with_rules([{"who": ["x"]}, open_rule("bob")])
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
	every more in [{"nopasswd": null}, {"nopasswd": "false"}, {"all_commands": 0}, {"who": []}, {"who": [7]}, {"line": "7"}, {"file": null}] {
		check.result.verdict == "unknown" with input as with_rules([good_rule, rule(["%sudo"], more)])
	}
}

test_canary_everybody_is_root if {
	check.result.verdict == "fail" with input as with_rules([open_rule("ALL")])
}
