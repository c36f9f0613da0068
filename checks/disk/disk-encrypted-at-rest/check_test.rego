package checks.disk_encrypted_at_rest_test

import data.checks.disk_encrypted_at_rest as check
import rego.v1

mount(target, more) := object.union(
	{
		"target": target,
		"source": "/dev/mapper/root",
		"fstype": "ext4",
		"options": ["rw"],
		"is_persistent": true,
		"is_network": false,
		"encrypted": true,
		"nodev": false,
		"nosuid": false,
		"noexec": false,
	},
	more,
)

# Facts of a host that is as asserted; tests change one thing.
good := {"schema": "host/1", "gaps": [], "mounts": {"mounted": [mount("/", {}), mount("/srv", {})]}}

changed(changes) := with_facts(object.union(good, changes))

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {"exempt_targets": ["/boot", "/boot/efi", "/boot/firmware", "/efi"]},
}

with_mount(mount) := changed({"mounts": {"mounted": [mount, object.union(mount, {"target": "/", "encrypted": true})]}})

test_pass_all_encrypted if {
	check.result.verdict == "pass" with input as changed({})
}

test_pass_others_need_it_not if {
	check.result.verdict == "pass" with input as changed({"mounts": {"mounted": [
		mount("/", {}),
		mount("/boot/efi", {"encrypted": false, "fstype": "vfat"}),
		mount("/tmp", {"is_persistent": false, "encrypted": false, "fstype": "tmpfs"}),
		mount("/net", {"is_network": true, "encrypted": false, "fstype": "nfs4"}),
		mount("/srv", {}),
	]}})
}

test_fail_plain_volume if {
	result := check.result with input as with_mount(mount("/var/lib/postgresql", {"encrypted": false}))
	result.verdict == "fail"
	result.subjects == {"/var/lib/postgresql"}
}

test_fail_although_another_entry_is_incomplete if {
	check.result.verdict == "fail" with input as changed({"mounts": {"mounted": [{"target": "/x"}, mount("/srv", {"encrypted": false})]}})
}

test_fail_hostile_targets if {
	every target in ["", "/boot ", "/BOOT", "/boot/../srv", "<script>", "%s", "\u202etoob/"] {
		check.result.verdict == "fail" with input as with_mount(mount(target, {"encrypted": false}))
	}
}

test_not_applicable_nothing_kept if {
	result := check.result with input as changed({"mounts": {"mounted": [mount("/", {"is_persistent": false, "fstype": "tmpfs"})]}})
	result.verdict == "not_applicable"
	result.reason == "not_present"
}

test_unknown_root_of_layers if {
	result := check.result with input as changed({"mounts": {"mounted": [
		mount("/", {"is_persistent": false, "fstype": "overlay"}),
		mount("/srv", {}),
	]}})
	result.verdict == "unknown"
	result.reason == "unsupported"
}

test_unknown_not_traced if {
	every wrong in [null, "true", 1, []] {
		check.result.verdict == "unknown" with input as changed({"mounts": {"mounted": [mount("/", {}), mount("/srv", {"encrypted": wrong})]}})
	}
}

test_unknown_no_file_systems if {
	check.result.verdict == "unknown" with input as changed({"mounts": {"mounted": []}})
}

test_canary_plain_root if {
	check.result.verdict == "fail" with input as changed({"mounts": {"mounted": [mount("/", {"encrypted": false})]}})
}

test_unknown_missing_data if {
	every facts in [
		{},
		null,
		[],
		"facts",
		7,
		{"mounts": null},
		{"mounts": []},
		{"mounts": "none"},
		{"mounts": {}},
	] {
		check.result.verdict == "unknown" with input as with_facts(facts)
	}
}

without(section, field) := object.union(object.remove(good, [section]), {section: object.remove(good[section], [field])})

test_unknown_without_one_field if {
	every path in [["mounts", "mounted"]] {
		[section, field] := path
		check.result.verdict == "unknown" with input as with_facts(without(section, field))
	}
}

test_unknown_wrong_types if {
	every path in [["mounts", "mounted"]] {
		every wrong in [null, {}, "none", 0, false] {
			[section, field] := path
			check.result.verdict == "unknown" with input as changed({section: {field: wrong}})
		}
	}
}

test_unknown_partial_list_of_mounted if {
	every incomplete in [null, {}, "/", 7, {"target": "/x"}, object.remove(mount("/x", {}), ["encrypted"]), mount("/x", {"is_network": "no"})] {
		check.result.verdict == "unknown" with input as changed({"mounts": {"mounted": array.concat(good.mounts.mounted, [incomplete])}})
	}
}
