//! What the auditor's workspace says to whom: what waits, what comes next, how a sample goes on, what is taken out.

use axum::http::StatusCode;
use tickmark_app::engagement;
use tickmark_core::engagement::completion::Letter;
use tickmark_core::engagement::{Assertion, Description, Paper, Part, Passage, ReportKind, Step, Time};
use tickmark_core::identity::Role;

use crate::examination::{KEY, Says, act, auditor, auditor_with_account, changes, company, done, owner, pdf};
use crate::members::{Server, hidden, token};

#[tokio::test]
async fn a_request_stands_in_the_work_of_whoever_sees_to_it_and_its_answer_in_the_auditors() {
    let server = Server::start().await;
    let mut owner = owner(&server).await;
    let mut cam = company(&server).await;
    let mut audrey = auditor(&server, &mut owner, "Audrey").await;
    let (mut coo, account) = server.member("Coo", &[Role::ControlOwner]).await;
    let list = "/engagements/1/requests/import";
    audrey.send(list, "/engagements/1/requests/defaults", &[]).await;
    assert!(audrey.get("/work").await.text().contains("Nothing waits for you"));
    assert!(coo.get("/work").await.text().contains("Nothing waits for you"));
    let member = server.world.find_member(&server.app, &server.program, &account.email).await;
    let path = "/engagements/1/requests/1";
    done(&mut cam, path, &format!("{path}/assign"), &[("owner", &member.actor.to_string())]).await;
    let work = coo.get("/work").await;
    for says in ["Requests of examinations", path, "Organization chart with names and dates", "You see to it"]
    {
        assert!(work.text().contains(says), "{says}: {}", work.text());
    }
    assert!(!audrey.get("/work").await.text().contains(path), "not handed in");
    let page = cam.get(path).await;
    let (version, once) = (hidden(page.text(), "version").to_owned(), hidden(page.text(), "once").to_owned());
    let fields = [("version", version.as_str()), ("once", &once), ("answer", "As of today."), ("source", "")];
    let sent = cam.upload(path, &format!("{path}/submit"), &fields, &[]).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text());
    assert!(!coo.get("/work").await.text().contains(path));
    let hers = audrey.get("/work").await;
    assert!(hers.text().contains("Answers to decide about") && hers.text().contains(path), "{}", hers.text());
    let back = [("reason", "the names are missing")];
    done(&mut audrey, path, &format!("{path}/return"), &back).await;
    assert!(coo.get("/work").await.text().contains("The auditor sent it back"));
    let nothing = audrey.get("/work").await;
    assert!(nothing.text().contains("Nothing waits for you") && nothing.text().contains("auditor-band"));
}

const PLAN: [(&str, &str); 4] = [
    ("control", "CHG-02"),
    ("procedures", "inspection"),
    ("procedure", "Inspected the approval of selected changes."),
    ("attributes", "A | approved | no approval\nB | by another than the author | by the author"),
];

