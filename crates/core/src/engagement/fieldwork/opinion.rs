//! What the auditor records about the report: the opinion in parts, the signed Section I, and that it is issued.
//!
//! Nothing of it is computed, predicted or filled in beforehand; what is refused is what cannot stand beside itself.
//!
//! Source: `docs/domain/soc-reports.md` section 3, opinion types, and section 14.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::gate::{Gate, IssueGround};
use crate::conclusion::scope::Day;
use crate::control::{TEXT_MAX, TITLE_MAX};
use crate::engagement::{ReportKind, Scope};
use crate::id::{ActorId, EvidenceKey};
use crate::words::{self, words_of};
use crate::{Digest, Timestamp};

/// What a part of the description is called where an opinion is modified about it.
const ELEMENTS: [&str; 9] = ["DC1", "DC2", "DC3", "DC4", "DC5", "DC6", "DC7", "DC8", "DC9"];

/// How an opinion, or a part of it, turns out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OpinionKind {
    /// No material problem. Exceptions may exist.
    Unmodified,
    /// Except for something identifiable.
    Qualified,
    /// Material and pervasive.
    Adverse,
    /// Not enough evidence: no opinion is expressed.
    Disclaimer,
}

words_of!(OpinionKind {
    Unmodified = "unmodified", "Unmodified";
    Qualified = "qualified", "Qualified";
    Adverse = "adverse", "Adverse";
    Disclaimer = "disclaimer", "Disclaimer";
});

/// What a part of an opinion is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// (a) the description.
    Description,
    /// (b) the suitability of the design of controls.
    Design,
    /// (c) the operating effectiveness of controls.
    Operation,
    /// Management's assertion: the one part of a SOC 3.
    Assertion,
}

words_of!(Part {
    Description = "description", "(a) Description of the system";
    Design = "design", "(b) Suitability of the design of controls";
    Operation = "operation", "(c) Operating effectiveness of controls";
    Assertion = "assertion", "Management\u{2019}s assertion that controls were effective";
});

/// One part of an opinion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartResult {
    /// On what.
    pub part: Part,
    /// How it turns out.
    pub result: OpinionKind,
    /// Criteria, objectives or elements of the description that a modification concerns.
    pub concerns: BTreeSet<String>,
    /// The basis of a modification.
    pub basis: String,
}

/// An opinion as its auditor records it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opinion {
    /// Each part that the report has.
    pub parts: Vec<PartResult>,
    /// What the opinion as a whole is called.
    pub label: OpinionKind,
    /// Date of the report.
    pub dated: Day,
}

/// The signed file of Section I, kept byte for byte.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SectionFile {
    /// Its name.
    pub name: String,
    /// Its bytes.
    pub artifact: EvidenceKey,
    /// SHA-256 of them.
    pub digest: Digest,
    /// How many there are.
    pub size: u64,
    /// Who uploaded it.
    pub by: ActorId,
    /// When.
    pub at: Timestamp,
}

/// That the report is issued: from then on nothing in the engagement changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issue {
    /// Who marked it.
    pub by: ActorId,
    /// When.
    pub at: Timestamp,
    /// The firm.
    pub firm: String,
    /// Whether whoever set the opinion issued it, since nobody else of the firm was in the engagement.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub alone: bool,
}

impl Issue {
    /// Returns the day from which on management and readers have the report.
    #[must_use]
    pub fn released(&self) -> Day {
        Day::of(self.at)
    }
}

/// A document of which every byte is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptFile {
    /// Its bytes.
    pub artifact: EvidenceKey,
    /// SHA-256 of them.
    pub digest: Digest,
}

/// Management's part as it stood when the engagement was frozen. Whatever is made of it later is made from these.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrozenPart {
    /// The part as readers of the report get it.
    pub package: KeptFile,
    /// The part with criteria, controls and management's own tests, whatever readers get.
    pub whole: KeptFile,
    /// The records that the figures of the part follow from.
    pub records: KeptFile,
    /// What the log's key stated of them, in an envelope; none of what was kept before there were such.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<KeptFile>,
}

/// What is recorded about the report of an engagement.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    opinion: Option<Opinion>,
    /// Who set the opinion as it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    set_by: Option<ActorId>,
    section: Option<SectionFile>,
    frozen: Option<(ActorId, Timestamp, String)>,
    issued: Option<Issue>,
    /// Management's part as it was then; none for what was frozen before it was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kept: Option<FrozenPart>,
}

