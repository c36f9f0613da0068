//! A year of an estate through the code path of real runs: 1,000 targets x 100 checks, looked at daily.
//!
//! `cargo bench -p tickmark-app --bench estate`; with `TICKMARK_TEST_POSTGRES_URL` set also on PostgreSQL. Prints what
//! recording takes (`open_run`, `record_changes` with a facts document for each target that changed, and `sequence` as often as a server does), what
//! the database with its log weighs, what the year's questions cost, each with its limit and the ratio to it.

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tickmark_app::conclusion::period;
use tickmark_app::observation::{self, RunInput, Unchanged};
use tickmark_app::program::population;
use tickmark_app::testing::World;
use tickmark_app::{Actor, App, control};
use tickmark_core::catalog::Catalog;
use tickmark_core::control::TestAttribute;
use tickmark_core::observation::{Collected, TargetRef, facts_defect};
use tickmark_core::program::population::{Definition, Ipe};
use tickmark_core::{Digest, Span, Timestamp, canonical};
use tickmark_evaluate::{CheckSource, Library, Origin};

const TARGETS: usize = 1_000;
const CHECKS: usize = 100;
const DAYS: usize = 365;
const DAY_SECONDS: i64 = 86_400;
/// Verdicts that change on one day, of each thousand.
const CHANGES_PER_MILLE: usize = 1;
/// Items of a population beside them.
const ITEMS: usize = 250_000;
/// How often a running server gives entries their place in the log (`tickmark serve`).
const SEQUENCE_EVERY: Duration = Duration::from_secs(5);
const RECORD_LIMIT: Duration = Duration::from_secs(15);
const SIZE_LIMIT_MB: f64 = 25.0;
const QUESTION_LIMIT: Duration = Duration::from_millis(150);
/// With all deviations, their bounds and waivers.
const CONCLUDE_LIMIT: Duration = Duration::from_millis(300);

/// Lists of facts that the checks look at, ten checks each, as sections of a real host are shared by some checks.
const LISTS: [(&str, &str); 10] = [
    ("audit", "rules"),
    ("containers", "running"),
    ("cron", "users_with_tables"),
    ("files", "unowned"),
    ("firewall", "open_to_any"),
    ("kernel_modules", "loaded"),
    ("logging", "agents_running"),
    ("package_integrity", "modified"),
    ("services", "active"),
    ("updates", "held"),
];

/// A test for each of 100 controls.
fn library(catalog: &Catalog) -> Library {
    let source = |check: usize| {
        let control = &catalog.controls[check].id;
        let (section, field) = LISTS[check * LISTS.len() / CHECKS];
        let id = format!("own-estate-{check:02}");
        let toml = format!(
            "id = \"{id}\"\ntitle = \"Nothing unwanted {check}\"\nasserts = \"There is no x{check} in {section}.\"\n\
             rationale = \"For measuring.\"\ntarget_kind = \"host\"\nfacts_schema = \"host/1\"\n\
             needs = [\"{section}.{field}\"]\nseverity = \"low\"\ncadence_hours = 24\nstale_after_hours = 48\n\
             criteria = [\"CC6.1\"]\ncontrols = [\"{control}\"]\nremediation = \"None.\"\nreferences = [\"none\"]\n"
        );
        let rego = format!(
            "package checks.own_estate_{check:02}\nimport rego.v1\ndefault verdict := \"unknown\"\n\
             list := input.facts.{section}.{field}\nbad if {{ some x in list; x == \"x{check}\" }}\n\
             verdict := \"fail\" if bad\nverdict := \"pass\" if {{ is_array(list); count(list) > 0; not bad }}\n\
             result := {{\"verdict\": verdict}}\n"
        );
        CheckSource {
            group: "own".into(),
            folder: id.clone(),
            toml: Some(toml),
            rego: Some(rego),
            tests: Some(format!("package checks.own_estate_{check:02}_test\n")),
            origin: Origin::Own,
        }
    };
    Library::load((0..CHECKS).map(source).collect()).unwrap_or_else(|errors| panic!("{errors:#?}"))
}

