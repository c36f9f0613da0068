//! Reads kernel settings, modules and boot files.

use tickmark_core::evidence::Method;
use tickmark_core::observation::ReasonClass;
use tickmark_core::observation::host::hardening::{Hardening, KernelModules, Sysctl};

use super::modules;
use crate::host::look::{Look, Miss};
use crate::host::text::{ini_values, significant};

const GRUB_FILES: [&str; 3] = ["/boot/grub/grub.cfg", "/boot/grub2/grub.cfg", "/boot/efi/EFI/grub.cfg"];
const SECURE_BOOT: &str = "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";
/// Larger boot loader configurations are not read.
const GRUB_LIMIT: usize = 1024 * 1024;

/// Reads every key of [`Sysctl`].
pub(crate) fn sysctl(look: &mut Look<'_>) -> Sysctl {
    let mut facts = Sysctl::default();
    let mut kept = String::new();
    // One line per field ties the name of the fact to the name of the key; the macro keeps them from drifting apart.
    macro_rules! read {
        ($($field:ident = $key:literal),+ $(,)?) => {$(
            match value(look, $key) {
                Ok(value) => {
                    kept.push_str(&format!("{} = {value}\n", $key));
                    facts.$field = Some(value);
                }
                Err(miss) => look.gap(concat!("sysctl.", stringify!($field)), &miss),
            }
        )+};
    }
    read! {
        fs_protected_fifos = "fs.protected_fifos",
        fs_protected_hardlinks = "fs.protected_hardlinks",
        fs_protected_regular = "fs.protected_regular",
        fs_protected_symlinks = "fs.protected_symlinks",
        fs_suid_dumpable = "fs.suid_dumpable",
        kernel_dmesg_restrict = "kernel.dmesg_restrict",
        kernel_kexec_load_disabled = "kernel.kexec_load_disabled",
        kernel_kptr_restrict = "kernel.kptr_restrict",
        kernel_perf_event_paranoid = "kernel.perf_event_paranoid",
        kernel_randomize_va_space = "kernel.randomize_va_space",
        kernel_sysrq = "kernel.sysrq",
        kernel_unprivileged_bpf_disabled = "kernel.unprivileged_bpf_disabled",
        kernel_yama_ptrace_scope = "kernel.yama.ptrace_scope",
        net_ipv4_conf_all_accept_redirects = "net.ipv4.conf.all.accept_redirects",
        net_ipv4_conf_all_accept_source_route = "net.ipv4.conf.all.accept_source_route",
        net_ipv4_conf_all_log_martians = "net.ipv4.conf.all.log_martians",
        net_ipv4_conf_all_rp_filter = "net.ipv4.conf.all.rp_filter",
        net_ipv4_conf_all_secure_redirects = "net.ipv4.conf.all.secure_redirects",
        net_ipv4_conf_all_send_redirects = "net.ipv4.conf.all.send_redirects",
        net_ipv4_conf_default_accept_redirects = "net.ipv4.conf.default.accept_redirects",
        net_ipv4_conf_default_accept_source_route = "net.ipv4.conf.default.accept_source_route",
        net_ipv4_conf_default_rp_filter = "net.ipv4.conf.default.rp_filter",
        net_ipv4_conf_default_secure_redirects = "net.ipv4.conf.default.secure_redirects",
        net_ipv4_conf_default_send_redirects = "net.ipv4.conf.default.send_redirects",
        net_ipv4_icmp_echo_ignore_broadcasts = "net.ipv4.icmp_echo_ignore_broadcasts",
        net_ipv4_icmp_ignore_bogus_error_responses = "net.ipv4.icmp_ignore_bogus_error_responses",
        net_ipv4_ip_forward = "net.ipv4.ip_forward",
        net_ipv4_tcp_syncookies = "net.ipv4.tcp_syncookies",
        net_ipv6_conf_all_accept_ra = "net.ipv6.conf.all.accept_ra",
        net_ipv6_conf_all_accept_redirects = "net.ipv6.conf.all.accept_redirects",
        net_ipv6_conf_all_accept_source_route = "net.ipv6.conf.all.accept_source_route",
        net_ipv6_conf_all_disable_ipv6 = "net.ipv6.conf.all.disable_ipv6",
        net_ipv6_conf_all_forwarding = "net.ipv6.conf.all.forwarding",
        net_ipv6_conf_default_accept_redirects = "net.ipv6.conf.default.accept_redirects",
        net_ipv6_conf_default_accept_source_route = "net.ipv6.conf.default.accept_source_route",
    }
    look.keep_extract("kernel-settings", Method::Kernel { source: "/proc/sys".to_owned() }, &kept);
    facts
}

fn value(look: &Look<'_>, key: &str) -> Result<i64, Miss> {
    let path = format!("/proc/sys/{}", key.replace('.', "/"));
    let bytes = look.bytes(&path)?;
    let text = String::from_utf8_lossy(&bytes);
    text.trim().parse().map_err(|_| Miss::new(ReasonClass::ParseError, format!("{path} is not a number")))
}

