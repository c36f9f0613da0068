//! Forms with files: read as they come, within limits, whole or not at all.
//!
//! The first field is the token. What is beyond a limit is let go by, so that the browser gets an answer it can show. A form
//! that came too late, from a session that is over or is not the one that it was made in, is not lost: its fields stand in the
//! answer, and its files are kept for an hour for whoever that session was of.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::extract::multipart::{Field, Multipart};
use axum::extract::{DefaultBodyLimit, FromRequest, Request};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use bytes::{Bytes, BytesMut};
use maud::{Markup, html};
use tickmark_app::evidence::item::{self, UPLOAD, Upload};
use tickmark_app::{Actor, App};
use tickmark_core::evidence::media::clean_name;
use tickmark_core::id::ActorId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};

use crate::WebState;
use crate::design::form::hidden;
use crate::design::size;
use crate::error::Refusal;
use crate::form::{self, Keeping, Kept, Sent, check};
use crate::identity::{self, Who};

/// How long a form with files may take, all in all.
pub(crate) const UPLOAD_TIME_LIMIT: Duration = Duration::from_secs(15 * 60);
/// The name of fields that hold files.
const FILES: &str = "files";
/// How long nothing may come.
const QUIET_LIMIT: Duration = Duration::from_secs(30);
/// Uploads that are held in memory at one time.
const AT_ONCE: usize = 4;
/// Uploads of one person at one time: nobody holds all turns.
const AT_ONCE_OF_ONE: usize = 2;
/// Seconds after which somebody who has too many tries again.
const AGAIN_SECONDS: i64 = 30;
/// How long what comes may be slow in the beginning.
const SLOW_LIMIT: Duration = Duration::from_secs(60);
/// Bytes in a second, on the average, below which an upload gives its turn to another one.
const LEAST_RATE: u64 = 8 << 10;
/// How long one waits for its turn.
const TURN_LIMIT: Duration = Duration::from_secs(20);
/// Bytes of one field that is no file.
const TEXT_BYTES: usize = 64 << 10;
/// Bytes of all fields of a form that are no files.
const ALL_TEXT_BYTES: usize = 2 << 20;
/// Fields of a form, files among them.
const FIELDS: usize = 500;
/// Bytes beyond the limit that are let go by for the sake of an answer.
const LET_GO_BYTES: usize = 4 * UPLOAD.request_bytes;

static TURNS: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(AT_ONCE)));
/// How many uploads of whom there are.
static PEOPLE: Mutex<BTreeMap<ActorId, usize>> = Mutex::new(BTreeMap::new());

/// What an upload has while it is in memory: one of the turns, and one of those of whoever sends it.
pub(crate) struct Turn {
    _turn: OwnedSemaphorePermit,
    _own: Own,
}

/// One of somebody's uploads, until it is dropped.
struct Own(ActorId);

impl Own {
    fn take(actor: ActorId) -> Result<Self, Refusal> {
        let mut people = people();
        let count = people.entry(actor).or_default();
        if *count >= AT_ONCE_OF_ONE {
            return Err(Refusal::TooMany(AGAIN_SECONDS));
        }
        *count += 1;
        Ok(Self(actor))
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        let mut people = people();
        match people.get_mut(&self.0) {
            Some(count) if *count > 1 => *count -= 1,
            _ => {
                people.remove(&self.0);
            }
        }
    }
}

fn people() -> MutexGuard<'static, BTreeMap<ActorId, usize>> {
    // The map is whole after any single change.
    PEOPLE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How fast an upload comes.
struct Pace {
    begun: Instant,
    bytes: u64,
}

impl Pace {
    fn begin() -> Self {
        Self { begun: Instant::now(), bytes: 0 }
    }

    /// Counts what came.
    ///
    /// # Errors
    /// If it comes so slowly that others would wait for its turn without end.
    fn count(&mut self, bytes: usize) -> Result<(), Refusal> {
        self.bytes = self.bytes.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
        if is_slow(self.begun.elapsed(), self.bytes) { Err(Refusal::Malformed) } else { Ok(()) }
    }
}

fn is_slow(taken: Duration, bytes: u64) -> bool {
    taken > SLOW_LIMIT && bytes < LEAST_RATE.saturating_mul(taken.as_secs())
}

