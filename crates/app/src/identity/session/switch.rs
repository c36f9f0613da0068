//! Going to another organization that one is in.
//!
//! It is another session, with another cookie: the one before ends, and says there only that it did. How and when somebody
//! showed who they are goes along and becomes no better by it; a session lasts as long as the first one would have.

use tickmark_core::id::OrganizationId;
use tickmark_core::identity::{Factor, Standing};

use super::super::audit::{self, Event, Name};
use super::super::people::{self, Home};
use super::super::{Access, Organization, sql as actors};
use super::{Origin, Proof, acting, begin_as, own, sql};
use crate::context::View;
use crate::{Actor, App, Error, Result};

/// An organization that somebody is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its id.
    pub id: OrganizationId,
    /// Its name.
    pub name: String,
    /// Whether one is in it now.
    pub is_here: bool,
}

/// Lists the organizations in which one's membership counts, oldest first.
///
/// # Errors
/// `Forbidden` if nobody is signed in.
pub async fn places(view: &mut View<'_>) -> Result<Vec<Place>> {
    let here = view.organization();
    let homes = homes(view).await?;
    Ok(homes
        .into_iter()
        .map(|(_, one)| Place { id: one.id, is_here: one.key == here, name: one.name })
        .collect())
}

async fn homes(view: &mut View<'_>) -> Result<Vec<(Home, Organization)>> {
    let (membership, _) = own(view).await?;
    let (organization, now) = (view.organization(), view.now);
    let found = people::person_email(view.connection(), organization, membership).await?;
    let Some((person, _)) = found else { return Ok(Vec::new()) };
    view.reach_all().await?;
    let homes = people::homes(view.connection(), person).await?;
    let organizations = actors::organizations(view.connection()).await?;
    view.confine().await?;
    let counts = |home: &Home| home.standing == Standing::Active && home.valid.contains(now);
    let at = |home: Home| {
        let found = organizations.iter().find(|one| one.key == home.organization)?;
        Some((home, found.clone()))
    };
    Ok(homes.into_iter().filter(counts).filter_map(at).collect())
}

impl App {
    /// Goes to another organization; returns the cookie of the session there.
    ///
    /// # Errors
    /// `Forbidden` if nobody is signed in; `NotFound` if one is not in that organization; `StepUp` if it asks for more than
    /// was shown.
    pub async fn switch(&self, actor: &Actor, to: OrganizationId, origin: &Origin) -> Result<[u8; 32]> {
        let (homes, before) = self
            .read(actor, async |view| {
                let (_, id) = own(view).await?;
                let key = view.organization();
                let before = sql::find(view.connection(), key, id).await?;
                Ok((homes(view).await?, before.ok_or_else(|| Error::not_found("session", id))?))
            })
            .await?;
        let (home, organization) = homes
            .into_iter()
            .find(|(_, one)| one.id == to && one.key != actor.organization.key)
            .ok_or_else(|| Error::not_found("organization", to))?;
        // Passwords and codes are the installation's own, so every organization here knows what they prove. It takes a
        // session from elsewhere only if that was shown which it asks for itself.
        let mut tx = self.database.read().await?;
        let there = acting(&mut tx, organization.key, home.membership, self.now()).await?;
        drop(tx);
        let there = there.ok_or_else(|| Error::not_found("organization", to))?;
        // What a provider of one organization says is worth nothing in another one.
        let is_own = before.through.as_ref().is_none_or(|through| through.is_own);
        // Which passkeys are attested ones each organization finds for itself: whoever comes in by another one sees their own
        // account there, and can add one.
        let least = there.rule.required(&there.member.roles).min(Factor::Passkey);
        if !is_own || before.factor < least || before.factor == Factor::Password {
            return Err(Error::StepUp);
        }
        if there.comes_wrong(None) {
            return Err(Error::conflict(super::SignIn::BY_PROVIDER));
        }
        self.transact(actor, async |cx| {
            let (key, now) = (cx.organization(), cx.now);
            sql::end(cx.connection(), key, before.id, "left", now).await?;
            audit::record(cx, Event::done(Name::Logout, "session", before.id)).await
        })
        .await?;
        let token: [u8; 32] = self.random();
        let there = Actor {
            id: home.actor,
            organization,
            kind: crate::ActorKind::Person,
            label: String::new(),
            access: Access::Local,
        };
        self.transact(&there, async |cx| {
            let moments = (before.begun_at, before.proven_at);
            let proof = Proof { factor: before.factor, passkey: before.passkey };
            begin_as(cx, home.membership, (proof, None), moments, origin, &token).await
        })
        .await?;
        Ok(token)
    }
}
