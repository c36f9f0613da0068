package checks.acct_known_owner

import rego.v1

users := input.facts.accounts.users

# An entry is an account, a space, and its owner.
owned contains parts[0] if {
	some entry in input.params.owners
	parts := split(trim_space(entry), " ")
	count(parts) > 1
}

stated if count(input.params.owners) > 0

people contains user.name if {
	some user in users
	is_string(user.name)
	is_number(user.uid)
	user.uid != 0
	user.is_system == false
	user.is_login_capable == true
}

strangers := people - owned

bad contains stranger if {
	stated
	some stranger in strangers
}

judged contains index if {
	some index, user in users
	is_string(user.name)
	is_number(user.uid)
	is_boolean(user.is_system)
	is_boolean(user.is_login_capable)
}

all_judged if {
	is_array(users)
	count(users) > 0
	count(judged) == count(users)
}

everything_seen if {
	stated
	all_judged
	count(people) > 0
}

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if count(bad) > 0

verdict := "pass" if {
	count(bad) == 0
	everything_seen
}

verdict := "not_applicable" if {
	all_judged
	count(people) == 0
}

default message := ""

message := sprintf("accounts without a known owner: %s", [concat(", ", sort(bad))]) if verdict == "fail"

message := sprintf("accounts of people: %d, each has a known owner", [count(people)]) if verdict == "pass"

message := "no person has an account on this host" if verdict == "not_applicable"

message := sprintf("set the parameter owners; accounts without an owner on record: %s", [concat(", ", sort(strangers))]) if {
	verdict == "unknown"
	not stated
	count(strangers) > 0
}

default reason := {}

reason := {"reason": "not_present"} if verdict == "not_applicable"

result := object.union(reason, {
	"verdict": verdict,
	"message": message,
	"subjects": strangers,
	"observed": {"people": people},
	"expected": {"owned": owned},
})
