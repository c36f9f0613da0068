//! Past verdicts computed again from what is kept: facts document, check version, moment of the look.

use std::collections::BTreeMap;

use serde::Serialize;
use tickmark_core::id::{CheckKey, TargetKey};
use tickmark_core::observation::{Observation, Outcome, ReasonClass, Verdict};
use tickmark_core::{Digest, Timestamp};
use tickmark_evaluate::{Check, ENGINE_VERSION, Evaluator, Library, PreparedFacts};

use super::{CheckVersion, FactsState, Target, pack, read, record, sql};
use crate::context::View;
use crate::{Error, Result};

/// Most differences that are listed one by one.
const MAX_LISTED: usize = 100;

/// What computing a verdict again came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Replayed {
    /// The recorded verdict.
    Same,
    /// Another one.
    Different,
    /// There is nothing to compute: the target was not reached by that look.
    NotReached,
    /// It cannot be computed here, and why.
    Impossible(String),
}

/// A past verdict and what is computed now.
#[derive(Clone, Debug, Serialize)]
pub struct Replay {
    /// Id of the check.
    pub check_id: String,
    /// Digest of the version that was in force.
    pub version: Digest,
    /// The target.
    pub target: TargetKey,
    /// The moment asked about.
    pub at: Timestamp,
    /// The look that the verdict of that moment rests on.
    pub look: Timestamp,
    /// Facts that held then, if there were any.
    pub facts: Option<Digest>,
    /// Engine that computed the verdict.
    pub engine: String,
    /// Engine that computes it now.
    pub engine_now: String,
    /// What was recorded.
    pub recorded: Verdict,
    /// Why, for `unknown` and `not_applicable`.
    pub recorded_reason: Option<ReasonClass>,
    /// What is computed now.
    pub answer: Option<Outcome>,
    /// What came of it.
    pub result: Replayed,
}

/// Many past verdicts computed again.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ReplayCount {
    /// Recorded verdicts looked at.
    pub verdicts: u64,
    /// Computed to the same.
    pub same: u64,
    /// Computed to another one.
    pub different: u64,
    /// Of targets that were not reached.
    pub not_reached: u64,
    /// That could not be computed.
    pub impossible: u64,
    /// Computed by another engine than this one then.
    pub other_engine: u64,
    /// The first hundred that are different or could not be computed.
    pub listed: Vec<Replay>,
}

/// Computes the verdict of a check at a target at a moment again.
///
/// # Errors
/// `NotFound` if nothing was recorded for that moment; `Damaged` if the facts are not what they were.
pub async fn replay(
    view: &mut View<'_>,
    library: &Library,
    check_id: &str,
    target: TargetKey,
    at: Timestamp,
) -> Result<Replay> {
    let target = read::find_target(view, target).await?;
    let organization = view.organization();
    let missing = || Error::not_found("verdict of", format!("{check_id} at {} on {at}", target.target.name));
    let versions = read::check_versions(view, check_id).await?;
    let version = versions
        .into_iter()
        .find(|version| version.introduced_at <= at && version.superseded_at.is_none_or(|end| at < end))
        .ok_or_else(missing)?;
    let intervals = sql::intervals(view.connection(), organization, version.key, target.key).await?;
    let interval = intervals.into_iter().find(|interval| interval.span.contains(at)).ok_or_else(missing)?;
    let looks = sql::looks(view.connection(), organization, version.key).await?;
    let look =
        looks[..looks.partition_point(|&look| look <= at)].last().copied().unwrap_or(interval.span.from);
    let history = read::facts_history(view, target.key).await?;
    let mut replayer = Replayer::new(library);
    let recorded = Observation::new(interval.verdict, interval.reason);
    replayer.replay(view, &version, &target, &history, recorded, at, look).await
}

