//! A signing key that an agent holds: the log is signed by it, waits for it, and goes on with another.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tickmark_app::ledger::{self, LedgerSettings, MailTarget, Outside, Secret, SignerSettings};
use tickmark_app::port::{Answer, Letter, NotSent, Outbound, Post};
use tickmark_app::testing::World;
use tickmark_app::{Actor, App, Error};
use tickmark_ledger::note::{SignedCheckpoint, SignerKey};
use tickmark_store::{Access, Database, StoreError};

use crate::ledger::{quiet, record};

/// How an agent behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    Honest,
    Silent,
    /// It says that it does not hold the key.
    Refuses,
    /// It signs with a key that nobody asked for.
    Confused,
}

#[derive(Debug)]
struct Agent {
    held: [u8; 32],
    mood: Mutex<Mood>,
    /// A database to which somebody else writes while the agent signs.
    written: Mutex<Option<Written>>,
}

/// The file of a database, or the address of its server.
#[derive(Clone, Debug)]
struct Written {
    file: PathBuf,
    url: Option<String>,
}

impl Written {
    fn of(world: &World) -> Self {
        let file = world.folder().join("db/tickmark.sqlite");
        Self { file, url: world.database().url().map(str::to_owned) }
    }

    /// Changes the row that every batch changes, and undoes it, in a thread of its own.
    fn try_to(self) -> Result<(), StoreError> {
        let change = async move {
            let database = match &self.url {
                Some(url) => Database::open_postgres(url, Access::Write).await?,
                None => Database::open_sqlite(&self.file, Access::Write).await?,
            };
            let mut tx = database.write().await?;
            if self.url.is_some() {
                sqlx::query("SET LOCAL lock_timeout = '2s'").execute(&mut *tx).await?;
            }
            sqlx::query("UPDATE log_head SET updated_at = updated_at").execute(&mut *tx).await?;
            tx.rollback().await?;
            database.close().await;
            Ok(())
        };
        let alone = move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(change)
        };
        std::thread::spawn(alone).join().expect("a thread")
    }
}

fn string(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).expect("short");
    [length.to_be_bytes().as_slice(), bytes].concat()
}

impl Agent {
    fn key(seed: [u8; 32]) -> SignerKey {
        SignerKey::from_seed("any", &seed).expect("key")
    }

    /// The line that `ssh-add -L` prints.
    fn line(&self) -> String {
        let blob = [string(b"ssh-ed25519"), string(Self::key(self.held).verifier().public_key())].concat();
        format!("ssh-ed25519 {} token", STANDARD.encode(blob))
    }

    fn is(&self, mood: Mood) {
        *self.mood.lock().expect("lock") = mood;
    }
}

impl Outbound for Agent {
    fn post(&self, _: &Post) -> Result<Answer, NotSent> {
        Err(NotSent("nobody is there".into()))
    }

    fn mail(&self, _: &MailTarget, _: Option<&Secret>, _: &Letter) -> Result<(), NotSent> {
        Err(NotSent("nobody is there".into()))
    }

    fn ask_agent(&self, socket: &Path, request: &[u8], timeout_seconds: u32) -> Result<Vec<u8>, NotSent> {
        assert_eq!((socket, timeout_seconds), (Path::new("/run/agent"), 5));
        if let Some(written) = self.written.lock().expect("lock").take() {
            written.try_to().map_err(|error| NotSent(format!("nobody can write meanwhile: {error}")))?;
        }
        let seed = match *self.mood.lock().expect("lock") {
            Mood::Honest => self.held,
            Mood::Confused => [99; 32],
            Mood::Refuses => return Ok(vec![5]),
            Mood::Silent => return Err(NotSent("the agent took too long".into())),
        };
        let (key, held) = (Self::key(seed), Self::key(self.held));
        let blob = [string(b"ssh-ed25519"), string(held.verifier().public_key())].concat();
        let head = [vec![13], string(&blob)].concat();
        let body = request[4..].strip_prefix(head.as_slice()).expect("a request for the key that is held");
        let message = body[4..].strip_suffix(&[0; 4]).expect("no flags");
        let signature = key.sign(std::str::from_utf8(message).expect("text")).bytes;
        let answer = [string(b"ssh-ed25519"), string(&signature)].concat();
        Ok([vec![14], string(&answer)].concat())
    }
}

