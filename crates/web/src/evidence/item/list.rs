//! The list of items.

use std::collections::BTreeMap;

use axum::extract::State;
use maud::{Markup, html};
use tickmark_app::control;
use tickmark_app::evidence::item;
use tickmark_app::register::{self, Kind, Query, Want};
use tickmark_core::Timestamp;
use tickmark_core::control::{ControlId, Frequency};
use tickmark_core::evidence::freshness::{Freshness, freshness};
use tickmark_core::evidence::item::{Item, Sensitivity, State as ItemState};
use tickmark_core::id::ActorId;
use tickmark_core::identity::{Atom, Resource, Verb};

use super::{fresh_mark, fresh_word, state_badge};
use crate::design::badge::badge;
use crate::design::frame::{Page, Place};
use crate::design::table::{Cell, Column, Filter, PICK, Phone, Row, Table, plain};
use crate::design::{moment, segment};
use crate::error::Refusal;
use crate::identity::{name, names};
use crate::list::{self, Listed, Part};
use crate::permission;
use crate::visit::Asked;
use crate::{WebState, bulk};

/// Filters that are values of the register.
const FILTERS: [&str; 6] = ["state", "control", "sensitivity", "kind", "by", "system"];
/// Most choices of a filter.
const OPTIONS: u32 = 200;
/// Controls that a row names.
const NAMED: usize = 3;

pub(super) async fn page(State(state): State<WebState>, asked: Asked) -> Result<Markup, Refusal> {
    let part = Part::of(&asked.query);
    list::show(&state, &asked, listed(&state, &asked, part).await?).await
}

fn columns() -> Vec<Column> {
    vec![
        Column::number("number", "No.", Phone::Hidden),
        Column::text("title", "Evidence", Phone::Title),
        Column::shown("controls", "Controls", Phone::Line),
        Column::number("covers", "Covers", Phone::Line),
        Column::shown("freshness", "Freshness", Phone::Line),
        Column::text("sensitivity", "Sensitivity", Phone::Wide),
        Column::shown("by", "Handed in by", Phone::Wide),
        Column::number("state", "State", Phone::Status),
    ]
}

pub(crate) async fn listed(state: &WebState, asked: &Asked, part: Part) -> Result<Listed, Refusal> {
    let (app, actor) = asked.member(state)?;
    let mut query = list::query(&asked.query, part, &FILTERS, &columns());
    let fresh = asked.query.get("freshness");
    let (items, found, waiting, controls, frequencies, people) = app
        .read(actor, async |view| {
            if let Some(word) = fresh {
                // An unknown word asks for nothing.
                let nothing = ("freshness".to_owned(), Want::Any(Vec::new()));
                query.filters.push(item::as_fresh(view, word).unwrap_or(nothing));
            }
            let (items, found) = item::page(view, &query).await?;
            let waiting = register::count(view, Kind::Item, &Query::of("state", "submitted")).await?;
            let controls = register::values(view, Kind::Item, "control", OPTIONS).await?;
            let ids: Vec<ControlId> = items.iter().flat_map(|item| item.controls.clone()).collect();
            let frequencies = frequencies(control::some(view, &ids).await?);
            let people = names(view, items.iter().map(|item| item.made_by)).await?;
            Ok((items, found, waiting, controls, frequencies, people))
        })
        .await?;
    let now = asked.visit.now;
    let may_add = asked.may(Atom::new(Resource::Evidence, Verb::Create));
    let rows: Vec<Row> = items.iter().map(|item| row(item, &frequencies, &people, now)).collect();
    let linked: Vec<(String, String)> = controls.into_iter().map(|(id, _)| (id.clone(), id)).collect();
    let states = ItemState::ALL.iter().map(|one| (one.word().to_owned(), one.title().to_owned())).collect();
    let fresh = Freshness::WORDS.map(|word| (word.to_owned(), fresh_word(word).to_owned())).to_vec();
    let sensitivities =
        Sensitivity::ALL.iter().map(|one| (one.word().to_owned(), one.title().to_owned())).collect();
    let table = Table {
        id: "items".into(),
        path: "/evidence/items".into(),
        noun: ("item", "items"),
        columns: columns(),
        filters: vec![
            Filter { key: "state", label: "State", options: states, shown: true },
            Filter { key: "freshness", label: "Freshness", options: fresh, shown: true },
            Filter { key: "control", label: "Control", shown: !linked.is_empty(), options: linked },
            Filter { key: "sensitivity", label: "Sensitivity", options: sensitivities, shown: true },
            Filter { key: "system", label: "System", options: Vec::new(), shown: false },
        ],
        rows,
        counted: list::counted(&found),
        empty: html! {
            div.empty {
                h3 { "No evidence handed in yet" }
                p { "An item is one or more files with what they show, where they come from and which controls they serve. What programs collect is under " a href="/evidence" { "raw evidence" } "." }
                @if may_add { p { a.button.primary href="/evidence/items/new" { "Add evidence" } } }
            }
        },
    };
    let mut page = Page::new(Place::Items, "Evidence", html! {});
    page.lead = html! {
        "What people handed in. "
        @if waiting > 0 { a href="/evidence/items?state=submitted" { (waiting) " waiting" } " to be accepted. " }
        "Freshness is judged by how often each control is performed. "
        @if permission::offers(actor, "/evidence/keeping") { a href="/evidence/keeping" { "How long it is kept" } "." }
    };
    if may_add {
        page.actions = html! { a.button.primary href="/evidence/items/new" { "Add evidence" } };
    }
    let mut listed = Listed::of(page, table);
    if found.total > 0
        && let Some((picks_in, after)) = bulk::picks(asked, &[bulk::What::Accept, bulk::What::Link])
    {
        (listed.picks_in, listed.after) = (Some(picks_in), after);
    }
    Ok(listed)
}

