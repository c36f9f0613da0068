//! Runs become history, on both databases.

use serde_json::{Value, json};
use tickmark_app::observation::{self, RunInput, RunState, RunSummary};
use tickmark_app::testing::World;
use tickmark_app::{Actor, App, Error, ledger};
use tickmark_core::Timestamp;
use tickmark_core::evidence::{Method, Provenance, RawArtifact};
use tickmark_core::id::{RunKey, TargetKey};
use tickmark_core::observation::{Collected, ReasonClass, TargetRef, Verdict};
use tickmark_evaluate::{CheckSource, Library, Origin};

const DAY: i64 = 86_400;

pub(crate) fn library(parameters: &str) -> Library {
    library_with(parameters, &[])
}

/// One built-in check, with parameters changed, and others written here.
fn library_with(parameters: &str, own: &[CheckSource]) -> Library {
    let mut root: CheckSource = Library::builtin_sources()
        .into_iter()
        .find(|source| source.folder == "acct-root-only-uid0")
        .expect("built in");
    if !parameters.is_empty() {
        root.toml = root.toml.map(|text| text.replace("allowed_names = [\"root\"]", parameters));
    }
    let mut sources = vec![root];
    sources.extend(own.iter().cloned());
    Library::load(sources).unwrap_or_else(|errors| panic!("{errors:#?}"))
}

/// Passes for 100 seconds at a time.
fn fleeting() -> CheckSource {
    let toml = r#"
id = "own-seen-lately"
title = "Seen lately"
asserts = "Accounts were seen lately."
rationale = "For tests of time."
target_kind = "host"
facts_schema = "host/1"
needs = ["accounts.users"]
severity = "low"
cadence_hours = 24
stale_after_hours = 72
criteria = ["CC6.1"]
controls = []
depends_on_time = true
remediation = "None."
references = ["none"]
"#;
    let rego = r#"package checks.own_seen_lately
import rego.v1
default verdict := "unknown"
verdict := "pass" if { is_array(input.facts.accounts.users); count(input.facts.accounts.users) > 0; is_number(input.now) }
valid_until := input.now + 100
result := {"verdict": verdict, "valid_until": valid_until} if verdict == "pass"
result := {"verdict": verdict} if verdict != "pass"
"#;
    CheckSource {
        group: "own".into(),
        folder: "own-seen-lately".into(),
        toml: Some(toml.into()),
        rego: Some(rego.into()),
        tests: Some("package checks.own_seen_lately_test\n".into()),
        origin: Origin::Own,
    }
}

pub(crate) fn host(name: &str) -> TargetRef {
    TargetRef { kind: "host".into(), external_id: format!("id-of-{name}"), name: name.into() }
}

pub(crate) fn facts(users: &[(&str, u32)]) -> Value {
    let users: Vec<Value> = users
        .iter()
        .map(|(name, uid)| {
            json!({"name": name, "uid": uid, "gid": uid, "comment": "", "home": "/", "shell": "/bin/sh",
                   "is_system": false, "is_login_capable": true, "groups": [name]})
        })
        .collect();
    json!({"schema": "host/1", "gaps": [], "accounts": {"users": users, "malformed_lines": []}})
}

pub(crate) fn seen(target: &TargetRef, facts: Value) -> Collected {
    let at = Timestamp::from_seconds(1);
    let artifact = RawArtifact {
        name: "accounts".into(),
        media_type: "text/plain; charset=utf-8".into(),
        bytes: facts.to_string().into_bytes(),
        provenance: Provenance {
            method: Method::File { path: "/etc/passwd".into() },
            started: at,
            finished: at,
            user: "root".into(),
            truncated: false,
            original_bytes: 10,
            redactions: Vec::new(),
        },
    };
    let gaps = facts["gaps"].as_array().map_or(Vec::new(), |gaps| {
        gaps.iter().map(|gap| serde_json::from_value(gap.clone()).expect("a gap")).collect()
    });
    Collected {
        target: target.clone(),
        schema: "host/1".into(),
        facts,
        gaps,
        artifacts: vec![artifact],
        collector: "test 1".into(),
        started: at,
        finished: at,
    }
}

