//! The register of commitments: what is promised to customers and what the system must do for it, with the controls that
//! keep it.

mod list;

use std::collections::BTreeSet;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use tickmark_app::comment::About;
use tickmark_app::control::commitment::{self, Changed, Version};
use tickmark_app::{Error, View, control};
use tickmark_core::catalog::{Catalog, Framework};
use tickmark_core::control::commitment::{
    Commitment, CommitmentKey, CommitmentKind, CommitmentState, Promise,
};
use tickmark_core::control::{Control, ControlId, ControlState, TEXT_MAX, TITLE_MAX};
use tickmark_core::id::ActorId;
use tickmark_core::identity::{Atom, Resource, Verb};
use tickmark_core::words::shortened;

pub(crate) use self::list::listed;

use super::fields::{Names, framework};
use crate::comment;
use crate::design::diff::{Changed as Differs, changed, diff};
use crate::design::form::{Faults, Field, Kind, field, form, hidden, send};
use crate::design::frame::{Page, Place};
use crate::design::table::plain;
use crate::design::{block, moment, segment};
use crate::error::Refusal;
use crate::form::Sent;
use crate::identity::go;
use crate::route::get;
use crate::visit::Asked;
use crate::{Desk, WebState};

/// What is typed.
const NAMES: [&str; 9] =
    ["kind", "title", "statement", "source", "owner", "category", "criterion", "control", "reason"];

pub(super) fn desk_routes() -> Vec<Desk> {
    let looks = |path, example, handler| Desk { path, example, looks: true, changes: false, handler };
    let both = |path, example, handler| Desk { path, example, looks: true, changes: true, handler };
    vec![
        looks("/commitments", "/commitments", get(list::page)),
        both("/commitments/new", "/commitments/new", get(new_page).post(write)),
        looks("/commitments/{key}", "/commitments/1", get(one)),
        both("/commitments/{key}/edit", "/commitments/1/edit", get(edit_page).post(change)),
        both("/commitments/{key}/approve", "/commitments/1/approve", get(approve_page).post(approve)),
        both("/commitments/{key}/retire", "/commitments/1/retire", get(retire_page).post(retire)),
    ]
}

fn atom(verb: Verb) -> Atom {
    Atom::new(Resource::Control, verb)
}

fn href(key: CommitmentKey) -> String {
    format!("/commitments/{}", key.0)
}

fn key(text: &str) -> Result<CommitmentKey, Refusal> {
    text.parse().map(CommitmentKey).map_err(|_| Refusal::NotFound)
}

struct Known {
    versions: Vec<Version>,
    controls: Vec<Control>,
    names: Names,
}

impl Known {
    fn current(&self) -> &Version {
        self.versions.last().expect("a commitment has at least one version")
    }
}

async fn known(view: &mut View<'_>, key: CommitmentKey) -> Result<Known, Error> {
    let versions = commitment::versions(view, key).await?;
    let named = versions.iter().flat_map(|version| version.record.promise.controls.clone());
    let named: Vec<ControlId> = named.collect();
    Ok(Known {
        versions,
        controls: control::some(view, &named).await?,
        names: Names::for_looking(view).await?,
    })
}

