//! The API: what was seen of the estate, the ledger with its proofs, what auditors see, and drafts of reviews of access.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use tickmark_core::catalog::Catalog;
use tickmark_core::identity::Role;
use tickmark_evaluate::Library;

use crate::caller::{Caller, fill, made, parse, refused};
use crate::host::collect;
use crate::members::Server;

async fn look(server: &Server) {
    let library = Library::builtin().unwrap_or_else(|errors| panic!("{errors:#?}"));
    collect(&server.app, &server.program, &library).await;
}

async fn looked_at() -> Server {
    let server = Server::start().await;
    look(&server).await;
    server
}

#[tokio::test]
async fn coverage_says_what_was_seen_of_each_target_and_by_each_check() {
    let server = looked_at().await;
    let mut program = Caller::program(&server, "Pam", Role::ComplianceManager, None).await;
    let targets = made(&program.get("/coverage").await, StatusCode::OK)["items"].clone();
    let (one, known) = (&targets[0], parse(&program.get("/targets").await)["items"][0].clone());
    assert_eq!((&one["kind"], &one["id"]), (&json!("target"), &json!(known["key"].to_string())));
    let stretches = one["stretches"].as_array().expect("stretches");
    assert!(!stretches.is_empty());
    for pair in stretches.windows(2) {
        assert_eq!(pair[0]["to"], pair[1]["from"], "one after the other");
    }
    assert_eq!(stretches.last().map(|last| &last["state"]), Some(&json!("not_yet_due")));
    let checks = made(&program.get("/coverage?by=check&limit=200").await, StatusCode::OK)["items"].clone();
    let checks = checks.as_array().expect("items");
    assert!(checks.len() > 1 && checks.iter().all(|one| one["kind"] == "check"));
    // Before the first look nothing was seen, whatever was seen since.
    let unseen = checks[0]["not_seen_seconds"].as_i64().expect("seconds");
    assert!(unseen > 300 * 86_400, "{unseen}");
    let narrow = "/coverage?by=check&from=2026-11-01T00:00:00Z&to=2026-11-02T00:00:00Z&limit=1";
    let narrow = made(&program.get(narrow).await, StatusCode::OK);
    assert_eq!((&narrow["items"][0]["not_seen_seconds"], narrow["next"].is_string()), (&json!(86_400), true));
    for (query, part) in [
        ("by=control", "by is one of"),
        ("from=soon", "from cannot be read"),
        ("from=2026-11-02T00:00:00Z&to=2026-11-01T00:00:00Z", "begins before it ends"),
        ("from=2001-11-02T00:00:00Z", "ten years"),
        ("from=2030-01-01T00:00:00Z&to=2030-02-01T00:00:00Z", "not after today"),
        ("span=12m", "no parameter"),
    ] {
        let wrong = program.get(&format!("/coverage?{query}")).await;
        refused(&wrong, StatusCode::BAD_REQUEST, part);
    }
    let mut eve = Caller::person(&server, "Eve", Role::Employee).await;
    refused(&eve.get("/coverage").await, StatusCode::NOT_FOUND, "no such thing");
}

