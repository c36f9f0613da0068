package checks.log_forwarded_off_host

import rego.v1

logging := input.facts.logging

forwarding := logging.forwarding

agents := logging.agents_running

described(entry) if {
	is_string(entry.host)
	is_string(entry.via)
	is_boolean(entry.tls)
	is_boolean(entry.authenticated)
}

open contains entry.host if {
	some entry in forwarding
	described(entry)
	not is_safe(entry)
}

safe contains entry.host if {
	some entry in forwarding
	described(entry)
	is_safe(entry)
	not is_idle(entry)
}

idle contains entry.host if {
	some entry in forwarding
	described(entry)
	is_idle(entry)
}

is_safe(entry) if {
	entry.tls == true
	entry.authenticated == true
}

# Settings of rsyslog outlive the daemon, even its removal: they send nothing while no syslog daemon runs. Other
# programs are listed only while they run.
is_idle(entry) if {
	entry.via == "rsyslog"
	logging.syslog_running == false
}

approved_agents contains name if {
	some name in agents
	name in input.params.approved_agents
}

other_agents contains name if {
	some name in agents
	is_string(name)
	not name in input.params.approved_agents
}

judged contains index if {
	some index, entry in forwarding
	described(entry)
}

everything_seen if {
	is_array(forwarding)
	count(judged) == count(forwarding)
	is_boolean(logging.syslog_running)
	is_array(agents)
	every name in agents {
		is_string(name)
	}
}

stays_here if {
	everything_seen
	count(safe) == 0
	count(open) == 0
	count(agents) == 0
}

bad contains sprintf("%s, without encryption or without proof of identity", [host]) if some host in open

bad contains "logs do not leave this host" if {
	stays_here
	count(idle) == 0
}

bad contains sprintf("rsyslog does not run, so nothing is sent to %s", [host]) if {
	stays_here
	some host in idle
}

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if count(bad) > 0

verdict := "pass" if {
	count(bad) == 0
	everything_seen
	count(safe) + count(approved_agents) > 0
}

default message := ""

message := sprintf("logs do not leave over an authenticated channel: %s", [concat("; ", sort(bad))]) if verdict == "fail"

message := sprintf("logs leave over an authenticated channel: %s", [concat(", ", sort(safe | approved_agents))]) if verdict == "pass"

message := sprintf("where %s sends logs cannot be seen: once it is approved, name it in the parameter approved_agents", [concat(", ", sort(other_agents))]) if {
	verdict == "unknown"
	everything_seen
}

result := {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {"authenticated": safe, "open": open, "agents": approved_agents | other_agents},
	"expected": {"approved_agents": input.params.approved_agents},
}
