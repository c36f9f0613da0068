//! What people say about a target: owner, system, how much hangs on it; taking it out; and the history of both.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use tickmark_app::Error;
use tickmark_app::identity::{System, system};
use tickmark_app::observation::estate::{self, DESCRIBING, RecordVersion, Said};
use tickmark_app::observation::{self, Target};
use tickmark_core::id::TargetKey;
use tickmark_core::observation::estate::{Criticality, NOTE_MAX, TargetRecord};

use super::integer;
use crate::control::Names;
use crate::design::form::{Faults, Field, Kind, field, form, hidden, send};
use crate::design::frame::{Page, Place};
use crate::design::table::plain;
use crate::design::{block, moment};
use crate::error::Refusal;
use crate::form::Sent;
use crate::identity::go;
use crate::route::{get, post};
use crate::visit::Asked;
use crate::{Desk, WebState};

/// Most characters of a reason.
const REASON_MAX: usize = 2_000;
/// The field that a word of a refusal stands for, in the form that says something about it.
const DESCRIBED: [(&str, &str); 4] = [
    ("choose a system", "system"),
    ("choose somebody", "owner"),
    ("the note", "note"),
    ("a reason", "reason"),
];
/// The same in the form that takes it out.
const RETIRED: [(&str, &str); 2] = [("say why", "why"), ("a reason", "why")];

pub(super) fn desk_routes() -> Vec<Desk> {
    vec![
        Desk {
            path: "/targets/{key}/about",
            example: "/targets/1/about",
            looks: true,
            changes: true,
            handler: get(page).post(describe),
        },
        Desk {
            path: "/targets/{key}/retire",
            example: "/targets/1/retire",
            looks: false,
            changes: true,
            handler: post(retire),
        },
    ]
}

/// What one page shows.
struct Shown {
    target: Target,
    versions: Vec<RecordVersion>,
    systems: Vec<System>,
    names: Names,
}

impl Shown {
    fn record(&self) -> TargetRecord {
        self.versions.last().map(|version| version.record.clone()).unwrap_or_default()
    }

    fn number(&self) -> i64 {
        self.versions.last().map_or(0, |version| version.number)
    }

    fn system(&self, record: &TargetRecord) -> Option<&str> {
        let id = record.system?;
        self.systems.iter().find(|one| one.id == id).map(|one| one.name.as_str())
    }
}

async fn load(state: &WebState, asked: &Asked, key: TargetKey) -> Result<Shown, Refusal> {
    let (app, actor) = asked.member(state)?;
    Ok(app
        .read(actor, async |view| {
            let versions = estate::versions(view, key).await?;
            let target = observation::find_target(view, key).await?;
            Ok(Shown { target, versions, systems: system::all(view).await?, names: Names::read(view).await? })
        })
        .await?)
}

/// What the page of the target says of it beside what was seen, and the way to say more.
pub(super) async fn said(
    state: &WebState,
    asked: &Asked,
    key: TargetKey,
    lead: Markup,
) -> Result<(Markup, Markup), Refusal> {
    if asked.member(state).is_err() {
        return Ok((lead, html! {}));
    }
    let shown = load(state, asked, key).await?;
    let record = shown.record();
    let lead = html! {
        (lead)
        @if let Some(criticality) = record.criticality { " Criticality " (criticality.title().to_lowercase()) "." }
        @if let Some(owner) = record.owner { " Owned by " (shown.names.of(owner)) "." }
        @if let Some(name) = shown.system(&record) { " Part of " (name) "." }
        @if let Some(at) = shown.target.retired_at { " Left the scope " (moment::date(at)) "." }
    };
    Ok((lead, html! { a.button href={ "/targets/" (key) "/about" } { "Owner and criticality" } }))
}

async fn page(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let shown = load(&state, &asked, TargetKey(integer(&key)?)).await?;
    asked.frame(&state, &draw(&shown, &asked, &sent_of(&shown), &Faults::default())).await
}

