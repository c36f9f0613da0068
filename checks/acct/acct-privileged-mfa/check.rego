package checks.acct_privileged_mfa

import rego.v1

pam := input.facts.pam

sshd := input.facts.sshd

covered contains factor.service if {
	some factor in pam.second_factors
	factor.is_required == true
	is_string(factor.service)
}

present contains service if {
	some service in pam.services
	is_string(service)
}

# Where rights are raised, and where people come in.
raising := present & {"sudo", "sudo-i", "su", "su-l"}

entries := present & {"sshd", "login", "gdm-password"}

asked_when_raising if {
	count(raising) > 0
	count(raising - covered) == 0
}

# A key alone goes past PAM, so every way in over SSH must go through its dialog.
ssh_asks if sshd.installed == false

ssh_asks if {
	"sshd" in covered
	count(sshd.authentication_methods) > 0
	every way in sshd.authentication_methods {
		regex.match(`(^|,) *keyboard-interactive(:[a-z]+)? *(,|$)`, way)
	}
}

asked_at_entry if {
	count(entries) > 0
	count((entries - {"sshd"}) - covered) == 0
	ssh_asks
}

# Enough was seen to say that neither way asks.
seen if {
	is_array(pam.services)
	count(pam.services) > 0
	count(present) == count(pam.services)
	is_array(pam.second_factors)
	every factor in pam.second_factors {
		is_string(factor.service)
		is_boolean(factor.is_required)
	}
}

entry_seen if sshd.installed == false

entry_seen if {
	sshd.installed == true
	is_array(sshd.authentication_methods)
}

bad contains service if {
	seen
	entry_seen
	count(raising) > 0
	not asked_when_raising
	not asked_at_entry
	some service in (raising | entries) - covered
}

bad contains "sshd" if {
	seen
	entry_seen
	count(raising) > 0
	not asked_when_raising
	not asked_at_entry
	sshd.installed == true
	not ssh_asks
}

everything_seen if {
	seen
	entry_seen
	asked_when_raising
}

everything_seen if {
	seen
	entry_seen
	asked_at_entry
}

default way := "when people come in"

way := "when rights are raised" if asked_when_raising

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if count(bad) > 0

verdict := "pass" if {
	count(bad) == 0
	everything_seen
}

default message := ""

message := sprintf("privilege without a second factor, these do not ask for one: %s", [concat(", ", sort(bad))]) if verdict == "fail"

message := sprintf("a second factor is asked for %s", [way]) if verdict == "pass"

result := {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {"services": present, "second_factor_required": covered},
	"expected": {"second_factor": "required for sudo and su, or for every way in"},
}
