package checks.host_package_integrity

import rego.v1

found := input.facts.package_integrity

bad contains path if {
	some list in ["modified", "missing"]
	some path in found[list]
	is_string(path)
	not path in input.params.approved
}

judged contains [list, index] if {
	some list in ["modified", "missing"]
	some index, path in found[list]
	is_string(path)
}

everything_seen if {
	found.complete == true
	is_array(found.modified)
	is_array(found.missing)
	count(judged) == count(found.modified) + count(found.missing)
}

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if count(bad) > 0

verdict := "pass" if {
	count(bad) == 0
	everything_seen
}

default message := ""

message := sprintf("changed or missing files of packages: %s", [concat(", ", sort(bad))]) if verdict == "fail"

message := "every file of every package is as it was installed" if verdict == "pass"

message := "not every package was compared" if {
	verdict == "unknown"
	found.complete == false
}

result := {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {"found": count(judged)},
	"expected": {"approved": input.params.approved},
}
