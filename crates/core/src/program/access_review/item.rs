//! Items: a right of an account, what is odd about it, and who decides.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Earlier, Peers, Roster, Scope};
use crate::Timestamp;
use crate::id::ActorId;
use crate::identity::separation::{self, Reviewed};
use crate::program::access::{AccountKind, Answer, Employment, Given, Holding, LastUse, ListKey, Tier, fold};
use crate::program::segregation::Looked;
use crate::time::DAY_US;
use crate::words::words_of;

/// Days without use after which an account is dormant.
pub const DORMANT_DAYS: i64 = 90;

/// What is odd about an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flag {
    /// The person has left.
    Leaver,
    /// The person has another job than when it was given.
    Mover,
    /// Not used for [`DORMANT_DAYS`], or never.
    Dormant,
    /// A person's account without an enforced second factor.
    NoMfa,
    /// The holder has both duties of a conflict, by this right.
    Conflict,
    /// Nobody knows whose account it is.
    Orphan,
    /// Several people use it.
    Shared,
    /// A program's account for which nobody answers.
    Ownerless,
    /// Of somebody outside.
    External,
    /// Given past all roles.
    Direct,
    /// The list of the review before lacks it.
    Added,
    /// Hardly anybody of the same job or team has it.
    Unlike,
    /// The last review that decided about it decided that it goes; it was gone, and is there again.
    Back,
    /// The last review that decided about it decided that it goes, and no list showed that it was gone.
    Stayed,
    /// The list does not say something of the above.
    Unseen,
}

words_of!(Flag {
    Leaver = "leaver", "Has left";
    Mover = "mover", "Changed job";
    Dormant = "dormant", "Dormant";
    NoMfa = "no_mfa", "No second factor";
    Conflict = "conflict", "Conflict of duties";
    Orphan = "orphan", "Nobody's account";
    Shared = "shared", "Shared account";
    Ownerless = "ownerless", "No owner";
    External = "external", "External";
    Direct = "direct", "Given directly";
    Added = "added", "New since the last review";
    Unlike = "unlike", "Peers have it not";
    Back = "back", "Removed before, and back";
    Stayed = "stayed", "Was to go, and stayed";
    Unseen = "unseen", "Not all is known";
});

impl Flag {
    /// Tells whether to keep the right all the same needs a reason.
    #[must_use]
    pub fn needs_reason(self) -> bool {
        !matches!(self, Self::External | Self::Direct | Self::Added | Self::Unlike | Self::Unseen)
    }
}

/// As what somebody decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SeatRole {
    /// The manager of the person.
    Manager,
    /// Whoever answers for the system.
    Owner,
}

words_of!(SeatRole {
    Manager = "manager", "Manager";
    Owner = "owner", "Owner of the system";
});

/// Somebody who decides about an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Seat {
    /// As what.
    pub role: SeatRole,
    /// Who.
    pub reviewer: ActorId,
}

/// A right of an account, to be decided about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Number in its review, from 1.
    pub number: u64,
    /// The system.
    pub system: String,
    /// The list that it is from.
    pub list: ListKey,
    /// The right.
    pub holding: Holding,
    /// What is odd about it.
    pub flags: BTreeSet<Flag>,
    /// Members whose own access it is.
    pub holders: BTreeSet<ActorId>,
    /// Who decides: one, or two for what controls everything.
    pub seats: Vec<Seat>,
    /// Who else of the same job or team has it; none where no peer is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peers: Option<Peers>,
    /// What an earlier review decided, where that was that it goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earlier: Option<Earlier>,
}

impl Item {
    /// Returns what rule 3 of the separation of duties needs to know.
    #[must_use]
    pub fn reviewed(&self, provisioners: &BTreeSet<ActorId>) -> Reviewed {
        Reviewed {
            holders: self.holders.clone(),
            is_privileged: self.holding.tier.is_privileged(),
            provisioners: provisioners.clone(),
        }
    }
}

/// An account of a list without an item, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Left {
    /// The account.
    pub account: String,
    /// Why.
    pub reason: String,
}

/// The members that lists may name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct People {
    /// Members by address and by name, as [`fold`] writes them.
    pub names: BTreeMap<String, ActorId>,
    /// Who of them may decide about access at all.
    pub deciders: BTreeSet<ActorId>,
}

impl People {
    fn decider(&self, name: Option<&str>) -> Option<ActorId> {
        let found = name.and_then(|name| self.names.get(&fold(name))).copied();
        found.filter(|who| self.deciders.contains(who))
    }

    fn holders(&self, holding: &Holding) -> BTreeSet<ActorId> {
        holding.subjects().iter().filter_map(|name| self.names.get(name)).copied().collect()
    }
}

/// What is known beside the list itself.
#[derive(Clone, Copy, Default)]
pub struct Beside<'a> {
    /// What was found about conflicts of duties over all lists of the snapshot.
    pub looked: &'a [Looked],
    /// Keys of the rights in the list of the last review that was signed, as [`Holding::key`] makes them; none without one.
    pub before: Option<&'a BTreeSet<String>>,
    /// The people of the lists of the snapshot.
    pub roster: Option<&'a Roster>,
    /// Rights of the system that were to go in the last review that decided about them, by their keys.
    pub earlier: Option<&'a BTreeMap<String, Earlier>>,
}

/// Items and what is left out, of one list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frozen {
    /// The items, without gaps in their numbers.
    pub items: Vec<Item>,
    /// Accounts of which nothing is in scope.
    pub left: Vec<Left>,
}

