//! Reads PAM stacks and the settings files of its modules.

use std::collections::{BTreeMap, BTreeSet};

use tickmark_core::observation::host::account::{Pam, SecondFactor};

use crate::host::text::{octal_text, significant};

/// Includes followed in a row.
const DEPTH_LIMIT: u32 = 8;
/// Services whose way in matters for second factors.
const SERVICES: [&str; 7] = ["login", "sshd", "sudo", "sudo-i", "su", "su-l", "gdm-password"];
/// Modules that ask for something beside the password.
const SECOND_FACTOR_MODULES: [&str; 16] = [
    "pam_google_authenticator",
    "pam_oath",
    "pam_u2f",
    "pam_yubico",
    "pam_duo",
    "pam_radius_auth",
    "pam_privacyidea",
    "pam_multiotp",
    "pam_linotp",
    "pam_totp",
    "pam_rublon",
    "pam_okta_auth",
    "pam_pkcs11",
    "pam_p11",
    "pam_fido2",
    "pam_webauthn",
];

/// One line of a stack.
#[derive(Clone, Debug, PartialEq)]
struct Entry {
    kind: String,
    control: String,
    module: String,
    arguments: Vec<String>,
}

impl Entry {
    fn has(&self, argument: &str) -> bool {
        self.arguments.iter().any(|word| word == argument)
    }

    fn number(&self, name: &str) -> Option<i64> {
        self.text(name)?.parse().ok()
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.arguments.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
    }

    fn must_succeed(&self) -> bool {
        ["required", "requisite"].contains(&self.control.as_str())
            || self.control.contains("default=die")
            || self.control.contains("default=bad")
    }
}

/// Reads the stacks. `services` are the files of `/etc/pam.d` by name, `settings` those of `/etc/security` by name
/// (`pwquality.conf` with the files of its folder behind it, `faillock.conf`, `pwhistory.conf`).
pub(crate) fn observe(services: &BTreeMap<String, String>, settings: &BTreeMap<String, String>) -> Pam {
    let setting = |file: &str| settings.get(file).map(String::as_str).unwrap_or_default();
    let first = |names: &[&str], kind: &str| {
        names
            .iter()
            .find(|name| services.contains_key(**name))
            .map(|name| stack(services, name, kind))
            .unwrap_or_default()
    };
    let password = first(&["passwd", "common-password", "system-auth"], "password");
    let login = first(&["login", "common-auth", "system-auth"], "auth");
    let mut pam = Pam::default();
    password_rules(&mut pam, &password, setting("pwquality.conf"), setting("pwhistory.conf"));
    lockout(&mut pam, &login, setting("faillock.conf"));
    pam.allows_empty_password =
        Some(login.iter().any(|entry| entry.module == "pam_unix" && entry.has("nullok")));
    pam.fail_delay_us =
        login.iter().find(|entry| entry.module == "pam_faildelay").and_then(|entry| entry.number("delay"));
    let su = stack(services, "su", "auth");
    let wheel =
        su.iter().find(|entry| entry.module == "pam_wheel" && entry.must_succeed() && !entry.has("deny"));
    if services.contains_key("su") {
        pam.su_restricted = Some(wheel.is_some());
        pam.su_group = wheel.map(|entry| entry.text("group").unwrap_or("wheel").to_owned());
    }
    pam.umask = first(&["login", "common-session"], "session")
        .iter()
        .find(|entry| entry.module == "pam_umask")
        .and_then(|entry| entry.text("umask").and_then(octal_text));
    let mut factors = BTreeSet::new();
    let present: Vec<String> =
        SERVICES.iter().filter(|name| services.contains_key(**name)).map(|name| (*name).to_owned()).collect();
    for service in &present {
        for entry in stack(services, service, "auth") {
            if SECOND_FACTOR_MODULES.contains(&entry.module.as_str()) {
                let is_required = entry.must_succeed() && !entry.has("nullok") && !entry.has("nouserok");
                factors.insert(SecondFactor { service: service.clone(), module: entry.module, is_required });
            }
        }
    }
    pam.second_factors = Some(factors.into_iter().collect());
    pam.services = Some(present.into_iter().collect::<BTreeSet<_>>().into_iter().collect());
    pam
}

