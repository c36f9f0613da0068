//! Segregation of duties: the matrix, who holds both sides of a conflict, the question before a right is given, and
//! exceptions for a time.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use tickmark_app::program::segregation::{self, NewException, Report, Ruling};
use tickmark_app::{Error, control, identity};
use tickmark_core::Timestamp;
use tickmark_core::catalog::{Duty, DutyConflict};
use tickmark_core::control::{Control, ControlId, ControlState};
use tickmark_core::evidence::item::day;
use tickmark_core::id::ActorId;
use tickmark_core::identity::{Atom, Resource, Verb};
use tickmark_core::program::segregation::{
    Both, ConflictException, ExceptionState, Grant, MAX_TEXT_CHARS, Matrix, MatrixVersion, Preventive,
    Verdict,
};
use tickmark_core::time::DAY_US;

use super::population::wrong;
use crate::design::badge::badge;
use crate::design::form::{Faults, Field, Kind, button, field, form, hidden, send};
use crate::design::frame::{Page, Place};
use crate::design::icon::Mark;
use crate::design::table::plain;
use crate::design::{block, moment, plural, segment};
use crate::error::Refusal;
use crate::form::Sent;
use crate::identity::go;
use crate::route::{get, post};
use crate::visit::Asked;
use crate::{Desk, WebState};

const PATH: &str = "/segregation";
const DECIDE: Atom = Atom::new(Resource::AccessReview, Verb::Update);
const ASK: Atom = Atom::new(Resource::Exception, Verb::Create);
const APPROVE: Atom = Atom::new(Resource::Exception, Verb::Approve);
/// What could not be seen of one conflict that the page shows.
const SHOWN: usize = 6;

pub(super) fn desk_routes() -> Vec<Desk> {
    let changes = |path, example, handler| Desk { path, example, looks: false, changes: true, handler };
    let both = |path, example, handler| Desk { path, example, looks: true, changes: true, handler };
    vec![
        Desk { path: PATH, example: PATH, looks: true, changes: false, handler: get(page) },
        changes("/segregation/adopt", "/segregation/adopt", post(adopt)),
        both("/segregation/edit", "/segregation/edit", get(edit_page).post(edit)),
        both("/segregation/exceptions/new", "/segregation/exceptions/new", get(ask_page).post(ask)),
        changes("/segregation/exceptions/{key}/{act}", "/segregation/exceptions/1/approve", post(rule)),
    ]
}

fn may(asked: &Asked, atom: Atom) -> bool {
    asked.visit.actor.as_deref().is_some_and(|actor| crate::permission::may_all(actor, atom))
}

fn verdict_badge(verdict: Verdict) -> Markup {
    let mark = match verdict {
        Verdict::Held => Mark::Fail,
        Verdict::Unseen => Mark::Unknown,
        Verdict::None => Mark::Pass,
    };
    badge(mark, verdict.title())
}

struct Asking {
    person: String,
    system: String,
    right: String,
    answer: Option<Preventive>,
}

