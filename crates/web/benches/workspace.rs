//! The workspace when much is in it: 10,000 controls, 10,000 evidence items, 1,000,000 events of the audit trail, and a
//! compliance manager who looks around. `cargo bench -p tickmark-web` prints what the server takes for each page on SQLite,
//! without the socket, at 200 requests a second, with the ratio to the budget; asserts nothing, because times move with
//! the machine.

#[path = "../tests/support/members.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod members;
#[path = "../tests/support/sample/mod.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod sample;
#[path = "../tests/support/visitor.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod visitor;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use bytes::Bytes;
use members::{Browser, Server};
use tickmark_app::control::edit;
use tickmark_app::evidence::item::{self, NewItem, Upload};
use tickmark_core::catalog::Catalog;
use tickmark_core::control::{Assigned, Control, ControlId};
use tickmark_core::evidence::item::{Covers, Description, Kind, Method, Sensitivity, day};
use tickmark_core::identity::Role;

const CONTROLS: usize = 10_000;
const ITEMS: usize = 10_000;
const EVENTS: usize = 1_000_000;
/// Records that are written in one transaction.
const BATCH: usize = 500;
/// Events that are written in one transaction.
const EVENT_BATCH: usize = 20_000;
/// Requests a second, all pages together.
const RATE: f64 = 200.0;
/// Rounds over all pages.
const ROUNDS: usize = 200;
const LIMIT_MS: f64 = 10.0;
const WEIGHT_LIMIT: f64 = 150.0;

const PAGES: [&str; 21] = [
    "/",
    "/work",
    "/controls",
    "/controls?q=backup",
    "/controls?state=draft&sort=title",
    "/search?q=backup",
    "/search.json?q=acc+rev",
    "/controls/OWN-05000",
    "/controls/OWN-05000/edit",
    "/evidence/items",
    "/evidence/items?state=draft",
    "/evidence/items/5000",
    "/commitments",
    "/findings",
    "/waivers",
    "/calendar",
    "/people",
    "/jobs",
    "/audit-trail",
    "/audit-trail?event=evidence",
    "/audit-trail?object=4321",
];

fn control(number: usize) -> ControlId {
    format!("OWN-{number:05}").parse().expect("an id")
}

fn evidence(number: usize) -> NewItem {
    NewItem {
        once: format!("item {number}"),
        description: Description {
            title: format!("Groups of payroll, export {number}"),
            kind: Kind::Export,
            source: "Directory, list of groups".to_owned(),
            method: Method::Exported,
            steps: String::new(),
            collected_by: "Oscar".to_owned(),
            collected_at: day("2026-11-20").ok(),
            covers: Covers::days("2026-10-01", "2026-11-20").ok(),
            sensitivity: Sensitivity::Internal,
            redaction: String::new(),
        },
        retention: "evidence".to_owned(),
        controls: BTreeSet::from([control(number % CONTROLS)]),
        files: vec![Upload {
            name: "groups.csv".to_owned(),
            bytes: Bytes::from(format!("group,member\npayroll,member {number}\n")),
        }],
    }
}

async fn fill(server: &Server) {
    let (app, program) = (&server.app, &server.program);
    let catalog = Catalog::builtin();
    let text = Control::adopt(&catalog.controls[0], program.id, app.now()).expect("a starter").content();
    let begun = Instant::now();
    for batch in (0..CONTROLS).collect::<Vec<_>>().chunks(BATCH) {
        app.transact(program, async |cx| {
            for &number in batch {
                let content = tickmark_core::control::Content {
                    title: format!("Control {number} over the backup of what matters"),
                    ..text.clone()
                };
                edit::write(cx, control(number), content, Assigned::default(), "", &catalog).await?;
            }
            Ok(())
        })
        .await
        .expect("written");
    }
    eprintln!("{CONTROLS} controls written in {:.1} s", begun.elapsed().as_secs_f64());
    let begun = Instant::now();
    for batch in (1..=ITEMS).collect::<Vec<_>>().chunks(BATCH) {
        app.transact(program, async |cx| {
            for &number in batch {
                item::open(cx, evidence(number)).await?;
            }
            Ok(())
        })
        .await
        .expect("opened");
    }
    eprintln!("{ITEMS} evidence items written in {:.1} s", begun.elapsed().as_secs_f64());
    let begun = Instant::now();
    for _ in 0..EVENTS / EVENT_BATCH {
        server.world.trail(app, program, EVENT_BATCH, ITEMS).await.expect("recorded");
        app.sequence(program).await.expect("sequenced");
    }
    eprintln!("{EVENTS} events written and sequenced in {:.1} s", begun.elapsed().as_secs_f64());
}

/// What one page took, and weighs.
#[derive(Default)]
struct Page {
    times: Vec<Duration>,
    bytes: usize,
}

/// Asks for all pages in turn, at the rate at most.
async fn look_around(browser: &mut Browser) -> (Vec<Page>, f64) {
    let mut pages: Vec<Page> = PAGES.iter().map(|_| Page::default()).collect();
    let pause = Duration::from_secs_f64(1.0 / RATE);
    let mut ticks = tokio::time::interval(pause);
    let begun = Instant::now();
    for _ in 0..ROUNDS {
        for (page, path) in pages.iter_mut().zip(PAGES) {
            ticks.tick().await;
            let asked = Instant::now();
            let answer = browser.get(path).await;
            page.times.push(asked.elapsed());
            assert_eq!(answer.status, StatusCode::OK, "{path}");
            page.bytes = answer.bytes.len();
        }
    }
    (pages, (ROUNDS * PAGES.len()) as f64 / begun.elapsed().as_secs_f64())
}

#[tokio::main]
async fn main() {
    let server = Server::start().await;
    fill(&server).await;
    let (mut browser, _) = server.member("Mia", &[Role::ComplianceManager]).await;
    for path in PAGES {
        let asked = Instant::now();
        let answer = browser.get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
        eprintln!("first time {path}: {:.1} ms", asked.elapsed().as_secs_f64() * 1e3);
    }
    let (pages, rate) = look_around(&mut browser).await;
    println!("{rate:.0} requests a second of {RATE:.0} asked for");
    for (page, path) in pages.into_iter().zip(PAGES) {
        let mut times = page.times;
        times.sort_unstable();
        let at = |share: usize| times[times.len() * share / 100].as_secs_f64() * 1e3;
        println!(
            "{path:<32} median {:>7.1} ms, p99 {:>7.1} ms, {:>6.2} of the limit of {LIMIT_MS} ms; {:>6.1} KB of {WEIGHT_LIMIT}",
            at(50),
            at(99),
            at(99) / LIMIT_MS,
            page.bytes as f64 / 1e3,
        );
    }
}
