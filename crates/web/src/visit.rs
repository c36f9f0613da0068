//! What a handler gets to know about a request, and how a page is framed.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Form, extract::Query};
use maud::Markup;
use serde::Deserialize;
use tickmark_app::{Actor, App};
use tickmark_core::id::SystemId;
use tickmark_core::identity::Atom;

use crate::WebState;
use crate::design::frame::{Page, Visit, frame};
use crate::design::table::TableQuery;
use crate::error::Refusal;
use crate::form;
use crate::guard::{SYSTEM_COOKIE, THEME_COOKIE, answer, theme};
use crate::identity::Who;
use crate::identity::passkey::{self, Works};
use crate::list::done::DONE;
use crate::permission;
use crate::session::cookie;

/// Pages that show what is of the system which is looked at: the lists and the board whose records may belong to one.
const OF_SYSTEM: [&str; 4] = ["/controls", "/targets", "/evidence/items", "/period"];
/// The name of a system in an address.
const SYSTEM: &str = "system";
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
    /// What it says of a change from which one comes back; no link of the page carries it on.
    pub(crate) done: Option<String>,
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
            visit.waiting = state.waiting().of(app, actor).await?;
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
    pub(crate) fn member<'a>(&'a self, state: &'a WebState) -> Result<(&'a Arc<App>, &'a Actor), Refusal> {
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
        let done = pairs.iter().position(|(key, _)| key == DONE).map(|at| pairs.remove(at).1);
        let here = parts.uri.path_and_query().map_or("/", |here| here.as_str()).to_owned();
        let (actor, token) = match parts.extensions.get::<Who>() {
            Some(Who::Member(actor)) => (Some(actor.clone()), form::token(state, &parts.headers)),
            Some(Who::Local | Who::Nobody) | None => (None, String::new()),
        };
        // What the address says goes before what was chosen once.
        let chosen = actor.as_deref().and_then(|actor| looked_at(&parts.headers, actor));
        let named = pairs.iter().find(|(key, value)| key == SYSTEM && !value.is_empty());
        let is_of_system = OF_SYSTEM.contains(&parts.uri.path());
        let system = match (named, chosen) {
            (Some((_, id)), _) if is_of_system => id.clone(),
            (_, Some(id)) => id,
            (_, None) => String::new(),
        };
        if is_of_system && named.is_none() && !system.is_empty() {
            pairs.push((SYSTEM.to_owned(), system.clone()));
        }
        let visit = Visit {
            here,
            system,
            theme: theme(&parts.headers),
            now: state.now(),
            actor,
            waiting: 0,
            unread: 0,
            places: Vec::new(),
            token: String::new(),
        };
        let passkeys = passkey::works(state, &parts.headers);
        Ok(Self { visit, token, query: TableQuery::new(pairs), done, passkeys })
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

/// The system that a member chose to look at in the organization in which they are.
fn looked_at(headers: &HeaderMap, actor: &Actor) -> Option<String> {
    let (organization, system) = cookie(headers, SYSTEM_COOKIE)?.split_once('.')?;
    let is_here = organization == actor.organization.id.to_string() && !permission::is_auditor(actor);
    let id = is_here.then(|| system.parse::<SystemId>().ok()).flatten()?;
    Some(id.to_string())
}

#[derive(Deserialize)]
pub(crate) struct SystemChoice {
    system: String,
    back: String,
}

/// Keeps which system is looked at, and goes back to the page, whose address says it too. Nothing chosen is all.
pub(crate) async fn choose_system(
    asked: Asked,
    form: Result<Form<SystemChoice>, axum::extract::rejection::FormRejection>,
) -> Result<Response, Refusal> {
    let Form(choice) = form.map_err(|_| Refusal::Malformed)?;
    let actor = asked.visit.actor.as_deref().ok_or(Refusal::NotFound)?;
    let chosen = match choice.system.as_str() {
        "" => None,
        id => Some(id.parse::<SystemId>().map_err(|_| Refusal::Malformed)?),
    };
    let (value, age) = match chosen {
        Some(id) => (format!("{}.{id}", actor.organization.id), 31_536_000),
        None => (String::new(), 0),
    };
    let cookie = format!("{SYSTEM_COOKIE}={value}; SameSite=Strict; HttpOnly; Path=/; Max-Age={age}");
    let back = going_back(local(&choice.back), chosen);
    let headers: [(HeaderName, String); 2] = [(header::LOCATION, back), (header::SET_COOKIE, cookie)];
    Ok((StatusCode::SEE_OTHER, headers).into_response())
}

/// The page to go back to, about another system: its first page, as there may be fewer rows.
fn going_back(back: &str, system: Option<SystemId>) -> String {
    let (path, query) = back.split_once('?').unwrap_or((back, ""));
    if !OF_SYSTEM.contains(&path) {
        return back.to_owned();
    }
    let is_other = |pair: &&str| {
        let key = pair.split('=').next().unwrap_or_default();
        !pair.is_empty() && key != SYSTEM && key != "page"
    };
    let kept = query.split('&').filter(is_other).map(str::to_owned);
    let pairs: Vec<String> = kept.chain(system.map(|id| format!("{SYSTEM}={id}"))).collect();
    if pairs.is_empty() { path.to_owned() } else { format!("{path}?{}", pairs.join("&")) }
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
    fn going_back_to_a_list_names_the_system_and_begins_at_its_first_page() {
        let id: SystemId = "00000000-0000-7000-8000-000000000001".parse().expect("an id");
        for (back, system, goes) in [
            ("/controls?q=a&page=3", Some(id), format!("/controls?q=a&system={id}")),
            ("/controls?system=x&q=a", Some(id), format!("/controls?q=a&system={id}")),
            ("/period?system=x&span=12m", None, "/period?span=12m".to_owned()),
            ("/targets?system=x", None, "/targets".to_owned()),
            ("/engagements/1/edit?system=x", Some(id), "/engagements/1/edit?system=x".to_owned()),
        ] {
            assert_eq!(going_back(back, system), goes, "{back}");
        }
    }

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
