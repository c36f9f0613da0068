//! Mappings between frameworks. A mapping says that two requirements overlap; it never says that meeting one
//! meets the other.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How a source requirement relates to a target, in the set-theory style of NIST IR 8477.
///
/// It concerns subject matter, not strictness: a superset may still miss a number the target sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Relation {
    /// Same subject and reach.
    #[serde(rename = "EQ")]
    Equal,
    /// The source covers everything the target asks on the subject, and more.
    #[serde(rename = "SUP")]
    Superset,
    /// The source is one part of a wider target.
    #[serde(rename = "SUB")]
    Subset,
    /// Each has parts of its own.
    #[serde(rename = "INT")]
    Intersects,
}

impl Relation {
    /// All relations in the order in which they are shown.
    pub const ALL: [Self; 4] = [Self::Equal, Self::Superset, Self::Subset, Self::Intersects];

    /// Returns the code used in files.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Equal => "EQ",
            Self::Superset => "SUP",
            Self::Subset => "SUB",
            Self::Intersects => "INT",
        }
    }

    /// Returns what may be claimed from it, for people.
    #[must_use]
    pub fn claim(self) -> &'static str {
        match self {
            Self::Equal => "evidence for one normally serves the other, same scope assumed",
            Self::Superset => {
                "a control that meets the criterion may still miss the target's specific detail (number, frequency)"
            }
            Self::Subset => "meeting the criterion is only part of the target",
            Self::Intersects => "overlap; compare case by case",
        }
    }
}

/// How a pair was found to be related.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rationale {
    /// By wording.
    Syntactic,
    /// By meaning.
    Semantic,
    /// By what is achieved.
    Functional,
}

/// How far a set of mappings has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MappingStatus {
    /// Somebody's judgement, not yet looked at by a second person.
    Proposed,
    /// Looked at by a second person.
    Reviewed,
    /// Published by the owner of one of the frameworks.
    Published,
}

/// A file of mappings from one framework to one or more targets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Crosswalk {
    /// Identifier.
    pub id: String,
    /// Title.
    pub title: String,
    /// Framework the mappings start from.
    pub source_framework: String,
    /// Whether every source requirement has been looked at.
    pub is_complete: bool,
    /// Whose judgement it is, in words.
    pub provenance: String,
    /// Facts and traps to show beside the mappings.
    pub notes: Vec<String>,
    /// What is mapped to.
    pub targets: Vec<TargetFramework>,
    /// Numbers and frequencies the targets set.
    pub parameters: Vec<TargetParameter>,
    /// Parts of the targets that no criterion covers.
    pub uncovered: Vec<Uncovered>,
    /// Source requirements that were looked at, related or not.
    pub looked_at: Vec<String>,
    /// The mappings, in order of set and source requirement.
    pub mappings: Vec<Mapping>,
}

/// A framework that is mapped to and whose text we do not carry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetFramework {
    /// Identifier with edition. If a framework of this identifier is loaded, targets resolve against it.
    pub id: String,
    /// Title.
    pub title: String,
    /// Edition.
    #[serde(default)]
    pub edition: String,
    /// Who publishes it.
    #[serde(default)]
    pub publisher: String,
    /// What a reader should know about it.
    #[serde(default)]
    pub facts: String,
    /// Identifiers that exist, as ranges.
    #[serde(default)]
    pub identifiers: Vec<IdentifierRange>,
    /// Identifiers that exist, one by one.
    #[serde(default)]
    pub identifier_list: Vec<String>,
}

/// Identifiers of the form prefix, number, and perhaps sub-parts: `A.5.` 1 to 37.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentifierRange {
    /// Text before the number.
    pub prefix: String,
    /// First number.
    pub first: u32,
    /// Last number.
    pub last: u32,
    /// Whether `.1` or `(a)` may follow.
    #[serde(default)]
    pub subparts: bool,
}

impl IdentifierRange {
    /// Tells whether `id` lies in the range.
    #[must_use]
    pub fn contains(&self, id: &str) -> bool {
        let Some(rest) = id.strip_prefix(self.prefix.as_str()) else { return false };
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, tail) = rest.split_at(digits);
        let tail_fits = tail.is_empty() || (self.subparts && tail.starts_with(['.', '(']));
        tail_fits
            && !number.starts_with('0')
            && number.parse().is_ok_and(|number: u32| (self.first..=self.last).contains(&number))
    }
}

impl TargetFramework {
    /// Tells whether an identifier exists in the target. Without declared identifiers anything is taken as written.
    #[must_use]
    pub fn knows(&self, id: &str) -> bool {
        (self.identifiers.is_empty() && self.identifier_list.is_empty())
            || self.identifiers.iter().any(|range| range.contains(id))
            || self.identifier_list.iter().any(|known| known == id)
    }
}

/// A number or frequency the target sets and the criterion does not. Shown next to the mapping.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetParameter {
    /// Target framework.
    pub target: String,
    /// Identifiers in the target.
    pub ids: Vec<String>,
    /// What it sets.
    pub text: String,
}

/// A part of the target that no criterion covers: a gap to close for who comes from the source framework.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Uncovered {
    /// Target framework.
    pub target: String,
    /// Identifiers in the target.
    pub ids: Vec<String>,
    /// What it is about.
    pub note: String,
}

/// One source requirement related to one target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mapping {
    /// Source requirement, e.g. `CC6.1`.
    pub source: String,
    /// Target framework.
    pub target_framework: String,
    /// Identifier in the target framework.
    pub target: String,
    /// How the source relates to the target.
    pub relation: Relation,
    /// Whose judgement it is: `tickmark`, `publisher`, or a name.
    pub judgement: String,
    /// How far it has come.
    pub status: MappingStatus,
    /// How the pair was found.
    pub rationale: Rationale,
}

/// Mappings of one judgement to one target, as written in a file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MappingSet {
    pub(super) target: String,
    pub(super) judgement: String,
    pub(super) status: MappingStatus,
    pub(super) rationale: Rationale,
    pub(super) mappings: BTreeMap<String, BTreeMap<Relation, Vec<String>>>,
}

/// A crosswalk as written in a file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CrosswalkFile {
    #[serde(rename = "format")]
    pub(super) _format: String,
    pub(super) id: String,
    pub(super) title: String,
    pub(super) source_framework: String,
    #[serde(default)]
    pub(super) is_complete: bool,
    #[serde(default)]
    pub(super) provenance: String,
    #[serde(default)]
    pub(super) notes: Vec<String>,
    pub(super) targets: Vec<TargetFramework>,
    #[serde(default)]
    pub(super) parameters: Vec<TargetParameter>,
    #[serde(default)]
    pub(super) uncovered: Vec<Uncovered>,
    #[serde(default)]
    pub(super) sets: Vec<MappingSet>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_know_what_exists() {
        let annex = IdentifierRange { prefix: "A.5.".into(), first: 1, last: 37, subparts: false };
        let article = IdentifierRange { prefix: String::new(), first: 1, last: 99, subparts: true };
        for (range, id, expected) in [
            (&annex, "A.5.37", true),
            (&annex, "A.5.38", false),
            (&annex, "A.5.3.1", false),
            (&annex, "A.5.", false),
            (&annex, "A.5.03", false),
            (&annex, "A.6.1", false),
            (&article, "5(1)(f)", true),
            (&article, "5x", false),
            (&article, "100", false),
            (&article, "99999999999999999999", false),
        ] {
            assert_eq!(range.contains(id), expected, "{id}");
        }
    }
}
