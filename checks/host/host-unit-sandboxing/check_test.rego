package checks.host_unit_sandboxing_test

import data.checks.host_unit_sandboxing as check
import rego.v1

unit(name, tenths) := {"unit": name, "exposure_tenths": tenths}

web := unit("nginx.service", 55)

with_exposure(exposure) := with_services({"systemd_running": true, "exposure": exposure})

with_services(services) := with_facts({"schema": "host/1", "gaps": [], "services": services})

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {"maximum_tenths": 89, "approved": ["ssh.service"]},
}

test_pass_closed if {
	result := check.result with input as with_exposure([web, unit("chrony.service", 39)])
	result.verdict == "pass"
}

test_pass_approved if {
	check.result.verdict == "pass" with input as with_exposure([web, unit("ssh.service", 96)])
}

test_pass_at_the_limit if {
	check.result.verdict == "pass" with input as with_exposure([unit("a.service", 89)])
}

test_fail_open if {
	result := check.result with input as with_exposure([web, unit("redis.service", 90)])
	result.verdict == "fail"
	result.subjects == {"redis.service"}
	result.message == "more open than 89 tenths: redis.service"
}

test_fail_although_another_is_incomplete if {
	check.result.verdict == "fail" with input as with_exposure([{}, unit("redis.service", 96)])
	check.result.verdict == "fail" with input as with_services({"exposure": [unit("redis.service", 96)]})
}

test_fail_similar_and_hostile_names if {
	every name in ["", "SSH.service", "ssh.service ", "%s", "\u202essh.service", "<b>"] {
		check.result.verdict == "fail" with input as with_exposure([unit(name, 96)])
	}
}

test_not_applicable_nothing_listens if {
	result := check.result with input as with_exposure([])
	result.verdict == "not_applicable"
	result.reason == "not_present"
}

test_unknown_without_systemd if {
	result := check.result with input as with_services({"systemd_running": false})
	result.verdict == "unknown"
	result.reason == "unsupported"
	check.result.verdict == "unknown" with input as with_services({"systemd_running": false, "exposure": []})
	check.result.verdict == "unknown" with input as with_services({"systemd_running": false, "exposure": [web]})
}

test_unknown_no_list if {
	every exposure in [null, {}, "nginx.service", 0, [null], ["nginx.service"], [{}]] {
		check.result.verdict == "unknown" with input as with_exposure(exposure)
	}
}

test_unknown_partial_list if {
	every incomplete in [{}, {"unit": "b.service"}, {"exposure_tenths": 96}, {"unit": "b.service", "exposure_tenths": "96"}, {"unit": null, "exposure_tenths": 96}] {
		check.result.verdict == "unknown" with input as with_exposure([web, incomplete])
	}
}

test_unknown_missing_data if {
	every facts in [{}, null, [], "facts", 7, {"services": null}, {"services": []}, {"services": "none"}, {"services": {}}, {"services": {"systemd_running": true}}, {"services": {"exposure": []}}] {
		check.result.verdict == "unknown" with input as with_facts(facts)
	}
}

test_canary_wide_open if {
	check.result.verdict == "fail" with input as with_exposure([unit("app.service", 100)])
}
