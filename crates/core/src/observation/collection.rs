//! What one look at one target brings back: facts **and** gaps, with the raw bytes both came from.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::ReasonClass;
use crate::evidence::RawArtifact;
use crate::{Digest, Timestamp};

/// The thing an observation is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TargetRef {
    /// Kind of target, e.g. `host`. Checks name the kind they apply to.
    pub kind: String,
    /// Identity that survives renaming, e.g. a digest of the machine id.
    pub external_id: String,
    /// Name for people, e.g. the host name.
    pub name: String,
}

/// Something that could not be seen. Never a failure and never a pass.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Gap {
    /// Dotted path of the facts that are missing, e.g. `accounts.shadow`.
    pub path: String,
    /// Why.
    #[schemars(with = "String")]
    pub reason: ReasonClass,
    /// What was attempted and what was answered, for people; no secrets.
    pub detail: String,
}

/// One look at one target.
#[derive(Clone, Debug)]
pub struct Collected {
    /// What was looked at.
    pub target: TargetRef,
    /// Name and major version of the facts schema, e.g. `host/1`.
    pub schema: String,
    /// Facts document that conforms to the schema. Holds nothing that changes by itself from run to run, so that
    /// an unchanged target has unchanged facts.
    pub facts: serde_json::Value,
    /// What could not be seen, sorted by path. The same list stands in the facts under `gaps`.
    pub gaps: Vec<Gap>,
    /// Raw answers, redacted.
    pub artifacts: Vec<RawArtifact>,
    /// Collector and version, e.g. `host 0.1.0`.
    pub collector: String,
    /// When the look began.
    pub started: Timestamp,
    /// When it ended.
    pub finished: Timestamp,
}

/// Returns why `facts` do not conform to the schema they are said to follow, or none if they do.
#[must_use]
pub fn facts_defect(schema: &str, facts: &serde_json::Value) -> Option<String> {
    match schema {
        super::host::SCHEMA => super::host::validate(facts).err().map(|error| error.to_string()),
        other => Some(format!("schema {other:?} is not known")),
    }
}

/// As [`facts_defect`], for facts whose predecessor conformed and that differ from it in these top-level fields only: the
/// others are not looked at again.
#[must_use]
pub fn facts_defect_in(
    schema: &str,
    facts: &serde_json::Value,
    changed: &BTreeSet<String>,
) -> Option<String> {
    let Some(fields) = facts.as_object() else { return facts_defect(schema, facts) };
    // A field is judged by itself, except that these have to be there.
    let is_asked = |name: &str| matches!(name, "schema" | "gaps") || changed.contains(name);
    let asked = fields.iter().filter(|(name, _)| is_asked(name));
    facts_defect(schema, &asked.map(|(name, value)| (name.clone(), value.clone())).collect())
}

/// Returns the digest over a run's facts that the run's leaf commits to: SHA-256 over the concatenation of (target
/// identity, facts digest), 64 bytes each, in the order of the population; 32 zero bytes for a target not reached.
#[must_use]
pub fn facts_manifest(targets: &[(Digest, Option<Digest>)]) -> Digest {
    let bytes: Vec<u8> = targets
        .iter()
        .flat_map(|(target, facts)| [target.0, facts.map_or([0; 32], |digest| digest.0)])
        .flatten()
        .collect();
    Digest::of(&bytes)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_changed_field_is_judged_as_in_the_whole_document() {
        let good =
            json!({"schema": "host/1", "gaps": [], "swap": {"devices": []}, "sshd": {"installed": true}});
        let mut bad = good.clone();
        bad["sshd"]["installed"] = "yes".into();
        let in_fields = |facts: &serde_json::Value, fields: &[&str]| {
            facts_defect_in("host/1", facts, &fields.iter().map(|field| (*field).to_owned()).collect())
        };
        for facts in [&good, &bad] {
            assert_eq!(in_fields(facts, &["swap", "sshd"]), facts_defect("host/1", facts));
        }
        assert_eq!(in_fields(&bad, &["sshd"]), facts_defect("host/1", &bad));
        assert_eq!(in_fields(&bad, &["swap"]), None);
        assert!(in_fields(&json!({"schema": "host/1", "gaps": [{}]}), &[]).is_some());
        assert!(in_fields(&json!([]), &[]).is_some());
        assert!(in_fields(&json!({"schema": "host/9", "gaps": []}), &[]).is_some());
    }
}
