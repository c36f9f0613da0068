package checks.fw_ipv6_covered

import rego.v1

hooks := input.facts.firewall.hooks

wider := input.facts.firewall.ipv6_wider

ipv6_enabled := input.facts.host.ipv6_enabled

bad contains "packets that no rule allows are accepted" if {
	ipv6_enabled == true
	some hook in hooks
	hook.family == "ip6"
	hook.hook == "input"
	hook.default_deny == false
}

bad contains span if {
	ipv6_enabled == true
	some span in wider
	is_string(span)
}

judged contains [hook.family, hook.hook] if {
	some hook in hooks
	is_string(hook.family)
	is_string(hook.hook)
	is_boolean(hook.default_deny)
}

everything_seen if {
	ipv6_enabled == true
	is_array(hooks)
	count(judged) == count(hooks)
	["ip6", "input"] in judged
	is_array(wider)
	count(wider) == 0
}

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if count(bad) > 0

verdict := "pass" if {
	count(bad) == 0
	everything_seen
}

verdict := "not_applicable" if ipv6_enabled == false

default message := ""

message := sprintf("IPv6 is not filtered as strictly as it should be: %s", [concat(", ", sort(bad))]) if verdict == "fail"

message := "IPv6 is filtered as strictly as IPv4" if verdict == "pass"

message := "IPv6 is switched off on this host" if verdict == "not_applicable"

default reason := {}

reason := {"reason": "not_present"} if verdict == "not_applicable"

result := object.union(reason, {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {name: value | some name, value in input.facts.firewall; name == "ipv6_wider"},
	"expected": {"ipv6_wider": []},
})
