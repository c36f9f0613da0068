//! One change of several controls: chosen in the table, confirmed on a page of its own, done in one transaction.

use axum::extract::{Query, State};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use tickmark_app::control::edit::{self, MANY};
use tickmark_app::{Error, View, control};
use tickmark_core::control::{Control, ControlId, TEXT_MAX};
use tickmark_core::id::ActorId;
use tickmark_core::identity::Verb;

use super::fields::Names;
use crate::WebState;
use crate::design::form::{Faults, Field, Kind, field, form, hidden, send};
use crate::design::frame::{Page, Place};
use crate::design::table::{PICK, plain};
use crate::design::{plural, segment};
use crate::error::Refusal;
use crate::form::Sent;
use crate::identity::go;
use crate::list::done::{self, Deed, Tally};
use crate::visit::Asked;

/// What can be done to several controls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Assign,
    Start,
    Retire,
}

impl What {
    pub(super) const ALL: [Self; 3] = [Self::Assign, Self::Start, Self::Retire];

    fn of(path: &str) -> Result<Self, Refusal> {
        let word = path.rsplit('/').next();
        Self::ALL.into_iter().find(|what| Some(what.word()) == word).ok_or(Refusal::NotFound)
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Assign => "assign",
            Self::Start => "start",
            Self::Retire => "retire",
        }
    }

    pub(super) fn button(self) -> &'static str {
        match self {
            Self::Assign => "Assign an owner",
            Self::Start => "Put in force",
            Self::Retire => "Retire",
        }
    }

    pub(super) fn verb(self) -> Verb {
        match self {
            Self::Assign => Verb::Update,
            Self::Start => Verb::Approve,
            Self::Retire => Verb::Delete,
        }
    }

    /// The field that a word of a refusal stands for.
    fn about(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Assign => {
                &[("choose somebody", "owner"), ("choose a person", "owner"), ("reason", "reason")]
            }
            Self::Start => &[],
            Self::Retire => &[("reason", "reason")],
        }
    }

    fn deed(self) -> Deed {
        match self {
            Self::Assign => Deed::Assigned,
            Self::Start => Deed::Started,
            Self::Retire => Deed::Retired,
        }
    }
}

/// The page that confirms.
pub(super) async fn page(
    State(state): State<WebState>,
    uri: Uri,
    Query(pairs): Query<Vec<(String, String)>>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let what = What::of(uri.path())?;
    let ids = ids(pairs.into_iter().filter(|(name, _)| name == PICK).map(|(_, value)| value))?;
    let (controls, names) = app.read(actor, async |view| chosen(view, &ids, what).await).await?;
    let page = draw(what, &controls, &names, &asked.token, &Sent::default(), &Faults::default());
    asked.frame(&state, &page).await
}

/// Does it.
pub(super) async fn apply(
    State(state): State<WebState>,
    uri: Uri,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let what = What::of(uri.path())?;
    sent.only(&[PICK, "owner", "reason"])?;
    let ids = ids(sent.all(PICK).into_iter())?;
    let reason = sent.text("reason");
    let mut faults = Faults::default();
    if what != What::Start && reason.is_empty() {
        faults.add("reason", "say why, so that others can follow it");
    }
    let owner = sent.text("owner").parse::<ActorId>();
    if what == What::Assign && owner.is_err() {
        faults.add("owner", "choose somebody");
    }
    if faults.is_empty() {
        let outcome = app
            .transact(actor, async |cx| match (what, &owner) {
                (What::Assign, Ok(owner)) => edit::assign(cx, &ids, *owner, &reason).await.map(|_| ()),
                (What::Start, _) => edit::start(cx, &ids).await.map(|_| ()),
                (What::Retire, _) => {
                    for id in &ids {
                        edit::retire(cx, id, &reason).await?;
                    }
                    Ok(())
                }
                (What::Assign, Err(_)) => Err(Error::invalid("choose somebody")),
            })
            .await;
        match outcome {
            Ok(()) => {
                let tally = Tally { deed: what.deed(), done: ids.len(), not: 0 };
                return Ok(go(&done::back(&asked, "/controls", tally)));
            }
            Err(Error::Conflict(says) | Error::Invalid(says)) => {
                faults = Faults::about(format!("{says}. Nothing was changed"), what.about());
            }
            Err(error) => return Err(error.into()),
        }
    }
    let (controls, names) = app.read(actor, async |view| chosen(view, &ids, what).await).await?;
    let page = draw(what, &controls, &names, &asked.token, &sent, &faults);
    asked
        .frame_refused(&state, StatusCode::UNPROCESSABLE_ENTITY, &page)
        .await
        .map(IntoResponse::into_response)
}

