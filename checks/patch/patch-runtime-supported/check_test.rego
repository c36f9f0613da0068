package checks.patch_runtime_supported_test

import data.checks.patch_runtime_supported as check
import rego.v1

# The moment of looking.
now := 1800000000

day := 86400

runtime(product, more) := object.union(
	{
		"product": product,
		"series": "15",
		"package": sprintf("%s-15", [product]),
		"is_distribution_package": false,
		"support_end_at": now + (300 * day),
	},
	more,
)

# Facts of a host that is as asserted; tests change one thing.
good := {"schema": "host/1", "gaps": [], "os": {"support_end_at": now + (200 * day)}, "runtimes": {"found": [runtime("postgresql", {}), runtime("nodejs", {"series": "22"})]}}

changed(changes) := with_facts(object.union(good, changes))

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {},
	"now": now,
}

with_runtime(more) := changed({"runtimes": {"found": [runtime("postgresql", {}), runtime("nodejs", more)]}})

test_pass_supported if {
	result := check.result with input as changed({})
	result.verdict == "pass"
	result.valid_until == now + (300 * day)
}

test_pass_supported_by_the_distribution if {
	from_distribution := {"is_distribution_package": true, "support_end_at": now - (100 * day)}
	result := check.result with input as changed({"runtimes": {"found": [runtime("python", from_distribution)]}})
	result.verdict == "pass"
	result.valid_until == now + (200 * day)
}

test_fail_ended if {
	result := check.result with input as with_runtime({"series": "16", "support_end_at": now - day})
	result.verdict == "fail"
	result.subjects == {"nodejs 16"}
}

test_fail_with_the_distribution if {
	check.result.verdict == "fail" with input as changed({"os": {"support_end_at": now}, "runtimes": {"found": [runtime("python", {"is_distribution_package": true})]}})
}

test_fail_although_another_entry_is_incomplete if {
	check.result.verdict == "fail" with input as changed({"runtimes": {"found": [{}, runtime("nodejs", {"support_end_at": 0})]}})
}

test_fail_hostile_names if {
	every name in ["", "<script>", "%s%d", "\u202esjedon"] {
		check.result.verdict == "fail" with input as changed({"runtimes": {"found": [runtime(name, {"support_end_at": 0})]}})
	}
}

test_not_applicable_none_found if {
	result := check.result with input as changed({"runtimes": {"found": []}})
	result.verdict == "not_applicable"
	result.reason == "not_present"
}

test_unknown_no_date if {
	result := check.result with input as changed({"runtimes": {"found": [runtime("postgresql", {}), object.remove(runtime("redis", {}), ["support_end_at"])]}})
	result.verdict == "unknown"
	result.message == "the end of support is not known for redis 15"
}

test_canary_ten_years_old if {
	check.result.verdict == "fail" with input as with_runtime({"series": "0.10", "support_end_at": now - (3650 * day)})
}

test_unknown_missing_data if {
	every facts in [
		{},
		null,
		[],
		"facts",
		7,
		{"runtimes": null},
		{"runtimes": []},
		{"runtimes": "none"},
		{"runtimes": {}},
		{"os": null},
		{"os": []},
		{"os": "none"},
		{"os": {}},
	] {
		check.result.verdict == "unknown" with input as with_facts(facts)
	}
}

test_unknown_without_one_section if {
	every section in ["runtimes", "os"] {
		check.result.verdict == "unknown" with input as with_facts(object.remove(good, [section]))
	}
}

without(section, field) := object.union(object.remove(good, [section]), {section: object.remove(good[section], [field])})

test_unknown_without_one_field if {
	every path in [["runtimes", "found"], ["os", "support_end_at"]] {
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
	every path in [["runtimes", "found"]] {
		every wrong in [null, {}, "none", 0, false] {
			[section, field] := path
			check.result.verdict == "unknown" with input as changed({section: {field: wrong}})
		}
	}
}

test_unknown_partial_list_of_found if {
	every incomplete in [null, {}, "nodejs", 7, {"product": "x"}, runtime("x", {"support_end_at": "never"}), runtime("x", {"is_distribution_package": "yes"}), runtime(7, {})] {
		check.result.verdict == "unknown" with input as changed({"runtimes": {"found": array.concat(good.runtimes.found, [incomplete])}})
	}
}
