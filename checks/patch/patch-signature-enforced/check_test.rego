package checks.patch_signature_enforced_test

import data.checks.patch_signature_enforced as check
import rego.v1

source(uri, host, more) := object.union(
	{
		"file": "/etc/apt/sources.list",
		"uri": uri,
		"host": host,
		"suite": "bookworm",
		"components": ["main"],
		"is_trusted_blindly": false,
		"is_encrypted_transport": true,
	},
	more,
)

# Facts of a host that is as asserted; tests change one thing.
good := {"schema": "host/1", "gaps": [], "apt": {"signature_exceptions": [], "sources": [source("http://deb.debian.org/debian", "deb.debian.org", {}), source("http://security.debian.org/debian-security", "security.debian.org", {})]}}

changed(changes) := with_facts(object.union(good, changes))

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {},
}

test_pass_enforced if {
	check.result.verdict == "pass" with input as changed({})
}

test_fail_setting if {
	result := check.result with input as changed({"apt": {"signature_exceptions": ["APT::Get::AllowUnauthenticated=true"]}})
	result.verdict == "fail"
	result.subjects == {"APT::Get::AllowUnauthenticated=true"}
}

test_fail_source if {
	check.result.verdict == "fail" with input as changed({"apt": {"sources": [source("http://x/", "x", {"is_trusted_blindly": true})]}})
}

test_fail_although_another_entry_is_incomplete if {
	check.result.verdict == "fail" with input as changed({"apt": {"sources": [{}, source("http://x/", "x", {"is_trusted_blindly": true})]}})
}

test_fail_hostile_texts if {
	every text in ["", "x=false", "<script>", "%s%d", "\u202e"] {
		check.result.verdict == "fail" with input as changed({"apt": {"signature_exceptions": [text]}})
	}
}

test_unknown_no_sources if {
	check.result.verdict == "unknown" with input as changed({"apt": {"sources": []}})
}

test_canary_everything_comes_in if {
	check.result.verdict == "fail" with input as changed({"apt": {"signature_exceptions": ["Acquire::AllowInsecureRepositories=true", "APT::Get::AllowUnauthenticated=true"]}})
}

test_unknown_missing_data if {
	every facts in [
		{},
		null,
		[],
		"facts",
		7,
		{"apt": null},
		{"apt": []},
		{"apt": "none"},
		{"apt": {}},
	] {
		check.result.verdict == "unknown" with input as with_facts(facts)
	}
}

without(section, field) := object.union(object.remove(good, [section]), {section: object.remove(good[section], [field])})

test_unknown_without_one_field if {
	every path in [["apt", "signature_exceptions"], ["apt", "sources"]] {
		[section, field] := path
		check.result.verdict == "unknown" with input as with_facts(without(section, field))
	}
}

test_unknown_wrong_types if {
	every path in [["apt", "signature_exceptions"], ["apt", "sources"]] {
		every wrong in [null, {}, "none", 0, false] {
			[section, field] := path
			check.result.verdict == "unknown" with input as changed({section: {field: wrong}})
		}
	}
}

test_unknown_partial_list_of_signature_exceptions if {
	every incomplete in [null, {}, 7, []] {
		check.result.verdict == "unknown" with input as changed({"apt": {"signature_exceptions": array.concat(good.apt.signature_exceptions, [incomplete])}})
	}
}

test_unknown_partial_list_of_sources if {
	every incomplete in [null, {}, "http://deb.debian.org", 7, {"uri": "x"}, source("x", "x", {"is_trusted_blindly": "no"}), source(7, "x", {})] {
		check.result.verdict == "unknown" with input as changed({"apt": {"sources": array.concat(good.apt.sources, [incomplete])}})
	}
}
