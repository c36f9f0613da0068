//! The tables `population_sample`, `population_sample_unit`, `population_sample_event`, `sampling_own_size`.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::AnyConnection;
use tickmark_core::Timestamp;
use tickmark_core::control::ControlId;
use tickmark_core::id::{OrganizationKey, PopulationKey};
use tickmark_core::program::sampling::{Drawn, Happened, OwnSizes};
use tickmark_ledger::commitment::Salt;
use tickmark_store::{Cell, insert_rows};

use super::OwnVersion;
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

pub(super) async fn add_own(
    c: &mut AnyConnection,
    org: Org,
    control: &ControlId,
    version: &OwnVersion,
) -> Result<()> {
    let sizes = version.sizes.map(<(u64, u64, u64)>::from);
    let kept = |of: fn((u64, u64, u64)) -> u64| {
        // At most MAX_SAMPLE.
        sizes.map(|sizes| i64::try_from(of(sizes)).unwrap_or(i64::MAX))
    };
    let row = [
        Cell::from(org.0),
        control.as_str().into(),
        version.since.micros().into(),
        kept(|sizes| sizes.0).into(),
        kept(|sizes| sizes.1).into(),
        kept(|sizes| sizes.2).into(),
        version.reason.as_str().into(),
        version.set_by.to_string().into(),
    ];
    let columns = ["organization", "code", "since", "low", "usual", "high", "reason", "set_by"];
    insert_rows(c, "sampling_own_size", columns, [row]).await?;
    Ok(())
}

type OwnRow = (i64, Option<i64>, Option<i64>, Option<i64>, String, String);

pub(super) async fn own(c: &mut AnyConnection, org: Org, control: &ControlId) -> Result<Vec<OwnVersion>> {
    const WHAT: &str = "sizes of a control";
    let rows: Vec<OwnRow> = sqlx::query_as(
        "SELECT since, low, usual, high, reason, set_by FROM sampling_own_size \
         WHERE organization = $1 AND code = $2 ORDER BY since",
    )
    .bind(org.0)
    .bind(control.as_str())
    .fetch_all(c)
    .await?;
    (1..)
        .zip(rows)
        .map(|(number, (since, low, usual, high, reason, set_by))| {
            let sizes = match (low, usual, high) {
                (Some(low), Some(usual), Some(high)) => {
                    let count = |size: i64| stored::count(size, WHAT);
                    let sizes = OwnSizes::new(count(low)?, count(usual)?, count(high)?);
                    Some(sizes.map_err(|error| Error::corrupt(WHAT, error))?)
                }
                _ => None,
            };
            let set_by = stored::parse(&set_by, WHAT)?;
            Ok(OwnVersion { number, since: Timestamp::from_micros(since), sizes, reason, set_by })
        })
        .collect()
}

/// A unit of a sample that is tested.
pub(super) struct Unit {
    pub(super) population: PopulationKey,
    pub(super) number: i64,
    /// Its place in the list.
    pub(super) place: i64,
    /// Whether the extension added it.
    pub(super) is_added: bool,
}

/// Returns the units of all samples as they stood at a moment, in order, without those that had been replaced.
pub(super) async fn units(c: &mut AnyConnection, org: Org, at: Timestamp) -> Result<Vec<Unit>> {
    // The extension replaces nothing and adds as many as it says, a replacement adds one: later units came later.
    let events: Vec<(i64, i64, i64, i64)> = sqlx::query_as(
        "SELECT population, number, happened_at, replaced FROM population_sample_event WHERE organization = $1 \
         ORDER BY population, number, event",
    )
    .bind(org.0)
    .fetch_all(&mut *c)
    .await?;
    let mut later: BTreeMap<(i64, i64), (usize, bool)> = BTreeMap::new();
    let mut replaced: BTreeSet<(i64, i64, i64)> = BTreeSet::new();
    for (population, number, happened_at, unit) in events {
        if happened_at > at.micros() {
            let (replacements, is_extended) = later.entry((population, number)).or_default();
            *replacements += usize::from(unit > 0);
            *is_extended |= unit == 0;
        } else if unit > 0 {
            replaced.insert((population, number, unit));
        }
    }
    let rows: Vec<(i64, i64, i64, String)> = sqlx::query_as(
        "SELECT population, number, seq, part FROM population_sample_unit WHERE organization = $1 \
         ORDER BY population, number, place DESC",
    )
    .bind(org.0)
    .fetch_all(c)
    .await?;
    let mut units = Vec::with_capacity(rows.len());
    for (population, number, place, part) in rows {
        // From the last unit back: those that events after the moment brought.
        let is_later = match (later.get_mut(&(population, number)), part.as_str()) {
            (Some((left, _)), "r") if *left > 0 => {
                *left -= 1;
                true
            }
            (Some((_, is_extended)), "e") => *is_extended,
            _ => false,
        };
        if !is_later && !replaced.contains(&(population, number, place)) {
            units.push(Unit { population: PopulationKey(population), number, place, is_added: part == "e" });
        }
    }
    units.reverse();
    Ok(units)
}

fn read<T: serde::de::DeserializeOwned>(body: &str, salt: &[u8]) -> Result<(T, Salt)> {
    let value = serde_json::from_str(body).map_err(|error| Error::corrupt(WHAT, error))?;
    Ok((value, Salt(stored::array(salt, WHAT)?)))
}
