//! What follows over a period: the board of all controls, and one control down to its targets, windows and items.
//!
//! Only reads. Every control is looked at as of its time: only while it was in force, only by checks that were mapped to
//! it then, only at targets that were there. The arithmetic is `core::conclusion::period`.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use tickmark_core::catalog::Nature;
use tickmark_core::conclusion::period::{
    Cell, Conclusion, Counted, Found, Grain, History, Listed, Spans, State, Tally, TestKind, Waived,
    WindowRow, conclude_configuration, conclude_occurrence, conclude_population, tally_configuration,
    tally_occurrence, tally_population, windows,
};
use tickmark_core::control::{Control, ControlId, ControlState, Frequency};
use tickmark_core::id::{PopulationKey, TargetKey};
use tickmark_core::observation::waiver::Scope;
use tickmark_core::program::performance::Performance;
use tickmark_core::program::population::Population;
use tickmark_core::time::DAY_US;
use tickmark_core::{Span, Timestamp};

use crate::context::View;
use crate::observation::{Group, waiver};
use crate::program::performance::{self, Schedules};
use crate::program::population;
use crate::{Error, Result, control, observation};

/// Longest period that is answered, in days: ten years.
pub const MAX_PERIOD_DAYS: i64 = 3_660;

/// All controls over a period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Board {
    /// First moment.
    pub from: Timestamp,
    /// First moment after it.
    pub to: Timestamp,
    /// The moment of looking; what lies after it is not yet due.
    pub now: Timestamp,
    /// How the period is cut.
    pub grain: Grain,
    /// One row for each control, by id.
    pub rows: Vec<BoardRow>,
}

/// One control over a period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BoardRow {
    /// The control.
    pub control: ControlId,
    /// Its title at the end of the period.
    pub title: String,
    /// How far it has come. A draft is promised to nobody; what its tests say is shown all the same.
    pub force: ControlState,
    /// Tests of it in the period: what is asked, and by which check, rhythm or trigger. Empty when nothing tests it.
    pub tests: Vec<(TestKind, String)>,
    /// The worst of all cells.
    pub state: State,
    /// Cells in order of time.
    pub cells: Vec<Cell>,
    /// Windows in which it was due.
    pub windows: Vec<WindowRow>,
}

/// What all tests of one control say over a period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ControlConclusion {
    /// The control.
    pub control: ControlId,
    /// The worst that is known.
    pub state: State,
    /// One conclusion for each test.
    pub tests: Vec<Conclusion>,
}

/// One control over a period, down to its targets, windows and items.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ControlPeriod {
    /// Its row.
    pub row: BoardRow,
    /// What each test says, in the order of the row.
    pub tests: Vec<TestPeriod>,
    /// Populations of the control that touch the period.
    pub populations: Vec<Population>,
}

/// One test over a period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TestPeriod {
    /// What it says.
    pub conclusion: Conclusion,
    /// Its cells, cut as the row's.
    pub cells: Vec<Cell>,
    /// Each target, for tests of configuration.
    pub targets: Vec<TargetPeriod>,
}

/// One target of a test over a period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TargetPeriod {
    /// The target.
    pub target: TargetKey,
    /// Its name.
    pub name: String,
    /// Cells, cut as the row's.
    pub cells: Vec<Cell>,
}

/// Returns all controls over a period, an open end being now.
///
/// # Errors
/// `Invalid` for a period without time or longer than [`MAX_PERIOD_DAYS`]; else as the database answers.
pub async fn board(view: &mut View<'_>, asked: Span) -> Result<Board> {
    let material = Material::load(view, asked, None, Bounds::Clipped).await?;
    let rows = material.controls().map(|control| material.row(control)).collect();
    Ok(Board { from: material.from, to: material.to, now: material.now, grain: material.grain, rows })
}

/// Concludes on every test of every control over a period, an open end being now.
///
/// # Errors
/// As [`board`].
pub async fn conclude(view: &mut View<'_>, asked: Span) -> Result<Vec<ControlConclusion>> {
    let material = Material::load(view, asked, None, Bounds::True).await?;
    Ok(material.controls().map(|control| material.conclusion(control)).collect())
}

