//! Access: who holds which right where, as a list of one system says it at one moment.
//!
//! A list is information produced by the entity: where it came from, the exact query, the time and the zone are kept, and
//! it ties out to the accounts that the source counts. What a list does not say is unknown, which is never the same as no.
//!
//! Source: `docs/domain/audit-methods.md` sections 3 and 10.

mod columns;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::population::{Ipe, ListFormat, digest_of_keys};
use crate::id::{ActorId, EvidenceKey, SystemId};
use crate::words::words_of;
use crate::{Digest, Timestamp};

pub use columns::{ColumnProblem, Columns, FIELDS, FieldColumn, Reader};

/// Most rows of one list.
pub const MAX_HOLDINGS: usize = 100_000;
/// Most characters of a name in a list: of an account, a person, a right, a system.
pub const MAX_NAME_CHARS: usize = 200;
/// Most accounts that one list names as left out.
pub const MAX_EXCLUSIONS: usize = 10_000;
/// Most characters of why an account is left out.
pub const MAX_REASON_CHARS: usize = 2_000;

/// Number of a list of access in its organization, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ListKey(pub i64);

impl fmt::Display for ListKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AL-{}", self.0)
    }
}

/// What kind of account it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountKind {
    /// Of one person of the organization.
    #[default]
    Human,
    /// Of a program.
    Service,
    /// A key or token of an interface.
    Api,
    /// Of several people.
    Shared,
    /// Of somebody outside: a vendor, a guest.
    Vendor,
    /// No account: a role, a group or a rule, with what it grants to whoever has it.
    Role,
}

words_of!(AccountKind {
    Human = "human", "Person";
    Service = "service", "Service";
    Api = "api", "API";
    Shared = "shared", "Shared";
    Vendor = "vendor", "External";
    Role = "role", "Role or rule";
});

impl AccountKind {
    /// Tells whether it is one person's.
    #[must_use]
    pub fn is_persons(self) -> bool {
        matches!(self, Self::Human | Self::Vendor)
    }

    /// Tells whether no person stands behind it, so that an owner answers for it.
    #[must_use]
    pub fn is_program(self) -> bool {
        matches!(self, Self::Service | Self::Api | Self::Role)
    }
}

/// How much harm a right can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// Control over everything, such as over who has which rights.
    Zero,
    /// Privileged, or in production.
    One,
    /// Ordinary.
    Two,
    /// Low: what nearly everybody has.
    Three,
}

words_of!(Tier {
    Zero = "0", "Tier 0: controls everything";
    One = "1", "Tier 1: privileged";
    Two = "2", "Tier 2: ordinary";
    Three = "3", "Tier 3: low";
});

impl Tier {
    /// Tells whether to keep it needs a reason, and its removal one business day.
    #[must_use]
    pub fn is_privileged(self) -> bool {
        self <= Self::One
    }

    /// Tells whether many may be decided at once.
    #[must_use]
    pub fn is_low(self) -> bool {
        self == Self::Three
    }
}

/// What the roster of people says about the holder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Employment {
    /// The list does not say.
    #[default]
    Unknown,
    /// Works here, as before.
    Active,
    /// Works here in another job than when the right was given.
    Mover,
    /// Is away for a time.
    OnLeave,
    /// Has left.
    Leaver,
    /// The roster knows nobody of that name.
    NotListed,
    /// There is nobody to look for, as with programs.
    NotApplicable,
}

words_of!(Employment {
    Unknown = "unknown", "Unknown";
    Active = "active", "Active";
    Mover = "mover", "Changed job";
    OnLeave = "on_leave", "On leave";
    Leaver = "leaver", "Has left";
    NotListed = "not_listed", "Not in the roster";
    NotApplicable = "not_applicable", "Not applicable";
});

/// When it was last used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LastUse {
    /// The list does not say.
    #[default]
    Unknown,
    /// Never, as the source says.
    Never,
    /// Then.
    At(Timestamp),
}

/// An answer that a list may not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The list does not say.
    #[default]
    Unknown,
    /// The question does not arise.
    NotApplicable,
    /// No.
    No,
    /// Yes.
    Yes,
}

