package checks.host_mandatory_access_control_test

import data.checks.host_mandatory_access_control as check
import rego.v1

on(virtualization, mac) := with_facts({
	"schema": "host/1",
	"gaps": [],
	"host": {"virtualization": virtualization},
	"mac": mac,
})

apparmor(enforced) := {
	"modules": ["lockdown", "capability", "apparmor"],
	"apparmor": "enabled",
	"apparmor_enforced": enforced,
	"apparmor_complain": 3,
	"selinux": "absent",
	"enforcing": enforced > 0,
}

none := {"modules": [], "apparmor": "absent", "selinux": "absent", "enforcing": false}

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {},
}

test_pass_apparmor if {
	check.result.verdict == "pass" with input as on("virtual_machine", apparmor(21))
}

test_pass_selinux if {
	check.result.verdict == "pass" with input as on("physical", {"apparmor": "absent", "selinux": "enforcing", "enforcing": true})
}

test_fail_complains_only if {
	result := check.result with input as on("virtual_machine", apparmor(0))
	result.verdict == "fail"
	result.message == "neither AppArmor nor SELinux enforces anything"
}

test_unknown_container if {
	every mac in [none, apparmor(3)] {
		result := check.result with input as on("container", mac)
		result.verdict == "unknown"
		result.reason == "unsupported"
	}
}

test_unknown_wrong_types if {
	every enforcing in [null, "true", "false", 1, 0, [], {}] {
		check.result.verdict == "unknown" with input as on("physical", {"enforcing": enforcing})
	}
	every virtualization in [null, "", "Physical", "\u0000", 0, true, [], {}] {
		check.result.verdict == "unknown" with input as on(virtualization, apparmor(3))
	}
}

test_unknown_missing_data if {
	every facts in [{}, null, [], "facts", 7, {"mac": null}, {"mac": []}, {"mac": "none"}, {"mac": {}}, {"mac": {"enforcing": true}}, {"host": {"virtualization": "physical"}}] {
		check.result.verdict == "unknown" with input as with_facts(facts)
	}
}

test_canary_no_module_at_all if {
	check.result.verdict == "fail" with input as on("physical", none)
}
