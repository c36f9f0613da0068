//! The request list: asked by the auditor, answered by management with evidence, accepted or returned by the auditor.

use std::collections::BTreeSet;

use bytes::Bytes;
use serde_json::json;
use tickmark_core::catalog::Catalog;
use tickmark_core::control::Control;
use tickmark_core::engagement::EngagementKey;
use tickmark_core::engagement::fieldwork::{
    Answer, EvidenceRequest, ListRow, MAX_REQUESTS, Party, Request, RequestError, RequestState, RequestStep,
    defaults, defaults_for_objectives, read_list,
};
use tickmark_core::evidence::item::{Item, State};
use tickmark_core::id::{ActorId, ItemKey};
use tickmark_core::identity::{Object, Verb};
use tickmark_core::program::population::Population;
use tickmark_core::report::sheet::{Sheet, SheetCell};

use super::{
    Field, Row, asking, controls_in_scope, criteria, digest, evidence, field, open_field, same, sql,
};
use crate::context::{Cx, View};
use crate::evidence::item;
use crate::identity::audit::{self, Event, Name};
use crate::identity::{self, need_known_person};
use crate::program::population::{self, List, summary};
use crate::register::Kind;
use crate::{Error, Result};

/// Largest list in bytes.
pub const MAX_LIST_BYTES: usize = 8 << 20;

/// A request with what is shown beside it.
#[derive(Clone, Debug)]
pub struct Whole {
    /// As it is now.
    pub row: Row<EvidenceRequest>,
    /// Its newest versions, oldest first.
    pub versions: Vec<Row<EvidenceRequest>>,
    /// The items of its answer.
    pub items: Vec<Item>,
    /// The populations of its answer.
    pub populations: Vec<Population>,
    /// Of which party the actor is.
    pub party: Party,
    /// Whether anything can still be written.
    pub is_open: bool,
}

/// What came of adding requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Added {
    /// New ones.
    pub added: usize,
    /// Those that were there already, with the same words and number.
    pub known: usize,
}

/// Lists the requests that the actor may see, by number.
///
/// # Errors
/// `Forbidden`; `NotFound`.
pub async fn list(view: &mut View<'_>, key: EngagementKey) -> Result<Vec<Row<EvidenceRequest>>> {
    let field = field(view, key).await?;
    view.permit(asking(Verb::Read))?;
    let organization = view.organization();
    let mut rows = sql::requests(view.connection(), organization, key).await?;
    let mut object = field.object;
    rows.retain(|row| {
        object.people = row.record.owner.into_iter().collect();
        view.may_on(asking(Verb::Read), &object)
    });
    Ok(rows)
}

/// Finds a request.
///
/// # Errors
/// `Forbidden`; `NotFound`.
pub async fn find(view: &mut View<'_>, key: EngagementKey, number: i64) -> Result<Whole> {
    let field = field(view, key).await?;
    let row = load(view, &field, key, number, Verb::Read).await?;
    let organization = view.organization();
    let versions = sql::request_versions(view.connection(), organization, key, number).await?;
    let answer = &row.record.answer;
    let keys: Vec<_> = answer.items.iter().copied().collect();
    let items = item::several(view, &keys).await?;
    let mut populations = Vec::new();
    for key in &answer.populations {
        populations.push(population::find(view, *key).await?);
    }
    let is_open = field.is_open();
    Ok(Whole { row, versions, items, populations, party: field.party, is_open })
}

/// Tells whether the actor may see a request, without anybody being refused.
pub(crate) async fn is_seen(view: &mut View<'_>, key: EngagementKey, number: i64) -> Result<bool> {
    let field = match field(view, key).await {
        Err(Error::NotFound { .. }) => return Ok(false),
        field => field?,
    };
    let organization = view.organization();
    let Some(row) = sql::request(view.connection(), organization, key, number).await? else {
        return Ok(false);
    };
    let object = Object { people: row.record.owner.into_iter().collect(), ..field.object };
    Ok(view.may_on(asking(Verb::Read), &object))
}

async fn load(
    view: &mut View<'_>,
    field: &Field,
    key: EngagementKey,
    number: i64,
    verb: Verb,
) -> Result<Row<EvidenceRequest>> {
    let organization = view.organization();
    let row = sql::request(view.connection(), organization, key, number).await?;
    let row = row.ok_or_else(|| Error::not_found("request", number))?;
    let mut object = field.object.clone();
    object.people = row.record.owner.into_iter().collect();
    view.permit_on(asking(verb), &object)?;
    Ok(row)
}

