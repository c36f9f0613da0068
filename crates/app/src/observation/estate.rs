//! What people say about targets: described, and taken out, each with its history. What is seen of them is left to runs. Owns
//! the table of migration `0069_target_record.sql`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use tickmark_core::Timestamp;
use tickmark_core::id::{ActorId, TargetKey};
use tickmark_core::identity::{Atom, Object, Resource, Verb};
use tickmark_core::observation::estate::TargetRecord;

use super::{find_target, sql};
use crate::context::{Cx, View};
use crate::identity::audit::{self, Event, Name};
use crate::identity::{self, system};
use crate::{Error, Result};

/// What saying something about a target needs.
pub const DESCRIBING: Atom = Atom::new(Resource::Asset, Verb::Update);
/// Most characters of a reason.
const REASON_MAX: usize = 2_000;

/// What made a record so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// Somebody described it.
    Described,
    /// Somebody took it out.
    Retired,
}

impl Said {
    /// Returns the word used in storage.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Described => "described",
            Self::Retired => "retired",
        }
    }

    pub(super) fn of(word: &str) -> Option<Self> {
        [Self::Described, Self::Retired].into_iter().find(|said| said.word() == word)
    }
}

/// A record as it stood from a moment on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordVersion {
    /// Number, from 1; 0 while nobody said anything.
    pub number: i64,
    /// From when.
    pub at: Timestamp,
    /// Who made it so.
    pub by: ActorId,
    /// By what.
    pub said: Said,
    /// Why.
    pub reason: String,
    /// The record.
    pub record: TargetRecord,
}

/// Returns every version of what was said about a target, oldest first; none if nobody said anything.
///
/// # Errors
/// `Forbidden` for whoever may not see what was seen; `NotFound`.
pub async fn versions(view: &mut View<'_>, key: TargetKey) -> Result<Vec<RecordVersion>> {
    view.permit_whole(Atom::new(Resource::TestResult, Verb::Read))?;
    find_target(view, key).await?;
    let organization = view.organization();
    sql::estate::versions(view.connection(), organization, key).await
}

/// Returns what is said about all targets now, whoever asks.
pub(crate) async fn records(view: &mut View<'_>) -> Result<BTreeMap<TargetKey, TargetRecord>> {
    let organization = view.organization();
    sql::estate::newest(view.connection(), organization).await
}

/// Returns what is said about a target now, whoever asks.
pub(crate) async fn record_of(view: &mut View<'_>, key: TargetKey) -> Result<TargetRecord> {
    let organization = view.organization();
    let newest = sql::estate::versions(view.connection(), organization, key).await?.pop();
    Ok(newest.map(|version| version.record).unwrap_or_default())
}

/// Says anew who answers for a target, which system it belongs to and how much hangs on it, from version `from`.
///
/// # Errors
/// `Forbidden`; `NotFound`; `Conflict` if somebody was faster; `Invalid` for somebody or a system that is not here.
pub async fn describe(
    cx: &mut Cx<'_>,
    key: TargetKey,
    from: i64,
    record: TargetRecord,
    reason: &str,
) -> Result<RecordVersion> {
    let before = reached(cx, key).await?;
    if before.as_ref().map_or(0, |version| version.number) != from {
        return Err(Error::conflict("somebody changed it meanwhile; look at it as it is now"));
    }
    let record = record.checked().map_err(Error::invalid)?;
    identity::need_known_person(cx, record.owner).await?;
    if let Some(id) = record.system {
        let systems = system::all(cx).await?;
        if !systems.iter().any(|system| system.id == id && system.retired_at.is_none()) {
            return Err(Error::invalid("choose a system that is in use"));
        }
    }
    save(cx, key, before, record, (Said::Described, reason)).await
}

/// Takes a target out, with a reason. What was seen of it stays. If a source still expects it, it is there again with the
/// next look.
///
/// # Errors
/// `Forbidden`, for programs too; `NotFound`; `Invalid` without a reason; `Conflict` if it is out already.
pub async fn retire(cx: &mut Cx<'_>, key: TargetKey, reason: &str) -> Result<RecordVersion> {
    let before = reached(cx, key).await?;
    cx.need_person()?;
    if reason.trim().is_empty() {
        return Err(Error::invalid("say why, so that others can follow it"));
    }
    if find_target(cx, key).await?.retired_at.is_some() {
        return Err(Error::conflict("it left the scope already"));
    }
    let record = before.as_ref().map(|version| version.record.clone()).unwrap_or_default();
    let done = save(cx, key, before, record, (Said::Retired, reason)).await?;
    let (organization, now) = (cx.organization(), cx.now);
    sql::set_retired(cx.connection(), organization, &[key], Some(now)).await?;
    Ok(done)
}

/// Finds what is said about a target now, and asks whether it may be said anew.
async fn reached(cx: &mut Cx<'_>, key: TargetKey) -> Result<Option<RecordVersion>> {
    find_target(cx, key).await?;
    let organization = cx.organization();
    let newest = sql::estate::versions(cx.connection(), organization, key).await?.pop();
    let any = identity::object_of(cx, BTreeSet::new()).await?;
    let system = newest.as_ref().and_then(|version| version.record.system).or(any.system);
    cx.permit_on(DESCRIBING, &Object { system, ..any })?;
    Ok(newest)
}

async fn save(
    cx: &mut Cx<'_>,
    key: TargetKey,
    before: Option<RecordVersion>,
    record: TargetRecord,
    (said, reason): (Said, &str),
) -> Result<RecordVersion> {
    let reason = reason.trim().to_owned();
    if reason.chars().count() > REASON_MAX {
        return Err(Error::invalid(format!("a reason has at most {REASON_MAX} characters")));
    }
    let number = before.as_ref().map_or(1, |version| version.number + 1);
    let (organization, by, at) = (cx.organization(), cx.actor.id, cx.now);
    let version = RecordVersion { number, at, by, said, reason, record };
    sql::estate::add(cx.connection(), organization, key, &version).await?;
    let state = |record: &TargetRecord| json!({"owner": record.owner, "system": record.system, "criticality": record.criticality});
    let name = match said {
        Said::Described => Name::TargetDescribed,
        Said::Retired => Name::TargetRetired,
    };
    let event = Event {
        before: before.map(|version| state(&version.record)),
        after: Some(state(&version.record)),
        why: audit::kept_why(&version.reason),
        ..Event::done(name, "target", key)
    };
    audit::record(cx, event).await?;
    Ok(version)
}
