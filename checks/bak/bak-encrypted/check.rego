package checks.bak_encrypted

import rego.v1

repositories := input.facts.backup.repositories

nothing_here if repositories == []

bad contains repository.address if {
	some repository in repositories
	is_string(repository.address)
	repository.encrypted == false
}

judged contains index if {
	some index, repository in repositories
	is_string(repository.address)
	is_boolean(repository.encrypted)
}

everything_seen if {
	is_array(repositories)
	count(repositories) > 0
	count(judged) == count(repositories)
}

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if count(bad) > 0

verdict := "pass" if {
	count(bad) == 0
	everything_seen
}

default message := ""

message := sprintf("backups that are not encrypted: %s", [concat(", ", sort(bad))]) if verdict == "fail"

message := sprintf("backup repositories: %d, all encrypted", [count(repositories)]) if verdict == "pass"

message := "no backup repository is seen on this host; if it is backed up from outside, the evidence lies there" if {
	verdict == "unknown"
	nothing_here
}

message := sprintf("whether these are encrypted cannot be told from here: %s", [concat(", ", sort({repository.address | some index, repository in repositories; not index in judged; is_string(repository.address)}))]) if {
	verdict == "unknown"
	is_array(repositories)
	count(repositories) > count(judged)
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
	"expected": {"encrypted": true},
})