/// Tells whether a request brings a form with files.
pub(crate) fn is_upload(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"multipart/form-data"))
}

/// A form with files that a member sent, without its token.
pub(crate) struct SentFiles {
    /// Its fields.
    pub(crate) sent: Sent,
    /// Its files, none where a field was left empty.
    pub(crate) files: Vec<Upload>,
    /// Why the files were not taken, in words; then there are none.
    pub(crate) refused: Option<String>,
    /// What is in memory counts until this is gone.
    pub(crate) turn: Turn,
}

/// Words of refusals that are about files which were handed in.
pub(crate) const ABOUT_FILES: [(&str, &str); 8] = [
    ("is larger than", "files"),
    ("is empty", "files"),
    ("no ending", "files"),
    ("its bytes are those", "files"),
    ("is a program", "files"),
    ("is an archive", "files"),
    ("private key", "files"),
    ("an item has at most", "files"),
];

/// The field that stands for files of a refused form that were kept, and the one that says which of them are handed in.
pub(crate) const KEPT: [&str; 2] = ["staged", "keep_staged"];

impl SentFiles {
    /// Puts the files that were kept when the form was refused before those that are chosen now.
    pub(crate) async fn with_kept(mut self, app: &App, actor: &Actor) -> Result<Self, Refusal> {
        let secret = self.sent.text(KEPT[0]);
        if secret.is_empty() || self.refused.is_some() {
            return Ok(self);
        }
        let mut files = kept_files(app, actor, &self.sent).await?;
        files.append(&mut self.files);
        if files.len() > UPLOAD.files {
            self.refused = Some(format!("at most {} files can be handed in at once", UPLOAD.files));
            files.clear();
        }
        let bytes: usize = files.iter().map(|file| file.bytes.len()).sum();
        if bytes > UPLOAD.request_bytes {
            let most = UPLOAD.request_bytes >> 20;
            self.refused =
                Some(format!("all files together are larger than {most} MB; hand in some of them first"));
            files.clear();
        }
        self.files = files;
        Ok(self)
    }
}

/// Returns the files that were kept when a form was refused, as far as it hands them in again.
pub(crate) async fn kept_files(app: &App, actor: &Actor, sent: &Sent) -> Result<Vec<Upload>, Refusal> {
    let secret = sent.text(KEPT[0]);
    if secret.is_empty() {
        return Ok(Vec::new());
    }
    let wanted = sent.all(KEPT[1]);
    let kept = item::staged(app, actor, &secret).await?.into_iter().enumerate();
    Ok(kept.filter(|(at, _)| wanted.contains(&at.to_string())).map(|(_, file)| file).collect())
}

/// Files of a form that is refused, kept for when it is sent again.
#[derive(Debug, Default)]
pub(crate) struct KeptFiles {
    secret: String,
    files: Vec<(String, u64)>,
}

impl KeptFiles {
    /// Keeps them, in place of those that were kept before.
    pub(crate) async fn keep(
        app: &App,
        actor: &Actor,
        sent: &Sent,
        files: &[Upload],
    ) -> Result<Self, Refusal> {
        drop_kept(app, actor, sent).await?;
        Ok(Self::hold(app, actor, files).await)
    }

    /// Keeps them beside those that were kept before. A form is not refused twice because there is no room.
    async fn hold(app: &App, actor: &Actor, files: &[Upload]) -> Self {
        let secret = item::stage(app, actor, files).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "files of a refused form are not kept");
            None
        });
        let named = |file: &Upload| (file.name.clone(), u64::try_from(file.bytes.len()).unwrap_or(u64::MAX));
        match secret {
            Some(secret) => Self { secret, files: files.iter().map(named).collect() },
            None => Self::default(),
        }
    }

    /// Whether there are any.
    pub(crate) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The fields that stand for all of them, where a form is sent again without being shown.
    pub(crate) fn pairs(&self) -> Vec<(String, String)> {
        if self.is_empty() {
            return Vec::new();
        }
        let wanted = (0..self.files.len()).map(|at| (KEPT[1].to_owned(), at.to_string()));
        std::iter::once((KEPT[0].to_owned(), self.secret.clone())).chain(wanted).collect()
    }

    /// What the form shows of them.
    pub(crate) fn draw(&self) -> Markup {
        self.drawn("Files chosen below are added.")
    }

    /// What a form of one file shows of it.
    pub(crate) fn draw_one(&self) -> Markup {
        self.drawn("A file chosen below takes its place.")
    }

    fn drawn(&self, chosen: &str) -> Markup {
        html! {
            @if !self.files.is_empty() {
                (hidden(KEPT[0], &self.secret))
                fieldset.field {
                    legend { "Files from before" }
                    div.choices {
                        @for (at, (name, bytes)) in self.files.iter().enumerate() {
                            label.choice { input type="checkbox" name=(KEPT[1]) value=(at) checked; span { (name) " " span.muted { (size(*bytes)) } } }
                        }
                    }
                    p.hint { "You need not choose them again: they are kept for an hour, for you alone. " (chosen) }
                }
            }
        }
    }
}

