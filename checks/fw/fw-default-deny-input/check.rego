package checks.fw_default_deny_input

import rego.v1

hooks := input.facts.firewall.hooks

ipv6_enabled := input.facts.host.ipv6_enabled

# IPv6 matters unless it is switched off on this host.
families contains "ip4"

families contains "ip6" if ipv6_enabled == true

bad contains hook.family if {
	some hook in hooks
	hook.hook == "input"
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
		[family, "input"] in judged
	}
}

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if count(bad) > 0

verdict := "pass" if {
	count(bad) == 0
	everything_seen
}

default message := ""

message := sprintf("incoming packets that no rule allows are accepted over %s", [concat(" and ", sort(bad))]) if verdict == "fail"

message := sprintf("incoming packets are denied by default over %s", [concat(" and ", sort(families))]) if verdict == "pass"

result := {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {"default_deny": {hook.family: hook.default_deny | some hook in hooks; hook.hook == "input"; is_string(hook.family); is_boolean(hook.default_deny)}},
	"expected": {"default_deny": {family: true | some family in families}},
}
