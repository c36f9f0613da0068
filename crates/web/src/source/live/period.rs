//! The period board, as `app` concludes it: this only gives marks, names and addresses to what is known.

use std::collections::BTreeMap;

use tickmark_app::conclusion::period::{
    self, BoardRow, ControlPeriod as Concluded, ListPeriod, Question, TestPeriod,
};
use tickmark_app::identity::{self, Labels};
use tickmark_app::observation::waiver;
use tickmark_app::{View, control, observation};
use tickmark_core::conclusion::period::{
    Cell, Deviation, DeviationKind, SampleResult, SampleSays, Share, State, Subject, TestKind, WindowRow,
};
use tickmark_core::control::{Control, ControlId};
use tickmark_core::id::{PopulationKey, TargetKey};
use tickmark_core::observation::waiver::Waiver;
use tickmark_core::program::performance::WindowState;
use tickmark_core::program::sampling::Rate;
use tickmark_core::{Span, Timestamp};

use super::Live;
use super::readiness::owner_of;
use crate::conclusion::period::{
    CheckPeriod, Chosen, ControlPeriod, ControlPeriodView, DeviationRow, FixRow, LimitRow, PartRow,
    PeriodDetails, PeriodView, PopulationPeriod, ReachRow, SampleRow, SeriesOf, StretchRow, TargetPeriod,
    WindowLine, moment_href,
};
use crate::design::board::{Count, Stretch};
use crate::design::icon::Mark;
use crate::design::{moment, plural, segment};
use crate::error::Refusal;

fn mark_of(state: State) -> Option<Mark> {
    Some(match state {
        // Nobody had promised anything: nothing is drawn.
        State::NotInForce => return None,
        State::NotApplicable => Mark::NotApplicable,
        State::NotYetDue => Mark::NotYetDue,
        State::Operating => Mark::Pass,
        State::Waived => Mark::Waived,
        State::Unknown => Mark::Unknown,
        State::Late => Mark::Late,
        State::Missed => Mark::Missed,
        State::Deviation => Mark::Fail,
    })
}

fn mark_of_window(state: WindowState) -> Mark {
    match state {
        WindowState::Done => Mark::Pass,
        WindowState::Late => Mark::Late,
        WindowState::Missed => Mark::Missed,
        WindowState::NotYetDue => Mark::NotYetDue,
    }
}

/// How many subjects of a cell are not as they should be, where that is more than the mark says.
fn note_of(cell: &Cell) -> String {
    let mut parts = Vec::new();
    if cell.deviating > 1 {
        parts.push(format!("{} deviating", cell.deviating));
    }
    if cell.unseen > 1 || (cell.unseen == 1 && cell.state != State::Unknown) {
        parts.push(format!("{} not seen", cell.unseen));
    }
    parts.join(", ")
}

/// Cells as the board draws them: one stretch each, but one for each window that was missed or late.
fn drawn(cells: &[Cell], windows: &[WindowRow]) -> Vec<Stretch> {
    let mut out: Vec<Stretch> = Vec::new();
    for cell in cells {
        let Some(mark) = mark_of(cell.state) else { continue };
        if !matches!(mark, Mark::Missed | Mark::Late) {
            out.push(Stretch { from: cell.from, to: cell.to, mark, note: note_of(cell) });
            continue;
        }
        let of_cell = windows.iter().filter(|row| {
            mark_of_window(row.state) == mark && row.window.from < cell.to && cell.from < row.window.to
        });
        let note = of_cell.map(|row| row.window.id.as_str()).collect::<Vec<_>>().join(", ");
        match out.last_mut() {
            Some(last) if last.mark == mark && last.note == note && last.to == cell.from => last.to = cell.to,
            _ => out.push(Stretch { from: cell.from, to: cell.to, mark, note }),
        }
    }
    out
}

