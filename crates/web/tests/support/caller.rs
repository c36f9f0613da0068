//! Callers of the API: programs with tokens, people with the session of a browser; and bodies that they send.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use tickmark_app::identity::{session, token};
use tickmark_core::identity::{Atom, Role, SignInRule};
use tickmark_evaluate::Library;
use tickmark_web::api::{BASE, document};

use crate::members::{Browser, Server};
use crate::schema::misfits;
use crate::visitor::Answer;

/// Somebody who calls the API: a program with a token, or a person with a session.
pub(crate) struct Caller {
    browser: Browser,
    pub(crate) token: Option<String>,
}

impl Caller {
    /// A program that acts for a new member with a role, with all that a token of theirs can have, or only with some.
    pub(crate) async fn program(server: &Server, name: &str, role: Role, only: Option<&[Atom]>) -> Self {
        let account = server.world.member(&server.app, &server.program, name, &[role]).await;
        let actor = account.actor(&server.world, &server.app).await;
        let made = server.app.transact(&actor, async |cx| {
            let all: BTreeSet<Atom> = match only {
                Some(only) => only.iter().copied().collect(),
                None => token::can_be_given(cx)?.into_iter().collect(),
            };
            token::create(cx, "a program", &all, 1).await
        });
        let (_, text) = made.await.expect("a token");
        Self { browser: server.browser(), token: Some(text.to_string()) }
    }

    /// Whoever is signed in in a browser.
    pub(crate) fn of(browser: Browser) -> Self {
        Self { browser, token: None }
    }

    /// A new member with a role, signed in.
    pub(crate) async fn person(server: &Server, name: &str, role: Role) -> Self {
        let (browser, _) = server.member(name, &[role]).await;
        Self { browser, token: None }
    }

    pub(crate) async fn send(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&'static str, &str)],
        body: &str,
    ) -> Answer {
        let token = self.token.as_ref().map(|token| ("authorization", format!("Bearer {token}")));
        self.browser.headers = token.into_iter().collect();
        self.browser.headers.extend(headers.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let kind = (!headers.iter().any(|(name, _)| *name == "content-type")).then_some("application/json");
        let path = format!("{BASE}{path}");
        self.browser.bring(method, &path, kind, Body::from(body.to_owned())).await
    }

    pub(crate) async fn post(&mut self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, &[], &body.to_string()).await
    }

    /// Sends a change of the version that an answer showed.
    pub(crate) async fn from(&mut self, seen: &Answer, method: Method, path: &str, body: &Value) -> Answer {
        let tag = seen.header("etag").to_owned();
        self.send(method, path, &[("if-match", &tag)], &body.to_string()).await
    }

    /// The page at an address, for somebody with a session.
    pub(crate) async fn page(&mut self, path: &str) -> Answer {
        self.browser.headers.clear();
        self.browser.get(path).await
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], "").await
    }
}

pub(crate) fn parse(answer: &Answer) -> Value {
    serde_json::from_str(answer.text()).unwrap_or_else(|error| panic!("{error}: {}", answer.text()))
}

/// Is a problem as it is described, with this status.
pub(crate) fn refused(answer: &Answer, status: StatusCode, part: &str) -> Value {
    assert_eq!(answer.status, status, "{part}: {}", answer.text());
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let value = parse(answer);
    let document = document();
    assert_eq!(
        misfits(&document, &document["components"]["schemas"]["Problem"], &value),
        Vec::<String>::new()
    );
    assert!(value["detail"].as_str().is_some_and(|detail| detail.contains(part)), "{part}: {value}");
    value
}

pub(crate) fn content(title: &str) -> Value {
    json!({
        "title": title, "statement": "The lead reviews access each quarter.", "area": "Access", "kind": "detective",
        "nature": "manual", "frequency": "quarterly",
        "criteria": [{"framework": "tsc-2017", "criterion": "CC6.1", "is_key": true}],
    })
}

pub(crate) fn said(title: &str) -> Value {
    json!({
        "title": title, "kind": "export", "method": "exported", "source": "Directory", "collected_by": "A program",
        "collected_on": "2026-11-20", "covers_from": "2026-10-01", "covers_to": "2026-10-31", "sensitivity": "internal",
    })
}

