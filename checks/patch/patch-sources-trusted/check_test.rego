package checks.patch_sources_trusted_test

import data.checks.patch_sources_trusted as check
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
good := {"schema": "host/1", "gaps": [], "apt": {"sources": [source("http://deb.debian.org/debian", "deb.debian.org", {}), source("http://security.debian.org/debian-security", "security.debian.org", {})]}}

changed(changes) := with_facts(object.union(good, changes))

with_params(params, changes) := object.union(changed(changes), {"params": params})

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {"approved_hosts": ["debian.org", "ubuntu.com"], "approved_local": []},
}

with_source(source) := changed({"apt": {"sources": [object.union(source, {"uri": "http://deb.debian.org/debian", "host": "deb.debian.org", "is_trusted_blindly": false}), source]}})

local(uri, more) := object.remove(source(uri, "", more), ["host"])

test_pass_distribution_only if {
	check.result.verdict == "pass" with input as changed({})
}

test_pass_approved_local_source if {
	check.result.verdict == "pass" with input as with_params({"approved_local": ["file:/srv/packages"]}, {"apt": {"sources": [source("http://deb.debian.org/debian", "deb.debian.org", {}), local("file:/srv/packages", {})]}})
}

test_fail_stranger if {
	result := check.result with input as with_source(source("https://apt.example.net/stable", "apt.example.net", {}))
	result.verdict == "fail"
	result.subjects == {"https://apt.example.net/stable is not approved"}
}

test_fail_trusted_blindly if {
	result := check.result with input as with_source(source("http://ftp.debian.org/debian", "ftp.debian.org", {"is_trusted_blindly": true}))
	result.verdict == "fail"
	result.subjects == {"http://ftp.debian.org/debian is trusted without a signature"}
}

test_fail_local_source if {
	every uri in ["file:/tmp/packages", "cdrom:[Debian 12]/", "copy:/x"] {
		check.result.verdict == "fail" with input as changed({"apt": {"sources": [local(uri, {})]}})
	}
}

test_fail_although_another_entry_is_incomplete if {
	check.result.verdict == "fail" with input as changed({"apt": {"sources": [{}, source("https://apt.example.net/", "apt.example.net", {})]}})
}

test_fail_look_alikes if {
	every host in ["", "evildebian.org", "debian.org.evil.example", "DEB.DEBIAN.ORG", "d\u0435bian.org", "%s", "*"] {
		check.result.verdict == "fail" with input as with_source(source("http://x/", host, {}))
	}
}

test_unknown_no_sources if {
	check.result.verdict == "unknown" with input as changed({"apt": {"sources": []}})
}

test_unknown_address_without_a_host if {
	check.result.verdict == "unknown" with input as with_source(local("http://deb.debian.org/debian", {}))
}

test_canary_unsigned_stranger if {
	check.result.verdict == "fail" with input as with_source(source("http://192.0.2.7/deb", "192.0.2.7", {"is_trusted_blindly": true}))
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
	every path in [["apt", "sources"]] {
		[section, field] := path
		check.result.verdict == "unknown" with input as with_facts(without(section, field))
	}
}

test_unknown_wrong_types if {
	every path in [["apt", "sources"]] {
		every wrong in [null, {}, "none", 0, false] {
			[section, field] := path
			check.result.verdict == "unknown" with input as changed({section: {field: wrong}})
		}
	}
}

test_unknown_partial_list_of_sources if {
	every incomplete in [null, {}, "http://deb.debian.org", 7, {"uri": "file:/x"}, source("x", "debian.org", {"is_trusted_blindly": "no"}), source("x", null, {}), source(7, "debian.org", {})] {
		check.result.verdict == "unknown" with input as changed({"apt": {"sources": array.concat(good.apt.sources, [incomplete])}})
	}
}
