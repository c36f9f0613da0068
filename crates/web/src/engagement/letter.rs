//! Letters of management: writing and signing the representation letter and bridge letters.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use tickmark_app::engagement::{self, BridgeBasis, Completed, Single};
use tickmark_core::control::TEXT_MAX;
use tickmark_core::engagement::Step;
use tickmark_core::engagement::completion::{BridgeItem, BridgeLetter, Letter, happened, represented};
use tickmark_core::report::Writing;
use tickmark_core::report::writing::Block;

use super::completion::{Complete, completed, day, href_of, letter_step, load, numbered, separated, version};
use super::{catalog, href, key, page_of, refused};
use crate::WebState;
use crate::design::form::{Faults, Field, Kind, capital, field, form, hidden, send};
use crate::design::frame::Page;
use crate::design::table::plain;
use crate::design::{block, moment};
use crate::error::Refusal;
use crate::form::Sent;
use crate::visit::Asked;

/// Most characters of a letter.
const LETTER_MAX: usize = 40_000;

/// The field that a word of a refusal of the representation letter stands for.
const ABOUT: [(&str, &str); 4] = [
    ("audit firm", "to"),
    ("text of the letter", "text"),
    ("name of the signatory", "signatory"),
    ("title of the signatory", "title"),
];

/// The same of a bridge letter.
const ABOUT_BRIDGE: [(&str, &str); 9] = [
    ("nothing to bridge", "to"),
    ("nobody knows", "to"),
    ("the time of the examination", "to"),
    ("lies ahead", "to"),
    ("the changes", "changes"),
    ("the incidents", "incidents"),
    ("the next period", "next"),
    ("name of the signatory", "signatory"),
    ("title of the signatory", "title"),
];

fn representation_form(of: &Complete, asked: &Asked, typed: &Letter, faults: &Faults) -> Page {
    let key = of.engagement.key;
    let wrong = typed.faults();
    let fault =
        faults.of("text").map(str::to_owned).or_else(|| (!wrong.is_empty()).then(|| wrong.join("; ")));
    let body = html! {
        (faults.summary())
        (hidden("version", &of.version.number.to_string()))
        @if let Some(says) = of.version.record.letter_contradiction() {
            div.card role="status" {
                p.problem { (capital(&says)) "." }
                p.muted { "As the register stands, a draft says of that time:" }
                @for line in happened(&of.version.record) { p { (line) } }
            }
        }
        (field(&Field { name: "to", label: "To", value: &typed.to, fault: faults.of("to"), hint: "The audit firm. The letter goes to nobody else.", ..Field::default() }))
        (field(&Field { name: "text", label: "What management confirms", value: &typed.text, kind: Kind::Area(20), max: LETTER_MAX, fault: fault.as_deref(), hint: "Drafted from the scope and the register of subsequent events. Change what is not so.", ..Field::default() }))
        div.fields {
            (field(&Field { name: "signatory", label: "Who signs for management", value: &typed.signatory, fault: faults.of("signatory"), ..Field::default() }))
            (field(&Field { name: "title", label: "As what", value: &typed.title, fault: faults.of("title"), hint: "As Chief executive.", ..Field::default() }))
        }
        (send("Save", &href_of(key)))
    };
    let inside = form(&format!("{}/representation", href(key)), &asked.token, &body);
    let mut page = page_of(&of.engagement, "Representation letter", html! { div.narrow { (inside) } });
    page.lead = html! { "To the auditor only, dated as of the report, and part of no package." };
    page
}

pub(super) async fn representation_page(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let (_, actor) = asked.member(&state)?;
    let of = load(&state, &asked, &at).await?;
    let typed = match &of.version.record.representation {
        Some(document) => document.content.clone(),
        None => {
            let scope = of.engagement.holds();
            let signs = of.engagement.assertion.as_ref().map(|document| &document.content);
            Letter {
                to: scope.firm.clone(),
                text: represented(scope, &actor.organization.name, &of.version.record),
                signatory: signs.map(|one| one.signatory.clone()).unwrap_or_default(),
                title: signs.map(|one| one.title.clone()).unwrap_or_default(),
            }
        }
    };
    asked.frame(&state, &representation_form(&of, &asked, &typed, &Faults::default())).await
}

