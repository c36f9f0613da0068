//! `tickmark checks`: list, show, test and write checks.

mod parameters;
mod said;

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Subcommand;
use serde_json::{Value, json};
use tickmark_app::observation::{self, workshop};
use tickmark_app::{Actor, App};
use tickmark_core::observation::{Verdict, host};
use tickmark_evaluate::{Check, CheckSource, Library, TestReport, explain, read_folder, run_tests, scaffold};

use self::said::{Said, print, said, tally};
use super::assess::person;
use crate::cli::Common;
use crate::failure::{Failure, Outcome};
use crate::output::{Output, Tone};
use crate::wiring;

/// Most targets about which `show` tells everything.
const MAX_TOLD: usize = 12;
/// What the help teaches by.
pub(crate) const EXAMPLES: &str = "\
Examples:
  tickmark checks list --group ssh
  tickmark checks show ssh-root-login-disabled
  tickmark checks new app-debug-off --title \"Debugging is off\"
  tickmark checks test app-debug-off

DATA/checks holds your own checks; where several organizations share DATA, those of one lie below
DATA/organizations. DATA/checks/parameters.toml changes parameters of checks:
  [ssh-idle-disconnect]
  maximum_seconds = 600";

/// `tickmark checks`
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List all checks with what they say now.
    List {
        /// Only this group, e.g. `ssh`.
        #[arg(long)]
        group: Option<String>,
    },
    /// Show one check: what it asserts, its logic, its parameters, what it says now and why.
    Show {
        /// Check id, e.g. `ssh-root-login-disabled`.
        id: String,
    },
    /// Run the tests of checks, on the bytecode machine and again in the interpreter.
    Test {
        /// Only these checks.
        ids: Vec<String>,
    },
    /// Write a new check folder with tests that pass, to start from.
    New {
        /// Check id in kebab case, worded as the passing state, e.g. `app-debug-off`.
        id: String,
        /// Title, worded as the passing state.
        #[arg(long)]
        title: Option<String>,
        /// Folder that will hold it; when left out `DATA/checks`, or the one of the organization that has its own.
        #[arg(long, value_name = "DIR")]
        folder: Option<PathBuf>,
    },
    /// List the drafts of checks that wait for approval.
    Drafts,
    /// Approve the draft of a check: its files are in force from the next run on. With the data folder in hand, also by
    /// who wrote it; the record says so.
    Approve {
        /// Check id.
        id: String,
        /// Who decides: a person's name.
        #[arg(long)]
        by: String,
    },
    /// Print the JSON Schema of facts that checks read.
    Schema,
}

/// Loads the built-in checks with the ones in `DATA/checks` beside them, and the parameters there.
///
/// A broken check of the user's is named and left out, with the built-in one it was to replace.
pub(crate) fn load(data: &Path, output: &Output) -> Outcome<Library> {
    let (library, errors) = load_as_written(data)?;
    let (library, refused) = parameters::apply(library, &folder(data))?;
    for error in errors.iter().chain(&refused) {
        output.note(output.tone(Tone::Bad, format!("left out: {error}")));
    }
    Ok(library)
}

/// Writes into `DATA/checks` the parameters by which the checks of `wanted` differ from those inside the program.
pub(crate) fn keep_parameters(data: &Path, wanted: &Library, about: &str) -> Outcome {
    parameters::write(&load_as_written(data)?.0, wanted, &folder(data), about)?;
    Ok(())
}

/// Loads checks with the parameters of their manifests, and what is wrong with own ones.
fn load_as_written(data: &Path) -> Outcome<(Library, Vec<String>)> {
    let builtin = Library::builtin().map_err(|errors| {
        let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
        anyhow::anyhow!("the built-in checks do not load: {}", errors.join("; "))
    })?;
    let (library, errors) = builtin.with_own(own_sources(data)?);
    Ok((library, errors.iter().map(ToString::to_string).collect()))
}

