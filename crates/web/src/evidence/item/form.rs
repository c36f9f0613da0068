//! The forms that hand evidence in, and that take its place with a newer version.

use std::collections::BTreeSet;
use std::pin::Pin;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use tickmark_app::evidence::item::{self, NewItem, NewVersion, RETENTION, UPLOAD};
use tickmark_app::evidence::{self, RetentionClass};
use tickmark_app::{Actor, App, Error};
use tickmark_core::Timestamp;
use tickmark_core::control::{Control, ControlId};
use tickmark_core::evidence::item::{
    Covers, Description, Item, Kind as ItemKind, LINE_CHARS, Method, Sensitivity, State as ItemState, Step,
    TEXT_CHARS, TITLE_CHARS, day, is_complete,
};
use tickmark_core::evidence::media;
use tickmark_core::id::ItemKey;

use super::key;
use crate::WebState;
use crate::design::form::{Faults, Field, FilesField, Kind, field, files, form_with_files, hidden, send};
use crate::design::frame::{Page, Place};
use crate::design::size;
use crate::error::Refusal;
use crate::evidence::keeping::class_title;
use crate::form::Sent;
use crate::identity::go;
use crate::identity::{name, names};
use crate::upload::{ABOUT_FILES, KEPT, KeptFiles, SentFiles, drop_kept};
use crate::visit::Asked;

const FIELDS: [&str; 15] = [
    "title",
    "kind",
    "source",
    "method",
    "steps",
    "collected_by",
    "collected_on",
    "covers_from",
    "covers_to",
    "sensitivity",
    "retention",
    "redaction",
    "control",
    "once",
    "then",
];
const VERSION_FIELDS: [&str; 14] = [
    "title",
    "kind",
    "source",
    "method",
    "steps",
    "collected_by",
    "collected_on",
    "covers_from",
    "covers_to",
    "sensitivity",
    "redaction",
    "keep",
    "reason",
    "revision",
];

/// The controls that can be chosen: those in force first, retired ones not at all.
fn choices(controls: &[Control], chosen: &[String]) -> Vec<(String, String)> {
    use tickmark_core::control::ControlState;
    let mut offered: Vec<&Control> = controls
        .iter()
        .filter(|control| {
            control.state() != ControlState::Retired || chosen.iter().any(|id| id == control.id.as_str())
        })
        .collect();
    let rank = |control: &Control| {
        (!chosen.iter().any(|id| id == control.id.as_str()), control.state() != ControlState::Active)
    };
    offered.sort_by_key(|control| rank(control));
    offered
        .into_iter()
        .map(|control| (control.id.to_string(), format!("{}  {}", control.id, control.text.current().title)))
        .collect()
}

fn words<T: Copy>(
    all: &[T],
    word: fn(T) -> &'static str,
    title: fn(T) -> &'static str,
) -> Vec<(String, String)> {
    all.iter().map(|one| (word(*one).to_owned(), title(*one).to_owned())).collect()
}

/// A retention class in words, as it is set.
pub(super) fn retention_words(classes: &[RetentionClass], class: &str) -> String {
    let title = class_title(class);
    let kept = classes.iter().find(|one| one.name == class).map(RetentionClass::words);
    kept.map_or_else(|| title.to_owned(), |kept| format!("{title}: {kept} after it was replaced"))
}

/// The page that hands something new in.
pub(super) async fn page(State(state): State<WebState>, asked: Asked) -> Result<Markup, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let (controls, classes) = offered(app, actor).await?;
    let now = asked.visit.now;
    let mut pairs: Vec<(String, String)> = vec![
        ("collected_by".into(), actor.label.clone()),
        ("collected_on".into(), now.date()),
        ("once".into(), hex::encode(&state.random()[..16])),
    ];
    if let Some(control) = asked.query.get("control") {
        pairs.push(("control".into(), control.to_owned()));
    }
    for (from, to) in [("from", "covers_from"), ("to", "covers_to")] {
        let date = asked.query.get(from).filter(|date| day(date).is_ok());
        pairs.extend(date.map(|date| (to.to_owned(), date.to_owned())));
    }
    let (faults, kept) = (Faults::default(), KeptFiles::default());
    let page = draw_new((&controls, &classes), &asked.token, &Sent::of(pairs), &faults, &kept);
    asked.frame(&state, &page).await
}

