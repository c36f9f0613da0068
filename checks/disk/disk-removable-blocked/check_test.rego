package checks.disk_removable_blocked_test

import data.checks.disk_removable_blocked as check
import rego.v1

# Facts of a host that is as asserted; tests change one thing.
good := {"schema": "host/1", "gaps": [], "kernel_modules": {"usb_storage_blocked": true}}

changed(changes) := with_facts(object.union(good, changes))

with_params(params, changes) := object.union(changed(changes), {"params": params})

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {"demanded_on": []},
}

usable := {"kernel_modules": {"usb_storage_blocked": false}}

test_pass_blocked if {
	every names in [[], ["*"], ["none"]] {
		check.result.verdict == "pass" with input as with_params({"demanded_on": names}, {})
	}
}

test_fail_usable_where_demanded if {
	every names in [["*"], ["db1", "web1"], ["", "web1"], ["%s", "*"]] {
		check.result.verdict == "fail" with input as with_params({"demanded_on": names}, usable)
	}
}

test_not_applicable_not_demanded_here if {
	every names in [["none"], ["db1"], ["WEB1"]] {
		result := check.result with input as with_params({"demanded_on": names}, usable)
		result.verdict == "not_applicable"
		result.reason == "not_present"
	}
}

test_unknown_policy_not_stated if {
	check.result.verdict == "unknown" with input as changed(usable)
}

test_canary_open_for_sticks if {
	check.result.verdict == "fail" with input as with_params({"demanded_on": ["*"]}, usable)
}

test_unknown_missing_data if {
	every facts in [
		{},
		null,
		[],
		"facts",
		7,
		{"kernel_modules": null},
		{"kernel_modules": []},
		{"kernel_modules": "none"},
		{"kernel_modules": {}},
	] {
		check.result.verdict == "unknown" with input as with_facts(facts)
	}
}

without(section, field) := object.union(object.remove(good, [section]), {section: object.remove(good[section], [field])})

test_unknown_without_one_field if {
	every path in [["kernel_modules", "usb_storage_blocked"]] {
		[section, field] := path
		check.result.verdict == "unknown" with input as with_facts(without(section, field))
	}
}

test_unknown_wrong_types if {
	every path in [["kernel_modules", "usb_storage_blocked"]] {
		every wrong in [null, "true", "false", 1, {}, []] {
			[section, field] := path
			check.result.verdict == "unknown" with input as changed({section: {field: wrong}})
		}
	}
}
