package checks.fw_egress_restricted

import rego.v1

hooks := input.facts.firewall.hooks

ipv6_enabled := input.facts.host.ipv6_enabled

# IPv6 matters unless it is switched off on this host.
families contains "ip4"

families contains "ip6" if ipv6_enabled == true

# Where the policy demands it: hosts by name, or "*" for all.
stated if count(input.params.demanded_on) > 0

demanded if input.target.name in input.params.demanded_on

demanded if "*" in input.params.demanded_on

bad contains hook.family if {
	some hook in hooks
	hook.hook == "output"
	hook.default_deny == false
	hook.family in families
}

judged contains [hook.family, hook.hook] if {
	some hook in hooks
	is_string(hook.family)
	is_string(hook.hook)
	is_boolean(hook.default_deny)
}

everything_seen if {
	is_boolean(ipv6_enabled)
	is_array(hooks)
	count(judged) == count(hooks)
	every family in families {
		[family, "output"] in judged
	}
}

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if {
	count(bad) > 0
	demanded
}

verdict := "pass" if {
	count(bad) == 0
	everything_seen
}

verdict := "not_applicable" if {
	count(bad) > 0
	stated
	not demanded
}

default message := ""

message := sprintf("outgoing packets that no rule allows pass over %s", [concat(" and ", sort(bad))]) if verdict == "fail"

message := "outgoing packets are refused unless a rule allows them" if verdict == "pass"

message := "the policy does not demand limits for outgoing packets on this host" if verdict == "not_applicable"

message := "set the parameter demanded_on: outgoing packets are not limited, and whether they must be is not stated" if {
	count(bad) > 0
	not stated
}

default reason := {}

reason := {"reason": "not_present"} if verdict == "not_applicable"

result := object.union(reason, {
	"verdict": verdict,
	"message": message,
	"subjects": {family | verdict != "not_applicable"; some family in bad},
	"observed": {"default_deny": {hook.family: hook.default_deny | some hook in hooks; hook.hook == "output"; is_string(hook.family); is_boolean(hook.default_deny)}},
	"expected": {"demanded_on": input.params.demanded_on},
})
