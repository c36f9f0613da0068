//! Two readiness assessments side by side: what changed between them, and why.
//!
//! Both are frozen models that hold their decisions, verdicts and versions with times, so the reasons are read from them
//! and not guessed. A change that nothing in them explains says so.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::readiness::{
    Answer, CheckRow, ControlRow, ControlStatus, CriterionRow, FindingRow, Question, ReadinessReport,
    ResultRow,
};
use crate::observation::Verdict;
use crate::{Digest, Timestamp};

/// Most reasons listed for one change; how many more there are is counted.
pub const MAX_REASONS: usize = 50;

/// What a change is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Area {
    /// What was assessed: framework, categories, systems, criteria.
    Scope,
    /// The figures of the first page.
    Figure,
    /// A criterion.
    Criterion,
    /// A control.
    Control,
    /// An answer of a person to one of the four questions.
    Decision,
    /// An automated test.
    Check,
    /// A finding.
    Finding,
}

impl Area {
    /// Returns the word for people.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Scope => "scope",
            Self::Figure => "figure",
            Self::Criterion => "criterion",
            Self::Control => "control",
            Self::Decision => "decision",
            Self::Check => "check",
            Self::Finding => "finding",
        }
    }
}

/// Why something changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Reason {
    /// Somebody answered a question.
    Decision {
        /// About which control.
        control: String,
        /// Which question.
        question: Question,
        /// The answer before.
        before: Answer,
        /// The answer after.
        after: Answer,
        /// When it was given.
        at: Option<Timestamp>,
    },
    /// The status of a control changed.
    Control {
        /// Which.
        control: String,
        /// Before.
        before: ControlStatus,
        /// After.
        after: ControlStatus,
    },
    /// A control came into the assessment.
    Adopted {
        /// Which.
        control: String,
    },
    /// A control left the assessment.
    Left {
        /// Which.
        control: String,
    },
    /// A control answers a criterion that it did not, or the other way round, or is key for it now or no longer.
    Mapping {
        /// Which control.
        control: String,
        /// What is so now.
        after: String,
    },
    /// A check says another thing about a target.
    Verdict {
        /// Which check.
        check: String,
        /// Which target.
        target: String,
        /// Before; none for a target that was not there.
        before: Option<Verdict>,
        /// After; none for a target that is gone.
        after: Option<Verdict>,
        /// Since when.
        since: Option<Timestamp>,
    },
    /// Another version of a check answers.
    Version {
        /// Which check.
        check: String,
        /// Before; none for a check that was not there.
        before: Option<Digest>,
        /// After; none for a check that is gone.
        after: Option<Digest>,
    },
    /// A criterion was decided, or its decision was taken back.
    Judged {
        /// Which criterion.
        criterion: String,
    },
    /// Nothing in the two assessments explains it.
    Unexplained,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = |verdict: &Option<Verdict>| verdict.map_or("not looked at", Verdict::word).to_owned();
        let version = |version: &Option<Digest>| version.map_or("none".to_owned(), |digest| digest.short());
        match self {
            Self::Decision { control, question, before, after, at } => {
                let words = [*before, *after].map(|answer| answer.word().replace('_', " "));
                write!(f, "{control} {}: {} to {}", question.word(), words[0], words[1])?;
                at.map_or(Ok(()), |at| write!(f, ", decided {}", at.minute()))
            }
            Self::Control { control, before, after } => {
                let words = [*before, *after].map(|status| status.word().replace('_', " "));
                write!(f, "control {control}: {} to {}", words[0], words[1])
            }
            Self::Adopted { control } => write!(f, "control {control} was adopted"),
            Self::Left { control } => write!(f, "control {control} is no longer part of it"),
            Self::Mapping { control, after } => write!(f, "control {control} {after}"),
            Self::Verdict { check, target, before, after, since } => {
                write!(f, "{check} on {target}: {} to {}", verdict(before), verdict(after))?;
                since.map_or(Ok(()), |since| write!(f, ", since {}", since.minute()))
            }
            Self::Version { check, before, after } => {
                write!(f, "version of {check}: {} to {}", version(before), version(after))
            }
            Self::Judged { criterion } => write!(f, "{criterion} was decided by a person"),
            Self::Unexplained => f.write_str("nothing in the two assessments explains it"),
        }
    }
}

/// One thing that is not as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// What it is about.
    pub area: Area,
    /// Which one.
    pub subject: String,
    /// Before; none for what was not there.
    pub before: Option<String>,
    /// After; none for what is gone.
    pub after: Option<String>,
    /// Why, at most [`MAX_REASONS`] and never empty.
    pub reasons: Vec<Reason>,
    /// How many more reasons there are.
    pub more: usize,
}

