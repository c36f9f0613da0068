//! The tables `register`, `register_value`, `register_word`, `register_form`, `register_change`.

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
/// Most records that are ranked by a search. Where more have the words, those with them in title or name come first, and of
/// these the ones that were written down first.
const RANKED: i64 = 400;
/// Words of titles and names weigh so much.
const OF_A_TITLE: i64 = 8;

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

    /// That a value of `table` is one of these.
    fn any_of(&mut self, table: &str, values: &[(String, String)]) -> String {
        let any: Vec<String> = values
            .iter()
            .map(|(name, value)| {
                let (name, value) = (self.text(name), self.text(value));
                format!("{table}.name = {name} AND {table}.value = {value}")
            })
            .collect();
        if any.is_empty() { "1 = 0".to_owned() } else { format!("({})", any.join(" OR ")) }
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
        let (is_there, fits) = match want {
            Want::Is(value) => {
                ("EXISTS", format!("x.name = {} AND x.value = {}", parts.text(name), parts.text(value)))
            }
            Want::Not(value) => {
                ("NOT EXISTS", format!("x.name = {} AND x.value = {}", parts.text(name), parts.text(value)))
            }
            Want::Of(values) => ("EXISTS", parts.any_of("x", values)),
            Want::Between(low, high) => {
                let (name, low, high) = (parts.text(name), parts.text(low), parts.text(high));
                ("EXISTS", format!("x.name = {name} AND x.value > {low} AND x.value <= {high}"))
            }
            Want::Any(spans) => {
                let any: Vec<String> = spans
                    .iter()
                    .map(|(name, low, high)| {
                        let (name, low, high) = (parts.text(name), parts.text(low), parts.text(high));
                        format!("x.name = {name} AND x.value > {low} AND x.value <= {high}")
                    })
                    .collect();
                (
                    "EXISTS",
                    if any.is_empty() { "1 = 0".to_owned() } else { format!("({})", any.join(" OR ")) },
                )
            }
        };
        parts.conditions.push(format!(
            "{is_there} (SELECT 1 FROM register_value AS x WHERE x.organization = {org} AND x.record = {record} AND {fits})"
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
    of: (u64, u64),
    offset: u64,
) -> Result<Vec<String>> {
    let rows = rows(c, org, kind, query, of, offset, "r.id").await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// Returns id and title of the first records that fit, as many as `query` has rows.
pub(super) async fn titled(
    c: &mut AnyConnection,
    org: Org,
    kind: Kind,
    query: &Query,
) -> Result<Vec<(String, String)>> {
    let rows = rows(c, org, kind, query, (0, 1), 0, "r.id, r.title").await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// Returns columns of a page of what `query` asks for, of which there are `found` among `total`.
async fn rows(
    c: &mut AnyConnection,
    org: Org,
    kind: Kind,
    query: &Query,
    (found, total): (u64, u64),
    offset: u64,
    columns: &str,
) -> Result<Vec<AnyRow>> {
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
    let statement = parts.statement(columns, &format!("ORDER BY {order} LIMIT {limit} OFFSET {offset}"));
    run(c, statement, parts.binds).await
}

/// Returns where a record stands in its list.
pub(super) async fn place(
    c: &mut AnyConnection,
    org: Org,
    kind: Kind,
    id: &str,
) -> Result<Option<(String, i64)>> {
    let row =
        sqlx::query_as("SELECT place, key FROM register WHERE organization = $1 AND kind = $2 AND id = $3")
            .bind(org.0)
            .bind(kind.word())
            .bind(id)
            .fetch_optional(c)
            .await?;
    Ok(row)
}

/// Returns the ids of records that fit, in the order of their list, after a place in it.
pub(super) async fn after(
    c: &mut AnyConnection,
    org: Org,
    kind: Kind,
    query: &Query,
    from: Option<(String, i64)>,
    limit: usize,
) -> Result<Vec<String>> {
    let query = Query { sort: None, ..query.clone() };
    let mut parts = parts(org, kind, &query, First::Filter);
    let (place, key) = if parts.tables == ["register_value AS v"] {
        parts.tables.push("register AS r");
        parts.conditions.push("r.organization = $1 AND r.key = v.record".to_owned());
        ("v.place", "v.record")
    } else {
        ("r.place", "r.key")
    };
    if let Some((at, record)) = from {
        let (at, record) = (parts.text(&at), parts.number(record));
        parts.conditions.push(format!("({place}, {key}) > ({at}, {record})"));
    }
    let limit = parts.number(i64::try_from(limit).unwrap_or(i64::MAX));
    let statement = parts.statement("r.id", &format!("ORDER BY {place}, {key} LIMIT {limit}"));
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

/// Returns for each of these values the record with the greatest value of `order`, among those where `also` is so.
pub(super) async fn last_of_each(
    c: &mut AnyConnection,
    org: Org,
    kind: Kind,
    (name, values): (&str, &[String]),
    (also, is): (&str, &str),
    order: &str,
) -> Result<Vec<(String, String, String)>> {
    let mut last: BTreeMap<String, (String, i64)> = BTreeMap::new();
    for chunk in values.chunks(KEYS_PER_STATEMENT) {
        let mut parts = Parts::default();
        let (org, kind, name) = (parts.number(org.0), parts.text(kind.word()), parts.text(name));
        let (also, is, order) = (parts.text(also), parts.text(is), parts.text(order));
        let named: Vec<String> = chunk.iter().map(|value| parts.text(value)).collect();
        let statement = format!(
            "SELECT v.value, o.value, v.record FROM register_value AS v \
             JOIN register_value AS a ON a.organization = {org} AND a.record = v.record AND a.name = {also} AND a.value = {is} \
             JOIN register_value AS o ON o.organization = {org} AND o.record = v.record AND o.name = {order} \
             WHERE v.organization = {org} AND v.kind = {kind} AND v.name = {name} AND v.value IN ({})",
            named.join(", ")
        );
        for row in run(&mut *c, statement, parts.binds).await? {
            let (value, order, record): (String, String, i64) =
                (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
            match last.get(&value) {
                Some((known, other)) if (known.as_str(), *other) >= (order.as_str(), record) => {}
                _ => {
                    last.insert(value, (order, record));
                }
            }
        }
    }
    let keys: Vec<i64> = last.values().map(|(_, record)| *record).collect();
    let mut ids: BTreeMap<i64, String> = BTreeMap::new();
    for chunk in keys.chunks(KEYS_PER_STATEMENT) {
        let mut parts = Parts::default();
        let org = parts.number(org.0);
        let named: Vec<String> = chunk.iter().map(|key| parts.number(*key)).collect();
        let statement = format!(
            "SELECT key, id FROM register WHERE organization = {org} AND key IN ({})",
            named.join(", ")
        );
        for row in run(&mut *c, statement, parts.binds).await? {
            ids.insert(row.try_get(0)?, row.try_get(1)?);
        }
    }
    let found = last
        .into_iter()
        .filter_map(|(value, (order, record))| Some((value, ids.get(&record)?.clone(), order)));
    Ok(found.collect())
}

/// Returns what has all these words, the best first. Of kinds with values only what has one of them.
///
/// The rarest word leads, and no more than [`RANKED`] records are looked at.
pub(super) async fn search(
    c: &mut AnyConnection,
    org: Org,
    words: &[String],
    kinds: &[(Kind, Vec<(String, String)>)],
    limit: u32,
) -> Result<Vec<Found>> {
    let mut counted = Vec::new();
    for word in words {
        let mut parts = Parts::default();
        let (org, from, to) = (parts.number(org.0), parts.text(word), parts.text(&text::end_of(word)));
        let most = parts.number(RANKED + 1);
        let statement = format!(
            "SELECT count(*) FROM (SELECT 1 AS one FROM register_word WHERE organization = {org} \
             AND word >= {from} AND word < {to} LIMIT {most}) AS w"
        );
        let rows = run(&mut *c, statement, parts.binds).await?;
        let count: i64 = rows.first().map_or(Ok(0), |row| row.try_get(0))?;
        if count == 0 {
            return Ok(Vec::new());
        }
        counted.push((count, word.as_str()));
    }
    counted.sort_unstable();
    let Some(&(count, _)) = counted.first() else { return Ok(Vec::new()) };
    let words: Vec<&str> = counted.into_iter().map(|(_, word)| word).collect();
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut found = Vec::new();
    if count > RANKED {
        found = ranked(&mut *c, org, &words, kinds, limit, OF_A_TITLE).await?;
    }
    if found.len() < most {
        let others = ranked(c, org, &words, kinds, limit, 0).await?;
        let known: BTreeSet<(Kind, String)> = found.iter().map(|one| (one.kind, one.id.clone())).collect();
        found.extend(others.into_iter().filter(|one| !known.contains(&(one.kind, one.id.clone()))));
        found.truncate(most);
    }
    Ok(found)
}

/// Ranks records by all words, the first of which weighs at least so much.
async fn ranked(
    c: &mut AnyConnection,
    org: Org,
    words: &[&str],
    kinds: &[(Kind, Vec<(String, String)>)],
    limit: u32,
    weight: i64,
) -> Result<Vec<Found>> {
    let mut parts = Parts::default();
    let org = parts.number(org.0);
    let spans: Vec<[String; 3]> = words
        .iter()
        .map(|word| [parts.text(word), parts.text(&text::end_of(word)), parts.text(word)])
        .collect();
    let Some(([from, to, _], others)) = spans.split_first() else { return Ok(Vec::new()) };
    let least = parts.number(weight);
    let also: String = others
        .iter()
        .map(|[from, to, _]| {
            format!(
                " AND EXISTS (SELECT 1 FROM register_word AS o WHERE o.organization = {org} AND o.record = w.record \
                 AND o.word >= {from} AND o.word < {to})"
            )
        })
        .collect();
    let mut any = Vec::new();
    for (kind, values) in kinds {
        let kind = parts.text(kind.word());
        any.push(if values.is_empty() {
            format!("r.kind = {kind}")
        } else {
            let fits = parts.any_of("x", values);
            format!(
                "(r.kind = {kind} AND EXISTS (SELECT 1 FROM register_value AS x WHERE x.organization = {org} \
                 AND x.record = r.key AND {fits}))"
            )
        });
    }
    let weighed: Vec<String> = spans
        .iter()
        .map(|[from, to, exact]| {
            format!(
                "(SELECT MAX(CASE WHEN o.word = {exact} THEN 2 * o.weight ELSE o.weight END) FROM register_word AS o \
                 WHERE o.organization = {org} AND o.record = h.record AND o.word >= {from} AND o.word < {to})"
            )
        })
        .collect();
    let (most, limit) = (parts.number(RANKED), parts.number(i64::from(limit)));
    // Joins in this order: no more is looked at than is needed for so many records.
    let statement = format!(
        "SELECT h.kind, h.id, h.title, h.detail FROM (SELECT DISTINCT f.record, f.kind, f.id, f.title, f.detail, f.place FROM \
         (SELECT w.record, r.kind, r.id, r.title, r.detail, r.place FROM register_word AS w CROSS JOIN register AS r \
         WHERE w.organization = {org} AND w.word >= {from} AND w.word < {to} AND w.weight >= {least}{also} \
         AND r.organization = {org} AND r.key = w.record AND ({}) LIMIT {most}) AS f) AS h \
         ORDER BY {} DESC, length(h.title), h.place, h.record LIMIT {limit}",
        any.join(" OR "),
        weighed.join(" + "),
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

pub(super) async fn count_change(c: &mut AnyConnection, org: Org, kind: Kind) -> Result<()> {
    sqlx::query(
        "INSERT INTO register_change (organization, kind, number) VALUES ($1, $2, 1) \
         ON CONFLICT (organization, kind) DO UPDATE SET number = register_change.number + 1",
    )
    .bind(org.0)
    .bind(kind.word())
    .execute(c)
    .await?;
    Ok(())
}

pub(super) async fn changes(c: &mut AnyConnection, org: Org) -> Result<BTreeMap<String, i64>> {
    let rows: Vec<(String, i64)> =
        sqlx::query_as("SELECT kind, number FROM register_change WHERE organization = $1")
            .bind(org.0)
            .fetch_all(c)
            .await?;
    Ok(rows.into_iter().collect())
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
