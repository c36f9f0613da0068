//! Finds backup tools, the jobs that run them, and the repositories they write to.

use std::collections::BTreeSet;

use tickmark_core::observation::ReasonClass;
use tickmark_core::observation::host::Moment;
use tickmark_core::observation::host::operation::{Backup, BackupJob, BackupRepository};

use super::fetch::crontab_folder;
use super::services::is_enabled;
use crate::host::look::{Look, Miss};
use crate::host::text::{assignment, ini_values, significant, sorted, unquoted};

const TOOLS: [&str; 16] = [
    "restic",
    "borg",
    "borgmatic",
    "duplicity",
    "duply",
    "rsnapshot",
    "rdiff-backup",
    "kopia",
    "backupninja",
    "pgbackrest",
    "barman",
    "wal-g",
    "bacula-fd",
    "bareos-fd",
    "proxmox-backup-client",
    "automysqlbackup",
];
/// Longest script read to see which tool it runs.
const SCRIPT_LIMIT: usize = 64 * 1024;
/// Units looked at, at most.
const UNIT_LIMIT: usize = 500;
/// Snapshots of one local repository looked at, at most.
const SNAPSHOT_LIMIT: usize = 100_000;

/// A scheduled command before it is known to be a backup.
#[derive(Clone, Debug, PartialEq)]
struct Command {
    name: String,
    scheduler: &'static str,
    schedule: String,
    enabled: bool,
    text: String,
    unit: Option<String>,
}

/// Reads what this host knows about its backups.
pub(crate) fn backup(look: &mut Look<'_>) -> Backup {
    let tools = TOOLS.iter().filter(|tool| look.has_program(tool)).map(|tool| (*tool).to_owned());
    let mut facts = Backup { tools: Some(sorted(tools.collect())), ..Backup::default() };
    let commands = commands(look);
    let Some(commands) = look.seen("backup.jobs", commands) else { return facts };
    let mut repositories: Vec<(String, String)> = Vec::new();
    let mut jobs = Vec::new();
    for command in &commands {
        let text = with_script(look, &command.text);
        let Some(tool) = tool_in(&text) else { continue };
        repositories.extend(repositories_in(tool, &text));
        jobs.push(job(look, command, tool, &text));
    }
    jobs.sort_by(|one, two| one.name.cmp(&two.name));
    repositories.sort_unstable();
    repositories.dedup();
    let mut found = Vec::new();
    for (tool, address) in repositories {
        found.push(repository(look, &tool, &address));
    }
    found.sort_by(|one, two| one.address.cmp(&two.address));
    // Cron keeps no result: where all of a tool's repositories are local, their newest snapshot tells of success.
    for job in jobs
        .iter_mut()
        .filter(|job| job.last_success_at.is_none() && job.actions.iter().any(|one| one == "backup"))
    {
        let own: Vec<&BackupRepository> = found.iter().filter(|one| one.tool == job.tool).collect();
        if let [only] = own.as_slice() {
            job.last_success_at = only.newest_snapshot_at;
        }
    }
    facts.jobs = Some(jobs);
    facts.repositories = Some(found);
    facts
}

/// Collects scheduled commands of systemd timers and of cron.
fn commands(look: &mut Look<'_>) -> Result<Vec<Command>, Miss> {
    let mut found = timer_commands(look)?;
    let mut tables = vec!["/etc/crontab".to_owned()];
    tables.extend(look.paths_in("/etc/cron.d", |name| !name.starts_with('.'))?);
    for (path, text) in look.read_set("cron-tables", &tables)? {
        found.extend(cron_commands(&path, &text, true));
    }
    let (folder, names) = crontab_folder(look)?;
    let own: Vec<String> = names.iter().map(|name| format!("{folder}/{name}")).collect();
    for (path, text) in look.read_set("cron-tables-of-accounts", &own)? {
        found.extend(cron_commands(&path, &text, false));
    }
    for period in ["hourly", "daily", "weekly", "monthly"] {
        for path in look.paths_in(&format!("/etc/cron.{period}"), |name| !name.starts_with('.'))? {
            let enabled = look.stat(&path).is_ok_and(|stat| stat.mode & 0o111 != 0);
            found.push(Command {
                name: path.clone(),
                scheduler: "cron",
                schedule: period.to_owned(),
                enabled,
                text: path,
                unit: None,
            });
        }
    }
    Ok(found)
}

