//! The tables `trigger_population`, `population_extract`, `population_reading`, `population_item`, `population_item_part`,
//! `population_result`, `population_test`, `population_check`, `population_freeze`, `population_outcome`,
//! `population_mapping`.

use std::collections::BTreeMap;

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};
use tickmark_core::id::{ActorId, EvidenceKey, OrganizationKey, PopulationKey};
use tickmark_core::program::population::{
    Amount, AttributeState, Checked, Definition, Frozen, Ipe, Item, Population, Reading,
};
use tickmark_core::{Digest, Timestamp};
use tickmark_ledger::commitment::Salt;
use tickmark_store::{Cell, insert_rows};

use super::mapping::Saved;
use super::outcome::Outcomes;
use crate::{Error, Result, stored};

type Org = OrganizationKey;

const WHAT: &str = "population";
/// Rows that are made at once.
const ROWS_AT_ONCE: usize = 5_000;
/// Places of items that one statement names.
const PLACES_AT_ONCE: usize = 1_000;

pub(super) async fn next_key(c: &mut AnyConnection, org: Org) -> Result<PopulationKey> {
    Ok(PopulationKey(stored::next_key(c, org, "trigger_population").await?))
}

pub(super) async fn add(
    c: &mut AnyConnection,
    org: Org,
    key: PopulationKey,
    definition: &Definition,
    salt: Salt,
    now: Timestamp,
) -> Result<()> {
    let body = serde_json::to_string(definition).expect("a definition has string keys only");
    let row = [
        Cell::from(org.0),
        key.0.into(),
        definition.control.as_str().into(),
        definition.from.micros().into(),
        definition.to.micros().into(),
        now.micros().into(),
        body.into(),
        salt.0.to_vec().into(),
    ];
    let columns = ["organization", "key", "code", "covers_from", "covers_to", "defined_at", "body", "salt"];
    insert_rows(c, "trigger_population", columns, [row]).await?;
    Ok(())
}

pub(super) async fn add_extract(
    c: &mut AnyConnection,
    org: Org,
    key: PopulationKey,
    file: EvidenceKey,
    ipe: &Ipe,
    salt: Salt,
    now: Timestamp,
) -> Result<()> {
    let body = serde_json::to_string(ipe).expect("a record has string keys only");
    let row = [
        Cell::from(org.0),
        key.0.into(),
        now.micros().into(),
        file.0.into(),
        body.into(),
        salt.0.to_vec().into(),
    ];
    let columns = ["organization", "population", "imported_at", "artifact", "body", "salt"];
    insert_rows(c, "population_extract", columns, [row]).await?;
    Ok(())
}

pub(super) async fn add_items(
    c: &mut AnyConnection,
    org: Org,
    key: PopulationKey,
    items: &[Item],
    now: Timestamp,
) -> Result<()> {
    let columns = ["organization", "population", "seq", "item_key", "occurred_at"];
    let mut seq = 0_i64;
    for part in items.chunks(ROWS_AT_ONCE) {
        // Made before the statement: an iterator that borrows would keep it from going from thread to thread.
        let rows: Vec<[Cell; 5]> = part
            .iter()
            .map(|item| {
                seq += 1;
                let moment = item.occurred_at.micros();
                [Cell::from(org.0), key.0.into(), seq.into(), item.key.as_str().into(), moment.into()]
            })
            .collect();
        insert_rows(&mut *c, "population_item", columns, rows).await?;
    }
    let results: Vec<(i64, &Item)> = (1..).zip(items).collect();
    insert_results(c, org, key, &results, now).await
}

pub(super) async fn add_results(
    c: &mut AnyConnection,
    org: Org,
    key: PopulationKey,
    results: &[(i64, Item)],
    now: Timestamp,
) -> Result<()> {
    let results: Vec<(i64, &Item)> = results.iter().map(|(seq, item)| (*seq, item)).collect();
    insert_results(c, org, key, &results, now).await
}

