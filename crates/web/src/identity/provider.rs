//! Identity providers of the organization: connections, who waits for being known, and who is linked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use tickmark_app::Error;
use tickmark_app::identity::people::{self, Member};
use tickmark_app::identity::provider::{self, Content, Linked, Provider, ProviderSaid, Waiting};
use tickmark_app::identity::{self, Version};
use tickmark_core::Timestamp;
use tickmark_core::id::{MembershipId, ProviderId};
use tickmark_core::identity::provider::Algorithm;
use tickmark_core::identity::{Atom, Resource, Standing, Verb};
use zeroize::Zeroizing;

use super::history::{Labels, history};
use super::{go, prove_first, through};
use crate::WebState;
use crate::design::as_of::AsOf;
use crate::design::form::{Faults, Field, Kind, field, form, hidden, send};
use crate::design::frame::{Page, Place};
use crate::design::table::plain;
use crate::design::{block, digest, moment};
use crate::error::Refusal;
use crate::form::Sent;
use crate::visit::Asked;

pub(super) const HOME: &str = "/people/providers";
const REASON_CHARS: usize = 2_000;
const FIELDS: [&str; 10] =
    ["name", "issuer", "client", "secret", "algorithm", "domains", "second", "strong", "required", "on"];

/// What stands in the fields.
#[derive(Default)]
struct Typed {
    name: String,
    issuer: String,
    client: String,
    algorithms: String,
    domains: String,
    second: String,
    strong: String,
    required: String,
    on: String,
    reason: String,
    faults: Faults,
}

impl Typed {
    fn new() -> Self {
        Self {
            algorithms: "RS256 PS256 ES256 EdDSA".to_owned(),
            second: "mfa".to_owned(),
            strong: "phr phrh".to_owned(),
            on: "yes".to_owned(),
            ..Self::default()
        }
    }

    fn of(provider: &Provider) -> Self {
        let words = |set: &BTreeSet<String>| set.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
        let yes = |is: bool| if is { "yes".to_owned() } else { String::new() };
        Self {
            name: provider.name.clone(),
            issuer: provider.issuer.clone(),
            client: provider.client.clone(),
            algorithms: provider.algorithms.iter().map(|one| one.word()).collect::<Vec<_>>().join(" "),
            domains: words(&provider.domains),
            second: words(&provider.second),
            strong: words(&provider.strong),
            required: yes(provider.is_required),
            on: yes(provider.is_on),
            ..Self::default()
        }
    }

    fn sent(sent: &Sent) -> Self {
        Self {
            name: sent.text("name"),
            issuer: sent.text("issuer"),
            client: sent.text("client"),
            algorithms: sent.all("algorithm").join(" "),
            domains: sent.text("domains"),
            second: sent.text("second"),
            strong: sent.text("strong"),
            required: sent.text("required"),
            on: sent.text("on"),
            reason: sent.text("reason"),
            faults: Faults::default(),
        }
    }

    fn content(&self, secret: &str) -> Result<Content, Refusal> {
        let algorithm = |word: &str| Algorithm::of_word(word).ok_or(Refusal::Malformed);
        Ok(Content {
            name: self.name.clone(),
            issuer: self.issuer.clone(),
            client: self.client.clone(),
            secret: Some(secret).filter(|text| !text.is_empty()).map(|text| Zeroizing::new(text.to_owned())),
            algorithms: self.algorithms.split_whitespace().map(algorithm).collect::<Result<_, _>>()?,
            domains: self.domains.clone(),
            second: self.second.clone(),
            strong: self.strong.clone(),
            is_required: self.required == "yes",
            is_on: self.on == "yes",
        })
    }

