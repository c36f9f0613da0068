//! The audit firm and the company in one engagement: who sees what, who writes what, and what a bad list gets.

use axum::http::{Method, StatusCode};
use serde_json::json;
use tickmark_app::engagement;
use tickmark_app::identity::{ActorKind, ensure_actor};
use tickmark_core::catalog::Catalog;
use tickmark_core::engagement::{Scope, Time};

use crate::caller::{self, Caller, parse};
use crate::examination::{KEY, Says, act, auditor, changes, company, done, owner, pdf};
use crate::letters::asserted;
use crate::members::{Server, hidden};

#[tokio::test]
async fn an_auditor_sees_one_engagement_and_nothing_else() {
    let server = Server::start().await;
    let mut owner = owner(&server).await;
    let mut cam = company(&server).await;
    let mut audrey = auditor(&server, &mut owner, "Audrey").await;
    let home = audrey.get("/").await;
    assert_eq!((home.status, home.header("location")), (StatusCode::SEE_OTHER, "/engagements"));
    let list = audrey.get("/engagements").await;
    assert!(list.text().contains("SOC 2 Type 2") && list.text().contains("auditor-band"), "{}", list.text());
    for elsewhere in ["href=\"/controls\"", "href=\"/people\"", "href=\"/search\"", "Readiness"] {
        assert!(!list.text().contains(elsewhere), "{elsewhere}");
    }
    for path in [
        "/engagements/1",
        "/engagements/1/requests",
        "/engagements/1/evidence",
        "/account",
        "/work",
        "/notices",
    ] {
        assert_eq!(audrey.get(path).await.status, StatusCode::OK, "{path}");
    }
    for route in tickmark_web::desk_routes() {
        let theirs = ["/engagements", "/account", "/work", "/notices"];
        if route.looks && !theirs.iter().any(|path| route.path.starts_with(path)) {
            assert_eq!(audrey.get(route.example).await.status, StatusCode::NOT_FOUND, "{}", route.path);
        }
    }
    for route in tickmark_web::routes().iter().filter(|route| route.path != "/") {
        assert_eq!(audrey.get(route.example).await.status, StatusCode::NOT_FOUND, "{}", route.path);
    }
    for path in [
        "/api/v1/controls",
        "/engagements/1/access",
        "/engagements/1/edit",
        "/engagements/1/package",
        "/engagements/2",
    ] {
        assert_eq!(audrey.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    // Management sees the workspace from its own side.
    assert!(!cam.get("/engagements/1").await.text().contains("auditor-band"));
    assert_eq!(cam.get("/engagements/1/evidence").await.status, StatusCode::NOT_FOUND);

    // Ended by management, with a reason: everything is gone at once.
    let page = cam.get("/engagements/1/access").await;
    let mark = "/engagements/1/access/";
    let at = page.text().find("/end\"").expect("a form");
    let from = page.text()[..at].rfind(mark).expect("its address");
    let path = page.text()[from..at].to_owned() + "/end";
    let later = [("last", "soon"), ("reason", "the report is late")];
    let refused = cam.send("/engagements/1/access", &path.replace("/end", "/extend"), &later).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text());
    for says in
        ["-day-fault\">A day is written like 2027-03-31.", "value=\"soon\"", "the report is late</textarea>"]
    {
        assert!(refused.text().contains(says), "{says}: {}", refused.text());
    }
    let ended = cam.send("/engagements/1/access", &path, &[("reason", "the fieldwork is over")]).await;
    assert_eq!(ended.status, StatusCode::SEE_OTHER, "{}", ended.text());
    for path in ["/engagements", "/engagements/1", "/engagements/1/requests", "/engagements/1/evidence"] {
        assert_eq!(audrey.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn a_link_of_the_firm_that_was_lost_is_made_anew_by_a_button() {
    let server = Server::start().await;
    let mut owner = owner(&server).await;
    let mut cam = company(&server).await;
    let path = "/engagements/1/access";
    let fields = [("email", "audrey@firm.example"), ("last", "2027-03-31")];
    let made = owner.send(path, path, &fields).await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.text());
    let page = owner.get(path).await;
    assert!(page.text().contains("Not come in yet") && page.text().contains("audrey@firm.example"));
    let at = page.text().find("/renew\"").unwrap_or_else(|| panic!("no button: {}", page.text()));
    let from = page.text()[..at].rfind("/engagements/1/access/").expect("its address");
    let renew = page.text()[from..at].to_owned() + "/renew";
    // Who may let nobody in sees who is awaited, and no button.
    let seen = cam.get(path).await;
    assert!(
        seen.text().contains("audrey@firm.example") && !seen.text().contains("/renew"),
        "{}",
        seen.text()
    );
    let anew = owner.send(path, &renew, &[]).await;
    assert_eq!(anew.status, StatusCode::OK, "{}", anew.text());
    assert!(anew.text().contains("/join/") && anew.text().contains("is shown only now"), "{}", anew.text());
    let again = owner.send(path, &renew, &[]).await;
    assert_eq!(again.status, StatusCode::NOT_FOUND, "the earlier one is gone");

    // Frozen, neither works: the page says so, and shows no button that would be refused.
    let report = "/engagements/1/report";
    asserted(&server).await;
    let frozen = cam.send(report, &format!("{report}/freeze"), &[("reason", "fieldwork is over")]).await;
    assert_eq!(frozen.status, StatusCode::SEE_OTHER, "{}", frozen.text());
    let page = owner.get(path).await;
    assert!(page.text().contains("Nobody can be let in now") && page.text().contains("frozen since"));
    for gone in ["/renew\"", "Let somebody of the audit firm in", "name=\"email\""] {
        assert!(!page.text().contains(gone), "{gone}: {}", page.text());
    }
}

#[tokio::test]
async fn a_request_is_answered_with_files_returned_and_accepted() {
    let server = Server::start().await;
    let mut owner = owner(&server).await;
    let mut cam = company(&server).await;
    let mut audrey = auditor(&server, &mut owner, "Audrey").await;
    let import = "/engagements/1/requests/import";
    let done = audrey.send(import, "/engagements/1/requests/defaults", &[]).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text());
    let list = audrey.get("/engagements/1/requests").await;
    assert!(list.text().contains("Organization chart with names and dates"), "{}", list.text());
    assert!(!list.text().contains("Capacity monitoring"), "availability is not in scope");

    // A list that cannot be read applies nothing, and says where.
    let bad = b"number,request,criteria\n1,Fine,CC6.1\n2,,CC6.1\n3,Bad,ZZ9\n";
    let refused = audrey.upload(import, import, &[], &[("pbc.csv", bad)]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains("line 3, column request: it is empty"), "{}", refused.text());
    let none = audrey.upload(import, import, &[], &[("pbc.csv", b"id;wanted\n1;x\n")]).await;
    assert!(none.text().contains("there is no such column"), "{}", none.text());
    let other = audrey.upload(import, import, &[], &[("pbc.pdf", b"%PDF-1.4")]).await;
    assert!(other.text().contains("is neither XLSX nor CSV"), "{}", other.text());
    assert!(!audrey.get("/engagements/1/requests").await.text().contains("Fine"));

    let path = "/engagements/1/requests/1";
    let submit = format!("{path}/submit");
    let page = cam.get(path).await;
    assert!(page.text().contains("Submit to the auditor"), "{}", page.text());
    let (version, once) = (hidden(page.text(), "version").to_owned(), hidden(page.text(), "once").to_owned());
    let fields =
        [("version", version.as_str()), ("once", &once), ("answer", "As of today."), ("source", "HR system")];
    let no_source = cam.upload(path, &submit, &fields[..3], &[("chart.csv", b"who,what\n")]).await;
    assert!(no_source.text().contains("Say where the files come from"), "{}", no_source.text());
    assert!(no_source.text().contains("As of today."), "what was typed stays");
    let sent = cam.upload(path, &submit, &fields, &[("chart.csv", b"who,what\nAda,Director\n")]).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text());
    // What was handed in waits for somebody of the organization, whatever the auditor decides.
    assert!(cam.get(path).await.text().contains("Handed in; the organization has not accepted it yet"));
    let item = cam.get("/evidence/items/1").await;
    assert!(item.text().contains("Request 1 of E-1"), "{}", item.text());
    assert!(!item.text().contains("A draft: nobody else"), "{}", item.text());
    // The auditor's steps are not management's.
    assert!(!cam.get(path).await.text().contains("Accept the answer"));
    let token = crate::members::token(cam.get("/account").await.text());
    let own = cam.post(&format!("{path}/accept"), &token, &[("version", "2"), ("reason", "")]).await;
    assert_eq!(own.status, StatusCode::CONFLICT, "{}", own.text());

    let page = audrey.get(path).await;
    assert!(page.text().contains("Accept the answer") && !page.text().contains("Submit to the auditor"));
    assert!(page.text().contains("/engagements/1/evidence/1"), "{}", page.text());
    let file = audrey.get("/engagements/1/evidence/1/1").await;
    assert_eq!((file.status, file.text()), (StatusCode::OK, "who,what\nAda,Director\n"));
    assert!(file.header("content-security-policy").starts_with("sandbox"));
    let back =
        audrey.send(path, &format!("{path}/return"), &[("version", "2"), ("reason", "no <date>")]).await;
    assert_eq!(back.status, StatusCode::SEE_OTHER, "{}", back.text());
    assert!(cam.get(path).await.text().contains("no &lt;date&gt;"));
    let item = cam.get("/evidence/items/1").await;
    assert!(item.text().contains("Request E-1/R-1 was returned: no &lt;date&gt;"), "{}", item.text());
    let page = cam.get(path).await;
    assert_eq!(page.text().matches("id=\"answer\"").count(), 1, "the field has an id of its own");
    let version = hidden(page.text(), "version").to_owned();
    let again = [("version", version.as_str()), ("item", "1"), ("answer", "Dated 24 November.")];
    assert_eq!(cam.upload(path, &submit, &again, &[]).await.status, StatusCode::SEE_OTHER);
    let stale = audrey.send(path, &format!("{path}/accept"), &[("version", "2"), ("reason", "")]).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    let accepted = audrey.send(path, &format!("{path}/accept"), &[("version", "4"), ("reason", "")]).await;
    assert_eq!(accepted.status, StatusCode::SEE_OTHER, "{}", accepted.text());
    let page = cam.get(path).await;
    assert!(page.text().contains("still waits for somebody of the organization"), "{}", page.text());
    let csv = cam.get("/engagements/1/requests/export/csv").await;
    assert!(csv.text().contains("Accepted") && csv.text().contains("item 1"), "{}", csv.text());
    let trail = cam.get("/audit-trail?event=evidence.viewed").await;
    assert!(trail.text().contains("evidence.viewed"), "{}", trail.text());
}

const PLAN: [(&str, &str); 4] = [
    ("control", "CHG-02"),
    ("procedures", "inspection"),
    ("procedure", "Inspected the approval of <selected> changes."),
    ("attributes", "A | approved | no approval\nB | by another than the author | by the author"),
];

#[tokio::test]
async fn a_deviation_goes_from_the_auditor_to_management_and_into_the_report() {
    let server = Server::start().await;
    let mut owner = owner(&server).await;
    let mut cam = company(&server).await;
    changes(&server).await;
    server.state.set_with(std::sync::Arc::new(Says));
    let mut audrey = auditor(&server, &mut owner, "Audrey").await;
    let mut bert = auditor(&server, &mut owner, "Bert").await;

    // The plan says what counts as a deviation before anything is tested.
    let new = "/engagements/1/workpapers/new";
    let mut alone = PLAN.to_vec();
    alone[1].1 = "inquiry";
    let refused = audrey.send(new, new, &alone).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        refused.text().contains("id=\"procedures-fault\">Inquiry alone shows nothing"),
        "{}",
        refused.text()
    );
    let begun = audrey.send(new, new, &PLAN).await;
    let path = "/engagements/1/workpapers/1";
    assert_eq!(begun.header("location"), path, "{}", begun.text());
    for other in [path, "/engagements/1/workpapers/new", "/engagements/1/notes"] {
        assert_eq!(cam.get(other).await.status, StatusCode::NOT_FOUND, "{other}");
    }
    assert!(cam.get("/engagements/1/workpapers").await.text().contains("has shared no result"));
    let selection = [("population", "1"), ("method", "random"), ("size", "3"), ("seed", "agreed")];
    done(&mut audrey, path, &format!("{path}/select"), &selection).await;
    let page = audrey.get(path).await;
    assert!(page.text().contains("3 of 10, random"), "{}", page.text());
    let fields = [
        ("state-0-0", "m"),
        ("state-0-1", "n"),
        ("state-1-0", "m"),
        ("state-1-1", "m"),
        ("state-2-0", "m"),
        ("state-2-1", "m"),
        ("note-0", "approved by its author"),
        ("note-1", ""),
        ("note-2", ""),
    ];
    done(&mut audrey, path, &format!("{path}/results"), &fields).await;
    let clean = act(
        &mut audrey,
        path,
        &format!("{path}/conclude"),
        &[("outcome", "no_exceptions"), ("text", "Fine.")],
    )
    .await;
    assert_eq!(clean.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(clean.text().contains("id=\"outcome-fault\">An item deviates"), "{}", clean.text());
    assert!(clean.text().contains("Fine."), "what was typed stays");
    let page = audrey.get(path).await;
    let mark = "type=\"checkbox\" name=\"item\" value=\"";
    let at = page.text().find(mark).expect("a deviating item") + mark.len();
    let deviating = page.text()[at..at + 8].to_owned();
    let exception = [
        ("item", deviating.as_str()),
        ("nature", "The author approved the change."),
        ("cause", "slip"),
        ("effect", ""),
    ];
    done(&mut audrey, path, &format!("{path}/except"), &exception).await;
    done(&mut audrey, path, &format!("{path}/conclude"), &[("outcome", "exceptions"), ("text", "Not once.")])
        .await;
    done(&mut audrey, path, &format!("{path}/prepare"), &[]).await;
    done(&mut audrey, path, &format!("{path}/share"), &[]).await;
    assert!(!audrey.get(path).await.text().contains("Sign as reviewer"), "who wrote does not review");
    done(&mut bert, path, &format!("{path}/review"), &[]).await;

    // Management reads what is shared, and answers.
    let page = cam.get(path).await;
    let says = "Exception noted: for 1 of 3 items tested, the author approved the change.";
    assert!(page.text().contains(says) && page.text().contains("&lt;selected&gt;"), "{}", page.text());
    assert!(!page.text().contains("Save results"));
    let token = crate::members::token(cam.get("/account").await.text());
    let forged = cam
        .post(
            &format!("{path}/conclude"),
            &token,
            &[("version", "9"), ("outcome", "no_exceptions"), ("text", "x")],
        )
        .await;
    assert_eq!(forged.status, StatusCode::NOT_FOUND);
    let answer = [
        ("exception", "1"),
        ("response", "We looked back: it was right."),
        ("action", "Enforced."),
        ("due", "2026-12-31"),
    ];
    // What is no day is said, and nothing that was typed is lost.
    let odd = [("exception", "1"), ("response", "We looked <back>."), ("action", ""), ("due", "soon")];
    let refused = act(&mut cam, path, &format!("{path}/respond"), &odd).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text());
    assert!(
        refused.text().contains("id=\"due-1-fault\">A day is written like 2027-03-31."),
        "{}",
        refused.text()
    );
    assert!(refused.text().contains("We looked &lt;back&gt;."), "{}", refused.text());
    let early =
        [("exception", "1"), ("response", "We looked <back>."), ("action", ""), ("due", "2020-01-01")];
    let refused = act(&mut cam, path, &format!("{path}/respond"), &early).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text());
    assert!(refused.text().contains("id=\"due-1-fault\">The day by which it is done"), "{}", refused.text());
    done(&mut cam, path, &format!("{path}/respond"), &answer).await;
    assert!(audrey.get(path).await.text().contains("We looked back"));
    let note = [("about", "WP-1"), ("text", "a private thought")];
    let kept = audrey.send("/engagements/1/notes", "/engagements/1/notes", &note).await;
    assert_eq!(kept.status, StatusCode::SEE_OTHER, "{}", kept.text());
    assert!(bert.get("/engagements/1/notes").await.text().contains("a private thought"));

    // The report: nothing is filled in, and a file that nobody could open is refused.
    let report = "/engagements/1/report";
    let page = audrey.get(report).await;
    assert!(!page.text().contains("value=\"unmodified\" selected"), "{}", page.text());
    let opinion = [
        ("description-result", "unmodified"),
        ("description-concerns", ""),
        ("description-basis", ""),
        ("design-result", "unmodified"),
        ("design-concerns", ""),
        ("design-basis", ""),
        ("operation-result", "qualified"),
        ("operation-concerns", "CC8.1"),
        ("operation-basis", "Authors approved."),
        ("label", "qualified"),
        ("dated", "2027-12-10"),
    ];
    let mut wrong = opinion.to_vec();
    wrong[9].1 = "unmodified";
    let refused = act(&mut audrey, report, &format!("{report}/opinion"), &wrong).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        refused.text().contains("id=\"label-fault\">A part is modified, so the opinion as a whole")
            && refused.text().contains("Authors approved.")
    );
    done(&mut audrey, report, &format!("{report}/opinion"), &opinion).await;
    let section = format!("{report}/section");
    for (file, says) in [
        (pdf("<< /Root 1 0 R /Encrypt 2 0 R >>"), "encrypted PDF"),
        (pdf("<< /Root 1 0 R >>")[..60].to_vec(), "breaks off"),
        (b"not a PDF".to_vec(), "no PDF"),
    ] {
        let refused = audrey.upload(report, &section, &[("version", "1")], &[("s1.pdf", &file)]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.text().contains(says), "{}", refused.text());
    }
    let whole = pdf("<< /Root 1 0 R >>");
    let taken = audrey.upload(report, &section, &[("version", "1")], &[("s1.pdf", &whole)]).await;
    assert_eq!(taken.status, StatusCode::SEE_OTHER, "{}", taken.text());
    let page = audrey.get(report).await;
    assert!(page.text().contains(&tickmark_core::Digest::of(&whole).hex()));
    for says in [
        "Before the report is issued:",
        "The description of the system is not written.",
        "Management has not recorded the date of the report.",
        "Management has not written its representation letter.",
        "The opinion is qualified, and management",
    ] {
        assert!(page.text().contains(says), "{says}: {}", page.text());
    }
    assert!(!page.text().contains("Mark the report as issued"), "{}", page.text());
    // Management reads its own part of it, and nothing of the opinion.
    let theirs = cam.get(report).await;
    assert!(theirs.text().contains("Management has not written its representation letter."));
    assert!(theirs.text().contains("href=\"/engagements/1/completion\">Go to completion"), "the way there");
    assert!(!theirs.text().contains("qualified"), "{}", theirs.text());
    assert_eq!(cam.get(&format!("{report}/section.pdf")).await.status, StatusCode::NOT_FOUND);
    assert!(!cam.get(report).await.text().contains("Qualified"), "not before it is issued");
    let token = crate::members::token(cam.get("/account").await.text());
    for (word, fields) in [("opinion", &opinion[..]), ("issue", &[]), ("section", &[])] {
        let mut fields = fields.to_vec();
        fields.push(("version", "2"));
        assert_eq!(
            cam.post(&format!("{report}/{word}"), &token, &fields).await.status,
            StatusCode::NOT_FOUND,
            "{word}"
        );
    }

    // The file of the firm has everything, management's what was shared.
    let file = audrey.get("/engagements/1/file").await;
    assert_eq!(file.status, StatusCode::OK);
    let has = |bytes: &[u8], name: &str| bytes.windows(name.len()).any(|window| window == name.as_bytes());
    assert!(
        has(&file.bytes, "notes.json") && has(&file.bytes, "section-1.pdf") && has(&file.bytes, "SHA256SUMS")
    );
    let theirs = cam.get("/engagements/1/file").await;
    assert!(
        has(&theirs.bytes, "workpapers.xlsx")
            && !has(&theirs.bytes, "notes.json")
            && !has(&theirs.bytes, "section-1.pdf")
    );

    // Frozen, once management's assertion is signed: nothing is written by anybody.
    let (freeze, why) = (format!("{report}/freeze"), [("reason", "the firm withdrew")]);
    for browser in [&mut audrey, &mut cam] {
        let page = browser.get(report).await;
        assert!(
            page.text().contains("management signs it first, or closes the engagement"),
            "{}",
            page.text()
        );
        assert!(!page.text().contains("Freeze the engagement"), "{}", page.text());
        let early = browser.send("/account", &freeze, &why).await;
        assert_eq!(early.status, StatusCode::CONFLICT, "{}", early.text());
        assert!(early.text().contains("cannot be frozen yet: management"), "{}", early.text());
    }
    asserted(&server).await;
    assert!(audrey.get(report).await.text().contains("Freeze the engagement"));
    let frozen = audrey.send(report, &freeze, &why).await;
    assert_eq!(frozen.status, StatusCode::SEE_OTHER, "{}", frozen.text());
    let late = audrey.send("/engagements/1/requests/import", "/engagements/1/requests/defaults", &[]).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    assert!(late.text().contains("frozen since"), "{}", late.text());
    for page in [path, report] {
        assert_eq!(audrey.get(page).await.status, StatusCode::OK, "{page}");
    }
    let requests = audrey.get("/engagements/1/requests").await;
    assert!(requests.text().contains("Nothing changes here any more."), "{}", requests.text());
    assert!(!requests.text().contains(" for you."), "nothing of it waits for anybody");
    assert!(!audrey.get(path).await.text().contains("Save results"));
    for (list, word) in [("requests", "Ask for something"), ("workpapers", "Begin a workpaper")] {
        let page = audrey.get(&format!("/engagements/1/{list}")).await;
        assert!(!page.text().contains(word), "{word} is offered though nothing changes any more");
    }
    for document in ["description", "assertion"] {
        let page = cam.get(&format!("/engagements/1/{document}")).await;
        assert!(!page.text().contains(">Save<"), "{document}: {}", page.text());
    }
}