fn timer_commands(look: &mut Look<'_>) -> Result<Vec<Command>, Miss> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    // What the administrator wrote stands before what packages bring.
    for folder in [
        "/etc/systemd/system",
        "/usr/local/lib/systemd/system",
        "/usr/lib/systemd/system",
        "/lib/systemd/system",
    ] {
        for timer in look.paths_in(folder, |name| name.ends_with(".timer"))?.into_iter().take(UNIT_LIMIT) {
            let name = timer.rsplit('/').next().unwrap_or(&timer).to_owned();
            if !seen.insert(name.clone()) {
                continue;
            }
            let text = String::from_utf8_lossy(&look.bytes(&timer).unwrap_or_default()).into_owned();
            let default = name.replace(".timer", ".service");
            let service =
                ini_values(&text, "Timer", "Unit").last().map_or(default, |unit| (*unit).to_owned());
            let schedule = ["OnCalendar", "OnUnitActiveSec", "OnBootSec"]
                .iter()
                .flat_map(|key| ini_values(&text, "Timer", key))
                .collect::<Vec<_>>()
                .join("; ");
            let Some(path) = ["/etc/systemd/system", "/usr/local/lib/systemd/system", folder]
                .iter()
                .map(|folder| format!("{folder}/{service}"))
                .find(|path| look.exists(path))
            else {
                continue;
            };
            let raw = String::from_utf8_lossy(&look.bytes(&path).unwrap_or_default()).into_owned();
            if tool_in(&with_script(look, &raw)).is_none() {
                continue;
            }
            // Only units that are about backups are kept, redacted.
            let text = look.read(&path)?;
            found.push(Command {
                enabled: is_enabled(look, &name),
                name,
                scheduler: "systemd",
                schedule,
                text,
                unit: Some(service),
            });
        }
    }
    Ok(found)
}

/// Reads cron lines: five fields or `@daily`, then the account in system tables, then the command.
fn cron_commands(path: &str, text: &str, has_account: bool) -> Vec<Command> {
    significant(text)
        .filter_map(|(number, line)| {
            let fields = if line.starts_with('@') { 1 } else { 5 };
            let is_entry = line.starts_with(|c: char| c.is_ascii_digit() || c == '*' || c == '@');
            let words: Vec<&str> = line.split_whitespace().collect();
            let skipped = fields + usize::from(has_account);
            (is_entry && words.len() > skipped).then(|| Command {
                name: format!("{path}:{number}"),
                scheduler: "cron",
                schedule: words[..fields].join(" "),
                enabled: true,
                text: words[skipped..].join(" "),
                unit: None,
            })
        })
        .collect()
}

/// Adds the text of scripts that a command names, redacted, because tools are mostly run through a script.
fn with_script(look: &Look<'_>, text: &str) -> String {
    let mut all = text.to_owned();
    let starts = text.split_whitespace().map(|word| unquoted(word.trim_start_matches(['-', '@', '+', '!'])));
    for path in starts.filter(|word| word.starts_with('/') || word.contains("=/")).take(20) {
        let path = path.rsplit_once('=').map_or(path, |(_, path)| path);
        // Programs are larger or no text; key and password files are not scripts.
        let is_script = look.stat(path).is_ok_and(|stat| stat.is_file && stat.mode & 0o111 != 0);
        let is_settings = path.ends_with(".env") || path.contains("/default/") || path.ends_with(".conf");
        if !is_script && !is_settings {
            continue;
        }
        let Ok(bytes) = look.bytes_up_to(path, SCRIPT_LIMIT) else { continue };
        if is_settings || bytes.starts_with(b"#!") {
            all.push('\n');
            all.push_str(&crate::redact::redact(&bytes, crate::redact::Layout::Text).text);
        }
    }
    all
}

/// Names the first tool that a text runs.
fn tool_in(text: &str) -> Option<&'static str> {
    let mut words = text.lines().filter(|line| !line.trim_start().starts_with('#')).flat_map(|line| {
        line.split(|c: char| c.is_whitespace() || "=;|&()\"'`".contains(c)).collect::<Vec<_>>()
    });
    words.find_map(|word| {
        let name = word.rsplit('/').next().unwrap_or(word);
        // A place like `/etc/restic` is no command.
        let is_command = !word.contains('/') || word.contains("bin/");
        TOOLS.iter().find(|tool| is_command && **tool == name).copied()
    })
}

