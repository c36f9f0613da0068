//! One request: what is asked, the answer with its evidence, and what each party can do now.

use std::collections::BTreeSet;
use std::pin::Pin;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use tickmark_app::comment::About;
use tickmark_app::engagement::fieldwork::evidence::{Offered, misfits, offered};
use tickmark_app::engagement::fieldwork::request::{self, Whole};
use tickmark_app::engagement::fieldwork::{Row, asking};
use tickmark_app::evidence::item::{self, NewItem, RETENTION, UPLOAD, Upload};
use tickmark_app::{Actor, App, Error};
use tickmark_core::catalog::{Catalog, RequestKind};
use tickmark_core::control::TEXT_MAX;
use tickmark_core::engagement::fieldwork::{
    Answer, EvidenceRequest, Party, RequestState, RequestStep, kind_words, timing_words,
};
use tickmark_core::engagement::{Engagement, EngagementKey};
use tickmark_core::evidence::item::{
    Covers, Description, Kind as ItemKind, LINE_CHARS, Method, Sensitivity, State as ItemState, TITLE_CHARS,
    day,
};
use tickmark_core::evidence::media;
use tickmark_core::id::{ActorId, ItemKey, PopulationKey};
use tickmark_core::identity::{Atom, Resource, Verb};

use super::{Tabbed, head, href, key, not_to_choose, number, page as framed, refused, state_badge, wrong};
use crate::control::Names;
use crate::design::form::{Faults, Field, FilesField, Kind, capital, field, files, form_with_files, hidden};
use crate::design::frame::Page;
use crate::design::table::plain;
use crate::design::{block, moment, plural};
use crate::engagement::catalog;
use crate::error::Refusal;
use crate::evidence::item as items;
use crate::form::Sent;
use crate::identity::go;
use crate::upload::{ABOUT_FILES, KEPT, SentFiles, drop_kept};
use crate::visit::Asked;
use crate::{WebState, comment};

/// Fields of an answer.
const FIELDS: [&str; 7] = ["version", "once", "answer", "item", "others", "population", "source"];

/// What one page shows.
struct Shown {
    record: Engagement,
    whole: Whole,
    offered: Offered,
    names: Names,
    /// The decision that was refused; empty for none.
    act: String,
    /// Why the population that was handed in for it just now cannot be an answer; empty where it can.
    misfit: String,
}

async fn load(state: &WebState, asked: &Asked, key: EngagementKey, number: i64) -> Result<Shown, Refusal> {
    let ((app, actor), catalog) = (asked.member(state)?, catalog(state)?);
    let shown = app
        .read(actor, async |view| {
            let (record, party) = head(view, key).await?;
            let whole = request::find(view, key, number).await?;
            let answers = party == Party::Management && whole.row.record.state.waits_for_management();
            let offered = match answers {
                true => offered(view, key, &whole.row.record, catalog).await?,
                false => Offered::default(),
            };
            // Whom to choose from is for those who may see who is here.
            let names = match answers && view.may(Atom::new(Resource::Member, Verb::Read)) {
                true => Names::read(view).await?,
                false => Names::for_looking(view).await?,
            };
            Ok(Shown { record, whole, offered, names, act: String::new(), misfit: String::new() })
        })
        .await?;
    Ok(shown)
}

pub(super) async fn page(
    State(state): State<WebState>,
    Path((at, no)): Path<(String, String)>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let (key, number) = (key(&at)?, number(&no)?);
    let mut shown = load(&state, &asked, key, number).await?;
    let once = hex::encode(&state.random()[..16]);
    // A list that was handed in for it just now is part of the answer, unless whoever answers takes it out.
    let list = asked.query.get("list").unwrap_or_default().to_owned();
    if let (Ok(list), Party::Management) = (list.parse().map(PopulationKey), shown.whole.party) {
        shown.misfit = misfit(&state, &asked, key, list).await?;
    }
    let sent = Sent::of(vec![("once".into(), once), ("list".into(), list)]);
    let mut page = draw(&shown, &asked, &sent, &Faults::default());
    let said = comment::part(&state, &asked, &About::EvidenceRequest(key, number)).await?;
    page.body = html! { (page.body) (said) };
    asked.frame(&state, &page).await
}

