//! `records/<n>.json`: texts that entries commit to under a salt, such as why a check was waived. Entries hold no text of
//! people, so without these files their commitments could not be opened.

use serde::{Deserialize, Serialize};

use super::name::records_name;
use crate::Hash;
use crate::canonical::{self, WriteError};
use crate::commitment::{RECORD_DOMAIN, Salt, commit};
use crate::hash::shorten;

/// Bytes of texts from which another file is begun.
const FILE_BYTES: usize = 8 << 20;

/// One commitment opened: the exact text that was committed to, and the salt.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Record {
    /// The text.
    pub text: String,
    /// The salt under which it reproduces the commitment.
    pub salt: Salt,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    records: Vec<Line>,
    v: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    commitment: String,
    salt: String,
    text: String,
}

impl Record {
    /// Returns the commitment that it opens.
    #[must_use]
    pub fn commitment(&self) -> Hash {
        commit(&self.salt, RECORD_DOMAIN, self.text.as_bytes())
    }
}

pub(super) fn to_files(records: &[Record]) -> Result<Vec<(String, Vec<u8>)>, WriteError> {
    let mut records = records.to_vec();
    records.sort_unstable();
    records.dedup();
    let (mut files, mut lines, mut bytes) = (Vec::new(), Vec::new(), 0);
    let mut end = |lines: &mut Vec<Line>| -> Result<(), WriteError> {
        let bytes = canonical::to_bytes(&File { records: std::mem::take(lines), v: 1 })?;
        files.push((records_name(files.len()), bytes));
        Ok(())
    };
    for record in records {
        bytes += record.text.len();
        let (commitment, salt) = (record.commitment().digest(), record.salt.hex());
        lines.push(Line { commitment, salt, text: record.text });
        if bytes >= FILE_BYTES {
            end(&mut lines)?;
            bytes = 0;
        }
    }
    if !lines.is_empty() {
        end(&mut lines)?;
    }
    Ok(files)
}

/// Reads a file, each text with the commitment that it is said to open.
pub(super) fn parse(bytes: &[u8]) -> Result<Vec<(Hash, Record)>, String> {
    canonical::check(bytes).map_err(|error| format!("not canonical JSON: {error}"))?;
    let file: File =
        serde_json::from_slice(bytes).map_err(|error| format!("not a list of texts: {error}"))?;
    if file.v != 1 {
        return Err(format!("format {} is unknown", file.v));
    }
    let record = |line: Line| {
        let commitment = Hash::parse_digest(&line.commitment).map_err(|error| error.to_string())?;
        let salt = Salt::parse_hex(&line.salt)
            .ok_or_else(|| format!("salt of {} is not 64 hexadecimal digits", shorten(&line.commitment)))?;
        Ok((commitment, Record { text: line.text, salt }))
    };
    file.records.into_iter().map(record).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_read_back_in_as_many_files_as_they_need() {
        let record = |seed: u8, length: usize| Record { text: "x".repeat(length), salt: Salt([seed; 32]) };
        let records = [record(1, FILE_BYTES), record(2, 3), record(2, 3), record(3, 5)];
        let files = to_files(&records).expect("files");
        let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["records/0000.json"]);
        let more = to_files(&[record(1, FILE_BYTES), record(2, FILE_BYTES), record(4, 1)]).expect("files");
        assert_eq!(
            more.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
            ["records/0000.json", "records/0001.json"]
        );
        let read = parse(&files[0].1).expect("a list");
        assert_eq!(read.len(), 3);
        assert!(read.iter().all(|(commitment, record)| record.commitment() == *commitment));
        assert_eq!(to_files(&[]).expect("no files"), []);
        assert!(parse(br#"{"records":[],"v":2}"#).is_err());
        assert!(parse(br#"{"records":[{"commitment":"sha256:00","salt":"","text":""}],"v":1}"#).is_err());
    }
}
