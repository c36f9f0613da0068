//! One item: its files, where they come from, what they serve, what happened, and what can be done.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use tickmark_app::comment::About;
use tickmark_app::control;
use tickmark_app::engagement::fieldwork::request;
use tickmark_app::evidence::item::{self, Happening, Purpose, Whole};
use tickmark_app::evidence::{self, HOLDING, Hold, HoldScope, RetentionClass};
use tickmark_app::register::{self, Query, Want};
use tickmark_core::control::{Control, ControlId, ControlState};
use tickmark_core::engagement::EngagementKey;
use tickmark_core::engagement::fieldwork::EvidenceRequest;
use tickmark_core::evidence::freshness::Freshness;
use tickmark_core::evidence::item::{
    Found, Item, ItemFile, State as ItemState, Step, TEXT_CHARS, Version, is_complete,
};
use tickmark_core::evidence::media::{Format, Shown};
use tickmark_core::id::{ActorId, EvidenceKey, ItemKey};
use tickmark_core::{Digest, Timestamp};

use super::form::retention_words;
use super::list::{frequencies, fresh_for};
use super::{fresh_mark, fresh_word, key, state_badge};
use crate::WebState;
use crate::comment;
use crate::design::badge::badge;
use crate::design::form::{Field, Kind, capital, field, hidden};
use crate::design::frame::{Page, Place};
use crate::design::icon::{Mark, icon};
use crate::design::table::plain;
use crate::design::{block, digest, moment, segment, size};
use crate::engagement::{href, request_mark};
use crate::error::Refusal;
use crate::evidence::pages::{TEXT_LIMIT, cut_note, floor_boundary, text};
use crate::guard::with_frames;
use crate::identity::{name, names};
use crate::visit::Asked;

/// Pictures and texts that are shown in the page; the others have links.
const SHOWN_FILES: usize = 4;
/// Bytes of a text that is shown in the page.
const SHOWN_BYTES: u64 = 4 << 20;
/// Controls to choose from in the page; where there are more, the id is typed.
const OFFERED: u32 = 300;

/// What somebody tried and why it was not done.
pub(super) struct Tried {
    pub(super) act: String,
    pub(super) says: String,
    pub(super) reason: String,
}

pub(super) async fn page(
    State(state): State<WebState>,
    Path(number): Path<String>,
    asked: Asked,
) -> Result<Response, Refusal> {
    let key = key(&number)?;
    let mut page = draw(&state, &asked, key, None).await?;
    let said = comment::part(&state, &asked, &About::Item(key)).await?;
    page.body = html! { (page.body) (said) };
    Ok(with_frames(asked.frame(&state, &page).await?.into_response()))
}

struct Shows {
    whole: Whole,
    /// The version that is looked at.
    version: Version,
    controls: BTreeMap<ControlId, Control>,
    /// Controls that it can be linked to, by id with their titles; none where they are too many to choose from.
    offered: Option<Vec<(String, String)>>,
    people: BTreeMap<ActorId, String>,
    digests: BTreeMap<EvidenceKey, Digest>,
    /// How long things are kept.
    classes: Vec<RetentionClass>,
    /// Legal holds that keep it.
    holds: Vec<Hold>,
    may_hold: bool,
    /// Texts of files, by their number.
    texts: BTreeMap<i64, (String, usize)>,
    /// What auditors asked for and it is an answer to.
    requests: Vec<(EngagementKey, EvidenceRequest)>,
}