/// Adds the usual requests that concern the criteria in scope. Those that are there are left alone.
///
/// # Errors
/// `Forbidden`; `NotFound`; `Conflict` once the engagement is frozen.
pub async fn add_defaults(cx: &mut Cx<'_>, key: EngagementKey, catalog: &Catalog) -> Result<Added> {
    open_field(cx, key).await?;
    let usual = usual(cx, key, catalog).await?;
    add(cx, key, usual).await
}

/// Returns the usual requests as far as they concern what is in scope: the criteria, or the objectives of a SOC 1 and the
/// controls for them.
///
/// # Errors
/// `NotFound`; or if the catalog has no framework.
pub async fn usual(view: &mut View<'_>, key: EngagementKey, catalog: &Catalog) -> Result<Vec<Request>> {
    let field = field(view, key).await?;
    let scope = field.version.record.holds();
    if scope.kind.has_criteria() {
        return Ok(defaults(&catalog.requests, &criteria(scope, catalog)?, scope.time));
    }
    let controls: Vec<Control> = controls_in_scope(view, scope, catalog).await?.into_values().collect();
    Ok(defaults_for_objectives(&catalog.requests, &scope.objectives, &controls, scope.time))
}

/// Adds a firm's own list, whole or not at all. `rows` are the cells of its file.
///
/// # Errors
/// As [`add_defaults`]; `Invalid` naming the first lines and columns that cannot be read.
pub async fn import(
    cx: &mut Cx<'_>,
    key: EngagementKey,
    name: &str,
    rows: &[ListRow],
    catalog: &Catalog,
) -> Result<Added> {
    let field = open_field(cx, key).await?;
    cx.permit_on(asking(Verb::Create), &field.object)?;
    let scope = field.version.record.holds();
    let in_scope = criteria(scope, catalog)?;
    let controls = controls_in_scope(cx, scope, catalog).await?.into_keys().collect();
    let requests =
        read_list(rows, &in_scope, &controls).map_err(|problems| Error::invalid(summary(name, &problems)))?;
    add(cx, key, requests).await
}

/// Reads the cells of separated values, whatever stands between them: programs of offices write commas, semicolons or tabs.
///
/// # Errors
/// `Invalid` for what cannot be read, naming the line.
pub fn read_csv(name: &str, bytes: &[u8]) -> Result<Vec<ListRow>> {
    if bytes.len() > MAX_LIST_BYTES {
        return Err(Error::invalid(format!("{name} is larger than {} MB", MAX_LIST_BYTES >> 20)));
    }
    let list = List::of_csv(name, Bytes::copy_from_slice(bytes))
        .map_err(|problems| Error::invalid(summary(name, &problems)))?;
    let heading = ListRow { line: list.heading_line(), cells: list.heading().to_vec() };
    let owned = |cells: Vec<&str>| cells.into_iter().map(str::to_owned).collect();
    let rows = list.cells().map(|(line, cells)| ListRow { line, cells: owned(cells) });
    Ok(std::iter::once(heading).chain(rows).collect())
}

/// Adds requests; those that are there already are left alone, so that a form sent twice asks once.
///
/// # Errors
/// As [`add_defaults`]; `Invalid` for one that asks nothing, or too many.
pub async fn add(cx: &mut Cx<'_>, key: EngagementKey, requests: Vec<Request>) -> Result<Added> {
    let field = open_field(cx, key).await?;
    cx.permit_on(asking(Verb::Create), &field.object)?;
    let organization = cx.organization();
    let held = sql::requests(cx.connection(), organization, key).await?;
    let mut number = held.iter().map(|row| row.record.number).max().unwrap_or(0);
    let mut known: BTreeSet<(String, String)> = held
        .iter()
        .map(|row| (row.record.request.reference.clone(), row.record.request.title.clone()))
        .collect();
    let (mut rows, mut added) = (Vec::new(), Added::default());
    for request in requests {
        let request = request.checked().map_err(Error::invalid)?;
        if !known.insert((request.reference.clone(), request.title.clone())) {
            added.known += 1;
            continue;
        }
        number += 1;
        let record = EvidenceRequest::new(number, request, field.party).map_err(Error::invalid)?;
        rows.push(Row { version: 1, since: cx.now, by: cx.actor.id, record });
    }
    if held.len() + rows.len() > MAX_REQUESTS {
        return Err(Error::invalid(format!("an engagement has at most {MAX_REQUESTS} requests")));
    }
    added.added = rows.len();
    if rows.is_empty() {
        return Ok(added);
    }
    sql::add_requests(cx.connection(), organization, key, &rows).await?;
    for row in &rows {
        cx.touch(Kind::EvidenceRequest, id(key, row.record.number));
    }
    let records: Vec<&EvidenceRequest> = rows.iter().map(|row| &row.record).collect();
    let after = json!({"n": rows.len(), "to": number, "records": digest(&records)?});
    let event = Event { after: Some(after), ..Event::done(Name::RequestsListed, "engagement", key) };
    audit::record(cx, event).await?;
    Ok(added)
}

