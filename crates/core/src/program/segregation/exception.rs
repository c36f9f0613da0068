//! Exceptions: somebody may hold both sides of a conflict for a time, as another person approved, with a control that
//! compensates.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::MAX_TEXT_CHARS;
use crate::Timestamp;
use crate::control::ControlId;
use crate::id::ActorId;
use crate::program::access::fold;
use crate::time::DAY_US;
use crate::words::{readable, words_of};

/// Longest time of an exception in days. There are no permanent ones.
pub const MAX_EXCEPTION_DAYS: i64 = 366;

/// Number of an exception in its organization, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ExceptionKey(pub i64);

impl fmt::Display for ExceptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SX-{}", self.0)
    }
}

/// How far an exception has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExceptionState {
    /// Asked for. Covers nothing.
    Asked,
    /// Approved, and its time is not over.
    Approved,
    /// Not approved.
    Declined,
    /// Taken back before its time.
    Withdrawn,
    /// Its time is over.
    Expired,
}

words_of!(ExceptionState {
    Asked = "asked", "Asked for";
    Approved = "approved", "Approved";
    Declined = "declined", "Declined";
    Withdrawn = "withdrawn", "Taken back";
    Expired = "expired", "Expired";
});

/// Who ended or refused it, when and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withdrawn {
    /// Who.
    pub by: ActorId,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
}

/// Somebody may hold both sides of a conflict for a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConflictException {
    /// Number.
    pub key: ExceptionKey,
    /// The conflict.
    pub conflict: String,
    /// Who may, as lists of access name them.
    pub holder: String,
    /// Which member that is, if it is one.
    pub holder_actor: Option<ActorId>,
    /// Why.
    pub reason: String,
    /// The control that compensates.
    pub control: ControlId,
    /// Who asked.
    pub asked_by: ActorId,
    /// When.
    pub asked_at: Timestamp,
    /// First moment at which it covers nothing any more.
    pub expires_at: Timestamp,
    /// Who approved it, and when.
    #[serde(default)]
    pub approved: Option<(ActorId, Timestamp)>,
    /// Who declined it.
    #[serde(default)]
    pub declined: Option<Withdrawn>,
    /// Who took it back.
    #[serde(default)]
    pub withdrawn: Option<Withdrawn>,
}

/// Why an exception is none, or a step is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExceptionError {
    /// Nobody would know why.
    #[error("say why, in at most {MAX_TEXT_CHARS} characters")]
    NoReason,
    /// An exception is of somebody.
    #[error("say who holds both duties")]
    NoHolder,
    /// There are no permanent exceptions.
    #[error("it ends after now and within {MAX_EXCEPTION_DAYS} days")]
    Expiry,
    /// Nobody approves what they asked for.
    #[error("whoever asked for it does not approve it")]
    OwnRequest,
    /// Nobody approves their own rights.
    #[error("whoever holds both duties does not approve it")]
    OwnAccess,
    /// It has come too far, or not far enough.
    #[error("the exception is {}", .0.title().to_lowercase())]
    State(ExceptionState),
}

impl ConflictException {
    /// Checks what is asked for.
    ///
    /// # Errors
    /// If the reason or the holder is missing, or it lasts too long or not at all.
    pub fn ask(mut self) -> Result<Self, ExceptionError> {
        self.reason = reason(&self.reason)?;
        self.holder = fold(&self.holder);
        if crate::program::access::name("holder", &self.holder).is_err() {
            return Err(ExceptionError::NoHolder);
        }
        let last = self.asked_at.plus_micros(MAX_EXCEPTION_DAYS * DAY_US);
        if self.expires_at <= self.asked_at || self.expires_at > last {
            return Err(ExceptionError::Expiry);
        }
        (self.approved, self.declined, self.withdrawn) = (None, None, None);
        Ok(self)
    }

    /// Returns how far it has come at a moment.
    #[must_use]
    pub fn state(&self, at: Timestamp) -> ExceptionState {
        match (&self.withdrawn, &self.declined, &self.approved) {
            (Some(_), _, _) => ExceptionState::Withdrawn,
            (_, Some(_), _) => ExceptionState::Declined,
            _ if at >= self.expires_at => ExceptionState::Expired,
            (_, _, Some(_)) => ExceptionState::Approved,
            _ => ExceptionState::Asked,
        }
    }

    /// Approves it.
    ///
    /// # Errors
    /// If it does not wait, or the approver asked for it or is whom it is about.
    pub fn approve(mut self, by: ActorId, now: Timestamp) -> Result<Self, ExceptionError> {
        self.need(ExceptionState::Asked, now)?;
        if by == self.asked_by {
            return Err(ExceptionError::OwnRequest);
        }
        if self.holder_actor == Some(by) {
            return Err(ExceptionError::OwnAccess);
        }
        self.approved = Some((by, now));
        Ok(self)
    }

