package checks.log_audit_time_change

import rego.v1

audit := input.facts.audit

# In a container the kernel's audit trail is that of the machine below.
place := object.get(input.facts, ["host", "virtualization"], "")

records := audit.records

missing contains "changes of the clock" if records.time_change == false

# Without the audit system there are no rules, and rules record nothing while recording is off.
bad contains "the audit system is not installed" if audit.installed == false

bad contains "the kernel does not record" if audit.enabled == false

bad contains text if some text in missing

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if {
	count(bad) > 0
	place != "container"
}

verdict := "pass" if {
	is_string(place)
	audit.installed == true
	audit.enabled == true
	records.time_change == true
}

default message := ""

message := sprintf("not recorded: %s", [concat(", ", sort(bad))]) if verdict == "fail"

message := "recorded: changes of the clock" if verdict == "pass"

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
	"observed": {name: value | some name, value in records; name in {"time_change"}},
	"expected": {"time_change": true},
})