/// Why something about a report cannot be recorded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpinionError {
    /// Each part has a result of its own.
    #[error("{} needs its result", .0.title())]
    NoResult(Part),
    /// The report has no such part.
    #[error("this report gives no opinion on {}", .0.title())]
    NoPart(Part),
    /// A modification concerns something.
    #[error("{}: say which criteria or objectives, or elements of the description, the modification concerns", .0.title())]
    NoConcern(Part),
    /// An unmodified part concerns nothing.
    #[error("{}: an unmodified result concerns no criterion or objective; take them out, or modify it", .0.title())]
    Concerned(Part),
    /// Unknown criterion.
    #[error("{}: {what:?} is neither a criterion or objective in scope nor an element of the description", .part.title())]
    Unknown {
        /// Which part.
        part: Part,
        /// As it was typed.
        what: String,
    },
    /// A modification has a basis.
    #[error("{}: a modification needs its basis", .0.title())]
    NoBasis(Part),
    /// A text that is too long or cannot be read.
    #[error("the {what} has at most {max} characters and no control characters")]
    Unreadable {
        /// Which text.
        what: &'static str,
        /// Most characters.
        max: usize,
    },
    /// Bad design cannot operate.
    #[error(
        "the design for {0} is not suitable, so controls for it cannot operate effectively: (c) concerns it too"
    )]
    DesignAndOperation(String),
    /// The name does not fit the parts.
    #[error("{0}")]
    Label(&'static str),
    /// The report is dated before what it is about.
    #[error("a report dated {dated} comes before the end of what it is about, {end}")]
    Dated {
        /// Its date.
        dated: Day,
        /// Last day of the examination.
        end: Day,
    },
    /// It is over.
    #[error("the engagement is frozen since {0}: nothing in it changes any more")]
    Frozen(Timestamp),
    /// Something is missing before issue.
    #[error("the report cannot be marked as issued yet: {0}")]
    NotReady(Gate),
    /// A text is needed.
    #[error("say why, so that others can follow it")]
    NoReason,
}

/// Returns the elements of the description that a modification may concern: those of the description criteria, or the parts of
/// the description of a SOC 1, for which they are not written.
#[must_use]
pub fn elements(scope: &Scope) -> Vec<&'static str> {
    match scope.kind {
        ReportKind::Soc1 => {
            super::super::Part::of(scope.kind, scope.time).into_iter().map(|(part, _)| part.word()).collect()
        }
        ReportKind::Soc2 | ReportKind::Soc3 => ELEMENTS.to_vec(),
    }
}

impl Part {
    /// Returns the parts of the opinion of a report.
    #[must_use]
    pub fn of(scope: &Scope) -> Vec<Self> {
        let has = |part: &Self| match part {
            // A SOC 3 has no description; its opinion is on the assertion that controls were effective.
            Self::Assertion => scope.kind == ReportKind::Soc3,
            Self::Description | Self::Design => scope.kind != ReportKind::Soc3,
            Self::Operation => scope.kind != ReportKind::Soc3 && scope.time.is_period(),
        };
        Self::ALL.iter().copied().filter(has).collect()
    }
}

impl Opinion {
    /// Checks that an opinion can stand beside itself, and brings texts to one form.
    ///
    /// # Errors
    /// With the first thing that cannot.
    pub fn checked(mut self, scope: &Scope, criteria: &BTreeSet<String>) -> Result<Self, OpinionError> {
        let expected = Part::of(scope);
        if let Some(part) = expected.iter().find(|part| self.of(**part).is_none()) {
            return Err(OpinionError::NoResult(*part));
        }
        if let Some(extra) = self.parts.iter().find(|one| !expected.contains(&one.part)) {
            return Err(OpinionError::NoPart(extra.part));
        }
        let elements = elements(scope);
        for one in &mut self.parts {
            let part = one.part;
            one.basis = words::readable(&one.basis, TEXT_MAX)
                .ok_or(OpinionError::Unreadable { what: "basis", max: TEXT_MAX })?;
            for what in &one.concerns {
                let is_element = part == Part::Description && elements.contains(&what.as_str());
                if !criteria.contains(what) && !is_element {
                    return Err(OpinionError::Unknown { part, what: what.clone() });
                }
            }
            match (one.result, one.concerns.is_empty()) {
                (OpinionKind::Unmodified, false) => return Err(OpinionError::Concerned(part)),
                (OpinionKind::Qualified, true) => return Err(OpinionError::NoConcern(part)),
                _ => {}
            }
            if one.result != OpinionKind::Unmodified && one.basis.is_empty() {
                return Err(OpinionError::NoBasis(part));
            }
        }
        if let (Some(design), Some(operation)) = (self.of(Part::Design), self.of(Part::Operation))
            && matches!(design.result, OpinionKind::Qualified | OpinionKind::Adverse)
            && let Some(missing) = design.concerns.difference(&operation.concerns).next()
        {
            return Err(OpinionError::DesignAndOperation(missing.clone()));
        }
        self.label_fits()?;
        let (_, end) = scope.time.days();
        if self.dated < end {
            return Err(OpinionError::Dated { dated: self.dated, end });
        }
        Ok(self)
    }

