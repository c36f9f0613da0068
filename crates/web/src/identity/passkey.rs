//! Passkeys in the pages: where they work, the buttons, what browsers are asked, and the page of one's own.
//!
//! A page with a passkey button works in three steps: the script asks the server what to ask the browser for, asks the
//! browser, puts the answer into the form and sends it as any other form. Without script, or in a browser without passkeys,
//! the page says what to do instead.

use std::net::IpAddr;

use axum::extract::rejection::FormRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Form, Json};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::json;
use tickmark_app::identity::Access;
use tickmark_app::identity::passkey::{
    self, Attestation, Begun, Kinds, MOST_PASSKEYS, Passkey, Presented, Relying, Wish,
};
use tickmark_app::{Actor, Error};
use tickmark_core::Timestamp;
use tickmark_core::id::PasskeyId;
use tickmark_core::identity::Factor;

use super::account::{is_fresh, within};
use super::sign_in::with_session;
use super::{Caller, go, secret};
use crate::WebState;
use crate::assets;
use crate::design::form::{Faults, Field, Kind, fault_id, fault_of, field, hidden};
use crate::design::frame::Page;
use crate::design::{block, moment};
use crate::error::Refusal;
use crate::form::{self, Sent, token_for};
use crate::guard::Dressed;
use crate::visit::Asked;

/// What people are told whom their browser asks for.
const NAME: &str = "Tickmark";
/// The page of one's own passkeys.
pub(super) const HOME: &str = "/account/passkeys";

/// Whether passkeys work at the address at which somebody is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Works {
    /// They do.
    Here(Relying),
    /// At another address of this server: scheme, host and port.
    At(String),
    /// At none.
    Nowhere,
}

/// Tells whether passkeys work where a request was sent to. Browsers bind a passkey to a host name, by HTTPS or on the
/// machine itself; so there is one address for each server, the first of its settings.
pub(crate) fn works(state: &WebState, headers: &HeaderMap) -> Works {
    let Some((scheme, host)) = state.passkey_host() else { return Works::Nowhere };
    let here = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let origin = format!("{scheme}://{host}");
    if !here.eq_ignore_ascii_case(&host) {
        return Works::At(origin);
    }
    Works::Here(Relying { id: name_of(&host).to_lowercase(), origin, name: NAME.to_owned() })
}

/// A host without its port.
fn name_of(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') => name,
        _ => host,
    }
}

/// Tells whether a host is a name, not an address.
pub(crate) fn is_name(host: &str) -> bool {
    let name = name_of(host);
    !name.is_empty() && !name.starts_with('[') && name.parse::<IpAddr>().is_err()
}

impl Works {
    fn here(&self) -> Result<&Relying, Refusal> {
        match self {
            Self::Here(relying) => Ok(relying),
            Self::At(_) | Self::Nowhere => {
                Err(Refusal::Unfit("passkeys do not work at this address".to_owned()))
            }
        }
    }
}

/// What a passkey button does.
#[derive(Clone, Copy)]
pub(super) enum Does {
    /// Shows a passkey that is there.
    Show,
    /// Makes one.
    Make,
}

/// A button that puts a passkey into the form around it. `options` is where the script asks what to ask for, with these
/// `fields` of the form; `instead` says what to do where there are no passkeys.
pub(super) struct Button<'a> {
    pub(super) does: Does,
    pub(super) words: &'a str,
    pub(super) is_primary: bool,
    pub(super) options: &'a str,
    pub(super) fields: &'a str,
    pub(super) instead: &'a str,
}

/// Draws a passkey button, or what is said in its place. `here` is the address of the page.
pub(super) fn button(of: &Button<'_>, works: &Works, here: &str) -> Markup {
    match works {
        Works::Here(_) => html! {
            (hidden("ceremony", "")) (hidden("answer", ""))
            p.row {
                button type="submit" name="with" value="passkey" formnovalidate class={ "button" (if of.is_primary { " primary" } else { "" }) }
                    data-passkey=(match of.does { Does::Show => "show", Does::Make => "make" }) data-options=(of.options) data-fields=(of.fields) { (of.words) }
            }
            p.hint.says role="status" data-none={ "This browser has no passkeys. " (of.instead) } {}
            noscript { p.hint { "Passkeys need JavaScript. " (of.instead) } }
        },
        Works::At(address) => html! {
            p.hint { "Passkeys work at " a href={ (address) (here) } { (address) } ", not at this address: a browser binds them to a host name. " (of.instead) }
        },
        Works::Nowhere => html! {
            p.hint { "Passkeys do not work on this server: browsers have them only where it is reached by HTTPS under a name. Whoever runs it sets that with " code { "--url" } ". " (of.instead) }
        },
    }
}

