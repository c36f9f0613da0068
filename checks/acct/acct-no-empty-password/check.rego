package checks.acct_no_empty_password

import rego.v1

users := input.facts.accounts.users

bad contains user.name if {
	some user in users
	is_string(user.name)
	user.is_login_capable == true
	user.password_state == "empty"
}

states := {"set", "locked", "disabled", "empty"}

judged contains index if {
	some index, user in users
	is_string(user.name)
	is_boolean(user.is_login_capable)
	user.password_state in states
}

everything_seen if {
	is_array(users)
	count(users) > 0
	count(judged) == count(users)
}

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if count(bad) > 0

verdict := "pass" if {
	count(bad) == 0
	everything_seen
}

default message := ""

message := sprintf("no password is asked for: %s", [concat(", ", sort(bad))]) if verdict == "fail"

message := sprintf("accounts: %d, none of those that can log in has an empty password", [count(users)]) if verdict == "pass"

result := {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {"accounts_with_empty_password": count(bad)},
	"expected": {"password_state": ["set", "locked", "disabled"]},
}
