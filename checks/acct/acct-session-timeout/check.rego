package checks.acct_session_timeout

import rego.v1

session := input.facts.session

seconds := session.shell_timeout_seconds

# 0 means that no file sets it.
bad contains "idle shells never end" if seconds == 0

bad contains sprintf("idle shells end after %v seconds", [seconds]) if {
	is_number(seconds)
	seconds > input.params.maximum_seconds
}

bad contains "people can switch the limit off" if {
	is_number(seconds)
	seconds > 0
	input.params.must_be_readonly == true
	session.shell_timeout_readonly == false
}

everything_seen if {
	is_number(seconds)
	seconds > 0
	is_boolean(session.shell_timeout_readonly)
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

message := sprintf("idle shells end after %v seconds", [seconds]) if verdict == "pass"

result := {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {name: value | some name, value in session; name in ["shell_timeout_seconds", "shell_timeout_readonly"]},
	"expected": {"maximum_seconds": input.params.maximum_seconds, "readonly": input.params.must_be_readonly},
}
