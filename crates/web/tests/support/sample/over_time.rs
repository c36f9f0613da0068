//! Frozen assessments, and what changed between them.

use tickmark_core::conclusion::readiness::{Answer as Decided, ControlStatus as Rated, Question};
use tickmark_core::report::compare::{Area, Change, Reason};

use super::*;

fn snapshot(key: i64, days: i64, met: usize) -> SnapshotRow {
    SnapshotRow {
        key,
        taken: ago(days, 0),
        by: "Ada Byron".into(),
        model: Digest::of(key.to_string().as_bytes()),
        figures: Figures {
            readiness: format!("{}.4 %", 40 + met),
            met,
            partly_met: 12,
            not_met: 8,
            not_assessed: 41 - met,
            key_ready: met,
            key_controls: 60,
            findings: 24 - met,
            gaps: 6,
        },
    }
}

/// Newest first.
pub(super) fn snapshots() -> Vec<SnapshotRow> {
    vec![snapshot(3, 2, 19), snapshot(2, 30, 11), snapshot(1, 90, 4)]
}

pub(super) fn comparison() -> ComparisonView {
    let change = |area, subject: &str, before: &str, after: &str, reasons| Change {
        area,
        subject: subject.into(),
        before: Some(before.into()).filter(|text: &String| !text.is_empty()),
        after: Some(after.into()).filter(|text: &String| !text.is_empty()),
        reasons,
        more: 0,
    };
    let decision = Reason::Decision {
        control: "IAM-01".into(),
        question: Question::Designed,
        before: Decided::Partly,
        after: Decided::Yes,
        at: Some(ago(40, 0)),
    };
    let verdict = |target: &str| Reason::Verdict {
        check: "ssh-root-login-disabled".into(),
        target: target.into(),
        before: Some(Verdict::Fail),
        after: Some(Verdict::Pass),
        since: Some(ago(41, 0)),
    };
    let control =
        Reason::Control { control: "IAM-01".into(), before: Rated::DesignWeakness, after: Rated::Ready };
    ComparisonView {
        before: snapshot(1, 90, 4),
        after: snapshot(2, 30, 11),
        changes: vec![
            change(Area::Scope, "controls", "109", "110", vec![Reason::Adopted { control: "IAM-02".into() }]),
            change(Area::Figure, "criteria met", "4", "11", vec![control.clone()]),
            change(
                Area::Criterion,
                "CC6.1",
                "partly met",
                "met",
                vec![control, Reason::Judged { criterion: "CC6.1".into() }],
            ),
            change(Area::Control, "IAM-01", "design weakness", "ready", vec![decision.clone()]),
            change(Area::Decision, "IAM-01 designed", "partly", "yes", vec![decision]),
            change(
                Area::Check,
                "ssh-root-login-disabled",
                "1 pass, 2 fail",
                "3 pass, 0 fail",
                (0..8).map(|n| verdict(if n == 0 { "ada-01" } else { "gone" })).collect(),
            ),
            change(
                Area::Finding,
                "IAM-08: Root can log in",
                "proposed (high)",
                "",
                vec![Reason::Unexplained],
            ),
        ],
        targets: BTreeMap::from([("ada-01".to_owned(), 1)]),
    }
}
