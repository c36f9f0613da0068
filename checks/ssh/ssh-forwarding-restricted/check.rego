package checks.ssh_forwarding_restricted

import rego.v1

sshd := input.facts.sshd

bad contains "x11" if {
	sshd.installed == true
	sshd.x11_forwarding == true
	not "x11" in input.params.approved
}

bad contains "agent" if {
	sshd.installed == true
	sshd.agent_forwarding == true
	not "agent" in input.params.approved
}

# TCP forwarding may be open in one direction only, which is open.
bad contains "tcp" if {
	sshd.installed == true
	is_string(sshd.tcp_forwarding)
	sshd.tcp_forwarding != "no"
	not "tcp" in input.params.approved
}

kinds := {"x11forwarding": "x11", "allowagentforwarding": "agent", "allowtcpforwarding": "tcp"}

# A Match block can open again what the settings outside of it close.
bad contains sprintf("%s for %s", [kinds[weaker.keyword], weaker.criteria]) if {
	sshd.installed == true
	some weaker in sshd.match_weakenings
	not kinds[weaker.keyword] in input.params.approved
}

weakenings_seen if {
	is_array(sshd.match_weakenings)
	every weaker in sshd.match_weakenings {
		is_string(weaker.keyword)
		is_string(weaker.match_value)
		is_string(weaker.criteria)
	}
}

everything_seen if {
	sshd.installed == true
	is_boolean(sshd.x11_forwarding)
	is_boolean(sshd.agent_forwarding)
	is_string(sshd.tcp_forwarding)
	weakenings_seen
}

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if count(bad) > 0

verdict := "pass" if {
	count(bad) == 0
	everything_seen
}

verdict := "not_applicable" if sshd.installed == false

default message := ""

message := sprintf("SSH forwarding that is not approved: %s", [concat(", ", sort(bad))]) if verdict == "fail"

message := "SSH forwards nothing that is not approved" if verdict == "pass"

message := "no SSH server is installed" if verdict == "not_applicable"

default reason := {}

reason := {"reason": "not_present"} if verdict == "not_applicable"

result := object.union(reason, {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {name: value | some name, value in sshd; name in ["x11_forwarding", "agent_forwarding", "tcp_forwarding"]},
	"expected": {"approved": input.params.approved},
})
