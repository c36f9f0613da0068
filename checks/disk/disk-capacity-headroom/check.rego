package checks.disk_capacity_headroom

import rego.v1

filesystems := input.facts.usage.filesystems

described(entry) if {
	is_string(entry.target)
	is_number(entry.free_percent)
	not inodes_unclear(entry)
}

# File systems without a fixed number of inodes have no such field.
inodes_unclear(entry) if {
	some name, value in entry
	name == "free_inodes_percent"
	not is_number(value)
}

bad contains sprintf("%s (%d %% of space)", [entry.target, entry.free_percent]) if {
	some entry in filesystems
	is_string(entry.target)
	is_number(entry.free_percent)
	entry.free_percent < input.params.minimum_free_percent
}

bad contains sprintf("%s (%d %% of inodes)", [entry.target, entry.free_inodes_percent]) if {
	some entry in filesystems
	is_string(entry.target)
	is_number(entry.free_inodes_percent)
	entry.free_inodes_percent < input.params.minimum_free_inodes_percent
}

judged contains index if {
	some index, entry in filesystems
	described(entry)
}

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if count(bad) > 0

verdict := "pass" if {
	count(bad) == 0
	is_array(filesystems)
	count(filesystems) > 0
	count(judged) == count(filesystems)
}

default message := ""

message := sprintf("little room is left on %s", [concat(", ", sort(bad))]) if verdict == "fail"

message := "every file system has room left" if verdict == "pass"

result := {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {"free_percent": {entry.target: entry.free_percent | some entry in filesystems; described(entry)}},
	"expected": input.params,
}
