package checks.fw_backends_not_mixed_test

import data.checks.fw_backends_not_mixed as check
import rego.v1

# Facts of a host that is as asserted; tests change one thing.
good := {"schema": "host/1", "gaps": [], "firewall": {"active": true, "backends_mixed": false}}

changed(changes) := with_facts(object.union(good, changes))

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {},
}

test_pass_one_backend if {
	check.result.verdict == "pass" with input as changed({})
}

test_fail_both if {
	check.result.verdict == "fail" with input as changed({"firewall": {"backends_mixed": true}})
}

test_fail_hostile_neighbors if {
	every text in ["", "iptables", "%s", "\u202e"] {
		check.result.verdict == "fail" with input as changed({"firewall": {"backends_mixed": true, "ufw": text}})
	}
}

test_not_applicable_no_filter if {
	result := check.result with input as changed({"firewall": {"active": false}})
	result.verdict == "not_applicable"
	result.reason == "not_present"
}

test_canary_legacy_rules_without_input_chain if {
	check.result.verdict == "fail" with input as changed({"firewall": {"active": false, "backends_mixed": true}})
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
	every path in [["firewall", "active"], ["firewall", "backends_mixed"]] {
		[section, field] := path
		check.result.verdict == "unknown" with input as with_facts(without(section, field))
	}
}

test_unknown_wrong_types if {
	every path in [["firewall", "active"], ["firewall", "backends_mixed"]] {
		every wrong in [null, "true", "false", 1, {}, []] {
			[section, field] := path
			check.result.verdict == "unknown" with input as changed({section: {field: wrong}})
		}
	}
}
