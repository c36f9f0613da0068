package checks.patch_index_fresh

import rego.v1

refreshed := input.facts.updates.lists_refreshed_at

limit := input.params.limit_hours * 3600

known if {
	is_number(refreshed)
	refreshed <= input.now + 300
}

# Whole days, for people.
age_days := floor((input.now - refreshed) / 86400)

bad contains "package lists" if {
	known
	input.now >= refreshed + limit
}

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if count(bad) > 0

verdict := "pass" if {
	known
	input.now < refreshed + limit
}

default message := ""

message := sprintf("package lists were last fetched %d days ago", [age_days]) if verdict == "fail"

message := sprintf("package lists were fetched within the last %d hours", [input.params.limit_hours]) if verdict == "pass"

# Only a pass has an end by itself.
result := object.union({"valid_until": moment | verdict == "pass"; moment := refreshed + limit}, {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {name: value | some name, value in input.facts.updates; name == "lists_refreshed_at"},
	"expected": input.params,
})
