//! The tables `population_sample`, `population_sample_unit`, `population_sample_event`.

use sqlx::AnyConnection;
use tickmark_core::id::{OrganizationKey, PopulationKey};
use tickmark_core::program::sampling::{Drawn, Happened};
use tickmark_ledger::commitment::Salt;
use tickmark_store::{Cell, insert_rows};

use crate::{Error, Result, stored};

type Org = OrganizationKey;

const WHAT: &str = "sample";

pub(super) async fn add(c: &mut AnyConnection, org: Org, drawn: &Drawn, salt: Salt) -> Result<()> {
    let body = serde_json::to_string(drawn).expect("a sample has string keys only");
    let size =
        i64::try_from(drawn.draw.picks.len()).map_err(|error| Error::internal("counting picks", error))?;
    let row = [
        Cell::from(org.0),
        drawn.population.0.into(),
        drawn.number.into(),
        drawn.drawn_at.micros().into(),
        drawn.drawn_by.to_string().into(),
        drawn.draw.method.word().into(),
        size.into(),
        body.into(),
        salt.0.to_vec().into(),
    ];
    let columns =
        ["organization", "population", "number", "drawn_at", "drawn_by", "method", "size", "body", "salt"];
    insert_rows(c, "population_sample", columns, [row]).await?;
    Ok(())
}

/// Adds units after those there are; each is named by its place in the population.
pub(super) async fn add_units(
    c: &mut AnyConnection,
    org: Org,
    population: PopulationKey,
    number: i64,
    units: &[i64],
    part: char,
) -> Result<()> {
    let (last,): (i64,) = sqlx::query_as(
        "SELECT CAST(COALESCE(MAX(place), 0) AS BIGINT) FROM population_sample_unit \
         WHERE organization = $1 AND population = $2 AND number = $3",
    )
    .bind(org.0)
    .bind(population.0)
    .bind(number)
    .fetch_one(&mut *c)
    .await?;
    // Collected, since what waits for the database must not borrow by way of a closure: handlers are sent between threads.
    let mut rows = Vec::with_capacity(units.len());
    for (place, seq) in (last + 1..).zip(units) {
        rows.push([
            Cell::from(org.0),
            population.0.into(),
            number.into(),
            place.into(),
            (*seq).into(),
            part.to_string().into(),
        ]);
    }
    let columns = ["organization", "population", "number", "place", "seq", "part"];
    insert_rows(c, "population_sample_unit", columns, rows).await?;
    Ok(())
}

/// Adds an event. `replaced` is where the replaced unit stands in its population, 0 for the extension.
pub(super) async fn add_event(
    c: &mut AnyConnection,
    org: Org,
    happened: &Happened,
    event: i64,
    replaced: i64,
    salt: Salt,
) -> Result<()> {
    let body = serde_json::to_string(happened).expect("an event has string keys only");
    let row = [
        Cell::from(org.0),
        happened.population.0.into(),
        happened.number.into(),
        event.into(),
        replaced.into(),
        happened.at.micros().into(),
        happened.actor.to_string().into(),
        body.into(),
        salt.0.to_vec().into(),
    ];
    let columns =
        ["organization", "population", "number", "event", "replaced", "happened_at", "actor", "body", "salt"];
    insert_rows(c, "population_sample_event", columns, [row]).await?;
    Ok(())
}

/// Returns the samples of one population or of all, oldest first.
pub(super) async fn drawn(
    c: &mut AnyConnection,
    org: Org,
    population: Option<PopulationKey>,
) -> Result<Vec<(Drawn, Salt)>> {
    let rows: Vec<(String, Vec<u8>)> = sqlx::query_as(
        "SELECT body, salt FROM population_sample WHERE organization = $1 AND ($2 = 0 OR population = $2) \
         ORDER BY population, number",
    )
    .bind(org.0)
    .bind(population.map_or(0, |key| key.0))
    .fetch_all(c)
    .await?;
    rows.into_iter().map(|(body, salt)| read(&body, &salt)).collect()
}

/// Returns what happened to one sample or to all, in order.
pub(super) async fn events(
    c: &mut AnyConnection,
    org: Org,
    sample: Option<(PopulationKey, i64)>,
) -> Result<Vec<(Happened, Salt)>> {
    let (population, number) = sample.map_or((0, 0), |(population, number)| (population.0, number));
    let rows: Vec<(String, Vec<u8>)> = sqlx::query_as(
        "SELECT body, salt FROM population_sample_event WHERE organization = $1 \
         AND ($2 = 0 OR (population = $2 AND number = $3)) ORDER BY population, number, event",
    )
    .bind(org.0)
    .bind(population)
    .bind(number)
    .fetch_all(c)
    .await?;
    rows.into_iter().map(|(body, salt)| read(&body, &salt)).collect()
}

fn read<T: serde::de::DeserializeOwned>(body: &str, salt: &[u8]) -> Result<(T, Salt)> {
    let value = serde_json::from_str(body).map_err(|error| Error::corrupt(WHAT, error))?;
    Ok((value, Salt(stored::array(salt, WHAT)?)))
}
