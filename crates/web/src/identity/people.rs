//! Who is in: the list, invitations, and what waits for a second person.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use tickmark_app::Error;
use tickmark_app::identity::people::{self, Invitation, Member, Proposal};
use tickmark_app::register::{self, Kind, Query, Want};
use tickmark_core::Timestamp;
use tickmark_core::id::ActorId;
use tickmark_core::identity::{Atom, Email, Resource, Role, Standing, Verb};

use super::{go, may_invite, pages, prove_first};
use crate::WebState;
use crate::design::form::{Faults, Field, Kind as FieldKind, button, capital, field, form, hidden};
use crate::design::frame::{Page, Place};
use crate::design::table::{Cell, Column, Filter, Phone, Row, Table, plain};
use crate::design::{block, digest, moment, plural};
use crate::error::Refusal;
use crate::form::Sent;
use crate::list::{self, Listed, Part};
use crate::visit::Asked;

/// Filters that are values of the register.
const FILTERS: [&str; 2] = ["role", "standing"];
/// Most choices of a filter.
const OPTIONS: u32 = 50;

/// What the page shows.
struct View {
    /// Those of one page of the list.
    members: Vec<Member>,
    found: register::Page,
    /// Roles that somebody has.
    roles: Vec<Role>,
    /// What whoever set up does next.
    lacks: Lacks,
    open: Vec<Invitation>,
    proposals: Vec<Proposal>,
    /// Whom proposals are about.
    about: Vec<Member>,
    names: BTreeMap<ActorId, String>,
    own: ActorId,
    may_invite: bool,
    may_withdraw: bool,
    may_agree: bool,
    /// Whether invitations go out by mail.
    is_mailed: bool,
    now: Timestamp,
}

/// Who is not there yet.
#[derive(Clone, Copy, Debug, Default)]
struct Lacks {
    manager: bool,
    control_owner: bool,
    second_owner: bool,
    /// Whether whoever looks is owner and compliance manager in one.
    holds_both: bool,
}

/// What was just done, or went wrong.
#[derive(Default)]
struct Outcome {
    /// To whom a link was just made, and the link.
    link: Option<(String, String)>,
    /// Whether it goes to them by mail as well.
    is_mailed: bool,
    faults: Faults,
    email: String,
    roles: String,
    until: String,
}

/// The page.
pub(super) async fn page(State(state): State<WebState>, asked: Asked) -> Result<Markup, Refusal> {
    let part = Part::of(&asked.query);
    list::show(&state, &asked, listed(&state, &asked, part).await?).await
}

pub(crate) async fn listed(state: &WebState, asked: &Asked, part: Part) -> Result<Listed, Refusal> {
    let view = look(state, asked, part).await?;
    Ok(whole(&view, asked, &Outcome::default()))
}

