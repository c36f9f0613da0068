//! Many write while many read: each reader verifies what it reads against one shared checkpoint that only ever goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;
use tickmark_app::port::Entropy as _;
use tickmark_app::testing::{TestEntropy, World};
use tickmark_app::{Actor, App, Result, ledger};
use tickmark_ledger::leaf::LeafKind;
use tickmark_ledger::note::{Checkpoint, SignedCheckpoint};
use tickmark_ledger::policy::Policy;
use tickmark_ledger::tree::{hash_leaf, verify_consistency, verify_inclusion};
use tokio::sync::Mutex;

use crate::ledger::quiet;

const WRITERS: u64 = 6;
const READERS: u64 = 4;
/// Changes of each writer.
const CHANGES: usize = 12;

/// The newest checkpoint that any reader has seen.
type Shared = Arc<Mutex<Option<Checkpoint>>>;

async fn write(app: &App, actor: &Actor, writer: u64) {
    for n in 0..CHANGES {
        app.transact(actor, async |cx| {
            for part in 0..=n % 4 {
                cx.record(LeafKind::Heartbeat, &json!({"writer": writer, "n": n, "part": part}))?;
            }
            Ok(())
        })
        .await
        .expect("recording");
        if n % 3 == 0 {
            app.sequence(actor).await.expect("sequencing");
        }
    }
}

/// Takes the present checkpoint, proves that it goes on from the shared one, and puts it in its place.
async fn go_on(app: &App, actor: &Actor, policy: &Policy, shared: &Shared) -> Checkpoint {
    let mut known = shared.lock().await;
    let head = app.read(actor, async |view| ledger::head(view).await).await.expect("a head");
    let signed = SignedCheckpoint::parse(head.checkpoint.as_bytes()).expect("a checkpoint");
    policy.accept(&signed).expect("signed by the log");
    let new = signed.checkpoint;
    if let Some(old) = known.as_ref() {
        assert!(old.size <= new.size, "the log had {} entries and has {}", old.size, new.size);
        let proof = app
            .read(actor, async |view| ledger::prove_consistency(view, old.size, new.size).await)
            .await
            .expect("a proof");
        verify_consistency(old.size, &old.root, new.size, &new.root, &proof.hashes).expect("one history");
    }
    *known = Some(new.clone());
    new
}

/// Proves an entry under the newest checkpoint, which must itself go on from the one that was taken.
async fn read(app: &App, actor: &Actor, taken: &Checkpoint, index: u64) -> Result<()> {
    app.read(actor, async |view| {
        let proof = ledger::prove_inclusion(view, index).await?;
        let entry = ledger::entries(view, index, 1).await?.remove(0);
        let signed = SignedCheckpoint::parse(proof.checkpoint.as_bytes()).expect("a checkpoint");
        let Checkpoint { size, root, .. } = signed.checkpoint;
        verify_inclusion(&hash_leaf(&entry.content), index, size, &proof.hashes, &root).expect("included");
        let step = ledger::prove_consistency(view, taken.size, size).await?;
        verify_consistency(taken.size, &taken.root, size, &root, &step.hashes).expect("one history");
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_verify_against_one_checkpoint_that_only_goes_on_while_others_write() {
    for world in World::both().await {
        let (app, actor) = world.start().await;
        let head = app.sequence(&actor).await.expect("sequencing");
        let policy = Policy::of_log(head.verifier_key.parse().expect("a key")).expect("a policy");
        let (app, actor, policy) = (Arc::new(app), Arc::new(actor), Arc::new(policy));
        let (shared, is_over): (Shared, _) = (Arc::default(), Arc::new(AtomicBool::new(false)));
        let readers: Vec<_> = (0..READERS)
            .map(|reader| {
                let (app, actor, policy) = (app.clone(), actor.clone(), policy.clone());
                let (shared, is_over) = (shared.clone(), is_over.clone());
                tokio::spawn(async move {
                    let entropy = TestEntropy::of(reader);
                    let mut verified = 0;
                    while !is_over.load(Ordering::SeqCst) || verified == 0 {
                        let taken = go_on(&app, &actor, &policy, &shared).await;
                        let mut bytes = [0; 8];
                        entropy.fill(&mut bytes);
                        let index = u64::from_be_bytes(bytes) % taken.size;
                        read(&app, &actor, &taken, index).await.expect("verified");
                        verified += 1;
                    }
                    verified
                })
            })
            .collect();
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let (app, actor) = (app.clone(), actor.clone());
                tokio::spawn(async move { write(&app, &actor, writer).await })
            })
            .collect();
        for writer in writers {
            writer.await.expect("a writer");
        }
        is_over.store(true, Ordering::SeqCst);
        for reader in readers {
            assert!(reader.await.expect("a reader") > 0);
        }
        // One to four entries in turn.
        let entries = 1 + WRITERS * (CHANGES as u64) * 5 / 2;
        assert_eq!(app.sequence(&actor).await.expect("sequencing").size, entries);
        let last = go_on(&app, &actor, &policy, &shared).await;
        assert_eq!(last.size, entries);
        assert_eq!(app.fsck(&actor, &quiet).await.expect("scrubbing").count, 0);
    }
}
