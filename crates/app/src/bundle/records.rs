//! Texts of people that entries commit to, with the salts: names of documents, what was said about evidence, why a check
//! was waived, what populations are and what testing found, samples of them, how controls were performed, why an epoch
//! began, comments. What was erased has no salt any more and is not here; nor is the legal basis of an erasure, which may name whom it
//! is about.

use std::collections::BTreeSet;

use tickmark_ledger::Hash;
use tickmark_ledger::bundle::Record;

use crate::context::View;
use crate::program::{performance, population, sampling};
use crate::{Result, evidence, ledger, observation};

/// Bytes from which a text is left out: a file of a bundle is read into memory.
const MAX_TEXT_BYTES: usize = 32 << 20;

/// Returns what opens commitments of these entries, with `names` of documents among it.
pub(super) async fn released(
    view: &mut View<'_>,
    leaves: &[Vec<u8>],
    names: Vec<Record>,
) -> Result<Vec<Record>> {
    let mut records = names;
    records.extend(observation::waiver::records(view).await?);
    records.extend(evidence::item::records(view).await?);
    records.extend(performance::records(view).await?);
    records.extend(population::records(view).await?);
    records.extend(sampling::records(view).await?);
    records.extend(crate::comment::records(view).await?);
    records.extend(ledger::epoch_reasons(view).await?);
    let committed: BTreeSet<Hash> = leaves.iter().flat_map(|leaf| Hash::named_in(leaf)).collect();
    // A text from before a change of its form opens nothing; so does one whose rows were erased in part.
    records.retain(|record| record.text.len() <= MAX_TEXT_BYTES && committed.contains(&record.commitment()));
    Ok(records)
}
