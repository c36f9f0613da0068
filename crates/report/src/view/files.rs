//! Files that a document names by their digest.

use std::collections::BTreeMap;
use std::panic;

use hayro_syntax::Pdf;
use tickmark_core::report::Files;

use crate::typeset::file_path;

/// Returns where templates read each file.
pub(super) fn paths(files: &Files) -> BTreeMap<String, String> {
    files.keys().enumerate().map(|(place, digest)| (digest.to_string(), file_path(place))).collect()
}

/// Counts the pages of a PDF that somebody else made; none where they cannot be counted, whatever is wrong with it.
pub(super) fn page_count(bytes: &[u8]) -> Option<usize> {
    let bytes = bytes.to_vec();
    panic::catch_unwind(move || Pdf::new(bytes).ok().map(|pdf| pdf.pages().len())).ok()?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_document_has_no_count() {
        for bytes in [b"".as_slice(), b"%PDF-1.7", b"%PDF-1.7\n1 0 obj << /Type /Catalog >> endobj"] {
            assert_eq!(page_count(bytes), None);
        }
    }
}
