package checks.patch_sources_trusted

import rego.v1

sources := input.facts.apt.sources

# A source on this machine or on a disk has no host.
is_local(source) if {
	not "host" in object.keys(source)
	some beginning in ["file:", "copy:", "cdrom:"]
	startswith(source.uri, beginning)
}

described(source) if {
	is_string(source.uri)
	is_string(source.host)
	is_boolean(source.is_trusted_blindly)
}

described(source) if {
	is_string(source.uri)
	is_local(source)
	is_boolean(source.is_trusted_blindly)
}

# A host, or a domain that it lies in.
approved(source) if source.host in input.params.approved_hosts

approved(source) if {
	some name in input.params.approved_hosts
	endswith(source.host, concat("", [".", name]))
}

approved(source) if {
	is_local(source)
	source.uri in input.params.approved_local
}

bad contains sprintf("%s is not approved", [source.uri]) if {
	some source in sources
	described(source)
	not approved(source)
}

bad contains sprintf("%s is trusted without a signature", [source.uri]) if {
	some source in sources
	is_string(source.uri)
	source.is_trusted_blindly == true
}

judged contains index if {
	some index, source in sources
	described(source)
}

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if count(bad) > 0

verdict := "pass" if {
	count(bad) == 0
	is_array(sources)
	count(sources) > 0
	count(judged) == count(sources)
}

default message := ""

message := sprintf("package sources that are not as they should be: %s", [concat(", ", sort(bad))]) if verdict == "fail"

message := sprintf("package sources: %d, all approved and signed", [count(sources)]) if verdict == "pass"

result := {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {"sources": {source.uri | some source in sources; is_string(source.uri)}},
	"expected": input.params,
}
