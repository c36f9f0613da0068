//! `tickmark engagement requests`: the request list, from and to files. What is the audit firm's alone, nobody does here.

use std::path::Path;

use serde_json::json;
use tickmark_app::App;
use tickmark_app::engagement::fieldwork::request;
use tickmark_app::port::Renderer;
use tickmark_core::engagement::EngagementKey;
use tickmark_core::engagement::fieldwork::ListRow;
use tickmark_core::report::sheet::{Sheet, SheetCell, csv_line};
use tickmark_store::folder::write_durably;

use crate::cli::Common;
use crate::commands::assess::person;
use crate::commands::catalog;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::wiring::{self, Documents};

/// What is added.
pub(super) struct Adding<'a> {
    pub(super) defaults: bool,
    pub(super) import: Option<&'a Path>,
    pub(super) by: &'a str,
}

pub(super) async fn requests(
    app: &App,
    key: EngagementKey,
    adding: &Adding<'_>,
    out: Option<&Path>,
    common: &Common,
    output: &Output,
) -> Outcome {
    let catalog = catalog::load(&common.data)?;
    let mut added = None;
    if adding.defaults {
        let by = person(app, adding.by).await?;
        let done = app.transact(&by, async |cx| request::add_defaults(cx, key, &catalog).await).await?;
        added = Some(done);
    }
    if let Some(file) = adding.import {
        let rows = rows(file)?;
        let (by, name) = (person(app, adding.by).await?, name(file));
        let done =
            app.transact(&by, async |cx| request::import(cx, key, &name, &rows, &catalog).await).await?;
        added = Some(done);
    }
    if let Some(added) = added {
        output.answer(&json!({ "added": added.added, "known": added.known }), |output| {
            output.line(format!("{key}: {} requests added, {} were there already", added.added, added.known));
        })?;
        if out.is_none() {
            return Ok(());
        }
    }
    let reader = wiring::reader(app).await?;
    let sheet = app.transact(&reader, async |cx| request::sheet(cx, key).await).await?;
    match out {
        Some(file) => {
            let bytes = match file.extension().and_then(|ending| ending.to_str()) {
                Some("xlsx") => Documents.list_xlsx(&sheet).map_err(|error| Failure::Could(error.into()))?,
                Some("csv") => lines(&sheet).into_bytes(),
                _ => return Err(Failure::input("the file ends in .csv or .xlsx")),
            };
            write_durably(file, &bytes).map_err(tickmark_app::Error::from)?;
            output.answer(&json!({ "file": file, "requests": sheet.rows.len() }), |output| {
                output.line(file.display().to_string());
            })?;
        }
        None => {
            let rows = app.read(&reader, async |view| request::list(view, key).await).await?;
            output.answer(&json!({ "requests": rows }), |output| {
                if rows.is_empty() {
                    output.line(format!(
                        "{key} has no requests; `tickmark engagement requests {key} --defaults --by NAME` adds the usual ones"
                    ));
                }
                for row in &rows {
                    let one = &row.record;
                    output.line(format!("R-{:<4} {:<15} {}", one.number, one.state.title(), one.request.title));
                }
            })?;
        }
    }
    Ok(())
}

fn name(file: &Path) -> String {
    file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn rows(file: &Path) -> Outcome<Vec<ListRow>> {
    let bytes =
        std::fs::read(file).map_err(|error| Failure::input(format!("{}: {error}", file.display())))?;
    match file.extension().and_then(|ending| ending.to_str()) {
        Some("xlsx") => Documents.read_xlsx(&bytes).map_err(|error| {
            Failure::input(format!("{:?} was not imported, nothing was applied: {}", name(file), error.why))
        }),
        Some("csv") => Ok(request::read_csv(&name(file), &bytes)?),
        _ => Err(Failure::input(format!("{}: a list is XLSX or CSV", file.display()))),
    }
}

fn lines(sheet: &Sheet) -> String {
    let head: Vec<SheetCell> = sheet.columns.iter().cloned().map(SheetCell::Text).collect();
    csv_line(&head) + &sheet.rows.iter().map(|row| csv_line(row)).collect::<String>()
}
