//! The API: who is in, as what, and what the organization sets. Only people do any of it.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use tickmark_core::identity::Role;

use crate::caller::{Caller, content, made, parse, refused};
use crate::members::Server;

async fn membership(caller: &mut Caller, email: &str) -> String {
    let all = parse(&caller.get("/members").await)["items"].clone();
    let one = all.as_array().expect("members").iter().find(|one| one["email"] == email);
    one.and_then(|one| one["membership"].as_str()).expect("a member").to_owned()
}

#[tokio::test]
async fn roles_are_given_and_taken_from_the_version_that_was_looked_at() {
    let server = Server::start().await;
    let mut owner = Caller::person(&server, "Olga", Role::Owner).await;
    Caller::person(&server, "Eve", Role::Employee).await;
    let eve = membership(&mut owner, "eve@example.com").await;
    let path = format!("/members/{eve}");
    let seen = owner.get(&path).await;
    assert_eq!(made(&seen, StatusCode::OK)["roles"], json!(["employee"]));
    let role = json!({"role": "control_owner"});
    let without = owner.post(&format!("{path}/roles"), &role).await;
    refused(&without, StatusCode::PRECONDITION_REQUIRED, "If-Match");
    server.world.wait(1);
    let given = owner.from(&seen, Method::POST, &format!("{path}/roles"), &role).await;
    assert_eq!(made(&given, StatusCode::OK)["roles"], json!(["control_owner", "employee"]));
    let stale = owner.from(&seen, Method::POST, &format!("{path}/roles"), &role).await;
    let value = refused(&stale, StatusCode::PRECONDITION_FAILED, "read it again");
    assert_eq!(value["current"]["roles"], json!(["control_owner", "employee"]));
    let twice = owner.from(&given, Method::POST, &format!("{path}/roles"), &role).await;
    refused(&twice, StatusCode::CONFLICT, "already");
    server.world.wait(1);
    let back = json!({"role": "employee", "reason": "Moved"});
    let taken = owner.from(&given, Method::POST, &format!("{path}/role-revocations"), &back).await;
    assert_eq!(made(&taken, StatusCode::OK)["roles"], json!(["control_owner"]));
    let only = parse(&owner.get("/members?role=control_owner").await)["items"].clone();
    assert_eq!((only.as_array().map(Vec::len), &only[0]["email"]), (Some(1), &json!("eve@example.com")));
    server.world.wait(1);
    let rest = json!({"reason": "On leave"});
    let rests = owner.from(&taken, Method::POST, &format!("{path}/suspension"), &rest).await;
    assert_eq!(made(&rests, StatusCode::OK)["is_active"], false);
    let suspended = parse(&owner.get("/members?standing=suspended").await)["items"].clone();
    assert_eq!(suspended.as_array().map(Vec::len), Some(1));
    refused(&owner.get("/members?standing=gone").await, StatusCode::BAD_REQUEST, "standing");
    let gone = owner.from(&rests, Method::POST, &format!("{path}/removal"), &rest).await;
    assert_eq!(made(&gone, StatusCode::OK)["membership"], eve.as_str());
    refused(&owner.get(&path).await, StatusCode::NOT_FOUND, "no such thing");

    // Nobody gives a role to themselves, and the last owner stays one.
    let own = membership(&mut owner, "olga@example.com").await;
    let seen = owner.get(&format!("/members/{own}")).await;
    let own_role = owner.from(&seen, Method::POST, &format!("/members/{own}/roles"), &role).await;
    refused(&own_role, StatusCode::NOT_FOUND, "no such thing");
    let last = json!({"role": "owner", "reason": "Enough"});
    let last = owner.from(&seen, Method::POST, &format!("/members/{own}/role-revocations"), &last).await;
    refused(&last, StatusCode::CONFLICT, "last owner");
}

