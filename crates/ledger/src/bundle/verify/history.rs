//! What was due, whom it was about, and what was found: recomputed from the log and the objects of the bundle.

use std::collections::BTreeSet;
use std::io::{Read, Seek};

use super::Files;
use crate::bundle::answer::{Findings, Level};
use crate::bundle::history::parse_targets;
use crate::bundle::name::{FileKind, STRETCHES, TARGETS, classify};
use crate::hash::shorten;
use crate::history::{CheckCompleteness, Objects, Recomputed, STRETCHES_HEADER};

/// Bytes from which a line of the file of stretches is refused.
const MAX_LINE_BYTES: usize = 1024;

pub(super) struct HistoryAnswer {
    pub(super) schedule: Level,
    pub(super) population: Level,
    pub(super) deviations: Level,
    pub(super) checks: Vec<CheckCompleteness>,
}

/// Reads the objects. What cannot be read is named, and missing afterwards.
pub(super) fn objects<R: Read + Seek>(files: &mut Files<R>, inclusion: &mut Findings) -> Objects {
    let mut objects = Objects::default();
    for name in files.names.clone() {
        if classify(&name) != FileKind::Objects {
            continue;
        }
        let read = files.fetch(&name).map(|pack| objects.read_pack(&pack));
        if let Some(Err(error)) = read {
            inclusion.add(name, error.to_string());
        }
    }
    objects
}

pub(super) fn unclaimed(reason: &str) -> HistoryAnswer {
    let level = || Level::NotClaimed { reason: reason.to_owned() };
    HistoryAnswer { schedule: level(), population: level(), deviations: level(), checks: Vec::new() }
}

pub(super) fn answer<R: Read + Seek>(files: &mut Files<R>, mut recomputed: Recomputed) -> HistoryAnswer {
    let population = population(files, &mut recomputed);
    let is_contradicted = matches!(population, Level::Failed { .. });
    let deviations = if is_contradicted {
        Level::NotClaimed { reason: "runs are contradicted, so nothing follows from them".to_owned() }
    } else {
        deviations(files, &recomputed)
    };
    let schedule = schedule(&recomputed);
    HistoryAnswer { schedule, population, deviations, checks: recomputed.checks.unwrap_or_default() }
}

fn schedule(recomputed: &Recomputed) -> Level {
    let Some(checks) = &recomputed.checks else {
        let reason = if recomputed.has_blocks {
            "no entry of the log says what was due"
        } else {
            "the bundle does not hold what was due"
        };
        return Level::NotClaimed { reason: reason.to_owned() };
    };
    let sum = |count: fn(&CheckCompleteness) -> u64| checks.iter().map(count).sum::<u64>();
    let expected = sum(|check| check.expected);
    let mut findings = Findings::default();
    for (subject, problem) in recomputed.silences.iter().chain(&recomputed.omissions) {
        findings.add(subject, problem);
    }
    let mut detail = format!(
        "{} checks, {expected} slots due: {} observed, {} recorded as missed, {} missing; {} observed without seeing every target",
        checks.len(),
        sum(|check| check.observed),
        sum(|check| check.missed),
        sum(|check| check.missing),
        sum(|check| check.failed_to_collect),
    );
    if recomputed.without_target > 0 {
        detail += &format!("; {} checks have no target", recomputed.without_target);
    }
    if !findings.is_empty() {
        return findings.into_incomplete(detail);
    }
    if expected == 0 {
        return Level::NotClaimed {
            reason: "nothing was due yet: no whole slot of the schedule passed".to_owned(),
        };
    }
    Level::Proven { detail }
}

fn population<R: Read + Seek>(files: &mut Files<R>, recomputed: &mut Recomputed) -> Level {
    let mut findings = Findings::default();
    for (subject, problem) in recomputed.problems.drain(..) {
        findings.add(subject, problem);
    }
    findings.add_more(recomputed.more_problems);
    if recomputed.has_blocks {
        check_targets(files, recomputed, &mut findings);
    }
    let Recomputed { runs, populations, blocks, verdicts, .. } = recomputed;
    let [unknown, pass, fail, not_applicable] = verdicts;
    let defined = match recomputed.defined_elsewhere {
        0 => "each defined before".to_owned(),
        some => format!("{some} of them defined in the epoch before, which is not here"),
    };
    findings.into_level(|| match (*runs, recomputed.has_blocks) {
        (0, _) => Level::NotClaimed { reason: "the log has no run".to_owned() },
        (runs, false) => Level::NotClaimed {
            reason: format!("the bundle holds no blocks of the {runs} runs"),
        },
        (runs, true) => Level::Proven {
            detail: format!(
                "{runs} runs over {populations} populations, {defined}; {blocks} blocks have a verdict for each \
                 target: {pass} pass, {fail} fail, {unknown} not seen, {not_applicable} not applicable"
            ),
        },
    })
}

