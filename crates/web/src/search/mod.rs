//! The search over everything: a page that works without script, the same as JSON for the palette, and the sheet of keys.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use serde::Serialize;
use tickmark_app::View;
use tickmark_app::comment::of_register;
use tickmark_app::engagement::fieldwork::request::parse;
use tickmark_app::register::{self, Found, Kind};

use crate::design::frame::{self, Page, Place};
use crate::design::segment;
use crate::design::table::TableQuery;
use crate::error::Refusal;
use crate::permission;
use crate::route::get;
use crate::visit::Asked;
use crate::{Desk, WebState};

/// Records that are looked at.
const FOUND_LIMIT: u32 = 300;
/// Results of one kind on the page, and in the palette.
const SHOWN: usize = 20;
const SHOWN_IN_PALETTE: usize = 6;

pub(crate) fn desk_routes() -> Vec<Desk> {
    let looks = |path, handler| Desk { path, example: path, looks: true, changes: false, handler };
    vec![
        looks("/search", get(page)),
        looks("/search.json", get(palette)),
        looks("/shortcuts", get(shortcuts)),
    ]
}

/// What was found of one kind.
#[derive(Debug, Serialize)]
struct Group {
    title: &'static str,
    results: Vec<Result_>,
    /// How many there are, as far as was looked.
    count: usize,
    /// The list with these words; empty where there is none.
    more: String,
}

/// One result.
#[derive(Debug, Serialize)]
struct Result_ {
    id: String,
    title: String,
    detail: String,
    href: String,
}

/// What a kind is called, and the list that takes the words on; empty where there is none.
fn about(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Control => ("Controls", "/controls"),
        Kind::Item => ("Evidence", "/evidence/items"),
        Kind::Commitment => ("Commitments", "/commitments"),
        Kind::Finding => ("Findings", "/findings"),
        Kind::Waiver => ("Waivers", "/waivers"),
        Kind::Request => ("Requests for waivers", "/waivers/requests"),
        Kind::Target => ("Targets", "/targets"),
        Kind::Occurrence => ("Occurrences", ""),
        Kind::Member => ("People", "/people"),
        Kind::System => ("Systems", ""),
        Kind::Engagement => ("Engagements", ""),
        Kind::EvidenceRequest => ("Requests of examinations", ""),
        Kind::Run => ("Runs", "/runs"),
        Kind::AccessReview => ("Access reviews", "/access-reviews"),
        Kind::Comment => ("Comments", ""),
    }
}

fn result(found: Found) -> Result_ {
    let id = segment(&found.id);
    let (shown, href) = match found.kind {
        Kind::Control => (found.id.clone(), format!("/controls/{id}")),
        Kind::Item => (String::new(), format!("/evidence/items/{id}")),
        Kind::Commitment => {
            (found.id.clone(), format!("/commitments/{}", segment(found.id.trim_start_matches("SC-"))))
        }
        Kind::Finding => (String::new(), format!("/findings/{id}")),
        Kind::Waiver => (String::new(), format!("/waivers/{id}")),
        Kind::Request => (String::new(), format!("/waivers/requests/{id}")),
        Kind::Target => (String::new(), format!("/targets/{id}")),
        Kind::Occurrence => {
            let control = found.id.rsplit_once('/').map_or("", |(control, _)| control);
            (String::new(), format!("/controls/{}/occurrences", segment(control)))
        }
        Kind::Member => (String::new(), format!("/people/{id}")),
        Kind::System => (String::new(), format!("/systems/{id}")),
        Kind::Engagement => {
            (found.id.clone(), format!("/engagements/{}", segment(found.id.trim_start_matches("E-"))))
        }
        Kind::EvidenceRequest => (
            String::new(),
            parse(&found.id)
                .map(|(key, number)| format!("/engagements/{}/requests/{number}", key.0))
                .unwrap_or_default(),
        ),
        Kind::Run => (String::new(), format!("/runs/{id}")),
        Kind::AccessReview => {
            (found.id.clone(), format!("/access-reviews/{}", segment(found.id.trim_start_matches("AR-"))))
        }
        Kind::Comment => (
            String::new(),
            of_register(&found.id)
                .map(|(key, about)| format!("{}#comment-{key}", about.path()))
                .unwrap_or_default(),
        ),
    };
    Result_ { id: shown, title: found.title, detail: found.detail, href }
}

