//! Keys by which a program may send the same thing twice and have it done once (`Idempotency-Key`).
//!
//! What was answered is kept for a day, with a digest of what was asked, in the transaction of the change itself: what was
//! not done is not kept, and what was done is answered again as it was. Owns the table of migration `0043_api_answer.sql`.

use tickmark_core::Digest;
use tickmark_core::id::SessionId;
use tickmark_core::time::DAY_US;

use super::super::Access;
use super::sql;
use crate::context::Cx;
use crate::{Error, Result};

/// How long an answer is kept, in microseconds: a day.
const KEPT_US: i64 = DAY_US;

/// What was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// HTTP status.
    pub status: u16,
    /// Entity tag of what there is now; may be empty.
    pub tag: String,
    /// Where it is; may be empty.
    pub location: String,
    /// The body.
    pub body: Vec<u8>,
}

/// Whether something was sent with this key before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Repeated {
    /// It was not.
    No,
    /// It was, and this was answered.
    Same(Answered),
    /// Something else was.
    Other,
}

/// Finds what was answered to the same key of the same token.
///
/// # Errors
/// `Forbidden` for whoever has no token or session.
pub async fn find(cx: &mut Cx<'_>, key: &str, asked: Digest) -> Result<Repeated> {
    let who = who(cx)?;
    let (organization, since) = (cx.organization(), cx.now.plus_micros(-KEPT_US));
    let found = sql::answer(cx.connection(), organization, who, key, since).await?;
    Ok(match found {
        None => Repeated::No,
        Some((digest, answered)) if digest == asked => Repeated::Same(answered),
        Some(_) => Repeated::Other,
    })
}

/// Keeps what is answered. What is older than a day goes.
///
/// # Errors
/// As [`find`].
pub async fn keep(cx: &mut Cx<'_>, key: &str, asked: Digest, answered: &Answered) -> Result<()> {
    let who = who(cx)?;
    let (organization, now) = (cx.organization(), cx.now);
    sql::forget_answers(cx.connection(), organization, now.plus_micros(-KEPT_US)).await?;
    sql::keep_answer(cx.connection(), organization, who, key, asked, answered, now).await
}

fn who(cx: &Cx<'_>) -> Result<SessionId> {
    match &cx.actor.access {
        Access::Member(signed_in) => Ok(signed_in.session),
        Access::Local => Err(Error::Forbidden("nobody is signed in".to_owned())),
    }
}
