//! Findings: conditions found short of a criterion, from proposal to a fix that somebody else has verified.

mod propose;
mod written;

use serde::{Deserialize, Serialize};

use super::scope::Day;
use crate::id::{ActorId, FindingId, ItemKey};
use crate::{Timestamp, words};

pub use propose::{FailingTarget, FailingTest, ProposedFinding, findings_from, severity_of};
pub use written::{CRITERIA_MAX, Origin, Source, TITLE_MAX, Written, number_of};

/// How far a finding has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingState {
    /// Nobody has fixed it.
    Open,
    /// Somebody says it is fixed.
    Fixed,
    /// Somebody else has verified the fix.
    Closed,
}

impl FindingState {
    /// Returns the word used in storage.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Fixed => "fixed",
            Self::Closed => "closed",
        }
    }
}

/// What was done about a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fix {
    /// Who did it.
    pub by: ActorId,
    /// When.
    pub at: Timestamp,
    /// What was done.
    pub note: String,
    /// Items of evidence that show it.
    pub evidence: Vec<ItemKey>,
    /// Where else it can be seen: a run, a ticket, a document. Empty if the evidence shows it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub shown_by: String,
}

/// A later end for a fix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extension {
    /// Who gave it.
    pub by: ActorId,
    /// When.
    pub at: Timestamp,
    /// The end before.
    pub from: Day,
    /// The end from then on.
    pub to: Day,
    /// Why.
    pub reason: String,
}

/// How a finding is corrected.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Who answers for the fix.
    pub owner: Option<ActorId>,
    /// Until when.
    pub due: Option<Day>,
    /// Why it came about.
    pub cause: String,
    /// What will be done.
    pub plan: String,
}

/// Most characters of each text of a finding.
pub const TEXT_MAX: usize = 4_000;

/// What somebody else found when looking at a fix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    /// Who looked.
    pub by: ActorId,
    /// When.
    pub at: Timestamp,
    /// What was seen.
    pub note: String,
}

/// Why something cannot be done with a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FindingError {
    /// It is fixed or closed already.
    #[error("finding {0} is not open")]
    NotOpen(FindingId),
    /// There is nothing to verify.
    #[error("finding {0} has no fix to verify")]
    NotFixed(FindingId),
    /// A fix needs evidence.
    #[error("a fix of finding {0} needs evidence")]
    NoEvidence(FindingId),
    /// A text that everyone who reads it needs.
    #[error("it needs its {0}")]
    Missing(&'static str),
    /// A text that is too long or cannot be read.
    #[error("the {0} has at most {TEXT_MAX} characters and no control characters")]
    Unreadable(&'static str),
    /// A title beyond [`TITLE_MAX`].
    #[error("the title has at most {TITLE_MAX} characters; the rest belongs into the condition")]
    LongTitle,
    /// It was found on a day that is still ahead.
    #[error("{0} is still ahead; say when it was found")]
    FoundLater(Day),
    /// More than [`CRITERIA_MAX`].
    #[error("it concerns at most {CRITERIA_MAX} criteria")]
    ManyCriteria,
    /// An extension that extends nothing.
    #[error("it is due on {0} already; a later day is needed")]
    NotLater(Day),
    /// There is no end to extend.
    #[error("it has no day by which it is due yet")]
    NoDue,
    /// Moving an end is an extension, with a reason.
    #[error("it is due on {0}; extend it with a reason")]
    Extend(Day),
    /// Who fixed it cannot verify the fix.
    #[error("finding {0} must be verified by somebody who did not fix it")]
    SamePerson(FindingId),
}

/// A finding somebody has opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Identifier.
    pub id: FindingId,
    /// What was found and what follows; the cause is filled in by whoever looks into it.
    #[serde(flatten)]
    pub found: ProposedFinding,
    /// When it was opened.
    pub opened: Timestamp,
    /// Who answers for the fix.
    pub owner: Option<ActorId>,
    /// Until when.
    pub due: Option<Day>,
    /// What will be done.
    #[serde(default)]
    pub plan: String,
    #[serde(default)]
    extensions: Vec<Extension>,
    fix: Option<Fix>,
    verification: Option<Verification>,
    rejected: Vec<(Fix, Verification)>,
}

impl Finding {
    /// Opens a finding.
    #[must_use]
    pub fn open(id: FindingId, found: ProposedFinding, opened: Timestamp) -> Self {
        Self {
            id,
            found,
            opened,
            owner: None,
            due: None,
            plan: String::new(),
            extensions: Vec::new(),
            fix: None,
            verification: None,
            rejected: Vec::new(),
        }
    }

    /// Returns the state, which follows from what was done.
    #[must_use]
    pub fn state(&self) -> FindingState {
        match (&self.fix, &self.verification) {
            (Some(_), Some(_)) => FindingState::Closed,
            (Some(_), None) => FindingState::Fixed,
            (None, _) => FindingState::Open,
        }
    }