async fn page(State(state): State<WebState>, asked: Asked) -> Result<Markup, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let text = |name: &str| asked.query.get(name).unwrap_or_default().trim().to_owned();
    let (person, system, right) = (text("person"), text("to"), text("right"));
    let is_asked = !person.is_empty() && !system.is_empty() && !right.is_empty();
    let sees_exceptions = crate::permission::may_all(actor, Atom::new(Resource::Exception, Verb::Read));
    let at = as_asked(&asked);
    let (report, exceptions, labels, answer) = app
        .read(actor, async |view| {
            let at = at.unwrap_or(view.now).min(view.now);
            let report = segregation::report_at(view, at).await?;
            let exceptions = if sees_exceptions { segregation::exceptions(view).await? } else { Vec::new() };
            let answer = if is_asked {
                match segregation::ask(view, &person, &system, &right).await {
                    Err(Error::Invalid(_)) => None,
                    other => other?,
                }
            } else {
                None
            };
            Ok((report, exceptions, identity::labels(view).await?, answer))
        })
        .await?;
    let now = asked.visit.now;
    let may_decide = may(&asked, DECIDE);
    let may_ask = may(&asked, ASK);
    let body = match &report {
        None if at.is_some() => html! {
            (as_of(PATH, at, now))
            div.empty { h3 { "Nobody had decided which duties conflict" } p { "On that day there was no matrix." } }
        },
        None => html! {
            div.empty {
                h3 { "Nobody has decided which duties conflict" }
                p { "The usual conflicts are ready to be adopted: twelve pairs of duties that one person should not hold together. What grants each duty in your systems is said afterwards." }
                @if may_decide { div.row { (button("/segregation/adopt", &asked.token, "Adopt the usual conflicts", "")) a.button href="/segregation/edit" { "Write your own" } } }
            }
        },
        Some(report) => html! {
            (as_of(PATH, at, now))
            (found(report, Eyes { lists: "/access", may_ask, is_auditors: false }, now))
            (block("ask", "Before a right is given", &html! { "would it make a conflict?" }, &question(&Asking { person, system, right, answer }, report)))
            @if sees_exceptions { (block("exceptions", "Exceptions", &html! { @if may_ask { a href="/segregation/exceptions/new" { "ask for one" } } }, &exception_rows(&exceptions, &labels, &asked, false))) }
            (unmapped(report))
            (block("rules", "Which rights grant which duties", &html! { (report.matrix.matrix.grants.len()) " " (plural(report.matrix.matrix.grants.len(), "rule", "rules")) }, &rules(&report.matrix)))
            (decided(&report.matrix, &labels))
        },
    };
    let mut page = Page::new(Place::Segregation, "Segregation of duties", body);
    page.lead = match &report {
        None => html! { "Duties that one person should not hold together." },
        Some(report) => {
            let open = report.uncovered();
            let unseen = report.looked.iter().filter(|one| !one.unseen.is_empty()).count();
            html! {
                @if open > 0 { (open) " " (plural(open, "person holds", "people hold")) " both duties of a conflict without an exception." }
                @else if unseen == 0 { "Nobody holds both duties of a conflict without an exception." }
                @if unseen > 0 { " " (unseen) " of " (report.looked.len()) " " (plural(report.looked.len(), "conflict", "conflicts")) " could not be looked for in full." }
            }
        }
    };
    if may_decide && report.is_some() {
        page.actions = html! { a.button href="/segregation/edit" { "Change the matrix" } };
    }
    asked.frame(&state, &page).await
}

/// The last moment of the day that is asked about; none where none is, or what is there is no day.
pub(crate) fn as_asked(asked: &Asked) -> Option<Timestamp> {
    let text = asked.query.get("at").unwrap_or_default();
    Some(day(text).ok()?.plus_micros(DAY_US - 1).min(asked.visit.now))
}

/// Chooses the day as of which it is looked.
pub(crate) fn as_of(path: &str, at: Option<Timestamp>, now: Timestamp) -> Markup {
    let value = at.map(Timestamp::date).unwrap_or_default();
    html! {
        form.periods method="get" action=(path) {
            label { "As it was at the end of" input type="date" name="at" value=(value) max=(now.date()) aria-describedby="at-hint"; }
            button.button type="submit" { "Show" }
            @if at.is_some() { a.button.quiet href=(path) { "As it is now" } }
            span.hint id="at-hint" { "With the matrix and the lists that counted then." }
        }
    }
}

/// Who looks at what was found.
#[derive(Clone, Copy)]
pub(crate) struct Eyes<'a> {
    /// Where lists of access are.
    pub(crate) lists: &'a str,
    /// Whether they may ask for an exception.
    pub(crate) may_ask: bool,
    /// Whether an auditor looks, to whom controls have no page.
    pub(crate) is_auditors: bool,
}

fn control_link(id: &ControlId, is_auditors: bool) -> Markup {
    html! { @if is_auditors { span.mono { (id) } } @else { a.mono href={ "/controls/" (segment(id.as_str())) } { (id) } } }
}

fn through(both: &Both) -> Markup {
    html! {
        @for one in both.first.iter().chain(&both.second) { div.muted { (one.to_string()) } }
    }
}

