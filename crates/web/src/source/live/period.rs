//! The period board.

use std::collections::{BTreeMap, BTreeSet};

use tickmark_app::observation::waiver;
use tickmark_app::{View, control, observation};
use tickmark_core::control::{Control, ControlId};
use tickmark_core::id::TargetKey;
use tickmark_core::observation::Verdict;
use tickmark_core::observation::interval::{self, Interval};
use tickmark_core::observation::waiver::Waiver;
use tickmark_core::{Span, Timestamp};

use super::Live;
use crate::conclusion::period::{
    CheckPeriod, Chosen, ControlPeriod, ControlPeriodView, DeviationRow, PeriodView, SeriesOf, TargetPeriod,
    moment_href,
};
use crate::design::board::Stretch;
use crate::design::icon::Mark;
use crate::design::{badge, moment, plural};
use crate::error::Refusal;

type Histories = BTreeMap<(String, TargetKey), Vec<Interval>>;
/// What was known of each check at each target over the period.
type Known = BTreeMap<String, Vec<(TargetKey, Vec<Stretch>)>>;

fn known(histories: &Histories, waivers: &[Waiver], chosen: &Chosen, now: Timestamp) -> Known {
    let mut known = Known::new();
    for ((check, target), history) in histories {
        let stretches = stretches_over(history, span(chosen), now);
        let stretches = with_waivers(stretches, waivers, check, *target, now);
        known.entry(check.clone()).or_default().push((*target, stretches));
    }
    known
}

