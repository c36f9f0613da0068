//! The API: populations, samples, evidence requests, and what completes an examination.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use tickmark_core::identity::Role;

use crate::caller::{Caller, content, made, new_item, parse, refused, scope};
use crate::members::Server;

/// Defines the population of `ACC-01`, hands its list in and freezes it.
pub(crate) async fn frozen(program: &mut Caller, person: &mut Caller) {
    let new = json!({
        "control": "ACC-01", "title": "Deployments of October", "trigger": "A deployment",
        "attributes": [{"id": "approved", "asserts": "Somebody approved it", "deviation": "Nobody did"}],
        "from": "2026-10-01T00:00:00Z", "to": "2026-11-01T00:00:00Z",
    });
    let defined = made(&program.post("/populations", &new).await, StatusCode::CREATED);
    assert_eq!((&defined["key"], &defined["state"]), (&json!(1), &json!("defined")));
    let rows: String = (1..=12).map(|n| format!("DEP-{n},2026-10-{n:02}T09:00:00Z\n")).collect();
    let origin = json!({
        "source": "Pipeline", "query": "All deployments", "time_zone": "UTC", "run_by": "Oscar",
        "run_at": "2026-11-02T08:00:00Z", "row_count": 12,
    });
    let list = |rows: &str| json!({"name": "deployments.csv", "csv": format!("key,occurred_at\n{rows}"), "origin": origin});
    let short = program.post("/populations/1/list", &list("DEP-1,2026-10-01T09:00:00Z\n")).await;
    refused(&short, StatusCode::UNPROCESSABLE_ENTITY, "12");
    let imported = made(&program.post("/populations/1/list", &list(&rows)).await, StatusCode::OK);
    assert_eq!((&imported["state"], &imported["items"]), (&json!("imported"), &json!(12)));
    let twice = program.post("/populations/1/list", &list(&rows)).await;
    refused(&twice, StatusCode::CONFLICT, "");
    refused(&program.post("/populations/1/freeze", &json!({})).await, StatusCode::NOT_FOUND, "no such thing");
    let unchecked = person.post("/populations/1/freeze", &json!({})).await;
    refused(&unchecked, StatusCode::UNPROCESSABLE_ENTITY, "nobody has checked");
    let sequence = json!({"procedure": "sequence", "first": "DEP-1", "last": "DEP-12"});
    let checked = made(&program.post("/populations/1/checks", &sequence).await, StatusCode::CREATED);
    assert_eq!((&checked["agrees"], &checked["aspect"]), (&json!(true), &json!("completeness")));
    let odd = json!({"procedure": "source_count", "source": "Pipeline"});
    refused(&program.post("/populations/1/checks", &odd).await, StatusCode::UNPROCESSABLE_ENTITY, "counted");
    let frozen = made(&person.post("/populations/1/freeze", &json!({})).await, StatusCode::OK);
    assert_eq!(frozen["state"], "frozen");
}

#[tokio::test]
async fn a_sample_is_drawn_by_a_person_and_tested_item_by_item() {
    let server = Server::start().await;
    let mut program = Caller::program(&server, "Cam", Role::ComplianceManager, None).await;
    let mut person = Caller::person(&server, "Pia", Role::ComplianceManager).await;
    let mut owner = Caller::person(&server, "Oona", Role::ComplianceManager).await;
    let oona = server.world.find_member(&server.app, &server.program, "oona@example.com").await.actor;
    let control =
        json!({"id": "ACC-01", "reason": "New", "content": content("Review"), "people": {"owner": oona}});
    made(&program.post("/controls", &control).await, StatusCode::CREATED);
    frozen(&mut program, &mut person).await;
    let (mut seen, mut query) = (Vec::new(), "limit=5".to_owned());
    loop {
        let page = parse(&program.get(&format!("/populations/1/items?{query}")).await);
        seen.extend(page["items"].as_array().expect("items").iter().map(|one| one["key"].clone()));
        match page["next"].as_str() {
            Some(next) => query = format!("limit=5&cursor={next}"),
            None => break,
        }
    }
    assert_eq!((seen.len(), &seen[0], &seen[11]), (12, &json!("DEP-1"), &json!("DEP-12")));

    let wanted =
        json!({"size": {"units": 3}, "method": "random", "seed": "agreed on Monday", "planned_extension": 5});
    refused(&program.post("/populations/1/samples", &wanted).await, StatusCode::NOT_FOUND, "no such thing");
    refused(&owner.post("/populations/1/samples", &wanted).await, StatusCode::NOT_FOUND, "no such thing");
    let both = json!({"size": {"units": 3, "preset": "low"}, "method": "random"});
    refused(&person.post("/populations/1/samples", &both).await, StatusCode::UNPROCESSABLE_ENTITY, "one of");
    let drawn = person.post("/populations/1/samples", &wanted).await;
    let sample = made(&drawn, StatusCode::CREATED);
    assert_eq!(drawn.header("location"), "/api/v1/populations/1/samples/1");
    assert_eq!(
        (&sample["seed"], sample["units"].as_array().map(Vec::len)),
        (&json!("agreed on Monday"), Some(3))
    );
    let again = person.post("/populations/1/samples", &wanted).await;
    refused(&again, StatusCode::CONFLICT, "needs a reason");

    // What testing found; not by whoever owns the control.
    server.world.wait(60);
    let first = sample["units"][0]["key"].clone();
    let found = json!({"results": [{"key": first, "states": ["not_met"], "note": "Nobody approved it"}]});
    refused(&owner.post("/populations/1/results", &found).await, StatusCode::NOT_FOUND, "no such thing");
    assert_eq!(made(&person.post("/populations/1/results", &found).await, StatusCode::OK)["recorded"], 1);
    let odd = json!({"results": [{"key": first, "states": ["maybe"]}]});
    refused(&person.post("/populations/1/results", &odd).await, StatusCode::UNPROCESSABLE_ENTITY, "maybe");
    let read = parse(&program.get("/populations/1/samples/1").await);
    assert_eq!(read["units"][0]["outcome"], "deviating");
    let extended = json!({"reason": "One reviewer was away"});
    let extended = person.post("/populations/1/samples/1/extension", &extended).await;
    assert_eq!(made(&extended, StatusCode::OK)["units"].as_array().map(Vec::len), Some(5));
    let second = sample["units"][1]["key"].clone();
    let absent = json!({"key": second, "absence": "no_evidence", "reason": "The ticket is gone"});
    let path = "/populations/1/samples/1/replacements";
    refused(&person.post(path, &absent).await, StatusCode::UNPROCESSABLE_ENTITY, "is a deviation");
    let void = json!({"key": second, "absence": "void", "reason": "It was cancelled"});
    let replaced = made(&person.post(path, &void).await, StatusCode::OK);
    assert!(replaced["units"].as_array().expect("units").iter().all(|unit| unit["key"] != second));
    let events: Vec<&Value> =
        replaced["changes"].as_array().expect("changes").iter().map(|one| &one["event"]).collect();
    assert_eq!(events, [&json!("extended"), &json!("replaced")]);
    refused(&person.get("/populations/9").await, StatusCode::NOT_FOUND, "no such thing");
}

