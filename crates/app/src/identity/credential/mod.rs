//! What people sign in with: passwords, authenticators, recovery codes. And how a guess is slowed down.
//!
//! Belongs to the person, so it says who they are in every organization they are in. Owns `password`, `authenticator`,
//! `recovery_code`, `sign_in_failure` and `known_network`.

mod broken;
mod hash;
mod proof;
mod rotate;
mod sql;
mod vault;

use std::sync::Arc;

use sqlx::AnyConnection;
use tickmark_core::Digest;
use tickmark_core::id::{PersonId, SessionId};
use tickmark_core::identity::Email;
use tickmark_core::identity::password::{MIN_WITH_SECOND, Password, Weak};
use tickmark_core::identity::throttle::Network;
use tickmark_core::identity::totp::{RECOVERY_BYTES, RECOVERY_CODES, Seed, recovery_text};
use tokio::sync::OnceCell;
use zeroize::Zeroizing;

pub use broken::BrokenPasswords;
pub use hash::Cost;
pub(crate) use proof::{Answer, Evidence, Need, Shown, Used, examine};
pub use rotate::{Moved, Use};
pub(crate) use vault::Vault;

use super::passkey;
use crate::context::{Cx, View};
use crate::{App, Error, Result};

/// What the running program keeps for accounts.
#[derive(Debug)]
pub(crate) struct Accounts {
    pub(crate) hasher: hash::Hasher,
    vault: OnceCell<Arc<Vault>>,
    broken: Option<BrokenPasswords>,
}

impl Default for Accounts {
    fn default() -> Self {
        Self { hasher: hash::Hasher::new(Cost::STANDARD), vault: OnceCell::new(), broken: None }
    }
}

impl Accounts {
    /// Reads the file of keys anew when it is next needed.
    fn forget(&mut self) {
        self.vault = OnceCell::new();
    }

    /// Takes another cost for new hashes; older ones are replaced when their owners sign in.
    pub(crate) fn set_cost(&mut self, cost: Cost) {
        self.hasher = hash::Hasher::new(cost);
    }

    /// Refuses passwords that are in a file of the operator.
    pub(crate) fn refuse(&mut self, broken: BrokenPasswords) {
        self.broken = Some(broken);
    }
}

/// Returns the installation's secret.
pub(crate) async fn vault(app: &App) -> Result<Arc<Vault>> {
    app.accounts.vault.get_or_try_init(async || Vault::open(app).await.map(Arc::new)).await.cloned()
}

/// A password that was taken, hashed.
#[derive(Debug)]
pub(crate) struct NewPassword {
    hash: String,
    pepper: String,
}

/// Takes a password that somebody chose, if it may be one. `known` are words that others connect with the account.
pub(crate) async fn take(app: &App, text: &str, known: &[String]) -> Result<Password> {
    // A second factor is asked for always, so a password is never the only one.
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let password = Password::chosen(text, MIN_WITH_SECOND, &known).map_err(Error::invalid)?;
    match &app.accounts.broken {
        Some(broken) if broken.holds(&password).await? => Err(Error::invalid(Weak::Broken)),
        _ => Ok(password),
    }
}

/// Takes a password that somebody chose, as [`take`], and hashes it.
pub(crate) async fn choose(app: &App, text: &str, known: &[String]) -> Result<NewPassword> {
    let password = take(app, text, known).await?;
    let vault = vault(app).await?;
    let hash = app.accounts.hasher.hash(vault.pepper(password.bytes()), app.random()).await?;
    Ok(NewPassword { hash, pepper: vault.id().to_owned() })
}

/// Keeps a person's password.
pub(crate) async fn set_password(cx: &mut Cx<'_>, person: PersonId, password: &NewPassword) -> Result<()> {
    let now = cx.now;
    sql::set_password(cx.connection(), person, &password.hash, &password.pepper, now).await
}

