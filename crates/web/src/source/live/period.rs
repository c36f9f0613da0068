//! The period board.

use std::collections::{BTreeMap, BTreeSet};

use tickmark_app::observation::waiver;
use tickmark_app::program::{performance, population};
use tickmark_app::{View, control, observation};
use tickmark_core::conclusion::period::{self, WindowRow};
use tickmark_core::control::{Control, ControlId};
use tickmark_core::id::TargetKey;
use tickmark_core::observation::Verdict;
use tickmark_core::observation::interval::{self, Interval};
use tickmark_core::observation::waiver::Waiver;
use tickmark_core::program::performance::WindowState;
use tickmark_core::program::population::{AttributeState, Item, ItemOutcome, Population};
use tickmark_core::time::DAY_US;
use tickmark_core::{Span, Timestamp};

use super::Live;
use crate::conclusion::period::{
    CheckPeriod, Chosen, ControlPeriod, ControlPeriodView, DeviationRow, PeriodView, PopulationPeriod,
    SeriesOf, TargetPeriod, moment_href,
};
use crate::design::board::Stretch;
use crate::design::icon::Mark;
use crate::design::{badge, moment, plural, segment};
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
    const ORDER: [Mark; 8] = [
        Mark::Fail,
        Mark::Missed,
        Mark::Late,
        Mark::Unknown,
        Mark::Waived,
        Mark::Pass,
        Mark::NotApplicable,
        Mark::NotYetDue,
    ];
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

/// What people did in windows, and what triggers produced.
#[derive(Debug, Default)]
struct Done {
    windows: BTreeMap<ControlId, Vec<WindowRow>>,
    populations: BTreeMap<ControlId, Vec<(Population, Vec<Item>)>>,
}

async fn done(view: &mut View<'_>, chosen: &Chosen) -> tickmark_app::Result<Done> {
    let (asked, now) = (span(chosen), view.now);
    let mut done = Done::default();
    let versions = control::versions(view).await?;
    let performances = performance::all(view).await?;
    for (control, schedules) in performance::schedules(view, &versions).await? {
        let of_control = performances.get(&control).map(Vec::as_slice).unwrap_or_default();
        let rows = period::windows(asked, &schedules, of_control, now);
        if !rows.is_empty() {
            done.windows.insert(control, rows);
        }
    }
    let mut items = population::all_items(view).await?;
    for population in population::all(view).await? {
        let definition = &population.definition;
        if definition.from < chosen.to && definition.to > chosen.from {
            let of_population = items.remove(&population.key).unwrap_or_default();
            let control = definition.control.clone();
            done.populations.entry(control).or_default().push((population, of_population));
        }
    }
    Ok(done)
}

fn window_stretch(row: &WindowRow) -> Stretch {
    let mark = match row.state {
        WindowState::Done => Mark::Pass,
        WindowState::Late => Mark::Late,
        WindowState::Missed => Mark::Missed,
        WindowState::NotYetDue => Mark::NotYetDue,
    };
    let note = match &row.performance {
        Some(performance) => {
            format!("{}, performed {}", row.window.id, moment::date(performance.performed_at))
        }
        None => format!("{}, due {}", row.window.id, moment::date(row.window.due)),
    };
    Stretch { from: row.window.from, to: row.window.to, mark, note }
}

/// The days of a population: operating where every item met all attributes, unknown where items were not tested or the
/// list may still change.
fn item_stretches((population, items): &(Population, Vec<Item>)) -> Vec<Stretch> {
    let definition = &population.definition;
    let mut days: BTreeMap<i64, (Mark, usize)> = BTreeMap::new();
    for item in items {
        let mark = match item.outcome() {
            ItemOutcome::Deviating => Mark::Fail,
            ItemOutcome::NotTested => Mark::Unknown,
            ItemOutcome::Conforming => continue,
        };
        let day = days.entry(item.occurred_at.micros().div_euclid(DAY_US)).or_insert((mark, 0));
        day.1 += 1;
        if mark == Mark::Fail {
            day.0 = mark;
        }
    }
    let (base, note) = match &population.frozen {
        Some(frozen) => (Mark::Pass, format!("{} items met every attribute", frozen.items)),
        None => (Mark::Unknown, "the list is not frozen".to_owned()),
    };
    let mut out = Vec::new();
    let mut from = definition.from;
    for (day, (mark, count)) in days {
        let start = Timestamp::from_micros(day * DAY_US).max(from);
        let end = Timestamp::from_micros((day + 1) * DAY_US).min(definition.to);
        if start >= end {
            continue;
        }
        if from < start {
            out.push(Stretch { from, to: start, mark: base, note: note.clone() });
        }
        let word = if mark == Mark::Fail { "not as designed" } else { "not tested" };
        out.push(Stretch { from: start, to: end, mark, note: format!("{count} {word}") });
        from = end;
    }
    if from < definition.to {
        out.push(Stretch { from, to: definition.to, mark: base, note });
    }
    out
}

