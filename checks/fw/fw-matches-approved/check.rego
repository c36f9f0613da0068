package checks.fw_matches_approved

import rego.v1

digest := input.facts.firewall.ruleset_digest

# An entry is a host or "*", a space, and a digest.
approved contains parts[1] if {
	some entry in input.params.approved
	parts := split(trim_space(entry), " ")
	count(parts) == 2
	parts[0] in {"*", input.target.name}
	startswith(parts[1], "sha256:")
}

well_formed if {
	is_string(digest)
	regex.match(`^sha256:[0-9a-f]{64}$`, digest)
}

bad contains digest if {
	well_formed
	count(approved) > 0
	not digest in approved
}

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if count(bad) > 0

verdict := "pass" if {
	well_formed
	digest in approved
}

default message := ""

message := sprintf("the loaded rules have the digest %s, which is not approved for this host", [digest]) if verdict == "fail"

message := "the loaded rules are the approved ones" if verdict == "pass"

message := sprintf("set the parameter approved: no rules are approved for this host; the loaded ones have the digest %s", [digest]) if {
	well_formed
	count(approved) == 0
}

result := {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {name: value | some name, value in input.facts.firewall; name == "ruleset_digest"},
	"expected": {"ruleset_digest": approved},
}
