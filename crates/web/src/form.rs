//! Forms as they come in: made for this browser, read whole, and kept when their sender was signed out meanwhile.
//!
//! A page of another site can make a browser send a form here, but it cannot know the token that stands in it. The token
//! is a digest of a cookie that only this server reads: that of the session, or, before there is one, of a cookie made
//! for the form.

use std::sync::Arc;

use axum::Form;
use axum::body::{Body, to_bytes};
use axum::extract::{FromRequest, Query, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use subtle::ConstantTimeEq as _;
use tickmark_core::Digest;

use crate::WebState;
use crate::design::form::{hidden, send};
use crate::design::frame::{self, Theme};
use crate::design::segment;
use crate::error::Refusal;
use crate::guard::{answer, theme};
use crate::identity::{Who, set_cookie};
use crate::session::cookie;
use crate::upload::{self, KEPT, is_upload};

const DOMAIN: &str = "tickmark/form/v1:";
/// Largest form without files, in bytes.
const FORM_LIMIT: usize = 512 << 10;
/// Most fields of a form.
const FIELD_LIMIT: usize = 2_000;
/// Fields that are never shown again.
const SECRET: [&str; 7] = ["form", "password", "again", "code", "current", "kept", "ceremony"];

/// Tells whether a field of a form is never shown again: an answer is a secret only where a key gave it.
fn is_secret(pairs: &[(String, String)], name: &str) -> bool {
    SECRET.contains(&name) || (name == "answer" && pairs.iter().any(|(other, _)| other == "ceremony"))
}

/// Returns the token for forms of whoever has this cookie.
fn token_of(cookie: &str) -> String {
    Digest::of(format!("{DOMAIN}{cookie}").as_bytes()).hex()
}

/// Returns the token to put into a form, and the cookie to set if there is none yet.
pub(crate) fn offer(state: &WebState, headers: &HeaderMap) -> (String, Option<(HeaderName, HeaderValue)>) {
    if let Some(value) = bound(state, headers) {
        return (token_of(value), None);
    }
    let value = hex::encode(state.random());
    (token_of(&value), Some(set_cookie(state, &state.form_cookie(), &value)))
}

/// Returns the token for forms of whoever is signed in; empty for others.
pub(crate) fn token(state: &WebState, headers: &HeaderMap) -> String {
    bound(state, headers).map(token_of).unwrap_or_default()
}

/// Refuses a form that was not made for this browser.
pub(crate) fn check(state: &WebState, headers: &HeaderMap, token: &str) -> Result<(), Refusal> {
    let is_same =
        bound(state, headers).is_some_and(|value| token_of(value).as_bytes().ct_eq(token.as_bytes()).into());
    if is_same { Ok(()) } else { Err(Refusal::Forged) }
}

/// Returns the token for forms of whoever was just given this cookie.
pub(crate) fn token_for(cookie: &[u8; 32]) -> String {
    token_of(&hex::encode(cookie))
}

/// Returns what stands for this browser where something is asked of it and answered later; none if it has no cookie yet.
pub(crate) fn browser(state: &WebState, headers: &HeaderMap) -> Option<Digest> {
    bound(state, headers).map(|value| Digest::of(format!("tickmark/browser/v1:{value}").as_bytes()))
}

fn bound<'a>(state: &WebState, headers: &'a HeaderMap) -> Option<&'a str> {
    let of_session = cookie(headers, &state.account_cookie()).filter(|value| value.len() == 64);
    of_session.or_else(|| cookie(headers, &state.form_cookie()).filter(|value| value.len() == 64))
}

/// A form that a member sent, without its token.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sent {
    pairs: Vec<(String, String)>,
}

impl Sent {
    /// A form of these fields.
    pub(crate) fn of(pairs: Vec<(String, String)>) -> Self {
        Self { pairs }
    }

    /// Returns a field's text without space at its ends and with line feeds only; empty when it is not there.
    pub(crate) fn text(&self, name: &str) -> String {
        let found = self.pairs.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.replace("\r\n", "\n").trim().to_owned()).unwrap_or_default()
    }

    /// Returns a field's text exactly as it was typed, as for passwords; empty when it is not there.
    pub(crate) fn raw(&self, name: &str) -> &str {
        self.pairs.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str())
    }

    /// Returns every value of a field that may be there several times.
    pub(crate) fn all(&self, name: &str) -> Vec<String> {
        self.pairs.iter().filter(|(key, _)| key == name).map(|(_, value)| value.trim().to_owned()).collect()
    }

    /// The same form with fields filled in that were empty.
    pub(crate) fn and(self, more: Vec<(String, String)>) -> Self {
        let mut pairs = self.pairs;
        for (name, value) in more {
            pairs.retain(|(known, _)| *known != name);
            pairs.push((name, value));
        }
        Self { pairs }
    }

    /// Returns what may be kept of it, as one text: nothing secret.
    pub(crate) fn packed(&self) -> String {
        let kept = self.pairs.iter().filter(|(name, _)| !is_secret(&self.pairs, name));
        let pairs = kept.map(|(name, value)| format!("{}={}", segment(name), segment(value)));
        pairs.collect::<Vec<_>>().join("&")
    }

    /// Refuses a form with other fields than these.
    ///
    /// # Errors
    /// `Malformed` if there is one.
    pub(crate) fn only(&self, names: &[&str]) -> Result<(), Refusal> {
        let is_known = |name: &String| names.contains(&name.as_str());
        if self.pairs.iter().all(|(name, _)| is_known(name)) { Ok(()) } else { Err(Refusal::Malformed) }
    }
}

