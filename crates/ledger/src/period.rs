//! Periods of examinations in the log: an entry opens one, another closes it.
//!
//! Between the two nothing can be added or left out without the log becoming another one, so *every entry of the period
//! is here* can be said of a part of the log and not only of all of it. The closing names its opening by position and id.

use serde::{Deserialize, Serialize};

/// Body of a `period.open` entry. Later versions may add members.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeriodOpen {
    /// Number of the period.
    pub period: u64,
    /// Its first moment, written as the moments of entries are.
    pub from: String,
    /// The first moment after it.
    pub to: String,
}

/// Body of a `period.close` entry. Later versions may add members.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeriodClose {
    /// Number of the period.
    pub period: u64,
    /// Its first moment, as the entry that opened it says.
    pub from: String,
    /// The first moment after it, as the entry that opened it says.
    pub to: String,
    /// The entry that opened it.
    pub opened: Opening,
}

/// Which entry opened a period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// Its id.
    pub id: String,
    /// Its position.
    pub index: u64,
}
