package checks.fw_persistent

import rego.v1

firewall := input.facts.firewall

# These load rules of their own at boot, which are not compared.
managed contains "ufw" if firewall.ufw == "active"

managed contains "firewalld" if firewall.firewalld == "active"

unmanaged if {
	firewall.ufw in {"absent", "inactive"}
	firewall.firewalld in {"absent", "inactive"}
}

bad contains "the unit that loads the rules at boot is not enabled" if {
	firewall.active == true
	unmanaged
	firewall.persistent_unit_enabled == false
}

bad contains "the loaded rules differ from the file that is loaded at boot" if {
	firewall.active == true
	unmanaged
	firewall.persistent_matches == false
}

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if count(bad) > 0

verdict := "pass" if {
	firewall.active == true
	unmanaged
	firewall.persistent_unit_enabled == true
	firewall.persistent_matches == true
}

verdict := "not_applicable" if firewall.active == false

default message := ""

message := concat("; ", sort(bad)) if verdict == "fail"

message := "the loaded rules are those that are loaded at boot" if verdict == "pass"

message := "no packet filter is loaded" if verdict == "not_applicable"

message := sprintf("the rules are managed by %s, whose saved rules are not compared with the loaded ones", [concat(" and ", sort(managed))]) if {
	verdict == "unknown"
	count(managed) > 0
}

reasons := {"not_present" | verdict == "not_applicable"} | {"unsupported" | verdict == "unknown"; count(managed) > 0}

result := object.union({"reason": word | some word in reasons}, {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {name: value | some name, value in firewall; name in {"persistent_unit_enabled", "persistent_matches", "ufw", "firewalld"}},
	"expected": {"persistent_unit_enabled": true, "persistent_matches": true},
})
