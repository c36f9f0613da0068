//! One's own API tokens: made, shown once, revoked. Owners and administrators see those of everybody.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use tickmark_app::Error;
use tickmark_app::identity::token::{self, Token};
use tickmark_app::identity::{System, people, session, system};
use tickmark_core::Timestamp;
use tickmark_core::id::{MembershipId, SystemId};
use tickmark_core::identity::token::{AddressRange, DEFAULT_TOKEN_DAYS, Given, MAX_TOKEN_DAYS};
use tickmark_core::identity::{Atom, Resource, Verb};

use super::account::within;
use super::{go, prove_first};
use crate::WebState;
use crate::design::form::{Faults, Field, Kind, button, field, form};
use crate::design::frame::Page;
use crate::design::table::plain;
use crate::design::{block, digest, moment};
use crate::error::Refusal;
use crate::form::Sent;
use crate::visit::Asked;

const PATH: &str = "/account/tokens";

struct View {
    tokens: Vec<Token>,
    names: BTreeMap<MembershipId, String>,
    own: MembershipId,
    given: Vec<Atom>,
    /// Systems that a token of theirs may be for.
    to_give: Vec<System>,
    /// Names of all systems.
    systems: BTreeMap<SystemId, String>,
    may_make: bool,
    may_revoke: bool,
    now: Timestamp,
}

#[derive(Default)]
struct Outcome {
    /// A token that was just made.
    made: Option<String>,
    faults: Faults,
    name: String,
    atoms: String,
    systems: String,
    addresses: String,
    days: String,
}

/// The page.
pub(super) async fn page(State(state): State<WebState>, asked: Asked) -> Result<Markup, Refusal> {
    let view = look(&state, &asked).await?;
    let outcome = Outcome { days: DEFAULT_TOKEN_DAYS.to_string(), ..Outcome::default() };
    asked.frame(&state, &draw(&view, &asked.token, &outcome)).await
}

/// Makes a token; it is shown this once.
pub(super) async fn make(
    State(state): State<WebState>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    sent.only(&["name", "atom", "system", "addresses", "days"])?;
    let (name, days, addresses) = (sent.text("name"), sent.text("days"), sent.text("addresses"));
    let atoms: BTreeSet<Atom> = chosen(&sent, "atom")?;
    let systems: BTreeSet<SystemId> = chosen(&sent, "system")?;
    let mut outcome = Outcome {
        name: name.clone(),
        days: days.clone(),
        atoms: words(&atoms),
        systems: words(&systems),
        addresses: addresses.clone(),
        ..Outcome::default()
    };
    let made = match (days.parse::<i64>(), ranges(&addresses)) {
        (Err(_), _) => Err(Error::invalid(format!("a token lasts 1 to {MAX_TOKEN_DAYS} days"))),
        (_, Err(error)) => Err(error),
        (Ok(days), Ok(addresses)) => {
            let systems = (!systems.is_empty()).then_some(systems);
            let given = Given { atoms, systems, addresses };
            app.transact(actor, async |cx| token::create_within(cx, &name, given.clone(), days).await).await
        }
    };
    let status = match made {
        Ok((_, text)) => {
            let outcome = Outcome {
                made: Some(text.as_str().to_owned()),
                days: DEFAULT_TOKEN_DAYS.to_string(),
                ..Outcome::default()
            };
            let view = look(&state, &asked).await?;
            return Ok(asked.frame(&state, &draw(&view, &asked.token, &outcome)).await?.into_response());
        }
        Err(Error::StepUp) => return prove_first(&state, &asked, PATH, PATH, &sent).await,
        Err(Error::Invalid(says)) => {
            let field = if says.contains("name") {
                "name"
            } else if says.contains("days") {
                "days"
            } else if says.contains("address") {
                "addresses"
            } else if says.starts_with("the system") {
                "system"
            } else {
                "atom"
            };
            outcome.faults.add(field, says);
            StatusCode::UNPROCESSABLE_ENTITY
        }
        Err(Error::Conflict(says)) => {
            outcome.faults = Faults::whole(says);
            StatusCode::CONFLICT
        }
        Err(error) => return Err(error.into()),
    };
    let view = look(&state, &asked).await?;
    asked.frame_refused(&state, status, &draw(&view, &asked.token, &outcome)).await
}

