//! Ways on for a log that is behind what was released, or whose key others may hold.
//!
//! *Forward*: the missing entries are taken from an exported folder, if they extend what is there and lead to a root that
//! the log signed. *A new epoch*: the log goes on under a new origin with a new key. Its entries stay where they are, so
//! that everything that is there can still be proven; its `log.genesis` names the last checkpoint of the epoch before on
//! which others may rely, and what that epoch signed beyond is not claimed.

use std::path::Path;

use serde_json::json;
use tickmark_ledger::commitment::{RECORD_DOMAIN, Salt, commit};
use tickmark_ledger::directory::{self, Folder};
use tickmark_ledger::epoch::{Continued, Genesis, KeyRevoke, RevocationReason};
use tickmark_ledger::leaf::{Leaf, LeafBytes, LeafKind};
use tickmark_ledger::note::{Checkpoint, SignedCheckpoint};

use super::keys::{self, Ring};
use super::recover::check_stored;
use super::{Entry, Head, State, origin, outside, sql};
use crate::context::Cx;
use crate::{Action, Actor, App, Error, Result, observation};

/// Entries written at a time.
const PAGE: usize = 4096;
/// Most characters of a reason.
const MAX_REASON_CHARS: usize = 2000;
/// Entries that are taken from a folder at once.
const MAX_TAKEN: u64 = 5_000_000;

/// What was taken from an exported folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// Number of entries before.
    pub from: u64,
    /// Number of entries after.
    pub to: u64,
}

/// Why a log goes on under a new origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EpochCause {
    /// It is behind what was released.
    Restored,
    /// Its key is not to be trusted any more.
    Revoked(RevocationReason),
}

/// An epoch that began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEpoch {
    /// Its number.
    pub epoch: i64,
    /// Its origin.
    pub origin: String,
    /// Its first key.
    pub verifier_key: String,
    /// The checkpoint of the epoch before on which it builds.
    pub continues: Checkpoint,
    /// Whether somebody outside holds that checkpoint, as far as is known here.
    pub is_confirmed: bool,
    /// Number of entries that were there.
    pub began_at: u64,
}

impl App {
    /// Takes the entries that are missing here from an exported log.
    ///
    /// # Errors
    /// `Damaged` if the folder is not whole, `Conflict` if it does not extend what is there or not far enough. Then
    /// nothing was changed.
    pub async fn recover_forward(&self, actor: &Actor, folder: &Path) -> Result<Recovered> {
        let recovered = {
            // Nobody sequences meanwhile, and what this process knew is read again afterwards.
            let mut logs = self.logs.0.lock().await;
            let recovered = self.transact(actor, async |cx| take_entries(cx, folder).await).await;
            logs.insert(actor.organization.key.0, State::Unknown);
            recovered?
        };
        self.sequence(actor).await?;
        Ok(recovered)
    }

    /// Lets the log go on under a new origin with a new key. `reason` is for people; the log holds a commitment to it.
    ///
    /// # Errors
    /// `Conflict` if the log is not behind what was released and its key is to be trusted; `Damaged` if what is stored
    /// does not carry the signed head.
    pub async fn begin_epoch(&self, actor: &Actor, cause: EpochCause, reason: &str) -> Result<NewEpoch> {
        if reason.trim().is_empty() || reason.chars().count() > MAX_REASON_CHARS {
            return Err(Error::invalid(format!("a reason of 1 to {MAX_REASON_CHARS} characters is needed")));
        }
        let (begun, retired) = {
            let mut logs = self.logs.0.lock().await;
            let begun = self.transact(actor, async |cx| begin(cx, cause, reason).await).await;
            logs.insert(actor.organization.key.0, State::Unknown);
            begun?
        };
        self.sequence(actor).await?;
        for key in retired {
            keys::destroy(self, actor.organization.id, &key.key)?;
        }
        Ok(begun)
    }
}

async fn take_entries(cx: &mut Cx<'_>, folder: &Path) -> Result<Recovered> {
    cx.authorize(Action::Operate)?;
    let (org, organization) = (cx.organization(), cx.actor.organization.clone());
    let (head, frontier) = sql::head(cx.connection(), org).await?;
    let ring = Ring::read(cx.connection(), org, &head).await?;
    let (mut frontier, mut edge) = check_stored(cx.connection(), org, &ring.policy, &head, &frontier).await?;

    let mut missing: Vec<Vec<u8>> = Vec::new();
    let mut files = Folder(folder.to_owned());
    let report = directory::check(&mut files, &ring.policy, |index, bytes| {
        if index >= head.size && (missing.len() as u64) < MAX_TAKEN {
            missing.push(bytes.to_vec());
        }
    });
    let report = report.map_err(|error| Error::invalid(format!("{}: {error}", folder.display())))?;
    if let Some(problem) = report.problems.first() {
        let subject = format!("{}, {}", folder.display(), problem.subject);
        return Err(Error::corrupt(subject, &problem.problem));
    }
    let exported = report.checkpoint.checkpoint.clone();
    if exported.origin != head.origin || exported.size <= head.size {
        return Err(Error::conflict(format!(
            "{} holds {} entries of {}; {} has {} already",
            folder.display(),
            exported.size,
            exported.origin,
            head.origin,
            head.size
        )));
    }
    let mut leaves = Vec::with_capacity(missing.len());
    let mut full = Vec::new();
    for (index, bytes) in (head.size..).zip(missing) {
        let leaf = LeafBytes::new(bytes)
            .map_err(|error| Error::corrupt(format!("exported entry {index}"), error))?;
        frontier.push(leaf.hash());
        edge.push(leaf.hash(), &mut full);
        leaves.push(leaf);
    }
    if (frontier.size(), frontier.root()) != (exported.size, exported.root) || edge.root() != exported.root {
        return Err(Error::conflict(format!(
            "the {} entries here are not the first ones of {}: it does not extend this log",
            head.size,
            folder.display()
        )));
    }
    let to = Head {
        size: exported.size,
        root: exported.root,
        checkpoint: report.checkpoint.to_text(),
        updated_at: cx.now,
        ..head.clone()
    };
    for (page, first) in leaves.chunks(PAGE).zip((head.size..).step_by(PAGE)) {
        sql::insert_leaves(cx.connection(), org, first, page).await?;
    }
    sql::insert_tiles(cx.connection(), org, &full).await?;
    if !sql::advance(cx.connection(), org, head.size, &to, &frontier).await? {
        return Err(Error::unavailable("another node is writing the ledger; try again"));
    }
    sql::delete_sequenced(cx.connection(), org).await?;
    let app = cx.app;
    app.check_marks(cx.connection(), &organization, &ring.policy, &to).await?;
    let checkpoint = Continued::at(&exported);
    cx.record(LeafKind::RestoreEvent, &json!({"recovered_from": head.size, "checkpoint": checkpoint}))?;
    Ok(Recovered { from: head.size, to: exported.size })
}

