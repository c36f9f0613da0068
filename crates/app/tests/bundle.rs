//! A history leaves as a bundle and is recomputed from it by the verifier alone, on both databases.

use std::io::{Cursor, Read as _};

use tickmark_app::ledger::EpochCause;
use tickmark_app::observation;
use tickmark_app::testing::World;
use tickmark_app::{Actor, App, Error, bundle, ledger};
use tickmark_ledger::bundle::{Expectations, Level, Verification, verify};
use tickmark_ledger::epoch::RevocationReason;
use tickmark_ledger::leaf::LeafKind;
use tickmark_ledger::policy::Policy;
use tickmark_ledger::timestamp::Roots;

use crate::authority::{Authority, Kind};
use crate::damage::tamper;
use crate::observation::{facts, host, library, run, seen};
use crate::outside::{Outdoors, start, with_authority};

const DAY: i64 = 86_400;

pub(crate) async fn export(app: &App, actor: &Actor) -> (bundle::Exported, Verification) {
    app.sequence(actor).await.expect("sequenced");
    let exported = app.read(actor, async |view| bundle::export(view).await).await.expect("exported");
    let policy = Policy::of_log(exported.verifier_key.parse().expect("a key")).expect("a policy");
    let expectations = Expectations { policy: Some(policy), ..Expectations::default() };
    let answer = verify(Cursor::new(&exported.zip), &expectations).expect("readable");
    (exported, answer)
}

fn file(exported: &bundle::Exported, name: &str) -> String {
    let mut archive = zip::ZipArchive::new(Cursor::new(&exported.zip)).expect("archive");
    let mut text = String::new();
    archive.by_name(name).expect(name).read_to_string(&mut text).expect("text");
    text
}

/// What is in the files of a bundle.
pub(crate) fn contents(exported: &bundle::Exported) -> Vec<Vec<u8>> {
    let mut archive = zip::ZipArchive::new(Cursor::new(&exported.zip)).expect("archive");
    let count = archive.len();
    let read = |at: usize| {
        let mut bytes = Vec::new();
        archive.by_index(at).expect("a file").read_to_end(&mut bytes).expect("read");
        bytes
    };
    (0..count).map(read).collect()
}

/// The texts that entries commit to, in a bundle that verifies.
pub(crate) async fn texts(app: &App, actor: &Actor) -> Vec<String> {
    let (exported, answer) = export(app, actor).await;
    assert!(!answer.has_failed(), "{answer}");
    let read: serde_json::Value = serde_json::from_str(&file(&exported, "records/0000.json")).expect("JSON");
    let texts = read["records"].as_array().expect("a list").iter();
    texts.map(|record| record["text"].as_str().expect("text").to_owned()).collect()
}

fn is_proven(level: &Level) -> bool {
    matches!(level, Level::Proven { .. })
}

#[tokio::test]
async fn a_history_of_changes_is_recomputed_by_the_verifier() {
    for world in World::both().await {
        let (app, actor) = world.start().await;
        let (first, other) = (library(""), library("allowed_names = [\"root\", \"toor\"]"));
        let hosts = [host("a"), host("b"), host("c")];
        let good = || facts(&[("root", 0)]);
        let bad = || facts(&[("root", 0), ("toor", 0)]);
        let [a, b, c] = &hosts;
        // Nothing due yet, one target joins, one fails, one is not reached, one leaves, then the check changes.
        run(&app, &actor, &first, &hosts[..2], vec![seen(a, good()), seen(b, good())]).await;
        let (_, answer) = export(&app, &actor).await;
        assert!(!answer.has_failed(), "{answer}");
        assert!(matches!(answer.completeness.schedule, Level::NotClaimed { .. }), "{answer}");
        world.wait(DAY);
        run(&app, &actor, &first, &hosts, vec![seen(a, bad()), seen(b, good()), seen(c, bad())]).await;
        world.wait(DAY);
        app.transact(&actor, async |cx| observation::open_run(cx, "host", "test 1").await)
            .await
            .expect("opened");
        app.transact(&actor, async |cx| observation::miss_open_runs(cx).await).await.expect("missed");
        world.wait(DAY);
        run(&app, &actor, &first, &hosts, vec![seen(a, bad()), seen(c, good())]).await;
        world.wait(DAY);
        run(&app, &actor, &first, &hosts[1..], vec![seen(b, good()), seen(c, bad())]).await;
        world.wait(DAY);
        run(&app, &actor, &other, &hosts, vec![seen(a, bad()), seen(b, good()), seen(c, good())]).await;
        world.wait(DAY);
        run(&app, &actor, &first, &hosts, vec![seen(a, good()), seen(b, bad()), seen(c, good())]).await;
        let (exported, answer) = export(&app, &actor).await;
        assert!(!answer.has_failed() && !answer.is_incomplete(), "{answer}");
        let complete = &answer.completeness;
        for level in [&complete.log, &complete.schedule, &complete.population, &complete.deviations] {
            assert!(is_proven(level), "{answer}");
        }
        let [check] = complete.checks.as_slice() else { panic!("one check: {answer}") };
        assert_eq!((check.expected, check.observed, check.missed, check.missing), (5, 4, 1, 0), "{answer}");
        assert_eq!(check.failed_to_collect, 1, "{answer}");
        let stretches = file(&exported, "history/stretches.csv");
        let count = |word: &str| stretches.lines().filter(|line| line.contains(word)).count();
        assert_eq!((count(",fail,"), count(",unknown,not_collected")), (4, 1), "{stretches}");
        assert!(file(&exported, "history/targets.json").contains("id-of-c"));
        app.close().await;
    }
}

