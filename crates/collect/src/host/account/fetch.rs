//! Reads the files about accounts and rights.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::FileExt;

use tickmark_core::evidence::Method;
use tickmark_core::observation::ReasonClass;
use tickmark_core::observation::host::Moment;
use tickmark_core::observation::host::account::{Accounts, HomeState, Pam, Session, Sudo};

use super::accounts::{self, Texts};
use super::sudo::{Include, Sources};
use super::{pam as pam_stacks, session as profiles, sudo as sudoers};
use crate::host::look::{Look, Miss, octal};
use crate::host::text::significant;
use crate::redact::Layout;

/// Bytes of one record of lastlog.
const LASTLOG_RECORD: u64 = 292;
/// Files read for sudo at most.
const SUDO_FILE_LIMIT: usize = 200;

/// Reads local accounts and groups.
pub(crate) fn accounts(look: &mut Look<'_>) -> Accounts {
    let passwd = match look.read_as("/etc/passwd", Layout::Shadow) {
        Ok(text) => text,
        Err(miss) => {
            look.gap("accounts", &miss);
            return Accounts::default();
        }
    };
    let group = look.read_as("/etc/group", Layout::Shadow);
    let group = look.seen("accounts.groups", group);
    let shadow = look.read_as("/etc/shadow", Layout::Shadow);
    if let Err(miss) = &shadow {
        look.gaps_for(
            "accounts.users",
            &[
                "password_state",
                "hash_scheme",
                "password_changed_at",
                "max_days",
                "inactive_days",
                "expires_at",
            ],
            miss,
        );
    }
    let login_defs = look.read("/etc/login.defs");
    let login_defs = look.seen("accounts.login_defs", login_defs);
    let nsswitch = look.read("/etc/nsswitch.conf");
    let nsswitch = look.seen("accounts.other_sources", nsswitch);
    let logins = last_logins(look, &passwd);
    let logins = look.seen("accounts.users.last_login_at", logins);
    let mut facts = accounts::observe(&Texts {
        passwd: &passwd,
        group: group.as_deref().unwrap_or_default(),
        shadow: shadow.as_deref().ok(),
        login_defs: login_defs.as_deref(),
        nsswitch: nsswitch.as_deref(),
        logins: logins.as_ref(),
    });
    if group.is_none() {
        facts.groups = None;
        facts.duplicate_gids = None;
        facts.duplicate_group_names = None;
    }
    let mut refused = None;
    for user in facts.users.iter_mut().flatten() {
        match home_state(look, &user.home, user.uid) {
            Ok(state) => user.home_state = Some(state),
            Err(miss) => refused = refused.or(Some(miss)),
        }
    }
    if let Some(miss) = refused {
        look.gap("accounts.users.home_state", &miss);
    }
    facts
}

/// Reads last logins of the accounts of `passwd` from the sparse table of fixed records.
fn last_logins(look: &mut Look<'_>, passwd: &str) -> Result<BTreeMap<u32, Moment>, Miss> {
    let path = "/var/log/lastlog";
    look.stat(path)?;
    let file = File::open(look.under_root(path)).map_err(|error| {
        Miss::new(ReasonClass::NotPermitted, format!("{path} could not be read: {error}"))
    })?;
    let mut logins = BTreeMap::new();
    let mut kept = String::new();
    for (_, line) in significant(passwd) {
        let Some(uid) = line.split(':').nth(2).and_then(|text| text.parse::<u32>().ok()) else { continue };
        let mut record = [0; 4];
        // Past the end: no login of this account was ever recorded.
        if file.read_exact_at(&mut record, u64::from(uid) * LASTLOG_RECORD).is_ok()
            && let Some(at) = accounts::last_login(&record)
        {
            kept.push_str(&format!("uid {uid} day {}\n", at.day().0));
            logins.insert(uid, at);
        }
    }
    look.keep_extract("last-logins", Method::File { path: path.to_owned() }, &kept);
    Ok(logins)
}

