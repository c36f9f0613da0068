//! What was found: exceptions with what management says about them, and the conclusion.

use std::collections::BTreeSet;

use maud::{Markup, html};
use tickmark_app::engagement::fieldwork::span;
use tickmark_core::Span;
use tickmark_core::control::TEXT_MAX;
use tickmark_core::engagement::fieldwork::{Cause, Exception, Outcome, ZeroShown};

use super::super::not_to_choose;
use super::{Known, has_results, href};
use crate::design::form::{Faults, Field, Kind, fault_id, fault_of, field, hidden};
use crate::design::{moment, plural};
use crate::form::Sent;
use crate::visit::Asked;

pub(super) fn exceptions(
    known: &Known,
    path: &str,
    asked: &Asked,
    (sent, faults): (&Sent, &Faults),
    may_write: bool,
) -> Markup {
    let one = &known.row.record;
    let deviating: Vec<(String, String)> = one
        .items
        .iter()
        .filter(|item| item.deviates())
        .map(|item| (item.key.clone(), item.key.clone()))
        .collect();
    let causes: Vec<(String, String)> =
        Cause::ALL.iter().map(|cause| (cause.word().to_owned(), cause.title().to_owned())).collect();
    let place = if has_results(&known.record) {
        "As it will stand in Section IV, behind the words \u{201c}for so many of so many items tested,\u{201d}."
    } else {
        "As management reads it."
    };
    let named: BTreeSet<&String> = one.exceptions.iter().flat_map(|one| &one.items).collect();
    let open: Vec<String> =
        deviating.iter().map(|(key, _)| key).filter(|key| !named.contains(key)).cloned().collect();
    // What was sent and refused stands in its form again.
    let is_sent = |number: Option<u32>| {
        let of = number.map(|number| number.to_string()).unwrap_or_default();
        !sent.text("cause").is_empty() && sent.text("number") == of
    };
    let excepting = |number: Option<u32>, held: Excepted| {
        let is_it = is_sent(number);
        let Excepted { nature, cause, effect, chosen } = if is_it { Excepted::of(sent) } else { held };
        let fault = |name| faults.of(name).filter(|_| is_it);
        let id = |name: &str| number.map_or_else(|| name.to_owned(), |number| format!("{name}-{number}"));
        html! {
            form.card method="post" action={ (path) "/except" } {
                (hidden("form", &asked.token)) (hidden("version", &known.row.version.to_string()))
                @if let Some(number) = number { (hidden("number", &number.to_string())) }
                fieldset.field aria-describedby=[fault("item").map(|_| fault_id(&id("item")))] { legend { "Items" } div.choices { @for (value, words) in &deviating { label.choice { input type="checkbox" name="item" value=(value) checked[chosen.contains(value)]; span { (words) } } } } (fault_of(&id("item"), fault("item"))) }
                (field(&Field { name: "nature", id: &id("nature"), label: "What happened", kind: Kind::Area(3), value: &nature, max: TEXT_MAX, fault: fault("nature"), hint: place, ..Field::default() }))
                (field(&Field { name: "cause", id: &id("cause"), label: "Cause", kind: Kind::Select(&causes), value: cause.word(), ..Field::default() }))
                (field(&Field { name: "effect", id: &id("effect"), label: "Cause and effect in words", kind: Kind::Area(2), value: &effect, max: TEXT_MAX, optional: true, fault: fault("effect"), hint: "Whether a wrong outcome occurred, and whether others are affected.", ..Field::default() }))
                p.row { button.button type="submit" { @if number.is_some() { "Save" } @else { "Note the exception" } } }
            }
        }
    };
    html! {
        @if one.exceptions.is_empty() { p.muted { @if deviating.is_empty() { "No item deviates." } @else { (open.len()) " deviating " (plural(open.len(), "item waits", "items wait")) " to be explained." } } }
        @for exception in &one.exceptions {
            (exception_card(known, exception.number))
            @if may_write { details.act open[is_sent(Some(exception.number))] { summary { "Change exception " (exception.number) } (excepting(Some(exception.number), Excepted::held(exception))) } }
        }
        @if may_write && !open.is_empty() {
            (excepting(None, Excepted::new(&open)))
        }
    }
}

/// What stands in the fields of an exception.
struct Excepted {
    nature: String,
    cause: Cause,
    effect: String,
    chosen: BTreeSet<String>,
}

impl Excepted {
    fn new(open: &[String]) -> Self {
        Self {
            nature: String::new(),
            cause: Cause::Unknown,
            effect: String::new(),
            chosen: open.iter().cloned().collect(),
        }
    }

    fn held(exception: &Exception) -> Self {
        Self {
            nature: exception.nature.clone(),
            cause: exception.cause,
            effect: exception.effect.clone(),
            chosen: exception.items.clone(),
        }
    }

