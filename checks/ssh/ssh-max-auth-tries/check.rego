package checks.ssh_max_auth_tries

import rego.v1

sshd := input.facts.sshd

tries := sshd.max_auth_tries

bad contains sprintf("maxauthtries %v", [tries]) if {
	sshd.installed == true
	is_number(tries)
	tries > input.params.maximum
}

everything_seen if {
	sshd.installed == true
	is_number(tries)
	tries >= 0
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

message := sprintf("SSH allows %v attempts per connection, more than %d", [tries, input.params.maximum]) if verdict == "fail"

message := sprintf("SSH allows %v attempts per connection", [tries]) if verdict == "pass"

message := "no SSH server is installed" if verdict == "not_applicable"

default reason := {}

reason := {"reason": "not_present"} if verdict == "not_applicable"

result := object.union(reason, {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {name: value | some name, value in sshd; name in ["max_auth_tries"]},
	"expected": {"maximum": input.params.maximum},
})
