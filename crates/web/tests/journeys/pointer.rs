//! With the pointer and the clipboard: files dropped and pasted, a board opened and zoomed, rows ticked, a digest copied.

use serde_json::{Value, json};
use tickmark_core::identity::Role;
use tickmark_evaluate::Library;

use crate::driver::ESCAPE;
use crate::host;
use crate::seen::{Colors, axe};
use crate::served::Served;
use crate::work::in_force;

#[test]
fn files_are_dropped_pasted_and_taken_out_again() {
    let served = Served::start();
    let (mia, _) = served.member("Mia", &[Role::ComplianceManager]);
    let id = in_force(&served, "mia@example.com");
    let window = served.window();
    window.seat(&mia);
    window.go(&format!("/evidence/items/new?control={id}"));
    // What the browser hands over when files are let go of over the page, or pasted.
    let hand = |kind: &str, name: &str, media: &str| {
        let script = "
            const held = new DataTransfer();
            held.items.add(new File(['group\\npayroll\\n'], arguments[1], {type: arguments[2]}));
            const about = {bubbles: true, cancelable: true, dataTransfer: held, clipboardData: held};
            if (arguments[0] === 'paste') document.dispatchEvent(new ClipboardEvent('paste', about));
            else for (const name of ['dragenter', 'dragover', 'drop'])
                document.querySelector('.drop').dispatchEvent(new DragEvent(name, about))";
        window.run(script, json!([kind, name, media])).expect("handed over");
    };
    let chosen = || {
        let script = "return [...document.querySelector('input[type=file]').files].map((one) => one.name)";
        window.run(script, json!([])).expect("names")
    };
    hand("drop", "groups.csv", "text/csv");
    hand("drop", "wrong.csv", "text/csv");
    window.see("wrong.csv");
    window.press("Remove wrong.csv");
    assert_eq!(chosen(), json!(["groups.csv"]));
    hand("paste", "image.png", "image/png");
    let names = chosen();
    let pasted = names[1].as_str().expect("a name");
    assert!(pasted.starts_with("pasted ") && pasted.ends_with(".png"), "{names}");
    window.press(&format!("Remove {pasted}"));
    window.fill("What it shows", "Groups of payroll");
    window.press("Keep as a draft");
    window.see("groups.csv");
    window.see("Groups of payroll");
    window.assert_quiet();
}

#[test]
fn a_board_is_opened_where_it_is_clicked_and_zoomed_by_drawing() {
    let served = Served::start_days_ago(60);
    served.run(async {
        let library = Library::builtin().unwrap_or_else(|errors| panic!("{errors:#?}"));
        host::collect(&served.server.app, &served.server.program, &library).await;
        served.server.world.wait(60 * 86_400);
        host::collect(&served.server.app, &served.server.program, &library).await;
    });
    let (mia, _) = served.member("Mia", &[Role::ComplianceManager]);
    in_force(&served, "mia@example.com");
    let window = served.window();
    window.seat(&mia);
    window.go("/period?from=2026-01-01&to=2026-11-24");
    window.see_page("Period");
    window.draw(".board[data-zoom] svg.axis", 0.5, 0.75);
    window.until(
        "a shorter period",
        "return !location.search.includes('from=2026-01-01') && location.search.includes('from=2026-0') || null",
    );
    let shorter = window.here();
    window.see_page("Period");
    window.draw(".board svg.cells[data-around], .board svg.cells[data-day]", 0.6, 0.6);
    window.until(
        "another page",
        &format!("return location.pathname + location.search !== '{shorter}' || null"),
    );
    window.assert_quiet();
}

#[test]
fn rows_are_ticked_at_once_and_filtered_while_typing() {
    let served = Served::start();
    crate::work::failing(&served);
    let (mia, _) = served.member("Mia", &[Role::ComplianceManager]);
    in_force(&served, "mia@example.com");
    let window = served.window();
    window.seat(&mia);
    window.go("/controls");
    window.see_page("Controls");
    let count = |selector: &str| -> Value {
        let script = "return document.querySelectorAll(arguments[0]).length";
        window.run(script, json!([selector])).expect("a count")
    };
    let rows = count("main table.cards tbody tr");
    window.run("document.querySelector('input[data-pick-all]').click()", json!([])).expect("clicked");
    assert_eq!(count("td.pick input:checked"), rows);
    // What is all on one page is filtered there.
    window.go("/checks?group=ssh");
    window.see_page("Checks");
    window.fill("Find among checks", "root-login");
    window.until(
        "fewer rows",
        "const all = [...document.querySelectorAll('main tbody tr')]; const shown = all.filter((one) => !one.hidden); \
         return shown.length > 0 && shown.length < all.length && shown.every((one) => one.innerText.includes('root')) || null",
    );
    window.assert_quiet();
}

#[test]
fn a_row_opens_beside_its_list_and_its_address_opens_the_same() {
    let served = Served::start();
    crate::work::failing(&served);
    let (mia, _) = served.member("Mia", &[Role::ComplianceManager]);
    in_force(&served, "mia@example.com");
    let window = served.window();
    window.seat(&mia);
    let is_open = |path: &str| {
        format!(
            "return document.querySelector('dialog.drawer[open]')?.dataset.path === '{path}' && location.hash === '#open={path}' || null"
        )
    };
    let gone = "return document.querySelector('dialog') === null && location.hash === '' || null";
    window.go("/checks?group=ssh");
    window.see_page("Checks");
    let row = "[...document.querySelectorAll('main table.cards tbody tr')]";
    let path = |at: usize| {
        let script = format!("return {row}[{at}].querySelector('a').pathname");
        let path = window.run(&script, json!([])).expect("a row");
        path.as_str().expect("a path").to_owned()
    };
    let (first, second) = (path(0), path(1));
    window.run(&format!("{row}[0].querySelector('td:last-child').click()"), json!([])).expect("clicked");
    window.until("the first row", &is_open(&first));
    let title = "return document.querySelector('dialog.drawer h1').innerText.length > 0 || null";
    window.until("its title", title);
    for colors in Colors::ALL {
        window.set_colors(colors);
        assert_eq!(window.violations(&axe(), false), [], "{colors:?}");
    }
    let twice = "const all = [...document.querySelectorAll('[id]')].map((one) => one.id); return all.length === new Set(all).size";
    assert_eq!(window.run(twice, json!([])).expect("a page"), json!(true));
    window.keys("j");
    window.until("the second row", &is_open(&second));
    window.keys(ESCAPE);
    window.until("no drawer", gone);

    // A link opens the same; the back button closes it; nothing that the list does not name is opened.
    window.go("/");
    window.go(&format!("/checks?group=ssh#open={second}"));
    window.until("the second row", &is_open(&second));
    window.go("/");
    window.go("/checks?group=ssh");
    window.see_page("Checks");
    window.run(&format!("{row}[0].querySelector('a').focus()"), json!([])).expect("in focus");
    window.keys("o");
    window.until("the first row", &is_open(&first));
    window.run("history.back()", json!([])).expect("back");
    window.until("no drawer", gone);
    window.go("/");
    window.go("/checks?group=ssh#open=/sign-out");
    window.see_page("Checks");
    assert_eq!(
        window.run("return document.querySelector('dialog')", json!([])).expect("a page"),
        Value::Null
    );
    window.assert_quiet();
}
