//! Doing the work: controls performed, evidence returned and accepted, checks written, failures waived.

use tickmark_app::{control, observation};
use tickmark_core::catalog::{Catalog, Nature};
use tickmark_core::control::{ControlId, Frequency};
use tickmark_core::identity::Role;
use tickmark_core::observation::Verdict;
use tickmark_evaluate::Library;

use crate::host;
use crate::served::Served;

/// Puts a quarterly control in force under somebody.
pub(crate) fn in_force(served: &Served, email: &str) -> ControlId {
    let (server, catalog) = (&served.server, Catalog::builtin());
    let app = &server.app;
    served.run(async {
        app.transact(&server.program, async |cx| control::adopt_starters(cx, &catalog).await)
            .await
            .expect("adopted");
        let starter = catalog
            .controls
            .iter()
            .find(|one| one.frequency == Frequency::Quarterly && one.nature != Nature::Automated);
        let id: ControlId = starter.expect("one").id.parse().expect("an id");
        let member = server.world.find_member(app, &server.program, email).await;
        let person = server.world.person(app, &server.program).await;
        app.transact(&person, async |cx| control::put_in_force(cx, &id, member.actor).await)
            .await
            .expect("in force");
        id
    })
}

#[test]
fn a_control_is_performed_and_its_evidence_returned_and_accepted() {
    let served = Served::start();
    let (oscar, _) = served.member("Oscar", &[Role::ControlOwner]);
    let (mia, _) = served.member("Mia", &[Role::ComplianceManager]);
    let id = in_force(&served, "oscar@example.com");
    let files = tempfile::tempdir().expect("scratch");
    let (first, second) = (files.path().join("groups.csv"), files.path().join("all-groups.csv"));
    std::fs::write(&first, "group\npayroll\n").expect("written");
    std::fs::write(&second, "group\npayroll\nadmins\n").expect("written");

    let window = served.window();
    window.seat(&oscar);
    window.go(&format!("/controls/{id}"));
    window.press("Record");
    window.see_page("Occurrences");
    window.set("Done on", "2026-11-24");
    window.attach("Files that show it", &first);
    window.fill("Note", "All groups of payroll looked at");
    window.press("Record a performance");
    window.see("24 Nov 2026, Oscar");

    window.seat(&mia);
    window.go("/work");
    window.see("Waiting for your decision");
    window.go("/evidence/items/1");
    window.see("groups.csv");
    window.press("Return it");
    window.fill("What has to be mended", "The administrators are missing");
    window.press_in("What has to be mended", "Return it");
    window.see("Sent back by");

    window.seat(&oscar);
    window.go("/work");
    window.see("Returned to you");
    window.go("/evidence/items/1");
    window.see("The administrators are missing");
    window.press("New version");
    window.see_page("New version");
    window.attach("Files", &second);
    window.fill("Why", "Administrators added");
    window.press("Save as a new version");
    window.see("all-groups.csv");
    window.press("Submit");
    window.see("It waits for somebody who accepts evidence");

    window.seat(&mia);
    window.go("/evidence/items/1");
    window.press("Accept evidence");
    window.see("Accepted by Mia");
    window.seat(&oscar);
    window.go("/evidence/items/1");
    window.see("Accepted by Mia");
    window.assert_quiet();
}

#[test]
fn a_check_is_written_and_tried() {
    let served = Served::start();
    let (cam, _) = served.member("Cam", &[Role::ComplianceManager]);
    let (max, _) = served.member("Max", &[Role::ComplianceManager]);
    let window = served.window();
    window.seat(&cam);
    window.go("/checks");
    window.press("New check");
    window.see_page("New check");
    window.fill("What it asserts", "Debugging is off");
    window.fill("Id", "own-debug-off");
    window.press("Begin");
    window.see("Logic (check.rego)");
    window.press("Try it");
    window.see("tests pass");
    window.fill("Why", "Debugging shows secrets");
    window.press("Hand it in");
    window.see("so somebody else decides about it");

    window.seat(&max);
    window.go("/work");
    window.see("Checks to decide about");
    window.go("/checks/own-debug-off/draft");
    window.press("Approve these files");
    window.see("goes live with the next run");
    window.assert_quiet();
}

/// Looks at a host, and returns a check that fails on it.
pub(crate) fn failing(served: &Served) -> String {
    let server = &served.server;
    served.run(async {
        let library = Library::builtin().unwrap_or_else(|errors| panic!("{errors:#?}"));
        host::collect(&server.app, &server.program, &library).await;
        let verdicts =
            server.app.read(&server.program, async |view| observation::verdicts_now(view).await).await;
        let failing =
            verdicts.expect("verdicts").into_iter().find(|one| one.verdict == Verdict::Fail).expect("one");
        failing.check_id
    })
}

#[test]
fn a_failure_is_waived_by_another_than_who_asked() {
    let served = Served::start();
    let check = failing(&served);
    let (cora, _) = served.member("Cora", &[Role::ControlOwner]);
    let (cam, _) = served.member("Cam", &[Role::ComplianceManager]);
    let window = served.window();
    window.seat(&cora);
    window.go(&format!("/checks/{check}"));
    window.press("Ask for a waiver");
    window.see_page("Ask for a waiver");
    window.tick("All targets, those to come included");
    window.fill("Why the check cannot be met", "The vendor's agent needs it");
    window.fill("What can happen meanwhile", "A shared account hides who acted");
    window.fill("What is done instead", "Sessions are recorded");
    window.set("Last day", "2027-02-28");
    window.press("Ask for it");
    window.see("somebody else decides");

    window.seat(&cam);
    window.go("/waivers");
    window.see("Waiting for a decision");
    window.go("/waivers/requests/1");
    window.see("The vendor's agent needs it");
    window.press("Approve it");
    window.see_page("Waivers");
    window.see("in force");
    window.go(&format!("/checks/{check}"));
    window.see("The vendor's agent needs it");
    // A waiver stands beside a verdict and changes none.
    window.see("Fail");
    window.assert_quiet();
}
