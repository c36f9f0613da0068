//! Occurrences of one control: its windows, what became of them, and the form that records one.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use tickmark_app::comment::About;
use tickmark_app::evidence::item::{self, NewItem, RETENTION, UPLOAD};
use tickmark_app::identity::people;
use tickmark_app::program::performance::{self, NewPerformance};
use tickmark_app::{Actor, App, Cx, Error, Result, View, control};
use tickmark_core::conclusion::period::WindowRow;
use tickmark_core::control::{Control, ControlId};
use tickmark_core::evidence::item::{
    Covers, Description, Item, Kind as ItemKind, Method, Sensitivity, State as ItemState, day, is_complete,
};
use tickmark_core::evidence::media;
use tickmark_core::id::{ActorId, EvidenceKey, ItemKey};
use tickmark_core::identity::{Atom, Resource, Verb};
use tickmark_core::program::performance::{MAX_NOTE_CHARS, WindowState};
use tickmark_core::time::{DAY_US, HOUR_US};
use tickmark_core::{Span, Timestamp};

use super::state_badge;
use crate::WebState;
use crate::comment;
use crate::design::form::{
    Faults, Field, FilesField, Kind, capital, field, files, form_with_files, hidden, send,
};
use crate::design::frame::{Page, Place};
use crate::design::table::plain;
use crate::design::{block, moment, segment};
use crate::error::Refusal;
use crate::evidence::item::item_table;
use crate::form::Sent;
use crate::identity::go;
use crate::identity::{name, names};
use crate::upload::{ABOUT_FILES, KEPT, KeptFiles, SentFiles, drop_kept};
use crate::visit::Asked;

/// Days back that windows are listed.
const BACK_DAYS: i64 = 400;
/// Windows that a control's own page lists.
const ON_CONTROL: usize = 6;
/// Items that a control's own page lists, and that can be chosen in the form.
const ITEMS: u32 = 20;

const FIELDS: [&str; 6] = ["window", "performed_on", "performed_by", "item", "note", "once"];

struct Shows {
    control: Control,
    /// Newest first; the one under way is the first.
    windows: Vec<WindowRow>,
    items: Vec<Item>,
    people: BTreeMap<ActorId, String>,
    /// Who can be said to have done it.
    doers: Vec<(String, String)>,
}

async fn load(view: &mut View<'_>, id: &ControlId) -> Result<Shows> {
    let control = performance::control_of(view, id).await?;
    let now = view.now;
    let asked = Span { from: now.plus_micros(-BACK_DAYS * DAY_US), to: Some(now) };
    let mut windows = performance::windows_of(view, id, asked).await?;
    windows.reverse();
    let items = item::of_control(view, id, ITEMS).await?;
    let done = windows.iter().filter_map(|row| row.performance.as_ref()).map(|one| one.performed_by);
    let asks: BTreeSet<ActorId> =
        done.chain([Some(view.actor.id), control.owner, control.operator].into_iter().flatten()).collect();
    let people = names(view, asks).await?;
    let mut doers: BTreeMap<ActorId, String> = [Some(view.actor.id), control.operator, control.owner]
        .into_iter()
        .flatten()
        .map(|id| (id, name(&people, id).to_owned()))
        .collect();
    // Whoever may not see members says it of those who are named on the control.
    match people::members(view).await {
        Ok(members) => doers.extend(members.into_iter().map(|member| (member.actor, member.name))),
        Err(Error::Forbidden(_)) => {}
        Err(error) => return Err(error),
    }
    let own = view.actor.id;
    let mut doers: Vec<(ActorId, String)> = doers.into_iter().collect();
    doers.sort_by(|(a, one), (b, other)| (*a != own, one).cmp(&(*b != own, other)));
    let doers = doers.into_iter().map(|(id, name)| (id.to_string(), name)).collect();
    Ok(Shows { control, windows, items, people, doers })
}

