//! Populations through HTTP: defined, handed in with a mapping, checked, frozen, sampled, tested, concluded.

use axum::http::StatusCode;
use tickmark_app::control;
use tickmark_core::catalog::Catalog;
use tickmark_core::identity::Role;

use crate::members::{Browser, Server, hidden};

const DEFINE: [(&str, &str); 7] = [
    ("control", "CHG-02"),
    ("title", "Deployments <b>"),
    ("trigger", "a deployment to production"),
    ("from", "2026-01-01"),
    ("to", "2026-06-30"),
    ("time_zone", "Europe/Berlin"),
    ("attributes", "approved: approved before deployment: no approval"),
];
const ORIGIN: [(&str, &str); 9] = [
    ("source", "pipeline"),
    ("query", "all deployments"),
    ("parameters", ""),
    ("time_zone", "Europe/Berlin"),
    ("run_on", "2026-07-02"),
    ("rows", "4"),
    ("control_total", ""),
    ("completeness", ""),
    ("accuracy", ""),
];
const LIST: &[u8] =
    b"Change;Deployed;Service\nC-1;01/01/2026;api\nC-2;30/06/2026 23:30;api\nC-3;03/02/2026;web\nC-5;04/02/2026;web\n";

async fn started() -> Server {
    let server = Server::start().await;
    let catalog = Catalog::builtin();
    let adopted =
        server.app.transact(&server.program, async |cx| control::adopt_starters(cx, &catalog).await).await;
    adopted.expect("adopted");
    server
}

async fn went(browser: &mut Browser, page: &str, to: &str, fields: &[(&str, &str)]) -> String {
    let sent = browser.send(page, to, fields).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{to}: {}", sent.text());
    sent.header("location").to_owned()
}

