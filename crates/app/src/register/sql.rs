//! The tables `register`, `register_value`, `register_word`, `register_form`.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Row as _};
use tickmark_core::id::OrganizationKey;
use tickmark_store::{Cell, insert_rows};

use super::{Entry, Found, Kind, Query, Want, text};
use crate::Result;

type Org = OrganizationKey;

/// Most records named in one statement.
const KEYS_PER_STATEMENT: usize = 500;
/// Where fewer than one in so many rows fit a filter, they are found first and ordered then.
const FEW: u64 = 20;

enum Bind {
    Number(i64),
    Text(String),
}

/// Conditions with their values.
#[derive(Default)]
struct Parts {
    tables: Vec<&'static str>,
    conditions: Vec<String>,
    binds: Vec<Bind>,
}

impl Parts {
    fn number(&mut self, number: i64) -> String {
        self.binds.push(Bind::Number(number));
        format!("${}", self.binds.len())
    }

    fn text(&mut self, text: &str) -> String {
        // No text of a database holds a zero byte, and one of them refuses to be asked about it.
        self.binds.push(Bind::Text(text.replace('\0', "\u{FFFD}")));
        format!("${}", self.binds.len())
    }

    fn statement(&self, select: &str, end: &str) -> String {
        format!(
            "SELECT {select} FROM {} WHERE {} {end}",
            self.tables.join(" CROSS JOIN "),
            self.conditions.join(" AND ")
        )
    }
}

async fn run(c: &mut AnyConnection, statement: String, binds: Vec<Bind>) -> Result<Vec<AnyRow>> {
    let mut query = sqlx::query(AssertSqlSafe(statement));
    for bind in binds {
        query = match bind {
            Bind::Number(number) => query.bind(number),
            Bind::Text(text) => query.bind(text),
        };
    }
    Ok(query.fetch_all(c).await?)
}

/// What comes first: the rows that fit a filter, or all in an order.
#[derive(Clone, Copy, PartialEq, Eq)]
enum First {
    Filter,
    Order,
}

/// The conditions of a question. Whatever is first stands alone in the condition that an index serves.
fn parts(org: Org, kind: Kind, query: &Query, first: First) -> Parts {
    let mut parts = Parts::default();
    let (org, kind) = (parts.number(org.0), parts.text(kind.word()));
    let mut filters: Vec<&(String, Want)> = query.filters.iter().collect();
    let leading = filters
        .iter()
        .position(|(_, want)| matches!(want, Want::Is(_)))
        .filter(|_| first == First::Filter)
        .map(|at| filters.remove(at));
    let record = match (leading, query.sort.as_ref().filter(|_| first == First::Order)) {
        (Some((name, Want::Is(value))), _) => {
            let (name, value) = (parts.text(name), parts.text(value));
            parts.tables.push("register_value AS v");
            parts.conditions.push(format!(
                "v.organization = {org} AND v.kind = {kind} AND v.name = {name} AND v.value = {value}"
            ));
            "v.record"
        }
        (_, Some((name, _))) => {
            let name = parts.text(name);
            parts.tables.push("register_value AS v");
            parts.conditions.push(format!("v.organization = {org} AND v.kind = {kind} AND v.name = {name}"));
            "v.record"
        }
        _ => {
            parts.tables.push("register AS r");
            parts.conditions.push(format!("r.organization = {org} AND r.kind = {kind}"));
            "r.key"
        }
    };
    for (name, want) in filters {
        let name = parts.text(name);
        let fits = match want {
            Want::Is(value) => format!("x.name = {name} AND x.value = {}", parts.text(value)),
            Want::Between(low, high) => {
                format!(
                    "x.name = {name} AND x.value > {} AND x.value <= {}",
                    parts.text(low),
                    parts.text(high)
                )
            }
            Want::Any(spans) => {
                let any: Vec<String> = spans
                    .iter()
                    .map(|(name, low, high)| {
                        let (name, low, high) = (parts.text(name), parts.text(low), parts.text(high));
                        format!("x.name = {name} AND x.value > {low} AND x.value <= {high}")
                    })
                    .collect();
                if any.is_empty() { "1 = 0".to_owned() } else { format!("({})", any.join(" OR ")) }
            }
        };
        parts.conditions.push(format!(
            "EXISTS (SELECT 1 FROM register_value AS x WHERE x.organization = {org} AND x.record = {record} AND {fits})"
        ));
    }
    for word in text::asked(&query.words) {
        let (from, to) = (parts.text(&word), parts.text(&text::end_of(&word)));
        parts.conditions.push(format!(
            "{record} IN (SELECT w.record FROM register_word AS w WHERE w.organization = {org} \
             AND w.word >= {from} AND w.word < {to})"
        ));
    }
    parts
}

