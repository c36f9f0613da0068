//! The directory of a ZIP, looked at before any library allocates room for what it announces.
//!
//! It must be the last thing in the file, end where its own end record begins, name no file twice, and announce no
//! more files than the limit. Libraries that search for a directory further up, or believe a number of files, are
//! thereby left nothing to guess.

use std::collections::BTreeSet;
use std::io::{self, Read, Seek, SeekFrom};

use crate::hash::shorten;

const END_BYTES: u64 = 22;
const LOCATOR_BYTES: u64 = 20;
const END64_BYTES: u64 = 56;
const HEADER_BYTES: usize = 46;

/// Where the directory lies, and how many files it announces.
struct Directory {
    start: u64,
    bytes: u64,
    count: u64,
}

pub(super) fn check_directory<R: Read + Seek>(reader: &mut R, max_files: usize) -> Result<(), String> {
    let directory = find(reader).map_err(|error| error.to_string())??;
    if directory.count > max_files as u64 {
        return Err(format!("more than {max_files} files"));
    }
    check_names(reader, &directory).map_err(|error| error.to_string())?
}

fn find<R: Read + Seek>(reader: &mut R) -> io::Result<Result<Directory, String>> {
    let refuse = |problem: &str| Ok(Err(problem.to_owned()));
    let length = reader.seek(SeekFrom::End(0))?;
    if length < END_BYTES {
        return refuse("too short to be a ZIP");
    }
    let end_at = length - END_BYTES;
    let end: [u8; END_BYTES as usize] = read_at(reader, end_at)?;
    if !end.starts_with(b"PK\x05\x06") || end[20..] != [0, 0] {
        return refuse("no ZIP directory at the end: cut off, or with something behind it");
    }
    let (count, bytes, start) = (number(&end[10..12]), number(&end[12..16]), number(&end[16..20]));
    let is_large = count == u64::from(u16::MAX) || [bytes, start].contains(&u64::from(u32::MAX));
    let (directory, directory_end) = if is_large {
        let Some(end64_at) = end_at.checked_sub(LOCATOR_BYTES + END64_BYTES) else {
            return refuse("ZIP directory is cut off");
        };
        let end64: [u8; (END64_BYTES + LOCATOR_BYTES) as usize] = read_at(reader, end64_at)?;
        let (end64, locator) = end64.split_at(END64_BYTES as usize);
        let located = locator.starts_with(b"PK\x06\x07") && number(&locator[8..16]) == end64_at;
        if !end64.starts_with(b"PK\x06\x06") || !located || number(&end64[4..12]) != END64_BYTES - 12 {
            return refuse("large ZIP directory is not where it should be");
        }
        let (count, bytes, start) = (number(&end64[32..40]), number(&end64[40..48]), number(&end64[48..56]));
        (Directory { start, bytes, count }, end64_at)
    } else {
        (Directory { start, bytes, count }, end_at)
    };
    if directory.start.checked_add(directory.bytes) != Some(directory_end) {
        return refuse("ZIP directory does not end where it should");
    }
    Ok(Ok(directory))
}

fn check_names<R: Read + Seek>(reader: &mut R, directory: &Directory) -> io::Result<Result<(), String>> {
    reader.seek(SeekFrom::Start(directory.start))?;
    let mut headers = Vec::new();
    reader.take(directory.bytes).read_to_end(&mut headers)?;
    let (mut rest, mut names) = (headers.as_slice(), BTreeSet::new());
    while let Some(header) = rest.get(..HEADER_BYTES) {
        let [name, extra, comment] =
            [28, 30, 32].map(|at| usize::from(u16::from_le_bytes([header[at], header[at + 1]])));
        let next = rest.get(HEADER_BYTES + name + extra + comment..);
        let (true, Some(next)) = (header.starts_with(b"PK\x01\x02"), next) else { break };
        let name = &rest[HEADER_BYTES..HEADER_BYTES + name];
        if !names.insert(name) {
            return Ok(Err(format!("two files have the name {:?}", shorten(&String::from_utf8_lossy(name)))));
        }
        rest = next;
    }
    if rest.is_empty() && names.len() as u64 == directory.count {
        Ok(Ok(()))
    } else {
        Ok(Err("ZIP directory does not name as many files as it says".to_owned()))
    }
}

fn read_at<R: Read + Seek, const N: usize>(reader: &mut R, at: u64) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    reader.seek(SeekFrom::Start(at))?;
    reader.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// Reads a little-endian number of at most eight bytes.
fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte))
}
