//! Items of a population, page by page, and recording what testing found about them.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use tickmark_app::program::population::{self, ItemResult};
use tickmark_app::program::sampling;
use tickmark_app::{Result as Outcome, View};
use tickmark_core::id::PopulationKey;
use tickmark_core::program::population::{Amount, AttributeState, Item, ItemOutcome, Population};

use super::{href, key, wrong};
use crate::WebState;
use crate::design::badge::badge;
use crate::design::form::{Faults, hidden};
use crate::design::frame::{Page, Place};
use crate::design::icon::Mark;
use crate::design::moment;
use crate::design::table::items as items_table;
use crate::error::Refusal;
use crate::form::Sent;
use crate::identity::go;
use crate::visit::Asked;

/// Items of one page.
const ITEMS: u32 = 50;
/// Longest note in a form.
const NOTE_CHARS: usize = 2_000;

/// The word of an outcome in an address.
pub(super) fn word(outcome: ItemOutcome) -> &'static str {
    match outcome {
        ItemOutcome::Conforming => "conforming",
        ItemOutcome::NotTested => "not_tested",
        ItemOutcome::Deviating => "deviating",
    }
}

/// The place after which items are shown, as the address says.
pub(crate) fn place(asked: &Asked) -> i64 {
    asked.query.get("after").and_then(|text| text.parse().ok()).filter(|place| *place >= 0).unwrap_or(0)
}

/// Items of one page with what only some have.
pub(crate) struct Part {
    /// Whether what testing found is shown.
    has_results: bool,
    after: i64,
    items: Vec<Item>,
    more: BTreeMap<i64, (Option<String>, Option<Amount>)>,
}

impl Part {
    /// Reads those after a place.
    pub(crate) async fn read(view: &mut View<'_>, key: PopulationKey, after: i64) -> Outcome<Self> {
        Ok(Self {
            has_results: true,
            after,
            items: population::items_after(view, key, after, ITEMS).await?,
            more: population::parts_after(view, key, after, ITEMS).await?,
        })
    }

    /// The items alone: who tests for an opinion finds out for themselves.
    pub(crate) fn without_results(self) -> Self {
        Self { has_results: false, ..self }
    }

    /// Draws them, each behind a cell of `first` if that says something.
    pub(crate) fn rows(
        &self,
        one: &Population,
        mut first: impl FnMut(&Item) -> Option<Markup>,
        head: Option<&str>,
    ) -> Markup {
        let has = |of: fn(&(Option<String>, Option<Amount>)) -> bool| self.more.values().any(of);
        let (has_parts, has_amounts) = (has(|more| more.0.is_some()), has(|more| more.1.is_some()));
        let mut heads: Vec<&str> = head.into_iter().collect();
        heads.extend(["Item", "Occurred"]);
        if has_parts {
            heads.push("Part");
        }
        if has_amounts {
            heads.push("Amount");
        }
        if self.has_results {
            heads.extend(one.definition.attributes.iter().map(|attribute| attribute.id.as_str()));
            heads.push("Note");
        }
        let rows = (self.after + 1..).zip(&self.items).map(|(place, item)| {
            let mut cells: Vec<Markup> = first(item).into_iter().collect();
            cells.push(html! { strong.mono { (item.key) } });
            cells.push(moment::exact(item.occurred_at));
            let more = self.more.get(&place);
            if has_parts {
                cells.push(html! { @if let Some((Some(part), _)) = more { (part) } });
            }
            if has_amounts {
                cells.push(html! { span.num { @if let Some((_, Some(amount))) = more { (amount) } } });
            }
            if self.has_results {
                cells.extend(item.states.iter().map(|state| mark(*state)));
                cells.push(html! { (item.note) });
            }
            cells
        });
        items_table("Items", &heads, rows.collect())
    }

    pub(super) fn table(&self, one: &Population) -> Markup {
        self.rows(one, |_| None, None)
    }

