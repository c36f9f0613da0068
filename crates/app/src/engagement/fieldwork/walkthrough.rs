//! Walkthroughs of the audit firm: one transaction traced through each step of a process, as the description tells it.
//!
//! Only people of the firm who signed in write them or read what is not shared; management reads each one as it stood when
//! it was shared last.

use serde_json::json;
use tickmark_core::Timestamp;
use tickmark_core::engagement::fieldwork::{Party, Walked, Walkthrough, WorkpaperError};
use tickmark_core::engagement::{EngagementKey, Process};
use tickmark_core::id::ActorId;
use tickmark_core::identity::Verb;

use super::sql::Kind;
use super::workpaper::{Signing, Standing, as_shared, need_auditor};
use super::{Row, digest, field, open_field, same, sql};
use crate::context::{Cx, View};
use crate::identity::audit::{self, Event, Name};
use crate::{Error, Result};

fn standing(one: &Walkthrough) -> Standing {
    Standing { number: one.number, is_shared: one.shared().is_some(), shared_at: one.signatures.shared_at() }
}

/// Lists the walkthroughs that the actor may read, by number: all of them for the firm, and for management those that were
/// shared, as they stood then.
///
/// # Errors
/// `Forbidden`; `NotFound`.
pub async fn list(view: &mut View<'_>, key: EngagementKey) -> Result<Vec<Row<Walkthrough>>> {
    let field = field(view, key).await?;
    let organization = view.organization();
    if field.party == Party::Auditor {
        need_auditor(&field, view, Verb::Read)?;
        return sql::papers(view.connection(), organization, key, Kind::Walkthrough).await;
    }
    view.permit_on(super::super::atom(Verb::Read), &field.object)?;
    let newest = sql::papers(view.connection(), organization, key, Kind::Walkthrough).await?;
    as_shared(view, (key, Kind::Walkthrough), newest, standing).await
}

/// Finds a walkthrough that the actor may read.
///
/// # Errors
/// `Forbidden`; `NotFound`.
pub async fn find(view: &mut View<'_>, key: EngagementKey, number: i64) -> Result<Row<Walkthrough>> {
    let field = field(view, key).await?;
    match field.party {
        Party::Auditor => need_auditor(&field, view, Verb::Read)?,
        Party::Management => view.permit_on(super::super::atom(Verb::Read), &field.object)?,
    }
    let organization = view.organization();
    let found = sql::paper(view.connection(), organization, key, Kind::Walkthrough, number).await?;
    let mut found: Vec<Row<Walkthrough>> = found.into_iter().collect();
    if field.party == Party::Management {
        found = as_shared(view, (key, Kind::Walkthrough), found, standing).await?;
    }
    found.pop().ok_or_else(|| Error::not_found("walkthrough", number))
}

/// Lists the processes that can be walked through: those that the description tells as it is written now.
///
/// # Errors
/// `Forbidden`; `NotFound`.
pub async fn processes(view: &mut View<'_>, key: EngagementKey) -> Result<Vec<Process>> {
    let field = field(view, key).await?;
    view.permit_on(super::super::atom(Verb::Read), &field.object)?;
    Ok(field.version.record.described().processes)
}

