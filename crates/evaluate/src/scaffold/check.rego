package checks.example

import rego.v1

users := input.facts.accounts.users

# What is not as asserted. Change the condition.
bad contains user.name if {
	some user in users
	is_string(user.name)
	is_string(user.shell)
	not user.shell in input.params.approved_shells
}

# The elements that can be judged: every field that is read above is there and of its type.
judged contains index if {
	some index, user in users
	is_string(user.name)
	is_string(user.shell)
}

everything_seen if {
	is_array(users)
	count(users) > 0
	count(judged) == count(users)
}

# Without proof the answer is unknown. Keep this line.
default verdict := "unknown"

verdict := "fail" if count(bad) > 0

verdict := "pass" if {
	count(bad) == 0
	everything_seen
}

result := {
	"verdict": verdict,
	"subjects": bad,
	"expected": input.params.approved_shells,
}
