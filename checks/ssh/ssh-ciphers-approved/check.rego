package checks.ssh_ciphers_approved

import rego.v1

sshd := input.facts.sshd

offered := sshd.ciphers

bad contains name if {
	sshd.installed == true
	some name in offered
	is_string(name)
	not name in input.params.approved
}

everything_seen if {
	sshd.installed == true
	is_array(offered)
	count(offered) > 0
	every name in offered {
		is_string(name)
	}
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

message := sprintf("the SSH server offers ciphers that are not approved: %s", [concat(", ", sort(bad))]) if verdict == "fail"

message := sprintf("the SSH server offers %d ciphers, all approved", [count(offered)]) if verdict == "pass"

message := "no SSH server is installed" if verdict == "not_applicable"

default reason := {}

reason := {"reason": "not_present"} if verdict == "not_applicable"

result := object.union(reason, {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {name: value | some name, value in sshd; name in ["ciphers"]},
	"expected": input.params.approved,
})
