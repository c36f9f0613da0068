//! Roles: fixed, so that they can be reviewed as one table.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What somebody is in an organization. Everybody can be several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Answers for the organization; grants the highest roles.
    Owner,
    /// Runs the platform: members, connections, tokens. Does not read evidence.
    Admin,
    /// Runs the program: controls, evidence, exceptions.
    ComplianceManager,
    /// Performs controls and hands in their evidence.
    ControlOwner,
    /// Acknowledges policies and trainings.
    Employee,
    /// Approves risks, policies, the assertion.
    Executive,
    /// Examines, from outside, one engagement.
    Auditor,
    /// A customer's contact who asked for a report.
    Visitor,
    /// The most that a program's token can be given.
    ServiceToken,
}

/// No role has this word.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no role {0:?}")]
pub struct UnknownRole(pub String);

impl Role {
    /// All roles, in the order of the columns of the table.
    pub const ALL: [Self; 9] = [
        Self::Owner,
        Self::Admin,
        Self::ComplianceManager,
        Self::ControlOwner,
        Self::Employee,
        Self::Executive,
        Self::Auditor,
        Self::Visitor,
        Self::ServiceToken,
    ];

    /// Returns the word used in storage and on the command line.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::ComplianceManager => "compliance_manager",
            Self::ControlOwner => "control_owner",
            Self::Employee => "employee",
            Self::Executive => "executive",
            Self::Auditor => "auditor",
            Self::Visitor => "visitor",
            Self::ServiceToken => "service_token",
        }
    }

    /// Returns the name for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Owner => "Owner",
            Self::Admin => "Administrator",
            Self::ComplianceManager => "Compliance manager",
            Self::ControlOwner => "Control owner",
            Self::Employee => "Employee",
            Self::Executive => "Executive approver",
            Self::Auditor => "External auditor",
            Self::Visitor => "Trust center visitor",
            Self::ServiceToken => "Service token",
        }
    }

    /// Returns the two letters over the column of the table.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Owner => "OW",
            Self::Admin => "AD",
            Self::ComplianceManager => "CM",
            Self::ControlOwner => "CO",
            Self::Employee => "EM",
            Self::Executive => "EX",
            Self::Auditor => "AU",
            Self::Visitor => "TC",
            Self::ServiceToken => "SV",
        }
    }

    /// Tells whether granting it is row 5 of the table, which only owners do, and with a second person.
    #[must_use]
    pub fn is_highest(self) -> bool {
        matches!(self, Self::Owner | Self::Admin)
    }

    /// Tells whether sessions with it are shorter: 8 hours and 15 idle minutes instead of 12 hours and 30.
    #[must_use]
    pub fn is_privileged(self) -> bool {
        matches!(self, Self::Owner | Self::Admin | Self::Auditor)
    }

    /// Tells whether a member of the organization can hold it.
    #[must_use]
    pub fn is_for_members(self) -> bool {
        !matches!(self, Self::Visitor | Self::ServiceToken)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        let found = Self::ALL.into_iter().find(|role| role.word() == text || role.code() == text);
        found.ok_or_else(|| UnknownRole(text.chars().take(60).collect()))
    }
}
