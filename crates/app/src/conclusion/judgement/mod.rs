//! What people say about a criterion beyond its controls: what these leave uncovered, what compensates, and its status.
//!
//! The rule suggests; a named person decides. Owns the table of migration `0063_criterion_judgement.sql`.

mod sql;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::json;
use tickmark_core::Timestamp;
use tickmark_core::catalog::Catalog;
use tickmark_core::conclusion::readiness::{CriterionJudgement, CriterionStatus, DecisionError};
use tickmark_core::id::ActorId;

use super::{JUDGE, scope};
use crate::context::{Cx, View};
use crate::identity::audit::{self, Event, Name};
use crate::register::Kind;
use crate::{Error, Result, control};

/// Most versions of one criterion in one list.
pub const LIST_LIMIT: u32 = 200;

/// A judgement as it stood from a moment on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Version {
    /// Number, from 1.
    pub number: i64,
    /// From when.
    pub at: Timestamp,
    /// Who judged.
    pub by: ActorId,
    /// Why.
    pub reason: String,
    /// What they said.
    pub judgement: CriterionJudgement,
}

/// What somebody says about a criterion.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// What the key controls leave uncovered even when all are ready; may be empty.
    pub lacks: String,
    /// What compensates; may be empty.
    pub compensation: String,
    /// The status; none while the rule's suggestion stands.
    pub status: Option<CriterionStatus>,
    /// Why.
    pub reason: String,
}

/// What came of a judgement made from version `number`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judged {
    /// It is done.
    Done(Box<Version>),
    /// Somebody else was faster; nothing is done. What holds now.
    Stale(Box<Version>),
}

/// Returns what was said about a criterion of the first framework, newest first.
///
/// # Errors
/// `NotFound` for an unknown criterion; if the database refuses.
pub async fn versions(view: &mut View<'_>, catalog: &Catalog, criterion: &str) -> Result<Vec<Version>> {
    let framework = known(catalog, criterion)?;
    let organization = view.organization();
    sql::versions(view.connection(), organization, (framework, criterion), LIST_LIMIT).await
}

/// Returns what holds, by criterion.
pub(crate) async fn all(
    view: &mut View<'_>,
    framework: &str,
) -> Result<BTreeMap<String, CriterionJudgement>> {
    let organization = view.organization();
    sql::newest(view.connection(), organization, framework).await
}

/// Records what a person says about a criterion, from version `from`, 0 while nobody has said anything. What was said before
/// is kept.
///
/// # Errors
/// `Forbidden`, for programs too; `NotFound` for an unknown criterion; `Conflict` if it says what holds already, or no control
/// is mapped to it: then it is not met, whatever anybody says; `Invalid` without a reason.
pub async fn judge(
    cx: &mut Cx<'_>,
    catalog: &Catalog,
    criterion: &str,
    from: i64,
    said: &Said,
) -> Result<Judged> {
    cx.permit_whole(JUDGE)?;
    cx.need_person()?;
    let framework = known(catalog, criterion)?;
    let (organization, by, at) = (cx.organization(), cx.actor.id, cx.now);
    let key = (framework, criterion);
    let before = sql::versions(cx.connection(), organization, key, 1).await?.pop();
    match before {
        Some(now) if now.number != from => return Ok(Judged::Stale(Box::new(now))),
        None if from != 0 => return Err(Error::not_found("judgement", format!("{criterion}/{from}"))),
        _ => {}
    }
    let texts = (said.lacks.as_str(), said.compensation.as_str());
    let judgement =
        CriterionJudgement::new(texts, said.status, (by, at), &said.reason).map_err(|error| match error {
            DecisionError::NoReason => Error::invalid("a judgement needs a reason"),
            other => Error::invalid(other),
        })?;
    let mapped: Vec<_> = control::controls(cx)
        .await?
        .into_iter()
        .filter(|control| {
            let answers = |one: &tickmark_core::control::CriterionMapping| {
                one.framework == framework && one.criterion == criterion
            };
            control.criteria.iter().any(answers)
        })
        .map(|control| control.id)
        .collect();
    if mapped.is_empty() {
        return Err(Error::conflict(format!(
            "no control is mapped to {criterion}, so it is not met; map one first"
        )));
    }
    let version = Version { number: from + 1, at, by, reason: said.reason.trim().to_owned(), judgement };
    sql::add(cx.connection(), organization, key, &version).await?;
    // Pages compute readiness again when a control was touched.
    for id in &mapped {
        cx.touch(Kind::Control, id);
    }
    let event = Event {
        before: before.as_ref().map(state),
        after: Some(state(&version)),
        why: audit::kept_why(&version.reason),
        ..Event::done(Name::CriterionJudged, "criterion", criterion)
    };
    audit::record(cx, event).await?;
    Ok(Judged::Done(Box::new(version)))
}

/// What the trail takes of it: what people wrote stays out.
fn state(version: &Version) -> serde_json::Value {
    let CriterionJudgement { lacks, compensation, decision } = &version.judgement;
    json!({
        "version": version.number,
        "status": decision.as_ref().map(|decision| decision.status),
        "leaves_uncovered": lacks.is_some(),
        "compensated": compensation.is_some(),
    })
}

/// Returns the framework of a criterion that it knows.
fn known<'a>(catalog: &'a Catalog, criterion: &str) -> Result<&'a str> {
    let framework = scope::framework(catalog)?;
    let is_known = framework.requirements().any(|requirement| requirement.id == criterion);
    if is_known { Ok(&framework.id) } else { Err(Error::not_found("criterion", criterion)) }
}
