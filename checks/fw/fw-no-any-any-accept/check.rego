package checks.fw_no_any_any_accept

import rego.v1

firewall := input.facts.firewall

rules := firewall.any_any_accept

bad contains sprintf("%s rule %d: %s", [rule.chain, rule.position, rule.text]) if {
	some rule in rules
	is_string(rule.chain)
	is_number(rule.position)
	is_string(rule.text)
}

bad contains "no packet filter is loaded" if firewall.active == false

everything_seen if {
	firewall.active == true
	is_array(rules)
	count(rules) == 0
}

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if count(bad) > 0

verdict := "pass" if {
	count(bad) == 0
	everything_seen
}

default message := ""

message := sprintf("everything is accepted from everywhere: %s", [concat("; ", sort(bad))]) if verdict == "fail"

message := "no rule accepts every protocol from every address" if verdict == "pass"

result := {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {"rules": bad},
	"expected": {"rules": []},
}
