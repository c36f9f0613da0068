//! The API: the ways of the records, from draft to retirement, as in the pages.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use tickmark_core::identity::{Atom, Resource, Role, Verb};
use tickmark_evaluate::Library;

use crate::caller::{Caller, commitment, content, made, new_item, parse, refused, said, scope};
use crate::host::collect;
use crate::members::Server;

#[tokio::test]
async fn evidence_goes_its_way_and_a_performance_rests_on_it() {
    let server = Server::start().await;
    let mut program = Caller::program(&server, "Cam", Role::ComplianceManager, None).await;
    program.post("/controls", &json!({"id": "ACC-01", "reason": "New", "content": content("Review")})).await;
    let mut item = new_item("list.csv");
    item["controls"] = json!(["ACC-01"]);
    let made = program.post("/evidence-items", &item).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
    let tag = made.header("etag").to_owned();
    let submit = "/evidence-items/1/submission";
    refused(&program.post(submit, &json!({})).await, StatusCode::PRECONDITION_REQUIRED, "If-Match");
    let submitted = program.send(Method::POST, submit, &[("if-match", &tag)], "{}").await;
    assert_eq!(
        (submitted.status, &parse(&submitted)["state"]),
        (StatusCode::OK, &json!("submitted")),
        "{}",
        submitted.text()
    );
    let late = program.send(Method::POST, submit, &[("if-match", &tag)], "{}").await;
    refused(&late, StatusCode::PRECONDITION_FAILED, "read it again");
    let twice = program.send(Method::POST, submit, &[("if-match", submitted.header("etag"))], "{}").await;
    assert!(matches!(twice.status.as_u16(), 409 | 422), "{}", twice.text());
    let done =
        json!({"performed_at": "2026-11-23T10:00:00Z", "window": "2026-Q4", "items": [1], "note": "Read."});
    let performed = program.post("/controls/ACC-01/performances", &done).await;
    assert_eq!(performed.status, StatusCode::CREATED, "{}", performed.text());
    assert_eq!(parse(&performed)["window"], "2026-Q4");
    let ahead = json!({"performed_at": "2027-11-23T10:00:00Z", "items": [1]});
    refused(
        &program.post("/controls/ACC-01/performances", &ahead).await,
        StatusCode::UNPROCESSABLE_ENTITY,
        "ahead",
    );
    let none = json!({"performed_at": "2026-11-23T10:00:00Z", "items": [99]});
    refused(
        &program.post("/controls/ACC-01/performances", &none).await,
        StatusCode::NOT_FOUND,
        "no such thing",
    );
    let why = json!({"reason": "Wrong list"}).to_string();
    let withdrawn = program
        .send(Method::POST, "/evidence-items/1/withdrawal", &[("if-match", submitted.header("etag"))], &why)
        .await;
    assert_eq!(parse(&withdrawn)["state"], "withdrawn", "{}", withdrawn.text());
}

