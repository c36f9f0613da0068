//! What management sees of the firm's papers, as they were shared, and what it answers.

use axum::extract::{Path, State};
use axum::response::Response;
use maud::{Markup, html};
use tickmark_app::Error;
use tickmark_app::engagement::fieldwork::Row;
use tickmark_app::engagement::fieldwork::workpaper::{self, ANSWERING};
use tickmark_core::control::TEXT_MAX;
use tickmark_core::engagement::Engagement;
use tickmark_core::engagement::fieldwork::{ManagementResponse, Workpaper};

use super::workpaper::{Known, concluded, exception_card, has_results, planned, results, sampled, title};
use super::{NO_DAY, Tabbed, href, key, number, page as framed, refused, wrong};
use crate::WebState;
use crate::design::form::{Faults, Field, Kind, field, hidden};
use crate::design::frame::Page;
use crate::design::table::{Cell, Column, Filter, Phone, Row as TableRow, Table};
use crate::design::{block, plural};
use crate::error::Refusal;
use crate::form::Sent;
use crate::identity::go;
use crate::list::{Listed, OfEngagement};
use crate::visit::Asked;

/// The results that the firm shared.
pub(super) fn listed(
    record: &Engagement,
    asked: &Asked,
    rows: &[Row<Workpaper>],
    responses: &[Row<ManagementResponse>],
) -> Listed {
    let (id, path) = OfEngagement::Workpapers.of(record.key);
    let waits = |one: &Workpaper| {
        let is_answered = |number: u32| {
            responses.iter().any(|row| row.record.workpaper == one.number && row.record.exception == number)
        };
        one.exceptions.iter().filter(|exception| !is_answered(exception.number)).count()
    };
    let open: usize = rows.iter().map(|row| waits(&row.record)).sum();
    let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let line = |row: &Row<Workpaper>| {
        let (one, left) = (&row.record, waits(&row.record));
        let name = format!("WP-{} {}", one.number, one.plan.control);
        let result = concluded(one);
        TableRow {
            cells: vec![
                Cell::by_text(html! { a.primary href={ (path) "/" (one.number) } { (name) } }, &name),
                Cell::by_number(html! { (one.items.len()) }, number(one.items.len())),
                Cell::by_text(
                    html! { @if one.conclusion.is_some() { (result) } @else { span.muted { (result) } } },
                    result,
                ),
                Cell::by_number(
                    html! { (one.exceptions.len()) @if left > 0 { span.sub { (left) " to answer" } } },
                    number(one.exceptions.len()),
                ),
            ],
            find: format!("{name} {}", one.plan.procedure),
            facets: vec![
                ("result", result.to_owned()),
                ("answer", if left > 0 { "yes" } else { "no" }.to_owned()),
            ],
        }
    };
    let table = Table {
        noun: ("result", "results"),
        columns: vec![
            Column::text("paper", "Workpaper", Phone::Title),
            Column::number("items", "Items", Phone::Line),
            Column::text("result", "Result", Phone::Status),
            Column::number("exceptions", "Exceptions", Phone::Line),
        ],
        filters: vec![
            Filter::of_values("result", "Result", rows.iter().map(|row| concluded(&row.record).to_owned())),
            Filter::yes_or_no("answer", "Waits for an answer"),
        ],
        rows: rows.iter().map(line).collect(),
        counted: None,
        empty: html! { div.empty { h3 { "The auditor has shared no result" } p { "What the audit firm tests is its own until it shares it. Exceptions come here to be answered before the report is issued." } } },
        id,
        path: path.clone(),
    };
    let mut page = framed(record, asked, Tabbed::Workpapers, "Results shared by the auditor", &html! {});
    if open > 0 {
        page.lead = html! { a href={ (path) "?answer=yes" } { (open) " " (plural(open, "exception waits", "exceptions wait")) } " for management\u{2019}s answer." };
    }
    Listed::of(page, table)
}