/// One target: what it is, which checks fail there, and the digest of the facts it reported last.
struct Host {
    target: TargetRef,
    fails: Vec<bool>,
    facts: Option<Digest>,
}

impl Host {
    fn document(&self) -> Value {
        let packages: Vec<Value> = (0..60)
            .map(|n| json!({"name": format!("package-{n:02}"), "version": format!("1.{n}-{}", self.target.name)}))
            .collect();
        let mut document = json!({
            "schema": "host/1", "gaps": [], "host": {"hostname": self.target.name},
            "packages": {"manager": "dpkg", "installed": packages},
        });
        for (index, (section, field)) in LISTS.iter().enumerate() {
            let mut list: Vec<String> = (0..6).map(|n| format!("{section}-{n}")).collect();
            let mut checks = index * CHECKS / LISTS.len()..(index + 1) * CHECKS / LISTS.len();
            list.extend(checks.by_ref().filter(|&check| self.fails[check]).map(|check| format!("x{check}")));
            document[*section] = json!({*field: list});
        }
        document
    }

    fn collected(&mut self) -> Collected {
        let facts = self.document();
        self.facts = Some(canonical::value_digest(&facts).expect("a document"));
        Collected {
            target: self.target.clone(),
            schema: "host/1".into(),
            facts,
            gaps: Vec::new(),
            artifacts: Vec::new(),
            collector: "estate 1".into(),
            started: Timestamp::from_seconds(0),
            finished: Timestamp::from_seconds(0),
        }
    }
}

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).expect("below a usize")
    }
}

#[derive(Default)]
struct Year {
    first_day: Duration,
    record: Duration,
    sequence: Duration,
    documents: usize,
    evaluated: i64,
    changed: i64,
}

async fn record_year(world: &World, app: &App, actor: &Actor, library: &Library, changes: usize) -> Year {
    let mut hosts: Vec<Host> = (0..TARGETS)
        .map(|n| {
            let name = format!("node-{n:04}.example");
            let target = TargetRef { kind: "host".into(), external_id: format!("machine-{n:04}"), name };
            Host { target, fails: vec![false; CHECKS], facts: None }
        })
        .collect();
    assert_eq!(facts_defect("host/1", &hosts[0].document()), None);
    let expected: Vec<TargetRef> = hosts.iter().map(|host| host.target.clone()).collect();
    let mut dice = Dice(0x5eed_5eed_5eed_5eed);
    let mut year = Year::default();
    let mut sequenced = Instant::now();
    for day in 0..DAYS {
        let mut touched = vec![day == 0; TARGETS];
        for _ in 0..if day == 0 { 0 } else { changes } {
            let (host, check) = (dice.below(TARGETS), dice.below(CHECKS));
            hosts[host].fails[check] ^= true;
            touched[host] = true;
        }
        let (mut collected, mut unchanged) = (Vec::new(), Vec::new());
        for (host, touched) in hosts.iter_mut().zip(&touched) {
            match host.facts {
                Some(facts) if !touched => unchanged.push(Unchanged { target: host.target.clone(), facts }),
                _ => collected.push(host.collected()),
            }
        }
        year.documents += collected.len();
        let input = RunInput { expected: expected.clone(), enumeration: "the estate".into(), collected };
        let begun = Instant::now();
        let run = app
            .transact(actor, async |cx| observation::open_run(cx, "estate", "estate 1").await)
            .await
            .expect("opened");
        let summary = app
            .transact(actor, async |cx| {
                observation::record_changes(cx, library, run, input, &unchanged).await
            })
            .await
            .expect("recorded");
        let recorded = begun.elapsed();
        if sequenced.elapsed() >= SEQUENCE_EVERY || day + 1 == DAYS {
            app.sequence(actor).await.expect("sequenced");
            sequenced = Instant::now();
        }
        year.sequence += begun.elapsed() - recorded;
        year.record += recorded;
        if day == 0 {
            year.first_day = begun.elapsed();
        }
        year.evaluated += summary.run.evaluated;
        year.changed += summary.run.changed;
        world.wait(DAY_SECONDS);
    }
    year
}