fn sent_of(shown: &Shown) -> Sent {
    let record = shown.record();
    let pairs = [
        ("owner", record.owner.map(|owner| owner.to_string()).unwrap_or_default()),
        ("system", record.system.map(|system| system.to_string()).unwrap_or_default()),
        ("criticality", record.criticality.map_or_else(String::new, |one| one.word().to_owned())),
        ("note", record.note),
    ];
    Sent::of(pairs.map(|(name, value)| (name.to_owned(), value)).to_vec())
}

async fn describe(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    sent.only(&["version", "owner", "system", "criticality", "note", "reason"])?;
    let key = TargetKey(integer(&key)?);
    let from: i64 = sent.text("version").parse().map_err(|_| Refusal::Malformed)?;
    let one = |name: &str| Some(sent.text(name)).filter(|text| !text.is_empty());
    let record = TargetRecord {
        owner: one("owner").map(|id| id.parse()).transpose().map_err(|_| Refusal::Malformed)?,
        system: one("system").map(|id| id.parse()).transpose().map_err(|_| Refusal::Malformed)?,
        criticality: match one("criticality") {
            Some(word) => Some(Criticality::from_word(&word).ok_or(Refusal::Malformed)?),
            None => None,
        },
        note: sent.text("note"),
    };
    let reason = sent.text("reason");
    let done =
        app.transact(actor, async |cx| estate::describe(cx, key, from, record.clone(), &reason).await).await;
    answer(&state, &asked, key, &sent, &DESCRIBED, done).await
}

async fn retire(
    State(state): State<WebState>,
    Path(key): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    sent.only(&["why"])?;
    let (key, why) = (TargetKey(integer(&key)?), sent.text("why"));
    let done = app.transact(actor, async |cx| estate::retire(cx, key, &why).await).await;
    answer(&state, &asked, key, &sent, &RETIRED, done).await
}