async fn begin(
    cx: &mut Cx<'_>,
    cause: EpochCause,
    reason: &str,
) -> Result<(NewEpoch, Vec<tickmark_ledger::policy::LogKey>)> {
    cx.authorize(Action::Operate)?;
    let (org, organization, now, app) = (cx.organization(), cx.actor.organization.clone(), cx.now, cx.app);
    let (head, frontier) = sql::head(cx.connection(), org).await?;
    let ring = Ring::read(cx.connection(), org, &head).await?;
    check_stored(cx.connection(), org, &ring.policy, &head, &frontier).await?;
    let here = Checkpoint { origin: head.origin.clone(), size: head.size, root: head.root };
    let (continues, is_confirmed) = match cause {
        EpochCause::Restored => {
            let marks = app.marks(&organization, &ring.policy, &head)?;
            let beyond = marks.iter().filter(|mark| mark.size > head.size);
            let Some(furthest) = beyond.clone().map(|mark| mark.size).max() else {
                return Err(Error::conflict(
                    "the ledger is not behind what was released; a new epoch would gain nothing",
                ));
            };
            tracing::info!(furthest, "a new epoch begins");
            let known = beyond.filter_map(super::marks::Mark::checkpoint).max_by_key(|known| known.size);
            known.map_or((here, false), |known| (known, true))
        }
        EpochCause::Revoked(_) => {
            match outside::sql::newest_confirmed(cx.connection(), org, head.size).await? {
                Some(note) => {
                    let what = "a checkpoint that left the building";
                    let signed = SignedCheckpoint::parse(note.as_bytes())
                        .map_err(|error| Error::corrupt(what, error))?;
                    if signed.checkpoint.origin == head.origin {
                        (signed.checkpoint, true)
                    } else {
                        (here, false)
                    }
                }
                None => (here, false),
            }
        }
    };
    let epoch = head.epoch + 1;
    let origin = origin(organization.id, epoch);
    // Durable before anything names it.
    let signer = keys::create_next(app, organization.id, &origin, &ring)?;
    let empty = Checkpoint { origin: origin.clone(), size: head.size, root: head.root };
    let signed = empty.sign(&[signer.as_ref()]).map_err(keys::unsigned)?;
    let to = Head {
        origin: origin.clone(),
        verifier_key: signer.verifier().to_string(),
        epoch,
        checkpoint: signed.to_text(),
        updated_at: now,
        ..head.clone()
    };
    sql::end_keys(cx.connection(), org, continues.size).await?;
    sql::insert_key(cx.connection(), org, &to, head.size).await?;
    if !sql::change_epoch(cx.connection(), org, &head, &to).await? {
        return Err(Error::unavailable("another node is writing the ledger; try again"));
    }
    let salt = Salt(app.random());
    let committed = commit(&salt, RECORD_DOMAIN, reason.as_bytes()).digest();
    sql::insert_epoch(cx.connection(), org, &to, &continues, reason, &salt).await?;

    let continued = Continued::at(&continues);
    let genesis = Genesis {
        origin: origin.clone(),
        epoch: u64::try_from(epoch).unwrap_or_default(),
        verifier_key: to.verifier_key.clone(),
        leaf_format: 1,
        continues: Some(continued.clone()),
    };
    let mut entries = vec![entry(cx, LeafKind::LogGenesis, &genesis)?];
    if let EpochCause::Revoked(why) = cause {
        for key in &ring.active {
            let body = KeyRevoke { key: key.key.to_string(), last: continued.clone(), reason: why };
            entries.push(entry(cx, LeafKind::KeyRevoke, &body)?);
        }
    }
    let body = json!({"epoch": epoch, "entries": head.size, "continues": continued, "reason": committed});
    entries.push(entry(cx, LeafKind::RestoreEvent, &body)?);
    sql::insert_pending_first(cx.connection(), org, entries).await?;
    for (kind, body) in observation::restated(cx).await? {
        cx.record(kind, &body)?;
    }
    let begun = NewEpoch {
        epoch,
        origin,
        verifier_key: to.verifier_key,
        continues,
        is_confirmed,
        began_at: head.size,
    };
    Ok((begun, ring.active))
}

fn entry<T: serde::Serialize>(cx: &Cx<'_>, kind: LeafKind, body: &T) -> Result<Entry> {
    let id = cx.new_id();
    let leaf = Leaf::build(kind, &id.to_string(), cx.now.micros(), &cx.actor.id.to_string(), body)
        .map_err(|error| Error::internal(format!("recording {kind} in the ledger"), error))?;
    Ok(Entry { id, content: leaf.into_bytes() })
}
