use bytes::Bytes;
use tickmark_app::evidence::{self, ArtifactKey};
use tickmark_app::testing::World;
use tickmark_app::{Error, ledger};
use tickmark_core::evidence::{Method, Provenance, RawArtifact};
use tickmark_core::id::{RunKey, TargetKey};
use tickmark_core::{Digest, Timestamp};
use tickmark_ledger::commitment::{ARTIFACT_DOMAIN, ArtifactDescriptor, RECORD_DOMAIN, commit};

use crate::ledger::quiet;

pub(crate) fn artifact(name: &str, bytes: &[u8]) -> RawArtifact {
    let at = Timestamp::from_seconds(1_795_531_500);
    RawArtifact {
        name: name.to_owned(),
        media_type: "text/plain; charset=utf-8".to_owned(),
        bytes: bytes.to_vec(),
        provenance: Provenance {
            method: Method::File { path: format!("/etc/{name}") },
            started: at,
            finished: at,
            user: "root".to_owned(),
            truncated: false,
            original_bytes: bytes.len() as u64,
            redactions: Vec::new(),
        },
    }
}

/// A run, what it sees, and how many artifacts of that are new.
type Look<'a> = (i64, &'a [(&'a str, &'a [u8])], usize);

#[tokio::test]
async fn what_each_run_saw_is_known_and_only_changes_are_written() {
    for world in World::both().await {
        let (app, actor) = world.start().await;
        let target = TargetKey(1);
        let runs: [Look; 4] = [
            (1, &[("a", b"one"), ("b", b"two")], 2),
            (2, &[("a", b"one"), ("b", b"two")], 0),
            (3, &[("a", b"ONE")], 1),
            (4, &[("a", b"one"), ("b", b"two")], 2),
        ];
        for (run, seen, new) in runs {
            let artifacts: Vec<_> = seen.iter().map(|(name, bytes)| artifact(name, bytes)).collect();
            let stored = app
                .transact(&actor, async |cx| evidence::store(cx, RunKey(run), Some(target), &artifacts).await)
                .await
                .expect("storing");
            assert_eq!(stored.len(), new, "run {run}");
        }
        for (run, seen, _) in runs {
            let found = app
                .read(&actor, async |view| evidence::of_run(view, RunKey(run), target).await)
                .await
                .expect("reading");
            assert_eq!(found.len(), seen.len(), "run {run}");
            for (artifact, (name, bytes)) in found.iter().zip(seen) {
                assert_eq!(artifact.name, *name);
                assert_eq!(evidence::read(&app, artifact).await.expect("bytes"), *bytes);
                assert_eq!(artifact.provenance.as_ref().map(|p| p.user.as_str()), Some("root"));
            }
        }
        let (none, latest) = app
            .read(&actor, async |view| {
                let none = evidence::of_target(view, TargetKey(2)).await?;
                Ok((none, evidence::of_target(view, target).await?))
            })
            .await
            .expect("reading");
        assert_eq!((none.len(), latest.len()), (0, 2));
        app.sequence(&actor).await.expect("sequencing");
        let scrub = app.fsck(&actor, &quiet).await.expect("scrubbing");
        assert_eq!((scrub.count, scrub.objects), (0, 3), "{:?}", scrub.differences);
    }
}

