//! The decision: what the roles of somebody grant, and everything that denies it all the same.

use std::collections::BTreeSet;
use std::fmt;

use super::matrix::{self, Condition, Scope};
use super::resource::{Atom, Resource, Verb};
use super::role::Role;
use super::separation;
use crate::id::{ActorId, EngagementKey, OrganizationKey, SystemId};
use crate::time::{SECOND_US, Span, Timestamp};

/// How long after proving who they are again somebody may do what needs it, in microseconds: 10 minutes.
///
/// Source: `docs/domain/identity.md` section 1.14.
pub const STEP_UP_US: i64 = 10 * 60 * SECOND_US;

/// How strongly somebody showed who they are; later is stronger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Factor {
    /// Something known: a password alone.
    Password,
    /// A password and a code of an authenticator, or a recovery code.
    Code,
    /// A passkey, which a false page cannot ask for.
    Passkey,
    /// A passkey for whose device a maker vouches whom the organization trusts. It is one in the eyes of one organization.
    Attested,
}

/// What a session knows about who is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assurance {
    /// How they signed in.
    pub factor: Factor,
    /// When they last showed it, by signing in or stepping up. Activity does not move it.
    pub proven_at: Timestamp,
}

/// Whether a membership counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It counts.
    Active,
    /// It rests, by somebody's decision.
    Suspended,
}

/// Which systems somebody is assigned to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Systems {
    /// All, also those to come.
    All,
    /// These.
    Only(BTreeSet<SystemId>),
}

impl Systems {
    /// Returns those of them that are among some.
    #[must_use]
    pub fn within(self, some: &BTreeSet<SystemId>) -> Self {
        match self {
            Self::All => Self::Only(some.clone()),
            Self::Only(own) => Self::Only(own.intersection(some).copied().collect()),
        }
    }
}

/// Somebody who asks, in one organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Who.
    pub id: ActorId,
    /// Where.
    pub organization: OrganizationKey,
    /// As what.
    pub roles: BTreeSet<Role>,
    /// For which systems.
    pub systems: Systems,
    /// In which engagements.
    pub engagements: BTreeSet<EngagementKey>,
    /// Whether the membership counts.
    pub standing: Standing,
    /// From when until when the membership counts.
    pub valid: Span,
    /// How it was shown that it is them.
    pub assurance: Assurance,
    /// The least that the organization accepts.
    pub required: Factor,
    /// All that a token may do, where one is used.
    pub token: Option<BTreeSet<Atom>>,
    /// Whether that token is for some systems only, which are then `systems`: nothing reaches further.
    pub is_within_systems: bool,
}

/// One thing that something is done to, as far as rights depend on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Whose it is.
    pub organization: OrganizationKey,
    /// To which system it belongs; none if to the organization as a whole.
    pub system: Option<SystemId>,
    /// Whose own it is, or to whom it is assigned.
    pub people: BTreeSet<ActorId>,
    /// In which engagement it stands.
    pub engagement: Option<EngagementKey>,
    /// Whether that engagement is frozen, as it is from the issue of its report on.
    pub is_frozen: bool,
    /// Whether it is published.
    pub is_published: bool,
}

/// How far a permission reaches: the union of scopes over all roles.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reach(BTreeSet<Scope>);

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Yes, so far; what it asks for beyond the role is the caller's to see to.
    Allow {
        /// How far.
        reach: Reach,
        /// What every granting cell asks for.
        conditions: BTreeSet<Condition>,
    },
    /// No.
    Deny(Denial),
}

/// Why not. The words go into the audit trail; whoever asks learns at most that nothing is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Denial {
    /// It is another organization's.
    OtherOrganization,
    /// The membership rests.
    Suspended,
    /// The membership has not begun.
    NotYet,
    /// The membership has ended.
    Ended,
    /// The token was not given this.
    TokenScope,
    /// A token never does this.
    NotForTokens,
    /// They signed in with less than the organization accepts.
    TooWeak,
    /// No role of theirs grants it.
    NotGranted,
    /// It is beyond how far their roles reach.
    OutOfReach,
    /// The engagement is frozen.
    Frozen,
    /// They must show again who they are.
    StepUpNeeded,
}

impl Denial {
    /// Returns the reason code.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::OtherOrganization => "other_organization",
            Self::Suspended => "suspended",
            Self::NotYet => "not_yet",
            Self::Ended => "ended",
            Self::TokenScope => "token_scope",
            Self::NotForTokens => "not_for_tokens",
            Self::TooWeak => "too_weak",
            Self::NotGranted => "not_granted",
            Self::OutOfReach => "out_of_reach",
            Self::Frozen => "frozen",
            Self::StepUpNeeded => "step_up_needed",
        }
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl Reach {
    /// Tells whether it reaches as far as `scope`.
    #[must_use]
    pub fn has(&self, scope: Scope) -> bool {
        self.0.contains(&scope)
    }

    /// Returns the scopes, widest first.
    pub fn scopes(&self) -> impl Iterator<Item = Scope> {
        self.0.iter().copied()
    }

    /// Tells whether everything in the organization is within reach of somebody.
    #[must_use]
    pub fn is_whole(&self, subject: &Subject) -> bool {
        self.has(Scope::Organization) || (self.has(Scope::Systems) && subject.systems == Systems::All)
    }

    fn covers(&self, subject: &Subject, object: &Object) -> bool {
        self.0.iter().any(|scope| match scope {
            Scope::Organization => true,
            Scope::Systems => match (&subject.systems, &object.system) {
                (Systems::All, _) => true,
                (Systems::Only(own), Some(system)) => own.contains(system),
                (Systems::Only(_), None) => false,
            },
            Scope::Own => object.people.contains(&subject.id),
            Scope::Engagement => object.engagement.is_some_and(|one| subject.engagements.contains(&one)),
            Scope::Published => object.is_published,
        })
    }
}

