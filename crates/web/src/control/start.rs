//! The guided start: questions about company and scope, then the proposed program, chosen and adopted in one step.
//! What was answered is kept, so that it can be left and gone on with.

use std::collections::BTreeSet;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use tickmark_app::conclusion::scope;
use tickmark_app::control::start::{self, Kept};
use tickmark_app::{Actor, App, Error, control};
use tickmark_core::Timestamp;
use tickmark_core::catalog::{Catalog, Framework};
use tickmark_core::control::start::{
    Answers, Company, Draft, Hosting, Premises, QUESTIONS, Size, Verdict, left_out, propose, unanswered,
};
use tickmark_core::control::{Control, ControlState, TEXT_MAX};

use super::fields::{Names, framework};
use crate::WebState;
use crate::design::form::{Faults, Field, Kind, field, form, hidden, send};
use crate::design::frame::{Page, Place};
use crate::design::{block, moment, plural, segment};
use crate::error::Refusal;
use crate::form::Sent;
use crate::identity::go;
use crate::visit::Asked;

const STALE: &str = "somebody else went on with it meanwhile. Nothing was saved; what you typed is still in the fields, and sending it again replaces theirs";

struct Known {
    kept: Option<Kept>,
    controls: Vec<Control>,
    names: Names,
}

async fn known(app: &App, actor: &Actor) -> Result<Known, Refusal> {
    Ok(app
        .read(actor, async |view| {
            Ok(Known {
                kept: start::kept(view).await?,
                controls: control::controls(view).await?,
                names: Names::for_looking(view).await?,
            })
        })
        .await?)
}

/// The step after a program was adopted.
const NEXT: &str = "next";

/// What the address of the guided start says.
#[derive(serde::Deserialize)]
pub(super) struct Step {
    #[serde(default)]
    step: String,
}

/// The questions, or what comes after the program.
pub(super) async fn page(
    State(state): State<WebState>,
    Query(step): Query<Step>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let known = known(app, actor).await?;
    if step.step == NEXT {
        return asked.frame(&state, &next(&known, &asked)).await;
    }
    let answers = known.kept.as_ref().map(|kept| kept.draft.answers.clone()).unwrap_or_default();
    asked.frame(&state, &questions(&known, &answers, &asked.token, &Faults::default())).await
}

/// Takes the answers.
pub(super) async fn answer(
    State(state): State<WebState>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let catalog = state.source().catalog().ok_or(Refusal::NotFound)?;
    let mut names = vec!["services", "company", "size", "premises", "hosting", "software", "shared", "kept"];
    names.extend(QUESTIONS.map(|(category, _)| category));
    sent.only(&names)?;
    let known = known(app, actor).await?;
    let is_yes = |name: &str| sent.text(name) == "yes";
    let answers = Answers {
        services: sent.text("services"),
        company: Company::from_word(&sent.text("company")).ok_or(Refusal::Malformed)?,
        size: Size::from_word(&sent.text("size")).ok_or(Refusal::Malformed)?,
        premises: Premises::from_word(&sent.text("premises")).ok_or(Refusal::Malformed)?,
        hosting: Hosting::from_word(&sent.text("hosting")).ok_or(Refusal::Malformed)?,
        builds_software: is_yes("software"),
        shares_systems: is_yes("shared"),
        categories: QUESTIONS
            .iter()
            .filter(|(category, _)| is_yes(category))
            .map(|(category, _)| (*category).to_owned())
            .collect(),
    };
    let mut faults = Faults::default();
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    if answers.services.is_empty() {
        faults.add("services", "name at least one service");
    }
    if faults.is_empty() {
        // Other answers propose another program, so what was chosen by hand is chosen anew.
        let before = known.kept.as_ref().map(|kept| &kept.draft);
        let chosen = before.filter(|draft| draft.answers == answers).and_then(|draft| draft.chosen.clone());
        let draft = Draft { answers: answers.clone(), chosen };
        let from = from(&sent)?;
        match app.transact(actor, async |cx| start::keep(cx, from, &draft, catalog).await).await {
            Ok(()) => return Ok(go("/start/program")),
            Err(Error::Conflict(_)) => {
                status = StatusCode::CONFLICT;
                faults = Faults::whole(STALE);
            }
            Err(Error::Invalid(says)) => faults = Faults::about(says, &[("services", "services")]),
            Err(error) => return Err(error.into()),
        }
    }
    let page = questions(&known, &answers, &asked.token, &faults);
    asked.frame_refused(&state, status, &page).await.map(IntoResponse::into_response)
}

