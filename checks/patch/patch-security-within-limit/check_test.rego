package checks.patch_security_within_limit_test

import data.checks.patch_security_within_limit as check
import rego.v1

# The moment of looking.
now := 1800000000

day := 86400

update(name, more) := object.union(
	{
		"name": name,
		"installed": "1.0-1",
		"candidate": "1.0-2",
		"origin": "Debian-Security:12/oldstable-security",
		"is_security": true,
		"first_seen_at": now - (3 * day),
	},
	more,
)

# Facts of a host that is as asserted; tests change one thing.
good := {"schema": "host/1", "gaps": [], "updates": {"lists_refreshed_at": now - 7200, "pending": [update("openssl", {}), update("vim", {"is_security": false, "first_seen_at": now - (400 * day)})]}}

changed(changes) := with_facts(object.union(good, changes))

with_params(params, changes) := object.union(changed(changes), {"params": params})

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {"limit_days": 14, "lists_fresh_hours": 48, "watching_since": "2020-01-01"},
	"now": now,
}

with_update(update) := changed({"updates": {"pending": [object.union(update, {"name": "curl", "first_seen_at": now - day}), update]}})

test_pass_young_updates if {
	result := check.result with input as changed({})
	result.verdict == "pass"
	result.valid_until == now + (48 * 3600) - 7200
}

test_pass_deadline_of_an_update if {
	result := check.result with input as changed({"updates": {"pending": [update("openssl", {"first_seen_at": now - (13 * day)})]}})
	result.verdict == "pass"
	result.valid_until == now + day
}

# With nothing pending it does not matter since when somebody looked.
test_pass_nothing_pending if {
	result := check.result with input as with_params({"watching_since": ""}, {"updates": {"pending": []}})
	result.verdict == "pass"
	result.message == "no security update is pending"
}

test_fail_waits_too_long if {
	result := check.result with input as with_update(update("openssl", {"first_seen_at": now - (14 * day)}))
	result.verdict == "fail"
	result.subjects == {"openssl"}
}

test_fail_needs_no_parameter_and_no_fresh_lists if {
	old := with_params({"watching_since": ""}, {"updates": {"lists_refreshed_at": 0, "pending": [update("openssl", {"first_seen_at": 0})]}})
	check.result.verdict == "fail" with input as old
}

test_fail_although_another_entry_is_incomplete if {
	check.result.verdict == "fail" with input as changed({"updates": {"pending": [{}, update("openssl", {"first_seen_at": 0})]}})
}

test_fail_hostile_names if {
	every name in ["", "<script>", "%s%d", "\u202elssnepo"] {
		check.result.verdict == "fail" with input as changed({"updates": {"pending": [update(name, {"first_seen_at": 0})]}})
	}
}

test_unknown_stale_lists if {
	every moment in [0, now - (48 * 3600)] {
		result := check.result with input as changed({"updates": {"pending": [], "lists_refreshed_at": moment}})
		result.verdict == "unknown"
		result.reason == "stale"
	}
}

test_unknown_lists_from_the_future if {
	check.result.verdict == "unknown" with input as changed({"updates": {"pending": [], "lists_refreshed_at": now + (30 * day)}})
}

test_unknown_pending_since_before_anybody_looked if {
	every since in ["", "2027-01-14", "yesterday", "2026-02-30", "2027-02-29"] {
		result := check.result with input as with_params({"watching_since": since}, {})
		result.verdict == "unknown"
		contains(result.message, "set the parameter watching_since")
	}
}

test_canary_years_behind if {
	check.result.verdict == "fail" with input as changed({"updates": {"lists_refreshed_at": 0, "pending": [update("linux-image-amd64", {"first_seen_at": now - (800 * day)})]}})
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
	every path in [["updates", "pending"], ["updates", "lists_refreshed_at"]] {
		[section, field] := path
		check.result.verdict == "unknown" with input as with_facts(without(section, field))
	}
}

test_unknown_wrong_types if {
	every path in [["updates", "lists_refreshed_at"]] {
		every wrong in [null, "0", true, {}, []] {
			[section, field] := path
			check.result.verdict == "unknown" with input as changed({section: {field: wrong}})
		}
	}
	every path in [["updates", "pending"]] {
		every wrong in [null, {}, "none", 0, false] {
			[section, field] := path
			check.result.verdict == "unknown" with input as changed({section: {field: wrong}})
		}
	}
}

test_unknown_partial_list_of_pending if {
	every incomplete in [null, {}, "openssl", 7, {"name": "x", "is_security": true}, update("x", {"is_security": "no"}), update("x", {"first_seen_at": "0"}), update(7, {})] {
		check.result.verdict == "unknown" with input as changed({"updates": {"pending": array.concat(good.updates.pending, [incomplete])}})
	}
}
