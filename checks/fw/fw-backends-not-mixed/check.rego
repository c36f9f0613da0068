package checks.fw_backends_not_mixed

import rego.v1

firewall := input.facts.firewall

bad contains "iptables-legacy beside nftables" if firewall.backends_mixed == true

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if count(bad) > 0

verdict := "pass" if {
	firewall.active == true
	firewall.backends_mixed == false
}

verdict := "not_applicable" if {
	firewall.active == false
	firewall.backends_mixed == false
}

default message := ""

message := "rules of legacy iptables are loaded beside other rules" if verdict == "fail"

message := "one kind of packet filter is loaded" if verdict == "pass"

message := "no packet filter is loaded" if verdict == "not_applicable"

default reason := {}

reason := {"reason": "not_present"} if verdict == "not_applicable"

result := object.union(reason, {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {name: value | some name, value in firewall; name == "backends_mixed"},
	"expected": {"backends_mixed": false},
})
