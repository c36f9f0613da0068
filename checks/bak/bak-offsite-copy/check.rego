package checks.bak_offsite_copy

import rego.v1

repositories := input.facts.backup.repositories

nothing_here if repositories == []

good contains repository.address if {
	some repository in repositories
	is_string(repository.address)
	repository.is_offsite == true
}

plain contains index if {
	some index, repository in repositories
	is_string(repository.address)
	repository.is_offsite == false
}

# All were judged, and none of them is enough.
bad contains repository.address if {
	is_array(repositories)
	count(repositories) > 0
	count(plain) == count(repositories)
	some repository in repositories
}

everything_seen if {
	is_array(repositories)
	count(good) > 0
}

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if count(bad) > 0

verdict := "pass" if {
	count(bad) == 0
	everything_seen
}

default message := ""

message := sprintf("every copy lies on this machine: %s", [concat(", ", sort(bad))]) if verdict == "fail"

message := sprintf("a copy is kept elsewhere: %s", [concat(", ", sort(good))]) if verdict == "pass"

message := "no backup repository is seen on this host; if it is backed up from outside, the evidence lies there" if {
	verdict == "unknown"
	nothing_here
}

message := "whether a copy is kept elsewhere cannot be told from here" if {
	verdict == "unknown"
	is_array(repositories)
	count(repositories) > 0
}

# Nothing to look at is no proof that nothing is needed, so it is unknown and not "not applicable".
default reason := {}

reason := {"reason": "not_present"} if {
	verdict == "unknown"
	nothing_here
}

result := object.union(reason, {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {"repositories": count([1 | some repository in repositories])},
	"expected": {"at_least_one": "is_offsite"},
})
