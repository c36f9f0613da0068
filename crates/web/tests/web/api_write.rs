//! The API: how something is changed through it, by whom, and how it is refused.

use std::collections::BTreeSet;

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use tickmark_core::identity::{Atom, Resource, Role, Verb};
use tickmark_web::api::writings;
use tickmark_web::permission::Needs;

use crate::caller::{Caller, content, made, new_item, parse, refused, said};
use crate::members::Server;

#[tokio::test]
async fn a_control_is_written_and_changed_from_the_version_that_was_looked_at() {
    let server = Server::start().await;
    let mut program = Caller::program(&server, "Cam", Role::ComplianceManager, None).await;
    let made = program
        .post("/controls", &json!({"id": "ACC-01", "reason": "New", "content": content("Review")}))
        .await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
    assert_eq!(made.header("location"), "/api/v1/controls/ACC-01/content");
    let (record, tag) = (parse(&made), made.header("etag").to_owned());
    assert_eq!((&record["state"], &record["content"]["title"]), (&json!("draft"), &json!("Review")));
    let read = program.get("/controls/ACC-01/content").await;
    assert_eq!((read.header("etag"), parse(&read)), (tag.as_str(), record));
    let same = program.send(Method::GET, "/controls/ACC-01/content", &[("if-none-match", &tag)], "").await;
    assert_eq!(same.status, StatusCode::NOT_MODIFIED);

    let path = "/controls/ACC-01/content";
    let change = json!({"content": content("Access review"), "people": {}, "reason": "Clearer"}).to_string();
    let put = async |program: &mut Caller, headers: &[(&'static str, &str)]| {
        program.send(Method::PUT, path, headers, &change).await
    };
    refused(&put(&mut program, &[]).await, StatusCode::PRECONDITION_REQUIRED, "If-Match");
    for wrong in ["*", "x", "\"0000\"", &format!("W/{tag}")] {
        refused(
            &put(&mut program, &[("if-match", wrong)]).await,
            StatusCode::PRECONDITION_FAILED,
            "read it again",
        );
    }
    server.world.wait(1);
    let changed = put(&mut program, &[("if-match", &tag)]).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.text());
    assert_ne!(changed.header("etag"), tag);
    // Whoever looked before is told what changed since.
    let stale = put(&mut program, &[("if-match", &tag)]).await;
    let value = refused(&stale, StatusCode::PRECONDITION_FAILED, "read it again");
    assert_eq!(value["etag"], changed.header("etag"));
    assert_eq!(value["current"], parse(&changed));
    let title = json!({"pointer": "#/content/title", "before": "Review", "after": "Access review"});
    assert_eq!(value["changes"], json!([title]));
    // The database knows more than the schema says.
    let body = json!({"id": "ACC-02", "content": {"criteria": [{"framework": "tsc-2017", "criterion": "CC99", "is_key": true}]}});
    let mut whole = content("x");
    whole["criteria"] = body["content"]["criteria"].clone();
    let unknown =
        program.post("/controls", &json!({"id": "ACC-02", "reason": "New", "content": whole})).await;
    refused(&unknown, StatusCode::UNPROCESSABLE_ENTITY, "CC99");
    let taken = program
        .post("/controls", &json!({"id": "ACC-01", "reason": "New", "content": content("Other")}))
        .await;
    refused(&taken, StatusCode::CONFLICT, "ACC-01");
    refused(&program.get("/controls/ACC-02/content").await, StatusCode::NOT_FOUND, "no such thing");
}

