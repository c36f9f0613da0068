//! The list of populations, and what of it stands on the page of a control.

use axum::extract::State;
use maud::{Markup, html};
use tickmark_app::Error;
use tickmark_app::program::population;
use tickmark_core::control::ControlId;
use tickmark_core::identity::{Atom, Resource, Verb};
use tickmark_core::program::population::{ItemOutcome, Population};

use super::{SET_UP, covers, href, may, state, state_badge};
use crate::WebState;
use crate::design::block;
use crate::design::frame::{Page, Place};
use crate::design::segment;
use crate::design::table::{Cell, Column, Filter, Phone, Row, Table, plain};
use crate::error::Refusal;
use crate::list::{self, Listed};
use crate::visit::Asked;

/// Populations that a control's own page lists.
const ON_CONTROL: usize = 6;

pub(super) async fn page(State(state): State<WebState>, asked: Asked) -> Result<Markup, Refusal> {
    list::show(&state, &asked, listed(&state, &asked).await?).await
}

pub(crate) async fn listed(state: &WebState, asked: &Asked) -> Result<Listed, Refusal> {
    let (app, actor) = asked.member(state)?;
    let all = app
        .read(actor, async |view| {
            let mut all = Vec::new();
            for one in population::all(view).await? {
                let found = population::found(view, one.key).await?;
                let tested = found.conforming.len() + found.deviating.len();
                all.push((one, tested, found.deviating.len()));
            }
            Ok(all)
        })
        .await?;
    let may_define = may(asked, SET_UP);
    let mut controls: Vec<String> =
        all.iter().map(|(one, _, _)| one.definition.control.to_string()).collect();
    controls.sort();
    controls.dedup();
    let states = ["Defined", "Imported", "Frozen"];
    let table = Table {
        id: "populations".into(),
        path: "/populations".into(),
        noun: ("population", "populations"),
        counted: None,
        columns: vec![
            Column::number("key", "No.", Phone::Hidden),
            Column::text("title", "Population", Phone::Title),
            Column::text("control", "Control", Phone::Line),
            Column::text("covers", "Covers", Phone::Line),
            Column::number("items", "Items", Phone::Line),
            Column::number("tested", "Tested", Phone::Wide),
            Column::number("deviations", "Deviations", Phone::Line),
            Column::text("state", "State", Phone::Status),
        ],
        filters: vec![
            Filter {
                key: "state",
                label: "State",
                options: states.map(|word| (word.to_lowercase(), word.to_owned())).to_vec(),
                shown: true,
            },
            Filter {
                key: "control",
                label: "Control",
                options: controls.into_iter().map(|id| (id.clone(), id)).collect(),
                shown: true,
            },
            Filter::yes_or_no("deviates", "Has deviations"),
        ],
        rows: all.iter().rev().map(|(one, tested, deviating)| row(one, *tested, *deviating)).collect(),
        empty: html! {
            div.empty {
                h3 { "No population is defined yet" }
                p { "A population is everything that a trigger produced in a time: deployments and not tickets, leavers and not disabled accounts. It is defined before anything is tested, and frozen before anything is selected." }
                @if may_define { p { a.button.primary href="/populations/new" { "Define the first" } } }
            }
        },
    };
    let mut page = Page::new(Place::Populations, "Populations", html! {});
    page.lead = html! { "What triggers produced, to be tested item by item. " a href="/populations/mappings" { "Mappings of columns" } };
    if may_define {
        page.actions = html! { a.button href="/populations/new" { "Define a population" } };
    }
    Ok(Listed::of(page, table))
}

fn row(one: &Population, tested: usize, deviating: usize) -> Row {
    let definition = &one.definition;
    let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let items = i64::try_from(one.items).unwrap_or(i64::MAX);
    let deviations = format!("{}/results?show={}", href(one.key), super::item::word(ItemOutcome::Deviating));
    Row {
        cells: vec![
            Cell::by_number(html! { span.mono.nowrap { (one.key) } }, one.key.0),
            Cell::by_text(
                html! { div { a.primary href=(href(one.key)) { (definition.title) } span.sub { (definition.trigger) } } },
                &definition.title,
            ),
            Cell::by_text(
                html! { a.mono href=(super::control_href(one)) { (definition.control) } },
                definition.control.as_str(),
            ),
            Cell::by_text(covers(one), &definition.from.date())
                .said(format!("{} to {}", definition.from, definition.to)),
            Cell::by_number(html! { a.num href={ (href(one.key)) "#items" } { (one.items) } }, items),
            Cell::by_number(html! { span.num { (tested) } }, number(tested)),
            Cell::by_number(
                html! { @if deviating > 0 { a.num href=(deviations) { (deviating) } } @else { span.num { "0" } } },
                number(deviating),
            ),
            Cell::by_text(state_badge(one), state(one)),
        ],
        find: format!("{} {} {} {}", one.key, definition.title, definition.trigger, definition.control),
        facets: vec![
            ("state", state(one).to_lowercase()),
            ("control", definition.control.to_string()),
            ("deviates", if deviating > 0 { "yes" } else { "no" }.to_owned()),
        ],
    }
}

/// What a control's own page shows to members: its populations.
pub(crate) async fn on_control(state: &WebState, asked: &Asked, id: &str) -> Result<Markup, Refusal> {
    let Ok((app, actor)) = asked.member(state) else { return Ok(html! {}) };
    let Ok(id) = id.parse::<ControlId>() else { return Ok(html! {}) };
    if !crate::permission::may_all(actor, Atom::new(Resource::Control, Verb::Read)) {
        return Ok(html! {});
    }
    let mut all = match app.read(actor, async |view| population::list(view, &id).await).await {
        Ok(all) => all,
        Err(Error::NotFound { .. } | Error::Forbidden(_)) => return Ok(html! {}),
        Err(error) => return Err(error.into()),
    };
    all.reverse();
    let may_define = may(asked, SET_UP);
    if all.is_empty() && !may_define {
        return Ok(html! {});
    }
    let rows = all.iter().take(ON_CONTROL).map(|one| {
        vec![
            html! { a.primary href=(href(one.key)) { (one.definition.title) } span.sub { "Population " (one.key) } },
            covers(one),
            html! { span.num { (one.items) } },
            state_badge(one),
        ]
    });
    let path = format!("/populations?control={}", segment(id.as_str()));
    Ok(block(
        "populations",
        "Populations",
        &html! { @if !all.is_empty() { a href=(path) { "all " (all.len()) } } },
        &html! {
            @if all.is_empty() { div.empty { h3 { "No population is defined for it" } p { "Where an event triggers the control, everything that the trigger produced is its population." } } }
            @else { (plain("Populations", &["Population", "Covers", "Items", "State"], rows.collect())) }
            @if may_define { div.block-body { a.button href={ "/populations/new?control=" (segment(id.as_str())) } { "Define a population" } } }
        },
    ))
}