/// Returns one control over a period, down to its targets, windows and items.
///
/// # Errors
/// As [`board`]; `NotFound` if there is no such control.
pub async fn control_period(view: &mut View<'_>, id: &ControlId, asked: Span) -> Result<ControlPeriod> {
    let material = Material::load(view, asked, Some(id), Bounds::True).await?;
    let control = material.current.get(id).ok_or_else(|| Error::not_found("control", id))?;
    let tests = material.conclusion(control).tests;
    let names: BTreeMap<TargetKey, String> = observation::targets(view)
        .await?
        .into_iter()
        .map(|target| (target.key, target.target.name))
        .collect();
    let tests =
        tests.into_iter().map(|conclusion| material.test_period(control, conclusion, &names)).collect();
    let touches = |population: &&Population| {
        population.definition.from < material.to && material.from < population.definition.to
    };
    Ok(ControlPeriod {
        row: material.row(control),
        tests,
        populations: material.populations_of(id).filter(touches).cloned().collect(),
    })
}

/// How far histories reach.
enum Bounds {
    /// Over the period: what a board needs.
    Clipped,
    /// From their beginning until now: a deviation has its own times, whatever period is asked about.
    True,
}

/// Everything a period needs, loaded once.
struct Material {
    asked: Span,
    from: Timestamp,
    to: Timestamp,
    now: Timestamp,
    grain: Grain,
    current: BTreeMap<ControlId, Control>,
    /// When each control was first written down.
    since: BTreeMap<ControlId, Timestamp>,
    /// When each check was a test of each control.
    mapped: BTreeMap<ControlId, BTreeMap<String, Vec<Span>>>,
    /// What was said by each check.
    groups: BTreeMap<String, Vec<Group>>,
    lives: BTreeMap<TargetKey, Span>,
    waivers: BTreeMap<String, Vec<Waived>>,
    schedules: BTreeMap<ControlId, Schedules>,
    performances: BTreeMap<ControlId, Vec<Performance>>,
    populations: Vec<Population>,
    /// What was found about the items of each population.
    found: BTreeMap<PopulationKey, Found>,
}

impl Material {
    async fn load(
        view: &mut View<'_>,
        asked: Span,
        only: Option<&ControlId>,
        bounds: Bounds,
    ) -> Result<Self> {
        let now = view.now;
        let (from, to) = (asked.from, asked.to.unwrap_or(now));
        if from >= to {
            return Err(Error::invalid(format!("a period from {from} to {to} holds no time")));
        }
        if to.micros().saturating_sub(from.micros()) > MAX_PERIOD_DAYS * DAY_US {
            return Err(Error::invalid(format!("a period has at most {MAX_PERIOD_DAYS} days")));
        }
        let looked_at = match bounds {
            Bounds::Clipped => Span { from, to: Some(to) },
            Bounds::True => Span { from: Timestamp::from_micros(0), to: None },
        };
        let versions = control::versions(view).await?;
        let schedules = performance::schedules(view, &versions).await?;
        let (mut current, mut since) = (BTreeMap::new(), BTreeMap::new());
        for version in versions {
            since.entry(version.control.id.clone()).or_insert(version.held.from);
            current.insert(version.control.id.clone(), version.control);
        }
        let mut mapped: BTreeMap<ControlId, BTreeMap<String, Vec<Span>>> = BTreeMap::new();
        for test in control::mapped_tests(view).await? {
            if only.is_none_or(|only| *only == test.control) {
                mapped.entry(test.control).or_default().entry(test.check).or_default().push(test.held);
            }
        }
        let wanted: BTreeSet<&String> = mapped.values().flat_map(BTreeMap::keys).collect();
        let wanted: Vec<String> = wanted.into_iter().cloned().collect();
        let groups = observation::groups_in(view, looked_at, Some(&wanted)).await?;
        let lives = observation::targets(view)
            .await?
            .into_iter()
            .map(|target| (target.key, Span { from: target.first_seen, to: target.retired_at }))
            .collect();
        let mut waivers: BTreeMap<String, Vec<Waived>> = BTreeMap::new();
        for waiver in waiver::in_force_over(view, Span { from: Timestamp::from_micros(0), to: None }).await? {
            let span = waiver.span();
            let targets = match waiver.scope {
                Scope::All => None,
                Scope::Targets(targets) => Some(targets),
            };
            let to = span.to.unwrap_or(waiver.expires_at);
            waivers.entry(waiver.check).or_default().push(Waived {
                waiver: waiver.id.0,
                targets,
                from: span.from,
                to,
            });
        }
        let populations = population::all(view).await?;
        let mut found = BTreeMap::new();
        for population in &populations {
            if only.is_none_or(|only| *only == population.definition.control) {
                found.insert(population.key, population::found(view, population.key).await?);
            }
        }
        Ok(Self {
            asked: Span { from, to: Some(to) },
            from,
            to,
            now,
            grain: Grain::for_period(from, to),
            current,
            since,
            mapped,
            groups,
            lives,
            waivers,
            schedules,
            performances: performance::all(view).await?,
            populations,
            found,
        })
    }

