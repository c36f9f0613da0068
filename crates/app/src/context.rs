//! What a query sees ([`View`]) and what a use case works with ([`Cx`]).

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde::Serialize;
use sqlx::AnyConnection;
use tickmark_core::Timestamp;
use tickmark_core::id::{MembershipId, OrganizationKey};
use tickmark_core::identity::{Atom, Decision, Denial, Object, Reach, Resource, Scope, Verb};
use tickmark_ledger::leaf::{Leaf, LeafKind};
use tickmark_store::{ReadTx, StoreError, WriteTx};
use uuid::Uuid;

use crate::identity::Access;
use crate::identity::audit::Name;
use crate::ledger::Entry;
use crate::register::{self, Kind, Touched};
use crate::{Actor, ActorKind, App, Error, Result};

/// What an actor wants to do, where that is said coarsely. Whoever has the data folder in hand may do it all, except
/// that programs do not decide. A signed-in member needs every permission of [`Action::atoms`], for the whole
/// organization, as nothing here says which system or whose thing it is about: [`View::permit_on`] does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Bring in what was seen, and what follows from it by rule.
    Observe,
    /// Set up controls, tests, scope.
    Administer,
    /// Judge: rate a control, accept, approve. Programs suggest; only a person decides.
    Decide,
    /// Look after the installation itself: keys, logs, retention, erasure. For whoever operates it, on the machine.
    Operate,
}

impl Action {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Observe, Self::Administer, Self::Decide, Self::Operate];

    /// Returns the permissions that a member needs; none means that no role is enough.
    #[must_use]
    pub fn atoms(self) -> &'static [Atom] {
        const fn atom(resource: Resource, verb: Verb) -> Atom {
            Atom::new(resource, verb)
        }
        const OBSERVE: &[Atom] = &[atom(Resource::Evidence, Verb::Create)];
        const ADMINISTER: &[Atom] =
            &[atom(Resource::Control, Verb::Create), atom(Resource::Test, Verb::Create)];
        const DECIDE: &[Atom] = &[
            atom(Resource::Control, Verb::Approve),
            atom(Resource::TestResult, Verb::Approve),
            atom(Resource::Evidence, Verb::Approve),
            atom(Resource::Exception, Verb::Approve),
        ];
        match self {
            Self::Observe => OBSERVE,
            Self::Administer => ADMINISTER,
            Self::Decide => DECIDE,
            Self::Operate => &[],
        }
    }
}

/// What was asked for and refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    /// Kind of what it was about: a permission, or the thing that a rule is about.
    pub(crate) kind: &'static str,
    /// The permission, or the thing's id.
    pub(crate) object: String,
    /// Reason code.
    pub(crate) reason: &'static str,
}

/// What another organization is told of when a change is committed, as it is about a person who is there as well.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    /// Which organization.
    pub(crate) organization: OrganizationKey,
    /// What happened.
    pub(crate) name: Name,
    /// Whom it happened to there.
    pub(crate) membership: MembershipId,
    /// What there is to say of it: words, nothing that names a person or an organization.
    pub(crate) after: serde_json::Value,
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
    /// Kept here, as what was refused is rolled back and its record must not be.
    refused: Vec<Refused>,
    /// How often records were changed, by kind, once that was asked in this snapshot.
    pub(crate) changes: Option<BTreeMap<String, i64>>,
    /// For which moment what is read here may be kept.
    moment: Option<u64>,
}

/// One change of one organization: a [`View`] that may also write and record.
#[derive(Debug)]
pub struct Cx<'a> {
    view: View<'a>,
    entries: Vec<Entry>,
    touched: Touched,
    told: Vec<Told>,
}

#[derive(Debug)]
enum Tx {
    Read(ReadTx),
    Write(WriteTx),
}

impl<'a> View<'a> {
    pub(crate) fn new(app: &'a App, actor: &'a Actor, tx: ReadTx, moment: Option<u64>) -> Self {
        Self { app, actor, now: app.now(), tx: Tx::Read(tx), refused: Vec::new(), changes: None, moment }
    }

