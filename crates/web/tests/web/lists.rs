//! Lists through HTTP: filters, order, columns and pages in the address; views that people name; files of a list.

use std::sync::Arc;

use axum::http::StatusCode;
use tickmark_app::control;
use tickmark_app::identity::audit;
use tickmark_core::catalog::Catalog;
use tickmark_core::control::ControlId;
use tickmark_core::identity::Role;

use crate::examination::Says;
use crate::members::{Browser, Server, hidden};

async fn adopt(server: &Server) -> Vec<String> {
    let catalog = Catalog::builtin();
    server
        .app
        .transact(&server.program, async |cx| control::adopt_starters(cx, &catalog).await)
        .await
        .expect("adopted");
    let all = server.app.read(&server.program, async |view| control::controls(view).await).await;
    all.expect("controls").into_iter().map(|control| control.id.to_string()).collect()
}

/// The ids of the rows of a page of controls, in order.
fn ids(page: &str) -> Vec<String> {
    page.split("class=\"primary mono nowrap\" href=\"/controls/")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .map(str::to_owned)
        .collect()
}

/// The heads of the columns.
fn heads(page: &str) -> Vec<String> {
    let heads = page.split("<th ").skip(1).filter_map(|rest| rest.split("</th>").next());
    let plain =
        |head: &str| head.split('<').filter_map(|part| part.split_once('>')).map(|(_, text)| text).collect();
    heads.map(|head| plain(&format!("<th {head}"))).collect()
}

async fn events(server: &Server, event: &str) -> Vec<audit::Row> {
    let filter = audit::Filter { event: Some(event.to_owned()), ..audit::Filter::default() };
    let rows = server.app.read(&server.program, async |view| audit::search(view, &filter, 50).await).await;
    rows.expect("rows")
}

async fn write(browser: &mut Browser, id: &str, title: &str) {
    let fields = [
        ("id", id),
        ("title", title),
        ("statement", "Somebody does it."),
        ("kind", "preventive"),
        ("nature", "manual"),
        ("frequency", "monthly"),
        ("level", ""),
        ("owner", ""),
        ("operator", ""),
        ("reviewer", ""),
        ("owner_role", "Lead"),
        ("area", "Zoo"),
        ("evidence", ""),
        ("population", ""),
        ("criterion", "CC6.1"),
        ("reason", "the auditor asked"),
    ];
    let sent = browser.send("/controls/new", "/controls/new", &fields).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.text());
}

#[tokio::test]
async fn the_address_says_which_controls_are_shown_in_which_order_and_with_which_columns() {
    let server = Server::start().await;
    let all = adopt(&server).await;
    let (mut mia, _) = server.member("Mia", &[Role::ComplianceManager]).await;
    assert!(all.len() > 100, "more than a page");
    let (mut walked, pages) = (Vec::new(), all.len().div_ceil(50));
    let mut last = Vec::new();
    for number in 1..=pages {
        let page = mia.get(&format!("/controls?page={number}")).await;
        assert!(page.text().contains(&format!("Page {number} of {pages}")), "{}", page.text());
        last = ids(page.text());
        assert!(last.len() == 50 || number == pages, "{}", last.len());
        walked.extend(last.clone());
    }
    assert_eq!(walked, all);
    assert_eq!(ids(mia.get("/controls?page=99999999999999999999").await.text()), all[..50]);
    assert_eq!(ids(mia.get("/controls?page=77").await.text()), last, "beyond the last is the last");

    let down = mia.get("/controls?sort=id&dir=desc").await;
    let mut expected = all.clone();
    expected.reverse();
    assert_eq!(ids(down.text()), expected[..50]);
    assert!(down.text().contains("aria-sort=\"descending\""));

    write(&mut mia, "ZOO-1", "=Feed the <lions>").await;
    for query in [
        "q=lio",
        "q=zoo-1",
        "q=ZOO+feed",
        "area=Zoo",
        "area=Zoo&state=draft&sort=title&dir=desc",
        "frequency=monthly&area=Zoo",
    ] {
        let page = mia.get(&format!("/controls?{query}")).await;
        assert_eq!(ids(page.text()), ["ZOO-1"], "{query}");
        assert!(page.text().contains("=Feed the &lt;lions&gt;"), "{query}");
    }
    for query in
        ["q=tigers", "area=Zoo&state=active", "status=unheard", "area=%27%22%3E%3Cscript%3E", "owner=x"]
    {
        let page = mia.get(&format!("/controls?{query}")).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.text().contains("No control matches") && !page.text().contains("><script>"), "{query}");
    }
    let suggested = mia.get("/controls?suggested=implemented").await;
    assert_eq!((suggested.status, ids(suggested.text()).len()), (StatusCode::OK, 0));

    let few = mia.get("/controls?area=Zoo&col=title&col=status").await;
    assert_eq!(heads(few.text()), ["Chosen", "Control", "Title", "Status"]);
    assert!(
        few.text().contains("/controls?area=Zoo&amp;col=title&amp;col=status&amp;sort=title"),
        "columns stay"
    );
    assert_eq!(heads(mia.get("/controls").await.text()).len(), 8);
    // The owner by whom rows are filtered is somebody, not a name.
    let oscar = server.world.member(&server.app, &server.program, "Oscar", &[Role::ControlOwner]).await;
    let oscar = server.world.find_member(&server.app, &server.program, &oscar.email).await;
    let person = server.world.person(&server.app, &server.program).await;
    let id: ControlId = all[0].parse().expect("an id");
    server
        .app
        .transact(&person, async |cx| control::put_in_force(cx, &id, oscar.actor).await)
        .await
        .expect("in force");
    let theirs = mia.get(&format!("/controls?owner={}", oscar.actor)).await;
    assert_eq!(ids(theirs.text()), [all[0].as_str()]);
    assert!(theirs.text().contains("Oscar"));
}

