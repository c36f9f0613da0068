//! The description and the assertion: writing and signing them.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use tickmark_app::engagement::{self, Changed, Version, fieldwork};
use tickmark_core::Digest;
use tickmark_core::control::TEXT_MAX as NOTE_MAX;
use tickmark_core::engagement::{
    Assertion, Description, Document, Engagement, Paper, Part, Passage, Step, drafted,
};
use tickmark_core::id::ActorId;
use tickmark_core::identity::Verb;

use super::one::sign_button;
use super::propose::{self, Beside};
use super::{atom, diagram, flow, href, key, outcome, page_of, process, refused};
use crate::WebState;
use crate::control::Names;
use crate::design::form::{Faults, Field, Kind, capital, field, form, hidden, send};
use crate::design::frame::Page;
use crate::design::moment;
use crate::error::Refusal;
use crate::form::Sent;
use crate::visit::Asked;

/// Most characters of a part or of the assertion.
const TEXT_MAX: usize = 40_000;

/// Name of the field that says there is nothing to tell in a part.
fn none_field(part: Part) -> String {
    format!("{}-none", part.word())
}

pub(super) fn paragraphs(text: &str) -> Markup {
    html! { @for paragraph in text.split("\n\n").map(str::trim).filter(|one| !one.is_empty()) { p { (paragraph) } } }
}

fn signatures<T: Clone + PartialEq + serde::Serialize>(
    document: &Document<T>,
    digest: Digest,
    names: &Names,
) -> Markup {
    html! {
        dl.facts {
            dt { "Written" } dd { (names.of(document.by)) span.sub { "Version " (document.version) ", " (moment::written(document.at)) } }
            @for (word, signed) in [("Reviewed", document.reviewed(digest)), ("Approved", document.approved(digest))] {
                dt { (word) } dd {
                    @match signed {
                        Some(signed) => { (names.of(signed.by)) span.sub { (moment::written(signed.at)) } }
                        None => { span.muted { "Nobody yet" } }
                    }
                }
            }
        }
        @if document.is_void(digest) { p.problem { "It, or the scope, changed since it was signed: it has to be signed again." } }
    }
}

/// Who wrote and signed a document, as a part of its page.
fn signed_by<T: Clone + PartialEq + serde::Serialize>(
    document: &Document<T>,
    digest: Digest,
    names: &Names,
) -> Markup {
    html! { section.card aria-labelledby="signed" { h2 id="signed" { "Signatures" } (signatures(document, digest, names)) } }
}

pub(super) async fn load(state: &WebState, asked: &Asked, at: &str) -> Result<(Version, Names), Refusal> {
    let (app, actor) = asked.member(state)?;
    let key = key(at)?;
    let found = app
        .read(actor, async |view| Ok((engagement::find(view, key).await?, Names::for_looking(view).await?)))
        .await?;
    Ok(found)
}

/// Tells whether whoever looks reads nothing of a document, since nobody of management has reviewed it as it stands. Its text
/// is not in the record that they get.
fn is_withheld(record: &Engagement, paper: Paper, asked: &Asked) -> bool {
    asked.visit.is_auditor() && record.is_unreviewed(paper)
}

/// What stands in the place of such a document: that management works on it, and who comes next.
fn withheld(record: &Engagement, is_open: bool) -> Markup {
    html! {
        section.card {
            @if !is_open { p.muted { "Nobody of management had reviewed it when the engagement ended. What is not reviewed is management\u{2019}s own." } }
            @else {
                p { "Management is still working on it. What it says stands here once somebody of management has reviewed it as it stands." }
                p.muted {
                    @if record.approved().is_none() { "Next, management approves the scope; then somebody of management who did not write it reviews it." }
                    @else { "Next, somebody of management who did not write it reviews it." }
                }
            }
        }
    }
}

pub(super) fn may_write(record: &Engagement, asked: &Asked) -> bool {
    record.closed().is_none() && asked.may(atom(Verb::Update))
}