    /// The label is the auditor's. It says no less than the parts do.
    fn label_fits(&self) -> Result<(), OpinionError> {
        let is_modified = self.parts.iter().any(|one| one.result != OpinionKind::Unmodified);
        match self.label {
            OpinionKind::Unmodified if is_modified => {
                Err(OpinionError::Label("a part is modified, so the opinion as a whole is not unmodified"))
            }
            label if label != OpinionKind::Unmodified && !is_modified => {
                Err(OpinionError::Label("no part is modified, so the opinion as a whole is unmodified"))
            }
            _ => Ok(()),
        }
    }

    /// Tells whether this opinion on a SOC 3 is unmodified where that on a SOC 2 from the same work is not: of the same system,
    /// over the same time.
    #[must_use]
    pub fn forgets(&self, scope: &Scope, other: &Self, of: &Scope) -> bool {
        let is_same_work = scope.kind == ReportKind::Soc3
            && of.kind == ReportKind::Soc2
            && scope.time == of.time
            && scope.is_of_system(of);
        is_same_work && self.label == OpinionKind::Unmodified && other.label != OpinionKind::Unmodified
    }

    /// Returns a part.
    #[must_use]
    pub fn of(&self, part: Part) -> Option<&PartResult> {
        self.parts.iter().find(|one| one.part == part)
    }
}

impl Report {
    /// Returns the opinion, once it is recorded.
    #[must_use]
    pub fn opinion(&self) -> Option<&Opinion> {
        self.opinion.as_ref()
    }

    /// Returns who set the opinion as it stands.
    #[must_use]
    pub fn set_by(&self) -> Option<ActorId> {
        self.set_by
    }

    /// Returns the signed file, once it is there.
    #[must_use]
    pub fn section(&self) -> Option<&SectionFile> {
        self.section.as_ref()
    }

    /// Returns since when nothing changes any more, with who said so and why.
    #[must_use]
    pub fn frozen(&self) -> Option<(ActorId, Timestamp, &str)> {
        self.frozen.as_ref().map(|(by, at, why)| (*by, *at, why.as_str()))
    }

    /// Returns that it is issued.
    #[must_use]
    pub fn issued(&self) -> Option<&Issue> {
        self.issued.as_ref()
    }

    /// Returns management's part as it was kept when this was frozen.
    #[must_use]
    pub fn kept(&self) -> Option<&FrozenPart> {
        self.kept.as_ref()
    }

    /// Keeps management's part with what was frozen.
    pub fn keep(&mut self, part: FrozenPart) {
        self.kept = Some(part);
    }

    /// Returns it as management may know it before it is issued: without what the auditor recorded.
    #[must_use]
    pub fn without_opinion(&self) -> Self {
        Self { frozen: self.frozen.clone(), kept: self.kept.clone(), ..Self::default() }
    }

    /// Refuses what is frozen.
    ///
    /// # Errors
    /// If it is.
    pub fn open(&self) -> Result<(), OpinionError> {
        match &self.frozen {
            Some((_, at, _)) => Err(OpinionError::Frozen(*at)),
            None => Ok(()),
        }
    }

    /// Records the opinion.
    ///
    /// # Errors
    /// As [`Opinion::checked`]; if it is frozen.
    pub fn record(
        &mut self,
        opinion: Opinion,
        scope: &Scope,
        criteria: &BTreeSet<String>,
        by: ActorId,
    ) -> Result<(), OpinionError> {
        self.open()?;
        self.opinion = Some(opinion.checked(scope, criteria)?);
        self.set_by = Some(by);
        Ok(())
    }

