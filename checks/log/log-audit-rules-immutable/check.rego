package checks.log_audit_rules_immutable

import rego.v1

section := input.facts.audit

bad contains "the audit system is not installed" if section.installed == false

bad contains "the loaded rules can be changed" if section.immutable == false

bad contains "the files do not lock the rules at the next start" if section.configured_immutable == false

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if count(bad) > 0

verdict := "pass" if {
	section.installed == true
	section.immutable == true
	section.configured_immutable == true
}

default message := ""

message := sprintf("the audit rules are not locked: %s", [concat(", ", sort(bad))]) if verdict == "fail"

message := "the audit rules are locked" if verdict == "pass"

result := {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {name: value | some name, value in section; name in {"installed", "immutable", "configured_immutable"}},
	"expected": {"installed": true, "immutable": true, "configured_immutable": true},
}
