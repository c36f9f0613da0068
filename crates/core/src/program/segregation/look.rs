//! Who holds both sides of a conflict, as lists of access show it, and what they do not show.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Matrix, fits};
use crate::catalog::DutyConflict;
use crate::program::access::{AccountKind, Holding, fold};

/// What was looked at: the list of one system.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// The system.
    pub system: &'a str,
    /// Whether the list ties out to its source.
    pub is_complete: bool,
    /// Its rows.
    pub holdings: &'a [Holding],
}

/// A right by which a duty is held.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Through {
    /// The system.
    pub system: String,
    /// The account.
    pub account: String,
    /// The right.
    pub entitlement: String,
}

impl fmt::Display for Through {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} in {}", self.entitlement, self.account, self.system)
    }
}

/// Somebody who holds both duties of a conflict.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Both {
    /// Who, as [`Holding::holder`] says.
    pub holder: String,
    /// By which rights they hold the one.
    pub first: Vec<Through>,
    /// By which the other.
    pub second: Vec<Through>,
}

/// What could not be seen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Unseen {
    /// Nobody has said which rights grant the duty.
    Unmapped {
        /// The duty.
        duty: String,
    },
    /// Rights of this system grant the duty, and there is no list of it.
    NoList {
        /// The system, or the pattern that names it.
        system: String,
    },
    /// The list does not tie out to its source.
    Incomplete {
        /// The system.
        system: String,
    },
    /// The account holds a side, and nobody knows whose it is, or several use it.
    Nobodys {
        /// The system.
        system: String,
        /// The account.
        account: String,
    },
    /// What the account may do could not be read.
    Rights {
        /// The system.
        system: String,
        /// The account.
        account: String,
    },
    /// A privileged right of which nobody has said what it grants.
    Privileged {
        /// The system.
        system: String,
        /// The right.
        entitlement: String,
    },
}

impl fmt::Display for Unseen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unmapped { duty } => write!(f, "nobody has said which rights grant {duty:?}"),
            Self::NoList { system } => write!(f, "there is no list of {system}"),
            Self::Incomplete { system } => write!(f, "the list of {system} does not tie out to its source"),
            Self::Nobodys { system, account } => {
                write!(f, "{account} in {system} holds a side, and belongs to nobody or to several")
            }
            Self::Rights { system, account } => write!(f, "what {account} in {system} may do is not known"),
            Self::Privileged { system, entitlement } => {
                write!(f, "nobody has said what the privileged right {entitlement} in {system} grants")
            }
        }
    }
}

/// What looking found about one conflict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Somebody holds both.
    Held,
    /// Nobody was found, and something could not be seen.
    Unseen,
    /// Nobody holds both, and everything was seen.
    None,
}

impl Verdict {
    /// Returns the word used in addresses and answers.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Unseen => "unseen",
            Self::None => "none",
        }
    }

    /// Returns what people call it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Held => "Somebody holds both",
            Self::Unseen => "Could not be seen",
            Self::None => "Nobody holds both",
        }
    }
}

/// What was found about one conflict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Looked {
    /// The conflict.
    pub conflict: DutyConflict,
    /// Who holds both, by name.
    pub held: Vec<Both>,
    /// What could not be seen of it.
    pub unseen: BTreeSet<Unseen>,
}

impl Looked {
    /// Returns what follows. Something unseen never becomes "nobody".
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match (self.held.is_empty(), self.unseen.is_empty()) {
            (false, _) => Verdict::Held,
            (true, false) => Verdict::Unseen,
            (true, true) => Verdict::None,
        }
    }
}

/// Looks for everybody who holds both sides of a conflict, for each conflict of the matrix in its order.
#[must_use]
pub fn look(matrix: &Matrix, seen: &[Seen<'_>]) -> Vec<Looked> {
    let found = Found::read(matrix, seen);
    let one = |conflict: &DutyConflict| {
        let (first, second) = (found.holders(&conflict.first), found.holders(&conflict.second));
        let held = first.iter().filter_map(|(holder, through)| {
            let other = second.get(holder)?;
            Some(Both { holder: (*holder).clone(), first: through.to_vec(), second: other.to_vec() })
        });
        let mut unseen = found.everywhere.clone();
        for duty in [&conflict.first, &conflict.second] {
            unseen.extend(found.unseen_of(matrix, duty, seen));
        }
        Looked { conflict: conflict.clone(), held: held.collect(), unseen }
    };
    matrix.conflicts.iter().map(one).collect()
}

/// What giving somebody a right would mean.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preventive {
    /// Duties that the right grants.
    pub duties: BTreeSet<String>,
    /// Conflicts that it would make, with the rights by which the other side is held already.
    pub conflicts: Vec<(DutyConflict, Vec<Through>)>,
    /// What could not be seen.
    pub unseen: BTreeSet<Unseen>,
}

impl Preventive {
    /// Returns what follows.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match (self.conflicts.is_empty(), self.unseen.is_empty()) {
            (false, _) => Verdict::Held,
            (true, false) => Verdict::Unseen,
            (true, true) => Verdict::None,
        }
    }
}

