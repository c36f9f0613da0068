//! Who: organizations, the systems their reports describe, and actors.
//!
//! The ledger knows an actor by a random id. The label that people see stands in one erasable column.

pub mod attestation;
pub mod audit;
pub mod credential;
pub mod passkey;
pub mod people;
pub mod provider;
pub mod session;
pub mod setting;
mod sql;
pub mod system;
pub mod token;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use tickmark_core::Timestamp;
use tickmark_core::id::{ActorId, OrganizationId, OrganizationKey, SessionId, SystemId};
use tickmark_core::identity::{Object, Subject};
use tickmark_ledger::leaf::LeafKind;

use self::audit::{Event, Name};
use crate::context::{Cx, View};
use crate::ledger::keys;
use crate::register::{self, Kind};
use crate::{Action, App, Error, Result};

/// Most characters of a name.
const MAX_NAME_CHARS: usize = 200;
/// The turn in which organizations are made; their own turns begin at 1.
const FOUNDING_TURN: i32 = 0;

/// A tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    /// Short key in the database.
    pub key: OrganizationKey,
    /// Random id, known outside.
    pub id: OrganizationId,
    /// Name for people.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// The boundary that a report describes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct System {
    /// Random id.
    pub id: SystemId,
    /// Name for people.
    pub name: String,
    /// What lies within, in words.
    pub boundary: String,
    /// When it was retired.
    pub retired_at: Option<Timestamp>,
}

/// A version of what was said of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version<T> {
    /// Counts from 1.
    pub number: i64,
    /// Since when it holds.
    pub since: Timestamp,
    /// Who said it; none where that was not kept yet.
    pub by: Option<ActorId>,
    /// Why; empty where nobody was asked.
    pub reason: String,
    /// What was said.
    pub record: T,
}

/// What kind of actor acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ActorKind {
    /// A human being: may decide.
    Person,
    /// A program: may observe and suggest.
    Program,
}

/// Somebody, or some program, that acts in one organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// Random id; what the ledger calls it.
    pub id: ActorId,
    /// Where it acts.
    pub organization: Organization,
    /// Whether it may decide.
    pub kind: ActorKind,
    /// Name for people; empty when erased.
    pub label: String,
    /// By what right it acts.
    pub access: Access,
}

impl Actor {
    /// Returns the name that documents for others carry: without the address that tells members apart.
    #[must_use]
    pub fn name(&self) -> &str {
        without_address(&self.label)
    }
}

/// By what right somebody acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// They have the data folder in hand: the program itself, and whoever gives commands on the machine.
    Local,
    /// They signed in.
    Member(Box<SignedIn>),
}

/// A member of the organization, in a session of theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// What rights depend on.
    pub subject: Subject,
    /// The session, or the token that stands for one.
    pub session: SessionId,
    /// The request that this is about; the answer carries it too.
    pub request: String,
    /// From which network it comes.
    pub network: String,
}

impl ActorKind {
    /// Returns the word used in storage.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Program => "program",
        }
    }
}

impl App {
    /// Makes the organization on first start: with one system, the program itself as an actor, a
    /// signing key and an empty log whose first entry says what it is. Later calls find what is there.
    ///
    /// Returns the program as the actor of that organization.
    ///
    /// # Errors
    /// If a name is empty or too long, or the disk refuses.
    pub async fn ensure_organization(&self, name: &str, system: &str) -> Result<Actor> {
        check_name("organization", name)?;
        check_name("system", system)?;
        if let Some(found) = self.find_organization(name).await? {
            return self.program_of(found).await;
        }
        let mut tx = self.database.write().await?;
        tx.take_turn(FOUNDING_TURN).await?;
        if let Some(found) = sql::organization_by_name(&mut tx, name).await? {
            tx.rollback().await?;
            return self.program_of(found).await;
        }
        let now = self.now();
        let organization = Organization {
            key: sql::next_organization(&mut tx).await?,
            id: OrganizationId(self.new_id(now)),
            name: name.to_owned(),
            created_at: now,
        };
        let actor = Actor {
            id: ActorId(self.new_id(now)),
            organization: organization.clone(),
            kind: ActorKind::Program,
            label: PROGRAM.to_owned(),
            access: Access::Local,
        };
        let signer = keys::create(self, organization.id)?;
        let mut cx = Cx::new(self, &actor, tx);
        sql::insert_organization(cx.connection(), &organization).await?;
        sql::insert_actor(cx.connection(), &actor, now).await?;
        let system = System {
            id: SystemId(self.new_id(now)),
            name: system.to_owned(),
            boundary: String::new(),
            retired_at: None,
        };
        sql::insert_system(cx.connection(), organization.key, &system, now).await?;
        sql::add_system_version(cx.connection(), organization.key, &system, (actor.id, now, "")).await?;
        cx.touch(crate::register::Kind::System, system.id);
        crate::ledger::found(&mut cx, signer.as_ref()).await?;
        crate::evidence::begin_encryption(&mut cx).await?;
        crate::register::begin(&mut cx).await?;
        cx.commit().await?;
        self.sequence(&actor).await?;
        Ok(actor)
    }

