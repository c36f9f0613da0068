//! A SOC 1 description with its processes and diagrams in pages, and the auditor's walkthrough of a process.

use axum::http::StatusCode;
use tickmark_app::engagement;
use tickmark_app::identity::{ActorKind, ensure_actor};
use tickmark_core::catalog::Catalog;
use tickmark_core::engagement::{Description, Objective, Paper, Part, Passage, ReportKind, Scope, Step};
use tickmark_core::identity::Role;

use crate::examination::{KEY, Says, act, auditor, company, done, owner};
use crate::members::{Browser, Server, hidden};

/// A picture of this size: a head, something in between, an end.
pub(crate) fn png(width: u32) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1A\n\0\0\0\rIHDR".to_vec();
    bytes.extend(width.to_be_bytes());
    bytes.extend(120_u32.to_be_bytes());
    bytes.extend([8, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    bytes.extend(b"IEND\xAE\x42\x60\x82");
    bytes
}

/// The company's engagement, turned into a SOC 1.
pub(crate) async fn soc1(server: &Server) {
    let catalog = Catalog::builtin();
    let (app, program) = (&server.app, &server.program);
    let person = server.world.person(app, program).await;
    let grace = app
        .transact(program, async |cx| ensure_actor(cx, ActorKind::Person, "Grace Example").await)
        .await
        .expect("a person");
    let held = app.read(program, async |view| engagement::find(view, KEY).await).await.expect("there");
    let objective = Objective {
        id: "CO-02".into(),
        statement: "Controls provide reasonable assurance that input is complete.".into(),
        assertions: ["completeness".to_owned()].into(),
        controls: ["CHG-02".parse().expect("an id")].into(),
        ..Objective::default()
    };
    let scope = Scope {
        services: held.record.scope.services.clone(),
        boundary: held.record.scope.boundary.clone(),
        firm: held.record.scope.firm.clone(),
        objectives: vec![objective],
        ..Scope::of(ReportKind::Soc1, held.record.scope.time, "Payroll")
    };
    app.transact(&person, async |cx| engagement::change(cx, KEY, held.number, scope, "a SOC 1").await)
        .await
        .expect("changed");
    app.transact(&grace, async |cx| engagement::approve(cx, KEY, held.number + 1, &catalog).await)
        .await
        .expect("approved");
}

/// Has the texts of the description written, with what stands in it already, and somebody else review it.
pub(crate) async fn reviewed(server: &Server) {
    let (app, program) = (&server.app, &server.program);
    let person = server.world.person(app, program).await;
    let grace = app
        .transact(program, async |cx| ensure_actor(cx, ActorKind::Person, "Grace Example").await)
        .await
        .expect("a person");
    let passage = |(part, _): (Part, bool)| {
        let none = part.may_be_none();
        (part, Passage { text: if none { String::new() } else { "As it really runs.".into() }, none })
    };
    app.transact(&person, async |cx| {
        let held = engagement::find(cx, KEY).await?;
        let scope = held.record.holds();
        let parts = Part::of(scope.kind, scope.time).into_iter().map(passage).collect();
        let texts = Description { parts, ..Description::default() };
        // Written once, it is reviewed as it stands.
        if held.record.described().parts == texts.parts {
            return Ok(());
        }
        engagement::describe(cx, KEY, held.number, texts).await.map(|_| ())
    })
    .await
    .expect("described");
    app.transact(&grace, async |cx| {
        let from = engagement::find(cx, KEY).await?.number;
        engagement::sign(cx, KEY, from, Paper::Description, Step::Review).await
    })
    .await
    .expect("reviewed");
}

const DESCRIPTION: &str = "/engagements/1/description";
const PROCESS: [(&str, &str); 20] = [
    ("name", "Pay run"),
    ("narrative", "Each month, for each client."),
    ("place-0", "2"),
    ("act-0", "report"),
    ("what-0", "The register is <delivered>."),
    ("who-0", "Payroll operations"),
    ("system-0", "Portal"),
    ("input-0", ""),
    ("output-0", "Register"),
    ("controls-0", ""),
    ("objectives-0", "CO-02"),
    ("place-1", "1"),
    ("act-1", "initiate"),
    ("what-1", "The client sends hours."),
    ("who-1", "Client"),
    ("system-1", "Web form"),
    ("input-1", "Time sheets"),
    ("output-1", "Input"),
    ("controls-1", "CHG-02"),
    ("objectives-1", "CO-02"),
];

async fn describe(cam: &mut Browser) {
    let new = "/engagements/1/processes/new";
    let long = "X".repeat(300);
    let mut wrong: Vec<(&str, &str)> = PROCESS.to_vec();
    wrong[5].1 = "";
    wrong[18].1 = &long;
    let refused = act(cam, new, new, &wrong).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains("Say who does it.") && refused.text().contains("2 of the steps"));
    assert!(refused.text().contains("The register is &lt;delivered&gt;."), "what was typed stays");
    done(cam, new, new, &PROCESS).await;
    let page = cam.get(DESCRIPTION).await;
    let first = page.text().find("The client sends hours.").expect("told");
    let last = page.text().find("The register is &lt;delivered&gt;.").expect("told");
    assert!(first < last, "in the order of their numbers");
    assert!(page.text().contains("svg class=\"flow\"") && page.text().contains("Steps of Pay run"));
    assert!(page.text().contains("authorize, record, process, correct"), "{}", page.text());
    let edit = "/engagements/1/processes/1";
    assert!(cam.get(edit).await.text().contains("value=\"Time sheets\""));
    assert_eq!(cam.get("/engagements/1/processes/2").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn processes_and_diagrams_are_written_in_pages() {
    let server = Server::start().await;
    let mut owner = owner(&server).await;
    let mut cam = company(&server).await;
    assert_eq!(cam.get("/engagements/1/processes/new").await.status, StatusCode::NOT_FOUND, "a SOC 2");
    assert_eq!(cam.get("/engagements/1/walkthroughs").await.status, StatusCode::NOT_FOUND, "a SOC 2");
    assert!(!cam.get("/controls/CHG-02").await.text().contains("Control objective"));
    soc1(&server).await;
    // The page of a control leads to the objectives that it serves, for those who may see the examination.
    let page = cam.get("/controls/CHG-02").await;
    let link = "<a href=\"/engagements/1#objectives\" title=\"Controls provide reasonable assurance that input is complete.\">CO-02</a>";
    assert!(page.text().contains("Control objective<") && page.text().contains(link), "{}", page.text());
    assert!(cam.get("/engagements/1").await.text().contains("id=\"objectives\""), "where the link leads");
    assert!(!cam.get("/controls/IAM-02").await.text().contains("Control objective"));
    let (mut admin, _) = server.member("Adam", &[Role::Admin]).await;
    let page = admin.get("/controls/CHG-02").await;
    assert!(page.status == StatusCode::OK && !page.text().contains("Control objective"), "{}", page.text());
    describe(&mut cam).await;

    let new = "/engagements/1/diagrams/new";
    let version = |page: &str| hidden(page, "version").to_owned();
    let from = version(cam.get(new).await.text());
    let texts = [
        ("version", from.as_str()),
        ("caption", "The system"),
        ("alternative", "A form and a \"database\"."),
    ];
    let wordless = [texts[0], texts[1], ("alternative", "")];
    let refused = cam.upload(new, new, &wordless, &[("net.png", &png(640))]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains("Say what it shows, for those who do not see it."), "{}", refused.text());
    for (name, bytes, says) in [
        ("net.svg", b"<svg onload='x'/>".to_vec(), "neither PNG nor JPEG"),
        ("net.png", b"GIF89a\x10\0\x10\0".to_vec(), "its bytes are those of a GIF picture"),
    ] {
        let refused = cam.upload(new, new, &texts, &[(name, &bytes)]).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.text().contains(says), "{}", refused.text());
    }
    let taken = cam.upload(new, new, &texts, &[("net.png", &png(640))]).await;
    assert_eq!(taken.status, StatusCode::SEE_OTHER, "{}", taken.text());
    let page = cam.get(DESCRIPTION).await;
    assert!(page.text().contains("alt=\"A form and a &quot;database&quot;.\""), "{}", page.text());
    assert!(page.text().contains("Figure 1: The system"));
    let hex = tickmark_core::Digest::of(&png(640)).hex();
    let path = format!("/engagements/1/diagrams/{hex}");
    let picture = cam.get(&format!("{path}/picture")).await;
    assert_eq!((picture.status, picture.header("content-type")), (StatusCode::OK, "image/png"));
    assert_eq!(picture.bytes, png(640));
    assert!(picture.header("content-security-policy").starts_with("sandbox"));

    // The audit firm reads nothing of it before somebody of management reviewed it.
    let mut audrey = auditor(&server, &mut owner, "Audrey").await;
    let seen = audrey.get(DESCRIPTION).await;
    for says in
        ["Management is still working on it.", "somebody of management who did not write it reviews it"]
    {
        assert!(seen.text().contains(says), "{says}: {}", seen.text());
    }
    for secret in ["Figure 1", "The client sends hours.", "Each month, for each client."] {
        assert!(!seen.text().contains(secret), "{secret}: {}", seen.text());
    }
    assert_eq!(audrey.get(&format!("{path}/picture")).await.status, StatusCode::NOT_FOUND);
    assert!(cam.get(DESCRIPTION).await.text().contains("The client sends hours."), "management goes on");
    // Then it reads it, and writes nothing of it.
    reviewed(&server).await;
    let seen = audrey.get(DESCRIPTION).await;
    assert!(seen.text().contains("The client sends hours.") && seen.text().contains("As it really runs."));
    assert!(seen.text().contains("Figure 1: The system") && !seen.text().contains("Add a diagram"));
    assert_eq!(audrey.get(&format!("{path}/picture")).await.status, StatusCode::OK);
    for theirs in [path.as_str(), new, "/engagements/1/processes/1"] {
        assert_eq!(audrey.get(theirs).await.status, StatusCode::NOT_FOUND, "{theirs}");
    }

    let from = version(cam.get(&path).await.text());
    let other = [("version", from.as_str()), ("caption", "The system"), ("alternative", "A form.")];
    let changed = cam.upload(&path, &path, &other, &[("net.png", &png(800))]).await;
    assert_eq!(changed.status, StatusCode::SEE_OTHER, "{}", changed.text());
    assert_eq!(cam.get(&format!("{path}/picture")).await.status, StatusCode::NOT_FOUND);
    let stale = cam.upload(new, new, &other, &[("net.png", &png(900))]).await;
    assert_eq!(stale.status, StatusCode::CONFLICT, "{}", stale.text());
}

#[tokio::test]
async fn a_walkthrough_is_written_signed_and_shared_in_pages() {
    let server = Server::start().await;
    let mut owner = owner(&server).await;
    let mut cam = company(&server).await;
    soc1(&server).await;
    server.state.set_with(std::sync::Arc::new(Says));
    let mut audrey = auditor(&server, &mut owner, "Audrey").await;
    let mut bert = auditor(&server, &mut owner, "Bert").await;
    // What management says it does for an objective is read where the objective stands.
    let seen = audrey.get("/engagements/1").await;
    assert!(seen.text().contains("Someone other than the author approves"), "{}", seen.text());
    let list = "/engagements/1/walkthroughs";
    assert!(audrey.get(list).await.text().contains("There is no process to walk through"));
    describe(&mut cam).await;
    let new = "/engagements/1/walkthroughs/new";
    for page in [list, new] {
        let early = audrey.get(page).await;
        assert!(
            early.text().contains("reviewed it") && !early.text().contains("Pay run"),
            "{}",
            early.text()
        );
    }
    reviewed(&server).await;
    assert!(audrey.get(list).await.text().contains("1 of 1 process in the description has no walkthrough."));
    assert_eq!(cam.get(new).await.status, StatusCode::NOT_FOUND);
    let unnamed = audrey.send(new, new, &[("process", "Pay run"), ("transaction", "")]).await;
    assert_eq!(unnamed.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(unnamed.text().contains("Say which transaction is traced."), "{}", unnamed.text());
    let begun = audrey.send(new, new, &[("process", "Pay run"), ("transaction", "November <118>")]).await;
    let path = "/engagements/1/walkthroughs/1";
    assert_eq!(begun.header("location"), path, "{}", begun.text());
    assert_eq!(cam.get(path).await.status, StatusCode::NOT_FOUND, "private");
    assert!(cam.get(list).await.text().contains("has shared no walkthrough"));

    let early = act(&mut audrey, path, &format!("{path}/prepare"), &[]).await;
    assert_eq!(early.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(early.text().contains("Step 1: say how it was looked at"), "{}", early.text());
    let fields = [
        ("transaction", "November <118>"),
        ("procedures-0", "inquiry"),
        ("procedures-0", "inspection"),
        ("on-0", "2026-11-20"),
        ("asked-0", "Pia Example, payroll lead"),
        ("seen-0", "Import log"),
        ("described-0", "yes"),
        ("place-0", "yes"),
        ("found-0", ""),
        ("procedures-1", "observation"),
        ("on-1", "2026-11-21"),
        ("asked-1", ""),
        ("seen-1", "Delivery in the portal"),
        ("described-1", "no"),
        ("place-1", "yes"),
        ("found-1", "Delivered by e-mail, not in the portal."),
    ];
    done(&mut audrey, path, &format!("{path}/record"), &fields).await;
    let says = [("text", "In place; step 2 is described otherwise.")];
    done(&mut audrey, path, &format!("{path}/conclude"), &says).await;
    done(&mut audrey, path, &format!("{path}/prepare"), &[]).await;
    assert!(!audrey.get(path).await.text().contains("Sign as reviewer"), "who wrote does not review");
    done(&mut bert, path, &format!("{path}/review"), &[]).await;
    done(&mut audrey, path, &format!("{path}/share"), &[]).await;

    let seen = cam.get(path).await;
    for says in ["November &lt;118&gt;", "Pia Example, payroll lead", "Delivered by e-mail", "Step 2: "] {
        assert!(seen.text().contains(says), "{says}: {}", seen.text());
    }
    assert!(!seen.text().contains("Save the steps"));
    let token = crate::members::token(cam.get("/account").await.text());
    let forged = cam.post(&format!("{path}/share"), &token, &[("version", "7")]).await;
    assert_eq!(forged.status, StatusCode::NOT_FOUND);

    // What the description tells later is seen beside what was followed.
    let edit = "/engagements/1/processes/1";
    let mut other = PROCESS.to_vec();
    other[4].1 = "The register is sent by e-mail.";
    done(&mut cam, edit, edit, &other).await;
    let page = audrey.get(path).await;
    assert!(page.text().contains("Nobody of management has reviewed the description as it stands now"));
    reviewed(&server).await;
    let page = audrey.get(path).await;
    assert!(page.text().contains("tells this process otherwise now"), "{}", page.text());
    assert!(page.text().contains("The register is &lt;delivered&gt;."));
    let file = audrey.get("/engagements/1/file").await;
    let has = |name: &str| file.bytes.windows(name.len()).any(|window| window == name.as_bytes());
    assert!(has("walkthroughs.json") && has("walkthroughs.xlsx"));
}
