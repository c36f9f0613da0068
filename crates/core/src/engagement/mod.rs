//! An examination on its way from scope to report: which report, about what, over which time, described, asserted and
//! approved by whom.
//!
//! What is written about it lives in one record with versions. A scope holds once somebody else than its authors
//! approved it; the description and the assertion are prepared, reviewed and approved by different people, and what they
//! sign is the digest of what they saw.
//!
//! Source: `docs/domain/soc-reports.md` sections 1, 2, 6, 7, 13 and 14.

mod administration;
mod assertion;
mod claim;
pub mod completion;
mod description;
mod diagram;
mod document;
pub mod fieldwork;
mod flow;
pub mod guide;
mod next;
mod problem;
mod proposal;
mod roll;
mod scope;
mod since;
mod soc1;
mod terms;
mod vendor;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

pub use administration::{Administration, Firm, Meeting};
pub use assertion::{Assertion, drafted};
pub use claim::{Backing, Unsupported};
pub use description::{ADVERTISING, Candidate, Description, Part, Passage, Told};
pub use diagram::{
    ALTERNATIVE_MAX, DIAGRAM_ACCEPT, DIAGRAM_BYTES, DIAGRAMS_MAX, Diagram, DiagramError, Picture,
};
pub use document::{Document, DocumentError, Paper, Progress, Signatures, Signed, Step};
pub use flow::{Act, FlowStep, NARRATIVE_MAX, PROCESSES_MAX, Process, STEPS_MAX};
pub use next::{AuditorGround, AuditorStep, ManagementGround, ManagementStep};
pub use problem::{Ground, KnownCommitment, KnownSystem, Problem};
pub use proposal::{Material, Proposal, proposals};
pub use roll::Kept;
pub use scope::{
    Element, ElementKind, Objective, PERIOD_NOTICE_MONTHS, ReportKind, SOC1_NOTICE_MONTHS, Scope, Time,
    UserEntityControl, UserEntityKind,
};
pub use since::{Confirmation, ControlChange, Unconfirmed, digest_of_changes};
pub use vendor::{Assumed, Decision, Given, GivenState, Method, Subservice, Vendor, VendorControl};

use crate::conclusion::scope::Day;
use crate::control::{TEXT_MAX, TITLE_MAX};
use crate::id::ActorId;
pub use crate::id::EngagementKey;
use crate::report::readiness::DocumentStatus;
pub use crate::written::Written;
use crate::{Digest, Timestamp, canonical, words};

/// Where an engagement stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Its scope is being written.
    Planned,
    /// Its scope is approved.
    Scoped,
    /// Its scope is approved; a change of it waits.
    ChangeWaits,
    /// It is over, or was given up.
    Closed,
}

crate::words::words_of!(Standing {
    Planned = "planned", "Planned";
    Scoped = "scoped", "Scope approved";
    ChangeWaits = "change_waits", "Scope change waits";
    Closed = "closed", "Closed";
});

/// The scope that holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovedScope {
    /// What is in it.
    pub scope: Scope,
    /// Which version.
    pub version: u32,
    /// Who approved.
    pub by: ActorId,
    /// When.
    pub at: Timestamp,
}

/// Why something cannot be done with an engagement.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EngagementError {
    /// A text that everyone who reads it needs.
    #[error("it needs its {0}")]
    Missing(&'static str),
    /// Nobody has decided or signed yet what is dated later.
    #[error("the day of the {what}, {day}, lies ahead")]
    Ahead {
        /// Choice or letter.
        what: &'static str,
        /// As it was written.
        day: Day,
    },
    /// A text that is too long or cannot be read.
    #[error("the {what} has at most {max} characters and no control characters")]
    Unreadable {
        /// Which text.
        what: &'static str,
        /// Most characters.
        max: usize,
    },
    /// More of something than there can be.
    #[error("there are at most {max} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many.
        max: usize,
    },
    /// A part that stands twice in the order of the description.
    #[error("the part {0:?} stands twice in the order")]
    PlacedTwice(&'static str),
    /// Two processes of one name.
    #[error("there is a process called {0:?} already")]
    Twice(String),
    /// Another report.
    #[error("processes with their steps are part of a SOC 1 description")]
    NoProcess,
    /// The period is upside down.
    #[error("the period ends on {to}, before it begins on {from}")]
    Period {
        /// First day.
        from: String,
        /// Last day.
        to: String,
    },
    /// There is no such report.
    #[error("a SOC 3 covers a period: there is no SOC 3 as of one date")]
    Soc3AsOf,
    /// There is no time that follows.
    #[error("the calendar ends before the time that would follow")]
    Calendar,
    /// Nothing is different.
    #[error("nothing is changed")]
    NothingChanged,
    /// It is closed.
    #[error("{0} is closed")]
    Closed(EngagementKey),
    /// Nothing waits.
    #[error("no scope of {0} waits for approval")]
    NothingWaits(EngagementKey),
    /// Four eyes.
    #[error("who wrote the scope of {0} does not approve it; somebody else does")]
    OwnScope(EngagementKey),
    /// The scope breaks a rule.
    #[error("the scope cannot be approved yet: {0}")]
    Blocked(String),
    /// The report has no description.
    #[error("a SOC 3 has no description: its boundary and commitments stand in the scope")]
    NoDescription,
    /// A document cannot be written or signed.
    #[error(transparent)]
    Document(#[from] DocumentError),
}

/// An engagement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Engagement {
    /// Number.
    pub key: EngagementKey,
    /// The scope as last written.
    pub scope: Scope,
    /// Who wrote it last.
    pub written: Written,
    /// Everybody who wrote since it was last approved.
    authors: BTreeSet<ActorId>,
    approved: Option<ApprovedScope>,
    /// The description of the system.
    pub description: Option<Document<Description>>,
    /// Management's assertion.
    pub assertion: Option<Document<Assertion>>,
    closed: Option<Written>,
    /// How the auditor's opinion is going to be modified, as management was told. The assertion carries the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    modified: Option<Written>,
    /// The one before, where this one was made from it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follows: Option<EngagementKey>,
    /// What is recorded around it: the choice of the firm, the letter of engagement, walkthroughs.
    #[serde(default, skip_serializing_if = "Administration::is_empty")]
    pub administration: Administration,
}

