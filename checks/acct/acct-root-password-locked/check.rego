package checks.acct_root_password_locked

import rego.v1

users := input.facts.accounts.users

sudo := input.facts.sudo

root_state := state if {
	states := {user.password_state | some user in users; user.name == "root"; user.password_state in {"set", "locked", "disabled", "empty"}}
	count(states) == 1
	some state in states
}

usable if root_state in {"set", "empty"}

# Whether sudo is a way to privilege here.
has_route if {
	sudo.installed == true
	is_array(sudo.full_privilege_users)
	count(sudo.full_privilege_users) > 0
}

no_route if sudo.installed == false

bad contains "root" if {
	usable
	has_route
}

everything_seen if {
	root_state in {"locked", "disabled"}
	has_route
}

everything_seen if {
	root_state in {"locked", "disabled"}
	no_route
}

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if count(bad) > 0

verdict := "pass" if {
	count(bad) == 0
	everything_seen
}

verdict := "not_applicable" if {
	usable
	no_route
}

default message := ""

message := sprintf("root has a usable password although sudo is in use by %s", [concat(", ", sort({name | some name in sudo.full_privilege_users; is_string(name)}))]) if verdict == "fail"

message := "root has no usable password" if verdict == "pass"

message := "sudo is not installed, so root's password may be the way to privilege" if verdict == "not_applicable"

message := "sudo is installed, and nobody is seen to have full rights by it: how people get privilege is not clear" if {
	verdict == "unknown"
	usable
	sudo.full_privilege_users == []
}

default reason := {}

reason := {"reason": "not_present"} if verdict == "not_applicable"

result := object.union(reason, {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {"root": {state | state := root_state; is_string(state)}},
	"expected": {"root": ["locked", "disabled"]},
})
