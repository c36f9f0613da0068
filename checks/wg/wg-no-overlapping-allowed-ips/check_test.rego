package checks.wg_no_overlapping_allowed_ips_test

import data.checks.wg_no_overlapping_allowed_ips as check
import rego.v1

day := 86400

now := 1800000000

peer(public_key, more) := object.union(
	{
		"public_key": public_key,
		"allowed_ips": ["10.0.0.2/32"],
		"has_default_route": false,
		"has_preshared_key": false,
		"has_handshake": true,
		"latest_handshake_at": now - day,
		"first_seen_at": now - (10 * day),
	},
	more,
)

up(peers) := {"name": "wg0", "is_up": true, "public_key": "HOST=", "listen_port": 51820, "peers": peers}

with_peers(peers) := with_interfaces([up(peers)])

with_interfaces(interfaces) := with_wireguard({"installed": true, "interfaces": interfaces, "overlapping_allowed_ips": [], "files": []})

with_wireguard(wireguard) := with_facts({"schema": "host/1", "gaps": [], "wireguard": wireguard})

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {},
}

good_peer := peer("ALICE=", {})

overlap := {
	"interface": "wg0",
	"first_peer": "ALICE=",
	"first_prefix": "10.0.0.0/24",
	"second_peer": "BOB=",
	"second_prefix": "10.0.0.7/32",
}

with_overlaps(overlaps) := with_wireguard({"installed": true, "interfaces": [up([good_peer, peer("BOB=", {})])], "overlapping_allowed_ips": overlaps})

test_pass_separate_addresses if {
	check.result.verdict == "pass" with input as with_overlaps([])
}

test_fail_overlap if {
	result := check.result with input as with_overlaps([overlap])
	result.verdict == "fail"
	result.subjects == {"wg0: 10.0.0.0/24 of ALICE= and 10.0.0.7/32 of BOB="}
}

test_fail_although_another_entry_is_incomplete if {
	check.result.verdict == "fail" with input as with_overlaps([{}, overlap])
}

test_unknown_overlaps_not_computed if {
	every overlaps in [null, {}, "none", 0, [null], [{}], [{"interface": "wg0"}]] {
		check.result.verdict == "unknown" with input as with_overlaps(overlaps)
	}
}

test_not_applicable_no_wireguard if {
	result := check.result with input as with_wireguard({"installed": false})
	result.verdict == "not_applicable"
	result.reason == "not_present"
}

test_not_applicable_no_peers if {
	check.result.verdict == "not_applicable" with input as with_interfaces([])
	check.result.verdict == "not_applicable" with input as with_peers([])
}

test_unknown_missing_data if {
	every facts in [{}, null, [], "facts", 7, {"wireguard": null}, {"wireguard": []}, {"wireguard": "none"}, {"wireguard": {}}, {"wireguard": {"installed": true}}] {
		check.result.verdict == "unknown" with input as with_facts(facts)
	}
}

test_unknown_whether_installed if {
	every installed in [null, "false", 0, []] {
		check.result.verdict == "unknown" with input as with_wireguard({"installed": installed, "interfaces": []})
	}
}

test_unknown_no_list_of_interfaces if {
	every interfaces in [null, {}, "wg0", 0, [null], ["wg0"], [{}], [{"name": "wg0"}], [{"name": "wg0", "peers": null}]] {
		check.result.verdict == "unknown" with input as with_interfaces(interfaces)
	}
}

test_unknown_partial_list if {
	every incomplete in [null, {}, "peer", {"public_key": null}, {"public_key": 7}] {
		check.result.verdict == "unknown" with input as with_peers([good_peer, incomplete])
	}
}

test_canary_same_address_twice if {
	check.result.verdict == "fail" with input as with_overlaps([object.union(overlap, {"first_prefix": "10.0.0.7/32"})])
}
