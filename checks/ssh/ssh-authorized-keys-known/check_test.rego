package checks.ssh_authorized_keys_known_test

import data.checks.ssh_authorized_keys_known as check
import rego.v1

day := 86400

now := 1800000000

key(user, fingerprint, first_seen_at) := {
	"user": user,
	"file": sprintf("/home/%s/.ssh/authorized_keys", [user]),
	"fingerprint": fingerprint,
	"kind": "ed25519",
	"comment": "",
	"options": [],
	"from": [],
	"first_seen_at": first_seen_at,
}

server := {"installed": true, "has_authorized_keys_command": false, "has_trusted_user_ca": false}

with_keys(keys) := with_facts(facts_with(server, {"keys": keys, "malformed_lines": []}))

facts_with(sshd, authorized) := {"schema": "host/1", "gaps": [], "sshd": sshd, "authorized_keys": authorized}
with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {"known_keys": ["SHA256:alice Alice Example, laptop", "SHA256:ci build machine"]},
}

good_key := key("alice", "SHA256:alice", now)

test_pass_known_keys if {
	check.result.verdict == "pass" with input as with_keys([good_key, key("deploy", "SHA256:ci", now)])
}

test_fail_stranger if {
	result := check.result with input as with_keys([good_key, key("root", "SHA256:other", now)])
	result.verdict == "fail"
	result.subjects == {"root SHA256:other"}
}

# What was seen is enough for a failure.
test_fail_although_another_entry_is_incomplete if {
	check.result.verdict == "fail" with input as with_keys([{"user": "bob"}, key("root", "SHA256:other", now)])
}

test_fail_look_alikes if {
	every fingerprint in ["", "SHA256:alice ", "sha256:alice", "SHA256:alice Alice", "%s", "<b>", "SHA256:\u0430lice"] {
		check.result.verdict == "fail" with input as with_keys([key("root", fingerprint, now)])
	}
}

# A list that was never written approves nobody and accuses nobody.
test_unknown_no_list_of_owners if {
	result := check.result with input as object.union(with_keys([good_key]), {"params": {"known_keys": []}})
	result.verdict == "unknown"
	result.message == "set the parameter known_keys; keys without an owner on record: alice SHA256:alice"
	result.subjects == {"alice SHA256:alice"}
}

test_not_applicable_no_keys if {
	result := check.result with input as with_keys([])
	result.verdict == "not_applicable"
	result.reason == "not_present"
}

test_not_applicable_no_server if {
	check.result.verdict == "not_applicable" with input as with_facts({"schema": "host/1", "gaps": [], "sshd": {"installed": false}})
}

test_unknown_missing_data if {
	every facts in [{}, null, [], "facts", 7, {"sshd": server}, {"authorized_keys": {"keys": [], "malformed_lines": []}}] {
		check.result.verdict == "unknown" with input as with_facts(facts)
	}
}

# No list is not an empty list.
test_unknown_no_list_of_keys if {
	every keys in [null, {}, "none", 0, false] {
		check.result.verdict == "unknown" with input as with_keys(keys)
	}
}

test_unknown_keys_from_elsewhere if {
	every changes in [{"has_authorized_keys_command": true}, {"has_trusted_user_ca": true}, {"has_trusted_user_ca": null}] {
		check.result.verdict == "unknown" with input as with_facts(facts_with(
			object.union(server, changes),
			{"keys": [good_key], "malformed_lines": []},
		))
	}
}

test_unknown_line_not_understood if {
	every lines in [["/root/.ssh/authorized_keys:3"], null, {}, ""] {
		check.result.verdict == "unknown" with input as with_facts(facts_with(server, {"keys": [good_key], "malformed_lines": lines}))
	}
}

test_unknown_partial_list if {
	every incomplete in [null, {}, "key", {"user": "bob"}, {"user": "bob", "fingerprint": 7}] {
		check.result.verdict == "unknown" with input as with_keys([good_key, incomplete])
	}
}

test_canary_key_for_root_that_nobody_knows if {
	check.result.verdict == "fail" with input as with_keys([key("root", "SHA256:mallory", now)])
}
