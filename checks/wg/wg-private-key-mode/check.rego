package checks.wg_private_key_mode

import rego.v1

wireguard := input.facts.wireguard

files := wireguard.files

described(file) if {
	is_string(file.path)
	is_string(file.mode)
	is_number(file.owner_uid)
	is_boolean(file.is_private)
}

open_file(file) if file.is_private == false

open_file(file) if file.owner_uid != 0

bad contains sprintf("%s (%s)", [file.path, file.mode]) if {
	wireguard.installed == true
	some file in files
	described(file)
	open_file(file)
	not file.path in input.params.approved_files
}

judged contains index if {
	some index, file in files
	described(file)
}

everything_seen if {
	wireguard.installed == true
	is_array(wireguard.interfaces)
	is_array(files)
	count(files) > 0
	count(judged) == count(files)
}

# Nothing is configured, in memory or in a file.
nothing_there if wireguard.installed == false

nothing_there if {
	wireguard.installed == true
	wireguard.interfaces == []
	files == []
}

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if count(bad) > 0

verdict := "pass" if {
	count(bad) == 0
	everything_seen
}

verdict := "not_applicable" if nothing_there

default message := ""

message := sprintf("WireGuard keys that others can read: %s", [concat(", ", sort(bad))]) if verdict == "fail"

message := sprintf("files with WireGuard keys: %d, only root can read them", [count(files)]) if verdict == "pass"

message := "WireGuard is not configured on this host" if verdict == "not_applicable"

message := "interfaces exist, and the files with their keys were not found" if {
	verdict == "unknown"
	is_array(wireguard.interfaces)
	count(wireguard.interfaces) > 0
	files == []
}

default reason := {}

reason := {"reason": "not_present"} if verdict == "not_applicable"

result := object.union(reason, {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {"files": [{"path": file.path, "mode": file.mode} | some file in files; described(file)]},
	"expected": {"owner_uid": 0, "readable_by": "root"},
})
