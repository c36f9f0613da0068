//! The program: controls written and assigned, performances, evidence in every state, a finding taken on, waivers, comments.

use axum::http::StatusCode;
use tickmark_app::observation::{self, workshop};
use tickmark_core::observation::Verdict;

use super::{Known, Seats};
use crate::members::{Browser, Server, hidden};

const NEW: &str = "/evidence/items/new";
/// A picture of one pixel.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\0\0\0\x0dIDATx\x9cc\xf8\xcf\xc0\xf0\x1f\0\x05\0\x01\xff\x89\x99=\x1d\0\0\0\0IEND\xaeB`\x82";
/// A control that people perform each quarter, and others that go to the same owner.
const QUARTERLY: &str = "IAM-07";
const ASSIGNED: [&str; 4] = [QUARTERLY, "IAM-01", "IAM-08", "CHG-02"];

pub(super) async fn fill(server: &Server, seats: &mut Seats, known: &mut Vec<Known>) {
    controls(server, seats).await;
    evidence(seats).await;
    performance(seats, known).await;
    findings(server, seats, known).await;
    own_check(server).await;
    access(server, seats).await;
    let say = "@Max, is this still so? It was another tool last year.";
    let page = "/controls/IAM-01";
    let once = hidden(seats.mia.get(page).await.text(), "once").to_owned();
    let comment = [("kind", "control"), ("id", "IAM-01"), ("once", once.as_str()), ("body", say)];
    went(&mut seats.mia, page, "/comments/new", &comment).await;
    let pick = ASSIGNED.map(|id| format!("pick={id}")).join("&");
    known.push(("/controls/bulk/assign", format!("/controls/bulk/assign?{pick}")));
    known.push(("/controls/bulk/start", "/controls/bulk/start?pick=BKP-90".to_owned()));
    known.push(("/controls/bulk/retire", format!("/controls/bulk/retire?{pick}")));
    known.push(("/controls/{id}/approve", "/controls/BKP-90/approve".to_owned()));
    known.push(("/controls/{id}/approve", "/controls/CHG-02/approve".to_owned()));
}

/// Sends a form that must be taken.
async fn went(browser: &mut Browser, page: &str, to: &str, fields: &[(&str, &str)]) {
    let sent = browser.send(page, to, fields).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{to}: {}", sent.text());
}

/// A list of access, a matrix of duties with an exception that waits, and a review that is open for decisions.
async fn access(server: &Server, seats: &mut Seats) {
    let mut deciders = Vec::new();
    for email in ["cora@example.com", "eva@example.com"] {
        let member = server.world.find_member(&server.app, &server.program, email).await;
        deciders.push(member.actor.to_string());
    }
    let mia = &mut seats.mia;
    let list = b"account,entitlement,kind,tier,status\nada,deploy,human,1,active\nbob,wiki,human,3,active\n";
    let fields = [
        ("system", "Cloud"),
        ("accounts", "3"),
        ("exclusions", "root: sealed"),
        ("source", "Console"),
        ("query", "all members with their roles"),
        ("parameters", ""),
        ("time_zone", "UTC"),
        ("run_on", "2026-11-24"),
        ("rows", "2"),
        ("control_total", ""),
        ("completeness", ""),
        ("accuracy", ""),
        ("dates", "iso"),
    ];
    let new = "/access/new";
    let made = mia.upload(new, new, &fields, &[("members.csv", list.as_slice())]).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.text());
    went(mia, "/segregation", "/segregation/adopt", &[]).await;
    let asked = [
        ("conflict", "change-deployment"),
        ("holder", "ada"),
        ("reason", "Two people run it."),
        ("control", QUARTERLY),
        ("until", "2026-12-20"),
    ];
    let exception = "/segregation/exceptions/new";
    went(mia, exception, exception, &asked).await;
    let begin = "/access-reviews/new";
    let scope = [
        ("title", "Production access, fourth quarter"),
        ("systems", "Cloud"),
        ("owner", deciders[0].as_str()),
        ("tiers", "0"),
        ("tiers", "1"),
        ("tiers", "3"),
        ("stand_in", deciders[0].as_str()),
        ("second_stand_in", deciders[1].as_str()),
        ("due", "2026-12-10"),
        ("unanswered", "revoke"),
        ("control", ""),
    ];
    went(mia, begin, begin, &scope).await;
    for step in ["confirm", "freeze", "open"] {
        went(mia, "/access-reviews/1", &format!("/access-reviews/1/{step}"), &[]).await;
    }
}

