//! Reports as tagged PDF.

use tickmark_core::report::{CopyFor, Files, ReadinessReport, SocPackage, Writing};

use crate::error::ReportError;
use crate::{typeset, view};

/// Sets a readiness report as a tagged PDF (PDF/UA-1) with bookmarks, links and page labels.
///
/// The same model gives the same bytes: date, identifier and producer come from the model, fonts are embedded.
///
/// # Errors
/// If the model cannot be written as JSON, or the template fails. What the model says is no reason to fail: long
/// words are broken, characters without a glyph are printed by number, markup is printed as it stands.
pub fn readiness_pdf(report: &ReadinessReport) -> Result<Vec<u8>, ReportError> {
    let view = view::of(report)?;
    let document = typeset::compile("readiness.typ", &view, &Files::new())?;
    typeset::export(&document, &report.digest()?.to_string(), report.generated)
}

/// Sets management's part of a SOC report as a tagged PDF, as [`readiness_pdf`] does its report. A copy for somebody says
/// on each page for whom it is. The auditor's signed file is attached byte for byte if it is among `files`.
///
/// # Errors
/// As [`readiness_pdf`].
pub fn package_pdf(
    package: &SocPackage,
    copy: Option<&CopyFor>,
    files: &Files,
) -> Result<Vec<u8>, ReportError> {
    let view = view::of_package(package, copy, files)?;
    let document = typeset::compile("package.typ", &view, files)?;
    let mut identifier = identifier(&package.digest()?.to_string(), copy);
    if package.section.as_ref().is_some_and(|section| files.contains_key(&section.digest)) {
        identifier.push_str(" with Section I");
    }
    typeset::export(&document, &identifier, package.generated)
}

/// Sets a letter, or one part that management writes, as a tagged PDF.
///
/// # Errors
/// As [`readiness_pdf`].
pub fn writing_pdf(writing: &Writing, copy: Option<&CopyFor>, files: &Files) -> Result<Vec<u8>, ReportError> {
    let view = view::of_writing(writing, copy, files)?;
    let document = typeset::compile("letter.typ", &view, files)?;
    typeset::export(&document, &identifier(&writing.digest()?.to_string(), copy), writing.generated)
}

/// Each copy is a document of its own.
fn identifier(digest: &str, copy: Option<&CopyFor>) -> String {
    copy.map_or_else(|| digest.to_owned(), |copy| format!("{digest} {}", copy.words()))
}

#[cfg(test)]
mod tests;