pub(super) async fn description_page(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let (version, names) = load(&state, &asked, &at).await?;
    let record = &version.record;
    if Part::of(record.holds().kind, record.holds().time).is_empty() {
        return Err(Refusal::NotFound);
    }
    if is_withheld(record, Paper::Description, &asked) {
        let (app, actor) = asked.member(&state)?;
        let is_open = app.read(actor, async |view| fieldwork::is_open(view, record.key).await).await?;
        let body = html! { div.narrow.stack {
            @if let Some(document) = &record.description { (signed_by(document, record.ground(Paper::Description), &names)) }
            (withheld(record, is_open))
        } };
        return asked.frame(&state, &page_of(record, "Description of the system", body)).await;
    }
    let beside = propose::beside(&state, &asked, record).await?;
    let held = record.described();
    let page = description_form(&version, (&held, &beside), &names, &asked, &Faults::default());
    asked.frame(&state, &page).await
}

fn description_form(
    version: &Version,
    (held, beside): (&Description, &Beside),
    names: &Names,
    asked: &Asked,
    faults: &Faults,
) -> Page {
    let record = &version.record;
    let scope = record.holds();
    let href = href(record.key);
    let wrong = &beside.faults.of_parts;
    let missing = held.missing(scope);
    let part_field = |part: Part, needed: bool| {
        let of_part: Vec<String> =
            wrong.iter().filter(|(at, _)| *at == part).map(|(_, fault)| fault.clone()).collect();
        let noticed = (!of_part.is_empty()).then(|| of_part.join("; "));
        let fault = faults.of(part.word()).or(noticed.as_deref());
        let label = part.label(scope.kind);
        let none = none_field(part);
        let hint = if needed {
            format!("{} Needed before it is signed.", part.hint(scope.kind))
        } else {
            part.hint(scope.kind).to_owned()
        };
        html! {
            (field(&Field { name: part.word(), label: &label, value: held.text(part), kind: Kind::Area(if needed { 7 } else { 3 }), max: TEXT_MAX, optional: true, hint: &hint, fault, ..Field::default() }))
            (propose::sources(held, part))
            @if part.may_be_none() {
                (field(&Field { name: &none, label: "There is nothing to tell", value: if held.is_none(part) { "yes" } else { "" }, kind: Kind::Check, ..Field::default() }))
            }
        }
    };
    let parts = held.in_order(scope);
    let body = html! {
        div.narrow.stack {
            @if let Some(document) = &record.description {
                (signed_by(document, record.ground(Paper::Description), names))
            }
            @if !missing.is_empty() && record.description.is_some() {
                p.muted { "Not written yet: " (missing.iter().map(|part| part.title()).collect::<Vec<_>>().join("; ")) "." }
            }
            @if beside.may_write {
                (form(&format!("{href}/description"), &asked.token, &html! {
                    (faults.summary())
                    (hidden("version", &version.number.to_string()))
                    p.muted { "Lists of " @if scope.kind.has_criteria() { "commitments" } @else { "control objectives" } ", controls, customers' controls, subservice organizations and changes of controls are put in their places from the records when the document is set. Leave a part empty to write it later." }
                    @for (part, needed) in &parts { (part_field(*part, *needed)) }
                    (ordering(&parts))
                    (send("Save", &href))
                }))
            } @else {
                @for (part, _) in &parts {
                    section.card { h2 { (part.title()) }
                        @if held.is_none(*part) { p { "Management states that there was nothing to report." } }
                        @else if held.text(*part).is_empty() { p.muted { "Not written." } }
                        (paragraphs(held.text(*part)))
                    }
                }
            }
        }
        div.narrow.stack.apart {
            @if beside.may_write { (propose::incidents(version, beside, &asked.token)) }
            (process::shown(record, beside.may_write)) (diagram::shown(record, beside.may_write))
        }
    };
    let mut page = page_of(record, "Description of the system", body);
    page.lead = html! { "Only what can be checked, as it really runs: who does what, when, and how it is evidenced." };
    page.actions = html! {
        (sign_button(record, Paper::Description, asked, "button primary"))
        @if beside.may_write { a.button href={ (href) "/proposals" } { "Propose from records" } }
    };
    page
}

