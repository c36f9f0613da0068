package checks.host_kernel_aslr

import rego.v1

settings := input.facts.sysctl

# Keys, their names for people, and the values that are as asserted.
wanted := {
	"kernel_randomize_va_space": {"name": "kernel.randomize_va_space", "accepted": [2]},
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

message := sprintf("addresses are not randomized fully: %s", [concat(", ", sort(bad))]) if verdict == "fail"

message := "addresses are randomized fully" if verdict == "pass"

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
