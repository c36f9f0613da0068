package checks.wg_key_rotation_test

import data.checks.wg_key_rotation as check
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
	"params": {"maximum_days": 365, "watching_since": "2020-01-01"},
	"now": now,
}

good_peer := peer("ALICE=", {"first_seen_at": now - (100 * day)})

test_pass_young_keys if {
	result := check.result with input as with_peers([good_peer, peer("BOB=", {"first_seen_at": now - (300 * day)})])
	result.verdict == "pass"
	result.valid_until == now + (65 * day)
}

test_fail_old_key if {
	result := check.result with input as with_peers([good_peer, peer("BOB=", {"first_seen_at": now - (365 * day)})])
	result.verdict == "fail"
	result.subjects == {"BOB="}
}

test_fail_old_key_needs_no_parameter if {
	check.result.verdict == "fail" with input as object.union(with_peers([peer("BOB=", {"first_seen_at": 0})]), {"params": {"watching_since": ""}})
}

# On the first day every key looks new.
test_unknown_keys_that_were_there_before_anybody_looked if {
	result := check.result with input as object.union(with_peers([good_peer]), {"params": {"watching_since": "2026-10-07"}})
	result.verdict == "unknown"
	result.message == "1 of 1 keys were there at the first look, so their age is not known yet"
}

test_unknown_no_day_of_the_first_look if {
	every text in ["", "yesterday", "2026-02-30", "2027-02-29"] {
		check.result.verdict == "unknown" with input as object.union(with_peers([good_peer]), {"params": {"watching_since": text}})
	}
}

test_unknown_moments_that_are_none if {
	every moment in [null, "1790000000", "", [], true] {
		check.result.verdict == "unknown" with input as with_peers([good_peer, peer("BOB=", {"first_seen_at": moment})])
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

test_canary_key_of_many_years if {
	check.result.verdict == "fail" with input as with_peers([peer("OLD=", {"first_seen_at": now - (3000 * day)})])
}
