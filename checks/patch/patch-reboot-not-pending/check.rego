package checks.patch_reboot_not_pending

import rego.v1

updates := input.facts.updates

programs := updates.programs_on_deleted_files

limit := input.params.limit_days * 86400

since := updates.reboot_required_since_at

bad contains "the machine" if {
	updates.reboot_required == true
	is_number(since)
	input.now >= since + limit
}

bad contains name if {
	input.params.programs_may_linger == false
	some name in programs
	is_string(name)
}

restart_in_order if updates.reboot_required == false

restart_in_order if {
	updates.reboot_required == true
	is_number(since)
	since <= input.now + 300
	input.now < since + limit
}

programs_seen if {
	is_array(programs)
	every name in programs {
		is_string(name)
	}
}

# The moment at which a pending restart is overdue.
deadlines := {input.now + limit} | {moment |
	updates.reboot_required == true
	is_number(since)
	moment := since + limit
	moment > input.now
}

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if count(bad) > 0

verdict := "pass" if {
	count(bad) == 0
	restart_in_order
	programs_seen
}

default message := ""

message := sprintf("a restart is overdue: %s", [concat(", ", sort(bad))]) if verdict == "fail"

message := "no restart is pending" if {
	verdict == "pass"
	updates.reboot_required == false
}

message := sprintf("a restart is pending for less than %d days", [input.params.limit_days]) if {
	verdict == "pass"
	updates.reboot_required == true
}

result := {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {name: value | some name, value in updates; name in {"reboot_required", "reboot_required_since_at"}},
	"expected": {"limit_days": input.params.limit_days},
	"valid_until": min(deadlines),
}
