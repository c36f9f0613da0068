//! What a page of a list costs with ten thousand controls and ten thousand items of evidence, and what a search does: the
//! slowest of a hundred, against a budget. Run with `cargo bench -p tickmark-app --bench lists`.

use std::time::{Duration, Instant};

use bytes::Bytes;
use tickmark_app::control::edit;
use tickmark_app::evidence::item::{self, NewItem, Upload};
use tickmark_app::register::{self, Kind, Query};
use tickmark_app::testing::World;
use tickmark_app::{Actor, App, conclusion};
use tickmark_core::catalog::Catalog;
use tickmark_core::control::{Assigned, Content, ControlId};
use tickmark_core::evidence::item::{Covers, Description, Kind as ItemKind, Method, Sensitivity};

/// Controls, and items.
const RECORDS: usize = 10_000;
/// Records made in one transaction.
const BATCH: usize = 1_000;
/// Times each page is asked for.
const TIMES: usize = 100;
/// Longest time that the slowest may take.
const LIMIT: Duration = Duration::from_millis(10);

const WORDS: [&str; 12] = [
    "access", "review", "backup", "restore", "vendor", "change", "alert", "leaver", "key", "network",
    "policy", "training",
];

fn words(n: usize) -> String {
    (0..6).map(|k| WORDS[(n * 7 + k * k * 5 + n / 13) % WORDS.len()]).collect::<Vec<_>>().join(" ")
}

fn content(catalog: &Catalog, n: usize) -> Content {
    let mut content = tickmark_core::control::Control::adopt(
        &catalog.controls[n % catalog.controls.len()],
        tickmark_core::id::ActorId(uuid::Uuid::nil()),
        tickmark_core::Timestamp::from_seconds(0),
    )
    .expect("a starter control")
    .content();
    content.title = format!("{} {n}", words(n));
    content
}

async fn fill(app: &App, program: &Actor) {
    let catalog = Catalog::builtin();
    for batch in 0..RECORDS / BATCH {
        app.transact(program, async |cx| {
            for n in batch * BATCH..(batch + 1) * BATCH {
                let id: ControlId = format!("BIG-{n}").parse().expect("an id");
                edit::write(cx, id, content(&catalog, n), Assigned::default(), "", &catalog).await?;
            }
            Ok(())
        })
        .await
        .expect("written");
        app.transact(program, async |cx| {
            for n in batch * BATCH..(batch + 1) * BATCH {
                let new = NewItem {
                    once: n.to_string(),
                    description: Description {
                        title: format!("{} of {n}", words(n + 5)),
                        kind: ItemKind::Export,
                        source: words(n + 9),
                        method: Method::Exported,
                        steps: String::new(),
                        collected_by: String::new(),
                        collected_at: None,
                        covers: Covers::days("2026-10-01", "2026-11-20").ok(),
                        sensitivity: Sensitivity::Internal,
                        redaction: String::new(),
                    },
                    retention: "evidence".to_owned(),
                    controls: [format!("BIG-{n}").parse().expect("an id")].into(),
                    files: vec![Upload { name: format!("{n}.csv"), bytes: Bytes::from(format!("a,{n}\n")) }],
                };
                item::open(cx, new).await?;
            }
            Ok(())
        })
        .await
        .expect("opened");
    }
}

async fn measure(what: &str, mut ask: impl AsyncFnMut(usize) -> u64) {
    let mut times = Vec::with_capacity(TIMES);
    let mut found = 0;
    for n in 0..TIMES {
        let begun = Instant::now();
        found = ask(n).await;
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    let (middle, slowest) = (times[TIMES / 2], times[TIMES - 1]);
    println!(
        "{what}: {:.1} ms, slowest {:.1} ms, {:.2} of {} ms; {found} found",
        middle.as_secs_f64() * 1000.0,
        slowest.as_secs_f64() * 1000.0,
        slowest.as_secs_f64() / LIMIT.as_secs_f64(),
        LIMIT.as_millis()
    );
}

#[tokio::main]
async fn main() {
    let world = World::sqlite();
    let (app, program) = world.start().await;
    let begun = Instant::now();
    fill(&app, &program).await;
    println!("{RECORDS} controls and {RECORDS} items: {:.1} s", begun.elapsed().as_secs_f64());
    let catalog = Catalog::builtin();
    let page = |query: Query| Query { page: 1, rows: 100, ..query };
    let title = Some(("by:title".to_owned(), true));
    for (what, query) in [
        ("controls", Query::default()),
        ("controls, a page in the middle", Query { page: 50, ..Query::default() }),
        ("controls, drafts", Query::of("state", "draft")),
        ("controls, drafts by title", Query { sort: title.clone(), ..Query::of("state", "draft") }),
        ("controls, two words", Query { words: "acc backup".to_owned(), ..Query::default() }),
    ] {
        let query = Query { page: query.page.max(1), ..page(query) };
        measure(what, async |_| {
            app.read(&program, async |view| {
                let found = register::page(view, Kind::Control, &query).await?;
                let ids: Vec<ControlId> = found.ids.iter().filter_map(|id| id.parse().ok()).collect();
                conclusion::standing_of(view, &catalog, &ids).await?;
                Ok(found.found)
            })
            .await
            .expect("a page")
        })
        .await;
    }
    for (what, query) in [
        ("items", Query::default()),
        ("items by title", Query { sort: title, ..Query::default() }),
        ("items, one word", Query { words: "leaver".to_owned(), ..Query::default() }),
    ] {
        let query = page(query);
        measure(what, async |_| {
            app.read(&program, async |view| Ok(item::page(view, &query).await?.1.found))
                .await
                .expect("a page")
        })
        .await;
    }
    measure("items of a control", async |n| {
        let id: ControlId = format!("BIG-{}", n * 97).parse().expect("an id");
        app.read(&program, async |view| Ok(item::of_control(view, &id).await?.len() as u64))
            .await
            .expect("items")
    })
    .await;
    for text in ["BIG-77", "acc rev backup", "vendor"] {
        measure(&format!("search for {text:?}"), async |_| {
            let found =
                app.read(&program, async |view| register::search(view, text, Kind::ALL, 300).await).await;
            found.expect("a search").len() as u64
        })
        .await;
    }
}
