//! Test results, gaps, the period and the appendix of the sample.

use tickmark_core::observation::waiver::State;
use tickmark_core::observation::{ReasonClass, Verdict};
use tickmark_core::report::readiness::{
    Appendix, CheckRow, CheckVersion, CheckpointRow, Citation, ControlRow, EvidenceItem, Figure, GapRow,
    PeriodPicture, ResultRow, RunRow, Strip, StripSpan, StripState, WaiverRow,
};

use super::checks::CHECKS;
use super::{DAY, digest, moment};

pub(super) fn checks(hosts: &[&str]) -> Vec<CheckRow> {
    CHECKS.iter().enumerate().map(|(index, _)| check(index, hosts)).collect()
}

fn check(index: usize, hosts: &[&str]) -> CheckRow {
    let (id, title, severity, controls) = CHECKS[index];
    let version = digest(id);
    let results: Vec<ResultRow> =
        hosts.iter().enumerate().map(|(n, host)| result(index, n, id, host)).collect();
    let count = |verdict| {
        let cites = vec![Citation::check(id, &version), Citation::run(41)];
        Figure::count(results.iter().filter(|result| result.verdict == verdict).count(), cites)
    };
    CheckRow {
        id: id.into(),
        title: title.into(),
        asserts: format!("{title}."),
        severity,
        version,
        controls: controls.iter().map(|id| (*id).into()).collect(),
        pass: count(Verdict::Pass),
        fail: count(Verdict::Fail),
        unknown: count(Verdict::Unknown),
        not_applicable: count(Verdict::NotApplicable),
        results,
    }
}

fn result(check: usize, host: usize, id: &str, name: &str) -> ResultRow {
    let (verdict, reason, message): (_, _, &str) = match (check * 7 + host * 5) % 17 {
        2 | 11 => (Verdict::Fail, None, "The setting seen is weaker than the one expected."),
        6 => (Verdict::Unknown, Some(ReasonClass::NotPermitted), "The file may be read by root only."),
        9 if host == 1 => {
            (Verdict::Unknown, Some(ReasonClass::Stale), "The last look is 52 hours old, the limit is 48.")
        }
        13 => (Verdict::NotApplicable, Some(ReasonClass::NotPresent), "The service is not installed here."),
        _ => (Verdict::Pass, None, "As asserted."),
    };
    let is_fail = verdict == Verdict::Fail;
    ResultRow {
        target: name.into(),
        verdict,
        reason,
        since: moment(-(3 + (check as i64 * 5 + host as i64) % 60) * DAY),
        seen: moment(-1_800),
        message: message.into(),
        subjects: if is_fail {
            vec!["deploy".into(), "backup".into(), "/etc/ssh/sshd_config.d/50-cloud.conf".into()]
        } else {
            Vec::new()
        },
        waiver: (is_fail && check.is_multiple_of(5))
            .then(|| "until 2027-01-31: replaced by the new proxy".into()),
        evidence: Some(digest(&format!("{name}{id}"))),
        run: Some(41),
    }
}

pub(super) fn waivers(checks: &[CheckRow]) -> Vec<WaiverRow> {
    let waived = checks.iter().flat_map(|check| check.results.iter().map(move |result| (check, result)));
    let waived = waived.filter(|(_, result)| result.waiver.is_some());
    let in_force =
        waived.take(20).zip(1..).map(|((check, result), id)| waiver(id, &check.id, &result.target));
    let mut waivers: Vec<WaiverRow> = in_force.collect();
    let expired = waiver(waivers.len() as i64 + 1, &checks[0].id, "");
    waivers.push(WaiverRow {
        expires: moment(-9 * DAY),
        state: State::Expired,
        targets: Vec::new(),
        ..expired
    });
    waivers
}

fn waiver(id: i64, check: &str, target: &str) -> WaiverRow {
    WaiverRow {
        id,
        check: check.into(),
        targets: vec![target.into()],
        reason: "The service is replaced by the new proxy in January.".into(),
        risk: "Until then the weaker setting is reachable from the internal network.".into(),
        compensation: "Sessions are recorded and reviewed weekly.".into(),
        note: String::new(),
        approved_by: "Ines Okafor".into(),
        granted: moment(-40 * DAY),
        expires: moment(68 * DAY),
        state: State::InForce,
        cites: vec![Citation::record(&format!("waiver {id}"))],
    }
}

