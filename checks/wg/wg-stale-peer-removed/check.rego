package checks.wg_stale_peer_removed

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

limit := input.params.maximum_days * 86400

# Peers of interfaces that are up. Where nothing is up nobody can connect, and nothing can be said about handshakes.
watched := [peer | some interface in wireguard.interfaces; interface.is_up == true; some peer in interface.peers]

# Counted from the end of the day of the last handshake, and where none is recorded from the day the peer was first
# seen. The kernel forgets handshakes when an interface goes down, so the message speaks of recorded ones.
deadline(peer) := (peer.latest_handshake_at + 86400) + limit if {
	peer.has_handshake == true
	is_number(peer.latest_handshake_at)
}

deadline(peer) := (peer.first_seen_at + 86400) + limit if {
	peer.has_handshake == false
	is_number(peer.first_seen_at)
}

bad contains peer.public_key if {
	wireguard.installed == true
	some peer in watched
	is_string(peer.public_key)
	not peer.public_key in input.params.exempt
	deadline(peer) <= input.now
}

judged contains index if {
	some index, peer in watched
	is_string(peer.public_key)
	is_number(peer.first_seen_at)
	is_number(deadline(peer))
}

everything_seen if {
	interfaces_seen
	every interface in wireguard.interfaces {
		is_boolean(interface.is_up)
	}
	count(watched) > 0
	count(judged) == count(watched)
}

# The next moment at which the answer may change.
changes contains input.now + limit

changes contains moment if {
	some peer in watched
	moment := deadline(peer)
	moment > input.now
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

message := sprintf("peers without a recorded handshake for %d days: %s", [input.params.maximum_days, concat(", ", sort(bad))]) if verdict == "fail"

message := sprintf("peers of interfaces that are up: %d, all shook hands within %d days or are newer than that", [count(watched), input.params.maximum_days]) if verdict == "pass"

message := "no WireGuard peer is configured on this host" if verdict == "not_applicable"

message := "no interface is up, so handshakes cannot be seen" if {
	verdict == "unknown"
	interfaces_seen
	count(watched) == 0
}

default reason := {}

reason := {"reason": "not_present"} if verdict == "not_applicable"

result := object.union(reason, {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {"latest_handshakes": [{"public_key": peer.public_key, "at": peer.latest_handshake_at} | some peer in watched; is_string(peer.public_key); is_number(peer.latest_handshake_at)]},
	"expected": {"maximum_days": input.params.maximum_days},
	"valid_until": min(changes),
})