async fn controls(server: &Server, seats: &mut Seats) {
    let cora = server.world.find_member(&server.app, &server.program, "cora@example.com").await;
    let (owner, page) = (cora.actor.to_string(), "/controls/bulk/assign?pick=IAM-01");
    let mut fields: Vec<(&str, &str)> = ASSIGNED.iter().map(|id| ("pick", *id)).collect();
    fields.extend([("owner", owner.as_str()), ("reason", "she runs it")]);
    went(&mut seats.mia, page, "/controls/bulk/assign", &fields).await;
    let written = [
        ("id", "BKP-90"),
        (
            "title",
            "Tapes are carried to another place, and somebody who did not carry them counts them there",
        ),
        (
            "statement",
            "The platform lead stores a tape of each month in another place.\n\nThe list is signed.",
        ),
        ("kind", "preventive"),
        ("nature", "manual"),
        ("frequency", "monthly"),
        ("level", ""),
        ("owner", owner.as_str()),
        ("operator", ""),
        ("reviewer", ""),
        ("owner_role", "Platform lead"),
        ("area", "Backups"),
        ("evidence", "Log\n\nPhoto"),
        ("population", "Months"),
        ("criterion", "A1.2"),
        ("key", "A1.2"),
        ("reason", "the auditor asked"),
    ];
    went(&mut seats.mia, "/controls/new", "/controls/new", &written).await;
    let answers = [
        ("services", "Payroll"),
        ("company", "software"),
        ("size", "small"),
        ("premises", "remote"),
        ("hosting", "provider"),
        ("software", "yes"),
        ("availability", "yes"),
        ("kept", ""),
    ];
    went(&mut seats.mia, "/start", "/start", &answers).await;
    let promise = [
        ("kind", "commitment"),
        ("title", "Answers within a day"),
        ("statement", "Every question is answered within one working day."),
        ("source", "Terms, section 4"),
        ("owner", owner.as_str()),
        ("category", "availability"),
        ("criterion", "A1.2"),
        ("control", "AVL-07"),
        ("reason", "sold so"),
    ];
    let once = hidden(seats.mia.get("/commitments/new").await.text(), "once").to_owned();
    let promise: Vec<_> = promise.into_iter().chain([("once", once.as_str())]).collect();
    went(&mut seats.mia, "/commitments/new", "/commitments/new", &promise).await;
}

async fn hand_in(cora: &mut Browser, title: &str, then: &str, files: &[(&str, &[u8])]) {
    let once = hidden(cora.get(NEW).await.text(), "once").to_owned();
    let fields = [
        ("once", once.as_str()),
        ("title", title),
        ("kind", "export"),
        ("source", "Directory"),
        ("method", "exported"),
        ("steps", "list groups"),
        ("collected_by", "Ada"),
        ("collected_on", "2026-11-20"),
        ("covers_from", "2026-10-01"),
        ("covers_to", "2026-11-20"),
        ("sensitivity", "internal"),
        ("retention", "evidence"),
        ("redaction", ""),
        ("control", QUARTERLY),
        ("then", then),
    ];
    let made = cora.upload(NEW, NEW, &fields, files).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.text());
}

/// Items 1 to 4: accepted, returned, waiting, begun.
async fn evidence(seats: &mut Seats) {
    let table = b"group,members,owner\npayroll,4,Ada\nadmins,2,Grace\n";
    let named: (&str, &[u8]) =
        ("groups-of-payroll-2026-Q4-exported-by-ada-from-the-directory-of-everybody.csv", table);
    let cora = &mut seats.cora;
    hand_in(cora, "Groups of payroll", "submit", &[named, ("screen.png", PNG)]).await;
    hand_in(cora, "Minutes of the review", "submit", &[("minutes.txt", b"we met\n")]).await;
    hand_in(cora, "Who may deploy", "submit", &[("who.csv", b"who\nAda\n")]).await;
    hand_in(cora, "Not finished", "draft", &[("draft.txt", b"?\n")]).await;
    let mia = &mut seats.mia;
    let (first, second) = ("/evidence/items/1", "/evidence/items/2");
    went(mia, first, "/evidence/items/1/accept", &[("revision", "2"), ("reason", "")]).await;
    let why = [("revision", "2"), ("reason", "Who was there? The list is missing.")];
    went(mia, second, "/evidence/items/2/return", &why).await;
}

