//! The example company through the binary, as a newcomer meets it: made in one command, labelled wherever it is shown,
//! and every command that looks at a year or changes something in it.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::Value;

mod support;

use support::{Folder, errors, tickmark};

const NOTICE: &str = "Example company - fictional data";

/// A data folder after `example --no-serve`, over a month.
fn folder() -> Folder {
    static FIRST: OnceLock<Folder> = OnceLock::new();
    Folder::copy_of(&FIRST, &["example", "--targets", "6", "--days", "40", "--seed", "7", "--no-serve"])
}

impl Folder {
    /// Runs a command that must go well and returns what it prints for people.
    fn text(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", errors(&output));
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// Runs a command that cannot be done as it is given, and returns what it says.
    fn refused(&self, arguments: &[&str], part: &str) {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", errors(&output));
        assert!(errors(&output).contains(part), "{arguments:?} says {:?}, not {part:?}", errors(&output));
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.scratch.path().join(name);
        std::fs::write(&path, text).expect("written");
        path.into_os_string().into_string().expect("UTF-8")
    }
}

#[test]
fn its_bundle_verifies_to_the_level_of_completeness() {
    let folder = folder();
    let answer = &folder.answer;
    assert_eq!(
        (&answer["verified"], &answer["days"], &answer["hosts"]),
        (&true.into(), &40.into(), &8.into())
    );
    for figure in ["decisions", "performances"] {
        assert!(answer[figure].as_u64() > Some(10), "{figure}: {}", answer[figure]);
    }
    assert!(answer["criteria"]["met"].as_u64() > Some(0), "people have decided: {}", answer["criteria"]);
    for file in answer["files"].as_array().expect("files") {
        assert!(Path::new(file.as_str().expect("a path")).file_name().is_some());
    }
    let key = answer["ledger"]["verifier_key"].as_str().expect("key");
    let bundle = folder.data().join("out/bundle.zip");
    let verified = folder.json(&["verify", bundle.to_str().expect("UTF-8"), "--key", key]);
    for level in ["bytes", "inclusion"] {
        assert_eq!(verified[level]["answer"], "proven", "{level}: {verified:#}");
    }
    for level in ["log", "period", "schedule", "population", "deviations"] {
        assert_eq!(verified["completeness"][level]["answer"], "proven", "{level}: {verified:#}");
    }
    assert!(verified["about"].as_str().is_some_and(|about| about.contains(NOTICE)), "{}", verified["about"]);
    let ends = folder.json(&["period", "ends"]);
    let [period] = ends.as_array().expect("periods").as_slice() else { panic!("{ends:#}") };
    assert!(period["closed_at"].is_string() || period["closed_at"].is_i64(), "{period:#}");
}

#[test]
fn it_is_labelled_wherever_it_is_shown() {
    let folder = folder();
    assert_eq!(folder.answer["notice"], NOTICE);
    assert!(folder.answer["organization"].as_str().is_some_and(|name| name.ends_with("(example)")));
    assert!(folder.text(&["status"]).contains("(example)"));
    let model = std::fs::read_to_string(folder.data().join("out/readiness.json")).expect("model");
    assert!(model.contains(NOTICE));
}

#[test]
fn it_is_not_made_twice_nor_over_a_real_organization() {
    let folder = folder();
    let again = ["example", "--targets", "6", "--days", "20", "--no-serve"];
    folder.refused(&again, "another example");
    let scratch = tempfile::tempdir().expect("scratch");
    let real = scratch.path().join("real");
    assert!(tickmark(&real, &["init", "--organization", "Acme Ltd"]).status.success());
    let refused = tickmark(&real, &again);
    assert_eq!(refused.status.code(), Some(2));
    assert!(errors(&refused).contains("a real organization, Acme Ltd"), "{}", errors(&refused));
    let status = tickmark(&real, &["status"]);
    assert!(String::from_utf8_lossy(&status.stdout).contains("Acme Ltd"), "nothing was changed");
}

#[test]
fn replacing_moves_aside_and_deletes_nothing() {
    let folder = folder();
    let before = folder.json(&["ledger", "show"])["root"].clone();
    let made =
        folder.json(&["example", "--targets", "6", "--days", "20", "--seed", "8", "--no-serve", "--replace"]);
    let aside = PathBuf::from(made["moved_aside"].as_str().expect("a folder"));
    let kept = tickmark(&aside, &["ledger", "show", "--json"]);
    let kept: Value = serde_json::from_slice(&kept.stdout).expect("JSON");
    assert_eq!(kept["root"], before);
    assert_ne!(folder.json(&["ledger", "show"])["root"], before);
    assert_eq!(made["examination"], Value::Null, "too short for one");
}

#[test]
fn its_examination_is_there_for_both_sides() {
    let folder = folder();
    let examination = &folder.answer["examination"];
    assert_eq!((&examination["soc2"], &examination["soc1"]), (&"E-1".into(), &"E-2".into()));
    let auditor = &examination["auditor"];
    let link = auditor["link"].as_str().expect("a link");
    assert!(link.starts_with("http://127.0.0.1:7474/join/") && link.len() == 91, "{link}");
    let people = folder.json(&["people", "list"]);
    let firm: Vec<_> = people["members"].as_array().expect("members").iter().collect();
    assert!(firm.iter().all(|one| one["roles"] == serde_json::json!(["auditor"])), "{people:#}");
    assert!(firm.len() == 2 && firm.iter().any(|one| one["email"] == auditor["email"]), "{people:#}");
    let links = folder.text(&["people", "list"]);
    assert!(links.contains("To sign in again: ") && !links.contains(" as ,"), "{links}");
    let listed = folder.text(&["engagement", "list"]);
    assert!(listed.contains("SOC 2 Type 2") && listed.contains("SOC 1 Type 2"), "{listed}");
    // The description of the one is approved, of the other nothing is.
    let changes = folder.json(&["engagement", "changes", "E-1"]);
    assert!(changes["signed"].is_string() && changes["changes"].is_array(), "{changes:#}");
    let unsigned = folder.text(&["engagement", "changes", "E-2"]);
    assert!(unsigned.contains("E-2: management has signed nothing yet as it stands"), "{unsigned}");
    let confirm = ["engagement", "confirm-changes", "E-2", "--by", "Ada Byron", "--reason", "the same"];
    folder.refused(&confirm, "management has signed nothing yet as it stands");

    let scratch = tempfile::tempdir().expect("scratch");
    let short = ["example", "--targets", "6", "--days", "20", "--no-serve"];
    let made = tickmark(&scratch.path().join("data"), &short);
    let said = String::from_utf8_lossy(&made.stdout);
    assert!(said.contains("no examination: its period and the fieldwork need 40 days or more"), "{said}");
}

#[test]
fn sizes_that_tell_no_story_are_refused_before_anything_is_made() {
    let scratch = tempfile::tempdir().expect("scratch");
    let data = scratch.path().join("data");
    for (arguments, part) in [
        (["example", "--days", "5", "--no-serve"], "days"),
        (["example", "--days", "100000", "--no-serve"], "days"),
        (["example", "--targets", "2", "--no-serve"], "hosts"),
        (["example", "--targets", "1000000", "--no-serve"], "hosts"),
        (["example", "--targets", "many", "--no-serve"], "many"),
        (["example", "--seed", "-1", "--no-serve"], "-1"),
    ] {
        let refused = tickmark(&data, &arguments);
        assert_eq!(refused.status.code(), Some(2), "{arguments:?}");
        assert!(errors(&refused).contains(part), "{arguments:?}: {}", errors(&refused));
    }
    assert!(!data.exists());
}

#[test]
fn the_folder_has_the_demands_of_the_company() {
    let folder = folder();
    let shown = folder.json(&["checks", "show", "bak-rpo-met"]);
    assert_eq!(shown["check"]["parameters"]["rpo_hours"], 192);
    // What is shown is what was asked last, so the newest verdicts are those of this version.
    let target = shown["now"][0]["target_name"].as_str().expect("a name").to_owned();
    let replayed = folder.json(&["replay", "bak-rpo-met", &target]);
    assert_eq!(replayed["version"], shown["check"]["version"]);
    let listed = folder.text(&["checks", "list", "--group", "ssh"]);
    assert!(listed.contains("pass 8"), "{listed}");
    // Looking at a real machine is refused; testing the checks is not about the company.
    folder.refused(&["collect"], "never sees a real machine");
    folder.json(&["checks", "test", "bak-rpo-met"]);

    let parameters = folder.data().join("checks/parameters.toml");
    let text = std::fs::read_to_string(&parameters).expect("parameters");
    assert!(text.starts_with("# Demands of the example company"), "{text}");
    std::fs::write(&parameters, text.replace("rpo_hours = 192", "rpo_hours = \"soon\"")).expect("w");
    let broken = folder.run(&["checks", "test", "bak-rpo-met"]);
    assert_eq!(broken.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&broken.stdout).contains("rpo_hours"));
    std::fs::write(&parameters, "[bak-rpo-met").expect("written");
    folder.refused(&["checks", "list"], "parameters.toml");
}

