//! A document that people prepare, review and approve: three people, each signing what they saw.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::id::ActorId;
use crate::report::readiness::DocumentStatus;
use crate::words::words_of;
use crate::{Digest, Timestamp, canonical};

/// A step after preparing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Somebody else read it and found it right.
    Review,
    /// A third person adopts it for management.
    Approve,
}

words_of!(Step {
    Review = "review", "Review";
    Approve = "approve", "Approval";
});

/// Which document of an engagement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Paper {
    /// The description of the system.
    Description,
    /// Management's assertion.
    Assertion,
}

words_of!(Paper {
    Description = "description", "Description of the system";
    Assertion = "assertion", "Management's assertion";
});

/// How far a document has come, as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// By its signatures.
    pub status: DocumentStatus,
    /// Whether it was signed once, and is not any more.
    pub is_void: bool,
}

impl Progress {
    /// Returns the step that it waits for; none once it is approved.
    #[must_use]
    pub fn next_step(self) -> Option<Step> {
        match self.status {
            DocumentStatus::WorkingDraft => Some(Step::Review),
            DocumentStatus::ManagementDraft | DocumentStatus::ForAuditorReview => Some(Step::Approve),
            DocumentStatus::FinalManagement => None,
        }
    }
}

/// A signature: who, when, over what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    /// Who.
    pub by: ActorId,
    /// When.
    pub at: Timestamp,
    /// Digest of the document and the scope that it was about.
    pub digest: Digest,
}

/// Whose signatures stand under a document as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signatures {
    /// Who reviewed it.
    pub reviewed: Option<Signed>,
    /// Who approved it.
    pub approved: Option<Signed>,
}

/// Why a document cannot be written or signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// There is none yet.
    #[error("it is not written yet")]
    None,
    /// Nothing is different.
    #[error("nothing is changed")]
    NothingChanged,
    /// Three people.
    #[error("who wrote it does not {0} it; somebody else does")]
    OwnText(&'static str),
    /// Three people.
    #[error("who reviewed it does not approve it; somebody else does")]
    OwnReview,
    /// It was signed as it stands.
    #[error("it is {0} as it stands")]
    Already(&'static str),
    /// Review comes first.
    #[error("nobody has reviewed it as it stands")]
    NotReviewed,
    /// The scope is not settled.
    #[error("the scope is not approved yet, so nothing can be signed about it")]
    NoScope,
    /// Something is missing or wrong in it.
    #[error("it is not ready to be signed: {0}")]
    NotReady(String),
}

/// A document with those who worked on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document<T> {
    /// What it says.
    pub content: T,
    /// Number of the text, from 1.
    pub version: u32,
    /// Who wrote it last.
    pub by: ActorId,
    /// When.
    pub at: Timestamp,
    /// Everybody who wrote any of it.
    authors: BTreeSet<ActorId>,
    reviewed: Option<Signed>,
    approved: Option<Signed>,
}

#[derive(Serialize)]
struct Bound<'a, T> {
    content: &'a T,
    scope: Digest,
}

impl<T: Clone + PartialEq + Serialize> Document<T> {
    /// Writes a document, or writes it anew. Signatures under the text before stay with that text.
    pub(super) fn write(
        held: &mut Option<Self>,
        content: T,
        by: ActorId,
        at: Timestamp,
    ) -> Result<(), DocumentError> {
        match held {
            None => {
                let authors = BTreeSet::from([by]);
                *held = Some(Self { content, version: 1, by, at, authors, reviewed: None, approved: None });
            }
            Some(document) if document.content == content => return Err(DocumentError::NothingChanged),
            Some(document) => {
                document.content = content;
                document.version += 1;
                document.by = by;
                document.at = at;
                document.authors.insert(by);
            }
        }
        Ok(())
    }

    /// Returns the digest that is signed: of the text and the scope it is about.
    ///
    /// # Panics
    /// Never: documents have texts only.
    #[must_use]
    pub fn digest(&self, scope: Digest) -> Digest {
        canonical::digest(&Bound { content: &self.content, scope }).expect("a document has texts only")
    }

    /// Returns what is signed, whose digest is [`Self::digest`]: the text with the digest of what it is about.
    ///
    /// # Panics
    /// Never: documents have texts only.
    #[must_use]
    pub fn bound(&self, scope: Digest) -> serde_json::Value {
        serde_json::to_value(Bound { content: &self.content, scope }).expect("a document has texts only")
    }

    /// Returns who reviewed it as it stands.
    #[must_use]
    pub fn reviewed(&self, scope: Digest) -> Option<&Signed> {
        self.reviewed.as_ref().filter(|signed| signed.digest == self.digest(scope))
    }

    /// Returns who approved it as it stands.
    #[must_use]
    pub fn approved(&self, scope: Digest) -> Option<&Signed> {
        self.approved.as_ref().filter(|signed| signed.digest == self.digest(scope))
    }

    /// Returns who signed it as it stands.
    #[must_use]
    pub fn signatures(&self, scope: Digest) -> Signatures {
        Signatures { reviewed: self.reviewed(scope).cloned(), approved: self.approved(scope).cloned() }
    }

    /// Returns how far it has come.
    #[must_use]
    pub fn progress(&self, scope: Digest) -> Progress {
        Progress { status: self.status(scope), is_void: self.is_void(scope) }
    }

    /// Tells whether it was signed once, and is not any more as it stands.
    #[must_use]
    pub fn is_void(&self, scope: Digest) -> bool {
        (self.reviewed.is_some() && self.reviewed(scope).is_none())
            || (self.approved.is_some() && self.approved(scope).is_none())
    }

    /// Returns how far it has come.
    #[must_use]
    pub fn status(&self, scope: Digest) -> DocumentStatus {
        match (self.reviewed(scope), self.approved(scope)) {
            (_, Some(_)) => DocumentStatus::FinalManagement,
            (Some(_), None) => DocumentStatus::ManagementDraft,
            (None, None) => DocumentStatus::WorkingDraft,
        }
    }

    /// Tells whether somebody wrote any of it.
    #[must_use]
    pub fn is_author(&self, who: ActorId) -> bool {
        self.authors.contains(&who)
    }

    /// Refuses a step by whoever did an earlier one.
    ///
    /// # Errors
    /// If they did.
    pub fn separated(&self, step: Step, by: ActorId, scope: Digest) -> Result<(), DocumentError> {
        if self.is_author(by) {
            return Err(DocumentError::OwnText(step.word()));
        }
        if step == Step::Approve && self.reviewed(scope).is_some_and(|signed| signed.by == by) {
            return Err(DocumentError::OwnReview);
        }
        Ok(())
    }

    /// Signs it as it stands.
    ///
    /// # Errors
    /// If it was signed so already, or approval comes before review.
    pub fn sign(
        &mut self,
        step: Step,
        by: ActorId,
        at: Timestamp,
        scope: Digest,
    ) -> Result<(), DocumentError> {
        let digest = self.digest(scope);
        let signed = Signed { by, at, digest };
        match step {
            Step::Review if self.reviewed(scope).is_some() => return Err(DocumentError::Already("reviewed")),
            Step::Review => self.reviewed = Some(signed),
            Step::Approve if self.approved(scope).is_some() => {
                return Err(DocumentError::Already("approved"));
            }
            Step::Approve if self.reviewed(scope).is_none() => return Err(DocumentError::NotReviewed),
            Step::Approve => self.approved = Some(signed),
        }
        Ok(())
    }
}
