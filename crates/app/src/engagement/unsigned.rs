//! What of engagements waits for somebody of management: scopes to approve, documents and letters to sign.

use tickmark_core::Timestamp;
use tickmark_core::engagement::{Engagement, EngagementKey, Paper, Standing, Step};
use tickmark_core::identity::Verb;

use super::{Version, atom, completion, fieldwork, not_closed, not_ready, sign_one, signing};
use crate::Result;
use crate::context::View;
use crate::identity::Access;

/// What it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The scope, or a change of it.
    Scope,
    /// A document.
    Paper(Paper),
    /// The representation letter.
    Representation,
    /// A bridge letter, by its number.
    Bridge(u32),
}

/// Something that waits for the actor's signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsigned {
    /// Of which engagement.
    pub engagement: EngagementKey,
    /// What it is.
    pub what: What,
    /// Which step is next.
    pub step: Step,
    /// From when it is as it is.
    pub since: Timestamp,
}

/// Returns what the actor could approve, review or sign now: never what they wrote, or reviewed themselves.
///
/// # Errors
/// If the database fails, or holds what we never wrote.
pub async fn unsigned(view: &mut View<'_>) -> Result<Vec<Unsigned>> {
    let mut found = Vec::new();
    let is_member = matches!(view.actor.access, Access::Member(_));
    let signs = [Step::Review, Step::Approve].into_iter().any(|step| view.sees_whole(signing(step)));
    if !is_member || !signs || !view.sees_whole(atom(Verb::Read)) {
        return Ok(found);
    }
    for version in not_closed(view).await? {
        let record = &version.record;
        if fieldwork::refuse_frozen(view, record.key).await.is_err() {
            // Bridge letters are written afterwards.
            if record.approved().is_some() {
                completion::unsigned(view, record, false, &mut found).await?;
            }
            continue;
        }
        if scope_waits(view, record) {
            let (what, step, since) = (What::Scope, Step::Approve, record.written.at);
            found.push(Unsigned { engagement: record.key, what, step, since });
        }
        if record.approved().is_some() {
            papers(view, &version, &mut found).await?;
            completion::unsigned(view, record, true, &mut found).await?;
        }
    }
    Ok(found)
}

fn scope_waits(view: &View<'_>, record: &Engagement) -> bool {
    matches!(record.standing(), Standing::Planned | Standing::ChangeWaits)
        && record.written.by != view.actor.id
        && view.sees_whole(atom(Verb::Approve))
}

async fn papers(view: &mut View<'_>, version: &Version, found: &mut Vec<Unsigned>) -> Result<()> {
    let (record, by) = (&version.record, (view.actor.id, view.now));
    for paper in record.papers() {
        let Some(step) = record.next_step(paper).filter(|step| view.sees_whole(signing(*step))) else {
            continue;
        };
        let (mut tried, ground) = (record.clone(), record.ground(paper));
        let (signed, since) = match paper {
            Paper::Description => {
                let since = tried.description.as_ref().map(|one| one.at);
                (sign_one(tried.description.as_mut(), step, None, by, ground), since)
            }
            Paper::Assertion => {
                let since = tried.assertion.as_ref().map(|one| one.at);
                (sign_one(tried.assertion.as_mut(), step, None, by, ground), since)
            }
        };
        // Whether it is ready is asked last: that reads all controls.
        if signed.is_ok() && not_ready(view, record, paper).await?.is_none() {
            let (engagement, what) = (record.key, What::Paper(paper));
            found.push(Unsigned { engagement, what, step, since: since.unwrap_or(version.since) });
        }
    }
    Ok(())
}
