//! Signs of life: while somebody watches and nothing else happens, the log says so once an hour. Silence that is longer
//! means that nobody was there.
//!
//! Source: `docs/domain/ledger.md` section 1.7, statement 2.

use serde_json::json;
use tickmark_core::time::SECOND_US;
use tickmark_ledger::leaf::LeafKind;

use super::{head, pending};
use crate::{Actor, App, Result};

/// How long the log may be silent while somebody watches.
pub const HEARTBEAT_EVERY_US: i64 = 3600 * SECOND_US;

impl App {
    /// Records that somebody watches, if the log has been silent for [`HEARTBEAT_EVERY_US`]. Returns whether it had been.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn heartbeat(&self, actor: &Actor) -> Result<bool> {
        let is_silent = self
            .read(actor, async |view| {
                let last = head(view).await?.updated_at;
                let silent_from = last.plus_micros(HEARTBEAT_EVERY_US);
                Ok(silent_from <= view.now && pending(view).await? == 0)
            })
            .await?;
        if is_silent {
            self.transact(actor, async |cx| cx.record(LeafKind::Heartbeat, &json!({})).map(|_| ())).await?;
        }
        Ok(is_silent)
    }
}
