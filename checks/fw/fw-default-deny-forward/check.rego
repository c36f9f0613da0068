package checks.fw_default_deny_forward

import rego.v1

hooks := input.facts.firewall.hooks

forwards := input.facts.host.forwards_packets

bad contains hook.family if {
	some hook in hooks
	hook.hook == "forward"
	hook.default_deny == false
	is_string(hook.family)
}

# A router by design: the parameter names it, and it does forward.
is_router if {
	forwards == true
	input.target.name in input.params.routers
}

judged contains [hook.family, hook.hook] if {
	some hook in hooks
	is_string(hook.family)
	is_string(hook.hook)
	is_boolean(hook.default_deny)
}

everything_seen if {
	is_boolean(forwards)
	is_array(hooks)
	count(judged) == count(hooks)
	["ip4", "forward"] in judged
	["ip6", "forward"] in judged
}

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if {
	count(bad) > 0
	not is_router
}

verdict := "pass" if {
	count(bad) == 0
	everything_seen
}

verdict := "not_applicable" if {
	count(bad) > 0
	is_router
}

default message := ""

message := sprintf("packets for other machines pass by default over %s", [concat(" and ", sort(bad))]) if verdict == "fail"

message := "packets for other machines are refused by default" if verdict == "pass"

message := "this host is a router by design" if verdict == "not_applicable"

default reason := {}

reason := {"reason": "not_present"} if verdict == "not_applicable"

result := object.union(reason, {
	"verdict": verdict,
	"message": message,
	"subjects": {family | verdict == "fail"; some family in bad},
	"observed": {
		"default_deny": {hook.family: hook.default_deny | some hook in hooks; hook.hook == "forward"; is_string(hook.family); is_boolean(hook.default_deny)},
		"forwards_packets": {value | some name, value in input.facts.host; name == "forwards_packets"},
	},
	"expected": {"default_deny": {"ip4": true, "ip6": true}},
})
