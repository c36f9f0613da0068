package checks.patch_os_supported

import rego.v1

os := input.facts.os

# Support by the project, and longer support where the organization has it.
extended := object.get(os, "extended_support_end_at", 0)

ends contains os.support_end_at if is_number(os.support_end_at)

ends contains extended if {
	input.params.has_extended_support == true
	is_number(extended)
	extended > 0
}

end := max(ends)

bad contains "operating system" if {
	count(ends) > 0
	is_number(os.support_end_at)
	input.now >= end
}

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if count(bad) > 0

verdict := "pass" if {
	is_number(os.support_end_at)
	is_number(extended)
	input.now < end
}

day_of(moment) := split(time.format(moment * 1000000000), "T")[0]

default message := ""

message := sprintf("security support for this release ended on %s", [day_of(end)]) if verdict == "fail"

message := sprintf("security support for this release lasts until %s", [day_of(end)]) if verdict == "pass"

# Only a pass has an end by itself.
result := object.union({"valid_until": end | verdict == "pass"}, {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {name: value | some name, value in os; name in {"support_end_at", "extended_support_end_at"}},
	"expected": input.params,
})