#[tokio::test]
async fn people_are_invited_and_the_link_is_told_once() {
    let server = Server::start().await;
    let mut owner = Caller::person(&server, "Olga", Role::Owner).await;
    let mut manager = Caller::person(&server, "Mia", Role::ComplianceManager).await;
    let body = json!({"email": "new@example.com", "roles": ["employee"]});
    refused(&manager.post("/invitations", &body).await, StatusCode::NOT_FOUND, "no such thing");
    let key = [("idempotency-key", "invite-1")];
    let first = owner.send(Method::POST, "/invitations", &key, &body.to_string()).await;
    let value = made(&first, StatusCode::CREATED);
    let link = value["link"].as_str().expect("a link").to_owned();
    assert!(link.contains("/join/") && value["state"] == "open", "{value}");
    let again = owner.send(Method::POST, "/invitations", &key, &body.to_string()).await;
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(made(&again, StatusCode::CREATED)["link"], Value::Null, "what is kept does not hold it");
    let listed = parse(&owner.get("/invitations").await)["items"].clone();
    let open: Vec<&Value> =
        listed.as_array().expect("items").iter().filter(|one| one["email"] == "new@example.com").collect();
    assert_eq!((open.len(), &open[0]["link"]), (1, &Value::Null));
    let path = format!("/invitations/{}/withdrawal", open[0]["id"].as_str().expect("an id"));
    made(&owner.post(&path, &json!({})).await, StatusCode::OK);
    refused(&owner.post(&path, &json!({})).await, StatusCode::CONFLICT, "");
    for wrong in [
        json!({"email": "new@example.com", "roles": ["owner"]}),
        json!({"email": "new@example.com", "roles": ["auditor"]}),
        json!({"email": "no address", "roles": ["employee"]}),
        json!({"email": "new@example.com", "roles": []}),
    ] {
        let answer = owner.post("/invitations", &wrong).await;
        let is_refused = [StatusCode::UNPROCESSABLE_ENTITY, StatusCode::NOT_FOUND].contains(&answer.status);
        assert!(is_refused, "{wrong}: {}", answer.text());
    }

    // The highest roles take two owners.
    let mut second = Caller::person(&server, "Otto", Role::Owner).await;
    let mia = membership(&mut owner, "mia@example.com").await;
    let proposal = json!({"membership": mia, "role": "admin"});
    let proposed = made(&owner.post("/role-proposals", &proposal).await, StatusCode::CREATED);
    let path = format!("/role-proposals/{}", proposed["id"].as_str().expect("an id"));
    let own = owner.post(&format!("{path}/agreement"), &json!({})).await;
    refused(&own, StatusCode::NOT_FOUND, "no such thing");
    let agreed = made(&second.post(&format!("{path}/agreement"), &json!({})).await, StatusCode::OK);
    assert_eq!(agreed["is_given"], true);
    assert_eq!(parse(&owner.get("/role-proposals").await)["items"], json!([]));
    let there = parse(&owner.get(&format!("/members/{mia}")).await);
    assert_eq!(there["roles"], json!(["admin", "compliance_manager"]));
}

#[tokio::test]
async fn settings_are_changed_from_what_was_looked_at() {
    let server = Server::start().await;
    let mut owner = Caller::person(&server, "Olga", Role::Owner).await;
    let mut manager = Caller::person(&server, "Mia", Role::ComplianceManager).await;
    let seen = manager.get("/settings").await;
    let mut settings = made(&seen, StatusCode::OK);
    settings["time_zone"] = json!("Europe/Vienna");
    settings["escalate_days"] = json!(5);
    let not_theirs = manager.from(&seen, Method::PUT, "/settings", &settings).await;
    refused(&not_theirs, StatusCode::NOT_FOUND, "no such thing");
    let set = owner.from(&seen, Method::PUT, "/settings", &settings).await;
    assert_eq!(made(&set, StatusCode::OK), settings);
    let stale = owner.from(&seen, Method::PUT, "/settings", &settings).await;
    refused(&stale, StatusCode::PRECONDITION_FAILED, "read it again");
    settings["time_zone"] = json!("Middle/Earth");
    let wrong = owner.from(&set, Method::PUT, "/settings", &settings).await;
    refused(&wrong, StatusCode::UNPROCESSABLE_ENTITY, "time_zone");
    let rule = owner.get("/settings/sign-in").await;
    assert_eq!(made(&rule, StatusCode::OK)["rule"], "second_factor");
    let passkey = json!({"rule": "passkey", "reason": "Safer"});
    let without = owner.from(&rule, Method::PUT, "/settings/sign-in", &passkey).await;
    refused(&without, StatusCode::CONFLICT, "passkey");
}

#[tokio::test]
async fn several_controls_change_together_or_not_at_all() {
    let server = Server::start().await;
    let mut program = Caller::program(&server, "Cam", Role::ComplianceManager, None).await;
    let mut person = Caller::person(&server, "Pia", Role::ComplianceManager).await;
    let pia = server.world.find_member(&server.app, &server.program, "pia@example.com").await.actor;
    for id in ["ACC-01", "ACC-02"] {
        let new = json!({"id": id, "reason": "New", "content": content("Review")});
        made(&program.post("/controls", &new).await, StatusCode::CREATED);
    }
    let assign = |controls: Value| json!({"controls": controls, "owner": pia, "reason": "Hers"});
    let unknown = program.post("/control-assignments", &assign(json!(["ACC-01", "ACC-09"]))).await;
    refused(&unknown, StatusCode::NOT_FOUND, "no such thing");
    let untouched = parse(&program.get("/controls/ACC-01/content").await);
    assert_eq!(untouched["people"]["owner"], Value::Null, "nothing was kept");
    let done = program.post("/control-assignments", &assign(json!(["ACC-01", "ACC-02", "ACC-01"]))).await;
    assert_eq!(made(&done, StatusCode::OK), json!({"changed": 2}));
    let start = json!({"controls": ["ACC-01", "ACC-02"]});
    refused(&program.post("/control-starts", &start).await, StatusCode::NOT_FOUND, "no such thing");
    assert_eq!(made(&person.post("/control-starts", &start).await, StatusCode::OK), json!({"changed": 2}));
    let retire = json!({"controls": ["ACC-02"], "reason": "Not done any more"});
    assert_eq!(made(&person.post("/control-retirements", &retire).await, StatusCode::OK)["changed"], 1);
    let states: Vec<Value> = [
        parse(&person.get("/controls/ACC-01/content").await),
        parse(&person.get("/controls/ACC-02/content").await),
    ]
    .iter()
    .map(|one| one["state"].clone())
    .collect();
    assert_eq!(states, [json!("active"), json!("retired")]);
}