/// Why an answer cannot hold a population; empty where it can, or there is no such population.
async fn misfit(
    state: &WebState,
    asked: &Asked,
    key: EngagementKey,
    list: PopulationKey,
) -> Result<String, Refusal> {
    let ((app, actor), catalog) = (asked.member(state)?, catalog(state)?);
    match unfit(app, actor, key, &[list].into(), catalog).await {
        Ok(says) => Ok(says.join("; ")),
        Err(Error::NotFound { .. }) => Ok(String::new()),
        Err(error) => Err(error.into()),
    }
}

fn draw(shown: &Shown, asked: &Asked, sent: &Sent, faults: &Faults) -> Page {
    let Shown { record, whole, names, .. } = shown;
    let (row, path) = (&whole.row, format!("{}/requests/{}", href(record.key), whole.row.record.number));
    let request = &row.record.request;
    let can_write = whole.is_open && asked.may(asking(Verb::Update));
    let answers = can_write && whole.party == Party::Management && row.record.state.waits_for_management();
    let body = html! {
        (faults.summary())
        div.columns.flush {
            div {
                @if !row.record.decision.is_empty() && matches!(row.record.state, RequestState::Returned | RequestState::NotApplicable) {
                    p.problem { (state_word(row.record.state)) ": " (row.record.decision) }
                }
                @if row.record.submitted.is_some() { (block("answer", "Answer", &submitted(row, names), &answer(shown))) }
                @if answers { (block("submit", if row.record.state == RequestState::Returned { "Answer again" } else { "Answer it" }, &html! {}, &answering(shown, &path, &asked.token, sent, faults))) }
                @if can_write && whole.party == Party::Auditor { (deciding(row, &path, &asked.token, (&shown.act, sent, faults))) }
                @if whole.party == Party::Auditor && row.record.submitted.is_none() && row.record.state == RequestState::Open { div.empty { h3 { "Management has not answered yet" } p { "The request stands in its list of what waits." } } }
            }
            div {
                (block("about", "What is asked for", &state_badge(row.record.state), &html! {
                    dl.facts {
                        dt { "Kind" } dd { (kind_words(request.kind)) }
                        dt { "Time" } dd { (timing_words(request.timing)) }
                        dt { (super::measures(record.holds())[1]) } dd { @if request.criteria.is_empty() { "all" } @else { (request.criteria.iter().map(String::as_str).collect::<Vec<_>>().join(", ")) } }
                        @if !request.controls.is_empty() { dt { "Controls" } dd { (request.controls.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")) } }
                        @if let Some(day) = request.due { dt { "Wanted by" } dd { (moment::on(day)) } }
                        dt { "Asked by" } dd { (row.record.asked_by.title()) }
                        @if let Some(owner) = row.record.owner { dt { "Seen to by" } dd { (names.of(owner)) } }
                    }
                    @if answers { (assigning(shown, &path, &asked.token)) }
                }))
                (block("history", "History", &html! {}, &history(&whole.versions, names)))
            }
        }
    };
    let title =
        if request.reference.is_empty() { row.record.number.to_string() } else { request.reference.clone() };
    let mut page = framed(record, asked, Tabbed::Requests, &format!("Request {title}"), &body);
    page.lead = html! { (request.title) };
    let may_change = can_write
        && row.record.state.waits_for_management()
        && (whole.party == Party::Auditor || row.record.asked_by == Party::Management);
    if may_change {
        page.actions = html! { a.button href={ (path) "/edit" } { "Edit" } };
    }
    let is_list = request.kind == RequestKind::Population;
    if answers && is_list && asked.may(Atom::new(Resource::Test, Verb::Create)) {
        page.actions =
            html! { (page.actions) a.button href={ (path) "/population" } { "Hand in a population" } };
    }
    page.crumbs.push(("Requests".into(), format!("{}/requests", href(record.key))));
    page
}

fn state_word(state: RequestState) -> &'static str {
    if state == RequestState::Returned {
        "Returned by the auditor"
    } else {
        "Does not apply, says the auditor"
    }
}

fn submitted(row: &Row<EvidenceRequest>, names: &Names) -> Markup {
    html! { @if let Some((by, at)) = row.record.submitted { (names.of(by)) ", " (moment::exact(at)) } }
}

fn answer(shown: &Shown) -> Markup {
    let whole = &shown.whole;
    let is_auditor = whole.party == Party::Auditor;
    let to = |key: ItemKey| match is_auditor {
        true => format!("{}/evidence/{key}", href(shown.record.key)),
        false => format!("/evidence/items/{key}"),
    };
    let to_list = |key: PopulationKey| match is_auditor {
        true => format!("{}/evidence/populations/{key}", href(shown.record.key)),
        false => format!("/populations/{key}"),
    };
    let rows = whole.items.iter().map(|item| {
        vec![
            html! { a.primary href=(to(item.key)) { (item.version.description.title) } span.sub { (item.version.files.len()) " " (plural(item.version.files.len(), "file", "files")) } },
            html! { (item.version.description.kind.title()) },
            html! { (items::state_badge(item.state)) span.sub { (stands(item.state)) } },
        ]
    });
    let rows = rows.chain(whole.populations.iter().map(|one| {
        vec![
            html! { a.primary href=(to_list(one.key)) { (one.definition.title) } span.sub { "Population " (one.key) " of " (one.definition.control) } },
            html! { (one.frozen.as_ref().map_or(one.items, |frozen| frozen.items)) " items" },
            html! { "Frozen" },
        ]
    }));
    let rows: Vec<Vec<Markup>> = rows.collect();
    html! {
        @if !whole.row.record.answer.text.is_empty() { p.lines { (whole.row.record.answer.text) } }
        @if !rows.is_empty() { (plain("Evidence of the answer", &["Evidence", "Kind", "Where it stands"], rows)) }
        @if !is_auditor && whole.row.record.state == RequestState::Accepted && whole.items.iter().any(|one| one.state == ItemState::Submitted) {
            p.note-line { "The auditor accepted the answer. Its evidence still waits for somebody of the organization who accepts it: that is a decision of its own." }
        }
    }
}

/// What the state of an item means for those who read an answer: what the organization did about it, and not the auditor.
fn stands(state: ItemState) -> &'static str {
    match state {
        ItemState::Draft => "Changed since, and not handed in again",
        ItemState::Submitted => "Handed in; the organization has not accepted it yet",
        ItemState::Accepted => "By the organization",
        ItemState::Returned => "Sent back to whoever handed it in",
        ItemState::Withdrawn => "Taken back",
    }
}

fn answering(shown: &Shown, path: &str, token: &str, sent: &Sent, faults: &Faults) -> Markup {
    let held = &shown.whole.row.record.answer;
    let kept = |name: &str, held: String| {
        if sent.text("version").is_empty() { held } else { sent.all(name).join(" ") }
    };
    let chosen = kept("item", held.items.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "));
    let lists = held.populations.iter().map(ToString::to_string).chain([sent.text("list")]);
    let populations = kept("population", lists.collect::<Vec<_>>().join(" "));
    let text = if sent.text("version").is_empty() { held.text.clone() } else { sent.text("answer") };
    let items: Vec<(String, String)> = shown
        .offered
        .items
        .iter()
        .map(|item| {
            (
                item.key.to_string(),
                format!(
                    "{} (item {}, {})",
                    item.version.description.title,
                    item.key,
                    item.state.title().to_lowercase()
                ),
            )
        })
        .collect();
    let lists: Vec<(String, String)> = shown
        .offered
        .populations
        .iter()
        .map(|one| {
            (
                one.key.to_string(),
                format!("{} (population {}, {})", one.definition.title, one.key, one.definition.control),
            )
        })
        .collect();
    let unfit = shown.offered.unfit.iter().map(|(one, why)| (one, why.to_string())).collect::<Vec<_>>();
    let (others, source) = (sent.text("others"), sent.text("source"));
    let hint = format!(
        "{}. They are kept as an item of evidence, which somebody else of the organization accepts.",
        capital(media::ACCEPTED)
    );
    form_with_files(
        &format!("{path}/submit"),
        token,
        &html! {
            @if !shown.misfit.is_empty() {
                p.problem role="status" { "The list is kept and frozen, and cannot be an answer: " (shown.misfit) ". " a href={ (path) "/population" } { "Hand in another one" } "." }
            }
            (hidden("version", &shown.whole.row.version.to_string()))
            (hidden("once", &sent.text("once")))
            @if !items.is_empty() { (field(&Field { name: "item", label: "Evidence that is here already", kind: Kind::Several(&items), value: &chosen, optional: true, ..Field::default() })) }
            @if !lists.is_empty() || faults.of("population").is_some() { (field(&Field { name: "population", label: "Frozen populations", kind: Kind::Several(&lists), value: &populations, optional: true, fault: faults.of("population"), ..Field::default() })) }
            (not_to_choose(&unfit, &shown.record, |key| format!("/populations/{key}")))
            (field(&Field { name: "others", label: if items.is_empty() { "Evidence that is here already, by number" } else { "Other items, by number" }, value: &others, optional: true, hint: "With commas between.", fault: faults.of("others"), ..Field::default() }))
            (field(&Field { name: "source", label: "Source of the files", value: &source, optional: true, max: LINE_CHARS, hint: "The system and the place in it, where new files are handed in.", fault: faults.of("source"), ..Field::default() }))
            (field(&Field { name: "answer", id: "answer-words", label: "In words", kind: Kind::Area(3), value: &text, max: TEXT_MAX, optional: true, hint: "Also where the request does not apply: say why, and the auditor decides.", fault: faults.of("answer"), ..Field::default() }))
            (files(&FilesField { name: "files", label: "New files", hint: &hint, fault: faults.of("files"), accept: media::ACCEPT, most_bytes: UPLOAD.file_bytes, most_files: UPLOAD.files, is_optional: true }))
            p.row { button.button.primary type="submit" { "Submit to the auditor" } }
        },
    )
}

fn assigning(shown: &Shown, path: &str, token: &str) -> Markup {
    let owner = shown.whole.row.record.owner.map(|owner| owner.to_string()).unwrap_or_default();
    let options = shown.names.options(Some("Nobody yet"), &owner);
    html! {
        @if options.len() > 1 {
            form.row.block-body method="post" action={ (path) "/assign" } {
                (hidden("form", token)) (hidden("version", &shown.whole.row.version.to_string()))
                (field(&Field { name: "owner", label: "Who sees to it", kind: Kind::Select(&options), value: &owner, ..Field::default() }))
                button.button type="submit" { "Set" }
            }
        }
    }
}

fn deciding(
    row: &Row<EvidenceRequest>,
    path: &str,
    token: &str,
    (act, sent, faults): (&str, &Sent, &Faults),
) -> Markup {
    let typed = sent.text("reason");
    let may = |step: RequestStep| row.record.state.after(step, Party::Auditor).is_ok();
    let reasoned = |step: RequestStep, words: &str, label: &str| {
        let id = format!("reason-{}", step.word());
        let is_it = act == step.word();
        html! {
            @if may(step) {
                details.act open[is_it] {
                    summary { (words) }
                    form method="post" action={ (path) "/" (step.word()) } {
                        (hidden("form", token)) (hidden("version", &row.version.to_string()))
                        (field(&Field { name: "reason", id: &id, label, kind: Kind::Area(3), value: if is_it { typed.as_str() } else { "" }, max: TEXT_MAX, fault: faults.of("reason").filter(|_| is_it), ..Field::default() }))
                        p.row { button.button type="submit" { (words) } }
                    }
                }
            }
        }
    };
    let plainly = |step: RequestStep, words: &str| {
        html! {
            @if may(step) {
                form.inline method="post" action={ (path) "/" (step.word()) } {
                    (hidden("form", token)) (hidden("version", &row.version.to_string())) (hidden("reason", ""))
                    button.button.primary type="submit" { (words) }
                }
            }
        }
    };
    block(
        "decide",
        "Decide",
        &html! {},
        &html! {
            div.stack.block-body {
                (plainly(RequestStep::Accept, "Accept the answer"))
                (plainly(RequestStep::Reopen, "Ask again after all"))
                (reasoned(RequestStep::Return, "Return it", "What is missing"))
                (reasoned(RequestStep::Excuse, "Does not apply", "Why it does not apply"))
            }
        },
    )
}

fn history(versions: &[Row<EvidenceRequest>], names: &Names) -> Markup {
    let what = |at: usize| {
        let now = &versions[at].record;
        let Some(before) = at.checked_sub(1).map(|at| &versions[at].record) else { return "asked for it" };
        match now.state {
            state if state == before.state && now.owner != before.owner => "said who sees to it",
            state if state == before.state => "changed what is asked for",
            RequestState::Submitted => "submitted an answer",
            RequestState::Accepted => "accepted the answer",
            RequestState::Returned => "returned it",
            RequestState::NotApplicable => "said that it does not apply",
            RequestState::Open => "opened it again",
        }
    };
    html! {
        ol.feed {
            @for (at, row) in versions.iter().enumerate().rev() {
                li {
                    span { strong { (names.of(row.by)) } " " (what(at)) }
                    span.when { (moment::exact(row.since)) }
                    @if at > 0 && versions[at - 1].record.decision != row.record.decision && !row.record.decision.is_empty() { blockquote.said { (row.record.decision) } }
                }
            }
        }
    }
}

/// What a transaction makes, boxed: that it may go from thread to thread is then seen where it is made.
type Later<'a, T> = Pin<Box<dyn Future<Output = tickmark_app::Result<T>> + Send + 'a>>;

/// Says which populations an answer cannot hold, and why.
fn unfit<'a>(
    app: &'a App,
    actor: &'a Actor,
    key: EngagementKey,
    chosen: &'a BTreeSet<PopulationKey>,
    catalog: &'a Catalog,
) -> Later<'a, Vec<String>> {
    Box::pin(app.read(actor, async move |view| misfits(view, key, chosen, catalog).await))
}

