//! The sample of a workpaper: how it was drawn, what happened to it since, and the forms for both.

use maud::{Markup, html};
use tickmark_app::engagement::fieldwork::sample::Selecting;
use tickmark_core::control::TEXT_MAX;
use tickmark_core::engagement::fieldwork::{Selected, TestedItem, Workpaper};
use tickmark_core::id::PopulationKey;
use tickmark_core::program::sampling::{Absence, Method, SampleEvent};

use super::super::not_to_choose;
use super::{Known, href, lines};
use crate::control::Names;
use crate::design::form::{Faults, Field, Kind, field, hidden};
use crate::design::{digest, moment};
use crate::error::Refusal;
use crate::form::Sent;

/// Fields of a selection.
pub(super) const SELECTING: [&str; 10] =
    ["version", "population", "method", "size", "seed", "picks", "pick", "reason", "extension", "redrawn"];

/// The field that a word of a refusal of a selection stands for.
pub(super) const ABOUT: [(&str, &str); 14] = [
    ("drawing again", "redrawn"),
    ("drawn from again", "redrawn"),
    ("an extension to", "extension"),
    ("the seed", "seed"),
    ("a seed", "seed"),
    ("needs a reason", "reason"),
    ("items of the list", "picks"),
    ("does not follow", "picks"),
    ("has no item ", "picks"),
    (" names ", "picks"),
    ("outside of", "population"),
    ("has no items", "population"),
    ("unit", "size"),
    ("strat", "method"),
];

/// Items that a person chose: in boxes of a list, and typed one a line.
fn picked(sent: &Sent) -> Vec<String> {
    let mut picks = sent.all("pick");
    picks.extend(lines(&sent.text("picks")));
    let mut seen = std::collections::BTreeSet::new();
    picks.retain(|key| !key.is_empty() && seen.insert(key.clone()));
    picks
}

pub(super) fn read_selecting(sent: &Sent) -> Result<Selecting, Refusal> {
    let extension = sent.text("extension");
    let picks = picked(sent);
    let size = match sent.text("size") {
        text if text.is_empty() => picks.len() as u64,
        text => text.parse().unwrap_or(0),
    };
    Ok(Selecting {
        population: sent.text("population").parse().map(PopulationKey).map_err(|_| Refusal::Malformed)?,
        method: sent.text("method").parse().map_err(|_| Refusal::Malformed)?,
        size,
        seed: Some(sent.text("seed")).filter(|seed| !seed.is_empty()),
        picks,
        reason: sent.text("reason"),
        // What is no number is none that adds anything, and is refused.
        planned_extension: (!extension.is_empty()).then(|| extension.parse().unwrap_or(0)),
        again: sent.text("redrawn"),
    })
}

/// How an item came in after the draw.
pub(super) fn came(event: &SampleEvent) -> Markup {
    match event {
        SampleEvent::Extended { .. } => html! { "Added by the extension" },
        SampleEvent::Replaced(one) => html! { "In place of " (one.key) },
    }
}

/// How the items of a paper were selected, and what happened since.
pub(in crate::engagement::fieldwork) fn told(one: &Workpaper, names: &Names) -> Markup {
    let Some(selected) = &one.selected else { return html! {} };
    html! {
        (drawn(selected))
        @if !selected.changes.is_empty() {
            ol.feed {
                @for change in &selected.changes {
                    li {
                        span { strong { (names.of(change.actor)) } " " (happened(&change.event)) }
                        span.when { (moment::exact(change.at)) }
                        blockquote.said { (reason(&change.event)) }
                        @if let (Some(item), SampleEvent::Replaced(by)) = (&change.replaced, &change.event) { (replaced(item, by.absence)) }
                    }
                }
            }
        }
        @for earlier in &selected.earlier {
            details.act {
                summary { "An earlier draw of " (earlier.draw.picks.len()) " items" }
                (drawn(earlier))
                p.muted { (earlier.draw.picks.iter().map(|pick| pick.key.as_str()).collect::<Vec<_>>().join(", ")) }
            }
        }
    }
}