    /// Puts what was wrong beside the field it is about, or above them all; others are passed on.
    fn blame(&mut self, error: Error) -> Result<StatusCode, Refusal> {
        match error {
            Error::Invalid(says) => {
                let known = [
                    ("reason", "reason"),
                    ("secret", "secret"),
                    ("client id", "client"),
                    ("algorithm", "algorithm"),
                    ("second factor", "second"),
                    ("strong factor", "strong"),
                    ("domains", "domains"),
                    ("the name of", "name"),
                ];
                let found = known.iter().find(|(word, _)| says.contains(word));
                self.faults.add(found.map_or("issuer", |(_, field)| field), says);
                Ok(StatusCode::UNPROCESSABLE_ENTITY)
            }
            Error::Conflict(says) => {
                self.faults = Faults::whole(says);
                Ok(StatusCode::CONFLICT)
            }
            error => Err(error.into()),
        }
    }
}

/// The list, and the form for a new one.
pub(super) async fn page(State(state): State<WebState>, asked: Asked) -> Result<Markup, Refusal> {
    let all = all(&state, &asked).await?;
    asked.frame(&state, &draw_all(&state, &asked, &all, &Typed::new())).await
}

/// Writes one.
pub(super) async fn write(
    State(state): State<WebState>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    sent.only(&FIELDS)?;
    let mut typed = Typed::sent(&sent);
    let content = typed.content(sent.raw("secret"))?;
    match app.transact(actor, async |cx| provider::write(cx, &content).await).await {
        Ok(made) => Ok(go(&format!("{HOME}/{}", made.id))),
        Err(Error::StepUp) => prove_first(&state, &asked, HOME, HOME, &sent).await,
        Err(error) => {
            let status = typed.blame(error)?;
            let all = all(&state, &asked).await?;
            asked.frame_refused(&state, status, &draw_all(&state, &asked, &all, &typed)).await
        }
    }
}

/// One of them.
pub(super) async fn one(
    State(state): State<WebState>,
    Path(id): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let view = look(&state, &asked, read(&id)?).await?;
    let typed = Typed::of(&view.provider);
    asked.frame(&state, &draw_one(&state, &asked, &view, &typed)).await
}

/// Says anew what it is.
pub(super) async fn change(
    State(state): State<WebState>,
    Path(id): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let allowed: Vec<&str> = FIELDS.into_iter().chain(["reason"]).collect();
    sent.only(&allowed)?;
    let key = read(&id)?;
    let here = format!("{HOME}/{key}");
    let mut typed = Typed::sent(&sent);
    let content = typed.content(sent.raw("secret"))?;
    let why = typed.reason.clone();
    match app.transact(actor, async |cx| provider::change(cx, key, &content, &why).await).await {
        Ok(_) => Ok(go(&here)),
        Err(Error::StepUp) => prove_first(&state, &asked, &here, &here, &sent).await,
        Err(error) => {
            let status = typed.blame(error)?;
            let view = look(&state, &asked, key).await?;
            asked.frame_refused(&state, status, &draw_one(&state, &asked, &view, &typed)).await
        }
    }
}

/// Says who somebody is, that they are nobody, or that they are no more.
pub(super) async fn act(
    State(state): State<WebState>,
    Path((id, act)): Path<(String, String)>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let key = read(&id)?;
    sent.only(&["request", "member", "link", "reason"])?;
    let done = match act.as_str() {
        "approve" => {
            let request = sent.text("request").parse().map_err(|_| Refusal::Malformed)?;
            let member: MembershipId = sent.text("member").parse().map_err(|_| Refusal::Malformed)?;
            app.transact(actor, async |cx| provider::approve(cx, key, request, member).await).await
        }
        "decline" => {
            let request = sent.text("request").parse().map_err(|_| Refusal::Malformed)?;
            app.transact(actor, async |cx| provider::decline(cx, key, request).await).await
        }
        "unlink" => {
            let link = sent.text("link").parse().map_err(|_| Refusal::Malformed)?;
            let why = sent.text("reason");
            app.transact(actor, async |cx| provider::unlink(cx, key, link, &why).await).await
        }
        _ => return Err(Refusal::NotFound),
    };
    let here = format!("{HOME}/{key}");
    match done {
        Ok(()) => Ok(go(&here)),
        Err(Error::StepUp) => prove_first(&state, &asked, asked.path(), &here, &sent).await,
        Err(Error::Invalid(says) | Error::Conflict(says)) => {
            let view = look(&state, &asked, key).await?;
            let typed = Typed { faults: Faults::whole(says), ..Typed::of(&view.provider) };
            let page = draw_one(&state, &asked, &view, &typed);
            asked.frame_refused(&state, StatusCode::CONFLICT, &page).await
        }
        Err(error) => Err(error.into()),
    }
}