/// Keeps new files as an item, and answers with everything.
fn send<'a>(
    app: &'a App,
    actor: &'a Actor,
    (key, number, version): (EngagementKey, i64, i64),
    mut answer: Answer,
    new: Option<NewItem>,
    catalog: &'a Catalog,
) -> Later<'a, ()> {
    Box::pin(app.transact(actor, async move |cx| {
        if let Some(new) = new {
            answer.items.insert(item::open(cx, new).await?.key);
        }
        request::submit(cx, key, number, version, answer, catalog).await
    }))
}

/// The field that a word of a refusal of an answer stands for, beside those of new files.
const ABOUT: [(&str, &str); 5] = [
    ("an answer is evidence", "answer"),
    ("the answer has", "answer"),
    ("population", "population"),
    ("item ", "others"),
    ("source", "source"),
];

/// What is said of files that are handed in with an answer.
fn described(shown: &Shown, actor: &Actor, source: &str, today: &str) -> Result<Description, Refusal> {
    let request = &shown.whole.row.record.request;
    let (from, to) = shown.record.holds().time.days();
    let (from, to) = (from.to_string(), to.to_string());
    // What is collected today is about today at the latest.
    let (from, to) = (from.as_str().min(today), to.as_str().min(today));
    let kind = match request.kind {
        RequestKind::Population => ItemKind::Export,
        RequestKind::Configuration => ItemKind::Configuration,
        RequestKind::Sample | RequestKind::Observation => ItemKind::Record,
        RequestKind::Document => ItemKind::Document,
    };
    Ok(Description {
        title: request.title.chars().take(TITLE_CHARS).collect(),
        kind,
        source: source.to_owned(),
        method: Method::Exported,
        steps: String::new(),
        collected_by: actor.name().chars().take(LINE_CHARS).collect(),
        collected_at: day(today).ok(),
        covers: Covers::days(from, to).ok(),
        sensitivity: Sensitivity::Internal,
        redaction: String::new(),
    })
}

