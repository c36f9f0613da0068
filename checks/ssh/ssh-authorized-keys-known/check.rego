package checks.ssh_authorized_keys_known

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

# An entry is a fingerprint, a space, and who it belongs to.
owners := {split(trim_space(entry), " ")[0] | some entry in input.params.known_keys}

stated if count(input.params.known_keys) > 0

strangers contains sprintf("%s %s", [key.user, key.fingerprint]) if {
	some key in keys
	is_string(key.user)
	is_string(key.fingerprint)
	not key.fingerprint in owners
}

bad contains stranger if {
	sshd.installed == true
	stated
	some stranger in strangers
}

everything_seen if {
	stated
	files_seen
	count(keys) > 0
	every key in keys {
		is_string(key.user)
		is_string(key.fingerprint)
	}
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

message := sprintf("authorized keys without a known owner: %s", [concat(", ", sort(bad))]) if verdict == "fail"

message := sprintf("authorized keys: %d, all with a known owner", [count(keys)]) if verdict == "pass"

message := "no key opens an SSH session on this host" if verdict == "not_applicable"

message := sprintf("set the parameter known_keys; keys without an owner on record: %s", [concat(", ", sort(strangers))]) if {
	verdict == "unknown"
	not stated
	count(strangers) > 0
}

message := sprintf("keys may also come from %s, which is not seen here", [concat(" and ", sort(elsewhere))]) if {
	verdict == "unknown"
	stated
	count(elsewhere) > 0
}

default reason := {}

reason := {"reason": "not_present"} if verdict == "not_applicable"

result := object.union(reason, {
	"verdict": verdict,
	"message": message,
	"subjects": strangers,
	"observed": {"fingerprints": {key.fingerprint | some key in keys; is_string(key.fingerprint)}},
	"expected": {"known_keys": owners},
})
