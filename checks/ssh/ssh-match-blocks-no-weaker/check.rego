package checks.ssh_match_blocks_no_weaker

import rego.v1

sshd := input.facts.sshd

weaker := sshd.match_weakenings

bad contains sprintf("%s %s for %s", [entry.keyword, entry.match_value, entry.criteria]) if {
	sshd.installed == true
	some entry in weaker
	is_string(entry.keyword)
	is_string(entry.match_value)
	is_string(entry.criteria)
	not entry.keyword in input.params.approved_keywords
}

everything_seen if {
	sshd.installed == true
	is_array(sshd.match_blocks)
	is_array(weaker)
	every entry in weaker {
		is_string(entry.keyword)
		is_string(entry.match_value)
		is_string(entry.criteria)
	}
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

message := sprintf("Match blocks weaken settings: %s", [concat(", ", sort(bad))]) if verdict == "fail"

message := sprintf("Match blocks: %d, none weakens a setting", [count(sshd.match_blocks)]) if verdict == "pass"

message := "no SSH server is installed" if verdict == "not_applicable"

default reason := {}

reason := {"reason": "not_present"} if verdict == "not_applicable"

result := object.union(reason, {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {"match_blocks": [block.criteria | some block in sshd.match_blocks; is_string(block.criteria)]},
	"expected": {"approved_keywords": input.params.approved_keywords},
})
