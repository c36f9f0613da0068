package checks.time_sync_active_test

import data.checks.time_sync_active as check
import rego.v1

# Facts of a host that is as asserted; tests change one thing.
good := {
	"schema": "host/1",
	"gaps": [],
	"host": {"virtualization": "virtual_machine"},
	"time_sync": {
		"active": true,
		"daemon": "chrony",
		"synchronized": true,
		"offset_ms_at_most": 5,
		"stratum": 3,
		"leap": "normal",
	},
}

changed(changes) := with_facts(object.union(good, changes))

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {},
}

test_pass_synchronized if {
	check.result.verdict == "pass" with input as changed({})
}

test_pass_although_the_kind_of_machine_is_not_known if {
	check.result.verdict == "pass" with input as with_facts(object.remove(good, ["host"]))
}

test_fail_no_daemon if {
	result := check.result with input as changed({"time_sync": {"active": false, "synchronized": false}})
	result.verdict == "fail"
	result.subjects == {"no time daemon runs", "no source is selected"}
}

test_fail_no_source if {
	check.result.verdict == "fail" with input as changed({"time_sync": {"synchronized": false}})
}

# A daemon that runs in a container is judged like any other.
test_fail_container_with_a_daemon if {
	check.result.verdict == "fail" with input as changed({"host": {"virtualization": "container"}, "time_sync": {"synchronized": false}})
}

test_fail_hostile_words if {
	every word in ["", "CONTAINER", "container ", "%s", "\u202e"] {
		check.result.verdict == "fail" with input as changed({"host": {"virtualization": word}, "time_sync": {"active": false}})
	}
}

test_canary_free_running_clock if {
	check.result.verdict == "fail" with input as with_facts({"schema": "host/1", "gaps": [], "host": {"virtualization": "physical"}, "time_sync": {"active": false}})
}

test_not_applicable_container if {
	result := check.result with input as with_facts({"schema": "host/1", "gaps": [], "host": {"virtualization": "container"}, "time_sync": {"active": false}})
	result.verdict == "not_applicable"
	result.reason == "not_present"
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
		{"time_sync": null},
		{"time_sync": []},
		{"time_sync": "none"},
		{"time_sync": {}},
	] {
		check.result.verdict == "unknown" with input as with_facts(facts)
	}
}

test_unknown_without_one_section if {
	every section in ["time_sync"] {
		check.result.verdict == "unknown" with input as with_facts(object.remove(good, [section]))
	}
}

without(section, field) := object.union(object.remove(good, [section]), {section: object.remove(good[section], [field])})

test_unknown_without_one_field if {
	every path in [["time_sync", "active"], ["time_sync", "synchronized"]] {
		[section, field] := path
		check.result.verdict == "unknown" with input as with_facts(without(section, field))
	}
}

test_unknown_wrong_types if {
	every path in [["time_sync", "active"], ["time_sync", "synchronized"]] {
		every wrong in [null, "true", "false", 1, {}, []] {
			[section, field] := path
			check.result.verdict == "unknown" with input as changed({section: {field: wrong}})
		}
	}
}
