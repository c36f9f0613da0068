//! A made-up organization for the gallery and the tests: the real catalog, invented states. Deterministic.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tickmark_core::evidence::{Method, Provenance, Redaction};
use tickmark_core::observation::{CheckDefinition, Gap, Outcome, ReasonClass, Severity, Verdict};
use tickmark_core::time::{DAY_US, HOUR_US, SECOND_US};
use tickmark_core::{Digest, Timestamp};
use tickmark_web::catalog::{
    CriterionRow, CriterionStatus, CriterionView, Crosswalk, MappedControl, PointOfFocus, RequestRow,
};
use tickmark_web::conclusion::finding::{FindingRow, FindingTarget};
use tickmark_web::conclusion::period::{
    CheckPeriod, ControlPeriod, ControlPeriodView, DeviationRow, PeriodView, PopulationPeriod, SeriesOf,
    TargetPeriod,
};
use tickmark_web::conclusion::{Attention, GapCount, OverviewView, SectionCoverage};
use tickmark_web::control::{Answer, AnswerView, ControlRow, ControlStatus, ControlView, TestRow};
use tickmark_web::design::badge::VerdictCounts;
use tickmark_web::design::board::Stretch;
use tickmark_web::design::frame::Context;
use tickmark_web::design::icon::Mark;
use tickmark_web::design::strip::{Segment, Strip};
use tickmark_web::evidence::{ArtifactRow, ArtifactView, Origin, how};
use tickmark_web::ledger::{ConsistencyView, LeafRow, LeafView, LedgerView, ScrubView};
use tickmark_web::observation::check::{CheckRow, CheckView, ResultRow, WaiverRow};
use tickmark_web::observation::coverage::{CoverageRow, CoverageView};
use tickmark_web::observation::look::LookView;
use tickmark_web::observation::run::{CheckCoverage, RunChange, RunGap, RunRow, RunState, RunView};
use tickmark_web::observation::target::{TargetResult, TargetRow, TargetView};
use tickmark_web::report::ReportRow;
use tickmark_web::source::{Views, counts_of};

/// The moment the sample is looked at: 24 November 2026, 14:45 UTC.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_seconds(1_795_531_500)
}

fn period() -> (Timestamp, Timestamp) {
    (Timestamp::from_seconds(1_767_225_600), Timestamp::from_seconds(1_798_761_600))
}

fn ago(days: i64, hours: i64) -> Timestamp {
    now().plus_micros(-days * DAY_US - hours * HOUR_US)
}

fn dice(text: &str, sides: u64) -> u64 {
    let digest = Digest::of(text.as_bytes()).0;
    u64::from_be_bytes([0, digest[0], digest[1], digest[2], digest[3], digest[4], digest[5], digest[6]])
        % sides
}

const HOSTS: [(i64, &str); 3] = [(1, "ada-01"), (2, "lin-02"), (3, "backup-eu")];

