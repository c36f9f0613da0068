//! The description of the system: what management writes, part by part. Lists that records hold (commitments, controls,
//! customers' controls, subservice organizations) are put beside it when it is set; they are not written twice.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{
    DIAGRAMS_MAX, Diagram, EngagementError, PROCESSES_MAX, Process, ReportKind, Scope, Time, needed, readable,
};
use crate::report::lint;
use crate::words::words_of;

/// Most characters of one part.
const PART_MAX: usize = 40_000;

/// Words of advertising: a description says only what can be checked.
pub const ADVERTISING: [&str; 16] = [
    "best in class",
    "best of breed",
    "world class",
    "world leading",
    "industry leading",
    "market leading",
    "cutting edge",
    "state of the art",
    "military grade",
    "bank grade",
    "enterprise grade",
    "unparalleled",
    "unmatched",
    "bulletproof",
    "unbreakable",
    "completely secure",
];

/// A part of the description that people write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Services provided.
    Services,
    /// Classes of transactions, from initiation to reporting (SOC 1).
    Transactions,
    /// Words around the principal commitments and requirements.
    Commitments,
    /// Infrastructure.
    Infrastructure,
    /// Software.
    Software,
    /// People.
    People,
    /// Procedures.
    Procedures,
    /// Data; in a SOC 1 records and accounts.
    Data,
    /// Control environment, risk assessment, information and communication, monitoring.
    Environment,
    /// Incidents.
    Incidents,
    /// Words around customers' controls and responsibilities.
    UserEntities,
    /// Words around subservice organizations.
    Subservices,
    /// Significant changes.
    Changes,
}

words_of!(Part {
    Services = "services", "Services provided";
    Transactions = "transactions", "Transactions, from initiation to reporting";
    Commitments = "commitments", "Principal service commitments and system requirements";
    Infrastructure = "infrastructure", "Infrastructure";
    Software = "software", "Software";
    People = "people", "People";
    Procedures = "procedures", "Procedures";
    Data = "data", "Data";
    Environment = "environment", "Control environment, risk assessment, communication and monitoring";
    Incidents = "incidents", "System incidents";
    UserEntities = "user_entities", "Controls and responsibilities of user entities";
    Subservices = "subservices", "Subservice organizations";
    Changes = "changes", "Significant changes during the period";
});

impl Part {
    /// Returns what forms call it: with the description criterion that it answers, which a SOC 1 does not have.
    #[must_use]
    pub fn label(self, kind: ReportKind) -> String {
        match kind {
            ReportKind::Soc1 => self.title().to_owned(),
            _ => format!("{} ({})", self.title(), self.criterion()),
        }
    }

