package checks.acct_password_reuse_blocked

import rego.v1

pam := input.facts.pam

value := pam.password_history

bad contains sprintf("password_history %v", [value]) if {
	is_number(value)
	value < input.params.minimum_remembered
}

everything_seen if {
	is_number(value)
	value >= input.params.minimum_remembered
}

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if count(bad) > 0

verdict := "pass" if {
	count(bad) == 0
	everything_seen
}

default message := ""

message := sprintf("%v passwords are remembered, the policy asks for %d", [value, input.params.minimum_remembered]) if verdict == "fail"

message := sprintf("%v passwords are remembered", [value]) if verdict == "pass"

result := {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {name: seen | some name, seen in pam; name == "password_history"},
	"expected": {"minimum_remembered": input.params.minimum_remembered},
}
