//! Where the program stands: the four questions as people answered them, what tests suggest beside that, criteria.
//!
//! Nothing here turns a suggestion into an answer. Owns the tables of migration `0012_conclusion.sql`.

pub mod judgement;
pub mod period;
pub mod remediation;
pub mod scope;
mod sql;
mod standing;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::json;
use tickmark_core::conclusion::readiness::{Answer, Decision, Question, Rating};
use tickmark_core::control::ControlId;
use tickmark_core::id::ActorId;
use tickmark_core::identity::{Atom, Resource, Verb};
use tickmark_core::report::ReadinessReport;
use tickmark_core::{Digest, Timestamp, canonical};
use tickmark_ledger::leaf::LeafKind;

use crate::context::{Cx, View};
use crate::register::Kind;
use crate::{Error, Result, control};

pub use standing::{ControlStanding, Mark, Standing, mark, standing, standing_of};

/// What judging needs of a member.
const JUDGE: Atom = Atom::new(Resource::TestResult, Verb::Approve);

/// A frozen readiness assessment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Snapshot {
    /// Number, from 1.
    pub key: i64,
    /// When it was taken.
    pub taken_at: Timestamp,
    /// Who took it.
    pub taken_by: ActorId,
    /// Digest of the model, which is kept as a blob.
    pub model: Digest,
}

/// Records a person's answer to one question about one control. The answer before it is kept.
///
/// # Errors
/// `Forbidden` for programs; `Invalid` without a reason; `NotFound` for an unknown control.
pub async fn decide(
    cx: &mut Cx<'_>,
    id: &ControlId,
    question: Question,
    answer: Answer,
    reason: &str,
) -> Result<Decision> {
    let control = control::find(cx, id).await?;
    let object = control::edit::object(cx, &control).await?;
    cx.permit_on(JUDGE, &object)?;
    cx.need_person()?;
    let decision =
        Decision::new(question, answer, cx.actor.id, cx.now, reason.trim()).map_err(Error::invalid)?;
    let organization = cx.organization();
    sql::add_decision(cx.connection(), organization, id, &decision).await?;
    cx.touch(Kind::Control, id);
    // The reason is a person's free text and stays out of the log.
    cx.record(
        LeafKind::Approval,
        &json!({"event": "rating.decided", "control": id, "question": question, "answer": answer}),
    )?;
    Ok(decision)
}

/// Returns every decision about a control, oldest first.
///
/// # Errors
/// If the database refuses, or holds what we never wrote.
pub async fn decisions(view: &mut View<'_>, id: &ControlId) -> Result<Vec<Decision>> {
    let organization = view.organization();
    sql::decisions_of(view.connection(), organization, id).await
}

/// Returns what people answered about a control.
pub(crate) async fn rating(view: &mut View<'_>, id: &ControlId) -> Result<Rating> {
    Ok(Rating::of(decisions(view, id).await?))
}

/// Returns what people answered about all controls.
pub(crate) async fn ratings(view: &mut View<'_>) -> Result<BTreeMap<ControlId, Rating>> {
    let organization = view.organization();
    sql::ratings(view.connection(), organization).await
}

/// Returns every decision by control, oldest first.
pub(crate) async fn all_decisions(view: &mut View<'_>) -> Result<BTreeMap<ControlId, Vec<Decision>>> {
    let organization = view.organization();
    sql::decisions(view.connection(), organization).await
}

/// Freezes a readiness assessment: its model is kept whole and committed to.
///
/// # Errors
/// `Forbidden` for programs; otherwise if disk or database refuse.
pub async fn snapshot(cx: &mut Cx<'_>, model: &ReadinessReport) -> Result<Snapshot> {
    cx.permit_whole(JUDGE)?;
    cx.need_person()?;
    let bytes = canonical::bytes(model).map_err(|error| Error::internal("writing the assessment", error))?;
    let digest = Digest(cx.app.blobs().put(bytes.into()).await?);
    let (organization, by, at) = (cx.organization(), cx.actor.id, cx.now);
    let key = sql::add_snapshot(cx.connection(), organization, &by.to_string(), at, digest).await?;
    cx.record(LeafKind::Approval, &json!({"event": "assessment.taken", "assessment": key, "model": digest}))?;
    Ok(Snapshot { key, taken_at: at, taken_by: by, model: digest })
}

/// Lists the frozen assessments, newest first.
///
/// # Errors
/// As [`decisions`].
pub async fn snapshots(view: &mut View<'_>) -> Result<Vec<Snapshot>> {
    let organization = view.organization();
    sql::snapshots(view.connection(), organization).await
}

/// Reads the model of a frozen assessment.
///
/// # Errors
/// `NotFound` if there is none with this number; `Damaged` if its model is not what was frozen.
pub async fn assessment(view: &mut View<'_>, key: i64) -> Result<(Snapshot, ReadinessReport)> {
    let found = snapshots(view).await?.into_iter().find(|snapshot| snapshot.key == key);
    let snapshot = found.ok_or_else(|| Error::not_found("assessment", key))?;
    let bytes = view.app.blobs().get(snapshot.model.0).await?;
    let model =
        serde_json::from_slice(&bytes).map_err(|error| Error::corrupt(format!("assessment {key}"), error))?;
    Ok((snapshot, model))
}

/// Tells whether an assessment keeps its model in this object.
pub(crate) async fn names_object(view: &mut View<'_>, object: Digest) -> Result<bool> {
    sql::names_object(view.connection(), object).await
}
