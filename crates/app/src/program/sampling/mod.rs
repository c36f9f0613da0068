//! Samples of frozen populations: drawn by a person, extended once at most, with replacements beside the picks.
//!
//! A draw is repeatable: it keeps seed, method and population digest, and is made again whenever it is read, so that what
//! is kept and what the seed gives cannot part. Whoever owns the control does not draw, and nobody draws twice over one
//! population. Owns the tables `population_sample*` of migration `0035_sample.sql`, and `sampling_own_size`.

mod own;
mod sql;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::json;
use tickmark_core::id::PopulationKey;
use tickmark_core::program::population::{Item, ItemOutcome, MAX_TEXT_CHARS, Population};
use tickmark_core::program::sampling::{
    Absence, Consequence, CountPlan, Draw, Drawn, Evaluation, Frame, Happened, Method, NextStep, Pick,
    RollForward, Sample, SampleEvent, SamplingError, Seed, SizeRule, Sizing, Tested, Unit, allocate,
};
use tickmark_ledger::bundle::Record;
use tickmark_ledger::leaf::LeafKind;

use crate::context::{Cx, View};
use crate::ledger::periods;
use crate::program::population;
use crate::{Action, ActorKind, Error, Result, control};

pub use own::{OwnVersion, set_sizes, sizes_of};

/// What is asked for.
#[derive(Clone, Debug)]
pub struct NewSample<'a> {
    /// The population, which must be frozen.
    pub population: PopulationKey,
    /// How many. For items that a person chose it must be their number.
    pub sizing: Sizing<'a>,
    /// How.
    pub method: Method,
    /// Agreed after the population was frozen; random bytes when left out.
    pub seed: Option<Seed>,
    /// Items that a person chose, for methods by judgment.
    pub picks: Vec<String>,
    /// Why they were chosen.
    pub reason: String,
    /// Size to which the sample may be extended once.
    pub planned_extension: Option<u64>,
    /// Why it is drawn again; needed for every draw after the first.
    pub again: String,
}

/// A sample with what became of it, and what testing found about its units.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SampleView {
    /// As it was drawn.
    pub drawn: Drawn,
    /// What happened since, in order.
    pub events: Vec<Happened>,
    /// What is tested now, in order: picks, extension and replacements, without what was replaced.
    pub units: Vec<Item>,
    /// The sample with its reserve.
    #[serde(skip)]
    pub sample: Sample,
}

impl SampleView {
    /// Counts units by what follows for them.
    #[must_use]
    pub fn count(&self, outcome: ItemOutcome) -> u64 {
        self.units.iter().filter(|item| item.outcome() == outcome).count() as u64
    }

    /// Returns what testing found, once every unit is tested. Statistics say nothing about what a person chose.
    #[must_use]
    pub fn tested(&self) -> Option<Tested> {
        if self.drawn.draw.method.is_judgment() || self.count(ItemOutcome::NotTested) > 0 {
            return None;
        }
        let deviations = self.count(ItemOutcome::Deviating);
        Tested::new(self.units.len() as u64, deviations, Some(self.drawn.draw.items)).ok()
    }

    /// Evaluates a sample whose size was computed, against what it was to show; none before every unit is tested.
    #[must_use]
    pub fn evaluation(&self) -> Option<Evaluation> {
        let SizeRule::Attributes { parameters, .. } = &self.drawn.size_rule else { return None };
        self.tested()?.evaluate(parameters.risk(), parameters.tolerable()).ok()
    }

