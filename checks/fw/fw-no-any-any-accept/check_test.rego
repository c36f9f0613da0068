package checks.fw_no_any_any_accept_test

import data.checks.fw_no_any_any_accept as check
import rego.v1

rule(position, text) := {"chain": "nftables inet filter input", "position": position, "text": text}

# Facts of a host that is as asserted; tests change one thing.
good := {"schema": "host/1", "gaps": [], "firewall": {"active": true, "any_any_accept": []}}

changed(changes) := with_facts(object.union(good, changes))

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {},
}

test_pass_no_such_rule if {
	check.result.verdict == "pass" with input as changed({})
}

test_fail_names_the_rule if {
	result := check.result with input as changed({"firewall": {"any_any_accept": [rule(3, "accept")]}})
	result.verdict == "fail"
	result.subjects == {"nftables inet filter input rule 3: accept"}
}

test_fail_no_filter if {
	check.result.verdict == "fail" with input as changed({"firewall": {"active": false}})
}

test_fail_although_another_entry_is_incomplete if {
	check.result.verdict == "fail" with input as changed({"firewall": {"any_any_accept": [{"chain": "x"}, rule(3, "accept")]}})
}

test_fail_hostile_texts if {
	every text in ["", "drop", "%s%d", "<script>", "\u202etpecca"] {
		check.result.verdict == "fail" with input as changed({"firewall": {"any_any_accept": [rule(1, text)]}})
	}
}

test_canary_forgotten_rule if {
	check.result.verdict == "fail" with input as changed({"firewall": {"any_any_accept": [rule(1, "accept"), rule(9, "accept")]}})
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
	every path in [["firewall", "active"], ["firewall", "any_any_accept"]] {
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
	every path in [["firewall", "any_any_accept"]] {
		every wrong in [null, {}, "none", 0, false] {
			[section, field] := path
			check.result.verdict == "unknown" with input as changed({section: {field: wrong}})
		}
	}
}

test_unknown_partial_list_of_any_any_accept if {
	every incomplete in [null, {}, "accept", 7, {"chain": "x", "position": "1", "text": ""}] {
		check.result.verdict == "unknown" with input as changed({"firewall": {"any_any_accept": array.concat(good.firewall.any_any_accept, [incomplete])}})
	}
}
