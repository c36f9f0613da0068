package checks.patch_reboot_not_pending_test

import data.checks.patch_reboot_not_pending as check
import rego.v1

# The moment of looking.
now := 1800000000

day := 86400

# Facts of a host that is as asserted; tests change one thing.
good := {"schema": "host/1", "gaps": [], "updates": {"reboot_required": false, "programs_on_deleted_files": []}}

changed(changes) := with_facts(object.union(good, changes))

with_params(params, changes) := object.union(changed(changes), {"params": params})

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {"limit_days": 7, "programs_may_linger": false},
	"now": now,
}

pending(moment, programs) := changed({"updates": {"reboot_required": true, "reboot_required_since_at": moment, "programs_on_deleted_files": programs}})

test_pass_nothing_pending if {
	result := check.result with input as changed({})
	result.verdict == "pass"
	result.valid_until > now
}

test_pass_within_the_limit if {
	result := check.result with input as pending(now - (2 * day), [])
	result.verdict == "pass"
	result.valid_until == now + (5 * day)
}

test_pass_programs_may_linger if {
	check.result.verdict == "pass" with input as with_params({"programs_may_linger": true}, {"updates": {"programs_on_deleted_files": ["nginx"]}})
}

test_fail_overdue if {
	result := check.result with input as pending(now - (7 * day), [])
	result.verdict == "fail"
	result.subjects == {"the machine"}
}

test_fail_program_on_replaced_files if {
	result := check.result with input as changed({"updates": {"programs_on_deleted_files": ["nginx"]}})
	result.verdict == "fail"
	result.subjects == {"nginx"}
}

test_fail_hostile_names if {
	every name in ["", "<script>", "%s%d", "\u202exnign"] {
		check.result.verdict == "fail" with input as changed({"updates": {"programs_on_deleted_files": [null, name]}})
	}
}

test_unknown_since_when if {
	every moment in [null, "0", [], true, now + day] {
		check.result.verdict == "unknown" with input as pending(moment, [])
	}
}

test_canary_a_year_overdue if {
	check.result.verdict == "fail" with input as pending(now - (365 * day), ["sshd"])
}

test_unknown_missing_data if {
	every facts in [
		{},
		null,
		[],
		"facts",
		7,
		{"updates": null},
		{"updates": []},
		{"updates": "none"},
		{"updates": {}},
	] {
		check.result.verdict == "unknown" with input as with_facts(facts)
	}
}

without(section, field) := object.union(object.remove(good, [section]), {section: object.remove(good[section], [field])})

test_unknown_without_one_field if {
	every path in [["updates", "reboot_required"], ["updates", "programs_on_deleted_files"]] {
		[section, field] := path
		check.result.verdict == "unknown" with input as with_facts(without(section, field))
	}
}

test_unknown_wrong_types if {
	every path in [["updates", "reboot_required"]] {
		every wrong in [null, "true", "false", 1, {}, []] {
			[section, field] := path
			check.result.verdict == "unknown" with input as changed({section: {field: wrong}})
		}
	}
	every path in [["updates", "programs_on_deleted_files"]] {
		every wrong in [null, {}, "none", 0, false] {
			[section, field] := path
			check.result.verdict == "unknown" with input as changed({section: {field: wrong}})
		}
	}
}

test_unknown_partial_list_of_programs_on_deleted_files if {
	every incomplete in [null, {}, 7, []] {
		check.result.verdict == "unknown" with input as changed({"updates": {"programs_on_deleted_files": array.concat(good.updates.programs_on_deleted_files, [incomplete])}})
	}
}