    /// Lists all organizations, oldest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn organizations(&self) -> Result<Vec<Organization>> {
        let mut tx = self.database.read().await?;
        sql::organizations(&mut tx).await
    }

    /// Returns the organization that was named, or the one there is, as the program acts in it.
    ///
    /// # Errors
    /// `NotFound` before the first start, or if none has the name; `Conflict` if there are several and none was named.
    pub async fn only_organization(&self) -> Result<Actor> {
        let mut all = self.organizations().await?;
        let names = all.iter().map(|one| format!("{:?}", one.name)).collect::<Vec<_>>().join(", ");
        if let Some(chosen) = self.chosen() {
            let found = all.into_iter().find(|one| one.name == chosen);
            let found = found.ok_or_else(|| {
                Error::not_found("organization", format!("{chosen:?} here; there are {names}"))
            })?;
            return self.program_of(found).await;
        }
        match (all.pop(), all.is_empty()) {
            (Some(only), true) => self.program_of(only).await,
            (Some(_), false) => Err(Error::conflict(format!(
                "there are several organizations: {names}; say which with --organization NAME"
            ))),
            (None, _) => Err(Error::not_found("organization", "here; `init` makes one")),
        }
    }

    /// Returns the program as it acts in each organization, oldest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn everywhere(&self) -> Result<Vec<Actor>> {
        let mut all = Vec::new();
        for organization in self.organizations().await? {
            all.push(self.program_of(organization).await?);
        }
        Ok(all)
    }

    /// Returns the program itself as the actor of an organization.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn program(&self, organization: &Organization) -> Result<Actor> {
        self.program_of(organization.clone()).await
    }

    /// Returns words that others connect with whoever works in an organization, beside their own name: no password is one of
    /// them.
    pub(crate) async fn words_of(&self, organization: &Organization) -> Result<Vec<String>> {
        let program = self.program_of(organization.clone()).await?;
        let systems = self.read(&program, async |view| system::all(view).await).await?;
        let names = systems.into_iter().map(|system| system.name);
        Ok([organization.name.clone(), "Tickmark".to_owned()].into_iter().chain(names).collect())
    }

    async fn find_organization(&self, name: &str) -> Result<Option<Organization>> {
        let mut tx = self.database.read().await?;
        sql::organization_by_name(&mut tx, name).await
    }

    pub(crate) async fn program_of(&self, organization: Organization) -> Result<Actor> {
        let mut tx = self.database.read().await?;
        sql::actor_by_label(&mut tx, &organization, ActorKind::Program, PROGRAM)
            .await?
            .ok_or_else(|| Error::corrupt("the table of actors", "the program itself is missing"))
    }
}

/// Label of the program itself.
const PROGRAM: &str = "tickmark";

/// Gives the organization another name.
///
/// # Errors
/// `Forbidden` for members; `Invalid` for what is no name; `Conflict` if it is the one there is, or another one has it.
pub async fn rename_organization(cx: &mut Cx<'_>, name: &str) -> Result<()> {
    cx.authorize(Action::Operate)?;
    check_name("organization", name)?;
    cx.reach_all().await?;
    let found = sql::organization_by_name(cx.connection(), name).await?;
    cx.confine().await?;
    if found.is_some() {
        return Err(Error::conflict(format!("an organization is called {name:?} already")));
    }
    let (key, id) = (cx.organization(), cx.actor.organization.id);
    let before = cx.actor.organization.name.clone();
    sql::rename_organization(cx.connection(), key, name).await?;
    let event = Event {
        before: Some(serde_json::json!({"name": before})),
        after: Some(serde_json::json!({"name": name})),
        ..Event::done(Name::OrganizationChanged, "organization", id)
    };
    audit::record(cx, event).await
}

