package checks.fw_active

import rego.v1

active := input.facts.firewall.active

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if active == false

verdict := "pass" if active == true

default message := ""

message := "no packet filter with rules for incoming packets is loaded" if verdict == "fail"

message := "a packet filter with rules for incoming packets is loaded" if verdict == "pass"

result := {
	"verdict": verdict,
	"message": message,
	"subjects": {"incoming packets" | verdict == "fail"},
	"observed": {name: value | some name, value in input.facts.firewall; name == "active"},
	"expected": {"active": true},
}
