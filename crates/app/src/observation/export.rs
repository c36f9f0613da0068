//! What a bundle needs so that somebody else recomputes the history: the preimages of what entries name by digest, and
//! what the index of intervals claims.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Value, json};
use tickmark_core::id::{CheckKey, RunKey, TargetKey};
use tickmark_core::{Digest, Timestamp};
use tickmark_ledger::Hash;
use tickmark_ledger::bundle::{HistoryContents, TargetName};
use tickmark_ledger::history::{Claim, Found, Objects, Schedule, Scheduled};
use tickmark_ledger::leaf::{Leaf, LeafKind};

use super::{CheckVersion, record, sql};
use crate::context::{Cx, View};
use crate::{Error, Result};

/// Returns the schedule that these versions of checks make together.
pub(super) fn schedule<'v>(versions: impl IntoIterator<Item = &'v CheckVersion>) -> Schedule {
    let scheduled = |version: &CheckVersion| Scheduled {
        id: version.definition.id.clone(),
        version: version.version.to_string(),
        cadence_hours: version.definition.cadence_hours,
    };
    Schedule::new(versions.into_iter().map(scheduled).collect())
}

#[derive(Deserialize)]
struct ScheduleSet {
    #[serde(default)]
    schedule: Option<Digest>,
    at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct RunClose {
    run: RunKey,
    observed_at: Timestamp,
    blocks: Digest,
}

/// Returns what an epoch of the log says anew when it begins: the schedule in force and every population that runs were
/// about, so that it can be followed by whoever relies on nothing before it.
pub(crate) async fn restated(cx: &mut Cx<'_>) -> Result<Vec<(LeafKind, Value)>> {
    let (organization, now) = (cx.organization(), cx.now);
    let in_force = sql::current_checks(cx.connection(), organization).await?;
    let mut entries = Vec::new();
    if let Some(newest) = in_force.iter().map(|version| version.introduced_at).max() {
        let schedule = schedule(&in_force);
        let bytes = schedule.to_bytes().map_err(|error| Error::internal("writing the schedule", error))?;
        let body = json!({
            "at": now.max(newest), "checks": schedule.versions_digest().digest(), "schedule": Digest::of(&bytes),
            "count": in_force.len(), "started": 0, "ended": 0,
        });
        entries.push((LeafKind::ScheduleSet, body));
    }
    for (digest, targets) in sql::populations(cx.connection(), organization).await? {
        let n = targets.len();
        let body = json!({
            "population": digest, "n": n, "enumeration": "as in the epoch before", "reported": n,
        });
        entries.push((LeafKind::PopulationDefine, body));
    }
    Ok(entries)
}

/// Gathers what the runs and schedules of `leaves` name.
///
/// # Errors
/// `Damaged` if what is stored is not what an entry commits to.
pub async fn history_contents(view: &mut View<'_>, leaves: &[Vec<u8>]) -> Result<HistoryContents> {
    let organization = view.organization();
    let versions = sql::all_checks(view.connection(), organization).await?;
    let mut objects = Objects::default();
    let mut first_run = view.now;
    for (index, bytes) in (0..).zip(leaves) {
        let damaged = |error: String| Error::corrupt(format!("ledger entry {index}"), error);
        let leaf = Leaf::parse_strict(bytes).map_err(|error| damaged(error.to_string()))?;
        match leaf.kind {
            LeafKind::ScheduleSet => {
                let body: ScheduleSet =
                    serde_json::from_slice(leaf.body).map_err(|error| damaged(error.to_string()))?;
                let (Some(digest), Some(at)) = (body.schedule, body.at) else { continue };
                let in_force = versions.iter().filter(|version| {
                    version.introduced_at <= at && version.superseded_at.is_none_or(|end| end > at)
                });
                let bytes = schedule(in_force).to_bytes().map_err(|error| damaged(error.to_string()))?;
                add(&mut objects, bytes, digest, || format!("the schedule of ledger entry {index}"))?;
            }
            LeafKind::RunClose => {
                let body: RunClose =
                    serde_json::from_slice(leaf.body).map_err(|error| damaged(error.to_string()))?;
                first_run = first_run.min(body.observed_at);
                add_run(view, &mut objects, &body).await?;
            }
            _ => {}
        }
    }
    let identities = add_populations(view, &mut objects).await?;
    let claims = claims(view, &versions, &identities, first_run).await?;
    let targets = identities.into_values().map(|(_, name)| name).collect();
    Ok(HistoryContents { objects, claims, targets })
}

fn add(objects: &mut Objects, bytes: Vec<u8>, expected: Digest, what: impl Fn() -> String) -> Result<()> {
    if objects.add(bytes) == Hash(expected.0) {
        Ok(())
    } else {
        Err(Error::corrupt(what(), "it is not what the ledger commits to"))
    }
}

async fn add_run(view: &mut View<'_>, objects: &mut Objects, run: &RunClose) -> Result<()> {
    let organization = view.organization();
    let mut list = Vec::new();
    for (version, digest, bytes) in sql::blocks_of_run(view.connection(), organization, run.run).await? {
        add(objects, bytes, digest, || format!("a block of run {}", run.run))?;
        list.push([version.0, digest.0]);
    }
    list.sort_unstable();
    let bytes = list.as_flattened().as_flattened().to_vec();
    add(objects, bytes, run.blocks, || format!("the list of blocks of run {}", run.run))
}

/// Adds every population and returns the identity and the name of each of their targets.
async fn add_populations(
    view: &mut View<'_>,
    objects: &mut Objects,
) -> Result<BTreeMap<TargetKey, (Hash, TargetName)>> {
    let organization = view.organization();
    let targets = sql::targets(view.connection(), organization).await?;
    let all: BTreeMap<TargetKey, (Hash, TargetName)> = targets
        .into_iter()
        .map(|target| {
            let identity = Hash(record::identity(&target.target).0);
            let name = TargetName { external_id: target.target.external_id, kind: target.target.kind };
            (target.key, (identity, name))
        })
        .collect();
    let mut used = BTreeSet::new();
    for (digest, members) in sql::populations(view.connection(), organization).await? {
        let mut list = Vec::with_capacity(members.len());
        for member in &members {
            let (identity, _) =
                all.get(member).ok_or_else(|| Error::corrupt("population", "a target of it is missing"))?;
            list.push(identity.0);
        }
        add(objects, list.as_flattened().to_vec(), digest, || "population".to_owned())?;
        used.extend(members);
    }
    Ok(all.into_iter().filter(|(key, _)| used.contains(key)).collect())
}

/// Reads the index of intervals as claims. Rows of one version that touch are one stretch: another engine is another row.
async fn claims(
    view: &mut View<'_>,
    versions: &[CheckVersion],
    identities: &BTreeMap<TargetKey, (Hash, TargetName)>,
    first_run: Timestamp,
) -> Result<Vec<Claim>> {
    let organization = view.organization();
    let digests: BTreeMap<CheckKey, Hash> =
        versions.iter().map(|version| (version.key, Hash(version.version.0))).collect();
    let mut looks: BTreeMap<Hash, Vec<Timestamp>> = BTreeMap::new();
    for (check, at) in sql::all_looks(view.connection(), organization).await? {
        if let Some(version) = digests.get(&check) {
            looks.entry(*version).or_default().push(at);
        }
    }
    looks.values_mut().for_each(|looks| looks.sort_unstable());
    let mut claims: Vec<Claim> = Vec::new();
    for (check, target, interval) in sql::all_intervals(view.connection(), organization).await? {
        let (Some(version), Some((identity, _))) = (digests.get(&check), identities.get(&target)) else {
            return Err(Error::corrupt("the index of intervals", "it names an unknown check or target"));
        };
        // A log that continues an earlier epoch shows nothing of what was before its first run.
        if interval.span.to.is_some_and(|end| end <= first_run) {
            continue;
        }
        claims.push(Claim {
            version: *version,
            target: *identity,
            first_seen: interval.span.from.max(first_run).micros(),
            first_seen_other: interval.span.to.map(Timestamp::micros),
            last_seen_before: None,
            found: Found::of(
                interval.verdict.code(),
                interval.reason.map_or(0, tickmark_core::observation::ReasonClass::code),
            ),
        });
    }
    claims.sort_unstable();
    let mut merged: Vec<Claim> = Vec::with_capacity(claims.len());
    for claim in claims {
        let Some(last) = merged.last_mut().filter(|last| {
            (last.version, last.target) == (claim.version, claim.target)
                && last.first_seen_other == Some(claim.first_seen)
        }) else {
            merged.push(claim);
            continue;
        };
        if last.found == claim.found {
            last.first_seen_other = claim.first_seen_other;
        } else {
            // The look before is that of the run before: this target was in it, or the stretches would not touch.
            let looks = looks.get(&claim.version).map(Vec::as_slice).unwrap_or_default();
            let before = looks.partition_point(|look| look.micros() < claim.first_seen);
            let last_seen_before =
                before.checked_sub(1).and_then(|place| looks.get(place)).map(|look| look.micros());
            merged.push(Claim { last_seen_before, ..claim });
        }
    }
    Ok(merged)
}
