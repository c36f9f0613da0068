//! What management hands to the auditor of a SOC examination, as a frozen model: Sections II, III, the controls of
//! Section IV, and V.
//!
//! Section I and the tests and results of Section IV are the auditor's: a package has blanks for them, and says so on
//! each page. Once the report is issued, it names the file of Section I by its digest; the file goes with the document as it
//! came. Plain data in the order of the document; whoever fills it has loaded and decided.
//!
//! Source: `docs/domain/soc-reports.md` sections 3, 4, 5 and 14.

use serde::{Deserialize, Serialize};

use super::readiness::DocumentStatus;
use crate::{Digest, Timestamp, canonical};

/// Name and major version of the format.
pub const PACKAGE_SCHEMA: &str = "soc-package/1";

/// The line that stands on every page.
pub const PACKAGE_LINE: &str = "Management's part. Illustrative \u{2013} not an auditor's report.";

/// Management's part of a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SocPackage {
    /// Always [`PACKAGE_SCHEMA`].
    pub schema: String,
    /// Number of the engagement, e.g. `E-1`.
    pub engagement: String,
    /// Report it is for, e.g. `SOC 2 Type 2`.
    pub report: String,
    /// Whether it covers a period.
    pub is_period: bool,
    /// The time in words, e.g. `throughout the period 2026-01-01 to 2026-12-31`.
    pub time: String,
    /// How far the least finished of its documents has come.
    pub status: DocumentStatus,
    /// Version of the engagement's record.
    pub version: String,
    /// Who had it made.
    pub author: String,
    /// When the model was frozen.
    pub generated: Timestamp,
    /// Nothing recorded after this moment is in it.
    pub cut_off: Timestamp,
    /// Program and version that froze it.
    pub generator: String,
    /// Whose system it is.
    pub organization: String,
    /// The system.
    pub system: String,
    /// Whether the organization is the made-up one of the example.
    pub is_example: bool,
    /// Firm of the auditor; empty while none is chosen.
    pub firm: String,
    /// Services in scope.
    pub services: Vec<String>,
    /// Where the system ends.
    pub boundary: String,
    /// What lies outside.
    pub outside: Vec<String>,
    /// Whether management's assertion is Section I and the auditor's report Section II; else it is the other way round. What
    /// is said of Sections I and II here is said in the usual order.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub assertion_first: bool,
    /// Section I, once it is received; none before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<SectionPart>,
    /// Categories with titles and reasons; none for a SOC 1.
    pub categories: Vec<Reasoned>,
    /// What is still to be done before management can sign.
    pub open: Vec<String>,
    /// Section II.
    pub assertion: Option<AssertionPart>,
    /// Section III; none for a SOC 3, or while nobody wrote it.
    pub description: Option<DescriptionPart>,
    /// Principal commitments and requirements.
    pub commitments: Vec<Promised>,
    /// Subservice organizations.
    pub subservices: Vec<SubservicePart>,
    /// Controls of customers.
    pub user_controls: Vec<Expected>,
    /// Responsibilities of customers.
    pub responsibilities: Vec<Expected>,
    /// Criteria judged not relevant.
    pub excluded: Vec<Reasoned>,
    /// Section IV: criteria or objectives in scope.
    pub criteria: Vec<CriterionPart>,
    /// Section IV: controls, each once.
    pub controls: Vec<ControlPart>,
    /// Controls whose text in force changed in the period (DC 9).
    pub changes: Vec<ControlChange>,
    /// What changed of controls since management signed, once it confirmed that; none where nothing changed or is confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed: Option<ConfirmedChanges>,
    /// Section V: what management says about what it found itself, and about exceptions of the auditor's tests.
    pub responses: Vec<Response>,
    /// Section V: what happened after the time of the examination and is told there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<EventPart>,
}

/// The auditor's signed report, as it was received: a file that nobody here writes in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SectionPart {
    /// Name of the file.
    pub name: String,
    /// Digest of its bytes.
    pub digest: Digest,
    /// How many there are; none while only the digest was recorded.
    pub size: Option<u64>,
    /// The firm that signed it.
    pub firm: String,
    /// Its date, `2027-02-10`.
    pub dated: String,
    /// Who marked it as issued, or recorded that it was received.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// A thing with a reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reasoned {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The reason.
    pub reason: String,
}

/// Who signed, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedBy {
    /// `prepared`, `reviewed` or `approved`.
    pub step: String,
    /// Name.
    pub name: String,
    /// When.
    pub at: Timestamp,
}

