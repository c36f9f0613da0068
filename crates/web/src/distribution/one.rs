//! One grant: what was entered, which steps are done, what was taken; and the steps themselves.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use tickmark_app::Error;
use tickmark_app::distribution::{self, Basis, Changed, CodeAsked, Download, Version};
use tickmark_core::control::TEXT_MAX;
use tickmark_core::distribution::{Grant, GrantKey, Standing};
use tickmark_core::engagement::EngagementKey;
use tickmark_core::identity::Verb;

use super::enter::handed;
use super::{documents, grant_href, grant_key, page_within, standing};
use crate::WebState;
use crate::control::Names;
use crate::design::digest::copy;
use crate::design::form::{Faults, Field, Kind, button, field, form, hidden, send};
use crate::design::frame::Page;
use crate::design::table::plain;
use crate::design::{block, moment};
use crate::engagement::key;
use crate::error::Refusal;
use crate::form::Sent;
use crate::identity::{go, prove_first};
use crate::visit::Asked;

struct Shown {
    basis: Basis,
    version: Version,
    downloads: Vec<Download>,
    waiting: Vec<CodeAsked>,
    names: Names,
}

async fn load(
    state: &WebState,
    asked: &Asked,
    (key, grant): (EngagementKey, GrantKey),
) -> Result<Shown, Refusal> {
    let (app, actor) = asked.member(state)?;
    let found = app.read(actor, async |view| {
        Ok(Shown {
            basis: distribution::basis(view, key).await?,
            version: distribution::find(view, key, grant).await?,
            downloads: distribution::downloads(view, key, grant).await?,
            waiting: distribution::codes_to_make(view, key, grant).await?,
            names: Names::for_looking(view).await?,
        })
    });
    Ok(found.await?)
}

pub(super) async fn page(
    State(state): State<WebState>,
    Path((at, grant)): Path<(String, String)>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let shown = load(&state, &asked, (key(&at)?, grant_key(&grant)?)).await?;
    asked.frame(&state, &draw(&state, &shown, &asked, ("", ""), &Faults::default())).await
}

fn draw(state: &WebState, shown: &Shown, asked: &Asked, typed: (&str, &str), faults: &Faults) -> Page {
    let record = &shown.version.record;
    let stands = record.standing(shown.basis.version(), asked.visit.now);
    let recipient = &record.asked.recipient;
    let rows = shown.downloads.iter().map(|one| {
        vec![
            html! { span.primary { (one.item.title()) } span.sub { "Copy " (one.copy) } },
            html! { span.nowrap { (moment::written(one.at)) } span.sub { (one.network) } },
            html! { code { (one.model.short()) } },
        ]
    });
    let body = html! {
        (faults.summary())
        div.columns {
            div {
                (block("steps", "Steps", &html! { (stands.title()) }, &steps(shown)))
                @if !stands.is_over() { (acts(state, shown, asked, stands, (typed, faults))) }
                (block("taken", "What they took", &html! { (shown.downloads.len()) }, &html! {
                    @if shown.downloads.is_empty() { p.muted { "Nothing yet." } }
                    @else { (plain("What they took", &["Document", "When, from where", "Model"], rows.collect())) }
                }))
            }
            div { (block("who", "Recipient", &html! { (standing(stands)) }, &about(record, &shown.names))) }
        }
    };
    let mut page = page_within(&shown.basis, &recipient.name, body);
    page.id = record.key.to_string();
    page.lead = html! { (recipient.company) ", " (recipient.relation.title().to_lowercase()) "." };
    page
}

fn about(record: &Grant, names: &Names) -> Markup {
    let recipient = &record.asked.recipient;
    html! {
        dl.facts {
            dt { "Address" } dd { (recipient.email) }
            dt { "What they are to us" } dd { (recipient.relation.title()) @if !recipient.serves.is_empty() { span.sub { "of " (recipient.serves) } } }
            @if let Some(from) = recipient.used_from { dt { "Service used" } dd { "since " (moment::on(from)) @if let Some(to) = recipient.used_to { ", until " (moment::on(to)) } } }
            dt { "What shows it" } dd { (recipient.basis) }
            dt { "How it came about" } dd { (record.asked.origin.title()) }
            dt { "What for" } dd { (record.asked.purpose) }
            dt { "Documents" } dd { (documents(&record.asked.documents)) }
            dt { "Until" } dd { (moment::on(record.asked.until)) }
            dt { "Entered" } dd { (names.of(record.entered.by)) ", " (moment::written(record.entered.at)) }
        }
    }
}

