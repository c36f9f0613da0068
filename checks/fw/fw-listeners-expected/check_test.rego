package checks.fw_listeners_expected_test

import data.checks.fw_listeners_expected as check
import rego.v1

listener(protocol, number, process, more) := object.union(
	{
		"protocol": protocol,
		"family": "ip4",
		"address": "0.0.0.0",
		"port": number,
		"scope": "any",
		"uid": 0,
		"process": process,
		"is_ephemeral_port": false,
	},
	more,
)

# Facts of a host that is as asserted; tests change one thing.
good := {"schema": "host/1", "gaps": [], "sockets": {"listening": [listener("tcp", 22, "sshd", {}), listener("tcp", 5432, "postgres", {"address": "127.0.0.1", "scope": "loopback"})]}}

changed(changes) := with_facts(object.union(good, changes))

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {
		"expected": [
			"tcp/22 sshd",
			"tcp/22 systemd",
			"udp/68 dhclient",
			"udp/68 dhcpcd",
			"udp/68 systemd-network",
			"udp/68 systemd-networkd",
			"udp/546 dhclient",
			"udp/546 dhcpcd",
			"udp/546 systemd-network",
			"udp/123 ntpd",
			"udp/123 chronyd",
		],
	},
}

with_socket(socket) := changed({"sockets": {"listening": [listener("tcp", 22, "sshd", {}), socket]}})

test_pass_expected_and_loopback if {
	check.result.verdict == "pass" with input as changed({})
}

test_pass_place_alone_is_approved if {
	check.result.verdict == "pass" with input as object.union(with_socket(listener("tcp", 443, "nginx", {})), {"params": {"expected": ["tcp/22 sshd", "tcp/443"]}})
}

test_pass_port_given_by_the_kernel if {
	check.result.verdict == "pass" with input as object.union(with_socket(listener("udp", 45678, "dnsd", {"is_ephemeral_port": true})), {"params": {"expected": ["tcp/22 sshd", "udp/ephemeral dnsd"]}})
}

test_pass_nothing_listens if {
	check.result.verdict == "pass" with input as changed({"sockets": {"listening": []}})
}

test_fail_stranger if {
	result := check.result with input as with_socket(listener("tcp", 4444, "nc", {}))
	result.verdict == "fail"
	result.subjects == {"tcp/4444 nc"}
}

# The right port, and another program behind it.
test_fail_another_program if {
	result := check.result with input as with_socket(listener("tcp", 22, "sshd2", {"address": "::", "family": "ip6"}))
	result.verdict == "fail"
	result.subjects == {"tcp/22 sshd2"}
}

test_fail_stranger_without_a_name if {
	result := check.result with input as with_socket(object.remove(listener("tcp", 4444, "", {}), ["process"]))
	result.verdict == "fail"
	result.subjects == {"tcp/4444"}
}

test_fail_hostile_names if {
	every name in ["", "sshd ", "SSHD", "ssh\u0501", "<script>", "%s%d", "\u202edhss"] {
		check.result.verdict == "fail" with input as with_socket(listener("tcp", 22, name, {}))
	}
}

test_fail_although_another_entry_is_incomplete if {
	check.result.verdict == "fail" with input as changed({"sockets": {"listening": [{"port": 1}, listener("tcp", 4444, "nc", {})]}})
}

test_unknown_program_not_readable if {
	result := check.result with input as with_socket(object.remove(listener("tcp", 22, "", {"family": "ip6"}), ["process"]))
	result.verdict == "unknown"
	result.message == "which program listens could not be seen: tcp/22"
}

test_canary_backdoor if {
	check.result.verdict == "fail" with input as with_socket(listener("tcp", 31337, "bash", {}))
}

test_unknown_missing_data if {
	every facts in [
		{},
		null,
		[],
		"facts",
		7,
		{"sockets": null},
		{"sockets": []},
		{"sockets": "none"},
		{"sockets": {}},
	] {
		check.result.verdict == "unknown" with input as with_facts(facts)
	}
}

without(section, field) := object.union(object.remove(good, [section]), {section: object.remove(good[section], [field])})

test_unknown_without_one_field if {
	every path in [["sockets", "listening"]] {
		[section, field] := path
		check.result.verdict == "unknown" with input as with_facts(without(section, field))
	}
}

test_unknown_wrong_types if {
	every path in [["sockets", "listening"]] {
		every wrong in [null, {}, "none", 0, false] {
			[section, field] := path
			check.result.verdict == "unknown" with input as changed({section: {field: wrong}})
		}
	}
}

test_unknown_partial_list_of_listening if {
	every incomplete in [null, {}, "tcp/22", 7, listener(null, 22, "sshd", {}), listener("tcp", "22", "sshd", {}), listener("tcp", 22, "sshd", {"scope": null}), listener("tcp", 22, "sshd", {"is_ephemeral_port": "no"})] {
		check.result.verdict == "unknown" with input as changed({"sockets": {"listening": array.concat(good.sockets.listening, [incomplete])}})
	}
}
