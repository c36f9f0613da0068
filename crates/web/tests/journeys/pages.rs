//! A walk over every page: at a desk and on a phone, in light and dark.
//!
//! The list of pages comes from the routes, so that no page is forgotten: each is opened by the first of the people who may,
//! at the first address of its pattern where something is. Nothing against WCAG 2.2 AA may be found, nothing may be complained
//! about in the console or asked of anybody else, nothing shifts, nothing sticks out or is crowded, and no page is heavy. With
//! `TICKMARK_PICTURES` a picture of each is kept in that folder.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use axum::http::StatusCode;

use crate::driver::{WINDOWS, Window};
use crate::filled::{Filled, Known, Seats};
use crate::members::Browser;
use crate::seen::{Colors, Violation, Width, axe};

/// Most bytes of a first load.
const WEIGHT_LIMIT: u64 = 150 * 1000;
/// Most that a page may shift while it loads.
const SHIFT_LIMIT: f64 = 0.01;
/// How often a page is loaded before it is said to shift: what shifts by itself does so each time, and a font that comes late
/// on a machine that has much else to do does not.
const LOOKS: usize = 3;

/// What is downloaded or read by script, and is no page; what is reached from a letter only, where no mail goes out; and what
/// leads to identity providers and back.
const FILES: &[&str] = &[
    "/sign-in/provider/{id}",
    "/sign-in/provider/{id}/callback",
    "/sign-in/provider/{id}/logout",
    "/join/{secret}/provider/{id}",
    "/step-up/provider",
    "/address/{secret}",
    "/shared/{secret}",
    "/search.json",
    "/export/{file}",
    "/reports/{file}",
    "/audit-trail/export.csv",
    "/audit-trail/export.jsonl",
    "/evidence/{digest}/download",
    "/evidence/items/{key}/files/{version}/{seq}",
    "/evidence/items/{key}/files/{version}/{seq}/pages",
    "/evidence/items/{key}/files/{version}/{seq}/download",
    "/ledger/leaves/{index}/tlog-proof",
    "/ledger/leaves/{index}/proof.json",
    "/ledger/consistency/{old}/{new}",
    "/ledger/consistency/{old}/{new}/proof.txt",
    "/ledger/checkpoint",
    "/engagements/{key}/package",
    "/engagements/{key}/oscal",
    "/engagements/{key}/sheets/{sheet}",
    "/engagements/{key}/documents/{name}/{format}",
    "/engagements/{key}/requests/export/{ending}",
    "/engagements/{key}/evidence/{item}/{seq}",
    "/engagements/{key}/evidence/{item}/{seq}/download",
    "/engagements/{key}/evidence/populations/{number}/download",
    "/populations/{key}/file",
    "/access-reviews/{key}/pack/{ending}",
    "/engagements/{key}/evidence/reviews/{review}/pack/{ending}",
    "/engagements/{key}/diagrams/{at}/picture",
    "/engagements/{key}/management/{name}",
];

/// Files of the report of an audit firm.
const FIRM_FILES: &[&str] = &["/engagements/{key}/report/section.pdf", "/engagements/{key}/file"];

/// Pages that no route names: what is not there, lists in another state, the other side of a page.
const BESIDE: &[(&str, &str)] = &[
    ("not-found", "/nowhere"),
    ("controls-filtered", "/controls?status=gap&sort=title"),
    ("controls-none", "/controls?q=nothing+is+called+so"),
    ("search-found", "/search?q=access"),
    ("search-none", "/search?q=zzzz"),
    ("target-facts", "/targets/1?part=facts"),
    ("target-long-name", "/targets/2"),
    ("period-series", "/period?span=30d&series=CC6"),
    ("period-criterion", "/period?span=30d&criterion=CC6.1"),
    ("ledger-before", "/ledger?before=5"),
    ("evidence-returned", "/evidence/items/2"),
    ("evidence-waiting", "/evidence/items/3"),
    ("step-up", "/step-up?back=/people"),
];

/// A page to look at.
struct Stop {
    /// What its picture is called.
    name: String,
    path: String,
    /// Who looks; nobody is signed in where there is none.
    seat: Option<&'static str>,
}

/// What a pattern is called in the name of a picture.
fn named(pattern: &str) -> String {
    let words: String = pattern.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let words: Vec<&str> = words.split('-').filter(|word| !word.is_empty()).collect();
    if words.is_empty() { "overview".to_owned() } else { words.join("-") }
}