    /// Links to the pages before and after; `kept` is the rest of the query.
    pub(crate) fn pager(&self, path: &str, kept: &str, one: &Population, anchor: &str) -> Markup {
        let size = i64::from(ITEMS);
        let last = self.after + i64::try_from(self.items.len()).unwrap_or(0);
        let total = i64::try_from(one.items).unwrap_or(i64::MAX);
        let to = |after: i64| format!("{path}?{kept}after={after}#{anchor}");
        html! {
            p.row {
                span.muted { (self.after + 1) " to " (last) " of " (total) }
                @if self.after > 0 { a.button href=(to((self.after - size).max(0))) { "Before" } }
                @if last < total { a.button href=(to(last)) { "After" } }
            }
        }
    }
}

fn mark(state: AttributeState) -> Markup {
    match state {
        AttributeState::Met => badge(Mark::Pass, "Met"),
        AttributeState::NotMet => badge(Mark::Fail, "Not met"),
        AttributeState::NotTested => badge(Mark::NotYetDue, "Not tested"),
    }
}

/// Which items results are recorded for.
struct Choice {
    one: Population,
    items: Vec<Item>,
    /// The sample whose units they are.
    sample: Option<i64>,
    /// Whether those that deviate are shown.
    deviating: bool,
    after: i64,
}

async fn choice(state: &WebState, asked: &Asked, key: PopulationKey) -> Result<Choice, Refusal> {
    let (app, actor) = asked.member(state)?;
    let sample: Option<i64> = asked.query.get("sample").and_then(|text| text.parse().ok());
    let deviating = asked.query.get("show") == Some(word(ItemOutcome::Deviating));
    let after = place(asked);
    let choice = app
        .read(actor, async |view| {
            let one = population::find(view, key).await?;
            let all = match sample {
                Some(number) => Some(sampling::find(view, key, number).await?.units),
                None if deviating => Some(population::found(view, key).await?.deviating),
                None => None,
            };
            let items = match all {
                Some(all) => {
                    let from = usize::try_from(after).unwrap_or(usize::MAX);
                    all.into_iter().skip(from).take(ITEMS as usize).collect()
                }
                None => population::items_after(view, key, after, ITEMS).await?,
            };
            Ok(Choice { one, items, sample, deviating, after })
        })
        .await?;
    Ok(choice)
}

impl Choice {
    fn query(&self) -> String {
        match (self.sample, self.deviating) {
            (Some(sample), _) => format!("sample={sample}&"),
            (None, true) => format!("show={}&", word(ItemOutcome::Deviating)),
            (None, false) => String::new(),
        }
    }

    fn back(&self) -> String {
        let path = href(self.one.key);
        self.sample.map_or_else(|| path.clone(), |sample| format!("{path}/samples/{sample}"))
    }
}

pub(super) async fn page(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let choice = choice(&state, &asked, key(&at)?).await?;
    asked.frame(&state, &draw(&choice, &asked.token, &Sent::default(), &Faults::default())).await
}

fn options(held: &str) -> Markup {
    let words = [
        (AttributeState::NotTested, "not tested"),
        (AttributeState::Met, "met"),
        (AttributeState::NotMet, "not met"),
    ];
    html! {
        @for (state, word) in words {
            @let letter = state.letter().to_string();
            option value=(letter) selected[letter == held] { (word) }
        }
    }
}

