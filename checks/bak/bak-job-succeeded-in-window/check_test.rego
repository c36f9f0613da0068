package checks.bak_job_succeeded_in_window_test

import data.checks.bak_job_succeeded_in_window as check
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
	"params": {"window_hours": 26, "host_must_have_backup": false},
	"now": now,
}

good_job := job("restic.timer", {"last_run_succeeded": true, "last_success_at": now - (5 * hour)})

test_pass_on_time if {
	result := check.result with input as with_jobs([good_job, job("borg.timer", {"last_success_at": now - (25 * hour)})])
	result.verdict == "pass"
	result.valid_until == now + hour
}

# The last run failed, and the one before is recent enough.
test_pass_success_before_a_failed_run if {
	check.result.verdict == "pass" with input as with_jobs([job("restic.timer", {"last_run_succeeded": false, "last_success_at": now - hour})])
}

test_fail_too_long_ago if {
	result := check.result with input as with_jobs([good_job, job("borg.timer", {"last_run_succeeded": true, "last_success_at": now - (26 * hour)})])
	result.verdict == "fail"
	result.subjects == {"borg.timer"}
}

test_fail_failed_and_no_success_known if {
	check.result.verdict == "fail" with input as with_jobs([good_job, job("borg.timer", {"last_run_succeeded": false})])
}

test_fail_no_job_where_one_must_be if {
	strict := object.union(with_jobs([]), {"params": {"host_must_have_backup": true}})
	result := check.result with input as strict
	result.verdict == "fail"
	result.subjects == {"no backup job"}
}

# Cron keeps no result.
test_unknown_no_result_kept if {
	result := check.result with input as with_jobs([good_job, job("/etc/cron.d/backup:3", {"scheduler": "cron"})])
	result.verdict == "unknown"
	result.message == "nothing tells when these jobs last succeeded: /etc/cron.d/backup:3"
}

test_unknown_moment_that_is_none if {
	every moment in [null, "1799990000", "", [], true] {
		check.result.verdict == "unknown" with input as with_jobs([good_job, job("x", {"last_success_at": moment})])
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

test_canary_no_backup_for_months if {
	check.result.verdict == "fail" with input as with_jobs([job("restic.timer", {"last_run_succeeded": false, "last_success_at": now - (100 * day)})])
}
