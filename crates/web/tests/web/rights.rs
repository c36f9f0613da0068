//! Lists of access, conflicts of duties and reviews of access on both sides of an examination.

use axum::http::StatusCode;

use crate::examination::{auditor, company, owner};
use crate::members::{Browser, Server, hidden};
use tickmark_core::identity::Role;

/// People of one list: three bakers, of whom two may deploy, and two others of one manager.
const LIST: &str = "ada,deploy,human,1,active,Lin Boss,Baker,Ada Loaf\n\
    ben,deploy,human,1,active,Lin Boss,Baker,Ben Oven\n\
    cia,wiki,human,3,active,Zoe Boss,Porter,Cia Gate\n\
    dan,wiki,human,3,active,Zoe Boss,Cook,Dan Pot\n\
    eli,wiki,human,3,active,Lin Boss,Baker,Eli Bun\n\
    bob,wiki,human,3,active,,,\n";

/// Hands a list in.
async fn hand_in(cam: &mut Browser, system: &str, rows: &str) {
    let count = rows.lines().count().to_string();
    let fields = [
        ("system", system),
        ("accounts", count.as_str()),
        ("exclusions", ""),
        ("source", "Console"),
        ("query", "all members with their roles"),
        ("parameters", ""),
        ("time_zone", "UTC"),
        ("run_on", "2026-11-24"),
        ("rows", count.as_str()),
        ("control_total", ""),
        ("completeness", ""),
        ("accuracy", ""),
        ("dates", "iso"),
    ];
    let list = format!("account,entitlement,kind,tier,status,manager,job,person\n{rows}");
    let new = "/access/new";
    let made = cam.upload(new, new, &fields, &[("members.csv", list.as_bytes())]).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.text());
}

/// A list, a matrix, and a review that is open.
async fn fill(server: &Server, cam: &mut Browser) {
    hand_in(cam, "Cloud", LIST).await;
    let (_, cora) = server.member("Cora", &[Role::ControlOwner]).await;
    let (_, eva) = server.member("Eva", &[Role::Executive]).await;
    let mut ids = Vec::new();
    for account in [cora, eva] {
        let member = server.world.find_member(&server.app, &server.program, &account.email).await;
        ids.push(member.actor.to_string());
    }
    let adopted = cam.send("/segregation", "/segregation/adopt", &[]).await;
    assert_eq!(adopted.status, StatusCode::SEE_OTHER, "{}", adopted.text());
    let scope = [
        ("title", "Production access"),
        ("systems", "Cloud"),
        ("owner", ids[0].as_str()),
        ("tiers", "1"),
        ("tiers", "3"),
        ("stand_in", ids[0].as_str()),
        ("second_stand_in", ids[1].as_str()),
        ("due", "2026-12-10"),
        ("unanswered", "revoke"),
        ("control", ""),
    ];
    let new = "/access-reviews/new";
    let begun = cam.send(new, new, &scope).await;
    assert_eq!(begun.status, StatusCode::SEE_OTHER, "{}", begun.text());
    for step in ["confirm", "freeze", "open"] {
        let taken = cam.send("/access-reviews/1", &format!("/access-reviews/1/{step}"), &[]).await;
        assert_eq!(taken.status, StatusCode::SEE_OTHER, "{}", taken.text());
    }
}