impl FromRequest<WebState> for Sent {
    type Rejection = Response;

    async fn from_request(request: Request, state: &WebState) -> Result<Self, Response> {
        let (parts, body) = request.into_parts();
        if !matches!(parts.extensions.get::<Who>(), Some(Who::Member(_))) {
            return Err(Refusal::NotFound.into_response());
        }
        let pairs = read(&parts, body).await.map_err(IntoResponse::into_response)?;
        let given = pairs.iter().find(|(name, _)| name == "form").map_or("", |(_, value)| value.as_str());
        if check(state, &parts.headers, given).is_err() {
            let fresh = token(state, &parts.headers);
            return Err(kept(&parts, &pairs, Some(&fresh)));
        }
        Ok(Self { pairs: pairs.into_iter().filter(|(name, _)| name != "form").collect() })
    }
}

/// Reads the fields of a form without files.
async fn read(parts: &Parts, body: Body) -> Result<Vec<(String, String)>, Refusal> {
    let bytes = to_bytes(body, FORM_LIMIT).await.map_err(|_| Refusal::Malformed)?;
    let mut request = Request::new(Body::from(bytes));
    *request.method_mut() = parts.method.clone();
    *request.headers_mut() = parts.headers.clone();
    let Form(pairs) =
        Form::<Vec<(String, String)>>::from_request(request, &()).await.map_err(|_| Refusal::Malformed)?;
    if pairs.len() > FIELD_LIMIT { Err(Refusal::Malformed) } else { Ok(pairs) }
}

/// Answers somebody whose session ended while they typed: what they typed, and the files that they chose, are sent again
/// once they are in.
pub(crate) async fn keep(state: &WebState, parts: &Parts, body: Body) -> Response {
    if is_upload(&parts.headers) {
        return upload::keep(state, parts, body).await.unwrap_or_else(IntoResponse::into_response);
    }
    let is_form = parts
        .headers
        .get(CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/x-www-form-urlencoded"));
    if !is_form {
        return Refusal::SignedOut.into_response();
    }
    match read(parts, body).await {
        Ok(pairs) if has_text(&pairs) => kept(parts, &pairs, None),
        Ok(_) | Err(_) => Refusal::SignedOut.into_response(),
    }
}

/// The page that sends a form that was kept, once somebody showed who they are.
pub(crate) fn resend(theme: Theme, path: &str, kept: &str, token: &str) -> Result<Response, Refusal> {
    let uri: Uri = format!("/?{kept}").parse().map_err(|_| Refusal::Malformed)?;
    let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(&uri).map_err(|_| Refusal::Malformed)?;
    let kept = Kept { path: crate::visit::local(path), pairs: &pairs, files: None };
    Ok(kept_page(theme, kept, Keeping::Proven(token)).into_response())
}

/// Answers somebody who must first show again who they are: what they typed is sent again afterwards. None if they typed
/// nothing that could be lost.
pub(crate) async fn keep_for_proof(state: &WebState, parts: &Parts, body: Body) -> Option<Response> {
    if is_upload(&parts.headers) {
        return upload::keep_for_proof(state, parts, body).await.ok();
    }
    let pairs = read(parts, body).await.ok().filter(|pairs| has_text(pairs))?;
    let token = token(state, &parts.headers);
    let kept = Kept { path: parts.uri.path(), pairs: &pairs, files: None };
    Some(keep_as(&parts.headers, kept, Keeping::Proof(&token)))
}

pub(crate) fn has_text(pairs: &[(String, String)]) -> bool {
    pairs.iter().any(|(name, value)| !is_secret(pairs, name) && !value.is_empty())
}

/// A form that is kept.
#[derive(Clone, Copy)]
pub(crate) struct Kept<'a> {
    /// Where it is sent.
    pub(crate) path: &'a str,
    /// Its fields.
    pub(crate) pairs: &'a [(String, String)],
    /// Of a form with files, what became of them, in words.
    pub(crate) files: Option<&'a str>,
}

