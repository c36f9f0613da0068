//! Restricted distribution of an issued report: who gets which document, on what ground, until when, and what has to come
//! first.
//!
//! The order of the steps does not matter, but all of them are needed before anybody reads: the relationship is checked, the
//! recipient accepts the agreement as it stands, and somebody who did not enter the recipient approves. A new version of the
//! agreement has to be accepted anew. What is entered is never changed: whoever needs something else is entered again.
//!
//! Source: `docs/domain/soc-reports.md` section 9; `docs/domain/processes.md` section 22; `docs/domain/identity.md`
//! section 1.13.

mod agreement;
mod recipient;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::conclusion::scope::Day;
use crate::engagement::{EngagementKey, Time};
use crate::id::ActorId;
use crate::time::{DAY_US, SECOND_US};
use crate::words::words_of;
use crate::{Digest, Timestamp};

pub use agreement::{AGREEMENT_MAX, Agreement, drafted};
pub use recipient::{Class, Recipient, Relation};

use recipient::{line, text};

/// Most days that a grant lasts.
pub const GRANT_DAYS_MAX: i64 = 365;
/// Days that a grant lasts when nothing else is said.
pub const GRANT_DAYS: i64 = 30;
/// How long a code works, in microseconds: 10 minutes.
pub const CODE_US: i64 = 600 * SECOND_US;
/// How often a code may be tried.
pub const CODE_TRIES: i64 = 5;
/// Codes that may be asked for by one link in [`CODE_WINDOW_US`].
pub const CODES_MAX: usize = 5;
/// How long codes are counted together, in microseconds: one hour.
pub const CODE_WINDOW_US: i64 = 3_600 * SECOND_US;
/// How long a browser that showed a code reads, in microseconds: 30 minutes.
pub const OPEN_US: i64 = 1_800 * SECOND_US;
/// Most documents of one grant.
const DOCUMENTS_MAX: usize = 20;
/// Most times that one recipient accepts.
const ACCEPTED_MAX: usize = 200;

/// Why something cannot be done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DistributionError {
    /// Nobody is kept from it.
    #[error("the report is for general use: it may be given to anybody, and nobody is entered for it")]
    General,
    /// Readers of another kind.
    #[error(
        "a SOC 1 report goes to entities that used the service in its time and to their auditors, and to nobody else: not to \
         {}", .0.noun()
    )]
    NotForThem(Relation),
    /// Something is missing.
    #[error("it needs the {0}")]
    Missing(&'static str),
    /// A text that is too long or cannot be read.
    #[error("the {what} has at most {max} characters and no control characters")]
    Unreadable {
        /// Which text.
        what: &'static str,
        /// Most characters.
        max: usize,
    },
    /// No address.
    #[error("the address of the recipient is no e-mail address")]
    Address,
    /// Until before from.
    #[error("the use of the service ends before it begins")]
    UseBackwards,
    /// They did not use the service in its time.
    #[error(
        "the service was not used in the time of the report, {0}; whoever came later is a prospective customer to this report"
    )]
    NotInTime(String),
    /// Nothing to read.
    #[error("choose at least one document")]
    NoDocument,
    /// Too many.
    #[error("there are at most {0} of them")]
    TooMany(usize),
    /// A day that is over, or too far away.
    #[error("access ends on a day from tomorrow on, at most {GRANT_DAYS_MAX} days ahead")]
    Until,
    /// It is the same.
    #[error("nothing is changed")]
    NothingChanged,
    /// It is over.
    #[error("nothing comes of it any more: it is {}", .0.title().to_lowercase())]
    Over(Standing),
    /// A step that is done.
    #[error("that is done already")]
    Already,
    /// The check comes first.
    #[error("nobody has checked the relationship yet")]
    Unchecked,
    /// The recipient comes first.
    #[error("the recipient has not accepted the agreement as it stands")]
    NotAccepted,
    /// Another version.
    #[error("the agreement has changed meanwhile; read it again")]
    OtherVersion,
    /// Two people.
    #[error("who entered a recipient does not approve it; somebody else does")]
    OwnEntry,
}