/// Id, title, severity, control, criterion, and verdicts on the three hosts (p, f, u, n).
const CHECKS: [(&str, &str, Severity, &str, &str, &str); 26] = [
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

fn verdict(letter: u8) -> Verdict {
    match letter {
        b'p' => Verdict::Pass,
        b'f' => Verdict::Fail,
        b'n' => Verdict::NotApplicable,
        _ => Verdict::Unknown,
    }
}

fn mark(verdict: Verdict) -> (Mark, &'static str) {
    match verdict {
        Verdict::Pass => (Mark::Pass, "Pass"),
        Verdict::Fail => (Mark::Fail, "Fail"),
        Verdict::Unknown => (Mark::Unknown, "Unknown"),
        Verdict::NotApplicable => (Mark::NotApplicable, "Not applicable"),
    }
}

/// History of one thing that ends with `verdict`.
fn strip(label: &str, last: Verdict) -> Strip {
    let (from, to) = period();
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

fn outcome(id: &str, verdict: Verdict) -> Outcome {
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

const REGO: &str = r#"package checks.ssh_root_login_disabled

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

const REMEDIATION: &str = "1. Make sure that you can log in with a named account and become root with `sudo`.\n\
2. Write the setting into a file of its own:\n\n\
```\necho 'PermitRootLogin no' > /etc/ssh/sshd_config.d/10-root-login.conf\nsshd -t && systemctl reload ssh\n```\n\n\
Keep the open session until a second one has been tried. Look for **Match** blocks that open it again.\n";

fn checks() -> Vec<(CheckRow, CheckView)> {
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

fn waiver() -> WaiverRow {
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

fn catalog_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../catalog")
}

fn documents(folder: &str) -> Vec<toml::Table> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(catalog_folder().join(folder))
        .expect("the catalog is beside the crates")
        .map(|entry| entry.expect("entry").path())
        .collect();
    paths.sort();
    let mut tables: Vec<toml::Table> = paths
        .iter()
        .map(|path| std::fs::read_to_string(path).expect("readable").parse().expect("TOML"))
        .collect();
    tables.sort_by_key(|table| table.get("position").and_then(toml::Value::as_integer).unwrap_or(0));
    tables
}

fn text(table: &toml::Table, key: &str) -> String {
    table.get(key).and_then(toml::Value::as_str).unwrap_or_default().to_owned()
}

fn texts(table: &toml::Table, key: &str) -> Vec<String> {
    let list = table.get(key).and_then(toml::Value::as_array).cloned().unwrap_or_default();
    list.iter().filter_map(|value| value.as_str().map(str::to_owned)).collect()
}

fn tables<'a>(table: &'a toml::Table, key: &str) -> Vec<&'a toml::Table> {
    table
        .get(key)
        .and_then(toml::Value::as_array)
        .map(|list| list.iter().filter_map(toml::Value::as_table).collect())
        .unwrap_or_default()
}

fn controls(checks: &[(CheckRow, CheckView)], artifacts: &[ArtifactView]) -> Vec<ControlView> {
    let mut out = Vec::new();
    for document in documents("controls") {
        let area = text(&document, "area");
        for control in tables(&document, "controls") {
            out.push(control_view(control, &area, checks, artifacts));
        }
    }
    out
}

fn control_view(
    control: &toml::Table,
    area: &str,
    checks: &[(CheckRow, CheckView)],
    artifacts: &[ArtifactView],
) -> ControlView {
    let id = text(control, "id");
    let mut tests = Vec::new();
    for (row, view) in checks.iter().filter(|(row, _)| row.controls.contains(&id)) {
        for result in &view.results {
            tests.push(TestRow {
                check_id: row.id.clone(),
                check_title: row.title.clone(),
                target_key: result.target_key,
                target_name: result.target_name.clone(),
                verdict: result.outcome.verdict,
                reason: result.outcome.reason,
                message: result.outcome.message.clone(),
                since: result.since,
                strip: result.strip.clone(),
            });
        }
    }
    let verdicts = VerdictCounts::of(tests.iter().map(|test| test.verdict));
    let of_tests = match (verdicts.fail, verdicts.unknown) {
        (0, 0) => Answer::Yes,
        (0, _) => Answer::NotAssessed,
        _ => Answer::Partly,
    };
    let is_decided = tests.is_empty() || dice(&id, 3) < 2;
    let answers = match (tests.is_empty(), is_decided) {
        (true, _) => match dice(&id, 5) {
            0 => [Answer::Yes, Answer::Yes, Answer::Yes, Answer::Yes],
            1 => [Answer::Yes, Answer::Partly, Answer::NotAssessed, Answer::Partly],
            2 => [Answer::Partly, Answer::No, Answer::NotAssessed, Answer::NotAssessed],
            _ => [Answer::NotAssessed; 4],
        },
        (false, true) => [Answer::Yes, Answer::Yes, of_tests, Answer::Yes],
        (false, false) => [Answer::Yes, Answer::NotAssessed, Answer::NotAssessed, Answer::NotAssessed],
    };
    let suggestions =
        if is_decided { [None; 4] } else { [None, Some(Answer::Yes), Some(of_tests), Some(Answer::Yes)] };
    let status = match answers {
        [_, Answer::No, ..] | [Answer::No, ..] => ControlStatus::Gap,
        _ if answers.contains(&Answer::NotAssessed) => ControlStatus::NotAssessed,
        [Answer::Partly, ..] => ControlStatus::DesignWeakness,
        [_, _, Answer::Partly | Answer::No, _] => ControlStatus::OperatingWeakness,
        [_, _, _, Answer::Partly | Answer::No] => ControlStatus::EvidenceWeakness,
        _ => ControlStatus::Ready,
    };
    let basis = [
        "The starter text names who, what and when.".to_owned(),
        format!("{} of {} tests saw it in place.", verdicts.pass, verdicts.total()),
        format!("{} tests deviate, {} could not see.", verdicts.fail, verdicts.unknown),
        format!("{} artifacts with provenance.", artifacts.len()),
    ];
    let view = |at: usize| AnswerView {
        answer: answers[at],
        suggestion: suggestions[at],
        decided: if answers[at] == Answer::NotAssessed {
            String::new()
        } else {
            "Ada Lovelace, 3 Nov 2026".to_owned()
        },
        basis: if answers[at] == Answer::NotAssessed && suggestions[at].is_none() {
            "Nobody has answered, and no automated test speaks to it.".to_owned()
        } else {
            basis[at].clone()
        },
    };
    let evidence = if tests.is_empty() {
        Vec::new()
    } else {
        artifacts.iter().take(4).map(|view| view.origins[0].row.clone()).collect()
    };
    ControlView {
        row: ControlRow {
            title: text(control, "title"),
            area: area.to_owned(),
            owner: text(control, "owner"),
            frequency: text(control, "frequency").replace('_', " "),
            criteria: texts(control, "criteria"),
            key_for: texts(control, "key_for"),
            status,
            answers,
            suggestions,
            verdicts,
            strip: (!tests.is_empty()).then(|| strip(&id, verdicts.worst().unwrap_or(Verdict::Unknown))),
            id,
        },
        statement: text(control, "statement"),
        kind: text(control, "kind"),
        nature: text(control, "nature"),
        evidence_expected: texts(control, "evidence"),
        population: text(control, "population"),
        answers: [0, 1, 2, 3].map(view),
        tests,
        evidence,
    }
}

fn criteria(controls: &[ControlView]) -> Vec<CriterionView> {
    let requests: Vec<toml::Table> = documents("requests");
    let crosswalks = documents("crosswalks");
    let mut out = Vec::new();
    for document in documents("tsc-2017").iter().filter(|document| document.contains_key("requirements")) {
        let series = document["series"].as_table().expect("series");
        for requirement in tables(document, "requirements") {
            let id = text(requirement, "id");
            let mut mapped: Vec<MappedControl> = controls
                .iter()
                .filter(|control| control.row.criteria.contains(&id))
                .map(|control| MappedControl {
                    id: control.row.id.clone(),
                    title: control.row.title.clone(),
                    owner: control.row.owner.clone(),
                    is_key: control.row.key_for.contains(&id),
                    status: control.row.status,
                })
                .collect();
            mapped.sort_by_key(|control| !control.is_key);
            let key: Vec<&MappedControl> = mapped.iter().filter(|control| control.is_key).collect();
            let ready = key.iter().filter(|control| control.status == ControlStatus::Ready).count();
            let open = key.iter().filter(|control| control.status == ControlStatus::NotAssessed).count();
            let status = match (ready, open) {
                (ready, _) if ready == key.len() && ready > 0 => CriterionStatus::Met,
                (0, open) if open == key.len() && open > 0 => CriterionStatus::NotAssessed,
                (0, _) => CriterionStatus::NotMet,
                _ => CriterionStatus::PartlyMet,
            };
            let row = CriterionRow {
                series: text(series, "id"),
                series_title: text(series, "title"),
                category: "Common criteria".to_owned(),
                text: text(requirement, "text"),
                status,
                controls: mapped.len(),
                key_controls: key.len(),
                key_ready: ready,
                id: id.clone(),
            };
            out.push(CriterionView {
                row,
                decided: String::new(),
                basis: format!("{ready} of {} key controls are ready, {open} are not assessed.", key.len()),
                points: tables(requirement, "points_of_focus")
                    .iter()
                    .map(|point| PointOfFocus {
                        id: text(point, "id"),
                        label: text(point, "label"),
                        only_for: Some(text(point, "scope"))
                            .filter(|scope| scope != "all")
                            .unwrap_or_default(),
                    })
                    .collect(),
                controls: mapped,
                crosswalks: crosswalks.iter().filter_map(|crosswalk| related(crosswalk, &id)).collect(),
                requests: requests
                    .iter()
                    .flat_map(|list| tables(list, "requests"))
                    .filter(|request| texts(request, "criteria").contains(&id))
                    .map(|request| RequestRow {
                        number: request["number"]
                            .as_integer()
                            .and_then(|n| u32::try_from(n).ok())
                            .unwrap_or(0),
                        title: text(request, "title"),
                        kind: text(request, "kind"),
                    })
                    .collect(),
            });
        }
    }
    out
}

fn related(crosswalk: &toml::Table, id: &str) -> Option<Crosswalk> {
    let lines =
        tables(crosswalk, "sets").into_iter().find_map(|set| set.get("mappings")?.as_table().cloned())?;
    let references = lines.get(id)?.as_table()?.values().filter_map(toml::Value::as_array).flatten();
    Some(Crosswalk {
        framework: text(crosswalk, "title"),
        references: references.filter_map(|value| value.as_str().map(str::to_owned)).collect(),
        relation: "intersects".to_owned(),
    })
}

fn facts(host: &str) -> Value {
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

fn gaps(key: i64) -> Vec<Gap> {
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

fn artifacts() -> Vec<ArtifactView> {
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

fn run(key: i64, days: i64, gaps: usize, complete: bool) -> RunRow {
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

fn runs(checks: &[(CheckRow, CheckView)]) -> Vec<RunView> {
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

fn targets(
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

fn leaves() -> Vec<LeafView> {
    let kinds = [
        ("run.close", "Run 214 of host 0.1.0 over 3 targets, 6 gaps"),
        ("check.block", "Verdicts of ssh-root-login-disabled on 3 targets"),
        ("evidence.add", "41 artifacts of run 214"),
        ("population.define", "3 hosts, as listed by the settings"),
        ("run.open", "Run 214 began"),
        ("time.anchor", "Timestamp over the checkpoint of size 1,030"),
    ];
    let mut out: Vec<LeafView> = (0..24)
        .map(|n| {
            let (kind, summary) = kinds[n % kinds.len()];
            leaf(1_041 - n as u64, kind, summary, ago((n / 6) as i64, 2))
        })
        .collect();
    out.extend((1_003..1_018).rev().map(|index| leaf(index, "run.close", "A run was closed", ago(20, 2))));
    out.push(leaf(0, "log.genesis", "The log began", ago(320, 3)));
    out
}

fn leaf(index: u64, kind: &str, summary: &str, at: Timestamp) -> LeafView {
    let bytes = json!({ "b": { "checks": 26, "gaps": 6, "run": index, "targets": 3 }, "id": format!("0199c1d2-77aa-7c3e-9f00-{index:012}"), "t": kind, "ts": at.to_string(), "v": 1, "who": "collector:host" }).to_string();
    let hash = Digest::of(bytes.as_bytes());
    LeafView {
        row: LeafRow { index, kind: kind.to_owned(), at, summary: summary.to_owned(), hash },
        bytes,
        proof_text: format!("c2sp.org/tlog-proof@v1\nindex {index}\n\nacme.example/t/5f2c9a/1\n1042\n"),
        proof: (0..11).map(|n| Digest::of(format!("{index}/{n}").as_bytes())).collect(),
        size: 1_042,
        root: Digest::of(b"root"),
    }
}

fn overview(
    controls: &[ControlView],
    criteria: &[CriterionView],
    checks: &[(CheckRow, CheckView)],
    targets: &[TargetView],
    runs: &[RunView],
) -> OverviewView {
    let key: Vec<&ControlView> = controls.iter().filter(|control| !control.row.key_for.is_empty()).collect();
    let mut questions = [[0; 4]; 4];
    for control in controls {
        for (question, answer) in control.row.answers.iter().enumerate() {
            questions[question][*answer as usize] += 1;
        }
    }
    let mut reasons: BTreeMap<ReasonClass, usize> = BTreeMap::new();
    for gap in targets.iter().flat_map(|target| &target.gaps) {
        *reasons.entry(gap.reason).or_default() += 1;
    }
    let attention = |mark, word: &str, title: &str, detail: &str, href: &str, days| Attention {
        mark,
        word: word.to_owned(),
        title: title.to_owned(),
        detail: detail.to_owned(),
        href: href.to_owned(),
        since: Some(ago(days, 3)),
    };
    OverviewView {
        controls: controls.len(),
        key_controls: key.len(),
        key_ready: key.iter().filter(|control| control.row.status == ControlStatus::Ready).count(),
        failing_checks: checks.iter().filter(|(row, _)| row.verdicts.fail > 0).count(),
        targets: targets.len(),
        gaps: targets.iter().map(|target| target.gaps.len()).sum(),
        percent: "60.9 %".into(),
        suggested: [0, 1, 2, 3].map(|at| controls.iter().filter(|c| c.row.suggestions[at].is_some()).count()),
        questions,
        attention: vec![
            attention(
                Mark::Fail,
                "Fail",
                "Root can log in over SSH on ada-01",
                "IAM-08 deviates. Set PermitRootLogin to no and reload ssh.",
                "/checks/ssh-root-login-disabled",
                6,
            ),
            attention(
                Mark::Fail,
                "Fail",
                "Logs do not leave 2 hosts",
                "LOG-01 deviates on ada-01 and lin-02. Forward the journal to a host they cannot write.",
                "/checks/log-forwarded",
                12,
            ),
            attention(
                Mark::Fail,
                "Fail",
                "Security updates are late on backup-eu",
                "VUL-01: 4 updates are older than 14 days.",
                "/checks/patch-security-within-limit",
                3,
            ),
            attention(
                Mark::Unknown,
                "Unknown",
                "5 facts of ada-01 need root to read",
                "Sudo rules, firewall, shadow status and disk encryption are unknown, not passed. Run: sudo tickmark collect",
                "/targets/1?part=gaps",
                0,
            ),
            attention(
                Mark::Missed,
                "Missed",
                "Run 208 did not finish",
                "It was cut off after the second host. A partial run closes nothing.",
                "/runs/208",
                6,
            ),
        ],
        criteria: criteria.iter().map(|criterion| criterion.row.clone()).collect(),
        coverage: targets
            .iter()
            .map(|target| SectionCoverage {
                label: target.row.name.clone(),
                seen: target.row.verdicts.total() - target.row.verdicts.unknown,
                unknown: target.row.verdicts.unknown,
                href: format!("/targets/{}#unknown", target.row.key),
            })
            .collect(),
        gap_reasons: reasons.into_iter().map(|(reason, count)| GapCount { reason, count }).collect(),
        runs: runs.iter().take(5).map(|run| run.row.clone()).collect(),
        ledger: Some((1_042, Digest::of(b"root"), ago(0, 2))),
    }
}

/// Stretches of the board from the segments of a strip, from the first day of the period on.
fn stretches(strip: Option<&Strip>) -> Vec<Stretch> {
    let Some(strip) = strip else { return Vec::new() };
    let mut out = Vec::new();
    if let Some(first) = strip.segments.first().filter(|first| first.from > strip.from) {
        out.push(Stretch {
            from: strip.from,
            to: first.from,
            mark: Mark::Unknown,
            note: "not looked at".into(),
        });
    }
    out.extend(strip.segments.iter().map(|segment| Stretch {
        from: segment.from,
        to: segment.to.unwrap_or(strip.now),
        mark: segment.mark,
        note: segment.note.clone(),
    }));
    out.push(Stretch { from: strip.now, to: strip.to, mark: Mark::NotYetDue, note: String::new() });
    out
}

/// Windows of a control that is done each quarter: done, late, missed, and one that is not yet due.
fn windows() -> Vec<Stretch> {
    let (from, to) = period();
    let edges = [
        from,
        from.plus_micros(90 * DAY_US),
        from.plus_micros(181 * DAY_US),
        from.plus_micros(273 * DAY_US),
        to,
    ];
    [Mark::Pass, Mark::Late, Mark::Missed, Mark::NotYetDue]
        .into_iter()
        .enumerate()
        .map(|(at, mark)| Stretch { from: edges[at], to: edges[at + 1], mark, note: String::new() })
        .collect()
}

fn population() -> PopulationPeriod {
    let (from, _) = period();
    let day = |n: i64| from.plus_micros(n * DAY_US);
    let stretch = |a, b, mark| Stretch { from: day(a), to: day(b), mark, note: "180 items".into() };
    PopulationPeriod {
        title: "Production changes".into(),
        trigger: "deployment to production".into(),
        source: "the deployment log".into(),
        items: 180,
        deviating: 2,
        untested: 5,
        frozen: Some((day(200), Digest::of(b"changes"))),
        stretches: vec![
            stretch(0, 80, Mark::Pass),
            stretch(80, 81, Mark::Fail),
            stretch(81, 150, Mark::Pass),
            stretch(150, 151, Mark::Fail),
            stretch(151, 181, Mark::Pass),
        ],
    }
}

fn control_periods(controls: &[ControlView]) -> Vec<ControlPeriodView> {
    controls
        .iter()
        .map(|control| {
            let row = &control.row;
            let mut checks: Vec<CheckPeriod> = Vec::new();
            let mut deviations = Vec::new();
            for test in &control.tests {
                let target = TargetPeriod {
                    key: test.target_key,
                    name: test.target_name.clone(),
                    stretches: stretches(test.strip.as_ref()),
                };
                deviations.extend(target.stretches.iter().filter(|s| s.mark == Mark::Fail).map(|s| {
                    DeviationRow {
                        mark: Mark::Fail,
                        subject: target.name.clone(),
                        test: test.check_title.clone(),
                        href: format!(
                            "/targets/{}/checks/{}?at={}",
                            target.key,
                            test.check_id,
                            s.from.date()
                        ),
                        seen_good: Some(s.from.plus_micros(-DAY_US)),
                        seen_bad: s.from,
                        good_again: (s.to < now()).then_some(s.to),
                        waiver: String::new(),
                        note: s.note.clone(),
                    }
                }));
                match checks.iter_mut().find(|check| check.id == test.check_id) {
                    Some(check) => check.targets.push(target),
                    None => checks.push(CheckPeriod {
                        id: test.check_id.clone(),
                        title: test.check_title.clone(),
                        stretches: target.stretches.clone(),
                        targets: vec![target],
                    }),
                }
            }
            let is_periodic = row.frequency.contains("quarter") && checks.is_empty();
            let windows = if is_periodic { windows() } else { Vec::new() };
            ControlPeriodView {
                row: ControlPeriod {
                    id: row.id.clone(),
                    title: row.title.clone(),
                    area: row.area.clone(),
                    owner: row.owner.clone(),
                    criteria: row.criteria.clone(),
                    tested_by: if is_periodic {
                        "quarterly".into()
                    } else {
                        format!("{} checks", checks.len())
                    },
                    stretches: if is_periodic { windows.clone() } else { stretches(row.strip.as_ref()) },
                },
                statement: control.statement.clone(),
                checks,
                windows,
                populations: if row.id.starts_with("CHG") { vec![population()] } else { Vec::new() },
                deviations,
            }
        })
        .collect()
}

fn looks(checks: &[(CheckRow, CheckView)], runs: &[RunView], artifacts: &[ArtifactView]) -> Vec<LookView> {
    let mut out = Vec::new();
    for (row, view) in checks {
        for result in &view.results {
            let gaps = gaps(result.target_key);
            out.push(LookView {
                day: ago(0, 15),
                at: now(),
                target_key: result.target_key,
                target_name: result.target_name.clone(),
                check_id: row.id.clone(),
                check_title: row.title.clone(),
                asserts: view.definition.asserts.clone(),
                severity: row.severity,
                version: Some((Digest::of(row.id.as_bytes()), "regorus 0.9".into())),
                verdict: Some((
                    result.outcome.verdict,
                    result.outcome.reason.map(|reason| reason.plain().to_owned()).unwrap_or_default(),
                )),
                since: Some((result.since, None)),
                seen_before: Some(result.since.plus_micros(-DAY_US)),
                outcome: Some(result.outcome.clone()),
                facts: Some((Digest::of(result.target_name.as_bytes()), "host/1".into(), 1)),
                read: vec![
                    ("sshd.permit_root_login".into(), Some(json!("yes"))),
                    ("accounts.shadow".into(), None),
                    ("sshd.match_blocks".into(), Some(json!([]))),
                ],
                gaps,
                runs: runs.iter().take(1).map(|run| run.row.clone()).collect(),
                artifacts: artifacts.iter().take(3).map(|view| view.origins[0].row.clone()).collect(),
                waiver: String::new(),
                around: stretches(result.strip.as_ref()),
            });
        }
    }
    out
}

fn coverage(targets: &[TargetView], checks: &[(CheckRow, CheckView)]) -> CoverageView {
    let seen = |strip: Option<&Strip>| {
        let mut stretches = stretches(strip);
        for stretch in &mut stretches {
            (stretch.mark, stretch.note) = match stretch.mark {
                Mark::Unknown => (Mark::Unknown, "nothing".to_owned()),
                Mark::Fail => (Mark::Partly, "3 of 26 checks unknown".to_owned()),
                Mark::NotYetDue => (Mark::NotYetDue, String::new()),
                _ => (Mark::Pass, String::new()),
            };
        }
        stretches
    };
    CoverageView {
        targets: targets
            .iter()
            .map(|target| CoverageRow {
                name: target.row.name.clone(),
                href: format!("/targets/{}", target.row.key),
                stretches: seen(target.results.first().and_then(|result| result.strip.as_ref())),
            })
            .collect(),
        checks: checks
            .iter()
            .map(|(row, _)| CoverageRow {
                name: row.title.clone(),
                href: format!("/checks/{}", row.id),
                stretches: seen(row.strip.as_ref()),
            })
            .collect(),
    }
}

fn findings(checks: &[(CheckRow, CheckView)]) -> Vec<FindingRow> {
    let mut rows: Vec<FindingRow> = checks
        .iter()
        .filter(|(row, _)| row.verdicts.fail > 0)
        .map(|(row, view)| FindingRow {
            title: format!("Not so: {}", row.title),
            severity: row.severity,
            control: row.controls.first().cloned().unwrap_or_default(),
            criteria: view.definition.criteria.clone(),
            check: row.id.clone(),
            condition: "The test fails on some of the targets.".into(),
            effect: view.definition.rationale.clone(),
            remedy: view.definition.remediation.clone(),
            targets: view
                .results
                .iter()
                .filter(|result| result.outcome.verdict == Verdict::Fail)
                .map(|result| FindingTarget {
                    key: result.target_key,
                    name: result.target_name.clone(),
                    seen_good: Some(result.since.plus_micros(-DAY_US)),
                    seen_bad: result.since,
                })
                .collect(),
            waiver: if row.id == "log-forwarded" {
                "until 31 Dec 2026; the collector is being replaced".into()
            } else {
                String::new()
            },
        })
        .collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.severity));
    rows
}

fn period_view(control_periods: &[ControlPeriodView], criteria: &[CriterionView]) -> PeriodView {
    let mut series: Vec<SeriesOf> = Vec::new();
    for view in criteria {
        let row = &view.row;
        let entry = (row.id.clone(), row.text.clone());
        match series.iter_mut().find(|series| series.id == row.series) {
            Some(series) => series.criteria.push(entry),
            None => series.push(SeriesOf {
                id: row.series.clone(),
                title: row.series_title.clone(),
                categories: vec!["security".into()],
                criteria: vec![entry],
            }),
        }
    }
    PeriodView {
        controls: control_periods.iter().map(|view| view.row.clone()).collect(),
        series,
        categories: vec![("security".into(), "Security".into())],
    }
}

/// Everything, with an output folder for documents.
pub(crate) fn views(report_folder: Option<PathBuf>) -> Views {
    let checks = checks();
    let artifacts = artifacts();
    let controls = controls(&checks, &artifacts);
    let criteria = criteria(&controls);
    let runs = runs(&checks);
    let targets = targets(&checks, &artifacts, &runs);
    let leaves = leaves();
    let control_periods = control_periods(&controls);
    let (from, to) = period();
    let report = |file: &str, size| ReportRow {
        file: file.into(),
        size,
        made: ago(0, 1),
        digest: Digest::of(file.as_bytes()),
    };
    Views {
        context: Context { organization: "Acme".into(), system: "Payroll SaaS".into(), aim: "SOC 2 Type 2".into(), from, to, notice: String::new() },
        period: period_view(&control_periods, &criteria),
        control_periods,
        coverage: coverage(&targets, &checks),
        findings: findings(&checks),
        looks: looks(&checks, &runs, &artifacts),
        overview: overview(&controls, &criteria, &checks, &targets, &runs),
        criteria,
        controls,
        checks,
        targets,
        runs,
        artifacts,
        ledger: LedgerView {
            origin: "acme.example/t/5f2c9a/1".into(),
            size: 1_042,
            root: Digest::of(b"root"),
            checkpoint: "acme.example/t/5f2c9a/1\n1042\nSIE4zgc0T6TL6a0Mjy1bpyOrZcmUnkoW8LEjhBZMcfI=\n\n— acme.example/t/5f2c9a/1 kJ5xEu1S0o3yUPJ8tqfQ0rM2mVnkNCwB5g0Z7l9xQ4yVtJpG1hTQe8Zb0cQk7Jm2l5Wq3nD1sYv6uFhRzXaKbQ8EAw==\n".into(),
            signed_at: ago(0, 2),
            key: "acme.example/t/5f2c9a/1+909e7112+ARkq0p3f8mE6m4Yk1pY0l7X2b9u0cZ1sT5tqv3e4w6yB".into(),
            epoch: 1,
            pending: 0,
            scrub: Some(ScrubView { at: ago(1, 0), leaves: 1_030, tiles: 4, objects: 611, differences: 0 }),
            anchors: leaves.iter().filter(|leaf| leaf.row.kind == "time.anchor").map(|leaf| leaf.row.clone()).collect(),
            leaves: leaves.iter().take(24).map(|leaf| leaf.row.clone()).collect(),
        },
        leaves,
        consistency: vec![ConsistencyView {
            old_size: 1_000,
            old_root: Digest::of(b"older root"),
            new_size: 1_042,
            new_root: Digest::of(b"root"),
            hashes: (0..7).map(|n| Digest::of(format!("consistency/{n}").as_bytes())).collect(),
        }],
        reports: vec![report("readiness.pdf", 812_044), report("matrix.xlsx", 48_310), report("bundle.zip", 1_204_511)],
        report_folder,
    }
}

/// The same organization before anything was looked at.
pub(crate) fn empty_views() -> Views {
    let mut views = views(None);
    views.checks.iter_mut().for_each(|(row, view)| {
        row.verdicts = VerdictCounts::default();
        row.strip = None;
        view.results.clear();
        view.versions.clear();
    });
    views.controls.iter_mut().for_each(|control| {
        control.tests.clear();
        control.evidence.clear();
        control.row.strip = None;
        control.row.verdicts = VerdictCounts::default();
    });
    for view in &mut views.control_periods {
        (view.checks, view.windows, view.deviations) = (Vec::new(), Vec::new(), Vec::new());
        view.populations.clear();
        view.row.stretches.clear();
    }
    views.period.controls.iter_mut().for_each(|row| row.stretches.clear());
    views.looks.clear();
    views.coverage = CoverageView { targets: Vec::new(), checks: Vec::new() };
    views.findings.clear();
    views.targets.clear();
    views.runs.clear();
    views.artifacts.clear();
    views.leaves.clear();
    views.consistency.clear();
    views.ledger.anchors.clear();
    views.ledger.scrub = None;
    views.reports.clear();
    views.ledger.size = 0;
    let overview = &mut views.overview;
    (overview.targets, overview.gaps, overview.failing_checks, overview.key_ready) = (0, 0, 0, 0);
    overview.attention.clear();
    overview.coverage.clear();
    overview.gap_reasons.clear();
    overview.runs.clear();
    overview.ledger = None;
    views
}
