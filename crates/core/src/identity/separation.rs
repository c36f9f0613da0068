//! Separation of duties: who may not do the second half because they did the first.
//!
//! Each rule is a function of the facts it needs. The table grants by role; these deny by person, and win.
//!
//! Source: `docs/domain/identity.md` section 1.12.

use std::collections::{BTreeMap, BTreeSet};

use super::resource::{Atom, Resource, Verb};
use super::role::Role;
use crate::id::ActorId;
use crate::time::{DAY_US, Span, Timestamp};

/// How long before a period its auditor must have been nothing else here: 12 months, counted as 365 days.
pub const INDEPENDENCE_US: i64 = 365 * DAY_US;

/// Which rule denies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum Conflict {
    /// Rule 1.
    #[error("who handed the evidence in does not accept it")]
    OwnEvidence,
    /// Rule 1.
    #[error("who owns a control does not record the result of testing it by hand")]
    OwnControl,
    /// Rule 2.
    #[error("nobody grants a role to themselves")]
    OwnGrant,
    /// Rule 2.
    #[error("nobody extends their own membership")]
    OwnExtension,
    /// Rule 2.
    #[error("this needs a second person, other than whoever asks and whomever it is about")]
    SecondPerson,
    /// Rule 3.
    #[error("nobody reviews their own access")]
    OwnAccess,
    /// Rule 3.
    #[error("nobody reviews privileged access that they hand out themselves")]
    OwnProvisioning,
    /// Rule 4.
    #[error(
        "an auditor holds no other role here from 12 months before the period until the report is issued"
    )]
    Independence,
    /// Rule 5.
    #[error("who drafted the assertion does not sign it")]
    OwnDraft,
}

impl Conflict {
    /// Returns the reason code.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::OwnEvidence => "own_evidence",
            Self::OwnControl => "own_control",
            Self::OwnGrant => "own_grant",
            Self::OwnExtension => "own_extension",
            Self::SecondPerson => "second_person",
            Self::OwnAccess => "own_access",
            Self::OwnProvisioning => "own_provisioning",
            Self::Independence => "independence",
            Self::OwnDraft => "own_draft",
        }
    }
}

/// Rule 1: accepting evidence.
///
/// # Errors
/// If the approver handed it in.
pub fn accept_evidence(submitters: &BTreeSet<ActorId>, approver: ActorId) -> Result<(), Conflict> {
    refuse(submitters.contains(&approver), Conflict::OwnEvidence)
}

/// Rule 1: recording the result of a test by hand.
///
/// # Errors
/// If the tester owns the control.
pub fn record_result(owners: &BTreeSet<ActorId>, tester: ActorId) -> Result<(), Conflict> {
    refuse(owners.contains(&tester), Conflict::OwnControl)
}

/// Rule 2: granting a role. The highest roles need `second`, who agreed.
///
/// # Errors
/// If somebody grants to themselves, or the second person is missing or not a third one.
pub fn grant(
    granter: ActorId,
    receiver: ActorId,
    role: Role,
    second: Option<ActorId>,
) -> Result<(), Conflict> {
    refuse(granter == receiver, Conflict::OwnGrant)?;
    if role.is_highest() { second_person(granter, Some(receiver), second) } else { Ok(()) }
}

/// Rule 2: moving the end of a membership.
///
/// # Errors
/// If it is their own.
pub fn extend(approver: ActorId, member: ActorId) -> Result<(), Conflict> {
    refuse(approver == member, Conflict::OwnExtension)
}

/// Rule 2: what two people do: issuing a report, taking out or erasing the whole organization.
///
/// # Errors
/// If the second person is missing, is the first, or is whom it is about.
pub fn second_person(
    first: ActorId,
    about: Option<ActorId>,
    second: Option<ActorId>,
) -> Result<(), Conflict> {
    refuse(second.is_none_or(|second| second == first || Some(second) == about), Conflict::SecondPerson)
}

/// Whose access is reviewed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reviewed {
    /// Who has it, or answers for the account that has it.
    pub holders: BTreeSet<ActorId>,
    /// Whether the entitlement is privileged.
    pub is_privileged: bool,
    /// Who hands it out in that system.
    pub provisioners: BTreeSet<ActorId>,
}

/// Rule 3: deciding about somebody's access.
///
/// # Errors
/// If it is the reviewer's own, or is privileged and handed out by the reviewer.
pub fn review(reviewer: ActorId, item: &Reviewed) -> Result<(), Conflict> {
    refuse(item.holders.contains(&reviewer), Conflict::OwnAccess)?;
    refuse(item.is_privileged && item.provisioners.contains(&reviewer), Conflict::OwnProvisioning)
}

/// Rule 3: pairs of people in one campaign who are each other's only reviewers. `reviewers` names for each person who
/// reviews them.
#[must_use]
pub fn only_each_other(reviewers: &BTreeMap<ActorId, BTreeSet<ActorId>>) -> Vec<(ActorId, ActorId)> {
    let only = |person: ActorId| match reviewers.get(&person)?.iter().collect::<Vec<_>>()[..] {
        [one] => Some(*one),
        _ => None,
    };
    let pairs = reviewers.keys().filter_map(|person| Some((*person, only(*person)?)));
    pairs.filter(|(one, other)| one < other && only(*other) == Some(*one)).collect()
}

/// Rule 4: whether somebody may be the auditor of a period, given when they held other roles here. `issued` is when
/// the report was issued. The audit firm's owner overrides with a reason, elsewhere.
///
/// # Errors
/// If one of the other roles reaches into the time from 12 months before the period until issue.
pub fn independent(
    others: &[Span],
    period_from: Timestamp,
    issued: Option<Timestamp>,
) -> Result<(), Conflict> {
    let from = period_from.plus_micros(-INDEPENDENCE_US);
    let overlaps = |held: &Span| {
        let begins_before_issue = issued.is_none_or(|issued| held.from < issued);
        begins_before_issue && held.to.is_none_or(|to| from < to)
    };
    refuse(others.iter().any(overlaps), Conflict::Independence)
}

/// Rule 4: letting somebody in as an auditor, given what they are here.
///
/// # Errors
/// If they are anything else.
pub fn auditor_only(roles: &BTreeSet<Role>) -> Result<(), Conflict> {
    refuse(roles.iter().any(|role| *role != Role::Auditor), Conflict::Independence)
}

/// Rule 4: giving somebody another role, given what they are here.
///
/// # Errors
/// If they are an auditor.
pub fn no_auditor(roles: &BTreeSet<Role>) -> Result<(), Conflict> {
    refuse(roles.contains(&Role::Auditor), Conflict::Independence)
}

/// Rule 5: signing the assertion.
///
/// # Errors
/// If the signer drafted it.
pub fn sign_assertion(drafters: &BTreeSet<ActorId>, signer: ActorId) -> Result<(), Conflict> {
    refuse(drafters.contains(&signer), Conflict::OwnDraft)
}

/// Rule 6: whether a token may be given this at all. Tokens make no tokens, roles, members or identity providers, read
/// no secrets and no audit trail, and issue nothing: rows 3 to 7, 9, 23, 24 and 26 to 33 of the table.
#[must_use]
pub fn is_for_tokens(atom: Atom) -> bool {
    let never = matches!(atom.resource.number(), 3..=7 | 9 | 23 | 24 | 26..=33);
    // The rows it may have never include judging.
    !never && atom.verb != Verb::Approve && atom.resource != Resource::ConnectorSecret
}

fn refuse(is_conflict: bool, conflict: Conflict) -> Result<(), Conflict> {
    if is_conflict { Err(conflict) } else { Ok(()) }
}
