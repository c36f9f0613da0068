package checks.acct_su_restricted

import rego.v1

pam := input.facts.pam

bad contains "everybody may use su" if pam.su_restricted == false

everything_seen if pam.su_restricted == true

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if count(bad) > 0

verdict := "pass" if {
	count(bad) == 0
	everything_seen
}

default message := ""

message := "everybody may use su" if verdict == "fail"

message := "su is limited to a group" if verdict == "pass"

result := {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {name: value | some name, value in pam; name == "su_restricted"},
	"expected": {"su_restricted": true},
}