/// The script of pages that have such a button.
pub(super) fn script() -> Markup {
    html! { script type="module" src=(assets::href("passkey.js")) {} }
}

/// What a form says about a passkey.
pub(super) struct Given<'a> {
    /// The button that was pressed.
    pub(super) with: &'a str,
    pub(super) ceremony: &'a str,
    pub(super) answer: &'a str,
}

impl Given<'_> {
    /// Tells whether the form was sent by the passkey button.
    pub(super) fn is_meant(&self) -> bool {
        self.with == "passkey"
    }
}

/// Returns the answer of this browser, to be examined.
pub(super) fn presented<'a>(
    state: &WebState,
    headers: &HeaderMap,
    works: &'a Works,
    given: &Given<'a>,
) -> Result<Presented<'a>, Refusal> {
    let browser = form::browser(state, headers).ok_or(Refusal::Forged)?;
    Ok(Presented { ceremony: given.ceremony, answer: given.answer, browser, relying: works.here()? })
}

/// Tells the script what to ask the browser for, or what is wrong.
fn told(begun: tickmark_app::Result<Begun>) -> Result<Response, Refusal> {
    let (status, says) = match begun {
        Ok(begun) => {
            return Ok(Json(json!({"ceremony": begun.ceremony, "options": begun.options})).into_response());
        }
        Err(Error::Invalid(says)) => (StatusCode::UNPROCESSABLE_ENTITY, says),
        Err(Error::Conflict(says)) => (StatusCode::CONFLICT, says),
        Err(Error::StepUp) => {
            (StatusCode::FORBIDDEN, "show once more that it is you: load this page again".to_owned())
        }
        Err(error) => return Err(error.into()),
    };
    let mut response = (status, Json(json!({"problem": says}))).into_response();
    response.extensions_mut().insert(Dressed);
    Ok(response)
}

/// What the script sends that knows nobody yet.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asking {
    form: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    again: String,
}

/// What to ask for to sign in.
pub(super) async fn for_sign_in(
    State(state): State<WebState>,
    caller: Caller,
    asking: Result<Form<Asking>, FormRejection>,
) -> Result<Response, Refusal> {
    let Form(asking) = asking.map_err(|_| Refusal::Malformed)?;
    form::check(&state, &caller.headers, &asking.form)?;
    let works = works(&state, &caller.headers);
    let browser = form::browser(&state, &caller.headers).ok_or(Refusal::Forged)?;
    told(caller.app.begin_passkey_sign_in(works.here()?, browser, &caller.origin).await)
}

/// What to ask for to show once more who one is.
pub(super) async fn for_step_up(
    State(state): State<WebState>,
    caller: Caller,
    asking: Result<Form<Asking>, FormRejection>,
) -> Result<Response, Refusal> {
    let Form(asking) = asking.map_err(|_| Refusal::Malformed)?;
    form::check(&state, &caller.headers, &asking.form)?;
    let works = works(&state, &caller.headers);
    let browser = form::browser(&state, &caller.headers).ok_or(Refusal::Forged)?;
    let actor = caller.member()?;
    told(caller.app.begin_passkey_step_up(actor, works.here()?, browser, &caller.origin).await)
}

/// What to ask for to join.
pub(super) async fn for_joining(
    State(state): State<WebState>,
    Path(link): Path<String>,
    caller: Caller,
    asking: Result<Form<Asking>, FormRejection>,
) -> Result<Response, Refusal> {
    let secret = secret(&link).ok_or(Refusal::InvitationOver)?;
    let Form(asking) = asking.map_err(|_| Refusal::Malformed)?;
    form::check(&state, &caller.headers, &asking.form)?;
    let works = works(&state, &caller.headers);
    let browser = form::browser(&state, &caller.headers).ok_or(Refusal::Forged)?;
    if asking.password != asking.again {
        return told(Err(Error::invalid(super::pages::DIFFER)));
    }
    let typed = (asking.email.as_str(), asking.name.as_str(), asking.password.as_str());
    let (app, relying) = (&caller.app, works.here()?);
    told(app.begin_joining_with_passkey(&secret, typed, relying, browser, &caller.origin).await)
}