pub(crate) async fn run(
    app: &App,
    actor: &Actor,
    library: &Library,
    expected: &[TargetRef],
    collected: Vec<Collected>,
) -> RunSummary {
    try_run(app, actor, library, expected, collected).await.expect("recorded")
}

async fn try_run(
    app: &App,
    actor: &Actor,
    library: &Library,
    expected: &[TargetRef],
    collected: Vec<Collected>,
) -> Result<RunSummary, Error> {
    try_run_of("host", app, actor, library, expected, collected).await
}

async fn try_run_of(
    source: &str,
    app: &App,
    actor: &Actor,
    library: &Library,
    expected: &[TargetRef],
    collected: Vec<Collected>,
) -> Result<RunSummary, Error> {
    let key = app.transact(actor, async |cx| observation::open_run(cx, source, "test 1").await).await?;
    let input = RunInput { expected: expected.to_vec(), enumeration: "the test".into(), collected };
    app.transact(actor, async |cx| observation::record(cx, library, key, input).await).await
}

/// What a check says about a target now.
async fn now(app: &App, actor: &Actor, check: &str, target: i64) -> (Verdict, Option<ReasonClass>) {
    let all = app.read(actor, async |view| observation::verdicts_now(view).await).await.expect("read");
    let found = all.iter().find(|verdict| verdict.check_id == check && verdict.target == TargetKey(target));
    let found = found.unwrap_or_else(|| panic!("{check} says nothing about target {target}"));
    (found.verdict, found.reason)
}

const ROOT: &str = "acct-root-only-uid0";

#[tokio::test]
async fn unchanged_facts_are_not_evaluated_and_a_change_moves_one_interval() {
    for world in World::both().await {
        let (app, actor) = world.start().await;
        let (library, hosts) = (library(""), [host("a"), host("b")]);
        let good = || facts(&[("root", 0), ("ada", 1000)]);
        let bad = || facts(&[("root", 0), ("toor", 0)]);
        let first =
            run(&app, &actor, &library, &hosts, vec![seen(&hosts[0], good()), seen(&hosts[1], good())]).await;
        // The same facts on two targets are one question.
        assert_eq!((first.run.evaluated, first.run.changed, first.counts.pass), (1, 2, 2));
        world.wait(DAY);
        let second =
            run(&app, &actor, &library, &hosts, vec![seen(&hosts[0], good()), seen(&hosts[1], good())]).await;
        assert_eq!((second.run.evaluated, second.run.changed, second.artifacts), (0, 0, 0));
        assert_eq!(first.run.blocks, second.run.blocks, "the same findings have the same block");
        world.wait(DAY);
        let third =
            run(&app, &actor, &library, &hosts, vec![seen(&hosts[0], good()), seen(&hosts[1], bad())]).await;
        assert_eq!((third.run.evaluated, third.run.changed, third.counts.fail), (1, 1, 1));
        world.wait(DAY);
        // What the check said of these facts before is remembered while the program runs.
        let fourth =
            run(&app, &actor, &library, &hosts, vec![seen(&hosts[0], good()), seen(&hosts[1], good())]).await;
        assert_eq!((fourth.run.evaluated, fourth.run.changed), (0, 1));

        let history = app
            .read(&actor, async |view| observation::check_history(view, ROOT, TargetKey(2)).await)
            .await
            .expect("read");
        let spans: Vec<_> = history[0]
            .intervals
            .iter()
            .map(|i| (i.verdict, i.span.micros(app.now()) / 1_000_000 / DAY))
            .collect();
        // The last interval began this moment and has no length yet.
        assert_eq!(spans, [(Verdict::Pass, 2), (Verdict::Fail, 1)]);
        for key in 1..=4 {
            app.read(&actor, async |view| observation::verify_run(view, RunKey(key)).await)
                .await
                .expect("verifies");
        }
        app.close().await;
    }
}