fn home_state(look: &Look<'_>, home: &str, uid: u32) -> Result<HomeState, Miss> {
    let absent = HomeState {
        exists: false,
        mode: None,
        owner_uid: None,
        is_writable_by_others: None,
        writable_dotfiles: None,
    };
    let stat = match look.stat(home) {
        Ok(stat) if stat.is_dir && home != "/" => stat,
        Ok(_) => return Ok(absent),
        Err(miss) if miss.is_not_present() => return Ok(absent),
        Err(miss) => return Err(miss),
    };
    let mut loose = Vec::new();
    // Shared folders like /bin are nobody's home, though system accounts name them.
    let is_own = stat.uid == uid;
    if is_own {
        for name in look.names_in(home)?.into_iter().filter(|name| name.starts_with('.')) {
            let path = format!("{}/{name}", home.trim_end_matches('/'));
            // A link has no permissions of its own, and a file that went away is none.
            let Ok(metadata) = std::fs::symlink_metadata(look.under_root(&path)) else { continue };
            let mode = std::os::unix::fs::MetadataExt::mode(&metadata);
            if !metadata.is_symlink() && mode & 0o022 != 0 {
                loose.push(path);
            }
        }
    }
    Ok(HomeState {
        exists: true,
        mode: Some(octal(stat.mode)),
        owner_uid: Some(stat.uid),
        is_writable_by_others: Some(stat.group_or_others_write()),
        writable_dotfiles: is_own.then_some(loose),
    })
}

/// Reads the sudo rules.
pub(crate) fn sudo(look: &mut Look<'_>, hostname: &str, accounts: Option<&Accounts>) -> Sudo {
    let mut facts = Sudo {
        installed: Some(look.has_program("sudo") || look.exists("/etc/sudoers")),
        other_routes: Some(other_routes(look)),
        ..Sudo::default()
    };
    if facts.installed == Some(false) {
        facts.rules = Some(Vec::new());
        facts.parse_errors = Some(Vec::new());
        facts.full_privilege_users = Some(Vec::new());
        return facts;
    }
    let sources = match sudo_sources(look, hostname) {
        Ok(sources) => sources,
        Err(miss) => {
            look.gaps_for("sudo", &["rules", "parse_errors", "defaults", "full_privilege_users"], &miss);
            return facts;
        }
    };
    let found = sudoers::observe("/etc/sudoers", &sources, hostname);
    if !found.parse_errors.is_empty() {
        let detail = format!("not understood: {}", found.parse_errors.join(", "));
        look.gap("sudo.rules", &Miss::new(ReasonClass::ParseError, detail));
    }
    match accounts.and_then(|accounts| Some((accounts.users.as_ref()?, accounts.groups.as_ref()?))) {
        Some((users, groups)) => {
            facts.full_privilege_users = Some(sudoers::full_privilege_users(&found.rules, users, groups));
        }
        None => {
            let miss = Miss::new(ReasonClass::NotCollected, "accounts or groups are not known");
            look.gap("sudo.full_privilege_users", &miss);
        }
    }
    facts.rules = Some(found.rules);
    facts.defaults = Some(found.defaults);
    facts.parse_errors = Some(found.parse_errors);
    facts
}

fn sudo_sources(look: &mut Look<'_>, hostname: &str) -> Result<Sources, Miss> {
    let mut sources = Sources::default();
    let mut waiting = vec!["/etc/sudoers".to_owned()];
    while let Some(path) = waiting.pop() {
        if sources.files.contains_key(&path) {
            continue;
        }
        if sources.files.len() == SUDO_FILE_LIMIT {
            return Err(Miss::new(
                ReasonClass::Limit,
                format!("more than {SUDO_FILE_LIMIT} files of sudo rules"),
            ));
        }
        let text = match look.read(&path) {
            // A missing include is an error of the configuration, found again when rules are read.
            Err(miss) if miss.is_not_present() && path != "/etc/sudoers" => continue,
            other => other?,
        };
        for line in text.lines() {
            match sudoers::include(line, hostname) {
                Some(Include::File(file)) => waiting.push(file),
                Some(Include::Folder(folder)) => {
                    let files = look.paths_in(&folder, sudoers::counts_in_folder)?;
                    waiting.extend(files.iter().cloned());
                    sources.folders.insert(folder, files);
                }
                None => {}
            }
        }
        sources.files.insert(path, text);
    }
    Ok(sources)
}

