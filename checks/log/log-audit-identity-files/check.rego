package checks.log_audit_identity_files

import rego.v1

audit := input.facts.audit

# In a container the kernel's audit trail is that of the machine below.
place := object.get(input.facts, ["host", "virtualization"], "")

records := audit.records

missing contains "/etc/passwd" if records.passwd == false

missing contains "/etc/shadow" if records.shadow == false

missing contains "/etc/group" if records.group == false

missing contains "/etc/gshadow" if records.gshadow == false

missing contains "/etc/sudoers" if records.sudoers == false

# Without the audit system there are no rules, and rules record nothing while recording is off.
bad contains "the audit system is not installed" if audit.installed == false

bad contains "the kernel does not record" if audit.enabled == false

bad contains text if some text in missing

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if {
	count(bad) > 0
	place != "container"
}

verdict := "pass" if {
	is_string(place)
	audit.installed == true
	audit.enabled == true
	records.passwd == true
	records.shadow == true
	records.group == true
	records.gshadow == true
	records.sudoers == true
}

default message := ""

message := sprintf("not recorded: %s", [concat(", ", sort(bad))]) if verdict == "fail"

message := "recorded: /etc/passwd, /etc/shadow, /etc/group, /etc/gshadow, /etc/sudoers" if verdict == "pass"

message := "in a container the audit trail is a matter of the machine below, look there" if {
	verdict == "unknown"
	place == "container"
	count(bad) > 0
}

default reason := {}

reason := {"reason": "unsupported"} if {
	verdict == "unknown"
	place == "container"
}

result := object.union(reason, {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {name: value | some name, value in records; name in {"passwd", "shadow", "group", "gshadow", "sudoers"}},
	"expected": {"passwd": true, "shadow": true, "group": true, "gshadow": true, "sudoers": true},
})
