//! What a bundle carries so that others see between which moments its entries came to be: the tokens of time-stamping
//! authorities with the checkpoints they are over and the proofs that this log continues those, and the cosignatures of
//! witnesses.

use std::fmt::Write as _;

use tickmark_ledger::bundle::Attachment;
use tickmark_ledger::leaf::{Leaf, LeafKind};
use tickmark_ledger::note::{Note, SignedCheckpoint};

use crate::context::View;
use crate::evidence::{self, ArtifactKey};
use crate::{Error, Result, ledger};

/// Folder of a bundle.
const FOLDER: &str = "tsa";

/// Returns the files of every timestamp whose token is readable.
pub(super) async fn files(view: &mut View<'_>, size: u64) -> Result<Vec<Attachment>> {
    let mut files = Vec::new();
    for anchor in ledger::anchors(view).await? {
        let artifact = evidence::find(view, ArtifactKey(anchor.artifact)).await?;
        let Some(token) = super::read(view, &artifact).await? else { continue };
        let mut proof = String::new();
        if anchor.size < size {
            for hash in ledger::prove_consistency(view, anchor.size, size).await?.hashes {
                writeln!(proof, "{}", hash.base64()).expect("writing to a string does not fail");
            }
        }
        let name = format!("{FOLDER}/{}-{}", anchor.size, anchor.authority);
        files.push(Attachment { name: format!("{name}.tsr"), content: token });
        files.push(Attachment { name: format!("{name}.checkpoint"), content: anchor.note.into_bytes() });
        files.push(Attachment { name: format!("{name}.consistency"), content: proof.into_bytes() });
    }
    if let Some(chain) = ledger::authority_roots(view.app).filter(|_| !files.is_empty()) {
        files.push(Attachment { name: format!("{FOLDER}/chain.pem"), content: chain.into_bytes() });
    }
    Ok(files)
}

/// Returns the indices of the entries that recorded timestamps.
pub(super) fn recorded(leaves: &[Vec<u8>]) -> Vec<u64> {
    let is_anchor =
        |bytes: &[u8]| Leaf::parse_strict(bytes).is_ok_and(|leaf| leaf.kind == LeafKind::TimeAnchor);
    (0..).zip(leaves).filter(|(_, bytes)| is_anchor(bytes)).map(|(index, _)| index).collect()
}

/// Adds the cosignatures of the checkpoint.
pub(super) async fn cosign(view: &mut View<'_>, signed: &mut SignedCheckpoint) -> Result<()> {
    for cosignature in ledger::cosignatures(view).await? {
        if cosignature.size != signed.checkpoint.size {
            continue;
        }
        let note = Note::parse(format!("{}\n{}\n", signed.note.text, cosignature.line).as_bytes())
            .map_err(|error| Error::corrupt("the table of cosignatures", error))?;
        note.signatures.into_iter().for_each(|signature| signed.add_signature(signature));
    }
    Ok(())
}
