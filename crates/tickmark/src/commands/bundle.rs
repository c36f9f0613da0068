//! `tickmark bundle export`: everything that proves the present state, in one ZIP.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::json;
use tickmark_app::bundle::Exported;
use tickmark_app::{Actor, App, bundle};
use tickmark_core::Timestamp;
use tickmark_core::time::DAY_US;
use tickmark_ledger::bundle::{self as verifier, Expectations, Verification};
use tickmark_ledger::policy::Policy;
use tickmark_store::folder::write_durably;

use crate::cli::Common;
use crate::failure::{Failure, Outcome};
use crate::output::{Output, Tone};
use crate::wiring;

/// What the help teaches by.
pub(crate) const EXAMPLES: &str = "\
Examples:
  tickmark bundle export
  tickmark bundle export --from 2026-01-01 --to 2026-12-31 --out audit-2026.zip";

/// `tickmark bundle`
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write everything that proves the present state into one ZIP.
    Export {
        /// File to write; `DATA/out/bundle.zip` when left out.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// First day of the period that the bundle is about; needs --to.
        #[arg(long, value_name = "DATE", requires = "to")]
        from: Option<String>,
        /// Last day of the period, UTC.
        #[arg(long, value_name = "DATE", requires = "from")]
        to: Option<String>,
    },
}

/// Writes the bundle, with the documents in the data folder's `out` that the ledger commits to; about a period, if one
/// is named.
pub(super) async fn write(
    app: &App,
    actor: &Actor,
    file: &Path,
    period: Option<(Timestamp, Timestamp)>,
    output: &Output,
) -> Outcome<Exported> {
    let progress = output.progress("writing the bundle");
    progress.step("reading the log and its artifacts");
    let exported = app
        .read(actor, async |view| match period {
            None => bundle::export(view).await,
            Some((from, to)) => bundle::export_period(view, from, to).await,
        })
        .await?;
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)?;
    }
    write_durably(file, &exported.zip).map_err(tickmark_app::Error::from)?;
    Ok(exported)
}

/// Runs `tickmark bundle`.
pub(crate) async fn run(command: &Command, common: &Common, output: &Output) -> Outcome {
    let Command::Export { out, from, to } = command;
    let period = from.as_deref().zip(to.as_deref()).map(|(from, to)| days(from, to)).transpose()?;
    let app = wiring::inspect(common).await?;
    let actor = wiring::reader(&app).await?;
    let file: PathBuf = match out {
        Some(file) => file.clone(),
        None => wiring::out_folder(&app, &actor, common).await?.join("bundle.zip"),
    };
    let exported = write(&app, &actor, &file, period, output).await?;
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

/// From the beginning of the first day to the end of the last, in UTC.
fn days(from: &str, to: &str) -> Outcome<(Timestamp, Timestamp)> {
    let begins = |day: &str| {
        let wrong = |_| Failure::input(format!("{day:?} is not a date of the form 2026-11-24"));
        format!("{day}T00:00:00Z").parse::<Timestamp>().map_err(wrong)
    };
    Ok((begins(from)?, begins(to)?.plus_micros(DAY_US)))
}

/// Verifies a bundle that was just written, as somebody who has pinned the log's key.
pub(super) fn verify_own(exported: &Exported, verifier_key: &str) -> Outcome<Verification> {
    let key = verifier_key.parse().map_err(|error| Failure::Could(anyhow::anyhow!("own key: {error}")))?;
    let expectations = Expectations {
        policy: Some(Policy::of_log(key).map_err(|error| Failure::Could(error.into()))?),
        ..Expectations::default()
    };
    verifier::verify(Cursor::new(&exported.zip), &expectations)
        .map_err(|error| Failure::Could(anyhow::Error::from(error).context("our own bundle")))
}

/// Says which files were written, and whether the bundle among them verifies.
pub(super) fn print_written<'a>(
    exported: &Exported,
    verification: &Verification,
    files: impl Iterator<Item = &'a PathBuf>,
    size: u64,
    output: &Output,
) {
    output.line(output.tone(Tone::Strong, "\nWritten"));
    for path in files {
        output.line(format!("  {}", path.display()));
    }
    let verdict = if verification.has_failed() {
        output.tone(Tone::Bad, "✗ the bundle does not verify")
    } else {
        output.tone(Tone::Good, "✓ the bundle verifies")
    };
    output.line(format!("  {verdict}: {} ledger entries under a checkpoint of size {size}", exported.leaves));
}
