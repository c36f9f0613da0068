//! Findings: conditions found short of a criterion, from proposal to a fix that somebody else has verified.

mod propose;

use serde::{Deserialize, Serialize};

use super::scope::Day;
use crate::Timestamp;
use crate::id::{ActorId, EvidenceId, FindingId};

pub use propose::{FailingTarget, FailingTest, ProposedFinding, findings_from, severity_of};

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

/// What was done about a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fix {
    /// Who did it.
    pub by: ActorId,
    /// When.
    pub at: Timestamp,
    /// What was done.
    pub note: String,
    /// Evidence of it.
    pub evidence: Vec<EvidenceId>,
}

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

    /// Records a fix.
    ///
    /// # Errors
    /// If it is not open, or there is no evidence.
    pub fn record_fix(&mut self, fix: Fix) -> Result<(), FindingError> {
        if self.state() != FindingState::Open {
            return Err(FindingError::NotOpen(self.id));
        }
        if fix.evidence.is_empty() {
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
        };
        let mut finding = Finding::open(FindingId(uuid::Uuid::from_u128(3)), proposed, moment(1));
        let fix = |evidence: &[u128]| Fix {
            by: person(1),
            at: moment(2),
            note: "wrote one".into(),
            evidence: evidence.iter().map(|&id| EvidenceId(uuid::Uuid::from_u128(id))).collect(),
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
}
