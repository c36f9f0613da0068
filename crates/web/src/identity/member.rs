//! One member: what they are, and what is done about it.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use tickmark_app::identity::System;
use tickmark_app::identity::people::{self, Lost, Member, Proposal};
use tickmark_app::{Cx, Error};
use tickmark_core::Timestamp;
use tickmark_core::id::MembershipId;
use tickmark_core::identity::{Atom, Resource, Role, Standing, Systems, Verb};
use tickmark_core::time::DAY_US;

use super::{go, pages, prove_first};
use crate::design::form::{Faults, Field, Kind, field, form};
use crate::design::frame::{Page, Place};
use crate::design::table::plain;
use crate::design::{block, digest, moment};
use crate::error::Refusal;
use crate::form::Sent;
use crate::visit::Asked;
use crate::{WebState, permission};

/// Most characters of a reason.
const REASON_CHARS: usize = 2_000;

struct View {
    member: Member,
    sessions: usize,
    sees_trail: bool,
    /// Systems to choose from, and those of the member that are no longer in use.
    systems: Vec<System>,
    proposals: Vec<Proposal>,
    is_own: bool,
    may: May,
    now: Timestamp,
}

/// What to offer; the use cases decide.
#[derive(Clone, Copy)]
struct May {
    act: bool,
    remove: bool,
    grant: bool,
    grant_highest: bool,
    reset: bool,
}

/// What was just done, or went wrong.
#[derive(Default)]
struct Outcome {
    link: Option<String>,
    /// Whether it goes to them by mail as well.
    is_mailed: bool,
    faults: Faults,
    /// Which form, and what was typed.
    act: String,
    sent: Sent,
}

impl Outcome {
    /// What was typed into a field of this form, or what stands there, and what is wrong with it.
    fn field(&self, act: &str, name: &str, held: &str) -> (String, Option<&str>) {
        if self.act == act { (self.sent.text(name), self.faults.of(name)) } else { (held.to_owned(), None) }
    }
}

/// The field that a word of a refusal stands for, in the form that does this.
fn about(act: &str) -> &'static [(&'static str, &'static str)] {
    match act {
        "grant" => &[("", "role")],
        "revoke" => &[("reason", "reason"), ("", "role")],
        "until" => &[("day", "until"), ("", "reason")],
        "systems" => &[("at least one", "system"), ("", "reason")],
        _ => &[("", "reason")],
    }
}

/// The page.
pub(super) async fn page(
    State(state): State<WebState>,
    Path(id): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let view = look(&state, &asked, &id).await?;
    asked.frame(&state, &draw(&view, &asked.token, &Outcome::default())).await
}

/// Takes one of the forms.
pub(super) async fn act(
    State(state): State<WebState>,
    Path((id, act)): Path<(String, String)>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    sent.only(&["role", "reason", "lost", "system", "until"])?;
    let member: MembershipId = id.parse().map_err(|_| Refusal::NotFound)?;
    let here = format!("/people/{member}");
    let why = sent.text("reason");
    let (mut link, mut is_mailed) = (None, false);
    let done = match act.as_str() {
        "grant" => {
            let role = role(&sent)?;
            app.transact(actor, async |cx| give(cx, member, role).await).await
        }
        "revoke" => {
            let role = role(&sent)?;
            app.transact(actor, async |cx| people::revoke(cx, member, role, &why).await).await
        }
        "suspend" => app.transact(actor, async |cx| people::suspend(cx, member, &why).await).await,
        "reinstate" => app.transact(actor, async |cx| people::resume(cx, member, &why).await).await,
        "systems" => {
            let systems = systems(&sent)?;
            app.transact(actor, async |cx| people::assign_systems(cx, member, systems, &why).await).await
        }
        "sign-out" => app.transact(actor, async |cx| people::sign_out(cx, member, &why).await).await,
        "until" => match until(&sent.text("until")) {
            Ok(until) => {
                app.transact(actor, async |cx| people::set_until(cx, member, until, &why).await).await
            }
            Err(says) => Err(Error::invalid(says)),
        },
        "remove" => app.transact(actor, async |cx| people::remove(cx, member, &why).await).await,
        "reset" => {
            let word = sent.text("lost");
            let lost = Lost::ALL.into_iter().find(|one| one.word() == word).ok_or(Refusal::Malformed)?;
            let made =
                app.transact(actor, async |cx| people::offer_reset(cx, member, lost, &why).await).await;
            made.map(|made| {
                is_mailed = made.is_mailed;
                link = Some(format!("{}/reset/{}", state.address(), made.text()));
            })
        }
        _ => return Err(Refusal::NotFound),
    };
    let mut outcome = Outcome { link, is_mailed, act: act.clone(), sent: sent.clone(), ..Outcome::default() };
    let status = match done {
        Ok(()) if outcome.link.is_some() => {
            let view = look(&state, &asked, &id).await?;
            return Ok(asked.frame(&state, &draw(&view, &asked.token, &outcome)).await?.into_response());
        }
        Ok(()) => return Ok(go(if act == "remove" { "/people" } else { &here })),
        Err(Error::StepUp) => return prove_first(&state, &asked, asked.path(), &here, &sent).await,
        Err(Error::Invalid(says)) => {
            outcome.faults = Faults::about(says, about(&act));
            StatusCode::UNPROCESSABLE_ENTITY
        }
        Err(Error::Conflict(says)) => {
            outcome.faults = Faults::whole(says);
            StatusCode::CONFLICT
        }
        Err(error) => return Err(error.into()),
    };
    let view = look(&state, &asked, &id).await?;
    asked.frame_refused(&state, status, &draw(&view, &asked.token, &outcome)).await
}

