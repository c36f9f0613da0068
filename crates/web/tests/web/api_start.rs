//! The API: the guided start from answers to drafts, and what one has to do.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use tickmark_core::identity::{Atom, Resource, Role, Verb};

use crate::caller::{Caller, answers, content, made, new_item, parse, refused};
use crate::members::Server;

const START: &str = "/program-start";

async fn proposed(caller: &mut Caller) -> Vec<Value> {
    let answer = caller.get("/program-start/controls?limit=200").await;
    made(&answer, StatusCode::OK)["items"].as_array().expect("items").clone()
}

fn one<'a>(all: &'a [Value], id: &str) -> &'a Value {
    all.iter().find(|one| one["id"] == id).unwrap_or_else(|| panic!("{id} is not there"))
}

#[tokio::test]
async fn answers_lead_to_a_program_that_is_chosen_and_adopted_by_people() {
    let server = Server::start().await;
    let mut program = Caller::program(&server, "Pam", Role::ComplianceManager, None).await;
    let mut person = Caller::person(&server, "Pia", Role::ComplianceManager).await;
    let none = program.get(START).await;
    assert_eq!(none.header("etag"), "\"0\"");
    let value = made(&none, StatusCode::OK);
    assert_eq!((&value["answers"], &value["criteria"]), (&Value::Null, &json!([])));
    assert_eq!(proposed(&mut program).await, Vec::<Value>::new(), "nothing is answered");
    let choice = json!({"controls": ["IAM-05", "GOV-01"]});
    let early = program.from(&none, Method::PUT, "/program-start/choice", &choice).await;
    refused(&early, StatusCode::CONFLICT, "answer first");

    // Wrong answers, and answers from nothing that was looked at.
    let put = Method::PUT;
    let without = program.send(put.clone(), START, &[], &answers("Payroll").to_string()).await;
    refused(&without, StatusCode::PRECONDITION_REQUIRED, "If-Match");
    for (field, wrong, part) in [
        ("services", json!(" "), "at least one service"),
        ("services", json!(""), "#/services"),
        ("company", json!("bakery"), "#/company"),
        ("size", Value::Null, "#/size"),
        ("categories", json!(["speed"]), "there is no category speed"),
        ("categories", json!(["privacy", "privacy"]), "#/categories"),
        ("novel", json!(1), "#/novel"),
    ] {
        let mut body = answers("Payroll");
        body[field] = wrong;
        let answer = program.from(&none, put.clone(), START, &body).await;
        refused(&answer, StatusCode::UNPROCESSABLE_ENTITY, part);
    }
    let kept = program.from(&none, put.clone(), START, &answers("Payroll")).await;
    let value = made(&kept, StatusCode::OK);
    assert_eq!(value["answers"], answers("Payroll"));
    assert_eq!((&value["chosen"], &value["unanswered"]), (&Value::Null, &json!([])));
    let stale = person.from(&none, put.clone(), START, &answers("Other")).await;
    let stale = refused(&stale, StatusCode::PRECONDITION_FAILED, "read it again");
    assert_eq!(stale["etag"], kept.header("etag"));
    assert_eq!(stale["current"]["answers"]["services"], "Payroll");
    let all = proposed(&mut program).await;
    assert_eq!(all.len(), 110);
    let (in_scope, left) = (one(&all, "AVL-03"), one(&all, "PRV-01"));
    assert_eq!((&in_scope["is_proposed"], &in_scope["is_chosen"]), (&json!(true), &json!(true)));
    assert_eq!((&left["is_proposed"], &left["here"]), (&json!(false), &Value::Null));
    assert_eq!(left["why"], "it answers privacy only, which is not in scope");

    server.world.wait(1);
    let unknown =
        program.from(&kept, put.clone(), "/program-start/choice", &json!({"controls": ["NO-1"]})).await;
    refused(&unknown, StatusCode::UNPROCESSABLE_ENTITY, "no starter control NO-1");
    let chosen = program.from(&kept, put.clone(), "/program-start/choice", &choice).await;
    let value = made(&chosen, StatusCode::OK);
    assert_eq!(value["chosen"], json!(["GOV-01", "IAM-05"]));
    assert!(value["unanswered"].as_array().is_some_and(|open| !open.is_empty()), "{value}");
    assert_eq!(one(&proposed(&mut program).await, "AVL-03")["is_chosen"], false);
    assert_eq!(parse(&program.get("/controls").await)["items"], json!([]), "nothing is adopted yet");

    // What the report is about is said by people.
    let path = "/program-start/adoption";
    let adoption = json!({"controls": ["IAM-05", "GOV-01"]});
    let by_token = program.from(&chosen, Method::POST, path, &adoption).await;
    refused(&by_token, StatusCode::NOT_FOUND, "no such thing");
    let nothing = person.from(&chosen, Method::POST, path, &json!({"controls": []})).await;
    refused(&nothing, StatusCode::UNPROCESSABLE_ENTITY, "#/controls");
    let older = person.from(&kept, Method::POST, path, &adoption).await;
    refused(&older, StatusCode::PRECONDITION_FAILED, "read it again");
    server.world.wait(1);
    let adopted = person.from(&chosen, Method::POST, path, &adoption).await;
    assert_eq!(made(&adopted, StatusCode::OK), json!({"copied": 2, "set_aside": 0}));
    let twice = person.from(&chosen, Method::POST, path, &adoption).await;
    refused(&twice, StatusCode::PRECONDITION_FAILED, "read it again");
    let controls = parse(&program.get("/controls").await)["items"].clone();
    let ids: Vec<&Value> = controls.as_array().expect("items").iter().map(|one| &one["id"]).collect();
    assert_eq!(ids, [&json!("GOV-01"), &json!("IAM-05")]);
    assert_eq!(one(&proposed(&mut program).await, "IAM-05")["here"], "draft");
    let scope = parse(&person.get("/readiness/scope").await);
    assert!(scope["categories"].to_string().contains("availability"), "{scope}");

    // Fewer: drafts that nobody changed are set aside with the reason.
    server.world.wait(1);
    let fewer = json!({"controls": ["IAM-05"], "sets_others_aside": true});
    let fewer = person.from(&adopted, Method::POST, path, &fewer).await;
    assert_eq!(made(&fewer, StatusCode::OK), json!({"copied": 0, "set_aside": 1}));
    assert_eq!(one(&proposed(&mut program).await, "GOV-01")["here"], "retired");
}

