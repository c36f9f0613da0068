//! The items of a workpaper with what was found.

use maud::{Markup, html};
use tickmark_core::control::TEXT_MAX;
use tickmark_core::engagement::fieldwork::{TestedItem, Workpaper};
use tickmark_core::program::population::AttributeState;

use super::{Known, sample};
use crate::design::badge::badge;
use crate::design::form::{Faults, Field, Kind, field, hidden};
use crate::design::icon::Mark;
use crate::design::moment;
use crate::design::table;
use crate::error::Refusal;
use crate::form::Sent;
use crate::visit::Asked;

/// Items whose results stand in one form; more are recorded in several.
const ITEMS_SHOWN: usize = 200;

pub(super) fn items(
    known: &Known,
    path: &str,
    asked: &Asked,
    given: (&Sent, &Faults),
    may_write: bool,
) -> Markup {
    let (sent, faults) = given;
    let (row, one) = (&known.row, &known.row.record);
    let version = hidden("version", &row.version.to_string());
    html! {
        (sample::told(one, &known.names))
        @if one.items.is_empty() && !may_write { p.muted { "Nothing was selected." } }
        @else if !may_write { (results(one)) }
        @else if !one.items.is_empty() { (recording(one, path, &asked.token, &version, sent)) }
        @if may_write && one.items.is_empty() { (sample::selecting(known, path, &asked.token, &version, given)) }
        @if may_write { (sample::going_on(known, path, &asked.token, &version, given)) }
        @if may_write && one.selected.is_none() {
            details.act open[(one.items.is_empty() && known.populations.is_empty()) || !sent.text("items").is_empty()] {
                summary { "Name items by hand" }
                form method="post" action={ (path) "/items" } {
                    (hidden("form", &asked.token)) (version)
                    (field(&Field { name: "items", id: "items-named", label: "Items, one a line", kind: Kind::Area(4), value: &sent.text("items"), fault: faults.of("items"), max: TEXT_MAX, hint: "Instances of a yearly or quarterly control, a configuration: whatever is not selected from a list.", ..Field::default() }))
                    p.row { button.button type="submit" { "Add" } }
                }
            }
        }
    }
}

/// An item in a table, with how it came in.
fn named(one: &Workpaper, item: &TestedItem) -> Markup {
    html! {
        strong { (item.key) }
        @if let Some(at) = item.occurred_at { span.sub { (moment::date(at)) } }
        @if let Some(event) = one.selected.as_ref().and_then(|held| held.came_by(&item.key)) { span.sub { (sample::came(event)) } }
    }
}

fn state_mark(state: AttributeState) -> Markup {
    match state {
        AttributeState::Met => badge(Mark::Pass, "Met"),
        AttributeState::NotMet => badge(Mark::Fail, "Not met"),
        AttributeState::NotTested => badge(Mark::NotYetDue, "Not tested"),
    }
}

/// The table of items with what was found, to look at.
pub(in crate::engagement::fieldwork) fn results(one: &Workpaper) -> Markup {
    let heads: Vec<&str> = std::iter::once("Item")
        .chain(one.plan.attributes.iter().map(|attribute| attribute.id.as_str()))
        .chain(["Note"])
        .collect();
    let rows = one.items.iter().map(|item| {
        let mut cells = vec![named(one, item)];
        cells.extend(item.states.iter().map(|state| state_mark(*state)));
        cells.push(html! { (item.note) });
        cells
    });
    table::items("Items and results", &heads, rows.collect())
}

fn letters() -> Vec<(String, String)> {
    [
        (AttributeState::NotTested, "not tested"),
        (AttributeState::Met, "met"),
        (AttributeState::NotMet, "not met"),
    ]
    .map(|(state, words)| (state.letter().to_string(), words.to_owned()))
    .to_vec()
}

fn recording(one: &Workpaper, path: &str, token: &str, version: &Markup, sent: &Sent) -> Markup {
    let options = letters();
    let typed = |name: &str, held: String| if sent.text(name).is_empty() { held } else { sent.text(name) };
    let heads: Vec<&str> = std::iter::once("Item")
        .chain(one.plan.attributes.iter().map(|attribute| attribute.id.as_str()))
        .chain(["Note"])
        .collect();
    let rows = one.items.iter().enumerate().take(ITEMS_SHOWN).map(|(place, item)| {
        let mut cells = vec![named(one, item)];
        for (at, (state, attribute)) in item.states.iter().zip(&one.plan.attributes).enumerate() {
            let name = format!("state-{place}-{at}");
            let held = typed(&name, state.letter().to_string());
            cells.push(html! {
                select name=(name) aria-label={ (item.key) ", " (attribute.id) } { @for (value, words) in &options { option value=(value) selected[*value == held] { (words) } } }
            });
        }
        let name = format!("note-{place}");
        let held = typed(&name, item.note.clone());
        cells.push(html! { input name=(name) type="text" value=(held) maxlength="2000" aria-label={ "Note on " (item.key) }; });
        cells
    });
    html! {
        form method="post" action={ (path) "/results" } {
            (hidden("form", token)) (version)
            (table::items("Items and results", &heads, rows.collect()))
            @if one.items.len() > ITEMS_SHOWN { p.muted { "The first " (ITEMS_SHOWN) " items stand here." } }
            p.row { button.button.primary type="submit" { "Save results" } }
        }
    }
}

/// The results of a form, by the places of the items.
pub(super) fn read_results(
    sent: &Sent,
    one: &Workpaper,
) -> Result<Vec<(String, Vec<AttributeState>, String)>, Refusal> {
    let mut results = Vec::new();
    for (place, item) in one.items.iter().enumerate().take(ITEMS_SHOWN) {
        let mut states = Vec::new();
        for (at, held) in item.states.iter().enumerate() {
            let text = sent.text(&format!("state-{place}-{at}"));
            let state = match text.chars().next() {
                Some(letter) => AttributeState::of_letter(letter).ok_or(Refusal::Malformed)?,
                None => *held,
            };
            states.push(state);
        }
        results.push((item.key.clone(), states, sent.text(&format!("note-{place}"))));
    }
    Ok(results)
}
