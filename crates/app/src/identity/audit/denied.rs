//! What is turned away before a use case sees it: forms from elsewhere, wrong tokens, links that are over, addresses that are
//! not for whoever asks.

use super::{Event, Name, Outcome, record};
use crate::{Actor, App, Result};

/// A request that was turned away.
#[derive(Clone, Copy, Debug)]
pub struct TurnedAway<'a> {
    /// Reason code.
    pub reason: &'static str,
    /// The first part of the address: what comes after it may be a secret.
    pub place: &'a str,
    /// Id of the request.
    pub request: &'a str,
    /// From which network.
    pub network: &'a str,
}

impl App {
    /// Records that a request was turned away, with whoever is signed in, or with the first organization of the installation
    /// where nobody is. How often this is done in a minute, whoever serves requests bounds.
    ///
    /// # Errors
    /// If it cannot be recorded.
    pub async fn record_turned_away(&self, who: Option<&Actor>, turned: TurnedAway<'_>) -> Result<()> {
        if !self.may_write() {
            return Ok(());
        }
        let actor = match who {
            Some(actor) => actor.clone(),
            None => match self.organizations().await?.into_iter().next() {
                Some(first) => self.program_of(first).await?,
                None => return Ok(()),
            },
        };
        self.transact(&actor, async |cx| {
            let event = Event {
                outcome: Outcome::Denied,
                reason: turned.reason,
                request: Some(turned.request),
                network: Some(turned.network.to_owned()),
                ..Event::done(Name::AccessDenied, "request", turned.place)
            };
            record(cx, event).await
        })
        .await
    }
}
