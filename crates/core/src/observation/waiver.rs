//! Waivers: exceptions to a check that a person has approved, for a time.
//!
//! A waiver never changes a verdict. It stands beside it, says why the risk is taken and what is done instead, and ends
//! by itself: after its expiry it hides nothing and is listed as expired.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::{ActorId, TargetKey, WaiverKey};
use crate::time::DAY_US;
use crate::{Span, Timestamp, words};

/// Longest waiver in days; what should last longer is decided anew, or is a change of the check.
pub const MAX_DAYS: i64 = 366;
/// Most targets named by one waiver.
pub const MAX_TARGETS: usize = 10_000;
/// Most characters of each text of a waiver.
pub const MAX_CHARS: usize = 4_000;

/// Which targets of a check a waiver covers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Every target the check is about, those to come included.
    All,
    /// These.
    Targets(BTreeSet<TargetKey>),
}

impl Scope {
    /// Tells whether the scope holds a target.
    #[must_use]
    pub fn covers(&self, target: TargetKey) -> bool {
        match self {
            Self::All => true,
            Self::Targets(targets) => targets.contains(&target),
        }
    }
}

/// Where a waiver stands at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Not granted yet at that moment.
    Ahead,
    /// Stands beside verdicts.
    InForce,
    /// Its time ran out.
    Expired,
    /// Taken back before its time ran out.
    Revoked,
}

impl State {
    /// Returns the word for people.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Ahead => "not granted yet",
            Self::InForce => "in force",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What somebody asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Id of the check, over all its versions.
    pub check: String,
    /// Which targets.
    pub scope: Scope,
    /// Why the check cannot be met.
    pub reason: String,
    /// What can happen meanwhile.
    pub risk: String,
    /// What is done instead, or why nothing is.
    pub compensation: String,
    /// Why who asks may approve as well; needed only then.
    pub note: String,
    /// Who asks.
    pub requested_by: ActorId,
    /// First moment at which it does not hold any more.
    pub expires_at: Timestamp,
}

/// An exception that was granted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiver {
    /// Number inside the organization.
    pub id: WaiverKey,
    /// Id of the check, over all its versions.
    pub check: String,
    /// Which targets.
    pub scope: Scope,
    /// Why the check cannot be met. Empty, as the other texts, once erased.
    pub reason: String,
    /// What can happen meanwhile.
    pub risk: String,
    /// What is done instead.
    pub compensation: String,
    /// Why who asked could approve as well; empty when somebody else approved.
    pub note: String,
    /// Who asked.
    pub requested_by: ActorId,
    /// Who approved.
    pub approved_by: ActorId,
    /// From when it holds. Never before the approval.
    pub granted_at: Timestamp,
    /// First moment at which it does not hold any more.
    pub expires_at: Timestamp,
    /// When it was taken back, if it was.
    pub revoked_at: Option<Timestamp>,
    /// Who took it back.
    pub revoked_by: Option<ActorId>,
    /// Why it was taken back.
    pub revocation: String,
}

/// Why a waiver cannot be granted or revoked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WaiverError {
    /// A text that everyone who reads the waiver needs.
    #[error("a waiver of {check} needs its {what}")]
    Missing {
        /// The check.
        check: String,
        /// Which text.
        what: &'static str,
    },
    /// A text beyond [`MAX_CHARS`], or with control characters.
    #[error("the {what} of a waiver has at most {MAX_CHARS} characters and no control characters")]
    Unreadable {
        /// Which text.
        what: &'static str,
    },
    /// It would never hold.
    #[error("a waiver of {check} until {expires_at} has expired already")]
    Expired {
        /// The check.
        check: String,
        /// Its end.
        expires_at: Timestamp,
    },
    /// It would hold too long.
    #[error("a waiver of {check} until {expires_at} is longer than {MAX_DAYS} days")]
    TooLong {
        /// The check.
        check: String,
        /// Its end.
        expires_at: Timestamp,
    },
    /// It names no target, or only targets that the check is not about.
    #[error("a waiver of {0} covers nothing: it names no target that the check is about")]
    CoversNothing(String),
    /// More than [`MAX_TARGETS`].
    #[error("a waiver names at most {MAX_TARGETS} targets; waive the check for all instead")]
    TooManyTargets,
    /// Who asked approves, and does not say why.
    #[error(
        "who asks for a waiver of {0} cannot approve it alone; let somebody else approve, or note why not"
    )]
    ApprovesOwn(String),
    /// It does not hold any more.
    #[error("waiver {id} cannot be revoked: it is {state}")]
    NotInForce {
        /// Which.
        id: WaiverKey,
        /// Where it stands.
        state: State,
    },
}

