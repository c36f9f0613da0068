//! Writing a check in the pages.

use axum::http::StatusCode;
use tickmark_core::identity::Role;

use crate::members::{Browser, Server, token};

/// What stands in an area of the page, as text.
fn area(page: &str, name: &str) -> String {
    let rest = page.split_once(&format!("<textarea id=\"{name}\"")).expect("an area").1;
    let text = rest.split_once('>').expect("an end").1.split_once("</textarea>").expect("an end").0;
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&");
    text.strip_prefix('\n').unwrap_or(&text).to_owned()
}

/// The value of a hidden field.
fn hidden<'a>(page: &'a str, name: &str) -> &'a str {
    let mark = format!("name=\"{name}\" value=\"");
    let rest = page.split_once(&mark).unwrap_or_else(|| panic!("no {name}: {page}")).1;
    &rest[..rest.find('"').expect("an end")]
}

struct Files {
    rego: String,
    tests: String,
    manifest: String,
}

impl Files {
    fn on(page: &str) -> Self {
        Self { rego: area(page, "rego"), tests: area(page, "tests"), manifest: area(page, "manifest") }
    }

    async fn send(&self, browser: &mut Browser, form: &str, id: &str, then: &str) -> crate::visitor::Answer {
        let fields = [
            ("rego", self.rego.as_str()),
            ("tests", &self.tests),
            ("manifest", &self.manifest),
            ("reason", "debugging shows secrets"),
            ("then", then),
        ];
        browser.post(&format!("/checks/{id}/edit"), form, &fields).await
    }
}

