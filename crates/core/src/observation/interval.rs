//! Intervals: the history of one check at one target, written only when something changes.
//!
//! An interval starts with the first look that found a verdict and ends with the first look that found another. The true
//! moment of a change lies between the last look before it and the first look after it; both bounds are kept apart by
//! [`Failure`]. A verdict holds only as long as its look is fresh: after the check's staleness limit it turns unknown.

use serde::{Deserialize, Serialize};

use super::block::Observation;
use super::{ReasonClass, Verdict};
use crate::{Span, Timestamp};

/// A stretch of time over which every look found the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interval {
    /// What was found.
    pub verdict: Verdict,
    /// Why, for `unknown` and `not_applicable`.
    pub reason: Option<ReasonClass>,
    /// From the first look that found it to the first look that did not.
    pub span: Span,
}

/// A failing interval with both bounds of its start and of its end. A look that could not see is no good look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Last look before it that found the check passing or without a subject, if there was one.
    pub last_seen_good: Option<Timestamp>,
    /// First look that found it.
    pub first_seen_bad: Timestamp,
    /// Last look that found it.
    pub last_seen_bad: Timestamp,
    /// First look that no longer found it, whether it was good or could not see; none while it lasts.
    pub ended: Option<Timestamp>,
    /// First look after it that found the check passing or without a subject, if there was one.
    pub first_seen_good_again: Option<Timestamp>,
}

/// Builds the intervals of one check at one target from all its looks, oldest first. This is the definition that the
/// incremental index must agree with.
#[must_use]
pub fn from_looks(looks: &[(Timestamp, Observation)]) -> Vec<Interval> {
    let mut intervals: Vec<Interval> = Vec::new();
    for &(at, observation) in looks {
        match intervals.last_mut() {
            Some(last) if last.verdict == observation.verdict() && last.reason == observation.reason() => {}
            last => {
                if let Some(last) = last {
                    last.span.to = Some(at);
                }
                intervals.push(Interval {
                    verdict: observation.verdict(),
                    reason: observation.reason(),
                    span: Span { from: at, to: None },
                });
            }
        }
    }
    intervals
}

/// Returns what can be said at each moment up to `now`: `intervals` with every stretch longer than `stale_after_us`
/// since the last look replaced by `unknown (stale)`. The last stretch ends at `now`. `looks` are the moments at which
/// the target was looked at, ascending.
#[must_use]
pub fn with_staleness(
    intervals: &[Interval],
    looks: &[Timestamp],
    stale_after_us: i64,
    now: Timestamp,
) -> Vec<Interval> {
    let stale = stale_spans(looks, stale_after_us, now);
    let mut out: Vec<Interval> = Vec::new();
    for interval in intervals {
        let end = interval.span.to.unwrap_or(now).min(now);
        push_fresh(&mut out, interval.verdict, interval.reason, interval.span.from, end, &stale);
    }
    out
}

/// Returns the stretches up to `end` that lie more than `stale_after_us` after the last of `looks`, which ascend.
#[must_use]
pub fn stale_spans(looks: &[Timestamp], stale_after_us: i64, end: Timestamp) -> Vec<Span> {
    let next = looks.iter().skip(1).copied().chain([end]);
    looks
        .iter()
        .map(|look| look.plus_micros(stale_after_us))
        .zip(next)
        .map(|(limit, next)| Span { from: limit, to: Some(next.min(end)) })
        .filter(|span| span.to.is_some_and(|to| span.from < to))
        .collect()
}

/// Adds what can be said over `span`, an open end being that of the span: `others` where they lie, passing elsewhere,
/// and `unknown (stale)` over the `stale` stretches. `others` and `stale` ascend and do not overlap.
pub fn fill(out: &mut Vec<Interval>, others: impl Iterator<Item = Interval>, span: Span, stale: &[Span]) {
    let Some(end) = span.to else { return };
    let mut from = span.from;
    for other in others {
        let to = other.span.to.unwrap_or(end).min(end);
        if to <= from {
            continue;
        }
        if other.span.from >= end {
            break;
        }
        let begins = other.span.from.max(from);
        push_fresh(out, Verdict::Pass, None, from, begins, stale);
        push_fresh(out, other.verdict, other.reason, begins, to, stale);
        from = to;
    }
    push_fresh(out, Verdict::Pass, None, from, end, stale);
}

