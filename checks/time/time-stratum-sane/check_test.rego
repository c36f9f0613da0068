package checks.time_stratum_sane_test

import data.checks.time_stratum_sane as check
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
	"params": {"maximum_stratum": 7, "accepted_leap": ["normal", "insert_second", "delete_second"]},
}

test_pass_near_a_reference if {
	check.result.verdict == "pass" with input as changed({})
}

test_pass_announced_second if {
	check.result.verdict == "pass" with input as changed({"time_sync": {"leap": "insert_second"}})
}

test_fail_far_from_a_reference if {
	every stratum in [0, 8, 10, 16] {
		check.result.verdict == "fail" with input as changed({"time_sync": {"stratum": stratum}})
	}
}

test_fail_not_synchronized if {
	result := check.result with input as changed({"time_sync": {"leap": "not_synchronized"}})
	result.verdict == "fail"
	result.subjects == {"leap status not_synchronized"}
}

test_fail_hostile_words if {
	every word in ["", "NORMAL", "normal ", "%s", "<script>", "\u202elamron"] {
		check.result.verdict == "fail" with input as changed({"time_sync": {"leap": word}})
	}
}

test_canary_believes_itself if {
	check.result.verdict == "fail" with input as changed({"time_sync": {"stratum": 16, "leap": "not_synchronized"}})
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
	every path in [["time_sync", "active"], ["time_sync", "stratum"], ["time_sync", "leap"]] {
		[section, field] := path
		check.result.verdict == "unknown" with input as with_facts(without(section, field))
	}
}

test_unknown_wrong_types if {
	every path in [["time_sync", "active"]] {
		every wrong in [null, "true", "false", 1, {}, []] {
			[section, field] := path
			check.result.verdict == "unknown" with input as changed({section: {field: wrong}})
		}
	}
	every path in [["time_sync", "stratum"]] {
		every wrong in [null, "0", true, {}, []] {
			[section, field] := path
			check.result.verdict == "unknown" with input as changed({section: {field: wrong}})
		}
	}
	every path in [["time_sync", "leap"]] {
		every wrong in [null, 7, true, {}, []] {
			[section, field] := path
			check.result.verdict == "unknown" with input as changed({section: {field: wrong}})
		}
	}
}
