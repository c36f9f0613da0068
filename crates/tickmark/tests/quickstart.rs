//! The main job through the binary, as a newcomer meets it: from this machine to a bundle that verifies, and the ways
//! in which it must not.

use std::fs::Permissions;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

mod support;

use support::{Folder, command, errors, tickmark};

/// A data folder after `quickstart --no-serve`, without the slow parts of a look.
fn folder() -> Folder {
    static FIRST: OnceLock<Folder> = OnceLock::new();
    Folder::copy_of(&FIRST, &["quickstart", "--no-serve", "--no-updates", "--no-walk"])
}

#[test]
fn quickstart_ends_with_a_report_and_a_bundle_that_verifies() {
    let folder = folder();
    let out = folder.data().join("out");
    assert!(std::fs::read(out.join("readiness.pdf")).expect("PDF").starts_with(b"%PDF-"));
    assert!(std::fs::read(out.join("matrix.xlsx")).expect("XLSX").starts_with(b"PK"));
    assert_eq!(folder.answer["verified"], true);
    assert_eq!(folder.answer["run"]["run"]["state"], "complete");
    // Every check that is built in was asked; `content.rs` says which these are.
    let built_in = tickmark_evaluate::Library::builtin().expect("they compile").len();
    assert_eq!(folder.answer["run"]["checks"].as_u64(), u64::try_from(built_in).ok());
    let criteria = &folder.answer["criteria"];
    let total: u64 =
        ["met", "partly_met", "not_met", "not_assessed"].iter().filter_map(|s| criteria[s].as_u64()).sum();
    assert_eq!(total, 61);
    // Nobody has decided anything, so nothing is met, whatever the tests say.
    assert_eq!(criteria["met"], 0);
    assert_eq!(folder.answer["controls"], 110);

    let bundle = out.join("bundle.zip");
    let key = folder.answer["ledger"]["verifier_key"].as_str().expect("key").to_owned();
    let good = folder.run(&["verify", bundle.to_str().expect("UTF-8"), "--key", &key]);
    assert_eq!(good.status.code(), Some(0), "{}", errors(&good));

    // Another key did not sign it.
    let other = tickmark(&folder.scratch.path().join("other"), &["init", "--json"]);
    let other: Value = serde_json::from_slice(&other.stdout).expect("JSON");
    let foreign = other["ledger"]["verifier_key"].as_str().expect("key").to_owned();
    let refused = folder.run(&["verify", bundle.to_str().expect("UTF-8"), "--key", &foreign]);
    assert_eq!(refused.status.code(), Some(1));

    // A file cut in half is no bundle; a document exchanged for another is named.
    let bytes = std::fs::read(&bundle).expect("bundle");
    let cut = folder.scratch.path().join("cut.zip");
    std::fs::write(&cut, &bytes[..bytes.len() / 2]).expect("written");
    assert_eq!(folder.run(&["verify", cut.to_str().expect("UTF-8")]).status.code(), Some(2));
    let changed = folder.scratch.path().join("changed.zip");
    exchange(&bytes, "report/matrix.csv", b"all fine", &changed);
    let answer = folder.run(&["verify", changed.to_str().expect("UTF-8")]);
    assert_eq!(answer.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&answer.stdout).contains("report/matrix.csv"));
}

/// Writes the ZIP `bytes` with the content of one entry exchanged.
fn exchange(bytes: &[u8], name: &str, content: &[u8], to: &Path) {
    let mut from = zip::ZipArchive::new(std::io::Cursor::new(bytes)).expect("ZIP");
    let mut zip = zip::ZipWriter::new(std::fs::File::create(to).expect("created"));
    let mut found = false;
    for index in 0..from.len() {
        let mut entry = from.by_index(index).expect("entry");
        let mut old = Vec::new();
        entry.read_to_end(&mut old).expect("content");
        let entry_name = entry.name().expect("UTF-8").into_owned();
        zip.start_file(&entry_name, zip::write::SimpleFileOptions::default()).expect("started");
        let is_it = entry_name == name;
        found |= is_it;
        zip.write_all(if is_it { content } else { &old }).expect("written");
    }
    zip.finish().expect("finished");
    assert!(found, "no entry {name}");
}

