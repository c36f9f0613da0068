package checks.host_boot_loader_password_test

import data.checks.host_boot_loader_password as check
import rego.v1

on(virtualization, hardening) := with_facts({
	"schema": "host/1",
	"gaps": [],
	"host": {"virtualization": virtualization},
	"hardening": hardening,
})

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {},
}

test_pass_asks if {
	check.result.verdict == "pass" with input as on("physical", {"boot_loader": "grub", "boot_loader_password": true})
}

test_fail_does_not_ask if {
	result := check.result with input as on("physical", {"boot_loader": "grub", "boot_loader_password": false})
	result.verdict == "fail"
	result.subjects == {"GRUB"}
}

test_not_applicable_virtual if {
	result := check.result with input as on("virtual_machine", {"boot_loader": "grub", "boot_loader_password": false})
	result.verdict == "not_applicable"
	result.reason == "not_present"
	check.result.verdict == "not_applicable" with input as on("container", {"boot_loader": "absent"})
}

test_unknown_other_boot_loaders if {
	every loader in ["absent", "systemd-boot", "", "GRUB", "\u202ebург"] {
		check.result.verdict == "unknown" with input as on("physical", {"boot_loader": loader})
		check.result.verdict == "unknown" with input as on("physical", {"boot_loader": loader, "boot_loader_password": true})
	}
}

test_unknown_not_seen if {
	every password in [null, "true", 1, [], {}] {
		check.result.verdict == "unknown" with input as on("physical", {"boot_loader": "grub", "boot_loader_password": password})
	}
	check.result.verdict == "unknown" with input as on("physical", {"boot_loader": "grub"})
	check.result.verdict == "unknown" with input as on("physical", {"boot_loader_password": true})
}

test_unknown_what_it_runs_on if {
	every virtualization in [null, "", "Physical", "vm", 0, true, [], {}] {
		check.result.verdict == "unknown" with input as on(virtualization, {"boot_loader": "grub", "boot_loader_password": true})
	}
}

test_unknown_missing_data if {
	every facts in [{}, null, [], "facts", 7, {"hardening": null}, {"hardening": []}, {"hardening": "none"}, {"hardening": {}}, {"hardening": {"boot_loader": "grub", "boot_loader_password": true}}, {"host": {"virtualization": "physical"}}] {
		check.result.verdict == "unknown" with input as with_facts(facts)
	}
}

test_canary_open_console if {
	check.result.verdict == "fail" with input as on("physical", {"boot_loader": "grub", "boot_loader_password": false, "secure_boot": "disabled"})
}
