//! Content that is encrypted, erased, pruned or held, and what stays of it.

use std::fs;
use std::io::Cursor;

use bytes::Bytes;
use sqlx::AssertSqlSafe;
use tickmark_app::evidence::{self, Artifact, ArtifactKey, Content, Erasure, HoldScope, RemovalCause};
use tickmark_app::testing::World;
use tickmark_app::{Actor, App, Error, bundle, ledger};
use tickmark_core::id::{RunKey, TargetKey};
use tickmark_ledger::bundle::{Expectations, verify};
use tickmark_ledger::leaf::LeafKind;
use tickmark_ledger::policy::Policy;

use crate::evidence::artifact;
use crate::ledger::quiet;

/// Stores what a run sees of target 1.
async fn see(app: &App, actor: &Actor, run: i64, seen: &[(&str, &[u8])]) -> Vec<Artifact> {
    let artifacts: Vec<_> = seen.iter().map(|(name, bytes)| artifact(name, bytes)).collect();
    app.transact(actor, async |cx| evidence::store(cx, RunKey(run), Some(TargetKey(1)), &artifacts).await)
        .await
        .expect("storing")
}

async fn all(app: &App, actor: &Actor) -> Vec<Artifact> {
    app.read(actor, async |view| evidence::list(view, ArtifactKey(0), 100).await).await.expect("a list")
}

async fn assert_whole(app: &App, actor: &Actor, removed: u64) {
    app.sequence(actor).await.expect("sequencing");
    let scrub = app.fsck(actor, &quiet).await.expect("scrubbing");
    assert_eq!((scrub.count, scrub.removed), (0, removed), "{:?}", scrub.differences);
}

/// Files below the folder of objects.
fn objects(app: &App) -> usize {
    let folder = app.folder().blobs().join("sha256");
    let folders = fs::read_dir(folder).into_iter().flatten().flatten();
    folders.map(|folder| fs::read_dir(folder.path()).expect("a folder").count()).sum()
}

async fn erase(app: &App, person: &Actor, what: Erasure) -> Result<evidence::Erased, Error> {
    let erased = app
        .transact(person, async |cx| evidence::erase(cx, what, "Article 17, letter of May 3").await)
        .await?;
    app.remove_objects(person).await?;
    Ok(erased)
}

#[tokio::test]
async fn erased_content_is_gone_and_the_log_and_its_bundle_still_verify() {
    for world in World::both().await {
        let (app, actor) = world.start().await;
        let person = world.person(&app, &actor).await;
        let stored = see(&app, &actor, 1, &[("passwd", b"eve"), ("again", b"eve"), ("sshd", b"no")]).await;
        app.sequence(&actor).await.expect("sequencing");
        assert_eq!(objects(&app), 2);

        // One of two that share bytes: the other keeps them.
        let passwd = stored.iter().find(|artifact| artifact.name == "passwd").expect("passwd").key;
        let again = stored.iter().find(|artifact| artifact.name == "again").expect("again").key;
        let erased = erase(&app, &person, Erasure::Artifact(passwd)).await.expect("erased");
        assert_eq!((erased.artifacts, erased.still_held), (vec![passwd], vec![again]));
        assert_eq!(objects(&app), 2);
        let found = all(&app, &actor).await;
        let [gone, same] = [passwd, again].map(|key| found.iter().find(|a| a.key == key).expect("there"));
        assert!(matches!(gone.content, Content::Gone(removal) if removal.cause == RemovalCause::Erased));
        assert_eq!(gone.provenance, None);
        let error = evidence::read(&app, gone).await.expect_err("gone");
        assert!(error.to_string().contains("erased lawfully"), "{error}");
        assert_eq!(evidence::read(&app, same).await.expect("content"), &b"eve"[..]);
        assert_whole(&app, &actor, 1).await;

        // Then the bytes themselves.
        let erased = erase(&app, &person, Erasure::Stored(same.stored)).await.expect("erased");
        assert_eq!((erased.artifacts, erased.still_held), (vec![again], vec![]));
        assert_eq!(objects(&app), 1);
        assert_whole(&app, &actor, 2).await;
        for what in
            [Erasure::Artifact(again), Erasure::Stored(same.stored), Erasure::Artifact(ArtifactKey(99))]
        {
            let refused = erase(&app, &person, what).await.expect_err("nothing is there");
            assert!(matches!(refused, Error::Conflict(_) | Error::NotFound { .. }), "{refused:?}");
        }

        // The entry says what, on which basis as a commitment, and who approved; not the words.
        let entries =
            app.read(&actor, async |view| ledger::entries(view, 0, 100).await).await.expect("entries");
        let tombstones: Vec<_> = entries
            .iter()
            .map(|entry| entry.leaf().expect("a leaf"))
            .filter(|leaf| leaf.kind == LeafKind::EraseTombstone)
            .map(|leaf| leaf.body_value())
            .collect();
        assert_eq!(tombstones.len(), 2);
        assert_eq!(tombstones[0]["artifacts"][0]["commitment"], gone.commitment.to_string());
        assert_eq!(tombstones[0]["approver"], person.id.to_string());
        assert!(tombstones[0]["basis"].as_str().is_some_and(|text| text.starts_with("sha256:")));
        assert!(!entries.iter().any(|entry| String::from_utf8_lossy(&entry.content).contains("Article")));

        let exported = app.read(&actor, async |view| bundle::export(view).await).await.expect("a bundle");
        assert_eq!((exported.artifacts, exported.removed, exported.unreadable), (1, 2, 0));
        verifies(exported);
        // What is looked at again is stored again: the system still has it.
        assert_eq!(
            see(&app, &actor, 2, &[("passwd", b"eve"), ("again", b"eve"), ("sshd", b"no")]).await.len(),
            2
        );
        assert_whole(&app, &actor, 2).await;
    }
}