/// Makes the items of one list, numbered from `first` on.
#[must_use]
pub fn freeze(
    scope: &Scope,
    system: &str,
    list: ListKey,
    holdings: Vec<Holding>,
    people: &People,
    beside: Beside<'_>,
    (first, now): (u64, Timestamp),
) -> Frozen {
    let mut frozen = Frozen::default();
    let (mut with, mut without) = (BTreeSet::new(), BTreeMap::new());
    for holding in holdings {
        // What the list could not show is in scope whatever its tier: nobody knows that it is harmless.
        if !scope.tiers.contains(&holding.tier) && holding.entitlement.is_some() {
            without.entry(fold(&holding.account)).or_insert(holding.account);
            continue;
        }
        with.insert(fold(&holding.account));
        let holders = people.holders(&holding);
        let peers = beside.roster.and_then(|roster| roster.peers(system, &holding));
        let earlier = beside.earlier.and_then(|earlier| earlier.get(&holding.key())).copied();
        let mut flags = flags(&holding, system, beside, now);
        if peers.as_ref().is_some_and(Peers::lack_it) {
            flags.insert(Flag::Unlike);
        }
        flags.extend(earlier.map(|one| if one.was_gone { Flag::Back } else { Flag::Stayed }));
        let seats = seats(scope, system, &holding, &holders, people);
        let number = first + frozen.items.len() as u64;
        let system = system.to_owned();
        frozen.items.push(Item { number, system, list, holding, flags, holders, seats, peers, earlier });
    }
    let left = without.into_iter().filter(|(name, _)| !with.contains(name));
    let reason = "none of its rights is of a tier in scope";
    frozen.left = left.map(|(_, account)| Left { account, reason: reason.to_owned() }).collect();
    frozen
}

/// Returns what is odd about a right.
fn flags(holding: &Holding, system: &str, beside: Beside<'_>, now: Timestamp) -> BTreeSet<Flag> {
    let mut flags = BTreeSet::new();
    let is_persons = holding.kind.is_persons();
    match holding.employment {
        Employment::Leaver => drop(flags.insert(Flag::Leaver)),
        Employment::Mover => drop(flags.insert(Flag::Mover)),
        Employment::NotListed if holding.kind == AccountKind::Human => drop(flags.insert(Flag::Orphan)),
        Employment::Unknown if is_persons => drop(flags.insert(Flag::Unseen)),
        _ => {}
    }
    match holding.last_used {
        LastUse::Never => drop(flags.insert(Flag::Dormant)),
        LastUse::At(at) if at < now.plus_micros(-DORMANT_DAYS * DAY_US) => drop(flags.insert(Flag::Dormant)),
        // A role is used by those who have it; their accounts stand in the list.
        LastUse::Unknown if holding.kind != AccountKind::Role => drop(flags.insert(Flag::Unseen)),
        LastUse::Unknown | LastUse::At(_) => {}
    }
    if is_persons || holding.kind == AccountKind::Shared {
        match holding.mfa {
            Answer::No => drop(flags.insert(Flag::NoMfa)),
            Answer::Unknown => drop(flags.insert(Flag::Unseen)),
            Answer::Yes | Answer::NotApplicable => {}
        }
    }
    if is_persons && holding.person.is_none() {
        flags.insert(Flag::Orphan);
    }
    match holding.kind {
        AccountKind::Shared => drop(flags.insert(Flag::Shared)),
        AccountKind::Vendor => drop(flags.insert(Flag::External)),
        kind if kind.is_program() && holding.owner.is_none() => {
            flags.insert(Flag::Ownerless);
        }
        _ => {}
    }
    if holding.given == Given::Direct {
        flags.insert(Flag::Direct);
    }
    if holding.entitlement.is_none() {
        flags.insert(Flag::Unseen);
    }
    if beside.looked.iter().any(|one| one.concerns(system, holding)) {
        flags.insert(Flag::Conflict);
    }
    if beside.before.is_some_and(|before| !before.contains(&holding.key())) {
        flags.insert(Flag::Added);
    }
    flags
}

/// Chooses who decides: the manager about ordinary rights of people, the owner of the system about privileged ones and
/// programs, both about what controls everything. Where that person may not decide, or is not known, a stand-in does.
fn seats(
    scope: &Scope,
    system: &str,
    holding: &Holding,
    holders: &BTreeSet<ActorId>,
    people: &People,
) -> Vec<Seat> {
    let scoped = scope.systems.iter().find(|one| one.name == system);
    let provisioners = scoped.map(|one| one.provisioners.clone()).unwrap_or_default();
    let reviewed =
        Reviewed { holders: holders.clone(), is_privileged: holding.tier.is_privileged(), provisioners };
    let may = |who: &ActorId| separation::review(*who, &reviewed).is_ok();
    let mut taken = BTreeSet::new();
    let mut seat = |role: SeatRole, asked: Option<ActorId>| {
        let choices = [asked, Some(scope.stand_in), Some(scope.second_stand_in), scoped.map(|one| one.owner)];
        let fitting = |who: &ActorId| may(who) && !taken.contains(who);
        // Nobody fits where two people are everything there is; whoever it is assigned to is refused when deciding.
        let reviewer = choices.into_iter().flatten().find(fitting).unwrap_or(scope.stand_in);
        taken.insert(reviewer);
        Seat { role, reviewer }
    };
    let manager = people.decider(holding.manager.as_deref());
    let owner = scoped.map(|one| one.owner);
    match (holding.tier, holding.kind) {
        (Tier::Zero, _) => vec![seat(SeatRole::Owner, owner), seat(SeatRole::Manager, manager)],
        (tier, kind) if tier == Tier::One || kind.is_program() || kind == AccountKind::Shared => {
            vec![seat(SeatRole::Owner, owner)]
        }
        _ => vec![seat(SeatRole::Manager, manager)],
    }
}