fn folder_size(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(meta) if meta.is_dir() => folder_size(&entry.path()),
            Ok(meta) => meta.len(),
            Err(_) => 0,
        })
        .sum()
}

fn line(what: &str, took: Duration, limit: Duration) {
    println!(
        "  {what:<56} {:>9.1} ms of {:>6.0} ms, ratio {:.2}",
        took.as_secs_f64() * 1e3,
        limit.as_secs_f64() * 1e3,
        took.as_secs_f64() / limit.as_secs_f64()
    );
}

async fn estate(world: World, catalog: &Catalog, library: &Library, per_mille: usize) {
    let (app, actor) = world.start().await;
    let person = world.person(&app, &actor).await;
    app.transact(&person, async |cx| {
        control::adopt_starters(cx, catalog).await?;
        control::sync_tests(cx, library).await?;
        for starter in catalog.controls.iter().take(CHECKS) {
            control::put_in_force(cx, &starter.id.parse().expect("an id"), person.id).await?;
        }
        Ok(())
    })
    .await
    .expect("adopted");
    let changes = TARGETS * CHECKS * per_mille / 1_000;
    println!(
        "{}: {TARGETS} targets x {CHECKS} checks x {DAYS} days = {:.1} M observations, {changes} changes a day",
        world.database().dialect(),
        (TARGETS * CHECKS * DAYS) as f64 / 1e6
    );
    let start = app.now();
    let year = record_year(&world, &app, &actor, library, changes).await;
    line("recorded and sequenced", year.record + year.sequence, RECORD_LIMIT);
    println!(
        "    of which the first day {:.0} ms, sequencing {:.0} ms; {} documents, {} evaluations, {} verdicts changed",
        year.first_day.as_secs_f64() * 1e3,
        year.sequence.as_secs_f64() * 1e3,
        year.documents,
        year.evaluated,
        year.changed
    );
    let span = Span { from: start, to: Some(app.now()) };
    questions(&app, &actor, span).await;
    app.close().await;
    // The lock on the folder ends with it.
    drop(app);
    if world.database().url().is_none() {
        let all = folder_size(&world.folder());
        let blobs = folder_size(&world.folder().join("blobs"));
        let size = (all - blobs) as f64 / 1e6;
        println!(
            "  database and log {size:.1} MB of {SIZE_LIMIT_MB} MB, ratio {:.2}; facts documents {:.1} MB beside it",
            size / SIZE_LIMIT_MB,
            blobs as f64 / 1e6
        );
    }
    let app = world.try_start().await.expect("started again");
    conclude_with_items(&app, &actor, catalog, span).await;
    app.close().await;
}

async fn questions(app: &App, actor: &Actor, span: Span) {
    let mut best = [Duration::MAX; 5];
    let mut found = [0; 3];
    for _ in 0..5 {
        let begun = Instant::now();
        let failures =
            app.read(actor, async |view| observation::failures(view, span, None).await).await.expect("read");
        best[0] = best[0].min(begun.elapsed());
        let begun = Instant::now();
        let gaps = app
            .read(actor, async |view| observation::coverage_gaps(view, span, None).await)
            .await
            .expect("read");
        best[1] = best[1].min(begun.elapsed());
        let begun = Instant::now();
        let histories = app
            .read(actor, async |view| observation::histories_in(view, span, None).await)
            .await
            .expect("read");
        best[2] = best[2].min(begun.elapsed());
        let begun = Instant::now();
        let board = app.read(actor, async |view| period::board(view, span).await).await.expect("read");
        best[3] = best[3].min(begun.elapsed());
        assert!(board.rows.iter().filter(|row| !row.tests.is_empty()).count() >= CHECKS);
        let begun = Instant::now();
        let conclusions =
            app.read(actor, async |view| period::conclude(view, span).await).await.expect("read");
        best[4] = best[4].min(begun.elapsed());
        assert_eq!(conclusions.len(), board.rows.len());
        found = [failures.len(), gaps.len(), histories.values().map(|targets| targets.len()).sum()];
    }
    line(&format!("what failed when, where, both bounds: {} failures", found[0]), best[0], QUESTION_LIMIT);
    line(&format!("what was unknown: {} targets with gaps", found[1]), best[1], QUESTION_LIMIT);
    line(&format!("all histories: {}", found[2]), best[2], QUESTION_LIMIT);
    line("the period board of 100 controls", best[3], QUESTION_LIMIT);
    line("conclusions of 100 controls, every deviation", best[4], CONCLUDE_LIMIT);
}