pub(super) async fn submit(
    State(state): State<WebState>,
    Path((at, no)): Path<(String, String)>,
    asked: Asked,
    form: SentFiles,
) -> Result<Response, Refusal> {
    let (key, number) = (key(&at)?, number(&no)?);
    let ((app, actor), catalog) = (asked.member(&state)?, catalog(&state)?);
    let SentFiles { sent, files, refused: too_large, turn: _turn } = form.with_kept(app, actor).await?;
    sent.only(&[&FIELDS[..], &KEPT].concat())?;
    let version: i64 = sent.text("version").parse().map_err(|_| Refusal::Malformed)?;
    let shown = load(&state, &asked, key, number).await?;
    let (mut faults, mut answer) =
        (Faults::default(), Answer { text: sent.text("answer"), ..Answer::default() });
    let others = sent.text("others");
    let named = others.split([',', ' ']).filter(|one| !one.is_empty()).map(str::to_owned);
    for text in sent.all("item").into_iter().chain(named) {
        match text.parse().map(ItemKey) {
            Ok(item) => {
                answer.items.insert(item);
            }
            Err(_) => faults.add("others", format!("{text:?} is no number of an item")),
        }
    }
    for text in sent.all("population") {
        answer.populations.insert(text.parse().map(PopulationKey).map_err(|_| Refusal::Malformed)?);
    }
    if shown.whole.party == Party::Management {
        // Said beside the field before anything is kept; the use case refuses the same.
        match unfit(app, actor, key, &answer.populations, catalog).await {
            Ok(says) if says.is_empty() => {}
            Ok(says) => faults.add("population", says.join("; ")),
            Err(Error::NotFound { kind: kind @ "population", name }) => {
                faults.add("population", format!("there is no {kind} {name}"));
            }
            Err(error) => return Err(error.into()),
        }
    }
    if let Some(says) = too_large {
        faults.add("files", says);
    }
    let source = sent.text("source");
    if !files.is_empty() && source.is_empty() {
        faults.add("source", "say where the files come from");
    }
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    if faults.is_empty() {
        let new = match files.is_empty() {
            true => None,
            false => Some(new_item(&shown, actor, &sent, files, &asked.visit.now.date())?),
        };
        match send(app, actor, (key, number, version), answer, new, catalog).await {
            Ok(()) => {
                drop_kept(app, actor, &sent).await?;
                return Ok(go(&format!("{}/requests/{number}", href(key))));
            }
            Err(Error::NotFound { kind, name }) => faults.add("others", format!("there is no {kind} {name}")),
            Err(error) => (status, faults) = wrong(error, &[&ABOUT_FILES[..], &ABOUT].concat())?,
        }
    }
    refused(&state, &asked, status, &draw(&shown, &asked, &sent, &faults)).await
}

