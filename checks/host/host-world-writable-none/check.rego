package checks.host_world_writable_none

import rego.v1

found := input.facts.files

bad contains path if {
	some list in ["world_writable_files", "world_writable_directories"]
	some path in found[list]
	is_string(path)
	not path in input.params.approved
}

judged contains [list, index] if {
	some list in ["world_writable_files", "world_writable_directories"]
	some index, path in found[list]
	is_string(path)
}

everything_seen if {
	found.complete == true
	is_array(found.world_writable_files)
	is_array(found.world_writable_directories)
	count(judged) == count(found.world_writable_files) + count(found.world_writable_directories)
}

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if count(bad) > 0

verdict := "pass" if {
	count(bad) == 0
	everything_seen
}

default message := ""

message := sprintf("everybody may write: %s", [concat(", ", sort(bad))]) if verdict == "fail"

message := "the walk reached its end and found nothing that everybody may write" if verdict == "pass"

message := "the walk over the files did not reach its end, so others may exist" if {
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
