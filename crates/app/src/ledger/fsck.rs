//! Reading everything that is stored again, from the bytes up: entries, tiles, checkpoints, head, artifacts, facts and
//! blocks.
//!
//! Content that an entry says was erased or pruned is not missed: the entry decides, not a row.
//!
//! It starts from storage, not from what this program remembers, and rehashes stored bytes: a proof over hashes alone
//! would not notice an edited value.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sqlx::AnyConnection;
use tickmark_core::id::{OrganizationKey, RunKey};
use tickmark_core::{Digest, Timestamp};
use tickmark_ledger::commitment::ArtifactDescriptor;
use tickmark_ledger::leaf::LeafKind;
use tickmark_ledger::note::SignedCheckpoint;
use tickmark_ledger::policy::Policy;
use tickmark_ledger::tile::{Edge, FullTile, Tile, tile_bytes};
use tickmark_ledger::tree::{Frontier, hash_leaf};
use tickmark_store::StoreError;

use super::keys::Ring;
use super::recover::{check_signed, full_tiles};
use super::{LogEntry, marks, sql};
use crate::evidence::{Claim, Content};
use crate::observation::scrub::{self, Checked, Closed};
use crate::{Actor, App, Error, Result};

/// Differences that are described; more are only counted.
const MAX_DESCRIBED: usize = 100;
/// Entries or checkpoints read at a time.
const PAGE: u32 = 1000;

/// One thing that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// The thing.
    pub what: String,
    /// What differs.
    pub detail: String,
}

/// One reading of everything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scrub {
    /// When it ended.
    pub finished_at: Timestamp,
    /// Number of entries the head says.
    pub size: u64,
    /// Entries read and hashed.
    pub leaves: u64,
    /// Full tiles compared.
    pub tiles: u64,
    /// Artifacts read and hashed.
    pub objects: u64,
    /// Artifacts whose content is gone, erased lawfully or pruned, as entries say.
    #[serde(default)]
    pub removed: u64,
    /// Documents of facts read and hashed.
    #[serde(default)]
    pub facts: u64,
    /// Runs whose blocks were read and hashed.
    #[serde(default)]
    pub runs: u64,
    /// How many differences there are.
    pub count: u64,
    /// The first of them.
    pub differences: Vec<Difference>,
}

/// What is known halfway.
struct Scrubber {
    scrub: Scrub,
    frontier: Frontier,
    edge: Edge,
    /// Stored bytes that entries name, each with the commitments to its content.
    named: BTreeMap<Digest, BTreeSet<Digest>>,
    /// Commitments whose content entries say is gone.
    removed: BTreeSet<Digest>,
    /// What entries say about runs.
    closed: BTreeMap<RunKey, Closed>,
}

impl App {
    /// Reads and hashes again everything the organization's log commits to. Where writing is allowed the result is
    /// kept, so that pages can say when this was last done.
    ///
    /// `progress` hears how many entries and objects are done, and how many there are.
    ///
    /// # Errors
    /// Only if something cannot be read at all. What differs is in the result.
    pub async fn fsck(&self, actor: &Actor, progress: &(dyn Fn(u64, u64) + Send + Sync)) -> Result<Scrub> {
        let organization = &actor.organization;
        let mut tx = self.database.read().await?;
        let (head, frontier) = sql::head(&mut tx, organization.key).await?;
        let mut scrubber = Scrubber::new(self.now(), head.size);

        let ring = Ring::read(&mut tx, organization.key, &head).await?;
        if let Err(error) = ring.signers(self, organization.id) {
            scrubber.error(error);
        }
        let policy = ring.policy;
        if let Err(error) = check_signed(&policy, &head) {
            scrubber.error(error);
        }
        scrubber.entries(&mut tx, organization.key, &policy, progress).await?;
        if scrubber.frontier.size() != head.size {
            let found = scrubber.frontier.size();
            scrubber.found(
                "the table of ledger entries",
                format!("{found} entries are there, the head says {}", head.size),
            );
        }
        if scrubber.frontier.root() != head.root {
            let root = scrubber.frontier.root();
            scrubber.found(
                "the head of the ledger",
                format!("it says root {}, the entries lead to {root}", head.root),
            );
        }
        if frontier != scrubber.frontier.to_bytes() {
            scrubber
                .found("the frontier of the ledger", "it is not the one that the entries lead to".to_owned());
        }
        let tiles = sql::count_tiles(&mut tx, organization.key).await?;
        if tiles != full_tiles(scrubber.frontier.size()) {
            let expected = full_tiles(scrubber.frontier.size());
            scrubber
                .found("the table of tiles", format!("{tiles} tiles are there, the entries make {expected}"));
        }
        self.scrub_released(&mut scrubber, actor, &policy).await?;
        let claims = crate::evidence::claims(&mut tx, organization.key).await?;
        drop(tx);
        self.scrub_objects(&mut scrubber, claims, progress).await?;
        self.scrub_observations(&mut scrubber, actor).await?;

        let mut scrub = scrubber.scrub;
        scrub.finished_at = self.now();
        if self.may_write()
            && let Err(error) = self.keep_scrub(actor, &scrub).await
        {
            // On a full disk the answer matters more than its record.
            tracing::warn!(%error, "the result of the scrub could not be kept");
        }
        Ok(scrub)
    }