fn steps(shown: &Shown) -> Markup {
    let (record, names) = (&shown.version.record, &shown.names);
    html! {
        dl.facts {
            dt { "Relationship" } dd { @match record.checked() {
                Some(mark) => { "Checked by " (names.of(mark.by)) ", " (moment::written(mark.at)) span.sub { (mark.says) } }
                None => { span.muted { "Nobody has checked it" } }
            } }
            dt { "Agreement" } dd {
                @if record.accepted().is_empty() { span.muted { "Not accepted" } }
                @for one in record.accepted() {
                    div { "Version " (one.version) " accepted by " (one.name) ", " (moment::written(one.at)) span.sub { (one.email) ", from " (one.network) " · " code { (one.digest.short()) } } }
                }
            }
            dt { "Approval" } dd { @match record.approved() {
                Some(mark) => { (names.of(mark.by)) ", " (moment::written(mark.at)) }
                None => { span.muted { "Nobody has approved it" } }
            } }
            @if let Some(mark) = record.ended() {
                dt { "Ended" } dd { (names.of(mark.by)) ", " (moment::written(mark.at)) span.sub { (mark.says) } }
            }
        }
    }
}

fn acts(
    state: &WebState,
    shown: &Shown,
    asked: &Asked,
    stands: Standing,
    ((act, typed), faults): ((&str, &str), &Faults),
) -> Markup {
    let record = &shown.version.record;
    let home = grant_href(record.engagement, record.key);
    let version = hidden("version", &shown.version.number.to_string());
    let may = |verb| asked.may(distribution::atom(verb));
    // What was sent and refused stands in its form again, and that one is in sight.
    let is_sent = |of: &str| act == of && !faults.is_empty();
    let is_own = asked.visit.actor.as_deref().is_some_and(|actor| actor.id == record.entered.by);
    let said = |act: &str, label: &str, words: &str, hint: &str| {
        let text = Field {
            name: "text",
            id: &format!("{act}-text"),
            label,
            kind: Kind::Area(2),
            value: if is_sent(act) { typed } else { "" },
            fault: faults.of("text").filter(|_| is_sent(act)),
            max: TEXT_MAX,
            hint,
            ..Field::default()
        };
        form(&format!("{home}/{act}"), &asked.token, &html! { (version) (field(&text)) (send(words, "")) })
    };
    let goes_by_mail = state.accounts().is_some_and(|app| tickmark_app::mail::is_on(app));
    html! {
        @if record.checked().is_none() && may(Verb::Update) {
            (block("check", "Check the relationship", &html! {}, &said("check", "How it was checked", "The relationship is as they say", "Whom you asked, which record shows it, and that name and address are theirs.")))
        }
        @if stands == Standing::Accepted && may(Verb::Approve) {
            (block("approve", "Approve", &html! {}, &html! {
                @if is_own { p.muted { "Who entered a recipient does not approve it; somebody else does." } }
                @else {
                    p { "They read from now on until " (record.asked.until) ". Their copy carries their name, their company and the day." }
                    (form(&format!("{home}/approve"), &asked.token, &html! { (version) (send("Let them read", "")) }))
                }
            }))
        }
        @if matches!(stands, Standing::Checked | Standing::AgreementChanged) { p.muted { "The recipient has to accept the agreement as it stands." } }
        @if may(Verb::Update) {
            (block("link", "Link and code", &html! {}, &html! {
                @for code in &shown.waiting {
                    p.row { span { "A code was asked for at " (moment::written(code.asked_at)) ", on the page that shows " strong { (code.reference) } "." }
                        form.inline method="post" action={ (home) "/code" } {
                            (hidden("form", &asked.token)) (hidden("number", &code.number.to_string()))
                            button.button type="submit" { "Make the code" span.visually-hidden { " for " (code.reference) } }
                        }
                    }
                }
                @if goes_by_mail { p.muted { "Link and codes go to " (record.asked.recipient.email) "." } }
                @else if shown.waiting.is_empty() { p.muted { "No mail goes out from here: when the recipient asks for a code, their request stands here, and you tell them the code." } }
                (button(&format!("{home}/link"), &asked.token, "Make another link", ""))
            }))
        }
        @if record.approved().is_none() && may(Verb::Approve) {
            details.act open[is_sent("refuse")] { summary { "Refuse" } (said("refuse", "Why", "Refuse it", "")) }
        }
        @if may(Verb::Delete) {
            details.act open[is_sent("revoke")] { summary { "Revoke" } (said("revoke", "Why", "Revoke it", "Link, codes and what they opened stop working at once. What was taken stays in the log.")) }
        }
    }
}

