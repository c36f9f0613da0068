//! Reads passwd, group, shadow (hashes already taken out) and login.defs.

use std::collections::{BTreeMap, BTreeSet};

use tickmark_core::observation::host::Moment;
use tickmark_core::observation::host::account::{
    Accounts, Group, HashScheme, LoginDefs, PasswordState, User,
};

use crate::host::text::{octal_text, significant, sorted};
use crate::redact::MARK;

/// Seconds of a day.
const DAY: i64 = 86_400;

/// Texts of the files; absent ones could not be read.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Texts<'a> {
    pub(crate) passwd: &'a str,
    pub(crate) group: &'a str,
    pub(crate) shadow: Option<&'a str>,
    pub(crate) login_defs: Option<&'a str>,
    pub(crate) nsswitch: Option<&'a str>,
    /// Last login by user id.
    pub(crate) logins: Option<&'a BTreeMap<u32, Moment>>,
}

/// Puts the files together.
pub(crate) fn observe(texts: &Texts<'_>) -> Accounts {
    let mut malformed = Vec::new();
    let login_defs = texts.login_defs.map(login_defs);
    let limits = login_defs.clone().unwrap_or_default();
    let human = limits.uid_min.unwrap_or(1000)..=limits.uid_max.unwrap_or(60_000);
    let mut users = Vec::new();
    for (number, line) in significant(texts.passwd) {
        match user(line, &human) {
            Some(user) => users.push(user),
            // `+` and `-` lines ask another directory; nsswitch says which.
            None if line.starts_with(['+', '-']) => {}
            None => malformed.push(format!("/etc/passwd:{number}")),
        }
    }
    let mut groups = Vec::new();
    for (number, line) in significant(texts.group) {
        match group(line) {
            Some(group) => groups.push(group),
            None if line.starts_with(['+', '-']) => {}
            None => malformed.push(format!("/etc/group:{number}")),
        }
    }
    for group in &mut groups {
        group.members.extend(users.iter().filter(|user| user.gid == group.gid).map(|user| user.name.clone()));
        group.members.sort_unstable();
        group.members.dedup();
    }
    for user in &mut users {
        let mut names: Vec<&Group> =
            groups.iter().filter(|group| group.members.contains(&user.name)).collect();
        names.sort_by_key(|group| (group.gid != user.gid, group.name.clone()));
        user.groups = names.into_iter().map(|group| group.name.clone()).collect();
        user.groups.dedup();
        if let Some(logins) = texts.logins {
            let last = logins.get(&user.uid);
            user.has_logged_in = Some(last.is_some());
            user.last_login_at = last.map(|at| at.day());
        }
    }
    if let Some(shadow) = texts.shadow {
        let lines: BTreeMap<&str, &str> =
            significant(shadow).filter_map(|(_, line)| Some((line.split_once(':')?.0, line))).collect();
        for user in &mut users {
            match lines.get(user.name.as_str()) {
                Some(line) => apply_shadow(user, line),
                // `x` without a shadow entry: nothing can match.
                None => user.password_state = user.password_state.or(Some(PasswordState::Disabled)),
            }
        }
    }
    Accounts {
        duplicate_uids: Some(repeated(users.iter().map(|user| user.uid))),
        duplicate_user_names: Some(repeated(users.iter().map(|user| user.name.clone()))),
        duplicate_gids: Some(repeated(groups.iter().map(|group| group.gid))),
        duplicate_group_names: Some(repeated(groups.iter().map(|group| group.name.clone()))),
        malformed_lines: Some(malformed),
        other_sources: texts.nsswitch.map(other_sources),
        login_defs,
        users: Some(users),
        groups: Some(groups),
    }
}

