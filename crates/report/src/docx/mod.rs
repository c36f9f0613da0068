//! Writings as DOCX, for people who go on with them in a word processor.
//!
//! The format is a ZIP of XML parts (ISO/IEC 29500). Only what our writings need is written, by hand: headings with
//! outline levels, real lists and tables whose heads repeat, a header and a footer on each page, the language, and no date,
//! user or path of this machine, so that the same writing gives the same bytes.

mod body;
mod parts;
mod pictures;
mod xml;

use std::io::{Cursor, Write as _};

use tickmark_core::report::{Files, Writing};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::error::ReportError;
use pictures::Pictures;

/// Writes a writing as DOCX.
///
/// Pictures are in it if they are among `files`; else what they show is told in words.
///
/// # Errors
/// If the writing cannot be written as JSON, for its digest, or the archive cannot be written.
pub fn writing_docx(writing: &Writing, files: &Files) -> Result<Vec<u8>, ReportError> {
    let digest = writing.digest()?;
    let pictures = Pictures::of(writing, files);
    let parts = [
        ("[Content_Types].xml", parts::content_types(&pictures)),
        ("_rels/.rels", parts::RELATIONS.to_owned()),
        ("docProps/core.xml", parts::core_properties(writing)),
        ("docProps/app.xml", parts::APP_PROPERTIES.to_owned()),
        ("word/document.xml", body::document(writing, &pictures)),
        ("word/_rels/document.xml.rels", parts::document_relations(&pictures)),
        ("word/styles.xml", parts::STYLES.to_owned()),
        ("word/numbering.xml", parts::NUMBERING.to_owned()),
        ("word/settings.xml", parts::SETTINGS.to_owned()),
        ("word/header1.xml", parts::header(writing)),
        ("word/footer1.xml", parts::footer(writing, &digest)),
    ];
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default());
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in parts {
        archive.start_file(name, options)?;
        archive.write_all(text.as_bytes()).map_err(zip::result::ZipError::from)?;
    }
    for picture in pictures.all() {
        archive.start_file(format!("word/{}", picture.target), options)?;
        archive.write_all(picture.bytes).map_err(zip::result::ZipError::from)?;
    }
    Ok(archive.finish()?.into_inner())
}

#[cfg(test)]
mod tests;