#[tokio::test]
async fn tokens_are_made_by_people_for_some_systems_and_addresses_and_told_once() {
    let server = Server::start().await;
    let mut person = Caller::person(&server, "Pia", Role::ComplianceManager).await;
    let mut owner = Caller::person(&server, "Olga", Role::Owner).await;
    let mut program = Caller::program(&server, "Pam", Role::ComplianceManager, None).await;
    let system = parse(&owner.get("/systems?limit=1").await)["items"][0]["id"].clone();
    let new = json!({
        "name": "Nightly", "permissions": ["control.read"], "days": 30, "systems": [system],
        "addresses": ["203.0.113.0/24", "127.0.0.1"],
    });
    refused(&program.post("/tokens", &new).await, StatusCode::NOT_FOUND, "no such thing");
    refused(&program.get("/tokens").await, StatusCode::NOT_FOUND, "no such thing");
    let key = [("idempotency-key", "token-1")];
    let first = person.send(Method::POST, "/tokens", &key, &new.to_string()).await;
    let value = made(&first, StatusCode::CREATED);
    let text = value["token"].as_str().expect("a token").to_owned();
    assert_eq!((&value["systems"], &value["addresses"][1]), (&json!([system]), &json!("203.0.113.0/24")));
    let again = person.send(Method::POST, "/tokens", &key, &new.to_string()).await;
    assert_eq!(made(&again, StatusCode::CREATED)["token"], Value::Null, "what is kept does not hold it");
    for (field, wrong, says) in [
        ("permissions", json!(["member.create"]), "cannot be given"),
        ("permissions", json!(["nothing"]), "permission"),
        ("addresses", json!(["203.0.113.0/40"]), "address"),
        ("systems", json!(["00000000-0000-7000-8000-000000000000"]), "system"),
    ] {
        let mut body = new.clone();
        body[field] = wrong;
        refused(&person.post("/tokens", &body).await, StatusCode::UNPROCESSABLE_ENTITY, says);
    }
    // It works from where it was bound to: the machine itself, as there is no proxy. Not all controls are its system's.
    let mut job = Caller::of(server.browser());
    job.token = Some(text);
    refused(&job.get("/controls").await, StatusCode::NOT_FOUND, "no such thing");
    let mut elsewhere = new.clone();
    elsewhere["addresses"] = json!(["203.0.113.7"]);
    let elsewhere = made(&person.post("/tokens", &elsewhere).await, StatusCode::CREATED);
    job.token = elsewhere["token"].as_str().map(str::to_owned);
    refused(&job.get("/controls").await, StatusCode::UNAUTHORIZED, "send a token");
    let id = elsewhere["id"].as_str().expect("an id");
    let path = format!("/tokens/{id}/revocation");
    let mut other = Caller::person(&server, "Otto", Role::ComplianceManager).await;
    refused(&other.post(&path, &json!({})).await, StatusCode::NOT_FOUND, "no such thing");
    assert_eq!(made(&owner.post(&path, &json!({})).await, StatusCode::OK)["is_open"], false);
    refused(&person.post(&path, &json!({})).await, StatusCode::CONFLICT, "does not work any more");
}

