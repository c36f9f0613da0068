//! Cosignatures: second parties confirm that they saw one history of the log.
//!
//! A witness that does not answer stops nothing: the checkpoint is "unwitnessed" until enough of them cosigned. A witness
//! that remembers more than is here is a mark against rollback, and from then on nothing is signed.

use serde::Serialize;
use tickmark_core::Timestamp;
use tickmark_core::id::OrganizationKey;
use tickmark_core::time::SECOND_US;
use tickmark_ledger::note::{Note, SignedCheckpoint, VerifierKey};
use tickmark_ledger::witness::{ADD_CHECKPOINT, AddCheckpoint, MAX_BODY_BYTES, read_cosignature, read_size};

use super::{PartyKind, publish, sql};
use crate::context::View;
use crate::ledger::marks::Mark;
use crate::ledger::settings::WitnessSettings;
use crate::ledger::{State, prove, sql as log};
use crate::port::{Answer, Post};
use crate::{Actor, App, Error, Result};

/// Cosignatures in one answer.
pub const MAX_COSIGNATURES: u32 = 1000;

/// A cosignature over a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cosignature {
    /// Name of the witness' key.
    pub witness: String,
    /// Number of entries.
    pub size: u64,
    /// The signature line.
    pub line: String,
    /// The moment that the witness states.
    pub cosigned_at: Timestamp,
}

/// What came of asking one witness.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Witnessing {
    /// Name of the witness' key.
    pub witness: String,
    /// The cosignature; none if there was none.
    pub cosignature: Option<Cosignature>,
    /// What went wrong.
    pub problem: Option<String>,
}

/// How far the log is witnessed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Witnessed {
    /// How many witnesses are configured.
    pub witnesses: usize,
    /// How many of them have to cosign.
    pub needed: usize,
    /// The newest size that enough of them cosigned.
    pub size: Option<u64>,
    /// Whether that is the present one.
    pub is_current: bool,
}

impl App {
    /// Asks every configured witness to cosign the newest checkpoint.
    ///
    /// # Errors
    /// If the database fails, or the settings name something that is no witness. What a witness refused is in the answer.
    pub async fn request_cosignatures(&self, actor: &Actor) -> Result<Vec<Witnessing>> {
        let outside = self.outside();
        let mut done = Vec::new();
        for (settings, key) in outside.settings.witness.iter().zip(outside.settings.witness_keys()?) {
            let name = key.name().to_owned();
            let (cosignature, problem) = match self.cosign_with(actor, settings, &key).await {
                Ok(cosignature) => (Some(cosignature), None),
                Err(error) => {
                    let problem = publish::described(&error);
                    tracing::warn!(witness = name, problem, "no cosignature");
                    (None, Some(problem))
                }
            };
            let org = actor.organization.key;
            self.note_party(org, PartyKind::Witness, &name, problem.as_deref()).await?;
            done.push(Witnessing { witness: name, cosignature, problem });
        }
        Ok(done)
    }

