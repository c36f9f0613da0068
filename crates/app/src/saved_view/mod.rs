//! Views of lists that people named: a filter and an order, for oneself or for the whole organization. Owns the table
//! `saved_view` of migration `0039_register.sql`.

mod sql;

use serde_json::json;
use tickmark_core::Timestamp;
use tickmark_core::id::ActorId;
use tickmark_core::identity::{Atom, Resource, Verb};
use uuid::Uuid;

use crate::context::{Cx, View};
use crate::identity::Access;
use crate::identity::audit::{self, Event, Name};
use crate::{Error, Result};

/// Most characters of a name.
pub const NAME_CHARS: usize = 60;
/// Most bytes of a query.
pub const QUERY_BYTES: usize = 2_000;
/// Most views of one person, and of one list.
pub const MOST: u32 = 200;
/// Most views of all lists in one answer.
const ALL_MOST: u32 = 5_000;

/// A filter and an order that somebody named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedView {
    /// Its id.
    pub id: Uuid,
    /// The list it is of.
    pub list: String,
    /// What it is called.
    pub name: String,
    /// The query of its address.
    pub query: String,
    /// Whether everybody in the organization has it.
    pub is_shared: bool,
    /// Who named it.
    pub made_by: ActorId,
    /// When.
    pub made_at: Timestamp,
}

/// Lists the views of a list that the actor has: their own, and those that others share.
///
/// # Errors
/// If the database fails.
pub async fn of_list(view: &mut View<'_>, list: &str) -> Result<Vec<SavedView>> {
    let (organization, actor) = (view.organization(), view.actor.id);
    sql::of_list(view.connection(), organization, list, actor, MOST).await
}

/// Lists the views of all lists that the actor has, by list and name.
///
/// # Errors
/// As [`of_list`].
pub async fn all(view: &mut View<'_>) -> Result<Vec<SavedView>> {
    let (organization, actor) = (view.organization(), view.actor.id);
    sql::all(view.connection(), organization, actor, ALL_MOST).await
}

/// Tells whether the actor may take a view away: one's own, and shared ones for whoever runs the program.
#[must_use]
pub fn may_remove(view: &View<'_>, one: &SavedView) -> bool {
    one.made_by == view.actor.id || (one.is_shared && view.may(Atom::new(Resource::Control, Verb::Delete)))
}

/// Names a filter and an order.
///
/// # Errors
/// `Forbidden` if nobody is signed in; `Invalid` for a name that is empty, too long or taken by another view of theirs.
pub async fn save(
    cx: &mut Cx<'_>,
    list: &str,
    name: &str,
    query: &str,
    is_shared: bool,
) -> Result<SavedView> {
    let Access::Member(_) = cx.actor.access else {
        return Err(Error::Forbidden("only a member has views".to_owned()));
    };
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    if name.is_empty() || name.chars().count() > NAME_CHARS || name.contains(char::is_control) {
        return Err(Error::invalid(format!("give the view a name of 1 to {NAME_CHARS} characters")));
    }
    if query.len() > QUERY_BYTES || query.contains(char::is_control) {
        return Err(Error::invalid("this filter is too long to be kept"));
    }
    let (organization, by, now) = (cx.organization(), cx.actor.id, cx.now);
    let there = sql::of_list(cx.connection(), organization, list, by, MOST).await?;
    if let Some(same) = there.iter().find(|one| one.name == name && one.made_by == by) {
        // Sent twice it is made once.
        return if same.query == query && same.is_shared == is_shared {
            Ok(same.clone())
        } else {
            Err(Error::invalid(format!("you have a view called {name} already; take it away first")))
        };
    }
    if sql::count_of(cx.connection(), organization, by).await? >= i64::from(MOST) {
        return Err(Error::invalid(format!("{MOST} views are the most; take some away first")));
    }
    let view = SavedView {
        id: cx.new_id(),
        list: list.to_owned(),
        name,
        query: query.to_owned(),
        is_shared,
        made_by: by,
        made_at: now,
    };
    sql::add(cx.connection(), organization, &view).await?;
    // The name is a person's words, so it stays out of the entry.
    let after = json!({"list": view.list, "shared": is_shared});
    audit::record(cx, Event { after: Some(after), ..Event::done(Name::ViewSaved, "view", view.id) }).await?;
    Ok(view)
}

/// Takes a view away. Returns the list it was of.
///
/// # Errors
/// `NotFound` if there is none, or it is somebody else's.
pub async fn remove(cx: &mut Cx<'_>, id: Uuid) -> Result<String> {
    let organization = cx.organization();
    let found = sql::find(cx.connection(), organization, id).await?;
    let found = found.filter(|one| may_remove(cx, one)).ok_or_else(|| Error::not_found("view", id))?;
    sql::remove(cx.connection(), organization, id).await?;
    let before = json!({"list": found.list, "shared": found.is_shared});
    audit::record(cx, Event { before: Some(before), ..Event::done(Name::ViewRemoved, "view", id) }).await?;
    Ok(found.list)
}
