package checks.time_sources_approved

import rego.v1

sync := input.facts.time_sync

# In a container the clock is that of the machine below.
place := object.get(input.facts, ["host", "virtualization"], "")

is_guest_clock if {
	place == "container"
	sync.active == false
}

servers := sync.servers

described(server) if {
	is_string(server.name)
	is_string(server.kind)
}

# A name, or a domain that it lies in.
approved(server) if {
	some name in input.params.approved
	server.name == name
}

approved(server) if {
	some name in input.params.approved
	endswith(server.name, concat("", [".", name]))
}

approved(server) if {
	server.kind == "refclock"
	input.params.accept_reference_clocks == true
}

strangers contains server.name if {
	some server in servers
	described(server)
	not approved(server)
}

judged contains index if {
	some index, server in servers
	described(server)
}

all_judged if {
	is_array(servers)
	count(judged) == count(servers)
}

# A pool stands for several servers.
sources := sum([weight(server) | some server in servers])

weight(server) := 1 if server.kind != "pool"

weight(server) := input.params.servers_in_a_pool if server.kind == "pool"

bad contains sprintf("%s is not approved", [name]) if {
	some name in strangers
	not is_guest_clock
}

bad contains sprintf("%d configured, %d are needed", [sources, input.params.minimum_sources]) if {
	not is_guest_clock
	all_judged
	sources < input.params.minimum_sources
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
	all_judged
}

verdict := "not_applicable" if is_guest_clock

default message := ""

message := sprintf("time sources are not as asked: %s", [concat(", ", sort(bad))]) if verdict == "fail"

message := sprintf("time comes from approved sources, %d of them", [sources]) if verdict == "pass"

message := "a container has no clock of its own" if verdict == "not_applicable"

default reason := {}

reason := {"reason": "not_present"} if verdict == "not_applicable"

result := object.union(reason, {
	"verdict": verdict,
	"message": message,
	"subjects": {text | verdict == "fail"; some text in bad},
	"observed": {name: value | some name, value in sync; name in {"active"}},
	"expected": input.params,
})
