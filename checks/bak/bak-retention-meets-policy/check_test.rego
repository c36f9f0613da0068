package checks.bak_retention_meets_policy_test

import data.checks.bak_retention_meets_policy as check
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
	"params": {"minimum_days": 30, "maximum_days": 400},
	"now": now,
}

aged(days) := repository({"address": "/srv/backup", "kind": "local", "is_offsite": false, "snapshots": 9, "oldest_snapshot_at": now - (days * day)})

test_pass_within_the_policy if {
	result := check.result with input as with_repositories([aged(30), aged(399)])
	result.verdict == "pass"
	result.valid_until == now + day
}

test_pass_no_upper_limit if {
	check.result.verdict == "pass" with input as object.union(with_repositories([aged(4000)]), {"params": {"maximum_days": 0}})
}

test_fail_too_young if {
	result := check.result with input as with_repositories([aged(100), aged(29)])
	result.verdict == "fail"
	result.subjects == {"/srv/backup: too young"}
}

test_fail_kept_for_ever if {
	result := check.result with input as with_repositories([aged(400)])
	result.subjects == {"/srv/backup: too old"}
}

test_fail_empty_repository if {
	result := check.result with input as with_repositories([aged(100), repository({"snapshots": 0})])
	result.verdict == "fail"
}

test_unknown_snapshots_not_seen if {
	result := check.result with input as with_repositories([aged(100), repository({})])
	result.verdict == "unknown"
	result.message == "the snapshots of 1 of 2 repositories cannot be seen from here"
	every moment in [null, "0", [], true] {
		check.result.verdict == "unknown" with input as with_repositories([aged(100), repository({"oldest_snapshot_at": moment})])
	}
}

test_unknown_missing_data if {
	every facts in [{}, null, [], "facts", 7, {"backup": null}, {"backup": []}, {"backup": "none"}, {"backup": {}}, {"backup": {"tools": ["restic"]}}] {
		check.result.verdict == "unknown" with input as with_facts(facts)
	}
}

test_unknown_no_repository if {
	result := check.result with input as with_repositories([])
	result.verdict == "unknown"
	result.reason == "not_present"
}

test_unknown_no_list_of_repositories if {
	every repositories in [null, {}, "sftp:x", 0, [null], ["sftp:x"], [{}]] {
		check.result.verdict == "unknown" with input as with_repositories(repositories)
	}
}

test_canary_only_yesterday_is_kept if {
	check.result.verdict == "fail" with input as with_repositories([aged(1)])
}