#[tokio::test]
async fn management_answers_requests_and_completes_an_examination() {
    let server = Server::start().await;
    let mut program = Caller::program(&server, "Cam", Role::ComplianceManager, None).await;
    let mut person = Caller::person(&server, "Pia", Role::ComplianceManager).await;
    let planned = json!({"scope": scope("Payments"), "reason": "This year's"});
    made(&person.post("/engagements", &planned).await, StatusCode::CREATED);
    made(&program.post("/evidence-items", &new_item("list.csv")).await, StatusCode::CREATED);
    let wanted = json!({"requests": [
        {"title": "The list of accounts", "kind": "document", "timing": "as_of", "reference": "A-1"},
        {"title": "All deployments", "kind": "population", "timing": "period", "due": "2026-12-10"},
    ]});
    let path = "/engagements/1/requests";
    refused(&program.post(path, &wanted).await, StatusCode::NOT_FOUND, "no such thing");
    let added = made(&person.post(path, &wanted).await, StatusCode::CREATED);
    assert_eq!(added, json!({"added": 2, "known": 0}));
    assert_eq!(made(&person.post(path, &wanted).await, StatusCode::CREATED)["known"], 2);
    let seen = person.get(&format!("{path}/1")).await;
    assert_eq!(made(&seen, StatusCode::OK)["state"], "open");
    let pia = server.world.find_member(&server.app, &server.program, "pia@example.com").await.actor;
    let given = person.from(&seen, Method::PUT, &format!("{path}/1/owner"), &json!({"owner": pia})).await;
    assert_eq!(made(&given, StatusCode::OK)["owner"], json!(pia));
    let answer = json!({"text": "Here it is", "items": [1]});
    let stale = person.from(&seen, Method::PUT, &format!("{path}/1/answer"), &answer).await;
    let value = refused(&stale, StatusCode::PRECONDITION_FAILED, "read it again");
    assert_eq!(value["changes"][0]["pointer"], "#/owner");
    let answered = person.from(&given, Method::PUT, &format!("{path}/1/answer"), &answer).await;
    assert_eq!(made(&answered, StatusCode::OK)["state"], "submitted");
    let open = parse(&person.get(&format!("{path}?state=open")).await)["items"].clone();
    assert_eq!(open.as_array().map(Vec::len), Some(1));
    let versions = parse(&person.get(&format!("{path}/1/versions")).await)["items"].clone();
    assert_eq!(versions.as_array().map(Vec::len), Some(3));

    // Events after the period, and who states that they are all.
    let path = "/engagements/1/completion";
    let seen = person.get(path).await;
    assert_eq!((seen.header("etag"), made(&seen, StatusCode::OK)["events"].clone()), ("\"0\"", json!([])));
    let dated =
        person.from(&seen, Method::PUT, &format!("{path}/report-date"), &json!({"day": "2027-02-15"})).await;
    assert_eq!(made(&dated, StatusCode::OK)["report_date"], "2027-02-15");
    let fact =
        json!({"day": "2027-02-16", "what": "A key was shared", "effect": "e", "follows": "undecided"});
    let without = person.from(&dated, Method::POST, &format!("{path}/facts"), &fact).await;
    refused(&without, StatusCode::UNPROCESSABLE_ENTITY, "no report of this engagement is recorded");
    let early = json!({"day": "2026-06-01"});
    let early = person.from(&dated, Method::PUT, &format!("{path}/report-date"), &early).await;
    refused(&early, StatusCode::UNPROCESSABLE_ENTITY, "");
    let letter = json!({"to": "A firm", "text": "We represent.", "signatory": "Eve", "title": "CEO"});
    let stale = person.from(&seen, Method::PUT, &format!("{path}/representation"), &letter).await;
    let value = refused(&stale, StatusCode::PRECONDITION_FAILED, "read it again");
    assert_eq!(value["current"]["report_date"], "2027-02-15");
    let written = person.from(&dated, Method::PUT, &format!("{path}/representation"), &letter).await;
    let value = made(&written, StatusCode::OK);
    assert_eq!(value["representation"]["letter"], letter);
    assert_eq!(value["representation"]["is_signed"], false);
    let sign = format!("{path}/representation/signatures");
    let own = person.from(&written, Method::POST, &sign, &json!({"step": "approve"})).await;
    assert!(own.status.is_client_error(), "nobody signs what they wrote: {}", own.text());
}