fn folder(data: &Path) -> PathBuf {
    data.join("checks")
}

/// The organization whose checks are meant; none where there is no data folder yet, or where several share one and none is
/// named: then what holds for all of them is meant.
async fn meant(common: &Common) -> Outcome<Option<(App, Actor)>> {
    let Some(app) = wiring::inspect_if_there(common).await? else { return Ok(None) };
    if common.organization.is_none() && app.organizations().await?.len() != 1 {
        app.close().await;
        return Ok(None);
    }
    let actor = wiring::reader(&app).await?;
    Ok(Some((app, actor)))
}

/// Puts the checks that an organization has of its own in the place of those that hold for all, and adds what is wrong with
/// them.
async fn with_those_of_organization(
    library: Library,
    common: &Common,
    errors: &mut Vec<String>,
) -> Outcome<Library> {
    let Some((app, actor)) = meant(common).await? else { return Ok(library) };
    let found = app
        .read(&actor, async |view| {
            let (own, refused) = workshop::checks_of(view, &library)?;
            Ok((own.into_owned(), refused))
        })
        .await;
    app.close().await;
    let (library, refused) = found?;
    errors.extend(refused);
    Ok(library)
}

/// Loads the checks that hold for the organization that is meant.
async fn load_own(common: &Common, output: &Output) -> Outcome<Library> {
    let mut errors = Vec::new();
    let library = with_those_of_organization(load(&common.data, output)?, common, &mut errors).await?;
    for error in &errors {
        output.note(output.tone(Tone::Bad, format!("left out: {error}")));
    }
    Ok(library)
}

/// The folder in which the organization that is meant writes its checks.
async fn own_folder(common: &Common) -> Outcome<PathBuf> {
    let Some((app, actor)) = meant(common).await? else { return Ok(folder(&common.data)) };
    let found = app.read(&actor, async |view| workshop::own_folder(view).await).await;
    app.close().await;
    Ok(found?)
}

fn own_sources(data: &Path) -> Outcome<Vec<CheckSource>> {
    let folder = folder(data);
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    Ok(read_folder(&folder).with_context(|| format!("reading {}", folder.display()))?)
}

/// Runs `tickmark checks`.
pub(crate) async fn run(command: &Command, common: &Common, output: &Output) -> Outcome {
    match command {
        Command::List { group } => list(group.as_deref(), common, output).await,
        Command::Show { id } => show(id, common, output).await,
        Command::Test { ids } => test(ids, common, output).await,
        Command::New { id, title, folder } => {
            let into = match folder {
                Some(folder) => folder.clone(),
                None => own_folder(common).await?,
            };
            new(id, title.as_deref(), &into, output)
        }
        Command::Drafts => drafts(common, output).await,
        Command::Approve { id, by } => approve(id, by, common, output).await,
        Command::Schema => {
            output.line(serde_json::to_string_pretty(&host::json_schema()).context("writing the schema")?);
            Ok(())
        }
    }
}

async fn drafts(common: &Common, output: &Output) -> Outcome {
    let app = wiring::open(common).await?;
    let program = wiring::reader(&app).await?;
    let waiting = app.read(&program, async |view| workshop::all_waiting(view).await).await;
    app.close().await;
    let waiting = waiting?;
    output.answer(&waiting, |output| {
        if waiting.is_empty() {
            output.line("no draft waits");
        }
        for draft in &waiting {
            output.line(format!("{}, since {}: {}", draft.check, draft.at, draft.reason));
        }
    })?;
    Ok(())
}

async fn approve(id: &str, by: &str, common: &Common, output: &Output) -> Outcome {
    let app = wiring::open(common).await?;
    let by = person(&app, by).await?;
    let approved = app
        .transact(&by, async |cx| {
            let exact = workshop::look(cx, id).await?.draft.change.digest();
            workshop::approve(cx, id, exact, "").await
        })
        .await;
    let program = wiring::reader(&app).await?;
    app.sequence(&program).await?;
    app.close().await;
    let said = format!("{} is approved; it is in force from the next run on", approved?.check);
    output.answer(&json!({ "done": said }), |output| output.line(&said))?;
    Ok(())
}

