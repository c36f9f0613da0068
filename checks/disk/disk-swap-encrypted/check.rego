package checks.disk_swap_encrypted

import rego.v1

devices := input.facts.swap.devices

bad contains swap.device if {
	some swap in devices
	is_string(swap.device)
	swap.is_zram == false
	swap.encrypted == false
}

judged contains index if {
	some index, swap in devices
	is_string(swap.device)
	swap.is_zram == true
}

judged contains index if {
	some index, swap in devices
	is_string(swap.device)
	swap.is_zram == false
	is_boolean(swap.encrypted)
}

everything_seen if {
	is_array(devices)
	count(judged) == count(devices)
}

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if count(bad) > 0

verdict := "pass" if {
	count(bad) == 0
	everything_seen
}

default message := ""

message := sprintf("swap without encryption: %s", [concat(", ", sort(bad))]) if verdict == "fail"

message := "every swap area is encrypted or in memory" if {
	verdict == "pass"
	count(devices) > 0
}

message := "no swap is in use" if {
	verdict == "pass"
	count(devices) == 0
}

result := {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {"devices": {swap.device | some swap in devices; is_string(swap.device)}},
	"expected": {"encrypted": true},
}
