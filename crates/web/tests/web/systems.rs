//! Systems over HTTP: written, described, assigned and retired on pages and through the API; and what whoever is assigned to
//! one of them sees.

use axum::http::{Method, StatusCode};
use serde_json::json;
use tickmark_app::control;
use tickmark_core::catalog::Catalog;
use tickmark_core::identity::Role;

use crate::caller::{Caller, made, parse, refused};
use crate::members::{Server, hidden};

async fn adopt(server: &Server) {
    let catalog = Catalog::builtin();
    let adopted =
        server.app.transact(&server.program, async |cx| control::adopt_starters(cx, &catalog).await).await;
    assert!(adopted.expect("adopted") > 100);
}

#[tokio::test]
async fn whoever_is_assigned_to_one_system_finds_its_controls_and_no_others() {
    let server = Server::start().await;
    adopt(&server).await;
    let (mut admin, _) = server.member("Ada", &[Role::Admin]).await;
    let (mut manager, _) = server.member("Max", &[Role::ComplianceManager]).await;
    let (mut robin, account) = server.member("Robin", &[Role::ControlOwner]).await;
    let id = server.world.find_member(&server.app, &server.program, &account.email).await.id;
    assert_eq!(robin.get("/controls/IAM-05").await.status, StatusCode::OK, "one system is everybody's");
    assert!(
        !manager.get("/controls/IAM-05/edit").await.text().contains("name=\"system\""),
        "nothing to choose"
    );

    // What is typed stays, with what is wrong beside it.
    let empty =
        manager.send("/systems", "/systems", &[("name", " "), ("boundary", "The payroll service")]).await;
    assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(empty.text().contains("name-fault") && empty.text().contains("The payroll service"));
    let fields = [("name", "Payroll & <co>"), ("boundary", "The payroll service")];
    assert_eq!(manager.send("/systems", "/systems", &fields).await.status, StatusCode::SEE_OTHER);
    let page = manager.get("/systems").await;
    assert!(page.text().contains("Payroll &amp; &lt;co&gt;"), "{}", page.text());
    let system = page.text().split("/systems/").nth(1).map(|rest| rest[..36].to_owned());
    let systems = server.app.read(&server.program, async |view| tickmark_app::identity::systems(view).await);
    let payroll = systems.await.expect("systems").into_iter().find(|one| one.name.starts_with("Payroll"));
    let payroll = payroll.expect("written").id.to_string();
    assert!(system.is_some());

    // A control becomes part of it, on its form.
    let form = manager.get("/controls/IAM-05/edit").await;
    let version = hidden(form.text(), "version").to_owned();
    assert!(form.text().contains("The organization as a whole"));
    let fields = [
        ("title", "Leavers"),
        ("statement", "Access of leavers ends within one day."),
        ("kind", "preventive"),
        ("nature", "manual"),
        ("frequency", "per_occurrence"),
        ("system", &payroll),
        ("reason", "It belongs there"),
        ("version", &version),
    ];
    let moved = manager.send("/controls/IAM-05/edit", "/controls/IAM-05/edit", &fields).await;
    assert_eq!(moved.status, StatusCode::SEE_OTHER, "{}", moved.text());
    assert!(manager.get("/controls/IAM-05/history").await.text().contains("Payroll"));

    // Who looks at one system finds what is of it, wherever they go, until they look at all of them again.
    let look = async |manager: &mut crate::members::Browser, system: &str| {
        let fields = [("system", system), ("back", "/controls?q=access&page=2")];
        manager.post("/looking-at", "", &fields).await
    };
    let looks = look(&mut manager, &payroll).await;
    let there = format!("/controls?q=access&system={payroll}");
    assert_eq!((looks.status, looks.header("location")), (StatusCode::SEE_OTHER, there.as_str()));
    for path in ["/controls", "/period"] {
        let page = manager.get(path).await;
        assert!(page.text().contains("/IAM-05"), "{path}: {}", page.text());
        assert!(!page.text().contains("/IAM-06"), "{path}: {}", page.text());
    }
    let page = manager.get("/targets").await;
    assert!(page.status == StatusCode::OK && page.text().contains("id=\"looking-at\""), "{}", page.text());
    assert_eq!(manager.get("/evidence/items").await.status, StatusCode::OK);
    assert_eq!(look(&mut manager, "nonsense").await.status, StatusCode::BAD_REQUEST);
    let all = look(&mut manager, "").await;
    assert_eq!(all.header("location"), "/controls?q=access");
    assert!(manager.get("/period").await.text().contains("/IAM-06"));

    // Somebody is assigned to it, by whoever looks after members.
    let path = format!("/people/{id}");
    let assigned = admin
        .send(&path, &format!("{path}/systems"), &[("system", &payroll), ("reason", "Runs payroll")])
        .await;
    assert_eq!(assigned.status, StatusCode::SEE_OTHER, "{}", assigned.text());
    assert!(admin.get(&path).await.text().contains("Payroll &amp; &lt;co&gt;"));
    let mut robin = match robin.get("/controls").await.status {
        StatusCode::OK => robin,
        _ => server.signed_in(&account).await,
    };
    let list = robin.get("/controls").await;
    assert_eq!(list.status, StatusCode::OK);
    assert!(list.text().contains("IAM-05") && !list.text().contains("IAM-06"), "{}", list.text());
    assert!(robin.get("/controls?suggested=designed").await.text().matches("IAM-0").count() < 20);
    assert_eq!(robin.get("/controls/IAM-05").await.status, StatusCode::OK);
    for path in ["/controls/IAM-06", "/controls/IAM-06/history", "/controls/IAM-06/edit"] {
        assert_eq!(robin.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(robin.get("/systems").await.text().matches("In use").count(), 1, "theirs alone");
    let csv = robin.get("/export/controls.csv").await;
    assert!(csv.text().contains("IAM-05") && !csv.text().contains("IAM-06"));

    // It is not retired while a control is for it.
    let here = format!("/systems/{payroll}");
    let kept = admin.send(&here, &format!("{here}/retire"), &[("reason", "Sold")]).await;
    assert_eq!(kept.status, StatusCode::CONFLICT);
    assert!(kept.text().contains("IAM-05") && kept.text().contains("Sold"), "{}", kept.text());
}

#[tokio::test]
async fn the_api_has_systems_from_the_version_that_was_looked_at() {
    let server = Server::start().await;
    adopt(&server).await;
    let mut owner = Caller::person(&server, "Olga", Role::Owner).await;
    let body = json!({"name": "Payroll", "boundary": "The service"});
    let new = owner.post("/systems", &body).await;
    let written = made(&new, StatusCode::CREATED);
    let path = format!("/systems/{}", written["id"].as_str().expect("an id"));
    let all = parse(&owner.get("/systems").await)["items"].as_array().map(Vec::len);
    assert_eq!(all, Some(2));
    let seen = owner.get(&path).await;
    let other = json!({"name": "Payroll SaaS", "boundary": "The service"});
    server.world.wait(1);
    let changed = owner.from(&seen, Method::PUT, &path, &other).await;
    assert_eq!(made(&changed, StatusCode::OK)["name"], "Payroll SaaS");
    let stale = owner.from(&seen, Method::PUT, &path, &body).await;
    refused(&stale, StatusCode::PRECONDITION_FAILED, "read it again");
    refused(
        &owner.post("/systems", &json!({"name": "", "boundary": ""})).await,
        StatusCode::UNPROCESSABLE_ENTITY,
        "name",
    );
    let retired =
        owner.from(&changed, Method::POST, &format!("{path}/retirement"), &json!({"reason": "Sold"})).await;
    assert!(made(&retired, StatusCode::OK)["retired_at"].is_string());
    let versions = parse(&owner.get(&format!("{path}/versions")).await)["items"].clone();
    let said = |at: usize| (versions[at]["system"]["name"].clone(), versions[at]["reason"].clone());
    assert_eq!((said(0), said(1)), ((json!("Payroll"), json!("")), (json!("Payroll SaaS"), json!(""))));
    assert_eq!(said(2), (json!("Payroll SaaS"), json!("Sold")));
    let first = versions[0]["since"].as_str().expect("a moment");
    let then = parse(&owner.get(&format!("{path}/versions?as_of={first}")).await)["items"].clone();
    assert_eq!((then.as_array().map(Vec::len), &then[0]), (Some(1), &versions[0]));
    let (mut admin, _) = server.member("Ada", &[Role::Admin]).await;
    let page = admin.get(&path).await;
    for says in
        ["Called <strong>Payroll SaaS</strong>", "What lies within: The service", "Retired</div>", "Sold"]
    {
        assert!(page.text().contains(says), "{says}: {}", page.text());
    }
    let on = async |admin: &mut crate::members::Browser, day: &str| {
        let page = admin.get(&format!("{path}?at={day}")).await.text().to_owned();
        page.split_once("id=\"then\"").map(|(_, then)| then.to_owned()).unwrap_or(page)
    };
    let today = on(&mut admin, &server.app.now().date()).await;
    for says in ["Retired", "Called <strong>Payroll SaaS</strong>", "What lies within: The service", "Sold"] {
        assert!(today.contains(says), "{says}: {today}");
    }
    assert!(on(&mut admin, "2020-01-01").await.contains("No version that is kept held by then"));

    // A program writes none away.
    let mut program = Caller::program(&server, "Peter", Role::Owner, None).await;
    let second = parse(&owner.get("/systems").await)["items"][0]["id"].as_str().expect("an id").to_owned();
    let seen = program.get(&format!("/systems/{second}")).await;
    let retired = program
        .from(&seen, Method::POST, &format!("/systems/{second}/retirement"), &json!({"reason": "x"}))
        .await;
    assert!(!retired.status.is_success(), "{}", retired.text());
}
