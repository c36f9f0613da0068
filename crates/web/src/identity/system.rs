//! Systems: the boundaries that reports describe, written, described and retired.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use tickmark_app::Error;
use tickmark_app::comment::About;
use tickmark_app::identity::system::{self, BOUNDARY_CHARS};
use tickmark_app::identity::{self, System, Version};
use tickmark_core::id::SystemId;
use tickmark_core::identity::{Atom, Resource, Verb};
use tickmark_core::words::shortened;

use super::go;
use super::history::{Labels, history};
use crate::design::as_of::AsOf;
use crate::design::form::{Faults, Field, Kind, field, form, send};
use crate::design::frame::{Page, Place};
use crate::design::table::{Cell, Column, Filter, Phone, Row, Table};
use crate::design::{block, moment};
use crate::error::Refusal;
use crate::form::Sent;
use crate::list::{self, Listed};
use crate::visit::Asked;
use crate::{WebState, comment};

const HOME: &str = "/systems";
const NAME_CHARS: usize = 200;
const REASON_CHARS: usize = 2_000;
/// Characters of a boundary in the list.
const SHOWN_CHARS: usize = 140;

/// What stands in the fields.
#[derive(Default)]
struct Typed {
    name: String,
    boundary: String,
    reason: String,
    faults: Faults,
}

impl Typed {
    fn of(sent: &Sent) -> Self {
        Self {
            name: sent.text("name"),
            boundary: sent.text("boundary"),
            reason: sent.text("reason"),
            faults: Faults::default(),
        }
    }

    /// Puts what was wrong beside the field it is about, or above them all; others are passed on.
    fn blame(&mut self, error: Error) -> Result<StatusCode, Refusal> {
        match error {
            Error::Invalid(says) => {
                let field = if says.contains("name") {
                    "name"
                } else if says.contains("why") {
                    "reason"
                } else {
                    "boundary"
                };
                self.faults.add(field, says);
                Ok(StatusCode::UNPROCESSABLE_ENTITY)
            }
            Error::Conflict(says) => {
                self.faults = Faults::whole(says);
                Ok(StatusCode::CONFLICT)
            }
            error => Err(error.into()),
        }
    }
}

/// The list, and the form for a new one.
pub(super) async fn page(State(state): State<WebState>, asked: Asked) -> Result<Markup, Refusal> {
    list::show(&state, &asked, listed(&state, &asked).await?).await
}

/// Writes one.
pub(super) async fn write(
    State(state): State<WebState>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    sent.only(&["name", "boundary"])?;
    let mut typed = Typed::of(&sent);
    let (name, boundary) = (&typed.name, &typed.boundary);
    match app.transact(actor, async |cx| system::write(cx, name, boundary).await).await {
        Ok(_) => Ok(go(HOME)),
        Err(error) => {
            let status = typed.blame(error)?;
            let systems = all(&state, &asked).await?;
            let page = list::framed(&state, &asked, draw_all(&systems, &asked, &typed)).await?;
            asked.frame_refused(&state, status, &page).await
        }
    }
}

/// One of them.
pub(super) async fn one(
    State(state): State<WebState>,
    Path(id): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let seen = find(&state, &asked, &id).await?;
    let system = &seen.system;
    let typed = Typed { name: system.name.clone(), boundary: system.boundary.clone(), ..Typed::default() };
    let mut page = draw_one(&seen, &asked, &typed);
    let said = comment::part(&state, &asked, &About::System(system.id)).await?;
    page.body = html! { (page.body) (said) };
    asked.frame(&state, &page).await
}

/// Says anew what it is called and what lies within.
pub(super) async fn change(
    State(state): State<WebState>,
    Path(id): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    sent.only(&["name", "boundary"])?;
    let key = read(&id)?;
    let mut typed = Typed::of(&sent);
    let (name, boundary) = (&typed.name, &typed.boundary);
    match app.transact(actor, async |cx| system::change(cx, key, name, boundary).await).await {
        Ok(_) => Ok(go(&format!("{HOME}/{key}"))),
        Err(error) => {
            let status = typed.blame(error)?;
            let seen = find(&state, &asked, &id).await?;
            asked.frame_refused(&state, status, &draw_one(&seen, &asked, &typed)).await
        }
    }
}

/// Retires it.
pub(super) async fn retire(
    State(state): State<WebState>,
    Path(id): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    sent.only(&["reason"])?;
    let key = read(&id)?;
    let why = sent.text("reason");
    match app.transact(actor, async |cx| system::retire(cx, key, &why).await).await {
        Ok(_) => Ok(go(&format!("{HOME}/{key}"))),
        Err(error) => {
            let mut typed = Typed { reason: why, ..Typed::default() };
            let status = typed.blame(error)?;
            let seen = find(&state, &asked, &id).await?;
            (typed.name, typed.boundary) = (seen.system.name.clone(), seen.system.boundary.clone());
            asked.frame_refused(&state, status, &draw_one(&seen, &asked, &typed)).await
        }
    }
}

fn read(id: &str) -> Result<SystemId, Refusal> {
    id.parse().map_err(|_| Refusal::NotFound)
}

async fn all(state: &WebState, asked: &Asked) -> Result<Vec<System>, Refusal> {
    let (app, actor) = asked.member(state)?;
    Ok(app.read(actor, async |view| system::list(view).await).await?)
}

/// A system with what was said of it.
struct Seen {
    system: System,
    versions: Vec<Version<System>>,
    labels: Arc<Labels>,
}

async fn find(state: &WebState, asked: &Asked, id: &str) -> Result<Seen, Refusal> {
    let (app, actor) = asked.member(state)?;
    let id = read(id)?;
    let seen = app.read(actor, async |view| {
        Ok(Seen {
            system: system::find(view, id).await?,
            versions: system::versions(view, id).await?,
            labels: identity::labels(view).await?,
        })
    });
    Ok(seen.await?)
}

