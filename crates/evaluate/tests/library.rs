//! Loading: what is refused, where the error points, and what overrides what.

mod common;

use common::{MANIFEST, REGO, TESTS, source};
use serde_json::json;
use tickmark_evaluate::{
    Check, CheckFile, CheckSource, Library, LibraryError, Origin, read_folder, scaffold,
};

fn errors(source: CheckSource) -> Vec<LibraryError> {
    Check::load(source).expect_err("a refused check")
}

/// Expects one error whose message holds `words`, in `file` at `line`.
fn refused(source: CheckSource, file: CheckFile, line: Option<u32>, words: &str) {
    let errors = errors(source);
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert_eq!((errors[0].file, errors[0].line), (file, line), "{errors:?}");
    assert!(errors[0].message.contains(words), "{errors:?}");
    assert_eq!(errors[0].folder, "acct/acct-one-two");
}

fn with_rego(rego: &str) -> CheckSource {
    source("acct-one-two", MANIFEST, rego)
}

fn with_manifest(from: &str, to: &str) -> CheckSource {
    assert!(MANIFEST.contains(from), "{from}");
    source("acct-one-two", &MANIFEST.replace(from, to), REGO)
}

#[test]
fn a_folder_needs_its_three_files() {
    for take in 0..3 {
        let mut source = with_rego(REGO);
        let part = [&mut source.toml, &mut source.rego, &mut source.tests];
        *part.into_iter().nth(take).expect("one of three") = None;
        let errors = errors(source);
        let name = ["check.toml", "check.rego", "check_test.rego"][take];
        assert_eq!(errors.len(), 1, "{errors:?}");
        assert!(errors[0].message.contains(name), "{errors:?}");
    }
}

#[test]
fn metadata_is_refused_with_its_line() {
    let manifest = CheckFile::Manifest;
    refused(with_manifest("title = ", "title == "), manifest, Some(2), "");
    refused(with_manifest("title = ", "tilte = "), manifest, Some(2), "unknown field");
    refused(
        with_manifest("needs = [\"accounts.users\"]", "needs = []"),
        manifest,
        Some(7),
        "needs has no entry",
    );
    refused(with_manifest("accounts.users", "accounts..users"), manifest, Some(7), "not a dotted path");
    refused(with_manifest("severity = \"high\"", "severity = \"awful\""), manifest, Some(8), "awful");
    refused(
        with_manifest("cadence_hours = 24", "cadence_hours = 0"),
        manifest,
        Some(9),
        "cadence_hours is 0",
    );
    refused(with_manifest("stale_after_hours = 72", "stale_after_hours = 1"), manifest, Some(10), "smaller");
    refused(with_manifest("limit = 3", "limit = nan"), manifest, Some(15), "not finite");
    refused(with_manifest("limit = 3", "limit = 2026-11-24"), manifest, Some(15), "date");
    refused(
        with_manifest("id = \"acct-one-two\"", "id = \"acct-one\""),
        manifest,
        Some(1),
        "differs from the name",
    );
}

#[test]
fn an_id_belongs_to_its_group_and_is_kebab_case() {
    for (folder, words) in [("ssh-one-two", "name of its group"), ("acct-One", "kebab"), ("acct", "kebab")] {
        let manifest = MANIFEST.replace("acct-one-two", folder);
        let errors =
            errors(source(folder, &manifest, &REGO.replace("acct_one_two", &folder.replace('-', "_"))));
        assert!(errors.iter().any(|error| error.message.contains(words)), "{errors:?}");
    }
}

#[test]
fn rego_is_refused_with_its_line() {
    let rego = CheckFile::Rego;
    refused(with_rego("package checks.acct_one_two\n\nresult := {"), rego, Some(3), "");
    refused(
        with_rego(&REGO.replace("acct_one_two", "other")),
        rego,
        Some(1),
        "must be \"checks.acct_one_two\"",
    );
    refused(with_rego("package checks.acct_one_two\n\nanswer := 1\n"), rego, None, "result");
    // Accepted by the parser; only compiling to bytecode finds it.
    let unknown = "package checks.acct_one_two\n\nresult := {\"verdict\": no_such_function(input)}\n";
    refused(with_rego(unknown), rego, Some(3), "no_such_function");
    let recursive = "package checks.acct_one_two\n\na := b\n\nb := a\n\nresult := {\"verdict\": a}\n";
    assert!(Check::load(with_rego(recursive)).is_err());
}