words_of!(Answer {
    Unknown = "unknown", "Unknown";
    NotApplicable = "not_applicable", "Not applicable";
    No = "no", "No";
    Yes = "yes", "Yes";
});

/// How a right was given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Given {
    /// The list does not say.
    #[default]
    Unknown,
    /// To the account itself, past all roles.
    Direct,
    /// By a role or a group.
    By(String),
}

/// One right of one account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holding {
    /// The account, as its system calls it.
    pub account: String,
    /// Whose it is: an address or a number of the roster. None where nobody knows.
    pub person: Option<String>,
    /// What kind of account it is.
    pub kind: AccountKind,
    /// The right. None where the list could not show what the account may do.
    pub entitlement: Option<String>,
    /// How much harm it can do.
    pub tier: Tier,
    /// When it was last used.
    pub last_used: LastUse,
    /// Whether a second factor is enforced.
    pub mfa: Answer,
    /// Who manages the person.
    pub manager: Option<String>,
    /// Who answers for the account, where it is no person's.
    pub owner: Option<String>,
    /// What the roster says.
    pub employment: Employment,
    /// How it was given.
    pub given: Given,
    /// The job of the person, as the roster has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
}

impl Holding {
    /// Leaves out what comes from the roster of employees: for those outside who see accounts and not the people behind them.
    #[must_use]
    pub fn without_roster(self) -> Self {
        Self { manager: None, employment: Employment::Unknown, job: None, ..self }
    }

    /// Returns what names the right in its list, for digests and to find it again in a later one.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}\t{}", fold(&self.account), self.entitlement.as_deref().map(fold).unwrap_or_default())
    }

    /// Returns who can act by it: the person, or, for a program, whoever answers for it. None where that is not known, or
    /// where several share the account.
    #[must_use]
    pub fn holder(&self) -> Option<String> {
        let name = match self.kind {
            AccountKind::Human | AccountKind::Vendor => self.person.as_deref(),
            AccountKind::Service | AccountKind::Api => self.owner.as_deref(),
            AccountKind::Shared | AccountKind::Role => None,
        };
        name.map(fold).filter(|name| !name.is_empty())
    }

    /// Returns everybody whose own access it is, by the names of the list: nobody of them reviews it.
    #[must_use]
    pub fn subjects(&self) -> BTreeSet<String> {
        let mut subjects: BTreeSet<String> = self.holder().into_iter().collect();
        subjects.extend(self.person.as_deref().map(fold));
        subjects.insert(fold(&self.account));
        if self.kind != AccountKind::Human {
            subjects.extend(self.owner.as_deref().map(fold));
        }
        subjects
    }
}

/// Brings a name to the form in which names are compared: without space around it and in small letters.
#[must_use]
pub fn fold(name: &str) -> String {
    name.trim().to_lowercase()
}

/// An account of the source that a list leaves out, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exclusion {
    /// The account.
    pub account: String,
    /// Why it is not in the list.
    pub reason: String,
}

/// What ties a list to its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TieOut {
    /// Accounts, as the source counts them.
    pub in_source: u64,
    /// Different accounts in the list.
    pub listed: u64,
    /// Accounts that are left out by name.
    pub excluded: u64,
    /// Rows, as the source counts them.
    pub rows_in_source: u64,
    /// Rows of the list.
    pub rows: u64,
}

impl TieOut {
    /// Tells whether nothing is missing: accounts in the source are those in the list and those left out by name, and no
    /// row was lost.
    #[must_use]
    pub fn agrees(&self) -> bool {
        self.in_source == self.listed.saturating_add(self.excluded) && self.rows_in_source == self.rows
    }
}

impl fmt::Display for TieOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} accounts in the source, {} in the list and {} left out; {} rows in the source, {} in the list",
            self.in_source, self.listed, self.excluded, self.rows_in_source, self.rows
        )
    }
}

/// A list of access: one system at one moment. Its rows are kept beside it and do not change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessList {
    /// Number.
    pub key: ListKey,
    /// The system, as the organization calls it.
    pub system: String,
    /// Where it came from.
    pub ipe: Ipe,
    /// What it was written in.
    pub format: ListFormat,
    /// Which column was what.
    pub columns: Columns,
    /// What it leaves out.
    pub exclusions: Vec<Exclusion>,
    /// What ties it to its source.
    pub tie_out: TieOut,
    /// Digest of its rows' keys, sorted bytewise and joined with line feeds.
    pub keys: Digest,
    /// The file as it was handed in.
    pub file: EvidenceKey,
    /// Who handed it in.
    pub by: ActorId,
    /// When.
    pub at: Timestamp,
}

