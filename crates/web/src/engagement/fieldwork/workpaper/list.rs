//! The list of workpapers: all of them for the firm, those that are shared for management.

use axum::extract::{Path, State};
use maud::{Markup, html};
use tickmark_app::engagement::fieldwork::signed;
use tickmark_app::engagement::fieldwork::workpaper;
use tickmark_app::engagement::fieldwork::{Row, is_open, paper};
use tickmark_core::engagement::EngagementKey;
use tickmark_core::engagement::fieldwork::{Party, Signature, SignedPaper as _, Workpaper};
use tickmark_core::identity::Verb;

use super::sign::signer;
use crate::WebState;
use crate::control::Names;
use crate::design::shortened;
use crate::design::table::{Cell, Column, Filter, Phone, Row as TableRow, Table};
use crate::engagement::catalog;
use crate::engagement::fieldwork::{Tabbed, head, key, page as framed, shared};
use crate::error::Refusal;
use crate::list::{Listed, OfEngagement};
use crate::visit::Asked;

/// Characters of a procedure that a row shows.
const PROCEDURE: usize = 120;

pub(in crate::engagement::fieldwork) async fn page(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let listed = listed(&state, &asked, key(&at)?).await?;
    crate::list::show(&state, &asked, listed).await
}

/// The workpapers of an engagement that whoever looks may see.
pub(in crate::engagement::fieldwork) async fn listed(
    state: &WebState,
    asked: &Asked,
    key: EngagementKey,
) -> Result<Listed, Refusal> {
    let ((app, actor), catalog) = (asked.member(state)?, catalog(state)?);
    let (record, party, rows, responses, controls, names, is_open) = app
        .read(actor, async |view| {
            let (record, party) = head(view, key).await?;
            let rows = signed::list::<Workpaper>(view, key).await?;
            let responses = workpaper::responses(view, key).await?;
            let controls = match party {
                Party::Auditor => workpaper::controls(view, key, catalog).await?,
                Party::Management => Vec::new(),
            };
            let is_open = is_open(view, key).await?;
            Ok((record, party, rows, responses, controls, Names::for_looking(view).await?, is_open))
        })
        .await?;
    if party == Party::Management {
        return Ok(shared::listed(&record, asked, &rows, &responses));
    }
    let may_begin = is_open && asked.may(paper(Verb::Create));
    let (id, path) = OfEngagement::Workpapers.of(key);
    let tested = workpaper::tested(&rows);
    let untested = controls.iter().filter(|one| !tested.contains(&one.id)).count();
    let mut page = framed(&record, asked, Tabbed::Workpapers, "Workpapers", &html! {});
    page.lead = html! { (untested) " of " (controls.len()) " controls in scope have no workpaper." };
    if may_begin && !rows.is_empty() {
        page.actions = html! { a.button.primary href={ (path) "/new" } { "Begin a workpaper" } };
    }
    let empty = html! {
        div.empty {
            h3 { "No workpaper is begun" }
            p { "A workpaper holds the test of one control: what is done, what counts as a deviation, the items, what was found and what follows. It is your firm's until you share it." }
            @if may_begin { p { a.button.primary href={ (path) "/new" } { "Begin a workpaper" } } }
        }
    };
    let table = Table {
        noun: ("workpaper", "workpapers"),
        columns: vec![
            Column::text("paper", "Workpaper", Phone::Title),
            Column::number("items", "Items", Phone::Line),
            Column::text("conclusion", "Conclusion", Phone::Status),
            Column::text("prepared", "Prepared", Phone::Line),
            Column::text("reviewed", "Reviewed", Phone::Line),
            Column::text("management", "Management", Phone::Line),
        ],
        filters: vec![
            Filter::of_values(
                "conclusion",
                "Conclusion",
                rows.iter().map(|row| concluded(&row.record).to_owned()),
            ),
            Filter::yes_or_no("deviates", "Has deviations"),
            Filter::yes_or_no("prepared", "Prepared"),
            Filter::yes_or_no("reviewed", "Reviewed"),
            Filter::of_values(
                "management",
                "Management",
                rows.iter().map(|row| told(&row.record).to_owned()),
            ),
        ],
        rows: rows.iter().map(|row| line(row, &path, &names)).collect(),
        counted: None,
        empty,
        id,
        path: path.clone(),
    };
    Ok(Listed::of(page, table))
}

/// What follows from a paper, in words.
pub(in crate::engagement::fieldwork) fn concluded(one: &Workpaper) -> &'static str {
    one.conclusion.as_ref().map_or("Not concluded", |held| held.outcome.title())
}

/// What management knows of a paper.
fn told(one: &Workpaper) -> &'static str {
    match (one.shared().is_some(), one.was_shared()) {
        (true, _) => "Shared",
        (false, true) => "Shared, changed since",
        (false, false) => "Private",
    }
}

/// A cell that says who signed.
pub(in crate::engagement::fieldwork) fn signed_cell(signature: Option<&Signature>, names: &Names) -> Cell {
    let said = match signature {
        Some(one) => format!("{}, {}", names.of(one.by), one.at.date()),
        None => "Nobody".to_owned(),
    };
    Cell::by_text(signer(signature, names), &said)
}

fn line(row: &Row<Workpaper>, path: &str, names: &Names) -> TableRow {
    let one = &row.record;
    let deviations = one.deviations();
    let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let said = |is: bool| if is { "yes" } else { "no" }.to_owned();
    let procedure = shortened(&one.plan.procedure, PROCEDURE);
    let name = format!("WP-{} {}", one.number, one.plan.control);
    let (conclusion, management) = (concluded(one), told(one));
    TableRow {
        cells: vec![
            Cell::by_text(
                html! { div { a.primary href={ (path) "/" (one.number) } { (name) } span.sub { (procedure) } } },
                &name,
            ),
            Cell::by_number(
                html! { (one.items.len()) @if deviations > 0 { span.sub { (deviations) " deviating" } } },
                number(one.items.len()),
            ),
            Cell::by_text(
                html! { @if one.conclusion.is_some() { (conclusion) } @else { span.muted { (conclusion) } } },
                conclusion,
            ),
            signed_cell(one.prepared(), names),
            signed_cell(one.reviewed(), names),
            Cell::by_text(
                html! { @if one.was_shared() { (management) } @else { span.muted { (management) } } },
                management,
            ),
        ],
        find: format!("{name} {}", one.plan.procedure),
        facets: vec![
            ("conclusion", conclusion.to_owned()),
            ("deviates", said(deviations > 0)),
            ("prepared", said(one.prepared().is_some())),
            ("reviewed", said(one.reviewed().is_some())),
            ("management", management.to_owned()),
        ],
    }
}
