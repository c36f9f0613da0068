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
            ("then", then),
        ];
        browser.post(&format!("/checks/{id}/edit"), form, &fields).await
    }
}

#[tokio::test]
async fn a_check_is_begun_tried_mended_kept_and_put_aside() {
    let server = Server::start().await;
    let (mut cam, _) = server.member("Cam", &[Role::ComplianceManager]).await;
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
    assert!(broken.text().contains("It does not load") && broken.text().contains("It was not kept"));
    assert!(area(broken.text(), "rego").contains("nonsense <here>"), "nothing typed is lost");
    // It passes on everything, and is refused for that.
    files.rego =
        "package checks.own_debug_off\nimport rego.v1\nresult := {\"verdict\": \"pass\"}\n".to_owned();
    let blind = files.send(&mut cam, &form, "own-debug-off", "keep").await;
    assert_eq!(blind.status, StatusCode::UNPROCESSABLE_ENTITY);
    let folder = server.app.folder().checks().join("own/own-debug-off");
    assert!(!folder.exists(), "nothing is kept of what does not pass");

    files.rego = whole;
    let kept = files.send(&mut cam, &form, "own-debug-off", "keep").await;
    assert!(
        kept.status == StatusCode::OK && kept.text().contains("goes live with the next run"),
        "{}",
        kept.text()
    );
    assert!(
        std::fs::read_to_string(folder.join("check.rego"))
            .expect("kept")
            .contains("package checks.own_debug_off")
    );
    let again = cam.send("/checks/new", "/checks/new", &fields).await;
    assert!(again.text().contains("There is a check own-debug-off already"), "{}", again.text());
    assert_eq!(Files::on(cam.get("/checks/own-debug-off/edit").await.text()).tests, files.tests);

    let aside = cam.post("/checks/own-debug-off/put-aside", &form, &[]).await;
    assert_eq!(aside.status, StatusCode::SEE_OTHER);
    assert!(!folder.exists() && folder.parent().expect("a group").read_dir().expect("there").count() == 1);
    assert_eq!(cam.get("/checks/own-debug-off/edit").await.status, StatusCode::NOT_FOUND);
    // One inside the program can be the beginning of an own one, and is not put aside itself.
    assert_eq!(cam.get("/checks/ssh-root-login-disabled/edit").await.status, StatusCode::OK);
    let inside = cam.post("/checks/ssh-root-login-disabled/put-aside", &form, &[]).await;
    assert_eq!(inside.status, StatusCode::NOT_FOUND);

    let (mut owner, _) = server.member("Ona", &[Role::ControlOwner]).await;
    for path in ["/checks/new", "/checks/ssh-root-login-disabled/edit"] {
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
        assert_ne!(kept.status, StatusCode::OK, "{id}");
    }
    assert!(!server.app.folder().checks().exists(), "nothing was written");
}