/// Takes what is handed in: a draft, or submitted at once when that is asked for and nothing is missing.
pub(super) async fn open(
    State(state): State<WebState>,
    asked: Asked,
    form: SentFiles,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    // The turn lasts until everything is kept.
    form.sent.only(&[&FIELDS[..], &KEPT].concat())?;
    let SentFiles { sent, files, refused, turn: _turn } = form.with_kept(app, actor).await?;
    let mut faults = Faults::default();
    let description = description(&sent, &mut faults)?;
    let mut controls = BTreeSet::new();
    for id in sent.all("control").into_iter().filter(|id| !id.is_empty()) {
        controls.insert(id.parse::<ControlId>().map_err(|_| Refusal::Malformed)?);
    }
    if let Some(says) = &refused {
        faults.add("files", says);
    } else if files.is_empty() {
        faults.add("files", "choose at least one file");
    }
    if faults.is_empty() {
        let new = NewItem {
            once: sent.text("once"),
            description,
            retention: sent.text("retention"),
            controls,
            files: files.clone(),
        };
        match keep_new(app, actor, new, sent.text("then") == "submit").await {
            Ok(key) => {
                drop_kept(app, actor, &sent).await?;
                return Ok(go(&format!("/evidence/items/{key}")));
            }
            Err(error) => said(error, &mut faults)?,
        }
    }
    let kept = KeptFiles::keep(app, actor, &sent, &files).await?;
    let (controls, classes) = offered(app, actor).await?;
    let page = draw_new((&controls, &classes), &asked.token, &sent, &faults, &kept);
    asked.frame_refused(&state, StatusCode::UNPROCESSABLE_ENTITY, &page).await
}

/// What a transaction makes, boxed: that it may go from thread to thread is then seen where it is made.
type Later<'a, T> = Pin<Box<dyn Future<Output = tickmark_app::Result<T>> + Send + 'a>>;

fn keep_new<'a>(app: &'a App, actor: &'a Actor, new: NewItem, submits: bool) -> Later<'a, ItemKey> {
    Box::pin(app.transact(actor, async move |cx| {
        let made = item::open(cx, new).await?;
        // A form that comes a second time finds what it made the first time, wherever that has come to.
        let is_new = made.state == ItemState::Draft && made.revision == 1;
        if submits && is_new && is_complete(&item::whole(cx, made.key).await?.quality) {
            item::submit(cx, made.key, made.revision).await?;
        }
        Ok(made.key)
    }))
}

fn keep_version<'a>(
    app: &'a App,
    actor: &'a Actor,
    key: ItemKey,
    revision: i64,
    new: NewVersion,
) -> Later<'a, ()> {
    Box::pin(app.transact(actor, async move |cx| item::revise(cx, key, revision, new).await.map(|_| ())))
}

/// The controls that can be chosen, and how long things are kept.
type Offered = (Vec<Control>, Vec<RetentionClass>);

fn offered<'a>(app: &'a App, actor: &'a Actor) -> Later<'a, Offered> {
    Box::pin(app.read(actor, async move |view| {
        Ok((item::linkable(view).await?, evidence::retention_classes(view).await?))
    }))
}

/// The item as it is, with the name of whoever made its newest version.
fn newest<'a>(app: &'a App, actor: &'a Actor, key: ItemKey) -> Later<'a, (Item, String)> {
    Box::pin(app.read(actor, async move |view| {
        let whole = item::whole(view, key).await?;
        let by = whole.item.version.by;
        let people = names(view, [by]).await?;
        Ok((whole.item, name(&people, by).to_owned()))
    }))
}

/// The field that a word of a refusal stands for, beside those of new files.
const ABOUT: [(&str, &str); 4] = [
    ("say why", "reason"),
    ("linked to at most", "control"),
    ("no control ", "control"),
    ("retention class", "retention"),
];

/// Keeps what a use case says was wrong with the form; anything else is a refusal.
fn said(error: Error, faults: &mut Faults) -> Result<(), Refusal> {
    match error {
        Error::Invalid(says) | Error::Conflict(says) => {
            *faults = Faults::about(says, &[&ABOUT[..], &ABOUT_FILES].concat());
            Ok(())
        }
        other => Err(other.into()),
    }
}

