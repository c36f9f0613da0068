//! How long somebody who failed to sign in must wait.
//!
//! Four layers, so that guessing is slow and yet nobody can lock somebody else out:
//!
//! - **pair**: one account from one network. After 5 failures the wait grows from 1 to 30 seconds and no further.
//! - **address**: one network, whatever the account. A ladder up to a day.
//! - **account**: one account from networks it does not know. 20 failures in an hour close it to them for the rest of that
//!   hour, and 50 in a row until somebody gets in.
//! - **authenticator**: one account from networks it knows. 50 failures in a row disable password and code until they are
//!   reset; a passkey still gets in.
//!
//! A network from which the account was signed in to before is bound by the first and the last layer only: whoever guesses
//! from elsewhere, or fails with other accounts beside it, does not keep its owner out. Outsiders use up their half of the
//! hundred failures that there may be in a row, never that of the owner. What is counted in a row is not forgotten with
//! time. Attempts that are refused here are not evaluated and do not count.
//!
//! Source: NIST SP 800-63B-4 section 3.2.2 (at most 100 failures in a row); `docs/domain/identity.md` section 1.14.

use std::fmt;
use std::net::IpAddr;

use crate::Timestamp;
use crate::time::{DAY_US, HOUR_US, SECOND_US};

/// Failures of a pair before it waits.
pub const PAIR_FREE: u32 = 5;
/// Longest wait of a pair, in microseconds.
pub const PAIR_LONGEST_US: i64 = 30 * SECOND_US;
/// Failures of a network from which it waits, and how long, in microseconds.
pub const ADDRESS_LADDER: [(u32, i64); 5] =
    [(7, 60 * SECOND_US), (10, 600 * SECOND_US), (15, 900 * SECOND_US), (20, HOUR_US), (25, DAY_US)];
/// Failures of an account in [`ACCOUNT_WINDOW_US`] that close it to networks it does not know.
pub const ACCOUNT_LIMIT: u32 = 20;
/// How long failures of an account are counted together, in microseconds.
pub const ACCOUNT_WINDOW_US: i64 = HOUR_US;
/// Failures of an account in a row that close it to networks it does not know until somebody gets in.
pub const ACCOUNT_IN_A_ROW: u32 = 50;
/// Failures of an account in a row, from networks it knows, that disable password and code until they are reset. With
/// [`ACCOUNT_IN_A_ROW`] these are the hundred that there may be.
pub const KNOWN_IN_A_ROW: u32 = 50;
/// After how long without a failure a pair or a network begins anew, in microseconds.
pub const FORGET_US: i64 = DAY_US;
/// After how long without a failure an account begins anew, in microseconds, unless it is closed.
pub const FORGET_ACCOUNT_US: i64 = 30 * DAY_US;

/// Addresses that are counted as one: what one customer of a provider usually has. IPv4 /24, IPv6 /56.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Network(IpAddr);

impl Network {
    /// Returns the network of an address.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(v4) => {
                let [a, b, c, _] = v4.octets();
                Self(IpAddr::from([a, b, c, 0]))
            }
            IpAddr::V6(v6) => {
                let mut octets = v6.octets();
                octets[7..].fill(0);
                Self(IpAddr::from(octets))
            }
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.0, if self.0.is_ipv4() { 24 } else { 56 })
    }
}

/// Failures since somebody last got in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Failures {
    /// In a row.
    pub count: u32,
    /// Of them, in the present window.
    pub in_window: u32,
    /// When the window began.
    pub window_from: Option<Timestamp>,
    /// The last one.
    pub last: Option<Timestamp>,
}

impl Failures {
    /// Returns the count after another failure. A clock that was set back begins a new window.
    #[must_use]
    pub fn and_another(self, now: Timestamp) -> Self {
        let age = self.window_from.map(|from| now.micros() - from.micros());
        let is_same_window = age.is_some_and(|age| (0..ACCOUNT_WINDOW_US).contains(&age));
        Self {
            count: self.count.saturating_add(1),
            in_window: if is_same_window { self.in_window.saturating_add(1) } else { 1 },
            window_from: if is_same_window { self.window_from } else { Some(now) },
            last: Some(now),
        }
    }

    fn since_last(self, now: Timestamp) -> Option<i64> {
        // A clock that was set back must not make anybody wait for it to catch up.
        self.last.map(|last| now.micros() - last.micros()).filter(|age| (0..FORGET_US).contains(age))
    }

