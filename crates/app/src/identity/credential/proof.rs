//! Whether it is them: password and code, examined together, counted before they are looked at.
//!
//! The answer to a wrong password, a wrong code, an unknown address and somebody who may not come in is the same, and
//! takes as long. A failure is counted first and taken back when it was none, so that many attempts at the same moment
//! cannot slip in before the first of them is counted.

use tickmark_core::id::PersonId;
use tickmark_core::identity::Email;
use tickmark_core::identity::password::Password;
use tickmark_core::identity::throttle::{Counters, Network, Wait};
use tickmark_core::identity::totp::{SEED_BYTES, Seed, Typed};
use tickmark_core::{Digest, Timestamp};

use super::{NewPassword, sql, vault};
use crate::context::Cx;
use crate::{App, Result};

/// Turn in which failures are counted: they belong to the installation.
const COUNTING_TURN: i32 = 0;

/// What must fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// Password and code: to get in.
    Both,
    /// The password alone, where the other is shown elsewise or is what was lost.
    Password,
    /// The code alone, where the password is what was lost.
    Code,
}

/// What somebody brings.
#[derive(Clone, Copy)]
pub(crate) struct Evidence<'a> {
    pub(crate) need: Need,
    pub(crate) email: &'a Email,
    /// Who has this address; none if nobody.
    pub(crate) person: Option<PersonId>,
    pub(crate) password: &'a str,
    pub(crate) code: &'a str,
    pub(crate) network: Network,
}

/// What was found.
#[derive(Debug)]
pub(crate) enum Answer {
    /// It is them, once [`Shown::take`] has used up the code.
    Shown(Shown),
    /// It is not. `locked` says what a further attempt will meet.
    No { reason: &'static str, locked: Option<Wait>, account: String },
    /// It was not examined.
    Wait(Wait),
}

/// Password and code fit.
#[derive(Debug)]
pub(crate) struct Shown {
    person: PersonId,
    account: String,
    network: Network,
    used: Used,
    renewed: Option<NewPassword>,
}

/// With which code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Used {
    /// One of the app, for this step.
    App(i64),
    /// One on paper.
    Recovery(Digest),
    /// None, as none was asked for.
    None,
}

/// Examines what somebody brings.
pub(crate) async fn examine(app: &App, evidence: Evidence<'_>) -> Result<Answer> {
    let vault = vault(app).await?;
    let account = vault.account(evidence.email);
    let now = app.now();
    let after = match count(app, &account, evidence.network, now).await? {
        Ok(after) => after,
        Err(wait) => return Ok(Answer::Wait(wait)),
    };
    let mut tx = app.database.read().await?;
    let (password, authenticator, codes, is_enrolled) = match evidence.person {
        Some(person) => (
            sql::password(&mut tx, person).await?,
            sql::authenticator(&mut tx, person).await?,
            sql::unused_codes(&mut tx, person).await?,
            super::is_enrolled(&mut tx, person).await?,
        ),
        None => (None, None, Vec::new(), false),
    };
    drop(tx);

    // Too long to be anybody's: compared as the empty one, which is nobody's, so that it takes as long.
    let typed = Password::typed(evidence.password).ok();
    let bytes = typed.as_ref().map_or(b"".as_slice(), Password::bytes);
    // With the key that it was hashed with, which can be one before the present one.
    let by = password.as_ref().and_then(|stored| vault.pepper_by(&stored.pepper, bytes));
    let stored = password.as_ref().filter(|_| typed.is_some() && by.is_some());
    let is_older = password.as_ref().is_some_and(|stored| stored.pepper != vault.id());
    let peppered = by.unwrap_or_else(|| vault.pepper(bytes));
    let compared = app.accounts.hasher.compare(peppered, stored.map(|stored| stored.hash.as_str())).await?;

    let person = evidence.person.unwrap_or(PersonId(uuid::Uuid::nil()));
    let (seed, last_step) = match &authenticator {
        Some(row) => (vault.open_seed(person, &row.sealed_by, &row.sealed)?, row.last_step),
        None => (Seed::new([0; SEED_BYTES]), i64::MAX),
    };
    let used = match Typed::read(evidence.code) {
        _ if evidence.need == Need::Password => Some(Used::None),
        Some(Typed::App(digits)) => {
            let digits = std::str::from_utf8(&digits).unwrap_or_default();
            seed.matching_step(digits, now, Some(last_step)).map(Used::App)
        }
        Some(Typed::Recovery(code)) => {
            // The digest is keyed, so the time that looking for it takes says nothing about the code.
            let found = vault.recoveries(person, &code).into_iter().find(|digest| codes.contains(digest));
            found.map(Used::Recovery)
        }
        None => None,
    };
    let locked = after.admit(now).err();
    let no = |reason| Ok(Answer::No { reason, locked, account: account.clone() });
    let password_fits = compared.is_same || evidence.need == Need::Code;
    // Whoever has neither authenticator nor passkey has not enrolled, and shows nothing with a password alone.
    match (evidence.person, password_fits, used, is_enrolled) {
        (None, ..) => no("unknown"),
        (_, false, ..) => no("password"),
        (_, _, None, _) | (_, _, _, false) => no("code"),
        (Some(person), true, Some(used), true) => {
            let renewed = match typed.filter(|_| compared.is_same && (compared.is_outdated || is_older)) {
                Some(typed) => {
                    let hash = app.accounts.hasher.hash(vault.pepper(typed.bytes()), app.random()).await?;
                    Some(NewPassword { hash, pepper: vault.id().to_owned() })
                }
                None => None,
            };
            Ok(Answer::Shown(Shown {
                person,
                account: account.clone(),
                network: evidence.network,
                used,
                renewed,
            }))
        }
    }
}

