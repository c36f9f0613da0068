//! Views that people named: shown above their list, made from the filter and order of its address, taken away.

use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use tickmark_app::{Error, saved_view};

use super::{FIRM, viewed};
use crate::WebState;
use crate::design::form::{Faults, Field, Kind, button, field, form, hidden, send};
use crate::design::frame::{Page, Place};
use crate::design::segment;
use crate::design::table::TableQuery;
use crate::error::Refusal;
use crate::form::Sent;
use crate::identity::go;
use crate::permission;
use crate::visit::Asked;

const LEFT: &str =
    "A name for this filter, this order and these columns. The rows are always those of the moment.";

/// The views of a list with what can be done about them; nothing for whoever only looks.
pub(crate) async fn of(
    state: &WebState,
    asked: &Asked,
    (list, path): (&str, &str),
) -> Result<Markup, Refusal> {
    let Ok((app, actor)) = asked.member(state) else { return Ok(html! {}) };
    let views = app
        .read(actor, async |view| {
            let all = saved_view::of_list(view, list).await?;
            Ok(all.into_iter().map(|one| (saved_view::may_remove(view, &one), one)).collect::<Vec<_>>())
        })
        .await?;
    // Where in the list somebody is, is no filter of it.
    let here = asked.query.with("", &[("before", "")]).trim_start_matches('?').to_owned();
    let is_saved = views.iter().any(|(_, one)| one.query == here);
    let chosen = views.iter().find(|(_, one)| one.query == here);
    if views.is_empty() && here.is_empty() {
        return Ok(html! {});
    }
    Ok(html! {
        nav.views aria-label="Views" {
            a href=(path) aria-current=[here.is_empty().then_some("true")] { "All" }
            @for (_, one) in &views {
                a href={ (path) "?" (one.query) } aria-current=[(one.query == here).then_some("true")] {
                    (one.name) @if one.is_shared { span.muted.small { " shared" } }
                }
            }
            @if !here.is_empty() && !is_saved {
                a.button.quiet href={ "/views/new?list=" (list) "&query=" (segment(&here)) } { "Save this view" }
            }
            @if let Some((true, one)) = chosen {
                (button(&format!("/views/{}/remove", one.id), &asked.token, "Remove this view", &one.name))
            }
        }
    })
}

/// What is typed.
struct Typed {
    list: String,
    query: String,
    name: String,
    is_shared: bool,
}

/// The page on which a view gets its name.
pub(super) async fn page(State(state): State<WebState>, asked: Asked) -> Result<Markup, Refusal> {
    let get = |key: &str| asked.query.get(key).unwrap_or_default().to_owned();
    let typed = Typed { list: get("list"), query: get("query"), name: String::new(), is_shared: false };
    place_of(&asked, &typed.list)?;
    asked.frame(&state, &draw(&typed, &asked.token, &Faults::default())).await
}

/// Keeps a view.
pub(super) async fn save(
    State(state): State<WebState>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    sent.only(&["list", "query", "name", "shared"])?;
    let typed = Typed {
        list: sent.text("list"),
        query: query_of(&sent.text("query")),
        name: sent.text("name"),
        is_shared: sent.text("shared") == "yes",
    };
    let path = place_of(&asked, &typed.list)?;
    let (app, actor) = asked.member(&state)?;
    let saved = app
        .transact(actor, async |cx| {
            saved_view::save(cx, &typed.list, &typed.name, &typed.query, typed.is_shared).await
        })
        .await;
    match saved {
        Ok(view) => Ok(go(&format!("{path}?{}", view.query))),
        Err(Error::Invalid(says)) => {
            let mut faults = Faults::default();
            faults.add("name", says);
            let page = draw(&typed, &asked.token, &faults);
            asked.frame_refused(&state, StatusCode::UNPROCESSABLE_ENTITY, &page).await
        }
        Err(error) => Err(error.into()),
    }
}

/// Takes a view away.
pub(super) async fn remove(
    State(state): State<WebState>,
    Path(id): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    sent.only(&[])?;
    let id = id.parse().map_err(|_| Refusal::NotFound)?;
    let (app, actor) = asked.member(&state)?;
    let list = app.transact(actor, async |cx| saved_view::remove(cx, id).await).await?;
    Ok(go(viewed(&list).as_deref().unwrap_or("/")).into_response())
}

/// Returns where a list is that the member may see.
pub(crate) fn place_of(asked: &Asked, list: &str) -> Result<String, Refusal> {
    let path = viewed(list).ok_or(Refusal::NotFound)?;
    let actor = asked.visit.actor.as_deref().ok_or(Refusal::NotFound)?;
    let is_theirs = list.starts_with(FIRM) == asked.visit.is_auditor();
    if is_theirs && permission::offers(actor, &path) { Ok(path) } else { Err(Refusal::NotFound) }
}

/// The query as addresses of this server have it.
pub(crate) fn query_of(query: &str) -> String {
    let address = format!("/?{}", query.trim_start_matches('?')).parse::<Uri>();
    let pairs = address.ok().and_then(|address| Query::<Vec<(String, String)>>::try_from_uri(&address).ok());
    TableQuery::new(pairs.map(|Query(pairs)| pairs).unwrap_or_default()).kept()
}

fn draw(typed: &Typed, token: &str, faults: &Faults) -> Page {
    let path = viewed(&typed.list).unwrap_or_else(|| "/".to_owned());
    let body = html! {
        (hidden("list", &typed.list))
        (hidden("query", &typed.query))
        (field(&Field { name: "name", label: "Name", value: &typed.name, fault: faults.of("name"), hint: "As short as a tab, e.g. \"Mine, not ready\".", ..Field::default() }))
        (field(&Field { name: "shared", label: "Everybody in the organization has it", kind: Kind::Check, value: if typed.is_shared { "yes" } else { "" }, fault: faults.of("shared"), ..Field::default() }))
        (send("Save the view", &path))
    };
    let mut page = Page::new(
        Place::Work,
        "Save this view",
        html! { (faults.summary()) div.narrow { (form("/views/new", token, &body)) } },
    );
    page.lead = html! { (LEFT) };
    page
}
