//! Loads check folders from disk and runs their tests, for people who write checks:
//! `cargo run -p tickmark-evaluate --example test_checks -- [ROOT] [PART OF ID…]`.

use std::path::Path;
use std::process::ExitCode;

use tickmark_core::observation::host;
use tickmark_evaluate::{Check, read_folder, run_tests};

fn main() -> ExitCode {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let root = match arguments.first().filter(|argument| Path::new(argument).is_dir()) {
        Some(_) => arguments.remove(0),
        None => "checks".to_owned(),
    };
    let sources = match read_folder(Path::new(&root)) {
        Ok(sources) => sources,
        Err(error) => {
            eprintln!("cannot read {root}: {error}");
            return ExitCode::FAILURE;
        }
    };
    let validate = |facts: &serde_json::Value| host::validate(facts).map_err(|error| error.to_string());
    let wanted = |id: &str| arguments.is_empty() || arguments.iter().any(|part| id.contains(part.as_str()));
    let mut failed = 0;
    for source in sources.into_iter().filter(|source| wanted(&source.folder)) {
        let place = source.place();
        let problems: Vec<String> = match Check::load(source) {
            Err(errors) => errors.iter().map(ToString::to_string).collect(),
            Ok(check) => {
                let report = run_tests(&check, Some(&validate));
                println!(
                    "{place}: {} tests, {} damaged documents, {}",
                    report.cases.len(),
                    report.damaged_documents,
                    if report.passed() { "ok" } else { "FAILED" }
                );
                report.failures()
            }
        };
        failed += usize::from(!problems.is_empty());
        for problem in problems {
            println!("    {problem}");
        }
    }
    println!("{failed} checks with problems");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
