package checks.disk_removable_blocked

import rego.v1

blocked := input.facts.kernel_modules.usb_storage_blocked

# Where the policy demands it: hosts by name, or "*" for all.
stated if count(input.params.demanded_on) > 0

demanded if input.target.name in input.params.demanded_on

demanded if "*" in input.params.demanded_on

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if {
	blocked == false
	demanded
}

verdict := "pass" if blocked == true

verdict := "not_applicable" if {
	blocked == false
	stated
	not demanded
}

default message := ""

message := "USB storage can be used" if verdict == "fail"

message := "USB storage cannot be used" if verdict == "pass"

message := "the policy does not demand that USB storage is blocked on this host" if verdict == "not_applicable"

message := "set the parameter demanded_on: USB storage can be used, and whether it must be blocked is not stated" if {
	blocked == false
	not stated
}

default reason := {}

reason := {"reason": "not_present"} if verdict == "not_applicable"

result := object.union(reason, {
	"verdict": verdict,
	"message": message,
	"subjects": {"usb-storage" | verdict == "fail"},
	"observed": {name: value | some name, value in input.facts.kernel_modules; name == "usb_storage_blocked"},
	"expected": {"demanded_on": input.params.demanded_on},
})
