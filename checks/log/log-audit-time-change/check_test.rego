package checks.log_audit_time_change_test

import data.checks.log_audit_time_change as check
import rego.v1

records(more) := object.union(
	{
		"passwd": true,
		"shadow": true,
		"group": true,
		"gshadow": true,
		"sudoers": true,
		"opasswd": true,
		"identity_files": true,
		"privileged_commands": true,
		"time_change": true,
		"kernel_modules": true,
		"sessions": true,
	},
	more,
)

# Facts of a host that is as asserted; tests change one thing.
good := {"schema": "host/1", "gaps": [], "host": {"virtualization": "virtual_machine"}, "audit": {"installed": true, "enabled": true, "records": records({})}}

changed(changes) := with_facts(object.union(good, changes))

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {},
}

test_pass_recorded if {
	check.result.verdict == "pass" with input as changed({})
}

test_fail_each_event if {
	every name in ["time_change"] {
		result := check.result with input as changed({"audit": {"records": records({name: false})}})
		result.verdict == "fail"
		count(result.subjects) == 1
	}
}

test_fail_not_installed if {
	result := check.result with input as with_facts({"schema": "host/1", "gaps": [], "audit": {"installed": false}})
	result.verdict == "fail"
	result.message == "not recorded: the audit system is not installed"
}

test_fail_recording_is_off if {
	check.result.verdict == "fail" with input as changed({"audit": {"enabled": false}})
}

# Hostile rules beside it do not turn what is seen into something else.
test_fail_hostile_rules if {
	every rule in ["", "-w /etc/passwd -p wa", "%s", "\u202e", "<script>"] {
		check.result.verdict == "fail" with input as changed({"audit": {"rules": [rule], "records": records({"time_change": false})}})
	}
}

test_unknown_records_that_are_none if {
	every wrong in [null, [], {}, "all", 7, records({"time_change": "true"}), records({"time_change": null}), object.remove(records({}), ["time_change"])] {
		facts := object.union(object.remove(good, ["audit"]), {"audit": {"installed": true, "enabled": true, "records": wrong}})
		check.result.verdict == "unknown" with input as with_facts(facts)
	}
}

test_unknown_container if {
	result := check.result with input as changed({"host": {"virtualization": "container"}, "audit": {"enabled": false}})
	result.verdict == "unknown"
	result.reason == "unsupported"
}

test_pass_although_the_kind_of_machine_is_not_known if {
	check.result.verdict == "pass" with input as with_facts(object.remove(good, ["host"]))
}

test_canary_no_rules if {
	nothing := records({name: false | some name in object.keys(records({}))})
	check.result.verdict == "fail" with input as changed({"audit": {"records": nothing}})
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
	every path in [["audit", "installed"], ["audit", "enabled"]] {
		[section, field] := path
		check.result.verdict == "unknown" with input as with_facts(without(section, field))
	}
}

test_unknown_wrong_types if {
	every path in [["audit", "installed"], ["audit", "enabled"]] {
		every wrong in [null, "true", "false", 1, {}, []] {
			[section, field] := path
			check.result.verdict == "unknown" with input as changed({section: {field: wrong}})
		}
	}
}
