package checks.fw_egress_restricted_test

import data.checks.fw_egress_restricted as check
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
good := {"schema": "host/1", "gaps": [], "host": {"ipv6_enabled": true}, "firewall": {"active": true, "hooks": hooks({})}}

changed(changes) := with_facts(object.union(good, changes))

with_params(params, changes) := object.union(changed(changes), {"params": params})

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {"demanded_on": []},
}

open := {"firewall": {"hooks": hooks({"ip4 output": {"default_deny": false}})}}

test_pass_limited if {
	every names in [[], ["*"], ["web1"], ["none"]] {
		check.result.verdict == "pass" with input as with_params({"demanded_on": names}, {})
	}
}

test_pass_without_ipv6 if {
	check.result.verdict == "pass" with input as changed({"host": {"ipv6_enabled": false}, "firewall": {"hooks": hooks({"ip6 output": {"default_deny": false}})}})
}

test_fail_open_where_demanded if {
	every names in [["*"], ["db1", "web1"]] {
		result := check.result with input as with_params({"demanded_on": names}, open)
		result.verdict == "fail"
		result.subjects == {"ip4"}
	}
}

test_fail_although_another_entry_is_incomplete if {
	check.result.verdict == "fail" with input as with_params({"demanded_on": ["*"]}, {"firewall": {"hooks": [{"family": "ip6"}, hook("ip4", "output", {"default_deny": false})]}})
}

test_not_applicable_not_demanded_here if {
	every names in [["none"], ["db1"], ["WEB1"]] {
		result := check.result with input as with_params({"demanded_on": names}, open)
		result.verdict == "not_applicable"
		result.reason == "not_present"
	}
}

test_unknown_policy_not_stated if {
	result := check.result with input as changed(open)
	result.verdict == "unknown"
	result.message == "set the parameter demanded_on: outgoing packets are not limited, and whether they must be is not stated"
}

test_unknown_hook_not_listed if {
	every list in [[], [hook("ip4", "output", {})], [hook("ip6", "input", {}), hook("ip4", "input", {})]] {
		check.result.verdict == "unknown" with input as changed({"firewall": {"hooks": list}})
	}
}

test_canary_open_output if {
	open_hook := {"has_base_chain": false, "default_deny": false}
	check.result.verdict == "fail" with input as with_params({"demanded_on": ["*"]}, {"firewall": {"hooks": hooks({"ip4 output": open_hook, "ip6 output": open_hook})}})
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
	every path in [["host", "ipv6_enabled"], ["firewall", "hooks"]] {
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
	every path in [["firewall", "hooks"]] {
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