/// What a control's own page shows to members: its last windows and what was handed in for it.
pub(crate) async fn on_control(state: &WebState, asked: &Asked, id: &str) -> Result<Markup, Refusal> {
    let Ok((app, actor)) = asked.member(state) else { return Ok(html! {}) };
    let Ok(id) = id.parse::<ControlId>() else { return Ok(html! {}) };
    let shows = match app.read(actor, async |view| load(view, &id).await).await {
        Ok(shows) => shows,
        // A starter that nobody adopted has no occurrences.
        Err(Error::NotFound { .. } | Error::Forbidden(_)) => return Ok(html! {}),
        Err(error) => return Err(error.into()),
    };
    let path = format!("/controls/{}/occurrences", segment(id.as_str()));
    let may_add = asked.may(Atom::new(Resource::Evidence, Verb::Create));
    let may_see = asked.may(Atom::new(Resource::Evidence, Verb::Read));
    let shown = shows.windows.len().min(ON_CONTROL);
    let now = asked.visit.now;
    Ok(html! {
        @if !shows.windows.is_empty() {
            (block("occurrences", "Occurrences", &html! { a href=(path) { "all, and record one" } }, &html! {
                (windows(&shows.windows[..shown], &shows.people, &path, may_add))
            }))
        }
        @if may_see {
            (block("handed-in", "Evidence handed in", &html! { a href={ "/evidence/items?control=" (segment(id.as_str())) } { "all of it" } }, &html! {
                @if shows.items.is_empty() {
                    div.empty { h3 { "Nothing handed in for it yet" } p { "Screenshots, exports and records of work that people add are listed here." } }
                } @else { (item_table(&shows.items, shows.control.frequency, now)) }
                @if may_add { div.block-body { a.button href={ "/evidence/items/new?control=" (segment(id.as_str())) } { "Add evidence" } } }
            }))
        }
    })
}

fn windows(rows: &[WindowRow], people: &BTreeMap<ActorId, String>, path: &str, may_add: bool) -> Markup {
    let rows = rows.iter().map(|row| {
        let window = &row.window;
        let is_open = matches!(row.state, WindowState::NotYetDue | WindowState::Missed);
        vec![
            html! { strong.primary.mono { (window.id) } span.sub { (moment::date(window.from)) " to " (moment::date(window.to.plus_micros(-1))) } },
            html! { (state_badge(row.state)) @if row.is_recorded_late { span.sub { "written down late" } } },
            html! {
                @match &row.performance {
                    Some(done) => {
                        (moment::date(done.performed_at)) ", " (name(people, done.performed_by))
                        @if !done.note.is_empty() { span.sub { (done.note) } }
                    },
                    None => span.muted { "by " (moment::date(window.due.plus_micros(-1))) },
                }
            },
            html! { @if is_open && may_add { a.button href={ (path) "?window=" (segment(&window.id)) "#record" } { "Record" span.visually-hidden { " " (window.id) } } } },
        ]
    });
    plain("Windows", &["Window", "State", "Done", ""], rows.collect())
}

