//! The readiness assessment report as a frozen model.
//!
//! Plain data in the order of the document. Whoever fills it has already loaded, decided and counted; a renderer
//! only sets it. Two things hold everywhere: every figure carries the records it came from ([`Figure`]), and what a
//! program suggests stands apart from what a person decided ([`QuestionRow`]). Empty lists are a result, and the
//! document says so in words.
//!
//! Structure: management's readiness reports by custom have purpose, scope, method, summary, criteria, findings,
//! reviews, roadmap and appendices. The report is not an attestation and carries that on each page.

pub mod appendix;
pub mod assessment;
pub mod figure;
pub mod program;
pub mod scope;
pub mod testing;

use serde::{Deserialize, Serialize};

pub use appendix::{Appendix, CheckVersion, CheckpointRow, EvidenceItem, RunRow};
pub use assessment::{
    Answer, CategorySummary, ControlCriterion, ControlRow, ControlStatus, CriterionControl, CriterionRow,
    CriterionStatus, FindingRow, Question, QuestionRow, SeriesSummary, StatusCounts, Suggestion, Summary,
};
pub use figure::{Citation, CitationKind, Figure, Unit};
pub use program::{
    CommitmentRow, CuecRow, DescriptionRow, EvidenceReadinessRow, Level, Roadmap, RoadmapStep,
    SubserviceMethod, SubserviceRow,
};
pub use scope::{ExcludedCriterion, Organization, Scope, SystemSummary, TargetType};
pub use testing::{CheckRow, GapRow, PeriodPicture, ResultRow, Strip, StripSpan, StripState, WaiverRow};

use crate::{Digest, Timestamp, canonical};

/// Name and major version of the format. A change that an old reader would misread gets a new number.
pub const SCHEMA: &str = "readiness-report/1";

/// The line that stands on every page of every rendering.
pub const STATUS_LINE: &str = "Readiness assessment. Not a SOC report. Not for distribution to customers.";

/// How far a document has come. It is final only when management says so, never because a program does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentStatus {
    /// Generated; nobody has read it.
    WorkingDraft,
    /// Read and corrected by management.
    ManagementDraft,
    /// Given to the auditor as information.
    ForAuditorReview,
    /// Adopted by management.
    FinalManagement,
}

impl DocumentStatus {
    /// Returns the words printed on each page.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::WorkingDraft => "working draft",
            Self::ManagementDraft => "management draft",
            Self::ForAuditorReview => "for auditor review",
            Self::FinalManagement => "final \u{2013} management",
        }
    }

    /// Returns what becomes of it where the auditor is given it: a draft of management is for their review.
    #[must_use]
    pub fn handed(self) -> Self {
        if self == Self::ManagementDraft { Self::ForAuditorReview } else { self }
    }

    /// Tells whether a watermark is due on each page.
    #[must_use]
    pub fn is_draft(self) -> bool {
        self != Self::FinalManagement
    }
}

/// A readiness assessment, frozen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadinessReport {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// How far the document has come.
    pub status: DocumentStatus,
    /// Version for people, e.g. `1` or `2026-11-24/1`.
    pub version: String,
    /// Who had it made: a person, or the program when nobody took part.
    pub author: String,
    /// When the model was frozen. It becomes the date of the document.
    pub generated: Timestamp,
    /// Nothing recorded after this moment is in the document.
    pub cut_off: Timestamp,
    /// Program and version that froze the model, e.g. `Tickmark 0.1.0`.
    pub generator: String,
    /// Whose assessment it is.
    pub organization: Organization,
    /// The system it is about.
    pub system: SystemSummary,
    /// Why it was made and for whom, in sentences.
    pub purpose: String,
    /// Who did the work and on what it rests, in sentences.
    pub basis: String,
    /// What was assessed.
    pub scope: Scope,
    /// The figures of the first pages.
    pub summary: Summary,
    /// All criteria in scope, in catalog order.
    pub criteria: Vec<CriterionRow>,
    /// All controls in scope, in id order.
    pub controls: Vec<ControlRow>,
    /// All automated tests that were run or should have run, in id order.
    pub checks: Vec<CheckRow>,
    /// Exceptions to checks that held at some moment of the period, those that ended included, by number. Models from
    /// before there were any lack the list.
    #[serde(default)]
    pub waivers: Vec<WaiverRow>,
    /// Findings, worst first.
    pub findings: Vec<FindingRow>,
    /// What could not be seen.
    pub gaps: Vec<GapRow>,
    /// Subservice organizations.
    pub subservice: Vec<SubserviceRow>,
    /// Complementary user entity controls.
    pub cuecs: Vec<CuecRow>,
    /// Principal service commitments and system requirements.
    pub commitments: Vec<CommitmentRow>,
    /// Readiness of the description, DC 1 to DC 9.
    pub description: Vec<DescriptionRow>,
    /// Readiness of evidence: populations and information produced by the entity.
    pub evidence_readiness: Vec<EvidenceReadinessRow>,
    /// What was known over the period so far.
    pub period: PeriodPicture,
    /// What to do and from when a period makes sense.
    pub roadmap: Roadmap,
    /// Records behind the document.
    pub appendix: Appendix,
}

impl ReadinessReport {
    /// Returns the digest of the canonical JSON of the model, which is printed on each page.
    ///
    /// # Errors
    /// If the model cannot be written as JSON. It holds no floating-point number and no odd map key, so this does
    /// not happen to a model made of these types.
    pub fn digest(&self) -> Result<Digest, serde_json::Error> {
        canonical::digest(self)
    }

    /// Counts the criteria of the document by status.
    #[must_use]
    pub fn count_criteria(&self) -> StatusCounts {
        StatusCounts::of(self.criteria.iter().map(|criterion| criterion.status))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_status_are_those_of_the_profession() {
        for (status, words, draft) in [
            (DocumentStatus::WorkingDraft, "working draft", true),
            (DocumentStatus::ManagementDraft, "management draft", true),
            (DocumentStatus::ForAuditorReview, "for auditor review", true),
            (DocumentStatus::FinalManagement, "final – management", false),
        ] {
            assert_eq!((status.words(), status.is_draft()), (words, draft));
        }
    }
}
