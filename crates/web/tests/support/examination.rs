//! An examination under way: a company whose scope is approved, an audit firm that was let in, and what they send.

use axum::http::StatusCode;
use tickmark_app::control;
use tickmark_app::control::commitment;
use tickmark_app::engagement;
use tickmark_app::identity::people::Link;
use tickmark_app::identity::{ActorKind, ensure_actor};
use tickmark_app::port::{RenderError, Renderer};
use tickmark_app::program::population;
use tickmark_app::testing::Account;
use tickmark_core::catalog::Catalog;
use tickmark_core::control::commitment::{CommitmentKey, Promise};
use tickmark_core::control::{ControlId, TestAttribute};
use tickmark_core::engagement::{EngagementKey, ReportKind, Scope, Time};
use tickmark_core::id::InvitationId;
use tickmark_core::identity::Role;
use tickmark_core::program::population::{Definition, Ipe};
use tickmark_core::report::sheet::Sheet;
use tickmark_core::report::{CopyFor, Files, OscalModel, ReadinessReport, SocPackage, Writing};

use crate::answer::Answer;
use crate::members::{Browser, Server, hidden};

/// Says what it was given instead of setting it.
#[derive(Debug)]
pub(crate) struct Says;

impl Renderer for Says {
    fn readiness_pdf(&self, _: &ReadinessReport) -> Result<Vec<u8>, RenderError> {
        Ok(Vec::new())
    }

    fn package_pdf(
        &self,
        package: &SocPackage,
        copy: Option<&CopyFor>,
        files: &Files,
    ) -> Result<Vec<u8>, RenderError> {
        let copy = copy.map(|copy| format!("; {}", copy.words())).unwrap_or_default();
        let with: String = files.keys().map(|digest| format!("; with {digest}")).collect();
        Ok(format!("{} of {}{copy}{with}", package.report, package.system).into_bytes())
    }

    fn writing_pdf(
        &self,
        writing: &Writing,
        copy: Option<&CopyFor>,
        _: &Files,
    ) -> Result<Vec<u8>, RenderError> {
        let copy = copy.map(|copy| format!("; {}", copy.words())).unwrap_or_default();
        Ok(format!("{} of {}, {}{copy}", writing.title, writing.system, writing.status.words()).into_bytes())
    }

    fn writing_docx(&self, writing: &Writing, _: &Files) -> Result<Vec<u8>, RenderError> {
        Ok(format!("{} to edit: {:?}", writing.title, writing.blocks).into_bytes())
    }

    fn oscal_zip(&self, model: &OscalModel) -> Result<Vec<u8>, RenderError> {
        let (package, work) = (&model.package, &model.work);
        Ok(format!("{} criteria, {} tests", package.criteria.len(), work.tests.len()).into_bytes())
    }

    fn matrix_xlsx(&self, _: &ReadinessReport) -> Result<Vec<u8>, RenderError> {
        Ok(Vec::new())
    }

    fn matrix_csv(&self, _: &ReadinessReport) -> Result<Vec<u8>, RenderError> {
        Ok(Vec::new())
    }

    fn list_xlsx(&self, list: &Sheet) -> Result<Vec<u8>, RenderError> {
        let (title, columns, rows) = (&list.title, &list.columns, list.rows.len());
        Ok(format!("{title} of {}: {columns:?}, {rows} rows", list.organization).into_bytes())
    }
}

pub(crate) const KEY: EngagementKey = EngagementKey(1);

/// A company whose scope is approved, with somebody who manages its compliance.
pub(crate) async fn company(server: &Server) -> Browser {
    let catalog = Catalog::builtin();
    let (app, program) = (&server.app, &server.program);
    let person = server.world.person(app, program).await;
    let grace = app
        .transact(program, async |cx| ensure_actor(cx, ActorKind::Person, "Grace Example").await)
        .await
        .expect("a person");
    app.transact(program, async |cx| control::adopt_starters(cx, &catalog).await).await.expect("adopted");
    app.transact(&person, async |cx| {
        for starter in &catalog.controls {
            let id: ControlId = starter.id.parse().expect("an id");
            control::put_in_force(cx, &id, person.id).await?;
        }
        let promise = Promise {
            title: "Uptime".into(),
            statement: "99.5 % of each month.".into(),
            source: "Terms".into(),
            ..Promise::default()
        };
        commitment::write(cx, "page", promise, Some(person.id), "sold", &catalog).await?;
        commitment::approve(cx, CommitmentKey(1), 1).await
    })
    .await
    .expect("a program");
    let day = |text: &str| text.parse().expect("a day");
    let time = Time::Period { from: day("2026-11-01"), to: day("2027-10-31") };
    let scope = Scope {
        services: vec!["Payroll".into()],
        boundary: "From the web form to the payment file.".into(),
        firm: "Example & Partners".into(),
        categories: [("security".to_owned(), "customers ask".to_owned())].into(),
        commitments: [CommitmentKey(1)].into(),
        ..Scope::of(ReportKind::Soc2, time, "Payroll")
    };
    app.transact(&person, async |cx| engagement::plan(cx, "page", scope, "first year").await)
        .await
        .expect("planned");
    app.transact(&grace, async |cx| engagement::approve(cx, KEY, 1, &catalog).await).await.expect("approved");
    server.member("Cam", &[Role::ComplianceManager]).await.0
}