    /// Tells whether there is nothing left to remember of a pair or a network.
    #[must_use]
    pub fn is_forgotten(self, now: Timestamp) -> bool {
        self.since_last(now).is_none()
    }

    fn or_forgotten(self, now: Timestamp) -> Self {
        if self.is_forgotten(now) { Self::default() } else { self }
    }
}

/// Which layer makes somebody wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// One account from one network.
    Pair,
    /// One network.
    Address,
    /// One account from networks it does not know.
    Account,
    /// One account from networks it knows.
    Authenticator,
}

impl Layer {
    /// Returns the reason code.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Pair => "pair",
            Self::Address => "address",
            Self::Account => "account",
            Self::Authenticator => "authenticator",
        }
    }
}

/// Somebody must wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// Why.
    pub layer: Layer,
    /// How long from now, in microseconds; none until somebody gets in from a known network, or there was a reset.
    pub micros: Option<i64>,
}

/// All that is counted about one attempt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Of the account, from this network.
    pub pair: Failures,
    /// Of this network.
    pub address: Failures,
    /// Of the account, from networks it does not know.
    pub account: Failures,
    /// Of the account, from networks it knows.
    pub known: Failures,
    /// Whether the account was signed in to from this network before.
    pub is_known: bool,
}

impl Counters {
    /// Tells whether an attempt is evaluated.
    ///
    /// # Errors
    /// If somebody must wait: the layer that makes them wait longest.
    pub fn admit(&self, now: Timestamp) -> Result<(), Wait> {
        let mut waits = vec![rest(Layer::Pair, self.pair, pair_wait, now)];
        if self.is_known {
            let is_over = self.known.count >= KNOWN_IN_A_ROW;
            waits.push(is_over.then_some(Wait { layer: Layer::Authenticator, micros: None }));
        } else {
            waits.push(rest(Layer::Address, self.address, address_wait, now));
            waits.push(account_rest(self.account, now));
        }
        let longest = waits.into_iter().flatten().max_by_key(|wait| wait.micros.unwrap_or(i64::MAX));
        longest.map_or(Ok(()), Err)
    }

    /// Returns the counters after a failure. A known network does not count against the whole account, so nobody on the
    /// outside profits from its owner's slips.
    #[must_use]
    pub fn after_failure(self, now: Timestamp) -> Self {
        Self {
            pair: self.pair.or_forgotten(now).and_another(now),
            address: self.address.or_forgotten(now).and_another(now),
            account: if self.is_known { self.account } else { self.account.and_another(now) },
            known: if self.is_known { self.known.and_another(now) } else { self.known },
            is_known: self.is_known,
        }
    }
}

/// Returns how long a pair waits after its `count`th failure in a row, in microseconds: 0 for fewer than 5, then 1, 2, 4,
/// 8, 16 seconds and 30 from the tenth on.
#[must_use]
pub fn pair_wait(count: u32) -> i64 {
    if count < PAIR_FREE {
        return 0;
    }
    (SECOND_US << (count - PAIR_FREE).min(5)).min(PAIR_LONGEST_US)
}

/// Returns how long a network waits after its `count`th failure in a row, in microseconds.
#[must_use]
pub fn address_wait(count: u32) -> i64 {
    ADDRESS_LADDER.iter().rev().find(|(from, _)| count >= *from).map_or(0, |(_, wait)| *wait)
}

fn rest(layer: Layer, failures: Failures, wait: fn(u32) -> i64, now: Timestamp) -> Option<Wait> {
    let age = failures.since_last(now)?;
    let left = wait(failures.count) - age;
    (left > 0).then_some(Wait { layer, micros: Some(left) })
}

