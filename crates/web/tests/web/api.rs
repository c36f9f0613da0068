//! The API: every operation answers as its document says.

use std::collections::BTreeMap;
use std::path::Path;

use axum::http::StatusCode;
use serde_json::Value;
use tickmark_core::catalog::Catalog;
use tickmark_core::identity::Role;
use tickmark_evaluate::Library;
use tickmark_web::api::{BASE, document, operations};

use crate::host::collect;
use crate::members::{Browser, Server};
use crate::schema::misfits;

async fn server() -> (Server, Browser) {
    let server = Server::start().await;
    let library = Library::builtin().unwrap_or_else(|errors| panic!("{errors:#?}"));
    let catalog = Catalog::builtin();
    server
        .app
        .transact(&server.program, async |cx| tickmark_app::control::adopt_starters(cx, &catalog).await)
        .await
        .expect("adopted");
    collect(&server.app, &server.program, &library).await;
    let (browser, _) = server.member("Cam", &[Role::ComplianceManager]).await;
    (server, browser)
}

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[tokio::test]
async fn every_operation_is_called_and_answers_as_it_is_described() {
    let (server, mut browser) = server().await;
    let reference = crate::caller::fill(&server).await;
    let document = document();
    let (mut owner, _) = server.member("Oda", &[Role::Owner]).await;
    let (_examined, mut examiner, diagram) = crate::api_examination::examined().await;
    let (_granted, mut granter) = crate::distribution::granted().await;
    std::fs::create_dir_all(server.app.folder().out()).expect("a folder");
    std::fs::write(server.app.folder().out().join("readiness.pdf"), "a,b\n1,2\n").expect("written");
    let (mut called, mut empty) = (BTreeMap::new(), Vec::new());
    for operation in operations() {
        let path = format!("{BASE}{}", operation.path);
        let described = &document["paths"][&path]["get"];
        assert_eq!(described["operationId"], operation.id);
        let of_answer = &described["responses"]["200"]["content"]["application/json"]["schema"];
        let address = match operation.id {
            "getEvidence" => {
                let list = browser.get(&format!("{BASE}/evidence?limit=1")).await;
                let digest = parse(list.text())["items"][0]["digest"].as_str().expect("a digest").to_owned();
                format!("{BASE}/evidence/{digest}")
            }
            "getCheck" => {
                let list = browser.get(&format!("{BASE}/checks?limit=1")).await;
                format!("{BASE}/checks/{}", parse(list.text())["items"][0]["id"].as_str().expect("an id"))
            }
            "getCorrection" => format!("{BASE}/findings/{reference}/correction"),
            "listCorrectionVersions" => format!("{BASE}/findings/{reference}/correction/versions"),
            "search" => format!("{BASE}/search?words=access"),
            // One that has a test by a check.
            "listTolerances" => format!("{BASE}/controls/IAM-08/tolerances"),
            // One that is in force, performed and answered about.
            "listAnswers" | "listPerformances" | "listWindows" => {
                format!("{BASE}{}", operation.path.replace("{id}", "ACC-01"))
            }
            "getMember" => {
                let list = browser.get(&format!("{BASE}/members?limit=1")).await;
                let one = parse(list.text())["items"][0]["membership"].as_str().expect("an id").to_owned();
                format!("{BASE}/members/{one}")
            }
            "getSystem" | "listSystemVersions" => {
                let list = browser.get(&format!("{BASE}/systems?limit=1")).await;
                let one = parse(list.text())["items"][0]["id"].as_str().expect("an id").to_owned();
                format!("{BASE}{}", operation.path.replace("{system}", &one))
            }
            "getIdentityProvider" | "listIdentityProviderVersions" => {
                let list = browser.get(&format!("{BASE}/identity-providers?limit=1")).await;
                let one = parse(list.text())["items"][0]["id"].as_str().expect("an id").to_owned();
                format!("{BASE}{}", operation.path.replace("{provider}", &one))
            }
            "getLedgerCheckpoint" => {
                let head = parse(browser.get(&format!("{BASE}/ledger")).await.text());
                format!("{BASE}/ledger/checkpoints/{}", head["size"])
            }
            "getDiagram" => format!("{BASE}{diagram}/picture"),
            "getDocument" => format!("{BASE}/engagements/1/documents/assertion/pdf"),
            "askDutyConflict" => format!("{BASE}/duty-question?person=ada&system=Cloud&right=deploy"),
            _ => format!("{BASE}{}", operation.example),
        };
        let browser = match operation.id {
            // What waits for a second owner, and the tokens of everybody, are seen by owners.
            "listRoleProposals" | "listTokens" => &mut owner,
            // What there is of an examination once there are auditors, and once there are readers.
            "listWorkpapers" | "getWorkpaper" | "listWalkthroughs" | "getWalkthrough" | "listDiagrams"
            | "getDiagram" | "listAuditors" => &mut examiner,
            "listGrantVersions" | "listCopies" | "getManagementPart" | "getOscal" | "getSheet"
            | "getDocument" => &mut granter,
            _ => &mut browser,
        };
        let answer = browser.get(&address).await;
        assert_eq!(answer.status, StatusCode::OK, "{address}: {}", answer.text());
        if operation.is_file {
            assert_eq!(answer.header("content-type"), "application/octet-stream", "{address}");
            let is_kept = ["getEvidenceFile", "getReport"].contains(&operation.id);
            assert!(!answer.bytes.is_empty(), "{address}");
            assert!(!is_kept || answer.text() == "a,b\n1,2\n", "{address}");
            called.insert(operation.id, Value::Null);
            continue;
        }
        assert_eq!(answer.header("content-type"), "application/json", "{address}");
        let value = parse(answer.text());
        let errors = misfits(&document, of_answer, &value);
        assert_eq!(errors, Vec::<String>::new(), "{address}");
        // Letters are written where mail goes out.
        let may_be_empty = operation.id == "listLetters";
        if operation.is_list && !may_be_empty && value["items"].as_array().is_none_or(Vec::is_empty) {
            empty.push(address.clone());
        }
        called.insert(operation.id, value);

        // As it was: nothing is sent again.
        let tag = answer.header("etag").to_owned();
        browser.headers = vec![("if-none-match", tag.clone())];
        let again = browser.get(&address).await;
        assert_eq!((again.status, again.bytes.len()), (StatusCode::NOT_MODIFIED, 0), "{address}");
        browser.headers = vec![("if-none-match", "W/\"other\"".to_owned())];
        assert_eq!(browser.get(&address).await.status, StatusCode::OK);
        browser.headers.clear();

        // A parameter that is not described is refused as a problem.
        let of_problem = &document["components"]["schemas"]["Problem"];
        let mark = if address.contains('?') { '&' } else { '?' };
        let wrong = browser.get(&format!("{address}{mark}nonsense=1")).await;
        assert_eq!(
            (wrong.status, wrong.header("content-type")),
            (StatusCode::BAD_REQUEST, "application/problem+json"),
            "{address}"
        );
        assert_eq!(misfits(&document, of_problem, &parse(wrong.text())), Vec::<String>::new());
    }
    let looked =
        document["paths"].as_object().expect("paths").values().filter(|path| path.get("get").is_some());
    assert_eq!(called.len(), looked.count());
    assert_eq!(empty, Vec::<String>::new(), "nothing of these lists was looked at");
}

