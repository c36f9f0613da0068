//! The policy of the log: a change of it is an entry, recorded before anything goes on under the new one.
//!
//! Who outside is asked and how often is in the settings of the program; which keys sign and how long evidence is kept is in
//! the records. As long as nothing differs from what a new organization has, there is no entry: `log.genesis` and
//! `key.rotate` name the keys then. Owns `log_policy` of migration `0074_log_policy.sql`.

use std::collections::BTreeMap;

use tickmark_core::Timestamp;
use tickmark_core::id::ActorId;
use tickmark_ledger::Hash;
use tickmark_ledger::leaf::LeafKind;
use tickmark_ledger::policy::{NamedAuthority, NamedWitness, PolicySet};

use super::keys::Ring;
use super::settings::{LedgerSettings, read_roots};
use super::sql;
use crate::context::{Cx, View};
use crate::{Actor, App, Error, Result, evidence, stored};

/// Changes of policy in one answer.
const MAX_CHANGES: u32 = 20;

impl App {
    /// Records the policy in force if it is another one than was recorded last. Returns whether it was.
    ///
    /// # Errors
    /// If roots of an authority cannot be read, so that it is not known which it is; or the database fails.
    pub async fn keep_policy(&self, actor: &Actor) -> Result<bool> {
        let is_other = self.read(actor, async |view| Ok(changed(view).await?.is_some())).await?;
        if is_other {
            self.transact(actor, async |cx| record_change(cx).await).await?;
            self.sequence(actor).await?;
        }
        Ok(is_other)
    }
}

/// Records in the transaction of whatever changed the policy that it did. Where that cannot be known, as files of the
/// settings are out of reach, [`App::keep_policy`] does it later.
pub(crate) async fn follow_change(cx: &mut Cx<'_>) -> Result<()> {
    match record_change(cx).await {
        Err(error @ (Error::Unavailable { .. } | Error::Invalid(_))) => {
            tracing::warn!(%error, "the policy of the ledger is recorded later");
            Ok(())
        }
        other => other,
    }
}

async fn record_change(cx: &mut Cx<'_>) -> Result<()> {
    let Some(policy) = changed(cx).await? else { return Ok(()) };
    let leaf = cx.record(LeafKind::PolicySet, &policy)?;
    let body = text(&policy)?;
    let (org, now) = (cx.organization(), cx.now);
    sql::insert_policy(cx.connection(), org, &body, now, leaf).await
}

/// The policy of a log, and what led to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogPolicy {
    /// What is in force.
    pub policy: PolicySet,
    /// The entries that changed it, newest first, the latest 20; none while it is that of a new organization.
    pub changes: Vec<PolicyChange>,
}

/// An entry that changed the policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyChange {
    /// When it was recorded.
    pub at: Timestamp,
    /// Position of the entry; none while it waits for it.
    pub index: Option<u64>,
    /// Who made the change, or the program that noticed other settings; none while the entry waits.
    pub by: Option<ActorId>,
    /// What is another than before, in words.
    pub what: Vec<&'static str>,
}

/// Returns the policy in force, as it was recorded.
///
/// # Errors
/// If the database fails, or a row is damaged.
pub async fn log_policy(view: &mut View<'_>) -> Result<LogPolicy> {
    let org = view.organization();
    let rows = sql::policies(view.connection(), org, MAX_CHANGES + 1).await?;
    let keys = keys_that_sign(view).await?;
    let first = of_settings(&LedgerSettings::default(), keys, evidence::usual_retention())?;
    let policies: Vec<PolicySet> = rows.iter().map(|(body, ..)| read(body)).collect::<Result<_>>()?;
    // Keys that were replaced before anything was recorded are no change of the first entry.
    let oldest = policies.last().map_or_else(|| first.keys.clone(), |set| set.keys.clone());
    let before_all = PolicySet { keys: oldest, ..first.clone() };
    let mut changes = Vec::new();
    for (place, (_, at, leaf)) in rows.iter().enumerate().take(MAX_CHANGES as usize) {
        let id = stored::parse(leaf, "the table of ledger policies")?;
        let entry = super::find(view, id).await?;
        let by = entry.as_ref().map(|entry| entry.leaf().map(|leaf| leaf.who.to_owned())).transpose()?;
        changes.push(PolicyChange {
            at: Timestamp::from_micros(*at),
            index: entry.map(|entry| entry.index),
            by: by.and_then(|who| who.parse().ok()),
            what: differences(policies.get(place + 1).unwrap_or(&before_all), &policies[place]),
        });
    }
    Ok(LogPolicy { policy: policies.into_iter().next().unwrap_or(first), changes })
}

