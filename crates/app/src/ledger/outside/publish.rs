//! Checkpoints leave the building: to folders, addresses and mailboxes.
//!
//! Each place gets the newest checkpoint; what could not be delivered is tried again, later and later, until it arrives
//! or a newer one takes its place. The log itself never waits for it.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::Serialize;
use sha2::Sha256;
use tickmark_core::id::OrganizationId;
use tickmark_core::time::SECOND_US;
use tickmark_core::{Digest, Timestamp};
use tickmark_ledger::note::SignedCheckpoint;
use tickmark_store::StoreError;
use tickmark_store::folder::write_durably;

use super::{PartyKind, sql};
use crate::ledger::marks::Mark;
use crate::ledger::settings::{self, FileTarget, LedgerSettings};
use crate::ledger::sql as log;
use crate::port::{Letter, Post};
use crate::{Actor, App, Error, Result};

/// How long a process has a delivery to itself.
const LEASE_US: i64 = 300 * SECOND_US;
/// Wait after the first failure; it doubles.
const FIRST_WAIT_US: i64 = 60 * SECOND_US;
/// Doublings at most: about eight hours.
const MAX_DOUBLINGS: i64 = 9;
/// Deliveries at once.
const MAX_DELIVERIES: u32 = 100;
/// Bytes of an answer that are read; only the status counts.
const MAX_ANSWER_BYTES: usize = 64 * 1024;
/// Characters of a problem that are kept.
const MAX_PROBLEM_CHARS: usize = 300;

/// A checkpoint on its way to a place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Delivery {
    /// Name of the place.
    pub target: String,
    /// Number of entries.
    pub size: u64,
    /// When it arrived; none while it did not.
    pub delivered_at: Option<Timestamp>,
    /// When it is tried again; none if it arrived or a newer one took its place.
    pub due_at: Option<Timestamp>,
    /// How often it was tried.
    pub attempts: u64,
    /// What went wrong last time.
    pub problem: Option<String>,
}

impl App {
    /// Brings the newest checkpoint to every configured place, and tries again what did not arrive. `all` tries even what
    /// is not due.
    ///
    /// # Errors
    /// If the database fails. What does not arrive is in the answer.
    pub async fn publish(&self, actor: &Actor, all: bool) -> Result<Vec<Delivery>> {
        let (org, id) = (actor.organization.key, actor.organization.id);
        let names = names(&self.outside().settings);
        let now = self.now();
        let mut tx = self.database.write().await?;
        let (head, _) = log::head(&mut tx, org).await?;
        if head.size > 0 {
            for name in &names {
                sql::enqueue_delivery(&mut tx, org, name, head.size, &head.checkpoint, now).await?;
            }
        }
        tx.commit().await?;
        let due = {
            let mut tx = self.database.read().await?;
            let until = if all { Timestamp::from_micros(i64::MAX) } else { now };
            sql::deliveries_due(&mut tx, org, until, MAX_DELIVERIES).await?
        };
        for (delivery, note) in due {
            if !names.contains(&delivery.target) {
                continue;
            }
            let mut tx = self.database.write().await?;
            let until = Timestamp::from_micros(now.micros() + LEASE_US);
            let is_ours = sql::claim_delivery(&mut tx, org, &delivery, until).await?;
            tx.commit().await?;
            if !is_ours {
                continue;
            }
            let outcome = self.deliver(id, &delivery.target, note.clone(), delivery.size).await;
            let doublings = i64::try_from(delivery.attempts).unwrap_or(MAX_DOUBLINGS).min(MAX_DOUBLINGS);
            let again = Timestamp::from_micros(now.micros() + (FIRST_WAIT_US << doublings));
            let problem = outcome.err().map(|error| described(&error));
            let mut tx = self.database.write().await?;
            sql::end_delivery(&mut tx, org, &delivery, self.now(), again, problem.as_deref()).await?;
            let (kind, now) = (PartyKind::Place, self.now());
            sql::note_party(&mut tx, org, kind, &delivery.target, now, problem.as_deref()).await?;
            tx.commit().await?;
            if let Some(problem) = problem {
                tracing::warn!(
                    target = delivery.target,
                    size = delivery.size,
                    problem,
                    "a checkpoint did not arrive"
                );
            } else if let Ok(signed) = SignedCheckpoint::parse(note.as_bytes()) {
                let checkpoint = signed.checkpoint;
                self.note_mark(
                    id,
                    Mark {
                        source: format!("published to {}", delivery.target),
                        origin: checkpoint.origin,
                        size: checkpoint.size,
                        root: Some(checkpoint.root),
                    },
                )?;
            }
        }
        let mut tx = self.database.read().await?;
        sql::deliveries(&mut tx, org, MAX_DELIVERIES).await
    }