#[tokio::test]
async fn a_check_is_begun_tried_mended_handed_in_approved_and_put_aside() {
    let server = Server::start().await;
    let (mut cam, _) = server.member("Cam", &[Role::ComplianceManager]).await;
    let (mut max, _) = server.member("Max", &[Role::ComplianceManager]).await;
    assert!(cam.get("/checks").await.text().contains("href=\"/checks/new\""));
    let fields = [("id", "Nope"), ("title", "Debugging is off")];
    let refused = cam.send("/checks/new", "/checks/new", &fields).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains("kebab case") && refused.text().contains("value=\"Debugging is off\""));

    let fields = [("id", "own-debug-off"), ("title", "Debugging is off")];
    let begun = cam.send("/checks/new", "/checks/new", &fields).await;
    assert_eq!(begun.status, StatusCode::OK);
    let (form, mut files) = (token(begun.text()), Files::on(begun.text()));
    let tried = files.send(&mut cam, &form, "own-debug-off", "try").await;
    assert!(tried.text().contains("tests pass") && tried.text().contains("no facts yet"), "{}", tried.text());

    let whole =
        std::mem::replace(&mut files.rego, "package checks.own_debug_off\nnonsense <here>".to_owned());
    let broken = files.send(&mut cam, &form, "own-debug-off", "keep").await;
    assert_eq!(broken.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(broken.text().contains("It does not load") && broken.text().contains("It was not handed in"));
    assert!(area(broken.text(), "rego").contains("nonsense <here>"), "nothing typed is lost");
    // It passes on everything, and is refused for that.
    files.rego =
        "package checks.own_debug_off\nimport rego.v1\nresult := {\"verdict\": \"pass\"}\n".to_owned();
    let blind = files.send(&mut cam, &form, "own-debug-off", "keep").await;
    assert_eq!(blind.status, StatusCode::UNPROCESSABLE_ENTITY);
    let folder = server.app.folder().checks().join("own/own-debug-off");
    assert!(!folder.exists(), "nothing is kept of what does not pass");

    files.rego = whole;
    let handed_in = files.send(&mut cam, &form, "own-debug-off", "keep").await;
    let draft = "/checks/own-debug-off/draft";
    assert_eq!((handed_in.status, handed_in.header("location")), (StatusCode::SEE_OTHER, draft));
    assert!(!folder.exists(), "a draft is not in force");
    assert!(cam.get("/checks").await.text().contains("1 draft waits for approval"));
    assert!(!cam.get("/work").await.text().contains(draft));
    let shown = max.get("/work").await;
    assert!(shown.text().contains(draft) && shown.text().contains("debugging shows secrets"));

    // The author sees the difference and is refused; somebody else approves exactly what they looked at.
    let page = cam.get(draft).await;
    assert!(
        page.text().contains("somebody else decides")
            && page.text().contains("+ package checks.own_debug_off")
    );
    let exact = hidden(page.text(), "digest").to_owned();
    let approve = [("digest", exact.as_str()), ("reason", ""), ("act", "approve")];
    assert_eq!(cam.send(draft, draft, &approve).await.status, StatusCode::CONFLICT);
    let other = exact.replace(['0', '1'], "2");
    let stale = [("digest", other.as_str()), ("reason", ""), ("act", "approve")];
    assert_eq!(max.send(draft, draft, &stale).await.status, StatusCode::CONFLICT);
    let approved = max.send(draft, draft, &approve).await;
    assert_eq!(approved.status, StatusCode::SEE_OTHER, "{}", approved.text());
    assert!(
        std::fs::read_to_string(folder.join("check.rego"))
            .expect("kept")
            .contains("package checks.own_debug_off")
    );
    assert!(max.get(draft).await.text().contains("goes live with the next run"));
    let again = cam.send("/checks/new", "/checks/new", &fields).await;
    assert!(again.text().contains("There is a check own-debug-off already"), "{}", again.text());
    assert_eq!(Files::on(cam.get("/checks/own-debug-off/edit").await.text()).tests, files.tests);

    let aside = cam.post("/checks/own-debug-off/put-aside", &form, &[("reason", "not needed")]).await;
    assert_eq!((aside.status, aside.header("location")), (StatusCode::SEE_OTHER, draft));
    assert!(folder.exists(), "nobody takes a check out alone");
    let exact = hidden(max.get(draft).await.text(), "digest").to_owned();
    let approve = [("digest", exact.as_str()), ("reason", ""), ("act", "approve")];
    assert_eq!(max.send(draft, draft, &approve).await.status, StatusCode::SEE_OTHER);
    assert!(!folder.exists() && folder.parent().expect("a group").read_dir().expect("there").count() == 1);
    assert_eq!(cam.get("/checks/own-debug-off/edit").await.status, StatusCode::NOT_FOUND);
    // One inside the program can be the beginning of an own one, and is not put aside itself.
    assert_eq!(cam.get("/checks/ssh-root-login-disabled/edit").await.status, StatusCode::OK);
    let inside = cam.post("/checks/ssh-root-login-disabled/put-aside", &form, &[("reason", "no")]).await;
    assert_eq!(inside.status, StatusCode::NOT_FOUND);

    let (mut owner, _) = server.member("Ona", &[Role::ControlOwner]).await;
    for path in ["/checks/new", "/checks/simple", "/checks/ssh-root-login-disabled/edit", draft] {
        assert_eq!(owner.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn an_id_names_no_other_place() {
    let server = Server::start().await;
    let (mut cam, _) = server.member("Cam", &[Role::ComplianceManager]).await;
    let form = token(cam.get("/account").await.text());
    let begun = cam.post("/checks/new", &form, &[("id", "own-first"), ("title", "First")]).await;
    let files = Files::on(begun.text());
    for id in ["..%2F..%2Fkeys", "own-first%2F..%2Fx", ".hidden-one", "OWN-FIRST"] {
        let kept = files.send(&mut cam, &form, id, "keep").await;
        assert!(![StatusCode::OK, StatusCode::SEE_OTHER].contains(&kept.status), "{id}");
    }
    assert!(!server.app.folder().checks().exists(), "nothing was written");
}

#[tokio::test]
async fn a_form_makes_a_check_that_passes_its_tests() {
    let server = Server::start().await;
    let (mut cam, _) = server.member("Cam", &[Role::ComplianceManager]).await;
    let page = cam.get("/checks/simple").await;
    assert!(page.text().contains("<option value=\"sshd.permit_root_login\""), "{}", page.text());
    let of = |operator: &'static str, value: &'static str| {
        [
            ("title", "Root cannot log in"),
            ("id", "own-root-off"),
            ("field", "sshd.permit_root_login"),
            ("operator", operator),
            ("value", value),
            ("severity", "high"),
            ("rationale", "Root leaves no name behind."),
            ("remediation", "Set PermitRootLogin to no."),
        ]
    };
    let refused = cam.send("/checks/simple", "/checks/simple", &of("at_least", "1")).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.text().contains("cannot be asked") && refused.text().contains("value=\"own-root-off\""));
    assert!(refused.text().contains("id=\"operator-fault\""), "{}", refused.text());
    let made = cam.send("/checks/simple", "/checks/simple", &of("one_of", "no")).await;
    assert_eq!(made.status, StatusCode::OK);
    assert!(made.text().contains("tests pass"), "{}", made.text());
    let (form, files) = (token(made.text()), Files::on(made.text()));
    assert!(files.rego.contains("not input.facts.sshd.permit_root_login in input.params.accepted"));
    let handed_in = files.send(&mut cam, &form, "own-root-off", "keep").await;
    assert_eq!(handed_in.status, StatusCode::SEE_OTHER, "{}", handed_in.text());
}

#[tokio::test]
async fn every_version_of_a_check_can_be_read_and_two_compared() {
    let server = Server::start().await;
    let mut sources = tickmark_evaluate::Library::builtin_sources();
    sources.retain(|source| source.folder == "ssh-root-login-disabled");
    let load =
        |sources| tickmark_evaluate::Library::load(sources).unwrap_or_else(|errors| panic!("{errors:#?}"));
    crate::host::collect(&server.app, &server.program, &load(sources.clone())).await;
    server.world.wait(60);
    for source in &mut sources {
        source.rego.as_mut().expect("logic").push_str("\n# looked at again\n");
    }
    crate::host::collect(&server.app, &server.program, &load(sources)).await;
    let (mut ada, _) = server.member("Ada", &[Role::Executive]).await;
    let path = "/checks/ssh-root-login-disabled/versions";
    assert!(ada.get("/checks/ssh-root-login-disabled").await.text().contains(path));
    let compared = ada.get(path).await;
    assert!(compared.text().contains("<ins>+ # looked at again</ins>"), "{}", compared.text());
    let first = ada.get(&format!("{path}?from=1&to=1")).await;
    assert!(first.text().contains("Logic of version 1") && !first.text().contains("looked at again"));
    assert_eq!(ada.get("/checks/no-such-check/versions").await.status, StatusCode::NOT_FOUND);
}