/// The page that makes a newer version.
pub(super) async fn version_page(
    State(state): State<WebState>,
    Path(number): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let key = key(&number)?;
    let whole = app.read(actor, async |view| item::whole(view, key).await).await?;
    if !whole.may.change || !whole.item.state.may(Step::Revise) {
        return Err(Refusal::NotFound);
    }
    let sent = of_item(&whole.item);
    let (faults, kept) = (Faults::default(), KeptFiles::default());
    asked.frame(&state, &draw_version(&whole.item, &asked.token, &sent, &faults, "", &kept)).await
}

/// Takes a newer version.
pub(super) async fn revise(
    State(state): State<WebState>,
    Path(number): Path<String>,
    asked: Asked,
    form: SentFiles,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let key = key(&number)?;
    form.sent.only(&[&VERSION_FIELDS[..], &KEPT].concat())?;
    let SentFiles { sent, files, refused, turn: _turn } = form.with_kept(app, actor).await?;
    let mut faults = Faults::default();
    let description = description(&sent, &mut faults)?;
    let mut keep = BTreeSet::new();
    for seq in sent.all("keep") {
        keep.insert(seq.parse::<i64>().map_err(|_| Refusal::Malformed)?);
    }
    let revision: i64 = sent.text("revision").parse().map_err(|_| Refusal::Malformed)?;
    if let Some(says) = &refused {
        faults.add("files", says);
    } else if files.is_empty() && keep.is_empty() {
        faults.add("files", "keep a file, or choose another one");
    }
    if faults.is_empty() {
        let new = NewVersion { description, keep, files: files.clone(), reason: sent.text("reason") };
        match keep_version(app, actor, key, revision, new).await {
            Ok(()) => {
                drop_kept(app, actor, &sent).await?;
                return Ok(go(&format!("/evidence/items/{key}")));
            }
            Err(error) => said(error, &mut faults)?,
        }
    }
    let kept = KeptFiles::keep(app, actor, &sent, &files).await?;
    let (item, by) = newest(app, actor, key).await?;
    if item.revision == revision {
        let page = draw_version(&item, &asked.token, &sent, &faults, "", &kept);
        return asked.frame_refused(&state, StatusCode::UNPROCESSABLE_ENTITY, &page).await;
    }
    // What was typed stays, over what is there now: whoever sends it again has seen what the other one did.
    let changed = format!(
        "Meanwhile {by} made version {}, and it is {} now: {}",
        item.version.number,
        item.state.title().to_lowercase(),
        item.version.description.title,
    );
    let page = draw_version(&item, &asked.token, &sent, &faults, &changed, &kept);
    asked.frame_refused(&state, StatusCode::CONFLICT, &page).await
}

/// Reads what is said about an item. Dates may be left out of a draft.
fn description(sent: &Sent, faults: &mut Faults) -> Result<Description, Refusal> {
    let date = |name: &'static str, faults: &mut Faults| -> Option<Timestamp> {
        let text = sent.text(name);
        if text.is_empty() {
            return None;
        }
        day(&text).map_err(|error| faults.add(name, error)).ok()
    };
    let (from, to) = (sent.text("covers_from"), sent.text("covers_to"));
    let covers = match (from.as_str(), to.as_str()) {
        ("", "") => None,
        // One day stands for itself.
        (one, "") | ("", one) => {
            Covers::days(one, one).map_err(|error| faults.add("covers_from", error)).ok()
        }
        (from, to) => Covers::days(from, to).map_err(|error| faults.add("covers_to", error)).ok(),
    };
    let title = sent.text("title");
    if title.is_empty() {
        faults.add("title", "say in one line what it shows");
    }
    for (name, most) in [
        ("title", TITLE_CHARS),
        ("source", LINE_CHARS),
        ("collected_by", LINE_CHARS),
        ("steps", TEXT_CHARS),
        ("redaction", TEXT_CHARS),
    ] {
        if sent.text(name).chars().count() > most {
            faults.add(name, format!("it has more than {most} characters"));
        }
    }
    Ok(Description {
        title,
        kind: ItemKind::from_word(&sent.text("kind")).ok_or(Refusal::Malformed)?,
        source: sent.text("source"),
        method: Method::from_word(&sent.text("method")).ok_or(Refusal::Malformed)?,
        steps: sent.text("steps"),
        collected_by: sent.text("collected_by"),
        collected_at: date("collected_on", faults),
        covers,
        sensitivity: Sensitivity::from_word(&sent.text("sensitivity")).ok_or(Refusal::Malformed)?,
        redaction: sent.text("redaction"),
    })
}

