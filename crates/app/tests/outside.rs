//! Checkpoints that leave the building: places, authorities, witnesses. Nothing here needs a network; the program's own
//! tests send the same over loopback.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use tickmark_app::ledger::{
    self, AuthoritySettings, FileTarget, LedgerSettings, MailSecurity, MailTarget, Outside, Secret,
    WebhookTarget, WitnessSettings,
};
use tickmark_app::port::{Answer, Letter, NotSent, Outbound, Post};
use tickmark_app::testing::{Account, World};
use tickmark_app::{Actor, App, notice};
use tickmark_core::identity::Role;
use tickmark_core::program::reminder::Matter;
use tickmark_core::time::HOUR_US;
use tickmark_ledger::Hash;
use tickmark_ledger::note::{Checkpoint, Note, SignedCheckpoint, SignerKey};
use tickmark_ledger::policy::Policy;
use tickmark_ledger::timestamp::{Roots, Token, request};
use tickmark_ledger::witness::AddCheckpoint;

use crate::authority::{Authority, Kind};
use crate::ledger::{quiet, record};

/// How the authority misbehaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    Honest,
    WrongNonce,
    WrongImprint,
    Silent,
}

/// The world outside.
#[derive(Debug)]
pub(crate) struct Outdoors {
    authority: Option<Authority>,
    mood: Mutex<Mood>,
    hook_status: Mutex<u16>,
    posts: Mutex<Vec<Post>>,
    letters: Mutex<Vec<Letter>>,
    witness: SignerKey,
    remembered: Mutex<Option<Checkpoint>>,
    witness_answers: Mutex<bool>,
    log: Mutex<Option<Policy>>,
}

impl Outdoors {
    pub(crate) fn new(authority: Option<Authority>) -> Arc<Self> {
        Arc::new(Self {
            authority,
            mood: Mutex::new(Mood::Honest),
            hook_status: Mutex::new(204),
            posts: Mutex::default(),
            letters: Mutex::default(),
            witness: SignerKey::cosigner_from_seed("w.example/1", &[5; 32]).expect("key"),
            remembered: Mutex::default(),
            witness_answers: Mutex::new(true),
            log: Mutex::default(),
        })
    }

    fn cosign(&self, body: &[u8]) -> Answer {
        let request = AddCheckpoint::parse(body).expect("a request of the protocol");
        let mut remembered = self.remembered.lock().expect("lock");
        let policy = self.log.lock().expect("lock").clone().expect("the log is known");
        match request.check(&policy, remembered.as_ref()) {
            Err(refusal) => Answer { status: refusal.status(), body: refusal.body().into_bytes() },
            Ok(()) => {
                *remembered = Some(request.checkpoint.checkpoint.clone());
                let signature = self.witness.cosign(&request.checkpoint.note.text, 1_795_531_600);
                let note = Note { text: String::new(), signatures: vec![signature] };
                Answer { status: 200, body: note.to_text().trim_start().as_bytes().to_vec() }
            }
        }
    }
}

impl Outbound for Outdoors {
    fn post(&self, post: &Post) -> Result<Answer, NotSent> {
        match post.url.as_str() {
            "https://hook.example/in" => {
                self.posts.lock().expect("lock").push(post.clone());
                Ok(Answer { status: *self.hook_status.lock().expect("lock"), body: Vec::new() })
            }
            "https://tsa.example/" => {
                let authority = self.authority.as_ref().expect("an authority");
                let asked = match *self.mood.lock().expect("lock") {
                    Mood::Honest => post.body.clone(),
                    Mood::WrongNonce => {
                        let mut other = post.body.clone();
                        // The nonce stands before the last element, which has three bytes.
                        let at = other.len() - 4;
                        other[at] ^= 1;
                        other
                    }
                    Mood::WrongImprint => request(&Hash::of(b"something else"), 1),
                    Mood::Silent => return Err(NotSent("connection refused".into())),
                };
                Ok(Answer { status: 200, body: authority.answer(&asked) })
            }
            "https://w.example/add-checkpoint" if *self.witness_answers.lock().expect("lock") => {
                Ok(self.cosign(&post.body))
            }
            other => Err(NotSent(format!("nobody at {other}"))),
        }
    }

    fn mail(&self, _: &MailTarget, _: Option<&Secret>, letter: &Letter) -> Result<(), NotSent> {
        self.letters.lock().expect("lock").push(letter.clone());
        Ok(())
    }
}

