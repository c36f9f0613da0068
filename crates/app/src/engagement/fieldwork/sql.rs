//! The tables `evidence_request`, `evidence_request_item`, `working_paper`, `walkthrough`, `management_response`: records whole, in versions; and
//! `paper_to_sign`, `shared_exception`: what waits of them.

use std::collections::BTreeSet;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::AnyConnection;
use tickmark_core::Timestamp;
use tickmark_core::engagement::EngagementKey;
use tickmark_core::engagement::fieldwork::{EvidenceRequest, ManagementResponse};
use tickmark_core::id::{ActorId, ItemKey, OrganizationKey};
use tickmark_store::{Cell, insert_rows};

use super::Row;
use super::waiting::Unanswered;
use crate::{Error, Result, stored};

type Org = OrganizationKey;
type Raw = (i64, i64, String, String);

/// Versions of one record that are read: the newest ones.
const VERSIONS: i64 = 500;
/// Requests that are named of one item.
const ANSWERS: i64 = 500;
/// Papers that one statement asks for; each needs two parameters.
const PAPERS_PER_STATEMENT: usize = 200;
/// Requests that one statement asks for.
const NUMBERS_PER_STATEMENT: usize = 500;

/// What the firm writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The test of a control.
    Workpaper,
    /// A note.
    Note,
    /// What is recorded about the report; always number 1.
    Report,
    /// A transaction traced through a process.
    Walkthrough,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Workpaper => "workpaper",
            Self::Note => "note",
            Self::Report => "report",
            Self::Walkthrough => "walkthrough",
        }
    }

    /// The table that holds them; all have the same columns.
    fn table(self) -> &'static str {
        match self {
            Self::Workpaper | Self::Note | Self::Report => "working_paper",
            Self::Walkthrough => "walkthrough",
        }
    }
}

/// The newest version of each request, by number.
pub(super) async fn requests(
    c: &mut AnyConnection,
    org: Org,
    key: EngagementKey,
) -> Result<Vec<Row<EvidenceRequest>>> {
    let rows: Vec<Raw> = sqlx::query_as(
        "SELECT held.version, held.since, held.by_actor, held.body FROM evidence_request AS held \
         WHERE held.organization = $1 AND held.engagement = $2 AND held.version = (SELECT MAX(newest.version) \
         FROM evidence_request AS newest WHERE newest.organization = held.organization \
         AND newest.engagement = held.engagement AND newest.number = held.number) ORDER BY held.number",
    )
    .bind(org.0)
    .bind(key.0)
    .fetch_all(c)
    .await?;
    rows.into_iter().map(|raw| row(raw, "the table of requests")).collect()
}

/// The newest version of some requests, by number.
pub(super) async fn requests_numbered(
    c: &mut AnyConnection,
    org: Org,
    key: EngagementKey,
    numbers: &[i64],
) -> Result<Vec<Row<EvidenceRequest>>> {
    let mut found = Vec::new();
    for chunk in numbers.chunks(NUMBERS_PER_STATEMENT) {
        let named: Vec<String> = (3..chunk.len() + 3).map(|place| format!("${place}")).collect();
        let text = format!(
            "SELECT held.version, held.since, held.by_actor, held.body FROM evidence_request AS held \
             WHERE held.organization = $1 AND held.engagement = $2 AND held.number IN ({}) AND held.version = \
             (SELECT MAX(newest.version) FROM evidence_request AS newest WHERE newest.organization = held.organization \
             AND newest.engagement = held.engagement AND newest.number = held.number) ORDER BY held.number",
            named.join(", ")
        );
        let mut query = sqlx::query_as(sqlx::AssertSqlSafe(text)).bind(org.0).bind(key.0);
        for number in chunk {
            query = query.bind(*number);
        }
        let rows: Vec<Raw> = query.fetch_all(&mut *c).await?;
        for raw in rows {
            found.push(row(raw, "the table of requests")?);
        }
    }
    Ok(found)
}

