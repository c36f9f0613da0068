package checks.host_services_minimal

import rego.v1

services := input.facts.services

# A star stands for any text; everything else stands for itself.
patterns := {sprintf("^%s$", [replace(escaped, "*", ".*")]) |
	some entry in input.params.approved
	escaped := regex.replace(entry, `[.+?()\[\]{}|^$\\]`, `\$0`)
}

bad contains unit if {
	count(input.params.approved) > 0
	some unit in services.enabled
	is_string(unit)
	count({pattern | some pattern in patterns; regex.match(pattern, unit)}) == 0
}

judged contains index if {
	some index, unit in services.enabled
	is_string(unit)
}

# Without systemd the links say what would start, and not what does.
everything_seen if {
	count(input.params.approved) > 0
	services.systemd_running == true
	is_array(services.enabled)
	count(services.enabled) > 0
	count(judged) == count(services.enabled)
}

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if count(bad) > 0

verdict := "pass" if {
	count(bad) == 0
	everything_seen
}

default message := ""

message := sprintf("enabled and not approved: %s", [concat(", ", sort(bad))]) if verdict == "fail"

message := sprintf("enabled units: %d, all approved", [count(services.enabled)]) if verdict == "pass"

message := "set the parameter approved: the list of units that may be enabled" if {
	verdict == "unknown"
	count(input.params.approved) == 0
}

message := "systemd does not run here, so what starts cannot be told" if {
	verdict == "unknown"
	count(input.params.approved) > 0
	services.systemd_running == false
}

default reason := {}

reason := {"reason": "unsupported"} if {
	verdict == "unknown"
	services.systemd_running == false
}

result := object.union(reason, {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {"enabled": count(judged)},
	"expected": {"approved": input.params.approved},
})