/// Tells whether the installation has no other organization than this one.
///
/// # Errors
/// If the database fails.
pub async fn is_alone(view: &mut View<'_>) -> Result<bool> {
    view.reach_all().await?;
    let all = sql::organizations(view.connection()).await?;
    view.confine().await?;
    Ok(all.len() < 2)
}

/// Finds the actor of this kind and label, or makes it.
///
/// # Errors
/// If the label is empty or too long, or the actor may not.
pub async fn ensure_actor(cx: &mut Cx<'_>, kind: ActorKind, label: &str) -> Result<Actor> {
    cx.authorize(Action::Operate)?;
    check_name("actor", label)?;
    let organization = cx.actor.organization.clone();
    if let Some(found) = sql::actor_by_label(cx.connection(), &organization, kind, label).await? {
        return Ok(found);
    }
    let (id, access) = (ActorId(cx.new_id()), Access::Local);
    let actor = Actor { id, organization, kind, label: label.to_owned(), access };
    let now = cx.now;
    sql::insert_actor(cx.connection(), &actor, now).await?;
    // Not every actor is a member; what they are called is kept until one changes.
    register::count_change(cx, Kind::Member).await?;
    cx.record(
        LeafKind::AuditEvent,
        &serde_json::json!({"event": "actor.added", "actor": actor.id, "kind": kind.word()}),
    )?;
    Ok(actor)
}

/// Returns an actor of this organization.
///
/// # Errors
/// `NotFound` if there is none with this id.
pub async fn actor(view: &mut View<'_>, id: ActorId) -> Result<Actor> {
    let organization = view.actor.organization.clone();
    sql::actor_by_id(view.connection(), &organization, id).await?.ok_or_else(|| Error::not_found("actor", id))
}

/// Refuses somebody who is no person of this organization; nobody at all is as good.
///
/// # Errors
/// `Invalid` if so.
pub(crate) async fn need_known_person(view: &mut View<'_>, id: Option<ActorId>) -> Result<()> {
    let Some(id) = id else { return Ok(()) };
    match actor(view, id).await {
        Ok(actor) if actor.kind == ActorKind::Person => people::need_own(view, id).await,
        Ok(_) | Err(Error::NotFound { .. }) => Err(Error::invalid("choose somebody who is here")),
        Err(error) => Err(error),
    }
}

/// Returns what people call everybody who ever acted here, by which they are told apart: the name, and the address beside it
/// only where several have that name. Empty for whoever was erased.
///
/// # Errors
/// If the database fails.
pub async fn labels(view: &mut View<'_>) -> Result<Arc<Labels>> {
    let organization = view.organization();
    let change = register::change(view, Kind::Member).await?;
    if let Some(known) = change.and_then(|change| view.app.labels.get(organization, change)) {
        return Ok(known);
    }
    let labels = Arc::new(told_apart(sql::labels(view.connection(), organization).await?));
    if let Some(change) = change {
        view.app.labels.keep(organization, change, Arc::clone(&labels));
    }
    Ok(labels)
}

/// What people and programs are called.
pub type Labels = BTreeMap<ActorId, String>;

/// What everybody of an organization is called, kept as long as no member changes.
#[derive(Debug, Default)]
pub(crate) struct KnownLabels(Mutex<BTreeMap<OrganizationKey, (i64, Arc<Labels>)>>);

impl KnownLabels {
    fn get(&self, organization: OrganizationKey, change: i64) -> Option<Arc<Labels>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&organization).filter(|(of, _)| *of == change).map(|(_, labels)| Arc::clone(labels))
    }

    fn keep(&self, organization: OrganizationKey, change: i64, labels: Arc<Labels>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(organization, (change, labels));
    }
}

/// Returns what some of those who ever acted here are called, with their address; those who are not known are left out. Empty for
/// whoever was erased.
///
/// # Errors
/// If the database fails.
pub async fn labels_of(view: &mut View<'_>, ids: &BTreeSet<ActorId>) -> Result<BTreeMap<ActorId, String>> {
    let organization = view.organization();
    let ids: Vec<ActorId> = ids.iter().copied().collect();
    sql::labels_of(view.connection(), organization, &ids).await
}

/// Leaves addresses out where a name says who it is.
fn told_apart(labels: BTreeMap<ActorId, String>) -> BTreeMap<ActorId, String> {
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for label in labels.values() {
        *times.entry(without_address(label).to_owned()).or_insert(0) += 1;
    }
    let shown = |label: String| {
        let name = without_address(&label);
        if times.get(name) == Some(&1) { name.to_owned() } else { label }
    };
    labels.into_iter().map(|(id, label)| (id, shown(label))).collect()
}

