//! Planning an engagement, all at once or step by step, and changing its scope.

mod fields;
pub(super) mod guide;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use tickmark_app::control::commitment;
use tickmark_app::{engagement, identity};
use tickmark_core::catalog::Framework;
use tickmark_core::engagement::{Engagement, ReportKind};

use self::fields::{ABOUT, Offered, Typed, only};
use super::{Known, catalog, framework, href, key, known, outcome, page_of, refused, save};
use crate::WebState;
use crate::design::form::{Faults, form, hidden, send};
use crate::design::frame::{Page, Place};
use crate::error::Refusal;
use crate::form::Sent;
use crate::identity::go;
use crate::visit::Asked;

pub(super) async fn new_page(State(state): State<WebState>, asked: Asked) -> Result<Markup, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let framework = framework(&state)?;
    let (commitments, systems) = app
        .read(actor, async |view| Ok((commitment::list(view).await?, identity::systems(view).await?)))
        .await?;
    let kind = asked.query.get("kind").and_then(ReportKind::from_word).unwrap_or(ReportKind::Soc2);
    let typed = Typed {
        kind: kind.word().to_owned(),
        type_: "2".to_owned(),
        system: systems.first().map(|system| system.name.clone()).unwrap_or_default(),
        ..Typed::default()
    };
    let offered = Offered { framework, commitments: &commitments, systems: &systems };
    let fields = typed.draw(&Faults::default(), &offered);
    let once = app.new_id(asked.visit.now).to_string();
    asked.frame(&state, &new_form(&fields, &once, &asked.token, &Faults::default())).await
}

fn new_form(fields: &Markup, once: &str, token: &str, faults: &Faults) -> Page {
    let body = html! { (faults.summary()) (hidden("once", once)) (fields) (send("Plan it", "/engagements")) };
    let body = html! {
        div.narrow.stack {
            p.muted { "Not sure which report, or which categories? " a href="/engagements/guide" { "Go step by step" } "." }
            (form("/engagements/new", token, &body))
        }
    };
    let mut page = Page::new(Place::Engagements, "Plan an examination", body);
    page.crumbs = vec![("Engagements".into(), "/engagements".into())];
    page
}

pub(super) async fn write(
    State(state): State<WebState>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let framework = framework(&state)?;
    only(&sent, framework)?;
    let (typed, once) = (Typed::of_sent(&sent, framework), sent.text("once"));
    let faults = match typed.scope(None) {
        Err(faults) => faults,
        Ok(scope) => {
            let planned = app
                .transact(actor, async |cx| engagement::plan(cx, &once, scope.clone(), &typed.reason).await)
                .await;
            match planned {
                Ok(record) => return Ok(go(&href(record.key))),
                Err(tickmark_app::Error::Invalid(says) | tickmark_app::Error::Conflict(says)) => {
                    Faults::about(says, &ABOUT)
                }
                Err(error) => return Err(error.into()),
            }
        }
    };
    let (commitments, systems) = app
        .read(actor, async |view| Ok((commitment::list(view).await?, identity::systems(view).await?)))
        .await?;
    let offered = Offered { framework, commitments: &commitments, systems: &systems };
    let fields = typed.draw(&faults, &offered);
    refused(
        &state,
        &asked,
        StatusCode::UNPROCESSABLE_ENTITY,
        &new_form(&fields, &once, &asked.token, &faults),
    )
    .await
}

pub(super) async fn edit_page(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let (key, framework, catalog) = (key(&at)?, framework(&state)?, catalog(&state)?);
    let known = app.read(actor, async |view| known(view, key, catalog).await).await?;
    let record = &known.version.record;
    if record.closed().is_some() {
        return Err(Refusal::NotFound);
    }
    let fields = Typed::of(&record.scope).draw(&Faults::default(), &offered(&known, framework));
    let page = edit_form(record, known.version.number, &fields, &asked.token, &Faults::default());
    asked.frame(&state, &page).await
}

fn offered<'a>(known: &'a Known, framework: &'a Framework) -> Offered<'a> {
    Offered { framework, commitments: &known.grounds.commitments, systems: &known.grounds.systems }
}

fn edit_form(record: &Engagement, number: i64, fields: &Markup, token: &str, faults: &Faults) -> Page {
    let href = href(record.key);
    let body =
        html! { (faults.summary()) (hidden("version", &number.to_string())) (fields) (send("Save", &href)) };
    let mut page = page_of(
        record,
        "Edit the scope",
        html! { div.narrow { (form(&format!("{href}/edit"), token, &body)) } },
    );
    if record.approved().is_some() {
        page.lead = html! { "What was approved holds until somebody else approves the change. Documents that were signed have to be signed again then." };
    }
    page
}

pub(super) async fn change(
    State(state): State<WebState>,
    Path(at): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    let (key, framework, catalog) = (key(&at)?, framework(&state)?, catalog(&state)?);
    only(&sent, framework)?;
    let typed = Typed::of_sent(&sent, framework);
    let from: i64 = sent.text("version").parse().map_err(|_| Refusal::Malformed)?;
    let known = app.read(actor, async |view| known(view, key, catalog).await).await?;
    let record = &known.version.record;
    let (status, faults) = match typed.scope(Some(&record.scope)) {
        Err(faults) => (StatusCode::UNPROCESSABLE_ENTITY, faults),
        Ok(scope) => {
            match outcome(save(&state, &asked, key, from, scope, &typed.reason).await?, &href(key), &ABOUT) {
                Ok(done) => return Ok(done),
                Err(wrong) => wrong?,
            }
        }
    };
    let fields = typed.draw(&faults, &offered(&known, framework));
    // After a conflict the form is of the version that is there now: sent again, it is meant.
    let page = edit_form(record, known.version.number, &fields, &asked.token, &faults);
    refused(&state, &asked, status, &page).await
}