#[tokio::test]
async fn a_bundle_about_a_period_answers_for_it_alone() {
    for world in World::both().await {
        let (app, actor) = world.start().await;
        let (library, hosts) = (library(""), [host("a")]);
        // Two silent days before the period; none in it.
        for days in [3, 1, 1, 1] {
            run(&app, &actor, &library, &hosts, vec![seen(&hosts[0], facts(&[("root", 0)]))]).await;
            app.sequence(&actor).await.expect("sequenced");
            world.wait(days * DAY);
        }
        run(&app, &actor, &library, &hosts, vec![seen(&hosts[0], facts(&[("root", 0)]))]).await;
        let (_, whole) = export(&app, &actor).await;
        assert!(whole.is_incomplete(), "{whole}");
        let day = |day: u32| format!("2026-11-{day}T00:00:00Z").parse().expect("a moment");
        let period =
            async |from, to| app.read(&actor, async |view| bundle::export_period(view, from, to).await).await;
        let exported = period(day(27), day(29)).await.expect("exported");
        let answer = verify(Cursor::new(&exported.zip), &Expectations::default()).expect("readable");
        assert!(!answer.has_failed() && !answer.is_incomplete(), "{answer}");
        assert_eq!(answer.completeness.checks[0].expected, 2, "{answer}");
        // One run in the period; its checkpoint and the one before it are those at its ends.
        let size = |name: &str| {
            file(&exported, name).lines().nth(1).expect("a size").parse::<u64>().expect("a size")
        };
        assert!(
            size("checkpoint.a") < size("checkpoint.b") && size("checkpoint.b") < size("checkpoint.latest")
        );
        assert!(matches!(period(day(29), day(27)).await, Err(Error::Invalid(_))));
        app.close().await;
    }
}

/// What `tickmark ledger export` writes is read by a script of Python's standard library and `openssl`.
#[tokio::test]
async fn an_exported_log_is_read_by_a_program_that_is_not_ours() {
    let world = World::sqlite();
    let (app, actor) = world.start().await;
    crate::ledger::record(&app, &actor, 700).await;
    app.sequence(&actor).await.expect("sequenced");
    let folder = tempfile::tempdir().expect("folder");
    app.export_log(&actor, folder.path(), &crate::ledger::quiet).await.expect("exported");
    let head = app.read(&actor, async |view| ledger::head(view).await).await.expect("head");
    let script = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../ledger/check_tiles.py");
    let output = std::process::Command::new("python3")
        .arg(script)
        .arg(folder.path())
        .arg(&head.verifier_key)
        .output()
        .expect("python3, which the tests need");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("701 entries and 4 tiles"), "{said}{:?}", output.stderr);
    app.close().await;
}

#[tokio::test]
async fn a_day_without_a_run_is_incomplete_and_not_a_contradiction() {
    let world = World::sqlite();
    let (app, actor) = world.start().await;
    let (library, hosts) = (library(""), [host("a")]);
    for days in [1, 3, 1] {
        run(&app, &actor, &library, &hosts, vec![seen(&hosts[0], facts(&[("root", 0)]))]).await;
        world.wait(days * DAY);
    }
    run(&app, &actor, &library, &hosts, vec![seen(&hosts[0], facts(&[("root", 0)]))]).await;
    let (_, answer) = export(&app, &actor).await;
    assert_eq!(answer.exit_code(), 0, "{answer}");
    let Level::Incomplete { findings, .. } = &answer.completeness.schedule else { panic!("{answer}") };
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].subject, "2026-11-26T00:00:00.000000Z to 2026-11-28T00:00:00.000000Z");
    assert_eq!(answer.completeness.checks[0].missing, 2);
    app.close().await;
}