    /// Declines it.
    ///
    /// # Errors
    /// If it does not wait, or no reason is given.
    pub fn decline(mut self, by: ActorId, why: &str, now: Timestamp) -> Result<Self, ExceptionError> {
        self.need(ExceptionState::Asked, now)?;
        self.declined = Some(Withdrawn { by, at: now, reason: reason(why)? });
        Ok(self)
    }

    /// Takes it back. Where it stood until then is still said.
    ///
    /// # Errors
    /// If it is not in force, or no reason is given.
    pub fn withdraw(mut self, by: ActorId, why: &str, now: Timestamp) -> Result<Self, ExceptionError> {
        self.need(ExceptionState::Approved, now)?;
        self.withdrawn = Some(Withdrawn { by, at: now, reason: reason(why)? });
        Ok(self)
    }

    /// Tells whether it covered a holder of a conflict at a moment: from its approval until it ended.
    #[must_use]
    pub fn covers(&self, conflict: &str, holder: &str, at: Timestamp) -> bool {
        let is_approved = self.approved.is_some_and(|(_, approved)| approved <= at);
        let is_over = at >= self.expires_at || self.withdrawn.as_ref().is_some_and(|end| end.at <= at);
        is_approved && !is_over && self.conflict == conflict && self.holder == fold(holder)
    }

    fn need(&self, state: ExceptionState, now: Timestamp) -> Result<(), ExceptionError> {
        let found = self.state(now);
        if found == state { Ok(()) } else { Err(ExceptionError::State(found)) }
    }
}

fn reason(text: &str) -> Result<String, ExceptionError> {
    readable(text, MAX_TEXT_CHARS).filter(|text| !text.is_empty()).ok_or(ExceptionError::NoReason)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn who(number: u128) -> ActorId {
        ActorId(Uuid::from_u128(number))
    }

    fn at(day: i64) -> Timestamp {
        Timestamp::from_micros(day * DAY_US)
    }

    fn asked() -> ConflictException {
        ConflictException {
            key: ExceptionKey(1),
            conflict: "change-deployment".into(),
            holder: " Ada@Acme.example".into(),
            holder_actor: Some(who(3)),
            reason: "two people in operations".into(),
            control: "CHG-01".parse().expect("an id"),
            asked_by: who(1),
            asked_at: at(10),
            expires_at: at(100),
            approved: None,
            declined: None,
            withdrawn: None,
        }
    }

    #[test]
    fn neither_whoever_asked_nor_whoever_holds_both_approves() {
        let one = asked().ask().expect("asked");
        assert_eq!(one.holder, "ada@acme.example");
        assert_eq!(one.clone().approve(who(1), at(11)), Err(ExceptionError::OwnRequest));
        assert_eq!(one.clone().approve(who(3), at(11)), Err(ExceptionError::OwnAccess));
        let approved = one.clone().approve(who(2), at(11)).expect("another person");
        assert_eq!(
            approved.clone().approve(who(4), at(12)),
            Err(ExceptionError::State(ExceptionState::Approved))
        );
        assert_eq!(one.clone().approve(who(2), at(100)), Err(ExceptionError::State(ExceptionState::Expired)));
        assert_eq!(one.withdraw(who(2), "x", at(12)), Err(ExceptionError::State(ExceptionState::Asked)));
        assert_eq!(approved.withdraw(who(2), " ", at(12)), Err(ExceptionError::NoReason));
    }

    #[test]
    fn no_exception_is_permanent_or_unreasoned() {
        let with = |expires_at| ConflictException { expires_at, ..asked() }.ask();
        assert_eq!(with(at(10)), Err(ExceptionError::Expiry));
        assert!(with(at(10 + MAX_EXCEPTION_DAYS)).is_ok());
        assert_eq!(with(at(11 + MAX_EXCEPTION_DAYS)), Err(ExceptionError::Expiry));
        assert_eq!(ConflictException { reason: " ".into(), ..asked() }.ask(), Err(ExceptionError::NoReason));
        assert_eq!(ConflictException { holder: " ".into(), ..asked() }.ask(), Err(ExceptionError::NoHolder));
    }

    proptest! {
        /// It covers from its approval until it ends, and never what was not approved.
        #[test]
        fn it_covers_while_it_holds(approved in 10_i64..99, withdrawn in proptest::option::of(10_i64..150), day in 0_i64..200) {
            let one = asked().ask().expect("asked");
            prop_assert!(!one.covers("change-deployment", "ada@acme.example", at(day)));
            let one = one.approve(who(2), at(approved)).expect("approved");
            let end = withdrawn.map(|end| end.max(approved)).unwrap_or(100).min(100);
            let one = match withdrawn.map(|end| end.max(approved)) {
                Some(end) if end < 100 => one.withdraw(who(2), "over", at(end)).expect("withdrawn"),
                _ => one,
            };
            let expected = (approved..end).contains(&day);
            prop_assert_eq!(one.covers("change-deployment", "ADA@acme.example", at(day)), expected);
            prop_assert!(!one.covers("other", "ada@acme.example", at(day)));
            prop_assert!(!one.covers("change-deployment", "bob@acme.example", at(day)));
        }
    }
}
