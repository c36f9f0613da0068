//! A list as a file: its filter, its order and its columns, for whoever may see the list. That it is taken out is an event
//! of the audit trail before the first line leaves.

use std::convert::Infallible;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use futures_util::{StreamExt as _, stream};
use tickmark_app::register;
use tickmark_core::report::sheet::{Sheet, SheetCell, csv_line};

use super::{Part, listed, path};
use crate::WebState;
use crate::design::form::capital;
use crate::design::table::{Plain, Table};
use crate::error::Refusal;
use crate::evidence::taken;
use crate::permission;
use crate::visit::Asked;

/// Rows that are read at once.
const ROWS: u32 = register::PAGE_LIMIT;
/// Most rows of a workbook, which is made as a whole.
const WORKBOOK_ROWS: usize = 100_000;
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// Takes a list out.
pub(super) async fn file(
    State(state): State<WebState>,
    Path(file): Path<String>,
    asked: Asked,
) -> Result<Response, Refusal> {
    let (list, ending) = file.split_once('.').ok_or(Refusal::NotFound)?;
    let at = path(list).ok_or(Refusal::NotFound)?;
    let (app, actor) = asked.member(&state)?;
    let needs = permission::needs(&at).ok_or(Refusal::NotFound)?;
    permission::check(app, actor, needs).await?;
    let is_workbook = match ending {
        "csv" => false,
        "xlsx" => true,
        _ => return Err(Refusal::NotFound),
    };
    let renderer = state.documents().filter(|_| is_workbook);
    if is_workbook && renderer.is_none() {
        return Err(Refusal::NotFound);
    }
    let is_narrowed = !asked.query.kept().is_empty();
    app.transact(actor, async |cx| register::begin_export(cx, list, ending, is_narrowed).await).await?;
    let first = Part { page: 1, rows: ROWS };
    let table = listed(&state, &asked, list, first).await?.table;
    let name = format!("{list}-{}.{ending}", app.now().date());
    if let Some(renderer) = renderer {
        let columns = heads(&table, &asked);
        let title = capital(table.noun.1);
        let mut part = first;
        let mut rows = cells(&table, &asked);
        let mut more = has_more(&table, part);
        while more && rows.len() < WORKBOOK_ROWS {
            part.page += 1;
            let table = listed(&state, &asked, list, part).await?.table;
            rows.extend(cells(&table, &asked));
            more = has_more(&table, part);
        }
        rows.truncate(WORKBOOK_ROWS);
        let organization = actor.organization.name.clone();
        let sheet = Sheet { title, organization, at: app.now(), columns, rows };
        let bytes = state.setting().run(move || renderer.list_xlsx(&sheet)).await?;
        let bytes = bytes.map_err(|error| Refusal::Internal(error.to_string()))?;
        return Ok(taken(&name, XLSX, bytes));
    }
    let head: Vec<SheetCell> = heads(&table, &asked).into_iter().map(SheetCell::Text).collect();
    let text = csv_line(&head) + &lines(&table, &asked);
    let next = has_more(&table, first).then_some(Part { page: 2, ..first });
    let rest = Rest { state: state.clone(), asked: asked.clone(), list: list.to_owned(), part: next };
    let begin = stream::iter([Ok::<_, Infallible>(text)]).map(|text| text.map_err(|never| match never {}));
    let body = Body::from_stream(begin.chain(stream::unfold(Some(rest), step)));
    Ok(taken(&name, "text/csv; charset=utf-8", body))
}

/// What is still to be written.
struct Rest {
    state: WebState,
    asked: Asked,
    list: String,
    part: Option<Part>,
}

async fn step(rest: Option<Rest>) -> Option<(Result<String, Broken>, Option<Rest>)> {
    let Rest { state, asked, list, part } = rest?;
    let part = part?;
    match listed(&state, &asked, &list, part).await {
        Ok(found) => {
            let next = has_more(&found.table, part).then_some(Part { page: part.page + 1, ..part });
            Some((Ok(lines(&found.table, &asked)), Some(Rest { state, asked, list, part: next })))
        }
        // The connection breaks off, so that nobody takes the part for the whole.
        Err(refusal) => Some((Err(Broken(refusal.to_string())), None)),
    }
}

/// Why a list breaks off.
#[derive(Debug, thiserror::Error)]
#[error("the list breaks off: {0}")]
struct Broken(String);

/// Tells whether the database has more pages of a list.
fn has_more(table: &Table, part: Part) -> bool {
    let read = part.page.saturating_mul(u64::from(part.rows));
    table.counted.is_some_and(|counted| u64::try_from(counted.found).is_ok_and(|found| found > read))
}

fn heads(table: &Table, asked: &Asked) -> Vec<String> {
    table.shown_columns(&asked.query).into_iter().map(|(_, column)| column.label.to_owned()).collect()
}

fn cells(table: &Table, asked: &Asked) -> Vec<Vec<SheetCell>> {
    let columns = table.shown_columns(&asked.query);
    let rows = table.selected(&asked.query).into_iter().map(|row| {
        let cell = |(at, _): &(usize, _)| match &row.cells[*at].plain {
            Plain::Text(text) => SheetCell::Text(text.clone()),
            Plain::Number(number) => SheetCell::Number(*number),
        };
        columns.iter().map(cell).collect()
    });
    rows.collect()
}

fn lines(table: &Table, asked: &Asked) -> String {
    cells(table, asked).iter().map(|row| csv_line(row)).collect()
}