fn other_routes(look: &Look<'_>) -> Vec<String> {
    let mut routes = Vec::new();
    if look.has_program("doas") && (look.exists("/etc/doas.conf") || look.exists("/etc/doas.d")) {
        routes.push("doas".to_owned());
    }
    if look.has_program("pkexec") {
        routes.push("pkexec".to_owned());
    }
    routes
}

/// Reads PAM stacks and module settings.
pub(crate) fn pam(look: &mut Look<'_>) -> Pam {
    let result = pam_texts(look);
    match result {
        Ok((services, settings)) => pam_stacks::observe(&services, &settings),
        Err(miss) => {
            look.gap("pam", &miss);
            Pam::default()
        }
    }
}

type PamTexts = (BTreeMap<String, String>, BTreeMap<String, String>);

fn pam_texts(look: &mut Look<'_>) -> Result<PamTexts, Miss> {
    let paths = look.paths_in("/etc/pam.d", |name| !name.starts_with('.') && !name.ends_with('~'))?;
    if paths.is_empty() {
        return Err(Miss::new(ReasonClass::NotPresent, "/etc/pam.d has no services"));
    }
    let name = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
    let services =
        look.read_set("pam-stacks", &paths)?.into_iter().map(|(path, text)| (name(&path), text)).collect();
    let mut files = vec!["/etc/security/pwquality.conf".to_owned()];
    files.extend(look.paths_in("/etc/security/pwquality.conf.d", |name| name.ends_with(".conf"))?);
    files.extend(["/etc/security/faillock.conf", "/etc/security/pwhistory.conf"].map(str::to_owned));
    let mut settings: BTreeMap<String, String> = BTreeMap::new();
    for (path, text) in look.read_set("pam-settings", &files)? {
        let key = if path.contains("pwquality") { "pwquality.conf".to_owned() } else { name(&path) };
        let all = settings.entry(key).or_default();
        all.push_str(&text);
        all.push('\n');
    }
    Ok((services, settings))
}

/// Reads shell profiles.
pub(crate) fn session(look: &mut Look<'_>, pam: &Pam, accounts: Option<&Accounts>) -> Session {
    let files = profile_texts(look);
    let Some(files) = look.seen("session", files) else { return Session::default() };
    let found = profiles::observe(&files);
    // The last profile that sets it wins; several values may depend on conditions, then the loosest counts.
    let loosest =
        found.umasks.iter().filter_map(|text| text.split_once('=').map(|(_, value)| value.to_owned())).min();
    let defaults = accounts.and_then(|accounts| accounts.login_defs.clone());
    Session {
        shell_timeout_seconds: Some(found.timeout_seconds.unwrap_or(0)),
        shell_timeout_readonly: Some(found.timeout_readonly),
        umask: loosest.or_else(|| pam.umask.clone()).or_else(|| defaults.and_then(|defaults| defaults.umask)),
        profile_umasks: Some(found.umasks),
    }
}

fn profile_texts(look: &mut Look<'_>) -> Result<Vec<(String, String)>, Miss> {
    let mut paths = vec!["/etc/environment".to_owned(), "/etc/profile".to_owned()];
    paths.extend(look.paths_in("/etc/profile.d", |name| name.ends_with(".sh"))?);
    paths.extend(["/etc/bash.bashrc", "/etc/bashrc"].map(str::to_owned));
    look.read_set("shell-profiles", &paths)
}
