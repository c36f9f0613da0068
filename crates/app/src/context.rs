//! What a query sees ([`View`]) and what a use case works with ([`Cx`]).

use std::ops::{Deref, DerefMut};

use serde::Serialize;
use sqlx::AnyConnection;
use tickmark_core::Timestamp;
use tickmark_core::id::OrganizationKey;
use tickmark_ledger::leaf::{Leaf, LeafKind};
use tickmark_store::{ReadTx, StoreError, WriteTx};
use uuid::Uuid;

use crate::ledger::Entry;
use crate::{Actor, ActorKind, App, Error, Result};

/// What an actor wants to do, as far as rights differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Bring in what was seen, and what follows from it by rule.
    Observe,
    /// Set up controls, tests, scope.
    Administer,
    /// Judge: rate a control, accept, approve. Programs suggest; only a person decides.
    Decide,
}

/// One snapshot of one organization.
#[derive(Debug)]
pub struct View<'a> {
    /// The running program: clock, objects, settings.
    pub app: &'a App,
    /// Who asks.
    pub actor: &'a Actor,
    /// The one moment of this transaction.
    pub now: Timestamp,
    tx: Tx,
}

/// One change of one organization: a [`View`] that may also write and record.
#[derive(Debug)]
pub struct Cx<'a> {
    view: View<'a>,
    entries: Vec<Entry>,
}

#[derive(Debug)]
enum Tx {
    Read(ReadTx),
    Write(WriteTx),
}

impl<'a> View<'a> {
    pub(crate) fn new(app: &'a App, actor: &'a Actor, tx: ReadTx) -> Self {
        Self { app, actor, now: app.now(), tx: Tx::Read(tx) }
    }

    /// Returns the organization's key, the first column of every key.
    #[must_use]
    pub fn organization(&self) -> OrganizationKey {
        self.actor.organization.key
    }

    /// Returns the connection, inside the transaction.
    pub fn connection(&mut self) -> &mut AnyConnection {
        match &mut self.tx {
            Tx::Read(tx) => tx,
            Tx::Write(tx) => tx,
        }
    }
}

impl<'a> Cx<'a> {
    /// Begins with a transaction whose turn has come.
    pub(crate) fn new(app: &'a App, actor: &'a Actor, tx: WriteTx) -> Self {
        Self { view: View { app, actor, now: app.now(), tx: Tx::Write(tx) }, entries: Vec::new() }
    }

    /// Refuses what the actor may not do.
    ///
    /// # Errors
    /// `Forbidden` if so.
    pub fn authorize(&self, action: Action) -> Result<()> {
        match (action, self.actor.kind) {
            (Action::Decide, ActorKind::Program) => {
                Err(Error::Forbidden("a program suggests; only a person decides".to_owned()))
            }
            (Action::Observe | Action::Administer | Action::Decide, _) => Ok(()),
        }
    }

    /// Makes a new time-ordered id (UUID version 7) from the transaction's moment.
    #[must_use]
    pub fn new_id(&self) -> Uuid {
        self.app.new_id(self.now)
    }

    /// Records an entry of the ledger, committed together with the rows of this change. Its body names no person
    /// and holds no free text about one: ids, digests and salted commitments only.
    ///
    /// Returns the entry's id; its position in the log is known after [`App::sequence`].
    ///
    /// # Errors
    /// If the body breaks the rules of the format, e.g. is larger than 16 KiB.
    pub fn record<T: Serialize + ?Sized>(&mut self, kind: LeafKind, body: &T) -> Result<Uuid> {
        let id = self.new_id();
        let who = self.actor.id.to_string();
        let leaf = Leaf::build(kind, &id.to_string(), self.now.micros(), &who, body)
            .map_err(|error| Error::internal(format!("recording {kind} in the ledger"), error))?;
        self.entries.push(Entry { id, content: leaf.into_bytes() });
        Ok(id)
    }

    /// Hands the entries over and makes everything durable.
    pub(crate) async fn commit(mut self) -> Result<()> {
        let (organization, now) = (self.organization(), self.now);
        let entries = std::mem::take(&mut self.entries);
        crate::ledger::hand_in(self.connection(), organization, now, entries).await?;
        match self.view.tx {
            Tx::Write(tx) => tx.commit().await.map_err(|error| match error {
                StoreError::Io { .. } | StoreError::Database(_) => Error::Unavailable {
                    what: "it is not known whether the change was saved; look before trying again".to_owned(),
                    source: Some(Box::new(error)),
                },
                // An answer of the database: nothing was changed.
                refused => refused.into(),
            }),
            Tx::Read(_) => unreachable!("a Cx is made with a writing transaction"),
        }
    }

    pub(crate) async fn rollback(self) {
        if let Tx::Write(tx) = self.view.tx {
            // When this fails the connection is gone, and the change with it.
            if let Err(error) = tx.rollback().await {
                tracing::warn!(%error, "rolling back");
            }
        }
    }
}

impl<'a> Deref for Cx<'a> {
    type Target = View<'a>;

    fn deref(&self) -> &View<'a> {
        &self.view
    }
}

impl<'a> DerefMut for Cx<'a> {
    fn deref_mut(&mut self) -> &mut View<'a> {
        &mut self.view
    }
}
