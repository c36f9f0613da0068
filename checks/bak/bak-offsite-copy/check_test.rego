package checks.bak_offsite_copy_test

import data.checks.bak_offsite_copy as check
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
	"params": {},
}

good_repository := repository({"is_offsite": true})

plain_repository := repository({"address": "/srv/backup", "kind": "local", "is_offsite": false, "is_offsite": false})

test_pass_one_is_enough if {
	check.result.verdict == "pass" with input as with_repositories([good_repository])
}

test_fail_none if {
	result := check.result with input as with_repositories([plain_repository, object.union(plain_repository, {"address": "/mnt/disk"})])
	result.verdict == "fail"
	result.subjects == {"/srv/backup", "/mnt/disk"}
}

test_unknown_cannot_be_told if {
	every value in [null, "true", 1, []] {
		result := check.result with input as with_repositories([plain_repository, object.union(plain_repository, {"is_offsite": value})])
		result.verdict == "unknown"
		result.message == "whether a copy is kept elsewhere cannot be told from here"
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

test_canary_all_eggs_in_one_basket if {
	check.result.verdict == "fail" with input as with_repositories([plain_repository])
}