#[test]
fn every_command_that_looks_answers_people_and_machines() {
    let folder = folder();
    let board = folder.json(&["period"]);
    let rows = board["rows"].as_array().expect("rows");
    assert_eq!(rows.len(), 110);
    let text = folder.text(&["period"]);
    assert!(text.contains("IAM-07") && text.contains('x'), "{text}");
    let changes = folder.json(&["period", "CHG-02"]);
    assert_eq!(changes["tests"][0]["conclusion"]["kind"], "population", "{changes:#}");
    assert!(folder.text(&["period", "CHG-02"]).contains("CHG-02"));

    let failures = folder.json(&["history", "failures"]);
    let root = |list: &Value| {
        let list = list.as_array().expect("a list").clone();
        list.into_iter().filter(|one| one["check_id"] == "ssh-root-login-disabled").collect::<Vec<_>>()
    };
    assert_eq!(root(&failures).len(), 1, "root could log in to one host once");
    assert!(folder.text(&["history", "failures"]).contains("web-03.larkspur.example"));
    assert_eq!(
        folder
            .json(&["history", "failures", "--days", "1"])
            .as_array()
            .map(|l| root(&l.clone().into()).len()),
        Some(0)
    );
    assert!(folder.text(&["history", "gaps"]).contains("web-02.larkspur.example"));
    folder.json(&["history", "gaps"]);

    let replayed = folder.json(&["replay", "ssh-root-login-disabled", "web-03.larkspur.example"]);
    assert_eq!(replayed["result"], "same", "{replayed:#}");
    assert!(
        folder.text(&["replay", "ssh-root-login-disabled", "web-03.larkspur.example"]).contains("the same")
    );

    // One of the lists is in three parts, as auditors draw from what occurred in their period.
    assert_eq!(folder.json(&["population", "list"]).as_array().map(Vec::len), Some(25));
    assert_eq!(folder.json(&["population", "list", "chg-02"]).as_array().map(Vec::len), Some(1));
    assert!(folder.text(&["population", "list"]).contains("frozen"));
    assert_eq!(folder.json(&["waive", "list"]).as_array().map(Vec::len), Some(2));
    assert!(folder.text(&["waive", "list"]).contains("expired"));
    assert_eq!(folder.json(&["assess", "list"]).as_array().map(Vec::len), Some(2));
    assert!(folder.text(&["assess", "compare", "1", "2"]).contains("because"));
    assert!(
        !folder.json(&["assess", "compare", "1", "2"])["changes"].as_array().expect("changes").is_empty()
    );
    assert!(folder.text(&["assess", "show", "IAM-07"]).contains("IAM-07"));

    let head = folder.json(&["ledger", "show", "--last", "3"]);
    assert_eq!(head["latest"].as_array().map(Vec::len), Some(3));
    let size = head["size"].as_u64().expect("a size");
    assert_eq!(folder.text(&["ledger", "key"]).trim(), head["verifier_key"]);
    assert!(folder.text(&["ledger", "prove", "0"]).contains("log.genesis"));
    let consistent = folder.json(&["ledger", "consistency", "10"]);
    assert_eq!(consistent["new_size"].as_u64(), Some(size));
    let root = consistent["old_root"].as_str().expect("a root");
    folder.json(&["ledger", "consistency", "10", "--root", root]);
    let lied = folder.run(&["ledger", "consistency", "11", "--root", root]);
    assert_eq!(lied.status.code(), Some(1));
    assert!(folder.text(&["ledger", "fsck"]).contains(": 0 differences"));
    let copy = folder.scratch.path().join("log");
    let exported = folder.json(&["ledger", "export", "--out", copy.to_str().expect("UTF-8")]);
    assert_eq!(exported["size"].as_u64(), Some(size));
    assert!(copy.join("checkpoint").exists());
}