pub(super) async fn page(
    State(state): State<WebState>,
    Path(id): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let id: ControlId = id.parse().map_err(|_| Refusal::NotFound)?;
    let shows = app.read(actor, async |view| load(view, &id).await).await?;
    let now = asked.visit.now;
    let wanted = asked.query.get("window").unwrap_or_default();
    let open = |row: &&WindowRow| matches!(row.state, WindowState::NotYetDue | WindowState::Missed);
    let chosen =
        shows.windows.iter().find(|row| row.window.id == wanted).or_else(|| shows.windows.iter().find(open));
    let sent = Sent::of(
        [
            ("window", chosen.map(|row| row.window.id.clone()).unwrap_or_default()),
            ("performed_on", now.date()),
            ("performed_by", actor.id.to_string()),
            ("once", hex::encode(&state.random()[..16])),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec(),
    );
    let may_add = asked.may(Atom::new(Resource::Evidence, Verb::Create));
    let (faults, held) = (Faults::default(), KeptFiles::default());
    let mut page = draw(&shows, &asked.token, &sent, &faults, may_add, &held);
    let said = comment::part(&state, &asked, &About::Occurrence(id)).await?;
    page.body = html! { (page.body) (said) };
    asked.frame(&state, &page).await
}

pub(super) async fn record(
    State(state): State<WebState>,
    Path(id): Path<String>,
    asked: Asked,
    form: SentFiles,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let id: ControlId = id.parse().map_err(|_| Refusal::NotFound)?;
    form.sent.only(&[&FIELDS[..], &KEPT].concat())?;
    let SentFiles { sent, files, refused, turn: _turn } = form.with_kept(app, actor).await?;
    let mut faults = Faults::default();
    let performed_at = match day(&sent.text("performed_on")) {
        // The hour is not asked for: noon, unless that is still ahead.
        Ok(day) => day.plus_micros(12 * HOUR_US).min(asked.visit.now).max(day),
        Err(error) => {
            faults.add("performed_on", error);
            asked.visit.now
        }
    };
    if performed_at > asked.visit.now {
        faults.add("performed_on", "that day is still ahead");
    }
    let performed_by: ActorId = sent.text("performed_by").parse().map_err(|_| Refusal::Malformed)?;
    let mut chosen = BTreeSet::new();
    for key in sent.all("item") {
        chosen.insert(ItemKey(key.parse().map_err(|_| Refusal::Malformed)?));
    }
    if sent.text("note").chars().count() > MAX_NOTE_CHARS {
        faults.add("note", format!("it has more than {MAX_NOTE_CHARS} characters"));
    }
    if let Some(says) = &refused {
        faults.add("files", says);
    } else if files.is_empty() && chosen.is_empty() {
        faults.add("files", "choose a file, or evidence that is here already");
    }
    if faults.is_empty() {
        let given = Given {
            control: id.clone(),
            window: sent.text("window"),
            performed_at,
            performed_by,
            chosen,
            note: sent.text("note"),
            once: sent.text("once"),
        };
        match kept(app, actor, given, files.clone()).await {
            Ok(()) => {
                drop_kept(app, actor, &sent).await?;
                return Ok(go(&format!("/controls/{}/occurrences", segment(id.as_str()))));
            }
            Err(Error::Invalid(says) | Error::Conflict(says)) => {
                faults = Faults::about(says, &[&ABOUT[..], &ABOUT_FILES].concat());
            }
            Err(error) => return Err(error.into()),
        }
    }
    let held = KeptFiles::keep(app, actor, &sent, &files).await?;
    let shows = loaded(app, actor, id).await?;
    let page = draw(&shows, &asked.token, &sent, &faults, true, &held);
    asked.frame_refused(&state, StatusCode::UNPROCESSABLE_ENTITY, &page).await
}

/// The field that a word of a refusal stands for, beside those of new files.
const ABOUT: [(&str, &str); 6] = [
    ("is not a window", "window"),
    ("for window", "performed_on"),
    ("lies ahead", "performed_on"),
    ("withdrawn", "item"),
    ("the note has", "note"),
    ("needs evidence", "files"),
];

/// What a transaction makes, boxed: that it may go from thread to thread is then seen where it is made.
type Later<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

fn kept<'a>(app: &'a App, actor: &'a Actor, given: Given, files: Vec<item::Upload>) -> Later<'a, ()> {
    Box::pin(app.transact(actor, async move |cx| keep(cx, &given, files).await))
}

fn loaded<'a>(app: &'a App, actor: &'a Actor, id: ControlId) -> Later<'a, Shows> {
    Box::pin(app.read(actor, async move |view| load(view, &id).await))
}

struct Given {
    control: ControlId,
    window: String,
    performed_at: Timestamp,
    performed_by: ActorId,
    chosen: BTreeSet<ItemKey>,
    note: String,
    once: String,
}

/// Records the performance. Files become an item of their own, which is handed in with it.
async fn keep(cx: &mut Cx<'_>, given: &Given, uploads: Vec<item::Upload>) -> Result<()> {
    let mut evidence: BTreeSet<EvidenceKey> = BTreeSet::new();
    for key in &given.chosen {
        let item = item::find(cx, *key).await?;
        if item.state == ItemState::Withdrawn {
            return Err(Error::invalid("what was withdrawn shows nothing"));
        }
        evidence.extend(item.version.files.iter().map(|file| file.artifact));
    }
    if !uploads.is_empty() {
        let item = hand_in(cx, given, uploads).await?;
        evidence.extend(item.version.files.iter().map(|file| file.artifact));
    }
    let known = performance::list(cx, &given.control).await?;
    let evidence: Vec<EvidenceKey> = evidence.into_iter().collect();
    // The same form sent twice is one performance.
    let is_same = known.iter().any(|one| {
        one.window == given.window
            && one.performed_by == given.performed_by
            && one.performed_at.date() == given.performed_at.date()
            && one.evidence == evidence
            && one.note == given.note
    });
    if is_same {
        return Ok(());
    }
    let new = NewPerformance {
        control: given.control.clone(),
        window: Some(given.window.clone()),
        performed_at: given.performed_at,
        performed_by: given.performed_by,
        evidence,
        files: Vec::new(),
        note: given.note.clone(),
    };
    performance::record(cx, new).await.map(|_| ())
}

async fn hand_in(cx: &mut Cx<'_>, given: &Given, uploads: Vec<item::Upload>) -> Result<Item> {
    let control = control::find(cx, &given.control).await?;
    let now = cx.now;
    let asked = Span { from: now.plus_micros(-BACK_DAYS * DAY_US), to: Some(now) };
    let windows = performance::windows_of(cx, &given.control, asked).await?;
    let window = windows.into_iter().find(|row| row.window.id == given.window).map(|row| row.window);
    let done = given.performed_at.date();
    // It shows what was done up to that day of the window.
    let covers = window.and_then(|window| {
        let last = window.to.plus_micros(-1).date().min(done.clone());
        Covers::days(&window.from.date(), &last).ok()
    });
    let by = names(cx, [given.performed_by]).await?;
    let title = format!("{}, {}", control.text.current().title, given.window);
    let new = NewItem {
        once: given.once.clone(),
        description: Description {
            title: title.chars().take(tickmark_core::evidence::item::TITLE_CHARS).collect(),
            kind: ItemKind::Record,
            source: format!("Performance of {} for {}", given.control, given.window),
            method: Method::Written,
            steps: String::new(),
            collected_by: name(&by, given.performed_by).to_owned(),
            collected_at: day(&done).ok(),
            covers: covers.or_else(|| Covers::days(&done, &done).ok()),
            sensitivity: Sensitivity::Internal,
            redaction: String::new(),
        },
        retention: RETENTION[0].to_owned(),
        controls: BTreeSet::from([given.control.clone()]),
        files: uploads,
    };
    let item = item::open(cx, new).await?;
    let quality = item::whole(cx, item.key).await?.quality;
    if item.state == ItemState::Draft && is_complete(&quality) {
        return item::submit(cx, item.key, item.revision).await;
    }
    Ok(item)
}

fn draw(shows: &Shows, token: &str, sent: &Sent, faults: &Faults, may_add: bool, held: &KeptFiles) -> Page {
    let control = &shows.control;
    let path = format!("/controls/{}/occurrences", segment(control.id.as_str()));
    let words = |row: &WindowRow| format!("{}  {}", row.window.id, super::word_of(row.state).to_lowercase());
    let choices: Vec<(String, String)> =
        shows.windows.iter().map(|row| (row.window.id.clone(), words(row))).collect();
    let items: Vec<(String, String)> = shows
        .items
        .iter()
        .filter(|item| item.state != ItemState::Withdrawn)
        .map(|item| {
            (
                item.key.to_string(),
                format!("{} ({})", item.version.description.title, item.state.title().to_lowercase()),
            )
        })
        .collect();
    let (window, on, by, note) =
        (sent.text("window"), sent.text("performed_on"), sent.text("performed_by"), sent.text("note"));
    let chosen = sent.all("item").join(" ");
    let form = html! {
        (hidden("once", &sent.text("once")))
        (faults.summary())
        (field(&Field { name: "window", label: "For the window", kind: Kind::Select(&choices), value: &window, fault: faults.of("window"), ..Field::default() }))
        div.fields {
            (field(&Field { name: "performed_on", label: "Done on", kind: Kind::Input("date"), value: &on, fault: faults.of("performed_on"), ..Field::default() }))
            (field(&Field { name: "performed_by", label: "By", kind: Kind::Select(&shows.doers), value: &by, ..Field::default() }))
        }
        (held.draw())
        (files(&FilesField {
            name: "files", label: "Files that show it",
            hint: &format!("{}. Each up to {} MB. They become an item of evidence that is handed in with it.", capital(media::ACCEPTED), UPLOAD.file_bytes >> 20),
            fault: faults.of("files"), accept: media::ACCEPT, most_bytes: UPLOAD.file_bytes, most_files: UPLOAD.files, is_optional: true,
        }))
        @if !items.is_empty() {
            (field(&Field { name: "item", label: "Evidence that is here already", kind: Kind::Several(&items), value: &chosen, optional: true, fault: faults.of("item"), ..Field::default() }))
        }
        (field(&Field { name: "note", label: "Note", kind: Kind::Area(3), value: &note, max: MAX_NOTE_CHARS, optional: true, fault: faults.of("note"), hint: "What a reader of the evidence needs to know. Nothing of it can be changed later.", ..Field::default() }))
        (send("Record a performance", &format!("/controls/{}", segment(control.id.as_str()))))
    };
    let body = html! {
        @if shows.windows.is_empty() {
            div.empty {
                h3 { "It has no windows" }
                p { "Windows belong to controls in force that people perform from time to time. What happens on an occasion is a population; what runs all the time is looked at by checks." }
                p { a.button href={ "/controls/" (segment(control.id.as_str())) } { "Back to the control" } }
            }
        } @else {
            @if may_add { (block("record", "Record a performance", &html! {}, &html! { div.narrow.block-body { (form_with_files(&path, token, &form)) } })) }
            (block("windows", "Windows", &html! { (control.frequency.plain()) }, &windows(&shows.windows, &shows.people, &path, may_add)))
        }
    };
    let mut page = Page::new(Place::Controls, "Occurrences", body);
    page.id = control.id.to_string();
    page.lead = html! { (control.text.current().title) ". A window without a performance is missed once its grace is over, and late after that." };
    page.crumbs = vec![
        ("Controls".into(), "/controls".into()),
        (control.id.to_string(), format!("/controls/{}", segment(control.id.as_str()))),
    ];
    page
}