fn read(id: &str) -> Result<ProviderId, Refusal> {
    id.parse().map_err(|_| Refusal::NotFound)
}

async fn all(state: &WebState, asked: &Asked) -> Result<Vec<Provider>, Refusal> {
    let (app, actor) = asked.member(state)?;
    Ok(app.read(actor, async |view| provider::list(view).await).await?)
}

struct View {
    provider: Provider,
    waiting: Vec<Waiting>,
    links: Vec<Linked>,
    /// Members whose membership counts, by name.
    members: Vec<Member>,
    versions: Vec<Version<ProviderSaid>>,
    labels: Arc<Labels>,
    now: Timestamp,
}

async fn look(state: &WebState, asked: &Asked, id: ProviderId) -> Result<View, Refusal> {
    let (app, actor) = asked.member(state)?;
    let now = app.now();
    let view = app.read(actor, async |view| {
        Ok(View {
            provider: provider::find(view, id).await?,
            waiting: provider::waiting(view, id).await?,
            links: provider::links(view, id).await?,
            members: people::members(view).await?,
            versions: provider::versions(view, id).await?,
            labels: identity::labels(view).await?,
            now,
        })
    });
    Ok(view.await?)
}

fn may(asked: &Asked, verb: Verb) -> bool {
    asked.may(Atom::new(Resource::IdentityProvider, verb))
}

fn standing(provider: &Provider) -> &'static str {
    match (provider.is_on, provider.is_required) {
        (false, _) => "Off",
        (true, false) => "On",
        (true, true) => "On, and the only way in for those who are linked",
    }
}

fn draw_all(state: &WebState, asked: &Asked, all: &[Provider], typed: &Typed) -> Page {
    let rows = all.iter().map(|one| {
        vec![
            html! { a href={ (HOME) "/" (one.id) } { strong { (one.name) } } },
            html! { code.small { (one.issuer) } },
            html! { (standing(one)) },
        ]
    });
    let heads = ["Name", "Issuer", "State"];
    let body = html! {
        @if all.is_empty() {
            p.muted { "None. People sign in with what they have here: a passkey, or password and code." }
        } @else { (plain("Identity providers", &heads, rows.collect())) }
        @if may(asked, Verb::Create) {
            (block("new", "Connect one", &html! {}, &html! {
                div.narrow {
                    (typed.faults.summary())
                    p.muted { "Register this program at the provider as a confidential web client first. The address to which it sends people back is shown once the connection is written." }
                    (form(HOME, &asked.token, &html! { (fields(typed, true)) (send("Write it", "/people")) }))
                }
            }))
        }
    };
    let mut page = Page::new(Place::People, "Identity providers", body);
    page.crumbs = vec![("People".into(), "/people".into())];
    page.lead = html! { "Members sign in through a provider of the organization by OpenID Connect, at " code { (state.address()) "/sign-in" } "." };
    page
}

