package checks.host_kernel_pointers_hidden_test

import data.checks.host_kernel_pointers_hidden as check
import rego.v1

# Facts of a host that is as asserted; tests change one thing.
good := {"schema": "host/1", "gaps": [], "sysctl": {"kernel_kptr_restrict": 2, "kernel_dmesg_restrict": 1}}

changed(changes) := with_facts(object.union(good, changes))

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {},
}

test_pass_as_asserted if {
	check.result.verdict == "pass" with input as changed({})
}

test_fail_each_setting if {
	every key in ["kernel_kptr_restrict", "kernel_dmesg_restrict"] {
		result := check.result with input as changed({"sysctl": {key: 99}})
		result.verdict == "fail"
		count(result.subjects) == 1
	}
}

test_fail_although_another_setting_is_missing if {
	check.result.verdict == "fail" with input as with_facts({"schema": "host/1", "gaps": [], "sysctl": {"kernel_kptr_restrict": 99}})
}

test_fail_hostile_values if {
	every value in [-1, 1000000000000, 7] {
		check.result.verdict == "fail" with input as changed({"sysctl": {"kernel_kptr_restrict": value}})
	}
}

test_canary_known_bad_values if {
	check.result.verdict == "fail" with input as changed({"sysctl": {"kernel_kptr_restrict": 0, "kernel_dmesg_restrict": 0}})
}

test_unknown_missing_data if {
	every facts in [
		{},
		null,
		[],
		"facts",
		7,
		{"sysctl": null},
		{"sysctl": []},
		{"sysctl": "none"},
		{"sysctl": {}},
	] {
		check.result.verdict == "unknown" with input as with_facts(facts)
	}
}

without(section, field) := object.union(object.remove(good, [section]), {section: object.remove(good[section], [field])})

test_unknown_without_one_field if {
	every path in [["sysctl", "kernel_kptr_restrict"], ["sysctl", "kernel_dmesg_restrict"]] {
		[section, field] := path
		check.result.verdict == "unknown" with input as with_facts(without(section, field))
	}
}

test_unknown_wrong_types if {
	every path in [["sysctl", "kernel_kptr_restrict"], ["sysctl", "kernel_dmesg_restrict"]] {
		every wrong in [null, "0", true, {}, []] {
			[section, field] := path
			check.result.verdict == "unknown" with input as changed({section: {field: wrong}})
		}
	}
}