/// The index of intervals is the operator's; blocks are what the log commits to.
#[tokio::test]
async fn an_index_that_was_changed_does_not_follow_from_the_blocks() {
    let world = World::sqlite();
    let (app, actor) = world.start().await;
    let (library, hosts) = (library(""), [host("a")]);
    for users in [&[("root", 0)][..], &[("root", 0), ("toor", 0)], &[("root", 0)]] {
        run(&app, &actor, &library, &hosts, vec![seen(&hosts[0], facts(users))]).await;
        world.wait(DAY);
    }
    tamper(&world, &["DELETE FROM verdict_interval WHERE verdict = 2"]).await;
    let (_, answer) = export(&app, &actor).await;
    let Level::Failed { findings, .. } = &answer.completeness.deviations else { panic!("{answer}") };
    assert!(findings[0].problem.contains("does not claim what follows from the blocks"), "{answer}");
    assert_eq!(answer.exit_code(), 1);
    app.close().await;
}

/// After a key was revoked the log goes on under another, and what was due and seen can still be said.
#[tokio::test]
async fn a_new_epoch_says_anew_what_is_in_force() {
    for world in World::both().await {
        let authority = Authority::new(Kind::Curve);
        let (_scratch, settings) = with_authority(authority.root());
        let roots = Roots::from_pem(&authority.root()).expect("roots");
        let (app, actor) = start(&world, settings, &Outdoors::new(Some(authority))).await;
        let (library, hosts) = (library(""), [host("a"), host("b")]);
        let look = async |reached: usize| {
            let collected = hosts[..reached].iter().map(|host| seen(host, facts(&[("root", 0)]))).collect();
            run(&app, &actor, &library, &hosts, collected).await;
            world.wait(DAY);
        };
        look(2).await;
        look(1).await;
        app.sequence(&actor).await.expect("sequenced");
        assert!(app.anchor(&actor, true).await.expect("anchored")[0].problem.is_none());
        let cause = EpochCause::Revoked(RevocationReason::Compromised);
        let begun = app.begin_epoch(&actor, cause, "a laptop was stolen").await.expect("a new epoch");
        look(2).await;
        look(2).await;
        let (exported, answer) = export(&app, &actor).await;
        assert_eq!(exported.verifier_key, begun.verifier_key);
        assert!(!answer.has_failed() && !answer.is_incomplete(), "{answer}");
        let complete = &answer.completeness;
        for level in [&complete.log, &complete.schedule, &complete.population, &complete.deviations] {
            assert!(is_proven(level), "{answer}");
        }
        assert_eq!(complete.checks[0].expected, 2, "{answer}");
        // The epoch says the schedule and the population once more, and why it began can be read.
        let kinds: Vec<LeafKind> = app
            .read(&actor, async |view| ledger::entries(view, begun.began_at, 10).await)
            .await
            .expect("entries")
            .iter()
            .map(|entry| entry.leaf().expect("a leaf").kind)
            .take(5)
            .collect();
        let expected = [
            LeafKind::LogGenesis,
            LeafKind::KeyRevoke,
            LeafKind::RestoreEvent,
            LeafKind::ScheduleSet,
            LeafKind::PopulationDefine,
        ];
        assert_eq!(kinds, expected);
        assert!(file(&exported, "records/0000.json").contains("a laptop was stolen"));
        // A period that spans both epochs is proven from checkpoints of the present one.
        let (from, to) = ("2026-11-24T00:00:00Z", "2026-11-28T00:00:00Z");
        let (from, to) = (from.parse().expect("a moment"), to.parse().expect("a moment"));
        let period = app.read(&actor, async |view| bundle::export_period(view, from, to).await).await;
        let zip = period.expect("exported").zip;
        let answer = verify(Cursor::new(&zip), &Expectations::default()).expect("readable");
        assert!(!answer.has_failed(), "{answer}");
        // A timestamp of the epoch before still dates its entries, for whoever trusts the new key alone.
        let policy = Policy::of_log(begun.verifier_key.parse().expect("a key")).expect("a policy");
        let expected =
            Expectations { policy: Some(policy), timestamp_roots: roots, ..Expectations::default() };
        let answer = verify(Cursor::new(&exported.zip), &expected).expect("readable");
        assert!(!answer.has_failed() && is_proven(&answer.time), "{answer}");
        app.close().await;
    }
}
