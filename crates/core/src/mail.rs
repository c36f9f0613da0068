//! Mail to people: what it is about, and how a letter comes to its end.

use std::str::FromStr;

use crate::Timestamp;
use crate::job;
use crate::time::SECOND_US;

/// How long whoever sends a letter has it to themselves, in microseconds; then somebody else sends it.
pub const LEASE_US: i64 = 300 * SECOND_US;

/// What a letter is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MailKind {
    /// Somebody is invited, by a link.
    Invitation,
    /// Somebody gets another password or authenticator, by a link.
    Reset,
    /// What waits for somebody.
    Reminder,
    /// What nobody did, to those who look after it.
    Escalation,
    /// A week, to those who run the program.
    Digest,
    /// What happened to somebody's account.
    Security,
    /// A new address is confirmed, by a link.
    Address,
    /// A report is shared with somebody outside: a link, or a code that opens it.
    Report,
}

/// How far a letter has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MailState {
    /// It is to go out, now or after a pause.
    Waiting,
    /// Somebody is sending it.
    Sending,
    /// The mail server took it.
    Sent,
    /// It was tried in vain, or its link was over before it went.
    Failed,
    /// What it is about was taken back.
    CalledOff,
}

/// No kind or state of mail has this name.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("mail knows no {0:?}")]
pub struct UnknownMailWord(pub String);

impl MailKind {
    /// All kinds.
    pub const ALL: [Self; 8] = [
        Self::Invitation,
        Self::Reset,
        Self::Reminder,
        Self::Escalation,
        Self::Digest,
        Self::Security,
        Self::Address,
        Self::Report,
    ];

    /// Returns the word used in storage.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
            Self::Reset => "reset",
            Self::Reminder => "reminder",
            Self::Escalation => "escalation",
            Self::Digest => "digest",
            Self::Security => "security",
            Self::Address => "address",
            Self::Report => "report",
        }
    }

    /// Returns what people read.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Invitation => "Invitation",
            Self::Reset => "Link for a lost password or authenticator",
            Self::Reminder => "Reminder",
            Self::Escalation => "Escalation",
            Self::Digest => "Weekly digest",
            Self::Security => "Security of an account",
            Self::Address => "Link that confirms an address",
            Self::Report => "Link or code for a report",
        }
    }
}

impl MailState {
    /// All states.
    pub const ALL: [Self; 5] = [Self::Waiting, Self::Sending, Self::Sent, Self::Failed, Self::CalledOff];

    /// Returns the word used in storage.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::CalledOff => "called_off",
        }
    }
}

impl FromStr for MailKind {
    type Err = UnknownMailWord;

    fn from_str(text: &str) -> Result<Self, UnknownMailWord> {
        let found = Self::ALL.into_iter().find(|kind| kind.word() == text);
        found.ok_or_else(|| UnknownMailWord(text.chars().take(60).collect()))
    }
}

impl FromStr for MailState {
    type Err = UnknownMailWord;

    fn from_str(text: &str) -> Result<Self, UnknownMailWord> {
        let found = Self::ALL.into_iter().find(|state| state.word() == text);
        found.ok_or_else(|| UnknownMailWord(text.chars().take(60).collect()))
    }
}

/// Returns when a letter that failed for the `attempt`-th time (from 1) is tried again: after the pauses of jobs, and not
/// once it is over itself. None if it is not.
#[must_use]
pub fn retry_at(attempt: u32, failed_at: Timestamp, good_until: Option<Timestamp>) -> Option<Timestamp> {
    job::retry_at(attempt, failed_at).filter(|at| good_until.is_none_or(|until| *at < until))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_is_not_tried_again_when_its_link_is_over() {
        let at = Timestamp::from_seconds(0);
        let minutes = |attempt, until: Option<i64>| {
            let until = until.map(|minute| Timestamp::from_seconds(minute * 60));
            retry_at(attempt, at, until).map(|next| next.seconds() / 60)
        };
        assert_eq!([1, 2, 3, 4].map(|n| minutes(n, None)), [Some(1), Some(5), Some(25), None]);
        assert_eq!([1, 2, 3].map(|n| minutes(n, Some(25))), [Some(1), Some(5), None]);
    }

    #[test]
    fn words_lead_back() {
        for kind in MailKind::ALL {
            assert_eq!(kind.word().parse(), Ok(kind));
        }
        for state in MailState::ALL {
            assert_eq!(state.word().parse(), Ok(state));
        }
        assert_eq!("pigeon".parse::<MailKind>(), Err(UnknownMailWord("pigeon".into())));
    }
}
