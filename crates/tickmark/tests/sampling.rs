//! Samples through the binary: `docs/sampling.md` is run as it stands, and what cannot be meant is refused.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// A folder with one list in it.
struct Folder(TempDir);

impl Folder {
    fn with(name: &str, bytes: impl AsRef<[u8]>) -> Self {
        let folder = Self(tempfile::tempdir().expect("scratch"));
        std::fs::write(folder.0.path().join(name), bytes).expect("written");
        folder
    }

    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_tickmark"))
            .args(arguments)
            .current_dir(self.0.path())
            .env_remove("TICKMARK_DATA")
            .output()
            .expect("the binary runs")
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[arguments, &["--json"]].concat());
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", text(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    /// Runs what must be refused, and returns why.
    fn refused(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", text(&output.stderr));
        assert_eq!(text(&output.stdout), "", "nothing is said beside the reason");
        let names: Vec<_> = std::fs::read_dir(self.0.path()).expect("folder").collect();
        assert_eq!(names.len(), 1, "nothing is written");
        text(&output.stderr)
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn changes(count: u32) -> String {
    let rows: String = (1..=count).map(|number| format!("CHG-{number:04},{}\n", number % 3)).collect();
    format!("id,site\n{rows}")
}

const SEED: &str = "tickmark-demo-seed-2025-Q1";

/// Every block `console` of the page, in one folder, in order. A page that shows another answer than the program gives
/// teaches the wrong thing.
#[test]
fn the_page_about_sampling_says_what_the_program_does() {
    let page = std::fs::read_to_string(root().join("docs/sampling.md")).expect("the page");
    let scratch = tempfile::tempdir().expect("scratch");
    let binary = Path::new(env!("CARGO_BIN_EXE_tickmark")).parent().expect("a folder");
    let mut commands = 0;
    for block in page.split("```console\n").skip(1) {
        let block = block.split("```").next().expect("the end of a block");
        let mut lines = block.lines().peekable();
        while let Some(line) = lines.next() {
            let command = line.strip_prefix("$ ").unwrap_or_else(|| panic!("{line:?} follows no command"));
            let mut expected = Vec::new();
            while let Some(said) = lines.next_if(|line| !line.starts_with("$ ")) {
                expected.push(said.trim_end());
            }
            let output = Command::new("sh")
                .arg("-c")
                .arg(format!("PATH=\"$0:$PATH\"\n{command}"))
                .arg(binary)
                .current_dir(scratch.path())
                .env_remove("TICKMARK_DATA")
                .output()
                .expect("a shell");
            let said = text(&output.stdout);
            let said: Vec<&str> = said.lines().map(str::trim_end).collect();
            assert_eq!(said, expected, "{command}\n{}", text(&output.stderr));
            assert!(output.status.success(), "{command}\n{}", text(&output.stderr));
            commands += 1;
        }
    }
    assert!(commands > 25, "{commands}");
}

#[test]
fn a_draw_is_recorded_and_anybody_repeats_it() {
    let folder = Folder::with("changes.csv", changes(20));
    let draw = ["sample", "draw", "changes.csv", "--key", "id"];
    let with = |more: &[&'static str]| [&draw[..], more].concat();
    let record =
        folder.json(&with(&["--size", "8", "--seed", SEED, "--extend-to", "12", "--by", "Ada Byron"]));
    let keys = |record: &Value, list: &str| -> Vec<String> {
        let picks = record[list].as_array().expect("a list");
        picks.iter().map(|pick| pick["key"].as_str().expect("a key").to_owned()).collect()
    };
    let expected =
        ["CHG-0008", "CHG-0017", "CHG-0007", "CHG-0003", "CHG-0010", "CHG-0019", "CHG-0018", "CHG-0009"];
    assert_eq!(keys(&record, "picks"), expected);
    assert_eq!(record["picks"][0]["line"], 9);
    assert_eq!(
        record["population"]["sha256"],
        "f337ff7c86210a35bda61ab8a7c086a6ffd73f43d4f35e072e7adfa0a7df34fc"
    );
    let said = [&record["seed"], &record["drawn_by"], &record["method"], &record["planned_extension"]];
    assert_eq!(said, [&Value::from(SEED), &"Ada Byron".into(), &"random".into(), &12.into()]);
    assert_eq!((keys(&record, "reserve").len(), &record["reserve_items"]), (8, &Value::from(12)));

    let path = folder.0.path().join("draw.json");
    std::fs::write(&path, record.to_string()).expect("written");
    assert_eq!(folder.json(&["sample", "repeat", "draw.json", "changes.csv"])["same"], true);
    // Another order of rows is the same population; another row is not; nor is another pick.
    let mut rows: Vec<String> = changes(20).lines().skip(1).map(ToOwned::to_owned).collect();
    rows.reverse();
    let turned = folder.0.path().join("turned.csv");
    std::fs::write(&turned, format!("id,site\n{}\n", rows.join("\n"))).expect("written");
    let answer = folder.json(&["sample", "repeat", "draw.json", "turned.csv"]);
    assert_eq!((&answer["same"], &answer["same_file"]), (&Value::from(true), &Value::from(false)));
    std::fs::write(&turned, changes(21)).expect("written");
    let other = folder.run(&["sample", "repeat", "draw.json", "turned.csv"]);
    assert_eq!(other.status.code(), Some(1));
    assert!(text(&other.stdout).contains("the population is another one"), "{}", text(&other.stdout));
    std::fs::write(&path, record.to_string().replacen("CHG-0008", "CHG-0001", 1)).expect("written");
    let forged = folder.run(&["sample", "repeat", "draw.json", "changes.csv"]);
    assert_eq!(forged.status.code(), Some(1));
    assert!(text(&forged.stdout).contains("pick 1: recorded CHG-0001"), "{}", text(&forged.stdout));

    // Without a seed each draw has its own, which is in the record.
    let one = folder.json(&with(&["--size", "3"]));
    let other = folder.json(&with(&["--size", "3"]));
    assert_ne!(one["seed"], other["seed"]);
    let seed = one["seed"].as_str().expect("a seed");
    let again = folder.json(&[&draw[..], &["--size", "3", "--seed", seed]].concat());
    assert_eq!(one["picks"], again["picks"]);
}

#[test]
fn sizes_come_from_rates_presets_and_strata() {
    let folder = Folder::with("changes.csv", changes(100));
    let draw = |more: &[&str]| {
        folder.json(&[&["sample", "draw", "changes.csv", "--key", "id", "--seed", SEED][..], more].concat())
    };
    let computed = draw(&["--risk", "5%", "--tolerable", "6%"]);
    assert_eq!((&computed["size"], &computed["size_rule"]["plan"]["acceptable"]), (&39.into(), &0.into()));
    let preset = draw(&["--frequency", "per-occurrence"]);
    assert_eq!((&preset["size"], &preset["size_rule"]["rule"]), (&10.into(), &"preset".into()));
    let strata = draw(&["--method", "stratified", "--stratum", "site", "--size", "10"]);
    let shares: Vec<_> = strata["strata"].as_array().expect("strata").iter().map(|s| &s["size"]).collect();
    assert_eq!(shares, [3, 4, 3]);
    let chosen = ["--stratum-size", "0=1", "--stratum-size", "1=2", "--stratum-size", "2=1"];
    let by_name = draw(&[&["--method", "stratified", "--stratum", "site"][..], &chosen].concat());
    assert_eq!(by_name["size"], 4);
    let path = folder.0.path().join("draw.json");
    std::fs::write(&path, by_name.to_string()).expect("written");
    assert_eq!(folder.json(&["sample", "repeat", "draw.json", "changes.csv"])["same"], true);
    let targeted = folder.json(&[
        "sample",
        "draw",
        "changes.csv",
        "--key",
        "id",
        "--method",
        "targeted",
        "--pick",
        "CHG-0099",
        "--pick",
        "CHG-0100",
        "--by",
        "Ada Byron",
        "--reason",
        "administrators",
    ]);
    assert_eq!((&targeted["seed"], &targeted["reserve_items"]), (&Value::Null, &0.into()));
    std::fs::write(&path, targeted.to_string()).expect("written");
    assert_eq!(folder.json(&["sample", "repeat", "draw.json", "changes.csv"])["same"], true);
}

#[test]
fn what_cannot_be_meant_is_refused_with_the_reason() {
    let folder = Folder::with("changes.csv", changes(20));
    let check = |arguments: &str, expected: &str| {
        let said = folder.refused(&arguments.split(' ').collect::<Vec<_>>());
        assert!(said.contains(expected), "{arguments}\n{said}");
    };
    check("sample size --risk 5 --tolerable 5%", "\"5\" has no unit; write it as 5%");
    check("sample size --risk 105% --tolerable 5%", "\"105%\" is outside 0% to 100%");
    check("sample size --risk 0% --tolerable 5%", "the risk of over-reliance 0% must lie between");
    check("sample size --risk 5% --tolerable 5% --expected 6%", "the expected rate 6% must be below");
    check("sample size --risk 5% --tolerable 5% --expected 4.9%", "more than 10000 units would be needed");
    check("sample size --risk 5% --tolerable 5% --population 0", "the population has no items");
    check("sample upper-limit --size 5 --deviations 6 --risk 5%", "6 deviations cannot be found in 5 units");
    check(
        "sample evaluate --size 5 --deviations 1 --risk 5% --tolerable 5% --population 4",
        "5 units cannot be",
    );
    check(
        "sample evaluate --size 5 --deviations 1 --risk 5% --tolerable 5% --method targeted",
        "a targeted selection is judgment: its results are not projected",
    );
    check("sample preset --frequency hourly", "\"hourly\" is not a frequency");
    check("sample preset --frequency per-occurrence", "state the population");
    let draw = |more: &str, expected: &str| check(&format!("sample draw changes.csv --key {more}"), expected);
    draw("id --size 21", "changes.csv: 21 units cannot be selected from a population of 20");
    draw("id --size 0", "a sample needs at least one unit");
    draw("id", "how many? give --size");
    draw("number --size 2", "line 1, column number: is not in the heading, which has \"id\", \"site\"");
    draw("id --size 2 --seed hex:12", "random bytes are 16 or more");
    draw("id --size 2 --seed hex:0g", "'g' at place 2 after hex:");
    draw("id --size 2 --method first", "\"first\" is not a method of selection");
    draw("id --size 2 --method stratified", "needs --stratum COLUMN");
    draw(
        "id --method block --pick CHG-0001 --pick CHG-0002 --by Ada --reason x",
        "the first 2 items of the list",
    );
    draw("id --method haphazard --pick CHG-0004", "say who chose with --by and why with --reason");
    draw("id --size 3 --by Ada --owner ada", "Ada owns the control and does not select its sample");
    draw("id --size 3 --extend-to 3", "an extension to 3 adds nothing");
    draw("id --size 3 --extend-to 21", "21 units cannot be selected");
    check("sample draw nothing.csv --key id --size 2", "nothing.csv cannot be read");
    check("sample repeat changes.csv changes.csv", "changes.csv cannot be read: ");

    let bad = Folder::with("bad.csv", b"id,note\nA,x\n,y\nA,z\nB\nC,caf\xe9\n");
    let said = bad.refused(&["sample", "draw", "bad.csv", "--key", "id", "--size", "1"]);
    assert_eq!(
        said,
        "tickmark: bad.csv: nothing was selected\n  line 3, column id: the key is empty\n  line 4, column id: \"A\" is \
         on line 2 already\n  line 5: 1 columns where the heading has 2\n  line 6, column note: is not UTF-8: byte 0xe9 \
         at 4 of the cell; save the whole list as UTF-8\n"
    );
}

#[test]
fn a_conclusion_is_an_exit_status_and_judgment_has_no_confidence() {
    let folder = Folder::with("x", "");
    let evaluate = |more: &str| {
        let arguments = format!("sample evaluate {more} --json");
        let output = folder.run(&arguments.split(' ').collect::<Vec<_>>());
        let answer: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        (output.status.code(), answer)
    };
    let (status, answer) = evaluate("--size 93 --deviations 1 --risk 5% --tolerable 5%");
    assert_eq!((status, &answer["evaluation"]["upper_limit"]), (Some(0), &"5.0%".into()));
    let (status, answer) = evaluate("--size 93 --deviations 3 --risk 5% --tolerable 5% --population 1000");
    assert_eq!((status, &answer["projected_deviations"]), (Some(1), &32.into()));
    let (status, answer) = evaluate("--size 25 --deviations 0 --judgment --method haphazard");
    assert_eq!((status, &answer["conclusion"]["next"]), (Some(0), &"operated".into()));
    assert!(!answer.to_string().contains("risk") && !answer.to_string().contains("limit"), "{answer}");
    let (status, answer) = evaluate("--size 25 --deviations 1 --judgment");
    assert_eq!((status, &answer["conclusion"]["next"]), (Some(1), &"did_not_operate".into()));
}