/// What a version says: all of the first one, and of the others what is new.
fn said(system: &System, before: Option<&System>) -> Markup {
    let is_renamed = before.is_none_or(|before| before.name != system.name);
    let is_described =
        before.map_or(!system.boundary.is_empty(), |before| before.boundary != system.boundary);
    html! {
        @if system.retired_at.is_some() { div { "Retired" } }
        @if is_renamed { div { "Called " strong { (system.name) } } }
        @if is_described { div { @if system.boundary.is_empty() { "Not described any more" } @else { "What lies within: " (system.boundary) } } }
    }
}

fn may(asked: &Asked, verb: Verb) -> bool {
    asked.may(Atom::new(Resource::System, verb))
}

fn standing(system: &System) -> Markup {
    match system.retired_at {
        Some(at) => html! { "Retired " (moment::date(at)) },
        None => html! { "In use" },
    }
}

fn fields(typed: &Typed) -> Markup {
    html! {
        (field(&Field { name: "name", label: "Name", value: &typed.name, max: NAME_CHARS, fault: typed.faults.of("name"), hint: "As the report calls it.", ..Field::default() }))
        (field(&Field { name: "boundary", label: "What lies within", kind: Kind::Area(4), value: &typed.boundary, max: BOUNDARY_CHARS, optional: true, fault: typed.faults.of("boundary"), hint: "Services, infrastructure, software, people and data that belong to it, and what does not.", ..Field::default() }))
    }
}

/// The systems that whoever looks may see, as a list.
pub(crate) async fn listed(state: &WebState, asked: &Asked) -> Result<Listed, Refusal> {
    let systems = all(state, asked).await?;
    Ok(draw_all(&systems, asked, &Typed::default()))
}

fn draw_all(systems: &[System], asked: &Asked, typed: &Typed) -> Listed {
    let row = |system: &System| {
        let standing_word = if system.retired_at.is_some() { "retired" } else { "in_use" };
        Row {
            cells: vec![
                Cell::by_text(
                    html! { a.primary href={ (HOME) "/" (system.id) } { (system.name) } },
                    &system.name,
                ),
                Cell::by_text(
                    html! { @if system.boundary.is_empty() { span.muted { "Not described yet" } } @else { (shortened(&system.boundary, SHOWN_CHARS)) } },
                    &system.boundary,
                ),
                Cell::by_text(
                    standing(system),
                    if system.retired_at.is_some() { "Retired" } else { "In use" },
                ),
            ],
            find: format!("{} {}", system.name, system.boundary),
            facets: vec![("standing", standing_word.to_owned())],
        }
    };
    let table = Table {
        id: "systems".into(),
        path: HOME.into(),
        noun: ("system", "systems"),
        counted: None,
        columns: vec![
            Column::text("name", "System", Phone::Title),
            Column::text("boundary", "What lies within", Phone::Line),
            Column::text("standing", "Standing", Phone::Status),
        ],
        filters: vec![Filter {
            key: "standing",
            label: "Standing",
            options: vec![("in_use".into(), "In use".into()), ("retired".into(), "Retired".into())],
            shown: systems.iter().any(|system| system.retired_at.is_some()),
        }],
        rows: systems.iter().map(row).collect(),
        empty: html! { div.empty { h3 { "No system" } p { "There is none that you may see." } } },
    };
    let mut page = Page::new(Place::Systems, "Systems", html! { (typed.faults.summary()) });
    page.lead = html! { "A report is about one or more of them. Whoever is assigned to a system works on the controls and the evidence of that system only." };
    let after = html! {
        @if may(asked, Verb::Create) {
            (block("new", "Write another system", &html! {}, &html! {
                div.narrow { (form(HOME, &asked.token, &html! { (fields(typed)) (send("Write it", "")) })) }
            }))
        }
    };
    Listed { after, ..Listed::of(page, table) }
}

fn draw_one(seen: &Seen, asked: &Asked, typed: &Typed) -> Page {
    let system = &seen.system;
    let here = format!("{HOME}/{}", system.id);
    let is_open = system.retired_at.is_none();
    let body = html! {
        (typed.faults.summary())
        @if is_open && may(asked, Verb::Update) {
            div.narrow { (form(&here, &asked.token, &html! { (fields(typed)) (send("Keep it", HOME)) })) }
        } @else {
            dl.facts {
                dt { "What lies within" } dd { @if system.boundary.is_empty() { "Not described" } @else { (system.boundary) } }
                dt { "Standing" } dd { (standing(system)) }
            }
        }
        @if is_open && may(asked, Verb::Delete) {
            details open[typed.faults.of("reason").is_some()] { summary { "Retire" }
                div.narrow { (form(&format!("{here}/retire"), &asked.token, &html! {
                    p { "It stays readable, as reports of before are about it, and does not come back. Its controls are retired or moved first." }
                    (field(&Field { name: "reason", label: "Why", kind: Kind::Area(2), value: &typed.reason, fault: typed.faults.of("reason"), max: REASON_CHARS, hint: "Kept in the audit trail.", ..Field::default() }))
                    p.row { button.button.primary type="submit" { "Retire it" } }
                })) }
            }
        }
        (history(&seen.versions, &seen.labels, (&here, &AsOf::of(&asked.query)), said))
    };
    let mut page = Page::new(Place::Systems, &system.name, body);
    page.lead = html! { a href={ "/controls?system=" (system.id) } { "Controls that are for it" } };
    page.crumbs = vec![("Systems".into(), HOME.into())];
    page
}
