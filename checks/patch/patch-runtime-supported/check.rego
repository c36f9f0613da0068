package checks.patch_runtime_supported

import rego.v1

found := input.facts.runtimes.found

os_end := input.facts.os.support_end_at

described(runtime) if {
	is_string(runtime.product)
	is_string(runtime.series)
	is_boolean(runtime.is_distribution_package)
}

# A package of the distribution is supported as long as its release.
end_of(runtime) := os_end if {
	runtime.is_distribution_package == true
	is_number(os_end)
}

end_of(runtime) := runtime.support_end_at if {
	runtime.is_distribution_package == false
	is_number(runtime.support_end_at)
}

bad contains sprintf("%s %s", [runtime.product, runtime.series]) if {
	some runtime in found
	described(runtime)
	input.now >= end_of(runtime)
}

judged contains index if {
	some index, runtime in found
	described(runtime)
	is_number(end_of(runtime))
}

undated contains sprintf("%s %s", [runtime.product, runtime.series]) if {
	some runtime in found
	described(runtime)
	not is_number(end_of(runtime))
}

ends contains end_of(runtime) if {
	some runtime in found
	described(runtime)
	end_of(runtime) > input.now
}

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if count(bad) > 0

verdict := "pass" if {
	count(bad) == 0
	is_array(found)
	count(found) > 0
	count(judged) == count(found)
	is_number(os_end)
}

verdict := "not_applicable" if {
	is_array(found)
	count(found) == 0
}

default message := ""

message := sprintf("out of support: %s", [concat(", ", sort(bad))]) if verdict == "fail"

message := sprintf("runtimes and databases: %d, all supported", [count(found)]) if verdict == "pass"

message := "none of the installed packages is a runtime or database whose end of support is known" if verdict == "not_applicable"

message := sprintf("the end of support is not known for %s", [concat(", ", sort(undated))]) if {
	verdict == "unknown"
	count(undated) > 0
}

default reason := {}

reason := {"reason": "not_present"} if verdict == "not_applicable"

# New packages change the facts; only what is supported now has an end by itself.
deadline := min(ends | {input.now + (365 * 86400)})

result := object.union(reason, {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {"found": {sprintf("%s %s", [runtime.product, runtime.series]) | some runtime in found; described(runtime)}},
	"expected": {"supported": true},
	"valid_until": deadline,
})
