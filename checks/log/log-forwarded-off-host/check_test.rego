package checks.log_forwarded_off_host_test

import data.checks.log_forwarded_off_host as check
import rego.v1

forward(host, more) := object.union(
	{"host": host, "port": 6514, "protocol": "tcp", "tls": true, "authenticated": true, "via": "rsyslog"},
	more,
)

# Facts of a host that is as asserted; tests change one thing.
good := {"schema": "host/1", "gaps": [], "logging": {"forwarding": [forward("logs.example.com", {})], "agents_running": [], "syslog_running": true}}

changed(changes) := with_facts(object.union(good, changes))

with_params(params, changes) := object.union(changed(changes), {"params": params})

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {"approved_agents": []},
}

test_pass_authenticated if {
	check.result.verdict == "pass" with input as changed({})
}

test_pass_approved_agent if {
	check.result.verdict == "pass" with input as with_params({"approved_agents": ["vector"]}, {"logging": {"forwarding": [], "agents_running": ["vector"]}})
}

test_fail_logs_stay if {
	result := check.result with input as changed({"logging": {"forwarding": []}})
	result.verdict == "fail"
	result.subjects == {"logs do not leave this host"}
}

# Settings alone send nothing.
test_fail_rsyslog_does_not_run if {
	result := check.result with input as changed({"logging": {"syslog_running": false}})
	result.verdict == "fail"
	result.subjects == {"rsyslog does not run, so nothing is sent to logs.example.com"}
}

test_pass_journal_upload_without_syslog if {
	check.result.verdict == "pass" with input as changed({"logging": {"forwarding": [forward("logs.example.com", {"via": "journal-upload", "protocol": "https"})], "syslog_running": false}})
}

test_fail_open_channel if {
	every more in [{"tls": false}, {"authenticated": false}, {"protocol": "udp", "tls": false, "authenticated": false}] {
		check.result.verdict == "fail" with input as changed({"logging": {"forwarding": [forward("logs.example.com", more)]}})
	}
}

# One good channel does not excuse an open one.
test_fail_open_channel_beside_a_good_one if {
	result := check.result with input as changed({"logging": {"forwarding": [forward("logs.example.com", {}), forward("old.example.com", {"tls": false})]}})
	result.verdict == "fail"
	result.subjects == {"old.example.com, without encryption or without proof of identity"}
}

test_fail_although_another_entry_is_incomplete if {
	check.result.verdict == "fail" with input as changed({"logging": {"forwarding": [{}, forward("x", {"tls": false})]}})
}

test_fail_hostile_hosts if {
	every host in ["", "<script>", "%s", "\u202emoc", "127.0.0.1"] {
		check.result.verdict == "fail" with input as changed({"logging": {"forwarding": [forward(host, {"tls": false})]}})
	}
}

test_unknown_agent_not_approved if {
	result := check.result with input as changed({"logging": {"forwarding": [], "agents_running": ["filebeat"]}})
	result.verdict == "unknown"
	startswith(result.message, "where filebeat sends logs cannot be seen")
}

test_unknown_agents_that_are_none if {
	every list in [[null], [7], [{}]] {
		check.result.verdict == "unknown" with input as changed({"logging": {"agents_running": list}})
	}
}

test_canary_clear_text_syslog if {
	check.result.verdict == "fail" with input as changed({"logging": {"forwarding": [forward("192.0.2.1", {"port": 514, "protocol": "udp", "tls": false, "authenticated": false})]}})
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
	every path in [["logging", "forwarding"], ["logging", "agents_running"], ["logging", "syslog_running"]] {
		[section, field] := path
		check.result.verdict == "unknown" with input as with_facts(without(section, field))
	}
}

test_unknown_whether_syslog_runs if {
	every wrong in [null, {}, "false", 0, []] {
		check.result.verdict == "unknown" with input as changed({"logging": {"syslog_running": wrong}})
	}
}

test_unknown_wrong_types if {
	every path in [["logging", "forwarding"], ["logging", "agents_running"]] {
		every wrong in [null, {}, "none", 0, false] {
			[section, field] := path
			check.result.verdict == "unknown" with input as changed({section: {field: wrong}})
		}
	}
}

test_unknown_partial_list_of_forwarding if {
	every incomplete in [null, {}, "host", 7, {"host": "x", "tls": true}, forward("x", {"authenticated": "yes"}), forward(7, {})] {
		check.result.verdict == "unknown" with input as changed({"logging": {"forwarding": array.concat(good.logging.forwarding, [incomplete])}})
	}
}