/// Draws the page, perhaps with why something was not done.
pub(super) async fn draw(
    state: &WebState,
    asked: &Asked,
    key: ItemKey,
    tried: Option<&Tried>,
) -> Result<Page, Refusal> {
    let (app, actor) = asked.member(state)?;
    let wanted = asked.query.get("version").and_then(|number| number.parse::<i64>().ok());
    let mut shows = app
        .read(actor, async |view| {
            let whole = item::whole(view, key).await?;
            let version = whole.versions.iter().find(|version| Some(version.number) == wanted);
            let version = version.unwrap_or(&whole.item.version).clone();
            let ids: Vec<ControlId> = whole.item.controls.iter().cloned().collect();
            let controls = control::some(view, &ids).await?;
            let controls = controls.into_iter().map(|control| (control.id.clone(), control)).collect();
            let mut others = Query { rows: OFFERED, ..Query::default() };
            others.filters.push(("state".to_owned(), Want::Not(ControlState::Retired.word().to_owned())));
            let offered = match whole.may.change {
                true => register::titled(view, register::Kind::Control, &others).await?,
                false => Some(Vec::new()),
            };
            let involved =
                whole.history.iter().map(|one| one.by).chain(whole.versions.iter().map(|one| one.by));
            let holds = evidence::holds_of_item(view, key).await?;
            let involved = involved.chain(holds.iter().map(|hold| hold.placed_by));
            let people = names(view, involved.collect::<Vec<_>>()).await?;
            let digests = item::digests(view, &version.files).await?;
            let classes = evidence::retention_classes(view).await?;
            let (may_hold, texts) = (view.sees_whole(HOLDING), BTreeMap::new());
            let requests = request::of_item(view, key).await?;
            let requests = requests.into_iter().map(|(key, row)| (key, row.record)).collect();
            Ok(Shows {
                whole,
                version,
                controls,
                offered,
                people,
                digests,
                classes,
                holds,
                may_hold,
                texts,
                requests,
            })
        })
        .await?;
    // A look at what is restricted is recorded, so it is only shown to whoever opens it.
    let is_restricted =
        shows.version.description.sensitivity == tickmark_core::evidence::item::Sensitivity::Restricted;
    let shown =
        shows.version.files.iter().filter(|file| shown_as(file) == Shown::Text && file.size <= SHOWN_BYTES);
    for file in shown.take(SHOWN_FILES).cloned().collect::<Vec<_>>() {
        if is_restricted || !shows.digests.contains_key(&file.artifact) {
            continue;
        }
        let (_, bytes) =
            item::read_file(app, actor, key, shows.version.number, file.seq, Purpose::Look).await?;
        let part = &bytes[..floor_boundary(&bytes, TEXT_LIMIT)];
        shows.texts.insert(file.seq, (String::from_utf8_lossy(part).into_owned(), part.len()));
    }
    Ok(page_of(&shows, &asked.token, tried, is_restricted, asked.visit.now))
}

fn shown_as(file: &ItemFile) -> Shown {
    Format::by_media_type(&file.media_type).map_or(Shown::Elsewhere, |format| format.shown)
}

fn page_of(shows: &Shows, token: &str, tried: Option<&Tried>, is_restricted: bool, now: Timestamp) -> Page {
    let item = &shows.whole.item;
    let is_newest = shows.version.number == item.version.number;
    let path = format!("/evidence/items/{}", item.key);
    let body = html! {
        @if let Some(tried) = tried { p.problem role="alert" { (capital(&tried.says)) "." } }
        @if !is_newest {
            p.note-line { "This is version " (shows.version.number) ", which another one took the place of. " a href=(path) { "See the newest" } "." }
        }
        @if is_newest { (standing(shows, token, tried)) }
        (block("files", "Files", &html! { "version " (shows.version.number) }, &files(shows, is_restricted)))
        div.columns {
            div {
                (block("controls", "Controls", &html! { "how fresh it is for each" }, &controls(shows, token, is_newest, now)))
                (block("history", "History", &html! {}, &history(shows)))
            }
            div {
                (block("about", "Where it comes from", &html! {}, &about(shows)))
                @if !shows.requests.is_empty() { (block("requests", "Requests of auditors", &html! { "that it answers" }, &requests(&shows.requests))) }
                (holding(shows, token))
                @if shows.whole.versions.len() > 1 { (block("versions", "Versions", &html! {}, &versions(shows))) }
            }
        }
    };
    let mut page = Page::new(Place::Items, &shows.version.description.title, body);
    page.id = format!("E-{}", item.key);
    page.crumbs = vec![("Evidence".into(), "/evidence/items".into())];
    page.lead = html! { (shows.version.description.kind.title()) ", " (shows.version.description.sensitivity.title().to_lowercase()) };
    if shows.whole.may.change && is_newest && item.state.may(Step::Revise) {
        page.actions = html! { a.button href={ (path) "/version" } { @if item.state == ItemState::Draft { "Edit" } @else { "New version" } } };
    }
    page
}

