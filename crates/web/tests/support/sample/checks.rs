//! Checks with their results, and the waiver of one of them.

use super::*;

/// Id, title, severity, control, criterion, and verdicts on the three hosts (p, f, u, n).
pub(super) const CHECKS: [(&str, &str, Severity, &str, &str, &str); 26] = [
    ("acct-root-only-uid0", "Only root has UID 0", Severity::Critical, "IAM-01", "CC6.1", "ppp"),
    (
        "acct-no-empty-password",
        "No account has an empty password",
        Severity::Critical,
        "IAM-01",
        "CC6.1",
        "upp",
    ),
    ("acct-password-hash-strong", "Password hashes are strong", Severity::Medium, "IAM-01", "CC6.1", "upp"),
    (
        "acct-password-min-length",
        "Passwords have a minimum length",
        Severity::Medium,
        "IAM-01",
        "CC6.1",
        "fpp",
    ),
    ("acct-lockout-configured", "Failed logins lock or delay", Severity::Medium, "IAM-01", "CC6.1", "ffp"),
    ("acct-sudo-approved-group", "Only approved groups hold sudo", Severity::High, "IAM-08", "CC6.3", "upp"),
    ("acct-unique-uid-name", "Names and UIDs are unique", Severity::Medium, "IAM-01", "CC6.1", "ppp"),
    ("ssh-root-login-disabled", "Root cannot log in over SSH", Severity::High, "IAM-08", "CC6.1", "fpp"),
    (
        "ssh-password-auth-disabled",
        "SSH asks for keys, not passwords",
        Severity::High,
        "IAM-02",
        "CC6.1",
        "ppp",
    ),
    ("ssh-ciphers-approved", "SSH offers approved ciphers only", Severity::Medium, "CRY-01", "CC6.7", "ppn"),
    ("ssh-max-auth-tries", "SSH attempts are limited", Severity::Low, "IAM-01", "CC6.1", "ppp"),
    ("fw-active", "A firewall is active", Severity::High, "NET-01", "CC6.6", "upp"),
    (
        "fw-default-deny-input",
        "Incoming traffic is denied by default",
        Severity::High,
        "NET-01",
        "CC6.6",
        "ufp",
    ),
    (
        "fw-db-ports-not-public",
        "Databases do not listen publicly",
        Severity::Critical,
        "NET-01",
        "CC6.6",
        "ppp",
    ),
    ("disk-encrypted-at-rest", "Disks are encrypted", Severity::High, "CRY-02", "CC6.7", "upp"),
    ("disk-swap-encrypted", "Swap is encrypted or absent", Severity::Medium, "CRY-02", "CC6.7", "npp"),
    ("log-auditd-enabled", "The audit daemon runs with rules", Severity::High, "LOG-01", "CC7.2", "fpp"),
    ("log-forwarded", "Logs leave the host", Severity::High, "LOG-01", "CC7.2", "ffp"),
    ("log-retention-set", "Logs are kept long enough", Severity::Medium, "LOG-02", "CC7.2", "ppp"),
    ("time-sync-active", "The clock is synchronized", Severity::Medium, "LOG-03", "CC7.2", "ppp"),
    (
        "patch-security-within-limit",
        "Security updates are installed in time",
        Severity::High,
        "VUL-01",
        "CC7.1",
        "ppf",
    ),
    ("patch-os-supported", "The system is supported", Severity::High, "VUL-01", "CC7.1", "ppp"),
    (
        "patch-unattended-enabled",
        "Security updates install themselves",
        Severity::Medium,
        "VUL-01",
        "CC7.1",
        "ppp",
    ),
    ("host-mac-enforcing", "AppArmor or SELinux enforces", Severity::Medium, "VUL-02", "CC6.8", "ppp"),
    ("host-sysctl-hardened", "Kernel settings are hardened", Severity::Low, "VUL-02", "CC6.8", "fpp"),
    (
        "bak-job-succeeded-in-window",
        "The last backup succeeded in time",
        Severity::High,
        "AVL-04",
        "A1.2",
        "nnp",
    ),
];

pub(super) fn verdict(letter: u8) -> Verdict {
    match letter {
        b'p' => Verdict::Pass,
        b'f' => Verdict::Fail,
        b'n' => Verdict::NotApplicable,
        _ => Verdict::Unknown,
    }
}

