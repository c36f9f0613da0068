//! How long a session lasts.
//!
//! Source: `docs/domain/identity.md` section 1.14; NIST SP 800-63B-4 sections 2.2.3 and 2.3.3 (at AAL2 at most 24 hours and
//! 1 idle hour).

use std::collections::BTreeSet;

use super::role::Role;
use crate::Timestamp;
use crate::time::{HOUR_US, SECOND_US};

/// Sessions of one person in one organization; the oldest makes room.
pub const MOST_SESSIONS: usize = 10;

/// How long a session lasts, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime {
    /// From its beginning, whatever happens.
    pub absolute_us: i64,
    /// From the last request.
    pub idle_us: i64,
}

/// Why a session is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Over {
    /// It lasted as long as a session does.
    Expired,
    /// Nothing was asked for too long.
    Idle,
    /// It begins in the future: the clock was set back.
    Clock,
}

impl Lifetime {
    /// Returns how long sessions with these roles last: 12 hours and 30 idle minutes; 8 hours and 15 idle minutes for
    /// owners, administrators and auditors.
    #[must_use]
    pub fn of(roles: &BTreeSet<Role>) -> Self {
        if roles.iter().any(|role| role.is_privileged()) {
            Self { absolute_us: 8 * HOUR_US, idle_us: 15 * 60 * SECOND_US }
        } else {
            Self { absolute_us: 12 * HOUR_US, idle_us: 30 * 60 * SECOND_US }
        }
    }

    /// Tells whether a session is over, and why.
    #[must_use]
    pub fn judge(self, begun: Timestamp, seen: Timestamp, now: Timestamp) -> Option<Over> {
        let (age, idle) = (now.micros() - begun.micros(), now.micros() - seen.micros());
        if age < 0 {
            Some(Over::Clock)
        } else if age >= self.absolute_us {
            Some(Over::Expired)
        } else if idle >= self.idle_us {
            Some(Over::Idle)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_by_age_and_by_idleness() {
        let at = |minutes: i64| Timestamp::from_seconds(minutes * 60);
        let (plain, high) = (BTreeSet::from([Role::Employee]), BTreeSet::from([Role::Employee, Role::Admin]));
        for (roles, seen, now, over) in [
            (&plain, 0, 29, None),
            (&plain, 0, 30, Some(Over::Idle)),
            (&plain, 719, 719, None),
            (&plain, 719, 720, Some(Over::Expired)),
            (&high, 0, 14, None),
            (&high, 0, 15, Some(Over::Idle)),
            (&high, 479, 480, Some(Over::Expired)),
            (&plain, 0, -1, Some(Over::Clock)),
        ] {
            assert_eq!(Lifetime::of(roles).judge(at(0), at(seen), at(now)), over, "{roles:?} {now}");
        }
    }
}
