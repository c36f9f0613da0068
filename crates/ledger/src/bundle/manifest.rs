//! `MANIFEST.json`: an in-toto Statement that names every other file with its SHA-256.
//!
//! It is canonical JSON of the log's profile, so there is one spelling and no duplicate member. `MANIFEST.sig` is a
//! note over its digest, signed with the log's key: so no byte of the bundle can change unnoticed, not even in
//! documents that no entry commits to; `MANIFEST.dsse.json` is the same statement in a signed envelope, for tools that
//! read those. What the log itself vouches for comes from the signed checkpoint alone.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::name::{is_of_manifest, is_safe_name};
use crate::Hash;
use crate::canonical::{self, WriteError};
use crate::hash::shorten;

const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";
/// Type of the statement's predicate.
pub const PREDICATE_TYPE: &str = "urn:tickmark:evidence-bundle:1";

/// What a bundle says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// What the bundle is about, in words.
    pub about: String,
    /// When it was made, RFC 3339.
    pub created: String,
    /// The period it covers, RFC 3339, if it is about one.
    pub period: Option<(String, String)>,
    /// Origin of the log.
    pub origin: String,
    /// Number of leaves at the latest checkpoint.
    pub size: u64,
    /// Whether the whole log is in the bundle.
    pub is_whole_log: bool,
    /// Every other file with its digest.
    pub files: BTreeMap<String, Hash>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Statement {
    _type: String,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    predicate: Predicate,
    subject: Vec<Subject>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Predicate {
    about: String,
    created: String,
    entries: EntriesShipped,
    origin: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    period: Option<Period>,
    size: u64,
}

#[derive(Serialize, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum EntriesShipped {
    All,
    Cited,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Period {
    from: String,
    to: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Subject {
    digest: Digest,
    name: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Digest {
    sha256: String,
}

impl Manifest {
    /// Writes the manifest.
    ///
    /// # Errors
    /// If a number is beyond what the profile allows.
    pub fn to_bytes(&self) -> Result<Vec<u8>, WriteError> {
        let entries = if self.is_whole_log { EntriesShipped::All } else { EntriesShipped::Cited };
        let subject = self
            .files
            .iter()
            .map(|(name, digest)| Subject { digest: Digest { sha256: digest.hex() }, name: name.clone() });
        canonical::to_bytes(&Statement {
            _type: STATEMENT_TYPE.to_owned(),
            predicate_type: PREDICATE_TYPE.to_owned(),
            predicate: Predicate {
                about: self.about.clone(),
                created: self.created.clone(),
                entries,
                origin: self.origin.clone(),
                period: self.period.clone().map(|(from, to)| Period { from, to }),
                size: self.size,
            },
            subject: subject.collect(),
        })
    }

    /// Reads a manifest.
    ///
    /// # Errors
    /// With a sentence, if the bytes are anything else.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        canonical::check(bytes).map_err(|error| format!("not canonical JSON: {error}"))?;
        let statement: Statement =
            serde_json::from_slice(bytes).map_err(|error| format!("not a manifest: {error}"))?;
        if statement._type != STATEMENT_TYPE || statement.predicate_type != PREDICATE_TYPE {
            return Err(format!("not a manifest: predicate type {:?}", shorten(&statement.predicate_type)));
        }
        let mut files = BTreeMap::new();
        for Subject { digest, name } in statement.subject {
            let digest =
                Hash::parse_hex(&digest.sha256).map_err(|error| format!("{}: {error}", shorten(&name)))?;
            if !is_safe_name(&name) || is_of_manifest(&name) {
                return Err(format!("names {:?}, which cannot be a file of a bundle", shorten(&name)));
            }
            if files.last_key_value().is_some_and(|(last, _)| *last >= name) {
                return Err(format!("names {name} twice or out of order"));
            }
            files.insert(name, digest);
        }
        let Predicate { about, created, entries, origin, period, size } = statement.predicate;
        Ok(Self {
            about,
            created,
            period: period.map(|period| (period.from, period.to)),
            origin,
            size,
            is_whole_log: entries == EntriesShipped::All,
            files,
        })
    }
}

/// Returns the text that the log's key signs: it can never be the text of a checkpoint, whose first line has no
/// spaces and whose second line is a number.
pub(super) fn signed_text(origin: &str, manifest: &Hash) -> String {
    format!("tickmark evidence bundle manifest\n{origin}\n{}\n", manifest.digest())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        Manifest {
            about: "Readiness of Example".to_owned(),
            created: "2026-11-24T14:45:00.000000Z".to_owned(),
            period: Some((
                "2026-01-01T00:00:00.000000Z".to_owned(),
                "2027-01-01T00:00:00.000000Z".to_owned(),
            )),
            origin: "example.org/log".to_owned(),
            size: 3,
            is_whole_log: true,
            files: [("README.txt", b"a"), ("policy", b"b")]
                .map(|(name, bytes)| (name.to_owned(), Hash::of(bytes)))
                .into(),
        }
    }

    #[test]
    fn manifest_reads_back() {
        let bytes = manifest().to_bytes().expect("bytes");
        assert_eq!(Manifest::parse(&bytes), Ok(manifest()));
    }

    #[test]
    fn other_manifests_are_refused() {
        let text = String::from_utf8(manifest().to_bytes().expect("bytes")).expect("text");
        for (from, to, expected) in [
            ("README.txt", "../README", "cannot be a file"),
            ("README.txt", "MANIFEST.json", "cannot be a file"),
            ("README.txt", "policy", "twice"),
            ("README.txt", "z", "twice or out of order"),
            ("evidence-bundle:1", "evidence-bundle:2", "predicate type"),
            ("\"size\":3", "\"size\":3.0", "not canonical"),
            ("\"size\":3", "\"size\":3,\"size\":4", "not canonical"),
            ("\"about\":", "\"aa\":1,\"about\":", "unknown field"),
        ] {
            let error = Manifest::parse(text.replacen(from, to, 1).as_bytes()).expect_err(from);
            assert!(error.contains(expected), "{from} -> {to}: {error}");
        }
    }
}
