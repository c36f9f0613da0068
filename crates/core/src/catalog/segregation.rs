//! Duties that one person should not hold together, as content that organizations adopt.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::problem::Problems;

/// Longest id of a duty or a conflict in characters.
const MAX_ID_CHARS: usize = 60;

/// Something a person can do by the rights they have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Duty {
    /// Short name, such as `deploy`.
    pub id: String,
    /// Title.
    pub title: String,
    /// What it means.
    #[serde(default)]
    pub plain: String,
}

/// Two duties that one person should not hold together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DutyConflict {
    /// Short name, such as `change-deployment`.
    pub id: String,
    /// One duty.
    pub first: String,
    /// The other.
    pub second: String,
    /// What can happen.
    pub risk: String,
    /// What compensates where a team is too small.
    #[serde(default)]
    pub compensation: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SegregationFile {
    #[serde(rename = "format")]
    pub(super) _format: String,
    #[serde(rename = "title")]
    pub(super) _title: String,
    #[serde(default)]
    pub(super) totals: SegregationTotals,
    #[serde(default)]
    pub(super) duties: Vec<Duty>,
    #[serde(default)]
    pub(super) conflicts: Vec<DutyConflict>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct SegregationTotals {
    pub(super) duties: Option<usize>,
    pub(super) conflicts: Option<usize>,
}

/// Tells whether a text is the id of a duty or a conflict: small letters, figures and hyphens.
#[must_use]
pub fn is_id(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !text.is_empty()
        && text.len() <= MAX_ID_CHARS
        && text.chars().all(is_plain)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// Returns what is wrong with duties and their conflicts, each with the id it is about.
#[must_use]
pub fn problems_of(duties: &[Duty], conflicts: &[DutyConflict]) -> Vec<(String, String)> {
    let mut problems = Vec::new();
    let mut known = BTreeSet::new();
    for duty in duties {
        let mut add = |what: &str| problems.push((duty.id.clone(), what.to_owned()));
        if !is_id(&duty.id) {
            add("an id has small letters, figures and hyphens only");
        }
        if duty.title.trim().is_empty() {
            add("a duty needs a title");
        }
        if !known.insert(duty.id.as_str()) {
            add("this duty is given twice");
        }
    }
    let (mut ids, mut pairs) = (BTreeSet::new(), BTreeSet::new());
    for conflict in conflicts {
        let mut add = |what: String| problems.push((conflict.id.clone(), what));
        if !is_id(&conflict.id) {
            add("an id has small letters, figures and hyphens only".to_owned());
        }
        if !ids.insert(conflict.id.as_str()) {
            add("this conflict is given twice".to_owned());
        }
        for duty in [&conflict.first, &conflict.second] {
            if !known.contains(duty.as_str()) {
                add(format!("there is no duty {duty:?}"));
            }
        }
        if conflict.first == conflict.second {
            add("a duty does not conflict with itself".to_owned());
        }
        let (one, other) = (conflict.first.as_str(), conflict.second.as_str());
        if !pairs.insert((one.min(other), one.max(other))) {
            add("these two duties have a conflict already".to_owned());
        }
        if conflict.risk.trim().is_empty() {
            add("a conflict says what can happen".to_owned());
        }
    }
    problems
}

/// Checks duties and conflicts of all files together, so that an added file may use our duties.
pub(super) fn validate(
    duties: &[Duty],
    conflicts: &[DutyConflict],
    file_of: impl Fn(&str) -> String,
    problems: &mut Problems,
) {
    for (item, message) in problems_of(duties, conflicts) {
        problems.add(&file_of(&item), &item, message);
    }
}