impl Waiver {
    /// Grants what was asked for, from `now` on.
    ///
    /// # Errors
    /// If a text is missing, the end is past or too far, nothing is covered, or who asks approves without a note.
    pub fn grant(
        id: WaiverKey,
        request: Request,
        approved_by: ActorId,
        now: Timestamp,
    ) -> Result<Self, WaiverError> {
        let Request { check, scope, reason, risk, compensation, note, requested_by, expires_at } = request;
        let needed = |what: &'static str, text: &str| match readable(what, text)? {
            text if text.is_empty() => Err(WaiverError::Missing { check: check.clone(), what }),
            text => Ok(text),
        };
        let reason = needed("reason", &reason)?;
        let risk = needed("risk", &risk)?;
        let compensation = needed("compensation", &compensation)?;
        let note = readable("note", &note)?;
        if expires_at <= now {
            return Err(WaiverError::Expired { check, expires_at });
        }
        if expires_at > now.plus_micros(MAX_DAYS * DAY_US) {
            return Err(WaiverError::TooLong { check, expires_at });
        }
        match &scope {
            Scope::Targets(targets) if targets.is_empty() => return Err(WaiverError::CoversNothing(check)),
            Scope::Targets(targets) if targets.len() > MAX_TARGETS => {
                return Err(WaiverError::TooManyTargets);
            }
            _ => {}
        }
        if approved_by == requested_by && note.is_empty() {
            return Err(WaiverError::ApprovesOwn(check));
        }
        Ok(Self {
            id,
            check,
            scope,
            reason,
            risk,
            compensation,
            note,
            requested_by,
            approved_by,
            granted_at: now,
            expires_at,
            revoked_at: None,
            revoked_by: None,
            revocation: String::new(),
        })
    }

    /// Takes it back from `now` on. What it stood beside until then stays as it was.
    ///
    /// # Errors
    /// If it is not in force, or no reason is given.
    pub fn revoke(self, by: ActorId, reason: &str, now: Timestamp) -> Result<Self, WaiverError> {
        let state = self.state(now);
        if state != State::InForce {
            return Err(WaiverError::NotInForce { id: self.id, state });
        }
        let revocation = readable("reason", reason)?;
        if revocation.is_empty() {
            return Err(WaiverError::Missing { check: self.check, what: "reason for revoking" });
        }
        Ok(Self { revoked_at: Some(now), revoked_by: Some(by), revocation, ..self })
    }

    /// Returns when it holds: from the approval until it expires or is revoked.
    #[must_use]
    pub fn span(&self) -> Span {
        let end = self.revoked_at.map_or(self.expires_at, |revoked| revoked.min(self.expires_at));
        Span { from: self.granted_at, to: Some(end) }
    }

    /// Returns where it stands at a moment.
    #[must_use]
    pub fn state(&self, at: Timestamp) -> State {
        if at < self.granted_at {
            State::Ahead
        } else if self.revoked_at.is_some_and(|revoked| revoked <= at && revoked < self.expires_at) {
            State::Revoked
        } else if self.expires_at <= at {
            State::Expired
        } else {
            State::InForce
        }
    }

    /// Tells whether it stands beside the verdict of a check at a target at a moment.
    #[must_use]
    pub fn covers(&self, check: &str, target: TargetKey, at: Timestamp) -> bool {
        self.state(at) == State::InForce && self.check == check && self.scope.covers(target)
    }
}

/// Returns the waiver that stands beside a verdict: of those that cover it the one that holds longest.
#[must_use]
pub fn covering<'a>(
    waivers: impl IntoIterator<Item = &'a Waiver>,
    check: &str,
    target: TargetKey,
    at: Timestamp,
) -> Option<&'a Waiver> {
    waivers
        .into_iter()
        .filter(|waiver| waiver.covers(check, target, at))
        .max_by_key(|waiver| (waiver.expires_at, waiver.id))
}

