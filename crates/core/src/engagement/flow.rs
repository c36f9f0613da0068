//! How transactions go through a process, step by step: what a reader of a SOC 1 report follows from initiation to reporting,
//! and what an auditor walks through.
//!
//! Source: `docs/domain/soc-reports.md` section 4 (procedures from initiation to reporting, as AT-C 320 asks for them).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{EngagementError, Scope, needed, readable, title};
use crate::control::{ControlId, TEXT_MAX, TITLE_MAX};
use crate::words::words_of;

/// Most processes of a description.
pub const PROCESSES_MAX: usize = 60;
/// Most steps of a process.
pub const STEPS_MAX: usize = 60;
/// Most characters of a narrative.
pub const NARRATIVE_MAX: usize = 20_000;

/// What is done with a transaction in a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// It comes into being.
    Initiate,
    /// Somebody with the right to do so agrees to it.
    Authorize,
    /// It is written down.
    Record,
    /// It is worked on: calculated, summarized, paid.
    Process,
    /// What was wrong in it is put right.
    Correct,
    /// It is told to customers, and to others.
    Report,
}

words_of!(Act {
    Initiate = "initiate", "Initiate";
    Authorize = "authorize", "Authorize";
    Record = "record", "Record";
    Process = "process", "Process";
    Correct = "correct", "Correct";
    Report = "report", "Report";
});

/// A step of a process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlowStep {
    /// What kind of step it is.
    pub act: Act,
    /// What is done.
    pub what: String,
    /// Who does it: a function, not a name.
    pub who: String,
    /// In which system; may be empty.
    #[serde(default)]
    pub system: String,
    /// What goes in; may be empty.
    #[serde(default)]
    pub input: String,
    /// What comes out; may be empty.
    #[serde(default)]
    pub output: String,
    /// Controls at this step.
    #[serde(default)]
    pub controls: BTreeSet<ControlId>,
    /// Control objectives that it serves.
    #[serde(default)]
    pub objectives: BTreeSet<String>,
}

/// A process with its narrative.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Process {
    /// What it is called, e.g. `Pay run`.
    pub name: String,
    /// How it goes, in words: paragraphs, apart by an empty line.
    #[serde(default)]
    pub narrative: String,
    /// Steps in order.
    #[serde(default)]
    pub steps: Vec<FlowStep>,
}

impl FlowStep {
    /// Brings texts to one form.
    fn checked(mut self) -> Result<Self, EngagementError> {
        self.what = needed("what is done in a step", &self.what, TEXT_MAX)?;
        self.who = title("who does a step", &self.who)?;
        for (what, text) in [
            ("system of a step", &mut self.system),
            ("input of a step", &mut self.input),
            ("output of a step", &mut self.output),
        ] {
            *text = readable(what, text, TITLE_MAX)?;
        }
        self.objectives = self.objectives.iter().map(|id| id.trim().to_owned()).collect();
        Ok(self)
    }
}

impl Process {
    /// Brings texts to one form.
    ///
    /// # Errors
    /// If a text is missing or unreadable, or there are too many steps.
    pub fn checked(mut self) -> Result<Self, EngagementError> {
        self.name = title("name of a process", &self.name)?;
        self.narrative = readable("narrative", &self.narrative.replace("\r\n", "\n"), NARRATIVE_MAX)?;
        if self.steps.len() > STEPS_MAX {
            return Err(EngagementError::TooMany { what: "steps of a process", max: STEPS_MAX });
        }
        self.steps = self.steps.into_iter().map(FlowStep::checked).collect::<Result<_, _>>()?;
        Ok(self)
    }

    /// Returns what no step does: readers ask how it is done, or why it is not needed.
    #[must_use]
    pub fn unsaid(&self) -> Vec<Act> {
        let is_said = |act: &Act| self.steps.iter().any(|step| step.act == *act);
        Act::ALL.iter().copied().filter(|act| !is_said(act)).collect()
    }

