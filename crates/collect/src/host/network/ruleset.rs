//! The common model of packet filters: base chains with rules, whatever tool wrote them.

use std::collections::{BTreeMap, BTreeSet};

use tickmark_core::observation::host::network::{Family, HookName};

use super::range::RangeSet;

/// All chains of all backends.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Ruleset {
    pub(crate) chains: Vec<Chain>,
}

/// One chain.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Chain {
    /// `nftables inet filter input`, `iptables-nft filter INPUT`.
    pub(crate) name: String,
    /// Key that jumps inside the same table use.
    pub(crate) key: String,
    /// Families whose packets come through.
    pub(crate) families: Vec<Family>,
    /// For a base chain of type filter.
    pub(crate) base: Option<Base>,
    pub(crate) rules: Vec<Rule>,
}

/// Where a base chain is attached.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Base {
    pub(crate) hook: HookName,
    pub(crate) drops: bool,
}

/// One rule.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rule {
    pub(crate) condition: Condition,
    pub(crate) action: Action,
    pub(crate) logs: bool,
    pub(crate) text: String,
}

/// What happens to packets that match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Accept,
    /// Drop or reject.
    Refuse,
    /// Key of a chain, and whether it comes back.
    Jump(String),
    Goto(String),
    Return,
    /// Counts, logs, marks; the packet goes on.
    Continue,
}

impl Action {
    pub(crate) fn is_final(&self) -> bool {
        matches!(self, Self::Accept | Self::Refuse | Self::Goto(_))
    }
}

/// Which packets a rule matches. Absent parts match everything.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Condition {
    pub(crate) family: Option<Family>,
    pub(crate) protocols: Option<BTreeSet<String>>,
    pub(crate) interfaces: Option<Interfaces>,
    /// Source addresses by family; a family without entry does not match when the other has one.
    pub(crate) sources: BTreeMap<Family, RangeSet>,
    pub(crate) ports: Option<RangeSet>,
    /// Connection states.
    pub(crate) states: Option<BTreeSet<String>>,
    /// It is narrowed further by something understood that is not part of this model (rate, destination, flags).
    pub(crate) narrowed: bool,
    /// The rate is limited.
    pub(crate) limited: bool,
    /// It has a part that was not understood.
    pub(crate) opaque: bool,
}

/// A set of interface names, or everything but a set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Interfaces {
    In(BTreeSet<String>),
    NotIn(BTreeSet<String>),
}

impl Interfaces {
    pub(crate) fn matches(&self, class: &str) -> bool {
        match self {
            Self::In(names) => names.iter().any(|name| name_matches(name, class)),
            Self::NotIn(names) => !names.iter().any(|name| name_matches(name, class)),
        }
    }

    fn is_superset(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::In(mine), Self::In(theirs)) => {
                theirs.iter().all(|name| mine.iter().any(|own| name_matches(own, name)))
            }
            (Self::NotIn(mine), Self::NotIn(theirs)) => mine.is_subset(theirs),
            (Self::NotIn(mine), Self::In(theirs)) => theirs
                .iter()
                .all(|name| !mine.iter().any(|own| name_matches(own, name) || name_matches(name, own))),
            (Self::In(_), Self::NotIn(_)) => false,
        }
    }

    pub(crate) fn names(&self) -> &BTreeSet<String> {
        match self {
            Self::In(names) | Self::NotIn(names) => names,
        }
    }
}

/// Matches a name against a pattern that may end in `*` (nftables) or `+` (iptables, rewritten to `*`).
fn name_matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(stem) => name.starts_with(stem),
        None => pattern == name,
    }
}

/// Every state of a connection.
const STATES: [&str; 5] = ["new", "established", "related", "invalid", "untracked"];

impl Condition {
    /// Narrows by connection state; other words (`DNAT`, numbers) are states of another kind that new connections may
    /// have too.
    pub(crate) fn narrow_states(&mut self, states: BTreeSet<String>, negated: bool) {
        if self.states.is_some() || !states.iter().all(|state| STATES.contains(&state.as_str())) {
            self.opaque = true;
            return;
        }
        let others = || {
            STATES.iter().filter(|state| !states.contains(**state)).map(|state| (*state).to_owned()).collect()
        };
        self.states = Some(if negated { others() } else { states });
    }

    /// Narrows by interface; a second restriction is kept as something that narrows further.
    pub(crate) fn narrow_interfaces(&mut self, names: BTreeSet<String>, negated: bool) {
        if self.interfaces.is_some() {
            self.narrowed = true;
            return;
        }
        self.interfaces = Some(if negated { Interfaces::NotIn(names) } else { Interfaces::In(names) });
    }

    /// Whether nothing narrows it.
    pub(crate) fn is_unconditional(&self) -> bool {
        *self == Self::default()
    }

    /// Whether packets of new connections can match.
    pub(crate) fn covers_new(&self) -> bool {
        self.states.as_ref().is_none_or(|states| states.contains("new"))
    }

    pub(crate) fn covers_established(&self) -> bool {
        self.states.as_ref().is_some_and(|states| states.contains("established"))
    }

    /// Whether each packet that matches is described by this model alone.
    pub(crate) fn is_exact(&self) -> bool {
        !self.narrowed && !self.limited && !self.opaque
    }

    pub(crate) fn sources_for(&self, family: Family) -> Option<RangeSet> {
        if self.family.is_some_and(|only| only != family) {
            return None;
        }
        if self.sources.is_empty() {
            return Some(RangeSet::all_addresses(family));
        }
        self.sources.get(&family).cloned()
    }

    /// Whether every packet that `other` matches is matched by this too, as far as this model can prove.
    pub(crate) fn proves_superset(&self, other: &Self) -> bool {
        let optional =
            |mine: &Option<BTreeSet<String>>, theirs: &Option<BTreeSet<String>>| match (mine, theirs) {
                (None, _) => true,
                (Some(_), None) => false,
                (Some(mine), Some(theirs)) => theirs.is_subset(mine),
            };
        let interfaces = match (&self.interfaces, &other.interfaces) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(mine), Some(theirs)) => mine.is_superset(theirs),
        };
        let ports = match (&self.ports, &other.ports) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(mine), Some(theirs)) => mine.is_superset(theirs),
        };
        let sources = [Family::Ip4, Family::Ip6].into_iter().all(|family| {
            match (self.sources_for(family), other.sources_for(family)) {
                (_, None) => true,
                (None, Some(_)) => false,
                (Some(mine), Some(theirs)) => mine.is_superset(&theirs),
            }
        });
        self.is_exact()
            && !other.opaque
            && optional(&self.protocols, &other.protocols)
            && optional(&self.states, &other.states)
            && interfaces
            && ports
            && sources
    }
}
