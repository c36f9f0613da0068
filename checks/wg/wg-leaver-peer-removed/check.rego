package checks.wg_leaver_peer_removed

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

# An entry is a public key, a space, and the last day.
leavers contains {"public_key": parts[0], "last_day": last_day} if {
	some entry in input.params.leavers
	parts := split(trim_space(entry), " ")
	count(parts) == 2
	last_day := moment_of(parts[1])
}

# Access ends with the day, and the limit begins.
deadline(leaver) := (leaver.last_day + 86400) + (input.params.removal_hours * 3600)

overdue contains leaver.public_key if {
	some leaver in leavers
	deadline(leaver) <= input.now
}

bad contains peer.public_key if {
	wireguard.installed == true
	some peer in peers
	is_string(peer.public_key)
	peer.public_key in overdue
}

# The list of leavers counts for some days after it was made; an empty one may be right.
list_end := moment_of(input.params.list_as_of) + (input.params.list_maximum_days * 86400)

list_current if input.now < list_end

list_readable if count(leavers) == count({entry | some entry in input.params.leavers})

everything_seen if {
	list_current
	list_readable
	interfaces_seen
	count(peers) > 0
	every peer in peers {
		is_string(peer.public_key)
	}
}

# The next moment at which the answer may change.
changes contains input.now + 86400

changes contains list_end if list_end > input.now

changes contains moment if {
	some leaver in leavers
	moment := deadline(leaver)
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

message := sprintf("peers of leavers that are still there: %s", [concat(", ", sort(bad))]) if verdict == "fail"

message := sprintf("peers: %d, none belongs to a leaver", [count(peers)]) if verdict == "pass"

message := "no WireGuard peer is configured on this host" if verdict == "not_applicable"

message := "set the parameters leavers and list_as_of: nobody has said whose keys must be gone" if {
	verdict == "unknown"
	input.params.list_as_of == ""
}

message := "an entry of the parameter leavers is not a key, a space and a day" if {
	verdict == "unknown"
	input.params.list_as_of != ""
	not list_readable
}

message := "the list of leavers is too old, or list_as_of is not a day" if {
	verdict == "unknown"
	input.params.list_as_of != ""
	list_readable
	not list_current
}

default reason := {}

reason := {"reason": "not_present"} if verdict == "not_applicable"

result := object.union(reason, {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {"overdue": overdue},
	"expected": {"removal_hours": input.params.removal_hours},
	"valid_until": min(changes),
})
