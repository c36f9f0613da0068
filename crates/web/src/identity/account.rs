//! One's own account: who one is here, where one is signed in, and what one signs in with.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use tickmark_app::identity::Access;
use tickmark_app::identity::people::{self, Changed, Happening};
use tickmark_app::identity::session::{self, Place as Home, Session, SignIn};
use tickmark_app::{Actor, Error};
use tickmark_core::Timestamp;
use tickmark_core::id::SessionId;
use tickmark_core::identity::password::{MAX_CHARS, MIN_WITH_SECOND};
use tickmark_core::identity::{Atom, Resource, Role, STEP_UP_US, Verb};

use super::sign_in::{seconds, with_session};
use super::{Caller, go, pages, wait};
use crate::WebState;
use crate::design::form::{Faults, Field, Kind, button, field, form, send};
use crate::design::frame::{Page, Place};
use crate::design::table::plain;
use crate::design::{block, moment};
use crate::error::Refusal;
use crate::form::{Sent, token_for};
use crate::visit::Asked;

struct View {
    name: String,
    organization: String,
    roles: Vec<Role>,
    own: SessionId,
    sessions: Vec<Session>,
    places: Vec<Home>,
    codes_left: u32,
    passkeys: usize,
    has_app: bool,
    email: String,
    happenings: Vec<Happening>,
    has_tokens: bool,
    now: Timestamp,
}

/// The page.
pub(super) async fn page(State(state): State<WebState>, asked: Asked) -> Result<Markup, Refusal> {
    let view = look(&state, &asked).await?;
    asked.frame(&state, &draw(&view, &asked.token, None, &Faults::default())).await
}

async fn look(state: &WebState, asked: &Asked) -> Result<View, Refusal> {
    let (app, actor) = asked.member(state)?;
    let Access::Member(signed_in) = &actor.access else { return Err(Refusal::NotFound) };
    let (sessions, codes_left, passkeys, places, (email, has_app), happenings) = app
        .read(actor, async |view| {
            let passkeys = tickmark_app::identity::passkey::mine(view).await?.len();
            let codes_left = session::codes_left(view).await?;
            let own = people::own_ways(view).await?;
            Ok((
                session::mine(view).await?,
                codes_left,
                passkeys,
                session::places(view).await?,
                own,
                people::own_happenings(view).await?,
            ))
        })
        .await?;
    Ok(View {
        name: actor.label.clone(),
        organization: actor.organization.name.clone(),
        roles: signed_in.subject.roles.iter().copied().collect(),
        own: signed_in.session,
        sessions,
        places,
        codes_left,
        passkeys,
        has_app,
        email,
        happenings,
        has_tokens: asked.may(Atom::new(Resource::Token, Verb::Read)),
        now: app.now(),
    })
}

/// Ends one session.
pub(super) async fn end_one(
    State(state): State<WebState>,
    Path(id): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    sent.only(&[])?;
    let id = id.parse().map_err(|_| Refusal::NotFound)?;
    app.transact(actor, async |cx| session::revoke(cx, id).await).await?;
    Ok(go("/account"))
}

/// Ends all sessions but this one.
pub(super) async fn end_others(
    State(state): State<WebState>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    sent.only(&[])?;
    app.transact(actor, async |cx| session::revoke_others(cx).await).await?;
    Ok(go("/account"))
}

/// Changes one's name.
pub(super) async fn rename(
    State(state): State<WebState>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    sent.only(&["name"])?;
    let name = sent.text("name");
    match app.transact(actor, async |cx| people::rename(cx, &name).await).await {
        Ok(()) => Ok(go("/account")),
        Err(Error::Invalid(says)) => {
            let mut faults = Faults::default();
            faults.add("name", says);
            let mut view = look(&state, &asked).await?;
            view.name = name;
            let page = draw(&view, &asked.token, None, &faults);
            asked.frame_refused(&state, StatusCode::UNPROCESSABLE_ENTITY, &page).await
        }
        Err(error) => Err(error.into()),
    }
}

/// Goes to another organization: another session.
pub(super) async fn switch(
    State(state): State<WebState>,
    asked: Asked,
    caller: Caller,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    sent.only(&["organization"])?;
    let to = sent.text("organization").parse().map_err(|_| Refusal::NotFound)?;
    match app.switch(actor, to, &caller.origin).await {
        Ok(token) => Ok(with_session(&state, &token, go("/"))),
        Err(Error::StepUp) => Ok(go("/step-up?back=/account")),
        Err(error) => Err(error.into()),
    }
}

