//! Timestamps over checkpoints: an authority says that everything under a checkpoint existed at a moment.
//!
//! Asked is for the SHA-256 of the checkpoint's bytes. The answer is verified, kept as an artifact as it came, and
//! recorded in the log: so entries behind that record are known not to be older than the token.

use serde::Serialize;
use serde_json::json;
use tickmark_core::Timestamp;
use tickmark_core::time::SECOND_US;
use tickmark_ledger::Hash;
use tickmark_ledger::epoch::Continued;
use tickmark_ledger::leaf::LeafKind;
use tickmark_ledger::note::SignedCheckpoint;
use tickmark_ledger::timestamp::{MAX_RESPONSE_BYTES, Roots, Timestamped, Token, request};

use super::{PartyKind, publish, sql};
use crate::context::View;
use crate::ledger::marks::Mark;
use crate::ledger::settings::{AuthoritySettings, read_roots};
use crate::ledger::sql as log;
use crate::port::Post;
use crate::{Actor, App, Error, Result, evidence};

/// Media type of an authority's answer.
pub const MEDIA_TYPE: &str = "application/timestamp-reply";
const HOUR_US: i64 = 3600 * SECOND_US;
/// Anchors in one answer.
pub const MAX_ANCHORS: u32 = 1000;

/// A timestamp over a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Anchor {
    /// The authority, by its name in the settings.
    pub authority: String,
    /// Number of entries under the checkpoint.
    pub size: u64,
    /// The exact bytes of the checkpoint.
    pub note: String,
    /// Key of the artifact that holds the answer.
    pub artifact: i64,
    /// The checkpoint existed at this moment at the latest.
    pub latest_at: Timestamp,
    /// The token did not exist before this moment.
    pub earliest_at: Timestamp,
    /// End of the certificate behind it.
    pub expires_at: Timestamp,
}

/// What came of asking one authority.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Anchoring {
    /// The authority.
    pub authority: String,
    /// The timestamp; none if there was none.
    pub anchor: Option<Anchor>,
    /// What went wrong.
    pub problem: Option<String>,
}

impl App {
    /// Asks every authority for a timestamp over the newest checkpoint whose last one is older than the settings say;
    /// with `all` every authority.
    ///
    /// # Errors
    /// If the database fails. What an authority refused is in the answer, and nothing of it is kept.
    pub async fn anchor(&self, actor: &Actor, all: bool) -> Result<Vec<Anchoring>> {
        let outside = self.outside();
        let mut done = Vec::new();
        for authority in &outside.settings.authority {
            let (head, last) = {
                let mut tx = self.database.read().await?;
                let org = actor.organization.key;
                (log::head(&mut tx, org).await?.0, sql::newest_anchor(&mut tx, org, &authority.name).await?)
            };
            let pause = i64::from(outside.settings.anchor_every_hours) * HOUR_US;
            let is_due =
                last.as_ref().is_none_or(|last| last.latest_at.micros() + pause <= self.now().micros());
            let is_new = last.is_none_or(|last| last.size < head.size);
            if head.size == 0 || !is_new || !(all || is_due) {
                continue;
            }
            let anchored = self.anchor_with(actor, authority, head.checkpoint).await;
            let (anchor, problem) = match anchored {
                Ok(anchor) => (Some(anchor), None),
                Err(error) => {
                    let problem = publish::described(&error);
                    tracing::warn!(authority = authority.name, problem, "no timestamp");
                    (None, Some(problem))
                }
            };
            let org = actor.organization.key;
            self.note_party(org, PartyKind::Authority, &authority.name, problem.as_deref()).await?;
            done.push(Anchoring { authority: authority.name.clone(), anchor, problem });
        }
        Ok(done)
    }