/// When the draft was kept that a form was made from.
fn from(sent: &Sent) -> Result<Option<Timestamp>, Refusal> {
    match sent.text("kept").as_str() {
        "" => Ok(None),
        text => {
            text.parse().map(|micros| Some(Timestamp::from_micros(micros))).map_err(|_| Refusal::Malformed)
        }
    }
}

fn kept_field(kept: Option<&Kept>) -> Markup {
    hidden("kept", &kept.map(|kept| kept.at.micros().to_string()).unwrap_or_default())
}

fn steps(at: usize) -> Markup {
    html! {
        ol.stepper aria-label="Steps" {
            @for (number, (words, href)) in [("Company and scope", "/start"), ("Program", "/start/program"), ("Owners and start", "/start?step=next")].iter().enumerate() {
                li aria-current=[(number == at).then_some("step")] { a href=(href) { (number + 1) ". " (words) } }
            }
        }
    }
}

fn questions(known: &Known, answers: &Answers, token: &str, faults: &Faults) -> Page {
    let options = |all: &mut dyn Iterator<Item = (&'static str, &'static str)>| -> Vec<(String, String)> {
        all.map(|(word, plain)| (word.to_owned(), plain.to_owned())).collect()
    };
    let companies = options(&mut Company::ALL.iter().map(|one| (one.word(), one.title())));
    let sizes = options(&mut Size::ALL.iter().map(|one| (one.word(), one.title())));
    let premises = options(&mut Premises::ALL.iter().map(|one| (one.word(), one.title())));
    let hosting = options(&mut Hosting::ALL.iter().map(|one| (one.word(), one.title())));
    let select = |name: &'static str, label, value, options| {
        field(&Field {
            name,
            label,
            value,
            kind: Kind::Select(options),
            fault: faults.of(name),
            ..Field::default()
        })
    };
    let check = |name: &'static str, label, is_yes| {
        field(&Field {
            name,
            label,
            value: if is_yes { "yes" } else { "" },
            kind: Kind::Check,
            ..Field::default()
        })
    };
    let body = html! {
        (faults.summary())
        (kept_field(known.kept.as_ref()))
        (field(&Field {
            name: "services", label: "Which services should the report describe?", value: &answers.services, kind: Kind::Area(2), max: TEXT_MAX,
            hint: "Those that customers ask about: not the whole company, and not without its main product.", fault: faults.of("services"), ..Field::default()
        }))
        (select("company", "What do you do for customers?", answers.company.word(), &companies))
        div.fields {
            (select("size", "How many people work there?", answers.size.word(), &sizes))
            (select("hosting", "Where do the systems run?", answers.hosting.word(), &hosting))
        }
        (select("premises", "Where do people work?", answers.premises.word(), &premises))
        (check("software", "We write the software of these services ourselves", answers.builds_software))
        (check("shared", "Several customers share a system", answers.shares_systems))
        fieldset {
            legend { "What do you promise?" }
            p.hint { "Security is always in scope. Each yes brings a category with its criteria, and controls to keep the promise." }
            @for (category, question) in QUESTIONS {
                (field(&Field {
                    name: category, label: question, kind: Kind::Check,
                    value: if answers.categories.contains(category) { "yes" } else { "" }, ..Field::default()
                }))
            }
        }
        (send("Propose a program", "/controls"))
    };
    let body = html! { div.narrow.stack { (steps(0)) (form("/start", token, &body)) } };
    let mut page = Page::new(Place::Controls, "Put a program together", body);
    page.lead = html! {
        "A few questions, then a program proposed from the starter library. You can leave and go on later."
        @if let Some(kept) = &known.kept { " Kept " (moment::written(kept.at)) " by " (known.names.of(kept.by)) "." }
    };
    page.crumbs = vec![("Controls".into(), "/controls".into())];
    page
}

/// The proposed program.
pub(super) async fn program_page(State(state): State<WebState>, asked: Asked) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let catalog = state.source().catalog().ok_or(Refusal::NotFound)?;
    let known = known(app, actor).await?;
    let Some(kept) = &known.kept else { return Ok(go("/start")) };
    let page = program(&known, kept, catalog, framework(catalog)?, None, &asked.token, &Faults::default());
    asked.frame(&state, &page).await.map(IntoResponse::into_response)
}

