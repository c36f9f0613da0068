//! The ledger: its head with who stands behind it, its leaves, and proofs. What is proven here anybody can verify without us.

use axum::extract::Path;
use schemars::JsonSchema;
use serde::Serialize;
use tickmark_core::Digest;
use tickmark_core::identity::Resource::AuditTrail;

use super::answer::{Answered, answer};
use super::asking::plain;
use super::looking::Looking;
use super::operation::Operation;
use crate::error::Refusal;
use crate::ledger::{
    AnchorRow, ConsistencyView, CosignatureRow, KeyRow, LeafRow, LeafView, LedgerView, OutsideView, PlaceRow,
    PolicyRow, PolicyView, ScrubView, SilentRow,
};
use crate::route::get;

pub(super) static LOOKS: &[Operation] = &[
    Operation::one::<Ledger>(
        "getLedger",
        ("/ledger", "/ledger"),
        "The head of the log with its signed checkpoint, who outside saw it, its policy, and what hashing everything again found",
        AuditTrail,
        || get(head),
    ),
    Operation::list::<LedgerLeaf>(
        "listLedgerLeaves",
        ("/ledger/leaves", "/ledger/leaves"),
        "Leaves of the log, newest first",
        AuditTrail,
        || get(leaves),
    ),
    Operation::one::<ProvenLeaf>(
        "getLedgerLeaf",
        ("/ledger/leaves/{index}", "/ledger/leaves/0"),
        "One leaf with its exact bytes and the proof that it is under the newest checkpoint",
        AuditTrail,
        || get(leaf),
    ),
    Operation::one::<Checkpoint>(
        "getLedgerCheckpoint",
        ("/ledger/checkpoints/{size}", "/ledger/checkpoints/1"),
        "The checkpoint that was signed over so many leaves",
        AuditTrail,
        || get(checkpoint),
    ),
    Operation::one::<LedgerConsistency>(
        "getLedgerConsistency",
        ("/ledger/consistency/{old}/{new}", "/ledger/consistency/1/2"),
        "The proof that the log of one size begins with that of a smaller one; it is verified before it is answered",
        AuditTrail,
        || get(consistency),
    ),
];

/// The log.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Ledger {
    /// Its name.
    origin: String,
    /// Leaves.
    size: u64,
    /// Root hash over them, in hexadecimal digits.
    root: String,
    /// The newest signed checkpoint, exactly as signed; empty while nothing was.
    checkpoint: String,
    signed_at: String,
    /// Verification key, in the form that verifiers take.
    key: String,
    /// Counts restorations behind a released checkpoint, from 1.
    epoch: i64,
    /// Entries that wait for their position.
    waiting: u64,
    /// What hashing everything again found last; null where that was never done.
    scrub: Option<LedgerScrub>,
    outside: LedgerOutside,
    /// Every key that ever signed, oldest first.
    keys: Vec<LedgerKey>,
    policy: LedgerPolicy,
}

/// What hashing everything again found.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct LedgerScrub {
    ended_at: String,
    leaves: u64,
    tiles: u64,
    /// Stored objects.
    objects: u64,
    differences: u64,
}

/// Who outside saw the log.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct LedgerOutside {
    /// Timestamps of authorities, newest first.
    anchors: Vec<TimeAnchor>,
    /// Cosignatures of witnesses, newest first.
    cosignatures: Vec<Cosignature>,
    /// Witnesses that the settings name.
    witnesses: usize,
    /// How many of them have to cosign.
    quorum: usize,
    /// The newest size that enough of them cosigned.
    witnessed: Option<u64>,
    /// Places that checkpoints are brought to, by name.
    places: Vec<PlaceOutside>,
    /// Those who have not answered for too long.
    silent: Vec<SilentOutside>,
    /// Kinds of parties of which the settings name none.
    lacking: Vec<String>,
    /// Numbers of periods that are open in the log.
    open_periods: Vec<i64>,
}

/// A timestamp over a checkpoint.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct TimeAnchor {
    authority: String,
    /// Leaves under the checkpoint.
    size: u64,
    /// The checkpoint existed at this moment at the latest.
    latest: String,
    /// The answer as it came, among the raw evidence.
    answer: Option<String>,
}

/// A cosignature over a checkpoint.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Cosignature {
    witness: String,
    /// Leaves under the checkpoint.
    size: u64,
    /// The moment that the witness states.
    at: String,
}

/// A place outside.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct PlaceOutside {
    name: String,
    /// Leaves under the newest checkpoint that is on its way or arrived.
    size: u64,
    arrived_at: Option<String>,
    /// What went wrong last time; may be empty.
    problem: String,
}

