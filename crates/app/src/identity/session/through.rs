//! Sessions that an identity provider of the organization vouches for.
//!
//! What it says counts in that organization only: going to another one, and changing what one signs in with, need what one has
//! here. Otherwise whoever runs the provider of one organization could get into every other one that somebody is in.

use sqlx::AnyConnection;
use tickmark_core::Timestamp;
use tickmark_core::id::{MembershipId, OrganizationKey, ProviderId, SessionId};
use tickmark_core::identity::Factor;

use super::super::{credential, people};
use super::sign_in::prove_at;
use super::{Origin, Proof, Session, begin_as, elsewhere, end, need_fresh_proof, own, sql};
use crate::context::{Cx, View};
use crate::{Error, Result};

/// What a session has from a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Through {
    /// Through which connection it was begun.
    pub provider: ProviderId,
    /// What the provider calls who is in it.
    pub subject: String,
    /// What the provider calls the session; may be empty.
    pub sid: String,
    /// Until when the provider lets it last.
    pub ends_at: Option<Timestamp>,
    /// Whether what somebody has here was shown in it as well.
    pub is_own: bool,
}

impl Through {
    /// Tells whether the provider lets the session last no longer.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.ends_at.is_some_and(|ends| now >= ends)
    }
}

/// Begins a session that a provider vouches for, shown at a moment.
pub(crate) async fn begin_through(
    cx: &mut Cx<'_>,
    membership: MembershipId,
    (factor, shown_at): (Factor, Timestamp),
    through: &Through,
    origin: &Origin,
    token: &[u8; 32],
) -> Result<()> {
    let now = cx.now;
    begin_as(cx, membership, (Proof::other(factor), Some(through)), (now, shown_at), origin, token)
        .await
        .map(|_| ())
}

/// Gives a session what a provider said when it was asked again, and another cookie. It is as strong as what was shown now.
pub(crate) async fn prove_through(
    cx: &mut Cx<'_>,
    id: SessionId,
    token: &[u8; 32],
    shown: (Factor, Timestamp),
    through: &Through,
) -> Result<()> {
    let (factor, at) = shown;
    prove_at(cx, id, token, (Proof::other(factor), at)).await?;
    let organization = cx.organization();
    sql::set_through(cx.connection(), organization, id, through).await
}

/// Finds a session that was not ended, whoever asks.
pub(crate) async fn found(
    c: &mut AnyConnection,
    organization: OrganizationKey,
    id: SessionId,
) -> Result<Option<Session>> {
    sql::find(c, organization, id).await
}

/// Ends the sessions that a provider vouches for: all, or those of a subject, or the one that it calls `sid`.
pub(crate) async fn end_through(
    cx: &mut Cx<'_>,
    provider: ProviderId,
    subject: &str,
    sid: &str,
    reason: &'static str,
) -> Result<()> {
    let organization = cx.organization();
    for session in sql::of_provider(cx.connection(), organization, provider, (subject, sid)).await? {
        end(cx, session, reason).await?;
    }
    Ok(())
}

/// Refuses whoever did not show lately that it is them, with what they have here: for changing what one signs in with. Whoever
/// has nothing here yet, and is nowhere else, begins with what the provider says.
pub(crate) async fn need_own_proof(view: &mut View<'_>) -> Result<()> {
    need_fresh_proof(view)?;
    let (membership, id) = own(view).await?;
    let organization = view.organization();
    let session = sql::find(view.connection(), organization, id).await?;
    if session.and_then(|session| session.through).is_none_or(|through| through.is_own) {
        return Ok(());
    }
    let found = people::person_email(view.connection(), organization, membership).await?;
    let (person, _) = found.ok_or_else(|| Error::not_found("member", membership))?;
    if credential::is_enrolled(view.connection(), person).await? || elsewhere(view, person).await?.is_member {
        return Err(Error::conflict(
            "you came in through your organization's identity provider; for this, show what you have here: a passkey, or \
             password and code",
        ));
    }
    Ok(())
}
