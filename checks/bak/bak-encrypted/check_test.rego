package checks.bak_encrypted_test

import data.checks.bak_encrypted as check
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

good_repository := repository({"encrypted": true})

test_pass_encrypted if {
	check.result.verdict == "pass" with input as with_repositories([good_repository, repository({"address": "/srv/backup", "kind": "local", "is_offsite": false, "encrypted": true})])
}

test_fail_plain_copy if {
	result := check.result with input as with_repositories([good_repository, repository({"address": "/srv/plain", "encrypted": false})])
	result.verdict == "fail"
	result.subjects == {"/srv/plain"}
}

test_fail_although_another_cannot_be_told if {
	check.result.verdict == "fail" with input as with_repositories([repository({}), repository({"encrypted": false})])
}

test_unknown_cannot_be_told if {
	result := check.result with input as with_repositories([good_repository, repository({"address": "ssh://vault/borg"})])
	result.verdict == "unknown"
	result.message == "whether these are encrypted cannot be told from here: ssh://vault/borg"
	every value in [null, "true", 1, []] {
		check.result.verdict == "unknown" with input as with_repositories([good_repository, repository({"encrypted": value})])
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

test_canary_plain_copy_of_everything if {
	check.result.verdict == "fail" with input as with_repositories([repository({"encrypted": false})])
}
