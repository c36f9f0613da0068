//! One change of several records, each for itself: what can be done is done, and of what cannot is said why.
//!
//! All of it is one transaction. A use case refuses before it writes, so what was refused left nothing; whatever else goes
//! wrong ends the whole.

use tickmark_core::conclusion::finding::{Plan, ProposedFinding};
use tickmark_core::conclusion::scope::Day;
use tickmark_core::control::ControlId;
use tickmark_core::control::commitment::CommitmentKey;
use tickmark_core::id::{ActorId, ItemKey};

use crate::conclusion::remediation::{self, Done};
use crate::context::Cx;
use crate::control::commitment;
use crate::evidence::item;
use crate::identity::audit;
use crate::{Error, Result};

/// Most records of one change.
pub const MANY: usize = 200;

/// What came of a change for one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What names the record in addresses.
    pub id: String,
    /// Why nothing was done; none if it was.
    pub refused: Option<String>,
}

/// Keeps what a use case refuses, with a denial as an event of the trail; whatever else goes wrong ends the whole.
async fn settle<T>(cx: &mut Cx<'_>, id: String, done: Result<T>) -> Result<Outcome> {
    let refused = match done {
        Ok(_) => return Ok(Outcome { id, refused: None }),
        Err(Error::Conflict(says) | Error::Invalid(says) | Error::Forbidden(says)) => says,
        Err(error @ Error::NotFound { .. }) => error.to_string(),
        Err(error) => return Err(error),
    };
    for denial in cx.take_refused() {
        audit::record_refused(cx, &denial).await?;
    }
    Ok(Outcome { id, refused: Some(refused) })
}

fn few(count: usize) -> Result<()> {
    if count > MANY {
        return Err(Error::invalid(format!("at most {MANY} are changed at once")));
    }
    Ok(())
}

/// Accepts items of evidence, each as it was in a revision.
///
/// # Errors
/// `StepUp`, or if the database fails; so for the other functions here.
pub async fn accept_evidence(cx: &mut Cx<'_>, items: &[(ItemKey, i64)]) -> Result<Vec<Outcome>> {
    few(items.len())?;
    let mut outcomes = Vec::with_capacity(items.len());
    for (key, revision) in items {
        let done = item::accept(cx, *key, *revision, "").await;
        outcomes.push(settle(cx, key.to_string(), done).await?);
    }
    Ok(outcomes)
}

/// Says of items of evidence that they serve a control too, each as it was in a revision.
///
/// # Errors
/// As [`accept_evidence`].
pub async fn link_evidence(
    cx: &mut Cx<'_>,
    items: &[(ItemKey, i64)],
    control: &ControlId,
) -> Result<Vec<Outcome>> {
    few(items.len())?;
    let mut outcomes = Vec::with_capacity(items.len());
    for (key, revision) in items {
        let done = item::link(cx, *key, *revision, control).await;
        outcomes.push(settle(cx, key.to_string(), done).await?);
    }
    Ok(outcomes)
}

/// A finding to be assigned: its reference, and what the rules find, where nobody has taken it on.
pub type Chosen = (String, Option<ProposedFinding>);

/// Gives findings an owner. Those that nobody has taken on are taken on with the day and the plan; of the others only the
/// owner changes.
///
/// # Errors
/// As [`accept_evidence`].
pub async fn assign_findings(
    cx: &mut Cx<'_>,
    findings: &[Chosen],
    owner: ActorId,
    (due, plan): (Option<Day>, &str),
) -> Result<Vec<Outcome>> {
    few(findings.len())?;
    let mut outcomes = Vec::with_capacity(findings.len());
    for (reference, found) in findings {
        let done = assign(cx, reference, found.as_ref(), owner, (due, plan)).await;
        outcomes.push(settle(cx, reference.clone(), done).await?);
    }
    Ok(outcomes)
}

async fn assign(
    cx: &mut Cx<'_>,
    reference: &str,
    found: Option<&ProposedFinding>,
    owner: ActorId,
    (due, plan): (Option<Day>, &str),
) -> Result<()> {
    let owner = Some(owner);
    if let Some(version) = remediation::newest_open(cx, reference).await? {
        let record = version.record;
        let plan = Plan { owner, due: record.due, cause: record.found.cause, plan: record.plan };
        return taken(remediation::plan(cx, reference, version.number, plan).await?);
    }
    let found = found.ok_or_else(|| Error::not_found("finding", reference))?;
    let plan = Plan { owner, due, cause: String::new(), plan: plan.to_owned() };
    remediation::take(cx, found.clone(), plan).await.map(|_| ())
}

fn taken(done: Done) -> Result<()> {
    match done {
        Done::Done(_) => Ok(()),
        Done::Stale => Err(Error::conflict("somebody changed it meanwhile")),
    }
}

/// Moves the day by which findings are due to a later one, with a reason.
///
/// # Errors
/// As [`accept_evidence`].
pub async fn extend_findings(
    cx: &mut Cx<'_>,
    references: &[String],
    to: Day,
    reason: &str,
) -> Result<Vec<Outcome>> {
    few(references.len())?;
    let mut outcomes = Vec::with_capacity(references.len());
    for reference in references {
        let done = match remediation::newest_open(cx, reference).await? {
            Some(version) => {
                remediation::extend(cx, reference, version.number, to, reason).await.and_then(taken)
            }
            None => Err(Error::conflict("nobody has taken it on")),
        };
        outcomes.push(settle(cx, reference.clone(), done).await?);
    }
    Ok(outcomes)
}

/// Retires commitments, with a reason.
///
/// # Errors
/// As [`accept_evidence`].
pub async fn retire_commitments(
    cx: &mut Cx<'_>,
    keys: &[CommitmentKey],
    reason: &str,
) -> Result<Vec<Outcome>> {
    few(keys.len())?;
    let mut outcomes = Vec::with_capacity(keys.len());
    for key in keys {
        let done = commitment::retire(cx, *key, reason).await;
        outcomes.push(settle(cx, key.to_string(), done).await?);
    }
    Ok(outcomes)
}
