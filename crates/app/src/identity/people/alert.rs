//! Telling a person, and the other organizations that they are in, what happened to their account.

use serde_json::Value;
use tickmark_core::id::PersonId;
use tickmark_core::identity::Alert;

use super::super::audit::Name;
use super::sql;
use crate::Result;
use crate::context::{Cx, Told};
use crate::mail;

/// Writes to somebody that something happened to their account, so that they notice what they did not do themselves.
pub(crate) async fn alert(cx: &mut Cx<'_>, person: PersonId, alert: Alert) -> Result<()> {
    if !mail::is_on(cx.app) {
        return Ok(());
    }
    let email = sql::email(cx.connection(), person).await?;
    mail::security(cx, person, &email, alert).await.map(|_| ())
}

/// Lets the trail of every other organization that somebody is in have the same event: what they sign in with is one for
/// all of them.
pub(crate) async fn tell_elsewhere(
    cx: &mut Cx<'_>,
    person: PersonId,
    name: Name,
    after: &Value,
) -> Result<()> {
    let here = cx.organization();
    cx.reach_all().await?;
    let homes = sql::homes(cx.connection(), person).await?;
    cx.confine().await?;
    for home in homes.into_iter().filter(|home| home.organization != here) {
        let (organization, membership) = (home.organization, home.membership);
        cx.tell(Told { organization, name, membership, after: after.clone() });
    }
    Ok(())
}
