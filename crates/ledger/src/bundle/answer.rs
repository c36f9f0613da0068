//! What a verification found, in words for people and as JSON for programs.

use std::fmt;

use serde::Serialize;

use crate::history::CheckCompleteness;

/// Findings of one level that are listed; more are counted.
pub const MAX_FINDINGS: usize = 1000;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The file, or `entry <index>`.
    pub subject: String,
    /// What is wrong with it.
    pub problem: String,
}

/// The answer at one level.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Level {
    /// Shown.
    Proven {
        /// What exactly.
        detail: String,
    },
    /// The bundle does not say so, and nothing contradicts it.
    NotClaimed {
        /// Why not.
        reason: String,
    },
    /// Nothing is contradicted, but something that was due is not there: each stretch or run by name.
    Incomplete {
        /// What is there.
        detail: String,
        /// At most [`MAX_FINDINGS`].
        findings: Vec<Finding>,
        /// How many more there are.
        more: usize,
    },
    /// Contradicted: each file or entry that is wrong.
    Failed {
        /// At most [`MAX_FINDINGS`].
        findings: Vec<Finding>,
        /// How many more there are.
        more: usize,
    },
}

/// Whose signature counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "trust", rename_all = "snake_case")]
pub enum Signer {
    /// A key of the verifier's own policy.
    Pinned {
        /// The key as text.
        key: String,
    },
    /// A key that came with the bundle: proves consistency, not identity.
    Unpinned {
        /// The key as text.
        key: String,
    },
    /// No acceptable signature.
    Nobody,
}

/// The statements of completeness, and whether what is claimed of deviations follows from the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Completeness {
    /// No entry of the log is left out.
    pub log: Level,
    /// No entry is left out between the one that opens the period of the bundle and the one that closes it.
    pub period: Level,
    /// Everything that was due was done or is recorded as missed.
    pub schedule: Level,
    /// Populations were defined before they were used, and every run has a verdict for every target of its population.
    pub population: Level,
    /// The failing and unseen stretches that are claimed are those that follow from the blocks.
    pub deviations: Level,
    /// What was due and what of it was done, per check; empty if no entry says what was due.
    pub checks: Vec<CheckCompleteness>,
}

/// The answers, level by level.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verification {
    /// What the bundle says it is about. Not proven.
    pub about: String,
    /// Origin of the log as in the checkpoint.
    pub origin: String,
    /// Number of entries as in the checkpoint.
    pub size: u64,
    /// Root as in the checkpoint, hexadecimal.
    pub root: String,
    /// Whose signature counted.
    pub signer: Signer,
    /// L1: every file is as the manifest says, none is missing or added.
    pub bytes: Level,
    /// L2: entries and artifacts are included under an accepted checkpoint.
    pub inclusion: Level,
    /// L3: the checkpoint existed at a moment somebody else vouches for.
    pub time: Level,
    /// L4: nothing is left out.
    pub completeness: Completeness,
    /// L5: the figures of issued reports follow from the records that they cite.
    pub figures: Level,
    /// Documents that no entry commits to: only the signature over the manifest vouches for them.
    pub uncommitted: Vec<String>,
    /// Signed statements among what the bundle holds.
    pub statements: Vec<Stated>,
}

/// A signed statement: a DSSE envelope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stated {
    /// The file that holds it.
    pub file: String,
    /// What kind of statement it is; not proven if nobody signed whose signature counts.
    pub what: String,
    /// Files of the bundle that it names with the digests they have.
    pub about: Vec<String>,
    /// Those whose signatures count and verify.
    pub signers: Vec<String>,
}

impl Verification {
    /// Lists the levels with their names.
    #[must_use]
    pub fn levels(&self) -> [(&'static str, &Level); 9] {
        [
            ("L1 bytes", &self.bytes),
            ("L2 inclusion", &self.inclusion),
            ("L3 time", &self.time),
            ("L4 completeness of the log", &self.completeness.log),
            ("L4 completeness of the period", &self.completeness.period),
            ("L4 completeness of the schedule", &self.completeness.schedule),
            ("L4 completeness of populations", &self.completeness.population),
            ("L4 deviations recomputed", &self.completeness.deviations),
            ("L5 figures of reports", &self.figures),
        ]
    }

    /// Whether something is contradicted.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.levels().iter().any(|(_, level)| matches!(level, Level::Failed { .. }))
    }

    /// Whether something that was due is not there.
    #[must_use]
    pub fn is_incomplete(&self) -> bool {
        self.levels().iter().any(|(_, level)| matches!(level, Level::Incomplete { .. }))
    }

