package checks.bak_integrity_verified_test

import data.checks.bak_integrity_verified as check
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
	"params": {"maximum_days": 35},
	"now": now,
}

good_job := job("restic-check.timer", {"actions": ["check"], "last_run_succeeded": true, "last_success_at": now - (3 * day)})

test_pass_checked_lately if {
	result := check.result with input as with_jobs([good_job, job("restic.timer", {}), job("borg-check.timer", {"actions": ["verify"], "last_success_at": now - (34 * day)})])
	result.verdict == "pass"
	result.valid_until == now + day
}

test_fail_too_long_ago if {
	result := check.result with input as with_jobs([good_job, job("borg.timer", {"actions": ["check"], "last_success_at": now - (35 * day)})])
	result.verdict == "fail"
	result.subjects == {"borg.timer"}
}

test_fail_check_found_damage if {
	check.result.verdict == "fail" with input as with_jobs([job("restic-check.timer", {"actions": ["check"], "last_run_succeeded": false})])
}

# Making backups is not checking them, and the check may run elsewhere.
test_unknown_nobody_checks_here if {
	result := check.result with input as with_jobs([job("restic.timer", {"last_success_at": now})])
	result.verdict == "unknown"
	result.reason == "not_present"
	check.result.reason == "not_present" with input as with_jobs([])
}

test_unknown_no_result_kept if {
	every more in [{}, {"last_success_at": null}, {"last_success_at": "0"}, {"last_run_succeeded": true}] {
		check.result.verdict == "unknown" with input as with_jobs([good_job, job("cron", object.union({"actions": ["check"]}, more))])
	}
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

test_canary_not_checked_for_years if {
	check.result.verdict == "fail" with input as with_jobs([object.union(good_job, {"last_success_at": now - (1000 * day)})])
}