/// Intervals as the board draws them, with what lies ahead.
pub(super) fn stretches_over(history: &[Interval], span: Span, now: Timestamp) -> Vec<Stretch> {
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
pub(super) fn with_waivers(
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

/// The worst of several subjects at each moment. Each covers the same time without holes.
pub(super) fn worst(subjects: &[&[Stretch]], noun: &str) -> Vec<Stretch> {
    const ORDER: [Mark; 6] =
        [Mark::Fail, Mark::Unknown, Mark::Waived, Mark::Pass, Mark::NotApplicable, Mark::NotYetDue];
    let place = |mark: Mark| ORDER.iter().position(|known| *known == mark);
    let mut edges: Vec<(Timestamp, usize, i64)> = Vec::new();
    for stretch in subjects.iter().flat_map(|stretches| stretches.iter()) {
        if let Some(place) = place(stretch.mark) {
            edges.push((stretch.from, place, 1));
            edges.push((stretch.to, place, -1));
        }
    }
    edges.sort_unstable();
    let mut counts = [0_i64; ORDER.len()];
    let mut out: Vec<Stretch> = Vec::new();
    let mut at = edges.first().map_or(Timestamp::from_micros(0), |edge| edge.0);
    for (moment, place, change) in edges {
        if moment > at
            && let Some(found) = counts.iter().position(|count| *count > 0)
        {
            let mark = ORDER[found];
            let is_plain = matches!(mark, Mark::Pass | Mark::NotApplicable | Mark::NotYetDue);
            let note = if is_plain {
                String::new()
            } else {
                format!("{} of {} {noun}", counts[found], subjects.len())
            };
            match out.last_mut() {
                Some(last) if last.mark == mark && last.to == at => {
                    last.to = moment;
                    if last.note != note {
                        last.note.clear();
                    }
                }
                _ => out.push(Stretch { from: at, to: moment, mark, note }),
            }
        }
        at = moment;
        counts[place] += change;
    }
    out
}

fn span(chosen: &Chosen) -> Span {
    Span { from: chosen.from, to: Some(chosen.to) }
}

impl Live {
    fn row(&self, control: &Control, checks: &[String], known: &Known) -> ControlPeriod {
        let of_control: Vec<&[Stretch]> = checks
            .iter()
            .filter_map(|check| known.get(check))
            .flat_map(|targets| targets.iter().map(|(_, stretches)| stretches.as_slice()))
            .collect();
        let framework = self.catalog.frameworks.first().map(|framework| framework.id.as_str());
        let mut mappings: Vec<_> =
            control.criteria.iter().filter(|mapping| Some(mapping.framework.as_str()) == framework).collect();
        mappings.sort_by_key(|mapping| !mapping.is_key);
        ControlPeriod {
            id: control.id.to_string(),
            title: control.text.current().title.clone(),
            area: control.area.clone(),
            owner: control.owner_role.clone(),
            criteria: mappings.into_iter().map(|mapping| mapping.criterion.clone()).collect(),
            tested_by: match checks.len() {
                0 => String::new(),
                count => format!("{count} {}", plural(count, "check", "checks")),
            },
            stretches: worst(&of_control, "tests"),
        }
    }

    fn series(&self) -> Vec<SeriesOf> {
        let Some(framework) = self.catalog.frameworks.first() else { return Vec::new() };
        framework
            .series
            .iter()
            .map(|series| SeriesOf {
                id: series.id.clone(),
                title: series.title.clone(),
                // The common series belong to every category.
                categories: framework
                    .categories
                    .iter()
                    .filter(|category| {
                        category.series.contains(&series.id) || framework.common_series.contains(&series.id)
                    })
                    .map(|category| category.id.clone())
                    .collect(),
                criteria: series.requirements.iter().map(|r| (r.id.clone(), r.text.clone())).collect(),
            })
            .collect()
    }

    pub(in crate::source) async fn period(&self, chosen: &Chosen) -> Result<PeriodView, Refusal> {
        let work = async |view: &mut View<'_>| {
            let now = view.now;
            let tests = control::tests_by_control(view).await?;
            let histories = observation::histories(view).await?;
            let waivers = waiver::in_force_over(view, span(chosen)).await?;
            Ok((control::controls(view).await?, tests, known(&histories, &waivers, chosen, now)))
        };
        let (controls, tests, known) = self.app.read(&self.actor, work).await?;
        let none = Vec::new();
        Ok(PeriodView {
            controls: controls
                .iter()
                .map(|control| {
                    let checks = tests.get(&control.id).unwrap_or(&none);
                    self.row(control, checks, &known)
                })
                .collect(),
            series: self.series(),
            categories: self.catalog.frameworks.first().map_or_else(Vec::new, |framework| {
                framework.categories.iter().map(|c| (c.id.clone(), c.title.clone())).collect()
            }),
        })
    }

    pub(in crate::source) async fn control_period(
        &self,
        id: &str,
        chosen: &Chosen,
    ) -> Result<ControlPeriodView, Refusal> {
        let id: ControlId = id.parse().map_err(|_| Refusal::NotFound)?;
        let work = async |view: &mut View<'_>| {
            let now = view.now;
            let control = control::find(view, &id).await?;
            let checks = control::tests_by_control(view).await?.remove(&id).unwrap_or_default();
            let mut histories = observation::histories(view).await?;
            histories.retain(|(check, _), _| checks.contains(check));
            let waivers = waiver::in_force_over(view, span(chosen)).await?;
            let targets: BTreeMap<TargetKey, String> = observation::targets(view)
                .await?
                .into_iter()
                .map(|target| (target.key, target.target.name))
                .collect();
            let mut titles = BTreeMap::new();
            for check in observation::checks_now(view).await? {
                titles.insert(check.version.definition.id.clone(), check.version.definition.title.clone());
            }
            let mut failures = BTreeMap::new();
            let failing: BTreeSet<&(String, TargetKey)> = histories
                .iter()
                .filter(|(_, history)| history.iter().any(|i| i.verdict == Verdict::Fail))
                .map(|(key, _)| key)
                .collect();
            for (check, target) in failing {
                let mut found = Vec::new();
                for part in observation::check_history(view, check, *target).await? {
                    found.extend(interval::failures(&part.intervals, &part.looks));
                }
                failures.insert((check.clone(), *target), found);
            }
            let known = known(&histories, &waivers, chosen, now);
            Ok((control, checks, known, waivers, targets, titles, failures, now))
        };
        let (control, checks, known, waivers, targets, titles, failures, now) =
            self.app.read(&self.actor, work).await?;
        let title = |check: &str| titles.get(check).cloned().unwrap_or_else(|| check.to_owned());
        let name = |target: &TargetKey| targets.get(target).cloned().unwrap_or_default();
        let none = Vec::new();
        let checks_over = checks.iter().map(|check| {
            let targets = known.get(check).unwrap_or(&none);
            let all: Vec<&[Stretch]> = targets.iter().map(|(_, stretches)| stretches.as_slice()).collect();
            CheckPeriod {
                id: check.clone(),
                title: title(check),
                stretches: worst(&all, "targets"),
                targets: targets
                    .iter()
                    .map(|(target, stretches)| TargetPeriod {
                        key: target.0,
                        name: name(target),
                        stretches: stretches.clone(),
                    })
                    .collect(),
            }
        });
        let mut deviations: Vec<DeviationRow> = failures
            .iter()
            .flat_map(|((check, target), failures)| {
                failures.iter().map(move |failure| (check, target, failure))
            })
            .filter(|(_, _, failure)| {
                failure.first_seen_bad < chosen.to
                    && failure.first_seen_good_again.is_none_or(|again| again > chosen.from)
            })
            .map(|(check, target, failure)| DeviationRow {
                mark: Mark::Fail,
                subject: name(target),
                test: title(check),
                href: moment_href(target.0, check, failure.first_seen_bad),
                seen_good: failure.last_seen_good,
                seen_bad: failure.first_seen_bad,
                good_again: failure.first_seen_good_again.filter(|again| *again < now),
                waiver: waivers
                    .iter()
                    .filter(|waiver| waiver.check == *check && waiver.scope.covers(*target))
                    .find(|waiver| {
                        let span = waiver.span();
                        failure.first_seen_good_again.is_none_or(|again| span.from < again)
                            && span.to.is_none_or(|to| to > failure.first_seen_bad)
                    })
                    .map(|waiver| format!("until {}; {}", moment::date(waiver.expires_at), waiver.reason))
                    .unwrap_or_default(),
                note: String::new(),
            })
            .collect();
        deviations.sort_by_key(|row| row.seen_bad);
        Ok(ControlPeriodView {
            row: self.row(&control, &checks, &known),
            statement: control.text.current().statement.clone(),
            checks: checks_over.collect(),
            windows: Vec::new(),
            deviations,
        })
    }
}

#[cfg(test)]
mod tests {
    use tickmark_core::time::DAY_US;

    use super::*;

    fn stretch(from: i64, to: i64, mark: Mark) -> Stretch {
        let at = |day: i64| Timestamp::from_micros(day * DAY_US);
        Stretch { from: at(from), to: at(to), mark, note: String::new() }
    }

    #[test]
    fn a_deviation_somewhere_is_a_deviation_and_unknown_is_never_operating() {
        let one = [stretch(0, 4, Mark::Pass), stretch(4, 6, Mark::Fail), stretch(6, 10, Mark::Pass)];
        let two =
            [stretch(0, 5, Mark::Waived), stretch(5, 8, Mark::Unknown), stretch(8, 10, Mark::NotApplicable)];
        let found: Vec<(i64, i64, Mark)> = worst(&[&one, &two], "tests")
            .iter()
            .map(|s| (s.from.micros() / DAY_US, s.to.micros() / DAY_US, s.mark))
            .collect();
        assert_eq!(
            found,
            [(0, 4, Mark::Waived), (4, 6, Mark::Fail), (6, 8, Mark::Unknown), (8, 10, Mark::Pass)]
        );
        assert!(worst(&[], "tests").is_empty());
    }
}