    fn of(sent: &Sent) -> Self {
        Self {
            nature: sent.text("nature"),
            cause: Cause::from_word(&sent.text("cause")).unwrap_or(Cause::Unknown),
            effect: sent.text("effect"),
            chosen: sent.all("item").into_iter().collect(),
        }
    }
}

/// An exception with what management says about it.
pub(in crate::engagement::fieldwork) fn exception_card(known: &Known, number: u32) -> Markup {
    let found = known.row.record.exceptions.iter().find(|one| one.number == number);
    let response = known.responses.iter().find(|one| one.record.exception == number);
    html! {
        @if let Some(exception) = found {
            dl.facts {
                dt { "Exception " (exception.number) } dd { strong { (exception.nature) } span.sub { (exception.items.iter().map(String::as_str).collect::<Vec<_>>().join(", ")) } }
                dt { "Cause" } dd { (exception.cause.title()) @if !exception.effect.is_empty() { span.sub { (exception.effect) } } }
                dt { "Management" } dd {
                    @match response {
                        Some(row) => { span.lines { (row.record.response) } @if !row.record.action.is_empty() { span.sub { "Done or planned: " (row.record.action.trim_end_matches('.')) @if let Some(day) = row.record.due { ", by " (moment::on(day)) } } } span.sub { (known.names.of(row.by)) ", " (moment::exact(row.since)) } }
                        None => span.muted { "No answer yet" }
                    }
                }
            }
        }
    }
}

pub(super) fn conclusion(
    known: &Known,
    path: &str,
    asked: &Asked,
    (sent, faults): (&Sent, &Faults),
    may_write: bool,
) -> Markup {
    let (row, one) = (&known.row, &known.row.record);
    // A report as of one date has no period in which nothing could have occurred.
    let is_period = known.record.holds().time.is_period();
    let outcomes: Vec<(String, String)> = Outcome::ALL
        .iter()
        .filter(|one| is_period || **one != Outcome::NoOccurrences)
        .map(|one| (one.word().to_owned(), one.title().to_owned()))
        .collect();
    let typed = sent.text("outcome");
    // Nothing is chosen beforehand: what follows is the auditor's to say.
    let held = one.conclusion.as_ref().map_or("", |held| held.outcome.word());
    let text = if sent.text("text").is_empty() {
        one.conclusion.as_ref().map_or(String::new(), |held| held.text.clone())
    } else {
        sent.text("text")
    };
    let mut options = vec![(String::new(), "Choose".to_owned())];
    options.extend(outcomes);
    let zero = one.conclusion.as_ref().and_then(|held| held.zero);
    let Span { from, to } = span(known.record.holds());
    let (mut empty, mut unfit) = (Vec::new(), Vec::new());
    for list in &known.populations {
        let is_empty = list.frozen.as_ref().is_some_and(|frozen| frozen.items == 0);
        if !is_empty || list.definition.control != one.plan.control {
            continue;
        }
        match ZeroShown::of(list, &one.plan.control, (from, to.unwrap_or(from))) {
            Ok(_) => empty.push(list),
            Err(error) => unfit.push((list, error.to_string())),
        }
    }
    let mut lists = vec![(String::new(), "None".to_owned())];
    lists.extend(empty.iter().map(|list| (list.key.to_string(), list.definition.title.clone())));
    let chosen = zero.map(|zero| zero.population.to_string()).unwrap_or_default();
    let chosen = if sent.text("zero").is_empty() { chosen } else { sent.text("zero") };
    html! {
        @if let Some(zero) = zero { p { span.muted { "Shown by population " (zero.population) ", frozen without items, from " (moment::date(zero.from)) " to " (moment::date(zero.to.plus_micros(-1))) } } }
        @if let Some(result) = one.result() { p { span.muted { @if has_results(&known.record) { "In Section IV: " } @else { "As management reads it: " } } span.lines { (result) } } }
        @if may_write {
            form.card method="post" action={ (path) "/conclude" } {
                (hidden("form", &asked.token)) (hidden("version", &row.version.to_string()))
                (field(&Field { name: "outcome", label: "Result", kind: Kind::Select(&options), value: if typed.is_empty() { held } else { &typed }, fault: faults.of("outcome"), ..Field::default() }))
                @if is_period { (field(&Field { name: "zero", label: "What shows that there were no occurrences", kind: Kind::Select(&lists), value: &chosen, optional: true, fault: faults.of("zero"), hint: "A population of the control that was frozen without items, with evidence of zero, over the whole period. Only for that result.", ..Field::default() })) }
                (not_to_choose(&unfit, &known.record, |key| format!("{}/evidence/populations/{key}", href(known.record.key))))
                (field(&Field { name: "text", label: "Conclusion", kind: Kind::Area(3), value: &text, max: TEXT_MAX, fault: faults.of("text"), ..Field::default() }))
                p.row { button.button type="submit" { "Save the conclusion" } }
            }
        } @else if let Some(held) = &one.conclusion { p { strong { (held.outcome.title()) } " " (held.text) } }
        @else { p.muted { "Nobody concluded yet." } }
    }
}
