//! The list of commitments, read page by page.

use axum::extract::State;
use maud::{Markup, html};
use tickmark_app::control::commitment;
use tickmark_app::register::{self, Kind, Query};
use tickmark_core::control::commitment::{Commitment, CommitmentKind, CommitmentState};
use tickmark_core::id::ActorId;
use tickmark_core::identity::Verb;
use tickmark_core::words::shortened;

use super::{atom, href};
use crate::control::fields::Names;
use crate::design::frame::{Page, Place};
use crate::design::table::{Cell, Column, Filter, PICK, Phone, Row, Table};
use crate::error::Refusal;
use crate::list::{self, Listed, Part};
use crate::visit::Asked;
use crate::{WebState, bulk};

/// Characters of a statement in a list.
pub(super) const SHOWN_CHARS: usize = 160;
/// Filters that are values of the register.
const FILTERS: [&str; 5] = ["state", "kind", "kept", "owner", "open"];
/// Most choices of a filter.
const OPTIONS: u32 = 200;

pub(super) async fn page(State(state): State<WebState>, asked: Asked) -> Result<Markup, Refusal> {
    let part = Part::of(&asked.query);
    list::show(&state, &asked, listed(&state, &asked, part).await?).await
}

fn columns() -> Vec<Column> {
    vec![
        Column::number("key", "No.", Phone::Hidden),
        Column::text("title", "Commitment", Phone::Title),
        Column::text("source", "Source", Phone::Wide),
        Column::text("owner", "Owner", Phone::Line),
        Column::number("controls", "Controls", Phone::Line),
        Column::text("state", "State", Phone::Status),
    ]
}

pub(crate) async fn listed(state: &WebState, asked: &Asked, part: Part) -> Result<Listed, Refusal> {
    let (app, actor) = asked.member(state)?;
    let query = list::query(&asked.query, part, &FILTERS, &columns());
    let (all, found, unkept, owners, names) = app
        .read(actor, async |view| {
            let (all, found) = commitment::page(view, &query).await?;
            let unkept = register::count(view, Kind::Commitment, &Query::of("open", "yes")).await?;
            let owners = register::values(view, Kind::Commitment, "owner", OPTIONS).await?;
            Ok((all, found, unkept, owners, Names::for_looking(view).await?))
        })
        .await?;
    let may_write = asked.may(atom(Verb::Create));
    let owners: Vec<(String, String)> = owners
        .into_iter()
        .map(|(id, _)| {
            let words =
                id.parse::<ActorId>().map_or_else(|_| "nobody".to_owned(), |who| names.of(who).to_owned());
            (id, words)
        })
        .collect();
    let states = CommitmentState::ALL.map(|one| (one.word().to_owned(), one.plain().to_owned())).to_vec();
    let kinds = CommitmentKind::ALL.map(|one| (one.word().to_owned(), one.plain().to_owned())).to_vec();
    let table = Table {
        id: "commitments".into(),
        path: "/commitments".into(),
        noun: ("commitment", "commitments"),
        counted: list::counted(&found),
        columns: columns(),
        filters: vec![
            Filter { key: "state", label: "State", options: states, shown: true },
            Filter { key: "kind", label: "Kind", options: kinds, shown: true },
            Filter::yes_or_no("kept", "Has a control"),
            Filter { key: "owner", label: "Owner", shown: !owners.is_empty(), options: owners },
            Filter { key: "open", label: "Kept by nothing", options: Vec::new(), shown: false },
        ],
        rows: all.iter().map(|version| row(&version.record, &names)).collect(),
        empty: html! {
            div.empty {
                h3 { "No commitment is written down yet" }
                p { "What contracts, terms and laws promise is what controls are for: without it nobody can say what a failure means." }
                @if may_write { p { a.button.primary href="/commitments/new" { "Write down the first" } } }
            }
        },
    };
    let mut page = Page::new(Place::Commitments, "Commitments", html! {});
    page.lead = html! {
        (found.total) " service commitments and system requirements. "
        @if unkept > 0 { a href="/commitments?open=yes" { (unkept) " without a control" } " that keeps them." }
    };
    if may_write {
        page.actions = html! { a.button href="/commitments/new" { "New commitment" } };
    }
    let mut listed = Listed::of(page, table);
    if found.total > 0
        && let Some((picks_in, after)) = bulk::picks(asked, &[bulk::What::Retire])
    {
        (listed.picks_in, listed.after) = (Some(picks_in), after);
    }
    Ok(listed)
}

fn row(record: &Commitment, names: &Names) -> Row {
    let promise = &record.promise;
    let owner = record.owner.map_or("nobody", |owner| names.of(owner));
    let state = record.state();
    let controls = promise.controls.len();
    Row {
        cells: vec![
            Cell::by_number(html! { span.mono.nowrap { (record.key) } }, record.key.0),
            Cell::by_text(
                html! { div { a.primary href=(href(record.key)) { (promise.title) } span.sub { (shortened(&promise.statement, SHOWN_CHARS)) } } },
                &promise.title,
            ),
            Cell::text(&promise.source),
            Cell::by_text(html! { span.muted { (owner) } }, owner),
            Cell::by_number(
                html! { @if controls == 0 { span.muted { "none" } } @else { a.num href={ (href(record.key)) "#controls" } { (controls) } } },
                i64::try_from(controls).unwrap_or(i64::MAX),
            ),
            Cell::text(state.plain()),
        ],
        find: format!("{} {} {} {}", record.key, promise.title, promise.statement, promise.source),
        facets: vec![
            ("state", state.word().to_owned()),
            ("kind", promise.kind.word().to_owned()),
            ("kept", if controls == 0 { "no" } else { "yes" }.to_owned()),
            (PICK, record.key.0.to_string()),
        ],
    }
}
