package checks.host_kernel_pointers_hidden

import rego.v1

settings := input.facts.sysctl

# Keys, their names for people, and the values that are as asserted.
wanted := {
	"kernel_kptr_restrict": {"name": "kernel.kptr_restrict", "accepted": [1, 2]},
	"kernel_dmesg_restrict": {"name": "kernel.dmesg_restrict", "accepted": [1]},
}

required contains key if some key, _ in wanted

bad contains sprintf("%s = %d", [rule.name, value]) if {
	some key, rule in wanted
	key in required
	some name, value in settings
	name == key
	is_number(value)
	not value in rule.accepted
}

judged contains key if {
	some key in required
	some name, value in settings
	name == key
	is_number(value)
}

everything_seen if {
	count(judged) == count(required)
}

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if count(bad) > 0

verdict := "pass" if {
	count(bad) == 0
	everything_seen
}

default message := ""

message := sprintf("the kernel shows too much: %s", [concat(", ", sort(bad))]) if verdict == "fail"

message := "kernel addresses and messages are hidden" if verdict == "pass"

result := {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {rule.name: value |
		some key, rule in wanted
		some name, value in settings
		name == key
	},
	"expected": {rule.name: rule.accepted | some rule in wanted},
}
