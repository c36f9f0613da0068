//! Asks about the ways in.

use std::collections::BTreeMap;

use tickmark_core::observation::ReasonClass;
use tickmark_core::observation::host::access::{
    AuthorizedKeys, AuthorizedKeysFile, HostKey, Sshd, Wireguard, WireguardFile, WireguardInterface,
};
use tickmark_core::observation::host::account::{Accounts, User};

use super::sshd::{self as configuration, Settings};
use super::{authorized_keys as keys, key, wireguard as tunnels};
use crate::host::look::{Look, Manner, Miss};
use crate::redact::Layout;

const SSHD_CONFIG: &str = "/etc/ssh/sshd_config";
/// Configuration files followed at most.
const CONFIG_LIMIT: usize = 100;
/// Home directories looked into at most.
const HOME_LIMIT: usize = 5_000;
const WIREGUARD_FOLDER: &str = "/etc/wireguard";

/// Reads the SSH server's settings.
pub(crate) fn sshd(look: &mut Look<'_>) -> Sshd {
    let mut facts = Sshd { installed: Some(look.has_program("sshd")), ..Sshd::default() };
    if facts.installed == Some(false) {
        return facts;
    }
    facts.running = look.runs("sshd");
    let texts = config_texts(look);
    let texts = look.seen("sshd.match_blocks", texts);
    let files = texts.as_ref().map(|(texts, patterns)| {
        let expand = |pattern: &str| patterns.get(pattern).cloned().unwrap_or_default();
        configuration::files(SSHD_CONFIG, texts, &expand)
    });
    let (settings, refusal) = match effective(look) {
        Ok(settings) => (settings, None),
        // What the files set explicitly holds all the same; what is left to defaults is not known.
        Err(miss) => (files.as_ref().map(|files| files.global.clone()).unwrap_or_default(), Some(miss)),
    };
    let missing = configuration::apply(&mut facts, &settings);
    let unsaid = Miss::new(ReasonClass::ParseError, "sshd -T does not say it in a form that is understood");
    look.gaps_for("sshd", &missing, refusal.as_ref().unwrap_or(&unsaid));
    if let Some(miss) = &refusal {
        if facts.idle_limit_seconds.is_none() {
            look.gap("sshd.idle_limit_seconds", miss);
        }
        if files.is_none() {
            // Lists that are empty when not written prove nothing without any source.
            facts = Sshd { installed: facts.installed, running: facts.running, ..Sshd::default() };
        }
    }
    match (&files, &refusal) {
        (Some(files), None) => facts.match_weakenings = Some(configuration::weakenings(files, &settings)),
        // Without blocks there is nothing to compare.
        (Some(files), Some(_)) if files.blocks.is_empty() => facts.match_weakenings = Some(Vec::new()),
        (_, Some(miss)) => look.gap("sshd.match_weakenings", miss),
        (None, None) => {
            let miss = Miss::new(ReasonClass::NotCollected, "configuration files are not known");
            look.gap("sshd.match_weakenings", &miss);
        }
    }
    facts.match_blocks = files.as_ref().map(configuration::match_blocks);
    facts.host_keys = Some(host_keys(look, &settings));
    facts
}

/// Asks the server itself: `-T` checks keys and folders too and may refuse, `-G` (OpenSSH 9.3) only prints.
fn effective(look: &mut Look<'_>) -> Result<Settings, Miss> {
    let refusal = match look.run("sshd-effective-configuration", "sshd", &["-T"]) {
        Ok(text) => return Ok(configuration::effective(&text)),
        Err(miss) => miss,
    };
    match look.run("sshd-effective-configuration-unchecked", "sshd", &["-G"]) {
        Ok(text) => Ok(configuration::effective(&text)),
        Err(_) => Err(refusal),
    }
}

type ConfigTexts = (BTreeMap<String, String>, BTreeMap<String, Vec<String>>);

fn config_texts(look: &mut Look<'_>) -> Result<ConfigTexts, Miss> {
    let mut texts = BTreeMap::new();
    let mut patterns: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut waiting = vec![SSHD_CONFIG.to_owned()];
    while let Some(path) = waiting.pop() {
        if texts.contains_key(&path) {
            continue;
        }
        if texts.len() == CONFIG_LIMIT {
            return Err(Miss::new(
                ReasonClass::Limit,
                format!("more than {CONFIG_LIMIT} configuration files"),
            ));
        }
        let text = look.read(&path)?;
        for line in text.lines() {
            let Some((keyword, value)) = configuration::keyword_and_value(line.trim()) else { continue };
            if keyword != "include" {
                continue;
            }
            for pattern in value.split_whitespace() {
                let files = expand(look, pattern)?;
                waiting.extend(files.iter().cloned());
                patterns.insert(pattern.to_owned(), files);
            }
        }
        texts.insert(path, text);
    }
    Ok((texts, patterns))
}

