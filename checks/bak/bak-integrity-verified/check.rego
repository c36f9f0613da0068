package checks.bak_integrity_verified

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

# Jobs that read backups back.
checking := [job | some job in jobs; described(job); job.enabled == true; some action in ["check", "verify"]; action in job.actions]

nothing_here if {
	jobs_seen
	count(checking) == 0
}

limit := input.params.maximum_days * 86400

late(job) if job.last_success_at + limit <= input.now

late(job) if {
	not is_number(job.last_success_at)
	job.last_run_succeeded == false
}

bad contains job.name if {
	some job in checking
	late(job)
}

on_time contains index if {
	some index, job in checking
	is_number(job.last_success_at)
	job.last_success_at + limit > input.now
}

everything_seen if {
	jobs_seen
	count(checking) > 0
	count(on_time) == count(checking)
}

# The next moment at which the answer may change.
changes contains input.now + limit

changes contains moment if {
	some job in checking
	is_number(job.last_success_at)
	moment := job.last_success_at + limit
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

message := sprintf("no successful check of the backup within %d days: %s", [input.params.maximum_days, concat(", ", sort(bad))]) if verdict == "fail"

message := sprintf("jobs that check backups: %d, each succeeded within %d days", [count(checking), input.params.maximum_days]) if verdict == "pass"

message := "no scheduled job that checks a backup is seen on this host; if it is checked elsewhere, the evidence lies there" if {
	verdict == "unknown"
	nothing_here
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
	"observed": {"last_success": [{"job": job.name, "at": job.last_success_at} | some job in checking; is_number(job.last_success_at)]},
	"expected": {"maximum_days": input.params.maximum_days},
	"valid_until": min(changes),
})