fn verifies(exported: bundle::Exported) {
    let key = exported.verifier_key.parse().expect("a key");
    let policy = Some(Policy::of_log(key).expect("a policy"));
    let answer = verify(Cursor::new(exported.zip), &Expectations { policy, ..Expectations::default() })
        .expect("a bundle");
    assert!(!answer.has_failed(), "{answer}");
    assert!(answer.uncommitted.is_empty(), "{:?}", answer.uncommitted);
}

#[tokio::test]
async fn a_crash_between_erasing_and_deleting_leaves_nothing_behind() {
    for world in World::both().await {
        let (app, actor) = world.start().await;
        let person = world.person(&app, &actor).await;
        let key = see(&app, &actor, 1, &[("passwd", b"eve")]).await[0].key;
        app.transact(&person, async |cx| evidence::erase(cx, Erasure::Artifact(key), "a request").await)
            .await
            .expect("erased");
        assert_eq!(objects(&app), 1);
        drop(app);
        let app = world.try_start().await.expect("the next start");
        assert_eq!(app.remove_objects(&actor).await.expect("deleting"), 1);
        assert_eq!((objects(&app), app.remove_objects(&actor).await.expect("again")), (0, 0));
        assert_whole(&app, &actor, 1).await;
    }
}

#[tokio::test]
async fn only_what_was_superseded_long_ago_is_pruned_and_holds_keep_it() {
    const DAY: i64 = 86_400;
    for world in World::both().await {
        let (app, actor) = world.start().await;
        let person = world.person(&app, &actor).await;
        see(&app, &actor, 1, &[("sshd", b"one"), ("hosts", b"same"), ("gone", b"x")]).await;
        world.wait(DAY);
        see(&app, &actor, 2, &[("sshd", b"two"), ("hosts", b"same")]).await;
        for version in [&b"draft"[..], b"final"] {
            app.transact(&actor, async |cx| {
                evidence::store_document(cx, "policy.txt", "text/plain", Bytes::copy_from_slice(version))
                    .await
            })
            .await
            .expect("a document");
        }
        let prunable = async || {
            let found = app.read(&actor, async |view| evidence::prunable(view).await).await.expect("a list");
            found.into_iter().map(|artifact| (artifact.name, artifact.hold)).collect::<Vec<_>>()
        };
        assert_eq!(prunable().await, []);
        app.transact(&person, async |cx| evidence::set_retention(cx, "evidence", 30).await)
            .await
            .expect("set");
        world.wait(29 * DAY);
        assert_eq!(prunable().await, []);
        world.wait(DAY);
        let names = |held: Option<i64>| vec![("gone".to_owned(), None), ("sshd".to_owned(), held)];
        assert_eq!(prunable().await, names(None));

        let sshd =
            all(&app, &actor).await.into_iter().find(|artifact| artifact.name == "sshd").expect("there");
        let hold = async |scope| {
            app.transact(&person, async |cx| evidence::place_hold(cx, scope, "case 7").await)
                .await
                .expect("a hold")
                .key
        };
        let first = hold(HoldScope::Artifact(sshd.key)).await;
        assert_eq!(prunable().await, names(Some(first)));
        let refused = erase(&app, &person, Erasure::Artifact(sshd.key)).await.expect_err("held");
        assert!(refused.to_string().contains("under legal hold 1"), "{refused}");
        let pruned = app.transact(&actor, async |cx| evidence::prune(cx).await).await.expect("pruned");
        assert_eq!((pruned.artifacts, pruned.bytes, pruned.held), (1, 1, 1));
        let before = objects(&app);
        assert_eq!(app.remove_objects(&actor).await.expect("deleting"), 1);
        assert_eq!(objects(&app), before - 1);
        assert_whole(&app, &actor, 1).await;

        app.transact(&person, async |cx| evidence::release_hold(cx, first).await).await.expect("released");
        let second = app.transact(&person, async |cx| evidence::release_hold(cx, first).await).await;
        assert!(matches!(second, Err(Error::NotFound { .. })));
        hold(HoldScope::All).await;
        assert_eq!(
            app.transact(&actor, async |cx| evidence::prune(cx).await).await.expect("nothing").artifacts,
            0
        );
        app.transact(&person, async |cx| evidence::release_hold(cx, 2).await).await.expect("released");
        assert_eq!(
            app.transact(&actor, async |cx| evidence::prune(cx).await).await.expect("one").artifacts,
            1
        );
        app.remove_objects(&actor).await.expect("deleting");
        assert_whole(&app, &actor, 2).await;
        let left: Vec<_> =
            all(&app, &actor).await.into_iter().filter(|a| !matches!(a.content, Content::Gone(_))).collect();
        let names: Vec<_> = left.iter().map(|artifact| artifact.name.as_str()).collect();
        assert_eq!(names, ["hosts", "sshd", "policy.txt", "policy.txt"]);
    }
}

