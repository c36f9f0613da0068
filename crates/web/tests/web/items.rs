//! Evidence that people hand in, occurrences, the calendar and their own work, through HTTP.

use axum::body::Body;
use axum::http::{Method, StatusCode};
use bytes::Bytes;
use tickmark_app::control;
use tickmark_core::catalog::{Catalog, Nature};
use tickmark_core::control::{ControlId, Frequency};
use tickmark_core::identity::Role;

use crate::members::{Browser, MULTIPART, Server, multipart, token};

const PNG: &[u8] = b"\x89PNG\r\n\x1A\n\0\0\0\rIHDR\0\0\x02\x80\0\0\x01\xE0\x08\x06\0\0\0";
const NEW: &str = "/evidence/items/new";

/// Adopts the starters and puts a quarterly control in force under somebody.
async fn in_force(server: &Server, email: &str) -> ControlId {
    let catalog = Catalog::builtin();
    let app = &server.app;
    app.transact(&server.program, async |cx| control::adopt_starters(cx, &catalog).await)
        .await
        .expect("adopted");
    let starter = catalog
        .controls
        .iter()
        .find(|c| c.frequency == Frequency::Quarterly && c.nature != Nature::Automated);
    let id: ControlId = starter.expect("one").id.parse().expect("an id");
    let member = server.world.find_member(app, &server.program, email).await;
    let person = server.world.person(app, &server.program).await;
    app.transact(&person, async |cx| control::put_in_force(cx, &id, member.actor).await)
        .await
        .expect("in force");
    id
}

fn value<'a>(page: &'a str, name: &str) -> &'a str {
    let mark = format!("name=\"{name}\" value=\"");
    let rest = page.split_once(&mark).unwrap_or_else(|| panic!("no {name}: {page}")).1;
    &rest[..rest.find('"').expect("an end")]
}

fn fields<'a>(control: &'a str, once: &'a str, then: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("once", once),
        ("title", "Groups <b> of payroll"),
        ("kind", "export"),
        ("source", "Directory"),
        ("method", "exported"),
        ("steps", "list groups"),
        ("collected_by", "Ada"),
        ("collected_on", "2026-11-20"),
        ("covers_from", "2026-10-01"),
        ("covers_to", "2026-11-20"),
        ("sensitivity", "internal"),
        ("retention", "evidence"),
        ("redaction", ""),
        ("control", control),
        ("then", then),
    ]
}

async fn once(browser: &mut Browser) -> String {
    value(browser.get(NEW).await.text(), "once").to_owned()
}

