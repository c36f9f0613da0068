//! Lists of access, conflicts of duties, reviews of access and readers of reports through the binary, over the example.

mod support;

use std::sync::OnceLock;

use support::{Folder, errors};

/// An example of 60 days: two reviews of access, one conflict of duties, three readers of a report.
fn example() -> Folder {
    static MADE: OnceLock<Folder> = OnceLock::new();
    Folder::copy_of(&MADE, &["example", "--days", "60", "--targets", "6", "--no-serve"])
}

#[test]
fn lists_of_access_are_handed_in_whole_and_shown() {
    let folder = example();
    let lists = folder.json(&["access", "list", "github"]);
    assert_eq!(lists.as_array().map(Vec::len), Some(4), "{lists}");
    assert_eq!(lists[0]["ties_out"], true);
    let file = folder.scratch.path().join("okta.csv");
    let file = file.to_str().expect("text");
    let import = |rows: &str, accounts: &str| {
        std::fs::write(file, format!("Login,Group,kind\n{rows}")).expect("written");
        let arguments = [
            "access",
            "import",
            file,
            "--system",
            "Okta",
            "--accounts",
            accounts,
            "--rows",
            "2",
            "--source",
            "Okta",
            "--query",
            "all users",
            "--run-by",
            "Ada",
            "--column",
            "account=Login",
            "--column",
            "entitlement=Group",
            "--exclude",
            "root: sealed",
        ];
        folder.run(&arguments)
    };
    let bad = import("ada,admins,martian\nbob,staff,human\n", "3");
    assert_eq!(bad.status.code(), Some(2), "{}", errors(&bad));
    assert!(String::from_utf8_lossy(&bad.stdout).contains("kind"), "it is named");
    assert_eq!(folder.json(&["access", "list", "okta"]).as_array().map(Vec::len), Some(0));
    let good = import("ada,admins,human\ndeployers,deploy,role\n", "3");
    assert_eq!(good.status.code(), Some(0), "{}", errors(&good));
    let key = folder.json(&["access", "list", "okta"])[0]["list"]["key"].to_string();
    let shown = folder.json(&["access", "show", &key]);
    assert_eq!(shown["rights"][1]["kind"], "role");
    let nowhere = folder.run(&["access", "place", "Okta", "--in", "Nowhere", "--by", "Ada Byron"]);
    assert_eq!(nowhere.status.code(), Some(2));
    let system = "Larkspur Books, invoicing for small shops (example)";
    let placed = folder.json(&["access", "place", "okta", "--in", system, "--by", "Ada Byron"]);
    assert_eq!(placed["systems"].as_array().map(Vec::len), Some(1));
    let unknown = folder.run(&["access", "show", "AL-99"]);
    assert_eq!(unknown.status.code(), Some(2));
}

#[test]
fn conflicts_of_duties_end_with_the_answer() {
    let folder = example();
    let shown = folder.json(&["segregation", "show"]);
    let conflicts = shown["conflicts"].as_array().expect("conflicts");
    assert_eq!(conflicts.len(), 12);
    let covered = conflicts.iter().filter(|one| one["held"][0]["covered"]["exception"] == 1).count();
    assert_eq!(covered, 1, "{shown}");
    let check = folder.run(&["segregation", "check"]);
    assert_eq!(check.status.code(), Some(1), "something could not be seen: {}", errors(&check));
    let ask =
        |who: &str, system: &str, right: &str| folder.run(&["segregation", "check", who, system, right]);
    let held = ask("Noor Haverly (example)", "AWS production", "production-admin");
    assert!(held.status.code().is_some_and(|status| status <= 1), "{}", errors(&held));
    assert_eq!(ask("Nobody", "GitHub", "write: platform").status.code(), Some(1), "a name that is nobody's");
    let alone = folder.run(&["segregation", "check", "Nobody"]);
    assert_eq!(alone.status.code(), Some(2), "a person alone asks nothing");
}

#[test]
fn reviews_of_access_are_opened_looked_at_and_taken_out() {
    let folder = example();
    let status = folder.json(&["access-review", "status"]);
    let states: Vec<&str> = status["reviews"]
        .as_array()
        .expect("reviews")
        .iter()
        .filter_map(|one| one["review"]["state"].as_str())
        .collect();
    assert_eq!(states, ["open", "signed"]);
    assert_eq!(status["systems"].as_array().map(Vec::len), Some(4));
    let signed = folder.json(&["access-review", "status", "AR-1"]);
    assert_eq!(signed["not_looked_back"].as_array().map(Vec::len), Some(0));
    assert_eq!(signed["deviations"][0]["what"], "removed_late");
    for ending in ["zip", "csv", "xlsx"] {
        let out = folder.scratch.path().join(format!("AR-1.{ending}"));
        let path = out.to_str().expect("text");
        folder.json(&["access-review", "export", "AR-1", "--out", path]);
        assert!(std::fs::metadata(out).expect("written").len() > 1_000, "{ending}");
    }
    let wrong = folder.run(&["access-review", "export", "AR-1", "--out", "AR-1.pdf"]);
    assert_eq!(wrong.status.code(), Some(2));
    let draft = |owner: &str| {
        folder.run(&[
            "access-review",
            "draft",
            "--title",
            "Next",
            "--system",
            &format!("GitHub={owner}"),
            "--stand-in",
            "Priya Ashcombe (example)",
            "--second-stand-in",
            "Jonas Merrow (example)",
            "--due",
            "2099-01-01",
            "--by",
            "Imani Vale (example)",
        ])
    };
    let misspelled = draft("Tomas Quil");
    assert_eq!(misspelled.status.code(), Some(2));
    assert!(errors(&misspelled).contains("nobody here is called"), "{}", errors(&misspelled));
    let far = draft("Tomas Quill (example)");
    assert_eq!(far.status.code(), Some(2), "in more than a year: {}", errors(&far));
    let jump = folder.run(&["access-review", "step", "AR-1", "close", "--by", "Imani Vale (example)"]);
    assert_eq!(jump.status.code(), Some(3), "{}", errors(&jump));
}

#[test]
fn readers_of_a_report_are_listed_and_taken_back() {
    let folder = example();
    let all = folder.json(&["distribution", "list"]);
    let standings: Vec<&str> =
        all.as_array().expect("grants").iter().filter_map(|one| one["standing"].as_str()).collect();
    assert_eq!(standings, ["revoked", "expired", "open"]);
    let shown = folder.json(&["distribution", "show", "E-3", "G-1"]);
    assert_eq!(shown["grant"]["asked"]["recipient"]["company"], "Harrow Lane Books (example)");
    let revoke = ["distribution", "revoke", "E-3", "G-1", "--reason", "over", "--by", "Imani Vale (example)"];
    assert_eq!(folder.json(&revoke)["standing"], "revoked");
    assert_eq!(folder.run(&revoke).status.code(), Some(3), "it is over");
    assert_eq!(folder.run(&["distribution", "show", "E-3", "G-9"]).status.code(), Some(2));
    assert_eq!(folder.json(&["distribution", "list", "E-1"]).as_array().map(Vec::len), Some(0));
}