#[tokio::test]
async fn a_membership_gets_an_end_and_something_lost_is_replaced_by_a_link_told_once() {
    let server = Server::start().await;
    let mut owner = Caller::person(&server, "Olga", Role::Owner).await;
    Caller::person(&server, "Eve", Role::Employee).await;
    let eve = membership(&mut owner, "eve@example.com").await;
    let path = format!("/members/{eve}");
    let seen = owner.get(&path).await;
    assert_eq!(made(&seen, StatusCode::OK)["until"], Value::Null);
    let end = json!({"until": "2027-04-01T00:00:00Z", "reason": "The contract ends"});
    server.world.wait(1);
    let ends = owner.from(&seen, Method::PUT, &format!("{path}/end"), &end).await;
    assert_eq!(made(&ends, StatusCode::OK)["until"], "2027-04-01T00:00:00.000000Z");
    let stale = owner.from(&seen, Method::PUT, &format!("{path}/end"), &end).await;
    refused(&stale, StatusCode::PRECONDITION_FAILED, "read it again");
    let past = json!({"until": "2020-01-01T00:00:00Z", "reason": "x"});
    let past = owner.from(&ends, Method::PUT, &format!("{path}/end"), &past).await;
    refused(&past, StatusCode::UNPROCESSABLE_ENTITY, "");
    made(&owner.post(&format!("{path}/sign-out"), &json!({"reason": "A lost laptop"})).await, StatusCode::OK);
    let lost = json!({"lost": "password", "reason": "Forgotten"});
    let key = [("idempotency-key", "reset-1")];
    let resets = format!("{path}/resets");
    let first = owner.send(Method::POST, &resets, &key, &lost.to_string()).await;
    let link = made(&first, StatusCode::CREATED)["link"].clone();
    assert!(link.as_str().is_some_and(|link| link.contains("/reset/")), "{link}");
    let again = owner.send(Method::POST, &resets, &key, &lost.to_string()).await;
    assert_eq!(made(&again, StatusCode::CREATED)["link"], Value::Null, "what is kept does not hold it");
}

#[tokio::test]
async fn views_and_notices_are_of_people_and_nobody_sees_those_of_others() {
    let server = Server::start().await;
    let mut person = Caller::person(&server, "Pia", Role::ComplianceManager).await;
    let mut other = Caller::person(&server, "Otto", Role::ComplianceManager).await;
    let mut program = Caller::program(&server, "Pam", Role::ComplianceManager, None).await;
    let view = |name: &str, shared: bool| json!({"list": "controls", "name": name, "query": "status=gap", "is_shared": shared});
    let own = made(&person.post("/views", &view("Mine", false)).await, StatusCode::CREATED);
    let shared = made(&person.post("/views", &view("Ours", true)).await, StatusCode::CREATED);
    assert_eq!(
        made(&person.post("/views", &view("Mine", false)).await, StatusCode::CREATED)["id"],
        own["id"]
    );
    let unknown = json!({"list": "nothing", "name": "x"});
    refused(&person.post("/views", &unknown).await, StatusCode::NOT_FOUND, "no such thing");
    refused(&program.post("/views", &view("x", false)).await, StatusCode::NOT_FOUND, "no such thing");
    refused(&program.get("/views").await, StatusCode::NOT_FOUND, "no such thing");
    let names = |answer: &crate::answer::Answer| -> Vec<Value> {
        parse(answer)["items"].as_array().expect("items").iter().map(|one| one["name"].clone()).collect()
    };
    assert_eq!(names(&person.get("/views?list=controls").await), [json!("Mine"), json!("Ours")]);
    assert_eq!(names(&other.get("/views").await), [json!("Ours")]);
    assert_eq!(names(&person.get("/views?list=findings").await), Vec::<Value>::new());
    let removal = |one: &Value| format!("/views/{}/removal", one["id"].as_str().expect("an id"));
    refused(&other.post(&removal(&own), &json!({})).await, StatusCode::NOT_FOUND, "no such thing");
    made(&person.post(&removal(&own), &json!({})).await, StatusCode::OK);
    made(&other.post(&removal(&shared), &json!({})).await, StatusCode::OK);
    assert_eq!(names(&person.get("/views").await), Vec::<Value>::new());

    let draft = json!({"id": "ACC-01", "reason": "New", "content": content("Review")});
    made(&program.post("/controls", &draft).await, StatusCode::CREATED);
    server.app.remind(&server.program).await.expect("reminded");
    let decision = |answer: &crate::answer::Answer| -> Value {
        let all = parse(answer)["items"].clone();
        let mut all = all.as_array().expect("items").iter();
        all.find(|one| one["matter"] == "decision").cloned().expect("a notice")
    };
    let told = decision(&person.get("/notices").await);
    assert_eq!(told["read_at"], Value::Null);
    let (first, theirs) = (&told["key"], decision(&other.get("/notices").await)["key"].clone());
    let of_others = person.post(&format!("/notices/{theirs}/reading"), &json!({})).await;
    refused(&of_others, StatusCode::NOT_FOUND, "no such thing");
    made(&person.post(&format!("/notices/{first}/reading"), &json!({})).await, StatusCode::OK);
    assert!(decision(&person.get("/notices").await)["read_at"].is_string());
    assert_eq!(made(&person.post("/notices/reading", &json!({})).await, StatusCode::OK)["unread"], 0);
    refused(&program.get("/notices").await, StatusCode::NOT_FOUND, "no such thing");
    refused(&program.post("/notices/reading", &json!({})).await, StatusCode::NOT_FOUND, "no such thing");
}
