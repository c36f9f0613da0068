//! What the pages of evidence show.

use maud::{Markup, html};
use tickmark_core::evidence::{Method, Provenance};
use tickmark_core::{Digest, Timestamp};

use crate::design::empty::{command, empty};
use crate::design::frame::{Page, Place};
use crate::design::table::{Cell, Column, Phone, Row, Table, plain};
use crate::design::{block, digest, icon, moment, size};
use crate::list::Listed;

/// Bytes of text that a page shows; the whole is a download.
pub(super) const TEXT_LIMIT: usize = 48 * 1024;
/// Bytes that a page shows as hexadecimal.
const HEX_LIMIT: usize = 4 * 1024;

/// An artifact in a list.
#[derive(Clone, Debug)]
pub struct ArtifactRow {
    /// Digest of its bytes.
    pub digest: Digest,
    /// Name inside its run.
    pub name: String,
    /// Key and name of the target it is of; none for documents.
    pub target: Option<(i64, String)>,
    /// The run that first saw these bytes; none for documents.
    pub run: Option<i64>,
    /// Size in bytes.
    pub size: u64,
    /// When it was read.
    pub collected: Timestamp,
    /// How, in one line.
    pub how: String,
}

/// One time that an artifact was brought.
#[derive(Clone, Debug)]
pub struct Origin {
    /// What its row shows.
    pub row: ArtifactRow,
    /// How it was obtained; none for documents made here.
    pub provenance: Option<Provenance>,
    /// Index of the ledger leaf that commits to it.
    pub leaf: Option<u64>,
}

/// One artifact with its bytes.
#[derive(Clone, Debug)]
pub struct ArtifactView {
    /// Digest of its bytes.
    pub digest: Digest,
    /// Media type it was stored with.
    pub media_type: String,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// When and how it was brought, latest first; never empty.
    pub origins: Vec<Origin>,
}

/// How an artifact was obtained, in one line.
#[must_use]
pub fn how(method: &Method) -> String {
    match method {
        Method::Command { program, arguments, .. } if arguments.is_empty() => program.clone(),
        Method::Command { program, arguments, .. } => format!("{program} {}", arguments.join(" ")),
        Method::File { path } => path.clone(),
        Method::Kernel { source } => source.clone(),
    }
}

/// A table of artifacts inside another record.
#[must_use]
pub fn artifact_table(rows: &[ArtifactRow], now: Timestamp) -> Markup {
    let body = rows.iter().map(|row| {
        vec![
            html! { a.primary href={ "/evidence/" (row.digest.hex()) } { (row.name) } span.sub.mono { (row.how) } },
            target_link(row),
            html! { span.num.nowrap { (size(row.size)) } },
            html! { span.muted.nowrap { (moment::ago(row.collected, now)) } },
        ]
    });
    plain("Evidence", &["Artifact", "Target", "Size", "Collected"], body.collect())
}

fn target_name(row: &ArtifactRow) -> &str {
    row.target.as_ref().map_or("", |(_, name)| name)
}

fn target_link(row: &ArtifactRow) -> Markup {
    html! { @if let Some((key, name)) = &row.target { a href={ "/targets/" (key) } { (name) } } }
}

pub(super) fn list(rows: &[ArtifactRow], now: Timestamp) -> Listed {
    let table = Table {
        id: "evidence".into(),
        path: "/evidence".into(),
        noun: ("artifact", "artifacts"),
        counted: None,
        columns: vec![
            Column::text("name", "Artifact", Phone::Title),
            Column::text("target", "Target", Phone::Line),
            Column::number("run", "Run", Phone::Hidden),
            Column::number("size", "Size", Phone::Status),
            Column::number("collected", "Collected", Phone::Hidden),
            Column::shown("digest", "Digest", Phone::Wide),
        ],
        filters: Vec::new(),
        rows: rows.iter().map(|row| table_row(row, now)).collect(),
        empty: empty(
            "No evidence yet",
            "A run keeps the raw answers of each source, redacted, with where they came from.",
            "tickmark collect",
        ),
    };
    let mut page = Page::new(Place::Evidence, "Raw evidence", html! {});
    page.lead = html! { "Raw answers as collected, secrets taken out before storage. Each is named by the digest of its bytes." };
    Listed::of(page, table)
}

