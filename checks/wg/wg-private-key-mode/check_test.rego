package checks.wg_private_key_mode_test

import data.checks.wg_private_key_mode as check
import rego.v1

file(more) := object.union({"path": "/etc/wireguard/wg0.conf", "mode": "0600", "owner_uid": 0, "is_private": true}, more)

interface := {"name": "wg0", "is_up": true, "peers": []}

with_files(files) := with_wireguard({"installed": true, "interfaces": [interface], "files": files})

with_wireguard(wireguard) := with_facts({"schema": "host/1", "gaps": [], "wireguard": wireguard})

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {"approved_files": ["/etc/systemd/network/wg1.netdev"]},
}

test_pass_closed_files if {
	check.result.verdict == "pass" with input as with_files([file({}), file({"path": "/etc/wireguard/private.key", "mode": "0400"})])
}

test_pass_configured_and_not_up if {
	check.result.verdict == "pass" with input as with_wireguard({"installed": true, "interfaces": [], "files": [file({})]})
}

test_pass_approved_file if {
	approved := file({"path": "/etc/systemd/network/wg1.netdev", "mode": "0640", "is_private": false})
	check.result.verdict == "pass" with input as with_files([file({}), approved, file({})])
}

test_fail_readable_by_others if {
	result := check.result with input as with_files([file({}), file({"mode": "0644", "is_private": false})])
	result.verdict == "fail"
	result.subjects == {"/etc/wireguard/wg0.conf (0644)"}
}

test_fail_belongs_to_somebody_else if {
	check.result.verdict == "fail" with input as with_files([file({"owner_uid": 1000})])
}

test_fail_although_another_entry_is_incomplete if {
	check.result.verdict == "fail" with input as with_files([{"path": "/x"}, file({"is_private": false})])
}

test_not_applicable_no_wireguard if {
	check.result.verdict == "not_applicable" with input as with_wireguard({"installed": false})
	check.result.verdict == "not_applicable" with input as with_wireguard({"installed": true, "interfaces": [], "files": []})
}

# The key came from somewhere, and nobody knows from where.
test_unknown_interface_without_a_file if {
	result := check.result with input as with_files([])
	result.verdict == "unknown"
	result.message == "interfaces exist, and the files with their keys were not found"
}

test_unknown_missing_data if {
	every facts in [{}, null, [], "facts", 7, {"wireguard": null}, {"wireguard": []}, {"wireguard": "none"}, {"wireguard": {}}, {"wireguard": {"installed": true, "files": [file({})]}}] {
		check.result.verdict == "unknown" with input as with_facts(facts)
	}
}

test_unknown_no_list_of_files if {
	every files in [null, {}, "wg0.conf", 0, [null], [{}]] {
		check.result.verdict == "unknown" with input as with_files(files)
	}
}

test_unknown_partial_list if {
	every more in [{"is_private": null}, {"is_private": "true"}, {"owner_uid": "0"}, {"mode": 600}, {"path": null}] {
		check.result.verdict == "unknown" with input as with_files([file({}), file(more)])
	}
}

test_canary_key_for_everybody if {
	check.result.verdict == "fail" with input as with_files([file({"mode": "0666", "is_private": false})])
}