fn drawn(selected: &Selected) -> Markup {
    html! {
        p.muted { "Selected from population " (selected.population) ": " (selected.draw.picks.len()) " of " (selected.draw.items) ", " (selected.draw.method.word())
            @if let Some(seed) = &selected.draw.seed { ", seed " code { (seed) } } @if let Some(reason) = &selected.draw.reason { ", because " (reason) } "."
            @if let (Some(to), false) = (selected.planned_extension, selected.is_extended()) { " One extension to " (to) " was planned." }
            @if !selected.again.is_empty() { " Drawn again: " (selected.again) @if !selected.again.ends_with('.') { "." } }
            " Anybody can repeat it from the frozen list " (digest::chip(&selected.draw.population))
        }
    }
}

fn happened(event: &SampleEvent) -> Markup {
    match event {
        SampleEvent::Extended { added, .. } => {
            html! { "extended the sample as planned, by " (added.join(", ")) }
        }
        SampleEvent::Replaced(one) => {
            html! { "replaced " (one.key) " by " (one.by) ", the next of the reserve" }
        }
    }
}

fn reason(event: &SampleEvent) -> &str {
    match event {
        SampleEvent::Extended { reason, .. } => reason,
        SampleEvent::Replaced(one) => &one.reason,
    }
}

/// What was replaced, as it stood.
fn replaced(item: &TestedItem, absence: Absence) -> Markup {
    html! {
        p.muted {
            (absence.title()) "."
            @if let Some(at) = item.occurred_at { " " (item.key) " is of " (moment::date(at)) "." }
            @if !item.note.is_empty() { " Noted: " (item.note) }
            @if absence == Absence::NotApplicable { " Check whether the list should have had it: its filter may be wrong." }
        }
    }
}

/// What can be done with a sample that was drawn: an item replaced, the planned extension, another draw.
pub(super) fn going_on(
    known: &Known,
    path: &str,
    token: &str,
    version: &Markup,
    given: (&Sent, &Faults),
) -> Markup {
    let (sent, faults) = given;
    let one = &known.row.record;
    let Some(selected) = &one.selected else { return html! {} };
    html! {
        @if let (Some(to), false, true) = (selected.planned_extension, selected.is_extended(), one.deviations() > 0) {
            details.act open[!sent.text("isolated").is_empty() || faults.of("isolated").is_some()] {
                summary { "Extend the sample to " (to) }
                form method="post" action={ (path) "/extend" } {
                    (hidden("form", token)) (version)
                    (field(&Field { name: "isolated", label: "Why the deviation is believed to be isolated", kind: Kind::Area(2), value: &sent.text("isolated"), fault: faults.of("isolated"), max: TEXT_MAX, hint: "Once, to the size that was planned, by the next of the same order. A sample that is extended until it passes shows nothing.", ..Field::default() }))
                    p.row { button.button type="submit" { "Extend the sample" } }
                }
            }
        }
        @if selected.draw.seed.is_some() && one.items.iter().any(|item| !item.deviates()) { (replacing(one, path, token, version, given)) }
        @if !one.has_results() && one.exceptions.is_empty() {
            details.act open[!sent.text("population").is_empty()] { summary { "Draw again" } (selecting(known, path, token, version, given)) }
        }
    }
}

fn replacing(
    one: &Workpaper,
    path: &str,
    token: &str,
    version: &Markup,
    (sent, faults): (&Sent, &Faults),
) -> Markup {
    let items: Vec<(String, String)> = one
        .items
        .iter()
        .filter(|item| !item.deviates())
        .map(|item| (item.key.clone(), item.key.clone()))
        .collect();
    let absences =
        [Absence::Void, Absence::NotApplicable].map(|one| (one.word().to_owned(), one.title().to_owned()));
    html! {
        details.act open[!sent.text("replaced").is_empty()] {
            summary { "Replace an item" }
            form method="post" action={ (path) "/replace" } {
                (hidden("form", token)) (version)
                (field(&Field { name: "replaced", label: "Item", kind: Kind::Select(&items), value: &sent.text("replaced"), fault: faults.of("replaced"), ..Field::default() }))
                (field(&Field { name: "absence", label: "What it is", kind: Kind::Select(&absences), value: &sent.text("absence"), hint: "What cannot be found, or has nothing that shows the control, is a deviation: record it as not met.", ..Field::default() }))
                (field(&Field { name: "why", label: "How you know", kind: Kind::Area(2), value: &sent.text("why"), fault: faults.of("why"), max: TEXT_MAX, hint: "It stays in the paper with the item. The next of the reserve takes its place.", ..Field::default() }))
                p.row { button.button type="submit" { "Replace the item" } }
            }
        }
    }
}

