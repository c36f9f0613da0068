//! From results of automated tests to suggested answers. A suggestion stands beside a rating and is never part of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Answer, Decision, Question};
use crate::Timestamp;
use crate::id::ActorId;
use crate::observation::interval::Shares;
use crate::observation::{ReasonClass, Verdict};

/// Share of the period, in basis points, that must have been seen before "operating: yes" is suggested. A twentieth is
/// what a daily look loses to restarts and maintenance in a normal quarter; the reason always names what was not seen.
pub const KNOWN_ENOUGH_BP: i128 = 9_500;

/// What automated tests suggest as an answer, and why. Only a person's [`Decision`] answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suggestion {
    /// Which question.
    pub question: Question,
    /// The suggested answer. `NotAssessed` says that tests were made and could not see.
    pub answer: Answer,
    /// Why, in one sentence.
    pub reason: String,
    /// Checks it rests on.
    pub checks: Vec<String>,
}

impl Suggestion {
    /// Returns the decision of a person who takes the suggestion over as it is.
    #[must_use]
    pub fn accepted(&self, by: ActorId, at: Timestamp) -> Decision {
        Decision {
            question: self.question,
            answer: self.answer,
            by,
            at,
            reason: format!("took over what tests suggest: {}", self.reason),
        }
    }
}

/// What one configuration test of a control says now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestResult {
    /// Check.
    pub check: String,
    /// Its latest verdict on each target; empty if it never ran, which counts as not seen.
    pub targets: Vec<TargetResult>,
}

/// The latest verdict on one target, stale ones given as unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetResult {
    /// Name of the target for people.
    pub target: String,
    /// The verdict.
    pub verdict: Verdict,
    /// Why, for unknown and not applicable.
    pub reason: Option<ReasonClass>,
}

#[derive(Default)]
struct Tally {
    pass: usize,
    fail: usize,
    not_applicable: usize,
    unknown: BTreeMap<ReasonClass, usize>,
}

impl Tally {
    fn of(tests: &[TestResult]) -> Self {
        let mut tally = Self::default();
        for test in tests {
            if test.targets.is_empty() {
                *tally.unknown.entry(ReasonClass::NotCollected).or_default() += 1;
            }
            for result in &test.targets {
                match result.verdict {
                    Verdict::Pass => tally.pass += 1,
                    Verdict::Fail => tally.fail += 1,
                    Verdict::NotApplicable => tally.not_applicable += 1,
                    Verdict::Unknown => {
                        let reason = result.reason.unwrap_or(ReasonClass::NotCollected);
                        *tally.unknown.entry(reason).or_default() += 1;
                    }
                }
            }
        }
        tally
    }

    fn unknown(&self) -> usize {
        self.unknown.values().sum()
    }

    fn unknown_words(&self) -> String {
        let words: Vec<_> =
            self.unknown.iter().map(|(reason, count)| format!("{count} {}", reason.plain())).collect();
        words.join(", ")
    }
}

/// Suggests whether a control is implemented, from its configuration tests now. A result is one check on one target.
///
/// - Something fails: `No` if nothing passes, else `Partly`. What could not be seen does not soften a failure.
/// - Nothing fails and something could not be seen: `NotAssessed`, naming what. Never `Yes`, however much passes.
/// - All seen, at least one passes: `Yes`.
/// - Only not applicable, or no test: none.
///
/// A pass says that the setting is as asserted, not that the control as worded is in place: deciding that is why a
/// person decides.
#[must_use]
pub fn suggest_implemented(tests: &[TestResult]) -> Option<Suggestion> {
    let tally = Tally::of(tests);
    let seen = tally.pass + tally.fail;
    let unknown = tally.unknown();
    let (answer, mut reason) = match (tally.pass, tally.fail, unknown) {
        (0, 0, 0) => return None,
        (0, 0, _) => (Answer::NotAssessed, format!("could not see: {}", tally.unknown_words())),
        (_, 0, 0) => (Answer::Yes, format!("all {seen} results pass")),
        (_, 0, _) => {
            let words = tally.unknown_words();
            (
                Answer::NotAssessed,
                format!("{} of {} results pass, could not see: {words}", tally.pass, seen + unknown),
            )
        }
        (0, _, _) => (Answer::No, format!("all {seen} results seen fail")),
        _ => (Answer::Partly, format!("{} of {seen} results seen fail", tally.fail)),
    };
    if tally.fail > 0 && unknown > 0 {
        reason.push_str(&format!("; could not see: {}", tally.unknown_words()));
    }
    if tally.not_applicable > 0 {
        reason.push_str(&format!("; {} not applicable", tally.not_applicable));
    }
    Some(Suggestion { question: Question::Implemented, answer, reason, checks: checks_of(tests) })
}

