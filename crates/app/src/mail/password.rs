//! The password of the mail server, kept in the database and sealed with the key of accounts, for whoever does not want it to
//! stand in a file.

use tickmark_core::identity::{Atom, Resource, Verb};

use super::sql;
use crate::context::Cx;
use crate::identity::audit::{self, Event, Name};
use crate::identity::credential::{self, Vault};
use crate::ledger::Secret;
use crate::{Action, App, Error, Result};

/// Under which name it is kept.
const NAME: &str = "mail_password";
/// Where it is at home: sealed bytes open there only.
const PLACE: &str = "installation_secret|sealed|mail_password";
/// Most bytes of a password.
const MAX_BYTES: usize = 1_000;

/// Keeps the password, in place of the one before.
///
/// # Errors
/// `Forbidden` for members; `Invalid` for what is no password.
pub async fn keep_password(cx: &mut Cx<'_>, password: &str) -> Result<()> {
    cx.authorize(Action::Operate)?;
    cx.permit(Atom::new(Resource::Notification, Verb::Update))?;
    if password.is_empty() || password.len() > MAX_BYTES || password.chars().any(char::is_control) {
        return Err(Error::invalid(format!("a password has 1 to {MAX_BYTES} bytes, on one line")));
    }
    let vault = credential::vault(cx.app).await?;
    let sealed = vault.seal_text(PLACE, password.as_bytes(), cx.app.random());
    let now = cx.now;
    sql::set_secret(cx.connection(), NAME, &sealed, vault.id(), now).await?;
    audit::record(cx, Event::done(Name::ConfigChanged, "mail", "password")).await
}

/// Seals the password anew, if another key than the present one does; tells whether it did.
pub(super) async fn reseal(app: &App, vault: &Vault) -> Result<bool> {
    let mut tx = app.database.write().await?;
    let Some((sealed, by)) = sql::secret(&mut tx, NAME).await?.filter(|(_, by)| by != vault.id()) else {
        tx.rollback().await?;
        return Ok(false);
    };
    let opened = vault.open_text(PLACE, &by, &sealed)?;
    let sealed = vault.seal_text(PLACE, &opened, app.random());
    sql::set_secret(&mut tx, NAME, &sealed, vault.id(), app.now()).await?;
    tx.commit().await?;
    Ok(true)
}

impl App {
    /// Returns the password that is kept; none if none is.
    pub(super) async fn kept_mail_password(&self) -> Result<Option<Secret>> {
        let mut tx = self.database.read().await?;
        let Some((sealed, sealed_by)) = sql::secret(&mut tx, NAME).await? else { return Ok(None) };
        drop(tx);
        let opened = credential::vault(self).await?.open_text(PLACE, &sealed_by, &sealed)?;
        let text = std::str::from_utf8(&opened)
            .map_err(|error| Error::corrupt("the password of the mail server", error))?;
        Ok(Some(Secret::new(text.to_owned())))
    }
}