#[test]
fn looking_again_at_an_unchanged_machine_evaluates_nothing() {
    let folder = folder();
    let again = folder.json(&["collect", "--no-updates", "--no-walk"]);
    let run = &again["run"]["run"];
    // Listening sockets and the like may change while tests run beside us; then every check looks at new facts once.
    if run["evaluated"] != 0 {
        assert_ne!(run["facts"], folder.answer["run"]["run"]["facts"], "evaluated without a change of facts");
    }
    assert_eq!(again["run"]["counts"]["expected"], folder.answer["run"]["counts"]["expected"]);
    assert_eq!(folder.run(&["ledger", "fsck"]).status.code(), Some(0));
}

#[test]
fn only_a_named_person_answers_and_the_report_shows_it() {
    let folder = folder();
    let set = [
        "assess",
        "set",
        "NET-01",
        "designed",
        "yes",
        "--by",
        "Ada Byron",
        "--reason",
        "reviewed the rule set",
    ];
    assert_eq!(folder.json(&set)["decision"]["answer"], "yes");
    let shown = folder.json(&["assess", "show", "NET-01"]);
    assert_eq!(shown[0]["answers"]["designed"]["answer"], "yes");
    for (arguments, part) in [
        (["assess", "set", "NET-01", "designed", "yes", "--by", "Ada Byron", "--reason", " "], "reason"),
        (["assess", "set", "NET-99", "designed", "yes", "--by", "Ada Byron", "--reason", "x"], "NET-99"),
        (["assess", "set", "NET-01", "designed", "yes", "--by", "", "--reason", "x"], "name"),
    ] {
        let refused = folder.run(&arguments);
        assert_eq!(refused.status.code(), Some(2), "{arguments:?}");
        assert!(errors(&refused).contains(part), "{}", errors(&refused));
    }
    folder.json(&["assess", "snapshot", "--by", "Ada Byron"]);
    folder.json(&["report"]);
    let model: Value =
        serde_json::from_slice(&std::fs::read(folder.data().join("out/readiness.json")).expect("model"))
            .expect("JSON");
    assert_eq!(model["version"], "2");
    let control =
        model["controls"].as_array().expect("list").iter().find(|c| c["id"] == "NET-01").expect("control");
    assert_eq!(control["questions"][0]["answer"], "yes");
    assert_eq!(control["questions"][1]["answer"], "not_assessed");
}

#[test]
fn a_folder_in_use_is_named_and_left_alone() {
    let folder = folder();
    let lock = std::fs::File::options().write(true).open(folder.data().join("lock")).expect("lock file");
    lock.lock().expect("locked");
    let refused = folder.run(&["collect"]);
    assert_eq!(refused.status.code(), Some(3));
    assert!(errors(&refused).contains(folder.data().to_str().expect("UTF-8")), "{}", errors(&refused));
    // Looking goes on beside the writer.
    folder.json(&["status"]);
}

#[test]
fn what_is_no_data_folder_is_refused() {
    let scratch = tempfile::tempdir().expect("scratch");
    let nothing = tickmark(&scratch.path().join("none"), &["status"]);
    assert_eq!(nothing.status.code(), Some(2));
    assert!(errors(&nothing).contains("quickstart"), "{}", errors(&nothing));
    std::fs::write(scratch.path().join("thesis.txt"), "mine").expect("written");
    let foreign = tickmark(scratch.path(), &["init"]);
    assert_eq!(foreign.status.code(), Some(3), "{}", errors(&foreign));
    assert_eq!(
        std::fs::read_dir(scratch.path())
            .expect("folder")
            .filter(|e| e.as_ref().expect("entry").file_name() != "lock")
            .count(),
        1
    );
}