/// The tests of a control in a few words.
fn tested_by(row: &BoardRow) -> String {
    let checks = row.tests.iter().filter(|(kind, _)| *kind == TestKind::Configuration).count();
    let mut parts = Vec::new();
    if checks > 0 {
        parts.push(format!("{checks} {}", plural(checks, "check", "checks")));
    }
    for (kind, test) in &row.tests {
        match kind {
            TestKind::Configuration => {}
            TestKind::Occurrence => parts.push(test.clone()),
            TestKind::Population => parts.push("what triggers it".to_owned()),
        }
    }
    parts.join(", ")
}

fn question(chosen: &Chosen) -> Question {
    Question { span: Span { from: chosen.from, to: Some(chosen.to) }, known_at: chosen.known_at }
}

/// Names for what a control's conclusion refers to by key.
struct Names {
    control: ControlId,
    targets: BTreeMap<TargetKey, String>,
    checks: BTreeMap<String, String>,
    populations: BTreeMap<PopulationKey, String>,
    waivers: BTreeMap<i64, Waiver>,
}

impl Names {
    async fn load(view: &mut View<'_>, period: &Concluded) -> tickmark_app::Result<Self> {
        let mut checks = BTreeMap::new();
        for (kind, id) in &period.row.tests {
            if *kind == TestKind::Configuration
                && let Some(newest) = observation::check_versions(view, id).await?.pop()
            {
                checks.insert(id.clone(), newest.definition.title);
            }
        }
        let targets = observation::targets(view).await?;
        let populations = period.populations.iter();
        Ok(Self {
            control: period.row.control.clone(),
            checks,
            targets: targets.into_iter().map(|target| (target.key, target.target.name)).collect(),
            populations: populations
                .map(|known| (known.population.key, known.population.definition.title.clone()))
                .collect(),
            waivers: waiver::list(view).await?.into_iter().map(|waiver| (waiver.id.0, waiver)).collect(),
        })
    }

    fn check(&self, id: &str) -> String {
        self.checks.get(id).cloned().unwrap_or_else(|| id.to_owned())
    }

    fn subject(&self, subject: &Subject) -> String {
        match subject {
            Subject::Target(key) => self.targets.get(key).cloned().unwrap_or_default(),
            Subject::Window(id) => id.clone(),
            Subject::Item { key, .. } => key.clone(),
        }
    }

    /// The name of the test that looked at a subject.
    fn test(&self, test: &TestPeriod, subject: Option<&Subject>) -> String {
        match (test.conclusion.kind, subject) {
            (TestKind::Configuration, _) => self.check(&test.conclusion.test),
            (TestKind::Occurrence, _) => "Performed in each window".to_owned(),
            (TestKind::Population, Some(Subject::Item { population, .. })) => {
                self.populations.get(population).cloned().unwrap_or_default()
            }
            (TestKind::Population, _) => "What its trigger produced".to_owned(),
        }
    }

    /// Where one reads more about a subject at a moment.
    fn href(&self, test: &TestPeriod, subject: Option<&Subject>, at: Timestamp) -> String {
        let anchor = |place: &str| format!("/period/{}#{place}", segment(self.control.as_str()));
        match (test.conclusion.kind, subject) {
            (_, Some(Subject::Target(key))) => moment_href(key.0, &test.conclusion.test, at),
            (TestKind::Configuration, _) => format!("/checks/{}", segment(&test.conclusion.test)),
            (TestKind::Occurrence, _) => anchor("windows"),
            (TestKind::Population, _) => anchor("populations"),
        }
    }

    fn deviation(&self, test: &TestPeriod, deviation: &Deviation) -> DeviationRow {
        let (mark, is_item) = match deviation.kind {
            DeviationKind::Failing => (Mark::Fail, false),
            DeviationKind::Attribute => (Mark::Fail, true),
            DeviationKind::Missed => (Mark::Missed, false),
            DeviationKind::Late => (Mark::Late, false),
        };
        let waivers = deviation.waivers.iter().filter_map(|beside| self.waivers.get(&beside.waiver));
        DeviationRow {
            mark,
            subject: self.subject(&deviation.subject),
            test: self.test(test, Some(&deviation.subject)),
            href: self.href(test, Some(&deviation.subject), deviation.first_seen_bad),
            seen_good: deviation.last_seen_good,
            seen_bad: deviation.first_seen_bad,
            // An item has one moment.
            good_again: if is_item { Some(deviation.first_seen_bad) } else { deviation.good_again },
            waiver: waivers.map(waiver_words).collect::<Vec<_>>().join("; "),
            // For a failing check it is the check, which has a column of its own.
            note: if mark == Mark::Fail && !is_item { String::new() } else { deviation.note.clone() },
        }
    }