/// Takes away what was kept of a form that is done.
pub(crate) async fn drop_kept(app: &App, actor: &Actor, sent: &Sent) -> Result<(), Refusal> {
    let secret = sent.text(KEPT[0]);
    if secret.is_empty() {
        return Ok(());
    }
    Ok(item::unstage(app, actor, &secret).await?)
}

impl FromRequest<WebState> for SentFiles {
    type Rejection = Response;

    async fn from_request(request: Request, state: &WebState) -> Result<Self, Response> {
        let Some(Who::Member(actor)) = request.extensions().get::<Who>().cloned() else {
            return Err(Refusal::NotFound.into_response());
        };
        let (headers, path) = (request.headers().clone(), request.uri().path().to_owned());
        let turn = turn(actor.id).await.map_err(IntoResponse::into_response)?;
        let read = read(request, state, true).await.map_err(IntoResponse::into_response)?;
        if check(state, &headers, &read.token).is_ok() {
            let Read { pairs, files, refused, .. } = read;
            return Ok(Self { sent: Sent::of(pairs), files, refused, turn });
        }
        let fresh = form::token(state, &headers);
        let kept = keep_files(state, Some(&actor), read).await;
        Err(kept.answer(&headers, &path, Keeping::OtherSession(&fresh)))
    }
}

/// Answers somebody whose session ended before they sent a form with files. Of whoever the session was, the files are kept
/// too; of others only what they typed.
pub(crate) async fn keep(state: &WebState, parts: &Parts, body: Body) -> Result<Response, Refusal> {
    let was = identity::was(state, &parts.headers).await?;
    keep_of(state, parts, body, (was.as_ref(), Keeping::SignedOut)).await
}

/// Answers somebody who must first show again who they are.
pub(crate) async fn keep_for_proof(state: &WebState, parts: &Parts, body: Body) -> Result<Response, Refusal> {
    let actor = identity::was(state, &parts.headers).await?;
    let token = form::token(state, &parts.headers);
    keep_of(state, parts, body, (actor.as_ref(), Keeping::Proof(&token))).await
}