pub(super) async fn count(c: &mut AnyConnection, org: Org, kind: Kind, query: &Query) -> Result<u64> {
    let parts = parts(org, kind, query, First::Filter);
    let statement = parts.statement("count(*)", "");
    let rows = run(c, statement, parts.binds).await?;
    let count: i64 = rows.first().map_or(Ok(0), |row| row.try_get(0))?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// Returns the ids of a page of what `query` asks for, of which there are `found` among `total`.
pub(super) async fn page(
    c: &mut AnyConnection,
    org: Org,
    kind: Kind,
    query: &Query,
    (found, total): (u64, u64),
    offset: u64,
) -> Result<Vec<String>> {
    let first = match &query.sort {
        None => First::Filter,
        Some(_) if found.saturating_mul(FEW) < total => First::Filter,
        Some(_) => First::Order,
    };
    let mut parts = parts(org, kind, query, first);
    let is_value = parts.tables == ["register_value AS v"];
    if is_value {
        parts.tables.push("register AS r");
        parts.conditions.push("r.organization = $1 AND r.key = v.record".to_owned());
    }
    let order = match (&query.sort, first) {
        (None, _) if is_value => "v.place, v.record".to_owned(),
        (None, _) => "r.place, r.key".to_owned(),
        (Some((_, is_down)), First::Order) => {
            let down = if *is_down { " DESC" } else { "" };
            format!("v.value{down}, v.place{down}, v.record{down}")
        }
        (Some((name, is_down)), First::Filter) => {
            let name = parts.text(name);
            parts.tables.push("register_value AS o");
            parts.conditions.push(format!("o.organization = $1 AND o.record = r.key AND o.name = {name}"));
            let down = if *is_down { " DESC" } else { "" };
            format!("o.value{down}, o.place{down}, o.record{down}")
        }
    };
    let limit = parts.number(i64::from(query.rows));
    let offset = parts.number(i64::try_from(offset).unwrap_or(i64::MAX));
    let statement = parts.statement("r.id", &format!("ORDER BY {order} LIMIT {limit} OFFSET {offset}"));
    let rows = run(c, statement, parts.binds).await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// Returns the values of a name with how many records have each, in order.
pub(super) async fn values(
    c: &mut AnyConnection,
    org: Org,
    kind: Kind,
    name: &str,
    limit: u32,
) -> Result<Vec<(String, u64)>> {
    let rows: Vec<(String, i64)> = sqlx::query_as(
        "SELECT value, count(*) FROM register_value WHERE organization = $1 AND kind = $2 AND name = $3 \
         GROUP BY value ORDER BY value LIMIT $4",
    )
    .bind(org.0)
    .bind(kind.word())
    .bind(name)
    .bind(i64::from(limit))
    .fetch_all(c)
    .await?;
    Ok(rows.into_iter().map(|(value, count)| (value, u64::try_from(count).unwrap_or(0))).collect())
}

/// Returns all values of one record, with their names.
pub(super) async fn values_of(
    c: &mut AnyConnection,
    org: Org,
    kind: Kind,
    id: &str,
) -> Result<BTreeSet<(String, String)>> {
    let rows: Vec<(String, String)> = sqlx::query_as(
        "SELECT v.name, v.value FROM register AS r JOIN register_value AS v \
         ON v.organization = r.organization AND v.record = r.key \
         WHERE r.organization = $1 AND r.kind = $2 AND r.id = $3",
    )
    .bind(org.0)
    .bind(kind.word())
    .bind(id)
    .fetch_all(c)
    .await?;
    Ok(rows.into_iter().collect())
}

/// Returns what has all these words, the best first. Of kinds with an actor only what names them.
pub(super) async fn search(
    c: &mut AnyConnection,
    org: Org,
    words: &[String],
    kinds: &[(Kind, Option<String>)],
    limit: u32,
) -> Result<Vec<Found>> {
    let mut parts = Parts::default();
    let org = parts.number(org.0);
    let mut hits = Vec::new();
    for word in words {
        let (from, to, exact) = (parts.text(word), parts.text(&text::end_of(word)), parts.text(word));
        hits.push(format!(
            "SELECT record, MAX(CASE WHEN word = {exact} THEN 2 * weight ELSE weight END) AS weight FROM register_word \
             WHERE organization = {org} AND word >= {from} AND word < {to} GROUP BY record"
        ));
    }
    let mut any = Vec::new();
    for (kind, actor) in kinds {
        let kind = parts.text(kind.word());
        any.push(match actor {
            None => format!("r.kind = {kind}"),
            Some(actor) => {
                let actor = parts.text(actor);
                format!(
                    "(r.kind = {kind} AND EXISTS (SELECT 1 FROM register_value AS x WHERE x.organization = {org} \
                     AND x.record = r.key AND x.name = 'person' AND x.value = {actor}))"
                )
            }
        });
    }
    let (count, limit) =
        (parts.number(i64::try_from(words.len()).unwrap_or(0)), parts.number(i64::from(limit)));
    let statement = format!(
        "SELECT r.kind, r.id, r.title, r.detail FROM ({}) AS h JOIN register AS r \
         ON r.organization = {org} AND r.key = h.record WHERE {} \
         GROUP BY r.key, r.kind, r.id, r.title, r.detail, r.place HAVING COUNT(*) = {count} \
         ORDER BY SUM(h.weight) DESC, length(r.title), r.place, r.key LIMIT {limit}",
        hits.join(" UNION ALL "),
        any.join(" OR ")
    );
    let rows = run(c, statement, parts.binds).await?;
    let mut found = Vec::new();
    for row in &rows {
        let word: String = row.try_get(0)?;
        let Some(kind) = Kind::of(&word) else { continue };
        found.push(Found { kind, id: row.try_get(1)?, title: row.try_get(2)?, detail: row.try_get(3)? });
    }
    Ok(found)
}

/// Returns the keys of those records that have rows.
async fn keys(c: &mut AnyConnection, org: Org, kind: Kind, ids: &[&str]) -> Result<BTreeMap<String, i64>> {
    let mut known = BTreeMap::new();
    for chunk in ids.chunks(KEYS_PER_STATEMENT) {
        let mut parts = Parts::default();
        let (org, kind) = (parts.number(org.0), parts.text(kind.word()));
        let named: Vec<String> = chunk.iter().map(|id| parts.text(id)).collect();
        let statement = format!(
            "SELECT id, key FROM register WHERE organization = {org} AND kind = {kind} AND id IN ({})",
            named.join(", ")
        );
        for row in run(&mut *c, statement, parts.binds).await? {
            known.insert(row.try_get(0)?, row.try_get(1)?);
        }
    }
    Ok(known)
}

/// Takes away everything about these records.
pub(super) async fn remove(c: &mut AnyConnection, org: Org, kind: Kind, ids: &[&str]) -> Result<()> {
    let known: Vec<i64> = keys(c, org, kind, ids).await?.into_values().collect();
    for chunk in known.chunks(KEYS_PER_STATEMENT) {
        for (table, column) in
            [("register_word", "record"), ("register_value", "record"), ("register", "key")]
        {
            let mut parts = Parts::default();
            let org = parts.number(org.0);
            let named: Vec<String> = chunk.iter().map(|key| parts.number(*key)).collect();
            let statement = format!(
                "DELETE FROM {table} WHERE organization = {org} AND {column} IN ({})",
                named.join(", ")
            );
            run(&mut *c, statement, parts.binds).await?;
        }
    }
    Ok(())
}

/// Takes away everything.
pub(super) async fn clear(c: &mut AnyConnection, org: Org) -> Result<()> {
    for table in ["register_word", "register_value", "register"] {
        let statement = format!("DELETE FROM {table} WHERE organization = $1");
        run(&mut *c, statement, vec![Bind::Number(org.0)]).await?;
    }
    Ok(())
}

/// Adds rows of records that have none.
pub(super) async fn add(c: &mut AnyConnection, org: Org, entries: &[Entry]) -> Result<()> {
    let (first,): (i64,) = sqlx::query_as(
        "SELECT CAST(COALESCE(MAX(key), 0) + 1 AS BIGINT) FROM register WHERE organization = $1",
    )
    .bind(org.0)
    .fetch_one(&mut *c)
    .await?;
    let (mut records, mut values, mut words) = (Vec::new(), Vec::new(), Vec::new());
    for (key, entry) in (first..).zip(entries) {
        let kind = entry.kind.word();
        records.push([
            Cell::from(org.0),
            key.into(),
            kind.into(),
            entry.id.as_str().into(),
            entry.place.as_str().into(),
            entry.title.as_str().into(),
            entry.detail.as_str().into(),
        ]);
        let distinct: BTreeSet<(&str, &str)> =
            entry.values.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        for (name, value) in distinct {
            values.push([
                Cell::from(org.0),
                kind.into(),
                name.into(),
                value.into(),
                entry.place.as_str().into(),
                key.into(),
            ]);
        }
        for (word, weight) in text::weighed(&entry.texts) {
            words.push([Cell::from(org.0), word.into(), key.into(), weight.into()]);
        }
    }
    let columns = ["organization", "key", "kind", "id", "place", "title", "detail"];
    insert_rows(&mut *c, "register", columns, records).await?;
    let columns = ["organization", "kind", "name", "value", "place", "record"];
    insert_rows(&mut *c, "register_value", columns, values).await?;
    // In the order of the index that they go into.
    words.sort_by(|a, b| word_of(a).cmp(word_of(b)));
    insert_rows(c, "register_word", ["organization", "word", "record", "weight"], words).await?;
    Ok(())
}

fn word_of(row: &[Cell; 4]) -> &str {
    match &row[1] {
        Cell::Text(Some(word)) => word,
        _ => "",
    }
}

pub(super) async fn form(c: &mut AnyConnection, org: Org) -> Result<i64> {
    let row: Option<(i64,)> = sqlx::query_as("SELECT form FROM register_form WHERE organization = $1")
        .bind(org.0)
        .fetch_optional(c)
        .await?;
    Ok(row.map_or(0, |(form,)| form))
}

pub(super) async fn set_form(c: &mut AnyConnection, org: Org, form: i64) -> Result<()> {
    sqlx::query(
        "INSERT INTO register_form (organization, form) VALUES ($1, $2) \
         ON CONFLICT (organization) DO UPDATE SET form = $2",
    )
    .bind(org.0)
    .bind(form)
    .execute(c)
    .await?;
    Ok(())
}

/// Returns how SQLite would answer, for tests: each step of its plan.
#[cfg(feature = "testing")]
pub(super) async fn plan(c: &mut AnyConnection, org: Org, kind: Kind, query: &Query) -> Result<Vec<String>> {
    let parts = parts(org, kind, query, First::Filter);
    let statement = format!("EXPLAIN QUERY PLAN {}", parts.statement("count(*)", ""));
    let rows = run(c, statement, parts.binds).await?;
    rows.iter().map(|row| Ok(row.try_get("detail")?)).collect()
}
