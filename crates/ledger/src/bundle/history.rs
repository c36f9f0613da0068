//! The folder `history/` of a bundle: objects, names of targets, and the stretches that the report is built on.

use serde::{Deserialize, Serialize};

use super::name::{STRETCHES, TARGETS, objects_name};
use crate::Hash;
use crate::canonical::{self, WriteError};
use crate::history::{Claim, Objects, claims_to_text};

/// Everything that lets a verifier recompute the history of observations.
#[derive(Clone, Debug, Default)]
pub struct HistoryContents {
    /// Populations, lists of runs, blocks and schedules that the entries name by digest.
    pub objects: Objects,
    /// Failing and unseen stretches as the operator's index has them.
    pub claims: Vec<Claim>,
    /// What the identities in populations stand for.
    pub targets: Vec<TargetName>,
}

/// What an identity in a population stands for: it is the SHA-256 of the canonical bytes of this.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetName {
    /// How the source names it.
    pub external_id: String,
    /// What it is, e.g. `host`.
    pub kind: String,
}

impl TargetName {
    /// Returns the identity that stands in populations.
    ///
    /// # Errors
    /// If a text cannot be written.
    pub fn identity(&self) -> Result<Hash, WriteError> {
        Ok(Hash::of(&canonical::to_bytes(self)?))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    targets: Vec<TargetName>,
    v: u32,
}

pub(super) fn to_files(history: &HistoryContents) -> Result<Vec<(String, Vec<u8>)>, WriteError> {
    let mut targets = history.targets.clone();
    targets.sort_unstable();
    targets.dedup();
    let targets = canonical::to_bytes(&File { targets, v: 1 })?;
    let packs = history.objects.to_packs().into_iter().enumerate();
    let mut files: Vec<_> = packs.map(|(number, pack)| (objects_name(number), pack)).collect();
    files.push((STRETCHES.to_owned(), claims_to_text(&history.claims).into_bytes()));
    files.push((TARGETS.to_owned(), targets));
    Ok(files)
}

/// Reads the names of targets with their identities.
pub(super) fn parse_targets(bytes: &[u8]) -> Result<Vec<(Hash, TargetName)>, String> {
    canonical::check(bytes).map_err(|error| format!("not canonical JSON: {error}"))?;
    let file: File =
        serde_json::from_slice(bytes).map_err(|error| format!("not a list of targets: {error}"))?;
    if file.v != 1 {
        return Err(format!("format {} is unknown", file.v));
    }
    let named = |target: TargetName| {
        let identity = target.identity().map_err(|error| error.to_string())?;
        Ok((identity, target))
    };
    file.targets.into_iter().map(named).collect()
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rotations {
    rotations: Vec<String>,
    v: u32,
}

/// Key rotations that one bundle may carry.
const MAX_ROTATIONS: usize = 1000;

pub(super) fn rotations_to_bytes(notes: &[String]) -> Result<Vec<u8>, WriteError> {
    canonical::to_bytes(&Rotations { rotations: notes.to_vec(), v: 1 })
}

pub(super) fn parse_rotations(bytes: &[u8]) -> Result<Vec<String>, String> {
    canonical::check(bytes).map_err(|error| format!("not canonical JSON: {error}"))?;
    let file: Rotations =
        serde_json::from_slice(bytes).map_err(|error| format!("not a list of key rotations: {error}"))?;
    if file.v != 1 || file.rotations.len() > MAX_ROTATIONS {
        return Err(format!("format {} with {} rotations is not readable", file.v, file.rotations.len()));
    }
    Ok(file.rotations)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_is_that_of_the_canonical_bytes() {
        let target = TargetName { external_id: "m-1".to_owned(), kind: "host".to_owned() };
        let expected = Hash::of(br#"{"external_id":"m-1","kind":"host"}"#);
        assert_eq!(target.identity().expect("identity"), expected);
        let history = HistoryContents { targets: vec![target.clone(); 2], ..HistoryContents::default() };
        let files = to_files(&history).expect("files");
        let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, [STRETCHES, TARGETS]);
        assert_eq!(parse_targets(&files[1].1), Ok(vec![(expected, target)]));
        assert!(parse_targets(br#"{"targets":[],"v":2}"#).is_err());
    }

    #[test]
    fn rotations_read_back() {
        let notes = ["a\n".to_owned(), "b".to_owned()];
        assert_eq!(parse_rotations(&rotations_to_bytes(&notes).expect("bytes")), Ok(notes.to_vec()));
        assert!(parse_rotations(br#"{"rotations":[],"v":2}"#).is_err());
    }
}
