package checks.time_offset_small

import rego.v1

sync := input.facts.time_sync

# In a container the clock is that of the machine below.
place := object.get(input.facts, ["host", "virtualization"], "")

is_guest_clock if {
	place == "container"
	sync.active == false
}

bad contains sprintf("off by up to %d ms", [sync.offset_ms_at_most]) if {
	is_number(sync.offset_ms_at_most)
	sync.offset_ms_at_most > input.params.maximum_offset_ms
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
	sync.synchronized == true
	is_number(sync.offset_ms_at_most)
}

verdict := "not_applicable" if is_guest_clock

default message := ""

message := sprintf("the clock is not right: %s", [concat(", ", sort(bad))]) if verdict == "fail"

message := sprintf("the clock is off by %d ms at most", [sync.offset_ms_at_most]) if verdict == "pass"

message := "a container has no clock of its own" if verdict == "not_applicable"

default reason := {}

reason := {"reason": "not_present"} if verdict == "not_applicable"

result := object.union(reason, {
	"verdict": verdict,
	"message": message,
	"subjects": {text | verdict == "fail"; some text in bad},
	"observed": {name: value | some name, value in sync; name in {"offset_ms_at_most", "synchronized"}},
	"expected": input.params,
})