#[tokio::test]
async fn nobody_starts_a_program_who_may_not_write_controls() {
    let server = Server::start().await;
    let read = [Atom::new(Resource::Control, Verb::Read)];
    let mut callers = vec![Caller::program(&server, "Pam", Role::ComplianceManager, Some(&read)).await];
    for (name, role) in [("Olga", Role::Owner), ("Con", Role::ControlOwner), ("Eve", Role::Employee)] {
        callers.push(Caller::person(&server, name, role).await);
    }
    let first = [("if-match", "\"0\"")];
    for caller in &mut callers {
        for path in [START, "/program-start/controls"] {
            refused(&caller.get(path).await, StatusCode::NOT_FOUND, "no such thing");
        }
        let answer = caller.send(Method::PUT, START, &first, &answers("x").to_string()).await;
        refused(&answer, StatusCode::NOT_FOUND, "no such thing");
    }
}

#[tokio::test]
async fn work_is_listed_as_the_page_has_it_for_whoever_it_waits_for() {
    let server = Server::start().await;
    let mut program = Caller::program(&server, "Pam", Role::ComplianceManager, None).await;
    let mut person = Caller::person(&server, "Pia", Role::ComplianceManager).await;
    let mut owner = Caller::person(&server, "Con", Role::ControlOwner).await;
    let con = server.world.find_member(&server.app, &server.program, "con@example.com").await.actor;
    assert_eq!(parse(&owner.get("/work").await)["items"], json!([]));
    let mut monthly = content("Review");
    monthly["frequency"] = json!("monthly");
    let control = json!({"id": "ACC-01", "reason": "New", "content": monthly, "people": {"owner": con}});
    let draft = program.post("/controls", &control).await;
    let waits = made(&person.get("/work").await, StatusCode::OK)["items"].clone();
    assert_eq!(
        (&waits[0]["kind"], &waits[0]["path"]),
        (&json!("approval"), &json!("/controls/ACC-01/approve"))
    );
    assert_eq!((&waits[0]["is_late"], &waits[0]["due_at"]), (&json!(false), &Value::Null));
    assert!(waits[0]["since"].is_string(), "{waits}");
    made(&person.from(&draft, Method::POST, "/controls/ACC-01/approval", &json!({})).await, StatusCode::OK);

    // Its windows are due for whoever answers for it; evidence that nobody handed in is a draft of whoever began it.
    let due = made(&owner.get("/work?kind=due").await, StatusCode::OK)["items"].clone();
    assert_eq!((&due[0]["control"], &due[0]["id"]), (&json!("ACC-01"), &json!("ACC-01 2026-11")));
    assert_eq!(due[0]["path"], "/controls/ACC-01/occurrences?window=2026-11#record");
    assert!(due[0]["due_at"].as_str().is_some_and(|at| at.starts_with("2026-12")), "{due}");
    let mut item = new_item("list.csv");
    item["controls"] = json!(["ACC-01"]);
    let item = person.post("/evidence-items", &item).await;
    let drafts = parse(&person.get("/work?kind=draft").await)["items"].clone();
    assert_eq!((&drafts[0]["id"], &drafts[0]["path"]), (&json!("1"), &json!("/evidence/items/1")));
    made(&person.from(&item, Method::POST, "/evidence-items/1/submission", &json!({})).await, StatusCode::OK);
    let mut other = Caller::person(&server, "Otto", Role::ComplianceManager).await;
    let decide = parse(&other.get("/work?kind=waiting").await)["items"].clone();
    assert_eq!((&decide[0]["title"], decide.as_array().map(Vec::len)), (&json!("Access list"), Some(1)));
    assert_eq!(
        parse(&person.get("/work?kind=waiting").await)["items"],
        json!([]),
        "nobody accepts their own"
    );

    // Each row of the page is a row here, and leads where it leads.
    let page = owner.page("/work").await;
    for row in parse(&owner.get("/work").await)["items"].as_array().expect("items") {
        let path = row["path"].as_str().expect("a path");
        assert!(page.text().contains(&format!("href=\"{path}\"")), "{path}: {}", page.text());
    }
    refused(&owner.get("/work?kind=novel").await, StatusCode::BAD_REQUEST, "kind is one of");
    // A token was not given to see what its maker has to do.
    refused(&program.get("/work").await, StatusCode::NOT_FOUND, "no such thing");
}