#[test]
fn what_was_recorded_can_be_computed_again() {
    let counted = folder().json(&["replay", "--all"]);
    assert!(counted["verdicts"].as_u64() > Some(500), "{counted:#}");
    assert_eq!((counted["different"].as_u64(), counted["impossible"].as_u64()), (Some(0), Some(0)));
}

#[test]
fn people_put_a_control_in_force_and_perform_it() {
    let folder = folder();
    folder.json(&["control", "start", "PHY-01", "--owner", "Ada Byron"]);
    folder.json(&["control", "schedule", "PHY-01", "--every", "monthly", "--grace", "5"]);
    let proof = folder.file("proof.txt", "the list of badges, read");
    let performed = folder.json(&[
        "perform",
        "PHY-01",
        "--by",
        "Ada Byron",
        "--evidence",
        &proof,
        "--note",
        "none to remove",
    ]);
    assert_eq!(performed["control"], "PHY-01");
    let window = performed["window"].as_str().expect("a window");
    assert!(window.len() == 7 && window.starts_with("20"), "{window}");
    folder.text(&["control", "retire", "PHY-01", "--by", "Ada Byron"]);

    folder.refused(&["control", "start", "NOPE-01", "--owner", "Ada Byron"], "NOPE-01");
    folder.refused(&["control", "schedule", "PHY-01", "--every", "now and then"], "now and then");
    folder.refused(&["perform", "PHY-01", "--by", "Ada Byron", "--evidence", "/nowhere.pdf"], "/nowhere.pdf");
    folder.refused(&["perform", "PHY-01", "--by", "Ada Byron"], "--evidence");
    let perform = ["perform", "PHY-01", "--by", "Ada Byron", "--evidence", &proof];
    folder.refused(&[&perform[..], &["--window", "2026"]].concat(), "2026");
    folder.refused(&[&perform[..], &["--at", "2199-01-01"]].concat(), "ahead");
    folder.refused(&[&perform[..], &["--at", "yesterday"]].concat(), "yesterday");
    folder.refused(&["period", "--from", "2026-13-01"], "2026-13-01");
    folder.refused(&["period", "NOPE-01"], "NOPE-01");
    folder.refused(&["period", "--from", "2026-06-01", "--to", "2026-01-01"], "2026");
}

