package checks.fw_listeners_expected

import rego.v1

listening := input.facts.sockets.listening

# "tcp/22", or "tcp/ephemeral" for ports that the kernel gives.
place(socket) := sprintf("%s/%d", [socket.protocol, socket.port]) if socket.is_ephemeral_port == false

place(socket) := sprintf("%s/ephemeral", [socket.protocol]) if socket.is_ephemeral_port == true

# Every field that is read; a scope that is none of the known words counts as reachable.
described(socket) if {
	is_string(socket.protocol)
	is_number(socket.port)
	is_string(socket.scope)
	is_boolean(socket.is_ephemeral_port)
}

expected_places := {split(entry, " ")[0] | some entry in input.params.expected}

# The place alone is approved, or the place with this program.
is_expected(socket) if place(socket) in input.params.expected

is_expected(socket) if {
	is_string(socket.process)
	sprintf("%s %s", [place(socket), socket.process]) in input.params.expected
}

# The place is approved for a program, and which one listens is not readable.
in_doubt contains place(socket) if {
	some socket in listening
	described(socket)
	socket.scope != "loopback"
	not is_expected(socket)
	place(socket) in expected_places
	not is_string(socket.process)
}

name_of(socket) := sprintf("%s %s", [place(socket), socket.process]) if is_string(socket.process)

name_of(socket) := place(socket) if not is_string(socket.process)

bad contains name_of(socket) if {
	some socket in listening
	described(socket)
	socket.scope != "loopback"
	not is_expected(socket)
	not place(socket) in in_doubt
}

judged contains index if {
	some index, socket in listening
	described(socket)
}

everything_seen if {
	is_array(listening)
	count(judged) == count(listening)
	count(in_doubt) == 0
}

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if count(bad) > 0

verdict := "pass" if {
	count(bad) == 0
	everything_seen
}

default message := ""

message := sprintf("sockets that are not expected: %s", [concat(", ", sort(bad))]) if verdict == "fail"

message := "every socket that can be reached from elsewhere is expected" if verdict == "pass"

message := sprintf("which program listens could not be seen: %s", [concat(", ", sort(in_doubt))]) if {
	verdict == "unknown"
	count(in_doubt) > 0
}

result := {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {"reachable": {name_of(socket) | some socket in listening; described(socket); socket.scope != "loopback"}},
	"expected": input.params.expected,
}