async fn one(State(state): State<WebState>, Path(at): Path<String>, asked: Asked) -> Result<Markup, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let key = key(&at)?;
    let known = app.read(actor, async |view| known(view, key).await).await?;
    let record = &known.current().record;
    let promise = &record.promise;
    let is_there = record.state() != CommitmentState::Retired;
    let waits = matches!(record.state(), CommitmentState::Draft | CommitmentState::Waits);
    let controls = promise.controls.iter().filter_map(|id| known.controls.iter().find(|one| one.id == *id));
    let rows = controls.map(|control| {
        vec![
            html! { a.primary.mono href={ "/controls/" (segment(control.id.as_str())) } { (control.id) } },
            html! { (control.text.current().title) },
            html! { (control.owner.map_or("nobody", |owner| known.names.of(owner))) },
            html! { (control.state().word()) },
        ]
    });
    let versions = known.versions.iter().enumerate().rev().map(|(at, version)| {
        vec![
            html! { span.num { (version.number) } },
            html! { (event(at.checked_sub(1).map(|before| &known.versions[before].record), &version.record, &known.names)) },
            html! { span.nowrap { (moment::exact(version.since)) } },
        ]
    });
    let about = html! {
        dl.facts {
            dt { "State" } dd { (record.state().plain())
                @if let Some(approved) = record.approved() { span.sub { "Version " (approved.version) " approved by " (known.names.of(approved.by)) ", " (moment::written(approved.at)) } }
                @if let Some(retired) = record.retired() { span.sub { (known.names.of(retired.by)) ": " (retired.reason) } }
            }
            dt { "Kind" } dd { (promise.kind.plain()) }
            dt { "Source" } dd { (promise.source) }
            dt { "Owner" } dd { (record.owner.map_or("nobody", |owner| known.names.of(owner))) }
            dt { "Categories" } dd { @if promise.categories.is_empty() { span.muted { "none" } } (promise.categories.iter().cloned().collect::<Vec<_>>().join(", ").replace('-', " ")) }
            dt { "Criteria" } dd { @if promise.criteria.is_empty() { span.muted { "none" } } span.refs { @for id in &promise.criteria { a href={ "/criteria/" (segment(id)) } { (id) } } } }
        }
    };
    let body = html! {
        @if record.state() == CommitmentState::Waits {
            @if let Some(approved) = record.approved() {
                (block("waits", "What waits for approval", &html! { (known.names.of(record.written.by)) ": " (record.written.reason) }, &diff(&compare(&approved.promise, promise))))
            }
        }
        (block("controls", "Kept by these controls", &html! { (promise.controls.len()) }, &html! {
            @if promise.controls.is_empty() { div.empty { h3 { "No control keeps it" } p { "A promise without a control is kept by luck." } } }
            @else { (plain("Controls", &["Control", "Title", "Owner", "State"], rows.collect())) }
        }))
        div.columns {
            div { (block("versions", "History", &html! {}, &plain("Versions", &["Version", "What happened", "When"], versions.collect()))) }
            div { (block("about", "As written", &html! {}, &about)) }
        }
    };
    let mut page = Page::new(Place::Commitments, &promise.title, body);
    page.id = record.key.to_string();
    page.lead = html! { (promise.statement) };
    page.crumbs = vec![("Commitments".into(), "/commitments".into())];
    page.actions = html! {
        @if waits && asked.may(atom(Verb::Approve)) { a.button.primary href={ (href(key)) "/approve" } { "Approve" } }
        @if is_there && asked.may(atom(Verb::Update)) { a.button href={ (href(key)) "/edit" } { "Edit" } }
        @if is_there && asked.may(atom(Verb::Delete)) { a.button.quiet href={ (href(key)) "/retire" } { "Retire" } }
    };
    let said = comment::part(&state, &asked, &About::Commitment(key)).await?;
    page.body = html! { (page.body) (said) };
    asked.frame(&state, &page).await
}

fn event(before: Option<&Commitment>, after: &Commitment, names: &Names) -> Markup {
    let written = &after.written;
    match before {
        None => html! { "Written by " (names.of(written.by)) span.sub { (written.reason) } },
        Some(before) if before.retired() != after.retired() => html! {
            "Retired" @if let Some(why) = after.retired() { " by " (names.of(why.by)) span.sub { (why.reason) } }
        },
        Some(before) if before.approved() != after.approved() => html! {
            "Approved" @if let Some(approved) = after.approved() { " by " (names.of(approved.by)) }
        },
        Some(before) if before.written != after.written => html! {
            "Changed by " (names.of(written.by)) span.sub { (written.reason) } (diff(&compare(&before.promise, &after.promise)))
        },
        Some(_) => html! { "Owner is " (after.owner.map_or("nobody", |owner| names.of(owner))) },
    }
}

fn compare(before: &Promise, after: &Promise) -> Vec<Differs> {
    let list = |all: &BTreeSet<String>| all.iter().cloned().collect::<Vec<_>>().join(", ");
    let controls =
        |all: &BTreeSet<ControlId>| all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let one = |label, before: String, after: String| Differs { label, before, after };
    changed([
        one("Kind", before.kind.plain().to_owned(), after.kind.plain().to_owned()),
        one("Title", before.title.clone(), after.title.clone()),
        one("Statement", before.statement.clone(), after.statement.clone()),
        one("Source", before.source.clone(), after.source.clone()),
        one("Categories", list(&before.categories), list(&after.categories)),
        one("Criteria", list(&before.criteria), list(&after.criteria)),
        one("Controls", controls(&before.controls), controls(&after.controls)),
    ])
}

