package checks.ssh_hostkey_strength

import rego.v1

sshd := input.facts.sshd

strong(key) if key.kind == "ed25519"

strong(key) if {
	key.kind == "ecdsa"
	is_number(key.bits)
	key.bits >= input.params.ecdsa_minimum_bits
}

strong(key) if {
	key.kind == "rsa"
	is_number(key.bits)
	key.bits >= input.params.rsa_minimum_bits
}

# Kind and size are known, so the key can be judged.
described(key) if {
	is_string(key.path)
	is_string(key.kind)
	is_number(key.bits)
}

bad contains sprintf("%s (%s, %v bits)", [key.path, key.kind, key.bits]) if {
	sshd.installed == true
	some key in sshd.host_keys
	described(key)
	not strong(key)
}

everything_seen if {
	sshd.installed == true
	is_array(sshd.host_keys)
	count(sshd.host_keys) > 0
	every key in sshd.host_keys {
		described(key)
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

message := sprintf("weak host keys: %s", [concat(", ", sort(bad))]) if verdict == "fail"

message := sprintf("host keys: %d, all strong", [count(sshd.host_keys)]) if verdict == "pass"

message := "no SSH server is installed" if verdict == "not_applicable"

default reason := {}

reason := {"reason": "not_present"} if verdict == "not_applicable"

result := object.union(reason, {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": [{"kind": key.kind, "bits": key.bits} | some key in sshd.host_keys; described(key)],
	"expected": {"ed25519": true, "ecdsa_minimum_bits": input.params.ecdsa_minimum_bits, "rsa_minimum_bits": input.params.rsa_minimum_bits},
})
