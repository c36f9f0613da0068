package checks.host_insecure_services_absent

import rego.v1

packages := input.facts.packages.insecure_services

listening := input.facts.sockets.listening

described(socket) if {
	is_string(socket.protocol)
	is_number(socket.port)
}

bad contains name if {
	some name in packages
	is_string(name)
	not name in input.params.approved_packages
}

bad contains place if {
	some socket in listening
	described(socket)
	place := sprintf("%s/%d", [socket.protocol, socket.port])
	place in input.params.ports
}

named contains index if {
	some index, name in packages
	is_string(name)
}

judged contains index if {
	some index, socket in listening
	described(socket)
}

everything_seen if {
	is_array(packages)
	count(named) == count(packages)
	is_array(listening)
	count(judged) == count(listening)
}

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if count(bad) > 0

verdict := "pass" if {
	count(bad) == 0
	everything_seen
}

default message := ""

message := sprintf("services with clear-text logins: %s", [concat(", ", sort(bad))]) if verdict == "fail"

message := sprintf("no such package among those installed, and no such port among %d listeners", [count(listening)]) if verdict == "pass"

result := {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {"packages": {name | some name in packages; is_string(name)}, "listeners": count(judged)},
	"expected": {"approved_packages": input.params.approved_packages, "no_listener_on": input.params.ports},
}