/// Keeps what is chosen, or adopts it.
pub(super) async fn adopt(
    State(state): State<WebState>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let catalog = state.source().catalog().ok_or(Refusal::NotFound)?;
    let framework = framework(catalog)?;
    sent.only(&["starter", "aside", "decision", "kept"])?;
    let known = known(app, actor).await?;
    let Some(kept) = &known.kept else { return Ok(go("/start")) };
    let chosen: BTreeSet<String> = sent.all("starter").into_iter().collect();
    let is_adopted = match sent.text("decision").as_str() {
        "adopt" => true,
        "keep" => false,
        _ => return Err(Refusal::Malformed),
    };
    let from = from(&sent)?;
    let draft = Draft { answers: kept.draft.answers.clone(), chosen: Some(chosen.clone()) };
    let left: Vec<(String, String)> = if sent.text("aside") == "yes" {
        left_out(&propose(&draft.answers, catalog, framework), &chosen)
    } else {
        Vec::new()
    };
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    let faults = if is_adopted && chosen.is_empty() {
        Faults::whole("choose at least one control")
    } else {
        let done = app
            .transact(actor, async |cx| {
                start::keep(cx, from, &draft, catalog).await?;
                if is_adopted {
                    start::put_together(cx, catalog, &chosen, &left).await?;
                    // What was answered is what readiness is computed for, until somebody changes its scope.
                    scope::take_over(cx, catalog, &draft.answers).await?;
                }
                Ok(())
            })
            .await;
        match done {
            Ok(()) => return Ok(go(if is_adopted { "/start?step=next" } else { "/start/program" })),
            Err(Error::Conflict(_)) => {
                status = StatusCode::CONFLICT;
                Faults::whole(STALE)
            }
            Err(Error::Invalid(says)) => Faults::whole(says),
            Err(error) => return Err(error.into()),
        }
    };
    let page = program(&known, kept, catalog, framework, Some(&chosen), &asked.token, &faults);
    asked.frame_refused(&state, status, &page).await.map(IntoResponse::into_response)
}

fn program(
    known: &Known,
    kept: &Kept,
    catalog: &Catalog,
    framework: &Framework,
    typed: Option<&BTreeSet<String>>,
    token: &str,
    faults: &Faults,
) -> Page {
    let answers = &kept.draft.answers;
    let verdicts = propose(answers, catalog, framework);
    let scope = answers.criteria(framework);
    let chosen = typed.or(kept.draft.chosen.as_ref());
    let is_chosen = |verdict: &Verdict<'_>| match chosen {
        Some(chosen) => chosen.contains(&verdict.starter.id),
        None => verdict.is_proposed,
    };
    let here = |verdict: &Verdict<'_>| {
        let found = known.controls.iter().find(|control| control.id.as_str() == verdict.starter.id);
        found.map(Control::state)
    };
    let (proposed, left): (Vec<&Verdict<'_>>, Vec<&Verdict<'_>>) =
        verdicts.iter().partition(|verdict| verdict.is_proposed);
    let picked: Vec<Verdict<'_>> = verdicts
        .iter()
        .map(|verdict| Verdict { is_proposed: is_chosen(verdict), ..verdict.clone() })
        .collect();
    let open = unanswered(&picked, &scope);
    let count = picked.iter().filter(|verdict| verdict.is_proposed).count();
    let drafts = verdicts
        .iter()
        .filter(|verdict| !is_chosen(verdict) && here(verdict) == Some(ControlState::Draft))
        .count();
    let rows = |some: &[&Verdict<'_>]| {
        let mut areas: Vec<&str> = some.iter().map(|verdict| verdict.starter.area.as_str()).collect();
        areas.dedup();
        html! {
            @for area in areas {
                h3.group { (area) }
                ul.picks {
                    @for verdict in some.iter().filter(|verdict| verdict.starter.area == area) {
                        li {
                            label.choice {
                                input type="checkbox" name="starter" value=(verdict.starter.id) checked[is_chosen(verdict)];
                                span {
                                    b.mono { (verdict.starter.id) } " " (verdict.starter.title)
                                    @if let Some(state) = here(verdict) { " " span.tag { "here: " (state.word()) } }
                                    span.sub { (verdict.starter.statement) }
                                    span.sub { (crate::design::form::capital(&verdict.why)) "." }
                                }
                            }
                            a.small href={ "/controls/new?from=" (segment(&verdict.starter.id)) } aria-label={ "copy with changes: " (verdict.starter.id) } { "copy with changes" }
                        }
                    }
                }
            }
        }
    };
    let body = html! {
        (faults.summary())
        (kept_field(Some(kept)))
        p { "Adopt only what the company really does. A control that is listed and not run is worse than none: it misstates the description and fails the test. Numbers in the statements are proposals; the number you keep becomes a promise." }
        @if !open.is_empty() {
            p.problem { (open.len()) " " (plural(open.len(), "criterion", "criteria")) " in scope would be answered by no control: "
                @for (at, id) in open.iter().enumerate() { @if at > 0 { ", " } a href={ "/criteria/" (segment(id)) } { (id) } } "." }
        }
        (block("proposed", &format!("Proposed ({})", proposed.len()), &html! {}, &rows(&proposed)))
        (block("left", &format!("Left out ({})", left.len()), &html! {}, &html! {
            details { summary { "Which, and why" } (rows(&left)) }
        }))
        @if drafts > 0 {
            (field(&Field {
                name: "aside", label: "Set aside the drafts that are here and not chosen", kind: Kind::Check, value: "",
                hint: "Only drafts that nobody has changed. They stay readable with the reason why they were left out.", ..Field::default()
            }))
        }
        p.row {
            button.button.primary type="submit" name="decision" value="adopt" { "Adopt the chosen controls as drafts" }
            button.button type="submit" name="decision" value="keep" { "Keep and go on later" }
        }
    };
    let body = html! { div.narrow.stack { (steps(1)) (form("/start/program", token, &body)) } };
    let mut page = Page::new(Place::Controls, "The proposed program", body);
    page.lead = html! { (count) " of " (verdicts.len()) " starter controls chosen, for " (scope.len()) " criteria in scope. Each becomes a draft of yours, to be edited and put in force." };
    page.crumbs = vec![("Controls".into(), "/controls".into()), ("Start".into(), "/start".into())];
    page
}

