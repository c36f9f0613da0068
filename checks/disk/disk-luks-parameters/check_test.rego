package checks.disk_luks_parameters_test

import data.checks.disk_luks_parameters as check
import rego.v1

container(device, more) := object.union(
	{"device": device, "version": 2, "cipher": "aes-xts-plain64", "key_bits": 512, "key_derivations": ["argon2id"]},
	more,
)

# Facts of a host that is as asserted; tests change one thing.
good := {"schema": "host/1", "gaps": [], "disks": {"luks": [container("/dev/sda3", {}), container("/dev/sdb1", {})]}}

changed(changes) := with_facts(object.union(good, changes))

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {
		"minimum_version": 2,
		"approved_ciphers": ["aes-xts-plain64"],
		"minimum_key_bits": 512,
		"approved_key_derivations": ["argon2id"],
	},
}

with_container(more) := changed({"disks": {"luks": [container("/dev/sda3", {}), container("/dev/sdb1", more)]}})

test_pass_current if {
	check.result.verdict == "pass" with input as changed({})
}

test_fail_each_parameter if {
	every more in [{"version": 1}, {"cipher": "aes-cbc-essiv:sha256"}, {"key_bits": 256}, {"key_derivations": ["argon2id", "pbkdf2"]}] {
		check.result.verdict == "fail" with input as with_container(more)
	}
}

test_fail_names_device_and_parameter if {
	result := check.result with input as with_container({"key_derivations": ["pbkdf2"]})
	result.verdict == "fail"
	result.subjects == {"/dev/sdb1: pbkdf2"}
}

test_fail_although_another_entry_is_incomplete if {
	check.result.verdict == "fail" with input as changed({"disks": {"luks": [{}, container("/dev/sdb1", {"version": 1})]}})
}

test_fail_hostile_words if {
	every word in ["", "AES-XTS-PLAIN64", "aes-xts-plain64 ", "null", "cipher_null", "%s", "\u202e"] {
		check.result.verdict == "fail" with input as with_container({"cipher": word})
	}
}

test_not_applicable_no_container if {
	result := check.result with input as changed({"disks": {"luks": []}})
	result.verdict == "not_applicable"
	result.reason == "not_present"
}

test_canary_old_container if {
	check.result.verdict == "fail" with input as with_container({"version": 1, "cipher": "aes-cbc-plain", "key_bits": 128, "key_derivations": ["pbkdf2"]})
}

test_unknown_missing_data if {
	every facts in [
		{},
		null,
		[],
		"facts",
		7,
		{"disks": null},
		{"disks": []},
		{"disks": "none"},
		{"disks": {}},
	] {
		check.result.verdict == "unknown" with input as with_facts(facts)
	}
}

without(section, field) := object.union(object.remove(good, [section]), {section: object.remove(good[section], [field])})

test_unknown_without_one_field if {
	every path in [["disks", "luks"]] {
		[section, field] := path
		check.result.verdict == "unknown" with input as with_facts(without(section, field))
	}
}

test_unknown_wrong_types if {
	every path in [["disks", "luks"]] {
		every wrong in [null, {}, "none", 0, false] {
			[section, field] := path
			check.result.verdict == "unknown" with input as changed({section: {field: wrong}})
		}
	}
}

test_unknown_partial_list_of_luks if {
	every incomplete in [null, {}, "luks", 7, {"device": "/dev/x"}, container("/dev/x", {"version": "2"}), container("/dev/x", {"key_bits": null}), container("/dev/x", {"key_derivations": []}), container("/dev/x", {"key_derivations": [7]})] {
		check.result.verdict == "unknown" with input as changed({"disks": {"luks": array.concat(good.disks.luks, [incomplete])}})
	}
}
