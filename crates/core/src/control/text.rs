//! The text of a control through time.

use serde::{Deserialize, Serialize};

use super::{ControlError, ControlId};
use crate::id::ActorId;
use crate::{Span, Timestamp};

/// One version of the text of a control.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControlText {
    /// Number, from 1.
    pub version: u32,
    /// Title.
    pub title: String,
    /// Who does what, how often or on what trigger, using what, so that what; with the evidence named.
    pub statement: String,
    /// When it held.
    pub held: Span,
    /// Who wrote it.
    pub by: ActorId,
    /// Why it was written.
    pub reason: String,
}

/// All versions of the text of a control: at least one, adjoining, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<ControlText>", into = "Vec<ControlText>")]
pub struct TextHistory(Vec<ControlText>);

/// Why versions are not a history.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("versions of a control's text must be numbered from 1 and adjoin in time, and the last must be open")]
pub struct BrokenHistory;

impl TryFrom<Vec<ControlText>> for TextHistory {
    type Error = BrokenHistory;

    fn try_from(versions: Vec<ControlText>) -> Result<Self, BrokenHistory> {
        let adjoin = versions
            .windows(2)
            .all(|pair| pair[0].held.to == Some(pair[1].held.from) && pair[0].held.from < pair[1].held.from);
        let numbered = versions.iter().zip(1..).all(|(text, number)| text.version == number);
        let open = versions.last().is_some_and(|last| last.held.to.is_none());
        if adjoin && numbered && open { Ok(Self(versions)) } else { Err(BrokenHistory) }
    }
}

impl From<TextHistory> for Vec<ControlText> {
    fn from(history: TextHistory) -> Self {
        history.0
    }
}

impl TextHistory {
    /// Begins a history with its first version.
    ///
    /// # Errors
    /// If the statement or the reason is empty.
    pub fn begin(
        control: &ControlId,
        title: &str,
        statement: &str,
        by: ActorId,
        at: Timestamp,
        reason: &str,
    ) -> Result<Self, ControlError> {
        Ok(Self(vec![version(control, 1, title, statement, by, at, reason)?]))
    }

    /// Adds a version that holds from `at` on and ends the one before.
    ///
    /// # Errors
    /// If the latest version began at or after `at`, or the statement or the reason is empty.
    pub fn revise(
        &mut self,
        control: &ControlId,
        title: &str,
        statement: &str,
        by: ActorId,
        at: Timestamp,
        reason: &str,
    ) -> Result<(), ControlError> {
        let latest = self.current();
        if at <= latest.held.from {
            let latest = latest.held.from;
            return Err(ControlError::TextOrder { control: control.clone(), latest, asked: at });
        }
        let next = version(control, latest.version + 1, title, statement, by, at, reason)?;
        if let Some(last) = self.0.last_mut() {
            last.held.to = Some(at);
        }
        self.0.push(next);
        Ok(())
    }

    /// Returns the latest version.
    #[must_use]
    pub fn current(&self) -> &ControlText {
        self.0.last().expect("a history has at least one version")
    }

    /// Returns the version that held at `at`, or none before the first.
    #[must_use]
    pub fn at(&self, at: Timestamp) -> Option<&ControlText> {
        self.0.iter().find(|text| text.held.contains(at))
    }

    /// Returns all versions, oldest first.
    #[must_use]
    pub fn versions(&self) -> &[ControlText] {
        &self.0
    }
}

fn version(
    control: &ControlId,
    number: u32,
    title: &str,
    statement: &str,
    by: ActorId,
    at: Timestamp,
    reason: &str,
) -> Result<ControlText, ControlError> {
    if statement.trim().is_empty() {
        return Err(ControlError::NoStatement(control.clone()));
    }
    if reason.trim().is_empty() {
        return Err(ControlError::NoReason(control.clone()));
    }
    Ok(ControlText {
        version: number,
        title: title.trim().to_owned(),
        statement: statement.trim().to_owned(),
        held: Span { from: at, to: None },
        by,
        reason: reason.trim().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_history_with_a_hole_is_refused() {
        let id: ControlId = "X-1".parse().expect("id");
        let by = ActorId(uuid::Uuid::nil());
        let moment = Timestamp::from_seconds;
        let mut history = TextHistory::begin(&id, "t", "s", by, moment(1), "r").expect("begins");
        history.revise(&id, "t", "s2", by, moment(5), "r").expect("later");
        let json = serde_json::to_value(&history).expect("serializes");
        assert_eq!(serde_json::from_value::<TextHistory>(json.clone()).expect("reads back"), history);
        for (pointer, value) in [
            ("/1/held/from", serde_json::json!("1970-01-01T00:00:06.000000Z")),
            ("/1/version", serde_json::json!(3)),
            ("/1/held/to", serde_json::json!("1970-01-01T00:00:09.000000Z")),
        ] {
            let mut broken = json.clone();
            *broken.pointer_mut(pointer).expect("is there") = value;
            assert!(serde_json::from_value::<TextHistory>(broken).is_err(), "{pointer}");
        }
        assert!(serde_json::from_value::<TextHistory>(serde_json::json!([])).is_err());
    }
}
