//! Examinations: E-1 under way with requests, workpapers and an opinion; E-2 over, with its letters; E-3 planned; E-4 of the
//! payroll (SOC 1) with a process, a diagram and a walkthrough.

use axum::http::StatusCode;
use tickmark_app::engagement;
use tickmark_app::identity::{ActorKind, ensure_actor};
use tickmark_core::catalog::Catalog;
use tickmark_core::control::commitment::CommitmentKey;
use tickmark_core::engagement::{EngagementKey, Objective, Paper, Part, ReportKind, Scope, Step, Time};

use super::{Known, Seats};
use crate::examination::{changes, done, pdf};
use crate::members::{Browser, Server, hidden};

/// A picture of a chessboard.
const PICTURE: &[u8] = include_bytes!("board.png");

pub(super) async fn fill(server: &Server, seats: &mut Seats, known: &mut Vec<Known>) {
    requests(seats).await;
    changes(server).await;
    workpapers(seats).await;
    opinion(seats).await;
    over(server, seats).await;
    payroll(seats, known).await;
}

/// Plans E-2, whose time is over, E-3, and E-4, a SOC 1; E-2 and E-4 are approved.
pub(super) async fn planned(server: &Server) {
    let (app, program) = (&server.app, &server.program);
    let person = server.world.person(app, program).await;
    let day = |text: &str| text.parse().expect("a day");
    let scope = |from: &str, to: &str| Scope {
        services: vec!["Payroll".into(), "Reports to authorities".into()],
        boundary: "From the web form to the payment file.".into(),
        firm: "Example & Partners".into(),
        categories: [("security".to_owned(), "customers ask".to_owned())].into(),
        commitments: [CommitmentKey(1)].into(),
        ..Scope::of(ReportKind::Soc2, Time::Period { from: day(from), to: day(to) }, "Payroll")
    };
    app.transact(&person, async |cx| {
        engagement::plan(cx, "page-2", scope("2026-11-01", "2026-11-20"), "the first year").await?;
        engagement::plan(cx, "page-3", scope("2027-11-01", "2028-10-31"), "the year after").await?;
        let payroll = Scope {
            categories: Default::default(),
            commitments: Default::default(),
            objectives: vec![Objective {
                id: "CO-02".into(),
                statement: "Controls provide reasonable assurance that input is complete.".into(),
                assertions: ["completeness".to_owned()].into(),
                controls: ["CHG-02".parse().expect("an id")].into(),
                ..Objective::default()
            }],
            kind: ReportKind::Soc1,
            ..scope("2026-11-01", "2027-10-31")
        };
        engagement::plan(cx, "page-4", payroll, "clients' auditors ask").await
    })
    .await
    .expect("planned");
    let grace = app
        .transact(program, async |cx| ensure_actor(cx, ActorKind::Person, "Grace Example").await)
        .await
        .expect("a person");
    let catalog = Catalog::builtin();
    for key in [EngagementKey(2), EngagementKey(4)] {
        app.transact(&grace, async |cx| engagement::approve(cx, key, 1, &catalog).await)
            .await
            .expect("approved");
    }
}

async fn answer(mia: &mut Browser, path: &str, extra: &[(&str, &str)], files: &[(&str, &[u8])]) {
    let page = mia.get(path).await;
    let (version, once) = (hidden(page.text(), "version").to_owned(), hidden(page.text(), "once").to_owned());
    let mut fields = vec![("version", version.as_str()), ("once", once.as_str())];
    fields.extend(extra);
    let sent = mia.upload(path, &format!("{path}/submit"), &fields, files).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{path}: {}", sent.text());
}

