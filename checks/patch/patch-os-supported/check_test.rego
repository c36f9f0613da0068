package checks.patch_os_supported_test

import data.checks.patch_os_supported as check
import rego.v1

# The moment of looking.
now := 1800000000

day := 86400

# Facts of a host that is as asserted; tests change one thing.
good := {"schema": "host/1", "gaps": [], "os": {"support_end_at": now + (200 * day), "extended_support_end_at": now + (900 * day)}}

changed(changes) := with_facts(object.union(good, changes))

with_params(params, changes) := object.union(changed(changes), {"params": params})

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {"has_extended_support": false},
	"now": now,
}

ended := {"os": {"support_end_at": now - day}}

test_pass_supported if {
	result := check.result with input as changed({})
	result.verdict == "pass"
	result.valid_until == now + (200 * day)
}

test_pass_without_longer_support if {
	check.result.verdict == "pass" with input as with_facts({"schema": "host/1", "gaps": [], "os": {"support_end_at": now + day}})
}

test_pass_longer_support if {
	result := check.result with input as with_params({"has_extended_support": true}, ended)
	result.verdict == "pass"
	result.valid_until == now + (900 * day)
}

test_fail_ended if {
	result := check.result with input as changed({"os": {"support_end_at": 1786233600}})
	result.verdict == "fail"
	result.message == "security support for this release ended on 2026-08-09"
}

test_fail_on_the_last_moment if {
	check.result.verdict == "fail" with input as changed({"os": {"support_end_at": now}})
}

test_fail_longer_support_ended_too if {
	check.result.verdict == "fail" with input as with_params({"has_extended_support": true}, {"os": {"support_end_at": 0, "extended_support_end_at": 1}})
}

test_fail_hostile_moments if {
	every moment in [0, -1, -100000000] {
		check.result.verdict == "fail" with input as changed({"os": {"support_end_at": moment}})
	}
}

test_unknown_longer_support_that_is_none if {
	every wrong in [null, "4000000000", [], {}, true] {
		check.result.verdict == "unknown" with input as changed({"os": {"extended_support_end_at": wrong}})
	}
}

test_canary_years_out_of_support if {
	check.result.verdict == "fail" with input as with_facts({"schema": "host/1", "gaps": [], "os": {"support_end_at": now - (2000 * day)}})
}

test_unknown_missing_data if {
	every facts in [
		{},
		null,
		[],
		"facts",
		7,
		{"os": null},
		{"os": []},
		{"os": "none"},
		{"os": {}},
	] {
		check.result.verdict == "unknown" with input as with_facts(facts)
	}
}

without(section, field) := object.union(object.remove(good, [section]), {section: object.remove(good[section], [field])})

test_unknown_without_one_field if {
	every path in [["os", "support_end_at"]] {
		[section, field] := path
		check.result.verdict == "unknown" with input as with_facts(without(section, field))
	}
}

test_unknown_wrong_types if {
	every path in [["os", "support_end_at"]] {
		every wrong in [null, "0", true, {}, []] {
			[section, field] := path
			check.result.verdict == "unknown" with input as changed({section: {field: wrong}})
		}
	}
}