impl Subject {
    /// Decides without an object: for lists, which take the reach as their predicate, and for making new things.
    #[must_use]
    pub fn decide(&self, atom: Atom, at: Timestamp) -> Decision {
        match self.denied(atom, at) {
            Some(denial) => Decision::Deny(denial),
            None => self.granted(atom),
        }
    }

    /// Decides about one object.
    #[must_use]
    pub fn decide_on(&self, atom: Atom, object: &Object, at: Timestamp) -> Decision {
        if object.organization != self.organization {
            return Decision::Deny(Denial::OtherOrganization);
        }
        match self.decide(atom, at) {
            Decision::Allow { reach, .. } if !reach.covers(self, object) => {
                Decision::Deny(Denial::OutOfReach)
            }
            Decision::Allow { .. } if object.is_frozen && !atom.verb.only_looks() => {
                Decision::Deny(Denial::Frozen)
            }
            decision => decision,
        }
    }

    fn granted(&self, atom: Atom) -> Decision {
        let cells = || {
            self.roles.iter().filter_map(|role| {
                let cell = matrix::cell(*role, atom.resource);
                // Inside engagements is nowhere for whoever is in none, or in none any more.
                let counts = |scope: &Scope| *scope != Scope::Engagement || !self.engagements.is_empty();
                let scope = cell.scope(atom.verb).filter(counts)?;
                Some((self.narrowed(scope, atom)?, cell.condition))
            })
        };
        let reach = Reach(cells().map(|(scope, _)| scope).collect());
        if reach.0.is_empty() {
            return Decision::Deny(Denial::NotGranted);
        }
        // A condition of one role does not bind somebody whom another role grants the same without it.
        let is_free = cells().any(|(_, condition)| condition.is_none());
        let conditions =
            if is_free { BTreeSet::new() } else { cells().filter_map(|(_, condition)| condition).collect() };
        Decision::Allow { reach, conditions }
    }

    /// Narrows how far a role reaches to the systems that a token is for. What no role has by system is not kept apart by
    /// system either, and is then not reached at all.
    fn narrowed(&self, scope: Scope, atom: Atom) -> Option<Scope> {
        if !self.is_within_systems || scope == Scope::Systems {
            return Some(scope);
        }
        let is_by_system = Role::ALL.iter().any(|role| matrix::scope(*role, atom) == Some(Scope::Systems));
        (scope == Scope::Organization && is_by_system).then_some(Scope::Systems)
    }

    /// What denies whatever is granted.
    fn denied(&self, atom: Atom, at: Timestamp) -> Option<Denial> {
        if self.standing == Standing::Suspended {
            return Some(Denial::Suspended);
        }
        if at < self.valid.from {
            return Some(Denial::NotYet);
        }
        if !self.valid.contains(at) {
            return Some(Denial::Ended);
        }
        if let Some(given) = &self.token {
            if !separation::is_for_tokens(atom) {
                return Some(Denial::NotForTokens);
            }
            return (!given.contains(&atom)).then_some(Denial::TokenScope);
        }
        if self.assurance.factor < self.required {
            return Some(Denial::TooWeak);
        }
        let age = at.micros() - self.assurance.proven_at.micros();
        // A proof from the future is no proof: the clock was set back.
        if needs_step_up(atom) && !(0..STEP_UP_US).contains(&age) {
            // Asking again would help nobody who may not do it anyway, and would tell that it exists.
            return matches!(self.granted(atom), Decision::Allow { .. }).then_some(Denial::StepUpNeeded);
        }
        None
    }
}

impl Decision {
    /// Tells whether it is yes.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        matches!(self, Self::Allow { .. })
    }
}

/// Tells whether somebody must have shown within [`STEP_UP_US`] that it is still them.
///
/// Source: `docs/domain/identity.md` section 1.14, the list below the table.
#[must_use]
pub fn needs_step_up(atom: Atom) -> bool {
    use Resource as R;
    use Verb as V;
    matches!(
        (atom.resource, atom.verb),
        (R::Grant | R::HighestGrant, V::Create | V::Delete)
            | (R::Member, V::Delete)
            | (R::IdentityProvider | R::Connector | R::ConnectorSecret, V::Create | V::Update | V::Delete)
            | (R::Token, V::Create | V::Update)
            | (R::Control | R::Policy | R::Description | R::RestrictedReport | R::PublicReport, V::Approve)
            | (R::RestrictedReport, V::Create | V::Export)
            | (R::Evidence | R::IdentityWarehouse | R::AuditTrail | R::WholeOrganization, V::Export)
            | (R::AccessReview, V::Approve)
    )
}
