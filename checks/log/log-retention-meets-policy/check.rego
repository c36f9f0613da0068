package checks.log_retention_meets_policy

import rego.v1

logging := input.facts.logging

forwarding := logging.forwarding

# Receivers that keep logs for the minimum; their own settings are looked at there.
keepers contains entry.host if {
	some entry in forwarding
	is_string(entry.host)
	entry.host in input.params.kept_by
}

judged contains index if {
	some index, entry in forwarding
	is_string(entry.host)
}

forwarding_seen if {
	is_array(forwarding)
	count(judged) == count(forwarding)
}

# No limit by time, or one that is not too short. A limit of the journal is an upper one and proves no minimum.
journal_keeps if not "journald_retention_days" in object.keys(logging)

journal_keeps if {
	is_number(logging.journald_retention_days)
	logging.journald_retention_days >= input.params.minimum_days
}

files_known if not "retention_days" in object.keys(logging)

files_known if is_number(logging.retention_days)

bad contains sprintf("log files are kept for %d days", [logging.retention_days]) if {
	forwarding_seen
	count(keepers) == 0
	is_number(logging.retention_days)
	logging.retention_days < input.params.minimum_days
}

bad contains sprintf("the journal is kept for %d days at most", [logging.journald_retention_days]) if {
	forwarding_seen
	count(keepers) == 0
	not "retention_days" in object.keys(logging)
	is_number(logging.journald_retention_days)
	logging.journald_retention_days < input.params.minimum_days
}

kept_here if {
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
	not "retention_days" in object.keys(logging)
}

result := {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {name: value | some name, value in logging; name in {"retention_days", "journald_retention_days"}},
	"expected": input.params,
}