fn job(look: &mut Look<'_>, command: &Command, tool: &str, text: &str) -> BackupJob {
    let has =
        |word: &str| text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').any(|one| one == word);
    let mut actions: Vec<String> = ["check", "forget", "prune", "restore", "verify"]
        .iter()
        .filter(|action| has(action) || has(&format!("--{action}")))
        .map(|action| (*action).to_owned())
        .collect();
    let simple =
        ["rsnapshot", "borgmatic", "backupninja", "duplicity", "duply", "automysqlbackup"].contains(&tool);
    if has("backup") || (tool == "borg" && has("create")) || simple || (tool == "kopia" && has("create")) {
        actions.push("backup".to_owned());
    }
    let (last_run_succeeded, last_success_at) = match &command.unit {
        Some(unit) => last_run(look, unit),
        None => (None, None),
    };
    BackupJob {
        name: command.name.clone(),
        tool: tool.to_owned(),
        scheduler: command.scheduler.to_owned(),
        schedule: command.schedule.clone(),
        enabled: command.enabled,
        actions: sorted(actions),
        retention: retention(text),
        last_run_succeeded,
        last_success_at,
    }
}

/// Collects `--keep-daily 7` and the like, each as one text.
fn retention(text: &str) -> Vec<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let found = words.iter().enumerate().filter_map(|(at, word)| {
        let word = word.trim_matches(['"', '\'']);
        if !word.starts_with("--keep-") && !word.starts_with("keep_") {
            return None;
        }
        match word.split_once(['=', ':']) {
            Some((name, value)) if !value.is_empty() => Some(format!("{name} {value}")),
            Some((name, _)) => words.get(at + 1).map(|value| format!("{name} {value}")),
            None => words.get(at + 1).map(|value| format!("{word} {value}")),
        }
    });
    sorted(found.collect())
}

/// Asks systemd for the result of the last run.
fn last_run(look: &mut Look<'_>, unit: &str) -> (Option<bool>, Option<Moment>) {
    if !look.exists("/run/systemd/system") {
        return (None, None);
    }
    let properties = "--property=Result,ExecMainStatus,ExecMainExitTimestamp";
    let arguments = ["show", unit, properties, "--timestamp=unix", "--no-pager"];
    let text = look.run("systemd-backup-unit", "systemctl", &arguments);
    let Some(text) = look.seen("backup.jobs.last_run_succeeded", text) else { return (None, None) };
    let at = assignment(&text, "ExecMainExitTimestamp")
        .and_then(|value| value.strip_prefix('@')?.parse().ok())
        .map(Moment);
    // A unit that never ran has the result of success and no moment.
    let Some(at) = at else { return (None, None) };
    let succeeded =
        assignment(&text, "Result") == Some("success") && assignment(&text, "ExecMainStatus") == Some("0");
    (Some(succeeded), succeeded.then_some(at))
}

/// Finds addresses of repositories: variables, options, and `ssh://` or `s3:` words of borg and restic.
fn repositories_in(tool: &str, text: &str) -> Vec<(String, String)> {
    const VARIABLES: [&str; 3] = ["RESTIC_REPOSITORY", "BORG_REPO", "PBS_REPOSITORY"];
    let mut found = Vec::new();
    let words: Vec<&str> = text.split_whitespace().map(|word| word.trim_matches(['"', '\'', ';'])).collect();
    for (at, word) in words.iter().enumerate() {
        let value = VARIABLES.iter().find_map(|name| {
            let rest = &word[word.find(name)?..];
            rest.strip_prefix(name)?.strip_prefix('=')
        });
        let option = match *word {
            "-r" | "--repo" | "--repository" => words.get(at + 1).copied(),
            _ => word.strip_prefix("--repo="),
        };
        let address = value.or(option).map(|address| address.trim_matches(['"', '\'']));
        found.extend(
            address.filter(|address| !address.is_empty() && !address.starts_with('$')).map(str::to_owned),
        );
        if tool == "borg" && word.contains("::") && !word.starts_with("::") {
            found.extend(word.split("::").next().map(str::to_owned));
        }
    }
    found.into_iter().map(|address| (tool.to_owned(), address)).collect()
}

fn repository(look: &mut Look<'_>, tool: &str, address: &str) -> BackupRepository {
    let kind = kind_of(address);
    let is_local = kind == "local";
    let mut found = BackupRepository {
        tool: tool.to_owned(),
        address: address.to_owned(),
        kind: kind.to_owned(),
        is_offsite: !is_local,
        // Restic knows no repository without encryption.
        encrypted: (tool == "restic").then_some(true),
        append_only: None,
        snapshots: None,
        newest_snapshot_at: None,
        oldest_snapshot_at: None,
    };
    let path = address.strip_prefix("local:").unwrap_or(address);
    if is_local {
        let state = match tool {
            "restic" => restic_snapshots(look, path, &mut found),
            "borg" => borg_state(look, path, &mut found),
            _ => Ok(()),
        };
        if let Err(miss) = state {
            look.gap("backup.repositories", &miss);
        }
    }
    found
}