/// The newest version of one request; none if there is no such request.
pub(super) async fn request(
    c: &mut AnyConnection,
    org: Org,
    key: EngagementKey,
    number: i64,
) -> Result<Option<Row<EvidenceRequest>>> {
    Ok(newest_of_request(c, org, key, number, 1).await?.pop())
}

/// The newest versions of one request, oldest first.
pub(super) async fn request_versions(
    c: &mut AnyConnection,
    org: Org,
    key: EngagementKey,
    number: i64,
) -> Result<Vec<Row<EvidenceRequest>>> {
    newest_of_request(c, org, key, number, VERSIONS).await
}

async fn newest_of_request(
    c: &mut AnyConnection,
    org: Org,
    key: EngagementKey,
    number: i64,
    limit: i64,
) -> Result<Vec<Row<EvidenceRequest>>> {
    let rows: Vec<Raw> = sqlx::query_as(
        "SELECT version, since, by_actor, body FROM evidence_request \
         WHERE organization = $1 AND engagement = $2 AND number = $3 ORDER BY version DESC LIMIT $4",
    )
    .bind(org.0)
    .bind(key.0)
    .bind(number)
    .bind(limit)
    .fetch_all(c)
    .await?;
    rows.into_iter().rev().map(|raw| row(raw, "the table of requests")).collect()
}

pub(super) async fn add_requests(
    c: &mut AnyConnection,
    org: Org,
    key: EngagementKey,
    rows: &[Row<EvidenceRequest>],
) -> Result<()> {
    // Collected first: an iterator that borrows would keep the statement from going from thread to thread.
    let cells: Vec<[Cell; 7]> = rows
        .iter()
        .map(|row| {
            [
                Cell::from(org.0),
                key.0.into(),
                row.record.number.into(),
                row.version.into(),
                row.since.micros().into(),
                row.by.to_string().into(),
                body(&row.record).into(),
            ]
        })
        .collect();
    let columns = ["organization", "engagement", "number", "version", "since", "by_actor", "body"];
    insert_rows(c, "evidence_request", columns, cells).await?;
    Ok(())
}

/// Writes down which items a request is answered with now.
pub(super) async fn answered_with(
    c: &mut AnyConnection,
    org: Org,
    (key, request): (EngagementKey, i64),
    items: &BTreeSet<ItemKey>,
) -> Result<()> {
    sqlx::query(
        "DELETE FROM evidence_request_item WHERE organization = $1 AND engagement = $2 AND request = $3",
    )
    .bind(org.0)
    .bind(key.0)
    .bind(request)
    .execute(&mut *c)
    .await?;
    let rows: Vec<[Cell; 4]> =
        items.iter().map(|item| [Cell::from(org.0), item.0.into(), key.0.into(), request.into()]).collect();
    insert_rows(c, "evidence_request_item", ["organization", "item", "engagement", "request"], rows).await?;
    Ok(())
}

/// Returns the requests that are answered with an item, in their order.
pub(super) async fn answers_with(
    c: &mut AnyConnection,
    org: Org,
    item: ItemKey,
) -> Result<Vec<(EngagementKey, i64)>> {
    let rows: Vec<(i64, i64)> = sqlx::query_as(
        "SELECT engagement, request FROM evidence_request_item WHERE organization = $1 AND item = $2 \
         ORDER BY engagement, request LIMIT $3",
    )
    .bind(org.0)
    .bind(item.0)
    .bind(ANSWERS)
    .fetch_all(c)
    .await?;
    Ok(rows.into_iter().map(|(key, request)| (EngagementKey(key), request)).collect())
}

