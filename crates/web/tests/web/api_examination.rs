//! The API: what management sees of an examination under way, and what it does in it.

use std::collections::BTreeSet;

use axum::http::{Method, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tickmark_app::Actor;
use tickmark_app::engagement;
use tickmark_app::engagement::fieldwork::signed::{self, Signing};
use tickmark_app::engagement::fieldwork::walkthrough;
use tickmark_app::engagement::fieldwork::workpaper::{self, Concluding, Excepting};
use tickmark_core::catalog::Catalog;
use tickmark_core::control::TestAttribute;
use tickmark_core::engagement::fieldwork::{
    Answered, Cause, Outcome, Plan, Procedure, Walked, Walkthrough, Workpaper,
};
use tickmark_core::engagement::{Act, FlowStep, Process};
use tickmark_core::identity::Role;
use tickmark_core::program::population::AttributeState;

use crate::caller::{Caller, made, parse, refused};
use crate::examination::{KEY, auditor_with_account, company, owner};
use crate::members::{Browser, Server};
use crate::walkthrough::{png, reviewed, soc1};

fn process() -> Process {
    let step = |act, what: &str, control: Option<&str>| FlowStep {
        act,
        what: what.into(),
        who: "Payroll operations".into(),
        system: "Web form".into(),
        input: "Hours".into(),
        output: "Register".into(),
        controls: control.iter().map(|id| id.parse().expect("an id")).collect(),
        objectives: BTreeSet::from(["CO-02".to_owned()]),
    };
    Process {
        name: "Pay run".into(),
        narrative: "Each month.".into(),
        steps: vec![
            step(Act::Initiate, "The client sends hours.", Some("CHG-02")),
            step(Act::Report, "The register is delivered.", None),
        ],
    }
}

/// A result with an exception, and a walkthrough, both shared by the auditor.
async fn shared(server: &Server, audrey: &Actor) {
    let (app, catalog) = (&server.app, Catalog::builtin());
    let plan = Plan {
        control: "CHG-02".parse().expect("an id"),
        procedures: BTreeSet::from([Procedure::Inspection]),
        procedure: "Inspected the ticket of each change.".into(),
        attributes: vec![TestAttribute {
            id: "approved".into(),
            asserts: "approved before deployment".into(),
            deviation: "no approval".into(),
        }],
    };
    app.transact(audrey, async |cx| {
        workpaper::begin(cx, KEY, plan.clone(), &catalog).await?;
        workpaper::name_items(cx, KEY, 1, 1, &["C-1".to_owned(), "C-2".to_owned()]).await?;
        let results: Vec<_> = [("C-1", AttributeState::NotMet), ("C-2", AttributeState::Met)]
            .into_iter()
            .map(|(key, state)| (key.to_owned(), vec![state], String::new()))
            .collect();
        workpaper::record(cx, KEY, 1, 2, &results).await?;
        let excepting = Excepting {
            number: None,
            items: BTreeSet::from(["C-1".to_owned()]),
            nature: "Nobody approved the change.".into(),
            cause: Cause::Slip,
            effect: "The change was right.".into(),
        };
        workpaper::except(cx, KEY, 1, 3, excepting).await?;
        let concluding =
            Concluding { outcome: Outcome::Exceptions, text: "It did not operate once.".into(), zero: None };
        workpaper::conclude(cx, KEY, 1, 4, concluding, &catalog).await?;
        signed::sign::<Workpaper>(cx, KEY, 1, 5, Signing::Prepare).await?;
        signed::sign::<Workpaper>(cx, KEY, 1, 6, Signing::Share).await
    })
    .await
    .expect("a result");
    let walked = || Walked {
        procedures: BTreeSet::from([Procedure::Inquiry, Procedure::Inspection]),
        on: Some("2026-11-20".parse().expect("a day")),
        asked: "Pia Example, payroll lead".into(),
        seen: "Import log".into(),
        found: String::new(),
        as_described: Answered::Yes,
        in_place: Answered::Yes,
    };
    app.transact(audrey, async |cx| {
        walkthrough::begin(cx, KEY, "Pay run", "November run").await?;
        let found = vec![(1, walked()), (2, walked())];
        walkthrough::record(cx, KEY, 1, 1, "November run", found).await?;
        walkthrough::conclude(cx, KEY, 1, 2, "As it is described.").await?;
        signed::sign::<Walkthrough>(cx, KEY, 1, 3, Signing::Prepare).await?;
        signed::sign::<Walkthrough>(cx, KEY, 1, 4, Signing::Share).await
    })
    .await
    .expect("a walkthrough");
}

/// An examination of a SOC 1 with an auditor, a diagram, and what the auditor shared. Returns the browser of whoever manages
/// compliance, and the address of the diagram.
pub(crate) async fn examined() -> (Server, Browser, String) {
    let server = Server::start().await;
    let mut owner = owner(&server).await;
    let cam = company(&server).await;
    soc1(&server).await;
    let person = server.world.person(&server.app, &server.program).await;
    server
        .app
        .transact(&person, async |cx| {
            let from = engagement::find(cx, KEY).await?.number;
            engagement::write_process(cx, KEY, from, None, process()).await
        })
        .await
        .expect("described");
    let mut caller = Caller::of(cam.clone());
    let seen = caller.get("/engagements/1").await;
    let new = json!({
        "caption": "The system", "alternative": "A web form and a payment file.",
        "file": {"name": "system.png", "content": STANDARD.encode(png(640))},
    });
    made(&caller.from(&seen, Method::POST, "/engagements/1/diagrams", &new).await, StatusCode::OK);
    let diagrams = parse(&caller.get("/engagements/1/diagrams").await);
    let digest = diagrams["items"][0]["digest"].as_str().expect("a diagram").to_owned();
    let (_, account) = auditor_with_account(&server, &mut owner, "Audrey").await;
    let audrey = account.actor(&server.world, &server.app).await;
    reviewed(&server).await;
    shared(&server, &audrey).await;
    (server, cam, format!("/engagements/1/diagrams/{digest}"))
}

#[tokio::test]
async fn management_reads_what_was_shared_and_answers_exceptions() {
    let (server, cam, _) = examined().await;
    let mut cam = Caller::of(cam);
    let paper = "/engagements/1/workpapers/1";
    let seen = made(&cam.get(paper).await, StatusCode::OK);
    assert_eq!((&seen["control"], &seen["outcome"]), (&json!("CHG-02"), &json!("exceptions")));
    assert_eq!(seen["exceptions"][0]["response"], Value::Null);
    let answer =
        json!({"exception": 1, "version": 0, "response": "It was approved later.", "due": "2026-12-24"});
    let responses = format!("{paper}/responses");
    let answered = made(&cam.post(&responses, &answer).await, StatusCode::OK);
    assert_eq!(answered["exceptions"][0]["response"]["version"], 1);
    refused(&cam.post(&responses, &answer).await, StatusCode::CONFLICT, "meanwhile");
    let other = json!({"exception": 9, "version": 0, "response": "x"});
    refused(&cam.post(&responses, &other).await, StatusCode::NOT_FOUND, "no such thing");
    let walk = made(&cam.get("/engagements/1/walkthroughs/1").await, StatusCode::OK);
    assert_eq!((&walk["process"], &walk["steps"][1]["in_place"]), (&json!("Pay run"), &json!("yes")));
    // Programs have no part in it, whatever they were given.
    let mut program = Caller::program(&server, "Pam", Role::ComplianceManager, None).await;
    for path in ["/engagements/1/workpapers", paper, "/engagements/1/walkthroughs", "/engagements/1/auditors"]
    {
        refused(&program.get(path).await, StatusCode::NOT_FOUND, "no such thing");
    }
    refused(&program.post(&responses, &answer).await, StatusCode::NOT_FOUND, "no such thing");
    // What is not shared is the firm's alone.
    refused(&cam.get("/engagements/1/workpapers/2").await, StatusCode::NOT_FOUND, "no such thing");
}

#[tokio::test]
async fn diagrams_are_changed_and_taken_out_from_the_version_that_was_looked_at() {
    let (_server, cam, path) = examined().await;
    let mut cam = Caller::of(cam);
    let picture = cam.get(&format!("{path}/picture")).await;
    assert_eq!((picture.status, &picture.bytes[..]), (StatusCode::OK, &png(640)[..]));
    let seen = cam.get("/engagements/1").await;
    let texts = json!({"caption": "The whole system", "alternative": "A web form and a payment file."});
    refused(
        &cam.send(Method::PUT, &path, &[], &texts.to_string()).await,
        StatusCode::PRECONDITION_REQUIRED,
        "If-Match",
    );
    let changed = cam.from(&seen, Method::PUT, &path, &texts).await;
    made(&changed, StatusCode::OK);
    let listed = parse(&cam.get("/engagements/1/diagrams").await)["items"].clone();
    assert_eq!((&listed[0]["caption"], &listed[0]["width"]), (&json!("The whole system"), &json!(640)));
    let stale = cam.from(&seen, Method::POST, &format!("{path}/removal"), &json!({})).await;
    refused(&stale, StatusCode::PRECONDITION_FAILED, "read it again");
    let no_picture = json!({
        "caption": "x", "alternative": "x", "file": {"name": "x.png", "content": STANDARD.encode(b"words")},
    });
    let no_picture = cam.from(&changed, Method::POST, "/engagements/1/diagrams", &no_picture).await;
    refused(&no_picture, StatusCode::UNPROCESSABLE_ENTITY, "the diagram was not taken");
    let removed = cam.from(&changed, Method::POST, &format!("{path}/removal"), &json!({})).await;
    made(&removed, StatusCode::OK);
    assert_eq!(parse(&cam.get("/engagements/1/diagrams").await)["items"], json!([]));
    refused(&cam.get(&format!("{path}/picture")).await, StatusCode::NOT_FOUND, "no such thing");
}

#[tokio::test]
async fn auditors_are_let_in_for_a_time_and_lists_of_requests_are_imported_whole() {
    let (server, cam, _) = examined().await;
    let mut cam = Caller::of(cam);
    let path = "/engagements/1/auditors";
    let all = parse(&cam.get(path).await)["items"].clone();
    assert_eq!((&all[0]["email"], &all[0]["is_in"]), (&json!("audrey@firm.example"), &json!(true)));
    let of = format!("{path}/{}", all[0]["membership"].as_str().expect("an id"));
    let later = json!({"last": "2027-02-28", "reason": "It takes longer"}).to_string();
    let later = made(&cam.send(Method::PUT, &format!("{of}/end"), &[], &later).await, StatusCode::OK);
    assert!(later["until"].as_str().is_some_and(|until| until.starts_with("2027-03-01")), "{later}");
    let ended = cam.post(&format!("{of}/ending"), &json!({"reason": "She left the firm"})).await;
    assert_eq!(made(&ended, StatusCode::OK)["is_in"], false);
    let mut owner = Caller::person(&server, "Olga", Role::Owner).await;
    let new = json!({"email": "bert@firm.example", "last": "2027-02-28"});
    let key = [("idempotency-key", "let-in-1")];
    let first = owner.send(Method::POST, path, &key, &new.to_string()).await;
    let link = made(&first, StatusCode::CREATED)["link"].clone();
    assert!(link.as_str().is_some_and(|link| link.contains("/join/")), "{link}");
    let again = owner.send(Method::POST, path, &key, &new.to_string()).await;
    assert_eq!(made(&again, StatusCode::CREATED)["link"], Value::Null, "what is kept does not hold it");

    let list = |text: &str| json!({"name": "list.csv", "content": STANDARD.encode(text)});
    let lists = "/engagements/1/request-lists";
    let wrong = cam.post(lists, &list("words\n")).await;
    refused(&wrong, StatusCode::UNPROCESSABLE_ENTITY, "nothing was applied");
    let other = json!({"name": "list.pdf", "content": "AAAA"});
    refused(&cam.post(lists, &other).await, StatusCode::UNPROCESSABLE_ENTITY, "neither XLSX nor CSV");
    let usual = made(&cam.post("/engagements/1/usual-requests", &json!({})).await, StatusCode::CREATED);
    assert_eq!(usual["known"], 0);
    let twice = made(&cam.post("/engagements/1/usual-requests", &json!({})).await, StatusCode::CREATED);
    assert_eq!((&twice["added"], &twice["known"]), (&json!(0), &usual["added"]));
}
