package checks.log_audit_privileged_commands

import rego.v1

audit := input.facts.audit

records := audit.records

missing contains "commands with raised rights" if records.privileged_commands == false

# Without the audit system there are no rules, and rules record nothing while recording is off.
bad contains "the audit system is not installed" if audit.installed == false

bad contains "the kernel does not record" if audit.enabled == false

bad contains text if some text in missing

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if count(bad) > 0

verdict := "pass" if {
	audit.installed == true
	audit.enabled == true
	records.privileged_commands == true
}

default message := ""

message := sprintf("not recorded: %s", [concat(", ", sort(bad))]) if verdict == "fail"

message := "recorded: commands with raised rights" if verdict == "pass"

result := {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {name: value | some name, value in records; name in {"privileged_commands"}},
	"expected": {"privileged_commands": true},
}
