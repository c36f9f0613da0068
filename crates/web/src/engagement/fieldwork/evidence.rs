//! Evidence and populations as an auditor sees them: in scope and inside the time of the examination, or handed in for a
//! request. Foreign bytes never run here.

use axum::extract::{Path, State};
use axum::response::Response;
use maud::{Markup, html};
use tickmark_app::engagement::fieldwork::evidence;
use tickmark_app::evidence::item::Purpose;
use tickmark_core::engagement::EngagementKey;
use tickmark_core::engagement::fieldwork::Party;
use tickmark_core::evidence::item::Item;
use tickmark_core::evidence::media::{self, Format, Shown};
use tickmark_core::id::ItemKey;
use tickmark_core::identity::{Atom, Resource, Verb};

use super::{Tabbed, head, href, key, number, page as framed, party};
use crate::WebState;
use crate::design::table::{Cell, Column, Filter, Phone, Row, Table, plain};
use crate::design::{block, moment, plural, size};
use crate::engagement::catalog;
use crate::error::Refusal;
use crate::evidence::{BYTES, inline, item as items, taken};
use crate::guard::SANDBOX;
use crate::list::{Listed, OfEngagement};
use crate::program::population::covers;
use crate::visit::Asked;

pub(super) async fn auditor(state: &WebState, asked: &Asked, at: &str) -> Result<EngagementKey, Refusal> {
    let key = key(at)?;
    // Management has pages of its own for all of its evidence.
    if party(state, asked, key).await? == Party::Auditor { Ok(key) } else { Err(Refusal::NotFound) }
}

pub(super) async fn list(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let listed = listed(&state, &asked, key(&at)?).await?;
    crate::list::show(&state, &asked, listed).await
}

/// The evidence of an engagement that an auditor sees, with the frozen populations after it.
pub(super) async fn listed(state: &WebState, asked: &Asked, key: EngagementKey) -> Result<Listed, Refusal> {
    let ((app, actor), catalog) = (asked.member(state)?, catalog(state)?);
    // Management has pages of its own for all of its evidence.
    if party(state, asked, key).await? != Party::Auditor {
        return Err(Refusal::NotFound);
    }
    let (record, all, populations) = app
        .read(actor, async |view| {
            Ok((
                head(view, key).await?.0,
                evidence::items(view, key, catalog).await?,
                evidence::populations(view, key, catalog).await?,
            ))
        })
        .await?;
    let (id, path) = OfEngagement::InSight.of(key);
    let table = Table {
        noun: ("item", "items"),
        columns: vec![
            Column::text("evidence", "Evidence", Phone::Title),
            Column::text("controls", "Controls", Phone::Line),
            Column::text("about", "About", Phone::Line),
            Column::text("state", "State", Phone::Status),
        ],
        filters: vec![
            Filter::of_values(
                "kind",
                "Kind",
                all.iter().map(|item| item.version.description.kind.title().to_owned()),
            ),
            Filter::of_values(
                "control",
                "Control",
                all.iter().flat_map(|item| item.controls.iter().map(ToString::to_string)),
            ),
            Filter::of_values("state", "State", all.iter().map(|item| item.state.title().to_owned())),
        ],
        rows: all.iter().map(|item| line(item, &path)).collect(),
        counted: None,
        empty: html! { div.empty { h3 { "No evidence is in sight" } p { "You see what was accepted for a control in scope and is about the time of the examination, and what is handed in for your requests." } } },
        id,
        path: path.clone(),
    };
    let lists = populations.iter().map(|one| {
        vec![
            html! { a.primary href={ (path) "/populations/" (one.key) } { (one.definition.title) } span.sub { "Population " (one.key) ", " (one.definition.trigger) } },
            html! { (one.definition.control) },
            covers(one),
            html! { @if let Some(frozen) = &one.frozen { (frozen.items) } },
        ]
    });
    let after = block(
        "populations",
        "Frozen populations",
        &html! { (populations.len()) },
        &html! {
            @if populations.is_empty() { div.empty { h3 { "No population is in sight" } p { "Ask for one: a request of the kind population." } } }
            @else { (plain("Populations", &["Population", "Control", "Covers", "Items"], lists.collect())) }
        },
    );
    let mut page = framed(&record, asked, Tabbed::Evidence, "Evidence", &html! {});
    page.lead = html! { "Of controls in scope, and about the time of the examination. Each file that you open stands in the audit trail." };
    page.actions = html! { a.button href={ (path) "/access" } { "Access: lists, duties, reviews" } };
    Ok(Listed { after, ..Listed::of(page, table) })
}