/// What to ask for to have another passkey.
pub(super) async fn for_adding(
    State(state): State<WebState>,
    asked: Asked,
    caller: Caller,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    sent.only(&["name", "attested"])?;
    let works = works(&state, &caller.headers);
    let browser = form::browser(&state, &caller.headers).ok_or(Refusal::Forged)?;
    let wish = if sent.text("attested") == "yes" { Wish::Attested } else { Wish::Any };
    told(app.begin_adding_passkey(actor, wish, (works.here()?, browser), &caller.origin).await)
}

struct View {
    passkeys: Vec<Passkey>,
    kinds: Kinds,
    works: Works,
    is_fresh: bool,
    /// With what they signed in, where that is less than the organization asks for.
    too_weak: Option<Factor>,
    now: Timestamp,
}

impl View {
    /// Tells whether they have one that the organization accepts.
    fn has_enough(&self) -> bool {
        let counts = |one: &Passkey| !self.kinds.must_be_attested || one.accepted_as.is_some();
        self.passkeys.iter().any(counts)
    }
}

async fn look(state: &WebState, asked: &Asked, headers: &HeaderMap) -> Result<View, Refusal> {
    let (app, actor) = asked.member(state)?;
    let (passkeys, kinds) =
        app.read(actor, async |view| Ok((passkey::mine(view).await?, passkey::kinds(view).await?))).await?;
    let factor = match &actor.access {
        Access::Member(member) => member.subject.assurance.factor,
        Access::Local => Factor::Password,
    };
    Ok(View {
        passkeys,
        kinds,
        works: works(state, headers),
        is_fresh: is_fresh(actor, state.now()),
        too_weak: is_too_weak(actor).then_some(factor),
        now: app.now(),
    })
}

/// Tells whether somebody signed in with less than their organization asks for.
pub(crate) fn is_too_weak(actor: &Actor) -> bool {
    match &actor.access {
        Access::Member(member) if member.subject.token.is_none() => {
            member.subject.assurance.factor < member.subject.required
        }
        Access::Member(_) | Access::Local => false,
    }
}

/// Tells whether somebody showed one factor only, at an identity provider.
pub(crate) fn is_half(actor: &Actor) -> bool {
    matches!(&actor.access, Access::Member(member) if member.subject.token.is_none()
        && member.subject.assurance.factor == Factor::Password)
}

/// The page of one's own passkeys.
pub(super) async fn page(
    State(state): State<WebState>,
    asked: Asked,
    caller: Caller,
) -> Result<Response, Refusal> {
    let view = look(&state, &asked, &caller.headers).await?;
    let page = draw(&view, &asked.token, None, &Typed::default());
    Ok(asked.frame(&state, &page).await?.into_response())
}

/// A name that was refused.
#[derive(Debug, Default)]
struct Typed {
    /// The passkey that was to be called so; none for a new one.
    of: Option<PasskeyId>,
    name: String,
    faults: Faults,
}

/// The field that a word of a refusal stands for.
const ABOUT: [(&str, &str); 1] = [("the name", "name")];

/// Adds a passkey.
pub(super) async fn add(
    State(state): State<WebState>,
    asked: Asked,
    caller: Caller,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    sent.only(&["name", "attested", "with", "ceremony", "answer"])?;
    let name = sent.text("name");
    let works = works(&state, &caller.headers);
    let given = Given { with: "passkey", ceremony: sent.raw("ceremony"), answer: sent.raw("answer") };
    let mut faults = Faults::default();
    if name.is_empty() {
        faults.add("name", "give it a name by which you know it");
    } else {
        let presented = presented(&state, &caller.headers, &works, &given)?;
        match app.add_passkey(actor, presented, &name).await {
            Ok(token) => {
                let view = look(&state, &asked, &caller.headers).await?;
                let says = "The passkey is added";
                let page = draw(&view, &token_for(&token), Some(says), &Typed::default());
                return Ok(with_session(&state, &token, asked.frame(&state, &page).await?.into_response()));
            }
            Err(Error::StepUp) => return Ok(go("/step-up?back=/account/passkeys")),
            Err(Error::Invalid(says) | Error::Conflict(says)) => faults = Faults::about(says, &ABOUT),
            Err(error) => return Err(error.into()),
        }
    }
    let view = look(&state, &asked, &caller.headers).await?;
    let page = draw(&view, &asked.token, None, &Typed { of: None, name, faults });
    asked.frame_refused(&state, StatusCode::UNPROCESSABLE_ENTITY, &page).await
}

