//! The audit trail: searched, one event, taken out.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use futures_util::stream;
use maud::{Markup, html};
use tickmark_app::identity::audit::{self, Filter, Format, Name, Outcome, Row};
use tickmark_app::identity::{self, people};
use tickmark_app::register::{self, Kind, Query};
use tickmark_app::{Actor, App};
use tickmark_core::Timestamp;
use tickmark_core::id::ActorId;
use tickmark_core::identity::{Atom, Resource, Role, Verb};
use tickmark_core::time::DAY_US;

use crate::WebState;
use crate::design::frame::{Page, Place};
use crate::design::table::{TableQuery, folded, plain};
use crate::design::{block, moment};
use crate::error::Refusal;
use crate::evidence::taken;
use crate::list::{TRAIL, views};
use crate::visit::Asked;

/// Rows on one page.
const ROWS: u32 = 100;
const PATH: &str = "/audit-trail";
/// Most members that can be chosen from; where there are more, those who stand on the page can.
const OFFERED: u32 = 200;
/// The kind of what happened to a member.
const MEMBER: &str = "member";
/// Most characters of what is searched for.
const TEXT_CHARS: usize = 200;
/// What is chosen from above the events, as addresses name it.
const CHOICES: [&str; 7] = ["event", "actor", "outcome", "from", "to", "object", "request"];

/// What actors are called, and members by the id of their page.
struct Known {
    names: BTreeMap<ActorId, String>,
    members: BTreeMap<String, String>,
    /// Whether these are all members that may be seen.
    has_all: bool,
}

/// The page.
pub(super) async fn page(State(state): State<WebState>, asked: Asked) -> Result<Markup, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let filter = filter(&asked.query)?;
    let sees_members = asked.may(Atom::new(Resource::Member, Verb::Read));
    let (mut rows, known) = app
        .read(actor, async |view| {
            let rows = audit::search(view, &filter, ROWS + 1).await?;
            let known = known(view, &rows, filter.actor, sees_members).await?;
            Ok((rows, known))
        })
        .await?;
    let next = (rows.len() > ROWS as usize).then(|| {
        rows.truncate(ROWS as usize);
        rows.last().map_or(0, |row| row.number)
    });
    let may_export = asked.may(Atom::new(Resource::AuditTrail, Verb::Export));
    let is_whole = sees_members && !(known.has_all && known.members.is_empty());
    let views = views::of(&state, &asked, TRAIL).await?;
    let mut page = draw(&rows, &known, &asked, next, may_export, is_whole);
    page.body = html! { (views) (page.body) };
    asked.frame(&state, &page).await
}

/// One event.
pub(super) async fn event(
    State(state): State<WebState>,
    Path(number): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let number: i64 = number.parse().map_err(|_| Refusal::NotFound)?;
    let sees_members = asked.may(Atom::new(Resource::Member, Verb::Read));
    let (row, index, known) = app
        .read(actor, async |view| {
            let (row, index) = audit::event(view, number).await?;
            let known = known(view, std::slice::from_ref(&row), None, sees_members).await?;
            Ok((row, index, known))
        })
        .await?;
    let sees_ledger = crate::permission::offers(actor, "/ledger");
    asked.frame(&state, &draw_event(&row, index.filter(|_| sees_ledger), &known, asked.visit.now)).await
}

/// The trail as comma-separated values.
pub(super) async fn csv(State(state): State<WebState>, asked: Asked) -> Result<Response, Refusal> {
    export(&state, &asked, Format::Csv, "text/csv; charset=utf-8").await
}

/// The trail as JSON, one object a line.
pub(super) async fn json_lines(State(state): State<WebState>, asked: Asked) -> Result<Response, Refusal> {
    export(&state, &asked, Format::JsonLines, "application/jsonl; charset=utf-8").await
}

async fn export(state: &WebState, asked: &Asked, format: Format, kind: &str) -> Result<Response, Refusal> {
    let (_, actor) = asked.member(state)?;
    let app = Arc::clone(state.accounts().ok_or(Refusal::NotFound)?);
    let mut filter = filter(&asked.query)?;
    // The event stands in the trail before the first line leaves.
    let end = app.transact(actor, async |cx| audit::begin_export(cx, &filter, format).await).await?;
    filter.before = Some(filter.before.map_or(end, |before| before.min(end)));
    let name = format!("audit-trail-{}.{}", app.now().date(), format.ending());
    let lines = Lines { app, actor: actor.clone(), filter, format, names: BTreeMap::new() };
    let head = stream::iter([Ok::<_, Infallible>(format.head().to_owned())]);
    let rest = stream::unfold(Some(lines), step);
    let body = Body::from_stream(futures_util::StreamExt::chain(
        futures_util::StreamExt::map(head, |line| line.map_err(|never| match never {})),
        rest,
    ));
    Ok(taken(&name, kind, body))
}

