package checks.acct_root_only_uid0

import rego.v1

users := input.facts.accounts.users

# A line that nobody understood could be an account with user id 0.
malformed := input.facts.accounts.malformed_lines

# Who is not as asserted. A name is enough for a failure, whatever else is missing.
intruders contains user.name if {
	some user in users
	is_string(user.name)
	user.uid == 0
	not user.name in input.params.allowed_names
}

# The elements that can be judged: every field the logic reads is there and of its type.
judged contains index if {
	some index, user in users
	is_string(user.name)
	is_number(user.uid)
}

everything_seen if {
	is_array(users)
	count(users) > 0
	count(judged) == count(users)
	is_array(malformed)
	count(malformed) == 0
}

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if count(intruders) > 0

verdict := "pass" if {
	count(intruders) == 0
	everything_seen
}

default message := ""

message := sprintf("user id 0 is also held by %s", [concat(", ", sort(intruders))]) if count(intruders) > 0

message := sprintf("accounts: %d, user id 0 is held by %s only", [count(users), concat(", ", sort(input.params.allowed_names))]) if {
	count(intruders) == 0
	everything_seen
}

message := sprintf("lines that are no account: %s", [concat(", ", sort(malformed))]) if {
	count(intruders) == 0
	is_array(malformed)
	count(malformed) > 0
}

result := {
	"verdict": verdict,
	"message": message,
	"subjects": intruders,
	"observed": {"names_with_uid_0": {user.name | some user in users; user.uid == 0}},
	"expected": {"names_with_uid_0": input.params.allowed_names},
}
