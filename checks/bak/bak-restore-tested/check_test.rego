package checks.bak_restore_tested_test

import data.checks.bak_restore_tested as check
import rego.v1

hour := 3600

day := 86400

now := 1800000000

job(name, more) := object.union(
	{
		"name": name,
		"tool": "restic",
		"scheduler": "systemd",
		"schedule": "daily",
		"enabled": true,
		"actions": ["backup"],
		"retention": [],
	},
	more,
)

repository(more) := object.union({"tool": "restic", "address": "sftp:backup@vault:/srv/web1", "kind": "sftp", "is_offsite": true}, more)

with_jobs(jobs) := with_backup({"tools": ["restic"], "jobs": jobs, "repositories": []})

with_repositories(repositories) := with_backup({"tools": ["restic"], "jobs": [], "repositories": repositories})

with_backup(backup) := with_facts({"schema": "host/1", "gaps": [], "backup": backup})

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {"tested_on": "2026-12-01", "signed_by": "Alice Example", "maximum_days": 92},
	"now": now,
}

# Now is 2027-01-15, 08:00.
good_job := job("restic.timer", {})

recorded_as(changes, document) := object.union(document, {"params": changes})

test_pass_tested_lately if {
	result := check.result with input as with_jobs([good_job, job("borg.timer", {})])
	result.verdict == "pass"
	result.message == "a restore was tested on 2026-12-01 and signed by Alice Example"
	result.valid_until == 1804118400
}

test_fail_too_long_ago if {
	result := check.result with input as recorded_as({"tested_on": "2026-10-01"}, with_jobs([good_job]))
	result.verdict == "fail"
	result.message == "the last restore test was on 2026-10-01, more than 92 days ago"
}

# An old day needs no signature to be too old.
test_fail_old_and_unsigned if {
	check.result.verdict == "fail" with input as recorded_as({"tested_on": "2020-02-29", "signed_by": ""}, with_jobs([good_job]))
}

test_unknown_no_record if {
	every changes in [{"tested_on": ""}, {"signed_by": ""}, {"signed_by": "  "}, {"tested_on": "", "signed_by": ""}] {
		result := check.result with input as recorded_as(changes, with_jobs([good_job]))
		result.verdict == "unknown"
		result.message == "set the parameters tested_on and signed_by from the record of the last restore test"
	}
}

test_unknown_day_that_is_none if {
	every text in ["soon", "2026-02-30", "2027-02-29", "2027-01-16", "01.12.2026"] {
		result := check.result with input as recorded_as({"tested_on": text}, with_jobs([good_job]))
		result.verdict == "unknown"
		result.message == "the parameter tested_on is no day, or lies in the future"
	}
}

# A host without a job may be backed up from outside, or not at all.
test_unknown_no_job if {
	result := check.result with input as with_jobs([])
	result.verdict == "unknown"
	result.reason == "not_present"
	check.result.reason == "not_present" with input as with_jobs([object.union(good_job, {"enabled": false}), object.union(good_job, {"actions": ["restore"]})])
}

test_unknown_missing_data if {
	every facts in [{}, null, [], "facts", 7, {"backup": null}, {"backup": []}, {"backup": "none"}, {"backup": {}}, {"backup": {"tools": ["restic"]}}] {
		check.result.verdict == "unknown" with input as with_facts(facts)
	}
}

test_unknown_no_list_of_jobs if {
	every jobs in [null, {}, "restic", 0, [null], ["restic"], [{}]] {
		check.result.verdict == "unknown" with input as with_jobs(jobs)
	}
}

test_unknown_partial_list if {
	every more in [{"name": null}, {"enabled": "true"}, {"actions": null}, {"actions": "backup"}] {
		check.result.verdict == "unknown" with input as with_jobs([good_job, job("other", more)])
	}
}

test_canary_tested_years_ago if {
	check.result.verdict == "fail" with input as recorded_as({"tested_on": "2021-05-05"}, with_jobs([good_job]))
}