    /// Judges a sample by count; none before every unit is tested.
    #[must_use]
    pub fn next_step(&self) -> Option<NextStep> {
        if self.count(ItemOutcome::NotTested) > 0 {
            return None;
        }
        // What came by the extension, and what replaced some of that.
        let (mut later, mut is_extended) = (BTreeSet::new(), false);
        for happened in &self.events {
            match &happened.event {
                SampleEvent::Extended { added, .. } => {
                    is_extended = true;
                    later.extend(added.iter().map(String::as_str));
                }
                SampleEvent::Replaced(one) if later.contains(one.key.as_str()) => {
                    later.insert(one.by.as_str());
                }
                SampleEvent::Replaced(_) => {}
            }
        }
        let deviating = self.units.iter().filter(|item| item.outcome() == ItemOutcome::Deviating);
        let (more, first): (Vec<&Item>, Vec<&Item>) =
            deviating.partition(|item| later.contains(item.key.as_str()));
        let plan = CountPlan::new(self.drawn.draw.picks.len() as u64, self.drawn.planned_extension).ok()?;
        plan.judge(first.len() as u64, is_extended.then_some(more.len() as u64)).ok()
    }
}

/// Draws a sample.
///
/// # Errors
/// `NotFound` for an unknown population; `Forbidden` for programs, the owner of the control, and whoever drew from it
/// before; `Conflict` before the population is frozen; `Invalid` for a selection that cannot be made.
pub async fn draw(cx: &mut Cx<'_>, new: NewSample<'_>) -> Result<SampleView> {
    cx.authorize(Action::Administer)?;
    if cx.actor.kind == ActorKind::Program {
        return Err(Error::Forbidden("a sample is drawn by a person, who answers for it".to_owned()));
    }
    let population = population::find(cx, new.population).await?;
    let (frame, items) = frame(cx, &population).await?;
    let control = control::find(cx, &population.definition.control).await?;
    let key = population.key;
    if control.owner == Some(cx.actor.id) {
        cx.refuse_by_rule("population", key.to_string(), "owner_selects");
        return Err(Error::Forbidden(format!("whoever owns {} does not select its sample", control.id)));
    }
    let organization = cx.organization();
    let earlier = sql::drawn(cx.connection(), organization, Some(key)).await?;
    if !earlier.is_empty() && new.again.trim().is_empty() {
        return Err(Error::conflict(format!("population {key} has a sample; drawing again needs a reason")));
    }
    if earlier.iter().any(|(drawn, _)| drawn.drawn_by == cx.actor.id) {
        cx.refuse_by_rule("population", key.to_string(), "draws_again");
        return Err(Error::Forbidden(format!(
            "population {key} was sampled by the same person; drawing again needs another"
        )));
    }
    let own = own::current(cx, &control.id).await?;
    let sizing = match new.sizing {
        Sizing::Preset { preset, catalog, frequency, level, .. } => {
            Sizing::Preset { preset, catalog, frequency, level, own: own.as_ref() }
        }
        other => other,
    };
    let (size, size_rule) = sizing.resolve(frame.size()).map_err(Error::invalid)?;
    let draw = select(cx, &frame, &new, size)?;
    let roll_forward = roll_forward(cx, &population, (&draw, &size_rule), &items).await?;
    let drawn = Drawn {
        population: key,
        number: earlier.len() as i64 + 1,
        drawn_at: cx.now,
        drawn_by: cx.actor.id,
        size_rule,
        again: Some(text("reason for drawing again", &new.again)?).filter(|again| !again.is_empty()),
        planned_extension: new.planned_extension,
        roll_forward,
        draw: draw.without_reserve(),
    };
    Sample::new(draw, new.planned_extension).map_err(Error::invalid)?;
    let (salt, commitment) = super::commit(cx.app, "a sample", &drawn)?;
    sql::add(cx.connection(), organization, &drawn, salt).await?;
    let units = places(&drawn.draw.picks)?;
    sql::add_units(cx.connection(), organization, key, drawn.number, &units, 'p').await?;
    cx.record(
        LeafKind::AuditEvent,
        &json!({
            "event": "population.sampled", "population": key, "sample": drawn.number, "method": drawn.draw.method,
            "keys": drawn.draw.population, "n": size, "planned_extension": drawn.planned_extension,
            "record": commitment,
        }),
    )?;
    find(cx, key, drawn.number).await
}

