package checks.wg_peer_known_test

import data.checks.wg_peer_known as check
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
	"params": {"known_peers": ["ALICE= Alice Example, laptop", "BRANCH= office router"]},
}

good_peer := peer("ALICE=", {})

test_pass_known_peers if {
	check.result.verdict == "pass" with input as with_peers([good_peer, peer("BRANCH=", {})])
}

test_fail_stranger if {
	result := check.result with input as with_interfaces([up([good_peer]), up([peer("OTHER=", {})])])
	result.verdict == "fail"
	result.subjects == {"OTHER="}
}

test_fail_although_another_entry_is_incomplete if {
	check.result.verdict == "fail" with input as with_peers([{}, peer("OTHER=", {})])
}

test_fail_look_alikes if {
	every name in ["", "alice=", "ALICE", "ALICE= ", "ALICE= Alice Example, laptop", "%s", "\u0410LICE="] {
		check.result.verdict == "fail" with input as with_peers([peer(name, {})])
	}
}

test_unknown_no_peers_on_record if {
	result := check.result with input as object.union(with_peers([good_peer]), {"params": {"known_peers": []}})
	result.verdict == "unknown"
	result.message == "set the parameter known_peers; peers without an owner on record: ALICE="
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

test_canary_peer_of_nobody if {
	check.result.verdict == "fail" with input as with_peers([peer("MALLORY=", {})])
}
