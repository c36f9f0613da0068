//! Results of automated tests, what could not be seen, and the picture of the period so far.

use serde::{Deserialize, Serialize};

use super::{Citation, Figure};
use crate::observation::waiver::State as WaiverState;
use crate::observation::{ReasonClass, Severity, Verdict};
use crate::{Digest, Timestamp};

/// What one check answered about one target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResultRow {
    /// Name of the target.
    pub target: String,
    /// The answer.
    pub verdict: Verdict,
    /// Why, for `unknown` and `not_applicable`.
    pub reason: Option<ReasonClass>,
    /// Since when the answer stands.
    pub since: Timestamp,
    /// When it was last looked at.
    pub seen: Timestamp,
    /// One sentence for people.
    pub message: String,
    /// Subjects inside the target that are not as asserted.
    pub subjects: Vec<String>,
    /// Whether a waiver stands beside the answer, with its reason.
    pub waiver: Option<String>,
    /// Digest of the facts that were tested.
    pub evidence: Option<Digest>,
    /// Run in which it was last seen.
    pub run: Option<i64>,
}

/// One check with its results now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckRow {
    /// Id, e.g. `ssh-root-login-disabled`.
    pub id: String,
    /// Title, worded as the passing state.
    pub title: String,
    /// What is asserted.
    pub asserts: String,
    /// How much a failure matters.
    pub severity: Severity,
    /// Version that answered.
    pub version: Digest,
    /// Controls it is a test of.
    pub controls: Vec<String>,
    /// Targets that pass.
    pub pass: Figure,
    /// Targets that fail.
    pub fail: Figure,
    /// Targets that could not be seen.
    pub unknown: Figure,
    /// Targets without a subject.
    pub not_applicable: Figure,
    /// Results per target, by name.
    pub results: Vec<ResultRow>,
}

/// An exception to a check that held at some moment of the period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WaiverRow {
    /// Number.
    pub id: i64,
    /// Check.
    pub check: String,
    /// Names of the targets covered; empty when it covers every target of the check.
    pub targets: Vec<String>,
    /// Why the check cannot be met.
    pub reason: String,
    /// What can happen meanwhile.
    pub risk: String,
    /// What is done instead.
    pub compensation: String,
    /// Why who asked could approve as well; empty when somebody else approved.
    pub note: String,
    /// Who approved: a name, or the id once the name is erased.
    pub approved_by: String,
    /// From when it holds.
    pub granted: Timestamp,
    /// First moment at which it does not hold any more.
    pub expires: Timestamp,
    /// Where it stood when the document was frozen: `in_force`, `expired` or `revoked`.
    pub state: WaiverState,
    /// Where it was recorded.
    pub cites: Vec<Citation>,
}

/// Something that could not be seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GapRow {
    /// Name of the target.
    pub target: String,
    /// What is missing, for people or as a dotted path.
    pub what: String,
    /// Why.
    pub reason: ReasonClass,
    /// What was attempted and answered.
    pub detail: String,
    /// Checks that cannot answer because of it.
    pub checks: Vec<String>,
    /// What would make it visible, one sentence; may be empty.
    pub remedy: String,
    /// Where it was recorded.
    pub cites: Vec<Citation>,
}

/// What was known of a control over a stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StripState {
    /// As designed.
    Operating,
    /// At least one subject was not as designed.
    Deviation,
    /// Could not be seen.
    Unknown,
    /// Not as designed, under an approved waiver.
    Waived,
    /// No subject.
    NotApplicable,
    /// Lies ahead.
    NotYetDue,
}

/// A stretch of one strip: from inclusive, to exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StripSpan {
    /// First moment.
    pub from: Timestamp,
    /// First moment after it; none while it is still so.
    pub to: Option<Timestamp>,
    /// What was known.
    pub state: StripState,
}

/// One control over the period so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Strip {
    /// Control id.
    pub control: String,
    /// Title of the control.
    pub title: String,
    /// Stretches in order of time, without overlap. Time that no stretch covers is unknown.
    pub spans: Vec<StripSpan>,
    /// Where they come from.
    pub cites: Vec<Citation>,
}

/// The period picture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PeriodPicture {
    /// Left edge.
    pub from: Timestamp,
    /// Right edge; at least the data cut-off.
    pub to: Timestamp,
    /// Strips, in id order.
    pub strips: Vec<Strip>,
}