#[tokio::test]
async fn people_approve_what_programs_wrote_and_nobody_their_own() {
    let server = Server::start().await;
    let mut program = Caller::program(&server, "Cam", Role::ComplianceManager, None).await;
    let mut person = Caller::person(&server, "Pia", Role::ComplianceManager).await;
    let pia = server.world.find_member(&server.app, &server.program, "pia@example.com").await.actor;

    // A control: put in force, changed, the change declined and approved, retired.
    let people = json!({"owner": pia});
    let control = json!({"id": "ACC-01", "reason": "New", "content": content("Review"), "people": people});
    let draft = program.post("/controls", &control).await;
    made(&draft, StatusCode::CREATED);
    let moment = || server.world.wait(1);
    moment();
    let approval = "/controls/ACC-01/approval";
    refused(&program.from(&draft, Method::POST, approval, &json!({})).await, StatusCode::NOT_FOUND, "such");
    refused(&person.post(approval, &json!({})).await, StatusCode::PRECONDITION_REQUIRED, "If-Match");
    let active = person.from(&draft, Method::POST, approval, &json!({})).await;
    assert_eq!(made(&active, StatusCode::OK)["state"], "active");
    let path = "/controls/ACC-01/content";
    let change = json!({"content": content("Clearer"), "people": people, "reason": "Clearer"});
    moment();
    let waits = program.from(&active, Method::PUT, path, &change).await;
    let value = made(&waits, StatusCode::OK);
    assert_eq!(
        (&value["content"]["title"], &value["proposed"]["title"]),
        (&json!("Review"), &json!("Clearer"))
    );
    let why = json!({"reason": "Not clear"});
    let refusal = "/controls/ACC-01/refusal";
    let stale = person.from(&active, Method::POST, refusal, &why).await;
    let value = refused(&stale, StatusCode::PRECONDITION_FAILED, "read it again");
    assert_eq!(value["etag"], waits.header("etag"));
    moment();
    let declined = person.from(&waits, Method::POST, refusal, &why).await;
    assert_eq!(made(&declined, StatusCode::OK)["proposed"], Value::Null);
    moment();
    let waits = person.from(&declined, Method::PUT, path, &change).await;
    made(&waits, StatusCode::OK);
    let own = person.from(&waits, Method::POST, approval, &json!({})).await;
    refused(&own, StatusCode::CONFLICT, "somebody else");
    let mut other = Caller::person(&server, "Otto", Role::ComplianceManager).await;
    let approved = other.from(&waits, Method::POST, approval, &json!({})).await;
    assert_eq!(made(&approved, StatusCode::OK)["content"]["title"], "Clearer");
    let retirement = "/controls/ACC-01/retirement";
    let gone = json!({"reason": "Not run any more"});
    refused(&program.from(&approved, Method::POST, retirement, &gone).await, StatusCode::NOT_FOUND, "such");
    moment();
    let retired = person.from(&approved, Method::POST, retirement, &gone).await;
    assert_eq!(made(&retired, StatusCode::OK)["state"], "retired");
    // Its history, and what held at a moment.
    let versions = parse(&program.get("/controls/ACC-01/versions").await)["items"].clone();
    let all = versions.as_array().expect("versions");
    assert_eq!((all[0]["version"].as_str(), all.last().map(|last| &last["until"])), {
        (Some(draft.header("etag").trim_matches('"')), Some(&Value::Null))
    });
    let at = all[1]["since"].as_str().expect("a moment");
    let then = parse(&program.get(&format!("/controls/ACC-01/versions?as_of={at}")).await)["items"].clone();
    assert_eq!(then, json!([all[1]]));
    let wrong = program.get("/controls/ACC-01/versions?as_of=soon").await;
    refused(&wrong, StatusCode::BAD_REQUEST, "as_of");

    // A commitment.
    let body = json!({"content": commitment("We are there."), "owner": pia, "reason": "New"});
    let draft = program.post("/commitments", &body).await;
    made(&draft, StatusCode::CREATED);
    let approved = person.from(&draft, Method::POST, "/commitments/1/approval", &json!({})).await;
    assert_eq!(made(&approved, StatusCode::OK)["state"], "in_force");
    let change = json!({"content": commitment("We are always there."), "owner": pia, "reason": "Better"});
    let changed = program.from(&approved, Method::PUT, "/commitments/1", &change).await;
    assert_eq!(made(&changed, StatusCode::OK)["state"], "waits");
    let stale = program.from(&approved, Method::PUT, "/commitments/1", &change).await;
    let value = refused(&stale, StatusCode::PRECONDITION_FAILED, "read it again");
    let pointers: Vec<&Value> =
        value["changes"].as_array().expect("changes").iter().map(|one| &one["pointer"]).collect();
    assert_eq!(pointers, ["#/content/statement", "#/state"]);
    let stale = person.from(&approved, Method::POST, "/commitments/1/retirement", &gone).await;
    refused(&stale, StatusCode::PRECONDITION_FAILED, "read it again");
    let retired = person.from(&changed, Method::POST, "/commitments/1/retirement", &gone).await;
    assert_eq!(made(&retired, StatusCode::OK)["state"], "retired");
    let versions = parse(&person.get("/commitments/1/versions").await);
    assert_eq!(versions["items"].as_array().map(Vec::len), Some(4));
}