/// Two assessments compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    /// Moment of the earlier one.
    pub before: Timestamp,
    /// Moment of the later one.
    pub after: Timestamp,
    /// What changed, by area and then by name. Empty when nothing did.
    pub changes: Vec<Change>,
}

impl Comparison {
    /// Compares two frozen models, the earlier one first.
    #[must_use]
    pub fn of(before: &ReadinessReport, after: &ReadinessReport) -> Self {
        let differ = Differ::of(before, after);
        let mut changes = differ.scope();
        changes.extend(differ.figures());
        changes.extend(differ.criteria());
        changes.extend(differ.controls());
        changes.extend(differ.decisions());
        changes.extend(differ.checks());
        changes.extend(differ.findings());
        Self { before: before.cut_off, after: after.cut_off, changes }
    }

    /// Returns the changes of one area.
    pub fn of_area(&self, area: Area) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(move |change| change.area == area)
    }
}

/// A row in each of the two models, by name.
type Pairs<'a, T> = BTreeMap<String, (Option<&'a T>, Option<&'a T>)>;

fn pairs<'a, T>(before: &'a [T], after: &'a [T], name: impl Fn(&T) -> String) -> Pairs<'a, T> {
    let mut pairs: Pairs<'a, T> = BTreeMap::new();
    for row in before {
        pairs.entry(name(row)).or_default().0 = Some(row);
    }
    for row in after {
        pairs.entry(name(row)).or_default().1 = Some(row);
    }
    pairs
}

struct Differ<'a> {
    before: &'a ReadinessReport,
    after: &'a ReadinessReport,
    criteria: Pairs<'a, CriterionRow>,
    controls: Pairs<'a, ControlRow>,
    checks: Pairs<'a, CheckRow>,
}

impl<'a> Differ<'a> {
    fn of(before: &'a ReadinessReport, after: &'a ReadinessReport) -> Self {
        Self {
            before,
            after,
            criteria: pairs(&before.criteria, &after.criteria, |row| row.id.clone()),
            controls: pairs(&before.controls, &after.controls, |row| row.id.clone()),
            checks: pairs(&before.checks, &after.checks, |row| row.id.clone()),
        }
    }

    fn scope(&self) -> Vec<Change> {
        let (before, after) = (&self.before.scope, &self.after.scope);
        let adopted = self.controls.iter().filter_map(|(id, (old, new))| match (old, new) {
            (None, Some(_)) => Some(Reason::Adopted { control: id.clone() }),
            (Some(_), None) => Some(Reason::Left { control: id.clone() }),
            _ => None,
        });
        let adopted: Vec<Reason> = adopted.collect();
        let targets = self.targets();
        let excluded = |report: &ReadinessReport| {
            report.scope.excluded.iter().map(|one| one.id.clone()).collect::<Vec<_>>().join(", ")
        };
        [
            ("edition of the framework", before.edition.clone(), after.edition.clone(), Vec::new()),
            ("categories", before.categories.join(", "), after.categories.join(", "), Vec::new()),
            ("services", before.services.join(", "), after.services.join(", "), Vec::new()),
            ("criteria", before.criteria_count.to_string(), after.criteria_count.to_string(), Vec::new()),
            ("controls", before.controls_count.to_string(), after.controls_count.to_string(), adopted),
            ("targets", before.targets_count.to_string(), after.targets_count.to_string(), targets),
            ("criteria taken out", excluded(self.before), excluded(self.after), Vec::new()),
        ]
        .into_iter()
        .filter(|(_, before, after, _)| before != after)
        .map(|(subject, before, after, reasons)| {
            change(Area::Scope, subject, Some(before), Some(after), reasons)
        })
        .collect()
    }

    /// Targets that came or went, as the checks show them; one reason for each target.
    fn targets(&self) -> Vec<Reason> {
        let mut by_target: BTreeMap<String, Reason> = BTreeMap::new();
        for reason in self.checks.iter().flat_map(|(id, pair)| verdicts(id, pair)) {
            if let Reason::Verdict { target, before, after, .. } = &reason
                && (before.is_none() || after.is_none())
            {
                by_target.entry(target.clone()).or_insert(reason);
            }
        }
        by_target.into_values().collect()
    }