fn line(item: &Item, path: &str) -> Row {
    let said = &item.version.description;
    let controls: Vec<String> = item.controls.iter().map(ToString::to_string).collect();
    let about = said.covers.map_or_else(
        || "not stated".to_owned(),
        |covers| format!("{} to {}", covers.from.date(), covers.last_day().date()),
    );
    let mut facets = vec![("kind", said.kind.title().to_owned()), ("state", item.state.title().to_owned())];
    facets.extend(controls.iter().map(|id| ("control", id.clone())));
    Row {
        cells: vec![
            Cell::by_text(
                html! { div { a.primary href={ (path) "/" (item.key) } { (said.title) } span.sub { (said.kind.title()) ", " (item.version.files.len()) " " (plural(item.version.files.len(), "file", "files")) } } },
                &said.title,
            ),
            Cell::text(&controls.join(", ")),
            Cell::by_text(
                html! { @if let Some(covers) = said.covers { (moment::date(covers.from)) " to " (moment::date(covers.last_day())) } @else { span.muted { "not stated" } } },
                &about,
            ),
            Cell::by_text(items::state_badge(item.state), item.state.title()),
        ],
        find: format!("{} {} {} {}", item.key, said.title, said.source, controls.join(" ")),
        facets,
    }
}

pub(super) async fn page(
    State(state): State<WebState>,
    Path((at, no)): Path<(String, String)>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let key = auditor(&state, &asked, &at).await?;
    let item = ItemKey(number(&no)?);
    let ((app, actor), catalog) = (asked.member(&state)?, catalog(&state)?);
    let (record, item) = app
        .read(actor, async |view| {
            Ok((head(view, key).await?.0, evidence::item(view, key, item, catalog).await?))
        })
        .await?;
    let may_take = asked.may(Atom::new(Resource::Evidence, Verb::Export));
    let said = &item.version.description;
    let path = format!("{}/evidence/{}", href(key), item.key);
    let rows = item.version.files.iter().map(|file| {
        vec![
            html! { strong { (file.name) } span.sub { (size(file.size)) ", " (Format::by_media_type(&file.media_type).map_or("a file", |one| one.words)) } },
            html! { span.nowrap { a.button href={ (path) "/" (file.seq) } { "Open" } @if may_take { " " a.button href={ (path) "/" (file.seq) "/download" } download { "Download" } } } },
        ]
    });
    let line = |text: &str| html! { @if text.is_empty() { span.muted { "not stated" } } @else { (text) } };
    let body = html! {
        div.columns.flush {
            div { (block("files", "Files", &html! { (item.version.files.len()) }, &plain("Files", &["File", ""], rows.collect()))) }
            div { (block("about", "What is said of it", &items::state_badge(item.state), &html! {
                dl.facts {
                    dt { "Source" } dd { (line(&said.source)) }
                    dt { "Obtained" } dd { (said.method.title()) }
                    @if !said.steps.is_empty() { dt { "Query or steps" } dd { (said.steps) } }
                    dt { "Collected" } dd { @if let Some(at) = said.collected_at { (moment::date(at)) } @else { span.muted { "day not stated" } } @if !said.collected_by.is_empty() { ", by " (said.collected_by) } }
                    dt { "About" } dd { @if let Some(covers) = said.covers { (moment::date(covers.from)) " to " (moment::date(covers.last_day())) } @else { span.muted { "not stated" } } }
                    dt { "Taken out" } dd { (line(&said.redaction)) }
                    dt { "Version" } dd { (item.version.number) }
                }
            })) }
        }
    };
    let mut page = framed(&record, &asked, Tabbed::Evidence, &said.title, &body);
    page.crumbs.push(("Evidence".into(), format!("{}/evidence", href(key))));
    asked.frame(&state, &page).await
}

pub(super) async fn look(
    State(state): State<WebState>,
    Path((at, no, seq)): Path<(String, String, i64)>,
    asked: Asked,
) -> Result<Response, Refusal> {
    let key = auditor(&state, &asked, &at).await?;
    let place = (key, ItemKey(number(&no)?));
    let ((app, actor), catalog) = (asked.member(&state)?, catalog(&state)?);
    let (file, bytes) = evidence::read_file(app, actor, place, seq, Purpose::Look, catalog).await?;
    let shown = Format::by_media_type(&file.media_type).map(|format| format.shown);
    Ok(match shown {
        Some(Shown::Picture) if media::is_shown(&bytes) => inline(&file.media_type, SANDBOX, bytes),
        Some(Shown::Text) => inline("text/plain; charset=utf-8", SANDBOX, bytes),
        _ => taken(&file.name, BYTES, bytes),
    })
}

pub(super) async fn take(
    State(state): State<WebState>,
    Path((at, no, seq)): Path<(String, String, i64)>,
    asked: Asked,
) -> Result<Response, Refusal> {
    let key = auditor(&state, &asked, &at).await?;
    let place = (key, ItemKey(number(&no)?));
    let ((app, actor), catalog) = (asked.member(&state)?, catalog(&state)?);
    let (file, bytes) = evidence::read_file(app, actor, place, seq, Purpose::TakeAway, catalog).await?;
    Ok(taken(&file.name, BYTES, bytes))
}
