//! Tokens of forms: a page of another site can make a browser send a form here, but it cannot know what stands in it.
//!
//! The token is a digest of a cookie that only this server reads: that of the session, or, before there is one, of a cookie
//! made for the form.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use subtle::ConstantTimeEq as _;
use tickmark_core::Digest;

use super::set_cookie;
use crate::WebState;
use crate::error::Refusal;
use crate::session::cookie;

const DOMAIN: &str = "tickmark/form/v1:";

/// Returns the token for forms of whoever has this cookie.
fn token_of(cookie: &str) -> String {
    Digest::of(format!("{DOMAIN}{cookie}").as_bytes()).hex()
}

/// Returns the token to put into a form, and the cookie to set if there is none yet.
pub(super) fn offer(state: &WebState, headers: &HeaderMap) -> (String, Option<(HeaderName, HeaderValue)>) {
    if let Some(value) = bound(state, headers) {
        return (token_of(value), None);
    }
    let value = hex::encode(state.random());
    (token_of(&value), Some(set_cookie(state, &state.form_cookie(), &value)))
}

/// Refuses a form that was not made for this browser.
pub(super) fn check(state: &WebState, headers: &HeaderMap, token: &str) -> Result<(), Refusal> {
    let is_same =
        bound(state, headers).is_some_and(|value| token_of(value).as_bytes().ct_eq(token.as_bytes()).into());
    if is_same { Ok(()) } else { Err(Refusal::Forged) }
}

fn bound<'a>(state: &WebState, headers: &'a HeaderMap) -> Option<&'a str> {
    let of_session = cookie(headers, &state.account_cookie()).filter(|value| value.len() == 64);
    of_session.or_else(|| cookie(headers, &state.form_cookie()).filter(|value| value.len() == 64))
}
