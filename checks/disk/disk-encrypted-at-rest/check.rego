package checks.disk_encrypted_at_rest

import rego.v1

mounted := input.facts.mounts.mounted

described(mount) if {
	is_string(mount.target)
	is_string(mount.fstype)
	is_boolean(mount.is_persistent)
	is_boolean(mount.is_network)
}

# What keeps data on this machine. Data on another machine is that machine's subject.
holds_data(mount) if {
	mount.is_persistent == true
	mount.is_network == false
	not mount.target in input.params.exempt_targets
}

bad contains mount.target if {
	some mount in mounted
	described(mount)
	holds_data(mount)
	mount.encrypted == false
}

volumes contains mount.target if {
	some mount in mounted
	described(mount)
	holds_data(mount)
}

# A file system that need not be encrypted is judged without its layers.
judged contains index if {
	some index, mount in mounted
	described(mount)
	not holds_data(mount)
}

judged contains index if {
	some index, mount in mounted
	described(mount)
	holds_data(mount)
	is_boolean(mount.encrypted)
}

# The root of a container is made of layers that lie on a disk which cannot be seen from inside.
layered_root if {
	some mount in mounted
	mount.target == "/"
	mount.fstype == "overlay"
}

all_judged if {
	is_array(mounted)
	not layered_root
	count(mounted) > 0
	count(judged) == count(mounted)
}

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if count(bad) > 0

verdict := "pass" if {
	count(bad) == 0
	all_judged
	count(volumes) > 0
}

verdict := "not_applicable" if {
	all_judged
	count(volumes) == 0
}

default message := ""

message := sprintf("file systems without encryption: %s", [concat(", ", sort(bad))]) if verdict == "fail"

message := "every file system that keeps data is encrypted" if verdict == "pass"

message := "no file system on this host keeps data of its own" if verdict == "not_applicable"

message := "the root file system is an overlay: the disk below it cannot be seen from inside" if {
	verdict == "unknown"
	layered_root
}

default reason := {}

reason := {"reason": "not_present"} if verdict == "not_applicable"

reason := {"reason": "unsupported"} if {
	verdict == "unknown"
	layered_root
}

result := object.union(reason, {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {"volumes": volumes},
	"expected": {"encrypted": true, "exempt": input.params.exempt_targets},
})
