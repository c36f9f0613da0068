//! Whom the engagement lets in from the audit firm, and until when.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use tickmark_app::Error;
use tickmark_app::engagement::fieldwork::access::{self, LETTING_IN};
use tickmark_app::identity::people::{Auditor, Awaited, LetIn, Link};
use tickmark_core::conclusion::scope::Day;
use tickmark_core::control::TEXT_MAX;
use tickmark_core::engagement::fieldwork::{ACCESS_DAYS_MAX, Party};
use tickmark_core::engagement::{Engagement, EngagementKey};
use tickmark_core::id::{InvitationId, MembershipId};
use tickmark_core::identity::Verb;
use tickmark_core::time::DAY_US;

use super::{NO_DAY, Tabbed, atom, head, href, key, page as framed, party, refused, wrong};
use crate::WebState;
use crate::design::form::{Faults, Field, Kind, button, field, form, hidden};
use crate::design::frame::Page;
use crate::design::table::plain;
use crate::design::{block, digest, moment};
use crate::error::Refusal;
use crate::form::Sent;
use crate::identity::{go, prove_first};
use crate::visit::Asked;

/// Days that a form offers first.
const USUAL_DAYS: i64 = 90;

/// The field that a word of a refusal stands for.
const ABOUT: [(&str, &str); 7] = [
    ("e-mail address", "email"),
    ("lets them in already", "email"),
    ("in the organization already", "email"),
    ("access that ends", "last"),
    ("access lasts", "last"),
    (NO_DAY, "last"),
    ("say why", "reason"),
];

#[derive(Default)]
struct Outcome {
    link: Option<(String, String, bool)>,
    faults: Faults,
    email: String,
    last: String,
    moved: Option<Moved>,
}

/// A change of somebody's access as it was typed, and what is wrong with it.
struct Moved {
    id: MembershipId,
    act: String,
    last: String,
    reason: String,
    faults: Faults,
}

pub(super) async fn page(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let key = key(&at)?;
    let last = asked.visit.now.plus_micros(USUAL_DAYS * DAY_US).date();
    let page = draw(&state, &asked, key, &Outcome { last, ..Outcome::default() }).await?;
    asked.frame(&state, &page).await
}

async fn draw(
    state: &WebState,
    asked: &Asked,
    key: EngagementKey,
    outcome: &Outcome,
) -> Result<Page, Refusal> {
    if party(state, asked, key).await? == Party::Auditor {
        return Err(Refusal::NotFound);
    }
    let (app, actor) = asked.member(state)?;
    let shown = app
        .read(actor, async |view| {
            Ok(Shown {
                record: head(view, key).await?.0,
                auditors: access::auditors(view, key).await?,
                awaited: access::awaited(view, key).await?,
                shut: access::shut(view, key).await?,
            })
        })
        .await?;
    Ok(drawn(&shown, asked, outcome))
}

/// What the page is drawn from.
struct Shown {
    record: Engagement,
    auditors: Vec<Auditor>,
    awaited: Vec<Awaited>,
    /// Why nobody can be let in now.
    shut: Option<String>,
}

