//! The index of intervals, made again from the blocks that the ledger commits to.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde::Serialize;
use serde_json::json;
use tickmark_core::id::{CheckKey, RunKey, TargetKey};
use tickmark_core::observation::{Observation, block};
use tickmark_core::{Digest, Timestamp};
use tickmark_ledger::leaf::LeafKind;

use super::{CheckVersion, sql};
use crate::context::Cx;
use crate::{Action, Error, Result};

/// What a rebuild found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Rebuilt {
    /// Runs read.
    pub runs: u64,
    /// Blocks read and held against their digests.
    pub blocks: u64,
    /// Intervals that follow from them.
    pub intervals: u64,
    /// Intervals that were not in the index.
    pub missing: u64,
    /// Intervals that were in the index and do not follow from blocks.
    pub extra: u64,
}

/// One row of the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct IndexRow {
    pub(super) check: CheckKey,
    pub(super) target: TargetKey,
    pub(super) since: Timestamp,
    pub(super) until: Option<Timestamp>,
    pub(super) found: Observation,
}

/// Makes the index of intervals again from blocks, and replaces the stored one where it differs. Each block is held
/// against its digest and against what its run commits to before anything is changed.
///
/// # Errors
/// `Damaged`, naming check and run, if a block is not what it was; then nothing is changed.
pub async fn rebuild_intervals(cx: &mut Cx<'_>) -> Result<Rebuilt> {
    cx.authorize(Action::Observe)?;
    let organization = cx.organization();
    let (rows, mut rebuilt) = from_blocks(cx).await?;
    let stored = sql::index_rows(cx.connection(), organization).await?;
    (rebuilt.missing, rebuilt.extra) = differences(&rows, &stored);
    rebuilt.intervals = rows.len() as u64;
    if rebuilt.missing + rebuilt.extra > 0 {
        sql::replace_index(cx.connection(), organization, &rows).await?;
        cx.record(LeafKind::AuditEvent, &json!({"event": "index.rebuilt", "found": rebuilt}))?;
    }
    Ok(rebuilt)
}

/// Where the newest run of a source stands.
#[derive(Default)]
struct Source {
    population: Option<i64>,
    blocks: BTreeMap<CheckKey, i64>,
}

async fn from_blocks(cx: &mut Cx<'_>) -> Result<(Vec<IndexRow>, Rebuilt)> {
    let (organization, now) = (cx.organization(), cx.now);
    let versions: BTreeMap<CheckKey, CheckVersion> = sql::all_checks(cx.connection(), organization)
        .await?
        .into_iter()
        .map(|version| (version.key, version))
        .collect();
    let mut rebuilt = Rebuilt::default();
    let mut sources: BTreeMap<String, Source> = BTreeMap::new();
    let mut populations: BTreeMap<i64, Vec<TargetKey>> = BTreeMap::new();
    let mut open: BTreeMap<(CheckKey, TargetKey), (Timestamp, Observation)> = BTreeMap::new();
    let mut rows = Vec::new();
    for run in sql::run_looks(cx.connection(), organization, now).await? {
        rebuilt.runs += 1;
        if let Entry::Vacant(slot) = populations.entry(run.population) {
            slot.insert(sql::population_targets(cx.connection(), organization, run.population).await?);
        }
        let targets = &populations[&run.population];
        let source = sources.entry(run.source).or_default();
        let left: Vec<TargetKey> = match source.population.filter(|before| *before != run.population) {
            Some(before) => populations[&before]
                .iter()
                .filter(|target| targets.binary_search(target).is_err())
                .copied()
                .collect(),
            None => Vec::new(),
        };
        let stored = sql::blocks_to_go_on_from(cx.connection(), organization, run.key).await?;
        let mut manifest = Vec::with_capacity(stored.len());
        for stored_block in stored {
            let check = stored_block.check;
            let version = versions.get(&check).ok_or_else(|| {
                Error::corrupt(format!("run {}", run.key), "it asked a check that is not known")
            })?;
            let id = &version.definition.id;
            let damaged =
                |detail: String| Error::corrupt(format!("the block of {id} in run {}", run.key), detail);
            if block::digest(&stored_block.bytes) != stored_block.digest {
                return Err(damaged("it does not match its digest".to_owned()));
            }
            rebuilt.blocks += 1;
            manifest.push((version.version, stored_block.digest));
            for target in &left {
                if let Some((since, found)) = open.remove(&(check, *target)) {
                    rows.push(IndexRow { check, target: *target, since, until: Some(run.at), found });
                }
            }
            let same = source.population == Some(run.population)
                && source.blocks.get(&check) == Some(&stored_block.key);
            if same {
                continue;
            }
            source.blocks.insert(check, stored_block.key);
            let found = block::decode(&stored_block.bytes).map_err(|error| damaged(error.to_string()))?;
            if found.len() != targets.len() {
                return Err(damaged("it does not fit the population of the run".to_owned()));
            }
            for (&target, found) in targets.iter().zip(found) {
                let now = (run.at, found);
                match open.get_mut(&(check, target)) {
                    Some((_, before)) if *before == found => {}
                    Some(before) => {
                        let (since, found) = std::mem::replace(before, now);
                        rows.push(IndexRow { check, target, since, until: Some(run.at), found });
                    }
                    None => drop(open.insert((check, target), now)),
                }
            }
        }
        source.population = Some(run.population);
        commits_to(cx, run.key, &manifest).await?;
    }
    for ((check, target), (since, found)) in open {
        let until = versions.get(&check).and_then(|version| version.superseded_at);
        rows.push(IndexRow { check, target, since, until, found });
    }
    rows.sort_unstable();
    Ok((rows, rebuilt))
}

/// Holds the blocks of a run against the digest that the run's ledger entry has.
async fn commits_to(cx: &mut Cx<'_>, key: RunKey, manifest: &[(Digest, Digest)]) -> Result<()> {
    let organization = cx.organization();
    let run = sql::find_run(cx.connection(), organization, key).await?;
    if run.and_then(|run| run.blocks) == Some(block::manifest_digest(manifest)) {
        Ok(())
    } else {
        Err(Error::corrupt(
            format!("run {key}"),
            "its blocks are not those that its entry in the ledger commits to",
        ))
    }
}

/// Counts what is in the first list only and in the second only; both are sorted.
fn differences(rows: &[IndexRow], stored: &[IndexRow]) -> (u64, u64) {
    let (mut missing, mut extra) = (0, 0);
    let (mut rows, mut stored) = (rows.iter().peekable(), stored.iter().peekable());
    loop {
        match (rows.peek(), stored.peek()) {
            (None, None) => return (missing, extra),
            (Some(a), Some(b)) if a == b => {
                rows.next();
                stored.next();
            }
            (Some(a), b) if b.is_none_or(|b| a < b) => {
                rows.next();
                missing += 1;
            }
            _ => {
                stored.next();
                extra += 1;
            }
        }
    }
}
