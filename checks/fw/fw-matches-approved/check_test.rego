package checks.fw_matches_approved_test

import data.checks.fw_matches_approved as check
import rego.v1

# Facts of a host that is as asserted; tests change one thing.
good := {
	"schema": "host/1",
	"gaps": [],
	"firewall": {"ruleset_digest": "sha256:1111111111111111111111111111111111111111111111111111111111111111"},
}

changed(changes) := with_facts(object.union(good, changes))

with_params(params, changes) := object.union(changed(changes), {"params": params})

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {"approved": ["web1 sha256:1111111111111111111111111111111111111111111111111111111111111111"]},
}

test_pass_approved if {
	check.result.verdict == "pass" with input as changed({})
}

test_pass_approved_for_all_hosts if {
	check.result.verdict == "pass" with input as with_params({"approved": ["* sha256:2222222222222222222222222222222222222222222222222222222222222222", "* sha256:1111111111111111111111111111111111111111111111111111111111111111"]}, {})
}

test_fail_other_rules if {
	result := check.result with input as changed({"firewall": {"ruleset_digest": "sha256:2222222222222222222222222222222222222222222222222222222222222222"}})
	result.verdict == "fail"
	result.subjects == {"sha256:2222222222222222222222222222222222222222222222222222222222222222"}
}

test_fail_hostile_entries if {
	every entry in ["* sha256:", "* sha256:111111111111111111111111111111111111111111111111111111111111111", "web1 sha256:11111111111111111111111111111111111111111111111111111111111111111", "* sha256:%s"] {
		check.result.verdict == "fail" with input as with_params({"approved": [entry]}, {})
	}
}

test_unknown_nothing_approved_for_this_host if {
	every entries in [[], ["web2 sha256:1111111111111111111111111111111111111111111111111111111111111111"], ["sha256:1111111111111111111111111111111111111111111111111111111111111111"], ["web1sha256:1111111111111111111111111111111111111111111111111111111111111111"], ["web1 sha256:1111111111111111111111111111111111111111111111111111111111111111 yes"], [""]] {
		result := check.result with input as with_params({"approved": entries}, {})
		result.verdict == "unknown"
		startswith(result.message, "set the parameter approved")
	}
}

test_unknown_digest_that_is_none if {
	every text in ["", "sha256:", "1111111111111111111111111111111111111111111111111111111111111111", "SHA256:1111111111111111111111111111111111111111111111111111111111111111", "*"] {
		check.result.verdict == "unknown" with input as changed({"firewall": {"ruleset_digest": text}})
	}
}

test_canary_changed_rules if {
	check.result.verdict == "fail" with input as with_params({"approved": ["web1 sha256:2222222222222222222222222222222222222222222222222222222222222222"]}, {})
}

test_unknown_missing_data if {
	every facts in [
		{},
		null,
		[],
		"facts",
		7,
		{"firewall": null},
		{"firewall": []},
		{"firewall": "none"},
		{"firewall": {}},
	] {
		check.result.verdict == "unknown" with input as with_facts(facts)
	}
}

without(section, field) := object.union(object.remove(good, [section]), {section: object.remove(good[section], [field])})

test_unknown_without_one_field if {
	every path in [["firewall", "ruleset_digest"]] {
		[section, field] := path
		check.result.verdict == "unknown" with input as with_facts(without(section, field))
	}
}

test_unknown_wrong_types if {
	every path in [["firewall", "ruleset_digest"]] {
		every wrong in [null, 7, true, {}, []] {
			[section, field] := path
			check.result.verdict == "unknown" with input as changed({section: {field: wrong}})
		}
	}
}