    /// Returns what was read of the organization since the last change, or reads it and keeps it until the next one. What
    /// a change reads is not kept.
    pub(crate) async fn once<T, F>(&mut self, what: &'static str, whose: String, read: F) -> Result<Arc<T>>
    where
        T: Send + Sync + 'static,
        F: for<'v> FnOnce(&'v mut Self) -> BoxFuture<'v, Result<T>>,
    {
        let key = (what, Some(self.organization()), whose);
        if let Some(known) = self.app.kept.get(self.moment, &key) {
            return Ok(known);
        }
        let found = Arc::new(read(self).await?);
        self.app.kept.keep(self.moment, key, &found);
        Ok(found)
    }

    /// Returns the organization's key, the first column of every key.
    #[must_use]
    pub fn organization(&self) -> OrganizationKey {
        self.actor.organization.key
    }

    /// Tells whether it only looks, at what is committed.
    pub(crate) fn is_snapshot(&self) -> bool {
        matches!(self.tx, Tx::Read(_))
    }

    /// Confines what statements reach to the organization's rows, where the database can.
    pub(crate) async fn confine(&mut self) -> Result<()> {
        let organization = self.organization();
        Ok(tickmark_store::confine(self.connection(), Some(organization.0)).await?)
    }

    /// Lets statements reach rows of other organizations until the next [`Self::confine`]: what one person has in several,
    /// objects that several share.
    pub(crate) async fn reach_all(&mut self) -> Result<()> {
        Ok(tickmark_store::confine(self.connection(), None).await?)
    }

    /// Returns the connection, inside the transaction.
    pub fn connection(&mut self) -> &mut AnyConnection {
        match &mut self.tx {
            Tx::Read(tx) => tx,
            Tx::Write(tx) => tx,
        }
    }

    /// Refuses programs: they suggest, and only a person decides.
    ///
    /// # Errors
    /// `Forbidden` for a program.
    pub fn need_person(&self) -> Result<()> {
        if self.actor.kind == ActorKind::Program {
            return Err(Error::Forbidden("a program suggests; only a person decides".to_owned()));
        }
        Ok(())
    }

    /// Tells whether the actor has a permission at all, without anybody being refused.
    #[must_use]
    pub fn may(&self, atom: Atom) -> bool {
        match &self.actor.access {
            Access::Local => true,
            Access::Member(member) => member.subject.decide(atom, self.now).is_allowed(),
        }
    }

    /// Tells whether the actor has a permission on everything there is of it, without anybody being refused.
    #[must_use]
    pub fn sees_whole(&self, atom: Atom) -> bool {
        match &self.actor.access {
            Access::Local => true,
            Access::Member(member) => match member.subject.decide(atom, self.now) {
                Decision::Allow { reach, .. } => reach.is_whole(&member.subject),
                Decision::Deny(_) => false,
            },
        }
    }

    /// Tells whether the actor may do something with a thing, without anybody being refused.
    #[must_use]
    pub fn may_on(&self, atom: Atom, object: &Object) -> bool {
        match &self.actor.access {
            Access::Local => object.organization == self.organization(),
            // That who they are was shown long ago is mended by showing it again.
            Access::Member(member) => {
                let at = self.now.min(member.subject.assurance.proven_at);
                let is_valid = member.subject.valid.contains(self.now);
                is_valid
                    && member.subject.decide_on(atom, object, at.max(member.subject.valid.from)).is_allowed()
            }
        }
    }

    /// Asks whether the actor has a permission at all, and how far it reaches: lists show so much. None stands for
    /// everything: the actor is not a signed-in member but has the data folder in hand.
    ///
    /// # Errors
    /// `Forbidden` if not; `StepUp` if they must show again who they are.
    pub fn permit(&mut self, atom: Atom) -> Result<Option<Reach>> {
        let actor = self.actor;
        match &actor.access {
            Access::Local => Ok(None),
            Access::Member(member) => {
                let decision = member.subject.decide(atom, self.now);
                self.allow(atom, decision).map(Some)
            }
        }
    }

    /// Asks whether the actor has a permission on everything there is of it in the organization.
    ///
    /// # Errors
    /// As [`Self::permit`].
    pub fn permit_whole(&mut self, atom: Atom) -> Result<()> {
        let (reach, actor) = (self.permit(atom)?, self.actor);
        match (reach, &actor.access) {
            (Some(reach), Access::Member(member)) if !reach.is_whole(&member.subject) => {
                self.refuse(Some(atom), Denial::OutOfReach)
            }
            _ => Ok(()),
        }
    }