#[tokio::test]
async fn lists_are_read_to_their_end_page_by_page() {
    let (_server, mut browser) = server().await;
    for (path, key) in [
        ("/controls", "id"),
        ("/criteria", "id"),
        ("/checks", "id"),
        ("/members", "id"),
        ("/targets", "key"),
        ("/audit-events", "number"),
    ] {
        let whole = parse(browser.get(&format!("{BASE}{path}?limit=200")).await.text());
        let all: Vec<String> =
            whole["items"].as_array().expect("items").iter().map(|item| item[key].to_string()).collect();
        let (mut seen, mut query) = (Vec::new(), "limit=7".to_owned());
        loop {
            let page = parse(browser.get(&format!("{BASE}{path}?{query}")).await.text());
            seen.extend(page["items"].as_array().expect("items").iter().map(|item| item[key].to_string()));
            match page["next"].as_str() {
                Some(next) => query = format!("limit=7&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(seen[..all.len()], all[..], "{path}");
    }
    for query in
        ["limit=0", "limit=201", "limit=-1", "limit=a", "cursor=zz", "cursor=3132", "limit=1&limit=1"]
    {
        let answer = browser.get(&format!("{BASE}/controls?{query}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
    }
    let gaps = parse(browser.get(&format!("{BASE}/controls?status=gap")).await.text());
    assert!(gaps["items"].as_array().expect("items").iter().all(|item| item["status"] == "gap"));
}

#[tokio::test]
async fn what_is_refused_is_a_problem_whatever_the_address() {
    let (server, mut browser) = server().await;
    for path in [
        "/api",
        "/api/",
        "/api/v1",
        "/api/v1/",
        "/api/v1/nothing",
        "/api/v1/controls/",
        "/api/v1/controls/ZZ-1",
        "/api/v1/runs/x",
        "/api/v1/evidence/x",
    ] {
        let answer = browser.get(path).await;
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (StatusCode::NOT_FOUND, "application/problem+json"),
            "{path}"
        );
    }
    let posted = browser.post("/api/v1/controls", "x", &[]).await;
    assert_eq!(posted.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "no form is taken");
    let stranger = server.browser().get("/api/v1/controls").await;
    assert_eq!(stranger.status, StatusCode::UNAUTHORIZED);
    let value = parse(stranger.text());
    assert_eq!(value["request"], stranger.header("x-request-id"));
    assert_eq!(stranger.header("x-content-type-options"), "nosniff");
    let (mut employee, _) = server.member("Eve", &[Role::Employee]).await;
    assert_eq!(employee.get("/api/v1/checks").await.status, StatusCode::NOT_FOUND);
    let own = parse(employee.get("/api/v1/audit-events").await.text());
    let actors: std::collections::BTreeSet<String> =
        own["items"].as_array().expect("items").iter().map(|item| item["actor"].to_string()).collect();
    assert_eq!(actors.len(), 1, "only their own");
}

#[test]
fn the_document_in_the_repository_is_the_one_of_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schema/openapi.json");
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    let how = "cargo run -p tickmark-web --example openapi > docs/schema/openapi.json";
    assert!(kept == format!("{:#}\n", document()), "the document has changed: {how}");
}
