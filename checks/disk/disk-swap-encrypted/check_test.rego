package checks.disk_swap_encrypted_test

import data.checks.disk_swap_encrypted as check
import rego.v1

swap(device, more) := object.union({"device": device, "kind": "partition", "is_zram": false, "encrypted": true}, more)

# Facts of a host that is as asserted; tests change one thing.
good := {"schema": "host/1", "gaps": [], "swap": {"devices": [swap("/dev/dm-1", {}), swap("/dev/dm-2", {})]}}

changed(changes) := with_facts(object.union(good, changes))

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {},
}

with_swap(device) := changed({"swap": {"devices": [swap("/dev/dm-1", {}), device]}})

test_pass_encrypted if {
	check.result.verdict == "pass" with input as changed({})
}

test_pass_no_swap if {
	result := check.result with input as changed({"swap": {"devices": []}})
	result.verdict == "pass"
	result.message == "no swap is in use"
}

test_pass_compressed_memory if {
	check.result.verdict == "pass" with input as changed({"swap": {"devices": [object.remove(swap("/dev/zram0", {"is_zram": true}), ["encrypted"])]}})
}

test_fail_plain if {
	result := check.result with input as with_swap(swap("/swapfile", {"kind": "file", "encrypted": false}))
	result.verdict == "fail"
	result.subjects == {"/swapfile"}
}

test_fail_although_another_entry_is_incomplete if {
	check.result.verdict == "fail" with input as changed({"swap": {"devices": [{}, swap("/swapfile", {"encrypted": false})]}})
}

test_fail_hostile_names if {
	every name in ["", "/dev/zram0", "<script>", "%s", "\u202e"] {
		check.result.verdict == "fail" with input as with_swap(swap(name, {"encrypted": false}))
	}
}

test_canary_plain_partition if {
	check.result.verdict == "fail" with input as changed({"swap": {"devices": [swap("/dev/sda2", {"encrypted": false})]}})
}

test_unknown_missing_data if {
	every facts in [
		{},
		null,
		[],
		"facts",
		7,
		{"swap": null},
		{"swap": []},
		{"swap": "none"},
		{"swap": {}},
	] {
		check.result.verdict == "unknown" with input as with_facts(facts)
	}
}

without(section, field) := object.union(object.remove(good, [section]), {section: object.remove(good[section], [field])})

test_unknown_without_one_field if {
	every path in [["swap", "devices"]] {
		[section, field] := path
		check.result.verdict == "unknown" with input as with_facts(without(section, field))
	}
}

test_unknown_wrong_types if {
	every path in [["swap", "devices"]] {
		every wrong in [null, {}, "none", 0, false] {
			[section, field] := path
			check.result.verdict == "unknown" with input as changed({section: {field: wrong}})
		}
	}
}

test_unknown_partial_list_of_devices if {
	every incomplete in [null, {}, "swap", 7, object.remove(swap("/dev/x", {}), ["encrypted"]), swap("/dev/x", {"encrypted": "yes"}), swap("/dev/x", {"is_zram": null}), swap(7, {})] {
		check.result.verdict == "unknown" with input as changed({"swap": {"devices": array.concat(good.swap.devices, [incomplete])}})
	}
}
