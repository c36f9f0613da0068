//! Readers of an issued report: what management does on its pages, and what a recipient does who has no account.

use axum::http::StatusCode;
use tickmark_core::identity::Role;

use crate::examination::{self, auditor, owner, pdf};
use crate::letters::{asserted, completed, done, over};
use crate::members::{Browser, Server, hidden};

const HOME: &str = "/engagements/1/grants";

/// The report with its file, and the agreement.
async fn received(cam: &mut Browser) {
    let path = "/engagements/1/received/file";
    let version = hidden(cam.get(path).await.text(), "version").to_owned();
    let fields = [("version", version.as_str()), ("firm", "Example Auditors LLP"), ("day", "2026-12-03")];
    let no_pdf = cam.upload(path, path, &fields, &[("report.pdf", b"words")]).await;
    assert_eq!(no_pdf.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", no_pdf.text());
    let file = pdf("<< /Root 1 0 R >>");
    let taken = cam.upload(path, path, &fields, &[("report.pdf", &file)]).await;
    assert_eq!(taken.status, StatusCode::SEE_OTHER, "{}", taken.text());
}

const RECIPIENT: [(&str, &str); 11] = [
    ("origin", "requested"),
    ("name", "Nora Vale <b>"),
    ("company", "Customer Ltd"),
    ("email", "nora@customer.example"),
    ("relation", "customer"),
    ("serves", ""),
    ("used_from", "2026-01-01"),
    ("used_to", ""),
    ("basis", "contract C-12"),
    ("purpose", "their review of vendors"),
    ("until", "2027-02-01"),
];

/// Enters the recipient and returns the path of their link.
async fn entered(cam: &mut Browser) -> String {
    let path = format!("{HOME}/new");
    let once = hidden(cam.get(&path).await.text(), "once").to_owned();
    let mut fields = RECIPIENT.to_vec();
    fields.extend([("once", once.as_str()), ("documents", "report")]);
    fields[6].1 = "";
    let refused = cam.send(&path, &path, &fields).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        refused.text().contains("Say since when the service is used")
            && refused.text().contains("value=\"Nora Vale &lt;b&gt;\""),
        "{}",
        refused.text()
    );
    fields[6].1 = "2026-01-01";
    fields[3].1 = "nora at customer";
    let refused = cam.send(&path, &path, &fields).await;
    for says in ["id=\"email-fault\">The address of the recipient", "value=\"nora at customer\""] {
        assert!(refused.text().contains(says), "{says}: {}", refused.text());
    }
    fields[3].1 = "nora@customer.example";
    let shown = cam.send(&path, &path, &fields).await;
    assert_eq!(shown.status, StatusCode::OK, "{}", shown.text());
    let at = shown.text().find("/shared/").expect("a link");
    shown.text()[at..at + "/shared/".len() + 64].to_owned()
}

/// A report that was received, with one recipient.
pub(crate) async fn granted() -> (Server, Browser) {
    let server: Server = over().await;
    let (mut cam, _) = server.member("Cem", &[Role::ComplianceManager]).await;
    asserted(&server).await;
    received(&mut cam).await;
    let text = [("title", "Use of the report"), ("text", "I keep it to myself.")];
    done(&mut cam, "/agreements/specified_parties", &text).await;
    entered(&mut cam).await;
    let copy = [("recipient", "Nora Vale"), ("company", "Customer Ltd")];
    let copied = cam.send("/engagements/1/copies", "/engagements/1/copies", &copy).await;
    assert_eq!(copied.status, StatusCode::OK, "{}", copied.text());
    (server, cam)
}

