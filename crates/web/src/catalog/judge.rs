//! Judging a criterion: what its key controls leave uncovered, what compensates, and its status. The rule suggests; a person
//! decides, with a reason.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use tickmark_app::Error;
use tickmark_app::conclusion::judgement::{self, Judged, Said, Version};
use tickmark_core::conclusion::readiness::CriterionStatus;
use tickmark_core::control::TEXT_MAX;

use super::pages::CriterionView;
use crate::WebState;
use crate::control::Names;
use crate::design::badge::badge;
use crate::design::form::{Faults, Field, Kind, field, form, hidden, send};
use crate::design::frame::{Page, Place};
use crate::design::table::plain;
use crate::design::{block, moment, segment};
use crate::error::Refusal;
use crate::form::Sent;
use crate::identity::go;
use crate::visit::Asked;

/// What leaves the status to the rule.
const BY_RULE: &str = "rule";

struct Known {
    view: CriterionView,
    /// Newest first.
    versions: Vec<Version>,
    names: Names,
}

async fn known(state: &WebState, asked: &Asked, id: &str) -> Result<Known, Refusal> {
    let (app, actor) = asked.member(state)?;
    let view = state.source().criterion(id).await?;
    if !view.outside.is_empty() {
        return Err(Refusal::NotFound);
    }
    let catalog = state.source().catalog().ok_or(Refusal::NotFound)?;
    let read = async |view: &mut tickmark_app::View<'_>| {
        Ok((judgement::versions(view, catalog, id).await?, Names::for_looking(view).await?))
    };
    let (versions, names) = app.read(actor, read).await?;
    Ok(Known { view, versions, names })
}

/// The page with the form.
pub(super) async fn page(
    State(state): State<WebState>,
    Path(id): Path<String>,
    asked: Asked,
) -> Result<Markup, Refusal> {
    let known = known(&state, &asked, &id).await?;
    asked.frame(&state, &draw(&known, &asked.token, None, &Faults::default())).await
}

/// The field that a word of a refusal stands for.
const ABOUT: [(&str, &str); 3] =
    [("not covered", "lacks"), ("compensation", "compensation"), ("reason", "reason")];

/// Takes the form.
pub(super) async fn judge(
    State(state): State<WebState>,
    Path(id): Path<String>,
    asked: Asked,
    sent: Sent,
) -> Result<Response, Refusal> {
    let (app, actor) = asked.member(&state)?;
    sent.only(&["version", "status", "lacks", "compensation", "reason"])?;
    let catalog = state.source().catalog().ok_or(Refusal::NotFound)?;
    let from: i64 = sent.text("version").parse().map_err(|_| Refusal::Malformed)?;
    let status = match sent.text("status").as_str() {
        BY_RULE => None,
        word => Some(CriterionStatus::from_word(word).ok_or(Refusal::Malformed)?),
    };
    let said = Said {
        lacks: sent.text("lacks"),
        compensation: sent.text("compensation"),
        status,
        reason: sent.text("reason"),
    };
    let mut answer = StatusCode::UNPROCESSABLE_ENTITY;
    let mut faults = Faults::default();
    if said.reason.is_empty() {
        faults.add("reason", "say why, so that others can follow it");
    } else {
        let judged =
            app.transact(actor, async |cx| judgement::judge(cx, catalog, &id, from, &said).await).await;
        faults = match judged {
            Ok(Judged::Done(_)) => return Ok(go(&format!("/criteria/{}", segment(&id)))),
            Ok(Judged::Stale(_)) => {
                answer = StatusCode::CONFLICT;
                Faults::whole(
                    "somebody judged it meanwhile: the history below has what they said. Nothing was saved; what you typed is \
                     still in the fields",
                )
            }
            Err(Error::Conflict(says) | Error::Invalid(says)) => Faults::about(says, &ABOUT),
            Err(error) => return Err(error.into()),
        };
    }
    let known = known(&state, &asked, &id).await?;
    let page = draw(&known, &asked.token, Some(&sent), &faults);
    asked.frame_refused(&state, answer, &page).await.map(IntoResponse::into_response)
}

