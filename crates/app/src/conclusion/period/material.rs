//! Everything a period needs, loaded once, and what follows from it for each control.

use std::collections::{BTreeMap, BTreeSet};

use tickmark_core::catalog::Nature;
use tickmark_core::conclusion::period::{
    Allowed, Conclusion, Counted, Coverage, Fix, Found, Grain, History, Listed, Part, SampleResult,
    SampledUnit, Spans, State, Tally, TestKind, Waived, WindowRow, conclude_configuration,
    conclude_occurrence, conclude_population, split_at, tally_configuration, tally_occurrence,
    tally_population, windows,
};
use tickmark_core::control::{Control, ControlId, ControlState, Frequency, Tolerated, tolerance_at};
use tickmark_core::id::{PopulationKey, TargetKey};
use tickmark_core::observation::Verdict;
use tickmark_core::observation::waiver::Scope;
use tickmark_core::program::performance::{Performance, WindowState};
use tickmark_core::program::population::{ItemOutcome, Population};
use tickmark_core::time::DAY_US;
use tickmark_core::{Span, Timestamp};

use super::{
    BoardRow, ControlConclusion, ListPeriod, MAX_PERIOD_DAYS, Question, TargetPeriod, TestDetail, TestPeriod,
};
use crate::conclusion::remediation;
use crate::context::View;
use crate::control::tolerance::{self, ToleranceVersion, Tolerances};
use crate::observation::{Group, waiver};
use crate::program::performance::{self, Schedules};
use crate::program::{population, sampling};
use crate::{Error, Result, control, observation};

/// How far histories reach.
pub(super) enum Bounds {
    /// Over the period: what a board needs.
    Clipped,
    /// From their beginning until now: a deviation has its own times, whatever period is asked about.
    True,
}

/// Everything a period needs, loaded once.
pub(super) struct Material {
    asked: Span,
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    pub(super) now: Timestamp,
    pub(super) grain: Grain,
    pub(super) current: BTreeMap<ControlId, Control>,
    /// When each control was first written down.
    since: BTreeMap<ControlId, Timestamp>,
    /// When each check was a test of each control.
    mapped: BTreeMap<ControlId, BTreeMap<String, Vec<Span>>>,
    /// What was said by each check.
    groups: BTreeMap<String, Vec<Group>>,
    lives: BTreeMap<TargetKey, Span>,
    waivers: BTreeMap<String, Vec<Waived>>,
    /// How long each test might fail.
    tolerances: BTreeMap<ControlId, Tolerances>,
    /// The same, as conclusions take it.
    tolerated: BTreeMap<ControlId, BTreeMap<String, Vec<Tolerated>>>,
    schedules: BTreeMap<ControlId, Schedules>,
    performances: BTreeMap<ControlId, Vec<Performance>>,
    populations: Vec<Population>,
    /// What was found about the items of each population.
    found: BTreeMap<PopulationKey, Found>,
    /// Fixes of findings about each control that were verified, with the check that the finding is about.
    fixes: BTreeMap<ControlId, Vec<(Fix, Option<String>)>>,
}

impl Material {
    /// Loads what was known at the moment that is asked about.
    pub(super) async fn load(
        view: &mut View<'_>,
        question: Question,
        only: Option<&ControlId>,
        bounds: Bounds,
    ) -> Result<Self> {
        let now = view.now;
        let known_at = question.known_at.unwrap_or(now);
        if known_at > now {
            return Err(Error::invalid(format!("what will be known at {known_at} is not known yet")));
        }
        // Everything that is read takes the moment of the transaction for the moment of looking.
        view.now = known_at;
        let loaded = Self::load_now(view, question, only, bounds).await;
        view.now = now;
        loaded
    }