/// The newest version of each record of a kind, by number.
pub(super) async fn papers<T: DeserializeOwned>(
    c: &mut AnyConnection,
    org: Org,
    key: EngagementKey,
    kind: Kind,
) -> Result<Vec<Row<T>>> {
    let table = kind.table();
    let text = format!(
        "SELECT held.version, held.since, held.by_actor, held.body FROM {table} AS held \
         WHERE held.organization = $1 AND held.engagement = $2 AND held.kind = $3 AND held.version = \
         (SELECT MAX(newest.version) FROM {table} AS newest WHERE newest.organization = held.organization \
         AND newest.engagement = held.engagement AND newest.kind = held.kind AND newest.number = held.number) \
         ORDER BY held.number"
    );
    let rows: Vec<Raw> = sqlx::query_as(sqlx::AssertSqlSafe(text))
        .bind(org.0)
        .bind(key.0)
        .bind(kind.word())
        .fetch_all(c)
        .await?;
    rows.into_iter().map(|raw| row(raw, "the table of working papers")).collect()
}

/// The newest version of one record of a kind; none if there is no such record.
pub(super) async fn paper<T: DeserializeOwned>(
    c: &mut AnyConnection,
    org: Org,
    key: EngagementKey,
    kind: Kind,
    number: i64,
) -> Result<Option<Row<T>>> {
    let table = kind.table();
    let text = format!(
        "SELECT version, since, by_actor, body FROM {table} WHERE organization = $1 AND engagement = $2 \
         AND kind = $3 AND number = $4 ORDER BY version DESC LIMIT 1"
    );
    let found: Option<Raw> = sqlx::query_as(sqlx::AssertSqlSafe(text))
        .bind(org.0)
        .bind(key.0)
        .bind(kind.word())
        .bind(number)
        .fetch_optional(c)
        .await?;
    found.map(|raw| row(raw, "the table of working papers")).transpose()
}

/// The versions that records of a kind had when something was done at a moment, and the next after each: by number and
/// version. `moments` are numbers of records with the moment.
pub(super) async fn papers_at<T: DeserializeOwned>(
    c: &mut AnyConnection,
    org: Org,
    key: EngagementKey,
    kind: Kind,
    moments: &[(i64, Timestamp)],
) -> Result<Vec<Row<T>>> {
    let (mut found, table) = (Vec::new(), kind.table());
    for chunk in moments.chunks(PAPERS_PER_STATEMENT) {
        let pairs: Vec<String> = (0..chunk.len())
            .map(|place| format!("(done.number = ${} AND done.since = ${})", 4 + 2 * place, 5 + 2 * place))
            .collect();
        let text = format!(
            "SELECT held.version, held.since, held.by_actor, held.body FROM {table} AS held \
             WHERE held.organization = $1 AND held.engagement = $2 AND held.kind = $3 AND EXISTS \
             (SELECT 1 FROM {table} AS done WHERE done.organization = held.organization \
             AND done.engagement = held.engagement AND done.kind = held.kind AND done.number = held.number \
             AND done.version IN (held.version, held.version - 1) AND ({})) ORDER BY held.number, held.version",
            pairs.join(" OR ")
        );
        let mut query = sqlx::query_as(sqlx::AssertSqlSafe(text)).bind(org.0).bind(key.0).bind(kind.word());
        for (number, at) in chunk {
            query = query.bind(*number).bind(at.micros());
        }
        let rows: Vec<Raw> = query.fetch_all(&mut *c).await?;
        for raw in rows {
            found.push(row(raw, "the table of working papers")?);
        }
    }
    Ok(found)
}

pub(super) async fn add_paper<T: Serialize>(
    c: &mut AnyConnection,
    org: Org,
    key: EngagementKey,
    kind: Kind,
    number: i64,
    row: &Row<T>,
) -> Result<()> {
    let cells = [
        Cell::from(org.0),
        key.0.into(),
        kind.word().into(),
        number.into(),
        row.version.into(),
        row.since.micros().into(),
        row.by.to_string().into(),
        body(&row.record).into(),
    ];
    let columns = ["organization", "engagement", "kind", "number", "version", "since", "by_actor", "body"];
    insert_rows(c, kind.table(), columns, [cells]).await?;
    Ok(())
}

