//! Reading a ZIP from somebody who may want to harm the reader.
//!
//! Nothing is unpacked to a file system. Accepted are only plain files with safe, distinct names, stored or deflated,
//! lying one after the other from the first byte to the directory, within limits of number, size and ratio.

use std::collections::BTreeMap;
use std::io::{Read, Seek};

use sha2::{Digest as _, Sha256};
use zip::read::{ArchiveOffset, Config};
use zip::{CompressionMethod, ZipArchive};

use super::directory::check_directory;
use crate::Hash;
use crate::bundle::name::is_safe_name;
use crate::hash::shorten;

/// Factor of inflation from which a large file is refused. JSON entries reach about 20.
pub(crate) const MAX_RATIO: u64 = 200;
/// Size up to which the factor does not matter.
pub(crate) const RATIO_FREE_BYTES: u64 = 1 << 20;
/// Size from which a file is never read into memory as a whole.
const MAX_MEMORY_BYTES: u64 = 64 << 20;
const PIECE_BYTES: usize = 64 << 10;

/// How large a bundle may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Number of files.
    pub max_files: usize,
    /// Bytes of one file, unpacked.
    pub max_file_bytes: u64,
    /// Bytes of all files together, unpacked.
    pub max_total_bytes: u64,
    /// Factor of inflation of a file larger than 1 MiB.
    pub max_ratio: u64,
}

impl Limits {
    /// Limits that fit a year of a large estate.
    pub const DEFAULT: Self =
        Self { max_files: 500_000, max_file_bytes: 1 << 30, max_total_bytes: 8 << 30, max_ratio: MAX_RATIO };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

pub(super) struct Archive<R> {
    zip: ZipArchive<R>,
    /// In the order of the archive.
    names: Vec<String>,
    places: BTreeMap<String, usize>,
}

impl<R: Read + Seek> Archive<R> {
    pub(super) fn open(mut reader: R, limits: &Limits) -> Result<Self, String> {
        check_directory(&mut reader, limits.max_files)?;
        let config = Config { archive_offset: ArchiveOffset::Known(0) };
        let mut zip = ZipArchive::with_config(config, reader).map_err(|error| error.to_string())?;
        if zip.len() > limits.max_files {
            return Err(format!("more than {} files", limits.max_files));
        }
        if zip.has_duplicate_names() {
            return Err("two files have the same name".to_owned());
        }
        let mut names = Vec::with_capacity(zip.len());
        let mut places = BTreeMap::new();
        let mut total = 0_u64;
        for place in 0..zip.len() {
            let file = zip.by_index_data(place).map_err(|error| error.to_string())?;
            let name = String::from_utf8(file.name_raw().to_vec())
                .map_err(|_| "a file name is not text".to_owned())?;
            let refuse = |problem: &str| Err(format!("{:?} {problem}", shorten(&name)));
            if !is_safe_name(&name) {
                return refuse("is not a safe file name");
            }
            if !file.is_file()
                || file.unix_mode().is_some_and(|mode| mode & 0o170_000 != 0 && mode & 0o170_000 != 0o100_000)
            {
                return refuse("is not a plain file");
            }
            if file.encrypted()
                || !matches!(file.compression(), CompressionMethod::Stored | CompressionMethod::Deflated)
            {
                return refuse("is encrypted or packed in an unusual way");
            }
            let (size, packed) = (file.size(), file.compressed_size());
            total = total.saturating_add(size);
            if size > limits.max_file_bytes || total > limits.max_total_bytes {
                return refuse("is beyond the size limit");
            }
            if size > RATIO_FREE_BYTES && size / packed.max(1) > limits.max_ratio {
                return refuse("inflates too much");
            }
            places.insert(name.clone(), place);
            names.push(name);
        }
        // Overlaps, headers that disagree, and files hidden from the directory.
        zip.validate_header_consistency().map_err(|error| error.to_string())?;
        let archive = Self { zip, names, places };
        archive.check_no_gaps()
    }

    /// Bytes that belong to no file could carry content no tool shows.
    fn check_no_gaps(mut self) -> Result<Self, String> {
        let mut end = 0;
        for place in 0..self.zip.len() {
            let file = self.zip.by_index_raw(place).map_err(|error| error.to_string())?;
            let start = file.data_start().ok_or("a file has no beginning")?;
            if file.header_start() != end {
                return Err(format!("bytes that belong to no file before {:?}", shorten(&self.names[place])));
            }
            end = start.checked_add(file.compressed_size()).ok_or("a file has no end")?;
        }
        if end == self.zip.central_directory_start() && self.zip.comment().is_empty() {
            Ok(self)
        } else {
            Err("bytes that belong to no file".to_owned())
        }
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.names.clone()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.places.contains_key(name)
    }

    /// Reads a file into memory; none if there is none.
    pub(super) fn read(&mut self, name: &str) -> Option<Result<Vec<u8>, String>> {
        let place = *self.places.get(name)?;
        Some(self.read_place(place))
    }

    fn read_place(&mut self, place: usize) -> Result<Vec<u8>, String> {
        let file = self.zip.by_index(place).map_err(|error| format!("cannot be read: {error}"))?;
        let size = file.size();
        if size > MAX_MEMORY_BYTES {
            return Err(format!("has more than {MAX_MEMORY_BYTES} bytes"));
        }
        let mut content = Vec::with_capacity(usize::try_from(size).map_err(|_| "is too large".to_owned())?);
        let read = file.take(size + 1).read_to_end(&mut content);
        read.map_err(|error| format!("cannot be read: {error}"))?;
        if content.len() as u64 == size {
            Ok(content)
        } else {
            Err("has not the size the archive says".to_owned())
        }
    }

    /// Hashes a file, showing it piece by piece.
    pub(super) fn stream(&mut self, name: &str, mut see: impl FnMut(&[u8])) -> Result<Hash, String> {
        let place = *self.places.get(name).ok_or("missing")?;
        let file = self.zip.by_index(place).map_err(|error| format!("cannot be read: {error}"))?;
        let size = file.size();
        let mut file = file.take(size + 1);
        let (mut hasher, mut seen, mut piece) = (Sha256::new(), 0_u64, vec![0; PIECE_BYTES]);
        loop {
            let count = file.read(&mut piece).map_err(|error| format!("cannot be read: {error}"))?;
            if count == 0 {
                break;
            }
            seen += count as u64;
            hasher.update(&piece[..count]);
            see(&piece[..count]);
        }
        if seen == size {
            Ok(Hash(hasher.finalize().into()))
        } else {
            Err("has not the size the archive says".to_owned())
        }
    }
}