pub(super) async fn represent(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    sent.only(&["version", "to", "text", "signatory", "title"])?;
    let (key, from) = (key(&at)?, version(&sent)?);
    let typed = Letter {
        to: sent.text("to"),
        text: sent.text("text"),
        signatory: sent.text("signatory"),
        title: sent.text("title"),
    };
    let mut faults = Faults::default();
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    for (name, text, says) in [
        ("to", &typed.to, "say to which firm"),
        ("text", &typed.text, "it says nothing"),
        ("signatory", &typed.signatory, "say who signs"),
        ("title", &typed.title, "say as what"),
    ] {
        if text.is_empty() {
            faults.add(name, says);
        }
    }
    if faults.is_empty() {
        let done =
            app.transact(actor, async |cx| engagement::represent(cx, key, from, typed.clone()).await).await;
        match completed(done, &href_of(key), &ABOUT) {
            Ok(done) => return Ok(done),
            Err(wrong) => (status, faults) = wrong?,
        }
    }
    let of = load(&state, &asked, &at).await?;
    refused(&state, &asked, status, &representation_form(&of, &asked, &typed, &faults)).await
}

/// A bridge letter as it is typed.
#[derive(Clone, Debug, Default)]
struct Typed {
    to: String,
    changes: String,
    incidents: String,
    next: String,
    signatory: String,
    title: String,
    /// Reasons for leaving something out, in the order of what the registers hold.
    left_out: Vec<String>,
}

/// Name of the field for why something is left out.
fn left_out_field(at: usize) -> String {
    format!("left-out-{at}")
}

/// Name of the field that says what is meant by it.
fn reference_field(at: usize) -> String {
    format!("reference-{at}")
}

fn bridge_form(
    of: &Complete,
    basis: &BridgeBasis,
    asked: &Asked,
    number: Option<u32>,
    typed: &Typed,
    faults: &Faults,
) -> Page {
    let key = of.engagement.key;
    let (_, end) = of.engagement.holds().time.days();
    let items = basis.items.iter().enumerate();
    let body = html! {
        (faults.summary())
        (hidden("version", &of.version.number.to_string()))
        (field(&Field { name: "to", label: "Last day that it is about", value: &typed.to, kind: Kind::Input("date"), fault: faults.of("to"), hint: &format!("From the day after {}; at most three months after it, and at the latest today.", moment::on(end)), ..Field::default() }))
        @if basis.items.is_empty() { p.muted { "The registers hold no change of a control in scope, no grave finding and no subsequent event with an effect since " (moment::on(end)) "." } }
        @for (at, item) in items {
            (hidden(&reference_field(at), &item.reference))
            (field(&Field {
                name: &left_out_field(at),
                label: &format!("{}: {}", item.day, item.says),
                value: typed.left_out.get(at).map_or("", String::as_str),
                max: TEXT_MAX,
                optional: true,
                hint: "The letter names it if it lies in its time. Say why not if it is not material.",
                ..Field::default()
            }))
        }
        (field(&Field { name: "changes", label: "Further changes", value: &typed.changes, kind: Kind::Area(3), max: TEXT_MAX, optional: true, fault: faults.of("changes"), hint: "What the registers do not hold. With none named, the letter says that there was no material change.", ..Field::default() }))
        (field(&Field { name: "incidents", label: "Further incidents and failures of controls", value: &typed.incidents, kind: Kind::Area(3), max: TEXT_MAX, optional: true, fault: faults.of("incidents"), hint: "With none named, the letter says that none is known.", ..Field::default() }))
        (field(&Field { name: "next", label: "Next period or report", value: &typed.next, optional: true, fault: faults.of("next"), hint: "When the next period begins, or the next report is expected.", ..Field::default() }))
        div.fields {
            (field(&Field { name: "signatory", label: "Who signs for management", value: &typed.signatory, fault: faults.of("signatory"), hint: "An officer.", ..Field::default() }))
            (field(&Field { name: "title", label: "As what", value: &typed.title, fault: faults.of("title"), ..Field::default() }))
        }
        (send("Save", &href_of(key)))
    };
    let at = number.map_or_else(|| "new".to_owned(), |number| number.to_string());
    let inside = form(&format!("{}/bridges/{at}", href(key)), &asked.token, &body);
    let mut page = page_of(&of.engagement, "Bridge letter", html! { div.narrow { (inside) } });
    page.lead = html! { "Management alone, about the time after the period. It replaces no report and gives no assurance." };
    page
}

async fn bridge_load(state: &WebState, asked: &Asked, at: &str) -> Result<(Complete, BridgeBasis), Refusal> {
    let (app, actor) = asked.member(state)?;
    let (key, catalog) = (key(at)?, catalog(state)?);
    let of = load(state, asked, at).await?;
    if of.version.record.received().is_none() || !of.engagement.holds().time.is_period() {
        return Err(Refusal::NotFound);
    }
    let basis = app.read(actor, async |view| engagement::bridge_basis(view, key, catalog).await).await?;
    Ok((of, basis))
}

