//! The tables `organization`, `system`, `system_version`, `actor`, `example`.

use std::collections::BTreeMap;

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row as _};
use tickmark_core::Timestamp;
use tickmark_core::id::{ActorId, OrganizationKey, SystemId};

use super::{Access, Actor, ActorKind, Example, Organization, System, Version};
use crate::{Result, stored};

/// Most organizations, systems or actors in one list.
const LIST_LIMIT: i64 = 1000;

type OrganizationRow = (i64, String, String, i64);

fn organization((key, id, name, created_at): OrganizationRow) -> Result<Organization> {
    Ok(Organization {
        key: OrganizationKey(key),
        id: stored::parse(&id, "the table of organizations")?,
        name,
        created_at: Timestamp::from_micros(created_at),
    })
}

pub(super) async fn organizations(c: &mut AnyConnection) -> Result<Vec<Organization>> {
    let rows: Vec<OrganizationRow> =
        sqlx::query_as("SELECT key, id, name, created_at FROM organization ORDER BY key LIMIT $1")
            .bind(LIST_LIMIT)
            .fetch_all(c)
            .await?;
    rows.into_iter().map(organization).collect()
}

pub(super) async fn organization_by_name(c: &mut AnyConnection, name: &str) -> Result<Option<Organization>> {
    let row: Option<OrganizationRow> =
        sqlx::query_as("SELECT key, id, name, created_at FROM organization WHERE name = $1")
            .bind(name)
            .fetch_optional(c)
            .await?;
    row.map(organization).transpose()
}

pub(super) async fn next_organization(c: &mut AnyConnection) -> Result<OrganizationKey> {
    let (key,): (i64,) =
        sqlx::query_as("SELECT COALESCE(max(key), 0) + 1 FROM organization").fetch_one(c).await?;
    Ok(OrganizationKey(key))
}

pub(super) async fn insert_organization(c: &mut AnyConnection, organization: &Organization) -> Result<()> {
    sqlx::query("INSERT INTO organization (key, id, name, created_at) VALUES ($1, $2, $3, $4)")
        .bind(organization.key.0)
        .bind(organization.id.to_string())
        .bind(&organization.name)
        .bind(organization.created_at.micros())
        .execute(c)
        .await?;
    Ok(())
}

pub(super) async fn rename_organization(
    c: &mut AnyConnection,
    organization: OrganizationKey,
    name: &str,
) -> Result<()> {
    sqlx::query("UPDATE organization SET name = $2 WHERE key = $1")
        .bind(organization.0)
        .bind(name)
        .execute(c)
        .await?;
    Ok(())
}

pub(super) async fn insert_system(
    c: &mut AnyConnection,
    organization: OrganizationKey,
    system: &System,
    now: Timestamp,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO system (organization, id, name, created_at, boundary) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(organization.0)
    .bind(system.id.to_string())
    .bind(&system.name)
    .bind(now.micros())
    .bind(&system.boundary)
    .execute(c)
    .await?;
    Ok(())
}

pub(super) async fn change_system(
    c: &mut AnyConnection,
    organization: OrganizationKey,
    system: &System,
) -> Result<()> {
    sqlx::query(
        "UPDATE system SET name = $3, boundary = $4, retired_at = $5 WHERE organization = $1 AND id = $2",
    )
    .bind(organization.0)
    .bind(system.id.to_string())
    .bind(&system.name)
    .bind(&system.boundary)
    .bind(system.retired_at.map(Timestamp::micros))
    .execute(c)
    .await?;
    Ok(())
}

/// Keeps what is said of a system now as its next version: by whom, when and why.
pub(super) async fn add_system_version(
    c: &mut AnyConnection,
    organization: OrganizationKey,
    system: &System,
    (by, at, reason): (ActorId, Timestamp, &str),
) -> Result<()> {
    sqlx::query(
        "INSERT INTO system_version (organization, system, number, since, set_by, reason, name, boundary, retired_at) \
         VALUES ($1, $2, \
         (SELECT CAST(COALESCE(MAX(number), 0) + 1 AS BIGINT) FROM system_version WHERE organization = $1 AND system = $2), \
         $3, $4, $5, $6, $7, $8)",
    )
    .bind(organization.0)
    .bind(system.id.to_string())
    .bind(at.micros())
    .bind(by.to_string())
    .bind(reason)
    .bind(&system.name)
    .bind(&system.boundary)
    .bind(system.retired_at.map(Timestamp::micros))
    .execute(c)
    .await?;
    Ok(())
}

/// Returns the newest versions of what was said of a system, oldest first.
pub(super) async fn system_versions(
    c: &mut AnyConnection,
    organization: OrganizationKey,
    id: SystemId,
) -> Result<Vec<Version<System>>> {
    let rows = sqlx::query(
        "SELECT number, since, set_by, reason, name, boundary, retired_at FROM system_version \
         WHERE organization = $1 AND system = $2 ORDER BY number DESC LIMIT $3",
    )
    .bind(organization.0)
    .bind(id.to_string())
    .bind(LIST_LIMIT)
    .fetch_all(c)
    .await?;
    let said = |row: &AnyRow| -> Result<System> {
        let retired_at: Option<i64> = row.try_get("retired_at")?;
        Ok(System {
            id,
            name: row.try_get("name")?,
            boundary: row.try_get("boundary")?,
            retired_at: retired_at.map(Timestamp::from_micros),
        })
    };
    rows.iter().rev().map(|row| version(row, "the table of versions of systems", said(row)?)).collect()
}

/// Reads a row of a table of versions, whatever its record is.
pub(super) fn version<T>(row: &AnyRow, what: &str, record: T) -> Result<Version<T>> {
    let by: Option<String> = row.try_get("set_by")?;
    Ok(Version {
        number: row.try_get("number")?,
        since: Timestamp::from_micros(row.try_get("since")?),
        by: by.map(|by| stored::parse(&by, what)).transpose()?,
        reason: row.try_get("reason")?,
        record,
    })
}

