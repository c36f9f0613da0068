//! What a handler gets to know about a request, and how a page is framed.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Form, extract::Query};
use maud::Markup;
use serde::Deserialize;
use tickmark_app::{Actor, App};
use tickmark_core::identity::Atom;

use crate::WebState;
use crate::design::frame::{Page, Visit, frame};
use crate::design::table::TableQuery;
use crate::error::Refusal;
use crate::form;
use crate::guard::{THEME_COOKIE, answer, theme};
use crate::identity::Who;
use crate::identity::passkey::{self, Works};

/// Pairs of a query string that are looked at.
const PAIR_LIMIT: usize = 40;

/// A request for a page.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// Path, colors and moment.
    pub(crate) visit: Visit,
    /// The token of forms on the page; empty for whoever only looks.
    pub(crate) token: String,
    /// What the query string says.
    pub(crate) query: TableQuery,
    /// Whether passkeys work at the address that was asked.
    pub(crate) passkeys: Works,
}

impl Asked {
    /// Frames a page.
    pub(crate) async fn frame(&self, state: &WebState, page: &Page) -> Result<Markup, Refusal> {
        let mut context = state.source().context().await?;
        // The page of one system says which.
        let chosen = self.query.get("system");
        let named = context.systems.iter().find(|(id, _)| chosen == Some(id.as_str()));
        if let Some((_, name)) = named.cloned() {
            context.system = name;
        }
        let mut visit = self.visit.clone();
        if let Ok((app, actor)) = self.member(state) {
            visit.waiting = match state.waiting(actor.id) {
                Some(count) => count,
                None => {
                    let count = app.read(actor, async |view| tickmark_app::work::count(view).await).await?;
                    state.keep_waiting(actor.id, count);
                    count
                }
            };
            visit.places = state.places(app, actor).await?;
            visit.token.clone_from(&self.token);
            visit.unread = app.read(actor, async |view| tickmark_app::notice::unread(view).await).await?;
        }
        Ok(frame(&context, &visit, page))
    }

    /// Frames a page that answers a form which was refused.
    pub(crate) async fn frame_refused(
        &self,
        state: &WebState,
        status: StatusCode,
        page: &Page,
    ) -> Result<Response, Refusal> {
        Ok(answer(status, self.frame(state, page).await?))
    }

    /// Returns the program and the member whose request it is.
    ///
    /// # Errors
    /// `NotFound` for whoever only looks.
    pub(crate) fn member<'a>(&'a self, state: &'a WebState) -> Result<(&'a App, &'a Actor), Refusal> {
        match (state.accounts(), &self.visit.actor) {
            (Some(app), Some(actor)) => Ok((app, actor)),
            _ => Err(Refusal::NotFound),
        }
    }

    /// Returns the path that was asked for, without its query.
    pub(crate) fn path(&self) -> &str {
        self.visit.here.split('?').next().unwrap_or_default()
    }

    /// Tells whether to offer something.
    pub(crate) fn may(&self, atom: Atom) -> bool {
        self.visit.actor.as_deref().is_some_and(|actor| crate::permission::may(actor, atom))
    }
}

impl FromRequestParts<WebState> for Asked {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &WebState) -> Result<Self, Refusal> {
        let Query(mut pairs) =
            Query::<Vec<(String, String)>>::try_from_uri(&parts.uri).map_err(|_| Refusal::Malformed)?;
        pairs.truncate(PAIR_LIMIT);
        let here = parts.uri.path_and_query().map_or("/", |here| here.as_str()).to_owned();
        let (actor, token) = match parts.extensions.get::<Who>() {
            Some(Who::Member(actor)) => (Some(actor.clone()), form::token(state, &parts.headers)),
            Some(Who::Local | Who::Nobody) | None => (None, String::new()),
        };
        let visit = Visit {
            here,
            theme: theme(&parts.headers),
            now: state.now(),
            actor,
            waiting: 0,
            unread: 0,
            places: Vec::new(),
            token: String::new(),
        };
        let passkeys = passkey::works(state, &parts.headers);
        Ok(Self { visit, token, query: TableQuery::new(pairs), passkeys })
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
