package checks.patch_signature_enforced

import rego.v1

apt := input.facts.apt

exceptions := apt.signature_exceptions

sources := apt.sources

bad contains text if {
	some text in exceptions
	is_string(text)
}

bad contains sprintf("trusted without a signature: %s", [source.uri]) if {
	some source in sources
	is_string(source.uri)
	source.is_trusted_blindly == true
}

judged contains index if {
	some index, source in sources
	is_string(source.uri)
	is_boolean(source.is_trusted_blindly)
}

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if count(bad) > 0

verdict := "pass" if {
	count(bad) == 0
	is_array(exceptions)
	count(exceptions) == 0
	is_array(sources)
	count(sources) > 0
	count(judged) == count(sources)
}

default message := ""

message := sprintf("packages can come in without a valid signature: %s", [concat(", ", sort(bad))]) if verdict == "fail"

message := "packages without a valid signature are refused" if verdict == "pass"

result := {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {"exceptions": bad},
	"expected": {"exceptions": []},
}
