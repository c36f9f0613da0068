package checks.bak_job_succeeded_in_window

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

window := input.params.window_hours * 3600

late(job) if job.last_success_at + window <= input.now

# It never succeeded, as far as the scheduler knows, and the last run failed.
late(job) if {
	not is_number(job.last_success_at)
	job.last_run_succeeded == false
}

bad contains job.name if {
	some job in making
	late(job)
}

# Whoever knows that the host holds data says so, and then its silence is a failure.
bad contains "no backup job" if {
	input.params.host_must_have_backup == true
	nothing_here
}

on_time contains index if {
	some index, job in making
	is_number(job.last_success_at)
	job.last_success_at + window > input.now
}

everything_seen if {
	jobs_seen
	count(making) > 0
	count(on_time) == count(making)
}

# The next moment at which the answer may change.
changes contains input.now + window

changes contains moment if {
	some job in making
	is_number(job.last_success_at)
	moment := job.last_success_at + window
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

message := sprintf("no successful backup within %d hours: %s", [input.params.window_hours, concat(", ", sort(bad))]) if verdict == "fail"

message := sprintf("backup jobs: %d, each succeeded within %d hours", [count(making), input.params.window_hours]) if verdict == "pass"

message := "no backup job is seen on this host; if it is backed up from outside, the evidence lies there" if {
	verdict == "unknown"
	nothing_here
}

message := sprintf("nothing tells when these jobs last succeeded: %s", [concat(", ", sort({job.name | some index, job in making; not index in on_time}))]) if {
	verdict == "unknown"
	jobs_seen
	count(making) > count(on_time)
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
	"observed": {"last_success": [{"job": job.name, "at": job.last_success_at} | some job in making; is_number(job.last_success_at)]},
	"expected": {"window_hours": input.params.window_hours},
	"valid_until": min(changes),
})
