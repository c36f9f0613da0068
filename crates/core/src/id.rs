//! Identifiers. Records carry UUIDs (version 7, made outside this crate); hot tables carry small integer keys
//! that are unique inside one organization.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! record_ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                Uuid::parse_str(text).map(Self)
            }
        }
    )+};
}

macro_rules! integer_keys {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    )+};
}

record_ids! {
    /// A tenant.
    OrganizationId,
    /// The boundary that a report describes.
    SystemId,
    /// A person or program that acts.
    ActorId,
    /// Stored evidence: artifacts with provenance.
    EvidenceId,
    /// A condition found short of a criterion.
    FindingId,
    /// A frozen readiness assessment.
    AssessmentId,
    /// One human in this installation, whatever organizations they belong to.
    PersonId,
    /// A passkey of a person, as this installation calls it.
    PasskeyId,
    /// A person in an organization.
    MembershipId,
    /// A connection of an organization to its identity provider.
    ProviderId,
    /// A time in which a browser is signed in. Not the secret it shows.
    SessionId,
    /// An invitation into an organization. Not the secret of its link.
    InvitationId,
}

/// Number of an engagement in its organization, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EngagementKey(pub i64);

impl fmt::Display for EngagementKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "E-{}", self.0)
    }
}

integer_keys! {
    /// A tenant, counted from 1 in each database; the first part of every tenant table's key.
    OrganizationKey,
    /// A collection run, counted from 1 in each organization.
    RunKey,
    /// Something observed: a host, an account, a repository. Counted from 1 in each organization.
    TargetKey,
    /// One version of one check with one set of parameters. Counted from 1 in each organization.
    CheckKey,
    /// An exception to a check. Counted from 1 in each organization.
    WaiverKey,
    /// One performance of a control. Counted from 1 in each organization.
    PerformanceKey,
    /// One list of everything a trigger produced over a span. Counted from 1 in each organization.
    PopulationKey,
    /// A stored artifact, where the subject refers to one. Counted from 1 in each organization.
    EvidenceKey,
    /// An item of evidence as people hand it in. Counted from 1 in each organization.
    ItemKey,
}
