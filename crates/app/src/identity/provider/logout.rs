//! A provider says that somebody signed out there: their sessions here end too.
//!
//! Source: OpenID Connect Back-Channel Logout 1.0.

use tickmark_core::id::ProviderId;
use tickmark_core::identity::provider::read_logout;

use super::super::audit::{self, Event, Name};
use super::super::session::{self, Origin};
use super::{discover, sql};
use crate::{App, Result};

impl App {
    /// Takes a logout token. Tells whether it was one; what it ends may be nothing, and sent twice it ends nothing twice.
    ///
    /// # Errors
    /// `Unavailable` if the provider is not reached for its keys; or if the database fails.
    pub async fn sign_out_by_provider(&self, id: ProviderId, token: &str, origin: &Origin) -> Result<bool> {
        let Some((organization, provider)) = self.provider(id).await? else { return Ok(false) };
        let found = discover::find(self, &provider.issuer, Some(token)).await?;
        let Ok(verified) = found.keys.verify(token, &provider.algorithms) else { return Ok(false) };
        let now = self.now().seconds();
        let party = (provider.issuer.as_str(), provider.client.as_str());
        let Ok(logout) = read_logout(&verified.body, verified.kind.as_deref(), party, now) else {
            return Ok(false);
        };
        let program = self.program_of(organization).await?;
        self.transact(&program, async |cx| {
            let (key, now) = (cx.organization(), cx.now);
            sql::forget_logouts(cx.connection(), key, now).await?;
            if !sql::take_logout(cx.connection(), key, id, &logout).await? {
                return Ok(true);
            }
            session::end_through(cx, id, &logout.subject, &logout.sid, "provider_logout").await?;
            let event = Event {
                request: Some(&origin.request),
                network: Some(origin.network.to_string()),
                ..Event::done(Name::ProviderLogout, "identity_provider", id)
            };
            audit::record(cx, event).await?;
            Ok(true)
        })
        .await
    }
}
