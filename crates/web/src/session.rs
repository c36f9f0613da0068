//! Who may look: a one-time link, exchanged for a session cookie.
//!
//! The link's token is 32 random bytes, valid once, compared in constant time. Of a session only the digest of its
//! cookie is kept, in memory; it ends after twelve hours or with the process.

use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::extract::{Query, State};
use axum::http::header::{COOKIE, LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use subtle::ConstantTimeEq;
use tickmark_core::time::HOUR_US;
use tickmark_core::{Digest, Timestamp};

use crate::WebState;
use crate::error::Refusal;

/// How long a session lasts from its beginning.
pub const SESSION_HOURS: i64 = 12;
/// Sessions at one time; the oldest makes room.
const SESSION_LIMIT: usize = 10;
/// Links that wait to be used; the oldest makes room.
const LINK_LIMIT: usize = 10;

/// Links that wait and sessions that last.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    /// Digests of link tokens.
    links: Vec<Digest>,
    /// Digests of cookies, with their beginning.
    sessions: Vec<(Digest, Timestamp)>,
}

impl Sessions {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Both lists are whole after any single push or removal, so a poisoned lock still guards sound data.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets `token` open one session.
    pub(crate) fn offer(&self, token: &[u8; 32]) {
        let mut inner = self.lock();
        if inner.links.len() >= LINK_LIMIT {
            inner.links.remove(0);
        }
        inner.links.push(Digest::of(token));
    }

    /// Spends a link; tells whether it was valid.
    fn spend(&self, token: &[u8; 32]) -> bool {
        let digest = Digest::of(token);
        let mut inner = self.lock();
        let before = inner.links.len();
        inner.links.retain(|link| !bool::from(link.0.ct_eq(&digest.0)));
        inner.links.len() < before
    }

    fn begin(&self, cookie: &[u8; 32], now: Timestamp) {
        let mut inner = self.lock();
        if inner.sessions.len() >= SESSION_LIMIT {
            inner.sessions.remove(0);
        }
        inner.sessions.push((Digest::of(cookie), now));
    }

    /// Tells whether the request carries the cookie of a session that lasts.
    pub(crate) fn admits(&self, headers: &HeaderMap, cookie_name: &str, now: Timestamp) -> bool {
        let Some(secret) = cookie(headers, cookie_name).and_then(decode) else { return false };
        let digest = Digest::of(&secret);
        let mut inner = self.lock();
        inner.sessions.retain(|(_, begun)| now.micros() - begun.micros() < SESSION_HOURS * HOUR_US);
        inner.sessions.iter().any(|(session, _)| session.0.ct_eq(&digest.0).into())
    }
}

/// Returns the value of a cookie.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

fn decode(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(text, &mut bytes).ok()?;
    Some(bytes)
}

#[derive(Deserialize)]
pub(crate) struct Entrance {
    token: String,
}

/// Exchanges the token of a link for a cookie and leads to an address without it.
pub(crate) async fn enter(
    State(state): State<WebState>,
    entrance: Result<Query<Entrance>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Refusal> {
    let Query(entrance) = entrance.map_err(|_| Refusal::LinkSpent)?;
    let token = decode(&entrance.token).ok_or(Refusal::LinkSpent)?;
    if !state.sessions().spend(&token) {
        return Err(Refusal::LinkSpent);
    }
    let secret = state.random();
    state.sessions().begin(&secret, state.now());
    let cookie = format!(
        "{}={}; HttpOnly; SameSite=Strict; Path=/; Max-Age={}{}",
        state.cookie_name(),
        hex::encode(secret),
        SESSION_HOURS * 3600,
        if state.is_secure() { "; Secure" } else { "" },
    );
    let headers: [(HeaderName, String); 2] = [(LOCATION, "/".to_owned()), (SET_COOKIE, cookie)];
    Ok((StatusCode::SEE_OTHER, headers).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_opens_once_and_a_session_ends() {
        let sessions = Sessions::default();
        sessions.offer(&[7; 32]);
        assert!(!sessions.spend(&[8; 32]));
        assert!(sessions.spend(&[7; 32]));
        assert!(!sessions.spend(&[7; 32]));

        let start = Timestamp::from_seconds(1_000);
        sessions.begin(&[9; 32], start);
        let mut headers = HeaderMap::new();
        assert!(!sessions.admits(&headers, "t", start));
        headers.insert(COOKIE, format!("x=1; t={}", hex::encode([9; 32])).parse().expect("header"));
        assert!(sessions.admits(&headers, "t", start));
        assert!(!sessions.admits(&headers, "other", start));
        assert!(!sessions.admits(&headers, "t", start.plus_micros(SESSION_HOURS * HOUR_US)));
        assert!(!sessions.admits(&headers, "t", start), "an ended session stays ended");
    }

    #[test]
    fn the_number_of_links_and_sessions_is_bounded() {
        let sessions = Sessions::default();
        for n in 0..50 {
            sessions.offer(&[n; 32]);
            sessions.begin(&[n; 32], Timestamp::from_seconds(0));
        }
        assert_eq!(sessions.lock().links.len(), LINK_LIMIT);
        assert_eq!(sessions.lock().sessions.len(), SESSION_LIMIT);
        assert!(!sessions.spend(&[0; 32]) && sessions.spend(&[49; 32]));
    }
}