    async fn cosign_with(
        &self,
        actor: &Actor,
        settings: &WitnessSettings,
        key: &VerifierKey,
    ) -> Result<Cosignature> {
        let (org, id) = (actor.organization.key, actor.organization.id);
        let (head, known) = {
            let mut tx = self.database.read().await?;
            (log::head(&mut tx, org).await?.0, sql::newest_cosignature(&mut tx, org, key.name()).await?)
        };
        if let Some(known) = known.as_ref().filter(|known| known.size == head.size) {
            return Ok(known.clone());
        }
        let what = "the head of the ledger";
        let signed = SignedCheckpoint::parse(head.checkpoint.as_bytes())
            .map_err(|error| Error::corrupt(what, error))?;
        let mut old = known.map_or(0, |known| known.size);
        // Once more if the witness says that it remembers another size.
        for _ in 0..2 {
            let answer = self.show(org, settings, &signed, old).await?;
            match answer.status {
                200 => {
                    let (signature, seconds) = read_cosignature(&answer.body, key, &signed.checkpoint)
                        .map_err(Error::unavailable)?;
                    let note = Note { text: String::new(), signatures: vec![signature] };
                    let seconds = i64::try_from(seconds).unwrap_or(0);
                    let cosignature = Cosignature {
                        witness: key.name().to_owned(),
                        size: head.size,
                        line: note.to_text().trim().to_owned(),
                        cosigned_at: Timestamp::from_micros(seconds.saturating_mul(SECOND_US)),
                    };
                    let mut tx = self.database.write().await?;
                    sql::insert_cosignature(&mut tx, org, &cosignature).await?;
                    tx.commit().await?;
                    let root = Some(signed.checkpoint.root);
                    self.note_mark(id, mark(key, &head.origin, head.size, root))?;
                    return Ok(cosignature);
                }
                409 => {
                    let size = read_size(&answer.body).map_err(Error::unavailable)?;
                    if size > head.size {
                        self.note_mark(id, mark(key, &head.origin, size, None))?;
                        self.logs.0.lock().await.insert(org.0, State::Unknown);
                        return Err(Error::unavailable(format!(
                            "witness {} cosigned {size} entries, here are {}: the database is older than what was \
                             signed, and nothing more is signed",
                            key.name(),
                            head.size
                        )));
                    }
                    if size == old {
                        return Err(Error::unavailable(format!(
                            "witness {} cosigned another history of {size} entries",
                            key.name()
                        )));
                    }
                    old = size;
                }
                status => {
                    let body = String::from_utf8_lossy(&answer.body).into_owned();
                    return Err(Error::unavailable(format!(
                        "it answered with status {status}: {}",
                        body.trim()
                    )));
                }
            }
        }
        Err(Error::unavailable(format!("witness {} does not settle on a size", key.name())))
    }

    async fn show(
        &self,
        org: OrganizationKey,
        settings: &WitnessSettings,
        signed: &SignedCheckpoint,
        old: u64,
    ) -> Result<Answer> {
        let size = signed.checkpoint.size;
        let proof = if old == 0 || old == size {
            Vec::new()
        } else {
            let mut tx = self.database.read().await?;
            let tiles = prove::tiles_for_consistency(&mut tx, org, old, size).await?;
            prove::consistency_hashes(old, size, &tiles)?
        };
        let request = AddCheckpoint { old_size: old, proof, checkpoint: signed.clone() };
        let post = Post {
            url: format!("{}/{ADD_CHECKPOINT}", settings.url.trim_end_matches('/')),
            media_type: "text/plain; charset=utf-8",
            headers: Vec::new(),
            body: request.to_text().into_bytes(),
            max_answer_bytes: MAX_BODY_BYTES,
        };
        let outside = self.outside();
        let task = tokio::task::spawn_blocking(move || outside.outbound.post(&post));
        let answer = task.await.map_err(|error| Error::internal("asking a witness", error))?;
        answer.map_err(Error::unavailable)
    }
}

fn mark(key: &VerifierKey, origin: &str, size: u64, root: Option<tickmark_ledger::Hash>) -> Mark {
    Mark { source: format!("cosigned by {}", key.name()), origin: origin.to_owned(), size, root }
}

/// Returns the cosignatures over checkpoints, newest first, at most [`MAX_COSIGNATURES`].
///
/// # Errors
/// If the database fails.
pub async fn cosignatures(view: &mut View<'_>) -> Result<Vec<Cosignature>> {
    let organization = view.organization();
    sql::cosignatures(view.connection(), organization, MAX_COSIGNATURES).await
}

/// Says how far the log is witnessed by those that the settings name. An unmet quorum stops nothing.
///
/// # Errors
/// If the database fails.
pub async fn witnessed(view: &mut View<'_>) -> Result<Witnessed> {
    let outside = view.app.outside();
    let names: Vec<String> =
        outside.settings.witness_keys()?.iter().map(|key| key.name().to_owned()).collect();
    let needed = outside.settings.quorum_of(names.len()).unwrap_or(names.len());
    let head = crate::ledger::head(view).await?;
    let found = cosignatures(view).await?;
    let count = |size: u64| {
        let cosigned = |name: &&String| found.iter().any(|line| line.size == size && line.witness == **name);
        names.iter().filter(cosigned).count()
    };
    let mut sizes: Vec<u64> = found.iter().map(|line| line.size).collect();
    sizes.dedup();
    let size = if names.is_empty() { None } else { sizes.into_iter().find(|size| count(*size) >= needed) };
    Ok(Witnessed { witnesses: names.len(), needed, size, is_current: size == Some(head.size) })
}