#[tokio::test]
async fn a_check_is_asked_once_about_what_it_reads_whatever_else_differs() {
    for world in World::both().await {
        let (app, actor) = world.start().await;
        let (library, hosts) = (library_with("", &[fleeting()]), [host("a"), host("b")]);
        let at = |name: &str, users: &[(&str, u32)]| {
            let mut facts = facts(users);
            facts["host"] = json!({"hostname": name});
            facts
        };
        let look = async |a: Value, b: Value| {
            world.wait(DAY);
            run(&app, &actor, &library, &hosts, vec![seen(&hosts[0], a), seen(&hosts[1], b)]).await
        };
        let (good, bad) = ([("root", 0), ("ada", 1000)], [("root", 0), ("toor", 0)]);
        // One check that looks at the clock, and one that does not.
        let first = look(at("a", &good), at("b", &good)).await;
        assert_eq!((first.run.evaluated, first.counts.pass), (2, 4));
        let renamed = look(at("a", &good), at("c", &good)).await;
        assert_eq!((renamed.run.evaluated, renamed.run.changed), (1, 0), "its time was over");
        let one = look(at("a", &good), at("c", &bad)).await;
        assert_eq!((one.run.evaluated, one.run.changed), (3, 1));
        let other = look(at("a", &bad), at("c", &bad)).await;
        assert_eq!((other.run.evaluated, other.run.changed), (1, 1), "what is not of time was said before");
        let all = app.read(&actor, async |view| observation::verdicts_now(view).await).await.expect("read");
        let said: Vec<_> = all.iter().filter(|now| now.check_id == ROOT).map(|now| &now.outcome).collect();
        assert!(said.len() == 2 && said[0] == said[1] && said[0].message.contains("toor"), "{said:?}");
        app.close().await;
    }
}

#[tokio::test]
async fn a_target_that_was_not_reached_is_unknown_and_the_run_partial() {
    for world in World::both().await {
        let (app, actor) = world.start().await;
        let (library, hosts) = (library(""), [host("a"), host("b")]);
        let good = facts(&[("root", 0)]);
        run(
            &app,
            &actor,
            &library,
            &hosts,
            vec![seen(&hosts[0], good.clone()), seen(&hosts[1], good.clone())],
        )
        .await;
        world.wait(DAY);
        let partial = run(&app, &actor, &library, &hosts, vec![seen(&hosts[0], good.clone())]).await;
        assert_eq!((partial.run.state, partial.counts.unknown), (RunState::Partial, 1));
        assert_eq!(now(&app, &actor, ROOT, 2).await, (Verdict::Unknown, Some(ReasonClass::NotCollected)));
        world.wait(DAY);
        // Reached again with the facts of before: what is said of them is remembered.
        let again =
            run(&app, &actor, &library, &hosts, vec![seen(&hosts[0], good.clone()), seen(&hosts[1], good)])
                .await;
        assert_eq!((again.run.evaluated, again.run.changed), (0, 1));
        assert_eq!(now(&app, &actor, ROOT, 2).await, (Verdict::Pass, None));
        app.close().await;
    }
}

#[tokio::test]
async fn a_target_that_no_source_expects_any_more_is_retired_until_it_comes_back() {
    for world in World::both().await {
        let (app, actor) = world.start().await;
        let (library, [a, b, c]) = (library(""), [host("a"), host("b"), host("c")]);
        let look = async |source: &str, expected: &[&TargetRef]| {
            world.wait(DAY);
            let collected = expected.iter().map(|target| seen(target, facts(&[("root", 0)]))).collect();
            let expected: Vec<TargetRef> = expected.iter().map(|target| (*target).clone()).collect();
            let run =
                try_run_of(source, &app, &actor, &library, &expected, collected).await.expect("recorded");
            let targets =
                app.read(&actor, async |view| observation::targets(view).await).await.expect("read");
            let retired = targets.iter().filter(|target| target.retired_at.is_some());
            let names: Vec<String> = retired.map(|target| target.target.name.clone()).collect();
            (names, run.run.finished_at, targets)
        };
        assert_eq!(look("host", &[&a, &b]).await.0, [""; 0]);
        let (names, at, targets) = look("host", &[&a]).await;
        assert_eq!(names, ["b"]);
        assert_eq!(targets[1].retired_at, at, "from the run that did not expect it");
        assert_eq!(look("fleet", &[&b, &c]).await.0, [""; 0], "it came back with another source");
        assert_eq!(look("host", &[&a, &b]).await.0, [""; 0]);
        assert_eq!(look("host", &[&a]).await.0, [""; 0], "the other source still expects it");
        assert_eq!(look("fleet", &[&c]).await.0, ["b"]);
        app.close().await;
    }
}

