package checks.bak_restore_tested

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

# Seconds since 1970 of a day such as 2026-01-31; undefined for anything that is no day.
moment_of(text) := round(time.parse_rfc3339_ns(sprintf("%sT00:00:00Z", [text])) / 1000000000) if {
	is_string(text)
	regex.match(day_pattern, text)
}

day_pattern := concat("|", [
	`^20[0-9]{2}-(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])$`,
	`^20[0-9]{2}-(0[469]|11)-(0[1-9]|[12][0-9]|30)$`,
	`^20[0-9]{2}-02-(0[1-9]|1[0-9]|2[0-8])$`,
	`^20([02468][048]|[13579][26])-02-29$`,
])

tested_at := moment_of(input.params.tested_on)

limit := input.params.maximum_days * 86400

signed if trim_space(input.params.signed_by) != ""

# The day counts to its end.
deadline := (tested_at + 86400) + limit

bad contains sprintf("last restore test on %s", [input.params.tested_on]) if {
	jobs_seen
	count(making) > 0
	deadline <= input.now
}

everything_seen if {
	jobs_seen
	count(making) > 0
	signed
	tested_at <= input.now
	deadline > input.now
}

# The next moment at which the answer may change.
changes contains input.now + limit

changes contains deadline if deadline > input.now

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if count(bad) > 0

verdict := "pass" if {
	count(bad) == 0
	everything_seen
}

default message := ""

message := sprintf("the last restore test was on %s, more than %d days ago", [input.params.tested_on, input.params.maximum_days]) if verdict == "fail"

message := sprintf("a restore was tested on %s and signed by %s", [input.params.tested_on, input.params.signed_by]) if verdict == "pass"

message := "no backup job is seen on this host; if it is backed up from outside, the evidence lies there" if {
	verdict == "unknown"
	nothing_here
}

message := "set the parameters tested_on and signed_by from the record of the last restore test" if {
	verdict == "unknown"
	count(making) > 0
	not recorded
}

message := "the parameter tested_on is no day, or lies in the future" if {
	verdict == "unknown"
	count(making) > 0
	recorded
	jobs_seen
}

recorded if {
	input.params.tested_on != ""
	signed
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
	"observed": {"tested_on": input.params.tested_on, "signed_by": input.params.signed_by},
	"expected": {"maximum_days": input.params.maximum_days},
	"valid_until": min(changes),
})
