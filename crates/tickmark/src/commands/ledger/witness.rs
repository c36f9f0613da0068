//! A small witness for somebody else's log, after C2SP `tlog-witness`.
//!
//! It persists before it answers, one request after the other. Its folder must never be restored from a copy: it would
//! forget what it cosigned, so a restored witness is a new witness and needs a new key.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use sha2::{Digest as _, Sha256};
use tickmark_ledger::note::{Checkpoint, Note, SignerKey, VerifierKey};
use tickmark_ledger::policy::{LogKey, Policy, Sizes};
use tickmark_ledger::witness::{ADD_CHECKPOINT, AddCheckpoint, MAX_BODY_BYTES, Refusal, SIZE_TYPE};
use tickmark_store::folder::write_durably;
use tokio::net::TcpListener;
use tokio::sync::Mutex;

use crate::clock;
use crate::failure::{Failure, Outcome};
use crate::output::Output;

/// What a witness works with; the lock lets one request in at a time.
#[derive(Debug)]
struct Witness {
    folder: PathBuf,
    signer: SignerKey,
    policy: Policy,
    turn: Mutex<()>,
}

pub(super) async fn run(
    state: &Path,
    name: Option<&str>,
    logs: &[String],
    listen: &str,
    output: &Output,
) -> Outcome {
    std::fs::create_dir_all(state)?;
    let lock = std::fs::File::create(state.join("lock"))?;
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::NonBlockingLockExclusive)
        .map_err(|_| Failure::Could(anyhow::anyhow!("{} is in use by another witness", state.display())))?;
    let signer = key(state, name)?;
    let keys = logs.iter().map(|text| {
        let key = text.parse::<VerifierKey>().map_err(|error| Failure::input(format!("--log: {error}")))?;
        Ok(LogKey { key, sizes: Sizes::ALL })
    });
    let policy = Policy::of_keys(keys.collect::<Outcome<Vec<_>>>()?).map_err(Failure::input)?;
    let listener = TcpListener::bind(listen)
        .await
        .map_err(|error| Failure::Could(anyhow::anyhow!("cannot listen on {listen}: {error}")))?;
    output.line(format!("witness {}", signer.verifier()));
    output.line(format!("listens on http://{}", listener.local_addr()?));
    let witness = Arc::new(Witness { folder: state.to_owned(), signer, policy, turn: Mutex::new(()) });
    let router = Router::new()
        .route(&format!("/{ADD_CHECKPOINT}"), post(add_checkpoint))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(witness);
    axum::serve(listener, router).with_graceful_shutdown(crate::commands::interrupted()).await?;
    drop(lock);
    Ok(())
}

fn key(state: &Path, name: Option<&str>) -> Outcome<SignerKey> {
    let path = state.join("witness.key");
    if let Ok(text) = std::fs::read_to_string(&path) {
        return text
            .trim_end()
            .parse()
            .map_err(|_| Failure::input(format!("{} holds no key", path.display())));
    }
    let name = name.ok_or_else(|| Failure::input("a new witness needs a --name"))?;
    let mut seed = [0; 32];
    clock::random(&mut seed);
    let signer = SignerKey::cosigner_from_seed(name, &seed)
        .map_err(|error| Failure::input(format!("--name: {error}")))?;
    write_durably(&path, format!("{}\n", signer.to_secret_text()).as_bytes())
        .map_err(tickmark_app::Error::from)?;
    Ok(signer)
}

async fn add_checkpoint(State(witness): State<Arc<Witness>>, body: Bytes) -> Response {
    let _turn = witness.turn.lock().await;
    match witness.answer(&body, clock::now().micros().div_euclid(1_000_000)) {
        Ok(lines) => lines.into_response(),
        Err(Answer::Refused(refusal)) => {
            let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::BAD_REQUEST);
            let media_type =
                if matches!(refusal, Refusal::Conflict(_)) { SIZE_TYPE } else { "text/plain; charset=utf-8" };
            (status, [(header::CONTENT_TYPE, media_type)], refusal.body()).into_response()
        }
        Err(Answer::Failed(error)) => {
            tracing::error!(error, "the witness cannot remember");
            (StatusCode::INTERNAL_SERVER_ERROR, "the witness cannot remember\n").into_response()
        }
    }
}

enum Answer {
    Refused(Refusal),
    Failed(String),
}

impl Witness {
    fn answer(&self, body: &[u8], now_s: i64) -> Result<String, Answer> {
        let request = AddCheckpoint::parse(body)
            .map_err(|error| Answer::Refused(Refusal::Malformed(error.to_string())))?;
        let checkpoint = &request.checkpoint.checkpoint;
        let path = self.folder.join(remembered_name(&checkpoint.origin));
        let newest = remembered(&path).map_err(Answer::Failed)?;
        request.check(&self.policy, newest.as_ref()).map_err(Answer::Refused)?;
        // Remembered first: an answer that gets lost does no harm, a forgotten one would.
        write_durably(&path, checkpoint.text().as_bytes())
            .map_err(|error| Answer::Failed(error.to_string()))?;
        let signature = self.signer.cosign(&checkpoint.text(), u64::try_from(now_s).unwrap_or(0));
        let note = Note { text: String::new(), signatures: vec![signature] };
        Ok(note.to_text().trim_start().to_owned())
    }
}

fn remembered_name(origin: &str) -> String {
    format!("log-{}.checkpoint", hex::encode(Sha256::digest(origin.as_bytes())))
}

fn remembered(path: &Path) -> Result<Option<Checkpoint>, String> {
    match std::fs::read_to_string(path) {
        Ok(text) => {
            Checkpoint::parse(&text).map(Some).map_err(|error| format!("{}: {error}", path.display()))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("{}: {error}", path.display())),
    }
}
