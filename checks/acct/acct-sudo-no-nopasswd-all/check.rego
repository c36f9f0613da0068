package checks.acct_sudo_no_nopasswd_all

import rego.v1

sudo := input.facts.sudo

bad contains sprintf("%s (%s:%v)", [who, rule.file, rule.line]) if {
	sudo.installed == true
	some rule in sudo.rules
	is_string(rule.file)
	is_number(rule.line)
	rule.nopasswd == true
	rule.all_commands == true
	some who in rule.who
	is_string(who)
	not startswith(who, "!")
	not who in input.params.approved_automation
}

judged contains index if {
	some index, rule in sudo.rules
	is_string(rule.file)
	is_number(rule.line)
	is_boolean(rule.nopasswd)
	is_boolean(rule.all_commands)
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

message := sprintf("every command without authentication: %s", [concat(", ", sort(bad))]) if verdict == "fail"

message := sprintf("sudo rules: %d, none gives everything without authentication", [count(sudo.rules)]) if verdict == "pass"

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
	"observed": {"rules": count([1 | some rule in sudo.rules])},
	"expected": {"approved_automation": input.params.approved_automation},
})
