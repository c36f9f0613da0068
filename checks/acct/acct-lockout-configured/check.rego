package checks.acct_lockout_configured

import rego.v1

pam := input.facts.pam

bad contains "failed logins never lock" if pam.lockout_enabled == false

# 0 switches the counting off.
bad contains sprintf("locks after %v failures", [pam.lockout_attempts]) if {
	pam.lockout_enabled == true
	is_number(pam.lockout_attempts)
	not few_attempts
}

# 0 means until an administrator unlocks.
bad contains sprintf("locks for %v seconds", [pam.lockout_seconds]) if {
	pam.lockout_enabled == true
	is_number(pam.lockout_seconds)
	not long_enough
}

few_attempts if {
	pam.lockout_attempts > 0
	pam.lockout_attempts <= input.params.maximum_attempts
}

long_enough if pam.lockout_seconds == 0

long_enough if pam.lockout_seconds >= input.params.minimum_seconds

everything_seen if {
	pam.lockout_enabled == true
	is_number(pam.lockout_attempts)
	is_number(pam.lockout_seconds)
}

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if count(bad) > 0

verdict := "pass" if {
	count(bad) == 0
	everything_seen
}

default message := ""

message := concat(", ", sort(bad)) if verdict == "fail"

message := sprintf("an account is locked after %v failed logins", [pam.lockout_attempts]) if verdict == "pass"

result := {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {name: value | some name, value in pam; name in ["lockout_enabled", "lockout_attempts", "lockout_seconds"]},
	"expected": {"maximum_attempts": input.params.maximum_attempts, "minimum_seconds": input.params.minimum_seconds},
}
