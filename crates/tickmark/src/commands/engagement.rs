//! `tickmark engagement`: examinations from scope to management's part of the report.

mod changed;
mod completion;
mod documents;
mod fieldwork;
mod template;

use std::path::{Path, PathBuf};

use clap::{Subcommand, ValueEnum};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tickmark_app::engagement::fieldwork::{file, report};
use tickmark_app::engagement::{self, Changed, Grounds, Version};
use tickmark_app::port::Renderer;
use tickmark_app::{Actor, App};
use tickmark_core::engagement::{
    Assertion, Description, Engagement, EngagementKey, Paper, Part, Problem, ReportKind, Scope, Step, drafted,
};
use tickmark_store::folder::write_durably;

use super::assess::person;
use super::catalog;
use super::report::GENERATOR;
use crate::cli::Common;
use crate::clock;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::wiring::{self, Documents};
use fieldwork::Adding;

/// What the help teaches by.
pub(crate) const EXAMPLES: &str = "\
Examples:
  tickmark engagement template soc2 > scope.toml         a scope to fill in
  tickmark engagement plan scope.toml --by \"Ada Byron\" --reason \"the first year\"
  tickmark engagement check E-1                          what is still wrong with its scope
  tickmark engagement approve E-1 --by \"Grace Example\"
  tickmark engagement description E-1 > description.toml  what is written, with hints
  tickmark engagement description E-1 --file description.toml --by \"Ada Byron\"
  tickmark engagement assertion E-1 --draft --signatory \"Grace Example\" --title Director --by \"Ada Byron\"
  tickmark engagement sign E-1 description review --by \"Robin Example\"
  tickmark engagement changes E-1                        controls that changed since management signed
  tickmark engagement package E-1                        management's part as PDF
  tickmark engagement oscal E-1 --out exchange           the same as OSCAL
  tickmark engagement document E-1 description           a part as DOCX, to go on with outside
  tickmark engagement roll-forward E-1 --by \"Ada Byron\" --reason \"the second year\"
  tickmark engagement requests E-1 --import pbc.xlsx --by \"Ada Byron\"
  tickmark engagement requests E-1 --out requests.csv    the request list with its answers";