/// Calls a passkey something else, or removes it.
pub(super) async fn act(
    State(state): State<WebState>,
    Path((id, act)): Path<(String, String)>,
    asked: Asked,
    caller: Caller,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let id = id.parse().map_err(|_| Refusal::NotFound)?;
    let name = sent.text("name");
    let done = match act.as_str() {
        "name" => {
            sent.only(&["name"])?;
            app.transact(actor, async |cx| passkey::rename(cx, id, &name).await).await.map(|()| None)
        }
        "remove" => {
            sent.only(&[])?;
            app.transact(actor, async |cx| passkey::remove(cx, id).await).await.map(Some)
        }
        _ => return Err(Refusal::NotFound),
    };
    match done {
        Ok(None) => Ok(go(HOME)),
        Ok(Some(token)) => Ok(with_session(&state, &token, go(HOME))),
        Err(Error::StepUp) => Ok(go("/step-up?back=/account/passkeys")),
        Err(Error::Invalid(says) | Error::Conflict(says)) => {
            let view = look(&state, &asked, &caller.headers).await?;
            let typed = Typed { of: Some(id), name, faults: Faults::about(says, &ABOUT) };
            let page = draw(&view, &asked.token, None, &typed);
            asked.frame_refused(&state, StatusCode::CONFLICT, &page).await
        }
        Err(error) => Err(error.into()),
    }
}

fn draw(view: &View, token: &str, says: Option<&str>, typed: &Typed) -> Page {
    let (name, fault) = match typed.of {
        None => (typed.name.as_str(), typed.faults.of("name")),
        Some(_) => ("", None),
    };
    let models = view.kinds.models.join(", ");
    let attested_hint = format!("{models}. Your browser asks whether it may say what the device is.");
    let add = html! {
        @if view.kinds.must_be_attested {
            p { "Your organization accepts: " (models) ". Your browser asks whether it may say what the device is; let it." }
        }
        (field(&Field { name: "name", label: "Name", value: name, fault, max: 200, hint: "By which you know it, such as the device it is on.", ..Field::default() }))
        @if !view.kinds.must_be_attested && !models.is_empty() {
            (field(&Field { name: "attested", label: "It is of a model that the organization accepts as attested", kind: Kind::Check, hint: &attested_hint, ..Field::default() }))
        }
        (button(&Button { does: Does::Make, words: "Add a passkey", is_primary: true, options: "/account/passkeys/options", fields: "form name attested", instead: "You sign in with password and code instead." }, &view.works, HOME))
    };
    let body = html! {
        @if let Some(says) = says { div.card role="status" { p { (says) "." } } }
        (typed.faults.summary())
        @if let Some(factor) = view.too_weak { (too_weak(view, factor)) }
        (block("passkeys", "Your passkeys", &html! {}, &html! {
            @if view.passkeys.is_empty() {
                p.muted { "You have none. A passkey stands for password and code together: your device shows that it is you, by finger, face or PIN, and no false page can ask for it." }
            } @else {
                @for one in &view.passkeys { (row(one, &view.kinds, token, view.now, typed)) }
            }
        }))
        @if view.passkeys.len() >= MOST_PASSKEYS {
            p.muted { "You have as many as anybody may. Remove one that you do not use before you add another." }
        } @else {
            (block("add", "Add a passkey", &html! {}, &html! {
                div.narrow {
                    @if view.is_fresh {
                        form.card method="post" action=(HOME) { (hidden("form", token)) (add) }
                    } @else {
                        p { "Adding one needs a fresh proof that it is you." }
                        p.row { a.button.primary href="/step-up?back=/account/passkeys" { "Show that it is you" } }
                    }
                }
            }))
        }
        (script())
    };
    let mut page = within("Your passkeys", body);
    page.lead = html! { "Have two, on different devices, so that losing one does not keep you out." };
    page
}

/// What is said to whoever signed in with less than is asked for, and what to do about it.
fn too_weak(view: &View, factor: Factor) -> Markup {
    html! {
        div.card role="status" {
            p {
                @if !view.kinds.must_be_attested { "Your organization asks for a passkey, and you signed in without one. " }
                @else if factor >= Factor::Passkey { "Your organization asks for an attested passkey, and the one that you signed in with is not one that it accepts. " }
                @else { "Your organization asks for an attested passkey, and you signed in without one. " }
                @if view.has_enough() { "Show it, and the rest of the pages opens." }
                @else if view.kinds.must_be_attested && factor < Factor::Passkey && !view.passkeys.is_empty() { "Show one that you have, then add one that is accepted." }
                @else { "Add one below, then show it: the rest of the pages opens then." }
            }
            @if !view.passkeys.is_empty() { p.row { a.button.primary href="/step-up?back=/" { "Show a passkey" } } }
        }
    }
}