async fn answer(
    state: &WebState,
    asked: &Asked,
    key: TargetKey,
    sent: &Sent,
    fields: &[(&str, &'static str)],
    done: Result<RecordVersion, Error>,
) -> Result<Response, Refusal> {
    let (status, says) = match done {
        Ok(_) => return Ok(go(&format!("/targets/{key}/about"))),
        Err(Error::Invalid(says)) => (StatusCode::UNPROCESSABLE_ENTITY, says),
        Err(Error::Conflict(says)) => (StatusCode::CONFLICT, says),
        Err(error) => return Err(error.into()),
    };
    let shown = load(state, asked, key).await?;
    let faults = Faults::about(says, fields);
    // The form that takes it out holds nothing of what is said about it.
    let sent = if sent.text("version").is_empty() {
        sent_of(&shown).and(vec![("why".to_owned(), sent.text("why"))])
    } else {
        sent.clone()
    };
    asked.frame_refused(state, status, &draw(&shown, asked, &sent, &faults)).await
}

fn draw(shown: &Shown, asked: &Asked, sent: &Sent, faults: &Faults) -> Page {
    let target = &shown.target;
    let here = format!("/targets/{}", target.key);
    let record = shown.record();
    let body = html! {
        (faults.summary())
        (block("about", "What is said about it", &html! {}, &html! {
            dl.facts {
                dt { "Owner" } dd { (record.owner.map_or("nobody", |owner| shown.names.of(owner))) }
                dt { "System" } dd { (shown.system(&record).unwrap_or("not said")) }
                dt { "Criticality" } dd { (record.criticality.map_or("not said", Criticality::title)) }
                @if !record.note.is_empty() { dt { "Note" } dd.lines { (record.note) } }
                dt { "First seen" } dd { (moment::exact(target.first_seen)) }
                dt { "Standing" } dd { @match target.retired_at { Some(at) => { "Left the scope " (moment::exact(at)) }, None => "In scope" } }
            }
        }))
        @if asked.may(DESCRIBING) { (changing(shown, asked, (sent, faults), &here)) }
        @if !shown.versions.is_empty() { (block("history", "History", &html! { (shown.versions.len()) }, &history(shown))) }
    };
    let mut page = Page::new(Place::Targets, &format!("About {}", target.target.name), body);
    page.lead = html! { (target.target.kind) " " span.mono.small { (target.target.external_id) } };
    page.crumbs = vec![("Targets".into(), "/targets".into()), (target.target.name.clone(), here)];
    page
}

fn changing(shown: &Shown, asked: &Asked, (sent, faults): (&Sent, &Faults), here: &str) -> Markup {
    let text = |name: &str| sent.text(name);
    let (owner, system, criticality) = (text("owner"), text("system"), text("criticality"));
    let none = |words: &str| (String::new(), words.to_owned());
    let systems: Vec<(String, String)> = std::iter::once(none("Not said, or several"))
        .chain(
            shown
                .systems
                .iter()
                .filter(|one| one.retired_at.is_none() || one.id.to_string() == system)
                .map(|one| (one.id.to_string(), one.name.clone())),
        )
        .collect();
    let levels: Vec<(String, String)> = std::iter::once(none("Not said"))
        .chain(Criticality::ALL.map(|one| (one.word().to_owned(), one.title().to_owned())))
        .collect();
    html! {
        details open[!text("version").is_empty()] { summary { "Change it" }
            div.narrow { (form(&format!("{here}/about"), &asked.token, &html! {
                (hidden("version", &shown.number().to_string()))
                (field(&Field { name: "owner", label: "Owner", value: &owner, kind: Kind::Select(&shown.names.options(Some("Nobody"), &owner)), fault: faults.of("owner"), ..Field::default() }))
                (field(&Field { name: "system", label: "System", value: &system, kind: Kind::Select(&systems), fault: faults.of("system"), ..Field::default() }))
                (field(&Field { name: "criticality", label: "Criticality", value: &criticality, kind: Kind::Select(&levels), hint: "How much hangs on it.", ..Field::default() }))
                (field(&Field { name: "note", label: "Note", value: &text("note"), kind: Kind::Area(2), max: NOTE_MAX, optional: true, fault: faults.of("note"), ..Field::default() }))
                (field(&Field { name: "reason", label: "Why", value: &text("reason"), kind: Kind::Area(2), max: REASON_MAX, optional: true, fault: faults.of("reason"), ..Field::default() }))
                (send("Keep it", here))
            })) }
        }
        @if shown.target.retired_at.is_none() {
            details open[faults.of("why").is_some() || !text("why").is_empty()] { summary { "Take it out" }
                div.narrow { (form(&format!("{here}/retire"), &asked.token, &html! {
                    p { "What was seen of it stays. If a source still expects it, it is there again with the next look." }
                    (field(&Field { name: "why", label: "Why", value: &text("why"), kind: Kind::Area(2), max: REASON_MAX, fault: faults.of("why"), ..Field::default() }))
                    p.row { button.button type="submit" { "Take it out" } }
                })) }
            }
        }
    }
}

fn history(shown: &Shown) -> Markup {
    let rows = shown.versions.iter().rev().map(|version| {
        let record = &version.record;
        let words = [
            Some(record.owner.map_or("nobody owns it", |owner| shown.names.of(owner)).to_owned()),
            shown.system(record).map(str::to_owned),
            record.criticality.map(|one| format!("criticality {}", one.title().to_lowercase())),
        ];
        let words: Vec<String> = words.into_iter().flatten().collect();
        vec![
            html! { @match version.said { Said::Described => { (words.join(", ")) }, Said::Retired => "Taken out" } @if !version.reason.is_empty() { span.sub { (version.reason) } } },
            html! { (shown.names.of(version.by)) },
            html! { span.nowrap { (moment::exact(version.at)) } },
        ]
    });
    plain("History", &["What was said", "By", "When"], rows.collect())
}