/// Somebody outside who does not answer.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct SilentOutside {
    /// What they do for the log, e.g. `witness`.
    kind: String,
    name: String,
    since: String,
    problem: String,
}

/// A key that signed.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct LedgerKey {
    key: String,
    epoch: i64,
    /// The first size that it signed.
    from: u64,
    /// The last one; null while it signs.
    to: Option<u64>,
}

/// The policy in force.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct LedgerPolicy {
    /// How many keys sign.
    keys: usize,
    witnesses: Vec<String>,
    quorum: u64,
    authorities: Vec<String>,
    places: Vec<String>,
    publish_every_minutes: u64,
    anchor_every_hours: u64,
    /// Hours of silence after which people are told.
    alert_after_hours: u64,
    /// How long evidence is kept after other evidence took its place, by class.
    retention: Vec<LedgerRetention>,
    /// What led to it, newest first; none while it is that of every new log.
    changes: Vec<PolicyChange>,
}

/// How long evidence of a class is kept.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct LedgerRetention {
    class: String,
    days: u64,
}

/// A change of the policy.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct PolicyChange {
    at: String,
    /// Its leaf; null while that waits for its position.
    leaf: Option<u64>,
    /// Who made it; empty where that is not known.
    by: String,
    /// What is another than before.
    what: Vec<String>,
}

/// A leaf.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct LedgerLeaf {
    /// From 0.
    index: u64,
    /// Its type, e.g. `run.close`.
    kind: String,
    /// The moment that it states.
    at: String,
    /// What it records, in words.
    summary: String,
    /// Its leaf hash (RFC 6962), in hexadecimal digits.
    hash: String,
}

/// A leaf with its proof.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct ProvenLeaf {
    leaf: LedgerLeaf,
    /// Its exact bytes as text.
    bytes: String,
    /// Leaves of the tree that the proof is for.
    size: u64,
    /// Root of that tree.
    root: String,
    /// Hashes of the inclusion proof, from the leaf upwards.
    hashes: Vec<String>,
    /// The same proof with its checkpoint as C2SP `tlog-proof` text.
    tlog_proof: String,
}

/// A signed checkpoint.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Checkpoint {
    size: u64,
    /// Exactly as signed.
    checkpoint: String,
}

/// A proof that one log begins another.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct LedgerConsistency {
    old_size: u64,
    old_root: String,
    new_size: u64,
    new_root: String,
    hashes: Vec<String>,
    /// The same as C2SP `tlog-witness` text with the checkpoint of the larger size; null if none was signed at that size.
    text: Option<String>,
}

impl From<&LedgerView> for Ledger {
    fn from(view: &LedgerView) -> Self {
        Self {
            origin: view.origin.clone(),
            size: view.size,
            root: view.root.hex(),
            checkpoint: view.checkpoint.clone(),
            signed_at: view.signed_at.to_string(),
            key: view.key.clone(),
            epoch: view.epoch,
            waiting: view.pending,
            scrub: view.scrub.as_ref().map(LedgerScrub::from),
            outside: LedgerOutside::from(&view.outside),
            keys: view.keys.iter().map(LedgerKey::from).collect(),
            policy: LedgerPolicy::from(&view.policy),
        }
    }
}

impl From<&ScrubView> for LedgerScrub {
    fn from(view: &ScrubView) -> Self {
        Self {
            ended_at: view.at.to_string(),
            leaves: view.leaves,
            tiles: view.tiles,
            objects: view.objects,
            differences: view.differences,
        }
    }
}

impl From<&OutsideView> for LedgerOutside {
    fn from(view: &OutsideView) -> Self {
        let anchor = |row: &AnchorRow| TimeAnchor {
            authority: row.authority.clone(),
            size: row.size,
            latest: row.latest.to_string(),
            answer: row.answer.as_ref().map(ToString::to_string),
        };
        let cosignature = |row: &CosignatureRow| Cosignature {
            witness: row.witness.clone(),
            size: row.size,
            at: row.at.to_string(),
        };
        let place = |row: &PlaceRow| PlaceOutside {
            name: row.name.clone(),
            size: row.size,
            arrived_at: row.arrived.map(|at| at.to_string()),
            problem: row.problem.clone(),
        };
        let silent = |row: &SilentRow| SilentOutside {
            kind: row.kind.to_owned(),
            name: row.name.clone(),
            since: row.since.to_string(),
            problem: row.problem.clone(),
        };
        let (witnesses, quorum) = view.quorum;
        Self {
            anchors: view.anchors.iter().map(anchor).collect(),
            cosignatures: view.cosignatures.iter().map(cosignature).collect(),
            witnesses,
            quorum,
            witnessed: view.witnessed,
            places: view.places.iter().map(place).collect(),
            silent: view.silent.iter().map(silent).collect(),
            lacking: view.lacking.iter().map(|one| (*one).to_owned()).collect(),
            open_periods: view.open_periods.clone(),
        }
    }
}