#[tokio::test]
async fn evidence_is_accepted_by_somebody_else_and_revised_by_its_author() {
    let server = Server::start().await;
    let mut program = Caller::program(&server, "Cam", Role::ComplianceManager, None).await;
    let mut person = Caller::person(&server, "Pia", Role::ComplianceManager).await;
    program.post("/controls", &json!({"id": "ACC-01", "reason": "New", "content": content("Review")})).await;
    let draft = program.post("/evidence-items", &new_item("list.csv")).await;
    made(&draft, StatusCode::CREATED);
    let links = json!({"controls": ["ACC-01"]});
    let linked = program.from(&draft, Method::PUT, "/evidence-items/1/controls", &links).await;
    assert_eq!(made(&linked, StatusCode::OK)["controls"], json!(["ACC-01"]));
    let unknown = json!({"controls": ["ACC-02"]});
    let wrong = program.from(&linked, Method::PUT, "/evidence-items/1/controls", &unknown).await;
    refused(&wrong, StatusCode::NOT_FOUND, "no such thing");
    let submit = "/evidence-items/1/submission";
    let submitted = program.from(&linked, Method::POST, submit, &json!({})).await;
    made(&submitted, StatusCode::OK);
    let accept = "/evidence-items/1/acceptance";
    let note = json!({"note": "Complete"});
    refused(&program.from(&submitted, Method::POST, accept, &note).await, StatusCode::NOT_FOUND, "such");
    let stale = person.from(&linked, Method::POST, accept, &note).await;
    let value = refused(&stale, StatusCode::PRECONDITION_FAILED, "read it again");
    let changed: Vec<&Value> =
        value["changes"].as_array().expect("changes").iter().map(|one| &one["pointer"]).collect();
    assert_eq!(changed, [&json!("#/state"), &json!("#/submitted_by")]);
    assert_eq!(value["changes"][0], json!({"pointer": "#/state", "before": "draft", "after": "submitted"}));
    let back = json!({"reason": "The week is missing"});
    let returned = person.from(&submitted, Method::POST, "/evidence-items/1/return", &back).await;
    assert_eq!(made(&returned, StatusCode::OK)["state"], "returned");
    let revision = json!({
        "content": said("Whole list"), "keep": [1], "files": [{"name": "more.csv", "content": "YSxiCjEsMgo="}],
        "reason": "With the week",
    });
    let revised = program.from(&returned, Method::PUT, "/evidence-items/1", &revision).await;
    let value = made(&revised, StatusCode::OK);
    assert_eq!((&value["version"], value["files"].as_array().map(Vec::len)), (&json!(2), Some(2)));
    let again = program.from(&revised, Method::POST, submit, &json!({})).await;
    let accepted = person.from(&again, Method::POST, accept, &note).await;
    assert_eq!(made(&accepted, StatusCode::OK)["state"], "accepted");
    let events = parse(&person.get("/evidence-items/1/events").await)["items"].clone();
    let words: Vec<&str> =
        events.as_array().expect("events").iter().filter_map(|one| one["event"].as_str()).collect();
    assert_eq!(words, ["opened", "linked", "submit", "return", "revise", "submit", "accept"]);
    // Whoever handed it in does not accept it, as a person either.
    let own = person.post("/evidence-items", &new_item("own.csv")).await;
    let own = person.from(&own, Method::POST, "/evidence-items/2/submission", &json!({})).await;
    let refusal = person.from(&own, Method::POST, "/evidence-items/2/acceptance", &note).await;
    refused(&refusal, StatusCode::NOT_FOUND, "no such thing");
}

#[tokio::test]
async fn an_examination_is_planned_approved_described_and_closed() {
    let server = Server::start().await;
    let mut program = Caller::program(&server, "Cam", Role::ComplianceManager, None).await;
    let mut person = Caller::person(&server, "Pia", Role::ComplianceManager).await;
    let mut executive = Caller::person(&server, "Eve", Role::Executive).await;
    let plan = json!({"scope": scope("Payments"), "reason": "This year's"});
    refused(&program.post("/engagements", &plan).await, StatusCode::NOT_FOUND, "no such thing");
    let key = [("idempotency-key", "plan-2026")];
    let planned = person.send(Method::POST, "/engagements", &key, &plan.to_string()).await;
    let value = made(&planned, StatusCode::CREATED);
    assert_eq!((&value["key"], &value["state"]), (&json!(1), &json!("planned")));
    let again = person.send(Method::POST, "/engagements", &key, &plan.to_string()).await;
    assert_eq!((again.header("idempotency-replayed"), again.text()), ("true", planned.text()));
    let mut wrong = plan.clone();
    wrong["scope"]["as_of"] = json!("2026-06-30");
    refused(&person.post("/engagements", &wrong).await, StatusCode::UNPROCESSABLE_ENTITY, "as_of");
    let own = person.from(&planned, Method::POST, "/engagements/1/approval", &json!({})).await;
    refused(&own, StatusCode::NOT_FOUND, "no such thing");
    let changed = json!({"scope": scope("Payments and refunds"), "reason": "Refunds belong to it"});
    let changed = person.from(&planned, Method::PUT, "/engagements/1/scope", &changed).await;
    assert_eq!(made(&changed, StatusCode::OK)["scope"]["system"], "Payments and refunds");
    let approve = "/engagements/1/approval";
    let stale = executive.from(&planned, Method::POST, approve, &json!({})).await;
    let value = refused(&stale, StatusCode::PRECONDITION_FAILED, "read it again");
    assert_eq!(value["changes"][0]["pointer"], "#/scope/system");
    // What keeps a scope from being approved is said: it has no commitment.
    let blocked = executive.from(&changed, Method::POST, approve, &json!({})).await;
    refused(&blocked, StatusCode::CONFLICT, "cannot be approved yet");
    let described = json!({"parts": [{"part": "services", "text": "We move money."}]});
    let described = person.from(&changed, Method::PUT, "/engagements/1/description", &described).await;
    let value = made(&described, StatusCode::OK);
    assert_eq!(value["description"]["content"]["parts"][0]["text"], "We move money.");
    let asserted = json!({"text": "We assert.", "signatory": "Eve", "title": "CEO"});
    let asserted = person.from(&described, Method::PUT, "/engagements/1/assertion", &asserted).await;
    made(&asserted, StatusCode::OK);
    let review = json!({"step": "review"});
    let signed =
        executive.from(&asserted, Method::POST, "/engagements/1/assertion/signatures", &review).await;
    assert_eq!(signed.status, StatusCode::NOT_FOUND, "reviewing is for those who write: {}", signed.text());
    let mut other = Caller::person(&server, "Otto", Role::ComplianceManager).await;
    let signed = other.from(&asserted, Method::POST, "/engagements/1/assertion/signatures", &review).await;
    refused(&signed, StatusCode::CONFLICT, "scope is not approved");
    let none = other.from(&asserted, Method::POST, "/engagements/1/novel/signatures", &review).await;
    refused(&none, StatusCode::NOT_FOUND, "no such thing");
    let closed = json!({"reason": "Given up"});
    let closed = person.from(&asserted, Method::POST, "/engagements/1/closure", &closed).await;
    assert_eq!(made(&closed, StatusCode::OK)["state"], "closed");
    let versions = parse(&executive.get("/engagements/1/versions").await);
    assert_eq!(versions["items"].as_array().map(Vec::len), Some(5));
}

