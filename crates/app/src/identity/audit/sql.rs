//! The table `audit_event`.

use sqlx::AnyConnection;
use sqlx::Row as _;
use sqlx::any::AnyRow;
use tickmark_core::Timestamp;
use tickmark_core::id::OrganizationKey;
use tickmark_core::time::DAY_US;
use tickmark_ledger::commitment::Salt;
use tickmark_store::Dialect;

use super::{Filter, Name, Outcome, Row};
use crate::{Result, stored};

/// Returns the number of the next row. Writers of an organization come one after another.
pub(super) async fn next_number(c: &mut AnyConnection, org: OrganizationKey) -> Result<i64> {
    let (number,): (i64,) =
        sqlx::query_as("SELECT COALESCE(max(number), 0) + 1 FROM audit_event WHERE organization = $1")
            .bind(org.0)
            .fetch_one(c)
            .await?;
    Ok(number)
}

pub(super) async fn insert(
    c: &mut AnyConnection,
    org: OrganizationKey,
    row: &Row,
    salt: Option<&Salt>,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO audit_event (organization, number, leaf, at, actor, event, outcome, object_kind, object, reason, \
         why, salt, request, session, auth, network) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, \
         $14, $15, $16)",
    )
    .bind(org.0)
    .bind(row.number)
    .bind(row.leaf.to_string())
    .bind(row.at.micros())
    .bind(row.actor.to_string())
    .bind(&row.event)
    .bind(&row.outcome)
    .bind(&row.object_kind)
    .bind(&row.object)
    .bind(&row.reason)
    .bind(row.why.as_deref())
    .bind(salt.map(|salt| salt.0.to_vec()))
    .bind(&row.request)
    .bind(&row.session)
    .bind(&row.auth)
    .bind(&row.network)
    .execute(c)
    .await?;
    Ok(())
}

/// Inserts many rows, in few statements.
#[cfg(feature = "testing")]
pub(super) async fn insert_many(
    c: &mut AnyConnection,
    org: OrganizationKey,
    rows: &[(Row, Option<Salt>)],
) -> Result<()> {
    use tickmark_store::Cell;

    let cells: Vec<[Cell; 16]> = rows
        .iter()
        .map(|(row, salt)| {
            [
                Cell::from(org.0),
                row.number.into(),
                row.leaf.to_string().into(),
                row.at.micros().into(),
                row.actor.to_string().into(),
                row.event.as_str().into(),
                row.outcome.as_str().into(),
                row.object_kind.as_str().into(),
                row.object.as_str().into(),
                row.reason.as_str().into(),
                Cell::Text(row.why.clone()),
                Cell::Bytes(salt.as_ref().map(|salt| salt.0.to_vec())),
                row.request.as_str().into(),
                row.session.as_str().into(),
                row.auth.as_str().into(),
                row.network.as_str().into(),
            ]
        })
        .collect();
    let columns = [
        "organization",
        "number",
        "leaf",
        "at",
        "actor",
        "event",
        "outcome",
        "object_kind",
        "object",
        "reason",
        "why",
        "salt",
        "request",
        "session",
        "auth",
        "network",
    ];
    tickmark_store::insert_rows(c, "audit_event", columns, cells).await?;
    Ok(())
}

/// In which order rows come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    NewestFirst,
    OldestFirst,
}

const COLUMNS: &str = "number, leaf, at, actor, event, outcome, object_kind, object, reason, why, request, session, auth, network";
/// How far the clock may have been set back, in microseconds: within a day, numbers and times need not agree.
const DISORDER_US: i64 = DAY_US;

enum Bind {
    Number(i64),
    Text(String),
}

/// The conditions of a search with their values. What an index serves stands as it is; what is only compared is written so
/// that no planner takes another index for it.
struct Conditions {
    text: String,
    binds: Vec<Bind>,
}

impl Conditions {
    fn add(&mut self, before: &str, bind: Bind, after: &str) {
        self.binds.push(bind);
        self.text.push_str(&format!(" AND {before}${}{after}", self.binds.len()));
    }

    fn number(&mut self, before: &str, value: i64, after: &str) {
        self.add(before, Bind::Number(value), after);
    }

