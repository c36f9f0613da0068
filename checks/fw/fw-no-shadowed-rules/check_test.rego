package checks.fw_no_shadowed_rules_test

import data.checks.fw_no_shadowed_rules as check
import rego.v1

shadowed(position) := {"chain": "nftables inet filter input", "position": position, "text": "tcp dport 80 accept", "by_position": 2}

# Facts of a host that is as asserted; tests change one thing.
good := {"schema": "host/1", "gaps": [], "firewall": {"active": true, "shadowed": []}}

changed(changes) := with_facts(object.union(good, changes))

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {},
}

test_pass_none if {
	check.result.verdict == "pass" with input as changed({})
}

test_fail_names_both_rules if {
	result := check.result with input as changed({"firewall": {"shadowed": [shadowed(5)]}})
	result.verdict == "fail"
	result.subjects == {"nftables inet filter input rule 5 (tcp dport 80 accept) behind rule 2"}
}

test_fail_although_another_entry_is_incomplete if {
	check.result.verdict == "fail" with input as changed({"firewall": {"shadowed": [{}, shadowed(5)]}})
}

test_fail_hostile_texts if {
	every text in ["", "%s%d", "<script>", "\u202etpecca"] {
		check.result.verdict == "fail" with input as changed({"firewall": {"shadowed": [object.union(shadowed(5), {"text": text})]}})
	}
}

test_not_applicable_no_filter if {
	result := check.result with input as changed({"firewall": {"active": false}})
	result.verdict == "not_applicable"
	result.reason == "not_present"
}

test_canary_drop_behind_accept if {
	check.result.verdict == "fail" with input as changed({"firewall": {"shadowed": [object.union(shadowed(9), {"text": "tcp dport 22 drop"})]}})
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
	every path in [["firewall", "active"], ["firewall", "shadowed"]] {
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
	every path in [["firewall", "shadowed"]] {
		every wrong in [null, {}, "none", 0, false] {
			[section, field] := path
			check.result.verdict == "unknown" with input as changed({section: {field: wrong}})
		}
	}
}

test_unknown_partial_list_of_shadowed if {
	every incomplete in [null, {}, "rule", 7, {"chain": "x", "position": 1}] {
		check.result.verdict == "unknown" with input as changed({"firewall": {"shadowed": array.concat(good.firewall.shadowed, [incomplete])}})
	}
}