fn checks_of(tests: &[TestResult]) -> Vec<String> {
    let mut checks: Vec<_> = tests.iter().map(|test| test.check.clone()).collect();
    checks.sort();
    checks.dedup();
    checks
}

/// Suggests whether a control operated, from the time its checks were seen to pass and fail over the whole period,
/// added up over checks and targets. Time not looked at is unknown time and must be in `seen`.
///
/// - Any failing time: `Partly`, or `No` if no time passes.
/// - No failing time: `Yes` if at least [`KNOWN_ENOUGH_BP`] of the time was seen, else `NotAssessed`.
/// - Nothing but not applicable, or no time at all: none.
#[must_use]
pub fn suggest_operating(checks: &[String], seen: Shares) -> Option<Suggestion> {
    let time = |micros: i64| i128::from(micros.max(0));
    let (failing, unseen) = (time(seen.fail_us), time(seen.unknown_us));
    let known = time(seen.pass_us) + failing;
    let whole = known + unseen;
    if whole == 0 {
        return None;
    }
    // Rounded so that a share never looks better than it is: known down, failing and unseen up.
    let share = |part: i128| part * 10_000 / whole;
    let share_up = |part: i128| 10_000 - share(whole - part);
    let (answer, reason) = if seen.fail_us > 0 {
        let answer = if seen.pass_us > 0 { Answer::Partly } else { Answer::No };
        let (failing, unseen) = (percent(share_up(failing)), percent(share_up(unseen)));
        (answer, format!("fails for {failing} of the time, not seen for {unseen}"))
    } else {
        let answer = if share(known) >= KNOWN_ENOUGH_BP { Answer::Yes } else { Answer::NotAssessed };
        let (known, unseen) = (percent(share(known)), percent(share_up(unseen)));
        (answer, format!("no failure in {known} of the time, not seen for {unseen}"))
    };
    Some(Suggestion { question: Question::Operating, answer, reason, checks: checks.to_vec() })
}

fn percent(basis_points: i128) -> String {
    format!("{}.{:02} %", basis_points / 100, basis_points % 100)
}

/// What was kept of the looks behind a control's tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EvidenceSeen {
    /// Looks that answered.
    pub looks: u64,
    /// Looks of those whose raw answers are kept, dated and attributed, and can be found again by digest.
    pub retained: u64,
    /// Whether every target that should be looked at is known, so that the population can be produced.
    pub is_population_known: bool,
}

/// Suggests whether a control is evidenced, for a control that configuration tests look at.
///
/// This is the one other question a machine can say something about, because keeping evidence is what it does itself:
/// raw answers are complete, dated, attributable and can be found again. `Yes` if all were kept and the population can
/// be produced, `Partly` if some were kept, none if nothing was. Whether a control is *designed* is never suggested:
/// a check knows a setting, not the wording, the owner or the conflict of duties.
#[must_use]
pub fn suggest_evidenced(checks: &[String], seen: EvidenceSeen) -> Option<Suggestion> {
    let retained = seen.retained.min(seen.looks);
    if retained == 0 {
        return None;
    }
    let all = retained == seen.looks;
    let answer = if all && seen.is_population_known { Answer::Yes } else { Answer::Partly };
    let population =
        if seen.is_population_known { "the population is known" } else { "the population is not known" };
    let reason = format!("raw answers of {retained} of {} looks are kept; {population}", seen.looks);
    Some(Suggestion { question: Question::Evidenced, answer, reason, checks: checks.to_vec() })
}
