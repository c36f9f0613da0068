package checks.bak_retention_meets_policy

import rego.v1

repositories := input.facts.backup.repositories

nothing_here if repositories == []

minimum := input.params.minimum_days * 86400

maximum := input.params.maximum_days * 86400

# Only local repositories can be looked into.
seen := [repository |
	some repository in repositories
	is_string(repository.address)
	is_number(repository.oldest_snapshot_at)
]

bad contains sprintf("%s: too young", [repository.address]) if {
	some repository in seen
	repository.oldest_snapshot_at + minimum > input.now
}

bad contains sprintf("%s: too old", [repository.address]) if {
	some repository in seen
	maximum > 0
	repository.oldest_snapshot_at + maximum <= input.now
}

bad contains sprintf("%s: no snapshot", [repository.address]) if {
	some repository in repositories
	is_string(repository.address)
	repository.snapshots == 0
}

everything_seen if {
	is_array(repositories)
	count(repositories) > 0
	count(seen) == count(repositories)
	every repository in seen {
		is_number(repository.snapshots)
	}
}

# The next moment at which the answer may change.
changes contains input.now + 2592000

changes contains moment if {
	some repository in seen
	some moment in [repository.oldest_snapshot_at + minimum, repository.oldest_snapshot_at + maximum]
	moment > input.now
}

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if count(bad) > 0

verdict := "pass" if {
	count(bad) == 0
	everything_seen
}

default message := ""

message := sprintf("retention differs from the policy: %s", [concat(", ", sort(bad))]) if verdict == "fail"

message := sprintf("backup repositories: %d, the oldest snapshot of each is as the policy says", [count(seen)]) if verdict == "pass"

message := "no backup repository is seen on this host; if it is backed up from outside, the evidence lies there" if {
	verdict == "unknown"
	nothing_here
}

message := sprintf("the snapshots of %d of %d repositories cannot be seen from here", [count(repositories) - count(seen), count(repositories)]) if {
	verdict == "unknown"
	is_array(repositories)
	count(repositories) > count(seen)
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
	"observed": {"oldest_snapshots": [{"address": repository.address, "at": repository.oldest_snapshot_at} | some repository in seen]},
	"expected": {"minimum_days": input.params.minimum_days, "maximum_days": input.params.maximum_days},
	"valid_until": min(changes),
})
