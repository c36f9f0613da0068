package checks.log_audit_rules_immutable_test

import data.checks.log_audit_rules_immutable as check
import rego.v1

# Facts of a host that is as asserted; tests change one thing.
good := {
	"schema": "host/1",
	"gaps": [],
	"host": {"virtualization": "physical"},
	"audit": {"installed": true, "immutable": true, "configured_immutable": true},
}

changed(changes) := with_facts(object.union(good, changes))

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {},
}

test_pass_as_asserted if {
	check.result.verdict == "pass" with input as changed({})
}

test_fail_each_part if {
	every field in ["installed", "immutable", "configured_immutable"] {
		result := check.result with input as changed({"audit": {field: false}})
		result.verdict == "fail"
		count(result.subjects) == 1
	}
}

# What is seen to be wrong is enough, whatever stands beside it.
test_fail_hostile_neighbors if {
	every wrong in [null, "", "true", "%s", "<script>", "\u202e", 7, []] {
		check.result.verdict == "fail" with input as changed({"audit": {"installed": false, "other": wrong}})
	}
}

test_unknown_container if {
	result := check.result with input as changed({"host": {"virtualization": "container"}, "audit": {"configured_immutable": false}})
	result.verdict == "unknown"
	result.reason == "unsupported"
}

test_pass_although_the_kind_of_machine_is_not_known if {
	check.result.verdict == "pass" with input as with_facts(object.remove(good, ["host"]))
}

test_canary_nothing_of_it if {
	check.result.verdict == "fail" with input as changed({"audit": {"installed": false, "immutable": false, "configured_immutable": false}})
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
		{"audit": null},
		{"audit": []},
		{"audit": "none"},
		{"audit": {}},
	] {
		check.result.verdict == "unknown" with input as with_facts(facts)
	}
}

test_unknown_without_one_section if {
	every section in ["audit"] {
		check.result.verdict == "unknown" with input as with_facts(object.remove(good, [section]))
	}
}

without(section, field) := object.union(object.remove(good, [section]), {section: object.remove(good[section], [field])})

test_unknown_without_one_field if {
	every path in [["audit", "installed"], ["audit", "immutable"], ["audit", "configured_immutable"]] {
		[section, field] := path
		check.result.verdict == "unknown" with input as with_facts(without(section, field))
	}
}

test_unknown_wrong_types if {
	every path in [["audit", "installed"], ["audit", "immutable"], ["audit", "configured_immutable"]] {
		every wrong in [null, "true", "false", 1, {}, []] {
			[section, field] := path
			check.result.verdict == "unknown" with input as changed({section: {field: wrong}})
		}
	}
}