/// Counts what a draw has of the end of the period that it is for: of those in the log that its list touches, the one that ends
/// last.
async fn roll_forward(
    view: &mut View<'_>,
    population: &Population,
    (draw, size_rule): (&Draw, &SizeRule),
    items: &[Item],
) -> Result<Option<RollForward>> {
    let (from, to) = (population.definition.from, population.definition.to);
    let periods = periods(view).await?;
    let touched = periods.iter().filter(|period| period.from < to && from < period.to);
    let Some(period) = touched.max_by_key(|period| period.to) else { return Ok(None) };
    let occurred = |pick: &Pick| {
        let at = usize::try_from(pick.place).ok().and_then(|place| place.checked_sub(1));
        at.and_then(|at| items.get(at)).map(|item| item.occurred_at)
    };
    let selected: Vec<_> = draw.picks.iter().filter_map(occurred).collect();
    Ok(Some(RollForward::of((period.from, period.to), to, size_rule, &selected)))
}

/// Makes a selection, for a use case that has asked for the right to it.
pub(crate) fn select(cx: &Cx<'_>, frame: &Frame, new: &NewSample<'_>, size: u64) -> Result<Draw> {
    let seed = || new.seed.clone().unwrap_or_else(|| Seed::random(cx.app.random()));
    let reason = text("reason", &new.reason)?;
    if !new.method.is_judgment() && !new.picks.is_empty() {
        let method = new.method;
        return Err(Error::invalid(SamplingError::WrongMethod { method, how: "by naming items" }));
    }
    match new.method {
        Method::Random => frame.random(&seed(), size),
        Method::Systematic => frame.systematic(&seed(), size),
        Method::Stratified => {
            // In proportion to the parts, each of which gets at least one.
            let strata = frame.strata();
            if strata.is_empty() {
                return Err(Error::invalid(
                    "the list does not say to which part an item belongs; import it with a column of strata",
                ));
            }
            allocate(&strata, size).and_then(|sizes| frame.stratified(&seed(), &sizes))
        }
        method if size != new.picks.len() as u64 => {
            let count = new.picks.len();
            return Err(Error::invalid(format!("a {method} selection of {size} names {count} items")));
        }
        method => frame.chosen(method, &new.picks, &reason),
    }
    .map_err(Error::invalid)
}

/// Extends a sample to its planned size after a deviation that is believed to be isolated. Once.
///
/// # Errors
/// `Conflict` if no extension was planned, it was extended, or no unit deviates; `Invalid` without a reason.
pub async fn extend(
    cx: &mut Cx<'_>,
    population: PopulationKey,
    number: i64,
    reason: &str,
) -> Result<SampleView> {
    let mut view = changing(cx, population, number).await?;
    let reason = text("reason", reason)?;
    if reason.is_empty() {
        return Err(Error::invalid(
            "an extension needs the reason to believe that the deviation is isolated",
        ));
    }
    let added = view.sample.extend().map_err(Error::conflict)?.to_vec();
    if view.count(ItemOutcome::Deviating) == 0 {
        return Err(Error::conflict("no unit of the sample deviates, so there is nothing to extend it for"));
    }
    let (organization, units) = (cx.organization(), places(&added)?);
    sql::add_units(cx.connection(), organization, population, number, &units, 'e').await?;
    let added = added.into_iter().map(|pick| pick.key).collect();
    happened(cx, &view, SampleEvent::Extended { reason, added }, 0).await
}

