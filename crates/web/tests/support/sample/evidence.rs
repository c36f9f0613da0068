//! Facts, gaps, raw evidence, runs and targets.

use super::*;

pub(super) fn facts(host: &str) -> Value {
    json!({
        "schema": "host/1",
        "gaps": [],
        "identity": { "hostname": host, "virtualization": "kvm", "architecture": "x86_64" },
        "os": { "id": "debian", "version": "13", "codename": "trixie", "support_ends": "2030-06-30" },
        "kernel": { "release": "6.12.57+deb13-amd64", "lockdown": "none", "reboot_required": false },
        "accounts": {
            "password_max_days": 99999, "hash_method": "yescrypt", "umask": "022",
            "users": [
                { "name": "root", "uid": 0, "shell": "/bin/bash", "can_login": true, "groups": ["root"] },
                { "name": "ada", "uid": 1000, "shell": "/bin/zsh", "can_login": true, "groups": ["sudo", "docker"] },
                { "name": "deploy", "uid": 1001, "shell": "/bin/sh", "can_login": true, "groups": [] },
                { "name": "www-data", "uid": 33, "shell": "/usr/sbin/nologin", "can_login": false, "groups": ["www-data"] }
            ]
        },
        "sshd": { "installed": true, "permit_root_login": "yes", "password_authentication": false, "max_auth_tries": 4,
            "ciphers": ["chacha20-poly1305@openssh.com", "aes256-gcm@openssh.com", "aes128-gcm@openssh.com"], "match_weakenings": [] },
        "listeners": [
            { "protocol": "tcp", "address": "0.0.0.0", "port": 22, "process": "sshd", "scope": "any" },
            { "protocol": "tcp", "address": "127.0.0.1", "port": 5432, "process": "postgres", "scope": "loopback" },
            { "protocol": "tcp", "address": "0.0.0.0", "port": 443, "process": "nginx", "scope": "any" }
        ],
        "time": { "synchronized": true, "source": "systemd-timesyncd" },
        "packages": { "installed": 412, "pending_updates": 3, "pending_security": 0, "lists_refreshed": "2026-11-24T06:12:00Z" },
        "sysctl": { "kernel.kptr_restrict": "0", "kernel.dmesg_restrict": "1", "net.ipv4.conf.all.rp_filter": "2", "fs.protected_symlinks": "1" }
    })
}

pub(super) fn gaps(key: i64) -> Vec<Gap> {
    if key != 1 {
        return Vec::new();
    }
    [
        ("accounts.shadow", ReasonClass::NotPermitted, "/etc/shadow: permission denied (uid 1000)"),
        ("firewall.nftables", ReasonClass::NotPermitted, "nft list ruleset: operation not permitted"),
        ("sudo.rules", ReasonClass::NotPermitted, "/etc/sudoers: permission denied (uid 1000)"),
        ("disks.encryption", ReasonClass::NotPermitted, "dmsetup table: permission denied"),
        ("files.world_writable", ReasonClass::Limit, "walk ended after 20 s at 181,000 entries"),
        ("audit.rules", ReasonClass::NotPresent, "auditctl is not installed"),
    ]
    .map(|(path, reason, detail)| Gap { path: path.into(), reason, detail: detail.into() })
    .to_vec()
}

pub(super) fn artifacts() -> Vec<ArtifactView> {
    let command = |program: &str, arguments: &[&str], stderr: &str| Method::Command {
        program: program.to_owned(),
        arguments: arguments.iter().map(|a| (*a).to_owned()).collect(),
        exit_status: Some(i32::from(!stderr.is_empty())),
        stderr: stderr.to_owned(),
    };
    let sshd = "port 22\naddressfamily any\npermitrootlogin yes\npasswordauthentication no\nmaxauthtries 4\nx11forwarding no\n".repeat(6);
    let passwd = "root:x:0:0:root:/root:/bin/bash\nada:x:1000:1000:Ada,,,:/home/ada:/bin/zsh\n\u{202E}evil:x:0:0:<script>alert(1)</script>:/:/bin/sh\n";
    let binary: Vec<u8> = (0..6000u32).map(|n| u8::try_from(n * 37 % 256).expect("below 256")).collect();
    let items: [(&str, Method, Vec<u8>); 7] = [
        (
            "kernel-identity",
            command("/usr/bin/uname", &["-snrm"], ""),
            b"Linux ada-01 6.12.57 x86_64\n".to_vec(),
        ),
        ("sshd-effective-configuration", command("/usr/sbin/sshd", &["-T"], ""), sshd.into_bytes()),
        ("passwd", Method::File { path: "/etc/passwd".into() }, passwd.as_bytes().to_vec()),
        (
            "nftables-ruleset",
            command(
                "/usr/sbin/nft",
                &["-j", "list", "ruleset"],
                "Operation not permitted (you must be root)",
            ),
            Vec::new(),
        ),
        (
            "listening-sockets",
            Method::Kernel { source: "/proc/net/tcp".into() },
            b"  sl  local_address rem_address   st\n   0: 00000000:0016 00000000:0000 0A\n".to_vec(),
        ),
        (
            "os-release",
            Method::File { path: "/etc/os-release".into() },
            b"PRETTY_NAME=\"Debian GNU/Linux 13 (trixie)\"\nVERSION_ID=\"13\"\n".to_vec(),
        ),
        ("utmp", Method::File { path: "/var/log/wtmp".into() }, binary),
    ];
    items
        .into_iter()
        .map(|(name, method, bytes)| {
            let digest = Digest::of(&bytes);
            let size = bytes.len() as u64;
            let row = ArtifactRow {
                digest,
                name: name.to_owned(),
                target: Some((1, "ada-01".to_owned())),
                run: Some(214),
                size,
                collected: ago(0, 2),
                how: how(&method),
            };
            let redactions = if name == "passwd" {
                vec![Redaction { kind: "password hash".into(), count: 2 }]
            } else {
                Vec::new()
            };
            let provenance = Provenance {
                method,
                started: ago(0, 2),
                finished: ago(0, 2).plus_micros(23_000),
                user: "ada (uid 1000)".to_owned(),
                truncated: false,
                original_bytes: size,
                redactions,
            };
            let media_type =
                if name == "utmp" { "application/octet-stream" } else { "text/plain; charset=utf-8" };
            ArtifactView {
                digest,
                media_type: media_type.to_owned(),
                bytes,
                origins: vec![Origin { row, provenance: Some(provenance), leaf: Some(1_041) }],
            }
        })
        .collect()
}

