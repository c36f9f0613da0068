package checks.patch_security_within_limit

import rego.v1

updates := input.facts.updates

pending := updates.pending

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

# Seconds that an update may wait, and that package lists count as fresh.
limit := input.params.limit_days * 86400

freshness := input.params.lists_fresh_hours * 3600

described(update) if {
	is_string(update.name)
	is_boolean(update.is_security)
	is_number(update.first_seen_at)
}

waiting contains update.name if {
	some update in pending
	described(update)
	update.is_security == true
}

bad contains update.name if {
	some update in pending
	described(update)
	update.is_security == true
	input.now >= update.first_seen_at + limit
}

judged contains index if {
	some index, update in pending
	described(update)
	update.is_security == false
}

# Updates that came while somebody looked; one that was there at the first look may have waited for any time.
judged contains index if {
	some index, update in pending
	described(update)
	update.is_security == true
	update.first_seen_at >= moment_of(input.params.watching_since) + 86400
}

lists_fresh if {
	is_number(updates.lists_refreshed_at)
	updates.lists_refreshed_at <= input.now + 300
	input.now < updates.lists_refreshed_at + freshness
}

lists_stale if {
	is_number(updates.lists_refreshed_at)
	input.now >= updates.lists_refreshed_at + freshness
}

# The next moment at which the answer can change.
deadlines := {input.now + limit} |
	{moment |
		some update in pending
		described(update)
		moment := update.first_seen_at + limit
		update.is_security == true
		moment > input.now
	} |
	{moment |
		is_number(updates.lists_refreshed_at)
		moment := updates.lists_refreshed_at + freshness
		moment > input.now
	}

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if count(bad) > 0

verdict := "pass" if {
	count(bad) == 0
	is_array(pending)
	count(judged) == count(pending)
	lists_fresh
}

default message := ""

message := sprintf("security updates that have waited for %d days or more: %s", [input.params.limit_days, concat(", ", sort(bad))]) if verdict == "fail"

message := "no security update is pending" if {
	verdict == "pass"
	count(waiting) == 0
}

message := sprintf("pending security updates: %d, each for less than %d days", [count(waiting), input.params.limit_days]) if {
	verdict == "pass"
	count(waiting) > 0
}

message := sprintf("the package lists are older than %d hours, so new updates may be missing", [input.params.lists_fresh_hours]) if {
	verdict == "unknown"
	lists_stale
}

message := sprintf("%d security updates are pending since before anybody looked: set the parameter watching_since to the day of the first look", [count(waiting)]) if {
	verdict == "unknown"
	lists_fresh
	is_array(pending)
	count(waiting) > 0
}

default reason := {}

reason := {"reason": "stale"} if {
	verdict == "unknown"
	lists_stale
}

result := object.union(reason, {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {"security_updates_pending": count(waiting)},
	"expected": {"limit_days": input.params.limit_days},
	"valid_until": min(deadlines),
})
