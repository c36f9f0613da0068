package checks.host_insecure_services_absent_test

import data.checks.host_insecure_services_absent as check
import rego.v1

listener(protocol, port) := {
	"protocol": protocol,
	"family": "ip4",
	"address": "0.0.0.0",
	"port": port,
	"scope": "any",
	"uid": 0,
	"is_ephemeral_port": false,
}

ssh := listener("tcp", 22)

on(packages, listening) := with_facts({
	"schema": "host/1",
	"gaps": [],
	"packages": {"insecure_services": packages},
	"sockets": {"listening": listening},
})

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {"approved_packages": [], "ports": ["tcp/21", "tcp/23", "tcp/512", "tcp/513", "udp/69"]},
}

test_pass_none if {
	check.result.verdict == "pass" with input as on([], [ssh, listener("udp", 68)])
}

test_pass_nothing_listens if {
	check.result.verdict == "pass" with input as on([], [])
}

test_pass_approved_package if {
	approved := object.union(on(["vsftpd"], [ssh]), {"params": {"approved_packages": ["vsftpd"]}})
	check.result.verdict == "pass" with input as approved
}

# The same number over the other protocol is something else.
test_pass_same_number_other_protocol if {
	check.result.verdict == "pass" with input as on([], [listener("tcp", 69), listener("udp", 23)])
}

test_fail_package if {
	result := check.result with input as on(["tftpd-hpa"], [ssh])
	result.verdict == "fail"
	result.subjects == {"tftpd-hpa"}
}

test_fail_listener_without_package if {
	result := check.result with input as on([], [ssh, listener("tcp", 23)])
	result.verdict == "fail"
	result.subjects == {"tcp/23"}
}

test_fail_although_sockets_were_not_seen if {
	check.result.verdict == "fail" with input as with_facts({"packages": {"insecure_services": ["telnetd"]}})
	check.result.verdict == "fail" with input as with_facts({"sockets": {"listening": [listener("udp", 69)]}})
}

test_fail_hostile_names if {
	every name in ["", "%s", "<script>", "\u202etelnetd", "telnetd\n"] {
		check.result.verdict == "fail" with input as on([name], [])
	}
}

test_unknown_one_half if {
	check.result.verdict == "unknown" with input as with_facts({"packages": {"insecure_services": []}})
	check.result.verdict == "unknown" with input as with_facts({"sockets": {"listening": [ssh]}})
}

test_unknown_no_lists if {
	every list in [null, {}, "none", 0, [null], [7], [[]]] {
		check.result.verdict == "unknown" with input as on(list, [ssh])
		check.result.verdict == "unknown" with input as on([], list)
	}
}

test_unknown_partial_list if {
	every incomplete in [{}, {"port": 22}, {"protocol": "tcp"}, {"protocol": "tcp", "port": "23"}, {"protocol": 6, "port": 23}] {
		check.result.verdict == "unknown" with input as on([], [ssh, incomplete])
	}
}

test_unknown_missing_data if {
	every facts in [{}, null, [], "facts", 7, {"packages": null}, {"packages": []}, {"packages": "none"}, {"packages": {}}] {
		check.result.verdict == "unknown" with input as with_facts(facts)
	}
}

test_canary_telnet_server if {
	check.result.verdict == "fail" with input as on(["telnetd"], [ssh, listener("tcp", 23)])
}