/// Says what is asked for in other words, from version `from`.
///
/// # Errors
/// `Forbidden`; `NotFound`; `Conflict` if it was changed meanwhile or is not the actor's to change; `Invalid`.
pub async fn change(
    cx: &mut Cx<'_>,
    key: EngagementKey,
    number: i64,
    from: i64,
    request: Request,
) -> Result<()> {
    write(cx, (key, number, from), Name::RequestWritten, "", |record, party, _| record.change(request, party))
        .await
}

/// Says who of management sees to a request.
///
/// # Errors
/// As [`change`]; `Invalid` for nobody who is here.
pub async fn assign(
    cx: &mut Cx<'_>,
    key: EngagementKey,
    number: i64,
    from: i64,
    owner: Option<ActorId>,
) -> Result<()> {
    need_known_person(cx, owner).await?;
    write(cx, (key, number, from), Name::RequestAssigned, "", |record, party, _| record.assign(owner, party))
        .await
}

/// Answers a request with evidence that the actor may see. Items that are drafts, or were sent back, are handed in by it:
/// somebody of the organization still accepts them, whatever the auditor decides about the request.
///
/// # Errors
/// As [`change`]; `NotFound` for evidence that is not there; `Conflict` for evidence that was taken back, or is a draft of
/// somebody else, and for a population that is not frozen or of another time or control than is examined; `Invalid` for a
/// draft that lacks something.
pub async fn submit(
    cx: &mut Cx<'_>,
    key: EngagementKey,
    number: i64,
    from: i64,
    answer: Answer,
    catalog: &Catalog,
) -> Result<()> {
    let field = open_field(cx, key).await?;
    load(cx, &field, key, number, Verb::Update).await?;
    for key in &answer.items {
        if item::find(cx, *key).await?.state == State::Withdrawn {
            return Err(Error::conflict(format!("item {key} was withdrawn; choose another one")));
        }
    }
    // The auditor answers nothing, which is said below: nothing of populations that are out of their sight is told here.
    if field.party == Party::Management {
        let misfits = evidence::misfits(cx, key, &answer.populations, catalog).await?;
        if !misfits.is_empty() {
            return Err(Error::conflict(misfits.join("; ")));
        }
    }
    let items = answer.items.clone();
    write(cx, (key, number, from), Name::RequestSubmitted, "", |record, party, (by, at)| {
        record.submit(answer, party, by, at)
    })
    .await?;
    for item in &items {
        item::hand_in_with(cx, *item).await?;
    }
    let organization = cx.organization();
    sql::answered_with(cx.connection(), organization, (key, number), &items).await
}

/// Decides about a request, for the auditor.
///
/// # Errors
/// As [`change`].
pub async fn decide(
    cx: &mut Cx<'_>,
    key: EngagementKey,
    number: i64,
    from: i64,
    step: RequestStep,
    says: &str,
) -> Result<()> {
    let name = match step {
        RequestStep::Submit => return Err(Error::invalid("an answer is no decision")),
        RequestStep::Accept => Name::RequestAccepted,
        RequestStep::Return => Name::RequestReturned,
        RequestStep::Excuse => Name::RequestExcused,
        RequestStep::Reopen => Name::RequestReopened,
    };
    write(cx, (key, number, from), name, says, |record, party, (by, at)| {
        record.decide(step, says, party, by, at)
    })
    .await?;
    if step == RequestStep::Return { give_back(cx, key, number, says).await } else { Ok(()) }
}

