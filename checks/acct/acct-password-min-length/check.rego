package checks.acct_password_min_length

import rego.v1

pam := input.facts.pam

# Services that ask for a second factor which must succeed.
covered contains factor.service if {
	some factor in pam.second_factors
	factor.is_required == true
	is_string(factor.service)
}

uncovered contains service if {
	some service in pam.services
	not service in covered
}

second_factor_everywhere if {
	is_array(pam.services)
	count(pam.services) > 0
	count(uncovered) == 0
}

default minimum := 0

minimum := input.params.minimum_with_second_factor if second_factor_everywhere

minimum := input.params.minimum if not second_factor_everywhere

bad contains sprintf("minimum length %v", [pam.password_min_length]) if {
	is_number(pam.password_min_length)
	pam.password_min_length < minimum
}

everything_seen if {
	is_number(pam.password_min_length)
	pam.password_min_length >= minimum
	minimum > 0
	list_or_absent("second_factors")
	list_or_absent("services")
}

list_or_absent(name) if not name in object.keys(pam)

list_or_absent(name) if is_array(pam[name])

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if count(bad) > 0

verdict := "pass" if {
	count(bad) == 0
	everything_seen
}

default message := ""

message := sprintf("passwords of %v characters are accepted, the policy asks for %d", [pam.password_min_length, minimum]) if verdict == "fail"

message := sprintf("passwords need at least %v characters", [pam.password_min_length]) if verdict == "pass"

result := {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {name: value | some name, value in pam; name == "password_min_length"},
	"expected": {"minimum": minimum},
}