impl From<&KeyRow> for LedgerKey {
    fn from(row: &KeyRow) -> Self {
        Self { key: row.key.clone(), epoch: row.epoch, from: row.from, to: row.to }
    }
}

impl From<&PolicyView> for LedgerPolicy {
    fn from(view: &PolicyView) -> Self {
        let change = |row: &PolicyRow| PolicyChange {
            at: row.at.to_string(),
            leaf: row.leaf,
            by: row.by.clone(),
            what: row.what.iter().map(|one| (*one).to_owned()).collect(),
        };
        let retention = |(class, days): &(String, u64)| LedgerRetention { class: class.clone(), days: *days };
        Self {
            keys: view.keys,
            witnesses: view.witnesses.clone(),
            quorum: view.quorum,
            authorities: view.authorities.clone(),
            places: view.places.clone(),
            publish_every_minutes: view.publish_every_minutes,
            anchor_every_hours: view.anchor_every_hours,
            alert_after_hours: view.alert_after_hours,
            retention: view.retention.iter().map(retention).collect(),
            changes: view.changes.iter().map(change).collect(),
        }
    }
}

impl From<&LeafRow> for LedgerLeaf {
    fn from(row: &LeafRow) -> Self {
        Self {
            index: row.index,
            kind: row.kind.clone(),
            at: row.at.to_string(),
            summary: row.summary.clone(),
            hash: row.hash.hex(),
        }
    }
}

impl From<&LeafView> for ProvenLeaf {
    fn from(view: &LeafView) -> Self {
        Self {
            leaf: LedgerLeaf::from(&view.row),
            bytes: view.bytes.clone(),
            size: view.size,
            root: view.root.hex(),
            hashes: view.proof.iter().map(Digest::hex).collect(),
            tlog_proof: view.proof_text.clone(),
        }
    }
}

impl From<&ConsistencyView> for LedgerConsistency {
    fn from(view: &ConsistencyView) -> Self {
        Self {
            old_size: view.old_size,
            old_root: view.old_root.hex(),
            new_size: view.new_size,
            new_root: view.new_root.hex(),
            hashes: view.hashes.iter().map(Digest::hex).collect(),
            text: view.text.clone(),
        }
    }
}

/// A size or an index in an address; what no log reaches is an address of nothing.
fn position(text: &str) -> Result<u64, Refusal> {
    let number = text.parse::<i64>().ok().and_then(|number| u64::try_from(number).ok());
    number.ok_or(Refusal::NotFound)
}

async fn head(look: Looking) -> Answered {
    plain(&look.uri)?;
    Ok(answer(&look.headers, &Ledger::from(&look.state.source().ledger(None).await?)))
}

async fn leaves(look: Looking) -> Answered {
    let asking = look.asking()?;
    let before = asking.number()?.map(u64::try_from).transpose();
    let before = before.map_err(|_| Refusal::Unfit("the cursor is of another list".to_owned()))?;
    let rows = look.state.source().leaves(before, asking.one_more()).await?;
    let items = rows.iter().map(LedgerLeaf::from).collect();
    Ok(answer(&look.headers, &asking.cut(items, |leaf: &LedgerLeaf| leaf.index.to_string())))
}

async fn leaf(Path(index): Path<String>, look: Looking) -> Answered {
    plain(&look.uri)?;
    let found = look.state.source().leaf(position(&index)?).await?;
    Ok(answer(&look.headers, &ProvenLeaf::from(&found)))
}

async fn checkpoint(Path(size): Path<String>, look: Looking) -> Answered {
    plain(&look.uri)?;
    let (size, checkpoint) = look.state.source().checkpoint(Some(position(&size)?)).await?;
    if size == 0 {
        return Err(Refusal::NotFound);
    }
    Ok(answer(&look.headers, &Checkpoint { size, checkpoint }))
}

async fn consistency(Path((old, new)): Path<(String, String)>, look: Looking) -> Answered {
    plain(&look.uri)?;
    let (old, new) = (position(&old)?, position(&new)?);
    let source = look.state.source();
    // Sizes that cannot be compared are addresses of nothing.
    if old == 0 || old > new || new > source.ledger_size().await? {
        return Err(Refusal::NotFound);
    }
    Ok(answer(&look.headers, &LedgerConsistency::from(&source.consistency(old, new).await?)))
}
