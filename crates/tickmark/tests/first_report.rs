//! From set-up to the first report in a real browser, over the real program: nobody reads a manual, everything is a link or a
//! button that they see.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::time::{Duration, SystemTime};

use serde_json::json;
use tickmark_core::identity::totp::{STEP_SECONDS, Seed};

#[expect(dead_code, reason = "the journeys of the pages use more of it")]
#[path = "../../web/tests/journeys/driver.rs"]
mod driver;
#[expect(dead_code, reason = "the other tests use more of it")]
mod support;

use driver::Window;
use support::{command, errors, tickmark};

const PASSWORD: &str = "correct horse and staple";
/// How long the look at this machine may take, and writing the report.
const WORK: Duration = Duration::from_secs(300);

/// The server, stopped when dropped.
struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The first line of what is left of the output that holds an address, from there on.
fn address(lines: &mut impl Iterator<Item = std::io::Result<String>>) -> String {
    let line = lines.map(|line| line.expect("text")).find(|line| line.contains("http://")).expect("a link");
    line[line.find("http://").expect("just found")..].trim().to_owned()
}

/// The code that an authenticator app shows for a key, as it is typed into one (RFC 4648, section 6).
#[expect(clippy::disallowed_methods, reason = "codes are of the moment, for the program and for the app")]
fn code(key: &str) -> String {
    let (mut held, mut bits, mut bytes) = (0u32, 0, Vec::new());
    for letter in key.to_uppercase().bytes().filter(u8::is_ascii_alphanumeric) {
        let value = if letter.is_ascii_digit() { letter - b'2' + 26 } else { letter - b'A' };
        held = (held << 5 | u32::from(value)) & 0xfff;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits & 0xff).expect("eight bits"));
        }
    }
    let seed = Seed::new(bytes.try_into().expect("a key of twenty bytes"));
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_secs();
    seed.code(i64::try_from(now).expect("before the end").div_euclid(STEP_SECONDS))
}

/// Fills in who one is, with the code of an app into which the key on the page was typed.
fn enroll(window: &Window, name: &str, verb: &str) {
    window.fill("Your name", name);
    window.fill("New password", PASSWORD);
    window.fill("The same once more", PASSWORD);
    let text = window.text();
    let mut lines = text.lines().map(str::trim);
    lines.find(|line| *line == "Key").expect("a key to type");
    window.fill("Code", &code(lines.find(|line| !line.is_empty()).expect("the key")));
    window.press(&format!("{verb} with a code"));
    window.see("These are your recovery codes");
    window.press("I have kept them");
    window.see_page("Overview");
}

/// Fetches what a link leads to as the browser does, and returns how it begins.
fn download(window: &Window, words: &str) -> Vec<u8> {
    let script = "
        const done = arguments[arguments.length - 1];
        const link = [...document.querySelectorAll('main a')].find((one) => one.innerText.trim() === arguments[0]);
        fetch(link.href).then((answer) => answer.ok ? answer.arrayBuffer() : Promise.reject(answer.status))
            .then((bytes) => done([...new Uint8Array(bytes).slice(0, 16)]), (error) => done(String(error)));";
    let begins = window.run_async(script, json!([words])).expect("an answer");
    let bytes = begins.as_array().unwrap_or_else(|| panic!("{words:?}: {begins}"));
    bytes.iter().filter_map(|byte| u8::try_from(byte.as_u64()?).ok()).collect()
}

#[test]
fn a_newcomer_gets_from_set_up_to_the_first_report_by_what_the_pages_say() {
    let scratch = tempfile::tempdir().expect("scratch");
    let data = scratch.path().join("data");
    let made = tickmark(&data, &["init"]);
    assert_eq!(made.status.code(), Some(0), "{}", errors(&made));
    let serve = ["serve", "--accounts", "--port", "0"];
    let mut child = command(&data, &serve).stdout(Stdio::piped()).spawn().expect("started");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let _serving = Serving(child);
    let link =
        address(&mut lines.by_ref().filter(|line| line.as_ref().is_ok_and(|line| line.contains("Set up"))));
    let home = &link[..link.find("/join/").expect("a link to join by")];

    // The first one there becomes the owner.
    let window = Window::open(home);
    window.go(&link);
    window.see("You are the first one here");
    window.fill("E-mail address", "olu@example.com");
    enroll(&window, "Olu Owner", "Set up");

    // A program from a few questions.
    window.press("Put a program together");
    window.see_page("Put a program together");
    window.fill("Which services should the report describe?", "Payroll for small companies");
    window.press("Propose a program");
    window.see_page("The proposed program");
    window.press("Adopt the chosen controls as drafts");
    window.see_page("What comes next");
    window.press("Give each draft an owner");
    window.see_page("Controls");
    window.fill("Find among controls", "IAM-07");
    window.press("Apply");
    window.press("IAM-07");
    window.see("Access review");
    window.press("Put in force");
    window.see_page("Put in force");
    window.choose("Owner", "Olu Owner");
    window.press("Put it in force");
    window.see("Occurrences");

    // The machine is looked at.
    window.press("Overview");
    window.press("Look now");
    window.see_page("Jobs");
    window.see_in(WORK, "Run 1:");

    // What shows that the control was performed.
    let file = scratch.path().join("access-review.csv");
    std::fs::write(&file, "who,what\nAda,keeps\n").expect("written");
    window.press("Controls");
    window.see_page("Controls");
    window.fill("Find among controls", "IAM-07");
    window.press("Apply");
    window.press("IAM-07");
    window.see("Access review");
    window.press("Record");
    window.see_page("Occurrences");
    window.attach("Files that show it", &file);
    window.fill("Note", "Everybody looked at");
    window.press("Record a performance");
    window.see("(waiting)");

    // Nobody accepts what they handed in: somebody is invited who does.
    window.press("People");
    window.see_page("People");
    window.press("Invite somebody");
    window.fill("E-mail address", "mia@example.com");
    window.tick("Compliance manager");
    window.press("Make a link");
    window.see("Send this link to mia@example.com");
    let text = window.text();
    let invitation = text.split_whitespace().find(|word| word.contains("/join/")).expect("a link").to_owned();
    let owner = window.cookies();

    window.hand_over(&[]);
    window.go(&invitation);
    window.see("as compliance manager");
    enroll(&window, "Mia Manager", "Join");
    window.press("My work");
    window.see("Waiting for your decision");
    window.press("Access review");
    window.press("Accept evidence");
    window.see("Accepted by Mia Manager");

    // The report.
    window.hand_over(&owner);
    window.press("Reports");
    window.see_page("Reports");
    window.press("Write the report");
    window.see_page("Jobs");
    window.see_in(WORK, "readiness.pdf");
    window.press("See the reports");
    window.see_page("Reports");
    assert!(download(&window, "readiness.pdf").starts_with(b"%PDF-"));
    window.assert_quiet();
}