/// The field that a word of a refusal stands for.
const ABOUT: [(&str, &str); 8] = [
    ("title", "title"),
    ("statement", "statement"),
    ("source", "source"),
    ("reason", "reason"),
    ("choose somebody", "owner"),
    ("no category", "category"),
    ("criteri", "criterion"),
    ("control", "control"),
];

/// What stands in the fields.
#[derive(Clone, Debug, Default)]
struct Typed {
    kind: String,
    title: String,
    statement: String,
    source: String,
    owner: String,
    categories: Vec<String>,
    criteria: Vec<String>,
    controls: Vec<String>,
    reason: String,
}

impl Typed {
    fn of(record: &Commitment) -> Self {
        let promise = record.promise.clone();
        Self {
            kind: promise.kind.word().to_owned(),
            title: promise.title,
            statement: promise.statement,
            source: promise.source,
            owner: record.owner.map(|owner| owner.to_string()).unwrap_or_default(),
            categories: promise.categories.into_iter().collect(),
            criteria: promise.criteria.into_iter().collect(),
            controls: promise.controls.iter().map(ToString::to_string).collect(),
            reason: String::new(),
        }
    }

    fn of_sent(sent: &Sent) -> Self {
        Self {
            kind: sent.text("kind"),
            title: sent.text("title"),
            statement: sent.text("statement"),
            source: sent.text("source"),
            owner: sent.text("owner"),
            categories: sent.all("category"),
            criteria: sent.all("criterion"),
            controls: sent.all("control"),
            reason: sent.text("reason"),
        }
    }

    fn promise(&self) -> Result<(Promise, Option<ActorId>), Faults> {
        let mut faults = Faults::default();
        for (name, text, says) in [
            ("title", &self.title, "it needs a title"),
            ("statement", &self.statement, "say what is promised"),
            ("source", &self.source, "say where it was promised"),
            ("reason", &self.reason, "say why, so that others can follow it"),
        ] {
            if text.is_empty() {
                faults.add(name, says);
            }
        }
        let kind = CommitmentKind::ALL.into_iter().find(|kind| kind.word() == self.kind);
        if kind.is_none() {
            faults.add("kind", "choose one");
        }
        let owner = match self.owner.as_str() {
            "" => None,
            text => {
                let owner = text.parse::<ActorId>().ok();
                if owner.is_none() {
                    faults.add("owner", "choose somebody who is here");
                }
                owner
            }
        };
        let controls: Result<BTreeSet<ControlId>, _> = self.controls.iter().map(|id| id.parse()).collect();
        if controls.is_err() {
            faults.add("control", "choose controls that are here");
        }
        let (true, Some(kind), Ok(controls)) = (faults.is_empty(), kind, controls) else {
            return Err(faults);
        };
        let promise = Promise {
            kind,
            title: self.title.clone(),
            statement: self.statement.clone(),
            source: self.source.clone(),
            categories: self.categories.iter().cloned().collect(),
            criteria: self.criteria.iter().cloned().collect(),
            controls,
        };
        Ok((promise, owner))
    }