fn push_fresh(
    out: &mut Vec<Interval>,
    verdict: Verdict,
    reason: Option<ReasonClass>,
    mut from: Timestamp,
    end: Timestamp,
    stale: &[Span],
) {
    let first = stale.partition_point(|span| span.to.is_some_and(|to| to <= from));
    for span in &stale[first..] {
        if span.from >= end {
            break;
        }
        let to = span.to.map_or(end, |to| to.min(end));
        push(out, verdict, reason, from, span.from);
        push(out, Verdict::Unknown, Some(ReasonClass::Stale), span.from.max(from), to);
        from = from.max(to);
    }
    push(out, verdict, reason, from, end);
}

/// Returns the failing intervals with both bounds of their start and end. `looks` are the moments at which the target
/// was looked at, ascending.
#[must_use]
pub fn failures(intervals: &[Interval], looks: &[Timestamp]) -> Vec<Failure> {
    let is_good = |interval: &&Interval| matches!(interval.verdict, Verdict::Pass | Verdict::NotApplicable);
    let last_before = |end: Option<Timestamp>| {
        let before = end.map_or(looks.len(), |end| looks.partition_point(|&look| look < end));
        looks[..before].last().copied()
    };
    intervals
        .iter()
        .enumerate()
        .filter(|(_, interval)| interval.verdict == Verdict::Fail)
        .map(|(at, interval)| {
            let good_before = intervals[..at].iter().rev().find(is_good);
            Failure {
                last_seen_good: good_before.and_then(|good| last_before(good.span.to)),
                first_seen_bad: interval.span.from,
                last_seen_bad: last_before(interval.span.to).unwrap_or(interval.span.from),
                ended: interval.span.to,
                first_seen_good_again: intervals[at + 1..].iter().find(is_good).map(|good| good.span.from),
            }
        })
        .collect()
}

/// Microseconds of a span under each verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shares {
    /// Proven to be as asserted.
    pub pass_us: i64,
    /// Shown not to be as asserted.
    pub fail_us: i64,
    /// Without a subject.
    pub not_applicable_us: i64,
    /// Could not be seen, or not looked at.
    pub unknown_us: i64,
}

impl Shares {
    /// Adds `other`, for sums over subjects.
    pub fn add(&mut self, other: &Self) {
        self.pass_us += other.pass_us;
        self.fail_us += other.fail_us;
        self.not_applicable_us += other.not_applicable_us;
        self.unknown_us += other.unknown_us;
    }

    /// Sums `intervals` over `span` (an open end being `now`); what no interval covers is unknown.
    #[must_use]
    pub fn over(intervals: &[Interval], span: Span, now: Timestamp) -> Self {
        let end = span.to.unwrap_or(now);
        let mut shares = Self::default();
        for interval in intervals {
            let from = interval.span.from.max(span.from);
            let to = interval.span.to.unwrap_or(now).min(end);
            let micros = (to.micros() - from.micros()).max(0);
            match interval.verdict {
                Verdict::Pass => shares.pass_us += micros,
                Verdict::Fail => shares.fail_us += micros,
                Verdict::NotApplicable => shares.not_applicable_us += micros,
                Verdict::Unknown => {}
            }
        }
        let known = shares.pass_us + shares.fail_us + shares.not_applicable_us;
        shares.unknown_us = (end.micros() - span.from.micros()).max(0) - known;
        shares
    }
}

/// Returns what was known of several subjects together over `span`: failing if any fails, else unknown if any is unknown
/// or not covered, else passing if any passes, else not applicable. Empty if there are no histories.
#[must_use]
pub fn worst_of(histories: &[&[Interval]], span: Span, now: Timestamp) -> Vec<Interval> {
    let end = span.to.unwrap_or(now).min(now);
    if histories.is_empty() || span.from >= end {
        return Vec::new();
    }
    // Each edge moves one subject from one verdict to another; the rest is counting.
    let mut edges: Vec<(Timestamp, usize, Option<Interval>)> = Vec::new();
    for (subject, history) in histories.iter().enumerate() {
        for interval in history.iter() {
            let from = interval.span.from.max(span.from);
            let to = interval.span.to.unwrap_or(now).min(end);
            if from < to {
                edges.push((from, subject, Some(*interval)));
                edges.push((to, subject, None));
            }
        }
    }
    // Of edges at one moment the closing ones come first, so that the next interval of the subject replaces the last.
    edges.sort_by_key(|(at, subject, opens)| (*at, *subject, opens.is_some()));
    let code =
        |interval: &Option<Interval>| usize::from(interval.map_or(Verdict::Unknown, |i| i.verdict).code());
    let mut state: Vec<Option<Interval>> = vec![None; histories.len()];
    let mut counts = [0_usize; 4];
    counts[usize::from(Verdict::Unknown.code())] = histories.len();
    let mut out = Vec::new();
    let mut from = span.from;
    for (at, subject, opens) in edges {
        let (verdict, reason) = worst(&counts, &state);
        push(&mut out, verdict, reason, from, at);
        from = from.max(at);
        counts[code(&state[subject])] -= 1;
        state[subject] = opens;
        counts[code(&state[subject])] += 1;
    }
    let (verdict, reason) = worst(&counts, &state);
    push(&mut out, verdict, reason, from, end);
    out
}

