package checks.ssh_hostkey_strength_test

import data.checks.ssh_hostkey_strength as check
import rego.v1

# The settings of a server that is as asserted; tests change one thing.
good := {
	"installed": true,
	"host_keys": [{"path": "/etc/ssh/ssh_host_ed25519_key", "kind": "ed25519", "bits": 256}, {"path": "/etc/ssh/ssh_host_rsa_key", "kind": "rsa", "bits": 3072}],
}

with_sshd(changes) := with_facts({"schema": "host/1", "gaps": [], "sshd": object.union(good, changes)})

without(field) := with_facts({"schema": "host/1", "gaps": [], "sshd": object.remove(good, [field])})

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {"rsa_minimum_bits": 3072, "ecdsa_minimum_bits": 256},
}

key(kind, bits) := {"path": "/etc/ssh/key", "kind": kind, "bits": bits}

with_keys(keys) := with_sshd({"host_keys": keys})

test_pass_strong_keys if {
	check.result.verdict == "pass" with input as with_sshd({})
	check.result.verdict == "pass" with input as with_keys([key("rsa", 4096), key("ecdsa", 256), key("ed25519", 256)])
}

test_fail_short_rsa if {
	result := check.result with input as with_keys([key("ed25519", 256), key("rsa", 2048)])
	result.verdict == "fail"
	result.subjects == {"/etc/ssh/key (rsa, 2048 bits)"}
}

test_fail_kinds_that_are_not_approved if {
	every kind in ["dsa", "RSA", "", "rsa1", "ed25519 ", "\u202ersa"] {
		check.result.verdict == "fail" with input as with_keys([key(kind, 8192)])
	}
}

# What was seen is enough for a failure.
test_fail_although_another_key_is_not_described if {
	check.result.verdict == "fail" with input as with_keys([{"path": "/etc/ssh/other"}, key("dsa", 1024)])
}

test_unknown_key_not_described if {
	every other in [null, {}, "ed25519", {"path": "/k", "kind": "rsa"}, {"path": "/k", "bits": 4096}, key("rsa", "4096"), key(null, 256)] {
		check.result.verdict == "unknown" with input as with_keys([key("ed25519", 256), other])
	}
}

test_unknown_no_keys if {
	check.result.verdict == "unknown" with input as with_keys([])
}

test_canary_dsa_key if {
	check.result.verdict == "fail" with input as with_keys([key("dsa", 1024)])
}

test_not_applicable_no_server if {
	result := check.result with input as with_facts({"schema": "host/1", "gaps": [], "sshd": {"installed": false}})
	result.verdict == "not_applicable"
	result.reason == "not_present"
}

test_unknown_missing_data if {
	every facts in [{}, null, [], "facts", 7, {"sshd": null}, {"sshd": []}, {"sshd": "off"}, {"sshd": {}}, {"sshd": {"installed": true}}] {
		check.result.verdict == "unknown" with input as with_facts(facts)
	}
}

test_unknown_without_one_setting if {
	every field in object.keys(good) {
		check.result.verdict == "unknown" with input as without(field)
	}
}

test_unknown_wrong_types if {
	every field in ["host_keys"] {
		every wrong in [null, 7.5, {}, [null]] {
			check.result.verdict == "unknown" with input as with_sshd({field: wrong})
		}
	}
}

# "false" is not false: only a plain statement that there is no server makes the check not apply.
test_unknown_whether_installed if {
	every installed in [null, "false", 0, [], {}] {
		check.result.verdict == "unknown" with input as with_sshd({"installed": installed})
	}
}
