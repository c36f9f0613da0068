//! Replacing the signing key: both keys sign for a while, so that whoever pinned the old one can follow to the new.

use tickmark_ledger::epoch::{KeyRotate, Rotation, RotationError};
use tickmark_ledger::leaf::LeafKind;
use tickmark_ledger::note::{Note, NoteError};

use super::keys::{self, Ring};
use super::{State, sql};
use crate::context::Cx;
use crate::{Action, Actor, App, Error, Result};

/// A rotation that began or ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotated {
    /// The key so far.
    pub old: String,
    /// The key that follows.
    pub new: String,
    /// Size of the first checkpoint that the new key may sign.
    pub from: u64,
    /// Size of the last checkpoint for which the old key counts; none while both sign.
    pub until: Option<u64>,
}

impl App {
    /// Makes a new signing key and announces it in the log. From the next checkpoint on both keys sign.
    ///
    /// # Errors
    /// `Conflict` while another rotation is under way.
    pub async fn rotate_key(&self, actor: &Actor) -> Result<Rotated> {
        self.change_keys(actor, async |cx| begin(cx).await).await
    }

    /// Ends the overlap: the old key counts no further than the present size, and its private half is destroyed.
    ///
    /// # Errors
    /// `Conflict` if no rotation is under way, or no checkpoint has both signatures yet.
    pub async fn finish_rotation(&self, actor: &Actor) -> Result<Rotated> {
        let rotated = self.change_keys(actor, async |cx| finish(cx).await).await?;
        let old = rotated.old.parse().map_err(|error| Error::internal("reading our own key", error))?;
        keys::destroy(self, actor.organization.id, &old)?;
        Ok(rotated)
    }

    async fn change_keys<F>(&self, actor: &Actor, change: F) -> Result<Rotated>
    where
        F: AsyncFnOnce(&mut Cx<'_>) -> Result<Rotated>,
    {
        // What waits is signed as it was meant to be.
        self.sequence(actor).await?;
        let rotated = {
            let mut logs = self.logs.0.lock().await;
            let rotated = self.transact(actor, change).await;
            logs.insert(actor.organization.key.0, State::Unknown);
            rotated?
        };
        self.sequence(actor).await?;
        Ok(rotated)
    }
}

async fn begin(cx: &mut Cx<'_>) -> Result<Rotated> {
    cx.authorize(Action::Operate)?;
    let (org, id) = (cx.organization(), cx.actor.organization.id);
    let (head, _) = sql::head(cx.connection(), org).await?;
    let ring = Ring::read(cx.connection(), org, &head).await?;
    let [old] = ring.active.as_slice() else {
        return Err(Error::conflict(
            "a rotation of the signing key is under way; `ledger rotate-key --finish` ends it",
        ));
    };
    let old_signer = keys::load(cx.app, id, &old.key)?;
    // Durable before anything names it.
    let new_signer = keys::create_next(cx.app, id, &head.origin, &ring)?;
    let rotation =
        Rotation { old: old.key.clone(), new: new_signer.verifier(), from: head.size + 1, until: None };
    let note = rotation.sign(old_signer.as_ref(), new_signer.as_ref()).map_err(signing)?;
    let to = super::Head { verifier_key: rotation.new.to_string(), ..head };
    sql::insert_key(cx.connection(), org, &to, rotation.from).await?;
    record(cx, &rotation, &note)
}

async fn finish(cx: &mut Cx<'_>) -> Result<Rotated> {
    cx.authorize(Action::Operate)?;
    let (org, id) = (cx.organization(), cx.actor.organization.id);
    let (head, _) = sql::head(cx.connection(), org).await?;
    let ring = Ring::read(cx.connection(), org, &head).await?;
    let [old, new] = ring.active.as_slice() else {
        return Err(Error::conflict("no rotation of the signing key is under way"));
    };
    if head.size < new.sizes.from {
        return Err(Error::conflict("no checkpoint has both signatures yet"));
    }
    let rotation =
        Rotation { old: old.key.clone(), new: new.key.clone(), from: new.sizes.from, until: Some(head.size) };
    let note = rotation
        .sign(keys::load(cx.app, id, &old.key)?.as_ref(), keys::load(cx.app, id, &new.key)?.as_ref())
        .map_err(signing)?;
    sql::end_key(cx.connection(), org, &rotation.old.to_string(), head.size).await?;
    sql::set_key(cx.connection(), org, &rotation.new.to_string()).await?;
    record(cx, &rotation, &note)
}

fn record(cx: &mut Cx<'_>, rotation: &Rotation, note: &Note) -> Result<Rotated> {
    cx.record(LeafKind::KeyRotate, &KeyRotate::new(note))?;
    Ok(Rotated {
        old: rotation.old.to_string(),
        new: rotation.new.to_string(),
        from: rotation.from,
        until: rotation.until,
    })
}

fn signing(error: RotationError) -> Error {
    match error {
        RotationError::Note(NoteError::NotSigned(why)) => Error::unavailable(why),
        other => Error::internal("signing the rotation of a key", other),
    }
}