async fn insert_results(
    c: &mut AnyConnection,
    org: Org,
    key: PopulationKey,
    results: &[(i64, &Item)],
    now: Timestamp,
) -> Result<()> {
    let columns = ["organization", "population", "seq", "at", "states", "note"];
    for part in results.chunks(ROWS_AT_ONCE) {
        let rows: Vec<[Cell; 6]> = part
            .iter()
            .map(|(seq, item)| {
                let states: String = item.states.iter().map(|state| state.letter()).collect();
                [
                    Cell::from(org.0),
                    key.0.into(),
                    (*seq).into(),
                    now.micros().into(),
                    states.into(),
                    item.note.as_str().into(),
                ]
            })
            .collect();
        insert_rows(&mut *c, "population_result", columns, rows).await?;
    }
    Ok(())
}

pub(super) async fn add_freeze(
    c: &mut AnyConnection,
    org: Org,
    key: PopulationKey,
    frozen: &Frozen,
    salt: Salt,
) -> Result<()> {
    let items = i64::try_from(frozen.items).map_err(|error| Error::internal("counting items", error))?;
    let row = [
        Cell::from(org.0),
        key.0.into(),
        frozen.at.micros().into(),
        items.into(),
        frozen.keys.0.to_vec().into(),
        frozen.zero.map(|zero| zero.0).into(),
        salt.0.to_vec().into(),
    ];
    let columns = ["organization", "population", "frozen_at", "items", "keys", "zero", "salt"];
    insert_rows(c, "population_freeze", columns, [row]).await?;
    Ok(())
}

/// Keeps the salt of a commitment to the results of one moment.
pub(super) async fn add_test(
    c: &mut AnyConnection,
    org: Org,
    key: PopulationKey,
    commitment: Digest,
    salt: Salt,
    now: Timestamp,
) -> Result<()> {
    let row = [
        Cell::from(org.0),
        key.0.into(),
        commitment.0.to_vec().into(),
        now.micros().into(),
        salt.0.to_vec().into(),
    ];
    insert_rows(c, "population_test", ["organization", "population", "commitment", "at", "salt"], [row])
        .await?;
    Ok(())
}

/// Returns when which population was tested, with the salts of what was found.
pub(super) async fn tests(c: &mut AnyConnection, org: Org) -> Result<Vec<(PopulationKey, Timestamp, Salt)>> {
    let rows: Vec<(i64, i64, Vec<u8>)> = sqlx::query_as(
        "SELECT population, at, salt FROM population_test WHERE organization = $1 ORDER BY population, at, commitment",
    )
    .bind(org.0)
    .fetch_all(c)
    .await?;
    rows.into_iter()
        .map(|(key, at, salt)| {
            Ok((PopulationKey(key), Timestamp::from_micros(at), Salt(stored::array(&salt, WHAT)?)))
        })
        .collect()
}

/// Returns what was found at one moment, in the order of the list.
pub(super) async fn results_of(
    c: &mut AnyConnection,
    org: Org,
    key: PopulationKey,
    at: Timestamp,
) -> Result<Vec<Item>> {
    let rows = sqlx::query(
        "SELECT i.population, i.seq, i.item_key, i.occurred_at, r.states, r.note FROM population_item i \
         JOIN population_result r ON r.organization = i.organization AND r.population = i.population AND r.seq = i.seq \
         WHERE i.organization = $1 AND i.population = $2 AND r.at = $3 ORDER BY i.population, i.seq",
    )
    .bind(org.0)
    .bind(key.0)
    .bind(at.micros())
    .fetch_all(c)
    .await?;
    Ok(newest(&rows)?.remove(&key).unwrap_or_default())
}

/// A population with the salts of what is committed to about it.
pub(super) struct Salted {
    pub(super) population: Population,
    pub(super) defined: Salt,
    pub(super) extracted: Option<Salt>,
    pub(super) frozen: Option<Salt>,
}

