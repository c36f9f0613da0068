package checks.log_retention_meets_policy

import rego.v1

logging := input.facts.logging

forwarding := logging.forwarding

# Receivers that keep logs for the minimum; their own settings are looked at there.
keepers contains entry.host if {
	some entry in forwarding
	is_string(entry.host)
	entry.host in input.params.kept_by
	sends(entry)
}

# Settings of rsyslog outlive the daemon, even its removal. Other programs are listed only while they run.
sends(entry) if {
	entry.via == "rsyslog"
	logging.syslog_running == true
}

sends(entry) if {
	is_string(entry.via)
	entry.via != "rsyslog"
}

judged contains index if {
	some index, entry in forwarding
	is_string(entry.host)
	is_string(entry.via)
}

forwarding_seen if {
	is_array(forwarding)
	count(judged) == count(forwarding)
	is_boolean(logging.syslog_running)
}

# Rotation says how long files are kept, not that anything is written to them.
no_files if not "retention_days" in object.keys(logging)

no_files if logging.syslog_running == false

files_known if not "retention_days" in object.keys(logging)

files_known if is_number(logging.retention_days)

bad contains sprintf("log files are kept for %d days", [logging.retention_days]) if {
	forwarding_seen
	count(keepers) == 0
	logging.syslog_running == true
	is_number(logging.retention_days)
	logging.retention_days < input.params.minimum_days
}

bad contains sprintf("the journal is kept for %d days at most", [logging.journald_retention_days]) if {
	forwarding_seen
	count(keepers) == 0
	no_files
	is_number(logging.journald_retention_days)
	logging.journald_retention_days < input.params.minimum_days
}

kept_here if {
	logging.syslog_running == true
	is_number(logging.retention_days)
	logging.retention_days >= input.params.minimum_days
}

kept if count(keepers) > 0

kept if kept_here

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if count(bad) > 0

verdict := "pass" if {
	count(bad) == 0
	forwarding_seen
	files_known
	is_number(object.get(logging, "journald_retention_days", 0))
	kept
}

default message := ""

message := sprintf("logs are not kept for %d days: %s", [input.params.minimum_days, concat(", ", sort(bad))]) if verdict == "fail"

message := sprintf("logs are kept by %s", [concat(", ", sort(keepers))]) if {
	verdict == "pass"
	count(keepers) > 0
}

message := sprintf("log files are kept for %d days", [logging.retention_days]) if {
	verdict == "pass"
	count(keepers) == 0
}

message := "a journal without a limit by time proves no minimum: its size limits it" if {
	verdict == "unknown"
	forwarding_seen
	is_object(logging)
	no_files
}

result := {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {name: value | some name, value in logging; name in {"retention_days", "journald_retention_days"}},
	"expected": input.params,
}
