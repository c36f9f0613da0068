package checks.acct_home_permissions

import rego.v1

users := input.facts.accounts.users

open_to_others contains {"name": user.name, "what": "others may write the home directory"} if {
	some user in users
	is_string(user.name)
	user.is_login_capable == true
	user.home_state.is_writable_by_others == true
}

open_to_others contains {"name": user.name, "what": sprintf("the home directory belongs to user id %v", [user.home_state.owner_uid])} if {
	some user in users
	is_string(user.name)
	is_number(user.uid)
	user.is_login_capable == true
	is_number(user.home_state.owner_uid)
	not user.home_state.owner_uid in {0, user.uid}
}

open_to_others contains {"name": user.name, "what": sprintf("others may write %s", [file])} if {
	some user in users
	is_string(user.name)
	user.is_login_capable == true
	some file in user.home_state.writable_dotfiles
	is_string(file)
}

bad contains sprintf("%s: %s", [entry.name, entry.what]) if some entry in open_to_others

# Without a home directory there is nothing to write.
judged contains index if {
	some index, user in users
	is_string(user.name)
	is_number(user.uid)
	user.is_login_capable == true
	user.home_state.exists == false
}

judged contains index if {
	some index, user in users
	is_string(user.name)
	is_number(user.uid)
	user.is_login_capable == true
	user.home_state.exists == true
	is_boolean(user.home_state.is_writable_by_others)
	is_number(user.home_state.owner_uid)
	dotfiles_seen(user)
}

judged contains index if {
	some index, user in users
	is_string(user.name)
	is_number(user.uid)
	user.is_login_capable == false
}

dotfiles_seen(user) if is_array(user.home_state.writable_dotfiles)

# Shared folders such as /srv belong to root and are nobody's home, so their files are not listed.
dotfiles_seen(user) if {
	user.home_state.owner_uid == 0
	user.uid != 0
	not user.home_state.writable_dotfiles
}

everything_seen if {
	is_array(users)
	count(users) > 0
	count(judged) == count(users)
}

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if count(bad) > 0

verdict := "pass" if {
	count(bad) == 0
	everything_seen
}

default message := ""

message := sprintf("open to others: %s", [concat(", ", sort(bad))]) if verdict == "fail"

message := sprintf("accounts: %d, nobody else can write into the home of one that can log in", [count(users)]) if verdict == "pass"

result := {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {"accounts": {entry.name | some entry in open_to_others}},
	"expected": {"writable_by": "the account and root"},
}
