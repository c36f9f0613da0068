package checks.ssh_idle_disconnect

import rego.v1

sshd := input.facts.sshd

limit := sshd.idle_limit_seconds

# 0 means never.
bad contains "idle sessions are never closed" if {
	sshd.installed == true
	limit == 0
}

bad contains sprintf("idle sessions are closed after %v seconds", [limit]) if {
	sshd.installed == true
	is_number(limit)
	limit > input.params.maximum_seconds
}

everything_seen if {
	sshd.installed == true
	is_number(limit)
	limit > 0
}

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if count(bad) > 0

verdict := "pass" if {
	count(bad) == 0
	everything_seen
}

verdict := "not_applicable" if sshd.installed == false

default message := ""

message := sprintf("SSH: %s", [concat(", ", sort(bad))]) if verdict == "fail"

message := sprintf("SSH closes idle sessions after %v seconds", [limit]) if verdict == "pass"

message := "no SSH server is installed" if verdict == "not_applicable"

default reason := {}

reason := {"reason": "not_present"} if verdict == "not_applicable"

result := object.union(reason, {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {name: value | some name, value in sshd; name in ["idle_limit_seconds"]},
	"expected": {"maximum_seconds": input.params.maximum_seconds},
})
