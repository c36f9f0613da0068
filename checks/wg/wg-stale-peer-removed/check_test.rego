package checks.wg_stale_peer_removed_test

import data.checks.wg_stale_peer_removed as check
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
	"params": {"maximum_days": 90, "exempt": ["SPARE="]},
	"now": now,
}

good_peer := peer("ALICE=", {})

# Without a handshake there is no moment of one.
silent(public_key, first_seen_at) := object.remove(peer(public_key, {"has_handshake": false, "first_seen_at": first_seen_at}), ["latest_handshake_at"])

test_pass_recent_handshakes if {
	result := check.result with input as with_peers([good_peer, peer("BOB=", {"latest_handshake_at": now - (90 * day)})])
	result.verdict == "pass"
	result.valid_until == now + day
}

test_pass_new_peer if {
	check.result.verdict == "pass" with input as with_peers([good_peer, silent("NEW=", now - day)])
}

test_pass_exempt if {
	check.result.verdict == "pass" with input as with_peers([good_peer, peer("SPARE=", {"latest_handshake_at": 0}), good_peer])
}

test_fail_long_silent if {
	result := check.result with input as with_peers([good_peer, peer("BOB=", {"latest_handshake_at": now - (91 * day)})])
	result.verdict == "fail"
	result.subjects == {"BOB="}
}

test_fail_never_and_known_for_long if {
	check.result.verdict == "fail" with input as with_peers([good_peer, silent("BOB=", now - (200 * day))])
}

test_unknown_interface_is_down if {
	down := {"name": "wg0", "is_up": false, "peers": [object.remove(good_peer, ["has_handshake", "latest_handshake_at"])]}
	result := check.result with input as with_interfaces([down])
	result.verdict == "unknown"
	result.message == "no interface is up, so handshakes cannot be seen"
}

test_unknown_handshake_not_seen if {
	every more in [{"has_handshake": null}, {"has_handshake": "true"}, {"latest_handshake_at": "0"}, {"latest_handshake_at": null}] {
		check.result.verdict == "unknown" with input as with_peers([good_peer, peer("BOB=", more)])
	}
}

test_unknown_whether_up if {
	every is_up in [null, "true", 1] {
		check.result.verdict == "unknown" with input as with_interfaces([up([good_peer]), object.union(up([good_peer]), {"is_up": is_up})])
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

test_canary_silent_for_years if {
	check.result.verdict == "fail" with input as with_peers([peer("OLD=", {"latest_handshake_at": now - (1000 * day)})])
}
