//! The period board.

use std::collections::{BTreeMap, BTreeSet};

use tickmark_app::{View, control, observation};
use tickmark_core::control::{Control, ControlId};
use tickmark_core::id::TargetKey;
use tickmark_core::observation::Verdict;
use tickmark_core::observation::interval::{self, Interval};
use tickmark_core::{Span, Timestamp};

use super::Live;
use crate::conclusion::period::{
    CheckPeriod, Chosen, ControlPeriod, ControlPeriodView, DeviationRow, PeriodView, SeriesOf, TargetPeriod,
    moment_href,
};
use crate::design::board::Stretch;
use crate::design::icon::Mark;
use crate::design::{badge, plural};
use crate::error::Refusal;

type Histories = BTreeMap<(String, TargetKey), Vec<Interval>>;

fn stretches(history: &[Interval], chosen: &Chosen, now: Timestamp) -> Vec<Stretch> {
    stretches_over(history, span(chosen), now)
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

fn span(chosen: &Chosen) -> Span {
    Span { from: chosen.from, to: Some(chosen.to) }
}

impl Live {
    fn row(
        &self,
        control: &Control,
        checks: &[String],
        histories: &Histories,
        chosen: &Chosen,
        now: Timestamp,
    ) -> ControlPeriod {
        let of_control: Vec<&[Interval]> = histories
            .iter()
            .filter(|((check, _), _)| checks.contains(check))
            .map(|(_, history)| history.as_slice())
            .collect();
        let worst = interval::worst_of(&of_control, span(chosen), now);
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
            stretches: if worst.is_empty() { Vec::new() } else { stretches(&worst, chosen, now) },
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
            Ok((control::controls(view).await?, tests, histories, now))
        };
        let (controls, tests, histories, now) = self.app.read(&self.actor, work).await?;
        let none = Vec::new();
        Ok(PeriodView {
            controls: controls
                .iter()
                .map(|control| {
                    let checks = tests.get(&control.id).unwrap_or(&none);
                    self.row(control, checks, &histories, chosen, now)
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
            Ok((control, checks, histories, targets, titles, failures, now))
        };
        let (control, checks, histories, targets, titles, failures, now) =
            self.app.read(&self.actor, work).await?;
        let title = |check: &str| titles.get(check).cloned().unwrap_or_else(|| check.to_owned());
        let name = |target: &TargetKey| targets.get(target).cloned().unwrap_or_default();
        let checks_over = checks.iter().map(|check| {
            let of_check = || histories.iter().filter(|((id, _), _)| id == check);
            let all: Vec<&[Interval]> = of_check().map(|(_, history)| history.as_slice()).collect();
            let worst = interval::worst_of(&all, span(chosen), now);
            CheckPeriod {
                id: check.clone(),
                title: title(check),
                stretches: if worst.is_empty() { Vec::new() } else { stretches(&worst, chosen, now) },
                targets: of_check()
                    .map(|((_, target), history)| TargetPeriod {
                        key: target.0,
                        name: name(target),
                        stretches: stretches(history, chosen, now),
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
                waiver: String::new(),
                note: String::new(),
            })
            .collect();
        deviations.sort_by_key(|row| row.seen_bad);
        Ok(ControlPeriodView {
            row: self.row(&control, &checks, &histories, chosen, now),
            statement: control.text.current().statement.clone(),
            checks: checks_over.collect(),
            windows: Vec::new(),
            deviations,
        })
    }
}