/// Replaces a unit that never happened, or to which the control does not apply, by the next of the reserve.
///
/// # Errors
/// `Invalid` for a unit without evidence, which is a deviation and stays, one that is not in the sample, or without a
/// reason; `Conflict` if it was replaced or the reserve is used up.
pub async fn replace(
    cx: &mut Cx<'_>,
    population: PopulationKey,
    number: i64,
    key: &str,
    absence: Absence,
    reason: &str,
) -> Result<SampleView> {
    let mut view = changing(cx, population, number).await?;
    let reason = text("reason", reason)?;
    let replaced = view.sample.units().into_iter().find(|pick| pick.key == key).cloned();
    let by = match view.sample.replace(key, absence, &reason) {
        Ok(Consequence::Replaced { by, .. }) => by.clone(),
        Ok(Consequence::Deviation) => {
            return Err(Error::invalid(format!(
                "{key:?} without evidence is a deviation and is never replaced; record it as not met"
            )));
        }
        Err(error @ (SamplingError::Replaced(_) | SamplingError::ReserveUsedUp)) => {
            return Err(Error::conflict(error));
        }
        Err(error) => return Err(Error::invalid(error)),
    };
    let (organization, units) = (cx.organization(), places(&[by])?);
    sql::add_units(cx.connection(), organization, population, number, &units, 'r').await?;
    let replacement = view.sample.replacements.last().expect("just replaced").clone();
    let replaced = places(replaced.as_slice())?.first().copied().unwrap_or_default();
    happened(cx, &view, SampleEvent::Replaced(replacement), replaced).await
}

/// Loads a sample for a change by a person.
async fn changing(cx: &mut Cx<'_>, population: PopulationKey, number: i64) -> Result<SampleView> {
    cx.authorize(Action::Administer)?;
    if cx.actor.kind == ActorKind::Program {
        return Err(Error::Forbidden("a sample is changed by a person, who answers for it".to_owned()));
    }
    find(cx, population, number).await
}

/// Keeps an event, and returns the sample as it is then.
async fn happened(
    cx: &mut Cx<'_>,
    view: &SampleView,
    event: SampleEvent,
    replaced: i64,
) -> Result<SampleView> {
    let (population, number) = (view.drawn.population, view.drawn.number);
    let word = if replaced > 0 { "population.sample_replaced" } else { "population.sample_extended" };
    let happened = Happened { population, number, at: cx.now, actor: cx.actor.id, event };
    let (salt, commitment) = super::commit(cx.app, "what happened to a sample", &happened)?;
    let organization = cx.organization();
    let event = view.events.len() as i64 + 1;
    sql::add_event(cx.connection(), organization, &happened, event, replaced, salt).await?;
    cx.record(
        LeafKind::AuditEvent,
        &json!({"event": word, "population": population, "sample": number, "record": commitment}),
    )?;
    find(cx, population, number).await
}

/// Returns the samples of a population, oldest first.
///
/// # Errors
/// `NotFound` if there is no such population; otherwise as [`find`].
pub async fn list(view: &mut View<'_>, population: PopulationKey) -> Result<Vec<SampleView>> {
    let population = population::find(view, population).await?;
    let organization = view.organization();
    let drawn = sql::drawn(view.connection(), organization, Some(population.key)).await?;
    if drawn.is_empty() {
        return Ok(Vec::new());
    }
    let (frame, items) = frame(view, &population).await?;
    let mut samples = Vec::with_capacity(drawn.len());
    for (drawn, _) in drawn {
        let events =
            sql::events(view.connection(), organization, Some((population.key, drawn.number))).await?;
        let events = events.into_iter().map(|(happened, _)| happened).collect();
        samples.push(whole(&frame, &items, drawn, events)?);
    }
    Ok(samples)
}

/// Finds a sample.
///
/// # Errors
/// `NotFound` if there is none; `Damaged` if seed and population do not give what is kept.
pub async fn find(view: &mut View<'_>, population: PopulationKey, number: i64) -> Result<SampleView> {
    let all = list(view, population).await?;
    all.into_iter()
        .find(|sample| sample.drawn.number == number)
        .ok_or_else(|| Error::not_found("sample", format!("{number} of population {population}")))
}