fn draw(choice: &Choice, token: &str, sent: &Sent, faults: &Faults) -> Page {
    let one = &choice.one;
    let path = format!("{}/results", href(one.key));
    let attributes = &one.definition.attributes;
    let typed = |name: &str, held: String| if sent.text(name).is_empty() { held } else { sent.text(name) };
    let heads: Vec<&str> = ["Item", "Occurred"]
        .into_iter()
        .chain(attributes.iter().map(|attribute| attribute.id.as_str()))
        .chain(["Note"])
        .collect();
    let rows = choice.items.iter().enumerate().map(|(place, item)| {
        let mut cells = vec![
            html! { (hidden(&format!("key-{place}"), &item.key)) strong.mono { (item.key) } },
            html! { (moment::exact(item.occurred_at)) },
        ];
        for (at, (state, attribute)) in item.states.iter().zip(attributes).enumerate() {
            let name = format!("state-{place}-{at}");
            let held = typed(&name, state.letter().to_string());
            cells.push(html! { select name=(name) aria-label={ (item.key) ", " (attribute.id) } { (options(&held)) } });
        }
        let name = format!("note-{place}");
        let held = typed(&name, item.note.clone());
        cells.push(html! { input name=(name) type="text" value=(held) maxlength=(NOTE_CHARS) aria-label={ "Note on " (item.key) }; });
        cells
    });
    let body = html! {
        (faults.summary())
        dl.facts { @for attribute in attributes { dt.mono { (attribute.id) } dd { (attribute.asserts) span.sub { "A deviation: " (attribute.deviation) } } } }
        @if one.frozen.is_none() {
            div.empty { h3 { "It is not frozen" } p { "Nothing is tested before the list is frozen." } p { a.button href=(href(one.key)) { "The population" } } }
        } @else if choice.items.is_empty() {
            div.empty { h3 { "There is no item here" } p { a.button href=(choice.back()) { "Back" } } }
        } @else {
            form method="post" action={ (path) "?" (choice.query()) "after=" (choice.after) } {
                (hidden("form", token))
                (items_table("Items and results", &heads, rows.collect()))
                p.row { button.button.primary type="submit" { "Save results" } a.button href=(choice.back()) { "Back" } }
            }
            p.row {
                @if choice.after > 0 { a.button href={ (path) "?" (choice.query()) "after=" ((choice.after - i64::from(ITEMS)).max(0)) } { "Before" } }
                @if choice.items.len() == ITEMS as usize { a.button href={ (path) "?" (choice.query()) "after=" (choice.after + i64::from(ITEMS)) } { "After" } }
            }
        }
    };
    let title = match (choice.sample, choice.deviating) {
        (Some(number), _) => format!("Results of sample {number}"),
        (None, true) => "Items that deviate".to_owned(),
        (None, false) => "Results".to_owned(),
    };
    let mut page = Page::new(Place::Populations, &title, body);
    page.lead =
        html! { (one.definition.title) ". What was found before is kept beside it; the newest counts." };
    page.crumbs = vec![
        ("Populations".into(), "/populations".into()),
        (format!("Population {}", one.key), href(one.key)),
    ];
    page
}

pub(super) async fn record(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let key = key(&at)?;
    let (app, actor) = asked.member(&state)?;
    let choice = choice(&state, &asked, key).await?;
    let mut results = Vec::new();
    for place in 0..ITEMS as usize {
        let name = sent.raw(&format!("key-{place}")).to_owned();
        if name.is_empty() {
            break;
        }
        let held = choice.items.iter().find(|item| item.key == name);
        let mut states = Vec::new();
        for attribute in 0..choice.one.definition.attributes.len() {
            let letter = sent.text(&format!("state-{place}-{attribute}")).chars().next();
            let state = letter.and_then(AttributeState::of_letter).ok_or(Refusal::Malformed)?;
            states.push(state);
        }
        let note = sent.text(&format!("note-{place}"));
        // Only what is new is a result: who looks at a page has not tested all of it.
        if held.is_none_or(|item| item.states != states || item.note != note) {
            results.push(ItemResult { key: name, states, note });
        }
    }
    if results.is_empty() {
        return Ok(go(&choice.back()));
    }
    match app.transact(actor, async |cx| population::record_results(cx, key, &results).await).await {
        Ok(()) => Ok(go(&choice.back())),
        Err(error) => {
            let (status, faults): (StatusCode, Faults) = wrong(error, &[])?;
            asked.frame_refused(&state, status, &draw(&choice, &asked.token, &sent, &faults)).await
        }
    }
}