impl Relation {
    fn noun(self) -> &'static str {
        match self {
            Self::Customer => "customers",
            Self::UserAuditor => "auditors of customers",
            Self::Prospect => "prospective customers or partners",
            Self::Partner => "business partners",
            Self::Practitioner => "other practitioners",
            Self::Regulator => "regulators",
        }
    }
}

/// Number of a grant in its organization, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GrantKey(pub i64);

impl fmt::Display for GrantKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "G-{}", self.0)
    }
}

/// A document that can be granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Item {
    /// The report: management's part, with the signed file of the auditor in it.
    Report,
    /// A signed bridge letter, by its number.
    Bridge(u32),
}

/// No document has this name.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no document {0:?}")]
pub struct UnknownItem(pub String);

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Report => f.write_str("report"),
            Self::Bridge(number) => write!(f, "bridge-{number}"),
        }
    }
}

impl FromStr for Item {
    type Err = UnknownItem;

    fn from_str(text: &str) -> Result<Self, UnknownItem> {
        let number = |digits: &str| digits.parse().ok().filter(|number: &u32| number.to_string() == digits);
        let bridge = || text.strip_prefix("bridge-").and_then(number).map(Self::Bridge);
        let found = if text == "report" { Some(Self::Report) } else { bridge() };
        found.ok_or_else(|| UnknownItem(text.chars().take(60).collect()))
    }
}

impl From<Item> for String {
    fn from(item: Item) -> Self {
        item.to_string()
    }
}

impl TryFrom<String> for Item {
    type Error = UnknownItem;

    fn try_from(text: String) -> Result<Self, UnknownItem> {
        text.parse()
    }
}

impl Item {
    /// Returns what people call it.
    #[must_use]
    pub fn title(self) -> String {
        match self {
            Self::Report => "The report".to_owned(),
            Self::Bridge(number) => format!("Bridge letter {number}"),
        }
    }
}

/// How it came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The recipient asked for it.
    Requested,
    /// The company offers it.
    Invited,
}

words_of!(Origin {
    Requested = "requested", "They asked for it";
    Invited = "invited", "We invite them";
});

/// Where a grant stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// The relationship is to be checked.
    Entered,
    /// The recipient is to accept the agreement.
    Checked,
    /// Somebody else is to approve.
    Accepted,
    /// It is read.
    Open,
    /// It was approved; the agreement changed, and is to be accepted anew.
    AgreementChanged,
    /// Its time is over.
    Expired,
    /// It was not approved.
    Refused,
    /// It was taken back.
    Revoked,
}

words_of!(Standing {
    Entered = "entered", "Relationship to be checked";
    Checked = "checked", "Agreement to be accepted";
    Accepted = "accepted", "To be approved";
    Open = "open", "Open";
    AgreementChanged = "agreement_changed", "Agreement to be accepted anew";
    Expired = "expired", "Expired";
    Refused = "refused", "Refused";
    Revoked = "revoked", "Revoked";
});

impl Standing {
    /// Tells whether nothing comes of it any more.
    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Expired | Self::Refused | Self::Revoked)
    }
}

/// Who did something, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Who.
    pub by: ActorId,
    /// When.
    pub at: Timestamp,
    /// How, or why; empty where nothing is said.
    #[serde(default)]
    pub says: String,
}

/// That the recipient accepted the agreement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    /// Which version.
    pub version: u32,
    /// Digest of what it said.
    pub digest: Digest,
    /// The name they gave.
    pub name: String,
    /// The address at which they got the code.
    pub email: String,
    /// The network from which they accepted.
    pub network: String,
    /// When.
    pub at: Timestamp,
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// How it came about.
    pub origin: Origin,
    /// For whom.
    pub recipient: Recipient,
    /// What for.
    pub purpose: String,
    /// Which documents.
    pub documents: BTreeSet<Item>,
    /// Last day on which they may be read.
    pub until: Day,
}