#[tokio::test]
async fn an_entry_commits_to_bytes_and_provenance_without_giving_them_away() {
    for world in World::both().await {
        let (app, actor) = world.start().await;
        let one = artifact("shadow-ages", b"guessable");
        let stored = app
            .transact(&actor, async |cx| {
                evidence::store(cx, RunKey(1), Some(TargetKey(1)), std::slice::from_ref(&one)).await
            })
            .await
            .expect("storing")
            .pop()
            .expect("one");
        app.sequence(&actor).await.expect("sequencing");
        let (entry, salt) = app
            .read(&actor, async |view| {
                Ok((ledger::find(view, stored.leaf).await?, evidence::salt(view, stored.key).await?))
            })
            .await
            .expect("reading");
        let (entry, salt) = (entry.expect("the entry"), salt.expect("the salt"));
        let body = entry.leaf().expect("a leaf").body_value();
        assert_eq!((body["run"].as_i64(), body["target"].as_i64()), (Some(1), Some(1)));
        let descriptor: ArtifactDescriptor =
            serde_json::from_value(body["artifacts"][0].clone()).expect("a descriptor");
        assert_eq!(descriptor.stored, stored.stored.to_string());
        assert_ne!(stored.stored, Digest::of(b"guessable"));
        assert_eq!((descriptor.size, descriptor.retention.as_deref()), (9, Some("evidence")));
        assert!(descriptor.key.is_some());
        let bytes = app.blobs().get(stored.stored.0).await.expect("stored bytes");
        assert!(!String::from_utf8_lossy(&bytes).contains("guessable"));
        assert_eq!(descriptor.commitment, commit(&salt, ARTIFACT_DOMAIN, b"guessable").digest());
        assert_eq!(descriptor.commitment, stored.commitment.to_string());
        let provenance = serde_json::to_string(&one.provenance).expect("JSON");
        let committed = commit(&salt, RECORD_DOMAIN, provenance.as_bytes()).digest();
        assert_eq!(body["artifacts"][0]["provenance"], committed);
        assert!(!String::from_utf8_lossy(&entry.content).contains("root"));
    }
}

#[tokio::test]
async fn many_artifacts_spread_over_several_entries() {
    for world in World::both().await {
        let (app, actor) = world.start().await;
        let many: Vec<_> = (0..200).map(|n| artifact(&format!("artifact-{n:03}"), &[n; 3])).collect();
        app.transact(&actor, async |cx| evidence::store(cx, RunKey(1), Some(TargetKey(1)), &many).await)
            .await
            .expect("storing");
        app.transact(&actor, async |cx| evidence::store(cx, RunKey(2), Some(TargetKey(1)), &[]).await)
            .await
            .expect("storing nothing");
        app.sequence(&actor).await.expect("sequencing");
        let (before, after) = app
            .read(&actor, async |view| {
                let before = evidence::of_run(view, RunKey(1), TargetKey(1)).await?;
                Ok((before, evidence::of_run(view, RunKey(2), TargetKey(1)).await?))
            })
            .await
            .expect("reading");
        assert_eq!((before.len(), after.len()), (200, 0));
        let leaves: std::collections::BTreeSet<_> = before.iter().map(|artifact| artifact.leaf).collect();
        assert!(leaves.len() > 3);
        assert_eq!(app.fsck(&actor, &quiet).await.expect("scrubbing").count, 0);
    }
}

#[tokio::test]
async fn documents_are_kept_and_found_again() {
    for world in World::both().await {
        let (app, actor) = world.start().await;
        let bytes = Bytes::from_static(b"%PDF");
        let mut stored = Vec::new();
        for _ in 0..2 {
            let document = app
                .transact(&actor, async |cx| {
                    evidence::store_document(cx, "report/readiness.pdf", "application/pdf", bytes.clone())
                        .await
                })
                .await
                .expect("storing");
            stored.push(document.stored);
        }
        assert_eq!(stored[0], stored[1], "equal content is stored once");
        app.read(&actor, async |view| {
            let found = evidence::find_stored(view, stored[0]).await?;
            assert_eq!((found.key, found.run, found.provenance.is_none()), (ArtifactKey(1), None, true));
            assert_eq!(evidence::list(view, ArtifactKey(1), 10).await?.len(), 1);
            assert_eq!(evidence::find(view, ArtifactKey(2)).await?.size, 4);
            assert!(matches!(evidence::find(view, ArtifactKey(3)).await, Err(Error::NotFound { .. })));
            Ok(())
        })
        .await
        .expect("reading");
    }
}

#[tokio::test]
async fn names_that_repeat_or_cannot_be_are_refused() {
    for world in World::both().await {
        let (app, actor) = world.start().await;
        for bad in [
            vec![artifact("a", b"1"), artifact("a", b"2")],
            vec![artifact("", b"1")],
            vec![artifact("a\nb", b"1")],
            vec![artifact(&"x".repeat(401), b"1")],
        ] {
            let refused = app
                .transact(&actor, async |cx| evidence::store(cx, RunKey(1), Some(TargetKey(1)), &bad).await)
                .await;
            assert!(matches!(refused, Err(Error::Invalid(_))));
        }
    }
}