#[tokio::test]
async fn a_pass_turns_unknown_when_nobody_looks_again() {
    for world in World::both().await {
        let (app, actor) = world.start().await;
        let (library, hosts) = (library(""), [host("a")]);
        run(&app, &actor, &library, &hosts, vec![seen(&hosts[0], facts(&[("root", 0)]))]).await;
        world.wait(3 * DAY - 1);
        assert_eq!(now(&app, &actor, ROOT, 1).await, (Verdict::Pass, None));
        world.wait(1);
        assert_eq!(now(&app, &actor, ROOT, 1).await, (Verdict::Unknown, Some(ReasonClass::Stale)));
        app.close().await;
    }
}

#[tokio::test]
async fn malformed_facts_are_kept_and_nothing_is_said_about_them() {
    for world in World::both().await {
        let (app, actor) = world.start().await;
        let (library, hosts) = (library(""), [host("a")]);
        for (defect, word) in [
            (json!({"schema": "host/1", "gaps": [], "acounts": {}}), "acounts"),
            (json!({"schema": "host/9", "gaps": []}), "schema"),
            (json!([1, 2]), ""),
        ] {
            let mut collected = seen(&hosts[0], defect.clone());
            if defect["schema"] == "host/9" {
                collected.schema = "host/9".into();
            }
            run(&app, &actor, &library, &hosts, vec![collected]).await;
            assert_eq!(
                now(&app, &actor, ROOT, 1).await,
                (Verdict::Unknown, Some(ReasonClass::ParseError)),
                "{defect}"
            );
            let held = app
                .read(&actor, async |view| observation::facts_at(view, TargetKey(1), view.now).await)
                .await
                .expect("read")
                .expect("kept");
            assert_eq!(held.document, defect);
            assert!(
                held.state.defect.as_deref().is_some_and(|text| text.contains(word)),
                "{:?}",
                held.state.defect
            );
            world.wait(60);
        }
        app.close().await;
    }
}

#[tokio::test]
async fn a_changed_check_is_a_new_version_and_old_history_keeps_its_own() {
    for world in World::both().await {
        let (app, actor) = world.start().await;
        let hosts = [host("a")];
        let look = || vec![seen(&hosts[0], facts(&[("root", 0), ("toor", 0)]))];
        run(&app, &actor, &library(""), &hosts, look()).await;
        assert_eq!(now(&app, &actor, ROOT, 1).await.0, Verdict::Fail);
        world.wait(DAY);
        let changed = library("allowed_names = [\"root\", \"toor\"]");
        let summary = run(&app, &actor, &changed, &hosts, look()).await;
        // Another version is another question about the same facts.
        assert_eq!((summary.run.evaluated, summary.run.changed), (1, 1));
        assert_eq!(now(&app, &actor, ROOT, 1).await.0, Verdict::Pass);
        world.wait(DAY);
        let history = app
            .read(&actor, async |view| observation::check_history(view, ROOT, TargetKey(1)).await)
            .await
            .expect("read");
        let parts: Vec<_> = history
            .iter()
            .map(|part| (part.version.superseded_at.is_some(), part.intervals[0].verdict))
            .collect();
        assert_eq!(parts, [(true, Verdict::Fail), (false, Verdict::Pass)]);
        assert_eq!(history[0].intervals[0].span.to, history[0].version.superseded_at);
        // A check that is gone says nothing new; its history stays.
        let gone = library_with("", &[fleeting()]);
        run(&app, &actor, &gone, &hosts, look()).await;
        world.wait(DAY);
        run(&app, &actor, &library(""), &hosts, look()).await;
        let versions = app
            .read(&actor, async |view| observation::check_versions(view, "own-seen-lately").await)
            .await
            .expect("read");
        assert!(versions.len() == 1 && versions[0].superseded_at.is_some());
        app.close().await;
    }
}