/// What is left to do once the controls are there: owners, the start, what shows that they operate.
fn next(known: &Known, asked: &Asked) -> Page {
    let in_state =
        |state: ControlState| known.controls.iter().filter(move |control| control.state() == state);
    let (drafts, in_force) = (in_state(ControlState::Draft).count(), in_state(ControlState::Active).count());
    let unowned = in_state(ControlState::Draft).filter(|control| control.owner.is_none()).count();
    let offers =
        |path: &str| asked.visit.actor.as_deref().is_some_and(|actor| crate::permission::offers(actor, path));
    let body = html! {
        div.narrow.stack {
            (steps(2))
            ol.todo.numbered {
                @if offers("/people") {
                    li { a.what href="/people" { "Invite the people who own controls" } span.why { "Each control needs somebody with a name who answers for it, and somebody else accepts the evidence." } }
                }
                li { a.what href="/controls?state=draft" { "Give each draft an owner" } span.why { "Tick the boxes before the controls, then Assign an owner. " (unowned) " of " (drafts) " " (plural(drafts, "draft has", "drafts have")) " none." } }
                li { a.what href="/controls?state=draft" { "Edit what is not so, and put in force what is" } span.why { "A draft promises nothing. " (in_force) " " (plural(in_force, "control is", "controls are")) " in force. Whoever wrote or chose a text has somebody else put it in force." } }
                @if offers("/jobs") {
                    li { a.what href="/jobs" { "Look at this machine" } span.why { "Tests of controls begin with the first look; what they suggest stands beside the answers." } }
                }
                @if offers("/evidence/items/new") {
                    li { a.what href="/evidence/items/new" { "Add the first evidence" } span.why { "For what no test sees: a screenshot, an export, a record of work. Somebody else accepts it." } }
                }
                li { a.what href="/reports" { "Read the readiness report" } span.why { "What is met, what falls short and what nobody has assessed, as a document." } }
            }
        }
    };
    let mut page = Page::new(Place::Controls, "What comes next", body);
    page.lead = html! { (drafts) " " (plural(drafts, "draft", "drafts")) " and " (in_force) " " (plural(in_force, "control", "controls")) " in force. Do these in order; you can leave and come back." };
    page.crumbs = vec![("Controls".into(), "/controls".into()), ("Start".into(), "/start".into())];
    page
}
