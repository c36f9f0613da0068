//! Population: were all attributes met for every item the trigger produced?

use super::cells::Counted;
use super::{
    Conclusion, Deviation, DeviationKind, Spans, State, Subject, Tally, TestKind, Unseen, Why, adjoin,
};
use crate::control::ControlId;
use crate::program::population::{AttributeState, Item, ItemOutcome, Population};
use crate::{Span, Timestamp};

/// A population with its items.
#[derive(Clone, Copy, Debug)]
pub struct Listed<'a> {
    /// The population.
    pub population: &'a Population,
    /// Its items, in any order.
    pub items: &'a [Item],
}

/// Concludes on all items that occurred in a period. Every item was looked at or is unseen; nothing is projected from
/// some to all.
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
    for list in lists.iter().filter(|list| list.population.frozen.is_some()) {
        for item in list.items.iter().filter(|item| tested.contains(item.occurred_at)) {
            let subject = Subject::Item { population: list.population.key, key: item.key.clone() };
            match item.outcome() {
                ItemOutcome::Conforming => {}
                ItemOutcome::NotTested => unseen.push(Unseen {
                    subject: Some(subject.clone()),
                    why: Why::NotTested,
                    from: item.occurred_at,
                    to: item.occurred_at,
                }),
                ItemOutcome::Deviating => {
                    conclusion.deviations.insert(deviation(list.population, item, subject.clone()));
                }
            }
            conclusion.subjects.insert(subject);
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
    for list in lists.iter().filter(|list| list.population.frozen.is_some()) {
        for item in list.items.iter().filter(|item| tested.contains(item.occurred_at)) {
            let state = match item.outcome() {
                ItemOutcome::Conforming => State::Operating,
                ItemOutcome::NotTested => State::Unknown,
                ItemOutcome::Deviating => State::Deviation,
            };
            tally.add_moment(state, item.occurred_at);
        }
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

fn deviation(population: &Population, item: &Item, subject: Subject) -> Deviation {
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
        subject,
        kind: DeviationKind::Attribute,
        last_seen_good: None,
        good_again: None,
        waivers: Vec::new(),
        note,
    }
}
