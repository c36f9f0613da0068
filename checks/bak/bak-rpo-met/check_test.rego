package checks.bak_rpo_met_test

import data.checks.bak_rpo_met as check
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
	"params": {"rpo_hours": 24},
	"now": now,
}

good_job := job("restic.timer", {"last_success_at": now - (5 * hour)})

with_both(jobs, repositories) := with_backup({"tools": ["restic"], "jobs": jobs, "repositories": repositories})

test_pass_young_enough if {
	result := check.result with input as with_both([good_job, job("borg.timer", {"last_success_at": now - (23 * hour)})], [repository({"newest_snapshot_at": now - (2 * hour)}), repository({})])
	result.verdict == "pass"
	result.valid_until == now + hour
}

test_fail_one_job_stopped if {
	result := check.result with input as with_jobs([good_job, job("borg.timer", {"last_success_at": now - (24 * hour)})])
	result.verdict == "fail"
	result.subjects == {"borg.timer"}
}

# The job says it went well, and the repository knows nothing of it.
test_fail_snapshot_is_old if {
	check.result.verdict == "fail" with input as with_both([good_job], [repository({"newest_snapshot_at": now - (40 * hour)})])
}

test_unknown_no_objective if {
	result := check.result with input as object.union(with_jobs([good_job]), {"params": {"rpo_hours": 0}})
	result.verdict == "unknown"
	result.message == "set the parameter rpo_hours to the recovery point objective of this host"
}

test_unknown_age_not_known if {
	result := check.result with input as with_jobs([good_job, job("cron", {})])
	result.verdict == "unknown"
	result.message == "nothing tells how old the newest backup is: cron"
	every moment in [null, "1799990000", [], true] {
		check.result.verdict == "unknown" with input as with_jobs([good_job, job("x", {"last_success_at": moment})])
	}
}

test_unknown_repositories_not_seen if {
	every repositories in [null, {}, "none", [null], [{}]] {
		check.result.verdict == "unknown" with input as with_both([good_job], repositories)
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

test_canary_last_backup_months_ago if {
	check.result.verdict == "fail" with input as with_jobs([job("restic.timer", {"last_success_at": now - (100 * day)})])
}