/// Reads what was chosen of a list; what is none of it was never offered.
fn chosen<T: Ord + std::str::FromStr>(sent: &Sent, field: &str) -> Result<BTreeSet<T>, Refusal> {
    sent.all(field).iter().map(|word| word.parse().map_err(|_| Refusal::Malformed)).collect()
}

fn words<T: ToString>(chosen: &BTreeSet<T>) -> String {
    chosen.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

/// Reads addresses and ranges of them, with spaces, commas or line breaks between.
fn ranges(text: &str) -> Result<BTreeSet<AddressRange>, Error> {
    let words = text.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty());
    words.map(|word| word.parse().map_err(|error| Error::invalid(format!("{word:?}: {error}")))).collect()
}

/// Takes a token back.
pub(super) async fn revoke(
    State(state): State<WebState>,
    Path(id): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    sent.only(&[])?;
    let id = id.parse().map_err(|_| Refusal::NotFound)?;
    match app.transact(actor, async |cx| token::revoke(cx, id).await).await {
        // It was revoked or ended meanwhile, which is what was wanted.
        Ok(()) | Err(Error::Conflict(_)) => Ok(go(PATH)),
        Err(error) => Err(error.into()),
    }
}

async fn look(state: &WebState, asked: &Asked) -> Result<View, Refusal> {
    let (app, actor) = asked.member(state)?;
    let sees_members = asked.may(Atom::new(Resource::Member, Verb::Read));
    let (tokens, members, own, given, to_give, systems) = app
        .read(actor, async |view| {
            let tokens = token::list(view).await?;
            let members = if sees_members { people::members(view).await? } else { Vec::new() };
            let own = session::mine(view).await?.first().map(|one| one.membership);
            let to_give = token::systems_to_give(view).await?;
            Ok((tokens, members, own, token::can_be_given(view)?, to_give, system::all(view).await?))
        })
        .await?;
    Ok(View {
        tokens,
        names: members.into_iter().map(|member| (member.id, member.name)).collect(),
        own: own.ok_or(Refusal::NotFound)?,
        given,
        to_give,
        systems: systems.into_iter().map(|system| (system.id, system.name)).collect(),
        may_make: asked.may(Atom::new(Resource::Token, Verb::Create)),
        may_revoke: asked.may(Atom::new(Resource::Token, Verb::Delete)),
        now: app.now(),
    })
}

fn draw(view: &View, token: &str, outcome: &Outcome) -> Page {
    let (open, over): (Vec<&Token>, Vec<&Token>) =
        view.tokens.iter().partition(|token| token.is_open(view.now));
    let body = html! {
        @if let Some(made) = &outcome.made {
            div.card role="status" {
                p { "This is the token. It " strong { "is shown only now" } ": put it where the program finds it and nobody else does." }
                p.link { code { (made) } (digest::copy(made)) }
            }
        }
        (outcome.faults.summary())
        (block("tokens", "Tokens that work", &html! {}, &list(view, &open, token)))
        @if view.may_make { (block("make", "Make a token", &html! {}, &making(view, token, outcome))) }
        @if !over.is_empty() {
            details { summary { "Tokens that do not work any more" span.note { (over.len()) } } (list(view, &over, token)) }
        }
    };
    let mut page = within("API tokens", body);
    page.lead = html! { "Programs act for you with a token: with what it was given, as far as you may yourself. The API is described in its " a href="/api/v1/openapi.json" { "OpenAPI document" } "." };
    page
}

