package checks.ssh_password_auth_disabled

import rego.v1

sshd := input.facts.sshd

# Each way to log in is a comma list that must be gone through as a whole. "any" alone means any single method will do.
ways := sshd.authentication_methods

words := {"password", "keyboard-interactive"}

# The method without the device that may follow it: keyboard-interactive:pam.
methods(way) := {split(trim_space(method), ":")[0] | some method in split(way, ",")}

single contains way if {
	some way in ways
	way != "any"
	count(methods(way) - words) == 0
	count(methods(way)) > 0
}

single contains "any" if "any" in ways

# PAM asks for a second factor in the keyboard-interactive dialog, and does not let anybody past it.
pam_asks if {
	some factor in input.facts.pam.second_factors
	factor.service == "sshd"
	factor.is_required == true
}

# A way through the keyboard-interactive dialog is two factors if PAM makes it so.
alone contains way if {
	some way in single
	not dialog_with_factor(way)
}

dialog_with_factor(way) if {
	pam_asks
	"keyboard-interactive" in methods(way)
}

bad contains "passwordauthentication yes" if {
	sshd.installed == true
	sshd.password_authentication == true
	"any" in alone
}

bad contains "kbdinteractiveauthentication yes" if {
	sshd.installed == true
	sshd.kbd_interactive_authentication == true
	"any" in alone
	not pam_asks
}

bad contains sprintf("authenticationmethods %s", [way]) if {
	sshd.installed == true
	some way in alone
	way != "any"
	usable(way)
}

# A way through a method that is switched off leads nowhere.
usable(way) if {
	not "password" in methods(way)
	sshd.kbd_interactive_authentication == true
}

usable(way) if {
	"password" in methods(way)
	sshd.password_authentication == true
}

# A Match block can open again what the settings outside of it close.
bad contains sprintf("%s %s for %s", [weaker.keyword, weaker.match_value, weaker.criteria]) if {
	sshd.installed == true
	some weaker in sshd.match_weakenings
	weaker.keyword in ["passwordauthentication", "kbdinteractiveauthentication", "authenticationmethods"]
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
	is_boolean(sshd.password_authentication)
	is_boolean(sshd.kbd_interactive_authentication)
	is_array(ways)
	count(ways) > 0
	every way in ways {
		is_string(way)
	}
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

message := sprintf("SSH lets people in with a password alone: %s", [concat(", ", sort(bad))]) if verdict == "fail"

message := "SSH does not let people in with a password alone" if verdict == "pass"

message := "no SSH server is installed" if verdict == "not_applicable"

default reason := {}

reason := {"reason": "not_present"} if verdict == "not_applicable"

result := object.union(reason, {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {name: value | some name, value in sshd; name in ["password_authentication", "kbd_interactive_authentication", "authentication_methods"]},
	"expected": {"password_authentication": false, "kbd_interactive_authentication": false},
})
