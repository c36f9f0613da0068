package checks.acct_password_hash_strong

import rego.v1

users := input.facts.accounts.users

# A hash behind a lock mark comes back into use with one command, so it counts.
stored := {"set", "locked"}

bad contains sprintf("%s (%s)", [user.name, user.hash_scheme]) if {
	some user in users
	is_string(user.name)
	user.password_state in stored
	is_string(user.hash_scheme)
	user.hash_scheme != "unknown"
	not user.hash_scheme in input.params.approved
}

# A scheme that is not recognized may be stronger or weaker.
unrecognized contains user.name if {
	some user in users
	is_string(user.name)
	user.hash_scheme == "unknown"
}

judged contains index if {
	some index, user in users
	is_string(user.name)
	user.password_state in stored
	is_string(user.hash_scheme)
	user.hash_scheme in input.params.approved
}

hashless contains index if {
	some index, user in users
	is_string(user.name)
	user.password_state in {"disabled", "empty"}
}

everything_seen if {
	is_array(users)
	count(judged) > 0
	count(judged) + count(hashless) == count(users)
}

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if count(bad) > 0

verdict := "pass" if {
	count(bad) == 0
	everything_seen
}

verdict := "not_applicable" if {
	is_array(users)
	count(users) > 0
	count(hashless) == count(users)
}

default message := ""

message := sprintf("weak password hashes: %s", [concat(", ", sort(bad))]) if verdict == "fail"

message := sprintf("stored password hashes: %d, all strong", [count(judged)]) if verdict == "pass"

message := "no account stores a password hash" if verdict == "not_applicable"

message := sprintf("the hash scheme is not recognized: %s", [concat(", ", sort(unrecognized))]) if {
	verdict == "unknown"
	count(unrecognized) > 0
}

default reason := {}

reason := {"reason": "not_present"} if verdict == "not_applicable"

result := object.union(reason, {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {"schemes": {user.hash_scheme | some user in users; is_string(user.hash_scheme)}},
	"expected": {"approved": input.params.approved},
})