    fn draw(&self, faults: &Faults, framework: &Framework, controls: &[Control], names: &Names) -> Markup {
        let kinds: Vec<(String, String)> =
            CommitmentKind::ALL.iter().map(|one| (one.word().to_owned(), one.plain().to_owned())).collect();
        let categories: Vec<(String, String)> =
            framework.categories.iter().map(|one| (one.id.clone(), one.title.clone())).collect();
        let criteria: Vec<(String, String)> = framework
            .requirements()
            .map(|one| (one.id.clone(), format!("{} {}", one.id, shortened(&one.text, list::SHOWN_CHARS))))
            .collect();
        let known: Vec<(String, String)> = controls
            .iter()
            .filter(|one| one.state() != ControlState::Retired || self.controls.contains(&one.id.to_string()))
            .map(|one| (one.id.to_string(), format!("{} {}", one.id, one.text.current().title)))
            .collect();
        let (chosen_categories, chosen_criteria, chosen_controls) =
            (self.categories.join(" "), self.criteria.join(" "), self.controls.join(" "));
        let several = |name: &'static str, label, options, value, hint| {
            field(&Field {
                name,
                label,
                value,
                hint,
                kind: Kind::Several(options),
                fault: faults.of(name),
                optional: true,
                ..Field::default()
            })
        };
        html! {
            div.fields {
                (field(&Field { name: "kind", label: "Kind", value: &self.kind, kind: Kind::Select(&kinds), fault: faults.of("kind"), ..Field::default() }))
                (field(&Field { name: "owner", label: "Owner", value: &self.owner, kind: Kind::Select(&names.options(Some("Nobody yet"), &self.owner)), fault: faults.of("owner"), hint: "Answers for it; needed before it is approved.", ..Field::default() }))
            }
            (field(&Field { name: "title", label: "Title", value: &self.title, max: TITLE_MAX, fault: faults.of("title"), ..Field::default() }))
            (field(&Field { name: "statement", label: "Statement", value: &self.statement, kind: Kind::Area(3), max: TEXT_MAX, fault: faults.of("statement"), hint: "What is promised, with its numbers, or what the system must do.", ..Field::default() }))
            (field(&Field { name: "source", label: "Source", value: &self.source, kind: Kind::Area(2), max: TEXT_MAX, fault: faults.of("source"), hint: "Contract, terms, service level agreement, law: with its date or section.", ..Field::default() }))
            (several("category", "Categories", &categories, &chosen_categories, ""))
            (several("criterion", "Criteria", &criteria, &chosen_criteria, "By which it is measured."))
            (several("control", "Controls", &known, &chosen_controls, "Those that keep it."))
            (field(&Field { name: "reason", label: "Why", value: &self.reason, kind: Kind::Area(2), max: TEXT_MAX, fault: faults.of("reason"), hint: "It stays with this version.", ..Field::default() }))
        }
    }
}

async fn choices(view: &mut View<'_>) -> Result<(Vec<Control>, Names), Error> {
    Ok((control::controls(view).await?, Names::read(view).await?))
}

fn catalog(state: &WebState) -> Result<&Catalog, Refusal> {
    state.source().catalog().ok_or(Refusal::NotFound)
}

async fn new_page(State(state): State<WebState>, asked: Asked) -> Result<Markup, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let framework = framework(catalog(&state)?)?;
    let (controls, names) = app.read(actor, async |view| choices(view).await).await?;
    let typed = Typed { kind: CommitmentKind::default().word().to_owned(), ..Typed::default() };
    let fields = typed.draw(&Faults::default(), framework, &controls, &names);
    let once = app.new_id(asked.visit.now).to_string();
    asked.frame(&state, &new_form(&fields, &once, &asked.token, &Faults::default())).await
}

async fn write(State(state): State<WebState>, asked: Asked, sent: Sent) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let catalog = catalog(&state)?;
    let framework = framework(catalog)?;
    sent.only(&[&NAMES[..], &["once"]].concat())?;
    let (typed, once) = (Typed::of_sent(&sent), sent.text("once"));
    let faults = match typed.promise() {
        Err(faults) => faults,
        Ok((promise, owner)) => {
            let written = app
                .transact(actor, async |cx| {
                    commitment::write(cx, &once, promise.clone(), owner, &typed.reason, catalog).await
                })
                .await;
            match written {
                Ok(record) => return Ok(go(&href(record.key))),
                Err(Error::Invalid(says) | Error::Conflict(says)) => Faults::about(says, &ABOUT),
                Err(error) => return Err(error.into()),
            }
        }
    };
    let (controls, names) = app.read(actor, async |view| choices(view).await).await?;
    let fields = typed.draw(&faults, framework, &controls, &names);
    let page = new_form(&fields, &once, &asked.token, &faults);
    asked
        .frame_refused(&state, StatusCode::UNPROCESSABLE_ENTITY, &page)
        .await
        .map(IntoResponse::into_response)
}

fn new_form(fields: &Markup, once: &str, token: &str, faults: &Faults) -> Page {
    let body =
        html! { (faults.summary()) (hidden("once", once)) (fields) (send("Write it down", "/commitments")) };
    let body = html! { div.narrow { (form("/commitments/new", token, &body)) } };
    let mut page = Page::new(Place::Commitments, "New commitment", body);
    page.crumbs = vec![("Commitments".into(), "/commitments".into())];
    page
}