pub(super) fn mark(verdict: Verdict) -> (Mark, &'static str) {
    match verdict {
        Verdict::Pass => (Mark::Pass, "Pass"),
        Verdict::Fail => (Mark::Fail, "Fail"),
        Verdict::Unknown => (Mark::Unknown, "Unknown"),
        Verdict::NotApplicable => (Mark::NotApplicable, "Not applicable"),
    }
}

/// History of one thing that ends with `verdict`.
pub(super) fn strip(label: &str, last: Verdict) -> Strip {
    let (from, to) = span();
    let start = 20 + i64::try_from(dice(label, 40)).expect("small");
    let mut cuts = vec![(from.plus_micros(start * DAY_US), Verdict::Pass)];
    let mut day = start;
    for n in 0..dice(&format!("{label}n"), 4) {
        let pause = 25 + i64::try_from(dice(&format!("{label}{n}"), 60)).expect("small");
        day += pause;
        let length = 2 + i64::try_from(dice(&format!("{label}l{n}"), 9)).expect("small");
        let middle = if dice(&format!("{label}v{n}"), 2) == 0 { Verdict::Fail } else { Verdict::Unknown };
        cuts.push((from.plus_micros(day * DAY_US), middle));
        day += length;
        cuts.push((from.plus_micros(day * DAY_US), Verdict::Pass));
    }
    if last == Verdict::NotApplicable {
        cuts = vec![(cuts[0].0, last)];
    } else if last != Verdict::Pass {
        cuts.push((ago(i64::try_from(3 + dice(&format!("{label}e"), 18)).expect("small"), 4), last));
    }
    cuts.retain(|(at, _)| *at < now());
    let segments = cuts
        .iter()
        .enumerate()
        .map(|(at, (from, verdict))| {
            let (mark, word) = mark(*verdict);
            Segment {
                from: *from,
                to: cuts.get(at + 1).map(|(next, _)| *next),
                mark,
                word: word.to_owned(),
                note: match verdict {
                    Verdict::Pass => "as asserted at every look".to_owned(),
                    Verdict::Fail => "found by run 212".to_owned(),
                    Verdict::Unknown => "could not be read".to_owned(),
                    Verdict::NotApplicable => "not present on the target".to_owned(),
                },
                href: if *verdict == Verdict::Fail { "/runs/1".to_owned() } else { String::new() },
            }
        })
        .collect();
    Strip { label: label.to_owned(), from, to, now: now(), segments }
}

pub(super) fn outcome(id: &str, verdict: Verdict) -> Outcome {
    let mut outcome = Outcome::unknown(ReasonClass::NotPermitted, "/etc/shadow may not be read by uid 1000");
    outcome.verdict = verdict;
    match verdict {
        Verdict::Pass => (outcome.reason, outcome.message) = (None, "as asserted".to_owned()),
        Verdict::Fail if id == "ssh-root-login-disabled" => {
            outcome.reason = None;
            outcome.message = "root can log in over SSH: permitrootlogin yes".to_owned();
            outcome.subjects = vec!["permitrootlogin yes".to_owned()];
            outcome.observed = json!({ "permit_root_login": "yes", "match_weakenings": [] });
            outcome.expected = json!(["no"]);
        }
        Verdict::Fail => {
            outcome.reason = None;
            outcome.message = "not as asserted; 2 settings differ from the policy".to_owned();
            outcome.subjects = vec!["deny".to_owned(), "unlock_time".to_owned()];
            outcome.observed = json!({ "deny": 0, "unlock_time": null });
            outcome.expected = json!({ "deny": "1 to 10", "unlock_time": "at least 600" });
        }
        Verdict::NotApplicable => {
            (outcome.reason, outcome.message) =
                (Some(ReasonClass::NotPresent), "nothing of the kind is installed".to_owned());
        }
        Verdict::Unknown => {}
    }
    outcome
}

pub(super) const REGO: &str = r#"package checks.ssh_root_login_disabled

import rego.v1

sshd := input.facts.sshd

bad contains sprintf("permitrootlogin %s", [sshd.permit_root_login]) if {
	sshd.installed == true
	is_string(sshd.permit_root_login)
	not sshd.permit_root_login in input.params.accepted
}