/// Reads the last day of a membership; none for one without an end.
pub(super) fn until(day: &str) -> Result<Option<Timestamp>, &'static str> {
    if day.is_empty() {
        return Ok(None);
    }
    let from = format!("{day}T00:00:00Z").parse::<Timestamp>().map_err(|_| "choose a day")?;
    Ok(Some(from.plus_micros(DAY_US)))
}

/// The last day of a membership, as fields have it.
fn last_day(until: Option<Timestamp>) -> String {
    until.map(|until| until.plus_micros(-1).date()).unwrap_or_default()
}

/// Reads which systems were chosen; none stands for all.
fn systems(sent: &Sent) -> Result<Systems, Refusal> {
    let chosen = sent.all("system");
    if chosen.is_empty() {
        return Ok(Systems::All);
    }
    let chosen = chosen.iter().map(|id| id.parse()).collect::<Result<_, _>>();
    Ok(Systems::Only(chosen.map_err(|_| Refusal::Malformed)?))
}

fn role(sent: &Sent) -> Result<Role, Refusal> {
    sent.text("role").parse().map_err(|_| Refusal::Malformed)
}

/// Gives an ordinary role, or proposes one that a second owner must agree to.
async fn give(cx: &mut Cx<'_>, member: MembershipId, role: Role) -> tickmark_app::Result<()> {
    if role.is_highest() {
        people::propose(cx, member, role).await?;
        return Ok(());
    }
    people::grant(cx, member, role).await
}

async fn look(state: &WebState, asked: &Asked, id: &str) -> Result<View, Refusal> {
    let (app, actor) = asked.member(state)?;
    let id: MembershipId = id.parse().map_err(|_| Refusal::NotFound)?;
    let sees_proposals = asked.may(Atom::new(Resource::HighestGrant, Verb::Read));
    let (member, sessions, systems, proposals) = app
        .read(actor, async |view| {
            let member = people::member(view, id).await?;
            let sessions = people::sessions(view, id).await?;
            let systems = tickmark_app::identity::system::all(view).await?;
            let proposals = if sees_proposals { people::proposals(view).await? } else { Vec::new() };
            Ok((member, sessions, systems, proposals))
        })
        .await?;
    let is_own = member.actor == actor.id;
    let may = |resource, verb| asked.may(Atom::new(resource, verb));
    let grant_highest = may(Resource::HighestGrant, Verb::Create);
    let within = !is_own && (grant_highest || !member.roles.iter().any(|role| role.is_highest()));
    let act = within && may(Resource::Member, Verb::Update);
    let grant = !is_own && may(Resource::Grant, Verb::Create);
    let is_of = |system: &System| matches!(&member.systems, Systems::Only(some) if some.contains(&system.id));
    let systems = systems.into_iter().filter(|one| one.retired_at.is_none() || is_of(one)).collect();
    Ok(View {
        sessions,
        systems,
        proposals: proposals.into_iter().filter(|one| one.member == id).collect(),
        is_own,
        may: May {
            act,
            remove: within && may(Resource::Member, Verb::Delete),
            grant,
            grant_highest: !is_own && grant_highest,
            reset: act && grant && member.standing == Standing::Active,
        },
        sees_trail: permission::offers(actor, "/audit-trail"),
        member,
        now: app.now(),
    })
}

