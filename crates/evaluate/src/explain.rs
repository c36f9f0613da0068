//! The "why" view: the facts a check reads, with their values at the moment.

use serde_json::Value;
use tickmark_core::observation::Gap;

use crate::check::Check;
use crate::facts::PreparedFacts;

/// One path of facts that a check reads.
#[derive(Clone, Debug, PartialEq)]
pub struct FactRead {
    /// Dotted path from the check's `needs`.
    pub path: String,
    /// What stands there; through a list, the values of all its elements. None if there is nothing.
    pub value: Option<Value>,
    /// Gaps at, above or below the path.
    pub gaps: Vec<Gap>,
}

/// Shows the facts that `check` reads in `facts`, in the order of its `needs`.
#[must_use]
pub fn explain(check: &Check, facts: &Value) -> Vec<FactRead> {
    let prepared = PreparedFacts::new(facts);
    check
        .compiled
        .needs
        .iter()
        .map(|path| FactRead {
            path: path.to_string(),
            value: path.lookup(facts),
            gaps: prepared.gaps_at(path).cloned().collect(),
        })
        .collect()
}