pub(crate) fn found(report: &Report, eyes: Eyes<'_>, now: Timestamp) -> Markup {
    let matrix = &report.matrix.matrix;
    let rows = report.looked.iter().map(|one| {
        let conflict = &one.conflict;
        vec![
            html! { strong { (matrix.title(&conflict.first)) } " and " strong { (matrix.title(&conflict.second)) } span.sub { (conflict.risk) } },
            html! {
                @for both in &one.held {
                    div { strong { (both.holder) } }
                    (through(both))
                    @match report.covered.get(&(conflict.id.clone(), both.holder.clone())) {
                        Some(covered) => div { (badge(Mark::Waived, "Exception")) " " span.mono { (covered.exception) } " until " (moment::date(covered.until)) ", compensated by " (control_link(&covered.control, eyes.is_auditors)) },
                        None => div { (badge(Mark::Fail, "No exception")) @if eyes.may_ask { " " a href={ "/segregation/exceptions/new?conflict=" (segment(&conflict.id)) "&holder=" (segment(&both.holder)) } { "ask for one" } } },
                    }
                }
                @for unseen in one.unseen.iter().take(SHOWN) { div.muted { (unseen.to_string()) } }
                @if one.unseen.len() > SHOWN { div.muted { "and " (one.unseen.len() - SHOWN) " more" } }
            },
            verdict_badge(one.verdict()),
        ]
    });
    let lists = report.lists.iter().map(|list| {
        vec![
            html! { a href={ (eyes.lists) "/" (list.key.0) } { (list.system) } },
            html! { (moment::ago(list.ipe.run_at, now)) },
            super::access::tie_badge(list.is_complete()),
        ]
    });
    html! {
        (block("conflicts", "Who holds both", &html! { "what could not be seen is never \u{201c}no conflict\u{201d}" }, &plain("Conflicts", &["Duties", "Found", "Result"], rows.collect())))
        (block("seen", "What was looked at", &html! { a href=(eyes.lists) { "all lists" } }, &html! {
            @if report.lists.is_empty() { div.empty { h3 { "There is no list of access" } p { "Without lists nothing can be seen." } p { a.button href=(eyes.lists) { "Lists of access" } } } }
            @else { (plain("Lists", &["System", "Taken", "Tie-out"], lists.collect())) }
        }))
    }
}

fn question(asking: &Asking, report: &Report) -> Markup {
    let line = |name: &'static str, label: &str, value: &str| {
        field(&Field { name, label, value, max: 200, ..Field::default() })
    };
    html! {
        form.card method="get" action=(PATH) {
            div.fields { (line("person", "Who, by address", &asking.person)) (line("to", "System", &asking.system)) (line("right", "Right", &asking.right)) }
            p.row { button.button type="submit" { "Ask" } }
        }
        @if let Some(answer) = &asking.answer {
            div.block-body {
                p { (verdict_badge(answer.verdict())) " " @if answer.duties.is_empty() { "It grants no duty that is known." } @else { "It grants: " @for (at, duty) in answer.duties.iter().enumerate() { @if at > 0 { ", " } (report.matrix.matrix.title(duty)) } "." } }
                @for (conflict, through) in &answer.conflicts {
                    p { strong { (report.matrix.matrix.title(&conflict.first)) } " and " strong { (report.matrix.matrix.title(&conflict.second)) } ": " (conflict.risk) }
                    @for one in through { div.muted { "already: " (one.to_string()) } }
                }
                @for unseen in &answer.unseen { div.muted { (unseen.to_string()) } }
            }
        }
    }
}