    /// Returns the description criterion it answers, of DC section 200.
    #[must_use]
    pub fn criterion(self) -> &'static str {
        match self {
            Self::Services | Self::Transactions => "DC 1",
            Self::Commitments => "DC 2",
            Self::Infrastructure
            | Self::Software
            | Self::People
            | Self::Procedures
            | Self::Data
            | Self::Environment => "DC 3",
            Self::Incidents => "DC 4",
            Self::UserEntities => "DC 6",
            Self::Subservices => "DC 7",
            Self::Changes => "DC 9",
        }
    }

    /// Tells what to write, for whoever writes it.
    ///
    /// Source: for a SOC 1, AT-C section 320; `docs/domain/soc-reports.md` section 4.
    #[must_use]
    pub fn hint(self, kind: ReportKind) -> &'static str {
        match self {
            Self::Data if kind == ReportKind::Soc1 => {
                "Which records and accounts go with the transactions, which data comes in and goes out, how it is kept and \
                 removed, and which reports are made of it."
            }
            Self::Incidents if kind == ReportKind::Soc1 => {
                "Errors and incidents that may matter to the financial reporting of user entities: nature, time, extent, \
                 outcome. Say so if there were none."
            }
            Self::Environment if kind == ReportKind::Soc1 => {
                "What matters of oversight and values, of how risks to the control objectives are assessed, of communication \
                 and of monitoring."
            }
            Self::Services => "Which services, to whom, and what is not part of them.",
            Self::Transactions => {
                "How each class of transactions is initiated, authorized, recorded, processed, corrected and reported, how \
                 significant events other than transactions are captured, and how reports are prepared."
            }
            Self::Commitments => {
                "What readers should know about the commitments listed below; may stay empty."
            }
            Self::Infrastructure => {
                "Facilities, hardware, networks and clouds, without what helps an attacker."
            }
            Self::Software => {
                "Applications, operating systems and tools, those that controls depend on included."
            }
            Self::People => {
                "Who runs the system: functions, teams, reporting lines. Names of people do not belong here."
            }
            Self::Procedures => "How the system is operated: what is automated, what is done by hand, when.",
            Self::Data => {
                "Which data is processed, where it comes from, where it goes, how it is kept and removed."
            }
            Self::Environment => {
                "What matters of oversight, values, risk assessment, communication and monitoring."
            }
            Self::Incidents => {
                "Incidents from controls that were badly designed or failed, or that significantly harmed a commitment: \
                 nature, time, extent, outcome. Say so if there were none."
            }
            Self::UserEntities => {
                "What readers should know about the controls of customers listed below; may stay empty."
            }
            Self::Subservices => {
                "What readers should know about the subservice organizations listed below; may stay empty."
            }
            Self::Changes => {
                "What changed, when, with which effect, before and after. Say so if nothing did."
            }
        }
    }

    /// Tells whether it may say that there is nothing to tell.
    #[must_use]
    pub fn may_be_none(self) -> bool {
        matches!(self, Self::Incidents | Self::Changes)
    }

    /// Returns the parts of a report's description in order, each with whether it must be written.
    #[must_use]
    pub fn of(kind: ReportKind, time: Time) -> Vec<(Self, bool)> {
        let there = |part: &Self| match part {
            Self::Transactions => kind == ReportKind::Soc1,
            // Objectives take the place of commitments (AT-C 320).
            Self::Commitments => kind != ReportKind::Soc1,
            Self::Changes => time.is_period(),
            _ => true,
        };
        let needed = |part: Self| match part {
            Self::Commitments | Self::UserEntities | Self::Subservices => false,
            // What went wrong with commitments is asked by DC 4; a SOC 1 tells of errors where readers need to know.
            Self::Incidents => kind != ReportKind::Soc1,
            _ => true,
        };
        match kind {
            ReportKind::Soc3 => Vec::new(),
            _ => Self::ALL.iter().copied().filter(there).map(|part| (part, needed(part))).collect(),
        }
    }
}

/// What one part says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Passage {
    /// Paragraphs, apart by an empty line.
    #[serde(default)]
    pub text: String,
    /// Whether management states that there is nothing to tell.
    #[serde(default)]
    pub none: bool,
}

/// The description as people wrote it.
///
/// Written as its parts alone where it has neither processes nor diagrams, as it was before there were any: what was signed
/// keeps its digest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    /// By part; those that nobody touched are not there.
    #[serde(flatten)]
    pub parts: BTreeMap<Part, Passage>,
    /// Processes with the steps of their transactions (SOC 1).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub processes: Vec<Process>,
    /// Pictures of the system.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub diagrams: Vec<Diagram>,
    /// Of parts that began as a proposal, the records that it was made from.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sources: BTreeMap<Part, Vec<String>>,
    /// What was decided about each finding that could be an incident to tell, by its id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub candidates: BTreeMap<String, Told>,
    /// Parts that come first, in this order; the others follow in the usual one. Empty where all stand in the usual order.
    ///
    /// Source: `docs/domain/soc-reports.md` section 3: the content of Section III is fixed, its format is not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub order: Vec<Part>,
}