impl AccessList {
    /// Tells whether what it lacks is not there: it ties out to its source.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.tie_out.agrees()
    }
}

/// Which systems, the boundaries of reports, the system of lists belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The system of lists, as it was called when this was said.
    pub name: String,
    /// The systems that reports are about. None: of no report.
    pub systems: BTreeSet<SystemId>,
}

impl Place {
    /// Tells whether what was said of the system of lists puts it into one of the systems that a report is about. While nobody
    /// has said anything, it is in none of them, unless the report is about every system there is.
    #[must_use]
    pub fn is_within(place: Option<&Self>, scope: &BTreeSet<SystemId>, every: &BTreeSet<SystemId>) -> bool {
        scope.is_empty()
            || every.is_subset(scope)
            || place.is_some_and(|place| !place.systems.is_disjoint(scope))
    }
}

/// Why something is no list of access.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// A list without rows says nothing about anybody.
    #[error("the list has no row")]
    Empty,
    /// More than [`MAX_HOLDINGS`].
    #[error("a list of access has at most {MAX_HOLDINGS} rows")]
    TooMany,
    /// The same right of the same account.
    #[error("line {line}: {account:?} has {entitlement:?} twice")]
    Twice {
        /// Line of the second.
        line: u64,
        /// The account.
        account: String,
        /// The right.
        entitlement: String,
    },
    /// Not a name.
    #[error("the {what} has 1 to {MAX_NAME_CHARS} characters, none of them control")]
    Name {
        /// What it names.
        what: &'static str,
    },
    /// Left out without a reason, or twice.
    #[error("{0:?} is left out twice, or without a reason of at most {MAX_REASON_CHARS} characters")]
    Exclusion(String),
    /// Both in the list and left out.
    #[error("{0:?} is in the list and left out")]
    Both(String),
    /// More than [`MAX_EXCLUSIONS`].
    #[error("a list leaves out at most {MAX_EXCLUSIONS} accounts by name")]
    TooManyExclusions,
}

/// Checks a name of a list.
///
/// # Errors
/// If it is empty, too long, or has control characters.
pub fn name(what: &'static str, text: &str) -> Result<String, AccessError> {
    let text = text.trim();
    let count = text.chars().count();
    if text.is_empty() || count > MAX_NAME_CHARS || text.chars().any(char::is_control) {
        return Err(AccessError::Name { what });
    }
    Ok(text.to_owned())
}