/// What the organization thinks of a passkey; empty where it accepts none as attested.
fn attested(one: &Passkey, kinds: &Kinds) -> String {
    if kinds.models.is_empty() {
        return String::new();
    }
    match (&one.accepted_as, one.attestation) {
        (Some(model), _) => format!(" Attested: {model}."),
        (None, Attestation::Basic | Attestation::Authority) if !one.is_synced => {
            " Not attested: the organization does not accept its maker or its model, or it was not shown here since it does.".to_owned()
        }
        (None, _) => " Not attested: no maker vouches for it.".to_owned(),
    }
}

fn row(one: &Passkey, kinds: &Kinds, token: &str, now: Timestamp, typed: &Typed) -> Markup {
    let action = |act: &str| format!("{HOME}/{}/{act}", one.id);
    let id = format!("name-{}", one.id);
    let fault = typed.faults.of("name").filter(|_| typed.of == Some(one.id));
    let name = if fault.is_some() { &typed.name } else { &one.name };
    html! {
        article.card.passkey aria-labelledby={ "passkey-" (one.id) } {
            div {
                h3 id={ "passkey-" (one.id) } { (one.name) }
                p.muted {
                    "Added " (moment::ago(one.added_at, now)) ". "
                    @match one.used_at { Some(at) => { "Last shown " (moment::ago(at, now)) "." } None => { "Not shown yet." } }
                    @if one.is_synced { " It can be on several of your devices." } @else { " It is on one device only." }
                    (attested(one, kinds))
                }
            }
            form.row method="post" action=(action("name")) {
                (hidden("form", token))
                label.visually-hidden for=(id) { "New name of " (one.name) }
                input id=(id) name="name" value=(name) maxlength="200" required autocomplete="off" aria-invalid=[fault.map(|_| "true")] aria-describedby=[fault.map(|_| fault_id(&id))];
                button.button type="submit" { "Rename" span.visually-hidden { " " (one.name) } }
                (fault_of(&id, fault))
            }
            form.row method="post" action=(action("remove")) {
                (hidden("form", token))
                button.button type="submit" { "Remove" span.visually-hidden { " " (one.name) } }
            }
        }
    }
}

/// By what somebody who is in can show once more that it is them.
pub(super) struct Ways {
    pub(super) works: Works,
    pub(super) has_passkeys: bool,
    /// Whether nothing less than a passkey does, as the session was begun with one.
    pub(super) needs_passkey: bool,
    /// The identity provider through which the session was begun, by name.
    pub(super) through: Option<String>,
    /// Whether it showed one factor only, so that a code is the second.
    pub(super) is_half: bool,
    /// Whether they have an authenticator app here.
    pub(super) has_app: bool,
}

/// Returns by what somebody who is in can show once more that it is them.
pub(super) async fn ways(state: &WebState, actor: &Actor, works: Works) -> Result<Ways, Refusal> {
    let Some(app) = state.accounts() else { return Err(Refusal::NotFound) };
    let (count, has_app) = app
        .read(actor, async |view| {
            let count = passkey::mine(view).await?.len();
            Ok((count, tickmark_app::identity::people::own_ways(view).await?.1))
        })
        .await?;
    let through = app.provider_of_session(actor).await?.map(|(_, name)| name);
    let needs_passkey =
        matches!(&actor.access, Access::Member(member) if member.subject.assurance.factor >= Factor::Passkey);
    let is_half = is_half(actor) && through.is_some();
    Ok(Ways { works, has_passkeys: count > 0, needs_passkey, through, is_half, has_app })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passkeys_are_bound_to_names() {
        for (host, name) in [("localhost:8143", true), ("tickmark.example", true), ("a.b:443", true)] {
            assert_eq!(is_name(host), name, "{host}");
        }
        for host in ["127.0.0.1:8143", "10.0.0.7", "[::1]:8143", "[::1]", "", ":80"] {
            assert!(!is_name(host), "{host}");
        }
        assert_eq!(
            (name_of("localhost:8143"), name_of("[::1]"), name_of("a.b")),
            ("localhost", "[::1]", "a.b")
        );
    }
}
