package checks.bak_rpo_met

import rego.v1

jobs := input.facts.backup.jobs

described(job) if {
	is_string(job.name)
	is_boolean(job.enabled)
	is_array(job.actions)
}

jobs_seen if {
	is_array(jobs)
	every job in jobs {
		described(job)
	}
}

# Jobs that make backups.
making := [job | some job in jobs; described(job); job.enabled == true; "backup" in job.actions]

nothing_here if {
	jobs_seen
	count(making) == 0
}

repositories := input.facts.backup.repositories

stated if input.params.rpo_hours > 0

limit := input.params.rpo_hours * 3600

# Each job stands for data of its own, so the newest of all would hide the one that stopped.
dated contains {"what": job.name, "at": job.last_success_at} if {
	some job in making
	is_number(job.last_success_at)
}

dated contains {"what": repository.address, "at": repository.newest_snapshot_at} if {
	some repository in repositories
	is_string(repository.address)
	is_number(repository.newest_snapshot_at)
}

bad contains entry.what if {
	stated
	some entry in dated
	entry.at + limit <= input.now
}

undated contains job.name if {
	some job in making
	not is_number(job.last_success_at)
}

everything_seen if {
	stated
	jobs_seen
	count(making) > 0
	count(undated) == 0
	is_array(repositories)
	every repository in repositories {
		is_string(repository.address)
	}
}

# The next moment at which the answer may change.
changes contains input.now + 86400

changes contains moment if {
	some entry in dated
	moment := entry.at + limit
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

message := sprintf("older than the objective of %d hours: %s", [input.params.rpo_hours, concat(", ", sort(bad))]) if verdict == "fail"

message := sprintf("every backup is younger than the objective of %d hours", [input.params.rpo_hours]) if verdict == "pass"

message := "no backup job is seen on this host; if it is backed up from outside, the evidence lies there" if {
	verdict == "unknown"
	nothing_here
}

message := "set the parameter rpo_hours to the recovery point objective of this host" if {
	verdict == "unknown"
	not stated
	not nothing_here
}

message := sprintf("nothing tells how old the newest backup is: %s", [concat(", ", sort(undated))]) if {
	verdict == "unknown"
	stated
	jobs_seen
	count(undated) > 0
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
	"observed": {"newest": dated},
	"expected": {"rpo_hours": input.params.rpo_hours},
	"valid_until": min(changes),
})
