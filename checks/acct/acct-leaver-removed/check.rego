package checks.acct_leaver_removed

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

# An entry is an account, a space, and the last day.
leavers contains {"name": parts[0], "last_day": last_day} if {
	some entry in input.params.leavers
	parts := split(trim_space(entry), " ")
	count(parts) == 2
	last_day := moment_of(parts[1])
}

# Access ends with the day, and the limit begins.
deadline(leaver) := (leaver.last_day + 86400) + (input.params.removal_hours * 3600)

overdue contains leaver.name if {
	some leaver in leavers
	deadline(leaver) <= input.now
}

bad contains user.name if {
	some user in users
	is_string(user.name)
	user.name in overdue
	enabled(user)
}

# The list of leavers counts for some days after it was made; an empty one may be right.
list_end := moment_of(input.params.list_as_of) + (input.params.list_maximum_days * 86400)

list_current if input.now < list_end

list_readable if count(leavers) == count({entry | some entry in input.params.leavers})

judged contains index if {
	some index, user in users
	described(user)
}

everything_seen if {
	list_current
	list_readable
	is_array(users)
	count(users) > 0
	count(judged) == count(users)
	keys_seen
}

# The next moment at which the answer may change.
changes contains input.now + 86400

changes contains list_end if list_end > input.now

changes contains moment if {
	some leaver in leavers
	moment := deadline(leaver)
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

message := sprintf("accounts of leavers that can still be used: %s", [concat(", ", sort(bad))]) if verdict == "fail"

message := sprintf("accounts: %d, none in use belongs to a leaver", [count(users)]) if verdict == "pass"

message := "set the parameters leavers and list_as_of: nobody has said who left" if {
	verdict == "unknown"
	input.params.list_as_of == ""
}

message := "an entry of the parameter leavers is not an account, a space and a day" if {
	verdict == "unknown"
	input.params.list_as_of != ""
	not list_readable
}

message := "the list of leavers is too old, or list_as_of is not a day" if {
	verdict == "unknown"
	input.params.list_as_of != ""
	list_readable
	not list_current
}

result := {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {"overdue_leavers": overdue},
	"expected": {"removal_hours": input.params.removal_hours},
	"valid_until": min(changes),
}
