package checks.wg_leaver_peer_removed_test

import data.checks.wg_leaver_peer_removed as check
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
	"params": {"leavers": ["BOB= 2027-01-01", "CAROL= 2027-01-20"], "list_as_of": "2027-01-10", "list_maximum_days": 35, "removal_hours": 24},
	"now": now,
}

# Now is 2027-01-15, 08:00.
good_peer := peer("ALICE=", {})

with_list(document, changes) := object.union(document, {"params": changes})

test_pass_leaver_is_gone if {
	check.result.verdict == "pass" with input as with_peers([good_peer, peer("DAVE=", {})])
}

test_pass_last_day_to_come if {
	check.result.verdict == "pass" with input as with_peers([good_peer, peer("CAROL=", {})])
}

# The last day, 24 hours, and not a second more.
test_pass_within_the_limit if {
	result := check.result with input as with_list(with_peers([peer("BOB=", {})]), {"leavers": ["BOB= 2027-01-14"]})
	result.verdict == "pass"
	result.valid_until == 1800057600
}

test_fail_leaver_is_still_there if {
	result := check.result with input as with_peers([good_peer, peer("BOB=", {})])
	result.verdict == "fail"
	result.subjects == {"BOB="}
}

# An old list is enough to accuse, and not enough to acquit.
test_fail_old_list if {
	check.result.verdict == "fail" with input as with_list(with_peers([peer("BOB=", {})]), {"list_as_of": ""})
}

test_unknown_nobody_said_who_left if {
	result := check.result with input as with_list(with_peers([good_peer]), {"leavers": [], "list_as_of": ""})
	result.verdict == "unknown"
	result.message == "set the parameters leavers and list_as_of: nobody has said whose keys must be gone"
}

test_unknown_list_too_old if {
	check.result.verdict == "unknown" with input as with_list(with_peers([good_peer]), {"list_as_of": "2026-12-01"})
}

test_unknown_entry_not_understood if {
	every entry in ["", "DAVE=", "DAVE= soon", "DAVE= 2027-02-30", "DAVE= 01.01.2027"] {
		check.result.verdict == "unknown" with input as with_list(with_peers([good_peer]), {"leavers": [entry]})
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

test_canary_left_last_year if {
	check.result.verdict == "fail" with input as with_list(with_peers([peer("MALLORY=", {})]), {"leavers": ["MALLORY= 2026-01-31"]})
}