/// The newest answer to each exception, by paper and exception.
pub(super) async fn responses(
    c: &mut AnyConnection,
    org: Org,
    key: EngagementKey,
) -> Result<Vec<Row<ManagementResponse>>> {
    let rows: Vec<Raw> = sqlx::query_as(
        "SELECT held.version, held.since, held.by_actor, held.body FROM management_response AS held \
         WHERE held.organization = $1 AND held.engagement = $2 AND held.version = (SELECT MAX(newest.version) \
         FROM management_response AS newest WHERE newest.organization = held.organization \
         AND newest.engagement = held.engagement AND newest.number = held.number \
         AND newest.exception = held.exception) ORDER BY held.number, held.exception",
    )
    .bind(org.0)
    .bind(key.0)
    .fetch_all(c)
    .await?;
    rows.into_iter().map(|raw| row(raw, "the table of responses")).collect()
}

pub(super) async fn add_response(
    c: &mut AnyConnection,
    org: Org,
    key: EngagementKey,
    row: &Row<ManagementResponse>,
) -> Result<()> {
    let cells = [
        Cell::from(org.0),
        key.0.into(),
        row.record.workpaper.into(),
        i64::from(row.record.exception).into(),
        row.version.into(),
        row.since.micros().into(),
        row.by.to_string().into(),
        body(&row.record).into(),
    ];
    let columns =
        ["organization", "engagement", "number", "exception", "version", "since", "by_actor", "body"];
    insert_rows(c, "management_response", columns, [cells]).await?;
    Ok(())
}

/// A paper that somebody signs next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ToSign {
    /// Its number.
    pub(super) number: i64,
    /// From when it stands as it does.
    pub(super) since: Timestamp,
    /// What it is about.
    pub(super) subject: String,
    /// Who wrote in it.
    pub(super) authors: BTreeSet<ActorId>,
    /// Whether somebody prepared it as it stands.
    pub(super) is_prepared: bool,
    /// Whether it was whole on the day on which it was written.
    pub(super) is_whole: bool,
}

/// Keeps what waits of a paper for a signature, in place of what did before.
pub(super) async fn keep_to_sign(
    c: &mut AnyConnection,
    org: Org,
    key: EngagementKey,
    kind: Kind,
    number: i64,
    one: Option<&ToSign>,
) -> Result<()> {
    sqlx::query(
        "DELETE FROM paper_to_sign WHERE organization = $1 AND engagement = $2 AND kind = $3 AND number = $4",
    )
    .bind(org.0)
    .bind(key.0)
    .bind(kind.word())
    .bind(number)
    .execute(&mut *c)
    .await?;
    let Some(one) = one else { return Ok(()) };
    let authors: Vec<String> = one.authors.iter().map(ToString::to_string).collect();
    let cells = [
        Cell::from(org.0),
        key.0.into(),
        kind.word().into(),
        number.into(),
        one.since.micros().into(),
        one.subject.as_str().into(),
        authors.join(" ").into(),
        i64::from(one.is_prepared).into(),
        i64::from(one.is_whole).into(),
    ];
    let columns = [
        "organization",
        "engagement",
        "kind",
        "number",
        "since",
        "subject",
        "authors",
        "is_prepared",
        "is_whole",
    ];
    insert_rows(c, "paper_to_sign", columns, [cells]).await?;
    Ok(())
}