async fn start(world: &World, agent: &Arc<Agent>, public_key: Option<String>) -> (App, Actor) {
    let signer = SignerSettings { socket: PathBuf::from("/run/agent"), public_key, timeout_seconds: 5 };
    let settings = LedgerSettings { signer: Some(signer), ..LedgerSettings::default() };
    settings.validate().expect("settings");
    let outbound: Arc<dyn Outbound> = agent.clone();
    let app = world.try_start_with(Outside { settings, outbound }).await.expect("starting");
    let actor = app.ensure_organization("Example Ltd", "Example system").await.expect("an organization");
    (app, actor)
}

fn key_files(app: &App) -> usize {
    let names = fs::read_dir(app.folder().keys()).expect("keys").flatten();
    names.filter(|entry| entry.file_name().to_string_lossy().starts_with("log-")).count()
}

async fn accepted(app: &App, actor: &Actor) -> (ledger::Head, String) {
    let (head, policy) = app
        .read(actor, async |view| Ok((ledger::head(view).await?, ledger::policy(view).await?)))
        .await
        .expect("the head");
    let signed = SignedCheckpoint::parse(head.checkpoint.as_bytes()).expect("a checkpoint");
    let key = policy.accept(&signed).expect("accepted").log;
    let public_key = STANDARD.encode(key.public_key());
    (head, public_key)
}

#[tokio::test]
async fn an_agent_signs_the_log_which_waits_for_it() {
    for world in World::both().await {
        let agent =
            Arc::new(Agent { held: [1; 32], mood: Mutex::new(Mood::Honest), written: Mutex::new(None) });
        let held = STANDARD.encode(Agent::key([1; 32]).verifier().public_key());
        let (app, actor) = start(&world, &agent, Some(agent.line())).await;
        record(&app, &actor, 3).await;
        app.sequence(&actor).await.expect("sequencing");
        let (head, key) = accepted(&app, &actor).await;
        assert_eq!((head.size, key, key_files(&app)), (4, held.clone(), 0), "no file holds a key");

        // Whoever writes meanwhile need not wait for it; what is written afterwards is what was signed.
        for entries in [1, 5000] {
            record(&app, &actor, entries).await;
            *agent.written.lock().expect("lock") = Some(Written::of(&world));
            app.sequence(&actor).await.expect("sequencing");
            assert!(agent.written.lock().expect("lock").is_none(), "it was asked");
        }
        assert_eq!(app.sequence(&actor).await.expect("nothing to do").size, 5005);

        // Whatever it does instead of signing: nothing is released, nothing is lost.
        for (mood, expected) in [
            (Mood::Silent, "took too long"),
            (Mood::Refuses, "refused"),
            (Mood::Confused, "no signature of this text"),
        ] {
            agent.is(mood);
            record(&app, &actor, 1).await;
            let error = app.sequence(&actor).await.expect_err("nothing is signed");
            assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
            assert!(error.to_string().contains(expected), "{error}");
            assert_eq!(accepted(&app, &actor).await.0.size, 5005);
        }
        agent.is(Mood::Honest);
        assert_eq!(app.sequence(&actor).await.expect("sequencing").size, 5008);

        // The same key again is none to go on with.
        let same = app.rotate_key(&actor).await.expect_err("the same key");
        assert!(matches!(same, Error::Conflict(_)), "{same:?}");
        app.close().await;
        drop(app);

        // From the agent to a file: both sign until the overlap ends, then the agent is not asked any more.
        let (app, actor) = start(&world, &agent, None).await;
        app.rotate_key(&actor).await.expect("rotating");
        app.finish_rotation(&actor).await.expect("finished");
        agent.is(Mood::Silent);
        record(&app, &actor, 1).await;
        app.sequence(&actor).await.expect("sequencing");
        let (_, key) = accepted(&app, &actor).await;
        assert_ne!(key, held);
        assert_eq!((key_files(&app), app.fsck(&actor, &quiet).await.expect("scrubbing").count), (1, 0));
        app.close().await;
    }
}