/// One recipient of documents of one report, from request to end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Its number.
    pub key: GrantKey,
    /// Of which engagement.
    pub engagement: EngagementKey,
    /// What was asked for.
    pub asked: Asked,
    /// Who entered it.
    pub entered: Mark,
    checked: Option<Mark>,
    accepted: Vec<Accepted>,
    approved: Option<Mark>,
    refused: Option<Mark>,
    revoked: Option<Mark>,
}

impl Grant {
    /// Enters a recipient.
    ///
    /// # Errors
    /// As [`Recipient::checked`]; if no document is chosen, or the last day cannot be.
    pub fn enter(
        (key, engagement): (GrantKey, EngagementKey),
        asked: Asked,
        (class, time): (Class, Time),
        by: ActorId,
        at: Timestamp,
    ) -> Result<Self, DistributionError> {
        let recipient = asked.recipient.checked(class, time)?;
        if asked.documents.is_empty() {
            return Err(DistributionError::NoDocument);
        }
        if asked.documents.len() > DOCUMENTS_MAX {
            return Err(DistributionError::TooMany(DOCUMENTS_MAX));
        }
        let last = Day::of(at.plus_micros(GRANT_DAYS_MAX * DAY_US));
        if asked.until <= Day::of(at) || asked.until > last {
            return Err(DistributionError::Until);
        }
        let purpose = text("purpose", &asked.purpose)?;
        Ok(Self {
            key,
            engagement,
            asked: Asked { recipient, purpose, ..asked },
            entered: Mark { by, at, says: String::new() },
            checked: None,
            accepted: Vec::new(),
            approved: None,
            refused: None,
            revoked: None,
        })
    }

    /// Returns who checked the relationship, and how.
    #[must_use]
    pub fn checked(&self) -> Option<&Mark> {
        self.checked.as_ref()
    }

    /// Returns each time that the recipient accepted the agreement, in order.
    #[must_use]
    pub fn accepted(&self) -> &[Accepted] {
        &self.accepted
    }

    /// Returns who approved.
    #[must_use]
    pub fn approved(&self) -> Option<&Mark> {
        self.approved.as_ref()
    }

    /// Returns who refused or revoked it, and why.
    #[must_use]
    pub fn ended(&self) -> Option<&Mark> {
        self.refused.as_ref().or(self.revoked.as_ref())
    }

    /// Returns the first moment at which its time is over.
    #[must_use]
    pub fn ends(&self) -> Timestamp {
        self.asked.until.starts().plus_micros(DAY_US)
    }

    /// Tells whether the recipient accepted this version of the agreement.
    #[must_use]
    pub fn has_accepted(&self, version: u32) -> bool {
        self.accepted.last().is_some_and(|last| last.version == version)
    }

    /// Returns where it stands, while the agreement has this version.
    #[must_use]
    pub fn standing(&self, version: u32, now: Timestamp) -> Standing {
        match (&self.checked, &self.approved) {
            _ if self.refused.is_some() => Standing::Refused,
            _ if self.revoked.is_some() => Standing::Revoked,
            _ if now >= self.ends() => Standing::Expired,
            (None, _) => Standing::Entered,
            (Some(_), Some(_)) if self.has_accepted(version) => Standing::Open,
            (Some(_), Some(_)) => Standing::AgreementChanged,
            (Some(_), None) if self.has_accepted(version) => Standing::Accepted,
            (Some(_), None) => Standing::Checked,
        }
    }

    fn need_going(&self, version: u32, now: Timestamp) -> Result<Standing, DistributionError> {
        let standing = self.standing(version, now);
        if standing.is_over() { Err(DistributionError::Over(standing)) } else { Ok(standing) }
    }

    /// Records that the relationship was checked, and how.
    ///
    /// # Errors
    /// If it is over or was checked, or it is not said how.
    pub fn check(&mut self, how: &str, by: ActorId, at: Timestamp) -> Result<(), DistributionError> {
        self.need_going(0, at)?;
        if self.checked.is_some() {
            return Err(DistributionError::Already);
        }
        self.checked = Some(Mark { by, at, says: text("way in which the relationship was checked", how)? });
        Ok(())
    }