    fn word(&mut self, column: &str, value: &str, is_served: bool) {
        let column = if is_served { column.to_owned() } else { format!("({column} || '')") };
        self.add(&format!("{column} = "), Bind::Text(value.to_owned()), "");
    }
}

pub(super) async fn search(
    c: &mut AnyConnection,
    (org, dialect): (OrganizationKey, Dialect),
    filter: &Filter,
    order: Order,
    limit: u32,
) -> Result<Vec<Row>> {
    match statement((org, dialect), filter, order, limit) {
        Some((text, binds)) => run(c, text, binds).await?.iter().map(read).collect(),
        None => Ok(Vec::new()),
    }
}

/// Returns how SQLite would search.
#[cfg(feature = "testing")]
pub(super) async fn plan(
    c: &mut AnyConnection,
    org: OrganizationKey,
    filter: &Filter,
) -> Result<Vec<String>> {
    let Some((text, binds)) = statement((org, Dialect::Sqlite), filter, Order::NewestFirst, 100) else {
        return Ok(Vec::new());
    };
    let rows = run(c, format!("EXPLAIN QUERY PLAN {text}"), binds).await?;
    rows.iter().map(|row| Ok(row.try_get("detail")?)).collect()
}

async fn run(c: &mut AnyConnection, text: String, binds: Vec<Bind>) -> Result<Vec<AnyRow>> {
    let mut query = sqlx::query(sqlx::AssertSqlSafe(text));
    for bind in binds {
        query = match bind {
            Bind::Number(number) => query.bind(number),
            Bind::Text(text) => query.bind(text),
        };
    }
    Ok(query.fetch_all(c).await?)
}

/// Returns the one statement that searches; none if nothing can be found.
fn statement(
    (org, dialect): (OrganizationKey, Dialect),
    filter: &Filter,
    order: Order,
    limit: u32,
) -> Option<(String, Vec<Bind>)> {
    // What is denied or failed has names of its own, so these few are looked for instead.
    let fits = |name: &Name| filter.outcome.is_none_or(|outcome| name.outcome() == outcome);
    let names = match (filter.event.as_deref(), filter.outcome) {
        (None, None | Some(Outcome::Done)) => None,
        (None, Some(_)) => Some(Name::ALL.iter().copied().filter(fits).collect::<Vec<_>>()),
        (Some(event), _) => Some(Name::named(event).into_iter().filter(fits).collect()),
    };
    if names.as_ref().is_some_and(Vec::is_empty) {
        return None;
    }
    let mut all = Conditions { text: "organization = $1".to_owned(), binds: vec![Bind::Number(org.0)] };
    let one = filter.object.as_ref().map(|object| ("object", object));
    let one = one.or_else(|| filter.request.as_ref().map(|request| ("request", request)));
    if let Some((column, value)) = one {
        all.word(column, value, true);
        if column == "request" {
            all.text.push_str(" AND request <> ''");
        }
    }
    if let (Some(request), Some(("object", _))) = (&filter.request, one) {
        all.word("request", request, false);
    }
    if let Some(actor) = filter.actor {
        all.word("actor", &actor.to_string(), one.is_none());
    }
    if let Some(outcome) = filter.outcome {
        all.word("outcome", outcome.word(), false);
    }
    if let Some(from) = filter.from {
        all.number("(at + 0) >= ", from.micros(), "");
        let early = from.micros().saturating_sub(DISORDER_US);
        all.number(
            "number >= COALESCE((SELECT number FROM audit_event WHERE organization = $1 AND at >= ",
            early,
            " ORDER BY at, number LIMIT 1), 9223372036854775807)",
        );
    }
    if let Some(to) = filter.to {
        all.number("(at + 0) < ", to.micros(), "");
        let late = to.micros().saturating_add(DISORDER_US);
        all.number(
            "number <= COALESCE((SELECT number FROM audit_event WHERE organization = $1 AND at < ",
            late,
            " ORDER BY at DESC, number DESC LIMIT 1), 0)",
        );
    }
    if let Some(before) = filter.before {
        all.number("number < ", before, "");
    }
    if let Some(after) = filter.after {
        all.number("number > ", after, "");
    }
    // SQLite knows nothing of how many rows an index leads to unless it is told, and takes numbers between two bounds for
    // few. PostgreSQL counts for itself.
    let index = match (one, filter.actor, &names) {
        (Some(("object", _)), ..) => "audit_event_by_object",
        (Some(_), ..) => "audit_event_by_request",
        (None, Some(_), Some(_)) => "audit_event_by_actor_and_event",
        (None, Some(_), None) => "audit_event_by_actor",
        (None, None, Some(_)) => "audit_event_by_event",
        (None, None, None) => "",
    };
    let table = match dialect {
        Dialect::Sqlite if !index.is_empty() => format!("audit_event INDEXED BY {index}"),
        Dialect::Sqlite | Dialect::Postgres => "audit_event".to_owned(),
    };
    let direction = match order {
        Order::NewestFirst => "DESC",
        Order::OldestFirst => "ASC",
    };
    let end = format!("ORDER BY number {direction} LIMIT {limit}");
    let common = all.text.clone();
    let text = match names {
        None => format!("SELECT {COLUMNS} FROM {table} WHERE {common} {end}"),
        Some(names) if one.is_some() => {
            let mut words = Vec::new();
            for name in names {
                all.binds.push(Bind::Text(name.word().to_owned()));
                words.push(format!("${}", all.binds.len()));
            }
            let words = words.join(", ");
            format!("SELECT {COLUMNS} FROM {table} WHERE {common} AND (event || '') IN ({words}) {end}")
        }
        // Each name is one stretch of an index in the order that is wanted; the first rows of all are among their first ones.
        Some(names) => {
            let mut parts = Vec::new();
            for (at, name) in names.iter().enumerate() {
                all.binds.push(Bind::Text(name.word().to_owned()));
                let event = all.binds.len();
                parts.push(format!(
                    "SELECT * FROM (SELECT {COLUMNS} FROM {table} WHERE {common} AND event = ${event} {end}) \
                     AS part_{at}"
                ));
            }
            format!("SELECT * FROM ({}) AS found {end}", parts.join(" UNION ALL "))
        }
    };
    Some((text, all.binds))
}