/// Adds a population of many items, a thousandth of which deviate, and concludes on it as well.
async fn conclude_with_items(app: &App, actor: &Actor, catalog: &Catalog, span: Span) {
    let to = span.to.expect("a period");
    let step = (to.micros() - span.from.micros()) / i64::try_from(ITEMS + 1).expect("small");
    let mut list = String::from("key,occurred_at,approved\n");
    for item in 0..ITEMS {
        let at = span.from.plus_micros(step * i64::try_from(item).expect("small"));
        let approved = if item % 1_000 == 0 { "not met" } else { "met" };
        writeln!(list, "CHANGE-{item:06},{at},{approved}").expect("a text");
    }
    let attribute = TestAttribute {
        id: "approved".into(),
        asserts: "approved before it went live".into(),
        deviation: "no approval".into(),
    };
    let definition = Definition {
        control: catalog.controls[0].id.parse().expect("an id"),
        title: "Changes".into(),
        trigger: "a change".into(),
        attributes: vec![attribute],
        from: span.from,
        to,
    };
    let ipe = Ipe {
        source: "change log".into(),
        query: "all changes".into(),
        parameters: "the year".into(),
        time_zone: "UTC".into(),
        run_by: "Robin Example".into(),
        run_at: to,
        row_count: ITEMS as u64,
        control_total: String::new(),
        completeness: "numbers are without a gap".into(),
        accuracy: String::new(),
    };
    let begun = Instant::now();
    app.transact(actor, async |cx| {
        let key = population::define(cx, definition).await?.key;
        population::import(cx, key, "changes.csv", list.into(), ipe).await?;
        population::freeze(cx, key, None).await
    })
    .await
    .expect("frozen");
    println!("    {ITEMS} items imported and frozen in {:.1} s", begun.elapsed().as_secs_f64());
    let mut best = Duration::MAX;
    for _ in 0..5 {
        let begun = Instant::now();
        let conclusions =
            app.read(actor, async |view| period::conclude(view, span).await).await.expect("read");
        best = best.min(begun.elapsed());
        let items: usize = conclusions.iter().flat_map(|one| &one.tests).map(|test| test.items.len()).sum();
        assert_eq!(items, 1);
    }
    line("the same with 250,000 items of a population", best, CONCLUDE_LIMIT);
}

#[expect(clippy::disallowed_methods, reason = "a benchmark is told by its command where the server is")]
fn has_postgres() -> bool {
    std::env::var(tickmark_store::testing::POSTGRES_VARIABLE).is_ok()
}

#[tokio::main]
async fn main() {
    // `cargo test --benches` starts it too; a year is not a test.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let catalog = Catalog::builtin();
    let library = library(&catalog);
    for per_mille in [CHANGES_PER_MILLE, 10 * CHANGES_PER_MILLE] {
        let worlds = if has_postgres() { World::both().await } else { vec![World::sqlite()] };
        for world in worlds {
            estate(world, &catalog, &library, per_mille).await;
        }
    }
}