fn settings() -> LedgerSettings {
    LedgerSettings {
        allowed_hosts: ["hook.example", "tsa.example", "w.example", "mail.example"]
            .map(str::to_owned)
            .to_vec(),
        ..LedgerSettings::default()
    }
}

pub(crate) async fn start(world: &World, settings: LedgerSettings, outside: &Arc<Outdoors>) -> (App, Actor) {
    settings.validate().expect("settings");
    let outbound: Arc<dyn Outbound> = outside.clone();
    let app = world.try_start_with(Outside { settings, outbound }).await.expect("starting");
    let actor = app.ensure_organization("Example Ltd", "Example system").await.expect("an organization");
    let policy = app.read(&actor, async |view| ledger::policy(view).await).await.expect("the policy");
    *outside.log.lock().expect("lock") = Some(policy);
    (app, actor)
}

#[tokio::test]
async fn checkpoints_arrive_everywhere_or_are_tried_again() {
    for world in World::both().await {
        let outside = Outdoors::new(None);
        let scratch = tempfile::tempdir().expect("scratch");
        let secret = scratch.path().join("secret");
        fs::write(&secret, "hunter2\n").expect("the secret");
        let settings = LedgerSettings {
            file: vec![FileTarget { name: "disk".into(), folder: scratch.path().join("far") }],
            webhook: vec![WebhookTarget {
                name: "hook".into(),
                url: "https://hook.example/in".into(),
                secret_file: secret,
            }],
            mail: vec![MailTarget {
                name: "box".into(),
                server: "mail.example".into(),
                security: MailSecurity::Starttls,
                roots_file: None,
                user: None,
                password_file: None,
                from: "a@example.org".into(),
                to: "b@example.org".into(),
            }],
            ..settings()
        };
        let (app, actor) = start(&world, settings, &outside).await;
        *outside.hook_status.lock().expect("lock") = 503;
        let deliveries = app.publish(&actor, false).await.expect("publishing");
        assert_eq!(deliveries.len(), 3);
        let hook = |deliveries: &[ledger::Delivery]| {
            deliveries.iter().find(|one| one.target == "hook").cloned().expect("a row")
        };
        let waiting = hook(&deliveries);
        assert_eq!(waiting.problem.as_deref(), Some("it answered with status 503"));
        assert_eq!((waiting.attempts, waiting.delivered_at), (1, None));
        // Not due yet, then due and answered.
        app.publish(&actor, false).await.expect("publishing");
        assert_eq!(outside.posts.lock().expect("lock").len(), 1);
        *outside.hook_status.lock().expect("lock") = 204;
        world.wait(61);
        let arrived = hook(&app.publish(&actor, false).await.expect("publishing"));
        assert_eq!((arrived.attempts, arrived.problem.as_deref()), (2, None));
        assert!(arrived.delivered_at.is_some() && arrived.due_at.is_none());
        app.publish(&actor, true).await.expect("publishing");
        assert_eq!(outside.posts.lock().expect("lock").len(), 2, "what arrived is not sent again");

        let head = app.read(&actor, async |view| ledger::head(view).await).await.expect("head");
        let post = outside.posts.lock().expect("lock")[1].clone();
        assert_eq!(post.body, head.checkpoint.as_bytes());
        let header =
            |name| post.headers.iter().find(|(known, _)| *known == name).expect("a header").1.clone();
        let message = [header("x-tickmark-timestamp").as_bytes(), b".", &post.body].concat();
        assert_eq!(header("x-tickmark-signature"), format!("sha256={}", hmac_of(b"hunter2", &message)));
        assert!(outside.letters.lock().expect("lock")[0].text.contains(&head.checkpoint));
        let folder = scratch.path().join("far").join(actor.organization.id.to_string());
        assert_eq!(fs::read_to_string(folder.join("checkpoint")).expect("a file"), head.checkpoint);

        // A newer one takes the place of one that did not arrive.
        *outside.hook_status.lock().expect("lock") = 500;
        record(&app, &actor, 1).await;
        app.sequence(&actor).await.expect("sequencing");
        app.publish(&actor, false).await.expect("publishing");
        record(&app, &actor, 1).await;
        app.sequence(&actor).await.expect("sequencing");
        let deliveries = app.publish(&actor, false).await.expect("publishing");
        let due: Vec<u64> =
            deliveries.iter().filter(|one| one.due_at.is_some()).map(|one| one.size).collect();
        assert_eq!(due, [3]);
        let all = fs::read_to_string(folder.join("checkpoints.txt")).expect("a file");
        assert_eq!(all.matches("\n\n\u{2014} ").count(), 3, "{all}");
        assert_eq!(fs::read_dir(folder.join("checkpoints")).expect("files").count(), 3);
    }
}