#[test]
fn a_list_is_imported_as_a_whole_or_not_at_all() {
    let folder = folder();
    let defined = folder.json(&[
        "population",
        "define",
        "COM-04",
        "--title",
        "Emergencies",
        "--from",
        "2026-01-01",
        "--to",
        "2026-06-30",
        "--attribute",
        "approved: approved within a day: no approval",
    ]);
    let key = defined["key"].as_i64().expect("a number");
    let import = |file: &str, rows: &str| {
        folder.run(&[
            "population",
            "import",
            "COM-04",
            file,
            "--source",
            "tickets",
            "--query",
            "all",
            "--run-by",
            "Ada Byron",
            "--rows",
            rows,
            "--json",
        ])
    };
    let bad = folder.file(
        "bad.csv",
        "key,occurred_at,approved,note\nE-1,2026-01-03T10:00:00Z,met,\nE-1,never,perhaps,\n",
    );
    let refused = import(&bad, "2");
    assert_eq!(refused.status.code(), Some(2));
    let problems: Value = serde_json::from_slice(&refused.stdout).expect("JSON");
    assert!(problems["problems"].as_array().is_some_and(|list| list.len() >= 2), "{problems:#}");
    assert!(errors(&refused).contains("nothing was applied"), "{}", errors(&refused));
    let good = folder.file(
        "good.csv",
        "key,occurred_at,approved,note\nE-1,2026-01-03T10:00:00Z,met,\nE-2,2026-02-03T10:00:00Z,not met,late\n",
    );
    let miscounted = import(&good, "3");
    assert_eq!(miscounted.status.code(), Some(2));
    assert!(errors(&miscounted).contains('3'), "{}", errors(&miscounted));
    let imported = import(&good, "2");
    assert_eq!(imported.status.code(), Some(0), "{}", errors(&imported));
    folder.refused(&["population", "freeze", "COM-04"], "nobody has checked whether population");
    let checked = folder.json(&["population", "check", "COM-04", "sequence"]);
    assert_eq!(
        (&checked["procedure"], &checked["differing"]),
        (&"sequence".into(), &0.into()),
        "{checked:#}"
    );
    assert_eq!(folder.json(&["population", "freeze", "COM-04"])["items"], 2);
    let listed = folder.json(&["population", "list", "COM-04"]);
    assert_eq!((&listed[0]["deviations"], &listed[0]["population"]["key"]), (&1.into(), &key.into()));
    folder.refused(&["population", "freeze", "COM-04"], "no open population");
    folder.refused(
        &[
            "population",
            "define",
            "COM-04",
            "--title",
            "x",
            "--from",
            "2026-01-01",
            "--to",
            "2026-06-30",
            "--attribute",
            "x",
        ],
        "name: what must hold",
    );
}

