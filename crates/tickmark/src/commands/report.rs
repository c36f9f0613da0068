//! `tickmark report`: the readiness report as PDF, the matrix as XLSX and CSV, the model as JSON.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use tickmark_app::port::Renderer;
use tickmark_app::report::{self, Document};
use tickmark_app::{Actor, App};
use tickmark_store::folder::write_durably;

use super::Content;
use crate::cli::Common;
use crate::failure::{Failure, Outcome};
use crate::output::Output;
use crate::wiring::{self, Documents};

/// `tickmark report`
#[derive(Debug, Args)]
pub(crate) struct Report {
    /// Folder to write into; `DATA/out` when left out.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

/// Program and version, as documents name them.
pub(crate) const GENERATOR: &str = concat!("Tickmark ", env!("CARGO_PKG_VERSION"));

/// What was written.
pub(crate) struct Written {
    /// Files.
    pub(crate) files: Vec<PathBuf>,
    /// Digest of the model, printed on each page.
    pub(crate) model: String,
}

/// Freezes the model, writes the documents, and commits to them in the ledger.
pub(crate) async fn write(
    app: &App,
    actor: &Actor,
    out: &Path,
    content: &Content,
    output: &Output,
) -> Outcome<Written> {
    let progress = output.progress("writing the readiness report");
    let model = app
        .read(actor, async |view| {
            report::readiness(view, &content.catalog, &content.library, GENERATOR, GENERATOR).await
        })
        .await?;
    let digest = model.digest().map_err(|error| Failure::Could(error.into()))?;
    let rendering = tokio::task::spawn_blocking(move || {
        let document = |name, media_type, bytes| Document { name, media_type, bytes };
        let xlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
        Ok::<_, anyhow::Error>([
            document("readiness.pdf", "application/pdf", Documents.readiness_pdf(&model)?),
            document("matrix.xlsx", xlsx, Documents.matrix_xlsx(&model)?),
            document("matrix.csv", "text/csv; charset=utf-8", Documents.matrix_csv(&model)?),
            report::model_document(&model)?,
        ])
    });
    let documents = rendering
        .await
        .map_err(|error| Failure::Could(anyhow::anyhow!("the renderer stopped: {error}")))??;
    std::fs::create_dir_all(out)?;
    let mut files = Vec::new();
    for document in &documents {
        let path = out.join(document.name);
        write_durably(&path, &document.bytes).map_err(tickmark_app::Error::from)?;
        files.push(path);
    }
    app.transact(actor, async |cx| report::issue(cx, &documents).await).await?;
    app.sequence(actor).await?;
    drop(progress);
    Ok(Written { files, model: digest.to_string() })
}

/// Runs `tickmark report`.
pub(crate) async fn run(options: &Report, common: &Common, output: &Output) -> Outcome {
    let app = wiring::open(common).await?;
    let actor = wiring::reader(&app).await?;
    let out = match &options.out {
        Some(out) => out.clone(),
        None => wiring::out_folder(&app, &actor, common).await?,
    };
    let written = write(&app, &actor, &out, &Content::load(common, output)?, output).await?;
    app.close().await;
    output.answer(&json!({"files": written.files, "model": written.model}), |output| {
        for file in &written.files {
            output.line(format!("wrote {}", file.display()));
        }
    })?;
    Ok(())
}