#[tokio::test]
async fn a_sample_is_replaced_from_its_reserve_and_extended_once() {
    let server = Server::start().await;
    let mut owner = owner(&server).await;
    let mut cam = company(&server).await;
    changes(&server).await;
    server.state.set_with(std::sync::Arc::new(Says));
    let mut audrey = auditor(&server, &mut owner, "Audrey").await;
    let new = "/engagements/1/workpapers/new";
    assert_eq!(audrey.send(new, new, &PLAN).await.status, StatusCode::SEE_OTHER);
    let path = "/engagements/1/workpapers/1";
    let selection =
        [("population", "1"), ("method", "random"), ("size", "3"), ("seed", "agreed"), ("extension", "2")];
    let refused = act(&mut audrey, path, &format!("{path}/select"), &selection).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains("adds nothing to a sample of 3"), "{}", refused.text());
    let mut planned = selection.to_vec();
    planned[4].1 = "4";
    done(&mut audrey, path, &format!("{path}/select"), &planned).await;
    let page = audrey.get(path).await;
    for says in ["One extension to 4 was planned", "Replace an item", "Draw again"] {
        assert!(page.text().contains(says), "{says}: {}", page.text());
    }
    assert!(!page.text().contains("Extend the sample"), "nothing deviates");
    planned.push(("redrawn", "the seed was wrong"));
    let again = act(&mut audrey, path, &format!("{path}/select"), &planned).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    assert!(again.text().contains("omebody else of the firm does"), "{}", again.text());
    assert!(again.text().contains("the seed was wrong"), "what was typed stays");

    let mark = "id=\"replaced\"";
    let from = page.text().find(mark).expect("a choice of items");
    let at = page.text()[from..].find("value=\"CHG-").expect("an item") + from + "value=\"".len();
    let item = page.text()[at..at + 8].to_owned();
    let mut fields = vec![("replaced", item.as_str()), ("absence", "no_evidence"), ("why", "no <ticket>")];
    let replace = format!("{path}/replace");
    let kept = act(&mut audrey, path, &replace, &fields).await;
    assert_eq!(kept.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(kept.text().contains("record it as not met") && kept.text().contains("no &lt;ticket&gt;"));
    fields[1].1 = "not_applicable";
    done(&mut audrey, path, &replace, &fields).await;
    let page = audrey.get(path).await;
    for says in [&format!("replaced {item} by CHG-"), "no &lt;ticket&gt;", "its filter may be wrong", &item] {
        assert!(page.text().contains(says), "{says}: {}", page.text());
    }
    assert!(page.text().contains(&format!("In place of {item}")));

    let mut results = Vec::new();
    for place in ["0", "1", "2"] {
        let second = if place == "1" { "n" } else { "m" };
        results.push((format!("state-{place}-0"), "m"));
        results.push((format!("state-{place}-1"), second));
        results.push((format!("note-{place}"), ""));
    }
    let results: Vec<(&str, &str)> = results.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    done(&mut audrey, path, &format!("{path}/results"), &results).await;
    let page = audrey.get(path).await;
    assert!(page.text().contains("Extend the sample to 4"), "{}", page.text());
    assert!(!page.text().contains("Draw again"), "something was tested");
    let extend = format!("{path}/extend");
    let silent = act(&mut audrey, path, &extend, &[("isolated", "")]).await;
    assert_eq!(silent.status, StatusCode::UNPROCESSABLE_ENTITY);
    done(&mut audrey, path, &extend, &[("isolated", "a new colleague")]).await;
    let page = audrey.get(path).await;
    assert!(page.text().contains("Added by the extension") && page.text().contains("a new colleague"));
    let twice = act(&mut audrey, path, &extend, &[("isolated", "once more")]).await;
    assert_eq!(twice.status, StatusCode::CONFLICT);
    let file = audrey.get("/engagements/1/file").await;
    let name = b"samples.xlsx";
    assert!(file.bytes.windows(name.len()).any(|window| window == name));
    assert_eq!(cam.get(path).await.status, StatusCode::NOT_FOUND, "private");
    let trail = cam.get("/audit-trail?event=workpaper").await;
    assert!(trail.text().contains("workpaper.sample_changed") && !trail.text().contains(&item));
}

#[tokio::test]
async fn a_signed_section_is_not_lost_when_its_form_is_refused() {
    let server = Server::start().await;
    let mut owner = owner(&server).await;
    company(&server).await;
    let (mut audrey, account) = auditor_with_account(&server, &mut owner, "Audrey").await;
    let (report, whole) = ("/engagements/1/report", pdf("<< /Root 1 0 R >>"));
    let section = format!("{report}/section");
    let stale = audrey.upload(report, &section, &[("version", "7")], &[("s1.pdf", &whole)]).await;
    assert_eq!(stale.status, StatusCode::CONFLICT, "{}", stale.text());
    assert!(stale.text().contains("Files from before") && stale.text().contains("s1.pdf"));
    let staged = hidden(stale.text(), "staged").to_owned();
    // No section at all is not kept.
    let wrong = audrey.upload(report, &section, &[("version", "0")], &[("s1.pdf", b"no PDF")]).await;
    assert!(!wrong.text().contains("Files from before"), "{}", wrong.text());

    // Whoever showed long ago who they are shows it again, and the file is still there.
    server.world.wait(601);
    let again = [("version", "0"), ("staged", staged.as_str()), ("keep_staged", "0")];
    let old = audrey.upload(report, &section, &again, &[]).await;
    assert_eq!(old.status, StatusCode::FORBIDDEN, "{}", old.text());
    let then = format!("{section}/kept");
    assert_eq!(hidden(old.text(), "then"), then);
    let kept = hidden(old.text(), "kept").replace("&amp;", "&");
    let code = server.code(&account.seed);
    let proof = [
        ("password", account.password.as_str()),
        ("code", &code),
        ("back", report),
        ("then", &then),
        ("kept", &kept),
    ];
    let ready = audrey.post("/step-up", &token(old.text()), &proof).await;
    assert_eq!(ready.status, StatusCode::OK, "{}", ready.text());
    assert!(ready.text().contains("<dd>s1.pdf</dd>") && !ready.text().contains("<dt>staged</dt>"));
    let held = |name: &str| hidden(ready.text(), name).to_owned();
    let (version, file, staged, keep) = (held("version"), held("file"), held("staged"), held("keep_staged"));
    let fields = [("version", &*version), ("file", &file), ("staged", &staged), ("keep_staged", &keep)];
    let sent = audrey.post(&then, &token(ready.text()), &fields).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text());
    let page = audrey.get(report).await;
    assert!(page.text().contains(&tickmark_core::Digest::of(&whole).hex()), "{}", page.text());
}