/// Reads loaded and blocked modules.
pub(crate) fn kernel_modules(look: &mut Look<'_>, kernel_release: Option<&str>) -> KernelModules {
    let loaded = look.read("/proc/modules");
    let loaded = match loaded {
        // A kernel without module support.
        Err(miss) if miss.is_not_present() => None,
        Ok(text) => Some(text),
        Err(miss) => {
            look.gap("kernel_modules", &miss);
            return KernelModules::default();
        }
    };
    let texts = modprobe_texts(look);
    let Some(texts) = look.seen("kernel_modules", texts) else { return KernelModules::default() };
    let blocked = modules::blocked(texts.iter().map(|(_, text)| text.as_str()));
    let listing =
        kernel_release.and_then(|release| look.bytes(&format!("/lib/modules/{release}/modules.dep")).ok());
    let available = match (&loaded, listing) {
        (None, _) => false,
        (Some(_), Some(bytes)) => String::from_utf8_lossy(&bytes).contains("usb-storage.ko"),
        // Not knowing what exists, it may exist.
        (Some(_), None) => true,
    };
    // Lines hold addresses and use counts that change by themselves; only names are facts.
    modules::observe(loaded.as_deref(), &blocked, available)
}

fn modprobe_texts(look: &mut Look<'_>) -> Result<Vec<(String, String)>, Miss> {
    let mut paths = Vec::new();
    for folder in ["/etc/modprobe.d", "/run/modprobe.d", "/usr/lib/modprobe.d", "/lib/modprobe.d"] {
        paths.extend(look.paths_in(folder, |name| name.ends_with(".conf"))?);
    }
    look.read_set("modprobe-settings", &paths)
}

/// Reads what is known about core dumps, boot and banners.
pub(crate) fn hardening(look: &mut Look<'_>) -> Hardening {
    let limits = limit_texts(look);
    let limits = look.seen("hardening.core_limit_zero", limits);
    let grub = GRUB_FILES.iter().find(|path| look.exists(path));
    let systemd_boot = look.exists("/boot/loader/loader.conf") || look.exists("/boot/efi/loader/loader.conf");
    let mut facts = Hardening {
        core_limit_zero: limits.map(|texts| texts.iter().any(|(_, text)| core_limit_zero(text))),
        coredump_storage: Some(coredump_storage(look)),
        boot_loader: Some(match (grub, systemd_boot) {
            (Some(_), _) => "grub".to_owned(),
            (None, true) => "systemd-boot".to_owned(),
            (None, false) => "absent".to_owned(),
        }),
        ..Hardening::default()
    };
    let secure_boot = secure_boot(look);
    facts.secure_boot = look.seen("hardening.secure_boot", secure_boot);
    let lockdown = look.read("/sys/kernel/security/lockdown");
    facts.lockdown = look.seen("hardening.lockdown", lockdown).map(|text| {
        // The state in force stands in brackets.
        text.split_once('[')
            .and_then(|(_, rest)| rest.split_once(']'))
            .map_or("none", |(word, _)| word)
            .to_owned()
    });
    if let Some(path) = grub {
        facts.boot_loader_config_mode = look.stat(path).ok().map(|stat| stat.octal());
        let password = grub_password(look, path);
        facts.boot_loader_password = look.seen("hardening.boot_loader_password", password);
    }
    let banner = look.read_set("login-banners", &["/etc/issue".to_owned(), "/etc/issue.net".to_owned()]);
    facts.has_login_banner = look.seen("hardening.has_login_banner", banner).map(|texts| {
        texts
            .iter()
            .any(|(_, text)| text.split_whitespace().filter(|word| !word.starts_with('\\')).count() > 8)
    });
    facts
}

fn limit_texts(look: &mut Look<'_>) -> Result<Vec<(String, String)>, Miss> {
    let mut paths = vec!["/etc/security/limits.conf".to_owned()];
    paths.extend(look.paths_in("/etc/security/limits.d", |name| name.ends_with(".conf"))?);
    look.read_set("limits", &paths)
}

fn core_limit_zero(text: &str) -> bool {
    significant(text).any(|(_, line)| {
        let words: Vec<&str> = line.split_whitespace().collect();
        matches!(words.as_slice(), ["*", "hard" | "-", "core", "0", ..])
    })
}

fn coredump_storage(look: &mut Look<'_>) -> String {
    if !look.exists("/usr/lib/systemd/systemd-coredump") && !look.exists("/lib/systemd/systemd-coredump") {
        return "not_installed".to_owned();
    }
    let text = look.read("/etc/systemd/coredump.conf").unwrap_or_default();
    ini_values(&text, "Coredump", "Storage")
        .last()
        .map_or("external".to_owned(), |value| value.to_ascii_lowercase())
}

fn secure_boot(look: &Look<'_>) -> Result<String, Miss> {
    if !look.exists("/sys/firmware/efi") {
        return Ok("not_uefi".to_owned());
    }
    match look.bytes(SECURE_BOOT) {
        // Four bytes of attributes, then the value.
        Ok(bytes) => Ok(if bytes.get(4) == Some(&1) { "enabled" } else { "disabled" }.to_owned()),
        Err(miss) if miss.is_not_present() => Ok("disabled".to_owned()),
        Err(miss) => Err(miss),
    }
}

fn grub_password(look: &Look<'_>, path: &str) -> Result<bool, Miss> {
    // Only whether there is one is taken; the file itself is long and not kept.
    let text = String::from_utf8_lossy(&look.bytes_up_to(path, GRUB_LIMIT)?).into_owned();
    let has = |word: &str| significant(&text).any(|(_, line)| line.starts_with(word));
    Ok(has("set superusers") && (has("password_pbkdf2") || has("password ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hard_limit_for_everybody_is_needed() {
        assert!(core_limit_zero("* hard core 0\n"));
        assert!(core_limit_zero("*\t-\tcore\t0 # none\n"));
        assert!(!core_limit_zero("#* hard core 0\n* soft core 0\n@users hard core 0\n"));
    }
}