/// Asks for a code, has it told, and shows it.
async fn opened(nora: &mut Browser, link: &str, cam: &mut Browser) {
    let asked = nora.send(link, link, &[("act", "ask")]).await;
    assert_eq!(asked.status, StatusCode::SEE_OTHER, "{}", asked.text());
    let one = format!("{HOME}/1");
    let number = hidden(cam.get(&one).await.text(), "number").to_owned();
    let told = cam.send(&one, &format!("{one}/code"), &[("number", &number)]).await;
    assert_eq!(told.status, StatusCode::OK, "{}", told.text());
    let mark = "<code class=\"key\">";
    let at = told.text().find(mark).expect("a code") + mark.len();
    let code = told.text()[at..at + 11].to_owned();
    let wrong = nora.send(link, link, &[("act", "open"), ("code", "AAAAA-AAAAA")]).await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED, "{}", wrong.text());
    let open = nora.send(link, link, &[("act", "open"), ("code", &code)]).await;
    assert_eq!((open.status, open.header("location")), (StatusCode::SEE_OTHER, link), "{}", open.text());
}

/// A page without the id of its request.
fn without_id(text: &str) -> &str {
    text.split("Request <code>").next().unwrap_or_default()
}

#[tokio::test]
async fn managements_part_goes_with_the_signed_file_once_whoever_takes_it_showed_who_they_are() {
    let server: Server = over().await;
    let (mut cam, _) = server.member("Cem", &[Role::ComplianceManager]).await;
    let part = "/engagements/1/package";
    server.world.wait(601);
    assert_eq!(cam.get(part).await.status, StatusCode::OK, "no signed file goes with it yet");
    let (mut cam, _) = server.member("Cleo", &[Role::ComplianceManager]).await;
    asserted(&server).await;
    received(&mut cam).await;
    assert_eq!(cam.get(part).await.status, StatusCode::OK);
    server.world.wait(601);
    let stale = cam.get(part).await;
    let back = "/step-up?back=/engagements/1/package";
    assert_eq!((stale.status, stale.header("location")), (StatusCode::SEE_OTHER, back), "{}", stale.text());
}