pub(crate) fn exception_rows(
    all: &[ConflictException],
    labels: &BTreeMap<ActorId, String>,
    asked: &Asked,
    is_auditors: bool,
) -> Markup {
    let now = asked.visit.now;
    let may_approve = !is_auditors && may(asked, APPROVE);
    let name = |who: ActorId| labels.get(&who).cloned().unwrap_or_default();
    let rows = all.iter().map(|one| {
        let state = one.state(now);
        let mark = match state {
            ExceptionState::Asked => Mark::NotYetDue,
            ExceptionState::Approved => Mark::Waived,
            ExceptionState::Declined | ExceptionState::Withdrawn => Mark::NotApplicable,
            ExceptionState::Expired => Mark::Missed,
        };
        let act = |word: &str| format!("/segregation/exceptions/{}/{word}", one.key.0);
        let ends = one.withdrawn.as_ref().or(one.declined.as_ref());
        vec![
            html! { strong { (one.holder) } span.sub { span.mono { (one.key) } " " (one.conflict) } },
            html! { (one.reason) @if let Some(end) = ends { div.muted { (end.reason) } } },
            control_link(&one.control, is_auditors),
            html! { "until " (moment::date(one.expires_at)) span.sub { "asked by " (name(one.asked_by)) @if let Some((by, _)) = one.approved { ", approved by " (name(by)) } } },
            html! {
                (badge(mark, state.title()))
                @if may_approve && state == ExceptionState::Asked {
                    div.row { (button(&act("approve"), &asked.token, "Approve", &format!("exception {}", one.key))) (button(&act("decline"), &asked.token, "Decline", &format!("exception {}", one.key))) }
                }
                @if may_approve && state == ExceptionState::Approved { (button(&act("withdraw"), &asked.token, "Take back", &format!("exception {}", one.key))) }
            },
        ]
    });
    html! {
        @if all.is_empty() { div.empty { h3 { "There is no exception" } p { "Where a team is too small to keep duties apart, somebody else approves an exception for a time, with a control that compensates." } } }
        @else { (plain("Exceptions", &["Who", "Why", "Compensated by", "Until", "State"], rows.collect())) }
    }
}

pub(crate) fn unmapped(report: &Report) -> Markup {
    let rows = report.unmapped.iter().take(50).map(|((system, right), count)| {
        vec![html! { (system) }, html! { (right) }, html! { span.num { (count) } }]
    });
    html! {
        @if !report.unmapped.is_empty() {
            (block("unmapped", "Rights of which nobody has said what they grant", &html! { (report.unmapped.len()) }, &plain("Rights", &["System", "Right", "Accounts"], rows.collect())))
        }
    }
}

pub(crate) fn rules(version: &MatrixVersion) -> Markup {
    let matrix = &version.matrix;
    let rows = matrix.grants.iter().map(|grant| {
        vec![
            html! { (grant.system) },
            html! { code { (grant.entitlement) } },
            html! { @match &grant.duty { Some(duty) => (matrix.title(duty)), None => span.muted { "no duty" } } },
        ]
    });
    html! {
        @if matrix.grants.is_empty() { div.empty { h3 { "Nobody has said which rights grant which duties" } p { "Until then nothing can be seen." } } }
        @else { (plain("Rules", &["System", "Right", "Duty"], rows.collect())) }
    }
}

pub(crate) fn decided(version: &MatrixVersion, labels: &BTreeMap<ActorId, String>) -> Markup {
    let written = &version.written;
    block(
        "decided",
        "Who decided about the matrix",
        &html! { "version " (written.version) },
        &html! { dl.facts {
            dt { "By" } dd { (labels.get(&written.by).cloned().unwrap_or_default()) ", " (moment::exact(written.at)) }
            dt { "Why" } dd { (written.reason) }
        } },
    )
}

async fn adopt(State(state): State<WebState>, asked: Asked, sent: Sent) -> Result<Response, Refusal> {
    sent.only(&[])?;
    let (app, actor) = asked.member(&state)?;
    let catalog = state.source().catalog().ok_or(Refusal::NotFound)?;
    app.transact(actor, async |cx| {
        segregation::adopt(cx, catalog, "The usual conflicts were adopted.").await
    })
    .await?;
    Ok(go(PATH))
}

fn lines_of(matrix: &Matrix) -> [String; 3] {
    let duties = matrix.duties.iter().map(|one| format!("{}: {}: {}", one.id, one.title, one.plain));
    let conflicts = matrix
        .conflicts
        .iter()
        .map(|one| format!("{}: {} + {}: {}: {}", one.id, one.first, one.second, one.risk, one.compensation));
    let grants = matrix.grants.iter().map(|one| {
        format!("{} | {} | {}", one.system, one.entitlement, one.duty.as_deref().unwrap_or("none"))
    });
    [duties.collect::<Vec<_>>(), conflicts.collect(), grants.collect()].map(|lines| lines.join("\n"))
}

