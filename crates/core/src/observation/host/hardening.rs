//! Kernel settings, modules and boot.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

/// Kernel settings as they are now. Names are those of sysctl with dots as underscores; a key the kernel does not have
/// is absent, with a gap.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each field is the kernel's own documented key")]
pub struct Sysctl {
    pub fs_protected_fifos: Option<i64>,
    pub fs_protected_hardlinks: Option<i64>,
    pub fs_protected_regular: Option<i64>,
    pub fs_protected_symlinks: Option<i64>,
    pub fs_suid_dumpable: Option<i64>,
    pub kernel_dmesg_restrict: Option<i64>,
    pub kernel_kexec_load_disabled: Option<i64>,
    pub kernel_kptr_restrict: Option<i64>,
    pub kernel_perf_event_paranoid: Option<i64>,
    pub kernel_randomize_va_space: Option<i64>,
    pub kernel_sysrq: Option<i64>,
    pub kernel_unprivileged_bpf_disabled: Option<i64>,
    pub kernel_yama_ptrace_scope: Option<i64>,
    pub net_ipv4_conf_all_accept_redirects: Option<i64>,
    pub net_ipv4_conf_all_accept_source_route: Option<i64>,
    pub net_ipv4_conf_all_log_martians: Option<i64>,
    pub net_ipv4_conf_all_rp_filter: Option<i64>,
    pub net_ipv4_conf_all_secure_redirects: Option<i64>,
    pub net_ipv4_conf_all_send_redirects: Option<i64>,
    pub net_ipv4_conf_default_accept_redirects: Option<i64>,
    pub net_ipv4_conf_default_accept_source_route: Option<i64>,
    pub net_ipv4_conf_default_rp_filter: Option<i64>,
    pub net_ipv4_conf_default_secure_redirects: Option<i64>,
    pub net_ipv4_conf_default_send_redirects: Option<i64>,
    pub net_ipv4_icmp_echo_ignore_broadcasts: Option<i64>,
    pub net_ipv4_icmp_ignore_bogus_error_responses: Option<i64>,
    pub net_ipv4_ip_forward: Option<i64>,
    pub net_ipv4_tcp_syncookies: Option<i64>,
    pub net_ipv6_conf_all_accept_ra: Option<i64>,
    pub net_ipv6_conf_all_accept_redirects: Option<i64>,
    pub net_ipv6_conf_all_accept_source_route: Option<i64>,
    pub net_ipv6_conf_all_disable_ipv6: Option<i64>,
    pub net_ipv6_conf_all_forwarding: Option<i64>,
    pub net_ipv6_conf_default_accept_redirects: Option<i64>,
    pub net_ipv6_conf_default_accept_source_route: Option<i64>,
}

/// Kernel modules.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KernelModules {
    /// Whether the kernel can load modules at all.
    pub loadable: Option<bool>,
    /// Modules loaded, sorted.
    pub loaded: Option<Vec<String>>,
    /// Modules blocked by `blacklist` or `install … /bin/false` (or `true`), sorted.
    pub blocked: Option<Vec<String>>,
    /// Whether the USB storage driver cannot be used: blocked by `install`, or blacklisted and not loaded, or the
    /// kernel has no such module.
    pub usb_storage_blocked: Option<bool>,
}

/// Core dumps, boot, and the boot loader.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hardening {
    /// Whether limits.conf sets a hard limit of 0 for core dumps of everybody.
    pub core_limit_zero: Option<bool>,
    /// `Storage` of systemd-coredump, lower case; `not_installed` when the program is absent.
    pub coredump_storage: Option<String>,
    /// `enabled`, `disabled`, or `not_uefi` when the machine did not start by UEFI or shows no such variables.
    pub secure_boot: Option<String>,
    /// `absent`, `grub`, `systemd-boot`.
    pub boot_loader: Option<String>,
    /// Whether GRUB asks for a password to edit entries; absent without GRUB.
    pub boot_loader_password: Option<bool>,
    /// Permission bits of the boot loader configuration in octal.
    pub boot_loader_config_mode: Option<String>,
    /// Kernel lockdown: `none`, `integrity`, `confidentiality`.
    pub lockdown: Option<String>,
    /// Whether a legal banner stands in `/etc/issue` or `/etc/issue.net` beyond the release name.
    pub has_login_banner: Option<bool>,
}