#[tokio::test]
async fn evidence_is_handed_in_returned_mended_and_accepted() {
    let server = Server::start().await;
    let (mut owner, _) = server.member("Oscar", &[Role::ControlOwner]).await;
    let (mut manager, _) = server.member("Mia", &[Role::ComplianceManager]).await;
    let id = in_force(&server, "oscar@example.com").await;
    let control = id.as_str();
    let page = owner.get(&format!("/controls/{control}")).await;
    assert!(page.text().contains(&format!("/evidence/items/new?control={control}")), "{}", page.text());
    assert!(owner.get("/evidence/items").await.text().contains("No evidence handed in yet"));
    let form = owner.get(&format!("{NEW}?control={control}")).await;
    assert!(form.text().contains(&format!("value=\"{control}\" checked")), "the control is chosen");

    let value_of_form = once(&mut owner).await;
    let fields = fields(control, &value_of_form, "submit");
    let files: [(&str, &[u8]); 2] = [("C:\\x\\shot.png", PNG), ("page.html", b"<script>alert(1)</script>")];
    let made = owner.upload(NEW, NEW, &fields, &files).await;
    assert_eq!(
        (made.status, made.header("location")),
        (StatusCode::SEE_OTHER, "/evidence/items/1"),
        "{}",
        made.text()
    );
    let again = owner.upload(NEW, NEW, &fields, &files).await;
    assert_eq!(again.header("location"), "/evidence/items/1", "sent twice, made once");
    let page = owner.get("/evidence/items/1").await;
    for says in
        ["Waiting", "Groups &lt;b&gt; of payroll", "shot.png", "sha256:", "Fresh", "submitted version 1"]
    {
        assert!(page.text().contains(says), "{says}: {}", page.text());
    }
    // What a browser might run is text, in the page and by itself.
    assert!(
        page.text().contains("&lt;script&gt;alert(1)&lt;/script&gt;")
            && !page.text().contains("<script>alert")
    );
    let picture = owner.get("/evidence/items/1/files/1/1").await;
    assert_eq!((picture.header("content-type"), picture.bytes.as_slice()), ("image/png", PNG));
    let html = owner.get("/evidence/items/1/files/1/2").await;
    assert_eq!(html.header("content-type"), "text/plain; charset=utf-8");
    for answer in [&picture, &html] {
        assert!(answer.header("content-security-policy").starts_with("sandbox;"));
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
    }
    // Its author is not offered to accept it, and cannot.
    assert!(!page.text().contains("/accept\""));
    let own = owner
        .post("/evidence/items/1/accept", &token(page.text()), &[("revision", "2"), ("reason", "")])
        .await;
    assert_eq!(own.status, StatusCode::NOT_FOUND);

    let waiting = manager.get("/work").await;
    assert!(
        waiting.text().contains("Waiting for your decision") && waiting.text().contains("/evidence/items/1")
    );
    assert!(waiting.text().contains("class=\"waiting\""), "the count is in the navigation");
    let bare = manager
        .send("/evidence/items/1", "/evidence/items/1/return", &[("revision", "2"), ("reason", "")])
        .await;
    assert_eq!(bare.status, StatusCode::UNPROCESSABLE_ENTITY);
    // Where controls are too many to choose from, somebody types the id.
    let typed = [("revision", "2"), ("control", "NOT-01")];
    let wrong = manager.send("/evidence/items/1", "/evidence/items/1/link", &typed).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text().contains("No control is called"), "{}", wrong.text());
    let reason = [("revision", "2"), ("reason", "Which <groups>?")];
    let back = manager.send("/evidence/items/1", "/evidence/items/1/return", &reason).await;
    assert_eq!(back.status, StatusCode::SEE_OTHER, "{}", back.text());
    let stale = manager
        .send("/evidence/items/1", "/evidence/items/1/accept", &[("revision", "2"), ("reason", "")])
        .await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    assert!(stale.text().contains("Somebody changed it meanwhile"));
    assert!(owner.get("/work").await.text().contains("Returned to you"));
    assert!(owner.get("/evidence/items/1").await.text().contains("Which &lt;groups&gt;?"));

    // A new version says why; the one before stays readable.
    let path = "/evidence/items/1/version";
    let mut version: Vec<(&str, &str)> = fields
        .iter()
        .copied()
        .filter(|(name, _)| !["once", "retention", "control", "then"].contains(name))
        .collect();
    version.extend([("keep", "1"), ("revision", "3"), ("reason", "All groups now")]);
    let revised = owner.upload(path, path, &version, &[("all.csv", b"group\npayroll\n")]).await;
    assert_eq!(revised.status, StatusCode::SEE_OTHER, "{}", revised.text());
    let clash = owner.upload(path, path, &version, &[("other.csv", b"group\nother\n")]).await;
    assert_eq!(clash.status, StatusCode::CONFLICT);
    assert!(
        clash.text().contains("made version 2") && clash.text().contains("All groups now"),
        "{}",
        clash.text()
    );
    assert!(owner.get("/evidence/items/1?version=1").await.text().contains("another one took the place of"));
    let submitted = owner.send("/evidence/items/1", "/evidence/items/1/submit", &[("revision", "4")]).await;
    assert_eq!(submitted.status, StatusCode::SEE_OTHER, "{}", submitted.text());
    let accepted = manager
        .send("/evidence/items/1", "/evidence/items/1/accept", &[("revision", "5"), ("reason", "")])
        .await;
    assert_eq!(accepted.status, StatusCode::SEE_OTHER, "{}", accepted.text());
    for (query, is_there) in [
        ("state=accepted", true),
        ("state=draft", false),
        ("freshness=fresh", true),
        ("q=all.csv", true),
        ("sensitivity=public", false),
    ] {
        let list = manager.get(&format!("/evidence/items?{query}")).await;
        assert_eq!(list.text().contains("/evidence/items/1\""), is_there, "{query}");
    }
    assert!(
        manager.get(&format!("/controls/{control}")).await.text().contains("Groups &lt;b&gt; of payroll")
    );
    // Taking it away needs a fresh proof of who one is.
    let taken = manager.get("/evidence/items/1/files/2/2/download").await;
    assert_eq!((taken.status, taken.text()), (StatusCode::OK, "group\npayroll\n"));
    assert!(taken.header("content-disposition").starts_with("attachment;"));
    server.world.wait(601);
    let stale = manager.get("/evidence/items/1/files/2/2/download").await;
    assert!(stale.header("location").starts_with("/step-up"));
}

