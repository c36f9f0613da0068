//! Versions of a check: the stored text of each, and two of them compared.

use axum::extract::{Path, State};
use maud::{Markup, html};
use tickmark_app::observation::{self, CheckVersion};
use tickmark_core::identity::{Atom, Resource, Verb};

use crate::design::diff::lines;
use crate::design::frame::{Page, Place};
use crate::design::table::plain;
use crate::design::{block, digest, moment, prose, segment};
use crate::error::Refusal;
use crate::route::get;
use crate::visit::Asked;
use crate::{Desk, WebState};

pub(super) fn desk_routes() -> Vec<Desk> {
    vec![Desk {
        path: "/checks/{id}/versions",
        example: "/checks/ssh-root-login-disabled/versions",
        looks: true,
        changes: false,
        handler: get(page),
    }]
}

async fn page(
    State(state): State<WebState>,
    Path(id): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let versions = app
        .read(actor, async |view| {
            view.permit_whole(Atom::new(Resource::Test, Verb::Read))?;
            observation::check_versions(view, &id).await
        })
        .await?;
    if versions.is_empty() {
        return Err(Refusal::NotFound);
    }
    let number = |name: &str, or: usize| {
        let given = asked.query.get(name).and_then(|text| text.parse::<usize>().ok());
        given.filter(|number| (1..=versions.len()).contains(number)).unwrap_or(or)
    };
    let (from, to) = (number("from", versions.len().saturating_sub(1).max(1)), number("to", versions.len()));
    let page = draw(&id, &versions, (from.min(to), from.max(to)));
    asked.frame(&state, &page).await
}

fn draw(id: &str, versions: &[CheckVersion], (from, to): (usize, usize)) -> Page {
    let href = format!("/checks/{}", segment(id));
    // Of one version there is nothing to compare.
    let all = ["Version", "Digest", "Origin", "From", "Until", "Text", "Compare", "with"];
    let heads = if versions.len() > 1 { &all[..] } else { &all[..6] };
    let rows = versions.iter().enumerate().rev().map(|(at, version)| {
        let number = at + 1;
        let pick = |name: &str, is_chosen: bool| {
            html! { label.choice { input type="radio" name=(name) value=(number) checked[is_chosen] aria-label={ (if name == "from" { "From" } else { "To" }) " version " (number) }; span.on-phone aria-hidden="true" { (name) } } }
        };
        let mut row = vec![
            html! { span.num { (number) } },
            digest::chip(&version.version),
            html! { (version.origin.replace('-', " ")) span.sub { (version.engine) } },
            html! { span.nowrap { (moment::exact(version.introduced_at)) } },
            html! { @match version.superseded_at { Some(until) => span.nowrap { (moment::exact(until)) }, None => "in force" } },
            html! { a href={ (href) "/versions?from=" (number) "&to=" (number) } { "Text" span.visually-hidden { " of version " (number) } } },
            pick("from", number == from),
            pick("to", number == to),
        ];
        row.truncate(heads.len());
        row
    });
    let (before, after) = (&versions[from - 1], &versions[to - 1]);
    let body = html! {
        form method="get" action={ (href) "/versions" } {
            (block("versions", "Versions", &html! { @if versions.len() > 1 { button.button type="submit" { "Compare two" } } }, &plain("Versions", heads, rows.collect())))
        }
        @if from == to {
            (block("logic", &format!("Logic of version {to}"), &html! {}, &html! { div.block-body { (prose::rego(&after.logic)) } }))
            (block("about", &format!("Definition of version {to}"), &html! { "as it was stored" }, &html! { div.block-body { pre.source tabindex="0" role="group" aria-label="Definition" { (definition(after)) } } }))
        } @else {
            (block("logic", &format!("Logic, from version {from} to version {to}"), &html! { @if before.logic == after.logic { "the same" } }, &html! { div.block-body { (lines("Logic", &before.logic, &after.logic)) } }))
            (block("about", &format!("Definition, from version {from} to version {to}"), &html! {}, &html! { div.block-body { (lines("Definition", &definition(before), &definition(after))) } }))
        }
    };
    let last = &versions[versions.len() - 1];
    let mut page = Page::new(Place::Checks, &format!("Versions of {}", last.definition.title), body);
    page.id = id.to_owned();
    page.lead = html! { "Each verdict stays with the version that gave it, so every text is kept." };
    page.crumbs = vec![("Checks".into(), "/checks".into()), (id.to_owned(), href)];
    page
}

/// What was stored beside the logic, a line for each member.
fn definition(version: &CheckVersion) -> String {
    serde_json::to_string_pretty(&version.definition).unwrap_or_default()
}