impl Engagement {
    /// Plans one.
    ///
    /// # Errors
    /// If a text is missing or unreadable, or the time cannot be.
    pub fn plan(
        key: EngagementKey,
        scope: Scope,
        by: ActorId,
        at: Timestamp,
        reason: &str,
    ) -> Result<Self, EngagementError> {
        Ok(Self {
            key,
            scope: scope.checked()?,
            written: written(1, by, at, reason)?,
            authors: BTreeSet::from([by]),
            approved: None,
            description: None,
            assertion: None,
            closed: None,
            modified: None,
            follows: None,
            administration: Administration::default(),
        })
    }

    /// Plans the next one from this: the scope that holds over the time that follows, and the description, as drafts. What
    /// the description tells of one period only is left to be written anew, and so is the assertion.
    ///
    /// # Errors
    /// As [`Self::plan`]; or at the end of the calendar.
    pub fn roll_forward(
        &self,
        key: EngagementKey,
        by: ActorId,
        at: Timestamp,
        reason: &str,
    ) -> Result<Self, EngagementError> {
        let scope = self.holds().following().ok_or(EngagementError::Calendar)?;
        let mut next = Self::plan(key, scope, by, at, reason)?;
        next.follows = Some(self.key);
        if let Some(held) = &self.description {
            let mut description = held.content.clone();
            description.parts.retain(|part, _| !roll::is_of_its_time(*part));
            if description != Description::default() {
                next.describe(description, by, at)?;
            }
        }
        Ok(next)
    }

    /// Returns where it stands.
    #[must_use]
    pub fn standing(&self) -> Standing {
        match (&self.closed, &self.approved) {
            (Some(_), _) => Standing::Closed,
            (None, None) => Standing::Planned,
            (None, Some(approved)) if approved.scope == self.scope => Standing::Scoped,
            (None, Some(_)) => Standing::ChangeWaits,
        }
    }

    /// Returns the scope that was approved last.
    #[must_use]
    pub fn approved(&self) -> Option<&ApprovedScope> {
        self.approved.as_ref()
    }

    /// Returns the scope that holds: the approved one, or the one as written while none is.
    #[must_use]
    pub fn holds(&self) -> &Scope {
        self.approved.as_ref().map_or(&self.scope, |approved| &approved.scope)
    }

    /// Returns who closed it and why.
    #[must_use]
    pub fn closed(&self) -> Option<&Written> {
        self.closed.as_ref()
    }

    /// Tells whether somebody wrote the scope that waits.
    #[must_use]
    pub fn is_author(&self, who: ActorId) -> bool {
        self.authors.contains(&who)
    }

    /// Returns the digest of the scope that holds. What is signed is bound to it.
    ///
    /// # Panics
    /// Never: a scope has no number that canonical JSON cannot write.
    #[must_use]
    pub fn scope_digest(&self) -> Digest {
        canonical::digest(self.holds()).expect("a scope has texts and whole numbers only")
    }

    /// Writes the scope anew. What was approved holds until this is; `reason` is the note that goes with the change.
    ///
    /// # Errors
    /// As [`Self::plan`]; if it is closed or nothing is changed.
    pub fn change(
        &mut self,
        scope: Scope,
        by: ActorId,
        at: Timestamp,
        reason: &str,
    ) -> Result<(), EngagementError> {
        self.open()?;
        let scope = scope.checked()?;
        if scope == self.scope {
            return Err(EngagementError::NothingChanged);
        }
        self.written = written(self.written.version + 1, by, at, reason)?;
        self.scope = scope;
        self.authors.insert(by);
        Ok(())
    }