async fn edit_page(State(state): State<WebState>, asked: Asked) -> Result<Markup, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let version = app.read(actor, async |view| segregation::current(view).await).await?;
    let from = version.as_ref().map_or(0, |one| one.written.version);
    let matrix = version.map(|one| one.matrix).unwrap_or_default();
    let [duties, conflicts, grants] = lines_of(&matrix);
    let pairs =
        [("duties", duties), ("conflicts", conflicts), ("grants", grants), ("from", from.to_string())];
    let sent = Sent::of(pairs.map(|(name, value)| (name.to_owned(), value)).to_vec());
    asked.frame(&state, &draw_edit(&asked.token, &sent, &Faults::default())).await
}

fn draw_edit(token: &str, sent: &Sent, faults: &Faults) -> Page {
    let area = |name: &'static str, label: &str, rows: u8, hint: &str, optional: bool| {
        field(&Field {
            name,
            label,
            kind: Kind::Area(rows),
            value: &sent.text(name),
            max: 400_000,
            hint,
            optional,
            fault: faults.of(name),
            ..Field::default()
        })
    };
    let body = html! {
        (form("/segregation/edit", token, &html! {
            (faults.summary())
            (hidden("from", &sent.text("from")))
            (area("grants", "Which rights grant which duties, one a line", 10, "As system | right | duty, where * stands for any characters, and none says that such rights grant no duty. Such as GitHub | maintain* | approve-change.", true))
            (area("conflicts", "Conflicts, one a line", 12, "As name: duty + duty: what can happen: what compensates in a small team.", false))
            (area("duties", "Duties, one a line", 12, "As name: title: what it means.", false))
            (field(&Field { name: "reason", label: "Why it is changed", value: &sent.text("reason"), max: MAX_TEXT_CHARS, fault: faults.of("reason"), ..Field::default() }))
            (send("Decide", PATH))
        }))
    };
    let mut page = Page::new(Place::Segregation, "Change the matrix", body);
    page.lead = html! { "It counts from the moment that you decide; earlier versions stay." };
    page.crumbs = vec![("Segregation of duties".into(), PATH.into())];
    page
}

/// The lines of a text that say something, with their numbers.
fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    (1..).zip(text.lines().map(str::trim)).filter(|(_, line)| !line.is_empty())
}

fn read_matrix(sent: &Sent, faults: &mut Faults) -> Matrix {
    let mut matrix = Matrix::default();
    let owned = |text: &str| text.trim().to_owned();
    for (line, text) in numbered(&sent.text("duties")) {
        let mut parts = text.splitn(3, ':');
        match (parts.next(), parts.next(), parts.next()) {
            (Some(id), Some(title), plain) => matrix.duties.push(Duty {
                id: owned(id),
                title: owned(title),
                plain: owned(plain.unwrap_or_default()),
            }),
            _ => faults.add("duties", format!("line {line} is not of the form name: title: what it means")),
        }
    }
    for (line, text) in numbered(&sent.text("conflicts")) {
        let mut parts = text.splitn(4, ':');
        let (id, pair) = (parts.next(), parts.next().and_then(|pair| pair.split_once('+')));
        match (id, pair, parts.next()) {
            (Some(id), Some((first, second)), Some(risk)) => matrix.conflicts.push(DutyConflict {
                id: owned(id),
                first: owned(first),
                second: owned(second),
                risk: owned(risk),
                compensation: owned(parts.next().unwrap_or_default()),
            }),
            _ => faults.add(
                "conflicts",
                format!("line {line} is not of the form name: duty + duty: what can happen"),
            ),
        }
    }
    for (line, text) in numbered(&sent.text("grants")) {
        let parts: Vec<&str> = text.split('|').map(str::trim).collect();
        match parts.as_slice() {
            [system, right, duty] => matrix.grants.push(Grant {
                system: owned(system),
                entitlement: owned(right),
                duty: Some(owned(duty)).filter(|duty| duty != "none"),
            }),
            _ => faults.add("grants", format!("line {line} is not of the form system | right | duty")),
        }
    }
    matrix
}

