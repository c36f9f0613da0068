package checks.log_auth_events_recorded_test

import data.checks.log_auth_events_recorded as check
import rego.v1

# Facts of a host that is as asserted; tests change one thing.
good := {
	"schema": "host/1",
	"gaps": [],
	"logging": {"records_authentication": true, "journald_running": true, "syslog_running": false},
}

changed(changes) := with_facts(object.union(good, changes))

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {},
}

test_pass_journal if {
	check.result.verdict == "pass" with input as changed({})
}

test_pass_syslog if {
	check.result.verdict == "pass" with input as changed({"logging": {"journald_running": false, "syslog_running": true}})
}

test_fail_no_log_for_logins if {
	result := check.result with input as changed({"logging": {"records_authentication": false}})
	result.verdict == "fail"
	result.subjects == {"no log is meant for logins"}
}

test_fail_nobody_writes if {
	check.result.verdict == "fail" with input as changed({"logging": {"journald_running": false}})
}

test_fail_hostile_neighbors if {
	every wrong in [null, "", "yes", "%s", "<script>", "\u202e", 7] {
		check.result.verdict == "fail" with input as changed({"logging": {"records_authentication": false, "journald_running": wrong}})
	}
}

test_canary_silent_host if {
	check.result.verdict == "fail" with input as changed({"logging": {"records_authentication": false, "journald_running": false}})
}

test_unknown_missing_data if {
	every facts in [
		{},
		null,
		[],
		"facts",
		7,
		{"logging": null},
		{"logging": []},
		{"logging": "none"},
		{"logging": {}},
	] {
		check.result.verdict == "unknown" with input as with_facts(facts)
	}
}

without(section, field) := object.union(object.remove(good, [section]), {section: object.remove(good[section], [field])})

test_unknown_without_one_field if {
	every path in [["logging", "records_authentication"], ["logging", "journald_running"], ["logging", "syslog_running"]] {
		[section, field] := path
		check.result.verdict == "unknown" with input as with_facts(without(section, field))
	}
}

test_unknown_wrong_types if {
	every path in [["logging", "records_authentication"], ["logging", "journald_running"], ["logging", "syslog_running"]] {
		every wrong in [null, "true", "false", 1, {}, []] {
			[section, field] := path
			check.result.verdict == "unknown" with input as changed({section: {field: wrong}})
		}
	}
}
