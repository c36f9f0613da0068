//! What the page of documents shows.

use maud::{Markup, html};
use tickmark_core::{Digest, Timestamp};

use crate::design::empty::command;
use crate::design::frame::{Page, Place};
use crate::design::icon::icon;
use crate::design::{digest, moment, size};

/// The command that writes the report, in all its forms.
const REPORT: &str = "tickmark report";

/// A document that can be made.
#[derive(Clone, Copy, Debug)]
pub struct Document {
    /// File name in the output folder.
    pub file: &'static str,
    /// Title.
    pub title: &'static str,
    /// What it is for.
    pub about: &'static str,
    /// Media type.
    pub media_type: &'static str,
    /// The command that makes it.
    pub command: &'static str,
}

/// A document as it lies in the output folder.
#[derive(Clone, Debug)]
pub struct ReportRow {
    /// File name.
    pub file: String,
    /// Size in bytes.
    pub size: u64,
    /// When it was made.
    pub made: Timestamp,
    /// Digest of its bytes.
    pub digest: Digest,
}

/// The documents that can be made.
#[must_use]
pub fn documents() -> &'static [Document] {
    &[
        Document {
            file: "readiness.pdf",
            title: "Readiness report",
            about: "For management: scope, every criterion with its status, findings, what could not be seen. Not an auditor's report.",
            media_type: "application/pdf",
            command: REPORT,
        },
        Document {
            file: "matrix.xlsx",
            title: "Control and criteria matrix",
            about: "Controls against criteria with owners, tests and answers, to work on in a spreadsheet.",
            media_type: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            command: REPORT,
        },
        Document {
            file: "matrix.csv",
            title: "The same matrix as plain text",
            about: "Comma-separated, for other programs.",
            media_type: "text/csv; charset=utf-8",
            command: REPORT,
        },
        Document {
            file: "bundle.zip",
            title: "Evidence bundle",
            about: "Artifacts, ledger entries with their proofs, the checkpoint, and a page that says how to verify it all offline.",
            media_type: "application/zip",
            command: "tickmark bundle export",
        },
    ]
}

/// Seconds after which the page looks again while a report is written.
const AGAIN_SECONDS: u32 = 3;

/// `asks` says that a button here has the report written, `is_under_way` that somebody pressed it.
pub(super) fn list(rows: &[ReportRow], now: Timestamp, asks: bool, is_under_way: bool) -> Page {
    let body = html! {
        @if is_under_way {
            p.note-line role="status" data-again=(AGAIN_SECONDS) { "The report is being written. It appears here when it is done; " a href="/jobs" { "see how far it is" } "." }
        }
        ul.documents {
            @for document in documents() {
                @let row = rows.iter().find(|row| row.file == document.file);
                li {
                    div {
                        h2 { (document.title) }
                        p.muted { (document.about) }
                        (state(document, row, now, asks))
                    }
                    @if row.is_some() {
                        a.button href={ "/reports/" (document.file) } download { (icon("i-download")) (document.file) }
                    }
                }
            }
        }
    };
    let mut page = Page::new(Place::Reports, "Reports", body);
    page.lead =
        html! { "Documents made from what is known, as files. Same data and moment give the same bytes." };
    page
}

fn state(document: &Document, row: Option<&ReportRow>, now: Timestamp, asks: bool) -> Markup {
    match row {
        Some(row) => html! {
            p.row.small.muted { span { "made " (moment::ago(row.made, now)) } span.num { (size(row.size)) } (digest::chip(&row.digest)) }
            // What no button has made, holds nothing that happened since: also the parts of reports that were issued later.
            @if document.command != REPORT { p.small.muted { "Made anew on the machine:" } (command(document.command)) }
        },
        None if asks && document.command == REPORT => {
            html! { p.small.muted { "Not made yet. The button above has it written." } }
        }
        None => html! { p.small.muted { "Not made yet:" } (command(document.command)) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_that_is_there_says_how_it_is_made_anew() {
        let now: Timestamp = "2026-11-30T12:00:00Z".parse().expect("a moment");
        let said = |file: &str| {
            let document = documents().iter().find(|one| one.file == file).expect("there");
            let row =
                ReportRow { file: file.into(), size: 1, made: now, digest: Digest::of(file.as_bytes()) };
            state(document, Some(&row), now, true).into_string()
        };
        assert!(said("bundle.zip").contains("tickmark bundle export"), "{}", said("bundle.zip"));
        assert!(!said("matrix.csv").contains("Made anew"), "{}", said("matrix.csv"));
    }
}
