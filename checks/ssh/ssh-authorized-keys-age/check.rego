package checks.ssh_authorized_keys_age

import rego.v1

sshd := input.facts.sshd

authorized := input.facts.authorized_keys

keys := authorized.keys

# Keys that come from a program or from certificates are not in the files.
elsewhere contains "AuthorizedKeysCommand" if sshd.has_authorized_keys_command == true

elsewhere contains "TrustedUserCAKeys" if sshd.has_trusted_user_ca == true

files_seen if {
	sshd.installed == true
	sshd.has_authorized_keys_command == false
	sshd.has_trusted_user_ca == false
	is_array(authorized.malformed_lines)
	count(authorized.malformed_lines) == 0
	is_array(keys)
}

# Seconds since 1970 of a day such as 2026-01-31; undefined for anything that is no day.
moment_of(text) := round(time.parse_rfc3339_ns(sprintf("%sT00:00:00Z", [text])) / 1000000000) if {
	is_string(text)
	regex.match(day_pattern, text)
}

day_pattern := concat("|", [
	`^20[0-9]{2}-(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])$`,
	`^20[0-9]{2}-(0[469]|11)-(0[1-9]|[12][0-9]|30)$`,
	`^20[0-9]{2}-02-(0[1-9]|1[0-9]|2[0-8])$`,
	`^20([02468][048]|[13579][26])-02-29$`,
])

watching_since := moment_of(input.params.watching_since)

limit := input.params.maximum_days * 86400

described(key) if {
	is_string(key.user)
	is_string(key.fingerprint)
	is_number(key.first_seen_at)
}

bad contains sprintf("%s %s", [key.user, key.fingerprint]) if {
	sshd.installed == true
	some key in keys
	described(key)
	input.now >= key.first_seen_at + limit
}

# Keys that came while somebody looked.
dated contains index if {
	some index, key in keys
	described(key)
	key.first_seen_at >= watching_since + 86400
}

everything_seen if {
	files_seen
	count(keys) > 0
	count(dated) == count(keys)
}

# The next moment at which a key gets too old.
deadlines := {input.now + limit} | {moment |
	some key in keys
	is_number(key.first_seen_at)
	moment := key.first_seen_at + limit
	moment > input.now
}

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if count(bad) > 0

verdict := "pass" if {
	count(bad) == 0
	everything_seen
}

verdict := "not_applicable" if sshd.installed == false

verdict := "not_applicable" if {
	files_seen
	count(keys) == 0
}

default message := ""

message := sprintf("keys that have been there for more than %d days: %s", [input.params.maximum_days, concat(", ", sort(bad))]) if {
	verdict == "fail"
}

message := sprintf("authorized keys: %d, all came within the last %d days", [count(keys), input.params.maximum_days]) if verdict == "pass"

message := "no key opens an SSH session on this host" if verdict == "not_applicable"

message := "set the parameter watching_since: the keys may be older than the first look" if {
	verdict == "unknown"
	input.params.watching_since == ""
	count(keys) > 0
}

message := sprintf("%d of %d keys were there at the first look, so their age is not known yet", [count(keys) - count(dated), count(keys)]) if {
	verdict == "unknown"
	is_number(watching_since)
	files_seen
}

default reason := {}

reason := {"reason": "not_present"} if verdict == "not_applicable"

result := object.union(reason, {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {"keys": [{"user": key.user, "fingerprint": key.fingerprint, "first_seen_at": key.first_seen_at} | some key in keys; described(key)]},
	"expected": {"maximum_days": input.params.maximum_days},
	"valid_until": min(deadlines),
})
