//! The list of waivers, read page by page, with what waits for a decision before it.

use std::collections::BTreeSet;

use axum::extract::State;
use maud::{Markup, html};
use tickmark_app::observation::waiver::{self, request};
use tickmark_app::observation::{self, Target};
use tickmark_app::register::{self, Kind, Want};
use tickmark_core::Timestamp;
use tickmark_core::id::TargetKey;
use tickmark_core::identity::Verb;
use tickmark_core::observation::Waiver;
use tickmark_core::observation::waiver::{Scope, State as Stands};

use super::{atom, last_day, scope_words};
use crate::WebState;
use crate::control::Names;
use crate::design::badge::badge;
use crate::design::frame::{Page, Place};
use crate::design::icon::Mark;
use crate::design::table::{Cell, Column, Filter, Phone, Row, Table, plain};
use crate::design::{block, moment};
use crate::error::Refusal;
use crate::list::{self, Listed, Part};
use crate::visit::Asked;

/// Filters that are values of the register.
const FILTERS: [&str; 1] = ["check"];
/// Most choices of a filter.
const OPTIONS: u32 = 200;
/// Requests that are shown before the list.
const WAITING: u32 = 50;

pub(super) async fn page(State(state): State<WebState>, asked: Asked) -> Result<Markup, Refusal> {
    let part = Part::of(&asked.query);
    list::show(&state, &asked, listed(&state, &asked, part).await?).await
}

fn columns() -> Vec<Column> {
    vec![
        Column::text("check", "Check", Phone::Title),
        Column::shown("scope", "Targets", Phone::Line),
        Column::text("approved", "Approved by", Phone::Line),
        Column::number("until", "Until", Phone::Line),
        Column::text("state", "State", Phone::Status),
    ]
}

pub(crate) async fn listed(state: &WebState, asked: &Asked, part: Part) -> Result<Listed, Refusal> {
    let (app, actor) = asked.member(state)?;
    let mut query = list::query(&asked.query, part, &FILTERS, &columns());
    let stands = asked.query.get("state");
    let (waivers, found, (requests, open), targets, checks, names) = app
        .read(actor, async |view| {
            if let Some(word) = stands {
                // An unknown word asks for nothing.
                let nothing = || vec![("state".to_owned(), Want::Any(Vec::new()))];
                query.filters.extend(waiver::standing(view, word).unwrap_or_else(nothing));
            }
            let (waivers, found) = waiver::page(view, &query).await?;
            let waiting = request::waiting(view, WAITING).await?;
            let scopes = waivers.iter().map(|one| &one.scope);
            let scopes = scopes.chain(waiting.0.iter().map(|one| &one.request.scope));
            let targets = observation::targets_of(view, &shown_targets(scopes)).await?;
            let checks = register::values(view, Kind::Waiver, "check", OPTIONS).await?;
            Ok((waivers, found, waiting, targets, checks, Names::for_looking(view).await?))
        })
        .await?;
    let now = asked.visit.now;
    let may_revoke = asked.may(atom(Verb::Approve));
    let waiting: Vec<Vec<Markup>> = requests
        .iter()
        .map(|one| {
            vec![
                html! { a.primary href={ "/waivers/requests/" (one.key) } { (one.request.check) } span.sub { (one.request.reason) } },
                html! { (scope_words(&one.request.scope, &targets)) },
                html! { (names.of(one.request.requested_by)) ", " (moment::ago(one.at, now)) },
                html! { (last_day(one.request.expires_at)) },
            ]
        })
        .collect();
    let states = [Stands::InForce, Stands::Expired, Stands::Revoked];
    let table = Table {
        id: "waivers".into(),
        path: "/waivers".into(),
        noun: ("waiver", "waivers"),
        counted: list::counted(&found),
        columns: columns(),
        filters: vec![
            Filter {
                key: "state",
                label: "State",
                options: states.map(|one| (one.word().replace(' ', "_"), one.word().to_owned())).to_vec(),
                shown: true,
            },
            Filter {
                key: "check",
                label: "Check",
                shown: !checks.is_empty(),
                options: checks.into_iter().map(|(id, _)| (id.clone(), id)).collect(),
            },
        ],
        rows: waivers.iter().map(|one| row(one, &targets, &names, now, may_revoke)).collect(),
        empty: html! {
            div.empty {
                h3 { "No check is waived" }
                p { "Where a check cannot be met for a while, ask for a waiver on the page of the " a href="/checks?verdict=fail" { "failing check" } ". It stands beside the verdict and changes none." }
            }
        },
    };
    let body = html! {
        @if !waiting.is_empty() {
            (block("requests", "Waiting for a decision", &html! { a href="/waivers/requests?state=open" { (open) } }, &plain("Waiting for a decision", &["Check", "Targets", "Asked by", "Until"], waiting)))
        }
    };
    let mut page = Page::new(Place::Waivers, "Waivers", body);
    page.lead = html! { "Exceptions to checks: one asks, another approves, each for a time. A waived failure stays a failure." };
    page.actions = html! { a.button href="/waivers/requests" { "All requests" } };
    Ok(Listed::of(page, table))
}

fn row(one: &Waiver, targets: &[Target], names: &Names, now: Timestamp, may_revoke: bool) -> Row {
    let stands = one.state(now);
    let mark = if stands == Stands::InForce { Mark::Waived } else { Mark::NotApplicable };
    let approved = names.of(one.approved_by);
    Row {
        cells: vec![
            Cell::by_text(
                html! { div { a.primary href={ "/waivers/" (one.id) } { (one.check) } span.sub { (one.reason) } } },
                &one.check,
            ),
            Cell::text(&scope_words(&one.scope, targets)),
            Cell::by_text(
                html! { (approved) span.sub { "asked by " (names.of(one.requested_by)) } },
                approved,
            ),
            Cell::by_number(html! { span.nowrap { (last_day(one.expires_at)) } }, one.expires_at.micros())
                .said(one.expires_at.plus_micros(-1).date()),
            Cell::by_text(
                html! {
                    (badge(mark, stands.word()))
                    @if may_revoke && stands == Stands::InForce { " " a.small href={ "/waivers/" (one.id) "/revoke" } { "take back" } }
                },
                stands.word(),
            ),
        ],
        find: format!("{} {} {}", one.check, one.reason, approved),
        facets: vec![("state", stands.word().replace(' ', "_"))],
    }
}

/// The targets that words about these scopes name.
pub(super) fn shown_targets<'a>(scopes: impl Iterator<Item = &'a Scope>) -> Vec<TargetKey> {
    let keys: BTreeSet<TargetKey> = scopes
        .flat_map(|scope| match scope {
            Scope::All => Vec::new(),
            Scope::Targets(keys) => keys.iter().take(super::NAMED).copied().collect(),
        })
        .collect();
    keys.into_iter().collect()
}
