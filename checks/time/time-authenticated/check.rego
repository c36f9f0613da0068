package checks.time_authenticated

import rego.v1

sync := input.facts.time_sync

# In a container the clock is that of the machine below.
place := object.get(input.facts, ["host", "virtualization"], "")

is_guest_clock if {
	place == "container"
	sync.active == false
}

# Where the policy demands it: hosts by name, or "*" for all.
stated if count(input.params.demanded_on) > 0

demanded if input.target.name in input.params.demanded_on

demanded if "*" in input.params.demanded_on

bad contains name if {
	demanded
	some name in plain
}

bad contains "no source is authenticated" if {
	demanded
	sync.all_authenticated == false
	count(plain) == 0
}

plain contains server.name if {
	some server in sync.servers
	server.authenticated == false
	is_string(server.name)
}

judged contains index if {
	some index, server in sync.servers
	is_string(server.name)
	is_boolean(server.authenticated)
}

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if {
	count(bad) > 0
	not is_guest_clock
}

verdict := "pass" if {
	count(bad) == 0
	is_string(place)
	sync.active == true
	sync.all_authenticated == true
	is_array(sync.servers)
	count(sync.servers) > 0
	count(judged) == count(sync.servers)
	count(plain) == 0
}

excused contains "a container has no clock of its own" if is_guest_clock

excused contains "the policy does not demand authenticated time on this host" if {
	not is_guest_clock
	sync.all_authenticated == false
	stated
	not demanded
}

verdict := "not_applicable" if count(excused) > 0

default message := ""

message := sprintf("time sources without authentication: %s", [concat(", ", sort(bad))]) if verdict == "fail"

message := "every time source is authenticated" if verdict == "pass"

message := concat("; ", excused) if verdict == "not_applicable"

message := "set the parameter demanded_on: time sources are not authenticated, and whether they must be is not stated" if {
	verdict == "unknown"
	sync.all_authenticated == false
	not stated
}

default reason := {}

reason := {"reason": "not_present"} if verdict == "not_applicable"

result := object.union(reason, {
	"verdict": verdict,
	"message": message,
	"subjects": {text | verdict == "fail"; some text in bad},
	"observed": {name: value | some name, value in sync; name in {"all_authenticated"}},
	"expected": {"demanded_on": input.params.demanded_on},
})