/// RFC 2104, computed by OpenSSL.
fn hmac_of(key: &[u8], message: &[u8]) -> String {
    let scratch = tempfile::tempdir().expect("scratch");
    fs::write(scratch.path().join("message"), message).expect("the message");
    let mut command = std::process::Command::new("openssl");
    command.current_dir(scratch.path()).args([
        "dgst",
        "-sha256",
        "-hmac",
        std::str::from_utf8(key).expect("text"),
    ]);
    let output =
        command.args(["-r", "message"]).output().expect("the program openssl is needed by this test");
    String::from_utf8_lossy(&output.stdout).split(' ').next().expect("a digest").to_owned()
}

pub(crate) fn with_authority(root: Vec<u8>) -> (tempfile::TempDir, LedgerSettings) {
    let scratch = tempfile::tempdir().expect("scratch");
    let roots_file: PathBuf = scratch.path().join("roots.pem");
    fs::write(&roots_file, root).expect("the roots");
    let authority = AuthoritySettings { name: "tsa".into(), url: "https://tsa.example/".into(), roots_file };
    (scratch, LedgerSettings { authority: vec![authority], ..settings() })
}

#[tokio::test]
async fn a_timestamp_is_kept_only_if_it_verifies() {
    for world in World::both().await {
        let authority = Authority::new(Kind::Curve);
        let (_scratch, settings) = with_authority(authority.root());
        let roots = Roots::from_pem(&authority.root()).expect("roots");
        let outside = Outdoors::new(Some(authority));
        let (app, actor) = start(&world, settings, &outside).await;
        for (mood, expected) in [
            (Mood::WrongNonce, "nonce differs"),
            (Mood::WrongImprint, "another digest"),
            (Mood::Silent, "connection refused"),
        ] {
            *outside.mood.lock().expect("lock") = mood;
            let done = app.anchor(&actor, true).await.expect("anchoring");
            let problem = done[0].problem.clone().expect("a problem");
            assert!(problem.contains(expected) && done[0].anchor.is_none(), "{problem}");
        }
        let head = app.read(&actor, async |view| ledger::head(view).await).await.expect("head");
        assert_eq!(head.size, 1, "nothing is kept of what was refused");

        *outside.mood.lock().expect("lock") = Mood::Honest;
        let done = app.anchor(&actor, false).await.expect("anchoring");
        let anchor = done[0].anchor.clone().unwrap_or_else(|| panic!("{done:?}"));
        assert_eq!((anchor.size, anchor.note.as_str()), (1, head.checkpoint.as_str()));
        // The artifact is the answer as it came.
        let bytes = app
            .read(&actor, async |view| {
                let artifact =
                    tickmark_app::evidence::find(view, tickmark_app::evidence::ArtifactKey(anchor.artifact))
                        .await?;
                tickmark_app::evidence::read(view.app, &artifact).await
            })
            .await
            .expect("the artifact");
        let token = Token::of_response(&bytes).expect("a token");
        token.check_imprint(&Hash::of(head.checkpoint.as_bytes())).expect("its checkpoint");
        let good = token.verify(&roots).expect("good");
        assert_eq!(good.latest_us, anchor.latest_at.micros());
        let entries = app.read(&actor, async |view| ledger::latest(view, 1).await).await.expect("entries");
        let last = String::from_utf8_lossy(&entries[0].content).into_owned();
        assert!(last.contains("time.anchor") && last.contains(&Hash::of(&bytes).digest()), "{last}");
        assert_eq!(app.fsck(&actor, &quiet).await.expect("scrubbing").count, 0);
    }
}

#[tokio::test]
async fn authorities_without_a_chosen_root_or_in_time_are_refused() {
    let stranger = Authority::new(Kind::Curve).root();
    for (kind, root, expected) in
        [(Kind::Curve, Some(stranger), "configured root"), (Kind::Expired, None, "was not valid at")]
    {
        let world = World::sqlite();
        let authority = Authority::new(kind);
        let (_scratch, settings) = with_authority(root.unwrap_or_else(|| authority.root()));
        let outside = Outdoors::new(Some(authority));
        let (app, actor) = start(&world, settings, &outside).await;
        let done = app.anchor(&actor, true).await.expect("anchoring");
        let problem = done[0].problem.clone().expect("a problem");
        assert!(problem.contains(expected), "{problem}");
    }
}