    /// Returns what a program should exit with: 0 if nothing is contradicted, 1 otherwise.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        u8::from(self.has_failed())
    }

    /// Lists everything that is wrong, of all levels.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.levels().into_iter().flat_map(|(_, level)| match level {
            Level::Failed { findings, .. } => findings.as_slice(),
            _ => &[],
        })
    }

    /// Returns the answers as JSON with a member `ok`.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        let mut value = serde_json::to_value(self).expect("plain structs serialize");
        value["ok"] = (!self.has_failed()).into();
        value
    }
}

impl fmt::Display for Verification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", plain(&self.about))?;
        writeln!(f, "log         {}", plain(&self.origin))?;
        writeln!(f, "checkpoint  {} entries, root {}", self.size, self.root)?;
        match &self.signer {
            Signer::Pinned { key } => writeln!(f, "signed by   {key}")?,
            Signer::Unpinned { key } => {
                writeln!(f, "signed by   the key in the bundle, which you have not pinned: {key}")?;
                writeln!(
                    f,
                    "            Ask for the log's key through another channel and pass it with --key."
                )?;
            }
            Signer::Nobody => writeln!(f, "signed by   nobody whose signature counts")?,
        }
        writeln!(f)?;
        for (name, level) in self.levels() {
            write_level(f, name, level)?;
        }
        if !self.uncommitted.is_empty() {
            writeln!(
                f,
                "\nNo entry of the log commits to these files; only the signature over MANIFEST.json vouches for them:"
            )?;
            for name in &self.uncommitted {
                writeln!(f, "  {name}")?;
            }
        }
        if !self.statements.is_empty() {
            writeln!(f, "\nSigned statements:")?;
            for Stated { file, what, about, signers } in &self.statements {
                let by = if signers.is_empty() {
                    "nobody whose signature counts".to_owned()
                } else {
                    plain(&signers.join(", "))
                };
                writeln!(
                    f,
                    "  {}: {}, about {} files here, signed by {by}",
                    plain(file),
                    plain(what),
                    about.len()
                )?;
            }
        }
        writeln!(f)?;
        if self.has_failed() {
            writeln!(f, "This bundle is NOT what the log committed to.")
        } else {
            writeln!(
                f,
                "Nothing was altered after the checkpoint was signed. That what was recorded is true, no"
            )?;
            writeln!(f, "signature can show.")?;
            if self.is_incomplete() {
                writeln!(f, "The record is NOT complete: what was due and is not there is named above.")?;
            }
            Ok(())
        }
    }
}

fn write_level(f: &mut fmt::Formatter<'_>, name: &str, level: &Level) -> fmt::Result {
    match level {
        Level::Proven { detail } => writeln!(f, "{name:<32} PROVEN       {detail}"),
        Level::NotClaimed { reason } => writeln!(f, "{name:<32} not claimed  {reason}"),
        Level::Incomplete { detail, findings, more } => {
            writeln!(f, "{name:<32} INCOMPLETE   {detail}")?;
            write_findings(f, findings, *more)
        }
        Level::Failed { findings, more } => {
            writeln!(f, "{name:<32} FAILED")?;
            write_findings(f, findings, *more)
        }
    }
}

fn write_findings(f: &mut fmt::Formatter<'_>, findings: &[Finding], more: usize) -> fmt::Result {
    for finding in findings {
        writeln!(f, "  {}: {}", plain(&finding.subject), plain(&finding.problem))?;
    }
    if more > 0 { writeln!(f, "  and {more} more") } else { Ok(()) }
}

/// Foreign text must not move the cursor of a terminal.
fn plain(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect()
}

/// Findings of one level while they are collected.
#[derive(Default)]
pub(super) struct Findings {
    listed: Vec<Finding>,
    more: usize,
}

impl Findings {
    pub(super) fn add(&mut self, subject: impl Into<String>, problem: impl Into<String>) {
        let finding = Finding { subject: subject.into(), problem: problem.into() };
        if self.listed.len() < MAX_FINDINGS && self.listed.contains(&finding) {
            return;
        }
        if self.listed.len() < MAX_FINDINGS {
            self.listed.push(finding);
        } else {
            self.more += 1;
        }
    }

    /// Counts findings that were not kept.
    pub(super) fn add_more(&mut self, more: usize) {
        self.more += more;
    }

    pub(super) fn into_incomplete(self, detail: String) -> Level {
        Level::Incomplete { detail, findings: self.listed, more: self.more }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.listed.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Finding> {
        self.listed.iter()
    }

    pub(super) fn into_level(self, otherwise: impl FnOnce() -> Level) -> Level {
        if self.listed.is_empty() {
            otherwise()
        } else {
            Level::Failed { findings: self.listed, more: self.more }
        }
    }
}