    /// Approves the scope that waits. Documents signed under another scope have to be signed again.
    ///
    /// # Errors
    /// If nothing waits, or the scope breaks a rule: the first of `problems` that blocks.
    pub fn approve(
        &mut self,
        problems: &[Problem],
        by: ActorId,
        at: Timestamp,
    ) -> Result<(), EngagementError> {
        self.open()?;
        if self.standing() == Standing::Scoped {
            return Err(EngagementError::NothingWaits(self.key));
        }
        if let Some(problem) = problems.iter().find(|problem| problem.blocks) {
            return Err(EngagementError::Blocked(problem.says.clone()));
        }
        self.approved =
            Some(ApprovedScope { scope: self.scope.clone(), version: self.written.version, by, at });
        self.authors.clear();
        Ok(())
    }

    /// Records what is around it.
    ///
    /// # Errors
    /// If a text is missing or unreadable, the choice or the letter is dated later than `today`, nothing is changed, or the
    /// engagement is closed.
    pub fn administer(&mut self, administration: Administration, today: Day) -> Result<(), EngagementError> {
        self.open()?;
        let administration = administration.checked()?;
        let dated = [("choice", administration.decided), ("letter", administration.letter_dated)];
        for (what, day) in dated {
            if let Some(day) = day.filter(|day| *day > today) {
                return Err(EngagementError::Ahead { what, day });
            }
        }
        if administration == self.administration {
            return Err(EngagementError::NothingChanged);
        }
        self.administration = administration;
        Ok(())
    }

    /// Writes the description.
    ///
    /// # Errors
    /// If the report has none, a text is unreadable, nothing is changed, or the engagement is closed.
    pub fn describe(
        &mut self,
        description: Description,
        by: ActorId,
        at: Timestamp,
    ) -> Result<(), EngagementError> {
        self.open()?;
        if self.holds().kind == ReportKind::Soc3 {
            return Err(EngagementError::NoDescription);
        }
        let mut description = description.checked()?;
        description.forget_usual_order(self.holds());
        if !description.processes.is_empty() && self.holds().kind != ReportKind::Soc1 {
            return Err(EngagementError::NoProcess);
        }
        Document::write(&mut self.description, description, by, at)?;
        Ok(())
    }

    /// Returns the description as it is written, to go on with; an empty one while nobody wrote any of it.
    #[must_use]
    pub fn described(&self) -> Description {
        self.description.as_ref().map(|document| document.content.clone()).unwrap_or_default()
    }

    /// Writes the assertion.
    ///
    /// # Errors
    /// If a text is missing or unreadable, nothing is changed, or the engagement is closed.
    pub fn assert(
        &mut self,
        assertion: Assertion,
        by: ActorId,
        at: Timestamp,
    ) -> Result<(), EngagementError> {
        self.open()?;
        Document::write(&mut self.assertion, assertion.checked()?, by, at)?;
        Ok(())
    }

    /// Records how the auditor's opinion is going to be modified. Signatures under the assertion are void, and it is written
    /// anew with the same modification.
    ///
    /// # Errors
    /// If it says nothing or the same as before, or the engagement is closed.
    pub fn modify(&mut self, text: &str, by: ActorId, at: Timestamp) -> Result<(), EngagementError> {
        self.open()?;
        let version = self.modified.as_ref().map_or(1, |modified| modified.version + 1);
        let text = needed("modification of the opinion", &text.replace("\r\n", "\n"), TEXT_MAX)?;
        if self.modified.as_ref().is_some_and(|modified| modified.reason == text) {
            return Err(EngagementError::NothingChanged);
        }
        self.modified = Some(Written { version, by, at, reason: text });
        Ok(())
    }

    /// Returns how the opinion is going to be modified, as management was told.
    #[must_use]
    pub fn modified(&self) -> Option<&Written> {
        self.modified.as_ref()
    }

    /// Returns the digest of what a document rests on: the scope, and for the assertion the modification of the opinion.
    ///
    /// # Panics
    /// Never: it has texts and whole numbers only.
    #[must_use]
    pub fn ground(&self, paper: Paper) -> Digest {
        let scope = self.scope_digest();
        match (&self.modified, paper) {
            (Some(modified), Paper::Assertion) => {
                canonical::digest(&(scope, &modified.reason)).expect("it has texts only")
            }
            _ => scope,
        }
    }

