package checks.time_offset_small_test

import data.checks.time_offset_small as check
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
	"params": {"maximum_offset_ms": 100},
}

test_pass_close if {
	check.result.verdict == "pass" with input as changed({})
}

test_pass_at_the_limit if {
	check.result.verdict == "pass" with input as changed({"time_sync": {"offset_ms_at_most": 100}})
}

test_fail_far_off if {
	result := check.result with input as changed({"time_sync": {"offset_ms_at_most": 200}})
	result.verdict == "fail"
	result.subjects == {"off by up to 200 ms"}
}

# An offset without a source means nothing, and a large one means something.
test_unknown_not_synchronized if {
	check.result.verdict == "unknown" with input as changed({"time_sync": {"synchronized": false}})
}

test_unknown_no_daemon if {
	check.result.verdict == "unknown" with input as with_facts({"schema": "host/1", "gaps": [], "host": {"virtualization": "physical"}, "time_sync": {"active": false}})
}

test_fail_hostile_neighbors if {
	every word in ["", "%s", "<script>", "\u202e"] {
		check.result.verdict == "fail" with input as changed({"time_sync": {"offset_ms_at_most": 1000000000000, "daemon": word}})
	}
}

test_canary_an_hour_off if {
	check.result.verdict == "fail" with input as changed({"time_sync": {"offset_ms_at_most": 5000000}})
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
	every path in [["time_sync", "active"], ["time_sync", "synchronized"], ["time_sync", "offset_ms_at_most"]] {
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
	every path in [["time_sync", "offset_ms_at_most"]] {
		every wrong in [null, "0", true, {}, []] {
			[section, field] := path
			check.result.verdict == "unknown" with input as changed({section: {field: wrong}})
		}
	}
}