/// What is still to be written.
struct Lines {
    app: Arc<App>,
    actor: Actor,
    filter: Filter,
    format: Format,
    names: BTreeMap<ActorId, String>,
}

async fn step(lines: Option<Lines>) -> Option<(Result<String, tickmark_app::Error>, Option<Lines>)> {
    let Lines { app, actor, mut filter, format, mut names } = lines?;
    let page =
        app.read(&actor, async |view| audit::export_page(view, &filter, format, &mut names).await).await;
    match page {
        Ok((text, Some(after))) => {
            filter.after = Some(after);
            Some((Ok(text), Some(Lines { app, actor, filter, format, names })))
        }
        Ok((text, None)) => Some((Ok(text), None)),
        // The connection breaks off, so that nobody takes the part for the whole.
        Err(error) => Some((Err(error), None)),
    }
}

/// Finds out what the page names. Members are listed whole only where they are few enough to be chosen from; the page of an
/// organization of thousands knows those who stand on it.
async fn known(
    view: &mut tickmark_app::View<'_>,
    rows: &[Row],
    chosen: Option<ActorId>,
    sees_members: bool,
) -> tickmark_app::Result<Known> {
    let few = Query { rows: OFFERED, ..Query::default() };
    let all = if sees_members { register::titled(view, Kind::Member, &few).await? } else { Some(Vec::new()) };
    let has_all = all.is_some();
    let ids: Vec<String> = match all {
        Some(all) => all.into_iter().map(|(id, _)| id).collect(),
        None => rows.iter().filter(|row| row.object_kind == MEMBER).map(|row| row.object.clone()).collect(),
    };
    let members = if ids.is_empty() { Vec::new() } else { people::some(view, &ids).await? };
    let mut names: BTreeMap<ActorId, String> =
        members.iter().map(|member| (member.actor, member.name.clone())).collect();
    let others = rows.iter().map(|row| row.actor).chain(chosen.filter(|_| !has_all));
    let others: BTreeSet<ActorId> = others.filter(|id| !names.contains_key(id)).collect();
    for (id, label) in identity::labels_of(view, &others).await? {
        // Members are called by their names alone, and who is none is known only where all are.
        let label = if has_all { label } else { identity::without_address(&label).to_owned() };
        names.insert(id, if label.is_empty() { "erased".to_owned() } else { label });
    }
    let members = members.into_iter().map(|member| (member.id.to_string(), member.name)).collect();
    Ok(Known { names, members, has_all })
}

/// Reads what the address asks for.
fn filter(query: &TableQuery) -> Result<Filter, Refusal> {
    let text =
        |key: &str| query.get(key).map(|text| text.trim().chars().take(TEXT_CHARS).collect::<String>());
    let day = |key: &str| -> Result<Option<Timestamp>, Refusal> {
        let Some(text) = query.get(key) else { return Ok(None) };
        let start = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
        start.parse().map(Some).map_err(|_| Refusal::Malformed)
    };
    let outcome = match query.get("outcome") {
        None => None,
        Some(word) => {
            Some(Outcome::ALL.into_iter().find(|one| one.word() == word).ok_or(Refusal::Malformed)?)
        }
    };
    Ok(Filter {
        actor: query.get("actor").map(|id| id.parse().map_err(|_| Refusal::Malformed)).transpose()?,
        event: text("event"),
        outcome,
        object: text("object"),
        request: text("request"),
        from: day("from")?,
        // The day is meant as a whole.
        to: day("to")?.map(|day| day.plus_micros(DAY_US)),
        before: query.get("before").map(|at| at.parse().map_err(|_| Refusal::Malformed)).transpose()?,
        after: None,
    })
}

