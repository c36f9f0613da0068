//! Configuration: was it so at every moment, for every target?

use std::collections::{BTreeMap, BTreeSet};

use super::cells::Counted;
use super::{
    Beside, Conclusion, Deviation, DeviationKind, Spans, State, Subject, Tally, TestKind, Unseen, Why, adjoin,
};
use crate::control::{ControlId, Tolerated, tolerance_at};
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

/// What stands beside the verdicts of a check and changes what follows from them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Allowed<'a> {
    /// Waivers of the check.
    pub waivers: &'a [Waived],
    /// How long it may fail before that is a deviation, in order of time. Empty when it may not.
    pub tolerances: &'a [Tolerated],
}

/// A failing stretch, cut by what is known of its length against what is tolerated: it is certainly within the limit up
/// to `perhaps`, certainly beyond it from `beyond` on, and in between nobody can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cut {
    from: Timestamp,
    perhaps: Timestamp,
    beyond: Timestamp,
    to: Timestamp,
}

impl Cut {
    /// Cuts a failing interval. It began after the last look that found it good and not after the first that found it bad,
    /// and was still bad at the last look that found it so.
    fn of(history: &History<'_>, interval: &Interval, tolerances: &[Tolerated], now: Timestamp) -> Self {
        let from = interval.span.from;
        let to = interval.span.to.unwrap_or(now).max(from);
        let Some(tolerance) = tolerance_at(tolerances, from) else {
            return Self { from, perhaps: from, beyond: from, to };
        };
        let (limit, before) = (tolerance.micros(), history.looks.partition_point(|look| *look < to));
        let last_seen_bad = before.checked_sub(1).map_or(from, |last| history.looks[last].max(from));
        let certain = from.plus_micros(limit);
        let beyond = if last_seen_bad > certain { certain } else { to };
        // Never seen good: it may have been bad for any time before.
        let earliest = last_seen_good(history, from).map_or(from, |good| good.plus_micros(limit));
        Self { from, perhaps: earliest.clamp(from, beyond), beyond, to }
    }

    fn within(&self) -> Spans {
        Spans::one(self.from, self.perhaps)
    }

    fn perhaps(&self) -> Spans {
        Spans::one(self.perhaps, self.beyond)
    }

    fn beyond(&self) -> Spans {
        Spans::one(self.beyond, self.to)
    }
}

