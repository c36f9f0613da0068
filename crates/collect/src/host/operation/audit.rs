//! Reads audit rules as `auditctl -l` writes them and as rule files have them.

use tickmark_core::observation::host::operation::AuditRecords;

use crate::host::text::significant;

/// State of the kernel's audit system, from `auditctl -s`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct State {
    /// 0 off, 1 on, 2 on and locked.
    pub(crate) enabled: Option<u32>,
    /// Process of the daemon; 0 when none listens.
    pub(crate) pid: Option<u32>,
}

/// Reads `name value` lines.
pub(crate) fn state(text: &str) -> State {
    let value = |name: &str| {
        text.lines().find_map(|line| {
            line.strip_prefix(name)?.strip_prefix(' ')?.split_whitespace().next()?.parse().ok()
        })
    };
    State { enabled: value("enabled"), pid: value("pid") }
}

/// Lists loaded rules; `No rules` is an empty list.
pub(crate) fn loaded(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|line| line.starts_with('-')).map(str::to_owned).collect()
}

/// Lists rules of files: watches and system calls, without settings of the daemon.
pub(crate) fn configured(texts: &[(String, String)]) -> Vec<String> {
    texts
        .iter()
        .flat_map(|(_, text)| significant(text))
        .map(|(_, line)| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .filter(|line| line.starts_with("-w ") || line.starts_with("-a ") || line.starts_with("-A "))
        .collect()
}

/// Tells whether files end by locking the configuration.
pub(crate) fn locks(texts: &[(String, String)]) -> bool {
    let last = texts
        .iter()
        .flat_map(|(_, text)| significant(text))
        .filter_map(|(_, line)| line.strip_prefix("-e"))
        .last();
    last.is_some_and(|value| value.trim() == "2")
}

/// Says which events the rules record.
pub(crate) fn records(rules: &[String]) -> AuditRecords {
    let writes = |path: &str| rules.iter().any(|rule| watches(rule, path));
    let calls = |names: &[&str]| {
        rules.iter().any(|rule| is_exit_rule(rule) && names.iter().any(|name| has_call(rule, name)))
    };
    let [passwd, shadow, group, gshadow] =
        ["passwd", "shadow", "group", "gshadow"].map(|name| writes(&format!("/etc/{name}")));
    let sudoers = writes("/etc/sudoers") && writes("/etc/sudoers.d/x");
    AuditRecords {
        passwd,
        shadow,
        group,
        gshadow,
        sudoers,
        opasswd: writes("/etc/security/opasswd"),
        identity_files: passwd && shadow && group && gshadow && sudoers,
        privileged_commands: rules.iter().any(|rule| is_privileged(rule)),
        time_change: calls(&["clock_settime"]) && calls(&["adjtimex", "settimeofday"]),
        kernel_modules: calls(&["init_module", "finit_module"]),
        sessions: ["/var/run/utmp", "/run/utmp", "/var/log/wtmp", "/var/log/btmp", "/var/log/lastlog"]
            .iter()
            .any(|path| writes(path)),
    }
}

/// Whether a rule watches writes to a file, itself or through a folder above.
fn watches(rule: &str, path: &str) -> bool {
    let words: Vec<&str> = rule.split_whitespace().collect();
    let after = |flag: &str| words.windows(2).find(|pair| pair[0] == flag).map(|pair| pair[1]);
    let field = |name: &str| {
        words.windows(2).filter(|pair| pair[0] == "-F").find_map(|pair| pair[1].strip_prefix(name))
    };
    let (watched, permissions) = match after("-w") {
        Some(path) => (path, after("-p").unwrap_or("rwxa")),
        None => match field("path=").or_else(|| field("dir=")) {
            Some(path) if is_exit_rule(rule) => (path, field("perm=").unwrap_or("rwxa")),
            _ => return false,
        },
    };
    let watched = watched.trim_end_matches('/');
    let covers = path == watched || path.strip_prefix(watched).is_some_and(|rest| rest.starts_with('/'));
    covers && permissions.contains('w')
}

/// A rule that records (not `never`) when a call ends.
fn is_exit_rule(rule: &str) -> bool {
    let mut words = rule.split_whitespace();
    let is_add = matches!(words.next(), Some("-a" | "-A"));
    let list = words.next().unwrap_or_default();
    is_add && list.contains("exit") && list.contains("always")
}

fn has_call(rule: &str, name: &str) -> bool {
    let words: Vec<&str> = rule.split_whitespace().collect();
    words
        .windows(2)
        .filter(|pair| pair[0] == "-S")
        .any(|pair| pair[1].split(',').any(|call| call == name || call == "all"))
}

/// Execution with effective user 0, or a watch on execution of a privileged program.
fn is_privileged(rule: &str) -> bool {
    let by_user = is_exit_rule(rule)
        && has_call(rule, "execve")
        && ["euid=0", "uid!=euid", "gid!=egid", "auid!=obj_uid"].iter().any(|field| rule.contains(field));
    let everything = is_exit_rule(rule)
        && has_call(rule, "execve")
        && !rule.contains("-F exe=")
        && !rule.contains("-F uid=");
    let by_path = ["/sudo", "/su", "/pkexec"].iter().any(|program| {
        rule.split_whitespace().any(|word| word.strip_prefix("path=").unwrap_or(word).ends_with(program))
    });
    by_user || everything || by_path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_is_read() {
        let text = "enabled 2\nfailure 1\npid 712\nrate_limit 0\nloginuid_immutable 0 unlocked\n";
        assert_eq!(state(text), State { enabled: Some(2), pid: Some(712) });
        assert_eq!(state("nonsense"), State::default());
        assert_eq!(loaded("No rules\n"), Vec::<String>::new());
    }

    #[test]
    fn identity_files_need_every_file() {
        let rules = |text: &str| loaded(text);
        let all = "-w /etc/passwd -p wa -k identity\n-w /etc/shadow -p wa -k identity\n-w /etc/group -p wa\n-w /etc/gshadow -p wa\n-w /etc/sudoers -p wa\n-w /etc/sudoers.d -p wa\n";
        assert!(records(&rules(all)).identity_files);
        assert!(!records(&rules(&all.replace("-w /etc/shadow -p wa -k identity\n", ""))).identity_files);
        assert!(!records(&rules(&all.replace("shadow -p wa", "shadow -p r"))).identity_files);
        // As newer versions list watches, and a folder covers its files.
        assert!(
            records(&rules("-a always,exit -F arch=b64 -F path=/etc/passwd -F perm=wa -F key=x\n")).passwd
        );
        assert!(records(&rules("-w /etc/ -p wa\n")).identity_files);
        assert!(!records(&rules("-a never,exit -F path=/etc/passwd -F perm=wa\n")).passwd);
    }

    #[test]
    fn calls_are_found_in_lists() {
        let found = records(&loaded(
            "-a always,exit -F arch=b64 -S adjtimex,settimeofday -F key=time\n-a always,exit -F arch=b64 -S clock_settime -F a0=0x0\n-a always,exit -F arch=b64 -S execve -F euid=0 -F auid>=1000\n-a always,exit -S init_module,delete_module\n-w /var/log/wtmp -p wa\n",
        ));
        assert!(found.time_change && found.privileged_commands && found.kernel_modules && found.sessions);
        assert!(!found.passwd);
        assert!(!records(&loaded("-a always,exit -S adjtimex\n")).time_change);
        assert!(records(&loaded("-a always,exit -F path=/usr/bin/sudo -F perm=x\n")).privileged_commands);
    }

    #[test]
    fn files_are_read() {
        let files = [
            ("a".to_owned(), "-D\n-b 8192\n-w /etc/x  -p wa\n".to_owned()),
            ("z".to_owned(), "-e 2\n".to_owned()),
        ];
        assert_eq!(configured(&files), ["-w /etc/x -p wa"]);
        assert!(locks(&files) && !locks(&files[..1]));
    }
}