/// The page on which one changes one's password. It asks for a fresh proof before anything is typed.
pub(super) async fn password_page(State(state): State<WebState>, asked: Asked) -> Result<Response, Refusal> {
    let (_, actor) = asked.member(&state)?;
    if !is_fresh(actor, state.now()) {
        return Ok(go("/step-up?back=/account/password"));
    }
    let page = draw_password(&asked.token, &Faults::default());
    Ok(asked.frame(&state, &page).await?.into_response())
}

/// Changes one's password.
pub(super) async fn password(
    State(state): State<WebState>,
    asked: Asked,
    caller: Caller,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    sent.only(&["current", "password", "again"])?;
    let mut faults = Faults::default();
    if sent.raw("password") != sent.raw("again") {
        faults.add("again", "the two passwords differ");
    } else {
        match app.change_password(actor, sent.raw("current"), sent.raw("password"), &caller.origin).await {
            Ok(Changed::Done(token)) => {
                // The page belongs to the session's new cookie.
                let view = look(&state, &asked).await?;
                let says = "Your password is changed, and you are signed out everywhere else";
                let page = draw(&view, &token_for(&token), Some(says), &Faults::default());
                return Ok(with_session(&state, &token, asked.frame(&state, &page).await?.into_response()));
            }
            Ok(Changed::Not(SignIn::Wait(waits))) => {
                let markup = asked
                    .frame(&state, &draw_password(&asked.token, &Faults::whole(SignIn::wait_words(waits))))
                    .await?;
                return Ok(wait(seconds(waits), markup));
            }
            Ok(Changed::Not(_)) => faults.add("current", "this is not your password"),
            Err(Error::StepUp) => return Ok(go("/step-up?back=/account/password")),
            Err(Error::Invalid(says)) => faults.add("password", says),
            Err(Error::Unavailable { what, source: None }) => faults = Faults::whole(what),
            Err(error) => return Err(error.into()),
        }
    }
    let page = draw_password(&asked.token, &faults);
    asked.frame_refused(&state, StatusCode::UNPROCESSABLE_ENTITY, &page).await
}

/// The page on which one renews one's recovery codes.
pub(super) async fn codes_page(State(state): State<WebState>, asked: Asked) -> Result<Response, Refusal> {
    let (_, actor) = asked.member(&state)?;
    if !is_fresh(actor, state.now()) {
        return Ok(go("/step-up?back=/account/codes"));
    }
    let view = look(&state, &asked).await?;
    let body = html! {
        div.narrow { (form("/account/codes", &asked.token, &html! {
            p { "You get ten new codes, shown once. The " (view.codes_left) " that you have now stop working." }
            (send("Make new codes", "/account"))
        })) }
    };
    Ok(asked.frame(&state, &within("New recovery codes", body)).await?.into_response())
}

/// Renews one's recovery codes; they are shown this once.
pub(super) async fn codes(
    State(state): State<WebState>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    sent.only(&[])?;
    let renewed = match app.transact(actor, async |cx| people::renew_codes(cx).await).await {
        Ok(renewed) => renewed,
        Err(Error::StepUp) => return Ok(go("/step-up?back=/account/codes")),
        Err(error) => return Err(error.into()),
    };
    let body = html! {
        p { "Each works once in place of a code when your authenticator is lost. " strong { "They are shown only now" } ": print them, or keep them where your password is not." }
        ol.codes { @for code in &renewed.codes { li { code { (code.as_str()) } } } }
        p.row { a.button.primary href="/account" { "I have kept them" } }
    };
    let page = asked.frame(&state, &within("Your new recovery codes", body)).await?;
    Ok(with_session(&state, &renewed.token, page.into_response()))
}

/// Tells whether somebody showed a moment ago that it is them.
pub(super) fn is_fresh(actor: &Actor, now: Timestamp) -> bool {
    let Access::Member(signed_in) = &actor.access else { return false };
    let age = now.micros() - signed_in.subject.assurance.proven_at.micros();
    (0..STEP_UP_US).contains(&age)
}

/// A page under that of the account.
pub(super) fn within(title: &str, body: Markup) -> Page {
    let mut page = Page::new(Place::Account, title, body);
    page.crumbs = vec![("Your account".into(), "/account".into())];
    page
}

fn draw_password(token: &str, faults: &Faults) -> Page {
    let secret = |name, label, complete, hint| {
        field(&Field {
            name,
            label,
            kind: Kind::Input("password"),
            complete,
            hint,
            fault: faults.of(name),
            max: MAX_CHARS,
            ..Field::default()
        })
    };
    let hint =
        format!("At least {MIN_WITH_SECOND} characters; longer is better. Nothing else is asked of it.");
    let body = html! {
        (faults.summary())
        (secret("current", "Password that you have", "current-password", ""))
        (secret("password", "New password", "new-password", &hint))
        (secret("again", "The same once more", "new-password", ""))
        (send("Change the password", "/account"))
    };
    let mut page =
        within("Change your password", html! { div.narrow { (form("/account/password", token, &body)) } });
    page.lead =
        html! { "You stay signed in here, and are signed out everywhere else, in every organization." };
    page
}