fn drawn(shown: &Shown, asked: &Asked, outcome: &Outcome) -> Page {
    let Shown { record, auditors, awaited, shut } = shown;
    let (may_invite, may_extend) = (asked.may(LETTING_IN), asked.may(atom(Verb::Update)));
    let may_let_in = may_invite && shut.is_none();
    let now = asked.visit.now;
    let path = format!("{}/access", href(record.key));
    let rows = auditors.iter().map(|one| {
        let is_in = one.valid.contains(now);
        let until = one.valid.to.unwrap_or(now);
        vec![
            html! { strong { (one.member.name) } span.sub { (one.member.email) } },
            html! { @if is_in { "to " (moment::date(until.plus_micros(-1))) } @else { span.muted { "ended " (moment::exact(until)) } } },
            html! { @if may_extend { (moving(&path, one, is_in, outcome.moved.as_ref(), &asked.token)) } },
        ]
    });
    let body = html! {
        @if let Some((email, link, is_mailed)) = &outcome.link {
            div.card role="status" {
                @if *is_mailed { p { "A letter with this link is on its way to " strong { (email) } ". It works once, for 24 hours, and " strong { "is shown only now" } "." } }
                @else { p { "Send this link to " strong { (email) } ". It works once, for 24 hours, and " strong { "is shown only now" } "." } }
                p.link { code { (link) } (digest::copy(link)) }
            }
        }
        (outcome.moved.as_ref().map_or(&outcome.faults, |moved| &moved.faults).summary())
        @if auditors.is_empty() && awaited.is_empty() {
            div.empty { h3 { "Nobody of the audit firm is in" } p { "Who is let in here sees this engagement and nothing else: its scope, its requests, and evidence of controls in scope inside its time. Each look at a file stands in the audit trail." } }
        }
        @if !auditors.is_empty() { (plain("People of the audit firm", &["Who", "Access", ""], rows.collect())) }
        @if !awaited.is_empty() { (block("awaited", "Not come in yet", &html! {}, &plain("People of the audit firm who have not come in", &["Who", "Access", "Link", ""], awaited.iter().map(|one| coming(&path, one, asked, may_let_in)).collect()))) }
        @if may_let_in {
            (block("invite", "Let somebody of the audit firm in", &html! {}, &html! { div.narrow { (form(&path, &asked.token, &html! {
                (field(&Field { name: "email", label: "E-mail address", kind: Kind::Input("email"), value: &outcome.email, fault: outcome.faults.of("email"), ..Field::default() }))
                (field(&Field { name: "last", label: "Last day of access", kind: Kind::Input("date"), value: &outcome.last, fault: outcome.faults.of("last"), hint: &format!("At most {ACCESS_DAYS_MAX} days from now; it can be extended with a reason."), ..Field::default() }))
                p.row { button.button.primary type="submit" { "Let in" } }
            })) } }))
        } @else if let (true, Some(why)) = (may_invite, shut) {
            p.note-line { "Nobody can be let in now, and no link is made anew: " (why) "." @if !auditors.is_empty() && may_extend { " The access of those who were in can be moved all the same, so that they read what stands here." } }
        } @else {
            p.muted { "Owners and administrators let people of the audit firm in; compliance managers extend and end their access." }
        }
    };
    let mut page = framed(record, asked, Tabbed::Access, "Access of the audit firm", &body);
    page.lead = html! { "People of the audit firm are nothing else here. Nobody can act as them." };
    page
}

/// Somebody who was let in by a link and has not come in by it.
fn coming(path: &str, one: &Awaited, asked: &Asked, may_renew: bool) -> Vec<Markup> {
    let (now, held) = (asked.visit.now, &one.invitation);
    let email = held.email.as_deref().unwrap_or_default();
    vec![
        html! { strong { (email) } },
        html! { @if now < one.until { "until " (moment::exact(one.until)) } @else { span.muted { "would have ended " (moment::exact(one.until)) } } },
        html! { @if now < held.expires_at { "works until " (moment::exact(held.expires_at)) } @else { span.muted { "stopped working " (moment::exact(held.expires_at)) } } },
        html! { @if may_renew && now < one.until { (button(&format!("{path}/{}/renew", held.id), &asked.token, "Make a new link", &format!("for {email}"))) } },
    ]
}

fn moving(path: &str, one: &Auditor, is_in: bool, moved: Option<&Moved>, token: &str) -> Markup {
    let id = one.member.id;
    let fields = |act: &str, words: &str, has_day: bool| {
        let (day, why) = (format!("{act}-{id}-day"), format!("{act}-{id}-why"));
        let moved = moved.filter(|moved| moved.id == id && moved.act == act);
        let (last, reason) = moved.map_or(("", ""), |moved| (moved.last.as_str(), moved.reason.as_str()));
        let fault = |name| moved.and_then(|moved| moved.faults.of(name));
        html! {
            details.act open[moved.is_some()] {
                summary { (words) span.visually-hidden { " the access of " (one.member.name) } }
                form method="post" action={ (path) "/" (id) "/" (act) } {
                    (hidden("form", token))
                    @if has_day { (field(&Field { name: "last", id: &day, label: "New last day", kind: Kind::Input("date"), value: last, fault: fault("last"), ..Field::default() })) }
                    (field(&Field { name: "reason", id: &why, label: "Why", kind: Kind::Area(2), value: reason, max: TEXT_MAX, fault: fault("reason"), ..Field::default() }))
                    p.row { button.button type="submit" { (words) } }
                }
            }
        }
    };
    html! { (fields("extend", if is_in { "Extend" } else { "Let in again" }, true)) @if is_in { (fields("end", "End now", false)) } }
}