/// Ties rows to what the source counts, and returns the digest of their keys.
///
/// # Errors
/// If there is no row, a right stands there twice, or what is left out is not said once and with a reason.
pub fn tie_out(
    holdings: &[(u64, Holding)],
    exclusions: &[Exclusion],
    accounts_in_source: u64,
    rows_in_source: u64,
) -> Result<(TieOut, Digest), AccessError> {
    match holdings.len() {
        0 => return Err(AccessError::Empty),
        count if count > MAX_HOLDINGS => return Err(AccessError::TooMany),
        _ => {}
    }
    if exclusions.len() > MAX_EXCLUSIONS {
        return Err(AccessError::TooManyExclusions);
    }
    let mut keys: BTreeMap<String, u64> = BTreeMap::new();
    let mut accounts = BTreeSet::new();
    for (line, holding) in holdings {
        accounts.insert(fold(&holding.account));
        if keys.insert(holding.key(), *line).is_some() {
            return Err(AccessError::Twice {
                line: *line,
                account: holding.account.clone(),
                entitlement: holding.entitlement.clone().unwrap_or_default(),
            });
        }
    }
    let mut left_out = BTreeSet::new();
    for exclusion in exclusions {
        let account = name("account that is left out", &exclusion.account)?;
        let reason = crate::words::readable(&exclusion.reason, MAX_REASON_CHARS);
        if reason.is_none_or(|reason| reason.is_empty()) || !left_out.insert(fold(&account)) {
            return Err(AccessError::Exclusion(account));
        }
        if accounts.contains(&fold(&account)) {
            return Err(AccessError::Both(account));
        }
    }
    let (digest, rows) = digest_of_keys(keys.keys().map(String::as_str));
    let tie = TieOut {
        in_source: accounts_in_source,
        listed: accounts.len() as u64,
        excluded: left_out.len() as u64,
        rows_in_source,
        rows,
    };
    Ok((tie, digest))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn holding(account: &str, entitlement: &str) -> Holding {
        Holding {
            account: account.to_owned(),
            person: Some(format!("{account}@acme.example")),
            kind: AccountKind::Human,
            entitlement: Some(entitlement.to_owned()),
            tier: Tier::Two,
            last_used: LastUse::Unknown,
            mfa: Answer::Yes,
            manager: None,
            owner: None,
            employment: Employment::Active,
            given: Given::Unknown,
            job: None,
        }
    }

    fn exclusion(account: &str, reason: &str) -> Exclusion {
        Exclusion { account: account.to_owned(), reason: reason.to_owned() }
    }

    #[test]
    fn a_list_ties_out_to_its_source_or_says_that_it_does_not() {
        let rows = [(2, holding("ada", "admin")), (3, holding("ada", "read")), (4, holding("bob", "read"))];
        let (tie, digest) = tie_out(&rows, &[exclusion("root", "sealed")], 3, 3).expect("a list");
        assert_eq!((tie.listed, tie.excluded, tie.rows), (2, 1, 3));
        assert!(tie.agrees());
        let expected = digest_of_keys(["ada\tadmin", "ada\tread", "bob\tread"]).0;
        assert_eq!(digest, expected);
        assert!(!tie_out(&rows, &[], 3, 3).expect("a list").0.agrees(), "one account is missing");
        assert!(!tie_out(&rows, &[exclusion("root", "x")], 3, 4).expect("a list").0.agrees(), "one row is");
    }

    #[test]
    fn lists_that_say_something_twice_are_refused() {
        let rows = [(2, holding("ada", "admin")), (3, holding(" ADA ", "Admin"))];
        assert!(matches!(tie_out(&rows, &[], 1, 2), Err(AccessError::Twice { line: 3, .. })));
        let rows = [(2, holding("ada", "admin"))];
        assert_eq!(tie_out(&[], &[], 0, 0), Err(AccessError::Empty));
        assert_eq!(tie_out(&rows, &[exclusion("Ada", "x")], 1, 1), Err(AccessError::Both("Ada".into())));
        assert_eq!(tie_out(&rows, &[exclusion("bob", " ")], 1, 1), Err(AccessError::Exclusion("bob".into())));
        let twice = [exclusion("bob", "x"), exclusion("BOB", "y")];
        assert_eq!(tie_out(&rows, &twice, 1, 1), Err(AccessError::Exclusion("BOB".into())));
    }

    #[test]
    fn what_nobody_placed_is_in_a_report_on_everything_only() {
        let id = |number: u128| SystemId(uuid::Uuid::from_u128(number));
        let (one, both) = (BTreeSet::from([id(1)]), BTreeSet::from([id(1), id(2)]));
        let in_second = Place { name: "aws".into(), systems: [id(2)].into() };
        let none = BTreeSet::new();
        let within = |place: Option<&Place>, scope| Place::is_within(place, scope, &both);
        assert!(within(None, &none) && within(None, &both));
        assert!(!within(None, &one) && !within(Some(&in_second), &one));
        assert!(within(Some(&Place { systems: both.clone(), ..in_second }), &one));
    }

    #[test]
    fn whoever_answers_for_a_program_can_act_by_it() {
        let person = holding("ada", "admin");
        assert_eq!(person.holder().as_deref(), Some("ada@acme.example"));
        let program = Holding {
            kind: AccountKind::Service,
            person: None,
            owner: Some("Bob@acme.example".into()),
            ..holding("deploy-bot", "deploy")
        };
        assert_eq!(program.holder().as_deref(), Some("bob@acme.example"));
        assert!(program.subjects().contains("bob@acme.example"));
        let shared = Holding { kind: AccountKind::Shared, ..holding("ops", "admin") };
        assert_eq!(shared.holder(), None);
    }
}
