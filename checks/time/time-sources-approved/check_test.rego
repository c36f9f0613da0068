package checks.time_sources_approved_test

import data.checks.time_sources_approved as check
import rego.v1

# Facts of a host that is as asserted; tests change one thing.
good := {"schema": "host/1", "gaps": [], "host": {"virtualization": "virtual_machine"}, "time_sync": {"active": true, "all_authenticated": true, "servers": [{"name": "0.debian.pool.ntp.org", "kind": "server", "authenticated": true}, {"name": "1.debian.pool.ntp.org", "kind": "server", "authenticated": true}, {"name": "time.cloudflare.com", "kind": "server", "authenticated": true}]}}

changed(changes) := with_facts(object.union(good, changes))

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {
		"approved": [
			"pool.ntp.org",
			"ntp.ubuntu.com",
			"time.cloudflare.com",
			"time.google.com",
			"time.nist.gov",
			"ptb.de",
			"netnod.se",
		],
		"accept_reference_clocks": true,
		"minimum_sources": 3,
		"servers_in_a_pool": 4,
	},
}

server(name, kind) := {"name": name, "kind": kind, "authenticated": false}

with_servers(servers) := changed({"time_sync": {"servers": servers}})

test_pass_three if {
	check.result.verdict == "pass" with input as changed({})
}

test_pass_a_pool if {
	check.result.verdict == "pass" with input as with_servers([server("2.debian.pool.ntp.org", "pool")])
}

test_fail_too_few if {
	result := check.result with input as with_servers([server("ntp.ubuntu.com", "server")])
	result.verdict == "fail"
	result.subjects == {"1 configured, 3 are needed"}
}

test_fail_none if {
	check.result.verdict == "fail" with input as with_servers([])
}

test_fail_stranger_among_many if {
	result := check.result with input as with_servers([server("2.debian.pool.ntp.org", "pool"), server("192.0.2.7", "server")])
	result.verdict == "fail"
	result.subjects == {"192.0.2.7 is not approved"}
}

test_fail_although_another_entry_is_incomplete if {
	check.result.verdict == "fail" with input as with_servers([{}, server("192.0.2.7", "server")])
}

test_fail_look_alikes if {
	every name in ["", "evilpool.ntp.org", "pool.ntp.org.evil.example", "POOL.NTP.ORG", "p\u043eol.ntp.org", "%s", "*"] {
		check.result.verdict == "fail" with input as with_servers([server("2.debian.pool.ntp.org", "pool"), server(name, "server")])
	}
}

test_unknown_partial_list if {
	every incomplete in [null, {}, "pool.ntp.org", 7, {"name": "pool.ntp.org"}, server(7, "pool"), server("pool.ntp.org", null)] {
		check.result.verdict == "unknown" with input as with_servers([server("2.debian.pool.ntp.org", "pool"), incomplete])
	}
}

test_canary_one_stranger if {
	check.result.verdict == "fail" with input as with_servers([server("time.evil.example", "server")])
}

test_not_applicable_container if {
	result := check.result with input as with_facts({"schema": "host/1", "gaps": [], "host": {"virtualization": "container"}, "time_sync": {"active": false}})
	result.verdict == "not_applicable"
	result.reason == "not_present"
}

test_unknown_missing_data if {
	every facts in [
		{},
		null,
		[],
		"facts",
		7,
		{"host": null},
		{"host": []},
		{"host": "none"},
		{"host": {}},
		{"time_sync": null},
		{"time_sync": []},
		{"time_sync": "none"},
		{"time_sync": {}},
	] {
		check.result.verdict == "unknown" with input as with_facts(facts)
	}
}

test_unknown_without_one_section if {
	every section in ["time_sync"] {
		check.result.verdict == "unknown" with input as with_facts(object.remove(good, [section]))
	}
}

without(section, field) := object.union(object.remove(good, [section]), {section: object.remove(good[section], [field])})

test_unknown_without_one_field if {
	every path in [["time_sync", "active"], ["time_sync", "servers"]] {
		[section, field] := path
		check.result.verdict == "unknown" with input as with_facts(without(section, field))
	}
}

test_unknown_wrong_types if {
	every path in [["time_sync", "active"]] {
		every wrong in [null, "true", "false", 1, {}, []] {
			[section, field] := path
			check.result.verdict == "unknown" with input as changed({section: {field: wrong}})
		}
	}
	every path in [["time_sync", "servers"]] {
		every wrong in [null, {}, "none", 0, false] {
			[section, field] := path
			check.result.verdict == "unknown" with input as changed({section: {field: wrong}})
		}
	}
}
