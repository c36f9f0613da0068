//! Work that goes on beside the pages: what there is, how it comes to an end, and when it is tried again.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::time::{HOUR_US, SECOND_US};

/// How long whoever works on a job has it for themselves, in microseconds: 60 seconds, renewed while they work. After
/// that somebody else takes it over.
pub const LEASE_US: i64 = 60 * SECOND_US;
/// How often a job is tried before it has failed.
pub const ATTEMPTS: u32 = 4;
/// Longest pause of a schedule in hours: a year.
pub const MAX_EVERY_HOURS: u32 = 8_760;

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobKind {
    /// Look at the sources, record what was found, test it.
    Collect,
    /// Write the readiness report and the matrix.
    Report,
}

/// Nothing of this kind is done.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no work called {0:?}")]
pub struct UnknownJobKind(pub String);

impl JobKind {
    /// All kinds.
    pub const ALL: [Self; 2] = [Self::Collect, Self::Report];

    /// Returns the word used in storage and addresses.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Collect => "collect",
            Self::Report => "report",
        }
    }

    /// Returns what people read.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Collect => "Look at this machine",
            Self::Report => "Write the readiness report",
        }
    }
}

impl fmt::Display for JobKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for JobKind {
    type Err = UnknownJobKind;

    fn from_str(text: &str) -> Result<Self, UnknownJobKind> {
        let found = Self::ALL.into_iter().find(|kind| kind.word() == text);
        found.ok_or_else(|| UnknownJobKind(text.chars().take(60).collect()))
    }
}

/// How far a job has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Nobody has begun, or it is to be tried again.
    Waiting,
    /// Somebody works on it.
    Running,
    /// It was done.
    Done,
    /// It was tried in vain.
    Failed,
    /// Somebody called it off.
    CalledOff,
}

impl JobState {
    /// All states.
    pub const ALL: [Self; 5] = [Self::Waiting, Self::Running, Self::Done, Self::Failed, Self::CalledOff];

    /// Returns the word used in storage.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::CalledOff => "called_off",
        }
    }

    /// Tells whether something may still come of it.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, Self::Waiting | Self::Running)
    }
}

/// Returns when a job that failed for the `attempt`-th time (from 1) is tried again: after 1, 5 and 25 minutes. None
/// once it was tried [`ATTEMPTS`] times.
#[must_use]
pub fn retry_at(attempt: u32, failed_at: Timestamp) -> Option<Timestamp> {
    if attempt == 0 || attempt >= ATTEMPTS {
        return None;
    }
    Some(failed_at.plus_micros(60 * SECOND_US * 5_i64.pow(attempt - 1)))
}

/// Tells whether scheduled work is due: never done yet, or last asked for a whole pause ago. A clock that was set back
/// makes it due at once rather than not for a long time.
#[must_use]
pub fn is_due(last: Option<Timestamp>, every_hours: u32, now: Timestamp) -> bool {
    let pause = i64::from(every_hours) * HOUR_US;
    last.is_none_or(|last| now < last || now.micros() - last.micros() >= pause)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_is_tried_again_later_each_time_and_not_for_ever() {
        let at = Timestamp::from_seconds(1_000);
        let minutes: Vec<Option<i64>> =
            (0..6).map(|n| retry_at(n, at).map(|next| (next.seconds() - 1_000) / 60)).collect();
        assert_eq!(minutes, [None, Some(1), Some(5), Some(25), None, None]);
    }

    #[test]
    fn scheduled_work_is_due_after_its_pause() {
        let at = |hours: i64| Timestamp::from_seconds(hours * 3_600);
        for (last, now, due) in
            [(None, 0, true), (Some(10), 33, false), (Some(10), 34, true), (Some(10), 9, true)]
        {
            assert_eq!(is_due(last.map(at), 24, at(now)), due, "{last:?} {now}");
        }
    }

    #[test]
    fn words_lead_back_to_kinds() {
        for kind in JobKind::ALL {
            assert_eq!(kind.word().parse(), Ok(kind));
        }
        assert_eq!("dig".parse::<JobKind>(), Err(UnknownJobKind("dig".into())));
    }
}
