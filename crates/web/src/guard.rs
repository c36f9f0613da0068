//! What every answer carries and what every request must bring: request id, security headers, the right host, a
//! session. One layer around everything, so that no route and no error can be without it.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, HeaderName, HeaderValue, LOCATION,
    RETRY_AFTER,
};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use maud::Markup;

use tickmark_app::identity::Access;
use tickmark_app::identity::audit::TurnedAway;
use tickmark_app::{Actor, ActorKind, Error};
use tickmark_core::identity::throttle::Network;
use tickmark_core::zone::Reading;
use tower::ServiceExt as _;

use crate::WebState;
use crate::api::Wanted;
use crate::api::call::show_again;
use crate::api::limit::Left;
use crate::design::frame::Theme;
use crate::design::moment;
use crate::error::Refusal;
use crate::form;
use crate::identity::{self, Who};
use crate::permission::{self, Needs};
use crate::session::cookie;

/// The policy of pages: our own styles, script, fonts, pictures and answers, and nothing else; no inline code.
pub const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; \
    connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/// The policy of downloads, which may hold anything.
pub const SANDBOX: &str = "sandbox; default-src 'none'; frame-ancestors 'none'";
/// The policy of documents that are shown inside our own pages: they run nothing, load nothing, and send nothing. The viewer
/// of a browser draws them, with styles of its own.
pub const FRAMED: &str = "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'";

