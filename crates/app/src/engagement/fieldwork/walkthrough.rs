//! Walkthroughs of the audit firm: one transaction traced through each step of a process, as the description tells it.
//! Reading, signing and sharing them is as for all papers: [`super::signed`].

use tickmark_core::engagement::fieldwork::{SignedPaper as _, Walked, Walkthrough};
use tickmark_core::engagement::{EngagementKey, Process};
use tickmark_core::identity::Verb;

use super::signed::{Paper as _, held, need_auditor, save, write};
use super::{Row, field, open_field};
use crate::context::{Cx, View};
use crate::{Error, Result};

/// Lists the processes that can be walked through: those that the description tells as it is written now, for the firm once
/// somebody of management reviewed it.
///
/// # Errors
/// `Forbidden`; `NotFound`.
pub async fn processes(view: &mut View<'_>, key: EngagementKey) -> Result<Vec<Process>> {
    let field = field(view, key).await?;
    view.permit_on(super::super::atom(Verb::Read), &field.object)?;
    Ok(super::super::read_by(view, field.version.record).described().processes)
}

/// Begins a walkthrough of a process, with its steps as the description tells them now.
///
/// # Errors
/// `Forbidden` for everybody but the firm; `NotFound` if the description tells no such process, or nobody of management has
/// reviewed it as it stands; `Invalid`; `Conflict` once the engagement is frozen.
pub async fn begin(cx: &mut Cx<'_>, key: EngagementKey, process: &str, transaction: &str) -> Result<i64> {
    let field = open_field(cx, key).await?;
    need_auditor(&field, cx, Verb::Create)?;
    let record = super::super::read_by(cx, field.version.record);
    let told = record.description.as_ref().and_then(|held| {
        let process = held.content.processes.iter().find(|one| one.name == process)?;
        Some((process, held.version))
    });
    let (process, version) = told.ok_or_else(|| Error::not_found("process", process))?;
    let by = cx.actor.id;
    let held: Vec<Row<Walkthrough>> = held(cx, key).await?;
    let number = held.iter().map(|row| row.record.number).max().unwrap_or(0) + 1;
    let record = Walkthrough::begin(number, process, version, transaction, by).map_err(Error::invalid)?;
    let is_same = |row: &&Row<Walkthrough>| row.record.digest() == record.digest();
    if let Some(same) = held.iter().find(is_same) {
        // A form that is sent twice begins one.
        return Ok(same.record.number);
    }
    save(cx, key, None, record, Walkthrough::WRITTEN).await?;
    Ok(number)
}

/// Keeps what was found at steps, by number from 1, from version `from`.
///
/// # Errors
/// `Forbidden` for everybody but the firm; `NotFound`; `Invalid`; `Conflict` if it was changed meanwhile, or once the
/// engagement is frozen.
pub async fn record(
    cx: &mut Cx<'_>,
    key: EngagementKey,
    number: i64,
    from: i64,
    transaction: &str,
    found: Vec<(usize, Walked)>,
) -> Result<()> {
    let record = |one: &mut Walkthrough, by, _| one.record(transaction, found, by);
    write(cx, (key, number, from), Walkthrough::WRITTEN, record).await
}

/// Writes what follows.
///
/// # Errors
/// As [`record`].
pub async fn conclude(cx: &mut Cx<'_>, key: EngagementKey, number: i64, from: i64, text: &str) -> Result<()> {
    let conclude = |one: &mut Walkthrough, by, _| one.conclude(text, by);
    write(cx, (key, number, from), Walkthrough::WRITTEN, conclude).await
}
