package checks.fw_db_ports_not_public

import rego.v1

open := input.facts.firewall.open_ports

ipv6_enabled := input.facts.host.ipv6_enabled

described(entry) if {
	is_string(entry.family)
	is_number(entry.first_port)
	is_number(entry.last_port)
	is_string(entry.scope)
	is_array(entry.interfaces)
}

in_use(entry) if entry.family == "ip4"

in_use(entry) if {
	entry.family == "ip6"
	ipv6_enabled == true
}

# An entry that holds for trusted interfaces alone.
is_inside(entry) if {
	count(entry.interfaces) > 0
	count({name | some name in entry.interfaces} - {name | some name in input.params.trusted_interfaces}) == 0
}

# A rule that opens every port is named once.
port_name(entry, number) := "every port" if {
	entry.first_port == 0
	entry.last_port == 65535
}

port_name(entry, number) := sprintf("port %d", [number]) if entry.first_port > 0

port_name(entry, number) := sprintf("port %d", [number]) if {
	entry.first_port == 0
	entry.last_port < 65535
}

bad contains sprintf("%s over %s", [port_name(entry, number), entry.family]) if {
	some entry in open
	described(entry)
	in_use(entry)
	entry.scope == "any"
	not is_inside(entry)
	some number in input.params.ports
	entry.first_port <= number
	number <= entry.last_port
}

judged contains index if {
	some index, entry in open
	described(entry)
	entry.scope in {"loopback", "private", "public", "any"}
	every name in entry.interfaces {
		is_string(name)
	}
}

everything_seen if {
	is_boolean(ipv6_enabled)
	input.facts.firewall.active == true
	is_array(open)
	count(judged) == count(open)
}

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if count(bad) > 0

verdict := "pass" if {
	count(bad) == 0
	everything_seen
}

default message := ""

message := sprintf("database ports are open to every address: %s", [concat(", ", sort(bad))]) if verdict == "fail"

message := sprintf("none of %d database ports is open to every address", [count(input.params.ports)]) if verdict == "pass"

result := {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {"open": bad},
	"expected": {"open": []},
}