/// Returns the name in what somebody is called, `Name <address>`: documents name people to readers outside, who have no use for
/// the address.
#[must_use]
pub fn without_address(label: &str) -> &str {
    let address = label.strip_suffix('>').and_then(|rest| rest.rsplit_once(" <"));
    address
        .filter(|(name, address)| !name.is_empty() && address.contains('@'))
        .map_or(label, |(name, _)| name)
}

/// Returns a thing of the organization as far as rights depend on it: of the one system, where there was never another
/// one, and owned by or assigned to `people`.
///
/// # Errors
/// If the database fails.
pub async fn object_of(view: &mut View<'_>, people: BTreeSet<ActorId>) -> Result<Object> {
    let systems = system::all(view).await?;
    Ok(Object {
        organization: view.organization(),
        system: match systems.as_slice() {
            [only] => Some(only.id),
            _ => None,
        },
        people,
        engagement: None,
        is_frozen: false,
        is_published: false,
    })
}

/// What marks an organization as made up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Example {
    /// The seed it was drawn from.
    pub seed: u64,
    /// When it was begun, by its own clock.
    pub begun_at: Timestamp,
}

/// What pages, reports and bundles of an example say first.
pub const EXAMPLE_NOTICE: &str = "Example company - fictional data";

/// Marks the organization as an example, for good: nothing takes the mark away.
///
/// # Errors
/// `Conflict` if it is marked already; `Forbidden` if the actor may not set up organizations.
pub async fn mark_example(cx: &mut Cx<'_>, seed: u64) -> Result<()> {
    cx.authorize(Action::Operate)?;
    let (organization, now) = (cx.organization(), cx.now);
    sql::insert_example(cx.connection(), organization, seed, now).await?;
    cx.record(
        LeafKind::AuditEvent,
        &serde_json::json!({"event": "example.begun", "notice": EXAMPLE_NOTICE}),
    )?;
    Ok(())
}

/// Returns the mark of an example; none for a real organization.
///
/// # Errors
/// If the database fails.
pub async fn example(view: &mut View<'_>) -> Result<Option<Example>> {
    let organization = view.organization();
    let example = view
        .once("example", String::new(), |view| Box::pin(sql::example(view.connection(), organization)))
        .await?;
    Ok(*example)
}

/// Lists the systems of the organization that are not retired, by name.
///
/// # Errors
/// If the database fails.
pub async fn systems(view: &mut View<'_>) -> Result<Vec<System>> {
    let systems = view.once("systems", String::new(), |view| Box::pin(open_systems(view))).await?;
    Ok((*systems).clone())
}

async fn open_systems(view: &mut View<'_>) -> Result<Vec<System>> {
    let mut systems = system::all(view).await?;
    systems.retain(|system| system.retired_at.is_none());
    Ok(systems)
}

/// Returns the number of the organization's turn, in which its writers come one after another.
pub(crate) fn turn(organization: OrganizationKey) -> Result<i32> {
    i32::try_from(organization.0)
        .map_err(|_| Error::corrupt("the table of organizations", "a key is beyond 2,147,483,647"))
}

fn check_name(kind: &str, name: &str) -> Result<()> {
    if name.trim() != name || name.is_empty() || name.chars().count() > MAX_NAME_CHARS {
        return Err(Error::invalid(format!(
            "the name of the {kind} needs 1 to {MAX_NAME_CHARS} characters, without space at its ends"
        )));
    }
    if name.chars().any(char::is_control) {
        return Err(Error::invalid(format!("the name of the {kind} has a control character")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_only_where_a_name_is_not_enough() {
        let labels =
            ["Ada Example <ada@example.com>", "Bo Li <bo@a.example>", "Bo Li <bo@b.example>", "cron", ""];
        let ids = |n: usize| ActorId(uuid::Uuid::from_u128(n as u128));
        let all = labels.iter().enumerate().map(|(n, label)| (ids(n), (*label).to_owned())).collect();
        let shown: Vec<String> = told_apart(all).into_values().collect();
        assert_eq!(shown, ["Ada Example", "Bo Li <bo@a.example>", "Bo Li <bo@b.example>", "cron", ""]);
        for (label, name) in [
            ("a <b>", "a <b>"),
            ("<a@b.example>", "<a@b.example>"),
            ("Ada", "Ada"),
            ("A <x> <a@b.example>", "A <x>"),
        ] {
            assert_eq!(without_address(label), name);
        }
    }
}
