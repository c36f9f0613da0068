//! People and programs on the machine, and how they get their rights.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_with::skip_serializing_none;

use super::Moment;

/// Local accounts and groups.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Accounts {
    /// Accounts in the order of `/etc/passwd`.
    pub users: Option<Vec<User>>,
    /// Groups in the order of `/etc/group`.
    pub groups: Option<Vec<Group>>,
    /// User ids held by more than one account, sorted.
    pub duplicate_uids: Option<Vec<u32>>,
    /// Account names that occur more than once, sorted.
    pub duplicate_user_names: Option<Vec<String>>,
    /// Group ids held by more than one group, sorted.
    pub duplicate_gids: Option<Vec<u32>>,
    /// Group names that occur more than once, sorted.
    pub duplicate_group_names: Option<Vec<String>>,
    /// Lines of passwd or group that are not of the right form, as `file:line`.
    pub malformed_lines: Option<Vec<String>>,
    /// Directories of accounts beside the local files, from nsswitch, e.g. `sss`, `ldap`, `systemd`; sorted.
    pub other_sources: Option<Vec<String>>,
    /// Values of `/etc/login.defs`.
    pub login_defs: Option<LoginDefs>,
}

/// One local account.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// Login name.
    pub name: String,
    /// User id.
    pub uid: u32,
    /// Primary group id.
    pub gid: u32,
    /// Full name field, first part.
    pub comment: String,
    /// Home directory.
    pub home: String,
    /// Shell; `/bin/sh` when the field is empty.
    pub shell: String,
    /// Whether it is an account for a program: user id outside `UID_MIN`..`UID_MAX`, and not 0.
    pub is_system: bool,
    /// Whether the shell lets somebody work (not nologin, false, sync, shutdown or halt).
    pub is_login_capable: bool,
    /// Names of all groups, primary first, then sorted.
    pub groups: Vec<String>,
    /// State of the password field.
    pub password_state: Option<PasswordState>,
    /// Scheme of the stored hash by its prefix only; absent without a hash. `unknown` when not recognized.
    pub hash_scheme: Option<HashScheme>,
    /// Day of the last password change. Absent when never recorded.
    pub password_changed_at: Option<Moment>,
    /// Whether the next login must change the password.
    pub must_change_password: Option<bool>,
    /// Minimum days between changes.
    pub min_days: Option<i64>,
    /// Maximum days a password stays valid; absent means no limit.
    pub max_days: Option<i64>,
    /// Days of warning before.
    pub warn_days: Option<i64>,
    /// Days of grace after, then locked; absent means never.
    pub inactive_days: Option<i64>,
    /// Day the account expires; absent means never.
    pub expires_at: Option<Moment>,
    /// Whether a login was ever recorded; absent when login records are not readable.
    pub has_logged_in: Option<bool>,
    /// Day of the last recorded login, start of the day in UTC.
    pub last_login_at: Option<Moment>,
    /// What the home directory looks like; absent when it is not readable.
    pub home_state: Option<HomeState>,
}

/// A home directory from outside.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HomeState {
    /// Whether the directory exists.
    pub exists: bool,
    /// Permission bits in octal, e.g. `0750`.
    pub mode: Option<String>,
    /// Owner.
    pub owner_uid: Option<u32>,
    /// Whether group or others may write into it.
    pub is_writable_by_others: Option<bool>,
    /// Dotfiles directly in it that group or others may write, sorted.
    pub writable_dotfiles: Option<Vec<String>>,
}

/// State of a password field in shadow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PasswordState {
    /// A usable hash.
    Set,
    /// A hash behind a lock mark.
    Locked,
    /// No password possible (`*`, `!`, `!!`, `x` or other text that is no hash).
    Disabled,
    /// The field is empty: no password is asked for.
    Empty,
}

/// Scheme of a stored password hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HashScheme {
    /// `$y$`
    Yescrypt,
    /// `$gy$`
    GostYescrypt,
    /// `$7$`
    Scrypt,
    /// `$argon2id$` and relatives.
    Argon2,
    /// `$2b$` and relatives.
    Bcrypt,
    /// `$6$`
    Sha512,
    /// `$5$`
    Sha256,
    /// `$3$`
    Nt,
    /// `$1$`
    Md5,
    /// `$sha1$`
    Sha1,
    /// Traditional or extended DES.
    Des,
    /// Something else.
    Unknown,
}

/// One local group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Name.
    pub name: String,
    /// Group id.
    pub gid: u32,
    /// Members, by listing or as primary group, sorted.
    pub members: Vec<String>,
}

