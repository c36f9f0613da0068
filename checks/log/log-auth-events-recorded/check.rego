package checks.log_auth_events_recorded

import rego.v1

logging := input.facts.logging

bad contains "no log is meant for logins" if logging.records_authentication == false

bad contains "neither journald nor a syslog daemon runs" if {
	logging.journald_running == false
	logging.syslog_running == false
}

writers contains "journald" if logging.journald_running == true

writers contains "syslog" if logging.syslog_running == true

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if count(bad) > 0

verdict := "pass" if {
	count(bad) == 0
	logging.records_authentication == true
	is_boolean(logging.journald_running)
	is_boolean(logging.syslog_running)
	count(writers) > 0
}

default message := ""

message := sprintf("logins are not logged: %s", [concat(", ", sort(bad))]) if verdict == "fail"

message := sprintf("logins are logged by %s", [concat(" and ", sort(writers))]) if verdict == "pass"

result := {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {name: value | some name, value in logging; name in {"records_authentication", "journald_running", "syslog_running"}},
	"expected": {"records_authentication": true},
}
