package checks.acct_umask_restrictive

import rego.v1

umask := input.facts.session.umask

octal := `^[0-7]{3,4}$`

# The last three digits: owner, group, others.
digits(text) := [to_number(substring(text, count(text) - 3, 1)), to_number(substring(text, count(text) - 2, 1)), to_number(substring(text, count(text) - 1, 1))]

readable if {
	is_string(umask)
	regex.match(octal, umask)
	regex.match(octal, input.params.umask)
}

# Each bit that the policy takes away must be taken away.
open_digits contains index if {
	readable
	some index, asked in digits(input.params.umask)
	bits.and(asked, digits(umask)[index]) != asked
}

bad contains sprintf("umask %s", [umask]) if count(open_digits) > 0

everything_seen if readable

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if count(bad) > 0

verdict := "pass" if {
	count(bad) == 0
	everything_seen
}

default message := ""

message := sprintf("the default umask is %s, the policy asks for %s", [umask, input.params.umask]) if verdict == "fail"

message := sprintf("the default umask is %s", [umask]) if verdict == "pass"

result := {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {name: value | some name, value in input.facts.session; name == "umask"},
	"expected": {"umask": input.params.umask},
}