    async fn anchor_with(
        &self,
        actor: &Actor,
        authority: &AuthoritySettings,
        note: String,
    ) -> Result<Anchor> {
        let what = "the head of the ledger";
        let signed = SignedCheckpoint::parse(note.as_bytes()).map_err(|error| Error::corrupt(what, error))?;
        let checkpoint = signed.checkpoint;
        let digest = Hash::of(note.as_bytes());
        let nonce = u64::from_be_bytes(self.random());
        let (answer, good) = self.ask(authority.clone(), digest, nonce).await?;
        let token = Hash::of(&answer);
        let anchor = self
            .transact(actor, async |cx| {
                let name = format!("timestamp/{}-{}.tsr", checkpoint.size, authority.name);
                let artifact = evidence::store_document(cx, &name, MEDIA_TYPE, answer.into()).await?;
                let anchor = Anchor {
                    authority: authority.name.clone(),
                    size: checkpoint.size,
                    note,
                    artifact: artifact.key.0,
                    latest_at: Timestamp::from_micros(good.latest_us),
                    earliest_at: Timestamp::from_micros(good.earliest_us),
                    expires_at: Timestamp::from_micros(good.expires_us),
                };
                let org = cx.organization();
                sql::insert_anchor(cx.connection(), org, &anchor).await?;
                let body = json!({
                    "authority": anchor.authority, "checkpoint": Continued::at(&checkpoint),
                    "digest": digest.digest(), "token": token.digest(),
                    "latest": anchor.latest_at.to_string(), "earliest": anchor.earliest_at.to_string(),
                });
                cx.record(LeafKind::TimeAnchor, &body)?;
                Ok(anchor)
            })
            .await?;
        self.note_mark(
            actor.organization.id,
            Mark {
                source: format!("timestamped by {}", authority.name),
                origin: checkpoint.origin,
                size: checkpoint.size,
                root: Some(checkpoint.root),
            },
        )?;
        self.sequence(actor).await?;
        Ok(anchor)
    }

    /// Asks an authority, and believes nothing that does not verify.
    async fn ask(
        &self,
        authority: AuthoritySettings,
        digest: Hash,
        nonce: u64,
    ) -> Result<(Vec<u8>, Timestamped)> {
        let outside = self.outside();
        let task = tokio::task::spawn_blocking(move || {
            let roots = read_roots(&authority)?;
            let post = Post {
                url: authority.url.clone(),
                media_type: "application/timestamp-query",
                headers: vec![("accept", MEDIA_TYPE.to_owned())],
                body: request(&digest, nonce),
                max_answer_bytes: MAX_RESPONSE_BYTES,
            };
            let answer = outside.outbound.post(&post).map_err(Error::unavailable)?;
            if answer.status != 200 {
                return Err(Error::unavailable(format!(
                    "the authority answered with status {}",
                    answer.status
                )));
            }
            let verify = || {
                let token = Token::of_response(&answer.body)?;
                token.check_imprint(&digest)?;
                token.check_nonce(nonce)?;
                token.verify(&roots)
            };
            let good = verify().map_err(Error::unavailable)?;
            Ok((answer.body, good))
        });
        task.await.map_err(|error| Error::internal("asking an authority", error))?
    }
}

/// Returns the roots of the authorities of the settings as PEM, as far as they are readable: for others to compare, not
/// to believe.
#[must_use]
pub fn authority_roots(app: &App) -> Option<String> {
    let outside = app.outside();
    let mut all: Option<Roots> = None;
    for roots in outside.settings.authority.iter().filter_map(|authority| read_roots(authority).ok()) {
        match &mut all {
            Some(all) => all.extend(roots),
            None => all = Some(roots),
        }
    }
    all.map(|roots| roots.to_pem())
}

/// Returns the timestamps over checkpoints, newest first, at most [`MAX_ANCHORS`].
///
/// # Errors
/// If the database fails.
pub async fn anchors(view: &mut View<'_>) -> Result<Vec<Anchor>> {
    let organization = view.organization();
    sql::anchors(view.connection(), organization, MAX_ANCHORS).await
}
