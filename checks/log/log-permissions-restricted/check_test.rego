package checks.log_permissions_restricted_test

import data.checks.log_permissions_restricted as check
import rego.v1

loose(path, more) := object.union(
	{"path": path, "mode": "0644", "world_readable": false, "world_writable": false, "group_writable": false},
	more,
)

# Facts of a host that is as asserted; tests change one thing.
good := {"schema": "host/1", "gaps": [], "logging": {"loose_files": [loose("/var/log/dpkg.log", {"world_readable": true}), loose("/var/log/wtmp", {"world_readable": true, "group_writable": true})]}}

changed(changes) := with_facts(object.union(good, changes))

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {
		"readable_by_all": [
			"/var/log/alternatives.log",
			"/var/log/apt/history.log",
			"/var/log/apt/eipp.log",
			"/var/log/bootstrap.log",
			"/var/log/dpkg.log",
			"/var/log/faillog",
			"/var/log/fontconfig.log",
			"/var/log/lastlog",
			"/var/log/wtmp",
		],
		"writable_by_group": ["/var/log/btmp", "/var/log/lastlog", "/var/log/wtmp"],
	},
}

with_file(file) := changed({"logging": {"loose_files": [loose("/var/log/dpkg.log.1", {"world_readable": true}), file]}})

test_pass_harmless_ones if {
	check.result.verdict == "pass" with input as changed({})
}

test_pass_no_loose_file if {
	check.result.verdict == "pass" with input as changed({"logging": {"loose_files": []}})
}

test_fail_readable_by_everybody if {
	result := check.result with input as with_file(loose("/var/log/app/requests.log", {"world_readable": true}))
	result.verdict == "fail"
	result.subjects == {"/var/log/app/requests.log (readable by everybody)"}
}

# What may be read by everybody may still not be written.
test_fail_writable if {
	every more in [{"world_writable": true}, {"group_writable": true}] {
		check.result.verdict == "fail" with input as with_file(loose("/var/log/dpkg.log", more))
	}
}

test_fail_although_another_entry_is_incomplete if {
	check.result.verdict == "fail" with input as changed({"logging": {"loose_files": [{}, loose("/var/log/x", {"world_writable": true})]}})
}

test_fail_hostile_paths if {
	every path in ["", "/VAR/log/dpkg.log", " /var/log/dpkg.log", "<script>", "%s", "\u202egol"] {
		check.result.verdict == "fail" with input as with_file(loose(path, {"world_readable": true}))
	}
}

test_canary_open_login_records if {
	check.result.verdict == "fail" with input as with_file(loose("/var/log/auth.log", {"world_readable": true, "world_writable": true}))
}

test_unknown_missing_data if {
	every facts in [
		{},
		null,
		[],
		"facts",
		7,
		{"logging": null},
		{"logging": []},
		{"logging": "none"},
		{"logging": {}},
	] {
		check.result.verdict == "unknown" with input as with_facts(facts)
	}
}

without(section, field) := object.union(object.remove(good, [section]), {section: object.remove(good[section], [field])})

test_unknown_without_one_field if {
	every path in [["logging", "loose_files"]] {
		[section, field] := path
		check.result.verdict == "unknown" with input as with_facts(without(section, field))
	}
}

test_unknown_wrong_types if {
	every path in [["logging", "loose_files"]] {
		every wrong in [null, {}, "none", 0, false] {
			[section, field] := path
			check.result.verdict == "unknown" with input as changed({section: {field: wrong}})
		}
	}
}

test_unknown_partial_list_of_loose_files if {
	every incomplete in [null, {}, "/var/log/x", 7, {"path": "/var/log/x"}, loose("/x", {"world_writable": "no"}), loose("/x", {"world_readable": null}), loose(7, {})] {
		check.result.verdict == "unknown" with input as changed({"logging": {"loose_files": array.concat(good.logging.loose_files, [incomplete])}})
	}
}
