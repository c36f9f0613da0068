package checks.fw_default_deny_forward_test

import data.checks.fw_default_deny_forward as check
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
good := {"schema": "host/1", "gaps": [], "host": {"forwards_packets": false}, "firewall": {"active": true, "hooks": hooks({})}}

changed(changes) := with_facts(object.union(good, changes))

with_params(params, changes) := object.union(changed(changes), {"params": params})

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {"routers": []},
}

test_pass_refused if {
	check.result.verdict == "pass" with input as changed({})
}

test_pass_router_that_refuses_too if {
	check.result.verdict == "pass" with input as with_params({"routers": ["web1"]}, {"host": {"forwards_packets": true}})
}

test_fail_passes_on if {
	result := check.result with input as changed({"firewall": {"hooks": hooks({"ip4 forward": {"default_deny": false}})}})
	result.verdict == "fail"
	result.subjects == {"ip4"}
}

# Container software made a router of a host that is none.
test_fail_router_by_accident if {
	open := {"host": {"forwards_packets": true}, "firewall": {"hooks": hooks({"ip4 forward": {"default_deny": false}})}}
	every names in [[], ["web2"], ["WEB1"], ["web1 "], [""]] {
		check.result.verdict == "fail" with input as with_params({"routers": names}, open)
	}
}

test_fail_router_on_paper_only if {
	check.result.verdict == "fail" with input as with_params({"routers": ["web1"]}, {"firewall": {"hooks": hooks({"ip4 forward": {"default_deny": false}})}})
}

test_not_applicable_router_by_design if {
	result := check.result with input as with_params({"routers": ["web1"]}, {"host": {"forwards_packets": true}, "firewall": {"hooks": hooks({"ip4 forward": {"default_deny": false}})}})
	result.verdict == "not_applicable"
	result.reason == "not_present"
}

test_unknown_hook_not_listed if {
	every list in [[], [hook("ip4", "forward", {})], [hook("ip6", "input", {}), hook("ip4", "output", {})]] {
		check.result.verdict == "unknown" with input as changed({"firewall": {"hooks": list}})
	}
}

test_canary_open_router if {
	open := {"has_base_chain": false, "default_deny": false}
	check.result.verdict == "fail" with input as changed({"host": {"forwards_packets": true}, "firewall": {"hooks": hooks({"ip4 forward": open, "ip6 forward": open})}})
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
	every path in [["host", "forwards_packets"], ["firewall", "hooks"]] {
		[section, field] := path
		check.result.verdict == "unknown" with input as with_facts(without(section, field))
	}
}

test_unknown_wrong_types if {
	every path in [["host", "forwards_packets"]] {
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
