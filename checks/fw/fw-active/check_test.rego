package checks.fw_active_test

import data.checks.fw_active as check
import rego.v1

# Facts of a host that is as asserted; tests change one thing.
good := {"schema": "host/1", "gaps": [], "firewall": {"active": true}}

changed(changes) := with_facts(object.union(good, changes))

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {},
}

test_pass_loaded if {
	check.result.verdict == "pass" with input as changed({})
}

test_fail_not_loaded if {
	result := check.result with input as changed({"firewall": {"active": false}})
	result.verdict == "fail"
	result.message == "no packet filter with rules for incoming packets is loaded"
}

# Whatever else the section says, what is seen is that nothing is loaded.
test_fail_hostile_neighbors if {
	every text in ["", "active", "\u202eactive", "<script>", "%s%d"] {
		check.result.verdict == "fail" with input as changed({"firewall": {"active": false, "ufw": text}})
	}
}

test_canary_no_filter if {
	check.result.verdict == "fail" with input as with_facts({"schema": "host/1", "gaps": [], "firewall": {"active": false}})
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
	every path in [["firewall", "active"]] {
		[section, field] := path
		check.result.verdict == "unknown" with input as with_facts(without(section, field))
	}
}

test_unknown_wrong_types if {
	every path in [["firewall", "active"]] {
		every wrong in [null, "true", "false", 1, {}, []] {
			[section, field] := path
			check.result.verdict == "unknown" with input as changed({section: {field: wrong}})
		}
	}
}
