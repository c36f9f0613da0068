//! Planning an examination, writing and signing its documents, taking management's part out.

use std::sync::Arc;

use axum::http::StatusCode;
use tickmark_app::control;
use tickmark_app::control::commitment;
use tickmark_app::engagement;
use tickmark_core::catalog::Catalog;
use tickmark_core::control::ControlId;
use tickmark_core::control::commitment::{CommitmentKey, Promise};
use tickmark_core::engagement::{Engagement, EngagementKey, Part, Standing};
use tickmark_core::identity::Role;

use crate::examination::{Says, auditor, owner};
use crate::members::{Browser, Server, hidden};

/// All starter controls in force, one commitment approved.
pub(crate) async fn program(server: &Server) {
    let catalog = Catalog::builtin();
    let person = server.world.person(&server.app, &server.program).await;
    let adopted =
        server.app.transact(&server.program, async |cx| control::adopt_starters(cx, &catalog).await);
    adopted.await.expect("adopted");
    server
        .app
        .transact(&person, async |cx| {
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
}

async fn record(server: &Server) -> Engagement {
    let key = EngagementKey(1);
    let version = server.app.read(&server.program, async |view| engagement::find(view, key).await).await;
    version.expect("there").record
}

pub(crate) const PLAN: [(&str, &str); 9] = [
    ("kind", "soc2"),
    ("type", "2"),
    ("from", "2026-11-01"),
    ("to", "2027-10-31"),
    ("system", "Payroll"),
    ("services", "Payroll\nReports to authorities"),
    ("category-security", "customers ask"),
    ("commitment", "1"),
    ("reason", "the first year"),
];

/// Sends a form as the page has it, with the version it was made from.
pub(crate) async fn send(
    browser: &mut Browser,
    path: &str,
    fields: &[(&str, &str)],
) -> crate::visitor::Answer {
    let page = browser.get(path).await;
    assert_eq!(page.status, StatusCode::OK, "{path}: {}", page.text());
    let version = hidden(page.text(), "version").to_owned();
    let mut all = fields.to_vec();
    all.push(("version", &version));
    browser.send(path, path, &all).await
}

#[tokio::test]
async fn an_examination_is_planned_signed_by_three_and_taken_out() {
    let server = Server::start().await;
    program(&server).await;
    server.state.set_with(Arc::new(Says));
    let (mut cam, _) = server.member("Cam", &[Role::ComplianceManager]).await;
    let (mut mia, _) = server.member("Mia", &[Role::ComplianceManager]).await;

    let list = cam.get("/engagements").await;
    assert!(list.text().contains("No examination is planned") && list.text().contains("Plan the first"));
    let page = cam.get("/engagements/new?kind=soc1").await;
    assert!(page.text().contains("<option value=\"soc1\" selected>"), "{}", page.text());
    let once = hidden(page.text(), "once").to_owned();
    let mut wrong = PLAN.to_vec();
    wrong[2].1 = "2028-11-01";
    wrong.push(("once", &once));
    let refused = cam.send("/engagements/new", "/engagements/new", &wrong).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        refused.text().contains("ends before it begins") && refused.text().contains("Reports to authorities")
    );
    let long = format!("Payroll {}", "x".repeat(200));
    (wrong[2].1, wrong[5].1) = ("2026-11-01", long.as_str());
    let refused = cam.send("/engagements/new", "/engagements/new", &wrong).await;
    for says in ["id=\"services-fault\">The service has at most", long.as_str()] {
        assert!(refused.text().contains(says), "{says}: {}", refused.text());
    }
    let mut plan = PLAN.to_vec();
    plan.push(("once", &once));
    for _ in 0..2 {
        let planned = cam.send("/engagements/new", "/engagements/new", &plan).await;
        assert_eq!(planned.header("location"), "/engagements/1", "{}", planned.text());
    }

    let page = cam.get("/engagements/1").await;
    assert!(page.text().contains("Nothing says where the system ends."), "{}", page.text());
    let mut whole = PLAN.to_vec();
    whole.extend([("boundary", "From the form to the payment file."), ("exclusions", "CC6.4: no premises")]);
    let changed = send(&mut cam, "/engagements/1/edit", &whole).await;
    assert_eq!(changed.status, StatusCode::SEE_OTHER, "{}", changed.text());
    let cloud = [
        ("name", "Cloud <Example>"),
        ("service", "Hosting"),
        ("method", "carve_out"),
        ("why", "it guards the doors"),
        ("assumed", "CC6.5: media are destroyed\nstaff is screened"),
        ("control", "VEN-02"),
        ("approver", "Eva"),
        ("decided", "2026-10-15"),
        ("category", "security"),
        ("reason", "hosted there"),
    ];
    let added = send(&mut cam, "/engagements/1/entries/subservices/new", &cloud).await;
    assert_eq!(added.status, StatusCode::SEE_OTHER, "{}", added.text());
    let scope = record(&server).await.scope;
    assert_eq!((scope.subservices.len(), scope.subservices[0].assumed.len()), (1, 2));
    assert_eq!(scope.exclusions["CC6.4"], "no premises");
    assert!(cam.get("/engagements/1").await.text().contains("Cloud &lt;Example&gt;"));

    // Who manages compliance writes; approving is for executives.
    assert_eq!(cam.get("/engagements/1/approve").await.status, StatusCode::NOT_FOUND);
    let (mut eva, _) = server.member("Eva", &[Role::Executive]).await;
    let approved = send(&mut eva, "/engagements/1/approve", &[]).await;
    assert_eq!(approved.status, StatusCode::SEE_OTHER, "{}", approved.text());
    assert_eq!(record(&server).await.standing(), Standing::Scoped);
    assert_eq!(eva.get("/engagements/1/edit").await.status, StatusCode::NOT_FOUND);

    let mut parts: Vec<(&str, &str)> = Vec::new();
    for (part, needed) in Part::of(record(&server).await.scope.kind, record(&server).await.scope.time) {
        if needed && !part.may_be_none() {
            parts.push((part.word(), "As it really runs."));
        }
    }
    parts.extend([("incidents-none", "yes"), ("changes-none", "yes")]);
    let written = send(&mut cam, "/engagements/1/description", &parts).await;
    assert_eq!(written.status, StatusCode::SEE_OTHER, "{}", written.text());
    let draft = cam.get("/engagements/1/assertion").await;
    assert!(draft.text().contains("(c) those controls operated effectively"), "{}", draft.text());
    let texts = [("text", "We assert."), ("signatory", "Eva"), ("title", "Chief executive")];
    let asserted = send(&mut cam, "/engagements/1/assertion", &texts).await;
    assert_eq!(asserted.status, StatusCode::SEE_OTHER, "{}", asserted.text());

    // Letting the firm in is for owners and administrators: others read that, and are led to no page without a way on.
    let mut olga = owner(&server).await;
    for other in [&mut cam, &mut eva] {
        let page = other.get("/engagements/1").await;
        assert!(
            page.text()
                .contains("Next</strong>: an owner or administrator lets people of the audit firm in.")
        );
        assert!(!page.text().contains("Let them in"), "{}", page.text());
        let access = other.get("/engagements/1/access").await;
        assert!(access.text().contains("Owners and administrators let people of the audit firm in"));
    }
    assert!(olga.get("/engagements/1").await.text().contains("Let them in"));

    // With the firm in, signing comes next: whoever may not reads who may.
    auditor(&server, &mut olga, "Audrey").await;
    let links = cam.get("/engagements/1").await;
    let says = "Next</strong>: somebody else reviews the description of the system: Mia or Olu Owner may.";
    assert!(links.text().contains(says), "{}", links.text());
    assert!(!links.text().contains("/sign/"), "who wrote them is led to no page that refuses them");
    assert!(eva.get("/engagements/1").await.text().contains(says), "it is not for her role");
    let page = mia.get("/engagements/1").await;
    assert!(page.text().contains("Next</strong>: review the description of the system."), "{}", page.text());
    assert!(page.text().contains("/sign/description/review"));
    for paper in ["description", "assertion"] {
        let review = format!("/engagements/1/sign/{paper}/review");
        let approve = format!("/engagements/1/sign/{paper}/approve");
        let seen = cam.get(&review).await;
        assert!(seen.text().contains("Who wrote it does not review it"));
        let says = "No text of its own: what the records and the processes tell stands in its place.";
        assert_eq!(seen.text().contains(says), paper == "description", "{}", seen.text());
        assert_eq!(eva.get(&approve).await.status, StatusCode::NOT_FOUND, "review comes first");
        let reviewed = send(&mut mia, &review, &[]).await;
        assert_eq!(reviewed.status, StatusCode::SEE_OTHER, "{}", reviewed.text());
        if paper == "description" {
            let page = mia.get("/engagements/1").await;
            let says = "Next</strong>: somebody else approves the description of the system: Eva may.";
            assert!(page.text().contains(says), "{}", page.text());
        }
        let adopted = send(&mut eva, &approve, &[]).await;
        assert_eq!(adopted.status, StatusCode::SEE_OTHER, "{}", adopted.text());
    }
    let page = cam.get("/engagements/1").await;
    assert_eq!(page.text().matches(">Approved<").count(), 2, "{}", page.text());
    let pdf = cam.get("/engagements/1/package").await;
    assert_eq!((pdf.status, pdf.text()), (StatusCode::OK, "SOC 2 Type 2 of Payroll"));
    assert!(pdf.header("content-disposition").contains("e-1-management.pdf"));
    let trail = cam.get("/audit-trail?event=engagement").await;
    assert!(trail.text().contains("engagement.package_taken"), "{}", trail.text());
    // Others see none of it.
    let (mut cora, _) = server.member("Cora", &[Role::Employee]).await;
    for path in ["/engagements", "/engagements/1", "/engagements/1/package", "/engagements/1/description"] {
        assert_eq!(cora.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn whoever_was_slower_loses_nothing_and_changes_nothing() {
    let server = Server::start().await;
    program(&server).await;
    let (mut cam, _) = server.member("Cam", &[Role::ComplianceManager]).await;
    let mut plan = PLAN.to_vec();
    plan.push(("once", "a page"));
    cam.send("/engagements/new", "/engagements/new", &plan).await;
    let path = "/engagements/1/description";
    let first = cam.get(path).await;
    let version = hidden(first.text(), "version").to_owned();
    assert!(!first.text().contains(" required"), "a part can be left for later");
    let (one, two) = (("services", "One text."), ("services", "Another text."));
    let of = |field| [field, ("version", version.as_str())];
    assert_eq!(cam.send(path, path, &of(one)).await.status, StatusCode::SEE_OTHER);
    let late = cam.send(path, path, &of(two)).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    assert!(
        late.text().contains("Another text.") && late.text().contains("Nothing was saved"),
        "{}",
        late.text()
    );
    let held = record(&server).await.description.expect("written");
    assert_eq!(held.content.text(Part::Services), "One text.");

    // Parts stand where management wants them; in the usual places nothing is said of it.
    for (place, first) in [("1", "People (DC 3)"), ("5", "Services provided (DC 1)")] {
        let fields = [one, ("people", "Ours."), ("place-people", place)];
        let moved = send(&mut cam, path, &fields).await;
        assert_eq!(moved.status, StatusCode::SEE_OTHER, "{}", moved.text());
        let page = cam.get(path).await;
        let at = |label: &str| page.text().find(label).unwrap_or_else(|| panic!("no {label}"));
        let all = ["People (DC 3)", "Services provided (DC 1)", "Software (DC 3)"];
        assert_eq!(all.into_iter().min_by_key(|label| at(label)), Some(first), "{}", page.text());
        let order = record(&server).await.description.expect("written").content.order;
        assert_eq!(order.first(), (place == "1").then_some(&Part::People));
    }
    for (path, fields) in [
        ("/engagements/1/description", vec![("hobby", "x"), ("version", "1")]),
        ("/engagements/1/entries/subservices/new", vec![("hobby", "x"), ("version", "1")]),
    ] {
        assert_eq!(cam.send(path, path, &fields).await.status, StatusCode::BAD_REQUEST, "{path}");
    }
    for path in [
        "/engagements/2",
        "/engagements/x",
        "/engagements/1/entries/subservices/1",
        "/engagements/1/entries/x/new",
    ] {
        assert_eq!(cam.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn the_guide_goes_from_questions_to_a_planned_examination() {
    let server = Server::start().await;
    program(&server).await;
    let (mut cam, _) = server.member("Cam", &[Role::ComplianceManager]).await;
    let at = "/engagements/guide";
    let once = hidden(cam.get(at).await.text(), "once").to_owned();
    let nothing = cam.send(at, at, &[("step", "questions"), ("once", &once)]).await;
    assert_eq!(nothing.status, StatusCode::UNPROCESSABLE_ENTITY);

    let mut known = vec![("once", once.as_str()), ("answer", "financial"), ("answer", "uptime")];
    let report = step(&mut cam, "questions", &known).await;
    assert!(report.text().contains("Each is an examination of its own"), "{}", report.text());
    known.push(("kind", "soc2"));
    let yardstick = step(&mut cam, "report", &known).await;
    assert!(yardstick.text().contains("It is promised how much of the time"), "{}", yardstick.text());
    assert!(yardstick.text().contains("Nothing is promised to people about their data"));

    known.extend([("category-security", "customers ask"), ("category-availability", "promised")]);
    let silent = step(&mut cam, "yardstick", &known).await;
    assert_eq!(silent.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(silent.text().contains("Privacy"), "every category left out has a reason: {}", silent.text());
    known.extend([
        ("without-confidentiality", "nothing is kept"),
        ("without-processing-integrity", "nothing is computed"),
        ("without-privacy", "nothing is promised to people"),
        ("commitment", "1"),
    ]);
    let boundary = step(&mut cam, "yardstick", &known).await;
    assert!(boundary.text().contains("Environments outside"), "{}", boundary.text());
    known.extend([
        ("system", "Payroll"),
        ("services", "Payroll"),
        ("boundary", "The form."),
        ("data-in", "Wages"),
    ]);
    let mut wrong = known.clone();
    wrong.push(("site-out", "Office"));
    assert_eq!(step(&mut cam, "boundary", &wrong).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    known.push(("site-out", "Office: nobody reaches data from it"));
    assert!(step(&mut cam, "boundary", &known).await.text().contains("just a vendor"));

    known.push(("vendors", "A mail service: sends notices: what it sends is compared"));
    let undecided = step(&mut cam, "vendors", &known).await;
    assert!(undecided.text().contains("Say who decided."), "{}", undecided.text());
    known.extend([("approver", "Eva"), ("decided", "2026-10-15")]);
    let time = step(&mut cam, "vendors", &known).await;
    assert!(time.text().contains("First day"));
    assert_eq!(time.text().matches("name=\"kind\"").count(), 1, "which report it is was said before");
    known.extend([("type", "2"), ("from", "2026-11-01"), ("to", "2027-10-31")]);
    let review = step(&mut cam, "time", &known).await;
    assert!(
        review.text().contains("Plan it") && review.text().contains("Office: nobody reaches"),
        "{}",
        review.text()
    );
    let back = {
        let mut fields = known.clone();
        fields.extend([("step", "review"), ("go", "back")]);
        cam.send(at, at, &fields).await
    };
    assert!(back.text().contains("How long a period is"), "{}", back.text());
    known.push(("reason", "customers ask"));
    for _ in 0..2 {
        let planned = step(&mut cam, "review", &known).await;
        assert_eq!(planned.header("location"), "/engagements/1", "{}", planned.text());
    }
    let scope = record(&server).await.scope;
    assert_eq!(scope.omissions.len(), 3);
    assert_eq!((scope.systems.len(), scope.elements.len(), scope.vendors.len()), (1, 2, 1));
    assert!(scope.vendors[0].decision.categories.contains("availability"));

    // What the vendor expects of us is met by own controls.
    let expects = [
        ("vendor", "A mail service"),
        ("text", "Customers review who may send."),
        ("applies", "yes"),
        ("control", "IAM-07"),
        ("evidence", "the review of each quarter"),
        ("reason", "its report says so"),
    ];
    let added = send(&mut cam, "/engagements/1/entries/vendor-controls/new", &expects).await;
    assert_eq!(added.status, StatusCode::SEE_OTHER, "{}", added.text());
    let page = cam.get("/engagements/1").await;
    assert!(
        page.text().contains("Customers review who may send.")
            && page.text().contains("Decided on 15 Oct 2026 by Eva")
    );
    let refused = [("vendor", "A mail service"), ("text", "More."), ("applies", "no"), ("reason", "so")];
    let refused = send(&mut cam, "/engagements/1/entries/vendor-controls/new", &refused).await;
    assert!(refused.text().contains("Say why it does not apply."), "{}", refused.text());
}

/// Sends the answers so far as one step of the guide.
async fn step(browser: &mut Browser, step: &str, known: &[(&str, &str)]) -> crate::visitor::Answer {
    let at = "/engagements/guide";
    let mut fields = known.to_vec();
    fields.push(("step", step));
    browser.send(at, at, &fields).await
}

#[tokio::test]
async fn a_soc_1_is_guided_to_objectives_and_a_description_begins_with_records() {
    let server = Server::start().await;
    program(&server).await;
    let (mut cam, _) = server.member("Cam", &[Role::ComplianceManager]).await;
    let once = hidden(cam.get("/engagements/guide").await.text(), "once").to_owned();
    let mut known = vec![("once", once.as_str()), ("answer", "financial"), ("kind", "soc1")];
    let objectives = step(&mut cam, "report", &known).await;
    assert!(objectives.text().contains("IT general control objectives"), "{}", objectives.text());
    known.extend([
        ("set", "soc1-payroll"),
        ("objective", "CO-04"),
        ("objective", "CO-15"),
        ("system", "Payroll"),
        ("services", "Payroll"),
        ("boundary", "The form."),
        ("type", "2"),
        ("from", "2026-11-01"),
        ("to", "2027-10-31"),
        ("reason", "clients' auditors ask"),
    ]);
    let planned = step(&mut cam, "review", &known).await;
    assert_eq!(planned.header("location"), "/engagements/1", "{}", planned.text());
    let page = cam.get("/engagements/1").await;
    assert!(page.text().contains("IT general control") && page.text().contains("Transactions: wages"));

    let proposed = cam.get("/engagements/1/proposals").await;
    assert!(proposed.text().contains("These services are provided: Payroll."), "{}", proposed.text());
    let begun = send(&mut cam, "/engagements/1/proposals", &[("part", "services")]).await;
    assert_eq!(begun.header("location"), "/engagements/1/description", "{}", begun.text());
    let description = cam.get("/engagements/1/description").await;
    assert!(description.text().contains("began with the scope"), "{}", description.text());
    let wrong =
        send(&mut cam, "/engagements/1/description", &[("procedures", "Reviewed as IAM-99 says.")]).await;
    assert_eq!(wrong.status, StatusCode::SEE_OTHER, "a draft may say anything: {}", wrong.text());
    let description = cam.get("/engagements/1/description").await;
    assert!(description.text().contains("There is no control IAM-99."), "{}", description.text());
}

#[tokio::test]
async fn firm_letter_and_walkthroughs_are_recorded_around_an_engagement() {
    let server = Server::start().await;
    program(&server).await;
    let (mut cam, _) = server.member("Cam", &[Role::ComplianceManager]).await;
    let once = hidden(cam.get("/engagements/new").await.text(), "once").to_owned();
    let mut plan = PLAN.to_vec();
    plan.extend([("once", once.as_str()), ("firm", "Example & Partners")]);
    cam.send("/engagements/new", "/engagements/new", &plan).await;
    let at = "/engagements/1/administration";
    assert!(cam.get(at).await.text().contains("No firm is chosen."));
    let mut fields = vec![
        (
            "firms",
            "Example & Partners | looked up | pass, 2025 | no other services | nine payrolls | | 40 days",
        ),
        ("chosen", "Example & Partners"),
        ("why", "knows payroll"),
        ("approver", "Eva"),
        ("decided", "2026-09-01"),
        ("letter", "EV-12"),
        ("letter-dated", "2026-09-20"),
        ("walkthroughs", "soon | Access"),
    ];
    let refused = send(&mut cam, at, &fields).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text());
    fields.pop();
    fields.push(("walkthroughs", "2026-12-02 | Access | Ada"));
    for (name, id) in [("decided", "decided-fault"), ("letter-dated", "letter-dated-fault")] {
        let late: Vec<_> =
            fields.iter().map(|&(one, text)| (one, if one == name { "2099-01-01" } else { text })).collect();
        let refused = send(&mut cam, at, &late).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text());
        assert!(refused.text().contains(&format!("id=\"{id}\">The day of the")), "{}", refused.text());
        assert!(refused.text().contains("2026-12-02 | Access | Ada"), "nothing that was typed is lost");
    }
    let written = send(&mut cam, at, &fields).await;
    assert_eq!(written.status, StatusCode::SEE_OTHER, "{}", written.text());
    let page = cam.get(at).await;
    assert!(!page.text().contains("Still missing") && page.text().contains("2026-12-02 | Access | Ada"));
    for says in ["Firms that were considered", "nine payrolls", "Chosen", "Not recorded"] {
        assert!(page.text().contains(says), "{says}: {}", page.text());
    }
    assert_eq!(page.text().matches("id=\"firms\"").count(), 1, "the field is the only one of this id");
    let held = record(&server).await.administration;
    assert_eq!((held.firms.len(), held.firms[0].price.as_str()), (1, "40 days"));
    assert!(!held.assertion_first, "the usual order of sections");
    fields.push(("assertion-first", "yes"));
    let written = send(&mut cam, at, &fields).await;
    assert_eq!(written.status, StatusCode::SEE_OTHER, "{}", written.text());
    assert!(record(&server).await.administration.assertion_first);
    let page = cam.get(at).await;
    assert!(page.text().contains("name=\"assertion-first\" value=\"yes\" checked"), "{}", page.text());
}

#[tokio::test]
async fn a_heavy_finding_is_told_of_or_left_out_for_a_reason() {
    use tickmark_app::conclusion::remediation;
    use tickmark_core::conclusion::finding::{Plan, ProposedFinding};
    let server = Server::start().await;
    program(&server).await;
    let (mut cam, _) = server.member("Cam", &[Role::ComplianceManager]).await;
    let once = hidden(cam.get("/engagements/new").await.text(), "once").to_owned();
    let mut plan = PLAN.to_vec();
    plan.push(("once", &once));
    cam.send("/engagements/new", "/engagements/new", &plan).await;
    let person = server.world.person(&server.app, &server.program).await;
    let found = ProposedFinding {
        title: "Leavers kept access".into(),
        criteria: vec!["CC6.3".into()],
        control: Some("IAM-05".parse().expect("an id")),
        check: None,
        condition: "Two leavers kept their accounts.".into(),
        cause: String::new(),
        effect: "Access was not limited.".into(),
        recommendation: "Remove accounts.".into(),
        severity: tickmark_core::observation::Severity::High,
        origin: None,
    };
    let plan = Plan {
        owner: Some(person.id),
        due: Some("2026-12-31".parse().expect("a day")),
        cause: String::new(),
        plan: "Accounts end by themselves.".into(),
    };
    server
        .app
        .transact(&person, async |cx| remediation::take(cx, found.clone(), plan.clone()).await)
        .await
        .expect("taken");
    let at = "/engagements/1/description";
    let page = cam.get(at).await;
    assert!(
        page.text().contains("Leavers kept access") && page.text().contains("To decide"),
        "{}",
        page.text()
    );
    let (version, finding) =
        (hidden(page.text(), "version").to_owned(), hidden(page.text(), "finding").to_owned());
    let mut fields =
        vec![("version", version.as_str()), ("finding", &finding), ("at", "0"), ("told-0", "no")];
    let refused = cam.send(at, "/engagements/1/incidents", &fields).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text());
    for says in ["id=\"why-0-fault\">Say why", "value=\"no\" selected"] {
        assert!(refused.text().contains(says), "{says}: {}", refused.text());
    }
    fields.push(("why-0", "no account was used"));
    let decided = cam.send(at, "/engagements/1/incidents", &fields).await;
    assert_eq!(decided.header("location"), at, "{}", decided.text());
    let page = cam.get(at).await;
    assert!(page.text().contains("Not told of") && page.text().contains("no account was used"));
}
