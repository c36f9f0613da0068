//! One check at one target at one moment.

use std::collections::BTreeMap;

use tickmark_app::observation::{self, CheckVersion, Replayed, waiver};
use tickmark_app::{View, evidence};
use tickmark_core::id::TargetKey;
use tickmark_core::observation::interval::Interval;
use tickmark_core::observation::waiver::{Waiver, covering};
use tickmark_core::observation::{ReasonClass, Verdict};
use tickmark_core::time::DAY_US;
use tickmark_core::{Span, Timestamp};

use super::observed::run_row;
use super::{Live, gaps_of};
use crate::conclusion::period::Moment;
use crate::design::board::Stretch;
use crate::design::icon::Mark;
use crate::design::{badge, moment};
use crate::error::Refusal;
use crate::observation::look::{AROUND_DAYS, Again, LookView, at_path};

/// Looks of a day that are listed.
const DAY_LOOKS: usize = 100;

/// Intervals as the board draws them, with what lies ahead.
fn stretches_over(history: &[Interval], span: Span, now: Timestamp) -> Vec<Stretch> {
    let (from, to) = (span.from, span.to.unwrap_or(now));
    let end = to.min(now);
    let mut out: Vec<Stretch> = Vec::new();
    let unseen = |from, to| Stretch { from, to, mark: Mark::Unknown, note: "not looked at".to_owned() };
    for interval in history {
        let starts = interval.span.from.max(from);
        let ends = interval.span.to.unwrap_or(now).min(end);
        if starts >= ends {
            continue;
        }
        let seen_until = out.last().map_or(from, |last| last.to);
        if seen_until < starts {
            out.push(unseen(seen_until, starts));
        }
        out.push(Stretch {
            from: starts,
            to: ends,
            mark: badge::mark_of(interval.verdict),
            note: interval.reason.map(|reason| reason.plain().to_owned()).unwrap_or_default(),
        });
    }
    let seen_until = out.last().map_or(from, |last| last.to);
    if seen_until < end {
        out.push(unseen(seen_until, end));
    }
    if to > now {
        out.push(Stretch { from: now.max(from), to, mark: Mark::NotYetDue, note: String::new() });
    }
    out
}

/// A failure under a waiver is drawn as waived while the waiver holds. It stays a deviation where deviations are listed.
fn with_waivers(
    stretches: Vec<Stretch>,
    waivers: &[Waiver],
    check: &str,
    target: TargetKey,
    now: Timestamp,
) -> Vec<Stretch> {
    let of_target: Vec<(Span, &Waiver)> = waivers
        .iter()
        .filter(|waiver| waiver.check == check && waiver.scope.covers(target))
        .map(|waiver| (waiver.span(), waiver))
        .collect();
    if of_target.is_empty() {
        return stretches;
    }
    let mut out = Vec::new();
    for stretch in stretches {
        let mut from = stretch.from;
        for (span, waiver) in &of_target {
            let (start, end) = (span.from.max(from), span.to.unwrap_or(now).min(stretch.to));
            if stretch.mark != Mark::Fail || start >= end {
                continue;
            }
            if from < start {
                out.push(Stretch { from, to: start, ..stretch.clone() });
            }
            out.push(Stretch { from: start, to: end, mark: Mark::Waived, note: waiver.reason.clone() });
            from = end;
        }
        if from < stretch.to {
            out.push(Stretch { from, ..stretch });
        }
    }
    out
}

/// The interval that holds at a moment; histories end now, and the last one holds at that moment too.
fn holding(intervals: &[Interval], at: Timestamp, now: Timestamp) -> Option<Interval> {
    let holds = |interval: &&Interval| {
        let to = interval.span.to.unwrap_or(now);
        interval.span.from <= at && (at < to || (at >= now && to >= now))
    };
    intervals.iter().rev().find(holds).copied()
}

fn in_force_at(versions: &[CheckVersion], at: Timestamp) -> Option<&CheckVersion> {
    versions.iter().rev().find(|version| version.introduced_at <= at)
}

fn waiver_words(waiver: &Waiver) -> String {
    let until = moment::date(waiver.expires_at.plus_micros(-1));
    format!("until {until}; {}. Meanwhile: {}. Risk: {}", waiver.reason, waiver.compensation, waiver.risk)
}