async fn performance(seats: &mut Seats, known: &mut Vec<Known>) {
    let path = format!("/controls/{QUARTERLY}/occurrences");
    let page = seats.cora.get(&path).await;
    let once = hidden(page.text(), "once").to_owned();
    let select = page.text().split_once("name=\"performed_by\"").expect("a field").1;
    let option = select.split_once("<option value=\"").expect("an option").1;
    let by = option[..option.find('"').expect("an end")].to_owned();
    let fields = [
        ("once", once.as_str()),
        ("window", "2026-Q4"),
        ("performed_by", &by),
        ("note", "All groups looked at, two people removed."),
        ("performed_on", "2026-11-23"),
    ];
    let done = seats.cora.upload(&path, &path, &fields, &[("minutes.txt", b"we met")]).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text());
    known.push(("/controls/{id}/occurrences", path));
}

async fn findings(server: &Server, seats: &mut Seats, known: &mut Vec<Known>) {
    let cora = server.world.find_member(&server.app, &server.program, "cora@example.com").await;
    let list = seats.cora.get("/findings").await;
    let at = list.text().find("href=\"/findings/test.").expect("a finding of a test") + 6;
    let path = list.text()[at..].split('"').next().expect("an end").to_owned();
    let owner = cora.actor.to_string();
    let taken = [
        ("act", "take"),
        ("owner", owner.as_str()),
        ("due", "2026-12-31"),
        ("cause", "a slip"),
        ("plan", "Delete eve"),
    ];
    went(&mut seats.cora, &path, &path, &taken).await;
    known.push(("/findings/{reference}", path));

    let verdicts = server.app.read(&server.program, async |view| observation::verdicts_now(view).await).await;
    let failing = verdicts.expect("verdicts").into_iter().find(|one| one.verdict == Verdict::Fail);
    let check = failing.expect("something fails").check_id;
    let new = format!("/waivers/new?check={check}&target=1");
    for (once, until) in [("page-1", "2027-02-28"), ("page-2", "2026-12-31")] {
        let asked = [
            ("check", check.as_str()),
            ("once", once),
            ("target", "1"),
            ("reason", "The vendor's agent needs it"),
            ("risk", "A shared account hides who acted"),
            ("compensation", "Sessions are recorded"),
            ("until", until),
        ];
        went(&mut seats.cora, &new, "/waivers/new", &asked).await;
        let request = "/waivers/requests/1";
        if once == "page-1" {
            went(&mut seats.mia, request, request, &[("decision", "approve"), ("reason", "")]).await;
        }
    }
    known.push(("/waivers/requests/{key}", "/waivers/requests/2".to_owned()));
    known.push(("/checks/{id}", format!("/checks/{check}")));
    known.push(("/checks/{id}/draft", "/checks/own-debug-off/draft".to_owned()));
    known.push(("/checks/{id}/versions", format!("/checks/{check}/versions")));
    known.push(("/controls/{id}/tests/{test}", "/controls/IAM-01/tests/ssh-root-login-disabled".to_owned()));
    known.push(("/targets/{key}/checks/{id}", format!("/targets/1/checks/{check}")));
    known.push(("/waivers/new", new));
}

async fn own_check(server: &Server) {
    let person = server.world.person(&server.app, &server.program).await;
    let kept = server.app.transact(&person, async |cx| {
        let mut draft = workshop::begin(cx, "own-debug-off", "Debugging is off")?;
        workshop::propose(cx, &draft, "no debugging in production").await?;
        let waits = workshop::look(cx, "own-debug-off").await?.draft.change.digest();
        workshop::approve(cx, "own-debug-off", waits, "").await?;
        // Another change of it waits.
        draft.manifest = draft.manifest.replace("Debugging is off", "Debugging is switched off");
        workshop::propose(cx, &draft, "worded as the policy has it").await
    });
    assert!(kept.await.expect("kept").passed());
}