#[tokio::test]
async fn what_does_not_fit_is_refused_whole_with_its_place() {
    let server = Server::start().await;
    let mut program = Caller::program(&server, "Cam", Role::ComplianceManager, None).await;
    let whole = json!({"id": "ACC-01", "reason": "New", "content": content("Review")});
    let mut wrong = whole.clone();
    wrong["content"]["frequency"] = json!("sometimes");
    wrong["content"]["ownr"] = json!("x");
    wrong["content"].as_object_mut().expect("an object").remove("title");
    let answer = program.post("/controls", &wrong).await;
    let value = refused(&answer, StatusCode::UNPROCESSABLE_ENTITY, "missing");
    let pointers: BTreeSet<&str> = value["errors"]
        .as_array()
        .expect("errors")
        .iter()
        .map(|one| one["pointer"].as_str().expect("text"))
        .collect();
    assert_eq!(pointers, BTreeSet::from(["#/content/title", "#/content/frequency", "#/content/ownr"]));
    let send = async |program: &mut Caller, headers: &[(&'static str, &str)], body: &str| {
        program.send(Method::POST, "/controls", headers, body).await
    };
    for body in ["", "{", "[1,", "\u{0}", "nul"] {
        refused(&send(&mut program, &[], body).await, StatusCode::BAD_REQUEST, "no JSON");
    }
    for body in ["[]", "null", "\"x\"", "{}", "{\"id\":\"A\",\"content\":7}"] {
        let answer = send(&mut program, &[], body).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}: {}", answer.text());
    }
    let text = whole.to_string();
    for kind in ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", ""] {
        let answer = send(&mut program, &[("content-type", kind)], &text).await;
        refused(&answer, StatusCode::UNSUPPORTED_MEDIA_TYPE, "application/json");
    }
    let long = format!("{{\"id\":\"{}\"}}", "x".repeat(2 << 20));
    refused(&send(&mut program, &[], &long).await, StatusCode::PAYLOAD_TOO_LARGE, "1048576 bytes");
    let query = program.send(Method::POST, "/controls?x=1", &[], &text).await;
    refused(&query, StatusCode::BAD_REQUEST, "no parameters");
    for key in ["", "a b", &"k".repeat(201)] {
        let answer = send(&mut program, &[("idempotency-key", key)], &text).await;
        refused(&answer, StatusCode::BAD_REQUEST, "Idempotency-Key");
    }
    let item = json!({"content": said("t"), "files": [{"name": "a.csv", "content": "%%"}]});
    let answer = program.post("/evidence-items", &item).await;
    let value = refused(&answer, StatusCode::UNPROCESSABLE_ENTITY, "Base64");
    assert_eq!(value["errors"][0]["pointer"], "#/files/0/content");
    refused(
        &program.post("/evidence-items", &new_item("list.exe")).await,
        StatusCode::UNPROCESSABLE_ENTITY,
        "list.exe",
    );
    for (method, path) in [
        (Method::DELETE, "/controls"),
        (Method::PATCH, "/controls"),
        (Method::PUT, "/controls"),
        (Method::POST, "/runs"),
    ] {
        let answer = program.send(method, path, &[], "{}").await;
        refused(&answer, StatusCode::METHOD_NOT_ALLOWED, "method");
        assert!(answer.header("allow").starts_with("GET, HEAD"), "{path}");
    }
    assert_eq!(parse(&program.get("/controls").await)["items"], json!([]), "nothing was kept");
}

#[tokio::test]
async fn the_same_key_does_the_same_once() {
    let server = Server::start().await;
    let mut program = Caller::program(&server, "Cam", Role::ComplianceManager, None).await;
    let body = new_item("list.csv").to_string();
    let send = async |program: &mut Caller, key: &str, body: &str| {
        program.send(Method::POST, "/evidence-items", &[("idempotency-key", key)], body).await
    };
    let first = send(&mut program, "one", &body).await;
    assert_eq!(first.status, StatusCode::CREATED, "{}", first.text());
    let again = send(&mut program, "one", &body).await;
    assert_eq!(
        (again.status, again.text(), again.header("etag")),
        (first.status, first.text(), first.header("etag"))
    );
    assert_eq!((first.header("idempotency-replayed"), again.header("idempotency-replayed")), ("", "true"));
    let other = new_item("other.csv").to_string();
    refused(&send(&mut program, "one", &other).await, StatusCode::UNPROCESSABLE_ENTITY, "something else");
    // What was refused is not kept: mended, it may be sent with the same key.
    refused(&send(&mut program, "two", "{}").await, StatusCode::UNPROCESSABLE_ENTITY, "missing");
    assert_eq!(send(&mut program, "two", &other).await.status, StatusCode::CREATED);
    // Keys of one token are not those of another, and are forgotten after a day.
    let mut second = Caller::program(&server, "Dan", Role::ComplianceManager, None).await;
    assert_eq!(send(&mut second, "one", &other).await.status, StatusCode::CREATED);
    server.world.wait(12 * 3_600);
    assert_eq!(send(&mut second, "one", &other).await.header("idempotency-replayed"), "true");
    let all = parse(&second.get("/evidence-items").await);
    assert_eq!(all["items"].as_array().map(Vec::len), Some(3));

    // Item by item, newest first, from page to page.
    let page = parse(&second.get("/evidence-items?limit=2").await);
    let next = page["next"].as_str().expect("more");
    let rest = parse(&second.get(&format!("/evidence-items?limit=2&cursor={next}")).await);
    let key = |page: &Value, at: usize| page["items"][at]["key"].as_i64();
    assert_eq!([key(&page, 0), key(&page, 1), key(&rest, 0)], [Some(3), Some(2), Some(1)]);
    assert_eq!(rest["next"], Value::Null);
}