#[tokio::test]
async fn a_lost_wrapping_key_costs_the_content_it_protects_and_nothing_else() {
    for world in World::both().await {
        let (app, actor) = world.start().await;
        let person = world.person(&app, &actor).await;
        see(&app, &actor, 1, &[("sshd", b"one")]).await;
        app.sequence(&actor).await.expect("sequencing");
        let keys = app.folder().keys();
        let key = fs::read_dir(&keys).expect("keys").flatten().map(|entry| entry.path());
        let key =
            key.into_iter().find(|path| path.display().to_string().contains("wrapping-")).expect("a key");
        let elsewhere = keys.join("elsewhere");
        fs::rename(&key, &elsewhere).expect("lost");

        let sshd = all(&app, &actor).await.remove(0);
        let error = evidence::read(&app, &sshd).await.expect_err("no key");
        assert!(
            matches!(error, Error::Unavailable { .. }) && error.to_string().contains("is not here; restore"),
            "{error}"
        );
        let refused = app
            .transact(&actor, async |cx| {
                evidence::store(cx, RunKey(2), Some(TargetKey(1)), &[artifact("sshd", b"two")]).await
            })
            .await
            .expect_err("nothing is stored plain instead");
        assert!(refused.to_string().contains("tickmark evidence rotate-key"), "{refused}");
        let scrub = app.fsck(&actor, &quiet).await.expect("scrubbing");
        assert_eq!((scrub.count, scrub.objects), (1, 1));
        assert!(
            scrub.differences[0].detail.contains("the content of 1 artifacts cannot be read"),
            "{:?}",
            scrub.differences
        );
        let exported = app.read(&actor, async |view| bundle::export(view).await).await.expect("a bundle");
        assert_eq!((exported.artifacts, exported.unreadable), (0, 1));
        verifies(exported);

        let rotated = evidence::rotate_wrapping_key(&app, &person, false).await.expect("a new key");
        assert_eq!((rotated.rewrapped, rotated.lost, rotated.destroyed), (0, 1, false));
        assert_eq!(see(&app, &actor, 2, &[("sshd", b"two")]).await.len(), 1);
        // The old one is found again: everything can be read, and one more change wraps it all.
        fs::rename(&elsewhere, &key).expect("found");
        assert_eq!(evidence::read(&app, &sshd).await.expect("content"), &b"one"[..]);
        let rotated = evidence::rotate_wrapping_key(&app, &person, false).await.expect("a new key");
        assert_eq!((rotated.rewrapped, rotated.lost, rotated.destroyed), (2, 0, true));
        assert_whole(&app, &actor, 0).await;
    }
}