    /// Takes the signed file.
    ///
    /// # Errors
    /// If it is frozen, or the name cannot be read.
    pub fn attach(&mut self, section: SectionFile) -> Result<(), OpinionError> {
        self.open()?;
        if words::readable(&section.name, TITLE_MAX).is_none() {
            return Err(OpinionError::Unreadable { what: "name of the file", max: TITLE_MAX });
        }
        self.section = Some(section);
        Ok(())
    }

    /// Freezes the engagement without issuing: fieldwork is over, or given up.
    ///
    /// # Errors
    /// If it is frozen already, or no reason is given.
    pub fn freeze(&mut self, by: ActorId, at: Timestamp, why: &str) -> Result<(), OpinionError> {
        self.open()?;
        let why = words::readable(why, TEXT_MAX)
            .ok_or(OpinionError::Unreadable { what: "reason", max: TEXT_MAX })?;
        if why.is_empty() {
            return Err(OpinionError::NoReason);
        }
        self.frozen = Some((by, at, why));
        Ok(())
    }

    /// Marks the report as issued, which freezes the engagement.
    ///
    /// # Errors
    /// If it is frozen, or something is missing: the first of [`Self::gates`].
    pub fn issue(
        &mut self,
        ground: &IssueGround<'_>,
        by: ActorId,
        at: Timestamp,
    ) -> Result<(), OpinionError> {
        self.open()?;
        if let Some(gate) = self.gates(ground, by, Day::of(at)).into_iter().next() {
            return Err(OpinionError::NotReady(gate));
        }
        let firm = ground.engagement.holds().firm.clone();
        self.frozen = Some((by, at, "The report is issued.".to_owned()));
        self.issued = Some(Issue { by, at, firm, alone: self.set_by == Some(by) });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::engagement::Time;

    fn scope(kind: ReportKind, is_period: bool) -> Scope {
        let day = |text: &str| text.parse().expect("a day");
        let time = if is_period {
            Time::Period { from: day("2026-01-01"), to: day("2026-12-31") }
        } else {
            Time::AsOf { date: day("2026-12-31") }
        };
        Scope::of(kind, time, "Payroll")
    }

    fn criteria() -> BTreeSet<String> {
        ["CC6.1", "CC6.2"].map(str::to_owned).into()
    }

    fn part(part: Part, result: OpinionKind, concerns: &[&str]) -> PartResult {
        let basis = if result == OpinionKind::Unmodified { String::new() } else { "Because.".to_owned() };
        PartResult { part, result, concerns: concerns.iter().map(ToString::to_string).collect(), basis }
    }

    fn opinion(design: PartResult, operation: PartResult, label: OpinionKind) -> Opinion {
        let parts = vec![part(Part::Description, OpinionKind::Unmodified, &[]), design, operation];
        Opinion { parts, label, dated: "2027-02-10".parse().expect("a day") }
    }

    #[test]
    fn a_report_has_the_parts_of_its_kind() {
        let parts = |kind, is_period| Part::of(&scope(kind, is_period));
        assert_eq!(parts(ReportKind::Soc2, true), [Part::Description, Part::Design, Part::Operation]);
        assert_eq!(parts(ReportKind::Soc2, false), [Part::Description, Part::Design]);
        assert_eq!(parts(ReportKind::Soc3, true), [Part::Assertion]);
    }

    #[test]
    fn a_modification_names_what_it_concerns_and_stands_beside_the_rest() {
        use OpinionKind::{Adverse, Disclaimer, Qualified, Unmodified};
        let check =
            |opinion: Opinion| opinion.checked(&scope(ReportKind::Soc2, true), &criteria()).map(|_| ());
        let clean = part(Part::Design, Unmodified, &[]);
        let operates = |result, concerns: &[&str]| part(Part::Operation, result, concerns);
        assert_eq!(check(opinion(clean.clone(), operates(Unmodified, &[]), Unmodified)), Ok(()));
        assert_eq!(check(opinion(clean.clone(), operates(Qualified, &["CC6.1"]), Qualified)), Ok(()));
        let cases = [
            (
                opinion(clean.clone(), operates(Qualified, &[]), Qualified),
                OpinionError::NoConcern(Part::Operation),
            ),
            (
                opinion(clean.clone(), operates(Unmodified, &["CC6.1"]), Unmodified),
                OpinionError::Concerned(Part::Operation),
            ),
            (
                opinion(clean.clone(), operates(Qualified, &["A1.2"]), Qualified),
                OpinionError::Unknown { part: Part::Operation, what: "A1.2".into() },
            ),
            (
                opinion(
                    part(Part::Design, Qualified, &["CC6.2"]),
                    operates(Qualified, &["CC6.1"]),
                    Qualified,
                ),
                OpinionError::DesignAndOperation("CC6.2".into()),
            ),
            (
                opinion(clean.clone(), operates(Adverse, &["CC6.1"]), Unmodified),
                OpinionError::Label("a part is modified, so the opinion as a whole is not unmodified"),
            ),
            (
                opinion(clean.clone(), operates(Unmodified, &[]), Disclaimer),
                OpinionError::Label("no part is modified, so the opinion as a whole is unmodified"),
            ),
        ];
        for (opinion, error) in cases {
            assert_eq!(check(opinion), Err(error));
        }
        let says = OpinionError::NoConcern(Part::Operation).to_string();
        assert!(says.contains("which criteria or objectives"), "also for a SOC 1: {says}");
        let mut no_basis = opinion(clean.clone(), operates(Qualified, &["CC6.1"]), Qualified);
        no_basis.parts[2].basis = " ".into();
        assert_eq!(check(no_basis), Err(OpinionError::NoBasis(Part::Operation)));
        let mut early = opinion(clean.clone(), operates(Unmodified, &[]), Unmodified);
        early.dated = "2026-12-30".parse().expect("a day");
        assert!(matches!(check(early), Err(OpinionError::Dated { .. })));
        let mut short = opinion(clean, operates(Unmodified, &[]), Unmodified);
        short.parts.pop();
        assert_eq!(check(short), Err(OpinionError::NoResult(Part::Operation)));
        let mut description =
            opinion(part(Part::Design, Unmodified, &[]), operates(Unmodified, &[]), Qualified);
        description.parts[0] = part(Part::Description, Qualified, &["DC4"]);
        assert_eq!(check(description), Ok(()));
    }

    #[test]
    fn an_opinion_on_a_soc_3_is_no_cleaner_than_that_on_the_soc_2_from_the_same_work() {
        use OpinionKind::{Qualified, Unmodified};
        let of = |label| opinion(part(Part::Design, label, &[]), part(Part::Operation, label, &[]), label);
        let (soc2, soc3) = (scope(ReportKind::Soc2, true), scope(ReportKind::Soc3, true));
        assert!(of(Unmodified).forgets(&soc3, &of(Qualified), &soc2));
        assert!(!of(Qualified).forgets(&soc3, &of(Qualified), &soc2));
        assert!(!of(Unmodified).forgets(&soc3, &of(Unmodified), &soc2));
        assert!(!of(Unmodified).forgets(&soc2, &of(Qualified), &soc2), "two reports of one kind");
        let other = Scope { system: "Books".into(), ..soc2.clone() };
        assert!(!of(Unmodified).forgets(&soc3, &of(Qualified), &other));
        let as_of_date = scope(ReportKind::Soc2, false);
        assert!(!of(Unmodified).forgets(&soc3, &of(Qualified), &as_of_date));
    }

    #[test]
    fn a_report_that_is_given_up_is_frozen_with_a_reason() {
        let who = ActorId(Uuid::from_u128(1));
        let at: Timestamp = "2027-02-10T00:00:00Z".parse().expect("a moment");
        let mut given_up = Report::default();
        assert_eq!(given_up.freeze(who, at, " "), Err(OpinionError::NoReason));
        assert_eq!(given_up.freeze(who, at, "the firm withdrew"), Ok(()));
        assert!(given_up.issued().is_none());
        let frozen = Err(OpinionError::Frozen(at));
        assert_eq!(given_up.freeze(who, at, "again"), frozen);
        let file = SectionFile {
            name: "section-1.pdf".into(),
            artifact: EvidenceKey(1),
            digest: Digest([1; 32]),
            size: 9,
            by: who,
            at,
        };
        assert_eq!(given_up.attach(file), frozen);
    }
}
