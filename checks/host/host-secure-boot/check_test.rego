package checks.host_secure_boot_test

import data.checks.host_secure_boot as check
import rego.v1

on(virtualization, state) := with_facts({
	"schema": "host/1",
	"gaps": [],
	"host": {"virtualization": virtualization},
	"hardening": {"secure_boot": state},
})

accepting(document) := object.union(document, {"params": {"legacy_boot_accepted": true}})

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {"legacy_boot_accepted": false},
}

test_pass_on if {
	check.result.verdict == "pass" with input as on("physical", "enabled")
	check.result.verdict == "pass" with input as on("virtual_machine", "enabled")
}

test_fail_off if {
	result := check.result with input as on("virtual_machine", "disabled")
	result.verdict == "fail"
	result.subjects == {"secure boot"}
}

test_fail_whatever_the_parameter_says if {
	check.result.verdict == "fail" with input as accepting(on("physical", "disabled"))
}

test_not_applicable_accepted_legacy_boot if {
	result := check.result with input as accepting(on("virtual_machine", "not_uefi"))
	result.verdict == "not_applicable"
	result.reason == "not_present"
}

test_unknown_legacy_boot if {
	result := check.result with input as on("physical", "not_uefi")
	result.verdict == "unknown"
	contains(result.message, "legacy_boot_accepted")
}

# What a container sees of the firmware is somebody else's.
test_unknown_container if {
	every state in ["not_uefi", "enabled"] {
		result := check.result with input as accepting(on("container", state))
		result.verdict == "unknown"
		result.reason == "unsupported"
	}
}

test_unknown_other_words if {
	every state in ["Enabled", "", "on", "enabled ", "\u202edelbane", 1, true, null, [], {}] {
		check.result.verdict == "unknown" with input as accepting(on("physical", state))
	}
	every virtualization in ["", "Physical", 0, true, null, [], {}] {
		check.result.verdict == "unknown" with input as on(virtualization, "enabled")
	}
}

test_unknown_missing_data if {
	every facts in [{}, null, [], "facts", 7, {"hardening": null}, {"hardening": []}, {"hardening": "none"}, {"hardening": {}}, {"hardening": {"secure_boot": "enabled"}}, {"host": {"virtualization": "physical"}}] {
		check.result.verdict == "unknown" with input as with_facts(facts)
	}
}

test_canary_off if {
	check.result.verdict == "fail" with input as on("physical", "disabled")
}