/// Sends back what a returned request was answered with, as far as no other answer that stands has it.
async fn give_back(cx: &mut Cx<'_>, key: EngagementKey, number: i64, says: &str) -> Result<()> {
    let organization = cx.organization();
    let row = sql::request(cx.connection(), organization, key, number).await?;
    let items = row.map(|row| row.record.answer.items).unwrap_or_default();
    let why = format!("Request {} was returned: {says}", id(key, number));
    for item in items {
        let others = answers_with(cx, item).await?;
        let stands = |record: &EvidenceRequest| {
            matches!(record.state, RequestState::Submitted | RequestState::Accepted)
        };
        if !others.iter().any(|(_, row)| stands(&row.record)) {
            item::give_back_with(cx, item, &why).await?;
        }
    }
    Ok(())
}

/// Returns the requests whose answer an item is part of, whoever asks.
async fn answers_with(
    view: &mut View<'_>,
    item: ItemKey,
) -> Result<Vec<(EngagementKey, Row<EvidenceRequest>)>> {
    let organization = view.organization();
    let mut found = Vec::new();
    for (key, number) in sql::answers_with(view.connection(), organization, item).await? {
        let row = sql::request(view.connection(), organization, key, number).await?;
        found.extend(row.map(|row| (key, row)));
    }
    Ok(found)
}

/// Returns the requests whose answer an item is part of, as far as the actor may see them.
///
/// # Errors
/// `NotFound` or `Forbidden` for an item that the actor may not see.
pub async fn of_item(
    view: &mut View<'_>,
    item: ItemKey,
) -> Result<Vec<(EngagementKey, Row<EvidenceRequest>)>> {
    item::find(view, item).await?;
    let mut seen = Vec::new();
    for (key, row) in answers_with(view, item).await? {
        if is_seen(view, key, row.record.number).await? {
            seen.push((key, row));
        }
    }
    Ok(seen)
}

/// Writes down anew which items each request is answered with, from the requests themselves.
pub(crate) async fn rebuild_answers(cx: &mut Cx<'_>) -> Result<()> {
    let organization = cx.organization();
    for (key, record) in everything(cx).await? {
        let place = (key, record.number);
        sql::answered_with(cx.connection(), organization, place, &record.answer.items).await?;
    }
    Ok(())
}

async fn write(
    cx: &mut Cx<'_>,
    (key, number, from): (EngagementKey, i64, i64),
    name: Name,
    why: &str,
    make: impl FnOnce(
        &mut EvidenceRequest,
        Party,
        (ActorId, tickmark_core::Timestamp),
    ) -> Result<(), RequestError>,
) -> Result<()> {
    let field = open_field(cx, key).await?;
    let row = load(cx, &field, key, number, Verb::Update).await?;
    same(row.version, from)?;
    let (mut record, by, now) = (row.record.clone(), cx.actor.id, cx.now);
    if let Err(error) = make(&mut record, field.party, (by, now)) {
        if matches!(error, RequestError::OtherParty(_)) {
            cx.refuse_by_rule("request", id(key, number), "other_party");
        }
        return Err(match error {
            RequestError::OtherParty(_) | RequestError::Step { .. } => Error::conflict(error),
            error => Error::invalid(error),
        });
    }
    let next = Row { version: row.version + 1, since: now, by, record };
    let organization = cx.organization();
    sql::add_requests(cx.connection(), organization, key, std::slice::from_ref(&next)).await?;
    let event = Event {
        before: Some(said(&row)?),
        after: Some(said(&next)?),
        why: audit::kept_why(why),
        ..Event::done(name, "request", id(key, number))
    };
    audit::record(cx, event).await
}

/// What the trail calls a request.
#[must_use]
pub fn id(key: EngagementKey, number: i64) -> String {
    format!("{key}/R-{number}")
}

/// Reads what the trail calls a request.
#[must_use]
pub fn parse(id: &str) -> Option<(EngagementKey, i64)> {
    let (key, number) = id.strip_prefix("E-")?.split_once("/R-")?;
    Some((EngagementKey(key.parse().ok()?), number.parse().ok()?))
}

/// Returns a request as it is now, whoever asks.
pub(crate) async fn look_up(
    view: &mut View<'_>,
    key: EngagementKey,
    number: i64,
) -> Result<Option<EvidenceRequest>> {
    let organization = view.organization();
    Ok(sql::request(view.connection(), organization, key, number).await?.map(|row| row.record))
}