async fn keep_of(
    state: &WebState,
    parts: &Parts,
    body: Body,
    (whose, why): (Option<&Actor>, Keeping<'_>),
) -> Result<Response, Refusal> {
    let mut request = Request::from_parts(parts.clone(), body);
    DefaultBodyLimit::disable().apply(&mut request);
    let (turn, limit) = match whose {
        Some(actor) => (Some(turn(actor.id).await?), UPLOAD_TIME_LIMIT),
        None => (None, QUIET_LIMIT),
    };
    let read = timeout(limit, read(request, state, whose.is_some())).await;
    let read = read.map_err(|_| Refusal::SignedOut)??;
    if !form::has_text(&read.pairs) && read.files.is_empty() {
        return Err(Refusal::SignedOut);
    }
    let kept = keep_files(state, whose, read).await;
    drop(turn);
    Ok(kept.answer(&parts.headers, parts.uri.path(), why))
}

/// A form that came too late, as far as it is kept.
struct Late {
    pairs: Vec<(String, String)>,
    says: String,
}

impl Late {
    fn answer(&self, headers: &HeaderMap, path: &str, why: Keeping<'_>) -> Response {
        form::keep_as(headers, Kept { path, pairs: &self.pairs, files: Some(&self.says) }, why)
    }
}

/// Keeps the files of a form that came too late, and says what became of them.
async fn keep_files(state: &WebState, whose: Option<&Actor>, read: Read) -> Late {
    let Read { mut pairs, files, refused, has_files, .. } = read;
    let mut says = match refused {
        Some(why) => format!("Its files could not be kept: {why}. Choose them again."),
        None if has_files => "Its files could not be kept. Choose them again in the next step.".to_owned(),
        None => String::new(),
    };
    if let (Some(app), Some(actor), false) = (state.accounts(), whose, files.is_empty()) {
        // Those that were kept when it was refused before come first.
        let mut all = kept_files(app, actor, &Sent::of(pairs.clone())).await.unwrap_or_default();
        all.extend(files);
        let held = KeptFiles::hold(app, actor, &all).await;
        if !held.is_empty() {
            let names: Vec<&str> = all.iter().map(|file| file.name.as_str()).collect();
            says = format!(
                "Its files are kept for an hour, for you alone, once you are in: {}.",
                names.join(", ")
            );
            pairs.retain(|(name, _)| !KEPT.contains(&name.as_str()));
            pairs.extend(held.pairs());
        }
    }
    Late { pairs, says }
}

async fn turn(actor: ActorId) -> Result<Turn, Refusal> {
    let own = Own::take(actor)?;
    let turn = timeout(TURN_LIMIT, Arc::clone(&TURNS).acquire_owned())
        .await
        .map_err(|_| Refusal::Unavailable("too many uploads at one time".to_owned()))?
        .map_err(|_| Refusal::Unavailable("no uploads any more".to_owned()))?;
    Ok(Turn { _turn: turn, _own: own })
}

/// A form with files as it came.
#[derive(Default)]
struct Read {
    /// What its first field says; empty where that is no token.
    token: String,
    pairs: Vec<(String, String)>,
    files: Vec<Upload>,
    /// Why the files were not taken, in words; then there are none.
    refused: Option<String>,
    has_files: bool,
}

impl Read {
    fn take(&mut self, file_name: Option<String>, file: Result<Bytes, TooLarge>) {
        match file {
            Ok(bytes) if bytes.is_empty() && file_name.is_none() => return,
            Ok(_) if self.files.len() >= UPLOAD.files => {
                self.refused
                    .get_or_insert(format!("at most {} files can be handed in at once", UPLOAD.files));
            }
            Ok(bytes) => {
                self.files.push(Upload { name: file_name.unwrap_or_else(|| "file".to_owned()), bytes })
            }
            Err(TooLarge::File) => {
                let name = file_name.unwrap_or_else(|| "a file".to_owned());
                self.refused.get_or_insert(format!("{name} is larger than {} MB", UPLOAD.file_bytes >> 20));
            }
            Err(TooLarge::All) => {
                self.refused.get_or_insert(format!(
                    "all files together are larger than {} MB; hand in some of them first",
                    UPLOAD.request_bytes >> 20
                ));
            }
        }
        self.has_files = true;
        if self.refused.is_some() {
            self.files.clear();
        }
    }
}

/// Reads a form. Files are let go by where they are not wanted.
async fn read(request: Request, state: &WebState, wants_files: bool) -> Result<Read, Refusal> {
    let mut form = Multipart::from_request(request, state).await.map_err(|_| Refusal::Malformed)?;
    let mut read = Read::default();
    let (mut held, mut text_bytes, mut fields) = (0, 0, 0);
    let mut pace = Pace::begin();
    while let Some(field) = next(&mut form).await? {
        fields += 1;
        pace.count(0)?;
        if fields > FIELDS {
            return Err(Refusal::Malformed);
        }
        let name = field.name().unwrap_or_default().to_owned();
        let file_name = match field.file_name() {
            Some(file_name) => clean_name_or_none(file_name),
            // How some write a field of files that was left empty.
            None if name == FILES => None,
            None if name == "form" && fields == 1 => {
                read.token = text(field, &mut pace).await?;
                continue;
            }
            None => {
                let value = text(field, &mut pace).await?;
                text_bytes += value.len();
                if text_bytes > ALL_TEXT_BYTES {
                    return Err(Refusal::Malformed);
                }
                read.pairs.push((name, value));
                continue;
            }
        };
        if wants_files {
            let file = file(field, &mut held, &mut pace).await?;
            read.take(file_name, file);
        } else {
            read.has_files |= pass_by(field, &mut held, &mut pace).await? > 0;
        }
    }
    Ok(read)
}

/// The cleaned name of a file; none when it has no name at all, as where nothing was chosen.
fn clean_name_or_none(name: &str) -> Option<String> {
    (!name.is_empty()).then(|| clean_name(name))
}

enum TooLarge {
    File,
    All,
}

async fn next(form: &mut Multipart) -> Result<Option<Field<'_>>, Refusal> {
    let read = timeout(QUIET_LIMIT, form.next_field()).await.map_err(|_| Refusal::Malformed)?;
    read.map_err(|_| Refusal::Malformed)
}

