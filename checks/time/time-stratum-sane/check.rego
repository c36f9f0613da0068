package checks.time_stratum_sane

import rego.v1

sync := input.facts.time_sync

# In a container the clock is that of the machine below.
place := object.get(input.facts, ["host", "virtualization"], "")

is_guest_clock if {
	place == "container"
	sync.active == false
}

bad contains sprintf("stratum %d", [sync.stratum]) if {
	is_number(sync.stratum)
	sync.stratum > input.params.maximum_stratum
}

# 0 stands for "not synchronized" on the wire.
bad contains "stratum 0" if sync.stratum == 0

bad contains sprintf("leap status %s", [sync.leap]) if {
	is_string(sync.leap)
	not sync.leap in input.params.accepted_leap
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
	is_number(sync.stratum)
	is_string(sync.leap)
}

verdict := "not_applicable" if is_guest_clock

default message := ""

message := sprintf("the time source is not as it should be: %s", [concat(", ", sort(bad))]) if verdict == "fail"

message := sprintf("the clock follows a source of stratum %d", [sync.stratum]) if verdict == "pass"

message := "a container has no clock of its own" if verdict == "not_applicable"

default reason := {}

reason := {"reason": "not_present"} if verdict == "not_applicable"

result := object.union(reason, {
	"verdict": verdict,
	"message": message,
	"subjects": {text | verdict == "fail"; some text in bad},
	"observed": {name: value | some name, value in sync; name in {"stratum", "leap"}},
	"expected": input.params,
})