#[test]
fn a_waiver_needs_a_check_a_target_an_end_and_a_person() {
    let folder = folder();
    let waive = |check: &str, target: &str, until: &str| {
        folder.run(&[
            "waive",
            check,
            "--target",
            target,
            "--reason",
            "r",
            "--risk",
            "k",
            "--compensation",
            "c",
            "--approved-by",
            "Ada Byron",
            "--requested-by",
            "Tim Lee",
            "--until",
            until,
            "--json",
        ])
    };
    let now: jiff::Timestamp =
        folder.json(&["status"])["at"].as_str().and_then(|at| at.parse().ok()).expect("a moment");
    let day = |days: i64| {
        let now = now + jiff::SignedDuration::from_hours(24 * days);
        now.strftime("%Y-%m-%d").to_string()
    };
    let granted = waive("acct-sudo-no-nopasswd-all", "web-01.larkspur.example", &day(30));
    assert_eq!(granted.status.code(), Some(0), "{}", errors(&granted));
    let waiver: Value = serde_json::from_slice(&granted.stdout).expect("JSON");
    assert_eq!(waiver["state"], "in_force", "{waiver:#}");
    let id = waiver["id"].to_string();
    for (check, target, until, part) in [
        ("no-such-check", "web-01.larkspur.example", day(30), "no-such-check"),
        ("acct-sudo-no-nopasswd-all", "web-99.larkspur.example", day(30), "web-99"),
        ("acct-sudo-no-nopasswd-all", "web-01.larkspur.example", day(-30), "expired"),
        ("acct-sudo-no-nopasswd-all", "web-01.larkspur.example", day(800), "366 days"),
        ("acct-sudo-no-nopasswd-all", "web-01.larkspur.example", "soon".into(), "soon"),
    ] {
        let refused = waive(check, target, &until);
        assert_eq!(refused.status.code(), Some(2), "{check} {target} {until}");
        assert!(errors(&refused).contains(part), "{part}: {}", errors(&refused));
    }
    folder.text(&["waive", "revoke", &id, "--by", "Ada Byron", "--reason", "repaired"]);
    folder.refused(&["waive"], "Usage");
    folder.refused(&["waive", "revoke", "99", "--by", "Ada Byron", "--reason", "x"], "99");
    folder.refused(&["replay", "ssh-root-login-disabled", "nowhere"], "nowhere");
    folder.refused(&["replay", "ssh-root-login-disabled"], "TARGET");
    folder.refused(&["assess", "compare", "1", "99"], "99");
    folder.refused(&["ledger", "prove", "999999999"], "999999999");
    folder.refused(&["ledger", "consistency", "999999999"], "999999999");
}