    async fn keep_scrub(&self, actor: &Actor, scrub: &Scrub) -> Result<()> {
        let mut tx = self.database.write().await?;
        sql::insert_scrub(&mut tx, actor.organization.key, scrub).await?;
        Ok(tx.commit().await?)
    }

    async fn scrub_released(&self, scrubber: &mut Scrubber, actor: &Actor, policy: &Policy) -> Result<()> {
        let path = marks::released_path(self, actor.organization.id);
        match marks::released(self, actor.organization.id) {
            Ok(None) => {}
            Ok(Some(signed)) => {
                if let Err(error) = policy.accept(&signed) {
                    scrubber.found(path.display().to_string(), error.to_string());
                } else if signed.checkpoint.size > scrubber.frontier.size() {
                    let (released, found) = (signed.checkpoint.size, scrubber.frontier.size());
                    scrubber.found(
                        "the ledger",
                        format!("it has {found} entries, a checkpoint over {released} was released"),
                    );
                }
            }
            Err(error) => scrubber.error(error),
        }
        Ok(())
    }

    async fn scrub_objects(
        &self,
        scrubber: &mut Scrubber,
        claims: Vec<Claim>,
        progress: &(dyn Fn(u64, u64) + Send + Sync),
    ) -> Result<()> {
        let mut by_object: BTreeMap<Digest, Vec<Claim>> =
            scrubber.named.keys().map(|digest| (*digest, Vec::new())).collect();
        for claim in claims {
            if !scrubber.named.contains_key(&claim.stored) {
                scrubber.found(claim.what(), "no ledger entry commits to its bytes".to_owned());
            }
            if !matches!(claim.content, Content::Gone(_)) {
                by_object.entry(claim.stored).or_default().push(claim);
            } else if scrubber.removed.contains(&claim.commitment) {
                scrubber.scrub.removed += 1;
            } else {
                scrubber.found(claim.what(), "its row says that it is gone, no ledger entry does".to_owned());
            }
        }
        // Without its wrapping key an artifact is whole and cannot be read; one line says so for all of a key.
        let mut unopened: BTreeMap<String, u64> = BTreeMap::new();
        let total = scrubber.scrub.leaves + by_object.len() as u64;
        for (digest, claims) in by_object {
            if claims.is_empty() && scrubber.is_removed(digest) {
                continue;
            }
            let named = |what: String| match claims.as_slice() {
                [] => what,
                [only] => format!("{what}, {}", only.what()),
                [first, rest @ ..] => format!("{what}, {} and {} more", first.what(), rest.len()),
            };
            match self.blobs.get(digest.0).await {
                Ok(bytes) => {
                    scrubber.scrub.objects += 1;
                    for claim in claims {
                        match (claim.check(self, &bytes), claim.content) {
                            (Ok(()), _) => {}
                            (Err(Error::Damaged { what, detail }), _) => scrubber.found(what, detail),
                            (Err(_), Content::Sealed(key)) => {
                                *unopened.entry(key.wrapped_by).or_default() += 1
                            }
                            (Err(error), _) => return Err(error),
                        }
                    }
                }
                Err(StoreError::Missing(what)) => scrubber.found(named(what), "it is missing".to_owned()),
                Err(StoreError::Corrupt { what, detail }) => scrubber.found(named(what), detail),
                Err(error) => return Err(error.into()),
            }
            progress(scrubber.scrub.leaves + scrubber.scrub.objects, total);
        }
        for (key, count) in unopened {
            let detail = format!(
                "it is not here, so the content of {count} artifacts cannot be read; their stored bytes are as written"
            );
            scrubber.found(format!("wrapping key {key}"), detail);
        }
        Ok(())
    }