#[tokio::test]
async fn an_upload_is_taken_whole_or_not_at_all() {
    let server = Server::start().await;
    let (mut owner, _) = server.member("Oscar", &[Role::ControlOwner]).await;
    let id = in_force(&server, "oscar@example.com").await;
    let once = once(&mut owner).await;
    let fields = fields(id.as_str(), &once, "draft");
    let huge = vec![b'a'; (32 << 20) + 1];
    let cases: [(&str, &[u8], &str); 5] = [
        ("scan.png", b"%PDF-1.7\n", "says it is a PNG picture"),
        ("tool.exe", b"MZ\x90\0", "is a program"),
        ("bomb.zip", b"PK\x03\x04\0\0", "is an archive"),
        ("odd.bin", b"\0\x01", "no ending that is known"),
        ("big.txt", &huge, "is larger than 32 MB"),
    ];
    for (name, bytes, says) in cases {
        let answer = owner.upload(NEW, NEW, &fields, &[("good.txt", b"x"), (name, bytes)]).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}");
        assert!(answer.text().contains(says), "{name}: {}", answer.text());
        assert!(answer.text().contains("id=\"files-fault\""), "{name}: {}", answer.text());
        assert!(answer.text().contains("Groups &lt;b&gt; of payroll"), "what was typed is still there");
    }
    let many: Vec<(String, Vec<u8>)> = (0..21).map(|at| (format!("{at}.txt"), b"x".to_vec())).collect();
    let many: Vec<(&str, &[u8])> =
        many.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    let answer = owner.upload(NEW, NEW, &fields, &many).await;
    assert!(answer.text().contains("At most 20 files"), "{}", answer.text());
    let none = owner.upload(NEW, NEW, &fields, &[("", b"")]).await;
    assert!(none.text().contains("Choose at least one file"), "an empty field is no file");

    // Cut off in the middle, with a token from elsewhere, without one, with a field that is none of the form's.
    let form = token(owner.get(NEW).await.text());
    let whole = multipart(&form, &fields, &[("good.txt", b"some text")]);
    let (start, _) = whole.split_at(whole.len() - 60);
    let start = Bytes::copy_from_slice(start);
    let broken = futures_util::stream::iter([Ok(start.clone()), Err(std::io::Error::other("gone"))]);
    let answer = owner.bring(Method::POST, NEW, Some(MULTIPART), Body::from_stream(broken)).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    let answer = owner.bring(Method::POST, NEW, Some(MULTIPART), Body::from(start)).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    let forged = multipart("0123", &fields, &[("good.txt", b"x")]);
    let answer = owner.bring(Method::POST, NEW, Some(MULTIPART), Body::from(forged)).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    let mut odd = fields.clone();
    odd.push(("state", "accepted"));
    assert_eq!(owner.upload(NEW, NEW, &odd, &[("good.txt", b"x")]).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(
        owner.ask(Method::POST, NEW, &format!("form={form}&title=x")).await.status,
        StatusCode::BAD_REQUEST
    );
    let mut stranger = server.browser();
    let answer = stranger.bring(Method::POST, NEW, Some(MULTIPART), Body::from(whole.clone())).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert!(
        owner.get("/evidence/items").await.text().contains("No evidence handed in yet"),
        "nothing was kept"
    );
    // The whole of it is fine.
    let answer = owner.bring(Method::POST, NEW, Some(MULTIPART), Body::from(whole)).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
    assert!(owner.get("/evidence/items/1").await.text().contains("A draft"));
}