/// Why a form is kept.
#[derive(Clone, Copy)]
pub(crate) enum Keeping<'a> {
    /// Nobody is signed in.
    SignedOut,
    /// It was made before the session that sends it; the token is of this one.
    OtherSession(&'a str),
    /// Whoever sends it must first show again who they are.
    Proof(&'a str),
    /// Whoever sends it has just shown who they are.
    Proven(&'a str),
}

/// The page that keeps a form. Whoever is in has a token and sends it again; others sign in beside it first, and then
/// come by here once more.
fn kept(parts: &Parts, pairs: &[(String, String)], token: Option<&str>) -> Response {
    let why = token.map_or(Keeping::SignedOut, Keeping::OtherSession);
    keep_as(&parts.headers, Kept { path: parts.uri.path(), pairs, files: None }, why)
}

/// The same for a form that is kept for a reason.
pub(crate) fn keep_as(headers: &HeaderMap, kept: Kept<'_>, why: Keeping<'_>) -> Response {
    let status = match why {
        Keeping::SignedOut => StatusCode::UNAUTHORIZED,
        Keeping::OtherSession(_) | Keeping::Proof(_) | Keeping::Proven(_) => StatusCode::FORBIDDEN,
    };
    let is_stale = matches!(why, Keeping::OtherSession(_));
    let mut response = answer(status, kept_page(theme(headers), kept, why));
    if is_stale {
        // The same refusal as that of a form of which there is nothing to keep, beside a page of its own.
        response.extensions_mut().insert(Arc::new(Refusal::Forged));
    }
    response
}

fn kept_page(theme: Theme, kept: Kept<'_>, why: Keeping<'_>) -> Markup {
    let Kept { path, pairs, files } = kept;
    let shown = || pairs.iter().filter(|(name, value)| !is_secret(pairs, name) && !value.is_empty());
    let is_read =
        |(name, value): &&(String, String)| !KEPT.contains(&name.as_str()) && value.chars().count() > 2;
    let (title, says, token) = match why {
        Keeping::SignedOut => (
            "You were signed out",
            "Nothing was changed, and what you typed is still here. Sign in in another tab, then come back and send it again.",
            None,
        ),
        Keeping::Proof(token) => (
            "Show once more that it is you",
            "This needs a proof that is at most ten minutes old. Nothing was changed, and what you typed is still here. Show it in another tab, then come back and send it again.",
            Some(token),
        ),
        Keeping::Proven(token) => {
            ("Go on?", "You showed that it is you. This is what you were about to do.", Some(token))
        }
        Keeping::OtherSession(token) => (
            "Send it again?",
            "The form was made before you signed in, so nothing was changed yet. What you typed is still here.",
            Some(token),
        ),
    };
    let button = if matches!(why, Keeping::Proven(_)) { "Do it" } else { "Send it again" };
    let body = html! {
        p { (says) }
        @if matches!(why, Keeping::Proof(_)) { p { a.button.primary href="/step-up?back=/account" target="_blank" rel="noopener" { "Show it in another tab" } } }
        @if token.is_none() { p { a.button.primary href="/sign-in?back=/account" target="_blank" rel="noopener" { "Sign in in another tab" } } }
        form.card method="post" action=(path) enctype=[files.map(|_| "multipart/form-data")] {
            @if let Some(token) = token { (hidden("form", token)) }
            @for (name, value) in shown() { (hidden(name, value)) }
            dl.kept { @for (name, value) in shown().filter(is_read) { dt { (name.replace(['_', '-'], " ")) } dd { (value) } } }
            @if let Some(says) = files.filter(|says| !says.is_empty()) { p { (says) } }
            (send(button, ""))
        }
    };
    frame::bare(title, theme, &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_field_by_field() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let sent = Sent { pairs: vec![pair("title", " A\r\nb "), pair("to", "1")] };
        assert_eq!(sent.text("title"), "A\nb");
        assert_eq!(sent.text("none"), "");
        assert!(sent.only(&["title", "to"]).is_ok());
        assert!(matches!(sent.only(&["title"]), Err(Refusal::Malformed)));
    }

    #[test]
    fn what_is_kept_holds_no_secret() {
        let pairs = ["title", "password", "code", "form", "empty"].map(|name| {
            let value = if name == "empty" { "" } else { "<typed>" };
            (name.to_owned(), value.to_owned())
        });
        let kept = Kept { path: "/controls", pairs: &pairs, files: None };
        let page = kept_page(Theme::System, kept, Keeping::SignedOut).0;
        assert!(
            page.contains("name=\"title\" value=\"&lt;typed&gt;\"") && page.contains("action=\"/controls\"")
        );
        assert_eq!(page.matches("type=\"hidden\"").count(), 1, "{page}");
        assert!(
            kept_page(Theme::System, kept, Keeping::OtherSession("t"))
                .0
                .contains("name=\"form\" value=\"t\"")
        );
        assert!(!page.contains("multipart"));
        let named = [("design-basis".to_owned(), "no time".to_owned())];
        let shown = kept_page(Theme::System, Kept { pairs: &named, ..kept }, Keeping::SignedOut).0;
        assert!(
            shown.contains("<dt>design basis</dt>") && shown.contains("name=\"design-basis\""),
            "{shown}"
        );
        let kept = Kept { files: Some("They are kept."), ..kept };
        let page = kept_page(Theme::System, kept, Keeping::SignedOut).0;
        assert!(
            page.contains("enctype=\"multipart/form-data\"") && page.contains("They are kept."),
            "{page}"
        );
    }

    #[test]
    fn an_answer_is_a_secret_only_where_a_key_gave_it() {
        let pair = |name: &str| (name.to_owned(), "x".to_owned());
        assert!(is_secret(&[pair("ceremony"), pair("answer")], "answer"));
        assert!(!is_secret(&[pair("answer"), pair("source")], "answer"));
    }
}
