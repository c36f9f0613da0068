package checks.acct_sudo_approved_group

import rego.v1

sudo := input.facts.sudo

bad contains sprintf("%s (%s:%v)", [who, rule.file, rule.line]) if {
	sudo.installed == true
	some rule in sudo.rules
	is_string(rule.file)
	is_number(rule.line)
	some who in rule.who
	is_string(who)
	not startswith(who, "!")
	not who in input.params.approved
}

judged contains index if {
	some index, rule in sudo.rules
	is_string(rule.file)
	is_number(rule.line)
	is_array(rule.who)
	count(rule.who) > 0
	every who in rule.who {
		is_string(who)
	}
}

rules_seen if {
	sudo.installed == true
	is_array(sudo.parse_errors)
	count(sudo.parse_errors) == 0
	is_array(sudo.rules)
	count(sudo.rules) > 0
}

everything_seen if {
	rules_seen
	count(judged) == count(sudo.rules)
}

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if count(bad) > 0

verdict := "pass" if {
	count(bad) == 0
	everything_seen
}

verdict := "not_applicable" if sudo.installed == false

default message := ""

message := sprintf("sudo rules for others than the approved: %s", [concat(", ", sort(bad))]) if verdict == "fail"

message := sprintf("sudo rules: %d, all for approved groups and users", [count(sudo.rules)]) if verdict == "pass"

message := "sudo is not installed" if verdict == "not_applicable"

message := sprintf("lines of sudo rules that were not understood: %s", [concat(", ", sort({line | some line in sudo.parse_errors; is_string(line)}))]) if {
	verdict == "unknown"
	is_array(sudo.parse_errors)
	count(sudo.parse_errors) > 0
}

default reason := {}

reason := {"reason": "not_present"} if verdict == "not_applicable"

result := object.union(reason, {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {"who": {who | some rule in sudo.rules; is_array(rule.who); some who in rule.who}},
	"expected": {"approved": input.params.approved},
})
