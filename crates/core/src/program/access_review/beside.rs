//! What a reviewer sees beside a right: who else of the same job or team has it, and what an earlier review decided about it.
//!
//! It is made once, when the snapshot is frozen, of the lists of the snapshot and of the reviews before, and kept with the item:
//! whoever looks later sees what the reviewer saw, and made again of the same it is the same.
//!
//! Source: `docs/domain/identity.md` section 2.5, `docs/domain/audit-methods.md` section 10.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::ReviewKey;
use crate::Timestamp;
use crate::program::access::{Employment, Holding, fold};
use crate::words::words_of;

/// Peers with a right who are named.
const NAMED: usize = 8;
/// Fewer peers than these say nothing about what is usual.
const FEWEST: u64 = 2;
/// A right that fewer than one in so many peers has is unusual.
const ONE_IN: u64 = 4;

/// By what people are peers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Together {
    /// They have the same job, as the roster calls it.
    Job,
    /// They have the same manager.
    Team,
}

words_of!(Together {
    Job = "job", "same job";
    Team = "team", "same manager";
});

/// Who else of the same job or team has a right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peers {
    /// By what they are peers.
    pub by: Together,
    /// The job, or the manager.
    pub of: String,
    /// How many there are in the lists of the snapshot beside the holder.
    pub others: u64,
    /// Of them, those who have the same right in the same system.
    pub with: u64,
    /// The first of those, as lists name them.
    pub named: Vec<String>,
}

impl Peers {
    /// Tells whether hardly any of them has it: fewer than one in four, of at least two.
    #[must_use]
    pub fn lack_it(&self) -> bool {
        self.others >= FEWEST && self.with.saturating_mul(ONE_IN) < self.others
    }
}

/// That the last review which decided about the same right decided that it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Earlier {
    /// That review.
    pub review: ReviewKey,
    /// Its item.
    pub item: u64,
    /// When it was decided.
    pub decided_at: Timestamp,
    /// Whether a list showed afterwards that it was gone; otherwise it stayed, as far as lists show.
    pub was_gone: bool,
}

type Group = (Together, String);

struct Person {
    name: String,
    job: Option<String>,
    manager: Option<String>,
    has_left: bool,
}

/// The people of the lists of a snapshot, with their jobs and teams, and who of them has which right.
#[derive(Default)]
pub struct Roster {
    /// By folded name.
    people: BTreeMap<String, Person>,
    members: BTreeMap<Group, BTreeSet<String>>,
    /// By system, right and group.
    having: BTreeMap<(String, String, Group), BTreeSet<String>>,
}

impl Roster {
    /// Reads lists: each with its system and its rows. What the first row of a person says of job and manager counts.
    #[must_use]
    pub fn of<'a>(lists: &[(&'a str, &'a [Holding])]) -> Self {
        let mut roster = Self::default();
        for holding in lists.iter().flat_map(|(_, rows)| rows.iter()) {
            roster.meet(holding);
        }
        for (name, person) in roster.people.iter().filter(|(_, person)| !person.has_left) {
            for group in person.groups() {
                roster.members.entry(group).or_default().insert(name.clone());
            }
        }
        for (system, rows) in lists {
            for holding in *rows {
                let (Some(name), Some(right)) = (person(holding), &holding.entitlement) else { continue };
                let Some(known) = roster.people.get(&name).filter(|known| !known.has_left) else { continue };
                for group in known.groups() {
                    let place = (fold(system), fold(right), group);
                    roster.having.entry(place).or_default().insert(name.clone());
                }
            }
        }
        roster
    }

    fn meet(&mut self, holding: &Holding) {
        let Some(name) = person(holding) else { return };
        let said = |text: &Option<String>| text.as_deref().map(fold).filter(|text| !text.is_empty());
        let known = self.people.entry(name).or_insert_with(|| Person {
            name: holding.person.clone().unwrap_or_default(),
            job: None,
            manager: None,
            has_left: false,
        });
        known.job = known.job.take().or_else(|| said(&holding.job));
        known.manager = known.manager.take().or_else(|| said(&holding.manager));
        known.has_left |= holding.employment == Employment::Leaver;
    }

    /// Returns the peers of whoever holds a right of a system: those of the same job, or, where it has no others, of the same
    /// manager. None where no person stands behind the right, or no peer of theirs is known.
    #[must_use]
    pub fn peers(&self, system: &str, holding: &Holding) -> Option<Peers> {
        let (me, right) = (person(holding)?, holding.entitlement.as_deref()?);
        let others = |group: &Group| {
            let members = self.members.get(group);
            members.map_or(0, |members| members.len() - usize::from(members.contains(&me)))
        };
        let group = self.people.get(&me)?.groups().find(|group| others(group) > 0)?;
        let having = self.having.get(&(fold(system), fold(right), group.clone()));
        let with: Vec<&String> = having.into_iter().flatten().filter(|name| **name != me).collect();
        let named = with.iter().take(NAMED).filter_map(|name| self.people.get(*name));
        Some(Peers {
            by: group.0,
            others: others(&group) as u64,
            with: with.len() as u64,
            named: named.map(|person| person.name.clone()).collect(),
            of: group.1,
        })
    }
}

