//! `salts.json`: with which salt a released artifact reproduces its commitment.

use serde::{Deserialize, Serialize};

use crate::Hash;
use crate::canonical::{self, WriteError};
use crate::commitment::Salt;
use crate::hash::shorten;

/// One commitment opened: released content, commitment of an included leaf, salt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Release {
    /// SHA-256 of the released content, which is the name of its file.
    pub blob: Hash,
    /// The commitment in the leaf.
    pub commitment: Hash,
    /// The salt under which the content reproduces the commitment.
    pub salt: Salt,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    salts: Vec<Line>,
    v: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    blob: String,
    commitment: String,
    salt: String,
}

pub(super) fn to_bytes(releases: &[Release]) -> Result<Vec<u8>, WriteError> {
    let mut releases = releases.to_vec();
    releases.sort_unstable();
    releases.dedup();
    let line = |release: &Release| Line {
        blob: release.blob.digest(),
        commitment: release.commitment.digest(),
        salt: release.salt.hex(),
    };
    canonical::to_bytes(&File { salts: releases.iter().map(line).collect(), v: 1 })
}

pub(super) fn parse(bytes: &[u8]) -> Result<Vec<Release>, String> {
    canonical::check(bytes).map_err(|error| format!("not canonical JSON: {error}"))?;
    let file: File =
        serde_json::from_slice(bytes).map_err(|error| format!("not a list of salts: {error}"))?;
    if file.v != 1 {
        return Err(format!("format {} is unknown", file.v));
    }
    let release = |line: Line| {
        let blob = Hash::parse_digest(&line.blob).map_err(|error| error.to_string())?;
        let commitment = Hash::parse_digest(&line.commitment).map_err(|error| error.to_string())?;
        let salt = Salt::parse_hex(&line.salt);
        let salt =
            salt.ok_or_else(|| format!("salt of {} is not 64 hexadecimal digits", shorten(&line.blob)))?;
        Ok(Release { blob, commitment, salt })
    };
    file.salts.into_iter().map(release).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn salts_read_back_sorted() {
        let release = |seed: u8| Release {
            blob: Hash::of(&[seed]),
            commitment: Hash::of(&[seed, seed]),
            salt: Salt([seed; 32]),
        };
        let bytes = to_bytes(&[release(2), release(1), release(2)]).expect("bytes");
        let mut expected = vec![release(1), release(2)];
        expected.sort_unstable();
        assert_eq!(parse(&bytes), Ok(expected));
        assert!(parse(br#"{"salts":[],"v":2}"#).is_err());
        assert!(parse(br#"{"salts":[{"blob":"sha256:00","commitment":"","salt":""}],"v":1}"#).is_err());
    }
}