/// Whether an incident is told of in the description.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Told {
    /// Whether it is.
    pub is_told: bool,
    /// Why, or why not.
    pub why: String,
}

/// A finding that could be an incident to tell of: a control in scope was badly designed or failed, with a heavy effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Id of the finding.
    pub id: String,
    /// When it was opened.
    pub opened: String,
    /// Its control.
    pub control: String,
    /// Short title.
    pub title: String,
    /// What was found.
    pub condition: String,
    /// What it meant for commitments.
    pub effect: String,
    /// Whether it is over: fixed, or closed.
    pub outcome: String,
}

impl Description {
    /// Brings texts to one form.
    ///
    /// # Errors
    /// If one is unreadable.
    pub fn checked(mut self) -> Result<Self, EngagementError> {
        for (part, passage) in &mut self.parts {
            passage.text = readable(part.title(), &passage.text.replace("\r\n", "\n"), PART_MAX)?;
            passage.none &= part.may_be_none();
        }
        self.parts.retain(|_, passage| passage.none || !passage.text.is_empty());
        let mut placed = BTreeSet::new();
        if let Some(twice) = self.order.iter().find(|part| !placed.insert(**part)) {
            return Err(EngagementError::PlacedTwice(twice.title()));
        }
        self.sources.retain(|part, _| self.parts.contains_key(part));
        for told in self.candidates.values_mut() {
            told.why = needed("reason why an incident is told of, or not", &told.why, PART_MAX)?;
        }
        for (what, length, max) in [
            ("processes", self.processes.len(), PROCESSES_MAX),
            ("diagrams", self.diagrams.len(), DIAGRAMS_MAX),
        ] {
            if length > max {
                return Err(EngagementError::TooMany { what, max });
            }
        }
        self.processes = self.processes.into_iter().map(Process::checked).collect::<Result<_, _>>()?;
        self.diagrams = self.diagrams.into_iter().map(Diagram::checked).collect::<Result<_, _>>()?;
        let mut names = BTreeSet::new();
        if let Some(twice) = self.processes.iter().find(|process| !names.insert(process.name.to_lowercase()))
        {
            return Err(EngagementError::Twice(twice.name.clone()));
        }
        Ok(self)
    }

    /// Forgets an order that is the usual one of a report, so that its digest is that of one of which nobody said anything.
    pub(super) fn forget_usual_order(&mut self, scope: &Scope) {
        if self.in_order(scope) == Part::of(scope.kind, scope.time) {
            self.order.clear();
        }
    }

    /// Returns the parts of a report's description in the order in which they stand there, each with whether it must be
    /// written.
    #[must_use]
    pub fn in_order(&self, scope: &Scope) -> Vec<(Part, bool)> {
        let mut parts = Part::of(scope.kind, scope.time);
        let place = |part: &Part| self.order.iter().position(|one| one == part).unwrap_or(usize::MAX);
        parts.sort_by_key(|(part, _)| place(part));
        parts
    }

    /// Returns what a part says; empty if nobody wrote it.
    #[must_use]
    pub fn text(&self, part: Part) -> &str {
        self.parts.get(&part).map_or("", |passage| &passage.text)
    }

    /// Tells whether management states that there is nothing to tell.
    #[must_use]
    pub fn is_none(&self, part: Part) -> bool {
        self.parts.get(&part).is_some_and(|passage| passage.none)
    }

    /// Returns the parts that a report with this scope needs and nobody wrote.
    #[must_use]
    pub fn missing(&self, scope: &Scope) -> Vec<Part> {
        // Processes tell what the part about transactions would.
        let is_told = |part| part == Part::Transactions && !self.processes.is_empty();
        let is_missing = |part: Part| {
            self.text(part).is_empty() && !(part.may_be_none() && self.is_none(part)) && !is_told(part)
        };
        Part::of(scope.kind, scope.time)
            .into_iter()
            .filter(|(part, needed)| *needed && is_missing(*part))
            .map(|(part, _)| part)
            .collect()
    }

