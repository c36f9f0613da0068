package checks.acct_umask_restrictive_test

import data.checks.acct_umask_restrictive as check
import rego.v1

good := {"umask": "0027"}

with_session(settings) := with_facts({"schema": "host/1", "gaps": [], "session": settings})

with_facts(facts) := {
	"target": {"kind": "host", "external_id": "h1", "name": "web1"},
	"facts": facts,
	"params": {"umask": "0027"},
}

test_pass_as_strict_or_stricter if {
	every umask in ["0027", "027", "0037", "0077", "0777", "077"] {
		check.result.verdict == "pass" with input as with_session({"umask": umask})
	}
}

test_fail_open if {
	every umask in ["0022", "022", "0002", "0000", "0026", "0017", "0070", "0007"] {
		check.result.verdict == "fail" with input as with_session({"umask": umask})
	}
}

test_fail_says_which if {
	result := check.result with input as with_session({"umask": "0022"})
	result.message == "the default umask is 0022, the policy asks for 0027"
}

# A bare number could be decimal or octal.
test_unknown_not_octal if {
	every umask in ["", "27", "0028", "u=rwx,g=rx", "00027", "-027", " 027", "027\n", 27, 0] {
		check.result.verdict == "unknown" with input as with_session({"umask": umask})
	}
}

test_unknown_missing_data if {
	every facts in [{}, null, [], "facts", 7, {"session": null}, {"session": []}, {"session": "none"}, {"session": {}}] {
		check.result.verdict == "unknown" with input as with_facts(facts)
	}
}

test_unknown_without_one_setting if {
	every field in object.keys(good) {
		check.result.verdict == "unknown" with input as with_session(object.remove(good, [field]))
	}
}

test_unknown_wrong_types if {
	every field in object.keys(good) {
		every wrong in [null, {}, 27, ["0027"]] {
			check.result.verdict == "unknown" with input as with_session(object.union(object.remove(good, [field]), {field: wrong}))
		}
	}
}

test_canary_everybody_may_write if {
	check.result.verdict == "fail" with input as with_session({"umask": "0000"})
}
