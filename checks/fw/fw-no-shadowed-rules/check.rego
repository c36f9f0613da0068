package checks.fw_no_shadowed_rules

import rego.v1

firewall := input.facts.firewall

shadowed := firewall.shadowed

bad contains sprintf("%s rule %d (%s) behind rule %d", [rule.chain, rule.position, rule.text, rule.by_position]) if {
	some rule in shadowed
	is_string(rule.chain)
	is_number(rule.position)
	is_string(rule.text)
	is_number(rule.by_position)
}

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if count(bad) > 0

verdict := "pass" if {
	firewall.active == true
	is_array(shadowed)
	count(shadowed) == 0
}

verdict := "not_applicable" if {
	count(bad) == 0
	firewall.active == false
}

default message := ""

message := sprintf("rules that can never match: %s", [concat("; ", sort(bad))]) if verdict == "fail"

message := "every rule can be reached" if verdict == "pass"

message := "no packet filter is loaded" if verdict == "not_applicable"

default reason := {}

reason := {"reason": "not_present"} if verdict == "not_applicable"

result := object.union(reason, {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {"unreachable": bad},
	"expected": {"unreachable": []},
})