fn deviations_of(control: &ControlId, done: &Done, chosen: &Chosen) -> Vec<DeviationRow> {
    let href = format!("/period/{}#operating", segment(control.as_str()));
    let windows = done.windows.get(control).into_iter().flatten().filter_map(|row| {
        let mark = match row.state {
            WindowState::Missed => Mark::Missed,
            WindowState::Late => Mark::Late,
            WindowState::Done | WindowState::NotYetDue => return None,
        };
        Some(DeviationRow {
            mark,
            subject: row.window.id.clone(),
            test: "Performed in each window".to_owned(),
            href: href.clone(),
            seen_good: None,
            seen_bad: row.window.due,
            good_again: row.performance.as_ref().map(|performance| performance.performed_at),
            waiver: String::new(),
            note: row.performance.as_ref().map(|p| p.note.clone()).unwrap_or_default(),
        })
    });
    let items = done.populations.get(control).into_iter().flatten().flat_map(|(population, items)| {
        let href = href.clone();
        items
            .iter()
            .filter(|item| item.outcome() == ItemOutcome::Deviating)
            .filter(|item| item.occurred_at >= chosen.from && item.occurred_at < chosen.to)
            .map(move |item| DeviationRow {
                mark: Mark::Fail,
                subject: item.key.clone(),
                test: population.definition.title.clone(),
                href: href.clone(),
                seen_good: None,
                seen_bad: item.occurred_at,
                good_again: Some(item.occurred_at),
                waiver: String::new(),
                note: not_met(population, item),
            })
    });
    windows.chain(items).collect()
}

/// The attributes that an item does not meet, and what was noted.
fn not_met(population: &Population, item: &Item) -> String {
    let attributes = population.definition.attributes.iter().zip(&item.states);
    let short: Vec<&str> = attributes
        .filter(|(_, state)| **state == AttributeState::NotMet)
        .map(|(attribute, _)| attribute.id.as_str())
        .collect();
    match item.note.as_str() {
        "" => format!("not {}", short.join(", not ")),
        note => format!("not {}: {note}", short.join(", not ")),
    }
}

fn populations_of(control: &ControlId, done: &Done) -> Vec<PopulationPeriod> {
    let of_control = done.populations.get(control).into_iter().flatten();
    of_control
        .map(|(population, items)| {
            let count = |outcome: ItemOutcome| items.iter().filter(|item| item.outcome() == outcome).count();
            PopulationPeriod {
                title: population.definition.title.clone(),
                trigger: population.definition.trigger.clone(),
                source: population.ipe.as_ref().map(|ipe| ipe.source.clone()).unwrap_or_default(),
                items: items.len(),
                deviating: count(ItemOutcome::Deviating),
                untested: count(ItemOutcome::NotTested),
                frozen: population.frozen.as_ref().map(|frozen| (frozen.at, frozen.keys)),
                stretches: item_stretches(&(population.clone(), items.clone())),
            }
        })
        .collect()
}

fn span(chosen: &Chosen) -> Span {
    Span { from: chosen.from, to: Some(chosen.to) }
}

impl Live {
    fn row(&self, control: &Control, checks: &[String], known: &Known, done: &Done) -> ControlPeriod {
        let windows = done.windows.get(&control.id).map(Vec::as_slice).unwrap_or_default();
        let drawn: Vec<Stretch> = windows.iter().map(window_stretch).collect();
        let populations = done.populations.get(&control.id).map(Vec::as_slice).unwrap_or_default();
        let items: Vec<Vec<Stretch>> = populations.iter().map(item_stretches).collect();
        let of_control: Vec<&[Stretch]> = checks
            .iter()
            .filter_map(|check| known.get(check))
            .flat_map(|targets| targets.iter().map(|(_, stretches)| stretches.as_slice()))
            .chain((!drawn.is_empty()).then_some(drawn.as_slice()))
            .chain(items.iter().map(Vec::as_slice))
            .collect();
        let mut tested_by = Vec::new();
        if !checks.is_empty() {
            tested_by.push(format!("{} {}", checks.len(), plural(checks.len(), "check", "checks")));
        }
        if !windows.is_empty() {
            tested_by.push(format!("{} {}", windows.len(), plural(windows.len(), "window", "windows")));
        }
        if !populations.is_empty() {
            let count = populations.len();
            tested_by.push(format!("{count} {}", plural(count, "population", "populations")));
        }
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
            tested_by: tested_by.join(", "),
            // Windows alone are shown as they are: each one that was missed is one of its own.
            stretches: match of_control.as_slice() {
                [only] => only.to_vec(),
                several => worst(several, "tests"),
            },
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
            let done = done(view, chosen).await?;
            Ok((control::controls(view).await?, tests, known(&histories, &waivers, chosen, now), done))
        };
        let (controls, tests, known, done) = self.app.read(&self.actor, work).await?;
        let none = Vec::new();
        Ok(PeriodView {
            controls: controls
                .iter()
                .map(|control| {
                    let checks = tests.get(&control.id).unwrap_or(&none);
                    self.row(control, checks, &known, &done)
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
            let done = done(view, chosen).await?;
            Ok((control, checks, known, done, waivers, targets, titles, failures, now))
        };
        let (control, checks, known, done, waivers, targets, titles, failures, now) =
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
        deviations.extend(deviations_of(&control.id, &done, chosen));
        deviations.sort_by_key(|row| row.seen_bad);
        Ok(ControlPeriodView {
            row: self.row(&control, &checks, &known, &done),
            statement: control.text.current().statement.clone(),
            checks: checks_over.collect(),
            windows: done
                .windows
                .get(&control.id)
                .map(|windows| windows.iter().map(window_stretch).collect())
                .unwrap_or_default(),
            populations: populations_of(&control.id, &done),
            deviations,
        })
    }
}

#[cfg(test)]
mod tests {
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