/// Where it stands, what is missing, and what can be done about it.
fn standing(shows: &Shows, token: &str, tried: Option<&Tried>) -> Markup {
    let (item, may) = (&shows.whole.item, shows.whole.may);
    let is_open = matches!(item.state, ItemState::Draft | ItemState::Returned | ItemState::Submitted);
    let last = |word: &str| shows.whole.history.iter().rev().find(|one| one.event == word);
    let typed = |act: &str| tried.filter(|tried| tried.act == act).map_or("", |tried| tried.reason.as_str());
    let decides = may.decide && item.state == ItemState::Submitted;
    html! {
        (block("standing", "Where it stands", &state_badge(item.state), &html! {
            div.block-body.stack {
                @match item.state {
                    ItemState::Draft => p { "A draft: nobody else has to do anything about it yet." },
                    ItemState::Submitted => p {
                        @if let Some((by, at)) = item.submitted { "Handed in by " (name(&shows.people, by)) ", " (moment::exact(at)) ". " }
                        @if may.is_own && may.decide { "You worked on it, so somebody else accepts it." }
                        @else if !may.decide { "It waits for somebody who accepts evidence." }
                    },
                    ItemState::Accepted => p { @if let Some((by, at)) = item.decided { "Accepted by " (name(&shows.people, by)) ", " (moment::exact(at)) ", as version " (item.version.number) "." } },
                    ItemState::Returned => p { @if let Some((by, at)) = item.decided { "Sent back by " (name(&shows.people, by)) ", " (moment::exact(at)) ":" } },
                    ItemState::Withdrawn => p { "It was taken back and counts for nothing. It stays readable." },
                }
                @let word = match item.state { ItemState::Returned => "return", ItemState::Withdrawn => "withdraw", ItemState::Accepted => "accept", _ => "" };
                @if let Some(note) = last(word).map(|one| one.note.as_str()).filter(|note| !note.is_empty()) { blockquote.said { (note) } }
                @if is_open { (quality(shows)) }
                @if may.change && item.state.may(Step::Submit) {
                    form.row method="post" action={ "/evidence/items/" (item.key) "/submit" } {
                        (hidden("form", token)) (hidden("revision", &item.revision.to_string()))
                        @if is_complete(&shows.whole.quality) { button.button.primary type="submit" { "Submit" } }
                        @else { a.button.primary href={ "/evidence/items/" (item.key) "/version" } { "Add what is missing" } }
                    }
                }
                @if decides {
                    div.row.actions {
                        @if !may.is_own {
                            form.inline method="post" action={ "/evidence/items/" (item.key) "/accept" } {
                                (hidden("form", token)) (hidden("revision", &item.revision.to_string())) (hidden("reason", ""))
                                button.button.primary type="submit" { "Accept evidence" }
                            }
                        }
                    }
                    (reasoned(item, token, "return", "Return it", "What has to be mended", typed("return")))
                } @else if may.decide && item.state == ItemState::Accepted {
                    (reasoned(item, token, "return", "Return it after all", "What turned out to be wrong", typed("return")))
                }
                @if may.change && item.state.may(Step::Withdraw) {
                    (reasoned(item, token, "withdraw", "Withdraw it", "Why it is taken back", typed("withdraw")))
                }
            }
        }))
    }
}

/// A form for an act that needs a reason, folded until somebody wants it or has typed something.
fn reasoned(item: &Item, token: &str, act: &str, button: &str, label: &str, typed: &str) -> Markup {
    let id = format!("reason-{act}");
    html! {
        details.act open[!typed.is_empty()] {
            summary { (button) }
            form method="post" action={ "/evidence/items/" (item.key) "/" (act) } {
                (hidden("form", token)) (hidden("revision", &item.revision.to_string()))
                p.field {
                    label for=(id) { (label) }
                    textarea id=(id) name="reason" rows="3" maxlength=(TEXT_CHARS) required { "\n" (typed) }
                }
                p.row { button.button type="submit" { (button) } }
            }
        }
    }
}

fn quality(shows: &Shows) -> Markup {
    html! {
        ul.checks {
            @for (quality, found) in &shows.whole.quality {
                @let (mark, says) = match found { Found::Good => (Mark::Pass, ""), Found::Look(says) => (Mark::Unknown, *says), Found::Missing(says) => (Mark::Fail, *says) };
                li { (mark.draw()) span { (quality.title()) @if !says.is_empty() { span.sub { (capital(says)) "." } } @else { span.visually-hidden { ": yes" } } } }
            }
        }
    }
}

