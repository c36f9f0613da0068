package checks.host_secure_boot

import rego.v1

state := input.facts.hardening.secure_boot

virtualization := input.facts.host.virtualization

# A container sees neither the firmware nor its variables.
is_machine if virtualization in {"physical", "virtual_machine"}

default verdict := "unknown"

verdict := "fail" if state == "disabled"

verdict := "pass" if {
	state == "enabled"
	is_machine
}

verdict := "not_applicable" if {
	state == "not_uefi"
	is_machine
	input.params.legacy_boot_accepted == true
}

default message := ""

message := "the firmware starts unsigned boot loaders: secure boot is off" if verdict == "fail"

message := "secure boot is on" if verdict == "pass"

message := "the machine does not start by UEFI, which is accepted here" if verdict == "not_applicable"

message := "a container does not see how its machine starts" if {
	verdict == "unknown"
	virtualization == "container"
}

message := "the machine did not start by UEFI; if that is as it should be, set the parameter legacy_boot_accepted" if {
	verdict == "unknown"
	state == "not_uefi"
	is_machine
}

default reason := {}

reason := {"reason": "not_present"} if verdict == "not_applicable"

reason := {"reason": "unsupported"} if {
	verdict == "unknown"
	virtualization == "container"
}

result := object.union(reason, {
	"verdict": verdict,
	"message": message,
	"subjects": {"secure boot" | verdict == "fail"},
	"observed": {"secure_boot": x | some x in [state]},
	"expected": {"secure_boot": "enabled"},
})