#[tokio::test]
async fn what_an_examination_needs_beside_its_papers_goes_through_the_api_too() {
    let server = Server::start().await;
    let mut person = Caller::person(&server, "Pia", Role::ComplianceManager).await;
    let mut program = Caller::program(&server, "Cam", Role::ComplianceManager, None).await;
    let plan = json!({"reason": "Clients' auditors ask", "scope": {
        "report": "soc1", "from": "2026-01-01", "to": "2026-12-31", "system": "Payroll", "services": ["Pay runs"],
    }});
    let planned = person.post("/engagements", &plan).await;
    let value = made(&planned, StatusCode::CREATED);
    assert_eq!((&value["processes"], &value["modification"]), (&json!([]), &Value::Null));

    let run = json!({"name": "Pay run", "narrative": "Hours become pay.", "steps": [
        {"act": "initiate", "what": "Hours are sent", "who": "Client", "controls": ["PAY-01"]},
    ]});
    let processes = "/engagements/1/processes";
    let refusal = program.from(&planned, Method::POST, processes, &run).await;
    refused(&refusal, StatusCode::NOT_FOUND, "no such thing");
    let described = person.from(&planned, Method::POST, processes, &run).await;
    let value = made(&described, StatusCode::OK);
    assert_eq!(value["processes"][0]["steps"][0]["controls"], json!(["PAY-01"]));
    let stale = person.from(&planned, Method::POST, processes, &run).await;
    refused(&stale, StatusCode::PRECONDITION_FAILED, "read it again");
    let mut wrong = run.clone();
    wrong["steps"][0]["act"] = json!("guess");
    let wrong = person.from(&described, Method::POST, processes, &wrong).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", wrong.text());
    let mut longer = run.clone();
    longer["narrative"] = json!("Hours become pay, and pay is paid out.");
    let changed = person.from(&described, Method::PUT, "/engagements/1/processes/1", &longer).await;
    assert_eq!(made(&changed, StatusCode::OK)["processes"][0]["narrative"], longer["narrative"]);
    let none = person.from(&changed, Method::PUT, "/engagements/1/processes/2", &longer).await;
    refused(&none, StatusCode::NOT_FOUND, "no such thing");
    let removed = person.from(&changed, Method::POST, "/engagements/1/processes/1/removal", &json!({})).await;
    assert_eq!(made(&removed, StatusCode::OK)["processes"], json!([]));

    // What records tell is a draft until somebody begins a part with it; what is written stays.
    let proposals = "/engagements/1/proposals";
    let all = parse(&person.get(proposals).await);
    assert!(
        all["items"].as_array().is_some_and(|all| all.iter().any(|one| one["part"] == "services")),
        "{all}"
    );
    let begin = json!({"parts": ["services"]});
    let begun = person.from(&removed, Method::POST, proposals, &begin).await;
    let value = made(&begun, StatusCode::OK);
    assert!(value["description"]["content"]["parts"].to_string().contains("Pay runs"), "{value}");
    let twice = person.from(&begun, Method::POST, proposals, &begin).await;
    refused(&twice, StatusCode::CONFLICT, "is written already");

    let around = json!({
        "firms": [{"name": "Example & Partners", "license": "looked up"}], "chosen": "Example & Partners",
        "why": "They know payroll", "approver": "Grace", "decided": "2026-01-15",
        "walkthroughs": [{"day": "2026-03-31", "what": "Pay run", "who": "Ada"}],
    });
    let administration = "/engagements/1/administration";
    let administered = person.from(&begun, Method::PUT, administration, &around).await;
    let value = made(&administered, StatusCode::OK);
    assert_eq!(value["administration"]["walkthroughs"][0]["day"], "2026-03-31");
    let mut odd = around.clone();
    odd["decided"] = json!("soon");
    let odd = person.from(&administered, Method::PUT, administration, &odd).await;
    assert_eq!(odd.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", odd.text());
    let told = json!({"text": "Qualified for one objective."});
    let told = person.from(&administered, Method::PUT, "/engagements/1/modification", &told).await;
    assert_eq!(made(&told, StatusCode::OK)["modification"], "Qualified for one objective.");
    let decision = json!({"is_told": false, "why": "There is none"});
    let unknown = person.from(&told, Method::PUT, "/engagements/1/incidents/F-1", &decision).await;
    refused(&unknown, StatusCode::NOT_FOUND, "no such thing");
    let versions = parse(&person.get("/engagements/1/versions").await);
    assert_eq!(versions["items"].as_array().map(Vec::len), Some(7));
}

#[tokio::test]
async fn a_comment_is_changed_by_its_author_alone() {
    let server = Server::start().await;
    let mut program = Caller::program(&server, "Cam", Role::ComplianceManager, None).await;
    let mut person = Caller::person(&server, "Pia", Role::ComplianceManager).await;
    program.post("/controls", &json!({"id": "ACC-01", "reason": "New", "content": content("Review")})).await;
    server.world.wait(1);
    let about = json!({"kind": "control", "id": "ACC-01"});
    let said = program.post("/comments", &json!({"about": about, "text": "Look, @Pia"})).await;
    made(&said, StatusCode::CREATED);
    let reads = [Atom::new(Resource::Control, Verb::Read)];
    let mut reader = Caller::program(&server, "Rea", Role::ComplianceManager, Some(&reads)).await;
    let body = json!({"about": about, "text": "I only look"});
    refused(&reader.post("/comments", &body).await, StatusCode::NOT_FOUND, "no such thing");
    let text = json!({"text": "Look again"});
    let others = person.from(&said, Method::PUT, "/comments/1", &text).await;
    refused(&others, StatusCode::NOT_FOUND, "no such thing");
    let changed = program.from(&said, Method::PUT, "/comments/1", &text).await;
    assert_eq!(made(&changed, StatusCode::OK)["version"], 2);
    let stale = program.from(&said, Method::POST, "/comments/1/removal", &json!({})).await;
    let value = refused(&stale, StatusCode::PRECONDITION_FAILED, "read it again");
    assert_eq!(value["current"]["text"], "Look again");
    let text = json!({"pointer": "#/text", "before": "Look, @Pia", "after": "Look again"});
    assert_eq!(value["changes"], json!([text, {"pointer": "#/version", "before": 1, "after": 2}]));
    let feed = parse(&reader.get("/records/control/ACC-01/feed").await)["items"].clone();
    let what: Vec<&str> =
        feed.as_array().expect("steps").iter().filter_map(|step| step["what"].as_str()).collect();
    assert_eq!(what, ["control.written", "comment"]);
    let removed = program.from(&changed, Method::POST, "/comments/1/removal", &json!({})).await;
    assert_eq!(made(&removed, StatusCode::OK)["text"], Value::Null);
    let nothing = json!({"about": {"kind": "control", "id": "ACC-09"}, "text": "Look"});
    refused(&program.post("/comments", &nothing).await, StatusCode::NOT_FOUND, "no such thing");
    let found = parse(&reader.get("/search?words=review").await)["items"].clone();
    assert_eq!((&found[0]["kind"], &found[0]["id"]), (&json!("control"), &json!("ACC-01")));
}

#[tokio::test]
async fn a_check_of_ones_own_is_tried_handed_in_approved_and_put_aside() {
    let server = Server::start().await;
    let mut program = Caller::program(&server, "Cam", Role::ComplianceManager, None).await;
    let mut person = Caller::person(&server, "Pia", Role::ComplianceManager).await;
    let path = "/checks/ssh-root-login-disabled";
    let there = made(&program.get(&format!("{path}/files")).await, StatusCode::OK);
    assert_eq!(there["is_own"], false);
    let files = json!({"manifest": there["manifest"], "rego": there["rego"], "tests": there["tests"]});
    let trial = made(&program.post(&format!("{path}/trial"), &files).await, StatusCode::OK);
    assert_eq!((&trial["is_passed"], &trial["faults"]), (&json!(true), &json!([])));
    let mut broken = files.clone();
    broken["rego"] = json!("package");
    let trial = made(&program.post(&format!("{path}/trial"), &broken).await, StatusCode::OK);
    assert_eq!(trial["is_passed"], false);
    let put = async |program: &mut Caller, body: &Value| {
        program.send(Method::PUT, &format!("{path}/files"), &[], &body.to_string()).await
    };
    let (mut broken, mut files) = (broken, files);
    (broken["reason"], files["reason"]) = (json!("ours"), json!("ours"));
    refused(&put(&mut program, &broken).await, StatusCode::UNPROCESSABLE_ENTITY, "does not pass");
    made(&put(&mut program, &files).await, StatusCode::OK);
    assert_eq!(
        parse(&program.get(&format!("{path}/files")).await)["is_own"],
        false,
        "a draft is not in force"
    );
    let waits = person.get(&format!("{path}/draft")).await;
    let draft = made(&waits, StatusCode::OK);
    assert_eq!((&draft["draft"]["state"], &draft["changes"]), (&json!("waiting"), &json!([])));
    assert_eq!(draft["would_be"]["rego"], there["rego"]);
    let approval = format!("{path}/approval");
    refused(&person.post(&approval, &json!({})).await, StatusCode::PRECONDITION_REQUIRED, "If-Match");
    refused(&program.from(&waits, Method::POST, &approval, &json!({})).await, StatusCode::NOT_FOUND, "such");
    let approved = made(&person.from(&waits, Method::POST, &approval, &json!({})).await, StatusCode::OK);
    assert_eq!((&approved["state"], &approved["is_alone"]), (&json!("approved"), &json!(false)));
    refused(&person.get(&format!("{path}/draft")).await, StatusCode::NOT_FOUND, "such");
    assert_eq!(parse(&program.get(&format!("{path}/files")).await)["is_own"], true);

    let retirement = format!("{path}/retirement");
    let aside = json!({"reason": "not needed"});
    assert_eq!(made(&program.post(&retirement, &aside).await, StatusCode::OK)["is_aside"], true);
    let waits = person.get(&format!("{path}/draft")).await;
    made(&person.from(&waits, Method::POST, &approval, &json!({})).await, StatusCode::OK);
    refused(&program.post(&retirement, &aside).await, StatusCode::NOT_FOUND, "such");
    let drafts = parse(&program.get(&format!("{path}/drafts")).await)["items"].clone();
    assert_eq!(drafts.as_array().expect("drafts").len(), 2);
    refused(&program.get("/checks/no-such-check/files").await, StatusCode::NOT_FOUND, "no such thing");

    let fields = parse(&program.get("/fact-fields?limit=200").await)["items"].clone();
    assert!(fields.as_array().expect("fields").iter().any(|field| field["path"] == "accounts.users[].shell"));
    let mut simple = json!({
        "id": "own-no-csh", "title": "Nobody uses csh", "rationale": "It is old.", "remediation": "chsh",
        "severity": "low", "field": "accounts.users[].shell", "operator": "none_of", "value": "/bin/csh\n/bin/tcsh",
    });
    let made_of = made(&program.post("/simple-checks", &simple).await, StatusCode::OK);
    let files = json!({"manifest": made_of["manifest"], "rego": made_of["rego"], "tests": made_of["tests"]});
    let trial = made(&program.post("/checks/own-no-csh/trial", &files).await, StatusCode::OK);
    assert_eq!((&trial["is_passed"], &trial["faults"]), (&json!(true), &json!([])));
    simple["operator"] = json!("at_least");
    let asked = program.post("/simple-checks", &simple).await;
    refused(&asked, StatusCode::UNPROCESSABLE_ENTITY, "cannot be asked");
}

#[tokio::test]
async fn tests_of_a_control_are_proposed_approved_by_another_and_ended() {
    let server = Server::start().await;
    let library = Library::builtin().unwrap_or_else(|errors| panic!("{errors:#?}"));
    collect(&server.app, &server.program, &library).await;
    let mut program = Caller::program(&server, "Cam", Role::ComplianceManager, None).await;
    let mut person = Caller::person(&server, "Pia", Role::ComplianceManager).await;
    program.post("/controls", &json!({"id": "ACC-01", "reason": "New", "content": content("Review")})).await;
    let (path, check) = ("/controls/ACC-01/tests", "ssh-root-login-disabled");
    let of = |check: &str| json!({"content": {"kind": "configuration", "check": check, "attribute": "root"}, "reason": "it sees it"});
    refused(&program.post(path, &of("no-such")).await, StatusCode::UNPROCESSABLE_ENTITY, "no check");
    let proposed = program.post(path, &of(check)).await;
    let test = made(&proposed, StatusCode::CREATED);
    assert_eq!((&test["state"], &test["content"]), (&json!("proposed"), &Value::Null));
    let one = format!("{path}/{check}");
    let approval = format!("{one}/approval");
    let approved = person.from(&proposed, Method::POST, &approval, &json!({})).await;
    assert_eq!(made(&approved, StatusCode::OK)["content"]["check"], check);
    let why = json!({"reason": "it does not"});
    let stale = program.from(&proposed, Method::POST, &format!("{one}/ending"), &why).await;
    let value = refused(&stale, StatusCode::PRECONDITION_FAILED, "read it again");
    assert_eq!(value["current"]["state"], "in force");
    let ending = program.from(&approved, Method::POST, &format!("{one}/ending"), &why).await;
    assert_eq!(made(&ending, StatusCode::OK)["proposed"]["ends"], true);
    let declined = person.from(&ending, Method::POST, &format!("{one}/refusal"), &why).await;
    assert_eq!(made(&declined, StatusCode::OK)["state"], "in force");
    let due = json!({"content": {"kind": "occurrence", "window": "monthly", "grace_days": 5}, "reason": "as agreed"});
    let due = program.post(path, &due).await;
    made(&due, StatusCode::CREATED);
    made(
        &person.from(&due, Method::POST, &format!("{path}/occurrence/approval"), &json!({})).await,
        StatusCode::OK,
    );
    let listed = parse(&person.get(path).await)["items"].clone();
    let ids: Vec<&str> =
        listed.as_array().expect("tests").iter().filter_map(|one| one["id"].as_str()).collect();
    assert_eq!(ids, ["occurrence", check]);
    let then = parse(&person.get(&format!("{path}?as_of=2020-01-01T00:00:00Z")).await)["items"].clone();
    assert_eq!(then, json!([]));
    let versions = parse(&person.get(&format!("{one}/versions")).await)["items"].clone();
    assert!(!versions.as_array().expect("versions").is_empty());
    let versions = parse(&person.get(&format!("/checks/{check}/versions")).await)["items"].clone();
    assert!(
        versions[0]["logic"].as_str().is_some_and(|logic| logic.contains("package checks")),
        "{versions}"
    );
}

#[tokio::test]
async fn a_finding_is_corrected_and_verified_by_somebody_else() {
    let server = Server::start().await;
    let library = Library::builtin().unwrap_or_else(|errors| panic!("{errors:#?}"));
    collect(&server.app, &server.program, &library).await;
    let mut program = Caller::program(&server, "Cam", Role::ComplianceManager, None).await;
    let mut person = Caller::person(&server, "Pia", Role::ComplianceManager).await;
    let finding = parse(&program.get("/findings?limit=1").await)["items"][0].clone();
    let reference: String =
        finding["reference"].as_str().expect("one").bytes().map(|byte| format!("%{byte:02X}")).collect();
    let path = format!("/findings/{reference}/correction");
    let pia = server.world.find_member(&server.app, &server.program, "pia@example.com").await.actor;
    let plan = json!({"owner": pia, "due": "2026-12-10", "plan": "We mend it."});
    let taken = program.post(&path, &plan).await;
    assert_eq!(made(&taken, StatusCode::CREATED)["title"], finding["title"]);
    refused(&program.post(&path, &plan).await, StatusCode::CONFLICT, "already");
    refused(&program.post("/findings/nothing/correction", &plan).await, StatusCode::NOT_FOUND, "such");
    let later = json!({"due": "2026-12-20", "reason": "The vendor is late"});
    let extended = program.from(&taken, Method::POST, &format!("{path}/extension"), &later).await;
    assert_eq!(made(&extended, StatusCode::OK)["due"], "2026-12-20");
    let mut other = plan.clone();
    other["due"] = json!("2026-12-20");
    other["plan"] = json!("We replace it.");
    let stale = program.from(&taken, Method::PUT, &path, &other).await;
    let value = refused(&stale, StatusCode::PRECONDITION_FAILED, "read it again");
    let due = json!({"pointer": "#/due", "before": "2026-12-10", "after": "2026-12-20"});
    assert_eq!(value["changes"], json!([due]));
    let planned = program.from(&extended, Method::PUT, &path, &other).await;
    assert_eq!(made(&planned, StatusCode::OK)["plan"], "We replace it.");
    let fix = json!({"note": "Replaced", "shown_by": "Run 2"});
    let fixed = program.from(&planned, Method::POST, &format!("{path}/fix"), &fix).await;
    assert_eq!(made(&fixed, StatusCode::OK)["state"], "fixed");
    let verification = format!("{path}/verification");
    let seen = json!({"holds": true, "note": "Seen on the host"});
    let as_token = program.from(&fixed, Method::POST, &verification, &seen).await;
    refused(&as_token, StatusCode::NOT_FOUND, "no such thing");
    let closed = person.from(&fixed, Method::POST, &verification, &seen).await;
    assert_eq!(made(&closed, StatusCode::OK)["state"], "closed");
    let versions = parse(&person.get(&format!("{path}/versions")).await)["items"].clone();
    let steps: Vec<&str> =
        versions.as_array().expect("steps").iter().filter_map(|one| one["step"].as_str()).collect();
    assert_eq!(steps, ["opened", "extended", "planned", "fixed", "closed"]);
}

#[tokio::test]
async fn a_waiver_is_asked_for_refused_granted_and_revoked() {
    let server = Server::start().await;
    let library = Library::builtin().unwrap_or_else(|errors| panic!("{errors:#?}"));
    collect(&server.app, &server.program, &library).await;
    let mut program = Caller::program(&server, "Cam", Role::ComplianceManager, None).await;
    let mut person = Caller::person(&server, "Pia", Role::ComplianceManager).await;
    let check = parse(&program.get("/checks?limit=1").await)["items"][0]["id"].clone();
    let mut request = json!({
        "check": check, "targets": [1], "reason": "It is replaced.", "risk": "Little.",
        "compensation": "We look at it each day.", "expires_at": "2026-12-24T00:00:00Z",
    });
    made(&program.post("/waiver-requests", &request).await, StatusCode::CREATED);
    request["targets"] = json!([7]);
    refused(&program.post("/waiver-requests", &request).await, StatusCode::NOT_FOUND, "no such thing");
    request["targets"] = Value::Null;
    request["expires_at"] = json!("2020-12-24T00:00:00Z");
    refused(&program.post("/waiver-requests", &request).await, StatusCode::UNPROCESSABLE_ENTITY, "expired");
    request["expires_at"] = json!("2026-12-24T00:00:00Z");
    made(&person.post("/waiver-requests", &request).await, StatusCode::CREATED);
    // Nobody grants what they asked for.
    let own = person.post("/waiver-requests/2/approval", &json!({})).await;
    refused(&own, StatusCode::CONFLICT, "somebody else");
    let why = json!({"reason": "It can be mended"});
    let gone = made(&person.post("/waiver-requests/2/refusal", &why).await, StatusCode::OK);
    assert_eq!((&gone["state"], &gone["decision"]), (&json!("refused"), &json!("It can be mended")));
    refused(&person.post("/waiver-requests/2/approval", &json!({})).await, StatusCode::CONFLICT, "already");
    let waiver = made(&person.post("/waiver-requests/1/approval", &json!({})).await, StatusCode::CREATED);
    assert_eq!((&waiver["state"], &waiver["targets"]), (&json!("in_force"), &json!([1])));
    refused(&program.post("/waivers/1/revocation", &why).await, StatusCode::NOT_FOUND, "no such thing");
    let revoked = made(&person.post("/waivers/1/revocation", &why).await, StatusCode::OK);
    assert_eq!(revoked["state"], "revoked");
    assert_eq!(parse(&program.get("/waiver-requests/1").await)["waiver"], 1);
}

#[tokio::test]
async fn work_is_asked_for_once_called_off_and_scheduled() {
    let server = Server::start().await;
    let mut program = Caller::program(&server, "Cam", Role::ComplianceManager, None).await;
    let collect = json!({"kind": "collect"});
    let asked = program.post("/jobs", &collect).await;
    assert_eq!(made(&asked, StatusCode::ACCEPTED)["state"], "waiting");
    assert_eq!(asked.header("location"), "/api/v1/jobs/1");
    assert_eq!(parse(&program.post("/jobs", &collect).await)["key"], 1, "it waits already");
    let called = made(&program.post("/jobs/1/cancellation", &json!({})).await, StatusCode::OK);
    assert_eq!(called["state"], "called_off");
    refused(&program.post("/jobs/1/cancellation", &json!({})).await, StatusCode::CONFLICT, "over");
    refused(&program.post("/jobs/9/cancellation", &json!({})).await, StatusCode::NOT_FOUND, "such");
    // The report is of an engagement, which no token may be given.
    refused(&program.post("/jobs", &json!({"kind": "report"})).await, StatusCode::NOT_FOUND, "such");
    let every = json!({"every_hours": 24}).to_string();
    let put = async |program: &mut Caller, kind: &str| {
        program.send(Method::PUT, &format!("/job-schedules/{kind}"), &[], &every).await
    };
    made(&put(&mut program, "collect").await, StatusCode::OK);
    refused(&put(&mut program, "nothing").await, StatusCode::NOT_FOUND, "no such thing");
    let all = parse(&program.get("/job-schedules").await);
    assert_eq!(all["items"], json!([{"kind": "collect", "every_hours": 24}]));
}
