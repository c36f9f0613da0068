package checks.host_ip_redirects_off

import rego.v1

settings := input.facts.sysctl

# Keys, their names for people, and the values that are as asserted. For IPv6 0 accepts only the harmless routing header
# type 2 and a negative number none (Linux, Documentation/networking/ip-sysctl).
wanted := {
	"net_ipv4_conf_all_accept_redirects": {"name": "net.ipv4.conf.all.accept_redirects", "accepted": [0]},
	"net_ipv4_conf_default_accept_redirects": {"name": "net.ipv4.conf.default.accept_redirects", "accepted": [0]},
	"net_ipv4_conf_all_secure_redirects": {"name": "net.ipv4.conf.all.secure_redirects", "accepted": [0]},
	"net_ipv4_conf_default_secure_redirects": {"name": "net.ipv4.conf.default.secure_redirects", "accepted": [0]},
	"net_ipv4_conf_all_send_redirects": {"name": "net.ipv4.conf.all.send_redirects", "accepted": [0]},
	"net_ipv4_conf_default_send_redirects": {"name": "net.ipv4.conf.default.send_redirects", "accepted": [0]},
	"net_ipv4_conf_all_accept_source_route": {"name": "net.ipv4.conf.all.accept_source_route", "accepted": [0]},
	"net_ipv4_conf_default_accept_source_route": {"name": "net.ipv4.conf.default.accept_source_route", "accepted": [0]},
	"net_ipv6_conf_all_accept_redirects": {"name": "net.ipv6.conf.all.accept_redirects", "accepted": [0]},
	"net_ipv6_conf_default_accept_redirects": {"name": "net.ipv6.conf.default.accept_redirects", "accepted": [0]},
	"net_ipv6_conf_all_accept_source_route": {"name": "net.ipv6.conf.all.accept_source_route", "accepted": [0, -1]},
	"net_ipv6_conf_default_accept_source_route": {"name": "net.ipv6.conf.default.accept_source_route", "accepted": [0, -1]},
}

ipv6_enabled := input.facts.host.ipv6_enabled

# Keys of IPv6 matter unless it is switched off on this host.
matters(key) if not startswith(key, "net_ipv6_")

matters(key) if {
	startswith(key, "net_ipv6_")
	ipv6_enabled == true
}

required contains key if {
	some key, _ in wanted
	matters(key)
}

bad contains sprintf("%s = %d", [rule.name, value]) if {
	some key, rule in wanted
	key in required
	some name, value in settings
	name == key
	is_number(value)
	not value in rule.accepted
}

judged contains key if {
	some key in required
	some name, value in settings
	name == key
	is_number(value)
}

everything_seen if {
	count(judged) == count(required)
	is_boolean(ipv6_enabled)
}

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if count(bad) > 0

verdict := "pass" if {
	count(bad) == 0
	everything_seen
}

default message := ""

message := sprintf("redirects or source routing are on: %s", [concat(", ", sort(bad))]) if verdict == "fail"

message := "redirects and source routing are off" if verdict == "pass"

result := {
	"verdict": verdict,
	"message": message,
	"subjects": bad,
	"observed": {rule.name: value |
		some key, rule in wanted
		some name, value in settings
		name == key
	},
	"expected": {rule.name: rule.accepted | some rule in wanted},
}
