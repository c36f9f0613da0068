package checks.host_world_writable_none_test

import data.checks.host_world_writable_none as check
import rego.v1

found(first, second) := with_found({"complete": true, "world_writable_files": first, "world_writable_directories": second})

with_found(section) := with_facts({"schema": "host/1", "gaps": [], "files": section})

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {"approved": ["/var/spool/shared"]},
}

test_pass_none if {
	check.result.verdict == "pass" with input as found([], [])
}

test_pass_approved if {
	check.result.verdict == "pass" with input as found(["/var/spool/shared"], [])
	check.result.verdict == "pass" with input as found([], ["/var/spool/shared"])
}

test_fail_first_list if {
	result := check.result with input as found(["/etc/cron.d/job", "/var/spool/shared"], [])
	result.verdict == "fail"
	result.subjects == {"/etc/cron.d/job"}
}

test_fail_second_list if {
	result := check.result with input as found([], ["/etc/cron.d/job"])
	result.verdict == "fail"
	result.subjects == {"/etc/cron.d/job"}
}

test_fail_although_it_was_cut if {
	check.result.verdict == "fail" with input as with_found({"complete": false, "world_writable_files": ["/etc/cron.d/job"]})
	check.result.verdict == "fail" with input as with_found({"world_writable_directories": ["/etc/cron.d/job"]})
}

test_fail_hostile_names if {
	every path in ["", "/var/spool/shared ", "/var/spool/shared/", "/etc/\u202e", "/usr/a\nb", "%s%d", "<script>"] {
		check.result.verdict == "fail" with input as found([path], [])
	}
}

test_unknown_cut if {
	result := check.result with input as with_found({"complete": false, "world_writable_files": [], "world_writable_directories": []})
	result.verdict == "unknown"
	result.message == "the walk over the files did not reach its end, so others may exist"
}

test_unknown_whether_complete if {
	every complete in [null, "true", 1, []] {
		check.result.verdict == "unknown" with input as with_found({"complete": complete, "world_writable_files": [], "world_writable_directories": []})
	}
	check.result.verdict == "unknown" with input as with_found({"world_writable_files": [], "world_writable_directories": []})
}

test_unknown_no_lists if {
	every list in [null, {}, "none", 0, [null], [7], ["/var/spool/shared", null], [["/var/spool/shared"]]] {
		check.result.verdict == "unknown" with input as found(list, [])
		check.result.verdict == "unknown" with input as found([], list)
	}
	check.result.verdict == "unknown" with input as with_found({"complete": true, "world_writable_files": []})
	check.result.verdict == "unknown" with input as with_found({"complete": true, "world_writable_directories": []})
}

test_unknown_missing_data if {
	every facts in [{}, null, [], "facts", 7, {"files": null}, {"files": []}, {"files": "none"}, {"files": {}}, {"files": {"complete": true}}] {
		check.result.verdict == "unknown" with input as with_facts(facts)
	}
}

test_canary_open_job_of_root if {
	check.result.verdict == "fail" with input as found(["/etc/cron.d/backup"], ["/usr/local/bin"])
}
