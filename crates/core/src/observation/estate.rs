//! What people say about a target: who answers for it, which system it belongs to, how much hangs on it. What is seen of it
//! is none of this.

use serde::{Deserialize, Serialize};

use crate::id::{ActorId, SystemId};
use crate::words;

/// Most characters of a note.
pub const NOTE_MAX: usize = 2_000;

/// How much hangs on a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Criticality {
    /// Little: nobody is kept from anything.
    Low,
    /// Work is slower without it.
    Medium,
    /// A service is not given without it.
    High,
    /// What was promised to customers fails with it at once.
    Critical,
}

impl Criticality {
    /// All of them, the least first.
    pub const ALL: [Self; 4] = [Self::Low, Self::Medium, Self::High, Self::Critical];

    /// Returns the word used in storage and addresses.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// Returns the word for people.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Low => "Low",
            Self::Medium => "Medium",
            Self::High => "High",
            Self::Critical => "Critical",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.word() == word)
    }
}

/// What people say about a target.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetRecord {
    /// Who answers for it.
    #[serde(default)]
    pub owner: Option<ActorId>,
    /// The system that it belongs to; none if it serves several, or nobody said.
    #[serde(default)]
    pub system: Option<SystemId>,
    /// How much hangs on it.
    #[serde(default)]
    pub criticality: Option<Criticality>,
    /// What else is to be known.
    #[serde(default)]
    pub note: String,
}

/// Why it cannot be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the note has at most {NOTE_MAX} characters and no control characters")]
pub struct UnreadableNote;

impl TargetRecord {
    /// Returns it with its note as it is kept.
    ///
    /// # Errors
    /// If the note is too long, or cannot be read.
    pub fn checked(self) -> Result<Self, UnreadableNote> {
        let note = words::readable(&self.note, NOTE_MAX).ok_or(UnreadableNote)?;
        Ok(Self { note, ..self })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_kept_as_it_is_said_or_refused() {
        let record = TargetRecord { note: " by the door ".into(), ..TargetRecord::default() };
        assert_eq!(record.checked().expect("readable").note, "by the door");
        let long = TargetRecord { note: "x".repeat(NOTE_MAX + 1), ..TargetRecord::default() };
        assert_eq!(long.checked(), Err(UnreadableNote));
        assert_eq!(
            serde_json::from_str::<TargetRecord>("{}").expect("an older one"),
            TargetRecord::default()
        );
        for one in Criticality::ALL {
            assert_eq!(Criticality::from_word(one.word()), Some(one));
        }
        assert!(Criticality::Low < Criticality::Critical);
    }
}