#[tokio::test]
async fn a_change_of_the_wrapping_key_changes_no_stored_byte() {
    for world in World::both().await {
        let (mut app, actor) = world.start().await;
        let person = world.person(&app, &actor).await;
        let before = see(&app, &actor, 1, &[("sshd", b"one"), ("hosts", b"two")]).await;
        let rotated = evidence::rotate_wrapping_key(&app, &person, false).await.expect("a new key");
        assert_eq!((rotated.rewrapped, rotated.lost, rotated.destroyed), (2, 0, true));
        let after = all(&app, &actor).await;
        assert_eq!(
            before.iter().map(|a| a.stored).collect::<Vec<_>>(),
            after.iter().map(|a| a.stored).collect::<Vec<_>>()
        );
        assert_eq!(evidence::read(&app, &all(&app, &actor).await[1]).await.expect("content"), &b"one"[..]);
        assert_eq!(see(&app, &actor, 2, &[("sshd", b"one"), ("hosts", b"two")]).await.len(), 0);

        // From a file of the operator; its first key is the one for new artifacts.
        let file = world.folder().join("operators.keys");
        let line = |byte: u8| {
            use base64::Engine as _;
            format!(
                "tickmark-wrapping-key-1:{}\n",
                base64::engine::general_purpose::STANDARD.encode([byte; 32])
            )
        };
        fs::write(&file, format!("# ours\n{}", line(1))).expect("written");
        app.take_wrapping_keys_from(file.clone());
        assert_eq!(evidence::rotate_wrapping_key(&app, &person, false).await.expect("theirs").rewrapped, 2);
        let refused = evidence::rotate_wrapping_key(&app, &person, false).await.expect_err("the same key");
        assert!(matches!(refused, Error::Conflict(_)), "{refused:?}");
        fs::write(&file, line(2) + &line(1)).expect("written");
        assert_eq!(
            evidence::rotate_wrapping_key(&app, &person, false).await.expect("their next").rewrapped,
            2
        );
        fs::write(&file, line(2)).expect("written");
        assert_eq!(evidence::read(&app, &all(&app, &actor).await[1]).await.expect("content"), &b"one"[..]);
        fs::write(&file, "what is this\n").expect("written");
        let error = evidence::read(&app, &all(&app, &actor).await[1]).await.expect_err("no key");
        assert!(error.to_string().contains("line 1 is not a wrapping key"), "{error}");
        fs::write(&file, line(2)).expect("written");
        assert_whole(&app, &actor, 0).await;
    }
}

#[tokio::test]
async fn plain_artifacts_from_before_stay_readable_and_can_be_erased() {
    for world in World::both().await {
        let (app, actor) = world.start().await;
        let person = world.person(&app, &actor).await;
        // An organization from before artifacts were encrypted has no wrapping key.
        app.transact(&actor, async |cx| {
            sqlx::raw_sql(AssertSqlSafe("DELETE FROM wrapping_key".to_owned()))
                .execute(cx.connection())
                .await?;
            Ok(())
        })
        .await
        .expect("as before");
        let old = see(&app, &actor, 1, &[("sshd", b"one"), ("hosts", b"two")]).await;
        assert!(old.iter().all(|artifact| artifact.content == Content::Plain));
        let rotated = evidence::rotate_wrapping_key(&app, &person, false).await.expect("a first key");
        assert_eq!((rotated.from, rotated.rewrapped), (None, 0));
        assert_eq!(see(&app, &actor, 2, &[("sshd", b"one"), ("hosts", b"TWO")]).await.len(), 1);
        for artifact in all(&app, &actor).await {
            assert_eq!(evidence::read(&app, &artifact).await.expect("content").len(), 3);
        }
        assert_eq!(objects(&app), 3);
        erase(&app, &person, Erasure::Artifact(old[1].key)).await.expect("erased");
        assert_eq!(objects(&app), 2);
        assert_whole(&app, &actor, 1).await;
        let exported = app.read(&actor, async |view| bundle::export(view).await).await.expect("a bundle");
        assert_eq!((exported.artifacts, exported.removed), (2, 1));
        verifies(exported);
    }
}

#[tokio::test]
async fn programs_neither_erase_nor_hold_and_words_are_needed() {
    let world = World::sqlite();
    let (app, actor) = world.start().await;
    let person = world.person(&app, &actor).await;
    let key = see(&app, &actor, 1, &[("sshd", b"one")]).await[0].key;
    let what = Erasure::Artifact(key);
    let refused = app.transact(&actor, async |cx| evidence::erase(cx, what, "because").await).await;
    assert!(matches!(refused, Err(Error::Forbidden(_))));
    let refused =
        app.transact(&actor, async |cx| evidence::place_hold(cx, HoldScope::All, "because").await).await;
    assert!(matches!(refused, Err(Error::Forbidden(_))));
    let refused = app.transact(&person, async |cx| evidence::erase(cx, what, "  ").await).await;
    assert!(matches!(refused, Err(Error::Invalid(_))));
    let refused = app
        .transact(&person, async |cx| evidence::place_hold(cx, HoldScope::Target(TargetKey(9)), "x").await)
        .await;
    assert!(matches!(refused, Err(Error::NotFound { .. })));
    let refused = app.transact(&person, async |cx| evidence::set_retention(cx, "evidence", 0).await).await;
    assert!(matches!(refused, Err(Error::Invalid(_))));
}
