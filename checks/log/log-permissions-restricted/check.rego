package checks.log_permissions_restricted

import rego.v1

files := input.facts.logging.loose_files

described(file) if {
	is_string(file.path)
	is_boolean(file.world_readable)
	is_boolean(file.world_writable)
	is_boolean(file.group_writable)
}

begins(path, beginnings) if {
	some beginning in beginnings
	startswith(path, beginning)
}

bad contains sprintf("%s (writable by everybody)", [file.path]) if {
	some file in files
	is_string(file.path)
	file.world_writable == true
}

bad contains sprintf("%s (readable by everybody)", [file.path]) if {
	some file in files
	is_string(file.path)
	file.world_readable == true
	not begins(file.path, input.params.readable_by_all)
}

bad contains sprintf("%s (writable by its group)", [file.path]) if {
	some file in files
	is_string(file.path)
	file.group_writable == true
	not begins(file.path, input.params.writable_by_group)
}

judged contains index if {
	some index, file in files
	described(file)
}

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if count(bad) > 0

verdict := "pass" if {
	count(bad) == 0
	is_array(files)
	count(judged) == count(files)
}

default message := ""

message := sprintf("log files that are too open: %s", [concat(", ", sort(bad))]) if verdict == "fail"

message := "log files are closed to others" if verdict == "pass"

result := {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {"too_open": bad},
	"expected": {"too_open": []},
}
