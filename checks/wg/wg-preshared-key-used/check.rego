package checks.wg_preshared_key_used

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
	input.params.demanded == "all"
	some peer in peers
	is_string(peer.public_key)
	peer.has_preshared_key == false
	not peer.public_key in input.params.exempt
}

everything_seen if {
	input.params.demanded == "all"
	interfaces_seen
	count(peers) > 0
	every peer in peers {
		is_string(peer.public_key)
		is_boolean(peer.has_preshared_key)
	}
}

not_demanded if no_peers

not_demanded if {
	input.params.demanded == "none"
	interfaces_seen
}

default why_not := "the policy demands no preshared keys"

why_not := "no WireGuard peer is configured on this host" if no_peers

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if count(bad) > 0

verdict := "pass" if {
	count(bad) == 0
	everything_seen
}

verdict := "not_applicable" if not_demanded

default message := ""

message := sprintf("peers without a preshared key: %s", [concat(", ", sort(bad))]) if verdict == "fail"

message := sprintf("peers: %d, all with a preshared key or exempt", [count(peers)]) if verdict == "pass"

message := why_not if verdict == "not_applicable"

message := "set the parameter demanded to what the policy says, \"all\" or \"none\"" if {
	verdict == "unknown"
	not input.params.demanded in {"all", "none"}
}

default reason := {}

reason := {"reason": "not_present"} if verdict == "not_applicable"

result := object.union(reason, {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {"without_preshared_key": {peer.public_key | some peer in peers; is_string(peer.public_key); peer.has_preshared_key == false}},
	"expected": {"demanded": input.params.demanded},
})
