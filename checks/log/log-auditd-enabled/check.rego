package checks.log_auditd_enabled

import rego.v1

section := input.facts.audit

# In a container the kernel's audit trail is that of the machine below.
place := object.get(input.facts, ["host", "virtualization"], "")

bad contains "auditd is not installed" if section.installed == false

bad contains "auditd does not run" if section.running == false

bad contains "the kernel does not record" if section.enabled == false

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if {
	count(bad) > 0
	place != "container"
}

verdict := "pass" if {
	is_string(place)
	section.installed == true
	section.running == true
	section.enabled == true
}

default message := ""

message := sprintf("the audit trail is off: %s", [concat(", ", sort(bad))]) if verdict == "fail"

message := "auditd runs and the kernel records" if verdict == "pass"

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
	"observed": {name: value | some name, value in section; name in {"installed", "running", "enabled"}},
	"expected": {"installed": true, "running": true, "enabled": true},
})
