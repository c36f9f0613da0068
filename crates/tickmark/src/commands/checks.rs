//! `tickmark checks`: list, show, test and write checks.

use std::path::Path;

use anyhow::Context;
use serde_json::{Value, json};
use tickmark_app::App;
use tickmark_app::observation::{self, TargetVerdict};
use tickmark_core::observation::host;
use tickmark_evaluate::{Check, CheckSource, Library, TestReport, explain, read_folder, run_tests, scaffold};

use crate::cli::{self, Common};
use crate::failure::{Failure, Outcome};
use crate::output::{Output, Tone};
use crate::wiring;

/// Loads the built-in checks with the ones in `DATA/checks` beside them.
///
/// A broken check of the user's is named and left out, with the built-in one it was to replace.
pub(crate) fn load(data: &Path, output: &Output) -> Outcome<Library> {
    let (library, errors) = load_with_errors(data)?;
    for error in errors {
        output.note(output.tone(Tone::Bad, format!("left out: {error}")));
    }
    Ok(library)
}

fn load_with_errors(data: &Path) -> Outcome<(Library, Vec<tickmark_evaluate::LibraryError>)> {
    let builtin = Library::builtin().map_err(|errors| {
        let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
        anyhow::anyhow!("the built-in checks do not load: {}", errors.join("; "))
    })?;
    Ok(builtin.with_own(own_sources(data)?))
}

fn own_sources(data: &Path) -> Outcome<Vec<CheckSource>> {
    let folder = data.join("checks");
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    Ok(read_folder(&folder).with_context(|| format!("reading {}", folder.display()))?)
}

/// Runs `tickmark checks`.
pub(crate) async fn run(command: &cli::Checks, common: &Common, output: &Output) -> Outcome {
    match command {
        cli::Checks::List { group } => list(group.as_deref(), common, output).await,
        cli::Checks::Show { id } => show(id, common, output).await,
        cli::Checks::Test { ids } => test(ids, common, output),
        cli::Checks::New { id, title, folder } => {
            let folder = folder.clone().unwrap_or_else(|| common.data.join("checks"));
            new(id, title.as_deref(), &folder, output)
        }
        cli::Checks::Schema => {
            output.line(serde_json::to_string_pretty(&host::json_schema()).context("writing the schema")?);
            Ok(())
        }
    }
}

/// Returns what checks say now, or nothing where there is no data folder yet.
async fn verdicts(common: &Common) -> Outcome<Vec<TargetVerdict>> {
    let Some(app) = wiring::inspect_if_there(common).await? else { return Ok(Vec::new()) };
    let actor = wiring::reader(&app).await?;
    let verdicts = app.read(&actor, async |view| observation::verdicts_now(view).await).await;
    App::close(&app).await;
    Ok(verdicts?)
}

async fn list(group: Option<&str>, common: &Common, output: &Output) -> Outcome {
    let library = load(&common.data, output)?;
    let now = verdicts(common).await?;
    let checks: Vec<&Check> =
        library.checks().filter(|check| group.is_none_or(|group| check.group() == group)).collect();
    if checks.is_empty() {
        return Err(Failure::input(format!("no check is in the group {:?}", group.unwrap_or_default())));
    }
    let says =
        |check: &Check| now.iter().filter(|verdict| verdict.check_id == check.id()).collect::<Vec<_>>();
    let answer: Vec<Value> = checks
        .iter()
        .map(|check| json!({"check": check.definition(), "group": check.group(), "origin": check.origin().word(), "now": says(check)}))
        .collect();
    output.answer(&answer, |output| {
        output.table(
            ["Check", "Severity", "Now", "Title"],
            checks.iter().map(|check| {
                let now: Vec<String> =
                    says(check).iter().map(|verdict| output.verdict(verdict.verdict)).collect();
                let definition = check.definition();
                [
                    definition.id.clone(),
                    definition.severity.word().to_owned(),
                    now.join(" "),
                    definition.title.clone(),
                ]
            }),
        );
    })?;
    Ok(())
}