/// The systems somebody is assigned to, in words.
fn assigned(view: &View) -> String {
    match &view.member.systems {
        Systems::All => "All, also those to come".to_owned(),
        Systems::Only(some) => {
            let theirs = view.systems.iter().filter(|one| some.contains(&one.id));
            theirs.map(|one| one.name.as_str()).collect::<Vec<_>>().join(", ")
        }
    }
}

fn draw(view: &View, token: &str, outcome: &Outcome) -> Page {
    let member = &view.member;
    let here = format!("/people/{}", member.id);
    let standing = match member.standing {
        Standing::Active => "Active",
        Standing::Suspended => "Suspended: nothing is permitted until the membership is reinstated",
    };
    let body = html! {
        @if let Some(link) = &outcome.link {
            div.card role="status" {
                @if outcome.is_mailed { p { "A letter with this link is on its way to " strong { (member.email) } "." } }
                p { @if outcome.is_mailed { "Or hand it to " } @else { "Hand this link to " } strong { (member.name) } ", in a way that reaches only them. It works once, for 30 minutes, and " strong { "is shown only now" } ". It is not enough alone: they show what they did not lose." }
                p.link { code { (link) } (digest::copy(link)) }
            }
        }
        (outcome.faults.summary())
        dl.facts {
            dt { "E-mail address" } dd { (member.email) }
            dt { "Standing" } dd { (standing) }
            dt { "In since" } dd { (moment::exact(member.valid.from)) @if let Some(until) = member.valid.to { ", until " (moment::exact(until)) } }
            dt { "Systems" } dd { (assigned(view)) }
            dt { "Signed in" } dd { @if view.sessions == 0 { "In no browser" } @else if view.sessions == 1 { "In one browser" } @else { "In " (view.sessions) " browsers" } }
            dt { "Last change" } dd { (moment::ago(member.changed_at, view.now)) }
            dt { "Called in the ledger" } dd { code { (member.actor) } @if view.sees_trail { ", " a href={ "/audit-trail?actor=" (member.actor) } { "what they did" } } }
        }
        (block("roles", "Roles", &html! {}, &roles(view, token, &here, outcome)))
        (acts(view, token, &here, outcome))
    };
    let mut page = Page::new(Place::People, &member.name, body);
    page.lead = html! { (crate::design::form::capital(&pages::roles(member.roles.iter()))) @if view.is_own { ". This is you: what you are is changed by others." } };
    page.crumbs = vec![("People".into(), "/people".into())];
    page
}

/// A field for the reason, with what was typed if this is the form that was sent. Several stand on a page, so each has an id
/// of its own.
fn reason(outcome: &Outcome, act: &str) -> Markup {
    let (value, fault) = outcome.field(act, "reason", "");
    field(&Field {
        name: "reason",
        id: &format!("{act}-reason"),
        label: "Why",
        kind: Kind::Area(2),
        value: &value,
        fault,
        max: REASON_CHARS,
        hint: "Kept in the audit trail.",
        ..Field::default()
    })
}

fn roles(view: &View, token: &str, here: &str, outcome: &Outcome) -> Markup {
    let member = &view.member;
    let rows = member
        .roles
        .iter()
        .map(|role| vec![html! { strong { (role.name()) } }, html! { (pages::meaning(*role)) }]);
    let takes = |role: &Role| if role.is_highest() { view.may.grant_highest } else { view.may.grant };
    let held: Vec<(String, String)> = member
        .roles
        .iter()
        .filter(|role| takes(role))
        .map(|role| (role.word().to_owned(), role.name().to_owned()))
        .collect();
    let waits = |role: &Role| view.proposals.iter().any(|one| one.role == *role);
    let offered: Vec<(String, String)> = Role::ALL
        .into_iter()
        .filter(|role| {
            role.is_for_members()
                && *role != Role::Auditor
                && !member.roles.contains(role)
                && takes(role)
                && !waits(role)
        })
        .map(|role| {
            let words = if role.is_highest() {
                format!("{} (a second owner must agree)", role.name())
            } else {
                role.name().to_owned()
            };
            (role.word().to_owned(), words)
        })
        .collect();
    let (given, no_grant) = outcome.field("grant", "role", "");
    let (taken, no_revoke) = outcome.field("revoke", "role", "");
    html! {
        @if member.roles.is_empty() { p.muted { "None: they can sign in and see their account, nothing else." } }
        @else { (plain("Roles", &["Role", "What it is for"], rows.collect())) }
        @for one in &view.proposals {
            p { "Proposed: " strong { (one.role.name()) } ", " (moment::ago(one.asked_at, view.now)) ". " a href="/people#waiting" { "Another owner agrees on the page of people" } "." }
        }
        @if !offered.is_empty() {
            details open[outcome.act == "grant"] { summary { "Give a role" }
                div.narrow { (form(&format!("{here}/grant"), token, &html! {
                    (field(&Field { name: "role", id: "grant-role", label: "Role", kind: Kind::Select(&offered), value: &given, fault: no_grant, hint: "They are signed out and come back with it.", ..Field::default() }))
                    p.row { button.button.primary type="submit" { "Give the role" } }
                })) }
            }
        }
        @if !held.is_empty() {
            details open[outcome.act == "revoke"] { summary { "Take a role away" }
                div.narrow { (form(&format!("{here}/revoke"), token, &html! {
                    (field(&Field { name: "role", id: "revoke-role", label: "Role", kind: Kind::Select(&held), value: &taken, fault: no_revoke, hint: "They are signed out and come back without it.", ..Field::default() }))
                    (reason(outcome, "revoke"))
                    p.row { button.button.primary type="submit" { "Take the role away" } }
                })) }
            }
        }
    }
}