fn table_row(row: &ArtifactRow, now: Timestamp) -> Row {
    let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    Row {
        cells: vec![
            Cell {
                show: html! { a.primary href={ "/evidence/" (row.digest.hex()) } { (row.name) } span.sub.mono { (row.how) } },
                ..Cell::text(&row.name)
            },
            Cell::by_text(target_link(row), target_name(row)),
            Cell::by_number(
                html! { @if let Some(run) = row.run { a.num href={ "/runs/" (run) } { (run) } } },
                row.run.unwrap_or(0),
            ),
            Cell::by_number(html! { span.num.nowrap { (size(row.size)) } }, number(row.size)),
            Cell::by_number(
                html! { span.muted.nowrap { (moment::ago(row.collected, now)) } },
                row.collected.micros(),
            )
            .said(row.collected.to_string()),
            Cell::text(&row.digest.to_string()).showing(digest::chip(&row.digest)),
        ],
        find: format!("{} {} {} {}", row.name, target_name(row), row.how, row.digest),
        facets: Vec::new(),
    }
}

pub(super) fn one(view: &ArtifactView) -> Page {
    let name = view.origins.first().map_or("Artifact", |origin| origin.row.name.as_str());
    let note = html! { (size(view.bytes.len() as u64)) ", " (view.media_type) };
    let body = html! {
        (block("content", "Content", &note, &html! { div.block-body { (content(view)) } }))
        @for (at, origin) in view.origins.iter().enumerate() { (provenance(at, origin)) }
        (block("verify", "Check it yourself", &html! {}, &html! {
            div.block-body.stack {
                p.prose { "Download the bytes and hash them with any tool. The result must be the digest above, and the ledger leaf of the run commits to it." }
                (command(&format!("sha256sum {}", file_name(view))))
            }
        }))
    };
    let mut page = Page::new(Place::Evidence, name, body);
    page.lead = digest::whole(&view.digest);
    page.crumbs = vec![("Evidence".into(), "/evidence".into())];
    page.actions = html! { a.button href={ "/evidence/" (view.digest.hex()) "/download" } download { (icon::icon("i-download")) "Download" } };
    page
}

/// The name an artifact is saved under.
pub(super) fn file_name(view: &ArtifactView) -> String {
    let name = view.origins.first().map_or("artifact", |origin| origin.row.name.as_str());
    format!(
        "{}-{}.{}",
        crate::design::segment(name),
        view.digest.short(),
        if is_text(&view.bytes) { "txt" } else { "bin" }
    )
}

fn content(view: &ArtifactView) -> Markup {
    let whole = view.bytes.len();
    if whole == 0 {
        return html! { p.muted { "The answer was empty. That, too, is evidence." } };
    }
    if is_text(&view.bytes) {
        let shown =
            String::from_utf8_lossy(&view.bytes[..floor_boundary(&view.bytes, TEXT_LIMIT)]).into_owned();
        return html! { (cut_note(shown.len(), whole)) (text(&shown)) };
    }
    let shown = &view.bytes[..whole.min(HEX_LIMIT)];
    html! { (cut_note(shown.len(), whole)) pre.source tabindex="0" role="group" aria-label="Bytes in hexadecimal" { (hex_dump(shown)) } }
}

pub(super) fn cut_note(shown: usize, whole: usize) -> Markup {
    html! {
        @if shown < whole {
            p.note-line { "Showing the first " (size(shown as u64)) " of " (size(whole as u64)) ". The download has all." }
        }
    }
}

/// Text with everything invisible made visible, so that nothing can hide or reorder a line.
pub(super) fn text(shown: &str) -> Markup {
    let mut pieces: Vec<(bool, String)> = Vec::new();
    for c in shown.chars() {
        let hides = hides(c);
        let piece = if hides { format!("U+{:04X}", u32::from(c)) } else { c.to_string() };
        match pieces.last_mut() {
            Some((false, last)) if !hides => last.push_str(&piece),
            _ => pieces.push((hides, piece)),
        }
    }
    html! {
        pre.source tabindex="0" role="group" aria-label="Content as text" {
            @for (hidden, piece) in pieces { @if hidden { span.invisible { (piece) } } @else { (piece) } }
        }
    }
}