pub(crate) fn new_item(name: &str) -> Value {
    json!({"content": said("Access list"), "files": [{"name": name, "content": "YSxiCjEsMgo="}]})
}

pub(crate) fn commitment(statement: &str) -> Value {
    json!({"kind": "commitment", "title": "Uptime", "statement": statement, "source": "Terms"})
}

/// Answers of the guided start.
pub(crate) fn answers(services: &str) -> Value {
    json!({
        "services": services, "company": "software", "size": "small", "premises": "remote", "hosting": "provider",
        "builds_software": true, "shares_systems": false, "categories": ["availability"],
    })
}

pub(crate) fn scope(system: &str) -> Value {
    json!({
        "report": "soc2", "from": "2026-01-01", "to": "2026-12-31", "system": system, "services": ["Payments"],
        "categories": [{"id": "security", "reason": "Always"}],
        "subservices": [{"name": "A cloud", "service": "Hosting", "method": "carve_out", "why": "Machines are theirs"}],
        "user_entities": [{"kind": "control", "text": "Customers keep their keys", "criteria": ["CC6.1"]}],
    })
}

pub(crate) fn made(answer: &Answer, status: StatusCode) -> Value {
    assert_eq!(answer.status, status, "{}", answer.text());
    parse(answer)
}

/// Makes one of each thing that lists of the API have, and returns the reference of a finding that was taken on.
pub(crate) async fn fill(server: &Server) -> String {
    let mut program = Caller::program(server, "Pam", Role::ComplianceManager, None).await;
    let mut person = Caller::person(server, "Pia", Role::ComplianceManager).await;
    for (path, body, status) in [
        (
            "/commitments",
            json!({"content": commitment("We are there."), "reason": "New"}),
            StatusCode::CREATED,
        ),
        ("/evidence-items", new_item("list.csv"), StatusCode::CREATED),
        ("/jobs", json!({"kind": "collect"}), StatusCode::ACCEPTED),
        (
            "/comments",
            json!({"about": {"kind": "control", "id": "IAM-01"}, "text": "Look"}),
            StatusCode::CREATED,
        ),
    ] {
        made(&program.post(path, &body).await, status);
    }
    let every = json!({"every_hours": 24}).to_string();
    made(&program.send(Method::PUT, "/job-schedules/collect", &[], &every).await, StatusCode::OK);
    let check = parse(&program.get("/checks?limit=1").await)["items"][0]["id"].clone();
    let request = json!({
        "check": check, "reason": "It is replaced.", "risk": "Little.", "compensation": "We look at it each day.",
        "expires_at": "2026-12-24T00:00:00Z",
    });
    made(&program.post("/waiver-requests", &request).await, StatusCode::CREATED);
    made(&person.post("/waiver-requests/1/approval", &json!({})).await, StatusCode::CREATED);
    let pia = server.world.find_member(&server.app, &server.program, "pia@example.com").await.actor;
    let control =
        json!({"id": "ACC-01", "reason": "New", "content": content("Review"), "people": {"owner": pia}});
    let draft = program.post("/controls", &control).await;
    made(&person.from(&draft, Method::POST, "/controls/ACC-01/approval", &json!({})).await, StatusCode::OK);
    let answer = json!({"question": "designed", "answer": "yes", "reason": "Read it"});
    made(&person.post("/controls/ACC-01/answers", &answer).await, StatusCode::CREATED);
    let library = Library::builtin().unwrap_or_else(|errors| panic!("{errors:#?}"));
    server.state.assess_with(Arc::new(library), "Tickmark of a test");
    made(&person.post("/assessments", &json!({})).await, StatusCode::CREATED);
    let planned = json!({"scope": scope("Payments"), "reason": "This year's"});
    made(&person.post("/engagements", &planned).await, StatusCode::CREATED);
    let mut owner = Caller::person(server, "Olga", Role::Owner).await;
    let invited = json!({"email": "new@example.com", "roles": ["employee"]});
    made(&owner.post("/invitations", &invited).await, StatusCode::CREATED);
    let connection = json!({
        "content": {"name": "Directory", "issuer": "https://id.example.com", "client": "tickmark",
            "algorithms": ["RS256"], "domains": [], "second": ["mfa"], "strong": [], "is_required": false, "is_on": true},
        "secret": "a client secret",
    });
    made(&owner.post("/identity-providers", &connection).await, StatusCode::CREATED);
    let token = json!({"name": "A job", "permissions": ["control.read"], "days": 30, "addresses": ["203.0.113.0/24"]});
    made(&owner.post("/tokens", &token).await, StatusCode::CREATED);
    let membership = server.world.find_member(&server.app, &server.program, "pia@example.com").await.id;
    let proposal = json!({"membership": membership, "role": "admin"});
    made(&owner.post("/role-proposals", &proposal).await, StatusCode::CREATED);
    crate::api_samples::frozen(&mut program, &mut person).await;
    let mut other = Caller::person(server, "Otto", Role::ComplianceManager).await;
    let sample = json!({"size": {"units": 3}, "method": "random"});
    made(&other.post("/populations/1/samples", &sample).await, StatusCode::CREATED);
    let view = json!({"list": "controls", "name": "Gaps", "query": "status=gap", "is_shared": true});
    made(&person.post("/views", &view).await, StatusCode::CREATED);
    let agreement = json!({"title": "Use", "text": "I keep it to myself."}).to_string();
    let first = [("if-match", "\"0\"")];
    made(
        &person.send(Method::PUT, "/agreements/specified_parties", &first, &agreement).await,
        StatusCode::OK,
    );
    let asked = json!({"requests": [{"title": "Accounts", "kind": "document", "timing": "as_of"}]});
    made(&person.post("/engagements/1/requests", &asked).await, StatusCode::CREATED);
    let done = json!({"performed_at": "2026-11-20T10:00:00Z", "items": [1]});
    made(&program.post("/controls/ACC-01/performances", &done).await, StatusCode::CREATED);
    let test = json!({"content": {"kind": "occurrence", "window": "quarterly"}, "reason": "As it is run"});
    let proposed = program.post("/controls/IAM-01/tests", &test).await;
    made(&proposed, StatusCode::CREATED);
    let approval = "/controls/IAM-01/tests/occurrence/approval";
    made(&person.from(&proposed, Method::POST, approval, &json!({})).await, StatusCode::OK);
    let seen = person.get("/readiness/scope").await;
    let mut chosen = parse(&seen);
    for one in chosen["categories"].as_array_mut().expect("categories") {
        one["reason"] = json!("customers ask");
    }
    let chosen = json!({"scope": chosen, "reason": "As customers ask"});
    made(&person.from(&seen, Method::PUT, "/readiness/scope", &chosen).await, StatusCode::OK);
    let judgement = "/criteria/CC6.1/judgement";
    let seen = person.get(judgement).await;
    let said = json!({"status": "not_met", "lacks": "contractors", "reason": "They are left out"});
    made(&person.from(&seen, Method::PUT, judgement, &said).await, StatusCode::OK);
    let columns = json!({"name": "Pipeline", "columns": {"key": "Change", "occurred_at": "Deployed"}});
    made(&program.post("/population-mappings", &columns).await, StatusCode::OK);
    let files = "/checks/ssh-root-login-disabled/files";
    let mut written = parse(&program.get(files).await);
    let written = written.as_object_mut().expect("files");
    written.retain(|name, _| ["manifest", "rego", "tests"].contains(&name.as_str()));
    written.insert("reason".to_owned(), json!("Ours"));
    let written = json!(written).to_string();
    made(&program.send(Method::PUT, files, &[], &written).await, StatusCode::OK);
    let concluded = parse(&program.get("/controls/IAM-08/conclusion").await);
    let limit = json!({
        "check": concluded["tests"][0]["test"], "hours": 720, "version": 0, "reason": "The policy gives 30 days.",
    });
    made(&program.post("/controls/IAM-08/tolerances", &limit).await, StatusCode::CREATED);
    let sizes = json!({
        "sizes": {"low": 2, "usual": 4, "high": 8}, "version": 0, "reason": "A new team runs it.",
    });
    made(&program.post("/controls/IAM-01/sample-sizes", &sizes).await, StatusCode::CREATED);
    let hold = json!({"covers": {"item": 1}, "reason": "A dispute"});
    made(&person.post("/legal-holds", &hold).await, StatusCode::CREATED);
    let about = json!({"owner": pia, "criticality": "high", "reason": "Asked"}).to_string();
    let tag = [("if-match", "\"0\"")];
    made(&person.send(Method::PUT, "/targets/1/record", &tag, &about).await, StatusCode::OK);
    access(server, &mut person).await;
    let first = [("if-match", "\"0\"")];
    let answers = answers("Payments").to_string();
    made(&program.send(Method::PUT, "/program-start", &first, &answers).await, StatusCode::OK);
    // An item that auditors see without asking for it.
    let mut item = new_item("accepted.csv");
    item["controls"] = json!(["ACC-01"]);
    let item = program.post("/evidence-items", &item).await;
    let path = format!("/evidence-items/{}", made(&item, StatusCode::CREATED)["key"]);
    let item = program.from(&item, Method::POST, &format!("{path}/submission"), &json!({})).await;
    let item = other.from(&item, Method::POST, &format!("{path}/acceptance"), &json!({})).await;
    assert_eq!(made(&item, StatusCode::OK)["state"], "accepted");
    let seen = owner.get("/settings").await;
    let settings = json!({"time_zone": "Europe/Vienna", "date_style": "day_first", "escalate_days": 5});
    made(&owner.from(&seen, Method::PUT, "/settings", &settings).await, StatusCode::OK);
    for rule in [SignInRule::PasskeyOfPrivileged, SignInRule::SecondFactor] {
        let set = server.app.transact(&server.program, async |cx| session::set_rule(cx, rule, "tried").await);
        set.await.expect("set");
    }
    let reference = parse(&program.get("/findings?limit=1").await)["items"][0]["reference"].clone();
    let reference: String =
        reference.as_str().expect("a reference").bytes().map(|byte| format!("%{byte:02X}")).collect();
    let plan = json!({"owner": pia, "due": "2026-12-10", "plan": "We mend it."});
    made(&program.post(&format!("/findings/{reference}/correction"), &plan).await, StatusCode::CREATED);
    // Whoever runs the program is told of what waits.
    server.app.remind(&server.program).await.expect("reminded");
    reference
}

