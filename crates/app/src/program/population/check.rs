//! Checks of completeness and accuracy: made, kept with who made them, and asked for before a list is frozen.

use serde_json::json;
use tickmark_core::id::PopulationKey;
use tickmark_core::program::population::{Amount, AskedCheck, Checked, Item, Looked, MAX_CHECKS, Procedure};
use tickmark_core::program::sampling::{Frame, Seed, Unit};
use tickmark_ledger::leaf::LeafKind;

use super::sql;
use crate::context::{Cx, View};
use crate::{Action, Error, Result};

/// Makes a check of a list and keeps what it found.
///
/// # Errors
/// If the actor may not bring in what was seen; `NotFound` for no such population; `Conflict` before it has its list;
/// `Invalid` for a check that cannot be made.
pub async fn check(cx: &mut Cx<'_>, key: PopulationKey, asked: AskedCheck) -> Result<Checked> {
    cx.authorize(Action::Observe)?;
    let population = super::find(cx, key).await?;
    if population.file.is_none() {
        return Err(Error::conflict(format!(
            "population {key} has no list yet; hand it in before it is checked"
        )));
    }
    let (organization, now) = (cx.organization(), cx.now);
    let items = sql::items(cx.connection(), organization, key).await?;
    let earlier = checks(cx, key).await?;
    if earlier.len() >= MAX_CHECKS {
        return Err(Error::invalid(format!("a population has at most {MAX_CHECKS} checks")));
    }
    let total = total(cx, key).await?;
    let looked =
        Looked { keys: items.iter().map(|item| item.key.as_str()).collect(), total, checks: &earlier };
    let check = asked.look(&looked).map_err(Error::invalid)?;
    let checked =
        Checked { population: key, number: earlier.len() as i64 + 1, at: now, by: cx.actor.id, check };
    let (salt, commitment) = crate::program::commit(cx.app, "a check of a population", &checked)?;
    sql::add_check(cx.connection(), organization, &checked, salt).await?;
    let event = match checked.check.done {
        Procedure::Explained { .. } => "population.explained",
        _ => "population.checked",
    };
    cx.record(
        LeafKind::AuditEvent,
        &json!({
            "event": event, "population": key, "check": checked.number, "agrees": checked.check.agrees(),
            "record": commitment,
        }),
    )?;
    Ok(checked)
}

async fn total(view: &mut View<'_>, key: PopulationKey) -> Result<Option<Amount>> {
    Ok(super::reading_of(view, key).await?.and_then(|reading| reading.total))
}

/// Returns the checks of a population, in order.
///
/// # Errors
/// If the database refuses, or holds what we never wrote.
pub async fn checks(view: &mut View<'_>, key: PopulationKey) -> Result<Vec<Checked>> {
    let organization = view.organization();
    let checks = sql::checks(view.connection(), organization, Some(key)).await?;
    Ok(checks.into_iter().map(|(checked, _)| checked).collect())
}

/// Suggests rows to look up in the source: some of the list, by chance, so that nobody looks at the easy ones.
///
/// # Errors
/// As [`checks`].
pub async fn suggested(view: &mut View<'_>, key: PopulationKey, count: u64) -> Result<Vec<Item>> {
    let items = super::items(view, key).await?;
    let units: Vec<Unit> = items.iter().map(|item| Unit { key: item.key.clone(), stratum: None }).collect();
    if units.is_empty() {
        return Ok(Vec::new());
    }
    let frame = Frame::new(units).map_err(Error::invalid)?;
    let seed = Seed::random(view.app.random());
    let draw = frame.random(&seed, count.clamp(1, frame.size())).map_err(Error::invalid)?;
    let at = |place: u64| usize::try_from(place - 1).ok().and_then(|place| items.get(place)).cloned();
    Ok(draw.picks.iter().filter_map(|pick| at(pick.place)).collect())
}
