package checks.disk_luks_parameters

import rego.v1

containers := input.facts.disks.luks

described(container) if {
	is_string(container.device)
	is_number(container.version)
	is_string(container.cipher)
	is_number(container.key_bits)
	is_array(container.key_derivations)
	count(container.key_derivations) > 0
	every word in container.key_derivations {
		is_string(word)
	}
}

problems contains [container.device, sprintf("LUKS version %d", [container.version])] if {
	some container in containers
	is_number(container.version)
	container.version < input.params.minimum_version
}

problems contains [container.device, container.cipher] if {
	some container in containers
	is_string(container.cipher)
	not container.cipher in input.params.approved_ciphers
}

problems contains [container.device, sprintf("key of %d bits", [container.key_bits])] if {
	some container in containers
	is_number(container.key_bits)
	container.key_bits < input.params.minimum_key_bits
}

problems contains [container.device, word] if {
	some container in containers
	some word in container.key_derivations
	is_string(word)
	not word in input.params.approved_key_derivations
}

bad contains sprintf("%s: %s", problem) if {
	some problem in problems
	is_string(problem[0])
}

judged contains index if {
	some index, container in containers
	described(container)
}

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if count(bad) > 0

verdict := "pass" if {
	count(bad) == 0
	is_array(containers)
	count(containers) > 0
	count(judged) == count(containers)
}

verdict := "not_applicable" if {
	is_array(containers)
	count(containers) == 0
}

default message := ""

message := sprintf("containers with outdated parameters: %s", [concat(", ", sort(bad))]) if verdict == "fail"

message := "every LUKS container has approved parameters" if verdict == "pass"

message := "this host has no LUKS container" if verdict == "not_applicable"

default reason := {}

reason := {"reason": "not_present"} if verdict == "not_applicable"

result := object.union(reason, {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {"containers": {container.device | some container in containers; is_string(container.device)}},
	"expected": input.params,
})
