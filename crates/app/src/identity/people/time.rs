//! Memberships for a time: set when somebody is invited or later, compared on every request, tidied up when it is over.

use tickmark_core::Timestamp;
use tickmark_core::id::MembershipId;
use tickmark_core::identity::{Alert, Role, Standing, Verb};

use super::super::audit::{self, Event, Name};
use super::super::session;
use super::{Member, acted_on, alert, changed, need_reason, sql, withdraw_made_by};
use crate::context::{Cx, View};
use crate::{Actor, App, Error, Result};

/// Says until when somebody is a member; none: without an end. It may be a moment that brings back whose time was over.
///
/// # Errors
/// `Forbidden`; `NotFound`; `Invalid` without a reason, or for a moment that is past; `Conflict` for oneself, the last owner
/// who is one without an end, auditors, or if it is so already.
pub async fn set_until(cx: &mut Cx<'_>, id: MembershipId, until: Option<Timestamp>, why: &str) -> Result<()> {
    let member = acted_on(cx, id, Verb::Update).await?;
    need_reason(why)?;
    need_coming(until, cx.now)?;
    if member.roles.contains(&Role::Auditor) {
        return Err(Error::conflict("how long an auditor is let in stands on the page of the engagement"));
    }
    if member.valid.to == until {
        return Err(Error::conflict("it is so already"));
    }
    let (organization, now) = (cx.organization(), cx.now);
    if until.is_some() && member.roles.contains(&Role::Owner) {
        let all = sql::members(cx.connection(), organization).await?;
        let stays = |one: &Member| {
            one.id != id
                && one.standing == Standing::Active
                && one.roles.contains(&Role::Owner)
                && one.valid.contains(now)
                && one.valid.to.is_none()
        };
        if !all.iter().any(stays) {
            return Err(Error::conflict("this is the last owner without an end"));
        }
    }
    sql::set_until(cx.connection(), organization, id, until, now).await?;
    let mut after = member.clone();
    after.valid.to = until;
    alert(cx, member.person, Alert::RolesChanged).await?;
    changed(cx, Name::ValiditySet, &member, Some(&after), why).await
}

/// Refuses an end that is past.
pub(super) fn need_coming(until: Option<Timestamp>, now: Timestamp) -> Result<()> {
    if until.is_some_and(|until| until <= now) {
        return Err(Error::invalid("a membership ends on a day that is to come"));
    }
    Ok(())
}

/// Returns whose time is over, and for whom that was not noted.
async fn over(view: &mut View<'_>) -> Result<Vec<Member>> {
    let (organization, now) = (view.organization(), view.now);
    let ids = sql::over(view.connection(), organization, now).await?;
    super::several(view, &ids).await
}

/// Notes that somebody's time is over: sessions end, and what they made for others does not work any more.
async fn expire(cx: &mut Cx<'_>, member: &Member) -> Result<()> {
    let (organization, now) = (cx.organization(), cx.now);
    if !sql::set_expired(cx.connection(), organization, member.id, now).await? {
        return Ok(());
    }
    withdraw_made_by(cx, member.actor).await?;
    session::end_all(cx, member.id, "expired").await?;
    let event = Event { before: Some(member.state()), ..Event::done(Name::Expired, "member", member.id) };
    audit::record(cx, event).await
}

impl App {
    /// Notes whose membership came to its end. Returns how many; doing it again notes nothing twice.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn expire_memberships(&self, program: &Actor) -> Result<usize> {
        let over = self.read(program, async |view| over(view).await).await?;
        for member in over.iter().filter(|member| member.standing == Standing::Active) {
            self.transact(program, async |cx| expire(cx, member).await).await?;
        }
        Ok(over.len())
    }
}