# Three ways, and the one without proof is the default.
default verdict := "unknown"

verdict := "fail" if count(bad) > 0

verdict := "pass" if {
	count(bad) == 0
	is_string(sshd.permit_root_login)
}

verdict := "not_applicable" if sshd.installed == false
"#;

pub(super) const REMEDIATION: &str = "1. Make sure that you can log in with a named account and become root with `sudo`.\n\
2. Write the setting into a file of its own:\n\n\
```\necho 'PermitRootLogin no' > /etc/ssh/sshd_config.d/10-root-login.conf\nsshd -t && systemctl reload ssh\n```\n\n\
Keep the open session until a second one has been tried. Look for **Match** blocks that open it again.\n";

pub(super) fn checks() -> Vec<(CheckRow, CheckView)> {
    CHECKS
        .iter()
        .map(|&(id, title, severity, control, criterion, verdicts)| {
            let group = id.split('-').next().unwrap_or(id).to_owned();
            let results: Vec<ResultRow> = HOSTS
                .iter()
                .zip(verdicts.bytes())
                .map(|((key, host), letter)| {
                    let strip = strip(&format!("{id} on {host}"), verdict(letter));
                    ResultRow {
                        target_key: *key,
                        target_name: (*host).to_owned(),
                        outcome: outcome(id, verdict(letter)),
                        since: strip.segments.last().map_or(now(), |segment| segment.from),
                        looked: ago(0, 2),
                        strip: Some(strip),
                        waiver: if id == "log-forwarded" {
                            "until 31 Dec 2026: the collector is being replaced".into()
                        } else {
                            String::new()
                        },
                    }
                })
                .collect();
            let view = CheckView {
                definition: CheckDefinition {
                    id: id.to_owned(),
                    version: Digest::of(id.as_bytes()),
                    title: title.to_owned(),
                    asserts: format!("{title}, at every moment of the period."),
                    rationale: "Whoever logs in as root leaves no name behind.".to_owned(),
                    target_kind: "host".to_owned(),
                    facts_schema: "host/1".to_owned(),
                    needs: vec!["sshd.installed".to_owned(), "sshd.permit_root_login".to_owned()],
                    severity,
                    stale_after_hours: 72,
                    cadence_hours: 24,
                    criteria: vec![criterion.to_owned(), "CC6.3".to_owned()],
                    controls: vec![control.to_owned()],
                    remediation: REMEDIATION.to_owned(),
                    references: vec!["sshd_config(5), OpenSSH".to_owned()],
                    depends_on_time: false,
                    parameters: json!({ "accepted": ["no"] }),
                },
                group: group.clone(),
                origin: "built in".to_owned(),
                rego: REGO.to_owned(),
                tests: [
                    "test_pass_off",
                    "test_fail_on",
                    "test_unknown_missing",
                    "test_unknown_wrong_type",
                    "test_canary_root_open",
                ]
                .map(str::to_owned)
                .to_vec(),
                results,
                history: Some(strip(id, Verdict::Fail)),
                waivers: if id == "log-forwarded" { vec![waiver()] } else { Vec::new() },
                versions: vec![
                    (Digest::of(id.as_bytes()), ago(91, 0)),
                    (Digest::of(title.as_bytes()), ago(300, 0)),
                ],
            };
            let verdicts = counts_of(&view);
            let row = CheckRow {
                id: id.to_owned(),
                title: title.to_owned(),
                group,
                severity,
                controls: vec![control.to_owned()],
                verdicts,
                strip: Some(strip(id, verdicts.worst().unwrap_or(Verdict::Unknown))),
                known: Some(914),
                waived: if id == "log-forwarded" { 2 } else { 0 },
            };
            (row, view)
        })
        .collect()
}

pub(super) fn waiver() -> WaiverRow {
    WaiverRow {
        id: 1,
        state: "in force".into(),
        scope: "all targets".into(),
        reason: "the collector is being replaced".into(),
        risk: "Whoever takes over a host can erase its journal.".into(),
        compensation: "Journals are copied each night.".into(),
        approved_by: "Lin Example".into(),
        granted: ago(40, 0),
        expires: now().plus_micros(37 * DAY_US),
    }
}
