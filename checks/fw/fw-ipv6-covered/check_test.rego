package checks.fw_ipv6_covered_test

import data.checks.fw_ipv6_covered as check
import rego.v1

hook(family, name, more) := object.union(
	{
		"family": family,
		"hook": name,
		"has_base_chain": true,
		"policy": "drop",
		"ends_in_drop": false,
		"default_deny": true,
		"accepts_established": true,
		"established_first": true,
		"drops_logged": true,
		"log_rate_limited": true,
		"rule_count": 8,
	},
	more,
)

# The six hooks; changes by "family hook".
hooks(changes) := [hook(family, name, object.get(changes, sprintf("%s %s", [family, name]), {})) |
	some family in ["ip4", "ip6"]
	some name in ["input", "forward", "output"]
]

# Facts of a host that is as asserted; tests change one thing.
good := {"schema": "host/1", "gaps": [], "host": {"ipv6_enabled": true}, "firewall": {"active": true, "hooks": hooks({}), "ipv6_wider": []}}

changed(changes) := with_facts(object.union(good, changes))

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {},
}

test_pass_as_strict if {
	check.result.verdict == "pass" with input as changed({})
}

test_fail_port_open_over_ipv6_only if {
	result := check.result with input as changed({"firewall": {"ipv6_wider": ["tcp 5432-5432"]}})
	result.verdict == "fail"
	result.subjects == {"tcp 5432-5432"}
}

# Both families wide open are equally strict, and neither is filtered.
test_fail_nothing_filtered if {
	open := {"default_deny": false}
	check.result.verdict == "fail" with input as changed({"firewall": {"hooks": hooks({"ip4 input": open, "ip6 input": open})}})
}

test_fail_hostile_spans if {
	every span in ["", "%s", "\u202etcp", "<script>"] {
		check.result.verdict == "fail" with input as changed({"firewall": {"ipv6_wider": [span]}})
	}
}

test_not_applicable_ipv6_off if {
	result := check.result with input as with_facts({"schema": "host/1", "gaps": [], "host": {"ipv6_enabled": false}})
	result.verdict == "not_applicable"
	result.reason == "not_present"
}

test_unknown_spans_that_are_none if {
	every list in [[null], [7], [{}]] {
		check.result.verdict == "unknown" with input as changed({"firewall": {"ipv6_wider": list}})
	}
}

test_canary_forgotten_family if {
	check.result.verdict == "fail" with input as changed({"firewall": {"hooks": hooks({"ip6 input": {"has_base_chain": false, "default_deny": false}}), "ipv6_wider": ["tcp 0-65535", "udp 0-65535"]}})
}

test_unknown_missing_data if {
	every facts in [
		{},
		null,
		[],
		"facts",
		7,
		{"host": null},
		{"host": []},
		{"host": "none"},
		{"host": {}},
		{"firewall": null},
		{"firewall": []},
		{"firewall": "none"},
		{"firewall": {}},
	] {
		check.result.verdict == "unknown" with input as with_facts(facts)
	}
}

test_unknown_without_one_section if {
	every section in ["host", "firewall"] {
		check.result.verdict == "unknown" with input as with_facts(object.remove(good, [section]))
	}
}

without(section, field) := object.union(object.remove(good, [section]), {section: object.remove(good[section], [field])})

test_unknown_without_one_field if {
	every path in [["host", "ipv6_enabled"], ["firewall", "hooks"], ["firewall", "ipv6_wider"]] {
		[section, field] := path
		check.result.verdict == "unknown" with input as with_facts(without(section, field))
	}
}

test_unknown_wrong_types if {
	every path in [["host", "ipv6_enabled"]] {
		every wrong in [null, "true", "false", 1, {}, []] {
			[section, field] := path
			check.result.verdict == "unknown" with input as changed({section: {field: wrong}})
		}
	}
	every path in [["firewall", "hooks"], ["firewall", "ipv6_wider"]] {
		every wrong in [null, {}, "none", 0, false] {
			[section, field] := path
			check.result.verdict == "unknown" with input as changed({section: {field: wrong}})
		}
	}
}

test_unknown_partial_list_of_hooks if {
	every incomplete in [null, {}, "input", 7, {"family": "ip4"}, {"family": "ip4", "hook": "input"}] {
		check.result.verdict == "unknown" with input as changed({"firewall": {"hooks": array.concat(good.firewall.hooks, [incomplete])}})
	}
}