    fn waived(&self, test: &TestPeriod, deviation: &Deviation) -> Vec<StretchRow> {
        let beside = deviation.waivers.iter();
        beside
            .map(|beside| StretchRow {
                subject: self.subject(&deviation.subject),
                href: self.href(test, Some(&deviation.subject), beside.from),
                test: self.test(test, Some(&deviation.subject)),
                from: beside.from,
                to: beside.to,
                why: self.waivers.get(&beside.waiver).map(|w| w.reason.clone()).unwrap_or_default(),
            })
            .collect()
    }
}

impl Names {
    /// Limits, samples, fixes, and how far the tests reach.
    fn details(&self, period: &Concluded, chosen: &Chosen) -> PeriodDetails {
        let mut details = PeriodDetails {
            samples: period.populations.iter().filter_map(sample_row).collect(),
            fixes: period
                .fixes
                .iter()
                .map(|fix| FixRow { finding: fix.title.clone(), at: fix.at, verified_at: fix.verified_at })
                .collect(),
            ..PeriodDetails::default()
        };
        for test in &period.tests {
            let name = self.test(test, None);
            details.limits.extend(test.tolerances.iter().map(|version| LimitRow {
                test: name.clone(),
                limit: version.tolerance.map(|tolerance| tolerance.to_string()).unwrap_or_default(),
                since: version.since,
                reason: version.reason.clone(),
            }));
            details.tolerated.extend(test.conclusion.tolerated.iter().map(|one| StretchRow {
                subject: self.subject(&one.subject),
                href: self.href(test, Some(&one.subject), one.first_seen_bad),
                test: name.clone(),
                from: one.first_seen_bad,
                to: one.good_again.unwrap_or(chosen.to),
                why: if one.good_again.is_some() { "good again" } else { "still failing" }.to_owned(),
            }));
            details.parts.extend(test.detail.parts.iter().map(|part| PartRow {
                test: name.clone(),
                from: part.from,
                to: part.to,
                mark: mark_of(part.state),
                counts: (part.subjects, part.deviating),
                instances: (part.instances, part.needed),
            }));
            let (coverage, share) = (test.detail.coverage, |one: Share| (one.from, one.tested, one.needed));
            details.reach.push(ReachRow {
                test: name,
                until: coverage.until,
                left: coverage.left(chosen.from),
                fourth: coverage.last_fourth.map(share),
                month: coverage.last_month.map(share),
            });
        }
        details
    }
}

fn waiver_words(waiver: &Waiver) -> String {
    format!("until {}; {}", moment::date(waiver.expires_at.plus_micros(-1)), waiver.reason)
}

fn population_period(list: &ListPeriod) -> PopulationPeriod {
    let population = &list.population;
    PopulationPeriod {
        title: population.definition.title.clone(),
        trigger: population.definition.trigger.clone(),
        source: population.ipe.as_ref().map(|ipe| ipe.source.clone()).unwrap_or_default(),
        from: population.definition.from,
        to: population.definition.to,
        items: list.conforming + list.deviating + list.not_tested + list.unsampled,
        deviating: list.deviating,
        untested: list.not_tested,
        unsampled: list.unsampled,
        frozen: population.frozen.as_ref().map(|frozen| (frozen.at, frozen.keys)),
    }
}

fn sample_row(list: &ListPeriod) -> Option<SampleRow> {
    let sample = list.sample.as_ref()?;
    Some(SampleRow {
        population: list.population.definition.title.clone(),
        method: sample.method.to_string(),
        size: (sample.size, sample.items),
        tested: sample.tested,
        deviations: sample.deviations,
        limit: limit_words(sample),
        mark: match sample.says {
            SampleSays::Supports => Mark::Pass,
            SampleSays::NotTested | SampleSays::MayExtend => Mark::Unknown,
            SampleSays::DoesNotSupport => Mark::Fail,
        },
        says: sample.says.plain(),
    })
}

