//! Without script: signing in, reading, forms with and without files, and filters on a phone.

use serde_json::json;
use tickmark_core::identity::Role;
use tickmark_core::identity::totp::STEP_SECONDS;

use crate::driver::ENTER;
use crate::seen::Width;
use crate::served::Served;
use crate::work::in_force;

#[test]
fn one_signs_in_reads_and_hands_in_evidence_without_script() {
    let served = Served::start();
    let (_, account) = served.member("Oscar", &[Role::ControlOwner]);
    let id = in_force(&served, "oscar@example.com");
    let files = tempfile::tempdir().expect("scratch");
    let file = files.path().join("groups.csv");
    std::fs::write(&file, "group\npayroll\n").expect("written");

    let window = served.window();
    window.set_script(false);
    // A code is taken once.
    served.server.world.wait(STEP_SECONDS);
    window.go("/sign-in");
    window.fill("E-mail address", &account.email);
    window.fill("Password", &account.password);
    window.fill("Code", &served.server.code(&account.seed));
    window.press("Sign in with password and code");
    window.see_page("Overview");

    window.press("Controls");
    window.see_page("Controls");
    window.fill("Find among controls", id.as_str());
    window.press("Apply");
    window.see_page("Controls");
    window.press(id.as_str());
    window.see("Occurrences");
    window.press("Record");
    window.see_page("Occurrences");
    window.set("Done on", "2026-11-24");
    window.attach("Files that show it", &file);
    window.fill("Note", "Looked at without script");
    window.press("Record a performance");
    window.see("24 Nov 2026, Oscar");

    window.go(&format!("/controls/{id}"));
    window.fill("Comment", "Is this still so?");
    window.press("Comment");
    window.see("Is this still so?");
    assert!(window.here().starts_with("/controls/"), "{}", window.here());
    window.assert_quiet();
}

#[test]
fn filters_are_folded_on_a_phone_and_in_sight_on_a_desk() {
    let served = Served::start();
    let (mia, _) = served.member("Mia", &[Role::ComplianceManager]);
    in_force(&served, "mia@example.com");
    let window = served.window();
    window.seat(&mia);
    window.set_script(false);
    let filters_are = |seen: bool| {
        format!("return document.querySelector('.filters select').checkVisibility() === {seen} || null")
    };
    window.set_width(Width::Desk);
    window.go("/controls");
    window.see_page("Controls");
    window.until("filters on a desk", &filters_are(true));
    window.set_width(Width::Phone);
    window.until("folded filters on a phone", &filters_are(false));
    window.run("document.querySelector('.filters summary').focus()", json!([])).expect("in focus");
    window.keys(ENTER);
    window.until("unfolded filters", &filters_are(true));
    // What is chosen is in sight.
    window.go("/controls?key=yes");
    window.see("Filters (1)");
    window.until("the filter that is set", &filters_are(true));
    window.assert_quiet();
}