/// Names of targets must be those of identities in populations.
fn check_targets<R: Read + Seek>(files: &mut Files<R>, recomputed: &Recomputed, findings: &mut Findings) {
    let named = match files.fetch(TARGETS).map(|bytes| parse_targets(&bytes)) {
        None => return,
        Some(Err(problem)) => return findings.add(TARGETS, problem),
        Some(Ok(named)) => named,
    };
    let known: BTreeSet<&str> = recomputed.targets().collect();
    for (identity, target) in named {
        if !known.contains(identity.hex().as_str()) {
            let name = shorten(&target.external_id);
            findings.add(TARGETS, format!("names {name:?}, which is in no population of a run"));
        }
    }
}

fn deviations<R: Read + Seek>(files: &mut Files<R>, recomputed: &Recomputed) -> Level {
    let not_claimed = |reason: String| Level::NotClaimed { reason };
    if !recomputed.has_blocks {
        return not_claimed("there are no blocks to recompute them from".to_owned());
    }
    let (failing, unseen) = recomputed.stretches();
    if !files.has(STRETCHES) {
        return not_claimed(format!(
            "{failing} failing and {unseen} unseen stretches recomputed, but there is no {STRETCHES} to compare"
        ));
    }
    let mut comparison = Comparison {
        lines: recomputed.lines(),
        expected: None,
        is_header: true,
        carry: Vec::new(),
        findings: Findings::default(),
    };
    files.stream(STRETCHES, |piece| comparison.piece(piece));
    comparison.end();
    comparison.findings.into_level(|| Level::Proven {
        detail: format!(
            "{failing} failing and {unseen} unseen stretches follow from the blocks as {STRETCHES} has them"
        ),
    })
}

/// Compares the lines of the file with those recomputed, both in order, while the file streams by.
struct Comparison<L> {
    lines: L,
    expected: Option<String>,
    is_header: bool,
    carry: Vec<u8>,
    findings: Findings,
}

impl<L: Iterator<Item = String>> Comparison<L> {
    fn piece(&mut self, mut piece: &[u8]) {
        while let Some(end) = piece.iter().position(|byte| *byte == b'\n') {
            let (line, rest) = piece.split_at(end + 1);
            piece = rest;
            if self.carry.is_empty() {
                self.line(line);
            } else {
                let mut whole = std::mem::take(&mut self.carry);
                whole.extend_from_slice(line);
                self.line(&whole);
            }
        }
        if self.carry.len() + piece.len() <= MAX_LINE_BYTES {
            self.carry.extend_from_slice(piece);
        } else if self.carry.len() <= MAX_LINE_BYTES {
            // Too long to be any line; what is kept of it cannot be equal to one.
            self.carry.resize(MAX_LINE_BYTES + 1, b'?');
        }
    }

    fn line(&mut self, line: &[u8]) {
        if std::mem::take(&mut self.is_header) {
            if line != STRETCHES_HEADER.as_bytes() {
                self.findings.add(STRETCHES, "has another first line");
            }
            return;
        }
        // Lines recomputed that come before this one are missing from the file.
        loop {
            let expected = self.expected.take().or_else(|| self.lines.next());
            match expected {
                Some(expected) if expected.as_bytes() == line => return,
                Some(expected) if expected.as_bytes() < line => self.missing(&expected),
                other => {
                    self.expected = other;
                    let text = String::from_utf8_lossy(line);
                    let problem = format!("claims what does not follow from the blocks: {}", in_words(&text));
                    return self.findings.add(STRETCHES, problem);
                }
            }
        }
    }

    fn missing(&mut self, line: &str) {
        self.findings
            .add(STRETCHES, format!("does not claim what follows from the blocks: {}", in_words(line)));
    }

    fn end(&mut self) {
        if !self.carry.is_empty() || self.is_header {
            self.findings.add(STRETCHES, "is cut off");
        }
        while let Some(expected) = self.expected.take().or_else(|| self.lines.next()) {
            self.missing(&expected);
        }
    }
}

/// `check 1a2b3c4d…, target 5e6f7a8b…: fail from … until …`; the whole line, if it has another form.
fn in_words(line: &str) -> String {
    let fields: Vec<&str> = line.trim_end().split(',').collect();
    match fields.as_slice() {
        [version, target, from, until, _, verdict, _] if version.is_ascii() && target.is_ascii() => {
            let part = |text: &str| text.get(..12).unwrap_or(text).to_owned();
            let until = if until.is_empty() { "the last run" } else { until };
            format!("check {}…, target {}…: {verdict} from {from} until {until}", part(version), part(target))
        }
        _ => shorten(line),
    }
}