fn readable(what: &'static str, text: &str) -> Result<String, WaiverError> {
    words::readable(text, MAX_CHARS).ok_or(WaiverError::Unreadable { what })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(number: u128) -> ActorId {
        ActorId(uuid::Uuid::from_u128(number))
    }

    fn day(day: i64) -> Timestamp {
        Timestamp::from_micros(day * DAY_US)
    }

    fn request() -> Request {
        Request {
            check: "ssh-root-login-disabled".into(),
            scope: Scope::Targets(BTreeSet::from([TargetKey(1), TargetKey(3)])),
            reason: "the vendor's agent logs in as root".into(),
            risk: "a shared account hides who acted".into(),
            compensation: "sessions are recorded".into(),
            note: String::new(),
            requested_by: person(1),
            expires_at: day(30),
        }
    }

    fn refused(change: impl FnOnce(&mut Request), by: u128) -> String {
        let mut request = request();
        change(&mut request);
        Waiver::grant(WaiverKey(1), request, person(by), day(0)).expect_err("refused").to_string()
    }

    #[test]
    fn what_is_missing_or_cannot_hold_is_named() {
        assert_eq!(
            refused(|r| r.reason = " ".into(), 2),
            "a waiver of ssh-root-login-disabled needs its reason"
        );
        assert!(refused(|r| r.risk.clear(), 2).contains("needs its risk"));
        assert!(refused(|r| r.compensation.clear(), 2).contains("needs its compensation"));
        assert!(refused(|r| r.reason = "a\u{7}".into(), 2).contains("control characters"));
        assert!(refused(|r| r.risk = "x".repeat(MAX_CHARS + 1), 2).contains("at most 4000"));
        assert!(refused(|r| r.expires_at = day(0), 2).contains("has expired already"));
        assert!(refused(|r| r.expires_at = day(367), 2).contains("longer than 366 days"));
        assert!(refused(|r| r.scope = Scope::Targets(BTreeSet::new()), 2).contains("covers nothing"));
        let many = (0..=10_000).map(TargetKey).collect();
        assert!(refused(|r| r.scope = Scope::Targets(many), 2).contains("at most 10000 targets"));
        assert!(refused(|_| {}, 1).contains("cannot approve it alone"));
        let alone = Request { note: "a company of one".into(), ..request() };
        assert_eq!(
            Waiver::grant(WaiverKey(1), alone, person(1), day(0)).expect("noted").approved_by,
            person(1)
        );
    }

    #[test]
    fn it_covers_its_targets_until_it_ends_and_nothing_else() {
        let waiver = Waiver::grant(WaiverKey(1), request(), person(2), day(10)).expect("granted");
        let covers =
            |waiver: &Waiver, target, at| waiver.covers("ssh-root-login-disabled", TargetKey(target), at);
        assert!(covers(&waiver, 1, day(10)) && covers(&waiver, 3, day(29)));
        assert!(!covers(&waiver, 2, day(10)), "another target");
        assert!(!waiver.covers("ssh-x11-off", TargetKey(1), day(10)), "another check");
        assert!(!covers(&waiver, 1, day(9)), "never before its approval");
        assert!(!covers(&waiver, 1, day(30)), "an expired waiver hides nothing");
        assert_eq!(waiver.state(day(30)), State::Expired);
        assert_eq!(
            waiver.clone().revoke(person(3), "gone", day(30)).expect_err("refused").to_string(),
            "waiver 1 cannot be revoked: it is expired"
        );
        assert!(waiver.clone().revoke(person(3), "", day(20)).is_err(), "no reason");
        let revoked = waiver.revoke(person(3), "replaced the agent", day(20)).expect("in force");
        assert!(covers(&revoked, 1, day(19)) && !covers(&revoked, 1, day(20)));
        assert_eq!(revoked.span(), Span { from: day(10), to: Some(day(20)) });
        assert_eq!((revoked.state(day(9)), revoked.state(day(40))), (State::Ahead, State::Revoked));
        assert!(revoked.revoke(person(3), "again", day(21)).is_err());
    }

    #[test]
    fn of_several_the_one_that_holds_longest_stands_beside_a_verdict() {
        let grant = |id, until| {
            let request = Request { scope: Scope::All, expires_at: day(until), ..request() };
            Waiver::grant(WaiverKey(id), request, person(2), day(0)).expect("granted")
        };
        let all = [grant(1, 10), grant(2, 30), grant(3, 20)];
        let found = |at| covering(&all, "ssh-root-login-disabled", TargetKey(7), at).map(|waiver| waiver.id);
        assert_eq!(
            (found(day(5)), found(day(25)), found(day(35))),
            (Some(WaiverKey(2)), Some(WaiverKey(2)), None)
        );
    }
}