/// The usual list; request 1 is accepted, 2 waits for the auditor, 3 came back.
async fn requests(seats: &mut Seats) {
    let Seats { mia, audrey, .. } = seats;
    let import = "/engagements/1/requests/import";
    let list = audrey.send(import, "/engagements/1/requests/defaults", &[]).await;
    assert_eq!(list.status, StatusCode::SEE_OTHER, "{}", list.text());
    for number in 1..=3 {
        let path = format!("/engagements/1/requests/{number}");
        let said =
            [("answer", "As of today, as the personnel system has it."), ("source", "Personnel system")];
        answer(mia, &path, &said, &[("organization-chart.csv", b"who,what\nAda,Director\n")]).await;
    }
    done(audrey, "/engagements/1/requests/1", "/engagements/1/requests/1/accept", &[("reason", "")]).await;
    let why = [("reason", "It has no date, and the second site is missing.")];
    done(audrey, "/engagements/1/requests/3", "/engagements/1/requests/3/return", &why).await;
}

async fn workpapers(seats: &mut Seats) {
    let Seats { mia, audrey, bert, .. } = seats;
    let draw = "/populations/1/samples/new";
    let sample =
        [("method", "random"), ("by", "size"), ("size", "3"), ("seed", "agreed"), ("extension", "5")];
    let drawn = mia.send(draw, draw, &sample).await;
    assert_eq!(drawn.status, StatusCode::SEE_OTHER, "{}", drawn.text());
    let new = "/engagements/1/workpapers/new";
    for control in ["CHG-02", "IAM-07"] {
        let plan = [
            ("control", control),
            ("procedures", "inspection"),
            ("procedure", "Inspected the approval of selected changes."),
            ("attributes", "A | approved | no approval\nB | by another than the author | by the author"),
        ];
        let begun = audrey.send(new, new, &plan).await;
        assert_eq!(begun.status, StatusCode::SEE_OTHER, "{}", begun.text());
    }
    let path = "/engagements/1/workpapers/1";
    let to = |act: &str| format!("{path}/{act}");
    let selection = [("population", "1"), ("method", "random"), ("size", "3"), ("seed", "agreed")];
    done(audrey, path, &to("select"), &selection).await;
    let results = [
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
    done(audrey, path, &to("results"), &results).await;
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
    done(audrey, path, &to("except"), &exception).await;
    done(audrey, path, &to("conclude"), &[("outcome", "exceptions"), ("text", "Not once.")]).await;
    done(audrey, path, &to("prepare"), &[]).await;
    done(audrey, path, &to("share"), &[]).await;
    done(bert, path, &to("review"), &[]).await;
    let response = [
        ("exception", "1"),
        ("response", "We looked back: it was right."),
        ("action", "Enforced."),
        ("due", "2026-12-31"),
    ];
    done(mia, path, &to("respond"), &response).await;
    let note = [("about", "WP-1"), ("text", "Ask for the second approver by name.")];
    let kept = audrey.send("/engagements/1/notes", "/engagements/1/notes", &note).await;
    assert_eq!(kept.status, StatusCode::SEE_OTHER, "{}", kept.text());
}

async fn opinion(seats: &mut Seats) {
    let audrey = &mut seats.audrey;
    let report = "/engagements/1/report";
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
    done(audrey, report, &format!("{report}/opinion"), &opinion).await;
    let section = pdf("<< /Root 1 0 R >>");
    let fields = [("version", "1")];
    let taken = audrey.upload(report, &format!("{report}/section"), &fields, &[("s1.pdf", &section)]).await;
    assert_eq!(taken.status, StatusCode::SEE_OTHER, "{}", taken.text());
}

/// E-2: the description reviewed, the assertion signed; an event, letters, the report as it was received.
async fn over(server: &Server, seats: &mut Seats) {
    let Seats { mia, max, .. } = seats;
    let home = "/engagements/2";
    let at = |rest: &str| format!("{home}/{rest}");
    let cloud = [
        ("name", "Cloud Example"),
        ("service", "Hosting"),
        ("method", "carve_out"),
        ("why", "it guards the doors"),
        ("assumed", "CC6.5: media are destroyed\nstaff is screened"),
        ("control", "VEN-02"),
        ("reason", "hosted there"),
    ];
    let entry = "/engagements/3/entries/subservices/new";
    done(mia, entry, entry, &cloud).await;
    let record =
        server.app.read(&server.program, async |view| engagement::find(view, EngagementKey(2)).await);
    let scope = record.await.expect("there").record.scope;
    let needed =
        Part::of(scope.kind, scope.time).into_iter().filter(|(part, needed)| *needed && !part.may_be_none());
    let mut parts: Vec<(&str, &str)> = needed.map(|(part, _)| (part.word(), "As it really runs.")).collect();
    parts.extend([("incidents-none", "yes"), ("changes-none", "yes")]);
    let both = [at("description"), at("assertion")];
    done(mia, &both[0], &both[0], &parts).await;
    let texts = [("text", "We assert."), ("signatory", "Eva"), ("title", "Chief executive")];
    done(mia, &both[1], &both[1], &texts).await;
    for paper in ["description", "assertion"] {
        let review = at(&format!("sign/{paper}/review"));
        done(max, &review, &review, &[]).await;
    }
    let (app, key) = (&server.app, EngagementKey(2));
    let grace = app
        .transact(&server.program, async |cx| ensure_actor(cx, ActorKind::Person, "Grace Example").await)
        .await
        .expect("a person");
    app.transact(&grace, async |cx| {
        let from = engagement::find(cx, key).await?.number;
        engagement::sign(cx, key, from, Paper::Assertion, Step::Approve).await
    })
    .await
    .expect("adopted");

    let date = at("report-date");
    done(mia, &date, &date, &[("day", "2026-11-23")]).await;
    let event = [
        ("day", "2026-11-21"),
        ("kind", "incident"),
        ("what", "Mail was down for an afternoon"),
        ("effect", "No customer data was touched."),
        ("decided", "told_auditor"),
        ("reason", "it did not reach customers"),
    ];
    done(mia, &at("events/new"), &at("events/new"), &event).await;
    let letter = [
        ("to", "Example & Partners"),
        ("text", "We confirm."),
        ("signatory", "Eva"),
        ("title", "Chief executive"),
    ];
    done(mia, &at("representation"), &at("representation"), &letter).await;
    let review = at("letters/representation/review");
    done(max, &review, &review, &[]).await;
    let path = at("received/file");
    let version = hidden(mia.get(&path).await.text(), "version").to_owned();
    let received = [("version", version.as_str()), ("firm", "Example & Partners"), ("day", "2026-11-23")];
    let signed = pdf("<< /Root 1 0 R >>");
    let taken = mia.upload(&path, &path, &received, &[("report.pdf", &signed)]).await;
    assert_eq!(taken.status, StatusCode::SEE_OTHER, "{}", taken.text());
    let page = mia.get(&at("bridges/new")).await;
    let reference = hidden(page.text(), "reference-0").to_owned();
    let bridge = [
        ("to", "2026-11-23"),
        ("reference-0", reference.as_str()),
        ("left-out-0", ""),
        ("changes", ""),
        ("incidents", ""),
        ("next", "The next period began on 2026-11-21."),
        ("signatory", "Eva"),
        ("title", "Chief executive"),
    ];
    done(mia, &at("bridges/new"), &at("bridges/new"), &bridge).await;
    let copies = at("copies");
    let copy = [("recipient", "Cleo"), ("company", "Customer Ltd")];
    let made = mia.send(&copies, &copies, &copy).await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.text());
    reader(mia, home).await;
}