/// Hands the list in by columns that are chosen after the first rows were shown.
async fn hand_in(cam: &mut Browser) {
    let path = "/populations/1/list";
    let mut fields = ORIGIN.to_vec();
    fields.extend([("mapping", ""), ("then", "look")]);
    let look = cam.upload(path, path, &fields, &[("changes.csv", LIST)]).await;
    assert_eq!(look.status, StatusCode::OK, "{}", look.text());
    assert!(look.text().contains("4 rows in changes.csv") && look.text().contains("30/06/2026 23:30"));
    // Its columns have no usual names, so those that are chosen below count.
    assert!(look.text().contains("<option value=\"columns\" selected>"), "{}", look.text());
    let kept = hidden(look.text(), "staged").to_owned();
    let mut fields = ORIGIN.to_vec();
    fields.extend([
        ("staged", kept.as_str()),
        ("keep_staged", "0"),
        ("mapping", "columns"),
        ("column_key", "Change"),
        ("column_occurred_at", "Deployed"),
        ("column_note", ""),
        ("column_stratum", "Service"),
        ("column_amount", ""),
        ("column_attribute_0", ""),
        ("dates", "iso"),
        ("save_as", "pipeline"),
        ("then", "import"),
    ]);
    let ambiguous = cam.upload(path, path, &fields, &[]).await;
    assert_eq!(ambiguous.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", ambiguous.text());
    let says = "may be 2026-02-03 or 2026-03-02";
    assert!(ambiguous.text().contains(says) && ambiguous.text().contains("id=\"files-fault\""));
    let kept = hidden(ambiguous.text(), "staged").to_owned();
    let fields: Vec<(&str, &str)> = fields
        .into_iter()
        .map(|(name, value)| match name {
            "staged" => (name, kept.as_str()),
            "dates" => (name, "day_first"),
            _ => (name, value),
        })
        .collect();
    let done = cam.upload(path, path, &fields, &[]).await;
    assert_eq!(
        (done.status, done.header("location")),
        (StatusCode::SEE_OTHER, "/populations/1"),
        "{}",
        done.text()
    );
}

#[tokio::test]
async fn a_population_goes_from_its_definition_to_what_its_sample_says() {
    let server = started().await;
    let (mut cam, _) = server.member("Cam", &[Role::ComplianceManager]).await;
    assert!(cam.get("/populations").await.text().contains("Define the first"));
    let new = "/populations/new?control=CHG-02";
    let mut bad = DEFINE.to_vec();
    bad[6].1 = "approved";
    let refused = cam.send(new, "/populations/new", &bad).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        refused.text().contains("is not of the form name")
            && refused.text().contains("Deployments &lt;b&gt;")
    );
    assert_eq!(went(&mut cam, new, "/populations/new", &DEFINE).await, "/populations/1");
    hand_in(&mut cam).await;
    let page = cam.get("/populations/1").await;
    for part in
        ["C-2", "Europe/Berlin", "Its completeness is not checked", "api: 2", "href=\"/controls/CHG-02\""]
    {
        assert!(page.text().contains(part), "{part}: {}", page.text());
    }
    assert!(cam.get("/populations/mappings").await.text().contains("pipeline"));
    assert!(cam.get("/controls/CHG-02").await.text().contains("href=\"/populations/1\""));

    // Nobody looked, then somebody did and something differs, then it is explained.
    let freeze = "/populations/1/freeze";
    assert!(cam.get(freeze).await.text().contains("It cannot be frozen yet"));
    let checks = "/populations/1/checks";
    let odd = cam
        .send(
            checks,
            checks,
            &[("procedure", "source_count"), ("source_count_source", "x"), ("source_count_counted", "")],
        )
        .await;
    assert_eq!(odd.status, StatusCode::UNPROCESSABLE_ENTITY);
    let says = "id=\"source_count_counted-fault\">Say a whole number";
    assert!(odd.text().contains(says), "{}", odd.text());
    went(
        &mut cam,
        checks,
        checks,
        &[("procedure", "sequence"), ("sequence_first", ""), ("sequence_last", "")],
    )
    .await;
    let page = cam.get(checks).await;
    assert!(page.text().contains("C-4 is missing") && page.text().contains("Explain it"), "{}", page.text());
    let refused = cam.upload(checks, freeze, &[], &[]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text());
    let explained =
        [("procedure", "explained"), ("explained_check", "1"), ("explained_text", "C-4 was cancelled")];
    went(&mut cam, checks, checks, &explained).await;
    let frozen = cam.upload(freeze, freeze, &[], &[]).await;
    assert_eq!(frozen.status, StatusCode::SEE_OTHER, "{}", frozen.text());

    // A sample in proportion to the parts, tested, with what follows.
    let draw = "/populations/1/samples/new";
    let fields = [
        ("method", "stratified"),
        ("by", "size"),
        ("size", "2"),
        ("risk", ""),
        ("tolerable", ""),
        ("expected", ""),
        ("level", "default"),
        ("seed", "agreed"),
        ("extension", "3"),
        ("picks", ""),
        ("reason", ""),
    ];
    let sample = went(&mut cam, draw, draw, &fields).await;
    assert_eq!(sample, "/populations/1/samples/1");
    let page = cam.get(&sample).await;
    assert!(
        page.text().contains("Part api") && page.text().contains("Nothing follows before"),
        "{}",
        page.text()
    );
    server.world.wait(60);
    let results = "/populations/1/results?sample=1";
    let page = cam.get(results).await;
    let (first, second) = (hidden(page.text(), "key-0").to_owned(), hidden(page.text(), "key-1").to_owned());
    let found = [
        ("key-0", first.as_str()),
        ("state-0-0", "n"),
        ("note-0", "nobody approved it"),
        ("key-1", second.as_str()),
        ("state-1-0", "m"),
        ("note-1", ""),
    ];
    assert_eq!(went(&mut cam, results, results, &found).await, sample);
    let page = cam.get(&sample).await;
    assert!(page.text().contains("extend once by 1 to 3"), "{}", page.text());
    assert!(page.text().contains("nobody approved it"));
    let limit = cam.get(&format!("{sample}?risk=10%25&tolerable=10%25")).await;
    assert!(limit.text().contains("does not support reliance"), "{}", limit.text());
    let replace = [("replaced", second.as_str()), ("absence", "void"), ("why", "rolled back before it ran")];
    went(&mut cam, &sample, &format!("{sample}/replace"), &replace).await;
    went(&mut cam, &sample, &format!("{sample}/extend"), &[("isolated", "the approver was ill")]).await;
    let page = cam.get(&sample).await;
    assert!(
        page.text().contains("the approver was ill") && page.text().contains("rolled back"),
        "{}",
        page.text()
    );
    let list = cam.get("/populations?state=frozen").await;
    assert!(list.text().contains("Deployments &lt;b&gt;") && list.text().contains("results?show=deviating"));
    assert!(cam.get("/populations/1/results?show=deviating").await.text().contains(&first));
}

#[tokio::test]
async fn nothing_is_confirmed_with_evidence_and_a_register_is_read_in_place_of_a_list() {
    let server = started().await;
    let (mut cam, _) = server.member("Cam", &[Role::ComplianceManager]).await;
    for _ in 0..2 {
        went(&mut cam, "/populations/new", "/populations/new", &DEFINE).await;
    }
    let freeze = "/populations/1/freeze";
    let bare = cam.upload(freeze, freeze, &[], &[]).await;
    assert_eq!(bare.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(bare.text().contains("Choose what shows that nothing happened"), "{}", bare.text());
    let shown = cam.upload(freeze, freeze, &[], &[("empty.csv", b"key\n")]).await;
    assert_eq!(shown.status, StatusCode::SEE_OTHER, "{}", shown.text());
    assert!(cam.get("/populations/1").await.text().contains("Evidence of zero"));
    let to = "/populations/2/register?register=control-texts";
    went(&mut cam, "/populations/2", to, &[]).await;
    let page = cam.get("/populations/2").await;
    assert!(page.text().contains("all versions of the texts of all controls"), "{}", page.text());

    // Whoever may not set up tests does not; whoever sees no control sees none of it.
    let (mut eve, _) = server.member("Eve", &[Role::Employee]).await;
    for path in ["/populations", "/populations/1", "/populations/new", "/populations/1/file"] {
        assert_eq!(eve.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(cam.get("/populations/9").await.status, StatusCode::NOT_FOUND);
    assert_eq!(cam.get("/populations/2/file").await.status, StatusCode::OK);
}