#[tokio::test]
async fn an_answer_whose_time_ran_out_is_asked_for_again() {
    for world in World::both().await {
        let (app, actor) = world.start().await;
        let (library, hosts) = (library_with("", &[fleeting()]), [host("a")]);
        let look = || vec![seen(&hosts[0], facts(&[("root", 0)]))];
        assert_eq!(run(&app, &actor, &library, &hosts, look()).await.run.evaluated, 2);
        world.wait(99);
        assert_eq!(run(&app, &actor, &library, &hosts, look()).await.run.evaluated, 0);
        world.wait(1);
        assert_eq!(run(&app, &actor, &library, &hosts, look()).await.run.evaluated, 1);
        world.wait(99);
        assert_eq!(run(&app, &actor, &library, &hosts, look()).await.run.evaluated, 0);
        app.close().await;
    }
}

#[tokio::test]
async fn a_run_that_ended_without_a_result_is_missed_and_the_log_says_so() {
    for world in World::both().await {
        let (app, actor) = world.start().await;
        let open =
            async || app.transact(&actor, async |cx| observation::open_run(cx, "host", "test 1").await).await;
        let key = open().await.expect("opened");
        world.wait(60);
        let missed =
            app.transact(&actor, async |cx| observation::miss_open_runs(cx).await).await.expect("missed");
        assert_eq!(missed, [key]);
        app.sequence(&actor).await.expect("sequenced");
        let leaves = app.read(&actor, async |view| ledger::latest(view, 1).await).await.expect("read");
        assert!(String::from_utf8_lossy(&leaves[0].content).contains("run.missed"));
        // What comes late is refused; nothing of it is kept.
        let input =
            RunInput { expected: vec![host("a")], enumeration: "the test".into(), collected: Vec::new() };
        let late =
            app.transact(&actor, async |cx| observation::record(cx, &library(""), key, input).await).await;
        assert!(matches!(late, Err(Error::Conflict(_))), "{late:?}");
        assert!(
            app.read(&actor, async |view| observation::targets(view).await).await.expect("read").is_empty()
        );
        app.close().await;
    }
}

#[tokio::test]
async fn what_was_not_expected_or_came_twice_is_refused_as_a_whole() {
    for world in World::both().await {
        let (app, actor) = world.start().await;
        let (library, hosts) = (library(""), [host("a")]);
        let one = || seen(&hosts[0], facts(&[("root", 0)]));
        let stranger = seen(&host("b"), facts(&[("root", 0)]));
        for (collected, word) in [(vec![one(), one()], "twice"), (vec![one(), stranger], "not expected")] {
            let refused = try_run(&app, &actor, &library, &hosts, collected).await.expect_err("refused");
            assert!(refused.to_string().contains(word), "{refused}");
        }
        assert!(
            app.read(&actor, async |view| observation::verdicts_now(view).await)
                .await
                .expect("read")
                .is_empty()
        );
        app.close().await;
    }
}

#[tokio::test]
async fn a_clock_that_went_back_is_recorded_and_history_still_ascends() {
    for world in World::both().await {
        let (app, actor) = world.start().await;
        let (library, hosts) = (library(""), [host("a")]);
        run(&app, &actor, &library, &hosts, vec![seen(&hosts[0], facts(&[("root", 0)]))]).await;
        world.wait(-DAY);
        let back =
            run(&app, &actor, &library, &hosts, vec![seen(&hosts[0], facts(&[("root", 0), ("x", 0)]))]).await;
        let first =
            app.read(&actor, async |view| observation::find_run(view, RunKey(1)).await).await.expect("read");
        assert!(back.run.finished_at > first.finished_at);
        app.sequence(&actor).await.expect("sequenced");
        let leaves = app.read(&actor, async |view| ledger::latest(view, 20).await).await.expect("read");
        assert!(leaves.iter().any(|leaf| String::from_utf8_lossy(&leaf.content).contains("clock.anomaly")));
        app.close().await;
    }
}