    /// Returns what keeps the assertion from being signed, beside its own words: it was written before management was told
    /// that the opinion is modified.
    #[must_use]
    pub fn assertion_fault(&self) -> Option<String> {
        let (document, modified) = (self.assertion.as_ref()?, self.modified.as_ref()?);
        (document.at <= modified.at).then(|| {
            "the auditor's opinion is going to be modified, and it was written before that: write it anew with the same \
             modification"
                .to_owned()
        })
    }

    /// Returns the documents of its report: a SOC 3 has no description.
    pub fn papers(&self) -> impl Iterator<Item = Paper> {
        let has_description = self.holds().kind != ReportKind::Soc3;
        Paper::ALL.iter().copied().filter(move |paper| has_description || *paper != Paper::Description)
    }

    /// Returns how far a document has come; none while nobody wrote it.
    #[must_use]
    pub fn progress(&self, paper: Paper) -> Option<Progress> {
        let ground = self.ground(paper);
        match paper {
            Paper::Description => self.description.as_ref().map(|document| document.progress(ground)),
            Paper::Assertion => self.assertion.as_ref().map(|document| document.progress(ground)),
        }
    }

    /// Tells whether a document is written, and nobody of management has reviewed it as it stands.
    #[must_use]
    pub fn is_unreviewed(&self, paper: Paper) -> bool {
        self.progress(paper).is_some_and(|progress| progress.status == DocumentStatus::WorkingDraft)
    }

    /// Returns it without what stands in documents that nobody of management has reviewed as they stand: who wrote them, and how
    /// far they have come, stays.
    #[must_use]
    pub fn without_unreviewed(&self) -> Self {
        let mut seen = self.clone();
        if let Some(document) = seen.description.as_mut().filter(|_| self.is_unreviewed(Paper::Description)) {
            document.content = Description::default();
        }
        if let Some(document) = seen.assertion.as_mut().filter(|_| self.is_unreviewed(Paper::Assertion)) {
            document.content = Assertion::default();
        }
        seen
    }

    /// Returns who signed a document as it stands.
    #[must_use]
    pub fn signatures(&self, paper: Paper) -> Signatures {
        let ground = self.ground(paper);
        let signatures = match paper {
            Paper::Description => self.description.as_ref().map(|document| document.signatures(ground)),
            Paper::Assertion => self.assertion.as_ref().map(|document| document.signatures(ground)),
        };
        signatures.unwrap_or_default()
    }

    /// Returns the step that a document waits for; none if it is not there, final, or cannot be signed yet.
    #[must_use]
    pub fn next_step(&self, paper: Paper) -> Option<Step> {
        if self.approved.is_none() || self.closed.is_some() {
            return None;
        }
        self.progress(paper)?.next_step()
    }

    /// Tells whether somebody may take a step with a document, having taken no earlier one of it; nobody while it is not there.
    #[must_use]
    pub fn is_apart(&self, paper: Paper, step: Step, who: ActorId) -> bool {
        let ground = self.ground(paper);
        let separated = match paper {
            Paper::Description => self.description.as_ref().map(|one| one.separated(step, who, ground)),
            Paper::Assertion => self.assertion.as_ref().map(|one| one.separated(step, who, ground)),
        };
        separated.is_some_and(|separated| separated.is_ok())
    }

    /// Returns how far the least finished of its documents has come.
    #[must_use]
    pub fn status(&self) -> DocumentStatus {
        let of =
            |paper| self.progress(paper).map_or(DocumentStatus::WorkingDraft, |progress| progress.status);
        self.papers().map(of).min().unwrap_or(DocumentStatus::WorkingDraft)
    }

    /// Ends it, or gives it up.
    ///
    /// # Errors
    /// If it is closed already, or no reason is given.
    pub fn close(&mut self, by: ActorId, at: Timestamp, reason: &str) -> Result<(), EngagementError> {
        self.open()?;
        self.closed = Some(written(self.written.version, by, at, reason)?);
        Ok(())
    }

    /// Refuses what is closed.
    ///
    /// # Errors
    /// If it is.
    pub fn open(&self) -> Result<(), EngagementError> {
        if self.closed.is_some() { Err(EngagementError::Closed(self.key)) } else { Ok(()) }
    }
}

fn written(version: u32, by: ActorId, at: Timestamp, reason: &str) -> Result<Written, EngagementError> {
    let reason = needed("reason", reason, TEXT_MAX)?;
    Ok(Written { version, by, at, reason })
}

fn readable(what: &'static str, text: &str, max: usize) -> Result<String, EngagementError> {
    words::readable(text, max).ok_or(EngagementError::Unreadable { what, max })
}

fn needed(what: &'static str, text: &str, max: usize) -> Result<String, EngagementError> {
    let text = readable(what, text, max)?;
    if text.is_empty() { Err(EngagementError::Missing(what)) } else { Ok(text) }
}

fn title(what: &'static str, text: &str) -> Result<String, EngagementError> {
    needed(what, text, TITLE_MAX)
}

#[cfg(test)]
mod tests;