impl Shown {
    /// Uses up the code and forgets the failures, in the transaction of what was proven for. Tells with which code, or none
    /// if somebody else used it in between: then nothing is proven.
    pub(crate) async fn take(&self, cx: &mut Cx<'_>) -> Result<Option<Used>> {
        let now = cx.now;
        let is_first = match self.used {
            Used::App(step) => sql::use_step(cx.connection(), self.person, step).await?,
            Used::Recovery(digest) => sql::use_code(cx.connection(), self.person, digest, now).await?,
            Used::None => true,
        };
        if !is_first {
            return Ok(None);
        }
        if let Some(renewed) = &self.renewed {
            super::set_password(cx, self.person, renewed).await?;
        }
        let network = self.network.to_string();
        sql::clear_failures(cx.connection(), &self.account, &network).await?;
        sql::remember_network(cx.connection(), &self.account, &network, now).await?;
        Ok(Some(self.used))
    }
}

/// Counts an attempt as a failure, if it is evaluated at all.
async fn count(app: &App, account: &str, network: Network, now: Timestamp) -> Result<Result<Counters, Wait>> {
    let network = network.to_string();
    let mut tx = app.database.write().await?;
    tx.take_turn(COUNTING_TURN).await?;
    let before = Counters {
        pair: sql::failures(&mut tx, account, &network).await?,
        address: sql::failures(&mut tx, "", &network).await?,
        account: sql::failures(&mut tx, account, "").await?,
        known: sql::failures(&mut tx, account, sql::KNOWN).await?,
        is_known: sql::is_known_network(&mut tx, account, &network).await?,
    };
    if let Err(wait) = before.admit(now) {
        tx.rollback().await?;
        return Ok(Err(wait));
    }
    let after = before.after_failure(now);
    sql::set_failures(&mut tx, account, &network, &after.pair).await?;
    sql::set_failures(&mut tx, "", &network, &after.address).await?;
    if after.account != before.account {
        sql::set_failures(&mut tx, account, "", &after.account).await?;
    }
    if after.known != before.known {
        sql::set_failures(&mut tx, account, sql::KNOWN, &after.known).await?;
    }
    sql::forget_failures(&mut tx, now).await?;
    tx.commit().await?;
    Ok(Ok(after))
}
