//! The evidence ledger: one verifiable append-only log per organization.
//!
//! A use case hands its entries in with its own rows ([`crate::Cx::record`]); [`crate::App::sequence`] gives them
//! their positions, appends full tiles and signs a checkpoint, in one transaction, and releases the checkpoint only
//! after the database said that it committed. The claim is exactly: *alteration after a moment is detectable by
//! anyone who holds a checkpoint of that moment*.
//!
//! Formats are those of the crate `tickmark-ledger`. Nothing here invents one.

mod agent;
mod ahead;
mod epochs;
mod export;
mod fsck;
mod heartbeat;
pub(crate) mod keys;
mod marks;
mod outside;
mod period;
mod policy;
mod prove;
mod recover;
mod rotate;
mod sequence;
mod settings;
mod sql;

use std::collections::HashMap;
use std::sync::Arc;

use sqlx::AnyConnection;
use tickmark_core::Timestamp;
use tickmark_core::id::{OrganizationId, OrganizationKey};
use tickmark_ledger::Hash;
use tickmark_ledger::bundle::Record;
use tickmark_ledger::dsse::{self, Envelope, Statement};
use tickmark_ledger::leaf::{Leaf, LeafKind};
use tickmark_ledger::note::{Checkpoint, Signer};
use tickmark_ledger::policy::Policy;
use tickmark_ledger::tree::{EMPTY_ROOT, Frontier};
use tokio::sync::Mutex;
use uuid::Uuid;

pub use epochs::{EpochCause, NewEpoch, Recovered};
pub use export::Exported;
pub use fsck::{Difference, Scrub};
pub use heartbeat::HEARTBEAT_EVERY_US;
pub use keys::KeyOfLog;
pub(crate) use keys::unsigned;
pub(crate) use outside::described;
pub use outside::{
    Anchor, Anchoring, Cosignature, Delivery, MAX_ANCHORS, MAX_COSIGNATURES, MEDIA_TYPE as TIMESTAMP_TYPE,
    Party, PartyKind, Watched, Witnessed, Witnessing, anchors, authority_roots, cosignatures, watched,
    witnessed,
};
pub use period::{Closed, Period, periods};
pub(crate) use policy::follow_change as follow_policy;
pub use policy::{LogPolicy, PolicyChange, log_policy};
pub use prove::{Consistency, checkpoint_at, checkpoints_around, prove_consistency, prove_inclusion, tiles};
pub use rotate::Rotated;
pub use settings::{
    AuthoritySettings, FileTarget, LedgerSettings, MailSecurity, MailTarget, Secret, SignerSettings,
    WebhookTarget, WitnessSettings,
};
pub(crate) use settings::{is_loopback, read_secret};

use crate::context::{Cx, View};
use crate::port::{NoOutbound, Outbound};
use crate::{Error, Result};
use recover::OpenLog;

/// Most entries in one answer.
pub const MAX_ENTRIES: u32 = 1000;
/// The epoch of a log that was never restored behind what it had released.
const FIRST_EPOCH: i64 = 1;

/// An entry that waits for its position.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) id: Uuid,
    pub(crate) content: Vec<u8>,
}

/// What the log says about itself now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Name of the log.
    pub origin: String,
    /// Key that verifies its checkpoints, as `name+id+base64`.
    pub verifier_key: String,
    /// Counts restorations behind a released checkpoint.
    pub epoch: i64,
    /// Number of entries.
    pub size: u64,
    /// Root of the tree.
    pub root: Hash,
    /// The signed checkpoint, as text.
    pub checkpoint: String,
    /// When it was signed.
    pub updated_at: Timestamp,
}

/// An entry with its position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// Position, from 0.
    pub index: u64,
    /// Its id.
    pub id: String,
    /// Leaf hash as stored.
    pub hash: Hash,
    /// The exact bytes.
    pub content: Vec<u8>,
}

impl LogEntry {
    /// Reads the members.
    ///
    /// # Errors
    /// `Damaged` if the stored bytes are no entry.
    pub fn leaf(&self) -> Result<Leaf<'_>> {
        Leaf::parse_strict(&self.content)
            .map_err(|error| Error::corrupt(format!("ledger entry {}", self.index), error))
    }
}

/// What this process knows about each log between two batches.
#[derive(Debug, Default)]
pub(crate) struct Logs(Mutex<HashMap<i64, State>>);

#[derive(Debug, Default)]
enum State {
    /// To be read from the database before anything is signed.
    #[default]
    Unknown,
    /// As left by the last batch.
    Known(Box<OpenLog>),
    /// The disk failed in a commit: what the cache says may not be on the disk, so only a new start can tell.
    Halted,
}

/// What leaves the building, and how.
#[derive(Clone, Debug)]
pub struct Outside {
    /// Where to.
    pub settings: LedgerSettings,
    /// By which means.
    pub outbound: Arc<dyn Outbound>,
}

impl Default for Outside {
    /// Nothing leaves.
    fn default() -> Self {
        Self { settings: LedgerSettings::default(), outbound: Arc::new(NoOutbound) }
    }
}

/// Returns the name of an organization's log in an epoch.
pub(crate) fn origin(organization: OrganizationId, epoch: i64) -> String {
    format!("tickmark/t/{organization}/{epoch}")
}

