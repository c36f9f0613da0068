package checks.fw_drops_logged_test

import data.checks.fw_drops_logged as check
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
good := {"schema": "host/1", "gaps": [], "firewall": {"active": true, "hooks": hooks({})}}

changed(changes) := with_facts(object.union(good, changes))

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {},
}

test_pass_both_families if {
	check.result.verdict == "pass" with input as changed({})
}

# A family without any chain is the subject of other checks.
test_pass_one_family_without_a_chain if {
	check.result.verdict == "pass" with input as changed({"firewall": {"hooks": hooks({"ip6 input": {"has_base_chain": false, "drops_logged": false, "log_rate_limited": false}})}})
}

test_fail_without_a_limit if {
	result := check.result with input as changed({"firewall": {"hooks": hooks({"ip6 input": {"log_rate_limited": false}})}})
	result.verdict == "fail"
	result.subjects == {"ip6 logs without a limit"}
}

test_fail_although_another_entry_is_incomplete if {
	check.result.verdict == "fail" with input as changed({"firewall": {"hooks": [{"family": "ip6"}, hook("ip4", "input", {"drops_logged": false})]}})
}

test_fail_hostile_policy_words if {
	every word in ["", "DROP", "\u202eport", "<b>", "%s"] {
		check.result.verdict == "fail" with input as changed({"firewall": {"hooks": hooks({"ip4 input": {"drops_logged": false, "policy": word}})}})
	}
}

test_not_applicable_no_filter if {
	none := {"has_base_chain": false, "default_deny": false}
	result := check.result with input as changed({"firewall": {"active": false, "hooks": hooks({"ip4 input": none, "ip6 input": none})}})
	result.verdict == "not_applicable"
	result.reason == "not_present"
}

test_unknown_hook_not_listed if {
	every list in [[], [hook("ip4", "input", {})], [hook("ip6", "input", {}), hook("ip4", "output", {})]] {
		check.result.verdict == "unknown" with input as changed({"firewall": {"hooks": list}})
	}
}

test_canary_silent_filter if {
	none := {"drops_logged": false, "log_rate_limited": false}
	check.result.verdict == "fail" with input as changed({"firewall": {"hooks": hooks({"ip4 input": none, "ip6 input": none})}})
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
	every path in [["firewall", "active"], ["firewall", "hooks"]] {
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