pub(super) async fn salted(c: &mut AnyConnection, org: Org) -> Result<Vec<Salted>> {
    let populations = all(&mut *c, org).await?;
    let rows = sqlx::query(
        "SELECT p.key, p.salt, e.salt, f.salt FROM trigger_population p \
         LEFT JOIN population_extract e ON e.organization = p.organization AND e.population = p.key \
         LEFT JOIN population_freeze f ON f.organization = p.organization AND f.population = p.key \
         WHERE p.organization = $1 ORDER BY p.key",
    )
    .bind(org.0)
    .fetch_all(c)
    .await?;
    let salt = |bytes: Vec<u8>| stored::array(&bytes, WHAT).map(Salt);
    let mut all = Vec::with_capacity(populations.len());
    // Both are of one snapshot and in the same order.
    for (population, row) in populations.into_iter().zip(&rows) {
        if population.key.0 != row.try_get::<i64, _>(0)? {
            return Err(Error::corrupt(WHAT, "two readings of the table differ"));
        }
        all.push(Salted {
            population,
            defined: salt(row.try_get(1)?)?,
            extracted: row.try_get::<Option<Vec<u8>>, _>(2)?.map(salt).transpose()?,
            frozen: row.try_get::<Option<Vec<u8>>, _>(3)?.map(salt).transpose()?,
        });
    }
    Ok(all)
}

pub(super) async fn all(c: &mut AnyConnection, org: Org) -> Result<Vec<Population>> {
    let counts = sqlx::query(
        "SELECT population, CAST(COUNT(*) AS BIGINT) FROM population_item WHERE organization = $1 GROUP BY population",
    )
    .bind(org.0)
    .fetch_all(&mut *c)
    .await?;
    let counts: BTreeMap<i64, i64> =
        counts.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect::<Result<_>>()?;
    let rows = sqlx::query(
        "SELECT p.key, p.defined_at, p.body, e.artifact, e.body, f.frozen_at, f.items, f.keys, f.zero \
         FROM trigger_population p \
         LEFT JOIN population_extract e ON e.organization = p.organization AND e.population = p.key \
         LEFT JOIN population_freeze f ON f.organization = p.organization AND f.population = p.key \
         WHERE p.organization = $1 ORDER BY p.key",
    )
    .bind(org.0)
    .fetch_all(c)
    .await?;
    rows.iter().map(|row| population(row, &counts)).collect()
}

fn population(row: &AnyRow, counts: &BTreeMap<i64, i64>) -> Result<Population> {
    let key: i64 = row.try_get(0)?;
    let corrupt = |error: serde_json::Error| Error::corrupt(format!("population {key}"), error);
    let ipe: Option<String> = row.try_get(4)?;
    let frozen_at: Option<i64> = row.try_get(5)?;
    let frozen = match frozen_at {
        Some(at) => Some(Frozen {
            at: Timestamp::from_micros(at),
            items: stored::count(row.try_get(6)?, WHAT)?,
            keys: stored::digest(&row.try_get::<Vec<u8>, _>(7)?, WHAT)?,
            zero: row.try_get::<Option<i64>, _>(8)?.map(EvidenceKey),
        }),
        None => None,
    };
    Ok(Population {
        key: PopulationKey(key),
        definition: serde_json::from_str(&row.try_get::<String, _>(2)?).map_err(corrupt)?,
        defined_at: Timestamp::from_micros(row.try_get(1)?),
        ipe: ipe.map(|text| serde_json::from_str(&text)).transpose().map_err(corrupt)?,
        file: row.try_get::<Option<i64>, _>(3)?.map(EvidenceKey),
        items: stored::count(counts.get(&key).copied().unwrap_or(0), WHAT)?,
        frozen,
    })
}