fn list(view: &View, tokens: &[&Token], form: &str) -> Markup {
    if tokens.is_empty() {
        return html! { p.muted { "None. A token lets a program read what you read, or hand in what you hand in." } };
    }
    let rows = tokens.iter().map(|token| {
        let whose = if token.membership == view.own { "you" } else { view.names.get(&token.membership).map_or("somebody who left", String::as_str) };
        vec![
            html! { strong { (token.name) } br; code.small { (token.id.to_string()) } },
            html! { (whose) },
            html! { @for atom in &token.given.atoms { code { (atom.to_string()) } " " } (within_what(view, &token.given)) },
            html! { @match token.used_at { Some(at) => { (moment::ago(at, view.now)) } None => { span.muted { "Never" } } } },
            html! { @match token.revoked_at { Some(at) => { "Revoked " (moment::ago(at, view.now)) } None => { (moment::exact(token.expires_at)) } } },
            html! { @if view.may_revoke && token.is_open(view.now) { (button(&format!("{PATH}/{}", token.id), form, "Revoke", &format!("the token {}", token.name))) } },
        ]
    });
    plain("Tokens", &["What for", "Whose", "May", "Last used", "Until", "Action"], rows.collect())
}

/// Says to which systems and addresses a token is bound.
fn within_what(view: &View, given: &Given) -> Markup {
    let name = |id: &SystemId| view.systems.get(id).map_or("a system that is gone", String::as_str);
    let systems: Option<Vec<&str>> = given.systems.as_ref().map(|systems| systems.iter().map(name).collect());
    html! {
        @if let Some(systems) = &systems { br; span.small { "Only for " (systems.join(", ")) } }
        @if !given.addresses.is_empty() { br; span.small { "Only from " code { (words(&given.addresses)) } } }
    }
}

fn making(view: &View, token: &str, outcome: &Outcome) -> Markup {
    if view.given.is_empty() {
        return html! { p.muted { "Nothing that you may do can be given to a token." } };
    }
    let options: Vec<(String, String)> = view
        .given
        .iter()
        .map(|atom| (atom.to_string(), format!("{}: {}", atom.resource.title(), atom.verb.word())))
        .collect();
    let systems: Vec<(String, String)> =
        view.to_give.iter().map(|system| (system.id.to_string(), system.name.clone())).collect();
    let days = format!("1 to {MAX_TOKEN_DAYS}. A token that ends by itself is one less to be forgotten.");
    let body = html! {
        (field(&Field { name: "name", label: "What it is for", value: &outcome.name, fault: outcome.faults.of("name"), max: 200, ..Field::default() }))
        (field(&Field { name: "atom", label: "What it may do", kind: Kind::Several(&options), value: &outcome.atoms, fault: outcome.faults.of("atom"), hint: "Only what you may do yourself. Approving and accounts are never for tokens.", ..Field::default() }))
        @if !systems.is_empty() {
            (field(&Field { name: "system", label: "Only for these systems", optional: true, kind: Kind::Several(&systems), value: &outcome.systems, fault: outcome.faults.of("system"), hint: "None chosen: as far as you reach. With some chosen it reads and changes what belongs to them, and nothing that belongs to the organization as a whole.", ..Field::default() }))
        }
        (field(&Field { name: "addresses", label: "Only from these addresses", optional: true, kind: Kind::Area(2), value: &outcome.addresses, fault: outcome.faults.of("addresses"), max: 2_000, hint: "Such as 203.0.113.7 or 203.0.113.0/24, one on each line. Left empty it works from anywhere.", ..Field::default() }))
        (field(&Field { name: "days", label: "Days until it ends", kind: Kind::Input("number"), value: &outcome.days, fault: outcome.faults.of("days"), hint: &days, ..Field::default() }))
        p.row { button.button.primary type="submit" { "Make a token" } }
    };
    html! { div.narrow { (form(PATH, token, &body)) } }
}
