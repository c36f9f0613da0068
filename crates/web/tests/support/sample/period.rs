//! The period: boards, moments, coverage and findings.

use super::*;

/// Stretches of the board from the segments of a strip, from the first day of the period on.
pub(super) fn stretches(strip: Option<&Strip>) -> Vec<Stretch> {
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
pub(super) fn windows() -> Vec<Stretch> {
    let (from, to) = span();
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

fn window_line(at: usize, stretch: &Stretch) -> WindowLine {
    WindowLine {
        name: format!("2026-Q{}", at + 1),
        due: stretch.to,
        mark: stretch.mark,
        performed: match stretch.mark {
            Mark::Pass => Some(stretch.to.plus_micros(-DAY_US)),
            Mark::Late => Some(stretch.to.plus_micros(3 * DAY_US)),
            _ => None,
        },
        is_recorded_late: stretch.mark == Mark::Late,
        note: "reviewed with the owners".into(),
    }
}

pub(super) fn population() -> PopulationPeriod {
    let (from, _) = span();
    PopulationPeriod {
        title: "Production changes".into(),
        trigger: "deployment to production".into(),
        source: "the deployment log".into(),
        from,
        to: from.plus_micros(181 * DAY_US),
        items: 180,
        deviating: 2,
        untested: 5,
        unsampled: 0,
        frozen: Some((from.plus_micros(200 * DAY_US), Digest::of(b"changes"))),
    }
}

fn items() -> Vec<Stretch> {
    let (from, _) = span();
    let stretch = |a: i64, b: i64, mark| Stretch {
        from: from.plus_micros(a * DAY_US),
        to: from.plus_micros(b * DAY_US),
        mark,
        note: String::new(),
    };
    vec![
        stretch(0, 80, Mark::Pass),
        stretch(80, 81, Mark::Fail),
        stretch(81, 150, Mark::Pass),
        stretch(150, 151, Mark::Fail),
        stretch(151, 181, Mark::Pass),
    ]
}

pub(super) fn control_periods(controls: &[ControlView]) -> Vec<ControlPeriodView> {
    controls
        .iter()
        .map(|control| {
            let row = &control.row;
            let mut checks: Vec<CheckPeriod> = Vec::new();
            let (mut deviations, mut unseen) = (Vec::new(), Vec::new());
            for test in &control.tests {
                let target = TargetPeriod {
                    key: test.target_key,
                    name: test.target_name.clone(),
                    first_deviation: stretches(test.strip.as_ref())
                        .iter()
                        .find(|stretch| stretch.mark == Mark::Fail)
                        .map(|stretch| stretch.from),
                    stretches: stretches(test.strip.as_ref()),
                };
                let href =
                    |at: Timestamp| format!("/targets/{}/checks/{}?at={at}", target.key, test.check_id);
                unseen.extend(target.stretches.iter().filter(|s| s.mark == Mark::Unknown).map(|s| {
                    StretchRow {
                        subject: target.name.clone(),
                        href: href(s.from),
                        test: test.check_title.clone(),
                        from: s.from,
                        to: s.to,
                        why: s.note.clone(),
                    }
                }));
                deviations.extend(target.stretches.iter().filter(|s| s.mark == Mark::Fail).map(|s| {
                    DeviationRow {
                        mark: Mark::Fail,
                        subject: target.name.clone(),
                        test: test.check_title.clone(),
                        href: href(s.from),
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
            let occurrence = if is_periodic { windows() } else { Vec::new() };
            let is_change = row.id.starts_with("CHG");
            ControlPeriodView {
                row: ControlPeriod {
                    id: row.id.clone(),
                    title: row.title.clone(),
                    area: row.area.clone(),
                    owner: row.owner.clone(),
                    owner_role: row.owner_role.clone(),
                    system: String::new(),
                    criteria: row.criteria.clone(),
                    tested_by: if is_periodic {
                        "quarterly".into()
                    } else if is_change {
                        "what triggers it".into()
                    } else if checks.is_empty() {
                        String::new()
                    } else {
                        format!("{} checks", checks.len())
                    },
                    stretches: if is_periodic { occurrence.clone() } else { stretches(row.strip.as_ref()) },
                },
                statement: control.statement.clone(),
                details: PeriodDetails::default(),
                count: Count::Time,
                checks,
                windows: occurrence
                    .iter()
                    .enumerate()
                    .map(|(at, stretch)| window_line(at, stretch))
                    .collect(),
                occurrence,
                items: if is_change { items() } else { Vec::new() },
                populations: if is_change { vec![population()] } else { Vec::new() },
                waived: unseen.iter().take(1).cloned().collect(),
                deviations,
                unseen,
            }
        })
        .collect()
}

pub(super) fn looks(
    checks: &[(CheckRow, CheckView)],
    runs: &[RunView],
    artifacts: &[ArtifactView],
) -> Vec<LookView> {
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
                stale_after_hours: 72,
                version: Some((Digest::of(row.id.as_bytes()), "regorus 0.9".into())),
                verdict: Some((result.outcome.verdict, result.outcome.reason)),
                since: Some((result.since, None)),
                seen_before: Some(result.since.plus_micros(-DAY_US)),
                rests_on: Some(ago(0, 2)),
                looks: vec![(ago(0, 14), Verdict::Pass), (ago(0, 2), result.outcome.verdict)],
                again: if row.id.len() % 5 == 0 { Again::Different } else { Again::Same },
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

pub(super) fn coverage(targets: &[TargetView], checks: &[(CheckRow, CheckView)]) -> CoverageView {
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
                id: target.row.key.to_string(),
                name: target.row.name.clone(),
                href: format!("/targets/{}", target.row.key),
                stretches: seen(target.results.first().and_then(|result| result.strip.as_ref())),
            })
            .collect(),
        checks: checks
            .iter()
            .map(|(row, _)| CoverageRow {
                id: row.id.clone(),
                name: row.title.clone(),
                href: format!("/checks/{}", row.id),
                stretches: seen(row.strip.as_ref()),
            })
            .collect(),
    }
}

pub(super) fn findings(checks: &[(CheckRow, CheckView)]) -> Vec<FindingRow> {
    let mut rows: Vec<FindingRow> = checks
        .iter()
        .filter(|(row, _)| row.verdicts.fail > 0)
        .map(|(row, view)| FindingRow {
            reference: "test.IAM-08.x".to_owned(),
            origin: None,
            is_found: true,
            taken: String::new(),
            title: format!("Test fails: {}", row.title),
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

pub(super) fn period_view(control_periods: &[ControlPeriodView], criteria: &[CriterionView]) -> PeriodView {
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
        count: Count::Time,
        series,
        categories: vec![("security".into(), "Security".into())],
    }
}
