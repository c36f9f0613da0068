//! Who signed a paper of the audit firm, and over which content: a later change leaves a signature behind.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::WorkpaperError;
use crate::conclusion::scope::Day;
use crate::id::ActorId;
use crate::{Digest, Timestamp};

/// A signature over a paper as it stood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// Who.
    pub by: ActorId,
    /// When.
    pub at: Timestamp,
    /// Over which content.
    pub digest: Digest,
}

/// That management may read it.
pub type Shared = Signature;

/// Everybody who worked on a paper.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signatures {
    /// Everybody who wrote in it: none of them reviews it.
    pub authors: BTreeSet<ActorId>,
    prepared: Option<Signature>,
    reviewed: Option<Signature>,
    shared: Option<Shared>,
}

/// The signature if it is over this content.
fn standing(signature: Option<&Signature>, digest: Digest) -> Option<&Signature> {
    signature.filter(|one| one.digest == digest)
}

impl Signatures {
    /// Nobody signed yet what one person begins.
    #[must_use]
    pub fn begun(by: ActorId) -> Self {
        Self { authors: BTreeSet::from([by]), prepared: None, reviewed: None, shared: None }
    }

    /// Returns who prepared it as it stands.
    #[must_use]
    pub fn prepared(&self, digest: Digest) -> Option<&Signature> {
        standing(self.prepared.as_ref(), digest)
    }

    /// Returns who reviewed it as it stands.
    #[must_use]
    pub fn reviewed(&self, digest: Digest) -> Option<&Signature> {
        standing(self.reviewed.as_ref(), digest)
    }

    /// Returns who shared it as it stands.
    #[must_use]
    pub fn shared(&self, digest: Digest) -> Option<&Shared> {
        standing(self.shared.as_ref(), digest)
    }

    /// Returns when it was shared last, however it stood then.
    #[must_use]
    pub fn shared_at(&self) -> Option<Timestamp> {
        self.shared.as_ref().map(|one| one.at)
    }

    /// Signs it as who prepared it. That it is whole is asked by whoever calls.
    ///
    /// # Errors
    /// If it is signed as it stands.
    pub fn prepare(&mut self, digest: Digest, by: ActorId, at: Timestamp) -> Result<(), WorkpaperError> {
        if self.prepared(digest).is_some() {
            return Err(WorkpaperError::Signed);
        }
        self.prepared = Some(Signature { by, at, digest });
        self.authors.insert(by);
        Ok(())
    }

    /// Signs it as who reviewed it.
    ///
    /// # Errors
    /// If it is not prepared as it stands, is reviewed already, or the reviewer wrote in it.
    pub fn review(&mut self, digest: Digest, by: ActorId, at: Timestamp) -> Result<(), WorkpaperError> {
        if self.prepared(digest).is_none() {
            return Err(WorkpaperError::NotPrepared);
        }
        if self.authors.contains(&by) {
            return Err(WorkpaperError::OwnPaper);
        }
        if self.reviewed(digest).is_some() {
            return Err(WorkpaperError::Signed);
        }
        self.reviewed = Some(Signature { by, at, digest });
        Ok(())
    }

    /// Lets management read it as it stands.
    ///
    /// # Errors
    /// If it is not prepared as it stands, or is shared already.
    pub fn share(&mut self, digest: Digest, by: ActorId, at: Timestamp) -> Result<(), WorkpaperError> {
        if self.prepared(digest).is_none() {
            return Err(WorkpaperError::NotPrepared);
        }
        if self.shared(digest).is_some() {
            return Err(WorkpaperError::SharedAlready);
        }
        self.shared = Some(Signature { by, at, digest });
        Ok(())
    }
}

/// A paper that people of the firm sign.
pub trait SignedPaper {
    /// Returns its number in the engagement, from 1.
    fn number(&self) -> i64;

    /// Returns the digest of what is signed.
    fn digest(&self) -> Digest;

    /// Returns who worked on it.
    fn signatures(&self) -> &Signatures;

    /// Returns who worked on it, to sign.
    fn signatures_mut(&mut self) -> &mut Signatures;

    /// Tells whether it may be signed on a day.
    ///
    /// # Errors
    /// The first thing that is missing.
    fn complete(&self, today: Day) -> Result<(), WorkpaperError>;

    /// Returns who prepared it as it stands.
    fn prepared(&self) -> Option<&Signature> {
        self.signatures().prepared(self.digest())
    }

    /// Returns who reviewed it as it stands.
    fn reviewed(&self) -> Option<&Signature> {
        self.signatures().reviewed(self.digest())
    }

    /// Returns who shared it as it stands.
    fn shared(&self) -> Option<&Shared> {
        self.signatures().shared(self.digest())
    }

    /// Returns when it was shared last, however it stood then.
    fn shared_at(&self) -> Option<Timestamp> {
        self.signatures().shared_at()
    }

    /// Signs it as who prepared it.
    ///
    /// # Errors
    /// If something is missing, or it is signed as it stands.
    fn prepare(&mut self, by: ActorId, at: Timestamp) -> Result<(), WorkpaperError> {
        self.complete(Day::of(at))?;
        let digest = self.digest();
        self.signatures_mut().prepare(digest, by, at)
    }

    /// Signs it as who reviewed it.
    ///
    /// # Errors
    /// If it is not prepared as it stands, is reviewed already, or the reviewer wrote in it.
    fn review(&mut self, by: ActorId, at: Timestamp) -> Result<(), WorkpaperError> {
        let digest = self.digest();
        self.signatures_mut().review(digest, by, at)
    }

    /// Lets management read it as it stands.
    ///
    /// # Errors
    /// If it is not prepared as it stands, or is shared already.
    fn share(&mut self, by: ActorId, at: Timestamp) -> Result<(), WorkpaperError> {
        let digest = self.digest();
        self.signatures_mut().share(digest, by, at)
    }
}
