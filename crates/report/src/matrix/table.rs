//! The matrix as CSV.

use std::borrow::Cow;

use tickmark_core::report::ReadinessReport;
use tickmark_core::report::sheet::no_formula;

use super::cell::Cell;
use super::sheet;
use crate::error::ReportError;

/// Writes the matrix of criteria (rows) and controls (columns) as CSV: UTF-8, commas, `\r\n`, quotes where needed
/// (RFC 4180). The last column of each row says whose matrix it is: a file has no header page.
///
/// A field that a spreadsheet program could read as a formula (it begins with `=`, `+`, `-`, `@`, a tab or a line
/// end) has an apostrophe in front, as OWASP advises; programs that read the file back must take it off.
///
/// # Errors
/// Only if writing to memory fails.
pub fn matrix_csv(report: &ReadinessReport) -> Result<Vec<u8>, ReportError> {
    let sheet = sheet::criteria(report);
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    let head = sheet.columns.iter().map(|(name, _)| name.as_str()).chain(["Organization"]);
    writer.write_record(head.map(|name| no_formula(name).into_owned()))?;
    for row in &sheet.rows {
        let cells = row.iter().map(|cell| match cell {
            Cell::Text(text) => no_formula(text),
            Cell::Number(number) => number.to_string().into(),
        });
        writer.write_record(cells.chain([no_formula(&report.organization.name)]).map(Cow::into_owned))?;
    }
    writer.into_inner().map_err(|error| ReportError::Csv(error.into_error().into()))
}