/// Values of `/etc/login.defs`; each absent when not set there.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LoginDefs {
    /// `PASS_MAX_DAYS`
    pub pass_max_days: Option<i64>,
    /// `PASS_MIN_DAYS`
    pub pass_min_days: Option<i64>,
    /// `PASS_WARN_AGE`
    pub pass_warn_age: Option<i64>,
    /// `PASS_MIN_LEN`
    pub pass_min_len: Option<i64>,
    /// `UID_MIN`
    pub uid_min: Option<u32>,
    /// `UID_MAX`
    pub uid_max: Option<u32>,
    /// `UMASK` in octal with four digits, e.g. `0022`.
    pub umask: Option<String>,
    /// `HOME_MODE` in octal.
    pub home_mode: Option<String>,
    /// `ENCRYPT_METHOD`
    pub encrypt_method: Option<String>,
}

/// Rights through sudo.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sudo {
    /// Whether sudo is installed.
    pub installed: Option<bool>,
    /// Rules in the order they are read, aliases expanded.
    pub rules: Option<Vec<SudoRule>>,
    /// Places that were not understood, as `file:line`. While there are any, `rules` is not the whole truth.
    pub parse_errors: Option<Vec<String>>,
    /// Defaults as written, without values that could be secrets, in reading order.
    pub defaults: Option<Vec<String>>,
    /// Accounts that may run every command as root, by any rule, group memberships resolved, sorted; root left out.
    pub full_privilege_users: Option<Vec<String>>,
    /// Whether a program from doas or polkit gives another route (`doas` configured), by name, sorted.
    pub other_routes: Option<Vec<String>>,
}

/// One sudo rule.
#[skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SudoRule {
    /// File.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Who: account, `%group`, `#uid`, `%#gid`, `+netgroup` or `ALL`; aliases expanded; negations keep their `!`.
    pub who: Vec<String>,
    /// Hosts.
    pub hosts: Vec<String>,
    /// Accounts it may run as; `root` when not written.
    pub run_as: Vec<String>,
    /// Commands; `ALL` for everything.
    pub commands: Vec<String>,
    /// Whether it asks for no authentication.
    pub nopasswd: bool,
    /// Whether it covers every command.
    pub all_commands: bool,
    /// Whether it reaches root (run as root or ALL).
    pub as_root: bool,
}

/// Pluggable authentication: passwords, lockout, second factors.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pam {
    /// Minimum password length that is enforced: pwquality or passwdqc, else `minlen` of `pam_unix` (6 by default).
    pub password_min_length: Option<i64>,
    /// Module that enforces it, e.g. `pam_pwquality`.
    pub password_quality_module: Option<String>,
    /// Minimum number of character classes, 0 when not asked for.
    pub password_min_classes: Option<i64>,
    /// Whether quality is also enforced on root.
    pub password_enforced_for_root: Option<bool>,
    /// Number of remembered passwords; 0 when reuse is not blocked.
    pub password_history: Option<i64>,
    /// Whether `nullok` lets accounts without password in.
    pub allows_empty_password: Option<bool>,
    /// Hash scheme for new passwords, e.g. `yescrypt`.
    pub hash_method: Option<String>,
    /// Whether failed attempts lock (faillock, tally2).
    pub lockout_enabled: Option<bool>,
    /// Module that locks.
    pub lockout_module: Option<String>,
    /// Failures until locked.
    pub lockout_attempts: Option<i64>,
    /// Seconds until unlocked, 0 when only an administrator unlocks.
    pub lockout_seconds: Option<i64>,
    /// Whether root is locked too.
    pub lockout_includes_root: Option<bool>,
    /// Microseconds of delay after a failure, from `pam_faildelay`.
    pub fail_delay_us: Option<i64>,
    /// Whether `su` is limited to a group.
    pub su_restricted: Option<bool>,
    /// The group, `wheel` or `root` when not named.
    pub su_group: Option<String>,
    /// Umask set by `pam_umask`, in octal with four digits.
    pub umask: Option<String>,
    /// Second factors asked for, sorted by service and module. Empty when none.
    pub second_factors: Option<Vec<SecondFactor>>,
    /// Services that were looked at for second factors and exist, sorted, e.g. `login`, `sshd`, `sudo`.
    pub services: Option<Vec<String>>,
}

/// A second factor in the stack of a service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SecondFactor {
    /// Service, e.g. `sshd`.
    pub service: String,
    /// Module, e.g. `pam_google_authenticator`.
    pub module: String,
    /// Whether it must succeed: required or requisite, and no `nullok` that lets accounts without the factor in.
    pub is_required: bool,
}

/// Idle time-out and default permissions of shells.
#[skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Session {
    /// `TMOUT` in seconds; 0 when no file sets it.
    pub shell_timeout_seconds: Option<i64>,
    /// Whether it is readonly.
    pub shell_timeout_readonly: Option<bool>,
    /// Umask in effect for logins in octal with four digits: shell profile, else PAM, else login.defs.
    pub umask: Option<String>,
    /// Umask in shell profiles as `file=value`, sorted.
    pub profile_umasks: Option<Vec<String>>,
}
