//! The workspace when much is in it: 10,000 controls, 10,000 evidence items, 1,000,000 events of the audit trail, with
//! people, findings, waivers, an examination and reviews of access besides. Several people who run the program and own
//! controls look around at 200 requests a second, all pages together, whether or not the server has answered the ones before;
//! once as they only look, once while somebody says something each second, so that what is counted for everybody is counted
//! anew. `cargo bench -p tickmark-web` prints what the server takes for each page on SQLite, without the socket, and the ratio
//! to the budget, and before that what each page takes alone and how often it asks the database; asserts nothing, because
//! times move with the machine.
//!
//! `cargo bench -p tickmark-web -- tenth` has a tenth of everything, to see in a moment that it runs.

#[path = "../../tests/support/answer.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod answer;
#[path = "../../tests/support/examination.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod examination;
mod fill;
#[path = "../../tests/support/host.rs"]
mod host;
#[path = "../../tests/support/members.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod members;
mod statements;

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use fill::Size;
use members::{Browser, Server, token};
use tickmark_core::identity::Role;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

/// Requests a second, all pages together.
const RATE: f64 = 200.0;
/// How often each page is asked for while nobody else asks.
const ALONE: u32 = 50;
/// Rounds over all pages.
const ROUNDS: usize = 400;
const LIMIT_MS: f64 = 10.0;
const WEIGHT_LIMIT_KB: f64 = 150.0;
/// The record about which somebody says something.
const SPOKEN_OF: &str = "/controls/OWN-00001";

/// The pages that the budget is about.
const PAGES: [&str; 16] = [
    "/",
    "/controls",
    "/controls?q=backup&page=3",
    "/controls/OWN-00500",
    "/evidence/items",
    "/evidence/items/500",
    "/work",
    "/notices",
    "/audit-trail",
    "/audit-trail?event=evidence",
    "/people",
    "/findings",
    "/waivers",
    "/access-reviews",
    "/engagements/1/requests",
    "/search?q=backup",
];

/// What one page took, and weighs.
#[derive(Default)]
struct Page {
    times: Vec<Duration>,
    packed: usize,
}

/// Asks for all pages in turn at the rate, each by the next browser. A request that waits for its browser waits as a person
/// would: what is measured begins when the server has it.
async fn look_around(
    server: &Server,
    browsers: &[Arc<Mutex<Browser>>],
    mut speaker: Option<Browser>,
) -> (Vec<Page>, f64) {
    let said = match &mut speaker {
        Some(browser) => token(browser.get(SPOKEN_OF).await.text()),
        None => String::new(),
    };
    let speaker = speaker.map(|browser| Arc::new(Mutex::new(browser)));
    let mut asking: JoinSet<(usize, Duration, usize)> = JoinSet::new();
    let mut ticks = tokio::time::interval(Duration::from_secs_f64(1.0 / RATE));
    let (begun, mut seconds) = (Instant::now(), 0);
    for number in 0..ROUNDS * PAGES.len() {
        ticks.tick().await;
        // The clock of the program stands until it is moved: what is kept for a while goes out of date as it does elsewhere.
        while seconds < begun.elapsed().as_secs() {
            server.world.wait(1);
            seconds += 1;
            if let Some(speaker) = speaker.clone() {
                tokio::spawn(speak(speaker, said.clone(), seconds));
            }
        }
        let browser = Arc::clone(&browsers[number % browsers.len()]);
        // Each browser comes to each page.
        let at = (number + number / PAGES.len()) % PAGES.len();
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
        let (at, took, packed) = answered.expect("answered");
        pages[at].times.push(took);
        pages[at].packed = packed;
    }
    (pages, (ROUNDS * PAGES.len()) as f64 / begun.elapsed().as_secs_f64())
}

async fn speak(speaker: Arc<Mutex<Browser>>, token: String, number: u64) {
    let once = format!("{}-{number}", std::process::id());
    let fields = [("kind", "control"), ("id", "OWN-00001"), ("once", once.as_str()), ("body", "Seen.")];
    let answer = speaker.lock().await.post("/comments/new", &token, &fields).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
}

/// What each page takes while nobody else asks, and how often it asks the database.
async fn alone(browser: &mut Browser) {
    for path in PAGES {
        statements::begin();
        browser.get(path).await;
        let statements = statements::end();
        let asked = Instant::now();
        for _ in 0..ALONE {
            browser.get(path).await;
        }
        let each = asked.elapsed().as_secs_f64() * 1e3 / f64::from(ALONE);
        eprintln!("alone {path:<30} {each:>6.2} ms, {statements} statements");
    }
}

fn say(pages: Vec<Page>, weights: &[usize]) {
    let mut all = Vec::new();
    for ((page, path), weight) in pages.into_iter().zip(PAGES).zip(weights) {
        all.extend_from_slice(&page.times);
        println!(
            "{path:<30} {}; {:>6.1} KB of {WEIGHT_LIMIT_KB}, {:>5.1} packed",
            times(page.times),
            *weight as f64 / 1e3,
            page.packed as f64 / 1e3,
        );
    }
    println!("{:<30} {}", "all pages together", times(all));
}

fn times(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let at = |share: usize| times[times.len() * share / 100].as_secs_f64() * 1e3;
    format!("median {:>6.1} ms, p99 {:>6.1} ms, {:>5.2} of {LIMIT_MS} ms", at(50), at(99), at(99) / LIMIT_MS)
}

#[tokio::main]
async fn main() {
    statements::listen();
    let is_rehearsal = std::env::args().any(|argument| argument == "tenth");
    let size = if is_rehearsal { Size::whole().tenth() } else { Size::whole() };
    let server = Server::start().await;
    let begun = Instant::now();
    let accounts = fill::fill(&server, &size).await;
    eprintln!("filled in {:.0} s", begun.elapsed().as_secs_f64());
    let mut browsers = Vec::new();
    for account in &accounts {
        browsers.push(server.signed_in(account).await);
    }
    let mut weights = Vec::new();
    for path in PAGES {
        let asked = Instant::now();
        let answer = browsers[0].get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
        eprintln!("first time {path}: {:.1} ms", asked.elapsed().as_secs_f64() * 1e3);
        weights.push(answer.bytes.len());
    }
    alone(&mut browsers[0]).await;
    for browser in &mut browsers {
        // As every browser does.
        browser.headers.push(("accept-encoding", "gzip".to_owned()));
    }
    let people = browsers.len();
    let browsers: Vec<Arc<Mutex<Browser>>> =
        browsers.into_iter().map(|browser| Arc::new(Mutex::new(browser))).collect();
    let (pages, rate) = look_around(&server, &browsers, None).await;
    println!("{rate:.0} requests a second of {RATE:.0} asked for, {people} people who look:");
    say(pages, &weights);
    let speaker = server.member("Wanda", &[Role::ComplianceManager]).await.0;
    let (pages, rate) = look_around(&server, &browsers, Some(speaker)).await;
    println!("{rate:.0} requests a second of {RATE:.0} asked for, and somebody says something each second:");
    say(pages, &weights);
}