fn draw(
    rows: &[Row],
    known: &Known,
    asked: &Asked,
    next: Option<i64>,
    may_export: bool,
    is_whole: bool,
) -> Page {
    let query = &asked.query;
    let now = asked.visit.now;
    let is_narrowed = query.pairs().any(|(_, value)| !value.is_empty());
    let drawn = rows.iter().map(|row| {
        let href = format!("{PATH}/{}", row.number);
        vec![
            html! { a.num href=(href) { (row.number) } },
            html! { (moment::ago(row.at, now)) },
            html! { a href=(query.with(PATH, &[("actor", &row.actor.to_string()), ("before", "")])) { (name(known, row)) } },
            html! { code { (row.event) } },
            html! { (object(known, row)) },
            html! { (outcome(row)) },
        ]
    });
    let body = html! {
        (filters(known, query, is_whole))
        @if rows.is_empty() {
            div.empty {
                h3 { "No event matches" }
                p { @if is_narrowed { "Take away a filter, or " a href=(PATH) { "show all events" } "." } @else { "Nothing has happened that you may read. What you do yourself, such as signing in, appears here." } }
            }
        } @else {
            (plain("Events, newest first", &["No.", "When", "Who", "What", "About", "Outcome"], drawn.collect()))
            nav.pager aria-label="Pages" {
                @if query.get("before").is_some() { a.button href=(query.with(PATH, &[("before", "")])) { "Newest" } }
                @if let Some(next) = next { a.button href=(query.with(PATH, &[("before", &next.to_string())])) rel="next" { "Older" } }
            }
        }
    };
    let mut page = Page::new(Place::AuditTrail, "Audit trail", body);
    page.lead = if is_whole {
        html! { "What happened in accounts and rights, and what was refused. Each event is an entry of the ledger." }
    } else {
        html! { "What you did, and what was refused to you. Each event is an entry of the ledger." }
    };
    if may_export {
        let to = |ending: &str| query.with(&format!("{PATH}/export.{ending}"), &[("before", "")]);
        page.actions = html! { a.button href=(to("csv")) { "Export CSV" } a.button href=(to("jsonl")) { "Export JSON Lines" } };
    }
    page
}

fn filters(known: &Known, query: &TableQuery, is_whole: bool) -> Markup {
    let chosen = |key: &str| query.get(key).unwrap_or_default();
    let groups: BTreeSet<&str> =
        Name::ALL.iter().filter_map(|name| name.word().split_once('.')).map(|(group, _)| group).collect();
    let mut people: Vec<(&ActorId, &String)> = known.names.iter().collect();
    people.sort_by_key(|(_, name)| name.to_lowercase());
    let made = CHOICES.into_iter().filter(|key| query.get(key).is_some()).count();
    let choices = html! {
        label { "What"
            select name="event" {
                option value="" { "anything" }
                @for group in groups {
                    optgroup label=(group) {
                        option value=(group) selected[chosen("event") == group] { (group) ", all" }
                        @for name in Name::ALL.iter().filter(|name| name.word().split('.').next() == Some(group)) {
                            option value=(name.word()) selected[chosen("event") == name.word()] { (name.word()) }
                        }
                    }
                }
            }
        }
        @if is_whole {
            label { "Who"
                select name="actor" {
                    option value="" { "anybody" }
                    @for (id, name) in people { option value=(id) selected[chosen("actor") == id.to_string()] { (name) } }
                }
            }
        }
        label { "Outcome"
            select name="outcome" {
                option value="" { "any" }
                @for one in Outcome::ALL { option value=(one.word()) selected[chosen("outcome") == one.word()] { (one.word()) } }
            }
        }
        label { "From" input type="date" name="from" value=(chosen("from")); }
        label { "To" input type="date" name="to" value=(chosen("to")); }
        label { "About" input type="search" name="object" value=(chosen("object")) placeholder="id of a member, session, …" autocomplete="off" maxlength=(TEXT_CHARS); }
        label { "Request" input type="search" name="request" value=(chosen("request")) placeholder="id" autocomplete="off" maxlength=(TEXT_CHARS); }
        button.button type="submit" { "Apply" }
    };
    html! {
        form.filters method="get" action=(PATH) role="search" {
            (folded(made, &choices))
            @if query.pairs().any(|(_, value)| !value.is_empty()) { a.button.quiet href=(PATH) { "Clear" } }
        }
        @if is_whole && !known.has_all {
            p.muted { "\u{201c}Who\u{201d} offers those who stand on this page. What anybody else did is a link on their page among " a href="/people" { "People" } "." }
        }
    }
}