/// Somebody of the audit firm, let in by an owner in the pages and joined by the link.
pub(crate) async fn auditor(server: &Server, owner: &mut Browser, name: &str) -> Browser {
    auditor_with_account(server, owner, name).await.0
}

/// The same, with what they sign in with.
pub(crate) async fn auditor_with_account(
    server: &Server,
    owner: &mut Browser,
    name: &str,
) -> (Browser, Account) {
    let_in(server, owner, name, "/engagements/1/access").await
}

/// The same into the engagement whose page of access this is.
pub(crate) async fn let_in(
    server: &Server,
    owner: &mut Browser,
    name: &str,
    path: &str,
) -> (Browser, Account) {
    let email = format!("{}@firm.example", name.to_lowercase());
    let made = owner.send(path, path, &[("email", &email), ("last", "2027-03-31")]).await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.text());
    let mark = "/join/";
    let at = made.text().find(mark).unwrap_or_else(|| panic!("no link: {}", made.text())) + mark.len();
    let secret: String = made.text()[at..].chars().take_while(char::is_ascii_hexdigit).collect();
    let secret = crate::members::hex_32(&secret);
    let expires_at = server.app.now();
    let link = Link { invitation: InvitationId(uuid::Uuid::nil()), secret, expires_at, is_mailed: false };
    let account = server.world.join(&server.app, &link, &email, name).await;
    (server.signed_in(&account).await, account)
}

pub(crate) async fn owner(server: &Server) -> Browser {
    let account = server.world.owner(&server.app, &server.program).await;
    server.signed_in(&account).await
}

/// A frozen list of ten changes of CHG-02.
pub(crate) async fn changes(server: &Server) {
    let person = server.world.person(&server.app, &server.program).await;
    let attribute = TestAttribute {
        id: "approved".into(),
        asserts: "approved before deployment".into(),
        deviation: "no approval".into(),
    };
    let definition = Definition {
        control: "CHG-02".parse().expect("an id"),
        title: "Production deployments".into(),
        trigger: "a deployment to production".into(),
        attributes: vec![attribute],
        from: "2026-11-01T00:00:00Z".parse().expect("a moment"),
        to: "2026-11-24T00:00:00Z".parse().expect("a moment"),
    };
    let mut list = "key,occurred_at\n".to_owned();
    for number in 1..=10 {
        list.push_str(&format!("CHG-{number:04},2026-11-{number:02}T10:00:00Z\n"));
    }
    let ipe = Ipe {
        source: "pipeline".into(),
        query: "deployments".into(),
        parameters: String::new(),
        time_zone: "UTC".into(),
        run_by: "Cam".into(),
        run_at: server.app.now(),
        row_count: 10,
        control_total: String::new(),
        completeness: "numbers are without a gap".into(),
        accuracy: String::new(),
    };
    server
        .app
        .transact(&person, async |cx| {
            let key = population::define(cx, definition).await?.key;
            population::import(cx, key, "changes.csv", bytes::Bytes::from(list), ipe).await?;
            population::freeze(cx, key, None).await
        })
        .await
        .expect("a population");
}

/// Sends a form of a page with the version that stands in it.
pub(crate) async fn act(browser: &mut Browser, page: &str, to: &str, fields: &[(&str, &str)]) -> Answer {
    let shown = browser.get(page).await;
    assert_eq!(shown.status, StatusCode::OK, "{page}: {}", shown.text());
    let version = hidden(shown.text(), "version").to_owned();
    let mut all = fields.to_vec();
    all.push(("version", &version));
    browser.send(page, to, &all).await
}

pub(crate) async fn done(browser: &mut Browser, page: &str, to: &str, fields: &[(&str, &str)]) {
    let answer = act(browser, page, to, fields).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{to}: {}", answer.text());
}

/// A small PDF with this trailer.
pub(crate) fn pdf(trailer: &str) -> Vec<u8> {
    let body = "%PDF-1.7\n1 0 obj << /Type /Catalog >> endobj\n";
    let table = "xref\n0 2\n0000000000 65535 f \n0000000009 00000 n \n";
    format!("{body}{table}trailer\n{trailer}\nstartxref\n{}\n%%EOF\n", body.len()).into_bytes()
}