fn files(shows: &Shows, is_restricted: bool) -> Markup {
    let (item, version) = (&shows.whole.item, &shows.version);
    let place =
        |file: &ItemFile| format!("/evidence/items/{}/files/{}/{}", item.key, version.number, file.seq);
    let mut pictures = 0;
    html! {
        ul.files {
            @for file in &version.files {
                @let is_here = shows.digests.contains_key(&file.artifact);
                @let kind = shown_as(file);
                li {
                    div.file-head {
                        strong { (file.name) }
                        span.muted { (size(file.size)) ", " (Format::by_media_type(&file.media_type).map_or("a file", |format| format.words)) }
                        span.end {
                            @if is_here {
                                a.button href=(place(file)) { @match kind { Shown::Elsewhere | Shown::Pages => "Save to read", _ => "Open" } }
                                @if shows.whole.may.export { a.button href={ (place(file)) "/download" } download { (icon("i-download")) "Download" } }
                            }
                        }
                    }
                    @if let Some(digest) = shows.digests.get(&file.artifact) { p.small { (digest::chip(digest)) } }
                    @else { p.note-line { "Its content is gone: it was erased or its time was over. The ledger keeps that it was here." } }
                    @if is_here && is_restricted && kind != Shown::Elsewhere { p.muted.small { "Restricted: opening it is recorded." } }
                    @else if is_here && kind == Shown::Picture && { pictures += 1; pictures <= SHOWN_FILES } {
                        a.preview href=(place(file)) { img src=(place(file)) alt={ "Preview of " (file.name) } loading="lazy"; }
                    } @else if is_here && kind == Shown::Pages && { pictures += 1; pictures <= SHOWN_FILES } {
                        details.preview { summary { "Look at its pages here" }
                            iframe.pages src={ (place(file)) "/pages" } title={ "Pages of " (file.name) } sandbox="" loading="lazy" {}
                            p.muted.small { "Empty here? This browser shows no documents in frames that may run nothing: save it to read it." }
                        }
                    } @else if let Some((shown, bytes)) = shows.texts.get(&file.seq) {
                        div.preview { (cut_note(*bytes, usize::try_from(file.size).unwrap_or(usize::MAX))) (text(shown)) }
                    }
                }
            }
        }
    }
}

fn controls(shows: &Shows, token: &str, is_newest: bool, now: Timestamp) -> Markup {
    let item = &shows.whole.item;
    let changes = is_newest && shows.whole.may.change && item.state != ItemState::Withdrawn;
    let fresh = fresh_for(item, &frequencies(shows.controls.values().cloned().collect()), now);
    let path = format!("/evidence/items/{}", item.key);
    let rows: Vec<Vec<Markup>> = fresh
        .iter()
        .map(|(id, frequency, fresh)| {
            let title = shows.controls.get(id).map(|control| control.text.current().title.as_str()).unwrap_or_default();
            vec![
                html! { a.primary href={ "/controls/" (segment(id.as_str())) } { span.mono { (id) } " " (title) } span.sub { (frequency.plain()) } },
                badge(fresh_mark(*fresh), fresh_word(fresh.word())),
                html! { @match fresh {
                    Freshness::Fresh { until } | Freshness::Expiring { until } => span.muted.nowrap { "until " (moment::date(*until)) },
                    Freshness::Stale { since } => span.muted.nowrap { "since " (moment::date(*since)) },
                    Freshness::ByOccurrence | Freshness::Undated => {}
                } },
                html! { @if changes {
                    form.inline method="post" action={ (path) "/unlink" } {
                        (hidden("form", token)) (hidden("revision", &item.revision.to_string())) (hidden("control", id.as_str()))
                        button.button.quiet type="submit" { "Unlink" span.visually-hidden { " " (id) } }
                    }
                } },
            ]
        })
        .collect();
    let is_linked = |id: &str| item.controls.iter().any(|known| known.as_str() == id);
    let offered: Option<Vec<(String, String)>> = shows.offered.as_ref().map(|all| {
        let others = all.iter().filter(|(id, _)| !is_linked(id));
        others.map(|(id, title)| (id.clone(), format!("{id}  {title}"))).collect()
    });
    let another = Field { name: "control", label: "Link another control", ..Field::default() };
    html! {
        @if rows.is_empty() { div.empty { h3 { "Linked to no control" } p { "Evidence counts for the controls it is linked to." } } }
        @else { (plain("Controls", &["Control", "Freshness", "", ""], rows)) }
        @if changes && offered.as_ref().is_none_or(|offered| !offered.is_empty()) {
            form.row.block-body method="post" action={ (path) "/link" } {
                (hidden("form", token)) (hidden("revision", &item.revision.to_string()))
                @match &offered {
                    Some(offered) => (field(&Field { kind: Kind::Select(offered), ..another })),
                    None => (field(&Field { hint: "Its id, as it stands in the list of controls", ..another })),
                }
                button.button type="submit" { "Link" }
            }
        }
    }
}