/// Begins the log of a new organization: an empty tree, and a first entry that says what the log is.
pub(crate) async fn found(cx: &mut Cx<'_>, signer: &dyn Signer) -> Result<()> {
    let origin = origin(cx.actor.organization.id, FIRST_EPOCH);
    let empty = Checkpoint { origin: origin.clone(), size: 0, root: EMPTY_ROOT };
    let signed = empty.sign(&[signer]).map_err(unsigned)?;
    let head = Head {
        origin: origin.clone(),
        verifier_key: signer.verifier().to_string(),
        epoch: FIRST_EPOCH,
        size: 0,
        root: EMPTY_ROOT,
        checkpoint: signed.to_text(),
        updated_at: cx.now,
    };
    let organization = cx.organization();
    sql::insert_head(cx.connection(), organization, &head, &Frontier::new()).await?;
    sql::insert_key(cx.connection(), organization, &head, 0).await?;
    let body = serde_json::json!({
        "origin": origin, "epoch": head.epoch, "verifier_key": head.verifier_key, "leaf_format": 1,
    });
    cx.record(LeafKind::LogGenesis, &body)?;
    Ok(())
}

/// Puts the entries of one transaction where the sequencer finds them.
pub(crate) async fn hand_in(
    connection: &mut AnyConnection,
    organization: OrganizationKey,
    now: Timestamp,
    entries: Vec<Entry>,
) -> Result<()> {
    sql::insert_pending(connection, organization, now, entries).await
}

/// Returns what the log says about itself.
///
/// # Errors
/// If the log is missing or its row is damaged.
pub async fn head(view: &mut View<'_>) -> Result<Head> {
    let organization = view.organization();
    Ok(sql::head(view.connection(), organization).await?.0)
}

/// Has the log's key sign a statement: a DSSE envelope, to be kept as a document that an entry commits to.
///
/// # Errors
/// If the key cannot be read, or whoever holds it does not sign.
pub(crate) async fn state(
    view: &mut View<'_>,
    statement: &Statement,
    predicate: &serde_json::Value,
) -> Result<Vec<u8>> {
    let internal = |error| Error::internal("writing a statement", error);
    let key = head(view).await?.verifier_key;
    let key = key.parse().map_err(|error| Error::corrupt("the key of the log", error))?;
    let signer = keys::load(view.app, view.actor.organization.id, &key)?;
    let payload = statement.to_payload(predicate).map_err(internal)?;
    let envelope =
        Envelope::sign(dsse::STATEMENT, payload, &[signer.as_ref()]).map_err(Error::unavailable)?;
    envelope.to_bytes().map_err(internal)
}

/// Counts the entries that wait for their position.
///
/// # Errors
/// If the database fails.
pub async fn pending(view: &mut View<'_>) -> Result<u64> {
    let organization = view.organization();
    sql::count_pending(view.connection(), organization).await
}

/// Returns entries from position `from` on, at most `limit` and never more than [`MAX_ENTRIES`].
///
/// # Errors
/// If the database fails.
pub async fn entries(view: &mut View<'_>, from: u64, limit: u32) -> Result<Vec<LogEntry>> {
    let organization = view.organization();
    sql::entries(view.connection(), organization, from, limit.min(MAX_ENTRIES)).await
}

/// Returns the newest entries, newest first, at most `limit` and never more than [`MAX_ENTRIES`].
///
/// # Errors
/// If the database fails.
pub async fn latest(view: &mut View<'_>, limit: u32) -> Result<Vec<LogEntry>> {
    let organization = view.organization();
    sql::latest(view.connection(), organization, limit.min(MAX_ENTRIES)).await
}

/// Returns every key that ever signed, oldest first.
///
/// # Errors
/// If the database fails.
pub async fn keys_of_log(view: &mut View<'_>) -> Result<Vec<KeyOfLog>> {
    let organization = view.organization();
    sql::keys(view.connection(), organization).await
}

/// Returns whose signatures count: the log's keys with their sizes, and no witness.
///
/// # Errors
/// If the database fails, or a key is damaged.
pub async fn policy(view: &mut View<'_>) -> Result<Policy> {
    let organization = view.organization();
    let head = head(view).await?;
    Ok(keys::Ring::read(view.connection(), organization, &head).await?.policy)
}

/// Returns where checkpoints went or go, newest first.
///
/// # Errors
/// If the database fails.
pub async fn deliveries(view: &mut View<'_>) -> Result<Vec<Delivery>> {
    let organization = view.organization();
    outside::sql::deliveries(view.connection(), organization, MAX_ENTRIES).await
}

/// Returns what opens the commitments to why epochs began.
///
/// # Errors
/// If the database fails.
pub async fn epoch_reasons(view: &mut View<'_>) -> Result<Vec<Record>> {
    let organization = view.organization();
    sql::epoch_reasons(view.connection(), organization).await
}

/// Finds an entry by its id; none while it waits for its position.
///
/// # Errors
/// If the database fails.
pub async fn find(view: &mut View<'_>, id: Uuid) -> Result<Option<LogEntry>> {
    let organization = view.organization();
    sql::entry_by_id(view.connection(), organization, &id.to_string()).await
}

/// Returns when everything stored was last read and hashed again, with what came out.
///
/// # Errors
/// If the database fails.
pub async fn last_scrub(view: &mut View<'_>) -> Result<Option<Scrub>> {
    let organization = view.organization();
    sql::last_scrub(view.connection(), organization).await
}
