//! Answering the four questions about a control. Tests suggest; a person decides, with a reason.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use tickmark_app::{Error, conclusion};
use tickmark_core::conclusion::readiness::{Answer, Question};
use tickmark_core::control::ControlId;

use super::pages::{ControlView, QUESTIONS};
use crate::WebState;
use crate::design::badge::badge;
use crate::design::form::{Faults, Field, Kind, field, form, send};
use crate::design::frame::{Page, Place};
use crate::design::segment;
use crate::error::Refusal;
use crate::form::Sent;
use crate::identity::go;
use crate::visit::Asked;

/// Most characters of a reason.
const REASON_CHARS: usize = 2_000;
/// What leaves an answer as it is.
const KEEP: &str = "keep";

/// The page with the form.
pub(super) async fn page(
    State(state): State<WebState>,
    Path(id): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    asked.member(&state)?;
    let view = state.source().control(&id).await?;
    asked.frame(&state, &draw(&view, &asked.token, &Sent::default(), &Faults::default())).await
}

/// Takes the form: every answer that was given, in one change.
pub(super) async fn answer(
    State(state): State<WebState>,
    Path(id): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    sent.only(&["designed", "implemented", "operating", "evidenced", "reason"])?;
    let control: ControlId = id.parse().map_err(|_| Refusal::NotFound)?;
    let mut given = Vec::new();
    for question in Question::ALL {
        let text = sent.text(question.word());
        if text.is_empty() || text == KEEP {
            continue;
        }
        let answer =
            Answer::ALL.into_iter().find(|answer| answer.word() == text).ok_or(Refusal::Malformed)?;
        given.push((question, answer));
    }
    let reason = sent.text("reason");
    let mut faults = Faults::default();
    if given.is_empty() {
        faults.add("designed", "answer at least one of the four questions");
    }
    if reason.is_empty() {
        faults.add("reason", "say why, so that others can follow it");
    } else if reason.chars().count() > REASON_CHARS {
        faults.add("reason", format!("it has more than {REASON_CHARS} characters"));
    }
    if faults.is_empty() {
        let decided = app
            .transact(actor, async |cx| {
                for (question, answer) in &given {
                    conclusion::decide(cx, &control, *question, *answer, &reason).await?;
                }
                Ok(())
            })
            .await;
        match decided {
            Ok(()) => return Ok(go(&format!("/controls/{}", segment(&id)))),
            Err(Error::Invalid(says) | Error::Conflict(says)) => {
                faults = Faults::about(says, &[("reason", "reason")])
            }
            Err(error) => return Err(error.into()),
        }
    }
    let view = state.source().control(&id).await?;
    let page = draw(&view, &asked.token, &sent, &faults);
    asked.frame_refused(&state, StatusCode::UNPROCESSABLE_ENTITY, &page).await
}

fn draw(view: &ControlView, token: &str, sent: &Sent, faults: &Faults) -> Page {
    let row = &view.row;
    let href = format!("/controls/{}", segment(&row.id));
    let options: Vec<(String, String)> = [
        (KEEP, "Leave as it is"),
        ("yes", "Yes"),
        ("partly", "Partly"),
        ("no", "No"),
        ("not_assessed", "Take the answer back"),
    ]
    .map(|(value, words)| (value.to_owned(), words.to_owned()))
    .to_vec();
    let reason = sent.text("reason");
    let fields = QUESTIONS.iter().zip(&view.answers).map(|(question, answer)| {
        let now = match answer.suggestion {
            Some(suggested) => format!(
                "{}. Now: {}. Tests suggest: {}.",
                question.meaning,
                answer.answer.word().to_lowercase(),
                suggested.word().to_lowercase()
            ),
            None => format!("{}. Now: {}.", question.meaning, answer.answer.word().to_lowercase()),
        };
        let value = sent.text(question.key);
        field(&Field {
            name: question.key,
            label: question.word,
            kind: Kind::Select(&options),
            value: &value,
            hint: &now,
            fault: faults.of(question.key),
            ..Field::default()
        })
    });
    let body = html! {
        (faults.summary())
        div.fields { @for one in fields { (one) } }
        (field(&Field {
            name: "reason", label: "Why", kind: Kind::Area(3), value: &reason, max: REASON_CHARS, fault: faults.of("reason"),
            hint: "What you looked at and what it shows. It is kept with your name and the time; earlier answers stay readable.", ..Field::default()
        }))
        (send("Record the answers", &href))
    };
    let body = html! { div.narrow { (form(&format!("{href}/answer"), token, &body)) } };
    let mut page = Page::new(Place::Controls, &format!("Answer for {}", row.title), body);
    page.id.clone_from(&row.id);
    page.lead = html! { (badge(row.status.mark(), row.status.word())) " " (view.statement) };
    page.crumbs = vec![("Controls".into(), "/controls".into()), (row.id.clone(), href)];
    page
}
