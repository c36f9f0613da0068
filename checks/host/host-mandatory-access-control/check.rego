package checks.host_mandatory_access_control

import rego.v1

enforcing := input.facts.mac.enforcing

virtualization := input.facts.host.virtualization

# The kernel of a container belongs to its host; from inside, neither answer can be trusted.
is_machine if virtualization in {"physical", "virtual_machine"}

default verdict := "unknown"

verdict := "fail" if {
	is_machine
	enforcing == false
}

verdict := "pass" if {
	is_machine
	enforcing == true
}

default message := ""

message := "neither AppArmor nor SELinux enforces anything" if verdict == "fail"

message := "AppArmor or SELinux enforces" if verdict == "pass"

message := "in a container this is a matter of its host, look there" if {
	verdict == "unknown"
	virtualization == "container"
}

default reason := {}

reason := {"reason": "unsupported"} if {
	verdict == "unknown"
	virtualization == "container"
}

result := object.union(reason, {
	"verdict": verdict,
	"message": message,
	"subjects": {"mandatory access control" | verdict == "fail"},
	"observed": {"enforcing": x | some x in [enforcing]},
	"expected": {"enforcing": true},
})
