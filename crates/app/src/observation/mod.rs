//! What was seen at which target, what checks said about it, and the history of both.
//!
//! A run is opened before a source is asked, so that a run without a result is seen; [`record`] turns what came back
//! into facts, verdicts, blocks, coverage and intervals in one transaction. Cost grows with change: unchanged facts
//! are not evaluated, unchanged verdicts write one coverage row per check, and equal blocks are stored once.
//!
//! Owns the tables of migrations `0010_observation.sql`, `0018_answer.sql` and, in [`waiver`], `0013_waiver.sql`. Leaves what controls make of verdicts to `conclusion`.

mod before;
mod cores;
pub mod estate;
mod export;
mod history;
mod listed;
mod memory;
mod moment;
mod pack;
mod question;
mod read;
mod rebuild;
mod record;
mod replay;
pub(crate) mod scrub;
mod sections;
mod sql;
pub mod waiver;
pub mod workshop;

use serde::Serialize;
use tickmark_core::id::{CheckKey, RunKey, TargetKey};
use tickmark_core::observation::{CheckDefinition, Collected, Counts, TargetRef};
use tickmark_core::{Digest, Span, Timestamp};

pub use export::history_contents;
pub(crate) use export::restated;
pub use history::{
    CheckGap, Group, Histories, TargetFailure, TargetGaps, coverage_gaps, failures, groups_in, histories_in,
    histories_of_target,
};
pub use listed::{Seen, TargetNow, seen, target_page, targets_now, targets_of};
pub(crate) use memory::Memories;
pub use moment::{answer_at, checks_in_force, runs_between};
pub(crate) use read::verdicts_of;
pub use read::{
    CheckHistory, CheckNow, FactsDocument, TargetVerdict, check_history, check_versions, checks_now,
    coverage_of_run, facts_at, facts_history, find_run, find_target, known_checks, newest_facts, runs,
    targets, verdicts_now, verify_run,
};
pub(crate) use scrub::names_object;

pub use rebuild::{Rebuilt, rebuild_intervals};
pub use record::{miss_open_runs, open_run, record, record_changes};
pub use replay::{Replay, ReplayCount, Replayed, replay, replay_all};

/// A target with its key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Target {
    /// Key inside the organization.
    pub key: TargetKey,
    /// What it is.
    #[serde(flatten)]
    pub target: TargetRef,
    /// When it was first expected or seen.
    pub first_seen: Timestamp,
    /// When it left the scope.
    pub retired_at: Option<Timestamp>,
}

/// One version of a check as history knows it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CheckVersion {
    /// Key inside the organization.
    pub key: CheckKey,
    /// Digest of logic and parameters.
    pub version: Digest,
    /// Engine that evaluates it.
    pub engine: String,
    /// `built-in` or `own`.
    pub origin: String,
    /// The manifest.
    pub definition: CheckDefinition,
    /// The Rego source.
    pub logic: String,
    /// When it came into force.
    pub introduced_at: Timestamp,
    /// When another took its place.
    pub superseded_at: Option<Timestamp>,
    /// Paths at which a gap does not take a pass away; none in versions from before they were kept.
    pub tolerated_gaps: Option<Vec<String>>,
}

/// Which facts held for a target over a span.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FactsState {
    /// The target.
    pub target: TargetKey,
    /// From the look that found them to the look that found others.
    pub span: Span,
    /// Digest of the document's canonical bytes.
    pub digest: Digest,
    /// Schema it says it follows.
    pub schema: String,
    /// Why it does not conform to that schema, if so.
    pub defect: Option<String>,
    /// The run that found them first.
    pub run: RunKey,
    /// Key of the pack that holds the document, none where it is an object of its own.
    #[serde(skip)]
    pub(crate) pack: Option<i64>,
}

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// Started.
    Open,
    /// Every expected target was reached.
    Complete,
    /// Some expected targets were not reached.
    Partial,
    /// Ended without a result.
    Missed,
}

impl RunState {
    /// Returns the word used in storage.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Complete => "complete",
            Self::Partial => "partial",
            Self::Missed => "missed",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        [Self::Open, Self::Complete, Self::Partial, Self::Missed]
            .into_iter()
            .find(|state| state.word() == word)
    }
}

/// One collection run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Run {
    /// Key inside the organization.
    pub key: RunKey,
    /// Which source was asked.
    pub source: String,
    /// Where it stands.
    pub state: RunState,
    /// Collector and version.
    pub collector: String,
    /// When it was opened.
    pub started_at: Timestamp,
    /// The moment its observations carry.
    pub finished_at: Option<Timestamp>,
    /// Gaps over all targets.
    pub gaps: i64,
    /// Verdicts that were computed.
    pub evaluated: i64,
    /// Verdicts that were known already.
    pub reused: i64,
    /// Verdicts that differ from the run before.
    pub changed: i64,
    /// Digest over (check version, block).
    pub blocks: Option<Digest>,
    /// Digest over (target, facts).
    pub facts: Option<Digest>,
}

/// What came back from asking a source.
#[derive(Debug)]
pub struct RunInput {
    /// All targets that should have been reached, by the source's own enumeration.
    pub expected: Vec<TargetRef>,
    /// How they were enumerated, e.g. `this machine`.
    pub enumeration: String,
    /// What was found.
    pub collected: Vec<Collected>,
}

/// A target whose facts are still those that the run before found, as its collector says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unchanged {
    /// The target.
    pub target: TargetRef,
    /// Digest of the facts, which must be the one that is stored.
    pub facts: Digest,
}

/// What a run amounted to.
#[derive(Clone, Debug, Serialize)]
pub struct RunSummary {
    /// The run.
    pub run: Run,
    /// Number of checks.
    pub checks: usize,
    /// Number of targets expected.
    pub targets: usize,
    /// Verdict counts over all checks and targets.
    pub counts: Counts,
    /// Artifacts stored.
    pub artifacts: usize,
}
