//! Whether the rows say what the ledger says.
//!
//! The log is read once from its beginning. Each entry of the trail must have its row, with the same words, in the same
//! order, and a reason that opens the commitment; and no row may be without an entry.

use serde_json::Value;
use tickmark_core::Digest;
use tickmark_core::identity::{Atom, Resource, Verb};
use tickmark_ledger::commitment::{self, Salt};
use tickmark_ledger::leaf::LeafKind;

use super::{Row, WHY_DOMAIN, sql};
use crate::context::View;
use crate::ledger::{self, LogEntry};
use crate::{Actor, App, Result};

/// Entries that are read at once.
const PAGE: u32 = 256;
/// Most breaks that are told.
const MOST_BREAKS: usize = 50;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Entries of the trail in the log.
    pub entries: u64,
    /// Rows.
    pub rows: u64,
    /// Rows whose entry waits for its place in the log.
    pub waiting: u64,
    /// Reasons that were erased: the entry commits to one, and the row has none.
    pub erased: u64,
    /// What does not agree, at most 50.
    pub breaks: Vec<Break>,
}

/// A row that does not agree with its entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Break {
    /// The number of the row, where there is one.
    pub number: Option<i64>,
    /// The position of the entry, where there is one.
    pub index: Option<u64>,
    /// What is wrong.
    pub what: String,
}

/// Compares every row of the trail with its entry.
///
/// # Errors
/// `Forbidden` if the actor may not read all of the trail; or if the database fails.
pub async fn verify(app: &App, actor: &Actor) -> Result<Verified> {
    app.read(actor, async |view| {
        view.permit_whole(Atom::new(Resource::AuditTrail, Verb::Read))?;
        compare(view).await
    })
    .await
}

async fn compare(view: &mut View<'_>) -> Result<Verified> {
    let organization = view.organization();
    let mut found = Verified::default();
    let (mut from, mut last) = (0, 0);
    loop {
        let entries = ledger::entries(view, from, PAGE).await?;
        let Some(end) = entries.last().map(|entry| entry.index) else { break };
        for entry in &entries {
            if !is_of_the_trail(entry)? {
                continue;
            }
            found.entries += 1;
            let row = sql::by_leaf(view.connection(), organization, &entry.id).await?;
            let Some((row, salt)) = row else {
                tell(&mut found, None, Some(entry.index), "the entry has no row");
                continue;
            };
            if row.number != last + 1 {
                let what = format!("it comes after row {last}");
                tell(&mut found, Some(row.number), Some(entry.index), &what);
            }
            last = row.number;
            for what in differences(&row, salt.as_ref(), entry, &mut found.erased)? {
                tell(&mut found, Some(row.number), Some(entry.index), &what);
            }
        }
        from = end + 1;
    }
    let (rows, highest) = sql::count(view.connection(), organization).await?;
    found.rows = rows.unsigned_abs();
    // Rows behind the last one whose entry has a place are of entries that wait.
    found.waiting = (highest - last).max(0).unsigned_abs().min(ledger::pending(view).await?);
    let accounted = last.unsigned_abs() + found.waiting;
    if rows != highest {
        let what = format!("{rows} rows have numbers up to {highest}: some are missing");
        tell(&mut found, None, None, &what);
    }
    if highest.unsigned_abs() > accounted {
        let what = format!("rows after {accounted} have no entry");
        tell(&mut found, Some(highest), None, &what);
    }
    Ok(found)
}

fn tell(found: &mut Verified, number: Option<i64>, index: Option<u64>, what: &str) {
    if found.breaks.len() < MOST_BREAKS {
        found.breaks.push(Break { number, index, what: what.to_owned() });
    }
}

/// Entries of the same kind that say only that an actor was added, or an example begun, have no row.
fn is_of_the_trail(entry: &LogEntry) -> Result<bool> {
    let leaf = entry.leaf()?;
    Ok(leaf.kind == LeafKind::AuditEvent && leaf.body_value().get("outcome").is_some())
}

fn differences(row: &Row, salt: Option<&Salt>, entry: &LogEntry, erased: &mut u64) -> Result<Vec<String>> {
    let leaf = entry.leaf()?;
    let body = leaf.body_value();
    let mut all = Vec::new();
    let at = |pointer: &str| body.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    for (name, said, stands) in [
        ("event", at("/event"), &row.event),
        ("outcome", at("/outcome"), &row.outcome),
        ("object_kind", at("/object/kind"), &row.object_kind),
        ("object", at("/object/id"), &row.object),
        ("reason", at("/reason"), &row.reason),
        ("request", at("/request"), &row.request),
        ("session", at("/session"), &row.session),
        ("actor", leaf.who.to_owned(), &row.actor.to_string()),
    ] {
        if said != *stands {
            all.push(format!("{name} is {stands:?} and the entry says {said:?}"));
        }
    }
    let auth: Option<Value> = serde_json::from_str(&row.auth).ok();
    if body.get("auth").filter(|auth| !auth.is_null()) != auth.as_ref() {
        all.push(format!("auth is {:?} and the entry says something else", row.auth));
    }
    if leaf.ts_us() != row.at.micros() {
        all.push("its time is not that of the entry".to_owned());
    }
    let opened =
        row.why.as_ref().zip(salt).map(|(why, salt)| {
            serde_json::json!(Digest(commitment::commit(salt, WHY_DOMAIN, why.as_bytes()).0))
        });
    match (body.get("why").filter(|why| !why.is_null()), opened.as_ref()) {
        (None, None) => {}
        (Some(_), None) => *erased += 1,
        (Some(said), Some(opened)) if said == opened => {}
        (Some(_), Some(_)) => all.push("what was written is not what the entry commits to".to_owned()),
        (None, Some(_)) => all.push("the entry knows of no reason".to_owned()),
    }
    Ok(all)
}
