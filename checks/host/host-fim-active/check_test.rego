package checks.host_fim_active_test

import data.checks.host_fim_active as check
import rego.v1

day := 86400

now := 1800000000

aide(more) := object.union({"name": "aide", "kind": "file_integrity", "running": false}, more)

good := aide({"initialized": true, "database_at": now - (90 * day), "last_run_at": now - day})

blocking := {"name": "fail2ban", "kind": "login_blocking"}

wazuh := {"name": "wazuh-agent", "kind": "host_intrusion", "running": true}

with_products(products) := with_protection({"products": products})

with_protection(protection) := with_facts({"schema": "host/1", "gaps": [], "protection": protection})

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {"maximum_days": 3, "seen_elsewhere": ["osquery", "ossec", "wazuh-agent"]},
	"now": now,
}

test_pass_ran_yesterday if {
	result := check.result with input as with_products([good])
	result.verdict == "pass"
	result.valid_until == now + (2 * day)
	result.message == "files are compared with a baseline by aide"
}

test_fail_no_program if {
	every products in [[], [blocking]] {
		result := check.result with input as with_products(products)
		result.verdict == "fail"
		result.subjects == {"file integrity"}
	}
}

test_fail_no_baseline if {
	result := check.result with input as with_products([aide({"initialized": false})])
	result.verdict == "fail"
	result.subjects == {"aide"}
}

test_fail_ran_long_ago if {
	check.result.verdict == "fail" with input as with_products([aide({"initialized": true, "last_run_at": now - (3 * day)})])
	check.result.verdict == "fail" with input as with_products([aide({"initialized": true, "last_run_at": 0}), blocking])
}

test_fail_hostile_names if {
	every name in ["", "%s", "\u202eedia", "<b>"] {
		check.result.verdict == "fail" with input as with_products([aide({"name": name, "initialized": false})])
	}
}

test_unknown_last_run_not_told if {
	result := check.result with input as with_products([aide({"initialized": true})])
	result.verdict == "unknown"
	result.message == "no record tells when it last ran: aide"
	every moment in [null, "1799999999", true, [], now + (2 * day)] {
		check.result.verdict == "unknown" with input as with_products([aide({"initialized": true, "last_run_at": moment})])
	}
}

test_unknown_baseline_not_told if {
	every initialized in [null, "true", 1, []] {
		check.result.verdict == "unknown" with input as with_products([aide({"initialized": initialized, "last_run_at": now})])
	}
}

test_unknown_told_by_a_console_only if {
	result := check.result with input as with_products([blocking, wazuh])
	result.verdict == "unknown"
	result.message == "whether these compare files is told by their console only: wazuh-agent"
}

test_unknown_no_list_of_products if {
	every products in [null, {}, "aide", 0, [null], ["aide"], [{}]] {
		check.result.verdict == "unknown" with input as with_products(products)
	}
}

# What is not described could be such a program.
test_unknown_partial_list if {
	every incomplete in [{}, {"name": "x"}, {"kind": "malware"}, {"name": "x", "kind": 7}] {
		check.result.verdict == "unknown" with input as with_products([good, incomplete])
		check.result.verdict == "unknown" with input as with_products([blocking, incomplete])
	}
}

test_unknown_missing_data if {
	every facts in [{}, null, [], "facts", 7, {"protection": null}, {"protection": []}, {"protection": "none"}, {"protection": {}}] {
		check.result.verdict == "unknown" with input as with_facts(facts)
	}
}

test_canary_nothing_watches if {
	check.result.verdict == "fail" with input as with_products([])
}
