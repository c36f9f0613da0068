package checks.acct_unique_uid_name

import rego.v1

accounts := input.facts.accounts

kinds := {
	"duplicate_uids": "user id",
	"duplicate_user_names": "user name",
	"duplicate_gids": "group id",
	"duplicate_group_names": "group name",
}

bad contains sprintf("%s %v", [kinds[field], value]) if {
	some field, values in accounts
	kinds[field]
	is_array(values)
	some value in values
}

lists contains field if {
	some field, values in accounts
	kinds[field]
	is_array(values)
}

named(field) if {
	is_array(accounts[field])
	count(accounts[field]) > 0
	every entry in accounts[field] {
		is_string(entry.name)
	}
}

# The lists are there, and the files they were made from were read to the end.
everything_seen if {
	count(lists) == count(kinds)
	named("users")
	named("groups")
	is_array(accounts.malformed_lines)
	count(accounts.malformed_lines) == 0
}

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if count(bad) > 0

verdict := "pass" if {
	count(bad) == 0
	everything_seen
}

default message := ""

message := sprintf("held more than once: %s", [concat(", ", sort(bad))]) if verdict == "fail"

message := sprintf("%d accounts and %d groups, every id and name is unique", [count(accounts.users), count(accounts.groups)]) if verdict == "pass"

message := sprintf("lines that are no account or group: %s", [concat(", ", sort({line | some line in accounts.malformed_lines; is_string(line)}))]) if {
	verdict == "unknown"
	is_array(accounts.malformed_lines)
	count(accounts.malformed_lines) > 0
}

result := {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {"duplicates": count(bad)},
	"expected": {"duplicates": 0},
}