fn draw(view: &View, token: &str, says: Option<&str>, faults: &Faults) -> Page {
    let others: Vec<&Home> = view.places.iter().filter(|place| !place.is_here).collect();
    let name = html! {
        (field(&Field { name: "name", id: "own-name", label: "Your name", complete: "name", value: &view.name, fault: faults.of("name"), max: 200, hint: "As others see it, in every organization that you are in.", ..Field::default() }))
        p.row { button.button type="submit" { "Change the name" } }
    };
    let body = html! {
        @if let Some(says) = says { div.card role="status" { p { (says) "." } } }
        (faults.summary())
        (block("roles", "Your roles", &html! { "in " (view.organization) }, &html! {
            @if view.roles.is_empty() { p.muted { "None. Ask an owner or an administrator to give you one." } }
            @else {
                (plain("Your roles", &["Role", "What it is for"], view.roles.iter().map(|role| vec![html! { strong { (role.name()) } }, html! { (pages::meaning(*role)) }]).collect()))
            }
        }))
        @if !others.is_empty() {
            (block("organizations", "Other organizations", &html! {}, &html! {
                p.muted { "Going there is another session; the one here ends." }
                @for place in others {
                    form.inline method="post" action="/account/organization" {
                        (crate::design::form::hidden("form", token)) (crate::design::form::hidden("organization", &place.id.to_string()))
                        button.button type="submit" { "Go to " (place.name) }
                    }
                }
            }))
        }
        (block("sessions", "Where you are signed in", &html! {}, &sessions(view, token)))
        @if !view.happenings.is_empty() { (block("lately", "What happened to your account", &html! {}, &happenings(view))) }
        (block("credentials", "What you sign in with", &html! {}, &html! {
            dl.facts {
                dt { "Passkeys" } dd { @match view.passkeys { 0 => { "None. " a href="/account/passkeys" { "Add a passkey" } } count => { (count) ". " a href="/account/passkeys" { "Look at them, or add another" } } } }
                dt { "E-mail address" } dd { (view.email) ". " a href="/account/address" { "Change it" } }
                dt { "Authenticator app" } dd { @if view.has_app { "One. " a href="/account/authenticator" { "Replace or remove it" } } @else { "None. " a href="/account/authenticator" { "Add one" } } }
                dt { "Password" } dd { a href="/account/password" { "Change your password" } }
                @if view.has_tokens { dt { "Programs" } dd { a href="/account/tokens" { "API tokens" } } }
                dt { "Recovery codes" } dd { (view.codes_left) " of 10 are left. " a href="/account/codes" { "Make new ones" } @if view.codes_left < 3 { " before they are used up." } }
            }
        }))
        (block("time", "Time and reminders", &html! {}, &html! {
            p { "Times are shown in " strong { (crate::design::moment::zone()) } ". " a href="/account/reminders" { "Change the time zone, and how you are reminded" } }
        }))
        (block("name", "Your name", &html! {}, &html! { div.narrow { (form("/account/name", token, &name)) } }))
    };
    let mut page = Page::new(Place::Account, "Your account", body);
    page.lead = html! { strong { (view.name) } ", " (view.organization) };
    page.actions = button("/sign-out", token, "Sign out", "");
    page
}

/// What happened lately, so that somebody notices what they did not do themselves.
fn happenings(view: &View) -> Markup {
    let rows = view.happenings.iter().map(|one| {
        vec![
            html! { (moment::ago(one.at, view.now)) },
            html! { (one.says) },
            html! { @if one.is_own { "You" } @else { strong { "Not you" } } },
        ]
    });
    html! {
        (plain("What happened to your account", &["When", "What", "By"], rows.collect()))
        p.muted { "Something here that you neither did nor asked for? Tell whoever looks after Tickmark where you work." }
    }
}

fn sessions(view: &View, token: &str) -> Markup {
    let rows = view.sessions.iter().map(|session| {
        vec![
            html! { (pages::browser(&session.agent)) @if session.id == view.own { " " span.muted { "This one" } } },
            html! { (moment::exact(session.begun_at)) },
            html! { (moment::ago(session.seen_at, view.now)) },
            html! { code { (session.network) } },
            html! { @if session.id != view.own { (button(&format!("/account/sessions/{}", session.id), token, "End", &format!("the session since {}", moment::written(session.begun_at)))) } },
        ]
    });
    html! {
        (plain("Where you are signed in", &["Browser", "Since", "Last seen", "From", "Action"], rows.collect()))
        @if view.sessions.len() > 1 { p.row { (button("/account/sessions", token, "End all others", "")) } }
    }
}