fn fields(typed: &Typed, is_new: bool) -> Markup {
    let algorithms: Vec<(String, String)> =
        Algorithm::ALL.map(|one| (one.word().to_owned(), one.word().to_owned())).to_vec();
    let of = |name| typed.faults.of(name);
    let secret_hint =
        if is_new { "It is sealed, and never shown again." } else { "Empty leaves the one there is." };
    html! {
        (field(&Field { name: "name", label: "Name", value: &typed.name, fault: of("name"), max: 200, hint: "It stands on the button that people press.", ..Field::default() }))
        (field(&Field { name: "issuer", label: "Issuer", kind: Kind::Input("url"), value: &typed.issuer, fault: of("issuer"), max: 500, hint: "Exactly as the provider says it. Of Entra, the one with the id of your tenant.", ..Field::default() }))
        (field(&Field { name: "client", label: "Client id", value: &typed.client, fault: of("client"), max: 500, ..Field::default() }))
        (field(&Field { name: "secret", label: "Client secret", kind: Kind::Input("password"), complete: "off", fault: of("secret"), max: 500, hint: secret_hint, optional: !is_new, ..Field::default() }))
        (field(&Field { name: "algorithm", label: "Signatures that are taken", kind: Kind::Several(&algorithms), value: &typed.algorithms, fault: of("algorithm"), ..Field::default() }))
        (field(&Field { name: "domains", label: "Domains of addresses", value: &typed.domains, fault: of("domains"), max: 2_000, hint: "Such as example.com, with spaces between. Others are turned away. Empty takes all.", optional: true, ..Field::default() }))
        (field(&Field { name: "second", label: "Words for a second factor", value: &typed.second, fault: of("second"), max: 2_000, hint: "Of amr or acr. Where none is said, a code or passkey of here is asked for.", optional: true, ..Field::default() }))
        (field(&Field { name: "strong", label: "Words for a strong factor", value: &typed.strong, fault: of("strong"), max: 2_000, hint: "What counts as a passkey does.", optional: true, ..Field::default() }))
        (field(&Field { name: "required", label: "Whoever is linked signs in by nothing else. Owners always can, with what they have here.", kind: Kind::Check, value: &typed.required, ..Field::default() }))
        (field(&Field { name: "on", label: "It lets people in", kind: Kind::Check, value: &typed.on, ..Field::default() }))
    }
}

fn draw_one(state: &WebState, asked: &Asked, view: &View, typed: &Typed) -> Page {
    let provider = &view.provider;
    let here = format!("{HOME}/{}", provider.id);
    let address = |text: String| html! { code { (text) } (digest::copy(&text)) };
    let changes = may(asked, Verb::Update);
    let body = html! {
        (typed.faults.summary())
        dl.facts {
            dt { "State" } dd { (standing(provider)) }
            dt { "Sends people back to" } dd { (address(through::redirect(state, provider.id))) }
            dt { "Says there who signed out" } dd { (address(through::logout_address(state, provider.id))) }
            dt { "Last change" } dd { (moment::ago(provider.changed_at, view.now)) }
        }
        (block("waiting", "Waiting to be known", &html! {}, &waiting(asked, view, &here, changes)))
        (block("links", "Who comes in by it", &html! {}, &links(asked, view, &here, changes)))
        @if changes {
            (block("change", "Change it", &html! {}, &html! {
                div.narrow {
                    (form(&here, &asked.token, &html! {
                        (fields(typed, false))
                        (field(&Field { name: "reason", label: "Reason", kind: Kind::Area(2), value: &typed.reason, fault: typed.faults.of("reason"), max: REASON_CHARS, hint: "It stands in the audit trail.", ..Field::default() }))
                        (send("Change it", HOME))
                    }))
                }
            }))
        }
        (history(&view.versions, &view.labels, (&here, &AsOf::of(&asked.query)), said))
    };
    let mut page = Page::new(Place::People, &provider.name, body);
    page.crumbs = vec![("People".into(), "/people".into()), ("Identity providers".into(), HOME.into())];
    page
}

/// What a version says: all of the first one, and of the others what is new.
fn said(version: &ProviderSaid, before: Option<&ProviderSaid>) -> Markup {
    let now = parts(&version.provider);
    let then = before.map(|before| parts(&before.provider));
    let is_new = |at: usize| then.as_ref().is_none_or(|then| then[at].1 != now[at].1);
    let new: Vec<&(&str, String)> =
        now.iter().enumerate().filter(|(at, _)| is_new(*at)).map(|(_, part)| part).collect();
    html! {
        @for (label, words) in &new { div { span.muted { (label) ": " } (words) } }
        @if version.has_new_secret && before.is_some() { div { "Another client secret" } }
        @else if new.is_empty() { "Nothing else" }
    }
}

