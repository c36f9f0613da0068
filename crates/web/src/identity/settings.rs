//! What an organization sets: its time zone, how dates are written, and when others are told of what nobody did.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use tickmark_app::identity::setting::{self, OrganizationSettings};
use tickmark_core::program::reminder::MAX_ESCALATE_DAYS;
use tickmark_core::zone::{DateStyle, Zone};

use super::{go, reminders};
use crate::WebState;
use crate::design::form::{Faults, Field, Kind, field, form, send};
use crate::design::frame::{Page, Place};
use crate::error::Refusal;
use crate::form::Sent;
use crate::visit::Asked;

/// What stands in the fields.
struct Typed {
    zone: String,
    style: String,
    days: String,
}

/// The page.
pub(super) async fn page(State(state): State<WebState>, asked: Asked) -> Result<Markup, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let set = app.read(actor, async |view| setting::organization(view).await).await?;
    let typed = Typed {
        zone: set.zone.name().to_owned(),
        style: set.style.word().to_owned(),
        days: set.escalate_days.to_string(),
    };
    asked.frame(&state, &draw(&typed, &asked.token, &Faults::default())).await
}

/// Takes the form.
pub(super) async fn set(
    State(state): State<WebState>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    sent.only(&["zone", "style", "days"])?;
    let typed = Typed { zone: sent.text("zone"), style: sent.text("style"), days: sent.text("days") };
    let mut faults = Faults::default();
    let zone = typed.zone.parse::<Zone>().map_err(|_| faults.add("zone", "choose one of the list"));
    let style = typed.style.parse::<DateStyle>().map_err(|_| faults.add("style", "choose one of the list"));
    let days = typed.days.parse::<u32>().ok().filter(|days| *days <= MAX_ESCALATE_DAYS);
    if days.is_none() {
        faults.add("days", format!("it needs whole days, from 0 to {MAX_ESCALATE_DAYS}"));
    }
    if let (Ok(zone), Ok(style), Some(escalate_days)) = (zone, style, days) {
        let settings = OrganizationSettings { zone, style, escalate_days };
        app.transact(actor, async |cx| setting::set_organization(cx, &settings).await).await?;
        return Ok(go("/settings/time"));
    }
    asked.frame_refused(&state, StatusCode::UNPROCESSABLE_ENTITY, &draw(&typed, &asked.token, &faults)).await
}

fn draw(typed: &Typed, token: &str, faults: &Faults) -> Page {
    let zones: Vec<(String, String)> = reminders::zones().collect();
    let styles: Vec<(String, String)> = DateStyle::ALL
        .into_iter()
        .map(|style| (style.word().to_owned(), style.written("2026", 11, "24")))
        .collect();
    let body = html! {
        (faults.summary())
        (field(&Field { name: "zone", label: "Time zone", kind: Kind::Select(&zones), value: &typed.zone, fault: faults.of("zone"), hint: "Of everybody who has not chosen another one.", ..Field::default() }))
        (field(&Field { name: "style", label: "Dates", kind: Kind::Select(&styles), value: &typed.style, fault: faults.of("style"), ..Field::default() }))
        (field(&Field { name: "days", label: "Tell others after so many days", kind: Kind::Input("number"), value: &typed.days, fault: faults.of("days"), max: 2, hint: "When nobody has done what was due, the control's reviewer and the compliance managers are told. 0 switches it off.", ..Field::default() }))
        (send("Keep it", ""))
    };
    let mut page = Page::new(
        Place::Time,
        "Time and reminders",
        html! { div.narrow { (form("/settings/time", token, &body)) } },
    );
    page.lead = html! { "For the whole organization. Each person sets their own zone and reminders in " a href="/account/reminders" { "their account" } "." };
    page
}