/// Computes every verdict that was recorded at or after a moment again, once for each stretch over which it stood.
///
/// # Errors
/// As [`replay`].
pub async fn replay_all(view: &mut View<'_>, library: &Library, since: Timestamp) -> Result<ReplayCount> {
    let organization = view.organization();
    let versions: BTreeMap<CheckKey, CheckVersion> = sql::all_checks(view.connection(), organization)
        .await?
        .into_iter()
        .map(|version| (version.key, version))
        .collect();
    let mut rows = sql::index_rows(view.connection(), organization).await?;
    rows.retain(|row| since <= row.since);
    rows.sort_by_key(|row| (row.target, row.since, row.check));
    let mut replayer = Replayer::new(library);
    let mut count = ReplayCount::default();
    for of_target in rows.chunk_by(|a, b| a.target == b.target) {
        let target = read::find_target(view, of_target[0].target).await?;
        let history = read::facts_history(view, target.key).await?;
        for row in of_target {
            let Some(version) = versions.get(&row.check) else { continue };
            let replay =
                replayer.replay(view, version, &target, &history, row.found, row.since, row.since).await?;
            count.verdicts += 1;
            count.other_engine += u64::from(replay.engine != replay.engine_now);
            let counted = match replay.result {
                Replayed::Same => &mut count.same,
                Replayed::Different => &mut count.different,
                Replayed::NotReached => &mut count.not_reached,
                Replayed::Impossible(_) => &mut count.impossible,
            };
            *counted += 1;
            let is_worth_naming = matches!(replay.result, Replayed::Different | Replayed::Impossible(_));
            if is_worth_naming && count.listed.len() < MAX_LISTED {
                count.listed.push(replay);
            }
        }
    }
    Ok(count)
}

/// Checks made again, and the facts looked at last.
struct Replayer<'a> {
    library: &'a Library,
    evaluator: Evaluator,
    checks: BTreeMap<CheckKey, Result<Check, String>>,
    prepared: Option<(Digest, PreparedFacts)>,
}

impl<'a> Replayer<'a> {
    fn new(library: &'a Library) -> Self {
        Self { library, evaluator: Evaluator::default(), checks: BTreeMap::new(), prepared: None }
    }

    /// Returns the check as it was: the library's if it is that version, else made from what history keeps.
    fn check(&mut self, version: &CheckVersion) -> Result<Check, String> {
        let library = self.library;
        let made = self.checks.entry(version.key).or_insert_with(|| {
            let known = library.get(&version.definition.id);
            if let Some(check) = known.filter(|check| check.definition().version == version.version) {
                return Ok(check.clone());
            }
            let tolerated = version.tolerated_gaps.clone().unwrap_or_default();
            Check::restore(&version.definition, &version.logic, &tolerated).map_err(|error| error.to_string())
        });
        made.clone()
    }

    #[expect(clippy::too_many_arguments, reason = "all of what one past verdict rests on")]
    async fn replay(
        &mut self,
        view: &mut View<'_>,
        version: &CheckVersion,
        target: &Target,
        history: &[FactsState],
        recorded: Observation,
        at: Timestamp,
        look: Timestamp,
    ) -> Result<Replay> {
        let facts = history.iter().find(|state| state.span.contains(at));
        let mut replay = Replay {
            check_id: version.definition.id.clone(),
            version: version.version,
            target: target.key,
            at,
            look,
            facts: facts.map(|state| state.digest),
            engine: version.engine.clone(),
            engine_now: ENGINE_VERSION.to_owned(),
            recorded: recorded.verdict(),
            recorded_reason: recorded.reason(),
            answer: None,
            result: Replayed::NotReached,
        };
        if target.target.kind != version.definition.target_kind {
            let other = Observation::new(Verdict::NotApplicable, Some(ReasonClass::Unsupported));
            replay.result = if recorded == other { Replayed::Same } else { Replayed::Different };
            return Ok(replay);
        }
        let Some(facts) = facts else { return Ok(replay) };
        let check = match self.check(version) {
            Ok(check) => check,
            Err(why) => {
                replay.result = Replayed::Impossible(why);
                return Ok(replay);
            }
        };
        let outcome = match &facts.defect {
            Some(defect) => {
                Outcome::unknown(ReasonClass::ParseError, format!("the facts are malformed: {defect}"))
            }
            None => {
                if self.prepared.as_ref().is_none_or(|(digest, _)| *digest != facts.digest) {
                    let document = pack::read(view, facts).await?;
                    self.prepared = Some((facts.digest, PreparedFacts::new(&document)));
                }
                let (_, prepared) = self.prepared.as_ref().expect("just made");
                self.evaluator.evaluate(&check, &record::nameless(&target.target.kind), prepared, look)
            }
        };
        let computed = Observation::new(outcome.verdict, outcome.reason);
        replay.result = if computed == recorded {
            Replayed::Same
        } else if recorded == Observation::unknown(ReasonClass::NotCollected)
            && !self.was_reached(view, target.key, at).await?
        {
            Replayed::NotReached
        } else {
            Replayed::Different
        };
        replay.answer = Some(outcome);
        Ok(replay)
    }

    /// Tells whether any check saw anything at the target then.
    async fn was_reached(&self, view: &mut View<'_>, target: TargetKey, at: Timestamp) -> Result<bool> {
        let organization = view.organization();
        sql::was_reached(view.connection(), organization, target, at).await
    }
}