pub(super) fn run(key: i64, days: i64, gaps: usize, complete: bool) -> RunRow {
    let started = ago(days, 2);
    RunRow {
        key,
        collector: "host 0.1.0".to_owned(),
        started,
        finished: (key != 208).then(|| started.plus_micros(7 * SECOND_US)),
        state: match (key, complete) {
            (208, _) => RunState::Missed,
            (_, true) => RunState::Complete,
            (_, false) => RunState::Partial,
        },
        verdicts: 78,
        gaps,
        changes: usize::try_from(dice(&format!("run{key}"), 4)).expect("small"),
        leaf: (key > 208).then(|| u64::try_from(800 + key).expect("positive")),
    }
}

pub(super) fn runs(checks: &[(CheckRow, CheckView)]) -> Vec<RunView> {
    let mut rows: Vec<RunRow> =
        (0..12).map(|n| run(214 - n, n, if n == 4 { 0 } else { 6 }, n != 3 && n != 6)).collect();
    rows.push(run(1, 320, 4, true));
    rows.into_iter()
        .map(|row| RunView {
            facts: HOSTS
                .iter()
                .map(|(key, name)| (*key, (*name).to_owned(), Digest::of(name.as_bytes())))
                .collect(),
            changes: vec![RunChange {
                check_id: "ssh-root-login-disabled".into(),
                check_title: "Root cannot log in over SSH".into(),
                target_key: 1,
                target_name: "ada-01".into(),
                at: row.finished.unwrap_or(row.started),
                before: Some(Verdict::Pass),
                after: Verdict::Fail,
            }],
            coverage: checks
                .iter()
                .map(|(check, _)| CheckCoverage {
                    check_id: check.id.clone(),
                    check_title: check.title.clone(),
                    expected: 3,
                    seen: check.verdicts.total() - check.verdicts.unknown,
                    failed: check.verdicts.fail,
                    unknown: check.verdicts.unknown,
                })
                .collect(),
            gaps: if row.gaps == 0 {
                Vec::new()
            } else {
                gaps(1)
                    .into_iter()
                    .map(|gap| RunGap { target_key: 1, target_name: "ada-01".into(), gap })
                    .collect()
            },
            row,
        })
        .collect()
}

pub(super) fn targets(
    checks: &[(CheckRow, CheckView)],
    artifacts: &[ArtifactView],
    runs: &[RunView],
) -> Vec<TargetView> {
    HOSTS
        .iter()
        .map(|(key, name)| {
            let results: Vec<TargetResult> = checks
                .iter()
                .filter_map(|(row, view)| {
                    let result = view.results.iter().find(|result| result.target_key == *key)?;
                    Some(TargetResult {
                        check_id: row.id.clone(),
                        check_title: row.title.clone(),
                        severity: row.severity,
                        outcome: result.outcome.clone(),
                        since: result.since,
                        strip: result.strip.clone(),
                    })
                })
                .collect();
            let facts = facts(name);
            TargetView {
                row: TargetRow {
                    key: *key,
                    kind: "host".to_owned(),
                    name: (*name).to_owned(),
                    external_id: format!("machine-{}", Digest::of(name.as_bytes()).short()),
                    verdicts: VerdictCounts::of(results.iter().map(|r| r.outcome.verdict)),
                    gaps: gaps(*key).len(),
                    last_seen: Some(ago(0, 2)),
                },
                as_of: None,
                documents: (0..3)
                    .map(|n| (ago(n * 20, 2), Digest::of(format!("{name}/{n}").as_bytes()), 214 - n * 4))
                    .collect(),
                schema: "host/1".to_owned(),
                facts_digest: Some(Digest::of(facts.to_string().as_bytes())),
                facts,
                gaps: gaps(*key),
                results,
                runs: runs.iter().take(5).map(|run| run.row.clone()).collect(),
                artifacts: if *key == 1 {
                    artifacts.iter().map(|view| view.origins[0].row.clone()).collect()
                } else {
                    Vec::new()
                },
            }
        })
        .collect()
}