#[test]
fn the_catalog_answers_without_a_data_folder() {
    let scratch = tempfile::tempdir().expect("scratch");
    let stats: Value =
        serde_json::from_slice(&tickmark(scratch.path(), &["catalog", "stats", "--json"]).stdout)
            .expect("JSON");
    assert_eq!(stats["totals"]["controls"], 110);
    assert_eq!(stats["frameworks"][0]["requirements"], 61);
    assert_eq!(stats["frameworks"][0]["points_of_focus"], 330);
    let shown: Value =
        serde_json::from_slice(&tickmark(scratch.path(), &["catalog", "show", "CC6.1", "--json"]).stdout)
            .expect("JSON");
    assert_eq!(shown["id"], "CC6.1");
    assert_eq!(tickmark(scratch.path(), &["catalog", "show", "CC99.1"]).status.code(), Some(2));
}

#[test]
fn a_catalog_changed_into_nonsense_is_refused_by_name() {
    let scratch = tempfile::tempdir().expect("scratch");
    let folder = scratch.path().join("catalog/tsc-2017");
    std::fs::create_dir_all(&folder).expect("made");
    std::fs::write(folder.join("cc6.toml"), "format = 'nonsense").expect("written");
    let refused = tickmark(scratch.path(), &["catalog", "check"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(errors(&refused).contains("tsc-2017/cc6.toml"), "{}", errors(&refused));
}

#[test]
fn a_new_check_passes_its_tests_and_is_used_beside_the_built_in_ones() {
    let folder = folder();
    folder.json(&["checks", "new", "own-shells-known", "--title", "Shells are known"]);
    let tested = folder.json(&["checks", "test", "own-shells-known"]);
    assert_eq!(tested["failed"].as_array().map(Vec::len), Some(0));
    let again = folder.run(&["checks", "new", "own-shells-known"]);
    assert_eq!(again.status.code(), Some(2), "an existing folder is not overwritten");
    let before = folder.answer["run"]["checks"].as_u64().expect("count");
    assert_eq!(
        folder.json(&["collect", "--no-updates", "--no-walk"])["run"]["checks"].as_u64(),
        Some(before + 1)
    );

    // Broken afterwards: named, left out, and everything else goes on.
    let rego = folder.data().join("checks/own/own-shells-known/check.rego");
    std::fs::write(&rego, "package checks.own_shells_known\nresult := {").expect("written");
    let broken = folder.run(&["checks", "test"]);
    assert_eq!(broken.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&broken.stdout).contains("own-shells-known"));
    assert_eq!(
        folder.json(&["collect", "--no-updates", "--no-walk"])["run"]["checks"].as_u64(),
        Some(before)
    );
}

#[test]
fn pages_open_once_by_the_link() {
    let folder = folder();
    let Served { child: mut server, link } = serve(&folder.data());
    let address = link.strip_prefix("http://").expect("an address");
    let (host, path) = address.split_once('/').expect("path");
    let entered = get(host, &format!("/{path}"), None);
    let cookie = entered.lines().find_map(|line| line.strip_prefix("set-cookie: ")).expect("a cookie");
    let cookie = cookie.split(';').next().expect("name and value").to_owned();
    assert!(get(host, "/", Some(&cookie)).starts_with("HTTP/1.1 200"));
    for page in [
        "/criteria",
        "/controls",
        "/controls/NET-01",
        "/checks",
        "/targets",
        "/targets/1",
        "/runs",
        "/runs/1",
        "/ledger",
    ] {
        let answer = get(host, page, Some(&cookie));
        assert!(answer.starts_with("HTTP/1.1 200"), "{page}: {}", answer.lines().next().unwrap_or_default());
    }
    assert!(get(host, "/", None).starts_with("HTTP/1.1 401"));
    assert!(!get(host, &format!("/{path}"), None).contains("set-cookie"), "the link opens once");
    server.kill().expect("stopped");
    server.wait().expect("ended");
}

#[test]
fn a_browser_shows_the_overview_without_a_complaint() {
    let folder = folder();
    let mut server = serve(&folder.data());
    let profile = tempfile::tempdir().expect("scratch");
    let browser = Command::new("chromium")
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        .args(["--enable-logging=stderr", "--virtual-time-budget=5000", "--dump-dom"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(&server.link)
        .output()
        .expect("Chromium is needed: scripts/install-test-needs");
    server.child.kill().expect("stopped");
    server.child.wait().expect("ended");
    let page = String::from_utf8_lossy(&browser.stdout);
    assert!(page.contains("Needs attention"), "{page}");
    // Chromium writes what a page's console gets, refusals of the Content-Security-Policy among them.
    let log = errors(&browser);
    let complaints: Vec<&str> = log.lines().filter(|line| line.contains("CONSOLE")).collect();
    assert!(complaints.is_empty(), "{complaints:#?}");
}

/// The pages being served, and the link that opens them.
struct Served {
    child: Child,
    link: String,
}

fn serve(data: &Path) -> Served {
    let mut child = command(data, &["serve", "--port", "0"]).stdout(Stdio::piped()).spawn().expect("started");
    let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let line = lines.map(|line| line.expect("text")).find(|line| line.contains("http://")).expect("a link");
    let link = line[line.find("http://").expect("just found")..].trim().to_owned();
    Served { child, link }
}

fn get(host: &str, path: &str, cookie: Option<&str>) -> String {
    let mut stream = TcpStream::connect(host).expect("connected");
    let cookie = cookie.map(|cookie| format!("Cookie: {cookie}\r\n")).unwrap_or_default();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\n{cookie}Connection: close\r\n\r\n")
        .expect("asked");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("answered");
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn help_and_completions_come_from_one_definition() {
    let scratch = tempfile::tempdir().expect("scratch");
    let help = tickmark(scratch.path(), &["--help"]);
    let man = tickmark(scratch.path(), &["man"]);
    let completions = tickmark(scratch.path(), &["completions", "bash"]);
    for word in ["quickstart", "collect", "verify", "ledger"] {
        for output in [&help, &man, &completions] {
            assert!(String::from_utf8_lossy(&output.stdout).contains(word), "{word}");
        }
    }
}

/// Takes the right to write from everybody, below a folder too.
fn only_to_be_read(folder: &Path) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            only_to_be_read(&path);
        } else {
            std::fs::set_permissions(&path, Permissions::from_mode(0o444)).expect("set");
        }
    }
    std::fs::set_permissions(folder, Permissions::from_mode(0o555)).expect("set");
}

/// Gives it back, so that the folder can be removed.
fn to_be_written(folder: &Path) {
    std::fs::set_permissions(folder, Permissions::from_mode(0o755)).expect("set");
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            to_be_written(&path);
        }
    }
}