#[tokio::test]
async fn an_engagement_says_to_each_party_what_comes_next_and_leads_to_its_parts() {
    let server = Server::start().await;
    let mut owner = owner(&server).await;
    let mut cam = company(&server).await;
    let parts = ["requests", "workpapers", "report", "completion", "access"];
    let page = cam.get("/engagements/1").await;
    assert!(page.text().contains("write the description of the system"), "{}", page.text());
    assert!(page.text().contains("class=\"button primary\" href=\"/engagements/1/description\""));
    for part in parts {
        let href = format!("href=\"/engagements/1/{part}\"");
        assert!(page.text().contains(&href), "{part}");
        let there = cam.get(&format!("/engagements/1/{part}")).await;
        assert!(there.text().contains(&format!("{href} aria-current=\"page\"")), "{part}: {}", there.text());
        assert!(there.text().contains("href=\"/engagements/1/requests\""), "{part}");
    }
    // Who only sees to requests sees the way to them, and nothing else.
    let (mut employee, _) = server.member("Emil", &[Role::Employee]).await;
    let theirs = employee.get("/engagements/1/requests").await;
    assert!(!theirs.text().contains("/engagements/1/completion"), "{}", theirs.text());

    let mut audrey = auditor(&server, &mut owner, "Audrey").await;
    let page = audrey.get("/engagements/1").await;
    assert!(page.text().contains("say what you need from management"), "{}", page.text());
    for part in ["evidence", "notes", "workpapers"] {
        assert!(page.text().contains(&format!("href=\"/engagements/1/{part}\"")), "{part}");
    }
    for part in ["completion", "access"] {
        assert!(!page.text().contains(&format!("href=\"/engagements/1/{part}\"")), "{part}");
    }
    audrey.send("/engagements/1/requests/import", "/engagements/1/requests/defaults", &[]).await;
    let page = audrey.get("/engagements/1").await;
    assert!(page.text().contains("controls without a workpaper"), "{}", page.text());
    assert!(page.text().contains("href=\"/engagements/1/workpapers/new\""));
}