/// Keeps a person's authenticator, whose code of `step` was shown, and makes a new set of recovery codes. Returns them: they
/// can be shown this once.
pub(crate) async fn enroll(
    cx: &mut Cx<'_>,
    person: PersonId,
    seed: &Seed,
    step: i64,
) -> Result<Vec<Zeroizing<String>>> {
    let vault = vault(cx.app).await?;
    let sealed = vault.seal(person, seed, cx.app.random());
    let now = cx.now;
    sql::set_authenticator(cx.connection(), person, &sealed, vault.id(), step, now).await?;
    renew_codes(cx, person).await
}

/// Replaces a person's recovery codes by a new set.
pub(crate) async fn renew_codes(cx: &mut Cx<'_>, person: PersonId) -> Result<Vec<Zeroizing<String>>> {
    let vault = vault(cx.app).await?;
    let now = cx.now;
    sql::delete_codes(cx.connection(), person).await?;
    let mut shown = Vec::with_capacity(RECOVERY_CODES);
    for _ in 0..RECOVERY_CODES {
        let code: Zeroizing<[u8; RECOVERY_BYTES]> = Zeroizing::new(cx.app.random());
        let digest = vault.recovery(person, &code);
        sql::insert_code(cx.connection(), person, (digest, vault.id()), now).await?;
        shown.push(recovery_text(&code));
    }
    Ok(shown)
}

/// Takes everything away that a person signs in with, so that it must be enrolled again.
pub(crate) async fn reset(cx: &mut Cx<'_>, person: PersonId) -> Result<()> {
    passkey::forget(cx.connection(), person).await?;
    sql::reset(cx.connection(), person).await
}

/// Forgets every failure to sign in with this address: who gets something new to sign in with waits for nothing old.
pub(crate) async fn forget_failures(cx: &mut Cx<'_>, email: &Email) -> Result<()> {
    let account = vault(cx.app).await?.account(email);
    sql::forget_account(cx.connection(), &account).await
}

/// Tells whether a person has an authenticator.
pub(crate) async fn has_authenticator(c: &mut AnyConnection, person: PersonId) -> Result<bool> {
    Ok(sql::authenticator(c, person).await?.is_some())
}

/// Tells whether a person has something to show beside a password.
pub(crate) async fn is_enrolled(c: &mut AnyConnection, person: PersonId) -> Result<bool> {
    Ok(has_authenticator(c, person).await? || passkey::count(c, person).await? > 0)
}

/// Returns how many recovery codes a person has left.
pub(crate) async fn codes_left(c: &mut AnyConnection, person: PersonId) -> Result<u32> {
    sql::codes_left(c, person).await
}

/// Returns the seed that is offered to the holder of a link.
pub(crate) async fn offered_seed(app: &App, link: &[u8; 32]) -> Result<Seed> {
    Ok(vault(app).await?.offered(link))
}

/// Tells whether an account was signed in to from a network before.
pub(crate) async fn knows_network(cx: &mut Cx<'_>, email: &Email, network: Network) -> Result<bool> {
    let account = vault(cx.app).await?.account(email);
    sql::is_known_network(cx.connection(), &account, &network.to_string()).await
}

/// Returns the seed that is offered to somebody who is signed in: the same one in a session until it is enrolled.
pub(crate) async fn own_seed(view: &mut View<'_>, person: PersonId, session: SessionId) -> Result<Seed> {
    let before = sql::authenticator(view.connection(), person).await?;
    // What was enrolled before makes it another one, so none is offered twice.
    let sealed = before.map_or_else(Vec::new, |row| row.sealed);
    let parts = [person.0.as_bytes().as_slice(), session.0.as_bytes(), &sealed].concat();
    offered_seed(view.app, &Digest::of(&parts).0).await
}

/// Takes a person's authenticator away. Recovery codes stay.
pub(crate) async fn remove_authenticator(cx: &mut Cx<'_>, person: PersonId) -> Result<()> {
    sql::delete_authenticator(cx.connection(), person).await
}

/// Counts a network as one from which a person is in, as after enrolling there.
pub(crate) async fn remember_network(cx: &mut Cx<'_>, email: &Email, network: Network) -> Result<()> {
    let account = vault(cx.app).await?.account(email);
    let now = cx.now;
    sql::remember_network(cx.connection(), &account, &network.to_string(), now).await
}
