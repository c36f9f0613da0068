package checks.fw_admin_ports_restricted

import rego.v1

facts := input.facts

open := facts.firewall.open_ports

# Ports of administration: those in the parameter and those the SSH server really uses.
ports contains number if some number in input.params.ports

ports contains number if {
	facts.sshd.installed == true
	some number in facts.sshd.ports
}

described(entry) if {
	is_string(entry.family)
	is_number(entry.first_port)
	is_number(entry.last_port)
	is_array(entry.sources)
	count(entry.sources) > 0
	is_array(entry.interfaces)
}

# An entry of a family that this host does not use lets nobody in.
in_use(entry) if entry.family == "ip4"

in_use(entry) if {
	entry.family == "ip6"
	facts.host.ipv6_enabled == true
}

# An entry that holds for trusted interfaces alone, such as loopback or a tunnel.
is_inside(entry) if {
	count(entry.interfaces) > 0
	count({name | some name in entry.interfaces} - {name | some name in input.params.trusted_interfaces}) == 0
}

approved(source) if {
	some prefix in input.params.approved_sources
	net.cidr_contains(prefix, source)
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

bad contains sprintf("%s from %s", [port_name(entry, number), source]) if {
	some entry in open
	described(entry)
	in_use(entry)
	not is_inside(entry)
	some number in ports
	entry.first_port <= number
	number <= entry.last_port
	some source in entry.sources
	is_string(source)
	net.cidr_is_valid(source)
	not approved(source)
}

judged contains index if {
	some index, entry in open
	described(entry)
	every source in entry.sources {
		net.cidr_is_valid(source)
	}
	every name in entry.interfaces {
		is_string(name)
	}
}

ssh_seen if facts.sshd.installed == false

ssh_seen if {
	facts.sshd.installed == true
	is_array(facts.sshd.ports)
	count(facts.sshd.ports) > 0
	every number in facts.sshd.ports {
		is_number(number)
	}
}

everything_seen if {
	is_boolean(facts.host.ipv6_enabled)
	ssh_seen
	facts.firewall.active == true
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

message := sprintf("administration ports are open to sources that are not approved: %s", [concat(", ", sort(bad))]) if verdict == "fail"

message := sprintf("%d administration ports are closed or open to approved sources only", [count(ports)]) if verdict == "pass"

result := {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {"administration_ports": ports},
	"expected": {"sources": input.params.approved_sources, "interfaces": input.params.trusted_interfaces},
}
