//! Another key of accounts: made, what can be moved to it is moved, and the one before is dropped when nothing needs it.
//!
//! Seeds, letters and secrets are sealed anew here. A password is hashed anew when its owner signs in with it, and recovery
//! codes are made anew by their owner: nobody else knows them. Everything is done in small steps that can be done again, so
//! a program that is killed in between leaves all of it usable, and going on finishes it.

use tickmark_core::identity::Email;

use super::super::audit::{self, Event, Name};
use super::super::{people, provider};
use super::{sql, vault};
use crate::{App, Error, Result, mail};

/// What was moved to the present key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    /// Seeds of authenticators.
    pub seeds: usize,
    /// Letters that wait, and the password of the mail server.
    pub letters: usize,
    /// Client secrets of identity providers.
    pub providers: usize,
    /// People whose failures and networks are counted under another name.
    pub accounts: usize,
}

/// What only its owner can move from an older key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// The key's name.
    pub key: String,
    /// Passwords that were hashed with it.
    pub passwords: u64,
    /// People who have unused recovery codes of it.
    pub codes: u64,
}

impl App {
    /// Makes another key of accounts, which is the present one from now on. Those before stay in the file. Returns its name.
    ///
    /// # Errors
    /// `Conflict` for too many keys; `Unavailable` where nothing may be written; or if the disk refuses.
    pub async fn make_accounts_key(&mut self) -> Result<String> {
        if !self.may_write() {
            return Err(Error::unavailable("nothing may be written here"));
        }
        let before = vault(self).await?;
        // Of codes from before it was noted, the only key there was is theirs.
        let oldest = before.older().last().unwrap_or(before.id()).to_owned();
        let mut tx = self.database.write().await?;
        sql::note_key_of_codes(&mut tx, &oldest).await?;
        tx.commit().await?;
        before.with_new_key(self)?;
        self.accounts.forget();
        let id = vault(self).await?.id().to_owned();
        self.record_key("made", &id).await?;
        Ok(id)
    }

    /// Moves what can be moved to the present key. Doing it again moves nothing twice.
    ///
    /// # Errors
    /// If something does not open, or the database fails; what was moved stays moved.
    pub async fn move_to_accounts_key(&self) -> Result<Moved> {
        let vault = vault(self).await?;
        let mut moved = Moved::default();
        loop {
            let mut tx = self.database.write().await?;
            let seeds = sql::seeds_of_others(&mut tx, vault.id()).await?;
            if seeds.is_empty() {
                tx.rollback().await?;
                break;
            }
            for (person, sealed, by) in &seeds {
                let seed = vault.open_seed(*person, by, sealed)?;
                let sealed = vault.seal(*person, &seed, self.random());
                sql::reseal_seed(&mut tx, *person, &sealed, vault.id()).await?;
            }
            tx.commit().await?;
            moved.seeds += seeds.len();
        }
        moved.letters = mail::reseal(self, &vault).await?;
        moved.providers = provider::reseal(self, &vault).await?;
        let mut after = None;
        loop {
            let mut tx = self.database.write().await?;
            let people = people::addresses(&mut tx, after).await?;
            for (person, address) in &people {
                let email: Email =
                    address.parse().map_err(|error| Error::corrupt("the table of people", error))?;
                let now = vault.account(&email);
                for before in vault.older_accounts(&email) {
                    sql::rename_account(&mut tx, &before, &now).await?;
                }
                after = Some(*person);
            }
            tx.commit().await?;
            if people.is_empty() {
                return Ok(moved);
            }
            moved.accounts += people.len();
        }
    }

    /// Returns what only its owner can move from each older key, the latest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn use_of_accounts_keys(&self) -> Result<Vec<Use>> {
        let vault = vault(self).await?;
        let mut tx = self.database.read().await?;
        let mut all = Vec::new();
        for key in vault.older() {
            let (passwords, codes) = sql::held_by(&mut tx, key).await?;
            let count = |number| crate::stored::count(number, "what a key of accounts is used for");
            all.push(Use { key: key.to_owned(), passwords: count(passwords)?, codes: count(codes)? });
        }
        Ok(all)
    }

    /// Drops all keys but the present one, once nothing needs them. Returns how many.
    ///
    /// # Errors
    /// `Conflict` while something needs one; `Unavailable` where nothing may be written; or if the disk refuses.
    pub async fn drop_older_accounts_keys(&mut self) -> Result<usize> {
        if !self.may_write() {
            return Err(Error::unavailable("nothing may be written here"));
        }
        self.move_to_accounts_key().await?;
        let uses = self.use_of_accounts_keys().await?;
        if let Some(held) = uses.iter().find(|one| one.passwords > 0 || one.codes > 0) {
            return Err(Error::conflict(format!(
                "the key {} is needed still: {} passwords until their owners sign in with them, and recovery codes of {} \
                 people until they make new ones; `tickmark people reset` takes both away from whoever does not",
                held.key, held.passwords, held.codes
            )));
        }
        vault(self).await?.without_older_keys(self)?;
        self.accounts.forget();
        let id = vault(self).await?.id().to_owned();
        self.record_key("dropped", &id).await?;
        Ok(uses.len())
    }

    async fn record_key(&self, what: &'static str, id: &str) -> Result<()> {
        for program in self.everywhere().await? {
            self.transact(&program, async |cx| {
                let after = serde_json::json!({"key": id, "older": what});
                let event =
                    Event { after: Some(after), ..Event::done(Name::SecretReplaced, "accounts_key", id) };
                audit::record(cx, event).await
            })
            .await?;
        }
        Ok(())
    }
}
