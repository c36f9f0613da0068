package checks.ssh_empty_passwords_denied

import rego.v1

sshd := input.facts.sshd

bad contains "permitemptypasswords yes" if {
	sshd.installed == true
	sshd.permit_empty_passwords == true
}

# A Match block can open again what the settings outside of it close.
bad contains sprintf("%s %s for %s", [weaker.keyword, weaker.match_value, weaker.criteria]) if {
	sshd.installed == true
	some weaker in sshd.match_weakenings
	weaker.keyword == "permitemptypasswords"
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
	is_boolean(sshd.permit_empty_passwords)
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

message := sprintf("SSH accepts empty passwords: %s", [concat(", ", sort(bad))]) if verdict == "fail"

message := "SSH refuses empty passwords" if verdict == "pass"

message := "no SSH server is installed" if verdict == "not_applicable"

default reason := {}

reason := {"reason": "not_present"} if verdict == "not_applicable"

result := object.union(reason, {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {name: value | some name, value in sshd; name in ["permit_empty_passwords"]},
	"expected": {"permit_empty_passwords": false},
})