#[test]
fn impure_and_boundless_functions_are_refused() {
    for call in [
        "time.now_ns()",
        "rand.intn(\"a\", 7)",
        "trace(\"x\")",
        "numbers.range(1, 1000000000000)",
        "bits.lsh(1, 1000000000)",
        "__builtin_host_await(1, \"x\")",
    ] {
        let text = REGO.replace("default verdict", &format!("impure := {call}\n\ndefault verdict"));
        let text = text.replace("\"subjects\": bad", "\"subjects\": bad, \"observed\": impure");
        let name = call.split('(').next().expect("a name");
        let line = text.lines().position(|line| line.contains(name)).map(|line| line as u32 + 1);
        refused(with_rego(&text), CheckFile::Rego, line, "is refused");
    }
    for call in ["opa.runtime()", "uuid.rfc4122(\"x\")", "http.send({})", "net.cidr_expand(\"10.0.0.0/8\")"] {
        let text = REGO.replace("\"subjects\": bad", &format!("\"subjects\": bad, \"observed\": {call}"));
        assert!(Check::load(with_rego(&text)).is_err(), "{call}");
    }
}

#[test]
fn an_index_by_the_variable_of_every_is_refused_because_the_engine_gets_it_wrong() {
    let with = |condition: &str| {
        with_rego(&REGO.replace("\tis_array(users)\n", &format!("\t{condition}\n\tis_array(users)\n")))
    };
    let words = "compiles [name] wrongly";
    refused(with("every name in [\"a\"] { input.facts.x[name] == 1 }"), CheckFile::Rego, Some(25), words);
    refused(
        with("every _, name in [\"a\"] { count([1 | users[0][name]]) == 1 }"),
        CheckFile::Rego,
        Some(25),
        words,
    );
    assert!(Check::load(with("every name in [\"a\"] { key := name; input.facts.x[key] == 1 }")).is_ok());
    assert!(Check::load(with("every user in users { user.tags[0] == 1 }")).is_ok());

    // The defect itself. When this fails, the engine is mended and the refusal can go.
    let rego = "package p\n\nimport rego.v1\n\ndefault r := false\n\nr if every name in [\"a\"] { input[name] == 1 }\n";
    let mut engine = regorus::Engine::new();
    engine.add_policy("p.rego".into(), rego.into()).expect("Rego");
    let policy = engine.compile_with_entrypoint(&"data.p.r".into()).expect("compiled");
    let program = regorus::languages::rego::compiler::Compiler::compile_from_policy(&policy, &["data.p.r"])
        .expect("bytecode");
    let mut machine = regorus::rvm::RegoVM::new();
    machine.load_program(program);
    let input = regorus::Value::from_json_str("{\"b\": 1}").expect("JSON");
    machine.set_input(input.clone());
    assert_eq!(machine.execute().expect("a value"), regorus::Value::Bool(true), "wrong, and known to be");
    engine.set_input(input);
    assert_eq!(engine.eval_rule("data.p.r".into()).expect("a value"), regorus::Value::Bool(false));
}

#[test]
fn a_check_that_concludes_something_from_nothing_is_refused() {
    let always = "package checks.acct_one_two\n\nresult := {\"verdict\": \"pass\"}\n";
    refused(with_rego(always), CheckFile::Rego, None, "answers pass");
    let deny_only = r#"package checks.acct_one_two

import rego.v1

bad contains user.name if {
	some user in input.facts.accounts.users
	user.uid == 0
}

default verdict := "pass"

verdict := "fail" if count(bad) > 0

result := {"verdict": verdict, "subjects": bad}
"#;
    refused(with_rego(deny_only), CheckFile::Rego, None, "answers pass");
    let undefined =
        REGO.replace("\"subjects\": bad", "\"subjects\": bad, \"message\": input.facts.host.name");
    refused(with_rego(&undefined), CheckFile::Rego, None, "gave no result");
}

#[test]
fn all_problems_of_all_folders_come_together_and_sorted() {
    let mut broken = source("acct-one-two", "id = 7", "package nowhere");
    broken.tests = None;
    let other = source("acct-three-four", "", "");
    let errors = Library::load(vec![other, broken]).expect_err("errors");
    assert!(errors.is_sorted());
    let files: Vec<_> = errors.iter().map(|error| (error.folder.as_str(), error.file)).collect();
    for expected in [
        ("acct/acct-one-two", CheckFile::Folder),
        ("acct/acct-one-two", CheckFile::Manifest),
        ("acct/acct-one-two", CheckFile::Rego),
        ("acct/acct-three-four", CheckFile::Manifest),
        ("acct/acct-three-four", CheckFile::Rego),
    ] {
        assert!(files.contains(&expected), "{expected:?} in {errors:?}");
    }
    assert_eq!(errors[1].to_string().split(": ").next(), Some("acct/acct-one-two/check.toml:1"));
}