/// Says whether giving somebody a right would make a conflict with what they hold. A right of which nobody has said what it
/// grants could not be judged.
#[must_use]
pub fn would(
    matrix: &Matrix,
    seen: &[Seen<'_>],
    person: &str,
    system: &str,
    entitlement: &str,
) -> Preventive {
    let person = fold(person);
    let found = Found::read(matrix, seen);
    let granted = matrix.granted(system, entitlement);
    let mut unseen = BTreeSet::new();
    if granted.is_none() {
        unseen.insert(Unseen::Privileged { system: system.to_owned(), entitlement: entitlement.to_owned() });
    }
    let granted = granted.unwrap_or_default();
    let mut conflicts = Vec::new();
    for conflict in &matrix.conflicts {
        let sides = [(&conflict.first, &conflict.second), (&conflict.second, &conflict.first)];
        for (given, other) in sides {
            if !granted.contains(given.as_str()) {
                continue;
            }
            if granted.contains(other.as_str()) {
                // The right alone grants both.
                conflicts.push((conflict.clone(), Vec::new()));
                break;
            }
            unseen.extend(found.everywhere.iter().cloned());
            unseen.extend(found.unseen_of(matrix, other, seen));
            if let Some(through) = found.holders(other).get(&person) {
                conflicts.push((conflict.clone(), through.to_vec()));
            }
        }
    }
    Preventive { duties: granted.into_iter().map(str::to_owned).collect(), conflicts, unseen }
}

/// What lists show of duties.
struct Found {
    /// By duty and holder: through what.
    held: BTreeMap<String, BTreeMap<String, Vec<Through>>>,
    /// By duty: accounts that hold it and belong to nobody.
    nobodys: BTreeMap<String, BTreeSet<Unseen>>,
    /// What hides any duty.
    everywhere: BTreeSet<Unseen>,
}

impl Found {
    fn read(matrix: &Matrix, seen: &[Seen<'_>]) -> Self {
        let (mut held, mut nobodys, mut everywhere) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        for list in seen {
            let system = list.system.to_owned();
            if !list.is_complete {
                everywhere.insert(Unseen::Incomplete { system: system.clone() });
            }
            for holding in list.holdings {
                let account = holding.account.clone();
                let Some(entitlement) = &holding.entitlement else {
                    everywhere.insert(Unseen::Rights { system: system.clone(), account });
                    continue;
                };
                let Some(duties) = matrix.granted(list.system, entitlement) else {
                    if holding.tier.is_privileged() {
                        let entitlement = entitlement.clone();
                        everywhere.insert(Unseen::Privileged { system: system.clone(), entitlement });
                    }
                    continue;
                };
                for duty in duties {
                    let holder = holding.holder();
                    if let Some(holder) = holder {
                        let by_holder: &mut BTreeMap<String, Vec<Through>> =
                            held.entry(duty.to_owned()).or_default();
                        by_holder.entry(holder).or_default().push(Through {
                            system: system.clone(),
                            account: account.clone(),
                            entitlement: entitlement.clone(),
                        });
                    } else {
                        let unseen: &mut BTreeSet<Unseen> = nobodys.entry(duty.to_owned()).or_default();
                        unseen.insert(Unseen::Nobodys { system: system.clone(), account: account.clone() });
                    }
                }
            }
        }
        Self { held, nobodys, everywhere }
    }

    fn holders(&self, duty: &str) -> BTreeMap<&String, &[Through]> {
        let all = self.held.get(duty).into_iter().flatten();
        all.map(|(holder, through)| (holder, through.as_slice())).collect()
    }

    /// What could not be seen of one duty.
    fn unseen_of(&self, matrix: &Matrix, duty: &str, seen: &[Seen<'_>]) -> BTreeSet<Unseen> {
        let mut unseen = self.nobodys.get(duty).cloned().unwrap_or_default();
        let mut grants = matrix.grants.iter().filter(|grant| grant.duty.as_deref() == Some(duty)).peekable();
        if grants.peek().is_none() {
            unseen.insert(Unseen::Unmapped { duty: duty.to_owned() });
        }
        for grant in grants {
            if !seen.iter().any(|list| fits(&grant.system, list.system)) {
                unseen.insert(Unseen::NoList { system: grant.system.clone() });
            }
        }
        unseen
    }
}

impl Looked {
    /// Tells whether a right is part of what somebody holds on both sides.
    #[must_use]
    pub fn concerns(&self, system: &str, holding: &Holding) -> bool {
        let Some(entitlement) = &holding.entitlement else { return false };
        if holding.kind == AccountKind::Shared {
            return false;
        }
        let is_it = |through: &Through| {
            through.system == system
                && through.account == holding.account
                && through.entitlement == *entitlement
        };
        self.held.iter().any(|both| both.first.iter().chain(&both.second).any(is_it))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::matrix;
    use super::*;
    use crate::program::access::Tier;
    use crate::program::access::tests::holding;

    fn verdict(github: &[Holding], aws: &[Holding]) -> Verdict {
        let seen = [
            Seen { system: "github", is_complete: true, holdings: github },
            Seen { system: "aws", is_complete: true, holdings: aws },
        ];
        look(&matrix(), &seen)[0].verdict()
    }

    #[test]
    fn both_sides_are_found_across_systems() {
        let github = [holding("ada", "write: api"), holding("bob", "read")];
        let aws = [holding("ada", "can-deploy"), holding("bob", "can-deploy")];
        let seen = [
            Seen { system: "github", is_complete: true, holdings: &github },
            Seen { system: "aws", is_complete: true, holdings: &aws },
        ];
        let found = look(&matrix(), &seen);
        assert_eq!(found[0].verdict(), Verdict::Held);
        let [both] = found[0].held.as_slice() else { panic!("one person") };
        assert_eq!(both.holder, "ada@acme.example");
        assert_eq!(both.first[0].to_string(), "write: api of ada in github");
        assert!(found[0].concerns("aws", &aws[0]) && !found[0].concerns("aws", &aws[1]));
        assert_eq!(verdict(&github, &[holding("bob", "can-deploy")]), Verdict::None);
    }

    #[test]
    fn what_could_not_be_seen_is_no_answer() {
        let github = [holding("ada", "write: api")];
        let clear = [holding("bob", "can-deploy")];
        assert_eq!(verdict(&github, &clear), Verdict::None);
        let only = [Seen { system: "github", is_complete: true, holdings: &github }];
        let found = look(&matrix(), &only);
        assert_eq!(found[0].verdict(), Verdict::Unseen);
        assert!(found[0].unseen.contains(&Unseen::NoList { system: "aws".into() }));
        let nobodys = [Holding { person: None, ..holding("x", "can-deploy") }];
        assert_eq!(verdict(&github, &nobodys), Verdict::Unseen);
        let unread = [Holding { entitlement: None, ..holding("bob", "") }];
        assert_eq!(verdict(&github, &unread), Verdict::Unseen);
        let privileged = [Holding { tier: Tier::Zero, ..holding("bob", "everything") }];
        assert_eq!(verdict(&github, &privileged), Verdict::Unseen);
        let mut unmapped = matrix();
        unmapped.grants.retain(|grant| grant.duty.as_deref() != Some("deploy"));
        let seen = [Seen { system: "github", is_complete: true, holdings: &github }];
        assert!(look(&unmapped, &seen)[0].unseen.contains(&Unseen::Unmapped { duty: "deploy".into() }));
        let partial = [
            Seen { system: "github", is_complete: false, holdings: &github },
            Seen { system: "aws", is_complete: true, holdings: &clear },
        ];
        assert_eq!(look(&matrix(), &partial)[0].verdict(), Verdict::Unseen);
    }

    #[test]
    fn giving_a_right_is_judged_before() {
        let github = [holding("ada", "write: api"), holding("bob", "read")];
        let seen = [
            Seen { system: "github", is_complete: true, holdings: &github },
            Seen { system: "aws", is_complete: true, holdings: &[] },
        ];
        let ask = |who: &str, right: &str| would(&matrix(), &seen, who, "aws", right);
        let ada = ask("Ada@acme.example", "deploy-all");
        assert_eq!((ada.verdict(), ada.conflicts[0].1.len()), (Verdict::Held, 1));
        assert_eq!(ask("bob@acme.example", "deploy-all").verdict(), Verdict::None);
        assert_eq!(ask("bob@acme.example", "read").verdict(), Verdict::None);
        assert_eq!(ask("bob@acme.example", "something").verdict(), Verdict::Unseen);
        let blind = would(&matrix(), &[], "bob@acme.example", "aws", "deploy-all");
        assert_eq!(blind.verdict(), Verdict::Unseen);
    }

    proptest! {
        /// Whatever is taken away from what was looked at, "nobody" never comes of it.
        #[test]
        fn seeing_less_never_clears(github in proptest::collection::vec(0_usize..6, 0..6), aws in proptest::collection::vec(0_usize..6, 0..6), lost in 0_usize..2) {
            let rows = |who: &[usize], right: &str| -> Vec<Holding> {
                let people: BTreeSet<usize> = who.iter().copied().collect();
                people.into_iter().map(|one| holding(&format!("p{one}"), right)).collect()
            };
            let (github, aws) = (rows(&github, "write"), rows(&aws, "deploy"));
            let whole = [
                Seen { system: "github", is_complete: true, holdings: &github },
                Seen { system: "aws", is_complete: true, holdings: &aws },
            ];
            let shared = github.iter().any(|one| aws.iter().any(|other| one.person == other.person));
            let expected = if shared { Verdict::Held } else { Verdict::None };
            prop_assert_eq!(look(&matrix(), &whole)[0].verdict(), expected);
            let less = [whole[1 - lost]];
            prop_assert_eq!(look(&matrix(), &less)[0].verdict(), Verdict::Unseen);
        }
    }
}
