//! Saved mappings of columns: what there are, and taking one away. They are made where a list is handed in.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use tickmark_app::program::population::{self, Saved};
use tickmark_core::program::population::{DateOrder, Mapping};

use super::{BRING_IN, may};
use crate::WebState;
use crate::control::Names;
use crate::design::form::hidden;
use crate::design::frame::{Page, Place};
use crate::design::moment;
use crate::design::table::plain;
use crate::error::Refusal;
use crate::form::Sent;
use crate::identity::go;
use crate::visit::Asked;

/// How dates are read, in words.
pub(in crate::program) fn dates(order: DateOrder) -> &'static str {
    match order {
        DateOrder::Iso => "as 2026-11-24",
        DateOrder::DayFirst => "day first, as 24/11/2026",
        DateOrder::MonthFirst => "month first, as 11/24/2026",
    }
}

/// Which column is what, in one line each.
pub(super) fn columns(mapping: &Mapping) -> Markup {
    let fixed = [
        ("Key", Some(&mapping.key)),
        ("Moment", Some(&mapping.occurred_at)),
        ("Note", mapping.note.as_ref()),
        ("Part", mapping.stratum.as_ref()),
        ("Amount", mapping.amount.as_ref()),
    ];
    html! {
        @for (what, column) in fixed { @if let Some(column) = column { div { (what) ": " code { (column) } } } }
        @for (attribute, column) in &mapping.attributes { div { (attribute) ": " code { (column) } } }
        div.muted { "Dates " (dates(mapping.dates)) }
    }
}

pub(super) async fn page(State(state): State<WebState>, asked: Asked) -> Result<Markup, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let (all, names) = app
        .read(actor, async |view| Ok((population::mappings(view).await?, Names::for_looking(view).await?)))
        .await?;
    let may_remove = may(&asked, BRING_IN);
    let row = |saved: &Saved| {
        vec![
            html! { strong.primary { (saved.name) } span.sub { "version " (saved.version) ", " (names.of(saved.saved_by)) ", " (moment::date(saved.saved_at)) } },
            columns(&saved.mapping),
            html! {
                @if may_remove {
                    form.inline method="post" action="/populations/mappings/remove" {
                        (hidden("form", &asked.token)) (hidden("name", &saved.name))
                        button.button type="submit" { "Take away" span.visually-hidden { " " (saved.name) } }
                    }
                }
            },
        ]
    };
    let body = html! {
        @if all.is_empty() {
            div.empty { h3 { "No mapping is saved" } p { "A mapping says which column of a list is what. It is made and saved where a list is handed in, and used again for the next list of the same source." } p { a.button href="/populations" { "Populations" } } }
        } @else { (plain("Mappings", &["Mapping", "Columns", ""], all.iter().map(row).collect())) }
    };
    let mut page = Page::new(Place::Populations, "Mappings of columns", body);
    page.lead = html! { "Lists that were read by a mapping keep what they were read by." };
    page.crumbs = vec![("Populations".into(), "/populations".into())];
    asked.frame(&state, &page).await
}

pub(super) async fn remove(
    State(state): State<WebState>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    sent.only(&["name"])?;
    let (app, actor) = asked.member(&state)?;
    let name = sent.text("name");
    app.transact(actor, async |cx| population::forget_mapping(cx, &name).await).await?;
    Ok(go("/populations/mappings"))
}