fn about(shows: &Shows) -> Markup {
    let said = &shows.version.description;
    let line = |text: &str| html! { @if text.is_empty() { span.muted { "not stated" } } @else { span.lines { (text) } } };
    html! {
        dl.facts {
            dt { "Source" } dd { (line(&said.source)) }
            dt { "Obtained" } dd { (said.method.title()) }
            @if !said.steps.is_empty() { dt { "Query or steps" } dd { span.lines { (said.steps) } } }
            dt { "Collected" } dd {
                @match said.collected_at { Some(at) => { (moment::date(at)) }, None => span.muted { "day not stated" } }
                @if !said.collected_by.is_empty() { ", by " (said.collected_by) }
            }
            dt { "About" } dd {
                @match said.covers {
                    Some(covers) => { (moment::date(covers.from)) " to " (moment::date(covers.last_day())) },
                    None => span.muted { "not stated" },
                }
            }
            dt { "Taken out" } dd { (line(&said.redaction)) }
            dt { "Kept" } dd { (retention_words(&shows.classes, &shows.whole.item.retention)) }
            dt { "Handed in by" } dd { (name(&shows.people, shows.version.by)) ", " (moment::exact(shows.version.at)) }
        }
    }
}

/// What auditors asked for and it is an answer to. Whether they took the answer is theirs, and accepts nothing here.
fn requests(all: &[(EngagementKey, EvidenceRequest)]) -> Markup {
    let rows = all.iter().map(|(key, one)| {
        let path = format!("{}/requests/{}", href(*key), one.number);
        vec![
            html! { a.primary href=(path) { "Request " (one.number) " of " (key) } span.sub { (one.request.title) } },
            badge(request_mark(one.state), one.state.title()),
        ]
    });
    plain("Requests of auditors", &["Request", "The auditor"], rows.collect())
}

/// The legal holds that keep it, and the way to one more.
fn holding(shows: &Shows, token: &str) -> Markup {
    if shows.holds.is_empty() && !shows.may_hold {
        return html! {};
    }
    let rows = shows.holds.iter().map(|hold| {
        vec![
            html! { a.primary href={ "/evidence/keeping#hold-" (hold.key) } { "Legal hold " (hold.key) } span.sub { (hold.reason) } },
            html! { @match hold.scope { HoldScope::Item(_) => "this item", HoldScope::Artifact(_) => "a file of it", HoldScope::Target(_) | HoldScope::All => "everything" } },
            html! { (name(&shows.people, hold.placed_by)) span.sub { (moment::date(hold.placed_at)) } },
        ]
    });
    let body = html! {
        @if shows.holds.is_empty() { p.block-body.muted { "None. Its files are kept as long as their class says." } }
        @else { (plain("Legal holds", &["Hold", "Covers", "Placed by"], rows.collect())) }
        @if shows.may_hold { div.block-body {
            details.act { summary { "Place a legal hold" }
                form method="post" action="/evidence/keeping/holds" {
                    (hidden("form", token)) (hidden("item", &shows.whole.item.key.to_string()))
                    (field(&Field { name: "reason", label: "Why", kind: Kind::Area(2), max: TEXT_CHARS, hint: "The files of all its versions are neither erased nor pruned until somebody releases the hold.", ..Field::default() }))
                    p.row { button.button type="submit" { "Place it" } }
                }
            }
        } }
    };
    block("holds", "Legal holds", &html! { (shows.holds.len()) }, &body)
}

fn versions(shows: &Shows) -> Markup {
    let rows = shows.whole.versions.iter().rev().map(|version| {
        vec![
            html! { a.primary href={ "/evidence/items/" (version.item) "?version=" (version.number) } { "Version " (version.number) } span.sub { (version.description.title) } },
            html! { (name(&shows.people, version.by)) span.sub { (moment::exact(version.at)) } },
            html! { (version.reason) },
        ]
    });
    plain("Versions", &["Version", "By", "Why"], rows.collect())
}

fn history(shows: &Shows) -> Markup {
    let said = |one: &Happening| {
        let about = &one.about;
        match one.event.as_str() {
            "opened" => "handed in as a draft".to_owned(),
            "revise" => format!("made version {}", one.version),
            "submit" => format!("submitted version {}", one.version),
            "accept" => format!("accepted version {}", one.version),
            "return" => format!("returned version {}", one.version),
            "withdraw" => "withdrew it".to_owned(),
            "linked" => format!("linked {about}"),
            "unlinked" => format!("unlinked {about}"),
            other => other.to_owned(),
        }
    };
    html! {
        ol.feed {
            @for one in shows.whole.history.iter().rev() {
                li {
                    span { strong { (name(&shows.people, one.by)) } " " (said(one)) }
                    span.when { (moment::exact(one.at)) }
                    @if !one.note.is_empty() { blockquote.said { (one.note) } }
                }
            }
        }
    }
}
