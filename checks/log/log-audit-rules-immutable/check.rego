package checks.log_audit_rules_immutable

import rego.v1

section := input.facts.audit

# In a container the kernel's audit trail is that of the machine below.
place := object.get(input.facts, ["host", "virtualization"], "")

bad contains "the audit system is not installed" if section.installed == false

bad contains "the loaded rules can be changed" if section.immutable == false

bad contains "the files do not lock the rules at the next start" if section.configured_immutable == false

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if {
	count(bad) > 0
	place != "container"
}

verdict := "pass" if {
	is_string(place)
	section.installed == true
	section.immutable == true
	section.configured_immutable == true
}

default message := ""

message := sprintf("the audit rules are not locked: %s", [concat(", ", sort(bad))]) if verdict == "fail"

message := "the audit rules are locked" if verdict == "pass"

message := "in a container the audit trail is a matter of the machine below, look there" if {
	verdict == "unknown"
	place == "container"
	count(bad) > 0
}

default reason := {}

reason := {"reason": "unsupported"} if {
	verdict == "unknown"
	place == "container"
}

result := object.union(reason, {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {name: value | some name, value in section; name in {"installed", "immutable", "configured_immutable"}},
	"expected": {"installed": true, "immutable": true, "configured_immutable": true},
})