/// Section II.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AssertionPart {
    /// Paragraphs.
    pub paragraphs: Vec<String>,
    /// Who signs for management.
    pub signatory: String,
    /// As what.
    pub title: String,
    /// How far it has come.
    pub status: DocumentStatus,
    /// Who signed it as it stands.
    pub signed: Vec<SignedBy>,
}

/// Section III as people wrote it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DescriptionPart {
    /// Parts in order.
    pub parts: Vec<PassagePart>,
    /// Processes with the steps of their transactions (SOC 1).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub processes: Vec<ProcessPart>,
    /// Diagrams of the system.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub figures: Vec<FigurePart>,
    /// How far it has come.
    pub status: DocumentStatus,
    /// Who signed it as it stands.
    pub signed: Vec<SignedBy>,
}

/// A part of the description.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PassagePart {
    /// Word of the part, e.g. `services`.
    pub part: String,
    /// Heading.
    pub title: String,
    /// Description criterion.
    pub criterion: String,
    /// Paragraphs; empty where nobody wrote.
    pub paragraphs: Vec<String>,
    /// Whether management states that there is nothing to tell.
    pub none: bool,
    /// Whether it must be written.
    pub needed: bool,
}

/// A process of the description.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProcessPart {
    /// What it is called.
    pub name: String,
    /// Paragraphs of its narrative.
    pub paragraphs: Vec<String>,
    /// Steps in order.
    pub steps: Vec<StepPart>,
}

/// A step of a process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepPart {
    /// Number in the process, from 1.
    pub number: usize,
    /// What kind of step it is, e.g. `Initiate`.
    pub act: String,
    /// What is done.
    pub what: String,
    /// Who does it.
    pub who: String,
    /// In which system; may be empty.
    pub system: String,
    /// What goes in; may be empty.
    pub input: String,
    /// What comes out; may be empty.
    pub output: String,
    /// Controls at this step.
    pub controls: Vec<String>,
    /// Control objectives that it serves.
    pub objectives: Vec<String>,
}

/// A picture. Its bytes go beside the document, by their digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FigurePart {
    /// Number in the document, from 1.
    pub number: usize,
    /// What stands under it.
    pub caption: String,
    /// What it shows, in words.
    pub alternative: String,
    /// `image/png` or `image/jpeg`.
    pub media_type: String,
    /// Digest of its bytes.
    pub digest: Digest,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
}

/// A commitment or requirement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Promised {
    /// Number, e.g. `SC-3`.
    pub id: String,
    /// `Service commitment` or `System requirement`.
    pub kind: String,
    /// What is promised.
    pub statement: String,
    /// Where.
    pub source: String,
    /// Criteria.
    pub criteria: Vec<String>,
}

/// A subservice organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubservicePart {
    /// Name.
    pub name: String,
    /// What it does.
    pub service: String,
    /// `Carve-out` or `Inclusive`.
    pub method: String,
    /// Types of controls assumed there; under the inclusive method, its controls.
    pub assumed: Vec<Expected>,
    /// Own controls that watch it.
    pub monitoring: Vec<String>,
    /// Under the inclusive method, which parts of the system are its; else empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub parts: String,
    /// Whether its controls are described and examined too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_inclusive: bool,
    /// Controls that it expects of its customers, with the own controls that meet them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expects: Vec<Met>,
}

/// A control that another organization expects, and how it is met.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Met {
    /// What it expects.
    pub text: String,
    /// Own controls that meet it.
    pub controls: Vec<String>,
}

/// What others are expected to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// The control or responsibility.
    pub text: String,
    /// Criteria or objectives.
    pub criteria: Vec<String>,
}

/// A criterion or objective with its controls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CriterionPart {
    /// Its id.
    pub id: String,
    /// Its text in our words, or the objective.
    pub text: String,
    /// Heading it stands under.
    pub group: String,
    /// Controls for it.
    pub controls: Vec<String>,
    /// Carved-out organizations that answer for it.
    pub others: Vec<String>,
    /// Financial statement assertions that an objective touches.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assertions: Vec<String>,
    /// Classes of transactions that an objective is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transactions: Vec<String>,
}