#[test]
fn completions_and_the_man_page_know_every_command() {
    let scratch = tempfile::tempdir().expect("scratch");
    let said = |arguments: &[&str]| {
        let output = tickmark(scratch.path(), arguments);
        assert!(output.status.success(), "{arguments:?}: {}", errors(&output));
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    let page = said(&["man"]);
    for part in
        ["TICKMARK EXAMPLE", "TICKMARK POPULATION IMPORT", "TICKMARK ASSESS COMPARE", "TICKMARK LEDGER PROVE"]
    {
        assert!(page.contains(&format!(".SH \"{part}\"")), "{part}");
    }
    assert!(page.contains("\\-\\-targets"), "options of commands are there");
    for shell in ["bash", "zsh", "fish"] {
        let script = said(&["completions", shell]);
        for word in ["example", "population", "compare", "waive", "replay", "perform"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    let help = said(&["population", "--help"]);
    assert!(help.contains("Examples:") && help.contains("tickmark population define"), "{help}");
}

#[test]
fn a_sample_of_a_frozen_population_is_drawn_tested_and_listed() {
    let folder = folder();
    let all = folder.json(&["population", "list"]);
    let all = all.as_array().expect("a list");
    let population = all.iter().max_by_key(|one| one["population"]["items"].as_u64()).expect("one of them");
    let control = population["population"]["definition"]["control"].as_str().expect("an id");
    let key = population["population"]["key"].to_string();
    let items = population["population"]["items"].as_u64().expect("a count");
    let draw = ["population", "sample", control, "--population", &key, "--by", "Sam Okafor"];
    let with =
        |more: &[&str]| -> Vec<String> { draw.iter().chain(more).map(|word| (*word).to_owned()).collect() };
    let refused = |more: &[&str], part: &str| {
        let words = with(more);
        folder.refused(&words.iter().map(String::as_str).collect::<Vec<_>>(), part);
    };
    refused(&[], "how many?");
    refused(&["--size", "999999"], "999999 units cannot be selected");
    refused(&["--size", "5", "--seed", "hex:0"], "1 hexadecimal digits");
    refused(&["--risk", "5%", "--tolerable", "5%", "--extend-to", "40"], "cannot be used with");
    assert_eq!(folder.json(&["population", "samples"]), Value::Array(Vec::new()));

    let words = with(&["--risk", "10%", "--tolerable", "10%", "--seed", "dice 4-6-1-3"]);
    let drawn = folder.json(&words.iter().map(String::as_str).collect::<Vec<_>>());
    let record = &drawn["sample"]["drawn"];
    assert_eq!((&record["number"], &record["draw"]["items"]), (&1.into(), &items.into()));
    assert_eq!(record["size_rule"]["rule"], "attributes");
    let units = drawn["sample"]["units"].as_array().expect("units").len();
    assert_eq!(Some(units as u64), record["size_rule"]["plan"]["size"].as_u64());
    // The example's items are tested, so the sample says something at once.
    assert_eq!(drawn["tested"], units);
    assert!(drawn["evaluation"]["upper_limit"].is_string(), "{:#}", drawn["evaluation"]);

    let said = folder.text(&["population", "samples", control]);
    assert!(said.contains("upper limit") && said.contains("random"), "{said}");
    let listed = folder.json(&["population", "samples", control]);
    assert_eq!(listed[0]["sample"]["units"], drawn["sample"]["units"]);
    let again = folder.run(&words.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(again.status.code(), Some(3), "{}", errors(&again));
    assert!(errors(&again).contains("drawing again needs a reason"), "{}", errors(&again));
    let first = drawn["sample"]["units"][0]["key"].as_str().expect("a key");
    let replace = ["population", "replace", control, first, "--population", &key, "--by", "Sam Okafor"];
    let as_what = |what: &'static str| [&replace[..], &["--as", what, "--reason", "never ran"]].concat();
    folder.refused(&as_what("no-evidence"), "is never replaced");
    folder.refused(&as_what("lost"), "there are void, not-applicable and no-evidence");
    let replaced = folder.json(&as_what("void"));
    let keys = |view: &Value| -> Vec<String> {
        let units = view["sample"]["units"].as_array().expect("units");
        units.iter().map(|item| item["key"].to_string()).collect()
    };
    assert_eq!(keys(&replaced).len(), units);
    assert!(!keys(&replaced).contains(&drawn["sample"]["units"][0]["key"].to_string()));
    let extend =
        ["population", "extend", control, "--population", &key, "--by", "Sam Okafor", "--reason", "x"];
    assert!(errors(&folder.run(&extend)).contains("to the size planned before testing"));
}