/// Lets a page show documents of this server in frames; whatever else [`POLICY`] refuses stays refused.
pub(crate) fn with_frames(mut response: Response) -> Response {
    if let Ok(policy) = HeaderValue::from_str(&format!("{POLICY}; frame-src 'self'")) {
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

const HEADERS: [(&str, &str); 7] = [
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("x-frame-options", "DENY"),
    ("x-permitted-cross-domain-policies", "none"),
    (
        "permissions-policy",
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), microphone=(), payment=(), \
         usb=(), browsing-topics=()",
    ),
];

/// The id of a request, for handlers.
#[derive(Clone, Debug)]
pub(crate) struct RequestId(pub(crate) String);

/// Marks an answer that says itself what is wrong.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dressed;

/// A page that is an answer to a form, with its status. It is not replaced by the page of a refusal.
pub(crate) fn answer(status: StatusCode, page: Markup) -> Response {
    let mut response = (status, page).into_response();
    response.extensions_mut().insert(Dressed);
    response
}

/// Refuses what must not pass, answers the rest, and dresses the answer.
pub(crate) async fn guard(State(state): State<WebState>, request: Request, next: Next) -> Response {
    let id = state.next_request_id();
    let theme = theme(request.headers());
    let line = format!("{} {}", request.method(), sayable(request.uri().path()));
    let is_api = is_api(request.uri().path());
    // The body stays out of what is looked at: it may not be shared between threads.
    let (mut parts, body) = request.into_parts();
    let mut left = None;
    let mut member = None;
    let (headers, path) = (parts.headers.clone(), parts.uri.path().to_owned());
    let wanted = if is_api { crate::api::wanted(&parts.method, &path) } else { None };
    let admitted = if is_api {
        admit_to_api(&state, &parts, wanted, &id, &mut left).await
    } else {
        admit(&state, &parts, &id).await
    };
    let response = match admitted {
        Err(Turned::Away(Refusal::SignedOut)) if !is_api => form::keep(&state, &parts, body).await,
        Err(Turned::To(page, back)) if parts.method == Method::POST => {
            match form::keep_for_proof(&state, &parts, body).await {
                Some(kept) => kept,
                None => Turned::To(page, back).into_response(),
            }
        }
        Ok(who) => {
            let elsewhere = match &who {
                Who::Member(actor) => state.elsewhere(actor).await,
                Who::Nobody | Who::Local => Ok(None),
            };
            if matches!(elsewhere, Ok(Some(_))) {
                // What was found in this address for this organization is found anew for the other one.
                parts.extensions = Extensions::new();
            }
            let reading = match &who {
                Who::Member(actor) if !is_api => state.reading(actor).await,
                Who::Member(_) | Who::Nobody | Who::Local => Reading::default(),
            };
            if let Who::Member(actor) = &who {
                // A form that is refused in the end is recorded with whoever sent it.
                member = changes(&parts.method).then(|| actor.clone());
            }
            parts.extensions.insert(who);
            parts.extensions.insert(RequestId(id.clone()));
            if let Some(wanted) = wanted {
                parts.extensions.insert(wanted);
            }
            let changes = changes(&parts.method);
            let request = Request::from_parts(parts, body);
            let response = match elsewhere {
                Ok(None) => moment::read_as(reading, next.run(request)).await,
                Ok(Some(router)) => moment::read_as(reading, router.oneshot(request)).await.into_response(),
                Err(refusal) => refusal.into_response(),
            };
            if changes {
                state.was_done(member.as_ref().map(|actor| actor.id));
            }
            response
        }
        Err(turned) => turned.into_response(),
    };
    let reason = response.extensions().get::<Arc<Refusal>>().and_then(|refusal| match **refusal {
        Refusal::Forged => Some("forged"),
        Refusal::InvitationOver | Refusal::LinkSpent | Refusal::SharedOver => Some("link_over"),
        _ => None,
    });
    if let Some(reason) = reason {
        record_away(&state, member.as_deref(), reason, (&id, &path, &headers)).await;
    }
    let mut response = dress(explain(response, theme, is_api, &id, &line), &state, &id);
    if let Some(left) = left {
        left.say(response.headers_mut());
    }
    response
}

fn changes(method: &Method) -> bool {
    ![Method::GET, Method::HEAD].contains(method)
}

fn is_api(path: &str) -> bool {
    path == "/api" || path.starts_with("/api/")
}

/// Returns a path as the log may have it: of addresses that hold a secret only where they lead.
fn sayable(path: &str) -> &str {
    let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    match first {
        "join" => "/join/***",
        "reset" => "/reset/***",
        "address" => "/address/***",
        "shared" => "/shared/***",
        _ => path,
    }
}

/// What somebody gets who may not pass.
enum Turned {
    /// A refusal.
    Away(Refusal),
    /// Another page first, from which they come back.
    To(&'static str, String),
    /// To another page, for good.
    Straight(&'static str),
}

impl From<Refusal> for Turned {
    fn from(refusal: Refusal) -> Self {
        Self::Away(refusal)
    }
}

impl IntoResponse for Turned {
    fn into_response(self) -> Response {
        match self {
            Self::Away(refusal) => refusal.into_response(),
            Self::Straight(page) => (StatusCode::SEE_OTHER, [(LOCATION, page)]).into_response(),
            Self::To(page, back) => {
                let location = format!("{page}?back={}", crate::design::segment(&back));
                (StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response()
            }
        }
    }
}

/// Names are checked on every request: a page of another name that was rebound to this address gets nothing.
fn check_host(state: &WebState, request: &Parts) -> Result<(), Refusal> {
    let host = request.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("");
    if state.answers_for(host) { Ok(()) } else { Err(Refusal::WrongHost) }
}

/// Lets a program in by its token, or a browser by its session. Everybody else is told so, and led nowhere.
async fn admit_to_api(
    state: &WebState,
    request: &Parts,
    wanted: Option<Wanted>,
    id: &str,
    left: &mut Option<Left>,
) -> Result<Who, Turned> {
    check_host(state, request)?;
    let path = request.uri.path();
    // No record has such a name, and no database takes it.
    if request.uri.to_string().contains("%00") {
        return Err(Refusal::Unfit("the address holds a character that nothing here has".to_owned()).into());
    }
    let is_write = changes(&request.method);
    if wanted.is_none() && !crate::api::methods(path).is_empty() {
        return Err(Refusal::Method.into());
    }
    let Some(app) = state.accounts() else {
        let is_in = !is_write && state.sessions().admits(&request.headers, &state.cookie_name(), state.now());
        return if is_in { Ok(Who::Local) } else { Err(Refusal::NoSession.into()) };
    };
    let now = state.now();
    let actor = match bearer(&request.headers) {
        Some(token) => {
            let address = identity::address(state, &request.headers);
            let network = Network::of(address).to_string();
            let wrong = state.limits().look_wrong(&network, now);
            if !wrong.is_within {
                return Err(Refusal::TooMany(wrong.seconds).into());
            }
            let found = match token {
                Some(token) => {
                    app.resume_token_from(token, id, Some(address)).await.map_err(Refusal::from)?
                }
                None => None,
            };
            if found.is_none() {
                state.limits().count_wrong(&network, now);
                record_away(state, None, "wrong_token", (id, path, &request.headers)).await;
            }
            found
        }
        // A page of another site could have a browser send something with its session. It cannot make it JSON without being
        // asked whether it may, and what a browser says about where it comes from is heeded.
        None if is_write && is_from_elsewhere(&request.headers, state) => {
            return Err(Refusal::Forged.into());
        }
        None => {
            let found = identity::resume(state, &request.headers, id).await?;
            if found.as_ref().is_some_and(identity::is_too_weak) {
                return Err(show_again().into());
            }
            found
        }
    };
    let actor = actor.ok_or(Refusal::NoSession)?;
    if permission::is_auditor(&actor) {
        record_away(state, Some(&actor), "not_for_auditors", (id, path, &request.headers)).await;
        return Err(Refusal::NotFound.into());
    }
    if let Access::Member(signed_in) = &actor.access {
        let counted = state.limits().count(&signed_in.session.to_string(), now);
        *left = Some(counted);
        if !counted.is_within {
            return Err(Refusal::TooMany(counted.seconds).into());
        }
    }
    let wanted = wanted.ok_or(Refusal::NotFound)?;
    let checked = permission::check(app, &actor, wanted.needs()).await;
    checked.map_err(|error| match error {
        Error::StepUp => show_again(),
        error => error.into(),
    })?;
    // What needs no permission of its own may still be for people alone.
    if actor.kind == ActorKind::Program && wanted.is_for_people() {
        record_away(state, Some(&actor), "not_for_tokens", (id, path, &request.headers)).await;
        return Err(Refusal::NotFound.into());
    }
    Ok(Who::Member(Box::new(actor)))
}

/// The token of a request: none if it has no such header, and a none inside if the header holds no token.
fn bearer(headers: &HeaderMap) -> Option<Option<&str>> {
    let value = headers.get(AUTHORIZATION)?;
    let token = value.to_str().ok().and_then(|text| {
        let (scheme, token) = text.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
    });
    Some(token)
}

async fn admit(state: &WebState, request: &Parts, id: &str) -> Result<Who, Turned> {
    check_host(state, request)?;
    if ![Method::GET, Method::HEAD, Method::POST].contains(&request.method) {
        return Err(Refusal::Method.into());
    }
    let is_form = request.method == Method::POST;
    let path = request.uri.path();
    if is_form && is_from_elsewhere(&request.headers, state) {
        return Err(Refusal::Forged.into());
    }
    if path == "/enter" || path.starts_with("/assets/") {
        return Ok(Who::Nobody);
    }
    if state.sessions().admits(&request.headers, &state.cookie_name(), state.now()) {
        return Ok(Who::Local);
    }
    let Some(app) = state.accounts() else { return Err(Refusal::NoSession.into()) };
    let needs = if is_form { permission::needs_to_change(path) } else { permission::needs(path) };
    let member = identity::resume(state, &request.headers, id).await?;
    let back = || request.uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string);
    match (member, needs) {
        (None, Some(Needs::Nothing)) => Ok(Who::Nobody),
        (None, _) if is_form => Err(Refusal::SignedOut.into()),
        (None, _) => Err(Turned::To("/sign-in", back())),
        (Some(_), None) => Err(Refusal::NotFound.into()),
        (Some(actor), Some(_)) if permission::is_auditor(&actor) && !permission::is_for_auditors(path) => {
            // Where everybody comes first, people of an audit firm are led to their engagement.
            if path == "/" && !is_form {
                return Err(Turned::Straight("/engagements"));
            }
            record_away(state, Some(&actor), "not_for_auditors", (id, path, &request.headers)).await;
            Err(Refusal::NotFound.into())
        }
        // Whoever signed in with less than is asked for gets no further than where they can show more.
        (Some(actor), Some(Needs::Session | Needs::Permission(_) | Needs::Reach(_)))
            if identity::is_too_weak(&actor) && !permission::is_own(path) =>
        {
            // A provider showed the first factor; the second is a code, or a passkey.
            let is_half = identity::is_half(&actor);
            Err(if is_half { Turned::To("/step-up", back()) } else { Turned::Straight("/account/passkeys") })
        }
        (Some(actor), Some(needs)) => match permission::check(app, &actor, needs).await {
            Ok(()) => {
                count_costly(state, &actor, path, is_form)?;
                Ok(Who::Member(Box::new(actor)))
            }
            // Where everybody comes first, whoever may not see it is led to what they may.
            Err(Error::Forbidden(_)) if path == "/" => Err(Turned::Straight("/work")),
            Err(Error::StepUp) => Err(Turned::To("/step-up", back())),
            Err(error) => Err(Refusal::from(error).into()),
        },
    }
}

/// Refuses what somebody asks for too often that costs much.
pub(crate) fn count_costly(
    state: &WebState,
    actor: &Actor,
    path: &str,
    is_form: bool,
) -> Result<(), Refusal> {
    let Some((kind, most)) = permission::costly(path, is_form) else { return Ok(()) };
    let left = state.limits().count_costly(kind, most, &actor.id.to_string(), state.now());
    if left.is_within { Ok(()) } else { Err(Refusal::TooMany(left.seconds)) }
}

/// Records that a request was turned away, at most so often in a minute: whoever asks again and again fills no disk.
pub(crate) async fn record_away(
    state: &WebState,
    who: Option<&Actor>,
    reason: &'static str,
    about: (&str, &str, &HeaderMap),
) {
    let Some(app) = state.accounts() else { return };
    let (request, path, headers) = about;
    let network = identity::network(state, headers).to_string();
    let counted = who.map_or_else(|| network.clone(), |actor| actor.id.to_string());
    if !state.limits().count_turned_away(&counted, state.now()).is_within {
        return;
    }
    let place = path.trim_start_matches('/').split('/').next().unwrap_or_default();
    // Only addresses that there are; what else is typed could be anything.
    let place = if permission::needs(path).is_some() { place } else { "" };
    let turned = TurnedAway { reason, place, request, network: &network };
    if let Err(error) = app.record_turned_away(who, turned).await {
        tracing::error!(%error, reason, "a request that was turned away is not recorded");
    }
}

/// Tells whether a form was sent by a page of another site. What a browser does not say is left to the form's token.
pub(crate) fn is_from_elsewhere(headers: &HeaderMap, state: &WebState) -> bool {
    let value = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("unreadable"));
    match (value("sec-fetch-site"), value("origin")) {
        (Some(site), _) => !matches!(site, "same-origin" | "none"),
        // Pages here send no referrer, so a browser may call its own origin null.
        (None, Some("null") | None) => false,
        (None, Some(origin)) => {
            let scheme = if state.is_secure() { "https://" } else { "http://" };
            !origin.strip_prefix(scheme).is_some_and(|host| state.answers_for(host))
        }
    }
}

/// Turns refusals, and failures of parts that know no pages, into pages; logs our own faults once.
fn explain(response: Response, theme: Theme, is_api: bool, id: &str, line: &str) -> Response {
    let status = response.status();
    if response.extensions().get::<Dressed>().is_some() {
        return response;
    }
    let known = response.extensions().get::<Arc<Refusal>>().cloned();
    let refusal = match known {
        Some(refusal) => refusal,
        None if status.is_client_error() || status.is_server_error() => Arc::new(Refusal::of_status(status)),
        None => return response,
    };
    if status.is_server_error() {
        tracing::error!(request_id = id, request = line, reason = %refusal, "request failed");
    }
    let mut response = if is_api {
        crate::api::problem(&refusal, status, id, line)
    } else {
        (status, refusal.page(theme, id)).into_response()
    };
    if let Refusal::TooMany(seconds) = *refusal {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds.max(1)));
    }
    response
}

