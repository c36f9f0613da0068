//! Configuration: was it so at every moment, for every target?

use std::collections::BTreeSet;

use super::cells::Counted;
use super::{
    Beside, Conclusion, Deviation, DeviationKind, Spans, State, Subject, Tally, TestKind, Unseen, Why, adjoin,
};
use crate::control::ControlId;
use crate::id::TargetKey;
use crate::observation::interval::Interval;
use crate::observation::{ReasonClass, Verdict};
use crate::{Span, Timestamp};

/// What a check said about one target, or about several of which the same is to be said: in an estate most targets pass
/// all the time, and are concluded on together.
#[derive(Clone, Debug)]
pub struct History<'a> {
    /// The targets.
    pub targets: Vec<TargetKey>,
    /// When they were in scope: time before they were there is not their time.
    pub life: Span,
    /// What could be said at each moment, staleness applied, in order.
    pub intervals: &'a [Interval],
    /// When the check looked, ascending. Gives the last moment known to be good before a failure.
    pub looks: &'a [Timestamp],
}

/// A waiver of the check, as far as a period needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waived {
    /// Its number.
    pub waiver: i64,
    /// Targets it covers; none means all.
    pub targets: Option<BTreeSet<TargetKey>>,
    /// When it held.
    pub from: Timestamp,
    /// First moment at which it did not any more.
    pub to: Timestamp,
}

impl Waived {
    fn covers(&self, target: TargetKey) -> bool {
        self.targets.as_ref().is_none_or(|targets| targets.contains(&target))
    }
}

