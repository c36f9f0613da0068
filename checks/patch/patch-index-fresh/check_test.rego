package checks.patch_index_fresh_test

import data.checks.patch_index_fresh as check
import rego.v1

# The moment of looking.
now := 1800000000

day := 86400

# Facts of a host that is as asserted; tests change one thing.
good := {"schema": "host/1", "gaps": [], "updates": {"lists_refreshed_at": now - 7200}}

changed(changes) := with_facts(object.union(good, changes))

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {"limit_hours": 48},
	"now": now,
}

with_moment(moment) := changed({"updates": {"lists_refreshed_at": moment}})

test_pass_two_hours_ago if {
	result := check.result with input as changed({})
	result.verdict == "pass"
	result.valid_until == now + (46 * 3600)
}

test_fail_old if {
	result := check.result with input as with_moment(now - (3 * day))
	result.verdict == "fail"
	result.message == "package lists were last fetched 3 days ago"
}

test_fail_at_the_limit if {
	check.result.verdict == "fail" with input as with_moment(now - (48 * 3600))
}

test_fail_hostile_moments if {
	every moment in [0, -1, -1000000000000] {
		check.result.verdict == "fail" with input as with_moment(moment)
	}
}

test_unknown_future if {
	every moment in [now + day, 1000000000000] {
		check.result.verdict == "unknown" with input as with_moment(moment)
	}
}

test_canary_never_asked if {
	check.result.verdict == "fail" with input as with_moment(0)
}

test_unknown_missing_data if {
	every facts in [
		{},
		null,
		[],
		"facts",
		7,
		{"updates": null},
		{"updates": []},
		{"updates": "none"},
		{"updates": {}},
	] {
		check.result.verdict == "unknown" with input as with_facts(facts)
	}
}

without(section, field) := object.union(object.remove(good, [section]), {section: object.remove(good[section], [field])})

test_unknown_without_one_field if {
	every path in [["updates", "lists_refreshed_at"]] {
		[section, field] := path
		check.result.verdict == "unknown" with input as with_facts(without(section, field))
	}
}

test_unknown_wrong_types if {
	every path in [["updates", "lists_refreshed_at"]] {
		every wrong in [null, "0", true, {}, []] {
			[section, field] := path
			check.result.verdict == "unknown" with input as changed({section: {field: wrong}})
		}
	}
}
