package checks.wg_peer_known

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

# An entry is a public key, a space, and what or whose it is.
known contains parts[0] if {
	some entry in input.params.known_peers
	parts := split(trim_space(entry), " ")
	count(parts) > 1
}

stated if count(input.params.known_peers) > 0

strangers contains peer.public_key if {
	some peer in peers
	is_string(peer.public_key)
	not peer.public_key in known
}

bad contains stranger if {
	wireguard.installed == true
	stated
	some stranger in strangers
}

everything_seen if {
	stated
	interfaces_seen
	count(peers) > 0
	every peer in peers {
		is_string(peer.public_key)
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

message := sprintf("peers that nobody knows: %s", [concat(", ", sort(bad))]) if verdict == "fail"

message := sprintf("peers: %d, all known", [count(peers)]) if verdict == "pass"

message := "no WireGuard peer is configured on this host" if verdict == "not_applicable"

message := sprintf("set the parameter known_peers; peers without an owner on record: %s", [concat(", ", sort(strangers))]) if {
	verdict == "unknown"
	not stated
	count(strangers) > 0
}

default reason := {}

reason := {"reason": "not_present"} if verdict == "not_applicable"

result := object.union(reason, {
	"verdict": verdict,
	"message": message,
	"subjects": strangers,
	"observed": {"peers": {peer.public_key | some peer in peers; is_string(peer.public_key)}},
	"expected": {"known_peers": known},
})
