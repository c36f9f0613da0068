//! What is taken out of an engagement: OSCAL, single documents, lists, copies for somebody.

use std::path::{Path, PathBuf};

use clap::{Subcommand, ValueEnum};
use serde_json::json;
use tickmark_app::App;
use tickmark_app::engagement::{self, Single, Summary};
use tickmark_app::port::Renderer;
use tickmark_core::engagement::EngagementKey;
use tickmark_store::folder::write_durably;

use super::key;
use crate::cli::Common;
use crate::commands::assess::person;
use crate::commands::catalog;
use crate::commands::report::GENERATOR;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::wiring::{self, Documents};

/// What is taken out.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write the examination as OSCAL: catalog, profile, component definition, system security plan, assessment plan and
    /// results of management's own tests, and a plan of action where there are findings.
    Oscal {
        /// Engagement.
        engagement: String,
        /// Folder to write into; `DATA/out/e-1-oscal` when left out.
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
    /// Write one document of management as DOCX or PDF.
    Document {
        /// Engagement.
        engagement: String,
        /// Which: `description`, `assertion`, `representation`, or `bridge-1`.
        document: String,
        /// As what.
        #[arg(long, default_value = "docx")]
        format: Format,
        /// Folder to write into; `DATA/out` when left out.
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
    /// Write a list as XLSX: deviations that own tests showed, or criteria with their controls.
    Sheet {
        /// Engagement.
        engagement: String,
        /// Which.
        sheet: SheetWord,
        /// Folder to write into; `DATA/out` when left out.
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
    /// Make a copy of management's part for somebody: their name stands on each page, and who took it is kept.
    Copy {
        /// Engagement.
        engagement: String,
        /// Who gets it.
        #[arg(long = "for", value_name = "NAME")]
        recipient: String,
        /// Of which company.
        #[arg(long, value_name = "NAME")]
        company: String,
        /// Who hands it out.
        #[arg(long)]
        by: String,
        /// Folder to write into; `DATA/out` when left out.
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
    /// List the copies that were made for somebody.
    Copies {
        /// Engagement.
        engagement: String,
    },
}

/// What a document is written as.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Format {
    /// To go on with in a word processor.
    Docx,
    /// To read.
    Pdf,
}

/// Which list, as it is typed.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum SheetWord {
    /// Deviations that management's own tests showed.
    Exceptions,
    /// Criteria or objectives with their controls.
    Matrix,
}

/// Runs one.
pub(super) async fn run(app: &App, command: &Command, common: &Common, output: &Output) -> Outcome {
    match command {
        Command::Oscal { engagement, out } => {
            oscal(app, key(engagement)?, out.as_deref(), common, output).await
        }
        Command::Document { engagement, document, format, out } => {
            let what = Single::from_name(document).ok_or_else(|| {
                Failure::input(format!(
                    "{document:?} is none of description, assertion, representation, bridge-1"
                ))
            })?;
            single(app, key(engagement)?, what, *format, out.as_deref(), common, output).await
        }
        Command::Sheet { engagement, sheet, out } => {
            let sheet = match sheet {
                SheetWord::Exceptions => Summary::Exceptions,
                SheetWord::Matrix => Summary::Matrix,
            };
            summary(app, key(engagement)?, sheet, out.as_deref(), common, output).await
        }
        Command::Copy { engagement, recipient, company, by, out } => {
            copy(app, key(engagement)?, (recipient, company, by), out.as_deref(), common, output).await
        }
        Command::Copies { engagement } => copies(app, key(engagement)?, output).await,
    }
}

/// Writes files into a folder and says where.
fn write(
    app: &App,
    out: Option<&Path>,
    files: Vec<(String, Vec<u8>)>,
    digest: &str,
    output: &Output,
) -> Outcome {
    let folder = out.map_or_else(|| app.folder().out(), Path::to_path_buf);
    std::fs::create_dir_all(&folder)?;
    let mut written: Vec<PathBuf> = Vec::new();
    for (name, bytes) in files {
        let path = folder.join(name);
        write_durably(&path, &bytes).map_err(tickmark_app::Error::from)?;
        written.push(path);
    }
    output.answer(&json!({ "files": written, "model": digest }), |output| {
        for path in &written {
            output.line(path.display().to_string());
        }
    })?;
    Ok(())
}

/// Returns the beginning of the names of an engagement's files.
fn stem(key: EngagementKey) -> String {
    key.to_string().to_lowercase()
}

fn could(error: impl Into<anyhow::Error>) -> Failure {
    Failure::Could(error.into())
}

/// Writes the OSCAL documents, each into a file of its own.
async fn oscal(
    app: &App,
    key: EngagementKey,
    out: Option<&Path>,
    common: &Common,
    output: &Output,
) -> Outcome {
    let (catalog, reader) = (catalog::load(&common.data)?, wiring::reader(app).await?);
    let model = app
        .transact(&reader, async |cx| engagement::take_out_oscal(cx, key, &catalog, GENERATOR).await)
        .await?;
    let digest = model.digest().map_err(could)?.to_string();
    let files = tickmark_report::oscal(&model).map_err(could)?;
    let folder =
        out.map_or_else(|| app.folder().out().join(format!("{}-oscal", stem(key))), Path::to_path_buf);
    let files = files.into_iter().map(|file| (file.name.to_owned(), file.bytes)).collect();
    write(app, Some(&folder), files, &digest, output)
}

/// Writes one document of management.
async fn single(
    app: &App,
    key: EngagementKey,
    what: Single,
    format: Format,
    out: Option<&Path>,
    common: &Common,
    output: &Output,
) -> Outcome {
    let (catalog, reader) = (catalog::load(&common.data)?, wiring::reader(app).await?);
    let writing = app
        .transact(&reader, async |cx| engagement::take_out_single(cx, key, what, &catalog, GENERATOR).await)
        .await?;
    let digest = writing.digest().map_err(could)?.to_string();
    let files = engagement::files_of_writing(app, &reader, key, &writing).await?;
    let (bytes, ending) = match format {
        Format::Docx => (Documents.writing_docx(&writing, &files).map_err(could)?, "docx"),
        Format::Pdf => (Documents.writing_pdf(&writing, None, &files).map_err(could)?, "pdf"),
    };
    let name = format!("{}-{}.{ending}", stem(key), what.name());
    write(app, out, vec![(name, bytes)], &digest, output)
}

/// Writes a list as XLSX.
async fn summary(
    app: &App,
    key: EngagementKey,
    summary: Summary,
    out: Option<&Path>,
    common: &Common,
    output: &Output,
) -> Outcome {
    let (catalog, reader) = (catalog::load(&common.data)?, wiring::reader(app).await?);
    let sheet = app
        .transact(&reader, async |cx| {
            engagement::take_out_summary(cx, key, summary, &catalog, GENERATOR).await
        })
        .await?;
    let bytes = Documents.list_xlsx(&sheet).map_err(could)?;
    write(app, out, vec![(format!("{}-{}.xlsx", stem(key), summary.word()), bytes)], "", output)
}

/// Makes a copy of management's part for somebody.
async fn copy(
    app: &App,
    key: EngagementKey,
    (recipient, company, by): (&str, &str, &str),
    out: Option<&Path>,
    common: &Common,
    output: &Output,
) -> Outcome {
    let (catalog, by) = (catalog::load(&common.data)?, person(app, by).await?);
    let (model, copy) = app
        .transact(&by, async |cx| {
            engagement::copy_package(cx, key, recipient, company, &catalog, GENERATOR).await
        })
        .await?;
    let digest = model.digest().map_err(could)?.to_string();
    let files = engagement::files_of_package(app, &by, key, &model).await?;
    let pdf = Documents.package_pdf(&model, Some(&copy), &files).map_err(could)?;
    write(
        app,
        out,
        vec![(format!("{}-management-copy-{}.pdf", stem(key), copy.number), pdf)],
        &digest,
        output,
    )
}

/// Lists the copies that were made.
async fn copies(app: &App, key: EngagementKey, output: &Output) -> Outcome {
    let reader = wiring::reader(app).await?;
    let made = app.read(&reader, async |view| engagement::copies(view, key).await).await?;
    let rows: Vec<_> = made
        .iter()
        .map(|one| json!({ "copy": one.copy, "document": one.document, "model": one.model, "by": one.by }))
        .collect();
    output.answer(&json!({ "copies": rows }), |output| {
        if made.is_empty() {
            output.line("No copy was made for anybody.");
        }
        for one in &made {
            output.line(format!("{} (model {})", one.copy.words(), one.model.short()));
        }
    })?;
    Ok(())
}