#[tokio::test]
async fn the_ledger_is_read_with_proofs_that_agree_with_its_head() {
    let server = looked_at().await;
    let mut person = Caller::person(&server, "Pia", Role::ComplianceManager).await;
    server.app.sequence(&server.program).await.expect("sequenced");
    let head = made(&person.get("/ledger").await, StatusCode::OK);
    let size = head["size"].as_u64().expect("a size");
    assert!(
        size > 3 && head["checkpoint"].as_str().is_some_and(|note| note.contains(&format!("\n{size}\n")))
    );
    assert_eq!((&head["epoch"], &head["scrub"]), (&json!(1), &Value::Null));

    // Page by page, newest first, to the first leaf.
    let (mut seen, mut query) = (Vec::new(), "limit=3".to_owned());
    loop {
        let page = made(&person.get(&format!("/ledger/leaves?{query}")).await, StatusCode::OK);
        seen.extend(
            page["items"].as_array().expect("items").iter().filter_map(|leaf| leaf["index"].as_u64()),
        );
        match page["next"].as_str() {
            Some(next) => query = format!("limit=3&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, (0..size).rev().collect::<Vec<u64>>());
    let leaf = made(&person.get("/ledger/leaves/0").await, StatusCode::OK);
    assert_eq!(
        (&leaf["leaf"]["index"], &leaf["size"], &leaf["root"]),
        (&json!(0), &head["size"], &head["root"])
    );
    assert!(
        leaf["tlog_proof"]
            .as_str()
            .is_some_and(|text| text.contains(head["origin"].as_str().expect("a name")))
    );
    let note = made(&person.get(&format!("/ledger/checkpoints/{size}")).await, StatusCode::OK);
    assert_eq!((&note["size"], &note["checkpoint"]), (&head["size"], &head["checkpoint"]));
    let proof = made(&person.get(&format!("/ledger/consistency/1/{size}")).await, StatusCode::OK);
    assert_eq!((&proof["new_root"], &proof["old_root"]), (&head["root"], &leaf["leaf"]["hash"]));
    let beyond = size + 1;
    for path in [
        format!("leaves/{size}"),
        "leaves/-1".to_owned(),
        "leaves/9223372036854775808".to_owned(),
        "checkpoints/0".to_owned(),
        format!("checkpoints/{beyond}"),
        format!("consistency/1/{beyond}"),
        format!("consistency/0/{size}"),
        "consistency/3/2".to_owned(),
    ] {
        refused(&person.get(&format!("/ledger/{path}")).await, StatusCode::NOT_FOUND, "no such thing");
    }
    refused(&person.get("/ledger/leaves?cursor=7a7a").await, StatusCode::BAD_REQUEST, "cursor");
    // The audit trail is for people, and whole for those who see all of it.
    let mut program = Caller::program(&server, "Pam", Role::ComplianceManager, None).await;
    let mut owner = Caller::person(&server, "Con", Role::ControlOwner).await;
    for path in
        ["/ledger", "/ledger/leaves", "/ledger/leaves/0", "/ledger/checkpoints/1", "/ledger/consistency/1/2"]
    {
        for caller in [&mut program, &mut owner] {
            refused(&caller.get(path).await, StatusCode::NOT_FOUND, "no such thing");
        }
    }
}

#[tokio::test]
async fn management_sees_what_auditors_see_and_says_where_lists_belong() {
    let server = Server::start().await;
    let catalog = Catalog::builtin();
    server
        .app
        .transact(&server.program, async |cx| tickmark_app::control::adopt_starters(cx, &catalog).await)
        .await
        .expect("adopted");
    // A look maps checks to the controls that are there.
    look(&server).await;
    fill(&server).await;
    let mut person = Caller::person(&server, "Mia", Role::ComplianceManager).await;
    let mut program = Caller::program(&server, "Cam", Role::ComplianceManager, None).await;
    let mut eve = Caller::person(&server, "Eve", Role::Employee).await;
    let items = made(&person.get("/engagements/1/evidence-in-sight").await, StatusCode::OK)["items"].clone();
    assert_eq!(items.as_array().map(Vec::len), Some(1), "only what was accepted: {items}");
    assert_eq!((&items[0]["controls"], &items[0]["covers_to"]), (&json!(["ACC-01"]), &json!("2026-10-31")));
    let lists =
        made(&person.get("/engagements/1/populations-in-sight").await, StatusCode::OK)["items"].clone();
    assert_eq!((&lists[0]["control"], &lists[0]["items"]), (&json!("ACC-01"), &json!(12)));
    for path in ["/engagements/1/evidence-in-sight", "/engagements/1/populations-in-sight"] {
        for caller in [&mut program, &mut eve] {
            refused(&caller.get(path).await, StatusCode::NOT_FOUND, "no such thing");
        }
        let other = path.replace('1', "9");
        refused(&person.get(&other).await, StatusCode::NOT_FOUND, "no such thing");
    }

    let path = "/access-lists/1/place";
    let unsaid = person.get(path).await;
    assert_eq!(unsaid.header("etag"), "\"0\"");
    assert_eq!(made(&unsaid, StatusCode::OK), json!({"system": "Cloud", "systems": null}));
    let system = parse(&person.get("/systems").await)["items"][0]["id"].clone();
    let placing = json!({"systems": [system]});
    refused(&person.post(path, &placing).await, StatusCode::PRECONDITION_REQUIRED, "If-Match");
    let unknown = json!({"systems": ["00000000-0000-7000-8000-000000000000"]});
    let unknown = person.from(&unsaid, Method::POST, path, &unknown).await;
    refused(&unknown, StatusCode::UNPROCESSABLE_ENTITY, "there is no system");
    let placed = person.from(&unsaid, Method::POST, path, &placing).await;
    assert_eq!(made(&placed, StatusCode::OK)["systems"], json!([system]));
    assert_eq!(placed.header("etag"), "\"1\"");
    let stale = person.from(&unsaid, Method::POST, path, &json!({"systems": []})).await;
    let stale = refused(&stale, StatusCode::PRECONDITION_FAILED, "read it again");
    assert_eq!(stale["current"]["systems"], json!([system]));
    let none = person.from(&placed, Method::POST, path, &json!({"systems": []})).await;
    assert_eq!(made(&none, StatusCode::OK)["systems"], json!([]));
    refused(&program.from(&none, Method::POST, path, &placing).await, StatusCode::NOT_FOUND, "no such thing");
    refused(&person.get("/access-lists/9/place").await, StatusCode::NOT_FOUND, "no such thing");
}

#[tokio::test]
async fn a_draft_of_a_review_is_changed_until_its_scope_is_confirmed() {
    let server = Server::start().await;
    let mut person = Caller::person(&server, "Mia", Role::ComplianceManager).await;
    let mut program = Caller::program(&server, "Pam", Role::ComplianceManager, None).await;
    let mut reviewers = Vec::new();
    for name in ["Rosa", "Rune"] {
        Caller::person(&server, name, Role::ControlOwner).await;
        let email = format!("{}@example.com", name.to_lowercase());
        reviewers.push(server.world.find_member(&server.app, &server.program, &email).await.actor);
    }
    let scope = |title: &str, due: &str| {
        json!({
            "title": title, "systems": [{"name": "Cloud", "owner": reviewers[0]}], "tiers": ["0", "1"],
            "stand_in": reviewers[0], "second_stand_in": reviewers[1], "due_at": due, "unanswered": "revoke",
        })
    };
    let first = scope("Quarter", "2026-12-10T00:00:00Z");
    let begun = person.post("/access-reviews", &first).await;
    made(&begun, StatusCode::CREATED);
    let seen = person.get("/access-reviews/1").await;
    assert_eq!((seen.header("etag"), begun.header("etag")), ("\"1\"", "\"1\""));
    let path = "/access-reviews/1/scope";
    let later = scope("Fourth quarter", "2026-12-20T00:00:00Z");
    refused(
        &person.send(Method::PUT, path, &[], &later.to_string()).await,
        StatusCode::PRECONDITION_REQUIRED,
        "If-Match",
    );
    let changed = person.from(&seen, Method::PUT, path, &later).await;
    let value = made(&changed, StatusCode::OK);
    assert_eq!((&value["scope"]["title"], &value["state"]), (&json!("Fourth quarter"), &json!("draft")));
    let stale = person.from(&seen, Method::PUT, path, &first).await;
    let stale = refused(&stale, StatusCode::PRECONDITION_FAILED, "read it again");
    let pointers: Vec<&Value> =
        stale["changes"].as_array().expect("changes").iter().map(|one| &one["pointer"]).collect();
    assert_eq!(pointers, [&json!("#/scope/due_at"), &json!("#/scope/title")]);
    let wrong = |field: &str, value: Value| {
        let mut body = later.clone();
        body[field] = value;
        body
    };
    for (body, part) in [
        (wrong("tiers", json!(["9"])), "there is no tier"),
        (wrong("systems", json!([])), "#/systems"),
        (wrong("unanswered", json!("keep")), "revoke or fail"),
        (wrong("second_stand_in", json!(reviewers[0])), ""),
        (wrong("due_at", json!("2020-01-01T00:00:00Z")), ""),
        (wrong("novel", json!(1)), "#/novel"),
    ] {
        let answer = person.from(&changed, Method::PUT, path, &body).await;
        refused(&answer, StatusCode::UNPROCESSABLE_ENTITY, part);
    }
    let by_token = program.from(&changed, Method::PUT, path, &first).await;
    refused(&by_token, StatusCode::NOT_FOUND, "no such thing");
    let mut executive = Caller::person(&server, "Eva", Role::Executive).await;
    let not_theirs = executive.from(&changed, Method::PUT, path, &first).await;
    refused(&not_theirs, StatusCode::NOT_FOUND, "no such thing");
    let confirmed = person.post("/access-reviews/1/steps", &json!({"step": "confirm"})).await;
    assert_eq!((made(&confirmed, StatusCode::OK)["state"].clone(), confirmed.header("etag")), {
        (json!("scoped"), "\"3\"")
    });
    let late = person.from(&confirmed, Method::PUT, path, &first).await;
    refused(&late, StatusCode::CONFLICT, "");
    // What is decided about items is read in the same way for one and for many.
    let mut reviewer = Caller::person(&server, "Rita", Role::ControlOwner).await;
    for (path, body, part) in [
        ("decisions", json!({"item": 1, "decision": "keep", "novel": 1}), "#/novel"),
        ("decisions", json!({"decision": "keep"}), "#/item"),
        ("bulk-decisions", json!({"items": [1], "novel": 1, "decision": "keep"}), "#/novel"),
        ("bulk-decisions", json!({"items": [1]}), "#/decision"),
    ] {
        let answer = reviewer.post(&format!("/access-reviews/1/{path}"), &body).await;
        refused(&answer, StatusCode::UNPROCESSABLE_ENTITY, part);
    }
}