/// Somebody who is to read the report of E-2.
async fn reader(mia: &mut Browser, home: &str) {
    let agreement = "/agreements/specified_parties";
    let text = [("title", "Agreement on the use of the report"), ("text", "I keep it to myself.")];
    done(mia, agreement, agreement, &text).await;
    let new = format!("{home}/grants/new");
    let recipient = [
        ("origin", "requested"),
        ("name", "Cleo Vale"),
        ("company", "Customer Ltd"),
        ("email", "cleo@customer.example"),
        ("relation", "customer"),
        ("serves", ""),
        ("used_from", "2026-01-01"),
        ("used_to", ""),
        ("basis", "Contract C-12"),
        ("purpose", "Their review of vendors"),
        ("until", "2026-12-31"),
        ("documents", "report"),
    ];
    let once = hidden(mia.get(&new).await.text(), "once").to_owned();
    let mut fields = recipient.to_vec();
    fields.push(("once", &once));
    let entered = mia.send(&new, &new, &fields).await;
    assert_eq!(entered.status, StatusCode::OK, "{}", entered.text());
}

/// E-4: a process with two steps, a diagram, and a walkthrough that is begun.
async fn payroll(seats: &mut Seats, known: &mut Vec<Known>) {
    let Seats { mia, max, carl, .. } = seats;
    let home = "/engagements/4";
    let at = |rest: &str| format!("{home}/{rest}");
    // Its description waits for somebody who reviews it.
    known.push(("/engagements/{key}/sign/{paper}/review", at("sign/description/review")));
    let process = [
        ("name", "Pay run"),
        ("narrative", "Each month, for each client."),
        ("place-0", "1"),
        ("act-0", "initiate"),
        ("what-0", "The client sends hours."),
        ("who-0", "Client"),
        ("system-0", "Web form"),
        ("input-0", "Time sheets"),
        ("output-0", "Input"),
        ("controls-0", "CHG-02"),
        ("objectives-0", "CO-02"),
        ("place-1", "2"),
        ("act-1", "report"),
        ("what-1", "The register is delivered."),
        ("who-1", "Payroll operations"),
        ("system-1", "Portal"),
        ("input-1", ""),
        ("output-1", "Register"),
        ("controls-1", ""),
        ("objectives-1", "CO-02"),
    ];
    let new = at("processes/new");
    done(mia, &new, &new, &process).await;
    let new = at("diagrams/new");
    let version = hidden(mia.get(&new).await.text(), "version").to_owned();
    let said =
        [("version", version.as_str()), ("caption", "The system"), ("alternative", "A form and a database.")];
    let taken = mia.upload(&new, &new, &said, &[("system.png", PICTURE)]).await;
    assert_eq!(taken.status, StatusCode::SEE_OTHER, "{}", taken.text());
    // The firm walks through what management reviewed; it is changed afterwards.
    let day = |text: &str| text.parse().expect("a day");
    let time = Time::Period { from: day("2026-11-01"), to: day("2027-10-31") };
    let needed =
        Part::of(ReportKind::Soc1, time).into_iter().filter(|(part, needed)| *needed && !part.may_be_none());
    let mut parts: Vec<(&str, &str)> = needed.map(|(part, _)| (part.word(), "As it really runs.")).collect();
    parts.push(("changes-none", "yes"));
    let description = at("description");
    done(mia, &description, &description, &parts).await;
    let finding = hidden(mia.get(&description).await.text(), "finding").to_owned();
    let decided =
        [("finding", finding.as_str()), ("at", "0"), ("told-0", "no"), ("why-0", "No account was used.")];
    done(mia, &description, &at("incidents"), &decided).await;
    let review = at("sign/description/review");
    done(max, &review, &review, &[]).await;
    let new = at("walkthroughs/new");
    let begun =
        carl.send(&new, &new, &[("process", "Pay run"), ("transaction", "February, client 118")]).await;
    assert_eq!(begun.status, StatusCode::SEE_OTHER, "{}", begun.text());
    let edit = at("processes/1");
    let mut other = process;
    other[1].1 = "Each month, for each client, on the day that it chose.";
    done(mia, &edit, &edit, &other).await;
    known.extend([
        ("/engagements/{key}/processes/{at}", edit),
        ("/engagements/{key}/walkthroughs", at("walkthroughs")),
        ("/engagements/{key}/walkthroughs/new", new),
        ("/engagements/{key}/walkthroughs/{number}", at("walkthroughs/1")),
        ("/engagements/{key}/description", at("description")),
    ]);
}