/// Papers of a kind that somebody signs next, by number.
pub(super) async fn to_sign(
    c: &mut AnyConnection,
    org: Org,
    key: EngagementKey,
    kind: Kind,
) -> Result<Vec<ToSign>> {
    let rows: Vec<(i64, i64, String, String, i64, i64)> = sqlx::query_as(
        "SELECT number, since, subject, authors, CAST(is_prepared AS BIGINT), CAST(is_whole AS BIGINT) FROM paper_to_sign \
         WHERE organization = $1 AND engagement = $2 AND kind = $3 ORDER BY number",
    )
    .bind(org.0)
    .bind(key.0)
    .bind(kind.word())
    .fetch_all(c)
    .await?;
    rows.into_iter()
        .map(|(number, since, subject, authors, is_prepared, is_whole)| {
            let ids = authors.split(' ').filter(|id| !id.is_empty());
            Ok(ToSign {
                number,
                since: Timestamp::from_micros(since),
                subject,
                authors: ids.map(|id| stored::parse(id, "papers to sign")).collect::<Result<_>>()?,
                is_prepared: is_prepared != 0,
                is_whole: is_whole != 0,
            })
        })
        .collect()
}

/// Keeps the exceptions of a workpaper as they are shared now, in place of those that were before.
pub(super) async fn keep_shared(
    c: &mut AnyConnection,
    org: Org,
    key: EngagementKey,
    number: i64,
    exceptions: &[Unanswered],
) -> Result<()> {
    sqlx::query("DELETE FROM shared_exception WHERE organization = $1 AND engagement = $2 AND number = $3")
        .bind(org.0)
        .bind(key.0)
        .bind(number)
        .execute(&mut *c)
        .await?;
    let cells: Vec<[Cell; 7]> = exceptions
        .iter()
        .map(|one| {
            [
                Cell::from(org.0),
                key.0.into(),
                number.into(),
                i64::from(one.exception).into(),
                one.control.to_string().into(),
                one.nature.as_str().into(),
                one.since.micros().into(),
            ]
        })
        .collect();
    let columns = ["organization", "engagement", "number", "exception", "control", "nature", "since"];
    insert_rows(c, "shared_exception", columns, cells).await?;
    Ok(())
}

/// Exceptions that were shared and that management has not answered, by workpaper and number.
pub(super) async fn unanswered(
    c: &mut AnyConnection,
    org: Org,
    key: EngagementKey,
) -> Result<Vec<Unanswered>> {
    let rows: Vec<(i64, i64, String, String, i64)> = sqlx::query_as(
        "SELECT held.number, held.exception, held.control, held.nature, held.since FROM shared_exception AS held \
         WHERE held.organization = $1 AND held.engagement = $2 AND NOT EXISTS (SELECT 1 FROM management_response AS said \
         WHERE said.organization = held.organization AND said.engagement = held.engagement \
         AND said.number = held.number AND said.exception = held.exception) ORDER BY held.number, held.exception",
    )
    .bind(org.0)
    .bind(key.0)
    .fetch_all(c)
    .await?;
    rows.into_iter()
        .map(|(workpaper, exception, control, nature, since)| {
            Ok(Unanswered {
                engagement: key,
                workpaper,
                exception: u32::try_from(exception)
                    .map_err(|error| Error::corrupt("shared exceptions", error))?,
                control: stored::parse(&control, "shared exceptions")?,
                nature,
                since: Timestamp::from_micros(since),
            })
        })
        .collect()
}

/// Forgets what waits of all papers.
pub(super) async fn forget_standing(c: &mut AnyConnection, org: Org) -> Result<()> {
    sqlx::query("DELETE FROM paper_to_sign WHERE organization = $1").bind(org.0).execute(&mut *c).await?;
    sqlx::query("DELETE FROM shared_exception WHERE organization = $1").bind(org.0).execute(c).await?;
    Ok(())
}

fn body<T: Serialize>(record: &T) -> String {
    serde_json::to_string(record).expect("records of fieldwork have string keys only")
}

fn row<T: DeserializeOwned>((version, since, by, body): Raw, what: &'static str) -> Result<Row<T>> {
    let by: ActorId = stored::parse(&by, what)?;
    let record = serde_json::from_str(&body).map_err(|error| Error::corrupt(what, error))?;
    Ok(Row { version, since: Timestamp::from_micros(since), by, record })
}