/// Lists the files of a pattern whose last part may hold one `*`.
fn expand(look: &Look<'_>, pattern: &str) -> Result<Vec<String>, Miss> {
    let pattern = if pattern.starts_with('/') { pattern.to_owned() } else { format!("/etc/ssh/{pattern}") };
    let (folder, name) = pattern.rsplit_once('/').unwrap_or(("", &pattern));
    match name.split_once('*') {
        Some((before, after)) => look.paths_in(folder, |one| {
            one.len() >= before.len() + after.len()
                && one.starts_with(before)
                && one.ends_with(after)
                && !one.starts_with('.')
        }),
        None => Ok(if look.exists(&pattern) { vec![pattern] } else { Vec::new() }),
    }
}

fn host_keys(look: &mut Look<'_>, settings: &Settings) -> Vec<HostKey> {
    let mut paths = settings.get("hostkey").cloned().unwrap_or_default();
    if paths.is_empty() {
        // The built-in list.
        paths =
            ["rsa", "ecdsa", "ed25519"].iter().map(|kind| format!("/etc/ssh/ssh_host_{kind}_key")).collect();
    }
    paths.sort_unstable();
    paths.dedup();
    paths.retain(|path| look.exists(path));
    let mut found = Vec::new();
    for path in paths {
        let public = look.read(&format!("{path}.pub"));
        let parsed = look.seen("sshd.host_keys.kind", public).and_then(|text| {
            let mut words = text.split_whitespace();
            key::parse(words.next()?, words.next()?)
        });
        let stat = look.stat(&path);
        let stat = look.seen("sshd.host_keys.mode", stat);
        found.push(HostKey {
            kind: parsed.as_ref().map(|key| key.kind.to_owned()),
            bits: parsed.as_ref().and_then(|key| key.bits),
            fingerprint: parsed.map(|key| key.fingerprint),
            mode: stat.map(|stat| stat.octal()),
            is_private: stat.map(|stat| stat.is_private() && stat.uid == 0),
            path,
        });
    }
    found
}

/// Reads the keys that open sessions, for every account with a home directory.
pub(crate) fn authorized_keys(
    look: &mut Look<'_>,
    sshd: &Sshd,
    accounts: Option<&Accounts>,
) -> AuthorizedKeys {
    let Some(users) = accounts.and_then(|accounts| accounts.users.as_ref()) else {
        look.gap("authorized_keys", &Miss::new(ReasonClass::NotCollected, "accounts are not known"));
        return AuthorizedKeys::default();
    };
    let patterns = sshd
        .authorized_keys_files
        .clone()
        .unwrap_or_else(|| vec![".ssh/authorized_keys".to_owned(), ".ssh/authorized_keys2".to_owned()]);
    let mut facts =
        AuthorizedKeys { keys: Some(Vec::new()), files: Some(Vec::new()), malformed_lines: Some(Vec::new()) };
    let mut refused: Option<Miss> = None;
    for user in users.iter().take(HOME_LIMIT) {
        for pattern in &patterns {
            let Some(path) = keys_path(pattern, user) else { continue };
            match keys_of(look, user, &path, &mut facts) {
                Err(miss) if !miss.is_not_present() => refused = refused.or(Some(miss)),
                _ => {}
            }
        }
    }
    if users.len() > HOME_LIMIT {
        refused = Some(Miss::new(ReasonClass::Limit, format!("more than {HOME_LIMIT} accounts")));
    }
    if let Some(miss) = refused {
        look.gap("authorized_keys.keys", &miss);
        look.gap("authorized_keys.files", &miss);
    }
    let lists = (&mut facts.keys, &mut facts.files);
    if let (Some(keys), Some(files)) = lists {
        keys.sort_by(|a, b| (&a.user, &a.file, &a.fingerprint).cmp(&(&b.user, &b.file, &b.fingerprint)));
        keys.dedup();
        files.sort_by(|a, b| (&a.path, &a.user).cmp(&(&b.path, &b.user)));
    }
    facts
}

/// Fills in the tokens of `AuthorizedKeysFile`.
fn keys_path(pattern: &str, user: &User) -> Option<String> {
    let path = pattern
        .replace("%%", "\u{0}")
        .replace("%h", &user.home)
        .replace("%u", &user.name)
        .replace("%U", &user.uid.to_string())
        .replace('\u{0}', "%");
    if path == "none" {
        return None;
    }
    Some(if path.starts_with('/') { path } else { format!("{}/{path}", user.home.trim_end_matches('/')) })
}