/// Names what is another in `new` than in `old`.
fn differences(old: &PolicySet, new: &PolicySet) -> Vec<&'static str> {
    let often = |set: &PolicySet| (set.publish_every_minutes, set.anchor_every_hours, set.alert_after_hours);
    let parts = [
        ("signing keys", old.keys != new.keys),
        ("witnesses", old.witnesses != new.witnesses),
        ("how many witnesses have to cosign", old.quorum != new.quorum),
        ("time-stamping authorities", old.authorities != new.authorities),
        ("places", old.places != new.places),
        ("how often", often(old) != often(new)),
        ("how long evidence is kept", old.retention_days != new.retention_days),
    ];
    parts.into_iter().filter(|(_, is_other)| *is_other).map(|(what, _)| what).collect()
}

/// Returns the policy that was recorded last; none while it is that of a new organization.
async fn recorded_policy(view: &mut View<'_>) -> Result<Option<PolicySet>> {
    let org = view.organization();
    let rows = sql::policies(view.connection(), org, 1).await?;
    rows.first().map(|(body, ..)| read(body)).transpose()
}

fn read(body: &str) -> Result<PolicySet> {
    serde_json::from_str(body).map_err(|error| Error::corrupt("the table of ledger policies", error))
}

async fn keys_that_sign(view: &mut View<'_>) -> Result<Vec<String>> {
    let org = view.organization();
    let (head, _) = sql::head(view.connection(), org).await?;
    let ring = Ring::read(view.connection(), org, &head).await?;
    Ok(ring.active.iter().map(|key| key.key.to_string()).collect())
}

/// Returns the policy in force if it was not recorded.
async fn changed(view: &mut View<'_>) -> Result<Option<PolicySet>> {
    let outside = view.app.outside();
    let keys = keys_that_sign(view).await?;
    let retention = evidence::retention_classes(view).await?;
    let retention = retention.into_iter().map(|class| (class.name, u64::from(class.keep_days))).collect();
    let policy = of_settings(&outside.settings, keys, retention)?;
    let known = match recorded_policy(view).await? {
        Some(known) => known,
        None => of_settings(&LedgerSettings::default(), policy.keys.clone(), evidence::usual_retention())?,
    };
    Ok((known != policy).then_some(policy))
}

fn of_settings(
    settings: &LedgerSettings,
    keys: Vec<String>,
    retention_days: BTreeMap<String, u64>,
) -> Result<PolicySet> {
    let witness_keys = settings.witness_keys()?;
    let quorum = settings.quorum_of(witness_keys.len()).unwrap_or(witness_keys.len());
    let authority = |one: &super::AuthoritySettings| {
        let roots = Hash::of(read_roots(one)?.to_pem().as_bytes()).digest();
        Ok(NamedAuthority { name: one.name.clone(), roots })
    };
    Ok(PolicySet {
        keys,
        witnesses: witness_keys.iter().map(NamedWitness::of).collect(),
        quorum: quorum as u64,
        authorities: settings.authority.iter().map(authority).collect::<Result<_>>()?,
        places: super::outside::places(settings),
        publish_every_minutes: settings.publish_every_minutes.into(),
        anchor_every_hours: settings.anchor_every_hours.into(),
        alert_after_hours: settings.alert_after_hours.into(),
        retention_days,
    })
}

fn text(policy: &PolicySet) -> Result<String> {
    serde_json::to_string(policy).map_err(|error| Error::internal("writing a policy of the ledger", error))
}
