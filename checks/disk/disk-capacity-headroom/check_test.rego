package checks.disk_capacity_headroom_test

import data.checks.disk_capacity_headroom as check
import rego.v1

filesystem(target, more) := object.union({"target": target, "free_percent": 40, "free_inodes_percent": 80}, more)

# Facts of a host that is as asserted; tests change one thing.
good := {"schema": "host/1", "gaps": [], "usage": {"filesystems": [filesystem("/", {}), filesystem("/srv", {})]}}

changed(changes) := with_facts(object.union(good, changes))

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {"minimum_free_percent": 10, "minimum_free_inodes_percent": 10},
}

with_filesystem(more) := changed({"usage": {"filesystems": [filesystem("/", {}), filesystem("/srv", more)]}})

test_pass_room if {
	check.result.verdict == "pass" with input as changed({})
}

test_pass_no_fixed_number_of_inodes if {
	check.result.verdict == "pass" with input as changed({"usage": {"filesystems": [object.remove(filesystem("/", {}), ["free_inodes_percent"])]}})
}

test_pass_at_the_limit if {
	check.result.verdict == "pass" with input as with_filesystem({"free_percent": 10, "free_inodes_percent": 10})
}

test_fail_space if {
	result := check.result with input as with_filesystem({"free_percent": 5})
	result.verdict == "fail"
	result.subjects == {"/srv (5 % of space)"}
}

test_fail_inodes if {
	check.result.verdict == "fail" with input as with_filesystem({"free_inodes_percent": 0})
}

test_fail_although_another_entry_is_incomplete if {
	check.result.verdict == "fail" with input as changed({"usage": {"filesystems": [{}, filesystem("/srv", {"free_percent": 0})]}})
}

test_fail_hostile_targets if {
	every target in ["", "<script>", "%s%d", "\u202e/"] {
		check.result.verdict == "fail" with input as changed({"usage": {"filesystems": [filesystem(target, {"free_percent": 0})]}})
	}
}

test_unknown_no_file_systems if {
	check.result.verdict == "unknown" with input as changed({"usage": {"filesystems": []}})
}

test_canary_full_disk if {
	check.result.verdict == "fail" with input as with_filesystem({"free_percent": 0, "free_inodes_percent": 0})
}

test_unknown_missing_data if {
	every facts in [
		{},
		null,
		[],
		"facts",
		7,
		{"usage": null},
		{"usage": []},
		{"usage": "none"},
		{"usage": {}},
	] {
		check.result.verdict == "unknown" with input as with_facts(facts)
	}
}

without(section, field) := object.union(object.remove(good, [section]), {section: object.remove(good[section], [field])})

test_unknown_without_one_field if {
	every path in [["usage", "filesystems"]] {
		[section, field] := path
		check.result.verdict == "unknown" with input as with_facts(without(section, field))
	}
}

test_unknown_wrong_types if {
	every path in [["usage", "filesystems"]] {
		every wrong in [null, {}, "none", 0, false] {
			[section, field] := path
			check.result.verdict == "unknown" with input as changed({section: {field: wrong}})
		}
	}
}

test_unknown_partial_list_of_filesystems if {
	every incomplete in [null, {}, "/", 7, {"target": "/x"}, filesystem("/x", {"free_percent": "40"}), filesystem("/x", {"free_inodes_percent": "80"}), filesystem("/x", {"free_inodes_percent": null}), filesystem(7, {})] {
		check.result.verdict == "unknown" with input as changed({"usage": {"filesystems": array.concat(good.usage.filesystems, [incomplete])}})
	}
}
