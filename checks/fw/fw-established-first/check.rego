package checks.fw_established_first

import rego.v1

active := input.facts.firewall.active

hooks := input.facts.firewall.hooks

bad contains sprintf("%s does not accept by state", [hook.family]) if {
	some hook in hooks
	hook.hook == "input"
	hook.has_base_chain == true
	hook.accepts_established == false
	hook.family in {"ip4", "ip6"}
}

bad contains sprintf("%s accepts by state behind other rules", [hook.family]) if {
	some hook in hooks
	hook.hook == "input"
	hook.has_base_chain == true
	hook.established_first == false
	hook.family in {"ip4", "ip6"}
}

judged contains [hook.family, hook.hook] if {
	some hook in hooks
	is_string(hook.family)
	is_string(hook.hook)
	is_boolean(hook.has_base_chain)
	is_boolean(hook.accepts_established)
	is_boolean(hook.established_first)
}

# Families with a chain for incoming packets; one without is another check's subject.
filtered contains hook.family if {
	some hook in hooks
	hook.hook == "input"
	hook.has_base_chain == true
	hook.family in {"ip4", "ip6"}
}

everything_seen if {
	active == true
	is_array(hooks)
	count(judged) == count(hooks)
	["ip4", "input"] in judged
	["ip6", "input"] in judged
	count(filtered) > 0
}

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if count(bad) > 0

verdict := "pass" if {
	count(bad) == 0
	everything_seen
}

verdict := "not_applicable" if {
	count(bad) == 0
	active == false
}

default message := ""

message := sprintf("known connections are not accepted first: %s", [concat(", ", sort(bad))]) if verdict == "fail"

message := sprintf("known connections are accepted first (%s)", [concat(", ", sort(filtered))]) if verdict == "pass"

message := "no packet filter is loaded" if verdict == "not_applicable"

default reason := {}

reason := {"reason": "not_present"} if verdict == "not_applicable"

result := object.union(reason, {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {"missing": bad, "filtered": filtered},
	"expected": {"missing": []},
})
