package checks.host_unit_sandboxing

import rego.v1

services := input.facts.services

described(entry) if {
	is_string(entry.unit)
	is_number(entry.exposure_tenths)
}

bad contains entry.unit if {
	some entry in services.exposure
	described(entry)
	entry.exposure_tenths > input.params.maximum_tenths
	not entry.unit in input.params.approved
}

judged contains index if {
	some index, entry in services.exposure
	described(entry)
}

everything_seen if {
	services.systemd_running == true
	is_array(services.exposure)
	count(services.exposure) > 0
	count(judged) == count(services.exposure)
}

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if count(bad) > 0

verdict := "pass" if {
	count(bad) == 0
	everything_seen
}

verdict := "not_applicable" if {
	services.systemd_running == true
	services.exposure == []
}

default message := ""

message := sprintf("more open than %d tenths: %s", [input.params.maximum_tenths, concat(", ", sort(bad))]) if verdict == "fail"

message := sprintf("services on a network: %d, all within the limit or approved", [count(services.exposure)]) if verdict == "pass"

message := "no unit listens on a network" if verdict == "not_applicable"

message := "systemd does not run here, so nothing is sandboxed by units" if {
	verdict == "unknown"
	services.systemd_running == false
}

default reason := {}

reason := {"reason": "not_present"} if verdict == "not_applicable"

reason := {"reason": "unsupported"} if {
	verdict == "unknown"
	services.systemd_running == false
}

result := object.union(reason, {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {"exposure_tenths": [entry | some entry in services.exposure; described(entry)]},
	"expected": {"maximum_tenths": input.params.maximum_tenths, "approved": input.params.approved},
})