fn user(line: &str, human: &std::ops::RangeInclusive<u32>) -> Option<User> {
    let fields: Vec<&str> = line.split(':').collect();
    let [name, password, uid, gid, comment, home, shell] = fields.as_slice() else { return None };
    let uid: u32 = uid.parse().ok()?;
    let shell = if shell.is_empty() { "/bin/sh" } else { shell };
    (!name.is_empty()).then_some(())?;
    // A password field other than `x` is used as it stands, without shadow.
    let (state, scheme) = if *password == "x" { (None, None) } else { password_field(password) };
    Some(User {
        name: (*name).to_owned(),
        uid,
        gid: gid.parse().ok()?,
        comment: comment.split(',').next().unwrap_or_default().to_owned(),
        home: (*home).to_owned(),
        shell: shell.to_owned(),
        is_system: uid != 0 && !human.contains(&uid),
        is_login_capable: is_login_shell(shell),
        groups: Vec::new(),
        password_state: state,
        hash_scheme: scheme,
        password_changed_at: None,
        must_change_password: None,
        min_days: None,
        max_days: None,
        warn_days: None,
        inactive_days: None,
        expires_at: None,
        has_logged_in: None,
        last_login_at: None,
        home_state: None,
    })
}

fn is_login_shell(shell: &str) -> bool {
    let name = shell.rsplit('/').next().unwrap_or(shell);
    !["nologin", "false", "true", "sync", "shutdown", "halt", "git-shell"].contains(&name)
}

fn group(line: &str) -> Option<Group> {
    let fields: Vec<&str> = line.split(':').collect();
    let [name, _, gid, members] = fields.as_slice() else { return None };
    let members = members.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned);
    (!name.is_empty()).then_some(Group {
        name: (*name).to_owned(),
        gid: gid.parse().ok()?,
        members: sorted(members.collect()),
    })
}

fn apply_shadow(user: &mut User, line: &str) {
    let fields: Vec<&str> = line.split(':').collect();
    let number = |index: usize| fields.get(index).and_then(|text| text.trim().parse::<i64>().ok());
    let day =
        |index: usize| number(index).filter(|days| *days >= 0).map(|days| Moment(days.saturating_mul(DAY)));
    if user.password_state.is_none() {
        (user.password_state, user.hash_scheme) = password_field(fields.get(1).copied().unwrap_or_default());
    }
    user.password_changed_at = day(2).filter(|at| at.0 > 0);
    user.must_change_password = Some(number(2) == Some(0));
    user.min_days = number(3).filter(|days| *days >= 0);
    // 99999 days is how "no limit" has always been written.
    user.max_days = number(4).filter(|days| (0..99_999).contains(days));
    user.warn_days = number(5).filter(|days| *days >= 0);
    user.inactive_days = number(6).filter(|days| *days >= 0);
    user.expires_at = day(7);
}

/// Reads a password field whose hash was replaced by a mark.
fn password_field(field: &str) -> (Option<PasswordState>, Option<HashScheme>) {
    if field.is_empty() {
        return (Some(PasswordState::Empty), None);
    }
    let hash = field.trim_start_matches('!');
    if !hash.contains(MARK) {
        return (Some(PasswordState::Disabled), None);
    }
    let scheme = match hash.strip_suffix(MARK) {
        Some("") => HashScheme::Des,
        Some(prefix) => scheme(prefix.trim_matches('$')),
        None => HashScheme::Unknown,
    };
    let state = if hash.len() == field.len() { PasswordState::Set } else { PasswordState::Locked };
    (Some(state), Some(scheme))
}

fn scheme(id: &str) -> HashScheme {
    match id {
        "y" => HashScheme::Yescrypt,
        "gy" => HashScheme::GostYescrypt,
        "7" => HashScheme::Scrypt,
        "2" | "2a" | "2b" | "2x" | "2y" => HashScheme::Bcrypt,
        "6" => HashScheme::Sha512,
        "5" => HashScheme::Sha256,
        "3" => HashScheme::Nt,
        "1" | "md5" => HashScheme::Md5,
        "sha1" => HashScheme::Sha1,
        id if id.starts_with("argon2") => HashScheme::Argon2,
        _ => HashScheme::Unknown,
    }
}

