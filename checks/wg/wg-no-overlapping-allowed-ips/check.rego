package checks.wg_no_overlapping_allowed_ips

import rego.v1

wireguard := input.facts.wireguard

peers := [peer | some interface in wireguard.interfaces; some peer in interface.peers]

# The list of interfaces is there, and each has a list of peers.
interfaces_seen if {
	wireguard.installed == true
	is_array(wireguard.interfaces)
	every interface in wireguard.interfaces {
		is_string(interface.name)
		is_array(interface.peers)
	}
}

no_peers if wireguard.installed == false

no_peers if {
	interfaces_seen
	count(peers) == 0
}

overlaps := wireguard.overlapping_allowed_ips

bad contains sprintf("%s: %s of %s and %s of %s", [overlap.interface, overlap.first_prefix, overlap.first_peer, overlap.second_prefix, overlap.second_peer]) if {
	wireguard.installed == true
	some overlap in overlaps
	is_string(overlap.interface)
	is_string(overlap.first_peer)
	is_string(overlap.first_prefix)
	is_string(overlap.second_peer)
	is_string(overlap.second_prefix)
}

everything_seen if {
	interfaces_seen
	count(peers) > 0
	every peer in peers {
		is_string(peer.public_key)
	}
	is_array(overlaps)
	count(overlaps) == 0
}

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if count(bad) > 0

verdict := "pass" if {
	count(bad) == 0
	everything_seen
}

verdict := "not_applicable" if no_peers

default message := ""

message := sprintf("claimed by two peers: %s", [concat(", ", sort(bad))]) if verdict == "fail"

message := sprintf("peers: %d, none claims addresses of another", [count(peers)]) if verdict == "pass"

message := "no WireGuard peer is configured on this host" if verdict == "not_applicable"

default reason := {}

reason := {"reason": "not_present"} if verdict == "not_applicable"

result := object.union(reason, {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {"overlaps": count(bad)},
	"expected": {"overlaps": 0},
})