    /// Returns the fix that counts.
    #[must_use]
    pub fn fix(&self) -> Option<&Fix> {
        self.fix.as_ref()
    }

    /// Returns who verified the fix.
    #[must_use]
    pub fn verification(&self) -> Option<&Verification> {
        self.verification.as_ref()
    }

    /// Returns fixes that did not hold, with what was seen.
    #[must_use]
    pub fn rejected(&self) -> &[(Fix, Verification)] {
        &self.rejected
    }

    /// Returns the extensions, oldest first: who gave which.
    #[must_use]
    pub fn extensions(&self) -> &[Extension] {
        &self.extensions
    }

    /// Says who answers for it, why it came about and what will be done by when. An end that was set is only moved by
    /// [`Self::extend`].
    ///
    /// # Errors
    /// If it is not open, owner, plan or end are missing, or the end is another one than was set.
    pub fn plan(&mut self, plan: Plan) -> Result<(), FindingError> {
        if self.state() != FindingState::Open {
            return Err(FindingError::NotOpen(self.id));
        }
        let (cause, text) = (readable("cause", &plan.cause)?, readable("plan", &plan.plan)?);
        let owner = plan.owner.ok_or(FindingError::Missing("owner"))?;
        let due = plan.due.ok_or(FindingError::Missing("due day"))?;
        if text.is_empty() {
            return Err(FindingError::Missing("plan"));
        }
        if let Some(set) = self.due.filter(|set| *set != due) {
            return Err(FindingError::Extend(set));
        }
        (self.owner, self.due, self.plan) = (Some(owner), Some(due), text);
        self.found.cause = cause;
        Ok(())
    }

    /// Moves the end to a later day. How often stays visible.
    ///
    /// # Errors
    /// If it is not open, has no end yet, the day is not later, or no reason is given.
    pub fn extend(&mut self, by: ActorId, at: Timestamp, to: Day, reason: &str) -> Result<(), FindingError> {
        if self.state() != FindingState::Open {
            return Err(FindingError::NotOpen(self.id));
        }
        let from = self.due.ok_or(FindingError::NoDue)?;
        if to <= from {
            return Err(FindingError::NotLater(from));
        }
        let reason = readable("reason", reason)?;
        if reason.is_empty() {
            return Err(FindingError::Missing("reason"));
        }
        self.extensions.push(Extension { by, at, from, to, reason });
        self.due = Some(to);
        Ok(())
    }

    /// Records a fix.
    ///
    /// # Errors
    /// If it is not open, or there is no evidence.
    pub fn record_fix(&mut self, fix: Fix) -> Result<(), FindingError> {
        if self.state() != FindingState::Open {
            return Err(FindingError::NotOpen(self.id));
        }
        if readable("note", &fix.note)?.is_empty() {
            return Err(FindingError::Missing("note"));
        }
        if fix.evidence.is_empty() && readable("evidence", &fix.shown_by)?.is_empty() {
            return Err(FindingError::NoEvidence(self.id));
        }
        self.fix = Some(fix);
        Ok(())
    }

    /// Closes it: somebody other than the fixer has seen that the fix holds.
    ///
    /// # Errors
    /// If there is no fix waiting, or the verifier is the fixer.
    pub fn verify(&mut self, verification: Verification) -> Result<(), FindingError> {
        self.waiting_fix(verification.by)?;
        self.verification = Some(verification);
        Ok(())
    }

    /// Opens it again: somebody other than the fixer has seen that the fix does not hold.
    ///
    /// # Errors
    /// As [`Finding::verify`].
    pub fn reject(&mut self, verification: Verification) -> Result<(), FindingError> {
        let fix = self.waiting_fix(verification.by)?.clone();
        self.fix = None;
        self.rejected.push((fix, verification));
        Ok(())
    }

    /// Tells whether its end is past and it is not closed.
    #[must_use]
    pub fn is_overdue(&self, today: Day) -> bool {
        self.state() != FindingState::Closed && self.due.is_some_and(|due| due < today)
    }

    fn waiting_fix(&self, verifier: ActorId) -> Result<&Fix, FindingError> {
        match &self.fix {
            Some(fix) if self.verification.is_none() => {
                if fix.by == verifier {
                    Err(FindingError::SamePerson(self.id))
                } else {
                    Ok(fix)
                }
            }
            _ => Err(FindingError::NotFixed(self.id)),
        }
    }
}

