//! Texts that entries commit to: each must reproduce a commitment that an included entry names.

use std::collections::BTreeSet;
use std::io::{Read, Seek};

use super::Files;
use crate::Hash;
use crate::bundle::answer::Findings;
use crate::bundle::name::{FileKind, classify};
use crate::bundle::records;
use crate::leaf::Leaf;

/// The commitments that the texts of the bundle open, and those that entries name.
#[derive(Default)]
pub(super) struct Opened {
    /// In which file each stands.
    opened: Vec<(Hash, String)>,
    wanted: BTreeSet<Hash>,
    named: BTreeSet<Hash>,
}

impl Opened {
    /// Reads the texts and notes which commitments to look for.
    pub(super) fn read<R: Read + Seek>(files: &mut Files<R>, inclusion: &mut Findings) -> Self {
        let mut found = Self::default();
        for name in files.names.clone() {
            if classify(&name) != FileKind::Records {
                continue;
            }
            match files.fetch(&name).map(|bytes| records::parse(&bytes)) {
                None => {}
                Some(Err(problem)) => inclusion.add(name, problem),
                Some(Ok(records)) => {
                    for (commitment, record) in records {
                        if record.commitment() != commitment {
                            let problem = format!("a text does not reproduce {}", commitment.digest());
                            inclusion.add(&name, problem);
                            continue;
                        }
                        found.wanted.insert(commitment);
                        found.opened.push((commitment, name.clone()));
                    }
                }
            }
        }
        found
    }

    /// Takes what is wanted from an included entry.
    pub(super) fn collect(&mut self, leaf: &Leaf<'_>) {
        if !self.wanted.is_empty() {
            let wanted = |digest: &Hash| self.wanted.contains(digest);
            self.named.extend(Hash::named_in(leaf.body).filter(wanted));
        }
    }

    /// Names texts that no entry commits to, and returns how many are committed to.
    pub(super) fn finish(self, inclusion: &mut Findings) -> usize {
        for (commitment, name) in &self.opened {
            if !self.named.contains(commitment) {
                inclusion.add(name, format!("no included entry commits to {}", commitment.digest()));
            }
        }
        self.named.len()
    }
}
