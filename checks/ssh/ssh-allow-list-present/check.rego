package checks.ssh_allow_list_present

import rego.v1

sshd := input.facts.sshd

# A pattern that matches every name limits nobody.
open_patterns := {"*", "*@*", "?*", "**"}

listed contains sprintf("user %s", [name]) if {
	some name in sshd.allow_users
	is_string(name)
	name != ""
}

listed contains sprintf("group %s", [name]) if {
	some name in sshd.allow_groups
	is_string(name)
	name != ""
}

bad contains "no AllowUsers or AllowGroups" if {
	sshd.installed == true
	sshd.allow_users == []
	sshd.allow_groups == []
}

# One list is enough. If both are set, both must let somebody in, so an open pattern in one of them does no harm.
bad contains "AllowUsers lets everybody in" if {
	sshd.installed == true
	everybody(sshd.allow_users)
	not narrow(sshd.allow_groups)
}

bad contains "AllowGroups lets everybody in" if {
	sshd.installed == true
	everybody(sshd.allow_groups)
	not narrow(sshd.allow_users)
}

everybody(names) if {
	some name in names
	name in open_patterns
}

narrow(names) if {
	count(names) > 0
	not everybody(names)
}

names_only(list) if {
	is_array(list)
	every name in list {
		is_string(name)
		name != ""
	}
}

everything_seen if {
	sshd.installed == true
	names_only(sshd.allow_users)
	names_only(sshd.allow_groups)
	count(listed) > 0
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

message := concat(", ", sort(bad)) if verdict == "fail"

message := sprintf("SSH logins are limited to %s", [concat(", ", sort(listed))]) if verdict == "pass"

message := "no SSH server is installed" if verdict == "not_applicable"

default reason := {}

reason := {"reason": "not_present"} if verdict == "not_applicable"

result := object.union(reason, {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {name: value | some name, value in sshd; name in ["allow_users", "allow_groups"]},
	"expected": "AllowUsers or AllowGroups",
})
