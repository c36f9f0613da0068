//! Several files as one archive: the same files at the same moment are the same bytes.

use std::collections::BTreeMap;
use std::io::{Cursor, Write as _};

use tickmark_core::{Digest, Timestamp};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::{Error, Result};

/// Adds the digests of all files, which `sha256sum -c` reads.
pub(crate) fn with_digests(mut files: BTreeMap<String, Vec<u8>>) -> BTreeMap<String, Vec<u8>> {
    let sums: String =
        files.iter().map(|(name, bytes)| format!("{}  {name}\n", Digest::of(bytes).hex())).collect();
    files.insert("SHA256SUMS".to_owned(), sums.into_bytes());
    files
}

/// Packs files into a ZIP, dated `at`.
///
/// # Errors
/// If they are larger than an archive can hold.
pub(crate) fn zip(files: &BTreeMap<String, Vec<u8>>, at: Timestamp) -> Result<Vec<u8>> {
    pack(files, at).map_err(|error| Error::internal("packing files", error))
}

fn pack(files: &BTreeMap<String, Vec<u8>>, at: Timestamp) -> zip::result::ZipResult<Vec<u8>> {
    let text = at.to_string();
    let part = |from: usize, to: usize| text[from..to].parse().unwrap_or(0_u16);
    let byte = |from: usize, to: usize| u8::try_from(part(from, to)).unwrap_or(0);
    let moment = DateTime::from_date_and_time(
        part(0, 4),
        byte(5, 7),
        byte(8, 10),
        byte(11, 13),
        byte(14, 16),
        byte(17, 19),
    );
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(moment.unwrap_or_default())
        .unix_permissions(0o644);
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        archive.start_file(name.as_str(), options)?;
        archive.write_all(bytes)?;
    }
    Ok(archive.finish()?.into_inner())
}
