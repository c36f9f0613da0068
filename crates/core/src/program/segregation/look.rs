//! Who holds both sides of a conflict, as lists of access show it, and what they do not show.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Matrix, fits};
use crate::Timestamp;
use crate::catalog::DutyConflict;
use crate::program::access::{AccountKind, Holding, Tier, fold};
use crate::time::DAY_US;

/// Days after which a list says nothing of the present any more: a quarter, within which privileged rights are reviewed.
///
/// Source: `docs/domain/audit-methods.md` section 10.
pub const MAX_LIST_DAYS: i64 = 92;

/// What was looked at: the list of one system.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// The system.
    pub system: &'a str,
    /// When it was taken.
    pub run_at: Timestamp,
    /// Whether the list ties out to its source.
    pub is_complete: bool,
    /// Its rows.
    pub holdings: &'a [Holding],
}

/// How lists are looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sight {
    /// As of when.
    pub at: Timestamp,
    /// One name for each person that lists may name in several ways, by each of these, as [`fold`] writes them.
    pub names: BTreeMap<String, String>,
    /// Duties that are granted by rights of systems outside of what is looked at.
    pub hidden: BTreeSet<String>,
}

impl Sight {
    /// Looks at everything as it is at a moment.
    #[must_use]
    pub fn at(at: Timestamp) -> Self {
        Self { at, names: BTreeMap::new(), hidden: BTreeSet::new() }
    }