async fn edit_page(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let key = key(&at)?;
    let framework = framework(catalog(&state)?)?;
    let (known, (controls, names)) =
        app.read(actor, async |view| Ok((known(view, key).await?, choices(view).await?))).await?;
    let record = &known.current().record;
    if record.state() == CommitmentState::Retired {
        return Err(Refusal::NotFound);
    }
    let fields = Typed::of(record).draw(&Faults::default(), framework, &controls, &names);
    let page =
        edit_form(record, known.current().number, &fields, &asked.token, &Faults::default(), &html! {});
    asked.frame(&state, &page).await
}

async fn change(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let key = key(&at)?;
    let catalog = catalog(&state)?;
    let framework = framework(catalog)?;
    sent.only(&[&NAMES[..], &["version"]].concat())?;
    let typed = Typed::of_sent(&sent);
    let from: i64 = sent.text("version").parse().map_err(|_| Refusal::Malformed)?;
    let (mut status, mut number, mut beside) = (StatusCode::UNPROCESSABLE_ENTITY, from, html! {});
    let faults = match typed.promise() {
        Err(faults) => faults,
        Ok((promise, owner)) => {
            let changed = app
                .transact(actor, async |cx| {
                    commitment::change(cx, key, from, promise.clone(), owner, &typed.reason, catalog).await
                })
                .await;
            match changed {
                Ok(Changed::Done(_)) => return Ok(go(&href(key))),
                Ok(Changed::Stale(current)) => {
                    let versions =
                        app.read(actor, async |view| commitment::versions(view, key).await).await?;
                    let seen = versions.iter().find(|version| version.number == from);
                    let before = seen.map_or_else(Promise::default, |version| version.record.promise.clone());
                    (status, number) = (StatusCode::CONFLICT, current.number);
                    beside = html! {
                        section.card aria-labelledby="meanwhile" {
                            h2 id="meanwhile" { "What changed meanwhile" }
                            (diff(&compare(&before, &current.record.promise)))
                            p { "Take over into the fields what shall stay, then send it again." }
                        }
                    };
                    Faults::whole(
                        "somebody changed it while you typed. Nothing was saved; what you typed is still in the fields",
                    )
                }
                Err(Error::Invalid(says) | Error::Conflict(says)) => Faults::about(says, &ABOUT),
                Err(error) => return Err(error.into()),
            }
        }
    };
    let (known, (controls, names)) =
        app.read(actor, async |view| Ok((known(view, key).await?, choices(view).await?))).await?;
    let fields = typed.draw(&faults, framework, &controls, &names);
    let page = edit_form(&known.current().record, number, &fields, &asked.token, &faults, &beside);
    asked.frame_refused(&state, status, &page).await.map(IntoResponse::into_response)
}

fn edit_form(
    record: &Commitment,
    number: i64,
    fields: &Markup,
    token: &str,
    faults: &Faults,
    beside: &Markup,
) -> Page {
    let href = href(record.key);
    let body =
        html! { (faults.summary()) (hidden("version", &number.to_string())) (fields) (send("Save", &href)) };
    let body = html! { div.narrow.stack { (beside) (form(&format!("{href}/edit"), token, &body)) } };
    let mut page = Page::new(Place::Commitments, &format!("Edit {}", record.promise.title), body);
    page.id = record.key.to_string();
    if record.approved().is_some() {
        page.lead = html! { "What was approved holds until somebody else approves the change." };
    }
    page.crumbs = vec![("Commitments".into(), "/commitments".into()), (record.key.to_string(), href)];
    page
}

async fn approve_page(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let key = key(&at)?;
    let known = app.read(actor, async |view| known(view, key).await).await?;
    if !matches!(known.current().record.state(), CommitmentState::Draft | CommitmentState::Waits) {
        return Err(Refusal::NotFound);
    }
    asked.frame(&state, &approve_form(&known, actor.id, &asked.token, &Faults::default())).await
}