fn password_rules(pam: &mut Pam, stack: &[Entry], quality_settings: &str, history_settings: &str) {
    let unix = stack.iter().find(|entry| entry.module == "pam_unix");
    let quality = stack
        .iter()
        .find(|entry| ["pam_pwquality", "pam_cracklib", "pam_passwdqc"].contains(&entry.module.as_str()));
    match quality {
        Some(entry) if entry.module == "pam_passwdqc" => {
            // `min=N0,N1,N2,N3,N4`: the least of those that are not disabled.
            let least =
                entry.text("min").and_then(|list| list.split(',').filter_map(|part| part.parse().ok()).min());
            pam.password_min_length = Some(least.unwrap_or(8));
        }
        Some(entry) => {
            let set = |name: &str| entry.number(name).or_else(|| conf_number(quality_settings, name));
            pam.password_min_length = Some(set("minlen").unwrap_or(8));
            pam.password_min_classes = Some(set("minclass").unwrap_or(0));
            pam.password_enforced_for_root =
                Some(entry.has("enforce_for_root") || conf_flag(quality_settings, "enforce_for_root"));
        }
        // Without a quality module pam_unix asks for six, and of ordinary accounts only.
        None => {
            pam.password_min_length = unix.map(|entry| entry.number("minlen").unwrap_or(6));
            pam.password_min_classes = unix.map(|_| 0);
            pam.password_enforced_for_root = unix.map(|_| false);
        }
    }
    pam.password_quality_module = quality.map(|entry| entry.module.clone());
    let history = stack.iter().find(|entry| entry.module == "pam_pwhistory");
    let remembered = match history {
        Some(entry) => {
            entry.number("remember").or_else(|| conf_number(history_settings, "remember")).unwrap_or(10)
        }
        None => unix.and_then(|entry| entry.number("remember")).unwrap_or(0),
    };
    pam.password_history = (!stack.is_empty()).then_some(remembered);
    const METHODS: [&str; 7] =
        ["yescrypt", "gost_yescrypt", "sha512", "sha256", "blowfish", "bigcrypt", "md5"];
    pam.hash_method = unix
        .and_then(|entry| METHODS.iter().find(|method| entry.has(method)))
        .map(|method| (*method).to_owned());
}

fn lockout(pam: &mut Pam, stack: &[Entry], settings: &str) {
    let modules = ["pam_faillock", "pam_tally2", "pam_tally"];
    let found: Vec<&Entry> = stack.iter().filter(|entry| modules.contains(&entry.module.as_str())).collect();
    pam.lockout_enabled = (!stack.is_empty()).then_some(!found.is_empty());
    let Some(first) = found.first() else { return };
    let is_faillock = first.module == "pam_faillock";
    let set = |name: &str| {
        found
            .iter()
            .find_map(|entry| entry.number(name))
            .or_else(|| if is_faillock { conf_number(settings, name) } else { None })
    };
    pam.lockout_module = Some(first.module.clone());
    pam.lockout_attempts = set("deny").or(is_faillock.then_some(3));
    pam.lockout_seconds = set("unlock_time").or(Some(if is_faillock { 600 } else { 0 }));
    let root = found.iter().any(|entry| entry.has("even_deny_root"));
    pam.lockout_includes_root = Some(root || (is_faillock && conf_flag(settings, "even_deny_root")));
}

fn conf_number(text: &str, name: &str) -> Option<i64> {
    significant(text)
        .filter_map(|(_, line)| line.split_once('='))
        .filter(|(key, _)| key.trim() == name)
        .filter_map(|(_, value)| value.trim().parse().ok())
        .last()
}

fn conf_flag(text: &str, name: &str) -> bool {
    significant(text).any(|(_, line)| line == name)
}

/// Lists the entries of one kind in the stack of a service, includes followed.
fn stack(services: &BTreeMap<String, String>, service: &str, kind: &str) -> Vec<Entry> {
    let mut out = Vec::new();
    extend(services, service, kind, 0, &mut out);
    out
}