/// Returns all requests of all engagements, whoever asks.
pub(crate) async fn everything(view: &mut View<'_>) -> Result<Vec<(EngagementKey, EvidenceRequest)>> {
    let organization = view.organization();
    let mut all = Vec::new();
    for version in crate::engagement::everything(view).await? {
        let key = version.record.key;
        let rows = sql::requests(view.connection(), organization, key).await?;
        all.extend(rows.into_iter().map(|row| (key, row.record)));
    }
    Ok(all)
}

fn said(row: &Row<EvidenceRequest>) -> Result<serde_json::Value> {
    let record = &row.record;
    Ok(json!({
        "version": row.version, "state": record.state.word(), "items": record.answer.items,
        "populations": record.answer.populations, "record": digest(record)?,
    }))
}

/// Returns the list as a sheet, with its answers, and records that it is taken out. Read again, it asks for the same.
///
/// # Errors
/// `Forbidden`; `NotFound`.
pub async fn sheet(cx: &mut Cx<'_>, key: EngagementKey) -> Result<Sheet> {
    let rows = list(cx, key).await?;
    let names = identity::labels(cx).await?;
    let title = format!("{key} request list");
    let sheet = Sheet {
        title,
        organization: cx.actor.organization.name.clone(),
        at: cx.now,
        columns: [
            "number", "request", "kind", "period", "criteria", "controls", "due", "state", "owner", "answer",
            "evidence", "decision",
        ]
        .map(str::to_owned)
        .to_vec(),
        rows: rows.iter().map(|row| cells(&row.record, &names)).collect(),
    };
    audit::record(cx, Event::done(Name::RequestsExported, "engagement", key)).await?;
    Ok(sheet)
}

pub(super) fn cells(
    record: &EvidenceRequest,
    names: &std::collections::BTreeMap<ActorId, String>,
) -> Vec<SheetCell> {
    use tickmark_core::engagement::fieldwork::{kind_words, timing_words};
    let request = &record.request;
    let join = |parts: Vec<String>| parts.join(", ");
    let evidence = record.answer.items.iter().map(|key| format!("item {key}"));
    let evidence = evidence.chain(record.answer.populations.iter().map(|key| format!("population {key}")));
    let number =
        if request.reference.is_empty() { record.number.to_string() } else { request.reference.clone() };
    [
        number,
        request.title.clone(),
        kind_words(request.kind).to_owned(),
        timing_words(request.timing).to_owned(),
        join(request.criteria.iter().cloned().collect()),
        join(request.controls.iter().map(ToString::to_string).collect()),
        request.due.map_or_else(String::new, |day| day.to_string()),
        record.state.title().to_owned(),
        record.owner.and_then(|owner| names.get(&owner).cloned()).unwrap_or_default(),
        record.answer.text.clone(),
        join(evidence.collect()),
        record.decision.clone(),
    ]
    .map(SheetCell::Text)
    .to_vec()
}

/// Counts requests that the auditor has neither accepted nor judged not to apply.
#[must_use]
pub fn unsettled(rows: &[Row<EvidenceRequest>]) -> usize {
    rows.len() - count(rows, RequestState::Accepted) - count(rows, RequestState::NotApplicable)
}

/// Counts requests by state.
#[must_use]
pub fn count(rows: &[Row<EvidenceRequest>], state: RequestState) -> usize {
    rows.iter().filter(|row| row.record.state == state).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Vec<(u64, String)> {
        let rows = read_csv("pbc.csv", bytes).expect("a list");
        rows.into_iter().map(|row| (row.line, row.cells.join("|"))).collect()
    }

    #[test]
    fn lists_of_offices_are_read_with_the_lines_they_have() {
        let expected =
            [(1, "ref|request".to_owned()), (2, "1|Pay runs".to_owned()), (3, "2|Leavers".to_owned())];
        for text in [
            &b"ref,request\n1,Pay runs\n2,Leavers\n"[..],
            b"ref,request\r\n1,Pay runs\r\n2,Leavers\r\n",
            b"\xef\xbb\xbfref;request\r\n1;Pay runs\r\n2;Leavers\r\n",
            b"ref\trequest\n1\tPay runs\n2\tLeavers\n",
        ] {
            assert_eq!(read(text), expected, "{}", String::from_utf8_lossy(text));
        }
        let says = read_csv("pbc.csv", b"ref,request\r\n1,M\xfcller\r\n").expect_err("not UTF-8").to_string();
        assert!(says.contains("line 2, column request") && says.contains("UTF-8"), "{says}");
    }
}