    fn figures(&self) -> Vec<Change> {
        let (before, after) = (&self.before.summary, &self.after.summary);
        let moved = || self.control_reasons(self.controls.keys());
        let points = || -> Vec<Reason> {
            let mut reasons: Vec<Reason> = self
                .controls
                .iter()
                .flat_map(|(id, pair)| match pair {
                    (Some(old), Some(new)) => decisions(id, old, new),
                    _ => Vec::new(),
                })
                .collect();
            reasons.extend(
                moved().into_iter().filter(|r| matches!(r, Reason::Adopted { .. } | Reason::Left { .. })),
            );
            reasons
        };
        let looks = || -> Vec<Reason> {
            let all = self
                .checks
                .iter()
                .flat_map(|(id, pair)| versions(id, pair).into_iter().chain(verdicts(id, pair)));
            all.collect()
        };
        let looks_and_points = || points().into_iter().chain(looks()).collect::<Vec<_>>();
        let mut changes = Vec::new();
        let mut add = |subject: &str, old: String, new: String, reasons: &dyn Fn() -> Vec<Reason>| {
            if old != new {
                changes.push(change(Area::Figure, subject, Some(old), Some(new), reasons()));
            }
        };
        add("readiness", before.readiness.to_string(), after.readiness.to_string(), &points);
        for (subject, old, new) in [
            ("criteria met", &before.criteria_met, &after.criteria_met),
            ("criteria partly met", &before.criteria_partly_met, &after.criteria_partly_met),
            ("criteria not met", &before.criteria_not_met, &after.criteria_not_met),
            ("criteria not assessed", &before.criteria_not_assessed, &after.criteria_not_assessed),
            ("key controls ready", &before.key_controls_ready, &after.key_controls_ready),
            ("key controls", &before.key_controls, &after.key_controls),
        ] {
            add(subject, old.to_string(), new.to_string(), &moved);
        }
        add("findings", before.findings_open.to_string(), after.findings_open.to_string(), &looks_and_points);
        add("things that could not be seen", before.gaps.to_string(), after.gaps.to_string(), &looks);
        changes
    }

    /// What happened to these controls as a whole.
    fn control_reasons<'b>(&self, ids: impl Iterator<Item = &'b String>) -> Vec<Reason> {
        ids.filter_map(|id| match self.controls.get(id)? {
            (Some(old), Some(new)) if old.status != new.status => {
                Some(Reason::Control { control: id.clone(), before: old.status, after: new.status })
            }
            (None, Some(_)) => Some(Reason::Adopted { control: id.clone() }),
            (Some(_), None) => Some(Reason::Left { control: id.clone() }),
            _ => None,
        })
        .collect()
    }

    fn criteria(&self) -> Vec<Change> {
        let mut changes = Vec::new();
        for (id, (old, new)) in &self.criteria {
            let status = |row: &Option<&CriterionRow>| row.map(|row| words(row.status.word()));
            if status(old) == status(new) {
                continue;
            }
            let reasons = match (old, new) {
                (Some(old), Some(new)) => self.criterion_reasons(id, old, new),
                _ => Vec::new(),
            };
            changes.push(change(Area::Criterion, id, status(old), status(new), reasons));
        }
        changes
    }

    fn criterion_reasons(&self, id: &str, old: &CriterionRow, new: &CriterionRow) -> Vec<Reason> {
        let mapped = pairs(&old.controls, &new.controls, |control| control.id.clone());
        let mut reasons = self.control_reasons(mapped.keys());
        for (control, pair) in &mapped {
            let after = match pair {
                (Some(old), Some(new)) if old.is_key != new.is_key => {
                    if new.is_key {
                        "is key for it now"
                    } else {
                        "is no longer key for it"
                    }
                }
                (None, Some(_)) => "answers it now",
                (Some(_), None) => "no longer answers it",
                _ => continue,
            };
            reasons.push(Reason::Mapping { control: control.clone(), after: after.to_owned() });
        }
        if old.decided_by != new.decided_by {
            reasons.push(Reason::Judged { criterion: id.to_owned() });
        }
        reasons
    }

    fn controls(&self) -> Vec<Change> {
        let mut changes = Vec::new();
        for (id, (old, new)) in &self.controls {
            let status = |row: &Option<&ControlRow>| row.map(|row| words(row.status.word()));
            if status(old) == status(new) {
                continue;
            }
            let reasons = match (old, new) {
                (Some(old), Some(new)) => decisions(id, old, new),
                (None, _) => vec![Reason::Adopted { control: id.clone() }],
                (_, None) => vec![Reason::Left { control: id.clone() }],
            };
            changes.push(change(Area::Control, id, status(old), status(new), reasons));
        }
        changes
    }

    fn decisions(&self) -> Vec<Change> {
        let mut changes = Vec::new();
        for (id, pair) in &self.controls {
            let (Some(old), Some(new)) = pair else { continue };
            for reason in decisions(id, old, new) {
                let Reason::Decision { question, before, after, .. } = &reason else { continue };
                let subject = format!("{id} {}", question.word());
                let [before, after] = [before, after].map(|answer| Some(words(answer.word())));
                changes.push(change(Area::Decision, &subject, before, after, vec![reason]));
            }
        }
        changes
    }

    fn checks(&self) -> Vec<Change> {
        let mut changes = Vec::new();
        for (id, pair) in &self.checks {
            let shown = |row: &Option<&CheckRow>| {
                row.map(|row| {
                    format!(
                        "{} pass, {} fail, {} unknown, {} not applicable",
                        row.pass, row.fail, row.unknown, row.not_applicable
                    )
                })
            };
            let mut reasons = versions(id, pair);
            reasons.extend(verdicts(id, pair));
            let (old, new) = (shown(&pair.0), shown(&pair.1));
            if old != new || !reasons.is_empty() {
                changes.push(change(Area::Check, id, old, new, reasons));
            }
        }
        changes
    }

    fn findings(&self) -> Vec<Change> {
        let name = |finding: &FindingRow| match &finding.control {
            Some(control) => format!("{control}: {}", finding.title),
            None => finding.title.clone(),
        };
        let mut changes = Vec::new();
        for (id, (old, new)) in pairs(&self.before.findings, &self.after.findings, name) {
            let shown =
                |row: &Option<&FindingRow>| row.map(|row| format!("{} ({})", row.state, row.severity.word()));
            if shown(&old) == shown(&new) {
                continue;
            }
            let Some(finding) = new.or(old) else { continue };
            changes.push(change(Area::Finding, &id, shown(&old), shown(&new), self.finding_reasons(finding)));
        }
        changes
    }

    fn finding_reasons(&self, finding: &FindingRow) -> Vec<Reason> {
        let Some(id) = &finding.control else {
            return finding.criteria.iter().filter_map(|id| Some((id, self.criteria.get(id)?))).fold(
                Vec::new(),
                |mut reasons, (id, pair)| {
                    if let (Some(old), Some(new)) = pair {
                        reasons.extend(self.criterion_reasons(id, old, new));
                    }
                    reasons
                },
            );
        };
        let Some(pair) = self.controls.get(id) else { return Vec::new() };
        let mut reasons = match pair {
            (Some(old), Some(new)) => decisions(id, old, new),
            _ => self.control_reasons(std::iter::once(id)),
        };
        let checks = pair.0.iter().chain(pair.1.iter()).flat_map(|control| &control.checks);
        let checks: BTreeSet<&String> = checks.collect();
        for check in checks {
            if let Some(pair) = self.checks.get(check) {
                reasons.extend(versions(check, pair));
                reasons.extend(verdicts(check, pair));
            }
        }
        reasons
    }
}

