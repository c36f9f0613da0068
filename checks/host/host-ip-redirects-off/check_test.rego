package checks.host_ip_redirects_off_test

import data.checks.host_ip_redirects_off as check
import rego.v1

# Facts of a host that is as asserted; tests change one thing.
good := {
	"schema": "host/1",
	"gaps": [],
	"host": {"ipv6_enabled": true},
	"sysctl": {
		"net_ipv4_conf_all_accept_redirects": 0,
		"net_ipv4_conf_default_accept_redirects": 0,
		"net_ipv4_conf_all_secure_redirects": 0,
		"net_ipv4_conf_default_secure_redirects": 0,
		"net_ipv4_conf_all_send_redirects": 0,
		"net_ipv4_conf_default_send_redirects": 0,
		"net_ipv4_conf_all_accept_source_route": 0,
		"net_ipv4_conf_default_accept_source_route": 0,
		"net_ipv6_conf_all_accept_redirects": 0,
		"net_ipv6_conf_default_accept_redirects": 0,
		"net_ipv6_conf_all_accept_source_route": 0,
		"net_ipv6_conf_default_accept_source_route": 0,
	},
}

changed(changes) := with_facts(object.union(good, changes))

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {},
}

test_pass_as_asserted if {
	check.result.verdict == "pass" with input as changed({})
}

test_fail_each_setting if {
	every key in ["net_ipv4_conf_all_accept_redirects", "net_ipv4_conf_default_accept_redirects", "net_ipv4_conf_all_secure_redirects", "net_ipv4_conf_default_secure_redirects", "net_ipv4_conf_all_send_redirects", "net_ipv4_conf_default_send_redirects", "net_ipv4_conf_all_accept_source_route", "net_ipv4_conf_default_accept_source_route", "net_ipv6_conf_all_accept_redirects", "net_ipv6_conf_default_accept_redirects", "net_ipv6_conf_all_accept_source_route", "net_ipv6_conf_default_accept_source_route"] {
		result := check.result with input as changed({"sysctl": {key: 99}})
		result.verdict == "fail"
		count(result.subjects) == 1
	}
}

test_fail_although_another_setting_is_missing if {
	check.result.verdict == "fail" with input as with_facts({"schema": "host/1", "gaps": [], "sysctl": {"net_ipv4_conf_all_accept_redirects": 99}})
}

test_fail_hostile_values if {
	every value in [-1, 1000000000000, 7] {
		check.result.verdict == "fail" with input as changed({"sysctl": {"net_ipv4_conf_all_accept_redirects": value}})
	}
}

test_pass_without_ipv6 if {
	v4 := {key: value | some key, value in good.sysctl; startswith(key, "net_ipv4_")}
	check.result.verdict == "pass" with input as with_facts({"schema": "host/1", "gaps": [], "host": {"ipv6_enabled": false}, "sysctl": v4})
}

# Where IPv6 is in use its settings have to be seen.
test_unknown_ipv6_settings_missing if {
	v4 := {key: value | some key, value in good.sysctl; startswith(key, "net_ipv4_")}
	check.result.verdict == "unknown" with input as with_facts({"schema": "host/1", "gaps": [], "host": {"ipv6_enabled": true}, "sysctl": v4})
}

test_pass_stricter_source_route if {
	check.result.verdict == "pass" with input as changed({"sysctl": {"net_ipv6_conf_all_accept_source_route": -1, "net_ipv6_conf_default_accept_source_route": -1}})
}

test_canary_known_bad_values if {
	check.result.verdict == "fail" with input as changed({"sysctl": {"net_ipv4_conf_all_accept_redirects": 1, "net_ipv4_conf_default_accept_redirects": 1, "net_ipv4_conf_all_secure_redirects": 1, "net_ipv4_conf_default_secure_redirects": 1, "net_ipv4_conf_all_send_redirects": 1, "net_ipv4_conf_default_send_redirects": 1, "net_ipv4_conf_all_accept_source_route": 1, "net_ipv4_conf_default_accept_source_route": 1, "net_ipv6_conf_all_accept_redirects": 1, "net_ipv6_conf_default_accept_redirects": 1, "net_ipv6_conf_all_accept_source_route": 1, "net_ipv6_conf_default_accept_source_route": 1}})
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
		{"sysctl": null},
		{"sysctl": []},
		{"sysctl": "none"},
		{"sysctl": {}},
	] {
		check.result.verdict == "unknown" with input as with_facts(facts)
	}
}

test_unknown_without_one_section if {
	every section in ["host", "sysctl"] {
		check.result.verdict == "unknown" with input as with_facts(object.remove(good, [section]))
	}
}

without(section, field) := object.union(object.remove(good, [section]), {section: object.remove(good[section], [field])})

test_unknown_without_one_field if {
	every path in [["host", "ipv6_enabled"], ["sysctl", "net_ipv4_conf_all_accept_redirects"], ["sysctl", "net_ipv4_conf_default_accept_redirects"], ["sysctl", "net_ipv4_conf_all_secure_redirects"], ["sysctl", "net_ipv4_conf_default_secure_redirects"], ["sysctl", "net_ipv4_conf_all_send_redirects"], ["sysctl", "net_ipv4_conf_default_send_redirects"], ["sysctl", "net_ipv4_conf_all_accept_source_route"], ["sysctl", "net_ipv4_conf_default_accept_source_route"], ["sysctl", "net_ipv6_conf_all_accept_redirects"], ["sysctl", "net_ipv6_conf_default_accept_redirects"], ["sysctl", "net_ipv6_conf_all_accept_source_route"], ["sysctl", "net_ipv6_conf_default_accept_source_route"]] {
		[section, field] := path
		check.result.verdict == "unknown" with input as with_facts(without(section, field))
	}
}

test_unknown_wrong_types if {
	every path in [["host", "ipv6_enabled"]] {
		every wrong in [null, "true", "false", 1, {}, []] {
			[section, field] := path
			check.result.verdict == "unknown" with input as changed({section: {field: wrong}})
		}
	}
	every path in [["sysctl", "net_ipv4_conf_all_accept_redirects"], ["sysctl", "net_ipv4_conf_default_accept_redirects"], ["sysctl", "net_ipv4_conf_all_secure_redirects"], ["sysctl", "net_ipv4_conf_default_secure_redirects"], ["sysctl", "net_ipv4_conf_all_send_redirects"], ["sysctl", "net_ipv4_conf_default_send_redirects"], ["sysctl", "net_ipv4_conf_all_accept_source_route"], ["sysctl", "net_ipv4_conf_default_accept_source_route"], ["sysctl", "net_ipv6_conf_all_accept_redirects"], ["sysctl", "net_ipv6_conf_default_accept_redirects"], ["sysctl", "net_ipv6_conf_all_accept_source_route"], ["sysctl", "net_ipv6_conf_default_accept_source_route"]] {
		every wrong in [null, "0", true, {}, []] {
			[section, field] := path
			check.result.verdict == "unknown" with input as changed({section: {field: wrong}})
		}
	}
}
