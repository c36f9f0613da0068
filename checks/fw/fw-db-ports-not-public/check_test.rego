package checks.fw_db_ports_not_public_test

import data.checks.fw_db_ports_not_public as check
import rego.v1

port(first, last, more) := object.union(
	{
		"family": "ip4",
		"protocol": "tcp",
		"first_port": first,
		"last_port": last,
		"sources": ["10.1.0.0/16"],
		"scope": "private",
		"interfaces": [],
	},
	more,
)

# Facts of a host that is as asserted; tests change one thing.
good := {"schema": "host/1", "gaps": [], "host": {"ipv6_enabled": true}, "firewall": {"active": true, "open_ports": [port(5432, 5432, {}), port(443, 443, {"sources": ["0.0.0.0/0"], "scope": "any"})]}}

changed(changes) := with_facts(object.union(good, changes))

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {
		"ports": [
			1433,
			1521,
			2049,
			2379,
			2380,
			3306,
			5432,
			5433,
			5672,
			5984,
			6379,
			6380,
			7000,
			7001,
			8086,
			8123,
			9000,
			9042,
			9092,
			9200,
			9300,
			11211,
			15672,
			27017,
			27018,
		],
		"trusted_interfaces": ["lo"],
	},
}

with_port(entry) := changed({"firewall": {"open_ports": [port(443, 443, {}), entry]}})

everywhere := {"sources": ["0.0.0.0/0"], "scope": "any"}

test_pass_known_clients_only if {
	check.result.verdict == "pass" with input as changed({})
}

test_pass_on_loopback if {
	check.result.verdict == "pass" with input as with_port(port(0, 65535, object.union(everywhere, {"interfaces": ["lo"]})))
}

test_pass_over_unused_ipv6 if {
	check.result.verdict == "pass" with input as changed({
		"host": {"ipv6_enabled": false},
		"firewall": {"open_ports": [port(22, 22, {}), port(0, 65535, {"family": "ip6", "sources": ["::/0"], "scope": "any"})]},
	})
}

test_fail_database_for_everybody if {
	result := check.result with input as with_port(port(5432, 5432, everywhere))
	result.verdict == "fail"
	result.subjects == {"port 5432 over ip4"}
}

test_fail_inside_a_range if {
	result := check.result with input as with_port(port(6200, 6379, everywhere))
	result.verdict == "fail"
	result.subjects == {"port 6379 over ip4"}
}

test_fail_hostile_interface_names if {
	every name in ["", "LO", "lo ", "eth0", "<b>", "%s"] {
		check.result.verdict == "fail" with input as with_port(port(6379, 6379, object.union(everywhere, {"interfaces": ["lo", name]})))
	}
}

test_fail_although_another_entry_is_incomplete if {
	check.result.verdict == "fail" with input as changed({"firewall": {"open_ports": [{"family": "ip4"}, port(3306, 3306, everywhere)]}})
}

test_unknown_scope_that_is_none if {
	every scope in [null, "", "ANY", "everybody", 7, []] {
		check.result.verdict == "unknown" with input as with_port(port(5432, 5432, {"scope": scope}))
	}
}

test_unknown_no_filter_and_no_list if {
	check.result.verdict == "unknown" with input as changed({"firewall": {"active": false, "open_ports": []}})
}

test_canary_no_filter_at_all if {
	result := check.result with input as changed({"firewall": {"active": false, "open_ports": [port(0, 65535, everywhere)]}})
	result.verdict == "fail"
	count(result.subjects) == 1
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
		{"firewall": null},
		{"firewall": []},
		{"firewall": "none"},
		{"firewall": {}},
	] {
		check.result.verdict == "unknown" with input as with_facts(facts)
	}
}

test_unknown_without_one_section if {
	every section in ["host", "firewall"] {
		check.result.verdict == "unknown" with input as with_facts(object.remove(good, [section]))
	}
}

without(section, field) := object.union(object.remove(good, [section]), {section: object.remove(good[section], [field])})

test_unknown_without_one_field if {
	every path in [["host", "ipv6_enabled"], ["firewall", "active"], ["firewall", "open_ports"]] {
		[section, field] := path
		check.result.verdict == "unknown" with input as with_facts(without(section, field))
	}
}

test_unknown_wrong_types if {
	every path in [["host", "ipv6_enabled"], ["firewall", "active"]] {
		every wrong in [null, "true", "false", 1, {}, []] {
			[section, field] := path
			check.result.verdict == "unknown" with input as changed({section: {field: wrong}})
		}
	}
	every path in [["firewall", "open_ports"]] {
		every wrong in [null, {}, "none", 0, false] {
			[section, field] := path
			check.result.verdict == "unknown" with input as changed({section: {field: wrong}})
		}
	}
}

test_unknown_partial_list_of_open_ports if {
	every incomplete in [null, {}, "port", 7, port(22, "22", {}), port(null, 22, {}), object.remove(port(22, 22, {}), ["interfaces"])] {
		check.result.verdict == "unknown" with input as changed({"firewall": {"open_ports": array.concat(good.firewall.open_ports, [incomplete])}})
	}
}