/// The upper limit with what it is measured against; empty where the size is judgement.
fn limit_words(sample: &SampleResult) -> String {
    let (Some(risk), Some(tolerable)) = (sample.risk, sample.tolerable) else { return String::new() };
    let percent = |rate: Rate| rate.to_string();
    match sample.upper_limit_bp {
        Some(bp) => format!(
            "{}.{}% at a risk of {}, against {}",
            bp / 100,
            bp % 100 / 10,
            percent(risk),
            percent(tolerable)
        ),
        None => format!(
            "not until all units are tested; risk {}, tolerable {}",
            percent(risk),
            percent(tolerable)
        ),
    }
}

fn check_period(test: &TestPeriod, names: &Names) -> CheckPeriod {
    let mut first: BTreeMap<TargetKey, Timestamp> = BTreeMap::new();
    for deviation in &test.conclusion.deviations {
        if let Subject::Target(key) = deviation.subject {
            first.entry(key).or_insert(deviation.first_seen_bad);
        }
    }
    CheckPeriod {
        id: test.conclusion.test.clone(),
        title: names.check(&test.conclusion.test),
        stretches: drawn(&test.cells, &[]),
        targets: test
            .targets
            .iter()
            .map(|target| TargetPeriod {
                key: target.target.0,
                name: target.name.clone(),
                first_deviation: first.get(&target.target).copied(),
                stretches: drawn(&target.cells, &[]),
            })
            .collect(),
    }
}

fn window_line(row: &WindowRow) -> WindowLine {
    WindowLine {
        name: row.window.id.clone(),
        due: row.window.due,
        mark: mark_of_window(row.state),
        performed: row.performance.as_ref().map(|performance| performance.performed_at),
        is_recorded_late: row.is_recorded_late,
        note: row.performance.as_ref().map(|performance| performance.note.clone()).unwrap_or_default(),
    }
}