fn draw(known: &Known, token: &str, sent: Option<&Sent>, faults: &Faults) -> Page {
    let view = &known.view;
    let row = &view.row;
    let href = format!("/criteria/{}", segment(&row.id));
    let newest = known.versions.first();
    let held = |of: fn(&Version) -> Option<String>| newest.and_then(of).unwrap_or_default();
    let value = |name: &str, held: String| sent.map_or(held, |sent| sent.text(name));
    let status = value(
        "status",
        newest
            .and_then(|version| version.judgement.decision.as_ref())
            .map_or(BY_RULE, |decision| decision.status.word())
            .to_owned(),
    );
    let lacks = value("lacks", held(|version| version.judgement.lacks.clone()));
    let compensation = value("compensation", held(|version| version.judgement.compensation.clone()));
    let reason = value("reason", String::new());
    let mut options = vec![(BY_RULE.to_owned(), "As the rule suggests".to_owned())];
    options.extend(
        super::CriterionStatus::ALL.iter().rev().map(|one| (one.key().to_owned(), one.word().to_owned())),
    );
    let version = newest.map_or(0, |version| version.number);
    let body = html! {
        (faults.summary())
        (hidden("version", &version.to_string()))
        (field(&Field {
            name: "lacks", label: "What do the key controls leave uncovered together?", kind: Kind::Area(2), value: &lacks, max: TEXT_MAX, optional: true, fault: faults.of("lacks"),
            hint: "For example contractors, or a system they do not reach. With it, the rule says partly met at best.", ..Field::default()
        }))
        (field(&Field {
            name: "compensation", label: "Which controls compensate for what is missing or fails?", kind: Kind::Area(2), value: &compensation, max: TEXT_MAX, optional: true, fault: faults.of("compensation"),
            hint: "They have to be designed for the same risk, precise enough, in place the whole time, tested, and not fail for the same cause.", ..Field::default()
        }))
        (field(&Field {
            name: "status", label: "Status", kind: Kind::Select(&options), value: &status,
            hint: "What you decide counts until somebody decides anew. What the rule suggests stays beside it.", ..Field::default()
        }))
        (field(&Field {
            name: "reason", label: "Why", kind: Kind::Area(3), value: &reason, max: TEXT_MAX, fault: faults.of("reason"),
            hint: "What you looked at and what it shows. It is kept with your name and the time; earlier judgements stay readable.", ..Field::default()
        }))
        (send("Record the judgement", &href))
    };
    let body = html! {
        div.narrow { (form(&format!("{href}/judge"), token, &body)) }
        @if !known.versions.is_empty() { (block("history", "History", &html! {}, &history(known))) }
    };
    let mut page = Page::new(Place::Criteria, "Judge it", body);
    page.id.clone_from(&row.id);
    page.lead = html! { (badge(row.status.mark(), row.status.word())) " " (view.basis) };
    page.crumbs = vec![("Criteria".into(), "/criteria".into()), (row.id.clone(), href)];
    page
}

fn history(known: &Known) -> Markup {
    let rows = known.versions.iter().map(|version| {
        let said = &version.judgement;
        vec![
            html! { (moment::written(version.at)) span.sub { (known.names.of(version.by)) } },
            html! {
                @match &said.decision { Some(one) => (super::status_of(one.status).word()), None => "As the rule suggests" }
                @if let Some(lacks) = &said.lacks { span.sub { "Uncovered: " (lacks) } }
                @if let Some(compensation) = &said.compensation { span.sub { "Compensated: " (compensation) } }
            },
            html! { (version.reason) },
        ]
    });
    plain("Judgements, newest first", &["When", "What", "Why"], rows.collect())
}
