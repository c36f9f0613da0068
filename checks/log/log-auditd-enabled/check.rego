package checks.log_auditd_enabled

import rego.v1

section := input.facts.audit

bad contains "auditd is not installed" if section.installed == false

bad contains "auditd does not run" if section.running == false

bad contains "the kernel does not record" if section.enabled == false

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if count(bad) > 0

verdict := "pass" if {
	section.installed == true
	section.running == true
	section.enabled == true
}

default message := ""

message := sprintf("the audit trail is off: %s", [concat(", ", sort(bad))]) if verdict == "fail"

message := "auditd runs and the kernel records" if verdict == "pass"

result := {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {name: value | some name, value in section; name in {"installed", "running", "enabled"}},
	"expected": {"installed": true, "running": true, "enabled": true},
}
