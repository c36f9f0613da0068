//! What of the controls in scope changed since management signed, and that management confirms it before a report is recorded.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use tickmark_app::Error;
use tickmark_app::engagement::{self, Confirming, SinceSigned, signing};
use tickmark_core::Digest;
use tickmark_core::control::TEXT_MAX;
use tickmark_core::engagement::fieldwork::Party;
use tickmark_core::engagement::{Engagement, ReportKind, Step};

use super::super::{href, key, refused, wrong};
use super::{Shown, draw, load, sentence};
use crate::WebState;
use crate::design::form::{Faults, Field, Kind, field, form, hidden};
use crate::design::{moment, plural};
use crate::engagement::catalog;
use crate::engagement::next::instead;
use crate::error::Refusal;
use crate::form::Sent;
use crate::identity::{go, prove_first};
use crate::visit::Asked;

/// Says what of a control that changed Section IV prints.
fn printed(record: &Engagement, is_frozen: bool) -> String {
    let scope = record.holds();
    if scope.kind == ReportKind::Soc3 {
        return "A SOC 3 prints no controls; management\u{2019}s assertion is about all of them.".to_owned();
    }
    let day =
        if scope.time.is_period() { "at the end of the period" } else { "on the date that is examined" };
    let now = if is_frozen {
        "were when the engagement was frozen"
    } else {
        "are when the report is issued; nothing holds them fast before"
    };
    format!(
        "Section IV prints the text of each as it was {day}, and its frequency, nature and criteria as they {now}."
    )
}

/// What of the controls in scope is not what it was when management signed. With who confirmed that for management, or the form
/// for whoever may.
pub(super) fn since_signed(
    shown: &Shown,
    since: &SinceSigned,
    path: &str,
    asked: &Asked,
    (sent, faults): (&Sent, &Faults),
) -> Markup {
    let count = since.changes.len();
    if count == 0 {
        return html! { p.muted { "No control in scope changed since management signed, on " (moment::date(since.at)) "." } };
    }
    let open = since.unconfirmed();
    let is_management = shown.known.party == Party::Management;
    let may_confirm = is_management && asked.may(signing(Step::Approve)) && !shown.is_own;
    let me = asked.visit.actor.as_deref().map(|actor| actor.id);
    let others = shown.signers.of(Step::Approve, |who| !shown.is_own || Some(who) != me);
    let why = sent.text("why");
    let list = html! { ul.lines { @for one in &since.changes { li { @if is_management { a.mono href={ "/controls/" (one.control) "/history" } { (one.control) } } @else { span.mono { (one.control) } } ": " (one.says) } } } };
    html! {
        div.problem[open.is_some()] id="changed" {
            p { "Since management signed, on " (moment::date(since.at)) ", " (count) " " (plural(count, "control", "controls")) " in scope changed. " (printed(&shown.record, shown.known.report.frozen().is_some())) }
            details open[open.is_some()] { summary { "What changed" } (list) }
            @if let Some(one) = since.covered() {
                p { "Confirmed for management by " (shown.names.of(one.by)) ", " (moment::exact(one.at)) ": " (one.reason) }
            }
            @if let Some(open) = &open {
                @if open.since_confirmed.is_some() { p { strong { (sentence(&open.to_string())) } } }
                p { "Before the report is recorded, somebody who may approve the description confirms for management that what was signed holds with exactly these changes. Signed anew, the " @if shown.record.description.is_some() { "description" } @else { "assertion" } " covers them too." }
                @if is_management && !may_confirm {
                    p { @if shown.is_own { "Who wrote all of these changes does not confirm them: " } @else { "Somebody else confirms them: " } (instead(&others)) "." }
                }
            }
        }
        @if open.is_some() && may_confirm {
            (form(&format!("{path}/changes"), &asked.token, &html! {
                (hidden("changes", &since.digest().to_string()))
                (field(&Field { name: "why", label: "Why what was signed holds with these changes", kind: Kind::Area(2), value: &why, max: TEXT_MAX, fault: faults.of("why"), hint: "It is kept with your name and the time. A control that changes afterwards asks for it again.", ..Field::default() }))
                p.row { button.button.primary type="submit" { "Confirm these changes for management" } }
            }))
        }
    }
}

/// Confirms for management what changed of controls since it signed.
pub(in super::super) async fn confirm(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let key = key(&at)?;
    sent.only(&["changes", "why"])?;
    let seen: Digest = sent.text("changes").parse().map_err(|_| Refusal::Malformed)?;
    let ((app, actor), catalog) = (asked.member(&state)?, catalog(&state)?);
    let (why, page) = (sent.text("why"), format!("{}/report", href(key)));
    let mut faults = Faults::default();
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    if why.is_empty() {
        faults.add("why", "say why what was signed holds with these changes");
    } else {
        let done = app
            .transact(actor, async |cx| engagement::confirm_changes(cx, key, seen, &why, catalog).await)
            .await;
        match done {
            Ok(Confirming::Done(_)) => return Ok(go(&page)),
            Ok(Confirming::Stale(_)) => {
                let says =
                    "controls changed since you looked. This is how they are now; nothing was confirmed";
                (status, faults) = (StatusCode::CONFLICT, Faults::whole(says));
            }
            Err(Error::StepUp) => return prove_first(&state, &asked, asked.path(), &page, &sent).await,
            Err(error) => (status, faults) = wrong(error, &[("reason", "why")])?,
        }
    }
    let shown = load(&state, &asked, key).await?;
    refused(&state, &asked, status, &draw(&shown, &asked, &sent, &faults, state.documents().is_some())).await
}