/// Concludes on one check over the time that it was a test of the control. A failing stretch that is certainly within what
/// is tolerated is no deviation, and one of which nobody can say whether it is could not be seen.
///
/// `in_force` holds the moments at which the control was in force and the check was a test of it.
#[must_use]
pub fn conclude_configuration(
    control: &ControlId,
    check: &str,
    asked: Span,
    in_force: &Spans,
    histories: &[History<'_>],
    allowed: Allowed<'_>,
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
        let mut not_seen = |why: Why, from: Timestamp, to: Timestamp| {
            unseen.extend(subjects().map(|subject| Unseen { subject: Some(subject), why, from, to }));
        };
        segments(history, &own, now, |interval, from, to| {
            let micros = count * (to.micros() - from.micros());
            let shares = &mut conclusion.shares;
            match interval.map_or(Verdict::Unknown, |interval| interval.verdict) {
                Verdict::Pass => shares.pass_us += micros,
                Verdict::Fail => shares.fail_us += micros,
                Verdict::NotApplicable => shares.not_applicable_us += micros,
                Verdict::Unknown => {
                    shares.unknown_us += micros;
                    let reason = interval.and_then(|interval| interval.reason);
                    not_seen(Why::Look(reason.unwrap_or(ReasonClass::NotCollected)), from, to);
                }
            }
        });
        let failing = history.intervals.iter().filter(|interval| interval.verdict == Verdict::Fail);
        let end = history.life.to.unwrap_or(now).min(now);
        for interval in failing {
            let to = interval.span.to.unwrap_or(end);
            let held = own.intersect(&Spans::one(interval.span.from, to));
            if held.is_empty() {
                continue;
            }
            let cut = Cut::of(history, interval, allowed.tolerances, end);
            for (from, to) in held.intersect(&cut.perhaps()).iter() {
                not_seen(Why::MayExceed, from, to);
            }
            let of = |target: &TargetKey| deviation(check, *target, history, interval, allowed.waivers, now);
            let found = history.targets.iter().map(of);
            if held.intersect(&cut.beyond()).is_empty() {
                conclusion.tolerated.extend(found);
            } else {
                conclusion.deviations.extend(found);
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
    allowed: Allowed<'_>,
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
        let cuts = cuts_of(history, allowed.tolerances, now);
        if allowed.waivers.is_empty() {
            let count = history.targets.len();
            tally_history(tally, history, &own, now, (&cuts, &Spans::default()), count);
        } else {
            for target in &history.targets {
                let waived = covering(allowed.waivers, *target);
                tally_history(tally, history, &own, now, (&cuts, &waived), 1);
            }
        }
    }
    let mut nobody = Counted::default();
    for (from, to) in tested.minus(&has_subject).iter() {
        tally.add(&mut nobody, State::Unknown, from, to);
    }
}

/// Returns how failing intervals are cut, by their beginning. Without a tolerance there is nothing to cut.
fn cuts_of(history: &History<'_>, tolerances: &[Tolerated], now: Timestamp) -> BTreeMap<Timestamp, Cut> {
    if tolerances.is_empty() {
        return BTreeMap::new();
    }
    let end = history.life.to.unwrap_or(now).min(now);
    let failing = history.intervals.iter().filter(|interval| interval.verdict == Verdict::Fail);
    failing.map(|interval| (interval.span.from, Cut::of(history, interval, tolerances, end))).collect()
}

/// Returns what a history says of a control that gives its check some time: a failing stretch is as good as a passing one
/// while it is certainly within the limit, unknown while nobody can say, and failing beyond. As [`conclude_configuration`]
/// judges it, so that what is computed of intervals alone says the same.
#[must_use]
pub fn judged(history: &History<'_>, tolerances: &[Tolerated], now: Timestamp) -> Vec<Interval> {
    let cuts = cuts_of(history, tolerances, now);
    let mut judged = Vec::with_capacity(history.intervals.len());
    for interval in history.intervals {
        let failing = interval.verdict == Verdict::Fail;
        let Some(cut) = cuts.get(&interval.span.from).filter(|_| failing) else {
            judged.push(*interval);
            continue;
        };
        let parts = [
            (Verdict::Pass, None, cut.from, cut.perhaps),
            (Verdict::Unknown, Some(ReasonClass::NotCollected), cut.perhaps, cut.beyond),
            (Verdict::Fail, None, cut.beyond, cut.to),
        ];
        let lasting = parts.into_iter().filter(|(_, _, from, to)| from < to);
        judged.extend(lasting.map(|(verdict, reason, from, to)| Interval {
            verdict,
            reason,
            span: Span { from, to: Some(to) },
        }));
    }
    judged
}

/// Counts what was said about `count` targets under the same waivers.
fn tally_history(
    tally: &mut Tally,
    history: &History<'_>,
    own: &Spans,
    now: Timestamp,
    (cuts, waived): (&BTreeMap<Timestamp, Cut>, &Spans),
    count: usize,
) {
    let mut counted = Counted::of(count);
    segments(history, own, now, |interval, from, to| {
        let mut add = |state: State, spans: &Spans| {
            for (from, to) in spans.iter() {
                tally.add(&mut counted, state, from, to);
            }
        };
        let Some(interval) = interval else { return add(State::Unknown, &Spans::one(from, to)) };
        match interval.verdict {
            Verdict::Pass => add(State::Operating, &Spans::one(from, to)),
            Verdict::NotApplicable => add(State::NotApplicable, &Spans::one(from, to)),
            Verdict::Unknown => add(State::Unknown, &Spans::one(from, to)),
            Verdict::Fail => {
                let mut failing = Spans::one(from, to);
                if let Some(cut) = cuts.get(&interval.span.from) {
                    add(State::Operating, &failing.intersect(&cut.within()));
                    add(State::Unknown, &failing.intersect(&cut.perhaps()));
                    failing = failing.intersect(&cut.beyond());
                }
                add(State::Deviation, &failing.minus(waived));
                add(State::Waived, &failing.intersect(waived));
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

/// Gives what is known at each moment of `own`, in order; what no interval covers is unknown and has none.
fn segments(
    history: &History<'_>,
    own: &Spans,
    now: Timestamp,
    mut give: impl FnMut(Option<&Interval>, Timestamp, Timestamp),
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
                give(None, at, from);
            }
            give(Some(interval), from, to);
            at = to;
        }
        if at < end {
            give(None, at, end);
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
    Deviation {
        first_seen_bad: from,
        subject: Subject::Target(target),
        kind: DeviationKind::Failing,
        last_seen_good: last_seen_good(history, from),
        good_again,
        waivers: beside,
        note: check.to_owned(),
    }
}

/// Returns the last look before a moment that found a target good.
fn last_seen_good(history: &History<'_>, from: Timestamp) -> Option<Timestamp> {
    let before = history.looks.partition_point(|look| *look < from);
    // A look that saw nothing was no good look.
    let saw_good = |look: &&Timestamp| {
        let held = history.intervals.iter().find(|interval| interval.span.contains(**look));
        held.is_some_and(|interval| matches!(interval.verdict, Verdict::Pass | Verdict::NotApplicable))
    };
    history.looks[..before].iter().rev().find(saw_good).copied()
}