#[tokio::test]
async fn a_view_is_named_shown_above_its_list_shared_and_taken_away() {
    let server = Server::start().await;
    adopt(&server).await;
    let (mut mia, _) = server.member("Mia", &[Role::ComplianceManager]).await;
    let (mut max, _) = server.member("Max", &[Role::ComplianceManager]).await;
    let (mut eve, _) = server.member("Eve", &[Role::Employee]).await;
    let page = mia.get("/controls?status=gap&sort=title&page=2").await;
    let link = "/views/new?list=controls&amp;query=status%3Dgap%26sort%3Dtitle";
    assert!(page.text().contains(link), "{}", page.text());
    let form = "/views/new?list=controls&query=status%3Dgap%26sort%3Dtitle";
    let fields = |name: &'static str, shared: &'static str| {
        vec![
            ("list", "controls"),
            ("query", "status=gap&sort=title&page=7"),
            ("name", name),
            ("shared", shared),
        ]
    };
    // What cannot be kept is said beside the field, with what was typed.
    let long = "x".repeat(61);
    let long: &'static str = Box::leak(long.into_boxed_str());
    for name in ["", long] {
        let refused = mia.send(form, "/views/new", &fields(name, "yes")).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(
            refused.text().contains("Give the view a name of 1 to 60 characters")
                && refused.text().contains("id=\"name-fault\"")
        );
        assert_eq!(hidden(refused.text(), "query"), "status=gap&amp;sort=title");
    }
    let saved = mia.send(form, "/views/new", &fields("Gaps <b>", "")).await;
    assert_eq!(
        (saved.status, saved.header("location")),
        (StatusCode::SEE_OTHER, "/controls?status=gap&sort=title")
    );
    let again = mia.send(form, "/views/new", &fields("Gaps <b>", "yes")).await;
    assert!(again.text().contains("You have a view called Gaps &lt;b&gt; already"), "{}", again.text());
    let shared = mia.send(form, "/views/new", &fields("All gaps", "yes")).await;
    assert_eq!(shared.status, StatusCode::SEE_OTHER);
    let here = mia.get("/controls?status=gap&sort=title").await;
    assert!(here.text().contains("Gaps &lt;b&gt;") && here.text().contains("aria-current=\"true\""));
    assert!(here.text().contains("Remove this view") && !here.text().contains("Save this view"));
    let theirs = max.get("/controls").await;
    assert!(theirs.text().contains("All gaps") && !theirs.text().contains("Gaps &lt;b&gt;"));
    assert!(theirs.text().contains("href=\"/controls?status=gap&amp;sort=title\""));
    assert!(!max.get("/evidence/items").await.text().contains("All gaps"));

    // A list that somebody may not see has no views for them; nor has one that there is not.
    for (list, status) in
        [("controls", StatusCode::NOT_FOUND), ("nope", StatusCode::NOT_FOUND), ("items", StatusCode::OK)]
    {
        assert_eq!(eve.get(&format!("/views/new?list={list}&query=q%3Da")).await.status, status, "{list}");
    }
    let mut odd = fields("Odd", "");
    odd[0].1 = "controls";
    assert_eq!(eve.send("/views/new?list=items", "/views/new", &odd).await.status, StatusCode::NOT_FOUND);
    odd.push(("more", "1"));
    assert_eq!(mia.send(form, "/views/new", &odd).await.status, StatusCode::BAD_REQUEST);

    let action = |page: &str, from: usize| -> String {
        let at = page[from..].find("/views/").map(|at| at + from).expect("a form");
        page[at..].split('"').next().expect("an end").to_owned()
    };
    let page = here.text();
    let remove = action(page, page.find("method=\"post\" action=\"/views/").expect("a form"));
    assert!(remove.ends_with("/remove"));
    assert_eq!(eve.send("/account", &remove, &[]).await.status, StatusCode::NOT_FOUND);
    assert_eq!(mia.send("/controls?status=gap&sort=title", &remove, &[]).await.status, StatusCode::SEE_OTHER);
    assert_eq!(events(&server, "view").await.len(), 3);
    let rows = events(&server, "view").await;
    assert!(rows.iter().all(|row| row.why.is_none()), "names stay out of the trail");
}