fn acts(view: &View, token: &str, here: &str, outcome: &Outcome) -> Markup {
    if !view.may.act {
        return html! {};
    }
    let one = |act: &str, title: &str, says: &str, extra: Markup, button: &str| {
        html! {
            details open[outcome.act == act] { summary { (title) }
                div.narrow { (form(&format!("{here}/{act}"), token, &html! {
                    p { (says) }
                    (extra)
                    (reason(outcome, act))
                    p.row { button.button.primary type="submit" { (button) } }
                })) }
            }
        }
    };
    let lost: Vec<(String, String)> = [
        (Lost::Password, "The password; they still have the authenticator or a recovery code"),
        (Lost::Authenticator, "The authenticator; they still know the password"),
    ]
    .map(|(lost, words)| (lost.word().to_owned(), words.to_owned()))
    .to_vec();
    let offered: Vec<(String, String)> =
        view.systems.iter().map(|system| (system.id.to_string(), system.name.clone())).collect();
    let chosen: Vec<String> = match &view.member.systems {
        Systems::All => Vec::new(),
        Systems::Only(some) => some.iter().map(ToString::to_string).collect(),
    };
    let (_, no_system) = outcome.field("systems", "system", "");
    let chosen = match outcome.act.as_str() {
        "systems" => outcome.sent.all("system").join(" "),
        _ => chosen.join(" "),
    };
    let (until, no_until) = outcome.field("until", "until", &last_day(view.member.valid.to));
    let (gone, no_lost) = outcome.field("reset", "lost", "");
    let body = html! {
        @if view.member.standing == Standing::Active {
            (one("suspend", "Suspend", "Whatever they are signed in to ends at once, their tokens stop working, and nothing is permitted until they are reinstated.", html! {}, "Suspend"))
        } @else {
            (one("reinstate", "Reinstate", "The membership counts again. They sign in anew.", html! {}, "Reinstate"))
        }
        @if view.sessions > 0 {
            (one("sign-out", "Sign out everywhere", "Every session of theirs in this organization ends at once. They can sign in again.", html! {}, "Sign out"))
        }
        @if !view.member.roles.contains(&Role::Auditor) {
            (one("until", "Set an end", "From the day after, they are no member any more: nothing is permitted, and what they invited others with does not work.",
                field(&Field { name: "until", label: "Last day", kind: Kind::Input("date"), value: &until, fault: no_until, optional: true, hint: "Empty: without an end.", ..Field::default() }), "Set the end"))
        }
        @if view.systems.len() > 1 {
            (one("systems", "Assign systems", "Where their roles reach assigned systems only, they reach the controls and the evidence of these.",
                field(&Field { name: "system", label: "Systems", kind: Kind::Several(&offered), value: &chosen, fault: no_system, hint: "None chosen: all, also those to come.", ..Field::default() }), "Assign"))
        }
        @if view.may.reset {
            (one("reset", "Help with a lost password or authenticator", "You get a link to hand over. You learn nothing by it: they choose the new one, and show what they did not lose. Both lost at once is a matter for whoever operates the installation: tickmark people reset.",
                field(&Field { name: "lost", label: "What they lost", kind: Kind::Select(&lost), value: &gone, fault: no_lost, ..Field::default() }), "Make a link"))
        }
        @if view.may.remove {
            (one("remove", "Remove from the organization", "What they did stays theirs, in the ledger and everywhere else. Coming back needs an invitation.", html! {}, "Remove"))
        }
    };
    block("acts", "Membership", &html! {}, &body)
}