impl Person {
    fn groups(&self) -> impl Iterator<Item = Group> {
        let job = self.job.clone().map(|job| (Together::Job, job));
        let team = self.manager.clone().map(|manager| (Together::Team, manager));
        job.into_iter().chain(team)
    }
}

/// Returns the folded name of the person behind an account.
fn person(holding: &Holding) -> Option<String> {
    holding.holder().filter(|_| holding.kind.is_persons())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::program::access::AccountKind;
    use crate::program::access::tests::holding;

    fn row(account: &str, right: &str, job: &str, manager: &str) -> Holding {
        let said = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Holding { job: said(job), manager: said(manager), ..holding(account, right) }
    }

    #[test]
    fn peers_are_of_the_same_job_or_else_of_the_same_manager() {
        let aws = [
            row("ada", "deploy", "Engineer", "bob"),
            row("eve", "Deploy", "engineer", "bob"),
            row("sam", "read", "Engineer", ""),
            row("lin", "deploy", "Director", "zoe"),
            row("mia", "read", "", "zoe"),
            Holding { employment: Employment::Leaver, ..row("old", "deploy", "Engineer", "bob") },
            Holding { kind: AccountKind::Service, person: None, ..row("bot", "deploy", "Engineer", "bob") },
        ];
        let wiki = [row("ada", "edit", "", ""), row("ivy", "edit", "Engineer", "")];
        let roster = Roster::of(&[("AWS", &aws[..]), ("wiki", &wiki[..])]);
        let peers = |system: &str, holding: &Holding| roster.peers(system, holding);
        // Beside her there are Eve, Sam and, from another list, Ivy; who has left is nobody's peer.
        let ada = peers("aws", &aws[0]).expect("peers");
        assert_eq!((ada.by, ada.of.as_str(), ada.others, ada.with), (Together::Job, "engineer", 3, 1));
        assert_eq!(ada.named, ["eve@acme.example"]);
        assert!(!ada.lack_it(), "one in three has it");
        // What a list does not say of somebody another one does.
        let edit = peers("wiki", &wiki[0]).expect("peers");
        assert_eq!((edit.others, edit.with), (3, 1));
        let sam = peers("aws", &aws[2]).expect("peers");
        assert_eq!((sam.others, sam.with, sam.lack_it()), (3, 0, true));
        // Nobody else is a director; Mia has the same manager.
        let lin = peers("aws", &aws[3]).expect("peers");
        assert_eq!((lin.by, lin.others, lin.with), (Together::Team, 1, 0));
        assert!(!lin.lack_it(), "one other says nothing");
        let left = peers("aws", &aws[5]).expect("peers");
        assert_eq!((left.others, left.with), (4, 2));
        assert_eq!(peers("aws", &aws[6]), None, "a program has no peers");
        assert_eq!(Roster::default().peers("aws", &aws[0]), None);
    }

    proptest! {
        /// However rows are ordered within a list, as long as each says the same of a person, peers are the same; and those
        /// who have a right are among the others.
        #[test]
        fn peers_do_not_depend_on_the_order_of_rows(
            rights in proptest::collection::vec((0..6_usize, 0..3_usize), 1..30),
            turn in 0..30_usize,
        ) {
            let jobs = ["Engineer", "Clerk", ""];
            let rows: Vec<Holding> = rights
                .iter()
                .map(|(who, right)| row(&format!("p{who}"), &format!("r{right}"), jobs[who % 3], "bob"))
                .collect();
            let mut turned = rows.clone();
            turned.rotate_left(turn % rows.len());
            let (one, other) = (Roster::of(&[("aws", rows.as_slice())]), Roster::of(&[("aws", turned.as_slice())]));
            for holding in &rows {
                let peers = one.peers("aws", holding);
                prop_assert_eq!(&peers, &other.peers("aws", holding));
                if let Some(peers) = peers {
                    prop_assert!(peers.with <= peers.others && peers.named.len() as u64 <= peers.with);
                }
            }
        }
    }
}
