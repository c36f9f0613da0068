//! What rights are about, and what can be done with it.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! resources {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $title:literal;)+) => {
        /// What rights are about: the rows of the table.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Resource {
            $($(#[$doc])* #[doc = $title] $name),+
        }

        impl Resource {
            /// All resources, in the order of the rows.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// Returns the word that stands in permission atoms.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$name => $word),+ }
            }

            /// Returns the name for people.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title),+ }
            }
        }
    };
}

resources! {
    Organization = "organization", "Organization profile, security policy";
    System = "system", "Systems and boundaries";
    Member = "member", "Members and invitations";
    Grant = "grant", "Role grants (ordinary)";
    HighestGrant = "highest_grant", "Role grants (owner, administrator)";
    IdentityProvider = "identity_provider", "Identity providers, SCIM clients";
    Token = "token", "API tokens, service accounts";
    Connector = "connector", "Connectors (configuration)";
    ConnectorSecret = "connector_secret", "Connector secrets (write-only)";
    Catalog = "catalog", "Criteria catalog and mappings";
    Control = "control", "Controls";
    Test = "test", "Automated test definitions";
    TestResult = "test_result", "Test results";
    Evidence = "evidence", "Evidence items";
    EvidenceRequest = "evidence_request", "Evidence requests (request list)";
    Policy = "policy", "Policies (documents)";
    Acknowledgment = "acknowledgment", "Acknowledgments, training";
    Risk = "risk", "Risk register";
    Vendor = "vendor", "Vendors, subservice organizations, user entity controls";
    Incident = "incident", "Incidents";
    Asset = "asset", "Assets and changes";
    IdentityWarehouse = "identity_warehouse", "Identity warehouse (accounts, grants, roster)";
    AccessReview = "access_review", "Access review campaigns";
    AccessDecision = "access_decision", "Access review decisions";
    Exception = "exception", "Exceptions, deviations, remediation";
    Description = "description", "System description, management assertion (drafts)";
    RestrictedReport = "restricted_report", "Issued restricted reports (SOC 1, SOC 2)";
    PublicReport = "public_report", "SOC 3 and trust center pages";
    TrustRequest = "trust_request", "Trust center requests and grants";
    WorkingPaper = "working_paper", "Auditor working papers, samples, notes";
    AuditTrail = "audit_trail", "Audit trail";
    Notification = "notification", "Webhooks, notifications";
    WholeOrganization = "whole_organization", "Whole-organization export, restore, erase";
}

impl Resource {
    /// Returns the number of its row, from 1.
    #[must_use]
    pub const fn number(self) -> usize {
        self as usize + 1
    }
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// Make a new one.
    Create,
    /// Look at it.
    Read,
    /// Change it.
    Update,
    /// Take it away or archive it.
    Delete,
    /// Approve or decide.
    Approve,
    /// Download, or hand out.
    Export,
}

impl Verb {
    /// All verbs, in the order of their letters in the table.
    pub const ALL: [Self; 6] =
        [Self::Create, Self::Read, Self::Update, Self::Delete, Self::Approve, Self::Export];

    /// Returns its letter in the table.
    #[must_use]
    pub const fn letter(self) -> char {
        match self {
            Self::Create => 'C',
            Self::Read => 'R',
            Self::Update => 'U',
            Self::Delete => 'D',
            Self::Approve => 'A',
            Self::Export => 'X',
        }
    }

    /// Returns the word that stands in permission atoms.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Read => "read",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Approve => "approve",
            Self::Export => "export",
        }
    }

    /// Tells whether it leaves everything as it is.
    #[must_use]
    pub const fn only_looks(self) -> bool {
        matches!(self, Self::Read | Self::Export)
    }
}

/// One permission: `resource.verb`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Atom {
    /// What it is about.
    pub resource: Resource,
    /// What is done.
    pub verb: Verb,
}

impl Atom {
    /// Makes the permission to do `verb` with `resource`.
    #[must_use]
    pub const fn new(resource: Resource, verb: Verb) -> Self {
        Self { resource, verb }
    }

    /// Returns every permission there is, granted to anybody or not.
    pub fn all() -> impl Iterator<Item = Self> {
        Resource::ALL
            .iter()
            .flat_map(|resource| Verb::ALL.into_iter().map(|verb| Self { resource: *resource, verb }))
    }
}

impl fmt::Display for Atom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.resource.word(), self.verb.word())
    }
}

/// No permission has this text.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no permission {0:?}")]
pub struct UnknownAtom(pub String);

impl std::str::FromStr for Atom {
    type Err = UnknownAtom;

    fn from_str(text: &str) -> Result<Self, UnknownAtom> {
        let found = Self::all().find(|atom| atom.to_string() == text);
        found.ok_or_else(|| UnknownAtom(text.chars().take(60).collect()))
    }
}
