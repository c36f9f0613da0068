//! Coverage: at each moment, how many of the things that were due had been seen.

use std::collections::BTreeMap;

use tickmark_app::{View, observation};
use tickmark_core::observation::Verdict;
use tickmark_core::observation::interval::Interval;
use tickmark_core::{Span, Timestamp};

use super::Live;
use crate::conclusion::period::Chosen;
use crate::design::board::Stretch;
use crate::design::icon::Mark;
use crate::error::Refusal;
use crate::observation::coverage::{CoverageRow, CoverageView, check_href};

/// Sweeps over several histories of one subject: everything seen, some of it, or nothing.
fn seen_of(histories: &[&[Interval]], noun: &str, span: Span, now: Timestamp) -> Vec<Stretch> {
    let (from, to) = (span.from, span.to.unwrap_or(now));
    let end = to.min(now);
    let mut edges: Vec<(Timestamp, i64)> = Vec::new();
    for interval in histories.iter().flat_map(|history| history.iter()) {
        let (start, stop) = (interval.span.from.max(from), interval.span.to.unwrap_or(now).min(end));
        if interval.verdict != Verdict::Unknown && start < stop {
            edges.push((start, 1));
            edges.push((stop, -1));
        }
    }
    edges.sort_unstable();
    let all = i64::try_from(histories.len()).unwrap_or(i64::MAX);
    let mut out: Vec<Stretch> = Vec::new();
    let (mut seen, mut at) = (0_i64, from);
    let mut push = |from: Timestamp, to: Timestamp, seen: i64| {
        if from >= to {
            return;
        }
        let (mark, note) = match seen {
            0 => (Mark::Unknown, "nothing".to_owned()),
            seen if seen >= all => (Mark::Pass, String::new()),
            seen => (Mark::Partly, format!("{} of {all} {noun} unknown", all - seen)),
        };
        match out.last_mut() {
            Some(last) if last.mark == mark && last.note == note && last.to == from => last.to = to,
            _ => out.push(Stretch { from, to, mark, note }),
        }
    };
    for (moment, change) in edges {
        push(at, moment, seen);
        at = at.max(moment);
        seen += change;
    }
    push(at, end, seen);
    if to > now {
        out.push(Stretch { from: now.max(from), to, mark: Mark::NotYetDue, note: String::new() });
    }
    out
}

impl Live {
    pub(in crate::source) async fn coverage(&self, chosen: &Chosen) -> Result<CoverageView, Refusal> {
        let work = async |view: &mut View<'_>| {
            let now = view.now;
            let span = Span { from: chosen.from, to: Some(chosen.to) };
            let histories = observation::histories_in(view, span, None).await?;
            let targets = observation::targets(view).await?;
            Ok((histories, targets, observation::checks_in_force(view).await?, now))
        };
        let (histories, targets, checks, now) = self.app.read(&self.actor, work).await?;
        let span = Span { from: chosen.from, to: Some(chosen.to) };
        let mut by_target: BTreeMap<_, Vec<&[Interval]>> = BTreeMap::new();
        for (target, history) in histories.values().flatten() {
            by_target.entry(*target).or_default().push(history);
        }
        Ok(CoverageView {
            targets: targets
                .iter()
                .filter(|target| target.retired_at.is_none_or(|retired| retired > span.from))
                .map(|target| {
                    let of_target = by_target.remove(&target.key).unwrap_or_default();
                    // Before it was known and after it left nobody had to look.
                    let due = Span {
                        from: span.from.max(target.first_seen),
                        to: span.to.map(|to| target.retired_at.map_or(to, |retired| retired.min(to))),
                    };
                    CoverageRow {
                        id: target.key.0.to_string(),
                        name: target.target.name.clone(),
                        href: format!("/targets/{}", target.key.0),
                        stretches: seen_of(&of_target, "checks", due, now),
                    }
                })
                .collect(),
            checks: histories
                .iter()
                .map(|(check, histories)| CoverageRow {
                    id: check.to_string(),
                    name: checks.get(check).map_or(check, |known| &known.definition.title).to_owned(),
                    href: check_href(check),
                    stretches: seen_of(
                        &histories.values().map(Vec::as_slice).collect::<Vec<_>>(),
                        "targets",
                        span,
                        now,
                    ),
                })
                .collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use tickmark_core::time::HOUR_US;

    use super::*;

    #[test]
    fn some_seen_is_never_all_seen() {
        let at = |hour: i64| Timestamp::from_micros(hour * HOUR_US);
        let interval = |from: i64, to: i64, verdict| Interval {
            verdict,
            reason: None,
            span: Span { from: at(from), to: Some(at(to)) },
        };
        let one = [interval(2, 6, Verdict::Pass), interval(6, 8, Verdict::Unknown)];
        let two = [interval(4, 7, Verdict::Fail)];
        let span = Span { from: at(0), to: Some(at(12)) };
        let found: Vec<(i64, i64, Mark)> = seen_of(&[&one, &two], "checks", span, at(10))
            .iter()
            .map(|s| (s.from.micros() / HOUR_US, s.to.micros() / HOUR_US, s.mark))
            .collect();
        assert_eq!(
            found,
            [
                (0, 2, Mark::Unknown),
                (2, 4, Mark::Partly),
                (4, 6, Mark::Pass),
                (6, 7, Mark::Partly),
                (7, 10, Mark::Unknown),
                (10, 12, Mark::NotYetDue),
            ]
        );
    }
}