    fn controls(&self) -> impl Iterator<Item = &Control> {
        self.current.values()
    }

    /// Returns when a control was in force; for a draft, since it was written down.
    fn in_force(&self, control: &Control) -> Spans {
        let span = match (control.force(), control.state()) {
            (Some(span), _) => span,
            (None, ControlState::Draft) => {
                Span { from: self.since.get(&control.id).copied().unwrap_or(self.to), to: None }
            }
            (None, ControlState::Active | ControlState::Retired) => return Spans::default(),
        };
        // Open ends reach beyond what is asked, so that what lies ahead is in force as well.
        Spans::of_span(span, self.to.max(self.now))
    }

    fn checks_of(&self, control: &Control) -> impl Iterator<Item = (&str, Spans)> {
        let in_force = self.in_force(control);
        let end = self.to.max(self.now);
        self.mapped.get(&control.id).into_iter().flatten().filter_map(move |(check, held)| {
            let held = Spans::of(held.iter().map(|span| (span.from, span.to.unwrap_or(end))));
            let held = held.intersect(&in_force);
            let touches = !held.intersect(&Spans::one(self.from, self.to)).is_empty();
            touches.then_some((check.as_str(), held))
        })
    }

    fn histories_of(&self, check: &str) -> Vec<History<'_>> {
        self.groups.get(check).into_iter().flatten().flat_map(|group| self.histories_in(group)).collect()
    }

    /// Targets that share what was said and were there at the same time make one history.
    fn histories_in<'a>(&'a self, group: &'a Group) -> Vec<History<'a>> {
        let history = |targets, life, intervals| History { targets, life, intervals, looks: &group.looks };
        let mut same: BTreeMap<(Timestamp, Option<Timestamp>), Vec<TargetKey>> = BTreeMap::new();
        let mut histories = Vec::new();
        for target in group.targets.iter() {
            let Some(life) = self.lives.get(target) else { continue };
            match group.others.get(target) {
                Some(intervals) if intervals.is_empty() => {}
                Some(intervals) => histories.push(history(vec![*target], *life, intervals.as_slice())),
                None => same.entry((life.from, life.to)).or_default().push(*target),
            }
        }
        if !group.same.is_empty() {
            let shared = same.into_iter();
            histories
                .extend(shared.map(|((from, to), targets)| history(targets, Span { from, to }, &group.same)));
        }
        histories
    }

    fn waivers_of(&self, check: &str) -> &[Waived] {
        self.waivers.get(check).map(Vec::as_slice).unwrap_or_default()
    }

    fn populations_of(&self, control: &ControlId) -> impl Iterator<Item = &Population> {
        self.populations.iter().filter(move |population| population.definition.control == *control)
    }

    fn lists_of(&self, control: &Control) -> Vec<Listed<'_>> {
        let listed = |population| Some(Listed { population, found: self.found.get(&population.key)? });
        self.populations_of(&control.id).filter_map(listed).collect()
    }

    fn windows_of(&self, control: &Control) -> Vec<WindowRow> {
        let schedules = self.schedules.get(&control.id).map(Vec::as_slice).unwrap_or_default();
        let performances = self.performances.get(&control.id).map(Vec::as_slice).unwrap_or_default();
        windows(self.asked, schedules, performances, self.now)
    }

    /// Tells whether the items of a control have to be listed: it is performed for each, and nothing else looks at it.
    fn has_population(&self, control: &Control, lists: &[Listed<'_>]) -> bool {
        let is_due = control.frequency == Frequency::PerOccurrence
            && control.nature != Nature::Automated
            && control.force().is_some()
            && self.checks_of(control).next().is_none();
        is_due || !lists.is_empty()
    }

    fn row(&self, control: &Control) -> BoardRow {
        let mut tally = Tally::over(self.grain.cells(self.from, self.to));
        let in_force = self.in_force(control);
        let mut tests = Vec::new();
        for (check, held) in self.checks_of(control) {
            let histories = self.histories_of(check);
            tally_configuration(&mut tally, self.asked, &held, &histories, self.waivers_of(check), self.now);
            tests.push((TestKind::Configuration, check.to_owned()));
        }
        let windows = self.windows_of(control);
        if let Some((_, schedule)) = self.schedules.get(&control.id).and_then(|schedules| schedules.last()) {
            tally_occurrence(&mut tally, &windows);
            tests.push((TestKind::Occurrence, schedule.plain()));
        }
        let lists = self.lists_of(control);
        if self.has_population(control, &lists) {
            tally_population(&mut tally, self.asked, &in_force, &lists, self.now);
            tests.push((TestKind::Population, control.population.clone()));
        }
        let asked = Spans::one(self.from, self.to).intersect(&in_force);
        let past = asked.intersect(&Spans::one(self.from, self.now));
        let is_promised = control.force().is_some();
        // In force and looked at by nothing is unknown.
        let mut whole = Counted::default();
        if tests.is_empty() && is_promised {
            for (from, to) in past.iter() {
                tally.add(&mut whole, State::Unknown, from, to);
            }
        }
        if !tests.is_empty() {
            for (from, to) in asked.minus(&past).iter() {
                tally.add(&mut whole, State::NotYetDue, from, to);
            }
        }
        let cells = tally.cells();
        let title = control.text.at(self.to.plus_micros(-1)).unwrap_or_else(|| control.text.current());
        BoardRow {
            control: control.id.clone(),
            title: title.title.clone(),
            force: control.state(),
            tests,
            state: cells.iter().map(|cell| cell.state).max().unwrap_or(State::NotInForce),
            cells,
            windows,
        }
    }

    fn conclusion(&self, control: &Control) -> ControlConclusion {
        let id = &control.id;
        let in_force = self.in_force(control);
        let mut tests: Vec<Conclusion> = self
            .checks_of(control)
            .map(|(check, held)| {
                let histories = self.histories_of(check);
                let waivers = self.waivers_of(check);
                conclude_configuration(id, check, self.asked, &held, &histories, waivers, self.now)
            })
            .collect();
        if let Some(schedules) = self.schedules.get(id)
            && let Some((_, newest)) = schedules.last()
        {
            let performances = self.performances.get(id).map(Vec::as_slice).unwrap_or_default();
            tests.push(conclude_occurrence(
                id,
                &newest.plain(),
                self.asked,
                schedules,
                performances,
                self.now,
            ));
        }
        let lists = self.lists_of(control);
        if self.has_population(control, &lists) {
            let trigger = &control.population;
            tests.push(conclude_population(id, trigger, self.asked, &in_force, &lists, self.now));
        }
        let state = tests.iter().map(|test| test.state(self.now)).max();
        let untested = if control.force().is_some() { State::Unknown } else { State::NotInForce };
        ControlConclusion { control: id.clone(), state: state.unwrap_or(untested), tests }
    }

    fn test_period(
        &self,
        control: &Control,
        conclusion: Conclusion,
        names: &BTreeMap<TargetKey, String>,
    ) -> TestPeriod {
        let cells = self.grain.cells(self.from, self.to);
        let mut tally = Tally::over(cells.clone());
        let mut targets = Vec::new();
        match conclusion.kind {
            TestKind::Configuration => {
                let held = self.checks_of(control).find(|(check, _)| *check == conclusion.test);
                let held = held.map(|(_, held)| held).unwrap_or_default();
                let waivers = self.waivers_of(&conclusion.test);
                let histories = self.histories_of(&conclusion.test);
                tally_configuration(&mut tally, self.asked, &held, &histories, waivers, self.now);
                for history in &histories {
                    let life = Spans::of_span(history.life, self.to.max(self.now)).intersect(&held);
                    for target in &history.targets {
                        let one = [History { targets: vec![*target], ..history.clone() }];
                        let mut own = Tally::over(cells.clone());
                        tally_configuration(&mut own, self.asked, &life, &one, waivers, self.now);
                        let name = names.get(target).cloned().unwrap_or_default();
                        targets.push(TargetPeriod { target: *target, name, cells: own.cells() });
                    }
                }
                targets.sort_by(|a, b| (&a.name, a.target).cmp(&(&b.name, b.target)));
            }
            TestKind::Occurrence => tally_occurrence(&mut tally, &self.windows_of(control)),
            TestKind::Population => {
                let lists = self.lists_of(control);
                tally_population(&mut tally, self.asked, &self.in_force(control), &lists, self.now);
            }
        }
        TestPeriod { conclusion, cells: tally.cells(), targets }
    }
}