fn kind_of(address: &str) -> &'static str {
    let kinds = [
        ("sftp:", "sftp"),
        ("ssh://", "ssh"),
        ("s3:", "s3"),
        ("rest:", "rest"),
        ("rclone:", "rclone"),
        ("azure:", "azure"),
        ("gs:", "gs"),
        ("b2:", "b2"),
        ("swift:", "swift"),
    ];
    let known = kinds.iter().find(|(start, _)| address.starts_with(start)).map(|(_, kind)| *kind);
    // `user@host:path` is how borg writes SSH.
    let has_host = address
        .split_once(':')
        .is_some_and(|(host, _)| !host.contains('/') && !host.is_empty() && host != "local");
    known.unwrap_or(if has_host { "ssh" } else { "local" })
}

/// Each snapshot is one file whose time is that of the snapshot; reading them needs no password.
fn restic_snapshots(look: &Look<'_>, path: &str, found: &mut BackupRepository) -> Result<(), Miss> {
    let folder = format!("{path}/snapshots");
    let entries = std::fs::read_dir(look.under_root(&folder)).map_err(|error| {
        let reason = match error.kind() {
            std::io::ErrorKind::PermissionDenied => ReasonClass::NotPermitted,
            _ => ReasonClass::NotPresent,
        };
        Miss::new(reason, format!("{folder} could not be listed"))
    })?;
    let mut moments = Vec::new();
    for entry in entries.flatten() {
        if moments.len() == SNAPSHOT_LIMIT {
            return Err(Miss::new(
                ReasonClass::Limit,
                format!("more than {SNAPSHOT_LIMIT} snapshots in {path}"),
            ));
        }
        if let Ok(metadata) =
            entry.metadata().map(|metadata| std::os::unix::fs::MetadataExt::mtime(&metadata))
        {
            moments.push(Moment(metadata));
        }
    }
    found.snapshots = u32::try_from(moments.len()).ok();
    found.newest_snapshot_at = moments.iter().max().copied();
    found.oldest_snapshot_at = moments.iter().min().copied();
    Ok(())
}

/// A repository keeps its key in its settings when encrypted by `repokey`; other modes cannot be told from here.
fn borg_state(look: &Look<'_>, path: &str, found: &mut BackupRepository) -> Result<(), Miss> {
    let text = String::from_utf8_lossy(&look.bytes(&format!("{path}/config"))?).into_owned();
    let value = |name: &str| ini_values(&text, "repository", name).last().map(|value| (*value).to_owned());
    found.encrypted = value("key").is_some().then_some(true);
    found.append_only = value("append_only").map(|value| value == "1");
    // The index is written anew at the end of every transaction.
    let newest = look.paths_in(path, |name| name.starts_with("index."))?;
    found.newest_snapshot_at =
        newest.iter().filter_map(|path| look.stat(path).ok()).map(|stat| stat.modified_at).max();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tools_are_found_in_commands() {
        let check = |text, expected| assert_eq!(tool_in(text), expected, "{text}");
        check("ExecStart=/usr/bin/restic backup /srv\n", Some("restic"));
        check("test -x /usr/sbin/anacron || borg create ::x /", Some("borg"));
        check("# restic backup\ncat /etc/restic/README\n", None);
        check("echo restic-is-nice", None);
    }

    #[test]
    fn cron_lines_are_taken_apart() {
        let found = cron_commands(
            "/etc/cron.d/b",
            "MAILTO=x\n30 2 * * * root restic backup /\n@daily root borg create\n* *\n",
            true,
        );
        let lines: Vec<_> =
            found.iter().map(|one| format!("{} | {} | {}", one.name, one.schedule, one.text)).collect();
        assert_eq!(
            lines,
            ["/etc/cron.d/b:2 | 30 2 * * * | restic backup /", "/etc/cron.d/b:3 | @daily | borg create"]
        );
    }

    #[test]
    fn repositories_and_retention_are_found() {
        let text = "Environment=\"RESTIC_REPOSITORY=s3:https://s3.example/b\"\nExecStart=restic -r sftp:u@h:/r forget --keep-daily 7 --keep-weekly=4\n";
        let found = repositories_in("restic", text);
        let kinds: Vec<_> = found.iter().map(|(_, address)| (address.as_str(), kind_of(address))).collect();
        assert_eq!(kinds, [("s3:https://s3.example/b", "s3"), ("sftp:u@h:/r", "sftp")]);
        assert_eq!(retention(text), ["--keep-daily 7", "--keep-weekly 4"]);
        assert_eq!(repositories_in("borg", "borg create backup@host:repo::{now} /")[0].1, "backup@host:repo");
        assert_eq!(
            (kind_of("backup@host:repo"), kind_of("/srv/r"), kind_of("local:/srv/r")),
            ("ssh", "local", "local")
        );
    }
}