async fn show(id: &str, common: &Common, output: &Output) -> Outcome {
    let library = load(&common.data, output)?;
    let check = find(&library, id)?;
    let definition = check.definition();
    let now: Vec<TargetVerdict> =
        verdicts(common).await?.into_iter().filter(|verdict| verdict.check_id == id).collect();
    let mut reads = Vec::new();
    if let Some(app) = wiring::inspect_if_there(common).await? {
        let actor = wiring::reader(&app).await?;
        for verdict in &now {
            let facts = app
                .read(&actor, async |view| observation::facts_at(view, verdict.target, view.now).await)
                .await?;
            reads.extend(facts.map(|facts| explain(check, &facts.document)));
        }
        app.close().await;
    }
    let answer =
        json!({"check": definition, "logic": check.rego(), "origin": check.origin().word(), "now": now});
    output.answer(&answer, |output| {
        output.line(output.tone(Tone::Strong, format!("{}  {}", definition.id, definition.title)));
        output.line(format!("{}\n{}\n", definition.asserts, definition.rationale));
        output.line(format!(
            "severity {}, looked at every {} h, stale after {} h, version {}",
            definition.severity.word(),
            definition.cadence_hours,
            definition.stale_after_hours,
            definition.version.short()
        ));
        output.line(format!(
            "supports {}; tests {}",
            definition.criteria.join(", "),
            definition.controls.join(", ")
        ));
        for verdict in &now {
            output.line(format!("\n{}  {}", output.verdict(verdict.verdict), verdict.outcome.message));
            output.line(format!(
                "  since {}, last look {}",
                verdict.since.minute(),
                verdict.last_look.minute()
            ));
            for subject in &verdict.outcome.subjects {
                output.line(format!("  - {subject}"));
            }
            if let Some(waiver) = &verdict.waiver {
                let until = super::waive::last_day(waiver.expires_at);
                output.line(format!("  waiver {} until {until}: {}", waiver.id, waiver.reason));
            }
        }
        for read in reads.iter().flatten() {
            let value =
                read.value.as_ref().map_or("(not seen)".to_owned(), |value| shorten(&value.to_string(), 120));
            output.line(output.tone(Tone::Muted, format!("  reads {} = {value}", read.path)));
        }
        if definition.parameters.as_object().is_some_and(|parameters| !parameters.is_empty()) {
            output.line(format!("\nparameters {}", definition.parameters));
        }
        output.line(format!("\n{}", output.tone(Tone::Muted, "What to do when it fails")));
        output.line(definition.remediation.trim());
        output.line(format!("\n{}\n{}", output.tone(Tone::Muted, "Logic"), check.rego().trim()));
    })?;
    Ok(())
}

fn shorten(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        text.to_owned()
    } else {
        text.chars().take(most).chain(['…']).collect()
    }
}

fn find<'a>(library: &'a Library, id: &str) -> Outcome<&'a Check> {
    library
        .get(id)
        .ok_or_else(|| Failure::input(format!("there is no check {id:?}; `tickmark checks list` names them")))
}

fn test(ids: &[String], common: &Common, output: &Output) -> Outcome {
    let (library, errors) = load_with_errors(&common.data)?;
    let wanted: Vec<&Check> = if ids.is_empty() {
        library.checks().collect()
    } else {
        ids.iter().map(|id| find(&library, id)).collect::<Outcome<_>>()?
    };
    let progress = output.progress("testing checks");
    let validate = |facts: &Value| host::validate(facts).map_err(|error| error.to_string());
    let mut reports: Vec<TestReport> = Vec::new();
    for check in wanted {
        progress.step(check.id());
        reports.push(run_tests(check, Some(&validate)));
    }
    drop(progress);
    let tests: usize = reports.iter().map(|report| report.cases.len()).sum();
    let failed: Vec<&TestReport> = reports.iter().filter(|report| !report.passed()).collect();
    let answer = json!({
        "checks": reports.len(), "tests": tests,
        "damaged_documents": reports.iter().map(|report| report.damaged_documents).sum::<usize>(),
        "failed": failed.iter().map(|report| json!({"check": report.check, "failures": report.failures()})).collect::<Vec<_>>(),
        "refused": errors.iter().map(ToString::to_string).collect::<Vec<_>>(),
    });
    output.answer(&answer, |output| {
        for line in
            errors.iter().map(ToString::to_string).chain(failed.iter().flat_map(|report| report.failures()))
        {
            output.line(output.tone(Tone::Bad, format!("✗ {line}")));
        }
        let damaged: usize = reports.iter().map(|report| report.damaged_documents).sum();
        output.line(format!(
            "{} checks, {tests} tests and {damaged} damaged documents on both engines: {} failed",
            reports.len(),
            failed.len() + errors.len()
        ));
    })?;
    if failed.is_empty() && errors.is_empty() { Ok(()) } else { Err(Failure::No) }
}

fn new(id: &str, title: Option<&str>, folder: &Path, output: &Output) -> Outcome {
    let group = id.split('-').next().unwrap_or_default();
    let title = title.map_or_else(|| id.replace('-', " "), str::to_owned);
    let files = scaffold(id, &title, group).map_err(Failure::input)?;
    let made = folder.join(group).join(id);
    if made.exists() {
        return Err(Failure::input(format!("{} exists already; nothing was changed", made.display())));
    }
    for file in &files {
        let path = folder.join(&file.path);
        let parent = path.parent().expect("a file below the folder");
        std::fs::create_dir_all(parent).with_context(|| format!("making {}", parent.display()))?;
        std::fs::write(&path, &file.text).with_context(|| format!("writing {}", path.display()))?;
    }
    let answer = json!({"folder": made, "files": files.iter().map(|file| &file.path).collect::<Vec<_>>()});
    output.answer(&answer, |output| {
        output.line(format!("wrote {}", made.display()));
        output.line(format!("next: edit check.rego and its tests, then `tickmark checks test {id}`"));
    })?;
    Ok(())
}