/// The fields of a form about an item as it is.
fn of_item(item: &Item) -> Sent {
    let said = &item.version.description;
    let date = |at: Option<Timestamp>| at.map(Timestamp::date).unwrap_or_default();
    let mut pairs: Vec<(String, String)> = [
        ("title", said.title.clone()),
        ("kind", said.kind.word().to_owned()),
        ("source", said.source.clone()),
        ("method", said.method.word().to_owned()),
        ("steps", said.steps.clone()),
        ("collected_by", said.collected_by.clone()),
        ("collected_on", date(said.collected_at)),
        ("covers_from", date(said.covers.map(|covers| covers.from))),
        ("covers_to", date(said.covers.map(Covers::last_day))),
        ("sensitivity", said.sensitivity.word().to_owned()),
        ("redaction", said.redaction.clone()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec();
    pairs.extend(item.version.files.iter().map(|file| ("keep".to_owned(), file.seq.to_string())));
    Sent::of(pairs)
}

fn draw_new(
    (controls, classes): (&[Control], &[RetentionClass]),
    token: &str,
    sent: &Sent,
    faults: &Faults,
    kept: &KeptFiles,
) -> Page {
    let chosen = sent.all("control");
    let choices = choices(controls, &chosen);
    let retention: Vec<(String, String)> =
        RETENTION.iter().map(|class| ((*class).to_owned(), retention_words(classes, class))).collect();
    let body = html! {
        (hidden("once", &sent.text("once")))
        (faults.summary())
        (described(sent, faults, "internal"))
        @if !choices.is_empty() {
            (field(&Field {
                name: "control", label: "Controls it serves", kind: Kind::Several(&choices), value: &chosen.join(" "),
                hint: "One item may serve many controls. They can be changed later.", optional: true, fault: faults.of("control"),
                ..Field::default()
            }))
        }
        (field(&Field {
            name: "retention", label: "Kept", kind: Kind::Select(&retention), value: &sent.text("retention"),
            hint: "What is newest is always kept, and what is under legal hold.", fault: faults.of("retention"), ..Field::default()
        }))
        (kept.draw())
        (chooser(faults, !kept.is_empty()))
        p.row {
            button.button.primary type="submit" name="then" value="submit" { "Submit" }
            button.button type="submit" name="then" value="draft" { "Keep as a draft" }
            a.button href="/evidence/items" { "Cancel" }
        }
        p.hint { "What lacks something to be submitted is kept as a draft, which says what. Somebody else accepts it." }
    };
    let body = html! { div.narrow { (form_with_files("/evidence/items/new", token, &body)) } };
    let mut page = Page::new(Place::Items, "Add evidence", body);
    page.crumbs = vec![("Evidence".into(), "/evidence/items".into())];
    page.lead = html! { "Files, and what a stranger needs to know to rely on them." };
    page
}

fn draw_version(
    item: &Item,
    token: &str,
    sent: &Sent,
    faults: &Faults,
    changed: &str,
    files: &KeptFiles,
) -> Page {
    let kept: BTreeSet<String> = sent.all("keep").into_iter().collect();
    let needs_reason = Step::Revise.needs_reason(item.state);
    let path = format!("/evidence/items/{}", item.key);
    let body = html! {
        (hidden("revision", &item.revision.to_string()))
        @if !changed.is_empty() { p.problem role="alert" { (changed) ". What you typed is still here: look at " a href=(path) { "the item as it is now" } ", then send it again to take its place." } }
        @else { (faults.summary()) }
        (described(sent, faults, item.version.description.sensitivity.word()))
        fieldset.field {
            legend { "Files that stay" }
            div.choices {
                @for file in &item.version.files {
                    label.choice {
                        input type="checkbox" name="keep" value=(file.seq) checked[kept.contains(&file.seq.to_string())];
                        span { (file.name) " " span.muted { (size(file.size)) } }
                    }
                }
            }
        }
        (files.draw())
        (chooser(faults, true))
        (field(&Field {
            name: "reason", label: "Why", kind: Kind::Area(2), value: &sent.text("reason"), max: TEXT_CHARS,
            hint: "The version before stays readable beside this one.", optional: !needs_reason, fault: faults.of("reason"),
            ..Field::default()
        }))
        (send("Save as a new version", &path))
        @if matches!(item.state, ItemState::Submitted | ItemState::Accepted) {
            p.hint { "It is " (item.state.title().to_lowercase()) ". A new version is a draft again and has to be submitted: an approval is of one version." }
        }
    };
    let body = html! { div.narrow { (form_with_files(&format!("{path}/version"), token, &body)) } };
    let mut page = Page::new(Place::Items, "New version", body);
    page.crumbs =
        vec![("Evidence".into(), "/evidence/items".into()), (item.version.description.title.clone(), path)];
    page
}

/// The fields that say what it is.
fn described(sent: &Sent, faults: &Faults, sensitivity: &str) -> Markup {
    let kinds = words(ItemKind::ALL, ItemKind::word, ItemKind::title);
    let methods = words(Method::ALL, Method::word, Method::title);
    let sensitivities = words(Sensitivity::ALL, Sensitivity::word, Sensitivity::title);
    let (title, kind, source, method) =
        (sent.text("title"), sent.text("kind"), sent.text("source"), sent.text("method"));
    let (steps, by, on) = (sent.text("steps"), sent.text("collected_by"), sent.text("collected_on"));
    let (from, to, redaction) = (sent.text("covers_from"), sent.text("covers_to"), sent.text("redaction"));
    let chosen = match sent.text("sensitivity") {
        empty if empty.is_empty() => sensitivity.to_owned(),
        chosen => chosen,
    };
    html! {
        (field(&Field {
            name: "title", label: "What it shows", value: &title, max: TITLE_CHARS, fault: faults.of("title"),
            hint: "In one line, as \"Access review of payroll, third quarter\".", ..Field::default()
        }))
        div.fields {
            (field(&Field { name: "kind", label: "Kind", kind: Kind::Select(&kinds), value: &kind, ..Field::default() }))
            (field(&Field { name: "method", label: "How it was obtained", kind: Kind::Select(&methods), value: &method, ..Field::default() }))
        }
        (field(&Field {
            name: "source", label: "Source", value: &source, max: LINE_CHARS, fault: faults.of("source"), optional: true,
            hint: "Which system, and where in it. Needed before it is submitted.", ..Field::default()
        }))
        div.fields {
            (field(&Field { name: "covers_from", label: "Covers from", kind: Kind::Input("date"), value: &from, optional: true, fault: faults.of("covers_from"), ..Field::default() }))
            (field(&Field { name: "covers_to", label: "Covers to", kind: Kind::Input("date"), value: &to, optional: true, fault: faults.of("covers_to"), hint: "The last day counts. The same day twice for a picture of one moment.", ..Field::default() }))
        }
        div.fields {
            (field(&Field { name: "collected_on", label: "Collected on", kind: Kind::Input("date"), value: &on, optional: true, fault: faults.of("collected_on"), ..Field::default() }))
            (field(&Field { name: "collected_by", label: "Collected by", value: &by, max: LINE_CHARS, optional: true, fault: faults.of("collected_by"), ..Field::default() }))
        }
        (field(&Field {
            name: "sensitivity", label: "Sensitivity", kind: Kind::Select(&sensitivities), value: &chosen,
            hint: "Each look at what is restricted is recorded.", ..Field::default()
        }))
        (field(&Field {
            name: "steps", label: "Query, or steps to obtain it again", kind: Kind::Area(2), value: &steps, max: TEXT_CHARS,
            optional: true, fault: faults.of("steps"), ..Field::default()
        }))
        (field(&Field {
            name: "redaction", label: "What was taken out before", kind: Kind::Area(2), value: &redaction, max: TEXT_CHARS,
            optional: true, fault: faults.of("redaction"), hint: "Passwords, keys and personal data that nobody needs to see do not belong in evidence.",
            ..Field::default()
        }))
    }
}

fn chooser(faults: &Faults, is_optional: bool) -> Markup {
    files(&FilesField {
        name: "files",
        label: "Files",
        hint: &format!(
            "{}. Each up to {} MB, {} MB together. Archives and programs are not taken.",
            crate::design::form::capital(media::ACCEPTED),
            UPLOAD.file_bytes >> 20,
            UPLOAD.request_bytes >> 20
        ),
        fault: faults.of("files"),
        accept: media::ACCEPT,
        most_bytes: UPLOAD.file_bytes,
        most_files: UPLOAD.files,
        is_optional,
    })
}
