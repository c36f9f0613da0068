//! `tickmark bundle export`: everything that proves the present state, in one ZIP.

use std::path::{Path, PathBuf};

use serde_json::json;
use tickmark_app::{Actor, App, bundle};
use tickmark_store::folder::write_durably;

use crate::cli::{self, Common};
use crate::failure::Outcome;
use crate::output::Output;
use crate::wiring;

/// Writes the bundle, with the documents in the data folder's `out` that the ledger commits to.
pub(crate) async fn write(
    app: &App,
    actor: &Actor,
    file: &Path,
    output: &Output,
) -> Outcome<bundle::Exported> {
    let progress = output.progress("writing the bundle");
    progress.step("reading the log and its artifacts");
    let exported = app.read(actor, async |view| bundle::export(view).await).await?;
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)?;
    }
    write_durably(file, &exported.zip).map_err(tickmark_app::Error::from)?;
    Ok(exported)
}

/// Runs `tickmark bundle`.
pub(crate) async fn run(command: &cli::Bundle, common: &Common, output: &Output) -> Outcome {
    let cli::Bundle::Export { out } = command;
    let file: PathBuf = out.clone().unwrap_or_else(|| common.data.join("out/bundle.zip"));
    let app = wiring::inspect(common).await?;
    let actor = wiring::reader(&app).await?;
    let exported = write(&app, &actor, &file, output).await?;
    app.close().await;
    let answer = json!({
        "file": file, "bytes": exported.zip.len(), "leaves": exported.leaves, "artifacts": exported.artifacts,
        "documents": exported.documents, "removed": exported.removed, "unreadable": exported.unreadable,
        "verifier_key": exported.verifier_key,
    });
    output.answer(&answer, |output| {
        output.line(format!(
            "wrote {}: {} ledger entries, {} artifacts, {} documents",
            file.display(),
            exported.leaves,
            exported.artifacts,
            exported.documents
        ));
        if exported.removed > 0 {
            output.line(format!(
                "{} artifacts were erased lawfully or pruned, as ledger entries say",
                exported.removed
            ));
        }
        if exported.unreadable > 0 {
            output.line(format!(
                "{} artifacts cannot be decrypted: their wrapping key is not here",
                exported.unreadable
            ));
        }
    })?;
    output.note(format!("next: tickmark verify {} --key '{}'", file.display(), exported.verifier_key));
    Ok(())
}