#[tokio::test]
async fn an_auditor_takes_out_what_management_reviewed_with_their_name_on_it() {
    let server = Server::start().await;
    let mut owner = owner(&server).await;
    let mut cam = company(&server).await;
    server.state.set_with(std::sync::Arc::new(Says));
    let mut audrey = auditor(&server, &mut owner, "Audrey").await;
    let app = &server.app;
    let description = "/engagements/1/management/description";
    let number = async || {
        app.read(&server.program, async |view| engagement::find(view, KEY).await).await.expect("there").number
    };
    let passage = |(part, _): (Part, bool)| {
        let none = part.may_be_none();
        (part, Passage { text: if none { String::new() } else { "As it really runs.".into() }, none })
    };
    let time =
        Time::Period { from: "2026-11-01".parse().expect("a day"), to: "2027-10-31".parse().expect("a day") };
    let parts = Part::of(ReportKind::Soc2, time).into_iter().map(passage).collect();
    let (_, dora) = server.member("Dora", &[Role::ComplianceManager]).await;
    let (_, mia) = server.member("Mia", &[Role::ComplianceManager]).await;
    let (dora, mia) = (dora.actor(&server.world, app).await, mia.actor(&server.world, app).await);
    let from = number().await;
    app.transact(&dora, async |cx| {
        engagement::describe(cx, KEY, from, Description { parts, ..Default::default() }).await
    })
    .await
    .expect("described");
    assert_eq!(audrey.get(description).await.status, StatusCode::NOT_FOUND, "nobody reviewed it");
    assert!(!audrey.get("/engagements/1").await.text().contains(description));
    let from = number().await;
    app.transact(&mia, async |cx| engagement::sign(cx, KEY, from, Paper::Description, Step::Review).await)
        .await
        .expect("reviewed");
    assert!(audrey.get("/engagements/1").await.text().contains(description));
    let taken = audrey.get(description).await;
    assert_eq!(taken.status, StatusCode::OK, "{}", taken.text());
    for says in ["Payroll", "Audrey", "Example & Partners"] {
        assert!(taken.text().contains(says), "{says}: {}", taken.text());
    }
    for other in ["assertion", "package", "representation", "bridge-1", "nothing"] {
        let path = format!("/engagements/1/management/{other}");
        assert_eq!(audrey.get(&path).await.status, StatusCode::NOT_FOUND, "{other}");
    }
    assert_eq!(cam.get(description).await.status, StatusCode::NOT_FOUND, "management has its own way");
    // What the company would be offered as a beginning is nothing that management says.
    let unwritten = audrey.get("/engagements/1/assertion").await;
    assert!(unwritten.text().contains("Management has not written it yet."), "{}", unwritten.text());
    assert!(!unwritten.text().contains("We, the management"), "{}", unwritten.text());
    let from = number().await;
    let assertion = Assertion { text: "We assert.".into(), signatory: "Eva".into(), title: "CEO".into() };
    app.transact(&dora, async |cx| engagement::assert(cx, KEY, from, assertion).await)
        .await
        .expect("asserted");
    let working = audrey.get("/engagements/1/assertion").await;
    for says in ["Management is still working on it.", "Nobody yet", "Dora"] {
        assert!(working.text().contains(says), "{says}: {}", working.text());
    }
    assert!(!working.text().contains("We assert."), "{}", working.text());
    assert!(cam.get("/engagements/1/assertion").await.text().contains("We assert."), "management goes on");
    let from = number().await;
    app.transact(&mia, async |cx| engagement::sign(cx, KEY, from, Paper::Assertion, Step::Review).await)
        .await
        .expect("reviewed");
    let reviewed = audrey.get("/engagements/1/assertion").await;
    assert!(reviewed.text().contains("We assert."), "{}", reviewed.text());
    // Who signed what as it stands is said, and a letter that is signed is not called reviewed only.
    let eva = server.member("Eva", &[Role::Executive]).await.1.actor(&server.world, app).await;
    let stands = async || {
        app.read(&dora, async |view| engagement::completion(view, KEY).await).await.expect("there").number
    };
    let letter = Letter {
        to: "Example & Partners".into(),
        text: "We confirm.".into(),
        signatory: "Eva".into(),
        title: "CEO".into(),
    };
    let date = "2027-12-10".parse().expect("a day");
    app.transact(&dora, async |cx| engagement::date_report(cx, KEY, 0, date).await).await.expect("dated");
    let from = stands().await;
    app.transact(&dora, async |cx| engagement::represent(cx, KEY, from, letter).await)
        .await
        .expect("written");
    let from = stands().await;
    app.transact(&mia, async |cx| engagement::sign_representation(cx, KEY, from, Step::Review).await)
        .await
        .expect("reviewed");
    let page = audrey.get("/engagements/1").await;
    assert!(page.text().contains("Reviewed, not signed"), "{}", page.text());
    assert_eq!(page.text().matches("Reviewed by Mia, ").count(), 3, "{}", page.text());
    let from = number().await;
    app.transact(&eva, async |cx| engagement::sign(cx, KEY, from, Paper::Description, Step::Approve).await)
        .await
        .expect("approved");
    let page = audrey.get("/engagements/1").await;
    assert_eq!(page.text().matches("Approved by Eva, ").count(), 1, "{}", page.text());

    let whole = audrey.get("/engagements/1/management/package").await;
    assert!(whole.text().contains("SOC 2 Type 2 of Payroll") && whole.text().contains("Audrey"));
    let trail = cam.get("/audit-trail?event=engagement.copy_made").await;
    assert!(trail.text().matches("engagement.copy_made").count() >= 2, "{}", trail.text());
    let copies = cam.get("/engagements/1/copies").await;
    assert!(copies.text().contains("Audrey"), "{}", copies.text());
    server.world.wait(601);
    let stale = audrey.get(description).await;
    assert!(stale.header("location").starts_with("/step-up"), "restricted material asks for a fresh proof");
}
