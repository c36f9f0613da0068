package checks.host_package_integrity_test

import data.checks.host_package_integrity as check
import rego.v1

found(first, second) := with_found({"complete": true, "modified": first, "missing": second})

with_found(section) := with_facts({"schema": "host/1", "gaps": [], "package_integrity": section})

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {"approved": ["/usr/lib/locale/custom"]},
}

test_pass_none if {
	check.result.verdict == "pass" with input as found([], [])
}

test_pass_approved if {
	check.result.verdict == "pass" with input as found(["/usr/lib/locale/custom"], [])
	check.result.verdict == "pass" with input as found([], ["/usr/lib/locale/custom"])
}

test_fail_first_list if {
	result := check.result with input as found(["/usr/bin/login", "/usr/lib/locale/custom"], [])
	result.verdict == "fail"
	result.subjects == {"/usr/bin/login"}
}

test_fail_second_list if {
	result := check.result with input as found([], ["/usr/bin/login"])
	result.verdict == "fail"
	result.subjects == {"/usr/bin/login"}
}

test_fail_although_it_was_cut if {
	check.result.verdict == "fail" with input as with_found({"complete": false, "modified": ["/usr/bin/login"]})
	check.result.verdict == "fail" with input as with_found({"missing": ["/usr/bin/login"]})
}

test_fail_hostile_names if {
	every path in ["", "/usr/lib/locale/custom ", "/usr/lib/locale/custom/", "/etc/\u202e", "/usr/a\nb", "%s%d", "<script>"] {
		check.result.verdict == "fail" with input as found([path], [])
	}
}

test_unknown_cut if {
	result := check.result with input as with_found({"complete": false, "modified": [], "missing": []})
	result.verdict == "unknown"
	result.message == "not every package was compared"
}

test_unknown_whether_complete if {
	every complete in [null, "true", 1, []] {
		check.result.verdict == "unknown" with input as with_found({"complete": complete, "modified": [], "missing": []})
	}
	check.result.verdict == "unknown" with input as with_found({"modified": [], "missing": []})
}

test_unknown_no_lists if {
	every list in [null, {}, "none", 0, [null], [7], ["/usr/lib/locale/custom", null], [["/usr/lib/locale/custom"]]] {
		check.result.verdict == "unknown" with input as found(list, [])
		check.result.verdict == "unknown" with input as found([], list)
	}
	check.result.verdict == "unknown" with input as with_found({"complete": true, "modified": []})
	check.result.verdict == "unknown" with input as with_found({"complete": true, "missing": []})
}

test_unknown_missing_data if {
	every facts in [{}, null, [], "facts", 7, {"package_integrity": null}, {"package_integrity": []}, {"package_integrity": "none"}, {"package_integrity": {}}, {"package_integrity": {"complete": true}}] {
		check.result.verdict == "unknown" with input as with_facts(facts)
	}
}

test_canary_replaced_program if {
	check.result.verdict == "fail" with input as found(["/usr/sbin/sshd"], [])
}
