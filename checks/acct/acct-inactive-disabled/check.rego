package checks.acct_inactive_disabled

import rego.v1

users := input.facts.accounts.users

keys := input.facts.authorized_keys.keys

key_holders contains key.user if some key in keys

# An account is in use if somebody can get in: with a password or with a key, before the day it expires.
enabled(user) if {
	user.is_login_capable == true
	has_way_in(user)
	not expired(user)
}

has_way_in(user) if user.password_state in {"set", "empty"}

has_way_in(user) if user.name in key_holders

expired(user) if {
	is_number(user.expires_at)
	user.expires_at <= input.now
}

described(user) if {
	is_string(user.name)
	is_boolean(user.is_login_capable)
	user.password_state in {"set", "locked", "disabled", "empty"}
}

keys_seen if {
	is_array(keys)
	every key in keys {
		is_string(key.user)
	}
}

limit := input.params.maximum_days * 86400

# The day somebody last came in; for an account that was never used the day its password was set, which is when it
# was made or handed over.
last_use(user) := user.last_login_at if {
	user.has_logged_in == true
	is_number(user.last_login_at)
}

last_use(user) := user.password_changed_at if {
	user.has_logged_in == false
	is_number(user.password_changed_at)
}

# Days are recorded by their beginning, so the limit is over at the end of the day.
deadline(user) := (last_use(user) + 86400) + limit

exempt(user) if user.name in input.params.exempt

in_use contains user.name if {
	some user in users
	is_string(user.name)
	enabled(user)
}

bad contains user.name if {
	some user in users
	is_string(user.name)
	enabled(user)
	not exempt(user)
	deadline(user) <= input.now
}

# Accounts that are proven to be out of use, exempt, or used lately.
judged contains index if {
	some index, user in users
	described(user)
	not enabled(user)
}

judged contains index if {
	some index, user in users
	described(user)
	exempt(user)
}

judged contains index if {
	some index, user in users
	described(user)
	deadline(user) > input.now
}

everything_seen if {
	is_array(users)
	count(users) > 0
	count(judged) == count(users)
	keys_seen
}

# The next moment at which the answer may change.
changes contains input.now + limit

changes contains moment if {
	some user in users
	moment := deadline(user)
	moment > input.now
}

changes contains user.expires_at if {
	some user in users
	is_number(user.expires_at)
	user.expires_at > input.now
}

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if count(bad) > 0

verdict := "pass" if {
	count(bad) == 0
	everything_seen
}

default message := ""

message := sprintf("accounts in use without a login for %d days: %s", [input.params.maximum_days, concat(", ", sort(bad))]) if verdict == "fail"

message := sprintf("%d of %d accounts can be used, each of them was used within %d days, is new or is exempt", [count(in_use), count(users), input.params.maximum_days]) if verdict == "pass"

result := {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {"accounts_in_use": in_use},
	"expected": {"maximum_days": input.params.maximum_days, "exempt": input.params.exempt},
	"valid_until": min(changes),
}