/// Makes an invitation; its link is shown this once.
pub(super) async fn invite(
    State(state): State<WebState>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    sent.only(&["email", "role", "until"])?;
    let email = sent.text("email");
    let mut roles = BTreeSet::new();
    for word in sent.all("role") {
        roles.insert(word.parse::<Role>().map_err(|_| Refusal::Malformed)?);
    }
    let words: Vec<&str> = roles.iter().map(|role| role.word()).collect();
    let typed = sent.text("until");
    let mut outcome =
        Outcome { email: email.clone(), roles: words.join(" "), until: typed.clone(), ..Outcome::default() };
    // All that is wrong is said at once.
    if let Err(error) = email.parse::<Email>() {
        outcome.faults.add("email", error);
    }
    if roles.is_empty() {
        outcome.faults.add("role", "choose at least one role");
    }
    let until = super::member::until(&typed).unwrap_or_else(|says| {
        outcome.faults.add("until", says);
        None
    });
    if !outcome.faults.is_empty() {
        return refused(&state, &asked, &outcome, StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    let made = app.transact(actor, async |cx| people::invite_until(cx, &email, &roles, until).await).await;
    match made {
        Ok(link) => {
            let is_mailed = link.is_mailed;
            let link = (email, format!("{}/join/{}", state.address(), link.text()));
            let outcome = Outcome { link: Some(link), is_mailed, ..Outcome::default() };
            let view = look(&state, &asked, Part::of(&asked.query)).await?;
            Ok(asked.frame(&state, &draw(&view, &asked, &outcome)).await?.into_response())
        }
        Err(Error::StepUp) => prove_first(&state, &asked, "/people", "/people", &sent).await,
        Err(Error::Invalid(says)) => {
            outcome.faults.add("email", says);
            refused(&state, &asked, &outcome, StatusCode::UNPROCESSABLE_ENTITY).await
        }
        Err(Error::Conflict(says)) => {
            outcome.faults.add("email", says);
            refused(&state, &asked, &outcome, StatusCode::CONFLICT).await
        }
        Err(error) => Err(error.into()),
    }
}

/// Takes an invitation back.
pub(super) async fn withdraw(
    State(state): State<WebState>,
    Path(id): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    sent.only(&[])?;
    let id = id.parse().map_err(|_| Refusal::NotFound)?;
    let done = app.transact(actor, async |cx| people::revoke_invitation(cx, id).await).await;
    settle(&state, &asked, &sent, done).await
}

/// Agrees to what somebody proposed, or declines it.
pub(super) async fn second(
    State(state): State<WebState>,
    Path(id): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    sent.only(&["decision", "reason"])?;
    let id = id.parse().map_err(|_| Refusal::NotFound)?;
    let reason = sent.text("reason");
    let done = match sent.text("decision").as_str() {
        "agree" => app.transact(actor, async |cx| people::agree(cx, id).await).await,
        "decline" => app.transact(actor, async |cx| people::decline(cx, id, &reason).await).await,
        _ => return Err(Refusal::Malformed),
    };
    settle(&state, &asked, &sent, done).await
}

/// Back to the list, or the list with what went wrong.
async fn settle(
    state: &WebState,
    asked: &Asked,
    sent: &Sent,
    done: tickmark_app::Result<()>,
) -> Result<Response, Refusal> {
    match done {
        Ok(()) => Ok(go("/people")),
        Err(Error::StepUp) => prove_first(state, asked, asked.path(), "/people", sent).await,
        Err(Error::Conflict(says) | Error::Invalid(says)) => {
            let outcome = Outcome { faults: Faults::whole(says), ..Outcome::default() };
            refused(state, asked, &outcome, StatusCode::CONFLICT).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn refused(
    state: &WebState,
    asked: &Asked,
    outcome: &Outcome,
    status: StatusCode,
) -> Result<Response, Refusal> {
    let view = look(state, asked, Part::of(&asked.query)).await?;
    asked.frame_refused(state, status, &draw(&view, asked, outcome)).await
}

async fn look(state: &WebState, asked: &Asked, part: Part) -> Result<View, Refusal> {
    let (app, actor) = asked.member(state)?;
    let may_agree = asked.may(Atom::new(Resource::HighestGrant, Verb::Create));
    let query = list::query(&asked.query, part, &FILTERS, &columns());
    let now = app.now();
    let (members, found, roles, invitations, proposals, about, names, mut lacks) = app
        .read(actor, async |view| {
            let (members, found) = people::page(view, &query).await?;
            let roles = register::values(view, Kind::Member, "role", OPTIONS).await?;
            let invitations = people::invitations(view).await?;
            let proposals = if may_agree { people::proposals(view).await? } else { Vec::new() };
            let mut about = Vec::new();
            for proposal in &proposals {
                about.extend(people::member(view, proposal.member).await.ok());
            }
            let involved = proposals.iter().map(|one| one.asked_by);
            let names = names(view, involved.chain(invitations.iter().map(|one| one.made_by))).await?;
            let lacks = lacks(view).await?;
            Ok((members, found, roles, invitations, proposals, about, names, lacks))
        })
        .await?;
    let open: Vec<Invitation> = invitations.into_iter().filter(|one| one.is_open(now)).collect();
    let invited = |role: Role| open.iter().any(|one| one.roles.contains(&role));
    lacks.manager &= !invited(Role::ComplianceManager);
    lacks.control_owner &= !invited(Role::ControlOwner);
    Ok(View {
        members,
        found,
        roles: roles.iter().filter_map(|(word, _)| word.parse().ok()).collect(),
        lacks,
        open,
        proposals,
        about,
        names,
        own: actor.id,
        may_invite: may_invite(actor),
        may_withdraw: asked.may(Atom::new(Resource::Member, Verb::Update)),
        may_agree,
        is_mailed: tickmark_app::mail::is_on(app),
        now,
    })
}

/// The names of those of these who are members.
async fn names(
    view: &mut tickmark_app::View<'_>,
    actors: impl Iterator<Item = ActorId>,
) -> tickmark_app::Result<BTreeMap<ActorId, String>> {
    let actors: BTreeSet<ActorId> = actors.collect();
    let any = actors.iter().map(|actor| ("person".to_owned(), actor.to_string())).collect();
    let filters = vec![("person".to_owned(), Want::Of(any))];
    let query = Query { filters, rows: register::PAGE_LIMIT, ..Query::default() };
    let (members, _) = people::page(view, &query).await?;
    Ok(members.into_iter().map(|member| (member.actor, member.name)).collect())
}

/// Who is not there, invitations left aside.
async fn lacks(view: &mut tickmark_app::View<'_>) -> tickmark_app::Result<Lacks> {
    let active = |role: Role| Query::of("role", role.word()).and("standing", "active");
    let mut managers = Query::of("role", Role::ComplianceManager.word());
    managers.filters.push(("role".to_owned(), Want::Not(Role::Owner.word().to_owned())));
    let own = Query::of("person", &view.actor.id.to_string())
        .and("role", Role::Owner.word())
        .and("role", Role::ComplianceManager.word());
    Ok(Lacks {
        manager: register::count(view, Kind::Member, &managers).await? == 0,
        control_owner: register::count(view, Kind::Member, &active(Role::ControlOwner)).await? == 0,
        second_owner: register::count(view, Kind::Member, &active(Role::Owner)).await? < 2,
        holds_both: register::count(view, Kind::Member, &own).await? > 0,
    })
}

/// The page as it answers a form.
fn draw(view: &View, asked: &Asked, outcome: &Outcome) -> Page {
    let Listed { mut page, table, after, .. } = whole(view, asked, outcome);
    page.body = html! { (page.body) (table.render(&asked.query)) (after) };
    page
}

fn whole(view: &View, asked: &Asked, outcome: &Outcome) -> Listed {
    let token = &asked.token;
    let body = html! {
        @if let Some((email, link)) = &outcome.link {
            div.card role="status" {
                @if outcome.is_mailed { p { "A letter with this link is on its way to " strong { (email) } ". It works once, for 24 hours, and " strong { "is shown only now" } "." } }
                @else { p { "Send this link to " strong { (email) } ". It works once, for 24 hours, and " strong { "is shown only now" } "." } }
                p.link { code { (link) } (digest::copy(link)) }
            }
        }
        (outcome.faults.summary())
        (next(view))
        (waiting(view, token))
    };
    let after = html! {
        @if view.may_invite { (block("invite", "Invite somebody", &html! {}, &inviting(token, outcome, view.is_mailed))) }
        @if !view.open.is_empty() { (block("invited", "Invited", &html! {}, &invited(view, token))) }
    };
    let mut page = Page::new(Place::People, "People", body);
    page.lead =
        html! { "Who is in the organization, and as what. Every change of it stands in the audit trail." };
    let may_set_rule = asked.may(Atom::new(Resource::Organization, Verb::Update));
    let sees_providers = asked.may(Atom::new(Resource::IdentityProvider, Verb::Read));
    if view.may_invite || may_set_rule || sees_providers {
        page.actions = html! {
            @if sees_providers { a.button href=(super::provider::HOME) { "Identity providers" } }
            @if may_set_rule { a.button href="/people/sign-in" { "How people sign in" } }
            @if view.may_invite { a.button.primary href="#invite" { "Invite somebody" } }
        };
    }
    Listed { after, ..Listed::of(page, table(view)) }
}

/// What whoever set up does next: owners only look, so others are needed.
fn next(view: &View) -> Markup {
    let Lacks {
        manager: needs_manager,
        control_owner: needs_owner_of_controls,
        second_owner: needs_second,
        holds_both,
    } = view.lacks;
    if !view.may_invite || !(needs_manager || needs_owner_of_controls || needs_second) {
        return html! {};
    }
    let list = html! {
        ol.steps {
            @if needs_manager { li { strong { "Invite a compliance manager." } " They run the program: what is in scope, the answers about controls, what counts as evidence. Owners only look." @if holds_both { " Since set-up you are both; the second role can be taken from you when somebody else has it." } } }
            @if needs_owner_of_controls { li { strong { "Invite control owners." } " They perform the controls and hand in the evidence for them." } }
            @if needs_second { li { strong { "Have a second owner." } " Owners and administrators are made by two owners. The first other one is made on the machine: " code { "tickmark people grant ADDRESS owner" } "." } }
        }
    };
    block("next", "What to do next", &html! {}, &list)
}

fn waiting(view: &View, token: &str) -> Markup {
    if view.proposals.is_empty() {
        return html! {};
    }
    let name = |id: &ActorId| view.names.get(id).map_or("somebody who left", String::as_str);
    let rows = view.proposals.iter().map(|one| {
        let about = view.about.iter().find(|member| member.id == one.member);
        let (who, about_actor) = about.map_or(("somebody who left", None), |member| (member.name.as_str(), Some(member.actor)));
        let is_third = view.own != one.asked_by && about_actor != Some(view.own);
        let action = format!("/people/proposals/{}", one.id);
        vec![
            html! { a href=(format!("/people/{}", one.member)) { (who) } },
            html! { (one.role.name()) },
            html! { (name(&one.asked_by)) ", " (moment::ago(one.asked_at, view.now)) },
            html! {
                div.row {
                    @if view.may_agree && is_third {
                        form.inline method="post" action=(action) { (hidden("form", token)) (hidden("decision", "agree")) button.button.primary type="submit" { "Agree" span.visually-hidden { " that " (who) " becomes " (one.role.name()) } } }
                    }
                    @if view.may_agree {
                        form.inline method="post" action=(action) { (hidden("form", token)) (hidden("decision", "decline")) button.button type="submit" { @if view.own == one.asked_by { "Take back" } @else { "Decline" } span.visually-hidden { " that " (who) " becomes " (one.role.name()) } } }
                    }
                    @if !is_third { span.muted { "Another owner agrees here." } }
                }
            },
        ]
    });
    let table = plain(
        "What waits for a second person",
        &["Who", "Becomes", "Proposed by", "Your answer"],
        rows.collect(),
    );
    block("waiting", "Waits for a second owner", &html! { "for seven days" }, &table)
}

fn columns() -> Vec<Column> {
    vec![
        Column::text("name", "Name", Phone::Title),
        Column::text("email", "E-mail address", Phone::Subtitle),
        Column::text("roles", "Roles", Phone::Line),
        Column::text("standing", "Standing", Phone::Status),
        Column::number("changed", "Last change", Phone::Wide),
    ]
}

fn table(view: &View) -> Table {
    let standing = |member: &Member| match member.standing {
        Standing::Active => "Active",
        Standing::Suspended => "Suspended",
    };
    let rows = view.members.iter().map(|member| {
        let roles = pages::roles(member.roles.iter());
        let mut facets: Vec<(&'static str, String)> = member.roles.iter().map(|role| ("role", role.word().to_owned())).collect();
        facets.push(("standing", standing(member).to_lowercase()));
        Row {
            cells: vec![
                Cell::by_text(html! { a href=(format!("/people/{}", member.id)) { (member.name) } @if member.actor == view.own { " " span.muted { "(you)" } } }, &member.name),
                Cell::text(&member.email),
                Cell::text(&capital(&roles)),
                Cell::text(standing(member)),
                Cell::by_number(moment::ago(member.changed_at, view.now), member.changed_at.micros()).said(member.changed_at.to_string()),
            ],
            find: format!("{} {} {roles}", member.name, member.email),
            facets,
        }
    });
    let options = view.roles.iter().map(|role| (role.word().to_owned(), role.name().to_owned()));
    let standings = ["active", "suspended"].map(|word| (word.to_owned(), word.to_owned()));
    Table {
        id: "people".into(),
        path: "/people".into(),
        noun: ("person", "people"),
        counted: list::counted(&view.found),
        columns: columns(),
        filters: vec![
            Filter { key: "role", label: "Role", options: options.collect(), shown: true },
            Filter { key: "standing", label: "Standing", options: standings.to_vec(), shown: true },
        ],
        rows: rows.collect(),
        empty: html! { p { "Nobody is in." } },
    }
}

fn inviting(token: &str, outcome: &Outcome, is_mailed: bool) -> Markup {
    let options: Vec<(String, String)> = Role::ALL
        .into_iter()
        .filter(|role| role.is_for_members() && !role.is_highest() && *role != Role::Auditor)
        .map(|role| (role.word().to_owned(), format!("{}: {}", role.name(), pages::meaning(role))))
        .collect();
    let body = html! {
        (field(&Field { name: "email", label: "E-mail address", kind: FieldKind::Input("email"), value: &outcome.email, fault: outcome.faults.of("email"), ..Field::default() }))
        (field(&Field { name: "role", label: "Roles", kind: FieldKind::Several(&options), value: &outcome.roles, fault: outcome.faults.of("role"), hint: "Owners and administrators are made by two people, after joining.", ..Field::default() }))
        (field(&Field { name: "until", label: "Last day", kind: FieldKind::Input("date"), value: &outcome.until, optional: true, fault: outcome.faults.of("until"), hint: "For somebody who is here for a time, as a consultant. Empty: without an end.", ..Field::default() }))
        p.row { button.button.primary type="submit" { @if is_mailed { "Invite" } @else { "Make a link" } } }
    };
    html! { div.narrow { (form("/people", token, &body)) } }
}

fn invited(view: &View, token: &str) -> Markup {
    let name = |id: &ActorId| view.names.get(id).map_or("the operator", String::as_str);
    let rows = view.open.iter().map(|one| {
        let email = one.email.as_deref().unwrap_or("the first owner");
        vec![
            html! { (email) },
            html! { @if one.roles.is_empty() { span.muted { "No new one: to sign in again" } } @else { (capital(&pages::roles(one.roles.iter()))) } },
            html! { (name(&one.made_by)) ", " (moment::ago(one.made_at, view.now)) },
            html! { (moment::exact(one.expires_at)) },
            html! { @if view.may_withdraw { (button(&format!("/people/invitations/{}", one.id), token, "Withdraw", &format!("the invitation to {email}"))) } },
        ]
    });
    let count = view.open.len();
    html! {
        p.muted { (count) " " (plural(count, "link works", "links work")) ". A lost link is made again by inviting the same address again." }
        (plain("Invitations that work", &["E-mail address", "Roles", "Made by", "Works until", "Action"], rows.collect()))
    }
}
