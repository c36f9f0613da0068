//! The search over everything through HTTP: grouped, ranked, within what somebody may see; the palette's answers; the keys.

use axum::http::StatusCode;
use tickmark_app::control;
use tickmark_core::catalog::Catalog;
use tickmark_core::identity::Role;

use crate::members::Server;

async fn server() -> Server {
    let server = Server::start().await;
    let catalog = Catalog::builtin();
    server
        .app
        .transact(&server.program, async |cx| control::adopt_starters(cx, &catalog).await)
        .await
        .expect("adopted");
    server
}

#[tokio::test]
async fn everything_is_found_by_the_beginnings_of_its_words_as_far_as_somebody_may_see_it() {
    let server = server().await;
    let (mut mia, _) = server.member("Mia", &[Role::ComplianceManager]).await;
    let (mut eve, _) = server.member("Eve", &[Role::Employee]).await;
    let fields = [
        ("once", "one"),
        ("title", "Tape inventory <b>"),
        ("kind", "export"),
        ("source", "Vault"),
        ("method", "exported"),
        ("steps", ""),
        ("collected_by", ""),
        ("collected_on", ""),
        ("covers_from", ""),
        ("covers_to", ""),
        ("sensitivity", "internal"),
        ("retention", "evidence"),
        ("redaction", ""),
        ("then", ""),
    ];
    let page = "/evidence/items/new";
    let made = eve.upload(page, page, &fields, &[("tapes.txt", b"three tapes")]).await;
    assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.text());

    let found = mia.get("/search?q=tap+inv").await;
    assert!(
        found.text().contains("/evidence/items/1") && found.text().contains("Tape inventory &lt;b&gt;"),
        "{}",
        found.text()
    );
    let by_file = mia.get("/search?q=tapes.txt").await;
    assert!(by_file.text().contains("/evidence/items/1"), "files and sources are words too");
    let named = mia.get("/search?q=IAM-01").await;
    let text = named.text();
    assert!(text.contains("href=\"/controls/IAM-01\""), "{text}");
    let criterion = mia.get("/search?q=cc6.1").await;
    let text = criterion.text();
    let place = |mark: &str| text.find(mark).unwrap_or_else(|| panic!("no {mark}: {text}"));
    assert!(
        place("href=\"/criteria/CC6.1\"") < place("aria-label=\"Controls\""),
        "what is named exactly comes first"
    );
    let people = mia.get("/search?q=eve").await;
    assert!(people.text().contains("/people/") && people.text().contains("eve@example.com"));
    let more = mia.get("/search?q=access").await;
    assert!(more.text().contains("href=\"/controls?q=access\""), "{}", more.text());
    let none = mia.get("/search?q=%3Cscript%3Ezzz").await;
    assert!(none.text().contains("Nothing has all of these words") && !none.text().contains("<script>zzz"));
    for odd in ["", "%20", "%25", "%27%27", "%00", &"a".repeat(5000)] {
        assert_eq!(mia.get(&format!("/search?q={odd}")).await.status, StatusCode::OK, "{odd}");
    }

    // An employee finds what is theirs, and nothing of what they may not open.
    let own = eve.get("/search?q=tape").await;
    assert!(own.text().contains("/evidence/items/1"));
    for hidden in ["IAM-01", "mia", "backup"] {
        let page = eve.get(&format!("/search?q={hidden}")).await;
        for list in ["/controls/", "/people/", "/checks/", "/targets/"] {
            assert!(!page.text().contains(&format!("primary\" href=\"{list}")), "{hidden}: {}", page.text());
        }
    }
    assert_eq!(server.browser().get("/search?q=a").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn the_palette_gets_pages_and_records_as_json() {
    let server = server().await;
    let (mut mia, _) = server.member("Mia", &[Role::ComplianceManager]).await;
    let (mut eve, _) = server.member("Eve", &[Role::Employee]).await;
    let answer = mia.get("/search.json?q=contr").await;
    assert!(answer.header("content-type").starts_with("application/json"));
    let json: serde_json::Value = serde_json::from_str(answer.text()).expect("JSON");
    let groups = json["groups"].as_array().expect("groups");
    assert_eq!(groups[0]["title"], "Pages");
    assert_eq!(groups[0]["results"][0]["href"], "/controls");
    assert!(
        groups.len() > 1
            && groups.iter().all(|group| group["results"].as_array().is_some_and(|all| all.len() <= 25))
    );
    assert_eq!(json["more"], "/search?q=contr");
    let all: serde_json::Value = serde_json::from_str(mia.get("/search.json").await.text()).expect("JSON");
    assert_eq!(all["groups"].as_array().map(Vec::len), Some(1), "without words, the pages");
    let theirs = eve.get("/search.json?q=contr").await;
    assert!(!theirs.text().contains("\"/controls"), "{}", theirs.text());

    let page = mia.get("/work").await;
    assert!(page.text().contains("href=\"/search\" data-palette") && page.text().contains("/assets/keys."));
    assert!(page.header("content-security-policy").contains("connect-src 'self'"));
    let keys = eve.get("/shortcuts").await;
    assert!(keys.text().contains("id=\"shortcuts\"") && keys.text().contains("data-keys-switch"));
}