#[tokio::test]
async fn an_auditor_reads_a_population_and_chooses_items_from_its_list() {
    let server = Server::start().await;
    let mut owner = owner(&server).await;
    let mut cam = company(&server).await;
    changes(&server).await;
    server.state.set_with(std::sync::Arc::new(Says));
    let mut audrey = auditor(&server, &mut owner, "Audrey").await;
    let path = "/engagements/1/evidence/populations/1";
    assert!(audrey.get("/engagements/1/evidence").await.text().contains(&format!("href=\"{path}\"")));
    let page = audrey.get(path).await;
    for part in ["CHG-0001", "CHG-0010", "numbers are without a gap", "deployments"] {
        assert!(page.text().contains(part), "{part}: {}", page.text());
    }
    assert!(!page.text().contains("Not tested"), "what management found is not shown");
    for other in ["/engagements/1/evidence/populations/9", "/populations/1", "/populations/1/file"] {
        assert_eq!(audrey.get(other).await.status, StatusCode::NOT_FOUND, "{other}");
    }
    assert_eq!(cam.get(path).await.status, StatusCode::NOT_FOUND, "management has a page of its own");
    assert!(cam.get("/populations/1").await.text().contains("CHG-0001"));
    let file = audrey.get(&format!("{path}/download")).await;
    assert!(file.text().starts_with("key,occurred_at\nCHG-0001,"), "{}", file.text());
    let looked = cam.get("/audit-trail?event=evidence.viewed").await;
    assert!(looked.text().contains("population"), "{}", looked.text());
    let taken = cam.get("/audit-trail?event=evidence.downloaded").await;
    assert!(taken.text().contains("evidence.downloaded"), "{}", taken.text());

    let new = "/engagements/1/workpapers/new";
    let paper = audrey.send(new, new, &PLAN).await.header("location").to_owned();
    assert!(audrey.get(&paper).await.text().contains(&format!("{path}?paper=1")));
    let choose = format!("{path}?paper=1");
    assert!(audrey.get(&choose).await.text().contains("name=\"pick\" value=\"CHG-0004\""));
    let select = format!("{paper}/select");
    let chosen = |method: &'static str, picks: [&'static str; 2]| {
        let mut fields = vec![("population", "1"), ("method", method), ("reason", "looked risky")];
        fields.extend([("pick", picks[0]), ("picks", picks[1]), ("redrawn", "")]);
        fields
    };
    let first = act(&mut audrey, &choose, &select, &chosen("haphazard", ["CHG-0001", "CHG-0002"])).await;
    assert_eq!(first.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        first.text().contains("id=\"picks-fault\">These are the first 2 items of the list"),
        "{}",
        first.text()
    );
    assert!(first.text().contains("CHG-0001\nCHG-0002"), "what was chosen is still there");
    let holes = act(&mut audrey, &choose, &select, &chosen("block", ["CHG-0003", "CHG-0005"])).await;
    assert!(holes.text().contains("A block is without holes"), "{}", holes.text());
    done(&mut audrey, &choose, &select, &chosen("targeted", ["CHG-0004", "CHG-0007"])).await;
    let page = audrey.get(&paper).await;
    assert!(page.text().contains("2 of 10, targeted"), "{}", page.text());
}