async fn approve(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let key = key(&at)?;
    sent.only(&["version"])?;
    let from: i64 = sent.text("version").parse().map_err(|_| Refusal::Malformed)?;
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    let faults = match app.transact(actor, async |cx| commitment::approve(cx, key, from).await).await {
        Ok(Changed::Done(_)) => return Ok(go(&href(key))),
        Ok(Changed::Stale(_)) => {
            status = StatusCode::CONFLICT;
            Faults::whole("it was changed since you looked. This is what waits now; nothing was approved")
        }
        Err(Error::Invalid(says) | Error::Conflict(says)) => Faults::whole(says),
        Err(error) => return Err(error.into()),
    };
    let known = app.read(actor, async |view| known(view, key).await).await?;
    let page = approve_form(&known, actor.id, &asked.token, &faults);
    asked.frame_refused(&state, status, &page).await.map(IntoResponse::into_response)
}

fn approve_form(known: &Known, who: ActorId, token: &str, faults: &Faults) -> Page {
    let version = known.current();
    let record = &version.record;
    let before = record.approved().map_or_else(Promise::default, |approved| approved.promise.clone());
    let href = href(record.key);
    let buttons = html! { (hidden("version", &version.number.to_string())) (send("Approve it", &href)) };
    let body = html! {
        div.narrow.stack {
            (faults.summary())
            section.card aria-labelledby="waits" {
                h2 id="waits" { @if record.approved().is_some() { "What changes" } @else { "What is promised" } }
                p.muted { (known.names.of(record.written.by)) ", " (moment::written(record.written.at)) ": " (record.written.reason) }
                (diff(&compare(&before, &record.promise)))
            }
            @if record.is_author(who) {
                p.problem { "You wrote some of what waits here, so somebody else decides about it." }
            } @else { (form(&format!("{href}/approve"), token, &buttons)) }
        }
    };
    let mut page = Page::new(Place::Commitments, &format!("Approve {}", record.promise.title), body);
    page.id = record.key.to_string();
    page.crumbs = vec![("Commitments".into(), "/commitments".into()), (record.key.to_string(), href)];
    page
}

async fn retire_page(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let key = key(&at)?;
    let known = app.read(actor, async |view| known(view, key).await).await?;
    let record = &known.current().record;
    if record.state() == CommitmentState::Retired {
        return Err(Refusal::NotFound);
    }
    asked.frame(&state, &retire_form(record, &asked.token, "", &Faults::default())).await
}

async fn retire(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let key = key(&at)?;
    sent.only(&["reason"])?;
    let reason = sent.text("reason");
    let mut faults = Faults::default();
    if reason.is_empty() {
        faults.add("reason", "say why, so that others can follow it");
    } else {
        match app.transact(actor, async |cx| commitment::retire(cx, key, &reason).await).await {
            Ok(_) => return Ok(go(&href(key))),
            Err(Error::Invalid(says) | Error::Conflict(says)) => {
                faults = Faults::about(says, &[("reason", "reason")]);
            }
            Err(error) => return Err(error.into()),
        }
    }
    let known = app.read(actor, async |view| known(view, key).await).await?;
    let page = retire_form(&known.current().record, &asked.token, &reason, &faults);
    asked
        .frame_refused(&state, StatusCode::UNPROCESSABLE_ENTITY, &page)
        .await
        .map(IntoResponse::into_response)
}

fn retire_form(record: &Commitment, token: &str, reason: &str, faults: &Faults) -> Page {
    let href = href(record.key);
    let count = record.promise.controls.len();
    let body = html! {
        (faults.summary())
        p { "It is promised no longer and does not come back. " @match count { 0 => "No control kept it.", 1 => "1 control kept it; it stays as it is.", _ => { (count) " controls kept it; they stay as they are." } } }
        (field(&Field { name: "reason", label: "Why", kind: Kind::Area(2), value: reason, max: TEXT_MAX, fault: faults.of("reason"), hint: "It is kept with your name and the time.", ..Field::default() }))
        (send("Retire the commitment", &href))
    };
    let body = html! { div.narrow { (form(&format!("{href}/retire"), token, &body)) } };
    let mut page = Page::new(Place::Commitments, &format!("Retire {}", record.promise.title), body);
    page.id = record.key.to_string();
    page.crumbs = vec![("Commitments".into(), "/commitments".into()), (record.key.to_string(), href)];
    page
}