    /// Returns the one name of whoever has this one.
    #[must_use]
    pub fn name_of(&self, name: &str) -> String {
        let name = fold(name);
        self.names.get(&name).cloned().unwrap_or(name)
    }
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
    /// Another right of which nobody has said what it grants.
    Unjudged {
        /// The system.
        system: String,
        /// The right.
        entitlement: String,
    },
    /// The list is of long ago.
    Old {
        /// The system.
        system: String,
        /// When it was taken.
        run_at: Timestamp,
    },
    /// Rights of systems outside of what is looked at grant the duty as well.
    Elsewhere {
        /// The duty.
        duty: String,
    },
    /// No list names the person, and nobody here has this name.
    Person {
        /// The name.
        name: String,
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
            Self::Unjudged { system, entitlement } => {
                write!(f, "nobody has said what the right {entitlement} in {system} grants")
            }
            Self::Old { system, run_at } => {
                write!(
                    f,
                    "the list of {system} is of {}, more than {MAX_LIST_DAYS} days before",
                    run_at.date()
                )
            }
            Self::Elsewhere { duty } => {
                write!(f, "rights of systems that are not looked at here grant {duty:?} as well")
            }
            Self::Person { name } => write!(f, "no list names {name:?}, and nobody here has this name"),
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
pub fn look(matrix: &Matrix, seen: &[Seen<'_>], sight: &Sight) -> Vec<Looked> {
    let found = Found::read(matrix, seen, sight);
    let one = |conflict: &DutyConflict| {
        let (first, second) = (found.holders(&conflict.first), found.holders(&conflict.second));
        let held = first.iter().filter_map(|(holder, through)| {
            let other = second.get(holder)?;
            Some(Both { holder: (*holder).clone(), first: through.to_vec(), second: other.to_vec() })
        });
        let mut unseen = found.everywhere.clone();
        for duty in [&conflict.first, &conflict.second] {
            unseen.extend(found.unseen_of(matrix, duty, seen, sight));
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
/// grants could not be judged, nor whoever is named nowhere.
#[must_use]
pub fn would(
    matrix: &Matrix,
    seen: &[Seen<'_>],
    sight: &Sight,
    person: &str,
    (system, entitlement): (&str, &str),
) -> Preventive {
    let found = Found::read(matrix, seen, sight);
    let granted = matrix.granted(system, entitlement);
    let mut unseen = BTreeSet::new();
    let is_known = sight.names.contains_key(&fold(person)) || found.people.contains(&fold(person));
    if !is_known {
        unseen.insert(Unseen::Person { name: person.trim().to_owned() });
    }
    let person = sight.name_of(person);
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
            unseen.extend(found.unseen_of(matrix, other, seen, sight));
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
    /// Everybody whom lists name, as they name them.
    people: BTreeSet<String>,
}

impl Found {
    fn read(matrix: &Matrix, seen: &[Seen<'_>], sight: &Sight) -> Self {
        let (mut held, mut nobodys, mut everywhere) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        let mut people = BTreeSet::new();
        let oldest = sight.at.plus_micros(-MAX_LIST_DAYS * DAY_US);
        for list in seen {
            let system = list.system.to_owned();
            if !list.is_complete {
                everywhere.insert(Unseen::Incomplete { system: system.clone() });
            }
            if list.run_at < oldest {
                everywhere.insert(Unseen::Old { system: system.clone(), run_at: list.run_at });
            }
            for holding in list.holdings {
                people.extend(holding.holder());
                let account = holding.account.clone();
                let Some(entitlement) = &holding.entitlement else {
                    everywhere.insert(Unseen::Rights { system: system.clone(), account });
                    continue;
                };
                let Some(duties) = matrix.granted(list.system, entitlement) else {
                    everywhere.extend(unjudged(&system, entitlement, holding.tier));
                    continue;
                };
                // A role holds nothing itself: whoever has it stands in the list too.
                if holding.kind == AccountKind::Role {
                    continue;
                }
                for duty in duties {
                    let holder = holding.holder().map(|name| sight.name_of(&name));
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
        Self { held, nobodys, everywhere, people }
    }

    fn holders(&self, duty: &str) -> BTreeMap<&String, &[Through]> {
        let all = self.held.get(duty).into_iter().flatten();
        all.map(|(holder, through)| (holder, through.as_slice())).collect()
    }

    /// What could not be seen of one duty.
    fn unseen_of(&self, matrix: &Matrix, duty: &str, seen: &[Seen<'_>], sight: &Sight) -> BTreeSet<Unseen> {
        let mut unseen = self.nobodys.get(duty).cloned().unwrap_or_default();
        let mut grants = matrix.grants.iter().filter(|grant| grant.duty.as_deref() == Some(duty)).peekable();
        let is_hidden = sight.hidden.contains(duty);
        if is_hidden {
            unseen.insert(Unseen::Elsewhere { duty: duty.to_owned() });
        }
        if grants.peek().is_none() && !is_hidden {
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

/// What a right that no rule speaks of hides. One of the lowest tier, which nearly everybody has, hides nothing.
fn unjudged(system: &str, entitlement: &str, tier: Tier) -> Option<Unseen> {
    let (system, entitlement) = (system.to_owned(), entitlement.to_owned());
    match tier {
        Tier::Zero | Tier::One => Some(Unseen::Privileged { system, entitlement }),
        Tier::Two => Some(Unseen::Unjudged { system, entitlement }),
        Tier::Three => None,
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

    fn now() -> Timestamp {
        Timestamp::from_micros(400 * DAY_US)
    }

    fn list<'a>(system: &'a str, holdings: &'a [Holding]) -> Seen<'a> {
        Seen { system, run_at: now(), is_complete: true, holdings }
    }

    fn look_at(seen: &[Seen<'_>]) -> Looked {
        look(&matrix(), seen, &Sight::at(now())).remove(0)
    }

    fn verdict(github: &[Holding], aws: &[Holding]) -> Verdict {
        look_at(&[list("github", github), list("aws", aws)]).verdict()
    }

    #[test]
    fn both_sides_are_found_across_systems() {
        let github = [holding("ada", "write: api"), holding("bob", "read")];
        let aws = [holding("ada", "can-deploy"), holding("bob", "can-deploy")];
        let seen = [list("github", &github), list("aws", &aws)];
        let found = look_at(&seen);
        assert_eq!(found.verdict(), Verdict::Held);
        let [both] = found.held.as_slice() else { panic!("one person") };
        assert_eq!(both.holder, "ada@acme.example");
        assert_eq!(both.first[0].to_string(), "write: api of ada in github");
        assert!(found.concerns("aws", &aws[0]) && !found.concerns("aws", &aws[1]));
        assert_eq!(verdict(&github, &[holding("bob", "can-deploy")]), Verdict::None);
    }

    #[test]
    fn what_could_not_be_seen_is_no_answer() {
        let github = [holding("ada", "write: api")];
        let clear = [holding("bob", "can-deploy")];
        assert_eq!(verdict(&github, &clear), Verdict::None);
        let only = [list("github", &github)];
        let found = look_at(&only);
        assert_eq!(found.verdict(), Verdict::Unseen);
        assert!(found.unseen.contains(&Unseen::NoList { system: "aws".into() }));
        let nobodys = [Holding { person: None, ..holding("x", "can-deploy") }];
        assert_eq!(verdict(&github, &nobodys), Verdict::Unseen);
        let unread = [Holding { entitlement: None, ..holding("bob", "") }];
        assert_eq!(verdict(&github, &unread), Verdict::Unseen);
        let privileged = [Holding { tier: Tier::Zero, ..holding("bob", "everything") }];
        assert_eq!(verdict(&github, &privileged), Verdict::Unseen);
        let mut unmapped = matrix();
        unmapped.grants.retain(|grant| grant.duty.as_deref() != Some("deploy"));
        let seen = [list("github", &github)];
        assert!(
            look(&unmapped, &seen, &Sight::at(now()))[0]
                .unseen
                .contains(&Unseen::Unmapped { duty: "deploy".into() })
        );
        let partial = [Seen { is_complete: false, ..list("github", &github) }, list("aws", &clear)];
        assert_eq!(look_at(&partial).verdict(), Verdict::Unseen);
    }

    #[test]
    fn what_is_old_or_of_no_known_grant_or_elsewhere_is_no_answer_either() {
        let (github, aws) = ([holding("ada", "write: api")], [holding("bob", "can-deploy")]);
        let dated = |days: i64| {
            let run_at = now().plus_micros(-days * DAY_US);
            look_at(&[list("github", &github), Seen { run_at, ..list("aws", &aws) }]).verdict()
        };
        assert_eq!((dated(MAX_LIST_DAYS), dated(MAX_LIST_DAYS + 1)), (Verdict::None, Verdict::Unseen));
        let of_tier = |tier| {
            let more = [aws[0].clone(), Holding { tier, ..holding("bob", "something") }];
            verdict(&github, &more)
        };
        assert_eq!((of_tier(Tier::Two), of_tier(Tier::Three)), (Verdict::Unseen, Verdict::None));
        let seen = [list("github", &github), list("aws", &aws)];
        let partly = Sight { hidden: ["deploy".to_owned()].into(), ..Sight::at(now()) };
        let found = look(&matrix(), &seen, &partly).remove(0);
        assert_eq!(found.unseen, [Unseen::Elsewhere { duty: "deploy".into() }].into());
    }

    #[test]
    fn one_person_with_two_names_holds_both() {
        let github = [holding("ada", "write: api")];
        let aws = [Holding { person: Some("Ada Byron".into()), ..holding("a.byron", "can-deploy") }];
        assert_eq!(verdict(&github, &aws), Verdict::None, "nobody knows that they are one");
        let names =
            ["ada byron", "ada@acme.example"].map(|name| (name.to_owned(), "ada@acme.example".to_owned()));
        let sight = Sight { names: names.into(), ..Sight::at(now()) };
        let seen = [list("github", &github), list("aws", &aws)];
        let found = look(&matrix(), &seen, &sight).remove(0);
        assert_eq!(found.held[0].holder, "ada@acme.example");
        let asked = would(&matrix(), &seen, &sight, "Ada Byron", ("aws", "deploy-all"));
        assert_eq!(asked.verdict(), Verdict::Held);
        let nobody = would(&matrix(), &seen, &sight, "Adda", ("aws", "deploy-all"));
        assert_eq!(nobody.unseen, [Unseen::Person { name: "Adda".into() }].into());
    }

    #[test]
    fn a_role_holds_nothing_itself() {
        let role = |name: &str, right: &str| Holding {
            kind: AccountKind::Role,
            person: None,
            owner: Some("ada@acme.example".into()),
            ..holding(name, right)
        };
        let aws = [role("deployers", "can-deploy"), holding("bob", "can-deploy")];
        assert_eq!(verdict(&[holding("ada", "write: api")], &aws), Verdict::None);
    }

    #[test]
    fn giving_a_right_is_judged_before() {
        let github = [holding("ada", "write: api"), holding("bob", "read")];
        let seen = [list("github", &github), list("aws", &[])];
        let ask = |who: &str, right: &str| would(&matrix(), &seen, &Sight::at(now()), who, ("aws", right));
        let ada = ask("Ada@acme.example", "deploy-all");
        assert_eq!((ada.verdict(), ada.conflicts[0].1.len()), (Verdict::Held, 1));
        assert_eq!(ask("bob@acme.example", "deploy-all").verdict(), Verdict::None);
        assert_eq!(ask("bob@acme.example", "read").verdict(), Verdict::None);
        assert_eq!(ask("bob@acme.example", "something").verdict(), Verdict::Unseen);
        let blind = would(&matrix(), &[], &Sight::at(now()), "bob@acme.example", ("aws", "deploy-all"));
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
                list("github", &github),
                list("aws", &aws),
            ];
            let shared = github.iter().any(|one| aws.iter().any(|other| one.person == other.person));
            let expected = if shared { Verdict::Held } else { Verdict::None };
            prop_assert_eq!(look_at(&whole).verdict(), expected);
            let less = [whole[1 - lost]];
            prop_assert_eq!(look_at(&less).verdict(), Verdict::Unseen);
        }
    }
}