pub(super) fn selecting(
    known: &Known,
    path: &str,
    token: &str,
    version: &Markup,
    (sent, faults): (&Sent, &Faults),
) -> Markup {
    let (fit, unfit) = known.by_time();
    let populations: Vec<(String, String)> = fit
        .iter()
        .map(|one| {
            let items = one.frozen.as_ref().map_or(one.items, |frozen| frozen.items);
            let ([from, to], definition) = (one.days(), &one.definition);
            let words = format!(
                "{}: {} ({}, {items} items, {from} to {to})",
                one.key, definition.title, definition.control
            );
            (one.key.to_string(), words)
        })
        .collect();
    let methods: Vec<(String, String)> = Method::ALL
        .into_iter()
        .map(|method| {
            let words = match method {
                Method::Stratified => format!("{} (by the parts of the list)", method.word()),
                method if method.is_judgment() => format!("{} (by judgment)", method.word()),
                method => method.word().to_owned(),
            };
            (method.word().to_owned(), words)
        })
        .collect();
    let (number, chosen) = (known.row.record.number, picked(sent).join("\n"));
    let list =
        |key: PopulationKey| format!("{}/evidence/populations/{key}?paper={number}", href(known.record.key));
    // Items are chosen in the list of the control; other lists are found under Evidence.
    let own: Vec<_> =
        fit.iter().filter(|one| one.definition.control == known.row.record.plan.control).collect();
    html! {
        (not_to_choose(&unfit, &known.record, |key| format!("{}/evidence/populations/{key}", href(known.record.key))))
        @if populations.is_empty() && !known.record.holds().time.is_period() {
            p.muted { "A report as of one date draws from no population: name what you looked at." }
        } @else if populations.is_empty() {
            div.empty { h3 { "No frozen population is in sight" } p { "Ask management for one: a request of the kind population. It says where the list comes from, and is frozen before anything is selected." } }
        } @else {
            form.card method="post" action={ (path) "/select" } {
                (hidden("form", token)) (version)
                (field(&Field { name: "population", label: "Population", kind: Kind::Select(&populations), value: &sent.text("population"), fault: faults.of("population"), ..Field::default() }))
                div.fields {
                    (field(&Field { name: "method", label: "Method", kind: Kind::Select(&methods), value: &sent.text("method"), fault: faults.of("method"), ..Field::default() }))
                    (field(&Field { name: "size", label: "How many", kind: Kind::Input("number"), value: &sent.text("size"), fault: faults.of("size"), optional: true, hint: "Yours to decide. For a choice by judgment, as many as are chosen.", ..Field::default() }))
                    (field(&Field { name: "extension", label: "Extension planned, to", kind: Kind::Input("number"), value: &sent.text("extension"), fault: faults.of("extension"), optional: true, hint: "The size after one extension, written down before anything is tested.", ..Field::default() }))
                }
                (field(&Field { name: "seed", label: "Seed", value: &sent.text("seed"), fault: faults.of("seed"), optional: true, hint: "Agreed after the list was frozen; random bytes when left out.", ..Field::default() }))
                (field(&Field { name: "picks", label: "Items chosen by judgment, one a line", kind: Kind::Area(2), value: &chosen, max: TEXT_MAX, optional: true, fault: faults.of("picks"), ..Field::default() }))
                @if !own.is_empty() { p.muted { "Or choose them in the list: " @for (place, one) in own.iter().enumerate() { @if place > 0 { ", " } a href=(list(one.key)) { (one.definition.title) } } "." } }
                (field(&Field { name: "reason", label: "Why these", value: &sent.text("reason"), fault: faults.of("reason"), optional: true, max: 1_000, hint: "For a choice by judgment.", ..Field::default() }))
                (field(&Field { name: "redrawn", label: "Why it is drawn again", value: &sent.text("redrawn"), fault: faults.of("redrawn"), optional: true, max: 1_000, hint: "Needed where this population was drawn from before. In one paper somebody else draws again, and the first draw stays in sight.", ..Field::default() }))
                p.row { button.button.primary type="submit" { "Select items" } }
            }
        }
    }
}
