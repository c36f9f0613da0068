//! Taking the trail out: line by line, from the oldest on, and itself an event before the first line leaves.

use std::collections::BTreeMap;

use serde_json::json;
use tickmark_core::id::ActorId;
use tickmark_core::identity::{Atom, Resource, Verb};
use tickmark_core::report::sheet::csv_field;

use super::super::actor;
use super::{Event, Filter, Name, Row, record, sql, within_reach};
use crate::Result;
use crate::context::{Cx, View};

/// Rows that are read at once.
pub const EXPORT_PAGE: u32 = 500;

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One line of comma-separated values for each, with a head; no field is read as a formula.
    Csv,
    /// One JSON object a line.
    JsonLines,
}

const HEAD: &str =
    "number,at,actor,actor_name,event,outcome,object_kind,object,reason,why,request,session,entry\r\n";

impl Format {
    /// Returns the ending of files.
    #[must_use]
    pub fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::JsonLines => "jsonl",
        }
    }

    /// Returns what stands before the first row.
    #[must_use]
    pub fn head(self) -> &'static str {
        match self {
            Self::Csv => HEAD,
            Self::JsonLines => "",
        }
    }

    fn line(self, row: &Row, name: &str) -> String {
        match self {
            Self::Csv => {
                let (number, at, actor) = (row.number.to_string(), row.at.to_string(), row.actor.to_string());
                let leaf = row.leaf.to_string();
                let why = row.why.as_deref().unwrap_or_default();
                let fields: [&str; 13] = [
                    &number,
                    &at,
                    &actor,
                    name,
                    &row.event,
                    &row.outcome,
                    &row.object_kind,
                    &row.object,
                    &row.reason,
                    why,
                    &row.request,
                    &row.session,
                    &leaf,
                ];
                format!("{}\r\n", fields.map(csv_field).join(","))
            }
            Self::JsonLines => {
                let object = json!({
                    "number": row.number, "at": row.at, "actor": {"id": row.actor, "name": name},
                    "event": row.event, "outcome": row.outcome,
                    "object": {"kind": row.object_kind, "id": row.object},
                    "reason": row.reason, "why": row.why, "request": row.request, "session": row.session,
                    "auth": serde_json::from_str::<serde_json::Value>(&row.auth).ok(), "network": row.network,
                    "entry": row.leaf,
                });
                format!("{object}\n")
            }
        }
    }
}

/// Records that the trail is taken out, and returns the number of that event: what is taken out ends before it.
///
/// # Errors
/// `Forbidden`; `StepUp`.
pub async fn begin_export(cx: &mut Cx<'_>, filter: &Filter, format: Format) -> Result<i64> {
    cx.permit(Atom::new(Resource::AuditTrail, Verb::Export))?;
    // What was searched for may name somebody, so only that it was is said.
    let after = json!({
        "format": format.ending(),
        "actor": filter.actor,
        "events": filter.event.as_deref().map(Name::named).unwrap_or_default()
            .into_iter().map(Name::word).collect::<Vec<_>>(),
        "outcome": filter.outcome.map(super::Outcome::word),
        "by_object": filter.object.is_some(),
        "by_request": filter.request.is_some(),
        "from": filter.from,
        "to": filter.to,
    });
    let organization = cx.organization();
    let event =
        Event { after: Some(after), ..Event::done(Name::Exported, "organization", cx.actor.organization.id) };
    record(cx, event).await?;
    Ok(sql::count(cx.connection(), organization).await?.1)
}

/// Returns the lines after `filter.after`, at most [`EXPORT_PAGE`], and where to go on; none when that was the last.
/// `names` keeps what actors are called from one page to the next.
///
/// # Errors
/// `Forbidden`; `StepUp`.
pub async fn export_page(
    view: &mut View<'_>,
    filter: &Filter,
    format: Format,
    names: &mut BTreeMap<ActorId, String>,
) -> Result<(String, Option<i64>)> {
    let Some(filter) = within_reach(view, filter)? else { return Ok((String::new(), None)) };
    let place = (view.organization(), view.app.database.dialect());
    let rows = sql::search(view.connection(), place, &filter, sql::Order::OldestFirst, EXPORT_PAGE).await?;
    let mut text = String::new();
    for row in &rows {
        let name = match names.get(&row.actor) {
            Some(name) => name,
            None => {
                let label = actor(view, row.actor).await.map(|actor| actor.label).unwrap_or_default();
                names.entry(row.actor).or_insert(label)
            }
        };
        text.push_str(&format.line(row, name));
    }
    let is_full = rows.len() >= EXPORT_PAGE as usize;
    Ok((text, rows.last().filter(|_| is_full).map(|row| row.number)))
}
