//! The audit firm in the company's workspace: let in, and reading what it was given.

use crate::examination::{changes, company, owner};
use crate::served::Served;

const PASSWORD: &str = "correct horse and staple";

#[test]
fn an_auditor_joins_and_opens_a_request_evidence_and_a_workpaper() {
    let served = Served::start();
    let server = &served.server;
    let (olu, cam) = served.run(async {
        let (olu, cam) = (owner(server).await, company(server).await);
        changes(server).await;
        (olu, cam)
    });
    let files = tempfile::tempdir().expect("scratch");
    let file = files.path().join("chart.csv");
    std::fs::write(&file, "who,what\nAda,Director\n").expect("written");

    let window = served.window();
    window.seat(&olu);
    window.go("/engagements/1/access");
    window.fill("E-mail address", "audrey@firm.example");
    window.set("Last day of access", "2027-03-31");
    window.press("Let in");
    window.see("audrey@firm.example");
    let text = window.text();
    let link = text.split_whitespace().find(|word| word.contains("/join/")).expect("a link").to_owned();

    window.hand_over(&[]);
    window.go(link.find("/join/").map(|at| &link[at..]).expect("a path"));
    window.see("as external auditor");
    window.fill("Your name", "Audrey Auditor");
    window.fill("New password", PASSWORD);
    window.fill("The same once more", PASSWORD);
    window.press("Join with a passkey");
    window.see("These are your recovery codes");
    window.press("I have kept them");
    window.see_page("Engagements");
    window.see("You work in the papers of your firm");
    window.press("SOC 2 Type 2");
    window.press("Begin a request list");
    window.press("Ask for these");
    window.see_page("Request list");
    window.see("Organization chart with names and dates");
    window.assert_quiet();
    let auditor = window.cookies();

    window.seat(&cam);
    window.go("/engagements/1/requests/1");
    window.fill("Source of the files", "Personnel system");
    window.fill("In words", "As of today.");
    window.attach("New files", &file);
    window.press("Submit to the auditor");
    window.see("As of today.");
    window.see("submitted an answer");

    window.hand_over(&auditor);
    window.go("/engagements/1/requests");
    window.press("Organization chart with names and dates");
    window.see("As of today.");
    window.press("Organization chart with names and dates");
    window.see("chart.csv");
    window.press("Open");
    window.see("Ada,Director");

    window.go("/engagements/1/workpapers");
    window.press("Begin a workpaper");
    window.choose("Control", "CHG-02");
    window.tick("Inspection");
    window.fill("Procedure", "Inspected the approval of selected changes.");
    window.fill("Attributes", "A | approved before deployment | no approval");
    window.press("Save");
    window.see("Inspected the approval of selected changes.");
    window.choose("Method", "random");
    window.fill("How many", "3");
    window.fill("Seed", "agreed");
    window.press("Select items");
    window.see("3 of 10, random");
    window.assert_quiet();
}