    /// Returns what must not be written in a description, in order of the parts: advertising, and words that claim what no
    /// examination gives.
    #[must_use]
    pub fn faults(&self) -> Vec<(Part, String)> {
        let mut faults = Vec::new();
        for (part, passage) in &self.parts {
            faults.extend(wording(&passage.text).into_iter().map(|fault| (*part, fault)));
            if passage.none && !passage.text.is_empty() {
                faults.push((*part, "it says that there is nothing to tell, and tells something".to_owned()));
            }
        }
        let told = self
            .processes
            .iter()
            .flat_map(|one| std::iter::once(&one.narrative).chain(one.steps.iter().map(|step| &step.what)));
        faults.extend(told.flat_map(|text| wording(text)).map(|fault| (Part::Transactions, fault)));
        faults.sort_by_key(|(part, _)| *part);
        faults
    }

    /// Returns what is wrong with what it tells of incidents: each finding that could be one has a decision, and what is to be
    /// told is told.
    #[must_use]
    pub fn incident_faults(&self, candidates: &[Candidate]) -> Vec<String> {
        let open = candidates.iter().filter(|one| !self.candidates.contains_key(&one.id));
        let mut faults: Vec<String> = open
            .map(|one| {
                format!("nobody has decided whether \u{201c}{}\u{201d} is an incident to tell of", one.title)
            })
            .collect();
        let is_told = |one: &&Candidate| self.candidates.get(&one.id).is_some_and(|told| told.is_told);
        if let Some(first) = candidates.iter().find(is_told)
            && self.text(Part::Incidents).is_empty()
        {
            faults.push(format!(
                "\u{201c}{}\u{201d} is to be told of, and the part about incidents tells nothing",
                first.title
            ));
        }
        faults
    }

    /// Returns what is wrong with its processes, held against the scope.
    #[must_use]
    pub fn process_faults(&self, scope: &Scope) -> Vec<String> {
        self.processes.iter().flat_map(|process| process.faults(scope)).collect()
    }
}

/// What must not be written, with what to write instead.
fn wording(text: &str) -> Vec<String> {
    let advertising = lint::words_in(text, &ADVERTISING)
        .into_iter()
        .map(|word| format!("\u{201c}{word}\u{201d} is advertising: say what can be checked"));
    lint::faults(text).into_iter().chain(advertising).collect()
}

#[cfg(test)]
mod tests {
    use super::super::ReportKind;
    use super::*;

    #[test]
    fn parts_stand_in_an_order_of_their_own_and_the_usual_one_is_not_told() {
        let day = |text: &str| text.parse().expect("a day");
        let time = Time::Period { from: day("2026-01-01"), to: day("2026-12-31") };
        let scope = Scope::of(ReportKind::Soc2, time, "Payroll");
        let ordered =
            |order: &[Part]| Description { order: order.to_vec(), ..Description::default() }.checked();
        let first = ordered(&[Part::People, Part::Services]).expect("an order");
        let words: Vec<&str> = first.in_order(&scope).iter().take(4).map(|(part, _)| part.word()).collect();
        assert_eq!(words, ["people", "services", "commitments", "infrastructure"]);
        assert_eq!(first.in_order(&scope).len(), Part::of(scope.kind, scope.time).len());
        assert_eq!(ordered(&[Part::Data, Part::Data]), Err(EngagementError::PlacedTwice("Data")));
        // A part that this report does not have is not there for that it is ordered.
        for usual in [&[Part::Transactions][..], &[Part::Services, Part::Commitments]] {
            let mut other = ordered(usual).expect("an order");
            assert_eq!(other.in_order(&scope), Part::of(scope.kind, scope.time));
            other.forget_usual_order(&scope);
            assert_eq!(other, Description::default());
        }
        let text = serde_json::to_string(&first).expect("serializes");
        assert_eq!(serde_json::from_str::<Description>(&text).expect("reads back"), first);
    }
}
