package checks.acct_password_max_age

import rego.v1

users := input.facts.accounts.users

login_defs := input.facts.accounts.login_defs

demanded if input.params.maximum_days > 0

# Absent in the facts means no limit; so does a number that no password lives to see.
in_time(subject, field) if {
	is_number(subject[field])
	subject[field] > 0
	subject[field] <= input.params.maximum_days
}

bad contains user.name if {
	demanded
	some user in users
	is_string(user.name)
	user.is_login_capable == true
	user.password_state == "set"
	not in_time(user, "max_days")
}

bad contains "new accounts (login.defs)" if {
	demanded
	is_object(login_defs)
	not in_time(login_defs, "pass_max_days")
}

judged contains index if {
	some index, user in users
	is_string(user.name)
	is_boolean(user.is_login_capable)
	user.password_state in {"set", "locked", "disabled", "empty"}
}

everything_seen if {
	demanded
	is_array(users)
	count(users) > 0
	count(judged) == count(users)
	is_object(login_defs)
}

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if count(bad) > 0

verdict := "pass" if {
	count(bad) == 0
	everything_seen
}

verdict := "not_applicable" if {
	input.params.maximum_days < 0
	is_array(users)
	count(judged) == count(users)
	count(users) > 0
}

default message := ""

message := sprintf("passwords that do not expire within %d days: %s", [input.params.maximum_days, concat(", ", sort(bad))]) if verdict == "fail"

message := sprintf("every password expires within %d days", [input.params.maximum_days]) if verdict == "pass"

message := "the policy demands no expiry of passwords" if verdict == "not_applicable"

message := "set the parameter maximum_days to what the policy demands, or to -1 if it demands no expiry" if {
	verdict == "unknown"
	input.params.maximum_days == 0
}

default reason := {}

reason := {"reason": "not_present"} if verdict == "not_applicable"

result := object.union(reason, {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {"max_days": {user.max_days | some user in users; user.password_state == "set"; is_number(user.max_days)}},
	"expected": {"maximum_days": input.params.maximum_days},
})
