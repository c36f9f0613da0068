//! The period board and the way from the program to one moment of one target.

use axum::http::StatusCode;

use crate::sample::{empty_views, views};
use crate::visitor::Visitor;

/// Bytes of the whole board, uncompressed.
const BOARD_WEIGHT_LIMIT: usize = 300 * 1000;

/// Rows drawn on a board.
fn rows(html: &str) -> usize {
    html.matches("<li class=\"board-row\">").count()
}

/// The first address in `html` that begins with `start`.
fn link(html: &str, start: &str) -> String {
    let from = html.find(&format!("href=\"{start}")).unwrap_or_else(|| panic!("no link to {start}")) + 6;
    html[from..].split('"').next().unwrap_or("").replace("&amp;", "&")
}

#[tokio::test]
async fn the_board_zooms_from_the_program_to_raw_evidence() {
    let guest = Visitor::guest(views(None)).await;
    let board = guest.get("/period?span=2026").await;
    assert!(board.bytes.len() < BOARD_WEIGHT_LIMIT, "{}", board.bytes.len());
    assert_eq!(rows(board.text()), 110, "one row for each control");
    assert!(board.text().contains("1 Jan 2026 to 31 Dec 2026"));

    let series = guest.get(&link(board.text(), "/period?span=2026&amp;series=CC6")).await;
    assert!(series.text().contains("<h1>CC6 ") && rows(series.text()) < 110);
    let criterion = guest.get(&link(series.text(), "/period?span=2026&amp;criterion=CC6.1")).await;
    assert!(criterion.text().contains("<h1>CC6.1 over the period</h1>"));
    let control = guest.get(&link(criterion.text(), "/period/IAM-08")).await;
    for told in
        ["Root cannot log in over SSH", "Last seen good", "First seen bad", "never counted as operating"]
    {
        assert!(control.text().contains(told), "{told}");
    }
    let day = guest.get(&link(control.text(), "/targets/1/checks/ssh-root-login-disabled?at=")).await;
    assert_eq!(day.status, StatusCode::OK);
    for told in
        ["root can log in over SSH", "sshd.permit_root_login", "tickmark replay ssh-root-login-disabled"]
    {
        assert!(day.text().contains(told), "{told}");
    }
    let raw = guest.get(&link(day.text(), "/evidence/")).await;
    assert_eq!(raw.status, StatusCode::OK);
}

#[tokio::test]
async fn filters_show_what_they_say() {
    let guest = Visitor::guest(views(None)).await;
    let all = rows(guest.get("/period?span=2026").await.text());
    let untested = rows(guest.get("/period?span=2026&state=untested").await.text());
    let deviating = guest.get("/period?span=2026&state=deviation").await;
    assert!(untested > 0 && untested < all);
    // One row each; every row that is shown says how often.
    assert_eq!(rows(deviating.text()), deviating.text().matches("> deviation</span>").count());
    assert_eq!(rows(guest.get("/period?q=privileged+access").await.text()), 1);
    let none = guest.get("/period?q=no-such-control").await;
    assert!(none.text().contains("No control matches") && rows(none.text()) == 0);
    // Missed stays missed and late is late, in words too.
    let missed = guest.get("/period?span=2026&state=missed").await;
    assert!(missed.text().contains("missed once, late once") && missed.text().contains("#b-missed"));
}

#[tokio::test]
async fn untested_controls_are_said_to_be_untested() {
    let guest = Visitor::guest(empty_views()).await;
    let board = guest.get("/period").await;
    assert_eq!(
        board.text().matches("not tested yet</span>").count(),
        2 * 110,
        "on the board and in the table"
    );
    assert!(!board.text().contains("class=\"seg-pass\""), "nothing is drawn as operating");
    assert!(guest.get("/period/IAM-08").await.text().contains("Nothing tests this control yet"));
}
