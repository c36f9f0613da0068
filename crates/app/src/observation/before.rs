//! What the run before of the same source found, from which a run goes on.

use std::collections::{BTreeMap, BTreeSet};

use tickmark_core::Digest;
use tickmark_core::id::{CheckKey, RunKey, TargetKey};
use tickmark_core::observation::{Counts, Observation, ReasonClass, block};

use super::Target;
use super::sql::{self, LastBlock};
use crate::context::Cx;
use crate::{Error, Result};

/// What the run before of the same source found.
#[derive(Default)]
pub(super) struct Before {
    pub(super) verdicts: BTreeMap<CheckKey, LastVerdicts>,
    /// By position in the population of this run: whether the run before expected the target.
    pub(super) knows: Vec<bool>,
    /// Positions of targets that the run before did not reach.
    pub(super) unreached: BTreeSet<usize>,
    /// Targets that were expected then and are not now.
    pub(super) gone: Vec<TargetKey>,
}

/// What one check found.
#[derive(Debug)]
pub(super) struct LastVerdicts {
    pub(super) block: i64,
    pub(super) digest: Digest,
    pub(super) counts: Counts,
    /// By position in the population of this run; none for targets that were not expected then.
    pub(super) by_position: Vec<Option<Observation>>,
    /// Targets that were expected then and are not now.
    pub(super) gone: Vec<TargetKey>,
    /// Whether both runs have the same population, so that an unchanged block can stand again.
    pub(super) is_whole: bool,
}

/// What a run found, kept in memory for the next one of its source, which need not read and unpack every block then.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) run: RunKey,
    pub(super) population: i64,
    pub(super) verdicts: BTreeMap<CheckKey, LastVerdicts>,
}

impl Before {
    /// Reads what the run before found, of the checks that are asked now and for the targets that are expected now,
    /// ascending by key. `found` is used if it is of that run and both have the same population.
    pub(super) async fn load(
        cx: &mut Cx<'_>,
        source: &str,
        checks: &BTreeSet<CheckKey>,
        (population, targets): (i64, &[Target]),
        found: Option<Found>,
    ) -> Result<Self> {
        let organization = cx.organization();
        let Some((run, key)) = sql::last_run(cx.connection(), organization, source).await? else {
            return Ok(Self { knows: vec![false; targets.len()], ..Self::default() });
        };
        let mut before = match found {
            Some(found) if (found.run, found.population, key) == (run, key, population) => {
                let mut verdicts = found.verdicts;
                verdicts.retain(|check, _| checks.contains(check));
                Self { verdicts, knows: vec![true; targets.len()], ..Self::default() }
            }
            _ => Self::read(cx, run, checks, key == population, (key, targets)).await?,
        };
        // Where no check saw anything the target was not reached, or might as well not have been.
        let is_silent = |position: usize| {
            before.verdicts.values().all(|last| {
                let reason = last.by_position[position].and_then(Observation::reason);
                matches!(reason, Some(ReasonClass::NotCollected | ReasonClass::Unsupported))
            })
        };
        let known = (0..targets.len()).filter(|&position| before.knows[position] && !checks.is_empty());
        before.unreached = known.filter(|&position| is_silent(position)).collect();
        Ok(before)
    }

    /// Reads the blocks of a run, whose population has this key.
    async fn read(
        cx: &mut Cx<'_>,
        run: RunKey,
        checks: &BTreeSet<CheckKey>,
        is_whole: bool,
        (key, now): (i64, &[Target]),
    ) -> Result<Self> {
        let organization = cx.organization();
        let mut before = Self { knows: vec![false; now.len()], ..Self::default() };
        let targets = sql::population_targets(cx.connection(), organization, key).await?;
        // Position then to position now.
        let moved: Vec<Option<usize>> =
            targets.iter().map(|target| now.binary_search_by_key(target, |t| t.key).ok()).collect();
        for (target, position) in targets.iter().zip(&moved) {
            match position {
                Some(position) => before.knows[*position] = true,
                None => before.gone.push(*target),
            }
        }
        for LastBlock { check, key: block, digest, bytes, counts } in
            sql::blocks_to_go_on_from(cx.connection(), organization, run).await?
        {
            if !checks.contains(&check) {
                continue;
            }
            let found = block::decode(&bytes).map_err(|error| Error::corrupt("block", error))?;
            if targets.len() != found.len() {
                return Err(Error::corrupt("block", "it does not fit its population"));
            }
            let (by_position, gone) = (vec![None; now.len()], Vec::new());
            let mut last = LastVerdicts { block, digest, counts, by_position, gone, is_whole };
            for (position, observation) in found.into_iter().enumerate() {
                match moved[position] {
                    Some(now) => last.by_position[now] = Some(observation),
                    None => last.gone.push(targets[position]),
                }
            }
            before.verdicts.insert(check, last);
        }
        Ok(before)
    }
}