fn with_witness(outside: &Outdoors) -> LedgerSettings {
    let key = outside.witness.verifier().to_string();
    LedgerSettings { witness: vec![WitnessSettings { url: "https://w.example/".into(), key }], ..settings() }
}

#[tokio::test]
async fn witnesses_follow_the_log_and_stop_nothing() {
    for world in World::both().await {
        let outside = Outdoors::new(None);
        let (app, actor) = start(&world, with_witness(&outside), &outside).await;
        let witnessed =
            async || app.read(&actor, async |view| ledger::witnessed(view).await).await.expect("state");
        let grow = async |count| {
            record(&app, &actor, count).await;
            app.sequence(&actor).await.expect("sequencing")
        };
        let done = app.request_cosignatures(&actor).await.expect("asking");
        let cosignature = done[0].cosignature.clone().unwrap_or_else(|| panic!("{done:?}"));
        assert_eq!(cosignature.size, 1);
        assert!(witnessed().await.is_current);
        let mut head = grow(300).await;
        assert!(!witnessed().await.is_current, "unwitnessed");
        app.request_cosignatures(&actor).await.expect("asking");
        assert_eq!(witnessed().await.size, Some(head.size));

        *outside.witness_answers.lock().expect("lock") = false;
        grow(5).await;
        let done = app.request_cosignatures(&actor).await.expect("asking");
        assert!(done[0].problem.as_deref().is_some_and(|problem| problem.contains("nobody at")));
        head = grow(5).await;
        *outside.witness_answers.lock().expect("lock") = true;
        // The witness saw another size than we think, as when an answer got lost.
        let earlier =
            app.read(&actor, async |view| ledger::checkpoint_at(view, 306).await).await.expect("checkpoint");
        *outside.remembered.lock().expect("lock") = Some(earlier.checkpoint);
        let done = app.request_cosignatures(&actor).await.expect("asking");
        let cosignature = done[0].cosignature.clone().unwrap_or_else(|| panic!("{done:?}"));
        assert_eq!(cosignature.size, head.size);
        let line = format!(
            "{}\n{}\n",
            SignedCheckpoint::parse(head.checkpoint.as_bytes()).expect("head").note.text,
            cosignature.line
        );
        let note = Note::parse(line.as_bytes()).expect("a note");
        note.verify([&outside.witness.verifier()]).expect("the witness' signature");
    }
}

#[tokio::test]
async fn a_witness_that_remembers_more_stops_the_signing() {
    let world = World::sqlite();
    let outside = Outdoors::new(None);
    let (app, actor) = start(&world, with_witness(&outside), &outside).await;
    let head = app.read(&actor, async |view| ledger::head(view).await).await.expect("head");
    let ahead = Checkpoint { origin: head.origin, size: 900, root: head.root };
    *outside.remembered.lock().expect("lock") = Some(ahead);
    let done = app.request_cosignatures(&actor).await.expect("asking");
    assert!(
        done[0]
            .problem
            .as_deref()
            .is_some_and(|problem| problem.contains("cosigned 900 entries, here are 1"))
    );
    record(&app, &actor, 1).await;
    let error = app.sequence(&actor).await.expect_err("behind").to_string();
    assert!(error.contains("a checkpoint over 900 was released (cosigned by w.example/1)"), "{error}");
    assert!(error.contains("ledger recover") && error.contains("ledger new-epoch"), "{error}");
}