    /// Asks whether the actor has a permission on one thing.
    ///
    /// # Errors
    /// As [`Self::permit`].
    pub fn permit_on(&mut self, atom: Atom, object: &Object) -> Result<()> {
        let actor = self.actor;
        match &actor.access {
            Access::Local if object.organization == self.organization() => Ok(()),
            Access::Local => self.refuse(Some(atom), Denial::OtherOrganization),
            Access::Member(member) => {
                let decision = member.subject.decide_on(atom, object, self.now);
                self.allow(atom, decision).map(|_| ())
            }
        }
    }

    fn allow(&mut self, atom: Atom, decision: Decision) -> Result<Reach> {
        match decision {
            Decision::Allow { reach, .. } => Ok(reach),
            Decision::Deny(denial) => self.refuse(Some(atom), denial),
        }
    }

    fn refuse<T>(&mut self, atom: Option<Atom>, denial: Denial) -> Result<T> {
        if denial == Denial::StepUpNeeded {
            // Nobody is turned away: the same person comes back in a moment.
            return Err(Error::StepUp);
        }
        let object = atom.map_or_else(|| "operate".to_owned(), |atom| atom.to_string());
        self.refuse_by_rule("permission", object, denial.word());
        Err(Error::Forbidden(format!("not permitted: {denial}")))
    }

    /// Keeps in mind that something is refused, so that it is recorded when the use case has failed.
    pub(crate) fn refuse_by_rule(&mut self, kind: &'static str, object: String, reason: &'static str) {
        self.refused.push(Refused { kind, object, reason });
    }

    fn authorize_member(&mut self, action: Action) -> Result<()> {
        if action.atoms().is_empty() {
            return self.refuse(None, Denial::NotGranted);
        }
        for atom in action.atoms() {
            let reach = self.permit(*atom)?;
            if reach.is_some_and(|reach| !reach.has(Scope::Organization)) {
                return self.refuse(Some(*atom), Denial::OutOfReach);
            }
        }
        Ok(())
    }

    /// Gives back what was refused, so that it can be recorded.
    pub(crate) fn take_refused(&mut self) -> Vec<Refused> {
        std::mem::take(&mut self.refused)
    }

    pub(crate) async fn end(self) {
        match self.tx {
            Tx::Read(_) => {}
            Tx::Write(tx) => {
                // When this fails the connection is gone, and the change with it.
                if let Err(error) = tx.rollback().await {
                    tracing::warn!(%error, "rolling back");
                }
            }
        }
    }
}

impl<'a> Cx<'a> {
    /// Begins with a transaction whose turn has come.
    pub(crate) fn new(app: &'a App, actor: &'a Actor, tx: WriteTx) -> Self {
        let (now, tx) = (app.now(), Tx::Write(tx));
        let view = View { app, actor, now, tx, refused: Vec::new(), changes: None, moment: None };
        Self { view, entries: Vec::new(), touched: Touched::new(), told: Vec::new() }
    }

    /// Refuses what the actor may not do.
    ///
    /// # Errors
    /// `Forbidden` if so; `StepUp` if they must show again who they are.
    pub fn authorize(&mut self, action: Action) -> Result<()> {
        if action == Action::Decide {
            self.need_person()?;
        }
        match self.actor.access {
            Access::Local => Ok(()),
            Access::Member(_) => self.authorize_member(action),
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

    /// Says that a record was changed: the register has it anew with the commit.
    pub fn touch(&mut self, kind: Kind, id: impl ToString) {
        self.touched.insert((kind, id.to_string()));
    }

    /// Says what another organization is told of once this is committed.
    pub(crate) fn tell(&mut self, told: Told) {
        self.told.push(told);
    }

    /// Gives back what other organizations are to be told of.
    pub(crate) fn take_told(&mut self) -> Vec<Told> {
        std::mem::take(&mut self.told)
    }

    /// Hands the entries over and makes everything durable.
    pub(crate) async fn commit(mut self) -> Result<()> {
        let touched = std::mem::take(&mut self.touched);
        if !touched.is_empty()
            && let Err(error) = register::refresh(&mut self, touched).await
        {
            self.rollback().await;
            return Err(error);
        }
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
        self.view.end().await;
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
