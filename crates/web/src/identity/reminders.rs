//! One's own time zone, and how one is reminded.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use tickmark_app::identity::setting::{self, OrganizationSettings, PersonSettings};
use tickmark_app::mail;
use tickmark_core::program::reminder::Preference;
use tickmark_core::zone::Zone;

use super::account::within;
use super::go;
use crate::WebState;
use crate::design::form::{Faults, Field, Kind, field, form, send};
use crate::design::frame::Page;
use crate::error::Refusal;
use crate::form::Sent;
use crate::visit::Asked;

/// The page.
pub(super) async fn page(State(state): State<WebState>, asked: Asked) -> Result<Markup, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let (own, organization) = app
        .read(actor, async |view| Ok((setting::own(view).await?, setting::organization(view).await?)))
        .await?;
    let chosen = own.zone.as_ref().map(|zone| zone.name().to_owned()).unwrap_or_default();
    let view = View {
        chosen,
        reminders: own.reminders.word().to_owned(),
        organization,
        is_mailed: mail::is_on(app),
    };
    asked.frame(&state, &draw(&view, &asked.token, &Faults::default())).await
}

struct View {
    chosen: String,
    reminders: String,
    organization: OrganizationSettings,
    is_mailed: bool,
}

/// Takes the form.
pub(super) async fn set(
    State(state): State<WebState>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    sent.only(&["zone", "reminders"])?;
    let (zone, reminders) = (sent.text("zone"), sent.text("reminders"));
    let mut faults = Faults::default();
    let chosen: Option<Zone> = match zone.as_str() {
        "" => None,
        name => match name.parse() {
            Ok(zone) => Some(zone),
            Err(_) => {
                faults.add("zone", "choose one of the list");
                None
            }
        },
    };
    match reminders.parse::<Preference>() {
        Ok(reminders) if faults.is_empty() => {
            let settings = PersonSettings { zone: chosen, reminders };
            app.transact(actor, async |cx| setting::set_own(cx, &settings).await).await?;
            return Ok(go("/account/reminders"));
        }
        Ok(_) => {}
        Err(_) => faults.add("reminders", "choose one of the list"),
    }
    let organization = app.read(actor, async |view| setting::organization(view).await).await?;
    let view = View { chosen: zone, reminders, organization, is_mailed: mail::is_on(app) };
    asked.frame_refused(&state, StatusCode::UNPROCESSABLE_ENTITY, &draw(&view, &asked.token, &faults)).await
}

fn draw(view: &View, token: &str, faults: &Faults) -> Page {
    let default = format!("That of the organization, {}", view.organization.zone);
    let zones: Vec<(String, String)> = std::iter::once((String::new(), default)).chain(zones()).collect();
    let ways: Vec<(String, String)> = Preference::ALL
        .into_iter()
        .map(|one| {
            let words = match one {
                Preference::InApp => "On these pages only",
                Preference::Each => "A letter for each thing, in the daytime",
                Preference::Daily => "One letter each morning",
                Preference::Weekly => "One letter each Monday morning",
            };
            (one.word().to_owned(), words.to_owned())
        })
        .collect();
    let hint = if view.is_mailed {
        "A morning begins at 7. What you have read here already is left out of letters."
    } else {
        "No mail goes out here yet: until whoever operates the installation names a mail server, you are reminded on these pages."
    };
    let body = html! {
        (faults.summary())
        (field(&Field { name: "zone", label: "Your time zone", kind: Kind::Select(&zones), value: &view.chosen, fault: faults.of("zone"), hint: "Times on pages are shown as your clock shows them. Windows of controls are days in UTC for everybody.", ..Field::default() }))
        (field(&Field { name: "reminders", label: "Reminders", kind: Kind::Select(&ways), value: &view.reminders, fault: faults.of("reminders"), hint, ..Field::default() }))
        (send("Keep it", "/account"))
    };
    let mut page =
        within("Time and reminders", html! { div.narrow { (form("/account/reminders", token, &body)) } });
    page.lead = html! { "For you, in every organization that you are in." };
    page
}

/// Time zones to choose from.
pub(super) fn zones() -> impl Iterator<Item = (String, String)> {
    Zone::all().into_iter().map(|name| (name.clone(), name.replace('_', " ")))
}