fn account_rest(failures: Failures, now: Timestamp) -> Option<Wait> {
    let layer = Layer::Account;
    if failures.count >= ACCOUNT_IN_A_ROW {
        return Some(Wait { layer, micros: None });
    }
    let age = now.micros() - failures.window_from?.micros();
    let is_full = failures.in_window >= ACCOUNT_LIMIT && (0..ACCOUNT_WINDOW_US).contains(&age);
    is_full.then_some(Wait { layer, micros: Some(ACCOUNT_WINDOW_US - age) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_000_000 + seconds)
    }

    fn failed(times: u32, seconds: i64, is_known: bool) -> Counters {
        let start = Counters { is_known, ..Counters::default() };
        (0..times).fold(start, |counters, _| counters.after_failure(at(seconds)))
    }

    #[test]
    fn a_pair_waits_longer_and_longer_up_to_half_a_minute() {
        let seconds: Vec<i64> = (0..14).map(|count| pair_wait(count) / SECOND_US).collect();
        assert_eq!(seconds, [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 30, 30, 30, 30]);
        assert_eq!(pair_wait(u32::MAX), PAIR_LONGEST_US);
    }

    #[test]
    fn a_network_climbs_its_ladder_and_is_forgotten_after_a_day() {
        let minutes: Vec<i64> =
            [6, 7, 9, 10, 15, 20, 25, 1000].map(|count| address_wait(count) / SECOND_US / 60).to_vec();
        assert_eq!(minutes, [0, 1, 1, 10, 15, 60, 1440, 1440]);
        let other_account = Counters { pair: Failures::default(), ..failed(25, 0, false) };
        let other_account = Counters { account: Failures::default(), ..other_account };
        assert_eq!(other_account.admit(at(86_399)).expect_err("waits").layer, Layer::Address);
        assert_eq!(other_account.admit(at(86_400)), Ok(()));
        assert_eq!(other_account.after_failure(at(86_400)).address.count, 1);
    }

    #[test]
    fn an_account_closes_for_an_hour_and_after_fifty_in_a_row_until_somebody_gets_in() {
        let elsewhere = |counters: Counters| Counters {
            pair: Failures::default(),
            address: Failures::default(),
            ..counters
        };
        assert_eq!(elsewhere(failed(19, 0, false)).admit(at(1)), Ok(()));
        let closed = elsewhere(failed(20, 0, false));
        assert_eq!(closed.admit(at(1)), Err(Wait { layer: Layer::Account, micros: Some(3_599 * SECOND_US) }));
        assert_eq!(closed.admit(at(3_600)), Ok(()));
        let fifty = elsewhere(failed(50, 0, false));
        assert_eq!(fifty.admit(at(10_000_000)), Err(Wait { layer: Layer::Account, micros: None }));
    }

    #[test]
    fn nobody_elsewhere_keeps_the_owner_out() {
        // A thousand failures from outside, and as many with other accounts from the owner's own network.
        let outside = failed(1_000, 0, false);
        let owner = Counters {
            pair: Failures::default(),
            address: outside.address,
            account: outside.account,
            known: outside.known,
            is_known: true,
        };
        assert_eq!(owner.admit(at(1)), Ok(()));
        // Somebody on the owner's own network costs half a minute at most, until it is too often in a row.
        let beside = failed(49, 0, true);
        assert_eq!(beside.admit(at(1)), Err(Wait { layer: Layer::Pair, micros: Some(29 * SECOND_US) }));
        assert_eq!(beside.account, Failures::default());
    }

    #[test]
    fn a_known_network_guesses_fifty_times_in_a_row_however_slowly() {
        let days = |day: u32| i64::from(day) * 86_400;
        let start = Counters { is_known: true, ..Counters::default() };
        let slowly = |times: u32| (0..times).fold(start, |all, day| all.after_failure(at(days(day))));
        assert_eq!(slowly(49).admit(at(days(100))), Ok(()), "the pair is forgotten after a day");
        let over = Err(Wait { layer: Layer::Authenticator, micros: None });
        assert_eq!(slowly(50).admit(at(days(100_000))), over);
        // Another network that the account knows counts with it.
        let other = Counters { pair: Failures::default(), address: Failures::default(), ..slowly(50) };
        assert_eq!(other.admit(at(days(51))), over);
        // Both halves together are what NIST SP 800-63B-4 section 3.2.2 allows.
        assert_eq!(ACCOUNT_IN_A_ROW + KNOWN_IN_A_ROW, 100);
    }

    #[test]
    fn a_clock_that_was_set_back_makes_nobody_wait() {
        let counters = Counters { account: Failures::default(), ..failed(50, 100_000, false) };
        assert_eq!(counters.admit(at(0)), Ok(()));
    }

    #[test]
    fn neighbors_are_counted_together() {
        for (address, network) in [
            ("192.0.2.77", "192.0.2.0/24"),
            ("::ffff:192.0.2.77", "192.0.2.0/24"),
            ("2001:db8:1:2ff:3::4", "2001:db8:1:200::/56"),
            ("127.0.0.1", "127.0.0.0/24"),
        ] {
            assert_eq!(Network::of(address.parse().expect("an address")).to_string(), network);
        }
    }
}
