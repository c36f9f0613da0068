//! Signed statements among what a bundle holds: DSSE envelopes by the log, by people and by firms.
//!
//! An entry commits to each like to any artifact. Whose signature counts is said by whoever verifies, beside the keys of the
//! log; a statement by somebody else is listed and proves nothing.

use std::io::{Read, Seek};

use super::{Files, Signed};
use crate::bundle::answer::{Findings, Stated};
use crate::dsse::{self, Envelope, Statement};
use crate::note::VerifierKey;

/// How documents that are statements end.
pub(super) const ENDING: &str = ".dsse.json";
/// How the statement of the program itself about an issued report is called, around the engagement.
const OF_LOG: (&str, &str) = ("report/E-", "-statement.dsse.json");
/// Size from which an artifact is not looked at.
pub(super) const MAX_BYTES: usize = 256 * 1024;

/// Looks for statements, and holds those against the files that they name.
pub(super) struct Statements<'k> {
    log: Vec<&'k VerifierKey>,
    others: &'k [VerifierKey],
    found: Vec<Stated>,
}

impl<'k> Statements<'k> {
    /// Takes the keys that count: those of the log, those it had before included, and those of whoever verifies.
    pub(super) fn new(signed: &'k Signed, others: &'k [VerifierKey]) -> Self {
        Self { log: signed.keys_of_origin(), others, found: Vec::new() }
    }

    /// Takes a file; nothing comes of one that is no envelope.
    pub(super) fn look<R: Read + Seek>(
        &mut self,
        files: &Files<R>,
        name: &str,
        content: &[u8],
        findings: &mut Findings,
    ) {
        let is_ours = is_of_log(name);
        let envelope = match Envelope::parse(content) {
            Ok(envelope) => envelope,
            Err(error) if is_ours => return findings.add(name, error.to_string()),
            Err(_) => return,
        };
        if is_ours && envelope.signers(self.log.iter().copied()).is_empty() {
            findings.add(name, "is not signed by a key of the log");
        }
        let signers = envelope.signers(self.log.iter().copied().chain(self.others));
        let statement = Statement::parse(&envelope);
        let mut about = Vec::new();
        for (subject, digest) in statement.iter().flat_map(|statement| &statement.subjects) {
            match files.expected.get(subject) {
                Some(expected) if expected == digest => about.push(subject.clone()),
                Some(_) if !signers.is_empty() => {
                    findings.add(name, format!("is about other bytes than those of {subject} here"));
                }
                _ => {}
            }
        }
        let what = statement.map_or(envelope.payload_type, |statement| statement.predicate_type);
        let signers = signers.into_iter().map(dsse::key_id).collect();
        self.found.push(Stated { file: name.to_owned(), what, about, signers });
    }

    /// Returns them in the order of the files.
    pub(super) fn finish(mut self) -> Vec<Stated> {
        self.found.sort_by(|a, b| a.file.cmp(&b.file));
        self.found
    }
}

fn is_of_log(name: &str) -> bool {
    let number = name.strip_prefix(OF_LOG.0).and_then(|rest| rest.strip_suffix(OF_LOG.1));
    number.is_some_and(|number| number.parse::<u64>().is_ok())
}