#[tokio::test]
async fn a_list_is_taken_out_as_it_is_shown_by_whoever_may_see_it() {
    let server = Server::start().await;
    let all = adopt(&server).await;
    server.state.set_with(Arc::new(Says));
    let (mut mia, _) = server.member("Mia", &[Role::ComplianceManager]).await;
    let (mut eve, _) = server.member("Eve", &[Role::Employee]).await;
    write(&mut mia, "ZOO-1", "=HYPERLINK(\"http://evil\"), a").await;
    let csv = mia.get("/export/controls.csv").await;
    assert_eq!((csv.status, csv.header("content-type")), (StatusCode::OK, "text/csv; charset=utf-8"));
    assert_eq!(
        csv.header("content-disposition"),
        "attachment; filename=\"controls-2026-11-24.csv\"; filename*=UTF-8''controls-2026-11-24.csv"
    );
    let lines: Vec<&str> = csv.text().split("\r\n").filter(|line| !line.is_empty()).collect();
    assert_eq!(lines[0], "Control,Title,Period,Owner,Criteria,D I O E,Status");
    assert_eq!(lines.len(), all.len() + 2, "all pages");
    assert!(lines.contains(&"ZOO-1,\"'=HYPERLINK(\"\"http://evil\"\"), a\",,Lead,CC6.1,Not assessed; Not assessed; Not assessed; Not assessed,Not assessed"), "{lines:#?}");
    let some = mia.get("/export/controls.csv?area=Zoo&col=title&sort=title&page=9").await;
    assert_eq!(some.text().lines().count(), 2);
    assert!(some.text().starts_with("Control,Title\r\nZOO-1,"), "{}", some.text());
    let none = mia.get("/export/controls.csv?q=nothinglikeit").await;
    assert_eq!(none.text().lines().count(), 1);
    let book = mia.get("/export/controls.xlsx?area=Zoo").await;
    assert!(book.text().starts_with("Controls of ") && book.text().ends_with("1 rows"), "{}", book.text());

    // Every list can be taken out; each time it stands in the trail.
    let mut count = 4;
    for list in [
        "criteria",
        "commitments",
        "items",
        "checks",
        "targets",
        "runs",
        "findings",
        "waivers",
        "evidence",
        "people",
        "due",
        "jobs",
    ] {
        let csv = mia.get(&format!("/export/{list}.csv")).await;
        assert_eq!(csv.status, StatusCode::OK, "{list}");
        assert!(csv.text().lines().count() >= 1, "{list}");
        count += 1;
    }
    let rows = events(&server, "list.exported").await;
    assert_eq!(rows.len(), count);
    assert!(rows.iter().all(|row| row.object_kind == "list"));
    for path in [
        "/export/controls.csv",
        "/export/people.csv",
        "/export/nope.csv",
        "/export/controls",
        "/export/items.pdf",
    ] {
        assert_eq!(eve.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(eve.get("/export/items.csv").await.status, StatusCode::OK);
    assert_eq!(events(&server, "list.exported").await.len(), count + 1);
    let denied = events(&server, "access.denied").await;
    assert!(denied.iter().any(|row| row.object.contains("test_result")), "{denied:#?}");
    let mut stranger = server.browser();
    assert_eq!(stranger.get("/export/controls.csv").await.status, StatusCode::SEE_OTHER);
}