#[tokio::test]
async fn management_hands_in_that_nothing_happened_and_lists_of_more_than_one_shape() {
    let server = Server::start().await;
    let mut owner = owner(&server).await;
    let mut cam = company(&server).await;
    let mut audrey = auditor(&server, &mut owner, "Audrey").await;
    let asked = audrey.send("/engagements/1/requests/import", "/engagements/1/requests/defaults", &[]).await;
    assert_eq!(asked.status, StatusCode::SEE_OTHER, "{}", asked.text());
    let mut path = String::new();
    for number in 1..=30 {
        path = format!("/engagements/1/requests/{number}/population");
        if cam.get(&path).await.status == StatusCode::OK {
            break;
        }
    }
    let fields = |rows: &'static str, nothing: &'static str, completeness: &'static str| {
        vec![
            ("control", "CHG-02"),
            ("title", "Deployments"),
            ("trigger", "a deployment"),
            ("from", "2026-01-01"),
            ("to", "2026-06-30"),
            ("attributes", "approved: approved before: no approval\ntested: tested before: no test"),
            ("nothing", nothing),
            ("mapping", ""),
            ("source", "pipeline"),
            ("query", "all deployments"),
            ("parameters", ""),
            ("time_zone", "Europe/Berlin"),
            ("run_on", "2026-07-02"),
            ("rows", rows),
            ("control_total", "none"),
            ("completeness", completeness),
            ("accuracy", "three rows were looked up"),
            ("then", "import"),
        ]
    };
    let empty: (&str, &[u8]) = ("empty.csv", b"key\n");
    let unsaid = cam.upload(&path, &path, &fields("0", "yes", ""), &[empty]).await;
    assert_eq!(unsaid.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(unsaid.text().contains("Say how it was checked, or why it was not"), "{}", unsaid.text());
    let shown = cam.upload(&path, &path, &fields("0", "yes", "an observed run"), &[empty]).await;
    assert_eq!(shown.status, StatusCode::SEE_OTHER, "{}", shown.text());
    let page = cam.get("/populations/1").await;
    for part in ["Evidence of zero", "tested before", "all deployments", "three rows were looked up"] {
        assert!(page.text().contains(part), "{part}: {}", page.text());
    }

    let list: &[u8] = b"[{\"key\": \"A-1\", \"occurred_at\": \"2026-02-03\", \"approved\": \"met\"}]";
    let handed = cam.upload(&path, &path, &fields("1", "", "an observed run"), &[("list.json", list)]).await;
    assert_eq!(handed.status, StatusCode::SEE_OTHER, "{}", handed.text());
    assert!(cam.get("/populations/2").await.text().contains("A-1"));
    // Where it is led to says at once that it is of another time.
    let led = handed.header("location").trim_end_matches("#submit").to_owned();
    let page = cam.get(&led).await;
    let says = "cannot be an answer: population 2 is about 2026-01-01 to 2026-06-30, and examined is 2026-11-01 to 2027-10-31";
    assert!(page.text().contains(says), "{}", page.text());
    let odd: &[u8] = b"key,occurred_at\nA-1,=NOW()\n";
    let refused = cam.upload(&path, &path, &fields("1", "", "an observed run"), &[("list.csv", odd)]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains("line 2, column occurred_at") && refused.text().contains("is a formula"));
    assert_eq!(cam.get("/populations/3").await.status, StatusCode::NOT_FOUND, "nothing is applied by half");
    // Both are about days that nobody examines: they are there, with why they cannot be chosen.
    let request = path.trim_end_matches("/population").to_owned();
    let says = "none of its days lies in the time that is examined";
    let page = cam.get(&request).await;
    assert!(page.text().contains("2 populations cannot be chosen"), "{}", page.text());
    assert_eq!(page.text().matches(says).count(), 2, "{}", page.text());
    assert!(!page.text().contains("name=\"population\""), "{}", page.text());
    assert!(!page.text().contains("cannot be an answer"), "it is said of what was just handed in");
    let version = hidden(page.text(), "version").to_owned();
    // Nor can an answer hold them, whichever way it comes, and nothing of it is kept.
    let answer = [("version", version.as_str()), ("answer", "Of last year."), ("population", "2")];
    let submit = format!("{request}/submit");
    let sent = cam.upload(&request, &submit, &answer, &[]).await;
    assert_eq!(sent.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", sent.text());
    let why = "opulation 2 is about 2026-01-01 to 2026-06-30, and examined is 2026-11-01 to 2027-10-31";
    assert!(sent.text().contains(&format!("id=\"population-fault\">P{why}.")), "{}", sent.text());
    let mut api = Caller::of(cam.clone());
    let seen = api.get(&request).await;
    let body = json!({"text": "Of last year.", "populations": [2]});
    let sent = api.from(&seen, Method::PUT, &format!("{request}/answer"), &body).await;
    caller::refused(&sent, StatusCode::CONFLICT, &format!("p{why}"));
    let stands = parse(&api.get(&request).await);
    assert_eq!((&stands["state"], &stands["answer"]["text"]), (&json!("open"), &json!("")));

    // One that fits is taken. Once another time is examined, it is in sight with why nothing is selected from it.
    changes(&server).await;
    let answer = [("version", version.as_str()), ("answer", "As listed."), ("population", "3")];
    let sent = cam.upload(&request, &submit, &answer, &[]).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text());
    examined_later(&server).await;
    let new = "/engagements/1/workpapers/new";
    let paper = audrey.send(new, new, &PLAN).await.header("location").to_owned();
    let page = audrey.get(&paper).await;
    assert!(page.text().contains("1 population cannot be chosen") && page.text().contains(says));
}

