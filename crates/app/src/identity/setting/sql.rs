//! The tables `person_setting`, `organization_setting`.

use std::collections::BTreeMap;

use sqlx::AnyConnection;
use tickmark_core::Timestamp;
use tickmark_core::id::{ActorId, OrganizationKey, PersonId};
use tickmark_core::zone::Zone;

use super::{OrganizationSettings, PersonSettings, SettingsVersion};
use crate::{Error, Result, stored};

const WHAT: &str = "settings of time and reminders";

pub(super) async fn organization(
    c: &mut AnyConnection,
    org: OrganizationKey,
) -> Result<Option<OrganizationSettings>> {
    let row: Option<(String, String, i64)> = sqlx::query_as(
        "SELECT time_zone, date_style, escalate_days FROM organization_setting WHERE organization = $1 \
         ORDER BY since DESC LIMIT 1",
    )
    .bind(org.0)
    .fetch_optional(c)
    .await?;
    row.map(|(zone, style, days)| set(&zone, &style, days)).transpose()
}

fn set(zone: &str, style: &str, days: i64) -> Result<OrganizationSettings> {
    Ok(OrganizationSettings {
        zone: known(zone),
        style: stored::parse(style, WHAT)?,
        escalate_days: u32::try_from(days).map_err(|error| Error::corrupt(WHAT, error))?,
    })
}

/// Returns what was set, oldest first.
pub(super) async fn versions(c: &mut AnyConnection, org: OrganizationKey) -> Result<Vec<SettingsVersion>> {
    let rows: Vec<(i64, String, String, String, i64)> = sqlx::query_as(
        "SELECT since, set_by, time_zone, date_style, escalate_days FROM organization_setting \
         WHERE organization = $1 ORDER BY since LIMIT 10000",
    )
    .bind(org.0)
    .fetch_all(c)
    .await?;
    rows.into_iter()
        .map(|(since, by, zone, style, days)| {
            let since = Timestamp::from_micros(since);
            Ok(SettingsVersion { since, by: stored::parse(&by, WHAT)?, settings: set(&zone, &style, days)? })
        })
        .collect()
}

pub(super) async fn set_organization(
    c: &mut AnyConnection,
    org: OrganizationKey,
    settings: &OrganizationSettings,
    by: ActorId,
    now: Timestamp,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO organization_setting (organization, since, time_zone, date_style, escalate_days, set_by) \
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(org.0)
    .bind(now.micros())
    .bind(settings.zone.name())
    .bind(settings.style.word())
    .bind(i64::from(settings.escalate_days))
    .bind(by.to_string())
    .execute(c)
    .await?;
    Ok(())
}

pub(super) async fn person(c: &mut AnyConnection, person: PersonId) -> Result<Option<PersonSettings>> {
    let row: Option<(Option<String>, String)> =
        sqlx::query_as("SELECT time_zone, reminders FROM person_setting WHERE person = $1")
            .bind(person.to_string())
            .fetch_optional(c)
            .await?;
    row.map(|(zone, reminders)| settings(zone, &reminders)).transpose()
}

pub(super) async fn people(c: &mut AnyConnection) -> Result<BTreeMap<PersonId, PersonSettings>> {
    let rows: Vec<(String, Option<String>, String)> =
        sqlx::query_as("SELECT person, time_zone, reminders FROM person_setting").fetch_all(c).await?;
    rows.into_iter()
        .map(|(person, zone, reminders)| Ok((stored::parse(&person, WHAT)?, settings(zone, &reminders)?)))
        .collect()
}

pub(super) async fn set_person(
    c: &mut AnyConnection,
    person: PersonId,
    settings: &PersonSettings,
    now: Timestamp,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO person_setting (person, time_zone, reminders, changed_at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (person) DO UPDATE SET time_zone = EXCLUDED.time_zone, reminders = EXCLUDED.reminders, \
         changed_at = EXCLUDED.changed_at",
    )
    .bind(person.to_string())
    .bind(settings.zone.as_ref().map(Zone::name))
    .bind(settings.reminders.word())
    .bind(now.micros())
    .execute(c)
    .await?;
    Ok(())
}

fn settings(zone: Option<String>, reminders: &str) -> Result<PersonSettings> {
    Ok(PersonSettings { zone: zone.map(|name| known(&name)), reminders: stored::parse(reminders, WHAT)? })
}

/// A zone that a later edition of the database does not know any more is that of whoever has not chosen.
fn known(name: &str) -> Zone {
    name.parse().unwrap_or_else(|_| Zone::utc())
}