fn worst(counts: &[usize; 4], state: &[Option<Interval>]) -> (Verdict, Option<ReasonClass>) {
    let any = |verdict: Verdict| counts[usize::from(verdict.code())] > 0;
    if any(Verdict::Fail) {
        (Verdict::Fail, None)
    } else if any(Verdict::Unknown) {
        let reasons =
            state.iter().flatten().filter(|i| i.verdict == Verdict::Unknown).filter_map(|i| i.reason);
        (Verdict::Unknown, Some(reasons.min().unwrap_or(ReasonClass::NotCollected)))
    } else if any(Verdict::Pass) {
        (Verdict::Pass, None)
    } else {
        (Verdict::NotApplicable, Some(ReasonClass::NotPresent))
    }
}

fn push(
    out: &mut Vec<Interval>,
    verdict: Verdict,
    reason: Option<ReasonClass>,
    from: Timestamp,
    to: Timestamp,
) {
    if from >= to {
        return;
    }
    if let Some(last) = out.last_mut()
        && last.verdict == verdict
        && last.reason == reason
        && last.span.to == Some(from)
    {
        last.span.to = Some(to);
        return;
    }
    out.push(Interval { verdict, reason, span: Span { from, to: Some(to) } });
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_micros(hour * crate::time::HOUR_US)
    }

    fn words(intervals: &[Interval]) -> Vec<String> {
        let hours = |t: Timestamp| t.micros() / crate::time::HOUR_US;
        intervals
            .iter()
            .map(|i| {
                let to = i.span.to.map_or("..".to_owned(), |to| hours(to).to_string());
                format!(
                    "{} {}-{to}",
                    i.reason.map_or(i.verdict.word(), ReasonClass::word),
                    hours(i.span.from)
                )
            })
            .collect()
    }

    #[test]
    fn a_change_closes_one_interval_and_opens_the_next() {
        let looks = [
            (at(0), Observation::PASS),
            (at(24), Observation::PASS),
            (at(48), Observation::FAIL),
            (at(72), Observation::unknown(ReasonClass::NotPermitted)),
            (at(96), Observation::unknown(ReasonClass::Limit)),
        ];
        let intervals = from_looks(&looks);
        assert_eq!(words(&intervals), ["pass 0-48", "fail 48-72", "not_permitted 72-96", "limit 96-.."]);
        let looks: Vec<_> = looks.iter().map(|l| l.0).collect();
        assert_eq!(
            failures(&intervals, &looks),
            [Failure {
                last_seen_good: Some(at(24)),
                first_seen_bad: at(48),
                last_seen_bad: at(48),
                ended: Some(at(72)),
                first_seen_good_again: None,
            }],
            "what could not be seen is not good again"
        );
    }

    #[test]
    fn a_pass_that_nobody_looked_at_again_turns_unknown() {
        let looks = [at(0), at(24), at(96)];
        let intervals = from_looks(&looks.map(|l| (l, Observation::PASS)));
        assert_eq!(words(&intervals), ["pass 0-.."]);
        let known = with_staleness(&intervals, &looks, 36 * crate::time::HOUR_US, at(200));
        assert_eq!(words(&known), ["pass 0-60", "stale 60-96", "pass 96-132", "stale 132-200"]);
    }

    #[test]
    fn a_failure_found_after_blindness_began_after_the_last_good_look() {
        let looks = [
            (at(0), Observation::PASS),
            (at(24), Observation::unknown(ReasonClass::NotCollected)),
            (at(48), Observation::FAIL),
            (at(72), Observation::FAIL),
            (at(96), Observation::PASS),
        ];
        let moments: Vec<_> = looks.iter().map(|look| look.0).collect();
        let failure = Failure {
            last_seen_good: Some(at(0)),
            first_seen_bad: at(48),
            last_seen_bad: at(72),
            ended: Some(at(96)),
            first_seen_good_again: Some(at(96)),
        };
        assert_eq!(failures(&from_looks(&looks), &moments), [failure]);
        assert_eq!(failures(&from_looks(&looks[1..3]), &moments[1..3])[0].last_seen_good, None);
    }

    #[test]
    fn of_several_subjects_the_worst_counts() {
        let one = from_looks(&[
            (at(0), Observation::PASS),
            (at(50), Observation::FAIL),
            (at(60), Observation::PASS),
        ]);
        let two = from_looks(&[(at(20), Observation::PASS)]);
        let none =
            from_looks(&[(at(0), Observation::new(Verdict::NotApplicable, Some(ReasonClass::NotPresent)))]);
        let span = Span { from: at(0), to: Some(at(100)) };
        let words_of = |histories: &[&[Interval]]| words(&worst_of(histories, span, at(80)));
        assert_eq!(
            words_of(&[&one, &two, &none]),
            ["not_collected 0-20", "pass 20-50", "fail 50-60", "pass 60-80"]
        );
        assert_eq!(words_of(&[&none]), ["not_present 0-80"]);
        assert_eq!(words_of(&[&[]]), ["not_collected 0-80"]);
        assert_eq!(words_of(&[]), Vec::<String>::new());
    }

    #[test]
    fn time_before_the_first_look_is_unknown() {
        let intervals = from_looks(&[(at(10), Observation::PASS)]);
        let shares = Shares::over(&intervals, Span { from: at(0), to: Some(at(40)) }, at(30));
        assert_eq!(shares.pass_us / crate::time::HOUR_US, 20);
        assert_eq!(shares.unknown_us / crate::time::HOUR_US, 20);
    }

    proptest! {
        #[test]
        fn filling_gives_what_the_whole_list_gives(
            steps in prop::collection::vec((1_i64..100, 0_u8..4), 1..30), limit in 1_i64..60) {
            let mut hour = 0;
            let looks: Vec<_> = steps.iter().map(|&(step, code)| {
                hour += step;
                (at(hour), Observation::new(Verdict::from_code(code), None))
            }).collect();
            let (moments, now): (Vec<_>, _) = (looks.iter().map(|l| l.0).collect(), at(hour + 50));
            let intervals = from_looks(&looks);
            let stale_us = limit * crate::time::HOUR_US;
            let mut filled = Vec::new();
            let others = intervals.iter().copied().filter(|interval| interval.verdict != Verdict::Pass);
            let span = Span { from: moments[0], to: Some(now) };
            fill(&mut filled, others, span, &stale_spans(&moments, stale_us, now));
            prop_assert_eq!(filled, with_staleness(&intervals, &moments, stale_us, now));
        }

        #[test]
        fn staleness_only_ever_removes_knowledge(
            steps in prop::collection::vec((1_i64..100, 0_u8..4), 1..30), limit in 1_i64..60) {
            let mut hour = 0;
            let looks: Vec<_> = steps.iter().map(|&(step, code)| {
                hour += step;
                (at(hour), Observation::new(Verdict::from_code(code), None))
            }).collect();
            let now = at(hour + 50);
            let moments: Vec<_> = looks.iter().map(|l| l.0).collect();
            let intervals = from_looks(&looks);
            let known = with_staleness(&intervals, &moments, limit * crate::time::HOUR_US, now);
            // Still a partition of first look .. now.
            prop_assert_eq!(known[0].span.from, moments[0]);
            prop_assert_eq!(known.last().expect("one look at least").span.to, Some(now));
            prop_assert!(known.windows(2).all(|w| w[0].span.to == Some(w[1].span.from)));
            let all = Span { from: moments[0], to: Some(now) };
            let (before, after) = (Shares::over(&intervals, all, now), Shares::over(&known, all, now));
            prop_assert!(after.pass_us <= before.pass_us && after.fail_us <= before.fail_us);
            prop_assert!(after.unknown_us >= before.unknown_us);
        }
    }
}
