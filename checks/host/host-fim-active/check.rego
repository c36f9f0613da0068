package checks.host_fim_active

import rego.v1

products := input.facts.protection.products

tools := [product | some product in products; product.kind == "file_integrity"; is_string(product.name)]

instead contains product.name if {
	some product in products
	product.name in input.params.seen_elsewhere
}

limit := input.params.maximum_days * 86400

# A moment that lies ahead by more than a clock's error is no proof.
plausible(moment) if {
	is_number(moment)
	moment <= input.now + 3600
}

everything_described if {
	is_array(products)
	count({index | some index, product in products; is_string(product.name); is_string(product.kind)}) == count(products)
}

none if {
	everything_described
	count(tools) == 0
	count(instead) == 0
}

# Until when each of them counts: it has a baseline, and its last run is told.
good_until contains product.last_run_at + limit if {
	some product in tools
	product.initialized == true
	plausible(product.last_run_at)
	input.now < product.last_run_at + limit
}

bad_tools contains product.name if {
	some product in tools
	product.initialized == false
}

bad_tools contains product.name if {
	some product in tools
	is_number(product.last_run_at)
	input.now >= product.last_run_at + limit
}

# One that works is enough; a failure needs all to be bad.
default verdict := "unknown"

verdict := "fail" if none

verdict := "fail" if {
	everything_described
	count(tools) > 0
	count(good_until) == 0
	count(bad_tools) == count(tools)
}

verdict := "pass" if {
	everything_described
	count(good_until) > 0
}

default message := ""

message := "no program that compares files with a baseline was found" if none

message := sprintf("no baseline, or no run within %d days: %s", [input.params.maximum_days, concat(", ", sort(bad_tools))]) if {
	verdict == "fail"
	count(tools) > 0
}

message := sprintf("files are compared with a baseline by %s", [concat(", ", sort([product.name | some product in tools]))]) if verdict == "pass"

message := sprintf("whether these compare files is told by their console only: %s", [concat(", ", sort(instead))]) if {
	verdict == "unknown"
	count(tools) == 0
	count(instead) > 0
}

message := sprintf("no record tells when it last ran: %s", [concat(", ", sort([product.name | some product in tools]))]) if {
	verdict == "unknown"
	count(tools) > 0
}

default until := {}

until := {"valid_until": max(good_until)} if verdict == "pass"

result := object.union(until, {
	"verdict": verdict,
	"message": message,
	"subjects": {name | some name in bad_tools; verdict == "fail"} | {"file integrity" | none},
	"observed": {"programs": [product.name | some product in tools]},
	"expected": {"maximum_days": input.params.maximum_days},
})