fn new_item(
    shown: &Shown,
    actor: &Actor,
    sent: &Sent,
    files: Vec<Upload>,
    today: &str,
) -> Result<NewItem, Refusal> {
    Ok(NewItem {
        once: sent.text("once"),
        description: described(shown, actor, &sent.text("source"), today)?,
        retention: RETENTION[0].to_owned(),
        controls: shown.whole.row.record.request.controls.iter().cloned().collect::<BTreeSet<_>>(),
        files,
    })
}

pub(super) async fn act(
    State(state): State<WebState>,
    Path((at, no, act)): Path<(String, String, String)>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (key, number) = (key(&at)?, number(&no)?);
    let (app, actor) = asked.member(&state)?;
    let version: i64 = sent.text("version").parse().map_err(|_| Refusal::Malformed)?;
    let done = if act == "assign" {
        sent.only(&["version", "owner"])?;
        let owner = match sent.text("owner").as_str() {
            "" => None,
            id => Some(id.parse::<ActorId>().map_err(|_| Refusal::Malformed)?),
        };
        app.transact(actor, async |cx| request::assign(cx, key, number, version, owner).await).await
    } else {
        sent.only(&["version", "reason"])?;
        let step = RequestStep::from_word(&act).filter(|step| *step != RequestStep::Submit);
        let (step, reason) = (step.ok_or(Refusal::NotFound)?, sent.text("reason"));
        app.transact(actor, async |cx| request::decide(cx, key, number, version, step, &reason).await).await
    };
    match done {
        Ok(()) => Ok(go(&format!("{}/requests/{number}", href(key)))),
        Err(error) => {
            let (status, faults) = wrong(error, &[("say why", "reason"), ("the reason", "reason")])?;
            let shown = Shown { act, ..load(&state, &asked, key, number).await? };
            refused(&state, &asked, status, &draw(&shown, &asked, &sent, &faults)).await
        }
    }
}
