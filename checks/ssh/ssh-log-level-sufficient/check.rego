package checks.ssh_log_level_sufficient

import rego.v1

sshd := input.facts.sshd

bad contains sprintf("loglevel %s", [sshd.log_level]) if {
	sshd.installed == true
	is_string(sshd.log_level)
	not sshd.log_level in input.params.accepted
}

everything_seen if {
	sshd.installed == true
	is_string(sshd.log_level)
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

message := sprintf("SSH logs at level %s", [sshd.log_level]) if verdict == "fail"

message := sprintf("SSH logs at level %s", [sshd.log_level]) if verdict == "pass"

message := "no SSH server is installed" if verdict == "not_applicable"

default reason := {}

reason := {"reason": "not_present"} if verdict == "not_applicable"

result := object.union(reason, {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {name: value | some name, value in sshd; name in ["log_level"]},
	"expected": input.params.accepted,
})
