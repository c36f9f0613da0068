//! How many requests the API takes: of each token in a minute, and of each network with tokens that are none.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use axum::http::{HeaderMap, HeaderValue};
use tickmark_core::Timestamp;
use tickmark_core::time::SECOND_US;

/// Requests of one token or session in a window, where nobody says otherwise.
pub(crate) const REQUESTS: u32 = 600;
/// Events of requests that were turned away, of one person or network in a window.
const TURNED_AWAY: u32 = 20;
/// Tokens that are none, from one network in a window.
const WRONG_TOKENS: u32 = 30;
/// Length of a window in seconds.
const WINDOW_SECONDS: i64 = 60;
/// Most counters that are kept; the oldest windows make room.
const MOST_COUNTERS: usize = 10_000;

/// Counters since the server began.
#[derive(Debug)]
pub(crate) struct Limits {
    /// Requests of one token or session in a window.
    requests: u32,
    counters: Mutex<BTreeMap<String, Window>>,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    from: Timestamp,
    count: u32,
}

/// What is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Left {
    /// Requests.
    pub(crate) requests: u32,
    /// Of how many.
    pub(crate) most: u32,
    /// Seconds until all are back.
    pub(crate) seconds: i64,
    /// Whether this one was within the limit.
    pub(crate) is_within: bool,
}

impl Limits {
    /// Takes so many requests of one token or session in a window.
    pub(crate) fn new(requests: u32) -> Self {
        Self { requests, counters: Mutex::default() }
    }

    /// Counts a request of a token or session.
    pub(crate) fn count(&self, who: &str, now: Timestamp) -> Left {
        self.take(format!("of {who}"), self.requests, now)
    }

    /// Counts what somebody asks for that costs much, of one kind.
    pub(crate) fn count_costly(&self, kind: &str, most: u32, who: &str, now: Timestamp) -> Left {
        self.take(format!("{kind} of {who}"), most, now)
    }

    /// Counts a request that is turned away; within the limit it is recorded.
    pub(crate) fn count_turned_away(&self, who: &str, now: Timestamp) -> Left {
        self.take(format!("away {who}"), TURNED_AWAY, now)
    }

    /// Counts a token that is none.
    pub(crate) fn count_wrong(&self, network: &str, now: Timestamp) -> Left {
        self.take(format!("from {network}"), WRONG_TOKENS, now)
    }

    /// Tells what a network has left of tokens that are none, without counting.
    pub(crate) fn look_wrong(&self, network: &str, now: Timestamp) -> Left {
        let counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        let window = counters.get(&format!("from {network}")).copied().filter(|window| window.is_on(now));
        left(window.unwrap_or(Window { from: now, count: 0 }), WRONG_TOKENS, now, 1)
    }

    fn take(&self, key: String, most: u32, now: Timestamp) -> Left {
        // Each counter is whole after any single change.
        let mut counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        if counters.len() >= MOST_COUNTERS && !counters.contains_key(&key) {
            counters.retain(|_, window| window.is_on(now));
            if counters.len() >= MOST_COUNTERS {
                counters.pop_first();
            }
        }
        let window = counters.entry(key).or_insert(Window { from: now, count: 0 });
        if !window.is_on(now) {
            *window = Window { from: now, count: 0 };
        }
        window.count = window.count.saturating_add(1);
        left(*window, most, now, 0)
    }
}

impl Window {
    fn is_on(self, now: Timestamp) -> bool {
        (0..WINDOW_SECONDS * SECOND_US).contains(&(now.micros() - self.from.micros()))
    }
}

fn left(window: Window, most: u32, now: Timestamp, coming: u32) -> Left {
    let ends = window.from.micros() + WINDOW_SECONDS * SECOND_US - now.micros();
    Left {
        requests: most.saturating_sub(window.count),
        most,
        seconds: (ends + SECOND_US - 1).div_euclid(SECOND_US).max(1),
        is_within: window.count.saturating_add(coming) <= most,
    }
}

impl Left {
    /// Says in an answer what is left.
    ///
    /// Source: draft-ietf-httpapi-ratelimit-headers-10.
    pub(crate) fn say(self, headers: &mut HeaderMap) {
        let left = format!("\"token\";r={};t={}", self.requests, self.seconds);
        if let Ok(value) = HeaderValue::from_str(&left) {
            headers.insert("ratelimit", value);
        }
        let policy = format!("\"token\";q={};w={WINDOW_SECONDS}", self.most);
        if let Ok(value) = HeaderValue::from_str(&policy) {
            headers.insert("ratelimit-policy", value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_takes_so_many_and_begins_anew() {
        let limits = Limits::new(REQUESTS);
        let at = Timestamp::from_seconds;
        for expected in (0..REQUESTS).rev() {
            let left = limits.count("a", at(0));
            assert_eq!((left.requests, left.is_within), (expected, true));
        }
        let over = limits.count("a", at(59));
        assert_eq!((over.requests, over.seconds, over.is_within), (0, 1, false));
        assert!(limits.count("b", at(59)).is_within, "others are not bound by it");
        assert!(limits.count("a", at(60)).is_within);
        for _ in 0..WRONG_TOKENS {
            assert!(limits.look_wrong("n", at(0)).is_within);
            limits.count_wrong("n", at(0));
        }
        assert!(!limits.look_wrong("n", at(1)).is_within && limits.look_wrong("n", at(61)).is_within);
    }

    #[test]
    fn the_number_of_counters_is_bounded() {
        let limits = Limits::new(REQUESTS);
        for n in 0..MOST_COUNTERS + 10 {
            limits.count(&n.to_string(), Timestamp::from_seconds(0));
        }
        assert!(limits.counters.lock().expect("whole").len() <= MOST_COUNTERS);
    }
}
