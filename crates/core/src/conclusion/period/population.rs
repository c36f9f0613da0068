//! Population: were all attributes met for every item the trigger produced?

use super::cells::Counted;
use super::{
    Conclusion, Deviation, DeviationKind, ItemCounts, SampleResult, Spans, State, Subject, Tally, TestKind,
    Unseen, Why, adjoin,
};
use crate::control::ControlId;
use crate::program::population::{AttributeState, Item, ItemOutcome, Population};
use crate::{Span, Timestamp};

/// What was found about the items of a population. Of most of them nothing matters but that they are in order: of a
/// million deployments a few deviate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// When the items occurred whose attributes are all met, in any order.
    pub conforming: Vec<Timestamp>,
    /// When the items occurred of which not all attributes were looked at, and none was found short.
    pub not_tested: Vec<Timestamp>,
    /// When the items occurred that nobody looked at because they are not in the sample, which speaks for them.
    pub unsampled: Vec<Timestamp>,
    /// What the newest sample says, if one was drawn.
    pub sample: Option<SampleResult>,
    /// Items with an attribute that is not met.
    pub deviating: Vec<Item>,
}

impl Found {
    /// Sorts items by what was found about them.
    #[must_use]
    pub fn of(items: &[Item]) -> Self {
        let mut found = Self::default();
        for item in items {
            match item.outcome() {
                ItemOutcome::Conforming => found.conforming.push(item.occurred_at),
                ItemOutcome::NotTested => found.not_tested.push(item.occurred_at),
                ItemOutcome::Deviating => found.deviating.push(item.clone()),
            }
        }
        found
    }
}

/// A population with what was found about its items.
#[derive(Clone, Copy, Debug)]
pub struct Listed<'a> {
    /// The population.
    pub population: &'a Population,
    /// What was found.
    pub found: &'a Found,
}

/// Concludes on all items that occurred in a period. Where no sample was drawn every item was looked at or is unseen;
/// nothing is projected from some to all. Where one was, it speaks for the items that were not selected, as soon as all its
/// units are tested and as far as it supports reliance.
///
/// `in_force` holds the moments at which the control was in force.
#[must_use]
pub fn conclude_population(
    control: &ControlId,
    test: &str,
    asked: Span,
    in_force: &Spans,
    lists: &[Listed<'_>],
    now: Timestamp,
) -> Conclusion {
    let span = Spans::of_span(asked, now);
    let tested = span.intersect(in_force).intersect(&Spans::one(asked.from, now));
    let mut conclusion = Conclusion::empty(control.clone(), TestKind::Population, test, span);
    let mut unseen = Vec::new();
    let (frozen, open) = covered(lists);
    for (from, to) in tested.minus(&frozen).intersect(&open).iter() {
        unseen.push(Unseen { subject: None, why: Why::NotFrozen, from, to });
    }
    for (from, to) in tested.minus(&frozen).minus(&open).iter() {
        unseen.push(Unseen { subject: None, why: Why::NoPopulation, from, to });
    }
    for Listed { population, found } in lists.iter().filter(|list| list.population.frozen.is_some()) {
        let count = |moments: &[Timestamp]| moments.iter().filter(|at| tested.contains(**at)).count();
        let deviating = found.deviating.iter().filter(|item| tested.contains(item.occurred_at));
        conclusion.deviations.extend(deviating.clone().map(|item| deviation(population, item)));
        let (not_tested, unsampled) = (count(&found.not_tested), count(&found.unsampled));
        let occurred = not_tested + unsampled + count(&found.conforming) + deviating.count();
        if occurred > 0 {
            conclusion.items.insert(population.key, ItemCounts { occurred, not_tested, unsampled });
            conclusion.samples.extend(found.sample.clone().map(|sample| (population.key, sample)));
        }
    }
    conclusion.unseen = adjoin(unseen);
    conclusion.tested = tested;
    conclusion
}

/// Counts items in each cell of a board. Time that a frozen list covers without items is without a subject; time that
/// none covers is unknown.
pub fn tally_population(
    tally: &mut Tally,
    asked: Span,
    in_force: &Spans,
    lists: &[Listed<'_>],
    now: Timestamp,
) {
    let tested = Spans::of_span(asked, now).intersect(in_force).intersect(&Spans::one(asked.from, now));
    let (frozen, _) = covered(lists);
    let mut whole = Counted::default();
    for (from, to) in tested.minus(&frozen).iter() {
        tally.add(&mut whole, State::Unknown, from, to);
    }
    for (from, to) in tested.intersect(&frozen).iter() {
        tally.add(&mut whole, State::NotApplicable, from, to);
    }
    for Listed { found, .. } in lists.iter().filter(|list| list.population.frozen.is_some()) {
        let mut add = |state: State, moments: &mut dyn Iterator<Item = Timestamp>| {
            moments.filter(|at| tested.contains(*at)).for_each(|at| tally.add_moment(state, at));
        };
        add(State::Operating, &mut found.conforming.iter().copied());
        add(State::Unknown, &mut found.not_tested.iter().copied());
        let is_supported = found.sample.as_ref().is_some_and(SampleResult::supports);
        let unsampled = if is_supported { State::Operating } else { State::Unknown };
        add(unsampled, &mut found.unsampled.iter().copied());
        add(State::Deviation, &mut found.deviating.iter().map(|item| item.occurred_at));
    }
}

/// Returns the time that frozen lists cover, and the time that lists cover which can still change.
fn covered(lists: &[Listed<'_>]) -> (Spans, Spans) {
    let of = |is_frozen: bool| {
        let chosen = lists.iter().filter(move |list| list.population.frozen.is_some() == is_frozen);
        Spans::of(chosen.map(|list| (list.population.definition.from, list.population.definition.to)))
    };
    (of(true), of(false))
}

fn deviation(population: &Population, item: &Item) -> Deviation {
    let unmet = population
        .definition
        .attributes
        .iter()
        .zip(&item.states)
        .filter(|(_, state)| **state == AttributeState::NotMet)
        .map(
            |(attribute, _)| {
                if attribute.deviation.is_empty() { &attribute.id } else { &attribute.deviation }
            },
        );
    let mut note = unmet.map(String::as_str).collect::<Vec<_>>().join("; ");
    if !item.note.is_empty() {
        note = format!("{note}: {}", item.note);
    }
    Deviation {
        first_seen_bad: item.occurred_at,
        subject: Subject::Item { population: population.key, key: item.key.clone() },
        kind: DeviationKind::Attribute,
        last_seen_good: None,
        good_again: None,
        waivers: Vec::new(),
        note,
    }
}