    async fn scrub_observations(&self, scrubber: &mut Scrubber, actor: &Actor) -> Result<()> {
        let closed = std::mem::take(&mut scrubber.closed);
        let mut checked = Checked::default();
        let objects = self
            .read(actor, async |view| {
                scrub::check_runs(view, &closed, &mut checked).await?;
                scrub::facts_objects(view).await
            })
            .await?;
        for object in objects {
            scrub::check_facts(self, object, &mut checked).await?;
        }
        (scrubber.scrub.facts, scrubber.scrub.runs) = (checked.facts, checked.runs);
        for (what, detail) in checked.differences {
            scrubber.found(what, detail);
        }
        Ok(())
    }
}

impl Scrub {
    /// Returns one that read nothing.
    pub(super) fn at(finished_at: Timestamp) -> Self {
        Self {
            finished_at,
            size: 0,
            leaves: 0,
            tiles: 0,
            objects: 0,
            removed: 0,
            facts: 0,
            runs: 0,
            count: 0,
            differences: Vec::new(),
        }
    }

    fn add(&mut self, what: String, detail: String) {
        self.count += 1;
        if self.differences.len() < MAX_DESCRIBED {
            self.differences.push(Difference { what, detail });
        }
    }
}

impl Scrubber {
    fn new(now: Timestamp, size: u64) -> Self {
        Self {
            scrub: Scrub { size, ..Scrub::at(now) },
            frontier: Frontier::new(),
            edge: Edge::new(),
            named: BTreeMap::new(),
            removed: BTreeSet::new(),
            closed: BTreeMap::new(),
        }
    }

    /// Tells whether entries say of all content that was stored in an object that it is gone.
    fn is_removed(&self, object: Digest) -> bool {
        let commitments = self.named.get(&object);
        commitments.is_some_and(|all| all.iter().all(|one| self.removed.contains(one)))
    }

    fn found(&mut self, what: impl Into<String>, detail: String) {
        self.scrub.add(what.into(), detail);
    }

    fn error(&mut self, error: Error) {
        match error {
            Error::Damaged { what, detail } => self.found(what, detail),
            other => self.found("the ledger", other.to_string()),
        }
    }

    async fn entries(
        &mut self,
        tx: &mut AnyConnection,
        organization: OrganizationKey,
        policy: &Policy,
        progress: &(dyn Fn(u64, u64) + Send + Sync),
    ) -> Result<()> {
        let mut checkpoints = sql::checkpoints(tx, organization, 0, PAGE).await?.into_iter();
        let mut checkpoint = checkpoints.next();
        let mut full = Vec::new();
        let mut next = 0;
        loop {
            let page = sql::entries(tx, organization, next, PAGE).await?;
            let Some(last) = page.last() else { break };
            next = last.index + 1;
            for entry in page {
                if entry.index != self.frontier.size() {
                    self.found(
                        "the table of ledger entries",
                        format!(
                            "position {} is missing; nothing behind it was compared",
                            self.frontier.size()
                        ),
                    );
                    return Ok(());
                }
                self.entry(&entry);
                self.edge.push(hash_leaf(&entry.content), &mut full);
                for tile in full.drain(..) {
                    self.tile(tx, organization, &tile).await?;
                }
                while let Some((size, root, note)) =
                    checkpoint.take_if(|(size, ..)| *size == self.frontier.size())
                {
                    self.checkpoint(policy, size, root, &note);
                    checkpoint = checkpoints.next();
                    if checkpoint.is_none() {
                        checkpoints = sql::checkpoints(tx, organization, size, PAGE).await?.into_iter();
                        checkpoint = checkpoints.next();
                    }
                }
            }
            progress(self.scrub.leaves, self.scrub.size);
        }
        if let Some((size, ..)) = checkpoint {
            self.found(
                "the table of checkpoints",
                format!("one over {size} entries was signed, {} are there", self.frontier.size()),
            );
        }
        Ok(())
    }