/// Another time is examined from now on.
async fn examined_later(server: &Server) {
    let (app, program) = (&server.app, &server.program);
    let person = server.world.person(app, program).await;
    let grace = app
        .transact(program, async |cx| ensure_actor(cx, ActorKind::Person, "Grace Example").await)
        .await
        .expect("a person");
    let day = |text: &str| text.parse().expect("a day");
    let time = Time::Period { from: day("2027-01-01"), to: day("2027-12-31") };
    app.transact(&person, async |cx| {
        let held = engagement::find(cx, KEY).await?;
        let scope = Scope { time, ..held.record.holds().clone() };
        engagement::change(cx, KEY, held.number, scope, "it begins later").await
    })
    .await
    .expect("changed");
    app.transact(&grace, async |cx| {
        let from = engagement::find(cx, KEY).await?.number;
        engagement::approve(cx, KEY, from, &Catalog::builtin()).await
    })
    .await
    .expect("approved");
}

#[tokio::test]
async fn lists_of_an_engagement_are_filtered_named_and_taken_out_on_both_sides() {
    let server = Server::start().await;
    let mut owner = owner(&server).await;
    let mut cam = company(&server).await;
    let mut audrey = auditor(&server, &mut owner, "Audrey").await;
    let import = "/engagements/1/requests/import";
    let asked = audrey.send(import, "/engagements/1/requests/defaults", &[]).await;
    assert_eq!(asked.status, StatusCode::SEE_OTHER, "{}", asked.text());
    let path = "/engagements/1/requests";
    let chart = "Organization chart with names and dates";
    assert!(audrey.get(&format!("{path}?q=organization+chart")).await.text().contains(chart));
    for query in ["state=accepted", "late=yes", "q=nothinglikeit", "criterion=ZZ9"] {
        let page = audrey.get(&format!("{path}?{query}")).await;
        assert!(page.text().contains("No request matches"), "{query}: {}", page.text());
    }
    let says = "neither accepted nor set aside, and would stay so.";
    assert!(audrey.get("/engagements/1/report").await.text().contains(says), "before the report is issued");
    assert!(!cam.get("/engagements/1/report").await.text().contains(says), "the firm sees to it");
    let open = audrey.get(&format!("{path}?state=open&sort=request&dir=desc")).await;
    assert!(open.text().contains("aria-sort=\"descending\""), "{}", open.text());

    // Each side takes out what it sees there, with the columns that it has.
    let theirs = audrey.get("/export/requests-1.csv?q=organization+chart").await;
    assert_eq!(theirs.status, StatusCode::OK, "{}", theirs.text());
    assert!(theirs.text().starts_with("No.,Request,Criteria,Due,Answered by,State\r\n"), "{}", theirs.text());
    assert!(theirs.text().contains(chart) && theirs.text().lines().count() == 2, "{}", theirs.text());
    let ours = cam.get("/export/requests-1.csv").await;
    assert!(ours.text().starts_with("No.,Request,Criteria,Due,Who sees to it,State\r\n"), "{}", ours.text());
    for (list, heads) in [
        ("workpapers-1", "Workpaper,Items,Conclusion,Prepared,Reviewed,Management"),
        ("in-sight-1", "Evidence,Controls,About,State"),
    ] {
        let csv = audrey.get(&format!("/export/{list}.csv")).await;
        assert_eq!((csv.status, csv.text().trim_end()), (StatusCode::OK, heads), "{list}");
    }
    assert!(
        cam.get("/export/workpapers-1.csv").await.text().starts_with("Workpaper,Items,Result,Exceptions")
    );
    assert_eq!(cam.get("/export/in-sight-1.csv").await.status, StatusCode::NOT_FOUND);
    for list in ["requests-2", "requests-01", "controls", "people", "engagements"] {
        let csv = audrey.get(&format!("/export/{list}.csv")).await;
        assert_eq!(csv.status, StatusCode::NOT_FOUND, "{list}");
    }

    // A view that the firm shares is the firm's.
    let form = "/views/new?list=firm:requests-1&query=state%3Dopen";
    let fields =
        [("list", "firm:requests-1"), ("query", "state=open"), ("name", "Still open"), ("shared", "yes")];
    let saved = audrey.send(form, "/views/new", &fields).await;
    assert_eq!(saved.header("location"), "/engagements/1/requests?state=open", "{}", saved.text());
    assert!(audrey.get(path).await.text().contains("Still open"));
    assert!(!cam.get(path).await.text().contains("Still open"));
    for (browser, list) in [(&mut cam, "firm:requests-1"), (&mut audrey, "requests-1")] {
        let page = browser.get(&format!("/views/new?list={list}&query=q%3Da")).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{list}");
    }
}
