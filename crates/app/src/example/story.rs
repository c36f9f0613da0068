//! What happened in the year: single fields of facts change for a spell, and looks fail.
//!
//! Moments are shares of the length of the story, so a short one tells the same as a long one. `docs/operate/example.md`
//! tells it to people; a change here is a change there.

use std::ops::Range;

use tickmark_core::observation::host::HostFacts;
use tickmark_core::observation::host::account::{PasswordState, SudoRule};
use tickmark_core::observation::host::network::Family;
use tickmark_core::observation::host::network::Scope;
use tickmark_core::observation::{Gap, ReasonClass};

use super::company::{LEAVER, Role};
use super::facts::{Look, any_source, ruleset, update};

/// Days on which things happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Story {
    days: u32,
    /// Days on which no run came to an end.
    pub(super) missed_runs: Vec<u32>,
    /// Core dumps are switched off everywhere at the end of this spell.
    core_dumps: Range<u32>,
    /// The audit rules are locked everywhere at the end of this spell.
    audit_unlocked: Range<u32>,
    /// Files of web hosts are watched from the end of this spell on.
    files_unwatched: Range<u32>,
    /// The database of one host could be reached from everywhere.
    open_database: Range<u32>,
    /// Root could log in to one host by SSH.
    pub(super) root_login: Range<u32>,
    /// The collector could not read the audit trail and sudo of application hosts.
    not_permitted: Range<u32>,
    /// Nobody looked at one host.
    not_looked_at: Range<u32>,
    /// Day from which idle sessions must end after a quarter of an hour.
    pub(super) idle_limit_from: u32,
    /// Hosts followed some days later.
    idle_too_long: Range<u32>,
    /// Security updates waited on application hosts.
    updates_wait: Range<u32>,
    /// Backups of one host failed, longer than the company accepts for any host.
    backup_fails: Range<u32>,
    /// First day on which the leaver is gone.
    pub(super) leaver_gone_on: u32,
    /// Two hosts kept the leaver's account.
    leaver_kept: Range<u32>,
    /// One host lost its time source.
    time_lost: Range<u32>,
    /// One data host ran out of space.
    disk_full: Range<u32>,
    /// One web host has a sudo rule without a password.
    nopasswd: Range<u32>,
}

impl Story {
    /// Lays the story over `days` days.
    pub(super) fn over(days: u32) -> Self {
        let at = |permille: u32| days * permille / 1000;
        let spell = |permille: u32, length: u32| {
            let from = at(permille);
            from..from + length.min((days / 8).max(1))
        };
        let idle_limit_from = at(500);
        let leaver_gone_on = at(700);
        Self {
            days,
            missed_runs: vec![at(150), at(720)],
            core_dumps: 0..at(190),
            audit_unlocked: 0..at(390),
            files_unwatched: 0..at(290),
            open_database: spell(250, 3),
            root_login: spell(330, 9),
            not_permitted: spell(450, 7),
            idle_limit_from,
            idle_too_long: 0..idle_limit_from + 3,
            not_looked_at: spell(530, 14),
            updates_wait: spell(600, 35),
            backup_fails: spell(640, 15),
            leaver_gone_on,
            leaver_kept: leaver_gone_on..leaver_gone_on + 5,
            time_lost: spell(800, 5),
            disk_full: spell(880, 12),
            nopasswd: at(945)..days,
        }
    }

    /// Tells whether a host can be reached on a day.
    pub(super) fn is_reached(&self, look: &Look<'_>) -> bool {
        !(self.not_looked_at.contains(&look.day) && is_one(look, Role::Web, 2))
    }

