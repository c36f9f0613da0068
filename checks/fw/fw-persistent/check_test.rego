package checks.fw_persistent_test

import data.checks.fw_persistent as check
import rego.v1

# Facts of a host that is as asserted; tests change one thing.
good := {
	"schema": "host/1",
	"gaps": [],
	"firewall": {
		"active": true,
		"ufw": "absent",
		"firewalld": "absent",
		"persistent_unit_enabled": true,
		"persistent_matches": true,
	},
}

changed(changes) := with_facts(object.union(good, changes))

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {},
}

test_pass_same_rules if {
	check.result.verdict == "pass" with input as changed({})
}

test_pass_with_a_tool_that_is_off if {
	check.result.verdict == "pass" with input as changed({"firewall": {"ufw": "inactive"}})
}

test_fail_other_rules if {
	result := check.result with input as changed({"firewall": {"persistent_matches": false}})
	result.verdict == "fail"
	result.message == "the loaded rules differ from the file that is loaded at boot"
}

test_fail_unit_not_enabled if {
	check.result.verdict == "fail" with input as changed({"firewall": {"persistent_unit_enabled": false}})
}

test_fail_hostile_file_names if {
	every name in ["", "/dev/null", "%s", "\u202efnoc"] {
		check.result.verdict == "fail" with input as changed({"firewall": {"persistent_matches": false, "persistent_file": name}})
	}
}

test_not_applicable_no_filter if {
	result := check.result with input as changed({"firewall": {"active": false, "persistent_unit_enabled": false}})
	result.verdict == "not_applicable"
	result.reason == "not_present"
}

test_unknown_managed_by_a_tool if {
	result := check.result with input as changed({"firewall": {"ufw": "active", "persistent_unit_enabled": false}})
	result.verdict == "unknown"
	result.reason == "unsupported"
}

test_unknown_state_of_tools if {
	every word in ["", "ACTIVE", "on", "\u202eevitca"] {
		check.result.verdict == "unknown" with input as changed({"firewall": {"firewalld": word}})
	}
}

test_canary_gone_after_restart if {
	check.result.verdict == "fail" with input as changed({"firewall": {"persistent_unit_enabled": false, "persistent_matches": false}})
}

test_unknown_missing_data if {
	every facts in [
		{},
		null,
		[],
		"facts",
		7,
		{"firewall": null},
		{"firewall": []},
		{"firewall": "none"},
		{"firewall": {}},
	] {
		check.result.verdict == "unknown" with input as with_facts(facts)
	}
}

without(section, field) := object.union(object.remove(good, [section]), {section: object.remove(good[section], [field])})

test_unknown_without_one_field if {
	every path in [["firewall", "active"], ["firewall", "ufw"], ["firewall", "firewalld"], ["firewall", "persistent_unit_enabled"], ["firewall", "persistent_matches"]] {
		[section, field] := path
		check.result.verdict == "unknown" with input as with_facts(without(section, field))
	}
}

test_unknown_wrong_types if {
	every path in [["firewall", "active"], ["firewall", "persistent_unit_enabled"], ["firewall", "persistent_matches"]] {
		every wrong in [null, "true", "false", 1, {}, []] {
			[section, field] := path
			check.result.verdict == "unknown" with input as changed({section: {field: wrong}})
		}
	}
	every path in [["firewall", "ufw"], ["firewall", "firewalld"]] {
		every wrong in [null, 7, true, {}, []] {
			[section, field] := path
			check.result.verdict == "unknown" with input as changed({section: {field: wrong}})
		}
	}
}