#[tokio::test]
async fn a_published_checkpoint_is_a_mark_even_if_the_whole_data_folder_is_an_old_copy() {
    let world = World::sqlite();
    let scratch = tempfile::tempdir().expect("scratch");
    let place = FileTarget { name: "disk".into(), folder: scratch.path().to_owned() };
    let settings = LedgerSettings { file: vec![place], ..settings() };
    let outside = Outdoors::new(None);
    let (app, _) = start(&world, settings.clone(), &outside).await;
    app.close().await;
    drop(app);
    let old = scratch.path().join("old");
    crate::rollback::copy_all(&world.folder(), &old);
    let (app, actor) = start(&world, settings.clone(), &outside).await;
    record(&app, &actor, 3).await;
    app.sequence(&actor).await.expect("sequencing");
    app.publish(&actor, false).await.expect("publishing");
    app.close().await;
    drop(app);
    fs::remove_dir_all(world.folder()).expect("losing everything");
    crate::rollback::copy_all(&old, &world.folder());
    let outbound: Arc<dyn Outbound> = outside.clone();
    let error = world.try_start_with(Outside { settings, outbound }).await.expect_err("behind").to_string();
    assert!(error.contains("has 1 entries, but a checkpoint over 4 was released"), "{error}");
}

/// What somebody was told of the ledger: what is read and what is not.
async fn told_of_the_ledger(world: &World, app: &App, account: &Account) -> (usize, usize) {
    let actor = account.actor(world, app).await;
    let all = app.read(&actor, async |view| notice::list(view).await).await.expect("listed");
    let (read, unread): (Vec<_>, Vec<_>) =
        all.into_iter().filter(|one| one.matter == Matter::Ledger).partition(|one| one.read_at.is_some());
    (read.len(), unread.len())
}

#[tokio::test]
async fn silence_outside_is_told_once_and_is_over_when_it_is_well_again() {
    for world in World::both().await {
        let outside = Outdoors::new(None);
        let (app, actor) = start(&world, with_witness(&outside), &outside).await;
        let owner = world.member(&app, &actor, "Ann", &[Role::Owner]).await;
        let manager = world.member(&app, &actor, "Cam", &[Role::ComplianceManager]).await;
        let other = world.member(&app, &actor, "Coo", &[Role::ControlOwner]).await;
        let ask = async || {
            record(&app, &actor, 1).await;
            app.sequence(&actor).await.expect("sequencing");
            app.request_cosignatures(&actor).await.expect("asking");
            app.remind(&actor).await.expect("reminded");
        };
        let silent = async || {
            let watched = app.read(&actor, async |view| ledger::watched(view).await).await.expect("watched");
            watched.silent().count()
        };
        let answers = |does: bool| *outside.witness_answers.lock().expect("lock") = does;
        answers(false);
        ask().await;
        // A little less than a day.
        world.clock.advance(23 * HOUR_US);
        ask().await;
        assert_eq!((silent().await, told_of_the_ledger(&world, &app, &manager).await), (0, (0, 0)));
        world.clock.advance(HOUR_US);
        ask().await;
        world.clock.advance(HOUR_US);
        ask().await;
        assert_eq!(silent().await, 1);
        for one in [&owner, &manager] {
            assert_eq!(told_of_the_ledger(&world, &app, one).await, (0, 1), "once, not each hour");
        }
        assert_eq!(told_of_the_ledger(&world, &app, &other).await, (0, 0), "it is not theirs");
        answers(true);
        ask().await;
        assert_eq!((silent().await, told_of_the_ledger(&world, &app, &manager).await), (0, (1, 0)));
        // The next silence is told anew.
        answers(false);
        ask().await;
        world.clock.advance(25 * HOUR_US);
        ask().await;
        assert_eq!(told_of_the_ledger(&world, &app, &manager).await, (1, 1));
        app.close().await;
    }
}

#[tokio::test]
async fn a_period_of_which_nobody_outside_sees_the_log_is_told_once() {
    for world in World::both().await {
        let outside = Outdoors::new(None);
        let (app, actor) = start(&world, LedgerSettings::default(), &outside).await;
        let manager = world.member(&app, &actor, "Cam", &[Role::ComplianceManager]).await;
        app.remind(&actor).await.expect("reminded");
        assert_eq!(told_of_the_ledger(&world, &app, &manager).await, (0, 0), "no period is open");
        let from = app.now();
        app.open_period(&actor, from, from.plus_micros(48 * HOUR_US)).await.expect("opened");
        for _ in 0..3 {
            app.remind(&actor).await.expect("reminded");
            world.clock.advance(HOUR_US);
        }
        assert_eq!(told_of_the_ledger(&world, &app, &manager).await, (0, 1));
        world.clock.advance(48 * HOUR_US);
        app.close_period(&actor, 1).await.expect("closed");
        app.remind(&actor).await.expect("reminded");
        assert_eq!(told_of_the_ledger(&world, &app, &manager).await, (1, 0), "it is over");
        app.close().await;
    }
}
