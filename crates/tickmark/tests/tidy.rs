//! The house rules that a compiler does not see: arrows between crates, owners of tables, names in documents.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("workspace root")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All files below `folder` whose name ends in `suffix`, sorted.
fn files(folder: &Path, suffix: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in
            std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        {
            let path = entry.expect("entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(suffix) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

#[test]
fn the_arrows_between_crates_are_the_ones_drawn() {
    let allowed = BTreeMap::from([
        ("core", vec![]),
        ("ledger", vec![]),
        ("store", vec![]),
        ("collect", vec!["core"]),
        ("evaluate", vec!["core"]),
        ("report", vec!["core"]),
        ("app", vec!["core", "evaluate", "ledger", "store"]),
        ("web", vec!["app", "core"]),
        ("tickmark", vec!["app", "collect", "core", "evaluate", "ledger", "report", "store", "web"]),
    ]);
    for (name, arrows) in &allowed {
        let text = read(&root().join("crates").join(name).join("Cargo.toml"));
        let manifest: toml::Table = text.parse().expect("TOML");
        let dependencies = manifest["dependencies"].as_table().expect("table");
        let drawn: BTreeSet<&str> =
            dependencies.keys().filter_map(|key| key.strip_prefix("tickmark-")).collect();
        assert_eq!(&drawn.into_iter().collect::<Vec<_>>(), arrows, "crates/{name}");
    }
    let crates: BTreeSet<_> = std::fs::read_dir(root().join("crates"))
        .expect("crates")
        .map(|entry| entry.expect("entry").file_name().into_string().expect("UTF-8"))
        .collect();
    assert_eq!(crates, allowed.keys().map(ToString::to_string).collect());
}

#[test]
fn each_table_is_named_in_one_sql_file_only() {
    let mut tables = BTreeSet::new();
    for migration in files(&root().join("migrations"), ".sql") {
        for line in read(&migration).lines() {
            if let Some(rest) = line.trim_start().to_lowercase().strip_prefix("create table ") {
                let rest = rest.trim_start_matches("if not exists ");
                tables.insert(
                    rest.split(|c: char| !(c.is_alphanumeric() || c == '_')).next().expect("name").to_owned(),
                );
            }
        }
    }
    assert!(tables.len() > 10, "migrations create tables: {tables:?}");
    let mut owners: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for source in files(&root().join("crates"), ".rs") {
        let relative = source.strip_prefix(root()).expect("inside").display().to_string();
        if relative.contains("/tests")
            || relative.contains("/benches/")
            || relative.starts_with("crates/store/")
        {
            continue;
        }
        let text = read(&source);
        let words: Vec<&str> = text.split(|c: char| !(c.is_alphanumeric() || c == '_')).collect();
        for pair in words.windows(2) {
            let names_a_table = matches!(pair[0], "FROM" | "INTO" | "UPDATE" | "JOIN");
            if names_a_table && tables.contains(pair[1]) {
                // A feature with many tables has a folder `sql` instead; inside it they are one.
                let owner = match relative.split_once("/sql/") {
                    Some((feature, _)) => format!("{feature}/sql.rs"),
                    None => relative.clone(),
                };
                owners.entry(pair[1].to_owned()).or_default().insert(owner);
            }
        }
    }
    let shared: Vec<_> = owners.iter().filter(|(_, files)| files.len() > 1).collect();
    assert!(shared.is_empty(), "tables named in more than one place: {shared:#?}");
    let outside: Vec<_> =
        owners.iter().filter(|(_, files)| files.iter().any(|f| !f.ends_with("/sql.rs"))).collect();
    assert!(outside.is_empty(), "tables named outside a sql.rs: {outside:#?}");
}

#[test]
fn every_path_that_architecture_names_exists_and_every_crate_is_named() {
    let text = read(&root().join("ARCHITECTURE.md"));
    let names: Vec<&str> = text.split('`').skip(1).step_by(2).filter(|name| name.contains('/')).collect();
    assert!(names.len() > 10);
    for name in names {
        assert!(root().join(name).exists(), "ARCHITECTURE.md names {name}, which does not exist");
    }
    for entry in std::fs::read_dir(root().join("crates")).expect("crates") {
        let name = entry.expect("entry").file_name().into_string().expect("UTF-8");
        assert!(text.contains(&format!("`crates/{name}`")), "ARCHITECTURE.md does not mention crates/{name}");
        assert!(
            root().join("crates").join(&name).join("README.md").exists(),
            "crates/{name} has no README.md"
        );
    }
}

/// A merge that drops a line of such a list switches tests off without a word.
/// The document claims for each pitfall that a test holds it off: each test that it names must be there.
#[test]
fn every_test_that_the_pitfalls_name_exists() {
    let text = read(&root().join("docs/ledger/pitfalls.md"));
    let sources: String = files(&root().join("crates"), ".rs").iter().map(|file| read(file)).collect();
    let tests: BTreeSet<&str> =
        sources.split("fn ").filter_map(|rest| rest.split_once('(').map(|(name, _)| name.trim())).collect();
    let named: BTreeSet<&str> = text
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|word| word.matches('_').count() > 2 && !word.contains(['/', '.', ':', ' ', '<']))
        .collect();
    let missing: Vec<_> = named.difference(&tests).collect();
    assert!(named.len() > 40 && missing.is_empty(), "{missing:?} of {} names", named.len());
}

#[test]
fn every_file_beside_the_main_file_of_tests_is_part_of_it() {
    let mut lists = 0;
    for main in files(&root().join("crates"), "/main.rs") {
        if !main.components().any(|part| part.as_os_str() == "tests") {
            continue;
        }
        lists += 1;
        let text = read(&main);
        for entry in std::fs::read_dir(main.parent().expect("a file in a folder")).expect("folder") {
            let path = entry.expect("entry").path();
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            let is_module =
                path.extension().is_some_and(|extension| extension == "rs") || path.join("mod.rs").exists();
            let is_named = text.lines().any(|line| line.ends_with(&format!("mod {name};")));
            assert!(!is_module || name == "main" || is_named, "{} does not name {name}", main.display());
        }
    }
    assert!(lists > 2, "{lists} test binaries have a main file");
}

#[test]
fn no_source_holds_unfinished_or_switched_off_code() {
    let marks = [
        concat!("todo", "!("),
        concat!("unimplemented", "!("),
        concat!("#[", "ignore"),
        concat!("#[", "allow("),
    ];
    for source in files(&root().join("crates"), ".rs") {
        let text = read(&source);
        for mark in marks {
            assert!(!text.contains(mark), "{} holds {mark}", source.display());
        }
    }
}

/// ASVS 5.0: 3.2.2, 3.5.5, 15.3.6.
#[test]
fn scripts_write_no_markup_listen_to_no_other_window_and_run_no_text() {
    let marks = [
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "srcdoc",
        "eval(",
        "new Function",
        "postMessage",
        "\"message\"",
        "onmessage",
        "__proto__",
    ];
    let scripts = files(&root().join("crates/web/src"), ".js");
    assert!(scripts.len() >= 3, "{scripts:?}");
    for script in scripts {
        let text = read(&script);
        for mark in marks {
            assert!(!text.contains(mark), "{} holds {mark}", script.display());
        }
    }
}

#[test]
fn the_root_stays_readable_in_one_glance() {
    let visible = std::fs::read_dir(root())
        .expect("root")
        .filter(|entry| {
            let name = entry.as_ref().expect("entry").file_name();
            !name.to_string_lossy().starts_with('.')
                && !["target", "tickmark-data"].iter().any(|n| name == *n)
        })
        .count();
    assert!(visible < 20, "{visible} visible entries in the root");
}