fn readable(what: &'static str, text: &str) -> Result<String, FindingError> {
    words::readable(text, TEXT_MAX).ok_or(FindingError::Unreadable(what))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observation::Severity;

    fn person(number: u128) -> ActorId {
        ActorId(uuid::Uuid::from_u128(number))
    }

    fn moment(second: i64) -> Timestamp {
        Timestamp::from_seconds(second)
    }

    #[test]
    fn a_fix_is_verified_by_somebody_else() {
        let proposed = ProposedFinding {
            title: "No control for X".into(),
            criteria: vec!["X".into()],
            control: None,
            check: None,
            condition: "No control is mapped to the criterion.".into(),
            cause: String::new(),
            effect: "The criterion cannot be met.".into(),
            recommendation: "Adopt one.".into(),
            severity: Severity::Critical,
            origin: None,
        };
        let mut finding = Finding::open(FindingId(uuid::Uuid::from_u128(3)), proposed, moment(1));
        let fix = |evidence: &[i64]| Fix {
            by: person(1),
            at: moment(2),
            note: "wrote one".into(),
            shown_by: String::new(),
            evidence: evidence.iter().map(|&key| ItemKey(key)).collect(),
        };
        let seen = |by| Verification { by: person(by), at: moment(3), note: "looked".into() };
        assert_eq!(finding.verify(seen(2)), Err(FindingError::NotFixed(finding.id)));
        assert_eq!(finding.record_fix(fix(&[])), Err(FindingError::NoEvidence(finding.id)));
        finding.record_fix(fix(&[9])).expect("open, with evidence");
        assert_eq!(finding.state(), FindingState::Fixed);
        assert_eq!(finding.record_fix(fix(&[9])), Err(FindingError::NotOpen(finding.id)));
        assert_eq!(finding.verify(seen(1)), Err(FindingError::SamePerson(finding.id)));
        finding.reject(seen(2)).expect("somebody else");
        assert_eq!((finding.state(), finding.rejected().len()), (FindingState::Open, 1));
        finding.record_fix(fix(&[9])).expect("open again");
        finding.verify(seen(2)).expect("somebody else");
        assert_eq!(finding.state(), FindingState::Closed);
        assert_eq!(finding.reject(seen(2)), Err(FindingError::NotFixed(finding.id)));
        let json = serde_json::to_string(&finding).expect("serializes");
        assert_eq!(serde_json::from_str::<Finding>(&json).expect("reads back"), finding);
    }

    #[test]
    fn a_plan_has_an_end_that_only_extensions_move() {
        let proposed = ProposedFinding {
            title: "t".into(),
            criteria: vec!["CC6.1".into()],
            control: Some("IAM-05".parse().expect("an id")),
            check: Some("a-b".into()),
            condition: "c".into(),
            cause: String::new(),
            effect: "e".into(),
            recommendation: "r".into(),
            severity: Severity::High,
            origin: None,
        };
        assert_eq!(proposed.reference(), "test.IAM-05.a-b");
        let unchecked = ProposedFinding { check: None, ..proposed.clone() };
        assert_eq!(unchecked.reference(), "control.IAM-05");
        assert_eq!(ProposedFinding { control: None, ..unchecked }.reference(), "criterion.CC6.1");
        let day = |text: &str| text.parse::<Day>().expect("a day");
        let mut finding = Finding::open(FindingId(uuid::Uuid::from_u128(3)), proposed, moment(1));
        let plan = Plan {
            owner: Some(person(1)),
            due: Some(day("2027-01-31")),
            cause: "nobody knew".into(),
            plan: "mend it".into(),
        };
        let extend =
            |finding: &mut Finding, to: &str, why: &str| finding.extend(person(2), moment(5), day(to), why);
        assert_eq!(extend(&mut finding, "2027-03-31", "late"), Err(FindingError::NoDue));
        assert_eq!(finding.plan(Plan { owner: None, ..plan.clone() }), Err(FindingError::Missing("owner")));
        assert_eq!(
            finding.plan(Plan { plan: " ".into(), ..plan.clone() }),
            Err(FindingError::Missing("plan"))
        );
        finding.plan(plan.clone()).expect("whole");
        let moved = Plan { due: Some(day("2027-02-28")), ..plan };
        assert_eq!(finding.plan(moved), Err(FindingError::Extend(day("2027-01-31"))));
        assert_eq!(extend(&mut finding, "2027-01-31", "x"), Err(FindingError::NotLater(day("2027-01-31"))));
        assert_eq!(extend(&mut finding, "2027-03-31", " "), Err(FindingError::Missing("reason")));
        extend(&mut finding, "2027-03-31", "the vendor is late").expect("later");
        assert_eq!((finding.extensions().len(), finding.due), (1, Some(day("2027-03-31"))));
        assert!(!finding.is_overdue(day("2027-03-31")) && finding.is_overdue(day("2027-04-01")));
        let fix = Fix {
            by: person(1),
            at: moment(6),
            note: "mended".into(),
            evidence: Vec::new(),
            shown_by: "run 9".into(),
        };
        finding.record_fix(fix).expect("shown by a run");
        assert_eq!(extend(&mut finding, "2027-05-31", "x"), Err(FindingError::NotOpen(finding.id)));
    }
}