pub(super) fn page(known: &Known, asked: &Asked, sent: &Sent, faults: &Faults) -> Page {
    let one = &known.row.record;
    let path = format!("{}/workpapers/{}", href(known.record.key), one.number);
    let may_answer = known.is_open && asked.may(ANSWERING);
    let body = html! {
        (faults.summary())
        div.columns.flush {
            div {
                (block("result", "Result", &html! {}, &html! { @if let Some(result) = one.result() { p.lines { (result) } } @if let Some(held) = &one.conclusion { p.muted { (held.text) } } }))
                @if !one.exceptions.is_empty() {
                    (block("exceptions", "Exceptions", &html! { (one.exceptions.len()) }, &html! {
                        @for exception in &one.exceptions {
                            (exception_card(known, exception.number))
                            @if may_answer { (answering(known, exception.number, &path, &asked.token, (sent, faults))) }
                        }
                    }))
                }
                @if !one.items.is_empty() { (block("items", "Items", &html! { (one.items.len()) }, &html! { (sampled(one, &known.names)) (results(one)) })) }
            }
            div { (block("plan", "Test", &html! {}, &planned(known))) }
        }
    };
    let mut page = framed(&known.record, asked, Tabbed::Workpapers, &title(known), &body);
    page.id = format!("WP-{}", one.number);
    page.lead = html! { "As the auditor shared it. It is the auditor\u{2019}s, and management changes nothing in it." };
    page.crumbs.push(("Results".into(), format!("{}/workpapers", href(known.record.key))));
    page
}

fn answering(
    known: &Known,
    number: u32,
    path: &str,
    token: &str,
    (sent, faults): (&Sent, &Faults),
) -> Markup {
    let held = known.responses.iter().find(|row| row.record.exception == number);
    // A report as of one date, and one for general use, has no results that could be responded to.
    let place = match has_results(&known.record) {
        true => "It stands in Section V, on which the auditor gives no opinion.",
        false => "The auditor reads it; the report has no place for it.",
    };
    let is_typed = sent.text("exception") == number.to_string();
    let text =
        |name: &str, held: Option<String>| if is_typed { sent.text(name) } else { held.unwrap_or_default() };
    let response = text("response", held.map(|row| row.record.response.clone()));
    let action = text("action", held.map(|row| row.record.action.clone()));
    let due = text("due", held.and_then(|row| row.record.due).map(|day| day.to_string()));
    let fault = |name| faults.of(name).filter(|_| is_typed);
    // Each exception has such a form, and an id is there once.
    let [response_id, action_id, due_id] =
        ["response", "action", "due"].map(|name| format!("{name}-{number}"));
    html! {
        details.act open[held.is_none() || is_typed] {
            summary { @if held.is_some() { "Change the answer" } @else { "Answer it" } }
            form.card method="post" action={ (path) "/respond" } {
                (hidden("form", token)) (hidden("version", &held.map_or(0, |row| row.version).to_string())) (hidden("exception", &number.to_string()))
                (field(&Field { name: "response", id: &response_id, fault: fault("response"), label: "Management\u{2019}s response", kind: Kind::Area(4), value: &response, max: TEXT_MAX, hint: &format!("Cause, and effect with the result of looking back. Nothing that cannot be shown. {place}"), ..Field::default() }))
                (field(&Field { name: "action", id: &action_id, fault: fault("action"), label: "What was done, or is planned", kind: Kind::Area(2), value: &action, max: TEXT_MAX, optional: true, ..Field::default() }))
                (field(&Field { name: "due", id: &due_id, fault: fault("due"), label: "By when", kind: Kind::Input("date"), value: &due, optional: true, ..Field::default() }))
                p.row { button.button.primary type="submit" { "Send the answer" } }
            }
        }
    }
}

pub(super) async fn respond(
    State(state): State<WebState>,
    Path((at, no)): Path<(String, String)>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (key, number) = (key(&at)?, number(&no)?);
    let (app, actor) = asked.member(&state)?;
    sent.only(&["version", "exception", "response", "action", "due"])?;
    let from: i64 = sent.text("version").parse().map_err(|_| Refusal::Malformed)?;
    let (due, is_day) = match sent.text("due").as_str() {
        "" => (None, true),
        text => text.parse().map_or((None, false), |day| (Some(day), true)),
    };
    let response = ManagementResponse {
        workpaper: number,
        exception: sent.text("exception").parse().map_err(|_| Refusal::Malformed)?,
        response: sent.text("response"),
        action: sent.text("action"),
        due,
    };
    let done = match is_day {
        true => app.transact(actor, async |cx| workpaper::respond(cx, key, from, response).await).await,
        false => Err(Error::invalid(NO_DAY)),
    };
    match done {
        Ok(()) => Ok(go(&format!("{}/workpapers/{number}", href(key)))),
        Err(error) => {
            let about = [
                (NO_DAY, "due"),
                ("the day by which", "due"),
                ("response", "response"),
                ("the action has", "action"),
            ];
            let (status, faults) = wrong(error, &about)?;
            let known = super::workpaper::known(&state, &asked, key, number).await?;
            refused(&state, &asked, status, &page(&known, &asked, &sent, &faults)).await
        }
    }
}