/// Words that have all to be there, in small letters.
fn words(text: &str) -> Vec<String> {
    text.to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Tells whether texts have all words, each at the beginning of one of theirs.
fn has(texts: &[&str], wanted: &[String]) -> bool {
    let there: Vec<String> = texts.iter().flat_map(|text| words(text)).collect();
    wanted.iter().all(|word| there.iter().any(|one| one.starts_with(word.as_str())))
}

async fn find(state: &WebState, asked: &Asked, text: &str, shown: usize) -> Result<Vec<Group>, Refusal> {
    let (app, actor) = asked.member(state)?;
    let wanted = words(text);
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let sees_checks = permission::offers(actor, "/checks");
    let found = app
        .read(actor, async |view: &mut View<'_>| register::search(view, text, Kind::ALL, FOUND_LIMIT).await)
        .await?;
    let checks = if sees_checks { state.source().check_titles().await? } else { Arc::default() };
    // Kinds stand in the order of their best result.
    let mut kinds: Vec<Kind> = Vec::new();
    for one in &found {
        if !kinds.contains(&one.kind) {
            kinds.push(one.kind);
        }
    }
    let mut by_kind: Vec<Vec<Found>> = kinds.iter().map(|_| Vec::new()).collect();
    for one in found {
        if let Some(at) = kinds.iter().position(|kind| *kind == one.kind) {
            by_kind[at].push(one);
        }
    }
    let mut groups: Vec<Group> = kinds
        .into_iter()
        .zip(by_kind)
        .map(|(kind, found)| {
            let (title, list) = about(kind);
            let is_offered = !list.is_empty() && permission::offers(actor, list);
            let more = if is_offered { format!("{list}?q={}", segment(text)) } else { String::new() };
            let count = found.len();
            Group { title, count, more, results: found.into_iter().take(shown).map(result).collect() }
        })
        .collect();
    let checks: Vec<Result_> = checks
        .iter()
        .filter(|(id, title)| has(&[id, title], &wanted))
        .map(|(id, title)| Result_ {
            id: String::new(),
            title: title.clone(),
            detail: id.clone(),
            href: format!("/checks/{}", segment(id)),
        })
        .collect();
    add(&mut groups, "Checks", "/checks", text, checks, shown);
    if permission::offers(actor, "/criteria")
        && let Some(framework) = state.source().catalog().and_then(|catalog| catalog.frameworks.first())
    {
        let criteria: Vec<Result_> = framework
            .requirements()
            .filter(|requirement| has(&[&requirement.id, &requirement.text], &wanted))
            .map(|requirement| Result_ {
                id: requirement.id.clone(),
                title: requirement.text.clone(),
                detail: String::new(),
                href: format!("/criteria/{}", segment(&requirement.id)),
            })
            .collect();
        let is_named = criteria.iter().any(|one| one.id.eq_ignore_ascii_case(text.trim()));
        add(&mut groups, "Criteria", "/criteria", text, criteria, shown);
        if is_named {
            groups.rotate_right(1);
        }
    }
    Ok(groups)
}

fn add(
    groups: &mut Vec<Group>,
    title: &'static str,
    list: &str,
    text: &str,
    mut results: Vec<Result_>,
    shown: usize,
) {
    if results.is_empty() {
        return;
    }
    let count = results.len();
    results.truncate(shown);
    groups.push(Group { title, count, more: format!("{list}?q={}", segment(text)), results });
}

/// The page.
async fn page(State(state): State<WebState>, asked: Asked) -> Result<Markup, Refusal> {
    let text = asked.query.search();
    let groups = find(&state, &asked, &text, SHOWN).await?;
    asked.frame(&state, &draw(&text, &groups)).await
}

fn draw(text: &str, groups: &[Group]) -> Page {
    let body = html! {
        form.filters method="get" action="/search" role="search" {
            label.visually-hidden for="search-q" { "Search everything" }
            input type="search" name="q" id="search-q" value=(text) placeholder="Words, or their beginnings" autocomplete="off" autofocus[text.is_empty()];
            button.button.primary type="submit" { "Search" }
        }
        @if groups.is_empty() && !text.trim().is_empty() {
            div.empty {
                h3 { "Nothing has all of these words" }
                p { "Records are found by their ids, titles and texts, evidence by its files and sources too. Take a word away, or write only its beginning." }
            }
        }
        @for group in groups {
            section.found aria-label=(group.title) {
                h2 { (group.title) " " span.muted.num { (group.count) } }
                ul {
                    @for one in &group.results {
                        li {
                            a.primary href=(one.href) { @if !one.id.is_empty() { span.mono { (one.id) } " " } (one.title) }
                            @if !one.detail.is_empty() { span.sub { (one.detail) } }
                        }
                    }
                }
                @if group.count > group.results.len() && !group.more.is_empty() { p { a href=(group.more) { "All in the list" } } }
            }
        }
    };
    let mut page = Page::new(Place::Search, "Search", body);
    page.lead = html! { "Over controls, commitments, evidence, findings, waivers, targets, runs, checks, criteria, systems, engagements and what is asked in them, people, occurrences and comments, as far as you may see them." };
    page
}

/// The same for the palette, with pages by their names.
async fn palette(State(state): State<WebState>, asked: Asked) -> Result<Response, Refusal> {
    let text = asked.query.search();
    let wanted = words(&text);
    let pages: Vec<Result_> = frame::destinations(&asked.visit)
        .into_iter()
        .filter(|(label, _)| has(&[label], &wanted))
        .map(|(label, href)| Result_ {
            id: String::new(),
            title: label.to_owned(),
            detail: String::new(),
            href: href.to_owned(),
        })
        .collect();
    let mut groups = Vec::new();
    if !pages.is_empty() {
        groups.push(Group { title: "Pages", count: pages.len(), more: String::new(), results: pages });
    }
    groups.extend(find(&state, &asked, &text, SHOWN_IN_PALETTE).await?);
    let more = TableQuery::new(vec![("q".to_owned(), text)]).with("/search", &[]);
    Ok(Json(serde_json::json!({"groups": groups, "more": more})).into_response())
}

/// Keys and what they do, by where they work.
const KEYS: [(&str, &[(&str, &str)]); 4] = [
    (
        "Everywhere",
        &[
            ("Ctrl K or ⌘ K", "search and go to any page or record"),
            ("?", "show this sheet"),
            ("g then w", "my work"),
            ("g then c", "controls"),
            ("g then e", "evidence"),
            ("g then f", "findings"),
            ("g then o", "overview"),
        ],
    ),
    (
        "In a list",
        &[
            ("/", "find in the list"),
            ("j", "next row"),
            ("k", "row before"),
            ("Enter", "go to the page of the row"),
            ("o", "open the row beside the list"),
            ("x", "choose the row"),
        ],
    ),
    (
        "Beside a list",
        &[("j", "what the next row names"), ("k", "the row before"), ("Esc", "back to the list")],
    ),
    ("In the palette", &[("↓ ↑", "next result, result before"), ("Enter", "open it"), ("Esc", "close")]),
];

/// The sheet of keys. The palette's window shows the same.
async fn shortcuts(State(state): State<WebState>, asked: Asked) -> Result<Markup, Refusal> {
    asked.member(&state)?;
    let body = html! {
        div id="shortcuts" {
            @for (place, keys) in KEYS {
                h2 { (place) }
                dl.keys { @for (key, does) in keys { div { dt { kbd { (key) } } dd { (does) } } } }
            }
            p hidden data-keys-choice {
                label.choice { input type="checkbox" data-keys-switch checked; "Single keys work. Without them only Ctrl K or ⌘ K does." }
            }
            noscript { p.muted { "Keys need script. Every page can be used without them." } }
        }
    };
    asked.frame(&state, &Page::new(Place::Search, "Keyboard shortcuts", body)).await
}
