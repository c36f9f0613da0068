package checks.host_suid_baseline

import rego.v1

files := input.facts.files

# A star stands for any text without a slash; everything else stands for itself.
patterns := {sprintf("^%s$", [replace(escaped, "*", "[^/]*")]) |
	some entry in input.params.approved
	contains(entry, "*")
	escaped := regex.replace(entry, `[.+?()\[\]{}|^$\\]`, `\$0`)
}

by_pattern contains file.path if {
	some file in files.set_id
	is_string(file.path)
	some pattern in patterns
	regex.match(pattern, file.path)
}

bad contains file.path if {
	some file in files.set_id
	is_string(file.path)
	not file.path in input.params.approved
	not file.path in by_pattern
}

judged contains index if {
	some index, file in files.set_id
	is_string(file.path)
}

# Every system has some: none found is a walk that saw nothing.
everything_seen if {
	files.complete == true
	is_array(files.set_id)
	count(files.set_id) > 0
	count(judged) == count(files.set_id)
}

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if count(bad) > 0

verdict := "pass" if {
	count(bad) == 0
	everything_seen
}

default message := ""

message := sprintf("set-id files that are not approved: %s", [concat(", ", sort(bad))]) if verdict == "fail"

message := sprintf("%d set-id files, all approved", [count(files.set_id)]) if verdict == "pass"

message := "the walk over the files did not reach its end, so others may exist" if {
	verdict == "unknown"
	files.complete == false
}

result := {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {"set_id_files": count(judged)},
	"expected": {"approved": count(input.params.approved)},
}