/// Returns place and moment of each item by key.
pub(super) async fn places(
    c: &mut AnyConnection,
    org: Org,
    key: PopulationKey,
) -> Result<BTreeMap<String, (i64, Timestamp)>> {
    let rows = sqlx::query(
        "SELECT seq, item_key, occurred_at FROM population_item WHERE organization = $1 AND population = $2 ORDER BY seq",
    )
    .bind(org.0)
    .bind(key.0)
    .fetch_all(c)
    .await?;
    rows.iter()
        .map(|row| Ok((row.try_get(1)?, (row.try_get(0)?, Timestamp::from_micros(row.try_get(2)?)))))
        .collect()
}

pub(super) async fn items(c: &mut AnyConnection, org: Org, key: PopulationKey) -> Result<Vec<Item>> {
    items_where(c, org, key, "").await
}

/// Returns at most so many items after a place in the list. Places are counted from 1 without a gap.
pub(super) async fn items_after(
    c: &mut AnyConnection,
    org: Org,
    key: PopulationKey,
    place: i64,
    limit: u32,
) -> Result<Vec<Item>> {
    let last = place.saturating_add(i64::from(limit));
    items_where(c, org, key, &format!("AND i.seq > {place} AND i.seq <= {last}")).await
}

/// Returns the items of a list with what had been found about each up to a moment; none before the list came.
pub(super) async fn items_known(
    c: &mut AnyConnection,
    org: Org,
    key: PopulationKey,
    known_at: Timestamp,
) -> Result<Vec<Item>> {
    items_where(c, org, key, &up_to(Some(known_at))).await
}

/// Returns the part of a statement that leaves out what was found later.
fn up_to(known_at: Option<Timestamp>) -> String {
    known_at.map(|at| format!("AND r.at <= {}", at.micros())).unwrap_or_default()
}

/// Returns the items at these places of a list, ascending, with what was last found about each, or what had been found up to
/// a moment.
pub(super) async fn items_at(
    c: &mut AnyConnection,
    org: Org,
    key: PopulationKey,
    places: &[i64],
    known_at: Option<Timestamp>,
) -> Result<Vec<Item>> {
    let mut items = Vec::with_capacity(places.len());
    for chunk in places.chunks(PLACES_AT_ONCE) {
        let places: Vec<String> = chunk.iter().map(i64::to_string).collect();
        let those = format!("AND i.seq IN ({}) {}", places.join(", "), up_to(known_at));
        items.append(&mut items_where(&mut *c, org, key, &those).await?);
    }
    Ok(items)
}

/// Returns items in the order of the list with what was last found about each; `those` says which, in numbers only.
async fn items_where(c: &mut AnyConnection, org: Org, key: PopulationKey, those: &str) -> Result<Vec<Item>> {
    let text = format!(
        "SELECT i.population, i.seq, i.item_key, i.occurred_at, r.states, r.note FROM population_item i \
         JOIN population_result r ON r.organization = i.organization AND r.population = i.population AND r.seq = i.seq \
         WHERE i.organization = $1 AND i.population = $2 {those} ORDER BY i.population, i.seq, r.at"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(text)).bind(org.0).bind(key.0).fetch_all(c).await?;
    Ok(newest(&rows)?.remove(&key).unwrap_or_default())
}

/// Returns what was found about the items of a list, packed; none for lists from before it was kept.
pub(super) async fn outcomes(
    c: &mut AnyConnection,
    org: Org,
    key: PopulationKey,
) -> Result<Option<Outcomes>> {
    let found: Option<(Vec<u8>,)> =
        sqlx::query_as("SELECT outcomes FROM population_outcome WHERE organization = $1 AND population = $2")
            .bind(org.0)
            .bind(key.0)
            .fetch_optional(c)
            .await?;
    found
        .map(|(bytes,)| {
            Outcomes::read(bytes).ok_or_else(|| Error::corrupt(WHAT, "outcomes of items are none"))
        })
        .transpose()
}