impl Live {
    fn row(&self, control: &Control, row: &BoardRow, labels: &Labels) -> ControlPeriod {
        let framework = self.catalog.frameworks.first().map(|framework| framework.id.as_str());
        let mut mappings: Vec<_> =
            control.criteria.iter().filter(|mapping| Some(mapping.framework.as_str()) == framework).collect();
        mappings.sort_by_key(|mapping| !mapping.is_key);
        let (owner, owner_role) = owner_of(control, labels);
        ControlPeriod {
            id: control.id.to_string(),
            title: row.title.clone(),
            area: control.area.clone(),
            owner,
            owner_role,
            system: control.system.map(|system| system.to_string()).unwrap_or_default(),
            criteria: mappings.into_iter().map(|mapping| mapping.criterion.clone()).collect(),
            tested_by: tested_by(row),
            stretches: drawn(&row.cells, &row.windows),
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
            let board = period::board(view, question(chosen)).await?;
            Ok((board, control::controls(view).await?, identity::labels(view).await?))
        };
        let (board, controls, labels) = self.app.read(&self.actor, work).await?;
        let controls: BTreeMap<&ControlId, &Control> = controls.iter().map(|c| (&c.id, c)).collect();
        let rows = board.rows.iter();
        Ok(PeriodView {
            controls: rows
                .filter_map(|row| Some(self.row(controls.get(&row.control)?, row, &labels)))
                .collect(),
            count: Count::Cells(board.grain),
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
            let period = period::control_period(view, &id, question(chosen)).await?;
            let control = control::find(view, &id).await?;
            let names = Names::load(view, &period).await?;
            Ok((period, control, names, identity::labels(view).await?))
        };
        let (period, control, names, labels) = self.app.read(&self.actor, work).await?;
        let of_kind = |kind: TestKind| period.tests.iter().filter(move |t| t.conclusion.kind == kind);
        let cells_of =
            |kind: TestKind| of_kind(kind).flat_map(|test| drawn(&test.cells, &period.row.windows));
        let (mut deviations, mut unseen, mut waived) = (Vec::new(), Vec::new(), Vec::new());
        for test in &period.tests {
            for deviation in &test.conclusion.deviations {
                deviations.push(names.deviation(test, deviation));
                waived.extend(names.waived(test, deviation));
            }
            unseen.extend(test.conclusion.items.iter().filter_map(|(key, items)| {
                let known = period.populations.iter().find(|known| known.population.key == *key)?;
                let population = &known.population;
                let subject = Subject::Item { population: *key, key: String::new() };
                (items.not_tested > 0).then(|| StretchRow {
                    subject: format!("{} {}", items.not_tested, plural(items.not_tested, "item", "items")),
                    href: names.href(test, Some(&subject), population.definition.from),
                    test: names.test(test, Some(&subject)),
                    from: population.definition.from,
                    to: population.definition.to,
                    why: "not all attributes were tested".to_owned(),
                })
            }));
            unseen.extend(test.conclusion.unseen.iter().map(|unseen| StretchRow {
                subject: unseen.subject.as_ref().map_or_else(String::new, |s| names.subject(s)),
                href: names.href(test, unseen.subject.as_ref(), unseen.from),
                test: names.test(test, unseen.subject.as_ref()),
                from: unseen.from,
                to: unseen.to,
                why: unseen.why.plain().to_owned(),
            }));
        }
        deviations.sort_by_key(|row| row.seen_bad);
        for rows in [&mut unseen, &mut waived] {
            rows.sort_by_key(|row| row.from);
        }
        Ok(ControlPeriodView {
            row: self.row(&control, &period.row, &labels),
            count: Count::Cells(tickmark_core::conclusion::period::Grain::for_period(chosen.from, chosen.to)),
            statement: control.text.current().statement.clone(),
            checks: of_kind(TestKind::Configuration).map(|test| check_period(test, &names)).collect(),
            occurrence: cells_of(TestKind::Occurrence).collect(),
            windows: period.row.windows.iter().map(window_line).collect(),
            items: cells_of(TestKind::Population).collect(),
            populations: period.populations.iter().map(population_period).collect(),
            details: names.details(&period, chosen),
            deviations,
            unseen,
            waived,
        })
    }
}

#[cfg(test)]
mod tests {
    use tickmark_core::program::performance::Window;
    use tickmark_core::time::DAY_US;

    use super::*;

    fn at(day: i64) -> Timestamp {
        Timestamp::from_micros(day * DAY_US)
    }

    fn cell(day: i64, state: State) -> Cell {
        Cell { from: at(day), to: at(day + 1), state, deviating: 0, unseen: 0 }
    }

    #[test]
    fn one_missed_window_is_one_stretch_and_two_are_two() {
        let window = |id: &str, from: i64, to: i64| WindowRow {
            window: Window { id: id.to_owned(), from: at(from), to: at(to), due: at(to) },
            state: WindowState::Missed,
            performance: None,
            is_recorded_late: false,
        };
        let cells: Vec<Cell> = (0..6).map(|day| cell(day, State::Missed)).collect();
        let found = drawn(&cells, &[window("W1", 0, 3), window("W2", 3, 6)]);
        let found: Vec<_> = found.iter().map(|s| (s.from, s.to, s.note.as_str())).collect();
        assert_eq!(found, [(at(0), at(3), "W1"), (at(3), at(6), "W2")]);
    }

    #[test]
    fn time_not_in_force_is_not_drawn_and_every_other_cell_is() {
        let states = State::ALL.into_iter().zip(0..);
        let cells: Vec<Cell> = states.map(|(state, day)| cell(day, state)).collect();
        let found = drawn(&cells, &[]);
        assert_eq!(found.len(), State::ALL.len() - 1);
        assert_eq!(found.last().map(|stretch| stretch.mark), Some(Mark::Fail));
        let many = Cell { deviating: 3, unseen: 1, ..cell(0, State::Deviation) };
        assert_eq!(note_of(&many), "3 deviating, 1 not seen");
    }
}