fn hides(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t' && c != '\r')
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{E0000}'..='\u{E007F}')
}

fn is_text(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| !text.contains('\0'))
}

/// The largest length up to `limit` that does not cut a character.
pub(super) fn floor_boundary(bytes: &[u8], limit: usize) -> usize {
    let mut end = bytes.len().min(limit);
    while end < bytes.len() && end > 0 && bytes[end] & 0xC0 == 0x80 {
        end -= 1;
    }
    end
}

fn hex_dump(bytes: &[u8]) -> String {
    let mut out = String::new();
    for (at, line) in bytes.chunks(16).enumerate() {
        let hex: Vec<String> = line.iter().map(|b| format!("{b:02x}")).collect();
        let shown: String =
            line.iter().map(|b| if (32..127).contains(b) { char::from(*b) } else { '.' }).collect();
        out.push_str(&format!("{:08x}  {:<47}  {shown}\n", at * 16, hex.join(" ")));
    }
    out
}

fn provenance(at: usize, origin: &Origin) -> Markup {
    let row = &origin.row;
    let title = if at == 0 { "Where it comes from" } else { "Also brought by" };
    let body = html! {
        dl.facts {
            @if row.target.is_some() { dt { "Target" } dd { (target_link(row)) } }
            @if let Some(run) = row.run { dt { "Run" } dd { a href={ "/runs/" (run) } { "Run " (run) } } }
            dt { "Kept since" } dd { (moment::exact(row.collected)) }
            @if let Some(provenance) = &origin.provenance { (obtained(provenance)) }
            @if let Some(leaf) = origin.leaf { dt { "Committed to" } dd { a href={ "/ledger/leaves/" (leaf) } { "ledger leaf " (leaf) } } }
        }
    };
    block(&format!("origin-{at}"), title, &html! {}, &body)
}

fn obtained(provenance: &Provenance) -> Markup {
    html! {
        @match &provenance.method {
            Method::Command { program, arguments, exit_status, stderr } => {
                dt { "Command" }
                dd { code { (program) @for argument in arguments { " " (argument) } } }
                dt { "Exit status" }
                dd { @match exit_status { Some(status) => (status), None => "none: it was ended or never started" } }
                @if !stderr.is_empty() { dt { "Standard error" } dd { code { (stderr) } } }
            },
            Method::File { path } => { dt { "File" } dd { code { (path) } } },
            Method::Kernel { source } => { dt { "Kernel" } dd { code { (source) } } },
        }
        dt { "As user" } dd { (provenance.user) }
        dt { "Read" }
        dd { (moment::exact(provenance.started)) ", took " (moment::duration(provenance.finished.micros() - provenance.started.micros())) }
        dt { "Original size" }
        dd { (size(provenance.original_bytes)) @if provenance.truncated { ", cut at the limit" } }
        dt { "Taken out" }
        dd {
            @if provenance.redactions.iter().all(|redaction| redaction.count == 0) { "nothing" }
            @for (at, redaction) in provenance.redactions.iter().filter(|redaction| redaction.count > 0).enumerate() {
                @if at > 0 { ", " }
                (redaction.count) " " (redaction.kind)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_hides_in_text() {
        let html = text("a\u{202E}b\u{0}<script>\u{1b}[31m").0;
        assert!(html.contains("U+202E") && html.contains("U+0000") && html.contains("U+001B"));
        assert!(html.contains("&lt;script&gt;"));
    }

    #[test]
    fn bytes_are_shown_as_they_are() {
        assert_eq!(hex_dump(b"A\x00\xff"), format!("00000000  {:<47}  A..\n", "41 00 ff"));
        assert!(!is_text(b"\xff") && !is_text(b"a\0") && is_text("é".as_bytes()));
        assert_eq!(floor_boundary("aé".as_bytes(), 2), 1);
    }
}