/// Keeps what was found about the items of a list in the place of what was kept before.
pub(super) async fn set_outcomes(
    c: &mut AnyConnection,
    org: Org,
    key: PopulationKey,
    outcomes: &Outcomes,
) -> Result<()> {
    sqlx::query("DELETE FROM population_outcome WHERE organization = $1 AND population = $2")
        .bind(org.0)
        .bind(key.0)
        .execute(&mut *c)
        .await?;
    let row = [Cell::from(org.0), key.0.into(), outcomes.bytes().into()];
    insert_rows(c, "population_outcome", ["organization", "population", "outcomes"], [row]).await?;
    Ok(())
}

/// Keeps of each item the newest result, which comes last.
fn newest(rows: &[AnyRow]) -> Result<BTreeMap<PopulationKey, Vec<Item>>> {
    let mut by_population: BTreeMap<PopulationKey, Vec<Item>> = BTreeMap::new();
    let mut last = None;
    for row in rows {
        let place: (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
        let letters: String = row.try_get(4)?;
        let states: Option<Vec<AttributeState>> = letters.chars().map(AttributeState::of_letter).collect();
        let item = Item {
            key: row.try_get(2)?,
            occurred_at: Timestamp::from_micros(row.try_get(3)?),
            states: states.ok_or_else(|| Error::corrupt(WHAT, format!("{letters:?} are not results")))?,
            note: row.try_get(5)?,
        };
        let items = by_population.entry(PopulationKey(place.0)).or_default();
        if last == Some(place) {
            items.pop();
        }
        last = Some(place);
        items.push(item);
    }
    Ok(by_population)
}

/// What only some items have.
pub(super) struct Part {
    /// Place in the list, from 1.
    pub(super) place: i64,
    pub(super) stratum: Option<String>,
    pub(super) amount: Option<Amount>,
}

pub(super) async fn add_parts(
    c: &mut AnyConnection,
    org: Org,
    key: PopulationKey,
    parts: &[Part],
) -> Result<()> {
    let columns = ["organization", "population", "seq", "stratum", "amount"];
    for some in parts.chunks(ROWS_AT_ONCE) {
        let rows: Vec<[Cell; 5]> = some
            .iter()
            .map(|part| {
                [
                    Cell::from(org.0),
                    key.0.into(),
                    part.place.into(),
                    part.stratum.clone().into(),
                    part.amount.map(Amount::parts).into(),
                ]
            })
            .collect();
        insert_rows(&mut *c, "population_item_part", columns, rows).await?;
    }
    Ok(())
}

/// Returns what items after a place up to another have beyond what all have.
pub(super) async fn parts(
    c: &mut AnyConnection,
    org: Org,
    key: PopulationKey,
    (after, last): (i64, i64),
) -> Result<Vec<Part>> {
    let rows: Vec<(i64, Option<String>, Option<i64>)> = sqlx::query_as(
        "SELECT seq, stratum, amount FROM population_item_part \
         WHERE organization = $1 AND population = $2 AND seq > $3 AND seq <= $4 ORDER BY seq",
    )
    .bind(org.0)
    .bind(key.0)
    .bind(after)
    .bind(last)
    .fetch_all(c)
    .await?;
    let part = |(place, stratum, amount): (i64, Option<String>, Option<i64>)| Part {
        place,
        stratum,
        amount: amount.map(Amount::of_parts),
    };
    Ok(rows.into_iter().map(part).collect())
}

pub(super) async fn add_reading(
    c: &mut AnyConnection,
    org: Org,
    key: PopulationKey,
    reading: &Reading,
    salt: Salt,
) -> Result<()> {
    let body = serde_json::to_string(reading).expect("a record has string keys only");
    let row = [Cell::from(org.0), key.0.into(), body.into(), salt.0.to_vec().into()];
    insert_rows(c, "population_reading", ["organization", "population", "body", "salt"], [row]).await?;
    Ok(())
}

/// Returns how lists were read, of one population or all.
pub(super) async fn readings(
    c: &mut AnyConnection,
    org: Org,
    population: Option<PopulationKey>,
) -> Result<Vec<(PopulationKey, Reading, Salt)>> {
    let rows: Vec<(i64, String, Vec<u8>)> = sqlx::query_as(
        "SELECT population, body, salt FROM population_reading \
         WHERE organization = $1 AND ($2 = 0 OR population = $2) ORDER BY population",
    )
    .bind(org.0)
    .bind(population.map_or(0, |key| key.0))
    .fetch_all(c)
    .await?;
    rows.into_iter()
        .map(|(key, body, salt)| Ok((PopulationKey(key), kept(&body)?, Salt(stored::array(&salt, WHAT)?))))
        .collect()
}

pub(super) async fn add_check(c: &mut AnyConnection, org: Org, checked: &Checked, salt: Salt) -> Result<()> {
    let body = serde_json::to_string(checked).expect("a check has string keys only");
    let row = [
        Cell::from(org.0),
        checked.population.0.into(),
        checked.number.into(),
        checked.at.micros().into(),
        checked.by.to_string().into(),
        body.into(),
        salt.0.to_vec().into(),
    ];
    let columns = ["organization", "population", "number", "made_at", "made_by", "body", "salt"];
    insert_rows(c, "population_check", columns, [row]).await?;
    Ok(())
}

/// Returns the checks of one population or of all, in order.
pub(super) async fn checks(
    c: &mut AnyConnection,
    org: Org,
    population: Option<PopulationKey>,
) -> Result<Vec<(Checked, Salt)>> {
    let rows: Vec<(String, Vec<u8>)> = sqlx::query_as(
        "SELECT body, salt FROM population_check WHERE organization = $1 AND ($2 = 0 OR population = $2) \
         ORDER BY population, number",
    )
    .bind(org.0)
    .bind(population.map_or(0, |key| key.0))
    .fetch_all(c)
    .await?;
    rows.into_iter().map(|(body, salt)| Ok((kept(&body)?, Salt(stored::array(&salt, WHAT)?)))).collect()
}

/// Returns the saved mappings by name.
pub(super) async fn mappings(c: &mut AnyConnection, org: Org) -> Result<Vec<Saved>> {
    let rows: Vec<(String, i64, i64, String, String)> = sqlx::query_as(
        "SELECT name, version, saved_at, saved_by, body FROM population_mapping WHERE organization = $1 ORDER BY name",
    )
    .bind(org.0)
    .fetch_all(c)
    .await?;
    rows.into_iter()
        .map(|(name, version, at, by, body)| {
            Ok(Saved {
                name,
                version,
                saved_at: Timestamp::from_micros(at),
                saved_by: by.parse::<ActorId>().map_err(|error| Error::corrupt("mapping", error))?,
                mapping: kept(&body)?,
            })
        })
        .collect()
}

/// Keeps a mapping in the place of the one of its name.
pub(super) async fn put_mapping(c: &mut AnyConnection, org: Org, saved: &Saved) -> Result<()> {
    remove_mapping(&mut *c, org, &saved.name).await?;
    let body = serde_json::to_string(&saved.mapping).expect("a mapping has string keys only");
    let row = [
        Cell::from(org.0),
        saved.name.as_str().into(),
        saved.version.into(),
        saved.saved_at.micros().into(),
        saved.saved_by.to_string().into(),
        body.into(),
    ];
    let columns = ["organization", "name", "version", "saved_at", "saved_by", "body"];
    insert_rows(c, "population_mapping", columns, [row]).await?;
    Ok(())
}

pub(super) async fn remove_mapping(c: &mut AnyConnection, org: Org, name: &str) -> Result<()> {
    sqlx::query("DELETE FROM population_mapping WHERE organization = $1 AND name = $2")
        .bind(org.0)
        .bind(name)
        .execute(c)
        .await?;
    Ok(())
}

fn kept<T: serde::de::DeserializeOwned>(body: &str) -> Result<T> {
    serde_json::from_str(body).map_err(|error| Error::corrupt(WHAT, error))
}