#[tokio::test]
async fn an_auditor_reads_what_management_works_with_and_changes_nothing() {
    let server = Server::start().await;
    let mut owner = owner(&server).await;
    let mut cam = company(&server).await;
    fill(&server, &mut cam).await;
    let mut audrey = auditor(&server, &mut owner, "Audrey").await;
    let home = "/engagements/1/evidence";
    assert!(audrey.get(home).await.text().contains("/engagements/1/evidence/access"));
    let page = audrey.get(&format!("{home}/access")).await;
    for text in ["Production access", "Cloud", "AL-1", "Look for conflicts of duties"] {
        assert!(page.text().contains(text), "{text}: {}", page.text());
    }
    let list = audrey.get(&format!("{home}/access/1")).await;
    assert!(list.text().contains("deploy") && list.text().contains("not shown"), "{}", list.text());
    for roster in ["Lin Boss", "Baker"] {
        assert!(!list.text().contains(roster), "{roster}");
    }
    let duties = audrey.get(&format!("{home}/duties")).await;
    assert!(duties.text().contains("Could not be seen"), "{}", duties.text());
    assert!(!duties.text().contains("/segregation/") && !duties.text().contains("href=\"/access"));
    let past = audrey.get(&format!("{home}/duties?at=2026-11-10")).await;
    assert!(past.text().contains("Nobody had decided which duties conflict"), "{}", past.text());
    let review = audrey.get(&format!("{home}/reviews/1?item=1")).await;
    for text in [
        "Production access",
        "Item 1",
        "Kinds of accounts",
        "no answer",
        "1 of 2 others of the same job has it",
        "No review of Cloud was signed off before",
    ] {
        assert!(review.text().contains(text), "{text}: {}", review.text());
    }
    // Whom the roster puts together stands there for management alone.
    assert!(!review.text().contains("(baker)") && !review.text().contains("Ben Oven"), "{}", review.text());
    let own = cam.get("/access-reviews/1?item=1").await;
    assert!(own.text().contains("(baker)") && own.text().contains("Ben Oven"), "{}", own.text());
    let lone = cam.get("/access-reviews/1?item=3").await;
    assert!(lone.text().contains("Nobody else in the lists has the same job."), "{}", lone.text());
    assert!(cam.get("/access-reviews/1?flag=unlike").await.text().contains("Peers have it not"));
    assert!(!review.text().contains("/access-reviews/"), "{}", review.text());
    let csv = audrey.get(&format!("{home}/reviews/1/pack/csv")).await;
    assert!(csv.status == StatusCode::OK && csv.text().starts_with("Item,System"), "{}", csv.text());
    let zip = audrey.get(&format!("{home}/reviews/1/pack/zip")).await;
    assert_eq!((zip.status, zip.header("content-type")), (StatusCode::OK, "application/zip"));
    for path in ["access/9", "reviews/9", "reviews/1/pack/pdf"] {
        let answer = audrey.get(&format!("{home}/{path}")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
    for path in ["/access", "/access/1", "/segregation", "/access-reviews/1", "/access-reviews/1/pack/csv"] {
        assert_eq!(audrey.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    // Management has pages of its own, and sees who looked.
    assert_eq!(cam.get(&format!("{home}/access")).await.status, StatusCode::NOT_FOUND);
    for (event, object) in [
        ("evidence.viewed", "access_list"),
        ("evidence.viewed", "segregation_matrix"),
        ("evidence.viewed", "access_review"),
        ("evidence.downloaded", "access_review"),
    ] {
        let trail = cam.get(&format!("/audit-trail?event={event}")).await;
        assert!(trail.text().contains(object), "{event} {object}: {}", trail.text());
    }
}

#[tokio::test]
async fn management_says_where_a_list_belongs_looks_back_and_takes_the_whole_record() {
    let server = Server::start().await;
    let mut cam = company(&server).await;
    fill(&server, &mut cam).await;
    let page = cam.get("/access/1").await;
    assert!(page.text().contains("Nobody has said it of Cloud"), "{}", page.text());
    let mark = "name=\"systems\" value=\"";
    let at = page.text().find(mark).expect("a system") + mark.len();
    let id = page.text()[at..at + 36].to_owned();
    let placed = cam.send("/access/1", "/access/1/place", &[("systems", id.as_str())]).await;
    assert_eq!(placed.status, StatusCode::SEE_OTHER, "{}", placed.text());
    assert!(cam.get("/access/1").await.text().contains("Cloud belongs to "));
    let wrong = cam.send("/access/1", "/access/1/place", &[("systems", "x")]).await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
    let filtered = cam.get("/access/1?tier=3").await;
    assert!(filtered.text().contains("wiki") && filtered.text().contains("action=\"/access/1\""));

    assert!(cam.get("/segregation?at=2026-11-10").await.text().contains("On that day there was no matrix"));
    assert!(cam.get("/segregation").await.text().contains("As it was at the end of"));
    let list = cam.get("/access-reviews").await;
    assert!(list.text().contains("no review of them is signed off"), "{}", list.text());
    let zip = cam.get("/access-reviews/1/pack/zip").await;
    assert_eq!((zip.status, zip.header("content-type")), (StatusCode::OK, "application/zip"));
    // What was refused about an item is said beside its field, with the item still in sight.
    let page = cam.get("/access-reviews/1?item=3").await;
    let people = page.text().split_once("name=\"to\"").expect("people").1;
    let person = people.split_once("<option value=\"").expect("a person").1[..36].to_owned();
    let seat = hidden(page.text(), "seat").to_owned();
    let bare = [("item", "3"), ("seat", seat.as_str()), ("to", person.as_str()), ("reason", " ")];
    let refused = cam.send("/access-reviews/1?item=3", "/access-reviews/1/reassign", &bare).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text());
    assert!(refused.text().contains("id=\"reason-fault\">Item 3: say why"), "{}", refused.text());
    assert!(refused.text().contains(&format!("value=\"{person}\" selected")), "{}", refused.text());
    let (mut emil, _) = server.member("Emil", &[Role::Employee]).await;
    let token = hidden(emil.get("/account").await.text(), "form").to_owned();
    let theirs = emil.post("/access/1/place", &token, &[("systems", id.as_str())]).await;
    assert_eq!(theirs.status, StatusCode::NOT_FOUND);
}