    fn entry(&mut self, entry: &LogEntry) {
        let what = || format!("ledger entry {}", entry.index);
        let hash = hash_leaf(&entry.content);
        self.frontier.push(hash);
        self.scrub.leaves += 1;
        if hash != entry.hash {
            self.found(what(), format!("its bytes hash to {hash}, stored with it is {}", entry.hash));
        }
        match entry.leaf() {
            Ok(leaf) => {
                if leaf.id != entry.id {
                    self.found(
                        what(),
                        format!("its bytes say id {}, stored with it is {}", leaf.id, entry.id),
                    );
                }
                if let Err(detail) = self.said(leaf.kind, || leaf.body_value()) {
                    self.found(what(), detail);
                }
            }
            Err(error) => self.error(error),
        }
    }

    /// Takes from an entry what stored things are held against.
    fn said(&mut self, kind: LeafKind, body: impl Fn() -> serde_json::Value) -> Result<(), String> {
        match kind {
            LeafKind::EvidenceAdd => {
                for (stored, commitment) in artifacts(&body())? {
                    self.named.entry(stored).or_default().insert(commitment);
                }
            }
            LeafKind::EraseTombstone | LeafKind::RetentionPrune => self.removed.extend(removed(&body())?),
            LeafKind::RunClose => {
                let body: ClosedBody =
                    serde_json::from_value(body()).map_err(|error| format!("it closes no run: {error}"))?;
                self.closed.insert(body.run, Closed { blocks: body.blocks, facts: body.facts });
            }
            _ => {}
        }
        Ok(())
    }

    async fn tile(
        &mut self,
        tx: &mut AnyConnection,
        organization: OrganizationKey,
        tile: &FullTile,
    ) -> Result<()> {
        let path = Tile { level: tile.level, index: tile.index, width: 256 }.path();
        match sql::tile(tx, organization, tile.level, tile.index).await? {
            None => self.found(path, "the tile is missing".to_owned()),
            Some(bytes) if bytes != tile_bytes(&tile.hashes) => {
                self.found(path, "the tile is not the one that the entries make".to_owned());
            }
            Some(_) => self.scrub.tiles += 1,
        }
        Ok(())
    }

    fn checkpoint(&mut self, policy: &Policy, size: u64, root: tickmark_ledger::Hash, note: &str) {
        let what = || format!("the checkpoint over {size} entries");
        if root != self.frontier.root() {
            let computed = self.frontier.root();
            self.found(what(), format!("it says {root}, the entries lead to {computed}"));
        }
        match SignedCheckpoint::parse(note.as_bytes()) {
            Err(error) => self.found(what(), error.to_string()),
            Ok(signed) => {
                if let Err(error) = policy.accept(&signed) {
                    self.found(what(), error.to_string());
                } else if (signed.checkpoint.size, signed.checkpoint.root) != (size, root) {
                    self.found(what(), "its text does not say what its columns say".to_owned());
                }
            }
        }
    }
}

/// What a `run.close` entry says, as far as it matters here.
#[derive(Deserialize)]
struct ClosedBody {
    run: RunKey,
    #[serde(default)]
    blocks: Option<Digest>,
    #[serde(default)]
    facts: Option<Digest>,
}

/// Reads which stored bytes an `evidence.add` entry names, with the commitments to their content.
fn artifacts(body: &serde_json::Value) -> Result<Vec<(Digest, Digest)>, String> {
    let listed = body.get("artifacts").ok_or("it names no artifacts")?;
    let descriptors: Vec<ArtifactDescriptor> = Deserialize::deserialize(listed)
        .map_err(|error| format!("its artifacts are not described well: {error}"))?;
    let digest = |text: &str| text.parse().map_err(|error| format!("an artifact of it: {error}"));
    descriptors
        .iter()
        .map(|descriptor| Ok((digest(&descriptor.stored)?, digest(&descriptor.commitment)?)))
        .collect()
}

/// Reads which content an `erase.tombstone` or `retention.prune` entry says is gone.
fn removed(body: &serde_json::Value) -> Result<Vec<Digest>, String> {
    #[derive(Deserialize)]
    struct Gone {
        commitment: Digest,
    }
    let listed = body.get("artifacts").ok_or("it names no artifacts")?;
    let gone: Vec<Gone> = Deserialize::deserialize(listed)
        .map_err(|error| format!("what it says is gone is not described well: {error}"))?;
    Ok(gone.into_iter().map(|one| one.commitment).collect())
}