fn dress(mut response: Response, state: &WebState, id: &str) -> Response {
    let headers = response.headers_mut();
    let is_framed = headers.get(CONTENT_SECURITY_POLICY).is_some_and(|policy| policy == FRAMED);
    for (name, value) in HEADERS {
        let value = if is_framed && name == "x-frame-options" { "SAMEORIGIN" } else { value };
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(POLICY));
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if state.is_secure() {
        let value = HeaderValue::from_static("max-age=31536000; includeSubDomains");
        headers.insert(HeaderName::from_static("strict-transport-security"), value);
    }
    if let Ok(value) = HeaderValue::from_str(id) {
        headers.insert(HeaderName::from_static("x-request-id"), value);
    }
    response
}

/// The colors that the request's cookie chose.
pub(crate) fn theme(headers: &HeaderMap) -> Theme {
    match cookie(headers, THEME_COOKIE) {
        Some("light") => Theme::Light,
        Some("dark") => Theme::Dark,
        _ => Theme::System,
    }
}

/// The cookie that keeps the colors; no secret, and script may set it.
pub(crate) const THEME_COOKIE: &str = "tickmark_theme";
/// The name of the cookie with the system that somebody looks at, behind the number of its organization.
pub(crate) const SYSTEM_COOKIE: &str = "tickmark_system";