    /// Returns what keeps a description with this process from being signed, in order of the steps.
    #[must_use]
    pub fn faults(&self, scope: &Scope) -> Vec<String> {
        let mut faults = Vec::new();
        if self.narrative.is_empty() {
            faults.push(format!("{} has no narrative", self.name));
        }
        if self.steps.is_empty() {
            faults.push(format!("{} has no step", self.name));
        }
        let objectives: BTreeSet<&str> = scope.objectives.iter().map(|one| one.id.as_str()).collect();
        let controls: BTreeSet<&ControlId> = scope.objectives.iter().flat_map(|one| &one.controls).collect();
        for (place, step) in self.steps.iter().enumerate() {
            let at = format!("step {} of {}", place + 1, self.name);
            for id in step.objectives.iter().filter(|id| !objectives.contains(id.as_str())) {
                faults.push(format!("{at} names the objective {id}, which is not in the scope"));
            }
            for id in step.controls.iter().filter(|id| !controls.contains(id)) {
                faults.push(format!("{at} names {id}, which achieves no objective of the scope"));
            }
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engagement::{Objective, ReportKind, Time};

    fn step(act: Act, controls: &[&str], objectives: &[&str]) -> FlowStep {
        FlowStep {
            act,
            what: "Hours are sent in.".into(),
            who: "Customer".into(),
            system: "Web form".into(),
            input: String::new(),
            output: "Hours".into(),
            controls: controls.iter().map(|id| id.parse().expect("an id")).collect(),
            objectives: objectives.iter().map(ToString::to_string).collect(),
        }
    }

    fn scope() -> Scope {
        let time = Time::AsOf { date: "2026-12-31".parse().expect("a day") };
        let objective = Objective {
            id: "CO-02".into(),
            statement: "Controls provide reasonable assurance that input is whole.".into(),
            controls: BTreeSet::from(["PAY-01".parse().expect("an id")]),
            ..Objective::default()
        };
        Scope { objectives: vec![objective], ..Scope::of(ReportKind::Soc1, time, "Payroll") }
    }

    #[test]
    fn a_process_is_held_against_the_scope() {
        let whole = Process {
            name: "Pay run".into(),
            narrative: "Customers send hours.".into(),
            steps: vec![step(Act::Initiate, &["PAY-01"], &["CO-02"]), step(Act::Report, &[], &[])],
        };
        assert!(whole.faults(&scope()).is_empty());
        assert_eq!(whole.unsaid(), [Act::Authorize, Act::Record, Act::Process, Act::Correct]);
        let steps = vec![step(Act::Initiate, &["IAM-01"], &["CO-9"])];
        let other = Process { steps, narrative: String::new(), ..whole.clone() };
        assert_eq!(
            other.faults(&scope()),
            [
                "Pay run has no narrative",
                "step 1 of Pay run names the objective CO-9, which is not in the scope",
                "step 1 of Pay run names IAM-01, which achieves no objective of the scope",
            ]
        );
        let empty = Process { steps: Vec::new(), ..whole };
        assert_eq!(empty.faults(&scope()), ["Pay run has no step"]);
    }

    #[test]
    fn texts_of_a_step_are_needed_and_read() {
        let of = |steps| Process { name: " Pay run ".into(), narrative: String::new(), steps };
        let read = of(vec![step(Act::Record, &[], &[" CO-02 "])]).checked().expect("readable");
        assert_eq!((read.name.as_str(), read.steps[0].objectives.contains("CO-02")), ("Pay run", true));
        let nameless = FlowStep { who: " ".into(), ..step(Act::Record, &[], &[]) };
        assert_eq!(of(vec![nameless]).checked(), Err(EngagementError::Missing("who does a step")));
        let many = vec![step(Act::Record, &[], &[]); STEPS_MAX + 1];
        assert!(matches!(of(many).checked(), Err(EngagementError::TooMany { .. })));
    }
}