#[tokio::test]
async fn a_token_does_what_it_was_given_and_people_do_the_rest() {
    let server = Server::start().await;
    let reads = [Atom::new(Resource::Control, Verb::Read), Atom::new(Resource::Evidence, Verb::Read)];
    let mut reader = Caller::program(&server, "Rea", Role::ComplianceManager, Some(&reads)).await;
    let mut whole = Caller::program(&server, "Cam", Role::ComplianceManager, None).await;
    let put = json!({"id": "ACC-01", "reason": "New", "content": content("Review")});
    for writing in writings() {
        let tag = [("if-match", "\"1\"")];
        let answer = reader.send(writing.method.clone(), writing.example, &tag, "{}").await;
        let is_let = match writing.needs {
            Needs::Reach(atom) | Needs::Permission(atom) => reads.contains(&atom),
            Needs::Session | Needs::Nothing => true,
        };
        // What it was given lets it as far as the thing, which is not there.
        let expected = if is_let {
            [StatusCode::NOT_FOUND, StatusCode::UNPROCESSABLE_ENTITY]
        } else {
            [StatusCode::NOT_FOUND; 2]
        };
        assert!(expected.contains(&answer.status), "{}: {}", writing.id, answer.text());
        if writing.is_for_people {
            let answer = whole.send(writing.method.clone(), writing.example, &tag, "{}").await;
            assert!(expected_of_people(answer.status), "{}: {}", writing.id, answer.text());
        }
    }
    assert_eq!(parse(&whole.get("/controls").await)["items"], json!([]), "nothing was written");
    let mut owner = Caller::program(&server, "Coo", Role::ControlOwner, None).await;
    refused(&owner.post("/controls", &put).await, StatusCode::NOT_FOUND, "no such thing");
    let mut manager = Caller::program(&server, "Mia", Role::ComplianceManager, None).await;
    made(&manager.post("/controls", &put).await, StatusCode::CREATED);
    // Whoever wrote it: the one whom the token acts for, with the token.
    let mia = server.world.find_member(&server.app, &server.program, "mia@example.com").await.actor;
    let mut person = Caller::person(&server, "Pia", Role::ComplianceManager).await;
    let events = parse(&person.get("/audit-events?event=control.written").await)["items"].clone();
    assert_eq!(events[0]["actor"], json!(mia));
    let token = manager.token.as_deref().expect("a token");
    let id = events[0]["session"].as_str().expect("a token").replace('-', "");
    assert!(token.starts_with(&format!("tmk_api_{id}")), "{events}");
}

/// What people alone do is not there for a token; a body that does not fit is said before.
fn expected_of_people(status: StatusCode) -> bool {
    [StatusCode::NOT_FOUND, StatusCode::UNPROCESSABLE_ENTITY].contains(&status)
}

#[tokio::test]
async fn a_session_writes_json_from_here_only_and_after_showing_who_it_is() {
    let server = Server::start().await;
    let mut person = Caller::person(&server, "Pia", Role::ComplianceManager).await;
    let put = json!({"id": "ACC-01", "reason": "New", "content": content("Review")}).to_string();
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "http://127.0.0.1:9"),
    ] {
        let answer = person.send(Method::POST, "/controls", &[(name, value)], &put).await;
        refused(&answer, StatusCode::FORBIDDEN, "another site");
    }
    // What a form of another site can send without asking.
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
        let answer = person.send(Method::POST, "/controls", &[("content-type", kind)], &put).await;
        refused(&answer, StatusCode::UNSUPPORTED_MEDIA_TYPE, "application/json");
    }
    let here = [("sec-fetch-site", "same-origin"), ("origin", "http://127.0.0.1:8143")];
    made(&person.send(Method::POST, "/controls", &here, &put).await, StatusCode::CREATED);
    // Approving needs a fresh proof of who it is, as in the pages.
    let mut other = Caller::person(&server, "Otto", Role::ComplianceManager).await;
    server.world.wait(660);
    let seen = other.get("/controls/ACC-01/content").await;
    let late = other.from(&seen, Method::POST, "/controls/ACC-01/approval", &json!({})).await;
    refused(&late, StatusCode::UNAUTHORIZED, "fresh proof");
    assert!(late.header("www-authenticate").contains("insufficient_user_authentication"));
}