    async fn load_now(
        view: &mut View<'_>,
        question: Question,
        only: Option<&ControlId>,
        bounds: Bounds,
    ) -> Result<Self> {
        let now = view.now;
        let (from, to) = (question.span.from, question.span.to.unwrap_or(now));
        if from >= to {
            return Err(Error::invalid(format!("a period from {from} to {to} holds no time")));
        }
        if to.micros().saturating_sub(from.micros()) > MAX_PERIOD_DAYS * DAY_US {
            return Err(Error::invalid(format!("a period has at most {MAX_PERIOD_DAYS} days")));
        }
        let versions = versions(view).await?;
        let schedules = performance::schedules(view, &versions).await?;
        let (mut current, mut since) = (BTreeMap::new(), BTreeMap::new());
        for version in versions {
            since.entry(version.control.id.clone()).or_insert(version.held.from);
            current.insert(version.control.id.clone(), version.control);
        }
        let mapped = mapped(view, only).await?;
        let tolerances = tolerances(view).await?;
        let period = Span { from, to: Some(to) };
        let groups = groups(view, &mapped, &tolerances, (bounds, period)).await?;
        let populations = populations(view).await?;
        let found = found(view, &populations, (only, question.known_at)).await?;
        Ok(Self {
            asked: period,
            from,
            to,
            now,
            grain: Grain::for_period(from, to),
            current,
            since,
            mapped,
            groups,
            lives: lives(view).await?,
            waivers: waivers(view).await?,
            tolerated: tolerances.iter().map(|(id, checks)| (id.clone(), tolerated(checks))).collect(),
            tolerances,
            schedules,
            performances: performances(view).await?,
            populations,
            found,
            fixes: fixes(view, period).await?,
        })
    }

    pub(super) fn controls(&self) -> impl Iterator<Item = &Control> {
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

    /// Returns what stands beside the verdicts of a check as a test of a control.
    fn allowed(&self, control: &ControlId, check: &str) -> Allowed<'_> {
        let tolerances = self.tolerated.get(control).and_then(|checks| checks.get(check));
        Allowed {
            waivers: self.waivers.get(check).map(Vec::as_slice).unwrap_or_default(),
            tolerances: tolerances.map(Vec::as_slice).unwrap_or_default(),
        }
    }