fn ids(given: impl Iterator<Item = String>) -> Result<Vec<ControlId>, Refusal> {
    let mut ids = Vec::new();
    for text in given.take(MANY + 1) {
        let id: ControlId = text.parse().map_err(|_| Refusal::Malformed)?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    if ids.len() > MANY { Err(Refusal::Malformed) } else { Ok(ids) }
}

async fn chosen(view: &mut View<'_>, ids: &[ControlId], what: What) -> Result<(Vec<Control>, Names), Error> {
    let mut controls = Vec::new();
    for id in ids {
        let control = control::find(view, id).await?;
        let object = edit::object(view, &control).await?;
        view.permit_on(edit::atom(what.verb()), &object)?;
        controls.push(control);
    }
    Ok((controls, Names::read(view).await?))
}

fn draw(what: What, controls: &[Control], names: &Names, token: &str, sent: &Sent, faults: &Faults) -> Page {
    let count = controls.len();
    let (owner, reason) = (sent.text("owner"), sent.text("reason"));
    let rows = controls.iter().map(|control| {
        let id = control.id.as_str();
        vec![
            html! { a.primary.mono href={ "/controls/" (segment(id)) } { (id) } },
            html! { (control.text.current().title) },
            html! { (control.owner.map_or("nobody", |owner| names.of(owner))) },
            html! { (control.state().word()) },
        ]
    });
    let says = match what {
        What::Assign => "They answer for these controls from now on.",
        What::Start => {
            "From now on each of these texts is a promise that is tested. Each needs a named owner, and nobody puts in force what they wrote."
        }
        What::Retire => {
            "They count for no criterion from now on and do not come back. Reports about a period still say what held on each day."
        }
    };
    // Whoever can put nothing in force yet is told what comes first, with the same controls chosen.
    let unowned: Vec<&Control> = match what {
        What::Start => controls.iter().filter(|control| control.owner.is_none()).collect(),
        What::Assign | What::Retire => Vec::new(),
    };
    let picks: Vec<String> =
        unowned.iter().map(|control| format!("{PICK}={}", segment(control.id.as_str()))).collect();
    let fields = html! {
        (faults.summary())
        p { (says) }
        @if !unowned.is_empty() {
            p.note-line { (unowned.len()) " of " (count) " " (plural(unowned.len(), "has", "have")) " no named owner yet. " a href={ "/controls/bulk/assign?" (picks.join("&")) } { "Assign an owner first" } "." }
        }
        @for control in controls { (hidden(PICK, control.id.as_str())) }
        @if what == What::Assign {
            (field(&Field { name: "owner", label: "Owner", value: &owner, kind: Kind::Select(&names.options(None, &owner)), fault: faults.of("owner"), ..Field::default() }))
        }
        @if what != What::Start {
            (field(&Field { name: "reason", label: "Why", value: &reason, kind: Kind::Area(2), max: TEXT_MAX, fault: faults.of("reason"), ..Field::default() }))
        }
        (send(what.button(), "/controls"))
    };
    let body = html! {
        @if controls.is_empty() {
            div.empty { h3 { "No control is chosen" } p { "Tick the boxes before the " a href="/controls" { "controls" } ", then choose what to do." } }
        } @else {
            div.narrow.stack {
                (form(&format!("/controls/bulk/{}", what.word()), token, &fields))
                (plain("Chosen controls", &["Control", "Title", "Owner", "State"], rows.collect()))
            }
        }
    };
    let title = format!("{}: {count} {}", what.button(), plural(count, "control", "controls"));
    let mut page = Page::new(Place::Controls, &title, body);
    page.crumbs = vec![("Controls".into(), "/controls".into())];
    page
}