#[test]
fn a_data_folder_that_can_only_be_read_is_named_and_left_as_it_is() {
    // Root writes where nobody else can: then the program runs as somebody who owns nothing here.
    const NOBODY: u32 = 65_534;
    let scratch = tempfile::tempdir().expect("scratch");
    std::fs::set_permissions(scratch.path(), Permissions::from_mode(0o755)).expect("set");
    let (data, program) = (scratch.path().join("data"), scratch.path().join("tickmark"));
    assert!(tickmark(&data, &["init"]).status.success());
    std::fs::copy(env!("CARGO_BIN_EXE_tickmark"), &program).expect("copied");
    let layout = std::fs::read(data.join("LAYOUT")).expect("a layout");
    only_to_be_read(&data);
    let mut command = Command::new(&program);
    command.arg("--data").arg(&data).args(["init", "--organization", "Acme Ltd"]);
    command.env_remove("TICKMARK_DATABASE_URL").current_dir(scratch.path());
    if std::fs::metadata("/proc/self").expect("a process").uid() == 0 {
        command.uid(NOBODY).gid(NOBODY);
    }
    let refused = command.output().expect("the binary runs");
    to_be_written(&data);
    let said = errors(&refused);
    assert_eq!(refused.status.code(), Some(3), "{said}");
    assert!(said.contains(&*data.to_string_lossy()), "{said}");
    assert!(said.contains("ermission denied") || said.contains("not permitted"), "{said}");
    assert_eq!(std::fs::read(data.join("LAYOUT")).expect("a layout"), layout);
}
