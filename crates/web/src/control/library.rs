//! The library of starter controls: each can be copied, changed on the way, and stays tested by the checks of its original.

use std::collections::BTreeMap;

use axum::extract::State;
use maud::{Markup, html};
use tickmark_app::control;
use tickmark_core::catalog::{Catalog, StarterControl};
use tickmark_core::control::Control;
use tickmark_core::identity::Verb;

use crate::WebState;
use crate::design::frame::{Page, Place};
use crate::design::table::plain;
use crate::design::{block, segment};
use crate::error::Refusal;
use crate::visit::Asked;

/// The page.
pub(super) async fn page(State(state): State<WebState>, asked: Asked) -> Result<Markup, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let catalog = state.source().catalog().ok_or(Refusal::NotFound)?;
    let here = app
        .read(actor, async |view| {
            view.permit_whole(control::edit::atom(Verb::Create))?;
            control::controls(view).await
        })
        .await?;
    asked.frame(&state, &draw(catalog, &here)).await
}

fn draw(catalog: &Catalog, here: &[Control]) -> Page {
    let mut copies: BTreeMap<&str, Vec<&Control>> = BTreeMap::new();
    for control in here {
        if let Some(starter) = control.starter.as_deref() {
            copies.entry(starter).or_default().push(control);
        }
    }
    let mut areas: Vec<(&str, Vec<&StarterControl>)> = Vec::new();
    for starter in &catalog.controls {
        match areas.iter_mut().find(|(area, _)| *area == starter.area) {
            Some((_, starters)) => starters.push(starter),
            None => areas.push((&starter.area, vec![starter])),
        }
    }
    let body = html! {
        @for (at, (area, starters)) in areas.iter().enumerate() {
            (block(&format!("area-{at}"), area, &html! { (starters.len()) }, &rows(area, starters, &copies)))
        }
    };
    let mut page = Page::new(Place::Controls, "Starter controls", body);
    page.lead = html! { (catalog.controls.len()) " controls to start from. A copy is a draft of yours, with wording of your own; the checks that test the original test the copy as well." };
    page.actions = html! { a.button href="/start" { "Put a program together" } };
    page.crumbs = vec![("Controls".into(), "/controls".into())];
    page
}

fn rows(area: &str, starters: &[&StarterControl], copies: &BTreeMap<&str, Vec<&Control>>) -> Markup {
    let rows = starters.iter().map(|starter| {
        let mine = copies.get(starter.id.as_str()).map(Vec::as_slice).unwrap_or_default();
        vec![
            html! { span.mono.nowrap { (starter.id) } },
            html! { (starter.title) span.sub { (starter.statement) } },
            html! { span.nowrap { (starter.frequency.plain()) } },
            html! {
                @for (at, control) in mine.iter().enumerate() {
                    @if at > 0 { ", " }
                    a href={ "/controls/" (segment(control.id.as_str())) } { (control.id) }
                    @if control.state() != tickmark_core::control::ControlState::Active { " (" (control.state().word()) ")" }
                }
                @if mine.is_empty() { span.muted { "none" } }
            },
            html! { a.button href={ "/controls/new?from=" (segment(&starter.id)) } aria-label={ "Copy " (starter.id) } { "Copy" } },
        ]
    });
    plain(
        &format!("Starter controls: {area}"),
        &["Control", "What it says", "Frequency", "Copies here", "Copy"],
        rows.collect(),
    )
}