/// Makes a list of access, a matrix of duties, an exception and a review with items.
async fn access(server: &Server, person: &mut Caller) {
    let mut reviewers = Vec::new();
    for name in ["Rosa", "Rune"] {
        Caller::person(server, name, Role::ControlOwner).await;
        let email = format!("{}@example.com", name.to_lowercase());
        reviewers.push(server.world.find_member(&server.app, &server.program, &email).await.actor);
    }
    // account,entitlement / ada,deploy
    let list = json!({
        "system": "Cloud", "name": "list.csv", "content": "YWNjb3VudCxlbnRpdGxlbWVudAphZGEsZGVwbG95Cg==",
        "accounts_in_source": 1,
        "origin": {
            "source": "Console", "query": "members", "time_zone": "UTC", "run_by": "Pia",
            "run_at": "2026-11-20T10:00:00Z", "row_count": 1,
        },
    });
    made(&person.post("/access-lists", &list).await, StatusCode::CREATED);
    let matrix = json!({
        "from": 0, "reason": "Ours",
        "matrix": {
            "duties": [{"id": "write", "title": "Write"}, {"id": "deploy", "title": "Deploy"}],
            "conflicts": [{"id": "both", "first": "write", "second": "deploy", "risk": "Nobody reads it"}],
            "grants": [{"system": "Cloud", "entitlement": "deploy", "duty": "deploy"}],
        },
    });
    made(&person.post("/duty-matrix", &matrix).await, StatusCode::CREATED);
    let asked = json!({
        "conflict": "both", "holder": "ada", "reason": "Two people", "control": "IAM-01",
        "expires_at": "2026-12-24T00:00:00Z",
    });
    made(&person.post("/duty-exceptions", &asked).await, StatusCode::CREATED);
    let scope = json!({
        "title": "Quarter", "systems": [{"name": "Cloud", "owner": reviewers[0]}], "tiers": ["0", "1", "2", "3"],
        "stand_in": reviewers[0], "second_stand_in": reviewers[1], "due_at": "2026-12-10T00:00:00Z",
        "unanswered": "revoke",
    });
    made(&person.post("/access-reviews", &scope).await, StatusCode::CREATED);
    for step in ["confirm", "freeze"] {
        made(&person.post("/access-reviews/1/steps", &json!({"step": step})).await, StatusCode::OK);
    }
}