/// Patterns of all pages, each with the example of its route.
fn patterns() -> Vec<(&'static str, &'static str)> {
    let routes = tickmark_web::routes().into_iter().map(|route| (route.path, route.example));
    let desks = tickmark_web::desk_routes().into_iter().filter(|desk| desk.looks);
    let doors = tickmark_web::identity::PATHS.iter().map(|(path, _)| (*path, *path));
    let is_page =
        |path: &str| !FILES.contains(&path) && !FIRM_FILES.contains(&path) && !path.ends_with("/passkey");
    routes
        .chain(desks.map(|desk| (desk.path, desk.example)))
        .chain(doors)
        .filter(|(path, _)| is_page(path) && *path != "/sign-out")
        .collect()
}

/// Where there may be something of a pattern, the best first.
fn places(known: &[Known], pattern: &str, example: &str) -> Vec<String> {
    let mut places: Vec<String> =
        known.iter().filter(|(of, _)| *of == pattern).map(|(_, path)| path.clone()).collect();
    match pattern {
        "/ledger/consistency" => places.push("/ledger/consistency?from=3&to=10".to_owned()),
        "/period/{control}" => places.push("/period/IAM-08?span=30d".to_owned()),
        "/checks/{id}/edit" => places.push("/checks/own-debug-off/edit".to_owned()),
        "/engagements/{key}/requests/{number}/population" => {
            places.extend((1..=30).map(|number| format!("/engagements/1/requests/{number}/population")));
        }
        _ => {}
    }
    places.push(example.to_owned());
    for (from, to) in
        [("/engagements/1", "/engagements/2"), ("/engagements/1", "/engagements/3"), ("/1/", "/2/")]
    {
        places.push(example.replacen(from, to, 1));
    }
    places.push(example.replace("/events/new", "/events/1"));
    places.push(example.replace("/workpapers/1", "/workpapers/2"));
    places.push(example.replace("/engagements/1", "/engagements/2").replace("/description/", "/assertion/"));
    places
        .push(example.replace("/engagements/1", "/engagements/2").replace("/representation/", "/bridge-1/"));
    let mut seen = BTreeSet::new();
    places.retain(|place| seen.insert(place.clone()));
    places
}

async fn is_page(browser: &mut Browser, path: &str) -> bool {
    let answer = browser.get(path).await;
    answer.status == StatusCode::OK && answer.header("content-type").starts_with("text/html")
}

/// Finds every page, and who may see it.
async fn stops(seats: &mut Seats, known: &[Known]) -> Result<Vec<Stop>, Vec<String>> {
    let (mut stops, mut missing) = (Vec::new(), Vec::new());
    for (pattern, example) in patterns() {
        let places = places(known, pattern, example);
        let mut found = None;
        if pattern.starts_with("/sign-in") || pattern.starts_with("/join") || pattern.starts_with("/reset") {
            found = Some((None, places[0].clone()));
        } else {
            'search: for place in &places {
                for (name, browser) in seats.inside() {
                    if is_page(browser, place).await {
                        found = Some((Some(name), place.clone()));
                        break 'search;
                    }
                }
            }
        }
        match found {
            Some((seat, path)) => stops.push(Stop { name: named(pattern), path, seat }),
            None => missing.push(format!("nobody sees a page at {}", places.join(", "))),
        }
        // The audit firm has another frame.
        if pattern.starts_with("/engagements") {
            for place in &places {
                if is_page(&mut seats.audrey, place).await {
                    let name = format!("auditor-{}", named(pattern));
                    stops.push(Stop { name, path: place.clone(), seat: Some("audrey") });
                    break;
                }
            }
        }
    }
    for &(name, path) in BESIDE {
        stops.push(Stop { name: name.to_owned(), path: path.to_owned(), seat: Some("mia") });
    }
    for (name, path, seat) in [
        ("overview-owner", "/", "olu"),
        ("work-owner-of-controls", "/work", "cora"),
        ("work-nothing", "/work", "emil"),
        ("notices-nothing", "/notices", "emil"),
        ("auditor-account", "/account", "audrey"),
    ] {
        stops.push(Stop { name: name.to_owned(), path: path.to_owned(), seat: Some(seat) });
    }
    stops.sort_by_key(|stop| stop.seat);
    if missing.is_empty() { Ok(stops) } else { Err(missing) }
}

/// What was found wrong, each with the pages where it is.
#[derive(Default)]
struct Found(BTreeMap<String, BTreeSet<String>>);

impl Found {
    fn add(&mut self, what: String, at: &str) {
        self.0.entry(what).or_default().insert(at.to_owned());
    }

    fn join(&mut self, other: Self) {
        for (what, pages) in other.0 {
            self.0.entry(what).or_default().extend(pages);
        }
    }

