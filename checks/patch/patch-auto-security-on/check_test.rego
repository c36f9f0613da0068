package checks.patch_auto_security_on_test

import data.checks.patch_auto_security_on as check
import rego.v1

# Facts of a host that is as asserted; tests change one thing.
good := {
	"schema": "host/1",
	"gaps": [],
	"auto_updates": {
		"installed": true,
		"refreshes_lists": true,
		"runs_upgrades": true,
		"covers_security": true,
		"security_on": true,
	},
}

changed(changes) := with_facts(object.union(good, changes))

with_params(params, changes) := object.union(changed(changes), {"params": params})

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {"managed_hosts": []},
}

test_pass_on if {
	check.result.verdict == "pass" with input as changed({})
}

test_fail_each_part if {
	every part in ["installed", "refreshes_lists", "runs_upgrades", "covers_security"] {
		result := check.result with input as changed({"auto_updates": {part: false, "security_on": false}})
		result.verdict == "fail"
		count(result.subjects) == 1
	}
}

test_fail_not_installed if {
	check.result.verdict == "fail" with input as with_facts({"schema": "host/1", "gaps": [], "auto_updates": {"installed": false, "security_on": false}})
}

test_fail_off_as_a_whole if {
	check.result.verdict == "fail" with input as changed({"auto_updates": {"security_on": false}})
}

test_fail_hostile_host_names if {
	every name in ["", "WEB1", "web1 ", "*", "%s", "w\u0435b1"] {
		check.result.verdict == "fail" with input as with_params({"managed_hosts": [name]}, {"auto_updates": {"installed": false, "security_on": false}})
	}
}

test_not_applicable_managed_cycle if {
	result := check.result with input as with_params({"managed_hosts": ["web1"]}, {"auto_updates": {"runs_upgrades": false, "security_on": false}})
	result.verdict == "not_applicable"
	result.reason == "not_present"
}

test_canary_nothing_of_it if {
	check.result.verdict == "fail" with input as changed({"auto_updates": {"installed": false, "refreshes_lists": false, "runs_upgrades": false, "covers_security": false, "security_on": false}})
}

test_unknown_missing_data if {
	every facts in [
		{},
		null,
		[],
		"facts",
		7,
		{"auto_updates": null},
		{"auto_updates": []},
		{"auto_updates": "none"},
		{"auto_updates": {}},
	] {
		check.result.verdict == "unknown" with input as with_facts(facts)
	}
}

without(section, field) := object.union(object.remove(good, [section]), {section: object.remove(good[section], [field])})

test_unknown_without_one_field if {
	every path in [["auto_updates", "security_on"], ["auto_updates", "installed"], ["auto_updates", "refreshes_lists"], ["auto_updates", "runs_upgrades"], ["auto_updates", "covers_security"]] {
		[section, field] := path
		check.result.verdict == "unknown" with input as with_facts(without(section, field))
	}
}

test_unknown_wrong_types if {
	every path in [["auto_updates", "security_on"], ["auto_updates", "installed"], ["auto_updates", "refreshes_lists"], ["auto_updates", "runs_upgrades"], ["auto_updates", "covers_security"]] {
		every wrong in [null, "true", "false", 1, {}, []] {
			[section, field] := path
			check.result.verdict == "unknown" with input as changed({section: {field: wrong}})
		}
	}
}