async fn chunk(field: &mut Field<'_>) -> Result<Option<Bytes>, Refusal> {
    let read = timeout(QUIET_LIMIT, field.chunk()).await.map_err(|_| Refusal::Malformed)?;
    read.map_err(|_| Refusal::Malformed)
}

async fn text(mut field: Field<'_>, pace: &mut Pace) -> Result<String, Refusal> {
    let mut bytes = BytesMut::new();
    while let Some(chunk) = chunk(&mut field).await? {
        pace.count(chunk.len())?;
        if bytes.len() + chunk.len() > TEXT_BYTES {
            return Err(Refusal::Malformed);
        }
        bytes.extend_from_slice(&chunk);
    }
    String::from_utf8(bytes.to_vec()).map_err(|_| Refusal::Malformed)
}

/// Lets a file go by. Returns how many bytes it had.
async fn pass_by(mut field: Field<'_>, held: &mut usize, pace: &mut Pace) -> Result<usize, Refusal> {
    let before = *held;
    while let Some(chunk) = chunk(&mut field).await? {
        pace.count(chunk.len())?;
        *held += chunk.len();
        if *held > UPLOAD.request_bytes + LET_GO_BYTES {
            return Err(Refusal::Malformed);
        }
    }
    Ok(*held - before)
}

/// Reads a file. `held` counts the bytes of all of them, those that were let go by included.
async fn file(
    mut field: Field<'_>,
    held: &mut usize,
    pace: &mut Pace,
) -> Result<Result<Bytes, TooLarge>, Refusal> {
    let mut bytes = BytesMut::new();
    let mut refused = None;
    while let Some(chunk) = chunk(&mut field).await? {
        pace.count(chunk.len())?;
        *held += chunk.len();
        if *held > UPLOAD.request_bytes + LET_GO_BYTES {
            return Err(Refusal::Malformed);
        }
        if bytes.len() + chunk.len() > UPLOAD.file_bytes {
            refused.get_or_insert(TooLarge::File);
        } else if *held > UPLOAD.request_bytes {
            refused.get_or_insert(TooLarge::All);
        }
        if refused.is_some() {
            bytes = BytesMut::new();
        } else {
            bytes.extend_from_slice(&chunk);
        }
    }
    Ok(match refused {
        Some(too_large) => Err(too_large),
        None => Ok(bytes.freeze()),
    })
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn nobody_holds_all_turns() {
        let (one, other) = (ActorId(Uuid::from_u128(0xA1)), ActorId(Uuid::from_u128(0xA2)));
        let first = Own::take(one).map_err(|_| "refused").expect("a turn");
        let second = Own::take(one).map_err(|_| "refused").expect("another one");
        assert!(matches!(Own::take(one), Err(Refusal::TooMany(_))));
        assert!(Own::take(other).is_ok(), "others are not bound by it");
        drop(first);
        assert!(Own::take(one).is_ok());
        drop(second);
        assert!(!people().contains_key(&one), "nothing is kept of whoever has none");
    }

    #[test]
    fn what_trickles_gives_its_turn_to_others() {
        let seconds = Duration::from_secs;
        for (taken, bytes, is_too_slow) in [
            (0, 0, false),
            // It may be slow in the beginning.
            (60, 1, false),
            (61, 1, true),
            (61, 61 * LEAST_RATE, false),
            (900, 900 * LEAST_RATE - 1, true),
            (900, 900 * LEAST_RATE, false),
        ] {
            assert_eq!(is_slow(seconds(taken), bytes), is_too_slow, "{bytes} bytes in {taken} seconds");
        }
    }
}
