//! A check as written down, and what it answers.

use serde::{Deserialize, Serialize};

use super::{ReasonClass, Verdict};
use crate::{Digest, Timestamp};

/// How much a failing check matters by itself. It suggests; a person judges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Tidy-up.
    Low,
    /// Weakens a control.
    Medium,
    /// A key control is likely not operating.
    High,
    /// Act today.
    Critical,
}

impl Severity {
    /// Returns the word used in documents and storage.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// A check: one assertion about one kind of target, tested by a pure function over facts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckDefinition {
    /// Kebab case, worded as the passing state, no framework number: `ssh-root-login-disabled`.
    pub id: String,
    /// Digest over logic, parameters and metadata that affect the answer. A change is a new version.
    pub version: Digest,
    /// Short title, worded as the passing state.
    pub title: String,
    /// What is asserted, one sentence.
    pub asserts: String,
    /// Why it matters, one or two sentences.
    pub rationale: String,
    /// Kind of target, e.g. `host`.
    pub target_kind: String,
    /// Facts schema, e.g. `host/1`.
    pub facts_schema: String,
    /// Dotted paths of the facts it reads. A gap on one of them, above or below, makes the verdict unknown
    /// unless the check can still prove a failure.
    pub needs: Vec<String>,
    /// How much a failure matters.
    pub severity: Severity,
    /// Hours after which a look no longer counts and the verdict turns unknown (stale).
    pub stale_after_hours: u32,
    /// How often to look, in hours.
    pub cadence_hours: u32,
    /// Criteria it may support, main one first. Suggestions, never proof.
    pub criteria: Vec<String>,
    /// Starter controls it is a test of.
    pub controls: Vec<String>,
    /// What to do when it fails, in Markdown.
    pub remediation: String,
    /// Where the rule comes from: titles or addresses.
    pub references: Vec<String>,
    /// Whether the answer depends on the time of looking. Only such checks see `input.now`, and they must give
    /// `valid_until`.
    pub depends_on_time: bool,
    /// Parameters with their values.
    pub parameters: serde_json::Value,
}

/// What a check answered about one facts document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The answer.
    pub verdict: Verdict,
    /// Reason class; always present for `unknown` and `not_applicable`.
    pub reason: Option<ReasonClass>,
    /// One sentence for people.
    pub message: String,
    /// Subjects inside the target that are not as asserted (accounts, rules, files), sorted.
    pub subjects: Vec<String>,
    /// What was seen.
    pub observed: serde_json::Value,
    /// What was expected.
    pub expected: serde_json::Value,
    /// Until when the answer holds for unchanged facts; none means for ever.
    pub valid_until: Option<Timestamp>,
}

impl Outcome {
    /// Makes an `unknown` with its reason.
    #[must_use]
    pub fn unknown(reason: ReasonClass, message: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Unknown,
            reason: Some(reason),
            message: message.into(),
            subjects: Vec::new(),
            observed: serde_json::Value::Null,
            expected: serde_json::Value::Null,
            valid_until: None,
        }
    }
}