/// `tickmark engagement`
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print a scope to fill in.
    Template {
        /// Which report.
        kind: KindWord,
    },
    /// Plan an examination with the scope of a file.
    Plan {
        /// The scope as TOML.
        file: PathBuf,
        /// Who writes it: a person's name.
        #[arg(long)]
        by: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// List the engagements.
    List,
    /// Show one: scope, what is open, who signed.
    Show {
        /// Engagement, e.g. `E-1`.
        engagement: String,
    },
    /// Print the scope as TOML, or change it to that of a file.
    Scope {
        /// Engagement.
        engagement: String,
        /// The new scope as TOML.
        #[arg(long, value_name = "FILE", requires_all = ["by", "reason"])]
        file: Option<PathBuf>,
        /// Who writes it.
        #[arg(long)]
        by: Option<String>,
        /// The note that goes with the change.
        #[arg(long)]
        reason: Option<String>,
    },
    /// Say what is wrong with the scope as written. Exit status 1 if something keeps it from being approved.
    Check {
        /// Engagement.
        engagement: String,
    },
    /// Approve the scope as written: somebody else than who wrote it.
    Approve {
        /// Engagement.
        engagement: String,
        /// Who approves.
        #[arg(long)]
        by: String,
    },
    /// Print the description as TOML, or write that of a file.
    Description {
        /// Engagement.
        engagement: String,
        /// The description as TOML.
        #[arg(long, value_name = "FILE", requires = "by")]
        file: Option<PathBuf>,
        /// Who writes it.
        #[arg(long)]
        by: Option<String>,
    },
    /// Print management's assertion, or write it: from a file or as a draft made from the scope.
    Assertion {
        /// Engagement.
        engagement: String,
        /// Its text.
        #[arg(long, value_name = "FILE", conflicts_with = "draft", requires_all = ["by", "signatory", "title"])]
        file: Option<PathBuf>,
        /// Draft it from the scope.
        #[arg(long, requires_all = ["by", "signatory", "title"])]
        draft: bool,
        /// Who will sign for management.
        #[arg(long, value_name = "NAME")]
        signatory: Option<String>,
        /// As what.
        #[arg(long)]
        title: Option<String>,
        /// Who writes it.
        #[arg(long)]
        by: Option<String>,
    },
    /// Review or approve a document as it stands: three different people write, review and approve it.
    Sign {
        /// Engagement.
        engagement: String,
        /// Which document.
        document: PaperWord,
        /// Which step.
        step: StepWord,
        /// Which bridge letter.
        #[arg(long, default_value_t = 1)]
        number: u32,
        /// Who signs.
        #[arg(long)]
        by: String,
    },
    /// List the controls in scope that changed since management signed, and whether that is confirmed.
    Changes {
        /// Engagement.
        engagement: String,
    },
    /// Confirm for management that what was signed holds with the controls that changed since, as `changes` lists them. A report
    /// is recorded once it is confirmed.
    ConfirmChanges {
        /// Engagement.
        engagement: String,
        /// Who confirms it for management.
        #[arg(long)]
        by: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Record how the auditor's opinion is going to be modified: the assertion is written and signed anew.
    Modification {
        /// Engagement.
        engagement: String,
        /// What the auditor told.
        text: String,
        /// Who records it.
        #[arg(long)]
        by: String,
    },
    /// Plan the next examination from one: its scope over the time that follows and its description, as drafts.
    RollForward {
        /// Engagement.
        engagement: String,
        /// Who plans it.
        #[arg(long)]
        by: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Close an engagement, or give it up.
    Close {
        /// Engagement.
        engagement: String,
        /// Who decides.
        #[arg(long)]
        by: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Print the request list, write it to a file, or add to it: the usual requests, or a list as XLSX or CSV.
    Requests {
        /// Engagement.
        engagement: String,
        /// Add the usual requests that concern the criteria in scope.
        #[arg(long, requires = "by", conflicts_with = "import")]
        defaults: bool,
        /// Add a list, whole or not at all.
        #[arg(long, value_name = "FILE", requires = "by")]
        import: Option<PathBuf>,
        /// Who of management adds it.
        #[arg(long)]
        by: Option<String>,
        /// Write the list to this file, by its ending `.csv` or `.xlsx`.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Freeze an engagement without a report: fieldwork is over. Management's assertion is signed before; nothing in the
    /// engagement changes afterwards. One that is given up is closed instead.
    Freeze {
        /// Engagement.
        engagement: String,
        /// Who of management decides.
        #[arg(long)]
        by: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Write the file of the examination as ZIP: requests with answers, results that were shared, responses, with digests.
    /// What is the audit firm's alone, its people take out in the pages.
    File {
        /// Engagement.
        engagement: String,
        /// Where to write it.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Write management's part of the report as PDF, and its model as JSON.
    Package {
        /// Engagement.
        engagement: String,
        /// Folder to write into; `DATA/out` when left out.
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
    #[command(flatten)]
    Complete(completion::Command),
    #[command(flatten)]
    TakeOut(documents::Command),
}

/// Which report, as it is typed.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum KindWord {
    /// Controls that matter to customers' financial reporting.
    Soc1,
    /// Controls against the trust services criteria.
    Soc2,
    /// The same, for anyone.
    Soc3,
}

/// Which document, as it is typed.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum PaperWord {
    /// The description of the system.
    Description,
    /// Management's assertion.
    Assertion,
    /// The representation letter.
    Representation,
    /// A bridge letter.
    Bridge,
}

/// Which step, as it is typed.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum StepWord {
    /// Somebody else read it and found it right.
    Review,
    /// A third person adopts it for management.
    Approve,
}

/// Runs `tickmark engagement`.
pub(crate) async fn run(command: &Command, common: &Common, output: &Output) -> Outcome {
    if let Command::Template { kind } = command {
        let kind = match kind {
            KindWord::Soc1 => ReportKind::Soc1,
            KindWord::Soc2 => ReportKind::Soc2,
            KindWord::Soc3 => ReportKind::Soc3,
        };
        output.line(template::scope(kind));
        return Ok(());
    }
    let app = wiring::open(common).await?;
    let done = ask(&app, command, common, output).await;
    let program = wiring::reader(&app).await?;
    app.sequence(&program).await?;
    app.close().await;
    done
}

async fn ask(app: &App, command: &Command, common: &Common, output: &Output) -> Outcome {
    match command {
        Command::Template { .. } => Ok(()),
        Command::Plan { file, by, reason } => {
            let scope: Scope = read(file)?;
            let by = person(app, by).await?;
            let once = once();
            let planned =
                app.transact(&by, async |cx| engagement::plan(cx, &once, scope, reason).await).await?;
            say(output, &planned, &format!("{} is planned: {}", planned.key, planned.scope.report()))
        }
        Command::List => list(app, output).await,
        Command::Show { engagement } => show(app, key(engagement)?, output, common).await,
        Command::Scope { engagement, file: None, .. } => {
            let (version, _) = find(app, key(engagement)?).await?;
            let text = toml::to_string_pretty(&version.record.scope)
                .map_err(|error| Failure::Could(error.into()))?;
            output.answer(&json!(version.record.scope), |output| output.line(text.trim_end()))?;
            Ok(())
        }
        Command::Scope { engagement, file: Some(file), by, reason } => {
            let (key, scope) = (key(engagement)?, read(file)?);
            let (by, reason) = (person(app, given(by)).await?, given(reason));
            let from = find(app, key).await?.0.number;
            let changed =
                app.transact(&by, async |cx| engagement::change(cx, key, from, scope, reason).await).await?;
            let record = whole(changed)?;
            say(output, &record, &format!("{key}: the scope is written; somebody else approves it"))
        }
        Command::Check { engagement } => check(app, key(engagement)?, common, output).await,
        Command::Approve { engagement, by } => {
            let (key, catalog) = (key(engagement)?, catalog::load(&common.data)?);
            let by = person(app, by).await?;
            let from = find(app, key).await?.0.number;
            let changed =
                app.transact(&by, async |cx| engagement::approve(cx, key, from, &catalog).await).await?;
            say(output, &whole(changed)?, &format!("{key}: the scope is approved"))
        }
        Command::Description { engagement, file: None, .. } => {
            let (version, _) = find(app, key(engagement)?).await?;
            output.answer(&json!(version.record.description), |output| {
                output.line(template::description(&version.record).trim_end());
            })?;
            Ok(())
        }
        Command::Description { engagement, file: Some(file), by } => {
            let (key, description): (_, Description) = (key(engagement)?, read(file)?);
            let by = person(app, given(by)).await?;
            let from = find(app, key).await?.0.number;
            let changed =
                app.transact(&by, async |cx| engagement::describe(cx, key, from, description).await).await?;
            let record = whole(changed)?;
            let missing = record.description.as_ref().map_or_else(Vec::new, |document| {
                document.content.missing(record.holds()).into_iter().map(Part::title).collect()
            });
            let rest = if missing.is_empty() {
                "it is whole".into()
            } else {
                format!("missing: {}", missing.join("; "))
            };
            say(output, &record, &format!("{key}: the description is written; {rest}"))
        }
        Command::Assertion { engagement, file: None, draft: false, .. } => {
            let (version, _) = find(app, key(engagement)?).await?;
            let held = version.record.assertion.as_ref();
            output.answer(&json!(held), |output| match held {
                Some(document) => {
                    output.line(&document.content.text);
                    output.line(format!("\n{}, {}", document.content.signatory, document.content.title));
                }
                None => output.line("The assertion is not written; `--draft` makes one from the scope."),
            })?;
            Ok(())
        }
        Command::Assertion { engagement, file, signatory, title, by, .. } => {
            let key = key(engagement)?;
            let (version, reader) = find(app, key).await?;
            let text = match file {
                Some(file) => read_text(file)?,
                None => drafted(version.record.holds(), &reader.organization.name),
            };
            let assertion =
                Assertion { text, signatory: given(signatory).to_owned(), title: given(title).to_owned() };
            let by = person(app, given(by)).await?;
            let changed = app
                .transact(&by, async |cx| engagement::assert(cx, key, version.number, assertion).await)
                .await?;
            say(output, &whole(changed)?, &format!("{key}: the assertion is written"))
        }
        Command::Sign { engagement, document, step, number, by } => {
            let (key, step) = (key(engagement)?, step.step());
            match document {
                PaperWord::Description => sign(app, key, Paper::Description, step, by, output).await,
                PaperWord::Assertion => sign(app, key, Paper::Assertion, step, by, output).await,
                PaperWord::Representation => {
                    completion::sign_representation(app, key, step, by, output).await
                }
                PaperWord::Bridge => {
                    completion::sign_bridge(app, key, *number, step, by, common, output).await
                }
            }
        }
        Command::Changes { engagement } => changed::list(app, key(engagement)?, common, output).await,
        Command::ConfirmChanges { engagement, by, reason } => {
            changed::confirm(app, key(engagement)?, (by, reason), common, output).await
        }
        Command::Modification { engagement, text, by } => {
            let (key, by) = (key(engagement)?, person(app, by).await?);
            let from = find(app, key).await?.0.number;
            let changed =
                app.transact(&by, async |cx| engagement::modify_opinion(cx, key, from, text).await).await?;
            say(output, &whole(changed)?, &format!("{key}: the assertion is to be written and signed anew"))
        }
        Command::RollForward { engagement, by, reason } => {
            let key = key(engagement)?;
            let (by, once) = (person(app, by).await?, once());
            let planned =
                app.transact(&by, async |cx| engagement::roll_forward(cx, &once, key, reason).await).await?;
            let reader = wiring::reader(app).await?;
            let changed = app
                .read(&reader, async |view| {
                    let grounds = Grounds::read(view).await?;
                    engagement::changed_since(view, &planned, &grounds).await
                })
                .await?;
            output.answer(&json!({ "engagement": planned, "changed": changed }), |output| {
                let scope = &planned.scope;
                output.line(format!(
                    "{} is planned from {key}: {}, {}",
                    planned.key,
                    scope.report(),
                    scope.time
                ));
                for says in &changed {
                    output.line(format!("  look through: {says}"));
                }
            })?;
            Ok(())
        }
        Command::Complete(command) => completion::run(app, command, common, output).await,
        Command::TakeOut(command) => documents::run(app, command, common, output).await,
        Command::Close { engagement, by, reason } => {
            let key = key(engagement)?;
            let by = person(app, by).await?;
            let closed = app.transact(&by, async |cx| engagement::close(cx, key, reason).await).await?;
            say(output, &closed, &format!("{key} is closed"))
        }
        Command::Requests { engagement, defaults, import, by, out } => {
            let added = Adding { defaults: *defaults, import: import.as_deref(), by: given(by) };
            fieldwork::requests(app, key(engagement)?, &added, out.as_deref(), common, output).await
        }
        Command::Freeze { engagement, by, reason } => {
            let key = key(engagement)?;
            let by = person(app, by).await?;
            let catalog = catalog::load(&common.data)?;
            app.transact(&by, async |cx| report::freeze(cx, key, reason, &catalog, GENERATOR).await).await?;
            output.answer(&json!({ "engagement": key, "frozen": true }), |output| {
                output.line(format!("{key} is frozen"));
            })?;
            Ok(())
        }
        Command::File { engagement, out } => {
            let (key, reader) = (key(engagement)?, wiring::reader(app).await?);
            let bytes = file::take(app, &reader, key, &Documents).await?;
            write_durably(out, &bytes).map_err(tickmark_app::Error::from)?;
            output.answer(&json!({ "file": out, "bytes": bytes.len() }), |output| {
                output.line(out.display().to_string());
            })?;
            Ok(())
        }
        Command::Package { engagement, out } => {
            package(app, key(engagement)?, out.as_deref(), common, output).await
        }
    }
}

async fn sign(app: &App, key: EngagementKey, paper: Paper, step: Step, by: &str, output: &Output) -> Outcome {
    let by = person(app, by).await?;
    let from = find(app, key).await?.0.number;
    let said = match step {
        Step::Review => "reviewed",
        Step::Approve => "approved",
    };
    let changed = app.transact(&by, async |cx| engagement::sign(cx, key, from, paper, step).await).await?;
    say(output, &whole(changed)?, &format!("{key}: the {} is {said}", paper.word()))
}

impl StepWord {
    fn step(self) -> Step {
        match self {
            Self::Review => Step::Review,
            Self::Approve => Step::Approve,
        }
    }
}

pub(super) fn key(text: &str) -> Outcome<EngagementKey> {
    let number = text.strip_prefix("E-").or_else(|| text.strip_prefix("e-")).unwrap_or(text);
    let number =
        number.parse().map_err(|_| Failure::input(format!("{text:?} is no engagement, as E-1 is")))?;
    Ok(EngagementKey(number))
}

/// Names the call, as a page would be named.
fn once() -> String {
    let mut bytes = [0; 16];
    clock::random(&mut bytes);
    hex::encode(bytes)
}

/// What clap has seen to be there.
fn given(option: &Option<String>) -> &str {
    option.as_deref().unwrap_or_default()
}

fn read_text(file: &Path) -> Outcome<String> {
    std::fs::read_to_string(file).map_err(|error| Failure::input(format!("{}: {error}", file.display())))
}

fn read<T: DeserializeOwned>(file: &Path) -> Outcome<T> {
    toml::from_str(&read_text(file)?).map_err(|error| Failure::input(format!("{}: {error}", file.display())))
}

async fn find(app: &App, key: EngagementKey) -> Outcome<(Version, Actor)> {
    let reader = wiring::reader(app).await?;
    let version = app.read(&reader, async |view| engagement::find(view, key).await).await?;
    Ok((version, reader))
}

fn whole(changed: Changed) -> Outcome<Engagement> {
    match changed {
        Changed::Done(record) => Ok(*record),
        Changed::Stale(_) => Err(Failure::input("somebody else changed it meanwhile; look again")),
    }
}

fn say(output: &Output, record: &Engagement, line: &str) -> Outcome {
    output.answer(&json!(record), |output| output.line(line))?;
    Ok(())
}

async fn list(app: &App, output: &Output) -> Outcome {
    let reader = wiring::reader(app).await?;
    let all = app.read(&reader, async |view| engagement::list(view).await).await?;
    let rows: Vec<Value> = all.iter().map(|version| json!(version.record)).collect();
    output.answer(&json!({ "engagements": rows }), |output| {
        if all.is_empty() {
            output.line(
                "No engagement is planned; `tickmark engagement template soc2` prints a scope to fill in.",
            );
        }
        for Version { record, .. } in &all {
            let scope = record.holds();
            output.line(format!(
                "{:<6} {:<14} {:<26} {:<20} {}",
                record.key,
                scope.report(),
                scope.time,
                record.standing().title(),
                scope.system
            ));
        }
    })?;
    Ok(())
}

async fn problems(app: &App, key: EngagementKey, common: &Common) -> Outcome<(Version, Vec<Problem>)> {
    let (catalog, reader) = (catalog::load(&common.data)?, wiring::reader(app).await?);
    let found = app
        .read(&reader, async |view| {
            let version = engagement::find(view, key).await?;
            let problems = Grounds::read(view).await?.problems(key, &version.record.scope, &catalog)?;
            Ok((version, problems))
        })
        .await?;
    Ok(found)
}

async fn check(app: &App, key: EngagementKey, common: &Common, output: &Output) -> Outcome {
    let (_, problems) = problems(app, key, common).await?;
    output.answer(&json!({ "engagement": key, "problems": problems }), |output| {
        if problems.is_empty() {
            output.line(format!("{key}: nothing is wrong with the scope as written"));
        }
        for problem in &problems {
            let sign = if problem.blocks { "must" } else { "note" };
            output.line(format!("{sign}  {:<12} {}", problem.rule, problem.says));
        }
    })?;
    if problems.iter().any(|problem| problem.blocks) { Err(Failure::No) } else { Ok(()) }
}

async fn show(app: &App, key: EngagementKey, output: &Output, common: &Common) -> Outcome {
    let (version, problems) = problems(app, key, common).await?;
    let record = &version.record;
    let scope = record.holds();
    let reader = wiring::reader(app).await?;
    let kept = app.read(&reader, async |view| engagement::kept_preset(view, key).await).await?;
    let preset = kept
        .as_ref()
        .map(|kept| json!({ "since": kept.since, "catalog": kept.catalog, "preset": kept.preset }));
    let answer = json!({ "engagement": record, "problems": problems, "sampling_preset": preset });
    output.answer(&answer, |output| {
        output.line(format!("{key} {} of {}, {}", scope.report(), scope.system, scope.time));
        output.line(format!(
            "  scope        {} (version {})",
            record.standing().title(),
            record.written.version
        ));
        for paper in Paper::ALL {
            let words = match record.progress(*paper) {
                None => "not written".to_owned(),
                Some(progress) if progress.is_void => {
                    format!("{}; changed since it was signed", progress.status.words())
                }
                Some(progress) => progress.status.words().to_owned(),
            };
            output.line(format!("  {:<12} {words}", paper.word()));
        }
        if let Some(kept) = &kept {
            output.line(format!("  sample sizes {}, kept since {}", kept.preset.title, kept.since.date()));
        }
        for problem in &problems {
            let sign = if problem.blocks { "must" } else { "note" };
            output.line(format!("  {sign}  {}", problem.says));
        }
    })?;
    Ok(())
}

async fn package(
    app: &App,
    key: EngagementKey,
    out: Option<&Path>,
    common: &Common,
    output: &Output,
) -> Outcome {
    let (catalog, reader) = (catalog::load(&common.data)?, wiring::reader(app).await?);
    let model =
        app.read(&reader, async |view| engagement::package(view, key, &catalog, GENERATOR).await).await?;
    let digest = model.digest().map_err(|error| Failure::Could(error.into()))?;
    let progress = output.progress("setting management's part");
    let json = serde_json::to_vec_pretty(&model).map_err(|error| Failure::Could(error.into()))?;
    let files = engagement::files_of_package(app, &reader, key, &model).await?;
    let pdf = Documents.package_pdf(&model, None, &files).map_err(|error| Failure::Could(error.into()))?;
    drop(progress);
    let folder = out.map_or_else(|| app.folder().out(), Path::to_path_buf);
    std::fs::create_dir_all(&folder)?;
    let name = format!("{}-management", model.engagement.to_lowercase());
    let outputs = [(format!("{name}.pdf"), pdf), (format!("{name}.json"), json)];
    let mut written = Vec::new();
    for (name, bytes) in outputs {
        let path = folder.join(name);
        write_durably(&path, &bytes).map_err(tickmark_app::Error::from)?;
        written.push(path);
    }
    output.answer(&json!({ "files": written, "model": digest, "open": model.open }), |output| {
        for path in &written {
            output.line(path.display().to_string());
        }
        for open in &model.open {
            output.line(format!("  open: {open}"));
        }
    })?;
    Ok(())
}
