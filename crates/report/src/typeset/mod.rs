//! The one place that drives Typst: closed world, compilation, export.

pub(crate) mod fonts;
mod world;

use serde_json::Value;
use tickmark_core::Timestamp;
use tickmark_core::report::Files;
use typst::World;
use typst::diag::SourceDiagnostic;
use typst::foundations::{Datetime, Smart};
use typst_layout::PagedDocument;
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards};

use crate::error::ReportError;
use world::ReportWorld;

/// How many later compilations a cached layout survives without being used. Typst's cache lives in the process; a
/// server that makes one report a day must not keep it for good.
const CACHE_AGE: usize = 1;

/// Returns the path under which templates read the file at a place of [`Files`]. Paths are numbered: Typst keeps each that it
/// ever saw for as long as the process lives.
pub(crate) fn file_path(place: usize) -> String {
    format!("/files/{place}")
}

/// Lays out the template at `main` over `data`, with files beside it.
pub(crate) fn compile(main: &str, data: &Value, files: &Files) -> Result<PagedDocument, ReportError> {
    let world = ReportWorld::new(main, serde_json::to_vec(data)?, files);
    let compiled = typst::compile::<PagedDocument>(&world).output;
    let document = compiled.map_err(|errors| ReportError::Typeset(describe(&world, &errors)));
    comemo::evict(CACHE_AGE);
    document
}

/// Writes `document` as tagged PDF with `identifier` and `moment` instead of anything of this machine.
///
/// The standard is PDF/UA-1. Should its validator refuse something that foreign text brought in, the same document
/// is written as tagged PDF without the claim: a report that exists beats one that is refused.
pub(crate) fn export(
    document: &PagedDocument,
    identifier: &str,
    moment: Timestamp,
) -> Result<Vec<u8>, ReportError> {
    let accessible = options(&[PdfStandard::Ua_1], identifier, moment)?;
    if let Ok(bytes) = typst_pdf::pdf(document, &accessible) {
        return Ok(bytes);
    }
    let tagged = options(&[PdfStandard::V_1_7], identifier, moment)?;
    typst_pdf::pdf(document, &tagged).map_err(|errors| ReportError::Typeset(messages(&errors)))
}

pub(crate) fn options(
    standards: &[PdfStandard],
    identifier: &str,
    moment: Timestamp,
) -> Result<PdfOptions, ReportError> {
    let standards =
        PdfStandards::new(standards).map_err(|error| ReportError::Typeset(error.message().to_string()))?;
    let timestamp = datetime(moment).ok_or(ReportError::Moment(moment))?;
    Ok(PdfOptions {
        ident: Smart::Custom(identifier.to_owned()),
        creator: Smart::Custom(Some("Tickmark".into())),
        timestamp: Some(typst_pdf::Timestamp::new_utc(timestamp)),
        standards,
        ..PdfOptions::default()
    })
}

fn datetime(moment: Timestamp) -> Option<Datetime> {
    let civil = jiff::tz::TimeZone::UTC.to_datetime(moment.to_jiff());
    if civil.year() < 0 {
        return None;
    }
    let part = |value: i8| u8::try_from(value).ok();
    Datetime::from_ymd_hms(
        i32::from(civil.year()),
        part(civil.month())?,
        part(civil.day())?,
        part(civil.hour())?,
        part(civil.minute())?,
        part(civil.second())?,
    )
}

/// Names the template, the line and the complaint of each error.
fn describe(world: &ReportWorld, errors: &[SourceDiagnostic]) -> String {
    let line = |error: &SourceDiagnostic| {
        let place = error.span.id().and_then(|id| {
            let source = world.source(id).ok()?;
            let range = typst::WorldExt::range(world, error.span)?;
            let line = source.lines().byte_to_line(range.start)? + 1;
            Some(format!("{}:{line}: ", id.vpath().get_without_slash()))
        });
        format!("{}{}", place.unwrap_or_default(), error.message)
    };
    errors.iter().map(line).collect::<Vec<_>>().join("; ")
}

pub(crate) fn messages(errors: &[SourceDiagnostic]) -> String {
    errors.iter().map(|error| error.message.as_str()).collect::<Vec<_>>().join("; ")
}
