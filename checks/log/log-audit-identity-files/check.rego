package checks.log_audit_identity_files

import rego.v1

audit := input.facts.audit

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

verdict := "fail" if count(bad) > 0

verdict := "pass" if {
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

result := {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {name: value | some name, value in records; name in {"passwd", "shadow", "group", "gshadow", "sudoers"}},
	"expected": {"passwd": true, "shadow": true, "group": true, "gshadow": true, "sudoers": true},
}
