//! What a handler gets to know about a request, and how a page is framed.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Form, extract::Query};
use maud::Markup;
use serde::Deserialize;

use crate::WebState;
use crate::design::frame::{Page, Visit, frame};
use crate::design::table::TableQuery;
use crate::error::Refusal;
use crate::guard::{THEME_COOKIE, theme};
use crate::identity::Who;

/// Pairs of a query string that are looked at.
const PAIR_LIMIT: usize = 20;

/// A request for a page.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// Path, colors and moment.
    pub(crate) visit: Visit,
    /// What the query string says.
    pub(crate) query: TableQuery,
}

impl Asked {
    /// Frames a page.
    pub(crate) async fn frame(&self, state: &WebState, page: &Page) -> Result<Markup, Refusal> {
        let context = state.source().context().await?;
        Ok(frame(&context, &self.visit, page))
    }
}

impl FromRequestParts<WebState> for Asked {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &WebState) -> Result<Self, Refusal> {
        let Query(mut pairs) =
            Query::<Vec<(String, String)>>::try_from_uri(&parts.uri).map_err(|_| Refusal::Malformed)?;
        pairs.truncate(PAIR_LIMIT);
        let here = parts.uri.path_and_query().map_or("/", |here| here.as_str()).to_owned();
        let who = match parts.extensions.get::<Who>() {
            Some(Who::Member(actor)) => actor.label.clone(),
            Some(Who::Local | Who::Nobody) | None => String::new(),
        };
        let visit = Visit { here, theme: theme(&parts.headers), now: state.now(), who };
        Ok(Self { visit, query: TableQuery::new(pairs) })
    }
}

#[derive(Deserialize)]
pub(crate) struct ThemeChoice {
    theme: String,
    back: String,
}

/// Keeps the reader's colors and goes back to the page.
pub(crate) async fn choose_theme(
    form: Result<Form<ThemeChoice>, axum::extract::rejection::FormRejection>,
) -> Result<Response, Refusal> {
    let Form(choice) = form.map_err(|_| Refusal::Malformed)?;
    let value = match choice.theme.as_str() {
        "light" => "light",
        "dark" => "dark",
        _ => return Err(Refusal::Malformed),
    };
    let cookie = format!("{THEME_COOKIE}={value}; SameSite=Strict; Path=/; Max-Age=31536000");
    let headers: [(HeaderName, String); 2] =
        [(header::LOCATION, local(&choice.back).to_owned()), (header::SET_COOKIE, cookie)];
    Ok((StatusCode::SEE_OTHER, headers).into_response())
}

/// An address on this server, or the overview when it is not one.
pub(crate) fn local(back: &str) -> &str {
    let is_local = back.starts_with('/')
        && !back.starts_with("//")
        && back.bytes().all(|b| b.is_ascii_graphic() && b != b'\\' && b != b'"');
    if is_local { back } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_local_addresses_are_gone_back_to() {
        for (back, goes) in [
            ("/controls?q=a", "/controls?q=a"),
            ("//evil.example", "/"),
            ("/\\evil.example", "/"),
            ("https://evil.example", "/"),
            ("/a\r\nSet-Cookie: x", "/"),
            ("", "/"),
        ] {
            assert_eq!(local(back), goes, "{back:?}");
        }
    }
}
