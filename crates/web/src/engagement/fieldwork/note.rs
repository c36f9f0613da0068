//! Notes of the firm, which nobody else sees.

use axum::extract::{Path, State};
use axum::response::Response;
use maud::{Markup, html};
use tickmark_app::engagement::fieldwork::{Row, is_open, paper, workpaper};
use tickmark_core::control::TEXT_MAX;
use tickmark_core::engagement::fieldwork::Note;
use tickmark_core::engagement::{Engagement, EngagementKey};
use tickmark_core::identity::Verb;

use super::{Tabbed, head, href, key, page as framed, refused, wrong};
use crate::WebState;
use crate::control::Names;
use crate::design::form::{Faults, Field, Kind, field, form, send};
use crate::design::frame::Page;
use crate::design::moment;
use crate::error::Refusal;
use crate::form::Sent;
use crate::identity::go;
use crate::visit::Asked;

struct Known {
    record: Engagement,
    notes: Vec<Row<Note>>,
    names: Names,
    is_open: bool,
}

async fn known(state: &WebState, asked: &Asked, key: EngagementKey) -> Result<Known, Refusal> {
    let (app, actor) = asked.member(state)?;
    let known = app
        .read(actor, async |view| {
            Ok(Known {
                record: head(view, key).await?.0,
                notes: workpaper::notes(view, key).await?,
                names: Names::for_looking(view).await?,
                is_open: is_open(view, key).await?,
            })
        })
        .await?;
    Ok(known)
}

fn draw(known: &Known, asked: &Asked, sent: &Sent, faults: &Faults) -> Page {
    let path = format!("{}/notes", href(known.record.key));
    let body = html! {
        (faults.summary())
        @if known.is_open && asked.may(paper(Verb::Create)) {
            div.narrow { (form(&path, &asked.token, &html! {
                (field(&Field { name: "about", label: "About", value: &sent.text("about"), fault: faults.of("about"), optional: true, hint: "As WP-3, CC6.1, or a name.", ..Field::default() }))
                (field(&Field { name: "text", label: "Note", kind: Kind::Area(4), value: &sent.text("text"), fault: faults.of("text"), max: TEXT_MAX, ..Field::default() }))
                (send("Keep the note", ""))
            })) }
        }
        @if known.notes.is_empty() { div.empty { h3 { "No notes yet" } p { "Walkthroughs, questions, what to come back to. Only people of your firm in this engagement read them." } } }
        @else {
            ol.feed {
                @for row in &known.notes {
                    li {
                        span { strong { (known.names.of(row.by)) } @if !row.record.about.is_empty() { " on " (row.record.about) } }
                        span.when { (moment::exact(row.since)) }
                        blockquote.said { (row.record.text) }
                    }
                }
            }
        }
    };
    let mut page = framed(&known.record, asked, Tabbed::Notes, "Notes", &body);
    page.lead = html! { "Private to your firm, also after the report is issued." };
    page
}

pub(super) async fn page(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let known = known(&state, &asked, key(&at)?).await?;
    asked.frame(&state, &draw(&known, &asked, &Sent::default(), &Faults::default())).await
}

pub(super) async fn write(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let key = key(&at)?;
    sent.only(&["about", "text"])?;
    let (app, actor) = asked.member(&state)?;
    let (about, text) = (sent.text("about"), sent.text("text"));
    let (status, faults) =
        match app.transact(actor, async |cx| workpaper::note(cx, key, &about, &text).await).await {
            Ok(()) => return Ok(go(&format!("{}/notes", href(key)))),
            Err(error) => wrong(error, &[("subject", "about"), ("text", "text")])?,
        };
    let known = known(&state, &asked, key).await?;
    refused(&state, &asked, status, &draw(&known, &asked, &sent, &faults)).await
}
