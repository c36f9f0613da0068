package checks.acct_service_no_shell

import rego.v1

users := input.facts.accounts.users

bad contains user.name if {
	some user in users
	is_string(user.name)
	user.is_system == true
	user.is_login_capable == true
	not user.name in input.params.exempt
}

judged contains index if {
	some index, user in users
	is_string(user.name)
	is_boolean(user.is_system)
	is_boolean(user.is_login_capable)
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

message := sprintf("accounts of programs with a shell: %s", [concat(", ", sort(bad))]) if verdict == "fail"

message := sprintf("accounts: %d, none of those of programs has a shell", [count(users)]) if verdict == "pass"

result := {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {"system_accounts": count([1 | some user in users; user.is_system == true])},
	"expected": {"exempt": input.params.exempt},
}