/// The field that a word of a refusal of a matrix stands for.
const ABOUT_MATRIX: [(&str, &str); 3] =
    [("rule ", "grants"), ("at least one conflict", "conflicts"), ("say why", "reason")];

/// The same of an exception.
const ABOUT_EXCEPTION: [(&str, &str); 5] = [
    ("say who", "holder"),
    ("say why", "reason"),
    ("it ends after", "until"),
    ("compensates nothing", "control"),
    ("no control", "control"),
];

async fn edit(State(state): State<WebState>, asked: Asked, sent: Sent) -> Result<Response, Refusal> {
    sent.only(&["duties", "conflicts", "grants", "reason", "from"])?;
    let (app, actor) = asked.member(&state)?;
    let mut faults = Faults::default();
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    let matrix = read_matrix(&sent, &mut faults);
    let from: u32 = sent.text("from").parse().map_err(|_| Refusal::Malformed)?;
    if sent.text("reason").is_empty() {
        faults.add("reason", "it is needed");
    }
    if faults.is_empty() {
        let reason = sent.text("reason");
        match app
            .transact(actor, async |cx| segregation::decide(cx, matrix.clone(), &reason, from).await)
            .await
        {
            Ok(_) => return Ok(go(PATH)),
            Err(error) => (status, faults) = wrong(error, &ABOUT_MATRIX)?,
        }
    }
    asked.frame_refused(&state, status, &draw_edit(&asked.token, &sent, &faults)).await
}

struct Choices {
    conflicts: Vec<(String, String)>,
    controls: Vec<(String, String)>,
}

async fn choices(state: &WebState, asked: &Asked) -> Result<Choices, Refusal> {
    let (app, actor) = asked.member(state)?;
    let (matrix, controls) = app
        .read(actor, async |view| {
            let matrix = segregation::current(view).await?.map(|one| one.matrix).unwrap_or_default();
            Ok((matrix, control::controls(view).await?))
        })
        .await?;
    let words = |one: &DutyConflict| {
        (one.id.clone(), format!("{} and {}", matrix.title(&one.first), matrix.title(&one.second)))
    };
    let control = |one: &Control| (one.id.to_string(), format!("{}  {}", one.id, one.text.current().title));
    Ok(Choices {
        conflicts: matrix.conflicts.iter().map(words).collect(),
        controls: controls.iter().filter(|one| one.state() != ControlState::Retired).map(control).collect(),
    })
}

async fn ask_page(State(state): State<WebState>, asked: Asked) -> Result<Markup, Refusal> {
    let choices = choices(&state, &asked).await?;
    let text = |name: &str| asked.query.get(name).unwrap_or_default().to_owned();
    let pairs = [
        ("conflict", text("conflict")),
        ("holder", text("holder")),
        ("until", asked.visit.now.plus_micros(90 * DAY_US).date()),
    ];
    let sent = Sent::of(pairs.map(|(name, value)| (name.to_owned(), value)).to_vec());
    asked.frame(&state, &draw_ask(&choices, &asked.token, &sent, &Faults::default())).await
}