fn repeated<T: Ord>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut seen = BTreeSet::new();
    let mut twice = BTreeSet::new();
    for item in items {
        if let Some(item) = seen.replace(item) {
            twice.insert(item);
        }
    }
    twice.into_iter().collect()
}

/// Reads the keys of login.defs that matter.
pub(crate) fn login_defs(text: &str) -> LoginDefs {
    let value = |name: &str| {
        significant(text)
            .filter_map(|(_, line)| line.split_once(char::is_whitespace))
            .filter(|(key, _)| *key == name)
            .map(|(_, value)| value.trim())
            .last()
    };
    let number = |name: &str| value(name).and_then(|text| text.parse().ok());
    let id = |name: &str| value(name).and_then(|text| text.parse().ok());
    LoginDefs {
        pass_max_days: number("PASS_MAX_DAYS"),
        pass_min_days: number("PASS_MIN_DAYS"),
        pass_warn_age: number("PASS_WARN_AGE"),
        pass_min_len: number("PASS_MIN_LEN"),
        uid_min: id("UID_MIN"),
        uid_max: id("UID_MAX"),
        umask: value("UMASK").and_then(octal_text),
        home_mode: value("HOME_MODE").and_then(octal_text),
        encrypt_method: value("ENCRYPT_METHOD").map(str::to_owned),
    }
}

fn other_sources(text: &str) -> Vec<String> {
    let words = significant(text)
        .filter_map(|(_, line)| line.split_once(':'))
        .filter(|(name, _)| ["passwd", "group", "shadow"].contains(&name.trim()))
        .flat_map(|(_, value)| value.split_whitespace())
        .filter(|word| *word != "files" && !word.starts_with('['));
    sorted(words.map(str::to_owned).collect())
}

/// Reads records of `/var/log/lastlog`: 292 bytes per user id, the first four of them the time.
pub(crate) fn last_login(record: &[u8]) -> Option<Moment> {
    let bytes: [u8; 4] = record.get(..4)?.try_into().ok()?;
    let seconds = u32::from_ne_bytes(bytes);
    (seconds != 0).then(|| Moment(i64::from(seconds)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::{Layout, redact};

    #[test]
    fn accounts_of_a_small_host() {
        let shadow = redact(include_bytes!("../../../fixtures/shadow.txt"), Layout::Shadow).text;
        let logins = BTreeMap::from([(1001, Moment(1_795_531_500))]);
        let facts = observe(&Texts {
            passwd: include_str!("../../../fixtures/passwd.txt"),
            group: include_str!("../../../fixtures/group.txt"),
            shadow: Some(&shadow),
            login_defs: Some(include_str!("../../../fixtures/login.defs.txt")),
            nsswitch: Some("passwd: files systemd sss\nhosts: files dns\n"),
            logins: Some(&logins),
        });
        insta::assert_json_snapshot!(facts);
    }

    #[test]
    fn without_shadow_nothing_is_claimed_about_passwords() {
        let facts = observe(&Texts { passwd: "a:x:1000:1000::/home/a:\nb::1001:1:::\n", ..Texts::default() });
        let users = facts.users.expect("users");
        assert_eq!(users[0].password_state, None);
        assert_eq!(users[0].shell, "/bin/sh");
        // An empty field in passwd itself is seen without shadow.
        assert_eq!(users[1].password_state, Some(PasswordState::Empty));
    }

    #[test]
    fn strange_lines_are_named() {
        let facts = observe(&Texts {
            passwd: "a:b\n:x:0:0:::\nc:x:-1:0:::\n+::::::\n",
            group: "g:x:\n",
            ..Texts::default()
        });
        assert_eq!(facts.users, Some(Vec::new()));
        let expected = ["/etc/passwd:1", "/etc/passwd:2", "/etc/passwd:3", "/etc/group:1"];
        assert_eq!(facts.malformed_lines.expect("lines"), expected);
    }
}