    /// Records that the recipient accepts the agreement, under the name that they give.
    ///
    /// # Errors
    /// If it is over, they look at another version, accepted this one, or give no name.
    pub fn accept(
        &mut self,
        agreement: &Agreement,
        seen: u32,
        name: &str,
        network: &str,
        at: Timestamp,
    ) -> Result<(), DistributionError> {
        self.need_going(agreement.version, at)?;
        if seen != agreement.version {
            return Err(DistributionError::OtherVersion);
        }
        if self.has_accepted(agreement.version) {
            return Err(DistributionError::Already);
        }
        if self.accepted.len() >= ACCEPTED_MAX {
            return Err(DistributionError::TooMany(ACCEPTED_MAX));
        }
        self.accepted.push(Accepted {
            version: agreement.version,
            digest: agreement.digest(),
            name: line("name under which it is accepted", name)?,
            email: self.asked.recipient.email.clone(),
            network: network.to_owned(),
            at,
        });
        Ok(())
    }

    /// Lets the recipient read, once all else is there. What the report is for is asked again.
    ///
    /// # Errors
    /// If it is over, approved, a step is missing, the approver entered it, or the report is not for such readers.
    pub fn approve(
        &mut self,
        (class, time): (Class, Time),
        version: u32,
        by: ActorId,
        at: Timestamp,
    ) -> Result<(), DistributionError> {
        let standing = self.need_going(version, at)?;
        if self.entered.by == by {
            return Err(DistributionError::OwnEntry);
        }
        match standing {
            Standing::Entered => return Err(DistributionError::Unchecked),
            Standing::Checked => return Err(DistributionError::NotAccepted),
            Standing::Accepted => {}
            _ => return Err(DistributionError::Already),
        }
        self.asked.recipient.clone().checked(class, time)?;
        self.approved = Some(Mark { by, at, says: String::new() });
        Ok(())
    }

    /// Refuses what was asked for.
    ///
    /// # Errors
    /// If it is over or approved, or no reason is given.
    pub fn refuse(&mut self, why: &str, by: ActorId, at: Timestamp) -> Result<(), DistributionError> {
        self.need_going(0, at)?;
        if self.approved.is_some() {
            return Err(DistributionError::Already);
        }
        self.refused = Some(Mark { by, at, says: text("reason", why)? });
        Ok(())
    }

    /// Takes it back: from now on nobody reads by it.
    ///
    /// # Errors
    /// If it is over, or no reason is given.
    pub fn revoke(&mut self, why: &str, by: ActorId, at: Timestamp) -> Result<(), DistributionError> {
        self.need_going(0, at)?;
        self.revoked = Some(Mark { by, at, says: text("reason", why)? });
        Ok(())
    }

    /// Tells whether the recipient reads a document now, while the agreement has this version.
    #[must_use]
    pub fn gives(&self, item: Item, version: u32, now: Timestamp) -> bool {
        self.standing(version, now) == Standing::Open && self.asked.documents.contains(&item)
    }
}

/// Letters and digits of a code: none that is mistaken for another one.
const ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// Returns a code as people read it, `K7QFM-3XW9P`: 50 bits of `random`.
#[must_use]
pub fn code(random: [u8; 10]) -> String {
    let mut text = String::with_capacity(11);
    for (place, byte) in random.into_iter().enumerate() {
        if place == 5 {
            text.push('-');
        }
        text.push(char::from(ALPHABET[usize::from(byte) % ALPHABET.len()]));
    }
    text
}

/// Returns a code in the form in which it is compared: without case, spaces and dashes.
#[must_use]
pub fn code_of(typed: &str) -> String {
    typed.chars().filter(char::is_ascii_alphanumeric).take(20).map(|c| c.to_ascii_uppercase()).collect()
}