fn keys_of(look: &mut Look<'_>, user: &User, path: &str, facts: &mut AuthorizedKeys) -> Result<(), Miss> {
    let stat = look.stat(path)?;
    let writable = stat.group_or_others_write() || (stat.uid != 0 && stat.uid != user.uid);
    facts.files.get_or_insert_default().push(AuthorizedKeysFile {
        user: user.name.clone(),
        path: path.to_owned(),
        mode: stat.octal(),
        owner_uid: stat.uid,
        is_writable_by_others: writable,
    });
    let text = look.read(path)?;
    let (mut found, malformed) = keys::observe(&text, &user.name, path, look.now());
    let known = look.previous.as_ref().and_then(|facts| facts.authorized_keys.as_ref()?.keys.as_ref());
    for key in &mut found {
        let earlier = known.and_then(|known| {
            known
                .iter()
                .filter(|one| one.user == key.user && one.fingerprint == key.fingerprint)
                .map(|one| one.first_seen_at)
                .min()
        });
        key.first_seen_at = earlier.unwrap_or(key.first_seen_at);
    }
    facts.keys.get_or_insert_default().extend(found);
    facts
        .malformed_lines
        .get_or_insert_default()
        .extend(malformed.iter().map(|number| format!("{path}:{number}")));
    Ok(())
}

/// Reads interfaces, peers and the modes of key files.
pub(crate) fn wireguard(look: &mut Look<'_>) -> Wireguard {
    let installed = look.has_program("wg") || look.exists(WIREGUARD_FOLDER);
    let mut facts = Wireguard { installed: Some(installed), ..Wireguard::default() };
    if !installed {
        return facts;
    }
    let up = match interfaces_up(look) {
        // A copy of a system has none that are up.
        Err(_) if !look.is_live() => Ok(Vec::new()),
        // The kernel has no such interfaces, and without the tool there can be configuration only.
        Err(miss) if miss.is_not_present() || miss.detail.contains("Protocol not supported") => {
            Ok(Vec::new())
        }
        other => other,
    };
    let up = look.seen("wireguard.interfaces", up);
    let files = config_files(look);
    let files = look.seen("wireguard.files", files);
    if let (Some(mut interfaces), Some((files, configured))) = (up, files) {
        for interface in configured {
            if interfaces.iter().all(|other| other.name != interface.name) {
                interfaces.push(interface);
            }
        }
        interfaces.sort_by(|one, two| one.name.cmp(&two.name));
        keep_first_seen(look, &mut interfaces);
        match tunnels::overlaps(&interfaces) {
            Some(overlaps) => facts.overlapping_allowed_ips = Some(overlaps),
            None => {
                let miss = Miss::new(ReasonClass::Limit, "too many prefixes to compare");
                look.gap("wireguard.overlapping_allowed_ips", &miss);
            }
        }
        facts.interfaces = Some(interfaces);
        facts.files = Some(files);
    } else {
        let miss = Miss::new(ReasonClass::NotCollected, "interfaces or files are not known");
        look.gap("wireguard.overlapping_allowed_ips", &miss);
    }
    facts
}

fn interfaces_up(look: &mut Look<'_>) -> Result<Vec<WireguardInterface>, Miss> {
    let manner = Manner { layout: Layout::WireguardDump, ..Manner::default() };
    let text = look.run_as("wireguard-dump", "wg", &["show", "all", "dump"], manner)?;
    tunnels::observe_dump(&text, look.now())
        .ok_or_else(|| Miss::new(ReasonClass::ParseError, "wg show all dump: not of the documented form"))
}

fn keep_first_seen(look: &Look<'_>, interfaces: &mut [WireguardInterface]) {
    let known = look.previous.as_ref().and_then(|facts| facts.wireguard.as_ref()?.interfaces.as_ref());
    for interface in interfaces {
        let earlier = known.and_then(|known| known.iter().find(|one| one.name == interface.name));
        for peer in &mut interface.peers {
            let same =
                earlier.and_then(|one| one.peers.iter().find(|other| other.public_key == peer.public_key));
            peer.first_seen_at = same.map_or(peer.first_seen_at, |one| one.first_seen_at);
        }
    }
}

/// Lists key and configuration files; only `*.conf` is read, for its peers.
fn config_files(look: &mut Look<'_>) -> Result<(Vec<WireguardFile>, Vec<WireguardInterface>), Miss> {
    let mut files = Vec::new();
    let mut interfaces = Vec::new();
    for path in look.paths_in(WIREGUARD_FOLDER, |_| true)? {
        let stat = look.stat(&path)?;
        if !stat.is_file {
            continue;
        }
        files.push(WireguardFile {
            mode: stat.octal(),
            owner_uid: stat.uid,
            is_private: stat.is_private() && stat.uid == 0,
            path: path.clone(),
        });
        let name = path.rsplit('/').next().and_then(|name| name.strip_suffix(".conf")).map(str::to_owned);
        if let Some(name) = name {
            let text = look.read(&path)?;
            interfaces.push(tunnels::observe_file(&name, &text, look.now()));
        }
    }
    Ok((files, interfaces))
}
