//! The first page.

use super::*;

pub(super) fn overview(
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
        in_force: controls.len(),
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
                "Sudo rules, firewall, shadow status and disk encryption are unknown, not passed. A look as root sees more.",
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
