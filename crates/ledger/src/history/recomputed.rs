//! What follows from a log about its history, for whoever compares claims with it.

use super::schedule::CheckCompleteness;
use super::stretch::{Stretch, write_line};

/// What was recomputed.
#[derive(Debug)]
pub struct Recomputed {
    /// What contradicts itself: (entry, what).
    pub problems: Vec<(String, String)>,
    /// Further problems.
    pub more_problems: usize,
    /// What the log says that is not there: runs without a number, without an end.
    pub omissions: Vec<(String, String)>,
    /// Completeness per check; none if no entry says what was due.
    pub checks: Option<Vec<CheckCompleteness>>,
    /// Stretches of which the log says nothing although checks were due: in words.
    pub silences: Vec<(String, String)>,
    /// Checks in force that had no target.
    pub without_target: usize,
    /// Runs that were closed.
    pub runs: usize,
    /// Runs that are recorded as missed.
    pub missed_runs: usize,
    /// Distinct populations of the runs.
    pub populations: usize,
    /// Populations that the epoch before defined, if the log continues one.
    pub defined_elsewhere: usize,
    /// Blocks over all runs.
    pub blocks: u64,
    /// Verdicts over all runs: unknown, pass, fail, not applicable.
    pub verdicts: [u64; 4],
    /// Whether the lists and blocks were there to recompute from.
    pub has_blocks: bool,
    pub(super) stretches: Vec<Stretch>,
    pub(super) versions: Vec<String>,
    pub(super) targets: Vec<String>,
    pub(super) moments: Vec<String>,
}

impl Recomputed {
    /// Returns how many stretches are failing, and how many unseen.
    #[must_use]
    pub fn stretches(&self) -> (usize, usize) {
        let failing = self.stretches.iter().filter(|stretch| stretch.found.is_fail()).count();
        (failing, self.stretches.len() - failing)
    }

    /// Lists the identities of all targets in hexadecimal digits.
    pub fn targets(&self) -> impl Iterator<Item = &str> {
        self.targets.iter().map(String::as_str)
    }

    /// Lists the lines of the file of stretches in order, each with its newline.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        self.stretches.iter().map(|stretch| {
            let moment = |run: u32| self.moments.get(run as usize).map(String::as_str);
            let mut line = String::with_capacity(256);
            let key = [
                &self.versions[stretch.version as usize],
                &self.targets[stretch.target as usize],
                moment(stretch.from).unwrap_or_default(),
            ];
            write_line(&mut line, key, [stretch.until, stretch.before].map(moment), stretch.found);
            line
        })
    }
}