pub(super) async fn act(
    State(state): State<WebState>,
    Path((at, grant, act)): Path<(String, String, String)>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let (key, grant) = (key(&at)?, grant_key(&grant)?);
    let home = grant_href(key, grant);
    let number = |name: &str| sent.text(name).parse::<i64>().map_err(|_| Refusal::Malformed);
    let text = sent.text("text");
    let done = match act.as_str() {
        "link" => {
            sent.only(&[])?;
            let made = app.transact(actor, async |cx| distribution::renew_link(cx, key, grant).await).await;
            match made {
                Ok(link) => return handed(&state, &asked, (key, grant), Some(&link)).await,
                Err(error) => Err(error),
            }
        }
        "code" => {
            sent.only(&["number"])?;
            let number = number("number")?;
            let made =
                app.transact(actor, async |cx| distribution::make_code(cx, key, grant, number).await).await;
            match made {
                Ok(code) => return told(&state, &asked, (key, grant), &code).await,
                Err(error) => Err(error),
            }
        }
        "check" | "refuse" | "revoke" | "approve" => {
            sent.only(&["version", "text"])?;
            let from = number("version")?;
            app.transact(actor, async |cx| match act.as_str() {
                "check" => distribution::check(cx, key, grant, from, &text).await,
                "refuse" => distribution::refuse(cx, key, grant, from, &text).await,
                "revoke" => distribution::revoke(cx, key, grant, from, &text).await,
                _ => distribution::approve(cx, key, grant, from).await,
            })
            .await
        }
        _ => return Err(Refusal::NotFound),
    };
    let (status, faults) = match done {
        Ok(Changed::Done(_)) => return Ok(go(&home)),
        Ok(Changed::Stale(_)) => (
            StatusCode::CONFLICT,
            Faults::whole("somebody changed it meanwhile; nothing was done. Look at it as it is now"),
        ),
        Err(Error::StepUp) => return prove_first(&state, &asked, asked.path(), &home, &sent).await,
        Err(Error::Conflict(says)) => (StatusCode::CONFLICT, Faults::whole(says)),
        Err(Error::Invalid(says)) => {
            let about = [("it needs the", "text"), ("has at most", "text")];
            (StatusCode::UNPROCESSABLE_ENTITY, Faults::about(says, &about))
        }
        Err(error) => return Err(error.into()),
    };
    let shown = load(&state, &asked, (key, grant)).await?;
    let page = draw(&state, &shown, &asked, (&act, &text), &faults);
    asked.frame_refused(&state, status, &page).await.map(IntoResponse::into_response)
}

/// Shows a code that somebody tells the recipient, this once.
async fn told(
    state: &WebState,
    asked: &Asked,
    (key, grant): (EngagementKey, GrantKey),
    code: &str,
) -> Result<Response, Refusal> {
    let shown = load(state, asked, (key, grant)).await?;
    let body = html! {
        div.card role="status" {
            p { "Tell the recipient this code by a way that reaches only them, and be sure that it is them. " strong { "It is shown only now" } ", works for ten minutes, five times, and only in the browser that asked." }
            p { code.key { (code) } " " (copy(code)) }
        }
        p.row { a.button.primary href=(grant_href(key, grant)) { "Go on" } }
    };
    let page = page_within(&shown.basis, "Code for the recipient", body);
    Ok(asked.frame(state, &page).await?.into_response())
}