#[tokio::test]
async fn a_recipient_comes_by_a_link_and_takes_a_copy_of_their_own() {
    let server: Server = over().await;
    let (mut cam, _) = server.member("Cem", &[Role::ComplianceManager]).await;
    assert!(cam.get(HOME).await.text().contains("There is no report yet"));
    assert_eq!(cam.get(&format!("{HOME}/new")).await.status, StatusCode::NOT_FOUND);
    asserted(&server).await;
    received(&mut cam).await;
    let agreement = "/agreements/specified_parties";
    assert!(cam.get(agreement).await.text().contains("Nobody has written it"));
    let text = [("title", "Use of the report"), ("text", "I keep it <b>to myself</b>.")];
    done(&mut cam, agreement, &text).await;
    assert!(cam.get(HOME).await.text().contains("Nobody outside has the report from here"));
    let link = entered(&mut cam).await;

    let mut nora = server.browser();
    let page = nora.get(&link).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.text());
    assert!(page.header("content-security-policy").contains("default-src 'none'"));
    assert!(page.text().contains("Ask for a code") && !page.text().contains("Nora Vale"));
    let unknown = nora.get(&format!("/shared/{}", "0".repeat(64))).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    let forged = nora.post(&link, "0", &[("act", "ask")]).await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);
    opened(&mut nora, &link, &mut cam).await;
    let page = nora.get(&link).await;
    assert!(page.text().contains("I keep it &lt;b&gt;to myself&lt;/b&gt;."), "{}", page.text());
    let nameless = nora.send(&link, &link, &[("act", "accept"), ("version", "1"), ("name", " ")]).await;
    assert_eq!(nameless.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", nameless.text());
    let accepted =
        nora.send(&link, &link, &[("act", "accept"), ("version", "1"), ("name", "Nora Vale")]).await;
    assert_eq!(accepted.status, StatusCode::SEE_OTHER, "{}", accepted.text());
    assert!(nora.get(&link).await.text().contains("has to open the report to you, or"));
    let report = format!("{link}/report");
    assert_eq!(nora.get(&report).await.status, StatusCode::NOT_FOUND, "nobody has approved");

    let one = format!("{HOME}/1");
    let version = hidden(cam.get(&one).await.text(), "version").to_owned();
    let bare = cam.send(&one, &format!("{one}/check"), &[("version", &version), ("text", " ")]).await;
    assert!(bare.text().contains("id=\"check-text-fault\">It needs the way"), "{}", bare.text());
    assert!(!bare.text().contains("id=\"revoke-text-fault\""), "{}", bare.text());
    let how = [("version", version.as_str()), ("text", "called their head office")];
    let checked = cam.send(&one, &format!("{one}/check"), &how).await;
    assert_eq!(checked.status, StatusCode::SEE_OTHER, "{}", checked.text());
    let page = cam.get(&one).await;
    assert!(page.text().contains("Who entered a recipient does not approve it"), "{}", page.text());
    let version = hidden(page.text(), "version").to_owned();
    let own = cam.send(&one, &format!("{one}/approve"), &[("version", &version)]).await;
    assert_eq!(own.status, StatusCode::CONFLICT, "{}", own.text());
    let (mut mia, _) = server.member("Mia", &[Role::ComplianceManager]).await;
    let approved = mia.send(&one, &format!("{one}/approve"), &[("version", &version)]).await;
    assert_eq!(approved.status, StatusCode::SEE_OTHER, "{}", approved.text());

    let page = nora.get(&link).await;
    assert!(page.text().contains(&format!("href=\"{report}\"")), "{}", page.text());
    let copy = nora.get(&report).await;
    assert_eq!((copy.status, copy.header("content-type")), (StatusCode::OK, "application/pdf"));
    assert!(copy.header("content-security-policy").starts_with("sandbox"));
    assert!(
        copy.text().contains("Copy 1 for Nora Vale <b>, Customer Ltd")
            && copy.text().contains("; with sha256:"),
        "{}",
        copy.text()
    );
    assert_eq!(nora.get(&format!("{link}/bridge-1")).await.status, StatusCode::NOT_FOUND);
    let mut other = server.browser();
    other.get(&link).await;
    let turned = other.get(&report).await;
    assert_eq!((turned.status, turned.header("location")), (StatusCode::SEE_OTHER, link.as_str()));
    let page = cam.get(&one).await;
    assert!(
        page.text().contains("Copy 1") && page.text().contains("accepted by Nora Vale"),
        "{}",
        page.text()
    );

    let version = hidden(page.text(), "version").to_owned();
    let why = [("version", version.as_str()), ("text", "the contract ended")];
    let revoked = cam.send(&one, &format!("{one}/revoke"), &why).await;
    assert_eq!(revoked.status, StatusCode::SEE_OTHER, "{}", revoked.text());
    for path in [link.as_str(), report.as_str()] {
        let gone = nora.get(path).await;
        assert_eq!(gone.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(without_id(gone.text()), without_id(unknown.text()), "one answer for all of them");
    }
    assert!(cam.get(HOME).await.text().contains("Revoked"));

    let (mut cora, _) = server.member("Cora", &[Role::ControlOwner]).await;
    for path in [HOME, one.as_str(), agreement] {
        assert_eq!(cora.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn a_revised_report_takes_the_place_of_the_one_that_was_there() {
    let (server, mut cam) = granted().await;
    let (completion, report, form) =
        ("/engagements/1/completion", "/engagements/1/report", "/engagements/1/received/file");
    assert!(!cam.get(completion).await.text().contains("Record the revised report"));
    let first = tickmark_core::Digest::of(&pdf("<< /Root 1 0 R >>"));
    assert!(cam.get(report).await.text().contains(&first.hex()), "what can be downloaded is named");

    // The auditor decides to revise it: nobody is given the one that is there.
    let fact = [
        ("day", "2026-12-04"),
        ("what", "A key was shared"),
        ("effect", "Some changes were not approved by two people."),
        ("told", "2026-12-04"),
        ("follows", "revised"),
        ("reason", "it is material"),
    ];
    done(&mut cam, "/engagements/1/facts/new", &fact).await;
    for path in [completion, report] {
        let page = cam.get(path).await;
        assert!(page.text().contains("nobody is given it until the revised one"), "{path}: {}", page.text());
        assert!(page.text().contains("href=\"/engagements/1/received/file\""), "{path}: {}", page.text());
    }
    let overview = cam.get("/engagements/1").await;
    assert!(overview.text().contains("record the revised report"), "{}", overview.text());
    assert!(cam.get(HOME).await.text().contains("he auditor revises the report"));

    // The form is about another file with its own date; the same file is none.
    let page = cam.get(form).await;
    assert!(page.text().contains("It takes the place of the report dated 3 Dec 2026"), "{}", page.text());
    assert!(!page.text().contains("value=\"2026-12-03\"") && page.text().contains("Example Auditors LLP"));
    assert!(!cam.get("/engagements/1/received").await.text().contains(&format!("value=\"{}", first.hex())));
    let version = hidden(page.text(), "version").to_owned();
    let fields = [("version", version.as_str()), ("firm", "Example Auditors LLP"), ("day", "2026-12-04")];
    server.world.wait(60);
    let same = cam.upload(form, form, &fields, &[("report.pdf", &pdf("<< /Root 1 0 R >>"))]).await;
    assert_eq!(same.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", same.text());
    assert!(same.text().contains("the revised one is another"), "{}", same.text());
    let file = pdf("<< /Root 1 0 R /Revised true >>");
    let early = [fields[0], fields[1], ("day", "2026-12-01")];
    let early = cam.upload(form, form, &early, &[("revised.pdf", &file)]).await;
    assert!(early.text().contains("the one that it revises 2026-12-03"), "{}", early.text());
    let taken = cam.upload(form, form, &fields, &[("revised.pdf", &file)]).await;
    assert_eq!(taken.header("location"), completion, "{}", taken.text());

    let page = cam.get(completion).await;
    assert!(page.text().contains("dated 4 Dec 2026") && !page.text().contains("revises the report: nobody"));
    let page = cam.get(report).await;
    assert!(page.text().contains(&tickmark_core::Digest::of(&file).hex()), "{}", page.text());
    let (mut cleo, _) = server.member("Cleo", &[Role::ComplianceManager]).await;
    let download = cleo.get(&format!("{report}/section.pdf")).await;
    assert_eq!((download.status, download.bytes.as_slice()), (StatusCode::OK, file.as_slice()));
    assert!(!cam.get(HOME).await.text().contains("he auditor revises the report"));
    // The fact may be told in better words; that revises nothing again.
    let better = [fact[0], ("what", "A signing key was shared"), fact[2], fact[3], fact[4], fact[5]];
    done(&mut cam, "/engagements/1/facts/1", &better).await;
    assert!(!cam.get(completion).await.text().contains("Record the revised report"));
}

const OPINION: [(&str, &str); 11] = [
    ("description-result", "unmodified"),
    ("description-concerns", ""),
    ("description-basis", ""),
    ("design-result", "unmodified"),
    ("design-concerns", ""),
    ("design-basis", ""),
    ("operation-result", "unmodified"),
    ("operation-concerns", ""),
    ("operation-basis", ""),
    ("label", "unmodified"),
    ("dated", "2026-12-03"),
];

/// A report that its auditor issued here with this file; returns the auditor.
async fn issued(server: &Server, file: &[u8]) -> Browser {
    asserted(server).await;
    completed(server).await;
    let mut olu = owner(server).await;
    let mut audrey = auditor(server, &mut olu, "Audrey").await;
    let report = "/engagements/1/report";
    examination::done(&mut audrey, report, &format!("{report}/opinion"), &OPINION).await;
    let section = format!("{report}/section");
    let taken = audrey.upload(report, &section, &[("version", "1")], &[("s1.pdf", file)]).await;
    assert_eq!(taken.status, StatusCode::SEE_OTHER, "{}", taken.text());
    let page = audrey.get(report).await;
    assert!(page.text().contains("Mark the report as issued"), "{}", page.text());
    examination::done(&mut audrey, report, &format!("{report}/issue"), &[]).await;
    audrey
}

fn hex(file: &[u8]) -> String {
    tickmark_core::Digest::of(file).hex()
}

#[tokio::test]
async fn a_report_that_was_issued_here_is_revised_by_another_file() {
    let server = over().await;
    let first = pdf("<< /Root 1 0 R >>");
    let mut audrey = issued(&server, &first).await;
    let (mut cam, _) = server.member("Cem", &[Role::ComplianceManager]).await;
    let (completion, report, form) =
        ("/engagements/1/completion", "/engagements/1/report", "/engagements/1/received/file");
    let page = cam.get(report).await;
    assert!(page.text().contains("<strong>Issued</strong>") && page.text().contains(&hex(&first)));

    // It needs nobody to record it; and no other takes its place before its auditor says so.
    let page = cam.get(form).await;
    assert!(page.text().contains("The report was issued here"), "{}", page.text());
    let early = [("version", "5"), ("firm", "Example Auditors LLP"), ("day", "2026-12-04")];
    let revised = pdf("<< /Root 1 0 R /Revised true >>");
    let early = cam.upload("/account", form, &early, &[("revised.pdf", &revised)]).await;
    assert_eq!(early.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", early.text());
    assert!(early.text().contains("only once the auditor decided to revise it"), "{}", early.text());
    let fact = [
        ("day", "2026-12-04"),
        ("what", "A key was shared"),
        ("effect", "Some changes were not approved by two people."),
        ("told", "2026-12-04"),
        ("follows", "revised"),
        ("reason", "it is material"),
    ];
    done(&mut cam, "/engagements/1/facts/new", &fact).await;
    for path in [completion, report] {
        let page = cam.get(path).await;
        assert!(page.text().contains("nobody is given it until the revised one"), "{path}: {}", page.text());
    }

    // The revised one is another file, with the one that was issued named beside it.
    let page = cam.get(form).await;
    assert!(page.text().contains("It takes the place of the report dated 3 Dec 2026, s1.pdf"));
    let version = hidden(page.text(), "version").to_owned();
    let fields = [("version", version.as_str()), ("firm", "Example Auditors LLP"), ("day", "2026-12-04")];
    server.world.wait(60);
    let same = cam.upload(form, form, &fields, &[("s1.pdf", &first)]).await;
    assert_eq!(same.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", same.text());
    assert!(same.text().contains("the revised one is another"), "{}", same.text());
    let taken = cam.upload(form, form, &fields, &[("revised.pdf", &revised)]).await;
    assert_eq!(taken.header("location"), completion, "{}", taken.text());
    let page = cam.get(completion).await;
    assert!(page.text().contains("dated 4 Dec 2026") && !page.text().contains("revises the report: nobody"));
    let page = cam.get(report).await;
    let (was, is) = (hex(&first), hex(&revised));
    let says = "this report takes the place of the one that was issued here";
    for part in [says, "As it was issued here", was.as_str(), is.as_str()] {
        assert!(page.text().contains(part), "{part}: {}", page.text());
    }

    // Management hands the revised file out; the firm keeps what it signed here.
    let (mut cleo, _) = server.member("Cleo", &[Role::ComplianceManager]).await;
    for (browser, file) in [(&mut cleo, &revised), (&mut audrey, &first)] {
        let download = browser.get(&format!("{report}/section.pdf")).await;
        assert_eq!(download.status, StatusCode::OK, "{}", download.text());
        assert_eq!(&download.bytes, file);
    }
}

#[tokio::test]
async fn links_are_not_guessed_at_will() {
    let server = over().await;
    let mut stranger = server.browser();
    let path = format!("/shared/{}", "0".repeat(64));
    for _ in 0..60 {
        assert_eq!(stranger.get(&path).await.status, StatusCode::NOT_FOUND);
    }
    assert_eq!(stranger.get(&path).await.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(stranger.get("/shared/x").await.status, StatusCode::TOO_MANY_REQUESTS);
}
