package checks.host_services_minimal_test

import data.checks.host_services_minimal as check
import rego.v1

with_units(units) := with_services({"systemd_running": true, "enabled": units, "timers": []})

with_params(approved, document) := object.union(document, {"params": {"approved": approved}})

with_services(services) := with_facts({"schema": "host/1", "gaps": [], "services": services})

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {"approved": ["ssh.service", "cron.service", "getty@*.service"]},
}

test_pass_approved if {
	result := check.result with input as with_units(["cron.service", "getty@tty1.service", "ssh.service"])
	result.verdict == "pass"
	result.message == "enabled units: 3, all approved"
}

test_fail_new_unit if {
	result := check.result with input as with_units(["avahi-daemon.socket", "ssh.service"])
	result.verdict == "fail"
	result.subjects == {"avahi-daemon.socket"}
}

test_fail_although_systemd_does_not_run if {
	check.result.verdict == "fail" with input as with_services({"systemd_running": false, "enabled": ["telnet.socket"]})
}

# A point is a point, and a star is in the list only.
test_fail_similar_and_hostile_names if {
	every unit in ["sshXservice", "ssh.service.d", "xssh.service", "SSH.service", "*", "", "getty@tty1.servicex", "getty@.socket", "\u202essh.service", "%s"] {
		check.result.verdict == "fail" with input as with_units(["cron.service", unit])
	}
}

test_fail_signs_of_patterns_stand_for_themselves if {
	every entry in ["s.h", "(ssh)", "s+h", "[a-z]", "^s", "a|b"] {
		check.result.verdict == "fail" with input as with_params([entry], with_units(["ssh", "sxh"]))
	}
}

test_pass_signs_of_patterns_stand_for_themselves if {
	every entry in ["s.h", "(ssh)", "s+h", "[a-z]", "^s", "a|b", "dev-disk\\x2d.swap", "a$", "{x}"] {
		name := entry
		check.result.verdict == "pass" with input as with_params([name], with_units([name]))
	}
}

test_unknown_no_list if {
	result := check.result with input as with_params([], with_units(["ssh.service"]))
	result.verdict == "unknown"
	contains(result.message, "set the parameter approved")
}

test_unknown_without_systemd if {
	result := check.result with input as with_services({"systemd_running": false, "enabled": ["ssh.service"]})
	result.verdict == "unknown"
	result.reason == "unsupported"
}

test_unknown_no_list_of_units if {
	every units in [null, [], {}, "ssh.service", 0, [null], [7], ["ssh.service", null], ["ssh.service", ["cron.service"]]] {
		check.result.verdict == "unknown" with input as with_units(units)
	}
}

test_unknown_whether_systemd_runs if {
	every running in [null, "true", 1, []] {
		check.result.verdict == "unknown" with input as with_services({"systemd_running": running, "enabled": ["ssh.service"]})
	}
}

test_unknown_missing_data if {
	every facts in [{}, null, [], "facts", 7, {"services": null}, {"services": []}, {"services": "none"}, {"services": {}}, {"services": {"enabled": ["ssh.service"]}}, {"services": {"systemd_running": true}}] {
		check.result.verdict == "unknown" with input as with_facts(facts)
	}
}

test_canary_remote_shell if {
	check.result.verdict == "fail" with input as with_units(["rsh.socket", "ssh.service", "telnet.socket"])
}