impl Live {
    pub(in crate::source) async fn look(
        &self,
        target: i64,
        check_id: &str,
        moment: Moment,
    ) -> Result<LookView, Refusal> {
        let (key, Moment { day, at }) = (TargetKey(target), moment);
        let work = async |view: &mut View<'_>| {
            let now = view.now;
            let target = observation::find_target(view, key).await?;
            let parts = observation::check_history(view, check_id, key).await?;
            let always = Span { from: Timestamp::from_micros(0), to: None };
            let histories = observation::histories_in(view, always, Some(&[check_id.to_owned()])).await?;
            let history = histories.get(check_id).and_then(|targets| targets.get(&key));
            let history: Vec<Interval> = history.cloned().unwrap_or_default();
            let of_day = Span { from: day, to: Some(day.plus_micros(DAY_US)) };
            let runs = observation::runs_between(view, of_day).await?;
            let facts =
                observation::facts_at(view, key, at).await?.filter(|facts| facts.state.span.from <= at);
            let waivers = waiver::list(view).await?;
            let mut artifacts = Vec::new();
            if let Some(facts) = &facts {
                artifacts = evidence::of_run(view, facts.state.run, key).await?;
            }
            let interval = holding(&history, at, now);
            // What is too old is not what a check said, but that nothing it said can be relied on any more.
            let is_said = interval.is_some_and(|interval| interval.reason != Some(ReasonClass::Stale));
            let replay = if is_said {
                match observation::answer_at(view, check_id, key, at).await {
                    Err(tickmark_app::Error::NotFound { .. }) => None,
                    answered => Some(answered?),
                }
            } else {
                None
            };
            Ok((now, target, parts, history, interval, runs, facts, replay, artifacts, waivers))
        };
        let (now, target, parts, history, interval, runs, facts, replay, artifacts, waivers) =
            self.app.read(&self.actor, work).await?;
        let mut looks: Vec<Timestamp> = parts.iter().flat_map(|part| part.looks.iter().copied()).collect();
        looks.sort_unstable();
        let versions: Vec<CheckVersion> = parts.into_iter().map(|part| part.version).collect();
        let version = in_force_at(&versions, at);
        let definition = &version.or(versions.last()).ok_or(Refusal::NotFound)?.definition;
        let last_before =
            |at: Timestamp| looks.partition_point(|look| *look < at).checked_sub(1).map(|place| looks[place]);
        let is_known = |interval: &Interval| interval.verdict != Verdict::Unknown;
        let (again, outcome) = match replay.as_ref().map(|replay| (&replay.result, &replay.answer)) {
            None => (Again::NotTried, None),
            Some((Replayed::Same, answer)) => (Again::Same, answer.clone()),
            Some((Replayed::Different, answer)) => (Again::Different, answer.clone()),
            Some((Replayed::NotReached, _)) => (Again::NotReached, None),
            Some((Replayed::Impossible(why), _)) => (Again::Impossible(why.clone()), None),
        };
        let span = Span {
            from: day.plus_micros(-AROUND_DAYS * DAY_US),
            to: Some(day.plus_micros((AROUND_DAYS + 1) * DAY_US)),
        };
        let names = BTreeMap::from([(key, target.target.name.clone())]);
        let of_day = looks.iter().filter(|look| **look >= day && **look < day.plus_micros(DAY_US));
        Ok(LookView {
            day,
            at,
            target_key: key.0,
            target_name: target.target.name,
            check_id: check_id.to_owned(),
            check_title: definition.title.clone(),
            asserts: definition.asserts.clone(),
            severity: definition.severity,
            stale_after_hours: definition.stale_after_hours,
            version: version.map(|version| (version.version, version.engine.clone())),
            verdict: interval.map(|interval| (interval.verdict, interval.reason)),
            since: interval.map(|interval| (interval.span.from, interval.span.to.filter(|to| *to < now))),
            seen_before: interval.filter(is_known).and_then(|interval| last_before(interval.span.from)),
            rests_on: last_before(at.plus_micros(1)),
            looks: of_day
                .filter_map(|look| Some((*look, holding(&history, *look, now)?.verdict)))
                .take(DAY_LOOKS)
                .collect(),
            again,
            outcome,
            read: definition
                .needs
                .iter()
                .map(|path| {
                    let value = facts.as_ref().and_then(|facts| at_path(&facts.document, path));
                    (path.clone(), value)
                })
                .collect(),
            gaps: facts.as_ref().map(|facts| gaps_of(&facts.document)).unwrap_or_default(),
            facts: facts.map(|facts| (facts.state.digest, facts.state.schema.clone(), facts.state.run.0)),
            runs: runs.iter().map(run_row).collect(),
            artifacts: artifacts.iter().map(|a| super::proof::artifact_row(a, &names)).collect(),
            waiver: covering(&waivers, check_id, key, at).map(waiver_words).unwrap_or_default(),
            around: with_waivers(stretches_over(&history, span, now), &waivers, check_id, key, now),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_interval_holds_now_and_nothing_holds_before_the_first() {
        let at = |day: i64| Timestamp::from_micros(day * DAY_US);
        let interval = |from, to, verdict| Interval {
            verdict,
            reason: None,
            span: Span { from: at(from), to: Some(at(to)) },
        };
        let history = [interval(2, 4, Verdict::Pass), interval(4, 9, Verdict::Fail)];
        let verdict = |day| holding(&history, at(day), at(9)).map(|interval| interval.verdict);
        assert_eq!(
            [verdict(1), verdict(2), verdict(4), verdict(9)],
            [None, Some(Verdict::Pass), Some(Verdict::Fail), Some(Verdict::Fail)]
        );
        // A target that left at day 9 is not known at day 12.
        assert_eq!(holding(&history, at(11), at(12)), None);
    }
}
