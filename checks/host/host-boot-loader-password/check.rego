package checks.host_boot_loader_password

import rego.v1

virtualization := input.facts.host.virtualization

hardening := input.facts.hardening

# A virtual machine's console is guarded by the accounts of its platform; a container has no boot loader.
elsewhere if virtualization in {"virtual_machine", "container"}

default verdict := "unknown"

verdict := "fail" if {
	virtualization == "physical"
	hardening.boot_loader == "grub"
	hardening.boot_loader_password == false
}

verdict := "pass" if {
	virtualization == "physical"
	hardening.boot_loader == "grub"
	hardening.boot_loader_password == true
}

verdict := "not_applicable" if elsewhere

default message := ""

message := "GRUB lets anybody at the console edit its entries" if verdict == "fail"

message := "GRUB asks for a password before its entries are edited" if verdict == "pass"

message := "not a physical host: its console is not behind a door" if verdict == "not_applicable"

message := sprintf("whether the boot loader asks for a password cannot be told for: %s", [hardening.boot_loader]) if {
	verdict == "unknown"
	is_string(hardening.boot_loader)
	hardening.boot_loader != "grub"
}

default reason := {}

reason := {"reason": "not_present"} if verdict == "not_applicable"

result := object.union(reason, {
	"verdict": verdict,
	"message": message,
	"subjects": {"GRUB" | verdict == "fail"},
	"observed": {"boot_loader": x | some x in [hardening.boot_loader]},
	"expected": {"boot_loader_password": true},
})
