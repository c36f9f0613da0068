//! The workspace when much is in it: 10,000 controls, 10,000 evidence items, 1,000,000 events of the audit trail, with
//! people, findings and waivers besides. Several compliance managers look around at 200 requests a second, all pages
//! together, whether or not the server has answered the ones before. `cargo bench -p tickmark-web` prints what the server
//! takes for each page on SQLite, without the socket, and the ratio to the budget; asserts nothing, because times move with
//! the machine.

#[path = "../tests/support/answer.rs"]
mod answer;
#[path = "../tests/support/host.rs"]
mod host;
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
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use bytes::Bytes;
use members::{Browser, Server};
use tickmark_app::conclusion;
use tickmark_app::control::edit;
use tickmark_app::evidence::item::{self, NewItem, Upload};
use tickmark_app::observation::waiver;
use tickmark_core::catalog::Catalog;
use tickmark_core::conclusion::readiness::{Answer, Question};
use tickmark_core::control::{Assigned, Control, ControlId};
use tickmark_core::evidence::item::{Covers, Description, Kind, Method, Sensitivity, day};
use tickmark_core::identity::Role;
use tickmark_core::observation::waiver::{Request, Scope};
use tickmark_core::time::DAY_US;
use tickmark_evaluate::Library;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

const CONTROLS: usize = 10_000;
const ITEMS: usize = 10_000;
const EVENTS: usize = 1_000_000;
/// Members beside those who look around.
const PEOPLE: usize = 300;
/// Controls that somebody found not to be designed: a finding each.
const SHORT: usize = 2_000;
const WAIVERS: usize = 1_000;
/// Records that are written in one transaction.
const BATCH: usize = 500;
/// Events that are written in one transaction.
const EVENT_BATCH: usize = 20_000;
/// Those who look around, each in a session of their own.
const BROWSERS: usize = 16;
/// Requests a second, all pages together.
const RATE: f64 = 200.0;
/// Rounds over all pages.
const ROUNDS: usize = 400;
const LIMIT_MS: f64 = 10.0;
const WEIGHT_LIMIT: f64 = 150.0;

/// The pages that the budget is about.
const PAGES: [&str; 10] = [
    "/controls",
    "/controls/OWN-05000",
    "/evidence/items",
    "/evidence/items/5000",
    "/work",
    "/audit-trail?event=evidence",
    "/people",
    "/findings",
    "/waivers",
    "/search?q=backup",
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
                edit::write(cx, control(number), content, Assigned::default(), "measured", &catalog).await?;
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

/// People, findings and waivers.
async fn people_and_what_falls_short(server: &Server) {
    let (app, program) = (&server.app, &server.program);
    let begun = Instant::now();
    for number in 0..PEOPLE {
        let role = [Role::ControlOwner, Role::Employee, Role::ComplianceManager][number % 3];
        server.world.member(app, program, &format!("Person{number}"), &[role]).await;
    }
    let (one, other) = (
        server.world.person(app, program).await,
        server.world.member(app, program, "Olga", &[Role::ControlOwner]).await,
    );
    let other = server.world.find_member(app, program, &other.email).await.actor;
    for batch in (0..SHORT).collect::<Vec<_>>().chunks(BATCH) {
        app.transact(&one, async |cx| {
            for &number in batch {
                conclusion::decide(cx, &control(number), Question::Designed, Answer::No, "nobody does it")
                    .await?;
            }
            Ok(())
        })
        .await
        .expect("answered");
    }
    let library = Library::builtin().unwrap_or_else(|errors| panic!("{errors:#?}"));
    host::collect(app, program, &library).await;
    let checks: Vec<String> = library.checks().map(|check| check.id().to_owned()).collect();
    for batch in (0..WAIVERS).collect::<Vec<_>>().chunks(BATCH) {
        app.transact(&one, async |cx| {
            for &number in batch {
                let days = 1 + i64::try_from(number % 300).unwrap_or(0);
                let request = Request {
                    check: checks[number % checks.len()].clone(),
                    scope: Scope::All,
                    reason: format!("Ticket {number} is not done"),
                    risk: "It stays as it is".to_owned(),
                    compensation: "It is looked at each week".to_owned(),
                    note: String::new(),
                    requested_by: other,
                    expires_at: cx.now.plus_micros(days * DAY_US),
                };
                waiver::grant(cx, request).await?;
            }
            Ok(())
        })
        .await
        .expect("granted");
    }
    app.sequence(program).await.expect("sequenced");
    let seconds = begun.elapsed().as_secs_f64();
    eprintln!(
        "{PEOPLE} people, {SHORT} answers that fall short and {WAIVERS} waivers written in {seconds:.1} s"
    );
}

/// What one page took, and weighs.
#[derive(Default)]
struct Page {
    times: Vec<Duration>,
    bytes: usize,
}

/// Asks for all pages in turn at the rate, each by the next browser. A request that waits for its browser waits as a person
/// would: what is measured begins when the server has it.
async fn look_around(server: &Server, browsers: Vec<Browser>) -> (Vec<Page>, f64) {
    let browsers: Vec<Arc<Mutex<Browser>>> =
        browsers.into_iter().map(|browser| Arc::new(Mutex::new(browser))).collect();
    let mut asking: JoinSet<(usize, Duration, usize)> = JoinSet::new();
    let mut ticks = tokio::time::interval(Duration::from_secs_f64(1.0 / RATE));
    let (begun, mut seconds) = (Instant::now(), 0);
    for number in 0..ROUNDS * PAGES.len() {
        ticks.tick().await;
        // The clock of the program stands until it is moved: what is kept for a while goes out of date as it does elsewhere.
        while seconds < begun.elapsed().as_secs() {
            server.world.wait(1);
            seconds += 1;
        }
        let browser = Arc::clone(&browsers[number % browsers.len()]);
        let at = number % PAGES.len();
        asking.spawn(async move {
            let mut browser = browser.lock().await;
            let asked = Instant::now();
            let answer = browser.get(PAGES[at]).await;
            let took = asked.elapsed();
            assert_eq!(answer.status, StatusCode::OK, "{}", PAGES[at]);
            (at, took, answer.bytes.len())
        });
    }
    let mut pages: Vec<Page> = PAGES.iter().map(|_| Page::default()).collect();
    while let Some(answered) = asking.join_next().await {
        let (at, took, bytes) = answered.expect("answered");
        pages[at].times.push(took);
        pages[at].bytes = bytes;
    }
    (pages, (ROUNDS * PAGES.len()) as f64 / begun.elapsed().as_secs_f64())
}

#[tokio::main]
async fn main() {
    let server = Server::start().await;
    fill(&server).await;
    people_and_what_falls_short(&server).await;
    let mut browsers = Vec::new();
    for number in 0..BROWSERS {
        browsers.push(server.member(&format!("Mia{number}"), &[Role::ComplianceManager]).await.0);
    }
    for path in PAGES {
        let asked = Instant::now();
        let answer = browsers[0].get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
        eprintln!("first time {path}: {:.1} ms", asked.elapsed().as_secs_f64() * 1e3);
    }
    let (pages, rate) = look_around(&server, browsers).await;
    println!("{rate:.0} requests a second of {RATE:.0} asked for, {BROWSERS} people");
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