/// A control as it is in force at the end of the time, or at the cut-off while that lies ahead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ControlPart {
    /// Its id.
    pub id: String,
    /// Title.
    pub title: String,
    /// The control.
    pub statement: String,
    /// How often.
    pub frequency: String,
    /// How it is performed.
    pub nature: String,
    /// Criteria or objectives in scope that it serves.
    pub criteria: Vec<String>,
    /// Version of its text.
    pub version: u32,
    /// What it said before in the time of the examination, oldest first; none where its text did not change.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<EarlierText>,
    /// The auditor's tests of it with their results, as they were shared; none before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tests: Vec<TestPart>,
}

/// What a control said for a part of the time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EarlierText {
    /// Version of the text.
    pub version: u32,
    /// Title.
    pub title: String,
    /// The control.
    pub statement: String,
    /// Day from which on it said something else, `2026-07-01`.
    pub until: String,
}

/// A test of a control and its result: the auditor's words, unchanged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TestPart {
    /// Number of the workpaper, e.g. `WP-3`.
    pub workpaper: String,
    /// Nature of the test, e.g. `Inquiry, Inspection`.
    pub nature: String,
    /// The test.
    pub procedure: String,
    /// The result: `No exceptions noted.`, or each exception with what was tested.
    pub result: String,
    /// What was tested, where a deviation was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<TestCounts>,
}

/// The figures of a test that found a deviation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TestCounts {
    /// Items tested.
    pub tested: u64,
    /// Items of them that deviate.
    pub deviations: u64,
    /// Items of the population that they were selected from; none where they were named.
    pub population: Option<u64>,
}

/// A change of what a control says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ControlChange {
    /// The control.
    pub control: String,
    /// When it came into force.
    pub at: Timestamp,
    /// What changed, in words.
    pub what: String,
}

/// What changed of controls between the signatures of management and this model, and that management confirmed it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfirmedChanges {
    /// When management signed.
    pub signed: Timestamp,
    /// The controls.
    pub changes: Vec<ConfirmedChange>,
    /// Who confirmed it.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// A control that is not what it was when management signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfirmedChange {
    /// The control.
    pub control: String,
    /// What is different, in words.
    pub what: String,
}

/// What management says about something it found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Response {
    /// The finding.
    pub finding: String,
    /// Controls it is about.
    pub controls: Vec<String>,
    /// What was found.
    pub condition: String,
    /// What management says about it.
    pub response: String,
    /// What was done, or is planned.
    #[serde(default)]
    pub plan: String,
    /// By when, `2027-03-31`; empty while no day is set.
    #[serde(default)]
    pub due: String,
    /// Where that stands.
    pub state: String,
}

/// What happened after the time of the examination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventPart {
    /// Number in the register.
    pub number: u32,
    /// When, `2027-01-20`.
    pub day: String,
    /// What kind of event it is.
    pub kind: String,
    /// What happened.
    pub what: String,
    /// What it did to system and controls.
    pub effect: String,
}

impl SocPackage {
    /// Leaves out what a report for general use does not show: criteria, controls, changes, responses and events of a SOC 3,
    /// and what its subservice organizations are called and do in detail.
    #[must_use]
    pub fn for_readers(mut self) -> Self {
        if self.report == "SOC 3" {
            (self.criteria, self.controls) = (Vec::new(), Vec::new());
            (self.changes, self.responses, self.events) = (Vec::new(), Vec::new(), Vec::new());
            self.confirmed = None;
            // What management has still to see to is nobody else's.
            self.open = Vec::new();
            for (place, one) in self.subservices.iter_mut().enumerate() {
                one.name = format!("Subservice organization {}", place + 1);
                (one.assumed, one.monitoring, one.expects) = (Vec::new(), Vec::new(), Vec::new());
                one.parts = String::new();
            }
        }
        self
    }

    /// Says of drafts in it that the auditor was given them: of the description and the assertion where `description` and
    /// `assertion` say so, and of the part as a whole where it holds for both.
    pub fn hand(&mut self, description: bool, assertion: bool) {
        let parts = [
            self.description.as_mut().map(|part| (&mut part.status, description)),
            self.assertion.as_mut().map(|part| (&mut part.status, assertion)),
        ];
        let mut all = true;
        for (status, is_handed) in parts.into_iter().flatten() {
            if is_handed {
                *status = status.handed();
            }
            all &= *status != DocumentStatus::ManagementDraft;
        }
        if all {
            self.status = self.status.handed();
        }
    }

    /// Returns the digest of the canonical JSON of the model; it stands on each page.
    ///
    /// # Errors
    /// If the model cannot be written, which its types rule out.
    pub fn digest(&self) -> Result<Digest, serde_json::Error> {
        canonical::digest(self)
    }
}