fn place_field(part: Part) -> String {
    format!("place-{}", part.word())
}

/// Where each part stands, as numbers: whoever wants another order types others.
fn ordering(parts: &[(Part, bool)]) -> Markup {
    let most = parts.len().to_string();
    html! {
        details.act {
            summary { "Order of the parts" }
            p.muted { "The standard says what the description tells, and leaves the order to you. Give a part the number of the place where it is to stand; the others move." }
            div.fields {
                @for (place, (part, _)) in parts.iter().enumerate() {
                    @let name = place_field(*part);
                    p.field { label for=(name) { (part.title()) } input id=(name) name=(name) type="number" min="1" max=(most) value=(place + 1); }
                }
            }
        }
    }
}

/// Returns the order that numbers ask for. `now` is the one that stands; what has no number stays where it is.
fn placed(now: &[(Part, bool)], sent: &Sent) -> Vec<Part> {
    let mut wanted: Vec<(usize, std::cmp::Ordering, usize, Part)> = now
        .iter()
        .enumerate()
        .map(|(at, (part, _))| {
            let place = sent.text(&place_field(*part)).parse().unwrap_or(at + 1);
            // What moves up stands before what is there, what moves down behind it.
            (place, place.cmp(&(at + 1)), at, *part)
        })
        .collect();
    wanted.sort_unstable();
    wanted.into_iter().map(|(_, _, _, part)| part).collect()
}