pub(super) async fn systems(c: &mut AnyConnection, organization: OrganizationKey) -> Result<Vec<System>> {
    let rows: Vec<(String, String, String, Option<i64>)> = sqlx::query_as(
        "SELECT id, name, boundary, retired_at FROM system WHERE organization = $1 ORDER BY name LIMIT $2",
    )
    .bind(organization.0)
    .bind(LIST_LIMIT)
    .fetch_all(c)
    .await?;
    rows.into_iter()
        .map(|(id, name, boundary, retired_at)| {
            let id = stored::parse::<SystemId>(&id, "the table of systems")?;
            Ok(System { id, name, boundary, retired_at: retired_at.map(Timestamp::from_micros) })
        })
        .collect()
}

pub(super) async fn insert_actor(c: &mut AnyConnection, actor: &Actor, now: Timestamp) -> Result<()> {
    sqlx::query("INSERT INTO actor (organization, id, kind, label, created_at) VALUES ($1, $2, $3, $4, $5)")
        .bind(actor.organization.key.0)
        .bind(actor.id.to_string())
        .bind(actor.kind.word())
        .bind(&actor.label)
        .bind(now.micros())
        .execute(c)
        .await?;
    Ok(())
}

/// Gives an actor another name for people. The ledger knows the id only.
pub(super) async fn relabel(
    c: &mut AnyConnection,
    organization: OrganizationKey,
    id: ActorId,
    label: &str,
) -> Result<()> {
    sqlx::query("UPDATE actor SET label = $1 WHERE organization = $2 AND id = $3")
        .bind(label)
        .bind(organization.0)
        .bind(id.to_string())
        .execute(c)
        .await?;
    Ok(())
}

pub(super) async fn actor_by_label(
    c: &mut AnyConnection,
    organization: &Organization,
    kind: ActorKind,
    label: &str,
) -> Result<Option<Actor>> {
    let row: Option<(String, String, String)> = sqlx::query_as(
        "SELECT id, kind, label FROM actor WHERE organization = $1 AND kind = $2 AND label = $3 AND label <> ''",
    )
    .bind(organization.key.0)
    .bind(kind.word())
    .bind(label)
    .fetch_optional(c)
    .await?;
    row.map(|row| actor(organization, row)).transpose()
}

pub(super) async fn actor_by_id(
    c: &mut AnyConnection,
    organization: &Organization,
    id: ActorId,
) -> Result<Option<Actor>> {
    let row: Option<(String, String, String)> =
        sqlx::query_as("SELECT id, kind, label FROM actor WHERE organization = $1 AND id = $2")
            .bind(organization.key.0)
            .bind(id.to_string())
            .fetch_optional(c)
            .await?;
    row.map(|row| actor(organization, row)).transpose()
}

pub(super) async fn labels(
    c: &mut AnyConnection,
    organization: OrganizationKey,
) -> Result<BTreeMap<ActorId, String>> {
    let rows: Vec<(String, String)> =
        sqlx::query_as("SELECT id, label FROM actor WHERE organization = $1 ORDER BY id LIMIT 100000")
            .bind(organization.0)
            .fetch_all(c)
            .await?;
    rows.into_iter().map(|(id, label)| Ok((stored::parse(&id, "the table of actors")?, label))).collect()
}

/// Actors named in one statement.
const ACTORS_PER_STATEMENT: usize = 500;

/// Returns what some actors are called.
pub(super) async fn labels_of(
    c: &mut AnyConnection,
    organization: OrganizationKey,
    ids: &[ActorId],
) -> Result<BTreeMap<ActorId, String>> {
    let mut found = BTreeMap::new();
    for chunk in ids.chunks(ACTORS_PER_STATEMENT) {
        let places: Vec<String> = (2..chunk.len() + 2).map(|place| format!("${place}")).collect();
        let text =
            format!("SELECT id, label FROM actor WHERE organization = $1 AND id IN ({})", places.join(", "));
        let mut query = sqlx::query_as::<_, (String, String)>(sqlx::AssertSqlSafe(text)).bind(organization.0);
        for id in chunk {
            query = query.bind(id.to_string());
        }
        for (id, label) in query.fetch_all(&mut *c).await? {
            found.insert(stored::parse(&id, "the table of actors")?, label);
        }
    }
    Ok(found)
}

fn actor(organization: &Organization, (id, kind, label): (String, String, String)) -> Result<Actor> {
    Ok(Actor {
        id: stored::parse(&id, "the table of actors")?,
        organization: organization.clone(),
        kind: if kind == ActorKind::Person.word() { ActorKind::Person } else { ActorKind::Program },
        label,
        access: Access::Local,
    })
}

pub(super) async fn insert_example(
    c: &mut AnyConnection,
    organization: OrganizationKey,
    seed: u64,
    now: Timestamp,
) -> Result<()> {
    sqlx::query("INSERT INTO example (organization, seed, begun_at) VALUES ($1, $2, $3)")
        .bind(organization.0)
        .bind(seed.cast_signed())
        .bind(now.micros())
        .execute(c)
        .await?;
    Ok(())
}

pub(super) async fn example(c: &mut AnyConnection, organization: OrganizationKey) -> Result<Option<Example>> {
    let row: Option<(i64, i64)> =
        sqlx::query_as("SELECT seed, begun_at FROM example WHERE organization = $1")
            .bind(organization.0)
            .fetch_optional(c)
            .await?;
    Ok(row.map(|(seed, begun_at)| Example {
        seed: seed.cast_unsigned(),
        begun_at: Timestamp::from_micros(begun_at),
    }))
}
