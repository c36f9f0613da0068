//! What of grants waits for whoever looks: to check a relationship, to approve, to tell a code, and what ends soon.

use std::collections::BTreeMap;

use tickmark_core::Timestamp;
use tickmark_core::distribution::{Grant, GrantKey, Standing};
use tickmark_core::engagement::EngagementKey;
use tickmark_core::identity::Verb;
use tickmark_core::time::DAY_US;

use super::{Basis, atom, basis_of, sql};
use crate::context::View;
use crate::engagement::handing_out;
use crate::{Result, mail};

/// Days before its end from which a grant is announced.
pub const ENDS_DAYS: i64 = 14;
/// Most grants that are looked at.
const MOST: u32 = 2_000;

/// What is to be done about a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ToDo {
    /// The recipient waits for a code.
    Code {
        /// Its number with the grant.
        number: i64,
    },
    /// The relationship is to be checked.
    Check,
    /// It is to be approved.
    Approve,
    /// Its last day is near. Whoever needs the report longer is entered again.
    Ends,
}

/// A grant that waits for somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingGrant {
    /// Of which engagement.
    pub engagement: EngagementKey,
    /// Which.
    pub grant: GrantKey,
    /// Company of the recipient.
    pub company: String,
    /// What is to be done.
    pub what: ToDo,
    /// Since when.
    pub since: Timestamp,
}

/// Returns the grants that wait for the actor, the longest first. Nobody approves whom they entered.
///
/// # Errors
/// If the database fails.
pub async fn waiting(view: &mut View<'_>) -> Result<Vec<WaitingGrant>> {
    let (may_check, may_approve) =
        (view.sees_whole(atom(Verb::Update)), view.sees_whole(atom(Verb::Approve)));
    let mut found = Vec::new();
    if !may_check && !may_approve {
        return Ok(found);
    }
    let (organization, now, by) = (view.organization(), view.now, view.actor.id);
    let all = sql::all(view.connection(), organization, MOST).await?;
    let mut bases: BTreeMap<EngagementKey, Basis> = BTreeMap::new();
    for version in &all {
        let record = &version.record;
        // What is over, whatever the agreement says, needs no look at what it rests on.
        if record.standing(0, now).is_over() {
            continue;
        }
        let key = record.engagement;
        let basis = match bases.remove(&key) {
            Some(basis) => basis,
            None => basis_of(view, key).await?,
        };
        let standing = record.standing(basis.version(), now);
        let what = match standing {
            Standing::Entered if may_check => Some((ToDo::Check, record.entered.at)),
            Standing::Accepted if may_approve && record.entered.by != by => {
                Some((ToDo::Approve, version.since))
            }
            Standing::Open | Standing::AgreementChanged if may_check => ends(record, now),
            _ => None,
        };
        found.extend(what.map(|(what, since)| of(record, what, since)));
        bases.insert(key, basis);
    }
    if may_check && view.may(handing_out()) && !mail::is_on(view.app) {
        for (grant, number, at) in sql::codes_waiting(view.connection(), organization, now).await? {
            let record = all.iter().map(|one| &one.record).find(|record| record.key == grant);
            found.extend(record.map(|record| of(record, ToDo::Code { number }, at)));
        }
    }
    found.sort_by_key(|one| (one.since, one.grant));
    Ok(found)
}

fn of(record: &Grant, what: ToDo, since: Timestamp) -> WaitingGrant {
    let company = record.asked.recipient.company.clone();
    WaitingGrant { engagement: record.engagement, grant: record.key, company, what, since }
}

fn ends(record: &Grant, now: Timestamp) -> Option<(ToDo, Timestamp)> {
    let since = record.ends().plus_micros(-ENDS_DAYS * DAY_US);
    (now >= since).then_some((ToDo::Ends, since))
}
