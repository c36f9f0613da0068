package checks.host_suid_baseline_test

import data.checks.host_suid_baseline as check
import rego.v1

file(path) := {"path": path, "mode": "4755", "owner_uid": 0, "group_gid": 0}

passwd := file("/usr/bin/passwd")

with_set_id(set_id) := with_files({"complete": true, "roots": ["/usr"], "set_id": set_id})

with_files(files) := with_facts({"schema": "host/1", "gaps": [], "files": files})

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {"approved": ["/usr/bin/passwd", "/usr/bin/su", "/usr/lib/*/utempter/utempter"]},
}

test_pass_approved if {
	result := check.result with input as with_set_id([passwd, file("/usr/lib/x86_64-linux-gnu/utempter/utempter")])
	result.verdict == "pass"
	result.message == "2 set-id files, all approved"
}

test_fail_new_file if {
	result := check.result with input as with_set_id([passwd, file("/usr/local/bin/backup")])
	result.verdict == "fail"
	result.subjects == {"/usr/local/bin/backup"}
}

test_fail_although_the_walk_was_cut if {
	check.result.verdict == "fail" with input as with_files({"complete": false, "set_id": [file("/opt/x")]})
	check.result.verdict == "fail" with input as with_files({"set_id": [file("/opt/x")]})
}

test_fail_similar_and_hostile_names if {
	every path in ["", "/usr/bin/passwd ", "/USR/bin/passwd", "/usr/bin/su\n", "/usr/lib/a/b/utempter/utempter", "/usr/lib/*/utempter/utempterx", "x/usr/lib/a/utempter/utempter", "/usr/bin/\u202eus", "%s"] {
		check.result.verdict == "fail" with input as with_set_id([passwd, file(path)])
	}
}

test_unknown_walk_was_cut if {
	result := check.result with input as with_files({"complete": false, "set_id": [passwd]})
	result.verdict == "unknown"
	result.message == "the walk over the files did not reach its end, so others may exist"
}

test_unknown_whether_complete if {
	every complete in [null, "true", 1, []] {
		check.result.verdict == "unknown" with input as with_files({"complete": complete, "set_id": [passwd]})
	}
}

test_unknown_no_list_of_files if {
	every set_id in [null, [], {}, "/usr/bin/su", 0, [null], ["/usr/bin/su"], [{}]] {
		check.result.verdict == "unknown" with input as with_set_id(set_id)
	}
}

test_unknown_partial_list if {
	every incomplete in [{}, {"mode": "4755"}, {"path": null}, {"path": 7}, {"path": ["/usr/bin/su"]}] {
		check.result.verdict == "unknown" with input as with_set_id([passwd, incomplete])
	}
}

test_unknown_missing_data if {
	every facts in [{}, null, [], "facts", 7, {"files": null}, {"files": []}, {"files": "none"}, {"files": {}}, {"files": {"complete": true}}] {
		check.result.verdict == "unknown" with input as with_facts(facts)
	}
}

test_canary_shell_with_the_rights_of_root if {
	check.result.verdict == "fail" with input as with_set_id([passwd, file("/var/tmp/.bash")])
}