fn name<'a>(known: &'a Known, row: &Row) -> &'a str {
    known.names.get(&row.actor).map_or("erased", String::as_str)
}

fn outcome(row: &Row) -> Markup {
    html! {
        @match row.outcome.as_str() {
            "done" => { "Done" }
            "denied" => { strong { "Denied" } @if !row.reason.is_empty() { ": " (row.reason.replace('_', " ")) } }
            _ => { strong { "Failed" } @if !row.reason.is_empty() { ": " (row.reason.replace('_', " ")) } }
        }
    }
}

fn object(known: &Known, row: &Row) -> Markup {
    let name = known.members.get(&row.object).filter(|_| row.object_kind == MEMBER);
    html! {
        (row.object_kind) " "
        @if let Some(name) = name {
            a href=(format!("/people/{}", row.object)) { (name) }
        } @else {
            code title=(row.object) { (row.object.chars().take(13).collect::<String>()) @if row.object.chars().count() > 13 { "…" } }
        }
    }
}

/// Says with what somebody was signed in, and as what they acted.
fn signed_in(auth: &str) -> Option<(String, String)> {
    let auth: serde_json::Value = serde_json::from_str(auth).ok()?;
    let with = match auth.get("factor")?.as_str()? {
        "token" => return Some(("With a token".to_owned(), roles_of(&auth))),
        "attested_passkey" => "With an attested passkey",
        "passkey" => "With a passkey",
        "code" => "With password and code",
        _ => "With a password",
    };
    let minutes = auth.get("proof_age_s")?.as_i64()? / 60;
    let shown = match minutes {
        0 => "shown within the minute before".to_owned(),
        1 => "shown a minute before".to_owned(),
        more => format!("shown {more} minutes before"),
    };
    Some((format!("{with}, {shown}"), roles_of(&auth)))
}

fn roles_of(auth: &serde_json::Value) -> String {
    let words = auth.get("roles").and_then(serde_json::Value::as_array).cloned().unwrap_or_default();
    let names: Vec<&str> =
        words.iter().filter_map(|word| word.as_str()?.parse::<Role>().ok()).map(Role::name).collect();
    if names.is_empty() { "None".to_owned() } else { names.join(", ") }
}

fn draw_event(row: &Row, index: Option<u64>, known: &Known, now: Timestamp) -> Page {
    let same = |key: &str, value: &str| format!("{PATH}?{key}={}", crate::design::segment(value));
    let body = html! {
        dl.facts {
            dt { "When" } dd { (moment::exact(row.at)) ", " (moment::ago(row.at, now)) }
            dt { "Who" } dd { a href=(same("actor", &row.actor.to_string())) { (name(known, row)) } " " code { (row.actor) } }
            dt { "What" } dd { a href=(same("event", &row.event)) { code { (row.event) } } }
            dt { "About" } dd { (row.object_kind) " " a href=(same("object", &row.object)) { code { (row.object) } } }
            dt { "Outcome" } dd { (outcome(row)) }
            @if let Some(why) = &row.why { dt { "Why" } dd.why { (why) } }
            @if !row.request.is_empty() { dt { "Request" } dd { a href=(same("request", &row.request)) { code { (row.request) } } } }
            @if !row.session.is_empty() { dt { "Session" } dd { a href=(same("object", &row.session)) { code { (row.session) } } } }
            @if !row.network.is_empty() { dt { "Network" } dd { code { (row.network) } } }
            @if let Some((signed_in, roles)) = signed_in(&row.auth) { dt { "Signed in" } dd { (signed_in) } dt { "Roles at the time" } dd { (roles) } }
            dt { "Entry of the ledger" } dd {
                @match index {
                    Some(index) => { a href=(format!("/ledger/leaves/{index}")) { "Entry " (index) } " " code { (row.leaf) } }
                    None => { code { (row.leaf) } }
                }
            }
        }
        (block("proof", "What is proven", &html! {}, &html! {
            p.muted { "The entry holds everything here but names and what was written; of the latter it holds a commitment. That rows and entries agree is checked by:" }
            (crate::design::empty::command("tickmark audit verify"))
        }))
    };
    let mut page = Page::new(Place::AuditTrail, &format!("Event {}", row.number), body);
    page.lead = html! { code { (row.event) } };
    page.crumbs = vec![("Audit trail".into(), PATH.into())];
    page
}