#[test]
fn one_id_is_taken_once() {
    let errors = Library::load(vec![with_rego(REGO), with_rego(REGO)]).expect_err("a duplicate");
    assert_eq!(errors.len(), 1);
    assert!(errors[0].message.contains("already taken"), "{errors:?}");
}

#[test]
fn an_own_check_takes_the_place_of_a_builtin_one_even_when_it_is_broken() {
    let builtin = || Library::load(vec![with_rego(REGO)]).expect("a library");
    let mut own = with_rego(&format!("{REGO}\n# Stricter here.\n"));
    own.origin = Origin::Own;
    let (library, errors) = builtin().with_own(vec![own.clone()]);
    let check = library.get("acct-one-two").expect("the own one");
    assert!(errors.is_empty() && check.overrides_builtin() && check.origin() == Origin::Own);
    assert_ne!(check.definition().version, builtin().get("acct-one-two").expect("one").definition().version);

    own.rego = Some("package".into());
    let (library, errors) = builtin().with_own(vec![own]);
    assert!(library.is_empty());
    assert_eq!(errors.len(), 1);
}

#[test]
fn folders_are_read_from_disk() {
    let root = tempfile::tempdir().expect("a folder");
    for file in
        scaffold("acct-shell-approved", "Every account has an \"approved\" shell", "acct").expect("files")
    {
        let path = root.path().join(&file.path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        std::fs::write(path, file.text).expect("written");
    }
    std::fs::create_dir_all(root.path().join(".git/objects")).expect("made");
    let sources = read_folder(root.path()).expect("read");
    let library = Library::load(sources).expect("a valid check");
    let check = library.get("acct-shell-approved").expect("the check");
    assert_eq!(check.definition().title, "Every account has an \"approved\" shell");
    assert!(read_folder(&root.path().join("nowhere")).is_err());
}

#[test]
fn parameters_are_typed_and_make_a_version() {
    let check = Check::load(with_rego(REGO)).expect("a check");
    let version = check.definition().version;
    let changed = check.with_parameters(&json!({"limit": 4})).expect("accepted");
    assert_ne!(changed.definition().version, version);
    assert_eq!(
        changed.definition().parameters,
        json!({"limit": 4, "names": ["root"], "rate": 0.5, "strict": true})
    );
    let back = changed.with_parameters(&json!({})).expect("accepted");
    assert_eq!(back.definition().version, version);
    assert_eq!(check.with_parameters(&json!({"rate": 1, "names": []})).map(|_| ()), Ok(()));
    for bad in [
        json!({"limits": 4}),
        json!({"limit": "4"}),
        json!({"limit": 4.5}),
        json!({"limit": null}),
        json!({"names": "root"}),
        json!({"names": [0]}),
        json!({"strict": 1}),
        json!([]),
        json!(null),
    ] {
        assert!(check.with_parameters(&bad).is_err(), "{bad}");
    }
}

#[test]
fn only_what_can_change_the_answer_changes_the_version() {
    let version = |source| Check::load(source).expect("a check").definition().version;
    let original = version(with_rego(REGO));
    assert_eq!(version(with_manifest("title = \"T\"", "title = \"Better\"")), original);
    assert_eq!(version(with_manifest("severity = \"high\"", "severity = \"low\"")), original);
    assert_ne!(version(with_rego(&format!("{REGO}#"))), original);
    assert_ne!(version(with_manifest("[\"accounts.users\"]", "[\"accounts\"]")), original);
    assert_ne!(version(with_manifest("stale_after_hours = 72", "stale_after_hours = 73")), original);
    assert_ne!(version(with_manifest("limit = 3", "limit = 2")), original);
    let tolerant =
        "allowances = [{ path = \"accounts.users\", allow = [\"gap\"], reason = \"r\" }]\n[parameters]";
    assert_ne!(version(with_manifest("[parameters]", tolerant)), original);
}

#[test]
fn a_scaffold_says_why_it_cannot_be_made() {
    assert!(scaffold("Shell", "t", "acct").is_err());
    assert!(scaffold("ssh-shell", "t", "acct").is_err());
    assert!(scaffold("acct-shell", "two\nlines", "acct").is_err());
    assert!(scaffold("acct-shell", " ", "acct").is_err());
    assert_eq!(TESTS.lines().next(), Some("package checks.acct_one_two_test"));
}
