//! A frozen population as an auditor sees it: its items, where the list comes from, what was checked, and the file. For a
//! paper of theirs, items are chosen here by judgment. What management found by testing is not shown.

use axum::extract::{Path, State};
use axum::response::Response;
use maud::{Markup, html};
use tickmark_app::engagement::fieldwork::{evidence, signed};
use tickmark_app::program::population;
use tickmark_core::control::TEXT_MAX;
use tickmark_core::engagement::fieldwork::Workpaper;
use tickmark_core::id::PopulationKey;
use tickmark_core::identity::{Atom, Resource, Verb};
use tickmark_core::program::population::Population;
use tickmark_core::program::sampling::Method;

use super::{Tabbed, head, href, number, page as framed};
use crate::WebState;
use crate::control::Names;
use crate::design::form::{Field, Kind, field, hidden};
use crate::design::{block, digest};
use crate::engagement::catalog;
use crate::error::Refusal;
use crate::evidence::{BYTES, taken};
use crate::program::population::{Part, checked, covers, origin, place};
use crate::visit::Asked;

pub(super) async fn page(
    State(state): State<WebState>,
    Path((at, no)): Path<(String, String)>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let key = super::evidence::auditor(&state, &asked, &at).await?;
    let population = PopulationKey(number(&no)?);
    let paper: Option<i64> = asked.query.get("paper").and_then(|text| text.parse().ok());
    let after = place(&asked);
    let ((app, actor), catalog) = (asked.member(&state)?, catalog(&state)?);
    // What is recorded first is looked at then.
    app.transact(actor, async |cx| evidence::looked_at(cx, key, population, catalog).await).await?;
    let (record, one, reading, checks, part, version, names) = app
        .read(actor, async |view| {
            let version = match paper {
                Some(number) => Some(signed::find::<Workpaper>(view, key, number).await?.version),
                None => None,
            };
            Ok((
                head(view, key).await?.0,
                evidence::population(view, key, population, catalog).await?,
                population::reading_of(view, population).await?,
                population::checks(view, population).await?,
                Part::read(view, population, after).await?.without_results(),
                version,
                Names::for_looking(view).await?,
            ))
        })
        .await?;
    let path = format!("{}/evidence/populations/{population}", href(key));
    let may_take = asked.may(Atom::new(Resource::Evidence, Verb::Export)) && one.file.is_some();
    let kept = paper.map(|paper| format!("paper={paper}&")).unwrap_or_default();
    let items = match paper.zip(version) {
        _ if one.items == 0 => html! { p.muted { "Nothing happened." } },
        Some((paper, version)) => {
            let to = format!("{}/workpapers/{paper}", href(key));
            choosing(&one, &part, &to, version, &asked.token)
        }
        None => part.rows(&one, |_| None, None),
    };
    let body = html! {
        (block("about", "What it is", &html! {}, &html! {
            dl.facts {
                dt { "Control" } dd.mono { (one.definition.control) }
                dt { "Trigger" } dd { (one.definition.trigger) }
                dt { "Covers" } dd { (covers(&one)) }
                @if let Some(frozen) = &one.frozen { dt { "Frozen" } dd { (frozen.items) " items, keys " (digest::chip(&frozen.keys)) } }
            }
        }))
        (block("origin", "Where the list comes from", &html! { @if may_take { a href={ (path) "/download" } download { "the list as it was handed in" } } }, &origin(one.ipe.as_ref(), reading.as_ref())))
        (block("checks", "Completeness and accuracy, as management checked them", &html! {}, &checked(&checks, &names)))
        (block("items", "Items", &html! { (one.items) }, &html! { (items) @if one.items > 0 { (part.pager(&path, &kept, &one, "items")) } }))
    };
    let mut page = framed(&record, &asked, Tabbed::Evidence, &one.definition.title, &body);
    page.lead =
        html! { "Each look at it stands in the audit trail. What management found by testing is not shown." };
    page.crumbs.push(("Evidence".into(), format!("{}/evidence", href(key))));
    asked.frame(&state, &page).await
}

/// The items with boxes, and how they are taken into a paper.
fn choosing(one: &Population, part: &Part, to: &str, version: i64, token: &str) -> Markup {
    let methods: Vec<(String, String)> = Method::ALL
        .into_iter()
        .filter(|method| method.is_judgment())
        .map(|method| (method.word().to_owned(), method.word().to_owned()))
        .collect();
    let rows = part.rows(
        one,
        |item| Some(html! { input type="checkbox" name="pick" value=(item.key) aria-label={ "Choose " (item.key) }; }),
        Some("Chosen"),
    );
    html! {
        form method="post" action={ (to) "/select" } {
            (hidden("form", token)) (hidden("version", &version.to_string())) (hidden("population", &one.key.to_string()))
            (rows)
            div.narrow.block-body {
                (field(&Field { name: "picks", label: "Items of other pages, one a line", kind: Kind::Area(2), max: TEXT_MAX, optional: true, ..Field::default() }))
                (field(&Field { name: "method", label: "Method", kind: Kind::Select(&methods), hint: "A block is without holes. The first or the last items are no selection.", ..Field::default() }))
                (field(&Field { name: "reason", label: "Why these", max: 1_000, hint: "Results of a choice by judgment are not projected.", ..Field::default() }))
                (field(&Field { name: "redrawn", label: "Why it is drawn again", optional: true, max: 1_000, hint: "Needed where this population was drawn from before.", ..Field::default() }))
                p.row { button.button.primary type="submit" { "Take into the paper" } a.button href=(to) { "Back to the paper" } }
            }
        }
    }
}

pub(super) async fn take(
    State(state): State<WebState>,
    Path((at, no)): Path<(String, String)>,
    asked: Asked,
) -> Result<Response, Refusal> {
    let key = super::evidence::auditor(&state, &asked, &at).await?;
    let population = PopulationKey(number(&no)?);
    let ((app, actor), catalog) = (asked.member(&state)?, catalog(&state)?);
    let (name, bytes) = evidence::read_list(app, actor, key, population, catalog).await?;
    Ok(taken(&name, BYTES, bytes))
}