#[tokio::test]
async fn facts_of_one_run_are_kept_as_one_object_and_read_back_each_by_its_digest() {
    for world in World::both().await {
        let (app, actor) = world.start().await;
        let library = library("");
        let hosts: Vec<TargetRef> = ["a", "b", "c", "d"].map(host).to_vec();
        let large = "x".repeat(300 << 10);
        let documents: Vec<Value> = [
            facts(&[("root", 0)]),
            facts(&[("root", 0), ("toor", 0)]),
            // The same facts as the first: one document.
            facts(&[("root", 0)]),
            // Too large to be packed.
            facts(&[("root", 0), (large.as_str(), 7)]),
        ]
        .to_vec();
        let collected = |documents: &[Value]| -> Vec<Collected> {
            hosts
                .iter()
                .zip(documents)
                .map(|(host, facts)| Collected { artifacts: Vec::new(), ..seen(host, facts.clone()) })
                .collect()
        };
        let before = objects(&app).len();
        run(&app, &actor, &library, &hosts, collected(&documents)).await;
        assert_eq!(objects(&app).len() - before, 2, "a pack, and the large one");
        for (target, document) in (1..).zip(&documents) {
            let found = app
                .read(&actor, async |view| {
                    let now = view.now;
                    observation::facts_at(view, TargetKey(target), now).await
                })
                .await
                .expect("read")
                .expect("there");
            assert_eq!(found.document, *document, "target {target}");
        }
        // One that changes alone is an object of its own.
        world.wait(DAY);
        let later: Vec<Value> = [vec![facts(&[("root", 0), ("eve", 5)])], documents[1..].to_vec()].concat();
        run(&app, &actor, &library, &hosts, collected(&later)).await;
        assert_eq!(objects(&app).len() - before, 3);
        app.sequence(&actor).await.expect("sequenced");
        let scrub = app.fsck(&actor, &|_, _| {}).await.expect("scrubbed");
        assert_eq!((scrub.count, scrub.facts), (0, 4));

        // A pack that is something else, and one that is not there, are named for every document in it.
        let pack = objects(&app)
            .into_iter()
            .find(|path| std::fs::read(path).expect("an object").ends_with(b"\n"))
            .expect("the pack");
        let bytes = std::fs::read(&pack).expect("the pack");
        std::fs::write(&pack, &bytes[..bytes.len() - 40]).expect("tampering");
        let scrub = app.fsck(&actor, &|_, _| {}).await.expect("scrubbed");
        assert_eq!((scrub.count, scrub.facts), (2, 2), "{:?}", scrub.differences);
        assert!(scrub.differences.iter().all(|d| d.what.starts_with("the facts of target ")));
        let asked = app
            .read(&actor, async |view| {
                let now = view.now;
                observation::facts_at(view, TargetKey(2), now).await
            })
            .await;
        assert!(matches!(asked, Err(Error::Damaged { .. })), "{asked:?}");
        std::fs::remove_file(&pack).expect("tampering");
        let scrub = app.fsck(&actor, &|_, _| {}).await.expect("scrubbed");
        assert!(scrub.differences.iter().all(|d| d.detail.ends_with("it is missing")));
        assert_eq!(scrub.count, 2);
    }
}

/// Paths of all stored objects.
fn objects(app: &App) -> Vec<std::path::PathBuf> {
    let below = |folder: &std::path::Path| -> Vec<std::path::PathBuf> {
        let entries = std::fs::read_dir(folder).into_iter().flatten();
        entries.map(|entry| entry.expect("an entry").path()).collect()
    };
    below(&app.folder().blobs().join("sha256")).iter().flat_map(|folder| below(folder)).collect()
}
