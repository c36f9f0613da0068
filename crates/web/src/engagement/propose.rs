//! The description and records: parts that begin with what records tell, and which findings are told of as incidents.

use std::collections::BTreeSet;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use tickmark_app::engagement::{self, DescriptionFaults, Version, fieldwork};
use tickmark_core::control::TEXT_MAX;
use tickmark_core::engagement::{Candidate, Description, Engagement, Part, Proposal, Told};

use super::paper::{load, may_write, paragraphs};
use super::{catalog, href, outcome, page_of, refused};
use crate::WebState;
use crate::design::form::{Faults, Field, Kind, field, form, hidden, send};
use crate::design::frame::Page;
use crate::design::{block, segment};
use crate::error::Refusal;
use crate::form::Sent;
use crate::visit::Asked;

/// What stands beside a description for whoever writes it; nothing for others.
#[derive(Default)]
pub(super) struct Beside {
    /// Whether they may write: not once the engagement is frozen.
    pub(super) may_write: bool,
    pub(super) faults: DescriptionFaults,
    pub(super) candidates: Vec<Candidate>,
    /// A decision about one of them that was refused.
    pub(super) tried: Option<Tried>,
}

/// A decision about a candidate as it was typed, and what is wrong with its fields.
pub(super) struct Tried {
    at: usize,
    told: String,
    why: String,
    faults: Faults,
}

pub(super) async fn beside(state: &WebState, asked: &Asked, record: &Engagement) -> Result<Beside, Refusal> {
    // What management found itself is nothing that the other party sees here.
    if !may_write(record, asked) {
        return Ok(Beside::default());
    }
    let ((app, actor), catalog) = (asked.member(state)?, catalog(state)?);
    let beside = app
        .read(actor, async |view| {
            if !fieldwork::is_open(view, record.key).await? {
                return Ok(Beside::default());
            }
            Ok(Beside {
                may_write: true,
                faults: engagement::description_faults(view, record.key, catalog).await?,
                candidates: engagement::candidates(view, record.key).await?,
                tried: None,
            })
        })
        .await?;
    Ok(beside)
}

/// What a part was made from, where it began as a proposal.
pub(super) fn sources(held: &Description, part: Part) -> Markup {
    html! {
        @if let Some(sources) = held.sources.get(&part) {
            p.muted.small { "“" (part.title()) "” began with " (sources.join(", ")) "." }
        }
    }
}

/// Findings that could be incidents to tell of, each with what was decided, and the form to decide.
pub(super) fn incidents(version: &Version, beside: &Beside, token: &str) -> Markup {
    let candidates = &beside.candidates;
    if candidates.is_empty() {
        return html! {};
    }
    let record = &version.record;
    let described = record.described();
    let body = html! {
        p.muted { "A finding is told of if it came from a control that was badly designed or failed, or otherwise significantly harmed a commitment. Each is told of, or left out for a reason." }
        @for (at, one) in candidates.iter().enumerate() {
            section.card {
                h3 { (one.title) }
                dl.facts {
                    dt { "Control" } dd { a href={ "/controls/" (segment(&one.control)) } { (one.control) } }
                    dt { "Found on" } dd { (one.opened) }
                    dt { "What was found" } dd { (one.condition) }
                    dt { "Effect" } dd { (one.effect) }
                    dt { "State" } dd { (one.outcome) }
                    dt { "Decision" } dd {
                        @match described.candidates.get(&one.id) {
                            Some(told) => { @if told.is_told { "Told of" } @else { "Not told of" } span.sub { (told.why) } }
                            None => { strong { "To decide" } }
                        }
                    }
                }
                (decision(record, version.number, (at, one), beside.tried.as_ref().filter(|tried| tried.at == at), token))
            }
        }
    };
    block("candidates", "Findings that could be incidents", &html! { (candidates.len()) }, &body)
}

pub(super) async fn page(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let page = draw(&state, &asked, &at, &Faults::default()).await?;
    asked.frame(&state, &page).await
}

async fn draw(state: &WebState, asked: &Asked, at: &str, faults: &Faults) -> Result<Page, Refusal> {
    let (version, _) = load(state, asked, at).await?;
    let record = &version.record;
    let can = !Part::of(record.holds().kind, record.holds().time).is_empty();
    if !can || !may_write(record, asked) {
        return Err(Refusal::NotFound);
    }
    let ((app, actor), catalog) = (asked.member(state)?, catalog(state)?);
    let all = app.read(actor, async |view| engagement::proposed(view, record.key, catalog).await).await?;
    let described = record.described();
    let one = |proposal: &Proposal| {
        let part = proposal.part;
        let is_written = !described.text(part).is_empty();
        html! {
            section.card {
                h2 { (part.title()) }
                (paragraphs(&proposal.text))
                p.muted { "From " (proposal.sources.join(", ")) "." }
                @if is_written { p.muted { "Somebody wrote this part already; it stays as it is." } }
                @else { p.field { label.choice { input type="checkbox" name="part" value=(part.word()) checked; span { "Begin the part with this" } } } }
            }
        }
    };
    let any = all.iter().any(|proposal| described.text(proposal.part).is_empty());
    let to = href(record.key);
    let body = html! {
        (faults.summary())
        (hidden("version", &version.number.to_string()))
        @for proposal in &all { (one(proposal)) }
        @if any { (send("Begin these parts", &format!("{to}/description"))) }
    };
    let body = html! {
        div.narrow.stack {
            @if all.is_empty() { p.muted { "Records tell nothing yet: write systems, controls and the scope first." } }
            (form(&format!("{to}/proposals"), &asked.token, &body))
        }
    };
    let mut page = page_of(record, "Propose from records", body);
    page.lead = html! { "What records tell for the description, as a draft. You edit it: how the system really runs is for people to tell." };
    page.crumbs.push(("Description of the system".into(), format!("{to}/description")));
    Ok(page)
}