    async fn deliver(&self, id: OrganizationId, target: &str, note: String, size: u64) -> Result<()> {
        let outside = self.outside();
        let now = self.now();
        let target = target.to_owned();
        let task = tokio::task::spawn_blocking(move || {
            let settings = &outside.settings;
            if let Some(place) = settings.file.iter().find(|place| place.name == target) {
                return to_folder(&folder_of(place, id), &note, size);
            }
            let not_sent = |error: crate::port::NotSent| Error::unavailable(error);
            if let Some(place) = settings.webhook.iter().find(|place| place.name == target) {
                let secret = settings::read_secret(&place.secret_file)?;
                let time = now.micros().div_euclid(SECOND_US).to_string();
                let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes())
                    .map_err(|error| Error::internal("signing a message", error))?;
                mac.update(time.as_bytes());
                mac.update(b".");
                mac.update(note.as_bytes());
                let signature = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
                let post = Post {
                    url: place.url.clone(),
                    media_type: "text/plain; charset=utf-8",
                    headers: vec![("x-tickmark-timestamp", time), ("x-tickmark-signature", signature)],
                    body: note.into_bytes(),
                    max_answer_bytes: MAX_ANSWER_BYTES,
                };
                let answer = outside.outbound.post(&post).map_err(not_sent)?;
                return if (200..300).contains(&answer.status) {
                    Ok(())
                } else {
                    Err(Error::unavailable(format!("it answered with status {}", answer.status)))
                };
            }
            let Some(place) = settings.mail.iter().find(|place| place.name == target) else { return Ok(()) };
            let password = place.password_file.as_deref().map(settings::read_secret).transpose()?;
            let letter = Letter {
                subject: format!("Tickmark checkpoint of {size} entries"),
                text: format!(
                    "Keep this message. Whoever holds this checkpoint can find out if the log is altered later;\n\
                     `tickmark ledger consistency {size} --root ROOT` compares, ROOT being the third line.\n\n{note}"
                ),
                html: None,
                id: None,
            };
            outside.outbound.mail(place, password.as_ref(), &letter).map_err(not_sent)
        });
        task.await.map_err(|error| Error::internal("delivering a checkpoint", error))?
    }
}

/// Returns the names of the places in the settings.
pub(in crate::ledger) fn names(settings: &LedgerSettings) -> Vec<String> {
    let files = settings.file.iter().map(|place| &place.name);
    let hooks = settings.webhook.iter().map(|place| &place.name);
    files.chain(hooks).chain(settings.mail.iter().map(|place| &place.name)).cloned().collect()
}

/// Returns the folder of an organization's checkpoints in a place.
pub(in crate::ledger) fn folder_of(target: &FileTarget, organization: OrganizationId) -> PathBuf {
    target.folder.join(organization.to_string())
}

/// Keeps a checkpoint in a folder: a file of its own that is never overwritten, a line in the file that only grows, and
/// the newest one under a fixed name, last.
fn to_folder(folder: &Path, note: &str, size: u64) -> Result<()> {
    // Sizes of one epoch say nothing about another's.
    let origin = Digest::of(note.lines().next().unwrap_or_default().as_bytes()).hex();
    let own = folder.join("checkpoints").join(format!("{}-{size:020}", &origin[..8]));
    let io = |error: io::Error| StoreError::io(format!("writing {}", folder.display()), error);
    fs::create_dir_all(folder.join("checkpoints")).map_err(io)?;
    match fs::read(&own) {
        Ok(found) if found == note.as_bytes() => {}
        Ok(_) => {
            return Err(Error::conflict(format!("{} is there and is another checkpoint", own.display())));
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let mut all = OpenOptions::new()
                .create(true)
                .append(true)
                .open(folder.join("checkpoints.txt"))
                .map_err(io)?;
            all.write_all(format!("{note}\n").as_bytes()).and_then(|()| all.sync_all()).map_err(io)?;
            write_durably(&own, note.as_bytes())?;
        }
        Err(error) => return Err(io(error).into()),
    }
    Ok(write_durably(&folder.join("checkpoint"), note.as_bytes())?)
}

/// Returns an error and what lies under it, shortened; foreign text loses its control characters.
pub(crate) fn described(error: &Error) -> String {
    let mut text = error.to_string();
    if let Some(source) = std::error::Error::source(error) {
        text = format!("{text}: {source}");
    }
    text.chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .take(MAX_PROBLEM_CHARS)
        .collect()
}