/// Concludes on one check over the time that it was a test of the control.
///
/// `in_force` holds the moments at which the control was in force and the check was a test of it.
#[must_use]
pub fn conclude_configuration(
    control: &ControlId,
    check: &str,
    asked: Span,
    in_force: &Spans,
    histories: &[History<'_>],
    waivers: &[Waived],
    now: Timestamp,
) -> Conclusion {
    let asked = Spans::of_span(asked, now);
    let tested = tested(&asked, in_force, now);
    let mut conclusion = Conclusion::empty(control.clone(), TestKind::Configuration, check, asked);
    let mut unseen = Vec::new();
    let mut has_subject = Spans::default();
    for history in histories {
        let own = tested.intersect(&Spans::of_span(history.life, now));
        if own.is_empty() {
            continue;
        }
        has_subject = has_subject.union(&own);
        let subjects = || history.targets.iter().copied().map(Subject::Target);
        let count = i64::try_from(history.targets.len()).expect("targets in memory");
        segments(history, &own, now, |verdict, reason, from, to| {
            let micros = count * (to.micros() - from.micros());
            let shares = &mut conclusion.shares;
            match verdict {
                Verdict::Pass => shares.pass_us += micros,
                Verdict::Fail => shares.fail_us += micros,
                Verdict::NotApplicable => shares.not_applicable_us += micros,
                Verdict::Unknown => {
                    shares.unknown_us += micros;
                    let why = Why::Look(reason.unwrap_or(ReasonClass::NotCollected));
                    unseen.extend(subjects().map(|subject| Unseen { subject: Some(subject), why, from, to }));
                }
            }
        });
        let failing = history.intervals.iter().filter(|interval| interval.verdict == Verdict::Fail);
        let end = history.life.to.unwrap_or(now).min(now);
        for interval in failing {
            let to = interval.span.to.unwrap_or(end);
            if !own.intersect(&Spans::one(interval.span.from, to)).is_empty() {
                let of = |target: &TargetKey| deviation(check, *target, history, interval, waivers, now);
                conclusion.deviations.extend(history.targets.iter().map(of));
            }
        }
        conclusion.subjects.extend(subjects());
    }
    // Nobody has looked at anything: not a pass, and not without subject either.
    for (from, to) in tested.minus(&has_subject).iter() {
        unseen.push(Unseen { subject: None, why: Why::Look(ReasonClass::NotCollected), from, to });
        conclusion.shares.unknown_us += to.micros() - from.micros();
    }
    conclusion.unseen = adjoin(unseen);
    conclusion.tested = tested;
    conclusion
}

/// Counts what one check says in each cell of a board.
pub fn tally_configuration(
    tally: &mut Tally,
    asked: Span,
    in_force: &Spans,
    histories: &[History<'_>],
    waivers: &[Waived],
    now: Timestamp,
) {
    let tested = tested(&Spans::of_span(asked, now), in_force, now);
    let mut has_subject = Spans::default();
    for history in histories {
        let own = tested.intersect(&Spans::of_span(history.life, now));
        if own.is_empty() {
            continue;
        }
        if !own.minus(&has_subject).is_empty() {
            has_subject = has_subject.union(&own);
        }
        if waivers.is_empty() {
            tally_history(tally, history, &own, now, &Spans::default(), history.targets.len());
        } else {
            for target in &history.targets {
                tally_history(tally, history, &own, now, &covering(waivers, *target), 1);
            }
        }
    }
    let mut nobody = Counted::default();
    for (from, to) in tested.minus(&has_subject).iter() {
        tally.add(&mut nobody, State::Unknown, from, to);
    }
}

/// Counts what was said about `count` targets under the same waivers.
fn tally_history(
    tally: &mut Tally,
    history: &History<'_>,
    own: &Spans,
    now: Timestamp,
    waived: &Spans,
    count: usize,
) {
    let mut counted = Counted::of(count);
    segments(history, own, now, |verdict, _, from, to| match verdict {
        Verdict::Pass => tally.add(&mut counted, State::Operating, from, to),
        Verdict::NotApplicable => tally.add(&mut counted, State::NotApplicable, from, to),
        Verdict::Unknown => tally.add(&mut counted, State::Unknown, from, to),
        Verdict::Fail => {
            let failing = Spans::one(from, to);
            for (from, to) in failing.minus(waived).iter() {
                tally.add(&mut counted, State::Deviation, from, to);
            }
            for (from, to) in failing.intersect(waived).iter() {
                tally.add(&mut counted, State::Waived, from, to);
            }
        }
    });
}

fn tested(asked: &Spans, in_force: &Spans, now: Timestamp) -> Spans {
    let Some((first, _)) = asked.iter().next() else { return Spans::default() };
    asked.intersect(in_force).intersect(&Spans::one(first, now))
}

fn covering(waivers: &[Waived], target: TargetKey) -> Spans {
    Spans::of(waivers.iter().filter(|waived| waived.covers(target)).map(|waived| (waived.from, waived.to)))
}

/// Gives what is known at each moment of `own`, in order; what no interval covers is unknown.
fn segments(
    history: &History<'_>,
    own: &Spans,
    now: Timestamp,
    mut give: impl FnMut(Verdict, Option<ReasonClass>, Timestamp, Timestamp),
) {
    for (start, end) in own.iter() {
        let mut at = start;
        let first = history.intervals.partition_point(|i| i.span.to.is_some_and(|to| to <= start));
        for interval in &history.intervals[first..] {
            let from = interval.span.from.max(at);
            let to = interval.span.to.unwrap_or(now).min(end);
            if from >= end {
                break;
            }
            if from >= to {
                continue;
            }
            if at < from {
                give(Verdict::Unknown, Some(ReasonClass::NotCollected), at, from);
            }
            give(interval.verdict, interval.reason, from, to);
            at = to;
        }
        if at < end {
            give(Verdict::Unknown, Some(ReasonClass::NotCollected), at, end);
        }
    }
}

fn deviation(
    check: &str,
    target: TargetKey,
    history: &History<'_>,
    interval: &Interval,
    waivers: &[Waived],
    now: Timestamp,
) -> Deviation {
    let from = interval.span.from;
    // An end at the moment of asking is where knowledge ends, not the deviation.
    let good_again = interval.span.to.filter(|to| *to < now);
    let end = good_again.unwrap_or(now);
    let mut beside: Vec<Beside> = waivers
        .iter()
        .filter(|waived| waived.covers(target))
        .map(|waived| Beside { waiver: waived.waiver, from: waived.from.max(from), to: waived.to.min(end) })
        .filter(|beside| beside.from < beside.to)
        .collect();
    beside.sort();
    let before = history.looks.partition_point(|look| *look < from);
    // A look that saw nothing was no good look.
    let saw_good = |look: &&Timestamp| {
        let held = history.intervals.iter().find(|interval| interval.span.contains(**look));
        held.is_some_and(|interval| matches!(interval.verdict, Verdict::Pass | Verdict::NotApplicable))
    };
    Deviation {
        first_seen_bad: from,
        subject: Subject::Target(target),
        kind: DeviationKind::Failing,
        last_seen_good: history.looks[..before].iter().rev().find(saw_good).copied(),
        good_again,
        waivers: beside,
        note: check.to_owned(),
    }
}
