package checks.fw_admin_ports_restricted_test

import data.checks.fw_admin_ports_restricted as check
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
good := {"schema": "host/1", "gaps": [], "host": {"ipv6_enabled": true}, "sshd": {"installed": true, "ports": [22]}, "firewall": {"active": true, "open_ports": [port(22, 22, {}), port(443, 443, {"sources": ["0.0.0.0/0"], "scope": "any"})]}}

changed(changes) := with_facts(object.union(good, changes))

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {
		"ports": [22, 23, 135, 445, 2375, 2376, 3389, 5900, 5985, 5986, 6443, 9090, 10000, 10250],
		"approved_sources": [
			"10.0.0.0/8",
			"172.16.0.0/12",
			"192.168.0.0/16",
			"100.64.0.0/10",
			"127.0.0.0/8",
			"fc00::/7",
			"fe80::/10",
			"::1/128",
		],
		"trusted_interfaces": ["lo"],
	},
}

with_port(entry) := changed({"firewall": {"open_ports": [port(443, 443, {}), entry]}})

everywhere := {"sources": ["0.0.0.0/0"], "scope": "any"}

test_pass_from_inside if {
	check.result.verdict == "pass" with input as changed({})
}

test_pass_through_the_tunnel if {
	every interfaces in [["lo"], ["lo", "wg0"]] {
		entry := port(22, 22, object.union(everywhere, {"interfaces": interfaces}))
		tunnel := object.union(with_port(entry), {"params": {"trusted_interfaces": ["lo", "wg0"]}})
		check.result.verdict == "pass" with input as tunnel
	}
}

test_pass_over_unused_ipv6 if {
	check.result.verdict == "pass" with input as changed({
		"host": {"ipv6_enabled": false},
		"firewall": {"open_ports": [port(22, 22, {}), port(0, 65535, {"family": "ip6", "sources": ["::/0"], "scope": "any"})]},
	})
}

test_pass_without_ssh_server if {
	check.result.verdict == "pass" with input as with_facts({"schema": "host/1", "gaps": [], "host": {"ipv6_enabled": true}, "sshd": {"installed": false}, "firewall": {"active": true, "open_ports": [port(443, 443, everywhere)]}})
}

test_fail_from_anywhere if {
	result := check.result with input as with_port(port(22, 22, everywhere))
	result.verdict == "fail"
	result.subjects == {"port 22 from 0.0.0.0/0"}
}

test_fail_inside_a_range if {
	result := check.result with input as with_port(port(3000, 4000, everywhere))
	result.verdict == "fail"
	result.subjects == {"port 3389 from 0.0.0.0/0"}
}

test_fail_over_ipv6 if {
	check.result.verdict == "fail" with input as with_port(port(22, 22, {"family": "ip6", "sources": ["::/0"], "scope": "any"}))
}

# Another port does not hide the server.
test_fail_moved_ssh_port if {
	result := check.result with input as changed({"sshd": {"ports": [2200]}, "firewall": {"open_ports": [port(2200, 2200, everywhere)]}})
	result.verdict == "fail"
	result.subjects == {"port 2200 from 0.0.0.0/0"}
}

test_fail_wider_than_approved if {
	every source in ["8.0.0.0/5", "10.0.0.0/7", "0.0.0.0/1", "203.0.113.7/32"] {
		check.result.verdict == "fail" with input as with_port(port(22, 22, {"sources": ["10.0.0.0/8", source]}))
	}
}

test_fail_one_interface_is_not_trusted if {
	check.result.verdict == "fail" with input as with_port(port(22, 22, object.union(everywhere, {"interfaces": ["lo", "eth0"]})))
}

test_fail_hostile_interface_names if {
	every name in ["", "LO", "lo ", "l\u043e", "<b>", "%s"] {
		check.result.verdict == "fail" with input as with_port(port(22, 22, object.union(everywhere, {"interfaces": [name]})))
	}
}

test_fail_although_another_entry_is_incomplete if {
	check.result.verdict == "fail" with input as changed({"firewall": {"open_ports": [{"family": "ip4"}, port(22, 22, everywhere)]}})
}

test_unknown_sources_that_are_none if {
	every sources in [[], null, "10.0.0.0/8", ["anywhere"], [null], [7], ["10.0.0.0/99"], ["10.1.0.0/16", "%s"]] {
		check.result.verdict == "unknown" with input as with_port(port(22, 22, {"sources": sources}))
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
		{"sshd": null},
		{"sshd": []},
		{"sshd": "none"},
		{"sshd": {}},
		{"firewall": null},
		{"firewall": []},
		{"firewall": "none"},
		{"firewall": {}},
	] {
		check.result.verdict == "unknown" with input as with_facts(facts)
	}
}

test_unknown_without_one_section if {
	every section in ["host", "sshd", "firewall"] {
		check.result.verdict == "unknown" with input as with_facts(object.remove(good, [section]))
	}
}

without(section, field) := object.union(object.remove(good, [section]), {section: object.remove(good[section], [field])})

test_unknown_without_one_field if {
	every path in [["host", "ipv6_enabled"], ["sshd", "installed"], ["sshd", "ports"], ["firewall", "active"], ["firewall", "open_ports"]] {
		[section, field] := path
		check.result.verdict == "unknown" with input as with_facts(without(section, field))
	}
}

test_unknown_wrong_types if {
	every path in [["host", "ipv6_enabled"], ["sshd", "installed"], ["firewall", "active"]] {
		every wrong in [null, "true", "false", 1, {}, []] {
			[section, field] := path
			check.result.verdict == "unknown" with input as changed({section: {field: wrong}})
		}
	}
	every path in [["sshd", "ports"], ["firewall", "open_ports"]] {
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
