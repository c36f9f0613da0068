package checks.time_authenticated_test

import data.checks.time_authenticated as check
import rego.v1

# Facts of a host that is as asserted; tests change one thing.
good := {"schema": "host/1", "gaps": [], "host": {"virtualization": "virtual_machine"}, "time_sync": {"active": true, "all_authenticated": true, "servers": [{"name": "0.debian.pool.ntp.org", "kind": "server", "authenticated": true}, {"name": "1.debian.pool.ntp.org", "kind": "server", "authenticated": true}, {"name": "time.cloudflare.com", "kind": "server", "authenticated": true}]}}

changed(changes) := with_facts(object.union(good, changes))

with_params(params, changes) := object.union(changed(changes), {"params": params})

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {"demanded_on": []},
}

plain_source := {"time_sync": {"all_authenticated": false, "servers": [{"name": "pool.ntp.org", "kind": "pool", "authenticated": false}]}}

test_pass_authenticated if {
	every names in [[], ["*"], ["none"]] {
		check.result.verdict == "pass" with input as with_params({"demanded_on": names}, {})
	}
}

test_fail_plain_where_demanded if {
	every names in [["*"], ["db1", "web1"]] {
		result := check.result with input as with_params({"demanded_on": names}, plain_source)
		result.verdict == "fail"
		result.subjects == {"pool.ntp.org"}
	}
}

test_fail_no_source_at_all if {
	check.result.verdict == "fail" with input as with_params({"demanded_on": ["*"]}, {"time_sync": {"all_authenticated": false, "servers": []}})
}

test_fail_hostile_names if {
	every name in ["", "%s", "<script>", "\u202e"] {
		check.result.verdict == "fail" with input as with_params({"demanded_on": ["*"]}, {"time_sync": {"all_authenticated": false, "servers": [{"name": name, "kind": "server", "authenticated": false}]}})
	}
}

test_not_applicable_not_demanded_here if {
	every names in [["none"], ["db1"], ["WEB1"]] {
		result := check.result with input as with_params({"demanded_on": names}, plain_source)
		result.verdict == "not_applicable"
		result.reason == "not_present"
	}
}

test_unknown_policy_not_stated if {
	result := check.result with input as changed(plain_source)
	result.verdict == "unknown"
	startswith(result.message, "set the parameter demanded_on")
}

test_unknown_partial_list if {
	every incomplete in [null, {}, "pool.ntp.org", 7, {"name": "pool.ntp.org"}, {"name": 7, "authenticated": true}] {
		check.result.verdict == "unknown" with input as changed({"time_sync": {"servers": array.concat(good.time_sync.servers, [incomplete])}})
	}
}

test_unknown_no_sources if {
	check.result.verdict == "unknown" with input as changed({"time_sync": {"servers": []}})
}

test_canary_plain_pool if {
	check.result.verdict == "fail" with input as with_params({"demanded_on": ["*"]}, plain_source)
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
	every path in [["time_sync", "active"], ["time_sync", "all_authenticated"], ["time_sync", "servers"]] {
		[section, field] := path
		check.result.verdict == "unknown" with input as with_facts(without(section, field))
	}
}

test_unknown_wrong_types if {
	every path in [["time_sync", "active"], ["time_sync", "all_authenticated"]] {
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