fn decisions(id: &str, old: &ControlRow, new: &ControlRow) -> Vec<Reason> {
    let answer =
        |row: &ControlRow, question| row.questions.iter().find(|row| row.question == question).cloned();
    Question::ALL
        .into_iter()
        .filter_map(|question| {
            let (old, new) = (answer(old, question), answer(new, question));
            let before = old.map_or(Answer::NotAssessed, |row| row.answer);
            let (after, at) = new.map_or((Answer::NotAssessed, None), |row| (row.answer, row.decided_at));
            let control = id.to_owned();
            (before != after).then_some(Reason::Decision { control, question, before, after, at })
        })
        .collect()
}

fn versions(id: &str, (old, new): &(Option<&CheckRow>, Option<&CheckRow>)) -> Vec<Reason> {
    let (before, after) = (old.map(|row| row.version), new.map(|row| row.version));
    let check = id.to_owned();
    if before == after { Vec::new() } else { vec![Reason::Version { check, before, after }] }
}

fn verdicts(id: &str, (old, new): &(Option<&CheckRow>, Option<&CheckRow>)) -> Vec<Reason> {
    let rows = |row: &Option<&'_ CheckRow>| row.map(|row| row.results.clone()).unwrap_or_default();
    let (old, new) = (rows(old), rows(new));
    pairs(&old, &new, |result: &ResultRow| result.target.clone())
        .into_iter()
        .filter_map(|(target, (old, new))| {
            let (before, after) = (old.map(|row| row.verdict), new.map(|row| row.verdict));
            let since = new.map(|row| row.since);
            (before != after).then(|| Reason::Verdict { check: id.to_owned(), target, before, after, since })
        })
        .collect()
}

fn words(word: &str) -> String {
    word.replace('_', " ")
}

fn change(
    area: Area,
    subject: &str,
    before: Option<String>,
    after: Option<String>,
    mut reasons: Vec<Reason>,
) -> Change {
    let more = reasons.len().saturating_sub(MAX_REASONS);
    reasons.truncate(MAX_REASONS);
    if reasons.is_empty() {
        reasons.push(Reason::Unexplained);
    }
    Change { area, subject: subject.to_owned(), before, after, reasons, more }
}