pub(super) async fn begin(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let ((app, actor), catalog) = (asked.member(&state)?, catalog(&state)?);
    let (version, _) = load(&state, &asked, &at).await?;
    sent.only(&["version", "part"])?;
    let from: i64 = sent.text("version").parse().map_err(|_| Refusal::Malformed)?;
    let parts: Option<BTreeSet<Part>> = sent.all("part").iter().map(|word| Part::from_word(word)).collect();
    let (parts, key) = (parts.ok_or(Refusal::Malformed)?, version.record.key);
    let (status, faults) = if parts.is_empty() {
        (StatusCode::UNPROCESSABLE_ENTITY, Faults::whole("choose at least one part"))
    } else {
        let begun = app
            .transact(actor, async |cx| engagement::begin_parts(cx, key, from, &parts, catalog).await)
            .await;
        match outcome(begun, &format!("{}/description", href(key)), &[]) {
            Ok(done) => return Ok(done),
            Err(wrong) => wrong?,
        }
    };
    let page = draw(&state, &asked, &at, &faults).await?;
    refused(&state, &asked, status, &page).await
}

/// Names of the fields of a decision about one candidate; each has its own on the page.
fn decision_fields(at: usize) -> [String; 2] {
    [format!("told-{at}"), format!("why-{at}")]
}

/// The form that decides about one candidate.
fn decision(
    record: &Engagement,
    number: i64,
    (at, one): (usize, &Candidate),
    tried: Option<&Tried>,
    token: &str,
) -> Markup {
    let described = record.described();
    let held = described.candidates.get(&one.id);
    let held = held.map_or(("", ""), |told| (if told.is_told { "yes" } else { "no" }, told.why.as_str()));
    let (told, why) = tried.map_or(held, |tried| (tried.told.as_str(), tried.why.as_str()));
    let fault = |name| tried.and_then(|tried| tried.faults.of(name));
    let options = [("", "Choose"), ("yes", "It is told of in the description"), ("no", "It is left out")]
        .map(|(word, title)| (word.to_owned(), title.to_owned()));
    let [told_field, why_field] = decision_fields(at);
    let fields = html! {
        @if let Some(tried) = tried { (tried.faults.summary()) }
        (hidden("version", &number.to_string()))
        (hidden("finding", &one.id))
        (hidden("at", &at.to_string()))
        (field(&Field { name: &told_field, label: "Is it told of?", value: told, kind: Kind::Select(&options), fault: fault("told"), ..Field::default() }))
        (field(&Field { name: &why_field, label: "Why", value: why, kind: Kind::Area(2), max: TEXT_MAX, fault: fault("why"), ..Field::default() }))
        (send("Save the decision", ""))
    };
    form(&format!("{}/incidents", href(record.key)), token, &fields)
}

/// Decides about one candidate. Returns what was typed and is wrong, with the status, to whoever draws the description again.
pub(super) async fn decide(
    state: &WebState,
    asked: &Asked,
    record: &Engagement,
    sent: &Sent,
) -> Result<Result<Response, (StatusCode, Tried)>, Refusal> {
    let (app, actor) = asked.member(state)?;
    let at: usize = sent.text("at").parse().map_err(|_| Refusal::Malformed)?;
    let names = decision_fields(at);
    sent.only(&["version", "finding", "at", &names[0], &names[1]])?;
    let from: i64 = sent.text("version").parse().map_err(|_| Refusal::Malformed)?;
    let [told, why] = names.map(|name| sent.text(&name));
    let mut faults = Faults::default();
    if !["yes", "no"].contains(&told.as_str()) {
        faults.add("told", "say whether it is told of");
    }
    if why.is_empty() {
        faults.add("why", "say why");
    }
    if !faults.is_empty() {
        return Ok(Err((StatusCode::UNPROCESSABLE_ENTITY, Tried { at, told, why, faults })));
    }
    let (finding, said) = (sent.text("finding"), Told { is_told: told == "yes", why: why.clone() });
    let decided = app
        .transact(actor, async |cx| {
            engagement::decide_incident(cx, record.key, from, &finding, said.clone()).await
        })
        .await;
    match outcome(decided, &format!("{}/description", href(record.key)), &[("reason why", "why")]) {
        Ok(done) => Ok(Ok(done)),
        Err(wrong) => {
            let (status, faults) = wrong?;
            Ok(Err((status, Tried { at, told, why, faults })))
        }
    }
}