fn extend(services: &BTreeMap<String, String>, service: &str, kind: &str, depth: u32, out: &mut Vec<Entry>) {
    let Some(text) = services.get(service) else { return };
    if depth > DEPTH_LIMIT {
        return;
    }
    let text = text.replace("\\\n", " ");
    for (_, line) in significant(&text) {
        if let Some(target) = line.strip_prefix("@include") {
            extend(services, target.trim(), kind, depth + 1, out);
            continue;
        }
        let Some(entry) = entry(line).filter(|entry| entry.kind == kind) else { continue };
        if ["include", "substack"].contains(&entry.control.as_str()) {
            let target = entry.module.rsplit('/').next().unwrap_or_default();
            extend(services, target, kind, depth + 1, out);
        } else {
            out.push(entry);
        }
    }
}

fn entry(line: &str) -> Option<Entry> {
    let line = line.split(" #").next().unwrap_or(line);
    let (kind, rest) = line.split_once(char::is_whitespace)?;
    let rest = rest.trim_start();
    let (control, rest) = if rest.starts_with('[') {
        let end = rest.find(']')?;
        (&rest[..=end], &rest[end + 1..])
    } else {
        rest.split_once(char::is_whitespace)?
    };
    let mut words = rest.split_whitespace();
    let module = words.next()?.rsplit('/').next()?;
    Some(Entry {
        kind: kind.trim_start_matches('-').to_ascii_lowercase(),
        control: control.to_ascii_lowercase(),
        module: module.strip_suffix(".so").unwrap_or(module).to_owned(),
        arguments: words.map(str::to_owned).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(services: &[(&str, &str)], settings: &[(&str, &str)]) -> Pam {
        let map =
            |pairs: &[(&str, &str)]| pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        observe(&map(services), &map(settings))
    }

    #[test]
    fn a_stock_debian_asks_for_little() {
        let pam = read(
            &[
                (
                    "common-password",
                    "password\t[success=1 default=ignore]\tpam_unix.so obscure yescrypt\npassword requisite pam_deny.so\n",
                ),
                ("common-auth", "auth\t[success=1 default=ignore]\tpam_unix.so nullok\n"),
                ("passwd", "@include common-password\n"),
                ("login", "auth optional pam_faildelay.so delay=3000000\n@include common-auth\n"),
                ("su", "auth sufficient pam_rootok.so\n# auth required pam_wheel.so\n@include common-auth\n"),
                ("sshd", "@include common-auth\n"),
            ],
            &[],
        );
        insta::assert_json_snapshot!(pam);
    }

    #[test]
    fn a_hardened_host() {
        let pam = read(
            &[
                (
                    "system-auth",
                    "auth required pam_faillock.so preauth\nauth sufficient pam_unix.so\nauth required pam_faillock.so authfail deny=5\npassword requisite pam_pwquality.so retry=3 minclass=3\npassword required pam_pwhistory.so use_authtok\npassword sufficient pam_unix.so sha512 shadow\n",
                ),
                ("passwd", "password substack system-auth\n"),
                ("login", "auth include system-auth\nsession optional pam_umask.so umask=0027\n"),
                ("sshd", "auth required pam_google_authenticator.so\nauth include system-auth\n"),
                ("sudo", "-auth [success=done default=die] /usr/lib/security/pam_u2f.so nouserok\n"),
                ("su", "auth required pam_wheel.so use_uid group=admins\n"),
            ],
            &[
                ("pwquality.conf", "# minlen = 9\nminlen = 15\nenforce_for_root\n"),
                ("faillock.conf", "unlock_time = 900\neven_deny_root\n"),
                ("pwhistory.conf", "remember = 24\n"),
            ],
        );
        insta::assert_json_snapshot!(pam);
    }

    #[test]
    fn strange_stacks_end() {
        let pam = read(
            &[
                ("passwd", "@include passwd\npassword\npassword [x\npassword required\n"),
                ("login", "auth include login"),
            ],
            &[],
        );
        assert_eq!(pam.password_history, None);
        assert_eq!(pam.lockout_enabled, None);
    }
}
