//! What people and organizations set about time and reminders. Owns the first two tables of migration `0042_notice.sql`.

mod sql;

use std::collections::BTreeMap;

use serde_json::json;
use tickmark_core::Timestamp;
use tickmark_core::id::{ActorId, PersonId};
use tickmark_core::identity::{Atom, Resource, Verb};
use tickmark_core::program::reminder::{ESCALATE_DAYS, MAX_ESCALATE_DAYS, Preference};
use tickmark_core::zone::{DateStyle, Reading, Zone};

use super::audit::{self, Event, Name};
use super::{Access, people};
use crate::context::{Cx, View};
use crate::{Error, Result};

/// What an organization sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrganizationSettings {
    /// The zone of whoever has chosen none.
    pub zone: Zone,
    /// How dates are written.
    pub style: DateStyle,
    /// Days after which others are told of what nobody did; 0: never.
    pub escalate_days: u32,
}

impl Default for OrganizationSettings {
    fn default() -> Self {
        Self { zone: Zone::utc(), style: DateStyle::default(), escalate_days: ESCALATE_DAYS }
    }
}

/// What a person sets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PersonSettings {
    /// Their zone; that of the organization where there is none.
    pub zone: Option<Zone>,
    /// How they want to be reminded.
    pub reminders: Preference,
}

/// Returns what the organization sets.
///
/// # Errors
/// If the database refuses, or holds what we never wrote.
pub async fn organization(view: &mut View<'_>) -> Result<OrganizationSettings> {
    let organization = view.organization();
    Ok(sql::organization(view.connection(), organization).await?.unwrap_or_default())
}

/// What an organization set at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsVersion {
    /// From when.
    pub since: Timestamp,
    /// Who set it.
    pub by: ActorId,
    /// What.
    pub settings: OrganizationSettings,
}

/// Returns what the organization has set, oldest first. Nothing before the first that was set: what holds then is the
/// default.
///
/// # Errors
/// `Forbidden`; or if the database refuses, or holds what we never wrote.
pub async fn versions(view: &mut View<'_>) -> Result<Vec<SettingsVersion>> {
    view.permit_whole(Atom::new(Resource::Organization, Verb::Read))?;
    let organization = view.organization();
    sql::versions(view.connection(), organization).await
}

/// Sets what holds in the organization from now on.
///
/// # Errors
/// `Forbidden`; `Invalid` for more than [`MAX_ESCALATE_DAYS`].
pub async fn set_organization(cx: &mut Cx<'_>, settings: &OrganizationSettings) -> Result<()> {
    cx.permit_whole(Atom::new(Resource::Organization, Verb::Update))?;
    if settings.escalate_days > MAX_ESCALATE_DAYS {
        return Err(Error::invalid(format!("it needs whole days, from 0 to {MAX_ESCALATE_DAYS}")));
    }
    let before = organization(cx).await?;
    if before == *settings {
        return Ok(());
    }
    let (key, now, by) = (cx.organization(), cx.now, cx.actor.id);
    sql::set_organization(cx.connection(), key, settings, by, now).await?;
    let said = |settings: &OrganizationSettings| {
        json!({
            "time_zone": settings.zone.name(),
            "date_style": settings.style.word(),
            "escalate_days": settings.escalate_days,
        })
    };
    let id = cx.actor.organization.id;
    let event = Event {
        before: Some(said(&before)),
        after: Some(said(settings)),
        ..Event::done(Name::OrganizationChanged, "organization", id)
    };
    audit::record(cx, event).await
}

/// Returns what whoever asks has set for themselves.
///
/// # Errors
/// `Forbidden` for whoever has no account.
pub async fn own(view: &mut View<'_>) -> Result<PersonSettings> {
    let person = people::own_person(view).await?;
    Ok(sql::person(view.connection(), person).await?.unwrap_or_default())
}

/// Sets something for oneself, in every organization.
///
/// # Errors
/// As [`own`].
pub async fn set_own(cx: &mut Cx<'_>, settings: &PersonSettings) -> Result<()> {
    let person = people::own_person(cx).await?;
    if sql::person(cx.connection(), person).await?.unwrap_or_default() == *settings {
        return Ok(());
    }
    let now = cx.now;
    sql::set_person(cx.connection(), person, settings, now).await?;
    // In which zone somebody is says where they are: that stays out of the log.
    let after = json!({"reminders": settings.reminders.word()});
    let event = Event { after: Some(after), ..Event::done(Name::RemindersSet, "person", person) };
    audit::record(cx, event).await
}

/// Returns where and how whoever asks reads times.
///
/// # Errors
/// If the database refuses.
pub async fn reading(view: &mut View<'_>) -> Result<Reading> {
    let whose = view.actor.id.to_string();
    let reading = view.once("reading", whose, |view| Box::pin(read(view))).await?;
    Ok((*reading).clone())
}

async fn read(view: &mut View<'_>) -> Result<Reading> {
    let settings = organization(view).await?;
    let own = match view.actor.access {
        Access::Member(_) => {
            let (organization, actor) = (view.organization(), view.actor.id);
            match people::person_of_actor(view.connection(), organization, actor).await? {
                Some(person) => sql::person(view.connection(), person).await?,
                None => None,
            }
        }
        Access::Local => None,
    };
    let zone = own.and_then(|own| own.zone).unwrap_or(settings.zone);
    Ok(Reading { zone, style: settings.style })
}

/// Returns what people have set, whoever has.
pub(crate) async fn of_people(view: &mut View<'_>) -> Result<BTreeMap<PersonId, PersonSettings>> {
    sql::people(view.connection()).await
}
