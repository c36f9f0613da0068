package checks.ssh_ciphers_approved_test

import data.checks.ssh_ciphers_approved as check
import rego.v1

# The settings of a server that is as asserted; tests change one thing.
good := {
	"installed": true,
	"ciphers": ["chacha20-poly1305@openssh.com", "aes256-gcm@openssh.com"],
}

with_sshd(changes) := with_facts({"schema": "host/1", "gaps": [], "sshd": object.union(good, changes)})

without(field) := with_facts({"schema": "host/1", "gaps": [], "sshd": object.remove(good, [field])})

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {"approved": ["chacha20-poly1305@openssh.com", "aes256-gcm@openssh.com", "aes128-gcm@openssh.com"]},
}

test_pass_approved_only if {
	check.result.verdict == "pass" with input as with_sshd({})
}

test_fail_names_the_weak_one if {
	result := check.result with input as with_sshd({"ciphers": ["chacha20-poly1305@openssh.com", "aes128-cbc"]})
	result.verdict == "fail"
	result.subjects == {"aes128-cbc"}
}

# An entry that is no name does not hide a weak one.
test_fail_although_another_entry_is_incomplete if {
	check.result.verdict == "fail" with input as with_sshd({"ciphers": [null, "aes128-cbc"]})
}

test_fail_look_alikes if {
	every name in ["", " chacha20-poly1305@openssh.com", "CHACHA20-POLY1305@OPENSSH.COM", "chacha20-poly1305@openssh.com\u200b", "none", "%s", "<b>"] {
		check.result.verdict == "fail" with input as with_sshd({"ciphers": ["chacha20-poly1305@openssh.com", name]})
	}
}

test_unknown_no_proper_list if {
	every list in [[], {}, "chacha20-poly1305@openssh.com", 0, ["chacha20-poly1305@openssh.com", null], ["chacha20-poly1305@openssh.com", 7]] {
		check.result.verdict == "unknown" with input as with_sshd({"ciphers": list})
	}
}

test_canary_outdated_ciphers if {
	check.result.verdict == "fail" with input as with_sshd({"ciphers": ["aes256-ctr", "3des-cbc", "arcfour"]})
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
	every field in ["ciphers"] {
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