/// Draws again, and lets everything happen again.
fn whole(frame: &Frame, items: &[Item], drawn: Drawn, events: Vec<Happened>) -> Result<SampleView> {
    let what = || format!("sample {} of population {}", drawn.number, drawn.population);
    let corrupt = |error: &dyn std::fmt::Display| Error::corrupt(what(), error.to_string());
    let draw = frame.again(&drawn.draw).map_err(|error| corrupt(&error))?;
    let happened = events.iter().map(|happened| &happened.event);
    let sample = Sample::again(draw, drawn.planned_extension, happened).map_err(|error| corrupt(&error))?;
    let at = |place: u64| usize::try_from(place - 1).ok().and_then(|place| items.get(place)).cloned();
    let units = sample.units().into_iter().map(|pick| at(pick.place)).collect::<Option<Vec<Item>>>();
    let units = units.ok_or_else(|| corrupt(&"a unit is not in the population"))?;
    Ok(SampleView { drawn, events, units, sample })
}

/// Returns what is selected from, with the items in the same order.
pub(crate) async fn frame(view: &mut View<'_>, population: &Population) -> Result<(Frame, Vec<Item>)> {
    let key = population.key;
    let frozen = population.frozen.as_ref().ok_or_else(|| {
        Error::conflict(format!("population {key} is not frozen; freeze it before anything is selected"))
    })?;
    let items = population::items(view, key).await?;
    let mut strata = population::strata(view, key).await?;
    let units =
        (1..).zip(&items).map(|(place, item)| Unit { key: item.key.clone(), stratum: strata.remove(&place) });
    let units = units.collect();
    let frame = Frame::new(units).map_err(Error::invalid)?;
    if frame.digest() != frozen.keys {
        return Err(Error::corrupt(format!("population {key}"), "its keys are not those that were frozen"));
    }
    Ok((frame, items))
}

/// The newest sample of a population, as a conclusion needs it.
#[derive(Clone, Debug)]
pub(crate) struct Newest {
    /// As it was drawn.
    pub(crate) drawn: Drawn,
    /// Its units by their places in the list and whether the extension added them, without those that were replaced.
    pub(crate) units: Vec<(i64, bool)>,
}

/// Returns the newest sample of each population as it stands at the moment of looking.
pub(crate) async fn newest(view: &mut View<'_>) -> Result<BTreeMap<PopulationKey, Newest>> {
    let (organization, now) = (view.organization(), view.now);
    let mut newest: BTreeMap<PopulationKey, Newest> = BTreeMap::new();
    for (drawn, _) in sql::drawn(view.connection(), organization, None).await? {
        if drawn.drawn_at <= now {
            newest.insert(drawn.population, Newest { drawn, units: Vec::new() });
        }
    }
    if newest.is_empty() {
        return Ok(newest);
    }
    for unit in sql::units(view.connection(), organization, now).await? {
        if let Some(sample) = newest.get_mut(&unit.population).filter(|one| one.drawn.number == unit.number) {
            sample.units.push((unit.place, unit.is_added));
        }
    }
    Ok(newest)
}

/// Returns what opens the commitments to samples and to what happened to them.
///
/// # Errors
/// If the database refuses, or holds what we never wrote.
pub async fn records(view: &mut View<'_>) -> Result<Vec<Record>> {
    let organization = view.organization();
    let mut records = Vec::new();
    for (drawn, salt) in sql::drawn(view.connection(), organization, None).await? {
        records.push(super::opening("a sample", salt, &drawn)?);
    }
    for (happened, salt) in sql::events(view.connection(), organization, None).await? {
        records.push(super::opening("what happened to a sample", salt, &happened)?);
    }
    Ok(records)
}

/// Returns where units stand in their population, which is how tables name them.
fn places(picks: &[Pick]) -> Result<Vec<i64>> {
    let place =
        |pick: &Pick| i64::try_from(pick.place).map_err(|error| Error::internal("counting items", error));
    picks.iter().map(place).collect()
}

/// Trims a text that people read.
fn text(what: &str, text: &str) -> Result<String> {
    let text = text.trim();
    let is_odd = |c: char| c.is_control() && c != '\n' && c != '\t';
    if text.chars().count() > MAX_TEXT_CHARS || text.chars().any(is_odd) {
        return Err(Error::invalid(format!(
            "the {what} has at most {MAX_TEXT_CHARS} characters and no control characters"
        )));
    }
    Ok(text.to_owned())
}