/// What is said of a connection, part by part.
fn parts(provider: &Provider) -> [(&'static str, String); 8] {
    let words = |set: &BTreeSet<String>, none: &str| {
        if set.is_empty() { none.to_owned() } else { set.iter().cloned().collect::<Vec<_>>().join(", ") }
    };
    [
        ("Name", provider.name.clone()),
        ("Issuer", provider.issuer.clone()),
        ("Client id", provider.client.clone()),
        ("Signatures", provider.algorithms.iter().map(|one| one.word()).collect::<Vec<_>>().join(", ")),
        ("Domains", words(&provider.domains, "all are taken")),
        ("Words for a second factor", words(&provider.second, "none")),
        ("Words for a strong factor", words(&provider.strong, "none")),
        ("State", standing(provider).to_owned()),
    ]
}

fn waiting(asked: &Asked, view: &View, here: &str, changes: bool) -> Markup {
    if view.waiting.is_empty() {
        return html! { p.muted { "Nobody. Whoever signs in there and is nobody here yet waits here until you say who they are." } };
    }
    let counts = |member: &&Member| member.standing == Standing::Active && member.valid.contains(view.now);
    let rows = view.waiting.iter().map(|one| {
        let id = format!("member-{}", one.id);
        let who = if one.name.is_empty() { "Somebody" } else { one.name.as_str() };
        vec![
            html! { strong { (who) } br; (one.email) },
            html! { code.small { (one.subject) } },
            html! { (moment::ago(one.asked_at, view.now)) },
            html! {
                @if changes {
                    form.row method="post" action={ (here) "/approve" } {
                        (hidden("form", &asked.token)) (hidden("request", &one.id.to_string()))
                        label.visually-hidden for=(id) { "Who " (who) " is here" }
                        select id=(id) name="member" { @for member in view.members.iter().filter(counts) { option value=(member.id) { (member.name) " (" (member.email) ")" } } }
                        button.button type="submit" { "It is them" span.visually-hidden { ": " (who) } }
                    }
                    form.row method="post" action={ (here) "/decline" } {
                        (hidden("form", &asked.token)) (hidden("request", &one.id.to_string()))
                        button.button type="submit" { "Nobody here" span.visually-hidden { ": " (who) } }
                    }
                }
            },
        ]
    });
    html! {
        p.muted { "Name and address are what the provider says, and prove nothing: see that it is really them before you say so." }
        (plain("Waiting", &["Who", "At the provider", "Asked", "Decision"], rows.collect()))
    }
}

fn links(asked: &Asked, view: &View, here: &str, changes: bool) -> Markup {
    if view.links.is_empty() {
        return html! { p.muted { "Nobody yet. Whoever uses an invitation through the provider is linked by that." } };
    }
    let names: BTreeMap<MembershipId, &Member> =
        view.members.iter().map(|member| (member.id, member)).collect();
    let rows = view.links.iter().map(|one| {
        let id = format!("why-{}", one.id);
        let name = names.get(&one.membership).map_or("somebody who left", |member| member.name.as_str());
        let how = if one.how == "invitation" { "By an invitation" } else { "By an administrator" };
        vec![
            html! { a href={ "/people/" (one.membership) } { (name) } },
            html! { code.small { (one.subject) } },
            html! { (how) ", " (moment::ago(one.made_at, view.now)) },
            html! {
                @if changes {
                    form.row method="post" action={ (here) "/unlink" } {
                        (hidden("form", &asked.token)) (hidden("link", &one.id.to_string()))
                        label.visually-hidden for=(id) { "Why " (name) " is unlinked" }
                        input id=(id) name="reason" maxlength="2000" placeholder="Why" required autocomplete="off";
                        button.button type="submit" { "Unlink" span.visually-hidden { " " (name) } }
                    }
                }
            },
        ]
    });
    plain("Linked", &["Who", "At the provider", "Since", "Action"], rows.collect())
}
