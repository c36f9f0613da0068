package checks.patch_auto_security_on

import rego.v1

auto := input.facts.auto_updates

missing contains "no tool for it is installed" if auto.installed == false

missing contains "package lists are not refreshed by it" if auto.refreshes_lists == false

missing contains "upgrades do not run by it" if auto.runs_upgrades == false

missing contains "security updates are not among what it installs" if auto.covers_security == false

is_managed if input.target.name in input.params.managed_hosts

off if auto.security_on == false

off if count(missing) > 0

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if {
	off
	not is_managed
}

verdict := "pass" if {
	not off
	auto.security_on == true
	auto.installed == true
	auto.refreshes_lists == true
	auto.runs_upgrades == true
	auto.covers_security == true
}

verdict := "not_applicable" if {
	off
	is_managed
}

default message := ""

message := concat("; ", ["security updates do not install themselves", concat(", ", sort(missing))]) if {
	verdict == "fail"
	count(missing) > 0
}

message := "security updates do not install themselves" if {
	verdict == "fail"
	count(missing) == 0
}

message := "security updates install themselves" if verdict == "pass"

message := "updates of this host come by a managed cycle" if verdict == "not_applicable"

default reason := {}

reason := {"reason": "not_present"} if verdict == "not_applicable"

result := object.union(reason, {
	"verdict": verdict,
	"message": message,
	"subjects": missing,
	"observed": {name: value | some name, value in auto; is_boolean(value); name in {"security_on", "installed", "refreshes_lists", "runs_upgrades", "covers_security"}},
	"expected": {"security_on": true},
})