/// Returns the row of an entry, with the salt of its reason.
pub(super) async fn by_leaf(
    c: &mut AnyConnection,
    org: OrganizationKey,
    leaf: &str,
) -> Result<Option<(Row, Option<Salt>)>> {
    let text = format!("SELECT {COLUMNS}, salt FROM audit_event WHERE organization = $1 AND leaf = $2");
    let row = sqlx::query(sqlx::AssertSqlSafe(text)).bind(org.0).bind(leaf).fetch_optional(c).await?;
    let Some(row) = row else { return Ok(None) };
    let salt: Option<Vec<u8>> = row.try_get("salt")?;
    let salt = salt.and_then(|salt| salt.try_into().ok()).map(Salt);
    Ok(Some((read(&row)?, salt)))
}

/// Returns how many rows there are, and the highest number.
pub(super) async fn count(c: &mut AnyConnection, org: OrganizationKey) -> Result<(i64, i64)> {
    let found: (i64, i64) =
        sqlx::query_as("SELECT count(*), COALESCE(max(number), 0) FROM audit_event WHERE organization = $1")
            .bind(org.0)
            .fetch_one(c)
            .await?;
    Ok(found)
}

fn read(row: &AnyRow) -> Result<Row> {
    let what = "the audit trail";
    Ok(Row {
        number: row.try_get("number")?,
        leaf: stored::parse(row.try_get("leaf")?, what)?,
        at: Timestamp::from_micros(row.try_get("at")?),
        actor: stored::parse(row.try_get("actor")?, what)?,
        event: row.try_get("event")?,
        outcome: row.try_get("outcome")?,
        object_kind: row.try_get("object_kind")?,
        object: row.try_get("object")?,
        reason: row.try_get("reason")?,
        why: row.try_get("why")?,
        request: row.try_get("request")?,
        session: row.try_get("session")?,
        auth: row.try_get("auth")?,
        network: row.try_get("network")?,
    })
}