    /// Returns the fixes of findings about a control, of one test of it or of all.
    pub(super) fn fixes_of<'a>(
        &'a self,
        control: &ControlId,
        check: Option<&'a str>,
    ) -> impl Iterator<Item = &'a Fix> {
        let all = self.fixes.get(control).into_iter().flatten();
        all.filter(move |(_, of)| check.is_none() || of.is_none() || of.as_deref() == check)
            .map(|(fix, _)| fix)
    }

    /// Returns the populations of a control that touch the period, with what was found.
    pub(super) fn list_periods(&self, control: &ControlId) -> Vec<ListPeriod> {
        let touches = |population: &&Population| {
            population.definition.from < self.to && self.from < population.definition.to
        };
        let listed = |population: &Population| {
            let found = self.found.get(&population.key);
            let count = |of: fn(&Found) -> usize| found.map(of).unwrap_or_default();
            ListPeriod {
                population: population.clone(),
                conforming: count(|found| found.conforming.len()),
                deviating: count(|found| found.deviating.len()),
                not_tested: count(|found| found.not_tested.len()),
                unsampled: count(|found| found.unsampled.len()),
                sample: found.and_then(|found| found.sample.clone()),
            }
        };
        self.populations_of(control).filter(touches).map(listed).collect()
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

    pub(super) fn row(&self, control: &Control) -> BoardRow {
        let mut tally = Tally::over(self.grain.cells(self.from, self.to));
        let in_force = self.in_force(control);
        let mut tests = Vec::new();
        for (check, held) in self.checks_of(control) {
            let histories = self.histories_of(check);
            let allowed = self.allowed(&control.id, check);
            tally_configuration(&mut tally, self.asked, &held, &histories, allowed, self.now);
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

    pub(super) fn conclusion(&self, control: &Control) -> ControlConclusion {
        let tests = self.tests_over(control, self.asked);
        let details = tests.iter().map(|test| self.detail(control, test)).collect();
        let state = tests.iter().map(|test| test.state(self.now)).max();
        let untested = if control.force().is_some() { State::Unknown } else { State::NotInForce };
        ControlConclusion { control: control.id.clone(), state: state.unwrap_or(untested), tests, details }
    }

    /// Concludes on every test of a control over a part of the period, or all of it.
    fn tests_over(&self, control: &Control, asked: Span) -> Vec<Conclusion> {
        let id = &control.id;
        let mut tests: Vec<Conclusion> = self
            .checks_of(control)
            .map(|(check, held)| {
                let (histories, allowed) = (self.histories_of(check), self.allowed(id, check));
                conclude_configuration(id, check, asked, &held, &histories, allowed, self.now)
            })
            .collect();
        if let Some(schedules) = self.schedules.get(id)
            && let Some((_, newest)) = schedules.last()
        {
            let performances = self.performances.get(id).map(Vec::as_slice).unwrap_or_default();
            tests.push(conclude_occurrence(id, &newest.plain(), asked, schedules, performances, self.now));
        }
        let lists = self.lists_of(control);
        if self.has_population(control, &lists) {
            let (trigger, in_force) = (&control.population, self.in_force(control));
            tests.push(conclude_population(id, trigger, asked, &in_force, &lists, self.now));
        }
        tests
    }

    /// Returns what belongs to a conclusion over the period.
    fn detail(&self, control: &Control, test: &Conclusion) -> TestDetail {
        let check = Some(test.test.as_str()).filter(|_| test.kind == TestKind::Configuration);
        let tolerated = check.map(|check| self.allowed(&control.id, check).tolerances).unwrap_or_default();
        // A fix of what a check found says nothing about other tests.
        let fixes: Vec<Fix> = self.fixes_of(&control.id, Some(test.test.as_str())).cloned().collect();
        let parts = if fixes.is_empty() { Vec::new() } else { self.parts(control, test, &fixes) };
        TestDetail {
            tolerance: tolerance_at(tolerated, self.now),
            coverage: self.coverage(control, test),
            parts,
        }
    }

    /// Concludes on a test before, between and after fixes: the control that was mended is another one.
    fn parts(&self, control: &Control, test: &Conclusion, fixes: &[Fix]) -> Vec<Part> {
        let part = |(number, (from, to)): (usize, (Timestamp, Timestamp))| {
            let tests = self.tests_over(control, Span { from, to: Some(to) });
            let found = tests.iter().find(|one| one.kind == test.kind && one.test == test.test)?;
            Part::of(found, control.frequency, number > 0, self.now)
        };
        split_at(self.from, self.to, fixes).into_iter().enumerate().filter_map(part).collect()
    }

    /// Says up to when a test reaches and how much of it lies at the end of the period.
    fn coverage(&self, control: &Control, test: &Conclusion) -> Coverage {
        let period = (self.from, self.to);
        let inside = |at: Timestamp| at.min(self.to);
        match test.kind {
            TestKind::Configuration => {
                let seen = self.histories_of(&test.test).into_iter().filter_map(|history| {
                    let known = history.intervals.iter().rev().find(|interval| {
                        interval.verdict != Verdict::Unknown && interval.span.from < self.to
                    })?;
                    Some(inside(known.span.to.unwrap_or(self.now)))
                });
                Coverage::throughout(self.to, seen.max().filter(|until| self.from < *until))
            }
            TestKind::Occurrence => {
                let ends: Vec<Timestamp> = self
                    .windows_of(control)
                    .into_iter()
                    .filter(|row| row.state != WindowState::NotYetDue && row.window.to <= self.to)
                    .map(|row| row.window.to)
                    .collect();
                // A window belongs to its last moment.
                let since = |at: Timestamp| (ends.iter().filter(|end| at < **end).count(), 0);
                Coverage::of(period, ends.iter().max().copied(), control.frequency, None, since)
            }
            TestKind::Population => {
                let lists = self.lists_of(control);
                let frozen = lists.iter().filter(|list| {
                    let definition = &list.population.definition;
                    let touches = definition.from < self.to && self.from < definition.to;
                    list.population.frozen.is_some() && touches
                });
                let frozen: Vec<&Listed<'_>> = frozen.collect();
                let until = frozen.iter().map(|list| inside(list.population.definition.to)).max();
                let samples = frozen.iter().filter_map(|list| list.found.sample.as_ref());
                let of_samples = samples.map(|sample| sample.from_last_part).reduce(|a, b| a + b);
                let needed = of_samples.map(|needed| usize::try_from(needed).unwrap_or(usize::MAX));
                let since = |at: Timestamp| {
                    let later = |moments: &[Timestamp]| {
                        moments.iter().filter(|moment| at <= **moment && **moment < self.to).count()
                    };
                    frozen.iter().map(|list| list.found).fold((0, 0), |(tested, left), found| {
                        let deviating = found
                            .deviating
                            .iter()
                            .filter(|item| at <= item.occurred_at && item.occurred_at < self.to);
                        (
                            tested + later(&found.conforming) + deviating.count(),
                            left + later(&found.not_tested) + later(&found.unsampled),
                        )
                    })
                };
                Coverage::of(period, until, control.frequency, needed, since)
            }
        }
    }

    pub(super) fn test_period(
        &self,
        control: &Control,
        conclusion: Conclusion,
        detail: TestDetail,
        names: &BTreeMap<TargetKey, String>,
    ) -> TestPeriod {
        let cells = self.grain.cells(self.from, self.to);
        let mut tally = Tally::over(cells.clone());
        let mut targets = Vec::new();
        let mut tolerances: Vec<ToleranceVersion> = Vec::new();
        match conclusion.kind {
            TestKind::Configuration => {
                let held = self.checks_of(control).find(|(check, _)| *check == conclusion.test);
                let held = held.map(|(_, held)| held).unwrap_or_default();
                let allowed = self.allowed(&control.id, &conclusion.test);
                let of_control = self.tolerances.get(&control.id);
                tolerances =
                    of_control.and_then(|all| all.get(&conclusion.test)).cloned().unwrap_or_default();
                let histories = self.histories_of(&conclusion.test);
                tally_configuration(&mut tally, self.asked, &held, &histories, allowed, self.now);
                for history in &histories {
                    let life = Spans::of_span(history.life, self.to.max(self.now)).intersect(&held);
                    for target in &history.targets {
                        let one = [History { targets: vec![*target], ..history.clone() }];
                        let mut own = Tally::over(cells.clone());
                        tally_configuration(&mut own, self.asked, &life, &one, allowed, self.now);
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
        TestPeriod { conclusion, detail, tolerances, cells: tally.cells(), targets }
    }
}

/// Returns the versions of controls that were recorded by now.
async fn versions(view: &mut View<'_>) -> Result<Vec<control::ControlVersion>> {
    let now = view.now;
    let mut versions = control::versions(view).await?;
    versions.retain(|version| version.held.from <= now);
    for version in &mut versions {
        version.held = known(version.held, now);
    }
    Ok(versions)
}

/// Returns when each check was a test of each control.
async fn mapped(
    view: &mut View<'_>,
    only: Option<&ControlId>,
) -> Result<BTreeMap<ControlId, BTreeMap<String, Vec<Span>>>> {
    let now = view.now;
    let mut mapped: BTreeMap<ControlId, BTreeMap<String, Vec<Span>>> = BTreeMap::new();
    for test in control::mapped_tests(view).await? {
        if test.held.from <= now && only.is_none_or(|only| *only == test.control) {
            let held = known(test.held, now);
            mapped.entry(test.control).or_default().entry(test.check).or_default().push(held);
        }
    }
    Ok(mapped)
}

/// Returns a span as far as it was known: an end that was recorded later was open.
fn known(held: Span, now: Timestamp) -> Span {
    Span { from: held.from, to: held.to.filter(|to| *to <= now) }
}

async fn tolerances(view: &mut View<'_>) -> Result<BTreeMap<ControlId, Tolerances>> {
    let now = view.now;
    let mut all = tolerance::tolerances(view).await?;
    for versions in all.values_mut().flat_map(BTreeMap::values_mut) {
        versions.retain(|version| version.since <= now);
    }
    Ok(all)
}

fn tolerated(checks: &Tolerances) -> BTreeMap<String, Vec<Tolerated>> {
    let of = |versions: &Vec<ToleranceVersion>| versions.iter().map(ToleranceVersion::tolerated).collect();
    checks.iter().map(|(check, versions)| (check.clone(), of(versions))).collect()
}

/// Returns what checks said. Where a failing stretch is judged by its length, it is read whole.
async fn groups(
    view: &mut View<'_>,
    mapped: &BTreeMap<ControlId, BTreeMap<String, Vec<Span>>>,
    tolerances: &BTreeMap<ControlId, Tolerances>,
    (bounds, period): (Bounds, Span),
) -> Result<BTreeMap<String, Vec<Group>>> {
    let whole = Span { from: Timestamp::from_micros(0), to: None };
    let wanted: BTreeSet<&String> = mapped.values().flat_map(BTreeMap::keys).collect();
    let has_tolerance = |check: &&String| tolerances.values().any(|checks| checks.contains_key(*check));
    let (judged, others): (Vec<String>, Vec<String>) = match bounds {
        Bounds::True => (wanted.into_iter().cloned().collect(), Vec::new()),
        Bounds::Clipped => {
            let (judged, others): (Vec<&String>, Vec<&String>) = wanted.into_iter().partition(has_tolerance);
            (judged.into_iter().cloned().collect(), others.into_iter().cloned().collect())
        }
    };
    let mut groups = BTreeMap::new();
    for (span, checks) in [(whole, judged), (period, others)] {
        if !checks.is_empty() {
            groups.append(&mut observation::groups_in(view, span, Some(&checks)).await?);
        }
    }
    Ok(groups)
}

async fn lives(view: &mut View<'_>) -> Result<BTreeMap<TargetKey, Span>> {
    let now = view.now;
    let targets = observation::targets(view).await?.into_iter();
    Ok(targets
        .filter(|target| target.first_seen <= now)
        .map(|target| (target.key, known(Span { from: target.first_seen, to: target.retired_at }, now)))
        .collect())
}

async fn waivers(view: &mut View<'_>) -> Result<BTreeMap<String, Vec<Waived>>> {
    let ever = Span { from: Timestamp::from_micros(0), to: None };
    let mut waivers: BTreeMap<String, Vec<Waived>> = BTreeMap::new();
    for waiver in waiver::in_force_over(view, ever).await? {
        let span = waiver.span();
        let targets = match waiver.scope {
            Scope::All => None,
            Scope::Targets(targets) => Some(targets),
        };
        let to = span.to.unwrap_or(waiver.expires_at);
        let waived = Waived { waiver: waiver.id.0, targets, from: span.from, to };
        waivers.entry(waiver.check).or_default().push(waived);
    }
    Ok(waivers)
}

async fn performances(view: &mut View<'_>) -> Result<BTreeMap<ControlId, Vec<Performance>>> {
    let now = view.now;
    let mut performances = performance::all(view).await?;
    for of_control in performances.values_mut() {
        of_control.retain(|performance| performance.recorded_at <= now);
    }
    Ok(performances)
}

/// Returns the populations that were defined by now, frozen as far as they were.
async fn populations(view: &mut View<'_>) -> Result<Vec<Population>> {
    let now = view.now;
    let mut populations = population::all(view).await?;
    populations.retain(|population| population.defined_at <= now);
    for population in &mut populations {
        population.frozen = population.frozen.take().filter(|frozen| frozen.at <= now);
    }
    Ok(populations)
}

/// Returns what was found about the items of populations, and what their newest samples say.
async fn found(
    view: &mut View<'_>,
    populations: &[Population],
    (only, known_at): (Option<&ControlId>, Option<Timestamp>),
) -> Result<BTreeMap<PopulationKey, Found>> {
    let samples = sampling::newest(view).await?;
    let mut all = BTreeMap::new();
    for population in populations {
        if only.is_some_and(|only| *only != population.definition.control) {
            continue;
        }
        let (key, sample) = (population.key, samples.get(&population.key));
        let outcomes = population::outcomes(view, key, known_at).await?;
        let mut units: BTreeMap<i64, SampledUnit> = BTreeMap::new();
        for &(place, is_added) in sample.into_iter().flat_map(|sample| &sample.units) {
            units.insert(place, SampledUnit { outcome: ItemOutcome::NotTested, is_added });
        }
        let (mut found, mut deviating) = (Found::default(), Vec::new());
        for (place, at, outcome) in outcomes.iter() {
            let unit = units.get_mut(&place);
            match outcome {
                ItemOutcome::Conforming => found.conforming.push(at),
                ItemOutcome::NotTested if sample.is_some() && unit.is_none() => found.unsampled.push(at),
                ItemOutcome::NotTested => found.not_tested.push(at),
                ItemOutcome::Deviating => deviating.push(place),
            }
            if let Some(unit) = unit {
                unit.outcome = outcome;
            }
        }
        found.deviating = population::items_at(view, key, &deviating, known_at).await?;
        let units: Vec<SampledUnit> = units.into_values().collect();
        found.sample = sample.map(|sample| SampleResult::of(&sample.drawn, &units));
        all.insert(key, found);
    }
    Ok(all)
}

/// Returns the fixes within a period that somebody has verified by now, oldest first, by control.
async fn fixes(view: &mut View<'_>, period: Span) -> Result<BTreeMap<ControlId, Vec<(Fix, Option<String>)>>> {
    let now = view.now;
    let mut fixes: BTreeMap<ControlId, Vec<(Fix, Option<String>)>> = BTreeMap::new();
    for (reference, finding) in remediation::verified(view).await? {
        let (Some(fix), Some(verification), Some(control)) =
            (finding.fix(), finding.verification(), &finding.found.control)
        else {
            continue;
        };
        if verification.at <= now && period.contains(fix.at) {
            let title = finding.found.title.clone();
            let fix = Fix { at: fix.at, verified_at: verification.at, finding: reference, title };
            fixes.entry(control.clone()).or_default().push((fix, finding.found.check.clone()));
        }
    }
    for of_control in fixes.values_mut() {
        of_control.sort();
    }
    Ok(fixes)
}