fn draw_ask(choices: &Choices, token: &str, sent: &Sent, faults: &Faults) -> Page {
    let text = |name: &str| sent.text(name);
    let body = html! {
        div.narrow { (form("/segregation/exceptions/new", token, &html! {
            (faults.summary())
            (field(&Field { name: "conflict", label: "Duties", kind: Kind::Select(&choices.conflicts), value: &text("conflict"), fault: faults.of("conflict"), ..Field::default() }))
            (field(&Field { name: "holder", label: "Who holds both, by address", value: &text("holder"), max: 200, fault: faults.of("holder"), ..Field::default() }))
            (field(&Field { name: "reason", label: "Why", kind: Kind::Area(3), value: &text("reason"), max: MAX_TEXT_CHARS, fault: faults.of("reason"), ..Field::default() }))
            (field(&Field { name: "control", label: "Control that compensates", kind: Kind::Select(&choices.controls), value: &text("control"), fault: faults.of("control"), ..Field::default() }))
            (field(&Field { name: "until", label: "Last day", kind: Kind::Input("date"), value: &text("until"), hint: "At most a year ahead. Afterwards it covers nothing.", fault: faults.of("until"), ..Field::default() }))
            p.muted { "It covers nothing before somebody else approved it: neither who asks nor who holds both." }
            (send("Ask for the exception", PATH))
        })) }
    };
    let mut page = Page::new(Place::Segregation, "Ask for an exception", body);
    page.crumbs = vec![("Segregation of duties".into(), PATH.into())];
    page
}

async fn ask(State(state): State<WebState>, asked: Asked, sent: Sent) -> Result<Response, Refusal> {
    sent.only(&["conflict", "holder", "reason", "control", "until"])?;
    let (app, actor) = asked.member(&state)?;
    let (mut faults, mut status) = (Faults::default(), StatusCode::UNPROCESSABLE_ENTITY);
    for name in ["holder", "reason"] {
        if sent.text(name).is_empty() {
            faults.add(name, "it is needed");
        }
    }
    let expires_at = match day(&sent.text("until")) {
        Ok(day) => day.plus_micros(DAY_US),
        Err(error) => {
            faults.add("until", error);
            asked.visit.now
        }
    };
    let control = sent.text("control").parse();
    if control.is_err() {
        faults.add("control", "choose the control that compensates");
    }
    if let (true, Ok(control)) = (faults.is_empty(), control) {
        let new = NewException {
            conflict: sent.text("conflict"),
            holder: sent.text("holder"),
            reason: sent.text("reason"),
            control,
            expires_at,
        };
        match app.transact(actor, async |cx| segregation::request(cx, new.clone()).await).await {
            Ok(_) => return Ok(go(PATH)),
            Err(error @ Error::NotFound { .. }) => faults.add("conflict", error),
            Err(error) => (status, faults) = wrong(error, &ABOUT_EXCEPTION)?,
        }
    }
    let choices = choices(&state, &asked).await?;
    asked.frame_refused(&state, status, &draw_ask(&choices, &asked.token, &sent, &faults)).await
}

async fn rule(
    State(state): State<WebState>,
    Path((key, act)): Path<(String, String)>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let key = segregation::parse(&key).ok_or(Refusal::NotFound)?;
    sent.only(&["why"])?;
    let ruling = match act.as_str() {
        "approve" => Ruling::Approve,
        "decline" => Ruling::Decline,
        "withdraw" => Ruling::Withdraw,
        _ => return Err(Refusal::NotFound),
    };
    let (app, actor) = asked.member(&state)?;
    let mut faults = Faults::default();
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    if ruling == Ruling::Approve || !sent.text("why").is_empty() {
        let why = sent.text("why");
        match app.transact(actor, async |cx| segregation::rule(cx, key, ruling, &why).await).await {
            Ok(_) => return Ok(go(PATH)),
            Err(error) => (status, faults) = wrong(error, &[("say why", "why")])?,
        }
    }
    // Declining and taking back need words: they are asked for here.
    let body = html! {
        div.narrow { (form(&format!("/segregation/exceptions/{}/{act}", key.0), &asked.token, &html! {
            (faults.summary())
            (field(&Field { name: "why", label: "Why", kind: Kind::Area(3), value: &sent.text("why"), max: MAX_TEXT_CHARS, optional: ruling == Ruling::Approve, fault: faults.of("why"), ..Field::default() }))
            (send(match ruling { Ruling::Approve => "Approve", Ruling::Decline => "Decline", Ruling::Withdraw => "Take back" }, PATH))
        })) }
    };
    let mut page = Page::new(Place::Segregation, &format!("Exception {key}"), body);
    page.crumbs = vec![("Segregation of duties".into(), PATH.into())];
    asked.frame_refused(&state, status, &page).await
}
