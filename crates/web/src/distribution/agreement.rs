//! The agreement that recipients accept: read by whoever looks, written anew as the next version.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use tickmark_app::Error;
use tickmark_app::distribution;
use tickmark_core::distribution::{AGREEMENT_MAX, Agreement, Class, drafted};
use tickmark_core::identity::Verb;

use crate::WebState;
use crate::control::Names;
use crate::design::form::{Faults, Field, Kind, field, form, hidden, send};
use crate::design::frame::{Page, Place};
use crate::design::{block, digest, moment};
use crate::error::Refusal;
use crate::form::Sent;
use crate::identity::go;
use crate::visit::Asked;

fn class(word: &str) -> Result<Class, Refusal> {
    Class::from_word(word).filter(|class| class.is_restricted()).ok_or(Refusal::NotFound)
}

struct Shown {
    class: Class,
    now: Option<Agreement>,
    names: Names,
    company: String,
}

async fn load(state: &WebState, asked: &Asked, word: &str) -> Result<Shown, Refusal> {
    let (app, actor) = asked.member(state)?;
    let class = class(word)?;
    let found = app.read(actor, async |view| {
        let now = distribution::agreement(view, class).await?;
        Ok((now, Names::for_looking(view).await?))
    });
    let (now, names) = found.await?;
    Ok(Shown { class, now, names, company: actor.organization.name.clone() })
}

fn draw(shown: &Shown, asked: &Asked, typed: Option<(&str, &str)>, faults: &Faults) -> Page {
    let (held, may_write) = (shown.now.as_ref(), asked.may(distribution::atom(Verb::Update)));
    let draft = drafted(shown.class, &shown.company);
    let (title, text) = typed.unwrap_or_else(|| {
        held.map_or((draft.0.as_str(), draft.1.as_str()), |held| (held.title.as_str(), held.text.as_str()))
    });
    let path = format!("/agreements/{}", shown.class.word());
    let written = html! {
        @if let Some(held) = held {
            p.muted { "Version " (held.version) ", " (shown.names.of(held.by)) ", " (moment::written(held.at)) ". " (digest::chip(&held.digest())) }
            @for paragraph in held.paragraphs() { p.lines { (paragraph) } }
        } @else { p.muted { "Nobody has written it. The text below is a beginning in plain words; have a lawyer look at it before it is used." } }
    };
    let body = html! {
        div.narrow.stack {
            (block("agreement", held.map_or("Agreement", |held| held.title.as_str()), &html! {}, &written))
            @if may_write {
                (form(&path, &asked.token, &html! {
                    (faults.summary())
                    (hidden("version", &held.map_or(0, |held| held.version).to_string()))
                    (field(&Field { name: "title", label: "Title", value: title, max: 200, fault: faults.of("title"), ..Field::default() }))
                    (field(&Field { name: "text", label: "Text", kind: Kind::Area(16), value: text, max: AGREEMENT_MAX, fault: faults.of("text"), hint: "An empty line begins a new paragraph. Whoever accepted an earlier version accepts this one before they read on.", ..Field::default() }))
                    (send(if held.is_some() { "Write the next version" } else { "Write the agreement" }, ""))
                }))
            }
        }
    };
    let mut page = Page::new(Place::Engagements, "Agreement on the use of reports", body);
    page.crumbs = vec![("Engagements".into(), "/engagements".into())];
    page.lead = html! { (shown.class.title()) "." };
    page
}

pub(super) async fn page(
    State(state): State<WebState>,
    Path(word): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let shown = load(&state, &asked, &word).await?;
    asked.frame(&state, &draw(&shown, &asked, None, &Faults::default())).await
}

pub(super) async fn write(
    State(state): State<WebState>,
    Path(word): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let class = class(&word)?;
    sent.only(&["version", "title", "text"])?;
    let from: u32 = sent.text("version").parse().map_err(|_| Refusal::Malformed)?;
    let (title, text) = (sent.text("title"), sent.text("text"));
    let mut faults = Faults::default();
    for (name, value, says) in
        [("title", &title, "say what it is called"), ("text", &text, "say what they agree to")]
    {
        if value.is_empty() {
            faults.add(name, says);
        }
    }
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    if faults.is_empty() {
        let done = app
            .transact(actor, async |cx| distribution::write_agreement(cx, class, from, (&title, &text)).await)
            .await;
        match done {
            Ok(_) => return Ok(go(&format!("/agreements/{}", class.word()))),
            Err(Error::Invalid(says)) => {
                faults = Faults::about(says, &[("the title", "title"), ("the text", "text")]);
            }
            Err(Error::Conflict(says)) => (status, faults) = (StatusCode::CONFLICT, Faults::whole(says)),
            Err(error) => return Err(error.into()),
        }
    }
    let shown = load(&state, &asked, &word).await?;
    let page = draw(&shown, &asked, Some((&title, &text)), &faults);
    asked.frame_refused(&state, status, &page).await.map(IntoResponse::into_response)
}
