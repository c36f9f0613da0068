package checks.log_retention_meets_policy_test

import data.checks.log_retention_meets_policy as check
import rego.v1

forward(host, more) := object.union(
	{"host": host, "port": 6514, "protocol": "tcp", "tls": true, "authenticated": true, "via": "rsyslog"},
	more,
)

# Facts of a host that is as asserted; tests change one thing.
good := {"schema": "host/1", "gaps": [], "logging": {"syslog_running": true, "retention_days": 371, "forwarding": [forward("logs.example.com", {})]}}

changed(changes) := with_facts(object.union(good, changes))

with_params(params, changes) := object.union(changed(changes), {"params": params})

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {"minimum_days": 365, "kept_by": []},
}

test_pass_kept_here if {
	check.result.verdict == "pass" with input as changed({})
}

test_pass_kept_by_the_receiver if {
	check.result.verdict == "pass" with input as with_params({"minimum_days": 365, "kept_by": ["logs.example.com"]}, {"logging": {"retention_days": 28, "journald_retention_days": 30}})
}

test_pass_receiver_keeps_what_the_journal_does_not if {
	receiver := with_facts({"schema": "host/1", "gaps": [], "logging": {"syslog_running": true, "forwarding": [forward("logs.example.com", {})]}})
	check.result.verdict == "pass" with input as object.union(receiver, {"params": {"kept_by": ["logs.example.com"]}})
}

test_fail_four_weeks if {
	result := check.result with input as changed({"logging": {"retention_days": 28}})
	result.verdict == "fail"
	result.subjects == {"log files are kept for 28 days"}
}

test_fail_short_journal if {
	check.result.verdict == "fail" with input as with_facts({"schema": "host/1", "gaps": [], "logging": {"syslog_running": false, "journald_retention_days": 30, "forwarding": []}})
}

test_fail_hostile_receivers if {
	every host in ["", "LOGS.example.com", "logs.example.com.", "logs.ex\u0430mple.com", "%s"] {
		check.result.verdict == "fail" with input as with_params({"minimum_days": 365, "kept_by": ["logs.example.com"]}, {"logging": {"retention_days": 28, "forwarding": [forward(host, {})]}})
	}
}

test_unknown_journal_without_a_limit if {
	result := check.result with input as with_facts({"schema": "host/1", "gaps": [], "logging": {"syslog_running": false, "forwarding": []}})
	result.verdict == "unknown"
	result.message == "a journal without a limit by time proves no minimum: its size limits it"
}

test_unknown_long_journal if {
	check.result.verdict == "unknown" with input as with_facts({"schema": "host/1", "gaps": [], "logging": {"syslog_running": false, "journald_retention_days": 800, "forwarding": []}})
}

test_unknown_days_that_are_none if {
	every wrong in [null, "400", [], {}, true] {
		check.result.verdict == "unknown" with input as changed({"logging": {"retention_days": wrong}})
	}
}

# Rotation that was left behind proves nothing about logs that nobody writes.
test_unknown_files_that_nobody_writes if {
	every days in [28, 371] {
		check.result.verdict == "unknown" with input as changed({"logging": {"syslog_running": false, "retention_days": days}})
	}
}

test_unknown_receiver_that_gets_nothing if {
	check.result.verdict == "unknown" with input as with_params({"minimum_days": 365, "kept_by": ["logs.example.com"]}, {"logging": {"syslog_running": false}})
}

test_unknown_whether_syslog_runs if {
	every wrong in [null, {}, "true", 1, []] {
		check.result.verdict == "unknown" with input as changed({"logging": {"syslog_running": wrong}})
	}
}

test_canary_one_day if {
	check.result.verdict == "fail" with input as changed({"logging": {"retention_days": 1, "forwarding": []}})
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
	every path in [["logging", "forwarding"], ["logging", "syslog_running"]] {
		[section, field] := path
		check.result.verdict == "unknown" with input as with_facts(without(section, field))
	}
}

test_unknown_wrong_types if {
	every path in [["logging", "forwarding"]] {
		every wrong in [null, {}, "none", 0, false] {
			[section, field] := path
			check.result.verdict == "unknown" with input as changed({section: {field: wrong}})
		}
	}
}

test_unknown_partial_list_of_forwarding if {
	every incomplete in [null, {}, "host", 7, {"host": 7}] {
		check.result.verdict == "unknown" with input as changed({"logging": {"forwarding": array.concat(good.logging.forwarding, [incomplete])}})
	}
}
