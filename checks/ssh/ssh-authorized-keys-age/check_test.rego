package checks.ssh_authorized_keys_age_test

import data.checks.ssh_authorized_keys_age as check
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
	"params": {"maximum_days": 365, "watching_since": "2020-01-01"},
	"now": now,
}

good_key := key("alice", "SHA256:alice", now - (100 * day))

test_pass_young_keys if {
	result := check.result with input as with_keys([good_key, key("bob", "SHA256:bob", now - (300 * day))])
	result.verdict == "pass"
	result.valid_until == now + (65 * day)
}

test_fail_old_key if {
	result := check.result with input as with_keys([good_key, key("bob", "SHA256:bob", now - (365 * day))])
	result.verdict == "fail"
	result.subjects == {"bob SHA256:bob"}
}

test_fail_old_key_needs_no_parameter if {
	old := with_keys([key("bob", "SHA256:bob", 0)])
	check.result.verdict == "fail" with input as object.union(old, {"params": {"watching_since": ""}})
}

# On the first day every key looks new.
test_unknown_keys_that_were_there_before_anybody_looked if {
	result := check.result with input as object.union(with_keys([good_key]), {"params": {"watching_since": "2026-10-07"}})
	result.verdict == "unknown"
	result.message == "1 of 1 keys were there at the first look, so their age is not known yet"
}

test_unknown_no_day_of_the_first_look if {
	result := check.result with input as object.union(with_keys([good_key]), {"params": {"watching_since": ""}})
	result.verdict == "unknown"
	result.message == "set the parameter watching_since: the keys may be older than the first look"
}

test_unknown_day_that_is_none if {
	every text in ["yesterday", "2026-02-30", "2026-13-01", "2027-02-29", "2020-01-01T00:00:00Z"] {
		check.result.verdict == "unknown" with input as object.union(with_keys([good_key]), {"params": {"watching_since": text}})
	}
}

test_unknown_moments_that_are_none if {
	every moment in [null, "1790000000", "", [], true] {
		check.result.verdict == "unknown" with input as with_keys([good_key, key("bob", "SHA256:bob", moment)])
	}
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

test_canary_key_of_many_years if {
	check.result.verdict == "fail" with input as with_keys([key("root", "SHA256:old", now - (3000 * day))])
}