pub(super) async fn describe(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let (version, names) = load(&state, &asked, &at).await?;
    let record = &version.record;
    let parts = Part::of(record.holds().kind, record.holds().time);
    let known: Vec<String> = parts
        .iter()
        .flat_map(|(part, _)| [part.word().to_owned(), none_field(*part), place_field(*part)])
        .chain(["version".to_owned()])
        .collect();
    sent.only(&known.iter().map(String::as_str).collect::<Vec<_>>())?;
    let from: i64 = sent.text("version").parse().map_err(|_| Refusal::Malformed)?;
    let passage = |part: Part| Passage {
        text: sent.text(part.word()),
        none: part.may_be_none() && sent.text(&none_field(part)) == "yes",
    };
    let typed = Description {
        parts: parts.iter().map(|(part, _)| (*part, passage(*part))).collect(),
        order: placed(&record.described().in_order(record.holds()), &sent),
        ..record.described()
    };
    let changed =
        app.transact(actor, async |cx| engagement::describe(cx, record.key, from, typed.clone()).await).await;
    let about: Vec<(&str, &'static str)> =
        parts.iter().map(|(part, _)| (part.title(), part.word())).collect();
    let (status, faults) = match outcome(changed, &format!("{}/description", href(record.key)), &about) {
        Ok(done) => return Ok(done),
        Err(wrong) => wrong?,
    };
    let beside = propose::beside(&state, &asked, record).await?;
    let page = description_form(&version, (&typed, &beside), &names, &asked, &faults);
    refused(&state, &asked, status, &page).await
}

/// Decides whether a finding is told of as an incident.
pub(super) async fn decide_incident(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (version, names) = load(&state, &asked, &at).await?;
    let (status, tried) = match propose::decide(&state, &asked, &version.record, &sent).await? {
        Ok(done) => return Ok(done),
        Err(wrong) => wrong,
    };
    let mut beside = propose::beside(&state, &asked, &version.record).await?;
    beside.tried = Some(tried);
    let held = version.record.described();
    let page = description_form(&version, (&held, &beside), &names, &asked, &Faults::default());
    refused(&state, &asked, status, &page).await
}

pub(super) async fn assertion_page(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let (version, names) = load(&state, &asked, &at).await?;
    let record = &version.record;
    let (app, actor) = asked.member(&state)?;
    let is_open = app.read(actor, async |view| fieldwork::is_open(view, record.key).await).await?;
    let typed = match &record.assertion {
        Some(document) => document.content.clone(),
        None => Assertion { text: drafted(record.holds(), &actor.organization.name), ..Assertion::default() },
    };
    let writing = Writing { is_open, may_write: is_open && may_write(record, &asked) };
    asked
        .frame(&state, &assertion_form(&version, (&typed, writing), &names, &asked, &Faults::default()))
        .await
}

/// Whether anything can still be written in an engagement, and whether whoever looks may.
#[derive(Clone, Copy)]
struct Writing {
    is_open: bool,
    may_write: bool,
}

/// Of whoever sent something written.
const WRITES: Writing = Writing { is_open: true, may_write: true };

fn assertion_form(
    version: &Version,
    (typed, writing): (&Assertion, Writing),
    names: &Names,
    asked: &Asked,
    faults: &Faults,
) -> Page {
    let record = &version.record;
    let (href, may) = (href(record.key), writing.may_write);
    let wrong = typed.faults();
    let fault =
        faults.of("text").map(str::to_owned).or_else(|| (!wrong.is_empty()).then(|| wrong.join("; ")));
    let body = html! {
        div.narrow.stack {
            @if let Some(document) = &record.assertion {
                (signed_by(document, record.ground(Paper::Assertion), names))
            }
            @if let Some(modified) = record.modified() {
                section.card aria-labelledby="modified" {
                    h2 id="modified" { "The opinion is going to be modified" }
                    (paragraphs(&modified.reason))
                    p.muted { (names.of(modified.by)) ", " (moment::written(modified.at)) }
                    @if record.assertion_fault().is_some() { p.problem { "The assertion was written before that. Write it anew with the same modification; then it is signed again." } }
                }
            }
            @if may {
                (form(&format!("{href}/assertion"), &asked.token, &html! {
                    (faults.summary())
                    (hidden("version", &version.number.to_string()))
                    (field(&Field { name: "text", label: "Assertion", value: &typed.text, kind: Kind::Area(18), max: TEXT_MAX, fault: fault.as_deref(), hint: "Any wording will do so long as all matters are covered. Where the auditor's opinion is going to be modified, the assertion says so too.", ..Field::default() }))
                    div.fields {
                        (field(&Field { name: "signatory", label: "Who signs for management", value: &typed.signatory, fault: faults.of("signatory"), ..Field::default() }))
                        (field(&Field { name: "title", label: "As what", value: &typed.title, fault: faults.of("title"), hint: "As Chief executive.", ..Field::default() }))
                    }
                    (send("Save", &href))
                }))
            } @else if record.assertion.is_none() {
                p.muted { "Management has not written it yet." }
            } @else if is_withheld(record, Paper::Assertion, asked) {
                (withheld(record, writing.is_open))
            } @else {
                section.card { (paragraphs(&typed.text)) @if !typed.signatory.is_empty() { p { (typed.signatory) ", " (typed.title) } } }
            }
        }
    };
    let mut page = page_of(record, "Management's assertion", body);
    page.lead = html! {
        @if may && record.assertion.is_none() { "A draft made from the scope; it is saved when you save it." }
        @else { "A document of its own, attached to the description." }
    };
    page.actions = html! {
        (sign_button(record, Paper::Assertion, asked, "button primary"))
        @if may && record.assertion.is_some() {
            a.button.quiet href={ (href) "/modification" } { "The opinion will be modified" }
        }
    };
    page
}

/// The field that a word of a refusal of the assertion stands for.
const ABOUT: [(&str, &str); 3] = [
    ("text of the assertion", "text"),
    ("name of the signatory", "signatory"),
    ("title of the signatory", "title"),
];

pub(super) async fn assert(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    sent.only(&["version", "text", "signatory", "title"])?;
    let (version, names) = load(&state, &asked, &at).await?;
    let record = &version.record;
    let from: i64 = sent.text("version").parse().map_err(|_| Refusal::Malformed)?;
    let typed =
        Assertion { text: sent.text("text"), signatory: sent.text("signatory"), title: sent.text("title") };
    let mut faults = Faults::default();
    for (name, text, says) in [
        ("text", &typed.text, "it says nothing"),
        ("signatory", &typed.signatory, "say who signs"),
        ("title", &typed.title, "say as what"),
    ] {
        if text.is_empty() {
            faults.add(name, says);
        }
    }
    let (status, faults) = if faults.is_empty() {
        let changed = app
            .transact(actor, async |cx| engagement::assert(cx, record.key, from, typed.clone()).await)
            .await;
        match outcome(changed, &format!("{}/assertion", href(record.key)), &ABOUT) {
            Ok(done) => return Ok(done),
            Err(wrong) => wrong?,
        }
    } else {
        (StatusCode::UNPROCESSABLE_ENTITY, faults)
    };
    refused(&state, &asked, status, &assertion_form(&version, (&typed, WRITES), &names, &asked, &faults))
        .await
}

fn modification_form(version: &Version, typed: &str, asked: &Asked, faults: &Faults) -> Page {
    let record = &version.record;
    let href = href(record.key);
    let body = html! {
        (faults.summary())
        (hidden("version", &version.number.to_string()))
        p { "When the auditor says that the opinion is going to be modified, management's assertion is expected to carry the same modification. Signatures under the assertion become void; it is written anew and signed again." }
        (field(&Field { name: "text", label: "What the auditor told", value: typed, kind: Kind::Area(5), max: NOTE_MAX, fault: faults.of("text"), hint: "Which part, which criteria or objectives, and the basis.", ..Field::default() }))
        (send("Record it", &format!("{href}/assertion")))
    };
    let inside = form(&format!("{href}/modification"), &asked.token, &body);
    page_of(record, "The opinion will be modified", html! { div.narrow { (inside) } })
}

pub(super) async fn modification_page(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let (version, _) = load(&state, &asked, &at).await?;
    let typed = version.record.modified().map(|modified| modified.reason.clone()).unwrap_or_default();
    asked.frame(&state, &modification_form(&version, &typed, &asked, &Faults::default())).await
}

pub(super) async fn modify(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    sent.only(&["version", "text"])?;
    let (key, typed) = (key(&at)?, sent.text("text"));
    let from: i64 = sent.text("version").parse().map_err(|_| Refusal::Malformed)?;
    let mut faults = Faults::default();
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    if typed.is_empty() {
        faults.add("text", "say what the auditor told");
    } else {
        let done =
            app.transact(actor, async |cx| engagement::modify_opinion(cx, key, from, &typed).await).await;
        match outcome(done, &format!("{}/assertion", href(key)), &[("modification", "text")]) {
            Ok(done) => return Ok(done),
            Err(wrong) => (status, faults) = wrong?,
        }
    }
    let (version, _) = load(&state, &asked, &at).await?;
    refused(&state, &asked, status, &modification_form(&version, &typed, &asked, &faults)).await
}

fn paper_of(word: &str) -> Result<Paper, Refusal> {
    Paper::from_word(word).ok_or(Refusal::NotFound)
}

pub(super) async fn review_page(
    State(state): State<WebState>,
    Path((at, paper)): Path<(String, String)>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    sign_page(&state, &at, &paper, Step::Review, &asked).await
}

pub(super) async fn adopt_page(
    State(state): State<WebState>,
    Path((at, paper)): Path<(String, String)>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    sign_page(&state, &at, &paper, Step::Approve, &asked).await
}

pub(super) async fn review(
    State(state): State<WebState>,
    Path((at, paper)): Path<(String, String)>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    sign(&state, &at, &paper, Step::Review, &asked, &sent).await
}

pub(super) async fn adopt(
    State(state): State<WebState>,
    Path((at, paper)): Path<(String, String)>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    sign(&state, &at, &paper, Step::Approve, &asked, &sent).await
}

async fn sign_page(
    state: &WebState,
    at: &str,
    paper: &str,
    step: Step,
    asked: &Asked,
) -> Result<Markup, Refusal> {
    let (_, actor) = asked.member(state)?;
    let paper = paper_of(paper)?;
    let (version, _) = load(state, asked, at).await?;
    if version.record.next_step(paper) != Some(step) {
        return Err(Refusal::NotFound);
    }
    asked.frame(state, &sign_form(&version, paper, step, actor.id, &asked.token, &Faults::default())).await
}

fn sign_form(
    version: &Version,
    paper: Paper,
    step: Step,
    who: ActorId,
    token: &str,
    faults: &Faults,
) -> Page {
    let record = &version.record;
    let (scope, href) = (record.ground(paper), href(record.key));
    let separated = match paper {
        Paper::Description => record.description.as_ref().map(|one| one.separated(step, who, scope)),
        Paper::Assertion => record.assertion.as_ref().map(|one| one.separated(step, who, scope)),
    };
    let words = match step {
        Step::Review => "I read it and found it right",
        Step::Approve => "Adopt it for management",
    };
    let body = html! {
        div.narrow.stack {
            (faults.summary())
            @match paper {
                Paper::Description => @if let Some(document) = &record.description {
                    @for (part, _) in document.content.in_order(record.holds()) {
                        section.card { h2 { (part.title()) }
                            @if document.content.is_none(part) { p { "Management states that there was nothing to report." } }
                            @else if document.content.text(part).is_empty() {
                                p.muted { "No text of its own: what the records and the processes tell stands in its place." }
                            }
                            (paragraphs(document.content.text(part)))
                        }
                    }
                    @for one in &document.content.processes { section.card { h2 { (one.name) } (flow::process(one)) } }
                    (diagram::seen(record))
                },
                Paper::Assertion => @if let Some(document) = &record.assertion {
                    section.card { (paragraphs(&document.content.text)) p { (document.content.signatory) ", " (document.content.title) } }
                },
            }
            @match separated {
                Some(Err(error)) => p.problem { (capital(&error.to_string())) "." },
                Some(Ok(())) => (form(&format!("{href}/sign/{}/{}", paper.word(), step.word()), token, &html! {
                    (hidden("version", &version.number.to_string()))
                    @if let (Paper::Assertion, Step::Approve, Some(document)) = (paper, step, &record.assertion) {
                        p { "It names " strong { (document.content.signatory) } " as who signs for management. Your own name stands under it as who adopted it." }
                    }
                    p { "Your name, the time and the digest of what you see here are kept. A later change of it, or of the scope, makes the signature void." }
                    (send(words, &href))
                })),
                None => {}
            }
        }
    };
    let title = match step {
        Step::Review => format!("Review the {}", paper.word()),
        Step::Approve => format!("Approve the {}", paper.word()),
    };
    page_of(record, &title, body)
}

async fn sign(
    state: &WebState,
    at: &str,
    paper: &str,
    step: Step,
    asked: &Asked,
    sent: &Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(state)?;
    let paper = paper_of(paper)?;
    sent.only(&["version"])?;
    let key = key(at)?;
    let from: i64 = sent.text("version").parse().map_err(|_| Refusal::Malformed)?;
    let signed = app.transact(actor, async |cx| engagement::sign(cx, key, from, paper, step).await).await;
    let (status, faults) = match signed {
        Ok(Changed::Stale(_)) => (
            StatusCode::CONFLICT,
            Faults::whole("it was changed since you looked. This is how it stands now; nothing was signed"),
        ),
        other => match outcome(other, &href(key), &[]) {
            Ok(done) => return Ok(done),
            Err(wrong) => wrong?,
        },
    };
    let (version, _) = load(state, asked, at).await?;
    let page = sign_form(&version, paper, step, actor.id, &asked.token, &faults);
    refused(state, asked, status, &page).await
}