pub(super) async fn let_in(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let key = key(&at)?;
    let (app, actor) = asked.member(&state)?;
    sent.only(&["email", "last"])?;
    let mut outcome = Outcome { email: sent.text("email"), last: sent.text("last"), ..Outcome::default() };
    let status = match outcome.last.parse::<Day>() {
        Err(error) => {
            outcome.faults.add("last", error);
            StatusCode::UNPROCESSABLE_ENTITY
        }
        Ok(last) => {
            let email = outcome.email.clone();
            match app.transact(actor, async |cx| access::let_in(cx, key, &email, last).await).await {
                Ok(LetIn::AtOnce(_)) => return Ok(go(&format!("{}/access", href(key)))),
                Ok(LetIn::ByLink(link)) => return shown(&state, &asked, key, outcome.email, &link).await,
                Err(Error::StepUp) => {
                    return prove_first(&state, &asked, asked.path(), asked.path(), &sent).await;
                }
                Err(Error::Forbidden(says)) if says.contains("auditor") => {
                    outcome.faults.add("email", says);
                    StatusCode::CONFLICT
                }
                Err(error) => {
                    let (status, faults) = wrong(error, &ABOUT)?;
                    outcome.faults = faults;
                    status
                }
            }
        }
    };
    let page = draw(&state, &asked, key, &outcome).await?;
    refused(&state, &asked, status, &page).await
}

/// The page with a link, which is shown this once.
async fn shown(
    state: &WebState,
    asked: &Asked,
    key: EngagementKey,
    email: String,
    link: &Link,
) -> Result<Response, Refusal> {
    let address = format!("{}/join/{}", state.address(), link.text());
    let last = asked.visit.now.plus_micros(USUAL_DAYS * DAY_US).date();
    let outcome = Outcome { link: Some((email, address, link.is_mailed)), last, ..Outcome::default() };
    let page = draw(state, asked, key, &outcome).await?;
    Ok(asked.frame(state, &page).await?.into_response())
}

/// Makes another link for somebody who has not come in.
async fn renew(
    state: &WebState,
    asked: &Asked,
    key: EngagementKey,
    id: &str,
    sent: &Sent,
) -> Result<Response, Refusal> {
    let id: InvitationId = id.parse().map_err(|_| Refusal::NotFound)?;
    let (app, actor) = asked.member(state)?;
    sent.only(&[])?;
    match app.transact(actor, async |cx| access::renew(cx, key, id).await).await {
        Ok((email, LetIn::ByLink(link))) => shown(state, asked, key, email, &link).await,
        Ok((_, LetIn::AtOnce(_))) => Ok(go(&format!("{}/access", href(key)))),
        Err(Error::StepUp) => {
            prove_first(state, asked, asked.path(), &format!("{}/access", href(key)), sent).await
        }
        Err(error) => {
            let (status, faults) = wrong(error, &[])?;
            let page = draw(state, asked, key, &Outcome { faults, ..Outcome::default() }).await?;
            refused(state, asked, status, &page).await
        }
    }
}

pub(super) async fn act(
    State(state): State<WebState>,
    Path((at, id, act)): Path<(String, String, String)>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let key = key(&at)?;
    if act == "renew" {
        return renew(&state, &asked, key, &id, &sent).await;
    }
    let id: MembershipId = id.parse().map_err(|_| Refusal::NotFound)?;
    let (app, actor) = asked.member(&state)?;
    let reason = sent.text("reason");
    let done = match act.as_str() {
        "extend" => {
            sent.only(&["last", "reason"])?;
            match sent.text("last").parse::<Day>() {
                Ok(last) => {
                    app.transact(actor, async |cx| access::extend(cx, key, id, last, &reason).await).await
                }
                Err(_) => Err(Error::invalid(NO_DAY)),
            }
        }
        "end" => {
            sent.only(&["reason"])?;
            app.transact(actor, async |cx| access::end(cx, key, id, &reason).await).await
        }
        _ => return Err(Refusal::NotFound),
    };
    match done {
        Ok(()) => Ok(go(&format!("{}/access", href(key)))),
        Err(error) => {
            let (status, faults) = wrong(error, &ABOUT)?;
            let moved = Some(Moved { id, act, last: sent.text("last"), reason, faults });
            let page = draw(&state, &asked, key, &Outcome { moved, ..Outcome::default() }).await?;
            refused(&state, &asked, status, &page).await
        }
    }
}