    /// Changes what a look finds as the story says.
    pub(super) fn tell(&self, look: &Look<'_>, facts: &mut HostFacts) {
        let on = |spell: &Range<u32>| spell.contains(&look.day);
        self.people(look, facts);
        self.mending(look, facts);
        if on(&self.open_database) && is_one(look, Role::Data, 2) {
            open_to_everybody(5432, facts);
        }
        if on(&self.root_login) && is_one(look, Role::Web, 3) {
            with(&mut facts.sshd, |sshd| sshd.permit_root_login = Some("yes".into()));
        }
        if on(&self.updates_wait) && look.is(Role::App) {
            let since = self.updates_wait.start.max(look.host.joins);
            with(&mut facts.updates, |updates| {
                let waiting = ["larkspur-tls", "libssl3"].map(|name| update(name, since, look));
                updates.pending_security = Some(2);
                updates.pending = Some(waiting.to_vec());
            });
        }
        if on(&self.backup_fails) && is_one(look, Role::Data, 1) {
            let last_good = look.on(self.backup_fails.start.saturating_sub(1)).0 - 3600;
            with(&mut facts.backup, |backup| {
                for job in backup.jobs.iter_mut().flatten().filter(|job| job.actions == ["backup"]) {
                    job.last_run_succeeded = Some(false);
                    job.last_success_at = Some(tickmark_core::observation::host::Moment(last_good));
                }
                for repository in backup.repositories.iter_mut().flatten() {
                    repository.newest_snapshot_at = Some(tickmark_core::observation::host::Moment(last_good));
                }
            });
        }
        if on(&self.time_lost) && is_one(look, Role::App, 2) {
            with(&mut facts.time_sync, |time| {
                time.synchronized = Some(false);
                time.selected_source = None;
                time.offset_ms_at_most = Some(2000);
                time.leap = Some("not_synchronized".into());
            });
        }
        if on(&self.disk_full) && is_one(look, Role::Data, 1) {
            with(&mut facts.usage, |usage| {
                for filesystem in usage.filesystems.iter_mut().flatten().filter(|entry| entry.target != "/") {
                    filesystem.free_percent = 5;
                }
            });
        }
        if on(&self.nopasswd) && is_one(look, Role::Web, 1) {
            with(&mut facts.sudo, |sudo| {
                let mut rule: SudoRule =
                    sudo.rules.iter().flatten().next_back().expect("base has rules").clone();
                rule.file = "/etc/sudoers.d/deploy".into();
                rule.line = 1;
                rule.nopasswd = true;
                sudo.rules.get_or_insert_default().push(rule);
            });
        }
        if on(&self.not_permitted) && look.is(Role::App) {
            facts.audit = None;
            facts.sudo = None;
            let gap = |path: &str, detail: &str| Gap {
                path: path.into(),
                reason: ReasonClass::NotPermitted,
                detail: detail.into(),
            };
            facts.gaps = vec![
                gap("audit", "auditctl -s: exit status 4, operation not permitted"),
                gap("sudo", "reading /etc/sudoers: permission denied"),
            ];
        }
    }

    /// The leaver's account.
    fn people(&self, look: &Look<'_>, facts: &mut HostFacts) {
        if look.day < self.leaver_gone_on {
            return;
        }
        let keeps = self.leaver_kept.contains(&look.day)
            && (is_one(look, Role::App, 1) || is_one(look, Role::Web, 1));
        if keeps {
            return;
        }
        let account = LEAVER.account.expect("has one");
        with(&mut facts.accounts, |accounts| {
            accounts.users.iter_mut().for_each(|users| users.retain(|user| user.name != account));
            for groups in accounts.groups.iter_mut() {
                groups.retain(|group| group.name != account);
                groups.iter_mut().for_each(|group| group.members.retain(|member| member != account));
            }
        });
        with(&mut facts.authorized_keys, |keys| {
            keys.keys.iter_mut().for_each(|keys| keys.retain(|key| key.user != account));
            keys.files.iter_mut().for_each(|files| files.retain(|file| file.user != account));
        });
        with(&mut facts.sudo, |sudo| {
            sudo.full_privilege_users.iter_mut().for_each(|users| users.retain(|user| user != account));
        });
    }

    /// What was not in order at first and was mended everywhere, and what the newest host still lacks.
    fn mending(&self, look: &Look<'_>, facts: &mut HostFacts) {
        let is_late = look.host.joins > self.days / 2;
        if self.core_dumps.contains(&look.day) || is_late {
            with(&mut facts.sysctl, |sysctl| sysctl.fs_suid_dumpable = Some(2));
        }
        if self.audit_unlocked.contains(&look.day) {
            with(&mut facts.audit, |audit| {
                audit.immutable = Some(false);
                audit.configured_immutable = Some(false);
            });
        }
        if self.files_unwatched.contains(&look.day) && look.is(Role::Web) {
            with(&mut facts.protection, |protection| {
                protection.products.iter_mut().for_each(|products| products.retain(|p| p.name != "aide"));
            });
        }
        if self.idle_too_long.contains(&look.day) {
            with(&mut facts.sshd, |sshd| {
                sshd.client_alive_count_max = Some(5);
                sshd.idle_limit_seconds = Some(1500);
            });
        }
        if is_late {
            with(&mut facts.accounts, |accounts| {
                for user in accounts.users.iter_mut().flatten().filter(|user| user.name == "root") {
                    user.password_state = Some(PasswordState::Set);
                    user.hash_scheme = Some(tickmark_core::observation::host::account::HashScheme::Yescrypt);
                    user.has_logged_in = Some(true);
                    user.last_login_at = Some(look.on(look.host.joins).day());
                }
            });
        }
    }
}

fn is_one(look: &Look<'_>, role: Role, serial: u32) -> bool {
    look.host.role == role && look.host.serial == serial
}

/// Changes a section that is there.
fn with<T>(section: &mut Option<T>, change: impl FnOnce(&mut T)) {
    if let Some(section) = section {
        change(section);
    }
}

fn open_to_everybody(port: u16, facts: &mut HostFacts) {
    with(&mut facts.firewall, |firewall| {
        let opened = any_source(Family::Ip4, port);
        debug_assert_eq!(opened.scope, Scope::Any);
        for entry in firewall.open_ports.iter_mut().flatten().filter(|entry| entry.first_port == port) {
            *entry = opened.clone();
        }
        firewall.open_to_any = Some(vec![format!("ip4 tcp {port}-{port}")]);
        firewall.ruleset_digest = Some(ruleset("data, opened by hand"));
        firewall.persistent_matches = Some(false);
    });
}