    fn violations(&mut self, all: Vec<Violation>, at: &str) {
        for one in all {
            self.add(format!("{} {}\n    {}", one.rule, one.target, one.summary), at);
        }
    }

    /// One message that can be read: what, and the first pages of those where it is.
    fn text(&self) -> String {
        const SHOWN: usize = 3;
        let line = |(what, pages): (&String, &BTreeSet<String>)| {
            let first: Vec<&str> = pages.iter().take(SHOWN).map(String::as_str).collect();
            format!("{what}\n    at {} ({} in all)", first.join(", "), pages.len())
        };
        self.0.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

#[expect(clippy::disallowed_methods, reason = "whoever runs the tests says where pictures go")]
fn pictures() -> Option<PathBuf> {
    let folder = PathBuf::from(std::env::var_os("TICKMARK_PICTURES")?);
    std::fs::create_dir_all(&folder).expect("a folder for pictures");
    Some(folder)
}

/// Looks at one page in every way.
fn look(window: &Window, stop: &Stop, axe: &str, folder: Option<&PathBuf>, found: &mut Found) {
    for width in Width::ALL {
        let (pixels, _) = width.pixels();
        window.set_width(width);
        window.set_colors(Colors::Light);
        window.go(&stop.path);
        let mut loaded = window.loaded();
        for _ in 1..LOOKS {
            if loaded.shift < SHIFT_LIMIT {
                break;
            }
            window.go(&stop.path);
            loaded = window.loaded();
        }
        let at = |colors: Colors| format!("{} {pixels} {}", stop.path, colors.word());
        if loaded.shift >= SHIFT_LIMIT {
            found.add(format!("it shifts by {:.3}", loaded.shift), &at(Colors::Light));
        }
        if loaded.bytes > WEIGHT_LIMIT {
            found.add(
                format!("it weighs more than {WEIGHT_LIMIT} bytes"),
                &format!("{} ({})", stop.path, loaded.bytes),
            );
        }
        for colors in Colors::ALL {
            window.set_colors(colors);
            if let Some(folder) = folder {
                window.picture(&folder.join(format!("{}-{pixels}-{}.png", stop.name, colors.word())));
            }
        }
        // Dark now; what is folded is opened for both.
        window.unfold();
        found.violations(window.violations(axe, true), &at(Colors::Dark));
        window.set_colors(Colors::Light);
        found.violations(window.violations(axe, false), &at(Colors::Light));
        for crowd in window.crowded() {
            found.add(format!("too little room: {crowd}"), &at(Colors::Light));
        }
        if let Some(line) = window.runs_over() {
            found.add(format!("it runs over the next day: {line}"), &at(Colors::Light));
        }
        if let Some(wide) = window.sticks_out() {
            found.add(format!("it scrolls sideways by {wide}"), &at(Colors::Light));
        }
    }
    for noise in window.noise() {
        let is_expected = stop.name == "not-found" && noise.contains("404 (Not Found)");
        if !is_expected {
            found.add(noise, &stop.path);
        }
    }
}

#[test]
fn pages_are_all_fit_for_everybody_at_a_desk_and_on_a_phone() {
    let mut filled = Filled::start();
    let stops = filled.served.run(stops(&mut filled.seats, &filled.known));
    let stops =
        stops.unwrap_or_else(|missing| panic!("say in pages.rs where they are:\n{}", missing.join("\n")));
    assert!(stops.len() > 100, "{}", stops.len());
    let (axe, folder) = (axe(), pictures());
    let cookies = filled.seats.inside().map(|(name, browser)| (name, browser.cookies.clone()));
    let cookies: BTreeMap<_, Vec<(String, String)>> =
        cookies.into_iter().map(|(name, all)| (name, all.into_iter().collect())).collect();
    // Each window looks at its share of the pages.
    let (home, folder) = (filled.served.home.clone(), folder.as_ref());
    let walk = |share: usize| {
        let window = Window::open(&home);
        let (mut found, mut sits) = (Found::default(), None);
        for stop in stops.iter().skip(share).step_by(WINDOWS) {
            if sits != Some(stop.seat) {
                sits = Some(stop.seat);
                window.hand_over(stop.seat.map_or(&[][..], |name| &cookies[name]));
            }
            look(&window, stop, &axe, folder, &mut found);
        }
        found
    };
    let mut found = Found::default();
    std::thread::scope(|scope| {
        let walk = &walk;
        let walks: Vec<_> = (0..WINDOWS).map(|share| scope.spawn(move || walk(share))).collect();
        for one in walks {
            found.join(one.join().expect("a walk to its end"));
        }
    });
    assert!(found.0.is_empty(), "{} things on {} pages:\n{}", found.0.len(), stops.len(), found.text());
}