pub(super) async fn bridge_page(
    State(state): State<WebState>,
    Path((at, number)): Path<(String, String)>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let (of, basis) = bridge_load(&state, &asked, &at).await?;
    let number = numbered(&number)?;
    let typed = match number {
        None => {
            let signs = of.engagement.assertion.as_ref().map(|document| &document.content);
            Typed {
                signatory: signs.map(|one| one.signatory.clone()).unwrap_or_default(),
                title: signs.map(|one| one.title.clone()).unwrap_or_default(),
                ..Typed::default()
            }
        }
        Some(number) => {
            let bridge = of.version.record.bridge_of(number).map_err(|_| Refusal::NotFound)?;
            let letter = &bridge.document.content;
            let why = |item: &BridgeItem| {
                let answer = letter.items.iter().find(|one| one.reference == item.reference);
                answer.map(|one| one.left_out.clone()).unwrap_or_default()
            };
            Typed {
                to: letter.to.to_string(),
                changes: letter.changes.clone(),
                incidents: letter.incidents.clone(),
                next: letter.next.clone(),
                signatory: letter.signatory.clone(),
                title: letter.title.clone(),
                left_out: basis.items.iter().map(why).collect(),
            }
        }
    };
    asked.frame(&state, &bridge_form(&of, &basis, &asked, number, &typed, &Faults::default())).await
}

pub(super) async fn bridge(
    State(state): State<WebState>,
    Path((at, number)): Path<(String, String)>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let (of, basis) = bridge_load(&state, &asked, &at).await?;
    let fixed = ["version", "to", "changes", "incidents", "next", "signatory", "title"].map(str::to_owned);
    // The registers may hold less or more than when the page was made; answers go by reference.
    let sent_items = (0..TEXT_MAX).take_while(|at| !sent.text(&reference_field(*at)).is_empty()).count();
    let of_items = (0..sent_items).flat_map(|at| [left_out_field(at), reference_field(at)]);
    let known: Vec<String> = fixed.into_iter().chain(of_items).collect();
    sent.only(&known.iter().map(String::as_str).collect::<Vec<_>>())?;
    let (key, catalog, from, number) = (key(&at)?, catalog(&state)?, version(&sent)?, numbered(&number)?);
    let answer = |item: &BridgeItem| {
        let at = (0..sent_items).find(|at| sent.text(&reference_field(*at)) == item.reference);
        at.map(|at| sent.text(&left_out_field(at))).unwrap_or_default()
    };
    let typed = Typed {
        to: sent.text("to"),
        changes: sent.text("changes"),
        incidents: sent.text("incidents"),
        next: sent.text("next"),
        signatory: sent.text("signatory"),
        title: sent.text("title"),
        left_out: basis.items.iter().map(answer).collect(),
    };
    let mut faults = Faults::default();
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    let to = day("to", &typed.to, &mut faults);
    for (name, text, says) in
        [("signatory", &typed.signatory, "say who signs"), ("title", &typed.title, "say as what")]
    {
        if text.is_empty() {
            faults.add(name, says);
        }
    }
    if let (Some(to), true) = (to, faults.is_empty()) {
        let items = basis.items.iter().zip(&typed.left_out);
        let letter = BridgeLetter {
            to,
            items: items.map(|(item, why)| BridgeItem { left_out: why.clone(), ..item.clone() }).collect(),
            changes: typed.changes.clone(),
            incidents: typed.incidents.clone(),
            next: typed.next.clone(),
            signatory: typed.signatory.clone(),
            title: typed.title.clone(),
        };
        let done = app
            .transact(actor, async |cx| {
                engagement::write_bridge(cx, key, from, number, letter.clone(), catalog).await
            })
            .await;
        match completed(done, &href_of(key), &ABOUT_BRIDGE) {
            Ok(done) => return Ok(done),
            Err(wrong) => (status, faults) = wrong?,
        }
    }
    refused(&state, &asked, status, &bridge_form(&of, &basis, &asked, number, &typed, &faults)).await
}

pub(super) async fn review_page(
    State(state): State<WebState>,
    Path((at, name)): Path<(String, String)>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    sign_page(&state, &at, &name, Step::Review, &asked).await
}

pub(super) async fn adopt_page(
    State(state): State<WebState>,
    Path((at, name)): Path<(String, String)>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    sign_page(&state, &at, &name, Step::Approve, &asked).await
}

pub(super) async fn review(
    State(state): State<WebState>,
    Path((at, name)): Path<(String, String)>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    sign(&state, &at, &name, Step::Review, &asked, &sent).await
}

pub(super) async fn adopt(
    State(state): State<WebState>,
    Path((at, name)): Path<(String, String)>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    sign(&state, &at, &name, Step::Approve, &asked, &sent).await
}