async fn list(group: Option<&str>, common: &Common, output: &Output) -> Outcome {
    let library = load_own(common, output).await?;
    let now = said(common).await?;
    let checks: Vec<&Check> =
        library.checks().filter(|check| group.is_none_or(|group| check.group() == group)).collect();
    if checks.is_empty() {
        return Err(Failure::input(format!("no check is in the group {:?}", group.unwrap_or_default())));
    }
    let says = |check: &Check| -> Vec<&Said> {
        now.iter().filter(|said| said.verdict.check_id == check.id()).collect()
    };
    let answer: Vec<Value> = checks
        .iter()
        .map(|check| {
            let now: Vec<Value> = says(check).into_iter().map(Said::to_json).collect();
            json!({"check": check.definition(), "group": check.group(), "origin": check.origin().word(), "now": now})
        })
        .collect();
    output.answer(&answer, |output| {
        output.table(
            ["Check", "Severity", "Now", "Title"],
            checks.iter().map(|check| {
                let definition = check.definition();
                [
                    definition.id.clone(),
                    definition.severity.word().to_owned(),
                    tally(&says(check), output),
                    definition.title.clone(),
                ]
            }),
        );
    })?;
    Ok(())
}

async fn show(id: &str, common: &Common, output: &Output) -> Outcome {
    let library = load_own(common, output).await?;
    let check = find(&library, id)?;
    let definition = check.definition();
    let now: Vec<Said> = said(common).await?.into_iter().filter(|said| said.verdict.check_id == id).collect();
    let (quiet, told): (Vec<&Said>, Vec<&Said>) = now.iter().partition(|said| {
        now.len() > 1 && matches!(said.verdict.verdict, Verdict::Pass | Verdict::NotApplicable)
    });
    let told = &told[..told.len().min(MAX_TOLD)];
    let mut reads = Vec::new();
    if let Some(app) = wiring::inspect_if_there(common).await? {
        let actor = wiring::reader(&app).await?;
        for said in told {
            let facts = app
                .read(&actor, async |view| observation::facts_at(view, said.verdict.target, view.now).await)
                .await?;
            reads.push(facts.map(|facts| explain(check, &facts.document)).unwrap_or_default());
        }
        app.close().await;
    }
    let all: Vec<Value> = now.iter().map(Said::to_json).collect();
    let answer =
        json!({"check": definition, "logic": check.rego(), "origin": check.origin().word(), "now": all});
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
        if now.len() > 1 {
            output.line(format!(
                "\n{} targets: {}",
                now.len(),
                tally(&now.iter().collect::<Vec<_>>(), output)
            ));
        }
        for (said, reads) in told.iter().zip(&reads) {
            print(said, now.len() > 1, output);
            for read in reads {
                let value = read
                    .value
                    .as_ref()
                    .map_or("(not seen)".to_owned(), |value| shorten(&value.to_string(), 120));
                output.line(output.tone(Tone::Muted, format!("  reads {} = {value}", read.path)));
            }
        }
        if told.len() + quiet.len() < now.len() {
            output.line(format!("and {} more targets", now.len() - told.len() - quiet.len()));
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

async fn test(ids: &[String], common: &Common, output: &Output) -> Outcome {
    // Tests are about the logic, with the parameters of its manifest.
    let (library, mut errors) = load_as_written(&common.data)?;
    errors.extend(parameters::apply(library.clone(), &folder(&common.data))?.1);
    let library = with_those_of_organization(library, common, &mut errors).await?;
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
        "refused": errors,
    });
    output.answer(&answer, |output| {
        for line in errors.iter().cloned().chain(failed.iter().flat_map(|report| report.failures())) {
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
