//! One file per command; each is a thin caller of use cases.

use std::path::Path;

use serde_json::json;
use tickmark_app::App;
use tickmark_app::program::performance::{EvidenceFile, MAX_FILE_BYTES};
use tickmark_app::program::population::{List, ListProblem};
use tickmark_core::Timestamp;
use tickmark_core::catalog::Catalog;
use tickmark_core::conclusion::scope::Day;
use tickmark_core::time::DAY_US;
use tickmark_evaluate::Library;

use crate::cli::Common;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::wiring;

pub(crate) mod access;
pub(crate) mod access_review;
pub(crate) mod accounts;
pub(crate) mod assess;
pub(crate) mod audit;
pub(crate) mod backup;
pub(crate) mod bundle;
pub(crate) mod catalog;
pub(crate) mod checks;
pub(crate) mod collect;
pub(crate) mod control;
pub(crate) mod distribution;
pub(crate) mod engagement;
pub(crate) mod evidence;
pub(crate) mod example;
pub(crate) mod help;
pub(crate) mod history;
pub(crate) mod init;
pub(crate) mod ledger;
pub(crate) mod mail;
pub(crate) mod objects;
pub(crate) mod organization;
pub(crate) mod people;
pub(crate) mod perform;
pub(crate) mod period;
pub(crate) mod population;
pub(crate) mod quickstart;
pub(crate) mod replay;
pub(crate) mod report;
pub(crate) mod sample;
pub(crate) mod search;
pub(crate) mod segregation;
pub(crate) mod serve;
pub(crate) mod status;
pub(crate) mod verify;
pub(crate) mod waive;

/// Waits until somebody interrupts the program, or whoever runs it as a service stops it, for servers to end well.
pub(crate) async fn interrupted() {
    // Without a handler the default action ends the program, which is as good.
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminated() => {}
    }
}

#[cfg(unix)]
async fn terminated() {
    match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(mut signals) => drop(signals.recv().await),
        Err(_) => std::future::pending().await,
    }
}

#[cfg(not(unix))]
async fn terminated() {
    std::future::pending().await
}

/// Catalog and checks with the user's own, loaded once per command: compiling the checks takes a tenth of a second.
pub(crate) struct Content {
    pub(crate) catalog: Catalog,
    pub(crate) library: Library,
}

impl Content {
    /// Loads both.
    pub(crate) fn load(common: &Common, output: &Output) -> Outcome<Self> {
        Ok(Self { catalog: catalog::load(&common.data)?, library: checks::load(&common.data, output)? })
    }
}

/// Reads a moment with its zone, or a day as its first moment in UTC.
pub(crate) fn moment(text: &str) -> Outcome<Timestamp> {
    if let Ok(moment) = text.parse() {
        return Ok(moment);
    }
    let day: Day = text.parse().map_err(Failure::input)?;
    format!("{day}T00:00:00Z").parse().map_err(Failure::input)
}

/// Returns the first moment after a day.
pub(crate) fn end_of(day: &str) -> Outcome<Timestamp> {
    let day: Day = day.parse().map_err(Failure::input)?;
    let start: Timestamp = format!("{day}T00:00:00Z").parse().map_err(Failure::input)?;
    Ok(start.plus_micros(DAY_US))
}

/// Reads a file that is handed in as evidence.
pub(crate) fn evidence_file(path: &Path) -> Outcome<EvidenceFile> {
    let cannot =
        |why: &dyn std::fmt::Display| Failure::input(format!("{} cannot be read: {why}", path.display()));
    let size = std::fs::metadata(path).map_err(|error| cannot(&error))?.len();
    if size > MAX_FILE_BYTES as u64 {
        return Err(cannot(&format!("it has {size} bytes, more than {MAX_FILE_BYTES}")));
    }
    let bytes = std::fs::read(path).map_err(|error| cannot(&error))?;
    let name =
        path.file_name().and_then(|name| name.to_str()).ok_or_else(|| cannot(&"its name is not text"))?;
    let media_type = match path.extension().and_then(|extension| extension.to_str()) {
        Some("txt" | "log") => "text/plain; charset=utf-8",
        Some("csv") => "text/csv; charset=utf-8",
        Some("json") => "application/json",
        Some("pdf") => "application/pdf",
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        _ => "application/octet-stream",
    };
    Ok(EvidenceFile { name: name.to_owned(), media_type: media_type.to_owned(), bytes: bytes.into() })
}

/// Opens a list that is handed in and looks at its rows with `read`. Where it has problems they are told, one a line, and the
/// program ends: `verb` says what then was not done with it, and what nothing of it was: `("imported", "applied")`.
pub(crate) async fn readable_list<T>(
    file: EvidenceFile,
    verb: (&str, &str),
    app: &App,
    output: &Output,
    read: impl FnOnce(&List) -> Result<T, Vec<ListProblem>>,
) -> Outcome<List> {
    let opened = List::open(&file.name, file.bytes, Some(&wiring::Documents));
    let problems = match opened.and_then(|list| read(&list).map(|_| list)) {
        Ok(list) => return Ok(list),
        Err(problems) => problems,
    };
    app.close().await;
    output.answer(&json!({ "problems": problems }), |output| {
        for problem in &problems {
            output.line(problem);
        }
    })?;
    let (name, count, (done, kept)) = (file.name, problems.len(), verb);
    Err(Failure::input(format!("{name} was not {done}: {count} problems, nothing was {kept}")))
}