/// How often each control is performed.
pub(super) fn frequencies(controls: Vec<tickmark_core::control::Control>) -> BTreeMap<ControlId, Frequency> {
    controls.into_iter().map(|control| (control.id, control.frequency)).collect()
}

/// How fresh an item is for each of its controls.
pub(super) fn fresh_for(
    item: &Item,
    frequencies: &BTreeMap<ControlId, Frequency>,
    now: Timestamp,
) -> Vec<(ControlId, Frequency, Freshness)> {
    let known = item.controls.iter().filter_map(|id| Some((id, *frequencies.get(id)?)));
    known
        .map(|(id, frequency)| (id.clone(), frequency, freshness(item.covered_to(), frequency, now)))
        .collect()
}

fn covers(item: &Item) -> Markup {
    html! {
        @match item.version.description.covers {
            Some(covers) if covers.from == covers.last_day() => span.nowrap { (moment::date(covers.from)) },
            Some(covers) => span.nowrap { (moment::date(covers.from)) " to " (moment::date(covers.last_day())) },
            None => span.muted { "not stated" },
        }
    }
}

/// The days that an item covers, for a file.
fn covered_words(item: &Item) -> String {
    let covers = item.version.description.covers;
    covers.map(|covers| format!("{} to {}", covers.from.date(), covers.last_day().date())).unwrap_or_default()
}

fn row(
    item: &Item,
    frequencies: &BTreeMap<ControlId, Frequency>,
    people: &BTreeMap<ActorId, String>,
    now: Timestamp,
) -> Row {
    let said = &item.version.description;
    let fresh = fresh_for(item, frequencies, now);
    // The worst of them stands for all; the item's page has each.
    let worst = fresh.iter().map(|(_, _, freshness)| *freshness).min();
    let ids: Vec<&str> = item.controls.iter().map(ControlId::as_str).collect();
    let by = name(people, item.made_by);
    let files: Vec<&str> = item.version.files.iter().map(|file| file.name.as_str()).collect();
    let mut facets =
        vec![("state", item.state.word().to_owned()), ("sensitivity", said.sensitivity.word().to_owned())];
    facets.extend(ids.iter().map(|id| ("control", (*id).to_owned())));
    facets.extend(fresh.iter().map(|(_, _, freshness)| ("freshness", freshness.word().to_owned())));
    let state = ItemState::ALL.iter().position(|one| *one == item.state).unwrap_or_default();
    Row {
        cells: vec![
            Cell::by_number(html! { span.num.muted { (item.key) } }, item.key.0),
            Cell {
                show: html! {
                    a.primary href={ "/evidence/items/" (item.key) } { (said.title) }
                    span.sub { (said.kind.title()) ", " (files_words(item)) }
                },
                ..Cell::text(&said.title)
            },
            Cell::by_text(
                html! {
                    span.refs {
                        @for id in ids.iter().take(NAMED) { a href={ "/controls/" (segment(id)) } { (id) } }
                        @if ids.len() > NAMED { span.muted.small { "+" (ids.len() - NAMED) } }
                        @if ids.is_empty() { span.muted.small { "none" } }
                    }
                },
                &ids.join(" "),
            ),
            Cell::by_number(covers(item), item.covered_to().map_or(0, Timestamp::micros))
                .said(covered_words(item)),
            Cell::by_text(
                html! { @match worst { Some(one) => (badge(fresh_mark(one), fresh_word(one.word()))), None => span.muted { "no control" } } },
                worst.map_or("", |one| fresh_word(one.word())),
            ),
            Cell::text(said.sensitivity.title()),
            Cell::by_text(html! { span.muted { (by) } }, by),
            Cell::by_number(state_badge(item.state), i64::try_from(state).unwrap_or(0))
                .said(item.state.title()),
        ],
        find: format!(
            "{} {} {} {} {} {}",
            item.key,
            said.title,
            said.source,
            ids.join(" "),
            by,
            files.join(" ")
        ),
        facets: facets.into_iter().chain([(PICK, format!("{}.{}", item.key, item.revision))]).collect(),
    }
}

fn files_words(item: &Item) -> String {
    match item.version.files.as_slice() {
        [one] => one.name.clone(),
        files => format!("{} files", files.len()),
    }
}

/// A small table of items inside another record, with how fresh each is for it.
pub(crate) fn table(items: &[Item], frequency: Frequency, now: Timestamp) -> Markup {
    let rows = items.iter().map(|item| {
        let fresh = freshness(item.covered_to(), frequency, now);
        vec![
            html! { a.primary href={ "/evidence/items/" (item.key) } { (item.version.description.title) } span.sub { (item.version.description.kind.title()) ", " (files_words(item)) } },
            covers(item),
            badge(fresh_mark(fresh), fresh_word(fresh.word())),
            state_badge(item.state),
        ]
    });
    plain("Evidence handed in", &["Evidence", "Covers", "Freshness", "State"], rows.collect())
}