#[tokio::test]
async fn a_form_with_files_outlives_its_session() {
    let server = Server::start().await;
    let (mut owner, account) = server.member("Oscar", &[Role::ControlOwner]).await;
    let id = in_force(&server, "oscar@example.com").await;
    let once = once(&mut owner).await;
    let fields = fields(id.as_str(), &once, "draft");
    let file: (&str, &[u8]) = ("groups.csv", b"group\npayroll\n");
    let body = multipart(&token(owner.get(NEW).await.text()), &fields, &[file]);
    server.world.wait(2 * 86_400);
    // Whatever form it is, what was typed and the files are there for whoever was in that session.
    let occurrences = format!("/controls/{id}/occurrences");
    for path in [NEW, "/evidence/items/1/version", &occurrences, "/engagements/1/requests/1/answer"] {
        let out = owner.bring(Method::POST, path, Some(MULTIPART), Body::from(body.clone())).await;
        assert_eq!(out.status, StatusCode::UNAUTHORIZED, "{path}");
        for held in ["You were signed out", "Groups &lt;b&gt; of payroll", "name=\"staged\"", "groups.csv"] {
            assert!(out.text().contains(held), "{path} {held}: {}", out.text());
        }
        assert!(out.text().contains("enctype=\"multipart/form-data\""), "{}", out.text());
    }
    let out = owner.bring(Method::POST, NEW, Some(MULTIPART), Body::from(body.clone())).await;
    let staged = value(out.text(), "staged").to_owned();
    let mut again = fields.clone();
    again.extend([("staged", staged.as_str()), ("keep_staged", "0")]);

    // Somebody else gets nothing by it.
    let (mut other, _) = server.member("Mallory", &[Role::ControlOwner]).await;
    let theirs = other.upload(NEW, NEW, &again, &[]).await;
    assert_eq!(theirs.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(theirs.text().contains("Choose at least one file"), "{}", theirs.text());

    // Signed in again, the same person sends it again and confirms it: the form was made before that.
    server.world.wait(60);
    let code = server.code(&account.seed);
    assert_eq!(owner.sign_in(&account.email, &account.password, &code).await.status, StatusCode::SEE_OTHER);
    let body = multipart("", &again, &[]);
    let asked = owner.bring(Method::POST, NEW, Some(MULTIPART), Body::from(body)).await;
    assert_eq!(asked.status, StatusCode::FORBIDDEN);
    assert!(asked.text().contains("Send it again?") && value(asked.text(), "staged") == staged);
    let body = multipart(&token(asked.text()), &again, &[]);
    let done = owner.bring(Method::POST, NEW, Some(MULTIPART), Body::from(body)).await;
    assert_eq!(done.header("location"), "/evidence/items/1", "{}", done.text());
    assert_eq!(owner.get("/evidence/items/1/files/1/1").await.text(), "group\npayroll\n");
    // It is done: nothing is kept of it any more.
    let spent = owner.upload(NEW, NEW, &again, &[]).await;
    assert!(spent.text().contains("Choose at least one file"), "{}", spent.text());

    // A form of another session of one's own is kept with its files at once.
    let late = multipart("0123", &fields, &[file]);
    let late = owner.bring(Method::POST, NEW, Some(MULTIPART), Body::from(late)).await;
    assert!(late.status == StatusCode::FORBIDDEN && late.text().contains("name=\"staged\""));
    // Of a stranger no file is kept; what they typed stands in the answer.
    let mut stranger = server.browser();
    let body = multipart("0123", &fields, &[file]);
    let out = stranger.bring(Method::POST, NEW, Some(MULTIPART), Body::from(body)).await;
    assert_eq!(out.status, StatusCode::UNAUTHORIZED);
    assert!(out.text().contains("Choose them again") && out.text().contains("Groups &lt;b&gt;"));
    assert!(!out.text().contains("name=\"staged\""), "{}", out.text());
}

#[tokio::test]
async fn a_role_gets_the_pages_the_table_gives_it() {
    let server = Server::start().await;
    let (mut owner, _) = server.member("Oscar", &[Role::ControlOwner]).await;
    let id = in_force(&server, "oscar@example.com").await;
    let (mut employee, _) = server.member("Eve", &[Role::Employee]).await;
    let (mut admin, _) = server.member("Adam", &[Role::Admin]).await;
    let once_value = once(&mut owner).await;
    owner.upload(NEW, NEW, &fields(id.as_str(), &once_value, "draft"), &[("a.txt", b"x")]).await;
    // An employee hands in their own and does not learn of others, nor of controls.
    assert_eq!(employee.get("/").await.header("location"), "/work");
    assert_eq!(employee.get("/evidence/items/1").await.status, StatusCode::NOT_FOUND);
    assert_eq!(employee.get("/evidence/items/1/files/1/1").await.status, StatusCode::NOT_FOUND);
    let form = employee.get(NEW).await;
    assert!(!form.text().contains(id.as_str()), "{}", form.text());
    let occurrences = format!("/controls/{id}/occurrences");
    assert_eq!(employee.get(&occurrences).await.status, StatusCode::NOT_FOUND);
    assert_eq!(employee.get("/calendar").await.status, StatusCode::OK, "of what is theirs");
    let once_value = once(&mut employee).await;
    let own = employee.upload(NEW, NEW, &fields("", &once_value, "submit"), &[("b.txt", b"y")]).await;
    assert_eq!(own.header("location"), "/evidence/items/2", "{}", own.text());
    let page = employee.get("/evidence/items/2").await;
    assert!(!page.text().contains("/download"), "taking away is not theirs");
    assert_eq!(employee.get("/evidence/items/2/files/1/1/download").await.status, StatusCode::NOT_FOUND);
    // Administrators do not read evidence.
    for path in ["/evidence/items", NEW, "/evidence/items/1", "/evidence/items/1/version"] {
        assert_eq!(admin.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert!(!admin.get("/work").await.text().contains("/evidence/items"));
    for odd in [
        "/evidence/items/0",
        "/evidence/items/-1",
        "/evidence/items/x",
        "/evidence/items/99",
        "/evidence/items/1/files/1/7",
        "/evidence/items/1/files/x/1",
    ] {
        assert!(owner.get(odd).await.status.is_client_error(), "{odd}");
    }
}

#[tokio::test]
async fn a_performance_is_recorded_with_what_shows_it() {
    let server = Server::start().await;
    let (mut owner, _) = server.member("Oscar", &[Role::ControlOwner]).await;
    let id = in_force(&server, "oscar@example.com").await;
    let path = format!("/controls/{id}/occurrences");
    let page = owner.get(&path).await;
    assert!(
        page.text().contains("2026-Q4") && page.text().contains("Record a performance"),
        "{}",
        page.text()
    );
    let (once, by) = (value(page.text(), "once").to_owned(), {
        let text = page.text();
        let select = text.split_once("name=\"performed_by\"").expect("a field").1;
        let option = select.split_once("<option value=\"").expect("an option").1;
        option[..option.find('"').expect("an end")].to_owned()
    });
    let base =
        [("once", once.as_str()), ("window", "2026-Q4"), ("performed_by", &by), ("note", "All <well>")];
    let with = |on: &'static str| base.iter().copied().chain([("performed_on", on)]).collect::<Vec<_>>();
    let none = owner.upload(&path, &path, &with("2026-11-24"), &[("", b"")]).await;
    assert!(none.status == StatusCode::UNPROCESSABLE_ENTITY && none.text().contains("Choose a file"));
    let ahead = owner.upload(&path, &path, &with("2026-11-30"), &[("a.txt", b"x")]).await;
    assert!(ahead.text().contains("still ahead") && ahead.text().contains("All &lt;well&gt;"));
    let early = owner.upload(&path, &path, &with("2026-09-01"), &[("a.txt", b"x")]).await;
    assert_eq!(early.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(early.text().contains("id=\"performed_on-fault\""), "{}", early.text());
    assert!(
        owner.get("/evidence/items").await.text().contains("No evidence handed in yet"),
        "refused leaves nothing"
    );
    for _ in 0..2 {
        let done = owner.upload(&path, &path, &with("2026-11-24"), &[("minutes.txt", b"we met")]).await;
        assert_eq!(
            (done.status, done.header("location")),
            (StatusCode::SEE_OTHER, path.as_str()),
            "{}",
            done.text()
        );
    }
    let page = owner.get(&path).await;
    assert!(page.text().contains("Done") && page.text().contains("All &lt;well&gt;"), "{}", page.text());
    let all = server
        .app
        .read(&server.program, async |view| tickmark_app::program::performance::list(view, &id).await)
        .await
        .expect("listed");
    assert_eq!(all.len(), 1, "sent twice, recorded once");
    // Its file is an item that waits to be accepted.
    let items = owner.get("/evidence/items?state=submitted").await;
    assert!(items.text().contains("2026-Q4"), "{}", items.text());
    let calendar = owner.get("/calendar?month=2027-01").await;
    assert!(calendar.text().contains(&format!("/controls/{id}/occurrences")), "due on 15 January");
    assert!(calendar.text().contains("2026-Q4: done"), "{}", calendar.text());
    for odd in [
        "/calendar?month=x",
        "/calendar?owner=x",
        "/calendar?month=2027-01&owner=00000000-0000-0000-0000-000000000000",
    ] {
        assert_eq!(owner.get(odd).await.status, StatusCode::OK, "{odd}");
    }
}
