//! The list of requests for waivers: those that wait, and what became of the others.

use axum::extract::State;
use maud::{Markup, html};
use tickmark_app::observation;
use tickmark_app::observation::waiver::request::{self, RequestState};
use tickmark_app::register::{self, Kind};

use super::list::shown_targets;
use super::{last_day, scope_words};
use crate::WebState;
use crate::control::Names;
use crate::design::form::capital;
use crate::design::frame::{Page, Place};
use crate::design::moment;
use crate::design::table::{Cell, Column, Filter, Phone, Row, Table};
use crate::error::Refusal;
use crate::list::{self, Listed, Part};
use crate::visit::Asked;

/// Filters that are values of the register.
const FILTERS: [&str; 2] = ["state", "check"];
/// Most choices of a filter.
const OPTIONS: u32 = 200;

pub(super) async fn page(State(state): State<WebState>, asked: Asked) -> Result<Markup, Refusal> {
    let part = Part::of(&asked.query);
    list::show(&state, &asked, listed(&state, &asked, part).await?).await
}

fn columns() -> Vec<Column> {
    vec![
        Column::text("check", "Check", Phone::Title),
        Column::shown("scope", "Targets", Phone::Line),
        Column::shown("who", "Asked by", Phone::Line),
        Column::number("asked", "Asked", Phone::Hidden),
        Column::number("until", "Until", Phone::Line),
        Column::text("state", "State", Phone::Status),
    ]
}

pub(crate) async fn listed(state: &WebState, asked: &Asked, part: Part) -> Result<Listed, Refusal> {
    let (app, actor) = asked.member(state)?;
    let query = list::query(&asked.query, part, &FILTERS, &columns());
    let (requests, found, targets, checks, names) = app
        .read(actor, async |view| {
            let (requests, found) = request::page(view, &query).await?;
            let scopes = requests.iter().map(|one| &one.request.scope);
            let targets = observation::targets_of(view, &shown_targets(scopes)).await?;
            let checks = register::values(view, Kind::Request, "check", OPTIONS).await?;
            Ok((requests, found, targets, checks, Names::for_looking(view).await?))
        })
        .await?;
    let now = asked.visit.now;
    let row = |one: &request::Asked| {
        let wanted = &one.request;
        let who = names.of(wanted.requested_by);
        let why = one.decided.as_ref().map_or("", |(_, _, why)| why.as_str());
        Row {
            cells: vec![
                Cell::by_text(
                    html! { div { a.primary href={ "/waivers/requests/" (one.key) } { (wanted.check) } span.sub { (wanted.reason) } } },
                    &wanted.check,
                ),
                Cell::text(&scope_words(&wanted.scope, &targets)),
                Cell::text(who),
                Cell::by_number(moment::ago(one.at, now), one.at.micros()).said(one.at.to_string()),
                Cell::by_number(
                    html! { span.nowrap { (last_day(wanted.expires_at)) } },
                    wanted.expires_at.micros(),
                )
                .said(wanted.expires_at.plus_micros(-1).date()),
                Cell::by_text(
                    html! {
                        (capital(one.state.word()))
                        @if let Some(waiver) = one.waiver { span.sub { a href={ "/waivers/" (waiver) } { "waiver " (waiver) } } }
                        @if !why.is_empty() { span.sub { (why) } }
                    },
                    one.state.word(),
                ),
            ],
            find: String::new(),
            facets: vec![("state", one.state.word().to_owned()), ("check", wanted.check.clone())],
        }
    };
    let states = [RequestState::Open, RequestState::Granted, RequestState::Refused];
    let table = Table {
        id: "waiver-requests".into(),
        path: "/waivers/requests".into(),
        noun: ("request", "requests"),
        counted: list::counted(&found),
        columns: columns(),
        filters: vec![
            Filter {
                key: "state",
                label: "State",
                options: states.map(|one| (one.word().to_owned(), one.word().to_owned())).to_vec(),
                shown: true,
            },
            Filter {
                key: "check",
                label: "Check",
                shown: !checks.is_empty(),
                options: checks.into_iter().map(|(id, _)| (id.clone(), id)).collect(),
            },
        ],
        rows: requests.iter().map(row).collect(),
        empty: html! {
            div.empty {
                h3 { "Nobody has asked for a waiver" }
                p { "Ask for one on the page of the " a href="/checks?verdict=fail" { "failing check" } "." }
            }
        },
    };
    let mut page = Page::new(Place::Waivers, "Requests for waivers", html! {});
    page.lead = html! { "What was asked for, and what became of it. Who asks does not approve." };
    page.crumbs = vec![("Waivers".into(), "/waivers".into())];
    Ok(Listed::of(page, table))
}