pub(super) fn gaps(hosts: &[&str]) -> Vec<GapRow> {
    let gap = |target: &str, what: &str, reason, detail: &str, checks: &[&str], remedy: &str| GapRow {
        target: target.into(),
        what: what.into(),
        reason,
        detail: detail.into(),
        checks: checks.iter().map(|id| (*id).into()).collect(),
        remedy: remedy.into(),
        cites: vec![Citation::run(41), Citation::leaf(1_199)],
    };
    hosts
        .iter()
        .take(20)
        .enumerate()
        .map(|(index, host)| match index % 3 {
            0 => gap(
                host,
                "accounts.shadow",
                ReasonClass::NotPermitted,
                "open /etc/shadow: permission denied (uid 1000)",
                &["acct-no-empty-password", "acct-password-hash-strong"],
                "Run the collector as root on this host.",
            ),
            1 => gap(
                host,
                "audit.rules",
                ReasonClass::NotPermitted,
                "auditctl -l: You must be root to run this program.",
                &["log-audit-identity-files"],
                "Run the collector as root on this host.",
            ),
            _ => gap(
                host,
                "updates.pending",
                ReasonClass::Limit,
                "apt-get --simulate did not end within 20 s",
                &["patch-security-within-limit"],
                "Raise the time limit for package simulation.",
            ),
        })
        .collect()
}

pub(super) fn period(controls: &[ControlRow]) -> PeriodPicture {
    let tested = controls.iter().filter(|control| !control.checks.is_empty());
    PeriodPicture {
        from: moment(-84 * DAY),
        to: moment(6 * DAY),
        strips: tested.enumerate().map(|(index, control)| strip(index as i64, control)).collect(),
    }
}

fn strip(index: i64, control: &ControlRow) -> Strip {
    let start = -84 * DAY;
    let mut edges = vec![(start, StripState::Operating)];
    if index % 3 == 1 {
        edges.push((start + (10 + index * 2) * DAY, StripState::Deviation));
        edges.push((start + (13 + index * 2) * DAY, StripState::Operating));
    }
    if index % 4 == 2 {
        edges.push((start + (40 + index) * DAY, StripState::Unknown));
        edges.push((start + (46 + index) * DAY, StripState::Operating));
    }
    if index % 5 == 3 {
        edges.push((start + 70 * DAY, StripState::Waived));
    }
    if index % 6 == 5 {
        edges.push((start + 78 * DAY, StripState::Deviation));
    }
    let mut spans: Vec<StripSpan> = edges
        .iter()
        .enumerate()
        .map(|(n, (from, state))| StripSpan {
            from: moment(*from),
            to: Some(edges.get(n + 1).map_or(moment(0), |(next, _)| moment(*next))),
            state: *state,
        })
        .collect();
    spans.push(StripSpan { from: moment(0), to: Some(moment(6 * DAY)), state: StripState::NotYetDue });
    Strip {
        control: control.id.clone(),
        title: control.title.clone(),
        spans,
        cites: vec![Citation::rows("intervals", &format!("control {}", control.id))],
    }
}

pub(super) fn appendix(checks: &[CheckRow], hosts: &[&str]) -> Appendix {
    let names = ["sshd-effective-configuration", "nftables-ruleset", "passwd", "packages", "systemd-units"];
    let evidence = hosts.iter().flat_map(|host| {
        names.iter().enumerate().map(move |(n, name)| EvidenceItem {
            name: (*name).into(),
            target: (*host).into(),
            run: 41,
            size: 1_024 * (n as u64 * n as u64 * 9 + 2) + 77,
            collected: moment(-1_800 + n as i64),
            digest: digest(&format!("{host}/{name}")),
        })
    });
    Appendix {
        runs: (34..=41)
            .map(|key| RunRow {
                key,
                collector: "host 0.1.0".into(),
                scope: format!("{} hosts", hosts.len()),
                started: moment((key - 41) * DAY - 1_800),
                finished: (key != 37).then(|| moment((key - 41) * DAY - 1_760)),
                complete: key != 37,
                gaps: if key == 37 { 9 } else { 3 },
                leaf: Some(1_199 - (41 - key as u64) * 40),
            })
            .collect(),
        evidence: evidence.collect(),
        checkpoint: Some(CheckpointRow {
            origin: "ledger.harbor.example/0192f3c1".into(),
            size: 1_206,
            root: "3vq1sQmG0n4CkJ0S7o2v0hHk0N3H1t1rQv3b2f0b7mU=".into(),
            key: "ledger.harbor.example/0192f3c1+9a41c2d7".into(),
            signed_at: moment(-590),
        }),
        check_versions: checks
            .iter()
            .map(|check| CheckVersion {
                id: check.id.clone(),
                version: check.version,
                origin: "built in".into(),
            })
            .collect(),
        how_to_verify: vec![
            "Take the bundle that belongs to this report; its manifest names the same checkpoint.".into(),
            "Run `tickmark-verify bundle.zip`. It needs neither a network nor this product.".into(),
            "Compare size and root with a copy of the checkpoint that left the building earlier.".into(),
        ],
    }
}