/// Begins a walkthrough of a process, with its steps as the description tells them now.
///
/// # Errors
/// `Forbidden` for everybody but the firm; `NotFound` if the description tells no such process; `Invalid`; `Conflict` once
/// the engagement is frozen.
pub async fn begin(cx: &mut Cx<'_>, key: EngagementKey, process: &str, transaction: &str) -> Result<i64> {
    let field = open_field(cx, key).await?;
    need_auditor(&field, cx, Verb::Create)?;
    let document = field.version.record.description.as_ref();
    let told = document.and_then(|held| {
        let process = held.content.processes.iter().find(|one| one.name == process)?;
        Some((process, held.version))
    });
    let (process, version) = told.ok_or_else(|| Error::not_found("process", process))?;
    let (organization, by) = (cx.organization(), cx.actor.id);
    let held: Vec<Row<Walkthrough>> =
        sql::papers(cx.connection(), organization, key, Kind::Walkthrough).await?;
    let number = held.iter().map(|row| row.record.number).max().unwrap_or(0) + 1;
    let record = Walkthrough::begin(number, process, version, transaction, by).map_err(Error::invalid)?;
    let is_same = |row: &&Row<Walkthrough>| row.record.digest() == record.digest();
    if let Some(same) = held.iter().find(is_same) {
        // A form that is sent twice begins one.
        return Ok(same.record.number);
    }
    save(cx, key, None, record, Name::WalkthroughWritten).await?;
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
    write(cx, (key, number, from), Name::WalkthroughWritten, |one, by, _| one.record(transaction, found, by))
        .await
}

/// Writes what follows.
///
/// # Errors
/// As [`record`].
pub async fn conclude(cx: &mut Cx<'_>, key: EngagementKey, number: i64, from: i64, text: &str) -> Result<()> {
    write(cx, (key, number, from), Name::WalkthroughWritten, |one, by, _| one.conclude(text, by)).await
}

/// Signs a walkthrough as it stands, or shares it.
///
/// # Errors
/// As [`record`]; `Conflict` for whoever wrote in it and reviews it.
pub async fn sign(
    cx: &mut Cx<'_>,
    key: EngagementKey,
    number: i64,
    from: i64,
    signing: Signing,
) -> Result<()> {
    let name = match signing {
        Signing::Prepare => Name::WalkthroughPrepared,
        Signing::Review => Name::WalkthroughReviewed,
        Signing::Share => Name::WalkthroughShared,
    };
    write(cx, (key, number, from), name, |one, by, at| match signing {
        Signing::Prepare => one.prepare(by, at),
        Signing::Review => one.review(by, at),
        Signing::Share => one.share(by, at),
    })
    .await
}

async fn write(
    cx: &mut Cx<'_>,
    (key, number, from): (EngagementKey, i64, i64),
    name: Name,
    make: impl FnOnce(&mut Walkthrough, ActorId, Timestamp) -> Result<(), WorkpaperError>,
) -> Result<()> {
    let field = open_field(cx, key).await?;
    need_auditor(&field, cx, Verb::Update)?;
    let row = find(cx, key, number).await?;
    same(row.version, from)?;
    let (mut record, by, now) = (row.record.clone(), cx.actor.id, cx.now);
    if let Err(error) = make(&mut record, by, now) {
        return Err(match error {
            WorkpaperError::OwnPaper => {
                cx.refuse_by_rule("walkthrough", id(key, number), "own_paper");
                Error::conflict(error)
            }
            WorkpaperError::Signed | WorkpaperError::SharedAlready => Error::conflict(error),
            error => Error::invalid(error),
        });
    }
    save(cx, key, Some(row.version), record, name).await
}

async fn save(
    cx: &mut Cx<'_>,
    key: EngagementKey,
    before: Option<i64>,
    record: Walkthrough,
    name: Name,
) -> Result<()> {
    let number = record.number;
    let row = Row { version: before.unwrap_or(0) + 1, since: cx.now, by: cx.actor.id, record };
    let organization = cx.organization();
    sql::add_paper(cx.connection(), organization, key, Kind::Walkthrough, number, &row).await?;
    // No word of it but what it is: the trail is management's to read.
    let after = json!({
        "version": row.version, "content": row.record.digest(), "record": digest(&row.record)?,
        "shared": row.record.shared().is_some(),
    });
    let event = Event { after: Some(after), ..Event::done(name, "walkthrough", id(key, number)) };
    audit::record(cx, event).await
}

/// What the trail calls a walkthrough.
#[must_use]
pub fn id(key: EngagementKey, number: i64) -> String {
    format!("{key}/WT-{number}")
}