fn letter_of(name: &str) -> Result<Single, Refusal> {
    let what =
        Single::from_name(name).filter(|what| matches!(what, Single::Representation | Single::Bridge(_)));
    what.ok_or(Refusal::NotFound)
}

async fn sign_page(
    state: &WebState,
    at: &str,
    name: &str,
    step: Step,
    asked: &Asked,
) -> Result<Markup, Refusal> {
    let what = letter_of(name)?;
    let of = load(state, asked, at).await?;
    if letter_step(&of, what) != Some(step) {
        return Err(Refusal::NotFound);
    }
    let page = sign_form(state, asked, at, &of, (what, step), &Faults::default()).await?;
    asked.frame(state, &page).await
}

async fn sign_form(
    state: &WebState,
    asked: &Asked,
    at: &str,
    of: &Complete,
    (what, step): (Single, Step),
    faults: &Faults,
) -> Result<Page, Refusal> {
    let (app, actor) = asked.member(state)?;
    let (key, catalog) = (key(at)?, catalog(state)?);
    let writing =
        app.read(actor, async |view| engagement::single(view, key, what, catalog, "").await).await?;
    let separated = separated(of, what, step, actor.id);
    let words = match step {
        Step::Review => "I read it and found it right",
        Step::Approve => "Sign it for management",
    };
    let body = html! {
        div.narrow.stack {
            (faults.summary())
            section.card { (shown(&writing)) }
            @match separated {
                Some(Err(error)) => p.problem { (capital(&error.to_string())) "." },
                Some(Ok(())) => (form(&format!("{}/letters/{}/{}", href(key), what.name(), step.word()), &asked.token, &html! {
                    (hidden("version", &of.version.number.to_string()))
                    p { "Your name, the time and the digest of what you see here are kept. A later change of it, or of what it rests on, makes the signature void." }
                    (send(words, &href_of(key)))
                })),
                None => {}
            }
        }
    };
    let title = match step {
        Step::Review => format!("Review the {}", writing.title.to_lowercase()),
        Step::Approve => format!("Sign the {}", writing.title.to_lowercase()),
    };
    Ok(page_of(&of.engagement, &title, body))
}

/// A writing as a page shows it.
fn shown(writing: &Writing) -> Markup {
    html! {
        @if let Some(letter) = &writing.letter {
            @for line in &letter.to { p { (line) } }
            p.muted { @if letter.dated.is_empty() { "Dated when it is signed" } @else { (letter.dated) } }
        }
        @for piece in &writing.blocks {
            @match piece {
                Block::Heading { text, .. } => h3 { (text) },
                Block::Paragraph { text } => p { (text) },
                Block::Points { texts } => ul { @for text in texts { li { (text) } } },
                Block::Table { head, rows } => {
                    (plain(&writing.title, &head.iter().map(String::as_str).collect::<Vec<_>>(), rows.iter().map(|row| row.iter().map(|text| html! { (text) }).collect()).collect()))
                }
                // A letter has neither; a table tells the steps that a document draws.
                Block::Flow { .. } | Block::Figure { .. } => {},
                Block::Signature { name, title, .. } => p { (name) ", " (title) },
            }
        }
    }
}

async fn sign(
    state: &WebState,
    at: &str,
    name: &str,
    step: Step,
    asked: &Asked,
    sent: &Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(state)?;
    let what = letter_of(name)?;
    sent.only(&["version"])?;
    let (key, catalog, from) = (key(at)?, catalog(state)?, version(sent)?);
    let signed = app
        .transact(actor, async |cx| match what {
            Single::Bridge(number) => engagement::sign_bridge(cx, key, from, number, step, catalog).await,
            _ => engagement::sign_representation(cx, key, from, step).await,
        })
        .await;
    let (status, faults) = match signed {
        Ok(Completed::Stale(_)) => (
            StatusCode::CONFLICT,
            Faults::whole("it was changed since you looked. This is how it stands now; nothing was signed"),
        ),
        other => match completed(other, &href_of(key), &[]) {
            Ok(done) => return Ok(done),
            Err(wrong) => wrong?,
        },
    };
    let of = load(state, asked, at).await?;
    let page = sign_form(state, asked, at, &of, (what, step), &faults).await?;
    refused(state, asked, status, &page).await
}

/// What changed since the examination that one was made from, with what its copied scope has to be looked through for.
pub(super) fn changed_since(changed: &[String], follows: &str) -> Markup {
    html! {
        @if !changed.is_empty() {
            (block("since", &format!("What changed since {follows}"), &html! { (changed.len()) " to look through before the scope is approved" }, &html! {
                ul { @for says in changed { li { (says) } } }
            }))
        }
    }
}
