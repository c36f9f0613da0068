//! Digests of the top-level sections of a facts document, kept for the facts that hold now: they tell which checks
//! have to be asked again when facts change. A cache; without it every check is asked.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::value::RawValue;
use tickmark_core::Digest;
use tickmark_evaluate::Check;

const DIGEST_BYTES: usize = 32;

/// Sections by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sections(BTreeMap<String, Digest>);

impl Sections {
    /// Digests the sections of a document of canonical bytes; one that is no object has none.
    pub(super) fn of(canonical: &[u8]) -> Self {
        let sections: BTreeMap<String, &RawValue> = serde_json::from_slice(canonical).unwrap_or_default();
        let digest = |section: &RawValue| Digest::of(section.get().as_bytes());
        Self(sections.into_iter().map(|(name, section)| (name, digest(section))).collect())
    }

    /// Returns a digest of the sections that a check reads: facts with the same one have the same answer.
    pub(super) fn read_by(&self, check: &Check) -> Digest {
        let mut bytes = Vec::new();
        for (name, digest) in self.0.iter().filter(|(name, _)| check.reads(name)) {
            bytes.extend_from_slice(&(name.len() as u64).to_le_bytes());
            bytes.extend_from_slice(name.as_bytes());
            bytes.extend_from_slice(&digest.0);
        }
        Digest::of(&bytes)
    }

    /// Returns which of the sections a check reads, one bit for each; none if there are more than 128.
    pub(super) fn choice(&self, check: &Check) -> Option<u128> {
        let bits = || self.0.keys().enumerate().filter(|(_, name)| check.reads(name));
        (self.0.len() <= 128).then(|| bits().fold(0, |choice, (bit, _)| choice | 1 << bit))
    }

    /// Returns the names of sections that are not the same in both.
    pub(super) fn different(&self, other: &Self) -> BTreeSet<String> {
        let names = self.0.keys().chain(other.0.keys());
        names.filter(|name| self.0.get(*name) != other.0.get(*name)).cloned().collect()
    }

    /// Packs (length of name, name, digest) for each section; none if a name is longer than 255 bytes.
    pub(super) fn pack(&self) -> Option<Vec<u8>> {
        let mut out = Vec::with_capacity(self.0.len() * 48);
        for (name, digest) in &self.0 {
            out.push(u8::try_from(name.len()).ok()?);
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(&digest.0);
        }
        Some(out)
    }

    /// Reads what [`Sections::pack`] wrote.
    pub(super) fn unpack(mut bytes: &[u8]) -> Option<Self> {
        let mut sections = BTreeMap::new();
        while let Some((&length, rest)) = bytes.split_first() {
            let (name, rest) = rest.split_at_checked(usize::from(length))?;
            let (digest, rest) = rest.split_at_checked(DIGEST_BYTES)?;
            sections.insert(String::from_utf8(name.to_vec()).ok()?, Digest(digest.try_into().ok()?));
            bytes = rest;
        }
        Some(Self(sections))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tickmark_core::canonical;

    use super::*;

    #[test]
    fn what_differs_is_named_and_packing_loses_nothing() {
        let one =
            Sections::of(&canonical::bytes(&json!({"a": 1, "b": {"x": [1, 2]}, "c": null})).expect("JSON"));
        let two =
            Sections::of(&canonical::bytes(&json!({"a": 1, "b": {"x": [2, 1]}, "d": null})).expect("JSON"));
        assert_eq!(one.different(&two), ["b", "c", "d"].map(str::to_owned).into());
        assert!(one.different(&one).is_empty());
        let packed = one.pack().expect("short names");
        assert_eq!(Sections::unpack(&packed), Some(one));
        assert_eq!(Sections::unpack(&packed[..packed.len() - 1]), None);
        assert_eq!(Sections::of(b"[1]").pack(), Some(Vec::new()));
    }
}
