package checks.wg_allowed_ips_narrow

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

bad contains peer.public_key if {
	wireguard.installed == true
	some peer in peers
	is_string(peer.public_key)
	peer.has_default_route == true
	not peer.public_key in input.params.approved_gateways
}

everything_seen if {
	interfaces_seen
	count(peers) > 0
	every peer in peers {
		is_string(peer.public_key)
		is_boolean(peer.has_default_route)
	}
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

message := sprintf("peers that may use every address: %s", [concat(", ", sort(bad))]) if verdict == "fail"

message := sprintf("peers: %d, none may use every address without approval", [count(peers)]) if verdict == "pass"

message := "no WireGuard peer is configured on this host" if verdict == "not_applicable"

default reason := {}

reason := {"reason": "not_present"} if verdict == "not_applicable"

result := object.union(reason, {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {"peers_with_default_route": {peer.public_key | some peer in peers; is_string(peer.public_key); peer.has_default_route == true}},
	"expected": {"approved_gateways": input.params.approved_gateways},
})
