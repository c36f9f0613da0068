//! With keys alone: finding and going, lists, and the work itself.

use serde_json::json;
use tickmark_core::identity::Role;

use crate::driver::{CONTROL, DOWN, ENTER, ESCAPE};
use crate::served::Served;
use crate::work::in_force;

#[test]
fn everything_is_found_and_gone_to_by_keys() {
    let served = Served::start();
    let (mia, _) = served.member("Mia", &[Role::ComplianceManager]);
    let id = in_force(&served, "mia@example.com");
    let window = served.window();
    window.seat(&mia);

    // The palette finds a record and a page; the marked one opens.
    window.go("/");
    window.chord(CONTROL, "k");
    window.see("Overview");
    window.keys(id.as_str());
    let found = format!(
        "[...document.querySelectorAll('[role=option][aria-selected=true]')].some((one) => one.innerText.includes('{id}')) || null"
    );
    window.until("the control in the palette", &format!("return {found}"));
    window.keys(ENTER);
    window.see_page(id.as_str());
    window.chord(CONTROL, "k");
    window.keys("waivers");
    window.until(
        "waivers in the palette",
        "return [...document.querySelectorAll('[role=option]')].some((one) => one.innerText.includes('Waivers')) || null",
    );
    let marked = || {
        let script = "return document.querySelector('[role=option][aria-selected=true]')?.innerText ?? ''";
        window.run(script, json!([])).expect("the marked one").as_str().unwrap_or_default().to_owned()
    };
    for _ in 0..20 {
        if marked().starts_with("Waivers") {
            break;
        }
        window.keys(DOWN);
    }
    assert!(marked().starts_with("Waivers"), "{}", marked());
    window.keys(ENTER);
    window.see_page("Waivers");

    // Single keys, and the sheet that names them.
    window.keys("?");
    window.see("Keyboard shortcuts");
    window.keys(ESCAPE);
    window.until("no dialog", "return document.querySelector('dialog') === null || null");
    window.keys("gc");
    window.see_page("Controls");
    window.keys("/");
    assert_eq!(window.focused(), "Find among controls");
    window.type_over(id.as_str());
    window.keys(ENTER);
    window.until("one row", "return location.search.includes('q=') || null");
    window.see_page("Controls");
    window.keys("j");
    assert_eq!(window.focused(), id.as_str());
    window.keys("x");
    let ticked = window.run("return document.querySelectorAll('td.pick input:checked').length", json!([]));
    assert_eq!(ticked.expect("a count"), 1);
    window.keys(ENTER);
    window.see_page(id.as_str());

    // Switched off, only the palette is left.
    window.go("/shortcuts");
    window.tab_to("Single keys work");
    window.keys(" ");
    window.go("/controls");
    window.keys("gw");
    window.chord(CONTROL, "k");
    window.see("Waivers");
    assert!(window.here().starts_with("/controls"), "{}", window.here());
    window.assert_quiet();
}

#[test]
fn a_control_is_performed_and_its_evidence_accepted_by_keys() {
    let served = Served::start();
    let (oscar, _) = served.member("Oscar", &[Role::ControlOwner]);
    let (mia, _) = served.member("Mia", &[Role::ComplianceManager]);
    let id = in_force(&served, "oscar@example.com");
    let files = tempfile::tempdir().expect("scratch");
    let file = files.path().join("groups.csv");
    std::fs::write(&file, "group\npayroll\n").expect("written");

    let window = served.window();
    window.seat(&oscar);
    window.go(&format!("/controls/{id}"));
    window.tab_to("Record");
    window.keys(ENTER);
    window.see_page("Occurrences");
    // How a day is typed depends on the language, and files are chosen in a window of the desk.
    window.set("Done on", "2026-11-24");
    window.attach("Files that show it", &file);
    window.tab_to("Note");
    window.keys("All groups looked at");
    window.tab_to("Record a performance");
    window.keys(ENTER);
    window.see("24 Nov 2026, Oscar");

    window.seat(&mia);
    window.go("/evidence/items/1");
    window.tab_to("Accept evidence");
    window.keys(ENTER);
    window.see("Accepted by Mia");
    window.assert_quiet();
}

#[test]
fn a_waiver_is_asked_for_by_keys() {
    let served = Served::start();
    let check = crate::work::failing(&served);
    let (cora, _) = served.member("Cora", &[Role::ControlOwner]);
    let window = served.window();
    window.seat(&cora);
    window.go(&format!("/checks/{check}"));
    window.tab_to("Ask for a waiver");
    window.keys(ENTER);
    window.see_page("Ask for a waiver");
    window.tab_to("All targets, those to come included");
    window.keys(" ");
    for (label, text) in [
        ("Why the check cannot be met", "The vendor's agent needs it"),
        ("What can happen meanwhile", "A shared account hides who acted"),
        ("What is done instead", "Sessions are recorded"),
    ] {
        window.tab_to(label);
        window.keys(text);
    }
    window.set("Last day", "2027-02-28");
    window.tab_to("Ask for it");
    window.keys(ENTER);
    window.see("somebody else decides");
    window.assert_quiet();
}
