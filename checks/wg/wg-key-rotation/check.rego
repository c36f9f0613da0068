package checks.wg_key_rotation

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

# Seconds since 1970 of a day such as 2026-01-31; undefined for anything that is no day.
moment_of(text) := round(time.parse_rfc3339_ns(sprintf("%sT00:00:00Z", [text])) / 1000000000) if {
	is_string(text)
	regex.match(day_pattern, text)
}

day_pattern := concat("|", [
	`^20[0-9]{2}-(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])$`,
	`^20[0-9]{2}-(0[469]|11)-(0[1-9]|[12][0-9]|30)$`,
	`^20[0-9]{2}-02-(0[1-9]|1[0-9]|2[0-8])$`,
	`^20([02468][048]|[13579][26])-02-29$`,
])

watching_since := moment_of(input.params.watching_since)

limit := input.params.maximum_days * 86400

described(peer) if {
	is_string(peer.public_key)
	is_number(peer.first_seen_at)
}

bad contains peer.public_key if {
	wireguard.installed == true
	some peer in peers
	described(peer)
	input.now >= peer.first_seen_at + limit
}

# Keys that came while somebody looked.
dated contains index if {
	some index, peer in peers
	described(peer)
	peer.first_seen_at >= watching_since + 86400
}

everything_seen if {
	interfaces_seen
	count(peers) > 0
	count(dated) == count(peers)
}

# The next moment at which a key gets too old.
changes contains input.now + limit

changes contains moment if {
	some peer in peers
	is_number(peer.first_seen_at)
	moment := peer.first_seen_at + limit
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

message := sprintf("peer keys that have been there for more than %d days: %s", [input.params.maximum_days, concat(", ", sort(bad))]) if verdict == "fail"

message := sprintf("peer keys: %d, all came within the last %d days", [count(peers), input.params.maximum_days]) if verdict == "pass"

message := "no WireGuard peer is configured on this host" if verdict == "not_applicable"

message := "set the parameter watching_since: the keys may be older than the first look" if {
	verdict == "unknown"
	input.params.watching_since == ""
	count(peers) > 0
}

message := sprintf("%d of %d keys were there at the first look, so their age is not known yet", [count(peers) - count(dated), count(peers)]) if {
	verdict == "unknown"
	is_number(watching_since)
	interfaces_seen
}

default reason := {}

reason := {"reason": "not_present"} if verdict == "not_applicable"

result := object.union(reason, {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {"peers": [{"public_key": peer.public_key, "first_seen_at": peer.first_seen_at} | some peer in peers; described(peer)]},
	"expected": {"maximum_days": input.params.maximum_days},
	"valid_until": min(changes),
})
